import type { Column, Table } from 'nigh'
import type { FileMade } from '../compute/tasks.ts'
import type { Work } from '../compute/serving.ts'
import { count } from '../numbers.ts'

/** What a cell looks like in a text file; null where it is missing. The same text as the command's. */
export function cellTexts(column: Column): (row: number) => string | null {
  switch (column.type) {
    case 'number': {
      const { values } = column
      const single = values instanceof Float32Array
      return (row) => (Number.isNaN(values[row]) ? null : numberText(values[row], single))
    }
    case 'date': {
      const { values } = column
      const days = values.every((value) => value % 86_400_000 === 0 || Number.isNaN(value))
      return (row) => (Number.isNaN(values[row]) ? null : dateText(values[row], days))
    }
    case 'boolean': {
      const { values } = column
      return (row) => (values[row] === 255 ? null : values[row] === 1 ? 'true' : 'false')
    }
    case 'text': {
      const { values, categories } = column
      return (row) => (values[row] < 0 ? null : categories[values[row]])
    }
  }
}

/** A number in as few digits as bring it back: a float32 as such. */
function numberText(value: number, single: boolean): string {
  if (!single) return String(value)
  for (let digits = 6; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits))
    if (Math.fround(short) === value) return String(short)
  }
  return String(Number(value.toPrecision(9)))
}

/** An instant in ISO 8601, the day alone where that is all there is to say. */
export function dateText(milliseconds: number, days: boolean): string {
  const date = new Date(milliseconds)
  if (Number.isNaN(date.getTime())) return String(milliseconds)
  const text = date.toISOString()
  return days ? text.slice(0, text.indexOf('T')) : text
}

/**
 * A table as CSV, in pieces: RFC 4180 with LF and UTF-8. Text that a spreadsheet would run as a formula gets an
 * apostrophe before it; numbers never do. Byte for byte what `nigh … --out FILE.csv` writes.
 */
export function* csvOf(
  table: Table,
): Generator<{ readonly text: string; readonly rows: number }, void, void> {
  const textCell = (text: string): string => {
    const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
    return /[",\n\r]|^\s|\s$/.test(safe) || safe === '' ? `"${safe.replaceAll('"', '""')}"` : safe
  }
  const cells = table.columns.map((column): ((row: number) => string) => {
    const texts = cellTexts(column)
    if (column.type !== 'text') return (row) => texts(row) ?? ''
    const written = column.categories.map(textCell)
    return (row) => (column.values[row] < 0 ? '' : written[column.values[row]])
  })
  let lines = `${table.names.map(textCell).join(',')}\n`
  for (let row = 0; row < table.rows; row++) {
    let line = ''
    for (let j = 0; j < cells.length; j++) line += j === 0 ? cells[j](row) : `,${cells[j](row)}`
    // A file of one column would have a blank line here, which readers pass over.
    lines += cells.length === 1 && line === '' ? 'NA\n' : `${line}\n`
    if (lines.length > 1 << 20) {
      yield { text: lines, rows: row + 1 }
      lines = ''
    }
  }
  yield { text: lines, rows: table.rows }
}

/** The file of a table. Between its pieces it looks up: it can be stopped. */
export async function csvFile(table: Table, name: string, work: Work): Promise<FileMade> {
  const parts: Blob[] = []
  for (const { text, rows } of csvOf(table)) {
    // A blob at once: what is written may leave the worker's memory.
    parts.push(new Blob([text]))
    work.progress({ share: rows / table.rows, words: `writing ${count(rows)} rows` })
    await new Promise((resolve) => setTimeout(resolve))
    work.signal.throwIfAborted()
  }
  return { name, blob: new Blob(parts, { type: 'text/csv' }) }
}
