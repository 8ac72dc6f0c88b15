import { InputError } from 'nigh'
import type { TextColumn } from 'nigh'
import { show } from '../show/text.ts'
import type { NumberMarks } from './cells.ts'
import type { ReadWarning } from './options.ts'

const grouped = /^[+-]?\d{1,3}(?:([.,'’ \u00a0\u202f])\d{3})(?:\1\d{3})*(?:([.,])\d+)?$/
const plain = /^[+-]?\d+(?:([.,])\d+)?$/
/** A number with a currency, a percent sign or a unit: one mark without blanks, letters or signs of money. */
const measured =
  /^([+-]?)\s*(\p{Sc}|[A-Z]{3}(?=[\s\d]))?\s*([+-]?\d[\d.,'’ \u00a0\u202f]*?)\s*(%|‰|\p{Sc}|(?<=\s)[\p{L}µ°²³/]{1,6}|°\p{L}?)?$/u
const days = /^(\d{1,2})([./-])(\d{1,2})\2\d{4}(?:[ T]\d{1,2}:\d\d(?::\d\d)?)?$/
const yearFirst = /^\d{4}[./]\d{1,2}[./]\d{1,2}/

/**
 * What a column of text may well have been meant to be: numbers with units or separated thousands, dates that are not
 * written the ISO way. It stays text (two readings of 1.500 or 3/7/2021 differ), but not without a word.
 *
 * Only where nine of ten different cells look alike.
 */
export function lookAlike(file: string, column: TextColumn, marks: NumberMarks): ReadWarning | undefined {
  const { name, categories } = column
  const say = (what: string, example: string, advice: string): ReadWarning => ({
    code: 'W_TEXT',
    message: `${file}: column ${show(name)} is read as text, though its cells look like ${what} (${show(example)}); ${advice}`,
  })
  const most = (test: (cell: string) => boolean): string | undefined => {
    let fit = 0
    for (const cell of categories) if (test(cell.trim())) fit++
    return fit > 0 && fit >= categories.length * 0.9
      ? categories.find((cell) => test(cell.trim()))?.trim()
      : undefined
  }
  const dated = most((cell) => days.test(cell))
  if (dated !== undefined && marks.dates === undefined) {
    const firsts = categories.map((cell) => days.exec(cell.trim()))
    const dayFirst = firsts.some((found) => found !== null && Number(found[1]) > 12)
    const monthFirst = firsts.some((found) => found !== null && Number(found[3]) > 12)
    const order =
      dayFirst === monthFirst
        ? '--dates dmy or --dates mdy (day or month first)'
        : dayFirst
          ? '--dates dmy'
          : '--dates mdy'
    return say('dates', dated, `set ${order} to read them so`)
  }
  const years = most((cell) => yearFirst.test(cell))
  if (years !== undefined && marks.dates === undefined)
    return say('dates', years, 'set --dates ymd to read them so')
  const units = new Set<string>()
  const separators = new Set<string>()
  let example: string | undefined
  const number = most((cell) => {
    const found = measured.exec(cell)
    if (found === null) return false
    const figure = found[3]
    const group = grouped.exec(figure)
    if (group === null && !plain.test(figure)) return false
    for (const unit of [found[2], found[4]]) if (unit !== undefined) units.add(unit)
    // One mark alone may be the decimal mark.
    if (
      group !== null &&
      (group[2] !== undefined || figure.split(group[1]).length > 2 || !/[.,]/.test(group[1]))
    )
      separators.add(group[1])
    if (found[2] !== undefined || found[4] !== undefined || group !== null) example ??= cell
    return true
  })
  if (number === undefined || example === undefined || units.size > 3) return undefined
  const options = [
    ...(units.size === 0 || marks.units !== undefined ? [] : [`--units ${show([...units].join(','))}`]),
    ...(marks.thousands !== undefined || separators.size !== 1
      ? []
      : [`--thousands ${show([...separators][0])}`]),
  ]
  return options.length === 0
    ? undefined
    : say('numbers', example, `set ${options.join(' ')} to read them so`)
}

/**
 * Refuses a file in which one column has decimal commas and another has points before every three digits: 1.500 there is
 * fifteen hundred, most likely, and not one and a half.
 *
 * @throws {InputError} E_CSV
 */
export function checkPoints(columns: readonly TextColumn[], place: (row: number) => string): void {
  const comma = columns.find(
    ({ categories }) =>
      categories.length > 0 &&
      categories.every((cell) => /^\s*[+-]?\d+(?:,\d+)?\s*$/.test(cell)) &&
      categories.some((cell) => /,(?:\d\d?|\d{4,})\s*$/.test(cell)),
  )
  if (comma === undefined) return
  for (const { name, values, categories } of columns) {
    const point = categories.findIndex((cell) => /\.\d{3}\s*$/.test(cell))
    if (point < 0 || !categories.every((cell) => /^\s*[+-]?(?:[1-9]\d{0,2}(?:\.\d{3})?|\d+)\s*$/.test(cell)))
      continue
    throw new InputError(
      'E_CSV',
      name,
      `${place(values.indexOf(point))}, column ${show(name)}: ${show(categories[point])} may have a point between ` +
        `thousands, for column ${show(comma.name)} has decimal commas; set --thousands "." or --decimal ".", or --text ${show(name)} to read the column as text`,
    )
  }
}
