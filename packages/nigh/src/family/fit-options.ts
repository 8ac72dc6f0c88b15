import {
  checkChoice,
  checkInteger,
  checkOptions,
  fewerDistinct,
  InputError,
  show,
  orDefault,
} from '../check.ts'
import type { Encoder } from '../data/encoder.ts'
import { Matrix, type MatrixLike } from '../data/matrix.ts'
import { fittedPoints, type PointsLike, type PointsOptions } from '../data/points.ts'
import { Table } from '../data/table.ts'
import { rowWeights } from '../data/weights.ts'
import { type RunOptions } from '../indexes/steps.ts'
import { LARGEST } from '../kmeans/job.ts'
import type { Warning } from '../kmeans/kmeans.ts'
import { Random } from '../random.ts'
import type { Found } from './clusters.ts'
import { type DistinctRows, distinctRows } from './distinct-rows.ts'
import { type Partition, partition, type Plan, type Work } from './partition.ts'
import type { Space } from './space.ts'

/** Options of calls that answer later. */
export type Pacing = Pick<RunOptions, 'signal' | 'onProgress'>

/** Options that say how many clusters, and how they are looked for. */
export interface ClusterOptions extends PointsOptions, Pacing {
  /** Number of clusters: an integer from 1 to the number of rows. It has no default: choosing it is your question. */
  readonly k: number
  /**
   * The first centroids: 'k-means++' draws rows that lie far from each other, 'random' takes k different rows
   * arbitrarily, a matrix of k rows gives them. Default: 'k-means++'.
   */
  readonly init?: 'k-means++' | 'random' | MatrixLike
  /**
   * Number of starts, the best of which is kept (the smallest inertia): an integer from 1 up. Default: 1 for given
   * centroids, 10 for 'random', and for 'k-means++' 10 while n·d·k is at most a million, else 1.
   */
  readonly nInit?: number
  /** Most iterations a start may take: an integer from 1 up. Default: 1000; it converges long before. */
  readonly maxIterations?: number
  /** Seed of the random numbers: an integer from 0 up. Default: 0. */
  readonly seed?: number
  /** Weight of each row, from 0 up: weight n is n copies, weight 0 is absence. Default: 1 each. */
  readonly sampleWeight?: readonly number[] | Float64Array | Float32Array
}

/** The names of {@link ClusterOptions}. */
const NAMES: readonly string[] = [
  'k',
  'init',
  'nInit',
  'maxIterations',
  'seed',
  'sampleWeight',
  'encoder',
  'signal',
  'onProgress',
]

/** The caller's rows, checked. */
export interface Points {
  readonly matrix: Matrix
  readonly encoder: Encoder | undefined
  readonly kept: Uint32Array | null
  /** n weights, brought to a size that sums can hold; null for 1 each. */
  readonly weights: Float64Array | null
  /** The power of two that they were divided by. */
  readonly unit: number
}

/** Takes the points of a fit, and their weights. */
export function readPoints(
  call: string,
  points: PointsLike,
  options: PointsOptions & Pick<ClusterOptions, 'sampleWeight'>,
): Points {
  const { sampleWeight } = options
  if (sampleWeight === undefined) return { ...fittedPoints(call, points, options), weights: null, unit: 1 }
  const given =
    points instanceof Table
      ? rowWeights(call, sampleWeight, points.rows)
      : rowWeights(call, sampleWeight, Matrix.from(call, 'points', points).rows)
  const fitted = fittedPoints(call, points, options, given.values)
  const { kept } = fitted
  const first = given.values.findIndex((weight) => weight > 0)
  const unit = sampleWeight[first] / given.values[first]
  const weights = kept === null ? given.values : Float64Array.from(kept, (row) => given.values[row])
  if (!weights.some((weight) => weight > 0)) {
    throw new InputError(
      'E_WEIGHTS',
      'sampleWeight',
      `${call}: sampleWeight must hold a number above 0 for a row without empty cells`,
    )
  }
  return { ...fitted, weights, unit }
}

/** How clusters are to be looked for, every default filled in. */
export interface Checked extends Plan {
  readonly seed: number
}

/**
 * Checks how clusters are to be looked for.
 *
 * @param columns of the points, for the size of the work
 * @param init takes given centroids into the space
 */
export function checkPlan(
  call: string,
  rows: number,
  columns: number,
  options: ClusterOptions,
  init: (given: MatrixLike) => Float64Array,
): Checked {
  const k = checkInteger(call, 'k', options.k, 1, rows, 'the number of rows', 'E_K')
  const maxIterations = checkInteger(
    call,
    'maxIterations',
    orDefault(options.maxIterations, 1000),
    1,
    2 ** 31,
  )
  const seed = checkInteger(call, 'seed', orDefault(options.seed, 0), 0, Number.MAX_SAFE_INTEGER)
  const given = options.nInit === undefined ? null : checkInteger(call, 'nInit', options.nInit, 1, 1e6)
  const { init: asked = 'k-means++' } = options
  if (typeof asked === 'string') {
    const name = checkChoice(call, 'init', asked, ['k-means++', 'random'])
    const starts = given ?? (name === 'random' || rows * columns * k <= 1e6 ? 10 : 1)
    return { k, init: name, starts, maxIterations, seed }
  }
  if (given !== null && given > 1) {
    throw new InputError(
      'E_PARAM',
      'nInit',
      `${call}: nInit must be 1 where init gives the centroids (every start would be the same), got ${given}`,
    )
  }
  return { k, init: init(asked), starts: 1, maxIterations, seed }
}

/** Takes given centroids: k rows of so many columns. */
export function givenCentroids(call: string, init: unknown, k: number, columns: number): Matrix {
  const rule = `init must be 'k-means++', 'random' or ${k} rows of ${columns} numbers`
  if (!(init instanceof Matrix || Array.isArray(init))) {
    throw new InputError('E_INIT', 'init', `${call}: ${rule}, got ${show(init)}`)
  }
  let matrix: Matrix
  try {
    matrix = Matrix.from(call, 'init', init)
  } catch (error) {
    if (error instanceof InputError) throw new InputError('E_INIT', 'init', error.message)
    throw error
  }
  if (matrix.rows === k && matrix.columns === columns) return matrix
  throw new InputError('E_INIT', 'init', `${call}: ${rule}, got ${matrix.rows} of ${matrix.columns}`)
}

/** Refuses numbers whose squared differences would overflow or vanish. */
export function checkSquares(call: string, param: string, values: ArrayLike<number>): void {
  for (let i = 0; i < values.length; i++) {
    const size = Math.abs(values[i])
    if (size === 0 || (size <= LARGEST && size >= 1 / LARGEST)) continue
    throw new InputError(
      'E_RANGE',
      param,
      `${call}: ${param} must hold 0 or numbers of size 1e-150 to 1e150, whose squares are numbers, got ${values[i]}`,
    )
  }
}

/** Looks for clusters in a space, and says what was found. */
export function* fitIn(
  call: string,
  space: Space<PointsLike>,
  points: Points,
  checked: Checked,
): Work<Found> {
  const prepared = space.read(call, 'points', points.matrix)
  const rows = yield* distinctRows(prepared, space.width, points.weights)
  const found = yield* partition(space, rows, checked, new Random(checked.seed))
  return foundBy(call, points, rows, checked, found, space.width)
}

/** A partition of distinct rows, told for the caller's rows. */
export function foundBy(
  call: string,
  points: Pick<Points, 'unit' | 'encoder' | 'kept'>,
  rows: DistinctRows,
  plan: Pick<Checked, 'k' | 'maxIterations'>,
  found: Partition,
  width: number,
): Found {
  return {
    centers: found.centers,
    labels: Uint32Array.from(rows.of, (row) => found.labels[row]),
    counts: found.counts.map((count) => count * points.unit),
    inertia: found.cost * points.unit,
    iterations: found.iterations,
    converged: found.converged,
    warnings: warningsOf(call, plan, found.centers.length / width, found.converged),
    encoder: points.encoder,
    rows: points.kept,
  }
}

/** What a caller should know of a fit. */
export function warningsOf(
  call: string,
  plan: Pick<Checked, 'k' | 'maxIterations'>,
  k: number,
  converged: boolean,
): Warning[] {
  const warnings: Warning[] = []
  if (k < plan.k) {
    warnings.push({ code: 'W_DISTINCT', message: fewerDistinct(call, plan.k, k) })
  }
  if (!converged) {
    warnings.push({
      code: 'W_NOT_CONVERGED',
      message: `${call}: stopped after maxIterations = ${plan.maxIterations} before it converged`,
    })
  }
  return warnings
}

/** Refuses options that a fit does not know. */
export function checkClusterNames(
  call: string,
  options: unknown,
  more: readonly string[] = [],
  less: readonly string[] = [],
): void {
  checkOptions(call, options, [...NAMES.filter((name) => !less.includes(name)), ...more])
}
