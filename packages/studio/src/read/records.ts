import { InputError } from 'nigh'
import type { Column } from 'nigh'
import { parseDate, show } from './cells.ts'

/**
 * A column of plain values that a format gave: numbers, true and false, text, dates; null where missing. For anything
 * else, such as lists, there is no column.
 *
 * @param where says where a cell stands: "row 7"
 * @throws {InputError} E_TYPE for a mixture or a value that is none of these, E_NONFINITE
 */
export function columnOfValues(
  file: string,
  name: string,
  cells: ArrayLike<unknown>,
  options: { readonly single?: boolean; readonly dates?: boolean } = {},
): Column | null {
  let kind: 'number' | 'boolean' | 'text' | 'date' | null = null
  for (let i = 0; i < cells.length; i++) {
    const found = kindOf(cells[i])
    if (found === null) return null
    if (found === 'missing' || found === kind) continue
    if (kind !== null) {
      throw new InputError(
        'E_TYPE',
        name,
        `${file}, row ${i + 1}, column ${show(name)}: a ${found} in a column of ${kind === 'text' ? 'text' : `${kind}s`}. Make the column one kind.`,
      )
    }
    kind = found
  }
  const n = cells.length
  switch (kind) {
    case null:
      return { name, type: 'number', values: new Float64Array(n).fill(Number.NaN) }
    case 'number': {
      const values = options.single === true ? new Float32Array(n) : new Float64Array(n)
      for (let i = 0; i < n; i++) {
        const cell = cells[i]
        const value = typeof cell === 'number' ? cell : typeof cell === 'bigint' ? Number(cell) : Number.NaN
        if (Math.abs(value) === Number.POSITIVE_INFINITY) {
          throw new InputError(
            'E_NONFINITE',
            name,
            `${file}, row ${i + 1}, column ${show(name)} is infinite. Mend the cell.`,
          )
        }
        values[i] = value
      }
      if (options.dates === true) return { name, type: 'date', values: Float64Array.from(values) }
      return { name, type: 'number', values }
    }
    case 'boolean':
      return {
        name,
        type: 'boolean',
        values: Uint8Array.from({ length: n }, (_, i) =>
          cells[i] === true ? 1 : cells[i] === false ? 0 : 255,
        ),
      }
    case 'date':
      return {
        name,
        type: 'date',
        values: Float64Array.from({ length: n }, (_, i) => {
          const cell = cells[i]
          return cell instanceof Date ? cell.getTime() : Number.NaN
        }),
      }
    case 'text': {
      const codes = new Map<string, number>()
      const values = new Int32Array(n)
      for (let i = 0; i < n; i++) {
        const cell = cells[i]
        if (typeof cell !== 'string') {
          values[i] = -1
          continue
        }
        const code = codes.get(cell) ?? codes.size
        codes.set(cell, code)
        values[i] = code
      }
      return { name, type: 'text', values, categories: [...codes.keys()] }
    }
  }
}

/** A text column whose every cell is an ISO date becomes a column of dates. */
export function datesOf(column: Column): Column {
  if (column.type !== 'text' || column.categories.length === 0) return column
  const parsed = column.categories.map(parseDate)
  if (!parsed.every((value) => value !== undefined)) return column
  return {
    name: column.name,
    type: 'date',
    values: Float64Array.from(column.values, (code) =>
      code < 0 ? Number.NaN : (parsed[code] ?? Number.NaN),
    ),
  }
}

function kindOf(cell: unknown): 'number' | 'boolean' | 'text' | 'date' | 'missing' | null {
  if (cell === null || cell === undefined) return 'missing'
  if (typeof cell === 'number') return Number.isNaN(cell) ? 'missing' : 'number'
  if (typeof cell === 'bigint') return 'number'
  if (typeof cell === 'boolean') return 'boolean'
  if (typeof cell === 'string') return 'text'
  return cell instanceof Date ? 'date' : null
}
