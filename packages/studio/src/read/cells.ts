// What a cell of text is: a number, an instant, true or false, or text. The same rules as the command's, so that a file
// becomes the same table in both.

import { InputError } from 'nigh'
import type { Column, TextColumn } from 'nigh'
import { count } from '../numbers.ts'

const plainNumber = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/
const isoDate =
  /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?\s?(Z|[+-]\d\d(?::?\d\d)?)?)?$/

/** A decimal number, blanks around it allowed; undefined where the cell is anything else. */
export function parseNumber(cell: string, decimal: '.' | ','): number | undefined {
  const quick = quickNumber(cell, decimal === ',' ? COMMA : POINT)
  if (!Number.isNaN(quick)) return quick
  let text = cell.trim()
  if (decimal === ',') {
    if (text.includes('.')) return undefined
    text = text.replace(',', '.')
  }
  return plainNumber.test(text) ? Number(text) : undefined
}

const POINT = 46
const COMMA = 44
const powers: readonly number[] = Array.from({ length: 16 }, (_, digits) => 10 ** digits)

/**
 * A number of up to 15 digits without an exponent, which nearly all are; NaN for anything else. The digits as a whole
 * number and the power of ten are both exact in float64, so their quotient is rounded once: to the very number that
 * `Number` gives, in a third of the time.
 */
function quickNumber(cell: string, point: number): number {
  const n = cell.length
  const negative = n > 0 && cell.charCodeAt(0) === 45
  let whole = 0
  let digits = 0
  let behind = -1
  for (let i = negative ? 1 : 0; i < n; i++) {
    const code = cell.charCodeAt(i)
    if (code >= 48 && code <= 57) {
      whole = whole * 10 + (code - 48)
      digits++
      if (behind >= 0) behind++
    } else if (code === point && behind < 0) behind = 0
    else return Number.NaN
  }
  if (digits === 0 || digits > 15) return Number.NaN
  const value = behind > 0 ? whole / powers[behind] : whole
  return negative ? -value : value
}

/** An ISO 8601 instant in milliseconds since 1970, UTC where no zone is given; undefined for anything else. */
export function parseDate(cell: string): number | undefined {
  const found = isoDate.exec(cell.trim())
  if (found === null) return undefined
  const [, year, month, day, hour = '0', minute = '0', second = '0', fraction = '', zone = 'Z'] = found
  const midnight = new Date(0)
  midnight.setUTCFullYear(Number(year), Number(month) - 1, Number(day))
  if (midnight.getUTCMonth() !== Number(month) - 1 || midnight.getUTCDate() !== Number(day)) return undefined
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return undefined
  const offset =
    zone === 'Z'
      ? 0
      : Number(`${zone[0]}1`) * (Number(zone.slice(1, 3)) * 60 + Number(zone.slice(3).replace(':', '') || 0))
  const clock = (Number(hour) * 60 + Number(minute) - offset) * 60 + Number(second)
  return (
    midnight.getTime() + clock * 1000 + (fraction === '' ? 0 : Math.floor(Number(`0.${fraction}`) * 1000))
  )
}

export function parseBoolean(cell: string): boolean | undefined {
  const text = cell.trim().toLowerCase()
  return text === 'true' ? true : text === 'false' ? false : undefined
}

/** Text for a message: quoted, and cut to what can be read. */
export function show(text: string): string {
  const cut = text.length > 60 ? `${text.slice(0, 57)}…` : text
  return JSON.stringify(cut)
}

/**
 * Decides what a column of text holds, from all of its cells: all numbers, all dates, all true or false; else text. A
 * column in which numbers or dates are at least half of the cells, but not all, is refused: a stray word among numbers
 * is far more often an accident than a meaning.
 *
 * @param place says where a row stands: "line 7"
 * @throws {InputError} E_CSV, E_NONFINITE
 */
export function typeColumn(column: TextColumn, decimal: '.' | ',', place: (row: number) => string): Column {
  const { name, values, categories } = column
  if (categories.length === 0)
    return { name, type: 'number', values: new Float64Array(values.length).fill(Number.NaN) }
  const booleans = categories.map(parseBoolean)
  if (booleans.every((value) => value !== undefined)) {
    const cells = new Uint8Array(values.length)
    for (let i = 0; i < values.length; i++)
      cells[i] = values[i] < 0 ? 255 : booleans[values[i]] === true ? 1 : 0
    return { name, type: 'boolean', values: cells }
  }
  const numbers = spread(
    column,
    categories.map((cell) => parseNumber(cell, decimal)),
    'number',
    place,
  )
  if (numbers !== null) {
    const infinite = numbers.findIndex((value) => Math.abs(value) === Number.POSITIVE_INFINITY)
    if (infinite < 0) return { name, type: 'number', values: numbers }
    throw new InputError(
      'E_NONFINITE',
      name,
      `${place(infinite)}, column ${show(name)}: ${show(categories[values[infinite]])} is beyond the largest number, 1.8e308. Mend the cell, or read the column as text.`,
    )
  }
  const dates = spread(column, categories.map(parseDate), 'date', place)
  return dates === null ? column : { name, type: 'date', values: dates }
}

function spread(
  column: TextColumn,
  parsed: readonly (number | undefined)[],
  what: 'number' | 'date',
  place: (row: number) => string,
): Float64Array | null {
  const { name, values, categories } = column
  const cells = new Float64Array(values.length)
  let fit = 0
  let other = 0
  let stray = -1
  for (let i = 0; i < values.length; i++) {
    const value = values[i] < 0 ? Number.NaN : parsed[values[i]]
    if (value === undefined) {
      other++
      if (stray < 0) stray = i
      continue
    }
    cells[i] = value
    if (values[i] >= 0) fit++
  }
  if (other === 0) return cells
  if (fit < other) return null
  throw new InputError(
    'E_CSV',
    name,
    `${place(stray)}, column ${show(name)}: ${show(categories[values[stray]])} is not a ${what}, but ${count(fit)} of the ${count(fit + other)} cells of this column are. Mend the cell, name it as a mark of missing values, or read the column as text.`,
  )
}
