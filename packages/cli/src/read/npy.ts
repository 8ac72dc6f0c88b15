import { InputError } from 'nigh'
import type { Column } from 'nigh'
import type { FileContents } from './csv.ts'
import { checkEstimate } from './limits.ts'
import type { ReadOptions } from './options.ts'
import { hasRounded, roundedNumbers } from './rounded.ts'
import { readBytes } from './source.ts'
import type { Source } from './source.ts'

/** How each number type is read: bytes, and the number at a place. */
const readers: Record<
  string,
  { bytes: number; read: (view: DataView, at: number, little: boolean) => number }
> = {
  f8: { bytes: 8, read: (view, at, little) => view.getFloat64(at, little) },
  f4: { bytes: 4, read: (view, at, little) => view.getFloat32(at, little) },
  f2: { bytes: 2, read: (view, at, little) => fromHalf(view.getUint16(at, little)) },
  i1: { bytes: 1, read: (view, at) => view.getInt8(at) },
  i2: { bytes: 2, read: (view, at, little) => view.getInt16(at, little) },
  i4: { bytes: 4, read: (view, at, little) => view.getInt32(at, little) },
  i8: { bytes: 8, read: (view, at, little) => Number(view.getBigInt64(at, little)) },
  u1: { bytes: 1, read: (view, at) => view.getUint8(at) },
  u2: { bytes: 2, read: (view, at, little) => view.getUint16(at, little) },
  u4: { bytes: 4, read: (view, at, little) => view.getUint32(at, little) },
  u8: { bytes: 8, read: (view, at, little) => Number(view.getBigUint64(at, little)) },
  b1: { bytes: 1, read: (view, at) => view.getUint8(at) },
}

/** What NumPy calls the types that are no numbers here. */
const kinds: Readonly<Record<string, string>> = {
  M: ' (dates)',
  m: ' (spans of time)',
  U: ' (text)',
  S: ' (bytes)',
  O: ' (Python objects)',
  c: ' (complex numbers)',
  V: ' (records)',
}

/** A half-precision number: a sign, 5 bits of exponent, 10 of fraction. */
function fromHalf(bits: number): number {
  const sign = bits >> 15 === 0 ? 1 : -1
  const exponent = (bits >> 10) & 31
  const fraction = bits & 1023
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25))
}

/**
 * Reads NumPy's .npy (format versions 1 to 3): one or two dimensions of numbers, in C or Fortran order.
 * The columns are called c0, c1, …; float32 stays float32, float16 becomes it, anything else float64.
 *
 * @throws {InputError} E_NPY, E_MEMORY, E_NONFINITE (NaN is a missing cell)
 */
export function readNpy(source: Source, options: ReadOptions): FileContents {
  const refuse = (problem: string): InputError =>
    new InputError('E_NPY', 'file', `${source.name}: ${problem}`)
  const start = readBytes(source, 0, 12)
  if (start.length < 10 || Buffer.from(start.subarray(0, 6)).toString('latin1') !== '\x93NUMPY') {
    throw refuse('this is not an npy file')
  }
  const version = start[6]
  if (version < 1 || version > 3) throw refuse(`npy format version ${version} is not known (1, 2 and 3 are)`)
  const view = new DataView(start.buffer, start.byteOffset, start.length)
  const prefix = version === 1 ? 10 : 12
  const length = version === 1 ? view.getUint16(8, true) : start.length < 12 ? 0 : view.getUint32(8, true)
  if (length > 1 << 20 || prefix + length > source.size) throw refuse('the header is longer than the file')
  const header = new TextDecoder(version === 3 ? 'utf-8' : 'latin1').decode(readBytes(source, prefix, length))
  const { kind, little, fortran, shape } = parseHeader(header, refuse)
  const reader = readers[kind]
  if (reader === undefined)
    throw refuse(
      `cells of type ${JSON.stringify(kind)}${kinds[kind[0]] ?? ''} are not read; save float64 or float32`,
    )
  const rows = shape[0]
  const width = shape.length === 1 ? 1 : shape[1]
  if (rows === 0 || width === 0) throw new InputError('E_EMPTY', 'file', `${source.name}: the array is empty`)
  const expected = prefix + length + rows * width * reader.bytes
  if (source.size !== expected) {
    throw refuse(`${rows} × ${width} numbers need ${expected} bytes, but the file has ${source.size}`)
  }
  checkEstimate(source.name, rows, width, options.maxBytes)
  const values = Array.from({ length: width }, () =>
    kind === 'f4' || kind === 'f2' ? new Float32Array(rows) : new Float64Array(rows),
  )
  // Whole runs: rows in C order, columns in Fortran order, about 4 MB at a time.
  const runs = fortran ? width : rows
  const runLength = fortran ? rows : width
  const runBytes = runLength * reader.bytes
  const together = Math.max(1, Math.floor((1 << 22) / runBytes))
  for (let run = 0; run < runs; run += together) {
    options.signal?.throwIfAborted()
    const bytes = readBytes(
      source,
      prefix + length + run * runBytes,
      Math.min(together, runs - run) * runBytes,
    )
    const numbers = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    for (let r = 0, at = 0; at < bytes.length; r++) {
      for (let c = 0; c < runLength; c++, at += reader.bytes) {
        const row = fortran ? c : run + r
        const column = fortran ? run + r : c
        const value = reader.read(numbers, at, little)
        if (Math.abs(value) === Number.POSITIVE_INFINITY) {
          throw new InputError(
            'E_NONFINITE',
            'file',
            `${source.name}: row ${row}, column ${column} is ${value}; numbers must be finite`,
          )
        }
        values[column][row] = value
      }
    }
    options.onProgress?.(Math.min(1, (run + together) / runs))
  }
  const columns: Column[] = values.map((cells, j) =>
    kind === 'b1'
      ? { name: `c${j}`, type: 'boolean', values: Uint8Array.from(cells, (cell) => (cell === 0 ? 0 : 1)) }
      : { name: `c${j}`, type: 'number', values: cells },
  )
  const read = columns.filter(({ name }) => options.only?.includes(name) ?? true)
  const rounded = /^[iu]8$/.test(kind) ? read.filter(hasRounded) : []
  return { columns: read, warnings: rounded.map(({ name }) => roundedNumbers(source.name, name)) }
}

interface NpyHeader {
  readonly kind: string
  readonly little: boolean
  readonly fortran: boolean
  readonly shape: readonly number[]
}

/** The header is a Python literal; only the three keys that NumPy writes are taken, in any order, each once. */
function parseHeader(header: string, refuse: (problem: string) => InputError): NpyHeader {
  const literal = /^\{(.*)\}\s*$/s.exec(header)?.[1]
  if (literal === undefined) throw refuse('the header is not a Python dictionary')
  const entry =
    /\s*'(descr|fortran_order|shape)'\s*:\s*(?:'([<>|=]?)([a-zA-Z]\d*(?:\[\w+\])?)'|(True|False)|\(\s*((?:\d+\s*,\s*)*(?:\d+\s*)?)\))\s*(?:,|$)/y
  let kind: string | undefined
  let order = ''
  let fortran: boolean | undefined
  let shape: readonly number[] | undefined
  while (entry.lastIndex < literal.trimEnd().length) {
    const at = entry.lastIndex
    const found = entry.exec(literal)
    if (found === null) {
      throw refuse(
        /^\s*'descr'\s*:\s*\[/.test(literal.slice(at))
          ? 'an array of records is not read; save a plain array of numbers, one column a field'
          : `the header is not understood: ${JSON.stringify(header.slice(0, 120))}`,
      )
    }
    const [, key, mark, type, truth, sizes] = found
    if (key === 'descr' && type !== undefined && kind === undefined) {
      kind = type
      order = mark
    } else if (key === 'fortran_order' && truth !== undefined && fortran === undefined)
      fortran = truth === 'True'
    else if (key === 'shape' && sizes !== undefined && shape === undefined) {
      shape = sizes
        .split(',')
        .filter((size) => size.trim() !== '')
        .map(Number)
    } else throw refuse(`the header is not understood: ${JSON.stringify(header.slice(0, 120))}`)
  }
  if (kind === undefined || fortran === undefined || shape === undefined) {
    throw refuse('the header must give descr, fortran_order and shape')
  }
  if (shape.length < 1 || shape.length > 2 || shape.some((size) => !Number.isSafeInteger(size))) {
    throw refuse(`the array must have one or two dimensions, but its shape is (${shape.join(', ')})`)
  }
  return { kind, little: order !== '>', fortran, shape }
}
