import { dateText } from '../write/cells.ts'

/** 1234567 → "1,234,567". */
export function whole(value: number): string {
  return Number.isInteger(value) ? value.toLocaleString('en') : inDigits(value, decimalsFor(Math.abs(value)))
}

/** A number in four significant digits (a whole one in all), without an exponent where it is of everyday size. */
export function brief(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e12) return whole(value)
  return inDigits(value, decimalsFor(Math.abs(value)))
}

/** A score in three decimals: never "-0.000". */
export function score(value: number): string {
  return value.toFixed(3).replace(/^-(0\.0*)$/, '$1')
}

/** "1 row", "2 rows". */
export function plural(count: number, one: string, many: string = `${one}s`): string {
  return `${whole(count)} ${count === 1 ? one : many}`
}

/** 0.4133 → "41.3 %". */
export function percent(share: number): string {
  const value = share * 100
  return `${value >= 99.95 || value === 0 ? value.toFixed(0) : value >= 0.05 ? value.toFixed(1) : '<0.1'} %`
}

/** Seconds: "0.42 s", "12 s", "3 min 5 s". */
export function duration(seconds: number): string {
  if (seconds < 10 && !Number.isInteger(seconds)) return `${seconds.toFixed(2)} s`
  if (seconds < 100) return `${seconds.toFixed(0)} s`
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`
}

/** Numbers of one column, all with the same decimals: four significant digits of the largest. */
export function aligned(values: readonly number[], type: 'number' | 'date'): string[] {
  if (type === 'date') {
    const span = Math.max(...values) - Math.min(...values)
    return values.map((value) =>
      Number.isNaN(value)
        ? ''
        : dateText(value, false)
            .slice(0, span < 172_800_000 ? 19 : 10)
            .replace('T', ' '),
    )
  }
  let largest = 0
  for (const value of values) if (Math.abs(value) > largest) largest = Math.abs(value)
  const decimals = decimalsFor(largest)
  return values.map((value) => (Number.isNaN(value) ? '' : inDigits(value, decimals)))
}

function decimalsFor(size: number): number {
  if (size === 0 || !Number.isFinite(size)) return 0
  return 3 - Math.floor(Math.log10(size))
}

function inDigits(value: number, decimals: number): string {
  if (decimals > 8 || decimals < -9) return value === 0 ? '0' : value.toExponential(3)
  const fixed = value.toFixed(Math.max(0, decimals))
  const [integer, fraction] = fixed.replace(/^-(0(?:\.0*)?)$/, '$1').split('.')
  const grouped = integer.replace(/\B(?=(\d{3})+$)/g, ',')
  return fraction === undefined ? grouped : `${grouped}.${fraction}`
}
