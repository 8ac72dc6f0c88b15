import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { InputError } from '../check.ts'
import { Encoder } from '../data/encoder.ts'
import { Table } from '../data/table.ts'
import { readModel, writeModel, type ModelContent } from './model-file.ts'
import { tensorOf, type Tensor, type TensorValues } from './tensor.ts'

const CODES = ['E_MAGIC', 'E_CHECKSUM', 'E_VERSION', 'E_KIND']

function refusal(call: () => unknown): InputError {
  try {
    call()
  } catch (error) {
    if (error instanceof InputError) return error
    throw error
  }
  throw new Error('was not refused')
}

function codeOf(bytes: Uint8Array): string {
  return refusal(() => readModel(bytes, 'load')).code
}

const small: ModelContent = {
  kind: 'kmeans',
  meta: { k: 2, tolerance: 0, names: ['a', 'ß'] },
  tensors: {
    centroids: { shape: [2, 2], values: Float64Array.of(1, -2.5, 1e300, 5e-324) },
    labels: { shape: [3], values: Uint32Array.of(0, 1, 0xffffffff) },
  },
}
const file = writeModel(small)

/** Signs bytes as nigh does: the last 32 are the digest of all before. */
function signed(body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(body.length + 32)
  bytes.set(body)
  bytes.set(createHash('sha256').update(body).digest(), body.length)
  return bytes
}

/** A file with this header and these tensor bytes, and a digest that is right. */
function forged(header: string, dataBytes: number, pad = true): Uint8Array {
  let text = new TextEncoder().encode(header)
  if (pad) text = new TextEncoder().encode(header + ' '.repeat((8 - (text.length % 8)) % 8))
  const body = new Uint8Array(8 + text.length + dataBytes)
  new DataView(body.buffer).setUint32(0, text.length, true)
  body.set(text, 8)
  return signed(body)
}

const MAGIC = '{"__metadata__":{"format":"nigh","version":"1","kind":"kmeans","meta":"{}"}'
const DIGEST = (from: number): string =>
  `,"sha256":{"dtype":"U8","shape":[32],"data_offsets":[${from},${from + 32}]}}`

describe('writeModel and readModel', () => {
  it('give back what they were given', () => {
    const read = readModel(file, 'load')
    expect(read.kind).toBe('kmeans')
    expect(read.meta).toEqual(small.meta)
    expect(Object.fromEntries(read.tensors)).toEqual(small.tensors)
  })

  it('write the same bytes for the same content, in every version of this code', () => {
    const turned = { ...small, tensors: { labels: small.tensors.labels, centroids: small.tensors.centroids } }
    expect(writeModel(turned)).toEqual(file)
    expect(file.length % 4).toBe(0)
    // Change this only with the format's version: files that people have kept must stay readable.
    expect(createHash('sha256').update(file).digest('hex')).toBe(
      'f4f2bce8db79d2ceb6a7e77e1a9b955fee193b206f9f6270f29838f949f7e945',
    )
  })

  it('put every tensor at a multiple of its own size, the digest last', () => {
    const values: TensorValues[] = [
      Uint8Array.of(1, 2, 3),
      Int16Array.of(-1),
      Float64Array.of(Math.PI),
      Int8Array.of(-7),
      Uint16Array.of(9),
      Float32Array.of(0.1),
      Int32Array.of(-5),
    ]
    const tensors = Object.fromEntries(
      values.map((array, t) => [`t${t}`, { shape: [array.length], values: array }]),
    )
    const bytes = writeModel({ kind: 'knn', meta: null, tensors })
    const length = new DataView(bytes.buffer).getUint32(0, true)
    const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length))) as Record<
      string,
      { dtype: string; data_offsets: [number, number] }
    >
    expect(length % 8).toBe(0)
    let end = 0
    for (const [name, tensor] of Object.entries(header)) {
      if (name === '__metadata__') continue
      const size = Number(tensor.dtype.slice(1)) / 8
      expect((8 + length + tensor.data_offsets[0]) % size).toBe(0)
      expect(tensor.data_offsets[0]).toBe(end)
      end = tensor.data_offsets[1]
    }
    expect(Object.keys(header).at(-1)).toBe('sha256')
    expect(8 + length + end).toBe(bytes.length)
    expect(Object.fromEntries(readModel(bytes, 'load').tensors)).toEqual(tensors)
  })

  it('keep every bit of any content', () => {
    const tensor: fc.Arbitrary<Tensor> = fc
      .oneof(
        fc.float64Array(),
        fc.float32Array(),
        fc.int32Array(),
        fc.uint32Array(),
        fc.int16Array(),
        fc.uint16Array(),
        fc.int8Array(),
        fc.uint8Array(),
      )
      .map((values) => ({ shape: [values.length, 1], values }))
    const contents = fc.record({
      kind: fc.constantFrom('kmeans', 'knn-classifier'),
      // JSON has no −0.
      meta: fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value)) as unknown),
      tensors: fc.dictionary(
        fc.stringMatching(/^[a-z][A-Za-z0-9.]{0,9}$/).filter((name) => name !== 'sha256'),
        tensor,
        {
          maxKeys: 5,
        },
      ),
    })
    fc.assert(
      fc.property(contents, (content) => {
        const bytes = writeModel(content)
        const read = readModel(bytes, 'load')
        expect([read.kind, read.meta]).toEqual([content.kind, content.meta])
        expect(read.tensors.size).toBe(Object.keys(content.tensors).length)
        for (const [name, { values, shape }] of Object.entries(content.tensors)) {
          expect(read.tensors.get(name)?.shape).toEqual(shape)
          expect(read.tensors.get(name)?.values.constructor).toBe(values.constructor)
          const raw = (array: TensorValues | undefined): Buffer =>
            Buffer.from(array?.buffer ?? new ArrayBuffer(0), array?.byteOffset, array?.byteLength)
          expect(raw(read.tensors.get(name)?.values).equals(raw(values))).toBe(true)
        }
        expect(
          writeModel({ kind: read.kind, meta: read.meta, tensors: Object.fromEntries(read.tensors) }),
        ).toEqual(bytes)
      }),
    )
  })

  it('carry an encoder', () => {
    const table = Table.fromRows([
      { x: 0.1, t: 'a', ['__proto__x']: true },
      { x: 0.7, t: 'b', ['__proto__x']: false },
      { x: 0.2, t: 'b', ['__proto__x']: false },
    ])
    const encoder = Encoder.fit(table)
    const bytes = writeModel({ kind: 'kmeans', meta: { encoder: encoder.toJSON() }, tensors: {} })
    const { meta } = readModel(bytes, 'load')
    const back = Encoder.fromJSON((meta as { encoder: unknown }).encoder)
    expect(back.encode(table)).toEqual(encoder.encode(table))
  })

  it('read bytes that lie anywhere, and leave the model alone when they change', () => {
    const room = new Uint8Array(file.length + 13)
    room.set(file, 5)
    const view = room.subarray(5, 5 + file.length)
    const read = readModel(view, 'load')
    room.fill(255)
    expect(Object.fromEntries(read.tensors)).toEqual(small.tensors)
    const shared = new Uint8Array(new SharedArrayBuffer(file.length))
    shared.set(file)
    expect(readModel(shared, 'load').meta).toEqual(small.meta)
    const values = new Float64Array(new SharedArrayBuffer(32), 8, 2).fill(3)
    const own = { kind: 'x', meta: {}, tensors: { t: { shape: [2], values } } }
    expect(tensorOf('load', readModel(writeModel(own), 'load').tensors, 't', Float64Array, [2])).toEqual(
      Float64Array.of(3, 3),
    )
  })
})

describe('a damaged file', () => {
  it('is refused whatever bit was flipped', () => {
    const bytes = file.slice()
    for (let at = 0; at < bytes.length; at++) {
      for (let bit = 0; bit < 8; bit++) {
        bytes[at] ^= 1 << bit
        expect(CODES).toContain(codeOf(bytes))
        bytes[at] ^= 1 << bit
      }
    }
    expect(readModel(bytes, 'load').kind).toBe('kmeans')
  })

  it('is refused at whatever length it was cut', () => {
    for (let length = 0; length < file.length; length++)
      expect(CODES).toContain(codeOf(file.subarray(0, length)))
  })

  it('is refused with bytes added before, behind or between', () => {
    for (let at = 0; at <= file.length; at++) {
      for (const byte of [0, 0x20, 0xff]) {
        const longer = new Uint8Array([...file.subarray(0, at), byte, ...file.subarray(at)])
        expect(CODES).toContain(codeOf(longer))
      }
    }
    expect(codeOf(new Uint8Array([...file, ...file]))).toBe('E_CHECKSUM')
  })

  it('is refused with bytes zeroed or swapped', () => {
    for (let at = 0; at + 8 <= file.length; at += 4) {
      const zeroed = file.slice()
      zeroed.fill(0, at, at + 8)
      if (!zeroed.every((byte, i) => byte === file[i])) expect(CODES).toContain(codeOf(zeroed))
      const swapped = file.slice()
      swapped.set(file.subarray(at, at + 4), at + 4)
      swapped.set(file.subarray(at + 4, at + 8), at)
      if (!swapped.every((byte, i) => byte === file[i])) expect(CODES).toContain(codeOf(swapped))
    }
  })

  it('says what is wrong with it', () => {
    const last = file.slice()
    last[last.length - 1] ^= 1
    expect(refusal(() => readModel(last, 'KMeans.fromBytes')).message).toBe(
      'KMeans.fromBytes: bytes must be an unharmed model file, got one that was changed or cut',
    )
    expect(refusal(() => readModel(new Uint8Array(0), 'load')).message).toBe(
      'load: bytes must be a nigh model file, got 0 bytes of something else',
    )
  })
})

describe('what is no model file', () => {
  it('is E_MAGIC', () => {
    const png = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, ...new Uint8Array(200))
    const text = new TextEncoder().encode('{"kind":"kmeans"}'.repeat(30))
    for (const bytes of [new Uint8Array(0), new Uint8Array(1), new Uint8Array(5000), png, text]) {
      expect(codeOf(bytes)).toBe('E_MAGIC')
    }
    const safetensors = forged('{"t":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}', 0)
    expect(codeOf(safetensors)).toBe('E_MAGIC')
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        expect(codeOf(bytes)).toBe('E_MAGIC')
      }),
    )
  })

  it('is E_TYPE unless it is bytes', () => {
    for (const bytes of [
      null,
      undefined,
      'bytes',
      [...file],
      file.buffer,
      new Float32Array(9),
      { length: 9 },
    ]) {
      expect(codeOf(bytes as Uint8Array)).toBe('E_TYPE')
    }
  })

  it('is refused fast where its header claims to be huge', () => {
    for (const [low, high] of [
      [0xffffffff, 0xffffffff],
      [0xfffffff8, 0],
      [0x7ffffff8, 0],
      [8, 1],
      [0, 0],
    ]) {
      const bytes = file.slice()
      new DataView(bytes.buffer).setUint32(0, low, true)
      new DataView(bytes.buffer).setUint32(4, high, true)
      expect(codeOf(bytes)).toBe('E_CHECKSUM')
    }
  })
})

describe('a forged file, with a digest that is right', () => {
  it('is read where it is what nigh would write', () => {
    expect(readModel(forged(`${MAGIC}${DIGEST(0)}`, 0), 'load')).toEqual({
      kind: 'kmeans',
      meta: {},
      tensors: new Map(),
    })
    const tensor = ',"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}'
    expect(readModel(forged(`${MAGIC}${tensor}${DIGEST(2)}`, 2), 'load').tensors.size).toBe(1)
  })

  it('is E_VERSION where it is of a newer nigh, and E_KIND where it is another model', () => {
    const newer = forged(`${MAGIC.replace('"version":"1"', '"version":"2"')}${DIGEST(0)}`, 0)
    expect(codeOf(newer)).toBe('E_VERSION')
    expect(refusal(() => readModel(newer, 'load')).message).toMatch(/must be of version 1, got "2"/)
    expect(codeOf(forged(`${MAGIC.replace('"version":"1"', '"version":""')}${DIGEST(0)}`, 0))).toBe(
      'E_VERSION',
    )
    expect(codeOf(forged('{"__metadata__":{"format":"nigh","version":"3"} any future header', 100))).toBe(
      'E_VERSION',
    )
    const error = refusal(() => readModel(file, 'KNNClassifier.fromBytes', ['knn-classifier']))
    expect([error.code, error.message]).toEqual([
      'E_KIND',
      `KNNClassifier.fromBytes: the model file must hold a 'knn-classifier' model, got "kmeans"`,
    ])
    expect(readModel(file, 'load', ['knn', 'kmeans']).kind).toBe('kmeans')
  })

  const a = ',"a":{"dtype":"F64","shape":[2],"data_offsets":[0,16]}'
  const b = ',"b":{"dtype":"F64","shape":[1],"data_offsets":[16,24]}'
  it.each<[string, string, number]>([
    ['nothing', '', 0],
    ['only the magic', '{"__metadata__":{"format":"nigh","version":"1"', 0],
    ['no digest', `${MAGIC}}`, 0],
    ['a digest of another shape', `${MAGIC},"sha256":{"dtype":"U8","shape":[4,8],"data_offsets":[0,32]}}`, 0],
    ['a digest of another type', `${MAGIC},"sha256":{"dtype":"F32","shape":[8],"data_offsets":[0,32]}}`, 0],
    [
      'the digest not last',
      `${MAGIC},"sha256":{"dtype":"U8","shape":[32],"data_offsets":[0,32]},"z":{"dtype":"U8","shape":[32],"data_offsets":[32,64]}}`,
      32,
    ],
    ['a tensor twice', `${MAGIC}${a}${a}${DIGEST(16)}`, 16],
    ['a field twice', `${MAGIC}${a.replace('"shape":[2]', '"shape":[2],"shape":[2]')}${DIGEST(16)}`, 16],
    [
      'metadata twice',
      `${MAGIC},"__metadata__":{"format":"nigh","version":"1","kind":"kmeans","meta":"{}"}${DIGEST(0)}`,
      0,
    ],
    ['another metadata field', `${MAGIC.replace('"meta"', '"more":"x","meta"')}${DIGEST(0)}`, 0],
    ['no meta', `${MAGIC.replace(',"meta":"{}"', '')}${DIGEST(0)}`, 0],
    ['meta that is no text', `${MAGIC.replace('"meta":"{}"', '"meta":{}')}${DIGEST(0)}`, 0],
    ['meta that is no JSON', `${MAGIC.replace('"meta":"{}"', '"meta":"{"')}${DIGEST(0)}`, 0],
    [
      'meta with a field twice',
      `${MAGIC.replace('"meta":"{}"', '"meta":"{\\"k\\":1,\\"k\\":2}"')}${DIGEST(0)}`,
      0,
    ],
    ['meta with a space', `${MAGIC.replace('"meta":"{}"', '"meta":"{ }"')}${DIGEST(0)}`, 0],
    ['meta with 1e400', `${MAGIC.replace('"meta":"{}"', '"meta":"[1e400]"')}${DIGEST(0)}`, 0],
    [
      'meta nested 100,000 deep',
      `${MAGIC.replace('"meta":"{}"', `"meta":"${'['.repeat(1e5)}${']'.repeat(1e5)}"`)}${DIGEST(0)}`,
      0,
    ],
    ['a header nested 200,000 deep', `${MAGIC},"a":${'['.repeat(2e5)}`, 0],
    ['a kind with a capital', `${MAGIC.replace('"kmeans"', '"KMeans"')}${DIGEST(0)}`, 0],
    ['an empty kind', `${MAGIC.replace('"kmeans"', '""')}${DIGEST(0)}`, 0],
    ['a tensor that is no object', `${MAGIC},"a":7${DIGEST(0)}`, 0],
    ['a tensor that is null', `${MAGIC},"a":null${DIGEST(0)}`, 0],
    ['a tensor without offsets', `${MAGIC},"a":{"dtype":"F64","shape":[2]}${DIGEST(16)}`, 16],
    ['a tensor with a field more', `${MAGIC}${a.replace('"dtype"', '"x":1,"dtype"')}${DIGEST(16)}`, 16],
    [
      'fields in another order',
      `${MAGIC},"a":{"shape":[2],"dtype":"F64","data_offsets":[0,16]}${DIGEST(16)}`,
      16,
    ],
    ['an unknown type', `${MAGIC}${a.replace('F64', 'BF16')}${DIGEST(16)}`, 16],
    ['a shape that is not its length', `${MAGIC}${a.replace('[2]', '[3]')}${DIGEST(16)}`, 16],
    ['a negative length', `${MAGIC}${a.replace('[2]', '[-2]')}${DIGEST(16)}`, 16],
    ['a length of text', `${MAGIC}${a.replace('[2]', '["2"]')}${DIGEST(16)}`, 16],
    ['a length of 2.0', `${MAGIC}${a.replace('[2]', '[2.0]')}${DIGEST(16)}`, 16],
    [
      'a length that overflows',
      `${MAGIC}${a.replace('[2]', '[4294967296,4294967296,4294967296,0]').replace('16]', '0]')}${DIGEST(0)}`,
      0,
    ],
    [
      'lengths beyond float64',
      `${MAGIC}${a.replace('[2]', `[${Array(60).fill(9007199254740991).join(',')}]`)}${DIGEST(16)}`,
      16,
    ],
    ['too many axes', `${MAGIC}${a.replace('[2]', '[1,1,1,1,1,1,1,1,2]')}${DIGEST(16)}`, 16],
    [
      'offsets beyond the file',
      `${MAGIC}${a.replace('[0,16]', '[0,1600]').replace('[2]', '[200]')}${DIGEST(1600)}`,
      16,
    ],
    ['offsets that turn back', `${MAGIC}${a.replace('[0,16]', '[16,0]')}${DIGEST(16)}`, 16],
    ['three offsets', `${MAGIC}${a.replace('[0,16]', '[0,16,16]')}${DIGEST(16)}`, 16],
    ['tensors that overlap', `${MAGIC}${a}${b.replace('[16,24]', '[8,16]')}${DIGEST(16)}`, 16],
    ['a gap between tensors', `${MAGIC}${a}${b.replace('[16,24]', '[24,32]')}${DIGEST(32)}`, 32],
    [
      'tensors in another order',
      `${MAGIC}${b.replace('[16,24]', '[0,8]')}${a.replace('[0,16]', '[8,24]')}${DIGEST(24)}`,
      24,
    ],
    [
      'a narrow tensor before a wide one',
      `${MAGIC}${a.replace('F64', 'F32').replace('[2]', '[4]')}${b}${DIGEST(24)}`,
      24,
    ],
    ['bytes of no tensor', `${MAGIC}${a}${DIGEST(16)}`, 24],
    ['too few bytes', `${MAGIC}${a}${DIGEST(16)}`, 8],
    ['a name of digits', `${MAGIC}${a.replace('"a"', '"0"')}${DIGEST(16)}`, 16],
    ['a name with a path', `${MAGIC}${a.replace('"a"', '"../a"')}${DIGEST(16)}`, 16],
    ['the name __proto__', `${MAGIC}${a.replace('"a"', '"__proto__"')}${DIGEST(16)}`, 16],
    ['an empty name', `${MAGIC}${a.replace('"a"', '""')}${DIGEST(16)}`, 16],
    ['an escape in a name', `${MAGIC}${a.replace('"a"', '"\\u0061"')}${DIGEST(16)}`, 16],
    ['a space within', `${MAGIC} ${a}${DIGEST(16)}`, 16],
    ['spaces behind', `${MAGIC}${a}${DIGEST(16)}        `, 16],
    ['a tab behind', `${MAGIC}${a}${DIGEST(16)}\t`, 16],
    ['text behind', `${MAGIC}${a}${DIGEST(16)}x`, 16],
    ['a zero byte', `${MAGIC}${a}${DIGEST(16)}\0`, 16],
  ])('is refused with %s', (_, header, dataBytes) => {
    const error = refusal(() => readModel(forged(header, dataBytes), 'load'))
    expect(CODES).toContain(error.code)
    expect(error.message.length).toBeLessThan(400)
    expect(Object.prototype).not.toHaveProperty('dtype')
  })

  it('is refused where the header is not UTF-8, or has a mark before it', () => {
    const body = file.slice(0, file.length - 32)
    body[100] = 0xff
    expect(CODES).toContain(codeOf(signed(body)))
    expect(codeOf(forged(`\ufeff${MAGIC}${DIGEST(0)}`, 0))).toBe('E_MAGIC')
  })

  it('never comes back as another model, whatever bit was flipped before it was signed', () => {
    const body = file.slice(0, file.length - 32)
    let read = 0
    for (let at = 0; at < body.length; at++) {
      for (let bit = 0; bit < 8; bit++) {
        body[at] ^= 1 << bit
        const bytes = signed(body)
        try {
          // Other numbers or other words under a right digest are another model, but a whole one: it is written alike.
          const { kind, meta, tensors } = readModel(bytes, 'load')
          expect(writeModel({ kind, meta, tensors: Object.fromEntries(tensors) })).toEqual(bytes)
          read++
        } catch (error) {
          expect(error).toBeInstanceOf(InputError)
          expect(CODES).toContain((error as InputError).code)
        }
        body[at] ^= 1 << bit
      }
    }
    expect(read).toBeGreaterThan(300)
  })
})

describe('writeModel', () => {
  const write =
    (change: object): (() => unknown) =>
    () =>
      writeModel({ ...small, ...change } as ModelContent)

  it('refuses what a file could not give back', () => {
    const t = { shape: [1], values: Float64Array.of(1) }
    for (const kind of ['', 'KMeans', 'k means', 7, 'x'.repeat(99), null])
      expect(refusal(write({ kind })).code).toBe('E_PARAM')
    for (const name of ['sha256', '0', '__proto__', '__metadata__', 'a b', '', 'ä', 'A']) {
      const tensors = Object.fromEntries([[name, t]])
      expect(refusal(write({ tensors })).code).toBe('E_PARAM')
    }
    for (const values of [[1], new BigInt64Array(1), new Uint8ClampedArray(1), null]) {
      expect(refusal(write({ tensors: { t: { shape: [1], values } } })).code).toBe('E_TYPE')
    }
    for (const shape of [[2], [-1], [0.5, 2], [], [1, 1, 1, 1, 1, 1, 1, 1, 1]].filter(
      (one) => one.length !== 0,
    )) {
      expect(refusal(write({ tensors: { t: { shape, values: Float64Array.of(1) } } })).code).toBe('E_SHAPE')
    }
    const ring: Record<string, unknown> = {}
    ring['ring'] = ring
    for (const value of [
      Number.NaN,
      Number.POSITIVE_INFINITY,
      undefined,
      7n,
      () => 1,
      new Date(0),
      new Map(),
      ring,
      Object.assign([], { 1: 1 }),
    ]) {
      expect(refusal(write({ meta: { value } })).code).toBe('E_TYPE')
    }
    expect(refusal(write({ meta: { p: Number.POSITIVE_INFINITY } })).message).toBe(
      'writeModel: meta.p must be plain JSON, got Infinity',
    )
  })

  it('takes a single number and an empty tensor', () => {
    const tensors = {
      one: { shape: [], values: Float64Array.of(7) },
      none: { shape: [0, 3], values: new Float32Array(0) },
    }
    expect(Object.fromEntries(readModel(writeModel({ ...small, tensors }), 'load').tensors)).toEqual(tensors)
  })
})

describe('tensorOf', () => {
  const { tensors } = readModel(file, 'load')

  it('gives a tensor of the type and shape that is asked for', () => {
    expect(tensorOf('load', tensors, 'centroids', Float64Array, [-1, 2]).length).toBe(4)
    expect(tensorOf('load', tensors, 'labels', Uint32Array, [3]).length).toBe(3)
  })

  it('refuses another', () => {
    expect(refusal(() => tensorOf('load', tensors, 'sha256', Uint8Array, [32])).code).toBe('E_KIND')
    expect(refusal(() => tensorOf('load', tensors, 'labels', Int32Array, [3])).code).toBe('E_KIND')
    expect(refusal(() => tensorOf('load', tensors, 'labels', Uint32Array, [3, -1])).code).toBe('E_KIND')
    expect(refusal(() => tensorOf('load', tensors, 'centroids', Float64Array, [2, 3])).message).toBe(
      'load: tensor "centroids" must be a Float64Array of 2 × 3, got a Float64Array of 2 × 2',
    )
  })
})
