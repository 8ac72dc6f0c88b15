import { InputError } from 'nigh'

/** Arrow's numbers of the messages that a table is made of. */
export const SCHEMA = 1
export const DICTIONARY = 2
export const RECORDS = 3
const DEEPEST = 64

/**
 * Looks at the frame of an Arrow file or stream before flechette does: every length and count in its metadata must fit the
 * bytes that there are. flechette believes them, and would go round for ever, fill the memory, or end a stream early.
 *
 * Cost: the metadata only, a few hundred bytes a batch.
 *
 * @throws {InputError} E_ARROW
 */
export function checkFrame(file: string, bytes: Uint8Array): void {
  const frame = new Frame(file, bytes)
  if (isArrowFile(bytes)) frame.file()
  else frame.stream()
}

/** A message, from its first byte to behind its last. */
export interface Message {
  readonly kind: number
  readonly from: number
  /** Where its body begins. */
  readonly body: number
  readonly to: number
}

/** The messages of an Arrow stream that is whole and sound. */
export function* messagesOf(stream: Uint8Array): Generator<Message> {
  for (let from = 0; from < stream.length; ) {
    const message = messageAt('', from, stream.length, (at, length) => stream.subarray(at, at + length))
    if (message === null) return
    yield message
    from = message.to
  }
}

/**
 * Looks at one message: at its head only.
 *
 * @param end where the file ends
 * @returns null at the end of a stream
 * @throws {InputError} E_ARROW
 */
export function messageAt(
  file: string,
  from: number,
  end: number,
  read: (at: number, length: number) => Uint8Array,
): Message | null {
  const refuse = (why: string): InputError => unsound(file, why)
  if (!(from >= 0 && from + 8 <= end)) {
    if (from === end) return null
    if (from >= 0 && from + 4 === end && viewOf(read(from, 4)).getInt32(0, true) === 0) return null
    throw refuse('a message lies beyond its end')
  }
  const mark = viewOf(read(from, 8))
  const start = mark.getInt32(0, true) === -1 ? 8 : 4
  const length = mark.getInt32(start - 4, true)
  if (length === 0) return null
  if (!(length >= 8 && from + start + length <= end)) throw refuse('a message is cut')
  const head = new FlatTable(viewOf(read(from + start, length)), null, refuse)
  const size = head.long(3)
  const body = from + start + length
  if (!(size >= 0 && body + size <= end)) throw refuse('a batch is cut')
  return { kind: head.byte(1), from, body, to: body + size }
}

/** The footer of an Arrow file: where it lies, and in it the descriptions of the file's batches. */
export interface Footer {
  readonly from: number
  readonly view: DataView
  readonly dictionaries: readonly number[]
  readonly records: readonly number[]
}

/** @throws {InputError} E_ARROW */
export function footerOf(file: string, end: Uint8Array): Footer {
  const refuse = (why: string): InputError => unsound(file, why)
  const tail = end.length - 10
  const length = tail > 0 ? viewOf(end).getInt32(tail, true) : 0
  if (!(length >= 8 && length <= tail)) throw refuse('its footer is cut')
  const view = viewOf(end.subarray(tail - length, tail))
  const footer = new FlatTable(view, null, refuse)
  if (footer.table(1) === null) throw refuse('it has no schema')
  return {
    from: tail - length,
    view,
    dictionaries: footer.items(2, 24),
    records: footer.items(3, 24),
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function unsound(file: string, why: string): InputError {
  return new InputError('E_ARROW', 'file', `${file}: this is not a sound Arrow file (${why})`)
}

/** Whether bytes begin a file, with a footer, and not a stream. */
export function isArrowFile(bytes: Uint8Array): boolean {
  return Buffer.from(bytes.subarray(0, 6)).toString('latin1') === 'ARROW1'
}

class Frame {
  readonly #file: string
  readonly #bytes: Uint8Array
  readonly #view: DataView

  constructor(file: string, bytes: Uint8Array) {
    this.#file = file
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  }

  file(): void {
    const end = this.#bytes.length - 10
    const length = end > 8 ? this.#view.getInt32(end, true) : 0
    if (!(length >= 8 && length <= end - 8)) throw this.#refuse('its footer is cut')
    const footer = new FlatTable(this.#part(end - length, length), null, (why) => this.#refuse(why))
    this.#schema(footer.table(1))
    for (const field of [2, 3]) {
      for (const at of footer.items(field, 24)) this.#message(Number(footer.view.getBigInt64(at, true)))
    }
  }

  stream(): void {
    let at = 0
    while (at + 4 <= this.#bytes.length) {
      const next = this.#message(at)
      if (next === null) break
      at = next
    }
    // What follows the end of a stream, or is too short for a message, may only be padding.
    if (this.#bytes.subarray(at).some((byte, i) => byte !== 0 && !(i < 4 && byte === 255)))
      throw this.#refuse('bytes follow its end')
  }

  /** Checks one message; returns where the next begins, or null at the end of a stream. */
  #message(at: number): number | null {
    if (!(at >= 0 && at + 8 <= this.#bytes.length)) {
      if (at >= 0 && at + 4 === this.#bytes.length && this.#view.getInt32(at, true) === 0) return null
      throw this.#refuse('a message lies beyond its end')
    }
    const marked = this.#view.getInt32(at, true) === -1
    const start = at + (marked ? 8 : 4)
    const length = this.#view.getInt32(start - 4, true)
    if (length === 0) return null
    if (!(length >= 8 && start + length <= this.#bytes.length)) throw this.#refuse('a message is cut')
    const message = new FlatTable(this.#part(start, length), null, (why) => this.#refuse(why))
    const kind = message.byte(1)
    const body = message.long(3)
    if (!(body >= 0 && start + length + body <= this.#bytes.length)) throw this.#refuse('a batch is cut')
    const header = message.table(2)
    if (kind === SCHEMA) this.#schema(header)
    else if (kind === DICTIONARY) this.#batch(header?.table(1) ?? null, body)
    else if (kind === RECORDS) this.#batch(header, body)
    else throw this.#refuse(`it has a message of kind ${kind}`)
    return start + length + body
  }

  #schema(schema: FlatTable | null): void {
    if (schema === null) throw this.#refuse('it has no schema')
    schema.items(2, 4)
    let left = this.#bytes.length / 4
    const walk = (field: FlatTable, depth: number): void => {
      left--
      if (depth > DEEPEST || left < 0) throw this.#refuse('its schema is nested too deeply')
      field.items(6, 4)
      for (const child of field.tables(5)) walk(child, depth + 1)
    }
    for (const field of schema.tables(1)) walk(field, 0)
  }

  #batch(batch: FlatTable | null, body: number): void {
    if (batch === null) throw this.#refuse('a batch has no description')
    // The smallest cell is a bit; columns of nulls alone have none, but no use either.
    const most = (body + 64) * 8
    const rows = batch.long(0)
    if (!(rows >= 0 && rows <= most) && batch.table(3) === null)
      throw this.#refuse(`it claims ${rows} rows, more than its bytes can hold`)
    for (const at of batch.items(1, 16)) {
      const [length, nulls] = [0, 8].map((more) => Number(batch.view.getBigInt64(at + more, true)))
      const fits = length >= 0 && (length <= most || batch.table(3) !== null)
      if (!fits || nulls < 0 || nulls > length)
        throw this.#refuse(`a column claims ${length} cells, ${nulls} of them missing`)
    }
    for (const at of batch.items(2, 16)) {
      const [offset, length] = [0, 8].map((more) => Number(batch.view.getBigInt64(at + more, true)))
      if (!(offset >= 0 && length >= 0 && offset + length <= body))
        throw this.#refuse('a buffer lies beyond its batch')
    }
    batch.items(4, 8)
  }

  #part(at: number, length: number): DataView {
    return new DataView(this.#bytes.buffer, this.#bytes.byteOffset + at, length)
  }

  #refuse(why: string): InputError {
    return unsound(this.#file, why)
  }
}

/** A table of a flatbuffer, by the numbers of its fields. Every step is checked against the buffer. */
class FlatTable {
  readonly view: DataView
  readonly #at: number
  readonly #vtable: number
  readonly #refuse: (why: string) => InputError

  /** @param at where the table lies; null: the root */
  constructor(view: DataView, at: number | null, refuse: (why: string) => InputError) {
    this.view = view
    this.#refuse = refuse
    this.#at = at ?? this.#uint32(0)
    this.#vtable = this.#at - this.#int32(this.#at)
    this.#uint16(this.#vtable)
  }

  byte(field: number): number {
    const at = this.#where(field)
    if (at === 0) return 0
    this.#within(at, 1)
    return this.view.getUint8(at)
  }

  long(field: number): number {
    const at = this.#where(field)
    if (at === 0) return 0
    this.#within(at, 8)
    return Number(this.view.getBigInt64(at, true))
  }

  table(field: number): FlatTable | null {
    const at = this.#where(field)
    return at === 0 ? null : new FlatTable(this.view, at + this.#uint32(at), this.#refuse)
  }

  /** Where the items of a vector lie, each of so many bytes. */
  items(field: number, bytes: number): number[] {
    const at = this.#where(field)
    if (at === 0) return []
    const vector = at + this.#uint32(at)
    const count = this.#uint32(vector)
    this.#within(vector + 4, count * bytes)
    return Array.from({ length: count }, (_, i) => vector + 4 + i * bytes)
  }

  tables(field: number): FlatTable[] {
    return this.items(field, 4).map((at) => new FlatTable(this.view, at + this.#uint32(at), this.#refuse))
  }

  /** Where a field lies; 0 where the table does not have it. */
  #where(field: number): number {
    const slot = 4 + 2 * field
    if (slot + 2 > this.#uint16(this.#vtable)) return 0
    const offset = this.#uint16(this.#vtable + slot)
    return offset === 0 ? 0 : this.#at + offset
  }

  #within(at: number, bytes: number): void {
    if (!(at >= 0 && at + bytes <= this.view.byteLength)) throw this.#refuse('its metadata are cut')
  }

  #uint16(at: number): number {
    this.#within(at, 2)
    return this.view.getUint16(at, true)
  }

  #uint32(at: number): number {
    this.#within(at, 4)
    return this.view.getUint32(at, true)
  }

  #int32(at: number): number {
    this.#within(at, 4)
    return this.view.getInt32(at, true)
  }
}
