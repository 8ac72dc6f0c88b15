import { Matrix } from '../data/matrix.ts'
import { principalComponents, project } from '../evaluate/principal.ts'
import type { Random } from '../random.ts'

/** Draws rows spread evenly over a box round the data: what data without clusters would look like. */
export type Reference = (random: Random, rows: number) => Matrix

/** Above this many columns the box stands along the columns: finding the principal directions would take longest. */
export const MOST_TURNED = 128

/**
 * A box round the rows: along their columns ('box'), or along their principal components ('principal'), which fits
 * columns that go together.
 *
 * Distances do not change by turning, so rows drawn in the turned box are left turned, and centred.
 */
export function referenceFor(points: Matrix, kind: 'principal' | 'box'): Reference {
  const turned = kind === 'box' ? points : project(points, principalComponents(points))
  const { values, rows, columns } = turned
  const low = Float64Array.from(turned.row(0))
  const high = Float64Array.from(low)
  for (let i = 0, at = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++, at++) {
      if (values[at] < low[j]) low[j] = values[at]
      if (values[at] > high[j]) high[j] = values[at]
    }
  }
  return (random, count) => {
    const drawn = new Float64Array(count * columns)
    for (let i = 0, at = 0; i < count; i++) {
      // Centred, and so exact to the last bit however far from 0 the data lie.
      for (let j = 0; j < columns; j++, at++) drawn[at] = (high[j] - low[j]) * random.uniform()
    }
    return Matrix.trusted(drawn, columns)
  }
}

/**
 * The Hopkins statistic: near 0.5 for rows spread evenly over the box round them, near 1 for rows in clumps.
 *
 * Compares distances to the nearest row, from rows of the data and from places drawn in the box, raised to the number
 * of columns.
 *
 * Cost: 2·probes·n distances.
 * Source: Hopkins and Skellam 1954; Banerjee and Dave 2004 for the power.
 */
export function hopkins(points: Matrix, random: Random): number {
  const turned = points.columns <= MOST_TURNED ? project(points, principalComponents(points)) : points
  const { values, rows, columns: d } = turned
  const probes = Math.max(1, Math.min(200, Math.ceil(rows / 10)))
  const low = Float64Array.from({ length: d }, (_, j) => extreme(values, d, j, Math.min))
  const high = Float64Array.from({ length: d }, (_, j) => extreme(values, d, j, Math.max))
  const order = random.permutation(rows)
  const place = new Float64Array(d)
  const fromRows = new Float64Array(probes)
  const fromPlaces = new Float64Array(probes)
  for (let p = 0; p < probes; p++) {
    const row = order[p]
    fromRows[p] = nearest(values, rows, d, turned.row(row), row)
    for (let j = 0; j < d; j++) place[j] = low[j] + (high[j] - low[j]) * random.uniform()
    fromPlaces[p] = nearest(values, rows, d, place, -1)
  }
  const largest = Math.max(...fromRows, ...fromPlaces)
  if (largest === 0) return 0.5
  let rowSum = 0
  let placeSum = 0
  for (let p = 0; p < probes; p++) {
    rowSum += (fromRows[p] / largest) ** d
    placeSum += (fromPlaces[p] / largest) ** d
  }
  return placeSum / (rowSum + placeSum)
}

function extreme(
  values: ArrayLike<number>,
  d: number,
  j: number,
  of: (a: number, b: number) => number,
): number {
  let found = values[j]
  for (let at = j; at < values.length; at += d) found = of(found, values[at])
  return found
}

function nearest(
  values: ArrayLike<number>,
  rows: number,
  d: number,
  from: ArrayLike<number>,
  except: number,
): number {
  let best = Number.POSITIVE_INFINITY
  for (let i = 0; i < rows; i++) {
    if (i === except) continue
    let sq = 0
    for (let j = 0; j < d && sq < best; j++) {
      const t = values[i * d + j] - from[j]
      sq += t * t
    }
    if (sq < best) best = sq
  }
  return Math.sqrt(best)
}
