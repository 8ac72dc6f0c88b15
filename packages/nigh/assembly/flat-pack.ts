// The int16 copies that flat search works on: of the points, in panels of 8; of the queries, row by row.
//
// Idea. A number x of column j becomes x̂ = round((x − origin[j])·scale), the scale a power of two. What rounding took
// away, r(x) = ‖(x − origin)·scale − x̂‖, is measured, and the largest of it kept: the search's bound needs no more
// (flat-search.ts).
//
//   for each 8 points:
//     each point: difference, multiple, nearest whole number, 8 columns at a time → int16, squares of x̂ and of the rest
//     4 × 4 transposes: pairs of columns of 8 points side by side
//
// Bound. In float32 (where points, origin and scale are; the general way is float64) the difference is rounded once,
// relative 2⁻²⁴, and the multiple is exact, so that a packed point moves by at most 2⁻²⁴·‖(x − origin)·scale‖ < 2⁻⁹,
// which the caller adds (`SINGLE_ROUNDING`). Below 2¹⁵ the rest is exact: a float32 less the nearest whole number. Its
// squares are summed with a relative error below (d + 8)·2⁻²⁴, which is added here; what underflows is far below 2⁻⁹.
// Squares of x̂ are summed in float32 to find points out of range (relative error likewise, far from where int32 wraps:
// NORM_SQ_LIMIT is 2²⁹), then exactly in int32.

import {
  COLUMNS,
  CELLS,
  CUT_HALVES,
  DOUBLE,
  HALVES,
  NO_HALF,
  NORM_SQ_LIMIT,
  NUMBER_LIMIT,
  ORIGIN,
  PANEL_COUNT,
  PANELS,
  PLACE_ROWS,
  POINTS,
  QUERIES,
  QUERY_NEAREST,
  QUERY_NORM_SQ_LIMIT,
  QUERY_NORMS,
  QUERY_RESTS,
  QUERY_WORK,
  RESIDUALS,
  ROWS,
  SCALE,
  SCRATCH,
  SCRATCH_BYTES,
  SINGLE,
} from '../src/kernels/near-layout'
import { toPivots } from './cells'
import { cell } from './exact'
import { address, integer, number } from './record'

/** Bytes of a row of int16, whole pairs of columns. */
export function widthOf(columns: i32): usize {
  return (<usize>((columns + 1) >> 1)) << 2
}

/**
 * The column before which a score may be given up, for l = 1, 2, 3: about a quarter, a half, three quarters of them; an
 * even number.
 */
export function cutOf(columns: i32, l: i32): i32 {
  return ((columns * l) >> 2) & ~1
}

/** Packs panels `from` to `to`: 8 points each, column pair by column pair. */
export function flatPack(record: usize, from: i32, to: i32, thread: i32): void {
  packPanels(record, from, to, thread)
  if (address(record, CUT_HALVES)) {
    for (let panel = from; panel < to; panel++) cutHalves(record, panel)
  }
}

/** Half the squared norms of a panel's points over their first columns. */
function cutHalves(record: usize, panel: i32): void {
  const columns = integer(record, COLUMNS)
  const width = widthOf(columns)
  const halves = address(record, HALVES) + ((<usize>panel) << 5)
  const none = i32x4.splat(NO_HALF)
  const noneA = i32x4.eq(v128.load(halves), none)
  const noneB = i32x4.eq(v128.load(halves, 16), none)
  const size = (<usize>integer(record, PANEL_COUNT)) << 5
  let out = address(record, CUT_HALVES) + ((<usize>panel) << 5)
  let pair = address(record, PANELS) + <usize>panel * (width << 3)
  let a = i32x4.splat(0)
  let b = a
  let j = 0
  for (let l = 1; l < 4; l++) {
    for (const end = cutOf(columns, l); j < end; j += 2) {
      const pa = v128.load(pair)
      const pb = v128.load(pair, 16)
      a = i32x4.add(a, i32x4.dot_i16x8_s(pa, pa))
      b = i32x4.add(b, i32x4.dot_i16x8_s(pb, pb))
      pair += 32
    }
    v128.store(out, v128.bitselect(none, i32x4.shr_s(a, 1), noneA))
    v128.store(out, v128.bitselect(none, i32x4.shr_s(b, 1), noneB), 16)
    out += size
  }
}

/** Bytes of a packed row in scratch: whole vectors. */
export function strideOf(columns: i32): usize {
  return (widthOf(columns) + 15) & ~15
}

/** Puts the origin in float32 at the front of a thread's scratch space; returns where packed rows may go. */
export function placeOrigin(record: usize, scratch: usize): usize {
  const columns = integer(record, COLUMNS)
  for (let j: usize = 0; j < <usize>columns; j++) {
    store<f32>(scratch + (j << 2), <f32>load<f64>(address(record, ORIGIN) + (j << 3)))
  }
  return (scratch + ((<usize>columns) << 2) + 63) & ~63
}

/**
 * Packs row i to `out`, whole vectors, and half its squared norm to `half`: NO_HALF and zeros where it is out of range.
 *
 * @returns its squared residual
 */
export function packRow(record: usize, i: i32, origin: usize, out: usize, half: usize): f64 {
  store<i32>(half, NO_HALF)
  const single = integer(record, SINGLE) != 0
  const rest = single ? packSingle(record, i, origin, out, half) : packGeneral(record, i, out, half)
  if (load<i32>(half) == NO_HALF) memory.fill(out, 0, strideOf(integer(record, COLUMNS)))
  return rest
}

function packPanels(record: usize, from: i32, to: i32, thread: i32): void {
  const rows = integer(record, ROWS)
  const columns = integer(record, COLUMNS)
  const width = widthOf(columns)
  const places = address(record, PLACE_ROWS)
  const halves = address(record, HALVES)
  const residuals = address(record, RESIDUALS) + ((<usize>thread) << 6)
  // Scratch: the origin in float32, then 8 packed points.
  const scratch = address(record, SCRATCH) + <usize>thread * <usize>integer(record, SCRATCH_BYTES)
  const stride = strideOf(columns)
  const words = placeOrigin(record, scratch)
  let worst = load<f64>(residuals)
  for (let panel = from; panel < to; panel++) {
    for (let place = 0; place < 8; place++) {
      const at = panel * 8 + place
      const i = places ? load<i32>(places + ((<usize>at) << 2)) : at
      const row = words + <usize>place * stride
      const half = halves + ((<usize>at) << 2)
      if (i >= 0 && i < rows) {
        worst = max(worst, packRow(record, i, scratch, row, half))
      } else {
        store<i32>(half, NO_HALF)
        memory.fill(row, 0, stride)
      }
    }
    // Pairs of columns of points 0 to 3, then of 4 to 7.
    const base = address(record, PANELS) + <usize>panel * (width << 3)
    for (let side: usize = 0; side < 2; side++) {
      const row = words + side * (stride << 2)
      let out = base + (side << 4)
      for (let at: usize = 0; at < width; at += 16) {
        const r0 = v128.load(row + at)
        const r1 = v128.load(row + stride + at)
        const r2 = v128.load(row + 2 * stride + at)
        const r3 = v128.load(row + 3 * stride + at)
        const low01 = v128.shuffle<i32>(r0, r1, 0, 4, 1, 5)
        const low23 = v128.shuffle<i32>(r2, r3, 0, 4, 1, 5)
        v128.store(out, v128.shuffle<i64>(low01, low23, 0, 2))
        if (at + 4 < width) v128.store(out + 32, v128.shuffle<i64>(low01, low23, 1, 3))
        const high01 = v128.shuffle<i32>(r0, r1, 2, 6, 3, 7)
        const high23 = v128.shuffle<i32>(r2, r3, 2, 6, 3, 7)
        if (at + 8 < width) v128.store(out + 64, v128.shuffle<i64>(high01, high23, 0, 2))
        if (at + 12 < width) v128.store(out + 96, v128.shuffle<i64>(high01, high23, 1, 3))
        out += 128
      }
    }
  }
  store<f64>(residuals, worst)
}

/** Packs one point in float32 and half its squared norm, unless it is out of range; returns its squared residual. */
function packSingle(record: usize, i: i32, origin: usize, out: usize, half: usize): f64 {
  const columns = integer(record, COLUMNS)
  const scale = <f32>number(record, SCALE)
  const scales = f32x4.splat(scale)
  let x = address(record, POINTS) + <usize>i * ((<usize>columns) << 2)
  let rests = f32x4.splat(0)
  let sizes = rests
  let norms = i32x4.splat(0)
  const end = x + ((<usize>(columns & ~7)) << 2)
  while (x < end) {
    const a = f32x4.mul(f32x4.sub(v128.load(x), v128.load(origin)), scales)
    const b = f32x4.mul(f32x4.sub(v128.load(x, 16), v128.load(origin, 16)), scales)
    const wholeA = f32x4.nearest(a)
    const wholeB = f32x4.nearest(b)
    const restA = f32x4.sub(a, wholeA)
    const restB = f32x4.sub(b, wholeB)
    rests = f32x4.add(rests, f32x4.add(f32x4.mul(restA, restA), f32x4.mul(restB, restB)))
    sizes = f32x4.add(sizes, f32x4.add(f32x4.mul(wholeA, wholeA), f32x4.mul(wholeB, wholeB)))
    const words = i16x8.narrow_i32x4_s(i32x4.trunc_sat_f32x4_s(wholeA), i32x4.trunc_sat_f32x4_s(wholeB))
    norms = i32x4.add(norms, i32x4.dot_i16x8_s(words, words))
    v128.store(out, words)
    x += 32
    origin += 32
    out += 16
  }
  let rest: f64 = <f64>f32x4.extract_lane(rests, 0) + <f64>f32x4.extract_lane(rests, 1)
  rest += <f64>f32x4.extract_lane(rests, 2) + <f64>f32x4.extract_lane(rests, 3)
  let size: f64 = <f64>f32x4.extract_lane(sizes, 0) + <f64>f32x4.extract_lane(sizes, 1)
  size += <f64>f32x4.extract_lane(sizes, 2) + <f64>f32x4.extract_lane(sizes, 3)
  let norm = i32x4.extract_lane(norms, 0) + i32x4.extract_lane(norms, 1)
  norm += i32x4.extract_lane(norms, 2) + i32x4.extract_lane(norms, 3)
  if (columns & 7) {
    v128.store(out, i32x4.splat(0))
    for (let j = columns & 7; j > 0; j--) {
      const y = (load<f32>(x) - load<f32>(origin)) * scale
      const whole = nearest<f32>(y)
      rest += <f64>(y - whole) * <f64>(y - whole)
      size += <f64>whole * <f64>whole
      const word = <i32>min<f32>(max<f32>(whole, -32767), 32767)
      norm += word * word
      store<i16>(out, <i16>word)
      x += 4
      origin += 4
      out += 2
    }
  }
  // ‖x̂‖ ≤ 2^14.5 also keeps every number within int16, and the int32 sum whole.
  if (!(size <= <f64>NORM_SQ_LIMIT + 1e5) || norm > NORM_SQ_LIMIT) return 0
  store<i32>(half, norm >> 1)
  return rest * (1 + <f64>(columns + 8) * 5.9604644775390625e-8)
}

/** Two numbers of a row as given, from place `at` on, in the working unit. */
function workPair(points: usize, double: bool, at: usize, origin: v128, scale: v128): v128 {
  const x = double
    ? v128.load(points + (at << 3))
    : f64x2.promote_low_f32x4(v128.load64_zero(points + (at << 2)))
  return f64x2.mul(f64x2.sub(x, origin), scale)
}

/** Packs one point in float64, likewise. */
function packGeneral(record: usize, i: i32, out: usize, half: usize): f64 {
  const columns = integer(record, COLUMNS)
  const points = address(record, POINTS)
  const double = integer(record, DOUBLE) != 0
  const origin = address(record, ORIGIN)
  const scale = f64x2.splat(number(record, SCALE))
  let at = <usize>i * <usize>columns
  let norm = f64x2.splat(0)
  let residual = norm
  memory.fill(out + ((strideOf(columns) - 16) & ~15), 0, 16)
  for (let j = 0; j < columns; j += 2) {
    let x: v128
    if (j + 1 < columns) {
      x = workPair(points, double, at, v128.load(origin + ((<usize>j) << 3)), scale)
    } else {
      const single =
        (cell(points, double, at) - load<f64>(origin + ((<usize>j) << 3))) * number(record, SCALE)
      x = f64x2.replace_lane(f64x2.splat(0), 0, single)
    }
    const whole = f64x2.nearest(x)
    const rest = f64x2.sub(x, whole)
    norm = f64x2.add(norm, f64x2.mul(whole, whole))
    residual = f64x2.add(residual, f64x2.mul(rest, rest))
    const words = i32x4.trunc_sat_f64x2_s_zero(whole)
    v128.store32_lane(out, i16x8.narrow_i32x4_s(words, words), 0)
    at += 2
    out += 4
  }
  const normSq = f64x2.extract_lane(norm, 0) + f64x2.extract_lane(norm, 1)
  // ‖x̂‖ ≤ 2^14.5 also keeps every number within int16.
  if (!(normSq <= NORM_SQ_LIMIT)) return 0
  store<i32>(half, <i32>normSq >> 1)
  return f64x2.extract_lane(residual, 0) + f64x2.extract_lane(residual, 1)
}

/** Packs queries, each with its squared norm and residual. */
export function flatQueries(record: usize, from: i32, to: i32, thread: i32): void {
  const columns = integer(record, COLUMNS)
  const origin = address(record, ORIGIN)
  const scale = number(record, SCALE)
  const width = widthOf(columns)
  for (let i = from; i < to; i++) {
    const query = address(record, QUERIES) + <usize>i * ((<usize>columns) << 3)
    const rests = address(record, QUERY_RESTS) + ((<usize>i) << 5)
    let cut = 1
    const work = address(record, QUERY_WORK) + <usize>i * width
    let normSq: f64 = 0
    let residualSq: f64 = 0
    let largest: f64 = 0
    for (let j = 0; j < columns; j++) {
      const x = (load<f64>(query + ((<usize>j) << 3)) - load<f64>(origin + ((<usize>j) << 3))) * scale
      const whole = nearest(x)
      // What lies before, for now.
      for (; cut < 4 && cutOf(columns, cut) == j; cut++) store<f64>(rests + ((<usize>cut) << 3), normSq)
      normSq += whole * whole
      residualSq += (x - whole) * (x - whole)
      largest = max(largest, Math.abs(whole))
      store<i16>(work + ((<usize>j) << 1), <i32>whole)
    }
    if (columns & 1) store<i16>(work + ((<usize>columns) << 1), 0)
    const fits = largest <= NUMBER_LIMIT && normSq <= <f64>QUERY_NORM_SQ_LIMIT
    for (let l: usize = 8; l < 32; l += 8) store<f64>(rests + l, normSq - load<f64>(rests + l))
    const norms = address(record, QUERY_NORMS) + ((<usize>i) << 4)
    store<f64>(norms, fits ? normSq : -1)
    store<f64>(norms, fits ? Math.sqrt(residualSq) : 0, 8)
    if (integer(record, CELLS) > 0) {
      if (fits) toPivots(record, i, work, normSq)
      else store<i32>(address(record, QUERY_NEAREST) + ((<usize>i) << 2), 0)
    }
  }
}
