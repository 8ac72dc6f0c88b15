import { GeoKMeans, KMedians, KMedoids, Matrix, SphericalKMeans } from 'nigh'
import type { Column, KMeans, KPrototypes, Table } from 'nigh'
import type { NumberFamily } from './family-answers.ts'

/** Rows as points that lie as far apart as a clustering takes them to be, by a plain distance. */
export interface PlainSpace {
  readonly matrix: Matrix
  readonly metric: 'euclidean' | 'manhattan'
  /** How silhouettes are measured there, where that is not by the plain distance of the numbers; else ''. */
  readonly says: string
}

/**
 * The space in which a model's own distance is the euclidean one (or the manhattan one), or rises with it: criteria such
 * as the silhouette then judge clusters by what they were made for.
 *
 * @param rows encoded, or for prototypes the table itself
 */
export function plainSpace(model: KMeans | NumberFamily, rows: Matrix): PlainSpace {
  if (model instanceof SphericalKMeans) return directions(rows)
  if (model instanceof GeoKMeans) return onSphere(rows, model.sphereRadius)
  if (model instanceof KMedians) return { matrix: rows, metric: 'manhattan', says: 'by manhattan distance' }
  if (!(model instanceof KMedoids)) return { matrix: rows, metric: 'euclidean', says: '' }
  switch (model.metric) {
    case 'manhattan':
      return { matrix: rows, metric: 'manhattan', says: 'by manhattan distance' }
    case 'cosine':
      return directions(rows)
    case 'haversine':
      return onSphere(rows, 1)
    case 'euclidean':
    case 'sqeuclidean':
      return { matrix: rows, metric: 'euclidean', says: '' }
    default:
      return {
        matrix: rows,
        metric: 'euclidean',
        says: `by euclidean distance, not by ${model.metric ?? 'that of the fit'}`,
      }
  }
}

/** Rows by their direction: points on the unit sphere, whose distance rises with the cosine distance. */
function directions({ values, columns: d, rows }: Matrix): PlainSpace {
  const units = new Float64Array(values.length)
  for (let i = 0; i < rows; i++) {
    let largest = 0
    for (let j = 0; j < d; j++) largest = Math.max(largest, Math.abs(values[i * d + j]))
    let squares = 0
    for (let j = 0; j < d; j++) squares += (values[i * d + j] / largest) ** 2
    const length = largest * Math.sqrt(squares)
    for (let j = 0; j < d; j++) units[i * d + j] = values[i * d + j] / length
  }
  return { matrix: Matrix.of(units, d), metric: 'euclidean', says: 'by the angle between rows' }
}

/** Places, latitude and longitude in degrees, as points in space: their straight-line distance rises with that over ground. */
function onSphere({ values, rows }: Matrix, radius: number): PlainSpace {
  const points = new Float64Array(rows * 3)
  for (let i = 0; i < rows; i++) {
    const latitude = (values[2 * i] * Math.PI) / 180
    const longitude = (values[2 * i + 1] * Math.PI) / 180
    points[3 * i] = radius * Math.cos(latitude) * Math.cos(longitude)
    points[3 * i + 1] = radius * Math.cos(latitude) * Math.sin(longitude)
    points[3 * i + 2] = radius * Math.sin(latitude)
  }
  return { matrix: Matrix.of(points, 3), metric: 'euclidean', says: 'by the straight line between places' }
}

/**
 * Rows of numbers and categories as points whose squared distance is what K-Prototypes counts: a number in its own
 * divisions, a category as a corner, any two of which are √gamma apart.
 */
export function mixedSpace(model: KPrototypes, table: Table): PlainSpace {
  const corner = Math.sqrt(model.gamma / 2)
  // A corner for each category that the rows have: what the fit did not see stands apart from all that it did.
  const uses = model.prototypes.columns.map(({ name }, at) => {
    const column = table.column(name)
    const divisor = model.divisors[at]
    if (divisor !== null) return { column, divisor, places: null, width: 1 }
    const word = wordsOf(column)
    const places = new Map<string, number>()
    for (let i = 0; i < table.rows; i++) if (!places.has(word(i))) places.set(word(i), places.size)
    return { column, divisor: 1, places, width: places.size }
  })
  const d = uses.reduce((sum, { width }) => sum + width, 0)
  const points = new Float64Array(table.rows * d)
  let from = 0
  for (const { column, divisor, places, width } of uses) {
    const word = wordsOf(column)
    for (let i = 0; i < table.rows; i++) {
      const at = i * d + from
      if (places === null) points[at] = column.values[i] / divisor
      else points[at + (places.get(word(i)) ?? 0)] = corner
    }
    from += width
  }
  return {
    matrix: Matrix.of(points, d),
    metric: 'euclidean',
    says: `by the square root of the cost, in which a differing category counts ${model.gamma.toPrecision(3)}`,
  }
}

/** The cells of a column as K-Prototypes names them where they are categories. */
export function wordsOf(column: Column): (row: number) => string {
  const { values } = column
  switch (column.type) {
    case 'text':
      return (row) => column.categories[values[row]]
    case 'boolean':
      return (row) => String(values[row] === 1)
    case 'date':
      return (row) => new Date(values[row]).toISOString()
    case 'number':
      return (row) => String(values[row])
  }
}
