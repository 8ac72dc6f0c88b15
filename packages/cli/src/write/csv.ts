import type { Table } from 'nigh'
import { cellTexts } from './cells.ts'
import type { Draft } from './replace.ts'

/**
 * Writes RFC 4180 with LF line ends and UTF-8.
 *
 * Text that a spreadsheet would run as a formula (it begins with `=`, `+`, `-`, `@`, a tab or a carriage return) gets an
 * apostrophe before it, unless `formulas` is true. Numbers never do.
 */
export async function writeCsv(
  table: Table,
  delimiter: ',' | '\t',
  formulas: boolean,
  draft: Draft,
): Promise<void> {
  const quoted = delimiter === ',' ? /[",\n\r]|^\s|\s$/ : /["\t\n\r]|^ | $/
  const textCell = (text: string): string => {
    const safe = !formulas && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
    return quoted.test(safe) || safe === '' ? `"${safe.replaceAll('"', '""')}"` : safe
  }
  const cells = table.columns.map((column): ((row: number) => string) => {
    const texts = cellTexts(column)
    if (column.type !== 'text') return (row) => texts(row) ?? ''
    const written = column.categories.map(textCell)
    return (row) => (column.values[row] < 0 ? '' : written[column.values[row]])
  })
  let lines = `${table.names.map(textCell).join(delimiter)}\n`
  const single = cells.length === 1
  for (let row = 0; row < table.rows; row++) {
    let line = ''
    for (let j = 0; j < cells.length; j++) line += j === 0 ? cells[j](row) : delimiter + cells[j](row)
    // A file of one column would have a blank line here, which readers pass over.
    lines += single && line === '' ? 'NA\n' : `${line}\n`
    if (lines.length > 1 << 20) {
      draft.write(Buffer.from(lines))
      lines = ''
      await draft.pause(row / table.rows)
    }
  }
  draft.write(Buffer.from(lines))
}
