import { Encoder, InputError } from 'nigh'
import type { Column, Encoded, EncoderOptions, Matrix, Table } from 'nigh'
import type { Input } from '../read/read.ts'
import { quotedName, readOptionsOf } from '../options.ts'
import type { ReadFlags } from '../options.ts'
import { checkRoom } from '../read/limits.ts'
import type { ReadOptions } from '../read/options.ts'
import { checkMissing } from './metric.ts'
import { missingCellsError } from '../run.ts'
import type { Run } from '../run.ts'
import { whole } from '../show/numbers.ts'
import { show, visible } from '../show/text.ts'
import { likest } from '../show/likest.ts'
import { checkPlace } from '../write/replace.ts'
import { outlook } from '../write/write.ts'
import type { Outlook } from '../write/write.ts'

/** Options of every command that turns data into numbers. */
export interface DataFlags extends ReadFlags {
  readonly columns?: string[] | undefined
  readonly ignore?: string[] | undefined
  readonly scale: 'standard' | 'minmax' | 'robust' | 'none'
  readonly log?: string[] | undefined
  readonly missing: 'refuse' | 'drop' | 'impute' | 'mark'
  readonly unseen?: 'refuse' | 'zero' | undefined
  readonly maxCategories?: number | undefined
  readonly seed: number
  readonly out?: string | undefined
  readonly model?: string | undefined
  readonly formulas?: boolean | undefined
  readonly json?: boolean | undefined
  readonly quiet?: boolean | undefined
}

/** What a column of weights is used for, in words. */
export const WEIGHT = 'weight of the row'

/** Where the answers will go, checked before anything is read. */
export function places(flags: {
  readonly out?: string | undefined
  readonly model?: string | undefined
}): Outlook | undefined {
  if (flags.model !== undefined) checkPlace(flags.model)
  return flags.out === undefined ? undefined : outlook(flags.out)
}

/** How DATA is read: all of it where its rows are written again, else the columns in use. */
export function readingOf(flags: DataFlags, also: readonly string[], whole: boolean): ReadOptions {
  const options = readOptionsOf(flags)
  return {
    ...options,
    ...(flags.ignore === undefined ? {} : { dispensable: flags.ignore }),
    ...(whole || flags.columns === undefined ? {} : { only: [...flags.columns, ...also] }),
  }
}

/** A table, as numbers. */
export interface Prepared {
  readonly encoder: Encoder
  readonly matrix: Matrix
  /** The table's rows that are in the matrix; null where those are all. */
  readonly rows: Uint32Array | null
}

/**
 * Fits an encoder to the table and encodes it.
 *
 * @param aside columns that are not features: the target, weights
 * @throws {InputError} E_MISSING in the command's words
 */
export function prepare(
  input: Input,
  flags: DataFlags,
  aside: readonly string[],
  sampleWeight?: Float64Array,
): Prepared {
  const { table, name } = input
  checkNamed(input, flags, aside)
  try {
    const encoder = Encoder.fit(table, {
      ...encoderOptions(table, flags, aside),
      ...(sampleWeight === undefined ? {} : { sampleWeight }),
    })
    checkEncoded(name, table.rows, encoder, flags)
    const { matrix, rows }: Encoded = encoder.encode(table)
    return { encoder, matrix, rows }
  } catch (error) {
    if (!(error instanceof InputError && error.code === 'E_MISSING' && flags.missing === 'refuse'))
      throw error
    const ignored = new Set([...(flags.ignore ?? []), ...aside])
    const used = flags.columns ?? table.names.filter((column) => !ignored.has(column))
    throw missingCellsError(name, table, new Set(used))
  }
}

/**
 * Text becomes a column for each different one, so numbers may take much more room than the table that they are from.
 *
 * @throws {InputError} E_MEMORY
 */
export function checkEncoded(
  name: string,
  rows: number,
  { features }: Encoder,
  { maxMemory }: Pick<ReadFlags, 'maxMemory'>,
): void {
  const what = `${whole(rows)} rows × ${whole(features.length)} encoded columns`
  checkRoom(
    'file',
    `${name}: ${what}`,
    rows * features.length * 8,
    maxMemory,
    'use fewer columns (--columns, --ignore), above all of text,',
  )
}

/** Refuses to look for more neighbours than can be held. */
export function checkNeighbors(
  rows: number,
  k: number,
  bytesEach: number,
  { maxMemory }: Pick<ReadFlags, 'maxMemory'>,
): void {
  checkRoom(
    'k',
    `${whole(k)} neighbours of ${whole(rows)} rows`,
    rows * k * bytesEach,
    maxMemory,
    'ask for fewer (--k), or for a part of the rows at a time,',
  )
}

/** The encoder's options that the flags mean. */
export function encoderOptions(
  table: NamedColumns['table'],
  flags: DataFlags & { readonly metric?: string | undefined },
  aside: readonly string[],
): EncoderOptions {
  checkMissing(flags)
  const ignore = [...new Set([...(flags.ignore ?? []), ...aside])].filter((name) => table.has(name))
  return {
    scale: flags.scale,
    missing: flags.missing,
    ...(flags.log === undefined ? {} : { log: [...new Set(flags.log)] }),
    ...(flags.unseen === undefined ? {} : { unseen: flags.unseen }),
    ...(flags.maxCategories === undefined ? {} : { maxCategories: flags.maxCategories }),
    ...(flags.columns === undefined
      ? { ignore }
      : { columns: flags.columns.filter((name) => !ignore.includes(name)) }),
  }
}

/** What of a file its columns' names are checked against. */
export interface NamedColumns extends Pick<Input, 'name' | 'names' | 'warnings'> {
  readonly table: { has(name: string): boolean }
}

/** Refuses names that the file does not have. */
export function checkNamed(
  { table, name, names, warnings }: NamedColumns,
  flags: DataFlags,
  aside: readonly string[],
): void {
  const unused = flags.log?.find((one) => names.includes(one) && flags.columns?.includes(one) === false)
  if (unused !== undefined) {
    throw new InputError('E_FEATURES', 'log', `--log ${show(unused)}: --columns does not name that column`)
  }
  const left = warnings.filter(({ code }) => code === 'W_LEFT_OUT').length > 0
  for (const [option, list] of [
    ['--columns', flags.columns ?? []],
    ['--ignore', left ? [] : flags.columns === undefined ? (flags.ignore ?? []) : []],
    ['--log', flags.log ?? []],
    ['--text', flags.text ?? []],
  ] as const) {
    for (const one of list) if (!table.has(one)) throw unknownColumn(name, option, one, names)
  }
  for (const one of aside) if (!table.has(one)) throw unknownColumn(name, 'column', one, names)
}

/** "iris.csv has no column "Species"; it has "sepal_length", …" */
export function unknownColumn(
  file: string,
  option: string,
  wanted: string,
  names: readonly string[],
): InputError {
  const alike = likest(wanted, names)
  const listed = names.slice(0, 12).map(show).join(', ')
  const more = names.length > 12 ? ` and ${names.length - 12} more` : ''
  return new InputError(
    'E_FEATURES',
    option.replace('--', ''),
    `${option} ${show(wanted)}: ${file} has no such column; ${alike === undefined ? `it has ${listed}${more}` : `did you mean ${show(alike)}?${asTyped(option, alike)}`}`,
  )
}

const lists: ReadonlySet<string> = new Set(['--columns', '--ignore', '--log', '--text'])

/** How a name is typed where it needs quotation marks: in a list of names only. */
function asTyped(option: string, name: string): string {
  const quoted = quotedName(name)
  return quoted === name || !lists.has(option) ? '' : ` (write '${visible(quoted)}')`
}

/** The weights of a column, one a row. */
export function weightsOf(
  input: Pick<Input, 'name' | 'names'> & { readonly table: Pick<Table, 'has' | 'column'> },
  name: string | undefined,
): Float64Array | undefined {
  if (name === undefined) return undefined
  const { table } = input
  if (!table.has(name)) throw unknownColumn(input.name, '--weights-column', name, input.names)
  const column = table.column(name)
  if (column.type !== 'number') {
    throw new InputError(
      'E_WEIGHTS',
      'weights-column',
      `--weights-column ${show(name)}: weights must be numbers, but the column holds ${column.type}`,
    )
  }
  const hole = column.values.findIndex((value) => !(value >= 0))
  if (hole >= 0) {
    throw new InputError(
      'E_WEIGHTS',
      'weights-column',
      `--weights-column ${show(name)}: weights must be numbers from 0 up; row ${hole + 1} is ${Number.isNaN(column.values[hole]) ? 'empty' : column.values[hole]}`,
    )
  }
  return Float64Array.from(column.values)
}

/** Whether a cell is there. */
export function isThere({ type, values }: Column, row: number): boolean {
  const value = values[row]
  return type === 'text' ? value >= 0 : type === 'boolean' ? value !== 255 : !Number.isNaN(value)
}

/** Numbers for the kept rows, given back to all rows: NaN where there is none. */
export function toAllRows(values: ArrayLike<number>, kept: Uint32Array | null, rows: number): Float64Array {
  if (kept === null) return Float64Array.from(values)
  const all = new Float64Array(rows).fill(Number.NaN)
  for (let i = 0; i < kept.length; i++) all[kept[i]] = values[i]
  return all
}

/** The table with answers behind its columns; an answer whose name is taken gets another, aloud. */
export function withAnswers(table: Table, answers: readonly Column[], run: Run): Table {
  const names = namedAnswers(
    table.names,
    answers.map(({ name }) => name),
    run,
  )
  return table.append(answers.map((column, j) => ({ ...column, name: names[j] })))
}

/** Names for answers beside the columns of the data. */
export function namedAnswers(columns: readonly string[], answers: readonly string[], run: Run): string[] {
  const taken = new Set(columns)
  return answers.map((answer) => {
    let name = answer
    while (taken.has(name)) name += '_nigh'
    if (name !== answer)
      run.warn(`the data have a column ${show(answer)} already; the answer is called ${show(name)}`)
    taken.add(name)
    return name
  })
}

/** Text answers as a column. */
export function textColumn(name: string, cells: readonly (string | null)[]): Column {
  const codes = new Map<string, number>()
  const values = Int32Array.from(cells, (cell) => {
    if (cell === null) return -1
    const code = codes.get(cell) ?? codes.size
    codes.set(cell, code)
    return code
  })
  return { name, type: 'text', values, categories: [...codes.keys()] }
}

/** Each row's distance to its own centroid: by the definition, in float64 and column order. */
export function distancesTo(matrix: Matrix, centroids: Matrix, labels: Uint32Array): Float64Array {
  const { columns: d, values, rows } = matrix
  const distances = new Float64Array(rows)
  for (let i = 0; i < rows; i++) {
    const c = labels[i] * d
    let sum = 0
    for (let j = 0; j < d; j++) {
      const from = values[i * d + j] - centroids.values[c + j]
      sum += from * from
    }
    distances[i] = Math.sqrt(sum)
  }
  return distances
}
