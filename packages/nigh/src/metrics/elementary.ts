// Sines, arcsines and powers from + − × ÷ √ alone. ECMAScript lets Math.sin, Math.asin and Math.pow round as they
// like, and engines do differ (V8 changed its sine between Node 20 and Node 22), so a metric built on them would
// give other bits on another engine. The five operations used here are rounded the same everywhere.

const RADIAN = Math.PI / 180

/** sin(x) for 0 ≤ x ≤ π/4, in radians; Taylor to x^17, whose remainder is below 1e-19. */
function sineOf(x: number): number {
  const s = x * x
  const tail =
    s *
    (-1 / 6 +
      s *
        (1 / 120 +
          s *
            (-1 / 5040 +
              s *
                (1 / 362880 +
                  s *
                    (-1 / 39916800 +
                      s * (1 / 6227020800 + s * (-1 / 1307674368000 + s / 355687428096000)))))))
  return x + x * tail
}

/** cos(x) for 0 ≤ x ≤ π/4, in radians; Taylor to x^18. */
function cosineOf(x: number): number {
  const s = x * x
  const tail =
    s *
    s *
    (1 / 24 +
      s *
        (-1 / 720 +
          s *
            (1 / 40320 +
              s *
                (-1 / 3628800 +
                  s *
                    (1 / 479001600 +
                      s * (-1 / 87178291200 + s * (1 / 20922789888000 - s / 6402373705728000)))))))
  return 1 - 0.5 * s + tail
}

/** The sine of an angle from 0 to 90 degrees. 90 − x is exact for x ≥ 45, so no angle loses digits. */
export function sineOfDegrees(x: number): number {
  return x <= 45 ? sineOf(x * RADIAN) : cosineOf((90 - x) * RADIAN)
}

/** The cosine of an angle from 0 to 90 degrees; exactly 0 at 90. */
export function cosineOfDegrees(x: number): number {
  return x <= 45 ? cosineOf(x * RADIAN) : sineOf((90 - x) * RADIAN)
}

/** The arcsine, in radians, of 0 ≤ y ≤ √½. */
export function arcsine(y: number): number {
  const s = y * y
  let x = y * (1 + s * (1 / 6 + s * (3 / 40 + s * (15 / 336))))
  // The start is within 0.004; Newton squares the error: 1e-5, 1e-10, below rounding.
  for (let step = 0; step < 3; step++) x -= (sineOf(x) - y) / cosineOf(x)
  return x
}

const bits = new DataView(new ArrayBuffer(8))

/**
 * x^p for x ≥ 0 and p > 0.
 *
 * Whole and half powers up to 64 are products and a square root, and so never decrease where x grows. Other powers are
 * 2^(p·log2 x), good to a few units in the last place.
 */
export function power(x: number, p: number): number {
  if (x === 0 || x === 1 || p === 1) return x
  if (p <= 64) {
    const whole = Math.floor(p)
    if (p === whole) return wholePower(x, whole)
    if (p === whole + 0.5) return wholePower(x, whole) * Math.sqrt(x)
  }
  return anyPower(x, p)
}

/** Whether {@link power} never decreases where x grows, to the last bit. */
export function powerIsMonotone(p: number): boolean {
  return p <= 64 && Number.isInteger(2 * p)
}

function wholePower(x: number, p: number): number {
  let result = 1
  let square = x
  for (let left = p; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) result *= square
    square *= square
  }
  return result
}

/**
 * x^(1/p) for x ≥ 0 and p > 0: 2^(log2(x)/p), good to a few units in the last place. For a whole p, x·2^p gives exactly
 * twice the root.
 */
export function root(x: number, p: number): number {
  if (x === 0 || x === 1 || x === Number.POSITIVE_INFINITY) return x
  const inverse = 1 / p
  if (Number.isInteger(inverse) && inverse <= 64) return wholePower(x, inverse)
  const { exponent, logarithm } = logarithmOf(x)
  const whole = Math.max(-4000, Math.min(4000, Math.round((exponent + logarithm) / p)))
  const [upper, lower] = halves(p)
  // exponent − whole·p without rounding: what is left of the exponent once its part in p's is out.
  return timesPowerOfTwo(exponential((exponent - whole * upper - whole * lower + logarithm) / p), whole)
}

function anyPower(x: number, p: number): number {
  const { exponent, logarithm } = logarithmOf(x)
  const [upper, lower] = halves(p)
  const part = p * logarithm
  const whole = Math.round(upper * exponent + (lower * exponent + part))
  return timesPowerOfTwo(exponential(upper * exponent - whole + (lower * exponent + part)), whole)
}

/** p in two parts, each of which times a whole number of 11 bits is exact (Veltkamp 1968). */
function halves(p: number): readonly [number, number] {
  const split = p * 134217729
  const upper = split - (split - p)
  return [upper, p - upper]
}

/** log2(x) in two parts: a whole number, and the rest, within ½. */
function logarithmOf(x: number): { readonly exponent: number; readonly logarithm: number } {
  let exponent = exponentOf(x)
  let mantissa = timesPowerOfTwo(x, -exponent)
  if (mantissa > Math.SQRT2) {
    mantissa /= 2
    exponent += 1
  }
  // log2(m) = 2/ln 2 · atanh((m − 1)/(m + 1)), the argument within 0.172.
  const t = (mantissa - 1) / (mantissa + 1)
  const s = t * t
  let sum = 1 / 21
  for (let n = 19; n >= 1; n -= 2) sum = 1 / n + s * sum
  return { exponent, logarithm: (2 / Math.LN2) * t * sum }
}

/** ln(1 + x) for x ≥ 0: to a few units in the last place, for the smallest x too. */
export function logOnePlus(x: number): number {
  const sum = 1 + x
  const { exponent, logarithm } = logarithmOf(sum)
  const whole = (exponent + logarithm) * Math.LN2
  // What rounding took from 1 + x is given back in proportion (Kahan).
  return sum === 1 ? x : x > 2 ** 53 ? whole : whole * (x / (sum - 1))
}

/** e^x − 1 for x ≥ 0: the way back from {@link logOnePlus}. */
export function exponentialLessOne(x: number): number {
  if (x > 1) return 1 / naturalExponential(-x) - 1
  let e = 1
  for (let n = 20; n >= 2; n--) e = 1 + (x / n) * e
  return x * e
}

/** e^x for x ≤ 0: to a few units in the last place of the exponent's size. */
export function naturalExponential(x: number): number {
  const binary = Math.max(-1100, x / Math.LN2)
  const whole = Math.round(binary)
  return timesPowerOfTwo(exponential(binary - whole), whole)
}

/** 2^x for x within about ½. */
function exponential(x: number): number {
  const g = x * Math.LN2
  let e = 1
  for (let n = 14; n >= 1; n--) e = 1 + (g / n) * e
  return e
}

/** x·2^exponent for a whole exponent: exact, or rounded once where the result is subnormal. */
export function timesPowerOfTwo(x: number, exponent: number): number {
  let left = Math.max(-4000, Math.min(4000, exponent))
  let result = x
  for (; left > 1023; left -= 1023) result *= powerOfTwo(1023)
  if (left >= -1022) return result * powerOfTwo(left)
  // The odd part goes first, so that only the last step can reach the subnormal numbers.
  const odd = left % 1022
  result *= powerOfTwo(odd)
  for (left -= odd; left < 0; left += 1022) result *= powerOfTwo(-1022)
  return result
}

/** 2^exponent from −1022 to 1023, by its bits: `2 ** x` may be rounded as the engine likes. */
export function powerOfTwo(exponent: number): number {
  bits.setUint32(0, (exponent + 1023) << 20)
  bits.setUint32(4, 0)
  return bits.getFloat64(0)
}

/** The exponent e of |x| = m·2^e with 1 ≤ m < 2, subnormal numbers included; −1074 for 0. */
export function exponentOf(x: number): number {
  bits.setFloat64(0, x)
  const biased = (bits.getUint32(0) >>> 20) & 0x7ff
  if (biased > 0) return biased - 1023
  return x === 0 ? -1074 : exponentOf(x * 18014398509481984) - 54 // times 2^54
}
