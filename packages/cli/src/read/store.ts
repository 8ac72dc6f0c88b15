import type { Column } from 'nigh'
import { BooleanBuilder, NumberBuilder, TextBuilder } from './columns.ts'
import type { ColumnBuilder } from './columns.ts'

/** Where the columns of a file that is read are put: in memory, or (stream/spool.ts) on the disk. */
export interface ColumnStore {
  numbers(rows: number, type?: 'number' | 'date', single?: boolean): ColumnBuilder
  texts(rows: number): ColumnBuilder
  booleans(rows: number): ColumnBuilder
  /** Takes a column that is finished, one at a time, and gives what stands for it. */
  keep(column: Column): Column
}

/** Columns stay in memory. */
export const inMemory: ColumnStore = {
  numbers: (rows, type = 'number', single = false) => new NumberBuilder(rows, type, single),
  texts: (rows) => new TextBuilder(rows),
  booleans: (rows) => new BooleanBuilder(rows),
  keep: (column) => column,
}
