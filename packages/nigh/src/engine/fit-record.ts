import { threeGrids } from '../kmeans/grids.ts'
import {
  CENTROIDS,
  COLUMNS,
  DOUBLE,
  FIELDS,
  LABELS,
  POINTS,
  ROUND,
  ROWS,
  SCRATCH,
  SCRATCH_BYTES,
  SQ_GRID_1,
  SQ_GRID_2,
  SQ_GRID_3,
  SQ_SUMS,
  STATS,
  STAT_DISTANCES,
  STAT_EXACT,
  WEIGHTS,
} from '../kernels/layout.ts'
import { groupsMost } from './packed-centroids.ts'
import type { Runner } from './runner.ts'

/** Where the rows of a fit lie in the runner's memory. */
export interface FitRows {
  readonly rows: number
  readonly columns: number
  /** Address of the rows, n × d, and whether they are float64. */
  readonly points: number
  readonly double: boolean
  /** Address of the weights, float64, n; 0 where every weight is 1. */
  readonly weights: number
  /** At most this many centroids. */
  readonly k: number
}

/** How much a fit worked. */
export interface FitWork {
  /** Distances computed, fast or exact. */
  readonly distances: number
  /** Rows that were decided by exact distances. */
  readonly exact: number
}

/** The record of a fit: the fields that kernels read, and the arrays that they point to, in a runner's memory. */
export class FitRecord {
  readonly runner: Runner
  /** Rows that the memory has room for. */
  readonly room: number
  #rows: FitRows
  /** Address of the record. */
  readonly address: number
  readonly #block: number

  constructor(runner: Runner, rows: FitRows) {
    this.runner = runner
    this.room = rows.rows
    this.#rows = rows
    const { memory, threads } = runner
    const { rows: n, columns, k } = rows
    this.address = memory.allocate(FIELDS * 8)
    memory.f64(this.address, FIELDS).fill(0)
    const share = Math.ceil(n / (threads * 16) / ROUND) * ROUND
    this.#block = Math.min(Math.max(share, ROUND), 32 * ROUND)
    this.set(ROWS, n)
    this.set(COLUMNS, columns)
    this.set(POINTS, rows.points)
    this.set(DOUBLE, rows.double ? 1 : 0)
    this.set(WEIGHTS, rows.weights)
    // Kernels read sixteen labels at a time, and so up to fifteen past the last: those must be labels too.
    this.set(LABELS, memory.allocate((n + 16) * 4))
    memory.u32(this.get(LABELS), n + 16).fill(0, n)
    this.set(STATS, memory.allocate(threads * 64))
    memory.f64(this.get(STATS), threads * 8).fill(0)
    // As fit-state.ts and groups.ts (assembly) lay it out: one bit a row and group comes last, or eight turned rows.
    const grouped = 48 * ROUND + 512 + groupsMost(k) * (ROUND / 8)
    const scratch = Math.max(grouped, 20 * ROUND + 512 + Math.ceil(columns / 8) * 128)
    this.set(SCRATCH_BYTES, scratch)
    this.set(SCRATCH, memory.allocate(threads * scratch))
    this.set(CENTROIDS, memory.allocate(k * columns * 8))
    this.set(SQ_SUMS, memory.allocate(threads * 32))
  }

  /** The rows that the memory holds now: all of them, or where they come by windows those of one window. */
  get rows(): FitRows {
    return this.#rows
  }

  /** Says how many rows the memory holds from now on: at most {@link room}. */
  hold(rows: number): void {
    this.#rows = { ...this.#rows, rows }
    this.set(ROWS, rows)
    // Kernels read up to fifteen labels past the last.
    this.runner.memory.u32(this.get(LABELS), this.room + 16).fill(0, rows, rows + 16)
  }

  set(field: number, value: number): void {
    this.runner.memory.views.f64[this.address / 8 + field] = value
  }

  get(field: number): number {
    return this.runner.memory.views.f64[this.address / 8 + field]
  }

  /** Space for an array whose address goes into a field, handed out once. */
  space(field: number, bytes: number): number {
    const known = this.get(field)
    if (known !== 0) return known
    const address = this.runner.memory.allocate(bytes)
    this.set(field, address)
    return address
  }

  /** Runs a kernel over all rows. */
  pass(kernel: FitKernel): void {
    this.runner.run(kernel, this.address, this.rows.rows, this.#block)
  }

  /** {@link pass} in parts of about so many rows: says after each how many rows are done. */
  *parts(kernel: FitKernel, size: number): Generator<number, void, void> {
    const { rows } = this.rows
    const step = Math.max(1, Math.floor(size / ROUND)) * ROUND
    for (let from = 0; from < rows; from += step) {
      const end = Math.min(rows, from + step)
      this.runner.run(kernel, this.address, end, Math.min(this.#block, step), from)
      yield end
    }
  }

  /** Writes the constants that round squared distances up to `largest` to their grids. */
  setSqGrids(largest: number, bits: number): void {
    const [one, two, three] = threeGrids(largest, bits)
    this.set(SQ_GRID_1, one)
    this.set(SQ_GRID_2, two)
    this.set(SQ_GRID_3, three)
  }

  /** How much the kernels worked so far. */
  get work(): FitWork {
    const { memory, threads } = this.runner
    const stats = memory.f64(this.get(STATS), threads * 8)
    let distances = 0
    let exact = 0
    for (let t = 0; t < threads; t++) {
      distances += stats[t * 8 + STAT_DISTANCES]
      exact += stats[t * 8 + STAT_EXACT]
    }
    return { distances, exact }
  }

  /** A row, as float64: a copy. */
  row(i: number): Float64Array {
    const { memory } = this.runner
    const { columns, points, double } = this.rows
    return Float64Array.from(
      double ? memory.f64(points + i * columns * 8, columns) : memory.f32(points + i * columns * 4, columns),
    )
  }

  /** Whether a row has this content. */
  rowEquals(i: number, row: Float64Array): boolean {
    const { columns, points, double } = this.rows
    const { f64, f32 } = this.runner.memory.views
    const values = double ? f64 : f32
    const at = points / (double ? 8 : 4) + i * columns
    for (let j = 0; j < columns; j++) if (values[at + j] !== row[j]) return false
    return true
  }
}

/** Kernels that work on the rows of a fit. */
export type FitKernel =
  | 'ranges'
  | 'centre'
  | 'narrow'
  | 'assign'
  | 'residuals'
  | 'distances'
  | 'hash'
  | 'seed'

/** Orders rows column by column. */
export function compareRows(a: Float64Array, b: Float64Array): number {
  for (let j = 0; j < a.length; j++) {
    if (a[j] !== b[j]) return a[j] < b[j] ? -1 : 1
  }
  return 0
}
