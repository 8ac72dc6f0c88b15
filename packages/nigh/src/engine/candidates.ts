import type { Grids } from '../kmeans/grids.ts'
import {
  BUCKETS,
  CANDIDATE_NARROW,
  CANDIDATE_PANEL,
  CANDIDATE_ROWS,
  CANDIDATE_STARTS,
  CANDIDATE_UNIT,
  GAINS,
  GAIN_BOUNDS,
  NARROW,
  NARROW_STEP,
  NORM_MAX,
  ORIGIN,
  SCALE,
} from '../kernels/layout.ts'
import type { FitRecord } from './fit-record.ts'

// What seeding has in common whether the rows are held at once or come by windows: candidates in, gains and bucket
// sums out, and where a draw falls.

/** Makes room for candidates, for what they gain, and for 2^bits buckets. */
export function makeCandidateSpace(record: FitRecord, bits: number): void {
  const { threads } = record.runner
  const { columns } = record.rows
  record.space(CANDIDATE_PANEL, columns * 32)
  record.space(CANDIDATE_STARTS, 32)
  record.space(CANDIDATE_ROWS, columns * 64)
  record.space(CANDIDATE_NARROW, (columns + 1) * 16)
  record.space(GAINS, threads * 256)
  record.space(GAIN_BOUNDS, threads * 128)
  record.space(BUCKETS, threads * 2 ** bits * 16)
}

/** Says how large norms of rows are, and with it which copies of rows and candidates seeding goes by. */
export function setNormMax(record: FitRecord, norm: number): void {
  record.set(NORM_MAX, norm)
  // No sum of narrow products with a candidate, less half its squared norm, may leave int32 (assembly/seed-tile.ts).
  const step = record.get(NARROW_STEP)
  const fits = 1.5 * (norm / step + Math.sqrt(record.rows.columns)) ** 2 < 2147483640
  record.set(CANDIDATE_UNIT, record.get(NARROW) !== 0 && fits ? step * step : 0)
}

/** Writes up to eight candidates where the kernels read them. */
export function packCandidates(record: FitRecord, rows: readonly Float64Array[]): void {
  const { memory } = record.runner
  const { columns } = record.rows
  const origin = memory.f64(record.get(ORIGIN), columns)
  const scale = record.get(SCALE)
  const exact = memory.f64(record.get(CANDIDATE_ROWS), columns * 8)
  const floats = memory.f32(record.get(CANDIDATE_PANEL), columns * 8)
  const starts = memory.f32(record.get(CANDIDATE_STARTS), 8)
  const wholes = new Int16Array(memory.buffer, record.get(CANDIDATE_NARROW), (columns + 1) * 8)
  const wholeStarts = new Int32Array(memory.buffer, record.get(CANDIDATE_STARTS), 8)
  const unit = record.get(CANDIDATE_UNIT)
  const step = record.get(NARROW_STEP)
  if (unit === 0) {
    floats.fill(0)
    starts.fill(Number.NEGATIVE_INFINITY)
  } else {
    wholes.fill(0)
    wholeStarts.fill(-2147483648)
  }
  for (let c = 0; c < rows.length; c++) {
    const row = rows[c]
    exact.set(row, c * columns)
    let sq = 0
    for (let j = 0; j < columns; j++) {
      const x = Math.fround((row[j] - origin[j]) * scale)
      sq += x * x
      if (unit === 0) floats[j * 8 + c] = x
      else wholes[(j >> 1) * 16 + c * 2 + (j & 1)] = roundEven(x / step)
    }
    if (unit === 0) starts[c] = -sq / 2
    else wholeStarts[c] = -Math.floor(sq / 2 / unit)
  }
}

/** Forgets what candidates gained, and its bounds. */
export function clearGains(record: FitRecord): void {
  const { memory, threads } = record.runner
  memory.f64(record.get(GAINS), threads * 32).fill(0)
  memory.f64(record.get(GAIN_BOUNDS), threads * 16).fill(0)
}

/** Bounds on what the first `count` candidates of the panel gain: lower and upper, in half the working unit. */
export function boundsOf(record: FitRecord, count: number, grids: Grids): Float64Array {
  const { memory, threads } = record.runner
  const found = memory.f64(record.get(GAIN_BOUNDS), threads * 16)
  // Bounds are sums of n numbers, each rounded; gains have lost what is below the third grid.
  const widen = (record.rows.rows + 64) * 2.3e-16
  const below = grids.spanSq * record.get(SCALE) ** 2 * 2 ** (54 - 4 * grids.bits)
  const bounds = new Float64Array(count * 2)
  for (let c = 0; c < count; c++) {
    for (let t = 0; t < threads; t++) {
      bounds[2 * c] += found[t * 16 + c * 2]
      bounds[2 * c + 1] += found[t * 16 + c * 2 + 1]
    }
    bounds[2 * c] = bounds[2 * c] * (1 - widen) - below
    bounds[2 * c + 1] = bounds[2 * c + 1] * (1 + widen) + below
  }
  return bounds
}

/** What the first `count` candidates of the panel gained. */
export function gainsOf(record: FitRecord, count: number): Float64Array {
  const { memory, threads } = record.runner
  const found = memory.f64(record.get(GAINS), threads * 32)
  const gains = new Float64Array(count)
  for (let c = 0; c < count; c++) {
    let [x, y, z] = [0, 0, 0]
    for (let t = 0; t < threads; t++) {
      x += found[t * 32 + c * 4]
      y += found[t * 32 + c * 4 + 1]
      z += found[t * 32 + c * 4 + 2]
    }
    gains[c] = x + y + z
  }
  return gains
}

/** Adds what a taken candidate changed in the buckets to their totals, and clears it. */
export function addBuckets(record: FitRecord, totals: Float64Array): void {
  const { memory, threads } = record.runner
  const count = totals.length
  const buckets = memory.f64(record.get(BUCKETS), threads * count)
  for (let t = 0; t < threads; t++) {
    for (let b = 0; b < count; b++) totals[b] += buckets[t * count + b]
  }
  buckets.fill(0)
}

/** Where a draw falls: a bucket, and the running sums before it. */
export interface Place {
  readonly bucket: number
  readonly a: number
  readonly b: number
  readonly target: number
  /** Rounding put the target past the end: the last row with weight is drawn. */
  readonly past: boolean
}

/** Sums of all buckets up to the end of each, on two grids: exact. */
export function runningSums(sums: Float64Array, ends: Float64Array): Float64Array {
  let [a, b] = [0, 0]
  for (let at = 0; at < sums.length; at += 2) {
    a += sums[at]
    b += sums[at + 1]
    ends[at] = a
    ends[at + 1] = b
  }
  return ends
}

/** The bucket in which a share of the total falls, from the running sums; null where nothing has weight. */
export function bucketAt(ends: Float64Array, share: number): Place | null {
  let high = ends.length / 2 - 1
  const total = ends[2 * high] + ends[2 * high + 1]
  if (!(total > 0)) return null
  const target = share * total
  const past = !(total > target)
  if (past) {
    // The last bucket that adds anything.
    while (high > 0 && ends[2 * high] === ends[2 * high - 2] && ends[2 * high + 1] === ends[2 * high - 1])
      high--
  } else {
    for (let low = 0; low < high; ) {
      const middle = (low + high) >> 1
      if (ends[2 * middle] + ends[2 * middle + 1] > target) high = middle
      else low = middle + 1
    }
  }
  const [a, b] = high === 0 ? [0, 0] : [ends[2 * high - 2], ends[2 * high - 1]]
  return { bucket: high, a, b, target, past }
}

/**
 * Bits of the hash that name a bucket: about four rows a bucket, 4,096 buckets at most. How many there are changes no
 * draw: buckets only cut the one canonical order into runs.
 */
export function bucketBits(rows: number): number {
  return Math.min(12, Math.max(2, Math.ceil(Math.log2(rows)) - 2))
}

/** To the nearest whole number, halves to the even one: as the kernels round. */
function roundEven(x: number): number {
  const big = 6755399441055744 // 1.5 · 2^52
  return x + big - big
}
