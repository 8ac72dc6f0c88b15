import {
  BUCKETS,
  CANDIDATE_HALVES,
  CANDIDATE_NARROW,
  CANDIDATE_PANEL,
  CANDIDATE_ROWS,
  GAINS,
  NARROW,
  NARROW_STEP,
  NARROW_UNIT,
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
  record.space(CANDIDATE_HALVES, 32)
  record.space(CANDIDATE_ROWS, columns * 64)
  record.space(CANDIDATE_NARROW, (columns + 1) * 16)
  record.space(GAINS, threads * 256)
  record.space(BUCKETS, threads * 2 ** bits * 16)
}

/** Writes up to eight candidates where the kernels read them. */
export function packCandidates(record: FitRecord, rows: readonly Float64Array[]): void {
  const { memory } = record.runner
  const { columns } = record.rows
  const origin = memory.f64(record.get(ORIGIN), columns)
  const scale = record.get(SCALE)
  const panel = memory.f32(record.get(CANDIDATE_PANEL), columns * 8)
  const halves = memory.f32(record.get(CANDIDATE_HALVES), 8)
  const exact = memory.f64(record.get(CANDIDATE_ROWS), columns * 8)
  const width = columns + (columns & 1)
  const isNarrow = record.get(NARROW) !== 0
  const step = isNarrow ? record.get(NARROW_STEP) : 1
  const narrowPanel = new Int16Array(memory.buffer, record.get(CANDIDATE_NARROW), width * 8)
  narrowPanel.fill(0)
  record.set(NARROW_UNIT, step * step)
  panel.fill(0)
  halves.fill(Number.POSITIVE_INFINITY)
  for (let c = 0; c < rows.length; c++) {
    exact.set(rows[c], c * columns)
    let sq = 0
    for (let j = 0; j < columns; j++) {
      const x = Math.fround((rows[c][j] - origin[j]) * scale)
      panel[j * 8 + c] = x
      if (isNarrow) narrowPanel[(j >> 1) * 16 + c * 2 + (j & 1)] = roundEven(x / step)
      sq += x * x
    }
    halves[c] = sq / 2
  }
}

/** Forgets what candidates gained. */
export function clearGains(record: FitRecord): void {
  const { memory, threads } = record.runner
  memory.f64(record.get(GAINS), threads * 32).fill(0)
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

/** The bucket in which a share of the total falls; null where nothing has weight. */
export function bucketAt(sums: Float64Array, share: number): Place | null {
  let [totalA, totalB] = [0, 0]
  const count = sums.length / 2
  for (let b = 0; b < count; b++) {
    totalA += sums[2 * b]
    totalB += sums[2 * b + 1]
  }
  const total = totalA + totalB
  if (!(total > 0)) return null
  const target = share * total
  let [a, b, last] = [0, 0, -1]
  for (let i = 0; i < count; i++) {
    if (sums[2 * i] === 0 && sums[2 * i + 1] === 0) continue
    last = i
    if (a + sums[2 * i] + (b + sums[2 * i + 1]) > target) return { bucket: i, a, b, target, past: false }
    a += sums[2 * i]
    b += sums[2 * i + 1]
  }
  return { bucket: last, a, b, target, past: true }
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

/** Adds a value, `whole` times and once its `part`, to a sum on two grids. */
export function addOnTwo(
  sum: Float64Array,
  at: number,
  value: number,
  whole: number,
  part: number,
  coarse: number,
  fine: number,
): void {
  const a = value + coarse - coarse
  sum[at] += whole * a
  sum[at + 1] += whole * (value - a + fine - fine)
  if (part !== 0) {
    const product = value * part
    const b = product + coarse - coarse
    sum[at] += b
    sum[at + 1] += product - b + fine - fine
  }
}
