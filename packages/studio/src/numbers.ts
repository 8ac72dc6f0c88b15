/** A number for reading: so many significant digits, thousands apart, no exponent where it can be helped. */
export function brief(value: number, digits = 3): string {
  if (Number.isNaN(value)) return '–'
  if (!Number.isFinite(value)) return value > 0 ? '∞' : '−∞'
  if (value === 0) return '0'
  const size = Math.abs(value)
  if (size >= 1e15 || size < 1e-4) return signed(value.toExponential(digits - 1))
  if (size >= 10 ** digits || Number.isInteger(value)) {
    const whole = Math.round(value)
    // Four digits stand together: years, mostly.
    return signed(Math.abs(whole) >= 10_000 ? count(whole) : String(whole))
  }
  const [whole, part] = String(Number(value.toPrecision(digits))).split('.')
  // Only with many digits is there a part behind so large a whole.
  if (size < 10_000) return signed(part === undefined ? whole : `${whole}.${part}`)
  return signed(
    whole.replace(/\d+/, (figures) => count(Number(figures))) + (part === undefined ? '' : `.${part}`),
  )
}

/** A whole number, thousands apart. (`toLocaleString` takes 13 ms at its first call, while the page starts.) */
export function count(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(?:\d{3})+$)/g, ',')
}

/** "1 row", "23,570 rows" */
export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`
}

/** "41 %"; what is not nothing never reads as 0 %. */
export function percent(share: number): string {
  const value = share * 100
  if (value > 0 && value < 0.5) return '<1 %'
  if (value < 100 && value > 99.5) return '>99 %'
  return `${Math.round(value)} %`
}

/** "3.1 MB" */
export function bytes(size: number): string {
  if (size < 1000) return `${size} B`
  const units = ['kB', 'MB', 'GB', 'TB']
  let value = size / 1000
  let unit = 0
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000
    unit++
  }
  return `${brief(value, value < 10 ? 2 : 3)} ${units[unit]}`
}

/** "0.4 s", "2 min 5 s" */
export function seconds(value: number): string {
  if (value < 0.1) return `${Math.max(1, Math.round(value * 1000))} ms`
  if (value < 60) return `${brief(value, 2)} s`
  return `${Math.floor(value / 60)} min ${Math.round(value % 60)} s`
}

/** A minus as typesetters write it. */
function signed(text: string): string {
  return text.replace('-', '−').replace('e-', 'e−')
}

/** Text of the library's, with minus signs as the page's own numbers have them. */
export function typeset(text: string): string {
  return text.replace(/(^|[\s(])-(?=[\d.])/g, '$1−')
}
