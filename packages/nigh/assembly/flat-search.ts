// Flat search: every query against every point, in int16, certified; the few that could be neighbours in float64.
//
// Idea. Points and queries are centred, scaled by a power of two and rounded to int16 (x̂), once. With half norms,
// all in int32 and so without rounding,
//
//   score(q, p) = ⌊‖p̂‖²/2⌋ − q̂·p̂          ‖q̂ − p̂‖² = ‖q̂‖² + 2·score + (0 or 1)
//
//   for each block of queries, each panel of 8 points, each 4 queries:
//     32 scores by int16 dot products (i32x4.dot_i16x8_s: 16 multiply-adds in two instructions),
//       given up after a quarter, a half or three quarters of the columns where none of them can end low enough
//     those at or below their query's threshold go on the query's list
//     list full → the k-th smallest score gives a new threshold, what is above it goes
//                 still too long (ties, or points closer than the rounding) → exact distances, keep the k nearest
//   what is left on the lists is ranked by exact distances (exact.ts); a tie goes to the smaller row.
//
// Bound. Let r(x) = ‖x − x̂‖ in the working unit, R the largest r of a point, e = R + r(q). By the triangle inequality
//
//   | ‖q − p‖ − ‖q̂ − p̂‖ | ≤ r(q) + r(p) ≤ e.
//
// If τ is the k-th smallest ‖q̂ − p̂‖ so far, k points lie within τ + e, so a neighbour p has ‖q − p‖ ≤ τ + e and
// ‖q̂ − p̂‖ ≤ τ + 2e. With the k-th smallest exact distance E in hand, ‖q̂ − p̂‖ ≤ E + e. Nothing depends on the size
// of the numbers, only on how finely int16 resolves them, and e is measured, not estimated: whole numbers of moderate
// size have e = 0.
//
// Giving up. With A the first columns and B the rest, a score at or below the threshold T means
//
//   ‖q̂_A‖² + 2(⌊‖p̂_A‖²/2⌋ − q̂_A·p̂_A) ≤ ‖q̂_A − p̂_A‖² ≤ ‖q̂ − p̂‖² ≤ ‖q̂‖² + 2T + 1,
//
// so ⌊‖p̂_A‖²/2⌋ − q̂_A·p̂_A ≤ T + (‖q̂_B‖² + 1)/2: all in whole numbers, rounded down. Where rows lie in clusters, or a few
// columns tell most of the distance, that saves up to three quarters of the work; where they do not (uniform rows), the
// share given up is measured and no more is asked (`scanRuns`).
//
// Rounding of the bound's own arithmetic. x − origin is rounded to float64 once (relative 2⁻⁵³, at most 2⁻³⁸ of a
// unit for ‖x̂‖ < 2¹⁵·√2), the scaling is exact, r is summed in float64 (relative d·2⁻⁵³); `SLACK` and a factor of
// 1 + 2⁻³⁰ cover them. The definition itself rounds: a computed squared distance is off by (d + 2)·2⁻⁵³, relative;
// the factor 1 + (d + 16)·2⁻⁵⁰ on the distance covers that. Underflow and overflow of the definition are the
// caller's to exclude (metrics/, `exponents`).
//
// Range. ‖p̂‖² ≤ 2²⁹ and ‖q̂‖² ≤ 2³²·⁵: |q̂·p̂| ≤ 2³⁰·⁷⁵ by Cauchy–Schwarz, plus a half norm of 2²⁸: below 2³¹. Points
// beyond are not packed but listed (FAR), and offered to every query; queries beyond compare with every point exactly.
//
// The same passes list what is within a radius: the threshold is fixed, and full lists are emptied as they go.
//
// Slices tell each other their thresholds, since k rows in hand anywhere bound the distance of a neighbour everywhere.
//
// Source: register tile as in tile.ts; giving up on part of a distance: Bei and Gray 1985 (partial distance search), here
// for 32 pairs at once; int16 as a certified filter is ours, the bound is the triangle inequality.

import {
  BLOCK,
  CAPACITY,
  COLUMNS,
  CUT_HALVES,
  COUNTS,
  DISTANCES_SQ,
  DOUBLE,
  FAR,
  FAR_COUNT,
  HALVES,
  INDICES,
  LIMIT_SQ,
  MERGED_DISTANCES_SQ,
  MERGED_INDICES,
  MODE,
  MODE_COUNT,
  MODE_NEAREST,
  NEIGHBORS,
  NO_HALF,
  NO_ROW,
  OFFSETS,
  PANELS,
  POINTS,
  QUERIES,
  QUERY_COUNT,
  QUERY_NORMS,
  QUERY_RESTS,
  QUERY_WORK,
  RESIDUAL,
  ROWS,
  SCALE,
  SCRATCH,
  SCRATCH_BYTES,
  SELF,
  SLICES,
  STAT_EXACT,
  STAT_WORK,
  STATS,
  THRESHOLDS,
} from '../src/kernels/near-layout'
import { exactSq4 } from './exact'
import { cutOf, widthOf } from './flat-pack'
import { address, integer, number } from './record'
import { offer, select, sortHeap, sortPairs } from './select'

/** Covers the float64 rounding of origins and residuals, in working units. */
const SLACK: f64 = 9.5367431640625e-7
const WIDEN: f64 = 1.0000000009313226

// What a query of the block carries, 64 bytes each; the lists follow.
const Q_THRESHOLD: usize = 0 // i32, scores above it are of no interest
const Q_COUNT: usize = 4 // i32, candidates on its list
const Q_FOUND: usize = 8 // i32, pairs found so far by exact distance
const Q_EXACT: usize = 12 // i32, 1 once full lists are ranked by exact distance
const Q_LIST: usize = 16 // u32, address of its list: int64, score and row
const Q_QUERY: usize = 20 // u32, which query it is
const Q_SQS: usize = 24 // u32, where its pairs go: squared distances
const Q_ROWS: usize = 28 // u32, and rows
const Q_NORM_SQ: usize = 32 // f64, ‖q̂‖²
const Q_ERROR: usize = 40 // f64, e
const Q_RANKED: usize = 48 // f64, exact distances computed
const Q_REST: usize = 56 // u32, half the squared norm (and a half) beyond the cut at work
const Q_CUT: usize = 60 // i32, the threshold at the cut
const SLOT: usize = 64

/** Panels between two decisions on the cut, and how fast what was measured is forgotten. */
const RUN: i32 = 64
const FORGET: f64 = 0.97

/** Searches: item i is slice i mod SLICES of the points, for block ⌊i ÷ SLICES⌋ of the queries. */
export function flatSearch(record: usize, from: i32, to: i32, thread: i32): void {
  const columns = integer(record, COLUMNS)
  const queryCount = integer(record, QUERY_COUNT)
  const k = integer(record, NEIGHBORS)
  const mode = integer(record, MODE)
  const block = integer(record, BLOCK)
  const slices = integer(record, SLICES)
  const capacity = integer(record, CAPACITY)
  const panels = (integer(record, ROWS) + 7) >> 3
  const width = widthOf(columns)
  const residual = number(record, RESIDUAL)
  const work = address(record, QUERY_WORK)
  const scratch = address(record, SCRATCH) + <usize>thread * <usize>integer(record, SCRATCH_BYTES)
  // Scratch: 64 bytes for scores and exact distances, slots, queries in fours, column pair by column pair, lists.
  const fours = <usize>(block + 3) & ~3
  const slots = scratch + 64
  const groups = slots + fours * SLOT
  const lists = groups + fours * width

  for (let item = from; item < to; item++) {
    const slice = item % slices
    const first = (item / slices) * block
    const queries = min(block, queryCount - first)
    const firstPanel = <i32>((<i64>panels * slice) / slices)
    const endPanel = <i32>((<i64>panels * (slice + 1)) / slices)

    for (let i = 0; i < queries; i++) {
      const query = first + i
      const slot = slots + <usize>i * SLOT
      const norms = address(record, QUERY_NORMS) + ((<usize>query) << 4)
      const normSq = load<f64>(norms)
      const error = (residual + load<f64>(norms, 8)) * WIDEN + SLACK
      const place =
        mode == MODE_NEAREST
          ? (<usize>slice * <usize>queryCount + <usize>query) * <usize>k
          : mode == MODE_COUNT
            ? 0
            : <usize>load<f64>(address(record, OFFSETS) + ((<usize>query) << 3))
      store<i32>(slot + Q_COUNT, 0)
      store<i32>(slot + Q_FOUND, 0)
      store<i32>(slot + Q_EXACT, mode != MODE_NEAREST)
      store<u32>(slot + Q_LIST, <u32>(lists + <usize>i * ((<usize>capacity) << 3)))
      store<u32>(slot + Q_QUERY, query)
      store<u32>(slot + Q_SQS, <u32>(address(record, DISTANCES_SQ) + (place << 3)))
      store<u32>(slot + Q_ROWS, <u32>(address(record, INDICES) + (place << 2)))
      store<f64>(slot + Q_NORM_SQ, normSq)
      store<f64>(slot + Q_ERROR, error)
      store<f64>(slot + Q_RANKED, 0)
      store<u32>(slot + Q_REST, 0)
      setThreshold(slot, normSq < 0 ? i32.MIN_VALUE : NO_HALF - 1)
      if (mode == MODE_NEAREST && normSq >= 0) {
        const known = load<i32>(address(record, THRESHOLDS) + ((<usize>query) << 2))
        setThreshold(slot, min(NO_HALF - 1, known))
      }
      if (mode != MODE_NEAREST && normSq >= 0) lowerExact(record, slot, number(record, LIMIT_SQ))
    }

    const count = endPanel - firstPanel
    const panel = address(record, PANELS) + <usize>firstPanel * (width << 3)
    const halves = address(record, HALVES) + ((<usize>firstPanel) << 5)
    if (queries == 1) {
      scan1(record, scratch, work + <usize>first * width, width, panel, halves, count, firstPanel * 8, slots)
    } else {
      for (let i = 0; i < queries; i++) {
        const row = work + <usize>(first + i) * width
        const target = groups + <usize>(i & ~3) * width + ((<usize>(i & 3)) << 2)
        for (let at: usize = 0; at < width; at += 4) store<i32>(target + (at << 2), load<i32>(row + at))
      }
      // Places of the last four without a query want nothing.
      for (let i = queries; i & 3; i++) setThreshold(slots + <usize>i * SLOT, i32.MIN_VALUE)
      scanRuns(record, scratch, groups, slots, first, queries, firstPanel, endPanel)
    }
    const stats = address(record, STATS) + ((<usize>thread) << 6)
    store<f64>(
      stats + ((<usize>STAT_WORK) << 3),
      load<f64>(stats + ((<usize>STAT_WORK) << 3)) + <f64>queries * <f64>(endPanel - firstPanel) * 8,
    )

    for (let i = 0; i < queries; i++) {
      finish(
        record,
        scratch,
        slots + <usize>i * SLOT,
        slice,
        firstPanel * 8,
        min(endPanel * 8, integer(record, ROWS)),
        thread,
      )
    }
  }
}

/**
 * A block of queries against panels `from` to `to`, in runs, each with the cut that promises most.
 *
 * What a cut costs is its share of the columns, and the rest where it gave up nothing. That is measured by each run for
 * its cut; what was measured long ago counts less and less, so that each is tried again now and then. Only the time
 * depends on it.
 */
function scanRuns(
  record: usize,
  scratch: usize,
  groups: usize,
  slots: usize,
  first: i32,
  queries: i32,
  from: i32,
  to: i32,
): void {
  const columns = integer(record, COLUMNS)
  const width = widthOf(columns)
  const cuts = address(record, CUT_HALVES)
  const size = (<usize>((integer(record, ROWS) + 7) >> 3)) << 5
  const fours = (queries + 3) >> 2
  let cost1: f64 = 0.25
  let cost2: f64 = 0.5
  let cost3: f64 = 0.75
  // The first run is as good as all accepted: nothing to learn there.
  let l = 0
  for (let panel = from; panel < to; panel += RUN) {
    const count = min(RUN, to - panel)
    const cut = l == 0 ? 0 : cutOf(columns, l)
    for (let i = 0; i < queries; i++) {
      const slot = slots + <usize>i * SLOT
      const rests = address(record, QUERY_RESTS) + ((<usize>(first + i)) << 5)
      // A query that is not packed has no norm to speak of, and no threshold that a score could reach.
      const packed = load<f64>(slot + Q_NORM_SQ) >= 0
      const rest = cut == 0 || !packed ? 0 : (load<f64>(rests + ((<usize>l) << 3)) + 1) * 0.5
      store<u32>(slot + Q_REST, <u32>min<f64>(rest, 4294967295))
      setThreshold(slot, load<i32>(slot + Q_THRESHOLD))
    }
    const given = scanBlock(
      record,
      scratch,
      groups,
      slots,
      queries,
      width,
      (<usize>cut) << 1,
      address(record, PANELS) + <usize>panel * (width << 3),
      address(record, HALVES) + ((<usize>panel) << 5),
      cuts + <usize>max(l - 1, 0) * size + ((<usize>panel) << 5),
      count,
      panel * 8,
    )
    if (!cuts) continue
    const share = <f64>given / (<f64>count * <f64>fours)
    const part = <f64>l * 0.25
    const cost = part + (1 - part) * (1 - share)
    cost1 = l == 1 ? cost : cost1 * FORGET
    cost2 = l == 2 ? cost : cost2 * FORGET
    cost3 = l == 3 ? cost : cost3 * FORGET
    l = cost1 < cost2 ? (cost1 < cost3 ? 1 : 3) : cost2 < cost3 ? 2 : 3
    // A cut that gives up next to nothing costs a little more than none.
    if ((l == 1 ? cost1 : l == 2 ? cost2 : cost3) > 0.97) l = 0
  }
}

/**
 * A block of queries, four and four interleaved, against a run of panels. A panel stays in the first-level cache while
 * all queries pass; the queries come from the second.
 */
function scanBlock(
  record: usize,
  scratch: usize,
  groups: usize,
  slots: usize,
  queries: i32,
  width: usize,
  cut: usize,
  panel: usize,
  halves: usize,
  cutHalves: usize,
  panels: i32,
  row: i32,
): i32 {
  let given = 0
  for (let p = 0; p < panels; p++) {
    const ha = v128.load(halves)
    const hb = v128.load(halves, 16)
    let x = groups
    let slot = slots
    for (let i = 0; i < queries; i += 4) {
      let a0 = i32x4.splat(0),
        a1 = a0,
        a2 = a0,
        a3 = a0
      let b0 = a0,
        b1 = a0,
        b2 = a0,
        b3 = a0
      let pair = panel
      const next = x + (width << 2)
      if (cut) {
        for (const end = x + (cut << 2); x < end; x += 16) {
          const pa = v128.load(pair)
          const pb = v128.load(pair, 16)
          pair += 32
          let q = v128.load32_splat(x)
          a0 = i32x4.add(a0, i32x4.dot_i16x8_s(q, pa))
          b0 = i32x4.add(b0, i32x4.dot_i16x8_s(q, pb))
          q = v128.load32_splat(x, 4)
          a1 = i32x4.add(a1, i32x4.dot_i16x8_s(q, pa))
          b1 = i32x4.add(b1, i32x4.dot_i16x8_s(q, pb))
          q = v128.load32_splat(x, 8)
          a2 = i32x4.add(a2, i32x4.dot_i16x8_s(q, pa))
          b2 = i32x4.add(b2, i32x4.dot_i16x8_s(q, pb))
          q = v128.load32_splat(x, 12)
          a3 = i32x4.add(a3, i32x4.dot_i16x8_s(q, pa))
          b3 = i32x4.add(b3, i32x4.dot_i16x8_s(q, pb))
        }
        const ca = v128.load(cutHalves)
        const cb = v128.load(cutHalves, 16)
        let low = i32x4.le_s(
          i32x4.min_s(i32x4.sub(ca, a0), i32x4.sub(cb, b0)),
          v128.load32_splat(slot, Q_CUT),
        )
        low = v128.or(
          low,
          i32x4.le_s(
            i32x4.min_s(i32x4.sub(ca, a1), i32x4.sub(cb, b1)),
            v128.load32_splat(slot, SLOT + Q_CUT),
          ),
        )
        low = v128.or(
          low,
          i32x4.le_s(
            i32x4.min_s(i32x4.sub(ca, a2), i32x4.sub(cb, b2)),
            v128.load32_splat(slot, 2 * SLOT + Q_CUT),
          ),
        )
        low = v128.or(
          low,
          i32x4.le_s(
            i32x4.min_s(i32x4.sub(ca, a3), i32x4.sub(cb, b3)),
            v128.load32_splat(slot, 3 * SLOT + Q_CUT),
          ),
        )
        if (!v128.any_true(low)) {
          given++
          x = next
          slot += 4 * SLOT
          continue
        }
      }
      // Not unrolled: V8 then moves the loads to the front and runs out of registers.
      for (; x < next; x += 16) {
        const pa = v128.load(pair)
        const pb = v128.load(pair, 16)
        pair += 32
        let q = v128.load32_splat(x)
        a0 = i32x4.add(a0, i32x4.dot_i16x8_s(q, pa))
        b0 = i32x4.add(b0, i32x4.dot_i16x8_s(q, pb))
        q = v128.load32_splat(x, 4)
        a1 = i32x4.add(a1, i32x4.dot_i16x8_s(q, pa))
        b1 = i32x4.add(b1, i32x4.dot_i16x8_s(q, pb))
        q = v128.load32_splat(x, 8)
        a2 = i32x4.add(a2, i32x4.dot_i16x8_s(q, pa))
        b2 = i32x4.add(b2, i32x4.dot_i16x8_s(q, pb))
        q = v128.load32_splat(x, 12)
        a3 = i32x4.add(a3, i32x4.dot_i16x8_s(q, pa))
        b3 = i32x4.add(b3, i32x4.dot_i16x8_s(q, pb))
      }
      a0 = i32x4.sub(ha, a0)
      b0 = i32x4.sub(hb, b0)
      a1 = i32x4.sub(ha, a1)
      b1 = i32x4.sub(hb, b1)
      a2 = i32x4.sub(ha, a2)
      b2 = i32x4.sub(hb, b2)
      a3 = i32x4.sub(ha, a3)
      b3 = i32x4.sub(hb, b3)
      const low0 = i32x4.le_s(i32x4.min_s(a0, b0), v128.load32_splat(slot))
      const low1 = i32x4.le_s(i32x4.min_s(a1, b1), v128.load32_splat(slot + SLOT))
      const low2 = i32x4.le_s(i32x4.min_s(a2, b2), v128.load32_splat(slot + 2 * SLOT))
      const low3 = i32x4.le_s(i32x4.min_s(a3, b3), v128.load32_splat(slot + 3 * SLOT))
      if (v128.any_true(v128.or(v128.or(low0, low1), v128.or(low2, low3)))) {
        if (v128.any_true(low0)) list(record, scratch, slot, a0, b0, row)
        if (v128.any_true(low1)) list(record, scratch, slot + SLOT, a1, b1, row)
        if (v128.any_true(low2)) list(record, scratch, slot + 2 * SLOT, a2, b2, row)
        if (v128.any_true(low3)) list(record, scratch, slot + 3 * SLOT, a3, b3, row)
      }
      slot += 4 * SLOT
    }
    panel += width << 3
    halves += 32
    cutHalves += 32
    row += 8
  }
  return given
}

/** One query against a run of panels: bound by memory, which int16 halves. */
function scan1(
  record: usize,
  scratch: usize,
  query: usize,
  width: usize,
  panel: usize,
  halves: usize,
  panels: i32,
  row: i32,
  slot: usize,
): void {
  const size = width << 3
  for (let p = 0; p < panels; p++) {
    let a0 = i32x4.splat(0),
      a1 = a0
    let b0 = a0,
      b1 = a0
    let at: usize = 0
    for (; at + 8 <= width; at += 8) {
      let x = v128.load32_splat(query + at)
      a0 = i32x4.add(a0, i32x4.dot_i16x8_s(x, v128.load(panel)))
      b0 = i32x4.add(b0, i32x4.dot_i16x8_s(x, v128.load(panel, 16)))
      x = v128.load32_splat(query + at, 4)
      a1 = i32x4.add(a1, i32x4.dot_i16x8_s(x, v128.load(panel, 32)))
      b1 = i32x4.add(b1, i32x4.dot_i16x8_s(x, v128.load(panel, 48)))
      panel += 64
    }
    if (at < width) {
      const x = v128.load32_splat(query + at)
      a0 = i32x4.add(a0, i32x4.dot_i16x8_s(x, v128.load(panel)))
      b0 = i32x4.add(b0, i32x4.dot_i16x8_s(x, v128.load(panel, 16)))
      panel += 32
    }
    a0 = i32x4.sub(v128.load(halves), i32x4.add(a0, a1))
    b0 = i32x4.sub(v128.load(halves, 16), i32x4.add(b0, b1))
    halves += 32
    if (v128.any_true(i32x4.le_s(i32x4.min_s(a0, b0), v128.load32_splat(slot))))
      list(record, scratch, slot, a0, b0, row)
    row += 8
  }
}

/** Puts those of 8 scores that are at or below the threshold on the query's list. */
function list(record: usize, scratch: usize, slot: usize, a: v128, b: v128, row: i32): void {
  const threshold = v128.load32_splat(slot)
  let mask = i32x4.bitmask(i32x4.le_s(a, threshold)) | (i32x4.bitmask(i32x4.le_s(b, threshold)) << 4)
  v128.store(scratch, a)
  v128.store(scratch, b, 16)
  const self = integer(record, SELF)
  const own = self < 0 ? -1 : self + load<i32>(slot + Q_QUERY)
  const capacity = integer(record, CAPACITY)
  const entries = <usize>load<u32>(slot + Q_LIST)
  let count = load<i32>(slot + Q_COUNT)
  while (mask) {
    const place = ctz(mask)
    mask &= mask - 1
    if (row + place == own) continue
    const score = load<i32>(scratch + ((<usize>place) << 2))
    store<i64>(entries + ((<usize>count) << 3), ((<i64>score) << 32) | <i64>(row + place))
    count++
    if (count == capacity) {
      store<i32>(slot + Q_COUNT, count)
      shorten(record, scratch, slot)
      count = load<i32>(slot + Q_COUNT)
    }
  }
  store<i32>(slot + Q_COUNT, count)
}

/** Sets the threshold, and with it that at the cut. */
function setThreshold(slot: usize, score: i32): void {
  store<i32>(slot + Q_THRESHOLD, score)
  const cut = <i64>score + <i64>load<u32>(slot + Q_REST)
  store<i32>(slot + Q_CUT, score == i32.MIN_VALUE ? score : <i32>min<i64>(cut, NO_HALF - 1))
}

/** Lowers the threshold to a distance, in working units, that no neighbour's working copy exceeds. */
function lower(slot: usize, columns: i32, distance: f64): void {
  distance *= 1 + <f64>(columns + 16) * 8.881784197001252e-16
  const score = Math.floor((distance * distance - load<f64>(slot + Q_NORM_SQ)) * 0.5 + 0.001)
  if (score < <f64>load<i32>(slot + Q_THRESHOLD)) {
    setThreshold(slot, score < -2147483648 ? i32.MIN_VALUE : <i32>score)
  }
}

/** Lowers the threshold to what an exact squared distance, in the points' unit, allows. */
function lowerExact(record: usize, slot: usize, sq: f64): void {
  lower(
    slot,
    integer(record, COLUMNS),
    Math.sqrt(sq) * number(record, SCALE) * WIDEN + load<f64>(slot + Q_ERROR),
  )
}

/** Drops from a query's list what can no longer be a neighbour; ranks by exact distance where that leaves too much. */
function shorten(record: usize, scratch: usize, slot: usize): void {
  if (!load<i32>(slot + Q_EXACT)) {
    cut(record, slot)
    if (load<i32>(slot + Q_COUNT) <= integer(record, CAPACITY) >> 1) return
    store<i32>(slot + Q_EXACT, 1)
  }
  rank(record, scratch, slot)
}

/** Drops what lies above the threshold that the k-th smallest score gives. */
function cut(record: usize, slot: usize): void {
  const k = integer(record, NEIGHBORS)
  const count = load<i32>(slot + Q_COUNT)
  const entries = <usize>load<u32>(slot + Q_LIST)
  if (count < k) return
  select(entries, count, k - 1)
  const score = <i32>(load<i64>(entries + ((<usize>(k - 1)) << 3)) >> 32)
  // max: a score may stand for −1, where ‖q̂ − p̂‖² = 0 and the halved norm was rounded down.
  const sq = max(0, load<f64>(slot + Q_NORM_SQ) + 2 * <f64>score + 1)
  lower(slot, integer(record, COLUMNS), Math.sqrt(sq) * WIDEN + 2 * load<f64>(slot + Q_ERROR))
  const threshold = load<i32>(slot + Q_THRESHOLD)
  let kept = k
  for (let i = k; i < count; i++) {
    const entry = load<i64>(entries + ((<usize>i) << 3))
    store<i64>(entries + ((<usize>kept) << 3), entry)
    kept += <i32>(<i32>(entry >> 32) <= threshold)
  }
  store<i32>(slot + Q_COUNT, kept)
}

/** Empties a query's list by exact distances: into its k nearest, its count, or its rows within. */
function rank(record: usize, scratch: usize, slot: usize): void {
  const columns = integer(record, COLUMNS)
  const count = load<i32>(slot + Q_COUNT)
  const entries = <usize>load<u32>(slot + Q_LIST)
  const query = address(record, QUERIES) + <usize>load<u32>(slot + Q_QUERY) * ((<usize>columns) << 3)
  const points = address(record, POINTS)
  const double = integer(record, DOUBLE) != 0
  for (let i = 0; i < count; i += 4) {
    const rest = count - i
    const row0 = load<u32>(entries + ((<usize>i) << 3))
    const row1 = rest > 1 ? load<u32>(entries + ((<usize>i) << 3), 8) : row0
    const row2 = rest > 2 ? load<u32>(entries + ((<usize>i) << 3), 16) : row0
    const row3 = rest > 3 ? load<u32>(entries + ((<usize>i) << 3), 24) : row0
    exactSq4(points, double, columns, row0, row1, row2, row3, query, query, query, query, scratch + 32)
    take(record, slot, load<f64>(scratch, 32), row0)
    if (rest > 1) take(record, slot, load<f64>(scratch, 40), row1)
    if (rest > 2) take(record, slot, load<f64>(scratch, 48), row2)
    if (rest > 3) take(record, slot, load<f64>(scratch, 56), row3)
  }
  store<f64>(slot + Q_RANKED, load<f64>(slot + Q_RANKED) + <f64>count)
  store<i32>(slot + Q_COUNT, 0)
  const k = integer(record, NEIGHBORS)
  if (
    integer(record, MODE) == MODE_NEAREST &&
    load<i32>(slot + Q_FOUND) == k &&
    load<f64>(slot + Q_NORM_SQ) >= 0
  ) {
    const sq = load<f64>(<usize>load<u32>(slot + Q_SQS))
    // Nothing is nearer than 0, and of equals the rows to come are the larger: no more of them.
    if (sq == 0) setThreshold(slot, i32.MIN_VALUE)
    else lowerExact(record, slot, sq)
  }
}

/**
 * Tells the other slices what k rows in hand say of all others. Written without a lock: whichever value stays is a
 * threshold, so chance decides how much is computed and never what is found.
 */
function publish(record: usize, slot: usize): void {
  if (load<i32>(slot + Q_FOUND) < integer(record, NEIGHBORS) || load<f64>(slot + Q_NORM_SQ) < 0) return
  const known = address(record, THRESHOLDS) + ((<usize>load<u32>(slot + Q_QUERY)) << 2)
  // Not the slot's own, which at distance 0 also knows that rows to come in this slice are larger.
  store<i32>(slot + Q_THRESHOLD, load<i32>(known))
  lowerExact(record, slot, load<f64>(<usize>load<u32>(slot + Q_SQS)))
  store<i32>(known, load<i32>(slot + Q_THRESHOLD))
}

/** One exact squared distance: kept, counted or listed where it belongs. */
function take(record: usize, slot: usize, sq: f64, row: u32): void {
  const mode = integer(record, MODE)
  const found = load<i32>(slot + Q_FOUND)
  const sqs = <usize>load<u32>(slot + Q_SQS)
  const rows = <usize>load<u32>(slot + Q_ROWS)
  if (mode == MODE_NEAREST) {
    store<i32>(slot + Q_FOUND, offer(sqs, rows, found, integer(record, NEIGHBORS), sq, row))
  } else if (sq <= number(record, LIMIT_SQ)) {
    if (mode != MODE_COUNT) {
      store<f64>(sqs + ((<usize>found) << 3), sq)
      store<u32>(rows + ((<usize>found) << 2), row)
    }
    store<i32>(slot + Q_FOUND, found + 1)
  }
}

/** Ranks what is left of a query, the rows without a place in the panels among them, and sorts it. */
function finish(
  record: usize,
  scratch: usize,
  slot: usize,
  slice: i32,
  fromRow: i32,
  toRow: i32,
  thread: i32,
): void {
  const mode = integer(record, MODE)
  const k = integer(record, NEIGHBORS)
  const capacity = integer(record, CAPACITY)
  const self = integer(record, SELF)
  const query = load<i32>(slot + Q_QUERY)
  const own = self < 0 ? -1 : self + query
  const entries = <usize>load<u32>(slot + Q_LIST)
  const stats = address(record, STATS) + ((<usize>thread) << 6) + ((<usize>STAT_EXACT) << 3)
  if (mode == MODE_NEAREST && !load<i32>(slot + Q_EXACT)) cut(record, slot)
  rank(record, scratch, slot)
  if (mode == MODE_NEAREST) publish(record, slot)
  const packed = load<f64>(slot + Q_NORM_SQ) >= 0
  const far = address(record, FAR)
  // A query that is not packed meets every row of its slice here; the others only the rows that are not packed.
  const count = packed ? (slice == 0 ? integer(record, FAR_COUNT) : 0) : toRow - fromRow
  for (let i = 0; i < count; i++) {
    const row = packed ? load<u32>(far + ((<usize>i) << 2)) : <u32>(fromRow + i)
    if (row == <u32>own) continue
    const at = load<i32>(slot + Q_COUNT)
    store<i64>(entries + ((<usize>at) << 3), row)
    store<i32>(slot + Q_COUNT, at + 1)
    if (at + 1 == capacity) rank(record, scratch, slot)
  }
  rank(record, scratch, slot)
  store<f64>(stats, load<f64>(stats) + load<f64>(slot + Q_RANKED))

  const found = load<i32>(slot + Q_FOUND)
  const sqs = <usize>load<u32>(slot + Q_SQS)
  const rows = <usize>load<u32>(slot + Q_ROWS)
  if (mode == MODE_NEAREST) {
    sortHeap(sqs, rows, found)
    for (let i = found; i < k; i++) {
      store<f64>(sqs + ((<usize>i) << 3), Infinity)
      store<u32>(rows + ((<usize>i) << 2), NO_ROW)
    }
  } else if (mode == MODE_COUNT) {
    store<f64>(address(record, COUNTS) + ((<usize>query) << 3), <f64>found)
  } else {
    sortPairs(sqs, rows, found)
  }
}

/** Merges the slices' results, query by query. */
export function flatMerge(record: usize, from: i32, to: i32, thread: i32): void {
  const queryCount = integer(record, QUERY_COUNT)
  const k = integer(record, NEIGHBORS)
  const slices = integer(record, SLICES)
  const indices = address(record, INDICES)
  const distancesSq = address(record, DISTANCES_SQ)
  for (let query = from; query < to; query++) {
    const start = <usize>query * <usize>k
    const sqs = address(record, MERGED_DISTANCES_SQ) + (start << 3)
    const rows = address(record, MERGED_INDICES) + (start << 2)
    let found = 0
    for (let slice = 0; slice < slices; slice++) {
      const place = (<usize>slice * <usize>queryCount + <usize>query) * <usize>k
      for (let i = 0; i < k; i++) {
        const sq = load<f64>(distancesSq + ((place + i) << 3))
        // Sorted: once one is no better than the last of the best, the rest are not.
        if (found == k && sq > load<f64>(sqs)) break
        const row = load<u32>(indices + ((place + i) << 2))
        if (row == NO_ROW) break
        found = offer(sqs, rows, found, k, sq, row)
      }
    }
    sortHeap(sqs, rows, found)
  }
}
