import { describe, expect, test } from 'vitest'
import { golden, rowsOf, type Source } from '../../fixtures/golden.ts'
import { made, plain, reordered } from '../../test/made-data.ts'
import { Matrix } from '../data/matrix.ts'
import { KMeans } from '../kmeans/kmeans.ts'
import { Random } from '../random.ts'
import { clustersContract } from './clusters.contract.ts'
import { MiniBatchKMeans } from './minibatch-kmeans.ts'

clustersContract('MiniBatchKMeans', MiniBatchKMeans)

describe('MiniBatchKMeans', () => {
  test('comes close to K-Means', () => {
    const { data } = golden<{ readonly name: string; readonly data: Source }>('estimators.json').cases.filter(
      ({ name }) => name === 'digits',
    )[0]
    const digits = Matrix.from('test', 'points', rowsOf(data))
    for (const [points, k] of [
      [made({ rows: 5000, columns: 4, seed: 3, kind: 'blobs' }), 5],
      [digits, 10],
    ] as const) {
      const full = KMeans.fitSync(points, { k, nInit: 5 })
      const model = MiniBatchKMeans.fitSync(points, { k, batchSize: 512 })
      expect(model.converged).toBe(true)
      expect(model.inertia / full.inertia).toBeLessThan(1.06)
    }
  })

  test('partialFit is the formula, and leaves the model as it was', () => {
    const first = MiniBatchKMeans.fitSync([[0], [2], [100], [102]], { k: 2, halfLife: 4, init: [[1], [101]] })
    const before = [...first.centroids.values, ...first.counts]
    expect(before.slice(2)).toEqual([2, 2])
    // Weight 4 = one half-life: a = 1/2, n·a = 1.
    const next = first.partialFitSync([[4], [5], [6]], { sampleWeight: [1, 2, 1] })
    expect(next.centroids.values[0]).toBeCloseTo((before[0] * 1 + 4 + 10 + 6) / 5, 13)
    expect(next.centroids.values[1]).toBe(before[1])
    expect(Array.from(next.counts)).toEqual([5, 1])
    expect(Array.from(next.labels)).toEqual([0, 0, 0])
    expect([...first.centroids.values, ...first.counts]).toEqual(before)
    const two = MiniBatchKMeans.fitSync([[0], [2]], { k: 1, init: [[1]] })
    const remembering = two.partialFitSync([[4]])
    expect(remembering.centroids.values[0]).toBeCloseTo((2 * two.centroids.values[0] + 4) / 3, 13)
    expect(remembering.counts[0]).toBe(3)
  })

  test('the same far from zero, and in any order within a call', async () => {
    const shape = { rows: 400, columns: 2, seed: 8, kind: 'blobs' } as const
    const near = plain(made(shape)).map((row) => row.map((x) => Math.round(x * 1024) / 1024))
    const far = near.map((row) => row.map((x) => x + 2 ** 40))
    const start = { k: 4, batchSize: 64, halfLife: 300 }
    let here = await MiniBatchKMeans.fit(near.slice(0, 200), start)
    let there = await MiniBatchKMeans.fit(far.slice(0, 200), start)
    here = await here.partialFit(near.slice(200))
    there = await there.partialFit(far.slice(200))
    expect(there.labels).toEqual(here.labels)
    there.centroids.values.forEach((x, at) => {
      expect(Math.abs(x - 2 ** 40 - here.centroids.values[at])).toBeLessThan(0.002)
    })
    expect(there.predictSync(far.slice(200))).toEqual(there.labels)
    const points = Matrix.from('test', 'points', near)
    const order = new Random(1).permutation(400)
    const moved = here.partialFitSync(reordered(points, order))
    expect(moved.centroids).toEqual(here.partialFitSync(points).centroids)
  })

  test('a stream that drifts is followed with a half-life, and not without', () => {
    const rows = (step: number): number[][] =>
      Array.from({ length: 40 }, (_, i) => [(i % 2) * 10 + step + Math.sin(i)])
    let forgetful = MiniBatchKMeans.fitSync(rows(0), { k: 2, halfLife: 40 })
    let faithful = MiniBatchKMeans.fitSync(rows(0), { k: 2 })
    for (let step = 1; step <= 30; step++) {
      forgetful = forgetful.partialFitSync(rows(step / 10))
      faithful = faithful.partialFitSync(rows(step / 10))
    }
    const low = (model: MiniBatchKMeans): number => Math.min(...model.centroids.values)
    expect(low(forgetful)).toBeGreaterThan(2.7)
    expect(low(faithful)).toBeLessThan(2)
    const back = MiniBatchKMeans.fromBytes(forgetful.toBytes())
    expect(back.partialFitSync(rows(4)).centroids).toEqual(forgetful.partialFitSync(rows(4)).centroids)
  })

  test('refuses', () => {
    const fit = MiniBatchKMeans.fitSync
    expect(() => fit([[1]], { k: 1, batchSize: 0 })).toThrow(expect.objectContaining({ param: 'batchSize' }))
    expect(() => fit([[1]], { k: 1, halfLife: 0 })).toThrow(expect.objectContaining({ param: 'halfLife' }))
    expect(() => fit([[1]], { k: 1, reassignmentRatio: 2 })).toThrow(
      expect.objectContaining({ param: 'reassignmentRatio' }),
    )
    const model = fit([[1], [2]], { k: 1 })
    expect(() => model.partialFitSync([[1, 2]])).toThrow(expect.objectContaining({ code: 'E_SHAPE' }))
    expect(() => model.partialFitSync([[1]], { sampleWeight: [-1] })).toThrow(
      expect.objectContaining({ code: 'E_WEIGHTS' }),
    )
  })
})
