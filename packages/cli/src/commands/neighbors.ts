import { InputError, KNNRegressor, NearestNeighbors, Table } from 'nigh'
import type { Encoder, Matrix, MetricName } from 'nigh'
import { differsIn, explainedJSON, explainer, sayExplained } from './explain.ts'
import type { Explained } from './explain.ts'
import { checkMetric, metricOptions } from './metric.ts'
import { readOptionsOf } from '../options.ts'
import { timeLine } from '../run.ts'
import type { Run } from '../run.ts'
import { neighborLines } from '../show/neighbors.ts'
import { plural } from '../show/numbers.ts'
import { replaceFile } from '../write/replace.ts'
import { checkEncoded, checkNeighbors, places, prepare, readingOf, textColumn } from './shared.ts'
import type { DataFlags } from './shared.ts'

export interface NeighborsFlags extends DataFlags {
  readonly query?: string | undefined
  readonly k: number
  readonly explain?: boolean | undefined
  readonly metric: MetricName
  readonly p?: number | undefined
  readonly sphereRadius?: number | undefined
}

/** `nigh neighbors DATA [--query FILE] --k N` */
export async function neighbors(name: string, flags: NeighborsFlags, run: Run): Promise<void> {
  const out = places(flags)
  checkMetric(flags)
  const input = await run.read(name, readingOf(flags, [], false))
  const { encoder, matrix, rows } = await run.time('encode', 'encoding', () => prepare(input, flags, []))
  run.notes(encoder)
  // A table where its encoder goes with the model, or where the distance is one of tables.
  const plain = flags.model === undefined && flags.metric !== 'gower'
  const model = await run.time('fit', 'building the index', () =>
    NearestNeighbors.fit(plain ? matrix : input.table, {
      ...metricOptions(flags),
      ...(plain ? {} : { encoder }),
      ...run.work,
    }),
  )
  const query =
    flags.query === undefined
      ? undefined
      : await run.read(flags.query, { ...readOptionsOf(flags), dispensable: 'all' })
  if (query !== undefined) checkEncoded(query.name, query.rows, encoder, flags)
  const asked = query === undefined ? undefined : encoder.encode(query.table, { extra: 'ignore' })
  const most = query === undefined ? matrix.rows - 1 : matrix.rows
  if (flags.k > most) {
    throw new InputError(
      'E_K',
      'k',
      `--k must be at most ${most}, the number of ${query === undefined ? 'other ' : ''}rows, got ${flags.k}`,
    )
  }
  // An index and a distance; as rows of a file, four numbers besides.
  checkNeighbors((asked?.matrix ?? matrix).rows, flags.k, out === undefined ? 12 : 44, flags)
  const found = await run.time('search', 'searching', () =>
    model.nearest(asked?.matrix, {
      k: flags.k,
      ...run.work,
      onProgress: ({ done, total }) => run.progress.step(done / total),
    }),
  )
  const queries = found.indices.length / found.k
  const rowOf = (i: number, kept: Uint32Array | null | undefined): number =>
    kept === null || kept === undefined ? i : kept[i]
  const explained =
    flags.explain === true
      ? await run.time('explain', 'explaining', () =>
          explain(rows === null ? input.table : input.table.take(rows), asked?.matrix, encoder, flags, run, {
            row: (i) => rowOf(i, asked === undefined ? rows : asked.rows),
            neighbor: (index) => rowOf(index, rows),
          }),
        )
      : undefined
  const long = (): Table => {
    const length = found.indices.length
    const row = new Float64Array(length)
    const rank = new Float64Array(length)
    const neighbor = new Float64Array(length)
    for (let at = 0; at < length; at++) {
      row[at] = rowOf(Math.floor(at / found.k), asked === undefined ? rows : asked.rows)
      rank[at] = (at % found.k) + 1
      neighbor[at] = rowOf(found.indices[at], rows)
    }
    return Table.of([
      { name: 'row', type: 'number', values: row },
      { name: 'rank', type: 'number', values: rank },
      { name: 'neighbor', type: 'number', values: neighbor },
      { name: 'distance', type: 'number', values: found.distances },
      ...(explained === undefined || explained[0].columns === null
        ? []
        : [
            textColumn(
              'differs_in',
              explained.flatMap(({ neighbors: near, columns }) =>
                near.map((_, at) => differsIn(columns ?? [], at)),
              ),
            ),
          ]),
    ])
  }
  if (out !== undefined) await run.time('write', 'writing', () => run.write(long(), out, flags.formulas))
  if (flags.model !== undefined) {
    await run.time('write', 'writing', () =>
      replaceFile(flags.model ?? '', (draft) => draft.write(model.toBytes())),
    )
  }
  const list = <T>(make: (at: number) => T): T[][] =>
    Array.from({ length: queries }, (_, i) =>
      Array.from({ length: found.k }, (_, j) => make(i * found.k + j)),
    )
  if (run.json) {
    run.answer({
      command: 'neighbors',
      rows: matrix.rows,
      columns: encoder.uses.filter(({ used }) => used).map((use) => use.name),
      features: encoder.features,
      scale: flags.scale,
      queries,
      k: found.k,
      metric: flags.metric,
      indices: list((at) => rowOf(found.indices[at], rows)),
      distances: list((at) => found.distances[at]),
      ...(explained === undefined ? {} : { explanations: explained.map(explainedJSON) }),
      warnings: input.warnings.map(({ code, message }) => ({ code, message })),
      seconds: run.seconds,
      timings: run.timings,
    })
    return
  }
  if (run.quiet) return
  run.sayInput(input, encoder)
  run.say(
    `${run.paint.bold('Nearest neighbours')}  k = ${found.k}, ${flags.metric} distance; ${plural(queries, 'query', 'queries')}${query === undefined ? ', each row among the others' : ''}`,
    '',
    ...neighborLines(
      {
        queries,
        k: found.k,
        query: (at) => String(rowOf(at, asked === undefined ? rows : asked.rows)),
        neighbor: (at) => String(rowOf(found.indices[at], rows)),
        distances: found.distances,
      },
      run,
    ),
    '',
    'Rows are numbered from 0.',
  )
  if (explained !== undefined) {
    run.say('')
    sayExplained(explained, run)
  }
  if (out !== undefined && flags.out !== '-') run.say(`All neighbours: ${flags.out}`)
  run.say(run.paint.dim(timeLine(run)))
}

/**
 * Each query's neighbours with what made them near: the library explains votes, so here the neighbours vote on nothing.
 */
async function explain(
  table: Table,
  queries: Matrix | undefined,
  encoder: Encoder,
  flags: NeighborsFlags,
  run: Run,
  rows: { readonly row: (query: number) => number; readonly neighbor: (index: number) => number },
): Promise<Explained[]> {
  const voting = await KNNRegressor.fit(table, new Float64Array(table.rows), {
    encoder,
    ...metricOptions(flags),
    k: flags.k,
    ...run.work,
  })
  const found = await explainer(run)(voting, queries, undefined)
  return found.map(({ neighbors: near, columns }, query) => ({
    row: rows.row(query),
    neighbors: near.map(({ index, distance, share }) => ({ row: rows.neighbor(index), distance, share })),
    columns: columns ?? null,
  }))
}
