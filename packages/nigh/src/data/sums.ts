// Sums that do not depend on the order of what is added (ARCHITECTURE.md, "Sums").
//
//   t  = (x − origin) / 2^e            |t| ≤ 2
//   a  = t rounded to grid 1           by adding and taking away 1.5·2^52 grid steps: exact
//   b  = t − a rounded to grid 2       t − a is exact, since a is t on a coarser grid
//   c  = t − a − b rounded to grid 3
//   A += a, B += b, C += c             whole multiples of a grid that stay below 2^53 of its steps: exact
//
// With 2^L numbers the grids step by 2^(L−51), 2^(2L−104) and 2^(3L−157): what is lost of each number is below 2^-94
// of the reach at a million numbers, 2^-58 at four thousand million.

/**
 * The sum of x − origin over many numbers x, each with a weight: the same bits in whatever order they are added.
 * A whole weight counts like so many copies, to the last bit.
 */
export class OrderFreeSum {
  readonly #origin: number
  readonly #unit: number
  readonly #big1: number
  readonly #big2: number
  readonly #big3: number
  #sum1 = 0
  #sum2 = 0
  #sum3 = 0

  /**
   * @param origin what is taken from every number before it is added: near the numbers, so that little is lost
   * @param reach the largest |x − origin| that will be added; finite
   * @param count at least the sum of all weights, each rounded up; from 1 to 2^33
   */
  constructor(origin: number, reach: number, count: number) {
    const steps = Math.max(2, powerAbove(count))
    this.#origin = origin
    // From 2^-1022, so that its inverse is finite; to 2^1023, so that it is finite itself.
    this.#unit = Math.min(2 ** 1023, Math.max(2 ** -1022, powerAbove(reach)))
    const grid1 = steps * 2 ** -51
    const grid2 = grid1 * steps * 2 ** -53
    const grid3 = grid2 * steps * 2 ** -53
    this.#big1 = grid1 * 1.5 * 2 ** 52
    this.#big2 = grid2 * 1.5 * 2 ** 52
    this.#big3 = grid3 * 1.5 * 2 ** 52
  }

  /** Adds a number with its weight, which is from 0 up. */
  add(value: number, weight = 1): void {
    this.addAll([value], weight === 1 ? null : [weight])
  }

  /** Adds numbers with their weights, which are from 0 up; null for 1 each. */
  addAll(values: ArrayLike<number>, weights: ArrayLike<number> | null): void {
    const origin = this.#origin
    const perUnit = 1 / this.#unit
    const big1 = this.#big1
    const big2 = this.#big2
    const big3 = this.#big3
    let sum1 = this.#sum1
    let sum2 = this.#sum2
    let sum3 = this.#sum3
    for (let i = 0; i < values.length; i++) {
      const t = (values[i] - origin) * perUnit
      const weight = weights === null ? 1 : weights[i]
      const whole = Math.floor(weight)
      const a = t + big1 - big1
      const rest = t - a
      const b = rest + big2 - big2
      sum1 += a * whole
      sum2 += b * whole
      sum3 += (rest - b + big3 - big3) * whole
      if (weight === whole) continue
      // The part of a weight below 1 multiplies the number itself: rounded once, alike for every order.
      const part = t * (weight - whole)
      const partA = part + big1 - big1
      const partRest = part - partA
      const partB = partRest + big2 - big2
      sum1 += partA
      sum2 += partB
      sum3 += partRest - partB + big3 - big3
    }
    this.#sum1 = sum1
    this.#sum2 = sum2
    this.#sum3 = sum3
  }

  /** The sum so far of weight · (x − origin). */
  get total(): number {
    return (this.#sum1 + (this.#sum2 + this.#sum3)) * this.#unit
  }

  /** The weighted mean of the numbers so far. */
  mean(weight: number): number {
    // Divided before the unit comes back, so that the sum of large numbers does not overflow.
    return this.#origin + ((this.#sum1 + (this.#sum2 + this.#sum3)) / weight) * this.#unit
  }
}

/** The smallest power of two that is at least x, for x above 0; from 2^-1074 to 2^1023 (for x above 2^1023, too). */
export function powerAbove(x: number): number {
  // By doubling and not by logarithm: Math.log2 may differ between engines.
  let power = 1
  while (power < x && power < 2 ** 1023) power *= 2
  while (power / 2 >= x && power / 2 > 0) power /= 2
  return power
}
