import { byCodeUnits } from './encoder-columns.ts'
import { momentsOf, quantilesOf, sampleOf } from './statistics.ts'
import { cellOf, type Cell, type Column, type Table } from './table.ts'

/** A value and how many cells hold it. */
export interface ValueCount {
  readonly value: Cell
  readonly count: number
}

/** What one column holds, in numbers. */
export interface ColumnSummary {
  readonly name: string
  readonly type: Column['type']
  /** How many cells are there. */
  readonly count: number
  /** How many cells are missing. */
  readonly missing: number
  /** How many different values there are. */
  readonly distinct: number
  /**
   * The values that most cells hold, at most five: by count, then by value. Empty where all values differ; numbers and
   * dates that come only once are not listed.
   */
  readonly frequent: readonly ValueCount[]
  /** Of numbers and dates; null of others, and where there is no finite cell. */
  readonly spread: NumberSummary | null
}

/** Where the numbers of a column lie; of a date column, in milliseconds since 1970. Infinite cells are left out. */
export interface NumberSummary {
  readonly min: number
  readonly lowerQuartile: number
  readonly median: number
  readonly upperQuartile: number
  readonly max: number
  readonly mean: number
  /** Standard deviation, ddof 0. */
  readonly deviation: number
  /** How many cells are ±Infinity. */
  readonly infinite: number
}

const MOST_FREQUENT = 5

/**
 * Says what each column of a table holds. Every figure is the same, to the last bit, for any order of the rows.
 *
 * Cost: a few passes over the cells, and a sort of each column of numbers.
 */
export function summaryOf(table: Table): readonly ColumnSummary[] {
  return table.columns.map((column) => {
    const { name, type } = column
    if (column.type === 'text') return { name, type, ...countCategories(column.values, column), spread: null }
    if (column.type === 'boolean') {
      const cells = Int32Array.from(column.values, (value) => (value === 255 ? -1 : value))
      const { distinct, frequent, ...counts } = countCategories(cells, { categories: ['false', 'true'] })
      // false before true, and both shown, since two values are few.
      const values = frequent.map(({ value, count }) => ({ value: value === 'true', count }))
      return { name, type, ...counts, distinct, frequent: values, spread: null }
    }
    return summaryOfNumbers(column)
  })
}

function countCategories(
  values: Int32Array,
  { categories }: { readonly categories: readonly string[] },
): Omit<ColumnSummary, 'name' | 'type' | 'spread'> {
  const counts = new Float64Array(categories.length)
  let count = 0
  for (let i = 0; i < values.length; i++) {
    if (values[i] < 0) continue
    counts[values[i]]++
    count++
  }
  const seen: { readonly value: string; readonly count: number }[] = []
  for (let c = 0; c < counts.length; c++)
    if (counts[c] > 0) seen.push({ value: categories[c], count: counts[c] })
  seen.sort((a, b) => b.count - a.count || byCodeUnits(a.value, b.value))
  const frequent = seen.length > 0 && seen[0].count > 1 ? seen.slice(0, MOST_FREQUENT) : []
  return { count, missing: values.length - count, distinct: seen.length, frequent }
}

function summaryOfNumbers(column: Column & { readonly type: 'number' | 'date' }): ColumnSummary {
  const { values: sorted } = sampleOf(column.values, null)
  sorted.sort()
  let distinct = 0
  const runs: { readonly at: number; readonly count: number }[] = []
  for (let from = 0, to = 0; from < sorted.length; from = to) {
    while (to < sorted.length && sorted[to] === sorted[from]) to++
    distinct++
    const count = to - from
    // Kept sorted by count; an equal count stays behind the smaller value before it.
    if (count > 1 && (runs.length < MOST_FREQUENT || runs[runs.length - 1].count < count)) {
      let place = runs.length
      while (place > 0 && runs[place - 1].count < count) place--
      runs.splice(place, 0, { at: from, count })
      if (runs.length > MOST_FREQUENT) runs.pop()
    }
  }
  const whole: Column =
    column.type === 'date'
      ? { name: column.name, type: 'date', values: sorted }
      : { name: column.name, type: 'number', values: sorted }
  return {
    name: column.name,
    type: column.type,
    count: sorted.length,
    missing: column.values.length - sorted.length,
    distinct,
    frequent: runs.map(({ at, count }) => ({ value: cellOf(whole, at), count })),
    spread: spreadOf(sorted),
  }
}

function spreadOf(sorted: Float64Array): NumberSummary | null {
  const finite = sorted.filter((value) => Number.isFinite(value))
  if (finite.length === 0) return null
  const sample = { values: finite, weights: null, count: finite.length, weight: finite.length }
  const min = finite[0]
  const max = finite[finite.length - 1]
  const [lowerQuartile, median, upperQuartile] = quantilesOf(sample, [0.25, 0.5, 0.75])
  // A range beyond the largest number there is: in quarters, which are exact, it fits.
  const parts = max - min === Number.POSITIVE_INFINITY ? 4 : 1
  const { mean, deviation } = momentsOf(
    parts === 1 ? sample : { ...sample, values: finite.map((value) => value / parts) },
  )
  return {
    min,
    lowerQuartile,
    median,
    upperQuartile,
    max,
    mean: mean * parts,
    deviation: deviation * parts,
    infinite: sorted.length - finite.length,
  }
}
