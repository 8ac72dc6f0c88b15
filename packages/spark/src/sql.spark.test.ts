import { KMeans, KNNClassifier, Matrix, NearestNeighbors } from 'nigh'
import { afterAll, describe, expect, it } from 'vitest'
import { connect } from './spark.ts'

const spark = await connect(process.env.NIGH_SPARK_URL ?? '', {
  token: process.env.NIGH_SPARK_TOKEN ?? '',
  functions: 'sql',
})
afterAll(() => spark.close())

let state = 5
function next(): number {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0
  return state / 2 ** 32
}

function rows(n: number, d: number): Matrix {
  return Matrix.of(
    Float64Array.from(
      { length: n * d },
      (_, i) => (Math.floor(i / d) % 4) * 3 + Math.round((next() + next()) * 4) / 4 - 3,
    ),
    d,
  )
}

/** A server that takes no jar: everything in pure SQL, with the same answers. */
describe('without nigh’s functions', () => {
  const base = rows(1500, 3)
  const queries = rows(40, 3)
  const local = NearestNeighbors.fitSync(base)

  it('knows that they are not there', () => {
    expect(spark.java).toBe(false)
  })

  it('finds the nearest rows as one machine, ties and all', async () => {
    const table = await spark.upload(base)
    const found = await spark.nearest(queries, table, { k: 6 })
    const expected = local.nearestSync(queries, { k: 6 })
    expect(Array.from(found.ids, Number)).toEqual(Array.from(expected.indices))
    expect(Array.from(found.distances)).toEqual(Array.from(expected.distances))
  })

  it('finds the nearest rows in many columns, and of each row', async () => {
    const wide = rows(120, 60)
    const found = await spark.nearest(undefined, await spark.upload(wide), { k: 3 })
    const expected = NearestNeighbors.fitSync(wide).nearestSync(undefined, { k: 3 })
    expect(Array.from(found.ids, Number)).toEqual(Array.from(expected.indices))
    expect(Array.from(found.distances)).toEqual(Array.from(expected.distances))
  })

  it('finds the rows within a radius', async () => {
    const found = await spark.within(await spark.upload(queries), await spark.upload(base), { radius: 0.75 })
    const expected = local.withinSync(queries, { radius: 0.75 })
    expect(Array.from(found.offsets)).toEqual(Array.from(expected.offsets))
    expect(Array.from(found.ids, Number)).toEqual(Array.from(expected.indices))
    expect(Array.from(found.distances)).toEqual(Array.from(expected.distances))
  })

  it('classifies', async () => {
    const targets = Float64Array.from({ length: 1500 }, (_, i) => i % 4)
    const values = new Float64Array(1500 * 4)
    for (let i = 0; i < 1500; i++) {
      values.set(base.row(i), i * 4)
      values[i * 4 + 3] = targets[i]
    }
    const table = await spark.upload(Matrix.of(values, 4), { columns: ['a', 'b', 'c', 'kind'] })
    const { predictions } = await spark.classify(queries, table, {
      columns: ['a', 'b', 'c'],
      target: 'kind',
      k: 3,
    })
    expect(predictions).toEqual(
      KNNClassifier.fitSync(base, Array.from(targets), { k: 3 }).predictSync(queries),
    )
  })

  it('clusters by Spark itself, and predicts by nigh’s rules', async () => {
    const table = await spark.upload(base)
    const model = await spark.kmeans(table, { columns: ['x0', 'x1', 'x2'], k: 4 })
    const found = await spark
      .predict(model, table)
      .sql('select cluster, distance from input order by row')
      .collect()
    expect(found.map(({ cluster }) => cluster)).toEqual(Array.from(model.predictSync(base)))
    expect(model.inertia / (await KMeans.fit(base, { k: 4 })).inertia).toBeLessThan(3)
    const profiles = await spark.profile(model, table)
    expect(profiles.map(({ size }) => size)).toEqual(Array.from(model.counts))
  })

  it('says what it cannot do', async () => {
    const table = await spark.upload(base)
    await expect(spark.kmeans(table, { k: 2, engine: 'exact' })).rejects.toMatchObject({
      code: 'E_PARAM',
      param: 'engine',
    })
  })
})
