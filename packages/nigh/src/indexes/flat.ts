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
    const { queries, from, to, k, self, live } = request
    const { rows } = this
    const block = this.#block
    const best = new Selection(k)
    for (let query = from; query < to; query++) {
      best.clear()
      const skip = self ? query : -1
      for (let start = 0; start < rows; start += blockRows) {
        const end = Math.min(rows, start + blockRows)
        this.#metric.ranks(queries, query * this.#width, this.#points, start, end, this.#width, block)
        // Rows come in order, so of two equal ranks the smaller index is already held: strict < keeps it.
        let worst = best.worstRank
        for (let row = start; row < end; row++) {
          const rank = block[row - start]
          if (rank < worst && row !== skip && (live === undefined || live[row] === 1)) {
            best.add(rank, row)
            worst = best.worstRank
          }
        }
      }
      best.write(indices, ranks, (query - from) * k)
    }
    return (to - from) * rows
  }

  within(request: WithinRequest, found: Found): number {
    const { queries, query, limit, self, live } = request
    const { rows } = this
    const block = this.#block
    const skip = self ? query : -1
    for (let start = 0; start < rows; start += blockRows) {
      const end = Math.min(rows, start + blockRows)
      this.#metric.ranks(queries, query * this.#width, this.#points, start, end, this.#width, block)
      for (let row = start; row < end; row++) {
        const rank = block[row - start]
        if (rank <= limit && row !== skip && (live === undefined || live[row] === 1)) found.add(rank, row)
      }
    }
    return rows
  }
}
