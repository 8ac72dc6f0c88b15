import type { Metric } from '../metrics/metric.ts'
import { Halving, pause, reordered, selectSteps } from './halving.ts'
import { Selection } from './selection.ts'
import type { Found, Index, NearestRequest, WithinRequest } from './spatial-index.ts'

/**
 * A k-d tree: rows halved along their widest column, each node knowing the smallest box around its rows.
 *
 * Boxes are bounds that rounding cannot break (see {@link Metric.boxRank}), so a node is passed over only where none of
 * its rows can rank among the k best, ties included.
 *
 * Cost: n·log n to build; a query looks at a few leaves where columns are few (up to about 15), at all rows where they
 * are many.
 * Source: Bentley 1975; Friedman, Bentley and Finkel 1977.
 */
export class KdTree implements Index {
  readonly algorithm = 'kdtree'
  readonly rows: number
  readonly #width: number
  readonly #metric: Metric
  readonly #boxRank: NonNullable<Metric['boxRank']>
  readonly #tree: Halving
  readonly #lows: Float64Array
  readonly #highs: Float64Array
  /** The prepared rows, in tree order. */
  readonly #points: Float64Array
  readonly #block: Float64Array
  readonly #nodes: Uint32Array
  readonly #bounds: Float64Array

  private constructor(
    metric: Metric,
    boxRank: NonNullable<Metric['boxRank']>,
    width: number,
    tree: Halving,
    lows: Float64Array,
    highs: Float64Array,
    points: Float64Array,
  ) {
    this.rows = tree.order.length
    this.#metric = metric
    this.#boxRank = boxRank
    this.#width = width
    this.#tree = tree
    this.#lows = lows
    this.#highs = highs
    this.#points = points
    let largest = 1
    for (let node = tree.firstLeaf; node < tree.nodes; node++) {
      largest = Math.max(largest, tree.ends[node] - tree.starts[node])
    }
    this.#block = new Float64Array(largest)
    this.#nodes = new Uint32Array(2 * tree.levels + 2)
    this.#bounds = new Float64Array(2 * tree.levels + 2)
  }

  /**
   * Builds the tree, yielding the work done (in numbers looked at) now and then, for the caller to pace itself by.
   *
   * @param points n × width prepared rows; copied
   */
  static *build(
    points: Float64Array,
    width: number,
    metric: Metric,
    boxRank: NonNullable<Metric['boxRank']>,
    leafSize: number,
  ): Generator<number, KdTree, void> {
    const rows = points.length / width
    const tree = new Halving(rows, leafSize)
    const { order, starts, ends } = tree
    const lows = new Float64Array(tree.nodes * width)
    const highs = new Float64Array(tree.nodes * width)
    const keys = new Float64Array(rows)
    const run = Math.ceil(pause / width)
    // Nodes in the order of their numbers: parents before children, and no recursion.
    for (let node = 0; node < tree.nodes; node++) {
      const start = starts[node]
      const end = ends[node]
      const box = node * width
      lows.fill(Number.POSITIVE_INFINITY, box, box + width)
      highs.fill(Number.NEGATIVE_INFINITY, box, box + width)
      for (let first = start; first < end; first += run) {
        const last = Math.min(end, first + run)
        for (let position = first; position < last; position++) {
          const p = order[position] * width
          for (let j = 0; j < width; j++) {
            const x = points[p + j]
            if (x < lows[box + j]) lows[box + j] = x
            if (x > highs[box + j]) highs[box + j] = x
          }
        }
        if (last < end) yield (last - first) * width
      }
      if (node < tree.firstLeaf && end - start > 1) {
        let widest = 0
        for (let j = 1; j < width; j++) {
          if (highs[box + j] - lows[box + j] > highs[box + widest] - lows[box + widest]) widest = j
        }
        for (let position = start; position < end; position++) {
          keys[position] = points[order[position] * width + widest]
        }
        yield* selectSteps(keys, order, start, end, ends[2 * node + 1])
      }
      yield Math.min(end - start, run) * (width + 4)
    }
    yield* tree.finish()
    const inOrder = yield* reordered(points, width, order)
    return new KdTree(metric, boxRank, width, tree, lows, highs, inOrder)
  }

  nearest(request: NearestRequest, indices: Uint32Array, ranks: Float64Array): number {
    const { queries, from, to, k, self, live } = request
    const { firstLeaf, starts, ends, order, smallest } = this.#tree
    const boxRank = this.#boxRank
    const lows = this.#lows
    const highs = this.#highs
    const width = this.#width
    const nodes = this.#nodes
    const bounds = this.#bounds
    const block = this.#block
    const best = new Selection(k)
    let work = 0
    for (let query = from; query < to; query++) {
      best.clear()
      const at = query * width
      const skip = self ? query : -1
      let depth = 1
      nodes[0] = 0
      bounds[0] = 0
      while (depth > 0) {
        depth--
        const node = nodes[depth]
        // On a tie a node can still help, but only with a smaller row.
        if (!best.admits(bounds[depth], smallest[node])) continue
        if (node < firstLeaf) {
          const left = 2 * node + 1
          const right = left + 1
          const leftBound = boxRank(queries, at, lows, highs, left, width)
          const rightBound = boxRank(queries, at, lows, highs, right, width)
          const leftFirst =
            leftBound < rightBound || (leftBound === rightBound && smallest[left] < smallest[right])
          nodes[depth] = leftFirst ? right : left
          bounds[depth] = leftFirst ? rightBound : leftBound
          nodes[depth + 1] = leftFirst ? left : right
          bounds[depth + 1] = leftFirst ? leftBound : rightBound
          depth += 2
          work += 2
          continue
        }
        const start = starts[node]
        const end = ends[node]
        this.#metric.ranks(queries, at, this.#points, start, end, width, block)
        work += end - start
        for (let position = start; position < end; position++) {
          const rank = block[position - start]
          if (rank > best.worstRank) continue
          const row = order[position]
          if (row !== skip && best.admits(rank, row) && (live === undefined || live[row] === 1))
            best.add(rank, row)
        }
      }
      best.write(indices, ranks, (query - from) * k)
    }
    return work
  }

  within(request: WithinRequest, found: Found): number {
    const { queries, query, limit, self, live } = request
    const { firstLeaf, starts, ends, order } = this.#tree
    const width = this.#width
    const at = query * width
    const skip = self ? query : -1
    const nodes = this.#nodes
    const block = this.#block
    let work = 0
    let depth = 1
    nodes[0] = 0
    while (depth > 0) {
      depth--
      const node = nodes[depth]
      work += 1
      if (this.#boxRank(queries, at, this.#lows, this.#highs, node, width) > limit) continue
      if (node < firstLeaf) {
        nodes[depth++] = 2 * node + 2
        nodes[depth++] = 2 * node + 1
        continue
      }
      const start = starts[node]
      const end = ends[node]
      this.#metric.ranks(queries, at, this.#points, start, end, width, block)
      work += end - start
      for (let position = start; position < end; position++) {
        const rank = block[position - start]
        const row = order[position]
        if (rank <= limit && row !== skip && (live === undefined || live[row] === 1)) found.add(rank, row)
      }
    }
    return work
  }
}
