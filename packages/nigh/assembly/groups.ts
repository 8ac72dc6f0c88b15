// Many groups: each group looks at the rows that its bound does not exclude; then every active row is settled.
//
// Bounds on groups are kept in whole steps of BOUND_UNIT (a power of two), 16 bits each, so that eight rows are asked
// at once and nothing is rounded: kept = ⌊bound⌋ + ⌊path⌋, bound ≥ kept − ⌈path⌉. A bound too large for 16 bits is
// kept as the largest, which is a bound all the same.
//
//   for eight rows at a time: for each group: bound ≤ reach → a bit of BITS; else the bound counts in UNSEEN
//   for each group: the rows with a bit go, four at a time, through the dense kernel; the best are kept in SLOTS
//   for each active row: settle, leave to float32 scores, or decide by the definition

import { ROUND } from '../src/kernels/layout'
import {
  ACTIVE,
  AGAIN,
  boundUnit,
  countDistances,
  first,
  GROUPED,
  groupOf,
  groupPanels,
  groups,
  halves,
  labels,
  LIST,
  norms,
  OUT,
  OWN_LOW,
  OWN_UP,
  places,
  scratch,
  stepsDown,
  stepsUp,
} from './fit-state'
import { padList } from './list'
import {
  boundsOf,
  endsShort,
  deltasOf,
  errorsOf,
  formPanels,
  formRows,
  formUnit,
  formWidth,
  gathered,
  normsOf,
} from './scores'
import { boundOf, decide, groupBound, keepGroupBound, settle } from './settle'
import { nearestOfPanels } from './tile'

/** Eight rows are asked at once: so often in a round. */
const EIGHTHS: usize = ROUND / 8

// By place in the round, in the scratch space.
const REACH: usize = GROUPED // u16, upper bound on the distance to the nearest centroid, in steps, rounded up
const UNSEEN: usize = GROUPED + 2 * ROUND // u16, lower bound over the groups that are not computed; all ones: none
const EDGES: usize = GROUPED + 4 * ROUND // f32, squared norm less the error of the squared distances
const DELTAS: usize = GROUPED + 8 * ROUND // f32, what rounding the input may have changed a distance by
const SLOTS: usize = GROUPED + 12 * ROUND // f32 × 3 + i32: best score, other best, second within the best's group; place
const ASKED: usize = GROUPED + 28 * ROUND // one bit a row: whether it is active
const BITS: usize = GROUPED + 28 * ROUND + EIGHTHS // one bit a row, group by group: whether the group must look at it

/** Returns how many rows narrow scores left open: they stand in AGAIN. */
export function assignMany(start: i32, active: i32): i32 {
  begin(start, active)
  ask(start)
  for (let g = 0; g < groups; g++) {
    const listed = listOf(g)
    if (listed > 0) compute(g, start, listed)
  }
  return finishAll(start, active)
}

/** Readies what the round keeps of its active rows. */
function begin(start: i32, active: i32): void {
  memory.fill(scratch + ASKED, 0, EIGHTHS)
  memory.fill(scratch + UNSEEN, 0xff, 2 * ROUND)
  const none = v128.replace_lane<i32>(f32x4.splat(f32.MAX_VALUE), 3, -1)
  const steps = 1 / boundUnit
  for (let s = 0; s < active; s++) {
    const place = <usize>load<i32>(scratch + ACTIVE + ((<usize>s) << 2))
    const byte = scratch + ASKED + (place >> 3)
    store<u8>(byte, <u8>(<i32>load<u8>(byte) | (1 << (<i32>place & 7))))
    v128.store(scratch + SLOTS + (place << 4), none)
    if (first) continue
    // What lies beyond the largest bound is asked of every group.
    const reach = Math.ceil(<f64>load<f32>(scratch + OWN_UP + (place << 2)) * steps)
    store<u16>(scratch + REACH + (place << 1), <u16>Math.min(reach, 65535))
  }
  const normsAt = norms + ((<usize>start) << 2)
  for (let v: usize = 0; v < EIGHTHS; v++) {
    if (load<u8>(scratch + ASKED + v) == 0) continue
    for (let half: usize = 0; half < 32; half += 16) {
      const normSq = v128.load(normsAt + (v << 5) + half)
      const norm = f32x4.sqrt(normSq)
      v128.store(scratch + EDGES + (v << 5) + half, f32x4.sub(normSq, errorsOf(norm, normSq)))
      v128.store(scratch + DELTAS + (v << 5) + half, deltasOf(norm))
    }
  }
}

/** Finds which groups must look at which rows. */
function ask(start: i32): void {
  const bounds = boundOf(start, 0)
  const bits = scratch + BITS
  for (let v: usize = 0; v < EIGHTHS; v++) {
    const asked = load<u8>(scratch + ASKED + v)
    let bit = bits + v
    if (asked == 0 || first) {
      for (let g = 0; g < groups; g++) {
        store<u8>(bit, asked)
        bit += EIGHTHS
      }
      continue
    }
    let unseen = i16x8.splat(-1)
    const reach = v128.load(scratch + REACH + (v << 4))
    let at = bounds + (v << 4)
    for (let g: usize = 0; g < <usize>groups; g++) {
      const bound = i16x8.sub_sat_u(v128.load(at), v128.load16_splat(stepsUp + (g << 1)))
      const listed = i16x8.le_u(bound, reach)
      unseen = i16x8.min_u(unseen, v128.or(bound, listed))
      store<u8>(bit, <u8>i16x8.bitmask(listed) & asked)
      at += ROUND * 2
      bit += EIGHTHS
    }
    v128.store(scratch + UNSEEN + (v << 4), unseen)
  }
}

/** Writes the rows that a group must look at to LIST; returns how many. */
function listOf(g: i32): i32 {
  const list = scratch + LIST
  const bits = scratch + BITS + <usize>g * EIGHTHS
  let listed = 0
  for (let word: usize = 0; word < EIGHTHS; word += 8) {
    let open = load<u64>(bits + word)
    while (open) {
      store<i32>(list + ((<usize>listed) << 2), ((<i32>word) << 3) + <i32>ctz(open))
      listed++
      open &= open - 1
    }
  }
  return listed
}

/** Scores the listed rows with a group's centroids: its bounds are set, and the best are kept. */
function compute(g: i32, start: i32, listed: i32): void {
  const list = scratch + LIST
  const out = scratch + OUT
  const width = formWidth
  const base = formRows + <usize>start * width
  padList(list, listed)
  const firstPanel = load<i32>(groupPanels + ((<usize>g) << 2))
  const panelCount = load<i32>(groupPanels + ((<usize>g) << 2), 4) - firstPanel
  const shorter = endsShort(firstPanel + panelCount)
  countDistances(listed * (panelCount << 3))
  const panel = formPanels + <usize>firstPanel * (width << 3)
  const half = halves + ((<usize>firstPanel) << 5)
  const bounds = boundOf(start, g)
  const steps = f32x4.splat(<f32>(1 / boundUnit))
  const came = i32x4.splat(<i32>load<u16>(stepsDown + ((<usize>g) << 1)))
  const most = i32x4.splat(65534)
  const zero = f32x4.splat(0)
  for (let s = 0; s < listed; s += 4) {
    const at = list + ((<usize>s) << 2)
    const r0 = <usize>load<i32>(at)
    const r1 = <usize>load<i32>(at, 4)
    const r2 = <usize>load<i32>(at, 8)
    const r3 = <usize>load<i32>(at, 12)
    nearestOfPanels(
      base + r0 * width,
      base + r1 * width,
      base + r2 * width,
      base + r3 * width,
      width,
      panel,
      half,
      panelCount,
      shorter,
      firstPanel << 3,
      formUnit,
      out,
    )
    const scores = v128.load(out)
    // The second best of one or no other centroid is an empty place; half of the largest float32 still squares.
    const score = f32x4.pmin(scores, f32x4.splat(f32.MAX_VALUE * 0.25))
    const least = f32x4.pmax(
      zero,
      f32x4.add(gathered(scratch + EDGES, r0 << 2, r1 << 2, r2 << 2, r3 << 2), f32x4.add(score, score)),
    )
    const low = f32x4.sub(
      f32x4.mul(f32x4.sqrt(least), f32x4.splat(1 - 1e-6)),
      gathered(scratch + DELTAS, r0 << 2, r1 << 2, r2 << 2, r3 << 2),
    )
    const whole = i32x4.trunc_sat_f32x4_s(f32x4.pmax(zero, f32x4.mul(low, steps)))
    const kept = i32x4.min_s(i32x4.add(i32x4.min_s(whole, most), came), most)
    v128.store_lane<u16>(bounds + (r0 << 1), kept, 0)
    v128.store_lane<u16>(bounds + (r1 << 1), kept, 2)
    v128.store_lane<u16>(bounds + (r2 << 1), kept, 4)
    v128.store_lane<u16>(bounds + (r3 << 1), kept, 6)
    keep(r0, out)
    if (s + 1 < listed) keep(r1, out + 4)
    if (s + 2 < listed) keep(r2, out + 8)
    if (s + 3 < listed) keep(r3, out + 12)
  }
}

/** Keeps a group's best and second best score, should they be among the best of a row so far. */
function keep(row: usize, found: usize): void {
  const slot = scratch + SLOTS + (row << 4)
  const score = load<f32>(found)
  const best = load<f32>(slot)
  if (score < best) {
    const second = load<f32>(found, 32)
    store<f32>(slot, min(min(load<f32>(slot, 4), best), second), 4)
    store<f32>(slot, score)
    store<f32>(slot, second, 8)
    store<i32>(slot, load<i32>(found, 16), 12)
  } else if (score < load<f32>(slot, 4)) {
    store<f32>(slot, score, 4)
  }
}

/** Settles the active rows, and lists those that narrow scores leave open. */
function finishAll(start: i32, active: i32): i32 {
  const out = scratch + OUT
  const most = f32x4.splat(f32.MAX_VALUE * 0.25)
  let again = 0
  padList(scratch + ACTIVE, active)
  for (let s = 0; s < active; s += 4) {
    const at = scratch + ACTIVE + ((<usize>s) << 2)
    const s0 = v128.load(scratch + SLOTS + ((<usize>load<i32>(at)) << 4))
    const s1 = v128.load(scratch + SLOTS + ((<usize>load<i32>(at, 4)) << 4))
    const s2 = v128.load(scratch + SLOTS + ((<usize>load<i32>(at, 8)) << 4))
    const s3 = v128.load(scratch + SLOTS + ((<usize>load<i32>(at, 12)) << 4))
    const t0 = v128.shuffle<f32>(s0, s1, 0, 4, 1, 5)
    const t1 = v128.shuffle<f32>(s2, s3, 0, 4, 1, 5)
    const best = f32x4.pmin(v128.shuffle<i64>(t0, t1, 0, 2), most)
    const other = f32x4.pmin(v128.shuffle<i64>(t0, t1, 1, 3), most)
    const seconds = v128.shuffle<i64>(
      v128.shuffle<f32>(s0, s1, 2, 6, 3, 7),
      v128.shuffle<f32>(s2, s3, 2, 6, 3, 7),
      0,
      2,
    )
    const normSq = normsOf(at, start)
    boundsOf(normSq, best, best, out)
    boundsOf(normSq, other, best, out + 32)
    boundsOf(normSq, f32x4.pmin(seconds, most), best, out + 64)
    const filled = min(4, active - s)
    for (let r = 0; r < filled; r++) {
      const place = <usize>load<i32>(at + ((<usize>r) << 2))
      if (finish(place, <usize>start + place, out + ((<usize>r) << 2))) continue
      store<i32>(scratch + AGAIN + ((<usize>again) << 2), <i32>place)
      again++
    }
  }
  return again
}

/**
 * Settles an active row from what the groups found; returns whether it is settled (narrow scores may leave it open).
 *
 * @param bounds its lower and upper bound for the best score, at 0 and 16; lower for the other at 32, for the second
 * best within the best's group at 64
 */
function finish(place: usize, row: usize, bounds: usize): bool {
  const label = first ? -1 : load<i32>(labels + (row << 2))
  const bestPlace = load<i32>(scratch + SLOTS + (place << 4), 12)
  const unseenSteps = load<u16>(scratch + UNSEEN + (place << 1))
  const unseen = unseenSteps == 65535 ? Infinity : <f64>unseenSteps * boundUnit
  const ownUp = first ? Infinity : <f64>load<f32>(scratch + OWN_UP + (place << 2))
  if (bestPlace < 0) {
    settle(row, label, label, ownUp, unseen) // no group could hold anything nearer
    return true
  }
  const bestUp = <f64>load<f32>(bounds, 16)
  const found = load<i32>(places + ((<usize>bestPlace) << 2))
  const bestGroup = <usize>load<i32>(groupOf + ((<usize>found) << 2))
  let rest = Math.min(unseen, <f64>load<f32>(bounds, 32))
  if (!first) {
    const own = <usize>load<i32>(groupOf + ((<usize>label) << 2))
    const bits = load<u8>(scratch + BITS + own * EIGHTHS + (place >> 3))
    if (!(<i32>bits & (1 << (<i32>place & 7)))) {
      const bestLow = Math.min(unseen, <f64>load<f32>(bounds))
      if (ownUp < bestLow) {
        settle(row, label, label, ownUp, bestLow)
        return true
      }
      const ownLow = <f64>load<f32>(scratch + OWN_LOW + (place << 2))
      rest = Math.min(rest, ownLow)
      // The own centroid now counts among its group's others.
      const at = boundOf(row, own)
      if (ownLow < groupBound(at, own)) keepGroupBound(at, own, ownLow)
    }
  }
  if (bestUp < rest) {
    keepGroupBound(boundOf(row, bestGroup), bestGroup, <f64>load<f32>(bounds, 64))
    settle(row, label, found, found == label ? Math.min(bestUp, ownUp) : bestUp, rest)
    return true
  }
  if (formUnit != 0) return false
  decide(row, label, Math.min(bestUp, ownUp), unseen)
  return true
}
