// Seeding: k-means++ (Arthur and Vassilvitskii 2007) with several candidates a round, exactly and with few distances.
//
//   D²[i] = squared distance of row i to the nearest row chosen so far, by the definition (exact.ts)
//   try:    for each row i and candidate c: may i be nearer to c, and by how much?  lower[c], upper[c] bound
//           gain[c] = Σ w[i] · max(0, D²[i] − ‖x[i] − c‖²)
//   decide: gain[c] by the definition, from the rows that may be nearer: only for candidates whose bounds overlap
//   take:   D²[i] = min(D²[i], ‖x[i] − c‖²) where row i may be nearer to the one taken; the bucket sums follow
//
// Two tests spare nearly all of the float64 work, and never change a result:
//   ¼·‖chosen − c‖² ≥ D²[i] for every c   no candidate can be nearer (triangle inequality; Raff 2021, arXiv 2105.02936)
//   x·c − ‖c‖²/2 < floor[i]               by the fast products, less their error bound, c is not nearer (seed-tile.ts)
//
// An open pair gains D² − ‖x − c‖² = D² − ‖x‖² + 2·(x·c − ‖c‖²/2), computed with an error below E. With C the largest
// norm, no distance is above 2·C, so E = eQ(C) + 2·(2·C + δ)·δ + δ², with δ and eQ as in assign.ts. The floor is where
// that is −E: floor = (‖x‖² − D² − E) / 2. It follows from D² alone and is kept with it.
// Gains and bucket sums are kept on grids, so neither threads nor the order of rows can change them.

import {
  BUCKETS,
  BUCKET_SHIFT,
  CANDIDATE_GAPS,
  CANDIDATE_NARROW,
  CANDIDATE_PANEL,
  CANDIDATE_ROWS,
  CANDIDATE_STARTS,
  CANDIDATE_UNIT,
  CANDIDATES,
  COLUMNS,
  DECIDE,
  DISTANCES_SQ,
  DOUBLE,
  FIRST,
  FLOORS,
  GAIN_BOUNDS,
  GAINED,
  GAINS,
  HASHES,
  NARROW,
  NARROW_ROW_ERROR,
  NEAREST,
  NORM_MAX,
  NORMS_SQ,
  POINTS,
  ROUND,
  SCALE,
  SCRATCH,
  SCRATCH_BYTES,
  SQ_GRID_1,
  SQ_GRID_2,
  SQ_GRID_3,
  STAT_DISTANCES,
  STAT_EXACT,
  STATS,
  TAKEN,
  TAKEN_AS,
  WEIGHTS,
  WORK,
} from '../src/kernels/layout'
import { addOnThree, addOnTwo, exactSq4, exactSqsOfFour } from './exact'
import { address, integer, number } from './record'
import { openOfEight, openOfFloats, openOfFourFloats } from './seed-tile'

const U24: f64 = 5.9604644775390625e-8

// The record's fields, read once a call. Every thread has a module instance of its own, so these are the thread's own.
let columns: i32 = 0
let points: usize = 0
let double: bool = false
let weights: usize = 0
let sqs: usize = 0
let floors: usize = 0
let norms: usize = 0
let nearest: usize = 0
let gained: usize = 0
let scaleSq: f64 = 1
let halfError: f64 = 0
let perUnit: f64 = 0
let big1: f64 = 0
let big2: f64 = 0
let big3: f64 = 0
let candidateRows: usize = 0

// The thread's scratch space: byte offsets.
const LIST: usize = 0 // i32, rows of this round, and three more
const PAIRS: usize = 4 * ROUND + 16 // i32, open pairs: row · 8 + candidate, counted from the round's first row
const SQS: usize = PAIRS + 4 * 8 * ROUND // f64, 4
const PRODUCTS: usize = SQS + 32 // f32 or i32, 4 × 8

/** Tries candidates, decides what they gain, or takes one; see the top of the file. */
export function seed(record: usize, from: i32, to: i32, thread: i32): void {
  columns = integer(record, COLUMNS)
  points = address(record, POINTS)
  double = integer(record, DOUBLE) != 0
  weights = address(record, WEIGHTS)
  sqs = address(record, DISTANCES_SQ)
  floors = address(record, FLOORS)
  norms = address(record, NORMS_SQ)
  nearest = address(record, NEAREST)
  gained = address(record, GAINED)
  const scale = number(record, SCALE)
  const normMax = number(record, NORM_MAX)
  big1 = number(record, SQ_GRID_1)
  big2 = number(record, SQ_GRID_2)
  big3 = number(record, SQ_GRID_3)
  candidateRows = address(record, CANDIDATE_ROWS)
  scaleSq = scale * scale
  const delta = (1.05 * U24 + <f64>(columns + 4) * 2.3e-16) * 2 * normMax + 1e-37
  const base = (2.04 * <f64>(columns + 4) + 8.2) * U24 * normMax
  let error = (base * 1.5 + 8.2 * U24 * normMax) * normMax + (4 * normMax + 3 * delta) * delta
  const unit = number(record, CANDIDATE_UNIT)
  perUnit = 0
  if (unit != 0) {
    // Row and candidate are both rows, each off by at most the largest residual (assign.ts, narrow).
    const residual = number(record, NARROW_ROW_ERROR)
    error += 2.001 * residual * (2.5 * normMax + residual)
    perUnit = 1 / unit
  }
  halfError = error * (0.5 + 1e-6)
  const stats = address(record, STATS) + ((<usize>thread) << 6)
  const scratch = address(record, SCRATCH) + <usize>thread * <usize>integer(record, SCRATCH_BYTES)
  if (integer(record, TAKEN) >= 0) takeCandidate(record, from, to, thread, scratch, stats)
  else if (integer(record, DECIDE)) decideGains(record, from, to, thread, scratch, stats)
  else tryCandidates(record, from, to, thread, scratch, stats)
}

function count(stats: usize, stat: i32, by: f64): void {
  const at = stats + (stat << 3)
  store<f64>(at, load<f64>(at) + by)
}

/**
 * Reads a number of each cache line of some rows, so that their lines are on their way at once. Rows that are looked
 * at by the definition lie far apart, and waiting for one line after another takes longer than the arithmetic.
 *
 * @param list int32: shifted right by `shift` they are rows, counted from `base`
 * @param out gets what was read: nobody's business, but it must go somewhere
 */
function fetch(list: usize, length: i32, shift: i32, base: i32, out: usize): void {
  const stride = (<usize>columns) << (double ? 3 : 2)
  let read: i32 = 0
  for (let f = 0; f < length; f++) {
    const row = points + <usize>(base + (load<i32>(list + ((<usize>f) << 2)) >> shift)) * stride
    for (let at: usize = 0; at < stride; at += 64) read |= load<i32>(row + at)
  }
  store<i32>(out, read)
}

// --- taking -------------------------------------------------------------------------------------------------------

/** Sets a row's squared distance to the nearest row chosen, and the floor that follows from it. */
function setDistance(row: usize, sq: f64): void {
  store<f64>(sqs + (row << 3), sq)
  let floor = (<f64>load<f32>(norms + (row << 2)) - sq * scaleSq) * 0.5 - halfError
  const at = floors + (row << 2)
  if (perUnit == 0) {
    floor -= Math.abs(floor) * 1.2e-7 + 1e-37
    store<f32>(at, sq == 0 ? f32.POSITIVE_INFINITY : <f32>floor)
  } else {
    // Products in whole units reach the floor where they are above the whole number below it.
    const whole = Math.max(-2147483648.0, Math.min(2147483647.0, Math.floor(floor * perUnit) - 1))
    store<i32>(at, sq == 0 ? i32.MAX_VALUE : <i32>whole)
  }
}

/** Takes a candidate: rows that are nearer to it get their new distance, and the bucket sums follow. */
function takeCandidate(record: usize, from: i32, to: i32, thread: i32, scratch: usize, stats: usize): void {
  const first = integer(record, FIRST) != 0
  const shift = <u32>integer(record, BUCKET_SHIFT)
  const buckets = address(record, BUCKETS) + (((<usize>thread) << (32 - shift)) << 4)
  const hashes = address(record, HASHES)
  const taken = integer(record, TAKEN)
  const takenAs = integer(record, TAKEN_AS)
  const candidate = candidateRows + <usize>taken * ((<usize>columns) << 3)
  const bits = i8x16.splat((<i8>1) << (<i8>taken))
  const list = scratch + LIST
  const out = scratch + SQS
  let decided: f64 = 0
  for (let chunk = from; chunk < to; chunk += ROUND) {
    const end = min(chunk + ROUND, to)
    let found = 0
    if (first) {
      for (let i = chunk; i < end; i++) {
        store<i32>(list + ((<usize>found) << 2), i)
        if (weights && load<f64>(weights + ((<usize>i) << 3)) == 0) {
          setDistance(i, 0) // absent: nothing is gained here
          store<u32>(nearest + ((<usize>i) << 2), 0)
        } else {
          found++
        }
      }
    } else {
      // Few rows may be nearer: sixteen are looked at in one go. Past the last row there are none.
      for (let i = chunk; i < end; i += 16) {
        const here = v128.and(v128.load(gained + <usize>i), bits)
        if (!v128.any_true(here)) continue
        let hits = <u32>i8x16.bitmask(i8x16.eq(here, bits))
        while (hits) {
          store<i32>(list + ((<usize>found) << 2), i + ctz(hits))
          hits &= hits - 1
          found++
        }
      }
    }
    if (found == 0) continue
    decided += found
    fetch(list, found, 0, 0, out)
    for (let f = 0; f < found; f += 4) {
      const at = list + ((<usize>f) << 2)
      const past = (<usize>(found - 1 - f)) << 2
      exactSqsOfFour(
        points,
        double,
        columns,
        <usize>load<i32>(at),
        <usize>load<i32>(at + min<usize>(4, past)),
        <usize>load<i32>(at + min<usize>(8, past)),
        <usize>load<i32>(at + min<usize>(12, past)),
        candidate,
        out,
      )
      for (let r = 0; r < min(4, found - f); r++) {
        const row = <usize>load<i32>(at + ((<usize>r) << 2))
        const sq = load<f64>(out + ((<usize>r) << 3))
        if (!first && sq >= load<f64>(sqs + (row << 3))) continue
        let weight: f64 = 1
        if (weights) weight = load<f64>(weights + (row << 3))
        const whole = Math.floor(weight)
        const bucket = buckets + ((<usize>(load<u32>(hashes + (row << 2)) >> shift)) << 4)
        if (!first) addOnTwo(bucket, load<f64>(sqs + (row << 3)), -whole, whole - weight, big1, big2)
        addOnTwo(bucket, sq, whole, weight - whole, big1, big2)
        setDistance(row, sq)
        store<u32>(nearest + (row << 2), takenAs)
      }
    }
  }
  count(stats, STAT_EXACT, decided)
}

// --- trying -------------------------------------------------------------------------------------------------------

/** Tries up to eight candidates: marks the rows that may be nearer to each, and bounds what each would gain. */
function tryCandidates(record: usize, from: i32, to: i32, thread: i32, scratch: usize, stats: usize): void {
  const gaps = address(record, CANDIDATE_GAPS)
  const candidates = integer(record, CANDIDATES)
  const starts = address(record, CANDIDATE_STARTS)
  const bounds = address(record, GAIN_BOUNDS) + ((<usize>thread) << 7)
  const narrow = perUnit != 0
  const copy = address(record, narrow ? NARROW : WORK)
  const panel = address(record, narrow ? CANDIDATE_NARROW : CANDIDATE_PANEL)
  const width = narrow ? (<usize>((columns + 1) & ~1)) << 1 : (<usize>columns) << 2
  const list = scratch + LIST
  const products = scratch + PRODUCTS
  let computed: f64 = 0
  for (let chunk = from; chunk < to; chunk += ROUND) {
    const rows = min(ROUND, to - chunk)
    const marks = gained + <usize>chunk
    if (gaps || rows < ROUND) {
      for (let at: usize = 0; at < <usize>ROUND; at += 16) v128.store(marks + at, i8x16.splat(0))
    }
    const near = gaps ? withinReach(chunk, rows, gaps, list) : rows
    computed += <f64>(near * candidates)
    for (let t = 0; t < near; t += 4) {
      let i0 = t
      let i1 = t + 1
      let i2 = t + 2
      let i3 = t + 3
      if (gaps) {
        const at = list + ((<usize>t) << 2)
        i0 = load<i32>(at)
        i1 = load<i32>(at, 4)
        i2 = load<i32>(at, 8)
        i3 = load<i32>(at, 12)
      } else if (i3 >= rows) {
        i1 = min(i1, rows - 1)
        i2 = min(i2, rows - 1)
        i3 = rows - 1
      }
      const x0 = copy + <usize>(chunk + i0) * width
      const x1 = copy + <usize>(chunk + i1) * width
      const x2 = copy + <usize>(chunk + i2) * width
      const x3 = copy + <usize>(chunk + i3) * width
      const f0 = floors + ((<usize>(chunk + i0)) << 2)
      const f1 = floors + ((<usize>(chunk + i1)) << 2)
      const f2 = floors + ((<usize>(chunk + i2)) << 2)
      const f3 = floors + ((<usize>(chunk + i3)) << 2)
      let bits: u32
      if (narrow) {
        bits = openOfEight(x0, x1, x2, x3, width, panel, starts, f0, f1, f2, f3, products)
      } else if (candidates > 4) {
        bits = openOfFloats(x0, x1, x2, x3, width, panel, starts, f0, f1, f2, f3, products)
      } else {
        bits = openOfFourFloats(x0, x1, x2, x3, width, panel, starts, f0, f1, f2, f3, products)
      }
      if (near - t < 4) bits &= (1 << ((near - t) << 3)) - 1 // the last row stands in for those past it
      if (!gaps) store<u32>(marks + <usize>t, bits)
      if (bits == 0) continue
      for (let r = 0; bits != 0; r++, bits >>= 8) {
        const open = bits & 255
        if (open == 0) continue
        const i = r == 0 ? i0 : r == 1 ? i1 : r == 2 ? i2 : i3
        if (gaps) store<u8>(marks + <usize>i, <u8>open)
        boundGains(<usize>(chunk + i), open, products + ((<usize>r) << 5), bounds)
      }
    }
  }
  count(stats, STAT_DISTANCES, computed)
}

/** Adds to the bounds what a row may gain, and surely gains, from the candidates left open: half of it, and unscaled. */
function boundGains(row: usize, open: u32, products: usize, bounds: usize): void {
  const base = (load<f64>(sqs + (row << 3)) * scaleSq - <f64>load<f32>(norms + (row << 2))) * 0.5
  const weight = weights ? load<f64>(weights + (row << 3)) : 1
  const unit = perUnit == 0 ? 0 : 1 / perUnit
  do {
    const c = <usize>ctz(open)
    open &= open - 1
    const product =
      unit == 0 ? <f64>load<f32>(products + (c << 2)) : <f64>load<i32>(products + (c << 2)) * unit
    const half = base + product
    const at = bounds + (c << 4)
    store<f64>(at, load<f64>(at) + weight * Math.max(0, half - halfError))
    store<f64>(at, load<f64>(at, 8) + weight * Math.max(0, half + halfError), 8)
  } while (open != 0)
}

/** Lists the rows that some candidate can be nearer to by the triangle inequality, and the last of them thrice more. */
function withinReach(chunk: i32, rows: i32, gaps: usize, list: usize): i32 {
  const factor = scaleSq * (1 + 1e-12)
  let found = 0
  for (let t = 0; t < rows; t++) {
    const row = <usize>(chunk + t)
    const gap = <f64>load<f32>(gaps + ((<usize>load<u32>(nearest + (row << 2))) << 2))
    store<i32>(list + ((<usize>found) << 2), t)
    found += <i32>(gap < load<f64>(sqs + (row << 3)) * factor + 1e-37)
  }
  if (found) {
    const last = load<i32>(list + ((<usize>(found - 1)) << 2))
    v128.store(list + ((<usize>found) << 2), i32x4.splat(last))
  }
  return found
}

// --- deciding -----------------------------------------------------------------------------------------------------

/** Adds up by the definition what some candidates gain, from the rows marked as nearer to them perhaps. */
function decideGains(record: usize, from: i32, to: i32, thread: i32, scratch: usize, stats: usize): void {
  const mask = <u32>integer(record, DECIDE)
  const gains = address(record, GAINS) + <usize>thread * 256
  const masks = i8x16.splat(<i8>mask)
  const none = i8x16.splat(0)
  const pairs = scratch + PAIRS
  let decided: f64 = 0
  for (let chunk = from; chunk < to; chunk += ROUND) {
    const rows = min(ROUND, to - chunk)
    const marks = gained + <usize>chunk
    let open = 0
    for (let t = 0; t < rows; t += 16) {
      const here = v128.and(v128.load(marks + <usize>t), masks)
      if (!v128.any_true(here)) continue
      let hits = <u32>i8x16.bitmask(i8x16.ne(here, none))
      for (; hits; hits &= hits - 1) {
        const i = t + ctz(hits)
        let bits = <u32>load<u8>(marks + <usize>i) & mask
        for (; bits; bits &= bits - 1) {
          store<i32>(pairs + ((<usize>open) << 2), (i << 3) | ctz(bits))
          open++
        }
      }
    }
    decidePairs(chunk, pairs, open, scratch + SQS, gains)
    decided += open
  }
  count(stats, STAT_EXACT, decided)
}

/** Adds what pairs of row and candidate gain, four pairs side by side. */
function decidePairs(chunk: i32, pairs: usize, open: i32, out: usize, gains: usize): void {
  const stride = (<usize>columns) << 3
  fetch(pairs, open, 3, chunk, out)
  for (let p = 0; p < open; p += 4) {
    const at = pairs + ((<usize>p) << 2)
    const past = (<usize>(open - 1 - p)) << 2
    const p0 = load<i32>(at)
    const p1 = load<i32>(at + min<usize>(4, past))
    const p2 = load<i32>(at + min<usize>(8, past))
    const p3 = load<i32>(at + min<usize>(12, past))
    exactSq4(
      points,
      double,
      columns,
      <usize>(chunk + (p0 >> 3)),
      <usize>(chunk + (p1 >> 3)),
      <usize>(chunk + (p2 >> 3)),
      <usize>(chunk + (p3 >> 3)),
      candidateRows + <usize>(p0 & 7) * stride,
      candidateRows + <usize>(p1 & 7) * stride,
      candidateRows + <usize>(p2 & 7) * stride,
      candidateRows + <usize>(p3 & 7) * stride,
      out,
    )
    for (let q = 0; q < min(4, open - p); q++) {
      const pair = load<i32>(at + ((<usize>q) << 2))
      const row = <usize>(chunk + (pair >> 3))
      const gain = load<f64>(sqs + (row << 3)) - load<f64>(out + ((<usize>q) << 3))
      if (!(gain > 0)) continue
      let weight: f64 = 1
      if (weights) weight = load<f64>(weights + (row << 3))
      const whole = Math.floor(weight)
      addOnThree(gains + ((<usize>(pair & 7)) << 5), gain, whole, weight - whole, big1, big2, big3)
    }
  }
}
