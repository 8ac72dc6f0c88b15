import { InputError } from 'nigh'
import { show } from '../show/text.ts'

/** A stretch of a column as flechette holds it: views on the file's own bytes, none of them looked at. */
interface Batch {
  readonly type: CellType
  readonly length: number
  readonly nullCount: number
  readonly validity?: unknown
  readonly values?: unknown
  readonly offsets?: unknown
  readonly dictionary?: unknown
  /** What views of text point into. */
  readonly data?: unknown
}

/** A type as flechette gives it; what else it says depends on the type. */
interface CellType {
  readonly typeId: number
  readonly bitWidth?: unknown
  readonly stride?: unknown
  readonly unit?: unknown
}

/** Arrow's numbers of the types whose cells are not one item each. */
const BOOL = 6
const DECIMAL = 7
const INTERVAL = 11
const FIXED_BINARY = 15
const BINARY_VIEW = 23
const UTF8_VIEW = 24

/** Items of the buffer of cells that a cell takes. */
function itemsOfCell({ typeId, bitWidth, stride, unit }: CellType): number {
  switch (typeId) {
    case BOOL:
      return 1 / 8
    case DECIMAL:
      return Math.max(1, Number(bitWidth) / 64)
    case FIXED_BINARY:
      return Number(stride)
    case INTERVAL:
      // Months; days and milliseconds; months, days and nanoseconds as bytes.
      return [1, 2, 16][Number(unit)] ?? 1
    case BINARY_VIEW:
    case UTF8_VIEW:
      return 16
    default:
      return 1
  }
}

/**
 * Checks that a column's buffers hold what the file says they do. flechette takes what lies beyond a buffer for a missing
 * cell, and a code without its word too: a damaged file would become another table in silence.
 *
 * @throws {InputError} E_ARROW
 */
export function checkBatches(file: string, name: string, batches: readonly Batch[]): void {
  const refuse = (problem: string): InputError =>
    new InputError(
      'E_ARROW',
      name,
      `${file}: this is not a sound Arrow file (column ${show(name)} ${problem})`,
    )
  for (const { type, length, nullCount, validity, values, offsets, dictionary, data } of batches) {
    // Types without cells of their own (null, unions) are not read.
    if (values === undefined) continue
    const bits = validity instanceof Uint8Array ? validity : new Uint8Array(0)
    const marked = bits.length > 0
    if (marked && bits.length * 8 < length) throw refuse('has too few marks of missing cells')
    if ((marked ? nullsOf(bits, length) : 0) !== nullCount)
      throw refuse('marks another number of missing cells than it says')
    if (!isList(values)) throw refuse('has no cells')
    if (offsets !== undefined) {
      if (length > 0 && !isRising(offsets, length, values.length)) throw refuse('has text beyond its bytes')
      continue
    }
    const needed = Math.ceil(length * itemsOfCell(type))
    if (values.length < needed) throw refuse('has fewer cells than rows')
    // Padding may follow, to a multiple of 64 bytes; more of it means cells of another size.
    if ((values.length - needed) * values.BYTES_PER_ELEMENT > 64) throw refuse('has more cells than rows')
    if (type.typeId === UTF8_VIEW && !areWithin(values, length, data))
      throw refuse('has text beyond its bytes')
    if (dictionary === undefined) continue
    if (!isColumn(dictionary)) throw refuse('has no words')
    checkBatches(file, name, dictionary.data)
    for (let i = 0; i < length; i++) {
      const isThere = !marked || ((bits[i >> 3] >> (i & 7)) & 1) === 1
      const code = Number(values[i])
      if (isThere && !(code >= 0 && code < dictionary.length)) throw refuse('has a code without its word')
    }
  }
}

function nullsOf(bits: Uint8Array, length: number): number {
  let nulls = 0
  for (let i = 0; i < length; i++) nulls += 1 - ((bits[i >> 3] >> (i & 7)) & 1)
  return nulls
}

/** Whether length + 1 offsets rise from 0 or more to no more than the bytes that there are. */
function isRising(offsets: unknown, length: number, bytes: number): boolean {
  if (!isList(offsets) || offsets.length < length + 1) return false
  let before = 0
  for (let i = 0; i <= length; i++) {
    const at = Number(offsets[i])
    if (!(at >= before && at <= bytes)) return false
    before = at
  }
  return true
}

/** Whether each view of text holds it (up to 12 bytes) or points to bytes that there are. */
function areWithin(values: unknown, length: number, data: unknown): boolean {
  if (!(values instanceof Uint8Array) || !Array.isArray(data)) return false
  const view = new DataView(values.buffer, values.byteOffset, values.length)
  for (let at = 0; at < length * 16; at += 16) {
    const size = view.getInt32(at, true)
    if (size >= 0 && size <= 12) continue
    const buffer: unknown = data[view.getInt32(at + 8, true)]
    const from = view.getInt32(at + 12, true)
    if (!(buffer instanceof Uint8Array && size > 0 && from >= 0 && from + size <= buffer.length)) return false
  }
  return true
}

function isList(values: unknown): values is ArrayLike<unknown> & { readonly BYTES_PER_ELEMENT: number } {
  return ArrayBuffer.isView(values) && 'length' in values && 'BYTES_PER_ELEMENT' in values
}

function isColumn(value: unknown): value is { readonly length: number; readonly data: readonly Batch[] } {
  return value !== null && typeof value === 'object' && 'length' in value && 'data' in value
}
