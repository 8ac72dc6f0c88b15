import { checkOptions } from '../check.ts'
import type { Encoder } from '../data/encoder.ts'
import { Matrix } from '../data/matrix.ts'
import { Table } from '../data/table.ts'
import { fittedPoints, ownCopy, type PointsLike, queryPoints } from '../data/points.ts'
import type { Search, Steps } from '../indexes/search.ts'
import { checkRun, type RunOptions, runOptionNames } from '../indexes/steps.ts'
import { type CopyWeights, copyWeights, fillPlaces, type Places, rowsToFind } from './copies.ts'
import { buildSearch, checkK, keptOptions, type SearchOptions, searchOptionNames } from './search-steps.ts'
import { checkWeights, type Weights } from './vote-weights.ts'

/** Options of models that answer from the k nearest rows. */
export interface NeighborModelOptions extends SearchOptions, RunOptions {
  /** Neighbours asked for each answer: a whole number from 1 to the number of rows, copies counted. Default: 5. */
  readonly k?: number
  /**
   * How much each neighbour counts: all the same, by 1/distance (where neighbours lie at distance 0, they alone), or a
   * function of the distance that returns a finite number from 0 up. Default: 'uniform'.
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
  rowsTaken: (rows: number, kept: Uint32Array | null) => void,
): Steps<FittedModel> {
  checkOptions(call, options, known)
  checkRun(call, options)
  if (pointCount(points) === 0) Matrix.from(call, 'points', points instanceof Table ? [] : points) // refuses them
  const weights = checkWeights(call, options.weights === undefined ? 'uniform' : options.weights)
  const given =
    options.sampleWeight === undefined
      ? undefined
      : copyWeights(call, options.sampleWeight, pointCount(points))
  const { matrix, encoder, kept } = fittedPoints(call, points, options, given?.values)
  const copies =
    given === undefined || kept === null
      ? given
      : copyWeights(
          call,
          Array.from(kept, (row) => given.values[row]),
          kept.length,
        )
  rowsTaken(pointCount(points), kept)
  const k = checkK(
    call,
    options.k === undefined ? 5 : options.k,
    copies === undefined ? matrix.rows : copies.places,
    false,
    false,
  )
  const search = yield* buildSearch(call, ownCopy(points, matrix), options)
  return { search, options: keptOptions(options), encoder, k, weights, copies, kept }
}

function pointCount(points: PointsLike): number {
  return points instanceof Matrix || points instanceof Table
    ? points.rows
    : Array.isArray(points)
      ? points.length
      : 0
}

/**
 * The k places behind each answer, for queries or, without them, for each fitted row without itself.
 *
 * @throws {InputError} E_K where a row left out of its own answer leaves fewer than k
 */
export function* placesOf(
  call: string,
  model: NeighborModel,
  queries: PointsLike | undefined,
  run: RunOptions,
): Steps<Places> {
  const { search, encoder, copies, k } = model
  checkOptions(call, run, runOptionNames)
  checkRun(call, run)
  const matrix: Matrix | undefined =
    queries === undefined ? undefined : queryPoints(call, 'queries', queries, search.space.columns, encoder)
  const leaveOut = matrix === undefined
  checkK(call, k, copies === undefined ? search.rows : copies.places, leaveOut, false)
  if (copies === undefined) {
    const { indices, distances } = yield* search.nearest({ call, queries: matrix }, k)
    return { rows: indices, distances, copies: undefined, k }
  }
  const found = yield* search.nearest(
    { call, queries: matrix, leaveOut: false, live: copies.live },
    rowsToFind(copies, k, leaveOut),
  )
  return fillPlaces(found, copies.values, k, leaveOut)
}
