import type { Column } from 'nigh'
import { shortSingle } from './text-bytes.ts'

/** A number in as few digits as bring it back: a float32 as such, not as the float64 beside it. */
function numberText(value: number, single: boolean): string {
  return single ? shortSingle(value) : String(value)
}

/** An instant in ISO 8601, the day alone where that is all there is to say. */
export function dateText(milliseconds: number, daysOnly: boolean): string {
  const date = new Date(milliseconds)
  if (Number.isNaN(date.getTime())) return String(milliseconds)
  const text = date.toISOString()
  return daysOnly ? text.slice(0, text.indexOf('T')) : text
}

/** Whether a date column holds whole days only. */
export function isDaysOnly(column: Column): boolean {
  if (column.type !== 'date') return false
  for (const value of column.values) if (value % 86_400_000 !== 0 && !Number.isNaN(value)) return false
  return true
}

/** What the cells of a column look like in a text file; null where they are missing. */
export function cellTexts(
  column: Column,
  daysOnly: boolean = isDaysOnly(column),
): (row: number) => string | null {
  switch (column.type) {
    case 'number': {
      const { values } = column
      const single = values instanceof Float32Array
      return (row) => (Number.isNaN(values[row]) ? null : numberText(values[row], single))
    }
    case 'date': {
      const { values } = column
      return (row) => (Number.isNaN(values[row]) ? null : dateText(values[row], daysOnly))
    }
    case 'boolean': {
      const { values } = column
      return (row) => (values[row] === 255 ? null : values[row] === 1 ? 'true' : 'false')
    }
    case 'text': {
      const { values, categories } = column
      return (row) => (values[row] < 0 ? null : categories[values[row]])
    }
  }
}

/** The cells as plain values, null where missing; numbers without a missing cell as they are. */
export function plainCells(column: Column): (number | boolean | string | null)[] {
  const cells: (number | boolean | string | null)[] = []
  for (let i = 0; i < column.values.length; i++) {
    const value = column.values[i]
    switch (column.type) {
      case 'number':
      case 'date':
        cells[i] = Number.isNaN(value) ? null : value
        break
      case 'boolean':
        cells[i] = value === 255 ? null : value === 1
        break
      case 'text':
        cells[i] = value < 0 ? null : column.categories[value]
        break
    }
  }
  return cells
}
