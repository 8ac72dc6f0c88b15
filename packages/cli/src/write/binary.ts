import { ParquetWriter, schemaFromColumnData } from 'hyparquet-writer'
import { ByteWriter } from 'hyparquet-writer/src/bytewriter.js'
import { InputError } from 'nigh'
import type { Column } from 'nigh'
import { show } from '../show/text.ts'
import type { RowBlocks, Shape } from './blocks.ts'
import { plainCells } from './cells.ts'
import type { Draft } from './replace.ts'

/** Bytes of a Parquet file, handed on after each row group. */
class DraftWriter extends ByteWriter {
  readonly #draft: Draft

  constructor(draft: Draft) {
    super(1 << 16)
    this.#draft = draft
  }

  flush(): void {
    this.#draft.write(this.getBytes())
    this.index = 0
  }

  override finish(): void {
    this.flush()
  }
}

/** Writes a Parquet file (Snappy): float32 and float64, booleans, text, timestamps in milliseconds. */
export async function writeParquet(rows: RowBlocks, draft: Draft): Promise<void> {
  const column = ({ name, missing, ...shape }: Shape, data: unknown[] | Float64Array | Float32Array) => ({
    name,
    data,
    type: parquetType(shape),
    nullable: missing,
  })
  const writer = new ParquetWriter({
    writer: new DraftWriter(draft),
    schema: schemaFromColumnData({ columnData: rows.columns.map((shape) => column(shape, [])) }),
    createdBy: 'nigh',
  })
  let done = 0
  for await (const block of rows.blocks()) {
    await writer.write({
      columnData: block.columns.map((cells, j) => ({
        name: cells.name,
        data: parquetCells(cells, rows.columns[j].missing),
      })),
      rowGroupSize: block.rows,
    })
    done += block.rows
    await draft.pause(done / rows.rows)
  }
  await writer.finish()
}

/**
 * Writes a two-dimensional .npy array of the table's numbers: float64, C order. True and false become 1 and 0.
 *
 * @throws {InputError} E_NPY for a column of text or dates
 */
export async function writeNpy(blocks: RowBlocks, draft: Draft): Promise<void> {
  const { rows, columns } = blocks
  for (const { name, type } of columns) {
    if (type === 'text' || type === 'date') {
      throw new InputError(
        'E_NPY',
        'out',
        `an npy file holds numbers only, but column ${show(name)} is ${type === 'date' ? 'a date' : 'text'}; write CSV, Parquet or Arrow, or leave it out with --ignore`,
      )
    }
  }
  const dictionaryText = `{'descr': '<f8', 'fortran_order': False, 'shape': (${rows}, ${columns.length}), }`
  const length = Math.ceil((10 + dictionaryText.length + 1) / 64) * 64 - 10
  const header = Buffer.alloc(10 + length, ' ')
  header.write('\x93NUMPY\x01\x00', 'latin1')
  header.writeUInt16LE(length, 8)
  header.write(dictionaryText, 10, 'latin1')
  header[header.length - 1] = 10
  draft.write(header)
  let done = 0
  for await (const block of blocks.blocks()) {
    const together = Math.max(1, Math.floor((1 << 19) / columns.length))
    const cells = new DataView(new ArrayBuffer(Math.min(together, block.rows) * columns.length * 8))
    for (let from = 0; from < block.rows; from += together) {
      const to = Math.min(block.rows, from + together)
      let at = 0
      for (let row = from; row < to; row++) {
        for (const { type, values } of block.columns) {
          const value = values[row]
          cells.setFloat64(at, type === 'boolean' && value === 255 ? Number.NaN : value, true)
          at += 8
        }
      }
      draft.write(new Uint8Array(cells.buffer, 0, at))
    }
    done += block.rows
    await draft.pause(done / rows)
  }
}

function parquetType({
  type,
  single,
}: Pick<Shape, 'type' | 'single'>): 'FLOAT' | 'DOUBLE' | 'BOOLEAN' | 'TIMESTAMP' | 'STRING' {
  switch (type) {
    case 'number':
      return single ? 'FLOAT' : 'DOUBLE'
    case 'boolean':
      return 'BOOLEAN'
    case 'date':
      return 'TIMESTAMP'
    case 'text':
      return 'STRING'
  }
}

/** Numbers without a missing cell go as they are: boxing a million of them takes more memory than the table. */
function parquetCells(column: Column, missing: boolean): unknown[] | Float64Array | Float32Array {
  if (column.type === 'number' && !missing) return column.values
  const cells = plainCells(column)
  return column.type === 'date' ? cells.map((cell) => (cell === null ? null : new Date(Number(cell)))) : cells
}
