import { totalmem } from 'node:os'
import { tableFromIPC } from '@uwdata/flechette'
import { InputError, Table } from 'nigh'
import type { Column } from 'nigh'
import { show } from '../show/text.ts'
import { checkBatches } from './arrow-check.ts'
import { checkFrame } from './arrow-frame.ts'
import { unpackBuffers } from './arrow-packed.ts'
import type { FileContents } from './csv.ts'
import { checkEstimate } from './limits.ts'
import { isDispensable, leftOut } from './options.ts'
import type { ReadOptions, ReadWarning } from './options.ts'
import { hasRounded, roundedNumbers } from './rounded.ts'

/** A column is sound, but of a type that no table has. */
class Unusable extends InputError {}

/** The part of the options that can go to another thread. */
export interface ArrowOptions {
  readonly only: ReadOptions['only'] | undefined
  readonly dispensable?: ReadOptions['dispensable']
  readonly maxBytes: number | undefined
  /** Rows of the file that come before these bytes. Default: 0. */
  readonly before?: number
}

/**
 * Decodes an Arrow IPC file or stream.
 *
 * flechette trusts its input: false lengths end in errors somewhere inside it, or in loops without end. Only to be called
 * where both do no harm.
 */
export function decodeArrow(file: string, bytes: Uint8Array, options: ArrowOptions): FileContents {
  if (Buffer.from(bytes.subarray(0, 4)).toString('latin1') === 'FEA1') {
    throw new InputError(
      'E_ARROW',
      'file',
      `${file}: this is a Feather file of version 1, from before Arrow; write it again as version 2`,
    )
  }
  checkFrame(file, bytes)
  const { maxBytes = totalmem() / 3 } = options
  const unpacked = unpackBuffers(file, Number.isFinite(maxBytes) ? maxBytes : totalmem() / 3)
  const table = tableFromIPC(bytes, { useDate: false, useBigInt: true })
  const rows = table.numRows
  if (rows === 0) throw new InputError('E_EMPTY', 'file', `${file}: the file has no rows`)
  const kept = table.schema.fields.filter(({ name }) => options.only?.includes(name) ?? true)
  checkEstimate(file, rows, kept.length, options.maxBytes)
  // A batch may claim more rows than its bytes can hold; the smallest cell is a bit.
  if (!Number.isInteger(rows) || rows < 0 || (kept.length > 0 && rows > (bytes.length + unpacked()) * 8)) {
    throw new InputError(
      'E_ARROW',
      'file',
      `${file}: the file claims ${rows} rows, more than its bytes can hold`,
    )
  }
  const columns: Column[] = []
  const warnings: ReadWarning[] = []
  for (const [at, field] of table.schema.fields.entries()) {
    if (options.only?.includes(field.name) === false) continue
    const cells = table.getChildAt(at)
    if (cells.length !== rows) {
      throw new InputError(
        'E_ARROW',
        field.name,
        `${file}: column ${show(field.name)} has ${cells.length} of ${rows} cells`,
      )
    }
    try {
      checkBatches(file, field.name, cells.data)
      const column = columnOf(file, field.name, cells, rows, options.before ?? 0)
      if (isWhole(cells.type.typeId) && hasRounded(column)) warnings.push(roundedNumbers(file, field.name))
      columns.push(column)
    } catch (error) {
      const spare =
        options.dispensable === 'all' ? error instanceof Unusable : isDispensable(options, field.name)
      if (!spare) throw error
      warnings.push(leftOut(file, field.name, 'what nigh cannot use'))
    }
  }
  // Table.of refuses blank and repeated names.
  return { columns: Table.of(columns).columns, warnings }
}

function columnOf(
  file: string,
  name: string,
  cells: Iterable<unknown> & { readonly type: { typeId: number } },
  rows: number,
  before: number,
): Column {
  return typedColumn(file, name, cells, rows, isInstant(cells.type.typeId), isSingle(cells.type), before)
}

/** Arrow's type numbers: Int 2, Decimal 7, Dictionary −1 (of numbers). */
function isWhole(typeId: number): boolean {
  return typeId === 2 || typeId === 7 || typeId === -1
}

/** Arrow's type numbers: Date 8, Timestamp 10. */
function isInstant(typeId: number): boolean {
  return typeId === 8 || typeId === 10
}

/** Arrow's Float (3) of single precision (1). */
function isSingle(type: { readonly typeId: number; readonly precision?: unknown }): boolean {
  return type.typeId === 3 && type.precision === 1
}

function typedColumn(
  file: string,
  name: string,
  cells: Iterable<unknown>,
  rows: number,
  instant: boolean,
  single: boolean,
  before: number,
): Column {
  // Each made when its first cell comes: a column that claims more rows than the file can hold of its kind costs nothing.
  let numbers: Float32Array | Float64Array | undefined
  let booleans: Uint8Array | undefined
  let values: Int32Array | undefined
  const codes = new Map<string, number>()
  let kind: 'number' | 'boolean' | 'text' | undefined
  let i = 0
  for (const given of cells) {
    const cell = typeof given === 'bigint' ? Number(given) : given
    if (cell !== null && cell !== undefined) {
      const found =
        typeof cell === 'number'
          ? 'number'
          : typeof cell === 'boolean'
            ? 'boolean'
            : typeof cell === 'string'
              ? 'text'
              : undefined
      if (found === undefined || (kind !== undefined && kind !== found)) {
        throw new Unusable(
          'E_ARROW',
          name,
          `${file}: column ${show(name)} holds values that nigh cannot use; leave it out with --ignore ${show(name)}`,
        )
      }
      kind = found
      if (typeof cell === 'number') {
        if (Math.abs(cell) === Number.POSITIVE_INFINITY) {
          throw new InputError(
            'E_NONFINITE',
            name,
            `${file}: row ${before + i + 1}, column ${show(name)} is ${cell}; numbers must be finite`,
          )
        }
        numbers ??= emptyNumbers(rows, single)
        numbers[i] = cell
      } else if (typeof cell === 'boolean') {
        booleans ??= new Uint8Array(rows).fill(255)
        booleans[i] = cell ? 1 : 0
      } else if (typeof cell === 'string') {
        const code = codes.get(cell) ?? codes.size
        codes.set(cell, code)
        values ??= new Int32Array(rows).fill(-1)
        values[i] = code
      }
    }
    i++
  }
  if (booleans !== undefined) return { name, type: 'boolean', values: booleans }
  if (values !== undefined) return { name, type: 'text', values, categories: [...codes.keys()] }
  const found = numbers ?? emptyNumbers(rows, single)
  if (instant) return { name, type: 'date', values: Float64Array.from(found) }
  return { name, type: 'number', values: found }
}

function emptyNumbers(rows: number, single: boolean): Float32Array | Float64Array {
  return (single ? new Float32Array(rows) : new Float64Array(rows)).fill(Number.NaN)
}
