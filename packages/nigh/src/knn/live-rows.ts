import { InputError, show } from '../check.ts'

/** Row numbers, or a function that says of each row number whether the row may be found. */
export type RowFilter = ArrayLike<number> | ((row: number) => boolean)

/** The rows that may be found. */
export interface LiveRows {
  /** n flags, 1 for a row that may; undefined where all may. */
  readonly flags: Uint8Array | undefined
  readonly count: number
}

/**
 * The rows that a filter leaves of those that may be found at all.
 *
 * @param base n flags of rows that may be found at all; undefined: all may
 * @throws {InputError} E_TYPE for a filter or an answer of another kind, E_RANGE for a row that does not exist
 */
export function liveRows(
  call: string,
  filter: RowFilter | undefined,
  rows: number,
  base: Uint8Array | undefined,
): LiveRows {
  if (filter === undefined) return { flags: base, count: base === undefined ? rows : countOf(base) }
  const flags = new Uint8Array(rows)
  if (typeof filter === 'function') {
    for (let row = 0; row < rows; row++) {
      const answer: unknown = filter(row)
      if (typeof answer !== 'boolean') {
        throw new InputError(
          'E_TYPE',
          'filter',
          `${call}: filter must return true or false, got ${show(answer)} for row ${row}`,
        )
      }
      if (answer) flags[row] = 1
    }
  } else {
    if (!Array.isArray(filter) && !ArrayBuffer.isView(filter)) {
      throw new InputError(
        'E_TYPE',
        'filter',
        `${call}: filter must be row numbers or a function of them, got ${show(filter)}`,
      )
    }
    for (let at = 0; at < filter.length; at++) {
      const row: unknown = filter[at]
      if (typeof row !== 'number' || !Number.isInteger(row) || row < 0 || row >= rows) {
        throw new InputError(
          'E_RANGE',
          'filter',
          `${call}: filter must hold row numbers from 0 to ${rows - 1}, got ${show(row)}`,
        )
      }
      flags[row] = 1
    }
  }
  if (base !== undefined) for (let row = 0; row < rows; row++) flags[row] &= base[row]
  return { flags, count: countOf(flags) }
}

function countOf(flags: Uint8Array): number {
  let count = 0
  for (let row = 0; row < flags.length; row++) count += flags[row]
  return count
}
