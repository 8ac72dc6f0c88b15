import { InputError, KMeans, type KMeansOptions, Matrix } from 'nigh'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import type { SparkKMeansOptions } from './kmeans.ts'
import { connect } from './spark.ts'
import { broughtHere } from './brought-here.ts'
import type { Frame } from './frame.ts'

const spark = await connect(process.env.NIGH_SPARK_URL ?? '', { token: process.env.NIGH_SPARK_TOKEN ?? '' })
afterAll(() => spark.close())

/** Whole numbers from 0 to 2^32 − 1, the same each time. */
function numbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

/** Rows in clusters. */
function blobs(n: number, d: number, clusters: number, seed: number, offset = 0, scale = 1): Matrix {
  const next = numbers(seed)
  const centres = Float64Array.from({ length: clusters * d }, () => next() * 20)
  const values = new Float64Array(n * d)
  for (let i = 0; i < n; i++) {
    const c = Math.floor(next() * clusters)
    for (let j = 0; j < d; j++) {
      values[i * d + j] = (centres[c * d + j] + next() + next() + next() - 1.5) * scale + offset
    }
  }
  return Matrix.of(values, d)
}

const names = (d: number): string[] => Array.from({ length: d }, (_, j) => `x${j}`)

function same(model: KMeans, local: KMeans): void {
  expect(Array.from(model.centroids.values)).toEqual(Array.from(local.centroids.values))
  expect(Array.from(model.counts)).toEqual(Array.from(local.counts))
  expect(model.inertia).toBe(local.inertia)
  expect(model.iterations).toBe(local.iterations)
  expect(model.converged).toBe(local.converged)
  expect(model.warnings.map(({ code }) => code)).toEqual(local.warnings.map(({ code }) => code))
}

async function labels(frame: Frame, model: KMeans): Promise<number[]> {
  const rows = await spark.predict(model, frame).sql('select cluster from input order by row').collect()
  return rows.map(({ cluster }) => Number(cluster))
}

describe('exact engine', () => {
  // Iterations run on the cluster, but for the last ones, which few rows take part in.
  beforeEach(() => {
    broughtHere.rows = 100
  })
  it('gives the bits of one machine, on any partitioning', async () => {
    const points = blobs(20_000, 5, 9, 1)
    const local = await KMeans.fit(points, { k: 7, seed: 3, nInit: 1, maxIterations: 20 })
    const table = await spark.upload(points)
    const options = { columns: names(5), k: 7, seed: 3, nInit: 1, maxIterations: 20 }
    for (const [text, here] of [
      ['select * from input', 2 ** 16],
      ['select /*+ REPARTITION(7) */ * from input', 2000],
      ['select /*+ REPARTITION(3, x1) */ * from input order by x0 desc', 0],
    ] as const) {
      const frame = table.sql(text)
      broughtHere.rows = here
      const model = await spark.kmeans(frame, options)
      same(model, local)
      expect(await labels(frame, model)).toEqual(Array.from(local.labels))
    }
  })

  const cases: readonly [string, Matrix, Omit<KMeansOptions, 'sampleWeight'>, string?][] = [
    ['one cluster', blobs(500, 2, 3, 2), { k: 1, nInit: 1 }],
    ['several starts', blobs(800, 3, 5, 3), { k: 5, nInit: 2, seed: 9 }],
    ['random rows', blobs(900, 2, 4, 4), { k: 6, init: 'random', nInit: 1 }],
    ['a limit', blobs(3000, 2, 1, 5), { k: 8, maxIterations: 3, nInit: 1 }],
    ['a tolerance', blobs(3000, 2, 1, 6), { k: 4, tolerance: 0.05, nInit: 1 }],
    ['rows far from zero', blobs(2000, 3, 6, 7, 1.7e12, 0.01), { k: 6, nInit: 1 }],
    ['tiny rows', blobs(1000, 2, 4, 8, 0, 1e-50), { k: 4, nInit: 1 }],
    ['huge rows', blobs(1000, 2, 4, 9, 0, 1e120), { k: 4, nInit: 1 }],
    ['one different row', Matrix.of(new Float64Array(200).fill(3.5), 2), { k: 3 }],
    [
      'few different rows',
      Matrix.of(
        Float64Array.from({ length: 600 }, (_, i) => i % 5),
        1,
      ),
      { k: 9, nInit: 1 },
    ],
    ['more clusters than a group', blobs(2500, 2, 30, 10), { k: 20, nInit: 1 }],
    [
      'centroids that nobody is near to',
      blobs(1000, 2, 4, 11),
      {
        k: 4,
        init: [
          [0, 0],
          [1e5, 1e5],
          [-1e6, 3],
          [5, 5],
        ],
      },
    ],
    ['float32 rows', Matrix.of(Float32Array.from(blobs(1500, 3, 4, 12).values), 3), { k: 5, nInit: 1 }],
  ]
  for (const [name, points, options] of cases) {
    it(`gives the bits of one machine: ${name}`, async () => {
      const local = await KMeans.fit(points, options)
      const table = await spark.upload(points)
      const { k, init, nInit, maxIterations, tolerance, seed } = options
      const given: SparkKMeansOptions = {
        columns: names(points.columns),
        k,
        ...(init === undefined || typeof init === 'function' ? {} : { init }),
        ...(nInit === undefined ? {} : { nInit }),
        ...(maxIterations === undefined ? {} : { maxIterations }),
        ...(tolerance === undefined ? {} : { tolerance }),
        ...(seed === undefined ? {} : { seed }),
      }
      same(await spark.kmeans(table, given), local)
    })
  }

  for (const [name, weigh] of [
    ['whole weights', (u: number) => Math.floor(u * 5)],
    ['fractions', (u: number) => (u < 0.2 ? 0 : u * 3.7)],
    ['small weights', (u: number) => u * 1e-3],
    ['large weights', (u: number) => u * 1e9],
  ] as const) {
    it(`gives the bits of one machine: ${name}`, async () => {
      const points = blobs(1200, 3, 5, 20)
      const next = numbers(21)
      const sampleWeight = Float64Array.from({ length: 1200 }, () => weigh(next()))
      const local = await KMeans.fit(points, { k: 5, sampleWeight, nInit: 1 })
      const values = new Float64Array(1200 * 4)
      for (let i = 0; i < 1200; i++) {
        values.set(points.row(i), i * 4)
        values[i * 4 + 3] = sampleWeight[i]
      }
      const table = await spark.upload(Matrix.of(values, 4), { columns: ['x0', 'x1', 'x2', 'w'] })
      const model = await spark.kmeans(table, { columns: names(3), k: 5, weightColumn: 'w', nInit: 1 })
      same(model, local)
    })
  }

  it('makes few tasks of few rows, where the server cuts what is shuffled into many', async () => {
    const points = blobs(20_000, 5, 9, 1)
    const local = await KMeans.fit(points, { k: 7, seed: 3, nInit: 1, maxIterations: 20 })
    const cutting = await connect(process.env.NIGH_SPARK_URL ?? '', {
      token: process.env.NIGH_SPARK_TOKEN ?? '',
    })
    try {
      await cutting.sql('set spark.sql.shuffle.partitions = 40').collect()
      const table = await cutting.upload(points)
      let most = 0
      const model = await cutting.kmeans(table, {
        columns: names(5),
        k: 7,
        seed: 3,
        nInit: 1,
        maxIterations: 20,
        onProgress: ({ phase, cluster }) => {
          if (phase !== 'pack' && cluster !== null) most = Math.max(most, cluster.tasks)
        },
      })
      same(model, local)
      // A task and the one that adds up; nothing is told of passes that are quick.
      expect(most).toBeLessThan(10)
    } finally {
      await cutting.close()
    }
  })

  it('takes a column of arrays, and columns of whole numbers', async () => {
    const local = await KMeans.fit(
      [
        [1, 2],
        [1, 3],
        [8, 8],
        [9, 8],
        [9, 9],
      ],
      { k: 2 },
    )
    const text =
      'select * from values (1L, 1, array(1, 2)), (1L, 2, array(1, 3)), (8L, 3, array(8, 8)), (9L, 3, array(9, 8)), (9L, 4, array(9, 9)) as t(a, b, x)'
    same(await spark.kmeans(spark.sql(text), { columns: ['x'], k: 2, nInit: 1 }), local)
    same(
      await spark.kmeans(spark.sql(`select a, double(x[1]) as b from (${text})`), {
        columns: ['a', 'b'],
        k: 2,
      }),
      local,
    )
  })

  it('survives saving, and predicts here as there', async () => {
    const points = blobs(500, 2, 3, 30)
    const table = await spark.upload(points)
    const model = await spark.kmeans(table, { columns: names(2), k: 3, nInit: 1 })
    const again = KMeans.fromBytes(model.toBytes())
    expect(await labels(table, model)).toEqual(Array.from(again.predictSync(points)))
  })
})

describe('refusals', () => {
  const cases: readonly [string, string, SparkKMeansOptions, string, string][] = [
    ['a missing value', 'select double(null) as a, 1D as b', { k: 1 }, 'E_NONFINITE', 'columns'],
    ['NaN', "select double('NaN') as a, 1D as b", { k: 1 }, 'E_NONFINITE', 'columns'],
    ['text', "select 'x' as a", { columns: ['a'], k: 1 }, 'E_TYPE', 'columns'],
    ['a column that is not there', 'select 1D as a', { columns: ['b'], k: 1 }, 'E_FEATURES', 'columns'],
    ['no rows', 'select 1D as a where false', { k: 1 }, 'E_EMPTY', 'table'],
    ['k above the number of rows', 'select 1D as a', { k: 2 }, 'E_K', 'k'],
    ['k that is no number', 'select 1D as a', { k: Number.NaN }, 'E_K', 'k'],
    [
      'a negative weight',
      'select 1D as a, -1D as w',
      { columns: ['a'], k: 1, weightColumn: 'w' },
      'E_WEIGHTS',
      'weightColumn',
    ],
    [
      'weights of zero',
      'select 1D as a, 0D as w',
      { columns: ['a'], k: 1, weightColumn: 'w' },
      'E_WEIGHTS',
      'weightColumn',
    ],
    ['numbers whose squares overflow', 'select 1e200D as a', { k: 1 }, 'E_RANGE', 'columns'],
    ['init of another shape', 'select 1D as a', { k: 1, init: [[1, 2]] }, 'E_INIT', 'init'],
  ]
  for (const [name, text, options, code, param] of cases) {
    it(`refuses ${name}`, async () => {
      const error = await spark.kmeans(spark.sql(text), options).catch((caught: unknown) => caught)
      expect(error).toBeInstanceOf(InputError)
      expect(error).toMatchObject({ code, param })
    })
  }
})

describe('mllib', () => {
  it('fits by Spark itself, and the model agrees with itself', async () => {
    const points = blobs(3000, 4, 5, 40)
    const table = await spark.upload(points)
    const model = await spark.kmeans(table, { columns: names(4), k: 5, engine: 'mllib', seed: 1 })
    expect(model.centroids.rows).toBe(5)
    const found = await labels(table, model)
    expect(found).toEqual(Array.from(model.predictSync(points)))
    expect(Array.from(model.counts)).toEqual(
      Array.from({ length: 5 }, (_, c) => found.filter((label) => label === c).length),
    )
    expect(model.inertia).toBeCloseTo(-model.scoreSync(points), 6)
    // Five clear clusters: Spark finds what nigh finds.
    const local = await KMeans.fit(points, { k: 5 })
    expect(model.inertia / local.inertia).toBeLessThan(1.5)
  })
})
