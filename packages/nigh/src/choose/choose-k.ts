import { checkChoice, checkInteger, checkOptions, InputError, orDefault } from '../check.ts'
import { Matrix } from '../data/matrix.ts'
import { fittedPoints, ownCopy, type PointsLike, type PointsOptions } from '../data/points.ts'
import { Table } from '../data/table.ts'
import { rowWeights } from '../data/weights.ts'
import { calinskiHarabasz, daviesBouldin } from '../evaluate/dispersion.ts'
import { sampleRows, silhouetteSync } from '../evaluate/silhouette.ts'
import { squarable } from '../evaluate/sum.ts'
import { copiesOf, rowsByWeight } from './copies.ts'
import { type RunOptions, runHere, runPaced, type SearchProgress } from '../indexes/steps.ts'
import { KMeans } from '../kmeans/kmeans.ts'
import { Random } from '../random.ts'
import { hopkins, MOST_TURNED, referenceFor } from './reference.ts'
import { replication } from './stability.ts'
import { type Criterion, judge, type Verdict } from './verdict.ts'

/** What one clustering must tell: a KMeans model does. */
export interface Clusters {
  readonly labels: Uint32Array
  readonly centroids: Matrix
  readonly inertia: number
}

/** Finds k clusters, on this thread: `KMeans.fitSync` does. */
type FitClusters = (
  points: Matrix,
  options: {
    readonly k: number
    readonly nInit: number
    readonly seed: number
    readonly maxIterations: number
  },
) => Clusters

/** Options of {@link chooseKSync}. */
export interface ChooseKOptions extends PointsOptions {
  /** The smallest k looked at. Default: 1. */
  readonly from?: number
  /** The largest k looked at: below the number of rows. Default: 10, or less where there are few rows. */
  readonly to?: number
  /**
   * At most this many rows are looked at, drawn without replacement. Default: 4,000: enough to tell how many clusters
   * there are, unless some hold less than a hundredth of the rows.
   */
  readonly sampleSize?: number
  /** Starts of each clustering, of which the best counts. Default: 10. */
  readonly nInit?: number
  /** Data sets without clusters that the gap statistic compares with. Default: 20. */
  readonly references?: number
  /** The box they fill: along the principal components, or along the columns. Default: 'principal' (up to 128 columns). */
  readonly reference?: 'principal' | 'box'
  /** How often the rows are halved to see whether both halves give the same clusters. Default: 10. */
  readonly halvings?: number
  /**
   * A weight for each row, from 0 up: weight n is n copies, weight 0 is absence. Where weights are fractions or sum to
   * more than `sampleSize`, rows are drawn in proportion to them, heavy ones several times. Default: 1 each.
   */
  readonly sampleWeight?: readonly number[] | Float64Array | Float32Array
  /** Of every draw. Default: 0. */
  readonly seed?: number
}

/** All criteria at one k; null where a criterion is not defined. */
export interface ChooseKRow {
  readonly k: number
  /** Summed squared distance to the nearest centroid. Always falls with k. */
  readonly inertia: number
  /** Mean silhouette, from −1 to 1. Higher is better. */
  readonly silhouette: number | null
  /** What data without clusters score: the mean over the references, and its spread (one standard deviation). */
  readonly silhouetteReference: number | null
  readonly silhouetteSpread: number | null
  /** Higher is better. */
  readonly calinskiHarabasz: number | null
  /** Lower is better. */
  readonly daviesBouldin: number | null
  /** How far the logarithm of the inertia lies below that of data without clusters. */
  readonly gap: number
  /** The standard error of `gap`. */
  readonly gapError: number
  /** Prediction strength, from 0 to 1: whether every cluster comes out of other rows too. */
  readonly predictionStrength: number
  /** The mean adjusted Rand index between halves of the rows. */
  readonly stability: number
}

/** What {@link chooseK} finds. */
export interface ChosenK {
  /** The k recommended: 1 where there are no clear clusters (the best of those looked at, where `from` is above 1). */
  readonly k: number
  /** Whether the criteria agree: 'clear', 'weak' (a defensible k, not the only one) or 'no clear clusters'. */
  readonly verdict: Verdict
  /** Why, in plain words: one sentence each. */
  readonly reasons: readonly string[]
  /** What each criterion would choose. */
  readonly criteria: readonly Criterion[]
  /** All criteria at each k. */
  readonly table: readonly ChooseKRow[]
  /** The Hopkins statistic: near 0.5 for rows spread evenly, near 1 for rows in clumps. */
  readonly hopkins: number
  /** How many rows were looked at. */
  readonly rows: number
}

const names = [
  'from',
  'to',
  'sampleSize',
  'nInit',
  'references',
  'reference',
  'halvings',
  'seed',
  'sampleWeight',
  'encoder',
] as const

/**
 * Says how many clusters there are, and whether there are any: six criteria, one recommendation, its reasons.
 *
 * Inertia with its knee, silhouette, Calinski–Harabasz, Davies–Bouldin, the gap statistic, and stability under
 * resampling each choose a k. Rows are taken as they are: scale columns first where their units differ (a Table is).
 *
 * Cost: for each k some 50 clusterings of at most 4,000 rows: seconds.
 * @throws {InputError} E_SHAPE for fewer than 4 rows; E_PARAM for an option out of its rules; as {@link Matrix.of}
 * @example
 * const { k, verdict, reasons } = await chooseK(points, { to: 8 })
 */
export async function chooseK(
  points: PointsLike,
  options: ChooseKOptions & Omit<RunOptions, 'threads'> = {},
): Promise<ChosenK> {
  const call = 'chooseK'
  checkOptions(call, options, [...names, 'signal', 'onProgress'])
  const { matrix, weights } = weightedPoints(call, points, options)
  // A copy: the caller's numbers may change while this waits.
  const own = ownCopy(points, matrix)
  return runPaced(chooseSteps(call, kmeans, own, options, weights), options)
}

/** {@link chooseK}, on this thread. */
export function chooseKSync(points: PointsLike, options: ChooseKOptions = {}): ChosenK {
  const call = 'chooseKSync'
  checkOptions(call, options, names)
  const { matrix, weights } = weightedPoints(call, points, options)
  return runHere(chooseSteps(call, kmeans, matrix, options, weights))
}

function weightedPoints(
  call: string,
  points: PointsLike,
  options: ChooseKOptions,
): { readonly matrix: Matrix; readonly weights: Float64Array | null } {
  const { sampleWeight } = options
  if (sampleWeight === undefined) return { ...fittedPoints(call, points, options), weights: null }
  const rows = points instanceof Table ? points.rows : Matrix.from(call, 'points', points).rows
  const { values } = rowWeights(call, sampleWeight, rows)
  const { matrix, kept } = fittedPoints(call, points, options, values)
  return { matrix, weights: kept === null ? values : Float64Array.from(kept, (row) => values[row]) }
}

const kmeans: FitClusters = (points, options) => KMeans.fitSync(points, options)

/** Rows that the silhouette and the gap statistic look at: their costs are n² and references × n. */
const FEW_ROWS = 1500
/** Rows of a reference that its silhouette looks at. */
const REFERENCE_ROWS = 500
/** A clustering that counts as itself runs to its end. */
const TO_THE_END = 1000
/** References and halves need no last digit, and data without clusters take long to settle. */
const ENOUGH = 40
/** Starts for a reference: without clusters, one end is about as good as another. */
const FEW_STARTS = 3

/** The steps of {@link chooseK}, by any way of clustering. */
function* chooseSteps(
  call: string,
  fit: FitClusters,
  all: Matrix,
  options: ChooseKOptions,
  weights: Float64Array | null = null,
): Generator<SearchProgress, ChosenK, void> {
  const copies = weights === null ? null : copiesOf(weights)
  const plan = planOf(call, copies === null ? all.rows : copies.places, all.columns, options)
  const { from, to, seed, nInit, kind, references, halvings } = plan
  const random = new Random(seed)
  const { values, scale } = squarable(all)
  const points = rowsOf(
    Matrix.trusted(values, all.columns),
    copies === null
      ? plan.rows < all.rows
        ? sampleRows(all.rows, plan.rows, seed)
        : null
      : rowsByWeight(copies, plan.rows, seed),
  )
  const clumped = hopkins(points, random)
  const few = points.rows <= FEW_ROWS ? points : rowsOf(points, sampleRows(points.rows, FEW_ROWS, seed))
  const distinct = distinctRows(points, to + 1)
  if (distinct < from) {
    throw new InputError(
      'E_DISTINCT',
      'from',
      `${call}: from must be at most the number of different rows (${distinct}), got ${from}`,
    )
  }
  const highest = Math.min(to, distinct)
  const reference = referenceFor(few, kind)
  const sets = Array.from({ length: references }, () => reference(random, few.rows))
  const halves = Array.from({ length: halvings }, () => halved(points, random))
  // One cluster is looked at in any case: the gap statistic compares with it.
  const ks = Array.from({ length: highest - from + 1 }, (_, i) => from + i)
  if (from > 1) ks.unshift(1)
  const total = ks.length * (1 + references + halvings)
  let done = 0
  const table: ChooseKRow[] = []
  for (const k of ks) {
    const rough = { k, nInit, seed, maxIterations: ENOUGH }
    const found = fit(points, { k, nInit, seed, maxIterations: TO_THE_END })
    yield { done: ++done, total }
    const scored = k > 1 && k < points.rows
    const logs: number[] = []
    const silhouettes: number[] = []
    for (const set of sets) {
      const clusters = fit(set, { ...rough, nInit: Math.min(nInit, FEW_STARTS) })
      logs.push(Math.log(clusters.inertia))
      if (scored) silhouettes.push(silhouetteOf(set, clusters.labels, REFERENCE_ROWS, seed))
      yield { done: ++done, total }
    }
    const own = few === points ? found.inertia : fit(few, rough).inertia
    let weakest = 0
    let agreement = 0
    for (const [left, right] of halves) {
      // A half may hold fewer different rows than k: then these clusters surely do not come out of it.
      if (distinctRows(left, k) >= k && distinctRows(right, k) >= k) {
        const [a, b] = [fit(left, rough), fit(right, rough)]
        const [there, back] = [replication(left, a, b), replication(right, b, a)]
        weakest += (there.predictionStrength + back.predictionStrength) / 2
        agreement += (there.agreement + back.agreement) / 2
      }
      yield { done: ++done, total }
    }
    const chance = meanAndSpread(silhouettes)
    table.push({
      k,
      inertia: found.inertia / scale / scale,
      silhouette: scored ? silhouetteOf(points, found.labels, FEW_ROWS, seed) : null,
      silhouetteReference: scored ? chance.mean : null,
      silhouetteSpread: scored ? chance.spread : null,
      calinskiHarabasz: scored ? calinskiHarabasz(points, found.labels) : null,
      daviesBouldin: scored ? daviesBouldin(points, found.labels) : null,
      ...gapOf(own, logs),
      predictionStrength: weakest / halvings,
      stability: agreement / halvings,
    })
  }
  return {
    ...judge(table, { hopkins: clumped, distinct: distinct <= to ? distinct : null, from }),
    table: table.filter((row) => row.k >= from),
    hopkins: clumped,
    rows: points.rows,
  }
}

/** The mean silhouette of at most so many rows; 0 where a draw of them leaves fewer than two clusters. */
function silhouetteOf(points: Matrix, labels: Uint32Array, most: number, seed: number): number {
  const rows = points.rows > most ? sampleRows(points.rows, most, seed) : null
  const kept = rows === null ? labels : Uint32Array.from(rows, (row) => labels[row])
  const clusters = new Set(kept).size
  return clusters < 2 || clusters >= kept.length ? 0 : silhouetteSync(rowsOf(points, rows), kept).mean
}

interface Plan {
  readonly from: number
  readonly to: number
  readonly rows: number
  readonly nInit: number
  readonly references: number
  readonly kind: 'principal' | 'box'
  readonly halvings: number
  readonly seed: number
}

function planOf(call: string, n: number, columns: number, options: ChooseKOptions): Plan {
  if (n < 4) {
    throw new InputError('E_SHAPE', 'points', `${call}: points must have at least 4 rows, got ${n}`)
  }
  const sampleSize = checkInteger(
    call,
    'sampleSize',
    orDefault(options.sampleSize, 4000),
    4,
    Number.MAX_SAFE_INTEGER,
  )
  const rows = Math.min(n, sampleSize)
  const most = Math.floor(rows / 2)
  const to = checkInteger(
    call,
    'to',
    orDefault(options.to, Math.min(10, most)),
    1,
    most,
    'half the rows looked at, so that each half can be clustered',
  )
  const from = checkInteger(call, 'from', orDefault(options.from, 1), 1, to, 'the largest k looked at')
  const kind = checkChoice(
    call,
    'reference',
    orDefault(options.reference, columns <= MOST_TURNED ? 'principal' : 'box'),
    ['principal', 'box'],
  )
  return {
    from,
    to,
    rows,
    kind,
    nInit: checkInteger(call, 'nInit', orDefault(options.nInit, 10), 1, 1000),
    references: checkInteger(call, 'references', orDefault(options.references, 20), 2, 1000),
    halvings: checkInteger(call, 'halvings', orDefault(options.halvings, 10), 1, 1000),
    seed: checkInteger(call, 'seed', orDefault(options.seed, 0), 0, Number.MAX_SAFE_INTEGER),
  }
}

/** The gap statistic and its standard error. Source: Tibshirani, Walther and Hastie 2001. */
function gapOf(inertia: number, logs: readonly number[]): { gap: number; gapError: number } {
  const { mean, spread } = meanAndSpread(logs)
  // All rows equal: the box has no size either, and neither side says anything.
  if (!Number.isFinite(mean)) return { gap: 0, gapError: 0 }
  // A perfect clustering has no logarithm: a hundred bits below the reference is as good as infinitely far.
  const log = inertia > 0 ? Math.log(inertia) : mean - 100 * Math.LN2
  return { gap: mean - log, gapError: spread * Math.sqrt(1 + 1 / logs.length) }
}

function meanAndSpread(values: readonly number[]): { mean: number; spread: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length
  return { mean, spread: Math.sqrt(variance) }
}

function rowsOf(points: Matrix, rows: Uint32Array | null): Matrix {
  if (rows === null) return points
  const { values, columns } = points
  const kept =
    values instanceof Float32Array
      ? new Float32Array(rows.length * columns)
      : new Float64Array(rows.length * columns)
  rows.forEach((row, i) => kept.set(values.subarray(row * columns, (row + 1) * columns), i * columns))
  return Matrix.trusted(kept, columns)
}

function halved(points: Matrix, random: Random): readonly [Matrix, Matrix] {
  const order = random.permutation(points.rows)
  const middle = Math.floor(points.rows / 2)
  return [rowsOf(points, order.slice(0, middle)), rowsOf(points, order.slice(middle))]
}

/** How many different rows there are; counts no further than `enough`. */
function distinctRows(points: Matrix, enough: number): number {
  const seen = new Set<string>()
  for (let i = 0; i < points.rows && seen.size < enough; i++) seen.add(points.row(i).join())
  return seen.size
}
