import { InputError, show } from '../check.ts'
import { exponentialLessOne, logOnePlus } from '../metrics/elementary.ts'
import type { Column } from './table.ts'

/**
 * The logarithm ln(1 + x) of one cell that is there.
 *
 * @throws {InputError} E_RANGE below 0; E_TYPE for a column that is not of numbers
 */
export function logged(call: string, column: Column, row: number): number {
  const x = column.values[row]
  if (column.type !== 'number') {
    throw new InputError(
      'E_TYPE',
      'log',
      `${call}: log must name columns of numbers, got ${show(column.name)}, which is ${column.type}`,
    )
  }
  if (x >= 0) return x === Number.POSITIVE_INFINITY ? x : logOnePlus(x)
  throw new InputError(
    'E_RANGE',
    'log',
    `${call}: numbers must be from 0 up for a logarithm; row ${row}, column ${show(column.name)} is ${x}`,
  )
}

/** The column with the logarithm in each cell that is there, of rows that count. */
export function loggedColumn(call: string, column: Column, weights: Float64Array | null): Column {
  const values = new Float64Array(column.values.length).fill(Number.NaN)
  for (let i = 0; i < values.length; i++) {
    if (weights?.[i] === 0) continue
    if (column.type !== 'number' || !Number.isNaN(column.values[i])) values[i] = logged(call, column, i)
  }
  return { name: column.name, type: 'number', values }
}

/** The number whose {@link logged} this is; below 0, where no such number is, its mirror image. */
export function unlogged(value: number): number {
  return value < 0 ? -exponentialLessOne(-value) : exponentialLessOne(value)
}
