import { checkChoice, checkOptions, checkMade, orDefault } from '../check.ts'
import type { Encoder } from '../data/encoder.ts'
import { type PointsLike } from '../data/points.ts'
import { readModel, writeModel } from '../files/model-file.ts'
import type { Neighbors } from '../indexes/neighbors.ts'
import type { Search, Steps } from '../indexes/search.ts'
import { type RunOptions, runHere, runOptionNames, runPaced } from '../indexes/steps.ts'
import { readSearch, searchContent } from '../knn/saved-search.ts'
import {
  buildSearch,
  keptOptions,
  nearestSteps,
  type SearchOptions,
  searchOptionNames,
  searchPoints,
} from '../knn/search-steps.ts'
import { anomalyTensorNames, anomalyTensors, readAnomalies } from './saved-anomalies.ts'
import {
  checkThreshold,
  type FittedAnomalies,
  flagged,
  judged,
  type ThresholdOptions,
  thresholdOptionNames,
} from './threshold.ts'

/** Options of {@link NeighborDistance.fit}. Without `contamination` or `threshold`, a tenth of the rows are anomalies. */
export interface NeighborDistanceOptions extends SearchOptions, ThresholdOptions, RunOptions {
  /** Which neighbour: from 1 to n − 1. Default: 5, or n − 1 where that is less. */
  readonly k?: number
  /** The distance to the k-th neighbour ('kth'), or the mean of those to the k nearest ('mean'). Default: 'kth'. */
  readonly distance?: 'kth' | 'mean'
}

type Kind = 'kth' | 'mean'

const call = (verb: string): string => `NeighborDistance.${verb}`

/**
 * Anomalies by the distance to the k-th nearest neighbour: rows that stand alone, or in groups of up to k rows that
 * stand alone.
 *
 * Fitted and immutable. No row is its own neighbour, its copies are.
 *
 * Source: Ramaswamy, Rastogi and Shim 2000 (k-th); Angiulli and Pizzuti 2002 (mean).
 */
export class NeighborDistance implements FittedAnomalies {
  readonly scores: Float64Array
  readonly threshold: number
  readonly outliers: Uint8Array
  readonly k: number
  readonly distance: 'kth' | 'mean'
  /** What turns tables into points; undefined where the model was fitted on numbers. */
  readonly encoder: Encoder | undefined
  readonly #search: Search
  readonly #options: SearchOptions

  private constructor(
    search: Search,
    options: SearchOptions,
    encoder: Encoder | undefined,
    k: number,
    distance: Kind,
    fitted: FittedAnomalies,
  ) {
    checkMade('NeighborDistance', search, 'space')
    this.#search = search
    this.#options = options
    this.encoder = encoder
    this.k = k
    this.distance = distance
    this.scores = fitted.scores
    this.threshold = fitted.threshold
    this.outliers = fitted.outliers
    Object.freeze(this)
  }

  /**
   * Measures the rows against one another, and keeps them to measure others.
   *
   * @throws {InputError} E_K for a k that is not below the number of rows; E_PARAM for an option out of its rules;
   * as NearestNeighbors.fit
   */
  static async fit(points: PointsLike, options: NeighborDistanceOptions = {}): Promise<NeighborDistance> {
    return runPaced(NeighborDistance.#fitSteps(points, options), options)
  }

  /** {@link NeighborDistance.fit} on this thread, at once. */
  static fitSync(points: PointsLike, options: NeighborDistanceOptions = {}): NeighborDistance {
    return runHere(NeighborDistance.#fitSteps(points, options))
  }

  static *#fitSteps(points: PointsLike, options: NeighborDistanceOptions): Steps<NeighborDistance> {
    const verb = call('fit')
    const known = [...searchOptionNames, ...runOptionNames, ...thresholdOptionNames, 'k', 'distance']
    checkOptions(verb, options, known)
    const limit = checkThreshold(verb, options)
    const kept = keptOptions(options)
    const kind: Kind = checkChoice(verb, 'distance', orDefault(options.distance, 'kth'), ['kth', 'mean'])
    const { matrix, encoder } = searchPoints(verb, points, options)
    const { k = Math.max(1, Math.min(5, matrix.rows - 1)) } = options
    const search = yield* buildSearch(verb, matrix, options, encoder, points === matrix)
    const found = yield* nearestSteps(verb, search, undefined, undefined, { k }, k)
    return new NeighborDistance(
      search,
      kept,
      encoder,
      k,
      kind,
      judged(measured(found, kind), limit, { contamination: 0.1 }),
    )
  }

  /** The distance of each new row to the fitted rows. */
  async score(queries: PointsLike, options: RunOptions = {}): Promise<Float64Array> {
    return runPaced(this.#scoreSteps('score', queries, options), options)
  }

  /** {@link NeighborDistance.score} on this thread, at once. */
  scoreSync(queries: PointsLike, options: RunOptions = {}): Float64Array {
    return runHere(this.#scoreSteps('score', queries, options))
  }

  /** Whether each new row is an anomaly: 1 where its distance is above the threshold. */
  async predict(queries: PointsLike, options: RunOptions = {}): Promise<Uint8Array> {
    return flagged(await runPaced(this.#scoreSteps('predict', queries, options), options), this.threshold)
  }

  /** {@link NeighborDistance.predict} on this thread, at once. */
  predictSync(queries: PointsLike, options: RunOptions = {}): Uint8Array {
    return flagged(runHere(this.#scoreSteps('predict', queries, options)), this.threshold)
  }

  /**
   * The model as a `.nigh` file.
   *
   * @throws {InputError} E_PARAM for a metric of the caller's own: code cannot be saved
   */
  toBytes(): Uint8Array<ArrayBuffer> {
    const { meta, tensors } = searchContent(call('toBytes'), this.#search, this.#options, this.encoder)
    return writeModel({
      kind: 'neighbor-distance',
      meta: { search: meta, k: this.k, distance: this.distance },
      tensors: { ...tensors, ...anomalyTensors(this) },
    })
  }

  /**
   * The model that {@link NeighborDistance.toBytes} wrote.
   *
   * @throws {InputError} E_MAGIC, E_CHECKSUM, E_VERSION or E_KIND for anything else
   */
  static fromBytes(bytes: Uint8Array): NeighborDistance {
    const verb = call('fromBytes')
    const file = readModel(bytes, verb, ['neighbor-distance'])
    const { search, options, encoder, fields, done } = readSearch(verb, file)
    const k = fields.integer('k', 1, search.rows - 1)
    const distance: Kind = fields.choice('distance', ['kth', 'mean'])
    const fitted = readAnomalies(verb, (name) => file.tensors.get(name)?.values, search.rows)
    done(anomalyTensorNames)
    return new NeighborDistance(search, options, encoder, k, distance, fitted)
  }

  *#scoreSteps(verb: string, queries: PointsLike, options: RunOptions): Steps<Float64Array> {
    const request = { ...options, k: this.k }
    const found = yield* nearestSteps(call(verb), this.#search, this.encoder, queries, request, this.k)
    return measured(found, this.distance)
  }
}

function measured(found: Neighbors, kind: Kind): Float64Array {
  const { k, distances } = found
  const scores = new Float64Array(distances.length / k)
  for (let i = 0; i < scores.length; i++) {
    if (kind === 'kth') {
      scores[i] = distances[(i + 1) * k - 1]
      continue
    }
    let sum = 0
    for (let j = 0; j < k; j++) sum += distances[i * k + j]
    scores[i] = sum / k
  }
  return scores
}
