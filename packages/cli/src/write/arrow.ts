import {
  bool,
  columnFromArray,
  dateDay,
  dictionary,
  float32,
  float64,
  int32,
  tableFromArrays,
  tableFromColumns,
  tableToIPC,
  timestamp,
  utf8,
} from '@uwdata/flechette'
import type { DataType } from '@uwdata/flechette'
import type { Table } from 'nigh'
import { DICTIONARY, footerOf, messagesOf, RECORDS, SCHEMA } from '../read/arrow-frame.ts'
import type { Message } from '../read/arrow-frame.ts'
import type { RowBlocks, Shape } from './blocks.ts'
import { plainCells } from './cells.ts'
import type { Draft } from './replace.ts'

/**
 * Writes an Arrow IPC file, a record batch for each block of rows: text as a dictionary, whole days as Date, other
 * instants as Timestamp in milliseconds.
 *
 * flechette encodes whole tables only. It is given each block as a table, and the messages that it makes of them are put
 * together here; text goes to it as codes, for which an Arrow file has the same bytes.
 */
export async function writeArrow(rows: RowBlocks, draft: Draft): Promise<void> {
  const { columns } = rows
  draft.write(magic)
  let at = magic.length
  const dictionaries: Block[] = []
  const records: Block[] = []
  const put = (bytes: Uint8Array, { from, body, to }: Message, blocks: Block[] | null): void => {
    draft.write(bytes.subarray(from, to))
    blocks?.push({ at, head: body - from, body: to - body })
    at += to - from
  }
  const words = columns.map(({ type, categories }) =>
    // A dictionary without a word would not be written.
    type === 'text' && categories.length > 0 ? categories : [''],
  )
  const most = words.reduce((longest, { length }) => Math.max(longest, length), 1)
  const opening = encoded(columns, (column) =>
    Array.from({ length: most }, (_, i) => words[column][i] ?? null),
  )
  for (const message of messagesOf(opening)) {
    if (message.kind === SCHEMA) put(opening, message, null)
    if (message.kind === DICTIONARY) put(opening, message, dictionaries)
  }
  let done = 0
  for await (const block of rows.blocks()) {
    const bytes = recordOf(block, columns)
    for (const message of messagesOf(bytes)) if (message.kind === RECORDS) put(bytes, message, records)
    done += block.rows
    await draft.pause(done / rows.rows)
  }
  draft.write(ending(columns, dictionaries, records))
}

/** Where a message lies in the file: its head, and its body behind it. */
interface Block {
  readonly at: number
  readonly head: number
  readonly body: number
}

const magic: Uint8Array = Buffer.from('ARROW1\0\0', 'latin1')

/** A table of text cells, or of nothing in columns of other types, as flechette writes it. */
function encoded(
  columns: readonly Shape[],
  textOf: (column: number) => (string | null)[],
  options: { readonly format?: 'file'; readonly maxBatchRows?: number } = {},
): Uint8Array {
  const types: Record<string, DataType> = Object.create(null)
  const cells = columns.map((shape, j): [string, (string | null)[]] => {
    types[shape.name] = arrowType(shape)
    const texts = textOf(j)
    return [shape.name, shape.type === 'text' ? texts : texts.map(() => null)]
  })
  const { format = 'stream', maxBatchRows } = options
  const table = tableFromArrays(cells, { types, ...(maxBatchRows === undefined ? {} : { maxBatchRows }) })
  return written(tableToIPC(table, { format }))
}

function recordOf(block: Table, columns: readonly Shape[]): Uint8Array {
  const cells = block.columns.map(
    (column, j) =>
      [
        column.name,
        column.type === 'number' && !column.values.some(Number.isNaN)
          ? columnFromArray(column.values)
          : columnFromArray(
              column.type === 'text' ? codesOf(column.values) : plainCells(column),
              column.type === 'text' ? int32() : arrowType(columns[j]),
            ),
      ] satisfies [string, unknown],
  )
  return written(tableToIPC(tableFromColumns(cells), { format: 'stream' }))
}

function codesOf(codes: Int32Array): (number | null)[] {
  return Array.from(codes, (code) => (code < 0 ? null : code))
}

/** The end mark and the footer: flechette's for a table of as many batches, with the places of these. */
function ending(
  columns: readonly Shape[],
  dictionaries: readonly Block[],
  records: readonly Block[],
): Uint8Array {
  const model = encoded(columns, () => Array.from({ length: records.length }, () => ''), {
    format: 'file',
    maxBatchRows: 1,
  })
  const footer = footerOf('', model)
  for (const [places, blocks] of [
    [footer.dictionaries, dictionaries],
    [footer.records, records],
  ] as const) {
    if (places.length !== blocks.length)
      throw new Error('the footer has another number of batches: this is a defect of nigh')
    for (const [i, { at, head, body }] of blocks.entries()) {
      footer.view.setBigInt64(places[i], BigInt(at), true)
      footer.view.setInt32(places[i] + 8, head, true)
      footer.view.setBigInt64(places[i] + 16, BigInt(body), true)
    }
  }
  const tail = new Uint8Array(8 + footer.view.byteLength + 10)
  tail.fill(255, 0, 4)
  tail.set(model.subarray(footer.from), 8)
  return tail
}

function written(bytes: Uint8Array | null): Uint8Array {
  if (bytes === null) throw new Error('nothing was encoded: this is a defect of nigh')
  return bytes
}

function arrowType({ type, single, daysOnly }: Pick<Shape, 'type' | 'single' | 'daysOnly'>): DataType {
  switch (type) {
    case 'number':
      return single ? float32() : float64()
    case 'boolean':
      return bool()
    case 'date':
      return daysOnly ? dateDay() : timestamp()
    case 'text':
      return dictionary(utf8(), int32())
  }
}
