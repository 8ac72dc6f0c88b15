import { checkNumber, checkOptions, InputError, checkMade, orDefault } from '../check.ts'
import { Matrix } from '../data/matrix.ts'
import type { Encoder } from '../data/encoder.ts'
import { fittedPoints, ownCopy, type PointsLike, queryPoints } from '../data/points.ts'
import { Table } from '../data/table.ts'
import { rowWeights } from '../data/weights.ts'
import { Fields } from '../data/fields.ts'
import { readModel, writeModel } from '../files/model-file.ts'
import { KMeans, type PredictOptions } from '../kmeans/kmeans.ts'
import type { KMeansOptions, LaterOptions } from '../kmeans/options.ts'
import { anomalyTensorNames, anomalyTensors, numbersOf, readAnomalies } from './saved-anomalies.ts'
import {
  checkThreshold,
  type FittedAnomalies,
  flagged,
  judged,
  type Limit,
  type ThresholdOptions,
  thresholdOptionNames,
} from './threshold.ts'

/** Options of {@link CentroidDistance.fit}: those of KMeans, and without `contamination` or `threshold`, a tenth of the rows are anomalies. */
export interface CentroidDistanceOptions extends KMeansOptions, ThresholdOptions {
  /**
   * Clusters that hold less than this share of what each would hold if all were equal are no home: strangers may found
   * a cluster of their own, and are measured from the nearest other. A number from 0 to 1. Default: 0.1.
   */
  readonly minimumShare?: number
}

/**
 * Anomalies by the distance to the nearest centroid, in units of how far that cluster's own rows lie from it.
 *
 * A score of 1 is the cluster's typical distance (root mean square). A cluster without any spread takes that of all
 * rows. Fitted and immutable.
 *
 * Source: the scaling as in Ester and Sander's and others' practice; small clusters as in He, Xu and Deng 2003 (CBLOF).
 */
export class CentroidDistance implements FittedAnomalies {
  readonly scores: Float64Array
  readonly threshold: number
  readonly outliers: Uint8Array
  /** The clusters behind the scores. */
  readonly clusters: KMeans
  /** k typical distances, in the unit of the points; NaN for a cluster too small to be a home. */
  readonly spreads: Float64Array

  private constructor(clusters: KMeans, spreads: Float64Array, fitted: FittedAnomalies) {
    checkMade('CentroidDistance', clusters, 'labels', 'fit(points, { k })')
    this.clusters = clusters
    this.spreads = spreads
    this.scores = fitted.scores
    this.threshold = fitted.threshold
    this.outliers = fitted.outliers
    Object.freeze(this)
  }

  /**
   * Clusters the rows and measures each from its centroid.
   *
   * @throws {InputError} E_PARAM for an option out of its rules; as KMeans.fit
   */
  static async fit(
    points: PointsLike,
    options: CentroidDistanceOptions & LaterOptions,
  ): Promise<CentroidDistance> {
    const call = 'CentroidDistance.fit'
    const { own, rest } = parted(call, options)
    // Taken before the fit, which reads the same rows: the caller's numbers may change while this waits.
    const matrix = rowsOf(call, points, rest)
    const clusters = await KMeans.fit(points, rest)
    const { signal, threads } = options
    const run = {
      ...(signal === undefined ? {} : { signal }),
      ...(threads === undefined ? {} : { threads }),
    }
    const homes = homesOf(clusters, own.minimumShare)
    const found: Measured[] = []
    for (const part of parts(matrix, clusters.encoder))
      found.push(nearestHome(await clusters.transform(part, run), homes))
    return CentroidDistance.#made(clusters, homes, own.limit, joined(found))
  }

  /** {@link CentroidDistance.fit} on this thread, at once. */
  static fitSync(points: PointsLike, options: CentroidDistanceOptions): CentroidDistance {
    const call = 'CentroidDistance.fitSync'
    const { own, rest } = parted(call, options)
    const matrix = rowsOf(call, points, rest)
    const clusters = KMeans.fitSync(points, rest)
    const homes = homesOf(clusters, own.minimumShare)
    const found = Array.from(parts(matrix, clusters.encoder), (part) =>
      nearestHome(clusters.transformSync(part), homes),
    )
    return CentroidDistance.#made(clusters, homes, own.limit, joined(found))
  }

  static #made(clusters: KMeans, homes: Uint8Array, limit: Limit, found: Measured): CentroidDistance {
    const spreads = spreadsOf(clusters, homes, found)
    return new CentroidDistance(
      clusters,
      spreads,
      judged(scaled(found, spreads), limit, { contamination: 0.1 }),
    )
  }

  /** The scaled distance of each new row. */
  async score(queries: PointsLike, options: PredictOptions = {}): Promise<Float64Array> {
    const matrix = this.#matrix('CentroidDistance.score', queries)
    const found: Measured[] = []
    const homes = this.#homes
    for (const part of parts(matrix, this.clusters.encoder))
      found.push(nearestHome(await this.clusters.transform(part, options), homes))
    return scaled(joined(found), this.spreads)
  }

  /** {@link CentroidDistance.score} on this thread, at once. */
  scoreSync(queries: PointsLike): Float64Array {
    const matrix = this.#matrix('CentroidDistance.scoreSync', queries)
    const homes = this.#homes
    const found = Array.from(parts(matrix, this.clusters.encoder), (part) =>
      nearestHome(this.clusters.transformSync(part), homes),
    )
    return scaled(joined(found), this.spreads)
  }

  /** Whether each new row is an anomaly: 1 where its scaled distance is above the threshold. */
  async predict(queries: PointsLike, options: PredictOptions = {}): Promise<Uint8Array> {
    return flagged(await this.score(queries, options), this.threshold)
  }

  /** {@link CentroidDistance.predict} on this thread, at once. */
  predictSync(queries: PointsLike): Uint8Array {
    return flagged(this.scoreSync(queries), this.threshold)
  }

  /** The model as a `.nigh` file, which holds that of its clusters. */
  toBytes(): Uint8Array<ArrayBuffer> {
    const clusters = this.clusters.toBytes()
    return writeModel({
      kind: 'centroid-distance',
      meta: {},
      tensors: {
        ...anomalyTensors(this),
        clusters: { shape: [clusters.length], values: clusters },
        spreads: { shape: [this.spreads.length], values: this.spreads },
      },
    })
  }

  /**
   * The model that {@link CentroidDistance.toBytes} wrote.
   *
   * @throws {InputError} E_MAGIC, E_CHECKSUM, E_VERSION or E_KIND for anything else
   */
  static fromBytes(bytes: Uint8Array): CentroidDistance {
    const call = 'CentroidDistance.fromBytes'
    const file = readModel(bytes, call, ['centroid-distance'])
    new Fields(call, 'meta', file.meta, 'E_MAGIC').done()
    const inner = file.tensors.get('clusters')?.values
    const known = [...anomalyTensorNames, 'clusters', 'spreads']
    const other = Array.from(file.tensors.keys()).find((name) => !known.includes(name))
    if (!(inner instanceof Uint8Array) || other !== undefined) {
      throw new InputError(
        'E_MAGIC',
        other ?? 'clusters',
        `${call}: the model file must hold the bytes of its clusters, its spreads and scores, and nothing else`,
      )
    }
    const clusters = KMeans.fromBytes(inner)
    const spreads = numbersOf(call, 'spreads', file.tensors.get('spreads')?.values, clusters.k, true)
    const fitted = readAnomalies(call, (name) => file.tensors.get(name)?.values, clusters.labels.length)
    return new CentroidDistance(clusters, spreads, fitted)
  }

  get #homes(): Uint8Array {
    return Uint8Array.from(this.spreads, (spread) => (Number.isNaN(spread) ? 0 : 1))
  }

  #matrix(call: string, queries: PointsLike): Matrix {
    const { centroids, encoder } = this.clusters
    return queryPoints(call, 'queries', queries, centroids.columns, encoder)
  }
}

/** For each row: the nearest home, and how far it is. */
interface Measured {
  readonly homes: Uint32Array
  readonly distances: Float64Array
}

/** The options that are ours, and those that are KMeans's. */
function parted<T extends CentroidDistanceOptions>(
  call: string,
  options: T,
): {
  own: { limit: Limit; minimumShare: number }
  rest: Omit<T, 'contamination' | 'threshold' | 'minimumShare'>
} {
  checkOptions(call, options, [...Object.keys(options ?? {}), ...thresholdOptionNames])
  const limit = checkThreshold(call, options)
  const minimumShare = checkNumber(call, 'minimumShare', orDefault(options.minimumShare, 0.1), 0, 1)
  const { contamination: _contamination, threshold: _threshold, minimumShare: _share, ...rest } = options
  return { own: { limit, minimumShare }, rest }
}

/** The rows that a fit takes, for good. */
function rowsOf(call: string, points: PointsLike, options: KMeansOptions): Matrix {
  const { encoder, sampleWeight } = options
  const weights =
    sampleWeight !== undefined && points instanceof Table
      ? rowWeights(call, sampleWeight, points.rows).values
      : undefined
  const { matrix } = fittedPoints(call, points, encoder === undefined ? {} : { encoder }, weights)
  return ownCopy(points, matrix)
}

/** Rows in parts, so that distances to all centroids take bounded memory. */
function* parts(matrix: Matrix, encoder: Encoder | undefined): Generator<Matrix, void, void> {
  const { values, rows, columns } = matrix
  const size = 65536
  for (let from = 0; from < rows; from += size) {
    const end = Math.min(rows, from + size)
    const part = Matrix.trusted(values.subarray(from * columns, end * columns), columns)
    yield encoder?.encoded(part) ?? part
  }
}

/** 1 for each cluster that is large enough. The largest always is. */
function homesOf(clusters: KMeans, minimumShare: number): Uint8Array {
  const { counts } = clusters
  const total = counts.reduce((sum, count) => sum + count, 0)
  const largest = counts.reduce((most, count) => Math.max(most, count), 0)
  const least = Math.min(largest, (minimumShare * total) / counts.length)
  return Uint8Array.from(counts, (count) => (count >= least ? 1 : 0))
}

function nearestHome(distances: Matrix, homes: Uint8Array): Measured {
  const { rows, columns: k, values } = distances
  const found = { homes: new Uint32Array(rows), distances: new Float64Array(rows) }
  for (let i = 0; i < rows; i++) {
    let best = Number.POSITIVE_INFINITY
    for (let c = 0; c < k; c++) {
      // Strict <: on a tie the smaller index wins, as everywhere.
      if (homes[c] === 1 && values[i * k + c] < best) {
        best = values[i * k + c]
        found.homes[i] = c
      }
    }
    found.distances[i] = best
  }
  return found
}

function joined(found: readonly Measured[]): Measured {
  const rows = found.reduce((sum, part) => sum + part.homes.length, 0)
  const all = { homes: new Uint32Array(rows), distances: new Float64Array(rows) }
  let at = 0
  for (const part of found) {
    all.homes.set(part.homes, at)
    all.distances.set(part.distances, at)
    at += part.homes.length
  }
  return all
}

/** The root mean square distance of each home's own members; members of clusters that are none do not count. */
function spreadsOf(clusters: KMeans, homes: Uint8Array, found: Measured): Float64Array {
  const k = homes.length
  const largest = found.distances.reduce((most, distance) => Math.max(most, distance), 0)
  const squares = new Float64Array(k)
  const members = new Float64Array(k)
  clusters.labels.forEach((label, i) => {
    if (homes[label] === 0 || found.homes[i] !== label || largest === 0) return
    // Relative to the largest, so that squares neither overflow nor vanish.
    squares[label] += (found.distances[i] / largest) ** 2
    members[label]++
  })
  const allSquares = squares.reduce((sum, square) => sum + square, 0)
  const allMembers = members.reduce((sum, count) => sum + count, 0)
  const overall = allMembers === 0 ? 0 : Math.sqrt(allSquares / allMembers) * largest
  return Float64Array.from(homes, (home, c) => {
    if (home === 0) return Number.NaN
    return squares[c] === 0 ? overall : Math.sqrt(squares[c] / members[c]) * largest
  })
}

/** Distances over spreads. Where no row lies off its centroid, any that does is infinitely far. */
function scaled(found: Measured, spreads: Float64Array): Float64Array {
  return Float64Array.from(found.distances, (distance, i) =>
    distance === 0 ? 0 : distance / spreads[found.homes[i]],
  )
}
