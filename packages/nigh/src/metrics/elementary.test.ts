import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  arcsine,
  cosineOfDegrees,
  exponentOf,
  power,
  powerIsMonotone,
  powerOfTwo,
  root,
  sineOfDegrees,
  timesPowerOfTwo,
} from './elementary.ts'

const near = (got: number, expected: number, tolerance: number): void => {
  expect(Math.abs(got - expected)).toBeLessThanOrEqual(tolerance * Math.abs(expected))
}

describe('sines and arcsines', () => {
  test('agree with Math to a few units in the last place', () => {
    for (let i = 0; i <= 9000; i++) {
      const x = i / 100
      expect(Math.abs(sineOfDegrees(x) - Math.sin((x * Math.PI) / 180))).toBeLessThan(4e-16)
      expect(Math.abs(cosineOfDegrees(x) - Math.cos((x * Math.PI) / 180))).toBeLessThan(4e-16)
    }
    for (let i = 0; i <= 7071; i++) near(arcsine(i / 10000), Math.asin(i / 10000), 5e-16)
    for (const x of [1e-300, 1e-20, 1e-9]) near(arcsine(x), x, 1e-15)
  })

  test('are exact where degrees are', () => {
    expect(sineOfDegrees(0)).toBe(0)
    expect(sineOfDegrees(90)).toBe(1)
    expect(cosineOfDegrees(90)).toBe(0)
    expect(cosineOfDegrees(0)).toBe(1)
  })
})

describe('powers', () => {
  test('agree with Math.pow', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 1e-30, max: 1e30, noNaN: true }),
        fc.double({ min: 0.05, max: 9, noNaN: true }),
        (x, p) => {
          near(power(x, p), x ** p, 3e-15)
        },
      ),
    )
  })

  test('whole and half powers are products and roots', () => {
    expect(power(3, 5)).toBe(243)
    expect(power(4, 2.5)).toBe(32)
    expect(power(0, 3.3)).toBe(0)
    expect(power(1, 3.3)).toBe(1)
    expect(power(5e-324, 1)).toBe(5e-324)
    near(power(5e-324, 0.3), 5e-324 ** 0.3, 1e-13)
  })

  test('roots undo powers, and double with 2^p', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 1e-300, max: 1e300, noNaN: true }),
        fc.double({ min: 0.05, max: 90, noNaN: true }),
        (x, p) => {
          if (x ** (1 / p) < 1e290 && x ** (1 / p) > 1e-290)
            near(power(root(x, p), p), x, 4e-15 * Math.max(1, p))
        },
      ),
    )
    expect(root(243, 5)).toBeCloseTo(3, 14)
    expect(root(7 * 2 ** 300, 3)).toBe(root(7, 3) * 2 ** 100)
    expect(root(9, 0.5)).toBe(81)
  })

  test('whole and half powers never fall', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 1e6, noNaN: true }),
        fc.integer({ min: 1, max: 40 }),
        fc.nat(3),
        (x, twice, steps) => {
          expect(powerIsMonotone(twice / 2)).toBe(true)
          const up = x * (1 + steps * 2 ** -52)
          expect(power(up, twice / 2)).toBeGreaterThanOrEqual(power(x, twice / 2))
        },
      ),
    )
  })
})

describe('powers of two', () => {
  test('are exact', () => {
    for (let e = -1022; e <= 1023; e++) expect(powerOfTwo(e)).toBe(2 ** e)
  })

  test('scale exactly, or round once', () => {
    fc.assert(
      fc.property(
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        fc.integer({ min: -2200, max: 2200 }),
        (x, e) => {
          const got = timesPowerOfTwo(x, e)
          // In two halves, which is exact as long as nothing leaves the normal numbers.
          const half = Math.trunc(e / 3)
          const expected = x * 2 ** half * 2 ** half * 2 ** (e - 2 * half)
          if (Math.abs(expected) >= 2 ** -1022 && Math.abs(x) >= 2 ** -1022) expect(got).toBe(expected)
          else if (e >= 0) expect(got).toBe(expected)
          else expect(Math.abs(got - expected)).toBeLessThanOrEqual(5e-324)
        },
      ),
    )
    expect(timesPowerOfTwo(3, -1075)).toBe(1e-323) // 1.5 units, to even
    expect(timesPowerOfTwo(5e-324, 1074)).toBe(1)
  })

  test('exponents', () => {
    expect(exponentOf(1)).toBe(0)
    expect(exponentOf(-7.9)).toBe(2)
    expect(exponentOf(5e-324)).toBe(-1074)
    expect(exponentOf(Number.MAX_VALUE)).toBe(1023)
  })
})
