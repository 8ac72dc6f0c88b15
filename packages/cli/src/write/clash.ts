import { realpathSync, statSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { InputError } from 'nigh'
import { show } from '../show/text.ts'

/** A file as the command line names it. */
interface Named {
  /** What names it: `DATA`, `--out`. */
  readonly by: string
  readonly file: unknown
}

/**
 * Refuses to write two answers into one file, or an answer over a file that is read: of two the first would be gone
 * without a word, and rows written over their own source have lost what the reader did not keep (blanks, zeros before
 * numbers, other columns' marks).
 *
 * @throws {InputError} E_FILE, before anything is read
 */
export function checkClashes(reads: readonly Named[], writes: readonly Named[]): void {
  const taken = new Map<string, string>()
  for (const { by, file } of reads) {
    const place = placeOf(file)
    if (place !== undefined && !taken.has(place)) taken.set(place, by)
  }
  for (const { by, file } of writes) {
    const place = placeOf(file)
    if (place === undefined) continue
    const before = taken.get(place)
    if (before !== undefined) {
      throw new InputError(
        'E_FILE',
        by.replace('--', ''),
        `${by} ${show(String(file))}: that file is ${before} already; give this one a name of its own`,
      )
    }
    taken.set(place, by)
  }
}

/** One name for each file, however it was reached; undefined for what is no file of this machine. */
function placeOf(file: unknown): string | undefined {
  if (typeof file !== 'string' || file === '-' || /^([a-z][a-z0-9+.-]*:\/\/|table:)/i.test(file))
    return undefined
  try {
    // Two names of one file, as on disks that do not tell Data.csv from data.csv.
    const { dev, ino } = statSync(file, { bigint: true })
    return ino === 0n ? realpathSync(file) : `${dev}:${ino}`
  } catch {
    try {
      return join(realpathSync(dirname(file)), basename(file))
    } catch {
      return resolve(file)
    }
  }
}
