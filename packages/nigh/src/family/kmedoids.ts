import { checkInteger, InputError, show, checkMade } from '../check.ts'
import { Matrix } from '../data/matrix.ts'
import { ownCopy, type PointsLike, queryPoints } from '../data/points.ts'
import { Table } from '../data/table.ts'
import type { Encoder } from '../data/encoder.ts'
import { tensorOf } from '../files/tensor.ts'
import { runHere, runPaced } from '../indexes/steps.ts'
import { exponentOf } from '../metrics/elementary.ts'
import type { Metric } from '../metrics/metric.ts'
import { gowerEncoder } from '../metrics/gower.ts'
import { metricOf, metricOptionNames, type MetricOptions } from '../metrics/resolve.ts'
import { Random } from '../random.ts'
import { Clusters, type Found, type Kept } from './clusters.ts'
import { distinctRows } from './distinct-rows.ts'
import {
  checkClusterNames,
  checkPlan,
  type ClusterOptions,
  type Points,
  readPoints,
  warningsOf,
} from './fit-options.ts'
import { type Candidates, swapped } from './medoid-swaps.ts'
import { arbitrary, nearest, plusPlus, type Work } from './partition.ts'
import { checkWidth, readClusters } from './saved-clusters.ts'
import type { Space } from './space.ts'

const KIND = 'kmedoids'
const CLASS = 'KMedoids'

/** Options of {@link KMedoids.fit}. */
export interface KMedoidsOptions extends Omit<ClusterOptions, 'init'>, MetricOptions {
  /**
   * The first medoids: 'k-means++' draws rows that lie far from each other, 'random' takes k different rows
   * arbitrarily, or k row numbers. Default: 'k-means++'.
   */
  readonly init?: 'k-means++' | 'random' | readonly number[] | Uint32Array
}

/** What the metric was, for the file; null for a function of the caller's, which no file can hold. */
interface Named {
  readonly metric: string | null
  readonly p: number | null
  readonly sphereRadius: number | null
}

/**
 * K-Medoids: each cluster is led by one of its own rows, the one of least summed distance. For any distance at all (a
 * metric by name, a function, or a matrix of distances), and where an average row would mean nothing.
 *
 * `inertia` is the summed weight × distance to the row's medoid: no exchange of one medoid for another row makes it
 * smaller by more than a millionth of a millionth. `iterations` counts exchanges. Equal rows and options give equal
 * bits; but for precomputed distances, whose rows are taken in the order given, whatever the order of the rows.
 *
 * Cost: n²·d for each sweep over all rows, of which a start takes a few; distances are kept up to 4,096 different rows
 * (128 MB), and computed again beyond. Sensible up to some 20,000 rows. Runs on this thread.
 * Source: FasterPAM by Schubert and Rousseeuw 2021: a swap is made as soon as it is found to be better.
 * @example
 * const model = await KMedoids.fit([[1], [2], [4], [90], [91]], { k: 2, metric: 'manhattan' })
 * model.medoids // row numbers: the 2, and the 90
 */
export class KMedoids extends Clusters<PointsLike> {
  /** The row that leads each cluster, by its number among the fitted rows; `centroids` holds the rows themselves. */
  readonly medoids: Uint32Array
  /** How distance is measured; null where a function of the caller's measured it. */
  readonly metric: string | null
  readonly #named: Named

  private constructor(found: Found, space: Space<PointsLike>, medoids: Uint32Array, named: Named) {
    checkMade('KMedoids', found, 'labels', 'fit(points, { k })')
    super(found, space)
    this.medoids = medoids
    this.metric = named.metric
    this.#named = named
    Object.freeze(this)
  }

  /**
   * Finds k rows to which all are near.
   *
   * @param points n × d, a Table, or with metric 'precomputed' n × n distances, row i those of row i to all
   * @throws {InputError} E_K unless k is from 1 to n; E_INIT, E_WEIGHTS, E_PARAM for other options; E_NONFINITE,
   * E_SHAPE, E_TYPE, E_EMPTY, E_RANGE, E_ZERO_VECTOR for points
   * @throws the signal's reason when aborted
   */
  static async fit(points: PointsLike, options: KMedoidsOptions): Promise<KMedoids> {
    return runPaced(KMedoids.#fitSteps(`${CLASS}.fit`, points, options), options)
  }

  /** {@link KMedoids.fit} on this thread, at once. */
  static fitSync(points: PointsLike, options: KMedoidsOptions): KMedoids {
    return runHere(KMedoids.#fitSteps(`${CLASS}.fitSync`, points, options))
  }

  static *#fitSteps(call: string, given: PointsLike, options: KMedoidsOptions): Work<KMedoids> {
    checkClusterNames(call, options, metricOptionNames)
    const points = readPoints(call, given, withGower(call, given, options))
    const metric = metricOf(call, options, points.matrix.columns, tableOf(points.encoder, points.matrix))
    const prepared = preparedRows(call, 'points', points.matrix, metric)
    // A copy: the caller's numbers may change while an async fit waits. Of distances there is one already.
    const matrix =
      metric.name === 'precomputed'
        ? Matrix.trusted(prepared, points.matrix.columns)
        : ownCopy(given, points.matrix)
    const { init, ...rest } = options
    const words = typeof init === 'string' ? { ...rest, init } : rest
    const plan = checkPlan(call, matrix.rows, matrix.columns, words, () => new Float64Array(0))
    const rowNumbers = typeof init === 'string' ? undefined : init
    if (rowNumbers !== undefined && options.nInit !== undefined && options.nInit > 1) {
      throw new InputError(
        'E_PARAM',
        'nInit',
        `${call}: nInit must be 1 where init gives the medoids (every start would be the same), got ${options.nInit}`,
      )
    }
    const rows = yield* candidatesOf(matrix, prepared, metric, points)
    const first = rowNumbers === undefined ? null : givenRows(call, rowNumbers, plan.k, matrix.rows, rows)
    const random = new Random(plan.seed)
    const starts = first === null ? plan.starts : 1
    let best: { medoids: number[]; cost: number; swaps: number; converged: boolean } | null = null
    for (let start = 0; start < starts; start++) {
      const progress = { done: start, total: starts }
      const picked =
        first ??
        (plan.init === 'random'
          ? arbitrary(rows.weights, plan.k, random)
          : yield* plusPlus(rows.distancesTo, rows.weights, plan.k, random, progress))
      const found = yield* swapped(rows, picked, plan.maxIterations, progress)
      if (best === null || found.cost < best.cost) best = found
    }
    if (best === null) throw new Error('there was no start: this is a defect of nigh')
    const medoids = Uint32Array.from(best.medoids, (row) => rows.original[row])
    const width = metric.width(matrix.columns)
    const centers = new Float64Array(medoids.length * width)
    medoids.forEach((row, c) => {
      centers.set(prepared.subarray(row * width, (row + 1) * width), c * width)
    })
    const space = spaceOf(metric, matrix.columns, points.encoder, medoids, rowsOf(matrix, medoids))
    const labels = new Uint32Array(matrix.rows)
    const costs = new Float64Array(matrix.rows)
    nearest(space, prepared, centers, 0, matrix.rows, labels, costs)
    const counts = new Float64Array(medoids.length)
    let inertia = 0
    // Over different rows with what their copies weigh together: a row of weight n adds the bits of n copies.
    rows.original.forEach((row, i) => {
      counts[labels[row]] += rows.weights[i] * points.unit
      inertia += rows.weights[i] * costs[row]
    })
    return new KMedoids(
      {
        centers,
        labels,
        counts,
        inertia: inertia * points.unit,
        iterations: best.swaps,
        converged: best.converged,
        warnings: warningsOf(call, plan, medoids.length, best.converged),
        encoder: points.encoder,
        rows: points.kept,
      },
      space,
      medoids,
      {
        metric: typeof options.metric === 'function' ? null : (options.metric ?? 'euclidean'),
        p: options.p ?? null,
        sphereRadius: options.sphereRadius ?? null,
      },
    )
  }

  /**
   * Reads a model that `toBytes` wrote.
   *
   * @throws {InputError} E_MAGIC, E_CHECKSUM, E_VERSION, E_KIND
   */
  static fromBytes(bytes: Uint8Array): KMedoids {
    const call = `${CLASS}.fromBytes`
    const saved = readClusters(call, KIND, bytes, ['medoids', 'points'])
    const { settings, found, tensors } = saved
    const metric = settings.choice('metric', NAMES)
    const named = {
      metric,
      p: settings.isNull('p') ? null : settings.number('p'),
      sphereRadius: settings.isNull('sphereRadius') ? null : settings.number('sphereRadius'),
    }
    settings.done()
    const k = found.counts.length
    const medoids = tensorOf(call, tensors, 'medoids', Uint32Array, [k])
    const points = tensorOf(call, tensors, 'points', Float64Array, [k, -1])
    const columns = tensors.get('points')?.shape[1] ?? 0
    const shown = Matrix.checked(call, 'points', points, columns)
    const resolved = metricOf(
      call,
      {
        metric,
        ...(named.p === null ? {} : { p: named.p }),
        ...(named.sphereRadius === null ? {} : { sphereRadius: named.sphereRadius }),
      },
      columns,
      tableOf(found.encoder, shown),
    )
    // Gower's rows hold one number a column, however many features it became.
    checkWidth(call, saved, resolved.width(columns), metric === 'gower' ? columns : undefined)
    if (metric === 'precomputed' && medoids.some((row) => row >= columns)) {
      throw new InputError('E_MAGIC', 'bytes', `${call}: every medoid must be a row: no model file of nigh`)
    }
    return new KMedoids(found, spaceOf(resolved, columns, found.encoder, medoids, shown), medoids, named)
  }

  /** @throws {InputError} E_PARAM for a metric that is a function: no file can hold it */
  protected override kept(): Kept {
    if (this.#named.metric === null) {
      throw new InputError(
        'E_PARAM',
        'metric',
        `${CLASS}.toBytes: metric must be one by name to be saved, got a function`,
      )
    }
    return {
      kind: KIND,
      settings: { ...this.#named },
      tensors: {
        medoids: { shape: [this.k], values: this.medoids },
        points: {
          shape: [this.k, this.centroids.columns],
          values: Float64Array.from(this.centroids.values),
        },
      },
    }
  }
}

const NAMES = [
  'euclidean',
  'sqeuclidean',
  'manhattan',
  'chebyshev',
  'minkowski',
  'cosine',
  'hamming',
  'haversine',
  'precomputed',
  'gower',
] as const

/** The options, with the encoder that Gower's distance needs. */
function withGower(call: string, points: PointsLike, options: KMedoidsOptions): KMedoidsOptions {
  if (options.metric !== 'gower' || !(points instanceof Table)) return options
  const encoder = gowerEncoder(call, options.encoder)
  const { missing } = 'settings' in encoder ? encoder.settings : encoder
  if (missing !== 'mark') return { ...options, encoder }
  throw new InputError(
    'E_PARAM',
    'encoder',
    `${call}: medoids need every cell; take missing 'impute' or 'drop', got "mark"`,
  )
}

function tableOf(
  encoder: Encoder | undefined,
  matrix: Matrix,
): { readonly encoder: Encoder; readonly matrix: Matrix } | undefined {
  return encoder === undefined ? undefined : { encoder, matrix }
}

function preparedRows(call: string, param: string, matrix: Matrix, metric: Metric): Float64Array {
  const { values, rows, columns } = matrix
  checkExponents(call, param, values, metric)
  const out = new Float64Array(rows * metric.width(columns))
  metric.prepare({ call, param }, values, columns, 0, rows, out)
  return out
}

/** Refuses numbers whose distances would overflow or vanish. */
function checkExponents(call: string, param: string, values: ArrayLike<number>, metric: Metric): void {
  const [least, most] = metric.exponents
  for (let i = 0; i < values.length; i++) {
    if (values[i] === 0) continue
    const exponent = exponentOf(values[i])
    if (exponent >= least && exponent <= most) continue
    throw new InputError(
      'E_RANGE',
      param,
      `${call}: metric '${metric.name}' takes 0 and numbers of size 2^${least} to 2^${most}, got ${values[i]}`,
    )
  }
}

function rowsOf(matrix: Matrix, rows: Uint32Array): Matrix {
  const { columns } = matrix
  const values = new Float64Array(rows.length * columns)
  rows.forEach((row, i) => {
    values.set(matrix.row(row), i * columns)
  })
  return Matrix.trusted(values, columns)
}

/** Rows and medoids in a metric: a row costs its distance. */
function spaceOf(
  metric: Metric,
  columns: number,
  encoder: Encoder | undefined,
  medoids: Uint32Array,
  shown: Matrix,
): Space<PointsLike> {
  const width = metric.width(columns)
  const out = new Float64Array(1)
  return {
    name: CLASS,
    width,
    cost: (rows, at, centers, from) => {
      const c = from / width
      // A precomputed distance stands in the row, at the number of the medoid.
      const point = metric.name === 'precomputed' ? medoids[c] : c
      metric.ranks(rows, at, centers, point, point + 1, width, out)
      return metric.distance(out[0])
    },
    centering: () => () => {
      throw new Error('medoids are not centred: this is a defect of nigh')
    },
    read: (call, param, points) =>
      preparedRows(
        call,
        metric.name === 'precomputed' ? 'queries' : param,
        queryPoints(call, param, points, columns, encoder),
        metric,
      ),
    show: () => shown,
    distance: (cost) => cost,
  }
}

/** The rows that may become medoids. */
interface Rows extends Candidates {
  /** The caller's number of each: the first of its copies. */
  readonly original: Uint32Array
  /** Which of these each row of the caller's is. */
  readonly of: Uint32Array
}

/** Different rows with what they weigh; precomputed distances are taken row for row. */
function* candidatesOf(matrix: Matrix, prepared: Float64Array, metric: Metric, points: Points): Work<Rows> {
  const width = metric.width(matrix.columns)
  const n = matrix.rows
  const weightAt = (row: number): number => (points.weights === null ? 1 : points.weights[row])
  if (metric.name === 'precomputed') {
    const original = Uint32Array.from({ length: n }, (_, i) => i).filter((row) => weightAt(row) > 0)
    // Rows of weight 0 are none of them.
    const of = new Uint32Array(n).fill(original.length)
    original.forEach((row, i) => {
      of[row] = i
    })
    const count = original.length
    return {
      weights: Float64Array.from(original, weightAt),
      original,
      of,
      distancesTo: (row, out) => {
        for (let i = 0; i < count; i++) out[i] = prepared[original[i] * n + original[row]]
      },
    }
  }
  const rows = yield* distinctRows(prepared, width, points.weights)
  const { values, count } = rows
  const original = new Uint32Array(count).fill(n)
  rows.of.forEach((row, i) => {
    if (row < count) original[row] = Math.min(original[row], i)
  })
  const distancesTo = (row: number, out: Float64Array): void => {
    metric.ranks(values, row * width, values, 0, count, width, out)
    for (let i = 0; i < count; i++) out[i] = metric.distance(out[i])
  }
  return { weights: rows.weights, original, of: rows.of, distancesTo: remembered(distancesTo, count) }
}

/** Up to so many rows, all distances are kept once computed: 128 MB. */
const KEPT = 4096

function remembered(
  distancesTo: (row: number, out: Float64Array) => void,
  count: number,
): (row: number, out: Float64Array) => void {
  if (count > KEPT) return distancesTo
  const known: (Float64Array | undefined)[] = []
  return (row, out) => {
    let distances = known[row]
    if (distances === undefined) {
      distances = new Float64Array(count)
      distancesTo(row, distances)
      known[row] = distances
    }
    out.set(distances)
  }
}

/** Takes given medoids: k different rows of weight above 0. */
function givenRows(call: string, init: unknown, k: number, n: number, rows: Rows): number[] {
  if (!(Array.isArray(init) || init instanceof Uint32Array) || init.length !== k) {
    throw new InputError(
      'E_INIT',
      'init',
      `${call}: init must be 'k-means++', 'random' or ${k} row numbers, got ${show(init)}`,
    )
  }
  const medoids: number[] = []
  for (const row of init) {
    const at = rows.of[checkInteger(call, 'init', row, 0, n - 1, 'the last row', 'E_INIT')]
    if (at >= rows.weights.length || medoids.includes(at)) {
      throw new InputError(
        'E_INIT',
        'init',
        `${call}: init must be different rows of weight above 0, got row ${row} besides`,
      )
    }
    medoids.push(at)
  }
  return medoids
}
