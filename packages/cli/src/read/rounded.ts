import type { Column } from 'nigh'
import { show } from '../show/text.ts'
import type { ReadWarning } from './options.ts'

/**
 * Whether a column of numbers holds whole ones that float64 cannot tell from their neighbours: ids, most often.
 * Beyond 2^64 a number is a measurement, not one that somebody counts by.
 */
export function hasRounded({ type, values }: Column): boolean {
  if (type !== 'number') return false
  for (let i = 0; i < values.length; i++) {
    const size = Math.abs(values[i])
    if (size > Number.MAX_SAFE_INTEGER && size <= 2 ** 64 && Number.isInteger(size)) return true
  }
  return false
}

/** Says that long numbers have lost their last digits. `keep`: what would keep them. */
export function roundedNumbers(file: string, name: string, keep: string = ''): ReadWarning {
  return {
    code: 'W_ROUNDED',
    message: `${file}: column ${show(name)} holds whole numbers beyond 2^53, which are rounded${keep}`,
  }
}
