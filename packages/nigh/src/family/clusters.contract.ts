import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { made, plain, reordered } from '../../test/made-data.ts'
import type { Matrix } from '../data/matrix.ts'
import { Table } from '../data/table.ts'
import { load } from '../files/load.ts'
import { Random } from '../random.ts'
import type { Clusters } from './clusters.ts'
import type { ClusterOptions } from './fit-options.ts'

/** A class of clusterings of rows of numbers. */
interface Family {
  fit(points: Matrix | number[][], options: ClusterOptions): Promise<Clusters<never> & Fitted>
  fitSync(points: Matrix | number[][], options: ClusterOptions): Clusters<never> & Fitted
}

/** What the contract asks of a model: that it takes rows of numbers. */
interface Fitted {
  predictSync(points: Matrix | number[][]): Uint32Array
  transformSync(points: Matrix | number[][]): Matrix
  scoreSync(points: Matrix | number[][]): number
  predict(points: Matrix | number[][]): Promise<Uint32Array>
}

/** What every relative of K-Means promises. */
export function clustersContract(name: string, family: Family): void {
  const sum = (numbers: Float64Array): number => numbers.reduce((a, b) => a + b, 0)
  const data = (seed: number, rows = 40): Matrix =>
    made({ rows, columns: 2, seed, kind: seed % 2 === 0 ? 'coarse' : 'blobs', offset: 1 })

  describe(`${name}: what every relative of K-Means promises`, () => {
    test('agrees with itself, and does not depend on the order of the rows', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.integer({ min: 0, max: 1e6 }),
          fc.integer({ min: 1, max: 6 }),
          async (seed, k) => {
            const points = data(seed)
            const model = await family.fit(points, { k, nInit: 2 })
            expect(model.predictSync(points)).toEqual(model.labels)
            expect(await model.predict(points)).toEqual(model.labels)
            expect(sum(model.counts)).toBe(40)
            model.counts.forEach((count, c) => {
              expect(model.labels.filter((label) => label === c).length).toBe(count)
            })
            expect(Math.abs(model.scoreSync(points) + model.inertia)).toBeLessThan(1e-9 * (1 + model.inertia))
            const distances = model.transformSync(points)
            model.labels.forEach((label, i) => {
              const row = Array.from(distances.row(i))
              expect(row[label]).toBe(Math.min(...row))
            })
            const order = new Random(seed).permutation(40)
            const moved = family.fitSync(reordered(points, order), { k, nInit: 2 })
            expect(moved.centroids).toEqual(model.centroids)
            expect(moved.inertia).toBe(model.inertia)
            order.forEach((row, i) => {
              expect(moved.labels[i]).toBe(model.labels[row])
            })
          },
        ),
        { numRuns: 20 },
      )
    })

    test('weight n is n copies, weight 0 is absence', () => {
      for (const seed of [2, 5, 6, 7, 8, 9]) {
        const points = plain(data(seed, 24))
        const sampleWeight = points.map((_, i) => (i + 1) % 4)
        const copies = points.flatMap((row, i) => Array.from({ length: sampleWeight[i] }, () => row))
        const weighted = family.fitSync(points, { k: 3, nInit: 2, sampleWeight })
        const copied = family.fitSync(copies, { k: 3, nInit: 2 })
        expect(weighted.counts).toEqual(copied.counts)
        if (name === 'MiniBatchKMeans') {
          weighted.centroids.values.forEach((x, at) => {
            expect(x).toBeCloseTo(copied.centroids.values[at], 12)
          })
        } else {
          expect(weighted.centroids).toEqual(copied.centroids)
          expect(weighted.inertia).toBe(copied.inertia)
        }
        expect(weighted.labels).toEqual(copied.predictSync(points))
      }
    })

    test('the same seed gives the same bits, whole or in steps; inputs stay as they are', async () => {
      const points = data(7, 300)
      const before = points.values.slice()
      const a = family.fitSync(points, { k: 7, seed: 3 })
      const b = await family.fit(points, { k: 7, seed: 3 })
      expect(b).toEqual(a)
      expect(b.labels).toEqual(a.labels)
      expect(points.values).toEqual(before)
      // Read before the call returns: what the caller does to the numbers afterwards is without effect.
      const later = family.fit(points, { k: 7, seed: 3 })
      points.values.fill(3)
      expect(await later).toEqual(a)
    })

    test('one row; as many clusters as rows; copies', () => {
      expect(family.fitSync([[1, 2]], { k: 1 }).inertia).toBeCloseTo(0, 12)
      const all = family.fitSync(
        [
          [1, 9],
          [5, 5],
          [9, 1],
        ],
        { k: 3 },
      )
      expect(Array.from(all.labels).toSorted()).toEqual([0, 1, 2])
      expect(all.inertia).toBeCloseTo(0, 12)
      const copies = family.fitSync(
        [
          [1, 2],
          [1, 2],
          [9, 1],
          [9, 1],
        ],
        { k: 4 },
      )
      expect([copies.k, copies.warnings.map(({ code }) => code)]).toEqual([2, ['W_DISTINCT']])
    })

    test('takes float32 rows, typed rows and tables, and weights of any size', () => {
      const points = data(13)
      const typed = Array.from({ length: points.rows }, (_, i) => Float32Array.from(points.row(i)))
      const single = family.fitSync(typed as never, { k: 3, nInit: 2 })
      const double = family.fitSync(
        typed.map((row) => Array.from(row)),
        { k: 3, nInit: 2 },
      )
      expect(single.labels).toEqual(double.labels)
      expect(single.centroids).toEqual(double.centroids)
      const table = Table.fromRows(plain(points).map(([latitude, longitude]) => ({ latitude, longitude })))
      const encoder = { scale: 'none' } as const
      const named = family.fitSync(table as never, { k: 3, nInit: 2, encoder })
      expect(named.labels).toEqual(family.fitSync(points, { k: 3, nInit: 2 }).labels)
      expect(named.predictSync(table as never)).toEqual(named.labels)
      expect(load(named.toBytes())).toEqual(named)
      const small = family.fitSync(points, { k: 3, nInit: 2 })
      for (const weight of [2 ** -40, 2 ** 60]) {
        const sampleWeight = Array.from({ length: points.rows }, () => weight)
        const weighted = family.fitSync(points, { k: 3, nInit: 2, sampleWeight })
        expect(weighted.labels.length).toBe(points.rows)
        expect(sum(weighted.counts)).toBe(weight * points.rows)
        expect(weighted.predictSync(points)).toEqual(weighted.labels)
        if (name !== 'MiniBatchKMeans') expect(weighted.labels).toEqual(small.labels)
      }
    })

    test('progress never goes back', async () => {
      const shares: number[] = []
      const onProgress = ({ done, total }: { done: number; total: number }): void => {
        shares.push(done / total)
      }
      await family.fit(data(3, 400), { k: 6, nInit: 2, onProgress })
      expect(shares.length).toBeGreaterThan(0)
      expect(shares.every((share, at) => share <= 1 && (at === 0 || share >= shares[at - 1]))).toBe(true)
    })

    test('is saved and loaded', () => {
      const points = data(11)
      const model = family.fitSync(points, { k: 3 })
      const bytes = model.toBytes()
      const back = load(bytes)
      expect(back.constructor).toBe(model.constructor)
      expect(back).toEqual(model)
      expect('toBytes' in back && back.toBytes()).toEqual(bytes)
      bytes[bytes.length >> 1] ^= 1
      expect(() => load(bytes)).toThrow(/changed or cut|model file/)
    })

    test('refuses hostile input', async () => {
      const fit = family.fitSync
      const refusal = (code: string): unknown => expect.objectContaining({ name: 'InputError', code })
      expect(() => fit([[1, 2]], { k: 2 })).toThrow(refusal('E_K'))
      expect(() => fit([[1, 2]], { k: 0 })).toThrow(refusal('E_K'))
      expect(() => fit([[1, 2]], { k: 1.5 })).toThrow(refusal('E_K'))
      expect(() => fit([[1, 2]], {} as never)).toThrow(refusal('E_K'))
      expect(() => fit([[1, 2]], undefined as never)).toThrow(refusal('E_TYPE'))
      expect(() => fit([], { k: 1 })).toThrow(refusal('E_EMPTY'))
      expect(() => fit([[]], { k: 1 })).toThrow(refusal('E_EMPTY'))
      expect(() => fit([[1, 2], [1]], { k: 1 })).toThrow(refusal('E_SHAPE'))
      expect(() => fit([[1, Number.NaN]], { k: 1 })).toThrow(refusal('E_NONFINITE'))
      expect(() => fit([[1, '2' as never]], { k: 1 })).toThrow(refusal('E_TYPE'))
      expect(() => fit([[1, 2]], { k: 1, init: [[1]] })).toThrow(refusal('E_INIT'))
      expect(() => fit([[1, 2]], { k: 1, init: [[1, Number.NaN]] })).toThrow(refusal('E_INIT'))
      expect(() => fit([[1, 2]], { k: 1, init: 'best' as never })).toThrow(refusal('E_PARAM'))
      expect(() => fit([[1, 2]], { k: 1, init: [[1, 2]], nInit: 2 })).toThrow(refusal('E_PARAM'))
      expect(() => fit([[1, 2]], { k: 1, seed: -1 })).toThrow(refusal('E_PARAM'))
      expect(() => fit([[1, 2]], { k: 1, sampleWeight: [0] })).toThrow(refusal('E_WEIGHTS'))
      expect(() => fit([[1, 2]], { k: 1, sampleWeight: [1, 2] })).toThrow(refusal('E_WEIGHTS'))
      expect(() => fit([[1, 2]], Object.assign({ k: 1 }, { ninit: 2 }))).toThrow(refusal('E_PARAM'))
      const model = fit(
        [
          [1, 2],
          [3, 4],
        ],
        { k: 1 },
      )
      expect(() => model.predictSync([[1]])).toThrow(refusal('E_SHAPE'))
      expect(() => model.predictSync([])).toThrow(refusal('E_EMPTY'))
      await expect(family.fit([[1, Number.NaN]], { k: 1 })).rejects.toThrow(refusal('E_NONFINITE'))
      const stop = new AbortController()
      const later = family.fit(data(1, 200), { k: 20, signal: stop.signal, onProgress: () => stop.abort() })
      await expect(later).rejects.toThrow(/abort/)
    })
  })
}
