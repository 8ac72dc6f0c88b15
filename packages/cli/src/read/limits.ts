import { totalmem } from 'node:os'
import { InputError } from 'nigh'

/**
 * Refuses a table that would not fit, before any of it is read.
 *
 * @throws {InputError} E_MEMORY with the estimate and the limit
 */
export function checkEstimate(
  name: string,
  rows: number,
  columns: number,
  maxBytes: number | undefined,
): void {
  const what = `about ${rows.toLocaleString('en')} rows × ${columns.toLocaleString('en')} columns`
  checkRoom(
    'file',
    `${name}: ${what}`,
    rows * columns * 8,
    maxBytes,
    'use fewer columns (--columns, --ignore)',
  )
}

/**
 * Refuses work before it is begun, where what it makes would not fit.
 *
 * @param subject what would take so many bytes, in the plural
 * @param instead what to do about it, besides --max-memory
 * @throws {InputError} E_MEMORY with the estimate and the limit
 */
export function checkRoom(
  param: string,
  subject: string,
  bytes: number,
  maxBytes: number | undefined,
  instead: string,
): void {
  const limit = maxBytes ?? defaultLimit()
  if (bytes <= limit) return
  throw new InputError(
    'E_MEMORY',
    param,
    `${subject} would take ${inBytes(bytes)}, more than the ${inBytes(limit)} allowed; ${instead} or set --max-memory`,
  )
}

/** A third of the memory that this process may use: the table, its matrix and the working copy are of one size. */
function defaultLimit(): number {
  const constrained = process.constrainedMemory()
  const memory = constrained > 0 && constrained < totalmem() ? constrained : totalmem()
  return memory / 3
}

/** 1500000 → "1.5 MB". */
export function inBytes(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB', 'PB']
  let at = 0
  let size = bytes
  while (size >= 1000 && at < units.length - 1) {
    size /= 1000
    at++
  }
  return `${at === 0 ? size : size >= 100 ? size.toFixed(0) : size.toFixed(1)} ${units[at]}`
}
