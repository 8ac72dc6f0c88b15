import { show } from '../check.ts'
import type { FittedColumn, UnusedColumn } from './encoder-columns.ts'
import type { EncoderSettings, EncoderState } from './encoder.ts'
import { unlogged } from './logarithm.ts'
import { listNames } from './names.ts'
import type { Column } from './table.ts'

/** How one column of the fitted table is used. */
export interface ColumnUse {
  readonly name: string
  readonly type: Column['type']
  readonly used: boolean
  /** In words: "number, scaled: mean 5.84, standard deviation 0.825", "one-hot, 3 categories", "not used: constant". */
  readonly how: string
  /** The names of the features made of it. */
  readonly features: readonly string[]
}

/** From here on the widest column alone decides distances, and we say so. */
const UNEVEN = 100

/**
 * The names of the features of each column, no two alike.
 *
 * A number's name could be another column's `species=setosa`; the later one gets a prime.
 */
export function featuresOf(
  columns: readonly FittedColumn[],
  { missing }: Pick<EncoderSettings, 'missing'>,
): readonly (readonly string[])[] {
  const taken = new Set<string>()
  return columns.map((column) => {
    if (column.use === 'none') return Object.freeze([])
    const names =
      column.use === 'one-hot' ? column.categories.map((text) => `${column.name}=${text}`) : [column.name]
    if (missing === 'mark') names.push(`${column.name} is empty`)
    return Object.freeze(
      names.map((name) => {
        let free = name
        while (taken.has(free)) free += '′'
        taken.add(free)
        return free
      }),
    )
  })
}

/** Says how one column is used. */
export function describe(
  column: FittedColumn,
  settings: EncoderSettings,
  features: readonly string[],
): ColumnUse {
  const { name, type } = column
  if (column.use === 'none')
    return Object.freeze({ name, type, used: false, how: `not used: ${why(column)}`, features })
  const cells = column.filled === 1 ? 'cell' : 'cells'
  const filled = column.filled === 0 ? '' : `, ${column.filled} empty ${cells} filled with ${fillOf(column)}`
  return Object.freeze({ name, type, used: true, how: `${encodingOf(column, settings)}${filled}`, features })
}

function encodingOf(column: Exclude<FittedColumn, UnusedColumn>, { scale }: EncoderSettings): string {
  if (column.use === 'boolean') return 'boolean, false 0 and true 1'
  if (column.use === 'one-hot') {
    const n = column.categories.length
    return `one-hot, ${n} ${n === 1 ? 'category' : 'categories'}`
  }
  const what =
    column.type === 'date'
      ? 'date in milliseconds'
      : column.log === true
        ? 'logarithm of the number'
        : 'number'
  const centre = column.type === 'date' ? instant(column.centre) : brief(column.centre)
  const spread = column.type === 'date' ? duration(column.scale) : brief(column.scale)
  switch (scale) {
    case 'none':
      return `${what}, as it is`
    case 'standard':
      if (column.flat) return `${what}, mean ${centre}, not scaled: it has one value`
      return `${what}, scaled: mean ${centre}, standard deviation ${spread}`
    case 'minmax':
      if (column.flat) return `${what}, minimum ${centre}, not scaled: it has one value`
      return `${what}, scaled: minimum ${centre}, range ${spread}`
    case 'robust':
      if (column.flat) return `${what}, median ${centre}, not scaled: its middle half is one value`
      return `${what}, scaled: median ${centre}, between the quartiles ${spread}`
  }
}

function fillOf(column: Exclude<FittedColumn, UnusedColumn>): string {
  const fill = column.fill ?? 0
  if (column.use === 'one-hot') return show(column.categories[fill])
  if (column.use === 'boolean') return fill === 1 ? 'true' : 'false'
  if (column.use === 'number' && column.log === true) return brief(unlogged(fill))
  return column.type === 'date' ? instant(fill) : brief(fill)
}

function why({ reason, distinct }: UnusedColumn): string {
  switch (reason) {
    case 'ignored':
      return 'ignored, as asked'
    case 'not-chosen':
      return 'not among the columns asked for'
    case 'empty':
      return 'it has no values'
    case 'constant':
      return 'constant, every value is the same'
    case 'id':
      return `it looks like an id (${distinct} different whole numbers)`
    case 'all-different':
      return `its ${distinct} texts are all different`
    case 'free-text':
      return `it looks like free text (${distinct} different texts)`
    case 'many-categories':
      return `it has ${distinct} different texts, more than maxCategories`
  }
}

/** What the encoder did that nobody asked for by name, and what may be worth a thought. */
export function notesOn({ settings, columns, rows, dropped }: EncoderState): string[] {
  const notes: string[] = []
  for (const column of columns) {
    if (column.use === 'none') {
      if (column.reason === 'ignored' || column.reason === 'not-chosen') continue
      notes.push(`column ${show(column.name)} is not used: ${why(column)}`)
    } else if (column.filled > 0) {
      const cells = column.filled === 1 ? 'empty cell is' : 'empty cells are'
      notes.push(`column ${show(column.name)}: ${column.filled} ${cells} filled with ${fillOf(column)}`)
    }
  }
  if (dropped > 0)
    notes.push(`${dropped} of ${rows} rows ${dropped === 1 ? 'is' : 'are'} left out: empty cells`)
  const uneven = settings.scale === 'none' ? widest(columns) : null
  if (uneven !== null) notes.push(uneven)
  return notes
}

function widest(columns: readonly FittedColumn[]): string | null {
  const numbers = columns.filter((column) => column.use === 'number').filter((column) => column.spread > 0)
  if (numbers.length < 2) return null
  const sorted = [...numbers].sort((a, b) => b.spread - a.spread)
  const ratio = sorted[0].spread / sorted[sorted.length - 1].spread
  if (ratio < UNEVEN) return null
  const rest = listNames(
    sorted.filter((column) => column.spread * UNEVEN <= sorted[0].spread).map(({ name }) => name),
  )
  return `column ${show(sorted[0].name)} spreads at least ${UNEVEN} times as widely as ${rest}, which hardly count beside it; scale: 'standard' gives each column the same say`
}

/** A number for reading: four significant digits. */
function brief(value: number): string {
  return String(Number(value.toPrecision(4)))
}

/** A length of time for reading, in the largest unit of which there are more than one. */
function duration(milliseconds: number): string {
  const units = [
    ['days', 86_400_000],
    ['hours', 3_600_000],
    ['minutes', 60_000],
    ['seconds', 1000],
  ] as const
  const found = units.find(([, length]) => milliseconds > length)
  return found === undefined ? `${brief(milliseconds)} ms` : `${brief(milliseconds / found[1])} ${found[0]}`
}

function instant(milliseconds: number): string {
  return Math.abs(milliseconds) <= 8.64e15 ? new Date(milliseconds).toISOString() : brief(milliseconds)
}
