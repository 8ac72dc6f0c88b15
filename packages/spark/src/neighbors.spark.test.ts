import { Matrix, NearestNeighbors } from 'nigh'
import { afterAll, describe, expect, it } from 'vitest'
import { connect } from './spark.ts'

const spark = await connect(process.env.NIGH_SPARK_URL ?? '', { token: process.env.NIGH_SPARK_TOKEN ?? '' })
afterAll(() => spark.close())

/** Rows in clusters, on a coarse grid, so that ties abound. */
function rows(n: number, d: number, seed: number, coarse = 8): Matrix {
  let state = seed
  const next = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
  const values = new Float64Array(n * d)
  for (let i = 0; i < n; i++) {
    const centre = Math.floor(next() * 12) * 5
    for (let j = 0; j < d; j++) values[i * d + j] = centre + Math.floor((next() + next()) * coarse) / coarse
  }
  return Matrix.of(values, d)
}

describe('nearest', () => {
  const base = rows(6000, 3, 1)
  const queries = rows(200, 3, 2)
  const local = NearestNeighbors.fitSync(base)

  for (const cells of [0, 16, 40]) {
    it(`answers as one machine with ${cells} cells`, async () => {
      const table = await spark.upload(base)
      const index = await spark.index(table, { cells })
      const found = await index.nearest(queries, { k: 7 })
      const expected = local.nearestSync(queries, { k: 7 })
      expect(Array.from(found.ids, Number)).toEqual(Array.from(expected.indices))
      expect(Array.from(found.distances)).toEqual(Array.from(expected.distances))
      if (cells === 0) expect(found.pairs).toBe(6000 * 200)
      else expect(found.pairs).toBeLessThan(6000 * 200 * 0.5)
      await index.free()
    })
  }

  it('answers for each row of the table without itself', async () => {
    const some = rows(700, 3, 3)
    const table = await spark.upload(some)
    const found = await spark.nearest(undefined, table, { k: 3, cells: 4 })
    const expected = NearestNeighbors.fitSync(some).nearestSync(undefined, { k: 3 })
    expect(Array.from(found.queries, Number)).toEqual(Array.from({ length: 700 }, (_, i) => i))
    expect(Array.from(found.ids, Number)).toEqual(Array.from(expected.indices))
    expect(Array.from(found.distances)).toEqual(Array.from(expected.distances))
  })

  it('takes queries from the cluster', async () => {
    const table = await spark.upload(base)
    const asked = await spark.upload(queries)
    const found = await spark.nearest(asked, table, { k: 2, columns: ['x0', 'x1', 'x2'] })
    const expected = local.nearestSync(queries, { k: 2 })
    expect(Array.from(found.ids, Number)).toEqual(Array.from(expected.indices))
  })

  it('keeps to float64 differences far from zero', async () => {
    const far = Matrix.of(
      Float64Array.from(base.values, (x) => x * 0.001 + 1.7e12),
      3,
    )
    const asked = Matrix.of(
      Float64Array.from(queries.values, (x) => x * 0.001 + 1.7e12),
      3,
    )
    const found = await spark.nearest(asked, await spark.upload(far), { k: 4, cells: 16 })
    const expected = NearestNeighbors.fitSync(far).nearestSync(asked, { k: 4 })
    expect(Array.from(found.ids, Number)).toEqual(Array.from(expected.indices))
    expect(Array.from(found.distances)).toEqual(Array.from(expected.distances))
  })

  it('refuses a k above the number of rows', async () => {
    const table = await spark.upload([[1], [2], [3]])
    await expect(spark.nearest([[1]], table, { k: 4 })).rejects.toThrow(
      'k must be an integer from 1 to 3 (the number of rows), got 4',
    )
  })
})

describe('within', () => {
  it('answers as one machine', async () => {
    const base = rows(3000, 2, 5)
    const queries = rows(60, 2, 6)
    const local = NearestNeighbors.fitSync(base).withinSync(queries, { radius: 0.5 })
    for (const cells of [0, 20]) {
      const found = await spark.within(queries, await spark.upload(base), { radius: 0.5, cells })
      expect(Array.from(found.offsets)).toEqual(Array.from(local.offsets))
      expect(Array.from(found.ids, Number)).toEqual(Array.from(local.indices))
      expect(Array.from(found.distances)).toEqual(Array.from(local.distances))
    }
  })
})
