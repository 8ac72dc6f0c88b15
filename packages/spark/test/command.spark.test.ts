import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { KMeans, load } from 'nigh'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connect } from '../src/spark.ts'

const url = process.env.NIGH_SPARK_URL ?? ''
const token = process.env.NIGH_SPARK_TOKEN ?? ''
const command = fileURLToPath(new URL('../../cli/bin/nigh.js', import.meta.url))
const examples = fileURLToPath(new URL('../../../examples/data/', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'nigh-command-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Ended {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** Runs the command as a shell would. */
function nigh(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<Ended> {
  const env = { ...process.env, SPARK_CONNECT_AUTHENTICATE_TOKEN: token, ...environment }
  return new Promise((resolve) => {
    execFile(process.execPath, [command, ...args], { env, maxBuffer: 2 ** 26 }, (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code), out, err })
    })
  })
}

/** The JSON of a command that ended well, without what differs from run to run. */
async function answer(args: readonly string[]): Promise<Record<string, unknown>> {
  const { code, out, err } = await nigh([...args, '--json'])
  expect(code, err).toBe(0)
  const { seconds, timings, spark, ...rest } = JSON.parse(out)
  expect(seconds).toBeGreaterThan(0)
  expect(timings).toBeTypeOf('object')
  return args.includes('--spark') ? { ...rest, onSpark: spark.version } : rest
}

const iris = join(examples, 'iris.csv')
const penguins = join(examples, 'penguins.csv')
let version = ''

beforeAll(async () => {
  const spark = await connect(url, { token })
  version = spark.version
  await spark
    .sql(`select id as row, pmod(id, 3) * 10 + rand(1) as a, pmod(id, 3) * 7 + rand(2) as b,
      if(pmod(id, 3) = 0, 'x', 'y') as kind from range(0, 600, 1, 4)`)
    .writeParquet(join(folder, 'cells'))
  await spark.close()
})

describe('the command on a cluster', () => {
  it('kmeans: the same JSON, the same rows, the same model as here', async () => {
    const options = ['--k', '3', '--ignore', 'species', '--seed', '2']
    const here = await answer(['kmeans', iris, ...options, '--out', join(folder, 'here.csv')])
    const there = await answer([
      'kmeans',
      iris,
      ...options,
      '--spark',
      url,
      '--out',
      join(folder, 'there.csv'),
      '--model',
      join(folder, 'there.nigh'),
      '--report',
      join(folder, 'there.html'),
    ])
    expect(there).toEqual({ ...here, onSpark: version })
    expect(readFileSync(join(folder, 'there.csv'), 'utf8')).toBe(
      readFileSync(join(folder, 'here.csv'), 'utf8'),
    )
    const model = load(readFileSync(join(folder, 'there.nigh')))
    expect(model).toBeInstanceOf(KMeans)
    expect(model instanceof KMeans && model.inertia).toBe(here.inertia)
    expect(readFileSync(join(folder, 'there.html'), 'utf8')).toContain('Clusters in principal components')
    // The model answers rows there as here.
    const asked = ['predict', join(folder, 'there.nigh'), iris]
    expect(await answer([...asked, '--spark', url])).toEqual({ ...(await answer(asked)), onSpark: version })
  })

  it('kmeans: rows that the cluster reads, and rows that it writes', async () => {
    const place = `file://${join(folder, 'labelled')}`
    const { code, out, err } = await nigh([
      'kmeans',
      `file://${join(folder, 'cells')}`,
      '--k',
      '3',
      '--columns',
      'a,b',
      '--spark',
      url,
      '--out',
      place,
    ])
    expect(code, err).toBe(0)
    expect(out).toContain('600 rows × 4 columns, on Spark')
    expect(out).toContain('k = 3')
    const spark = await connect(url, { token })
    const found = await spark
      .parquet(join(folder, 'labelled'))
      .sql('select count(*) as n, count(distinct cluster) as clusters, min(distance) >= 0 as far from input')
      .collect()
    await spark.close()
    expect(found).toEqual([{ n: 600, clusters: 3, far: true }])
  })

  it('neighbors: the same rows and distances as here', async () => {
    const options = ['neighbors', iris, '--ignore', 'species', '--k', '4']
    expect(await answer([...options, '--spark', url])).toEqual({
      ...(await answer(options)),
      onSpark: version,
    })
  })

  it('knn: tries itself out, and answers rows', async () => {
    const { out, code, err } = await nigh([
      'knn',
      penguins,
      '--target',
      'species',
      '--missing',
      'drop',
      '--predict',
      penguins,
      '--out',
      join(folder, 'species.csv'),
      '--spark',
      url,
      '--json',
    ])
    expect(code, err).toBe(0)
    const found = JSON.parse(out)
    expect(found).toMatchObject({ command: 'knn', task: 'classify', target: 'species', k: 5 })
    expect(found.evaluation.accuracy).toBeGreaterThan(0.9)
    expect(readFileSync(join(folder, 'species.csv'), 'utf8').split('\n')[0]).toMatch(/prediction,neighbors$/)
  })

  it('knn: a report of some rows, tried here', async () => {
    const page = join(folder, 'knn.html')
    const plot = join(folder, 'knn.svg')
    const { code, err } = await nigh([
      'knn',
      iris,
      '--target',
      'species',
      '--spark',
      url,
      '--report',
      page,
      '--plot',
      plot,
    ])
    expect(code, err).toBe(0)
    expect(readFileSync(page, 'utf8')).toContain('species')
    expect(readFileSync(plot, 'utf8')).toContain('<svg')
  })

  it('choose-k: a number of clusters, and its report', async () => {
    const page = join(folder, 'choice.html')
    const found = await answer([
      'choose-k',
      `file://${join(folder, 'cells')}`,
      '--columns',
      'a,b',
      '--to',
      '5',
      '--spark',
      url,
      '--report',
      page,
    ])
    expect(found).toMatchObject({ command: 'choose-k', rows: 600, k: 3, sampled: 600, onSpark: version })
    expect(readFileSync(page, 'utf8')).toContain('recommend 3 clusters')
  })

  it('anomalies: the same rows as here, and why', async () => {
    const options = [
      'anomalies',
      iris,
      '--ignore',
      'species',
      '--method',
      'centroid',
      '--k',
      '3',
      '--top',
      '6',
    ]
    const [here, there] = [
      await answer([...options, '--out', join(folder, 'here-scores.csv')]),
      await answer([...options, '--spark', url, '--out', join(folder, 'there-scores.csv')]),
    ]
    const ranked = (found: Record<string, unknown>): unknown =>
      JSON.parse(
        JSON.stringify(found.ranked, (key, x: unknown) => (key === 'score' ? Number(x).toFixed(9) : x)),
      )
    expect(ranked(there)).toEqual(ranked(here))
    expect({ ...there, ranked: 0, threshold: 0 }).toEqual({
      ...here,
      ranked: 0,
      threshold: 0,
      onSpark: version,
    })
    expect(Number(there.threshold)).toBeCloseTo(Number(here.threshold), 9)
    const flags = (name: string): string[] =>
      readFileSync(join(folder, name), 'utf8')
        .split('\n')
        .map((line) => line.split(',').at(-1) ?? '')
    expect(flags('there-scores.csv')).toEqual(flags('here-scores.csv'))
  })

  it('takes ids and columns of any name, and leaves those of the data as they are', async () => {
    const places = join(folder, 'places.csv')
    const here = join(folder, 'asked.csv')
    const rows = Array.from({ length: 40 }, (_, i) => [
      1000 + i * 3,
      (i * 7) % 11,
      (i * 5) % 13,
      i % 4,
      'ab'[i % 2],
    ])
    writeFileSync(places, `place id,x,y,cluster,kind\n${rows.map((row) => row.join(',')).join('\n')}\n`)
    writeFileSync(here, 'x,y\n1,1\n5,5\n9,2\n')
    const on = ['--spark', url]
    const near = ['neighbors', places, '--columns', 'x,y', '--query', here, '--k', '2']
    const { indices } = await answer(near)
    const found = await answer([...near, '--id', 'place id', ...on])
    if (!Array.isArray(indices)) throw new Error('indices are lists')
    expect(found.indices).toEqual(indices.map((list: number[]) => list.map((i) => 1000 + i * 3)))
    const options = ['--columns', 'x,y', '--k', '3']
    const model = join(folder, 'places.nigh')
    for (const [name, more] of [
      ['here.csv', []],
      ['there.csv', on],
    ] as const) {
      await answer([
        'kmeans',
        places,
        ...options,
        ...more,
        '--model',
        model,
        '--out',
        join(folder, `fit-${name}`),
      ])
      await answer(['predict', model, places, ...more, '--out', join(folder, `predict-${name}`)])
    }
    for (const step of ['fit', 'predict']) {
      const text = readFileSync(join(folder, `${step}-there.csv`), 'utf8')
      expect(text).toBe(readFileSync(join(folder, `${step}-here.csv`), 'utf8'))
      expect(text).toMatch(/^place id,x,y,cluster,kind,cluster_nigh,distance\n/)
    }
    const learn = ['knn', places, '--target', 'kind', '--columns', 'x,y', '--predict', here, '--k', '1']
    await answer([...learn, '--id', 'place id', '--out', join(folder, 'knn.csv'), ...on])
    expect(readFileSync(join(folder, 'knn.csv'), 'utf8').split('\n')[1]).toMatch(/^1,1,[ab],1\d{3}$/)
    const { code, err } = await nigh(['anomalies', places, '--method', 'centroid', '--id', 'kind', ...on])
    expect(code).not.toBe(0)
    expect(err).toContain('--id must name a column of whole numbers')
  })

  it('refuses what a cluster cannot do, before it connects', async () => {
    const nowhere = ['--spark', 'sc://127.0.0.1:1']
    for (const [args, says] of [
      [['anomalies', iris, ...nowhere], '--method neighbor does not go with --spark'],
      [['anomalies', iris, '--method', 'centroid', '--report', 'x.html', ...nowhere], '--report'],
      [['knn', iris, '--target', 'species', '--cv', '5', ...nowhere], '--cv "5" does not go with --spark'],
      [['knn', iris, '--target', 'species', '--model', 'x.nigh', ...nowhere], '--model'],
      [['neighbors', iris, '--metric', 'cosine', ...nowhere], '--metric cosine does not go with --spark'],
      [['kmeans', iris, '--k', '2', '--method', 'medoids', ...nowhere], '--spark does not go with'],
    ] as const) {
      const { code, err } = await nigh(args)
      expect(code, err).toBe(2)
      expect(err).toContain(says)
    }
  })

  it('says what is wrong in one line', async () => {
    const wrong = await nigh(['kmeans', iris, '--k', '2', '--spark', url], {
      SPARK_CONNECT_AUTHENTICATE_TOKEN: 'no',
    })
    expect(wrong.code).toBe(2)
    expect(wrong.err).toContain('set --spark-token')
    const none = await nigh(['kmeans', 'table:nowhere.at_all', '--k', '2', '--spark', url])
    expect(none.code).toBe(2)
    expect(none.err).toContain('TABLE_OR_VIEW_NOT_FOUND')
    expect(none.err.trim().split('\n')).toHaveLength(1)
  })
})
