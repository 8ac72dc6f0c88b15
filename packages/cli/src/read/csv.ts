import { availableParallelism } from 'node:os'
import type { DuckDBConnection } from '@duckdb/node-api'
import { InputError } from 'nigh'
import type { Column } from 'nigh'
import { show } from '../show/text.ts'
import { parseNumber, typeColumn } from './cells.ts'
import type { ColumnBuilder } from './columns.ts'
import { detectDialect } from './csv-dialect.ts'
import { scanBytes, walkRecords } from './csv-scan.ts'
import { openSandbox, quote } from './duckdb.ts'
import type { Sandbox } from './duckdb.ts'
import { checkEstimate } from './limits.ts'
import { checkPoints, lookAlike } from './lookalikes.ts'
import { checkSome, isDispensable, missingMarks } from './options.ts'
import type { ReadOptions, ReadWarning } from './options.ts'
import { hasRounded, roundedNumbers } from './rounded.ts'
import type { Source } from './source.ts'
import { inMemory } from './store.ts'
import type { ColumnStore } from './store.ts'

/** What a file holds. */
export interface FileContents {
  readonly columns: readonly Column[]
  readonly warnings: readonly ReadWarning[]
  /** Every column's name, where not all were read. */
  readonly names?: readonly string[]
}

/** How one file is to be read: settled before DuckDB sees it. */
interface Plan {
  readonly source: Source
  readonly delimiter: string
  readonly names: readonly string[]
  readonly header: boolean
  readonly quotes: boolean
  readonly decimal: '.' | ','
  readonly oddNumbers: boolean
  readonly rows: number
  readonly longestRecord: number
  readonly marks: readonly string[]
}

/**
 * Reads a CSV or TSV file: RFC 4180, one dialect for the whole file, settled before the first row is read.
 *
 * DuckDB splits the cells. Columns whose first cells are all numbers are read as numbers; if one of them then turns out
 * to hold anything else, its cells are read again as text, and {@link typeColumn} decides from all of them.
 *
 * @throws {InputError} E_CSV, E_EMPTY, E_MEMORY, E_NONFINITE: naming line, column and cell
 */
export async function readCsv(source: Source, options: ReadOptions): Promise<FileContents> {
  const { delimiter, sample } = detectDialect(source, options.delimiter)
  const header = options.header ?? true
  const warnings: ReadWarning[] = []
  const names = header
    ? namesOf(source.name, sample[0], warnings)
    : sample[0].map((_, at) => `column ${at + 1}`)
  const scan = scanBytes(source, delimiter)
  // DuckDB is lenient about quotation marks, empty cells too many and blank lines, and its threads may lose an error:
  // files that have any of it are walked first.
  const walked =
    scan.quotes || scan.returns || scan.trailingDelimiters || scan.ragged || names.length === 1
      ? walkRecords(source, delimiter, names.length, header)
      : undefined
  const rows = walked?.records ?? scan.lines - scan.blankLines - (header ? 1 : 0)
  const read = names.map((_, at) => at).filter((at) => options.only?.includes(names[at]) ?? true)
  checkSome(source.name, read, names, options.only)
  checkEstimate(source.name, rows, read.length, options.maxBytes)
  const marks = options.missingMarks ?? missingMarks
  checkMarks(source.name, marks, delimiter)
  if (options.thousands !== undefined && options.thousands === options.decimal) {
    throw new InputError(
      'E_PARAM',
      'thousands',
      `${source.name}: --thousands and --decimal must differ, got ${show(options.thousands)} for both`,
    )
  }
  const body = header ? sample.slice(1) : sample
  const plan: Plan = {
    source,
    delimiter,
    names,
    header,
    quotes: scan.quotes,
    decimal: options.decimal ?? (options.thousands === '.' ? ',' : commaDecimals(delimiter, body)),
    oddNumbers: scan.oddNumbers,
    rows,
    longestRecord: Math.max(scan.longestLine, walked?.longestRecord ?? 0),
    marks: ['', ...marks],
  }
  const mixed =
    options.decimal === undefined && options.thousands === undefined && mixesMarks(delimiter, body)
  const numeric = new Set(
    read.filter(
      (at) =>
        !options.text?.includes(names[at]) &&
        options.thousands === undefined &&
        !(mixed && body.some((record) => pointed.test(record[at] ?? ''))) &&
        looksNumeric(body, at, plan),
    ),
  )
  for (const at of numeric) {
    const cells = body.map((record) => record[at] ?? '')
    const noted =
      options.dispensable !== 'all' && isDispensable(options, names[at])
        ? undefined
        : leadingZeros(source.name, names[at], cells)
    if (noted !== undefined) warnings.push(noted)
  }
  const sandbox = await openSandbox(
    source,
    options.threads ?? availableParallelism(),
    options.store !== undefined,
  )
  const stop = (): void => sandbox.connection.interrupt()
  options.signal?.addEventListener('abort', stop)
  try {
    const columns = await readColumns(sandbox, plan, read, numeric, options)
    if (rows === 0)
      throw new InputError('E_EMPTY', 'file', `${source.name}: the file has a header but no rows`)
    const store = options.store ?? inMemory
    if (mixed) {
      checkPoints(
        columns.flatMap((column) => {
          const found = column()
          return found.type === 'text' && options.text?.includes(found.name) !== true ? [found] : []
        }),
        placer(plan),
      )
    }
    const type = columnTyper(plan, options, warnings)
    const typed = columns.map((column) => {
      const found = type(column())
      if (hasRounded(found))
        warnings.push(
          roundedNumbers(source.name, found.name, `; --text ${show(found.name)} keeps their digits`),
        )
      return store.keep(found)
    })
    return { columns: typed, warnings, names }
  } finally {
    options.signal?.removeEventListener('abort', stop)
    sandbox.close()
  }
}

/** Refuses marks that no cell can hold as it stands. */
function checkMarks(file: string, marks: readonly string[], delimiter: string): void {
  const wrong = marks.find((mark) => mark.includes(delimiter) || mark.includes('"'))
  if (wrong === undefined) return
  throw new InputError(
    'E_PARAM',
    'missing-marks',
    `${file}: --missing-marks ${show(wrong)}: a mark cannot hold ${wrong.includes('"') ? 'a quotation mark' : `what separates the cells, ${show(delimiter)}`}`,
  )
}

/** Where a row stands, for messages. */
function placer({ source, delimiter, names, header }: Plan): (row: number) => string {
  return (row) => {
    const { line } = walkRecords(source, delimiter, names.length, header, row)
    return `${source.name}: line ${line}`
  }
}

/** Settles the type of a column from all of its cells. */
function columnTyper(plan: Plan, options: ReadOptions, warnings: ReadWarning[]): (column: Column) => Column {
  const { source } = plan
  const place = placer(plan)
  const marks = {
    decimal: plan.decimal === ',' ? plan.decimal : options.decimal,
    thousands: options.thousands,
    units: options.units,
    dates: options.dates,
  }
  return (column) => {
    if (column.type !== 'text' || options.text?.includes(column.name)) return column
    const found = typeColumn(column, marks, place)
    const spare = options.dispensable !== 'all' && isDispensable(options, column.name)
    const noted = spare
      ? undefined
      : found.type === 'text'
        ? lookAlike(source.name, found, marks)
        : found.type === 'number'
          ? leadingZeros(source.name, column.name, column.categories)
          : undefined
    if (noted !== undefined) warnings.push(noted)
    return found
  }
}

/** Digits that begin with 0 and are no small number: a postcode, a number of an article. */
function leadingZeros(file: string, name: string, cells: readonly string[]): ReadWarning | undefined {
  const zero = cells.find((cell) => /^\s*0\d{3,}\s*$/.test(cell))
  return zero === undefined
    ? undefined
    : {
        code: 'W_ZEROS',
        message: `${file}: column ${show(name)} is read as numbers, without the 0 before ${show(zero)}; --text ${show(name)} keeps it`,
      }
}

/** A column that was read: as often as it is asked for. */
type FinishedColumn = () => Column

/** Reads until every numeric column is numeric throughout: each failure makes one of them text. */
async function readColumns(
  sandbox: Sandbox,
  plan: Plan,
  read: readonly number[],
  numeric: Set<number>,
  options: ReadOptions,
): Promise<FinishedColumn[]> {
  for (let attempt = 0; ; attempt++) {
    try {
      const columns = await readOnce(sandbox.connection, plan, read, numeric, options)
      const infinite = columns.findIndex((column, j) => numeric.has(read[j]) && hasInfinity(column().values))
      if (infinite < 0) return columns
      numeric.delete(read[infinite])
    } catch (error) {
      options.signal?.throwIfAborted()
      const message = error instanceof Error ? error.message : String(error)
      const failed = /(?:converting column "|try_number\()?c(\d+)"?\. Could not convert/.exec(message)?.[1]
      if (message.includes('Could not convert') && numeric.size > 0) {
        // After a few columns one by one, all that are left: a pass over the file each is too slow.
        if (failed === undefined || !numeric.delete(Number(failed)) || attempt >= 3) numeric.clear()
      } else if (error instanceof ShortRead && attempt < 4) {
        // Most often a number that is none; the next attempt says so, or reads the cells as text.
        if (attempt >= 2) numeric.clear()
      } else throw structureError(plan, message)
    }
  }
}

async function readOnce(
  connection: DuckDBConnection,
  plan: Plan,
  read: readonly number[],
  numeric: ReadonlySet<number>,
  options: ReadOptions,
): Promise<FinishedColumn[]> {
  const { names, source, rows } = plan
  const store: ColumnStore = options.store ?? inMemory
  const guarded = plan.oddNumbers
  const types = names.map((_, at) => `'c${at}': '${numeric.has(at) && !guarded ? 'DOUBLE' : 'VARCHAR'}'`)
  const picked = read.map((at) => {
    if (!numeric.has(at)) return `c${at}`
    if (!guarded) return `coalesce(c${at}, 'nan'::DOUBLE)`
    const strict = `CASE WHEN contains(c${at}, '_') OR contains(c${at}, '+-') THEN error('column "c${at}". Could not convert') ELSE c${at} END`
    return `coalesce(CAST(${plan.decimal === ',' ? `replace(${strict}, ',', '.')` : strict} AS DOUBLE), 'nan'::DOUBLE)`
  })
  const lineLimit = Math.max(2_000_000, plan.longestRecord + 1024)
  const mark = plan.quotes ? '"' : ''
  const builders: ColumnBuilder[] = read.map((at) =>
    numeric.has(at) ? store.numbers(rows) : store.texts(rows),
  )
  const result = await connection.stream(
    `SELECT ${picked.join(', ')} FROM read_csv(${quote(source.path)}, auto_detect = false, columns = {${types.join(', ')}},
      header = ${plan.header}, delim = ${quote(plan.delimiter)}, quote = '${mark}', escape = '${mark}', comment = '',
      compression = 'none', encoding = 'utf-8', strict_mode = true, null_padding = false, ignore_errors = false,
      decimal_separator = '${plan.decimal}', nullstr = [${plan.marks.map(quote).join(', ')}], max_line_size = ${lineLimit},
      buffer_size = ${Math.max(8_000_000, lineLimit * 2)})`,
  )
  let done = 0
  for (;;) {
    const chunk = await result.fetchChunk()
    options.signal?.throwIfAborted()
    if (chunk === null || chunk.rowCount === 0) break
    const count = chunk.rowCount
    for (let j = 0; j < builders.length; j++) builders[j].append(chunk.getColumnVector(j), count)
    done += count
    options.onProgress?.(Math.min(1, done / rows))
  }
  // A stream that fails may also just end: nothing but the count tells.
  if (done !== rows) throw new ShortRead(done, rows)
  return builders.map((builder, j) => () => builder.finish(names[read[j]]))
}

/** DuckDB gave another number of rows than the file has. */
class ShortRead extends Error {
  constructor(found: number, expected: number) {
    super(`${expected} rows were counted, but ${found} read`)
  }
}

/** DuckDB stopped at the file's structure: our own walk says the same in our words, or its first lines are passed on. */
function structureError(plan: Plan, message: string): unknown {
  try {
    walkRecords(plan.source, plan.delimiter, plan.names.length, plan.header)
  } catch (error) {
    return error
  }
  const lines = message.split('\n').filter((line) => line.trim() !== '')
  return new InputError('E_CSV', 'file', `${plan.source.name}: ${lines.slice(0, 3).join('; ')}`)
}

function namesOf(file: string, cells: readonly string[], warnings: ReadWarning[]): string[] {
  if (cells.every((cell) => cell.trim() === '' || parseNumber(cell, '.', undefined) !== undefined)) {
    throw new InputError(
      'E_CSV',
      'file',
      `${file}: the first line (${show(cells.join(' '))}) holds numbers, not names; set --no-header if it is data`,
    )
  }
  const seen = new Map<string, number>()
  return cells.map((cell, at) => {
    let name = cell
    if (name.trim() === '') {
      name = `column ${at + 1}`
      warnings.push({
        code: 'W_NAME',
        message: `${file}: column ${at + 1} has no name; it is called ${show(name)}`,
      })
    }
    const before = seen.get(name)
    if (before !== undefined) {
      throw new InputError(
        'E_CSV',
        'file',
        `${file}: columns ${before + 1} and ${at + 1} are both named ${show(name)}; names must differ`,
      )
    }
    seen.set(name, at)
    return name
  })
}

function looksNumeric(body: readonly (readonly string[])[], at: number, plan: Plan): boolean {
  let numbers = 0
  for (const record of body) {
    const cell = record[at]
    if (cell === undefined || plan.marks.includes(cell)) continue
    if (parseNumber(cell, plan.decimal, undefined) === undefined) return false
    numbers++
  }
  return numbers > 0
}

/** A point before three digits: a decimal mark, or one between thousands. */
const pointed = /^\s*[+-]?[1-9]\d{0,2}\.\d{3}\s*$/

/** Whether the first cells hold decimal commas as well as points before three digits. */
function mixesMarks(delimiter: string, body: readonly (readonly string[])[]): boolean {
  const cells = delimiter === ',' ? [] : body.flat()
  return (
    cells.some((cell) => /^\s*[+-]?\d+,(?:\d\d?|\d{4,})\s*$/.test(cell)) &&
    cells.some((cell) => pointed.test(cell))
  )
}

/** Whether the first cells speak for decimal commas throughout: "1,5" somewhere and "1.5" nowhere. */
function commaDecimals(delimiter: string, body: readonly (readonly string[])[]): '.' | ',' {
  if (delimiter === ',') return '.'
  let commas = false
  for (const record of body) {
    for (const cell of record) {
      if (/^\s*[+-]?\d*\.\d+\s*$/.test(cell)) return '.'
      commas ||= /^\s*[+-]?(?:0*|\d+),(?:\d\d?|\d{4,})\s*$/.test(cell)
    }
  }
  return commas ? ',' : '.'
}

function hasInfinity(values: Column['values']): boolean {
  for (let i = 0; i < values.length; i++) {
    if (values[i] === Number.POSITIVE_INFINITY || values[i] === Number.NEGATIVE_INFINITY) return true
  }
  return false
}
