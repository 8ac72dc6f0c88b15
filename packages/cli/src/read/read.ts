import { createGunzip } from 'node:zlib'
import { createReadStream } from 'node:fs'
import { InputError, Table } from 'nigh'
import type { FileContents } from './csv.ts'
import { inBytes } from './limits.ts'
import type { Format, ReadOptions, ReadWarning } from './options.ts'
import { blocksOf, openSource, readBytes, Spool } from './source.ts'
import type { Source } from './source.ts'

/** A file, read. */
export interface Input {
  readonly table: Table
  /** Rows of the file. */
  readonly rows: number
  readonly name: string
  readonly format: Format
  /** Bytes of the file. */
  readonly size: number
  readonly warnings: readonly ReadWarning[]
  /** Every column's name, also of those not read. */
  readonly names: readonly string[]
}

const endings: Record<string, Format> = {
  csv: 'csv',
  tsv: 'tsv',
  tab: 'tsv',
  txt: 'csv',
  json: 'json',
  ndjson: 'ndjson',
  jsonl: 'ndjson',
  parquet: 'parquet',
  pq: 'parquet',
  arrow: 'arrow',
  feather: 'arrow',
  arrows: 'arrow',
  ipc: 'arrow',
  npy: 'npy',
}

/** What {@link withSource} says about a file beside its contents. */
export interface Opened {
  readonly source: Source
  readonly format: Format
  /** Bytes of the file as given. */
  readonly size: number
}

/** Opens a file (or standard input, where the name is `-`), unpacks it where need be, and closes it afterwards. */
export async function withSource<T>(
  name: string,
  options: ReadOptions,
  work: (opened: Opened) => Promise<T>,
): Promise<T> {
  const given = name === '-' ? await spoolInput(options) : openSource(name)
  let source = given
  try {
    const format = options.format ?? formatOf(given)
    source = await unpack(given, format, options)
    return await work({ source, format, size: given.size })
  } finally {
    if (source !== given) source.close()
    given.close()
  }
}

/**
 * Reads a table from a file, or from standard input where the name is `-`.
 *
 * @throws {InputError} naming the file and what is wrong with it
 */
export async function readTable(name: string, options: ReadOptions): Promise<Input> {
  return withSource(name, options, async ({ source, format, size }) => {
    const { columns, warnings, names } = await contentsOf(source, format, options)
    if (columns.length === 0) throw new InputError('E_EMPTY', 'columns', `${name}: no column is left to read`)
    const table = Table.of(columns)
    return { table, rows: table.rows, name, format, size, warnings, names: names ?? table.names }
  })
}

/** Reads what an opened file holds. */
export async function contentsOf(
  source: Source,
  format: Format,
  options: ReadOptions,
): Promise<FileContents> {
  switch (format) {
    case 'csv':
    case 'tsv': {
      const { readCsv } = await import('./csv.ts')
      return readCsv(source, format === 'tsv' ? { delimiter: '\t', ...options } : options)
    }
    case 'parquet': {
      const { readParquet } = await import('./parquet.ts')
      return readParquet(source, options)
    }
    case 'json': {
      const { readJson } = await import('./json.ts')
      return readJson(source, options)
    }
    case 'ndjson': {
      const { readNdjson } = await import('./json.ts')
      return readNdjson(source, options)
    }
    case 'arrow': {
      const { readArrow } = await import('./arrow.ts')
      return readArrow(source, options)
    }
    case 'npy': {
      const { readNpy } = await import('./npy.ts')
      return readNpy(source, options)
    }
  }
}

/** The format by the name's ending, checked against the first bytes; for standard input by the first bytes alone. */
function formatOf(source: Source): Format {
  const found = formatByBytes(source)
  const ending = /\.([a-z]+)(?:\.gz)?$/i.exec(source.name)?.[1]?.toLowerCase() ?? ''
  const said = endings[ending]
  if (source.name === '-' || source.name === 'standard input') return found ?? guessText(source)
  if (said === undefined) {
    if (found !== undefined) return found
    throw new InputError(
      'E_FILE',
      'format',
      `${source.name}: the ending says no format that nigh reads (csv, tsv, json, ndjson, parquet, arrow, npy); set --format`,
    )
  }
  if (found !== undefined && found !== said && !(said === 'arrow' && found === 'arrow')) {
    throw new InputError(
      'E_FILE',
      'format',
      `${source.name}: the file is named as ${said} but holds ${found}; set --format ${found}`,
    )
  }
  return said
}

function formatByBytes(source: Source): Format | undefined {
  const head = Buffer.from(readBytes(source, 0, 8)).toString('latin1')
  if (head.startsWith('PAR1') || head.startsWith('PARE')) return 'parquet'
  if (head.startsWith('ARROW1')) return 'arrow'
  if (head.startsWith('\x93NUMPY')) return 'npy'
  return undefined
}

function guessText(source: Source): Format {
  const head = Buffer.from(readBytes(source, 0, 4096))
    .toString('utf8')
    .trimStart()
  return head.startsWith('[') ? 'json' : head.startsWith('{') ? 'ndjson' : 'csv'
}

/** Text formats are read as plain UTF-8: compressed files and other encodings are put into a temporary file first. */
async function unpack(source: Source, format: Format, options: ReadOptions): Promise<Source> {
  if (format !== 'csv' && format !== 'tsv' && format !== 'json' && format !== 'ndjson') return source
  const head = readBytes(source, 0, 4)
  if (head[0] === 0x1f && head[1] === 0x8b) {
    const unzipped = await gunzip(source, options)
    try {
      const decoded = decodeText(unzipped, readBytes(unzipped, 0, 4), options)
      if (decoded !== unzipped) unzipped.close()
      return decoded
    } catch (error) {
      unzipped.close()
      throw error
    }
  }
  return decodeText(source, head, options)
}

function decodeText(source: Source, head: Uint8Array, options: ReadOptions): Source {
  const big = head[0] === 0xfe && head[1] === 0xff
  const little = head[0] === 0xff && head[1] === 0xfe
  const encoding =
    big || (options.encoding === 'utf-16' && !little && head[0] === 0)
      ? 'utf-16be'
      : little || options.encoding === 'utf-16'
        ? 'utf-16le'
        : options.encoding
  if (encoding === undefined || encoding === 'utf-8') return source
  const spool = new Spool(source.name)
  try {
    const decoder = new TextDecoder(encoding, { fatal: true })
    for (const block of blocksOf(source)) spool.write(Buffer.from(decoder.decode(block, { stream: true })))
    spool.write(Buffer.from(decoder.decode()))
    return spool.finish()
  } catch (error) {
    spool.discard()
    if (error instanceof TypeError) {
      throw new InputError('E_CSV', 'file', `${source.name}: the file is not valid ${encoding.toUpperCase()}`)
    }
    throw error
  }
}

async function gunzip(source: Source, options: ReadOptions): Promise<Source> {
  const spool = new Spool(source.name)
  // A file that unpacks a hundredfold is a mistake or an attack; a small one may do so by chance.
  const limit = Math.min(
    Math.max(1 << 28, source.size * 100),
    4 * (options.maxBytes ?? Number.POSITIVE_INFINITY),
  )
  try {
    const stream = createReadStream('', { fd: source.descriptor, autoClose: false, start: 0 }).pipe(
      createGunzip(),
    )
    for await (const chunk of stream) {
      options.signal?.throwIfAborted()
      if (chunk instanceof Uint8Array) spool.write(chunk)
      if (spool.size > limit) {
        throw new InputError(
          'E_SIZE',
          'file',
          `${source.name}: ${inBytes(source.size)} unpack to more than ${inBytes(limit)}; unpack the file yourself if that is right`,
        )
      }
    }
    return spool.finish()
  } catch (error) {
    spool.discard()
    options.signal?.throwIfAborted()
    if (error instanceof InputError) throw error
    throw new InputError('E_FILE', 'file', `${source.name}: the gzip data are damaged`)
  }
}

async function spoolInput(options: ReadOptions): Promise<Source> {
  const spool = new Spool('standard input')
  try {
    for await (const chunk of process.stdin) {
      options.signal?.throwIfAborted()
      spool.write(chunk instanceof Uint8Array ? chunk : Buffer.from(String(chunk)))
    }
    return spool.finish()
  } catch (error) {
    spool.discard()
    throw error
  }
}
