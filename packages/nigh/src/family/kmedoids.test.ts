import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { golden, rowsOf, type Source } from '../../fixtures/golden.ts'
import { made, plain } from '../../test/made-data.ts'
import { clustersContract } from './clusters.contract.ts'
import { KMedoids } from './kmedoids.ts'

interface Case {
  readonly kind: string
  readonly name: string
  readonly data: Source
  readonly metric: 'euclidean' | 'manhattan'
  readonly k: number
  readonly bestLoss: number
}

const cases = golden<Case>('families.json').cases.filter(({ kind }) => kind === 'medoids')

clustersContract('KMedoids', KMedoids as never)

describe('KMedoids', () => {
  test.each(cases)('golden, the best of 100 starts elsewhere: $name', ({ data, metric, k, bestLoss }) => {
    const points = rowsOf(data)
    const model = KMedoids.fitSync(points, { k, metric, nInit: 20 })
    expect(model.inertia / bestLoss - 1).toBeLessThan(1e-12)
    expect(model.predictSync(points)).toEqual(model.labels)
    model.medoids.forEach((row, c) => {
      expect(Array.from(model.centroids.row(c))).toEqual(points[row])
      expect(model.labels[row]).toBe(c)
    })
  })

  test('no exchange of a medoid for another row is better; distances given give the same', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e6 }), fc.integer({ min: 1, max: 4 }), (seed, k) => {
        const points = plain(made({ rows: 18, columns: 2, seed, kind: seed % 2 ? 'coarse' : 'even' }))
        const weights = points.map((_, i) => 1 + (i % 3))
        const model = KMedoids.fitSync(points, { k, metric: 'manhattan', nInit: 1, sampleWeight: weights })
        const distances = points.map(([x, y]) => points.map(([u, v]) => Math.abs(x - u) + Math.abs(y - v)))
        const cost = (medoids: number[]): number =>
          points.reduce((sum, _, i) => sum + weights[i] * Math.min(...medoids.map((m) => distances[i][m])), 0)
        const medoids = Array.from(model.medoids)
        expect(cost(medoids)).toBeCloseTo(model.inertia, 9)
        for (let c = 0; c < model.k; c++) {
          for (let x = 0; x < 18; x++) expect(cost(medoids.with(c, x))).toBeGreaterThan(model.inertia - 1e-9)
        }
        const given = KMedoids.fitSync(distances, {
          k: model.k,
          metric: 'precomputed',
          init: medoids,
          sampleWeight: weights,
        })
        expect(given.medoids).toEqual(model.medoids)
        expect(given.labels).toEqual(model.labels)
        expect(given.predictSync(distances)).toEqual(model.labels)
        expect(KMedoids.fromBytes(given.toBytes()).predictSync(distances)).toEqual(model.labels)
        const own = KMedoids.fitSync(points, {
          k,
          metric: (a, b) => Math.abs(a[0] - b[0]) + Math.abs(a[1] - b[1]),
          nInit: 1,
          sampleWeight: weights,
        })
        expect(own.medoids).toEqual(model.medoids)
        expect(() => own.toBytes()).toThrow(/must be one by name/)
      }),
      { numRuns: 25 },
    )
  })

  test('metrics with options are saved; cosine and haversine', () => {
    const points = plain(made({ rows: 30, columns: 2, seed: 1, offset: 1 }))
    for (const options of [
      { metric: 'minkowski', p: 3 },
      { metric: 'haversine', sphereRadius: 6371 },
      { metric: 'cosine' },
    ] as const) {
      const model = KMedoids.fitSync(points, { k: 3, ...options })
      const back = KMedoids.fromBytes(model.toBytes())
      expect(back).toEqual(model)
      expect(back.transformSync(points)).toEqual(model.transformSync(points))
      expect(back.predictSync(points)).toEqual(model.labels)
    }
    const sides = [
      [10, 179],
      [10, -179],
      [0, 0],
    ]
    expect(new Set(KMedoids.fitSync(sides, { k: 2, metric: 'haversine' }).labels.slice(0, 2)).size).toBe(1)
  })

  test('refuses', () => {
    const fit = KMedoids.fitSync
    expect(() => fit([[1], [2]], { k: 2, init: [0, 0] })).toThrow(expect.objectContaining({ code: 'E_INIT' }))
    expect(() => fit([[1], [2]], { k: 1, init: [2] })).toThrow(expect.objectContaining({ code: 'E_INIT' }))
    expect(() => fit([[0, 1]], { k: 1, metric: 'precomputed' })).toThrow(
      expect.objectContaining({ code: 'E_SHAPE' }),
    )
    expect(() =>
      fit(
        [
          [0, -1],
          [1, 0],
        ],
        { k: 1, metric: 'precomputed' },
      ),
    ).toThrow(expect.objectContaining({ code: 'E_RANGE' }))
    expect(() => fit([[1e200]], { k: 1 })).toThrow(expect.objectContaining({ code: 'E_RANGE' }))
    expect(() => fit([[0, 0]], { k: 1, metric: 'cosine' })).toThrow(
      expect.objectContaining({ code: 'E_ZERO_VECTOR' }),
    )
  })
})
