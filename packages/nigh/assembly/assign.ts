// Assignment: each row to its nearest centroid, exactly, with as little work as the bounds allow.
//
// Idea. Centroids lie in groups (of 8·m packed places; one group when k is small: then this is Hamerly 2010; many:
// Yinyang, Ding et al. 2015). A row keeps an upper bound u on the distance to its own centroid, a lower bound M on
// the distance to any other, and one lower bound L[g] per group. When centroids move, the triangle inequality says
// how far the bounds may be off; instead of rewriting them, each is stored against the path length so far:
//
//   u = UPPER + PATHS[label]      M = LOWER − LONGEST_PATH      L[g] = GROUP_LOWER[g] − GROUP_PATHS[g]
//
//   for each row:  u < M → nothing can have changed.
//                  tighten u by one float32 distance; u < M → the same.
//                  otherwise the row is active
//   for each group: the active rows with L[g] ≤ u go, four at a time, through the dense kernel (tile.ts)
//   for each active row: best and other from the scores, as intervals that hold the exact distance.
//                  best's upper end < every other's lower end → certain.
//                  otherwise the centroids that could still win are decided by float64 distances (exact.ts).
//
// Strict < throughout: a tie is never certain, so it is decided by the definition, where the smaller index wins.
//
// Errors, with u24 = 2⁻²⁴, x the row and c the centroid in the working unit (float32), N = ‖x‖, C = max ‖c‖:
//   score:    |s̃ − s| ≤ (d + 4)·u24·C·(N + C/2)         dot product of d terms, rounded half norm, one subtraction
//   squared:  ‖x − c‖² = NORMS_SQ + 2·s, so its error is eQ = 2·(score error) + 2·u24·N²
//   input:    row and centroid were themselves rounded to float32: the distance is off by at most
//             δ = 1.02·u24·(N + C), and by the definition's own rounding, relative (d + 4)·2⁻⁵³
//   near:     by differences (nearSq), relative (d + 8)·u24 of the squared distance
// Every bound is widened by more than these; float32 stores are widened by 2⁻²³ of what was added.

import {
  CENTROIDS, CLUSTERS, COARSE, COLUMNS, COUNTS, DOUBLE, FINE, FIRST, GROUP_LOWER, GROUP_OF, GROUP_PANELS, GROUP_PATHS,
  GROUPS, HALF_GAPS, HALVES, LABELS, LONGEST_PATH, LOWER, NORM_MAX, NORMS_SQ, PANELS, PATHS, PLACES, POINTS,
  ROUND, SCALE, SCRATCH, SCRATCH_BYTES, STAT_CHANGED, STAT_DISTANCES, STAT_EXACT, STATS, SUM_ORIGIN, SUMS, TOUCHED,
  UPPER, WEIGHT_COARSE, WEIGHT_FINE, WEIGHTS, WORK, WORK_CENTROIDS,
} from '../src/kernels/layout'
import { addOnTwo, cell, exactSq } from './exact'
import { address, integer, number } from './record'
import { nearSq, nearestOfPanels } from './tile'

const U24: f64 = 5.9604644775390625e-8

// What an active row (a slot of the round) carries, 96 bytes each.
const S_ROW: usize = 0 // i32, the row
const S_LABEL: usize = 4 // i32, its label so far
const S_OWN_DONE: usize = 8 // i32, 1 once the group of its label went through the dense kernel
const S_BEST_PLACE: usize = 12 // i32, place of the best score; −1: none yet
const S_BEST_GROUP: usize = 16 // i32
const S_BEST: usize = 20 // f32, best score
const S_BEST_SECOND: usize = 24 // f32, second best score within the best's group
const S_OTHER: usize = 28 // f32, second best score over all groups computed
const S_UP: usize = 32 // f64, upper bound on the distance to the nearest centroid
const S_OWN_LOW: usize = 40 // f64, lower bound on the distance to the own centroid
const S_OWN_UP: usize = 48 // f64, upper bound on the same
const S_UNSEEN: usize = 56 // f64, lower bound over the groups not computed
const S_ERROR_SQ: usize = 64 // f64, eQ
const S_DELTA: usize = 72 // f64, δ
const S_NORM_SQ: usize = 80 // f64
const SLOT: usize = 96

/** The float32 above a float64 bound that was formed from a term as large as `size`. */
function up32(value: f64, size: f64): f32 {
  return <f32>(value + (Math.abs(value) + size) * 1.2e-7 + 1e-37)
}

/** The float32 below it. */
function down32(value: f64, size: f64): f32 {
  if (value == Infinity) return f32.POSITIVE_INFINITY
  return <f32>(value - (Math.abs(value) + size) * 1.2e-7 - 1e-37)
}

/** Lower bound on the distance that belongs to a score. */
function low(slot: usize, score: f32): f64 {
  if (score >= f32.MAX_VALUE) return Infinity // an empty place
  const sq = load<f64>(slot + S_NORM_SQ) + 2 * <f64>score - load<f64>(slot + S_ERROR_SQ)
  return (sq > 0 ? Math.sqrt(sq) : 0) * (1 - 1e-9) - load<f64>(slot + S_DELTA)
}

/** Upper bound on the distance that belongs to a score. */
function up(slot: usize, score: f32): f64 {
  const sq = load<f64>(slot + S_NORM_SQ) + 2 * <f64>score + load<f64>(slot + S_ERROR_SQ)
  return (sq > 0 ? Math.sqrt(sq) : 0) * (1 + 1e-9) + load<f64>(slot + S_DELTA)
}

/** Adds a row to (sign 1) or takes it from (sign −1) a centroid's sums. */
function move(record: usize, row: i32, centroid: i32, sign: f64, thread: i32): void {
  const columns = integer(record, COLUMNS)
  const clusters = integer(record, CLUSTERS)
  const weights = address(record, WEIGHTS)
  let weight: f64 = 1
  if (weights) {
    weight = load<f64>(weights + (<usize>row << 3))
    if (weight == 0) return
  }
  const slot = <usize>(thread * clusters + centroid)
  store<u8>(address(record, TOUCHED) + slot, 1)
  addOnTwo(address(record, COUNTS) + (slot << 4), weight, sign, 0, number(record, WEIGHT_COARSE), number(record, WEIGHT_FINE))
  const points = address(record, POINTS)
  const double = integer(record, DOUBLE) != 0
  const origin = address(record, SUM_ORIGIN)
  const coarse = address(record, COARSE)
  const fine = address(record, FINE)
  const start = <usize>row * <usize>columns
  const sumA = address(record, SUMS) + slot * (<usize>columns << 4)
  const sumB = sumA + (<usize>columns << 3)
  const whole = Math.floor(weight)
  const part = weight - whole
  const times = f64x2.splat(whole * sign)
  let j = 0
  if (part == 0) {
    for (; j + 2 <= columns; j += 2) {
      const at = <usize>j << 3
      const x = double
        ? v128.load(points + ((start + <usize>j) << 3))
        : f64x2.promote_low_f32x4(v128.load64_zero(points + ((start + <usize>j) << 2)))
      const t = f64x2.sub(x, v128.load(origin + at))
      const big = v128.load(coarse + at)
      const a = f64x2.sub(f64x2.add(t, big), big)
      const small = v128.load(fine + at)
      const b = f64x2.sub(f64x2.add(f64x2.sub(t, a), small), small)
      v128.store(sumA + at, f64x2.add(v128.load(sumA + at), f64x2.mul(times, a)))
      v128.store(sumB + at, f64x2.add(v128.load(sumB + at), f64x2.mul(times, b)))
    }
  }
  for (; j < columns; j++) {
    const at = <usize>j << 3
    const big = load<f64>(coarse + at)
    const small = load<f64>(fine + at)
    let t = cell(points, double, start + <usize>j) - load<f64>(origin + at)
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
    store<f64>(sumA + at, load<f64>(sumA + at) + a)
    store<f64>(sumB + at, load<f64>(sumB + at) + b)
  }
}

/** Labels rows with their nearest centroid; see the top of the file. */
export function assign(record: usize, from: i32, to: i32, thread: i32): void {
  const columns = integer(record, COLUMNS)
  const clusters = integer(record, CLUSTERS)
  const points = address(record, POINTS)
  const double = integer(record, DOUBLE) != 0
  const work = address(record, WORK)
  const norms = address(record, NORMS_SQ)
  const labels = address(record, LABELS)
  const first = integer(record, FIRST) != 0
  const upper = address(record, UPPER)
  const lower = address(record, LOWER)
  const groupLower = address(record, GROUP_LOWER)
  const groups = integer(record, GROUPS)
  const groupPanels = address(record, GROUP_PANELS)
  const panels = address(record, PANELS)
  const halves = address(record, HALVES)
  const places = address(record, PLACES)
  const groupOf = address(record, GROUP_OF)
  const centroids = address(record, CENTROIDS)
  const workCentroids = address(record, WORK_CENTROIDS)
  const normMax = number(record, NORM_MAX)
  const paths = address(record, PATHS)
  const groupPaths = address(record, GROUP_PATHS)
  const longest = number(record, LONGEST_PATH)
  const halfGaps = address(record, HALF_GAPS)
  const keepSums = address(record, SUMS) != 0
  const stats = address(record, STATS) + (<usize>thread << 6)
  const weights = address(record, WEIGHTS)
  const scale = number(record, SCALE)
  const slots = address(record, SCRATCH) + <usize>thread * <usize>integer(record, SCRATCH_BYTES)
  const list = slots + ROUND * SLOT // i32, the slots that a group must look at
  const out = list + (ROUND + 4) * 4 // what the dense kernel writes
  const definition = <f64>(columns + 4) * 2.3e-16
  const dotError = <f64>(columns + 4) * U24 * 1.02
  const nearError = <f64>(columns + 8) * U24 * 1.02
  const rowBytes = <usize>columns << 2
  let changed: f64 = 0
  let computed: f64 = 0
  let decided: f64 = 0

  for (let start = from; start < to; start += ROUND) {
    const end = min(start + ROUND, to)
    let active = 0

    for (let i = start; i < end; i++) {
      let ownUp: f64 = Infinity
      let ownLow: f64 = 0
      let label = -1
      let haveNorm = false
      let normSq: f64 = 0
      let norm: f64 = 0
      if (!first) {
        label = load<i32>(labels + (<usize>i << 2))
        const path = load<f64>(paths + (<usize>label << 3))
        ownUp = <f64>load<f32>(upper + (<usize>i << 2)) + path
        let bound = <f64>load<f32>(lower + (<usize>i << 2)) - longest
        if (halfGaps) bound = Math.max(bound, load<f64>(halfGaps + (<usize>label << 3)))
        if (ownUp < bound) continue
        const sq = <f64>nearSq(work + <usize>i * rowBytes, workCentroids + <usize>label * rowBytes, columns)
        computed += 1
        normSq = <f64>load<f32>(norms + (<usize>i << 2))
        norm = Math.sqrt(normSq)
        haveNorm = true
        const root = Math.sqrt(sq)
        const slack = root * (nearError + definition) + 1.02 * U24 * (norm + normMax) + 1e-37
        ownUp = root + slack
        ownLow = root - slack
        store<f32>(upper + (<usize>i << 2), up32(ownUp - path, path))
        if (ownUp < bound) continue
      }
      if (!haveNorm) {
        normSq = <f64>load<f32>(norms + (<usize>i << 2))
        norm = Math.sqrt(normSq)
      }
      const slot = slots + <usize>active * SLOT
      store<i32>(slot + S_ROW, i)
      store<i32>(slot + S_LABEL, label)
      store<i32>(slot + S_OWN_DONE, 0)
      store<i32>(slot + S_BEST_PLACE, -1)
      store<i32>(slot + S_BEST_GROUP, -1)
      store<f32>(slot + S_BEST, f32.MAX_VALUE)
      store<f32>(slot + S_BEST_SECOND, f32.MAX_VALUE)
      store<f32>(slot + S_OTHER, f32.MAX_VALUE)
      store<f64>(slot + S_UP, ownUp)
      store<f64>(slot + S_OWN_LOW, ownLow)
      store<f64>(slot + S_OWN_UP, ownUp)
      store<f64>(slot + S_UNSEEN, Infinity)
      store<f64>(slot + S_ERROR_SQ, 2 * dotError * normMax * (norm + normMax * 0.5) + 2.1 * U24 * normSq + 1e-37)
      store<f64>(slot + S_DELTA, 1.02 * U24 * (norm + normMax) + definition * (norm + normMax) + 1e-37)
      store<f64>(slot + S_NORM_SQ, normSq)
      active++
    }

    for (let g = 0; g < groups; g++) {
      const firstPanel = load<i32>(groupPanels + (<usize>g << 2))
      const panelCount = load<i32>(groupPanels + (<usize>g << 2), 4) - firstPanel
      const groupPath = load<f64>(groupPaths + (<usize>g << 3))
      let listed = 0
      if (first || groups == 1) {
        for (let s = 0; s < active; s++) store<i32>(list + (<usize>s << 2), s)
        listed = active
      } else {
        for (let s = 0; s < active; s++) {
          const slot = slots + <usize>s * SLOT
          const row = <usize>load<i32>(slot + S_ROW)
          const bound = <f64>load<f32>(groupLower + ((row * <usize>groups + <usize>g) << 2)) - groupPath
          if (bound > load<f64>(slot + S_UP)) {
            if (bound < load<f64>(slot + S_UNSEEN)) store<f64>(slot + S_UNSEEN, bound)
          } else {
            store<i32>(list + (<usize>listed << 2), s)
            listed++
          }
        }
      }
      if (listed == 0) continue
      const last = load<i32>(list + (<usize>(listed - 1) << 2))
      for (let pad = listed; pad < ((listed + 3) & ~3); pad++) store<i32>(list + (<usize>pad << 2), last)
      computed += <f64>listed * <f64>(panelCount << 3)
      const panel = panels + <usize>firstPanel * (rowBytes << 3)
      const half = halves + (<usize>firstPanel << 5)
      for (let s = 0; s < listed; s += 4) {
        const at = list + (<usize>s << 2)
        const s0 = slots + <usize>load<i32>(at) * SLOT
        const s1 = slots + <usize>load<i32>(at, 4) * SLOT
        const s2 = slots + <usize>load<i32>(at, 8) * SLOT
        const s3 = slots + <usize>load<i32>(at, 12) * SLOT
        nearestOfPanels(
          work + <usize>load<i32>(s0 + S_ROW) * rowBytes,
          work + <usize>load<i32>(s1 + S_ROW) * rowBytes,
          work + <usize>load<i32>(s2 + S_ROW) * rowBytes,
          work + <usize>load<i32>(s3 + S_ROW) * rowBytes,
          columns, panel, half, panelCount, firstPanel << 3, out,
        )
        const filled = min(4, listed - s)
        for (let r = 0; r < filled; r++) {
          const slot = slots + <usize>load<i32>(at + (<usize>r << 2)) * SLOT
          const score = load<f32>(out + (<usize>r << 2))
          const place = load<i32>(out + (<usize>r << 2), 16)
          const second = load<f32>(out + (<usize>r << 2), 32)
          const label = load<i32>(slot + S_LABEL)
          if (label >= 0 && load<i32>(groupOf + (<usize>label << 2)) == g) store<i32>(slot + S_OWN_DONE, 1)
          if (groupLower) {
            const row = <usize>load<i32>(slot + S_ROW)
            store<f32>(groupLower + ((row * <usize>groups + <usize>g) << 2), down32(low(slot, score) + groupPath, groupPath))
          }
          const best = load<f32>(slot + S_BEST)
          if (score < best) {
            store<f32>(slot + S_OTHER, min(min(load<f32>(slot + S_OTHER), best), second))
            store<f32>(slot + S_BEST, score)
            store<f32>(slot + S_BEST_SECOND, second)
            store<i32>(slot + S_BEST_PLACE, place)
            store<i32>(slot + S_BEST_GROUP, g)
            if (groups > 1 && !first) {
              const reach = up(slot, score)
              if (reach < load<f64>(slot + S_UP)) store<f64>(slot + S_UP, reach)
            }
          } else {
            store<f32>(slot + S_OTHER, min(load<f32>(slot + S_OTHER), score))
          }
        }
      }
    }

    for (let s = 0; s < active; s++) {
      const slot = slots + <usize>s * SLOT
      const row = <usize>load<i32>(slot + S_ROW)
      const label = load<i32>(slot + S_LABEL)
      const place = load<i32>(slot + S_BEST_PLACE)
      const bestGroup = load<i32>(slot + S_BEST_GROUP)
      const ownSeen = label < 0 || load<i32>(slot + S_OWN_DONE) != 0
      const unseen = load<f64>(slot + S_UNSEEN)
      let winner = -1
      let winnerUp: f64 = 0
      let other: f64 = unseen
      if (place < 0) {
        winner = label // no group could hold anything nearer
        winnerUp = load<f64>(slot + S_OWN_UP)
      } else {
        const found = load<i32>(places + (<usize>place << 2))
        const best = load<f32>(slot + S_BEST)
        const bestUp = up(slot, best)
        const rest = Math.min(unseen, low(slot, load<f32>(slot + S_OTHER)))
        if (ownSeen) {
          if (bestUp < rest) {
            winner = found
            winnerUp = found == label ? Math.min(bestUp, load<f64>(slot + S_OWN_UP)) : bestUp
            other = rest
            if (groupLower) {
              const path = load<f64>(groupPaths + (<usize>bestGroup << 3))
              store<f32>(
                groupLower + ((row * <usize>groups + <usize>bestGroup) << 2),
                down32(low(slot, load<f32>(slot + S_BEST_SECOND)) + path, path),
              )
            }
          }
        } else {
          const bestLow = low(slot, best)
          if (load<f64>(slot + S_OWN_UP) < Math.min(bestLow, unseen)) {
            winner = label
            winnerUp = load<f64>(slot + S_OWN_UP)
            other = Math.min(bestLow, unseen)
          } else {
            const ownLow = load<f64>(slot + S_OWN_LOW)
            if (bestUp < Math.min(rest, ownLow)) {
              winner = found
              winnerUp = bestUp
              other = Math.min(rest, ownLow)
              const path = load<f64>(groupPaths + (<usize>bestGroup << 3))
              store<f32>(
                groupLower + ((row * <usize>groups + <usize>bestGroup) << 2),
                down32(low(slot, load<f32>(slot + S_BEST_SECOND)) + path, path),
              )
              const own = load<i32>(groupOf + (<usize>label << 2))
              const ownPath = load<f64>(groupPaths + (<usize>own << 3))
              const at = groupLower + ((row * <usize>groups + <usize>own) << 2)
              if (ownLow < <f64>load<f32>(at) - ownPath) store<f32>(at, down32(ownLow + ownPath, ownPath))
            }
          }
        }
      }

      if (winner < 0) {
        // Too close to call: every group whose lower bound does not exclude it is decided by the definition.
        decided += 1
        let reach = Math.min(load<f64>(slot + S_OWN_UP), place < 0 ? Infinity : up(slot, load<f32>(slot + S_BEST)))
        reach = Math.min(reach, load<f64>(slot + S_UP))
        let bestSq: f64 = Infinity
        let secondSq: f64 = Infinity
        other = unseen
        for (let g = 0; g < groups; g++) {
          const path = load<f64>(groupPaths + (<usize>g << 3))
          const at = groupLower + ((row * <usize>groups + <usize>g) << 2)
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
                    groupLower + ((row * <usize>groups + <usize>previous) << 2),
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
        winnerUp = Math.sqrt(bestSq) * scale * (1 + definition) + 1e-37
        other = Math.min(other, Math.sqrt(secondSq) * scale * (1 - definition))
      }

      if (upper) {
        const path = load<f64>(paths + (<usize>winner << 3))
        store<f32>(upper + (row << 2), up32(winnerUp - path, path))
        store<f32>(lower + (row << 2), down32(other + longest, longest))
      }
      if (winner != label) {
        // A row of weight 0 is absent: its label is kept, but does not count as a change.
        if (!weights || load<f64>(weights + (row << 3)) != 0) changed += 1
        store<i32>(labels + (row << 2), winner)
        if (keepSums) {
          if (label >= 0) move(record, <i32>row, label, -1, thread)
          move(record, <i32>row, winner, 1, thread)
        }
      }
    }
  }
  store<f64>(stats + (STAT_CHANGED << 3), load<f64>(stats + (STAT_CHANGED << 3)) + changed)
  store<f64>(stats + (STAT_DISTANCES << 3), load<f64>(stats + (STAT_DISTANCES << 3)) + computed)
  store<f64>(stats + (STAT_EXACT << 3), load<f64>(stats + (STAT_EXACT << 3)) + decided)
}
