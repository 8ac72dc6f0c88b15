import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { InputError } from '../src/check.ts'
import { load } from '../src/files/load.ts'
import { readModel, writeModel } from '../src/files/model-file.ts'
import type { Tensor } from '../src/files/tensor.ts'
import { answers, samples } from './every-model.ts'

const files = samples.map(({ name, make, queries }) => ({ name, queries, bytes: make().toBytes() }))

/** The code of the refusal; anything else is a defect. */
function outcome(bytes: Uint8Array): string {
  try {
    load(bytes)
  } catch (error) {
    if (error instanceof InputError) return error.code
    return `${error}`
  }
  return 'read'
}

test('there is a sample of every kind of model that load knows', () => {
  const source = readFileSync(new URL('../src/files/load.ts', import.meta.url), 'utf8')
  const kinds = Array.from(source.matchAll(/case '([a-z0-9-]+)':/g), ([, kind]) => kind)
  expect(kinds.length).toBeGreaterThan(15)
  expect(new Set(files.map(({ bytes }) => readModel(bytes, 'load').kind))).toEqual(new Set(kinds))
})

// Every bit turned, every byte turned, every length, a byte more at every place, eight bytes zeroed at every place.
describe.each(files)('a damaged file of $name', ({ bytes, queries }) => {
  test('is refused, whatever was done to it', () => {
    const others: string[] = []
    let cases = 0
    const look = (damaged: Uint8Array, how: string): void => {
      cases++
      const found = outcome(damaged)
      if (!['E_MAGIC', 'E_CHECKSUM', 'E_VERSION'].includes(found)) others.push(`${how}: ${found}`)
    }
    const changed = bytes.slice()
    for (let at = 0; at < bytes.length; at++) {
      for (const mask of [1, 2, 4, 8, 16, 32, 64, 128, 255]) {
        changed[at] ^= mask
        look(changed, `byte ${at} turned by ${mask}`)
        changed[at] ^= mask
      }
      look(bytes.subarray(0, at), `cut at ${at}`)
      const longer = new Uint8Array(bytes.length + 1)
      longer.set(bytes.subarray(0, at))
      longer.set(bytes.subarray(at), at + 1)
      longer[at] = at % 251
      look(longer, `a byte more at ${at}`)
      const zeroed = bytes.slice().fill(0, at, at + 8)
      if (zeroed.some((byte, i) => byte !== bytes[i])) look(zeroed, `zeros at ${at}`)
    }
    expect(others).toEqual([])
    expect(cases).toBeGreaterThan(11 * bytes.length)
    expect(answers(load(changed), queries)).toEqual(answers(load(bytes), queries))
  })
})

/** Every value of plain JSON, one after the other, replaced by something else. */
function* forgedMeta(meta: unknown, path = ''): Generator<readonly [string, unknown]> {
  const others = [null, -1, 0, 1.5, 2 ** 53, 1e308, 'x', '__proto__', true, false, [], {}, [[]], '']
  for (const other of others) yield [`${path} is ${JSON.stringify(other)}`, other]
  if (meta === null || typeof meta !== 'object') return
  const entries = Object.entries(meta)
  for (const [name, value] of entries) {
    for (const [what, one] of forgedMeta(value, `${path}.${name}`)) {
      const copy: unknown = structuredClone(meta)
      Reflect.set(Object(copy), name, one)
      yield [what, copy]
    }
    if (Array.isArray(meta)) yield [`${path}.${name} is twice`, [...meta, value]]
    else yield [`${path}.${name} is gone`, Object.fromEntries(entries.filter(([key]) => key !== name))]
  }
  if (!Array.isArray(meta)) yield [`${path} has one more`, { ...meta, more: 1 }]
}

function* forgedTensors(
  tensors: ReadonlyMap<string, Tensor>,
): Generator<readonly [string, Record<string, Tensor>]> {
  const all = Object.fromEntries(tensors)
  yield ['one tensor more', { ...all, more: { shape: [1], values: Float64Array.of(1) } }]
  for (const [name, { shape, values }] of tensors) {
    const put = (what: string, tensor: Tensor): readonly [string, Record<string, Tensor>] => [
      `${name}: ${what}`,
      { ...all, [name]: tensor },
    ]
    yield [`${name} is gone`, Object.fromEntries(Object.entries(all).filter(([key]) => key !== name))]
    yield put('flat', { shape: [values.length], values })
    yield put('turned', { shape: shape.toReversed(), values })
    yield put('deeper', { shape: [...shape, 1], values })
    yield put('empty', { shape: [0], values: values.slice(0, 0) })
    yield put('without columns', { shape: [values.length, 0], values: values.slice(0, 0) })
    yield put('shorter', { shape: [Math.max(0, values.length - 1)], values: values.slice(0, -1) })
    yield put('of another type', { shape, values: Float32Array.from(values) })
    yield put('of bytes', { shape, values: Uint8Array.from(values) })
    yield put('of whole numbers', { shape, values: Int32Array.from(values) })
    for (const hostile of [Number.NaN, Number.POSITIVE_INFINITY, -1, 1e300, 4294967295, 7, 3, 2]) {
      for (const at of [0, values.length - 1]) {
        if (values.length === 0) continue
        const copy = values.slice()
        copy[at] = hostile
        yield put(`${hostile} at ${at}`, { shape, values: copy })
      }
    }
  }
}

// The digest is right, the content is not: what somebody could write who means harm.
describe.each(files)('a forged file of $name, with a digest that is right', ({ bytes, queries }) => {
  const sound = readModel(bytes, 'load')

  test('is refused, or is a model that answers', () => {
    const wrong: string[] = []
    let refused = 0
    const look = (what: string, content: { meta?: unknown; tensors?: Record<string, Tensor> }): void => {
      let forged: Uint8Array
      try {
        forged = writeModel({
          kind: sound.kind,
          meta: sound.meta,
          tensors: Object.fromEntries(sound.tensors),
          ...content,
        })
      } catch (error) {
        if (!(error instanceof InputError)) wrong.push(`${what}: not written: ${error}`)
        return
      }
      try {
        const model = load(forged)
        // A model of numbers that nigh would not have found may refuse the rows, but must not fall over them.
        const said = answers(model, queries)
        if (!said.flat(9).every(isPlain) || !isLabelled(model))
          wrong.push(`${what}: ${JSON.stringify(said).slice(0, 200)}`)
      } catch (error) {
        if (error instanceof InputError) refused++
        else
          wrong.push(
            `${what}: ${error instanceof Error ? (error.stack ?? '').split('\n').slice(0, 3).join(' ') : error}`,
          )
      }
    }
    for (const [what, meta] of forgedMeta(sound.meta, 'meta')) look(what, { meta })
    for (const [what, tensors] of forgedTensors(sound.tensors)) look(what, { tensors })
    expect(wrong).toEqual([])
    expect(refused).toBeGreaterThan(50)
  })
})

/** Whether every label of a clustering is one of its clusters. */
function isLabelled(model: object): boolean {
  const labels: unknown = Reflect.get(model, 'labels')
  const k: unknown = Reflect.get(model, 'k')
  return !(labels instanceof Uint32Array) || labels.every((label) => label < Number(k))
}

/** No undefined or NaN where a class, a label or a number should be. */
function isPlain(value: unknown): boolean {
  if (value !== null && typeof value === 'object') return Object.values(value).flat(9).every(isPlain)
  return value !== undefined && !Number.isNaN(value)
}

// Files that a released version wrote: they load for ever, and answer as they did.
const releases = new URL('../fixtures/models/', import.meta.url)
describe.each(readdirSync(releases))('files of version %s', (version) => {
  const folder = new URL(`${version}/`, releases)
  const kept = JSON.parse(readFileSync(new URL('answers.json', folder), 'utf8')) as Record<string, unknown>

  test.each(Object.keys(kept))('%s', (name) => {
    const bytes = Uint8Array.from(readFileSync(new URL(`${name}.nigh`, folder)))
    const sample = samples.find((one) => one.name === name)
    const model = load(bytes)
    expect(JSON.parse(JSON.stringify(answers(model, sample?.queries)))).toEqual(kept[name])
    // What is read is all there: it can be written and read again.
    expect(answers(load(model.toBytes()), sample?.queries)).toEqual(answers(model, sample?.queries))
  })

  test('there is one of every kind that it had', () => {
    const names = readdirSync(folder).filter((name) => name.endsWith('.nigh'))
    expect(names.map((name) => name.replace('.nigh', '')).toSorted()).toEqual(Object.keys(kept).toSorted())
  })
})
