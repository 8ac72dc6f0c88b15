import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { golden, labelsOf, rowsOf, type Source } from '../../fixtures/golden.ts'
import { made, plain, reordered } from '../../test/made-data.ts'
import { Matrix } from '../data/matrix.ts'
import { Table } from '../data/table.ts'
import { load } from '../files/load.ts'
import { runHere } from '../indexes/steps.ts'
import { KMeans } from '../kmeans/kmeans.ts'
import { Random } from '../random.ts'
import { boundedAssignment } from './bounded-assignment.ts'
import { BoundedKMeans } from './bounded-kmeans.ts'

interface Case {
  readonly kind: string
  readonly name: string
  readonly data: Source
  readonly k: number
  readonly init: number[]
  readonly sizes: [number, number]
  readonly inertia: number
  readonly bestInertia: number
  readonly labels: string
  readonly counts: number[]
}

const cases = golden<Case>('families.json').cases.filter(({ kind }) => kind === 'sizeBounded')

function assignment(costs: Float64Array, k: number, minSize: number, maxSize: number): Uint32Array {
  return runHere(boundedAssignment(costs, k, minSize, maxSize, { done: 0, total: 1 }))
}

/** The least cost within bounds, by trying every assignment. */
function tried(costs: Float64Array, k: number, minSize: number, maxSize: number): number {
  const n = costs.length / k
  let least = Number.POSITIVE_INFINITY
  for (let code = 0; code < k ** n; code++) {
    const sizes = Array.from({ length: k }, () => 0)
    let cost = 0
    for (let i = 0, rest = code; i < n; i++, rest = Math.floor(rest / k)) {
      sizes[rest % k]++
      cost += costs[i * k + (rest % k)]
    }
    if (sizes.every((size) => size >= minSize && size <= maxSize)) least = Math.min(least, cost)
  }
  return least
}

describe('boundedAssignment', () => {
  test('is the cheapest of all assignments within bounds', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 3, max: 7 }),
        fc.integer({ min: 0, max: 1e6 }),
        fc.nat(),
        fc.nat(),
        (k, n, seed, a, b) => {
          const random = new Random(seed)
          // Whole costs half of the time, so that ties abound.
          const costs = Float64Array.from({ length: n * k }, () =>
            seed % 2 ? random.integer(5) : random.uniform() * 100,
          )
          const minSize = a % (Math.floor(n / k) + 1)
          const maxSize = Math.ceil(n / k) + (b % (n - Math.ceil(n / k) + 1))
          const labels = assignment(costs, k, minSize, maxSize)
          const sizes = Array.from({ length: k }, (_, c) => labels.filter((label) => label === c).length)
          expect(Math.min(...sizes)).toBeGreaterThanOrEqual(minSize)
          expect(Math.max(...sizes)).toBeLessThanOrEqual(maxSize)
          const cost = labels.reduce((sum, label, i) => sum + costs[i * k + label], 0)
          expect(cost).toBeCloseTo(tried(costs, k, minSize, maxSize), 9)
        },
      ),
      { numRuns: 150 },
    )
  })
})

describe('BoundedKMeans', () => {
  test.each(cases)('golden: $name', ({ data, k, init, sizes, inertia, bestInertia, labels, counts }) => {
    const points = rowsOf(data)
    const [minSize, maxSize] = sizes
    const model = BoundedKMeans.fitSync(points, { k, minSize, maxSize, init: init.map((row) => points[row]) })
    expect(Math.abs(model.inertia / inertia - 1)).toBeLessThan(1e-12)
    expect(Array.from(model.counts)).toEqual(counts)
    expect(Array.from(model.labels)).toEqual(labelsOf(labels))
    const best = BoundedKMeans.fitSync(points, { k, minSize, maxSize, nInit: 5 })
    expect(best.inertia / bestInertia - 1).toBeLessThan(1e-12)
  })

  test('without bounds it is K-Means', () => {
    const points = made({ rows: 200, columns: 3, seed: 5, kind: 'blobs' })
    const init = plain(points).slice(0, 6)
    const plainModel = KMeans.fitSync(points, { k: 6, init })
    const model = BoundedKMeans.fitSync(points, { k: 6, init })
    expect(model.labels).toEqual(plainModel.labels)
    expect(model.predictSync(points)).toEqual(model.labels)
    expect(model.inertia).toBeCloseTo(plainModel.inertia, 9)
  })

  test('keeps bounds and agrees with itself, in any order, copies too', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 1e6 }), fc.integer({ min: 1, max: 5 }), async (seed, k) => {
        const points = made({ rows: 30, columns: 2, seed, kind: seed % 2 ? 'even' : 'coarse' })
        const options = {
          k,
          minSize: Math.floor(30 / k) - 1,
          maxSize: Math.min(30, Math.ceil(30 / k) + 1),
          nInit: 2,
        }
        const model = await BoundedKMeans.fit(points, options)
        expect(model.k).toBe(k)
        let sum = 0
        model.labels.forEach((label, i) => {
          const [x, y] = model.centroids.row(label)
          sum += (points.values[2 * i] - x) ** 2 + (points.values[2 * i + 1] - y) ** 2
        })
        expect(model.inertia).toBeCloseTo(sum, 9)
        model.counts.forEach((count, c) => {
          expect(model.labels.filter((label) => label === c).length).toBe(count)
          expect(count).toBeGreaterThanOrEqual(options.minSize)
          expect(count).toBeLessThanOrEqual(options.maxSize)
        })
        const moved = BoundedKMeans.fitSync(reordered(points, new Random(seed).permutation(30)), options)
        expect(moved.centroids).toEqual(model.centroids)
        expect(moved.inertia).toBe(model.inertia)
        expect(load(model.toBytes())).toEqual(model)
      }),
      { numRuns: 20 },
    )
  })

  test('thousands of rows that mostly must give way', () => {
    const points = made({ rows: 3000, columns: 2, seed: 2, kind: 'blobs' })
    const model = BoundedKMeans.fitSync(points, {
      k: 8,
      minSize: 375,
      maxSize: 375,
      nInit: 1,
      maxIterations: 5,
    })
    expect(Array.from(model.counts)).toEqual(Array.from({ length: 8 }, () => 375))
  })

  test('far from zero, the clusters of the same data near zero; a table', () => {
    const near = plain(made({ rows: 60, columns: 2, seed: 3, kind: 'blobs' })).map((row) =>
      row.map((x) => Math.round(x * 256) / 256),
    )
    const far = near.map((row) => row.map((x) => x + 2 ** 36))
    const options = { k: 4, minSize: 15, maxSize: 15 }
    const here = BoundedKMeans.fitSync(near, options)
    const there = BoundedKMeans.fitSync(far, options)
    expect(there.labels).toEqual(here.labels)
    const table = Table.fromRows(near.map(([x, y]) => ({ x, y })))
    const named = BoundedKMeans.fitSync(table, { ...options, encoder: { scale: 'none' } })
    expect(named.labels).toEqual(here.labels)
    expect(BoundedKMeans.fromBytes(named.toBytes()).predictSync(table)).toEqual(named.predictSync(table))
  })

  test('refuses', async () => {
    const fit = BoundedKMeans.fitSync
    const rows = [[1], [2], [3], [4], [5]]
    const refusal = (param: string): unknown => expect.objectContaining({ code: 'E_PARAM', param })
    expect(() => fit(rows, { k: 2, minSize: 3 })).toThrow(refusal('minSize'))
    expect(() => fit(rows, { k: 2, minSize: 0 })).toThrow(refusal('minSize'))
    expect(() => fit(rows, { k: 2, maxSize: 2 })).toThrow(refusal('maxSize'))
    expect(() => fit(rows, { k: 2, maxSize: 6 })).toThrow(refusal('maxSize'))
    expect(() => fit(rows, Object.assign({ k: 2 }, { sampleWeight: [1, 1, 1, 1, 1] }))).toThrow(
      refusal('sampleWeight'),
    )
    const many = Matrix.of(new Float64Array(2 ** 14), 1)
    expect(() => fit(many, { k: 2 ** 13, nInit: 1 })).toThrow(expect.objectContaining({ code: 'E_MEMORY' }))
    expect(() => fit(rows, { k: 6 })).toThrow(expect.objectContaining({ code: 'E_K' }))
    expect(() => fit([], { k: 1 })).toThrow(expect.objectContaining({ code: 'E_EMPTY' }))
    await expect(BoundedKMeans.fit([[Number.NaN]], { k: 1 })).rejects.toThrow(/NaN/)
  })
})
