// Reads an example's CSV file (.csv, .csv.gz) with Node alone. For files of your own, the command `nigh` reads far more.

import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'

/** The rows of examples/data/NAME as objects; a cell that is a number becomes one, an empty cell becomes null. */
export function read(name) {
  const bytes = readFileSync(new URL(`data/${name}`, import.meta.url))
  const text = (name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8')
  const [header, ...lines] = text.trimEnd().split('\n').map(cells)
  return lines.map((line) => Object.fromEntries(header.map((column, j) => [column, value(line[j])])))
}

function cells(line) {
  if (!line.includes('"')) return line.split(',')
  return Array.from(line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g), ([, quoted, plain]) =>
    quoted === undefined ? plain : quoted.replaceAll('""', '"'),
  )
}

function value(cell) {
  if (cell === '') return null
  const number = Number(cell)
  return Number.isNaN(number) ? cell : number
}

/** Columns moved and scaled to mean 0 and standard deviation 1, so that each counts alike in a distance. */
export function standardized(rows) {
  const columns = rows[0].map((_, j) => {
    const mean = rows.reduce((sum, row) => sum + row[j], 0) / rows.length
    const variance = rows.reduce((sum, row) => sum + (row[j] - mean) ** 2, 0) / rows.length
    return { mean, scale: Math.sqrt(variance) || 1 }
  })
  return rows.map((row) => row.map((x, j) => (x - columns[j].mean) / columns[j].scale))
}

/** Prints rows of cells as a table: text to the left, numbers to the right. */
export function print(header, rows) {
  const all = [header, ...rows.map((row) => row.map((cell) => String(cell)))]
  const widths = header.map((_, j) => Math.max(...all.map((row) => row[j].length)))
  for (const [i, row] of all.entries()) {
    const line = row.map((cell, j) =>
      rows.length > 0 && typeof rows[0][j] === 'number' ? cell.padStart(widths[j]) : cell.padEnd(widths[j]),
    )
    console.log(line.join('  ').trimEnd())
    if (i === 0) console.log(widths.map((width) => '─'.repeat(width)).join('  '))
  }
}
