import {
  BisectingKMeans,
  BoundedKMeans,
  GeoKMeans,
  InputError,
  KMeans1D,
  KMedians,
  KMedoids,
  KPrototypes,
  MiniBatchKMeans,
  SphericalKMeans,
} from 'nigh'
import type { Table } from 'nigh'
import type { Input } from '../read/read.ts'
import { saveReport, sayFiles, wantsReport } from '../report/save.ts'
import { timeLine } from '../run.ts'
import type { Run } from '../run.ts'
import { brief, plural } from '../show/numbers.ts'
import { profileLines } from '../show/profile.ts'
import { show } from '../show/text.ts'
import { replaceFile } from '../write/replace.ts'
import { clusterColumns, ownDistances, prototypeAnswers } from './family-answers.ts'
import type { FamilyModel, NumberFamily } from './family-answers.ts'
import { methodNames } from './family-methods.ts'
import type { FamilyFlags } from './family-methods.ts'
import { familyClustering, numberProfile } from './family-report.ts'
import { sayScatter } from './kmeans.ts'
import { centroidRows } from './kmeans-fit.ts'
import { kmeansStreamed, tooLarge } from './kmeans-streamed.ts'
import { metricOptions } from './metric.ts'
import { mixedUses, prototypeLines, prototypeRows } from './prototypes.ts'
import { places, prepare, readingOf, WEIGHT, weightsOf, withAnswers } from './shared.ts'
import type { Prepared } from './shared.ts'

/** `nigh kmeans DATA --k N --method METHOD` for the relatives of K-Means. */
export async function relatives(name: string, flags: FamilyFlags, run: Run): Promise<void> {
  const out = places(flags)
  const drawn = wantsReport(flags)
  const aside = flags.weightsColumn === undefined ? [] : [flags.weightsColumn]
  const streams = flags.method === 'minibatch'
  if (streams && flags.stream === true) return kmeansStreamed(name, flags, run, undefined)
  // Single numbers and prototypes are measured in units of their own.
  const plain = flags.method === '1d' || flags.method === 'prototypes'
  let input: Input
  let given: Float64Array | undefined
  let prepared: Prepared
  try {
    input = await run.read(name, readingOf(flags, aside, out !== undefined || drawn))
    given = weightsOf(input, flags.weightsColumn)
    const [read, weights] = [input, given]
    prepared = await run.time('encode', 'encoding', () =>
      prepare(read, plain ? { ...flags, scale: 'none' } : flags, aside, weights),
    )
  } catch (error) {
    const why = tooLarge(error)
    if (why === undefined || name === '-' || !streams) throw error
    return kmeansStreamed(name, flags, run, why)
  }
  const { encoder, matrix, rows } = prepared
  if (typeof flags.k === 'number' && flags.k > matrix.rows) {
    throw new InputError('E_K', 'k', `--k must be at most ${matrix.rows}, the number of rows, got ${flags.k}`)
  }
  if (!plain) run.notes(encoder)
  const table = rows === null ? input.table : input.table.take(rows)
  const weights = given === undefined || rows === null ? given : Float64Array.from(rows, (row) => given[row])
  const model = await run.time('fit', 'clustering', () => fit(table, prepared, weights, flags, run))
  run.warnings(model.warnings)
  if (flags.model !== undefined) {
    const file = flags.model
    await run.time('write', 'writing', () => replaceFile(file, (draft) => draft.write(model.toBytes())))
  }
  if (out !== undefined) {
    await run.time('write', 'writing', async () => {
      const { labels } = model
      const answers =
        model instanceof KPrototypes
          ? await prototypeAnswers(model, table, labels, rows, input.table.rows, run)
          : clusterColumns(
              'distance',
              labels,
              await ownDistances(model, matrix, labels, run),
              rows,
              input.table.rows,
            )
      return run.write(withAnswers(input.table, answers, run), out, flags.formulas)
    })
  }
  const extra =
    model instanceof KPrototypes
      ? mixedUses(encoder, flags.scale, flags.categorical)
      : new Map<string, string>()
  if (flags.weightsColumn !== undefined) extra.set(flags.weightsColumn, WEIGHT)
  if (drawn) {
    await run.time('report', 'drawing', async () => {
      const { clusterReport } = await import('../report/clusters.ts')
      const clustering = await familyClustering(model, input, prepared, weights, flags, run)
      await saveReport(await clusterReport({ ...clustering, extra }, run.invocation, run.signal), flags, run)
    })
  }
  run.answer({
    command: 'kmeans',
    method: flags.method,
    rows: matrix.rows,
    columns: encoder.uses.filter(({ used }) => used).map((use) => use.name),
    ...(plain ? {} : { features: encoder.features, scale: flags.scale }),
    k: model.k,
    seed: flags.seed,
    ...fateOf(model),
    inertia: model.inertia,
    counts: [...model.counts],
    ...centresOf(model, prepared),
    warnings: [...input.warnings, ...model.warnings].map(({ code, message }) => ({ code, message })),
    seconds: run.seconds,
    timings: run.timings,
  })
  if (run.json || run.quiet) return
  run.sayInput(input, encoder, extra)
  run.say(headLine(model, flags, run), '')
  if (model instanceof KPrototypes) run.say(...prototypeLines(model, run), '')
  else sayClusters(model, prepared, weights, flags, run)
  sayFiles(flags, run)
  if (flags.out !== undefined && flags.out !== '-') {
    run.say(`Rows with cluster and ${model instanceof KPrototypes ? 'cost' : 'distance'}: ${flags.out}`)
  }
  if (flags.model !== undefined) {
    const columns = model instanceof KMeans1D ? ` --columns ${encoder.features[0]}` : ''
    run.say(`Model: ${flags.model} (use: nigh predict ${flags.model} DATA${columns})`)
  }
  run.say(run.paint.dim(timeLine(run)))
}

/** Fits the method's model to rows without empty cells. */
async function fit(
  table: Table,
  { encoder, matrix }: Prepared,
  weights: Float64Array | undefined,
  flags: FamilyFlags,
  run: Run,
): Promise<FamilyModel> {
  const k = flags.k === 'auto' ? 1 : flags.k
  const pacing = {
    signal: run.signal,
    onProgress: ({ done, total }: { readonly done: number; readonly total: number }): void =>
      run.progress.step(done / total),
  }
  const weighted = weights === undefined ? {} : { sampleWeight: weights }
  const starts = {
    k,
    seed: flags.seed,
    ...pacing,
    ...(flags.nInit === undefined ? {} : { nInit: flags.nInit }),
    ...(flags.maxIterations === undefined ? {} : { maxIterations: flags.maxIterations }),
  }
  const options = { ...starts, init: flags.init, encoder }
  switch (flags.method) {
    case 'bisecting': {
      const strategy = flags.split === 'size' ? 'largest_cluster' : 'biggest_inertia'
      return BisectingKMeans.fit(table, { ...starts, ...weighted, encoder, strategy })
    }
    case 'spherical':
      return SphericalKMeans.fit(table, { ...options, ...weighted })
    case 'minibatch':
      return MiniBatchKMeans.fit(table, {
        ...options,
        ...weighted,
        ...(flags.batchSize === undefined ? {} : { batchSize: flags.batchSize }),
      })
    case 'medians':
      return KMedians.fit(table, { ...options, ...weighted })
    case 'medoids':
      return KMedoids.fit(table, { ...options, ...weighted, ...metricOptions(flags) })
    case 'bounded':
      return BoundedKMeans.fit(table, {
        ...options,
        ...(flags.minSize === undefined ? {} : { minSize: flags.minSize }),
        ...(flags.maxSize === undefined ? {} : { maxSize: flags.maxSize }),
      })
    case 'geo':
      return GeoKMeans.fit(table, {
        ...options,
        ...weighted,
        ...(flags.sphereRadius === undefined ? {} : { sphereRadius: flags.sphereRadius }),
      })
    case '1d': {
      const used = encoder.uses.filter((use) => use.used)
      if (used.length !== 1 || used[0].type !== 'number') {
        const got = used.slice(0, 5).map((use) => show(use.name))
        throw new InputError(
          'E_FEATURES',
          'columns',
          `--method 1d takes one column of numbers: name it with --columns, got ${got.join(', ')}${used.length > 5 ? ', …' : ''}`,
        )
      }
      return KMeans1D.fit(matrix, { k, ...weighted, ...pacing })
    }
    default: {
      const used = encoder.uses.filter((use) => use.used).map((use) => use.name)
      return KPrototypes.fit(table.select(used), {
        ...starts,
        ...weighted,
        init: flags.init,
        scale: flags.scale === 'none' ? 'none' : 'standard',
        ...(flags.categorical === undefined ? {} : { categorical: flags.categorical }),
        ...(flags.gamma === undefined ? {} : { gamma: flags.gamma }),
      })
    }
  }
}

/** How the fit ended, where it goes step by step. */
function fateOf(
  model: FamilyModel,
): { readonly iterations: number; readonly converged: boolean } | Record<string, never> {
  if (model instanceof BisectingKMeans || model instanceof KMeans1D) return {}
  return { iterations: model.iterations, converged: model.converged }
}

/** The centres, for programs, and what else a method knows of them. */
function centresOf(model: FamilyModel, { encoder, rows }: Prepared): Record<string, unknown> {
  if (model instanceof KPrototypes) {
    return { gamma: model.gamma, centroids: prototypeRows(model) }
  }
  // Directions have length 1: they are no rows of the data's units.
  if (model instanceof SphericalKMeans) return { directions: model.centroids.toArrays() }
  const centroids = centroidRows(encoder, model.centroids)
  if (model instanceof KMedoids) {
    return { centroids, medoids: Array.from(model.medoids, (row) => (rows === null ? row : rows[row])) }
  }
  return model instanceof KMeans1D ? { centroids, breaks: [...model.breaks] } : { centroids }
}

/** "K-Medians  k = 3, seed 0; converged after 7 iterations; inertia 139.8 (in scaled units)" */
function headLine(model: FamilyModel, flags: FamilyFlags, run: Run): string {
  const fate = fateOf(model)
  const scaled = flags.scale !== 'none' && flags.method !== '1d' && flags.method !== 'spherical'
  return [
    `${run.paint.bold(methodNames[flags.method])}  k = ${model.k}${model instanceof KMeans1D ? '' : `, seed ${flags.seed}`}`,
    ...('iterations' in fate
      ? [
          `${fate.converged === true ? 'converged after' : 'stopped, not converged, after'} ${plural(Number(fate.iterations), 'iteration')}`,
        ]
      : []),
    `inertia ${brief(model.inertia)}${scaled ? ' (in scaled units)' : ''}`,
  ].join('; ')
}

function sayClusters(
  model: NumberFamily,
  { encoder, matrix, rows }: Prepared,
  weights: Float64Array | undefined,
  flags: FamilyFlags,
  run: Run,
): void {
  const shown = numberProfile(model, matrix, weights, encoder)
  run.say(...profileLines(shown, run.width, run.paint), '')
  if (model instanceof KMedoids) {
    const own = Array.from(model.medoids, (row) => (rows === null ? row : rows[row]))
    run.say(
      `The rows that lead, numbered from 0: ${own.slice(0, 20).join(', ')}${own.length > 20 ? ', …' : ''}`,
      '',
    )
  }
  if (model instanceof KMeans1D && model.k > 1) {
    run.say(`Clusters end at: ${Array.from(model.breaks, brief).join(', ')}`, '')
  }
  if (flags.chart ?? (run.terminal && run.width >= 100)) sayScatter(matrix, model.labels, run)
}
