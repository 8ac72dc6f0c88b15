import { InputError, show } from '../check.ts'
import { type DistanceFunction, type Metric, asGiven, everyExponent } from './metric.ts'

/**
 * A distance of the caller's own, checked at each call: it must return a finite number from 0 up.
 * Its rank is the distance. A ball-tree over it takes the caller's word that it obeys the triangle inequality.
 */
export function ownMetric(call: string, distance: DistanceFunction, columns: number): Metric {
  const a = new Float64Array(columns)
  const b = new Float64Array(columns)
  return {
    ...asGiven,
    name: 'own',
    ranks: (queries, at, points, from, to, width, out) => {
      for (let i = from; i < to; i++) {
        // Copied for each call: whatever the function does to its arguments stays without effect.
        for (let j = 0, p = i * width; j < width; j++) {
          a[j] = queries[at + j]
          b[j] = points[p + j]
        }
        const result: unknown = distance(a, b)
        if (typeof result !== 'number' || !(result >= 0 && result < Number.POSITIVE_INFINITY)) {
          throw new InputError(
            typeof result === 'number' ? 'E_RANGE' : 'E_TYPE',
            'metric',
            `${call}: metric must return a finite number from 0 up, got ${show(result)} for row ${i}`,
          )
        }
        out[i - from] = result
      }
    },
    boxRank: undefined,
    part: undefined,
    distance: (rank) => rank,
    rankLimit: (radius) => radius,
    length: (rank) => rank,
    lengthError: () => 2 ** -30,
    degree: 0,
    exponents: everyExponent,
    effort: 20,
    wide: undefined,
  }
}
