import { InputError } from '../check.ts'
import { type Metric, everyExponent } from './metric.ts'

/**
 * Distances that the caller has: points are n × n, row i the distances of row i to all; queries are m × n, their
 * distances to the fitted rows. Finite and from 0 up; they need not be symmetric.
 */
export const precomputed: Metric = {
  name: 'precomputed',
  width: (columns) => columns,
  prepare: (place, values, columns, from, to, out) => {
    if (place.param === 'points' && to !== columns) {
      throw new InputError(
        'E_SHAPE',
        place.param,
        `${place.call}: metric 'precomputed' needs as many columns as rows, got ${to} × ${columns}`,
      )
    }
    for (let at = from * columns; at < to * columns; at++) {
      const value = values[at]
      if (value < 0) {
        throw new InputError(
          'E_RANGE',
          place.param,
          `${place.call}: distances must be from 0 up; row ${Math.floor(at / columns)}, column ${at % columns} of ${place.param} is ${value}`,
        )
      }
      out[at] = value
    }
  },
  ranks: (queries, at, _points, from, to, _width, out) => {
    for (let i = from; i < to; i++) out[i - from] = queries[at + i]
  },
  boxRank: undefined,
  part: undefined,
  distance: (rank) => rank,
  rankLimit: (radius) => radius,
  length: undefined,
  lengthError: () => 0,
  degree: 0,
  exponents: everyExponent,
  squared: false,
  effort: 1,
  wide: undefined,
}
