import type { Ranges } from '../kmeans/grids.ts'
import {
  NARROW,
  NARROW_CENTROIDS,
  NARROW_ERROR,
  NARROW_HALVES,
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
  /** No row of the working copy is longer. */
  #normMost = 0
  #narrowGivenUp = false
  /** A step of the narrow centroids, and what it cut off each: squared norms. */
  #centroidStep = 0
  #cutSq: Float64Array = new Float64Array(0)
  /** Address of NARROW_HALVES' array. */
  #narrowHalves = 0
  /** Pairs of columns that the narrow panels have room for. */
  #panelsRoom = 0

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
    const reaches = new Float64Array(columns)
    for (let j = 0; j < columns; j++) {
      const from = centred ? origin[j] : 0
      reaches[j] = Math.max(Math.abs(ranges.maxima[j] - from), Math.abs(ranges.minima[j] - from))
      reach = Math.max(reach, reaches[j])
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
    let sq = 0
    for (const one of reaches) sq += (one * scale) ** 2
    this.#normMost = Math.sqrt(sq) * (1 + 1e-6)
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
  makeNarrow(k: number, placesMost: number, oneGroup: boolean = false): void {
    const { memory, kernels } = this.#record.runner
    const { columns } = this.#record.rows
    if (kernels.set === 'scalar' || this.#record.get(NARROW) !== 0) return
    if (oneGroup ? columns < LANES_COLUMNS || k < LANES_K : columns < NARROW_COLUMNS || k < 16) return
    if (!(this.#reach > 0) || this.#narrowGivenUp) return
    const width = columns + (columns & 1)
    this.#record.set(NARROW_STEP, powerOfTwoAbove(this.#reach / narrowMost(width)))
    // Kernels read whole vectors, and so up to 12 bytes past the last row.
    this.#record.set(NARROW, memory.allocate(this.#record.room * width * 2 + 16))
    this.#panelsRoom = placesMost * (width >> 1)
    this.#record.space(NARROW_PANELS, this.#panelsRoom * 4)
    this.#narrowHalves = memory.allocate(this.#record.rows.k * 4)
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

  /**
   * Writes the packed centroids as int16.
   *
   * @param moved which have changed since they were packed last
   * @param placeOf where each is in the panels; null: one group, in blocks of 4, 2 and 1
   */
  packNarrow(
    work: Float32Array<ArrayBufferLike>,
    halves: Float64Array,
    moved: Uint8Array,
    placeOf: Int32Array | null,
  ): void {
    const { memory } = this.#record.runner
    const { columns } = this.#record.rows
    const width = columns + (columns & 1)
    const pairs = width >> 1
    const k = halves.length
    let reach = 0
    for (let at = 0; at < k * columns; at++) reach = Math.max(reach, Math.abs(work[at]))
    let step = powerOfTwoAbove(reach / narrowMost(width))
    if (placeOf === null) while (step < FARTHEST_STEP && !this.#fits(step, halves, width)) step *= 2
    if (!(step < FARTHEST_STEP)) {
      // A given centroid so far away that nothing narrow tells rows apart.
      this.giveUpNarrow()
      return
    }
    const all = this.#cutSq.length !== k || step !== this.#centroidStep
    if (this.#cutSq.length !== k) this.#cutSq = new Float64Array(k)
    this.#centroidStep = step
    const wholes = new Int16Array(memory.buffer, this.#record.get(NARROW_CENTROIDS), k * width)
    const inPairs = memory.i32(this.#record.get(NARROW_CENTROIDS), k * pairs)
    const panels = memory.i32(this.#record.get(NARROW_PANELS), this.#panelsRoom)
    const perStep = 1 / step
    let largest = 0
    for (let c = 0; c < k; c++) {
      if (all || moved[c] === 1) {
        let sq = 0
        for (let j = 0, at = c * columns, out = c * width; j < columns; j++, at++, out++) {
          const whole = Math.floor(work[at] * perStep + 0.5)
          wholes[out] = whole
          const cut = work[at] - whole * step
          sq += cut * cut
        }
        if (columns < width) wholes[c * width + columns] = 0
        this.#cutSq[c] = sq
        if (placeOf !== null) {
          const lane = (placeOf[c] >> 3) * pairs * 8 + (placeOf[c] & 7)
          for (let j = 0; j < pairs; j++) panels[lane + j * 8] = inPairs[c * pairs + j]
        } else {
          const { first, size } = blockOf(c, k)
          for (let j = 0; j < pairs; j++)
            panels[first * pairs + j * size + c - first] = inPairs[c * pairs + j]
        }
      }
      if (this.#cutSq[c] > largest) largest = this.#cutSq[c]
    }
    this.#record.set(NARROW_ERROR, Math.sqrt(largest) * (1 + 1e-6))
    const unit = step * this.#record.get(NARROW_STEP)
    this.#record.set(NARROW_UNIT, unit)
    this.#record.set(NARROW_HALVES, placeOf === null ? this.#narrowHalves : 0)
    const whole = memory.i32(this.#narrowHalves, k)
    for (let c = 0; c < k; c++) whole[c] = Math.round(halves[c] / unit)
  }

  /** Whether no score of a row by these centroids, in whole units of a product, can leave int32. */
  #fits(step: number, halves: Float64Array, width: number): boolean {
    const rowStep = this.#record.get(NARROW_STEP)
    let half = 0
    for (const one of halves) half = Math.max(half, one)
    const longest = Math.sqrt(2 * half) * (1 + 1e-6) + step * Math.sqrt(width)
    const row = this.#normMost + rowStep * Math.sqrt(width)
    return (longest * (row + longest / 2)) / (step * rowStep) < 2147483000
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

/** The block of a centroid: blocks of 4, then of 2 and of 1 (assembly/lanes.ts). */
function blockOf(c: number, k: number): { readonly first: number; readonly size: number } {
  const fours = k - (k & 3)
  if (c < fours) return { first: c & ~3, size: 4 }
  if ((k & 2) !== 0 && c < fours + 2) return { first: fours, size: 2 }
  return { first: k - 1, size: 1 }
}

/** Largest int16 step count with which `width` products add up in int32. */
function narrowMost(width: number): number {
  return Math.min(32767, Math.floor(Math.sqrt(2147483647 / width)) - 1)
}

/** The smallest power of two that is not below a value. */
export function powerOfTwoAbove(value: number): number {
  return value > 0 ? 2 ** Math.ceil(Math.log2(value * (1 + 1e-12))) : 1
}

/** The working unit is about as large as the rows: centroids whose steps are larger than this lie beyond all of them. */
const FARTHEST_STEP = 2 ** 60
/** From how many columns and centroids on the int16 copy pays: for groups of centroids, and for one group. */
const NARROW_COLUMNS = 12
const LANES_COLUMNS = 3
const LANES_K = 4
