import { InputError } from 'nigh'
import { show } from 'nigh/internals'
import type { Frame, FrameColumn } from './frame.ts'
import { quoted } from './plan.ts'

const numberTypes = new Set(['tinyint', 'smallint', 'int', 'bigint', 'float', 'double', 'decimal'])

/** The numbers of each row as SQL: an array of doubles, never null. */
export interface Features {
  /** The columns, in order. */
  readonly names: readonly string[]
  /** `array<double>` of a row of the frame. */
  readonly sql: string
}

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
): Promise<Features> {
  const found = await frame.columns(signal)
  const names = columns ?? found.filter((column) => isNumber(column.type)).map((column) => column.name)
  if (!Array.isArray(names) || names.length === 0) {
    throw new InputError(
      'E_FEATURES',
      'columns',
      `${call}: columns must name columns of numbers, got ${show(columns)}`,
    )
  }
  const parts: string[] = []
  const arrays: string[] = []
  for (const name of names) {
    const column = findColumn(call, 'columns', found, name)
    if (isNumber(column.type)) parts.push(`cast(${quoted(name)} as double)`)
    else if (column.type === 'boolean') parts.push(`cast(cast(${quoted(name)} as int) as double)`)
    else if (column.type === 'vector') arrays.push(`vector_to_array(${quoted(name)})`)
    else if (/^array<(tinyint|smallint|int|bigint|float|double|decimal)>$/.test(column.type)) {
      arrays.push(`cast(${quoted(name)} as array<double>)`)
    } else {
      throw new InputError(
        'E_TYPE',
        'columns',
        `${call}: columns must hold numbers; ${show(name)} is ${column.type}: encode it first`,
      )
    }
  }
  if (arrays.length > 1 || (arrays.length === 1 && parts.length > 0)) {
    throw new InputError(
      'E_FEATURES',
      'columns',
      `${call}: columns must be columns of numbers, or one column of arrays, got both`,
    )
  }
  return { names, sql: arrays.length === 1 ? arrays[0] : `array(${parts.join(', ')})` }
}

/** A whole-number column that tells rows apart, as SQL. */
export async function idOf(call: string, frame: Frame, id: string, signal?: AbortSignal): Promise<string> {
  const column = findColumn(call, 'id', await frame.columns(signal), id)
  if (!['tinyint', 'smallint', 'int', 'bigint'].includes(column.type)) {
    throw new InputError(
      'E_TYPE',
      'id',
      `${call}: id must be a column of whole numbers; ${show(id)} is ${column.type}`,
    )
  }
  return `cast(${quoted(id)} as bigint)`
}

/** The column of this name. */
export function findColumn(
  call: string,
  param: string,
  columns: readonly FrameColumn[],
  name: unknown,
): FrameColumn {
  const found = columns.find((column) => column.name === name)
  if (found !== undefined) return found
  const known = columns.map((column) => show(column.name)).join(', ')
  throw new InputError(
    'E_FEATURES',
    param,
    `${call}: there is no column ${show(name)}; the columns are ${known}`,
  )
}

export function isNumber(type: string): boolean {
  return numberTypes.has(type)
}
