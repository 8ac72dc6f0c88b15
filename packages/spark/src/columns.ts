import { InputError } from 'nigh'
import { show } from 'nigh/internals'
import { type Frame, type FrameColumn, checkFrame } from './frame.ts'
import { quoted } from './plan.ts'

const numberTypes = new Set(['tinyint', 'smallint', 'int', 'bigint', 'float', 'double', 'decimal'])

/** What columns hold the numbers of a row: one number each, or all of them in one. */
export type Form = 'numbers' | 'array' | 'vector'

/** The numbers of each row as SQL. */
export interface Features {
  /** The columns, in order. */
  readonly names: readonly string[]
  readonly form: Form
  /** The frame's rows; beside them, where they hold vectors, those as arrays in {@link vectorColumn}. */
  readonly frame: Frame
  /** `array<double>` of a row of `frame`. */
  readonly sql: string
}

/** The column that numbers uploaded rows from 0: never a feature, unless it is named. */
export const rowColumn = 'row'

/** A vector as an array: Spark has a function for that, but not in SQL. */
export const vectorColumn = 'nigh_vector'

/**
 * The columns that a call works on, as one array of doubles: numeric and boolean columns, or one column that holds
 * arrays or vectors.
 *
 * @throws {InputError} E_FEATURES for a column that is not there, E_TYPE for one that holds no numbers
 */
export async function featuresOf(
  call: string,
  frame: Frame,
  columns: readonly string[] | undefined,
  signal?: AbortSignal,
  left: readonly string[] = [],
): Promise<Features> {
  checkFrame(call, 'table', frame)
  const found = await frame.columns(signal)
  const numbers = found.filter(({ name, type }) => isNumber(type) && !left.includes(name))
  const names = columns ?? numbers.map((column) => column.name)
  if (!Array.isArray(names) || names.length === 0) {
    const there = found.map(({ name, type }) => `${show(name)} (${type})`).join(', ')
    const rule =
      columns === undefined
        ? `table must have a column of numbers, or columns name one of arrays; it has ${there}`
        : `columns must be a list of the names of columns of numbers, got ${show(columns)}`
    throw new InputError('E_FEATURES', 'columns', `${call}: ${rule}`)
  }
  const forms = names.map((name): Form => {
    const { type } = findColumn(call, 'columns', found, name)
    if (isNumber(type) || type === 'boolean') return 'numbers'
    if (type === 'vector') return 'vector'
    if (/^array<(tinyint|smallint|int|bigint|float|double|decimal)>$/.test(type)) return 'array'
    throw new InputError(
      'E_TYPE',
      'columns',
      `${call}: columns must hold numbers; ${show(name)} is ${type}: encode it first`,
    )
  })
  if (names.length > 1 && forms.some((form) => form !== 'numbers')) {
    throw new InputError(
      'E_FEATURES',
      'columns',
      `${call}: columns must be columns of numbers, or one column of arrays, got both`,
    )
  }
  return featuresAs(frame, names, forms[0])
}

/** Columns that hold what is said. */
export function featuresAs(frame: Frame, names: readonly string[], form: Form): Features {
  if (form === 'array') return { names, form, frame, sql: `cast(${quoted(names[0])} as array<double>)` }
  if (form === 'vector') {
    return {
      names,
      form,
      frame: frame.with(vectorColumn, 'vector_to_array', names[0]),
      sql: quoted(vectorColumn),
    }
  }
  return { names, form, frame, sql: `array(${names.map((name) => numberSql(name)).join(', ')})` }
}

/** A number, or true or false as 1 or 0. */
function numberSql(name: string): string {
  return `cast(${quoted(name)} as double)`
}

/** A whole-number column that tells rows apart, as SQL. */
export async function idOf(call: string, frame: Frame, id: string, signal?: AbortSignal): Promise<string> {
  const found = await frame.columns(signal)
  if (!found.some(({ name }) => name === id)) {
    const known = found.map((one) => show(one.name)).join(', ')
    throw new InputError(
      'E_FEATURES',
      'id',
      `${call}: id must name a column of whole numbers that tells rows apart; there is no ${show(id)} among ${known}`,
    )
  }
  const column = findColumn(call, 'id', found, id)
  if (!['tinyint', 'smallint', 'int', 'bigint'].includes(column.type)) {
    throw new InputError(
      'E_TYPE',
      'id',
      `${call}: id must be a column of whole numbers; ${show(id)} is ${column.type}`,
    )
  }
  // Packed rows would go without ids where the first of them had none.
  return `coalesce(cast(${quoted(id)} as bigint), raise_error('nigh: a row has no id'))`
}

/** The column of this name. */
export function findColumn(
  call: string,
  param: string,
  columns: readonly FrameColumn[],
  name: unknown,
): FrameColumn {
  const found = columns.filter((column) => column.name === name)
  if (found.length === 1) return found[0]
  const known = columns.map((column) => show(column.name)).join(', ')
  const rule =
    found.length > 1
      ? `${found.length} columns are named ${show(name)}: name them anew in a query before`
      : `there is no column ${show(name)}; the columns are ${known}`
  throw new InputError('E_FEATURES', param, `${call}: ${rule}`)
}

export function isNumber(type: string): boolean {
  return numberTypes.has(type)
}
