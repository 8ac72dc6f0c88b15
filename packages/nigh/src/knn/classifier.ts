import { checkChoice, checkMade } from '../check.ts'
import type { Encoder } from '../data/encoder.ts'
import type { Matrix } from '../data/matrix.ts'
import { ownCopy, type PointsLike } from '../data/points.ts'
import { readModel, writeModel } from '../files/model-file.ts'
import type { Neighbors } from '../indexes/neighbors.ts'
import type { Steps } from '../indexes/search.ts'
import { runHere, type RunOptions, runPaced } from '../indexes/steps.ts'
import type { Ballots } from './ballots.ts'
import { type ClassFactorOptions, classFactors } from './class-factors.ts'
import { classVotes, type Electorate, isTied, leaderOf, nearestLeader, toShares } from './class-votes.ts'
import { type ClassLabel, type CodedTargets, codeTargets, writeClasses } from './classes.ts'
import {
  ballotsOf,
  ballotsOfMatrix,
  ballotsOfRows,
  fitNeighbors,
  modelQueries,
  type NeighborModel,
  type NeighborModelOptions,
  neighborModelOptionNames,
  placeCount,
} from './neighbor-model.ts'
import { readTargets } from './saved-targets.ts'
import { modelContent, readK, readModelContent } from './saved-model.ts'
import { type NearestOptions, nearestSteps } from './search-steps.ts'
import { checkExplain, type ExplainOptions, nearColumns } from './near-columns.ts'
import { type Explanation, nearness, votersOf } from './voters.ts'

/** Options of {@link KNNClassifier.fit}. */
export interface KNNClassifierOptions<T extends ClassLabel = ClassLabel>
  extends NeighborModelOptions,
    ClassFactorOptions<T> {
  /**
   * Which of several classes with equally many votes wins: the first in sorted order ('smallest'), that of the nearest
   * neighbour among theirs ('nearest'), or the one that leads alone when ever more neighbours are asked ('expand'; the
   * first in sorted order where there are no more). Shares of `predictProba` are of the k neighbours all the same.
   * Default: 'smallest'.
   */
  readonly ties?: TieRule
}

/** Which of several classes with equally many votes wins. */
export type TieRule = 'smallest' | 'nearest' | 'expand'

const tieRules: readonly TieRule[] = ['smallest', 'nearest', 'expand']

const call = (verb: string): string => `KNNClassifier.${verb}`

/**
 * Classifies by the votes of the k nearest rows. Nothing is learnt beforehand: fitting keeps the rows and builds an
 * index over them. Immutable.
 *
 * Equal votes go to the class that is first in sorted order, unless `ties` says otherwise; equally distant rows are asked in the order of their row
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
  readonly #factors: Float64Array | undefined
  readonly #ties: TieRule

  private constructor(
    model: NeighborModel,
    targets: CodedTargets<T>,
    factors: Float64Array | undefined,
    ties: TieRule,
  ) {
    checkMade('KNNClassifier', model, 'search', 'fit(points, targets, options)')
    this.#model = model
    this.classes = targets.classes
    this.#codes = targets.codes
    this.#factors = factors
    this.#ties = ties
    Object.freeze(this)
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
    options: KNNClassifierOptions<NoInfer<T>> = {},
  ): Promise<KNNClassifier<T>> {
    return runPaced(KNNClassifier.#fitSteps(points, targets, options), options)
  }

  /** {@link KNNClassifier.fit} on this thread, at once. */
  static fitSync<T extends ClassLabel>(
    points: PointsLike,
    targets: ArrayLike<T>,
    options: KNNClassifierOptions<NoInfer<T>> = {},
  ): KNNClassifier<T> {
    return runHere(KNNClassifier.#fitSteps(points, targets, options))
  }

  static *#fitSteps<T extends ClassLabel>(
    points: PointsLike,
    targets: ArrayLike<T>,
    options: KNNClassifierOptions<T>,
  ): Steps<KNNClassifier<T>> {
    let coded: CodedTargets<T> = { classes: [], codes: new Uint32Array(0) }
    let factors: Float64Array | undefined
    let ties: TieRule = 'smallest'
    const known = [...neighborModelOptionNames, 'classWeight', 'priors', 'ties']
    const model = yield* fitNeighbors(call('fit'), points, options, known, (rows, kept, copies) => {
      if (options.ties !== undefined) ties = checkChoice(call('fit'), 'ties', options.ties, tieRules)
      coded = codeTargets(call('fit'), targets, rows, kept, copies?.live)
      factors = classFactors(call('fit'), options, coded.classes, coded.codes, copies?.values)
    })
    return new KNNClassifier(model, coded, factors, ties)
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
    const verb = call('predict')
    const { leaders } = yield* this.#election(verb, modelQueries(verb, this.#model, queries, options))
    return Array.from(leaders, (code) => this.classes[code])
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
    return toShares(classVotes(verb, yield* ballotsOf(verb, this.#model, queries, options), this.#electorate))
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

  /**
   * The answer for each query, with the neighbours behind it, each one's share of the votes, and, with `columns: true`,
   * which columns made them near.
   */
  async explain(queries?: PointsLike, options: ExplainOptions = {}): Promise<Explanation<T>[]> {
    return runPaced(this.#explainSteps(queries, options), options)
  }

  /** {@link KNNClassifier.explain} on this thread, at once. */
  explainSync(queries?: PointsLike, options: ExplainOptions = {}): Explanation<T>[] {
    return runHere(this.#explainSteps(queries, options))
  }

  *#explainSteps(queries: PointsLike | undefined, options: ExplainOptions): Steps<Explanation<T>[]> {
    const verb = call('explain')
    const { weights, search, encoder, copies } = this.#model
    const run = checkExplain(verb, options)
    const matrix = modelQueries(verb, this.#model, queries, run)
    const near = nearColumns(verb, search, encoder, matrix, copies?.live, options)
    const { leaders, ballots } = yield* this.#election(verb, matrix)
    return Array.from(leaders, (code, query) => {
      const neighbors = votersOf(
        verb,
        weights,
        search.space.columns,
        ballots,
        query,
        (row) => this.classes[this.#codes[row]],
      )
      return { prediction: this.classes[code], neighbors, ...nearness(near, query, neighbors) }
    })
  }

  get #electorate(): Electorate {
    const { weights, search } = this.#model
    return {
      weights,
      columns: search.space.columns,
      codes: this.#codes,
      classCount: this.classes.length,
      factors: this.#factors,
    }
  }

  /** The winning class of each query, and the neighbours that were asked. */
  *#election(
    call: string,
    matrix: Matrix | undefined,
  ): Steps<{ readonly leaders: Uint32Array; readonly ballots: Ballots }> {
    const model = this.#model
    // Ties are broken by a second search, after the caller may have changed the queries.
    const kept = this.#ties === 'expand' && matrix !== undefined ? ownCopy(matrix, matrix) : matrix
    const ballots = yield* ballotsOfMatrix(call, model, kept, model.k)
    const votes = classVotes(call, ballots, this.#electorate)
    const leaders = new Uint32Array(votes.rows)
    let tied: number[] = []
    for (let query = 0; query < votes.rows; query++) {
      leaders[query] =
        this.#ties === 'nearest' ? nearestLeader(votes, query, ballots, this.#codes) : leaderOf(votes, query)
      if (this.#ties === 'expand' && isTied(votes, query, leaders[query])) tied.push(query)
    }
    const most = placeCount(model, matrix === undefined)
    for (let k = model.k + 1; tied.length > 0 && k <= most; k++) {
      const wider = yield* ballotsOfRows(call, model, kept, tied, k)
      const more = classVotes(call, wider, this.#electorate)
      tied = tied.filter((query, at) => {
        const leader = leaderOf(more, at)
        if (isTied(more, at, leader)) return true
        leaders[query] = leader
        return false
      })
    }
    return { leaders, ballots }
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
      meta: { ...meta, k: this.#model.k, classes: writeClasses(this.classes), ties: this.#ties },
      tensors: {
        ...tensors,
        targets: { shape: [this.#codes.length], values: this.#codes },
        ...(this.#factors === undefined
          ? {}
          : { factors: { shape: [this.#factors.length], values: this.#factors } }),
      },
    })
  }

  /**
   * The model that {@link KNNClassifier.toBytes} wrote.
   *
   * @throws {InputError} E_MAGIC, E_CHECKSUM, E_VERSION or E_KIND for anything else
   */
  static fromBytes(bytes: Uint8Array): KNNClassifier<ClassLabel> {
    const verb = call('fromBytes')
    const { model: read, saved } = readModelContent(verb, readModel(bytes, verb, ['knn-classifier']))
    const model = { ...read, k: readK(verb, read, saved) }
    const coded = readTargets(verb, saved)
    const ties = saved.fields.choice('ties', tieRules)
    saved.done(['targets', 'weights', 'factors'])
    return new KNNClassifier(model, coded, coded.factors, ties)
  }
}
