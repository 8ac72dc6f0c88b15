import {
  CentroidDistance,
  Encoder,
  KMeans,
  KNNClassifier,
  KNNRegressor,
  Matrix,
  Table,
  profileClusters,
} from 'nigh'
import { afterAll, describe, expect, it } from 'vitest'
import type { Frame } from './frame.ts'
import { connect } from './spark.ts'

const spark = await connect(process.env.NIGH_SPARK_URL ?? '', { token: process.env.NIGH_SPARK_TOKEN ?? '' })
afterAll(() => spark.close())

let state = 11
function next(): number {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0
  return state / 2 ** 32
}

const n = 900
const points = Matrix.of(
  Float64Array.from(
    { length: n * 2 },
    (_, i) => (Math.floor(i / 2) % 3) * 4 + Math.round((next() + next()) * 8) / 8,
  ),
  2,
)
const species = Array.from({ length: n }, (_, i) => (next() < 0.1 ? 'odd' : ['a', 'b', 'c'][i % 3]))
const height = Float64Array.from({ length: n }, (_, i) => points.values[i * 2] * 3 + next())

/** The same rows on the cluster: x, y, species, height and row. */
async function uploaded(): Promise<Frame> {
  const column = (j: number): Float64Array =>
    Float64Array.from({ length: n }, (_, i) => points.values[i * 2 + j])
  return spark.uploadColumns(
    [
      { name: 'x', type: 'double', values: column(0) },
      { name: 'y', type: 'double', values: column(1) },
      { name: 'species', type: 'text', values: species },
      { name: 'height', type: 'double', values: height },
      { name: 'row', type: 'long', values: BigInt64Array.from({ length: n }, (_, i) => BigInt(i)) },
    ],
    n,
  )
}
const queries = Matrix.of(
  Float64Array.from({ length: 80 }, () => next() * 12),
  2,
)

describe('neighbours that answer', () => {
  for (const weights of ['uniform', 'distance'] as const) {
    it(`classify as on one machine, ${weights}`, async () => {
      const local = KNNClassifier.fitSync(points, species, { k: 6, weights })
      const found = await spark.classify(queries, await uploaded(), {
        columns: ['x', 'y'],
        target: 'species',
        k: 6,
        weights,
      })
      expect(found.predictions).toEqual(local.predictSync(queries))
    })

    it(`average as on one machine, ${weights}`, async () => {
      const local = KNNRegressor.fitSync(points, height, { k: 4, weights })
      const found = await spark.regress(queries, await uploaded(), {
        columns: ['x', 'y'],
        target: 'height',
        k: 4,
        weights,
      })
      expect(found.predictions).toEqual(Array.from(local.predictSync(queries)))
    })
  }

  it('say how well they do on rows held out', async () => {
    const table = await uploaded()
    const classes = await spark.evaluate(table, { columns: ['x', 'y'], target: 'species', k: 5 })
    if (classes.task !== 'classify') throw new Error('text is classified')
    expect(classes.rows).toBeGreaterThan(150)
    expect(classes.rows).toBeLessThan(300)
    expect(classes.accuracy).toBeGreaterThan(0.8)
    expect(classes.confusion.labels).toEqual(['a', 'b', 'c', 'odd'])
    const numbers = await spark.evaluate(table, { columns: ['x', 'y'], target: 'height', k: 5 })
    if (numbers.task !== 'regress') throw new Error('numbers are averaged')
    expect(numbers.r2).toBeGreaterThan(0.98)
    // The same rows are held out however they lie in partitions.
    const again = await spark.evaluate(table.sql('select /*+ REPARTITION(3) */ * from input'), {
      columns: ['x', 'y'],
      target: 'species',
      k: 5,
    })
    expect(again).toEqual(classes)
  })
})

describe('an encoder', () => {
  const values = (f: (i: number) => number): Float64Array =>
    Float64Array.from({ length: 500 }, (_, i) => f(i))
  const price = values(() => next() * 1000 + 1e9)
  const depth = values((i) => (i % 7 === 0 ? Number.NaN : next()))
  const colour = Array.from({ length: 500 }, (_, i) =>
    i % 11 === 0 ? null : ["it's", 'b\\c', 'Zed', 'äb'][i % 4],
  )
  const sold = Array.from({ length: 500 }, (_, i) => (i % 13 === 0 ? null : i % 3 === 0))
  const colours = ["it's", 'b\\c', 'Zed', 'äb']
  const table = Table.of([
    { name: 'price', type: 'number', values: price },
    { name: 'depth', type: 'number', values: depth },
    {
      name: 'colour',
      type: 'text',
      values: Int32Array.from(colour, (c) => (c === null ? -1 : colours.indexOf(c))),
      categories: colours,
    },
    { name: 'sold', type: 'boolean', values: Uint8Array.from(sold, (s) => (s === null ? 255 : s ? 1 : 0)) },
  ])
  const upload = (): Promise<Frame> =>
    spark.uploadColumns(
      [
        { name: 'price', type: 'double', values: price },
        { name: 'depth', type: 'double', values: depth },
        { name: 'colour', type: 'text', values: colour },
        { name: 'sold', type: 'boolean', values: sold },
        { name: 'row', type: 'long', values: BigInt64Array.from({ length: 500 }, (_, i) => BigInt(i)) },
      ],
      500,
    )
  const columns = ['price', 'depth', 'colour', 'sold']

  for (const scale of ['standard', 'minmax', 'none'] as const) {
    for (const missing of ['impute', 'drop'] as const) {
      it(`learns what one machine learns: ${scale}, ${missing}`, async () => {
        const local = Encoder.fit(table, { columns, scale, missing })
        const frame = await upload()
        const found = await spark.encoder(frame, { columns, scale, missing })
        expect(found.toJSON()).toEqual(local.toJSON())
        const encoded = await spark.encode(found, frame)
        const rows = await encoded.sql('select features from input order by row').collect()
        expect(rows.map(({ features }) => features)).toEqual(local.encode(table).matrix.toArrays())
      })
    }
  }

  it('goes with the model', async () => {
    const frame = await upload()
    const encoder = await spark.encoder(frame, { columns, missing: 'impute' })
    const model = await spark.kmeans(frame, { encoder, k: 3, nInit: 1 })
    const local = await KMeans.fit(encoder.encode(table).matrix, { k: 3, nInit: 1 })
    expect(Array.from(model.centroids.values)).toEqual(Array.from(local.centroids.values))
    expect(Array.from(await model.predict(table))).toEqual(Array.from(local.labels))
  })

  it('refuses empty cells where it was told to', async () => {
    await expect(spark.encoder(await upload(), { columns })).rejects.toMatchObject({ code: 'E_MISSING' })
  })

  it('refuses a text that it does not know', async () => {
    const encoder = await spark.encoder(spark.sql("select 'a' as t union all select 'b'"), {})
    const encoded = await spark.encode(encoder, spark.sql("select 'c' as t"))
    await expect(encoded.collect()).rejects.toMatchObject({ code: 'E_FEATURES', param: 'table' })
  })
})

describe('clusters', () => {
  it('are described as on one machine', async () => {
    const table = await uploaded()
    const model = await spark.kmeans(table, { columns: ['x', 'y'], k: 3, nInit: 1 })
    const labels = model.predictSync(points)
    const { clusters } = profileClusters(points, labels, { names: ['x', 'y'], centroids: model.centroids })
    const found = await spark.profile(model, table)
    expect(found.map(({ label, size, share }) => ({ label, size, share }))).toEqual(
      clusters.map(({ label, size, share }) => ({ label: Number(label), size, share })),
    )
    for (let c = 0; c < 3; c++) {
      expect(found[c].description).toBe(clusters[c].description)
      for (let j = 0; j < 2; j++) {
        const expected = clusters[c].contrasts[j]
        const contrast = found[c].contrasts.find(({ name }) => name === expected.name)
        expect(contrast?.centre).toBeCloseTo(expected.centre, 9)
        expect(contrast?.rest).toBeCloseTo(expected.rest, 9)
        expect(contrast?.effect).toBeCloseTo(expected.effect, 9)
      }
    }
  })

  it('tell strangers as on one machine', async () => {
    const table = await uploaded()
    const local = await CentroidDistance.fit(points, { k: 3, nInit: 1, contamination: 0.05 })
    const model = await spark.kmeans(table, { columns: ['x', 'y'], k: 3, nInit: 1 })
    const { rows, threshold, spreads } = await spark.anomalies(model, table, { contamination: 0.05 })
    expect(threshold).toBeCloseTo(local.threshold, 9)
    for (let c = 0; c < 3; c++) expect(spreads[c]).toBeCloseTo(local.spreads[c], 9)
    const scored = await rows.sql('select score, anomaly from input order by row').collect()
    for (let i = 0; i < n; i++) expect(Number(scored[i].score)).toBeCloseTo(local.scores[i], 9)
    const flagged = scored.filter(({ anomaly }) => anomaly === true).length
    expect(flagged).toBe(local.outliers.reduce((sum, flag) => sum + flag, 0))
  })

  it('are counted', async () => {
    const table = await uploaded()
    const chosen = await spark.chooseK(table, { columns: ['x', 'y'], from: 2, to: 4, sampleSize: 200 })
    expect(chosen.k).toBe(3)
    expect(chosen.models.map(({ k }) => k)).toEqual([2, 3, 4])
    expect(chosen.models[0].inertia).toBeGreaterThan(chosen.models[1].inertia)
    expect(chosen.models[1].counts.reduce((sum, count) => sum + count, 0)).toBe(n)
  })
})
