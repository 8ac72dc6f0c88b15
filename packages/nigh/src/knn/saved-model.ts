import { checkNumber, InputError } from '../check.ts'
import type { ModelFile } from '../files/model-file.ts'
import type { Tensor } from '../files/tensor.ts'
import { copyWeights } from './copies.ts'
import { kernelNames } from './kernel-weights.ts'
import { type NeighborModel, placeCount } from './neighbor-model.ts'
import { readSearch, type SavedSearch, searchContent } from './saved-search.ts'
import { checkK } from './search-steps.ts'

/** A model of neighbours, by k or by radius. */
export type AnyModel = Omit<NeighborModel, 'k'>

/** What classifiers and regressors have in common, as parts of a model file. */
export interface NeighborModelContent {
  readonly meta: { readonly search: unknown; readonly weights: string }
  readonly tensors: Readonly<Record<string, Tensor>>
}

/** @throws {InputError} E_PARAM for weights or a metric of the caller's own */
export function modelContent(call: string, model: AnyModel): NeighborModelContent {
  const { search, options, encoder, weights, copies } = model
  if (typeof weights === 'function') {
    throw new InputError(
      'E_PARAM',
      'weights',
      `${call}: weights must be one of nigh's own to be saved, got a function`,
    )
  }
  const content = searchContent(call, search, options, encoder)
  return {
    meta: { search: content.meta, weights },
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
): { readonly model: AnyModel; readonly saved: SavedSearch } {
  const saved = readSearch(call, file)
  const { search, options, encoder, fields } = saved
  const values = saved.tensor('weights', (given) => given instanceof Float64Array, search.rows)
  const copies = values === undefined ? undefined : copyWeights(call, values, search.rows)
  const weights = fields.choice('weights', ['uniform', 'distance', ...kernelNames])
  return { model: { search, options, encoder, weights, copies }, saved }
}

/** The k of a saved model. */
export function readK(call: string, model: AnyModel, saved: SavedSearch): number {
  return checkK(call, saved.fields.integer('k', 1), placeCount(model, false), false, false)
}

/** A radius as JSON, which has no infinity. */
export function writeRadius(radius: number): number | null {
  return radius === Number.POSITIVE_INFINITY ? null : radius
}

/** Reads what {@link writeRadius} wrote. */
export function readRadius(call: string, saved: SavedSearch): number {
  const { fields } = saved
  if (fields.isNull('radius')) return Number.POSITIVE_INFINITY
  return checkNumber(call, 'radius', fields.number('radius'), 0, Number.MAX_VALUE)
}
