// Settling a row: its label, its bounds, the sums of its centroids; and the decision by the definition.

import { ROUND } from '../src/kernels/layout'
import { addOnTwo, cell, exactSq } from './exact'
import {
  boundUnit,
  centroids,
  coarse,
  columns,
  countChanged,
  countDecided,
  countDistances,
  counts,
  definition,
  double,
  fine,
  first,
  groupLower,
  groupOf,
  groupPanels,
  groups,
  labels,
  lower,
  otherPaths,
  otherPaths32,
  OUT,
  paths,
  paths32,
  places,
  points,
  scale,
  scratch,
  stepsDown,
  stepsUp,
  sumOrigin,
  sums,
  touched,
  upper,
  weightCoarse,
  weightFine,
  weights,
} from './fit-state'
import { down32, gathered, up32 } from './scores'

/** Adds a row to a centroid's sums, and takes it from another's (none: −1). */
function move(row: usize, from: i32, to: i32): void {
  let weight: f64 = 1
  if (weights) {
    weight = load<f64>(weights + (row << 3))
    if (weight == 0) return
  }
  const taken = from >= 0
  store<u8>(touched + <usize>to, 1)
  addOnTwo(counts + ((<usize>to) << 4), weight, 1, 0, weightCoarse, weightFine)
  if (taken) {
    store<u8>(touched + <usize>from, 1)
    addOnTwo(counts + ((<usize>from) << 4), weight, -1, 0, weightCoarse, weightFine)
  }
  const start = row * <usize>columns
  const width = (<usize>columns) << 3
  const sumA = sums + <usize>to * (width << 1)
  const sumB = sumA + width
  const fromA = sums + <usize>(taken ? from : to) * (width << 1)
  const fromB = fromA + width
  const whole = Math.floor(weight)
  const part = weight - whole
  let j: usize = 0
  if (part == 0) {
    const times = f64x2.splat(whole)
    for (const pairs = width & ~15; j < pairs; j += 16) {
      const x = double
        ? v128.load(points + (start << 3) + j)
        : f64x2.promote_low_f32x4(v128.load64_zero(points + (start << 2) + (j >> 1)))
      const t = f64x2.sub(x, v128.load(sumOrigin + j))
      const big = v128.load(coarse + j)
      const small = v128.load(fine + j)
      const rounded = f64x2.sub(f64x2.add(t, big), big)
      const a = f64x2.mul(times, rounded)
      const b = f64x2.mul(times, f64x2.sub(f64x2.add(f64x2.sub(t, rounded), small), small))
      v128.store(sumA + j, f64x2.add(v128.load(sumA + j), a))
      v128.store(sumB + j, f64x2.add(v128.load(sumB + j), b))
      if (taken) {
        v128.store(fromA + j, f64x2.sub(v128.load(fromA + j), a))
        v128.store(fromB + j, f64x2.sub(v128.load(fromB + j), b))
      }
    }
  }
  for (; j < width; j += 8) {
    const big = load<f64>(coarse + j)
    const small = load<f64>(fine + j)
    let t = cell(points, double, start + (j >> 3)) - load<f64>(sumOrigin + j)
    let a = t + big - big
    let b = t - a + small - small
    a *= whole
    b *= whole
    if (part != 0) {
      t *= part
      const a2 = t + big - big
      a += a2
      b += t - a2 + small - small
    }
    store<f64>(sumA + j, load<f64>(sumA + j) + a)
    store<f64>(sumB + j, load<f64>(sumB + j) + b)
    if (taken) {
      store<f64>(fromA + j, load<f64>(fromA + j) - a)
      store<f64>(fromB + j, load<f64>(fromB + j) - b)
    }
  }
}

/** Address of a row's bound on a group: bounds lie round by round, group by group, so that rows stand together. */
export function boundOf(row: usize, group: usize): usize {
  return groupLower + ((((row / ROUND) * <usize>groups + group) * ROUND + (row % ROUND)) << 1)
}

/** A row's lower bound on the distances to a group, from where it is stored. */
export function groupBound(at: usize, group: usize): f64 {
  return <f64>max(0, <i32>load<u16>(at) - <i32>load<u16>(stepsUp + (group << 1))) * boundUnit
}

/** Stores a lower bound on the distances to a group: whole steps, so that nothing is rounded up. */
export function keepGroupBound(at: usize, group: usize, bound: f64): void {
  const steps = <f64>load<u16>(stepsDown + (group << 1)) + Math.floor(Math.max(0, bound) / boundUnit)
  store<u16>(at, <u16>Math.min(steps, MOST_STEPS))
}

/** The largest bound that is stored; one step more says that no group was left out. */
export const MOST_STEPS: f64 = 65534

/**
 * Stores new bounds of four rows, in float32: the paths of their centroids as they are there, which is rounded up,
 * narrowed to be surely below what they are.
 *
 * @param list their places in the round
 */
export function keepBounds(list: usize, start: i32, nearest: v128, up: v128, other: v128): void {
  const r0 = (<usize>start + <usize>load<i32>(list)) << 2
  const r1 = (<usize>start + <usize>load<i32>(list, 4)) << 2
  const r2 = (<usize>start + <usize>load<i32>(list, 8)) << 2
  const r3 = (<usize>start + <usize>load<i32>(list, 12)) << 2
  const o0 = (<usize>i32x4.extract_lane(nearest, 0)) << 2
  const o1 = (<usize>i32x4.extract_lane(nearest, 1)) << 2
  const o2 = (<usize>i32x4.extract_lane(nearest, 2)) << 2
  const o3 = (<usize>i32x4.extract_lane(nearest, 3)) << 2
  const below = f32x4.splat(1 - 5e-7)
  const step = f32x4.splat(2.4e-7)
  const least = f32x4.splat(1e-37)
  const path = f32x4.mul(gathered(paths32, o0, o1, o2, o3), below)
  const kept = f32x4.sub(up, path)
  const ups = f32x4.add(kept, f32x4.add(f32x4.mul(f32x4.add(f32x4.abs(kept), path), step), least))
  v128.store_lane<f32>(upper + r0, ups, 0)
  v128.store_lane<f32>(upper + r1, ups, 1)
  v128.store_lane<f32>(upper + r2, ups, 2)
  v128.store_lane<f32>(upper + r3, ups, 3)
  const far = f32x4.add(other, f32x4.mul(gathered(otherPaths32, o0, o1, o2, o3), below))
  const lows = f32x4.sub(far, f32x4.add(f32x4.mul(f32x4.abs(far), step), least))
  v128.store_lane<f32>(lower + r0, lows, 0)
  v128.store_lane<f32>(lower + r1, lows, 1)
  v128.store_lane<f32>(lower + r2, lows, 2)
  v128.store_lane<f32>(lower + r3, lows, 3)
}

/** Gives four rows, of which the first `filled` count, their nearest centroids as labels, and moves those that change. */
export function relabel(list: usize, start: i32, filled: i32, nearest: v128, same: i32): void {
  let bits = ~same & ((1 << filled) - 1)
  while (bits) {
    const r = ctz(bits)
    bits &= bits - 1
    const row = <usize>start + <usize>load<i32>(list + ((<usize>r) << 2))
    v128.store(scratch + OUT, nearest)
    changeLabel(
      row,
      first ? -1 : load<i32>(labels + (row << 2)),
      load<i32>(scratch + OUT + ((<usize>r) << 2)),
    )
  }
}

/** Stores a row's new label and bounds, and moves it between the sums. */
export function settle(row: usize, label: i32, winner: i32, winnerUp: f64, other: f64): void {
  if (upper) {
    const path = load<f64>(paths + ((<usize>winner) << 3))
    const otherPath = load<f64>(otherPaths + ((<usize>winner) << 3))
    store<f32>(upper + (row << 2), up32(winnerUp - path, path))
    store<f32>(lower + (row << 2), down32(other + otherPath, otherPath))
  }
  if (winner != label) changeLabel(row, label, winner)
}

function changeLabel(row: usize, label: i32, winner: i32): void {
  // A row of weight 0 is absent: its label is kept, but does not count as a change.
  if (!weights || load<f64>(weights + (row << 3)) != 0) countChanged()
  store<i32>(labels + (row << 2), winner)
  if (sums) move(row, label, winner)
}

/**
 * Decides a row by the definition, among the groups whose lower bound does not exclude them, and settles it.
 *
 * @param reach upper bound on the distance to the nearest centroid
 * @param unseen lower bound over the groups that were not computed
 */
export function decide(row: usize, label: i32, reach: f64, unseen: f64): void {
  countDecided()
  let winner = -1
  let bestSq: f64 = Infinity
  let secondSq: f64 = Infinity
  let other = unseen
  for (let g = 0; g < groups; g++) {
    const at = boundOf(row, g)
    const holdsOwn = label >= 0 && load<i32>(groupOf + ((<usize>label) << 2)) == g
    if (groupLower && !holdsOwn) {
      const bound = groupBound(at, g)
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
      countDistances(1)
      if (sq < bestSq || (sq == bestSq && c < winner)) {
        if (winner >= 0) {
          const previous = load<i32>(groupOf + ((<usize>winner) << 2))
          if (previous == g) {
            groupSq = Math.min(groupSq, bestSq)
          } else if (groupLower) {
            keepGroupBound(boundOf(row, previous), previous, Math.sqrt(bestSq) * scale * (1 - definition))
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
    if (groupLower) keepGroupBound(at, g, Math.sqrt(groupSq) * scale * (1 - definition))
  }
  other = Math.min(other, Math.sqrt(secondSq) * scale * (1 - definition))
  settle(row, label, winner, Math.sqrt(bestSq) * scale * (1 + definition) + 1e-37, other)
}
