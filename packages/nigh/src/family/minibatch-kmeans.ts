import { checkInteger, checkNumber, checkOptions, InputError, checkMade, orDefault } from '../check.ts'
import type { PointsLike } from '../data/points.ts'
import { type RunOptions, runHere, runPaced, type SearchProgress } from '../indexes/steps.ts'
import { isPointChunks, type PointChunks } from '../kmeans/chunks.ts'
import { Random } from '../random.ts'
import { Clusters, type Found, type Kept } from './clusters.ts'
import { type DistinctRows, distinctRows } from './distinct-rows.ts'
import {
  type Checked,
  checkClusterNames,
  checkPlan,
  type ClusterOptions,
  foundBy,
  givenCentroids,
  type Points,
  readPoints,
} from './fit-options.ts'
import { fitMiniBatches, learnChunks, type Learnt } from './minibatch-chunks.ts'
import { BatchDescent, firstCenters, learn, placeOf, sampleSize, type Settings } from './minibatch-steps.ts'
import { means, numbersOf, numberSpace, type Rule, squares } from './number-space.ts'
import { assign, type Partition, type Work } from './partition.ts'
import { checkWidth, readClusters, type SavedClusters } from './saved-clusters.ts'
import type { Space } from './space.ts'

const KIND = 'minibatch-kmeans'
const CLASS = 'MiniBatchKMeans'

/** Options of {@link MiniBatchKMeans.fit}. */
export interface MiniBatchKMeansOptions extends ClusterOptions {
  /** Rows drawn for one step: an integer from 1 up. Default: 1024. */
  readonly batchSize?: number
  /** Stop after so many steps without a smaller smoothed inertia: an integer from 1 up. Default: 10. */
  readonly maxNoImprovement?: number
  /**
   * A cluster that has seen less than this share of what the largest has seen is moved to a drawn row now and then: a
   * number from 0 to 1. Default: 0.01.
   */
  readonly reassignmentRatio?: number
  /**
   * For `partialFit`: after so many further rows (summed weights), earlier rows count half: a number above 0. Default:
   * none, nothing is forgotten.
   */
  readonly halfLife?: number
}

/** Options of {@link MiniBatchKMeans.partialFit}. */
export interface PartialFitOptions extends Pick<RunOptions, 'signal' | 'onProgress'> {
  /** Weight of each row, from 0 up. Default: 1 each. */
  readonly sampleWeight?: readonly number[] | Float64Array | Float32Array
}

/**
 * K-Means from small samples: each step draws `batchSize` rows and moves centroids a little. Far less work than K-Means
 * on very many rows, for a slightly larger inertia. And K-Means on a stream: `partialFit` returns the model that has
 * seen further rows as well.
 *
 * `labels`, `counts` and `inertia` belong to the returned centroids. After `partialFit`, `labels` and `inertia` are of
 * the rows last given, and `counts` is what each centroid has seen, less what was forgotten. `iterations` counts steps.
 * Centroids move by differences, so data far from zero lose nothing. Equal rows and options give equal bits, whatever
 * the order of the rows of one call.
 *
 * Cost: steps × batchSize·d·k, one pass over all rows at the end, a sort of the rows at the start. On this thread.
 * Source: Sculley 2010; stopping and reassignment as scikit-learn does.
 * @example
 * const first = await MiniBatchKMeans.fit([[1], [2], [9], [10]], { k: 2, halfLife: 100 })
 * const later = await first.partialFit([[1.5], [11]]) // another model; `first` stays what it was
 */
export class MiniBatchKMeans extends Clusters<PointsLike> {
  readonly #settings: Settings
  readonly #space: Space<PointsLike>

  private constructor(found: Found, space: Space<PointsLike>, settings: Settings) {
    checkMade('MiniBatchKMeans', found, 'labels', 'fit(points, { k })')
    super(found, space)
    this.#settings = settings
    this.#space = space
    Object.freeze(this)
  }

  /**
   * Clusters rows by small samples.
   *
   * `nInit` says how many first centroids are tried (on a sample of 3 batches; default 3), `maxIterations` how many
   * times as many rows as there are may be drawn (default 100).
   *
   * Points that do not fit in memory come in chunks, as for `KMeans.fit`: a pass to count and check them, as a rule two
   * that gather what is drawn, and one that finds the labels. How they are cut makes no difference; the order of all
   * rows does, since draws are by row number. In memory are at most 64 MB of drawn rows, a chunk, and the labels.
   * `onProgress` is then told of rows read in all passes, and `total` grows if more have to follow.
   *
   * @throws {InputError} E_K unless k is from 1 to n; E_INIT, E_WEIGHTS, E_PARAM for other options; E_NONFINITE,
   * E_SHAPE, E_TYPE, E_EMPTY, E_RANGE for points; E_MUTATED for chunks that change between passes
   * @throws the signal's reason when aborted
   */
  static async fit(
    points: PointsLike | PointChunks,
    options: MiniBatchKMeansOptions,
  ): Promise<MiniBatchKMeans> {
    const call = `${CLASS}.fit`
    if (!isPointChunks(points)) {
      return runPaced(MiniBatchKMeans.#fitSteps(call, points, options), options)
    }
    checkClusterNames(call, options, OWN)
    const settings = settingsOf(call, options)
    const { found, space } = await fitMiniBatches(points, options, {
      call,
      settings,
      space: (columns, encoder) => numberSpace(euclidean(columns), columns, encoder),
      plan: (rows, columns) => planOf(call, rows, columns, options),
    })
    return new MiniBatchKMeans(found, space, settings)
  }

  /** {@link MiniBatchKMeans.fit} on this thread, at once. */
  static fitSync(points: PointsLike, options: MiniBatchKMeansOptions): MiniBatchKMeans {
    return runHere(MiniBatchKMeans.#fitSteps(`${CLASS}.fitSync`, points, options))
  }

  static *#fitSteps(call: string, given: PointsLike, options: MiniBatchKMeansOptions): Work<MiniBatchKMeans> {
    checkClusterNames(call, options, OWN)
    const points = readPoints(call, given, options)
    const { rows: n, columns } = points.matrix
    const space = numberSpace(euclidean(columns), columns, points.encoder)
    const plan = planOf(call, n, columns, options)
    const settings = settingsOf(call, options)
    const rows = yield* distinctRows(space.read(call, 'points', points.matrix), columns, points.weights)
    const found = yield* descend(space, rows, plan, settings, weightOf(rows, points.unit))
    return new MiniBatchKMeans(foundBy(call, points, rows, plan, found, columns), space, settings)
  }

  /**
   * The model that has seen these rows too. This model stays what it is.
   *
   * Each centroid c that has seen n becomes (c·n·a + Σwx) / (n·a + m), and n becomes n·a + m, where m = Σw is over the
   * rows nearest to it and a = 2^(−weight of all these rows / halfLife), or 1 without a half-life. A centroid that no
   * row comes near stays where it is. Points in chunks are shown `batchSize` rows at a time, in three passes.
   *
   * @throws {InputError} E_SHAPE, E_NONFINITE, E_TYPE, E_EMPTY, E_FEATURES, E_RANGE for points; E_WEIGHTS; E_MUTATED for
   * chunks that change between passes
   */
  async partialFit(
    points: PointsLike | PointChunks,
    options: PartialFitOptions = {},
  ): Promise<MiniBatchKMeans> {
    if (!isPointChunks(points)) return runPaced(this.#partialSteps('partialFit', points, options), options)
    const call = `${CLASS}.partialFit`
    checkOptions(call, options, PARTIAL)
    const known = { centers: this.centersCopy(), seen: this.counts, encoder: this.encoder }
    return this.#with(await learnChunks(call, points, options, this.#space, this.#settings, known))
  }

  /** {@link MiniBatchKMeans.partialFit} on this thread, at once. */
  partialFitSync(points: PointsLike, options: PartialFitOptions = {}): MiniBatchKMeans {
    return runHere(this.#partialSteps('partialFitSync', points, options))
  }

  *#partialSteps(verb: string, given: PointsLike, options: PartialFitOptions): Work<MiniBatchKMeans> {
    const call = `${CLASS}.${verb}`
    checkOptions(call, options, PARTIAL)
    const prepared = this.#space.read(call, 'points', given)
    const { sampleWeight } = options
    const { width } = this.#space
    const read: Pick<Points, 'weights' | 'unit'> =
      sampleWeight === undefined
        ? { weights: null, unit: 1 }
        : readPoints(call, rowsFor(prepared, width), { sampleWeight })
    const rows = yield* distinctRows(prepared, width, read.weights)
    const centers = this.centersCopy()
    const counts = yield* learn(this.#space, rows, read.unit, centers, this.counts, this.#settings.halfLife)
    const labels = new Uint32Array(rows.total)
    const progress = { done: 0, total: prepared.length / width }
    const { cost } = yield* assign(this.#space, rows, centers, labels, new Float64Array(rows.total), progress)
    return this.#with({
      centers,
      labels: Uint32Array.from(rows.of, (row) => labels[row]),
      counts,
      inertia: cost * read.unit,
      rows: null,
    })
  }

  #with(learnt: Learnt): MiniBatchKMeans {
    const { converged, warnings, encoder } = this
    return new MiniBatchKMeans(
      { ...learnt, iterations: this.iterations + 1, converged, warnings, encoder },
      this.#space,
      this.#settings,
    )
  }

  /**
   * Reads a model that `toBytes` wrote.
   *
   * @throws {InputError} E_MAGIC, E_CHECKSUM, E_VERSION, E_KIND
   */
  static fromBytes(bytes: Uint8Array): MiniBatchKMeans {
    const call = `${CLASS}.fromBytes`
    const saved = readClusters(call, KIND, bytes)
    const settings = savedSettings(call, saved)
    const { encoder } = saved.found
    checkWidth(call, saved, encoder?.features.length ?? saved.width)
    return new MiniBatchKMeans(
      saved.found,
      numberSpace(euclidean(saved.width), saved.width, encoder),
      settings,
    )
  }

  protected override kept(): Kept {
    return { kind: KIND, settings: { ...this.#settings }, tensors: {} }
  }
}

/** Options of `partialFit`. */
const PARTIAL: readonly string[] = ['sampleWeight', 'signal', 'onProgress']

/** Options besides those that all relatives have. */
const OWN: readonly string[] = ['batchSize', 'maxNoImprovement', 'reassignmentRatio', 'halfLife']

function planOf(call: string, rows: number, columns: number, options: MiniBatchKMeansOptions): Checked {
  const checked = checkPlan(call, rows, columns, options, (init) =>
    numbersOf(call, 'init', givenCentroids(call, init, options.k, columns)),
  )
  return {
    ...checked,
    maxIterations: options.maxIterations === undefined ? 100 : checked.maxIterations,
    starts: options.nInit === undefined && !(checked.init instanceof Float64Array) ? 3 : checked.starts,
  }
}

function euclidean(columns: number): Rule {
  return { name: CLASS, cost: squares(columns), centering: means, distance: Math.sqrt }
}

function settingsOf(call: string, options: MiniBatchKMeansOptions): Settings {
  const { halfLife } = options
  if (halfLife !== undefined && !(checkNumber(call, 'halfLife', halfLife, 0, Number.MAX_VALUE) > 0)) {
    throw new InputError('E_PARAM', 'halfLife', `${call}: halfLife must be above 0, got ${halfLife}`)
  }
  return {
    batchSize: checkInteger(call, 'batchSize', orDefault(options.batchSize, 1024), 1, 2 ** 31),
    maxNoImprovement: checkInteger(
      call,
      'maxNoImprovement',
      orDefault(options.maxNoImprovement, 10),
      1,
      2 ** 31,
    ),
    reassignmentRatio: checkNumber(
      call,
      'reassignmentRatio',
      orDefault(options.reassignmentRatio, 0.01),
      0,
      1,
    ),
    halfLife: halfLife ?? null,
  }
}

function savedSettings(call: string, saved: SavedClusters): Settings {
  const { settings } = saved
  const halfLife = settings.isNull('halfLife') ? null : settings.number('halfLife')
  if (halfLife !== null && !(halfLife > 0)) settings.refuse('halfLife', 'above 0', halfLife)
  const read = {
    batchSize: settings.integer('batchSize', 1),
    maxNoImprovement: settings.integer('maxNoImprovement', 1),
    reassignmentRatio: settings.number('reassignmentRatio'),
    halfLife,
  }
  settings.done()
  return read
}

function rowsFor(values: Float64Array, width: number): Float64Array[] {
  return Array.from({ length: values.length / width }, (_, i) => values.subarray(i * width, (i + 1) * width))
}

/** How many rows these stand for, copies counted: whole, so that weights and copies draw alike. */
function weightOf(rows: DistinctRows, unit: number): number {
  const sum = rows.weights.reduce((a, b) => a + b, 0) * unit
  return Math.max(rows.count, Math.min(2 ** 40, Math.ceil(sum)))
}

/** Steps over drawn rows until nothing improves; then one pass over all rows, which says what was found. */
function* descend(
  space: Space<PointsLike>,
  rows: DistinctRows,
  plan: Checked,
  settings: Settings,
  n: number,
): Work<Partition> {
  const random = new Random(plan.seed)
  const { width, count } = rows
  const size = Math.min(settings.batchSize, n)
  const cumulative = new Float64Array(count)
  for (let i = 0, sum = 0; i < count; i++) cumulative[i] = sum += rows.weights[i]
  let progress: SearchProgress = { done: 0, total: plan.maxIterations * n }
  const centers =
    plan.init instanceof Float64Array
      ? plan.init.slice()
      : yield* firstCenters(
          space,
          yield* sampleOf(rows, plan.k, cumulative, size, random),
          plan,
          random,
          progress,
        )
  const descent = new BatchDescent(space, settings, random, centers, size, n)
  const batch = new Float64Array(size * width)
  const steps = Math.max(1, Math.floor((plan.maxIterations * n) / size))
  while (descent.steps < steps && !descent.converged) {
    draw(rows, cumulative, size, random, batch)
    descent.take(batch)
    progress = { done: Math.min(progress.total, descent.steps * size), total: progress.total }
    yield progress
  }
  const labels = new Uint32Array(rows.total)
  const costs = new Float64Array(rows.total)
  const { cost, counts } = yield* assign(space, rows, centers, labels, costs, progress)
  return { centers, labels, counts, cost, iterations: descent.steps, converged: descent.converged }
}

/** Rows to look for first centres among; all of them where so few are drawn that there are not k different ones. */
function* sampleOf(
  rows: DistinctRows,
  k: number,
  cumulative: Float64Array,
  size: number,
  random: Random,
): Work<DistinctRows> {
  const wanted = sampleSize(size, k)
  if (wanted >= rows.count) return rows
  const values = new Float64Array(wanted * rows.width)
  draw(rows, cumulative, wanted, random, values)
  const sample = yield* distinctRows(values, rows.width, null)
  return sample.count < k ? rows : sample
}

/** Draws rows by weight, with replacement. */
function draw(
  { values, width }: DistinctRows,
  cumulative: Float64Array,
  size: number,
  random: Random,
  out: Float64Array,
): void {
  const weight = cumulative[cumulative.length - 1]
  for (let b = 0; b < size; b++) {
    const row = placeOf(cumulative, random.uniform() * weight)
    out.set(values.subarray(row * width, (row + 1) * width), b * width)
  }
}
