// Passes over all rows that look at each number once: ranges, the working copy, exact residuals.

import {
  CENTROIDS,
  CLUSTERS,
  COLUMNS,
  DISTANCES_SQ,
  DOUBLE,
  LABELS,
  NARROW,
  NARROW_STEP,
  NORMS_SQ,
  ORIGIN,
  POINTS,
  RANGES,
  SCALE,
  SQ_GRID_1,
  SCRATCH,
  SCRATCH_BYTES,
  SQ_GRID_2,
  SQ_GRID_3,
  SQ_SUMS,
  STAT_CUT_SQ,
  STATS,
  WEIGHTS,
  WORK,
} from '../src/kernels/layout'
import { addOnThree, cell, exactSq, exactSq4 } from './exact'
import { address, integer, number } from './record'

/** Widens this thread's column ranges by rows of weight above zero. */
export function ranges(record: usize, from: i32, to: i32, thread: i32): void {
  const columns = integer(record, COLUMNS)
  const points = address(record, POINTS)
  const double = integer(record, DOUBLE) != 0
  const weights = address(record, WEIGHTS)
  const minima = address(record, RANGES) + <usize>thread * ((<usize>columns) << 4)
  const maxima = minima + ((<usize>columns) << 3)
  let j: usize = 0
  if (!weights && !double) {
    // Four columns at a time down the block's rows, which the cache holds.
    const stride = (<usize>columns) << 2
    const last = points + <usize>to * stride
    for (; j + 4 <= <usize>columns; j += 4) {
      let low = f32x4.splat(f32.POSITIVE_INFINITY)
      let high = f32x4.splat(f32.NEGATIVE_INFINITY)
      for (let x = points + <usize>from * stride + (j << 2), end = last; x < end; x += stride) {
        const v = v128.load(x)
        low = f32x4.pmin(low, v)
        high = f32x4.pmax(high, v)
      }
      const lows = minima + (j << 3)
      const highs = maxima + (j << 3)
      v128.store(lows, f64x2.pmin(v128.load(lows), f64x2.promote_low_f32x4(low)))
      v128.store(highs, f64x2.pmax(v128.load(highs), f64x2.promote_low_f32x4(high)))
      low = v128.shuffle<i64>(low, low, 1, 0)
      high = v128.shuffle<i64>(high, high, 1, 0)
      v128.store(lows, f64x2.pmin(v128.load(lows, 16), f64x2.promote_low_f32x4(low)), 16)
      v128.store(highs, f64x2.pmax(v128.load(highs, 16), f64x2.promote_low_f32x4(high)), 16)
    }
  } else if (!weights) {
    const stride = (<usize>columns) << 3
    const last = points + <usize>to * stride
    for (; j + 2 <= <usize>columns; j += 2) {
      const at = j << 3
      let low = v128.load(minima + at)
      let high = v128.load(maxima + at)
      for (let x = points + <usize>from * stride + at; x < last; x += stride) {
        const v = v128.load(x)
        low = f64x2.pmin(low, v)
        high = f64x2.pmax(high, v)
      }
      v128.store(minima + at, low)
      v128.store(maxima + at, high)
    }
  }
  for (; j < <usize>columns; j++) {
    const at = j << 3
    let low = load<f64>(minima + at)
    let high = load<f64>(maxima + at)
    for (let i = from; i < to; i++) {
      if (weights && load<f64>(weights + ((<usize>i) << 3)) == 0) continue
      const x = cell(points, double, <usize>i * <usize>columns + j)
      if (x < low) low = x
      if (x > high) high = x
    }
    store<f64>(minima + at, low)
    store<f64>(maxima + at, high)
  }
}

/** Writes the working copy (unless it is the rows themselves) and its squared norms. */
export function centre(record: usize, from: i32, to: i32, thread: i32): void {
  const columns = integer(record, COLUMNS)
  const points = address(record, POINTS)
  const double = integer(record, DOUBLE) != 0
  const work = address(record, WORK)
  const norms = address(record, NORMS_SQ)
  const origin = address(record, ORIGIN)
  const scale = number(record, SCALE)
  const copy = work != points
  const width = (<usize>columns) << 2
  if (copy) {
    for (let i = from; i < to; i++) {
      const start = <usize>i * <usize>columns
      const row = work + (start << 2)
      for (let j = 0; j < columns; j++) {
        const x = (cell(points, double, start + <usize>j) - load<f64>(origin + ((<usize>j) << 3))) * scale
        store<f32>(row + ((<usize>j) << 2), <f32>x)
      }
    }
  }
  let i = from
  for (; i + 4 <= to; i += 4) {
    const row = work + <usize>i * width
    const a = squares(row, width)
    const b = squares(row + width, width)
    const c = squares(row + 2 * width, width)
    const d = squares(row + 3 * width, width)
    const ab = f64x2.add(v128.shuffle<i64>(a, b, 0, 2), v128.shuffle<i64>(a, b, 1, 3))
    const cd = f64x2.add(v128.shuffle<i64>(c, d, 0, 2), v128.shuffle<i64>(c, d, 1, 3))
    v128.store(
      norms + ((<usize>i) << 2),
      v128.shuffle<i64>(f32x4.demote_f64x2_zero(ab), f32x4.demote_f64x2_zero(cd), 0, 2),
    )
  }
  for (; i < to; i++) {
    const sums = squares(work + <usize>i * width, width)
    store<f32>(norms + ((<usize>i) << 2), <f32>(f64x2.extract_lane(sums, 0) + f64x2.extract_lane(sums, 1)))
  }
}

/** The squares of a row of the working copy, summed in two lanes. */
function squares(row: usize, width: usize): v128 {
  let sumA = f64x2.splat(0)
  let sumB = sumA
  let at: usize = 0
  for (const whole = width & ~15; at < whole; at += 16) {
    const v = v128.load(row + at)
    const a = f64x2.promote_low_f32x4(v)
    const b = f64x2.promote_low_f32x4(v128.shuffle<i64>(v, v, 1, 0))
    sumA = f64x2.add(sumA, f64x2.mul(a, a))
    sumB = f64x2.add(sumB, f64x2.mul(b, b))
  }
  for (; at < width; at += 4) {
    const a = f64x2.promote_low_f32x4(v128.load32_zero(row + at))
    sumA = f64x2.add(sumA, f64x2.mul(a, a))
  }
  return f64x2.add(sumA, sumB)
}

/**
 * Writes the narrow copy: each number to the nearest step, two bytes each; keeps the largest squared norm of what was
 * cut off. A step is a power of two, so what is cut off a number is exact in float32; its squares are summed with a
 * relative error below (d + 4)·2⁻²⁴, which the reader of the result allows for.
 */
export function narrow(record: usize, from: i32, to: i32, thread: i32): void {
  const columns = integer(record, COLUMNS)
  const work = address(record, WORK)
  const copy = address(record, NARROW)
  const step = <f32>number(record, NARROW_STEP)
  const per: f32 = 1 / step
  const steps = f32x4.splat(step)
  const pers = f32x4.splat(per)
  const stride = (<usize>((columns + 1) & ~1)) << 1
  const stat = address(record, STATS) + ((<usize>thread) << 6) + (STAT_CUT_SQ << 3)
  let largest = f32x4.splat(0)
  for (let i = from; i < to; i++) {
    let x = work + <usize>i * ((<usize>columns) << 2)
    let out = copy + <usize>i * stride
    let sums = f32x4.splat(0)
    let j = 0
    for (; j + 8 <= columns; j += 8) {
      const a = v128.load(x)
      const b = v128.load(x, 16)
      const wholeA = f32x4.nearest(f32x4.mul(a, pers))
      const wholeB = f32x4.nearest(f32x4.mul(b, pers))
      const cutA = f32x4.sub(a, f32x4.mul(wholeA, steps))
      const cutB = f32x4.sub(b, f32x4.mul(wholeB, steps))
      sums = f32x4.add(sums, f32x4.add(f32x4.mul(cutA, cutA), f32x4.mul(cutB, cutB)))
      v128.store(out, i16x8.narrow_i32x4_s(i32x4.trunc_sat_f32x4_s(wholeA), i32x4.trunc_sat_f32x4_s(wholeB)))
      x += 32
      out += 16
    }
    for (; j < columns; j++) {
      const v = v128.load32_zero(x)
      const whole = f32x4.nearest(f32x4.mul(v, pers))
      const cut = f32x4.sub(v, f32x4.mul(whole, steps))
      sums = f32x4.add(sums, f32x4.mul(cut, cut))
      const wholes = i32x4.trunc_sat_f32x4_s(whole)
      v128.store_lane<i16>(out, i16x8.narrow_i32x4_s(wholes, wholes), 0)
      x += 4
      out += 2
    }
    if (columns & 1) store<i16>(out, 0)
    sums = f32x4.add(sums, v128.shuffle<i64>(sums, sums, 1, 0))
    largest = f32x4.pmax(largest, f32x4.add(sums, v128.shuffle<i32>(sums, sums, 1, 0, 3, 2)))
  }
  store<f64>(stat, Math.max(load<f64>(stat), <f64>f32x4.extract_lane(largest, 0)))
}

/** Adds each row's exact squared distance to its own centroid to this thread's sum; writes it where there is a place. */
export function residuals(record: usize, from: i32, to: i32, thread: i32): void {
  const columns = integer(record, COLUMNS)
  const points = address(record, POINTS)
  const double = integer(record, DOUBLE) != 0
  const weights = address(record, WEIGHTS)
  const labels = address(record, LABELS)
  const centroids = address(record, CENTROIDS)
  const out = address(record, DISTANCES_SQ)
  const sum = address(record, SQ_SUMS) + ((<usize>thread) << 5)
  const big1 = number(record, SQ_GRID_1)
  const big2 = number(record, SQ_GRID_2)
  const big3 = number(record, SQ_GRID_3)
  const stride = (<usize>columns) << 3
  const four = address(record, SCRATCH) + <usize>thread * <usize>integer(record, SCRATCH_BYTES)
  let sum1 = f64x2.splat(0)
  let sum2 = sum1
  let sum3 = sum1
  const grid1 = f64x2.splat(big1)
  const grid2 = f64x2.splat(big2)
  const grid3 = f64x2.splat(big3)
  for (let i = from; i < to; i += 4) {
    // Four rows at a time (the last row stands in for those past the end), so that their additions overlap.
    const i1 = min(i + 1, to - 1)
    const i2 = min(i + 2, to - 1)
    const i3 = min(i + 3, to - 1)
    exactSq4(
      points,
      double,
      columns,
      i,
      i1,
      i2,
      i3,
      centroids + <usize>load<u32>(labels + ((<usize>i) << 2)) * stride,
      centroids + <usize>load<u32>(labels + ((<usize>i1) << 2)) * stride,
      centroids + <usize>load<u32>(labels + ((<usize>i2) << 2)) * stride,
      centroids + <usize>load<u32>(labels + ((<usize>i3) << 2)) * stride,
      four,
    )
    const filled = min(4, to - i)
    if (!weights && filled == 4) {
      for (let pair: usize = 0; pair < 32; pair += 16) {
        const sq = v128.load(four + pair)
        if (out) v128.store(out + ((<usize>i) << 3) + pair, sq)
        const a = f64x2.sub(f64x2.add(sq, grid1), grid1)
        const left = f64x2.sub(sq, a)
        const b = f64x2.sub(f64x2.add(left, grid2), grid2)
        sum1 = f64x2.add(sum1, a)
        sum2 = f64x2.add(sum2, b)
        sum3 = f64x2.add(sum3, f64x2.sub(f64x2.add(f64x2.sub(left, b), grid3), grid3))
      }
      continue
    }
    for (let r = 0; r < filled; r++) {
      const row = <usize>(i + r)
      const sq = load<f64>(four + ((<usize>r) << 3))
      if (out) store<f64>(out + (row << 3), sq)
      const weight = weights ? load<f64>(weights + (row << 3)) : 1
      if (weight == 0) continue
      const whole = Math.floor(weight)
      addOnThree(sum, sq, whole, weight - whole, big1, big2, big3)
    }
  }
  // Whole multiples of a grid: in whatever order they are added, the sums are the same.
  store<f64>(sum, load<f64>(sum) + (f64x2.extract_lane(sum1, 0) + f64x2.extract_lane(sum1, 1)))
  store<f64>(sum, load<f64>(sum, 8) + (f64x2.extract_lane(sum2, 0) + f64x2.extract_lane(sum2, 1)), 8)
  store<f64>(sum, load<f64>(sum, 16) + (f64x2.extract_lane(sum3, 0) + f64x2.extract_lane(sum3, 1)), 16)
}

/** Writes the exact squared distance of each row to each centroid: n × k. */
export function distances(record: usize, from: i32, to: i32, thread: i32): void {
  const columns = integer(record, COLUMNS)
  const clusters = integer(record, CLUSTERS)
  const points = address(record, POINTS)
  const double = integer(record, DOUBLE) != 0
  const centroids = address(record, CENTROIDS)
  const out = address(record, DISTANCES_SQ)
  const stride = (<usize>columns) << 3
  for (let i = from; i < to; i++) {
    let at = out + <usize>i * ((<usize>clusters) << 3)
    for (let c = 0; c < clusters; c++) {
      store<f64>(at, exactSq(points, double, i, columns, centroids + <usize>c * stride))
      at += 8
    }
  }
}
