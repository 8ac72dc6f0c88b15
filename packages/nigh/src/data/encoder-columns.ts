import { InputError, show } from '../check.ts'
import { isMissing, type Column } from './table.ts'
import { mostFrequent, momentsOf, quantilesOf, rangeOf, sampleOf, type Sample } from './statistics.ts'
import { OrderFreeSum } from './sums.ts'

/** How numbers are brought to one scale. */
export type Scale = 'standard' | 'minmax' | 'robust' | 'none'

/** A column of numbers or dates: `(x − centre) / scale`. */
export interface FittedNumber {
  readonly use: 'number'
  readonly name: string
  readonly type: 'number' | 'date'
  readonly centre: number
  /** Above 0; 1 where the column has no spread of the kind asked for, and then it is `flat`. */
  readonly scale: number
  readonly flat: boolean
  /** Standard deviation, in the column's own unit. */
  readonly spread: number
  /** Whether the column's logarithm is taken first. */
  readonly log?: boolean
  /** What stands for an empty cell; null unless empty cells are filled. */
  readonly fill: number | null
  /** How many empty cells of the fitted table were filled. */
  readonly filled: number
}

/** A column of true and false: 0 and 1. */
export interface FittedBoolean {
  readonly use: 'boolean'
  readonly name: string
  readonly type: 'boolean'
  readonly fill: number | null
  readonly filled: number
}

/** A column of text: one feature a category, 1 where the cell is that category. */
export interface FittedText {
  readonly use: 'one-hot'
  readonly name: string
  readonly type: 'text'
  /** The different texts, sorted by code units: an order that does not depend on the order of the rows. */
  readonly categories: readonly string[]
  /** The index of the category that stands for an empty cell. */
  readonly fill: number | null
  readonly filled: number
}

/** Why a column is left out. */
export type UnusedReason =
  | 'ignored'
  | 'not-chosen'
  | 'empty'
  | 'constant'
  | 'id'
  | 'all-different'
  | 'free-text'
  | 'many-categories'

/** A column that is left out. */
export interface UnusedColumn {
  readonly use: 'none'
  readonly name: string
  readonly type: Column['type']
  readonly reason: UnusedReason
  /** How many different values it has, where the reason is about that; else 0. */
  readonly distinct: number
}

export type FittedColumn = FittedNumber | FittedBoolean | FittedText | UnusedColumn

/** Fewer rows than these tell too little to call whole numbers in sequence an id. */
const ENOUGH_ROWS = 20

/** `id`, `user_id`, `User ID`, `userId`, `uuid`: a number that only names its row. */
const ID_NAME = /^(?:id|ids|uuid|guid|.*[\s_.-](?:id|ID|Id|uuid|UUID)|.*[a-z0-9](?:Id|ID))$/
/** What files call the number of a row. */
const ROW_NAME =
  /^(?:row|rows|rowid|row[\s_.-]?(?:id|name|names|number|num|no)|rownames?|index|idx|unnamed: ?0)$/

/** Whether empty cells are filled. */
export function fills({ missing }: { readonly missing: string }): boolean {
  return missing === 'impute' || missing === 'mark'
}

/** A column that is left out, for a reason. */
export function unusedColumn(column: Column, reason: UnusedReason, distinct = 0): UnusedColumn {
  return { use: 'none', name: column.name, type: column.type, reason, distinct }
}

/**
 * Says why a column that nobody asked for by name should be left out: it has one value, or names its rows and does
 * not describe them. Null where it should stay.
 *
 * @param weights weight above 0 for the rows that count; null where all do
 */
export function unusedBecause(
  call: string,
  column: Column,
  weights: Float64Array | null,
  maxCategories: number,
): UnusedColumn | null {
  const unused = (reason: UnusedReason, distinct?: number): UnusedColumn =>
    unusedColumn(column, reason, distinct)
  if (column.type === 'text') {
    const { seen, cells } = categoriesSeen(column, weights)
    const distinct = seen.length
    if (distinct === 0) return unused('empty')
    if (distinct === 1) return unused('constant')
    if (distinct === cells) return unused('all-different', distinct)
    if (distinct > 20 && distinct > cells / 2) return unused('free-text', distinct)
    return distinct > maxCategories ? unused('many-categories', distinct) : null
  }
  const sample = finiteSample(call, column, weights)
  if (sample.values.length === 0) return unused('empty')
  const { min, max } = rangeOf(sample)
  if (min === max) return unused('constant')
  if (column.type === 'number' && looksLikeId(column.name, sample, min, max)) {
    return unused('id', distinctNumbers(sample.values))
  }
  return null
}

/**
 * Learns how to encode one column from the rows that count.
 *
 * @param filled how many empty cells will be filled, or null where empty cells are not filled
 * @throws {InputError} E_MISSING for a column without any cell; E_NONFINITE for ±Infinity; E_RANGE for numbers too far
 * apart; E_FEATURES for too many categories
 */
export function fitColumn(
  call: string,
  column: Column,
  weights: Float64Array | null,
  scale: Scale,
  maxCategories: number,
  filled: number | null,
): FittedNumber | FittedBoolean | FittedText {
  switch (column.type) {
    case 'text':
      return fitText(call, column, weights, maxCategories, filled)
    case 'boolean': {
      const counts = [
        new OrderFreeSum(0, 1, bound(column, weights)),
        new OrderFreeSum(0, 1, bound(column, weights)),
      ]
      let cells = 0
      for (let i = 0; i < column.values.length; i++) {
        const weight = weights === null ? 1 : weights[i]
        if (column.values[i] === 255 || weight === 0) continue
        counts[column.values[i]].add(1, weight)
        cells++
      }
      if (cells === 0) throw noCells(call, column.name)
      const fill = filled === null ? null : mostFrequent(counts.map((count) => count.total))
      return { use: 'boolean', name: column.name, type: 'boolean', fill, filled: filled ?? 0 }
    }
    default:
      return fitNumber(call, column, weights, scale, filled)
  }
}

function fitNumber(
  call: string,
  column: Column & { readonly type: 'number' | 'date' },
  weights: Float64Array | null,
  scale: Scale,
  filled: number | null,
): FittedNumber {
  const sample = finiteSample(call, column, weights)
  if (sample.values.length === 0) throw noCells(call, column.name)
  const { min, max } = rangeOf(sample)
  if (max - min === Number.POSITIVE_INFINITY) {
    throw new InputError(
      'E_RANGE',
      'table',
      `${call}: the numbers of column ${show(column.name)} must span less than 1.8e308, got ${min} to ${max}`,
    )
  }
  const { mean, deviation } = momentsOf(sample)
  let centre = 0
  let spread = 1
  let fill = mean
  if (scale === 'standard') {
    centre = mean
    spread = deviation
  } else if (scale === 'minmax') {
    centre = min
    spread = max - min
  } else if (scale === 'robust') {
    const [low, middle, high] = quantilesOf(sample, [0.25, 0.5, 0.75])
    centre = middle
    spread = high - low
    fill = middle
  }
  return {
    use: 'number',
    name: column.name,
    type: column.type,
    centre,
    scale: spread === 0 ? 1 : spread,
    flat: spread === 0,
    spread: deviation,
    fill: filled === null ? null : fill,
    filled: filled ?? 0,
  }
}

function fitText(
  call: string,
  column: Column & { readonly type: 'text' },
  weights: Float64Array | null,
  maxCategories: number,
  filled: number | null,
): FittedText {
  const { seen } = categoriesSeen(column, weights)
  if (seen.length === 0) throw noCells(call, column.name)
  if (seen.length > maxCategories) {
    throw new InputError(
      'E_FEATURES',
      'maxCategories',
      `${call}: column ${show(column.name)} has ${seen.length} different values; maxCategories allows ${maxCategories}: raise it, or leave the column out`,
    )
  }
  const categories = seen.map((c) => column.categories[c]).sort(byCodeUnits)
  let fill: number | null = null
  if (filled !== null) {
    const places = new Map(categories.map((category, place) => [category, place]))
    const counts = categories.map(() => new OrderFreeSum(0, 1, bound(column, weights)))
    for (let i = 0; i < column.values.length; i++) {
      const weight = weights === null ? 1 : weights[i]
      if (column.values[i] < 0 || weight === 0) continue
      counts[places.get(column.categories[column.values[i]]) ?? 0].add(1, weight)
    }
    fill = mostFrequent(counts.map((count) => count.total))
  }
  return {
    use: 'one-hot',
    name: column.name,
    type: 'text',
    categories: Object.freeze(categories),
    fill,
    filled: filled ?? 0,
  }
}

/** How many cells are missing in rows that count. */
export function missingCells(column: Column, weights: Float64Array | null): number {
  let missing = 0
  for (let i = 0; i < column.values.length; i++) {
    if ((weights === null || weights[i] > 0) && isMissing(column, i)) missing++
  }
  return missing
}

/** The categories that some row has that counts, in the column's own order, and how many cells those are. */
function categoriesSeen(
  column: Column & { readonly type: 'text' },
  weights: Float64Array | null,
): { readonly seen: readonly number[]; readonly cells: number } {
  const found = new Uint8Array(column.categories.length)
  let cells = 0
  for (let i = 0; i < column.values.length; i++) {
    if (column.values[i] < 0 || (weights !== null && weights[i] === 0)) continue
    found[column.values[i]] = 1
    // A row of weight 2 is two rows of the same text.
    cells += weights === null ? 1 : Math.ceil(weights[i])
  }
  const seen: number[] = []
  for (let c = 0; c < found.length; c++) if (found[c] === 1) seen.push(c)
  return { seen, cells }
}

/** The cells of a column that is not text, as numbers; refuses ±Infinity. */
function finiteSample(
  call: string,
  column: Column & { readonly type: 'number' | 'date' | 'boolean' },
  weights: Float64Array | null,
): Sample {
  if (column.type === 'boolean') {
    return sampleOf(
      Float64Array.from(column.values, (value) => (value === 255 ? Number.NaN : value)),
      weights,
    )
  }
  for (let i = 0; i < column.values.length; i++) {
    const value = column.values[i]
    if ((value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY) && weights?.[i] !== 0) {
      throw notFinite(call, column.name, i, value)
    }
  }
  return sampleOf(column.values, weights)
}

/** The error for a cell that is ±Infinity, or becomes so when it is scaled. */
export function notFinite(call: string, name: string, row: number, value: number): InputError {
  return new InputError(
    'E_NONFINITE',
    'table',
    `${call}: the table must hold finite numbers; row ${row}, column ${show(name)} is ${value}`,
  )
}

function noCells(call: string, name: string): InputError {
  return new InputError(
    'E_MISSING',
    'table',
    `${call}: column ${show(name)} must have a cell that is not missing, got none`,
  )
}

function bound(column: Column, weights: Float64Array | null): number {
  if (weights === null) return Math.max(1, column.values.length)
  let count = 1
  for (let i = 0; i < weights.length; i++) count += Math.ceil(weights[i])
  return count
}

/**
 * Whole numbers that only name their rows: called an id, or all different and so close together that they fill at
 * least half of their range (a part of the rows of a file keeps half of its row numbers, measurements do not do that).
 */
function looksLikeId(name: string, { values, count }: Sample, min: number, max: number): boolean {
  const rowName = ROW_NAME.test(name.trim().toLowerCase())
  const idName = ID_NAME.test(name.trim()) || name.trim() === 'ID'
  const places = max - min + 1
  // A row of weight 2 is two rows of the same number, and then not all differ.
  const dense = count === values.length && places <= 2 * count && (rowName || count >= ENOUGH_ROWS)
  if (!dense && !idName) return false
  for (let i = 0; i < values.length; i++) if (!Number.isInteger(values[i])) return false
  if (idName) return true
  const taken = new Uint8Array(places)
  for (let i = 0; i < values.length; i++) {
    const place = values[i] - min
    if (taken[place] === 1) return false
    taken[place] = 1
  }
  return true
}

function distinctNumbers(values: Float64Array): number {
  const sorted = values.slice().sort()
  let distinct = sorted.length === 0 ? 0 : 1
  for (let i = 1; i < sorted.length; i++) if (sorted[i] !== sorted[i - 1]) distinct++
  return distinct
}

/** The order of JavaScript's `<` on text: by UTF-16 code units, the same in every place and language. */
export function byCodeUnits(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
