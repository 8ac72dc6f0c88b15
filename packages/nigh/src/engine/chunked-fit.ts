import type { Grids, Ranges } from '../kmeans/grids.ts'
import type { Assigned, FarRow, FitEngine } from '../kmeans/passes.ts'
import { LABELS, LOWER, UPPER } from '../kernels/layout.ts'
import { ChunkedSeeding } from './chunked-seeding.ts'
import { compareRows, type FitRows, type FitWork } from './fit-record.ts'
import { LocalFit } from './local-fit.ts'
import { type RowChunks, RowWindows, type WindowOptions } from './row-windows.ts'
import type { Runner } from './runner.ts'

/** What was found out about the rows when they were looked at first. */
export interface Survey {
  readonly ranges: Ranges
  /** A few rows from all over, row after row: where the working copy is centred on. */
  readonly sample: Float64Array
}

/**
 * A {@link FitEngine} over rows that do not fit in memory: every pass brings them anew, a window at a time, and runs
 * the local kernels on each window. What it adds up lies on grids, so the answers are those of all rows held at once.
 *
 * What stays in memory is 17 bytes a row: label and bounds (12), which lie where seeding had squared distances and
 * floors, the hash (4), and a byte that says who gains from the candidates; and 8 more where rows are weighted.
 */
export class ChunkedFit implements FitEngine {
  readonly columns: number
  readonly #local: LocalFit
  readonly #windows: RowWindows
  readonly #seeding: ChunkedSeeding
  readonly #survey: Survey
  readonly #rows: number
  readonly #keepCopy: boolean
  readonly #labels: Uint32Array
  readonly #upper: Float32Array
  readonly #lower: Float32Array
  #kept: Uint32Array | null = null

  /**
   * @param window the window's place in the runner's memory
   * @param keepCopy whether labels that are kept must outlive another start
   */
  constructor(
    runner: Runner,
    window: FitRows,
    chunks: RowChunks,
    weights: Float64Array | null,
    survey: Survey,
    options: WindowOptions & { readonly keepCopy: boolean },
  ) {
    this.columns = chunks.columns
    this.#rows = chunks.rows
    this.#survey = survey
    this.#keepCopy = options.keepCopy
    this.#local = new LocalFit(runner, window, true)
    this.#windows = new RowWindows(this.#local.record, chunks, weights, options)
    const wide = new ArrayBuffer(chunks.rows * 8)
    const narrow = new ArrayBuffer(chunks.rows * 4)
    this.#upper = new Float32Array(wide, 0, chunks.rows)
    this.#lower = new Float32Array(wide, chunks.rows * 4, chunks.rows)
    this.#labels = new Uint32Array(narrow)
    this.#seeding = new ChunkedSeeding(this.#local, this.#windows, chunks, weights, {
      sqs: new Float64Array(wide),
      floors: new Float32Array(narrow),
      factor: options.factor,
    })
  }

  prepare(): Grids {
    const { record } = this.#local
    const { memory } = record.runner
    const { points, double } = record.rows
    const { sample } = this.#survey
    const taken = sample.subarray(0, Math.min(sample.length, record.room * this.columns))
    record.hold(taken.length / this.columns)
    if (double) memory.f64(points, taken.length).set(taken)
    else memory.f32(points, taken.length).set(taken)
    return this.#local.adopt(this.#survey.ranges)
  }

  async assign(centroids: Float64Array, first: boolean): Promise<Assigned> {
    const local = this.#local
    local.beginAssigning(centroids, first)
    await this.#windows.each((from, count) => {
      local.copy.renew()
      if (!first) this.#load(from, count)
      local.assignHeld()
      this.#save(from, count)
      return undefined
    })
    return local.endAssigning(this.#rows)
  }

  /** Brings the labels and bounds of a window's rows. */
  #load(from: number, count: number): void {
    const { record } = this.#local
    const { memory } = record.runner
    memory.u32(record.get(LABELS), count).set(this.#labels.subarray(from, from + count))
    memory.f32(record.get(UPPER), count).set(this.#upper.subarray(from, from + count))
    memory.f32(record.get(LOWER), count).set(this.#lower.subarray(from, from + count))
  }

  #save(from: number, count: number): void {
    const { record } = this.#local
    const { memory } = record.runner
    this.#labels.set(memory.u32(record.get(LABELS), count), from)
    this.#upper.set(memory.f32(record.get(UPPER), count), from)
    this.#lower.set(memory.f32(record.get(LOWER), count), from)
  }

  async inertia(centroids: Float64Array): Promise<number> {
    let [x, y, z] = [0, 0, 0]
    await this.#windows.each((from, count) => {
      this.#load(from, count)
      const [a, b, c] = this.#local.residuals(centroids, 0)
      x += a
      y += b
      z += c
      return undefined
    })
    return x + y + z
  }

  async farthest(centroids: Float64Array, count: number): Promise<FarRow[]> {
    let found: FarRow[] = []
    await this.#windows.each((from, rows) => {
      this.#load(from, rows)
      for (const far of this.#local.farthest(centroids, count)) {
        if (!found.some(({ row }) => compareRows(row, far.row) === 0)) found.push(far)
      }
      found.sort((a, b) => b.distanceSq - a.distanceSq || compareRows(a.row, b.row))
      found = found.slice(0, count)
      return undefined
    })
    return found
  }

  async relocate(row: Float64Array, cluster: number): Promise<Assigned> {
    let changed = 0
    let last: Assigned | null = null
    await this.#windows.each((from, count) => {
      this.#load(from, count)
      last = this.#local.relocate(row, cluster)
      changed += last.changed
      if (last.changed > 0) this.#save(from, count)
      return undefined
    })
    return { changed, sums: this.#local.sums }
  }

  keepLabels(): void {
    this.#kept = this.#keepCopy ? this.#labels.slice() : this.#labels
  }

  /** The labels of the best start. */
  get labels(): Uint32Array {
    if (this.#kept === null) throw new Error('no labels were kept: this is a defect of nigh')
    return this.#kept
  }

  /** How much the fit worked so far. */
  get work(): FitWork {
    return this.#local.work
  }

  async startSeeding(): Promise<void> {
    await this.#seeding.start(this.#local.grids)
  }

  async draw(
    by: 'weight' | 'distance',
    at: number,
    taken: readonly Float64Array[],
  ): Promise<Float64Array | null> {
    return (await this.#seeding.drawAll(by, [at], taken))[0]
  }

  drawAll(
    by: 'weight' | 'distance',
    at: readonly number[],
    taken: readonly Float64Array[],
  ): Promise<(Float64Array | null)[]> {
    return this.#seeding.drawAll(by, at, taken)
  }

  tryRows(rows: readonly Float64Array[]): Promise<Float64Array> {
    return this.#seeding.tryRows(rows)
  }

  takeRow(row: Float64Array): Promise<void> {
    return this.#seeding.takeRow(row)
  }
}
