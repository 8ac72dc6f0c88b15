import { checkOptions, checkMade } from '../check.ts'
import type { Encoder } from '../data/encoder.ts'
import { Matrix } from '../data/matrix.ts'
import { type PointsLike } from '../data/points.ts'
import { readModel, writeModel } from '../files/model-file.ts'
import type { TensorValues } from '../files/tensor.ts'
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
import { anomalyTensorNames, anomalyTensors, numbersOf, readAnomalies } from './saved-anomalies.ts'
import {
  checkThreshold,
  type FittedAnomalies,
  flagged,
  judged,
  type ThresholdOptions,
  thresholdOptionNames,
} from './threshold.ts'

/** Options of {@link LocalOutlierFactor.fit}. Without `contamination` or `threshold`, scores above 1.5 are anomalies. */
export interface LocalOutlierFactorOptions extends SearchOptions, ThresholdOptions, RunOptions {
  /** Neighbours that a row is compared with: from 1 to n − 1. Default: 20, or n − 1 where that is less. */
  readonly k?: number
}

const call = (verb: string): string => `LocalOutlierFactor.${verb}`

/**
 * The local outlier factor: how much thinner the rows stand round a row than round its neighbours. About 1 for a row
 * among its like; 2 where the neighbours stand twice as close together.
 *
 * Fitted and immutable. Every row counts as its own place: without copies among the rows, the factors are those of
 * scikit-learn (with the sign turned, and without the 1e-10 that it adds to distances).
 *
 * Where a row has k or more copies, its k-th neighbour lies at distance 0, and its density would be infinite and
 * every row near it an outlier. Its k-distance then is its distance to the nearest row elsewhere.
 *
 * Source: Breunig, Kriegel, Ng and Sander 2000.
 * @example
 * const model = await LocalOutlierFactor.fit(points)
 * model.outliers                         // Uint8Array: 1 for an anomaly
 * await model.score(newPoints)
 */
export class LocalOutlierFactor implements FittedAnomalies {
  readonly scores: Float64Array
  readonly threshold: number
  readonly outliers: Uint8Array
  /** Neighbours that a row is compared with. */
  readonly k: number
  /** What turns tables into points; undefined where the model was fitted on numbers. */
  readonly encoder: Encoder | undefined
  readonly #search: Search
  readonly #options: SearchOptions
  /** For each fitted row: the distance that counts as that of its k-th neighbour, and its density. */
  readonly #reaches: Float64Array
  readonly #densities: Float64Array

  private constructor(
    search: Search,
    options: SearchOptions,
    encoder: Encoder | undefined,
    k: number,
    local: { readonly reaches: Float64Array; readonly densities: Float64Array },
    fitted: FittedAnomalies,
  ) {
    checkMade('LocalOutlierFactor', search, 'space')
    this.#search = search
    this.#options = options
    this.encoder = encoder
    this.k = k
    this.#reaches = local.reaches
    this.#densities = local.densities
    this.scores = fitted.scores
    this.threshold = fitted.threshold
    this.outliers = fitted.outliers
    Object.freeze(this)
  }

  /**
   * Scores the rows against one another, and keeps them to score others.
   *
   * @throws {InputError} E_K for a k that is not below the number of rows; E_PARAM for an option out of its rules;
   * as NearestNeighbors.fit
   */
  static async fit(points: PointsLike, options: LocalOutlierFactorOptions = {}): Promise<LocalOutlierFactor> {
    return runPaced(LocalOutlierFactor.#fitSteps(points, options), options)
  }

  /** {@link LocalOutlierFactor.fit} on this thread, at once. */
  static fitSync(points: PointsLike, options: LocalOutlierFactorOptions = {}): LocalOutlierFactor {
    return runHere(LocalOutlierFactor.#fitSteps(points, options))
  }

  static *#fitSteps(points: PointsLike, options: LocalOutlierFactorOptions): Steps<LocalOutlierFactor> {
    const verb = call('fit')
    checkOptions(verb, options, [...searchOptionNames, ...runOptionNames, ...thresholdOptionNames, 'k'])
    const limit = checkThreshold(verb, options)
    const kept = keptOptions(options)
    const { matrix, encoder } = searchPoints(verb, points, options)
    const { k = Math.max(1, Math.min(20, matrix.rows - 1)) } = options
    const search = yield* buildSearch(verb, matrix, options, encoder, points === matrix)
    const found = yield* nearestSteps(verb, search, undefined, undefined, { k }, k)
    const reaches = yield* reachesOf(verb, search, found)
    const densities = densitiesOf(found, reaches)
    const scores = factorsOf(found, densities, densities)
    const fitted = judged(scores, limit, { threshold: 1.5 })
    return new LocalOutlierFactor(search, kept, encoder, k, { reaches, densities }, fitted)
  }

  /**
   * The factor of each new row, among the fitted rows. (For the fitted rows themselves, see `scores`: there no row
   * is its own neighbour.)
   */
  async score(queries: PointsLike, options: RunOptions = {}): Promise<Float64Array> {
    return runPaced(this.#scoreSteps('score', queries, options), options)
  }

  /** {@link LocalOutlierFactor.score} on this thread, at once. */
  scoreSync(queries: PointsLike, options: RunOptions = {}): Float64Array {
    return runHere(this.#scoreSteps('score', queries, options))
  }

  /** Whether each new row is an anomaly: 1 where its factor is above the threshold. */
  async predict(queries: PointsLike, options: RunOptions = {}): Promise<Uint8Array> {
    return flagged(await runPaced(this.#scoreSteps('predict', queries, options), options), this.threshold)
  }

  /** {@link LocalOutlierFactor.predict} on this thread, at once. */
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
    const rows = this.scores.length
    return writeModel({
      kind: 'local-outlier-factor',
      meta: { search: meta, k: this.k },
      tensors: {
        ...tensors,
        ...anomalyTensors(this),
        reaches: { shape: [rows], values: this.#reaches },
        densities: { shape: [rows], values: this.#densities },
      },
    })
  }

  /**
   * The model that {@link LocalOutlierFactor.toBytes} wrote.
   *
   * @throws {InputError} E_MAGIC, E_CHECKSUM, E_VERSION or E_KIND for anything else
   */
  static fromBytes(bytes: Uint8Array): LocalOutlierFactor {
    const verb = call('fromBytes')
    const file = readModel(bytes, verb, ['local-outlier-factor'])
    const { search, options, encoder, fields, done } = readSearch(verb, file)
    const tensor = (name: string): TensorValues | undefined => file.tensors.get(name)?.values
    const k = fields.integer('k', 1, search.rows - 1)
    const fitted = readAnomalies(verb, (name) => tensor(name), search.rows)
    const reaches = numbersOf(verb, 'reaches', tensor('reaches'), search.rows)
    const densities = numbersOf(verb, 'densities', tensor('densities'), search.rows)
    done([...anomalyTensorNames, 'reaches', 'densities'])
    return new LocalOutlierFactor(search, options, encoder, k, { reaches, densities }, fitted)
  }

  *#scoreSteps(verb: string, queries: PointsLike, options: RunOptions): Steps<Float64Array> {
    const request = { ...options, k: this.k }
    const found = yield* nearestSteps(call(verb), this.#search, this.encoder, queries, request, this.k)
    return factorsOf(found, densitiesOf(found, this.#reaches), this.#densities)
  }
}

/** The distance of each row's k-th neighbour; where that is 0, of the nearest row elsewhere; 0 where there is none. */
function* reachesOf(call: string, search: Search, found: Neighbors): Steps<Float64Array> {
  const { k, distances } = found
  const n = distances.length / k
  const reaches = new Float64Array(n)
  let heaped: number[] = []
  for (let i = 0; i < n; i++) {
    reaches[i] = distances[(i + 1) * k - 1]
    if (reaches[i] === 0) heaped.push(i)
  }
  // One row speaks for all its copies.
  const copies = new Map<string, number[]>()
  for (const i of heaped) {
    const key = search.matrix.row(i).join()
    const known = copies.get(key)
    if (known === undefined) copies.set(key, [i])
    else known.push(i)
  }
  heaped = Array.from(copies.values(), ([first]) => first)
  for (let more = 2 * k; heaped.length > 0; more *= 2) {
    const wanted = Math.min(n, more)
    const wider = yield* nearestSteps(
      call,
      search,
      undefined,
      rowsOf(search.matrix, heaped),
      { k: wanted },
      wanted,
    )
    const left: number[] = []
    heaped.forEach((row, at) => {
      const beyond = wider.distances.subarray(at * wanted, (at + 1) * wanted).find((distance) => distance > 0)
      if (beyond === undefined) {
        left.push(row)
        return
      }
      for (const copy of copies.get(search.matrix.row(row).join()) ?? []) reaches[copy] = beyond
    })
    if (wanted === n) break // all rows stand in one place
    heaped = left
  }
  return reaches
}

function rowsOf(points: Matrix, rows: readonly number[]): Matrix {
  const kept = new Float64Array(rows.length * points.columns)
  rows.forEach((row, at) => {
    kept.set(points.row(row), at * points.columns)
  })
  return Matrix.trusted(kept, points.columns)
}

/** The inverse of the mean reachability distance: at least the neighbour's own k-distance. Infinity where that is 0. */
function densitiesOf(found: Neighbors, reaches: Float64Array): Float64Array {
  const { k, indices, distances } = found
  const densities = new Float64Array(distances.length / k)
  for (let i = 0, at = 0; i < densities.length; i++) {
    let sum = 0
    for (let j = 0; j < k; j++, at++) sum += Math.max(reaches[indices[at]], distances[at])
    densities[i] = k / sum
  }
  return densities
}

/** The mean density of a row's neighbours over its own. */
function factorsOf(found: Neighbors, own: Float64Array, fitted: Float64Array): Float64Array {
  const { k, indices } = found
  const factors = new Float64Array(own.length)
  for (let i = 0, at = 0; i < factors.length; i++) {
    let sum = 0
    for (let j = 0; j < k; j++, at++) {
      const density = fitted[indices[at]]
      // All rows in one place: as dense as its neighbours.
      sum += density === own[i] ? 1 : density / own[i]
    }
    factors[i] = sum / k
  }
  return factors
}
