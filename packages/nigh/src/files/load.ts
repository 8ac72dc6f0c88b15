import { CentroidDistance } from '../anomaly/centroid-distance.ts'
import { LocalOutlierFactor } from '../anomaly/local-outlier-factor.ts'
import { NeighborDistance } from '../anomaly/neighbor-distance.ts'
import { InputError, show } from '../check.ts'
import type { Matrix } from '../data/matrix.ts'
import type { ClassLabel } from '../knn/classes.ts'
import { BisectingKMeans } from '../family/bisecting-kmeans.ts'
import { KMedians } from '../family/kmedians.ts'
import { MiniBatchKMeans } from '../family/minibatch-kmeans.ts'
import { KMedoids } from '../family/kmedoids.ts'
import { KMeans1D } from '../family/kmeans-1d.ts'
import { BoundedKMeans } from '../family/bounded-kmeans.ts'
import { GeoKMeans } from '../family/geo-kmeans.ts'
import { KPrototypes } from '../family/kprototypes.ts'
import { SphericalKMeans } from '../family/spherical-kmeans.ts'
import { KMeans } from '../kmeans/kmeans.ts'
import { KNNClassifier } from '../knn/classifier.ts'
import { NearestNeighbors } from '../knn/nearest-neighbors.ts'
import { KNNRegressor } from '../knn/regressor.ts'
import { KNNImputer } from '../knn/imputer.ts'
import { NearestCentroid } from '../knn/nearest-centroid.ts'
import { RadiusClassifier } from '../knn/radius-classifier.ts'
import { RadiusRegressor } from '../knn/radius-regressor.ts'
import { readModel } from './model-file.ts'

/** Any model that a `.nigh` file can hold. */
export type Model =
  | KMeans
  | NearestNeighbors
  | KNNClassifier<ClassLabel>
  | KNNRegressor<Float64Array>
  | KNNRegressor<Matrix>
  | RadiusClassifier<ClassLabel>
  | RadiusRegressor<Float64Array>
  | RadiusRegressor<Matrix>
  | NearestCentroid<ClassLabel>
  | KNNImputer
  | LocalOutlierFactor
  | NeighborDistance
  | CentroidDistance
  | SphericalKMeans
  | KPrototypes
  | GeoKMeans
  | BoundedKMeans
  | KMeans1D
  | KMedoids
  | MiniBatchKMeans
  | KMedians
  | BisectingKMeans

/**
 * Reads whichever model a `.nigh` file holds.
 *
 * @throws {InputError} E_MAGIC for what is no model file; E_CHECKSUM for a damaged one; E_VERSION for one of a newer
 * nigh; E_KIND for a kind of model that this nigh does not know
 * @example
 * const model = load(bytes)
 * if (model instanceof KNNClassifier) await model.predict(queries)
 */
export function load(bytes: Uint8Array): Model {
  const { kind } = readModel(bytes, 'load')
  switch (kind) {
    case 'kmeans':
      return KMeans.fromBytes(bytes)
    case 'nearest-neighbors':
      return NearestNeighbors.fromBytes(bytes)
    case 'knn-classifier':
      return KNNClassifier.fromBytes(bytes)
    case 'knn-regressor':
      return KNNRegressor.fromBytes(bytes)
    case 'radius-classifier':
      return RadiusClassifier.fromBytes(bytes)
    case 'radius-regressor':
      return RadiusRegressor.fromBytes(bytes)
    case 'nearest-centroid':
      return NearestCentroid.fromBytes(bytes)
    case 'knn-imputer':
      return KNNImputer.fromBytes(bytes)
    case 'local-outlier-factor':
      return LocalOutlierFactor.fromBytes(bytes)
    case 'neighbor-distance':
      return NeighborDistance.fromBytes(bytes)
    case 'centroid-distance':
      return CentroidDistance.fromBytes(bytes)
    case 'kmedians':
      return KMedians.fromBytes(bytes)
    case 'minibatch-kmeans':
      return MiniBatchKMeans.fromBytes(bytes)
    case 'kmedoids':
      return KMedoids.fromBytes(bytes)
    case 'kmeans-1d':
      return KMeans1D.fromBytes(bytes)
    case 'bounded-kmeans':
      return BoundedKMeans.fromBytes(bytes)
    case 'geo-kmeans':
      return GeoKMeans.fromBytes(bytes)
    case 'kprototypes':
      return KPrototypes.fromBytes(bytes)
    case 'spherical-kmeans':
      return SphericalKMeans.fromBytes(bytes)
    case 'bisecting-kmeans':
      return BisectingKMeans.fromBytes(bytes)
    default:
      throw new InputError(
        'E_KIND',
        'bytes',
        `load: the model file must hold a model that nigh knows, got ${show(kind)}`,
      )
  }
}
