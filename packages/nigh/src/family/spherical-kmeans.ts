import { checkMade } from '../check.ts'
import { Matrix } from '../data/matrix.ts'
import type { Encoder } from '../data/encoder.ts'
import { type PointsLike, queryPoints } from '../data/points.ts'
import { runHere, runPaced } from '../indexes/steps.ts'
import { cosine } from '../metrics/cosine.ts'
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
import type { Work } from './partition.ts'
import { checkWidth, readClusters } from './saved-clusters.ts'
import type { Centering, Space } from './space.ts'

const KIND = 'spherical-kmeans'
const CLASS = 'SphericalKMeans'

/**
 * K-Means by direction: rows are compared by the angle between them, not by their length. For word counts, embeddings
 * and profiles, where twice as much of everything is the same thing.
 *
 * `inertia` is the summed weight × (1 − cosine of the angle to the row's centroid). Centroids have length 1. `transform`
 * gives cosine distances, from 0 to 2. Equal rows and options give equal bits, whatever the order of the rows.
 *
 * Cost: n·d·k multiply-adds an iteration, and a sort of the rows; runs on this thread.
 * Source: Dhillon and Modha 2001; k-means++ for unit vectors by Endo and Miyamoto 2015.
 * @example
 * const topics = await SphericalKMeans.fit([[1, 0], [5, 1], [0, 2], [1, 9]], { k: 2 })
 * topics.labels // the first two together, and the last two
 */
export class SphericalKMeans extends Clusters<PointsLike> {
  private constructor(found: Found, space: Space<PointsLike>) {
    checkMade('SphericalKMeans', found, 'labels', 'fit(points, { k })')
    super(found, space)
    Object.freeze(this)
  }

  /**
   * Clusters rows by their direction.
   *
   * @throws {InputError} E_ZERO_VECTOR for a row of zeros, which has no direction; E_K unless k is from 1 to n; E_INIT,
   * E_WEIGHTS, E_PARAM for other options; E_NONFINITE, E_SHAPE, E_TYPE, E_EMPTY for points
   * @throws the signal's reason when aborted
   */
  static async fit(points: PointsLike, options: ClusterOptions): Promise<SphericalKMeans> {
    return runPaced(SphericalKMeans.#fitSteps(`${CLASS}.fit`, points, options), options)
  }

  /** {@link SphericalKMeans.fit} on this thread, at once. */
  static fitSync(points: PointsLike, options: ClusterOptions): SphericalKMeans {
    return runHere(SphericalKMeans.#fitSteps(`${CLASS}.fitSync`, points, options))
  }

  static *#fitSteps(call: string, given: PointsLike, options: ClusterOptions): Work<SphericalKMeans> {
    checkClusterNames(call, options)
    const points = readPoints(call, given, options)
    const { rows, columns } = points.matrix
    const space = directions(columns, points.encoder)
    const plan = checkPlan(call, rows, columns, options, (init) =>
      unitRows(call, 'init', givenCentroids(call, init, options.k, columns)),
    )
    return new SphericalKMeans(yield* fitIn(call, space, points, plan), space)
  }

  /**
   * Reads a model that `toBytes` wrote.
   *
   * @throws {InputError} E_MAGIC, E_CHECKSUM, E_VERSION, E_KIND
   */
  static fromBytes(bytes: Uint8Array): SphericalKMeans {
    const call = `${CLASS}.fromBytes`
    const saved = readClusters(call, KIND, bytes)
    saved.settings.done()
    const { encoder } = saved.found
    checkWidth(call, saved, encoder?.features.length ?? saved.width)
    return new SphericalKMeans(saved.found, directions(saved.width, encoder))
  }

  protected override kept(): Kept {
    return { kind: KIND, settings: {}, tensors: {} }
  }
}

/** The unit sphere in so many columns. A row costs a centre 1 − cosine: half their squared distance. */
function directions(columns: number, encoder: Encoder | undefined): Space<PointsLike> {
  return {
    name: CLASS,
    width: columns,
    cost(rows, at, centers, from) {
      let s = 0
      for (let j = 0; j < columns; j++) {
        const t = rows[at + j] - centers[from + j]
        s += t * t
      }
      return s / 2
    },
    centering: (rows) => directionsOf(rows),
    read: (call, param, points) => unitRows(call, param, queryPoints(call, param, points, columns, encoder)),
    show: (centers) => Matrix.trusted(centers.slice(), columns),
    distance: (cost) => Math.min(2, cost),
  }
}

function unitRows(call: string, param: string, matrix: Matrix): Float64Array {
  const { values, rows, columns } = matrix
  const out = new Float64Array(rows * columns)
  cosine.prepare({ call, param }, values, columns, 0, rows, out)
  return out
}

/** The direction of the sum of unit vectors is the nearest to all of them. Where they cancel out there is none. */
function directionsOf(rows: DistinctRows): Centering {
  const { values, width, weights, count } = rows
  return (labels, centers) => {
    const sums = new Float64Array(centers.length)
    for (let i = 0; i < count; i++) {
      for (let j = 0, to = labels[i] * width; j < width; j++) {
        sums[to + j] += weights[i] * values[i * width + j]
      }
    }
    for (let from = 0; from < sums.length; from += width) {
      let s = 0
      for (let j = 0; j < width; j++) s += sums[from + j] * sums[from + j]
      const length = Math.sqrt(s)
      if (length === 0) continue
      for (let j = 0; j < width; j++) centers[from + j] = sums[from + j] / length
    }
  }
}
