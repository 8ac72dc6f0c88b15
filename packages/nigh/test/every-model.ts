import { CentroidDistance } from '../src/anomaly/centroid-distance.ts'
import { LocalOutlierFactor } from '../src/anomaly/local-outlier-factor.ts'
import { NeighborDistance } from '../src/anomaly/neighbor-distance.ts'
import { Matrix } from '../src/data/matrix.ts'
import { Table } from '../src/data/table.ts'
import { BisectingKMeans } from '../src/family/bisecting-kmeans.ts'
import { BoundedKMeans } from '../src/family/bounded-kmeans.ts'
import { GeoKMeans } from '../src/family/geo-kmeans.ts'
import { KMeans1D } from '../src/family/kmeans-1d.ts'
import { KMedians } from '../src/family/kmedians.ts'
import { KMedoids } from '../src/family/kmedoids.ts'
import { KPrototypes } from '../src/family/kprototypes.ts'
import { MiniBatchKMeans } from '../src/family/minibatch-kmeans.ts'
import { SphericalKMeans } from '../src/family/spherical-kmeans.ts'
import type { Model } from '../src/files/load.ts'
import { KMeans } from '../src/kmeans/kmeans.ts'
import { KNNClassifier } from '../src/knn/classifier.ts'
import { KNNImputer } from '../src/knn/imputer.ts'
import { NearestCentroid } from '../src/knn/nearest-centroid.ts'
import { NearestNeighbors } from '../src/knn/nearest-neighbors.ts'
import { RadiusClassifier } from '../src/knn/radius-classifier.ts'
import { RadiusRegressor } from '../src/knn/radius-regressor.ts'
import { KNNRegressor } from '../src/knn/regressor.ts'

/** A small model of one kind, and what it answers to a few rows. */
export interface Sample {
  readonly name: string
  readonly make: () => Model
  readonly queries: unknown
}

const rows = [
  [1, 1],
  [1.5, 1.25],
  [1, 2],
  [8, 8],
  [8.5, 8],
  [8, 9],
  [1, 8],
  [1.25, 8.5],
]
const queries = [
  [1.1, 1.3],
  [8.2, 8.1],
  [4, 5],
]
const colours = ['red', 'red', 'green', 'blue', 'blue', 'blue', 'green', 'green']
const sizes = [1, 2, 3, 10, 11, 12, 5, 6.5]
const table = Table.fromRows(
  rows.map(([x, y], i) => ({ x, y, colour: colours[i], ok: i % 2 === 0, day: new Date(i * 86_400_000) })),
)
const asked = Table.fromRows([
  { x: 1.1, y: 1.3, colour: 'red', ok: true, day: new Date(0) },
  { x: 8, y: 8, colour: 'blue', ok: false, day: new Date(86_400_000 * 5) },
])
const k = { k: 3 }

/** One or more of every kind of model that a file can hold. */
export const samples: readonly Sample[] = [
  { name: 'kmeans', make: () => KMeans.fitSync(rows, k), queries },
  { name: 'kmeans-table', make: () => KMeans.fitSync(table, k), queries: asked },
  {
    name: 'kmeans-small',
    make: () =>
      KMeans.fitSync(
        Matrix.of(
          Float64Array.from(rows.flat(), (x) => x * 2 ** -600),
          2,
        ),
        k,
      ),
    queries: queries.map((row) => row.map((x) => x * 2 ** -600)),
  },
  { name: 'nearest-neighbors', make: () => NearestNeighbors.fitSync(rows, { metric: 'manhattan' }), queries },
  {
    name: 'nearest-neighbors-float32',
    make: () =>
      NearestNeighbors.fitSync(Matrix.of(Float32Array.from(rows.flat()), 2), { metric: 'minkowski', p: 3 }),
    queries,
  },
  {
    name: 'knn-classifier',
    make: () => KNNClassifier.fitSync(rows, colours, { ...k, weights: 'distance' }),
    queries,
  },
  { name: 'knn-classifier-table', make: () => KNNClassifier.fitSync(table, colours, k), queries: asked },
  { name: 'knn-regressor', make: () => KNNRegressor.fitSync(rows, sizes, k), queries },
  {
    name: 'knn-regressor-many',
    make: () =>
      KNNRegressor.fitSync(
        rows,
        rows.map(([x, y]) => [y, x]),
        k,
      ),
    queries,
  },
  { name: 'radius-classifier', make: () => RadiusClassifier.fitSync(rows, colours, { radius: 9 }), queries },
  { name: 'radius-regressor', make: () => RadiusRegressor.fitSync(rows, sizes, { radius: 9 }), queries },
  { name: 'nearest-centroid', make: () => NearestCentroid.fitSync(rows, colours), queries },
  {
    name: 'knn-imputer',
    make: () => KNNImputer.fit([...rows, [Number.NaN, 8]], { k: 2 }),
    queries: [
      [Number.NaN, 8],
      [8, Number.NaN],
    ],
  },
  { name: 'local-outlier-factor', make: () => LocalOutlierFactor.fitSync(rows, { k: 2 }), queries },
  { name: 'neighbor-distance', make: () => NeighborDistance.fitSync(rows, { k: 2 }), queries },
  { name: 'centroid-distance', make: () => CentroidDistance.fitSync(rows, k), queries },
  { name: 'kmedians', make: () => KMedians.fitSync(rows, k), queries },
  { name: 'minibatch-kmeans', make: () => MiniBatchKMeans.fitSync(rows, k), queries },
  { name: 'kmedoids', make: () => KMedoids.fitSync(rows, k), queries },
  { name: 'kmeans-1d', make: () => KMeans1D.fitSync(sizes, k), queries: [[2], [7], [99]] },
  { name: 'bounded-kmeans', make: () => BoundedKMeans.fitSync(rows, { ...k, minSize: 2 }), queries },
  { name: 'geo-kmeans', make: () => GeoKMeans.fitSync(rows, k), queries },
  {
    name: 'kprototypes',
    make: () => KPrototypes.fitSync(table.select(['x', 'y', 'colour']), k),
    queries: asked,
  },
  { name: 'spherical-kmeans', make: () => SphericalKMeans.fitSync(rows, k), queries },
  { name: 'bisecting-kmeans', make: () => BisectingKMeans.fitSync(rows, k), queries },
]

/** Whatever a model of any kind says of some rows, as plain numbers and text. */
export function answers(model: Model, about: unknown): unknown[] {
  const said: unknown[] = []
  const ask = (name: string, ...more: unknown[]): void => {
    const method: unknown = Reflect.get(model, name)
    if (typeof method === 'function') said.push(flat(Reflect.apply(method, model, [about, ...more])))
  }
  ask('predictSync')
  ask('predictProbaSync')
  ask('transformSync')
  ask('scoreSync')
  ask('nearestSync', { k: 2 })
  return said
}

function flat(value: unknown): unknown {
  if (value instanceof Matrix) return Array.from(value.values)
  if (ArrayBuffer.isView(value)) return Array.from(value as Float64Array)
  if (Array.isArray(value)) return value.map(flat)
  if (value !== null && typeof value === 'object') {
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, flat(one)]))
  }
  return value
}
