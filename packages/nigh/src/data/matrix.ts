import { InputError, checkInteger, checkMade, counted, show } from '../check.ts'

/** The numbers a {@link Matrix} views: float32 or float64, kept as given. */
export type Reals = Float32Array | Float64Array

/**
 * n × d finite numbers, row after row: a view on a typed array, which is never written to.
 *
 * Every call that takes points also takes plain rows; those are copied into a Matrix first.
 */
export class Matrix {
  /** The numbers, row after row: row i, column j stands at `i * columns + j`. */
  readonly values: Reals
  /** n, the number of rows. */
  readonly rows: number
  /** d, the number of columns. */
  readonly columns: number

  private constructor(values: Reals, rows: number, columns: number) {
    checkMade('Matrix', values, 'BYTES_PER_ELEMENT', 'of(values, columns)')
    this.values = values
    this.rows = rows
    this.columns = columns
  }

  /**
   * Views a row-major typed array as a matrix, without copying it.
   *
   * Cost: one pass over the numbers, to refuse those that are not finite.
   *
   * @throws {InputError} E_TYPE where the values are not a Float32Array or Float64Array, E_SHAPE where they do not
   * fill whole rows, E_EMPTY where there are none, E_NONFINITE at the first NaN or Infinity (with its row and column)
   * @example
   * const points = Matrix.of(Float64Array.of(1, 2, 3, 4, 5, 6), 2) // 3 rows × 2 columns
   */
  static of(values: Reals, columns: number): Matrix {
    return Matrix.checked('Matrix.of', 'values', values, columns)
  }

  /**
   * Takes whatever a call accepts as points.
   *
   * @param call and `param` name the call and argument in errors
   * @throws {InputError} as {@link Matrix.of}; E_SHAPE for ragged rows; E_TYPE for a cell that is not a number
   * (nothing is converted: not text, not null, not a date)
   */
  static from(call: string, param: string, points: MatrixLike): Matrix {
    if (points instanceof Matrix) return points
    if (!Array.isArray(points)) {
      throw new InputError(
        'E_TYPE',
        param,
        `${call}: ${param} must be rows of numbers (number[][], typed-array rows or a Matrix), got ${show(points)}${flatHint(points)}`,
      )
    }
    const rows = points.length
    if (rows === 0) throw new InputError('E_EMPTY', param, `${call}: ${param} has no rows`)
    const first: unknown = points[0]
    if (!isRow(first)) {
      throw new InputError(
        'E_TYPE',
        param,
        `${call}: ${param}[0] must be a row of numbers, got ${show(first)}${rowHint(first)}`,
      )
    }
    const columns = first.length
    if (columns === 0) throw new InputError('E_EMPTY', param, `${call}: ${param} has rows but no columns`)
    checkSize(call, param, rows, columns)
    let single = true
    for (let i = 0; i < rows && single; i++) single = points[i] instanceof Float32Array
    const values = roomFor(call, param, rows, columns, single)
    for (let i = 0, at = 0; i < rows; i++) {
      const row: unknown = points[i]
      if (!isRow(row)) {
        throw new InputError(
          'E_TYPE',
          param,
          `${call}: ${param}[${i}] must be a row of numbers, got ${show(row)}${rowHint(row)}`,
        )
      }
      if (row.length !== columns) {
        throw new InputError(
          'E_SHAPE',
          param,
          `${call}: every row of ${param} must have the same length; row ${i} has ${row.length}, expected ${columns}`,
        )
      }
      for (let j = 0; j < columns; j++, at++) {
        const value: unknown = row[j]
        if (typeof value !== 'number') {
          throw new InputError(
            'E_TYPE',
            param,
            `${call}: ${param}[${i}][${j}] must be a number, got ${show(value)} (nothing is converted)`,
          )
        }
        values[at] = value
        if (value - value !== 0) throw nonFinite(call, param, i, j, value)
      }
    }
    return new Matrix(values, rows, columns)
  }

  /** {@link Matrix.of}, its errors naming another call and argument. */
  static checked(call: string, param: string, values: Reals, columns: number): Matrix {
    if (!(values instanceof Float32Array || values instanceof Float64Array)) {
      throw new InputError(
        'E_TYPE',
        param,
        `${call}: ${param} must be a Float32Array or Float64Array, got ${show(values)}`,
      )
    }
    checkInteger(call, 'columns', columns, 1, Number.MAX_SAFE_INTEGER)
    if (values.length === 0) throw new InputError('E_EMPTY', param, `${call}: ${param} has no numbers`)
    const rows = values.length / columns
    if (!Number.isInteger(rows)) {
      throw new InputError(
        'E_SHAPE',
        param,
        `${call}: ${param} must fill whole rows of ${counted(columns, 'column')}, got ${values.length} numbers`,
      )
    }
    checkSize(call, param, rows, columns)
    checkFinite(call, param, values, columns)
    return new Matrix(values, rows, columns)
  }

  /** A matrix of numbers known to be finite: made by nigh itself, so not looked at again. */
  static trusted(values: Reals, columns: number): Matrix {
    return new Matrix(values, values.length / columns, columns)
  }

  /** Row i, as a view on the matrix's own numbers. */
  row(i: number): Reals {
    return this.values.subarray(i * this.columns, (i + 1) * this.columns)
  }

  /** The matrix as plain rows: a copy. */
  toArrays(): number[][] {
    const rows: number[][] = []
    for (let i = 0; i < this.rows; i++) rows.push(Array.from(this.row(i)))
    return rows
  }
}

/** Rows of numbers: a Matrix, or an array of plain or typed rows of equal length. */
export type MatrixLike = Matrix | readonly (readonly number[] | Float32Array | Float64Array)[]

function isRow(row: unknown): row is ArrayLike<unknown> {
  return Array.isArray(row) || row instanceof Float32Array || row instanceof Float64Array
}

/** Rows are numbered in 32 bits, everywhere. */
function checkSize(call: string, param: string, rows: number, columns: number): void {
  if (rows > 0xffffffff) {
    throw new InputError('E_SIZE', param, `${call}: ${param} must have at most 4294967295 rows, got ${rows}`)
  }
  if (rows * columns * 8 > Number.MAX_SAFE_INTEGER) {
    throw new InputError('E_SIZE', param, `${call}: ${param} of ${rows} × ${columns} is too large to address`)
  }
}

/** @throws {InputError} E_MEMORY where there is no room for so many numbers */
function roomFor(
  call: string,
  param: string,
  rows: number,
  columns: number,
  single: boolean,
): Float32Array | Float64Array {
  try {
    return single ? new Float32Array(rows * columns) : new Float64Array(rows * columns)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    const bytes = rows * columns * (single ? 4 : 8)
    throw new InputError(
      'E_MEMORY',
      param,
      `${call}: ${param} of ${rows} × ${columns} need ${Math.ceil(bytes / 1e6)} MB, which cannot be had; take float32 rows or fewer of them`,
    )
  }
}

function checkFinite(call: string, param: string, values: Reals, columns: number): void {
  const n = values.length
  const whole = n - (n % 8)
  let i = 0
  // x − x is 0 for a finite number and NaN otherwise, so one sum a block finds them all.
  for (; i < whole; i += 8) {
    const a = values[i] - values[i] + (values[i + 1] - values[i + 1])
    const b = values[i + 2] - values[i + 2] + (values[i + 3] - values[i + 3])
    const c = values[i + 4] - values[i + 4] + (values[i + 5] - values[i + 5])
    const d = values[i + 6] - values[i + 6] + (values[i + 7] - values[i + 7])
    if (a + b + c + d !== 0) break
  }
  for (; i < n; i++) {
    const value = values[i]
    if (value - value !== 0) throw nonFinite(call, param, Math.floor(i / columns), i % columns, value)
  }
}

function nonFinite(call: string, param: string, row: number, column: number, value: number): InputError {
  return new InputError(
    'E_NONFINITE',
    param,
    `${call}: ${param} must hold finite numbers; row ${row}, column ${column} is ${value}`,
  )
}

/** A flat typed array is nearly right: says what is missing. */
function flatHint(points: unknown): string {
  return points instanceof Float32Array || points instanceof Float64Array
    ? '; Matrix.of(values, columns) takes a flat array'
    : ''
}

/** A list of numbers may be one row, or rows of one number: says how either is written. */
function rowHint(row: unknown): string {
  return typeof row === 'number' ? ' (each row is an array: [[1], [2]] are two rows, [[1, 2]] is one)' : ''
}
