import { InputError, Matrix } from 'nigh'
import { checkAnomalyFlags, methodInWords, neighborsOf, rankedLines } from '../commands/anomalies.ts'
import type { AnomalyFlags, Ranked } from '../commands/anomalies.ts'
import { explainStrange, homesNear } from '../commands/reasons.ts'
import { places } from '../commands/shared.ts'
import { timeLine } from '../run.ts'
import type { Run } from '../run.ts'
import { brief, percent, plural, whole } from '../show/numbers.ts'
import {
  answersOf,
  encoded,
  encoderFor,
  features,
  isRemote,
  openSource,
  quoted,
  sourceLines,
  tableFrom,
  watching,
} from './data.ts'
import { saveRows } from './rows.ts'
import { onSpark, refuseFlags } from './session.ts'
import type { SparkFlags } from './session.ts'

/** `nigh anomalies DATA --method centroid --spark sc://…` */
export async function anomaliesOnSpark(
  name: string,
  flags: AnomalyFlags & SparkFlags,
  run: Run,
): Promise<void> {
  checkAnomalyFlags(flags)
  if (flags.method !== 'centroid') {
    throw new InputError(
      'E_PARAM',
      'method',
      `--method ${flags.method} does not go with --spark: rows there are scored by --method centroid, their distance to the nearest centre`,
    )
  }
  const here = 'it needs the scores of all rows on one machine; --out has them'
  refuseFlags(
    { model: flags.model, label: flags.label, report: flags.report, plot: flags.plot },
    {
      model: 'nigh kmeans --spark saves the clusters',
      label: 'compare the column with those of --out',
      report: here,
      plot: here,
    },
  )
  const out = flags.out === undefined || isRemote(flags.out) ? undefined : places({ out: flags.out })
  await onSpark(flags, run, async (spark) => {
    const source = await openSource(spark, name, flags, run)
    if (!source.columns.some((column) => column.name === source.id)) {
      throw new InputError(
        'E_PARAM',
        'id',
        `--id must name a column that tells the rows of ${source.name} apart: there is no column ${source.id}`,
      )
    }
    const k = neighborsOf(flags, source.rows)
    const encoder = await encoderFor(spark, source, flags, [], run)
    run.notes(encoder)
    const frame = await encoded(spark, source, encoder)
    const [score, anomaly] = answersOf(source, ['score', 'anomaly'], run)
    // Not among the answers of this command.
    const [cluster, distance] = ['nigh_cluster', 'nigh_distance']
    const { model, found } = await run.time('fit', 'scoring', async () => {
      const clusters = await spark.kmeans(frame, {
        columns: [features],
        k,
        seed: flags.seed,
        signal: run.signal,
      })
      const scored = await spark.anomalies(clusters, frame, {
        columns: [features],
        names: { cluster, distance, score, anomaly },
        ...(flags.contamination === undefined ? {} : { contamination: flags.contamination }),
        ...(flags.threshold === undefined ? {} : { threshold: flags.threshold }),
        ...watching(run),
      })
      return { model: clusters, found: scored }
    })
    run.warnings(model.warnings)
    const [sum] = await run.time('count', 'counting', () =>
      found.rows.sql(`select count_if(${quoted(anomaly)}) as n from input`).collect(watching(run)),
    )
    const flagged = Number(sum.n)
    const strangest = await run.time('explain', 'looking for reasons', () =>
      tableFrom(
        found.rows.sql(
          `select * from input order by ${quoted(score)} desc, ${quoted(source.id)} limit ${flags.top}`,
        ),
        run,
        [features],
      ),
    )
    const own = encoder.encode(strangest, { extra: 'ignore' }).matrix
    const usual = homesNear(
      own,
      Matrix.of(Float64Array.from(model.centroids.values), own.columns),
      found.spreads,
    )
    const reasons = explainStrange(encoder, own, usual, 'centre')
    const ranked = reasons.map((why, at): Ranked => {
      const cell = (column: string): number => Number(strangest.column(column).values[at])
      return {
        row: cell(source.id),
        score: cell(score),
        anomaly: cell(score) > found.threshold,
        known: null,
        reasons: why,
      }
    })
    if (flags.out !== undefined) {
      const scored = found.rows.sql(`select * except (${quoted(cluster)}, ${quoted(distance)}) from input`)
      await saveRows(scored, source, flags.out, out, flags.formulas, run)
    }
    run.answer({
      command: 'anomalies',
      method: flags.method,
      rows: source.rows,
      columns: encoder.uses.filter(({ used }) => used).map((use) => use.name),
      features: encoder.features,
      scale: flags.scale,
      k,
      seed: flags.seed,
      threshold: found.threshold,
      anomalies: flagged,
      ranked,
      warnings: (source.input?.warnings ?? []).map(({ code, message }) => ({ code, message })),
      seconds: run.seconds,
      timings: run.timings,
      spark: { version: spark.version },
    })
    if (run.json || run.quiet) return
    run.say(
      ...sourceLines(source, spark),
      '',
      `${run.paint.bold('Anomalies')}  ${methodInWords(flags, k)}; ${plural(flagged, 'row')} of ${whole(source.rows)} (${percent(flagged / source.rows)}) above the threshold of ${brief(found.threshold)}`,
      '',
      ...rankedLines(ranked, false, run),
      '',
      source.input === null || flags.id !== undefined
        ? `Rows are told apart by the column ${source.id}.`
        : 'Rows are numbered from 0.',
    )
    if (flags.out !== undefined && flags.out !== '-')
      run.say(`Rows with ${score} and ${anomaly}: ${flags.out}`)
    run.say(run.paint.dim(timeLine(run)))
  })
}
