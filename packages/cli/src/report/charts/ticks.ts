/** "+1.3" */
export function signed(value: number): string {
  const text = Math.abs(value).toFixed(1)
  return text === '0.0' ? '0' : `${value < 0 ? '−' : '+'}${text}`
}

/** 12000 → "12k": for the ticks of an axis. */
export function short(value: number): string {
  const size = Math.abs(value)
  const trim = (number: number): string => String(Number(number.toPrecision(3)))
  if (size >= 1e15 || (size > 0 && size < 1e-4)) return value.toExponential(1)
  if (size >= 1e9) return `${trim(value / 1e9)}G`
  if (size >= 1e6) return `${trim(value / 1e6)}M`
  if (size >= 1e4) return `${trim(value / 1e3)}k`
  return String(Number(value.toPrecision(6))).replace('-', '−')
}
