// The table that is open, and what is known of it without fitting a model.

import { Encoder, InputError, principalComponents, project, summaryOf } from 'nigh'
import type { Column, ColumnSummary, Matrix, Table } from 'nigh'
import { count } from '../numbers.ts'
import { readTable } from '../read/read.ts'
import { cellTexts } from '../write/csv.ts'
import type { Axis, FileMade, Roles, Tasks } from './tasks.ts'
import type { Work } from './serving.ts'

let opened: Table | null = null
/** Columns that only name their rows: they describe nothing. */
export let rowNames: ReadonlySet<string> = new Set()
/** Counts the tables, so that what was made of one is not used with another. */
let edition = 0

/** @throws where no table is open: a defect, since the page asks only then */
export function tableNow(): Table {
  if (opened === null)
    throw new InputError('E_FILE', 'file', 'No table is open any more. Open the file again.')
  return opened
}

export async function open(ask: Tasks['open']['ask'], work: Work): Promise<Tasks['open']['answer']> {
  const { table, how } = await readTable(ask.file, ask.choices, work)
  work.progress({ share: null, words: 'looking at the columns' })
  const summaries = summaryOf(table)
  work.signal.throwIfAborted()
  const uses = usesOf(table)
  opened = table
  rowNames = new Set(
    uses
      .filter(({ used, how: why }) => !used && /looks like an id|are all different/.test(why))
      .map(({ name }) => name),
  )
  edition++
  encodedLast = null
  return {
    rows: table.rows,
    how,
    summaries,
    histograms: table.columns.map((column, j) => histogramOf(column, summaries[j])),
    uses,
    warnings: [...withoutColumns(how.leftOut), ...roundedNumbers(table)],
  }
}

function withoutColumns(names: readonly string[]): string[] {
  if (names.length === 0) return []
  const listed = names.slice(0, 5).map((name) => JSON.stringify(name))
  if (names.length > listed.length) listed.push(`${names.length - listed.length} more`)
  return [
    `Left out, since ${names.length === 1 ? 'it holds' : 'they hold'} lists or structures: ${listed.join(', ')}.`,
  ]
}

/** Which columns nigh would use by itself, and why not the others. */
function usesOf(table: Table): Tasks['open']['answer']['uses'] {
  try {
    return Encoder.fit(table, { missing: 'impute' }).uses
  } catch (error) {
    if (!(error instanceof InputError)) throw error
  }
  // It refuses a table without any column to use. Beside one that it can use, it says of each why not.
  let name = 'rows'
  while (table.names.includes(name)) name += '_'
  const half = Float64Array.from({ length: table.rows }, (_, i) => (2 * i < table.rows ? 0 : 1))
  try {
    const { uses } = Encoder.fit(table.append([{ name, type: 'number', values: half }]), {
      missing: 'impute',
    })
    return uses.filter((use) => use.name !== name)
  } catch (error) {
    if (!(error instanceof InputError)) throw error
    return table.columns.map((column) => ({
      name: column.name,
      type: column.type,
      used: false,
      how: 'not used: a single row tells nothing of it',
      features: [],
    }))
  }
}

function histogramOf(column: Column, summary: ColumnSummary): number[] | null {
  const { spread } = summary
  if (spread === null || spread.max === spread.min || (column.type !== 'number' && column.type !== 'date'))
    return null
  const bins = new Array<number>(16).fill(0)
  const step = spread.max / 16 - spread.min / 16 || 1
  for (const value of column.values) {
    if (Number.isFinite(value)) bins[Math.min(15, Math.floor((value - spread.min) / step))]++
  }
  return bins
}

function roundedNumbers(table: Table): string[] {
  return table.columns
    .filter(
      ({ type, values }) =>
        type === 'number' &&
        values.some((value) => Math.abs(value) > Number.MAX_SAFE_INTEGER && Number.isInteger(value)),
    )
    .map(
      ({ name }) =>
        `Column ${JSON.stringify(name)} holds whole numbers beyond 2^53, which are rounded. If it names its rows, leave it out or read it as text.`,
    )
}

/** The table as numbers. */
export interface EncodedTable {
  readonly encoder: Encoder
  readonly matrix: Matrix
  readonly rows: Uint32Array | null
}

let encodedLast: { readonly key: string; readonly encoded: EncodedTable } | null = null

/** Encodes the columns in use; the last result is kept, since most questions share it. */
export function encoded(roles: Roles): EncodedTable {
  const table = tableNow()
  const key = JSON.stringify([edition, roles])
  if (encodedLast?.key === key) return encodedLast.encoded
  const encoder = Encoder.fit(table, encoderOptions(roles))
  const { matrix, rows } = encoder.encode(table)
  encodedLast = { key, encoded: { encoder, matrix, rows } }
  return encodedLast.encoded
}

/** The encoder's options that the roles mean; the command gets the same. */
export function encoderOptions(roles: Roles): {
  readonly scale: Roles['scale']
  readonly missing: Roles['missing']
  readonly columns?: readonly string[]
  readonly ignore?: readonly string[]
} {
  const { scale, missing, columns, target } = roles
  if (columns !== null) {
    const used = columns.filter((name) => name !== target)
    if (used.length === 0)
      throw new InputError('E_FEATURES', 'columns', 'No column is in use. Choose at least one on the left.')
    return { scale, missing, columns: used }
  }
  return { scale, missing, ...(target === null ? {} : { ignore: [target] }) }
}

/** Of more columns, principal components would hold the worker up for minutes, and cannot be stopped. */
const MOST_COMPONENTS = 600

/** Where the rows lie along two axes. */
export async function places(ask: Tasks['places']['ask'], work: Work): Promise<Tasks['places']['answer']> {
  const table = tableNow()
  const origin = { x: originOf(table, ask.x), y: originOf(table, ask.y) }
  const names = { x: namesOf(table, ask.x), y: namesOf(table, ask.y) }
  if ('column' in ask.x && 'column' in ask.y) {
    return {
      x: work.give(numbersOf(table.column(ask.x.column), origin.x)),
      y: work.give(numbersOf(table.column(ask.y.column), origin.y)),
      origin,
      names,
      rows: null,
      shares: [],
    }
  }
  const { matrix, rows } = encoded(ask.roles)
  if (matrix.columns > MOST_COMPONENTS) {
    throw new InputError(
      'E_SIZE',
      'columns',
      `Principal components are drawn of up to ${count(MOST_COMPONENTS)} columns of numbers; here are ${count(matrix.columns)}. Choose two columns to draw, or use fewer.`,
    )
  }
  const asked = Math.min(matrix.columns, Math.max(componentOf(ask.x), componentOf(ask.y)) + 1)
  const principal = principalComponents(matrix, { count: asked })
  const turned = project(matrix, principal)
  const along = (axis: Axis, from: number): Float32Array => {
    if ('column' in axis) {
      const all = numbersOf(table.column(axis.column), from)
      return rows === null ? all : Float32Array.from(rows, (row) => all[row])
    }
    if (axis.component >= turned.columns) return new Float32Array(turned.rows)
    return Float32Array.from(
      { length: turned.rows },
      (_, i) => turned.values[i * turned.columns + axis.component],
    )
  }
  return {
    x: work.give(along(ask.x, origin.x)),
    y: work.give(along(ask.y, origin.y)),
    origin,
    names,
    rows,
    shares: [...principal.shares],
  }
}

/** Where an axis begins: at a value of the column. */
function originOf(table: Table, axis: Axis): number {
  if (!('column' in axis)) return 0
  const { type, values } = table.column(axis.column)
  if (type !== 'number' && type !== 'date') return 0
  return values.find((value) => !Number.isNaN(value)) ?? 0
}

function componentOf(axis: Axis): number {
  return 'component' in axis ? axis.component : 0
}

/** Of more texts than that, an axis names none. */
const MOST_NAMES = 40

function namesOf(table: Table, axis: Axis): readonly string[] | null {
  if (!('column' in axis)) return null
  const column = table.column(axis.column)
  if (column.type === 'boolean') return ['false', 'true']
  return column.type === 'text' && column.categories.length <= MOST_NAMES ? column.categories : null
}

/** Any column as numbers to draw, from an origin: text and booleans as places side by side, moved a little apart. */
function numbersOf(column: Column, origin: number): Float32Array {
  if (column.type === 'number' || column.type === 'date') {
    // Subtracted before it is rounded: a date in single precision would be off by minutes.
    const places = new Float32Array(column.values.length)
    for (let i = 0; i < places.length; i++) places[i] = column.values[i] - origin
    return places
  }
  const missing = column.type === 'text' ? -1 : 255
  return Float32Array.from(column.values, (value, i) =>
    value === missing ? Number.NaN : value + (((i * 2654435761) % 1000) / 1000 - 0.5) * 0.6,
  )
}

export async function cells(ask: Tasks['cells']['ask']): Promise<Tasks['cells']['answer']> {
  const table = tableNow()
  const chosen = ask.columns === null ? table : table.select(ask.columns)
  return rowTexts(chosen, ask.rows)
}

/** Rows as text. */
export function rowTexts(table: Table, rows: ArrayLike<number>): string[][] {
  const texts = table.columns.map(cellTexts)
  return Array.from(rows, (row) => texts.map((text) => text(row) ?? ''))
}

/** Numbers for the kept rows, given back to all rows. */
export function toAllRows(values: ArrayLike<number>, kept: Uint32Array | null, rows: number): Float64Array {
  if (kept === null) return Float64Array.from(values)
  const all = new Float64Array(rows).fill(Number.NaN)
  for (let i = 0; i < kept.length; i++) all[kept[i]] = values[i]
  return all
}

/** Answers behind a table's columns; one whose name is taken gets an ending, as the command's does. */
export function withAnswers(table: Table, answers: readonly Column[]): Table {
  const taken = new Set(table.names)
  return table.append(
    answers.map((column) => {
      let { name } = column
      while (taken.has(name)) name += '_nigh'
      taken.add(name)
      return { ...column, name }
    }),
  )
}

/** The file of a model. */
export function modelFile(bytes: Uint8Array<ArrayBuffer>, name: string): FileMade {
  return { name, blob: new Blob([bytes], { type: 'application/octet-stream' }) }
}

/** Text answers as a column. */
export function textColumn(name: string, given: readonly (string | null)[]): Column {
  const codes = new Map<string, number>()
  const values = Int32Array.from(given, (cell) => {
    if (cell === null) return -1
    const code = codes.get(cell) ?? codes.size
    codes.set(cell, code)
    return code
  })
  return { name, type: 'text', values, categories: [...codes.keys()] }
}
