/** @param {readonly number[]} values @param {number} share 0 … 1 */
export function quantile(values, share) {
  const sorted = [...values].sort((a, b) => a - b)
  const at = share * (sorted.length - 1)
  const below = Math.floor(at)
  const above = Math.min(below + 1, sorted.length - 1)
  return sorted[below] + (at - below) * (sorted[above] - sorted[below])
}

/** @param {readonly number[]} values @returns {import('./types.d.ts').Summary} */
export function summarise(values) {
  return {
    median: quantile(values, 0.5),
    min: Math.min(...values),
    q1: quantile(values, 0.25),
    q3: quantile(values, 0.75),
  }
}

/** @param {readonly number[]} values */
export function geometricMean(values) {
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length)
}

/** 0.0123 → "12.3 ms". @param {number} seconds */
export function showSeconds(seconds) {
  if (seconds >= 1) return `${digits(seconds)} s`
  if (seconds >= 1e-3) return `${digits(seconds * 1e3)} ms`
  return `${digits(seconds * 1e6)} µs`
}

/** Three significant digits, never an exponent. @param {number} value */
export function digits(value) {
  if (value >= 1000) return String(Math.round(value))
  return String(Number(value.toPrecision(3)))
}
