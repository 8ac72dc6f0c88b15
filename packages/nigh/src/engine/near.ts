import { Matrix } from '../data/matrix.ts'
import {
  BLOCK,
  CAPACITY,
  COUNTS,
  DISTANCES_SQ,
  GROUPS,
  INDICES,
  LEAF_ROWS,
  LEVELS,
  LIMIT_SQ,
  MERGED_DISTANCES_SQ,
  MERGED_INDICES,
  MODE,
  MODE_COUNT,
  MODE_LIST,
  MODE_NEAREST,
  NEIGHBORS,
  NO_HALF,
  OFFSETS,
  ORDER,
  QUERIES,
  QUERY_CELLS,
  QUERY_COUNT,
  QUERY_NEAREST,
  QUERY_NORMS,
  QUERY_ORDER,
  QUERY_RESTS,
  QUERY_WORK,
  SCRATCH,
  SCRATCH_BYTES,
  SELF,
  SLICES,
  STATS,
  STAT_EXACT,
  STAT_WORK,
  THRESHOLDS,
} from '../kernels/near-layout.ts'
import { NearCells } from './near-cells.ts'
import { packFlat } from './near-pack.ts'
import { NearRecord } from './near-record.ts'
import { growTree } from './near-tree.ts'
import type { Runner } from './runner.ts'
import { TeamRunner } from './team.ts'
import { wantMembers } from './wanted.ts'

/** The k nearest rows of each query, nearest first; a tie goes to the smaller row. */
export interface Nearest {
  /** m × k rows. */
  readonly indices: Uint32Array
  /** m × k squared distances. */
  readonly distancesSq: Float64Array
}

/** All rows within a distance of each query, nearest first; query i's are `offsets[i]` … `offsets[i + 1] − 1`. */
export interface Within extends Nearest {
  readonly offsets: Float64Array
}

/** Work done so far. */
export interface NearWork {
  /** Distances computed in the working copy. */
  readonly work: number
  /** Distances computed by the definition. */
  readonly exact: number
}

/** How a search goes about it. */
export type NearAlgorithm = 'flat' | 'kdtree'

/** Bytes that the queries of one round and their answers may take. */
const ROUND_BYTES = 1 << 25
/** Queries that go through the panels together, and bytes that their packed numbers and their lists may take. */
const BLOCK_QUERIES = 128
const BLOCK_BYTES = 1 << 18
const LIST_BYTES = 1 << 20

/**
 * Exact euclidean search among n points, through the kernels: flat (any number of columns) or by a kd-tree (few).
 *
 * The answers are those of the definition (ARCHITECTURE.md) over all rows, bit for bit. Finite numbers are taken for
 * granted, and so is that squares of differences neither overflow nor underflow float64.
 *
 * Memory: the points, and for flat half of float32's bytes again; for the tree twice to three times float32's.
 */
export class NearSearch {
  readonly algorithm: NearAlgorithm
  readonly rows: number
  readonly columns: number
  readonly #record: NearRecord
  readonly #cells: NearCells

  private constructor(runner: Runner, points: Matrix, algorithm: NearAlgorithm) {
    this.algorithm = algorithm
    this.rows = points.rows
    this.columns = points.columns
    this.#record = new NearRecord(runner, points)
    this.#cells = new NearCells(this.#record)
  }

  /**
   * Prepares points for search.
   *
   * Cost: flat one pass over the numbers; the tree n·d·log n.
   */
  static build(runner: Runner, points: Matrix, algorithm: NearAlgorithm): NearSearch {
    const search = NearSearch.place(runner, points, algorithm)
    const steps = search.prepare()
    while (steps.next().done !== true) continue
    return search
  }

  /** Copies the points; {@link prepare} makes them ready for search. */
  static place(runner: Runner, points: Matrix, algorithm: NearAlgorithm): NearSearch {
    return new NearSearch(runner, points, algorithm)
  }

  /** Makes the points ready for search, in steps that yield how many numbers they looked at. */
  *prepare(): Generator<number, void, void> {
    if (this.algorithm === 'flat') yield* packFlat(this.#record, this.#cells)
    else yield* growTree(this.#record)
  }

  /** The points as they were given: a copy. */
  points(): Matrix {
    const { values, columns } = this.#record.points
    return Matrix.trusted(values.slice(), columns)
  }

  /**
   * The k nearest rows of queries `from` to `to` (exclusive). Without queries: of the points themselves, each of which
   * is not its own neighbour.
   *
   * @param k from 1 to n (n − 1 without queries)
   */
  nearest(queries: Matrix | null, from: number, to: number, k: number): Nearest {
    const indices = new Uint32Array((to - from) * k)
    const distancesSq = new Float64Array((to - from) * k)
    this.nearestInto(queries, from, to, k, { indices, distancesSq })
    return { indices, distancesSq }
  }

  /** As {@link nearest}, into arrays that are there already. */
  nearestInto(queries: Matrix | null, from: number, to: number, k: number, out: Nearest): void {
    const { memory } = this.#record.runner
    const { indices, distancesSq } = out
    const top = memory.top
    const round = this.#roundOf(to - from, k)
    const area = this.#lay(round, k)
    const own = memory.allocate(round * k * area.slices * 12 + 64)
    const merged = area.slices > 1 ? memory.allocate(round * k * 12 + 64) : own
    this.#record.set(MODE, MODE_NEAREST)
    this.#record.set(NEIGHBORS, k)
    this.#record.set(DISTANCES_SQ, own)
    this.#record.set(INDICES, own + round * k * area.slices * 8)
    this.#record.set(MERGED_DISTANCES_SQ, merged)
    this.#record.set(MERGED_INDICES, merged + round * k * (area.slices > 1 ? 1 : area.slices) * 8)
    for (let first = from; first < to; first += round) {
      const count = Math.min(round, to - first)
      this.#ask(queries, first, count)
      if (area.slices > 1) this.#record.run('flatMerge', count, 16)
      const place = (first - from) * k
      distancesSq.set(memory.f64(this.#record.get(MERGED_DISTANCES_SQ), count * k), place)
      indices.set(memory.u32(this.#record.get(MERGED_INDICES), count * k), place)
    }
    memory.release(top)
  }

  /** All rows whose squared distance is at most `limitSq`, for queries `from` to `to`; without queries as {@link nearest}. */
  within(queries: Matrix | null, from: number, to: number, limitSq: number): Within {
    const { memory } = this.#record.runner
    const offsets = new Float64Array(to - from + 1)
    const pieces: { readonly indices: Uint32Array; readonly distancesSq: Float64Array }[] = []
    const top = memory.top
    const round = this.#roundOf(to - from, 0)
    this.#lay(round, 0, false)
    const places = memory.allocate(round * 8)
    this.#record.set(NEIGHBORS, 0)
    this.#record.set(LIMIT_SQ, limitSq)
    this.#record.set(COUNTS, places)
    this.#record.set(OFFSETS, places)
    const bottom = memory.top
    for (let first = from; first < to; first += round) {
      const count = Math.min(round, to - first)
      this.#record.set(MODE, MODE_COUNT)
      this.#ask(queries, first, count)
      let found = 0
      const counts = memory.f64(places, count)
      for (let i = 0; i < count; i++) {
        const here = counts[i]
        counts[i] = found
        found += here
        offsets[first - from + i + 1] = offsets[first - from + i] + here
      }
      const list = memory.allocate(found * 12 + 64)
      this.#record.set(MODE, MODE_LIST)
      this.#record.set(DISTANCES_SQ, list)
      this.#record.set(INDICES, list + found * 8)
      this.#ask(queries, first, count)
      pieces.push({
        distancesSq: new Float64Array(memory.f64(list, found)),
        indices: new Uint32Array(memory.u32(list + found * 8, found)),
      })
      memory.release(bottom)
    }
    memory.release(top)
    const indices = new Uint32Array(offsets[to - from])
    const distancesSq = new Float64Array(offsets[to - from])
    let at = 0
    for (const piece of pieces) {
      indices.set(piece.indices, at)
      distancesSq.set(piece.distancesSq, at)
      at += piece.indices.length
    }
    return { offsets, indices, distancesSq }
  }

  /** Bytes of memory held where threads share it; 0 where they do not. */
  get sharedBytes(): number {
    const { memory } = this.#record.runner
    return memory.shared ? memory.buffer.byteLength : 0
  }

  /** Share of the points that a query is compared with, about. */
  get share(): number {
    return this.#cells.share
  }

  /** Threads at work now. */
  get working(): number {
    return this.#record.runner instanceof TeamRunner ? this.#record.runner.members + 1 : 1
  }

  /** Says that members would be welcome, where they can be had and there are none. */
  wantThreads(): boolean {
    const runner = this.#record.runner
    if (!(runner instanceof TeamRunner) || runner.members > 0) return false
    wantMembers(runner)
    return true
  }

  /** Distances computed by all searches so far. */
  get work(): NearWork {
    const { memory, threads } = this.#record.runner
    const stats = memory.f64(this.#record.get(STATS), threads * 8)
    let work = 0
    let exact = 0
    for (let t = 0; t < threads; t++) {
      work += stats[t * 8 + STAT_WORK]
      exact += stats[t * 8 + STAT_EXACT]
    }
    return { work, exact }
  }

  /** Queries of one round: as many as fit the space set aside for them. */
  #roundOf(count: number, k: number): number {
    const columns = this.columns
    return Math.max(
      1,
      Math.min(count, Math.floor(ROUND_BYTES / (columns * 11 + 40 + k * 24 + this.#cells.room * 4))),
    )
  }

  /** Makes room for a round of queries and for the threads' scratch space; decides how the work is shared out. */
  #lay(round: number, k: number, sliced = true): { readonly slices: number } {
    const { memory, threads } = this.#record.runner
    const columns = this.columns
    const cells = this.#cells
    this.#record.set(QUERIES, memory.allocate(round * columns * 8))
    let block = 0
    let slices = 1
    if (this.algorithm === 'flat') {
      const capacity = 2 * k + 128
      this.#record.set(CAPACITY, capacity)
      this.#record.set(QUERY_WORK, memory.allocate(round * this.#record.packedWidth + 16))
      this.#record.set(QUERY_NORMS, memory.allocate(round * 16))
      this.#record.set(THRESHOLDS, memory.allocate(round * 4))
      this.#record.set(QUERY_RESTS, memory.allocate(round * 32))
      if (cells.count > 0) {
        this.#record.set(QUERY_CELLS, memory.allocate(round * cells.room * 4))
        this.#record.set(QUERY_NEAREST, memory.allocate(round * 4))
        this.#record.set(QUERY_ORDER, memory.allocate(round * 4))
      }
      // As many queries together as the second-level cache holds, since each reading of the points serves them all.
      const most = Math.min(
        BLOCK_QUERIES,
        Math.floor(BLOCK_BYTES / this.#record.packedWidth),
        Math.floor(LIST_BYTES / (capacity * 8)),
      )
      let blocks = Math.ceil(round / Math.max(4, most - (most % 4)))
      if (!sliced) blocks = Math.max(blocks, Math.min(threads, Math.ceil(round / 4)))
      block = Math.ceil(round / blocks / 4) * 4
      if (round < 4) block = round
      // The points are shared out as well, in slices of at least 1,024, until every thread has two shares.
      const panels = Math.ceil(this.rows / 8)
      // Whole cells, where there are cells.
      if (sliced && threads > 1 && blocks < 2 * threads) {
        slices = Math.max(1, Math.min(Math.ceil((2 * threads) / blocks), Math.floor(panels / 128)))
        if (cells.count > 0) slices = Math.min(slices, cells.count)
      }
      this.#record.set(BLOCK, block)
      this.#record.set(SLICES, slices)
    }
    const scratch = scratchBytes(this.algorithm, columns, block, k, cells.count)
    this.#record.set(SCRATCH, memory.allocate(threads * scratch))
    this.#record.set(SCRATCH_BYTES, scratch)
    return { slices }
  }

  /** Puts one round of queries to the kernels. */
  #ask(queries: Matrix | null, first: number, count: number): void {
    const { memory } = this.#record.runner
    const { columns } = this
    const source = queries ?? this.#record.points
    memory
      .f64(this.#record.get(QUERIES), count * columns)
      .set(source.values.subarray(first * columns, (first + count) * columns))
    this.#record.set(QUERY_COUNT, count)
    if (this.algorithm === 'flat') memory.i32(this.#record.get(THRESHOLDS), count).fill(NO_HALF)
    this.#record.set(SELF, queries === null ? first : -1)
    if (this.algorithm === 'flat') {
      this.#record.run('flatQueries', count, 64)
      if (this.#cells.count > 0) this.#cells.sortQueries(count)
      this.#record.run('flatSearch', Math.ceil(count / this.#record.get(BLOCK)) * this.#record.get(SLICES), 1)
    } else {
      const top = memory.top
      this.#record.set(ORDER, queries === null ? this.#treeOrder(first, count) : 0)
      this.#record.run('treeSearch', count, 64)
      memory.release(top)
    }
  }

  /**
   * Rows `first` on, as they lie in the tree, counted from `first`: neighbours in the tree look at the same leaves.
   *
   * @returns the list's address, or 0 where going through the tree would cost more than it saves
   */
  #treeOrder(first: number, count: number): number {
    const { memory, kernels } = this.#record.runner
    // The scalar kernels make no leaves.
    if (count < this.rows / 16 || kernels.set === 'scalar') return 0
    const list = memory.allocate(count * 4)
    const order = memory.u32(list, count)
    const rows = memory.u32(
      this.#record.get(LEAF_ROWS),
      4 ** this.#record.get(LEVELS) * this.#record.get(GROUPS) * 4,
    )
    let at = 0
    for (let place = 0; place < rows.length; place++) {
      // A place without a row holds NO_ROW, which is beyond.
      if (rows[place] >= first && rows[place] < first + count) order[at++] = rows[place] - first
    }
    return list
  }
}

/** Bytes of scratch space that a thread needs. */
function scratchBytes(
  algorithm: NearAlgorithm,
  columns: number,
  block: number,
  k: number,
  cells: number,
): number {
  const bytes =
    algorithm === 'flat'
      ? 128 + (block + 3) * (84 + Math.ceil(columns / 2) * 4 + cells * 4) + block * (2 * k + 128) * 8
      : 384 + columns * 4 + 16 + 64 * 8
  return Math.ceil(bytes / 64) * 64
}
