import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { Command, type Ended } from '../../test/command.ts'

// Every test starts processes, and the machine may be busy.
vi.setConfig({ testTimeout: 60_000 })

const command = new Command()
const { folder } = command
const scratch = join(folder, 'scratch')
mkdirSync(scratch)
const nigh = (args: readonly string[], signal?: NodeJS.Signals): Promise<Ended> =>
  command.start(args, {
    env: { TMPDIR: scratch },
    stop: signal === undefined ? undefined : { signal, after: 900 },
  })

/** Numbers, text, true and false, dates, holes. */
function mixed(rows: number): string {
  let text = 'id,a,b,colour,member,day,count\n'
  for (let i = 0; i < rows; i++) {
    const group = (i * 7919) % 5
    const cells = [
      i * 3 + 11,
      group * 10 + ((i * 31) % 97) / 10,
      i % 41 === 7 ? '' : (group * 1000 + ((i * 17) % 1009)) / 3,
      ['red', 'green', '"blue, dark"', '=grey'][(i * 13) % 4],
      i % 3 === 0,
      `2024-0${1 + (i % 9)}-1${i % 10}`,
      i % 3,
    ]
    text += `${cells.join(',')}\n`
  }
  return text
}

writeFileSync(join(folder, 'mixed.csv'), mixed(3000))
const ready = nigh([
  'kmeans',
  'mixed.csv',
  '--k',
  '2',
  '--missing',
  'impute',
  '--out',
  'mixed.parquet',
  '--quiet',
])

describe('a streamed run writes the bytes of a run in memory', () => {
  const cases: readonly (readonly string[])[] = [
    ['mixed.csv', 'csv', '--k', '6', '--missing', 'impute'],
    ['mixed.csv', 'parquet', '--k', '6', '--missing', 'drop', '--weights-column', 'count'],
    ['mixed.parquet', 'ndjson', '--k', '4', '--columns', 'a,colour', '--scale', 'robust', '--n-init', '3'],
    ['mixed.csv', 'arrow', '--k', '6', '--missing', 'drop'],
    ['mixed.csv', 'tsv', '--k', 'auto', '--columns', 'a,count'],
    ['mixed.parquet', 'json', '--k', '7', '--ignore', 'b', '--scale', 'minmax', '--init', 'random'],
  ]
  for (const [data, ending, ...args] of cases) {
    it([data, ending, ...args].join(' '), async () => {
      expect((await ready).err).toBe('')
      const whole = await nigh([
        'kmeans',
        data,
        ...args,
        '--model',
        'w.nigh',
        '--out',
        `w.${ending}`,
        '--quiet',
      ])
      const streamed = await nigh([
        ...['kmeans', data, ...args, '--stream', '--model', 's.nigh', '--out', `s.${ending}`, '--quiet'],
      ])
      expect(whole).toMatchObject({ code: 0, err: '' })
      expect(streamed).toMatchObject({ code: 0, err: '' })
      const same = (a: string, b: string): boolean =>
        readFileSync(join(folder, a)).equals(readFileSync(join(folder, b)))
      expect(same('w.nigh', 's.nigh')).toBe(true)
      expect(same(`w.${ending}`, `s.${ending}`)).toBe(true)
      expect(readdirSync(scratch)).toEqual([])
    })
  }
})

describe('--method minibatch', () => {
  it('streams: one model for every way that the file is cut, and answers that are its own', async () => {
    await ready
    const fit = [
      '--k',
      '5',
      '--missing',
      'impute',
      '--method',
      'minibatch',
      '--batch-size',
      '200',
      '--stream',
    ]
    const runs = ['mixed.csv', 'mixed.parquet'].map(async (file) => {
      const out = `${file}.mini.csv`
      const { code, out: answer } = await nigh([
        ...['kmeans', file, '--columns', 'a,b,count', ...fit],
        ...['--out', out, '--model', `${file}.nigh`, '--json'],
      ])
      expect(code).toBe(0)
      const found = JSON.parse(answer)
      expect(found).toMatchObject({ method: 'minibatch', streamed: true, k: 5, rows: 3000 })
      const labels = readFileSync(join(folder, out), 'utf8').trim().split('\n').slice(1)
      const at = labels[0].split(',').length - 2
      const counts = [0, 0, 0, 0, 0]
      for (const line of labels)
        counts[
          Number(
            line
              .replace(/"[^"]*"/g, '')
              .split(',')
              .at(at - labels[0].split(',').length),
          )
        ]++
      expect(counts).toEqual(found.counts)
      const predicted = await nigh(['predict', `${file}.nigh`, file, '--out', `${file}.again.csv`, '--quiet'])
      expect(predicted.code).toBe(0)
      expect(readFileSync(join(folder, `${file}.again.csv`), 'utf8')).toBe(
        readFileSync(join(folder, out), 'utf8'),
      )
      return found
    })
    const [csv, parquet] = await Promise.all(runs)
    expect(parquet.centroids).toEqual(csv.centroids)
    expect(parquet.inertia).toBe(csv.inertia)
  })

  it('is streamed unasked where the table is too large, and draws a page', async () => {
    const { code, err } = await nigh([
      ...[
        'kmeans',
        'mixed.csv',
        '--k',
        '5',
        '--columns',
        'a',
        '--method',
        'minibatch',
        '--max-memory',
        '20kB',
      ],
      ...['--report', 'mini.html', '--quiet'],
    ])
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(readFileSync(join(folder, 'mini.html'), 'utf8')).toContain('Mini-batch K-Means put 3,000 rows')
  })
})

describe('streaming', () => {
  it('is what happens to a table larger than --max-memory, and is said', async () => {
    const large = ['kmeans', 'mixed.csv', '--k', '3', '--missing', 'impute', '--max-memory', '50kB']
    const { code, err, out } = await nigh(large)
    expect(code).toBe(0)
    expect(err).toMatch(
      /about 3,000 rows × 7 columns would take 168 kB.*it is streamed through temporary files/,
    )
    expect(out).toMatch(/K-Means {2}k = 3.*converged after/)
    const whole = await nigh(['kmeans', 'mixed.csv', '--k', '3', '--missing', 'impute'])
    const lines = (text: string): string[] => text.split('\n').slice(0, -2)
    expect(lines(out)).toEqual(lines(whole.out))
  })

  it('is what happens to a table whose words would be too many columns; other commands refuse it', async () => {
    let text = 'n,word\n'
    for (let i = 0; i < 3000; i++) text += `${i % 7},w${i % 50}\n`
    writeFileSync(join(folder, 'words.csv'), text)
    const asked = ['words.csv', '--k', '3', '--max-memory', '1MB']
    const { code, err } = await nigh(['kmeans', ...asked])
    expect(err).toMatch(
      /3,000 rows × 51 encoded columns would take 1.2 MB, more than the 1.0 MB allowed; it is/,
    )
    expect(code).toBe(0)
    const refused = await nigh(['neighbors', ...asked])
    expect(refused.err).toMatch(/would take 1.2 MB.*above all of text, or set --max-memory/)
    expect(refused.code).toBe(2)
    const many = await nigh([
      'neighbors',
      'words.csv',
      '--columns',
      'n',
      '--k',
      '2000',
      '--max-memory',
      '9MB',
    ])
    expect(many.err).toMatch(
      /2,000 neighbours of 3,000 rows would take 72.0 MB, more than the 9.0 MB.*\(--k\)/,
    )
    expect(many.code).toBe(2)
  })

  const refusals: readonly (readonly [readonly string[], RegExp])[] = [
    [['--k', '3'], /"b" 73.*set --missing drop/],
    [['--k', '4000', '--ignore', 'b'], /--k must be at most 3000, the number of rows, got 4000/],
    [['--k', '3', '--columns', 'a,B'], /did you mean "b"/],
    [
      ['--k', '3', '--columns', 'a', '--weights-column', 'colour'],
      /weights must be numbers, but the column holds text/,
    ],
  ]
  for (const [args, message] of refusals) {
    it(`refuses ${args.join(' ')}`, async () => {
      const { code, err } = await nigh(['kmeans', 'mixed.csv', '--stream', ...args])
      expect(err).toMatch(message)
      expect(code).toBe(2)
      expect(readdirSync(scratch)).toEqual([])
    })
  }

  it('refuses what it cannot stream', async () => {
    writeFileSync(join(folder, 'rows.json'), '[{"a":1},{"a":2}]')
    const { code, err } = await nigh(['kmeans', 'rows.json', '--k', '1', '--stream'])
    expect(err).toMatch(/only CSV, TSV, Parquet and Arrow files are streamed; convert this json file/)
    expect(code).toBe(2)
  })

  for (const signal of ['SIGINT', 'SIGKILL'] as const) {
    it(`leaves nothing behind at ${signal}`, async () => {
      writeFileSync(join(folder, 'long.csv'), mixed(60_000))
      const before = readdirSync(folder)
      await nigh(
        ['kmeans', 'long.csv', '--k', '200', '--missing', 'impute', '--stream', '--out', 'o.csv', '--quiet'],
        signal,
      )
      expect(readdirSync(scratch)).toEqual([])
      if (signal === 'SIGINT') expect(readdirSync(folder)).toEqual(before)
    })
  }
})
