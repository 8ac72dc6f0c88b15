import { InvalidArgumentError } from '@commander-js/extra-typings'
import type { ReadOptions } from './read/options.ts'

/** Options that say how to read DATA, as commander hands them over. */
export interface ReadFlags {
  readonly format?: ReadOptions['format'] | undefined
  readonly delimiter?: string | undefined
  readonly decimal?: '.' | ',' | undefined
  readonly thousands?: string | undefined
  readonly units?: string[] | undefined
  readonly dates?: ReadOptions['dates'] | undefined
  readonly header: boolean
  readonly encoding?: ReadOptions['encoding'] | undefined
  readonly missingMarks?: string[] | undefined
  readonly text?: string[] | undefined
  readonly maxMemory?: number | undefined
  readonly threads?: number | undefined
}

/** Flags as the readers' options. */
export function readOptionsOf(flags: ReadFlags): ReadOptions {
  return {
    header: flags.header,
    ...(flags.format === undefined ? {} : { format: flags.format }),
    ...(flags.delimiter === undefined ? {} : { delimiter: flags.delimiter }),
    ...(flags.decimal === undefined ? {} : { decimal: flags.decimal }),
    ...(flags.thousands === undefined ? {} : { thousands: flags.thousands }),
    ...(flags.units === undefined ? {} : { units: flags.units }),
    ...(flags.dates === undefined ? {} : { dates: flags.dates }),
    ...(flags.encoding === undefined ? {} : { encoding: flags.encoding }),
    ...(flags.missingMarks === undefined ? {} : { missingMarks: flags.missingMarks }),
    ...(flags.text === undefined ? {} : { text: flags.text }),
    ...(flags.maxMemory === undefined ? {} : { maxBytes: flags.maxMemory }),
    ...(flags.threads === undefined ? {} : { threads: flags.threads }),
  }
}

/**
 * "a,b" → ["a", "b"]; given again, it goes on. A name with a comma, or blanks around it, stands in quotation marks, as in
 * a CSV file: `"City, State",b`.
 */
export function names(text: string, before: string[] | undefined): string[] {
  const list: string[] = []
  const one = /\s*(?:"((?:[^"]|"")*)"|([^,]*?))\s*(,|$)/y
  for (let more = true; more; ) {
    const found = one.exec(text)
    const name = found?.[1]?.replaceAll('""', '"') ?? found?.[2] ?? ''
    if (found === null || name === '') {
      throw new InvalidArgumentError(
        `Names are separated by commas: a,b (and one with a comma stands in quotation marks: '"a, b",c').`,
      )
    }
    list.push(name)
    more = found[3] === ','
  }
  return [...(before ?? []), ...list]
}

/** A name as {@link names} reads it. */
export function quotedName(name: string): string {
  return /[",]|^\s|\s$/.test(name) ? `"${name.replaceAll('"', '""')}"` : name
}

/** Marks may be blank or hold blanks; one with a comma stands in quotation marks. */
export function marks(text: string, before: string[] | undefined): string[] {
  const found = text.matchAll(/(?:"((?:[^"]|"")*)"|([^,]*))(?:,|$)/g)
  const list = Array.from(found, ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain)
  return [...(before ?? []), ...list].filter((mark) => mark !== '')
}

/** A whole number from `from` up. */
export function integer(from: number): (text: string) => number {
  return (text) => {
    const value = /^[+-]?\d+$/.test(text.trim()) ? Number(text) : Number.NaN
    if (!Number.isSafeInteger(value) || value < from) {
      throw new InvalidArgumentError(`It must be a whole number from ${from} up.`)
    }
    return value
  }
}

/** A number in a range; `range` says it in words. */
export function real(from: number, to: number, range: string): (text: string) => number {
  return (text) => {
    const value = text.trim() === '' ? Number.NaN : Number(text)
    if (!(value >= from && value <= to)) throw new InvalidArgumentError(`It must be a number ${range}.`)
    return value
  }
}

/** A single character; \t may be written out. */
export function character(text: string): string {
  const mark = text === '\\t' || text === 'tab' ? '\t' : text
  if (mark.length !== 1 || mark.charCodeAt(0) > 126 || mark === '"' || mark === '\n' || mark === '\r') {
    throw new InvalidArgumentError('It must be one character, such as ";" (or tab).')
  }
  return mark
}

/** "500MB", "2G", "1000000": bytes. */
export function bytes(text: string): number {
  const found = /^(\d+(?:\.\d+)?)\s*(k|M|G|T)?i?B?$/i.exec(text.trim())
  if (found === null) throw new InvalidArgumentError('It must be a size such as 500MB or 2GB.')
  const unit = { k: 1e3, m: 1e6, g: 1e9, t: 1e12 }[found[2]?.toLowerCase() ?? ''] ?? 1
  return Number(found[1]) * unit
}

/** One character, such as ' or a thin space. */
export function oneMark(text: string): string {
  if ([...text].length !== 1) throw new InvalidArgumentError('It must be one character.')
  return text
}

/** A number of folds, or `loo`. */
export function folds(text: string): number | 'loo' {
  if (text === 'loo') return text
  const value = /^\d+$/.test(text) ? Number(text) : 0
  if (value < 2)
    throw new InvalidArgumentError('It must be a whole number from 2 up, or loo for leave-one-out.')
  return value
}

/** A number of clusters, or `auto`. */
export function clusters(text: string): number | 'auto' {
  return text === 'auto' ? text : integer(1)(text)
}
