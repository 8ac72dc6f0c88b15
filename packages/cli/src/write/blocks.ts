import { isMissing } from 'nigh'
import type { Column, Table } from 'nigh'
import { isDaysOnly } from './cells.ts'

/** What is known of a column before any of its cells is written. */
export interface Shape {
  readonly name: string
  readonly type: Column['type']
  /** Whether numbers are float32. */
  readonly single: boolean
  readonly categories: readonly string[]
  /** Whether a date column holds whole days only, and whether any cell is missing. */
  readonly daysOnly: boolean
  readonly missing: boolean
}

/** Rows that are written some at a time: those of a table, or more than memory holds. */
export interface RowBlocks {
  readonly rows: number
  readonly columns: readonly Shape[]
  /** All rows, block after block. */
  blocks(): Iterable<Table> | AsyncIterable<Table>
}

/** The rows of a table, as views on it. */
export function blocksOf(table: Table): RowBlocks {
  return {
    rows: table.rows,
    columns: table.columns.map((column) => ({
      name: column.name,
      type: column.type,
      single: column.values instanceof Float32Array,
      categories: column.type === 'text' ? column.categories : [],
      daysOnly: isDaysOnly(column),
      missing: hasMissing(column),
    })),
    *blocks() {
      for (let from = 0; from < table.rows; from += together) {
        yield table.slice(from, Math.min(table.rows, from + together))
      }
    },
  }
}

function hasMissing(column: Column): boolean {
  for (let i = 0; i < column.values.length; i++) if (isMissing(column, i)) return true
  return false
}

const together = 1 << 16
