import { InputError } from 'nigh'
import type { Column, TextColumn } from 'nigh'
import { show } from '../show/text.ts'

/** How numbers are written. */
export interface NumberMarks {
  /** Undefined: '.', or ',' in a column where nothing else is possible. */
  readonly decimal: '.' | ',' | undefined
  /** Between thousands; undefined: none. */
  readonly thousands: string | undefined
  /** Left out before and after a number: `$`, `%`, `kg`. */
  readonly units?: readonly string[] | undefined
  /** How dates are written besides ISO 8601: the order of day, month and year. */
  readonly dates?: DateOrder | undefined
}

/** Day, month, year; month, day, year; year, month, day: with points, slashes or hyphens between them. */
export type DateOrder = 'dmy' | 'mdy' | 'ymd'

const plainNumber = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/
const isoDate =
  /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?\s?(Z|[+-]\d\d(?::?\d\d)?)?)?$/

/**
 * Reads a cell as a decimal number, blanks around it allowed: undefined where it is anything else.
 * Not numbers: `0x10`, `1_000`, `1,000` (without {@link NumberMarks.thousands}), `inf`, full-width digits.
 */
export function parseNumber(
  cell: string,
  decimal: '.' | ',',
  thousands: string | undefined,
): number | undefined {
  let text = cell.trim()
  if (thousands !== undefined && text.includes(thousands)) {
    const point = text.indexOf(decimal)
    const whole = point < 0 ? text : text.slice(0, point)
    const groups = whole.replace(/^[+-]/, '').split(thousands)
    const grouped = groups.every((group, at) => (at === 0 ? /^\d{1,3}$/ : /^\d{3}$/).test(group))
    if (!grouped) return undefined
    text = whole.replaceAll(thousands, '') + text.slice(whole.length)
  }
  if (decimal === ',') {
    if (text.includes('.')) return undefined
    text = text.replace(',', '.')
  }
  return plainNumber.test(text) ? Number(text) : undefined
}

/**
 * Reads a cell as an instant: ISO 8601, `2024-02-29`, `2024-02-29 17:05`, `2024-02-29T17:05:09.25+01:00`; without a
 * zone as UTC. Milliseconds since 1970; undefined where it is anything else, such as 30 February.
 */
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

/** What stands where in dates of other orders: the groups of year, month and day. */
const orders = {
  dmy: [/^(\d{1,2})([./-])(\d{1,2})\2(\d{4})(.*)$/, 4, 3, 1],
  mdy: [/^(\d{1,2})([./-])(\d{1,2})\2(\d{4})(.*)$/, 4, 1, 3],
  ymd: [/^(\d{4})([./-])(\d{1,2})\2(\d{1,2})(.*)$/, 1, 3, 4],
} as const

/** Reads a cell as a date in an order of its own, or as {@link parseDate} does: `7.3.2021 8:05` as 2021-03-07 08:05. */
function parseOrdered(cell: string, order: DateOrder): number | undefined {
  const [pattern, year, month, day] = orders[order]
  const found = pattern.exec(cell.trim())
  if (found === null) return parseDate(cell)
  const two = (digits: string): string => digits.padStart(2, '0')
  const time = found[5].replace(/^([ T])(\d):/, '$10$2:')
  return parseDate(`${found[year]}-${two(found[month])}-${two(found[day])}${time}`)
}

/** A number's cell without the units around it: `-$5` and `5 kg` as -5 and 5. */
function withoutUnits(cell: string, units: readonly string[]): string {
  const text = cell.trim()
  const sign = /^[+-]/.exec(text)?.[0] ?? ''
  let rest = text.slice(sign.length).trimStart()
  const before = units.find((unit) => rest.startsWith(unit))
  if (before !== undefined) rest = rest.slice(before.length).trimStart()
  const after = units.find((unit) => rest.endsWith(unit))
  if (after !== undefined) rest = rest.slice(0, rest.length - after.length).trimEnd()
  return `${sign}${rest}`
}

/** Reads a cell as true or false, in any case: undefined where it is anything else. */
function parseBoolean(cell: string): boolean | undefined {
  const text = cell.trim().toLowerCase()
  return text === 'true' ? true : text === 'false' ? false : undefined
}

/**
 * Decides what a column of text cells holds, from all its cells.
 *
 * All numbers, all dates, all true and false: that type. A mixture in which numbers (or dates) are at least half of the
 * cells is refused, because a stray word in a numeric column is far more often an accident than a meaning;
 * anything else is text.
 *
 * @param place says where a row stands, for messages: "data.csv: line 7"
 * @throws {InputError} E_CSV for a mixture or numbers that can be read in two ways, E_NONFINITE for 1e400
 */
export function typeColumn(column: TextColumn, marks: NumberMarks, place: (row: number) => string): Column {
  const { name, values, categories } = column
  if (categories.length === 0) return column
  const booleans = categories.map(parseBoolean)
  if (booleans.every((value) => value !== undefined)) {
    const cells = new Uint8Array(values.length)
    for (let i = 0; i < values.length; i++)
      cells[i] = values[i] < 0 ? 255 : booleans[values[i]] === true ? 1 : 0
    return { name, type: 'boolean', values: cells }
  }
  const { units = [], dates } = marks
  const figures = units.length === 0 ? categories : categories.map((cell) => withoutUnits(cell, units))
  const decimal = marks.decimal ?? decimalOf({ ...column, categories: figures }, marks.thousands, place)
  const numbers = figures.map((cell) => parseNumber(cell, decimal, marks.thousands))
  const asNumbers = spread(column, numbers, 'numbers', marks, place)
  if (asNumbers !== undefined) {
    const infinite = asNumbers.findIndex((value) => Math.abs(value) === Number.POSITIVE_INFINITY)
    if (infinite >= 0) {
      throw new InputError(
        'E_NONFINITE',
        name,
        `${place(infinite)}, column ${show(name)}: ${show(categories[values[infinite]])} is beyond the largest number, 1.8e308`,
      )
    }
    return { name, type: 'number', values: asNumbers }
  }
  const instants = categories.map((cell) =>
    dates === undefined ? parseDate(cell) : parseOrdered(cell, dates),
  )
  const asDates = spread(column, instants, 'dates', marks, place)
  return asDates === undefined ? column : { name, type: 'date', values: asDates }
}

/** Parsed categories, given to their rows; undefined where most of them are something else. */
function spread(
  column: TextColumn,
  parsed: readonly (number | undefined)[],
  what: 'numbers' | 'dates',
  marks: NumberMarks,
  place: (row: number) => string,
): Float64Array | undefined {
  const { name, values, categories } = column
  let fit = 0
  let other = 0
  let stray = -1
  const cells = new Float64Array(values.length)
  for (let i = 0; i < values.length; i++) {
    const value = values[i] < 0 ? Number.NaN : parsed[values[i]]
    if (value === undefined) {
      other++
      if (stray < 0) stray = i
    } else {
      cells[i] = value
      if (values[i] >= 0) fit++
    }
  }
  if (other === 0) return cells
  if (fit < other) return undefined
  const cell = categories[values[stray]]
  throw new InputError(
    'E_CSV',
    name,
    `${place(stray)}, column ${show(name)}: ${show(cell)} is not a ${what === 'numbers' ? 'number' : 'date'}, but ` +
      `${fit} of the ${fit + other} cells of this column are; ${advice(cell, name, marks)}`,
  )
}

/** What to do about a cell that is not a number. */
function advice(cell: string, name: string, marks: NumberMarks): string {
  const asText = `--text ${show(name)} to read the column as text`
  const text = cell.trim()
  const money = /^[+-]?\s*(\p{Sc})|([%‰]|\p{Sc})$/u.exec(text)
  if (money !== null && marks.units === undefined)
    return `set --units ${show(money[1] ?? money[2])} if that is a unit, or ${asText}`
  const separated = /^[+-]?\d{1,3}(?:([,.'’_ \u00a0\u202f])\d{3})+(?:[.,]\d+)?$/.exec(text)
  if (separated !== null && marks.thousands === undefined) {
    return `set --thousands ${show(separated[1])} if that separates thousands, or ${asText}`
  }
  if (/^[+-]?\d*[.,]\d+$/.test(text))
    return `set --decimal "${text.includes(',') ? ',' : '.'}" if that is the decimal mark, or ${asText}`
  const narrow = text.normalize('NFKC')
  if (narrow !== text && plainNumber.test(narrow)) return `write it as ${show(narrow)}, or set ${asText}`
  if (!/\d/.test(text)) return `set --missing-marks ${show(cell)} if that means a missing value, or ${asText}`
  return `mend the cell, or set ${asText}`
}

/**
 * The decimal mark of a column that was given none: ',' only where a cell cannot be read otherwise
 * ("1,5", but not "1,500", which may be fifteen hundred).
 */
function decimalOf(
  column: TextColumn,
  thousands: string | undefined,
  place: (row: number) => string,
): '.' | ',' {
  const { name, values, categories } = column
  if (thousands === ',') return '.'
  if (thousands === '.') return ','
  let ambiguous = -1
  let certain = false
  for (const [at, cell] of categories.entries()) {
    const found = /^\s*[+-]?(\d*),(\d+)(?:[eE][+-]?\d+)?\s*$/.exec(cell)
    if (found === null) {
      // Whole numbers say nothing; anything else is not a column of decimal commas.
      if (!/^\s*[+-]?\d+\s*$/.test(cell)) return '.'
    } else if (found[2].length !== 3 || found[1].length > 3 || found[1] === '' || found[1].startsWith('0')) {
      certain = true
    } else if (ambiguous < 0) ambiguous = at
  }
  if (certain) return ','
  if (ambiguous < 0) return '.'
  throw new InputError(
    'E_CSV',
    name,
    `${place(values.indexOf(ambiguous))}, column ${show(name)}: ${show(categories[ambiguous])} may be a number with a decimal comma or one with ` +
      `separated thousands; set --decimal "," or --thousands ",", or --text ${show(name)} to read the column as text`,
  )
}
