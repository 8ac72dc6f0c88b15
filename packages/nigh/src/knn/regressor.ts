import { InputError, show } from '../check.ts'
import type { Encoder } from '../data/encoder.ts'
import { Matrix, type MatrixLike, type Reals } from '../data/matrix.ts'
import type { PointsLike } from '../data/points.ts'
import { readModel, writeModel } from '../files/model-file.ts'
import type { Neighbors } from '../indexes/neighbors.ts'
import type { Steps } from '../indexes/search.ts'
import { runHere, type RunOptions, runPaced } from '../indexes/steps.ts'
import { type Explanation, votersOf } from './classifier.ts'
import type { Places } from './copies.ts'
import {
  fitNeighbors,
  type NeighborModel,
  type NeighborModelOptions,
  neighborModelOptionNames,
  placesOf,
} from './neighbor-model.ts'
import { modelContent, readModelContent } from './saved-model.ts'
import { type NearestOptions, nearestSteps } from './search-steps.ts'
import { voteWeights } from './vote-weights.ts'

/** Options of {@link KNNRegressor.fit}. */
export interface KNNRegressorOptions extends NeighborModelOptions {}

/** One number a row. */
export type NumberList =
  | readonly number[]
  | Reals
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array

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
    this.#model = model
    this.#targets = targets
    this.outputs = outputs
    this.#answer = answer
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
    const places = yield* placesOf(verb, this.#model, queries, options)
    return this.#answer(this.#means(verb, places))
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

  /** The prediction for each query, with the neighbours behind it, their targets and each one's share. */
  async explain(queries?: PointsLike, options: RunOptions = {}): Promise<Explanation<Float64Array>[]> {
    return runPaced(this.#explainSteps(queries, options), options)
  }

  /** {@link KNNRegressor.explain} on this thread, at once. */
  explainSync(queries?: PointsLike, options: RunOptions = {}): Explanation<Float64Array>[] {
    return runHere(this.#explainSteps(queries, options))
  }

  *#explainSteps(queries: PointsLike | undefined, options: RunOptions): Steps<Explanation<Float64Array>[]> {
    const verb = call('explain')
    const { outputs } = this
    const places = yield* placesOf(verb, this.#model, queries, options)
    const means = this.#means(verb, places)
    return Array.from({ length: means.length / outputs }, (_, query) => ({
      prediction: means.slice(query * outputs, (query + 1) * outputs),
      neighbors: votersOf(verb, this.#model, places, query, (row) =>
        this.#targets.slice(row * outputs, (row + 1) * outputs),
      ),
    }))
  }

  /** Weighted means, m × outputs: sums in the order of the neighbours. */
  #means(call: string, places: Places): Float64Array {
    const { k } = places
    const { outputs } = this
    const targets = this.#targets
    const queries = places.rows.length / k
    const means = new Float64Array(queries * outputs)
    const votes = new Float64Array(k)
    for (let query = 0; query < queries; query++) {
      const total = voteWeights(call, this.#model.weights, places, query, votes)
      for (let j = 0; j < outputs; j++) {
        let sum = 0
        for (let place = 0; place < k; place++) {
          const vote = votes[place]
          // A vote of 0 times a target is 0, but for rounding's sake not even −0 is added.
          if (vote > 0) sum += vote * targets[places.rows[query * k + place] * outputs + j]
        }
        let mean = sum / total
        if (mean - mean !== 0) {
          // The sum is too large for a number; the mean need not be.
          mean = 0
          for (let place = 0; place < k; place++) {
            mean += (votes[place] / total) * targets[places.rows[query * k + place] * outputs + j]
          }
        }
        means[query * outputs + j] = mean
      }
    }
    return means
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
      meta,
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
    const { model, saved } = readModelContent(verb, file)
    const values = saved.tensor('targets', (given) => given instanceof Float64Array)
    const shape = file.tensors.get('targets')?.shape ?? []
    const finite = values?.every((value) => value - value === 0)
    if (values === undefined || finite !== true || shape[0] !== model.search.rows || shape.length > 2) {
      throw new InputError(
        'E_MAGIC',
        'targets',
        `${verb}: the model file must hold the targets of each of its points`,
      )
    }
    saved.done(['targets', 'weights'])
    return KNNRegressor.#of(model, { values, outputs: shape[1] ?? 1, many: shape.length === 2 })
  }
}

interface RegressionTargets {
  /** n × outputs. */
  readonly values: Float64Array
  readonly outputs: number
  /** Whether they came as rows, and predictions go out as a Matrix. */
  readonly many: boolean
}

/** Takes targets: one number a row, or rows of numbers; a copy. */
function numberTargets(
  call: string,
  targets: NumberList | MatrixLike,
  rows: number,
  kept: Uint32Array | null,
): RegressionTargets {
  const first: unknown = targets instanceof Matrix ? targets : isList(targets) ? targets[0] : undefined
  const many = typeof first === 'object' && first !== null
  const matrix = many ? rowsOfNumbers(call, targets) : undefined
  const count = matrix === undefined ? lengthOf(call, targets) : matrix.rows
  if (count !== rows) {
    throw new InputError(
      'E_SHAPE',
      'targets',
      `${call}: targets must be one for each of the ${rows} points, got ${count}`,
    )
  }
  const outputs = matrix === undefined ? 1 : matrix.columns
  const values = new Float64Array((kept === null ? rows : kept.length) * outputs)
  const from: ArrayLike<unknown> =
    matrix !== undefined ? matrix.values : targets instanceof Matrix ? [] : targets
  for (let at = 0; at < values.length; at++) {
    const row = Math.floor(at / outputs)
    const source = (kept === null ? row : kept[row]) * outputs + (at % outputs)
    const value = from[source]
    if (typeof value !== 'number') {
      throw new InputError(
        'E_TYPE',
        'targets',
        `${call}: targets[${source}] must be a number, got ${show(value)} (nothing is converted)`,
      )
    }
    if (value - value !== 0) {
      throw new InputError(
        'E_NONFINITE',
        'targets',
        `${call}: targets must be finite; row ${row} is ${value}`,
      )
    }
    values[at] = value
  }
  return { values, outputs, many }
}

function rowsOfNumbers(call: string, targets: NumberList | MatrixLike): Matrix {
  if (isMatrixLike(targets)) return Matrix.from(call, 'targets', targets)
  throw new InputError(
    'E_TYPE',
    'targets',
    `${call}: targets must be numbers or rows of numbers, got ${show(targets)}`,
  )
}

// Rows are checked one by one by Matrix.from; here only the outer list is.
function isMatrixLike(targets: NumberList | MatrixLike): targets is MatrixLike {
  return targets instanceof Matrix || Array.isArray(targets)
}

function lengthOf(call: string, targets: NumberList | MatrixLike): number {
  if (!(targets instanceof Matrix) && isList(targets)) return targets.length
  throw new InputError(
    'E_TYPE',
    'targets',
    `${call}: targets must be numbers or rows of numbers, got ${show(targets)}`,
  )
}

function isList(targets: unknown): boolean {
  return Array.isArray(targets) || ArrayBuffer.isView(targets)
}
