import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { InputError } from 'nigh'
import { afterAll, describe, expect, test } from 'vitest'
import type { ReadOptions } from './options.ts'
import { readTable } from './read.ts'

const folder = mkdtempSync(join(tmpdir(), 'nigh-read-'))
afterAll(() => rmSync(folder, { recursive: true }))

async function refusal(path: string, options: ReadOptions = {}): Promise<string> {
  try {
    await readTable(path, options)
  } catch (error) {
    if (error instanceof InputError) return `${error.code} ${error.message.replaceAll(`${folder}/`, '')}`
    throw error
  }
  return 'not refused'
}

function put(name: string, contents: string | Uint8Array): string {
  const path = join(folder, name)
  writeFileSync(path, contents)
  return path
}

describe('file names are literal', () => {
  test.each([
    "we'ird; drop.csv",
    '-rf.csv',
    '--help.csv',
    'star*.csv',
    'q?.csv',
    'br[ab].csv',
    '~.csv',
    '%2e%2e.csv',
    'line\nend.csv',
    '"quoted".csv',
    'http:x.csv',
  ])('%j', async (name) => {
    put('star1.csv', 'x,y\n666,666\n')
    put('bra.csv', 'x,y\n666,666\n')
    const { table } = await readTable(put(name, 'x,y\n1,2\n'), {})
    expect(table.columns.map(({ values }) => values[0])).toEqual([1, 2])
  })

  test.each(['http://127.0.0.1:9/x.csv', 's3://bucket/x.parquet', 'file:///etc/passwd', 'HTTPS://x/y.csv'])(
    '%s is refused',
    async (name) => {
      expect(await refusal(name)).toMatch(/^E_NO_NET /)
    },
  )

  test('what is not a file is refused at once', async () => {
    expect(await refusal(folder)).toMatch(/^E_NOT_FILE .*a directory/)
    expect(await refusal('/dev/zero')).toMatch(/^E_NOT_FILE .*a device/)
    const pipe = join(folder, 'pipe.csv')
    execFileSync('mkfifo', [pipe])
    expect(await refusal(pipe)).toMatch(/^E_NOT_FILE .*a pipe/)
    expect(await refusal(join(folder, 'absent.csv'))).toBe('E_FILE absent.csv: there is no such file')
    expect(await refusal('a'.repeat(5000))).toMatch(/too long$/)
    expect(await refusal('nul\0.csv')).toMatch(/^E_FILE /)
    expect(await refusal('')).toMatch(/^E_FILE /)
    symlinkSync('/dev/zero', join(folder, 'link.csv'))
    expect(await refusal(join(folder, 'link.csv'))).toMatch(/^E_NOT_FILE /)
  })

  test('the ending must be known and true', async () => {
    expect(await refusal(put('data.xyz', 'a,b\n1,2\n'))).toMatch(
      /^E_FILE data\.xyz: the ending says no format/,
    )
    expect(await refusal(put('data.csv', 'PAR1xxxxxxxxPAR1'))).toBe(
      'E_FILE data.csv: the file is named as csv but holds parquet; set --format parquet',
    )
    expect(await refusal(put('text.parquet', 'a,b\n1,2\n'))).toMatch(
      /^E_PARQUET .*this is not a Parquet file/,
    )
    expect((await readTable(put('data2.xyz', 'a,b\n1,2\n'), { format: 'csv' })).table.rows).toBe(1)
  })
})

describe('JSON', () => {
  test('an array of objects, and an object a line', async () => {
    const rows = [
      { x: 1, name: 'a', ok: true, day: '2024-01-31', gone: null },
      { x: 2.5, name: 'b', ok: false, day: '2024-02-01T00:00:00Z', more: 'ä' },
    ]
    const expected = [
      { x: 1, name: 'a', ok: true, day: new Date('2024-01-31'), gone: null, more: null },
      { x: 2.5, name: 'b', ok: false, day: new Date('2024-02-01'), gone: null, more: 'ä' },
    ]
    expect((await readTable(put('a.json', JSON.stringify(rows)), {})).table.toRows()).toEqual(expected)
    const lines = rows.map((row) => JSON.stringify(row))
    expect((await readTable(put('a.ndjson', `${lines.join('\n')}\n`), {})).table.toRows()).toEqual(expected)
    expect((await readTable(put('b.ndjson', `\n${lines.join('\r\n\n')}`), {})).table.toRows()).toEqual(
      expected,
    )
  })

  test('"7" stays text and __proto__ is a key', async () => {
    const { table } = await readTable(put('p.json', '[{"__proto__":1,"constructor":2,"t":"7"}]'), {})
    expect(table.names).toEqual(['__proto__', 'constructor', 't'])
    expect(table.columns[2].type).toBe('text')
  })

  test.each([
    ['200,000 brackets', '['.repeat(200_000), /^E_JSON /],
    ['nothing', '', /^E_EMPTY /],
    ['an object', '{"a":1}', /^E_JSON .*must hold an array of objects/],
    ['an array of numbers', '[1,2]', /^E_JSON .*row 1 must be an object/],
    ['no rows', '[]', /^E_EMPTY .*no rows/],
    ['rows without keys', '[{},{}]', /^E_EMPTY .*no columns/],
    ['NaN', '[{"a":NaN}]', /^E_JSON .*line 1, character 7: this is not JSON \("NaN}\]"\)/],
    ['a broken line', '[{"a":1},\n{"a":}]', /^E_JSON .*line 2, character 6/],
    ['an early end', '[{"a":1},', /^E_JSON .*the JSON ends too early/],
    ['equal keys', '[{"a":1},\n{"a":2,"\\u0061":3}]', /^E_JSON .*line 2: the key "a" stands twice/],
    ['1e400', '[{"a":1},{"a":1e400}]', /^E_NONFINITE .*row 2, key "a"/],
    ['a mixture', '[{"a":1},{"a":"x"}]', /^E_JSON .*row 2, key "a" is text, but number in the rows before/],
    [
      'an array inside',
      '[{"a":[1]}]',
      /^E_JSON .*row 1, key "a" holds an array; leave it out with --ignore "a"/,
    ],
    ['bytes that are not UTF-8', Buffer.from([0x5b, 0xff, 0x5d]), /^E_JSON .*not valid UTF-8/],
  ])('%s', async (_, contents, message) => {
    expect(await refusal(put('bad.json', contents))).toMatch(message)
  })

  test('one broken line among many', async () => {
    const lines = Array.from({ length: 1000 }, (_, i) => (i === 776 ? '{"a":1,}' : `{"a":${i}}`))
    expect(await refusal(put('bad.ndjson', lines.join('\n')))).toMatch(
      /^E_JSON bad\.ndjson: line 777, character 8/,
    )
  })

  test('a nested column that is ignored is left out, aloud', async () => {
    const { table, warnings } = await readTable(put('n.json', '[{"a":1,"tags":null},{"a":2,"tags":[1]}]'), {
      dispensable: ['tags'],
    })
    expect(table.names).toEqual(['a'])
    expect(warnings.map(({ code }) => code)).toEqual(['W_LEFT_OUT'])
  })

  test('a lone surrogate, a long line, a million keys', async () => {
    const { table } = await readTable(put('s.json', '[{"a":"\\ud800"}]'), {})
    expect(table.toRows()).toEqual([{ a: '\ud800' }])
    const long = await readTable(put('l.ndjson', `{"a":"${'x'.repeat(6_000_000)}"}\n{"a":"y"}`), {})
    expect(long.table.rows).toBe(2)
    const keys = Array.from({ length: 50_000 }, (_, i) => `"k${i}":${i}`).join(',')
    expect((await readTable(put('k.json', `[{${keys}}]`), {})).table.columns.length).toBe(50_000)
  })
})

describe('npy', () => {
  function npy(descr: string, shape: string, body: Uint8Array, fortran = 'False', version = 1): Uint8Array {
    const text = `{'descr': '${descr}', 'fortran_order': ${fortran}, 'shape': ${shape}, }`
    const prefix = version === 1 ? 10 : 12
    const header = Buffer.from(
      `${text.padEnd(Math.ceil((prefix + text.length + 1) / 64) * 64 - prefix - 1)}\n`,
    )
    const start = Buffer.alloc(prefix)
    start.write('\x93NUMPY', 'latin1')
    start[6] = version
    if (version === 1) start.writeUInt16LE(header.length, 8)
    else start.writeUInt32LE(header.length, 8)
    return Buffer.concat([start, header, body])
  }
  const bytesOf = (array: ArrayBufferView): Uint8Array =>
    new Uint8Array(array.buffer, array.byteOffset, array.byteLength)

  test.each([
    ['<f8', Float64Array.of(1, 2, 3, 4, 5, 6)],
    ['<f4', Float32Array.of(1, 2, 3, 4, 5, 6)],
    ['<i8', BigInt64Array.of(1n, 2n, 3n, 4n, 5n, 6n)],
    ['<i4', Int32Array.of(1, 2, 3, 4, 5, 6)],
    ['<u2', Uint16Array.of(1, 2, 3, 4, 5, 6)],
    ['|u1', Uint8Array.of(1, 2, 3, 4, 5, 6)],
  ])('%s in both orders', async (descr, array) => {
    const c = await readTable(put('c.npy', npy(descr, '(3, 2)', bytesOf(array))), {})
    expect(c.table.columns.map(({ values }) => [...values])).toEqual([
      [1, 3, 5],
      [2, 4, 6],
    ])
    const f = await readTable(put('f.npy', npy(descr, '(3, 2)', bytesOf(array), 'True', 2)), {})
    expect(f.table.columns.map(({ values }) => [...values])).toEqual([
      [1, 2, 3],
      [4, 5, 6],
    ])
    expect(f.table.columns[0].values instanceof Float32Array).toBe(descr === '<f4')
  })

  test('one dimension, big-endian, booleans', async () => {
    const big = new DataView(new ArrayBuffer(16))
    big.setFloat64(0, 1.5)
    big.setFloat64(8, Number.NaN)
    const { table } = await readTable(put('b.npy', npy('>f8', '(2,)', new Uint8Array(big.buffer))), {})
    expect(table.toRows()).toEqual([{ c0: 1.5 }, { c0: null }])
    const flags = await readTable(put('t.npy', npy('|b1', '(2,)', Uint8Array.of(1, 0))), {})
    expect(flags.table.toRows()).toEqual([{ c0: true }, { c0: false }])
  })

  test('half precision, and whole numbers beyond 2^53 with a word about it', async () => {
    // 1.5, −2, 65504, the smallest number and NaN.
    const halves = Uint16Array.of(0x3e00, 0xc000, 0x7bff, 1, 0x7e00)
    const { table } = await readTable(put('h.npy', npy('<f2', '(5,)', bytesOf(halves))), {})
    expect(table.toRows().map(({ c0 }) => c0)).toEqual([1.5, -2, 65504, 2 ** -24, null])
    const long = BigInt64Array.of(2n ** 53n + 1n, 5n)
    const { warnings } = await readTable(put('l.npy', npy('<i8', '(2,)', bytesOf(long))), {})
    expect(warnings.map(({ code }) => code)).toEqual(['W_ROUNDED'])
    const json = await readTable(put('l.json', Buffer.from('[{"id":9007199254740993},{"id":1}]')), {})
    expect(json.warnings.map(({ code }) => code)).toEqual(['W_ROUNDED'])
  })

  test.each([
    ['|O', /cells of type "O" \(Python objects\) are not read/],
    ['<M8[s]', /cells of type "M8\[s\]" \(dates\) are not read/],
    ['<U5', /cells of type "U5" \(text\)/],
  ])('cells that are no numbers are called what they are: %s', async (descr, message) => {
    expect(await refusal(put('kind.npy', npy(descr, '(1, 1)', new Uint8Array(8))))).toMatch(message)
  })

  test.each([
    ['not npy', Buffer.from('hello, world')],
    ['nothing', Buffer.alloc(0)],
    ['cut in the header', npy('<f8', '(1, 1)', new Uint8Array(8)).subarray(0, 40)],
    ['cut in the body', npy('<f8', '(1, 2)', new Uint8Array(8))],
    ['a byte more', npy('<f8', '(1, 1)', new Uint8Array(9))],
    ['objects', npy('|O', '(1, 1)', new Uint8Array(8))],
    ['three dimensions', npy('<f8', '(1, 1, 1)', new Uint8Array(8))],
    ['no dimension', npy('<f8', '()', new Uint8Array(8))],
    ['a shape beyond all bounds', npy('<f8', '(99999999999999999999, 8)', new Uint8Array(8))],
    ['a negative shape', npy('<f8', '(-1, 8)', new Uint8Array(8))],
    [
      'code in the header',
      npy("<f8', 'x': __import__('os').system('true'), 'y': '", '(1, 1)', new Uint8Array(8)),
    ],
    ['version 9', npy('<f8', '(1, 1)', new Uint8Array(8), 'False', 9)],
  ])('%s', async (_, bytes) => {
    expect(await refusal(put('bad.npy', bytes))).toMatch(/^E_NPY /)
  })

  test('a false size is refused before memory is taken', async () => {
    expect(await refusal(put('huge.npy', npy('<f8', '(4000000000, 1000000)', new Uint8Array(8))))).toMatch(
      /^E_NPY .*need/,
    )
  })
})
