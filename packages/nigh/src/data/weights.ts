import { InputError, show } from '../check.ts'
import { OrderFreeSum, powerAbove } from './sums.ts'

/** Weights of rows, brought to a size that sums of them can count: see {@link rowWeights}. */
export interface RowWeights {
  /** n weights, from 0 up. */
  readonly values: Float64Array
  /** The sum of the weights each rounded up: what an {@link OrderFreeSum} must be able to count. */
  readonly count: number
}

/**
 * Checks the weights of rows and brings them to a size that sums can count: below 2^32 in all, and the largest at
 * least 1. That is done by a power of two, which no mean, spread or quantile notices beyond rounding, and only
 * where it is needed, so that whole weights stay whole: weight n is n copies.
 *
 * @throws {InputError} E_TYPE, or E_WEIGHTS for a wrong number of weights, one that is negative or not finite, or all
 * zero
 */
export function rowWeights(call: string, weights: unknown, rows: number): RowWeights {
  if (!(Array.isArray(weights) || weights instanceof Float64Array || weights instanceof Float32Array)) {
    throw new InputError(
      'E_TYPE',
      'sampleWeight',
      `${call}: sampleWeight must be an array of numbers, got ${show(weights)}`,
    )
  }
  if (weights.length !== rows) {
    throw new InputError(
      'E_WEIGHTS',
      'sampleWeight',
      `${call}: sampleWeight must have ${rows} numbers (one for each row), got ${weights.length}`,
    )
  }
  const values = new Float64Array(rows)
  let largest = 0
  for (let i = 0; i < rows; i++) {
    const weight: unknown = weights[i]
    if (typeof weight !== 'number' || !(weight >= 0 && weight < Number.POSITIVE_INFINITY)) {
      throw new InputError(
        'E_WEIGHTS',
        'sampleWeight',
        `${call}: sampleWeight must hold finite numbers from 0 up; row ${i} is ${show(weight)}`,
      )
    }
    values[i] = weight
    if (weight > largest) largest = weight
  }
  if (largest === 0) {
    throw new InputError(
      'E_WEIGHTS',
      'sampleWeight',
      `${call}: sampleWeight must hold a number above 0, got only zeros`,
    )
  }
  // The bound is on rows × the largest weight, not on the sum, which would depend on the order of the rows.
  const bound = powerAbove(rows) * powerAbove(largest)
  let unit = 1
  if (largest < 1) unit = powerAbove(largest) / 2
  else if (!(bound <= 2 ** 32)) unit = sizeAbove32(values, largest)
  let count = 0
  for (let i = 0; i < rows; i++) {
    values[i] /= unit
    count += Math.ceil(values[i])
  }
  return { values, count }
}

/** The power of two that brings the sum of the weights below 2^32; 1 where it is there. */
function sizeAbove32(values: Float64Array, largest: number): number {
  const sum = new OrderFreeSum(0, largest, values.length)
  for (let i = 0; i < values.length; i++) sum.add(values[i])
  // The mean and not the sum, which may be above every number there is.
  const mean = powerAbove(sum.mean(values.length))
  const rows = powerAbove(values.length)
  return mean <= 2 ** 32 / rows ? 1 : mean / (2 ** 32 / rows)
}

/** The sum of the weights, the same for every order of the rows. */
export function sumOfWeights(weights: Float64Array): number {
  let whole = 0
  const parts = new OrderFreeSum(0, 1, Math.max(1, weights.length))
  for (let i = 0; i < weights.length; i++) {
    const floor = Math.floor(weights[i])
    whole += floor
    if (weights[i] > floor) parts.add(weights[i] - floor)
  }
  return whole + parts.total
}
