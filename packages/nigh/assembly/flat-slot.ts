// What a query of a block carries through a flat search, and its threshold (flat-search.ts has the bound).

import { COLUMNS, NO_HALF, SCALE } from '../src/kernels/near-layout'
import { integer, number } from './record'

/** Covers the float64 rounding of origins and residuals, in working units. */
export const SLACK: f64 = 9.5367431640625e-7
export const WIDEN: f64 = 1.0000000009313226

export const Q_THRESHOLD: usize = 0 // i32, scores above it are of no interest
export const Q_COUNT: usize = 4 // i32, candidates on its list
export const Q_FOUND: usize = 8 // i32, pairs found so far by exact distance
export const Q_EXACT: usize = 12 // i32, 1 once full lists are ranked by exact distance
export const Q_LIST: usize = 16 // u32, address of its list: int64, score and row
export const Q_QUERY: usize = 20 // u32, which query it is
export const Q_SQS: usize = 24 // u32, where its pairs go: squared distances
export const Q_ROWS: usize = 28 // u32, and rows
export const Q_NORM_SQ: usize = 32 // f64, ‖q̂‖²; −1: not packed
export const Q_ERROR: usize = 40 // f64, e
export const Q_RANKED: usize = 48 // f64, exact distances computed
export const Q_REST: usize = 56 // u32, half the squared norm (and a half) beyond the cut at work
export const Q_CUT: usize = 60 // i32, the threshold at the cut
export const Q_REACH: usize = 64 // f32, the largest ‖q̂ − p̂‖ of interest, and a little (flat-cells.ts)
/** Bytes of a slot. */
export const SLOT: usize = 80

/** What Q_REACH has to spare: two distances to a pivot that may be 1 short (an odd norm, halved), in float32. */
const REACH_SLACK: f64 = 1.25

/** Sets the threshold, and with it that at the cut, and the reach. */
export function setThreshold(slot: usize, score: i32): void {
  store<i32>(slot + Q_THRESHOLD, score)
  const cut = <i64>score + <i64>load<u32>(slot + Q_REST)
  store<i32>(slot + Q_CUT, score == i32.MIN_VALUE ? score : <i32>min<i64>(cut, NO_HALF - 1))
  const sq = load<f64>(slot + Q_NORM_SQ) + 2 * <f64>score + 2
  store<f32>(
    slot + Q_REACH,
    score == i32.MIN_VALUE ? -Infinity : <f32>(Math.sqrt(max(0, sq)) * 1.000001 + REACH_SLACK),
  )
}

/** Lowers the threshold to a distance, in working units, that no neighbour's working copy exceeds. */
export function lower(slot: usize, columns: i32, distance: f64): void {
  distance *= 1 + <f64>(columns + 16) * 8.881784197001252e-16
  const score = Math.floor((distance * distance - load<f64>(slot + Q_NORM_SQ)) * 0.5 + 0.001)
  if (score < <f64>load<i32>(slot + Q_THRESHOLD)) {
    setThreshold(slot, score < -2147483648 ? i32.MIN_VALUE : <i32>score)
  }
}

/** Lowers the threshold to what an exact squared distance, in the points' unit, allows. */
export function lowerExact(record: usize, slot: usize, sq: f64): void {
  lower(
    slot,
    integer(record, COLUMNS),
    Math.sqrt(sq) * number(record, SCALE) * WIDEN + load<f64>(slot + Q_ERROR),
  )
}
