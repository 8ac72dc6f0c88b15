// The candidates of a query: listed by score, shortened, ranked by exact distance (flat-search.ts has the bound).

import {
  CAPACITY,
  COLUMNS,
  DOUBLE,
  LIMIT_SQ,
  MODE,
  MODE_COUNT,
  MODE_NEAREST,
  NEIGHBORS,
  PLACE_ROWS,
  POINTS,
  QUERIES,
  SELF,
  THRESHOLDS,
} from '../src/kernels/near-layout'
import { exactSq4 } from './exact'
import {
  lower,
  lowerExact,
  Q_COUNT,
  Q_ERROR,
  Q_EXACT,
  Q_FOUND,
  Q_LIST,
  Q_NORM_SQ,
  Q_QUERY,
  Q_RANKED,
  Q_ROWS,
  Q_SQS,
  Q_THRESHOLD,
  setThreshold,
  WIDEN,
} from './flat-slot'
import { address, integer, number } from './record'
import { offer, select } from './select'

/** Puts those of 8 scores that are at or below the threshold on the query's list. */
export function list(record: usize, scratch: usize, slot: usize, a: v128, b: v128, row: i32): void {
  const threshold = v128.load32_splat(slot)
  let mask = i32x4.bitmask(i32x4.le_s(a, threshold)) | (i32x4.bitmask(i32x4.le_s(b, threshold)) << 4)
  v128.store(scratch, a)
  v128.store(scratch, b, 16)
  const self = integer(record, SELF)
  const own = self < 0 ? -1 : self + load<i32>(slot + Q_QUERY)
  const capacity = integer(record, CAPACITY)
  const places = address(record, PLACE_ROWS)
  const entries = <usize>load<u32>(slot + Q_LIST)
  let count = load<i32>(slot + Q_COUNT)
  while (mask) {
    const place = ctz(mask)
    mask &= mask - 1
    const found = places ? load<i32>(places + ((<usize>(row + place)) << 2)) : row + place
    if (found == own) continue
    const score = load<i32>(scratch + ((<usize>place) << 2))
    store<i64>(entries + ((<usize>count) << 3), ((<i64>score) << 32) | <i64>(<u32>found))
    count++
    if (count == capacity) {
      store<i32>(slot + Q_COUNT, count)
      shorten(record, scratch, slot)
      count = load<i32>(slot + Q_COUNT)
    }
  }
  store<i32>(slot + Q_COUNT, count)
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
export function cut(record: usize, slot: usize): void {
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
export function rank(record: usize, scratch: usize, slot: usize): void {
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
export function publish(record: usize, slot: usize): void {
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
