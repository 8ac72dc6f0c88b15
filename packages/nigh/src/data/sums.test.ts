import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Random } from '../random.ts'
import { momentsOf, quantilesOf, sampleOf } from './statistics.ts'
import { OrderFreeSum, powerAbove } from './sums.ts'
import { rowWeights, sumOfWeights } from './weights.ts'

function bits(values: readonly number[]): readonly bigint[] {
  return Array.from(new BigUint64Array(Float64Array.from(values).buffer))
}

/** The exact mean of float64 numbers, by whole numbers as long as they need to be, rounded once or twice at the end. */
function exactMean(values: readonly number[], weights: readonly number[]): number {
  const scale = 1n << 1100n
  let sum = 0n
  let total = 0n
  for (let i = 0; i < values.length; i++) {
    sum += fixed(values[i]) * BigInt(weights[i])
    total += BigInt(weights[i])
  }
  const mean = sum / total
  return Number((mean << 60n) / scale) / 2 ** 60
}

function fixed(value: number): bigint {
  const view = new DataView(new ArrayBuffer(8))
  view.setFloat64(0, value)
  const raw = view.getBigUint64(0)
  const exponent = (raw >> 52n) & 0x7ffn
  const fraction = raw & 0xfffffffffffffn
  const magnitude = exponent === 0n ? fraction << 26n : (fraction | (1n << 52n)) << (exponent - 1n + 26n)
  return raw >> 63n === 1n ? -magnitude : magnitude
}

describe('powerAbove', () => {
  it('is the smallest power of two that is at least x', () => {
    fc.assert(
      fc.property(fc.double({ min: 5e-324, max: 2 ** 1023, noNaN: true }), (x) => {
        const power = powerAbove(x)
        expect(power >= x && (power / 2 < x || power / 2 === 0)).toBe(true)
        expect(Number.isInteger(Math.log2(power))).toBe(true)
      }),
    )
    expect(powerAbove(Number.MAX_VALUE)).toBe(2 ** 1023)
  })
})

describe('OrderFreeSum', () => {
  const numbers = fc.array(fc.double({ min: -1e15, max: 1e15, noNaN: true }), { minLength: 1, maxLength: 60 })

  it('adds up alike in every order, weights and all', () => {
    fc.assert(
      fc.property(numbers, fc.integer(), (values, seed) => {
        const weights = values.map((_, i) => ((i * 7919) % 17) / 8)
        const sum = (order: ArrayLike<number>): number => {
          const made = new OrderFreeSum(0, 1e15, values.length * 3)
          for (let r = 0; r < order.length; r++) made.add(values[order[r]], weights[order[r]])
          return made.total
        }
        const forth = sum(values.map((_, i) => i))
        const shuffled = sum(new Random(Math.abs(seed)).permutation(values.length))
        expect(bits([shuffled])).toEqual(bits([forth]))
      }),
    )
  })

  it('takes a whole weight for so many copies', () => {
    fc.assert(
      fc.property(numbers, (values) => {
        const count = values.length * 5
        const weighted = new OrderFreeSum(3, 2e15, count)
        const copied = new OrderFreeSum(3, 2e15, count)
        values.forEach((value, i) => {
          weighted.add(value, i % 5)
          for (let copy = 0; copy < i % 5; copy++) copied.add(value)
        })
        expect(bits([weighted.total])).toEqual(bits([copied.total]))
      }),
    )
  })

  it('agrees with whole-number arithmetic to the last few bits, at any offset', () => {
    for (const offset of [0, 1e6, 1.7e12]) {
      const random = new Random(7)
      const values = Array.from({ length: 3000 }, () => offset + random.uniform() - 0.5)
      const weights = values.map((_, i) => i % 4)
      const sample = sampleOf(Float64Array.from(values), Float64Array.from(weights))
      const mean = exactMean(values, weights)
      expect(Math.abs(momentsOf(sample).mean - mean)).toBeLessThanOrEqual(
        2 * 2 ** -52 * Math.max(1, Math.abs(mean)),
      )
    }
  })

  it('does not lose small numbers beside a large one', () => {
    const sum = new OrderFreeSum(0, 1e16, 4)
    for (const value of [1e16, 1, -1e16, 1]) sum.add(value)
    expect(sum.total).toBe(2)
  })
})

describe('moments', () => {
  it('are right at an offset of 1.7e12', () => {
    const sample = sampleOf(Float64Array.of(1.7e12 + 1, 1.7e12 + 2, 1.7e12 + 3, 1.7e12 + 4), null)
    expect(momentsOf(sample)).toEqual({ mean: 1.7e12 + 2.5, deviation: Math.sqrt(1.25) })
  })

  it('neither overflow nor underflow', () => {
    for (const unit of [1, 2 ** 600, 2 ** -600, 2 ** 1020, 2 ** -1060]) {
      const { mean, deviation } = momentsOf(
        sampleOf(Float64Array.of(unit, 2 * unit, 3 * unit, 6 * unit), null),
      )
      expect(mean / unit).toBe(3)
      expect(deviation / unit).toBeCloseTo(Math.sqrt(3.5), 2 ** -1060 === unit ? 3 : 12)
    }
  })

  it('have a spread of exactly zero where all numbers are equal', () => {
    fc.assert(
      fc.property(
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        fc.integer({ min: 1, max: 40 }),
        (value, n) => {
          expect(momentsOf(sampleOf(new Float64Array(n).fill(value), null))).toEqual({
            mean: value + 0,
            deviation: 0,
          })
        },
      ),
    )
  })
})

describe('quantiles', () => {
  it('are those of NumPy', () => {
    const sample = sampleOf(Float64Array.of(7, 1, 3, 12, 5, 4.5), null)
    // numpy.quantile([7, 1, 3, 12, 5, 4.5], [0, .1, .25, .5, .75, .9, 1])
    expect(quantilesOf(sample, [0, 0.1, 0.25, 0.5, 0.75, 0.9, 1])).toEqual([1, 2, 3.375, 4.75, 6.5, 9.5, 12])
  })

  it('take a whole weight for so many copies, and no heed of order', () => {
    const values = fc.array(fc.tuple(fc.double({ noNaN: true }), fc.integer({ min: 0, max: 4 })), {
      minLength: 1,
    })
    fc.assert(
      fc.property(
        values.filter((rows) => rows.some(([, weight]) => weight > 0)),
        (rows) => {
          const shares = [0, 0.1, 0.25, 0.5, 0.75, 1]
          const column = (list: readonly (readonly [number, number])[]): number[] =>
            quantilesOf(
              sampleOf(
                Float64Array.from(list, ([value]) => value),
                Float64Array.from(list, ([, weight]) => weight),
              ),
              shares,
            )
          const copies = rows.flatMap(([value, weight]) => Array.from({ length: weight }, () => value))
          const copied = bits(quantilesOf(sampleOf(Float64Array.from(copies), null), shares))
          expect(bits(column(rows))).toEqual(copied)
          expect(bits(column([...rows].reverse()))).toEqual(copied)
        },
      ),
    )
  })
})

describe('rowWeights', () => {
  it('refuses what is no weight, naming the row', () => {
    const bad =
      (weights: unknown): (() => unknown) =>
      () =>
        rowWeights('call', weights, 2)
    expect(bad([1, -1])).toThrow('call: sampleWeight must hold finite numbers from 0 up; row 1 is -1')
    expect(bad([1, Number.NaN])).toThrow('row 1 is NaN')
    expect(bad([1, Number.POSITIVE_INFINITY])).toThrow('row 1 is Infinity')
    expect(bad([1, '1'])).toThrow('row 1 is "1"')
    expect(bad([1, 1, 1])).toThrow('must have 2 numbers')
    expect(bad([0, 0])).toThrow('must hold a number above 0')
    expect(bad('11')).toThrow('must be an array of numbers')
  })

  it('keeps whole weights, and brings others to a size that can be counted', () => {
    expect(rowWeights('call', [3, 0, 2.5], 3)).toEqual({ values: Float64Array.of(3, 0, 2.5), count: 6 })
    for (const unit of [1e-300, 1e300, 2 ** 40, 5e-324]) {
      const { values, count } = rowWeights('call', [2 * unit, 0, unit, unit], 4)
      expect(values[0]).toBe(2 * values[2])
      expect(count).toBeLessThanOrEqual(2 ** 33)
      const { mean } = momentsOf(sampleOf(Float64Array.of(1, 100, 2, 4), values))
      expect(mean).toBe(2)
    }
  })

  it('sums alike in every order', () => {
    const weights = Float64Array.from({ length: 50 }, (_, i) => ((i * 7919) % 13) / 7)
    expect(bits([sumOfWeights(weights)])).toEqual(bits([sumOfWeights(weights.slice().reverse())]))
  })
})
