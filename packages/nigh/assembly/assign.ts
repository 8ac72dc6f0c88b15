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
//   near:     by differences (nearSq), relative (d + 8)·u24 of the squared distance
// A float32 square root and the few operations around it add less than 2⁻²¹ relative: every bound is widened by 1e-6.

import {
  CENTROIDS, COARSE, COLUMNS, CLUSTERS, COUNTS, DOUBLE, FINE, FIRST, GROUP_LOWER, GROUP_OF, GROUP_PANELS, GROUP_PATHS,
  GROUPS, HALF_GAPS, HALVES, LABELS, LOWER, NORM_MAX, NORMS_SQ, OTHER_PATHS, PANELS, PATHS, PLACES, POINTS, ROUND,
  SCALE, SCRATCH, SCRATCH_BYTES, STAT_CHANGED, STAT_DISTANCES, STAT_EXACT, STATS, SUM_ORIGIN, SUMS, TOUCHED, UPPER,
  WEIGHT_COARSE, WEIGHT_FINE, WEIGHTS, WORK, WORK_CENTROIDS,
} from '../src/kernels/layout'
import { addOnTwo, cell, exactSq } from './exact'
import { address, integer, number } from './record'
import { nearSq, nearestOfPanels } from './tile'

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
let groupPaths: usize = 0
let halfGaps: usize = 0
let scale: f64 = 1
let definition: f64 = 0
let nearError: f64 = 0
let normMax: f64 = 0
let errorBase: f64 = 0 // eQ = errorBase·(N + C/2) + errorNorm·N²
let errorNorm: f64 = 0
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
const OUT: usize = 12 * 4 * ROUND + 16 // what the dense kernel writes: 48 bytes, then 48 more

/** The float32 above a float64 bound that was formed from a term as large as `size`. */
function up32(value: f64, size: f64): f32 {
  return <f32>(value + (Math.abs(value) + size) * 1.2e-7 + 1e-37)
}

/** The float32 below it. */
function down32(value: f64, size: f64): f32 {
  if (value == Infinity) return f32.POSITIVE_INFINITY
  return <f32>(value - (Math.abs(value) + size) * 1.2e-7 - 1e-37)
}

/** Lower bound on the distance that belongs to a score of a row with this squared norm. */
function low(normSq: f64, score: f32): f64 {
  if (score >= f32.MAX_VALUE) return Infinity // an empty place
  const norm = Math.sqrt(normSq)
  const sq = normSq + 2 * <f64>score - errorBase * (norm + 0.5 * normMax) - errorNorm * normSq
  return (sq > 0 ? Math.sqrt(sq) : 0) * (1 - 1e-6) - (1.05 * U24 + definition) * (norm + normMax) - 1e-37
}

/** Upper bound on the same. */
function up(normSq: f64, score: f32): f64 {
  const norm = Math.sqrt(normSq)
  const sq = normSq + 2 * <f64>score + errorBase * (norm + 0.5 * normMax) + errorNorm * normSq
  return (sq > 0 ? Math.sqrt(sq) : 0) * (1 + 1e-6) + (1.05 * U24 + definition) * (norm + normMax) + 1e-37
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
  const sumA = sums + centroid * (<usize>columns << 4)
  const sumB = sumA + (<usize>columns << 3)
  const whole = Math.floor(weight)
  const part = weight - whole
  let j: usize = 0
  const width = <usize>columns << 3
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
  return groupLower + (((((row / ROUND) * <usize>groups + group) * ROUND) + (row % ROUND)) << 2)
}

/** Stores a row's new label and bounds, and moves it between the sums. */
function settle(row: usize, label: i32, winner: i32, winnerUp: f64, other: f64): void {
  if (upper) {
    const path = load<f64>(paths + (<usize>winner << 3))
    const otherPath = load<f64>(otherPaths + (<usize>winner << 3))
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
    const path = load<f64>(groupPaths + (<usize>g << 3))
    const at = boundOf(row, g)
    const holdsOwn = label >= 0 && load<i32>(groupOf + (<usize>label << 2)) == g
    if (groupLower && !holdsOwn) {
      const bound = <f64>load<f32>(at) - path
      if (bound > reach) {
        if (bound < other) other = bound
        continue
      }
    }
    let groupSq: f64 = Infinity // the smallest of this group but for the winner, should it be here
    const lastPlace = load<i32>(groupPanels + (<usize>g << 2), 4) << 3
    for (let p = load<i32>(groupPanels + (<usize>g << 2)) << 3; p < lastPlace; p++) {
      const c = load<i32>(places + (<usize>p << 2))
      if (c < 0) continue
      const sq = exactSq(points, double, row, columns, centroids + <usize>c * (<usize>columns << 3))
      computed += 1
      if (sq < bestSq || (sq == bestSq && c < winner)) {
        if (winner >= 0) {
          const previous = load<i32>(groupOf + (<usize>winner << 2))
          if (previous == g) {
            groupSq = Math.min(groupSq, bestSq)
          } else if (groupLower) {
            const previousPath = load<f64>(groupPaths + (<usize>previous << 3))
            store<f32>(
              boundOf(row, previous), down32(Math.sqrt(bestSq) * scale * (1 - definition) + previousPath, previousPath),
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

/** Finds the active rows of a round: writes them to ACTIVE, their bounds to the arrays, and returns how many. */
function findActive(start: i32, end: i32): i32 {
  let active = 0
  if (first) {
    for (let i = start; i < end; i++) store<i32>(scratch + ACTIVE + (<usize>(i - start) << 2), i - start)
    return end - start
  }
  for (let i = start; i < end; i++) {
    const at = <usize>i << 2
    const label = <usize>load<u32>(labels + at)
    const path = load<f64>(paths + (label << 3))
    let ownUp = <f64>load<f32>(upper + at) + path
    let bound = <f64>load<f32>(lower + at) - load<f64>(otherPaths + (label << 3))
    if (ownUp < bound) continue
    if (halfGaps) {
      bound = Math.max(bound, load<f64>(halfGaps + (label << 3)))
      if (ownUp < bound) continue
    }
    const root = Math.sqrt(<f64>nearSq(work + <usize>i * rowBytes, workCentroids + label * rowBytes, columns))
    computed += 1
    const norm = Math.sqrt(<f64>load<f32>(norms + at))
    const slack = root * nearError + 1.05 * U24 * (norm + normMax) + 1e-37
    ownUp = root + slack
    store<f32>(upper + at, up32(ownUp - path, path))
    if (ownUp < bound) continue
    const place = <usize>(i - start) << 2
    store<f32>(scratch + OWN_UP + place, up32(ownUp, 0))
    store<f32>(scratch + OWN_LOW + place, down32(root - slack, 0))
    store<i32>(scratch + ACTIVE + (<usize>active << 2), i - start)
    active++
  }
  return active
}

/** Repeats the last entry of a list up to a multiple of four. */
function padList(list: usize, length: i32): void {
  const last = load<i32>(list + (<usize>(length - 1) << 2))
  for (let at = length; at < ((length + 3) & ~3); at++) store<i32>(list + (<usize>at << 2), last)
}

/** Four squared norms, of the rows of a round that a list names. */
function normsOf(list: usize, start: i32): v128 {
  const at = norms + (<usize>start << 2)
  let v = v128.load32_zero(at + (<usize>load<i32>(list) << 2))
  v = v128.load_lane<f32>(at + (<usize>load<i32>(list, 4) << 2), v, 1)
  v = v128.load_lane<f32>(at + (<usize>load<i32>(list, 8) << 2), v, 2)
  return v128.load_lane<f32>(at + (<usize>load<i32>(list, 12) << 2), v, 3)
}

/** Bounds on the distances of four scores: lower to `out`, upper 16 bytes on. An empty place is far below +∞, but far. */
function boundsOf(normSq: v128, lowScore: v128, upScore: v128, out: usize): void {
  const norm = f32x4.sqrt(normSq)
  const reach = f32x4.add(norm, f32x4.splat(<f32>(0.5 * normMax)))
  const error = f32x4.mul(
    f32x4.add(
      f32x4.mul(reach, f32x4.splat(<f32>(errorBase * (1 + 1e-6)))),
      f32x4.mul(normSq, f32x4.splat(<f32>errorNorm)),
    ),
    f32x4.splat(1.00001),
  )
  const delta = f32x4.add(
    f32x4.mul(f32x4.add(norm, f32x4.splat(<f32>normMax)), f32x4.splat(<f32>((1.05 * U24 + definition) * 1.00001))),
    f32x4.splat(1e-37),
  )
  const two = f32x4.splat(2)
  const zero = f32x4.splat(0)
  const least = f32x4.pmax(zero, f32x4.sub(f32x4.add(normSq, f32x4.mul(two, lowScore)), error))
  v128.store(out, f32x4.sub(f32x4.mul(f32x4.sqrt(least), f32x4.splat(1 - 1e-6)), delta))
  const most = f32x4.pmax(zero, f32x4.add(f32x4.add(normSq, f32x4.mul(two, upScore)), error))
  v128.store(out, f32x4.add(f32x4.mul(f32x4.sqrt(most), f32x4.splat(1 + 1e-6)), delta), 16)
}

/** One group: active rows go through the dense kernel four at a time and are settled at once. */
function assignFew(start: i32, active: i32): void {
  const list = scratch + ACTIVE
  const out = scratch + OUT
  const base = work + <usize>start * rowBytes
  const panelCount = load<i32>(groupPanels, 4)
  padList(list, active)
  computed += <f64>active * <f64>(panelCount << 3)
  for (let s = 0; s < active; s += 4) {
    const at = list + (<usize>s << 2)
    nearestOfPanels(
      base + <usize>load<i32>(at) * rowBytes,
      base + <usize>load<i32>(at, 4) * rowBytes,
      base + <usize>load<i32>(at, 8) * rowBytes,
      base + <usize>load<i32>(at, 12) * rowBytes,
      columns, panels, halves, panelCount, 0, out,
    )
    // The second best of one or no other centroid is an empty place; half of the largest float32 still squares.
    const second = f32x4.pmin(v128.load(out, 32), f32x4.splat(f32.MAX_VALUE * 0.25))
    boundsOf(normsOf(at, start), second, v128.load(out), out + 48)
    const certain = i32x4.bitmask(f32x4.lt(v128.load(out + 48, 16), v128.load(out + 48)))
    const filled = min(4, active - s)
    for (let r = 0; r < filled; r++) {
      const place = <usize>load<i32>(at + (<usize>r << 2))
      const row = <usize>start + place
      const label = first ? -1 : load<i32>(labels + (row << 2))
      let bestUp = <f64>load<f32>(out + 48 + (<usize>r << 2), 16)
      if (certain & (1 << r)) {
        const winner = load<i32>(places + (<usize>load<i32>(out + (<usize>r << 2), 16) << 2))
        if (winner == label) bestUp = Math.min(bestUp, <f64>load<f32>(scratch + OWN_UP + (place << 2)))
        settle(row, label, winner, bestUp, <f64>load<f32>(out + 48 + (<usize>r << 2)))
      } else {
        decide(row, label, bestUp, Infinity)
      }
    }
  }
}

/** Lists the active rows that group g must look at; the others keep its bound in UNSEEN. */
function listFor(g: i32, start: i32, active: i32): i32 {
  const list = scratch + LIST
  let listed = 0
  if (first) {
    memory.copy(list, scratch + ACTIVE, <usize>active << 2)
    return active
  }
  const path = load<f64>(groupPaths + (<usize>g << 3))
  const bounds = boundOf(start, g)
  if (active * 4 < ROUND) {
    for (let s = 0; s < active; s++) {
      const place = <usize>load<i32>(scratch + ACTIVE + (<usize>s << 2))
      const bound = down32(<f64>load<f32>(bounds + (place << 2)) - path, 0)
      if (bound > load<f32>(scratch + UP + (place << 2))) {
        const at = scratch + UNSEEN + (place << 2)
        if (bound < load<f32>(at)) store<f32>(at, bound)
      } else {
        store<i32>(list + (<usize>listed << 2), <i32>place)
        listed++
      }
    }
    return listed
  }
  const pathUp = f32x4.splat(up32(path, 0))
  const narrow = f32x4.splat(1 - 2.4e-7)
  const far = f32x4.splat(f32.POSITIVE_INFINITY)
  for (let r: usize = 0; r < ROUND * 4; r += 16) {
    // A difference below 0 is no bound at all, so that narrowing it towards 0 does no harm: u is never below 0.
    const bound = f32x4.mul(f32x4.sub(v128.load(bounds + r), pathUp), narrow)
    const excluded = f32x4.gt(bound, v128.load(scratch + UP + r))
    const unseen = scratch + UNSEEN + r
    v128.store(unseen, f32x4.pmin(v128.load(unseen), v128.bitselect(bound, far, excluded)))
    let open = i32x4.bitmask(v128.not(excluded))
    while (open) {
      store<i32>(list + (<usize>listed << 2), <i32>(r >> 2) + ctz(open))
      listed++
      open &= open - 1
    }
  }
  return listed
}

/** Many groups: each group looks at the rows that its bound does not exclude; then every active row is settled. */
function assignMany(start: i32, active: i32): void {
  const list = scratch + LIST
  const out = scratch + OUT
  const base = work + <usize>start * rowBytes

  // Rows that are not active must not be listed: their reach is +∞ below nothing.
  if (!first) {
    const none = f32x4.splat(f32.NEGATIVE_INFINITY)
    for (let r: usize = 0; r < ROUND * 4; r += 16) v128.store(scratch + UP + r, none)
  }
  for (let s = 0; s < active; s++) {
    const place = <usize>load<i32>(scratch + ACTIVE + (<usize>s << 2)) << 2
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
    const firstPanel = load<i32>(groupPanels + (<usize>g << 2))
    const panelCount = load<i32>(groupPanels + (<usize>g << 2), 4) - firstPanel
    const path = load<f64>(groupPaths + (<usize>g << 3))
    computed += <f64>listed * <f64>(panelCount << 3)
    const panel = panels + <usize>firstPanel * (rowBytes << 3)
    const half = halves + (<usize>firstPanel << 5)
    const bounds = boundOf(start, g)
    for (let s = 0; s < listed; s += 4) {
      const at = list + (<usize>s << 2)
      nearestOfPanels(
        base + <usize>load<i32>(at) * rowBytes,
        base + <usize>load<i32>(at, 4) * rowBytes,
        base + <usize>load<i32>(at, 8) * rowBytes,
        base + <usize>load<i32>(at, 12) * rowBytes,
        columns, panel, half, panelCount, firstPanel << 3, out,
      )
      const scores = v128.load(out)
      boundsOf(normsOf(at, start), f32x4.pmin(scores, f32x4.splat(f32.MAX_VALUE * 0.25)), scores, out + 48)
      const filled = min(4, listed - s)
      for (let r = 0; r < filled; r++) {
        const place = <usize>load<i32>(at + (<usize>r << 2)) << 2
        const slot = scratch + place
        const score = load<f32>(out + (<usize>r << 2))
        if (groupLower) {
          store<f32>(bounds + place, down32(<f64>load<f32>(out + 48 + (<usize>r << 2)) + path, path))
        }
        const best = load<f32>(slot + BEST)
        if (score < best) {
          const second = load<f32>(out + (<usize>r << 2), 32)
          store<f32>(slot + OTHER, min(min(load<f32>(slot + OTHER), best), second))
          store<f32>(slot + BEST, score)
          store<f32>(slot + BEST_SECOND, second)
          store<i32>(slot + PLACE, load<i32>(out + (<usize>r << 2), 16))
          store<i32>(slot + BEST_GROUP, g)
          const reach = load<f32>(out + 48 + (<usize>r << 2), 16)
          if (reach < load<f32>(slot + UP)) store<f32>(slot + UP, reach)
        } else if (score < load<f32>(slot + OTHER)) {
          store<f32>(slot + OTHER, score)
        }
        if (!first && load<i32>(groupOf + (<usize>load<u32>(labels + (<usize>start << 2) + place) << 2)) == g) {
          store<i32>(slot + OWN_SEEN, 1)
        }
      }
    }
  }

  for (let s = 0; s < active; s++) {
    const place = <usize>load<i32>(scratch + ACTIVE + (<usize>s << 2))
    finish(scratch + (place << 2), <usize>start + place)
  }
}

/** Settles an active row from what the groups found. */
function finish(slot: usize, row: usize): void {
  const label = first ? -1 : load<i32>(labels + (row << 2))
  const place = load<i32>(slot + PLACE)
  const unseen = <f64>load<f32>(slot + UNSEEN)
  const ownUp = first ? Infinity : <f64>load<f32>(slot + OWN_UP)
  if (place < 0) {
    settle(row, label, label, ownUp, unseen) // no group could hold anything nearer
    return
  }
  const normSq = <f64>load<f32>(norms + (row << 2))
  const best = load<f32>(slot + BEST)
  const bestUp = up(normSq, best)
  const found = load<i32>(places + (<usize>place << 2))
  const bestGroup = <usize>load<i32>(slot + BEST_GROUP)
  let rest = Math.min(unseen, low(normSq, load<f32>(slot + OTHER)))
  if (!load<i32>(slot + OWN_SEEN)) {
    const bestLow = Math.min(unseen, low(normSq, best))
    if (ownUp < bestLow) {
      settle(row, label, label, ownUp, bestLow)
      return
    }
    const ownLow = <f64>load<f32>(slot + OWN_LOW)
    rest = Math.min(rest, ownLow)
    // The own centroid now counts among its group's others.
    const own = <usize>load<i32>(groupOf + (<usize>label << 2))
    const ownPath = load<f64>(groupPaths + (own << 3))
    const at = boundOf(row, own)
    if (ownLow < <f64>load<f32>(at) - ownPath) store<f32>(at, down32(ownLow + ownPath, ownPath))
  }
  if (bestUp < rest) {
    if (groupLower) {
      const path = load<f64>(groupPaths + (bestGroup << 3))
      store<f32>(boundOf(row, bestGroup), down32(low(normSq, load<f32>(slot + BEST_SECOND)) + path, path))
    }
    settle(row, label, found, found == label ? Math.min(bestUp, ownUp) : bestUp, rest)
    return
  }
  decide(row, label, Math.min(bestUp, ownUp), unseen)
}

/** Labels rows with their nearest centroid; see the top of the file. `from` is a multiple of ROUND. */
export function assign(record: usize, from: i32, to: i32, thread: i32): void {
  columns = integer(record, COLUMNS)
  rowBytes = <usize>columns << 2
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
  halves = address(record, HALVES)
  places = address(record, PLACES)
  groupOf = address(record, GROUP_OF)
  centroids = address(record, CENTROIDS)
  workCentroids = address(record, WORK_CENTROIDS)
  paths = address(record, PATHS)
  otherPaths = address(record, OTHER_PATHS)
  groupPaths = address(record, GROUP_PATHS)
  halfGaps = address(record, HALF_GAPS)
  scale = number(record, SCALE)
  normMax = number(record, NORM_MAX)
  definition = <f64>(columns + 4) * 2.3e-16
  nearError = <f64>(columns + 8) * U24 * 1.02 + definition
  errorBase = (2.04 * <f64>(columns + 4) + 8.2) * U24 * normMax
  errorNorm = 8.2 * U24
  const clusters = integer(record, CLUSTERS)
  sums = address(record, SUMS)
  if (sums) {
    sums += <usize>thread * <usize>clusters * (<usize>columns << 4)
    counts = address(record, COUNTS) + (<usize>thread * <usize>clusters << 4)
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
  for (let start = from; start < to; start += ROUND) {
    const active = findActive(start, min(start + ROUND, to))
    if (active == 0) continue
    if (groups == 1) assignFew(start, active)
    else assignMany(start, active)
  }
  const stats = address(record, STATS) + (<usize>thread << 6)
  store<f64>(stats + (STAT_CHANGED << 3), load<f64>(stats + (STAT_CHANGED << 3)) + changed)
  store<f64>(stats + (STAT_DISTANCES << 3), load<f64>(stats + (STAT_DISTANCES << 3)) + computed)
  store<f64>(stats + (STAT_EXACT << 3), load<f64>(stats + (STAT_EXACT << 3)) + decided)
}
