import { InputError } from '../check.ts'
import { arcsine, cosineOfDegrees, sineOfDegrees } from './elementary.ts'
import { type Metric, everyExponent } from './metric.ts'

/**
 * The great-circle distance between [latitude, longitude] in degrees, on a sphere of the given radius (1: radians).
 *
 * Degrees, not radians: they are what files hold, and a half turn is a whole number of them, so that 180° and −180°
 * are the same place to the bit and distances across that meridian keep their digits.
 * Latitudes go from −90 to 90, longitudes from −360 to 360; anything else is E_RANGE.
 *
 * Rank: sin²(Δlatitude/2) + cos·cos·sin²(Δlongitude/2), made of differences and so free of cancellation for points of
 * one street. From 0 to 1.
 */
export function haversineOf(radius: number): Metric {
  return {
    name: 'haversine',
    width: () => 3,
    prepare: (place, values, columns, from, to, out) => {
      for (let i = from; i < to; i++) {
        const latitude = values[i * columns]
        const longitude = values[i * columns + 1]
        if (Math.abs(latitude) > 90) throw outside(place, i, 'latitudes (column 0)', 90, latitude)
        if (Math.abs(longitude) > 360) throw outside(place, i, 'longitudes (column 1)', 360, longitude)
        out[i * 3] = latitude
        // Exact: 360 lies within a factor of two of what it is taken from.
        out[i * 3 + 1] = longitude > 180 ? longitude - 360 : longitude < -180 ? longitude + 360 : longitude
        out[i * 3 + 2] = cosineOfDegrees(Math.abs(latitude))
      }
    },
    ranks: (queries, at, points, from, to, _width, out) => {
      const latitude = queries[at]
      const longitude = queries[at + 1]
      const cosine = queries[at + 2]
      for (let i = from; i < to; i++) {
        const p = i * 3
        const other = points[p + 1]
        let turn = Math.abs(longitude - other)
        // The shorter way round; what each lacks of a half turn first, which is exact near the 180th meridian.
        if (turn > 180) turn = 180 - Math.max(longitude, other) + (180 + Math.min(longitude, other))
        const y = sineOfDegrees(Math.abs(latitude - points[p]) / 2)
        const x = sineOfDegrees(turn / 2)
        out[i - from] = Math.min(1, y * y + cosine * points[p + 2] * (x * x))
      }
    },
    boxRank: undefined,
    part: undefined,
    distance: (rank) => radius * angleOf(rank),
    rankLimit: (distance) => {
      const half = ((distance / radius) * 90) / Math.PI // half the angle, in degrees
      if (half >= 90) return 1
      const s = sineOfDegrees(half)
      return s * s * (1 + 2 ** -40) + Number.MIN_VALUE
    },
    length: angleOf,
    // The arcsine is steep near the antipode: half the digits remain there.
    lengthError: () => 2 ** -24,
    degree: 0,
    exponents: everyExponent,
    squared: false,
    effort: 20,
    wide: undefined,
  }
}

function angleOf(rank: number): number {
  return rank <= 0.5 ? 2 * arcsine(Math.sqrt(rank)) : Math.PI - 2 * arcsine(Math.sqrt(1 - rank))
}

function outside(
  place: { readonly call: string; readonly param: string },
  row: number,
  what: string,
  limit: number,
  value: number,
): InputError {
  return new InputError(
    'E_RANGE',
    place.param,
    `${place.call}: metric 'haversine' takes ${what} from -${limit} to ${limit} degrees; row ${row} of ${place.param} has ${value}`,
  )
}
