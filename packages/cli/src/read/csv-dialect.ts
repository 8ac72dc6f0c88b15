import { InputError } from 'nigh'
import { show } from '../show/text.ts'
import type { Source } from './source.ts'
import { readBytes } from './source.ts'

/** The first records of a CSV file and how its cells are separated. */
export interface Dialect {
  readonly delimiter: string
  /** The first records, header included, as text. */
  readonly sample: readonly (readonly string[])[]
}

const candidates = [',', ';', '\t', '|'] as const
const words: Record<string, string> = { ',': 'commas', ';': 'semicolons', '\t': 'tabs', '|': 'bars' }

/**
 * Finds what separates the cells, from the first 64 kB or more.
 *
 * A delimiter fits where it gives every record the same number of cells, two or more. One that fits is taken; of two
 * that fit none is; where none fits, the one that splits the first line (its mistakes are then reported by line).
 *
 * @throws {InputError} E_CSV where two fit, E_EMPTY where the file has no lines
 */
export function detectDialect(source: Source, delimiter: string | undefined): Dialect {
  const { text, whole } = headOf(source)
  if (text.trim() === '') throw new InputError('E_EMPTY', 'file', `${source.name}: the file is empty`)
  if (delimiter !== undefined) return { delimiter, sample: splitRecords(text, delimiter, whole) }
  const fitting: Dialect[] = []
  let splitting: Dialect | undefined
  for (const candidate of candidates) {
    const sample = splitRecords(text, candidate, whole)
    const cells = sample[0]?.length ?? 0
    if (cells < 2) continue
    if (sample.every((record) => record.length === cells)) fitting.push({ delimiter: candidate, sample })
    else if (splitting === undefined || cells > splitting.sample[0].length)
      splitting = { delimiter: candidate, sample }
  }
  if (fitting.length === 1) return fitting[0]
  if (fitting.length > 1) {
    // Where the one's cells hold the other's mark only as decimal commas, the first line of names tells.
    const named = fitting.filter(({ sample }) => sample[0].every((name) => !/^[\s\d.,+-]*$/.test(name)))
    const others = fitting.map((dialect) => words[dialect.delimiter])
    if (named.length === 1) return named[0]
    throw new InputError(
      'E_CSV',
      'file',
      `${source.name}: the cells may be separated by ${others.join(' or by ')}; set --delimiter ${show(fitting[0].delimiter)} or --delimiter ${show(fitting[1].delimiter)}`,
    )
  }
  return splitting ?? { delimiter: ',', sample: splitRecords(text, ',', whole) }
}

/** The beginning of the file: at least two whole lines where it has them. */
function headOf(source: Source): { readonly text: string; readonly whole: boolean } {
  for (let length = 1 << 16; ; length *= 8) {
    const bytes = readBytes(source, 0, length)
    let newlines = 0
    for (let i = 0; i < bytes.length && newlines < 20; i++) if (bytes[i] === 10 || bytes[i] === 13) newlines++
    const whole = bytes.length >= source.size
    if (newlines >= 20 || whole || length > 1 << 28) return { text: new TextDecoder().decode(bytes), whole }
  }
}

/**
 * Splits the beginning of a file into records, quotation marks respected, blank lines left out.
 * A last record that the beginning cuts is left out.
 */
function splitRecords(text: string, delimiter: string, whole: boolean): string[][] {
  const records: string[][] = []
  let record: string[] = []
  let cell = ''
  let quoted = false
  let i = 0
  let started = 0
  const endRecord = (): void => {
    record.push(cell)
    if (!(record.length === 1 && cell === '' && i === started)) records.push(record)
    record = []
    cell = ''
  }
  for (; i < text.length && records.length < 2000; i++) {
    const mark = text[i]
    if (quoted) {
      if (mark !== '"') cell += mark
      else if (text[i + 1] === '"') cell += text[i++]
      else quoted = false
    } else if (mark === '"' && cell === '') quoted = true
    else if (mark === delimiter) {
      record.push(cell)
      cell = ''
    } else if (mark === '\n' || mark === '\r') {
      endRecord()
      if (mark === '\r' && text[i + 1] === '\n') i++
      started = i + 1
    } else cell += mark
  }
  if (whole && i === text.length && i > started) endRecord()
  return records
}
