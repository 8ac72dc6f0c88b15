import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { golden, labelsOf, rowsOf, type Source } from '../../fixtures/golden.ts'
import { made, plain, reordered } from '../../test/made-data.ts'
import { Matrix } from '../data/matrix.ts'
import { load } from '../files/load.ts'
import { Random } from '../random.ts'
import { clustersContract } from './clusters.contract.ts'
import { SphericalKMeans } from './spherical-kmeans.ts'

interface Case {
  readonly kind: string
  readonly name: string
  readonly data: Source
  readonly k: number
  readonly init: number[]
  readonly cost: number
  readonly labels: string
  readonly centroids?: number[][]
}

const cases = golden<Case>('families.json').cases.filter(({ kind }) => kind === 'spherical')

clustersContract('SphericalKMeans', SphericalKMeans)

describe('SphericalKMeans', () => {
  test.each(cases)('golden: $name', ({ data, k, init, cost, labels, centroids }) => {
    const points = rowsOf(data)
    const model = SphericalKMeans.fitSync(points, { k, init: init.map((row) => points[row]) })
    expect(Array.from(model.labels)).toEqual(labelsOf(labels))
    expect(Math.abs(model.inertia / cost - 1)).toBeLessThan(1e-11)
    centroids?.flat().forEach((x, at) => expect(model.centroids.values[at]).toBeCloseTo(x, 12))
    expect(model.predictSync(points)).toEqual(model.labels)
    expect(model.scoreSync(points)).toBeCloseTo(-model.inertia, 9)
  })

  test('agrees with itself, at any length of the rows and in any order', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 1e6 }), fc.integer({ min: 1, max: 6 }), async (seed, k) => {
        const points = made({ rows: 40, columns: 3, seed, kind: 'blobs', offset: 1 })
        const model = await SphericalKMeans.fit(points, { k })
        expect(model.predictSync(points)).toEqual(model.labels)
        expect(model.counts.reduce((a, b) => a + b)).toBe(40)
        const longer = Matrix.of(
          points.values.map((x, at) => x * 2 ** (Math.floor(at / 3) % 5)),
          3,
        )
        expect(SphericalKMeans.fitSync(longer, { k }).labels).toEqual(model.labels)
        const order = new Random(seed).permutation(40)
        const moved = SphericalKMeans.fitSync(reordered(points, order), { k })
        expect(moved.centroids).toEqual(model.centroids)
        expect(moved.inertia).toBe(model.inertia)
        order.forEach((row, i) => expect(moved.labels[i]).toBe(model.labels[row]))
        for (let c = 0; c < model.k; c++) expect(Math.hypot(...model.centroids.row(c))).toBeCloseTo(1, 14)
      }),
      { numRuns: 25 },
    )
  })

  test('weight n is n copies, weight 0 is absence', () => {
    const points = plain(made({ rows: 20, columns: 2, seed: 4, offset: 0.1 }))
    const weights = points.map((_, i) => i % 4)
    const copies = points.flatMap((row, i) => Array.from({ length: i % 4 }, () => row))
    const weighted = SphericalKMeans.fitSync(points, { k: 4, nInit: 2, sampleWeight: weights })
    const copied = SphericalKMeans.fitSync(copies, { k: 4, nInit: 2 })
    expect(weighted.centroids).toEqual(copied.centroids)
    expect(weighted.counts).toEqual(copied.counts)
    expect(weighted.inertia).toBe(copied.inertia)
    expect(weighted.labels).toEqual(copied.predictSync(points))
  })

  test('fewer directions than k: fewer clusters and a warning; rows that cancel out', () => {
    const model = SphericalKMeans.fitSync(
      [
        [1, 2],
        [2, 4],
        [1, 0],
      ],
      { k: 3 },
    )
    expect(model.k).toBe(2)
    expect(model.warnings.map(({ code }) => code)).toEqual(['W_DISTINCT'])
    const cancelled = SphericalKMeans.fitSync(
      [
        [1, 0],
        [-1, 0],
      ],
      { k: 1 },
    )
    expect(cancelled.inertia).toBe(2)
    expect(
      cancelled
        .transformSync([
          [1, 0],
          [-1, 0],
        ])
        .values.toSorted(),
    ).toEqual(Float64Array.of(0, 2))
  })

  test('refuses what has no direction, and bad options', () => {
    const fit = SphericalKMeans.fitSync
    expect(() =>
      fit(
        [
          [1, 1],
          [0, 0],
        ],
        { k: 1 },
      ),
    ).toThrow(expect.objectContaining({ code: 'E_ZERO_VECTOR', param: 'points' }))
    expect(() => fit([[1, 1]], { k: 2 })).toThrow(expect.objectContaining({ code: 'E_K' }))
    expect(() => fit([], { k: 1 })).toThrow(expect.objectContaining({ code: 'E_EMPTY' }))
    expect(() => fit([[Number.NaN]], { k: 1 })).toThrow(expect.objectContaining({ code: 'E_NONFINITE' }))
    expect(() => fit([[1]], { k: 1, init: [[1, 2]] })).toThrow(expect.objectContaining({ code: 'E_INIT' }))
    expect(() => fit([[1]], { k: 1, sampleWeight: [0] })).toThrow(
      expect.objectContaining({ code: 'E_WEIGHTS' }),
    )
    expect(() => fit([[1]], Object.assign({ k: 1 }, { ninit: 2 }))).toThrow(
      expect.objectContaining({ param: 'ninit' }),
    )
    const model = fit([[1, 1]], { k: 1 })
    expect(() => model.predictSync([[0, 0]])).toThrow(expect.objectContaining({ code: 'E_ZERO_VECTOR' }))
    expect(() => model.predictSync([[1]])).toThrow(expect.objectContaining({ code: 'E_SHAPE' }))
  })

  test('is saved and loaded', () => {
    const points = made({ rows: 30, columns: 3, seed: 9, offset: 1 })
    const model = SphericalKMeans.fitSync(points, { k: 3 })
    const back = load(model.toBytes())
    expect(back).toBeInstanceOf(SphericalKMeans)
    expect(back).toEqual(model)
    expect(SphericalKMeans.fromBytes(model.toBytes()).predictSync(points)).toEqual(model.labels)
  })

  test('stops when asked to', async () => {
    const points = made({ rows: 2000, columns: 8, seed: 1, offset: 1 })
    const stop = new AbortController()
    const fit = SphericalKMeans.fit(points, { k: 20, signal: stop.signal, onProgress: () => stop.abort() })
    await expect(fit).rejects.toThrow(/abort/)
  })
})
