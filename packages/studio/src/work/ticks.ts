import { brief } from '../numbers.ts'

/** A place on an axis that is named. */
export interface Tick {
  readonly at: number
  readonly text: string
}

/** Round numbers in a range, or round moments where it is one of dates: some 3 to 8. */
export function ticksOf(from: number, to: number, about = 5, date = false): Tick[] {
  const raw = (to - from) / about
  if (!(raw > 0) || !Number.isFinite(raw)) return []
  return date ? momentsIn(from, to, raw) : numbersIn(from, to, raw)
}

/** On a step of 1, 2 or 5 times a power of ten, with as many digits as tell two ticks apart. */
function numbersIn(from: number, to: number, raw: number): Tick[] {
  const step = roundStep(raw)
  const ticks: Tick[] = []
  for (let i = Math.ceil(from / step); i * step <= to && ticks.length < 20; i++) {
    // A zero that is not quite one.
    const at = Math.abs(i * step) < step / 2 ? 0 : i * step
    const digits = at === 0 ? 4 : Math.min(15, Math.max(4, Math.ceil(Math.log10(Math.abs(at) / step)) + 1))
    ticks.push({ at, text: brief(at, digits) })
  }
  return ticks
}

function roundStep(raw: number): number {
  const power = 10 ** Math.floor(Math.log10(raw))
  return ([1, 2, 5, 10].find((factor) => factor * power >= raw) ?? 10) * power
}

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const MONTH = 30.44 * DAY

/** Steps below a month, as clocks and calendars have them. */
const steps: readonly number[] = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500],
  ...[1, 2, 5, 10, 15, 30].map((n) => n * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((n) => n * MINUTE),
  ...[1, 2, 3, 6, 12].map((n) => n * HOUR),
  ...[1, 2, 5, 10].map((n) => n * DAY),
]

/** Milliseconds since 1970 as axes name them: in UTC, no finer than the step. */
function momentsIn(from: number, to: number, raw: number): Tick[] {
  const ticks: Tick[] = []
  const add = (at: number, first: number, last: number): void => {
    // Beyond, there are no dates.
    if (at >= from && at <= to && Math.abs(at) <= 8.64e15)
      ticks.push({ at, text: new Date(at).toISOString().replace('T', ' ').slice(first, last) })
  }
  const step = steps.find((each) => each >= raw)
  if (step !== undefined) {
    const [first, last] =
      step >= DAY ? [0, 10] : step >= MINUTE ? [5, 16] : step >= SECOND ? [11, 19] : [11, 23]
    for (let i = Math.ceil(from / step); i * step <= to && ticks.length < 20; i++) add(i * step, first, last)
    return ticks
  }
  const months = [1, 2, 3, 6].find((each) => each * MONTH >= raw) ?? 12 * roundStep(raw / (12 * MONTH))
  const year = new Date(Math.max(from, -8.64e15)).getUTCFullYear()
  const start = Math.floor((year * 12) / months) * months
  for (let i = 0; i < 20; i++) {
    const at = Date.UTC(2000, start + i * months - 24_000)
    // Years before 0 and after 9999 are written longer.
    const longer = at < Date.UTC(0, -22_800) || at >= Date.UTC(10_000, 0) ? 3 : 0
    add(at, 0, (months >= 12 ? 4 : 7) + longer)
  }
  return ticks
}
