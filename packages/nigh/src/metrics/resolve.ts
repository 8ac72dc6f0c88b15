import { checkChoice, InputError, show } from '../check.ts'
import { chebyshev, hammingOf, manhattan, minkowskiOf } from './coordinates.ts'
import { cosine } from './cosine.ts'
import { euclidean, sqeuclidean } from './euclidean.ts'
import { haversineOf } from './haversine.ts'
import type { Encoder } from '../data/encoder.ts'
import type { Matrix } from '../data/matrix.ts'
import { gowerEncoder, gowerOf } from './gower.ts'
import type { DistanceFunction, Metric, MetricName } from './metric.ts'
import { ownMetric } from './own.ts'
import { precomputed } from './precomputed.ts'

/** Options that say what near means. */
export interface MetricOptions {
  /**
   * The distance between two rows.
   *
   * - `'euclidean'` √Σ(x−y)², `'sqeuclidean'` Σ(x−y)², `'manhattan'` Σ|x−y|, `'chebyshev'` max|x−y|,
   *   `'minkowski'` (Σ|x−y|^p)^(1/p) with the option `p`
   * - `'cosine'` 1 − cos of the angle, 0 to 2; rows of zeros are refused (E_ZERO_VECTOR)
   * - `'hamming'` the share of columns that differ, 0 to 1
   * - `'haversine'` great-circle distance of [latitude, longitude] rows in **degrees**; in radians, or in the unit of
   *   the option `sphereRadius`
   * - `'precomputed'` points are an n × n matrix of distances, queries their distances to the n fitted rows
   * - `'gower'` for a Table of numbers and categories: the mean over its columns of |x−y| / range, and of 0 or 1 for
   *   text and booleans; `encoder: { missing: 'mark' }` skips empty cells
   * - a function of two rows: a finite number from 0 up, the same for (a, b) as for (b, a)
   *
   * Default: `'euclidean'`.
   */
  readonly metric?: MetricName | DistanceFunction
  /** The power of the Minkowski distance, above 0; Infinity is Chebyshev. Only with `metric: 'minkowski'`. Default: 2. */
  readonly p?: number
  /** The radius of the sphere, in the unit distances shall have (Earth: 6371.0088 km). Only with `metric: 'haversine'`. Default: 1. */
  readonly sphereRadius?: number
}

export const metricOptionNames: readonly string[] = ['metric', 'p', 'sphereRadius']

const names: readonly MetricName[] = [
  'euclidean',
  'sqeuclidean',
  'manhattan',
  'chebyshev',
  'minkowski',
  'cosine',
  'hamming',
  'haversine',
  'precomputed',
  'gower',
]

/**
 * The metric that the options name, for rows of `columns` numbers.
 *
 * @param table where they came from a table: the encoder, and the rows
 * @throws {InputError} E_PARAM for a name, p or radius out of the rules, or one that the metric does not have;
 * E_SHAPE where haversine meets other than two columns; E_TYPE where Gower meets no table
 */
export function metricOf(
  call: string,
  options: MetricOptions,
  columns: number,
  table?: { readonly encoder: Encoder; readonly matrix: Matrix },
): Metric {
  const { metric = 'euclidean', p, sphereRadius } = options
  const only = (param: string, name: MetricName, value: unknown): void => {
    if (value !== undefined && metric !== name) {
      throw new InputError(
        'E_PARAM',
        param,
        `${call}: ${param} goes with metric '${name}' only, got metric ${show(metric)}`,
      )
    }
  }
  only('p', 'minkowski', p)
  only('sphereRadius', 'haversine', sphereRadius)
  if (typeof metric === 'function') return ownMetric(call, metric, columns)
  switch (checkChoice(call, 'metric', metric, names)) {
    case 'euclidean':
      return euclidean
    case 'sqeuclidean':
      return sqeuclidean
    case 'manhattan':
      return manhattan
    case 'chebyshev':
      return chebyshev
    case 'cosine':
      return cosine
    case 'precomputed':
      return precomputed
    case 'gower':
      if (table === undefined) {
        throw new InputError(
          'E_TYPE',
          'points',
          `${call}: metric 'gower' needs a Table, which says what is a number and what a category; for numbers alone take 'manhattan'`,
        )
      }
      gowerEncoder(call, table.encoder)
      return gowerOf(table.encoder, table.matrix)
    case 'hamming':
      return hammingOf(columns)
    case 'haversine':
      if (columns !== 2) {
        throw new InputError(
          'E_SHAPE',
          'points',
          `${call}: metric 'haversine' needs 2 columns, latitude and longitude in degrees, got ${columns}`,
        )
      }
      return haversineOf(positive(call, 'sphereRadius', sphereRadius === undefined ? 1 : sphereRadius, false))
    case 'minkowski': {
      const power = positive(call, 'p', p === undefined ? 2 : p, true)
      if (power === 1) return manhattan
      if (power === 2) return euclidean
      if (power === Number.POSITIVE_INFINITY) return chebyshev
      return minkowskiOf(power)
    }
  }
}

function positive(call: string, param: string, value: unknown, infinite: boolean): number {
  if (typeof value === 'number' && value > 0 && (infinite || value < Number.POSITIVE_INFINITY)) return value
  throw new InputError('E_PARAM', param, `${call}: ${param} must be a number above 0, got ${show(value)}`)
}
