import { checkNumber, checkOptions, InputError } from '../check.ts'
import type { Encoder } from '../data/encoder.ts'
import { type PointsLike, queryPoints } from '../data/points.ts'
import { Matrix } from '../data/matrix.ts'
import { Table } from '../data/table.ts'
import type { Search, Steps } from '../indexes/search.ts'
import { type RunOptions, runOptionNames } from '../indexes/steps.ts'
import type { Ballots } from './ballots.ts'
import { type CopyWeights, copyWeights } from './copies.ts'
import { pointCount } from './neighbor-model.ts'
import {
  buildSearch,
  keptOptions,
  type SearchOptions,
  searchOptionNames,
  searchPoints,
} from './search-steps.ts'
import { checkWeights, type WeightFunction, type Weights } from './vote-weights.ts'

/** Options of models that answer from all rows within a radius. */
export interface RadiusModelOptions extends SearchOptions, RunOptions {
  /** Rows at most so far away, in the metric's unit, have a say; those exactly so far included. A number from 0 up. */
  readonly radius: number
  /**
   * How much each neighbour counts: all the same, by 1/distance (where neighbours lie at distance 0, they alone), or a
   * function of the distance that returns a finite number from 0 up. Default: 'uniform'.
   */
  readonly weights?: 'uniform' | 'distance' | WeightFunction
  /** A weight for each row, from 0 up: weight n is n copies, weight 0 is absence. Default: 1 each. */
  readonly sampleWeight?: readonly number[] | Float64Array | Float32Array
}

export const radiusModelOptionNames: readonly string[] = [
  ...searchOptionNames,
  ...runOptionNames,
  'radius',
  'weights',
  'sampleWeight',
]

/** What radius classifiers and regressors have in common. */
export interface RadiusModel {
  readonly search: Search
  readonly options: SearchOptions
  readonly encoder: Encoder | undefined
  readonly radius: number
  readonly weights: Weights
  readonly copies: CopyWeights | undefined
}

/** Checks the options and builds the search. Every input is read and copied before the first yield. */
export function* fitRadius(
  call: string,
  points: PointsLike,
  options: RadiusModelOptions,
  known: readonly string[],
  rowsTaken: (rows: number, kept: Uint32Array | null, copies: CopyWeights | undefined) => void,
): Steps<RadiusModel> {
  checkOptions(call, options, known)
  const radius = checkNumber(call, 'radius', options.radius, 0, Number.POSITIVE_INFINITY)
  const weights = checkWeights(call, options.weights === undefined ? 'uniform' : options.weights)
  if (typeof weights !== 'function' && weights !== 'uniform' && weights !== 'distance') {
    throw new InputError(
      'E_PARAM',
      'weights',
      `${call}: weights must be 'uniform', 'distance' or a function; kernels go by the k+1-th neighbour, and there is no k here`,
    )
  }
  const rows = pointCount(points)
  if (rows === 0) Matrix.from(call, 'points', points instanceof Table ? [] : points) // refuses them
  const given = options.sampleWeight === undefined ? undefined : copyWeights(call, options.sampleWeight, rows)
  const { matrix, encoder, kept } = searchPoints(call, points, options, given?.values)
  const copies =
    given === undefined || kept === null
      ? given
      : copyWeights(
          call,
          Array.from(kept, (row) => given.values[row]),
          kept.length,
        )
  rowsTaken(rows, kept, copies)
  const search = yield* buildSearch(call, matrix, options, encoder, points === matrix)
  return { search, options: keptOptions(options), encoder, radius, weights, copies }
}

/**
 * The rows within the radius of each query, or, without queries, of each fitted row without itself (one copy of it).
 * A row of weight w stands there once, with w as its share of a copy.
 */
export function* radiusBallots(
  call: string,
  model: RadiusModel,
  queries: PointsLike | undefined,
  run: RunOptions,
): Steps<Ballots> {
  const { search, encoder, copies, radius } = model
  checkOptions(call, run, runOptionNames)
  const matrix =
    queries === undefined ? undefined : queryPoints(call, 'queries', queries, search.space.columns, encoder)
  if (copies === undefined) {
    const { offsets, indices, distances } = yield* search.within({ call, queries: matrix }, radius)
    return { offsets, rows: indices, distances, copies: undefined }
  }
  const found = yield* search.within({ call, queries: matrix, leaveOut: false, live: copies.live }, radius)
  if (matrix !== undefined) {
    const shares = Float64Array.from(found.indices, (row) => copies.values[row])
    return { offsets: found.offsets, rows: found.indices, distances: found.distances, copies: shares }
  }
  return withoutSelf(found.offsets, found.indices, found.distances, copies.values)
}

/** Takes one copy of each query, which is a fitted row, out of its own ballot. */
function withoutSelf(
  offsets: Uint32Array,
  indices: Uint32Array,
  distances: Float64Array,
  weights: Float64Array,
): Ballots {
  const starts = new Uint32Array(offsets.length)
  const rows = new Uint32Array(indices.length)
  const kept = new Float64Array(indices.length)
  const shares = new Float64Array(indices.length)
  let count = 0
  for (let query = 0; query + 1 < offsets.length; query++) {
    for (let at = offsets[query]; at < offsets[query + 1]; at++) {
      const row = indices[at]
      let left = weights[row]
      if (row === query) left = left >= 1 ? left - 1 : 0
      if (left === 0) continue
      rows[count] = row
      kept[count] = distances[at]
      shares[count] = left
      count++
    }
    starts[query + 1] = count
  }
  return {
    offsets: starts,
    rows: rows.slice(0, count),
    distances: kept.slice(0, count),
    copies: shares.slice(0, count),
  }
}

/** The first query without neighbours, or −1. */
export function firstLonely(ballots: Ballots): number {
  for (let query = 0; query + 1 < ballots.offsets.length; query++) {
    if (ballots.offsets[query] === ballots.offsets[query + 1]) return query
  }
  return -1
}

/** Nobody within the radius, and nothing said about that case. */
export function lonely(call: string, query: number, radius: number, remedy: string): InputError {
  return new InputError(
    'E_NO_NEIGHBORS',
    'queries',
    `${call}: query ${query} has no neighbour within the radius ${radius}; take a larger radius, or say what the answer is with ${remedy}`,
  )
}
