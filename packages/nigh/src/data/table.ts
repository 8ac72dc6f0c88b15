import { InputError, checkInteger, show, checkMade } from '../check.ts'
import { checkNames, listNames, unknownName } from './names.ts'
import { columnsOfRows } from './rows.ts'

/** Numbers; a missing cell is NaN. */
export interface NumberColumn {
  readonly name: string
  readonly type: 'number'
  /** n numbers; NaN is a missing cell. */
  readonly values: Float64Array | Float32Array
}

/** True or false. */
export interface BooleanColumn {
  readonly name: string
  readonly type: 'boolean'
  /** n cells: 0 false, 1 true, 255 missing. */
  readonly values: Uint8Array
}

/** Text, stored once for each different value. */
export interface TextColumn {
  readonly name: string
  readonly type: 'text'
  /** n cells: the index of the cell's text in `categories`, or −1 where it is missing. */
  readonly values: Int32Array
  /** The different texts, in the order in which they first appear. Some may have no cell, as after {@link Table.slice}. */
  readonly categories: readonly string[]
}

/** Instants. */
export interface DateColumn {
  readonly name: string
  readonly type: 'date'
  /** n instants, in milliseconds since 1970-01-01T00:00Z; NaN is a missing cell. */
  readonly values: Float64Array
}

/** One named, typed column. */
export type Column = NumberColumn | BooleanColumn | TextColumn | DateColumn

/** What one cell holds, as a plain value: null where it is missing. */
export type Cell = number | boolean | string | Date | null

/**
 * n rows of named, typed columns: what a file becomes. Immutable; it views the arrays that it is given and never
 * writes to them.
 */
export class Table {
  /** n, the number of rows. */
  readonly rows: number
  /** The columns, in order. */
  readonly columns: readonly Column[]
  /** The columns' names, in order. */
  readonly names: readonly string[]
  readonly #places: ReadonlyMap<string, number>

  private constructor(columns: readonly Column[], rows: number) {
    checkMade(
      'Table',
      typeof rows === 'number' ? columns : null,
      'length',
      'of(columns) or Table.fromRows(rows)',
    )
    this.rows = rows
    this.columns = Object.freeze([...columns])
    this.names = Object.freeze(columns.map((column) => column.name))
    this.#places = new Map(this.names.map((name, j) => [name, j]))
    Object.freeze(this)
  }

  /**
   * Makes a table of columns, without copying their cells.
   *
   * Cost: one pass over the cells of boolean and text columns, to check them.
   *
   * @throws {InputError} E_EMPTY without columns, E_SHAPE for columns of different lengths, E_FEATURES for a blank or
   * repeated name, E_TYPE for a column whose values are not of its type, E_RANGE for a cell that names no category
   * @example
   * const table = Table.of([
   *   { name: 'height', type: 'number', values: Float64Array.of(1.62, 1.8) },
   *   { name: 'city', type: 'text', values: Int32Array.of(0, 1), categories: ['Graz', 'Linz'] },
   * ])
   */
  static of(columns: readonly Column[]): Table {
    const checked = checkColumns('Table.of', columns)
    return new Table(checked, checked[0].values.length)
  }

  /**
   * Makes a table of plain records, one a row. A column's type is that of its cells, which must agree: nothing is
   * converted. A cell is missing where it is null, undefined, NaN, or where the record does not have it. A column
   * with no cell at all counts as numbers.
   *
   * @throws {InputError} E_EMPTY without rows or columns; E_TYPE, with row and column, for a row that is not a plain
   * record, a cell of another kind, a date that is not valid, or a column that mixes types
   * @example
   * const table = Table.fromRows([{ height: 1.62, city: 'Graz' }, { height: 1.8, city: null }])
   */
  static fromRows(rows: readonly object[]): Table {
    const columns = columnsOfRows('Table.fromRows', rows)
    return new Table(columns.map(freezeColumn), rows.length)
  }

  /** Whether there is a column of this name. */
  has(name: string): boolean {
    return this.#places.has(name)
  }

  /**
   * The column of this name.
   *
   * @throws {InputError} E_FEATURES where there is none, with the names that are alike
   */
  column(name: string): Column {
    return this.columns[this.#place('Table.column', 'name', name)]
  }

  /**
   * The table of these columns alone, in this order. Shares the cells.
   *
   * @throws {InputError} E_FEATURES for a name that is not there or comes twice, E_EMPTY for none
   */
  select(names: readonly string[]): Table {
    const call = 'Table.select'
    checkList(call, 'names', names)
    if (names.length === 0)
      throw new InputError('E_EMPTY', 'names', `${call}: names must hold a name, got none`)
    checkNames(call, 'names', names)
    const columns = names.map((name) => this.columns[this.#place(call, 'names', name)])
    return new Table(columns, this.rows)
  }

  /**
   * The table without these columns. Shares the cells.
   *
   * @throws {InputError} E_FEATURES for a name that is not there, E_EMPTY where no column would be left
   */
  drop(names: readonly string[]): Table {
    const call = 'Table.drop'
    checkList(call, 'names', names)
    const dropped = new Set(names.map((name) => this.#place(call, 'names', name)))
    const columns = this.columns.filter((_, j) => !dropped.has(j))
    if (columns.length === 0) {
      throw new InputError(
        'E_EMPTY',
        'names',
        `${call}: names must leave a column, got all: ${listNames(names)}`,
      )
    }
    return new Table(columns, this.rows)
  }

  /**
   * The table with further columns behind its own. Shares the cells.
   *
   * @throws {InputError} as {@link Table.of}; E_FEATURES for a name that the table has already
   */
  append(columns: readonly Column[]): Table {
    const call = 'Table.append'
    const checked = checkColumns(call, columns)
    checkNames(call, 'columns', [...this.names, ...checked.map((column) => column.name)])
    if (checked[0].values.length !== this.rows) {
      throw new InputError(
        'E_SHAPE',
        'columns',
        `${call}: columns must have ${this.rows} cells, one for each row, got ${checked[0].values.length}`,
      )
    }
    return new Table([...this.columns, ...checked], this.rows)
  }

  /**
   * The table of these rows, in this order; a row may come more than once. Copies the cells.
   *
   * @throws {InputError} E_RANGE for a number that is no row
   */
  take(rowIndices: readonly number[] | Uint32Array | Int32Array): Table {
    const call = 'Table.take'
    if (!(rowIndices instanceof Uint32Array || rowIndices instanceof Int32Array)) {
      checkList(call, 'rowIndices', rowIndices)
    }
    for (let i = 0; i < rowIndices.length; i++) {
      const row: unknown = rowIndices[i]
      if (typeof row === 'number' && Number.isInteger(row) && row >= 0 && row < this.rows) continue
      throw new InputError(
        'E_RANGE',
        'rowIndices',
        `${call}: rowIndices[${i}] must be a row from 0 to ${this.rows - 1}, got ${show(row)}`,
      )
    }
    const columns = this.columns.map((column) => takeCells(column, rowIndices))
    return new Table(columns, rowIndices.length)
  }

  /**
   * The rows `from` … `to − 1`, as a view on the same cells.
   *
   * @param from the first row; default 0
   * @param to the row after the last; default n
   * @throws {InputError} E_RANGE unless 0 ≤ from ≤ to ≤ n
   */
  slice(from = 0, to: number = this.rows): Table {
    checkInteger('Table.slice', 'to', to, 0, this.rows, 'the number of rows', 'E_RANGE')
    checkInteger('Table.slice', 'from', from, 0, to, 'to', 'E_RANGE')
    return new Table(
      this.columns.map((column) => viewCells(column, from, to)),
      to - from,
    )
  }

  /** The table as plain records, one a row: a copy. A missing cell is null. */
  toRows(): Record<string, Cell>[] {
    const rows: Record<string, Cell>[] = []
    for (let i = 0; i < this.rows; i++) {
      // fromEntries defines properties and does not assign them, so that a column named __proto__ is one like any other.
      rows.push(Object.fromEntries(this.columns.map((column) => [column.name, cellOf(column, i)])))
    }
    return rows
  }

  #place(call: string, param: string, name: string): number {
    const place = this.#places.get(name)
    if (place === undefined) throw unknownName(call, param, name, this.names)
    return place
  }
}

/** The cell of row i as a plain value: null where it is missing. */
export function cellOf(column: Column, i: number): Cell {
  switch (column.type) {
    case 'number':
      return Number.isNaN(column.values[i]) ? null : column.values[i]
    case 'date':
      return Number.isNaN(column.values[i]) ? null : new Date(column.values[i])
    case 'boolean':
      return column.values[i] === 255 ? null : column.values[i] === 1
    case 'text':
      return column.values[i] < 0 ? null : column.categories[column.values[i]]
  }
}

/** Whether the cell of row i is missing. */
export function isMissing(column: Column, i: number): boolean {
  const value = column.values[i]
  if (column.type === 'text') return value < 0
  if (column.type === 'boolean') return value === 255
  return Number.isNaN(value)
}

function checkList(call: string, param: string, list: unknown): void {
  if (Array.isArray(list)) return
  throw new InputError('E_TYPE', param, `${call}: ${param} must be an array, got ${show(list)}`)
}

/** Checks columns that are to stand in one table: at least one, own names, one length. */
function checkColumns(call: string, columns: readonly Column[]): Column[] {
  checkList(call, 'columns', columns)
  if (columns.length === 0)
    throw new InputError('E_EMPTY', 'columns', `${call}: columns must hold a column, got none`)
  const checked = Array.from(columns, (column, j) => checkColumn(call, column, j))
  checkNames(
    call,
    'columns',
    checked.map((column) => column.name),
  )
  const rows = checked[0].values.length
  for (const { name, values } of checked) {
    if (values.length === rows) continue
    throw new InputError(
      'E_SHAPE',
      'columns',
      `${call}: every column must have the same length; ${show(name)} has ${values.length} cells, ${show(checked[0].name)} has ${rows}`,
    )
  }
  checkInteger(call, 'columns', rows, 0, 0xffffffff, 'rows are numbered in 32 bits', 'E_SIZE')
  return checked
}

function checkColumn(call: string, column: Column, j: number): Column {
  const given: unknown = column
  if (given === null || typeof given !== 'object') {
    throw new InputError('E_TYPE', 'columns', `${call}: columns[${j}] must be a column, got ${show(given)}`)
  }
  const label = typeof column.name === 'string' ? `column ${show(column.name)}` : `columns[${j}]`
  const type: unknown = column.type
  const values: unknown = column.values
  const refuse = (wanted: string): InputError =>
    new InputError(
      'E_TYPE',
      'columns',
      `${call}: the values of ${label} must be ${wanted}, got ${show(values)}`,
    )
  switch (column.type) {
    case 'number':
      if (!(values instanceof Float64Array || values instanceof Float32Array)) {
        throw refuse('a Float64Array or Float32Array')
      }
      break
    case 'date':
      if (!(values instanceof Float64Array)) throw refuse('a Float64Array of milliseconds')
      break
    case 'boolean':
      if (!(values instanceof Uint8Array)) throw refuse('a Uint8Array of 0, 1 and 255')
      for (let i = 0; i < values.length; i++) {
        if (values[i] > 1 && values[i] !== 255) {
          throw new InputError(
            'E_RANGE',
            'columns',
            `${call}: row ${i} of ${label} must be 0 (false), 1 (true) or 255 (missing), got ${values[i]}`,
          )
        }
      }
      break
    case 'text':
      if (!(values instanceof Int32Array)) throw refuse('an Int32Array of indices into categories')
      checkCategories(call, label, column.categories)
      for (let i = 0; i < values.length; i++) {
        if (values[i] < -1 || values[i] >= column.categories.length) {
          throw new InputError(
            'E_RANGE',
            'columns',
            `${call}: row ${i} of ${label} must be −1 (missing) or one of its ${column.categories.length} categories, got ${values[i]}`,
          )
        }
      }
      break
    default:
      throw new InputError(
        'E_TYPE',
        'columns',
        `${call}: the type of ${label} must be 'number', 'boolean', 'text' or 'date', got ${show(type)}`,
      )
  }
  return freezeColumn(column)
}

function checkCategories(call: string, label: string, categories: unknown): void {
  if (!Array.isArray(categories)) {
    throw new InputError(
      'E_TYPE',
      'columns',
      `${call}: the categories of ${label} must be an array of text, got ${show(categories)}`,
    )
  }
  const seen = new Set<string>()
  for (let c = 0; c < categories.length; c++) {
    const category: unknown = categories[c]
    if (typeof category !== 'string') {
      throw new InputError(
        'E_TYPE',
        'columns',
        `${call}: category ${c} of ${label} must be text, got ${show(category)}`,
      )
    }
    if (seen.has(category)) {
      throw new InputError(
        'E_FEATURES',
        'columns',
        `${call}: the categories of ${label} must differ, got ${show(category)} twice`,
      )
    }
    seen.add(category)
  }
}

/** A frozen copy of a column's description, so that no one who holds the original can change the table. */
function freezeColumn(column: Column): Column {
  switch (column.type) {
    case 'number':
      return Object.freeze({ name: column.name, type: column.type, values: column.values })
    case 'date':
      return Object.freeze({ name: column.name, type: column.type, values: column.values })
    case 'boolean':
      return Object.freeze({ name: column.name, type: column.type, values: column.values })
    case 'text':
      return Object.freeze({
        name: column.name,
        type: column.type,
        values: column.values,
        categories: Object.freeze([...column.categories]),
      })
  }
}

function viewCells(column: Column, from: number, to: number): Column {
  switch (column.type) {
    case 'number':
      return Object.freeze({ ...column, values: column.values.subarray(from, to) })
    case 'date':
      return Object.freeze({ ...column, values: column.values.subarray(from, to) })
    case 'boolean':
      return Object.freeze({ ...column, values: column.values.subarray(from, to) })
    case 'text':
      return Object.freeze({ ...column, values: column.values.subarray(from, to) })
  }
}

function takeCells(column: Column, rowIndices: ArrayLike<number>): Column {
  const n = rowIndices.length
  switch (column.type) {
    case 'number': {
      const values = column.values instanceof Float32Array ? new Float32Array(n) : new Float64Array(n)
      for (let i = 0; i < n; i++) values[i] = column.values[rowIndices[i]]
      return Object.freeze({ ...column, values })
    }
    case 'date': {
      const values = new Float64Array(n)
      for (let i = 0; i < n; i++) values[i] = column.values[rowIndices[i]]
      return Object.freeze({ ...column, values })
    }
    case 'boolean': {
      const values = new Uint8Array(n)
      for (let i = 0; i < n; i++) values[i] = column.values[rowIndices[i]]
      return Object.freeze({ ...column, values })
    }
    case 'text': {
      const values = new Int32Array(n)
      for (let i = 0; i < n; i++) values[i] = column.values[rowIndices[i]]
      return Object.freeze({ ...column, values })
    }
  }
}
