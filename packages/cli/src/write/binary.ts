import {
  bool,
  dateDay,
  dictionary,
  float32,
  float64,
  int32,
  tableFromArrays,
  tableToIPC,
  timestamp,
  utf8,
} from '@uwdata/flechette'
import type { DataType } from '@uwdata/flechette'
import { parquetWrite } from 'hyparquet-writer'
import { ByteWriter } from 'hyparquet-writer/src/bytewriter.js'
import { InputError, isMissing } from 'nigh'
import type { Column, Table } from 'nigh'
import { show } from '../show/text.ts'
import { isDaysOnly } from './cells.ts'
import type { Draft } from './replace.ts'

/** Writes an Arrow IPC file: text as a dictionary, whole days as Date, other instants as Timestamp in milliseconds. */
export function writeArrow(table: Table, draft: Draft): void {
  const types: Record<string, DataType> = Object.create(null)
  const columns: [string, unknown[] | Float64Array | Float32Array][] = []
  for (const column of table.columns) {
    types[column.name] = arrowType(column)
    columns.push([
      column.name,
      column.type === 'number' && !hasMissing(column) ? column.values : plainCells(column),
    ])
  }
  const bytes = tableToIPC(tableFromArrays(columns, { types }), { format: 'file' })
  if (bytes !== null) draft.write(bytes)
}

/** Writes a Parquet file (Snappy): float32 and float64, booleans, text, timestamps in milliseconds. */
export function writeParquet(table: Table, draft: Draft): void {
  const writer = new ByteWriter()
  // A writer that holds all in memory: it is done at once.
  void parquetWrite({
    writer,
    columnData: table.columns.map((column) => ({
      name: column.name,
      data: parquetCells(column),
      type: parquetType(column),
      nullable: hasMissing(column),
    })),
    createdBy: 'nigh',
  })
  draft.write(writer.getBytes())
}

/**
 * Writes a two-dimensional .npy array of the table's numbers: float64, C order. True and false become 1 and 0.
 *
 * @throws {InputError} E_NPY for a column of text or dates
 */
export function writeNpy(table: Table, draft: Draft): void {
  const { rows, columns } = table
  for (const { name, type } of columns) {
    if (type === 'text' || type === 'date') {
      throw new InputError(
        'E_NPY',
        'out',
        `an npy file holds numbers only, but column ${show(name)} is ${type === 'date' ? 'a date' : 'text'}; write CSV, Parquet or Arrow, or leave it out with --ignore`,
      )
    }
  }
  const dictionaryText = `{'descr': '<f8', 'fortran_order': False, 'shape': (${rows}, ${columns.length}), }`
  const length = Math.ceil((10 + dictionaryText.length + 1) / 64) * 64 - 10
  const header = Buffer.alloc(10 + length, ' ')
  header.write('\x93NUMPY\x01\x00', 'latin1')
  header.writeUInt16LE(length, 8)
  header.write(dictionaryText, 10, 'latin1')
  header[header.length - 1] = 10
  draft.write(header)
  const together = Math.max(1, Math.floor((1 << 19) / columns.length))
  const block = new DataView(new ArrayBuffer(Math.min(together, rows) * columns.length * 8))
  for (let from = 0; from < rows; from += together) {
    const to = Math.min(rows, from + together)
    let at = 0
    for (let row = from; row < to; row++) {
      for (const { type, values } of columns) {
        const value = values[row]
        block.setFloat64(at, type === 'boolean' && value === 255 ? Number.NaN : value, true)
        at += 8
      }
    }
    draft.write(new Uint8Array(block.buffer, 0, at))
  }
}

function arrowType(column: Column): DataType {
  switch (column.type) {
    case 'number':
      return column.values instanceof Float32Array ? float32() : float64()
    case 'boolean':
      return bool()
    case 'date':
      return isDaysOnly(column) ? dateDay() : timestamp()
    case 'text':
      return dictionary(utf8(), int32())
  }
}

function parquetType(column: Column): 'FLOAT' | 'DOUBLE' | 'BOOLEAN' | 'TIMESTAMP' | 'STRING' {
  switch (column.type) {
    case 'number':
      return column.values instanceof Float32Array ? 'FLOAT' : 'DOUBLE'
    case 'boolean':
      return 'BOOLEAN'
    case 'date':
      return 'TIMESTAMP'
    case 'text':
      return 'STRING'
  }
}

/** Numbers without a missing cell go as they are: boxing a million of them takes more memory than the table. */
function parquetCells(column: Column): unknown[] | Float64Array | Float32Array {
  if (column.type === 'number' && !hasMissing(column)) return column.values
  const cells = plainCells(column)
  return column.type === 'date' ? cells.map((cell) => (cell === null ? null : new Date(Number(cell)))) : cells
}

function hasMissing(column: Column): boolean {
  for (let i = 0; i < column.values.length; i++) if (isMissing(column, i)) return true
  return false
}

/** The cells as plain values, null where missing; numbers without a missing cell as they are. */
function plainCells(column: Column): (number | boolean | string | null)[] {
  const cells: (number | boolean | string | null)[] = []
  for (let i = 0; i < column.values.length; i++) {
    const value = column.values[i]
    switch (column.type) {
      case 'number':
      case 'date':
        cells[i] = Number.isNaN(value) ? null : value
        break
      case 'boolean':
        cells[i] = value === 255 ? null : value === 1
        break
      case 'text':
        cells[i] = value < 0 ? null : column.categories[value]
        break
    }
  }
  return cells
}
