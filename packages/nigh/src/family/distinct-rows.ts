import { sortedNumbers } from '../data/sorted.ts'
import type { SearchProgress } from '../indexes/steps.ts'

type Work<T> = Generator<SearchProgress, T, void>

/**
 * Rows with copies merged, in a canonical order: by their numbers, column by column.
 *
 * Whatever is computed from these is the same for every order of the caller's rows, and a weight of n is the same as n
 * copies: rows of weight 0 stand last, and only get a label.
 */
export interface DistinctRows {
  /** total × width numbers. */
  readonly values: Float64Array
  /** Numbers of one row. */
  readonly width: number
  /** How many different rows of weight above 0 there are: the first ones. */
  readonly count: number
  /** How many different rows there are in all. */
  readonly total: number
  /** The summed weight of each of the first `count` rows. */
  readonly weights: Float64Array
  /** For each of the caller's n rows, which of these it is. */
  readonly of: Uint32Array
}

/**
 * Sorts rows and merges the equal ones.
 *
 * Cost: n log n comparisons of rows; the rows once more, and 12 bytes a row.
 *
 * @param weights n weights from 0 up; null for 1 each
 */
export function* distinctRows(
  values: ArrayLike<number>,
  width: number,
  weights: Float64Array | null,
): Work<DistinctRows> {
  const n = values.length / width
  const order = yield* canonicalOrder(values, width, weights)
  const of = new Uint32Array(n)
  const firsts: number[] = []
  const summed: number[] = []
  let count = 0
  for (let at = 0; at < n; at++) {
    const row = order[at]
    const weight = weights === null ? 1 : weights[row]
    const before = at === 0 ? -1 : order[at - 1]
    const same =
      before >= 0 &&
      weight > 0 === (weights === null || weights[before] > 0) &&
      compareRows(values, width, before, row) === 0
    if (same) {
      summed[summed.length - 1] += weight
    } else {
      firsts.push(row)
      summed.push(weight)
      if (weight > 0) count++
    }
    of[row] = firsts.length - 1
    if (at % BETWEEN_PAUSES === BETWEEN_PAUSES - 1) yield sorting
  }
  const merged = new Float64Array(firsts.length * width)
  for (let i = 0; i < firsts.length; i++) {
    if (i % BETWEEN_PAUSES === BETWEEN_PAUSES - 1) yield sorting
    const from = firsts[i] * width
    // + 0 turns −0 into 0: the two are one number, and must be one row.
    for (let j = 0; j < width; j++) merged[i * width + j] = values[from + j] + 0
  }
  return {
    values: merged,
    width,
    count,
    total: firsts.length,
    weights: Float64Array.from(summed.slice(0, count)),
    of,
  }
}

/** Rows merged between two pauses: a few milliseconds. */
const BETWEEN_PAUSES = 8192
const sorting: SearchProgress = { done: 0, total: 1 }

/**
 * Row numbers: rows of weight 0 last, then by their numbers, equal ones by weight, so that sums have one order.
 */
export function* canonicalOrder(
  values: ArrayLike<number>,
  width: number,
  weights: Float64Array | null,
): Work<Uint32Array> {
  const n = values.length / width
  const before = (a: number, b: number): number => {
    if (weights !== null) {
      const absent = Number(weights[a] === 0) - Number(weights[b] === 0)
      if (absent !== 0) return absent
    }
    const rows = compareRows(values, width, a, b)
    if (rows !== 0) return rows
    if (weights !== null && weights[a] !== weights[b]) return weights[a] - weights[b]
    return a - b
  }
  const steps = sortedNumbers(n, before)
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
    yield sorting
  }
}

function compareRows(values: ArrayLike<number>, width: number, a: number, b: number): number {
  for (let j = 0, at = a * width, bt = b * width; j < width; j++, at++, bt++) {
    if (values[at] < values[bt]) return -1
    if (values[at] > values[bt]) return 1
  }
  return 0
}
