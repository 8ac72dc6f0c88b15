/**
 * Seeded random numbers: xoshiro128** (Blackman and Vigna 2018, public domain), its state filled from the seed by
 * splitmix32. Whole-number arithmetic only, so every engine draws the same numbers.
 */
export class Random {
  #a: number
  #b: number
  #c: number
  #d: number

  /** @param seed a whole number from 0 to 2^53 − 1 */
  constructor(seed: number) {
    let low = seed >>> 0
    const high = Math.floor(seed / 0x100000000) >>> 0
    const next = (): number => {
      low = (low + 0x9e3779b9) >>> 0
      let z = low ^ high
      z = Math.imul(z ^ (z >>> 16), 0x21f0aaad)
      z = Math.imul(z ^ (z >>> 15), 0x735a2d97)
      return (z ^ (z >>> 15)) >>> 0
    }
    this.#a = next()
    this.#b = next()
    this.#c = next()
    this.#d = next() | 1 // never all zero
  }

  /** The next 32 random bits, as a number from 0 to 2^32 − 1. */
  bits(): number {
    const scrambled = Math.imul(this.#b, 5)
    const result = Math.imul((scrambled << 7) | (scrambled >>> 25), 9) >>> 0
    const shifted = this.#b << 9
    this.#c ^= this.#a
    this.#d ^= this.#b
    this.#b ^= this.#c
    this.#a ^= this.#d
    this.#c ^= shifted
    this.#d = (this.#d << 11) | (this.#d >>> 21)
    return result
  }

  /** A number from 0 (inclusive) to 1 (exclusive), uniform over the multiples of 2^-53. */
  uniform(): number {
    const high = this.bits() >>> 5
    const low = this.bits() >>> 6
    return (high * 67108864 + low) / 9007199254740992
  }

  /** A whole number from 0 to `below` − 1, without bias. `below` is from 1 to 2^32. */
  integer(below: number): number {
    const limit = 4294967296 - (4294967296 % below)
    for (;;) {
      const drawn = this.bits()
      if (drawn < limit) return drawn % below
    }
  }

  /** A standard normal number by Marsaglia’s polar method. Uses Math.log, whose last bit may differ between engines: for test data, never for answers. */
  normal(): number {
    for (;;) {
      const u = 2 * this.uniform() - 1
      const v = 2 * this.uniform() - 1
      const s = u * u + v * v
      if (s > 0 && s < 1) return u * Math.sqrt((-2 * Math.log(s)) / s)
    }
  }

  /** Shuffles 0 … n−1 (Fisher–Yates). */
  permutation(n: number): Uint32Array {
    const order = new Uint32Array(n)
    for (let i = 0; i < n; i++) order[i] = i
    for (let i = n - 1; i > 0; i--) {
      const j = this.integer(i + 1)
      const held = order[i]
      order[i] = order[j]
      order[j] = held
    }
    return order
  }
}
