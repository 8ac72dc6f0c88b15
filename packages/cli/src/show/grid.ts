import { shorten, visible, widthOf } from './text.ts'

/** A column of a {@link grid}. */
export interface GridColumn {
  readonly title: string
  readonly align: 'left' | 'right'
}

/**
 * Lays out rows of cells as lines, a column as wide as its widest cell, two blanks between.
 * Where the lines would be wider than the terminal, the widest left-aligned column gives way.
 */
export function grid(
  columns: readonly GridColumn[],
  rows: readonly (readonly string[])[],
  width: number,
  paint: Paint,
): string[] {
  const cells = rows.map((row) => row.map(visible))
  const titles = columns.map(({ title }) => visible(title))
  const widths = titles.map((title, j) => Math.max(widthOf(title), ...cells.map((row) => widthOf(row[j]))))
  let over = widths.reduce((sum, one) => sum + one + 2, 0) - width
  while (over > 0) {
    let widest = -1
    for (const [j, column] of columns.entries()) {
      if (column.align === 'left' && widths[j] > 8 && (widest < 0 || widths[j] > widths[widest])) widest = j
    }
    if (widest < 0) break
    widths[widest]--
    over--
  }
  const line = (row: readonly string[]): string =>
    row
      .map((cell, j) => {
        const text = shorten(cell, widths[j])
        const space = ' '.repeat(Math.max(0, widths[j] - widthOf(text)))
        return columns[j].align === 'left' ? text + space : space + text
      })
      .join('  ')
      .trimEnd()
  const body = cells.map((row) => `  ${line(row)}`)
  return titles.every((title) => title === '') ? body : [`  ${paint.dim(line(titles))}`, ...body]
}

/** A bar of up to `width` blocks, in eighths. */
export function bar(share: number, width: number): string {
  const eighths = Math.round(Math.max(0, Math.min(1, share)) * width * 8)
  return '█'.repeat(eighths >> 3) + ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'][eighths & 7]
}

/** Emphasis, or none where the output is not a terminal or NO_COLOR is set. */
export interface Paint {
  bold(text: string): string
  dim(text: string): string
}

/** @param lively whether escape sequences may be written */
export function paintFor(lively: boolean): Paint {
  if (!lively) return { bold: (text) => text, dim: (text) => text }
  return { bold: (text) => `\u001b[1m${text}\u001b[22m`, dim: (text) => `\u001b[2m${text}\u001b[22m` }
}
