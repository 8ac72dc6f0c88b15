import { brief } from '../numbers.ts'

/** Round numbers in a range: 3 to 8 of them, on a step of 1, 2 or 5 times a power of ten. */
export function ticksOf(from: number, to: number, about = 5): number[] {
  const raw = (to - from) / about
  if (!(raw > 0) || !Number.isFinite(raw)) return []
  const power = 10 ** Math.floor(Math.log10(raw))
  const step = ([1, 2, 5, 10].find((factor) => factor * power >= raw) ?? 10) * power
  const ticks: number[] = []
  for (let i = Math.ceil(from / step); i * step <= to && ticks.length < 20; i++) ticks.push(i * step + 0)
  return ticks
}

/** A tick's text: a day for dates, else a short number. */
export function tickText(value: number, date: boolean): string {
  if (!date) return brief(Math.abs(value) < 1e-12 ? 0 : value, 4)
  return Math.abs(value) < 8.64e15 ? new Date(value).toISOString().slice(0, 10) : ''
}
