import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { golden, rowsOf, type Source } from '../../fixtures/golden.ts'
import { load } from '../files/load.ts'
import { KMeans } from '../kmeans/kmeans.ts'
import { Random } from '../random.ts'
import { KMeans1D } from './kmeans-1d.ts'

interface Case {
  readonly kind: string
  readonly name: string
  readonly data: Source
  readonly k: number
  readonly inertia: number
  readonly centroids: number[]
  readonly counts: number[]
}

const cases = golden<Case>('families.json').cases.filter(({ kind }) => kind === 'optimal1d')

/** The least inertia of sorted numbers in k stretches, by trying every way. */
function tried(values: number[], k: number): number {
  if (k === 1) {
    const mean = values.reduce((a, b) => a + b, 0) / values.length
    return values.reduce((sum, x) => sum + (x - mean) ** 2, 0)
  }
  let least = Number.POSITIVE_INFINITY
  for (let cut = k - 1; cut < values.length; cut++) {
    least = Math.min(least, tried(values.slice(0, cut), k - 1) + tried(values.slice(cut), 1))
  }
  return least
}

describe('KMeans1D', () => {
  test.each(cases)('golden: $name', ({ data, k, inertia, centroids, counts }) => {
    const points = rowsOf(data)
    const model = KMeans1D.fitSync(points, { k })
    expect(Math.abs(model.inertia / inertia - 1)).toBeLessThan(1e-12)
    expect(Array.from(model.counts)).toEqual(counts)
    centroids.forEach((x, c) => {
      expect(Math.abs(model.centroids.values[c] / x - 1)).toBeLessThan(1e-13)
    })
    expect(model.predictSync(points)).toEqual(model.labels)
  })

  test('is the best of all ways, in any order, at any offset, by weights or copies', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: -30, max: 30 }), { minLength: 1, maxLength: 11 }),
        fc.integer({ min: 1, max: 4 }),
        async (values, asked) => {
          const k = Math.min(asked, new Set(values).size)
          const model = await KMeans1D.fit(values, { k })
          const sorted = values.toSorted((a, b) => a - b)
          expect(model.inertia).toBeCloseTo(tried(sorted, k), 9)
          expect(model.predictSync(values)).toEqual(model.labels)
          expect(model.centroids.values).toEqual(model.centroids.values.toSorted())
          const order = new Random(k).permutation(values.length)
          const moved = KMeans1D.fitSync(
            Array.from(order, (i) => values[i] + 2 ** 40),
            { k },
          )
          order.forEach((row, i) => {
            expect(moved.labels[i]).toBe(model.labels[row])
          })
          // Centroids near 2^40 are multiples of 2^-13.
          expect(moved.inertia).toBeCloseTo(model.inertia, 6)
          const single = [...new Set(values)]
          const weighted = KMeans1D.fitSync([...single, 99], {
            k,
            sampleWeight: [...single.map((x) => values.filter((y) => y === x).length), 0],
          })
          expect(weighted.centroids).toEqual(model.centroids)
          expect(weighted.counts).toEqual(model.counts)
          expect(weighted.inertia).toBe(model.inertia)
        },
      ),
      { numRuns: 60 },
    )
  })

  test('of two ways that cost the same, the one that breaks earlier', () => {
    expect(Array.from(KMeans1D.fitSync([0, 1, 2], { k: 2 }).labels)).toEqual([0, 1, 1])
    expect(Array.from(KMeans1D.fitSync([0, 1, 2, 3], { k: 3 }).labels)).toEqual([0, 1, 2, 2])
  })

  test('K-Means never finds better', () => {
    const random = new Random(6)
    const values = Array.from({ length: 400 }, () => random.uniform() ** 3)
    const rows = values.map((x) => [x])
    for (const k of [2, 5, 13, 40]) {
      const best = KMeans1D.fitSync(values, { k })
      expect(KMeans.fitSync(rows, { k, nInit: 10 }).inertia).toBeGreaterThan(best.inertia * (1 - 1e-12))
      const init = best.centroids.toArrays()
      expect(KMeans.fitSync(rows, { k, init }).labels).toEqual(best.labels)
    }
  })

  test('tight clusters far apart keep their digits', () => {
    // Spreads of 1e-8 at distances of 1: float64 sums of squares would see none of them.
    const values = [0, 1, 2, 3, 4, 5].flatMap((x) => [0, 1, 2, 10, 11, 12].map((t) => x + t * 1e-8))
    const model = KMeans1D.fitSync(values, { k: 12 })
    expect(Array.from(model.counts)).toEqual(Array.from({ length: 12 }, () => 3))
    expect(Array.from(model.breaks.slice(0, 2))).toEqual([2e-8, 12 * 1e-8])
  })

  test('many numbers, fewer than k, lists and rows; saved', () => {
    const random = new Random(2)
    const values = Float64Array.from({ length: 20000 }, () => random.integer(8) * 5 + random.uniform())
    const model = KMeans1D.fitSync(values, { k: 8 })
    expect(model.inertia).toBeLessThan(20000 / 11)
    expect(load(model.toBytes())).toEqual(model)
    const few = KMeans1D.fitSync([3, 1, 3], { k: 3 })
    expect([few.k, few.inertia, few.warnings[0].code]).toEqual([2, 0, 'W_DISTINCT'])
    expect(KMeans1D.fitSync([[3], [1], [3]], { k: 2 }).labels).toEqual(few.labels)
    expect(few.transformSync([2]).toArrays()).toEqual([[1, 1]])
    expect(few.predictSync([2])).toEqual(Uint32Array.of(0))
  })

  test('refuses', () => {
    const fit = KMeans1D.fitSync
    const refusal = (code: string): unknown => expect.objectContaining({ code })
    expect(() => fit([1, 2], { k: 3 })).toThrow(refusal('E_K'))
    expect(() => fit([], { k: 1 })).toThrow(refusal('E_EMPTY'))
    expect(() => fit([1, Number.NaN], { k: 1 })).toThrow(refusal('E_NONFINITE'))
    expect(() => fit([[1, 2]], { k: 1 })).toThrow(refusal('E_SHAPE'))
    expect(() => fit([1, '2' as never], { k: 1 })).toThrow(refusal('E_TYPE'))
    expect(() => fit([1e200], { k: 1 })).toThrow(refusal('E_RANGE'))
    expect(() => fit([1], { k: 1, sampleWeight: [-1] })).toThrow(refusal('E_WEIGHTS'))
    expect(() => fit([1], Object.assign({ k: 1 }, { seed: 1 }))).toThrow(refusal('E_PARAM'))
  })
})
