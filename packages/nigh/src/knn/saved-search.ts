import { counted, InputError, show } from '../check.ts'
import { Encoder } from '../data/encoder.ts'
import { Fields } from '../data/fields.ts'
import { Matrix } from '../data/matrix.ts'
import type { ModelFile } from '../files/model-file.ts'
import type { Tensor, TensorValues } from '../files/tensor.ts'
import type { Search } from '../indexes/search.ts'
import { runHere } from '../indexes/steps.ts'
import { buildSearch, type SearchOptions } from './search-steps.ts'

/** A search as a part of a model file: its points as they were given, and its options. The index is built anew. */
export interface SearchContent {
  readonly meta: unknown
  readonly tensors: Readonly<Record<string, Tensor>>
}

/** @throws {InputError} E_PARAM for a metric of the caller's own */
export function searchContent(
  call: string,
  search: Search,
  options: SearchOptions,
  encoder: Encoder | undefined,
): SearchContent {
  const { metric = 'euclidean', p, sphereRadius, algorithm = 'auto', leafSize = 16 } = options
  if (typeof metric === 'function') {
    throw new InputError(
      'E_PARAM',
      'metric',
      `${call}: metric must be one of nigh's own to be saved, got a function`,
    )
  }
  return {
    meta: {
      metric,
      p: p === undefined ? null : p === Number.POSITIVE_INFINITY ? 'infinity' : p,
      sphereRadius: sphereRadius ?? null,
      algorithm,
      leafSize,
      encoder: encoder === undefined ? null : encoder.toJSON(),
    },
    tensors: { points: { shape: [search.matrix.rows, search.matrix.columns], values: search.matrix.values } },
  }
}

/** What a file holds of a search. */
export interface SavedSearch {
  readonly search: Search
  readonly options: SearchOptions
  readonly encoder: Encoder | undefined
  /** The fields of the model itself. */
  readonly fields: Fields
  /** A tensor of the model, by name and kind. */
  tensor<T extends TensorValues>(
    name: string,
    is: (values: TensorValues) => values is T,
    length?: number,
  ): T | undefined
  /** Says that everything was read; refuses tensors other than the points and those named. */
  done(tensors: readonly string[]): void
}

/** @throws {InputError} E_MAGIC for content that {@link searchContent} did not write; as NearestNeighbors.fit */
export function readSearch(call: string, file: ModelFile): SavedSearch {
  const fields = new Fields(call, 'meta', file.meta, 'E_MAGIC')
  const inner = new Fields(call, 'meta.search', fields.value('search'), 'E_MAGIC')
  const encoder = inner.isNull('encoder') ? undefined : Encoder.fromJSON(inner.value('encoder'))
  const power = inner.isNull('p')
    ? undefined
    : inner.value('p') === 'infinity'
      ? Number.POSITIVE_INFINITY
      : inner.number('p')
  const radius = inner.isNull('sphereRadius') ? undefined : inner.number('sphereRadius')
  const options: SearchOptions = {
    metric: inner.choice('metric', [
      'euclidean',
      'sqeuclidean',
      'manhattan',
      'chebyshev',
      'minkowski',
      'cosine',
      'hamming',
      'haversine',
      'precomputed',
      'gower',
    ]),
    ...(power === undefined ? {} : { p: power }),
    ...(radius === undefined ? {} : { sphereRadius: radius }),
    algorithm: inner.choice('algorithm', ['auto', 'flat', 'kdtree', 'balltree']),
    leafSize: inner.integer('leafSize', 1, 0x7fffffff),
  }
  inner.done()
  const points = file.tensors.get('points')
  if (
    points === undefined ||
    points.shape.length !== 2 ||
    !(points.values instanceof Float64Array || points.values instanceof Float32Array)
  ) {
    throw new InputError(
      'E_MAGIC',
      'points',
      `${call}: the model file must hold its points, rows by columns of real numbers`,
    )
  }
  // Checked like any points: a file may be forged with a good digest.
  const matrix = Matrix.checked(call, 'points', points.values, points.shape[1])
  if (encoder !== undefined && encoder.features.length !== matrix.columns) {
    throw new InputError(
      'E_MAGIC',
      'encoder',
      `${call}: the model file's encoder must make ${counted(matrix.columns, 'column')}, as its points have, got ${encoder.features.length}`,
    )
  }
  const search = runHere(buildSearch(call, matrix, options, encoder))
  return {
    search,
    options,
    encoder,
    fields,
    tensor: (name, is, length) => {
      const tensor = file.tensors.get(name)
      if (tensor === undefined) return undefined
      if (is(tensor.values) && (length === undefined || tensor.values.length === length)) return tensor.values
      throw new InputError(
        'E_MAGIC',
        name,
        `${call}: the model file's ${show(name)} is not what this model has`,
      )
    },
    done: (tensors) => {
      fields.done()
      for (const name of file.tensors.keys()) {
        if (name !== 'points' && !tensors.includes(name)) {
          throw new InputError('E_MAGIC', name, `${call}: the model file must hold no tensor ${show(name)}`)
        }
      }
    },
  }
}
