import { InputError } from 'nigh'
import type { DateOrder } from './cells.ts'
import type { ColumnStore } from './store.ts'
import { likest } from '../show/likest.ts'
import { show } from '../show/text.ts'

/** How to read a file where its ending and contents do not say enough. */
export interface ReadOptions {
  /** Default: by the ending of the name. */
  readonly format?: Format
  /** What separates the cells of a CSV file. Default: found in the first lines, refused where two would do. */
  readonly delimiter?: string
  /** The decimal mark: '.' or ','. Default: '.', and ',' in a column where nothing else is possible. */
  readonly decimal?: '.' | ','
  /** The mark between thousands. Default: none. */
  readonly thousands?: string
  /** Marks before and after the numbers of a CSV file that are left out: `$`, `%`, `kg`. Default: none. */
  readonly units?: readonly string[]
  /** How dates of a CSV file are written besides ISO 8601. Default: in no other way. */
  readonly dates?: DateOrder
  /** False where a CSV file's first line is data. Default: true. */
  readonly header?: boolean
  readonly encoding?: 'utf-8' | 'utf-16' | 'latin1'
  /** Cells that stand for a missing value, besides the empty cell. Default: {@link missingMarks}. */
  readonly missingMarks?: readonly string[]
  /** Columns of a CSV file to read as text, whatever they hold. */
  readonly text?: readonly string[]
  /** The only columns to read. Default: all. */
  readonly only?: readonly string[]
  /** Columns that nobody needs (or all): left out, with a warning, where they hold what a table cannot. */
  readonly dispensable?: readonly string[] | 'all'
  /** Where columns are put. Default: in memory. */
  readonly store?: ColumnStore
  /** Largest estimate of a table, in bytes, that is read. Default: half of the machine's memory. */
  readonly maxBytes?: number
  /** Threads for DuckDB. Default: all. */
  readonly threads?: number
  /** Aborts the reading. */
  readonly signal?: AbortSignal
  /** Told the share that has been read, from 0 to 1. */
  readonly onProgress?: (share: number) => void
}

export const formats = ['csv', 'tsv', 'json', 'ndjson', 'parquet', 'arrow', 'npy'] as const
export type Format = (typeof formats)[number]

/** What stands for a missing value in a CSV file, besides the empty cell. */
export const missingMarks: readonly string[] = ['NA', 'N/A', 'n/a', 'NaN', 'nan', 'NULL', 'null', 'None']

/** Something the reader noticed and went on with: said aloud, never silent. */
export interface ReadWarning {
  readonly code: string
  readonly message: string
}

/** Whether a column may be left out. */
export function isDispensable(
  { dispensable }: { readonly dispensable?: ReadOptions['dispensable'] | undefined },
  name: string,
): boolean {
  return dispensable === 'all' || dispensable?.includes(name) === true
}

/** Says that a dispensable column was left out. */
export function leftOut(file: string, column: string, holds: string): ReadWarning {
  return {
    code: 'W_LEFT_OUT',
    message: `${file}: column ${show(column)} holds ${holds} and is left out of everything`,
  }
}

/** Refuses to read nothing: none of the columns asked for is there. */
export function checkSome(
  file: string,
  read: readonly unknown[],
  names: readonly string[],
  only: readonly string[] = [],
): void {
  if (read.length > 0) return
  const alike = only.map((one) => likest(one, names)).find((one) => one !== undefined)
  throw new InputError(
    'E_FEATURES',
    'columns',
    `${file} has none of the columns asked for (${listed(only, 3)}); ` +
      (alike === undefined ? `it has ${listed(names, 12)}` : `did you mean ${show(alike)}?`),
  )
}

/** The first few names, and how many more there are. */
function listed(names: readonly string[], most: number): string {
  const more = names.length > most ? ` and ${names.length - most} more` : ''
  return `${names.slice(0, most).map(show).join(', ')}${more}`
}
