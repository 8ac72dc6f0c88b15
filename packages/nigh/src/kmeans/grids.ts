/**
 * Power-of-two grids that make sums independent of the order of addition (ARCHITECTURE.md, "Sums").
 *
 * A number t is rounded to a multiple of g by `(t + big) − big` with big = 1.5 · 2^52 · g, exactly, for |t| < 2^51·g.
 * Multiples of g add without rounding while their sum stays below 2^53·g. A first, coarse grid takes the leading bits
 * of every number, a second grid takes what is left, and so on: B bits each, where 2^B times the summed weight stays
 * below 2^52.
 */
export interface Grids {
  /** Origin of each column: the middle of its range. d numbers. */
  readonly origin: Float64Array
  /** Rounding constant of each column's coarse grid, and of its fine grid. d numbers each. */
  readonly coarse: Float64Array
  readonly fine: Float64Array
  /** Rounding constants of the weights' two grids. */
  readonly weightCoarse: number
  readonly weightFine: number
  /** Bits that each grid takes. */
  readonly bits: number
  /** Upper bound on the squared distance between two rows, from the ranges. */
  readonly spanSq: number
}

/** Ranges of the rows of weight above zero, and what they weigh. */
export interface Ranges {
  readonly minima: Float64Array
  readonly maxima: Float64Array
  /** Sum of the weights, each rounded up to a whole number: the same for copies and for weights. */
  readonly weight: number
  readonly largestWeight: number
}

/** The grids that hold sums of such rows. */
export function gridsOf(ranges: Ranges): Grids {
  const columns = ranges.minima.length
  const bits = bitsFor(ranges.weight)
  const origin = new Float64Array(columns)
  const coarse = new Float64Array(columns)
  const fine = new Float64Array(columns)
  let spanSq = 0
  for (let j = 0; j < columns; j++) {
    const span = ranges.maxima[j] - ranges.minima[j]
    const middle = ranges.minima[j] + span / 2
    const half = Math.max(ranges.maxima[j] - middle, middle - ranges.minima[j])
    const exponent = exponentAbove(half)
    origin[j] = middle
    coarse[j] = roundingConstant(exponent - bits)
    fine[j] = roundingConstant(exponent - 2 * bits - 1)
    spanSq += span * span
  }
  const weightExponent = exponentAbove(ranges.largestWeight)
  return {
    origin,
    coarse,
    fine,
    weightCoarse: roundingConstant(weightExponent - bits),
    weightFine: roundingConstant(weightExponent - 2 * bits - 1),
    bits,
    spanSq,
  }
}

/** Rounding constants of three grids for numbers from 0 to `largest`. */
export function threeGrids(largest: number, bits: number): readonly [number, number, number] {
  const exponent = exponentAbove(largest)
  return [
    roundingConstant(exponent - bits),
    roundingConstant(exponent - 2 * bits - 1),
    roundingConstant(exponent - 3 * bits - 2),
  ]
}

/** How many bits of each number a grid can take when the summed weight is at most `weight`. */
function bitsFor(weight: number): number {
  return Math.min(50, 52 - exponentAbove(Math.max(weight, 1)))
}

/** The smallest e with 2^e > value, kept where 2^e times any grid stays a normal number. */
function exponentAbove(value: number): number {
  if (!(value > SMALLEST)) return -700
  view.setFloat64(0, value)
  return ((view.getUint32(0) >>> 20) & 0x7ff) - 1022
}

/** 1.5 · 2^52 · 2^exponent. */
function roundingConstant(exponent: number): number {
  return 1.5 * 2 ** (52 + exponent)
}

const SMALLEST = 2 ** -700
const view = new DataView(new ArrayBuffer(8))
