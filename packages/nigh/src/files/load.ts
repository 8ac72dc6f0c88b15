import { InputError, show } from '../check.ts'
import type { Matrix } from '../data/matrix.ts'
import type { ClassLabel } from '../knn/classes.ts'
import { KNNClassifier } from '../knn/classifier.ts'
import { NearestNeighbors } from '../knn/nearest-neighbors.ts'
import { KNNRegressor } from '../knn/regressor.ts'
import { readModel } from './model-file.ts'

/** Any model that a `.nigh` file can hold. */
export type Model =
  | NearestNeighbors
  | KNNClassifier<ClassLabel>
  | KNNRegressor<Float64Array>
  | KNNRegressor<Matrix>

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
    case 'nearest-neighbors':
      return NearestNeighbors.fromBytes(bytes)
    case 'knn-classifier':
      return KNNClassifier.fromBytes(bytes)
    case 'knn-regressor':
      return KNNRegressor.fromBytes(bytes)
    default:
      throw new InputError(
        'E_KIND',
        'bytes',
        `load: the model file must hold a model that nigh knows, got ${show(kind)}`,
      )
  }
}
