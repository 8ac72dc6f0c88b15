import { checkMade } from '../check.ts'
import type { PointsLike } from '../data/points.ts'
import { runHere, runPaced } from '../indexes/steps.ts'
import { Clusters, type Found, type Kept } from './clusters.ts'
import type { DistinctRows } from './distinct-rows.ts'
import {
  checkClusterNames,
  checkPlan,
  type ClusterOptions,
  fitIn,
  givenCentroids,
  readPoints,
} from './fit-options.ts'
import { numbersOf, numberSpace, type Rule } from './number-space.ts'
import type { Work } from './partition.ts'
import { checkWidth, readClusters } from './saved-clusters.ts'
import type { Centering, Space } from './space.ts'

const KIND = 'kmedians'
const CLASS = 'KMedians'

/**
 * K-Medians: each centroid is the median of its rows, column by column, and rows go to the centroid of least manhattan
 * distance. A few rows far out do not pull a centroid along.
 *
 * `inertia` is the summed weight × manhattan distance to the row's centroid; `transform` gives manhattan distances. The
 * median of an even number of rows lies halfway between the two in the middle.
 * Equal rows and options give equal bits, whatever the order of the rows.
 *
 * Cost: n·d·k differences an iteration, and d sorts of the rows; 4 bytes for each number. Runs on this thread.
 * Source: Bradley, Mangasarian and Street 1996.
 * @example
 * const model = await KMedians.fit([[1], [2], [3], [900], [40], [41]], { k: 2, init: [[1], [40]] })
 * model.centroids // 2 and 41
 */
export class KMedians extends Clusters<PointsLike> {
  private constructor(found: Found, space: Space<PointsLike>) {
    checkMade('KMedians', found, 'labels', 'fit(points, { k })')
    super(found, space)
    Object.freeze(this)
  }

  /**
   * Clusters rows about medians.
   *
   * @throws {InputError} E_K unless k is from 1 to n; E_INIT, E_WEIGHTS, E_PARAM for other options; E_NONFINITE,
   * E_SHAPE, E_TYPE, E_EMPTY, E_RANGE for points
   * @throws the signal's reason when aborted
   */
  static async fit(points: PointsLike, options: ClusterOptions): Promise<KMedians> {
    return runPaced(KMedians.#fitSteps(`${CLASS}.fit`, points, options), options)
  }

  /** {@link KMedians.fit} on this thread, at once. */
  static fitSync(points: PointsLike, options: ClusterOptions): KMedians {
    return runHere(KMedians.#fitSteps(`${CLASS}.fitSync`, points, options))
  }

  static *#fitSteps(call: string, given: PointsLike, options: ClusterOptions): Work<KMedians> {
    checkClusterNames(call, options)
    const points = readPoints(call, given, options)
    const { rows, columns } = points.matrix
    const space = numberSpace(manhattan(columns), columns, points.encoder)
    const plan = checkPlan(call, rows, columns, options, (init) =>
      numbersOf(call, 'init', givenCentroids(call, init, options.k, columns)),
    )
    return new KMedians(yield* fitIn(call, space, points, plan), space)
  }

  /**
   * Reads a model that `toBytes` wrote.
   *
   * @throws {InputError} E_MAGIC, E_CHECKSUM, E_VERSION, E_KIND
   */
  static fromBytes(bytes: Uint8Array): KMedians {
    const call = `${CLASS}.fromBytes`
    const saved = readClusters(call, KIND, bytes)
    saved.settings.done()
    const { encoder } = saved.found
    checkWidth(call, saved, encoder?.features.length ?? saved.width)
    return new KMedians(saved.found, numberSpace(manhattan(saved.width), saved.width, encoder))
  }

  protected override kept(): Kept {
    return { kind: KIND, settings: {}, tensors: {} }
  }
}

function manhattan(columns: number): Rule {
  return {
    name: CLASS,
    cost: (rows, at, centers, from) => {
      let s = 0
      for (let j = 0; j < columns; j++) s += Math.abs(rows[at + j] - centers[from + j])
      return s
    },
    centering: medians,
    distance: (cost) => cost,
  }
}

/** Medians by one walk over each column's rows in order, adding each row's weight to its cluster's. */
function medians({ values, width, weights, count }: DistinctRows): Centering {
  const orders = Array.from({ length: width }, (_, j) => {
    const order = new Uint32Array(count)
    for (let i = 0; i < count; i++) order[i] = i
    return order.sort((a, b) => values[a * width + j] - values[b * width + j] || a - b)
  })
  return (labels, centers, counts) => {
    const k = counts.length
    for (let j = 0; j < width; j++) {
      const passed = new Float64Array(k)
      const lower = new Float64Array(k).fill(Number.NaN)
      for (const i of orders[j]) {
        const c = labels[i]
        const half = counts[c] / 2
        const x = values[i * width + j]
        if (passed[c] < half) {
          passed[c] += weights[i]
          if (passed[c] > half) centers[c * width + j] = x
          else if (passed[c] === half) lower[c] = x
        } else if (passed[c] === half && lower[c] === lower[c]) {
          // Exactly half lies at or below `lower`: the median is between it and the next number.
          centers[c * width + j] = lower[c] + (x - lower[c]) / 2
          lower[c] = Number.NaN
        }
      }
    }
  }
}
