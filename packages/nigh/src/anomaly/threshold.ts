import { checkNumber, InputError } from '../check.ts'

/** Above which score a row is an anomaly. */
export interface ThresholdOptions {
  /**
   * The share of the fitted rows that are taken for anomalies, above 0 and at most 0.5: the threshold is then that
   * quantile of their scores. Not together with `threshold`.
   */
  readonly contamination?: number
  /** Scores above this number are anomalies. */
  readonly threshold?: number
}

export const thresholdOptionNames: readonly string[] = ['contamination', 'threshold']

/** What every model of anomalies tells about the rows that it was fitted on. */
export interface FittedAnomalies {
  /** n scores, the higher the stranger. */
  readonly scores: Float64Array
  /** Rows whose score is above it are anomalies. */
  readonly threshold: number
  /** n flags: 1 for an anomaly. */
  readonly outliers: Uint8Array
}

/** The two options as they were given. */
export interface Limit {
  readonly contamination: number | undefined
  readonly threshold: number | undefined
}

/** Checks the two options, and keeps them. */
export function checkThreshold(call: string, options: ThresholdOptions): Limit {
  const { contamination, threshold } = options
  if (contamination !== undefined && threshold !== undefined) {
    throw new InputError(
      'E_PARAM',
      'threshold',
      `${call}: threshold and contamination exclude each other, got ${threshold} and ${contamination}`,
    )
  }
  if (contamination !== undefined) checkNumber(call, 'contamination', contamination, Number.MIN_VALUE, 0.5)
  if (threshold !== undefined) checkNumber(call, 'threshold', threshold, 0, Number.MAX_VALUE)
  return { contamination, threshold }
}

/** The threshold that the options mean for these scores, and the rows above it. */
export function judged(scores: Float64Array, limit: Limit, otherwise: ThresholdOptions): FittedAnomalies {
  const given = limit.contamination !== undefined || limit.threshold !== undefined
  const { contamination, threshold } = given ? limit : otherwise
  const above = threshold ?? quantile(scores, 1 - (contamination ?? 0))
  return { scores, threshold: above, outliers: flagged(scores, above) }
}

/** 1 where a score is above the threshold: one equal to it is not. */
export function flagged(scores: Float64Array, threshold: number): Uint8Array {
  return Uint8Array.from(scores, (score) => (score > threshold ? 1 : 0))
}

/** A quantile by linear interpolation between the two nearest ranks, as numpy's default. */
export function quantile(values: Float64Array, share: number): number {
  const sorted = Float64Array.from(values).sort()
  const at = share * (sorted.length - 1)
  const below = sorted[Math.floor(at)]
  const above = sorted[Math.ceil(at)]
  // Two infinite neighbours have no difference.
  return below === above ? below : below + (above - below) * (at - Math.floor(at))
}
