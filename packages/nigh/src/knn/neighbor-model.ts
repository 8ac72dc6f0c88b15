import { checkOptions } from '../check.ts'
import type { Encoder } from '../data/encoder.ts'
import { Matrix } from '../data/matrix.ts'
import { Table } from '../data/table.ts'
import { type PointsLike, queryPoints } from '../data/points.ts'
import type { Search, Steps } from '../indexes/search.ts'
import { type RunOptions, runOptionNames } from '../indexes/steps.ts'
import { type Ballots, evenOffsets } from './ballots.ts'
import { type CopyWeights, copyWeights, fillPlaces, rowsToFind, withEdges } from './copies.ts'
import { isKernel } from './kernel-weights.ts'
import {
  buildSearch,
  checkK,
  keptOptions,
  type SearchOptions,
  searchOptionNames,
  searchPoints,
} from './search-steps.ts'
import { checkWeights, type Weights } from './vote-weights.ts'

/** Options of models that answer from the k nearest rows. */
export interface NeighborModelOptions extends SearchOptions, RunOptions {
  /** Neighbours asked for each answer: a whole number from 1 to the number of rows, copies counted. Default: 5. */
  readonly k?: number
  /**
   * How much each neighbour counts: all the same, by 1/distance (where neighbours lie at distance 0, they alone), by a
   * kernel over the distance relative to that of the k+1-th neighbour (which must exist), or a function of the
   * distance that returns a finite number from 0 up. Default: 'uniform'.
   */
  readonly weights?: Weights
  /**
   * A weight for each row, from 0 up. Weight n is n copies, each of which takes one of the k places; weight 0 is
   * absence; a fraction is one copy whose vote counts that fraction. Default: 1 each.
   */
  readonly sampleWeight?: readonly number[] | Float64Array | Float32Array
}

export const neighborModelOptionNames: readonly string[] = [
  ...searchOptionNames,
  ...runOptionNames,
  'k',
  'weights',
  'sampleWeight',
]

/** What classifiers and regressors have in common: rows, which of them are near, and how much each counts. */
export interface NeighborModel {
  readonly search: Search
  readonly options: SearchOptions
  readonly encoder: Encoder | undefined
  readonly k: number
  readonly weights: Weights
  readonly copies: CopyWeights | undefined
}

/** A fitted model, and which rows of a table it kept. */
export interface FittedModel extends NeighborModel {
  readonly kept: Uint32Array | null
}

/** Checks the options and builds the search. Every input is read and copied before the first yield. */
export function* fitNeighbors(
  call: string,
  points: PointsLike,
  options: NeighborModelOptions,
  known: readonly string[],
  rowsTaken: (rows: number, kept: Uint32Array | null, copies: CopyWeights | undefined) => void,
): Steps<FittedModel> {
  checkOptions(call, options, known)
  if (pointCount(points) === 0) Matrix.from(call, 'points', points instanceof Table ? [] : points) // refuses them
  const weights = checkWeights(call, options.weights === undefined ? 'uniform' : options.weights)
  const given =
    options.sampleWeight === undefined
      ? undefined
      : copyWeights(call, options.sampleWeight, pointCount(points))
  const { matrix, encoder, kept } = searchPoints(call, points, options, given?.values)
  const copies =
    given === undefined || kept === null
      ? given
      : copyWeights(
          call,
          Array.from(kept, (row) => given.values[row]),
          kept.length,
        )
  rowsTaken(pointCount(points), kept, copies)
  const k = options.k === undefined ? 5 : options.k
  const count = copies === undefined ? matrix.rows : copies.places
  checkK(call, k, isKernel(weights) ? count - 1 : count, false, false)
  const search = yield* buildSearch(call, matrix, options, encoder, points === matrix)
  return { search, options: keptOptions(options), encoder, k, weights, copies, kept }
}

/** How many rows points have; 0 for what are none. */
export function pointCount(points: PointsLike): number {
  return points instanceof Matrix || points instanceof Table
    ? points.rows
    : Array.isArray(points)
      ? points.length
      : 0
}

/**
 * The k places behind each answer, for queries or, without them, for each fitted row without itself.
 *
 * @throws {InputError} E_K where there are fewer than k (k + 1 for a kernel) to be asked
 */
export function* ballotsOf(
  call: string,
  model: NeighborModel,
  queries: PointsLike | undefined,
  run: RunOptions,
): Steps<Ballots> {
  return yield* ballotsOfMatrix(call, model, modelQueries(call, model, queries, run), model.k)
}

/** Checks the queries and options of a verb; undefined where the fitted rows themselves are asked about. */
export function modelQueries(
  call: string,
  model: NeighborModel,
  queries: PointsLike | undefined,
  run: RunOptions,
): Matrix | undefined {
  const { search, encoder } = model
  checkOptions(call, run, runOptionNames)
  return queries === undefined
    ? undefined
    : queryPoints(call, 'queries', queries, search.space.columns, encoder)
}

/** {@link ballotsOf} for checked queries and any k. */
export function* ballotsOfMatrix(
  call: string,
  model: NeighborModel,
  matrix: Matrix | undefined,
  k: number,
): Steps<Ballots> {
  const { search, copies, weights } = model
  const leaveOut = matrix === undefined
  // Kernels measure distances by that of the next neighbour.
  const edged = isKernel(weights)
  const places = edged ? k + 1 : k
  checkPlaces(call, model, k, leaveOut)
  let ballots: Ballots
  if (copies === undefined) {
    const { indices, distances } = yield* search.nearest({ call, queries: matrix }, places)
    const offsets = evenOffsets(indices.length / places, places)
    ballots = { offsets, rows: indices, distances, copies: undefined }
  } else {
    const found = yield* search.nearest(
      { call, queries: matrix, leaveOut: false, live: copies.live },
      rowsToFind(copies, places, leaveOut),
    )
    ballots = fillPlaces(found, copies.values, places, leaveOut ? (query) => query : undefined)
  }
  return edged ? withEdges(ballots) : ballots
}

/**
 * {@link ballotsOfMatrix} for some of the queries only.
 *
 * @param matrix all queries; undefined: the fitted rows, each without itself
 * @param rows which of them
 */
export function* ballotsOfRows(
  call: string,
  model: NeighborModel,
  matrix: Matrix | undefined,
  rows: readonly number[],
  k: number,
): Steps<Ballots> {
  const { search, copies, weights } = model
  const all = matrix ?? search.matrix
  const values = all.values.slice(0, rows.length * all.columns)
  rows.forEach((row, at) => {
    values.set(all.row(row), at * all.columns)
  })
  const some = Matrix.trusted(values, all.columns)
  if (matrix !== undefined) return yield* ballotsOfMatrix(call, model, some, k)
  const places = isKernel(weights) ? k + 1 : k
  const count = copies === undefined ? search.rows : copies.liveCount
  const found = yield* search.nearest(
    { call, queries: some, live: copies?.live },
    Math.min(count, places + 1),
  )
  const ballots = fillPlaces(found, copies?.values, places, (query) => rows[query])
  return isKernel(weights) ? withEdges(ballots) : ballots
}

/** The places that can be filled for a query: the largest k. */
export function placeCount(
  model: Pick<NeighborModel, 'search' | 'copies' | 'weights'>,
  leaveOut: boolean,
): number {
  const count = model.copies === undefined ? model.search.rows : model.copies.places
  // One copy is left out of its own answer; a kernel needs one more than it asks.
  return count - (leaveOut ? 1 : 0) - (isKernel(model.weights) ? 1 : 0)
}

/** @throws {InputError} E_K */
function checkPlaces(call: string, model: NeighborModel, k: number, leaveOut: boolean): void {
  checkK(call, k, placeCount(model, false), leaveOut, false)
}
