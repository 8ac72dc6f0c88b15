import { InputError } from '../check.ts'
import type { ModelFile } from '../files/model-file.ts'
import type { Tensor } from '../files/tensor.ts'
import { copyWeights } from './copies.ts'
import { kernelNames } from './kernel-weights.ts'
import { type NeighborModel, placeCount } from './neighbor-model.ts'
import { readSearch, type SavedSearch, searchContent } from './saved-search.ts'
import { checkK } from './search-steps.ts'

/** What classifiers and regressors have in common, as parts of a model file. */
export interface NeighborModelContent {
  readonly meta: { readonly search: unknown; readonly k: number; readonly weights: string }
  readonly tensors: Readonly<Record<string, Tensor>>
}

/** @throws {InputError} E_PARAM for weights or a metric of the caller's own */
export function modelContent(call: string, model: NeighborModel): NeighborModelContent {
  const { search, options, encoder, k, weights, copies } = model
  if (typeof weights === 'function') {
    throw new InputError(
      'E_PARAM',
      'weights',
      `${call}: weights must be one of nigh's own to be saved, got a function`,
    )
  }
  const content = searchContent(call, search, options, encoder)
  return {
    meta: { search: content.meta, k, weights },
    tensors:
      copies === undefined
        ? content.tensors
        : { ...content.tensors, weights: { shape: [copies.values.length], values: copies.values } },
  }
}

/** @throws {InputError} E_MAGIC for content that {@link modelContent} did not write */
export function readModelContent(
  call: string,
  file: ModelFile,
): { readonly model: NeighborModel; readonly saved: SavedSearch } {
  const saved = readSearch(call, file)
  const { search, options, encoder, fields } = saved
  const weights = saved.tensor('weights', (values) => values instanceof Float64Array, search.rows)
  const copies = weights === undefined ? undefined : copyWeights(call, weights, search.rows)
  const weighting = fields.choice('weights', ['uniform', 'distance', ...kernelNames])
  const k = checkK(
    call,
    fields.integer('k', 1),
    placeCount({ search, copies, weights: weighting }, false),
    false,
    false,
  )
  const model = {
    search,
    options,
    encoder,
    k,
    weights: weighting,
    copies,
  }
  return { model, saved }
}
