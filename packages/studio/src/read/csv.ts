// CSV by RFC 4180, strictly: what two readers could read in two ways is refused, naming the line.

import { InputError } from 'nigh'
import type { Column } from 'nigh'
import { parseNumber, show, typeColumn } from './cells.ts'
import type { ReadChoices, Reading } from './read.ts'

/** Cells that stand for a missing value, besides the empty one. As in the command. */
export const missingMarks: readonly string[] = ['NA', 'N/A', 'n/a', 'NaN', 'nan', 'NULL', 'null', 'None']

const delimiters = [',', ';', '\t', '|'] as const
const words: Readonly<Record<string, string>> = {
  ',': 'commas',
  ';': 'semicolons',
  '\t': 'tabs',
  '|': 'bars',
}

/** Hears records one after the other. */
interface Listener {
  /** @param cells as many as `columns`; only valid during the call */
  record(cells: readonly string[], line: number): void
}

/**
 * Reads a CSV file: the delimiter is found in its beginning, types from all cells.
 *
 * Columns whose first cells are numbers are read as numbers at once; those that then hold anything else are read again
 * as text, and all of their cells decide.
 *
 * @throws {InputError} E_CSV, E_EMPTY, E_NONFINITE, each saying what to do
 */
export async function readCsv(
  reading: Reading,
  choices: ReadChoices,
  delimiter: string | null,
): Promise<{ columns: Column[]; delimiter: string; decimal: '.' | ',' }> {
  const { name } = reading
  const head = await reading.head()
  if (head.trim() === '') throw new InputError('E_EMPTY', 'file', `${name} is empty.`)
  const asked = /^sep=.?(?=[\r\n])/i.exec(head)
  if (asked !== null) {
    throw new InputError(
      'E_CSV',
      'file',
      `${name} begins with ${show(asked[0])}, a line that only Excel takes for more than a name. Delete the line; the delimiter is found without it.`,
    )
  }
  const mark = delimiter ?? choices.delimiter ?? delimiterOf(name, head)
  const sample = splitHead(head, mark)
  if (sample.length === 0)
    throw new InputError(
      'E_CSV',
      'file',
      `${name}: the first line does not end within 4 MB. It is not a table, or its lines end in an unusual way.`,
    )
  const names = choices.header ? namesOf(name, sample[0]) : sample[0].map((_, at) => `column ${at + 1}`)
  const body = choices.header ? sample.slice(1) : sample
  const decimal = choices.decimal ?? decimalOf(mark, body)
  const marks = new Set(['', ...(choices.missingMarks ?? missingMarks)])
  const texts = new Set(choices.text)
  const numeric = new Set<number>()
  for (const [j, column] of names.entries()) {
    if (!texts.has(column) && looksNumeric(body, j, decimal, marks)) numeric.add(j)
  }
  const first = new Columns(names.length, numeric, decimal, marks)
  await walk(reading, mark, names.length, choices.header, first)
  if (first.rows === 0) throw new InputError('E_EMPTY', 'file', `${name} has a header but no rows.`)
  if (first.failed.size > 0) {
    // Once more, for the columns that were not what they seemed.
    const again = new Columns(names.length, new Set(), decimal, marks, first.failed)
    await walk(reading, mark, names.length, choices.header, again)
    for (const j of first.failed) first.texts[j] = again.texts[j]
  }
  const place = (row: number): string => `${name}, line ${first.lineOf(row)}`
  const columns = names.map((column, j): Column => {
    const numbers = first.numbers[j]
    if (numbers !== null && !first.failed.has(j)) {
      const values = numbers.finish()
      const infinite = values.findIndex((value) => Math.abs(value) === Number.POSITIVE_INFINITY)
      if (infinite < 0) return { name: column, type: 'number', values }
      throw new InputError(
        'E_NONFINITE',
        column,
        `${place(infinite)}, column ${show(column)}: the number is beyond the largest there is, 1.8e308. Mend the cell, or read the column as text.`,
      )
    }
    const text = first.texts[j]?.finish(column)
    if (text === undefined) throw new Error('a column was lost: this is a defect of the studio')
    return texts.has(column) ? text : typeColumn(text, decimal, place)
  })
  return { columns, delimiter: mark, decimal }
}

/** Numbers, growing. */
class Numbers {
  #values = new Float64Array(1024)
  #size = 0

  push(value: number): void {
    if (this.#size === this.#values.length) {
      const grown = new Float64Array(this.#size * 2)
      grown.set(this.#values)
      this.#values = grown
    }
    this.#values[this.#size++] = value
  }

  finish(): Float64Array {
    return this.#values.slice(0, this.#size)
  }
}

/** Text, each different one once. */
class Texts {
  readonly #codes = new Map<string, number>()
  readonly #categories: string[] = []
  readonly #values = new Numbers()

  push(cell: string | null): void {
    if (cell === null) {
      this.#values.push(-1)
      return
    }
    let code = this.#codes.get(cell)
    if (code === undefined) {
      code = this.#categories.length
      this.#codes.set(cell, code)
      this.#categories.push(cell)
    }
    this.#values.push(code)
  }

  finish(name: string): Column & { readonly type: 'text' } {
    return {
      name,
      type: 'text',
      values: Int32Array.from(this.#values.finish()),
      categories: this.#categories,
    }
  }
}

class Columns implements Listener {
  readonly numbers: readonly (Numbers | null)[]
  readonly texts: (Texts | null)[]
  /** Columns that were taken for numbers and are not. */
  readonly failed = new Set<number>()
  rows = 0
  readonly #decimal: '.' | ','
  readonly #marks: ReadonlySet<string>
  /** Whether a number may stand for a missing value, such as -999: then marks are looked for first. */
  readonly #numbersAreMarks: boolean
  /** Lines of rows that do not follow the one before: blank lines and line ends in cells. */
  readonly #jumps: { readonly row: number; readonly line: number }[] = []
  #nextLine = -1

  constructor(
    columns: number,
    numeric: ReadonlySet<number>,
    decimal: '.' | ',',
    marks: ReadonlySet<string>,
    only: ReadonlySet<number> | null = null,
  ) {
    this.numbers = Array.from({ length: columns }, (_, j) => (numeric.has(j) ? new Numbers() : null))
    this.texts = Array.from({ length: columns }, (_, j) =>
      numeric.has(j) || only?.has(j) === false ? null : new Texts(),
    )
    this.#decimal = decimal
    this.#marks = marks
    this.#numbersAreMarks = [...marks].some((mark) => parseNumber(mark, decimal) !== undefined)
  }

  record(cells: readonly string[], line: number): void {
    for (let j = 0; j < cells.length; j++) {
      const cell = cells[j]
      const numbers = this.numbers[j]
      if (numbers !== null) {
        if (this.failed.has(j)) continue
        const number =
          this.#numbersAreMarks && this.#marks.has(cell) ? undefined : parseNumber(cell, this.#decimal)
        const value = number ?? (this.#marks.has(cell) ? Number.NaN : undefined)
        if (value === undefined) this.failed.add(j)
        else numbers.push(value)
      } else this.texts[j]?.push(this.#marks.has(cell) ? null : cell)
    }
    if (line !== this.#nextLine) this.#jumps.push({ row: this.rows, line })
    this.#nextLine = line + 1
    this.rows++
  }

  lineOf(row: number): number {
    let found = { row: 0, line: 1 }
    for (const jump of this.#jumps) if (jump.row <= row) found = jump
    return found.line + row - found.row
  }
}

const LF = 10
const CR = 13
const QUOTE = 34

/** Walks the records of the whole file. */
async function walk(
  reading: Reading,
  delimiter: string,
  columns: number,
  header: boolean,
  listener: Listener,
): Promise<void> {
  const { name } = reading
  const mark = delimiter.charCodeAt(0)
  const cells: string[] = []
  let line = 1
  let recordLine = 1
  let quoteLine = 1
  let seen = header ? -1 : 0
  // A cell in quotation marks: `quoted` inside them, `closed` behind them, `collected` what was between.
  let quoted = false
  let closed = false
  let collected = ''
  let rest = ''
  const fail = (where: number, problem: string): InputError =>
    new InputError('E_CSV', 'file', `${name}, line ${where}: ${problem}`)
  const endCell = (part: string): void => {
    if (closed && part !== '')
      throw fail(line, `cell ${cells.length + 1} goes on after its closing quotation mark.`)
    cells.push(closed ? collected : part)
    closed = false
  }
  const endRecord = (blank: boolean): void => {
    if (blank && columns > 1) {
      cells.length = 0
      return
    }
    if (blank) {
      throw fail(
        recordLine,
        'a blank line in a file of one column. Write NA if it is a missing value, or remove it.',
      )
    }
    if (cells.length !== columns) {
      throw fail(
        recordLine,
        `${cells.length} ${cells.length === 1 ? 'cell' : 'cells'}, but ${header ? 'the header has' : 'the first line has'} ${columns}. Mend the line, or choose another delimiter.`,
      )
    }
    if (seen >= 0) listener.record(cells, recordLine)
    seen++
    cells.length = 0
  }
  for await (const piece of reading.text()) {
    const text = rest + piece
    const last = reading.ended()
    let from = 0
    let i = 0
    for (; i < text.length; i++) {
      const code = text.charCodeAt(i)
      if (code === 0) throw fail(line, 'a NUL byte: this is not a text file.')
      if (quoted) {
        if (code === LF) line++
        if (code !== QUOTE) continue
        // Whether a mark closes the cell or stands for itself is told by the next character.
        if (i + 1 === text.length && !last) break
        collected += text.slice(from, i)
        if (text.charCodeAt(i + 1) === QUOTE) {
          collected += '"'
          i++
        } else {
          quoted = false
          closed = true
        }
        from = i + 1
      } else if (code === mark) {
        endCell(text.slice(from, i))
        from = i + 1
      } else if (code === LF || code === CR) {
        if (code === CR && i + 1 === text.length && !last) break
        const blank = cells.length === 0 && !closed && i === from
        endCell(text.slice(from, i))
        endRecord(blank)
        if (code === CR && text.charCodeAt(i + 1) === LF) i++
        from = i + 1
        line++
        recordLine = line
      } else if (code === QUOTE) {
        if (i > from || closed) {
          throw fail(
            line,
            `cell ${cells.length + 1} has a quotation mark inside, but does not begin with one.`,
          )
        }
        quoted = true
        quoteLine = line
        collected = ''
        from = i + 1
      }
    }
    if (quoted) collected += text.slice(from, i)
    rest = text.slice(quoted ? i : from)
  }
  if (quoted) throw fail(quoteLine, 'the quotation that opens here is never closed.')
  if (rest !== '' || cells.length > 0 || closed) {
    endCell(rest)
    endRecord(false)
  }
}

/** The records of a file's beginning; the last one, which it may cut, is left out. */
export function splitHead(text: string, delimiter: string): string[][] {
  const records: string[][] = []
  let record: string[] = []
  let cell = ''
  let quoted = false
  for (let i = 0; i < text.length && records.length < 2000; i++) {
    const mark = text[i]
    if (quoted) {
      if (mark !== '"') cell += mark
      else if (text[i + 1] === '"') cell += text[i++]
      else quoted = false
    } else if (mark === '"' && cell === '') quoted = true
    else if (mark === delimiter) {
      record.push(cell)
      cell = ''
    } else if (mark === '\n' || mark === '\r') {
      if (mark === '\r' && text[i + 1] === '\n') i++
      record.push(cell)
      if (record.length > 1 || cell !== '') records.push(record)
      record = []
      cell = ''
    } else cell += mark
  }
  return records
}

/** @throws {InputError} E_CSV where two delimiters fit alike */
export function delimiterOf(name: string, head: string): string {
  const fitting: string[] = []
  let splitting: { mark: string; cells: number } | null = null
  for (const mark of delimiters) {
    const sample = splitHead(head, mark)
    const cells = sample[0]?.length ?? 0
    if (cells < 2) continue
    if (sample.every((record) => record.length === cells)) fitting.push(mark)
    else if (splitting === null || cells > splitting.cells) splitting = { mark, cells }
  }
  if (fitting.length === 1) return fitting[0]
  if (fitting.length === 0) return splitting?.mark ?? ','
  // Where one's cells hold the other's mark only as decimal commas, the line of names tells.
  const named = fitting.filter((mark) =>
    splitHead(head, mark)[0].every((cell) => !/^[\s\d.,+-]*$/.test(cell)),
  )
  if (named.length === 1) return named[0]
  throw new InputError(
    'E_CSV',
    'delimiter',
    `${name}: the cells may be separated by ${fitting.map((mark) => words[mark]).join(' or by ')}. Choose the delimiter.`,
  )
}

function namesOf(file: string, cells: readonly string[]): string[] {
  if (cells.every((cell) => cell.trim() === '' || parseNumber(cell, '.') !== undefined)) {
    throw new InputError(
      'E_CSV',
      'header',
      `${file}: the first line (${show(cells.join(' '))}) holds numbers, not names. If it is data, say that there is no header.`,
    )
  }
  const seen = new Map<string, number>()
  return cells.map((cell, at) => {
    const name = cell.trim() === '' ? `column ${at + 1}` : cell
    const before = seen.get(name)
    if (before !== undefined) {
      throw new InputError(
        'E_CSV',
        'header',
        `${file}: columns ${before + 1} and ${at + 1} are both named ${show(name)}. Rename one of them.`,
      )
    }
    seen.set(name, at)
    return name
  })
}

function looksNumeric(
  body: readonly (readonly string[])[],
  at: number,
  decimal: '.' | ',',
  marks: ReadonlySet<string>,
): boolean {
  let numbers = 0
  for (const record of body) {
    const cell = record[at]
    if (cell === undefined || marks.has(cell)) continue
    if (parseNumber(cell, decimal) === undefined) return false
    numbers++
  }
  return numbers > 0
}

/** Decimal commas only where cells say so: "1,5" somewhere and "1.5" nowhere, and the comma does not separate cells. */
function decimalOf(delimiter: string, body: readonly (readonly string[])[]): '.' | ',' {
  if (delimiter === ',') return '.'
  let commas = false
  for (const record of body) {
    for (const cell of record) {
      if (/^\s*[+-]?\d*\.\d+\s*$/.test(cell)) return '.'
      commas ||= /^\s*[+-]?(?:0*|\d+),(?:\d\d?|\d{4,})\s*$/.test(cell)
    }
  }
  return commas ? ',' : '.'
}
