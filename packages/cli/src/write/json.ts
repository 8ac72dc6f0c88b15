import type { Column } from 'nigh'
import type { RowBlocks } from './blocks.ts'
import { cellTexts } from './cells.ts'
import type { Draft } from './replace.ts'

/** Writes one array of objects, a row a line. A missing cell is null, a date its ISO text. */
export async function writeJson(rows: RowBlocks, draft: Draft): Promise<void> {
  await writeObjects(rows, draft, '[\n', ',\n', '\n]\n')
}

/** Writes one object a line. */
export async function writeNdjson(rows: RowBlocks, draft: Draft): Promise<void> {
  await writeObjects(rows, draft, '', '\n', '\n')
}

async function writeObjects(
  rows: RowBlocks,
  draft: Draft,
  before: string,
  between: string,
  after: string,
): Promise<void> {
  // Keys are written as text, so that a column named __proto__ is a key like any other.
  const keys = rows.columns.map(({ name }) => JSON.stringify(name))
  let text = before
  let done = 0
  for await (const block of rows.blocks()) {
    const cells = block.columns.map((column, j) => jsonCells(column, rows.columns[j].daysOnly))
    for (let row = 0; row < block.rows; row++) {
      text += done + row === 0 ? '{' : `${between}{`
      for (let j = 0; j < cells.length; j++) text += `${j === 0 ? '' : ','}${keys[j]}:${cells[j](row)}`
      text += '}'
      if (text.length > 1 << 20) {
        draft.write(Buffer.from(text))
        text = ''
      }
    }
    done += block.rows
    await draft.pause(done / rows.rows)
  }
  draft.write(Buffer.from(text + after))
}

function jsonCells(column: Column, daysOnly: boolean): (row: number) => string {
  const texts = cellTexts(column, daysOnly)
  if (column.type === 'number' || column.type === 'boolean') return (row) => texts(row) ?? 'null'
  return (row) => {
    const text = texts(row)
    return text === null ? 'null' : JSON.stringify(text)
  }
}
