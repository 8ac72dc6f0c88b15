import type { Spark } from '@nigh/spark'
import type { ChosenK, Encoder } from 'nigh'
import { choiceJSON } from '../commands/choose-k.ts'
import type { ChooseKFlags } from '../commands/choose-k.ts'
import { saveReport, sayFiles, wantsReport } from '../report/save.ts'
import { timeLine } from '../run.ts'
import type { Run } from '../run.ts'
import { choiceLines } from '../show/choice.ts'
import {
  encoded,
  encoderFor,
  features,
  inputOf,
  openSource,
  sampleOf,
  shownRows,
  sourceLines,
  tableFrom,
} from './data.ts'
import type { Source } from './data.ts'
import { onSpark } from './session.ts'
import type { SparkFlags } from './session.ts'

/** `nigh choose-k DATA --spark sc://…` */
export async function chooseKOnSpark(
  name: string,
  flags: ChooseKFlags & SparkFlags,
  run: Run,
): Promise<void> {
  const drawn = wantsReport(flags)
  await onSpark(flags, run, async (spark) => {
    const source = await openSource(spark, name, flags, run)
    const encoder = await encoderFor(spark, source, flags, [], run)
    run.notes(encoder)
    const chosen = await chosenOn(spark, source, encoder, flags, run)
    if (drawn) {
      const table = await run.time('sample', 'reading some rows', () =>
        tableFrom(
          sampleOf(source.frame, source.rows, shownRows),
          run,
          source.added === null ? [] : [source.added],
        ),
      )
      await run.time('report', 'drawing', async () => {
        const { choiceReport } = await import('../report/clusters.ts')
        const told = { input: inputOf(source, table), encoder, chosen, notes: run.notesSaid }
        await saveReport(await choiceReport(told, run.invocation), flags, run)
      })
    }
    run.answer({
      command: 'choose-k',
      rows: source.rows,
      columns: encoder.uses.filter(({ used }) => used).map((use) => use.name),
      features: encoder.features,
      scale: flags.scale,
      seed: flags.seed,
      ...choiceJSON(chosen),
      table: chosen.table,
      warnings: (source.input?.warnings ?? []).map(({ code, message }) => ({ code, message })),
      seconds: run.seconds,
      timings: run.timings,
      spark: { version: spark.version },
    })
    if (run.json || run.quiet) return
    run.say(...sourceLines(source, spark), '', ...choiceLines(chosen, run.width, run.paint), '')
    sayFiles(flags, run)
    run.say(run.paint.dim(timeLine(run)))
  })
}

/** Looks for the number of clusters, from some rows of the cluster. */
export async function chosenOn(
  spark: Spark,
  source: Source,
  encoder: Encoder,
  flags: { readonly from?: number | undefined; readonly to?: number | undefined; readonly seed: number },
  run: Run,
): Promise<ChosenK> {
  const frame = await encoded(spark, source, encoder)
  return run.time('choose', 'comparing numbers of clusters', () =>
    spark.chooseK(frame, {
      columns: [features],
      seed: flags.seed,
      fits: false,
      signal: run.signal,
      ...(flags.from === undefined ? {} : { from: flags.from }),
      ...(flags.to === undefined ? {} : { to: flags.to }),
    }),
  )
}
