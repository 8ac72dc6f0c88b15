import { InputError, show } from '../check.ts'
import type { Matrix } from '../data/matrix.ts'

/** Plain or typed numbers. */
export type Numbers = readonly number[] | Float32Array | Float64Array

/**
 * A sum that does not depend on the order of its terms: the float64 nearest to the exact sum.
 *
 * Terms and running totals must stay finite: callers scale first.
 * Cost: a few additions a term.
 * Source: Shewchuk 1997, growing expansions; the last rounding as in Python's math.fsum.
 */
export class ExactSum {
  /** Numbers of rising size that do not overlap: their exact sum is the sum so far. */
  readonly #parts: number[] = []

  add(term: number): void {
    const parts = this.#parts
    let x = term
    let kept = 0
    for (let i = 0; i < parts.length; i++) {
      let y = parts[i]
      if (Math.abs(x) < Math.abs(y)) {
        const held = x
        x = y
        y = held
      }
      const high = x + y
      const low = y - (high - x)
      if (low !== 0) parts[kept++] = low
      x = high
    }
    parts[kept++] = x
    parts.length = kept
  }

  value(): number {
    const parts = this.#parts
    let at = parts.length - 1
    if (at < 0) return 0
    let high = parts[at--]
    let low = 0
    while (at >= 0) {
      const x = high
      const y = parts[at--]
      high = x + y
      low = y - (high - x)
      if (low !== 0) break
    }
    // Halfway cases: the next part says to which side the exact sum lies.
    if (at >= 0 && ((low < 0 && parts[at] < 0) || (low > 0 && parts[at] > 0))) {
      const twice = low * 2
      const moved = high + twice
      if (twice === moved - high) high = moved
    }
    return high
  }
}

/** The exact sum of n terms, rounded once. */
export function sumOf(n: number, term: (i: number) => number): number {
  const sum = new ExactSum()
  for (let i = 0; i < n; i++) sum.add(term(i))
  return sum.value()
}

/**
 * Checks weights: one for each of n rows, finite, none below 0, not all 0.
 *
 * @returns null where none were given: every row counts once
 */
export function checkWeights(call: string, weights: Numbers | undefined, n: number): Numbers | null {
  if (weights === undefined) return null
  const param = 'sampleWeight'
  checkNumbers(call, param, weights)
  if (weights.length !== n) {
    throw new InputError(
      'E_SHAPE',
      param,
      `${call}: ${param} must have one weight for each of the ${n} rows, got ${weights.length}`,
    )
  }
  let positive = false
  for (let i = 0; i < n; i++) {
    if (weights[i] < 0) {
      throw new InputError('E_WEIGHTS', param, `${call}: ${param}[${i}] must be 0 or more, got ${weights[i]}`)
    }
    if (weights[i] > 0) positive = true
  }
  if (!positive)
    throw new InputError('E_WEIGHTS', param, `${call}: ${param} must have a weight above 0, all are 0`)
  return weights
}

/** Checks that a list holds finite numbers only, and at least one. */
export function checkNumbers(call: string, param: string, numbers: Numbers): void {
  const typed = numbers instanceof Float32Array || numbers instanceof Float64Array
  if (!typed && !Array.isArray(numbers)) {
    throw new InputError('E_TYPE', param, `${call}: ${param} must be a list of numbers, got ${show(numbers)}`)
  }
  if (numbers.length === 0) throw new InputError('E_EMPTY', param, `${call}: ${param} has no entries`)
  for (let i = 0; i < numbers.length; i++) {
    const value: unknown = numbers[i]
    if (typeof value !== 'number') {
      throw new InputError('E_TYPE', param, `${call}: ${param}[${i}] must be a number, got ${show(value)}`)
    }
    if (value - value !== 0) {
      throw new InputError('E_NONFINITE', param, `${call}: ${param}[${i}] must be finite, got ${value}`)
    }
  }
}

/**
 * The power of two that brings a size near 1, or 1 where its square is far from float64's ends already.
 * Multiplying by it is exact, so ratios of squares come out right for numbers of 1e200 and of 1e-200 too.
 */
export function scaleFor(size: number): number {
  if (size === 0 || (size > 1e-100 && size < 1e100)) return 1
  return 2 ** -Math.max(-1000, Math.min(1000, Math.round(Math.log2(size))))
}

/**
 * The matrix's numbers, ready for sums of squared differences: as they are, or multiplied by one power of two where
 * squares would overflow or vanish (columns that are constant then become 0).
 *
 * @returns the numbers, and the factor by which distances between rows have grown
 */
export function squarable(points: Matrix): { values: Float32Array | Float64Array; scale: number } {
  const { values, rows, columns } = points
  const low = Float64Array.from(points.row(0))
  const high = Float64Array.from(low)
  for (let i = 0, at = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++, at++) {
      const x = values[at]
      if (x < low[j]) low[j] = x
      if (x > high[j]) high[j] = x
    }
  }
  let range = 0
  // Halves, since the range itself may be beyond float64.
  for (let j = 0; j < columns; j++) range = Math.max(range, high[j] / 2 - low[j] / 2)
  const scale = scaleFor(range)
  if (scale === 1) return { values, scale }
  const scaled = new Float64Array(values.length)
  for (let i = 0, at = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++, at++) scaled[at] = low[j] === high[j] ? 0 : values[at] * scale
  }
  return { values: scaled, scale }
}
