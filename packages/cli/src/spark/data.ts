import type { Cell, Frame, FrameColumn, Spark, UploadColumn } from '@nigh/spark'
import { InputError, Table } from 'nigh'
import type { Column, Encoder } from 'nigh'
import { namedAnswers, unknownColumn } from '../commands/shared.ts'
import type { DataFlags } from '../commands/shared.ts'
import { readOptionsOf } from '../options.ts'
import type { ReadFlags } from '../options.ts'
import type { Input } from '../read/read.ts'
import type { Run } from '../run.ts'
import { inputLines } from '../run.ts'
import { plural } from '../show/numbers.ts'

/** The column of features that an encoder makes on the cluster. */
export const features = 'nigh_features'
/** Rows of which the terminal's profile and the pictures of a report are made. */
export const shownRows = 20_000
/** The numbers of uploaded rows, from 0. */
const uploadedId = 'nigh_row'

/** Rows on the cluster, and where they are from. */
export interface Source {
  readonly name: string
  readonly frame: Frame
  readonly columns: readonly FrameColumn[]
  readonly rows: number
  /** The file of this machine that was uploaded; null for rows that the cluster reads. */
  readonly input: Input | null
  /** The column that tells rows apart, where there is one. */
  readonly id: string
  /** The column that numbers the rows of an uploaded file, and keeps their order; null for rows of the cluster. */
  readonly added: string | null
}

/** Whether the cluster itself reads DATA: an address such as s3a://…, or table:NAME. */
export function isRemote(name: string): boolean {
  return /^[a-z][a-z0-9+.-]+:/i.test(name) && !/^[a-z]:[\\/]/i.test(name)
}

/**
 * The rows that DATA names: Parquet files at an address that the cluster sees, `table:NAME` of its catalog, or a file of
 * this machine, which is uploaded.
 */
export async function openSource(
  spark: Spark,
  name: string,
  flags: ReadFlags & { readonly id?: string | undefined },
  run: Run,
): Promise<Source> {
  let frame: Frame
  let input: Input | null = null
  let id = flags.id ?? 'row'
  if (isRemote(name)) {
    frame = name.startsWith('table:') ? spark.table(name.slice(6)) : spark.parquet(name)
  } else {
    const read = await run.read(name, readOptionsOf(flags))
    input = read
    // A file of questions need not have the ids of the rows that it asks about.
    const own = flags.id !== undefined && read.table.names.includes(flags.id) ? flags.id : null
    id = own ?? uploadedId
    frame = await run.time('upload', 'uploading', () => uploaded(spark, name, read.table, own, run.signal))
  }
  const columns = await frame.columns(run.signal)
  const rows =
    input?.table.rows ?? (await run.time('count', 'counting rows', () => frame.count(watching(run))))
  return { name, frame, columns, rows, input, id, added: input === null ? null : uploadedId }
}

/** A table of this machine on the cluster, its rows numbered. */
async function uploaded(
  spark: Spark,
  file: string,
  table: Table,
  id: string | null,
  signal: AbortSignal,
): Promise<Frame> {
  const columns: UploadColumn[] = table.columns.map((column): UploadColumn => {
    const { name } = column
    if (name === id) return { name, type: 'long', values: idsOf(file, column) }
    switch (column.type) {
      case 'number':
      case 'date':
        return { name, type: 'double', values: column.values }
      case 'boolean':
        return {
          name,
          type: 'boolean',
          values: Array.from(column.values, (value) => (value === 255 ? null : value === 1)),
        }
      case 'text':
        return {
          name,
          type: 'text',
          values: Array.from(column.values, (code) => (code < 0 ? null : column.categories[code])),
        }
    }
  })
  columns.push({
    name: uploadedId,
    type: 'long',
    values: BigInt64Array.from({ length: table.rows }, (_, row) => BigInt(row)),
  })
  const sent = await spark.uploadColumns(columns, table.rows, signal)
  const dates = table.columns.filter(({ type }) => type === 'date')
  if (dates.length === 0) return sent
  const cells = dates.map(({ name }) => {
    const cell = quoted(name)
    return `if(isnan(${cell}), null, timestamp_micros(cast(${cell} * 1000 as bigint))) as ${cell}`
  })
  const others = columns.map(({ name }) => name).filter((name) => !dates.some((date) => date.name === name))
  return sent.sql(`select ${[...others.map(quoted), ...cells].join(', ')} from input`)
}

/** Names for answers beside the columns of the rows: another, aloud, where one is taken. */
export function answersOf(source: Source, answers: readonly string[], run: Run): string[] {
  return namedAnswers(
    source.columns.map(({ name }) => name),
    answers,
    run,
  )
}

/** The columns that are of no use to who asked. */
export function dropped(source: Source): readonly string[] {
  return source.added === null ? [features] : [features, source.added]
}

/** A column of a file as the ids of its rows. */
function idsOf(file: string, column: Column): BigInt64Array {
  const refuse = (got: string): InputError =>
    new InputError(
      'E_TYPE',
      'id',
      `--id must name a column of whole numbers that tells rows apart; ${column.name} of ${file} ${got}`,
    )
  if (column.type !== 'number') throw refuse(`holds ${column.type === 'text' ? 'text' : `${column.type}s`}`)
  return BigInt64Array.from(column.values, (value) => {
    if (Number.isNaN(value)) throw refuse('has an empty cell')
    if (!Number.isSafeInteger(value)) throw refuse(`holds ${value}`)
    return BigInt(value)
  })
}

/** The rows with their ids under the name that those of another source have. */
export function withIdsOf(frame: Frame, source: Source, other: Source): Frame {
  if (source.id === other.id) return frame
  const taken = source.columns.some(({ name }) => name === other.id) ? ` except (${quoted(other.id)})` : ''
  return frame.sql(`select *${taken}, ${quoted(source.id)} as ${quoted(other.id)} from input`)
}

/** The columns that features are made of, as the flags say; those that Spark cannot turn into numbers stay out. */
function featureColumns(source: Source, flags: DataFlags, aside: readonly string[]): string[] {
  const known = source.columns.map(({ name }) => name)
  for (const [option, list] of [
    ['--columns', flags.columns ?? []],
    ['--ignore', flags.columns === undefined ? (flags.ignore ?? []) : []],
    ['column', aside],
  ] as const) {
    for (const one of list) if (!known.includes(one)) throw unknownColumn(source.name, option, one, known)
  }
  const left = new Set([...(flags.ignore ?? []), ...aside, source.id, source.added])
  const names = flags.columns ?? source.columns.filter(({ type }) => isUsable(type)).map(({ name }) => name)
  const used = names.filter((name) => !left.has(name))
  if (used.length === 0) {
    throw new InputError(
      'E_FEATURES',
      'columns',
      `${source.name} has no column to use: name some with --columns`,
    )
  }
  return used
}

function isUsable(type: string): boolean {
  return /^(tinyint|smallint|int|bigint|float|double|decimal|boolean|string|char|varChar|date|timestamp|timestampNtz)$/.test(
    type,
  )
}

/** Learns on the cluster how its rows become numbers. */
export async function encoderFor(
  spark: Spark,
  source: Source,
  flags: DataFlags,
  aside: readonly string[],
  run: Run,
): Promise<Encoder> {
  if (flags.log !== undefined) {
    throw new InputError(
      'E_PARAM',
      'log',
      '--log is not known on a cluster: write the logarithm, log1p(x), as a column of its own there',
    )
  }
  const { missing } = flags
  if (missing === 'mark') {
    throw new InputError(
      'E_PARAM',
      'missing',
      '--missing mark does not go with --spark; set --missing drop or impute',
    )
  }
  return run.time('encode', 'encoding', () =>
    spark.encoder(source.frame, {
      columns: featureColumns(source, flags, aside),
      scale: flags.scale,
      missing,
      ...(flags.unseen === undefined ? {} : { unseen: flags.unseen }),
      ...(flags.maxCategories === undefined ? {} : { maxCategories: flags.maxCategories }),
      ...watching(run),
    }),
  )
}

/** The rows with their features in one column more. */
export function encoded(spark: Spark, source: Source, encoder: Encoder): Promise<Frame> {
  return spark.encode(encoder, source.frame, { column: features })
}

/** What stops calls to the cluster, and how far they are. */
export function watching(run: Run): {
  readonly signal: AbortSignal
  readonly onProgress: (progress: { readonly tasksDone: number; readonly tasks: number }) => void
} {
  return {
    signal: run.signal,
    onProgress: ({ tasksDone, tasks }) => {
      if (tasks > 0) run.progress.step(tasksDone / tasks)
    },
  }
}

/** Rows of the cluster as a table of this machine. */
export async function tableFrom(frame: Frame, run: Run, dropped: readonly string[] = []): Promise<Table> {
  const columns = (await frame.columns(run.signal)).filter(({ name }) => !dropped.includes(name))
  const cells = columns.map((): Cell[] => [])
  for await (const batch of frame.stream({ signal: run.signal })) {
    columns.forEach(({ name }, j) => {
      for (const row of batch) cells[j].push(row[name])
    })
  }
  return Table.of(columns.map(({ name, type }, j) => columnOf(name, type, cells[j])))
}

function columnOf(name: string, type: string, cells: readonly Cell[]): Column {
  if (type === 'boolean') {
    return {
      name,
      type: 'boolean',
      values: Uint8Array.from(cells, (cell) => (cell === null ? 255 : cell ? 1 : 0)),
    }
  }
  if (type === 'date' || type === 'timestamp' || type === 'timestampNtz') {
    const values = Float64Array.from(cells, (cell) =>
      cell instanceof Date ? cell.getTime() : cell === null ? Number.NaN : Number(cell),
    )
    return { name, type: 'date', values }
  }
  if (/^(tinyint|smallint|int|bigint|float|double|decimal)$/.test(type)) {
    return {
      name,
      type: 'number',
      values: Float64Array.from(cells, (cell) => (cell === null ? Number.NaN : Number(cell))),
    }
  }
  const codes = new Map<string, number>()
  const values = Int32Array.from(cells, (cell) => {
    if (cell === null) return -1
    const text = typeof cell === 'string' ? cell : JSON.stringify(cell)
    const code = codes.get(text) ?? codes.size
    codes.set(text, code)
    return code
  })
  return { name, type: 'text', values, categories: [...codes.keys()] }
}

/** Some rows for pictures: all of a small table, else those whose content's hash falls into a share of all. */
export function sampleOf(frame: Frame, rows: number, most: number): Frame {
  if (rows <= most) return frame
  const share = Math.max(1, Math.floor((most / rows) * 1e6))
  return frame.sql(`select * from input where pmod(xxhash64(*), 1000000) < ${share} limit ${most * 2}`)
}

/** "s3a://…: 2,000,000 rows × 16 columns, on Spark 4.3.0" */
export function sourceLines({ name, rows, columns, input }: Source, spark: Spark): string[] {
  if (input !== null) return [...inputLines(input), `On Spark ${spark.version}`]
  return [`${name}: ${plural(rows, 'row')} × ${plural(columns.length, 'column')}, on Spark ${spark.version}`]
}

/** What the report page knows of a source that the cluster reads. */
export function inputOf(source: Source, table: Table): Input {
  if (source.input !== null) return { ...source.input, table }
  const { name, rows, columns } = source
  return {
    table,
    rows,
    name,
    format: 'parquet',
    size: 0,
    warnings: [],
    names: columns.map((column) => column.name),
  }
}

/** A name inside SQL. */
export function quoted(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``
}
