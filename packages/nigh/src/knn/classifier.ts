import { InputError } from '../check.ts'
import type { Encoder } from '../data/encoder.ts'
import { Matrix } from '../data/matrix.ts'
import type { PointsLike } from '../data/points.ts'
import { readModel, writeModel } from '../files/model-file.ts'
import type { Neighbors } from '../indexes/neighbors.ts'
import type { Steps } from '../indexes/search.ts'
import { runHere, type RunOptions, runPaced } from '../indexes/steps.ts'
import { type ClassLabel, type CodedTargets, codeTargets, readClasses, writeClasses } from './classes.ts'
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

/** Options of {@link KNNClassifier.fit}. */
export interface KNNClassifierOptions extends NeighborModelOptions {}

/** One neighbour behind an answer. */
export interface Voter<T> {
  /** Its row. */
  readonly index: number
  /** Its distance, in the metric's unit. */
  readonly distance: number
  /** Its target. */
  readonly target: T
  /** Its share of the answer: the shares of a query sum to 1. */
  readonly share: number
}

/** An answer and the neighbours that it comes from, nearest first. */
export interface Explanation<T, P = T> {
  readonly prediction: P
  readonly neighbors: readonly Voter<T>[]
}

const call = (verb: string): string => `KNNClassifier.${verb}`

/**
 * Classifies by the votes of the k nearest rows. Nothing is learnt beforehand: fitting keeps the rows and builds an
 * index over them. Immutable.
 *
 * Equal votes go to the class that is first in sorted order; equally distant rows are asked in the order of their row
 * numbers.
 *
 * Source: Fix and Hodges 1951; Cover and Hart 1967; distance weights: Dudani 1976.
 * @example
 * const model = await KNNClassifier.fit(points, species, { k: 5 })
 * await model.predict(queries) // like ['setosa', 'virginica']
 */
export class KNNClassifier<T extends ClassLabel> {
  /** The different targets, sorted: numbers by size, text by code unit, false before true. */
  readonly classes: readonly T[]
  readonly #model: NeighborModel
  /** n places in `classes`. */
  readonly #codes: Uint32Array

  private constructor(model: NeighborModel, classes: readonly T[], codes: Uint32Array) {
    this.#model = model
    this.classes = classes
    this.#codes = codes
  }

  /**
   * Keeps points and their classes, and builds an index.
   *
   * @param targets one class a row: text, numbers, booleans or bigints, all of one kind
   * @throws {InputError} E_K for a k above the number of rows (copies counted); E_PARAM for an option out of its
   * rules; E_TYPE, E_SHAPE or E_NONFINITE for targets; E_WEIGHTS for sample weights; as NearestNeighbors.fit
   */
  static async fit<T extends ClassLabel>(
    points: PointsLike,
    targets: ArrayLike<T>,
    options: KNNClassifierOptions = {},
  ): Promise<KNNClassifier<T>> {
    return runPaced(KNNClassifier.#fitSteps(points, targets, options), options)
  }

  /** {@link KNNClassifier.fit} on this thread, at once. */
  static fitSync<T extends ClassLabel>(
    points: PointsLike,
    targets: ArrayLike<T>,
    options: KNNClassifierOptions = {},
  ): KNNClassifier<T> {
    return runHere(KNNClassifier.#fitSteps(points, targets, options))
  }

  static *#fitSteps<T extends ClassLabel>(
    points: PointsLike,
    targets: ArrayLike<T>,
    options: KNNClassifierOptions,
  ): Steps<KNNClassifier<T>> {
    let coded: CodedTargets<T> = { classes: [], codes: new Uint32Array(0) }
    const model = yield* fitNeighbors(
      call('fit'),
      points,
      options,
      neighborModelOptionNames,
      (rows, kept) => {
        coded = codeTargets(call('fit'), targets, rows, kept)
      },
    )
    return new KNNClassifier(model, coded.classes, coded.codes)
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
   * The class of each query. Without queries: of each fitted row, judged by the others (leave-one-out).
   *
   * @throws {InputError} E_SHAPE for queries of another number of columns; E_K without queries where k = n
   */
  async predict(queries?: PointsLike, options: RunOptions = {}): Promise<T[]> {
    return runPaced(this.#predictSteps(queries, options), options)
  }

  /** {@link KNNClassifier.predict} on this thread, at once. */
  predictSync(queries?: PointsLike, options: RunOptions = {}): T[] {
    return runHere(this.#predictSteps(queries, options))
  }

  *#predictSteps(queries: PointsLike | undefined, options: RunOptions): Steps<T[]> {
    const votes = this.#votes(
      call('predict'),
      yield* placesOf(call('predict'), this.#model, queries, options),
    )
    return Array.from({ length: votes.rows }, (_, query) => this.classes[leader(votes, query)])
  }

  /**
   * Each class's share of the votes: one row a query, one column a class, in the order of `classes`.
   * Without queries: leave-one-out, as in {@link KNNClassifier.predict}.
   */
  async predictProba(queries?: PointsLike, options: RunOptions = {}): Promise<Matrix> {
    return runPaced(this.#probaSteps(queries, options), options)
  }

  /** {@link KNNClassifier.predictProba} on this thread, at once. */
  predictProbaSync(queries?: PointsLike, options: RunOptions = {}): Matrix {
    return runHere(this.#probaSteps(queries, options))
  }

  *#probaSteps(queries: PointsLike | undefined, options: RunOptions): Steps<Matrix> {
    const verb = call('predictProba')
    const { values, columns, rows } = this.#votes(verb, yield* placesOf(verb, this.#model, queries, options))
    for (let query = 0; query < rows; query++) {
      let sum = 0
      for (let c = 0; c < columns; c++) sum += values[query * columns + c]
      for (let c = 0; c < columns; c++) values[query * columns + c] /= sum
    }
    return Matrix.trusted(values, columns)
  }

  /** The k nearest fitted rows of each query (of weight above 0): why a query is classified as it is. */
  async nearest(queries?: PointsLike, options: NearestOptions = {}): Promise<Neighbors> {
    return runPaced(this.#nearestSteps(queries, options), options)
  }

  /** {@link KNNClassifier.nearest} on this thread, at once. */
  nearestSync(queries?: PointsLike, options: NearestOptions = {}): Neighbors {
    return runHere(this.#nearestSteps(queries, options))
  }

  #nearestSteps(queries: PointsLike | undefined, options: NearestOptions): Steps<Neighbors> {
    const { search, encoder, k, copies } = this.#model
    return nearestSteps(call('nearest'), search, encoder, queries, options, k, copies?.live)
  }

  /** The answer for each query, with the neighbours behind it and each one's share of the votes. */
  async explain(queries?: PointsLike, options: RunOptions = {}): Promise<Explanation<T>[]> {
    return runPaced(this.#explainSteps(queries, options), options)
  }

  /** {@link KNNClassifier.explain} on this thread, at once. */
  explainSync(queries?: PointsLike, options: RunOptions = {}): Explanation<T>[] {
    return runHere(this.#explainSteps(queries, options))
  }

  *#explainSteps(queries: PointsLike | undefined, options: RunOptions): Steps<Explanation<T>[]> {
    const verb = call('explain')
    const places = yield* placesOf(verb, this.#model, queries, options)
    const votes = this.#votes(verb, places)
    return Array.from({ length: votes.rows }, (_, query) => ({
      prediction: this.classes[leader(votes, query)],
      neighbors: votersOf(verb, this.#model, places, query, (row) => this.classes[this.#codes[row]]),
    }))
  }

  /** The votes for each class, m × classes. */
  #votes(call: string, places: Places): Matrix {
    const { k } = places
    const queries = places.rows.length / k
    const columns = this.classes.length
    const values = new Float64Array(queries * columns)
    const votes = new Float64Array(k)
    for (let query = 0; query < queries; query++) {
      voteWeights(call, this.#model.weights, places, query, votes)
      for (let place = 0; place < k; place++) {
        values[query * columns + this.#codes[places.rows[query * k + place]]] += votes[place]
      }
    }
    return Matrix.trusted(values, columns)
  }

  /**
   * The model as a `.nigh` file.
   *
   * @throws {InputError} E_PARAM for a metric or weights of the caller's own: code cannot be saved
   */
  toBytes(): Uint8Array<ArrayBuffer> {
    const { meta, tensors } = modelContent(call('toBytes'), this.#model)
    return writeModel({
      kind: 'knn-classifier',
      meta: { ...meta, classes: writeClasses(this.classes) },
      tensors: { ...tensors, targets: { shape: [this.#codes.length], values: this.#codes } },
    })
  }

  /**
   * The model that {@link KNNClassifier.toBytes} wrote.
   *
   * @throws {InputError} E_MAGIC, E_CHECKSUM, E_VERSION or E_KIND for anything else
   */
  static fromBytes(bytes: Uint8Array): KNNClassifier<ClassLabel> {
    const verb = call('fromBytes')
    const { model, saved } = readModelContent(verb, readModel(bytes, verb, ['knn-classifier']))
    const classes = readClasses(verb, saved.fields.value('classes'))
    const codes = saved.tensor('targets', (values) => values instanceof Uint32Array, model.search.rows)
    if (codes === undefined || codes.some((code) => code >= classes.length)) {
      throw new InputError(
        'E_MAGIC',
        'targets',
        `${verb}: the model file must hold the class of each of its points`,
      )
    }
    saved.done(['targets', 'weights'])
    return new KNNClassifier(model, classes, codes)
  }
}

/** The column with the most votes; strict >: on a tie the first class wins. */
function leader(votes: Matrix, query: number): number {
  const start = query * votes.columns
  let best = 0
  for (let c = 1; c < votes.columns; c++) if (votes.values[start + c] > votes.values[start + best]) best = c
  return best
}

/** The neighbours behind an answer, copies of one row together. */
export function votersOf<T>(
  call: string,
  model: NeighborModel,
  places: Places,
  query: number,
  targetOf: (row: number) => T,
): Voter<T>[] {
  const { k } = places
  const votes = new Float64Array(k)
  const sum = voteWeights(call, model.weights, places, query, votes)
  const voters: Voter<T>[] = []
  for (let place = 0; place < k; ) {
    const index = places.rows[query * k + place]
    const distance = places.distances[query * k + place]
    let vote = 0
    for (; place < k && places.rows[query * k + place] === index; place++) vote += votes[place]
    voters.push({ index, distance, target: targetOf(index), share: vote / sum })
  }
  return voters
}
