import { InputError, KMeans } from 'nigh'
import { loadModel } from '../commands/predict.ts'
import type { PredictFlags } from '../commands/predict.ts'
import { sayRows } from '../commands/knn.ts'
import { places } from '../commands/shared.ts'
import { timeLine } from '../run.ts'
import type { Run } from '../run.ts'
import { grid } from '../show/grid.ts'
import { percent, whole } from '../show/numbers.ts'
import {
  answersOf,
  dropped,
  features,
  isRemote,
  openSource,
  quoted,
  sourceLines,
  tableFrom,
  watching,
} from './data.ts'
import { saveRows } from './rows.ts'
import { onSpark } from './session.ts'
import type { SparkFlags } from './session.ts'

/** `nigh predict MODEL DATA --spark sc://…` */
export async function predictOnSpark(
  modelName: string,
  name: string,
  flags: PredictFlags & SparkFlags,
  run: Run,
): Promise<void> {
  if (flags.columns !== undefined) {
    throw new InputError('E_PARAM', 'columns', '--columns is for models of this machine; leave out --spark')
  }
  const out = flags.out === undefined || isRemote(flags.out) ? undefined : places({ out: flags.out })
  const model = await run.time('load', 'loading the model', () => loadModel(modelName))
  if (!(model instanceof KMeans)) {
    throw new InputError(
      'E_KIND',
      'model',
      `${modelName} is a ${model.constructor.name} model; with --spark, nigh predict takes those of nigh kmeans (nigh knn --spark --predict answers rows by their neighbours)`,
    )
  }
  const { encoder } = model
  await onSpark(flags, run, async (spark) => {
    const source = await openSource(spark, name, flags, run)
    const frame =
      encoder === undefined ? source.frame : await spark.encode(encoder, source.frame, { column: features })
    const names = source.columns
      .map((column) => column.name)
      .filter((column) => column !== source.id && column !== source.added)
    const [cluster, distance] = answersOf(source, ['cluster', 'distance'], run)
    const labelled = spark.predict(model, frame, {
      columns: encoder === undefined ? names : [features],
      names: { cluster, distance },
    })
    if (flags.out !== undefined) await saveRows(labelled, source, flags.out, out, flags.formulas, run)
    const counts = await run.time('count', 'counting', async () =>
      (
        await labelled
          .sql(
            `select ${quoted(cluster)} as label, count(*) as n from input group by label order by n desc, label`,
          )
          .collect(watching(run))
      ).map(({ label, n }) => [Number(label), Number(n)] as const),
    )
    const answers = async (column: string): Promise<unknown[]> => {
      const id = source.added ?? source.id
      const order = source.columns.some((one) => one.name === id) ? ` order by ${quoted(id)}` : ''
      const rows = await labelled.sql(`select ${quoted(column)} from input${order}`).collect(watching(run))
      return rows.map((row) => row[column])
    }
    run.answer({
      command: 'predict',
      model: modelName,
      rows: source.rows,
      // Rows that the cluster reads may be too many for one line of JSON: --out keeps those.
      ...(source.input === null || !run.json
        ? { counts: Object.fromEntries(counts) }
        : { answers: { cluster: await answers(cluster), distance: await answers(distance) } }),
      warnings: (source.input?.warnings ?? []).map(({ code, message }) => ({ code, message })),
      seconds: run.seconds,
      timings: run.timings,
      spark: { version: spark.version },
    })
    if (run.json || run.quiet) return
    const total = counts.reduce((sum, [, n]) => sum + n, 0)
    run.say(
      ...sourceLines(source, spark),
      '',
      run.paint.bold('Rows by cluster'),
      ...grid(
        [
          { title: 'cluster', align: 'left' },
          { title: 'rows', align: 'right' },
          { title: 'share', align: 'right' },
        ],
        counts.slice(0, 20).map(([label, n]) => [String(label), whole(n), percent(n / total)]),
        run.width,
        run.paint,
      ),
      '',
    )
    if (flags.out === undefined) {
      sayRows(await tableFrom(labelled.sql('select * from input limit 10'), run, dropped(source)), 2, run)
    } else if (flags.out !== '-') run.say(`Rows with ${cluster}, ${distance}: ${flags.out}`)
    run.say(run.paint.dim(timeLine(run)))
  })
}
