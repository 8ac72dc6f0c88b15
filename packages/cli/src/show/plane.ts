import { Matrix, principalComponents, project } from 'nigh'
import type { PrincipalComponents } from 'nigh'
import { sampled } from '../report/sample.ts'

/** Columns that principal components are sought for. */
const MOST_COLUMNS = 512

/** The two directions in which rows spread most; null where there are too many columns to look. */
export function mainPlane(
  matrix: Matrix,
): { readonly principal: PrincipalComponents; readonly flat: Matrix } | null {
  if (matrix.columns > MOST_COLUMNS || matrix.rows < 2) return null
  // A covariance of 20,000 rows has its directions: more would cost minutes in many columns.
  const rows = sampled(matrix.rows, 20_000)
  const part = rows.length === matrix.rows ? matrix : rowsAt(matrix, rows)
  const principal = principalComponents(part, { count: Math.min(2, matrix.columns) })
  return { principal, flat: project(matrix, principal) }
}

/** Some rows of a matrix. */
export function rowsAt(matrix: Matrix, rows: ArrayLike<number>): Matrix {
  const { columns: d } = matrix
  const values = new Float64Array(rows.length * d)
  for (let i = 0; i < rows.length; i++) values.set(matrix.row(rows[i]), i * d)
  return Matrix.of(values, d)
}

/** One column of a matrix. */
export function columnOf({ values, rows, columns }: Matrix, j: number): Float64Array {
  return Float64Array.from({ length: rows }, (_, i) => values[i * columns + j])
}
