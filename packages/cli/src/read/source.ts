import { randomBytes } from 'node:crypto'
import { closeSync, constants, fstatSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { InputError } from 'nigh'

/**
 * A regular file, opened once: every later look goes through the same descriptor, so what was checked is what is read,
 * whatever happens to its name meanwhile.
 */
export interface Source {
  /** The name as the person gave it, for messages. */
  readonly name: string
  readonly descriptor: number
  /** Bytes. */
  readonly size: number
  /** A path without wild cards for a library that insists on opening files itself. */
  readonly path: string
  close(): void
}

/**
 * Opens the file that a person named, and nothing else.
 *
 * A name is taken literally: no wild cards, no `~`, no percent decoding. Symbolic links are followed, once.
 *
 * @throws {InputError} E_NO_NET for an address, E_NOT_FILE for a directory, pipe or device, E_FILE where it cannot be opened
 */
export function openSource(name: string): Source {
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(name)) {
    throw new InputError(
      'E_NO_NET',
      'file',
      `${name}: nigh reads files only, never an address; download it first`,
    )
  }
  if (name === '') throw new InputError('E_FILE', 'file', 'the file name is empty')
  let descriptor: number
  try {
    // Non-blocking, so that opening a pipe nobody writes to does not wait for ever.
    descriptor = openSync(name, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
  } catch (error) {
    throw new InputError('E_FILE', 'file', `${shorten(name)}: ${openFailure(error)}`)
  }
  const stat = fstatSync(descriptor)
  if (!stat.isFile()) {
    closeSync(descriptor)
    const kind = stat.isDirectory()
      ? 'a directory'
      : stat.isFIFO()
        ? 'a pipe'
        : stat.isSocket()
          ? 'a socket'
          : 'a device'
    throw new InputError('E_NOT_FILE', 'file', `${name}: this is ${kind}, not a file`)
  }
  return {
    name,
    descriptor,
    size: stat.size,
    path: literalPath(name, descriptor),
    close: () => closeSync(descriptor),
  }
}

/** A temporary file that only this process sees: written, then read like any other {@link Source}. */
export class Spool {
  readonly #name: string
  readonly #file: string
  readonly #descriptor: number
  #size = 0

  /** @param name how messages name what is spooled */
  constructor(name: string) {
    this.#name = name
    this.#file = join(tmpdir(), `nigh-${process.pid}-${randomBytes(6).toString('hex')}`)
    this.#descriptor = openSync(this.#file, 'wx+', 0o600)
    // On Linux the name goes at once, so that nothing is left behind however the process ends; elsewhere at the end.
    if (nameless) unlinkSync(this.#file)
    else unfinished.add(this.#file)
  }

  get size(): number {
    return this.#size
  }

  write(bytes: Uint8Array): void {
    for (let from = 0; from < bytes.length; ) from += writeSync(this.#descriptor, bytes, from)
    this.#size += bytes.length
  }

  /** Throws away what was written. */
  discard(): void {
    closeSync(this.#descriptor)
    this.#forget()
  }

  #forget(): void {
    if (nameless) return
    unlinkSync(this.#file)
    unfinished.delete(this.#file)
  }

  /** Ends the writing. The file goes with {@link Source.close}. */
  finish(): Source {
    const descriptor = this.#descriptor
    const path = literalPath(this.#file, descriptor)
    const close = (): void => {
      closeSync(descriptor)
      this.#forget()
    }
    return { name: this.#name, descriptor, size: this.#size, path, close }
  }
}

const nameless = process.platform === 'linux'
/** Temporary files that still have a name, so that an exit that does not unwind can take them away. */
const unfinished: Set<string> = new Set()

/** Takes away every temporary file: for an exit that does not unwind. */
export function discardSpools(): void {
  for (const file of unfinished) {
    try {
      unlinkSync(file)
    } catch {
      // Gone already.
    }
  }
}

/** Bytes `from` … `from + length` of a source, or fewer at its end. */
export function readBytes(source: Source, from: number, length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(Math.max(0, Math.min(length, source.size - from)))
  let filled = 0
  while (filled < bytes.length) {
    const got = readSync(source.descriptor, bytes, filled, bytes.length - filled, from + filled)
    if (got === 0) break
    filled += got
  }
  return bytes.subarray(0, filled)
}

/** The source block by block; each block is overwritten by the next. */
export function* blocksOf(source: Source, blockSize: number = 1 << 22): Generator<Uint8Array> {
  const block = new Uint8Array(Math.min(blockSize, Math.max(1, source.size)))
  for (let from = 0; ; ) {
    const got = readSync(source.descriptor, block, 0, block.length, from)
    if (got === 0) return
    from += got
    yield block.subarray(0, got)
  }
}

/**
 * DuckDB opens by name and reads `*`, `?` and `[` as wild cards, without an escape that works. On Linux the descriptor
 * itself has a plain name.
 */
function literalPath(name: string, descriptor: number): string {
  return process.platform === 'linux' ? `/proc/self/fd/${descriptor}` : name
}

function shorten(name: string): string {
  return name.length > 200 ? `${name.slice(0, 100)}…${name.slice(-50)}` : name
}

function openFailure(error: unknown): string {
  const code = error !== null && typeof error === 'object' && 'code' in error ? error.code : ''
  if (code === 'ENOENT') return 'there is no such file'
  if (code === 'EACCES' || code === 'EPERM') return 'this file may not be read (permission denied)'
  if (code === 'ENAMETOOLONG') return 'this file name is too long'
  if (code === 'ENXIO') return 'this is not a file'
  if (code === 'ENOTDIR') return 'part of this path is not a directory'
  return `this file could not be opened (${String(code) || 'unknown reason'})`
}
