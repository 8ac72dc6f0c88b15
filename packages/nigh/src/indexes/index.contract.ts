import { describe, expect, test } from 'vitest'
import type { MetricOptions } from '../metrics/resolve.ts'
import { metricOf } from '../metrics/resolve.ts'
import type { Metric } from '../metrics/metric.ts'
import { Random } from '../random.ts'
import { FlatIndex } from './flat.ts'
import { WithinList } from './neighbors.ts'
import type { Index } from './spatial-index.ts'

/** Builds the index under test; undefined where it cannot serve the metric. */
export type IndexMaker = (
  points: Float64Array,
  width: number,
  metric: Metric,
  leafSize: number,
) => Index | undefined

const metrics: readonly (MetricOptions & { readonly columns?: number })[] = [
  { metric: 'euclidean' },
  { metric: 'sqeuclidean' },
  { metric: 'manhattan' },
  { metric: 'chebyshev' },
  { metric: 'minkowski', p: 3 },
  { metric: 'minkowski', p: 1.7 },
  { metric: 'minkowski', p: 0.5 },
  { metric: 'cosine' },
  { metric: 'hamming' },
  { metric: 'haversine', columns: 2 },
  { metric: (a, b) => Math.abs(a[0] - b[0]) },
]

/** Rows on a coarse grid, so that ties abound; several are repeated. */
function coarse(
  random: Random,
  rows: number,
  columns: number,
  levels: number,
  metric: MetricOptions,
): Float64Array {
  const values = new Float64Array(rows * columns)
  for (let at = 0; at < values.length; at++) {
    values[at] =
      metric.metric === 'haversine'
        ? at % 2 === 0
          ? random.integer(Math.min(levels, 5)) * 45 - 90
          : random.integer(levels) * 90 - 180
        : random.integer(levels) + (metric.metric === 'cosine' ? 1 : 0)
  }
  return values
}

/** Every index finds what the flat one finds, to the bit, in rank and in order. */
export function indexContract(name: string, make: IndexMaker): void {
  describe(`${name} finds what a full scan finds`, () => {
    for (const options of metrics) {
      const title = typeof options.metric === 'function' ? 'own' : `${options.metric} ${options.p ?? ''}`
      test(title, () => {
        const random = new Random(7)
        for (const rows of [1, 2, 7, 8, 33, 200]) {
          for (const columns of options.columns === undefined ? [1, 2, 5] : [options.columns]) {
            for (const levels of [1, 3, 5]) {
              for (const leafSize of [1, 4, 16]) {
                const { columns: _columns, ...metricOptions } = options
                const metric = metricOf('contract', metricOptions, columns)
                const width = metric.width(columns)
                const place = { call: 'contract', param: 'points' }
                const points = new Float64Array(rows * width)
                metric.prepare(
                  place,
                  coarse(random, rows, columns, levels, options),
                  columns,
                  0,
                  rows,
                  points,
                )
                const queries = new Float64Array(5 * width)
                metric.prepare(place, coarse(random, 5, columns, levels + 1, options), columns, 0, 5, queries)
                const index = make(points, width, metric, leafSize)
                if (index === undefined) continue
                const flat = new FlatIndex(points, width, metric)
                const live = Uint8Array.from({ length: rows }, () => random.integer(2))
                compareNearest(index, flat, points, queries, width, rows, live)
                compareWithin(index, flat, points, queries, width, rows, live)
              }
            }
          }
        }
      })
    }
  })
}

/** Equal to the bit; toEqual takes a hundred times as long. */
function same(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  if (a.length !== b.length) return false
  for (let at = 0; at < a.length; at++) if (!Object.is(a[at], b[at])) return false
  return true
}

function compareNearest(
  index: Index,
  flat: Index,
  points: Float64Array,
  queries: Float64Array,
  width: number,
  rows: number,
  live: Uint8Array,
): void {
  const alive = live.reduce((sum, flag) => sum + flag, 0)
  for (const self of [false, true]) {
    const asked = self ? points : queries
    const count = Math.min(12, asked.length / width)
    for (const flags of [undefined, live]) {
      for (const k of new Set([1, 2, 5, 60, rows])) {
        const most = flags === undefined ? rows - (self ? 1 : 0) : alive - (self ? 1 : 0)
        if (k > most) continue
        const from = count > 3 ? 1 : 0
        const request = { queries: asked, from, to: count, k, self, live: flags }
        const size = (count - from) * k
        const got = { indices: new Uint32Array(size), ranks: new Float64Array(size) }
        const expected = { indices: new Uint32Array(size), ranks: new Float64Array(size) }
        index.nearest(request, got.indices, got.ranks)
        flat.nearest(request, expected.indices, expected.ranks)
        expect(same(got.indices, expected.indices) && same(got.ranks, expected.ranks)).toBe(true)
      }
    }
  }
}

function compareWithin(
  index: Index,
  flat: Index,
  points: Float64Array,
  queries: Float64Array,
  width: number,
  rows: number,
  live: Uint8Array,
): void {
  for (const self of [false, true]) {
    const asked = self ? points : queries
    const count = Math.min(5, asked.length / width)
    for (const flags of [undefined, live]) {
      const all = new WithinList('contract')
      flat.within({ queries: asked, query: 0, limit: Number.POSITIVE_INFINITY, self, live: flags }, all)
      all.close(Number.POSITIVE_INFINITY, (rank) => rank)
      const ranks = all.finish().distances
      // Limits that are ranks of rows: what lies exactly on the rim is in.
      for (const limit of new Set([
        0,
        ranks[0] ?? 1,
        ranks[ranks.length >> 1] ?? 1,
        Number.POSITIVE_INFINITY,
      ])) {
        const got = new WithinList('contract')
        const expected = new WithinList('contract')
        for (let query = 0; query < count; query++) {
          index.within({ queries: asked, query, limit, self, live: flags }, got)
          got.close(limit, (rank) => rank)
          flat.within({ queries: asked, query, limit, self, live: flags }, expected)
          expected.close(limit, (rank) => rank)
        }
        const [a, b] = [got.finish(), expected.finish()]
        expect(
          same(a.offsets, b.offsets) && same(a.indices, b.indices) && same(a.distances, b.distances),
        ).toBe(true)
      }
    }
  }
  expect(rows).toBe(index.rows)
}
