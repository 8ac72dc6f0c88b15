import { checkChoice, checkInteger, checkOptions, InputError, checkMade, orDefault } from '../check.ts'
import { Encoder } from '../data/encoder.ts'
import { Fields } from '../data/fields.ts'
import { Matrix } from '../data/matrix.ts'
import { OrderFreeSum } from '../data/sums.ts'
import { ownCopy, type PointsLike, type PointsOptions, queryPoints } from '../data/points.ts'
import { readModel, writeModel } from '../files/model-file.ts'
import { tensorOf } from '../files/tensor.ts'
import { runHere, runPaced } from '../indexes/steps.ts'
import { KMeans, type Warning } from '../kmeans/kmeans.ts'
import type { KMeansOptions } from '../kmeans/options.ts'
import { checkSquares, type Pacing, type Points, readPoints, warningsOf } from './fit-options.ts'
import { pace, type Work } from './partition.ts'

const KIND = 'bisecting-kmeans'
const CLASS = 'BisectingKMeans'

/** Options of {@link BisectingKMeans.fit}. */
export interface BisectingKMeansOptions extends PointsOptions, Pacing {
  /** Number of clusters: an integer from 1 to the number of rows. */
  readonly k: number
  /**
   * Which cluster is split next: 'biggest_inertia', the one whose rows lie farthest from their centroid in all, or
   * 'largest_cluster', the one of most weight. Default: 'biggest_inertia'.
   */
  readonly strategy?: 'biggest_inertia' | 'largest_cluster'
  /** Starts of each split, the best of which is kept: an integer from 1 up. Default: 10. */
  readonly nInit?: number
  /** Most iterations a split may take: an integer from 1 up. Default: 10000. */
  readonly maxIterations?: number
  /** Seed of the random numbers: an integer from 0 up. Default: 0. */
  readonly seed?: number
  /** Weight of each row, from 0 up: weight n is n copies, weight 0 is absence. Default: 1 each. */
  readonly sampleWeight?: readonly number[] | Float64Array | Float32Array
}

/** A question that a fit asks: these rows in two. */
interface Halving {
  readonly points: Matrix
  readonly options: KMeansOptions
}

/** One split: a branch at `parent`, which keeps its number on the left and gets a new one on the right. */
interface Branch {
  readonly parent: number
  /** 2 × d. */
  readonly pair: Float64Array
}

/** A cluster while it is being split. */
interface Cluster {
  readonly rows: Uint32Array
  readonly centroid: Float64Array
  readonly inertia: number
  readonly count: number
  /** Whether there are two different rows of weight above 0. */
  readonly divisible: boolean
}

interface State {
  readonly columns: number
  readonly branches: readonly Branch[]
  readonly centroids: Float64Array
  readonly labels: Uint32Array
  readonly counts: Float64Array
  readonly inertias: Float64Array
  readonly warnings: readonly Warning[]
  readonly encoder: Encoder | undefined
  readonly rows: Uint32Array | null
}

/**
 * K-Means from the top down: all rows in two, then the loosest cluster in two, until there are k. Quick for a large k,
 * and a tree: the clusters of k + 1 are those of k with one of them split.
 *
 * A row belongs where the splits lead it, each to the nearer of two centroids. That need not be the nearest of all k
 * centroids; `predict` follows the splits as well, so the fitted rows get their labels.
 * Equal rows and options give equal bits, whatever the threads or the order of the rows.
 *
 * Cost: about n·d·log₂ k multiply-adds an iteration, where splits are even.
 * Source: Steinbach, Karypis and Kumar 2000.
 * @example
 * const model = await BisectingKMeans.fit([[1], [2], [9], [10], [40]], { k: 3 })
 * model.inertia // 1
 */
export class BisectingKMeans {
  /** Number of clusters: as asked for, or the number of different rows where that is smaller (see `warnings`). */
  readonly k: number
  /** The cluster of each fitted row, from 0 to k − 1. */
  readonly labels: Uint32Array
  /** k × d: the mean of the rows of each cluster. */
  readonly centroids: Matrix
  /** Summed weight of the rows of each cluster. */
  readonly counts: Float64Array
  /** Summed weighted squared distance of the rows to the centroids of their clusters. */
  readonly inertia: number
  /** The same for each cluster. */
  readonly inertias: Float64Array
  /** What the caller should know: fewer different rows than k, or a split that did not converge. */
  readonly warnings: readonly Warning[]
  /** What turned the table into numbers; undefined where the points were numbers. */
  readonly encoder: Encoder | undefined
  /** The table's rows that were fitted, where rows with empty cells were left out; null where all were. */
  readonly rows: Uint32Array | null
  readonly #branches: readonly Branch[]

  private constructor(state: State) {
    checkMade('BisectingKMeans', state, 'labels', 'fit(points, { k })')
    this.k = state.counts.length
    this.labels = state.labels
    this.centroids = Matrix.trusted(state.centroids, state.columns)
    this.counts = state.counts
    this.inertias = state.inertias
    this.inertia = state.inertias.toSorted().reduce((sum, inertia) => sum + inertia, 0)
    this.warnings = Object.freeze([...state.warnings])
    this.encoder = state.encoder
    this.rows = state.rows
    this.#branches = state.branches
    Object.freeze(this)
  }

  /**
   * Splits rows until there are k clusters. Each split is a {@link KMeans.fit}: off this thread where it is worth it.
   *
   * @throws {InputError} as KMeans.fit
   * @throws the signal's reason when aborted
   */
  static async fit(points: PointsLike, options: BisectingKMeansOptions): Promise<BisectingKMeans> {
    const steps = splitting(`${CLASS}.fit`, points, options)
    const { signal, onProgress } = options
    const later = signal === undefined ? {} : { signal }
    let found: KMeans | null = null
    for (let done = 0; ; done++) {
      const next = steps.next(found)
      signal?.throwIfAborted()
      if (next.done === true) return new BisectingKMeans(next.value)
      onProgress?.({ done, total: options.k })
      found = await KMeans.fit(next.value.points, { ...next.value.options, ...later })
    }
  }

  /** {@link BisectingKMeans.fit} on this thread, at once. */
  static fitSync(points: PointsLike, options: BisectingKMeansOptions): BisectingKMeans {
    const steps = splitting(`${CLASS}.fitSync`, points, options)
    let found: KMeans | null = null
    for (;;) {
      const next = steps.next(found)
      if (next.done === true) return new BisectingKMeans(next.value)
      found = KMeans.fitSync(next.value.points, next.value.options)
    }
  }

  /**
   * The cluster that the splits lead each row to: the nearer of two centroids, the left one on a tie.
   *
   * @throws {InputError} E_SHAPE, E_NONFINITE, E_TYPE, E_EMPTY, E_FEATURES, E_RANGE
   */
  async predict(points: PointsLike, options: Pacing = {}): Promise<Uint32Array> {
    return runPaced(this.#labelsOf('predict', points, options), options)
  }

  /** {@link BisectingKMeans.predict} on this thread, at once. */
  predictSync(points: PointsLike): Uint32Array {
    return runHere(this.#labelsOf('predictSync', points, {}))
  }

  *#labelsOf(verb: string, points: PointsLike, options: Pacing): Work<Uint32Array> {
    const call = `${CLASS}.${verb}`
    checkOptions(call, options, ['signal', 'onProgress'])
    const { columns } = this.centroids
    const { values, rows: total } = queryPoints(call, 'points', points, columns, this.encoder)
    checkSquares(call, 'points', values)
    const labels = new Uint32Array(total)
    const step = pace(this.k, columns)
    for (let from = 0; from < total; from += step) {
      const to = Math.min(total, from + step)
      for (let i = from; i < to; i++) labels[i] = ledTo(this.#branches, values, i * columns, columns)
      yield { done: to, total }
    }
    return labels
  }

  /** The model as the bytes of a `.nigh` file. */
  toBytes(): Uint8Array<ArrayBuffer> {
    const { columns } = this.centroids
    const pairs = new Float64Array(this.#branches.length * 2 * columns)
    this.#branches.forEach(({ pair }, b) => {
      pairs.set(pair, b * 2 * columns)
    })
    return writeModel({
      kind: KIND,
      meta: {
        warnings: this.warnings.map(({ code, message }) => ({ code, message })),
        encoder: this.encoder === undefined ? null : this.encoder.toJSON(),
        kept: this.rows !== null,
      },
      tensors: {
        centroids: { shape: [this.k, columns], values: this.centroids.values },
        counts: { shape: [this.k], values: this.counts },
        inertias: { shape: [this.k], values: this.inertias },
        labels: { shape: [this.labels.length], values: this.labels },
        pairs: { shape: [this.#branches.length, 2, columns], values: pairs },
        parents: {
          shape: [this.#branches.length],
          values: Uint32Array.from(this.#branches, ({ parent }) => parent),
        },
        rows: { shape: [this.rows?.length ?? 0], values: this.rows ?? new Uint32Array(0) },
      },
    })
  }

  /**
   * Reads a model that {@link BisectingKMeans.toBytes} wrote.
   *
   * @throws {InputError} E_MAGIC, E_CHECKSUM, E_VERSION, E_KIND
   */
  static fromBytes(bytes: Uint8Array): BisectingKMeans {
    const call = `${CLASS}.fromBytes`
    const file = readModel(bytes, call, [KIND])
    const fields = new Fields(call, 'meta', file.meta, 'E_MAGIC')
    const warnings = fields.list('warnings').map((entry, i): Warning => {
      const warning = new Fields(call, `meta.warnings[${i}]`, entry, 'E_MAGIC')
      return {
        code: warning.choice('code', ['W_DISTINCT', 'W_NOT_CONVERGED']),
        message: warning.text('message'),
      }
    })
    const kept = fields.boolean('kept')
    const encoder = fields.isNull('encoder') ? undefined : Encoder.fromJSON(fields.value('encoder'))
    fields.done()
    const centroids = tensorOf(call, file.tensors, 'centroids', Float64Array, [-1, -1])
    const [k, columns] = file.tensors.get('centroids')?.shape ?? [0, 0]
    const counts = tensorOf(call, file.tensors, 'counts', Float64Array, [k])
    const inertias = tensorOf(call, file.tensors, 'inertias', Float64Array, [k])
    const labels = tensorOf(call, file.tensors, 'labels', Uint32Array, [-1])
    const pairs = tensorOf(call, file.tensors, 'pairs', Float64Array, [k - 1, 2, columns])
    const parents = tensorOf(call, file.tensors, 'parents', Uint32Array, [k - 1])
    const rows = tensorOf(call, file.tensors, 'rows', Uint32Array, [-1])
    const wrong =
      file.tensors.size !== 7 ||
      k === 0 ||
      labels.some((label) => label >= k) ||
      parents.some((parent, b) => parent > b) ||
      [centroids, pairs, counts, inertias].some((numbers) => numbers.some((x) => x - x !== 0)) ||
      (encoder !== undefined && encoder.features.length !== columns)
    if (wrong) {
      throw new InputError('E_MAGIC', 'bytes', `${call}: tree and clusters must agree: no model file of nigh`)
    }
    return new BisectingKMeans({
      columns,
      branches: Array.from(parents, (parent, b) => ({
        parent,
        pair: pairs.slice(b * 2 * columns, (b + 1) * 2 * columns),
      })),
      centroids,
      labels,
      counts,
      inertias,
      warnings,
      encoder,
      rows: kept ? rows : null,
    })
  }
}

/** Splits clusters: yields those that shall be halved, and is told how. Rows of weight 0 follow the splits. */
function* splitting(
  call: string,
  given: PointsLike,
  options: BisectingKMeansOptions,
): Generator<Halving, State, KMeans | null> {
  checkOptions(call, options, [
    'k',
    'strategy',
    'nInit',
    'maxIterations',
    'seed',
    'sampleWeight',
    'encoder',
    'signal',
    'onProgress',
  ])
  const read = readPoints(call, given, options)
  // A copy: the caller's numbers may change while an async fit waits.
  const points = { ...read, matrix: ownCopy(given, read.matrix) }
  const { values, rows, columns } = points.matrix
  checkSquares(call, 'points', values)
  const k = checkInteger(call, 'k', options.k, 1, rows, 'the number of rows', 'E_K')
  const strategy = checkChoice(call, 'strategy', orDefault(options.strategy, 'biggest_inertia'), [
    'biggest_inertia',
    'largest_cluster',
  ])
  const nInit = checkInteger(call, 'nInit', orDefault(options.nInit, 10), 1, 1e6)
  const maxIterations = checkInteger(
    call,
    'maxIterations',
    orDefault(options.maxIterations, 10000),
    1,
    2 ** 31,
  )
  const seed = checkInteger(call, 'seed', orDefault(options.seed, 0), 0, Number.MAX_SAFE_INTEGER)
  const own = (members: Uint32Array, clusters: number): Halving => ({
    points: rowsAt(points.matrix, members),
    options: {
      k: clusters,
      nInit: clusters === 1 ? 1 : nInit,
      maxIterations,
      seed,
      ...(points.weights === null
        ? {}
        : { sampleWeight: Float64Array.from(members, (row) => points.weights?.[row] ?? 1) }),
    },
  })
  let converged = true
  const branches: Branch[] = []
  // Rows of weight 0 cannot be fitted alone, and change nothing: they are led to their clusters at the end.
  const live = Uint32Array.from({ length: rows }, (_, i) => i).filter(
    (row) => points.weights === null || points.weights[row] > 0,
  )
  const whole = yield own(live, 1)
  const clusters: Cluster[] = whole === null ? [] : [clusterOf(points.matrix, points, live, whole, 0)]
  while (clusters.length < k) {
    const parent = nextToSplit(clusters, strategy)
    if (parent < 0) break
    const { rows: members } = clusters[parent]
    const halves = yield own(members, 2)
    if (halves === null || halves.k < 2) break
    converged &&= halves.converged
    branches.push({ parent, pair: Float64Array.from(halves.centroids.values) })
    const side = (label: number): Uint32Array => members.filter((_, i) => halves.labels[i] === label)
    clusters[parent] = clusterOf(points.matrix, points, side(0), halves, 0)
    clusters.push(clusterOf(points.matrix, points, side(1), halves, 1))
  }
  const labels = new Uint32Array(rows)
  clusters.forEach((cluster, c) => {
    for (const row of cluster.rows) labels[row] = c
  })
  if (live.length < rows) {
    for (let i = 0; i < rows; i++) {
      if (points.weights?.[i] === 0) labels[i] = ledTo(branches, values, i * columns, columns)
    }
  }
  const centroids = new Float64Array(clusters.length * columns)
  clusters.forEach(({ centroid }, c) => {
    centroids.set(centroid, c * columns)
  })
  return {
    columns,
    branches,
    centroids,
    labels,
    counts: Float64Array.from(clusters, ({ count }) => count * points.unit),
    inertias: Float64Array.from(clusters, ({ inertia }) => inertia * points.unit),
    warnings: warningsOf(call, { k, maxIterations }, clusters.length, converged),
    encoder: points.encoder,
    rows: points.kept,
  }
}

/** The cluster to split: the smaller index of equal ones; −1 where every cluster is copies of one row. */
function nextToSplit(clusters: readonly Cluster[], strategy: 'biggest_inertia' | 'largest_cluster'): number {
  let next = -1
  let most = -1
  for (let c = 0; c < clusters.length; c++) {
    const size = strategy === 'biggest_inertia' ? clusters[c].inertia : clusters[c].count
    if (clusters[c].divisible && size > most) {
      most = size
      next = c
    }
  }
  return next
}

function clusterOf(matrix: Matrix, points: Points, rows: Uint32Array, model: KMeans, label: number): Cluster {
  const { values, columns } = matrix
  const centroid = Float64Array.from(model.centroids.row(label))
  const squares = new Float64Array(rows.length)
  let divisible = false
  let largest = 0
  for (let i = 0; i < rows.length; i++) {
    let s = 0
    for (let j = 0; j < columns; j++) {
      const x = values[rows[i] * columns + j]
      const t = x - centroid[j]
      s += t * t
      divisible ||= x !== values[rows[0] * columns + j]
    }
    squares[i] = s
    largest = Math.max(largest, s)
  }
  const { weights } = points
  const own = weights === null ? null : Float64Array.from(rows, (row) => weights[row])
  const count = own === null ? rows.length : own.reduce((sum, weight) => sum + Math.ceil(weight), 0)
  // The same bits for every order of the rows, and for copies in place of weights: ties between clusters stay ties.
  const inertia = new OrderFreeSum(0, largest, Math.max(1, count))
  inertia.addAll(squares, own)
  return { rows, centroid, inertia: inertia.total, count: model.counts[label], divisible }
}

function rowsAt(matrix: Matrix, rows: Uint32Array): Matrix {
  const { values, columns } = matrix
  const taken = values.slice(0, rows.length * columns)
  rows.forEach((row, i) => {
    taken.set(values.subarray(row * columns, (row + 1) * columns), i * columns)
  })
  return Matrix.trusted(taken, columns)
}

/** Follows the splits. */
function ledTo(branches: readonly Branch[], values: ArrayLike<number>, at: number, columns: number): number {
  let label = 0
  for (let b = 0; b < branches.length; b++) {
    const { parent, pair } = branches[b]
    if (parent !== label) continue
    let left = 0
    let right = 0
    for (let j = 0; j < columns; j++) {
      const t = values[at + j] - pair[j]
      const u = values[at + j] - pair[columns + j]
      left += t * t
      right += u * u
    }
    // Strict <: on a tie the left one, which has the smaller number.
    if (right < left) label = b + 1
  }
  return label
}
