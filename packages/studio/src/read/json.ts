import { InputError } from 'nigh'
import type { Column } from 'nigh'
import { show } from './cells.ts'
import { checkCells, checkNames, type Reading } from './read.ts'
import { columnOfValues, datesOf } from './records.ts'

/**
 * Reads JSON: an array of objects, a row each, or one object a line.
 *
 * @throws {InputError} E_JSON, naming the line or row
 */
export async function readJson(reading: Reading, lines: boolean): Promise<Column[]> {
  const { name } = reading
  const cells = new Map<string, unknown[]>()
  let rows = 0
  const take = (record: unknown, where: string): void => {
    if (record === null || typeof record !== 'object' || Array.isArray(record)) {
      throw new InputError(
        'E_JSON',
        'file',
        `${name}, ${where}: a row must be an object, {"column": value, …}.`,
      )
    }
    for (const [key, value] of Object.entries(record)) {
      let column = cells.get(key)
      if (column === undefined) {
        column = new Array<unknown>(rows).fill(null)
        cells.set(key, column)
        checkCells(name, rows + 1, cells.size)
      }
      while (column.length < rows) column.push(null)
      column.push(value)
    }
    rows++
  }
  if (lines) {
    let line = 0
    let rest = ''
    const takeLine = (text: string): void => {
      line++
      if (text.trim() !== '') take(parse(name, text, line), `line ${line}`)
    }
    for await (const piece of reading.text()) {
      const parts = (rest + piece).split('\n')
      rest = parts.pop() ?? ''
      for (const part of parts) takeLine(part)
    }
    takeLine(rest)
  } else {
    const text = await wholeText(reading)
    const parsed = parse(name, text, null)
    if (!Array.isArray(parsed)) {
      throw new InputError('E_JSON', 'file', `${name} must hold an array of objects, [{…}, {…}].`)
    }
    for (const [at, record] of parsed.entries()) take(record, `row ${at + 1}`)
  }
  if (rows === 0) throw new InputError('E_EMPTY', 'file', `${name} has no rows.`)
  checkNames(name, [...cells.keys()])
  return [...cells].map(([column, values]) => {
    while (values.length < rows) values.push(null)
    const made = columnOfValues(name, column, values)
    if (made === null) {
      throw new InputError(
        'E_JSON',
        column,
        `${name}: column ${show(column)} holds lists or objects. Leave it out of the file, or spread it over columns.`,
      )
    }
    return datesOf(made)
  })
}

/** @throws {InputError} E_SIZE where no string of this browser is long enough */
async function wholeText(reading: Reading): Promise<string> {
  let text = ''
  for await (const piece of reading.text()) {
    try {
      text += piece
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      throw new InputError(
        'E_SIZE',
        'file',
        `${reading.name} is one array that is longer than this browser can hold as one text. Save it with one object a line, as .ndjson: such files are read line by line.`,
      )
    }
  }
  return text
}

function parse(name: string, text: string, line: number | null): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    // The browser quotes the text with its line breaks.
    const why = (error instanceof Error ? error.message : String(error)).replace(/\s+/g, ' ')
    throw new InputError(
      'E_JSON',
      'file',
      `${name}${line === null ? '' : `, line ${line}`} is not JSON: ${why}. Mend it and open it again.`,
    )
  }
}
