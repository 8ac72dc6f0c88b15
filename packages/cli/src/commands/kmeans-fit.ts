import type { Encoder, KMeans, KMeansOptions, LaterOptions, Matrix, MiniBatchKMeans } from 'nigh'
import type { ReportFlags } from '../report/save.ts'
import type { Run } from '../run.ts'
import { Forecast } from '../show/forecast.ts'
import { brief, duration, plural } from '../show/numbers.ts'
import { dateText } from '../write/cells.ts'
import type { DataFlags } from './shared.ts'

export interface KMeansFlags extends DataFlags, ReportFlags {
  readonly k: number | 'auto'
  readonly init: 'k-means++' | 'random'
  readonly nInit?: number | undefined
  readonly maxIterations?: number | undefined
  readonly tolerance: number
  readonly weightsColumn?: string | undefined
  readonly chart?: boolean | undefined
  readonly stream?: boolean | undefined
}

/** The options of the fit that the flags mean, with progress. `timing.seed` becomes the seconds that seeding took. */
export function kmeansOptions(
  flags: KMeansFlags,
  k: number,
  run: Run,
  timing: { seed: number; begun: number },
): KMeansOptions & LaterOptions {
  const forecast = new Forecast(flags.maxIterations)
  return {
    k,
    init: flags.init,
    tolerance: flags.tolerance,
    seed: flags.seed,
    ...run.work,
    ...(flags.nInit === undefined ? {} : { nInit: flags.nInit }),
    ...(flags.maxIterations === undefined ? {} : { maxIterations: flags.maxIterations }),
    onProgress: ({ start, iteration, phase, changed }: Step): void => {
      if (phase === 'seed')
        timing.seed = Math.max(timing.seed, start === 0 ? (performance.now() - timing.begun) / 1000 : 0)
      if (phase === 'assign') forecast.add(performance.now() / 1000, iteration, changed)
      const left = phase === 'seed' ? null : forecast.left
      const attempt = start === 0 ? '' : `start ${start + 1}, `
      run.progress.step(
        undefined,
        phase === 'seed'
          ? `${attempt}seeding, ${changed} of ${k}`
          : `${attempt}iteration ${iteration}, ${plural(changed, 'row')} moved` +
              (left === null ? '' : `, about ${duration(Math.max(1, Math.round(left)))} left`),
      )
    },
  }
}

/** What the fit found, for programs. */
export function kmeansAnswer(
  model: KMeans | MiniBatchKMeans,
  encoder: Encoder,
  flags: KMeansFlags,
  rows: number,
): Record<string, unknown> {
  return {
    command: 'kmeans',
    rows,
    columns: encoder.uses.filter(({ used }) => used).map((use) => use.name),
    features: encoder.features,
    scale: flags.scale,
    k: model.k,
    seed: flags.seed,
    iterations: model.iterations,
    converged: model.converged,
    inertia: model.inertia,
    counts: [...model.counts],
    centroids: centroidRows(encoder, model.centroids),
  }
}

/** "K-Means  k = 3, seed 0; converged after 7 iterations; inertia 139.8 (in scaled units)" */
export function fitLine(
  model: KMeans | MiniBatchKMeans,
  flags: KMeansFlags,
  run: Run,
  name = 'K-Means',
): string {
  const fate = model.converged ? 'converged after' : 'stopped, not converged, after'
  return (
    `${run.paint.bold(name)}  k = ${model.k}, seed ${flags.seed}; ${fate} ${plural(model.iterations, 'iteration')}; ` +
    `inertia ${brief(model.inertia)}${flags.scale === 'none' ? '' : ' (in scaled units)'}`
  )
}

interface Step {
  readonly start: number
  readonly iteration: number
  readonly phase: 'seed' | 'assign' | 'update'
  readonly changed: number
}

/** Centroids as rows in the data's own units; dates as ISO text. */
export function centroidRows(encoder: Encoder, centroids: Matrix): (number | string)[][] {
  const { columns } = encoder.decode(centroids)
  return Array.from({ length: centroids.rows }, (_, c) =>
    columns.map(({ type, values }) => (type === 'date' ? dateText(values[c], false) : values[c])),
  )
}
