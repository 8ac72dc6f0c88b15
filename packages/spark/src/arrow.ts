import {
  type Table as ArrowTable,
  bool,
  columnFromArray,
  float64,
  int64,
  binary,
  tableFromColumns,
  tableFromIPC,
  tableToIPC,
  utf8,
} from '@uwdata/flechette'
import { InputError } from 'nigh'
import { show } from 'nigh/internals'
import { SparkError } from './errors.ts'
import type { ExecutePlanResponse } from './gen/spark/connect/base_pb.ts'

/** A cell of a result: 64-bit integers are numbers where exact, else bigints; instants are Dates; lists are arrays. */
export type Cell =
  | number
  | bigint
  | string
  | boolean
  | Date
  | Uint8Array
  | null
  | readonly Cell[]
  | { readonly [name: string]: Cell }

/** A row of a result, by column name. */
export type Row = Readonly<Record<string, Cell>>

/** A column to upload. */
export type UploadColumn =
  | { readonly name: string; readonly type: 'double'; readonly values: Float64Array | Float32Array }
  | { readonly name: string; readonly type: 'long'; readonly values: BigInt64Array }
  | { readonly name: string; readonly type: 'text'; readonly values: readonly (string | null)[] }
  | { readonly name: string; readonly type: 'boolean'; readonly values: readonly (boolean | null)[] }
  | { readonly name: string; readonly type: 'binary'; readonly values: readonly Uint8Array[] }

/** Spark's names of the types of uploaded columns. */
export const sparkTypes = {
  double: 'DOUBLE',
  long: 'BIGINT',
  text: 'STRING',
  boolean: 'BOOLEAN',
  binary: 'BINARY',
} as const

/** Some rows of columns, as one Arrow stream. */
export function encodeRows(columns: readonly UploadColumn[], from: number, to: number): Uint8Array {
  const encoded = columns.map((column): [string, ReturnType<typeof columnFromArray>] => {
    switch (column.type) {
      case 'double': {
        const part = column.values.subarray(from, to)
        return [
          column.name,
          columnFromArray(part instanceof Float64Array ? part : Float64Array.from(part), float64()),
        ]
      }
      case 'long':
        return [column.name, columnFromArray(column.values.subarray(from, to), int64())]
      case 'text':
        return [column.name, columnFromArray(column.values.slice(from, to), utf8())]
      case 'boolean':
        return [column.name, columnFromArray(column.values.slice(from, to), bool())]
      case 'binary':
        return [column.name, columnFromArray(column.values.slice(from, to), binary())]
    }
  })
  const bytes = tableToIPC(tableFromColumns(encoded), { format: 'stream' })
  if (bytes === null) throw new SparkError('upload: the rows could not be encoded')
  return bytes
}

/** Puts the messages of an execution together to Arrow tables, one for each batch that the server made. */
export async function* arrowTables(
  call: string,
  messages: AsyncIterable<ExecutePlanResponse>,
): AsyncGenerator<ArrowTable, void> {
  let rows = 0
  let chunks: Uint8Array[] = []
  for await (const { responseType } of messages) {
    if (responseType.case !== 'arrowBatch') continue
    const { data, rowCount, startOffset, chunkIndex, numChunksInBatch } = responseType.value
    const expected = Number(numChunksInBatch ?? 1n)
    if (Number(chunkIndex ?? 0n) !== chunks.length) throw torn(call)
    chunks.push(data)
    if (chunks.length < expected) continue
    const bytes = joined(chunks)
    chunks = []
    if (startOffset !== undefined && Number(startOffset) !== rows) throw torn(call)
    const table = readArrow(call, bytes)
    if (table.numRows !== Number(rowCount)) throw torn(call)
    rows += table.numRows
    yield table
  }
  if (chunks.length > 0) throw torn(call)
}

/** The chunks in one buffer of their own: Arrow wants its numbers aligned, which a slice of a message is not. */
function joined(chunks: readonly Uint8Array[]): Uint8Array {
  let size = 0
  for (const chunk of chunks) size += chunk.length
  const bytes = new Uint8Array(size)
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.length
  }
  return bytes
}

function readArrow(call: string, bytes: Uint8Array): ArrowTable {
  try {
    return tableFromIPC(bytes, { useDate: true, useBigInt: true })
  } catch (error) {
    throw new SparkError(`${call}: the server sent a batch that is not Arrow`, {}, error)
  }
}

function torn(call: string): SparkError {
  return new SparkError(`${call}: the server's messages do not fit together: rows are missing or doubled`)
}

/** The rows of an Arrow table. @throws {InputError} E_FEATURES where two columns share a name: a row has room for one */
export function rowsOf(call: string, table: ArrowTable): Row[] {
  const names = new Set<string>()
  for (const name of table.names.map(String)) {
    if (names.has(name)) {
      throw new InputError(
        'E_FEATURES',
        'table',
        `${call}: two columns are named ${show(name)}: name one anew, or leave it out, in a query before`,
      )
    }
    names.add(name)
  }
  const rows: Record<string, Cell>[] = Array.from({ length: table.numRows }, () => ({}))
  table.children.forEach((column, at) => {
    const name = String(table.names[at])
    let i = 0
    for (const value of column) rows[i++][name] = cellOf(value)
  })
  return rows
}

/** A whole column of numbers; a null is refused. */
export function numbersOf(call: string, table: ArrowTable, name: string): Float64Array {
  const column = table.getChild(name)
  if (column === undefined || column === null || column.nullCount > 0) {
    throw new SparkError(`${call}: the server's answer has no whole column ${name}`)
  }
  const numbers = new Float64Array(column.length)
  let i = 0
  for (const value of column) numbers[i++] = Number(value)
  return numbers
}

/** A whole column of 64-bit integers; a null is refused. */
export function idsOf(call: string, table: ArrowTable, name: string): bigint[] {
  const found: bigint[] = []
  for (const value of table.getChild(name) ?? []) {
    if (typeof value !== 'bigint' && typeof value !== 'number') {
      throw new SparkError(`${call}: the server's answer has no whole column ${name}`)
    }
    found.push(BigInt(value))
  }
  return found
}

/** A column of byte strings; a null is refused. */
export function bytesOf(call: string, table: ArrowTable, name: string): Uint8Array[] {
  const found: Uint8Array[] = []
  for (const value of table.getChild(name) ?? []) {
    if (!(value instanceof Uint8Array))
      throw new SparkError(`${call}: the server's answer has no bytes in ${name}`)
    found.push(value)
  }
  return found
}

function cellOf(value: unknown): Cell {
  if (value === undefined || value === null) return null
  if (typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean') return value
  if (typeof value === 'bigint') {
    return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value
  }
  if (value instanceof Date || value instanceof Uint8Array) return value
  if (Array.isArray(value)) return value.map(cellOf)
  if (ArrayBuffer.isView(value) && Symbol.iterator in value) {
    const list: Cell[] = []
    const numbers: unknown = value[Symbol.iterator]
    if (typeof numbers === 'function') for (const item of numbers.call(value)) list.push(cellOf(item))
    return list
  }
  const fields: Record<string, Cell> = {}
  for (const [name, field] of Object.entries(value)) fields[name] = cellOf(field)
  return fields
}
