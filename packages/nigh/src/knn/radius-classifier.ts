import { checkChoice, checkMade, InputError, show, withArticle } from '../check.ts'
import type { Encoder } from '../data/encoder.ts'
import type { Matrix } from '../data/matrix.ts'
import type { PointsLike } from '../data/points.ts'
import type { Steps } from '../indexes/search.ts'
import { runHere, type RunOptions, runPaced } from '../indexes/steps.ts'
import type { Ballots } from './ballots.ts'
import { type ClassFactorOptions, classFactors } from './class-factors.ts'
import { classVotes, type Electorate, leaderOf, toShares } from './class-votes.ts'
import { type ClassLabel, type CodedTargets, codeTargets, readClasses, writeClasses } from './classes.ts'
import { readTargets } from './saved-targets.ts'
import { modelContent, readModelContent, readRadius, writeRadius } from './saved-model.ts'
import { readModel, writeModel } from '../files/model-file.ts'
import {
  firstLonely,
  fitRadius,
  lonely,
  radiusBallots,
  type RadiusModel,
  type RadiusModelOptions,
  radiusModelOptionNames,
} from './radius-model.ts'
import { type Explanation, votersOf } from './voters.ts'

/** Options of {@link RadiusClassifier.fit}. */
export interface RadiusClassifierOptions<T extends ClassLabel = ClassLabel>
  extends RadiusModelOptions,
    ClassFactorOptions<T> {
  /**
   * The answer for a query without neighbours: an error (E_NO_NEIGHBORS), the class of the most rows (weights
   * counted; the first in sorted order of several), or the `outlierLabel`. Default: 'refuse', or 'label' where there
   * is an `outlierLabel`.
   */
  readonly outliers?: 'refuse' | 'most-frequent' | 'label'
  /** The answer for a query without neighbours: one of the classes, or another value of their kind. */
  readonly outlierLabel?: T
}

const call = (verb: string): string => `RadiusClassifier.${verb}`

/**
 * Classifies by the votes of all rows within a radius. Immutable.
 *
 * Equal votes go to the class that is first in sorted order.
 *
 * @example
 * const model = await RadiusClassifier.fit(points, species, { radius: 0.8, outlierLabel: 'unknown' })
 * await model.predict(queries)
 */
export class RadiusClassifier<T extends ClassLabel> {
  /** The different targets, sorted: numbers by size, text by code unit, false before true. */
  readonly classes: readonly T[]
  readonly #model: RadiusModel
  readonly #codes: Uint32Array
  readonly #factors: Float64Array | undefined
  /** Present where queries without neighbours get an answer. */
  readonly #outlier: { readonly label: T } | undefined

  private constructor(
    model: RadiusModel,
    targets: CodedTargets<T>,
    factors: Float64Array | undefined,
    outlier: { readonly label: T } | undefined,
  ) {
    checkMade('RadiusClassifier', model, 'search', 'fit(points, targets, { radius })')
    this.#model = model
    this.classes = targets.classes
    this.#codes = targets.codes
    this.#factors = factors
    this.#outlier = outlier
    Object.freeze(this)
  }

  /**
   * Keeps points and their classes, and builds an index.
   *
   * @throws {InputError} E_PARAM for a radius that is not a number from 0 up or another option out of its rules; as
   * KNNClassifier.fit
   */
  static async fit<T extends ClassLabel>(
    points: PointsLike,
    targets: ArrayLike<T>,
    options: RadiusClassifierOptions<NoInfer<T>>,
  ): Promise<RadiusClassifier<T>> {
    return runPaced(RadiusClassifier.#fitSteps(points, targets, options), options)
  }

  /** {@link RadiusClassifier.fit} on this thread, at once. */
  static fitSync<T extends ClassLabel>(
    points: PointsLike,
    targets: ArrayLike<T>,
    options: RadiusClassifierOptions<NoInfer<T>>,
  ): RadiusClassifier<T> {
    return runHere(RadiusClassifier.#fitSteps(points, targets, options))
  }

  static *#fitSteps<T extends ClassLabel>(
    points: PointsLike,
    targets: ArrayLike<T>,
    options: RadiusClassifierOptions<T>,
  ): Steps<RadiusClassifier<T>> {
    let coded: CodedTargets<T> = { classes: [], codes: new Uint32Array(0) }
    let factors: Float64Array | undefined
    let outlier: { readonly label: T } | undefined
    const known = [...radiusModelOptionNames, 'classWeight', 'priors', 'outliers', 'outlierLabel']
    const model = yield* fitRadius(call('fit'), points, options, known, (rows, kept, copies) => {
      coded = codeTargets(call('fit'), targets, rows, kept, copies?.live)
      factors = classFactors(call('fit'), options, coded.classes, coded.codes, copies?.values)
      outlier = outlierOf(call('fit'), options, coded, copies?.values)
    })
    return new RadiusClassifier(model, coded, factors, outlier)
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
   * The class of each query. Without queries: of each fitted row, judged by the others (leave-one-out).
   *
   * @throws {InputError} E_NO_NEIGHBORS for a query without neighbours, unless the model has an answer for it; E_SHAPE
   */
  async predict(queries?: PointsLike, options: RunOptions = {}): Promise<T[]> {
    return runPaced(this.#predictSteps(queries, options), options)
  }

  /** {@link RadiusClassifier.predict} on this thread, at once. */
  predictSync(queries?: PointsLike, options: RunOptions = {}): T[] {
    return runHere(this.#predictSteps(queries, options))
  }

  *#predictSteps(queries: PointsLike | undefined, options: RunOptions): Steps<T[]> {
    const verb = call('predict')
    const ballots = yield* this.#ballots(verb, queries, options)
    return this.#answers(verb, ballots)
  }

  #answers(call: string, ballots: Ballots): T[] {
    const votes = classVotes(call, ballots, this.#electorate)
    return Array.from({ length: votes.rows }, (_, query) =>
      this.#outlier !== undefined && ballots.offsets[query] === ballots.offsets[query + 1]
        ? this.#outlier.label
        : this.classes[leaderOf(votes, query)],
    )
  }

  /**
   * Each class's share of the votes: one row a query, one column a class. A query without neighbours has a share of 1
   * for the outlier answer, or all zeros where that is not one of the classes.
   */
  async predictProba(queries?: PointsLike, options: RunOptions = {}): Promise<Matrix> {
    return runPaced(this.#probaSteps(queries, options), options)
  }

  /** {@link RadiusClassifier.predictProba} on this thread, at once. */
  predictProbaSync(queries?: PointsLike, options: RunOptions = {}): Matrix {
    return runHere(this.#probaSteps(queries, options))
  }

  *#probaSteps(queries: PointsLike | undefined, options: RunOptions): Steps<Matrix> {
    const verb = call('predictProba')
    const ballots = yield* this.#ballots(verb, queries, options)
    const shares = toShares(classVotes(verb, ballots, this.#electorate))
    const place = this.#outlier === undefined ? -1 : this.classes.indexOf(this.#outlier.label)
    for (let query = 0; query < shares.rows && place >= 0; query++) {
      if (ballots.offsets[query] === ballots.offsets[query + 1])
        shares.values[query * shares.columns + place] = 1
    }
    return shares
  }

  /** The answer for each query, with the neighbours behind it and each one's share of the votes. */
  async explain(queries?: PointsLike, options: RunOptions = {}): Promise<Explanation<T>[]> {
    return runPaced(this.#explainSteps(queries, options), options)
  }

  /** {@link RadiusClassifier.explain} on this thread, at once. */
  explainSync(queries?: PointsLike, options: RunOptions = {}): Explanation<T>[] {
    return runHere(this.#explainSteps(queries, options))
  }

  *#explainSteps(queries: PointsLike | undefined, options: RunOptions): Steps<Explanation<T>[]> {
    const verb = call('explain')
    const ballots = yield* this.#ballots(verb, queries, options)
    const { weights, search } = this.#model
    return this.#answers(verb, ballots).map((prediction, query) => ({
      prediction,
      neighbors: votersOf(
        verb,
        weights,
        search.space.columns,
        ballots,
        query,
        (row) => this.classes[this.#codes[row]],
      ),
    }))
  }

  /**
   * The model as a `.nigh` file.
   *
   * @throws {InputError} E_PARAM for a metric or weights of the caller's own: code cannot be saved
   */
  toBytes(): Uint8Array<ArrayBuffer> {
    const { meta, tensors } = modelContent(call('toBytes'), this.#model)
    const outlier = this.#outlier === undefined ? null : writeClasses([this.#outlier.label])
    return writeModel({
      kind: 'radius-classifier',
      meta: {
        ...meta,
        radius: writeRadius(this.#model.radius),
        classes: writeClasses(this.classes),
        outlier,
      },
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
   * The model that {@link RadiusClassifier.toBytes} wrote.
   *
   * @throws {InputError} E_MAGIC, E_CHECKSUM, E_VERSION or E_KIND for anything else
   */
  static fromBytes(bytes: Uint8Array): RadiusClassifier<ClassLabel> {
    const verb = call('fromBytes')
    const { model, saved } = readModelContent(verb, readModel(bytes, verb, ['radius-classifier']))
    const radius = readRadius(verb, saved)
    const coded = readTargets(verb, saved)
    const [label] = saved.fields.isNull('outlier') ? [] : readClasses(verb, saved.fields.value('outlier'))
    saved.done(['targets', 'weights', 'factors'])
    return new RadiusClassifier(
      { ...model, radius },
      coded,
      coded.factors,
      label === undefined ? undefined : { label },
    )
  }

  *#ballots(call: string, queries: PointsLike | undefined, options: RunOptions): Steps<Ballots> {
    const ballots = yield* radiusBallots(call, this.#model, queries, options)
    const first = this.#outlier === undefined ? firstLonely(ballots) : -1
    if (first >= 0) throw lonely(call, first, this.#model.radius, 'the option outliers or outlierLabel')
    return ballots
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
}

function outlierOf<T extends ClassLabel>(
  call: string,
  options: RadiusClassifierOptions<T>,
  { classes, codes }: CodedTargets<T>,
  weights: Float64Array | undefined,
): { readonly label: T } | undefined {
  const { outlierLabel } = options
  const { outliers = outlierLabel === undefined ? 'refuse' : 'label' } = options
  const rule = checkChoice(call, 'outliers', outliers, ['refuse', 'most-frequent', 'label'])
  if ((rule === 'label') !== (outlierLabel !== undefined)) {
    throw new InputError(
      'E_PARAM',
      'outlierLabel',
      `${call}: outlierLabel goes with outliers: 'label', got ${show(outlierLabel)} with ${show(rule)}`,
    )
  }
  if (outlierLabel !== undefined) {
    if (typeof outlierLabel !== typeof classes[0] || Number.isNaN(outlierLabel)) {
      throw new InputError(
        'E_TYPE',
        'outlierLabel',
        `${call}: outlierLabel must be ${withArticle(typeof classes[0])}, as the targets are, got ${show(outlierLabel)}`,
      )
    }
    return { label: outlierLabel }
  }
  if (rule === 'refuse') return undefined
  const counts = new Float64Array(classes.length)
  for (let row = 0; row < codes.length; row++) counts[codes[row]] += weights === undefined ? 1 : weights[row]
  return { label: classes[counts.indexOf(Math.max(...counts))] }
}
