import { randomBytes } from 'node:crypto'
import { closeSync, openSync, renameSync, statSync, unlinkSync, writeSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { InputError } from 'nigh'

/** A file that is being written: under another name until it is whole. */
export interface Draft {
  write(bytes: Uint8Array): void
  /** Lets an interruption through now and then, and says how far the writing is, from 0 to 1. */
  pause(share: number): Promise<void>
}

/** What a person may know and do while a file is written. */
export interface Watch {
  readonly signal?: AbortSignal
  readonly onProgress?: (share: number) => void
}

/**
 * Writes a file whole or not at all: into a temporary file beside it, which takes its name at the end. An error or an
 * interruption leaves what was there before.
 *
 * The name `-` writes to standard output.
 *
 * @throws {InputError} E_FILE where the place cannot be written
 */
export async function replaceFile(
  name: string,
  fill: (draft: Draft) => void | Promise<void>,
  watch: Watch = {},
): Promise<void> {
  const pause = async (share: number): Promise<void> => {
    watch.onProgress?.(share)
    await new Promise((resolve) => setImmediate(resolve))
    watch.signal?.throwIfAborted()
  }
  if (name === '-') {
    try {
      await fill({ write: (bytes) => writeAll(1, bytes), pause })
    } catch (error) {
      throw isReaderGone(error) || !isOfSystem(error) ? error : unwritable('standard output', error)
    }
    return
  }
  const temporary = join(
    dirname(name),
    `.${basename(name).slice(0, 100)}.${randomBytes(4).toString('hex')}.tmp`,
  )
  checkPlace(name)
  let descriptor: number
  try {
    descriptor = openSync(temporary, 'wx', 0o666)
  } catch (error) {
    throw unwritable(name, error)
  }
  unfinished.add(temporary)
  try {
    await fill({ write: (bytes) => writeAll(descriptor, bytes), pause })
    closeSync(descriptor)
    renameSync(temporary, name)
  } catch (error) {
    try {
      closeSync(descriptor)
    } catch {
      // Closed already: it was the renaming that failed.
    }
    unlinkSync(temporary)
    throw isOfSystem(error) ? unwritable(name, error) : error
  } finally {
    unfinished.delete(temporary)
  }
}

/** Drafts of this process, so that an interruption can take them away. */
const unfinished: Set<string> = new Set()

/** Takes away every draft: for an exit that does not unwind. */
export function discardDrafts(): void {
  for (const temporary of unfinished) {
    try {
      unlinkSync(temporary)
    } catch {
      // Gone already.
    }
  }
}

/**
 * Refuses a name that could not be written at the end, before the work begins.
 *
 * @throws {InputError} E_FILE, E_NO_NET
 */
export function checkPlace(name: string): void {
  if (name === '-') return
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(name)) {
    throw new InputError('E_NO_NET', 'out', `${name}: nigh writes files only, never to an address`)
  }
  try {
    if (!statSync(name).isFile())
      throw new InputError('E_NOT_FILE', 'out', `${name}: this exists and is not a file`)
  } catch (error) {
    if (error instanceof InputError) throw error
    const folder = dirname(name)
    try {
      if (statSync(folder).isDirectory()) return
    } catch (missing) {
      throw unwritable(name, missing)
    }
    throw new InputError('E_FILE', 'out', `${name}: ${folder} is not a folder`)
  }
}

function writeAll(descriptor: number, bytes: Uint8Array): void {
  for (let from = 0; from < bytes.length; ) {
    try {
      from += writeSync(descriptor, bytes, from)
    } catch (error) {
      // A pipe that is full for the moment.
      if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5)
    }
  }
}

function isOfSystem(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error
}

/** The reader of a pipe went away: nothing is wrong. */
function isReaderGone(error: unknown): boolean {
  return isOfSystem(error) && error.code === 'EPIPE'
}

/** Why a file, or standard output, cannot be written: in words. */
export function unwritable(name: string, error: unknown): InputError {
  const code = error !== null && typeof error === 'object' && 'code' in error ? String(error.code) : ''
  const reason =
    code === 'ENOENT'
      ? 'its folder does not exist'
      : code === 'EACCES' || code === 'EPERM'
        ? 'permission denied'
        : code === 'ENOSPC'
          ? 'the disk is full'
          : code === 'EDQUOT'
            ? 'your share of the disk is full'
            : code === 'EFBIG'
              ? 'it would be larger than files may be here (ulimit -f)'
              : code === 'EROFS'
                ? 'the disk can only be read'
                : code
  const file = name === 'standard output' ? name : `${name}: the file`
  return new InputError('E_FILE', 'out', `${file} cannot be written: ${reason}`)
}
