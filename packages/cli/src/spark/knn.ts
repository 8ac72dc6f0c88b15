import type { Column, Table } from 'nigh'
import type { KNNFlags } from '../commands/knn.ts'
import { drawTrial, knnAnswer, sayRows } from '../commands/knn.ts'
import { places, textColumn, withAnswers } from '../commands/shared.ts'
import { sayFiles, wantsReport } from '../report/save.ts'
import { timeLine } from '../run.ts'
import type { Run } from '../run.ts'
import { brief, percent, plural } from '../show/numbers.ts'
import { show } from '../show/text.ts'
import {
  encoded,
  encoderFor,
  features,
  inputOf,
  openSource,
  quoted,
  sampleOf,
  shownRows,
  sourceLines,
  tableFrom,
  watching,
  withIdsOf,
} from './data.ts'
import type { Source } from './data.ts'
import { onlyEuclidean } from './neighbors.ts'
import { onSpark, refuseFlags } from './session.ts'
import type { SparkFlags } from './session.ts'

/** `nigh knn DATA --target COLUMN --spark sc://…` */
export async function knnOnSpark(name: string, flags: KNNFlags & SparkFlags, run: Run): Promise<void> {
  refuseFlags(
    { cv: flags.cv, model: flags.model },
    {
      cv: 'every row would be asked of all others; --holdout tries a share of them',
      model: 'the model would hold all rows of the cluster; --predict answers rows there',
    },
  )
  const drawn = wantsReport(flags)
  onlyEuclidean(flags.metric)
  const out = places({ out: flags.out })
  await onSpark(flags, run, async (spark) => {
    const source = await openSource(spark, name, flags, run)
    const encoder = await encoderFor(spark, source, flags, [flags.target], run)
    run.notes(encoder)
    const rows = await encoded(spark, source, encoder)
    const type = source.columns.find((column) => column.name === flags.target)?.type ?? ''
    const task =
      flags.task ??
      (/^(tinyint|smallint|int|bigint|float|double|decimal)$/.test(type) ? 'regress' : 'classify')
    const options = {
      columns: [features],
      target: flags.target,
      k: flags.k,
      weights: flags.weights,
      id: source.id,
      ...watching(run),
    }
    const evaluation = await run.time('evaluate', 'evaluating', () =>
      spark.evaluate(rows, { ...options, task, holdout: flags.holdout ?? 0.25, seed: flags.seed }),
    )
    const predicted = await answered(spark, source, rows, encoder, options, task, flags, run)
    if (predicted !== null) {
      if (out !== undefined)
        await run.time('write', 'writing', () => run.write(predicted, out, flags.formulas))
      else if (!run.json) sayRows(predicted, 2, run)
    }
    if (drawn) {
      const some = await run.time('sample', 'reading some rows', () =>
        tableFrom(
          sampleOf(source.frame, source.rows, shownRows),
          run,
          source.added === null ? [] : [source.added],
        ),
      )
      if (some.rows < source.rows)
        run.warn(
          `the report is of ${plural(some.rows, 'row')} of ${plural(source.rows, 'row')}, tried on this machine`,
        )
      await drawTrial({ ...inputOf(source, some), rows: some.rows }, flags, run)
    }
    const method = `tried on ${plural(evaluation.rows, 'row')} held out`
    run.answer({
      ...knnAnswer(task, source.rows, encoder, flags),
      evaluation: { ...evaluation, share: flags.holdout ?? 0.25, tested: evaluation.rows },
      warnings: (source.input?.warnings ?? []).map(({ code, message }) => ({ code, message })),
      seconds: run.seconds,
      timings: run.timings,
      spark: { version: spark.version },
    })
    if (run.json || run.quiet) return
    const scores =
      evaluation.task === 'classify'
        ? [`  accuracy ${percent(evaluation.accuracy)}, macro F1 ${evaluation.macroF1.toFixed(3)}`]
        : [`  mean absolute error ${brief(evaluation.mae)}, R² ${evaluation.r2.toFixed(3)}`]
    run.say(
      ...sourceLines(source, spark),
      `Target ${show(flags.target)}`,
      '',
      `${run.paint.bold(task === 'classify' ? 'KNN classification' : 'KNN regression')}  k = ${flags.k}, ${flags.weights} weights, euclidean distance; ${method}`,
      '',
      ...scores,
      '',
    )
    sayFiles(flags, run)
    if (out !== undefined && flags.out !== '-') run.say(`Rows with prediction: ${flags.out}`)
    run.say(run.paint.dim(timeLine(run)))
  })
}

/** The rows of --predict with their answers. */
async function answered(
  spark: Parameters<Parameters<typeof onSpark>[2]>[0],
  source: Source,
  rows: Source['frame'],
  encoder: Awaited<ReturnType<typeof encoderFor>>,
  options: {
    readonly columns: readonly string[]
    readonly target: string
    readonly k: number
    readonly weights: 'uniform' | 'distance'
    readonly id: string
  },
  task: 'classify' | 'regress',
  flags: KNNFlags & SparkFlags,
  run: Run,
): Promise<Table | null> {
  if (flags.predict === undefined) return null
  const fresh = await openSource(spark, flags.predict, flags, run)
  const asked = await encoded(spark, fresh, encoder)
  // The rows of a file are answered in its order, whatever their ids are.
  const id = fresh.added ?? fresh.id
  const named = withIdsOf(asked, { ...fresh, id }, source)
  const { predictions, neighbors } = await run.time('predict', 'predicting', async () =>
    task === 'classify' ? spark.classify(named, rows, options) : spark.regress(named, rows, options),
  )
  const table = await tableFrom(asked.sql(`select * from input order by ${quoted(id)}`), run, [
    features,
    ...(fresh.added === null ? [] : [fresh.added]),
  ])
  const lists = Array.from(predictions, (_, i) =>
    Array.from(neighbors.ids.subarray(i * neighbors.k, (i + 1) * neighbors.k), String).join(' '),
  )
  const answers: Column[] = [
    task === 'regress'
      ? { name: 'prediction', type: 'number', values: Float64Array.from(predictions, Number) }
      : textColumn('prediction', predictions.map(String)),
    textColumn('neighbors', lists),
  ]
  return withAnswers(table, answers, run)
}
