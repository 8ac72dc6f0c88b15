// Assignment: each row to its nearest centroid, exactly, with as little work as the bounds allow.
//
// Idea. Centroids lie in groups of packed places (one group when k is small: then this is Hamerly 2010; many: Yinyang,
// Ding et al. 2015). A row keeps an upper bound u on the distance to its own centroid, a lower bound M on the distance
// to any other, and one lower bound L[g] per group. When centroids move, the triangle inequality says how far the
// bounds may be off; instead of rewriting them, each is stored against the path length so far:
//
//   u = UPPER + PATHS[label]     M = LOWER − OTHER_PATHS[label]     L[g] = GROUP_LOWER[g] − GROUP_PATHS[g]
//
//   for each row:   u < M → nothing can have changed.
//                   tighten u by one float32 distance; u < M → the same.
//                   otherwise the row is active
//   for each group: the active rows with L[g] ≤ u go, four at a time, through the dense kernel (tile.ts)
//   for each active row: best and other from the scores, as intervals that hold the exact distance.
//                   best's upper end < every other's lower end → certain.
//                   otherwise, if the scores were narrow: again in float32;
//                   otherwise the centroids that could still win are decided by float64 distances (exact.ts).
//
// Strict < throughout: a tie is never certain, so it is decided by the definition, where the smaller index wins.
//
// Errors, with u24 = 2⁻²⁴, x the row and c the centroid in the working unit (float32), N = ‖x‖, C = max ‖c‖:
//   score:    |s̃ − s| ≤ (d + 4)·u24·C·(N + C/2)         dot product of d terms, rounded half norm, one subtraction
//   squared:  ‖x − c‖² = NORMS_SQ + 2·s. Its error is twice that of the score, and that of NORMS_SQ and of this sum in
//             float32: eQ = (2·(d + 4) + 8)·u24·C·(N + C/2) + 8·u24·N²
//   input:    row and centroid were themselves rounded to float32: the distance is off by at most
//             δ = 1.05·u24·(N + C), and by the definition's own rounding, relative (d + 4)·2⁻⁵³
//   narrow:   scores of int16 copies x̂ and ĉ: |x̂·ĉ − x·c| ≤ ‖x − x̂‖·C + (N + ‖x − x̂‖)·‖c − ĉ‖, and as much again in eQ
//   near:     by differences (findActive), relative (d + 8)·u24 of the squared distance
// A float32 square root and the few operations around it add less than 2⁻²¹ relative: every bound is widened by 1e-6.

import {
  CENTROIDS,
  COARSE,
  COLUMNS,
  CLUSTERS,
  COUNTS,
  DOUBLE,
  FINE,
  FIRST,
  GROUP_LOWER,
  GROUP_OF,
  GROUP_PANELS,
  GROUP_PATHS,
  GROUP_PATHS_32,
  GROUPS,
  HALF_GAPS,
  HALVES,
  HALVES_OF,
  LABELS,
  LOWER,
  NARROW,
  NARROW_CENTROIDS,
  NARROW_ERROR,
  NARROW_PANELS,
  NARROW_ROW_ERROR,
  NARROW_UNIT,
  NORM_MAX,
  NORMS_SQ,
  OTHER_PATHS,
  OTHER_PATHS_32,
  PANELS,
  PATHS,
  PATHS_32,
  PLACES,
  POINTS,
  ROUND,
  SCALE,
  SCRATCH,
  SCRATCH_BYTES,
  STAT_AGAIN,
  STAT_CHANGED,
  STAT_DISTANCES,
  STAT_EXACT,
  STATS,
  SUM_ORIGIN,
  SUMS,
  TOUCHED,
  UPPER,
  WEIGHT_COARSE,
  WEIGHT_FINE,
  WEIGHTS,
  WORK,
  WORK_CENTROIDS,
} from '../src/kernels/layout'
import { addOnTwo, cell, exactSq } from './exact'
import { address, integer, number } from './record'
import { nearestOfPanels } from './tile'

/** Panels times columns up to which a tile of the dense kernel costs about as much as the distances to own centroids. */
const DIRECT_WORK: i32 = 128

const U24: f64 = 5.9604644775390625e-8

// The record's fields, read once a call. Every thread has a module instance of its own, so these are the thread's own.
let columns: i32 = 0
let rowBytes: usize = 0
let points: usize = 0
let double: bool = false
let work: usize = 0
let norms: usize = 0
let labels: usize = 0
let weights: usize = 0
let first: bool = false
/** Whether open rows go to the dense kernel at once. */
let direct: bool = false
let upper: usize = 0
let lower: usize = 0
let groupLower: usize = 0
let groups: i32 = 0
let groupPanels: usize = 0
let panels: usize = 0
let halves: usize = 0
let places: usize = 0
let groupOf: usize = 0
let centroids: usize = 0
let workCentroids: usize = 0
let paths: usize = 0
let otherPaths: usize = 0
let paths32: usize = 0
let otherPaths32: usize = 0
let groupPaths32: usize = 0
let groupPaths: usize = 0
let halfGaps: usize = 0
let scale: f64 = 1
let definition: f64 = 0
let nearError: f64 = 0
let normMax: f64 = 0
let errorBase: f64 = 0 // eQ = errorBase·(N + C/2) + errorNorm·N²
let errorNorm: f64 = 0
let errorFlat: f64 = 0 // … + errorFlat
let narrowRows: usize = 0
let narrowPanels: usize = 0
let narrowWidth: usize = 0
let narrowCentroids: usize = 0
let halvesOf: usize = 0
let narrowUnit: f32 = 0
let narrowRowError: f64 = 0
let narrowError: f64 = 0
// The form of the scores in use: float32, or narrow.
let formRows: usize = 0
let formPanels: usize = 0
let formWidth: usize = 0
let formUnit: f32 = 0
let retried: f64 = 0
let sums: usize = 0
let counts: usize = 0
let touched: usize = 0
let sumOrigin: usize = 0
let coarse: usize = 0
let fine: usize = 0
let weightCoarse: f64 = 0
let weightFine: f64 = 0
let scratch: usize = 0
let changed: f64 = 0
let computed: f64 = 0
let decided: f64 = 0

// What an active row of the round carries, by its place in the round: arrays of ROUND numbers in the scratch space.
const UP: usize = 0 // f32, upper bound on the distance to the nearest centroid; −∞: the row is not active
const OWN_UP: usize = 1 * 4 * ROUND // f32, upper and lower bound on the distance to the own centroid
const OWN_LOW: usize = 2 * 4 * ROUND
const UNSEEN: usize = 3 * 4 * ROUND // f32, lower bound over the groups that were not computed
const BEST: usize = 4 * 4 * ROUND // f32, best score
const BEST_SECOND: usize = 5 * 4 * ROUND // f32, second best score within the best's group
const OTHER: usize = 6 * 4 * ROUND // f32, second best score over the groups computed
const PLACE: usize = 7 * 4 * ROUND // i32, place of the best score; −1: none yet
const BEST_GROUP: usize = 8 * 4 * ROUND // i32
const OWN_SEEN: usize = 9 * 4 * ROUND // i32, 1 once the group of the own centroid was computed
const ACTIVE: usize = 10 * 4 * ROUND // i32, the active rows
const LIST: usize = 11 * 4 * ROUND // i32, those that a group must look at, and three more
const AGAIN: usize = 12 * 4 * ROUND + 16 // i32, the rows that narrow scores left open, and three more
const OUT: usize = 13 * 4 * ROUND + 32 // what the dense kernel writes: 48 bytes, then bounds

/** The float32 above a float64 bound that was formed from a term as large as `size`. */
function up32(value: f64, size: f64): f32 {
  return <f32>(value + (Math.abs(value) + size) * 1.2e-7 + 1e-37)
}

/** The float32 below it. */
function down32(value: f64, size: f64): f32 {
  if (value == Infinity) return f32.POSITIVE_INFINITY
  return <f32>(value - (Math.abs(value) + size) * 1.2e-7 - 1e-37)
}

/** Adds a row to (sign 1) or takes it from (sign −1) a centroid's sums. */
function move(row: usize, centroid: usize, sign: f64): void {
  let weight: f64 = 1
  if (weights) {
    weight = load<f64>(weights + (row << 3))
    if (weight == 0) return
  }
  store<u8>(touched + centroid, 1)
  addOnTwo(counts + (centroid << 4), weight, sign, 0, weightCoarse, weightFine)
  const start = row * <usize>columns
  const sumA = sums + centroid * ((<usize>columns) << 4)
  const sumB = sumA + ((<usize>columns) << 3)
  const whole = Math.floor(weight)
  const part = weight - whole
  let j: usize = 0
  const width = (<usize>columns) << 3
  if (part == 0) {
    const times = f64x2.splat(whole * sign)
    const pairs = width & ~15
    if (double) {
      const x = points + (start << 3)
      for (; j < pairs; j += 16) {
        const t = f64x2.sub(v128.load(x + j), v128.load(sumOrigin + j))
        const big = v128.load(coarse + j)
        const a = f64x2.sub(f64x2.add(t, big), big)
        const small = v128.load(fine + j)
        const b = f64x2.sub(f64x2.add(f64x2.sub(t, a), small), small)
        v128.store(sumA + j, f64x2.add(v128.load(sumA + j), f64x2.mul(times, a)))
        v128.store(sumB + j, f64x2.add(v128.load(sumB + j), f64x2.mul(times, b)))
      }
    } else {
      const x = points + (start << 2)
      for (; j < pairs; j += 16) {
        const t = f64x2.sub(f64x2.promote_low_f32x4(v128.load64_zero(x + (j >> 1))), v128.load(sumOrigin + j))
        const big = v128.load(coarse + j)
        const a = f64x2.sub(f64x2.add(t, big), big)
        const small = v128.load(fine + j)
        const b = f64x2.sub(f64x2.add(f64x2.sub(t, a), small), small)
        v128.store(sumA + j, f64x2.add(v128.load(sumA + j), f64x2.mul(times, a)))
        v128.store(sumB + j, f64x2.add(v128.load(sumB + j), f64x2.mul(times, b)))
      }
    }
  }
  for (; j < width; j += 8) {
    const big = load<f64>(coarse + j)
    const small = load<f64>(fine + j)
    let t = cell(points, double, start + (j >> 3)) - load<f64>(sumOrigin + j)
    let a = t + big - big
    let b = t - a + small - small
    a *= whole * sign
    b *= whole * sign
    if (part != 0) {
      t *= part
      const a2 = t + big - big
      a += a2 * sign
      b += (t - a2 + small - small) * sign
    }
    store<f64>(sumA + j, load<f64>(sumA + j) + a)
    store<f64>(sumB + j, load<f64>(sumB + j) + b)
  }
}

/** Address of a row's bound on a group: bounds lie round by round, group by group, so that rows stand together. */
function boundOf(row: usize, group: usize): usize {
  return groupLower + ((((row / ROUND) * <usize>groups + group) * ROUND + (row % ROUND)) << 2)
}

/** Stores a row's new label and bounds, and moves it between the sums. */
function settle(row: usize, label: i32, winner: i32, winnerUp: f64, other: f64): void {
  if (upper) {
    const path = load<f64>(paths + ((<usize>winner) << 3))
    const otherPath = load<f64>(otherPaths + ((<usize>winner) << 3))
    store<f32>(upper + (row << 2), up32(winnerUp - path, path))
    store<f32>(lower + (row << 2), down32(other + otherPath, otherPath))
  }
  if (winner == label) return
  // A row of weight 0 is absent: its label is kept, but does not count as a change.
  if (!weights || load<f64>(weights + (row << 3)) != 0) changed += 1
  store<i32>(labels + (row << 2), winner)
  if (sums) {
    if (label >= 0) move(row, label, -1)
    move(row, winner, 1)
  }
}

/**
 * Decides a row by the definition, among the groups whose lower bound does not exclude them, and settles it.
 *
 * @param reach upper bound on the distance to the nearest centroid
 * @param unseen lower bound over the groups that were not computed
 */
function decide(row: usize, label: i32, reach: f64, unseen: f64): void {
  decided += 1
  let winner = -1
  let bestSq: f64 = Infinity
  let secondSq: f64 = Infinity
  let other = unseen
  for (let g = 0; g < groups; g++) {
    const path = load<f64>(groupPaths + ((<usize>g) << 3))
    const at = boundOf(row, g)
    const holdsOwn = label >= 0 && load<i32>(groupOf + ((<usize>label) << 2)) == g
    if (groupLower && !holdsOwn) {
      const bound = <f64>load<f32>(at) - path
      if (bound > reach) {
        if (bound < other) other = bound
        continue
      }
    }
    let groupSq: f64 = Infinity // the smallest of this group but for the winner, should it be here
    const lastPlace = load<i32>(groupPanels + ((<usize>g) << 2), 4) << 3
    for (let p = load<i32>(groupPanels + ((<usize>g) << 2)) << 3; p < lastPlace; p++) {
      const c = load<i32>(places + ((<usize>p) << 2))
      if (c < 0) continue
      const sq = exactSq(points, double, row, columns, centroids + <usize>c * ((<usize>columns) << 3))
      computed += 1
      if (sq < bestSq || (sq == bestSq && c < winner)) {
        if (winner >= 0) {
          const previous = load<i32>(groupOf + ((<usize>winner) << 2))
          if (previous == g) {
            groupSq = Math.min(groupSq, bestSq)
          } else if (groupLower) {
            const previousPath = load<f64>(groupPaths + ((<usize>previous) << 3))
            store<f32>(
              boundOf(row, previous),
              down32(Math.sqrt(bestSq) * scale * (1 - definition) + previousPath, previousPath),
            )
          }
        }
        secondSq = bestSq
        bestSq = sq
        winner = c
      } else {
        if (sq < secondSq) secondSq = sq
        if (sq < groupSq) groupSq = sq
      }
    }
    if (groupLower) store<f32>(at, down32(Math.sqrt(groupSq) * scale * (1 - definition) + path, path))
  }
  other = Math.min(other, Math.sqrt(secondSq) * scale * (1 - definition))
  settle(row, label, winner, Math.sqrt(bestSq) * scale * (1 + definition) + 1e-37, other)
}

/** Sums the four lanes of each of four vectors: lane r of the result is the sum of vector r. */
function sumLanes(v0: v128, v1: v128, v2: v128, v3: v128): v128 {
  const a = f32x4.add(v128.shuffle<f32>(v0, v1, 0, 4, 1, 5), v128.shuffle<f32>(v0, v1, 2, 6, 3, 7))
  const b = f32x4.add(v128.shuffle<f32>(v2, v3, 0, 4, 1, 5), v128.shuffle<f32>(v2, v3, 2, 6, 3, 7))
  return f32x4.add(v128.shuffle<i64>(a, b, 0, 2), v128.shuffle<i64>(a, b, 1, 3))
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
  const narrower = f32x4.splat(1 - 4e-7)
  const dense = open * 3 > ROUND
  if (dense) {
    for (let r: usize = 0; r < <usize>ROUND * 4; r += 16) {
      let least = f32x4.splat(f32.POSITIVE_INFINITY)
      let at = bounds + r
      for (let g = 0; g < groups; g++) {
        least = f32x4.pmin(
          least,
          f32x4.sub(v128.load(at), v128.load32_splat(groupPaths32 + ((<usize>g) << 2))),
        )
        at += ROUND * 4
      }
      v128.store(lows + r, f32x4.pmax(v128.load(lows + r), f32x4.mul(least, narrower)))
    }
  }
  let left = 0
  for (let s = 0; s < open; s++) {
    const place = (<usize>load<i32>(list + ((<usize>s) << 2))) << 2
    let least = load<f32>(lows + place)
    if (!dense) {
      let found = f32.POSITIVE_INFINITY
      let at = bounds + place
      for (let g = 0; g < groups; g++) {
        found = min(found, load<f32>(at) - load<f32>(groupPaths32 + ((<usize>g) << 2)))
        at += ROUND * 4
      }
      least = max(least, found * <f32>(1 - 4e-7))
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

/**
 * Finds the active rows of a round: writes them to ACTIVE, their bounds to the arrays, and returns how many.
 *
 * In float32, four rows at a time. The paths are rounded up to float32 and the sums widened by 4e-7 of themselves,
 * which covers their one rounding; a lower bound that comes out below 0 is none, and no upper bound is below 0.
 */
function findActive(start: i32, end: i32): i32 {
  const list = scratch + ACTIVE
  if (first) {
    for (let i = start; i < end; i++) store<i32>(list + ((<usize>(i - start)) << 2), i - start)
    return end - start
  }
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
  let open = 0
  for (let r: usize = 0; r < rows; r += 4) {
    const at = r << 2
    const l0 = (<usize>load<u32>(labelsAt + at)) << 2
    const l1 = (<usize>load<u32>(labelsAt + at, 4)) << 2
    const l2 = (<usize>load<u32>(labelsAt + at, 8)) << 2
    const l3 = (<usize>load<u32>(labelsAt + at, 12)) << 2
    let p = v128.load32_zero(path + l0)
    p = v128.load_lane<f32>(path + l1, p, 1)
    p = v128.load_lane<f32>(path + l2, p, 2)
    p = v128.load_lane<f32>(path + l3, p, 3)
    let o = v128.load32_zero(other + l0)
    o = v128.load_lane<f32>(other + l1, o, 1)
    o = v128.load_lane<f32>(other + l2, o, 2)
    o = v128.load_lane<f32>(other + l3, o, 3)
    const u = f32x4.mul(f32x4.add(v128.load(upperAt + at), p), wider)
    let m = f32x4.mul(f32x4.sub(v128.load(lowerAt + at), o), narrower)
    if (gap) {
      let h = v128.load32_zero(gap + l0)
      h = v128.load_lane<f32>(gap + l1, h, 1)
      h = v128.load_lane<f32>(gap + l2, h, 2)
      h = v128.load_lane<f32>(gap + l3, h, 3)
      m = f32x4.pmax(m, h)
    }
    v128.store(scratch + OWN_UP + at, m)
    v128.store(scratch + OWN_LOW + at, u)
    let bits = i32x4.bitmask(v128.not(f32x4.lt(u, m)))
    while (bits) {
      store<i32>(near + ((<usize>open) << 2), <i32>r + ctz(bits))
      open++
      bits &= bits - 1
    }
  }
  // The last vector may reach past the round's rows; what it read there is not a row of the round.
  while (open > 0 && load<i32>(near + ((<usize>(open - 1)) << 2)) >= <i32>rows) open--
  if (open == 0) return 0
  if (direct) {
    // The dense kernel finds the own distance as cheaply as another look at the row would.
    for (let s = 0; s < open; s++) {
      const place = load<i32>(near + ((<usize>s) << 2))
      store<i32>(list + ((<usize>s) << 2), place)
      const at = scratch + ((<usize>place) << 2)
      store<f32>(at + OWN_UP, load<f32>(at + OWN_LOW))
    }
    return open
  }
  if (groups > 1 && groups * 2 <= columns) {
    open = tighten(start, open)
    if (open == 0) return 0
  }
  padList(near, open)
  computed += open

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
      if (up < load<f32>(scratch + OWN_UP + place)) continue
      store<f32>(scratch + OWN_UP + place, up)
      store<f32>(scratch + OWN_LOW + place, load<f32>(out + ((<usize>r) << 2), 16))
      store<i32>(list + ((<usize>active) << 2), <i32>(place >> 2))
      active++
    }
  }
  return active
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
  let half = v128.load32_zero(halvesOf + (l0 << 2))
  half = v128.load_lane<f32>(halvesOf + (l1 << 2), half, 1)
  half = v128.load_lane<f32>(halvesOf + (l2 << 2), half, 2)
  half = v128.load_lane<f32>(halvesOf + (l3 << 2), half, 3)
  const score = f32x4.sub(half, f32x4.mul(f32x4.convert_i32x4_s(products), f32x4.splat(narrowUnit)))
  // boundsOf() writes the lower bounds first; here the upper ones come first.
  boundsOf(normsOf(at, start), score, score, scratch + OUT)
  const low = v128.load(scratch + OUT)
  v128.store(scratch + OUT, v128.load(scratch + OUT, 16))
  v128.store(scratch + OUT, low, 16)
}

/** Repeats the last entry of a list up to a multiple of four. */
function padList(list: usize, length: i32): void {
  const last = load<i32>(list + ((<usize>(length - 1)) << 2))
  for (let at = length; at < ((length + 3) & ~3); at++) store<i32>(list + ((<usize>at) << 2), last)
}

/** Four squared norms, of the rows of a round that a list names. */
function normsOf(list: usize, start: i32): v128 {
  const at = norms + ((<usize>start) << 2)
  let v = v128.load32_zero(at + ((<usize>load<i32>(list)) << 2))
  v = v128.load_lane<f32>(at + ((<usize>load<i32>(list, 4)) << 2), v, 1)
  v = v128.load_lane<f32>(at + ((<usize>load<i32>(list, 8)) << 2), v, 2)
  return v128.load_lane<f32>(at + ((<usize>load<i32>(list, 12)) << 2), v, 3)
}

/** Bounds on the distances of four scores: lower to `out`, upper 16 bytes on. An empty place is far below +∞, but far. */
function boundsOf(normSq: v128, lowScore: v128, upScore: v128, out: usize): void {
  const norm = f32x4.sqrt(normSq)
  const reach = f32x4.add(norm, f32x4.splat(<f32>(0.5 * normMax)))
  const error = f32x4.mul(
    f32x4.add(
      f32x4.mul(reach, f32x4.splat(<f32>(errorBase * (1 + 1e-6)))),
      f32x4.add(f32x4.mul(normSq, f32x4.splat(<f32>errorNorm)), f32x4.splat(<f32>(errorFlat * (1 + 1e-6)))),
    ),
    f32x4.splat(1.00001),
  )
  const delta = f32x4.add(
    f32x4.mul(
      f32x4.add(norm, f32x4.splat(<f32>normMax)),
      f32x4.splat(<f32>((1.05 * U24 + definition) * 1.00001)),
    ),
    f32x4.splat(1e-37),
  )
  const two = f32x4.splat(2)
  const zero = f32x4.splat(0)
  const least = f32x4.pmax(zero, f32x4.sub(f32x4.add(normSq, f32x4.mul(two, lowScore)), error))
  v128.store(out, f32x4.sub(f32x4.mul(f32x4.sqrt(least), f32x4.splat(1 - 1e-6)), delta))
  const most = f32x4.pmax(zero, f32x4.add(f32x4.add(normSq, f32x4.mul(two, upScore)), error))
  v128.store(out, f32x4.add(f32x4.mul(f32x4.sqrt(most), f32x4.splat(1 + 1e-6)), delta), 16)
}

/**
 * One group: active rows go through the dense kernel four at a time and are settled at once. Returns how many rows
 * narrow scores left open: they stand in AGAIN.
 */
function assignFew(start: i32, active: i32): i32 {
  const list = scratch + ACTIVE
  const out = scratch + OUT
  const width = formWidth
  const base = formRows + <usize>start * width
  const panelCount = load<i32>(groupPanels, 4)
  let again = 0
  padList(list, active)
  computed += <f64>active * <f64>(panelCount << 3)
  for (let s = 0; s < active; s += 4) {
    const at = list + ((<usize>s) << 2)
    nearestOfPanels(
      base + <usize>load<i32>(at) * width,
      base + <usize>load<i32>(at, 4) * width,
      base + <usize>load<i32>(at, 8) * width,
      base + <usize>load<i32>(at, 12) * width,
      width,
      formPanels,
      halves,
      panelCount,
      0,
      formUnit,
      out,
    )
    // The second best of one or no other centroid is an empty place; half of the largest float32 still squares.
    const second = f32x4.pmin(v128.load(out, 32), f32x4.splat(f32.MAX_VALUE * 0.25))
    boundsOf(normsOf(at, start), second, v128.load(out), out + 48)
    const certain = i32x4.bitmask(f32x4.lt(v128.load(out + 48, 16), v128.load(out + 48)))
    const filled = min(4, active - s)
    for (let r = 0; r < filled; r++) {
      const place = <usize>load<i32>(at + ((<usize>r) << 2))
      const row = <usize>start + place
      const label = first ? -1 : load<i32>(labels + (row << 2))
      let bestUp = <f64>load<f32>(out + 48 + ((<usize>r) << 2), 16)
      if (certain & (1 << r)) {
        const winner = load<i32>(places + ((<usize>load<i32>(out + ((<usize>r) << 2), 16)) << 2))
        if (winner == label) bestUp = Math.min(bestUp, <f64>load<f32>(scratch + OWN_UP + (place << 2)))
        settle(row, label, winner, bestUp, <f64>load<f32>(out + 48 + ((<usize>r) << 2)))
      } else if (formUnit != 0) {
        store<i32>(scratch + AGAIN + ((<usize>again) << 2), <i32>place)
        again++
      } else {
        decide(row, label, bestUp, Infinity)
      }
    }
  }
  return again
}

/** Lists the active rows that group g must look at; the others keep its bound in UNSEEN. */
function listFor(g: i32, start: i32, active: i32): i32 {
  const list = scratch + LIST
  let listed = 0
  if (first) {
    memory.copy(list, scratch + ACTIVE, (<usize>active) << 2)
    return active
  }
  const path = load<f64>(groupPaths + ((<usize>g) << 3))
  const bounds = boundOf(start, g)
  if (active * 4 < ROUND) {
    for (let s = 0; s < active; s++) {
      const place = <usize>load<i32>(scratch + ACTIVE + ((<usize>s) << 2))
      const bound = down32(<f64>load<f32>(bounds + (place << 2)) - path, 0)
      if (bound > load<f32>(scratch + UP + (place << 2))) {
        const at = scratch + UNSEEN + (place << 2)
        if (bound < load<f32>(at)) store<f32>(at, bound)
      } else {
        store<i32>(list + ((<usize>listed) << 2), <i32>place)
        listed++
      }
    }
    return listed
  }
  const pathUp = f32x4.splat(up32(path, 0))
  const reach = scratch + UP
  const least = scratch + UNSEEN
  const narrow = f32x4.splat(1 - 2.4e-7)
  const far = f32x4.splat(f32.POSITIVE_INFINITY)
  for (let r: usize = 0; r < <usize>ROUND * 4; r += 16) {
    // A difference below 0 is no bound at all, so that narrowing it towards 0 does no harm: u is never below 0.
    const bound = f32x4.mul(f32x4.sub(v128.load(bounds + r), pathUp), narrow)
    // Rows that are not active, and places past the last row, whose bounds may be anything, have u = −∞.
    const u = v128.load(reach + r)
    const listing = v128.and(f32x4.le(bound, u), f32x4.ge(u, f32x4.splat(0)))
    const unseen = least + r
    v128.store(unseen, f32x4.pmin(v128.load(unseen), v128.bitselect(far, bound, listing)))
    let open = i32x4.bitmask(listing)
    while (open) {
      store<i32>(list + ((<usize>listed) << 2), <i32>(r >> 2) + ctz(open))
      listed++
      open &= open - 1
    }
  }
  return listed
}

/**
 * Many groups: each group looks at the rows that its bound does not exclude; then every active row is settled. Returns
 * how many rows narrow scores left open: they stand in AGAIN.
 */
function assignMany(start: i32, active: i32): i32 {
  const list = scratch + LIST
  const out = scratch + OUT
  const width = formWidth
  const base = formRows + <usize>start * width

  // Rows that are not active must not be listed: nothing is within −∞.
  if (!first) {
    const none = f32x4.splat(f32.NEGATIVE_INFINITY)
    for (let r: usize = 0; r < <usize>ROUND * 4; r += 16) v128.store(scratch + UP + r, none)
  }
  for (let s = 0; s < active; s++) {
    const place = (<usize>load<i32>(scratch + ACTIVE + ((<usize>s) << 2))) << 2
    const at = scratch + place
    store<f32>(at + UP, first ? f32.POSITIVE_INFINITY : load<f32>(at + OWN_UP))
    store<f32>(at + UNSEEN, f32.POSITIVE_INFINITY)
    store<f32>(at + BEST, f32.MAX_VALUE)
    store<f32>(at + BEST_SECOND, f32.MAX_VALUE)
    store<f32>(at + OTHER, f32.MAX_VALUE)
    store<i32>(at + PLACE, -1)
    store<i32>(at + OWN_SEEN, first ? 1 : 0)
  }

  for (let g = 0; g < groups; g++) {
    const listed = listFor(g, start, active)
    if (listed == 0) continue
    padList(list, listed)
    const firstPanel = load<i32>(groupPanels + ((<usize>g) << 2))
    const panelCount = load<i32>(groupPanels + ((<usize>g) << 2), 4) - firstPanel
    const path = load<f64>(groupPaths + ((<usize>g) << 3))
    computed += <f64>listed * <f64>(panelCount << 3)
    const panel = formPanels + <usize>firstPanel * (width << 3)
    const half = halves + ((<usize>firstPanel) << 5)
    const bounds = boundOf(start, g)
    for (let s = 0; s < listed; s += 4) {
      const at = list + ((<usize>s) << 2)
      nearestOfPanels(
        base + <usize>load<i32>(at) * width,
        base + <usize>load<i32>(at, 4) * width,
        base + <usize>load<i32>(at, 8) * width,
        base + <usize>load<i32>(at, 12) * width,
        width,
        panel,
        half,
        panelCount,
        firstPanel << 3,
        formUnit,
        out,
      )
      const scores = v128.load(out)
      boundsOf(normsOf(at, start), f32x4.pmin(scores, f32x4.splat(f32.MAX_VALUE * 0.25)), scores, out + 48)
      const filled = min(4, listed - s)
      for (let r = 0; r < filled; r++) {
        const place = (<usize>load<i32>(at + ((<usize>r) << 2))) << 2
        const slot = scratch + place
        const score = load<f32>(out + ((<usize>r) << 2))
        if (groupLower) {
          store<f32>(bounds + place, down32(<f64>load<f32>(out + 48 + ((<usize>r) << 2)) + path, path))
        }
        const best = load<f32>(slot + BEST)
        if (score < best) {
          const second = load<f32>(out + ((<usize>r) << 2), 32)
          store<f32>(slot + OTHER, min(min(load<f32>(slot + OTHER), best), second))
          store<f32>(slot + BEST, score)
          store<f32>(slot + BEST_SECOND, second)
          store<i32>(slot + PLACE, load<i32>(out + ((<usize>r) << 2), 16))
          store<i32>(slot + BEST_GROUP, g)
          const reach = load<f32>(out + 48 + ((<usize>r) << 2), 16)
          if (reach < load<f32>(slot + UP)) store<f32>(slot + UP, reach)
        } else if (score < load<f32>(slot + OTHER)) {
          store<f32>(slot + OTHER, score)
        }
        if (
          !first &&
          load<i32>(groupOf + ((<usize>load<u32>(labels + ((<usize>start) << 2) + place)) << 2)) == g
        ) {
          store<i32>(slot + OWN_SEEN, 1)
        }
      }
    }
  }

  let again = 0
  padList(scratch + ACTIVE, active)
  for (let s = 0; s < active; s += 4) {
    const at = scratch + ACTIVE + ((<usize>s) << 2)
    const normSq = normsOf(at, start)
    const most = f32x4.splat(f32.MAX_VALUE * 0.25)
    const best = f32x4.pmin(gather(BEST, at), most)
    boundsOf(normSq, best, best, out)
    boundsOf(normSq, f32x4.pmin(gather(OTHER, at), most), best, out + 32)
    boundsOf(normSq, f32x4.pmin(gather(BEST_SECOND, at), most), best, out + 64)
    const filled = min(4, active - s)
    for (let r = 0; r < filled; r++) {
      const place = <usize>load<i32>(at + ((<usize>r) << 2))
      if (finish(scratch + (place << 2), <usize>start + place, out + ((<usize>r) << 2))) continue
      store<i32>(scratch + AGAIN + ((<usize>again) << 2), <i32>place)
      again++
    }
  }
  return again
}

/** Four numbers of a slot array, of the rows that a list names. */
function gather(array: usize, list: usize): v128 {
  const at = scratch + array
  let v = v128.load32_zero(at + ((<usize>load<i32>(list)) << 2))
  v = v128.load_lane<f32>(at + ((<usize>load<i32>(list, 4)) << 2), v, 1)
  v = v128.load_lane<f32>(at + ((<usize>load<i32>(list, 8)) << 2), v, 2)
  return v128.load_lane<f32>(at + ((<usize>load<i32>(list, 12)) << 2), v, 3)
}

/**
 * Settles an active row from what the groups found; returns whether it is settled (narrow scores may leave it open).
 *
 * @param bounds its lower and upper bound for the best score, at 0 and 16; lower for the other at 32, for the second
 * best within the best's group at 64
 */
function finish(slot: usize, row: usize, bounds: usize): bool {
  const label = first ? -1 : load<i32>(labels + (row << 2))
  const place = load<i32>(slot + PLACE)
  const unseen = <f64>load<f32>(slot + UNSEEN)
  const ownUp = first ? Infinity : <f64>load<f32>(slot + OWN_UP)
  if (place < 0) {
    settle(row, label, label, ownUp, unseen) // no group could hold anything nearer
    return true
  }
  const bestUp = <f64>load<f32>(bounds, 16)
  const found = load<i32>(places + ((<usize>place) << 2))
  const bestGroup = <usize>load<i32>(slot + BEST_GROUP)
  let rest = Math.min(unseen, <f64>load<f32>(bounds, 32))
  if (!load<i32>(slot + OWN_SEEN)) {
    const bestLow = Math.min(unseen, <f64>load<f32>(bounds))
    if (ownUp < bestLow) {
      settle(row, label, label, ownUp, bestLow)
      return true
    }
    const ownLow = <f64>load<f32>(slot + OWN_LOW)
    rest = Math.min(rest, ownLow)
    // The own centroid now counts among its group's others.
    const own = <usize>load<i32>(groupOf + ((<usize>label) << 2))
    const ownPath = load<f64>(groupPaths + (own << 3))
    const at = boundOf(row, own)
    if (ownLow < <f64>load<f32>(at) - ownPath) store<f32>(at, down32(ownLow + ownPath, ownPath))
  }
  if (bestUp < rest) {
    if (groupLower) {
      const path = load<f64>(groupPaths + (bestGroup << 3))
      store<f32>(boundOf(row, bestGroup), down32(<f64>load<f32>(bounds, 64) + path, path))
    }
    settle(row, label, found, found == label ? Math.min(bestUp, ownUp) : bestUp, rest)
    return true
  }
  if (formUnit != 0) return false
  decide(row, label, Math.min(bestUp, ownUp), unseen)
  return true
}

/** Chooses the form of the scores, and what it may err by. */
function useForm(narrow: bool): void {
  errorBase = (2.04 * <f64>(columns + 4) + 8.2) * U24 * normMax
  errorNorm = 8.2 * U24
  errorFlat = 0
  if (narrow) {
    formRows = narrowRows
    formPanels = narrowPanels
    formWidth = narrowWidth
    formUnit = narrowUnit
    // eQ grows by 2·(r·C + (N + r)·e), with r and e the largest residuals of rows and centroids.
    errorBase += 2.001 * narrowError
    errorFlat = 2.001 * narrowRowError * (normMax + narrowError)
  } else {
    formRows = work
    formPanels = panels
    formWidth = rowBytes
    formUnit = 0
  }
}

/** Labels rows with their nearest centroid; see the top of the file. `from` is a multiple of ROUND. */
export function assign(record: usize, from: i32, to: i32, thread: i32): void {
  columns = integer(record, COLUMNS)
  rowBytes = (<usize>columns) << 2
  points = address(record, POINTS)
  double = integer(record, DOUBLE) != 0
  work = address(record, WORK)
  norms = address(record, NORMS_SQ)
  labels = address(record, LABELS)
  weights = address(record, WEIGHTS)
  first = integer(record, FIRST) != 0
  upper = address(record, UPPER)
  lower = address(record, LOWER)
  groupLower = address(record, GROUP_LOWER)
  groups = integer(record, GROUPS)
  groupPanels = address(record, GROUP_PANELS)
  panels = address(record, PANELS)
  direct = groups == 1 && load<i32>(groupPanels, 4) * columns <= DIRECT_WORK
  halves = address(record, HALVES)
  places = address(record, PLACES)
  groupOf = address(record, GROUP_OF)
  centroids = address(record, CENTROIDS)
  workCentroids = address(record, WORK_CENTROIDS)
  paths = address(record, PATHS)
  otherPaths = address(record, OTHER_PATHS)
  paths32 = address(record, PATHS_32)
  otherPaths32 = address(record, OTHER_PATHS_32)
  groupPaths32 = address(record, GROUP_PATHS_32)
  groupPaths = address(record, GROUP_PATHS)
  halfGaps = address(record, HALF_GAPS)
  scale = number(record, SCALE)
  normMax = number(record, NORM_MAX)
  definition = <f64>(columns + 4) * 2.3e-16
  nearError = <f64>(columns + 8) * U24 * 1.02 + definition
  narrowRows = address(record, NARROW)
  narrowPanels = address(record, NARROW_PANELS)
  narrowCentroids = address(record, NARROW_CENTROIDS)
  halvesOf = address(record, HALVES_OF)
  narrowWidth = (<usize>((columns + 1) & ~1)) << 1
  narrowUnit = <f32>number(record, NARROW_UNIT)
  narrowRowError = number(record, NARROW_ROW_ERROR)
  narrowError = number(record, NARROW_ERROR)
  const clusters = integer(record, CLUSTERS)
  sums = address(record, SUMS)
  if (sums) {
    sums += <usize>thread * <usize>clusters * ((<usize>columns) << 4)
    counts = address(record, COUNTS) + ((<usize>thread * <usize>clusters) << 4)
    touched = address(record, TOUCHED) + <usize>thread * <usize>clusters
    sumOrigin = address(record, SUM_ORIGIN)
    coarse = address(record, COARSE)
    fine = address(record, FINE)
    weightCoarse = number(record, WEIGHT_COARSE)
    weightFine = number(record, WEIGHT_FINE)
  }
  scratch = address(record, SCRATCH) + <usize>thread * <usize>integer(record, SCRATCH_BYTES)
  changed = 0
  computed = 0
  decided = 0
  retried = 0
  for (let start = from; start < to; start += ROUND) {
    let active = findActive(start, min(start + ROUND, to))
    if (active == 0) continue
    useForm(narrowRows != 0)
    let again = groups == 1 ? assignFew(start, active) : assignMany(start, active)
    if (again == 0) continue
    retried += again
    active = again
    memory.copy(scratch + ACTIVE, scratch + AGAIN, (<usize>again) << 2)
    useForm(false)
    if (groups == 1) assignFew(start, active)
    else assignMany(start, active)
  }
  const stats = address(record, STATS) + ((<usize>thread) << 6)
  store<f64>(stats + (STAT_CHANGED << 3), load<f64>(stats + (STAT_CHANGED << 3)) + changed)
  store<f64>(stats + (STAT_DISTANCES << 3), load<f64>(stats + (STAT_DISTANCES << 3)) + computed)
  store<f64>(stats + (STAT_EXACT << 3), load<f64>(stats + (STAT_EXACT << 3)) + decided)
  store<f64>(stats + (STAT_AGAIN << 3), load<f64>(stats + (STAT_AGAIN << 3)) + retried)
}
