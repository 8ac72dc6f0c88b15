import { checkBoolean, checkOptions, InputError } from '../check.ts'
import type { Encoder } from '../data/encoder.ts'
import type { Matrix } from '../data/matrix.ts'
import type { Search } from '../indexes/search.ts'
import { type RunOptions, runOptionNames } from '../indexes/steps.ts'
import { timesPowerOfTwo } from '../metrics/elementary.ts'
import { spansOf } from '../metrics/gower.ts'
import { Random } from '../random.ts'

/** What one column did to make neighbours near. */
export interface NearColumn {
  /** The table's column, or the name given. */
  readonly name: string
  /** Its part of the distance to each neighbour, in their order: see {@link ExplainOptions.columns}. */
  readonly parts: Float64Array
  /** The mean of the parts, each neighbour counted by its share of the votes. */
  readonly part: number
  /** The mean part between two fitted rows: what a pair has that nothing brought together. */
  readonly typical: number
  /**
   * How much of the nearness is this column's: `typical` less `part`, over the sum of such differences (each taken
   * positive) of all columns. From 1 (it alone) by 0 (none) to −1 (it alone, and it keeps them apart).
   */
  readonly share: number
}

/** Options of `explain`. */
export interface ExplainOptions extends RunOptions {
  /**
   * Whether to say which columns made the neighbours near. Parts add up to the squared distance (euclidean), to the
   * distance (manhattan, cosine, hamming, Gower without empty cells), to its p-th power (Minkowski); for Chebyshev
   * the largest is the distance. Metrics that are not made of columns are refused. Default: false.
   */
  readonly columns?: boolean
  /** Names of the columns, where points are numbers. Default: 'column 1' and so on. */
  readonly names?: readonly string[]
}

/** So many pairs of rows say what is typical: a mean within a few hundredths. */
const PAIRS = 2000

/** Which columns made the neighbours of a query near. */
export type NearColumns = (
  query: number,
  neighbors: ArrayLike<number>,
  shares: ArrayLike<number>,
) => NearColumn[]

/** The options of a run alone; checks the others. */
export function checkExplain(call: string, options: ExplainOptions): RunOptions {
  checkOptions(call, options, ['columns', 'names', ...runOptionNames])
  const { columns, names, ...run } = options
  if (columns !== undefined) checkBoolean(call, 'columns', columns)
  if (names !== undefined && columns !== true) {
    throw new InputError('E_PARAM', 'names', `${call}: names goes with columns: true only`)
  }
  return run
}

/**
 * Prepares to say which columns made neighbours near; undefined where that was not asked for.
 *
 * Cost: 2,000 pairs of rows at once, then k·d for each query.
 * @param queries m × d; undefined: the fitted rows
 * @param live flags of the rows that count; undefined: all
 * @throws {InputError} E_PARAM for a metric that is not made of columns; E_SHAPE for names of another number
 */
export function nearColumns(
  call: string,
  search: Search,
  encoder: Encoder | undefined,
  queries: Matrix | undefined,
  live: Uint8Array | undefined,
  options: ExplainOptions,
): NearColumns | undefined {
  if (options.columns !== true) return undefined
  const { space } = search
  const { part, name } = space.metric
  if (part === undefined) {
    throw new InputError(
      'E_PARAM',
      'columns',
      `${call}: columns needs a metric whose distance is made of columns, which ${name === 'own' ? 'an own function' : `'${name}'`} is not`,
    )
  }
  const names = namesOf(call, encoder, options.names, space.columns)
  const places = placesOf(encoder, name, names.length)
  const asked =
    queries === undefined ? space.points : space.queries({ call, param: 'queries' }, queries).values
  const { width, points, scale } = space
  /** Adds what each column adds to the rank of a pair. */
  const add = (from: Float64Array, at: number, row: number, sums: Float64Array): void => {
    for (let j = 0; j < width; j++) {
      const x = timesPowerOfTwo(from[at * width + j], -scale)
      const y = timesPowerOfTwo(points[row * width + j], -scale)
      sums[places[j]] += part(x, y, j)
    }
  }
  const typical = typicalParts(space.rows, live, names.length, (a, b, sums) => add(points, a, b, sums))
  return (query, neighbors, shares) => {
    const parts = names.map(() => new Float64Array(neighbors.length))
    const own = new Float64Array(names.length)
    const mean = new Float64Array(names.length)
    for (let at = 0; at < neighbors.length; at++) {
      add(asked, query, neighbors[at], own.fill(0))
      own.forEach((value, c) => {
        parts[c][at] = value
        mean[c] += value * shares[at]
      })
    }
    const saved = mean.map((value, c) => (neighbors.length === 0 ? 0 : typical[c] - value))
    const all = saved.reduce((sum, value) => sum + Math.abs(value), 0)
    return names
      .map((column, c) => ({
        name: column,
        parts: parts[c],
        part: mean[c],
        typical: typical[c],
        share: all > 0 ? saved[c] / all : 0,
      }))
      .sort((a, b) => b.share - a.share)
  }
}

function namesOf(
  call: string,
  encoder: Encoder | undefined,
  given: readonly string[] | undefined,
  columns: number,
): readonly string[] {
  if (encoder !== undefined) {
    if (given === undefined) return spansOf(encoder).map((span) => span.name)
    throw new InputError('E_PARAM', 'names', `${call}: names goes with numbers only, a Table has its own`)
  }
  if (given === undefined) return Array.from({ length: columns }, (_, j) => `column ${j + 1}`)
  if (Array.isArray(given) && given.length === columns && given.every((name) => typeof name === 'string')) {
    return given
  }
  throw new InputError('E_SHAPE', 'names', `${call}: names must be ${columns} texts, one for each column`)
}

/** The column that each number of a prepared row belongs to. */
function placesOf(encoder: Encoder | undefined, metric: string, columns: number): readonly number[] {
  // Gower's rows hold one number a column already.
  if (encoder === undefined || metric === 'gower') return Array.from({ length: columns }, (_, j) => j)
  return spansOf(encoder).flatMap((span, c) => {
    const features = span.to - span.from + (span.empty < 0 ? 0 : 1)
    return Array.from({ length: features }, () => c)
  })
}

/** The mean parts of pairs of different rows: of all, or of some drawn. */
function typicalParts(
  rows: number,
  live: Uint8Array | undefined,
  columns: number,
  add: (a: number, b: number, sums: Float64Array) => void,
): Float64Array {
  const there = Array.from({ length: rows }, (_, row) => row).filter(
    (row) => live === undefined || live[row] === 1,
  )
  const n = there.length
  const sums = new Float64Array(columns)
  let pairs = 0
  if ((n * (n - 1)) / 2 <= PAIRS) {
    for (let a = 0; a < n; a++) for (let b = 0; b < a; b++, pairs++) add(there[a], there[b], sums)
  } else {
    const random = new Random(0)
    for (; pairs < PAIRS; pairs++) {
      const a = random.integer(n)
      const b = (a + 1 + random.integer(n - 1)) % n
      add(there[a], there[b], sums)
    }
  }
  return pairs === 0 ? sums : sums.map((sum) => sum / pairs)
}
