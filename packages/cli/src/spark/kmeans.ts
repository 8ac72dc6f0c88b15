import type { Spark } from '@nigh/spark'
import { InputError } from 'nigh'
import type { Encoder, KMeans, Matrix } from 'nigh'
import { choiceJSON } from '../commands/choose-k.ts'
import { fitLine, kmeansAnswer } from '../commands/kmeans-fit.ts'
import type { KMeansFlags } from '../commands/kmeans-fit.ts'
import { distancesTo, places, WEIGHT } from '../commands/shared.ts'
import { saveReport, sayFiles, wantsReport } from '../report/save.ts'
import { timeLine } from '../run.ts'
import type { Run } from '../run.ts'
import { recommendation } from '../show/choice.ts'
import { plural } from '../show/numbers.ts'
import { profileLines, profileOf } from '../show/profile.ts'
import { replaceFile } from '../write/replace.ts'
import {
  answersOf,
  encoded,
  encoderFor,
  features,
  inputOf,
  isRemote,
  openSource,
  sampleOf,
  shownRows,
  sourceLines,
  tableFrom,
} from './data.ts'
import type { Source } from './data.ts'
import { chosenOn } from './choose-k.ts'
import { saveRows } from './rows.ts'
import { onSpark } from './session.ts'
import type { SparkFlags } from './session.ts'

/** `nigh kmeans DATA --k N --spark sc://…` */
export async function kmeansOnSpark(name: string, flags: KMeansFlags & SparkFlags, run: Run): Promise<void> {
  const out = flags.out === undefined || isRemote(flags.out) ? undefined : places({ out: flags.out })
  places({ model: flags.model })
  const drawn = wantsReport(flags)
  if (flags.chart === true) run.warn('--chart draws rows of this machine; with --spark, --report draws some')
  await onSpark(flags, run, async (spark) => {
    const aside = flags.weightsColumn === undefined ? [] : [flags.weightsColumn]
    const source = await openSource(spark, name, flags, run)
    if (flags.k !== 'auto' && flags.k > source.rows) {
      throw new InputError(
        'E_K',
        'k',
        `--k must be at most ${source.rows}, the number of rows, got ${flags.k}`,
      )
    }
    if (aside.length > 0 && flags.scale !== 'none') {
      run.warn('on a cluster, scales are learnt from the rows without their weights')
    }
    const encoder = await encoderFor(spark, source, flags, aside, run)
    run.notes(encoder)
    const chosen = flags.k === 'auto' ? await chosenOn(spark, source, encoder, flags, run) : undefined
    const k = flags.k === 'auto' ? (chosen?.k ?? 1) : flags.k
    const model = await run.time('fit', 'clustering', () =>
      spark.kmeans(source.frame, {
        encoder,
        k,
        init: flags.init,
        ...(spark.java ? { tolerance: flags.tolerance } : {}),
        seed: flags.seed,
        ...(flags.nInit === undefined ? {} : { nInit: flags.nInit }),
        ...(flags.maxIterations === undefined ? {} : { maxIterations: flags.maxIterations }),
        ...(flags.weightsColumn === undefined ? {} : { weightColumn: flags.weightsColumn }),
        signal: run.signal,
        onProgress: ({ phase, iteration, changed, cluster }) => {
          if (cluster !== null) return
          run.progress.step(
            undefined,
            phase === 'seed'
              ? `seeding, ${changed} of ${k}`
              : `iteration ${iteration}, ${plural(changed, 'row')} moved`,
          )
        },
      }),
    )
    run.warnings(model.warnings)
    if (flags.model !== undefined) {
      const place = flags.model
      await run.time('write', 'writing', () => replaceFile(place, (draft) => draft.write(model.toBytes())))
    }
    const [cluster, distance] =
      flags.out === undefined
        ? ['nigh_cluster', 'nigh_distance']
        : answersOf(source, ['cluster', 'distance'], run)
    const labelled = spark.predict(model, await encoded(spark, source, encoder), {
      columns: [features],
      names: { cluster, distance },
    })
    if (flags.out !== undefined) await saveRows(labelled, source, flags.out, out, flags.formulas, run)
    const shown =
      drawn || !(run.json || run.quiet)
        ? await run.time('sample', 'reading some rows', () =>
            someRows(labelled, cluster, source, encoder, model, run),
          )
        : null
    const profile =
      shown === null ? null : profileOf([shown.matrix], shown.weights, model.centroids, model.counts, encoder)
    if (drawn && shown !== null && profile !== null) {
      await run.time('report', 'drawing', async () => {
        const { clusterReport } = await import('../report/clusters.ts')
        if (shown.matrix.rows < source.rows)
          run.warn(`the pictures show ${plural(shown.matrix.rows, 'row')} of ${plural(source.rows, 'row')}`)
        const clustering = {
          input: inputOf(source, shown.table),
          table: shown.table,
          fileRows: null,
          matrix: shown.matrix,
          labels: shown.labels,
          distances: distancesTo(shown.matrix, model.centroids, shown.labels),
          encoder,
          rows: source.rows,
          method: 'K-Means',
          found: model,
          profile,
          chosen,
          notes: run.notesSaid,
          extra: new Map(aside.map((column) => [column, WEIGHT] as const)),
        }
        await saveReport(await clusterReport(clustering, run.invocation, run.signal), flags, run)
      })
    }
    run.answer({
      ...kmeansAnswer(model, encoder, flags, source.rows),
      ...(chosen === undefined ? {} : { chosen: choiceJSON(chosen) }),
      warnings: [...(source.input?.warnings ?? []), ...model.warnings].map(({ code, message }) => ({
        code,
        message,
      })),
      seconds: run.seconds,
      timings: run.timings,
      spark: { version: spark.version, engine: spark.java ? 'exact' : 'mllib' },
    })
    if (run.json || run.quiet || profile === null || shown === null) return
    run.say(...sourceLines(source, spark), '')
    if (chosen !== undefined) run.say(...recommendation(chosen, run.width, run.paint), '')
    run.say(
      fitLine(model, flags, run),
      '',
      ...profileLines(profile, run.width, run.paint),
      ...(shown.matrix.rows < source.rows
        ? [
            `  (what sets them apart: from ${plural(shown.matrix.rows, 'row')} of ${plural(source.rows, 'row')})`,
          ]
        : []),
      '',
    )
    sayFiles(flags, run)
    if (flags.out !== undefined && flags.out !== '-')
      run.say(`Rows with ${cluster} and ${distance}: ${flags.out}`)
    if (flags.model !== undefined) run.say(`Model: ${flags.model} (use: nigh predict ${flags.model} DATA)`)
    run.say(run.paint.dim(timeLine(run)))
  })
}

/** Some labelled rows here: as a table, as numbers, and their clusters. */
async function someRows(
  labelled: ReturnType<Spark['predict']>,
  cluster: string,
  source: Source,
  encoder: Encoder,
  model: KMeans,
  run: Run,
): Promise<{
  readonly table: ReturnType<typeof inputOf>['table']
  readonly matrix: Matrix
  /** How many rows each stands for. */
  readonly weights: Float64Array
  readonly labels: Uint32Array
}> {
  const all = await tableFrom(sampleOf(labelled, source.rows, shownRows), run, [features])
  const table = all.select(encoder.uses.map((use) => use.name))
  const { values } = all.column(cluster)
  const { matrix } = encoder.encode(all, { extra: 'ignore' })
  return {
    table,
    matrix,
    weights: new Float64Array(matrix.rows).fill(model.counts.reduce((sum, n) => sum + n, 0) / matrix.rows),
    labels: Uint32Array.from(values),
  }
}
