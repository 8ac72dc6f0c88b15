import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { Command, type Ended } from '../../test/command.ts'
import { runProgram } from '../program.ts'

// Every test starts processes, and the machine may be busy.
vi.setConfig({ testTimeout: 60_000 })

const command = new Command()
const { folder } = command
const nigh = (args: readonly string[], options: { input?: string } = {}): Promise<Ended> =>
  command.start(args, options)

// Answers are looked at field by field.
// oxlint-disable-next-line no-explicit-any
async function json(args: readonly string[]): Promise<any> {
  const { code, out, err } = await nigh([...args, '--json'])
  expect(err).toBe('')
  expect(code).toBe(0)
  return JSON.parse(out)
}

function put(name: string, contents: string | Uint8Array): string {
  writeFileSync(join(folder, name), contents)
  return name
}

/** Three groups in the plane, far apart, with their names. */
function groups(): string {
  let text = 'x,y,group\n'
  for (let i = 0; i < 90; i++) {
    const group = i % 3
    text += `${group * 100 + (i % 7)},${(group === 1 ? 50 : 0) + (i % 5)},${'abc'[group]}\n`
  }
  return text
}

put('groups.csv', groups())

const files = readdirSync(folder)

describe('kmeans', () => {
  test('--json has the promised keys, in the data’s own units', async () => {
    const answer = await json(['kmeans', 'groups.csv', '--k', '3', '--ignore', 'group'])
    expect(Object.keys(answer)).toEqual(
      expect.arrayContaining([
        'command',
        'rows',
        'columns',
        'k',
        'seed',
        'iterations',
        'converged',
        'inertia',
        'counts',
        'centroids',
        'seconds',
        'timings',
      ]),
    )
    expect(answer).toMatchObject({
      command: 'kmeans',
      rows: 90,
      columns: ['x', 'y'],
      k: 3,
      seed: 0,
      converged: true,
      counts: [30, 30, 30],
    })
    const centres = answer.centroids.map(([x]: number[]) => Math.round(x / 100)).sort()
    expect(centres).toEqual([0, 1, 2])
    expect(Object.keys(answer.timings)).toEqual(expect.arrayContaining(['read', 'encode', 'fit', 'seed']))
  })

  test('--out gives the rows with cluster and distance, in every format', async () => {
    await Promise.all(
      ['csv', 'tsv', 'json', 'ndjson', 'parquet', 'arrow'].map(async (ending) => {
        const file = `out.${ending}`
        const { code, err } = await nigh([
          'kmeans',
          'groups.csv',
          '--k',
          '3',
          '--ignore',
          'group',
          '--out',
          file,
          '--quiet',
        ])
        expect({ code, err }).toEqual({ code: 0, err: '' })
        const summary = await json(['inspect', file])
        expect(summary.rows).toBe(90)
        expect(summary.columns.map((column: { name: string }) => column.name)).toEqual([
          'x',
          'y',
          'group',
          'cluster',
          'distance',
        ])
        expect(summary.columns[3]).toMatchObject({ type: 'number', min: 0, max: 2, distinct: 3, missing: 0 })
      }),
    )
    const text = await nigh(['kmeans', 'groups.csv', '--k', '3', '--out', 'out.npy'])
    expect(text.code).toBe(2)
    expect(text.err).toContain('an npy file holds numbers only, but column "group" is text')
    expect(readdirSync(folder).filter((name) => name.includes('.tmp'))).toEqual([])
  })

  test('the answer for a person: what was read, how, and what sets clusters apart', async () => {
    const { code, out, err } = await nigh(['kmeans', 'groups.csv', '--k', '3', '--ignore', 'group'])
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(out).toContain('groups.csv: 90 rows × 3 columns (CSV')
    expect(out).toMatch(/x +number, scaled: mean 103/)
    expect(out).toMatch(/group +not used: ignored/)
    expect(out).toMatch(/K-Means {2}k = 3, seed 0; converged after/)
    expect(out).toMatch(/33\.3 % .* x .*\(others .* sd\)/)
    expect(out).not.toContain('\u001b')
    for (const line of out.split('\n')) expect(line.length).toBeLessThanOrEqual(100)
  })

  test('a weight of n is n copies', async () => {
    put('copies.csv', 'x,y\n0,0\n0,0\n0,0\n1,0\n9,9\n9,8\n')
    put('weights.csv', 'x,y,n\n0,0,3\n1,0,1\n9,9,1\n9,8,1\n')
    const copies = await json(['kmeans', 'copies.csv', '--k', '2', '--scale', 'none'])
    const weights = await json([
      'kmeans',
      'weights.csv',
      '--k',
      '2',
      '--scale',
      'none',
      '--weights-column',
      'n',
    ])
    expect(weights.counts).toEqual(copies.counts)
    expect(weights.centroids).toEqual(copies.centroids)
    expect(weights.inertia).toBe(copies.inertia)
  })

  test('standard input and standard output', async () => {
    const { code, out, err } = await nigh(
      ['kmeans', '-', '--k', '3', '--ignore', 'group', '--out', '-', '--quiet'],
      { input: groups() },
    )
    expect({ code, err }).toEqual({ code: 0, err: '' })
    const lines = out.trimEnd().split('\n')
    expect(lines[0]).toBe('x,y,group,cluster,distance')
    expect(lines.length).toBe(91)
  })
})

describe('choosing k', () => {
  test('choose-k and --k auto agree, and find the three groups', async () => {
    const chosen = await json(['choose-k', 'groups.csv', '--ignore', 'group', '--to', '5'])
    expect(chosen).toMatchObject({ command: 'choose-k', k: 3, verdict: 'clear', columns: ['x', 'y'] })
    expect(chosen.table.map((row: { k: number }) => row.k)).toEqual([1, 2, 3, 4, 5])
    const fitted = await json(['kmeans', 'groups.csv', '--ignore', 'group', '--k', 'auto'])
    expect(fitted).toMatchObject({ k: 3, counts: [30, 30, 30], chosen: { k: 3, verdict: 'clear' } })
  })
})

describe('knn', () => {
  test('classification: the evaluation and its baseline', async () => {
    const answer = await json(['knn', 'groups.csv', '--target', 'group', '--cv', 'loo', '--scale', 'none'])
    expect(answer).toMatchObject({
      command: 'knn',
      task: 'classify',
      rows: 90,
      columns: ['x', 'y'],
      target: 'group',
      k: 5,
      weights: 'uniform',
    })
    expect(answer.evaluation).toMatchObject({ method: 'loo', tested: 90, accuracy: 1, macroF1: 1 })
    expect(answer.evaluation.confusion).toEqual({
      labels: ['a', 'b', 'c'],
      matrix: [
        [30, 0, 0],
        [0, 30, 0],
        [0, 0, 30],
      ],
    })
    expect(answer.evaluation.baseline).toMatchObject({ label: 'a', accuracy: 1 / 3 })
  })

  test('leave-one-out in one fit equals leave-one-out row by row', async () => {
    const text = groups().replaceAll(',a', ',b').split('\n')
    put('mixed.csv', text.map((line, i) => (i % 11 === 3 ? line.replace(/[bc]$/, 'a') : line)).join('\n'))
    const once = await json([
      'knn',
      'mixed.csv',
      '--target',
      'group',
      '--cv',
      'loo',
      '--scale',
      'none',
      '--k',
      '4',
    ])
    // One fold a row takes the slow way round: every fold fits an encoder and a model of its own.
    const each = await json([
      'knn',
      'mixed.csv',
      '--target',
      'group',
      '--cv',
      '90',
      '--scale',
      'none',
      '--k',
      '4',
    ])
    expect(once.evaluation.accuracy).toBeLessThan(1)
    expect(once.evaluation.confusion).toEqual(each.evaluation.confusion)
  })

  test('holdout and folds are seeded', async () => {
    const args = ['knn', 'groups.csv', '--target', 'x', '--ignore', 'group', '--k', '3']
    const [a, b, c] = await Promise.all([json(args), json(args), json([...args, '--seed', '1'])])
    expect(a.task).toBe('regress')
    expect(a.evaluation).toEqual(b.evaluation)
    expect(a.evaluation).not.toEqual(c.evaluation)
    expect(a.evaluation).toMatchObject({ method: 'holdout', share: 0.25, tested: 23 })
    for (const key of ['r2', 'rmse', 'mae']) expect(Number.isFinite(a.evaluation[key])).toBe(true)
    expect(a.evaluation.baseline.r2).toBeLessThanOrEqual(0)
  })

  test('--predict, --out, --model and nigh predict say the same', async () => {
    put('new.csv', 'x,y,note\n1,1,=1+1\n101,51,ok\n201,2,-2+3\n')
    const first = await nigh([
      'knn',
      'groups.csv',
      '--target',
      'group',
      '--predict',
      'new.csv',
      '--out',
      'labelled.csv',
      '--model',
      'groups.nigh',
    ])
    expect(first.code).toBe(0)
    const labelled = readFileSync(join(folder, 'labelled.csv'), 'utf8')
    expect(labelled.split('\n').map((line) => line.split(',').slice(0, 5).join())).toEqual([
      'x,y,note,prediction,confidence',
      "1,1,'=1+1,a,1",
      '101,51,ok,b,1',
      "201,2,'-2+3,c,1",
      '',
    ])
    const again = await nigh(['predict', 'groups.nigh', 'new.csv', '--out', '-', '--quiet'])
    expect(again).toEqual({ code: 0, err: '', out: labelled })
    const plain = await nigh(['predict', 'groups.nigh', 'new.csv', '--out', '-', '--quiet', '--formulas'])
    expect(plain.out).toContain('1,1,=1+1,a')
    const summary = await json(['inspect', 'groups.nigh'])
    expect(summary).toMatchObject({
      kind: 'model',
      model: 'knn-classifier',
      k: 5,
      rows: 90,
      classes: ['a', 'b', 'c'],
      features: ['x', 'y'],
    })
  })

  test('rows without a target are named, and left out only when asked', async () => {
    put('holes.csv', `${groups()}5,5,\n,1,a\n`)
    const refused = await nigh(['knn', 'holes.csv', '--target', 'group'])
    expect(refused.code).toBe(2)
    expect(refused.err).toContain('--target "group": 1 row of holes.csv has no target; set --missing drop')
    const answer = await nigh(['knn', 'holes.csv', '--target', 'group', '--missing', 'drop', '--json'])
    expect(JSON.parse(answer.out).rows).toBe(90)
    expect(answer.err).toContain('1 row without a target is left out')
    expect(answer.err).toContain('1 of 91 rows is left out: empty cells')
  })
})

describe('neighbors and inspect', () => {
  test('neighbours of each row, and of other rows', async () => {
    put('line.csv', 'x,y\n0,0\n1,0\n3,0\n7,0\n')
    put('query.csv', 'y,x\n0,2.9\n')
    const all = await json(['neighbors', 'line.csv', '--k', '2', '--scale', 'none', '--columns', 'x'])
    expect(all.indices).toEqual([
      [1, 2],
      [0, 2],
      [1, 0],
      [2, 1],
    ])
    expect(all.distances[0]).toEqual([1, 3])
    const other = await json([
      'neighbors',
      'line.csv',
      '--query',
      'query.csv',
      '--k',
      '1',
      '--scale',
      'none',
      '--columns',
      'x',
    ])
    expect(other.indices).toEqual([[2]])
    const { code } = await nigh([
      'neighbors',
      'line.csv',
      '--k',
      '1',
      '--scale',
      'none',
      '--columns',
      'x',
      '--out',
      'near.csv',
      '--quiet',
    ])
    expect(code).toBe(0)
    expect(readFileSync(join(folder, 'near.csv'), 'utf8').split('\n').slice(0, 2)).toEqual([
      'row,rank,neighbor,distance',
      '0,1,1,1',
    ])
  })

  test('what a data file holds', async () => {
    put('all.csv', 'n,t,b,d\n1,x,true,2024-01-01\n2,x,false,2024-01-03\n,y,,\n')
    const summary = await json(['inspect', 'all.csv'])
    expect(summary).toMatchObject({ command: 'inspect', kind: 'data', format: 'csv', rows: 3 })
    expect(summary.columns).toMatchObject([
      {
        name: 'n',
        type: 'number',
        missing: 1,
        distinct: 2,
        min: 1,
        max: 2,
        mean: 1.5,
        median: 1.5,
        deviation: 0.5,
      },
      {
        name: 't',
        type: 'text',
        missing: 0,
        distinct: 2,
        frequent: [
          { value: 'x', count: 2 },
          { value: 'y', count: 1 },
        ],
      },
      { name: 'b', type: 'boolean', missing: 1 },
      { name: 'd', type: 'date', missing: 1 },
    ])
  })
})

describe('refusals: code 2, one clear message, no stack trace', () => {
  test.each([
    [['predict', 'a.nigh'], /missing required argument 'data'/],
    [['kmeans'], /required option '-k, --k <n>' not specified/],
    [['kmeans', 'groups.csv'], /required option '-k, --k <n>' not specified/],
    [['kmeans', 'groups.csv', '--k', '0'], /'0' is invalid\. It must be a whole number from 1 up/],
    [['kmeans', 'groups.csv', '--k', '1.5'], /'1\.5' is invalid/],
    [
      ['kmeans', 'groups.csv', '--k', '3', '--scal', 'none'],
      /unknown option '--scal'[\s\S]*Did you mean --scale/,
    ],
    [
      ['kmeans', 'groups.csv', '--k', '3', '--scale', 'log'],
      /'log' is invalid\. Allowed choices are standard, minmax, robust, none/,
    ],
    [
      ['kmeans', 'groups.csv', '--k', '91', '--ignore', 'group'],
      /--k must be at most 90, the number of rows, got 91/,
    ],
    [
      ['kmeans', 'groups.csv', '--k', '3', '--columns', 'X'],
      /groups\.csv has none of the columns asked for \("X"\); did you mean "x"\?/,
    ],
    [
      ['kmeans', 'groups.csv', '--k', '3', '--columns', 'X,y'],
      /--columns "X": groups\.csv has no such column; did you mean "x"\?/,
    ],
    [['kmeans', 'groups.csv', '--k', '3', '--ignore', 'zzz'], /--ignore "zzz": .*it has "x", "y", "group"/],
    [['kmeans', 'groups.csv', '--k', '3', '--weights-column', 'group'], /weights must be numbers/],
    [['kmeans', 'absent.csv', '--k', '3'], /absent\.csv: there is no such file/],
    [['kmeans', 'http://127.0.0.1:9/x.csv', '--k', '3'], /reads files only, never an address/],
    [['kmeans', 'groups.csv', '--k', '3', '--out', 'x.xlsx'], /the ending says no format that nigh writes/],
    [['kmeans', 'groups.csv', '--k', '3', '--out', 'no/such/x.csv'], /its folder does not exist/],
    [['kmeans', 'groups.csv', '--k', '3', '--json', '--out', '-'], /both want standard output/],
    [['knn', 'groups.csv', '--target', 'Group'], /--target "Group": .*did you mean "group"\?/],
    [
      ['knn', 'groups.csv', '--target', 'group', '--task', 'regress'],
      /--task regress needs a column of numbers/,
    ],
    [['knn', 'groups.csv', '--target', 'group', '--cv', '1'], /from 2 up, or loo/],
    [['knn', 'groups.csv', '--target', 'group', '--cv', '5', '--holdout', '0.5'], /cannot be used with/],
    [['knn', 'groups.csv', '--target', 'group', '--k', '68'], /k must be at most 67/],
    [['knn', 'groups.csv', '--target', 'group', '--out', 'x.csv'], /--predict FILE, which is not set/],
    [['predict', 'groups.csv', 'groups.csv'], /groups\.csv: this is not a model file of nigh/],
    [
      ['neighbors', 'groups.csv', '--k', '90', '--ignore', 'group'],
      /--k must be at most 89, the number of other rows/,
    ],
    [['neighbors', 'groups.csv', '--metric', 'levenshtein'], /Allowed choices are euclidean/],
    [['clusters', 'groups.csv'], /unknown command 'clusters'/],
  ])('%j', async (args, message) => {
    const here = args.map((one) => (/^[a-z-]+\.(?:csv|nigh)$/.test(one) ? join(folder, one) : one))
    const silent = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
    const ended = runProgram(here, '0', new AbortController().signal).then(
      () => 'no error',
      (error: Error) => error.message.replaceAll(`${folder}/`, ''),
    )
    expect(await ended).toMatch(message)
    silent.mockRestore()
  })

  test('as a process: the code, one line on standard error, nothing on standard output', async () => {
    for (const args of [
      ['kmeans'],
      ['kmeans', 'groups.csv', '--k', '0'],
      ['kmeans', 'absent.csv', '--k', '3'],
    ]) {
      const { code, out, err } = await nigh(args)
      expect({ code, out }).toEqual({ code: 2, out: '' })
      expect(err).toMatch(/^nigh.*: .*\n$/)
    }
  })

  test('a model that was damaged, cut, or is something else', async () => {
    await nigh(['kmeans', 'groups.csv', '--k', '3', '--model', 'sound.nigh', '--ignore', 'group'])
    const bytes = readFileSync(join(folder, 'sound.nigh'))
    const flipped = Buffer.from(bytes)
    flipped[bytes.length - 100] ^= 1
    put('flipped.nigh', flipped)
    put('cut.nigh', bytes.subarray(0, bytes.length - 1))
    put('empty.nigh', '')
    put('other.csv', 'a,b\n1,2\n')
    for (const [file, message] of [
      ['flipped.nigh', /flipped\.nigh: .*changed or cut/],
      ['cut.nigh', /cut\.nigh: .*changed or cut/],
      ['empty.nigh', /empty\.nigh: this is not a model file/],
      [folder, /this is a directory, not a file/],
      ['/dev/zero', /this is a device, not a file/],
    ] as const) {
      const { code, err } = await nigh(['predict', file, 'groups.csv'])
      expect(err).toMatch(message)
      expect(code).toBe(2)
    }
    const features = await nigh(['predict', 'sound.nigh', 'other.csv'])
    expect(features.err).toMatch(/missing "x", "y"/)
    expect(features.code).toBe(2)
  })

  test('names and cells from the data cannot steer the terminal', async () => {
    put('evil.csv', '"x\u001b[2J","y\u202e"\n1,2\n3,4\n5,6\n')
    const { code, out } = await nigh(['kmeans', 'evil.csv', '--k', '2'])
    expect(code).toBe(0)
    expect(out).not.toContain('\u001b')
    expect(out).not.toContain('\u202e')
    expect(out).toContain('x\\u001b[2J')
  })
})

test('an interruption ends with 130 and leaves no half file', async () => {
  let text = 'a,b,c,d\n'
  for (let i = 0; i < 300_000; i++)
    text += `${(i * 7919) % 1009},${(i * 104729) % 997},${(i * 1299709) % 991},${i % 983}\n`
  put('large.csv', text)
  const { code, err } = await command.start(
    ['kmeans', 'large.csv', '--k', '200', '--out', 'large-out.csv', '--n-init', '20'],
    { stop: { signal: 'SIGINT', after: 3000 } },
  )
  expect(code).toBe(130)
  expect(err).toContain('interrupted; nothing was written')
  expect(readdirSync(folder).filter((name) => name.startsWith('large-out') || name.includes('.tmp'))).toEqual(
    [],
  )
})

test('help has examples and ends with 0', async () => {
  for (const args of [['--help'], ['kmeans', '--help'], ['--version']]) {
    const { code, err } = await nigh(args)
    expect({ code, err }).toEqual({ code: 0, err: '' })
  }
  expect((await nigh(['kmeans', '--help'])).out).toContain('Examples:')
  expect(files).toEqual(['groups.csv'])
})
