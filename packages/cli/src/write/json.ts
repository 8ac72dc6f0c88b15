import type { Column, Table } from 'nigh'
import { cellTexts } from './cells.ts'
import type { Draft } from './replace.ts'

/** Writes one array of objects, a row a line. A missing cell is null, a date its ISO text. */
export async function writeJson(table: Table, draft: Draft): Promise<void> {
  await writeObjects(table, draft, '[\n', ',\n', '\n]\n')
}

/** Writes one object a line. */
export async function writeNdjson(table: Table, draft: Draft): Promise<void> {
  await writeObjects(table, draft, '', '\n', '\n')
}

async function writeObjects(
  table: Table,
  draft: Draft,
  before: string,
  between: string,
  after: string,
): Promise<void> {
  // Keys are written as text, so that a column named __proto__ is a key like any other.
  const keys = table.names.map((name) => JSON.stringify(name))
  const cells = table.columns.map(jsonCells)
  let text = before
  for (let row = 0; row < table.rows; row++) {
    text += row === 0 ? '{' : `${between}{`
    for (let j = 0; j < cells.length; j++) text += `${j === 0 ? '' : ','}${keys[j]}:${cells[j](row)}`
    text += '}'
    if (text.length > 1 << 20) {
      draft.write(Buffer.from(text))
      text = ''
      await draft.pause(row / table.rows)
    }
  }
  draft.write(Buffer.from(text + after))
}

function jsonCells(column: Column): (row: number) => string {
  const texts = cellTexts(column)
  if (column.type === 'number' || column.type === 'boolean') return (row) => texts(row) ?? 'null'
  return (row) => {
    const text = texts(row)
    return text === null ? 'null' : JSON.stringify(text)
  }
}
