import { checkInteger, checkNumber, checkOptions, InputError, checkMade } from '../check.ts'
import type { PointsLike } from '../data/points.ts'
import { type RunOptions, runHere, runPaced } from '../indexes/steps.ts'
import { power } from '../metrics/elementary.ts'
import { Random } from '../random.ts'
import { Clusters, type Found, type Kept } from './clusters.ts'
import { type DistinctRows, distinctRows } from './distinct-rows.ts'
import {
  checkClusterNames,
  checkPlan,
  type ClusterOptions,
  foundBy,
  givenCentroids,
  type Points,
  readPoints,
} from './fit-options.ts'
import { means, numbersOf, numberSpace, type Rule, squares } from './number-space.ts'
import { assign, drawn, nearest, type Partition, type Plan, seeds, type Work } from './partition.ts'
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

interface Settings {
  readonly batchSize: number
  readonly maxNoImprovement: number
  readonly reassignmentRatio: number
  /** Null: nothing is forgotten. */
  readonly halfLife: number | null
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
   * @throws {InputError} E_K unless k is from 1 to n; E_INIT, E_WEIGHTS, E_PARAM for other options; E_NONFINITE,
   * E_SHAPE, E_TYPE, E_EMPTY, E_RANGE for points
   * @throws the signal's reason when aborted
   */
  static async fit(points: PointsLike, options: MiniBatchKMeansOptions): Promise<MiniBatchKMeans> {
    return runPaced(MiniBatchKMeans.#fitSteps(`${CLASS}.fit`, points, options), options ?? {})
  }

  /** {@link MiniBatchKMeans.fit} on this thread, at once. */
  static fitSync(points: PointsLike, options: MiniBatchKMeansOptions): MiniBatchKMeans {
    return runHere(MiniBatchKMeans.#fitSteps(`${CLASS}.fitSync`, points, options))
  }

  static *#fitSteps(call: string, given: PointsLike, options: MiniBatchKMeansOptions): Work<MiniBatchKMeans> {
    checkClusterNames(call, options, ['batchSize', 'maxNoImprovement', 'reassignmentRatio', 'halfLife'])
    const points = readPoints(call, given, options)
    const { rows: n, columns } = points.matrix
    const space = numberSpace(euclidean(columns), columns, points.encoder)
    const checked = checkPlan(call, n, columns, options, (init) =>
      numbersOf(call, 'init', givenCentroids(call, init, options.k, columns)),
    )
    const plan = {
      ...checked,
      maxIterations: options.maxIterations === undefined ? 100 : checked.maxIterations,
      starts: options.nInit === undefined ? Math.min(3, checked.starts) : checked.starts,
    }
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
   * row comes near stays where it is.
   *
   * @throws {InputError} E_SHAPE, E_NONFINITE, E_TYPE, E_EMPTY, E_FEATURES, E_RANGE for points; E_WEIGHTS
   */
  async partialFit(points: PointsLike, options: PartialFitOptions = {}): Promise<MiniBatchKMeans> {
    return runPaced(this.#partialSteps('partialFit', points, options), options)
  }

  /** {@link MiniBatchKMeans.partialFit} on this thread, at once. */
  partialFitSync(points: PointsLike, options: PartialFitOptions = {}): MiniBatchKMeans {
    return runHere(this.#partialSteps('partialFitSync', points, options))
  }

  *#partialSteps(verb: string, given: PointsLike, options: PartialFitOptions): Work<MiniBatchKMeans> {
    const call = `${CLASS}.${verb}`
    checkOptions(call, options, ['sampleWeight', 'signal', 'onProgress'])
    const prepared = this.#space.read(call, 'points', given)
    const { sampleWeight } = options
    const { width } = this.#space
    const read: Pick<Points, 'weights' | 'unit'> =
      sampleWeight === undefined
        ? { weights: null, unit: 1 }
        : readPoints(call, rowsFor(prepared, width), { sampleWeight })
    const rows = yield* distinctRows(prepared, width, read.weights)
    const centers = this.centersCopy()
    const labels = new Uint32Array(rows.total)
    const costs = new Float64Array(rows.total)
    const progress = { done: 0, total: prepared.length / width }
    const before = yield* assign(this.#space, rows, centers, labels, costs, progress)
    const added = before.counts.map((count) => count * read.unit)
    const weight = added.reduce((sum, count) => sum + count, 0)
    const { halfLife } = this.#settings
    const keep = halfLife === null ? 1 : power(0.5, weight / halfLife)
    const seen = this.counts.map((count, c) => count * keep + added[c])
    move(rows.values, rows.weights, labels, rows.count, centers, seen, read.unit)
    const after = yield* assign(this.#space, rows, centers, labels, costs, progress)
    return new MiniBatchKMeans(
      {
        centers,
        labels: Uint32Array.from(rows.of, (row) => labels[row]),
        counts: seen,
        inertia: after.cost * read.unit,
        iterations: this.iterations + 1,
        converged: this.converged,
        warnings: this.warnings,
        encoder: this.encoder,
        rows: null,
      },
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

function euclidean(columns: number): Rule {
  return { name: CLASS, cost: squares(columns), centering: means, distance: Math.sqrt }
}

function settingsOf(call: string, options: MiniBatchKMeansOptions): Settings {
  const { halfLife } = options
  if (halfLife !== undefined && !(checkNumber(call, 'halfLife', halfLife, 0, Number.MAX_VALUE) > 0)) {
    throw new InputError('E_PARAM', 'halfLife', `${call}: halfLife must be above 0, got ${halfLife}`)
  }
  return {
    batchSize: checkInteger(call, 'batchSize', options.batchSize ?? 1024, 1, 2 ** 31),
    maxNoImprovement: checkInteger(call, 'maxNoImprovement', options.maxNoImprovement ?? 10, 1, 2 ** 31),
    reassignmentRatio: checkNumber(call, 'reassignmentRatio', options.reassignmentRatio ?? 0.01, 0, 1),
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

/** Moves centres towards rows: c + Σw(x − c) / seen, where `seen` counts these rows already. */
function move(
  values: Float64Array,
  weights: Float64Array | null,
  labels: Uint32Array,
  count: number,
  centers: Float64Array,
  seen: Float64Array,
  unit: number,
): void {
  const width = centers.length / seen.length
  const shifts = new Float64Array(centers.length)
  for (let i = 0; i < count; i++) {
    const weight = weights === null ? 1 : weights[i]
    for (let j = 0, to = labels[i] * width; j < width; j++) {
      shifts[to + j] += weight * (values[i * width + j] - centers[to + j])
    }
  }
  for (let at = 0; at < centers.length; at++) {
    const total = seen[Math.floor(at / width)]
    if (total > 0) centers[at] += (shifts[at] / total) * unit
  }
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
  plan: Plan & { readonly seed: number },
  settings: Settings,
  n: number,
): Work<Partition> {
  const random = new Random(plan.seed)
  const { width, count } = rows
  const size = Math.min(settings.batchSize, n)
  const cumulative = new Float64Array(count)
  for (let i = 0, sum = 0; i < count; i++) cumulative[i] = sum += rows.weights[i]
  const progress = { done: 0, total: plan.maxIterations * n }
  const centers = yield* firstCenters(space, rows, plan, cumulative, size, random, progress)
  const k = centers.length / width
  const seen = new Float64Array(k)
  const batch = new Float64Array(size * width)
  const labels = new Uint32Array(size)
  const costs = new Float64Array(size)
  const steps = Math.max(1, Math.floor((plan.maxIterations * n) / size))
  const alpha = Math.min(1, (2 * size) / (n + 1))
  let smoothed = Number.NaN
  let least = Number.POSITIVE_INFINITY
  let idle = 0
  let sinceCheck = 0
  let step = 0
  let converged = false
  while (step < steps && !converged) {
    step++
    draw(rows, cumulative, size, random, batch)
    nearest(space, batch, centers, 0, size, labels, costs)
    let cost = 0
    for (let i = 0; i < size; i++) {
      cost += costs[i]
      seen[labels[i]]++
    }
    move(batch, null, labels, size, centers, seen, 1)
    sinceCheck += size
    if (sinceCheck >= 10 * k || seen.includes(0)) {
      sinceCheck = 0
      reassign(batch, costs, centers, seen, settings.reassignmentRatio, random)
    }
    // The first step is not counted: its centroids are the seeds.
    if (step > 1) {
      smoothed = Number.isNaN(smoothed) ? cost : smoothed + alpha * (cost - smoothed)
      idle = smoothed < least ? 0 : idle + 1
      least = Math.min(least, smoothed)
      converged = idle >= settings.maxNoImprovement
    }
    yield { done: Math.min(progress.total, step * size), total: progress.total }
  }
  const allLabels = new Uint32Array(rows.total)
  const { cost, counts } = yield* assign(
    space,
    rows,
    centers,
    allLabels,
    new Float64Array(rows.total),
    progress,
  )
  return { centers, labels: allLabels, counts, cost, iterations: step, converged }
}

/** The best of some first centres, by their cost on a sample of three batches (or 3·k rows, where that is more). */
function* firstCenters(
  space: Space<PointsLike>,
  rows: DistinctRows,
  plan: Plan,
  cumulative: Float64Array,
  size: number,
  random: Random,
  progress: { readonly done: number; readonly total: number },
): Work<Float64Array> {
  if (plan.init instanceof Float64Array) return plan.init.slice()
  const { width } = rows
  const wanted = 3 * Math.max(size, plan.k)
  let sample = rows
  if (wanted < rows.count) {
    const values = new Float64Array(wanted * width)
    draw(rows, cumulative, wanted, random, values)
    sample = yield* distinctRows(values, width, null)
  }
  let best: Float64Array | null = null
  let least = Number.POSITIVE_INFINITY
  for (let start = 0; start < plan.starts; start++) {
    const centers = yield* seeds(space, sample, plan, random, progress)
    const labels = new Uint32Array(sample.total)
    const { cost } = yield* assign(space, sample, centers, labels, new Float64Array(sample.total), progress)
    const more = best === null ? 1 : centers.length - best.length
    if (more > 0 || (more === 0 && cost < least)) {
      least = cost
      best = centers
    }
  }
  return best ?? new Float64Array(0)
}

/** Draws rows by weight, with replacement. */
function draw(
  rows: DistinctRows,
  cumulative: Float64Array,
  size: number,
  random: Random,
  out: Float64Array,
): void {
  const { width, count } = rows
  for (let b = 0; b < size; b++) {
    const aim = random.uniform() * cumulative[count - 1]
    let low = 0
    let high = count - 1
    while (low < high) {
      const middle = (low + high) >> 1
      if (cumulative[middle] > aim) high = middle
      else low = middle + 1
    }
    out.set(rows.values.subarray(low * width, (low + 1) * width), b * width)
  }
}

/** Moves clusters that have seen too little to rows of the batch, drawn by what they cost: half a batch at most. */
function reassign(
  batch: Float64Array,
  costs: Float64Array,
  centers: Float64Array,
  seen: Float64Array,
  ratio: number,
  random: Random,
): void {
  const width = centers.length / seen.length
  const most = seen.reduce((a, b) => Math.max(a, b), 0)
  const low = Array.from(seen.keys()).filter((c) => seen[c] < ratio * most || seen[c] === 0)
  low.sort((a, b) => seen[a] - seen[b] || a - b)
  const moved = low.slice(0, Math.floor(costs.length / 2))
  let kept = Number.POSITIVE_INFINITY
  seen.forEach((weight, c) => {
    if (!moved.includes(c)) kept = Math.min(kept, weight)
  })
  const left = costs.slice()
  for (const c of moved) {
    const row = drawn(left, random.uniform())
    if (row < 0) return
    left[row] = 0
    centers.set(batch.subarray(row * width, (row + 1) * width), c * width)
    seen[c] = kept
  }
}
