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
  const estimate = rows * columns * 8
  const limit = maxBytes ?? defaultLimit()
  if (estimate <= limit) return
  throw new InputError(
    'E_MEMORY',
    'file',
    `${name}: about ${rows.toLocaleString('en')} rows × ${columns.toLocaleString('en')} columns would take ${inBytes(estimate)}, ` +
      `more than the ${inBytes(limit)} allowed; use fewer columns (--columns, --ignore) or set --max-memory`,
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
