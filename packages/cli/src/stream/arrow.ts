import { totalmem } from 'node:os'
import { InputError } from 'nigh'
import type { Column } from 'nigh'
import { decodeApart } from '../read/arrow.ts'
import { DICTIONARY, footerOf, isArrowFile, messageAt, RECORDS, SCHEMA } from '../read/arrow-frame.ts'
import type { Message } from '../read/arrow-frame.ts'
import type { FileContents } from '../read/csv.ts'
import { inBytes } from '../read/limits.ts'
import type { ReadOptions, ReadWarning } from '../read/options.ts'
import { readBytes } from '../read/source.ts'
import type { Source } from '../read/source.ts'
import { show } from '../show/text.ts'
import type { JoinedColumn, SpooledColumns } from './spool.ts'

/**
 * Decodes an Arrow file some record batches at a time, to the disk. flechette takes streams of messages, so each part
 * is given to it as a stream of its own: the schema, the dictionaries so far, and its batches.
 *
 * @param partBytes so much of the file is decoded at a time, in whole batches
 * @throws {InputError} what reading the file in memory throws; E_MEMORY for a batch that is itself too large
 */
export async function streamArrow(
  source: Source,
  store: SpooledColumns,
  options: ReadOptions,
  partBytes: number = 1 << 25,
): Promise<FileContents> {
  const { name } = source
  const { schema, batches } = messagesOf(source)
  const part = (message: Message): Uint8Array => readBytes(source, message.from, message.to - message.from)
  const head = part(schema)
  const dictionaries: Uint8Array[] = []
  const joined = new Map<string, JoinedColumn | null>()
  const warnings = new Map<string, ReadWarning>()
  let order: readonly string[] = []
  let rows = 0
  let together: Uint8Array[] = []
  let size = 0
  const flush = async (): Promise<void> => {
    const bytes = Buffer.concat([head, ...together])
    together = [...dictionaries]
    size = 0
    const { only, dispensable, signal } = options
    let contents: FileContents
    try {
      contents = await decodeApart(
        name,
        new Uint8Array(bytes),
        {
          only,
          maxBytes: Number.POSITIVE_INFINITY,
          before: rows,
          ...(dispensable === undefined ? {} : { dispensable }),
        },
        signal,
      )
    } catch (error) {
      // Batches may hold no rows.
      if (error instanceof InputError && error.code === 'E_EMPTY') return
      throw error
    }
    for (const warning of contents.warnings) warnings.set(warning.message, warning)
    const { columns } = contents
    if (order.length === 0) order = columns.map((column) => column.name)
    for (const known of joined.keys()) {
      if (!columns.some((column) => column.name === known)) joined.set(known, null)
    }
    for (const column of columns) {
      let whole = joined.get(column.name)
      // A dispensable column that was left out of an earlier part is left out of all.
      if (whole === null || (whole === undefined && rows > 0)) continue
      whole ??= store.joined()
      joined.set(column.name, whole)
      if (!whole.append(column)) throw mixed(name, column)
    }
    rows += columns.length === 0 ? 0 : columns[0].values.length
  }
  for (const message of batches) {
    options.signal?.throwIfAborted()
    const bytes = message.to - message.from
    if (bytes * 3 > totalmem()) {
      throw new InputError(
        'E_MEMORY',
        'file',
        `${name}: a record batch of ${inBytes(bytes)} does not fit in memory; write the file in smaller batches`,
      )
    }
    const read = part(message)
    if (message.kind === DICTIONARY) dictionaries.push(read)
    together.push(read)
    size += bytes
    if (message.kind === RECORDS && size >= partBytes) {
      await flush()
      options.onProgress?.(message.to / source.size)
    }
  }
  if (together.length > dictionaries.length || rows === 0) await flush()
  if (rows === 0) throw new InputError('E_EMPTY', 'file', `${name}: the file has no rows`)
  const columns: Column[] = []
  for (const column of order) {
    const whole = joined.get(column)
    if (whole !== undefined && whole !== null) columns.push(store.keep(whole.finish(column)))
  }
  return { columns, warnings: [...warnings.values()] }
}

function mixed(file: string, { name }: Column): InputError {
  return new InputError(
    'E_ARROW',
    name,
    `${file}: column ${show(name)} holds values that nigh cannot use; leave it out with --ignore ${show(name)}`,
  )
}

/** The schema's message, and those of dictionaries and batches in the file's order: only their heads are read. */
function messagesOf(source: Source): { readonly schema: Message; readonly batches: readonly Message[] } {
  const { name, size } = source
  const refuse = (why: string): InputError =>
    new InputError('E_ARROW', 'file', `${name}: this is not a sound Arrow file (${why})`)
  const read = (at: number, length: number): Uint8Array => readBytes(source, at, length)
  const file = isArrowFile(read(0, 8))
  const schema = messageAt(name, file ? 8 : 0, size, read)
  if (schema === null || schema.kind !== SCHEMA) throw refuse('it has no schema')
  const batches: Message[] = []
  if (file) {
    const length = size > 10 ? Buffer.from(read(size - 10, 4)).readInt32LE(0) : 0
    const tail = Math.min(size, Math.max(0, length) + 10)
    const { view, dictionaries, records } = footerOf(name, read(size - tail, tail))
    for (const at of [...dictionaries, ...records]) {
      const message = messageAt(name, Number(view.getBigInt64(at, true)), size, read)
      if (message === null) throw refuse('a message is cut')
      batches.push(message)
    }
    // Each batch is read with the dictionaries that lie before it.
    const data = batches.filter(({ kind }) => kind === RECORDS)
    if (data.some(({ from }, i) => i > 0 && from <= data[i - 1].from))
      throw refuse('its batches are not in order')
    batches.sort((a, b) => a.from - b.from)
  } else {
    for (let at = schema.to; ; ) {
      const message = messageAt(name, at, size, read)
      if (message === null) {
        checkEnd(read, at, size, refuse)
        break
      }
      if (message.kind !== SCHEMA) batches.push(message)
      at = message.to
    }
  }
  return { schema, batches }
}

/** What follows the end of a stream, or is too short for a message, may only be padding. */
function checkEnd(
  read: (at: number, length: number) => Uint8Array,
  at: number,
  size: number,
  refuse: (why: string) => InputError,
): void {
  const block = 1 << 20
  for (let from = at; from < size; from += block) {
    const bytes = read(from, block)
    if (bytes.some((byte, i) => byte !== 0 && !(from === at && i < 4 && byte === 255)))
      throw refuse('bytes follow its end')
  }
}
