import { checkInteger, InputError, checkMade, orDefault } from '../check.ts'
import type { PointsLike, PointsOptions } from '../data/points.ts'
import { runHere, runPaced, type SearchProgress } from '../indexes/steps.ts'
import { Random } from '../random.ts'
import { boundedAssignment } from './bounded-assignment.ts'
import { Clusters, type Found, type Kept } from './clusters.ts'
import { canonicalOrder, type DistinctRows, distinctRows } from './distinct-rows.ts'
import {
  checkClusterNames,
  checkPlan,
  type ClusterOptions,
  givenCentroids,
  readPoints,
  warningsOf,
} from './fit-options.ts'
import { means, numbersOf, numberSpace, type Rule, squares } from './number-space.ts'
import { pace, type Partition, seeds, type Work } from './partition.ts'
import { checkWidth, readClusters } from './saved-clusters.ts'
import type { Space } from './space.ts'

const KIND = 'bounded-kmeans'
const CLASS = 'BoundedKMeans'
/** Most rows times clusters: 2 GB of costs and heaps. */
const MOST = 2 ** 26

/** Options of {@link BoundedKMeans.fit}. */
export interface BoundedKMeansOptions extends PointsOptions, Omit<ClusterOptions, 'sampleWeight'> {
  /** Fewest rows of a cluster: an integer from 1 to n/k. Default: 1. */
  readonly minSize?: number
  /** Most rows of a cluster: an integer from n/k (rounded up) to n. Default: n. */
  readonly maxSize?: number
}

/**
 * K-Means whose clusters have from `minSize` to `maxSize` rows: for routes, teams, batches, treatment groups.
 *
 * Each assignment is the cheapest that keeps the bounds (a minimum-cost flow, solved exactly), so rows may belong to a
 * centroid that is not their nearest. `predict` knows no bounds: it gives the nearest centroid, and so may differ from
 * `labels`. `inertia` is the summed squared distance of the rows to the centroids of their labels.
 * Equal rows and options give equal bits, whatever the order of the rows (copies of a row may change places).
 *
 * Cost: n·d·k an iteration, and for each row that must give way some k² steps: 100,000 rows in 20 clusters take seconds
 * where bounds are loose, minutes where most rows must move. Memory: about 24 bytes for each row and cluster, of
 * which there may be 2^26 (a million rows in 64 clusters). Runs on this thread.
 * Source: Bradley, Bennett and Demiriz 2000.
 * @example
 * const model = await BoundedKMeans.fit([[1], [2], [3], [4], [90], [91]], { k: 2, minSize: 3 })
 * model.counts // 3 and 3
 */
export class BoundedKMeans extends Clusters<PointsLike> {
  private constructor(found: Found, space: Space<PointsLike>) {
    checkMade('BoundedKMeans', found, 'labels', 'fit(points, { k })')
    super(found, space)
    Object.freeze(this)
  }

  /**
   * Clusters rows within bounds of size.
   *
   * @throws {InputError} E_K unless k is from 1 to n; E_INIT, E_PARAM for other options; E_NONFINITE, E_SHAPE, E_TYPE,
   * E_EMPTY, E_RANGE for points; E_MEMORY where k·n is above 2^26
   * @throws the signal's reason when aborted
   */
  static async fit(points: PointsLike, options: BoundedKMeansOptions): Promise<BoundedKMeans> {
    return runPaced(BoundedKMeans.#fitSteps(`${CLASS}.fit`, points, options), options)
  }

  /** {@link BoundedKMeans.fit} on this thread, at once. */
  static fitSync(points: PointsLike, options: BoundedKMeansOptions): BoundedKMeans {
    return runHere(BoundedKMeans.#fitSteps(`${CLASS}.fitSync`, points, options))
  }

  static *#fitSteps(call: string, given: PointsLike, options: BoundedKMeansOptions): Work<BoundedKMeans> {
    checkClusterNames(call, options, ['minSize', 'maxSize'], ['sampleWeight'])
    const { matrix, encoder, kept } = readPoints(call, given, options)
    const { rows: n, columns } = matrix
    const space = numberSpace(euclidean(columns), columns, encoder)
    const plan = checkPlan(call, n, columns, options, (init) =>
      numbersOf(call, 'init', givenCentroids(call, init, options.k, columns)),
    )
    const { k } = plan
    const most = Math.floor(n / k)
    const least = Math.ceil(n / k)
    const minSize = checkInteger(call, 'minSize', orDefault(options.minSize, 1), 1, most, 'rows / k')
    const maxSize = checkInteger(
      call,
      'maxSize',
      orDefault(options.maxSize, n),
      least,
      n,
      'from rows / k to all',
    )
    if (n * k > MOST) {
      throw new InputError(
        'E_MEMORY',
        'k',
        `${call}: k times the number of rows must be at most ${MOST}, got ${k} × ${n}`,
      )
    }
    const prepared = space.read(call, 'points', matrix)
    const rows = yield* inOrder(prepared, columns)
    const merged = yield* distinctRows(prepared, columns, null)
    const random = new Random(plan.seed)
    let best: Partition | null = null
    for (let start = 0; start < plan.starts; start++) {
      const progress = { done: start, total: plan.starts }
      const drawn = yield* seeds(space, merged, plan, random, progress)
      // Fewer different rows than k: bounds spread the copies over all k clusters.
      const first = new Float64Array(k * columns)
      for (let at = 0; at < first.length; at++) first[at] = drawn[at % drawn.length]
      const bounds = { minSize, maxSize, maxIterations: plan.maxIterations }
      const found = yield* descend(space, rows, first, bounds, progress)
      if (best === null || found.cost < best.cost) best = found
    }
    if (best === null) throw new Error('there was no start: this is a defect of nigh')
    const { labels, centers, counts, cost, iterations, converged } = best
    return new BoundedKMeans(
      {
        centers,
        labels: Uint32Array.from(rows.of, (row) => labels[row]),
        counts,
        inertia: cost,
        iterations,
        converged,
        warnings: warningsOf(call, plan, k, converged),
        encoder,
        rows: kept,
      },
      space,
    )
  }

  /**
   * Reads a model that `toBytes` wrote.
   *
   * @throws {InputError} E_MAGIC, E_CHECKSUM, E_VERSION, E_KIND
   */
  static fromBytes(bytes: Uint8Array): BoundedKMeans {
    const call = `${CLASS}.fromBytes`
    const saved = readClusters(call, KIND, bytes)
    saved.settings.done()
    const { encoder } = saved.found
    checkWidth(call, saved, encoder?.features.length ?? saved.width)
    return new BoundedKMeans(saved.found, numberSpace(euclidean(saved.width), saved.width, encoder))
  }

  protected override kept(): Kept {
    return { kind: KIND, settings: {}, tensors: {} }
  }
}

function euclidean(columns: number): Rule {
  return { name: CLASS, cost: squares(columns), centering: means, distance: Math.sqrt }
}

/** All rows, copies too, in an order that does not depend on theirs. */
function* inOrder(values: Float64Array, width: number): Work<DistinctRows> {
  const order = yield* canonicalOrder(values, width, null)
  const count = order.length
  const sorted = new Float64Array(values.length)
  const of = new Uint32Array(count)
  const step = pace(1, width)
  for (let i = 0; i < count; i++) {
    const from = order[i] * width
    for (let j = 0; j < width; j++) sorted[i * width + j] = values[from + j]
    of[order[i]] = i
    if (i % step === step - 1) yield { done: 0, total: 1 }
  }
  return { values: sorted, width, count, total: count, weights: new Float64Array(count).fill(1), of }
}

interface Bounds {
  readonly minSize: number
  readonly maxSize: number
  readonly maxIterations: number
}

/** Lloyd's turns with the cheapest assignment within bounds, until that costs no less. */
function* descend(
  space: Space<PointsLike>,
  rows: DistinctRows,
  first: Float64Array,
  bounds: Bounds,
  progress: SearchProgress,
): Work<Partition> {
  const center = space.centering(rows)
  let kept = yield* assigned(space, rows, first, bounds, progress)
  for (let iterations = 1; ; iterations++) {
    const centers = kept.centers.slice()
    center(kept.labels, centers, kept.counts)
    const next = yield* assigned(space, rows, centers, bounds, progress)
    const settled = !(next.cost < kept.cost)
    // What came before is kept where rounding makes the means cost more.
    if (next.cost <= kept.cost) kept = next
    if (settled || iterations === bounds.maxIterations) return { ...kept, iterations, converged: settled }
  }
}

/** The cheapest assignment to these centres within bounds, and what it costs. */
function* assigned(
  space: Space<PointsLike>,
  rows: DistinctRows,
  centers: Float64Array,
  bounds: Bounds,
  progress: SearchProgress,
): Work<Pick<Partition, 'centers' | 'labels' | 'counts' | 'cost'>> {
  const { width, count, values } = rows
  const k = centers.length / width
  const costs = new Float64Array(count * k)
  const step = pace(k, width)
  for (let i = 0; i < count; i++) {
    for (let c = 0; c < k; c++) costs[i * k + c] = space.cost(values, i * width, centers, c * width)
    if (i % step === step - 1) yield progress
  }
  const labels = yield* boundedAssignment(costs, k, bounds.minSize, bounds.maxSize, progress)
  const counts = new Float64Array(k)
  let cost = 0
  for (let i = 0; i < count; i++) {
    counts[labels[i]]++
    cost += costs[i * k + labels[i]]
  }
  yield progress
  return { centers, labels, counts, cost }
}
