import { InputError } from '../check.ts'
import type { Tensor, TensorValues } from '../files/tensor.ts'
import { type FittedAnomalies, flagged } from './threshold.ts'

/** What a model of anomalies keeps in its file: the scores of its rows, and the threshold, which may be infinite. */
export function anomalyTensors(fitted: FittedAnomalies): Readonly<Record<string, Tensor>> {
  return {
    scores: { shape: [fitted.scores.length], values: fitted.scores },
    threshold: { shape: [1], values: Float64Array.of(fitted.threshold) },
  }
}

/** The names of {@link anomalyTensors}. */
export const anomalyTensorNames: readonly string[] = ['scores', 'threshold']

/** @throws {InputError} E_MAGIC for tensors that {@link anomalyTensors} did not write */
export function readAnomalies(
  call: string,
  tensor: (name: string) => TensorValues | undefined,
  rows: number,
): FittedAnomalies {
  const scores = numbersOf(call, 'scores', tensor('scores'), rows)
  const [threshold] = numbersOf(call, 'threshold', tensor('threshold'), 1)
  return { scores, threshold, outliers: flagged(scores, threshold) }
}

/**
 * Reads so many numbers from 0 up.
 *
 * @throws {InputError} E_MAGIC for another number of them, or of another kind
 */
export function numbersOf(
  call: string,
  name: string,
  values: TensorValues | undefined,
  length: number,
  gaps = false,
): Float64Array {
  const right =
    values instanceof Float64Array &&
    values.length === length &&
    values.every((value) => value >= 0 || (gaps && Number.isNaN(value)))
  if (right) return values
  throw new InputError(
    'E_MAGIC',
    name,
    `${call}: the model file must hold ${length} ${name}, numbers from 0 up`,
  )
}
