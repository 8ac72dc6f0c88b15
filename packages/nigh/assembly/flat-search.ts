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
// share given up is measured and no more is asked (flat-cut.ts).
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
// Rows in clusters are packed cell by cell, and most cells are never looked at (flat-cells.ts).
//
// Slices tell each other their thresholds, since k rows in hand anywhere bound the distance of a neighbour everywhere.
//
// Source: register tile as in tile.ts; giving up on part of a distance: Bei and Gray 1985 (partial distance search), here
// for 32 pairs at once; int16 as a certified filter is ours, the bound is the triangle inequality.

import {
  BLOCK,
  CAPACITY,
  CELLS,
  COLUMNS,
  CUT_HALVES,
  COUNTS,
  DISTANCES_SQ,
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
  PANEL_COUNT,
  PANELS,
  QUERY_COUNT,
  QUERY_NORMS,
  QUERY_ORDER,
  QUERY_WORK,
  RESIDUAL,
  ROWS,
  SCRATCH,
  SCRATCH_BYTES,
  SELF,
  SLICES,
  STAT_EXACT,
  STAT_WORK,
  STATS,
  THRESHOLDS,
} from '../src/kernels/near-layout'
import { scanCells } from './flat-cells'
import { currentCut, learnCut, startCuts, useCut } from './flat-cut'
import { cut, publish, rank } from './flat-list'
import { cutOf, widthOf } from './flat-pack'
import { scan1, scanBlock } from './flat-scan'
import {
  lowerExact,
  Q_COUNT,
  Q_ERROR,
  Q_EXACT,
  Q_FOUND,
  Q_LIST,
  Q_NORM_SQ,
  Q_QUERY,
  Q_RANKED,
  Q_REST,
  Q_ROWS,
  Q_SQS,
  setThreshold,
  SLACK,
  SLOT,
  WIDEN,
} from './flat-slot'
import { address, integer, number } from './record'
import { offer, sortHeap, sortPairs } from './select'

/** Panels between two decisions on the cut. */
const RUN: i32 = 64

/** Searches: item i is slice i mod SLICES of the points, for block ⌊i ÷ SLICES⌋ of the queries. */
export function flatSearch(record: usize, from: i32, to: i32, thread: i32): void {
  const columns = integer(record, COLUMNS)
  const queryCount = integer(record, QUERY_COUNT)
  const k = integer(record, NEIGHBORS)
  const mode = integer(record, MODE)
  const block = integer(record, BLOCK)
  const slices = integer(record, SLICES)
  const capacity = integer(record, CAPACITY)
  const panels = integer(record, PANEL_COUNT)
  const rows = integer(record, ROWS)
  const order = address(record, QUERY_ORDER)
  const width = widthOf(columns)
  const residual = number(record, RESIDUAL)
  const work = address(record, QUERY_WORK)
  const scratch = address(record, SCRATCH) + <usize>thread * <usize>integer(record, SCRATCH_BYTES)
  // Scratch: 64 bytes for scores and exact distances, 64 for the choice of the cut, slots, queries in fours, column pair
  // by column pair, lists, distances to pivots and nearest cells.
  const fours = <usize>(block + 3) & ~3
  const state = scratch + 64
  const slots = scratch + 128
  const groups = slots + fours * SLOT
  const lists = groups + fours * width
  const reaches = lists + ((<usize>block * <usize>capacity) << 3)

  for (let item = from; item < to; item++) {
    const slice = item % slices
    const first = (item / slices) * block
    const queries = min(block, queryCount - first)
    const firstPanel = <i32>((<i64>panels * slice) / slices)
    const endPanel = <i32>((<i64>panels * (slice + 1)) / slices)

    for (let i = 0; i < queries; i++) {
      const query = order ? load<i32>(order + ((<usize>(first + i)) << 2)) : first + i
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

    if (queries > 1) {
      for (let i = 0; i < queries; i++) {
        const row = work + <usize>load<u32>(slots + <usize>i * SLOT + Q_QUERY) * width
        const target = groups + <usize>(i & ~3) * width + ((<usize>(i & 3)) << 2)
        for (let at: usize = 0; at < width; at += 4) store<i32>(target + (at << 2), load<i32>(row + at))
      }
    }
    // Places of the last four without a query want nothing.
    for (let i = queries; i & 3; i++) setThreshold(slots + <usize>i * SLOT, i32.MIN_VALUE)
    let scored = <f64>queries * <f64>(endPanel - firstPanel) * 8
    if (integer(record, CELLS) > 0) {
      scored = scanCells(record, scratch, state, groups, slots, reaches, queries, slice)
    } else if (queries == 1) {
      const panel = address(record, PANELS) + <usize>firstPanel * (width << 3)
      const halves = address(record, HALVES) + ((<usize>firstPanel) << 5)
      const query = work + <usize>load<u32>(slots + Q_QUERY) * width
      scan1(record, scratch, query, width, panel, halves, endPanel - firstPanel, firstPanel * 8, slots)
    } else {
      scanRuns(record, scratch, state, groups, slots, queries, firstPanel, endPanel)
    }
    const stats = address(record, STATS) + ((<usize>thread) << 6) + ((<usize>STAT_WORK) << 3)
    store<f64>(stats, load<f64>(stats) + scored)

    for (let i = 0; i < queries; i++) {
      finish(
        record,
        scratch,
        slots + <usize>i * SLOT,
        slice,
        <i32>((<i64>rows * slice) / slices),
        <i32>((<i64>rows * (slice + 1)) / slices),
        thread,
      )
    }
  }
}

/** A block of queries against panels `from` to `to`, in runs, each with the cut that promises most. */
function scanRuns(
  record: usize,
  scratch: usize,
  state: usize,
  groups: usize,
  slots: usize,
  queries: i32,
  from: i32,
  to: i32,
): void {
  const columns = integer(record, COLUMNS)
  const width = widthOf(columns)
  const cuts = address(record, CUT_HALVES)
  const size = (<usize>integer(record, PANEL_COUNT)) << 5
  const fours = (queries + 3) >> 2
  startCuts(state)
  useCut(record, state, slots, queries)
  for (let panel = from; panel < to; panel += RUN) {
    const count = min(RUN, to - panel)
    const l = currentCut(state)
    const given = scanBlock(
      record,
      scratch,
      groups,
      slots,
      queries,
      width,
      l == 0 ? 0 : (<usize>cutOf(columns, l)) << 1,
      address(record, PANELS) + <usize>panel * (width << 3),
      address(record, HALVES) + ((<usize>panel) << 5),
      cuts + <usize>max(l - 1, 0) * size + ((<usize>panel) << 5),
      count,
      panel * 8,
    )
    if (cuts && learnCut(state, <f64>given / (<f64>count * <f64>fours))) useCut(record, state, slots, queries)
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
