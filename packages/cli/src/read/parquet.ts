import { availableParallelism } from 'node:os'
import { InputError, isMissing } from 'nigh'
import type { Column } from 'nigh'
import type { DuckDBConnection } from '@duckdb/node-api'
import { show } from '../show/text.ts'
import type { ColumnBuilder } from './columns.ts'
import type { FileContents } from './csv.ts'
import { identifier, openSandbox, quote } from './duckdb.ts'
import { checkEstimate } from './limits.ts'
import { checkSome, isDispensable, leftOut } from './options.ts'
import type { ReadOptions, ReadWarning } from './options.ts'
import { roundedNumbers } from './rounded.ts'
import { readBytes } from './source.ts'
import type { Source } from './source.ts'
import { inMemory } from './store.ts'
import type { ColumnStore } from './store.ts'

/** How a Parquet column is taken. */
interface Taken {
  readonly sql: string
  readonly builder: (rows: number, store: ColumnStore) => ColumnBuilder
}

/**
 * Reads a Parquet file through DuckDB. The size of the table is judged by the footer, before any page is unpacked.
 * float columns stay float32; whole and decimal numbers become float64.
 *
 * @throws {InputError} E_PARQUET, E_MEMORY, E_FEATURES, E_NONFINITE
 */
export async function readParquet(source: Source, options: ReadOptions): Promise<FileContents> {
  checkMagic(source)
  const store = options.store ?? inMemory
  const sandbox = await openSandbox(
    source,
    options.threads ?? availableParallelism(),
    options.store !== undefined,
  )
  const { connection } = sandbox
  const stop = (): void => connection.interrupt()
  options.signal?.addEventListener('abort', stop)
  try {
    const path = quote(source.path)
    const footer = await connection.runAndReadAll(`SELECT num_rows FROM parquet_file_metadata(${path})`)
    const rows = Number(footer.getRows()[0]?.[0] ?? 0)
    const description = await connection.runAndReadAll(`DESCRIBE SELECT * FROM read_parquet(${path})`)
    const warnings: ReadWarning[] = []
    const all = description.getRows().map(([name, type]) => ({ name: String(name), type: String(type) }))
    const wanted = all.filter(({ name }) => options.only?.includes(name) ?? true)
    const names = all.map(({ name }) => name)
    checkSome(source.name, wanted, names, options.only)
    const named = wanted.filter(({ name, type }) => {
      if (isUsable(type) || !isDispensable(options, name)) return true
      warnings.push(leftOut(source.name, name, type))
      return false
    })
    if (rows === 0) throw new InputError('E_EMPTY', 'file', `${source.name}: the file has no rows`)
    checkEstimate(source.name, rows, named.length, options.maxBytes)
    const taken = named.map(({ name, type }) => takeColumn(source.name, name, type))
    const builders = taken.map(({ builder }) => builder(rows, store))
    const result = await connection.stream(
      `SELECT ${taken.map(({ sql }) => sql).join(', ')} FROM read_parquet(${path})`,
    )
    let done = 0
    for (;;) {
      const chunk = await result.fetchChunk()
      options.signal?.throwIfAborted()
      if (chunk === null || chunk.rowCount === 0) break
      for (let j = 0; j < builders.length; j++) builders[j].append(chunk.getColumnVector(j), chunk.rowCount)
      done += chunk.rowCount
      options.onProgress?.(Math.min(1, done / rows))
    }
    // A stream that fails may also just end: nothing but the count tells.
    if (done !== rows) throw new Error(`it breaks off after row ${done} of ${rows}`)
    const nulls = await nullsOf(connection, path, rows)
    const columns = builders.map((builder, j) => {
      const column = builder.finish(named[j].name)
      checkMissing(column, named[j].type, nulls.get(column.name))
      if (column.type !== 'number') return store.keep(column)
      const { infinite, rounded } = lookAt(column.values, /INT|DECIMAL/.test(named[j].type))
      if (infinite >= 0) {
        throw new InputError(
          'E_NONFINITE',
          column.name,
          `${source.name}: row ${infinite + 1}, column ${show(column.name)} is ${column.values[infinite]}; numbers must be finite`,
        )
      }
      if (rounded) {
        warnings.push(roundedNumbers(source.name, column.name))
      }
      return store.keep(column)
    })
    return { columns, warnings, names }
  } catch (error) {
    options.signal?.throwIfAborted()
    if (error instanceof InputError) throw error
    const message = error instanceof Error ? error.message : String(error)
    const line = message.split('\n')[0].replaceAll(source.path, source.name)
    throw new InputError('E_PARQUET', 'file', `${source.name}: this Parquet file cannot be read: ${line}`)
  } finally {
    options.signal?.removeEventListener('abort', stop)
    sandbox.close()
  }
}

function checkMagic(source: Source): void {
  const head = Buffer.from(readBytes(source, 0, 4)).toString('latin1')
  const tail = Buffer.from(readBytes(source, Math.max(0, source.size - 4), 4)).toString('latin1')
  if (head === 'PARE' || tail === 'PARE') {
    throw new InputError('E_PARQUET', 'file', `${source.name}: this Parquet file is encrypted`)
  }
  if (source.size < 12 || head !== 'PAR1') {
    throw new InputError(
      'E_PARQUET',
      'file',
      `${source.name}: this is not a Parquet file (it does not begin with PAR1)`,
    )
  }
  if (tail !== 'PAR1') {
    throw new InputError(
      'E_PARQUET',
      'file',
      `${source.name}: this Parquet file is cut off (it does not end with PAR1)`,
    )
  }
}

const numbers = /^(DOUBLE|U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|DECIMAL\(.*\))$/
const instants = /^(DATE|TIMESTAMP.*)$/
const texts = /^(VARCHAR|UUID|JSON|ENUM.*)$/

function isUsable(type: string): boolean {
  return (
    type === 'FLOAT' || type === 'BOOLEAN' || numbers.test(type) || instants.test(type) || texts.test(type)
  )
}

function takeColumn(file: string, name: string, type: string): Taken {
  const column = identifier(name)
  if (type === 'FLOAT') {
    return {
      sql: `coalesce(${column}, 'nan'::FLOAT)`,
      builder: (rows, store) => store.numbers(rows, 'number', true),
    }
  }
  if (numbers.test(type)) {
    return {
      sql: `coalesce(${column}::DOUBLE, 'nan'::DOUBLE)`,
      builder: (rows, store) => store.numbers(rows),
    }
  }
  if (type === 'BOOLEAN') {
    return {
      sql: `coalesce(${column}::UTINYINT, 255::UTINYINT)`,
      builder: (rows, store) => store.booleans(rows),
    }
  }
  if (instants.test(type)) {
    const instant = type.includes('TIME ZONE') ? column : `${column}::TIMESTAMP`
    return {
      sql: `coalesce(epoch_us(${instant})::DOUBLE / 1000, 'nan'::DOUBLE)`,
      builder: (rows, store) => store.numbers(rows, 'date'),
    }
  }
  if (texts.test(type)) {
    return { sql: `${column}::VARCHAR`, builder: (rows, store) => store.texts(rows) }
  }
  throw new InputError(
    'E_PARQUET',
    name,
    `${file}: column ${show(name)} holds ${type}, which nigh cannot use; leave it out with --ignore ${show(name)}`,
  )
}

/** How many cells of each column the footer says are missing; only columns for which it says so throughout. */
async function nullsOf(
  connection: DuckDBConnection,
  path: string,
  rows: number,
): Promise<ReadonlyMap<string, number>> {
  const counted = await connection.runAndReadAll(
    `SELECT path_in_schema, sum(stats_null_count)::DOUBLE FROM parquet_metadata(${path}) GROUP BY path_in_schema
     HAVING count(*) = count(stats_null_count) AND sum(num_values) = ${rows}`,
  )
  return new Map(counted.getRows().map(([name, nulls]) => [String(name), Number(nulls)]))
}

/**
 * Pages have no checksum, and marks of missing cells that end early count as present: but the footer counts, too.
 *
 * @throws Error where it counts otherwise
 */
function checkMissing(column: Column, type: string, nulls: number | undefined): void {
  if (nulls === undefined) return
  let missing = 0
  for (let i = 0; i < column.values.length; i++) if (isMissing(column, i)) missing++
  // NaN is a missing cell here, and no null there.
  const more = /^(FLOAT|DOUBLE)$/.test(type) || instants.test(type)
  if (missing === nulls || (more && missing > nulls)) return
  throw new Error(
    `column ${show(column.name)} has ${missing} missing cells, but ${nulls} by the file’s footer: the file is damaged`,
  )
}

function lookAt(values: Float32Array | Float64Array, whole: boolean): { infinite: number; rounded: boolean } {
  let rounded = false
  for (let i = 0; i < values.length; i++) {
    const size = Math.abs(values[i])
    if (size === Number.POSITIVE_INFINITY) return { infinite: i, rounded }
    if (whole && size > Number.MAX_SAFE_INTEGER) rounded = true
  }
  return { infinite: -1, rounded }
}
