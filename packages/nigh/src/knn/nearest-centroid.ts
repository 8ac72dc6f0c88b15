import { checkChoice, checkNumber, checkOptions, InputError, checkMade } from '../check.ts'
import type { Encoder } from '../data/encoder.ts'
import { Matrix } from '../data/matrix.ts'
import { fittedPoints, ownCopy, type PointsLike, type PointsOptions, queryPoints } from '../data/points.ts'
import { Table } from '../data/table.ts'
import { momentsOf, quantilesOf, sampleOf } from '../data/statistics.ts'
import { Search, type Steps } from '../indexes/search.ts'
import { runHere, type RunOptions, runOptionNames, runPaced } from '../indexes/steps.ts'
import { metricOf } from '../metrics/resolve.ts'
import { type ClassLabel, codeTargets, readClasses, writeClasses } from './classes.ts'
import { readModel, writeModel } from '../files/model-file.ts'
import { readSearch, searchContent } from './saved-search.ts'
import { copyWeights } from './copies.ts'
import { pointCount } from './neighbor-model.ts'

/** Options of {@link NearestCentroid.fit}. */
export interface NearestCentroidOptions extends PointsOptions, RunOptions {
  /** 'euclidean': centroids are means; 'manhattan': medians, column by column. Default: 'euclidean'. */
  readonly metric?: 'euclidean' | 'manhattan'
  /**
   * Draws centroids towards the centroid of all rows, by so many standard errors a column, so that columns that do not
   * tell a class from the others drop out (Tibshirani and others 2002): a number from 0 up. Default: 0.
   */
  readonly shrinkThreshold?: number
  /** A weight for each row, from 0 up: weight n is n copies, weight 0 is absence. Default: 1 each. */
  readonly sampleWeight?: readonly number[] | Float64Array | Float32Array
}

const call = (verb: string): string => `NearestCentroid.${verb}`

/**
 * Classifies by the nearest class centroid: one row a class instead of all rows, learnt in one pass. Immutable.
 *
 * Centroids do not depend on the order of the rows, to the last bit. A tie goes to the class that is first in sorted
 * order.
 *
 * Cost: n·d to fit, classes·d a query.
 * @example
 * const model = await NearestCentroid.fit(points, species)
 * await model.predict(queries)
 */
export class NearestCentroid<T extends ClassLabel> {
  /** The different targets, sorted. */
  readonly classes: readonly T[]
  /** One row a class, in the order of `classes`. */
  readonly centroids: Matrix
  /** What turns tables into points; undefined where the model was fitted on numbers. */
  readonly encoder: Encoder | undefined
  readonly #search: Search

  readonly #metric: 'euclidean' | 'manhattan'

  private constructor(
    classes: readonly T[],
    search: Search,
    encoder: Encoder | undefined,
    metric: 'euclidean' | 'manhattan',
  ) {
    checkMade('NearestCentroid', search, 'space', 'fit(points, targets, options)')
    this.#metric = metric
    this.classes = classes
    this.centroids = search.matrix
    this.encoder = encoder
    this.#search = search
    Object.freeze(this)
  }

  /**
   * Finds the centroid of each class.
   *
   * @throws {InputError} E_DISTINCT with `shrinkThreshold` for fewer rows than classes + 1; as KNNClassifier.fit
   */
  static async fit<T extends ClassLabel>(
    points: PointsLike,
    targets: ArrayLike<T>,
    options: NearestCentroidOptions = {},
  ): Promise<NearestCentroid<T>> {
    return runPaced(NearestCentroid.#fitSteps(points, targets, options), options)
  }

  /** {@link NearestCentroid.fit} on this thread, at once. */
  static fitSync<T extends ClassLabel>(
    points: PointsLike,
    targets: ArrayLike<T>,
    options: NearestCentroidOptions = {},
  ): NearestCentroid<T> {
    return runHere(NearestCentroid.#fitSteps(points, targets, options))
  }

  static *#fitSteps<T extends ClassLabel>(
    points: PointsLike,
    targets: ArrayLike<T>,
    options: NearestCentroidOptions,
  ): Steps<NearestCentroid<T>> {
    const verb = call('fit')
    checkOptions(verb, options, ['metric', 'shrinkThreshold', 'sampleWeight', 'encoder', ...runOptionNames])
    if (pointCount(points) === 0) Matrix.from(verb, 'points', points instanceof Table ? [] : points) // refuses them
    const { metric = 'euclidean', shrinkThreshold = 0, sampleWeight } = options
    const name = checkChoice(verb, 'metric', metric, ['euclidean', 'manhattan'])
    checkNumber(verb, 'shrinkThreshold', shrinkThreshold, 0, Number.MAX_VALUE)
    const given = sampleWeight === undefined ? undefined : copyWeights(verb, sampleWeight, pointCount(points))
    const fitted = fittedPoints(verb, points, options, given?.values)
    const { encoder, kept } = fitted
    // A copy: the caller's numbers may change while an async fit waits.
    const matrix = ownCopy(points, fitted.matrix)
    const copies =
      given === undefined || kept === null
        ? given
        : copyWeights(
            verb,
            Array.from(kept, (row) => given.values[row]),
            kept.length,
          )
    const { classes, codes } = codeTargets(verb, targets, pointCount(points), kept, copies?.live)
    const groups = yield* groupsOf(matrix, codes, copies?.values, classes.length)
    const d = matrix.columns
    const centroids = new Float64Array(classes.length * d)
    for (const [c, { columns, weights }] of groups.entries()) {
      for (let j = 0; j < d; j++) {
        const sample = sampleOf(columns[j], weights)
        centroids[c * d + j] = name === 'euclidean' ? momentsOf(sample).mean : quantilesOf(sample, [0.5])[0]
        yield { done: c, total: classes.length, work: columns[j].length }
      }
    }
    if (shrinkThreshold > 0) shrink(verb, centroids, groups, matrix, copies?.values, shrinkThreshold)
    const plan = { algorithm: 'auto', leafSize: 16 } as const
    const search = yield* Search.build(
      { call: verb, param: 'points' },
      Matrix.trusted(centroids, d),
      metricOf(verb, { metric: name }, d),
      plan,
    )
    return new NearestCentroid(classes, search, encoder, name)
  }

  /**
   * The class of the nearest centroid to each query.
   *
   * @throws {InputError} E_SHAPE for queries of another number of columns
   */
  async predict(queries: PointsLike, options: RunOptions = {}): Promise<T[]> {
    return runPaced(this.#predictSteps(queries, options), options)
  }

  /** {@link NearestCentroid.predict} on this thread, at once. */
  predictSync(queries: PointsLike, options: RunOptions = {}): T[] {
    return runHere(this.#predictSteps(queries, options))
  }

  /** The model as a `.nigh` file. */
  toBytes(): Uint8Array<ArrayBuffer> {
    const options = { metric: this.#metric }
    const { meta, tensors } = searchContent(call('toBytes'), this.#search, options, this.encoder)
    return writeModel({
      kind: 'nearest-centroid',
      meta: { search: meta, classes: writeClasses(this.classes) },
      tensors,
    })
  }

  /**
   * The model that {@link NearestCentroid.toBytes} wrote.
   *
   * @throws {InputError} E_MAGIC, E_CHECKSUM, E_VERSION or E_KIND for anything else
   */
  static fromBytes(bytes: Uint8Array): NearestCentroid<ClassLabel> {
    const verb = call('fromBytes')
    const saved = readSearch(verb, readModel(bytes, verb, ['nearest-centroid']))
    const classes = readClasses(verb, saved.fields.value('classes'))
    const { metric } = saved.options
    if (classes.length !== saved.search.rows || (metric !== 'euclidean' && metric !== 'manhattan')) {
      throw new InputError(
        'E_MAGIC',
        'classes',
        `${verb}: the model file must hold one centroid for each class`,
      )
    }
    saved.done([])
    return new NearestCentroid(classes, saved.search, saved.encoder, metric)
  }

  *#predictSteps(queries: PointsLike, options: RunOptions): Steps<T[]> {
    const verb = call('predict')
    checkOptions(verb, options, runOptionNames)
    const matrix = queryPoints(verb, 'queries', queries, this.centroids.columns, this.encoder)
    const { indices } = yield* this.#search.nearest({ call: verb, queries: matrix }, 1)
    return Array.from(indices, (code) => this.classes[code])
  }
}

/** The rows of one class. */
interface Group {
  /** d columns of the class's numbers. */
  readonly columns: readonly Float64Array[]
  readonly weights: Float64Array | null
  /** The sum of the weights. */
  readonly weight: number
}

function* groupsOf(
  matrix: Matrix,
  codes: Uint32Array,
  weights: Float64Array | undefined,
  classCount: number,
): Steps<readonly Group[]> {
  const rows: number[][] = Array.from({ length: classCount }, () => [])
  for (let row = 0; row < matrix.rows; row++) {
    if (weights === undefined || weights[row] > 0) rows[codes[row]].push(row)
  }
  const { values, columns: d } = matrix
  const groups: Group[] = []
  for (const [c, members] of rows.entries()) {
    const own = weights === undefined ? null : Float64Array.from(members, (row) => weights[row])
    const columns: Float64Array[] = []
    for (let j = 0; j < d; j++) {
      columns.push(Float64Array.from(members, (row) => values[row * d + j]))
      yield { done: c, total: classCount, work: members.length }
    }
    const weight = own === null ? members.length : own.reduce((sum, one) => sum + one, 0)
    groups.push({ columns, weights: own, weight })
  }
  return groups
}

/**
 * Moves each centroid towards that of all rows, column by column, by `threshold` of its standard errors, and not
 * beyond.
 * Source: Tibshirani, Hastie, Narasimhan and Chu 2002, with the median of the deviations added to each.
 */
function shrink(
  call: string,
  centroids: Float64Array,
  groups: readonly Group[],
  matrix: Matrix,
  weights: Float64Array | undefined,
  threshold: number,
): void {
  const d = matrix.columns
  const total = groups.reduce((sum, { weight }) => sum + weight, 0)
  if (!(total > groups.length)) {
    throw new InputError(
      'E_DISTINCT',
      'shrinkThreshold',
      `${call}: shrinkThreshold needs more rows than classes, got ${total} rows of ${groups.length} classes`,
    )
  }
  const overall = new Float64Array(d)
  const deviations = new Float64Array(d)
  for (let j = 0; j < d; j++) {
    const column = Float64Array.from({ length: matrix.rows }, (_, row) => matrix.values[row * d + j])
    overall[j] = momentsOf(sampleOf(column, weights ?? null)).mean
    // Pooled within the classes, about the centroids before shrinking.
    let squares = 0
    groups.forEach((group, c) => {
      const { mean, deviation } = momentsOf(sampleOf(group.columns[j], group.weights))
      const off = mean - centroids[c * d + j]
      squares += group.weight * (deviation * deviation + off * off)
    })
    deviations[j] = Math.sqrt(squares / (total - groups.length))
  }
  const [median] = quantilesOf(sampleOf(deviations, null), [0.5])
  groups.forEach(({ weight }, c) => {
    const error = Math.sqrt(1 / weight - 1 / total)
    for (let j = 0; j < d; j++) {
      const most = error * (deviations[j] + median) * threshold
      const away = centroids[c * d + j] - overall[j]
      centroids[c * d + j] = overall[j] + Math.sign(away) * Math.max(0, Math.abs(away) - most)
    }
  })
}
