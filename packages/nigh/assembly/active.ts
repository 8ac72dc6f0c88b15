// Which rows of a round may have another nearest centroid, by their bounds; and bounds on their own distances.

import { ROUND } from '../src/kernels/layout'
import {
  ACTIVE,
  boundUnit,
  columns,
  countDistances,
  direct,
  duePaths32,
  first,
  groups,
  halfGaps,
  halvesOf,
  labels,
  LIST,
  lower,
  narrowCentroids,
  narrowRows,
  narrowUnit,
  narrowWidth,
  nearError,
  normMax,
  otherPaths,
  otherPaths32,
  OUT,
  OWN_LOW,
  OWN_UP,
  paths,
  paths32,
  rowBytes,
  scratch,
  stepsUp,
  U24,
  upper,
  work,
  workCentroids,
} from './fit-state'
import { lengthOf, listRest, padList } from './list'
import { boundsOf, down32, gathered, normsOf, up32, useForm } from './scores'
import { boundOf } from './settle'

/**
 * Finds the active rows of a round: writes them to ACTIVE, their bounds to the arrays, and returns how many.
 *
 * In float32, four rows at a time. The paths are rounded up to float32 and the sums widened by 4e-7 of themselves,
 * which covers their one rounding; a lower bound that comes out below 0 is none, and no upper bound is below 0.
 */
export function findActive(start: i32, end: i32): i32 {
  const list = scratch + ACTIVE
  if (first) {
    for (let i = start; i < end; i++) store<i32>(list + ((<usize>(i - start)) << 2), i - start)
    return end - start
  }
  if (direct) return findDirect(start, end)
  // Which rows do the stored bounds leave open?
  const near = scratch + LIST
  const path = paths32
  const other = otherPaths32
  const gap = halfGaps
  const wider = f32x4.splat(1 + 4e-7)
  const narrower = f32x4.splat(1 - 4e-7)
  const rows = <usize>(end - start)
  const labelsAt = labels + ((<usize>start) << 2)
  const upperAt = upper + ((<usize>start) << 2)
  const lowerAt = lower + ((<usize>start) << 2)
  let next = near
  for (let r: usize = 0; r < rows; r += 4) {
    const at = r << 2
    const l0 = (<usize>load<u32>(labelsAt + at)) << 2
    const l1 = (<usize>load<u32>(labelsAt + at, 4)) << 2
    const l2 = (<usize>load<u32>(labelsAt + at, 8)) << 2
    const l3 = (<usize>load<u32>(labelsAt + at, 12)) << 2
    const p = gathered(path, l0, l1, l2, l3)
    const o = gathered(other, l0, l1, l2, l3)
    const u = f32x4.mul(f32x4.add(v128.load(upperAt + at), p), wider)
    let m = f32x4.mul(f32x4.sub(v128.load(lowerAt + at), o), narrower)
    if (gap) m = f32x4.pmax(m, gathered(gap, l0, l1, l2, l3))
    v128.store(scratch + OWN_UP + at, m)
    v128.store(scratch + OWN_LOW + at, u)
    next = listRest(next, <i32>r, i32x4.bitmask(f32x4.lt(u, m)))
  }
  let open = lengthOf(near, next, <i32>rows)
  if (open == 0) return 0
  if (groups > 1 && groups * 2 <= columns) {
    open = tighten(start, open)
    if (open == 0) return 0
  }
  padList(near, open)
  countDistances(open)

  // Their distance to the own centroid.
  useForm(narrowRows != 0)
  const wide = narrowRows == 0
  const out = scratch + OUT
  let active = 0
  for (let s = 0; s < open; s += 4) {
    const at = near + ((<usize>s) << 2)
    if (wide) ownByDifferences(at, start)
    else ownByScores(at, start)
    const filled = min(4, open - s)
    for (let r = 0; r < filled; r++) {
      const place = (<usize>load<i32>(at + ((<usize>r) << 2))) << 2
      const up = load<f32>(out + ((<usize>r) << 2))
      const ownPath = load<f64>(paths + ((<usize>load<u32>(labelsAt + place)) << 3))
      store<f32>(upperAt + place, up32(<f64>up - ownPath, ownPath))
      // Listed, and counted only if it is active: which rows are cannot be foreseen, and a branch would be.
      store<i32>(list + ((<usize>active) << 2), <i32>(place >> 2))
      active += i32(!(up < load<f32>(scratch + OWN_UP + place)))
      store<f32>(scratch + OWN_UP + place, up)
      store<f32>(scratch + OWN_LOW + place, load<f32>(out + ((<usize>r) << 2), 16))
    }
  }
  return active
}

/**
 * Finds them where the dense kernel finds the own distance as cheaply as another look at the row would: every row
 * that the stored bounds leave open is active. u < M is asked as PATHS + OTHER_PATHS < LOWER − UPPER.
 */
function findDirect(start: i32, end: i32): i32 {
  const list = scratch + ACTIVE
  const rows = <usize>(end - start)
  const from = (<usize>start) << 2
  let next = list
  for (let r: usize = 0; r < rows; r += 16) {
    const at = from + (r << 2)
    const a = surelySame(at)
    const b = surelySame(at + 16)
    const c = surelySame(at + 32)
    const d = surelySame(at + 48)
    if (i32x4.all_true(v128.and(v128.and(a, b), v128.and(c, d)))) continue
    next = listRest(next, <i32>r, i32x4.bitmask(a))
    next = listRest(next, <i32>r + 4, i32x4.bitmask(b))
    next = listRest(next, <i32>r + 8, i32x4.bitmask(c))
    next = listRest(next, <i32>r + 12, i32x4.bitmask(d))
  }
  return lengthOf(list, next, <i32>rows)
}

/** Which of four rows, by their place in the arrays, surely keep their label. */
function surelySame(at: usize): v128 {
  const o0 = (<usize>load<u32>(labels + at)) << 2
  const o1 = (<usize>load<u32>(labels + at, 4)) << 2
  const o2 = (<usize>load<u32>(labels + at, 8)) << 2
  const o3 = (<usize>load<u32>(labels + at, 12)) << 2
  const kept = v128.load(upper + at)
  const due = f32x4.mul(f32x4.sub(v128.load(lower + at), kept), f32x4.splat(1 - 4e-7))
  const wider = f32x4.splat(1 + 4e-7)
  const sure = f32x4.lt(f32x4.mul(gathered(duePaths32, o0, o1, o2, o3), wider), due)
  if (!halfGaps) return sure
  const u = f32x4.mul(f32x4.add(kept, gathered(paths32, o0, o1, o2, o3)), wider)
  return v128.or(sure, f32x4.lt(u, gathered(halfGaps, o0, o1, o2, o3)))
}

/**
 * Drops open rows from LIST whose groups' own bounds exclude every other centroid, which is cheaper to see than a
 * distance where columns are many, and keeps what was seen as their lower bound.
 *
 * OWN_UP holds the lower bounds so far and OWN_LOW the upper bounds.
 */
function tighten(start: i32, open: i32): i32 {
  const list = scratch + LIST
  const bounds = boundOf(start, 0)
  const lows = scratch + OWN_UP
  const unit = f32x4.splat(<f32>boundUnit)
  const dense = open * 3 > ROUND
  if (dense) {
    for (let r: usize = 0; r < <usize>ROUND * 2; r += 16) {
      let least = i16x8.splat(-1)
      let at = bounds + r
      for (let g: usize = 0; g < <usize>groups; g++) {
        least = i16x8.min_u(least, i16x8.sub_sat_u(v128.load(at), v128.load16_splat(stepsUp + (g << 1))))
        at += ROUND * 2
      }
      const low = lows + (r << 1)
      const a = f32x4.mul(f32x4.convert_i32x4_u(i32x4.extend_low_i16x8_u(least)), unit)
      const b = f32x4.mul(f32x4.convert_i32x4_u(i32x4.extend_high_i16x8_u(least)), unit)
      v128.store(low, f32x4.pmax(v128.load(low), a))
      v128.store(low, f32x4.pmax(v128.load(low, 16), b), 16)
    }
  }
  let left = 0
  for (let s = 0; s < open; s++) {
    const place = (<usize>load<i32>(list + ((<usize>s) << 2))) << 2
    let least = load<f32>(lows + place)
    if (!dense) {
      let found: i32 = 65535
      let at = bounds + (place >> 1)
      for (let g: usize = 0; g < <usize>groups; g++) {
        found = min(found, max(0, <i32>load<u16>(at) - <i32>load<u16>(stepsUp + (g << 1))))
        at += ROUND * 2
      }
      least = max(least, <f32>found * <f32>boundUnit)
      store<f32>(lows + place, least)
    }
    if (load<f32>(scratch + OWN_LOW + place) < least) {
      const row = ((<usize>start) << 2) + place
      const otherPath = load<f64>(otherPaths + ((<usize>load<u32>(labels + row)) << 3))
      store<f32>(lower + row, down32(<f64>least + otherPath, otherPath))
    } else {
      store<i32>(list + ((<usize>left) << 2), <i32>(place >> 2))
      left++
    }
  }
  return left
}

/** Bounds on the distances of four listed rows to their own centroids, upper to OUT, lower 16 bytes on: by differences. */
function ownByDifferences(at: usize, start: i32): void {
  const width = rowBytes
  const whole = width & ~15
  const workAt = work + <usize>start * width
  const labelsAt = labels + ((<usize>start) << 2)
  const r0 = <usize>load<i32>(at)
  const r1 = <usize>load<i32>(at, 4)
  const r2 = <usize>load<i32>(at, 8)
  const r3 = <usize>load<i32>(at, 12)
  const x0 = workAt + r0 * width
  const x1 = workAt + r1 * width
  const x2 = workAt + r2 * width
  const x3 = workAt + r3 * width
  const c0 = workCentroids + <usize>load<u32>(labelsAt + (r0 << 2)) * width
  const c1 = workCentroids + <usize>load<u32>(labelsAt + (r1 << 2)) * width
  const c2 = workCentroids + <usize>load<u32>(labelsAt + (r2 << 2)) * width
  const c3 = workCentroids + <usize>load<u32>(labelsAt + (r3 << 2)) * width
  let s0 = f32x4.splat(0)
  let s1 = s0
  let s2 = s0
  let s3 = s0
  let j: usize = 0
  for (; j < whole; j += 16) {
    const t0 = f32x4.sub(v128.load(x0 + j), v128.load(c0 + j))
    const t1 = f32x4.sub(v128.load(x1 + j), v128.load(c1 + j))
    const t2 = f32x4.sub(v128.load(x2 + j), v128.load(c2 + j))
    const t3 = f32x4.sub(v128.load(x3 + j), v128.load(c3 + j))
    s0 = f32x4.add(s0, f32x4.mul(t0, t0))
    s1 = f32x4.add(s1, f32x4.mul(t1, t1))
    s2 = f32x4.add(s2, f32x4.mul(t2, t2))
    s3 = f32x4.add(s3, f32x4.mul(t3, t3))
  }
  for (; j < width; j += 4) {
    const t0 = f32x4.sub(v128.load32_zero(x0 + j), v128.load32_zero(c0 + j))
    const t1 = f32x4.sub(v128.load32_zero(x1 + j), v128.load32_zero(c1 + j))
    const t2 = f32x4.sub(v128.load32_zero(x2 + j), v128.load32_zero(c2 + j))
    const t3 = f32x4.sub(v128.load32_zero(x3 + j), v128.load32_zero(c3 + j))
    s0 = f32x4.add(s0, f32x4.mul(t0, t0))
    s1 = f32x4.add(s1, f32x4.mul(t1, t1))
    s2 = f32x4.add(s2, f32x4.mul(t2, t2))
    s3 = f32x4.add(s3, f32x4.mul(t3, t3))
  }
  const root = f32x4.sqrt(sumLanes(s0, s1, s2, s3))
  const norm = f32x4.sqrt(normsOf(at, start))
  const slack = f32x4.add(
    f32x4.add(
      f32x4.mul(root, f32x4.splat(<f32>(nearError + 1e-6))),
      f32x4.mul(f32x4.splat(<f32>(1.06 * U24)), f32x4.add(norm, f32x4.splat(<f32>(normMax * (1 + 1e-6))))),
    ),
    f32x4.splat(1e-37),
  )
  v128.store(scratch + OUT, f32x4.mul(f32x4.add(root, slack), f32x4.splat(1 + 4e-7)))
  v128.store(scratch + OUT, f32x4.mul(f32x4.sub(root, slack), f32x4.splat(1 - 4e-7)), 16)
}

/** The same by scores of the narrow copies, which are half as wide. */
function ownByScores(at: usize, start: i32): void {
  const width = narrowWidth
  const whole = width & ~15
  const workAt = narrowRows + <usize>start * width
  const labelsAt = labels + ((<usize>start) << 2)
  const r0 = <usize>load<i32>(at)
  const r1 = <usize>load<i32>(at, 4)
  const r2 = <usize>load<i32>(at, 8)
  const r3 = <usize>load<i32>(at, 12)
  const l0 = <usize>load<u32>(labelsAt + (r0 << 2))
  const l1 = <usize>load<u32>(labelsAt + (r1 << 2))
  const l2 = <usize>load<u32>(labelsAt + (r2 << 2))
  const l3 = <usize>load<u32>(labelsAt + (r3 << 2))
  const x0 = workAt + r0 * width
  const x1 = workAt + r1 * width
  const x2 = workAt + r2 * width
  const x3 = workAt + r3 * width
  const c0 = narrowCentroids + l0 * width
  const c1 = narrowCentroids + l1 * width
  const c2 = narrowCentroids + l2 * width
  const c3 = narrowCentroids + l3 * width
  let s0 = i32x4.splat(0)
  let s1 = s0
  let s2 = s0
  let s3 = s0
  let j: usize = 0
  for (; j < whole; j += 16) {
    s0 = i32x4.add(s0, i32x4.dot_i16x8_s(v128.load(x0 + j), v128.load(c0 + j)))
    s1 = i32x4.add(s1, i32x4.dot_i16x8_s(v128.load(x1 + j), v128.load(c1 + j)))
    s2 = i32x4.add(s2, i32x4.dot_i16x8_s(v128.load(x2 + j), v128.load(c2 + j)))
    s3 = i32x4.add(s3, i32x4.dot_i16x8_s(v128.load(x3 + j), v128.load(c3 + j)))
  }
  for (; j < width; j += 4) {
    s0 = i32x4.add(s0, i32x4.dot_i16x8_s(v128.load32_zero(x0 + j), v128.load32_zero(c0 + j)))
    s1 = i32x4.add(s1, i32x4.dot_i16x8_s(v128.load32_zero(x1 + j), v128.load32_zero(c1 + j)))
    s2 = i32x4.add(s2, i32x4.dot_i16x8_s(v128.load32_zero(x2 + j), v128.load32_zero(c2 + j)))
    s3 = i32x4.add(s3, i32x4.dot_i16x8_s(v128.load32_zero(x3 + j), v128.load32_zero(c3 + j)))
  }
  const a = i32x4.add(v128.shuffle<i32>(s0, s1, 0, 4, 1, 5), v128.shuffle<i32>(s0, s1, 2, 6, 3, 7))
  const b = i32x4.add(v128.shuffle<i32>(s2, s3, 0, 4, 1, 5), v128.shuffle<i32>(s2, s3, 2, 6, 3, 7))
  const products = i32x4.add(v128.shuffle<i64>(a, b, 0, 2), v128.shuffle<i64>(a, b, 1, 3))
  const half = gathered(halvesOf, l0 << 2, l1 << 2, l2 << 2, l3 << 2)
  const score = f32x4.sub(half, f32x4.mul(f32x4.convert_i32x4_s(products), f32x4.splat(narrowUnit)))
  // boundsOf() writes the lower bounds first; here the upper ones come first.
  boundsOf(normsOf(at, start), score, score, scratch + OUT)
  const low = v128.load(scratch + OUT)
  v128.store(scratch + OUT, v128.load(scratch + OUT, 16))
  v128.store(scratch + OUT, low, 16)
}

/** Sums the four lanes of each of four vectors: lane r of the result is the sum of vector r. */
function sumLanes(v0: v128, v1: v128, v2: v128, v3: v128): v128 {
  const a = f32x4.add(v128.shuffle<f32>(v0, v1, 0, 4, 1, 5), v128.shuffle<f32>(v0, v1, 2, 6, 3, 7))
  const b = f32x4.add(v128.shuffle<f32>(v2, v3, 0, 4, 1, 5), v128.shuffle<f32>(v2, v3, 2, 6, 3, 7))
  return f32x4.add(v128.shuffle<i64>(a, b, 0, 2), v128.shuffle<i64>(a, b, 1, 3))
}
