import { InputError, Table } from 'nigh'
import type { NeighborsFlags } from '../commands/neighbors.ts'
import { places } from '../commands/shared.ts'
import { timeLine } from '../run.ts'
import type { Run } from '../run.ts'
import { neighborLines } from '../show/neighbors.ts'
import { percent, plural } from '../show/numbers.ts'
import { encoded, encoderFor, features, openSource, sourceLines, watching, withIdsOf } from './data.ts'
import { onSpark, refuseFlags } from './session.ts'
import type { SparkFlags } from './session.ts'

/** `nigh neighbors DATA [--query FILE] --k N --spark sc://…` */
export async function neighborsOnSpark(
  name: string,
  flags: NeighborsFlags & SparkFlags,
  run: Run,
): Promise<void> {
  refuseFlags({ model: flags.model }, { model: 'the model would hold all rows of the cluster' })
  onlyEuclidean(flags.metric)
  const out = places({ out: flags.out })
  await onSpark(flags, run, async (spark) => {
    const source = await openSource(spark, name, flags, run)
    const most = flags.query === undefined ? source.rows - 1 : source.rows
    if (flags.k > most) {
      throw new InputError(
        'E_K',
        'k',
        `--k must be at most ${most}, the number of ${flags.query === undefined ? 'other ' : ''}rows, got ${flags.k}`,
      )
    }
    const encoder = await encoderFor(spark, source, flags, [], run)
    run.notes(encoder)
    const rows = await encoded(spark, source, encoder)
    const query = flags.query === undefined ? undefined : await openSource(spark, flags.query, flags, run)
    const asked = query === undefined ? undefined : await encoded(spark, query, encoder)
    const queryIds = asked === undefined || query === undefined ? undefined : withIdsOf(asked, query, source)
    const found = await run.time('search', 'searching', () =>
      spark.nearest(queryIds, rows, { columns: [features], id: source.id, k: flags.k, ...watching(run) }),
    )
    const queries = found.queries.length
    if (out !== undefined) {
      await run.time('write', 'writing', () =>
        run.write(
          Table.of([
            {
              name: 'row',
              type: 'number',
              values: Float64Array.from(found.ids, (_, at) =>
                Number(found.queries[Math.floor(at / found.k)]),
              ),
            },
            {
              name: 'rank',
              type: 'number',
              values: Float64Array.from(found.ids, (_, at) => (at % found.k) + 1),
            },
            { name: 'neighbor', type: 'number', values: Float64Array.from(found.ids, Number) },
            { name: 'distance', type: 'number', values: found.distances },
          ]),
          out,
          flags.formulas,
        ),
      )
    }
    const pruned = 1 - found.pairs / (queries * source.rows)
    if (run.json) {
      const list = <T>(make: (at: number) => T): T[][] =>
        Array.from({ length: queries }, (_, i) =>
          Array.from({ length: found.k }, (_one, j) => make(i * found.k + j)),
        )
      run.answer({
        command: 'neighbors',
        rows: source.rows,
        columns: encoder.uses.filter(({ used }) => used).map((use) => use.name),
        features: encoder.features,
        scale: flags.scale,
        queries,
        k: found.k,
        metric: flags.metric,
        indices: list((at) => Number(found.ids[at])),
        distances: list((at) => found.distances[at]),
        warnings: (source.input?.warnings ?? []).map(({ code, message }) => ({ code, message })),
        seconds: run.seconds,
        timings: run.timings,
        spark: { version: spark.version, pairsPruned: pruned },
      })
      return
    }
    if (run.quiet) return
    run.say(
      ...sourceLines(source, spark),
      '',
      `${run.paint.bold('Nearest neighbours')}  k = ${found.k}, ${flags.metric} distance; ${plural(queries, 'query', 'queries')}${query === undefined ? ', each row among the others' : ''}; ${percent(pruned)} of the pairs were never looked at`,
      '',
      ...neighborLines(
        {
          queries,
          k: found.k,
          query: (at) => String(found.queries[at]),
          neighbor: (at) => String(found.ids[at]),
          distances: found.distances,
        },
        run,
      ),
      '',
      source.input === null || flags.id !== undefined
        ? `Rows are told apart by the column ${source.id}.`
        : 'Rows are numbered from 0.',
    )
    if (out !== undefined && flags.out !== '-') run.say(`All neighbours: ${flags.out}`)
    run.say(run.paint.dim(timeLine(run)))
  })
}

/** Searches on the cluster measure euclidean distances. */
export function onlyEuclidean(metric: string): void {
  if (metric === 'euclidean') return
  throw new InputError(
    'E_PARAM',
    'metric',
    `--metric ${metric} does not go with --spark: searches there are euclidean`,
  )
}
