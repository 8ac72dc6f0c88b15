import { InputError } from 'nigh'
import type { Column } from 'nigh'
import { show } from './cells.ts'
import { checkCells, checkNames, type ReadColumns, type ReadWork } from './read.ts'
import { columnOfValues } from './records.ts'

/**
 * Reads Parquet. The size is judged by the footer, before a page is unpacked. Columns of floats stay single precision;
 * columns that hold lists or structures are left out, by name.
 *
 * @throws {InputError} E_PARQUET, E_MEMORY
 */
export async function readParquet(file: File, work: ReadWork): Promise<ReadColumns> {
  const { parquetMetadataAsync, parquetRead, parquetSchema } = await import('hyparquet')
  const { name } = file
  const source = {
    byteLength: file.size,
    slice: (start: number, end?: number): Promise<ArrayBuffer> => file.slice(start, end).arrayBuffer(),
  }
  const refuse = (error: unknown): InputError => {
    const why = error instanceof Error ? error.message.replace(/^parquet /, '') : String(error)
    return new InputError(
      'E_PARQUET',
      'file',
      `${name}: this Parquet file cannot be read (${why}). Write it anew, or save it as CSV.`,
    )
  }
  const metadata = await parquetMetadataAsync(source).catch((error: unknown) => {
    throw refuse(error)
  })
  const rows = Number(metadata.num_rows)
  const leaves = parquetSchema(metadata).children
  const flat = leaves.filter(
    ({ children, element }) => children.length === 0 && element.repetition_type !== 'REPEATED',
  )
  if (rows === 0) throw new InputError('E_EMPTY', 'file', `${name} has no rows.`)
  checkCells(name, rows, flat.length)
  checkNames(
    name,
    flat.map(({ element }) => element.name),
  )
  // The brotli dictionary alone is larger than this page: only files that need it load it.
  const codecs = new Set(
    metadata.row_groups.flatMap((group) => group.columns.map((chunk) => chunk.meta_data?.codec)),
  )
  const extra = [...codecs].some(
    (codec) => codec !== undefined && codec !== 'SNAPPY' && codec !== 'UNCOMPRESSED',
  )
  const compressors = extra ? (await import('hyparquet-compressors')).compressors : undefined
  const columns: Column[] = []
  const leftOut = leaves.filter((leaf) => !flat.includes(leaf)).map(({ element }) => element.name)
  for (const [at, { element }] of flat.entries()) {
    work.signal.throwIfAborted()
    work.progress({ share: at / flat.length, words: `reading column ${at + 1} of ${flat.length}` })
    // By chunks of the column, not by rows: an object a row would take most of the time.
    const cells = new Array<unknown>(rows).fill(null)
    await parquetRead({
      file: source,
      metadata,
      columns: [element.name],
      onChunk: ({ columnData, rowStart }) => {
        for (let i = 0; i < columnData.length && rowStart + i < rows; i++) cells[rowStart + i] = columnData[i]
      },
      ...(compressors === undefined ? {} : { compressors }),
    }).catch((error: unknown) => {
      throw refuse(error)
    })
    const column = columnOfValues(name, element.name, cells, { single: element.type === 'FLOAT' })
    if (column === null) leftOut.push(element.name)
    else columns.push(column)
  }
  if (columns.length === 0) {
    throw new InputError(
      'E_PARQUET',
      'file',
      `${name}: no column holds numbers, text, dates or true and false (${leaves.map(({ element }) => show(element.name)).join(', ')}).`,
    )
  }
  return { columns, leftOut }
}
