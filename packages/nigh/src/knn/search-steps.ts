import { checkInteger, checkNumber, checkOptions, InputError, show } from '../check.ts'
import type { Encoder } from '../data/encoder.ts'
import type { Matrix } from '../data/matrix.ts'
import {
  type FittedPoints,
  fittedPoints,
  type PointsLike,
  type PointsOptions,
  queryPoints,
} from '../data/points.ts'
import { Table } from '../data/table.ts'
import { type IndexOptions, indexOptionNames, planIndex } from '../indexes/choose.ts'
import type { Neighbors, NeighborsWithin } from '../indexes/neighbors.ts'
import { Search, type Steps } from '../indexes/search.ts'
import { type RunOptions, runOptionNames } from '../indexes/steps.ts'
import { gowerEncoder } from '../metrics/gower.ts'
import { type MetricOptions, metricOf, metricOptionNames } from '../metrics/resolve.ts'
import { liveRows, type RowFilter } from './live-rows.ts'

/** How rows are compared and found: shared by all models of neighbours. */
export interface SearchOptions extends MetricOptions, IndexOptions, PointsOptions {}

export const searchOptionNames: readonly string[] = [...metricOptionNames, ...indexOptionNames, 'encoder']

/** Which rows may be found. */
export interface FilterOptions {
  /**
   * Only these rows may be found: their numbers, or a function of the row's number (asked once for each row).
   * The answer is then exactly the k nearest of them. Default: all.
   */
  readonly filter?: RowFilter
}

/** Options of `nearest`. */
export interface NearestOptions extends FilterOptions, RunOptions {
  /** Neighbours wanted: a whole number from 1 to the number of rows that may be found (one less without queries). Default: 5, or the model's k. */
  readonly k?: number
}

/** Options of `within`. */
export interface WithinOptions extends FilterOptions, RunOptions {
  /** Rows at most so far away, in the metric's unit, are found; those exactly so far included. From 0 up. */
  readonly radius: number
}

/** The options of a search alone, as they are now: the caller may change the object later. */
export function keptOptions(options: SearchOptions): SearchOptions {
  const { metric, p, sphereRadius, algorithm, leafSize } = options
  return {
    ...(metric === undefined ? {} : { metric }),
    ...(p === undefined ? {} : { p }),
    ...(sphereRadius === undefined ? {} : { sphereRadius }),
    ...(algorithm === undefined ? {} : { algorithm }),
    ...(leafSize === undefined ? {} : { leafSize }),
  }
}

/** The points of a fit: as {@link fittedPoints}, with the encoder that the metric needs. */
export function searchPoints(
  call: string,
  points: PointsLike,
  options: SearchOptions,
  sampleWeight?: Float64Array,
): FittedPoints {
  if (options.metric !== 'gower' || !(points instanceof Table)) {
    return fittedPoints(call, points, options, sampleWeight)
  }
  return fittedPoints(call, points, { encoder: gowerEncoder(call, options.encoder) }, sampleWeight)
}

/**
 * Builds the search that the options mean, over a matrix that the model keeps.
 *
 * @param encoder what made it of a table
 * @param lent the matrix is the caller's own: what the model keeps of it is a copy
 */
export function* buildSearch(
  call: string,
  matrix: Matrix,
  options: SearchOptions,
  encoder: Encoder | undefined,
  lent = false,
): Steps<Search> {
  const table = encoder === undefined ? undefined : { encoder, matrix }
  const metric = metricOf(call, options, matrix.columns, table)
  const plan = planIndex(call, options, metric)
  return yield* Search.build({ call, param: 'points' }, matrix, metric, plan, lent)
}

/** The steps of a `nearest`, for any model that has a search. */
export function* nearestSteps(
  call: string,
  search: Search,
  encoder: Encoder | undefined,
  queries: PointsLike | undefined,
  options: NearestOptions,
  defaultK: number,
  base?: Uint8Array,
): Steps<Neighbors> {
  checkOptions(call, options, ['k', 'filter', ...runOptionNames])
  const live = liveRows(call, options.filter, search.rows, base)
  const matrix =
    queries === undefined ? undefined : queryPoints(call, 'queries', queries, search.space.columns, encoder)
  const k = checkK(
    call,
    options.k === undefined ? defaultK : options.k,
    live.count,
    matrix === undefined,
    options.filter !== undefined,
  )
  return yield* search.nearest({ call, queries: matrix, live: live.flags }, k)
}

/** The steps of a `within`, for any model that has a search. */
export function* withinSteps(
  call: string,
  search: Search,
  encoder: Encoder | undefined,
  queries: PointsLike | undefined,
  options: WithinOptions,
  base?: Uint8Array,
): Steps<NeighborsWithin> {
  checkOptions(call, options, ['radius', 'filter', ...runOptionNames])
  const radius = checkNumber(call, 'radius', options.radius, 0, Number.POSITIVE_INFINITY)
  const live = liveRows(call, options.filter, search.rows, base)
  const matrix =
    queries === undefined ? undefined : queryPoints(call, 'queries', queries, search.space.columns, encoder)
  return yield* search.within({ call, queries: matrix, live: live.flags }, radius)
}

/**
 * Checks a number of neighbours: E_PARAM for what is no whole number from 1 up, E_K for more than there are.
 *
 * @param count rows that may be found
 */
export function checkK(
  call: string,
  k: unknown,
  count: number,
  leaveOut: boolean,
  filtered: boolean,
): number {
  const wanted = checkInteger(call, 'k', k, 1, 0xffffffff)
  const most = leaveOut ? count - 1 : count
  if (wanted <= most) return wanted
  const which = filtered ? 'rows that may be found' : 'fitted rows'
  if (most < 1) {
    throw new InputError(
      'E_K',
      'k',
      leaveOut
        ? `${call}: there must be 2 ${which} or more where each row is left out of its own answer, got ${Math.max(0, count)}`
        : `${call}: there must be ${which}, got none`,
    )
  }
  throw new InputError(
    'E_K',
    'k',
    leaveOut
      ? `${call}: k must be at most ${most} where each row is left out of its own answer (${count} ${which}), got ${show(k)}`
      : `${call}: k must be at most ${most} (the number of ${which}), got ${show(k)}`,
  )
}
