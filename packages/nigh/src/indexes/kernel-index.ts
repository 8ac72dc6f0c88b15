import { Matrix } from '../data/matrix.ts'
import { NearSearch } from '../engine/near.ts'
import { makeInlineRunner, type Runner } from '../engine/runner.ts'
import { searchKit } from '../kernels/search-kit.ts'
import { weigh } from '../engine/weight.ts'
import type { Index, Found, NearestRequest, WithinRequest } from './spatial-index.ts'

/** Numbers that the kernels look at in the time that a plain loop takes for one, about: for pacing. */
const speed = 8
/** Products that a query of d columns takes among a tree's leaves, about: this times 6 + d². */
const treeProducts = 7000
/** Products that several threads finish sooner, about a millisecond's worth. */
const productsPay = 4e7
/** Products that each thread takes at most in a full scan of one batch. */
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
  readonly #search: NearSearch
  readonly #width: number
  readonly #plain: () => Index
  #built: Index | undefined
  #givenUp = false
  /** Share of the points that the last queries were compared with. */
  #looked = 1

  private constructor(search: NearSearch, points: Matrix, plain: () => Index) {
    this.algorithm = search.algorithm
    this.rows = points.rows
    this.#search = search
    this.#width = points.columns
    this.#plain = plain
  }

  /**
   * A full scan reads the points once for many queries; together they take at most some 40 ms. A tree begins with as many
   * as would take a few milliseconds, should it come to look at every point for each.
   */
  get batch(): number {
    const most = Math.floor((batchProducts * this.#search.working) / (this.rows * this.#width))
    if (this.algorithm === 'kdtree') return Math.max(1, Math.min(32, most >> 3))
    // Where cells were passed over there is time for more queries, and the more there are, the more of them share cells.
    return Math.max(4, Math.min(128, most - (most % 4)) * Math.min(4, Math.floor(1 / this.#looked)))
  }

  expect(queries: number): boolean {
    const columns = this.#width
    const products =
      this.algorithm === 'flat' ? queries * this.rows * columns : queries * treeProducts * (6 + columns ** 2)
    return !this.#givenUp && products > productsPay && this.#search.wantThreads()
  }

  /** Says that threads would help; false where none can come. */
  wantThreads(): boolean {
    return this.#search.wantThreads()
  }

  /** Whether the plain index has taken over. */
  get givenUp(): boolean {
    return this.#givenUp
  }

  /**
   * Copies the points into the kernels' memory; undefined where they do not fit. {@link prepare} is to follow.
   *
   * @param points prepared rows, in float64 or, where preparation left them as they were, in float32
   * @param plain builds the plain index
   * @param runner whose memory holds the index; threads may join it later
   */
  static place(
    points: Matrix,
    algorithm: 'flat' | 'kdtree',
    plain: () => Index,
    runner: Runner = makeInlineRunner(searchKit),
  ): KernelIndex | undefined {
    return unlessTooLarge(() => new KernelIndex(NearSearch.place(runner, points, algorithm), points, plain))
  }

  /**
   * Makes the index ready, in steps that yield the work done.
   *
   * @returns false where it does not fit in memory
   */
  *prepare(): Generator<number, boolean, void> {
    const steps = this.#search.prepare()
    for (;;) {
      const step = unlessTooLarge(() => steps.next())
      if (step === undefined) return false
      if (step.done === true) break
      yield step.value
    }
    weigh(this, this.#search.sharedBytes)
    return true
  }

  /** {@link place} and {@link prepare} in one. */
  static build(
    points: Matrix,
    algorithm: 'flat' | 'kdtree',
    plain: () => Index,
    runner?: Runner,
  ): KernelIndex | undefined {
    const index = KernelIndex.place(points, algorithm, plain, runner)
    if (index === undefined) return undefined
    const steps = index.prepare()
    for (;;) {
      const step = steps.next()
      if (step.done === true) return step.value ? index : undefined
    }
  }

  /** The points as they were placed: a copy. */
  points(): Matrix {
    return this.#search.points()
  }

  nearest(request: NearestRequest, indices: Uint32Array, ranks: Float64Array): number {
    const { from, to, k, self, live } = request
    if (this.#givenUp || live !== undefined) return this.#instead().nearest(request, indices, ranks)
    const before = this.#search.work
    const queries = self ? null : Matrix.trusted(request.queries, this.#width)
    this.#search.nearestInto(queries, from, to, k, { indices, distancesSq: ranks })
    const after = this.#search.work
    const exact = after.exact - before.exact
    this.#looked = Math.min(1, Math.max(0.01, (after.work - before.work) / ((to - from) * this.rows)))
    if (exact > (to - from) * (this.rows / 8 + 8 * k)) this.#givenUp = true
    return Math.ceil((after.work - before.work) / speed + exact)
  }

  within(request: WithinRequest, found: Found): number {
    const work = this.withinMany(request, request.query + 1, found, () => undefined)
    return work ?? this.#instead().within(request, found)
  }

  withinMany(request: WithinRequest, to: number, found: Found, close: () => void): number | undefined {
    const { query, limit, self, live } = request
    if (live !== undefined || !(limit < 2 ** 1000)) return undefined
    const before = this.#search.work
    const queries = self ? null : Matrix.trusted(request.queries, this.#width)
    const { offsets, indices, distancesSq } = this.#search.within(queries, query, to, limit)
    for (let i = 0; i < to - query; i++) {
      for (let at = offsets[i]; at < offsets[i + 1]; at++) found.add(distancesSq[at], indices[at])
      close()
    }
    const after = this.#search.work
    return Math.ceil((after.work - before.work) / speed + after.exact - before.exact)
  }

  #instead(): Index {
    this.#built ??= this.#plain()
    return this.#built
  }
}

/** Memory that cannot grow is a RangeError in every engine. */
function unlessTooLarge<T>(make: () => T): T | undefined {
  try {
    return make()
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}
