import { InputError, show, checkMade } from '../check.ts'
import type { Encoder } from '../data/encoder.ts'
import { Matrix, type MatrixLike } from '../data/matrix.ts'
import type { PointsLike } from '../data/points.ts'
import type { Steps } from '../indexes/search.ts'
import { runHere, type RunOptions, runPaced } from '../indexes/steps.ts'
import { readModel, writeModel } from '../files/model-file.ts'
import { modelContent, readModelContent, readRadius, writeRadius } from './saved-model.ts'
import { readNumbers } from './saved-targets.ts'
import { numberMeans, type NumberTargets } from './number-means.ts'
import { type NumberList, numberTargets, type RegressionTargets } from './number-targets.ts'
import {
  firstLonely,
  fitRadius,
  lonely,
  radiusBallots,
  type RadiusModel,
  type RadiusModelOptions,
  radiusModelOptionNames,
} from './radius-model.ts'

/** Options of {@link RadiusRegressor.fit}. */
export interface RadiusRegressorOptions extends RadiusModelOptions {
  /** The prediction (for each target) for a query without neighbours; NaN is allowed. Default: such a query is an error, E_NO_NEIGHBORS. */
  readonly outlierValue?: number
}

const call = (verb: string): string => `RadiusRegressor.${verb}`

const one = (values: Float64Array): Float64Array => values

/**
 * Predicts numbers: the (weighted) mean of the targets of all rows within a radius. Immutable.
 *
 * One target a row gives predictions as a Float64Array, several give a Matrix with a column for each.
 *
 * @example
 * const model = await RadiusRegressor.fit(points, prices, { radius: 2, outlierValue: NaN })
 * await model.predict(queries)
 */
export class RadiusRegressor<P extends Float64Array | Matrix> {
  /** Targets a row. */
  readonly outputs: number
  readonly #model: RadiusModel
  readonly #targets: Float64Array
  readonly #outlierValue: number | undefined
  readonly #answer: (values: Float64Array) => P

  private constructor(
    model: RadiusModel,
    targets: RegressionTargets,
    outlierValue: number | undefined,
    answer: (values: Float64Array) => P,
  ) {
    checkMade('RadiusRegressor', model, 'search', 'fit(points, targets, { radius })')
    this.#model = model
    this.#targets = targets.values
    this.outputs = targets.outputs
    this.#outlierValue = outlierValue
    this.#answer = answer
    Object.freeze(this)
  }

  /**
   * Keeps points and their targets, and builds an index.
   *
   * @throws {InputError} E_PARAM for a radius that is not a number from 0 up or another option out of its rules; as
   * KNNRegressor.fit
   */
  static fit(
    points: PointsLike,
    targets: NumberList,
    options: RadiusRegressorOptions,
  ): Promise<RadiusRegressor<Float64Array>>
  static fit(
    points: PointsLike,
    targets: MatrixLike,
    options: RadiusRegressorOptions,
  ): Promise<RadiusRegressor<Matrix>>
  static async fit(
    points: PointsLike,
    targets: NumberList | MatrixLike,
    options: RadiusRegressorOptions,
  ): Promise<RadiusRegressor<Float64Array> | RadiusRegressor<Matrix>> {
    return runPaced(RadiusRegressor.#fitSteps(points, targets, options), options)
  }

  /** {@link RadiusRegressor.fit} on this thread, at once. */
  static fitSync(
    points: PointsLike,
    targets: NumberList,
    options: RadiusRegressorOptions,
  ): RadiusRegressor<Float64Array>
  static fitSync(
    points: PointsLike,
    targets: MatrixLike,
    options: RadiusRegressorOptions,
  ): RadiusRegressor<Matrix>
  static fitSync(
    points: PointsLike,
    targets: NumberList | MatrixLike,
    options: RadiusRegressorOptions,
  ): RadiusRegressor<Float64Array> | RadiusRegressor<Matrix> {
    return runHere(RadiusRegressor.#fitSteps(points, targets, options))
  }

  static *#fitSteps(
    points: PointsLike,
    targets: NumberList | MatrixLike,
    options: RadiusRegressorOptions,
  ): Steps<RadiusRegressor<Float64Array> | RadiusRegressor<Matrix>> {
    const verb = call('fit')
    let taken: RegressionTargets = { values: new Float64Array(0), outputs: 1, many: false }
    let outlierValue: number | undefined
    const known = [...radiusModelOptionNames, 'outlierValue']
    const model = yield* fitRadius(verb, points, options, known, (rows, kept) => {
      taken = numberTargets(verb, targets, rows, kept)
      const value: unknown = options.outlierValue
      if (value !== undefined && typeof value !== 'number') {
        throw new InputError(
          'E_TYPE',
          'outlierValue',
          `${verb}: outlierValue must be a number, got ${show(value)}`,
        )
      }
      outlierValue = value
    })
    return RadiusRegressor.#of(model, taken, outlierValue)
  }

  static #of(
    model: RadiusModel,
    taken: RegressionTargets,
    outlierValue: number | undefined,
  ): RadiusRegressor<Float64Array> | RadiusRegressor<Matrix> {
    const { outputs } = taken
    if (!taken.many) return new RadiusRegressor<Float64Array>(model, taken, outlierValue, one)
    return new RadiusRegressor<Matrix>(model, taken, outlierValue, (values) =>
      Matrix.trusted(values, outputs),
    )
  }

  get radius(): number {
    return this.#model.radius
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
   * @throws {InputError} E_NO_NEIGHBORS for a query without neighbours, unless there is an `outlierValue`; E_SHAPE
   */
  async predict(queries?: PointsLike, options: RunOptions = {}): Promise<P> {
    return runPaced(this.#predictSteps(queries, options), options)
  }

  /** {@link RadiusRegressor.predict} on this thread, at once. */
  predictSync(queries?: PointsLike, options: RunOptions = {}): P {
    return runHere(this.#predictSteps(queries, options))
  }

  *#predictSteps(queries: PointsLike | undefined, options: RunOptions): Steps<P> {
    const verb = call('predict')
    const ballots = yield* radiusBallots(verb, this.#model, queries, options)
    const first = this.#outlierValue === undefined ? firstLonely(ballots) : -1
    if (first >= 0) throw lonely(verb, first, this.#model.radius, 'the option outlierValue')
    const { weights, search } = this.#model
    const given: NumberTargets = {
      weights,
      columns: search.space.columns,
      targets: this.#targets,
      outputs: this.outputs,
    }
    return this.#answer(numberMeans(verb, ballots, given, this.#outlierValue))
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
    const outlier = this.#outlierValue
    return writeModel({
      kind: 'radius-regressor',
      meta: { ...meta, radius: writeRadius(this.#model.radius) },
      tensors: {
        ...tensors,
        targets: { shape: many ? [rows, this.outputs] : [rows], values: this.#targets },
        // A tensor, since NaN is no JSON.
        ...(outlier === undefined ? {} : { outlier: { shape: [1], values: Float64Array.of(outlier) } }),
      },
    })
  }

  /**
   * The model that {@link RadiusRegressor.toBytes} wrote.
   *
   * @throws {InputError} E_MAGIC, E_CHECKSUM, E_VERSION or E_KIND for anything else
   */
  static fromBytes(bytes: Uint8Array): RadiusRegressor<Float64Array> | RadiusRegressor<Matrix> {
    const verb = call('fromBytes')
    const file = readModel(bytes, verb, ['radius-regressor'])
    const { model, saved } = readModelContent(verb, file)
    const radius = readRadius(verb, saved)
    const targets = readNumbers(verb, saved, file.tensors.get('targets')?.shape ?? [])
    const outlier = saved.tensor('outlier', (values) => values instanceof Float64Array, 1)
    saved.done(['targets', 'weights', 'outlier'])
    return RadiusRegressor.#of({ ...model, radius }, targets, outlier?.[0])
  }
}
