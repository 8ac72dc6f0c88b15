import { InputError, Table } from 'nigh'
import type { Column } from 'nigh'
import { bytes, count } from '../numbers.ts'
import { show } from './cells.ts'

/** What the person may say about a file that does not say enough by itself. */
export interface ReadChoices {
  readonly delimiter: ',' | ';' | '\t' | '|' | null
  readonly decimal: '.' | ',' | null
  readonly header: boolean
  readonly encoding: 'utf-8' | 'windows-1252'
  /** Columns to read as text, whatever they hold. */
  readonly text: readonly string[]
  /** Cells that mean a missing value; null: the usual ones. */
  readonly missingMarks: readonly string[] | null
}

export const usualChoices: ReadChoices = {
  delimiter: null,
  decimal: null,
  header: true,
  encoding: 'utf-8',
  text: [],
  missingMarks: null,
}

/** How a file was read: what was chosen, or found. */
export interface ReadHow {
  readonly format: Format
  /** Null where the format has none. */
  readonly delimiter: string | null
  readonly decimal: '.' | ','
  /** Of text; what the file's first bytes say goes before what was chosen. */
  readonly encoding: Encoding
  /** Columns of lists or structures: they are in the file, and not in the table. */
  readonly leftOut: readonly string[]
}

export type Encoding = 'utf-8' | 'windows-1252' | 'utf-16le' | 'utf-16be'

/** What a format's reader found. */
export interface ReadColumns {
  readonly columns: readonly Column[]
  readonly leftOut: readonly string[]
}

/** How a file is followed while it is read. */
export interface Reading {
  readonly name: string
  /** The first 64 kB as text; more where the first line has not ended by then. */
  head(): Promise<string>
  /** All of it as text, in pieces; each call starts anew. */
  text(): AsyncIterable<string>
  /** Whether the last piece of `text` has come. */
  ended(): boolean
}

/** The largest file that is opened. Text takes about its own size in memory again, a table about as much. */
export const LARGEST_FILE = 1e9
/** The most cells. */
export const MOST_CELLS = 250e6

export interface ReadWork {
  readonly signal: AbortSignal
  readonly progress: (progress: { readonly share: number | null; readonly words: string }) => void
}

/**
 * Reads a table: CSV, TSV, JSON, one JSON object a line, Parquet or Arrow, by the name's ending and the first bytes;
 * text also compressed with gzip.
 *
 * @throws {InputError} saying what is wrong and what to do
 */
export async function readTable(
  file: File,
  choices: ReadChoices,
  work: ReadWork,
): Promise<{ readonly table: Table; readonly how: ReadHow }> {
  const name = file.name
  if (file.size > LARGEST_FILE) {
    throw new InputError(
      'E_SIZE',
      'file',
      `${name} has ${bytes(file.size)}; this page opens files of up to ${bytes(LARGEST_FILE)}. The command takes larger ones: nigh kmeans ${name} --k 4`,
    )
  }
  if (file.size === 0) throw new InputError('E_EMPTY', 'file', `${name} is empty.`)
  const format = await formatOf(file)
  const { columns, ...how } = await columnsOf(file, format, choices, work)
  work.signal.throwIfAborted()
  if (columns.length === 0) {
    const why = how.leftOut.length === 0 ? '' : ': all of them hold lists or structures'
    throw new InputError('E_EMPTY', 'file', `${name} has no column that can be used${why}.`)
  }
  return { table: Table.of(columns), how: { format, ...how } }
}

export type Format = 'csv' | 'tsv' | 'json' | 'ndjson' | 'parquet' | 'arrow'

const endings: Readonly<Record<string, Format>> = {
  csv: 'csv',
  txt: 'csv',
  tsv: 'tsv',
  tab: 'tsv',
  json: 'json',
  ndjson: 'ndjson',
  jsonl: 'ndjson',
  parquet: 'parquet',
  pq: 'parquet',
  arrow: 'arrow',
  arrows: 'arrow',
  feather: 'arrow',
  ipc: 'arrow',
}

async function formatOf(file: File): Promise<Format> {
  const start = String.fromCharCode(...new Uint8Array(await file.slice(0, 8).arrayBuffer()))
  const found: Format | undefined =
    start.startsWith('PAR1') || start.startsWith('PARE')
      ? 'parquet'
      : start.startsWith('ARROW1')
        ? 'arrow'
        : undefined
  const ending = /\.([a-z]+)(?:\.gz)?$/i.exec(file.name)?.[1]?.toLowerCase() ?? ''
  const said = Object.hasOwn(endings, ending) ? endings[ending] : undefined
  if (said === undefined && found === undefined) {
    throw new InputError(
      'E_FILE',
      'file',
      `${file.name} is none of the kinds that this page reads: .csv, .tsv, .json, .ndjson, .parquet or .arrow. Save it as one of them.`,
    )
  }
  if (found !== undefined && said !== undefined && found !== said) {
    throw new InputError(
      'E_FILE',
      'file',
      `${file.name} is named as ${said} but holds ${found}. Rename it to end in .${found}.`,
    )
  }
  if (said === 'parquet' && found === undefined) {
    throw new InputError(
      'E_FILE',
      'file',
      `${file.name} is named as parquet but does not begin as such files do. Rename it to end in what it is, such as .csv.`,
    )
  }
  if (said !== undefined && said !== 'arrow' && start.startsWith('PK\x03\x04')) {
    throw new InputError(
      'E_FILE',
      'file',
      `${file.name} is named as ${said} but holds an Excel workbook or a ZIP archive. Save its sheet as CSV, or unpack it, and open that.`,
    )
  }
  return found ?? said ?? 'csv'
}

async function columnsOf(
  file: File,
  format: Format,
  choices: ReadChoices,
  work: ReadWork,
): Promise<ReadColumns & Omit<ReadHow, 'format'>> {
  const plain = { delimiter: null, decimal: '.', leftOut: [], encoding: 'utf-8' } as const
  switch (format) {
    case 'csv':
    case 'tsv': {
      const { readCsv } = await import('./csv.ts')
      const reading = new TextFile(file, choices.encoding, work)
      const read = await readCsv(
        reading,
        choices,
        format === 'tsv' && choices.delimiter === null ? '\t' : null,
      )
      return { ...plain, ...read, encoding: reading.encoding }
    }
    case 'json':
    case 'ndjson': {
      const { readJson } = await import('./json.ts')
      const reading = new TextFile(file, 'utf-8', work)
      const columns = await readJson(reading, format === 'ndjson')
      return { ...plain, columns, encoding: reading.encoding }
    }
    case 'parquet': {
      const { readParquet } = await import('./parquet.ts')
      return { ...plain, ...(await readParquet(file, work)) }
    }
    case 'arrow': {
      const { readArrow } = await import('./arrow.ts')
      return { ...plain, ...(await readArrow(file, work)) }
    }
  }
}

/** @throws {InputError} E_MEMORY for a table that no page holds */
export function checkCells(name: string, rows: number, columns: number): void {
  if (rows * columns <= MOST_CELLS) return
  throw new InputError(
    'E_MEMORY',
    'file',
    `${name} holds ${count(rows)} rows × ${count(columns)} columns; this page holds up to ${count(MOST_CELLS)} cells. Use fewer columns, or the command.`,
  )
}

/** So many bytes are read at a time. */
const PIECE = 4 << 20

interface Piece {
  readonly bytes: Uint8Array
  /** Bytes of the file that are read by now. */
  readonly read: number
}

function joined(scraps: readonly Uint8Array[], size: number): Uint8Array {
  const whole = new Uint8Array(size)
  let at = 0
  for (const scrap of scraps) {
    whole.set(scrap, at)
    at += scrap.length
  }
  return whole
}

/** A file as text, unpacked where it is packed. */
export class TextFile implements Reading {
  readonly name: string
  readonly #file: File
  /** As chosen, until the first bytes are read. */
  encoding: Encoding
  readonly #work: ReadWork
  #ended = false

  constructor(file: File, encoding: ReadChoices['encoding'], work: ReadWork) {
    this.name = file.name
    this.#file = file
    this.encoding = encoding
    this.#work = work
  }

  ended(): boolean {
    return this.#ended
  }

  async head(): Promise<string> {
    let text = ''
    for await (const piece of this.text()) {
      text += piece
      if (text.length > 1 << 16) break
    }
    // Very many columns make a long line of names. What stands in the first piece is enough for a page.
    const line = text.indexOf('\n')
    text = text.slice(0, Math.max(1 << 16, 3 * line))
    return text.length < this.#file.size || text.endsWith('\n') ? text : `${text}\n`
  }

  async *text(): AsyncGenerator<string, void, void> {
    this.#ended = false
    const [a, b] = new Uint8Array(await this.#file.slice(0, 2).arrayBuffer())
    const packed = a === 0x1f && b === 0x8b
    const marked = (a === 0xff && b === 0xfe) || (a === 0xfe && b === 0xff)
    if (packed && typeof DecompressionStream === 'undefined') {
      throw new InputError(
        'E_FILE',
        'file',
        `${this.name}: this browser cannot unpack gzip. Unpack the file first.`,
      )
    }
    if (marked) this.encoding = a === 0xff ? 'utf-16le' : 'utf-16be'
    const { encoding } = this
    const decoder = new TextDecoder(encoding, { fatal: true })
    let unpacked = 0
    // One piece behind, so that the last is known to be the last when it goes out.
    let waiting: string | null = null
    for await (const { bytes: piece, read } of packed ? this.#unpacked() : this.#pieces()) {
      unpacked += piece.length
      if (unpacked > LARGEST_FILE) {
        throw new InputError(
          'E_SIZE',
          'file',
          `${this.name} unpacks to more than ${bytes(LARGEST_FILE)}, which is more than this page opens.`,
        )
      }
      if (waiting !== null) yield waiting
      // A timer is waited for, so that the worker hears when it is to stop.
      await new Promise((resolve) => setTimeout(resolve))
      this.#work.signal.throwIfAborted()
      waiting = this.#decode(decoder, piece, encoding)
      this.#work.progress({ share: read / this.#file.size, words: `reading ${this.name}` })
    }
    this.#ended = true
    yield (waiting ?? '') + this.#decode(decoder, null, encoding)
  }

  async *#pieces(): AsyncGenerator<Piece, void, void> {
    for (let at = 0; at < this.#file.size; at += PIECE) {
      const part = this.#file.slice(at, at + PIECE)
      const buffer = await this.#got(() => part.arrayBuffer())
      yield { bytes: new Uint8Array(buffer), read: at + buffer.byteLength }
    }
  }

  async *#unpacked(): AsyncGenerator<Piece, void, void> {
    let read = 0
    const counted = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
      transform: (chunk, controller) => {
        read += chunk.length
        controller.enqueue(chunk)
      },
    })
    const reader = this.#file
      .stream()
      .pipeThrough(counted)
      .pipeThrough(new DecompressionStream('gzip'))
      .getReader()
    try {
      // What comes out are scraps: they are gathered.
      let scraps: Uint8Array[] = []
      let size = 0
      for (;;) {
        const { done, value } = await this.#got(() => reader.read())
        if (value !== undefined) {
          scraps.push(value)
          size += value.length
        }
        if (size > PIECE || (done && size > 0)) {
          yield { bytes: joined(scraps, size), read }
          scraps = []
          size = 0
        }
        if (done) return
      }
    } finally {
      await reader.cancel().catch(() => {})
    }
  }

  async #got<T>(read: () => Promise<T>): Promise<T> {
    try {
      return await read()
    } catch (error) {
      if (error instanceof DOMException && error.name === 'NotReadableError') {
        throw new InputError(
          'E_FILE',
          'file',
          `${this.name} cannot be read any more: it was moved, changed or locked. Open it again.`,
        )
      }
      throw new InputError(
        'E_FILE',
        'file',
        `${this.name}: the packed data are damaged. Unpack the file yourself, or fetch it again.`,
      )
    }
  }

  #decode(decoder: TextDecoder, chunk: Uint8Array | null, encoding: string): string {
    try {
      return chunk === null ? decoder.decode() : decoder.decode(chunk, { stream: true })
    } catch {
      throw new InputError(
        'E_CSV',
        'encoding',
        `${this.name} is not valid ${encoding.toUpperCase()}. Save it as UTF-8, or choose Windows-1252 (Latin-1) in the reading options.`,
      )
    }
  }
}

/** Refuses names that a table cannot have, before the table does, in words for a file. */
export function checkNames(file: string, names: readonly string[]): void {
  const seen = new Set<string>()
  for (const [at, name] of names.entries()) {
    if (name.trim() === '')
      throw new InputError('E_FEATURES', 'file', `${file}: column ${at + 1} has no name. Give it one.`)
    if (seen.has(name))
      throw new InputError(
        'E_FEATURES',
        'file',
        `${file}: two columns are named ${show(name)}. Rename one of them.`,
      )
    seen.add(name)
  }
}
