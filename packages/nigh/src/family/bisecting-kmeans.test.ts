import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { golden, rowsOf, type Source } from '../../fixtures/golden.ts'
import { made, madeWeights, plain, reordered } from '../../test/made-data.ts'
import { load } from '../files/load.ts'
import { Random } from '../random.ts'
import { BisectingKMeans } from './bisecting-kmeans.ts'

interface Case {
  readonly kind: string
  readonly name: string
  readonly data: Source
  readonly strategy: 'biggest_inertia' | 'largest_cluster'
  readonly inertia: Record<string, number>
}

const cases = golden<Case>('estimators.json').cases.filter(({ kind }) => kind === 'bisecting')

describe('BisectingKMeans', () => {
  test.each(cases)('golden: $name', ({ data, strategy, inertia }) => {
    const points = rowsOf(data)
    for (const [k, best] of Object.entries(inertia)) {
      const model = BisectingKMeans.fitSync(points, { k: Number(k), strategy })
      expect(Math.abs(model.inertia / best - 1)).toBeLessThan(1e-10)
      expect(model.predictSync(points)).toEqual(model.labels)
    }
  })

  test('agrees with itself in any order, with weights', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 1e6 }), fc.integer({ min: 1, max: 9 }), async (seed, k) => {
        const points = made({ rows: 50, columns: 2, seed, kind: seed % 2 ? 'blobs' : 'coarse' })
        const weights = madeWeights(50, 'whole', seed)
        const model = await BisectingKMeans.fit(points, { k, sampleWeight: weights })
        expect(model.predictSync(points)).toEqual(model.labels)
        expect(model.counts.reduce((a, b) => a + b)).toBe(weights.reduce((a, b) => a + b))
        let sum = 0
        for (let i = 0; i < 50; i++) {
          const [x, y] = model.centroids.row(model.labels[i])
          sum += weights[i] * ((points.values[2 * i] - x) ** 2 + (points.values[2 * i + 1] - y) ** 2)
        }
        expect(model.inertia).toBeCloseTo(sum, 9)
        const order = new Random(seed).permutation(50)
        const moved = BisectingKMeans.fitSync(reordered(points, order), {
          k,
          sampleWeight: Float64Array.from(order, (row) => weights[row]),
        })
        expect(moved.centroids).toEqual(model.centroids)
        expect(moved.inertia).toBe(model.inertia)
        order.forEach((row, i) => expect(moved.labels[i]).toBe(model.labels[row]))
        const rows = plain(points)
        const copies = rows.flatMap((row, i) => Array.from({ length: weights[i] }, () => row))
        fc.pre(copies.length >= k)
        const copied = BisectingKMeans.fitSync(copies, { k })
        expect(copied.centroids).toEqual(model.centroids)
        expect(copied.inertias).toEqual(model.inertias)
      }),
      { numRuns: 20 },
    )
  })

  test('one more cluster splits one of those before', () => {
    const points = made({ rows: 80, columns: 3, seed: 3 })
    for (let k = 1; k < 8; k++) {
      const fewer = BisectingKMeans.fitSync(points, { k }).labels
      const more = BisectingKMeans.fitSync(points, { k: k + 1 }).labels
      expect(new Set(Array.from(more, (label, i) => `${label} ${fewer[i]}`)).size).toBe(k + 1)
    }
  })

  test('right far from zero, where rows are copies, and saved', () => {
    const points = plain(made({ rows: 40, columns: 1, seed: 5, offset: 1.7e12, kind: 'blobs' }))
    const model = BisectingKMeans.fitSync(points, { k: 5 })
    const near = BisectingKMeans.fitSync(
      points.map(([x]) => [x - 1.7e12]),
      { k: 5 },
    )
    expect(model.labels).toEqual(near.labels)
    expect(load(model.toBytes())).toEqual(model)
    expect(BisectingKMeans.fromBytes(model.toBytes()).predictSync(points)).toEqual(model.labels)
    const copies = BisectingKMeans.fitSync([[1], [1], [2], [2]], { k: 4 })
    expect([copies.k, copies.inertia, copies.warnings[0].code]).toEqual([2, 0, 'W_DISTINCT'])
  })

  test('refuses', async () => {
    const fit = BisectingKMeans.fitSync
    expect(() => fit([[1]], { k: 2 })).toThrow(expect.objectContaining({ code: 'E_K' }))
    expect(() => fit([[1]], { k: 1, strategy: 'big' as never })).toThrow(/strategy must be one of/)
    expect(() => fit([[1e200]], { k: 1 })).toThrow(expect.objectContaining({ code: 'E_RANGE' }))
    expect(() => fit([], { k: 1 })).toThrow(expect.objectContaining({ code: 'E_EMPTY' }))
    await expect(BisectingKMeans.fit([[Number.NaN]], { k: 1 })).rejects.toThrow(
      expect.objectContaining({ code: 'E_NONFINITE' }),
    )
    await expect(BisectingKMeans.fit([[1], [2]], { k: 2, signal: AbortSignal.abort() })).rejects.toThrow(
      /abort/,
    )
  })
})
