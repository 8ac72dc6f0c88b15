// The summed squared distance of a stretch of sorted numbers to their mean, in constant time, from running sums:
//
//   cost(i … j) = Q − S² / W      Q = Σ w t², S = Σ w t, W = Σ w over the stretch
//
// In float64 the difference would lose everything where a stretch is short against the whole range. So sums are kept
// as two float64 each (a number and what it lost), about 106 bits, by Dekker's and Knuth's exact sums and products.

import { powerAbove } from '../data/sums.ts'

/** Costs of stretches of sorted numbers. */
export class SegmentCosts {
  readonly #weight: Float64Array
  readonly #sum: Float64Array
  readonly #sumLow: Float64Array
  readonly #square: Float64Array
  readonly #squareLow: Float64Array
  readonly #unit: number

  /**
   * @param values m numbers, ascending; they are taken from the one in the middle, so an offset costs no digits
   * @param weights m weights above 0
   */
  constructor(values: Float64Array, weights: Float64Array) {
    const m = values.length
    const origin = values[m >> 1]
    const reach = Math.max(values[m - 1] - origin, origin - values[0])
    this.#unit = reach > 0 ? powerAbove(reach) : 1
    this.#weight = new Float64Array(m + 1)
    this.#sum = new Float64Array(m + 1)
    this.#sumLow = new Float64Array(m + 1)
    this.#square = new Float64Array(m + 1)
    this.#squareLow = new Float64Array(m + 1)
    for (let i = 0; i < m; i++) {
      const t = (values[i] - origin) / this.#unit
      const w = weights[i]
      this.#weight[i + 1] = this.#weight[i] + w
      const u = w * t
      append(this.#sum, this.#sumLow, i, u, productError(w, t, u))
      const square = t * t
      const v = w * square
      append(this.#square, this.#squareLow, i, v, productError(w, square, v) + w * productError(t, t, square))
    }
  }

  /** The cost of the numbers `from` to `to` (inclusive), in the unit of all costs: squares of a power of two. */
  of(from: number, to: number): number {
    if (from === to) return 0
    const weight = this.#weight[to + 1] - this.#weight[from]
    const s = this.#sum[to + 1] - this.#sum[from]
    const sLow =
      differenceError(this.#sum[to + 1], this.#sum[from], s) + (this.#sumLow[to + 1] - this.#sumLow[from])
    const q = this.#square[to + 1] - this.#square[from]
    const qLow =
      differenceError(this.#square[to + 1], this.#square[from], q) +
      (this.#squareLow[to + 1] - this.#squareLow[from])
    const p = s * s
    const pLow = productError(s, s, p) + 2 * s * sLow
    const mean = p / weight
    const back = mean * weight
    const meanLow = (p - back - productError(mean, weight, back) + pLow) / weight
    return Math.max(0, q - mean + (differenceError(q, mean, q - mean) + (qLow - meanLow)))
  }
}

function append(high: Float64Array, low: Float64Array, i: number, x: number, xLow: number): void {
  const sum = high[i] + x
  low[i + 1] = low[i] + (differenceError(high[i], -x, sum) + xLow)
  high[i + 1] = sum
}

/** What a − b lost when it was rounded to d. Source: Knuth, exact for any two numbers. */
function differenceError(a: number, b: number, d: number): number {
  const part = d - a
  return a - (d - part) - (b + part)
}

/** What a·b lost when it was rounded to p. Source: Dekker 1971 (Veltkamp's split). */
function productError(a: number, b: number, p: number): number {
  const aScaled = 134217729 * a
  const aHigh = aScaled - (aScaled - a)
  const aLow = a - aHigh
  const bScaled = 134217729 * b
  const bHigh = bScaled - (bScaled - b)
  const bLow = b - bHigh
  return aLow * bLow - (p - aHigh * bHigh - aLow * bHigh - aHigh * bLow)
}
