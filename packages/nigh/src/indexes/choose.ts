import { checkChoice, checkInteger, InputError } from '../check.ts'
import type { Metric } from '../metrics/metric.ts'
import type { Space } from '../metrics/space.ts'
import { BallTree } from './balltree.ts'
import { FlatIndex } from './flat.ts'
import { KdTree } from './kdtree.ts'
import type { Algorithm, Index } from './spatial-index.ts'

/** Options that say how neighbours are found; none of them changes which are found. */
export interface IndexOptions {
  /**
   * How neighbours are looked for. All ways give the same answer, to the bit.
   *
   * - `'flat'` looks at every row: any metric, any number of columns
   * - `'kdtree'` boxes: all metrics but haversine, precomputed and own functions; pays up to about 15 columns
   * - `'balltree'` balls: every metric with the triangle inequality (not Minkowski below p = 1); for an own function
   *   it takes your word that the inequality holds
   * - `'auto'` kd-tree for more than 64 rows of at most 15 columns where the metric allows, ball-tree for haversine, else
   *   flat; flat too for own functions, of which nothing is known
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
      `${call}: algorithm 'kdtree' needs a metric made of columns; for ${described(metric)} take ${metric.length === undefined ? '' : "'balltree' or "}'flat'`,
    )
  }
  if (algorithm === 'balltree' && metric.length === undefined) {
    throw new InputError(
      'E_PARAM',
      'algorithm',
      metric.boxRank === undefined
        ? `${call}: algorithm 'balltree' needs rows to measure, which ${described(metric)} has not; take 'flat'`
        : `${call}: algorithm 'balltree' needs the triangle inequality, which ${described(metric)} with p below 1 breaks; take 'kdtree' or 'flat'`,
    )
  }
  return { algorithm, leafSize }
}

function described(metric: Metric): string {
  return metric.name === 'own' ? 'an own function' : `metric '${metric.name}'`
}

/** The index that a plan means for these points. Yields the work done as it is built. */
export function* buildIndex(space: Space, plan: IndexPlan): Generator<number, Index, void> {
  const { metric, points, width, rows, columns } = space
  // Numbers beyond the common range: only a full scan knows the way.
  const algorithm = space.wide ? 'flat' : plan.algorithm
  const { boxRank, length } = metric
  if (
    boxRank !== undefined &&
    (algorithm === 'kdtree' || (algorithm === 'auto' && rows > flatRows && columns <= treeColumns))
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
