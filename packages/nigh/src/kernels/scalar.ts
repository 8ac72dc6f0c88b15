import type { KernelTable, NearKernelTable } from './contract.ts'
import {
  BUCKET_SHIFT,
  BUCKETS,
  CANDIDATE_ROWS,
  CANDIDATES,
  CENTROIDS,
  CLUSTERS,
  COARSE,
  COLUMNS,
  DECIDE,
  COUNTS,
  DISTANCES_SQ,
  DOUBLE,
  FINE,
  FIRST,
  GAINED,
  GAINS,
  GAIN_BOUNDS,
  HASHES,
  LABELS,
  NEAREST,
  NORMS_SQ,
  ORIGIN,
  POINTS,
  RANGES,
  SCALE,
  SQ_GRID_1,
  SQ_GRID_2,
  SQ_GRID_3,
  SQ_SUMS,
  STAT_CHANGED,
  STAT_DISTANCES,
  STAT_EXACT,
  STATS,
  SUM_ORIGIN,
  SUMS,
  TAKEN,
  TAKEN_AS,
  TOUCHED,
  WEIGHT_COARSE,
  WEIGHT_FINE,
  WEIGHTS,
  WORK,
} from './layout.ts'
import type { Memory, Views } from './memory.ts'

/**
 * The reference kernels, and the fallback where WebAssembly or its SIMD is missing: every distance by its definition,
 * every row against every centroid, no bounds. Each loop answers what its WebAssembly twin answers, bit for bit.
 */
export function scalarKernels(memory: Memory): Omit<KernelTable, keyof NearKernelTable> {
  return {
    ranges: (record, from, to, thread) => ranges(memory.views, record / 8, from, to, thread),
    centre: (record, from, to) => centre(memory.views, record / 8, from, to),
    // The reference reads no narrow copy: every distance is by the definition.
    narrow: () => {},
    assign: (record, from, to, thread) => assign(memory.views, record / 8, from, to, thread),
    residuals: (record, from, to, thread) => residuals(memory.views, record / 8, from, to, thread),
    distances: (record, from, to) => distances(memory.views, record / 8, from, to),
    hash: (record, from, to) => hash(memory.views, record / 8, from, to),
    seed: (record, from, to, thread) => seed(memory.views, record / 8, from, to, thread),
  }
}

/** The rows as given, and where they start, in elements. */
function rowsOf(views: Views, fields: number): { points: Float32Array | Float64Array; start: number } {
  const { f64, f32 } = views
  return f64[fields + DOUBLE] === 1
    ? { points: f64, start: f64[fields + POINTS] / 8 }
    : { points: f32, start: f64[fields + POINTS] / 4 }
}

/** Squared distance by the definition: float64 differences, squared and added in column order. */
function exactSq(
  points: Float32Array | Float64Array,
  at: number,
  others: Float64Array,
  other: number,
  columns: number,
): number {
  let sum = 0
  for (let j = 0; j < columns; j++) {
    const t = points[at + j] - others[other + j]
    sum += t * t
  }
  return sum
}

/** Adds a value, `whole` + `part` times, to a sum on two grids. */
export function addOnTwo(
  f64: Float64Array<ArrayBufferLike>,
  sum: number,
  value: number,
  whole: number,
  part: number,
  coarse: number,
  fine: number,
): void {
  const a = value + coarse - coarse
  f64[sum] += whole * a
  f64[sum + 1] += whole * (value - a + fine - fine)
  if (part !== 0) {
    const product = value * part
    const b = product + coarse - coarse
    f64[sum] += b
    f64[sum + 1] += product - b + fine - fine
  }
}

/** Adds a value, `whole` + `part` times, to a sum on three grids. */
function addOnThree(
  f64: Float64Array,
  sum: number,
  value: number,
  whole: number,
  part: number,
  big1: number,
  big2: number,
  big3: number,
): void {
  let a = value + big1 - big1
  let b = value - a + big2 - big2
  f64[sum] += whole * a
  f64[sum + 1] += whole * b
  f64[sum + 2] += whole * (value - a - b + big3 - big3)
  if (part !== 0) {
    const product = value * part
    a = product + big1 - big1
    b = product - a + big2 - big2
    f64[sum] += a
    f64[sum + 1] += b
    f64[sum + 2] += product - a - b + big3 - big3
  }
}

function ranges(views: Views, fields: number, from: number, to: number, thread: number): void {
  const { f64 } = views
  const { points, start } = rowsOf(views, fields)
  const columns = f64[fields + COLUMNS]
  const weights = f64[fields + WEIGHTS] / 8
  const minima = f64[fields + RANGES] / 8 + thread * 2 * columns
  const maxima = minima + columns
  for (let i = from; i < to; i++) {
    if (weights > 0 && f64[weights + i] === 0) continue
    for (let j = 0; j < columns; j++) {
      const x = points[start + i * columns + j]
      if (x < f64[minima + j]) f64[minima + j] = x
      if (x > f64[maxima + j]) f64[maxima + j] = x
    }
  }
}

function centre(views: Views, fields: number, from: number, to: number): void {
  const { f64, f32 } = views
  const { points, start } = rowsOf(views, fields)
  const columns = f64[fields + COLUMNS]
  const work = f64[fields + WORK] / 4
  const norms = f64[fields + NORMS_SQ] / 4
  const origin = f64[fields + ORIGIN] / 8
  const scale = f64[fields + SCALE]
  const copy = f64[fields + WORK] !== f64[fields + POINTS]
  for (let i = from; i < to; i++) {
    let sum = 0
    for (let j = 0; j < columns; j++) {
      const at = i * columns + j
      if (copy) f32[work + at] = (points[start + at] - f64[origin + j]) * scale
      sum += f32[work + at] * f32[work + at]
    }
    f32[norms + i] = sum
  }
}

function assign(views: Views, fields: number, from: number, to: number, thread: number): void {
  const { f64, u32 } = views
  const { points, start } = rowsOf(views, fields)
  const columns = f64[fields + COLUMNS]
  const clusters = f64[fields + CLUSTERS]
  const labels = f64[fields + LABELS] / 4
  const first = f64[fields + FIRST] === 1
  const centroids = f64[fields + CENTROIDS] / 8
  const keepSums = f64[fields + SUMS] !== 0
  const weights = f64[fields + WEIGHTS] / 8
  const stats = f64[fields + STATS] / 8 + thread * 8
  let changed = 0
  for (let i = from; i < to; i++) {
    let winner = 0
    let best = Number.POSITIVE_INFINITY
    for (let c = 0; c < clusters; c++) {
      const sq = exactSq(points, start + i * columns, f64, centroids + c * columns, columns)
      // Strict <: on a tie the smaller index wins, as everywhere.
      if (sq < best) {
        best = sq
        winner = c
      }
    }
    if (!first && u32[labels + i] === winner) continue
    // A row of weight 0 is absent: its label is kept, but does not count as a change.
    if (weights === 0 || f64[weights + i] !== 0) changed++
    if (keepSums) {
      if (!first) move(views, fields, i, u32[labels + i], -1, thread)
      move(views, fields, i, winner, 1, thread)
    }
    u32[labels + i] = winner
  }
  f64[stats + STAT_CHANGED] += changed
  f64[stats + STAT_DISTANCES] += (to - from) * clusters
  f64[stats + STAT_EXACT] += to - from
}

/** Adds a row to (sign 1) or takes it from (sign −1) a centroid's sums. */
function move(
  views: Views,
  fields: number,
  row: number,
  centroid: number,
  sign: number,
  thread: number,
): void {
  const { f64, u8 } = views
  const { points, start } = rowsOf(views, fields)
  const columns = f64[fields + COLUMNS]
  const weights = f64[fields + WEIGHTS] / 8
  const weight = weights > 0 ? f64[weights + row] : 1
  if (weight === 0) return
  const slot = thread * f64[fields + CLUSTERS] + centroid
  u8[f64[fields + TOUCHED] + slot] = 1
  addOnTwo(
    f64,
    f64[fields + COUNTS] / 8 + slot * 2,
    weight,
    sign,
    0,
    f64[fields + WEIGHT_COARSE],
    f64[fields + WEIGHT_FINE],
  )
  const origin = f64[fields + SUM_ORIGIN] / 8
  const coarse = f64[fields + COARSE] / 8
  const fine = f64[fields + FINE] / 8
  const sums = f64[fields + SUMS] / 8 + slot * 2 * columns
  const whole = Math.floor(weight)
  const part = weight - whole
  for (let j = 0; j < columns; j++) {
    const big = f64[coarse + j]
    const small = f64[fine + j]
    const t = points[start + row * columns + j] - f64[origin + j]
    let a = t + big - big
    let b = t - a + small - small
    a *= whole * sign
    b *= whole * sign
    if (part !== 0) {
      const product = t * part
      const rounded = product + big - big
      a += rounded * sign
      b += (product - rounded + small - small) * sign
    }
    f64[sums + j] += a
    f64[sums + columns + j] += b
  }
}

function residuals(views: Views, fields: number, from: number, to: number, thread: number): void {
  const { f64, u32 } = views
  const { points, start } = rowsOf(views, fields)
  const columns = f64[fields + COLUMNS]
  const weights = f64[fields + WEIGHTS] / 8
  const labels = f64[fields + LABELS] / 4
  const centroids = f64[fields + CENTROIDS] / 8
  const out = f64[fields + DISTANCES_SQ] / 8
  const sum = f64[fields + SQ_SUMS] / 8 + thread * 4
  for (let i = from; i < to; i++) {
    const sq = exactSq(points, start + i * columns, f64, centroids + u32[labels + i] * columns, columns)
    if (out > 0) f64[out + i] = sq
    const weight = weights > 0 ? f64[weights + i] : 1
    if (weight === 0) continue
    const whole = Math.floor(weight)
    addOnThree(
      f64,
      sum,
      sq,
      whole,
      weight - whole,
      f64[fields + SQ_GRID_1],
      f64[fields + SQ_GRID_2],
      f64[fields + SQ_GRID_3],
    )
  }
}

function distances(views: Views, fields: number, from: number, to: number): void {
  const { f64 } = views
  const { points, start } = rowsOf(views, fields)
  const columns = f64[fields + COLUMNS]
  const clusters = f64[fields + CLUSTERS]
  const centroids = f64[fields + CENTROIDS] / 8
  const out = f64[fields + DISTANCES_SQ] / 8
  for (let i = from; i < to; i++) {
    for (let c = 0; c < clusters; c++) {
      f64[out + i * clusters + c] = exactSq(
        points,
        start + i * columns,
        f64,
        centroids + c * columns,
        columns,
      )
    }
  }
}

const word = new DataView(new ArrayBuffer(8))

/** Scrambles 32 bits into a hash (the step of MurmurHash3, A. Appleby, public domain). */
function stir(hash: number, bits: number): number {
  let k = Math.imul(bits, 0xcc9e2d51)
  k = (k << 15) | (k >>> 17)
  let h = hash ^ Math.imul(k, 0x1b873593)
  h = (h << 13) | (h >>> 19)
  return (Math.imul(h, 5) + 0xe6546b64) | 0
}

/** Hash of a row's content, as float64: what puts rows into their canonical order. −0 hashes as 0. */
export function hashRow(points: ArrayLike<number>, at: number, columns: number): number {
  let h = 0
  for (let j = 0; j < columns; j++) {
    word.setFloat64(0, points[at + j] + 0)
    h = stir(h, word.getInt32(4))
    h = stir(h, word.getInt32(0))
  }
  h ^= h >>> 16
  h = Math.imul(h, 0x85ebca6b)
  h ^= h >>> 13
  h = Math.imul(h, 0xc2b2ae35)
  h ^= h >>> 16
  return h >>> 0
}

function hash(views: Views, fields: number, from: number, to: number): void {
  const { f64, u32 } = views
  const { points, start } = rowsOf(views, fields)
  const columns = f64[fields + COLUMNS]
  const hashes = f64[fields + HASHES] / 4
  for (let i = from; i < to; i++) u32[hashes + i] = hashRow(points, start + i * columns, columns)
}

function seed(views: Views, fields: number, from: number, to: number, thread: number): void {
  const { f64, u32, u8 } = views
  const { points, start } = rowsOf(views, fields)
  const columns = f64[fields + COLUMNS]
  const weights = f64[fields + WEIGHTS] / 8
  const sqs = f64[fields + DISTANCES_SQ] / 8
  const hashes = f64[fields + HASHES] / 4
  const nearest = f64[fields + NEAREST] / 4
  const gained = f64[fields + GAINED]
  const candidates = f64[fields + CANDIDATES]
  const rows = f64[fields + CANDIDATE_ROWS] / 8
  const gains = f64[fields + GAINS] / 8 + thread * 32
  const bounds = f64[fields + GAIN_BOUNDS] / 8 + thread * 16
  const decide = f64[fields + DECIDE]
  const taken = f64[fields + TAKEN]
  const shift = f64[fields + BUCKET_SHIFT]
  const buckets = f64[fields + BUCKETS] / 8 + thread * 2 ** (32 - shift) * 2
  const first = f64[fields + FIRST] === 1
  const big1 = f64[fields + SQ_GRID_1]
  const big2 = f64[fields + SQ_GRID_2]
  const big3 = f64[fields + SQ_GRID_3]
  const halfScaleSq = f64[fields + SCALE] ** 2 / 2
  const stats = f64[fields + STATS] / 8 + thread * 8
  for (let i = from; i < to; i++) {
    const weight = weights > 0 ? f64[weights + i] : 1
    if (weight === 0) {
      if (first) {
        f64[sqs + i] = 0
        u32[nearest + i] = 0
      }
      if (taken < 0) u8[gained + i] = 0
      continue
    }
    const whole = Math.floor(weight)
    const part = weight - whole
    const bucket = buckets + (u32[hashes + i] >>> shift) * 2
    const at = start + i * columns
    if (taken < 0) {
      let bits = 0
      for (let c = 0; c < candidates; c++) {
        const gain = f64[sqs + i] - exactSq(points, at, f64, rows + c * columns, columns)
        if (!(gain > 0)) continue
        bits |= 1 << c
        if ((decide & (1 << c)) !== 0) addOnThree(f64, gains + c * 4, gain, whole, part, big1, big2, big3)
        f64[bounds + c * 2] += weight * gain * halfScaleSq
        f64[bounds + c * 2 + 1] += weight * gain * halfScaleSq
      }
      u8[gained + i] = bits
      continue
    }
    if (first || (u8[gained + i] & (1 << taken)) !== 0) {
      const sq = exactSq(points, at, f64, rows + taken * columns, columns)
      if (!first) addOnTwo(f64, bucket, f64[sqs + i], -whole, -part, big1, big2)
      addOnTwo(f64, bucket, sq, whole, part, big1, big2)
      f64[sqs + i] = sq
      u32[nearest + i] = f64[fields + TAKEN_AS]
    }
  }
  f64[stats + STAT_DISTANCES] += (to - from) * (taken < 0 ? candidates : 1)
}
