import { Matrix, type Reals } from '../data/matrix.ts'
import {
  BLOCK,
  CAPACITY,
  COLUMNS,
  COUNTS,
  CUT_COLUMNS,
  CUT_HALVES,
  DISTANCES_SQ,
  DOUBLE,
  FAITHFUL,
  FAR,
  FAR_COUNT,
  FIELDS,
  FIRST_ROWS,
  GROUPS,
  HALVES,
  HALVING,
  INDICES,
  KEYS,
  LEAF_ROWS,
  LEAVES,
  LEVELS,
  LIMIT_SQ,
  MERGED_DISTANCES_SQ,
  MERGED_INDICES,
  MODE,
  MODE_COUNT,
  MODE_LIST,
  MODE_NEAREST,
  NEIGHBORS,
  NODES,
  NO_HALF,
  NUMBERS_A,
  NUMBERS_B,
  OFFSETS,
  ORDER,
  ORIGIN,
  PANEL_COUNT,
  PANELS,
  POINTS,
  QUERIES,
  QUERY_CELLS,
  QUERY_COUNT,
  QUERY_NEAREST,
  QUERY_NORMS,
  QUERY_ORDER,
  QUERY_RESTS,
  QUERY_WORK,
  RESIDUAL,
  RESIDUALS,
  ROWS,
  ROWS_A,
  ROWS_B,
  SCALE,
  SCRATCH,
  SCRATCH_BYTES,
  SELF,
  SINGLE,
  SLICES,
  STATS,
  STAT_EXACT,
  STAT_WORK,
  THRESHOLDS,
} from '../kernels/near-layout.ts'
import { NearCells } from './near-cells.ts'
import { finestScale, workingUnit } from './near-unit.ts'
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

/** Points that a leaf of the tree holds at least (four times that at most). */
const LEAF_POINTS = 8
/** Bytes that the queries of one round and their answers may take. */
const ROUND_BYTES = 1 << 25
/** Numbers that one step of the preparation packs or copies at most, and rows that it puts in order: some 20 ms. */
const STEP_NUMBERS = 1 << 23
const STEP_ROWS = 1 << 18
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
  readonly #runner: Runner
  readonly #record: number
  readonly #cells: NearCells

  private constructor(runner: Runner, points: Matrix, algorithm: NearAlgorithm) {
    this.algorithm = algorithm
    this.rows = points.rows
    this.columns = points.columns
    this.#runner = runner
    const { memory, threads } = runner
    const { columns, values } = points
    this.#record = memory.allocate(FIELDS * 8)
    memory.f64(this.#record, FIELDS).fill(0)
    const double = values instanceof Float64Array
    const place = memory.allocate(values.length * (double ? 8 : 4))
    if (double) memory.f64(place, values.length).set(values)
    else memory.f32(place, values.length).set(values)
    this.#set(ROWS, points.rows)
    this.#set(COLUMNS, columns)
    this.#set(POINTS, place)
    this.#set(DOUBLE, double ? 1 : 0)
    this.#set(ORIGIN, memory.allocate(columns * 8))
    this.#set(RESIDUALS, memory.allocate(threads * 64))
    this.#set(STATS, memory.allocate(threads * 64))
    memory.f64(this.#get(STATS), threads * 8).fill(0)
    this.#cells = new NearCells(runner, this.#record)
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
    if (this.algorithm === 'flat') yield* this.#pack()
    else yield* this.#grow()
  }

  /** The points as they were given: a copy. */
  points(): Matrix {
    const { values, columns } = this.#placed()
    return Matrix.trusted(values.slice(), columns)
  }

  /** The points where they lie; a view to be fetched anew after anything that may allocate. */
  #placed(): Matrix {
    const { memory } = this.#runner
    const length = this.rows * this.columns
    const place = this.#get(POINTS)
    return Matrix.trusted(
      this.#get(DOUBLE) === 1 ? memory.f64(place, length) : memory.f32(place, length),
      this.columns,
    )
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
    const { memory } = this.#runner
    const { indices, distancesSq } = out
    const top = memory.top
    const round = this.#roundOf(to - from, k)
    const area = this.#lay(round, k)
    const own = memory.allocate(round * k * area.slices * 12 + 64)
    const merged = area.slices > 1 ? memory.allocate(round * k * 12 + 64) : own
    this.#set(MODE, MODE_NEAREST)
    this.#set(NEIGHBORS, k)
    this.#set(DISTANCES_SQ, own)
    this.#set(INDICES, own + round * k * area.slices * 8)
    this.#set(MERGED_DISTANCES_SQ, merged)
    this.#set(MERGED_INDICES, merged + round * k * (area.slices > 1 ? 1 : area.slices) * 8)
    for (let first = from; first < to; first += round) {
      const count = Math.min(round, to - first)
      this.#ask(queries, first, count)
      if (area.slices > 1) this.#runner.run('flatMerge', this.#record, count, 16)
      const place = (first - from) * k
      distancesSq.set(memory.f64(this.#get(MERGED_DISTANCES_SQ), count * k), place)
      indices.set(memory.u32(this.#get(MERGED_INDICES), count * k), place)
    }
    memory.release(top)
  }

  /** All rows whose squared distance is at most `limitSq`, for queries `from` to `to`; without queries as {@link nearest}. */
  within(queries: Matrix | null, from: number, to: number, limitSq: number): Within {
    const { memory } = this.#runner
    const offsets = new Float64Array(to - from + 1)
    const pieces: { readonly indices: Uint32Array; readonly distancesSq: Float64Array }[] = []
    const top = memory.top
    const round = this.#roundOf(to - from, 0)
    this.#lay(round, 0, false)
    const places = memory.allocate(round * 8)
    this.#set(NEIGHBORS, 0)
    this.#set(LIMIT_SQ, limitSq)
    this.#set(COUNTS, places)
    this.#set(OFFSETS, places)
    const bottom = memory.top
    for (let first = from; first < to; first += round) {
      const count = Math.min(round, to - first)
      this.#set(MODE, MODE_COUNT)
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
      this.#set(MODE, MODE_LIST)
      this.#set(DISTANCES_SQ, list)
      this.#set(INDICES, list + found * 8)
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
    const { memory } = this.#runner
    return memory.shared ? memory.buffer.byteLength : 0
  }

  /** Share of the points that a query is compared with, about. */
  get share(): number {
    return this.#cells.share
  }

  /** Threads at work now. */
  get working(): number {
    return this.#runner instanceof TeamRunner ? this.#runner.members + 1 : 1
  }

  /** Says that members would be welcome, where they can be had and there are none. */
  wantThreads(): boolean {
    const runner = this.#runner
    if (!(runner instanceof TeamRunner) || runner.members > 0) return false
    wantMembers(runner)
    return true
  }

  /** Distances computed by all searches so far. */
  get work(): NearWork {
    const { memory, threads } = this.#runner
    const stats = memory.f64(this.#get(STATS), threads * 8)
    let work = 0
    let exact = 0
    for (let t = 0; t < threads; t++) {
      work += stats[t * 8 + STAT_WORK]
      exact += stats[t * 8 + STAT_EXACT]
    }
    return { work, exact }
  }

  #set(field: number, value: number): void {
    this.#runner.memory.views.f64[this.#record / 8 + field] = value
  }

  #get(field: number): number {
    return this.#runner.memory.views.f64[this.#record / 8 + field]
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
    const { memory, threads } = this.#runner
    const columns = this.columns
    const cells = this.#cells
    this.#set(QUERIES, memory.allocate(round * columns * 8))
    let block = 0
    let slices = 1
    if (this.algorithm === 'flat') {
      const capacity = 2 * k + 128
      this.#set(CAPACITY, capacity)
      this.#set(QUERY_WORK, memory.allocate(round * widthOf(columns) + 16))
      this.#set(QUERY_NORMS, memory.allocate(round * 16))
      this.#set(THRESHOLDS, memory.allocate(round * 4))
      this.#set(QUERY_RESTS, memory.allocate(round * 32))
      if (cells.count > 0) {
        this.#set(QUERY_CELLS, memory.allocate(round * cells.room * 4))
        this.#set(QUERY_NEAREST, memory.allocate(round * 4))
        this.#set(QUERY_ORDER, memory.allocate(round * 4))
      }
      // As many queries together as the second-level cache holds, since each reading of the points serves them all.
      const most = Math.min(
        BLOCK_QUERIES,
        Math.floor(BLOCK_BYTES / widthOf(columns)),
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
      this.#set(BLOCK, block)
      this.#set(SLICES, slices)
    }
    const scratch = scratchBytes(this.algorithm, columns, block, k, cells.count)
    this.#set(SCRATCH, memory.allocate(threads * scratch))
    this.#set(SCRATCH_BYTES, scratch)
    return { slices }
  }

  /** Puts one round of queries to the kernels. */
  #ask(queries: Matrix | null, first: number, count: number): void {
    const { memory } = this.#runner
    const { columns } = this
    const source = queries ?? this.#placed()
    memory
      .f64(this.#get(QUERIES), count * columns)
      .set(source.values.subarray(first * columns, (first + count) * columns))
    this.#set(QUERY_COUNT, count)
    if (this.algorithm === 'flat') memory.i32(this.#get(THRESHOLDS), count).fill(NO_HALF)
    this.#set(SELF, queries === null ? first : -1)
    if (this.algorithm === 'flat') {
      this.#runner.run('flatQueries', this.#record, count, 64)
      if (this.#cells.count > 0) this.#cells.sortQueries(count)
      this.#runner.run('flatSearch', this.#record, Math.ceil(count / this.#get(BLOCK)) * this.#get(SLICES), 1)
    } else {
      const top = memory.top
      this.#set(ORDER, queries === null ? this.#treeOrder(first, count) : 0)
      this.#runner.run('treeSearch', this.#record, count, 64)
      memory.release(top)
    }
  }

  /**
   * Rows `first` on, as they lie in the tree, counted from `first`: neighbours in the tree look at the same leaves.
   *
   * @returns the list's address, or 0 where going through the tree would cost more than it saves
   */
  #treeOrder(first: number, count: number): number {
    const { memory, kernels } = this.#runner
    // The scalar kernels make no leaves.
    if (count < this.rows / 16 || kernels.set === 'scalar') return 0
    const list = memory.allocate(count * 4)
    const order = memory.u32(list, count)
    const rows = memory.u32(this.#get(LEAF_ROWS), 4 ** this.#get(LEVELS) * this.#get(GROUPS) * 4)
    let at = 0
    for (let place = 0; place < rows.length; place++) {
      // A place without a row holds NO_ROW, which is beyond.
      if (rows[place] >= first && rows[place] < first + count) order[at++] = rows[place] - first
    }
    return list
  }

  /** The largest residual that the threads met, rounded up. */
  #residual(): number {
    const { memory, threads } = this.#runner
    const residuals = memory.f64(this.#get(RESIDUALS), threads * 8)
    let worst = 0
    for (let t = 0; t < threads; t++) worst = Math.max(worst, residuals[t * 8])
    return Math.sqrt(worst) * (1 + 2 ** -30)
  }

  #useUnit(origin: Reals, scale: number): void {
    const { memory, threads } = this.#runner
    memory.f64(this.#get(ORIGIN), this.columns).set(origin)
    this.#set(SCALE, scale)
    memory.f64(this.#get(RESIDUALS), threads * 8).fill(0)
  }

  *#pack(): Generator<number, void, void> {
    const { memory, threads } = this.#runner
    const { rows, columns } = this
    const width = widthOf(columns)
    const { origin, scale } = workingUnit(this.#placed())
    this.#useUnit(origin, scale)
    // Scales near 1 only, so that what float32 rounds is what the bound knows of (assembly/flat-pack.ts).
    const single = this.#get(DOUBLE) === 0 && scale > 2 ** -60 && scale < 2 ** 60
    this.#set(SINGLE, single ? 1 : 0)
    // Scratch: the origin in float32, 8 rows of int16, whole vectors each, and half norms.
    const scratch = align(columns * 4 + 32) + 8 * align(width + 16) + 64
    this.#set(SCRATCH_BYTES, scratch)
    this.#set(SCRATCH, memory.allocate(threads * scratch))
    this.#cells.choose()
    const byCells = this.#cells.count > 0
    const panels = this.#cells.mostPanels
    if (byCells) this.#cells.makeRoom()
    this.#set(PANEL_COUNT, panels)
    this.#set(PANELS, memory.allocate(panels * width * 8))
    this.#set(HALVES, memory.allocate(panels * 32))
    this.#set(CUT_HALVES, columns < CUT_COLUMNS ? 0 : memory.allocate(panels * 96))
    const top = memory.top
    let far: number[] = []
    if (byCells) {
      yield 0
      far = yield* this.#cells.fill(256)
    }
    const packed = this.#get(PANEL_COUNT)
    const step = Math.max(1, Math.floor(STEP_NUMBERS / (8 * columns)))
    const block = Math.max(1, Math.min(64, Math.ceil(step / 64)))
    for (let first = 0; first < packed; first += step) {
      this.#runner.run('flatPack', this.#record, Math.min(packed, first + step), block, first)
      yield step * 8 * columns
    }
    memory.release(top)
    this.#set(RESIDUAL, this.#residual() + (single ? SINGLE_ROUNDING : 0))
    const halves = memory.i32(this.#get(HALVES), rows)
    if (!byCells) for (let i = 0; i < rows; i++) if (halves[i] === NO_HALF) far.push(i)
    const list = memory.allocate(far.length * 4)
    memory.u32(list, far.length).set(far)
    this.#set(FAR, list)
    this.#set(FAR_COUNT, far.length)
  }

  *#grow(): Generator<number, void, void> {
    const { memory, threads } = this.#runner
    const { rows, columns } = this
    let levels = 0
    while (rows >= LEAF_POINTS * 4 ** (levels + 1)) levels++
    const leaves = 4 ** levels
    const groups = Math.ceil(Math.ceil(rows / leaves) / 4)
    this.#set(LEVELS, levels)
    this.#set(GROUPS, groups)
    this.#set(NODES, memory.allocate(((leaves - 1) / 3) * columns * 32))
    this.#set(LEAVES, memory.allocate(leaves * groups * columns * 16))
    this.#set(LEAF_ROWS, memory.allocate(leaves * groups * 16))
    this.#set(FIRST_ROWS, memory.allocate(((leaves - 1) / 3 + leaves) * 4))
    const top = memory.top
    const width = Math.ceil(columns / 4) * 16
    this.#set(ROWS_A, memory.allocate(rows * width))
    this.#set(ROWS_B, memory.allocate(rows * width))
    this.#set(NUMBERS_A, memory.allocate(rows * 4))
    this.#set(NUMBERS_B, memory.allocate(rows * 4))
    this.#set(KEYS, memory.allocate(rows * 8))
    for (const everything of [false, true]) {
      const { origin, scale } = finestScale(this.#placed(), everything)
      this.#useUnit(origin, scale)
      // Then nothing is subtracted, multiplied or cut off.
      const asGiven = this.#get(DOUBLE) === 0 && scale === 1 && origin.every((x) => x === 0)
      this.#set(SINGLE, asGiven ? 1 : 0)
      const step = Math.max(4096, Math.floor(STEP_NUMBERS / 4 / columns / 4096) * 4096)
      for (let first = 0; first < rows; first += step) {
        this.#runner.run('treeLoad', this.#record, Math.min(rows, first + step), 4096, first)
        yield step * columns
      }
      this.#set(RESIDUAL, this.#residual())
      // Not finite where a row that the sample missed is beyond float32: then all rows are looked at.
      if (Number.isFinite(this.#get(RESIDUAL))) break
    }
    const origin = memory.f64(this.#get(ORIGIN), columns)
    const own = this.#get(RESIDUAL) === 0 && this.#get(SCALE) === 1 && origin.every((x) => x === 0)
    this.#set(FAITHFUL, own ? 1 : 0)
    // Halve level by level until there are parts enough for all threads and small enough for a step; each part is
    // then finished on its own.
    let halving = 0
    const least = threads > 1 && rows >= 4096 ? 2 * threads : 1
    while (
      halving < 2 * levels &&
      (2 ** halving < least || rows > STEP_ROWS * 2 ** halving || halving % 2 === 1)
    ) {
      this.#set(HALVING, halving)
      this.#runner.run('treeHalve', this.#record, 2 ** halving, 1)
      halving++
      yield rows * columns
    }
    this.#set(HALVING, halving)
    const parts = 2 ** halving
    const step = Math.max(1, Math.floor((STEP_ROWS * parts) / rows))
    for (let first = 0; first < parts; first += step) {
      const end = Math.min(parts, first + step)
      this.#runner.run('treeFinish', this.#record, end, 1, first)
      yield ((end - first) * rows * columns) / parts
    }
    if (halving > 0) this.#runner.run('treeTop', this.#record, 1, 1)
    memory.release(top)
  }
}

/** What float32 may round off a difference and its multiple, for numbers of norm 2^14.5 at most: 2^−24 of it. */
const SINGLE_ROUNDING = 2 ** -9

/** Bytes in whole cache lines. */
function align(bytes: number): number {
  return Math.ceil(bytes / 64) * 64
}

/** Bytes of a row of int16, whole pairs of columns. */
function widthOf(columns: number): number {
  return Math.ceil(columns / 2) * 4
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
      ? 128 + (block + 3) * (84 + widthOf(columns) + cells * 4) + block * (2 * k + 128) * 8
      : 384 + columns * 4 + 16 + 64 * 8
  return Math.ceil(bytes / 64) * 64
}
