import { InputError } from 'nigh'
import type { MetricName, MetricOptions } from 'nigh'

/** Options that say how distance is measured. */
export interface MetricFlags {
  readonly metric: MetricName
  readonly p?: number | undefined
  readonly sphereRadius?: number | undefined
  readonly scale: string
}

/** Refuses options that do not go with the metric. */
export function checkMetric({ metric, p, sphereRadius, scale }: MetricFlags): void {
  const refuse = (param: string, message: string): InputError => new InputError('E_PARAM', param, message)
  if (p !== undefined && metric !== 'minkowski')
    throw refuse('p', `--p goes with --metric minkowski only, got ${metric}`)
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

/** The library's options that the flags mean. */
export function metricOptions({ metric, p, sphereRadius }: MetricFlags): MetricOptions {
  return {
    metric,
    ...(p === undefined ? {} : { p }),
    ...(sphereRadius === undefined ? {} : { sphereRadius }),
  }
}
