import { InputError, checkChoice, checkInteger, checkMade, checkOptions, counted, show } from '../check.ts'
import {
  fills,
  fitColumn,
  missingCells,
  notFinite,
  unusedBecause,
  unusedColumn,
  type FittedColumn,
  type Scale,
  type UnusedColumn,
} from './encoder-columns.ts'
import { logged, loggedColumn, unlogged } from './logarithm.ts'
import { encoderFromJSON, encoderToJSON, type EncoderJSON } from './encoder-json.ts'
import { describe, featuresOf, notesOn, type ColumnUse } from './encoder-notes.ts'
import { Matrix, type MatrixLike } from './matrix.ts'
import { checkNames, listNames, unknownName } from './names.ts'
import { isMissing, Table, type Column } from './table.ts'
import { rowWeights } from './weights.ts'

/** How an {@link Encoder} is fitted. */
export interface EncoderOptions {
  /**
   * The columns to use, in this order. Default: all that can tell rows apart, that is, without columns of one value
   * or none, row numbers and ids, and text that is different in (nearly) every row or in too many.
   * A column that is named here is used, whatever it looks like.
   */
  readonly columns?: readonly string[]
  /** Columns to leave out. Default: none. */
  readonly ignore?: readonly string[]
  /**
   * How numbers and dates are brought to one scale: 'standard' takes away the mean and divides by the standard
   * deviation (ddof 0), 'minmax' maps the range to 0 … 1, 'robust' takes away the median and divides by the distance
   * between the quartiles, 'none' keeps the numbers as they are. A spread of zero divides by 1.
   * True and false are 1 and 0, and categories one feature each of 1 and 0, on every scale. Default: 'standard'.
   */
  readonly scale?: Scale
  /**
   * What becomes of empty cells: 'refuse' is an error, 'drop' leaves out their rows, 'impute' fills them: numbers
   * and dates with the mean (with the median where the scale is 'robust'), text and booleans with the most frequent
   * value, the first in sorted order where several are. 'mark' fills them too, and adds a feature `column is empty`
   * for each column, 1 where it was. Spread is measured before cells are filled. Default: 'refuse'.
   */
  readonly missing?: Missing
  /**
   * Columns of numbers from 0 up to take the logarithm of, ln(1 + x), before they are scaled: for amounts of which most
   * are small and a few very large. Default: none.
   */
  readonly log?: readonly string[]
  /**
   * How many different values a text column may have: an integer from 1 to 65536. A column with more is left out with
   * a note, or refused where it is named in `columns`. Default: 64.
   */
  readonly maxCategories?: number
  /**
   * What becomes of a text that the fitted table did not have: 'refuse' is an error, 'zero' makes it none of the
   * categories. Default: 'refuse'.
   */
  readonly unseen?: 'refuse' | 'zero'
  /** A weight for each row, from 0 up: weight n is n copies, weight 0 is absence. Default: 1 each. */
  readonly sampleWeight?: readonly number[] | Float64Array | Float32Array
}

/** What becomes of empty cells. */
type Missing = 'refuse' | 'drop' | 'impute' | 'mark'

/** Every option of a fitted encoder but the weights. */
export interface EncoderSettings {
  /** Null: chosen by the encoder. */
  readonly columns: readonly string[] | null
  readonly ignore: readonly string[]
  readonly scale: Scale
  readonly missing: Missing
  readonly maxCategories: number
  readonly unseen: 'refuse' | 'zero'
  /** Only where there are such columns. */
  readonly log?: readonly string[]
}

/** How {@link Encoder.encode} takes a table. */
export interface EncodeOptions {
  /** What becomes of columns that the fitted table did not have: 'refuse' is an error, 'ignore' passes them over. Default: 'refuse'. */
  readonly extra?: 'refuse' | 'ignore'
}

/** A table as numbers. */
export interface Encoded {
  /** One row for each row that was kept, one column for each feature. */
  readonly matrix: Matrix
  /** The table's rows that the matrix's rows stand for; null where those are all, in order. */
  readonly rows: Uint32Array | null
}

/** What an encoder has learnt, apart from what follows from it. */
export interface EncoderState {
  readonly settings: EncoderSettings
  /** Every column of the fitted table, in its order; where columns were named, those in their order, then the rest. */
  readonly columns: readonly FittedColumn[]
  /** How many rows were fitted, and how many of them were left out for their empty cells. */
  readonly rows: number
  readonly dropped: number
}

const OPTIONS = [
  'columns',
  'ignore',
  'scale',
  'missing',
  'log',
  'maxCategories',
  'unseen',
  'sampleWeight',
] as const

/** Which encoder made a matrix: what tells encoded rows from raw ones. */
const encodedBy = new WeakMap<Matrix, Encoder>()

/**
 * Turns tables into matrices, the same way each time: fitted once, saved with the model. Immutable.
 *
 * What it learns does not depend on the order of the rows, not in the last bit, and a whole weight counts as so many
 * copies of its row.
 */
export class Encoder {
  /** The options it was fitted with. */
  readonly settings: EncoderSettings
  /** The names of the encoded columns: a number's own name, `species=setosa` for a category. */
  readonly features: readonly string[]
  /** How each column of the fitted table is used. */
  readonly uses: readonly ColumnUse[]
  /** What the encoder did that was not asked for by name: a sentence each. */
  readonly notes: readonly string[]
  readonly #state: EncoderState
  readonly #used: readonly FittedColumn[]
  readonly #known: ReadonlyMap<string, FittedColumn>

  private constructor(state: EncoderState) {
    checkMade('Encoder', state, 'columns', 'fit(table, options)')
    const features = featuresOf(state.columns, state.settings)
    this.#state = state
    this.settings = state.settings
    this.features = Object.freeze(features.flat())
    this.uses = Object.freeze(state.columns.map((column, j) => describe(column, state.settings, features[j])))
    this.notes = Object.freeze(notesOn(state))
    this.#used = state.columns.filter((column) => column.use !== 'none')
    this.#known = new Map(state.columns.map((column) => [column.name, column]))
    Object.freeze(this)
  }

  /**
   * Learns from a table how to turn it and tables like it into matrices.
   *
   * Cost: a few passes over the cells; a sort of each column with `scale: 'robust'`.
   *
   * @throws {InputError} E_EMPTY for a table without rows; E_FEATURES for a name that is not a column, too many
   * categories in a column named in `columns`, or no column left; E_MISSING for empty cells with `missing: 'refuse'`;
   * E_NONFINITE for ±Infinity, with row and column; E_WEIGHTS; E_PARAM
   * @example
   * const encoder = Encoder.fit(table, { ignore: ['species'] })
   * const { matrix } = encoder.encode(table)
   */
  static fit(table: Table, options: EncoderOptions = {}): Encoder {
    return Encoder.fitFor('Encoder.fit', table, options)
  }

  /** {@link Encoder.fit}, its errors naming another call. */
  static fitFor(call: string, table: Table, options: EncoderOptions): Encoder {
    checkTable(call, table)
    const settings = checkSettings(call, table.names, options)
    const steps = fitting(call, settings, table, options.sampleWeight)
    for (let next = steps.next(); ; ) {
      if (next.done === true) return new Encoder(next.value)
      next = steps.next(table.column(next.value))
    }
  }

  /**
   * {@link Encoder.fit} for a table that does not fit in memory: its columns are asked for one at a time, each twice at
   * most, and let go before the next. The encoder is the same, to the last bit.
   *
   * @param load gives a column by its name, all rows of it
   * @throws {InputError} as {@link Encoder.fit}; E_SHAPE for a column of another number of rows
   */
  static async fitColumns(
    table: { readonly names: readonly string[]; readonly rows: number },
    load: (name: string) => Column | Promise<Column>,
    options: EncoderOptions = {},
  ): Promise<Encoder> {
    const call = 'Encoder.fitColumns'
    const settings = checkSettings(call, table.names, options)
    const steps = fitting(call, settings, table, options.sampleWeight)
    for (let next = steps.next(); ; ) {
      if (next.done === true) return new Encoder(next.value)
      const column = await load(next.value)
      if (column.name !== next.value || column.values.length !== table.rows) {
        throw new InputError(
          'E_SHAPE',
          'load',
          `${call}: load must give column ${show(next.value)} with ${table.rows} rows, got ${show(column.name)} with ${column.values.length}`,
        )
      }
      next = steps.next(column)
    }
  }

  /**
   * Turns a table into a matrix: in float32 where every column in use is float32 and `scale` is 'none', else in
   * float64. Columns go by their names, not by their order; columns that were left out in fitting need not be there.
   *
   * Cost: one pass over the cells.
   *
   * @throws {InputError} E_FEATURES where columns are missing, unknown or of another type (all of them listed) or a
   * text is not among the categories; E_MISSING for an empty cell with `missing: 'refuse'`; E_NONFINITE for ±Infinity;
   * E_EMPTY where no row is left; E_MEMORY
   */
  encode(table: Table, options: EncodeOptions = {}): Encoded {
    return this.encodeFor('Encoder.encode', table, options)
  }

  /** {@link Encoder.encode}, its errors naming another call. */
  encodeFor(call: string, table: Table, options: EncodeOptions = {}): Encoded {
    checkTable(call, table)
    checkOptions(call, options, ['extra'])
    const { extra = 'refuse' } = options
    checkChoice(call, 'extra', extra, ['refuse', 'ignore'])
    const columns = this.#match(call, table, extra)
    if (table.rows === 0) throw new InputError('E_EMPTY', 'table', `${call}: table must have a row, got none`)
    if (this.settings.missing === 'refuse') {
      const holes = new Holes(table.rows)
      for (const column of columns) holes.count(column, null)
      holes.refuse(call)
    }
    const rows = this.settings.missing === 'drop' ? wholeRows(columns, table.rows) : null
    const n = rows === null ? table.rows : rows.length
    if (n === 0) throw noRowsLeft(call, table.rows)
    const single =
      this.settings.scale === 'none' &&
      columns.every((column) => column.type === 'number' && column.values instanceof Float32Array)
    const values = allocate(call, n, this.features.length, single)
    let at = 0
    for (let j = 0; j < columns.length; j++) {
      at += encodeColumn(
        call,
        this.#used[j],
        columns[j],
        rows,
        this.settings,
        values,
        this.features.length,
        at,
      )
    }
    const matrix = Matrix.trusted(values, this.features.length)
    encodedBy.set(matrix, this)
    return { matrix, rows }
  }

  /**
   * Says of rows of numbers that they are encoded already: one number for each feature, in the order of `features`.
   * A model that was fitted on a table takes such rows as queries, beside tables.
   *
   * @returns the rows as a matrix, which views the numbers of one that is given
   * @throws {InputError} E_SHAPE unless they have a column for each feature; as Matrix.of
   * @example
   * const model = await KMeans.fit(table, { k: 2 })
   * await model.predict(model.encoder?.encoded(model.centroids) ?? [])
   */
  encoded(points: MatrixLike): Matrix {
    const matrix = this.#withFeatures('Encoder.encoded', points)
    const marked = Matrix.trusted(matrix.values, matrix.columns)
    encodedBy.set(marked, this)
    return marked
  }

  /** Whether a matrix was encoded by this encoder, or by one that has learnt the same. */
  isEncoded(matrix: Matrix): boolean {
    const by = encodedBy.get(matrix)
    if (by === undefined || by === this) return by === this
    return JSON.stringify(by.toJSON()) === JSON.stringify(this.toJSON())
  }

  /**
   * Turns encoded rows, such as centroids, back into the data's own units: a table with one column for each feature,
   * named like it. A number or date has its own unit again; a boolean is the share of true; a category its share.
   *
   * @throws {InputError} E_SHAPE unless the matrix has a column for each feature
   */
  decode(points: MatrixLike): Table {
    const matrix = this.#withFeatures('Encoder.decode', points)
    const d = this.features.length
    const columns: Column[] = []
    for (const column of this.#used) {
      const width = column.use === 'one-hot' ? column.categories.length : 1
      for (let c = 0; c < width + (this.settings.missing === 'mark' ? 1 : 0); c++) {
        const j = columns.length
        const values = new Float64Array(matrix.rows)
        const isNumber = column.use === 'number' && c === 0
        const scale = isNumber ? column.scale : 1
        const centre = isNumber ? column.centre : 0
        for (let i = 0; i < matrix.rows; i++) {
          const value = matrix.values[i * d + j] * scale + centre
          values[i] = isNumber && column.log === true ? unlogged(value) : value
        }
        const type = isNumber && column.type === 'date' ? 'date' : 'number'
        columns.push({ name: this.features[j], type, values })
      }
    }
    return Table.of(columns)
  }

  /** The encoder as plain JSON: everything it knows, to the last bit. */
  toJSON(): EncoderJSON {
    return encoderToJSON(this.#state)
  }

  /**
   * The encoder that {@link Encoder.toJSON} wrote down.
   *
   * @throws {InputError} E_JSON for anything that it could not have written, E_VERSION for a version it does not know
   */
  static fromJSON(json: unknown): Encoder {
    return new Encoder(encoderFromJSON('Encoder.fromJSON', json))
  }

  /** Rows of one number for each feature. */
  #withFeatures(call: string, points: MatrixLike): Matrix {
    const matrix = Matrix.from(call, 'points', points)
    const d = this.features.length
    if (matrix.columns === d) return matrix
    throw new InputError(
      'E_SHAPE',
      'points',
      `${call}: points must have ${counted(d, 'column')} (the number of features), got ${matrix.columns}`,
    )
  }

  /** The table's columns for those in use, in their order. */
  #match(call: string, table: Table, extra: 'refuse' | 'ignore'): Column[] {
    const faults: string[] = []
    const missing = this.#used.filter((column) => !table.has(column.name)).map((column) => column.name)
    if (missing.length > 0) faults.push(`missing ${listNames(missing)}`)
    if (extra === 'refuse') {
      const unknown = table.names.filter((name) => !this.#known.has(name))
      if (unknown.length > 0) faults.push(`unknown ${listNames(unknown)}`)
    }
    const columns: Column[] = []
    for (const fitted of this.#used) {
      if (!table.has(fitted.name)) continue
      const column = table.column(fitted.name)
      columns.push(column)
      // A column without any cell is of no type: a file cannot tell which it would be.
      if (column.type === fitted.type || missingCells(column, null) === table.rows) continue
      faults.push(`${show(fitted.name)} is ${column.type} and was ${fitted.type}`)
    }
    if (faults.length === 0) return columns
    const more = faults.length > 8 ? `; and ${faults.length - 8} more` : ''
    throw new InputError(
      'E_FEATURES',
      'table',
      `${call}: the table must have the columns that were fitted: ${faults.slice(0, 8).join('; ')}${more}`,
    )
  }
}

/** Fits an encoder: asks for columns by name, one at a time. */
function* fitting(
  call: string,
  settings: EncoderSettings,
  table: { readonly names: readonly string[]; readonly rows: number },
  sampleWeight: EncoderOptions['sampleWeight'],
): Generator<string, EncoderState, Column> {
  const { rows } = table
  if (rows === 0) throw new InputError('E_EMPTY', 'table', `${call}: table must have a row, got none`)
  let weights = sampleWeight === undefined ? null : rowWeights(call, sampleWeight, rows).values
  const ignored = new Set(settings.ignore)
  const named = settings.columns === null ? null : new Set(settings.columns)

  const unused = new Map<string, UnusedColumn>()
  const holes = new Holes(rows)
  for (const name of table.names) {
    const column = yield name
    let found: UnusedColumn | null = null
    if (ignored.has(name)) found = unusedColumn(column, 'ignored')
    else if (named === null) found = unusedBecause(call, column, weights, settings.maxCategories)
    else if (!named.has(name)) found = unusedColumn(column, 'not-chosen')
    if (found !== null) unused.set(name, Object.freeze(found))
    else if (settings.missing === 'refuse') holes.count(column, weights)
    else if (settings.missing === 'drop') holes.mark(column)
  }
  const rest = [...unused.values()]
  const chosen = settings.columns ?? table.names.filter((name) => !unused.has(name))
  if (chosen.length === 0) {
    const why =
      rows === 1
        ? 'its only row tells nothing about them'
        : notesOn({ settings, columns: rest, rows, dropped: 0 }).slice(0, 3).join('; ')
    throw new InputError(
      'E_FEATURES',
      'columns',
      `${call}: table must have a column to use, got none${why === '' ? '' : `: ${why}`}; name the ones to use in columns`,
    )
  }
  const unfit = settings.log?.find((name) => !chosen.includes(name))
  if (unfit !== undefined) {
    throw new InputError(
      'E_FEATURES',
      'log',
      `${call}: log must name columns that are used, got ${show(unfit)}`,
    )
  }
  holes.refuse(call)
  let dropped = 0
  const holed = holes.rows
  if (holed !== null) {
    const kept = new Float64Array(rows)
    let any = false
    for (let i = 0; i < rows; i++) {
      if (holed[i] === 1) dropped++
      else kept[i] = weights === null ? 1 : weights[i]
      if (kept[i] > 0) any = true
    }
    if (!any) throw noRowsLeft(call, rows)
    weights = kept
  }
  const fitted: FittedColumn[] = []
  for (const name of settings.columns ?? table.names) {
    const left = unused.get(name)
    if (left !== undefined) {
      fitted.push(left)
      continue
    }
    const column = yield name
    const filled = fills(settings) ? missingCells(column, weights) : null
    const log = settings.log?.includes(name) === true
    const taken = log ? loggedColumn(call, column, weights) : column
    const learnt = fitColumn(call, taken, weights, settings.scale, settings.maxCategories, filled)
    fitted.push(Object.freeze(log && learnt.use === 'number' ? { ...learnt, log } : learnt))
  }
  if (settings.columns !== null) fitted.push(...rest)
  return { settings, columns: Object.freeze(fitted), rows, dropped }
}

/** Empty cells of the columns in use, looked at one column after another. */
class Holes {
  /** 1 for rows with an empty cell; null where there is none, or none was marked. */
  rows: Uint8Array | null = null
  readonly #size: number
  #cells = 0
  #columns = 0
  #row: number = Number.POSITIVE_INFINITY
  #name = ''

  constructor(size: number) {
    this.#size = size
  }

  mark(column: Column): void {
    for (let i = 0; i < this.#size; i++) {
      if (!isMissing(column, i)) continue
      this.rows ??= new Uint8Array(this.#size)
      this.rows[i] = 1
    }
  }

  count(column: Column, weights: Float64Array | null): void {
    const missing = missingCells(column, weights)
    if (missing === 0) return
    this.#cells += missing
    this.#columns++
    let i = 0
    while (!isMissing(column, i) || weights?.[i] === 0) i++
    if (i < this.#row) {
      this.#row = i
      this.#name = column.name
    }
  }

  /** Refuses empty cells, naming the first in reading order. */
  refuse(call: string): void {
    if (this.#cells === 0) return
    const count = `${this.#cells} empty ${this.#cells === 1 ? 'cell' : 'cells'} in ${this.#columns} ${this.#columns === 1 ? 'column' : 'columns'}`
    throw new InputError(
      'E_MISSING',
      'table',
      `${call}: the table must have no empty cell, got ${count}, the first in row ${this.#row}, column ${show(this.#name)}; missing: 'drop' leaves out such rows, missing: 'impute' fills the cells`,
    )
  }
}

function encodeColumn(
  call: string,
  fitted: FittedColumn,
  column: Column,
  rows: Uint32Array | null,
  { unseen, missing }: EncoderSettings,
  out: Float32Array | Float64Array,
  d: number,
  at: number,
): number {
  const n = out.length / d
  if (fitted.use === 'none') return 0
  const mark = missing === 'mark' ? at + (fitted.use === 'one-hot' ? fitted.categories.length : 1) : -1
  if (mark >= 0) for (let i = 0; i < n; i++) if (isMissing(column, i)) out[i * d + mark] = 1
  if (fitted.use === 'one-hot') {
    const places = new Map(fitted.categories.map((category, place) => [category, place]))
    const place =
      column.type === 'text'
        ? Int32Array.from(column.categories, (category) => places.get(category) ?? -1)
        : null
    for (let i = 0; i < n; i++) {
      const row = rows === null ? i : rows[i]
      let found = fitted.fill ?? -1
      if (place !== null && column.values[row] >= 0) {
        found = place[column.values[row]]
        if (found < 0 && unseen === 'refuse') throw unseenText(call, column, row)
      }
      if (found >= 0) out[i * d + at + found] = 1
    }
    return fitted.categories.length + (mark < 0 ? 0 : 1)
  }
  const log = fitted.use === 'number' && fitted.log === true
  const fill = fitted.fill ?? Number.NaN
  const centre = fitted.use === 'number' ? fitted.centre : 0
  const scale = fitted.use === 'number' ? fitted.scale : 1
  for (let i = 0; i < n; i++) {
    const row = rows === null ? i : rows[i]
    const empty = isMissing(column, row)
    const cell = empty ? fill : column.values[row]
    const value = ((log && !empty ? logged(call, column, row) : cell) - centre) / scale
    out[i * d + at] = value
    if (value - value !== 0) throw notFinite(call, column.name, row, cell - cell === 0 ? value : cell)
  }
  return mark < 0 ? 1 : 2
}

function unseenText(call: string, column: Column, row: number): InputError {
  const text = column.type === 'text' ? column.categories[column.values[row]] : ''
  return new InputError(
    'E_FEATURES',
    'table',
    `${call}: row ${row}, column ${show(column.name)} must be one of the fitted categories, got ${show(text)} (unseen: 'zero' allows others)`,
  )
}

/** The rows without an empty cell in these columns; null where that is every row. */
function wholeRows(columns: readonly Column[], n: number): Uint32Array | null {
  const rows = new Uint32Array(n)
  let size = 0
  for (let i = 0; i < n; i++) {
    if (!columns.some((column) => isMissing(column, i))) rows[size++] = i
  }
  return size === n ? null : rows.slice(0, size)
}

function noRowsLeft(call: string, rows: number): InputError {
  return new InputError(
    'E_EMPTY',
    'table',
    `${call}: table must have a row without empty cells, got none of ${rows}`,
  )
}

function allocate(call: string, n: number, d: number, single: boolean): Float32Array | Float64Array {
  try {
    return single ? new Float32Array(n * d) : new Float64Array(n * d)
  } catch {
    const size = ((n * d * (single ? 4 : 8)) / 2 ** 30).toFixed(1)
    throw new InputError(
      'E_MEMORY',
      'table',
      `${call}: ${n} rows × ${d} features must fit in memory, got ${size} GiB`,
    )
  }
}

function checkTable(call: string, table: unknown): void {
  if (table instanceof Table) return
  throw new InputError('E_TYPE', 'table', `${call}: table must be a Table, got ${show(table)}`)
}

function checkSettings(call: string, names: readonly string[], options: EncoderOptions): EncoderSettings {
  checkOptions(call, options, OPTIONS)
  const { columns, ignore = [], scale = 'standard', missing = 'refuse', maxCategories = 64 } = options
  const { unseen = 'refuse', log = [] } = options
  const logNames = checkColumnNames(call, 'log', log, names)
  const settings: EncoderSettings = {
    columns: columns === undefined ? null : checkColumnNames(call, 'columns', columns, names),
    ignore: checkColumnNames(call, 'ignore', ignore, names),
    scale: checkChoice(call, 'scale', scale, ['standard', 'minmax', 'robust', 'none']),
    missing: checkChoice(call, 'missing', missing, ['refuse', 'drop', 'impute', 'mark']),
    maxCategories: checkInteger(call, 'maxCategories', maxCategories, 1, 65536),
    unseen: checkChoice(call, 'unseen', unseen, ['refuse', 'zero']),
    ...(logNames.length > 0 ? { log: logNames } : {}),
  }
  if (settings.columns !== null && settings.columns.length === 0) {
    throw new InputError('E_EMPTY', 'columns', `${call}: columns must hold a name, got none`)
  }
  const both = settings.columns?.find((name) => settings.ignore.includes(name))
  if (both !== undefined) {
    throw new InputError(
      'E_FEATURES',
      'ignore',
      `${call}: ignore must not name a column that columns names, got ${show(both)}`,
    )
  }
  return Object.freeze(settings)
}

function checkColumnNames(
  call: string,
  param: string,
  names: unknown,
  known: readonly string[],
): readonly string[] {
  if (!Array.isArray(names)) {
    throw new InputError('E_TYPE', param, `${call}: ${param} must be an array of names, got ${show(names)}`)
  }
  const all = new Set(known)
  const list: string[] = names.map((name) => {
    if (typeof name === 'string' && all.has(name)) return name
    throw unknownName(call, param, name, known)
  })
  checkNames(call, param, list)
  return Object.freeze(list)
}
