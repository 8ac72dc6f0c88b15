import { execFileSync } from 'node:child_process'
import {
  ftruncateSync,
  openSync,
  closeSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { InputError, isMissing, KMeans, KNNClassifier, Table } from 'nigh'
import { describe, expect, test, vi } from 'vitest'
import { Command } from '../../test/command.ts'
import { runProgram } from '../program.ts'
import { readTable } from '../read/read.ts'
import { openSource, readBytes } from '../read/source.ts'

// What files may hold that nobody meant: each ends in one clear refusal, or is read as what it says. Damage of every
// bit, length and piece is tried elsewhere (tools/mutated-files.mjs, packages/nigh/test/model-files.test.ts).

vi.setConfig({ testTimeout: 60_000 })
const command = new Command()
const { folder } = command
const at = (name: string): string => join(folder, name)
function put(name: string, contents: string | Uint8Array): string {
  writeFileSync(at(name), contents)
  return at(name)
}

/** Runs the command in this process; what it answers, or its refusal without the folder's name. */
async function said(...args: string[]): Promise<string> {
  const out: string[] = []
  const keep = (chunk: unknown): boolean => {
    out.push(String(chunk))
    return true
  }
  const quiet = [
    vi.spyOn(process.stdout, 'write').mockImplementation(keep),
    vi.spyOn(process.stderr, 'write').mockReturnValue(true),
  ]
  try {
    await runProgram(args, '0', new AbortController().signal)
    return out.join('')
  } catch (error) {
    return `refused: ${error instanceof Error ? error.message.replaceAll(`${folder}/`, '') : error}`
  } finally {
    for (const one of quiet) one.mockRestore()
  }
}

/** Missing cells of the first column. */
function missingOf({ columns: [first], rows }: Table): number {
  let missing = 0
  for (let i = 0; i < rows; i++) if (isMissing(first, i)) missing++
  return missing
}

const sound = put('sound.csv', 'x,y\n1,2\n2,1\n8,9\n9,8\n')
const table = Table.fromRows([
  { x: 1, y: 2 },
  { x: 2, y: 1 },
  { x: 8, y: 9 },
  { x: 9, y: 8 },
])
const model = KMeans.fitSync(table, { k: 2 }).toBytes()

describe('a model file that is none', () => {
  const newer = Uint8Array.from(model)
  newer[newer.indexOf(1, 4)] = 99

  test.each([
    [
      'a picture',
      Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 0, 0, 0, 13),
      /not a model file of nigh/,
    ],
    ['a byte more', Uint8Array.of(...model, 0), /changed or cut/],
    ['a byte less', model.subarray(0, -1), /changed or cut/],
    ['nothing', new Uint8Array(0), /not a model file of nigh/],
    ['one byte', Uint8Array.of(0x88), /not a model file of nigh/],
    ['a table', readFileSync(sound), /not a model file of nigh/],
    ['another version, or a changed byte', newer, /version|changed or cut|not a model file/],
  ])('%s', async (_, bytes, words) => {
    const found = await said('predict', put('false.nigh', bytes), sound)
    expect(found).toMatch(/^refused: /)
    expect(found).toMatch(words)
  })

  test('a pipe, a directory, a device, a link to one, and 10 GB of nothing: at once, and without memory', async () => {
    execFileSync('mkfifo', [at('pipe.nigh')])
    symlinkSync('/dev/zero', at('link.nigh'))
    const huge = openSync(at('huge.nigh'), 'w')
    ftruncateSync(huge, 10e9)
    closeSync(huge)
    const before = process.memoryUsage.rss()
    for (const [file, words] of [
      [at('pipe.nigh'), /a pipe, not a file/],
      [folder, /a directory, not a file/],
      ['/dev/zero', /a device, not a file/],
      [at('link.nigh'), /a device, not a file/],
      [at('huge.nigh'), /not a model file of nigh|too large|GB/],
    ] as const) {
      const found = await said('predict', file, sound)
      expect(found).toMatch(/^refused: /)
      expect(found).toMatch(words)
    }
    expect(process.memoryUsage.rss() - before).toBeLessThan(100 * 2 ** 20)
  })

  test('a model of another kind, and other columns', async () => {
    const matrix = KMeans.fitSync([[1], [2], [9]], { k: 2 }).toBytes()
    expect(await said('predict', put('plain.nigh', matrix), sound)).toMatch(/^refused: /)
    const kmeans = put('kmeans.nigh', model)
    expect(await said('predict', kmeans, put('names.csv', 'x,z\n1,2\n'))).toMatch(/^refused: .*missing "y"/)
    expect(await said('predict', kmeans, put('text.csv', 'x,y\n1,a\n2,b\n'))).toMatch(/^refused: .*"y"/)
    // Columns go by name, not by place.
    put('turned.csv', 'y,x\n2,1\n8,9\n')
    put('same.csv', 'x,y\n1,2\n9,8\n')
    const knn = KNNClassifier.fitSync(table, ['a', 'a', 'b', 'b'], { k: 1 }).toBytes()
    put('knn.nigh', knn)
    const answers = await Promise.all(
      [
        ['kmeans.nigh', 'turned.csv'],
        ['kmeans.nigh', 'same.csv'],
        ['knn.nigh', 'turned.csv'],
      ].map((files) => command.start(['predict', ...files, '--out', '-', '--quiet'])),
    )
    const third = answers.map(({ out }) =>
      out
        .trimEnd()
        .split('\n')
        .map((line) => line.split(',')[2]),
    )
    expect(third[0]).toHaveLength(3)
    expect(third[0]).toEqual(third[1])
    expect(third[2]).toEqual(['prediction', 'a', 'b'])
  })
})

describe('a table that is hard to hold', () => {
  test('20,000 columns', async () => {
    const names = Array.from({ length: 20_000 }, (_, j) => `c${j}`)
    const row = (by: number): string => names.map((_, j) => (j % 7) + by).join(',')
    const { table: wide } = await readTable(put('wide.csv', `${names.join(',')}\n${row(0)}\n${row(5)}\n`), {})
    expect(wide.columns).toHaveLength(20_000)
    expect(Array.from(wide.column('c19999').values)).toEqual([0, 5])
  })

  test('more than may be held is refused with what it would take', async () => {
    const file = put('long.csv', `x\n${'0\n1\n'.repeat(100_000)}`)
    expect(await said('neighbors', file, '--k', '1', '--max-memory', '100kB')).toMatch(
      /^refused: .*200,000 rows.*1\.\d MB.*100(\.0)? kB/,
    )
  })

  test('a JSON line of 36 MB, and 200,000 keys', async () => {
    const long = put('long.ndjson', `{"a":1,"t":"${'x'.repeat(36_000_000)}"}\n{"a":2,"t":"y"}\n`)
    expect((await readTable(long, {})).table.rows).toBe(2)
    const keys = Array.from({ length: 200_000 }, (_, i) => `"k${i}":${i}`).join(',')
    expect((await readTable(put('keys.json', `[{${keys}}]`), {})).table.columns).toHaveLength(200_000)
  })

  test('JSON with two equal keys, a number beyond all, a broken line', async () => {
    expect(await said('inspect', put('twice.json', '[{"a":1,"a":2}]'))).toMatch(
      /^refused: .*"a" stands twice/,
    )
    expect(await said('inspect', put('large.json', '[{"a":1e400}]'))).toMatch(/^refused: .*row 1, key "a"/)
    expect(await said('inspect', put('broken.ndjson', '{"a":1}\n{"a":\n'))).toMatch(/^refused: .*line 2/)
  })
})

describe('Parquet', () => {
  async function parquet(name: string, query: string): Promise<string> {
    const instance = await DuckDBInstance.create(':memory:')
    const connection = await instance.connect()
    await connection.run(`COPY (${query}) TO '${at(name)}' (FORMAT parquet, COMPRESSION uncompressed)`)
    connection.closeSync()
    instance.closeSync()
    return at(name)
  }

  test('encrypted, without its last mark, named as another format', async () => {
    const bytes = readFileSync(await parquet('sound.parquet', 'SELECT range::DOUBLE a FROM range(9)'))
    const encrypted = Buffer.concat([Buffer.from('PARE'), bytes.subarray(4, -4), Buffer.from('PARE')])
    expect(await said('inspect', put('locked.parquet', encrypted))).toMatch(/^refused: .*is encrypted/)
    const cut = Buffer.concat([bytes.subarray(0, -4), Buffer.from('XXXX')])
    expect(await said('inspect', put('cut.parquet', cut))).toMatch(/^refused: .*is cut off/)
    expect(await said('inspect', put('false.csv', bytes))).toMatch(
      /^refused: .*named as csv but holds parquet/,
    )
  })

  test('a dictionary with NaN, and missing cells: both are missing', async () => {
    const file = await parquet(
      'nan.parquet',
      `SELECT CASE range % 3 WHEN 0 THEN 'nan'::DOUBLE WHEN 1 THEN NULL ELSE 7 END a, range b FROM range(3000)`,
    )
    expect(JSON.parse(await said('inspect', file, '--json')).columns[0]).toMatchObject({
      missing: 2000,
      distinct: 1,
    })
  })

  test('cells that are missing by the footer and present by their page are damage', async () => {
    const file = await parquet(
      'nulls.parquet',
      'SELECT CASE WHEN range % 2 = 0 THEN NULL ELSE range END a FROM range(64)',
    )
    const whole = readFileSync(file)
    const refused: string[] = []
    let silent = 0
    // The page's marks stand at its beginning, right after its header.
    for (let byte = 4; byte < 70; byte++) {
      const bytes = Buffer.from(whole)
      bytes[byte] ^= 2
      const path = put('damaged.parquet', bytes)
      try {
        const { table } = await readTable(path, {})
        if (missingOf(table) !== 32) silent++
      } catch (error) {
        if (!(error instanceof InputError)) throw error
        refused.push(error.message)
      }
    }
    expect(refused.length).toBeGreaterThan(10)
    expect(refused.filter((message) => message.includes('by the file’s footer')).length).toBeGreaterThan(0)
    expect(silent).toBe(0)
  })

  test('thirty million zeros in few bytes are refused by the footer', async () => {
    const file = await parquet('zeros.parquet', 'SELECT 0::DOUBLE a FROM range(30000000)')
    expect(readFileSync(file).length).toBeLessThan(4_000_000)
    const before = process.memoryUsage.rss()
    expect(await said('inspect', file, '--max-memory', '100MB')).toMatch(
      /^refused: .*30,000,000 rows.*240 MB/,
    )
    expect(process.memoryUsage.rss() - before).toBeLessThan(200 * 2 ** 20)
  })
})

describe('names of files', () => {
  test.each(['-rf', '--help', "we'ird; drop", 'a b', '~', '%2e%2e', '$HOME', '`id`'])(
    '%s is a name like any other',
    async (name) => {
      const file = put(`${name}.csv`, 'x\n1\n2\n9\n')
      expect(JSON.parse(await said('inspect', '--json', '--', file))).toMatchObject({ rows: 3 })
    },
  )

  test('a file is opened once: what takes its name meanwhile is not read', () => {
    const source = openSource(put('first.csv', 'x\n1\n'))
    renameSync(put('second.csv', 'x\n2\n'), at('first.csv'))
    expect(Buffer.from(readBytes(source, 0, 9)).toString()).toBe('x\n1\n')
    expect(readFileSync(source.path, 'utf8')).toBe('x\n1\n')
    source.close()
  })

  test('what may not be read says so', async () => {
    symlinkSync('/nowhere/at/all', at('lost.csv'))
    expect(await said('inspect', at('lost.csv'))).toMatch(/^refused: .*no such file/)
    symlinkSync(at('round.csv'), at('round.csv'))
    expect(await said('inspect', at('round.csv'))).toMatch(/^refused: /)
    expect(await said('inspect', 's3://bucket/x.parquet')).toMatch(/^refused: .*never an address/)
  })
})
