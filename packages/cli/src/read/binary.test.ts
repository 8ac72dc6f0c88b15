import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { inflateSync } from 'node:zlib'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { dictionary, float64, tableFromArrays, tableToIPC, utf8 } from '@uwdata/flechette'
import { InputError, Table } from 'nigh'
import type { Column } from 'nigh'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { arrowFiles } from '../../test/arrow-files.ts'
import { blocksOf } from '../write/blocks.ts'
import { outlook, writeRows } from '../write/write.ts'
import type { ReadOptions } from './options.ts'
import { readTable } from './read.ts'

const folder = mkdtempSync(join(tmpdir(), 'nigh-binary-'))
afterAll(() => rmSync(folder, { recursive: true }))

const columns: Column[] = [
  { name: 'float64', type: 'number', values: Float64Array.of(0.1, Number.NaN, -1e300) },
  { name: 'float32', type: 'number', values: Float32Array.of(0.1, 2, Number.NaN) },
  { name: 'flag', type: 'boolean', values: Uint8Array.of(1, 255, 0) },
  {
    name: 'text ä',
    type: 'text',
    values: Int32Array.of(1, 0, -1),
    categories: ['=1+1', 'line\nend, "quoted"'],
  },
  {
    name: 'day',
    type: 'date',
    values: Float64Array.of(Date.UTC(2024, 1, 29), Number.NaN, Date.UTC(1969, 11, 31)),
  },
  { name: 'time', type: 'date', values: Float64Array.of(1.5e12 + 123, 0, Number.NaN) },
  { name: '__proto__', type: 'number', values: Float64Array.of(1, 2, 3) },
]
const table = Table.of(columns)

async function refusal(path: string, options: ReadOptions = {}): Promise<string> {
  try {
    await readTable(path, options)
  } catch (error) {
    if (error instanceof InputError) return `${error.code} ${error.message.replaceAll(`${folder}/`, '')}`
    throw error
  }
  return 'not refused'
}

function put(name: string, contents: Uint8Array): string {
  const path = join(folder, name)
  writeFileSync(path, contents)
  return path
}

async function written(name: string, one: Table = table): Promise<string> {
  const path = join(folder, name)
  await writeRows(blocksOf(one), outlook(path), { formulas: true })
  return path
}

/** A Parquet file that DuckDB makes of a query. */
async function parquet(name: string, query: string): Promise<string> {
  const path = join(folder, name)
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  await connection.run(`COPY (${query}) TO '${path}' (FORMAT parquet)`)
  connection.closeSync()
  instance.closeSync()
  return path
}

describe('what is written is read again', () => {
  test.each(['csv', 'tsv', 'json', 'ndjson', 'parquet', 'arrow'])('%s', async (ending) => {
    const path = await written(`round.${ending}`)
    const found = (await readTable(path, {})).table
    expect(found.names).toEqual(table.names)
    expect(found.columns.map(({ type }) => type)).toEqual(table.columns.map(({ type }) => type))
    const single = ending === 'parquet' || ending === 'arrow'
    expect(found.columns[1].values instanceof Float32Array).toBe(single)
    const plain = (one: Table): unknown[][] =>
      one
        .toRows()
        .map((row) => Object.values(row).map((cell) => (typeof cell === 'number' ? Math.fround(cell) : cell)))
    expect(plain(found)).toEqual(plain(table))
    expect(found.columns[0].values).toEqual(columns[0].values)
  })

  test('arrow in several batches, with words that come late or never', async () => {
    const n = 150_000
    const many = Table.of([
      {
        name: 'n',
        type: 'number',
        values: Float64Array.from({ length: n }, (_, i) => (i % 9 ? i : Number.NaN)),
      },
      {
        name: 'late',
        type: 'text',
        values: Int32Array.from({ length: n }, (_, i) => (i < 100_000 ? -1 : (i + 2) % 3)),
        categories: ['x', 'y', 'ü'],
      },
      { name: 'never', type: 'text', values: new Int32Array(n).fill(-1), categories: [] },
      {
        name: 'word',
        type: 'text',
        values: Int32Array.from({ length: n }, (_, i) => i & 1),
        categories: ['a', ''],
      },
      { name: 'flag', type: 'boolean', values: Uint8Array.from({ length: n }, (_, i) => [0, 1, 255][i % 3]) },
    ])
    const { columns: found } = (await readTable(await written('many.arrow', many), {})).table
    for (const i of [0, 1, 3, 4]) {
      const { values, ...rest } = many.columns[i]
      expect(found[i]).toMatchObject(rest)
      expect(Buffer.from(found[i].values.buffer).equals(Buffer.from(values.buffer))).toBe(true)
    }
    expect(found[2].values).toHaveLength(n)
    expect(found[2].values.every((value) => Number.isNaN(value))).toBe(true)
  })

  test('npy', async () => {
    const numbers = table.select(['float64', 'flag', '__proto__'])
    const found = (await readTable(await written('round.npy', numbers), {})).table
    expect(found.columns.map(({ values }) => [...values])).toEqual([
      [0.1, Number.NaN, -1e300],
      [1, Number.NaN, 0],
      [1, 2, 3],
    ])
    await expect(written('text.npy')).rejects.toMatchObject({ code: 'E_NPY' })
  })

  test('text that a spreadsheet would run is escaped unless asked for; numbers never are', async () => {
    const path = join(folder, 'escaped.csv')
    const cells = ["=cmd|'/c calc'!A1", '-2+3', '@SUM(A1)', '\t=1', '\r=1', '+1', 'a=b', '-']
    const risky = Table.of([
      { name: '=x', type: 'text', values: Int32Array.from(cells.keys()), categories: cells },
      { name: 'n', type: 'number', values: Float64Array.from(cells, () => -3.5) },
    ])
    await writeRows(blocksOf(risky), outlook(path), { formulas: false })
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n')
    expect(lines).toEqual([
      "'=x,n",
      "'=cmd|'/c calc'!A1,-3.5",
      "'-2+3,-3.5",
      "'@SUM(A1),-3.5",
      "'\t=1,-3.5",
      '"\'\r=1",-3.5',
      "'+1,-3.5",
      'a=b,-3.5',
      "'-,-3.5",
    ])
    await writeRows(blocksOf(risky), outlook(path), { formulas: true })
    expect(readFileSync(path, 'utf8')).toContain("\n=cmd|'/c calc'!A1,-3.5\n")
  })
})

describe('Parquet', () => {
  test('every type that is a number, a date, text or true and false', async () => {
    const path = await parquet(
      'types.parquet',
      `SELECT 1::TINYINT a, 2::UBIGINT b, 3::HUGEINT c, 1.25::DECIMAL(38,2) d, 'x' e, true f, DATE '2024-02-29' g,
        TIMESTAMP '2024-02-29 12:00:00.5' h, TIMESTAMPTZ '2024-02-29 12:00:00+01' i, TIMESTAMP_NS '2024-02-29 12:00:00' j,
        'nan'::FLOAT k, NULL::INTEGER l`,
    )
    expect((await readTable(path, {})).table.toRows()).toEqual([
      {
        a: 1,
        b: 2,
        c: 3,
        d: 1.25,
        e: 'x',
        f: true,
        g: new Date('2024-02-29'),
        h: new Date('2024-02-29T12:00:00.500Z'),
        i: new Date('2024-02-29T11:00Z'),
        j: new Date('2024-02-29T12:00Z'),
        k: null,
        l: null,
      },
    ])
  })

  test('a list is refused, or left out where it is ignored', async () => {
    const path = await parquet('nested.parquet', 'SELECT 1 a, [1, 2] tags, {x: 1} point')
    expect(await refusal(path)).toMatch(/^E_PARQUET .*column "tags" holds INTEGER\[\].*--ignore "tags"/)
    const { table: found, warnings } = await readTable(path, { dispensable: ['tags', 'point'] })
    expect(found.names).toEqual(['a'])
    expect(warnings.map(({ code }) => code)).toEqual(['W_LEFT_OUT', 'W_LEFT_OUT'])
  })

  test('whole numbers beyond 2^53 are rounded aloud, infinity is refused', async () => {
    const path = await parquet('big.parquet', 'SELECT 9007199254740993::BIGINT a')
    expect((await readTable(path, {})).warnings.map(({ code }) => code)).toEqual(['W_ROUNDED'])
    const infinite = await parquet('infinite.parquet', "SELECT 1.0::DOUBLE a UNION ALL SELECT 'inf'::DOUBLE")
    expect(await refusal(infinite)).toMatch(/^E_NONFINITE .*row 2, column "a" is Infinity/)
  })

  test('a small file of many rows is refused by its footer', async () => {
    const path = await parquet('zeros.parquet', 'SELECT 0::DOUBLE a FROM range(3000000)')
    const begun = performance.now()
    expect(await refusal(path, { maxBytes: 1_000_000 })).toMatch(
      /^E_MEMORY .*about 3,000,000 rows × 1 columns would take 24\.0 MB/,
    )
    expect(performance.now() - begun).toBeLessThan(5000)
  })

  test('names are data', async () => {
    const path = await parquet('names.parquet', `SELECT 1 AS "a""; DROP TABLE", 2 AS "__proto__", 3 AS "x'y"`)
    expect((await readTable(path, {})).table.names).toEqual(['a"; DROP TABLE', '__proto__', "x'y"])
    expect((await readTable(path, { only: ["x'y"] })).table.names).toEqual(["x'y"])
  })
})

describe.each(['parquet', 'arrow'] as const)('a damaged %s file', (ending) => {
  const code = ending === 'parquet' ? 'E_PARQUET' : 'E_ARROW'
  let sound: Uint8Array = new Uint8Array()
  beforeAll(async () => {
    sound = readFileSync(await written(`sound.${ending}`))
  })

  test('cut at any length', async () => {
    const step = Math.max(1, Math.floor(sound.length / 25))
    for (let length = 0; length < sound.length - 1; length += step) {
      expect(await refusal(put(`cut.${ending}`, sound.subarray(0, length)))).toMatch(
        /^E_(PARQUET|ARROW|EMPTY) /,
      )
    }
  })

  test('with false bytes: read, or refused, never a defect', async () => {
    for (let at = 3; at < sound.length; at += Math.max(1, Math.floor(sound.length / 40))) {
      const bytes = Uint8Array.from(sound)
      bytes[at] ^= 0xff
      expect(await refusal(put(`false.${ending}`, bytes))).toMatch(/^(not refused|E_[A-Z]+ )/)
    }
  })

  test('something else entirely', async () => {
    expect(
      await refusal(put(`png.${ending}`, Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 0, 0, 0, 0))),
    ).toMatch(new RegExp(`^${code} `))
  })
})

describe.each(Object.entries(arrowFiles))('an Arrow file of another library, %s', (packing, deflated) => {
  const bytes = inflateSync(Buffer.from(deflated, 'base64'))
  const row = { length: 40 }

  test('is read: views of text, decimals of 128 and 256 bits, long whole numbers', async () => {
    const path = put(`other-${packing}.arrow`, bytes)
    expect(await refusal(path)).toMatch(/^E_ARROW .*column "uuid" holds values that nigh cannot use/)
    const { table: found, warnings } = await readTable(path, { dispensable: 'all' })
    expect(warnings.map(({ code, message }) => `${code} ${message.split('column ')[1]}`)).toEqual([
      'W_ROUNDED "id" holds whole numbers beyond 2^53, which are rounded',
      'W_LEFT_OUT "uuid" holds what nigh cannot use and is left out of everything',
    ])
    const cells = (name: string): unknown[] => {
      const column = found.column(name)
      if (column.type === 'text')
        return Array.from(column.values, (code) => (code < 0 ? null : column.categories[code]))
      return Array.from(column.values, (value) => (Number.isNaN(value) ? null : value))
    }
    expect(found.columns.map(({ name, type }) => `${name} ${type}`)).toEqual([
      ...['x number', 'view text', 'price number', 'wide number', 'id number'],
    ])
    expect(cells('x')).toEqual(Array.from(row, (_, i) => i % 4))
    expect(cells('view')).toEqual(
      Array.from(row, (_, i) =>
        i % 10 === 9 ? null : i % 2 === 1 ? `a text beyond twelve bytes, ${i % 3}` : `s${i % 3}`,
      ),
    )
    expect(cells('price')).toEqual(Array.from(row, (_, i) => (i % 9 === 8 ? null : (i * 25 - 300) / 100)))
    expect(cells('wide')).toEqual(Array.from(row, (_, i) => (i === 0 ? 0 : -i / 4)))
    expect(cells('id')).toEqual(Array.from(row, (_, i) => Number(2n ** 53n + 1n + BigInt(i))))
  })

  test('with false bytes is read, or refused, never a defect', async () => {
    for (let at = 8; at < bytes.length; at += 151) {
      const damaged = Uint8Array.from(bytes)
      damaged[at] ^= 1 << (at % 8)
      expect(await refusal(put('false.arrow', damaged), { dispensable: 'all' })).toMatch(
        /^(not refused|E_[A-Z]+ )/,
      )
    }
  })

  test('is not unpacked beyond what is allowed', async () => {
    expect(await refusal(put('large.arrow', bytes), { dispensable: 'all', maxBytes: 1000 })).toMatch(
      /^E_MEMORY /,
    )
  })
})

test('a Feather file from before Arrow is called one', async () => {
  const bytes = new Uint8Array(64)
  bytes.set(Buffer.from('FEA1'))
  expect(await refusal(put('old.feather', bytes))).toMatch(/a Feather file of version 1/)
})

test('inspect, and answers of a model, pass over columns that no table has', async () => {
  const path = await parquet('lists.parquet', 'SELECT i % 3 a, [i] tags FROM range(9) t(i)')
  const { table: found, warnings } = await readTable(path, { dispensable: 'all' })
  expect([found.names, warnings.map(({ code }) => code)]).toEqual([['a'], ['W_LEFT_OUT']])
})

describe('an Arrow file whose parts contradict one another', () => {
  const int32 = (bytes: Uint8Array, at: number): number =>
    new DataView(bytes.buffer, bytes.byteOffset).getInt32(at, true)
  const streamOf = (): Uint8Array => {
    const bytes = tableToIPC(
      tableFromArrays(
        { x: [1, 2, 3], word: ['a', 'b', 'a'] },
        { types: { x: float64(), word: dictionary(utf8()) } },
      ),
      { format: 'stream' },
    )
    if (bytes === null) throw new Error('not written')
    return Uint8Array.from(bytes)
  }
  /** Where each message of a stream begins. */
  const messages = (bytes: Uint8Array): number[] => {
    const starts: number[] = []
    for (let at = 0; at + 8 <= bytes.length && int32(bytes, at + 4) > 0; ) {
      starts.push(at)
      const meta = at + 8
      const root = meta + int32(bytes, meta)
      const vtable = root - int32(bytes, root)
      const view = new DataView(bytes.buffer)
      const has = view.getUint16(vtable, true) > 4 + 2 * 3
      const body = has ? view.getUint16(vtable + 4 + 2 * 3, true) : 0
      const size = body === 0 ? 0 : Number(view.getBigInt64(root + body, true))
      at = meta + int32(bytes, at + 4) + size
    }
    expect(starts.length).toBe(3)
    return starts
  }

  test('a stream without its dictionary', async () => {
    const bytes = streamOf()
    expect((await readTable(put('whole.arrows', bytes), {})).table.columns[1].type).toBe('text')
    const [, words, records] = messages(bytes)
    const without = Buffer.concat([bytes.subarray(0, words), bytes.subarray(records)])
    expect(await refusal(put('without.arrows', without))).toMatch(/^E_ARROW /)
  })

  test('metadata of 2 GB, a negative length, bytes after the end', async () => {
    for (const length of [0x7ffffff8, -8, 1]) {
      const bytes = streamOf()
      new DataView(bytes.buffer).setInt32(4, length, true)
      expect(await refusal(put('long.arrows', bytes))).toMatch(/^E_ARROW .*a message is cut/)
    }
    const bytes = streamOf()
    const early = messages(bytes)[2]
    new DataView(bytes.buffer).setInt32(early + 4, 0, true)
    expect(await refusal(put('early.arrows', bytes))).toMatch(/^E_ARROW .*bytes follow its end/)
  })

  test('a code without its word, a cell that is missing and is not', async () => {
    const codes = streamOf()
    const view = new DataView(codes.buffer)
    // The codes 0, 1, 0 stand once in the file, as 32-bit numbers, after the three numbers of x.
    for (let at = messages(codes)[2]; at + 12 <= codes.length; at += 4) {
      if (
        view.getInt32(at, true) === 0 &&
        view.getInt32(at + 4, true) === 1 &&
        view.getInt32(at + 8, true) === 0
      )
        view.setInt32(at + 4, 7, true)
    }
    expect(await refusal(put('codes.arrows', codes))).toMatch(/^E_ARROW .*has a code without its word/)
  })
})
