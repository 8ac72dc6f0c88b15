import { checkChoice, checkInteger, InputError } from '../check.ts'
import { Matrix } from '../data/matrix.ts'
import { makeOpenRunner } from '../engine/runner.ts'
import { searchKit } from '../kernels/search-kit.ts'
import { availableKernels } from '../kernels/simd.ts'
import type { Metric } from '../metrics/metric.ts'
import type { Space } from '../metrics/space.ts'
import { canShareMemory, hardwareThreadsNow } from '../workers/spawn.ts'
import { BallTree } from './balltree.ts'
import { FlatIndex } from './flat.ts'
import { KdTree } from './kdtree.ts'
import type { KeptPoints } from './kept-points.ts'
import { KernelIndex } from './kernel-index.ts'
import type { Algorithm, Index } from './spatial-index.ts'

/** Options that say how neighbours are found; none of them changes which are found. */
export interface IndexOptions {
  /**
   * How neighbours are looked for. All ways give the same answer, to the bit.
   *
   * - `'flat'` looks at every row: any metric, any number of columns
   * - `'kdtree'` boxes: all metrics but haversine, precomputed, own functions, and Gower where fitted rows have empty
   *   cells; pays up to about 15 columns
   * - `'balltree'` balls: every metric with the triangle inequality (not Minkowski below p = 1, nor Gower where cells
   *   may be empty); for an own function
   *   it takes your word that the inequality holds
   * - `'auto'` for more than 64 rows: with the euclidean, squared euclidean and cosine metrics a kd-tree from 32·2^d
   *   rows of d columns on; with the other metrics made of columns a kd-tree up to 15 columns; with haversine a
   *   ball-tree; else flat, as always for own functions, of which nothing is known
   *
   * Default: `'auto'`.
   */
  readonly algorithm?: Algorithm | 'auto'
  /** Most rows in a leaf of a tree: a whole number from 1 up. Default: 16. */
  readonly leafSize?: number
}

export const indexOptionNames: readonly string[] = ['algorithm', 'leafSize']

/** Up to so many columns 'auto' expects a kd-tree to beat a full scan (scikit-learn's figure). */
const treeColumns = 15
/** More numbers than this are indexed sooner by several threads, their start included. */
const threadsPay = 100_000
/** Up to so many rows a full scan is as fast as any tree. */
const flatRows = 64

/** Checked index options. */
export interface IndexPlan {
  readonly algorithm: Algorithm | 'auto'
  readonly leafSize: number
}

/** @throws {InputError} E_PARAM for an algorithm or leaf size out of the rules, or one that the metric cannot have */
export function planIndex(call: string, options: IndexOptions, metric: Metric): IndexPlan {
  const { algorithm: wanted = 'auto', leafSize: most = 16 } = options
  const algorithm = checkChoice(call, 'algorithm', wanted, ['auto', 'flat', 'kdtree', 'balltree'])
  const leafSize = checkInteger(call, 'leafSize', most, 1, 0x7fffffff)
  if (algorithm === 'kdtree' && metric.boxRank === undefined) {
    throw new InputError(
      'E_PARAM',
      'algorithm',
      metric.name === 'gower'
        ? `${call}: algorithm 'kdtree' needs rows without empty cells; take 'flat'`
        : `${call}: algorithm 'kdtree' needs a metric made of columns; for ${described(metric)} take ${metric.length === undefined ? '' : "'balltree' or "}'flat'`,
    )
  }
  if (algorithm === 'balltree' && metric.length === undefined) {
    throw new InputError('E_PARAM', 'algorithm', `${call}: ${unmeasured(metric)}`)
  }
  return { algorithm, leafSize }
}

/** Why a ball-tree is impossible. */
function unmeasured(metric: Metric): string {
  if (metric.name === 'gower') {
    return "algorithm 'balltree' needs the triangle inequality, which metric 'gower' with missing: 'mark' breaks; take 'auto'"
  }
  return metric.boxRank === undefined
    ? `algorithm 'balltree' needs rows to measure, which ${described(metric)} has not; take 'flat'`
    : `algorithm 'balltree' needs the triangle inequality, which ${described(metric)} with p below 1 breaks; take 'kdtree' or 'flat'`
}

function described(metric: Metric): string {
  return metric.name === 'own' ? 'an own function' : `metric '${metric.name}'`
}

/**
 * The index that a plan means for these points. Yields the work done as it is built.
 *
 * @param kept the points as they were given; copied before the first yield
 */
export function* buildIndex(space: Space, kept: KeptPoints, plan: IndexPlan): Generator<number, Index, void> {
  const { metric, width, rows } = space
  // Numbers beyond the common range: only a full scan knows the way.
  const algorithm = space.wide ? 'flat' : plan.algorithm
  const { boxRank, length } = metric
  const fast =
    algorithm === 'balltree' ? undefined : yield* kernelIndex(space, kept, algorithm, plan.leafSize)
  if (fast !== undefined) return fast
  kept.own()
  const { points } = space
  if (
    boxRank !== undefined &&
    (algorithm === 'kdtree' || (algorithm === 'auto' && rows > flatRows && width <= treeColumns))
  ) {
    return yield* KdTree.build(points, width, metric, boxRank, plan.leafSize)
  }
  if (
    length !== undefined &&
    (algorithm === 'balltree' || (algorithm === 'auto' && rows > flatRows && metric.name === 'haversine'))
  ) {
    return yield* BallTree.build(points, width, metric, length, plan.leafSize)
  }
  return new FlatIndex(points, width, metric)
}

/** The kernels' index, where they know the metric, there is enough to do, and this environment runs them. */
function* kernelIndex(
  space: Space,
  kept: KeptPoints,
  algorithm: 'auto' | 'flat' | 'kdtree',
  leafSize: number,
): Generator<number, KernelIndex | undefined, void> {
  const { metric, width, rows, wide } = space
  const { boxRank } = metric
  if (
    !metric.squared ||
    boxRank === undefined ||
    wide ||
    rows <= flatRows ||
    availableKernels()[0] === 'scalar'
  ) {
    return undefined
  }
  // Twice as many rows for each further column: so many it takes for boxes to leave out more than they cost.
  const kind = algorithm === 'auto' ? (rows >= 32 * 2 ** width ? 'kdtree' : 'flat') : algorithm
  const runner = makeOpenRunner(searchKit, hardwareThreadsNow(), canShareMemory())
  const plain = (): Index =>
    algorithm === 'flat'
      ? new FlatIndex(space.points, width, metric)
      : finished(KdTree.build(space.points, width, metric, boxRank, leafSize))
  // As given, float32 stays float32: half the memory.
  const index = KernelIndex.place(
    space.asGiven ? kept.now() : Matrix.trusted(space.points, width),
    kind,
    plain,
    runner,
  )
  if (index === undefined) return undefined
  if (space.asGiven) kept.copied(() => index.points())
  else kept.own()
  // A stage of nothing: whoever drives the steps can lend threads before the index is built.
  if (rows * width > threadsPay && index.wantThreads()) yield Number.POSITIVE_INFINITY
  return (yield* index.prepare()) ? index : undefined
}

function finished<T>(steps: Generator<number, T, void>): T {
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
  }
}
