import { InputError } from 'nigh'
import { show } from '../show/text.ts'

/** A stretch of a column as flechette holds it: views on the file's own bytes, none of them looked at. */
interface Batch {
  readonly type: { readonly typeId: number }
  readonly length: number
  readonly nullCount: number
  readonly validity?: unknown
  readonly values?: unknown
  readonly offsets?: unknown
  readonly dictionary?: unknown
}

/** Arrow's number of the type Bool: eight cells a byte. */
const BOOL = 6

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
  for (const { type, length, nullCount, validity, values, offsets, dictionary } of batches) {
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
    const needed = type.typeId === BOOL ? Math.ceil(length / 8) : length
    if (values.length < needed) throw refuse('has fewer cells than rows')
    // Padding may follow, to a multiple of 64 bytes; more of it means cells of another size.
    if ((values.length - needed) * values.BYTES_PER_ELEMENT > 64) throw refuse('has more cells than rows')
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

function isList(values: unknown): values is ArrayLike<unknown> & { readonly BYTES_PER_ELEMENT: number } {
  return ArrayBuffer.isView(values) && 'length' in values && 'BYTES_PER_ELEMENT' in values
}

function isColumn(value: unknown): value is { readonly length: number; readonly data: readonly Batch[] } {
  return value !== null && typeof value === 'object' && 'length' in value && 'data' in value
}
