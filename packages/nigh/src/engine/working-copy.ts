import type { Ranges } from '../kmeans/grids.ts'
import {
  NARROW,
  NARROW_CENTROIDS,
  NARROW_ERROR,
  NARROW_PANELS,
  NARROW_ROW_ERROR,
  NARROW_STEP,
  NARROW_UNIT,
  NORMS_SQ,
  ORIGIN,
  SCALE,
  STATS,
  STAT_CUT_SQ,
  WORK,
} from '../kernels/layout.ts'
import type { FitRecord } from './fit-record.ts'

/**
 * The copies of the rows that the fast kernels read: float32, and for many columns int16.
 */
export class WorkingCopy {
  readonly #record: FitRecord
  /** Largest absolute number of the working copy. */
  #reach = 0
  #narrowGivenUp = false

  constructor(record: FitRecord) {
    this.#record = record
  }

  /**
   * Makes the float32 copy that the fast kernels read: centred where the rows lie far from 0 for their spread, scaled
   * by a power of two where float32 could not hold their squares. Otherwise float32 rows are their own working copy.
   */
  make(ranges: Ranges): void {
    const { memory } = this.#record.runner
    const { room } = this.#record
    const { columns, points, double } = this.#record.rows
    const { origin, centred } = this.#sampleOrigin()
    let reach = 0
    for (let j = 0; j < columns; j++) {
      const from = centred ? origin[j] : 0
      reach = Math.max(reach, Math.abs(ranges.maxima[j] - from), Math.abs(ranges.minima[j] - from))
    }
    const scale = reach > 2 ** 40 || (reach > 0 && reach < 2 ** -30) ? 2 ** -Math.round(Math.log2(reach)) : 1
    const copy = double || centred || scale !== 1
    if (!centred) origin.fill(0)
    memory.f64(this.#record.space(ORIGIN, columns * 8), columns).set(origin)
    this.#record.set(SCALE, scale)
    this.#record.set(WORK, copy ? memory.allocate(room * columns * 4) : points)
    this.#record.space(NORMS_SQ, room * 4)
    this.#record.pass('centre')
    this.#reach = reach * scale
  }

  /** Makes the copies of rows that came after {@link make}, within the same ranges. */
  renew(): void {
    this.#record.pass('centre')
    if (this.#record.get(NARROW) !== 0) this.#narrow()
  }

  /**
   * Makes the int16 copy, where many columns make the dense kernel worth halving. Steps are powers of two, as fine as
   * sums of d products in int32 allow.
   */
  makeNarrow(k: number, placesMost: number): void {
    const { memory, kernels } = this.#record.runner
    const { columns } = this.#record.rows
    if (kernels.set === 'scalar' || columns < NARROW_COLUMNS || k < 16 || this.#record.get(NARROW) !== 0)
      return
    if (!(this.#reach > 0) || this.#narrowGivenUp) return
    const width = columns + (columns & 1)
    this.#record.set(NARROW_STEP, powerOfTwoAbove(this.#reach / narrowMost(width)))
    this.#record.set(NARROW, memory.allocate(this.#record.room * width * 2))
    this.#record.space(NARROW_PANELS, placesMost * width * 2)
    this.#record.space(NARROW_CENTROIDS, this.#record.rows.k * width * 2)
    this.#narrow()
  }

  /** Writes the int16 copy. What it cut off is kept as the largest so far: the other side may be a row seen before. */
  #narrow(): void {
    const { memory, threads } = this.#record.runner
    const { columns } = this.#record.rows
    const stats = memory.f64(this.#record.get(STATS), threads * 8)
    for (let t = 0; t < threads; t++) stats[t * 8 + STAT_CUT_SQ] = 0
    this.#record.pass('narrow')
    let largest = 0
    for (let t = 0; t < threads; t++) largest = Math.max(largest, stats[t * 8 + STAT_CUT_SQ])
    const error = Math.sqrt(largest * (1 + (columns + 8) * 1.2e-7)) * (1 + 1e-6)
    this.#record.set(NARROW_ROW_ERROR, Math.max(this.#record.get(NARROW_ROW_ERROR), error))
  }

  /** Writes the packed centroids as int16. */
  packNarrow(work: Float32Array<ArrayBufferLike>, places: Int32Array): void {
    const { memory } = this.#record.runner
    const { columns } = this.#record.rows
    const width = columns + (columns & 1)
    let reach = 0
    for (let at = 0; at < work.length; at++) reach = Math.max(reach, Math.abs(work[at]))
    const step = powerOfTwoAbove(reach / narrowMost(width))
    const panels = new Int16Array(memory.buffer, this.#record.get(NARROW_PANELS), places.length * width)
    const centroids = new Int16Array(
      memory.buffer,
      this.#record.get(NARROW_CENTROIDS),
      this.#record.rows.k * width,
    )
    let largest = 0
    for (let p = 0; p < places.length; p++) {
      const c = places[p]
      const lane = (p >> 3) * width * 8 + (p & 7) * 2
      let sq = 0
      for (let j = 0; j < width; j++) {
        const x = c < 0 || j >= columns ? 0 : work[c * columns + j]
        const whole = Math.round(x / step)
        panels[lane + (j >> 1) * 16 + (j & 1)] = whole
        if (c >= 0) centroids[c * width + j] = whole
        sq += (x - whole * step) ** 2
      }
      if (sq > largest) largest = sq
    }
    this.#record.set(NARROW_ERROR, Math.sqrt(largest) * (1 + 1e-6))
    this.#record.set(NARROW_UNIT, step * this.#record.get(NARROW_STEP))
  }

  /** Means of a sample of rows, and whether the rows lie far from 0 for their spread. */
  #sampleOrigin(): { origin: Float64Array; centred: boolean } {
    const { memory } = this.#record.runner
    const { columns, rows, points, double } = this.#record.rows
    const values = double ? memory.f64(points, rows * columns) : memory.f32(points, rows * columns)
    const stride = Math.max(1, Math.floor(rows / 1024))
    const origin = new Float64Array(columns)
    let sampled = 0
    for (let i = 0; i < rows; i += stride, sampled++) {
      for (let j = 0; j < columns; j++) origin[j] += values[i * columns + j]
    }
    for (let j = 0; j < columns; j++) origin[j] /= sampled
    let spreadSq = 0
    let distanceSq = 0
    for (let i = 0; i < rows; i += stride) {
      for (let j = 0; j < columns; j++) spreadSq += (values[i * columns + j] - origin[j]) ** 2
    }
    for (let j = 0; j < columns; j++) distanceSq += origin[j] ** 2
    return { origin, centred: distanceSq * sampled > 4 * spreadSq }
  }

  /** Where int16 leaves too much open, it costs more than it saves. */
  giveUpNarrow(): void {
    this.#narrowGivenUp = true
    this.#record.set(NARROW, 0)
  }
}

/** Largest int16 step count with which `width` products add up in int32. */
function narrowMost(width: number): number {
  return Math.min(32767, Math.floor(Math.sqrt(2147483647 / width)) - 1)
}

/** The smallest power of two that is not below a value. */
export function powerOfTwoAbove(value: number): number {
  return value > 0 ? 2 ** Math.ceil(Math.log2(value * (1 + 1e-12))) : 1
}

const NARROW_COLUMNS = 12
