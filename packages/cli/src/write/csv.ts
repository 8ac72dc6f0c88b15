import { dateText } from './cells.ts'
import type { RowBlocks, Shape } from './blocks.ts'
import type { Draft } from './replace.ts'
import { TextBytes } from './text-bytes.ts'

/**
 * Writes RFC 4180 with LF line ends and UTF-8.
 *
 * Text that a spreadsheet would run as a formula (it begins with `=`, `+`, `-`, `@`, a tab or a carriage return) gets an
 * apostrophe before it, unless `formulas` is true. Numbers never do.
 */
export async function writeCsv(
  rows: RowBlocks,
  delimiter: ',' | '\t',
  formulas: boolean,
  draft: Draft,
): Promise<void> {
  const quoted = delimiter === ',' ? /[",\n\r]|^\s|\s$/ : /["\t\n\r]|^ | $/
  const textCell = (text: string): Uint8Array => {
    const safe = !formulas && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
    return Buffer.from(quoted.test(safe) || safe === '' ? `"${safe.replaceAll('"', '""')}"` : safe)
  }
  const out = new TextBytes((bytes) => draft.write(bytes))
  const separator = delimiter.charCodeAt(0)
  const writers = rows.columns.map((column) => cellWriter(column, textCell, out))
  for (const [j, { name }] of rows.columns.entries()) {
    if (j > 0) out.mark(separator)
    out.bytes(textCell(name))
  }
  out.mark(newline)
  const alone = writers.length === 1
  let done = 0
  for await (const block of rows.blocks()) {
    const columns = block.columns.map(({ values }) => values)
    for (let row = 0; row < block.rows; row++) {
      for (let j = 0; j < writers.length; j++) {
        if (j > 0) out.mark(separator)
        // A file of one column would have a blank line for an empty cell, which readers pass over.
        if (!writers[j](columns[j][row]) && alone) out.ascii('NA')
      }
      out.mark(newline)
    }
    done += block.rows
    await draft.pause(done / rows.rows)
  }
  out.flush()
}

/** Writes a cell of a column, and says whether there was anything to write. */
function cellWriter(
  { type, single, daysOnly, categories }: Shape,
  textCell: (text: string) => Uint8Array,
  out: TextBytes,
): (value: number) => boolean {
  switch (type) {
    case 'number':
      return (value) => {
        if (Number.isNaN(value)) return false
        out.number(value, single)
        return true
      }
    case 'date':
      return (value) => {
        if (Number.isNaN(value)) return false
        out.ascii(dateText(value, daysOnly))
        return true
      }
    case 'boolean':
      return (value) => {
        if (value === 255) return false
        out.ascii(value === 1 ? 'true' : 'false')
        return true
      }
    case 'text': {
      // Each text becomes bytes when it first comes: a block needs few of them.
      const written: (Uint8Array | undefined)[] = []
      return (value) => {
        if (value < 0) return false
        out.bytes((written[value] ??= textCell(categories[value])))
        return true
      }
    }
  }
}

const newline = 10
