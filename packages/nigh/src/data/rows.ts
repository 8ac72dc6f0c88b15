import { InputError, show } from '../check.ts'
import { checkNames } from './names.ts'
import type { Column } from './table.ts'

/** One column while its rows are read. */
interface Reading {
  readonly name: string
  /** The type of the cells so far, and the row that set it; null while every cell was missing. */
  type: Column['type'] | null
  typeRow: number
  /** Numbers, milliseconds, or 0 and 1. */
  readonly numbers: Float64Array
  readonly indices: Map<string, number>
}

/**
 * Reads plain records into columns: {@link Table.fromRows} says how.
 *
 * Cost: one pass over the cells; 8 bytes a cell.
 */
export function columnsOfRows(call: string, rows: readonly object[]): Column[] {
  const given: unknown = rows
  if (!Array.isArray(given)) {
    throw new InputError('E_TYPE', 'rows', `${call}: rows must be an array of records, got ${show(given)}`)
  }
  const n = given.length
  if (n === 0) throw new InputError('E_EMPTY', 'rows', `${call}: rows must hold a record, got none`)
  const columns = new Map<string, Reading>()
  for (let i = 0; i < n; i++) {
    const row: unknown = given[i]
    if (!isRecord(row)) {
      throw new InputError('E_TYPE', 'rows', `${call}: row ${i} must be a plain record, got ${show(row)}`)
    }
    // Own names only: a name that a record does not have must not be looked up in Object.prototype.
    for (const [name, cell] of Object.entries(row)) {
      let column = columns.get(name)
      if (column === undefined) {
        column = {
          name,
          type: null,
          typeRow: 0,
          numbers: new Float64Array(n).fill(Number.NaN),
          indices: new Map(),
        }
        columns.set(name, column)
      }
      readCell(call, column, i, cell)
    }
  }
  if (columns.size === 0)
    throw new InputError('E_EMPTY', 'rows', `${call}: rows must hold a column, got ${n} empty records`)
  checkNames(call, 'rows', [...columns.keys()])
  return Array.from(columns.values(), finish)
}

function isRecord(row: unknown): row is Readonly<Record<string, unknown>> {
  if (row === null || typeof row !== 'object' || Array.isArray(row)) return false
  // A plain object of any realm: its prototype is null or has none itself.
  const prototype: unknown = Object.getPrototypeOf(row)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

function readCell(call: string, column: Reading, i: number, cell: unknown): void {
  if (cell === null || cell === undefined) return
  const type = typeOf(cell)
  if (type === null) {
    throw new InputError(
      'E_TYPE',
      'rows',
      `${call}: row ${i}, column ${show(column.name)} must be a number, boolean, text, date or null, got ${show(cell)}`,
    )
  }
  if (column.type === null) {
    column.type = type
    column.typeRow = i
  } else if (column.type !== type) {
    throw new InputError(
      'E_TYPE',
      'rows',
      `${call}: a column must be of one type; column ${show(column.name)} is ${column.type} in row ${column.typeRow}, but row ${i} holds ${show(cell)} (nothing is converted)`,
    )
  }
  if (typeof cell === 'string') {
    let index = column.indices.get(cell)
    if (index === undefined) {
      index = column.indices.size
      column.indices.set(cell, index)
    }
    column.numbers[i] = index
  } else if (cell instanceof Date) {
    const time = cell.getTime()
    if (Number.isNaN(time)) {
      throw new InputError(
        'E_TYPE',
        'rows',
        `${call}: row ${i}, column ${show(column.name)} must be a valid date, got an invalid Date`,
      )
    }
    column.numbers[i] = time
  } else {
    column.numbers[i] = Number(cell)
  }
}

function typeOf(cell: unknown): Column['type'] | null {
  if (typeof cell === 'number') return 'number'
  if (typeof cell === 'boolean') return 'boolean'
  if (typeof cell === 'string') return 'text'
  return cell instanceof Date ? 'date' : null
}

function finish({ name, type, numbers, indices }: Reading): Column {
  switch (type) {
    case 'boolean':
      return { name, type, values: Uint8Array.from(numbers, (value) => (Number.isNaN(value) ? 255 : value)) }
    case 'text':
      return {
        name,
        type,
        values: Int32Array.from(numbers, (value) => (Number.isNaN(value) ? -1 : value)),
        categories: [...indices.keys()],
      }
    case 'date':
      return { name, type, values: numbers }
    default:
      return { name, type: 'number', values: numbers }
  }
}
