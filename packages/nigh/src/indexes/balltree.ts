import type { Metric } from '../metrics/metric.ts'
import { Halving, pause, reordered, selectSteps } from './halving.ts'
import { Selection } from './selection.ts'
import type { Found, Index, NearestRequest, WithinRequest } from './spatial-index.ts'

/**
 * A ball-tree: rows halved by which of two far-apart rows they are nearer to, each node knowing a centre (one of its
 * rows) and the distance to its farthest row. Needs nothing of a metric but the triangle inequality: no row of a ball
 * is nearer than the distance to its centre less its radius.
 *
 * Bounds are widened by the metric's rounding error, so that a node is passed over only where none of its rows can
 * rank among the k best, ties included.
 *
 * Cost: n·log n distances to build; a query pays one distance for each ball it looks at.
 * Source: Omohundro 1989; Uhlmann 1991.
 */
export class BallTree implements Index {
  readonly algorithm = 'balltree'
  readonly rows: number
  readonly #width: number
  readonly #metric: Metric
  readonly #length: NonNullable<Metric['length']>
  readonly #tree: Halving
  /** The centres, node after node. */
  readonly #centers: Float64Array
  readonly #radii: Float64Array
  /** The prepared rows, in tree order. */
  readonly #points: Float64Array
  readonly #block: Float64Array
  readonly #nodes: Uint32Array
  readonly #bounds: Float64Array
  readonly #error: number

  private constructor(
    metric: Metric,
    length: NonNullable<Metric['length']>,
    width: number,
    tree: Halving,
    centers: Float64Array,
    radii: Float64Array,
    points: Float64Array,
  ) {
    this.rows = tree.order.length
    this.#metric = metric
    this.#length = length
    this.#width = width
    this.#tree = tree
    this.#centers = centers
    this.#radii = radii
    this.#points = points
    this.#error = metric.lengthError(width)
    let largest = 1
    for (let node = tree.firstLeaf; node < tree.nodes; node++) {
      largest = Math.max(largest, tree.ends[node] - tree.starts[node])
    }
    this.#block = new Float64Array(largest)
    this.#nodes = new Uint32Array(2 * tree.levels + 2)
    this.#bounds = new Float64Array(2 * tree.levels + 2)
  }

  /**
   * Builds the tree, yielding the work done (in numbers looked at) now and then.
   *
   * @param points n × width prepared rows; copied
   */
  static *build(
    points: Float64Array,
    width: number,
    metric: Metric,
    length: NonNullable<Metric['length']>,
    leafSize: number,
  ): Generator<number, BallTree, void> {
    const rows = points.length / width
    const tree = new Halving(rows, leafSize)
    const { order, starts, ends } = tree
    const centers = new Float64Array(tree.nodes * width)
    const radii = new Float64Array(tree.nodes)
    const keys = new Float64Array(rows)
    const far = new Float64Array(rows)
    const one = new Float64Array(1)
    const run = Math.ceil(pause / (8 * width))
    /** Writes the distances of the positions from a row; yields as it goes. */
    function* measure(row: number, start: number, end: number): Generator<number, void, void> {
      for (let first = start; first < end; first += run) {
        const last = Math.min(end, first + run)
        for (let position = first; position < last; position++) {
          const other = order[position]
          metric.ranks(points, row * width, points, other, other + 1, width, one)
          far[position] = length(one[0])
        }
        if (last < end) yield 8 * (last - first) * width
      }
    }
    /** The row farthest from the one measured; the first of several. */
    const farthest = (start: number, end: number): number => {
      let most = start
      for (let position = start + 1; position < end; position++)
        if (far[position] > far[most]) most = position
      return order[most]
    }
    for (let node = 0; node < tree.nodes; node++) {
      const start = starts[node]
      const end = ends[node]
      if (start === end) continue
      // Any row will do as a centre; the middle one, after a parent's split, is rarely at the rim.
      const center = order[(start + end) >>> 1]
      let radius = 0
      for (let j = 0; j < width; j++) centers[node * width + j] = points[center * width + j]
      yield* measure(center, start, end)
      for (let position = start; position < end; position++) radius = Math.max(radius, far[position])
      radii[node] = radius
      if (node < tree.firstLeaf && end - start > 1) {
        const a = farthest(start, end)
        yield* measure(a, start, end)
        const b = farthest(start, end)
        for (let position = start; position < end; position++) keys[position] = far[position]
        yield* measure(b, start, end)
        for (let position = start; position < end; position++) keys[position] -= far[position]
        yield* selectSteps(keys, order, start, end, ends[2 * node + 1])
      }
      yield Math.min(end - start, run) * width * 5
    }
    yield* tree.finish()
    const inOrder = yield* reordered(points, width, order)
    return new BallTree(metric, length, width, tree, centers, radii, inOrder)
  }

  /** A length that no row of the node can fall short of, whatever the rounding. */
  #bound(queries: Float64Array, at: number, node: number): number {
    this.#metric.ranks(queries, at, this.#centers, node, node + 1, this.#width, this.#block)
    const far = this.#length(this.#block[0])
    const radius = this.#radii[node]
    return far - radius - (far + radius) * this.#error
  }

  nearest(request: NearestRequest, indices: Uint32Array, ranks: Float64Array): number {
    const { queries, from, to, k, self, live } = request
    const { firstLeaf, starts, ends, order, smallest } = this.#tree
    const length = this.#length
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
      bounds[0] = Number.NEGATIVE_INFINITY
      let worst = Number.POSITIVE_INFINITY
      while (depth > 0) {
        depth--
        const node = nodes[depth]
        if (bounds[depth] > worst) continue
        // Rows of rank 0 cannot be beaten but by a smaller row: what spares copies a full scan.
        if (best.worstRank === 0 && smallest[node] > best.worstRow) continue
        if (node < firstLeaf) {
          const left = 2 * node + 1
          const right = left + 1
          const leftBound =
            starts[left] < ends[left] ? this.#bound(queries, at, left) : Number.POSITIVE_INFINITY
          const rightBound =
            starts[right] < ends[right] ? this.#bound(queries, at, right) : Number.POSITIVE_INFINITY
          work += 2
          const leftFirst =
            leftBound < rightBound || (leftBound === rightBound && smallest[left] < smallest[right])
          nodes[depth] = leftFirst ? right : left
          bounds[depth] = leftFirst ? rightBound : leftBound
          nodes[depth + 1] = leftFirst ? left : right
          bounds[depth + 1] = leftFirst ? leftBound : rightBound
          depth += 2
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
          if (row !== skip && best.admits(rank, row) && (live === undefined || live[row] === 1)) {
            best.add(rank, row)
          }
        }
        if (best.worstRank < Number.POSITIVE_INFINITY) worst = this.#widened(length(best.worstRank))
      }
      best.write(indices, ranks, (query - from) * k)
    }
    return work
  }

  #widened(length: number): number {
    return length * (1 + this.#error) + Number.MIN_VALUE
  }

  within(request: WithinRequest, found: Found): number {
    const { queries, query, limit, self, live } = request
    const { firstLeaf, starts, ends, order } = this.#tree
    const width = this.#width
    const at = query * width
    const skip = self ? query : -1
    const nodes = this.#nodes
    const block = this.#block
    const reach = limit === Number.POSITIVE_INFINITY ? limit : this.#widened(this.#length(limit))
    let work = 0
    let depth = 1
    nodes[0] = 0
    while (depth > 0) {
      depth--
      const node = nodes[depth]
      if (starts[node] === ends[node]) continue
      work += 1
      if (this.#bound(queries, at, node) > reach) continue
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
