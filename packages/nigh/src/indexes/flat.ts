import type { Metric } from '../metrics/metric.ts'
import { Selection } from './selection.ts'
import {
  type Found,
  type Index,
  type NearestRequest,
  type WithinRequest,
  blockRows,
} from './spatial-index.ts'

/**
 * Looks at every row: the definition of the right answer, and for many columns the fastest way to it.
 *
 * Cost: n ranks a query.
 */
export class FlatIndex implements Index {
  readonly algorithm = 'flat'
  readonly rows: number
  readonly #points: Float64Array
  readonly #width: number
  readonly #metric: Metric
  readonly #block = new Float64Array(blockRows)

  /** @param points n × width prepared rows, kept, not copied */
  constructor(points: Float64Array, width: number, metric: Metric) {
    this.rows = points.length / width
    this.#points = points
    this.#width = width
    this.#metric = metric
  }

  nearest(request: NearestRequest, indices: Uint32Array, ranks: Float64Array): number {
    const { from, to, k } = request
    const best = new Selection(k)
    for (let query = from; query < to; query++) {
      best.clear()
      this.scan(request, query, 0, this.rows, best)
      best.write(indices, ranks, (query - from) * k)
    }
    return (to - from) * this.rows
  }

  /** Looks for one query at the rows `start` to `end` (exclusive) only; rows must be looked at in order. */
  scan(request: NearestRequest, query: number, start: number, end: number, best: Selection): void {
    const { queries, self, live } = request
    const block = this.#block
    const skip = self ? query : -1
    for (let first = start; first < end; first += blockRows) {
      const last = Math.min(end, first + blockRows)
      this.#metric.ranks(queries, query * this.#width, this.#points, first, last, this.#width, block)
      // Rows come in order, so of two equal ranks the smaller index is already held: strict < keeps it.
      let worst = best.worstRank
      for (let row = first; row < last; row++) {
        const rank = block[row - first]
        if (rank < worst && row !== skip && (live === undefined || live[row] === 1)) {
          best.add(rank, row)
          worst = best.worstRank
        }
      }
    }
  }

  within(request: WithinRequest, found: Found): number {
    this.scanWithin(request, 0, this.rows, found)
    return this.rows
  }

  /** {@link FlatIndex.within} of the rows `start` to `end` (exclusive) only. */
  scanWithin(request: WithinRequest, start: number, end: number, found: Found): void {
    const { queries, query, limit, self, live } = request
    const block = this.#block
    const skip = self ? query : -1
    for (let first = start; first < end; first += blockRows) {
      const last = Math.min(end, first + blockRows)
      this.#metric.ranks(queries, query * this.#width, this.#points, first, last, this.#width, block)
      for (let row = first; row < last; row++) {
        const rank = block[row - first]
        if (rank <= limit && row !== skip && (live === undefined || live[row] === 1)) found.add(rank, row)
      }
    }
  }
}
