import { InputError } from 'nigh'
import type { MetricName, MetricOptions } from 'nigh'

/** Options that say how distance is measured. */
export interface MetricFlags {
  readonly metric: MetricName
  readonly p?: number | undefined
  readonly sphereRadius?: number | undefined
  readonly scale: string
  readonly missing: string
}

/** Refuses options that do not go with the metric. */
export function checkMetric({ metric, p, sphereRadius, scale, missing }: MetricFlags): void {
  checkMissing({ missing, metric })
  const refuse = (param: string, message: string): InputError => new InputError('E_PARAM', param, message)
  if (p !== undefined && metric !== 'minkowski')
    throw refuse('p', `--p goes with --metric minkowski only, got ${metric}`)
  if (metric === 'gower' && scale !== 'minmax') {
    throw refuse(
      'scale',
      '--metric gower divides differences by the range of their column; set --scale minmax',
    )
  }
  if (metric !== 'haversine') {
    if (sphereRadius === undefined) return
    throw refuse('sphere-radius', `--sphere-radius goes with --metric haversine only, got ${metric}`)
  }
  if (scale !== 'none') {
    throw refuse(
      'scale',
      '--metric haversine takes latitude and longitude in degrees, as they are; set --scale none',
    )
  }
}

/** Refuses to pass over empty cells where the distance cannot. */
export function checkMissing({
  missing,
  metric,
}: {
  readonly missing: string
  readonly metric?: string | undefined
}): void {
  if (missing !== 'mark' || metric === 'gower') return
  throw new InputError(
    'E_PARAM',
    'missing',
    '--missing mark goes with --metric gower (of nigh knn and neighbors), which passes over empty cells; set --missing drop or impute',
  )
}

/** The library's options that the flags mean. */
export function metricOptions({ metric, p, sphereRadius }: MetricFlags): MetricOptions {
  return {
    metric,
    ...(p === undefined ? {} : { p }),
    ...(sphereRadius === undefined ? {} : { sphereRadius }),
  }
}
