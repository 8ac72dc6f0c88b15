// Assignment: each row to its nearest centroid, exactly, with as little work as the bounds allow.
//
// Idea. Centroids lie in groups of packed places (one group when k is small: then this is Hamerly 2010; many: Yinyang,
// Ding et al. 2015). A row keeps an upper bound u on the distance to its own centroid, a lower bound M on the distance
// to any other, and one lower bound L[g] per group. When centroids move, the triangle inequality says how far the
// bounds may be off; instead of rewriting them, each is stored against the path length so far:
//
//   u = UPPER + PATHS[label]     M = LOWER − OTHER_PATHS[label]     L[g] = GROUP_LOWER[g] − path of g
//
//   for each row:   u < M → nothing can have changed.
//                   tighten u by one float32 distance; u < M → the same.
//                   otherwise the row is active
//   for each group: the active rows with L[g] ≤ u go through the dense kernel: four at a time (tile.ts), or eight where
//                   there is one group and narrow copies of the rows (lanes.ts)
//   for each active row: best and other from the scores, as intervals that hold the exact distance.
//                   best's upper end < every other's lower end → certain.
//                   otherwise, if the scores were narrow: again in float32;
//                   otherwise the centroids that could still win are decided by float64 distances (exact.ts).
//
// Strict < throughout: a tie is never certain, so it is decided by the definition, where the smaller index wins.
//
//
// active.ts finds the active rows, scores.ts bounds the errors, groups.ts serves many groups, settle.ts ends it.

import { ROUND } from '../src/kernels/layout'
import { findActive } from './active'
import {
  ACTIVE,
  AGAIN,
  clusters,
  countAgain,
  countDistances,
  direct,
  first,
  groupPanels,
  groups,
  halves,
  keyBits,
  labels,
  narrowHalves,
  narrowRows,
  OUT,
  OWN_UP,
  places,
  readFit,
  scratch,
  TURNED,
  upper,
  writeStats,
} from './fit-state'
import { assignMany } from './groups'
import { nearestByLanes } from './lanes'
import { padList } from './list'
import {
  boundsOf,
  endsShort,
  formPanels,
  formRows,
  formUnit,
  formWidth,
  listed,
  normsOf,
  useForm,
} from './scores'
import { decide, keepBounds, relabel, settle } from './settle'
import { nearestOfPanels } from './tile'

/**
 * One group: active rows go through the dense kernel four at a time and are settled at once. Returns how many rows
 * narrow scores left open: they stand in AGAIN.
 */
function assignFew(start: i32, active: i32): i32 {
  if (formUnit != 0) return assignByLanes(start, active)
  const list = scratch + ACTIVE
  const out = scratch + OUT
  const width = formWidth
  const base = formRows + <usize>start * width
  const panelCount = load<i32>(groupPanels, 4)
  const half = endsShort(panelCount)
  padList(list, active, 4)
  countDistances(active * clusters)
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
      half,
      0,
      0,
      out,
    )
    // The second best of one or no other centroid is an empty place; half of the largest float32 still squares.
    const second = f32x4.pmin(v128.load(out, 32), f32x4.splat(f32.MAX_VALUE * 0.25))
    settleFour(start, at, min(4, active - s), v128.load(out), second, listed(places, out + 16), 0)
  }
  return 0
}

/** The same by the narrow copies, eight rows at a time. */
function assignByLanes(start: i32, active: i32): i32 {
  const list = scratch + ACTIVE
  const out = scratch + OUT
  const rows = formRows + <usize>start * formWidth
  const bits = i32x4.splat(keyBits)
  const worth = f32x4.splat(formUnit)
  padList(list, active, 8)
  countDistances(active * clusters)
  let again = 0
  for (let s = 0; s < active; s += 8) {
    const at = list + ((<usize>s) << 2)
    nearestByLanes(
      rows,
      at,
      formWidth,
      formPanels,
      narrowHalves,
      clusters,
      ~keyBits,
      scratch + TURNED,
      out + 80,
    )
    for (let half = 0; half < 8 && s + half < active; half += 4) {
      const best = v128.load(out + 80 + ((<usize>half) << 2))
      const second = v128.load(out + 80 + ((<usize>half) << 2), 32)
      again = settleFour(
        start,
        at + ((<usize>half) << 2),
        min(4, active - s - half),
        f32x4.mul(f32x4.convert_i32x4_s(best), worth),
        f32x4.mul(f32x4.convert_i32x4_s(second), worth),
        v128.and(best, bits),
        again,
      )
    }
  }
  return again
}

/**
 * Settles four listed rows, of which `filled` count, by their best and second best scores. Rows that narrow scores
 * leave open join the `again` that stand in AGAIN; returns how many stand there then.
 */
function settleFour(
  start: i32,
  at: usize,
  filled: i32,
  best: v128,
  second: v128,
  winners: v128,
  again: i32,
): i32 {
  const out = scratch + OUT
  boundsOf(normsOf(at, start), second, best, out + 48)
  const other = v128.load(out + 48)
  let up = v128.load(out + 48, 16)
  const certain = f32x4.lt(up, other)
  let same = i32x4.splat(0)
  if (!first) {
    same = i32x4.eq(winners, listed(labels + ((<usize>start) << 2), at))
    if (!direct) {
      up = v128.bitselect(f32x4.pmin(up, listed(scratch + OWN_UP, at)), up, same)
      v128.store(out + 48, up, 16)
    }
  }
  if (i32x4.all_true(certain)) {
    if (upper) keepBounds(at, start, winners, up, other)
    if (!i32x4.all_true(same)) relabel(at, start, filled, winners, i32x4.bitmask(same))
    return again
  }
  v128.store(out, winners)
  const sure = i32x4.bitmask(certain)
  for (let r = 0; r < filled; r++) {
    const place = <usize>load<i32>(at + ((<usize>r) << 2))
    const row = <usize>start + place
    const label = first ? -1 : load<i32>(labels + (row << 2))
    const bestUp = <f64>load<f32>(out + 48 + ((<usize>r) << 2), 16)
    if (sure & (1 << r)) {
      const winner = load<i32>(out + ((<usize>r) << 2))
      settle(row, label, winner, bestUp, <f64>load<f32>(out + 48 + ((<usize>r) << 2)))
    } else if (formUnit != 0) {
      store<i32>(scratch + AGAIN + ((<usize>again) << 2), <i32>place)
      again++
    } else {
      decide(row, label, bestUp, Infinity)
    }
  }
  return again
}

/** Labels rows with their nearest centroid; see the top of the file. `from` is a multiple of ROUND. */
export function assign(record: usize, from: i32, to: i32, thread: i32): void {
  readFit(record, thread)
  for (let start = from; start < to; start += ROUND) {
    const active = findActive(start, min(start + ROUND, to))
    if (active == 0) continue
    useForm(narrowRows != 0)
    const again = groups == 1 ? assignFew(start, active) : assignMany(start, active)
    if (again == 0) continue
    countAgain(again)
    memory.copy(scratch + ACTIVE, scratch + AGAIN, (<usize>again) << 2)
    useForm(false)
    if (groups == 1) assignFew(start, again)
    else assignMany(start, again)
  }
  writeStats(record, thread)
}
