import { InputError, show } from '../check.ts'
import type { ClassLabel } from './classes.ts'

/** Options that make some classes count for more. */
export interface ClassFactorOptions<T extends ClassLabel> {
  /**
   * What each class's votes are multiplied by: 'balanced' (inversely to its rows, so that a rare class is not outvoted
   * by sheer number), or numbers above 0 by class, 1 for classes that are not named. Default: 1 each.
   */
  readonly classWeight?: 'balanced' | ReadonlyMap<T, number>
  /**
   * How frequent each class is where the model will be used, by class, in any unit, or 'uniform': votes are multiplied
   * by this share over the class's share of the fitted rows. Not together with `classWeight`. Default: as in the rows.
   */
  readonly priors?: 'uniform' | ReadonlyMap<T, number>
}

/**
 * The factor of each class; undefined where all are 1.
 *
 * @param weights n row weights; undefined: all 1
 * @throws {InputError} E_PARAM for a name, class or number out of the rules
 */
export function classFactors<T extends ClassLabel>(
  call: string,
  options: ClassFactorOptions<T>,
  classes: readonly T[],
  codes: Uint32Array,
  weights: Float64Array | undefined,
): Float64Array | undefined {
  const { classWeight, priors } = options
  if (classWeight === undefined && priors === undefined) return undefined
  if (classWeight !== undefined && priors !== undefined) {
    throw new InputError('E_PARAM', 'priors', `${call}: priors must not be given together with classWeight`)
  }
  const counts = new Float64Array(classes.length)
  let total = 0
  for (let row = 0; row < codes.length; row++) {
    const weight = weights === undefined ? 1 : weights[row]
    counts[codes[row]] += weight
    total += weight
  }
  if (classWeight === 'balanced') return counts.map((count) => total / (classes.length * count))
  if (priors === 'uniform') return counts.map((count) => total / (classes.length * count))
  if (classWeight !== undefined) return byClass(call, 'classWeight', classWeight, classes, 1)
  const shares = byClass(call, 'priors', priors, classes, undefined)
  const sum = shares.reduce((all, share) => all + share, 0)
  return shares.map((share, c) => (share / sum) * (total / counts[c]))
}

function byClass<T extends ClassLabel>(
  call: string,
  param: string,
  given: unknown,
  classes: readonly T[],
  missing: number | undefined,
): Float64Array {
  if (!(given instanceof Map)) {
    const word = param === 'priors' ? "'uniform'" : "'balanced'"
    throw new InputError(
      'E_PARAM',
      param,
      `${call}: ${param} must be ${word} or a Map from classes to numbers, got ${show(given)}`,
    )
  }
  const factors = new Float64Array(classes.length).fill(missing ?? Number.NaN)
  for (const [label, value] of given) {
    const place = classes.findIndex((one) => one === label)
    if (place < 0)
      throw new InputError('E_PARAM', param, `${call}: ${param} names ${show(label)}, which is not a class`)
    if (typeof value !== 'number' || !(value > 0 && value < Number.POSITIVE_INFINITY)) {
      throw new InputError(
        'E_PARAM',
        param,
        `${call}: ${param} must hold finite numbers above 0, got ${show(value)} for ${show(label)}`,
      )
    }
    factors[place] = value
  }
  const without = factors.findIndex((factor) => Number.isNaN(factor))
  if (without >= 0) {
    throw new InputError(
      'E_PARAM',
      param,
      `${call}: ${param} must name every class; ${show(classes[without])} is missing`,
    )
  }
  return factors
}
