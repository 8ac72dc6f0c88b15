import { checkNumber, InputError, checkMade, orDefault } from '../check.ts'
import type { Encoder } from '../data/encoder.ts'
import { Matrix } from '../data/matrix.ts'
import { type PointsLike, queryPoints } from '../data/points.ts'
import { Table } from '../data/table.ts'
import { runHere, runPaced } from '../indexes/steps.ts'
import { arcsine, cosineOfDegrees, sineOfDegrees } from '../metrics/elementary.ts'
import { haversineOf } from '../metrics/haversine.ts'
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

const KIND = 'geo-kmeans'
const CLASS = 'GeoKMeans'

/** Options of {@link GeoKMeans.fit}. */
export interface GeoKMeansOptions extends ClusterOptions {
  /** The radius of the sphere, in the unit distances shall have: above 0. Default: 6371.0088, the Earth's in km. */
  readonly sphereRadius?: number
}

/**
 * K-Means of places: [latitude, longitude] rows in degrees. Centroids are means on the sphere, so clusters lie rightly
 * across the 180th meridian and at the poles, where averaging degrees puts them on the other side of the world.
 *
 * `inertia` is the summed weight × squared straight-line distance (through the sphere) to the row's centroid, which
 * within a country is all but the squared distance over ground; the nearest place is the same by both. `transform`
 * gives great-circle distances. Both in km unless `sphereRadius` says otherwise.
 * Latitudes go from −90 to 90, longitudes from −360 to 360. Equal rows and options give equal bits, whatever the order
 * of the rows.
 *
 * Cost: 3·n·k multiply-adds an iteration. Runs on this thread.
 * @example
 * const model = await GeoKMeans.fit([[10, 179], [10, -179], [48.2, 16.4], [47.1, 15.4]], { k: 2 })
 * model.centroids // one at longitude 180, one in Austria
 */
export class GeoKMeans extends Clusters<PointsLike> {
  /** The radius of the sphere, in the unit of distances. */
  readonly sphereRadius: number

  private constructor(found: Found, space: Space<PointsLike>, sphereRadius: number) {
    checkMade('GeoKMeans', found, 'labels', 'fit(points, { k })')
    super(found, space)
    this.sphereRadius = sphereRadius
    Object.freeze(this)
  }

  /**
   * Clusters places.
   *
   * @param points n × 2: latitude, longitude, in degrees
   * @throws {InputError} E_SHAPE for other than two columns, E_RANGE for a latitude or longitude out of its range; E_K,
   * E_INIT, E_WEIGHTS, E_PARAM for options; E_NONFINITE, E_TYPE, E_EMPTY for points
   * @throws the signal's reason when aborted
   */
  static async fit(points: PointsLike, options: GeoKMeansOptions): Promise<GeoKMeans> {
    return runPaced(GeoKMeans.#fitSteps(`${CLASS}.fit`, points, options), options)
  }

  /** {@link GeoKMeans.fit} on this thread, at once. */
  static fitSync(points: PointsLike, options: GeoKMeansOptions): GeoKMeans {
    return runHere(GeoKMeans.#fitSteps(`${CLASS}.fitSync`, points, options))
  }

  static *#fitSteps(call: string, given: PointsLike, options: GeoKMeansOptions): Work<GeoKMeans> {
    checkClusterNames(call, options, ['sphereRadius'])
    // Scaled coordinates are none: a table is taken as it is, unless an encoder says how.
    const table = given instanceof Table ? ({ encoder: { scale: 'none' } } as const) : {}
    const points = readPoints(call, given, { ...table, ...options })
    const radius = checkNumber(
      call,
      'sphereRadius',
      orDefault(options.sphereRadius, 6371.0088),
      1e-100,
      1e100,
    )
    const { rows, columns } = points.matrix
    if (columns !== 2) {
      throw new InputError(
        'E_SHAPE',
        'points',
        `${call}: points must have 2 columns, latitude and longitude in degrees, got ${columns}`,
      )
    }
    const space = sphere(radius, points.encoder)
    const plan = checkPlan(call, rows, columns, options, (init) =>
      places(call, 'init', givenCentroids(call, init, options.k, columns)),
    )
    return new GeoKMeans(yield* fitIn(call, space, points, plan), space, radius)
  }

  /**
   * Reads a model that `toBytes` wrote.
   *
   * @throws {InputError} E_MAGIC, E_CHECKSUM, E_VERSION, E_KIND
   */
  static fromBytes(bytes: Uint8Array): GeoKMeans {
    const call = `${CLASS}.fromBytes`
    const saved = readClusters(call, KIND, bytes)
    const radius = checkNumber(call, 'sphereRadius', saved.settings.number('sphereRadius'), 1e-100, 1e100)
    saved.settings.done()
    checkWidth(call, saved, WIDTH)
    return new GeoKMeans(saved.found, sphere(radius, saved.found.encoder), radius)
  }

  protected override kept(): Kept {
    return { kind: KIND, settings: { sphereRadius: this.sphereRadius }, tensors: {} }
  }
}

/** A place: x, y, z on the unit sphere, then latitude and longitude in degrees. */
const WIDTH = 5

function sphere(radius: number, encoder: Encoder | undefined): Space<PointsLike> {
  const square = radius * radius
  return {
    name: CLASS,
    width: WIDTH,
    cost(rows, at, centers, from) {
      const x = rows[at] - centers[from]
      const y = rows[at + 1] - centers[from + 1]
      const z = rows[at + 2] - centers[from + 2]
      return (x * x + y * y + z * z) * square
    },
    centering: meanPlaces,
    read: (call, param, points) => places(call, param, queryPoints(call, param, points, 2, encoder)),
    show: (centers) => {
      const degrees = new Float64Array((centers.length / WIDTH) * 2)
      for (let c = 0; c < centers.length / WIDTH; c++) {
        degrees[2 * c] = centers[c * WIDTH + 3]
        degrees[2 * c + 1] = centers[c * WIDTH + 4]
      }
      return Matrix.trusted(degrees, 2)
    },
    distance: (cost) => {
      const rank = Math.min(1, cost / square / 4)
      const angle = rank <= 0.5 ? 2 * arcsine(Math.sqrt(rank)) : Math.PI - 2 * arcsine(Math.sqrt(1 - rank))
      return radius * angle
    },
  }
}

/** Degrees as places. */
function places(call: string, param: string, matrix: Matrix): Float64Array {
  const checked = new Float64Array(matrix.rows * 3)
  haversineOf(1).prepare({ call, param }, matrix.values, 2, 0, matrix.rows, checked)
  const out = new Float64Array(matrix.rows * WIDTH)
  for (let i = 0; i < matrix.rows; i++) put(out, i * WIDTH, checked[3 * i], checked[3 * i + 1])
  return out
}

/** Writes a place of this latitude and longitude (−180 to 180). A place has one longitude: 180 and not −180, 0 at a pole. */
function put(out: Float64Array, at: number, latitude: number, longitude: number): void {
  const across = cosineOfDegrees(Math.abs(latitude))
  const turn = Math.abs(longitude)
  const east = turn > 90 ? -cosineOfDegrees(180 - turn) : cosineOfDegrees(turn)
  const north = sineOfDegrees(turn > 90 ? 180 - turn : turn)
  out[at] = across * east + 0
  out[at + 1] = (longitude < 0 ? -1 : 1) * across * north + 0
  out[at + 2] = (latitude < 0 ? -1 : 1) * sineOfDegrees(Math.abs(latitude)) + 0
  out[at + 3] = latitude + 0
  out[at + 4] = across === 0 ? 0 : longitude === -180 ? 180 : longitude + 0
}

/** The place nearest to all, by straight lines, lies in the direction of their mean. Where they cancel out there is none. */
function meanPlaces({ values, weights, count }: DistinctRows): Centering {
  return (labels, centers, counts) => {
    const k = counts.length
    const sums = new Float64Array(3 * k)
    for (let i = 0; i < count; i++) {
      for (let j = 0; j < 3; j++) sums[3 * labels[i] + j] += weights[i] * values[i * WIDTH + j]
    }
    for (let c = 0; c < k; c++) {
      const [x, y, z] = sums.subarray(3 * c, 3 * c + 3)
      const across = Math.sqrt(x * x + y * y)
      const length = Math.sqrt(x * x + y * y + z * z)
      if (length === 0) continue
      const latitude = degrees(Math.abs(z) / length, across / length)
      const turn = across === 0 ? 0 : degrees(Math.abs(y) / across, Math.abs(x) / across)
      const longitude = x < 0 ? 180 - turn : turn
      put(centers, c * WIDTH, z < 0 ? -latitude : latitude, y < 0 ? -longitude : longitude)
    }
  }
}

/** The angle from 0 to 90 degrees of this sine and cosine, by the smaller of the two, which says it best. */
function degrees(sine: number, cosine: number): number {
  return sine <= cosine
    ? arcsine(Math.min(sine, Math.SQRT1_2)) * (180 / Math.PI)
    : 90 - arcsine(Math.min(cosine, Math.SQRT1_2)) * (180 / Math.PI)
}
