import { checkNumber, checkOptions, InputError, show, checkMade } from '../check.ts'
import type { Encoder } from '../data/encoder.ts'
import { Matrix, type MatrixLike } from '../data/matrix.ts'
import type { PointsLike } from '../data/points.ts'
import { readModel, writeModel } from '../files/model-file.ts'
import type { Neighbors } from '../indexes/neighbors.ts'
import type { Steps } from '../indexes/search.ts'
import { runHere, type RunOptions, runOptionNames, runPaced } from '../indexes/steps.ts'
import {
  ballotsOf,
  ballotsOfMatrix,
  fitNeighbors,
  modelQueries,
  type NeighborModel,
  type NeighborModelOptions,
  neighborModelOptionNames,
} from './neighbor-model.ts'
import { numberMeans, numberQuantiles, type NumberTargets } from './number-means.ts'
import { type NumberList, numberTargets, type RegressionTargets } from './number-targets.ts'
import { readNumbers } from './saved-targets.ts'
import { modelContent, readK, readModelContent } from './saved-model.ts'
import { type NearestOptions, nearestSteps } from './search-steps.ts'
import { checkExplain, type ExplainOptions, nearColumns } from './near-columns.ts'
import { type Explanation, nearness, votersOf } from './voters.ts'

/** Options of {@link KNNRegressor.fit}. */
export interface KNNRegressorOptions extends NeighborModelOptions {}

/** Options of `predictQuantiles`. */
export interface QuantileOptions extends RunOptions {
  /** Numbers from 0 to 1: `[0.1, 0.5, 0.9]` for the median and the span of the middle four fifths. */
  readonly quantiles: readonly number[]
}

const call = (verb: string): string => `KNNRegressor.${verb}`

const one = (values: Float64Array): Float64Array => values

/**
 * Predicts numbers: the (weighted) mean of the targets of the k nearest rows. Immutable.
 *
 * One target a row gives predictions as a Float64Array, several give a Matrix with a column for each.
 *
 * @example
 * const model = await KNNRegressor.fit(points, prices, { k: 5, weights: 'distance' })
 * await model.predict(queries) // Float64Array
 */
export class KNNRegressor<P extends Float64Array | Matrix> {
  /** Targets a row. */
  readonly outputs: number
  readonly #model: NeighborModel
  /** n × outputs. */
  readonly #targets: Float64Array
  readonly #answer: (values: Float64Array) => P

  private constructor(
    model: NeighborModel,
    targets: Float64Array,
    outputs: number,
    answer: (values: Float64Array) => P,
  ) {
    checkMade('KNNRegressor', model, 'search', 'fit(points, targets, options)')
    this.#model = model
    this.#targets = targets
    this.outputs = outputs
    this.#answer = answer
    Object.freeze(this)
  }

  /**
   * Keeps points and their targets, and builds an index.
   *
   * @param targets one number a row, or rows of numbers (a Matrix or arrays)
   * @throws {InputError} E_K for a k above the number of rows (copies counted); E_PARAM for an option out of its
   * rules; E_TYPE, E_SHAPE or E_NONFINITE for targets; E_WEIGHTS for sample weights; as NearestNeighbors.fit
   */
  static fit(
    points: PointsLike,
    targets: NumberList,
    options?: KNNRegressorOptions,
  ): Promise<KNNRegressor<Float64Array>>
  static fit(
    points: PointsLike,
    targets: MatrixLike,
    options?: KNNRegressorOptions,
  ): Promise<KNNRegressor<Matrix>>
  static async fit(
    points: PointsLike,
    targets: NumberList | MatrixLike,
    options: KNNRegressorOptions = {},
  ): Promise<KNNRegressor<Float64Array> | KNNRegressor<Matrix>> {
    return runPaced(KNNRegressor.#fitSteps(points, targets, options), options)
  }

  /** {@link KNNRegressor.fit} on this thread, at once. */
  static fitSync(
    points: PointsLike,
    targets: NumberList,
    options?: KNNRegressorOptions,
  ): KNNRegressor<Float64Array>
  static fitSync(points: PointsLike, targets: MatrixLike, options?: KNNRegressorOptions): KNNRegressor<Matrix>
  static fitSync(
    points: PointsLike,
    targets: NumberList | MatrixLike,
    options: KNNRegressorOptions = {},
  ): KNNRegressor<Float64Array> | KNNRegressor<Matrix> {
    return runHere(KNNRegressor.#fitSteps(points, targets, options))
  }

  static *#fitSteps(
    points: PointsLike,
    targets: NumberList | MatrixLike,
    options: KNNRegressorOptions,
  ): Steps<KNNRegressor<Float64Array> | KNNRegressor<Matrix>> {
    let taken: RegressionTargets = { values: new Float64Array(0), outputs: 1, many: false }
    const model = yield* fitNeighbors(
      call('fit'),
      points,
      options,
      neighborModelOptionNames,
      (rows, kept) => {
        taken = numberTargets(call('fit'), targets, rows, kept)
      },
    )
    return KNNRegressor.#of(model, taken)
  }

  static #of(
    model: NeighborModel,
    { values, outputs, many }: RegressionTargets,
  ): KNNRegressor<Float64Array> | KNNRegressor<Matrix> {
    if (!many) return new KNNRegressor<Float64Array>(model, values, 1, one)
    return new KNNRegressor<Matrix>(model, values, outputs, (answers) => Matrix.trusted(answers, outputs))
  }

  /** Neighbours asked for each answer. */
  get k(): number {
    return this.#model.k
  }

  /** The fitted rows, n × d. */
  get points(): Matrix {
    return this.#model.search.matrix
  }

  /** What turns tables into points; undefined where the model was fitted on numbers. */
  get encoder(): Encoder | undefined {
    return this.#model.encoder
  }

  /**
   * The prediction for each query. Without queries: for each fitted row, from the others (leave-one-out).
   *
   * @throws {InputError} E_SHAPE for queries of another number of columns; E_K without queries where k = n
   */
  async predict(queries?: PointsLike, options: RunOptions = {}): Promise<P> {
    return runPaced(this.#predictSteps(queries, options), options)
  }

  /** {@link KNNRegressor.predict} on this thread, at once. */
  predictSync(queries?: PointsLike, options: RunOptions = {}): P {
    return runHere(this.#predictSteps(queries, options))
  }

  *#predictSteps(queries: PointsLike | undefined, options: RunOptions): Steps<P> {
    const verb = call('predict')
    const ballots = yield* ballotsOf(verb, this.#model, queries, options)
    return this.#answer(numberMeans(verb, ballots, this.#given))
  }

  /**
   * Quantiles of the neighbours' targets, by their share of the votes: how far a prediction may be off. One row a
   * query, one column a quantile (all quantiles of the first target, then of the next).
   *
   * A quantile is the least target whose share, with all smaller ones, reaches it: always the target of a neighbour.
   *
   * @throws {InputError} E_PARAM for quantiles that are not numbers from 0 to 1
   */
  async predictQuantiles(queries: PointsLike | undefined, options: QuantileOptions): Promise<Matrix> {
    return runPaced(this.#quantileSteps(queries, options), options)
  }

  /** {@link KNNRegressor.predictQuantiles} on this thread, at once. */
  predictQuantilesSync(queries: PointsLike | undefined, options: QuantileOptions): Matrix {
    return runHere(this.#quantileSteps(queries, options))
  }

  *#quantileSteps(queries: PointsLike | undefined, options: QuantileOptions): Steps<Matrix> {
    const verb = call('predictQuantiles')
    checkOptions(verb, options, ['quantiles', ...runOptionNames])
    const { quantiles: given, ...run } = options
    if (!Array.isArray(given) || given.length === 0) {
      throw new InputError(
        'E_PARAM',
        'quantiles',
        `${verb}: quantiles must be numbers from 0 to 1, got ${show(given)}`,
      )
    }
    const quantiles: number[] = given.map((quantile) => checkNumber(verb, 'quantiles', quantile, 0, 1))
    const ballots = yield* ballotsOf(verb, this.#model, queries, run)
    const values = numberQuantiles(verb, ballots, this.#given, quantiles)
    return Matrix.trusted(values, this.outputs * quantiles.length)
  }

  /** The k nearest fitted rows of each query (of weight above 0): where a prediction comes from. */
  async nearest(queries?: PointsLike, options: NearestOptions = {}): Promise<Neighbors> {
    return runPaced(this.#nearestSteps(queries, options), options)
  }

  /** {@link KNNRegressor.nearest} on this thread, at once. */
  nearestSync(queries?: PointsLike, options: NearestOptions = {}): Neighbors {
    return runHere(this.#nearestSteps(queries, options))
  }

  #nearestSteps(queries: PointsLike | undefined, options: NearestOptions): Steps<Neighbors> {
    const { search, encoder, k, copies } = this.#model
    return nearestSteps(call('nearest'), search, encoder, queries, options, k, copies?.live)
  }

  /**
   * The prediction for each query, with the neighbours behind it, their targets and each one's share, and, with
   * `columns: true`, which columns made them near.
   */
  async explain(queries?: PointsLike, options: ExplainOptions = {}): Promise<Explanation<Float64Array>[]> {
    return runPaced(this.#explainSteps(queries, options), options)
  }

  /** {@link KNNRegressor.explain} on this thread, at once. */
  explainSync(queries?: PointsLike, options: ExplainOptions = {}): Explanation<Float64Array>[] {
    return runHere(this.#explainSteps(queries, options))
  }

  *#explainSteps(
    queries: PointsLike | undefined,
    options: ExplainOptions,
  ): Steps<Explanation<Float64Array>[]> {
    const verb = call('explain')
    const { outputs } = this
    const { weights, columns, targets } = this.#given
    const { search, encoder, copies } = this.#model
    const run = checkExplain(verb, options)
    const matrix = modelQueries(verb, this.#model, queries, run)
    const near = nearColumns(verb, search, encoder, matrix, copies?.live, options)
    const ballots = yield* ballotsOfMatrix(verb, this.#model, matrix, this.k)
    const means = numberMeans(verb, ballots, this.#given)
    return Array.from({ length: means.length / outputs }, (_, query) => {
      const neighbors = votersOf(verb, weights, columns, ballots, query, (row) =>
        targets.slice(row * outputs, (row + 1) * outputs),
      )
      return {
        prediction: means.slice(query * outputs, (query + 1) * outputs),
        neighbors,
        ...nearness(near, query, neighbors),
      }
    })
  }

  get #given(): NumberTargets {
    const { weights, search } = this.#model
    return { weights, columns: search.space.columns, targets: this.#targets, outputs: this.outputs }
  }

  /**
   * The model as a `.nigh` file.
   *
   * @throws {InputError} E_PARAM for a metric or weights of the caller's own: code cannot be saved
   */
  toBytes(): Uint8Array<ArrayBuffer> {
    const { meta, tensors } = modelContent(call('toBytes'), this.#model)
    const many = this.#answer !== one
    const rows = this.#targets.length / this.outputs
    return writeModel({
      kind: 'knn-regressor',
      meta: { ...meta, k: this.#model.k },
      tensors: {
        ...tensors,
        targets: { shape: many ? [rows, this.outputs] : [rows], values: this.#targets },
      },
    })
  }

  /**
   * The model that {@link KNNRegressor.toBytes} wrote.
   *
   * @throws {InputError} E_MAGIC, E_CHECKSUM, E_VERSION or E_KIND for anything else
   */
  static fromBytes(bytes: Uint8Array): KNNRegressor<Float64Array> | KNNRegressor<Matrix> {
    const verb = call('fromBytes')
    const file = readModel(bytes, verb, ['knn-regressor'])
    const { model: read, saved } = readModelContent(verb, file)
    const model = { ...read, k: readK(verb, read, saved) }
    const targets = readNumbers(verb, saved, file.tensors.get('targets')?.shape ?? [])
    saved.done(['targets', 'weights'])
    return KNNRegressor.#of(model, targets)
  }
}
