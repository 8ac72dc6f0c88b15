import { InputError } from '../check.ts'
import { exponentOf, powerOfTwo } from './elementary.ts'
import { euclidean } from './euclidean.ts'
import { type Metric, everyExponent } from './metric.ts'

/**
 * 1 − cos of the angle, taken as half the squared euclidean distance of the rows brought to length 1 in float64: the
 * same number in exact arithmetic, without the cancellation of 1 − x·y for small angles. From 0 to 2.
 *
 * A row of zeros has no direction: E_ZERO_VECTOR.
 */
export const cosine: Metric = {
  ...euclidean,
  name: 'cosine',
  prepare: (place, values, columns, from, to, out) => {
    for (let i = from; i < to; i++) {
      const start = i * columns
      let largest = 0
      for (let j = 0; j < columns; j++) largest = Math.max(largest, Math.abs(values[start + j]))
      if (largest === 0) {
        throw new InputError(
          'E_ZERO_VECTOR',
          place.param,
          `${place.call}: metric 'cosine' needs rows that are not all zero; row ${i} of ${place.param} is`,
        )
      }
      // Scaled by a power of two, so that no square overflows or vanishes.
      const factor = powerOfTwo(-Math.max(-1022, Math.min(1022, exponentOf(largest))))
      let s = 0
      for (let j = 0; j < columns; j++) {
        const t = values[start + j] * factor
        out[start + j] = t
        s += t * t
      }
      const length = Math.sqrt(s)
      for (let j = 0; j < columns; j++) out[start + j] /= length
    }
  },
  // Of the distance, which is half the rank.
  part: (x, y) => ((x - y) * (x - y)) / 2,
  distance: (rank) => rank / 2,
  rankLimit: (distance) => distance * 2,
  degree: 0,
  exponents: everyExponent,
  wide: undefined,
}
