import { Matrix, type Reals } from '../data/matrix.ts'
import type { KernelName } from '../kernels/contract.ts'
import {
  COLUMNS,
  DOUBLE,
  FIELDS,
  ORIGIN,
  POINTS,
  RESIDUALS,
  ROWS,
  SCALE,
  STATS,
} from '../kernels/near-layout.ts'
import type { Runner } from './runner.ts'

/** The record of a search: the fields that kernels read, and the arrays that they point to, in a runner's memory. */
export class NearRecord {
  readonly runner: Runner
  readonly rows: number
  readonly columns: number
  readonly #address: number

  /** Copies the points. */
  constructor(runner: Runner, points: Matrix) {
    const { memory, threads } = runner
    const { rows, columns, values } = points
    this.runner = runner
    this.rows = rows
    this.columns = columns
    this.#address = memory.allocate(FIELDS * 8)
    memory.f64(this.#address, FIELDS).fill(0)
    const double = values instanceof Float64Array
    const place = memory.allocate(values.length * (double ? 8 : 4))
    if (double) memory.f64(place, values.length).set(values)
    else memory.f32(place, values.length).set(values)
    this.set(ROWS, rows)
    this.set(COLUMNS, columns)
    this.set(POINTS, place)
    this.set(DOUBLE, double ? 1 : 0)
    this.set(ORIGIN, memory.allocate(columns * 8))
    this.set(RESIDUALS, memory.allocate(threads * 64))
    this.set(STATS, memory.allocate(threads * 64))
    memory.f64(this.get(STATS), threads * 8).fill(0)
  }

  set(field: number, value: number): void {
    this.runner.memory.views.f64[this.#address / 8 + field] = value
  }

  get(field: number): number {
    return this.runner.memory.views.f64[this.#address / 8 + field]
  }

  /** Runs a kernel; see {@link Runner.run}. */
  run(kernel: KernelName, count: number, block: number, first = 0): void {
    this.runner.run(kernel, this.#address, count, block, first)
  }

  /** The points where they lie; a view to be fetched anew after anything that may allocate. */
  get points(): Matrix {
    const { memory } = this.runner
    const length = this.rows * this.columns
    const place = this.get(POINTS)
    return Matrix.trusted(
      this.get(DOUBLE) === 1 ? memory.f64(place, length) : memory.f32(place, length),
      this.columns,
    )
  }

  /** Bytes of a row in int16, whole pairs of columns. */
  get packedWidth(): number {
    return Math.ceil(this.columns / 2) * 4
  }

  /** Sets the working copy's origin and scale; residuals begin anew. */
  useUnit(origin: Reals, scale: number): void {
    const { memory, threads } = this.runner
    memory.f64(this.get(ORIGIN), this.columns).set(origin)
    this.set(SCALE, scale)
    memory.f64(this.get(RESIDUALS), threads * 8).fill(0)
  }

  /** The largest residual that the threads met, rounded up. */
  get worstResidual(): number {
    const { memory, threads } = this.runner
    const residuals = memory.f64(this.get(RESIDUALS), threads * 8)
    let worst = 0
    for (let t = 0; t < threads; t++) worst = Math.max(worst, residuals[t * 8])
    return Math.sqrt(worst) * (1 + 2 ** -30)
  }
}
