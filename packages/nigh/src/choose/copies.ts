import { sampleRows } from '../evaluate/silhouette.ts'
import { Random } from '../random.ts'

/** Rows by their weights: row i has the places from the sum of the weights before it on. */
export interface Copies {
  /** The weights up to and with each row, summed. */
  readonly sums: Float64Array
  /** Whether every weight is a whole number: then the places are copies. */
  readonly whole: boolean
  /** How many places there are to draw: copies, or the rows that count where weights are fractions. */
  readonly places: number
}

/** @param weights n numbers from 0 up, not all 0 */
export function copiesOf(weights: Float64Array): Copies {
  const sums = new Float64Array(weights.length)
  let sum = 0
  let whole = true
  let live = 0
  weights.forEach((weight, i) => {
    sum += weight
    sums[i] = sum
    if (!Number.isInteger(weight)) whole = false
    if (weight > 0) live++
  })
  return { sums, whole, places: whole ? sum : live }
}

/**
 * So many rows, drawn in proportion to their weights, in the order of the rows; every copy, where all are wanted.
 *
 * Of copies without replacement, as of rows; of fractions at even steps from one random start, so that a row of weight w
 * stands there w / step times, give or take one.
 */
export function rowsByWeight({ sums, whole, places }: Copies, size: number, seed: number): Uint32Array {
  const total = sums[sums.length - 1]
  const chosen = whole && size < places ? sampleRows(places, size, seed) : null
  const start = whole ? 0 : new Random(seed).uniform()
  const rows = new Uint32Array(size)
  let row = 0
  for (let at = 0; at < size; at++) {
    const place = whole ? (chosen === null ? at : chosen[at]) : ((at + start) / size) * total
    while (row < sums.length - 1 && sums[row] <= place) row++
    rows[at] = row
  }
  return rows
}
