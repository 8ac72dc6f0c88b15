import { InputError } from 'nigh'
import type { Column } from 'nigh'
import { checkCells, checkNames, type ReadColumns, type ReadWork } from './read.ts'
import { columnOfValues } from './records.ts'

/** Arrow's type numbers: float 3 (single precision 1), date 8, timestamp 10. */
const FLOAT = 3
const DATE = 8
const TIMESTAMP = 10

/**
 * Reads an Arrow IPC file or stream. Columns that hold lists or structures are left out, by name.
 *
 * @throws {InputError} E_ARROW, E_MEMORY
 */
export async function readArrow(file: File, work: ReadWork): Promise<ReadColumns> {
  const { tableFromIPC } = await import('@uwdata/flechette')
  const { name } = file
  const bytes = new Uint8Array(await file.arrayBuffer())
  try {
    const table = tableFromIPC(bytes, { useDate: false, useBigInt: false })
    const rows = table.numRows
    // A batch may claim more rows than its bytes can hold; the smallest cell is a bit.
    if (!Number.isInteger(rows) || rows < 0 || rows > bytes.length * 8) {
      throw new Error(`it claims ${rows} rows, more than its bytes can hold`)
    }
    if (rows === 0) throw new InputError('E_EMPTY', 'file', `${name} has no rows.`)
    const { fields } = table.schema
    checkCells(name, rows, fields.length)
    checkNames(
      name,
      fields.map((field) => field.name),
    )
    const columns: Column[] = []
    const leftOut: string[] = []
    for (const [at, field] of fields.entries()) {
      work.signal.throwIfAborted()
      work.progress({ share: at / fields.length, words: `reading column ${at + 1} of ${fields.length}` })
      const type: { readonly typeId: number; readonly precision?: unknown } = field.type
      const column = columnOfValues(name, field.name, table.getChildAt(at).toArray(), {
        single: type.typeId === FLOAT && type.precision === 1,
        dates: type.typeId === DATE || type.typeId === TIMESTAMP,
      })
      if (column === null) leftOut.push(field.name)
      else columns.push(column)
    }
    return { columns, leftOut }
  } catch (error) {
    if (error instanceof InputError || work.signal.aborted) throw error
    const why = error instanceof Error ? error.message : String(error)
    throw new InputError(
      'E_ARROW',
      'file',
      `${name}: this Arrow file cannot be read (${why}). Write it anew, or save it as CSV.`,
    )
  }
}
