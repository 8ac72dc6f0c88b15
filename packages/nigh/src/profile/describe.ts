import type { Contrast } from './clusters.ts'

/** Below this many standard deviations, a column does not set a cluster apart (Cohen 1988: a medium effect). */
const TELLING = 0.5
/** From this many on it does so much (twice Cohen's large effect would be 1.6; well-parted clusters reach 2). */
const GREAT = 1.2
/** More columns make no better line. */
const MOST = 3

/** One line on a cluster: its size, and up to three columns that set it apart. */
export function describeCluster(size: number, share: number, contrasts: readonly Contrast[]): string {
  const rows = `${inWords(size)} ${size === 1 ? 'row' : 'rows'} (${percent(share)})`
  if (share === 1) return `${rows}: all of them`
  const telling = contrasts.filter((contrast) => Math.abs(contrast.effect) >= TELLING).slice(0, MOST)
  if (telling.length === 0) return `${rows}: near the average in every column`
  return `${rows}: ${telling.map(phrase).join('; ')}`
}

function phrase(contrast: Contrast): string {
  const { name, type, centre, rest, effect, category } = contrast
  const much = Math.abs(effect) >= GREAT ? 'much ' : ''
  switch (type) {
    case 'text':
      return `${name} ${effect > 0 ? 'more' : 'less'} often ${category} (${percent(centre)}; elsewhere ${percent(rest)})`
    case 'boolean':
      return `${name} ${effect > 0 ? 'more' : 'less'} often true (${percent(centre)}; elsewhere ${percent(rest)})`
    case 'date':
      return `${much}${effect > 0 ? 'later' : 'earlier'} ${name} (${day(centre)}; elsewhere ${day(rest)})`
    default:
      return `${much}${effect > 0 ? 'higher' : 'lower'} ${name} (${inWords(centre)}; elsewhere ${inWords(rest)})`
  }
}

/** A number as a reader wants it: three digits, or all before the point, in groups. No locale: the same everywhere. */
export function inWords(x: number): string {
  if (!Number.isFinite(x)) return 'none'
  const size = Math.abs(x)
  if (size >= 1e15 || (size > 0 && size < 1e-4)) return x.toExponential(2)
  if (size >= 100) return String(Math.round(x)).replace(/\B(?=(\d{3})+$)/g, ',')
  return String(Number(x.toPrecision(3)))
}

function percent(share: number): string {
  if (!Number.isFinite(share)) return 'none'
  const value = share * 100
  return `${value > 0 && value < 1 ? '< 1' : value < 100 && value > 99 ? '> 99' : Math.round(value)} %`
}

function day(milliseconds: number): string {
  // What lies beyond the calendar of Date has no day.
  return Math.abs(milliseconds) <= 8.64e15
    ? new Date(milliseconds).toISOString().slice(0, 10)
    : inWords(milliseconds)
}
