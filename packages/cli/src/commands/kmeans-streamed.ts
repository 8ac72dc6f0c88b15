import { totalmem } from 'node:os'
import { Encoder, InputError, KMeans, MiniBatchKMeans } from 'nigh'
import type { Matrix, MiniBatchKMeansOptions, Table } from 'nigh'
import { inBytes } from '../read/limits.ts'
import { contentsOf, withSource } from '../read/read.ts'
import type { Format, ReadOptions, ReadWarning } from '../read/options.ts'
import { sampled } from '../report/sample.ts'
import { saveReport, sayFiles, wantsReport } from '../report/save.ts'
import { missingCellsError, sayFile, timeLine } from '../run.ts'
import type { Run } from '../run.ts'
import { recommendation } from '../show/choice.ts'
import { whole } from '../show/numbers.ts'
import { profileLines, profileOf } from '../show/profile.ts'
import { visible } from '../show/text.ts'
import { streamArrow } from '../stream/arrow.ts'
import { SpooledRows } from '../stream/rows.ts'
import { checkDisk, SpooledColumns, SpooledTable } from '../stream/spool.ts'
import type { SpooledColumn } from '../stream/spool.ts'
import type { RowBlocks, Shape } from '../write/blocks.ts'
import { replaceFile } from '../write/replace.ts'
import { choiceJSON, choose } from './choose-k.ts'
import { methodNames } from './family-methods.ts'
import type { Method } from './family-methods.ts'
import { fitLine, kmeansAnswer, kmeansOptions } from './kmeans-fit.ts'
import type { KMeansFlags } from './kmeans-fit.ts'
import {
  checkNamed,
  distancesTo,
  encoderOptions,
  namedAnswers,
  places,
  readingOf,
  WEIGHT,
  weightsOf,
} from './shared.ts'

/** Options of a streamed run: of K-Means, or of small samples of the rows. */
export interface StreamedFlags extends KMeansFlags {
  readonly method: Method
  readonly batchSize?: number | undefined
}

/** What a file holds, on the disk. */
interface Spooled {
  readonly name: string
  readonly format: Format
  readonly size: number
  readonly rows: number
  readonly table: SpooledTable
  readonly names: readonly string[]
  readonly warnings: readonly ReadWarning[]
}

/**
 * `nigh kmeans` for files larger than memory: the file is decoded once into temporary files, whose rows are read anew
 * for each pass. The model and the answers of K-Means are those of a fit in memory, to the last bit; small samples are
 * drawn by row number here, so that those of `--method minibatch` are its own.
 *
 * @param why said to the person, unless they asked for it
 */
export async function kmeansStreamed(
  name: string,
  flags: StreamedFlags,
  run: Run,
  why: string | undefined,
): Promise<void> {
  const out = places(flags)
  const drawn = wantsReport(flags)
  if (why !== undefined) run.warn(`${why}; it is streamed through temporary files instead`)
  const aside = flags.weightsColumn === undefined ? [] : [flags.weightsColumn]
  const columns = new SpooledColumns(name === '-' ? 'standard input' : name)
  let matrix: SpooledRows | null = null
  try {
    const spooled = await run.time('read', `reading ${visible(name)}`, () =>
      spool(name, columns, {
        ...readingOf(flags, aside, out !== undefined),
        signal: run.signal,
        onProgress: (share) => run.progress.step(share),
      }),
    )
    run.warnings(spooled.warnings)
    const { table } = spooled
    checkNamed(spooled, flags, aside)
    checkMemory(name, table.rows)
    const weights = flags.weightsColumn === undefined ? undefined : weightsOf(spooled, flags.weightsColumn)
    const encoder = await run.time('encode', 'learning to encode', () =>
      fitEncoder(name, table, flags, aside, weights),
    )
    const rows = await run.time('encode', 'encoding', () => encodeAll(name, table, encoder, run))
    matrix = rows.matrix
    const some = drawn ? someRows(table, rows.matrix, rows.kept) : null
    if (out === undefined) columns.close()
    if (flags.k !== 'auto' && flags.k > matrix.rowCount) {
      throw new InputError(
        'E_K',
        'k',
        `--k must be at most ${matrix.rowCount}, the number of rows, got ${flags.k}`,
      )
    }
    run.notes(encoder)
    const chosen = flags.k === 'auto' ? await choose(sampleOf(matrix, run), flags, run) : undefined
    const extra: ReadonlyMap<string, string> =
      flags.weightsColumn === undefined ? new Map() : new Map([[flags.weightsColumn, WEIGHT]])
    const k = flags.k === 'auto' ? (chosen?.k ?? 1) : flags.k
    const kept = rows.kept
    const counted =
      weights === undefined || kept === null ? weights : Float64Array.from(kept, (row) => weights[row])
    const weighted = counted === undefined ? {} : { sampleWeight: counted }
    const timing = { seed: 0, begun: performance.now() }
    const points = matrix
    const model = await run.time<KMeans | MiniBatchKMeans>('fit', 'clustering', () =>
      flags.method === 'minibatch'
        ? MiniBatchKMeans.fit(points, { ...batchOptions(flags, k, run), encoder, ...weighted })
        : KMeans.fit(points, { ...kmeansOptions(flags, k, run, timing), encoder, ...weighted }),
    )
    run.warnings(model.warnings)
    if (flags.model !== undefined) {
      const file = flags.model
      await run.time('write', 'writing', () => replaceFile(file, (draft) => draft.write(model.toBytes())))
    }
    if (out !== undefined) {
      await run.time('write', 'writing', () =>
        run.write(answered(table, points, model, kept, run), out, flags.formulas),
      )
    }
    const profile = (): ReturnType<typeof profileOf> =>
      profileOf(points.blocks(), counted, model.centroids, model.counts, encoder)
    if (some !== null) {
      await run.time('report', 'drawing', async () => {
        const { clusterReport } = await import('../report/clusters.ts')
        const labels = Uint32Array.from(some.numbers, (row) => model.labels[row])
        const clustering = {
          input: { ...spooled, table: some.table },
          table: some.table,
          fileRows: some.fileRows,
          matrix: some.matrix,
          labels,
          distances: distancesTo(some.matrix, model.centroids, labels),
          encoder,
          rows: points.rowCount,
          method: methodNames[flags.method],
          found: model,
          profile: profile(),
          chosen,
          notes: run.notesSaid,
          extra,
        }
        await saveReport(await clusterReport(clustering, run.invocation, run.signal), flags, run)
      })
    }
    run.answer({
      ...kmeansAnswer(model, encoder, flags, points.rowCount),
      ...(flags.method === 'kmeans' ? {} : { method: flags.method }),
      ...(chosen === undefined ? {} : { chosen: choiceJSON(chosen) }),
      streamed: true,
      warnings: [...spooled.warnings, ...model.warnings].map(({ code, message }) => ({ code, message })),
      seconds: run.seconds,
      timings: { ...run.timings, seed: Math.round(timing.seed * 1000) / 1000 },
    })
    if (run.json || run.quiet) return
    run.sayColumns(sayFile(spooled, table.columns.length), table.names, encoder, extra)
    if (chosen !== undefined) run.say(...recommendation(chosen, run.width, run.paint), '')
    run.say(
      fitLine(model, flags, run, methodNames[flags.method]),
      '',
      ...profileLines(profile(), run.width, run.paint),
      '',
    )
    sayFiles(flags, run)
    if (flags.out !== undefined && flags.out !== '-') run.say(`Rows with cluster and distance: ${flags.out}`)
    if (flags.model !== undefined) run.say(`Model: ${flags.model} (use: nigh predict ${flags.model} DATA)`)
    run.say(
      run.paint.dim(`${timeLine(run)}; at most ${inBytes(process.resourceUsage().maxRSS * 1024)} of memory`),
    )
  } finally {
    columns.close()
    matrix?.close()
  }
}

/** The options of a fit by small samples that the flags mean. */
function batchOptions(flags: StreamedFlags, k: number, run: Run): MiniBatchKMeansOptions {
  return {
    k,
    init: flags.init,
    seed: flags.seed,
    signal: run.signal,
    onProgress: ({ done, total }) => run.progress.step(done / total),
    ...(flags.nInit === undefined ? {} : { nInit: flags.nInit }),
    ...(flags.maxIterations === undefined ? {} : { maxIterations: flags.maxIterations }),
    ...(flags.batchSize === undefined ? {} : { batchSize: flags.batchSize }),
  }
}

/** The rows that k is chosen on: all of them, or one from each of so many equal stretches. */
function sampleOf(matrix: SpooledRows, run: Run): Matrix {
  const most = Math.min(100_000, Math.floor(3e8 / (matrix.columns * 8)))
  if (matrix.rowCount <= most) return matrix.slice(0, matrix.rowCount)
  run.warn(`k is chosen on ${whole(most)} of the ${whole(matrix.rowCount)} rows, since they are streamed`)
  return matrix.rows(sampled(matrix.rowCount, most))
}

/** Rows that pictures are drawn from, kept while the table is still on the disk. */
function someRows(
  table: SpooledTable,
  matrix: SpooledRows,
  kept: Uint32Array | null,
): {
  /** Which of the clustered rows, and which of the file's. */
  readonly numbers: Uint32Array
  readonly fileRows: Uint32Array
  readonly table: Table
  readonly matrix: Matrix
} {
  const wide = Math.max(matrix.columns, table.columns.length) * 8
  const numbers = sampled(matrix.rowCount, Math.max(100, Math.min(20_000, Math.floor(1e8 / wide))))
  const fileRows = kept === null ? numbers : numbers.map((row) => kept[row])
  return { numbers, fileRows, table: table.take(fileRows), matrix: matrix.rows(numbers) }
}

/** Decodes a file to the disk. */
async function spool(name: string, store: SpooledColumns, options: ReadOptions): Promise<Spooled> {
  return withSource(name, options, async ({ source, format, size }) => {
    if (format !== 'csv' && format !== 'tsv' && format !== 'parquet' && format !== 'arrow') {
      throw new InputError(
        'E_MEMORY',
        'file',
        `${source.name}: only CSV, TSV, Parquet and Arrow files are streamed; convert this ${format} file to Parquet, or raise --max-memory`,
      )
    }
    // Cells take about as much as their text in CSV; in Parquet they may be packed several times over.
    checkDisk(name, size * (format === 'parquet' || format === 'arrow' ? 1.5 : 2))
    const { warnings, names } =
      format === 'arrow'
        ? await streamArrow(source, store, options)
        : await contentsOf(source, format, { ...options, store, maxBytes: Number.POSITIVE_INFINITY })
    if (store.columns.length === 0)
      throw new InputError('E_EMPTY', 'columns', `${name}: no column is left to read`)
    const table = new SpooledTable(store.columns)
    return { name, format, size, rows: table.rows, table, names: names ?? table.names, warnings }
  })
}

/** What stays in memory for each row must fit. */
function checkMemory(name: string, rows: number): void {
  // Seeding and bounds 17 bytes, a column and its numbers 16, and what comes and goes.
  const needed = rows * 36
  const memory =
    process.constrainedMemory() > 0 ? Math.min(totalmem(), process.constrainedMemory()) : totalmem()
  if (needed < memory * 0.8) return
  throw new InputError(
    'E_MEMORY',
    'file',
    `${name}: even streamed, ${whole(rows)} rows need about ${inBytes(needed)} of memory, and there are ${inBytes(memory)}; cluster a part of the rows and use nigh predict for the rest`,
  )
}

async function fitEncoder(
  name: string,
  table: SpooledTable,
  flags: KMeansFlags,
  aside: readonly string[],
  weights: Float64Array | undefined,
): Promise<Encoder> {
  try {
    return await Encoder.fitColumns(table, (column) => table.column(column), {
      ...encoderOptions(table, flags, aside),
      ...(weights === undefined ? {} : { sampleWeight: weights }),
    })
  } catch (error) {
    if (!(error instanceof InputError && error.code === 'E_MISSING' && flags.missing === 'refuse'))
      throw error
    const ignored = new Set([...(flags.ignore ?? []), ...aside])
    const used = flags.columns ?? table.names.filter((column) => !ignored.has(column))
    throw missingCellsError(name, { columns: table.whole() }, new Set(used))
  }
}

/** Writes the encoded rows to the disk. */
async function encodeAll(
  name: string,
  table: SpooledTable,
  encoder: Encoder,
  run: Run,
): Promise<{ matrix: SpooledRows; kept: Uint32Array | null }> {
  const d = encoder.features.length
  checkDisk(name, table.rows * d * 8)
  const matrix = new SpooledRows(name, d)
  const kept = encoder.settings.missing === 'drop' ? new Uint32Array(table.rows) : null
  let before = 0
  let size = 0
  for (const block of table.blocks()) {
    const { matrix: encoded, rows } = encodeBlock(encoder, block)
    if (encoded !== null) matrix.append(encoded)
    if (kept !== null && encoded !== null) {
      for (let i = 0; i < encoded.rows; i++) kept[size++] = before + (rows === null ? i : rows[i])
    }
    before += block.rows
    run.progress.step(before / table.rows)
    await new Promise((resolve) => setImmediate(resolve))
    run.signal.throwIfAborted()
  }
  matrix.finish()
  if (kept === null || size === table.rows) return { matrix, kept: null }
  matrix.kept = kept.slice(0, size)
  return { matrix, kept: matrix.kept }
}

/** A block as numbers; null where every row has an empty cell and is left out. */
function encodeBlock(
  encoder: Encoder,
  block: Table,
): { readonly matrix: Matrix | null; readonly rows: Uint32Array | null } {
  try {
    return encoder.encode(block, { extra: 'ignore' })
  } catch (error) {
    const left =
      error instanceof InputError && error.code === 'E_EMPTY' && encoder.settings.missing === 'drop'
    if (left) return { matrix: null, rows: null }
    throw error
  }
}

/** The table's rows with cluster and distance, some at a time. */
function answered(
  table: SpooledTable,
  matrix: SpooledRows,
  model: KMeans | MiniBatchKMeans,
  kept: Uint32Array | null,
  run: Run,
): RowBlocks {
  const answers = namedAnswers(table.names, ['cluster', 'distance'], run)
  const shape = (name: string): Shape => ({
    name,
    type: 'number',
    single: false,
    categories: [],
    daysOnly: false,
    missing: kept !== null,
  })
  return {
    rows: table.rows,
    columns: [...table.columns.map((column: SpooledColumn): Shape => column), ...answers.map(shape)],
    *blocks() {
      let before = 0
      let at = 0
      for (const block of table.blocks()) {
        const end = before + block.rows
        let to = at
        if (kept === null) to = end
        else while (to < kept.length && kept[to] < end) to++
        const labels = model.labels.subarray(at, to)
        const distances =
          to === at ? new Float64Array(0) : distancesTo(matrix.slice(at, to), model.centroids, labels)
        const spread = (values: ArrayLike<number>): Float64Array => {
          if (kept === null) return Float64Array.from(values)
          const all = new Float64Array(block.rows).fill(Number.NaN)
          for (let i = 0; i < values.length; i++) all[kept[at + i] - before] = values[i]
          return all
        }
        yield block.append([
          { name: answers[0], type: 'number', values: spread(labels) },
          { name: answers[1], type: 'number', values: spread(distances) },
        ])
        at = to
        before = end
      }
    },
  }
}

/** Why a file is streamed, where an error says that it does not fit; undefined where it says something else. */
export function tooLarge(error: unknown): string | undefined {
  if (!(error instanceof InputError && error.code === 'E_MEMORY' && error.param === 'file')) return undefined
  return error.message.replace(/; use fewer columns.*$/, '')
}
