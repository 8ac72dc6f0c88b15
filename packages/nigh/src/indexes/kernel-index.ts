import { Matrix } from '../data/matrix.ts'
import { NearSearch } from '../engine/near.ts'
import { makeInlineRunner, type Runner } from '../engine/runner.ts'
import type { Index, Found, NearestRequest, WithinRequest } from './spatial-index.ts'

/** Numbers that the kernels look at in the time that a plain loop takes for one, about: for pacing. */
const speed = 8
/** Products that a full scan of one batch takes at most. */
const batchProducts = 1.6e9

/**
 * Euclidean search by the kernels, on this thread and those that join it: a full scan or a k-d tree in the kernels' own memory.
 *
 * The kernels look for candidates in a rounded copy and decide by the definition, so that ranks and order are those of
 * {@link FlatIndex}, to the bit. What they cannot do (a filter, no limit) a plain index does; it is built when first
 * needed. It takes over for good where the rounded copy leaves too much to be decided: many equal rows, say, among
 * which only their numbers tell, and of which a plain tree passes over all but the first.
 */
export class KernelIndex implements Index {
  readonly algorithm: 'flat' | 'kdtree'
  readonly rows: number
  /** A full scan reads the points once for many queries; together they take some 20 ms a thread. */
  readonly batch: number
  readonly #search: NearSearch
  readonly #width: number
  readonly #plain: () => Index
  #built: Index | undefined
  #givenUp = false

  private constructor(search: NearSearch, points: Matrix, plain: () => Index) {
    this.algorithm = search.algorithm
    this.rows = points.rows
    const most = Math.floor(batchProducts / (points.rows * points.columns))
    this.batch = search.algorithm === 'flat' ? Math.max(4, Math.min(64, most - (most % 4))) : 1
    this.#search = search
    this.#width = points.columns
    this.#plain = plain
  }

  /** Whether the plain index has taken over. */
  get givenUp(): boolean {
    return this.#givenUp
  }

  /**
   * Copies the points into the kernels' memory; undefined where they do not fit.
   *
   * @param points prepared rows, in float64 or, where preparation left them as they were, in float32
   * @param plain builds the plain index
   * @param runner whose memory holds the index; threads may join it later
   */
  static build(
    points: Matrix,
    algorithm: 'flat' | 'kdtree',
    plain: () => Index,
    runner: Runner = makeInlineRunner(),
  ): KernelIndex | undefined {
    try {
      return new KernelIndex(NearSearch.build(runner, points, algorithm), points, plain)
    } catch (error) {
      // Memory that cannot grow is a RangeError in every engine.
      if (error instanceof RangeError) return undefined
      throw error
    }
  }

  nearest(request: NearestRequest, indices: Uint32Array, ranks: Float64Array): number {
    const { queries, from, to, k, self, live } = request
    if (this.#givenUp || live !== undefined) return this.#instead().nearest(request, indices, ranks)
    const before = this.#search.work
    const found = this.#search.nearest(self ? null : Matrix.trusted(queries, this.#width), from, to, k)
    indices.set(found.indices)
    ranks.set(found.distancesSq)
    const after = this.#search.work
    const exact = after.exact - before.exact
    if (exact > (to - from) * (this.rows / 8 + 8 * k)) this.#givenUp = true
    return Math.ceil((after.work - before.work) / speed + exact)
  }

  within(request: WithinRequest, found: Found): number {
    const { queries, query, limit, self, live } = request
    if (live !== undefined || !(limit < 2 ** 1000)) return this.#instead().within(request, found)
    const before = this.#search.work
    const near = this.#search.within(
      self ? null : Matrix.trusted(queries, this.#width),
      query,
      query + 1,
      limit,
    )
    for (let at = 0; at < near.indices.length; at++) found.add(near.distancesSq[at], near.indices[at])
    const after = this.#search.work
    return Math.ceil((after.work - before.work) / speed + after.exact - before.exact)
  }

  #instead(): Index {
    this.#built ??= this.#plain()
    return this.#built
  }
}
