import {
  checkAnswer,
  checkChoice,
  checkInteger,
  checkOptions,
  InputError,
  show,
  checkMade,
} from '../check.ts'
import { Matrix } from '../data/matrix.ts'
import { momentsOf, sampleOf } from '../data/statistics.ts'
import { Fields } from '../data/fields.ts'
import { readModel, writeModel } from '../files/model-file.ts'
import { Selection } from '../indexes/selection.ts'
import { runHere, type RunOptions, runOptionNames, runPaced } from '../indexes/steps.ts'
import type { Steps } from '../indexes/search.ts'
import { evenOffsets } from './ballots.ts'
import { numberMeans } from './number-means.ts'
import { checkWeights, type WeightFunction, type Weights } from './vote-weights.ts'

/** Rows of numbers in which NaN is a missing cell: plain or typed rows of equal length. */
export type RowsWithHoles = readonly (readonly number[] | Float32Array | Float64Array)[]

/** Options of {@link KNNImputer.fit}. */
export interface KNNImputerOptions {
  /** Donors asked for each missing cell: a whole number from 1 up. Where fewer rows can give, all of them are asked. Default: 5. */
  readonly k?: number
  /** How much each donor counts: all the same, by 1/distance, or a function of the distance. Default: 'uniform'. */
  readonly weights?: 'uniform' | 'distance' | WeightFunction
  /** What becomes of a column that has no number at all: an error, or zeros. Default: 'refuse'. */
  readonly emptyColumns?: 'refuse' | 'zero'
}

/** Beyond these, squares overflow, or differences that count vanish: the bounds of the euclidean metric. */
const SMALLEST = 2 ** -398
const LARGEST = 2 ** 500

/** Whether the square of a cell is a number like the others; NaN, a missing cell, is none of its business. */
function isSquarable(cell: number): boolean {
  const size = Math.abs(cell)
  return cell === 0 || Number.isNaN(cell) || (size >= SMALLEST && size <= LARGEST)
}

const call = (verb: string): string => `KNNImputer.${verb}`

/**
 * Fills missing cells with the mean of that column over the k nearest rows that have it. Immutable.
 *
 * Distances go by the columns that both rows have, scaled up for those that are missing: √(d/present · Σ(x − y)²), one
 * float64 loop in column order. Rows without a common column are no donors. Equal distances go to the smaller row;
 * where nobody can give, the column's mean is taken. Columns should be on one scale.
 *
 * Cost: n·d for each row with a missing cell.
 * Source: Troyanskaya and others 2001; the distance: Dixon 1979.
 * @example
 * const imputer = KNNImputer.fit(rows, { k: 5 })
 * imputer.transformSync(rows) // a Matrix without holes
 */
export class KNNImputer {
  readonly columns: number
  readonly #donors: Holey
  readonly #k: number
  readonly #weights: Weights
  /** d means, each over the rows that have the column. */
  readonly #means: Float64Array

  private constructor(donors: Holey, k: number, weights: Weights, means: Float64Array) {
    checkMade('KNNImputer', donors, 'columns', 'fit(rows, options)')
    this.columns = donors.columns
    this.#donors = donors
    this.#k = k
    this.#weights = weights
    this.#means = means
    Object.freeze(this)
  }

  /**
   * Keeps the rows as donors.
   *
   * @throws {InputError} E_EMPTY, E_SHAPE, E_TYPE for rows that are none; E_NONFINITE for ±Infinity; E_MISSING for a
   * column without a number, unless told otherwise; E_PARAM
   */
  static fit(rows: RowsWithHoles, options: KNNImputerOptions = {}): KNNImputer {
    const verb = call('fit')
    checkOptions(verb, options, ['k', 'weights', 'emptyColumns'])
    const { k: wanted = 5, weights: given = 'uniform', emptyColumns: rule = 'refuse' } = options
    const k = checkInteger(verb, 'k', wanted, 1, 0xffffffff)
    const weights = checkWeights(verb, given)
    if (typeof weights !== 'function') checkChoice(verb, 'weights', weights, ['uniform', 'distance'])
    const emptyColumns = checkChoice(verb, 'emptyColumns', rule, ['refuse', 'zero'])
    const donors = takeRows(verb, rows, undefined)
    const d = donors.columns
    const means = new Float64Array(d)
    for (let j = 0; j < d; j++) {
      const sample = sampleOf(
        Float64Array.from({ length: donors.rows }, (_, row) => donors.values[row * d + j]),
        null,
      )
      if (sample.values.length > 0) means[j] = momentsOf(sample).mean
      else if (emptyColumns === 'refuse') {
        throw new InputError(
          'E_MISSING',
          'rows',
          `${verb}: column ${j} must have a number in some row, got none; leave it out, or take emptyColumns: 'zero'`,
        )
      }
    }
    return new KNNImputer(donors, k, weights, means)
  }

  /**
   * Rows with their missing cells filled; what is there stays as it is. A row without any number is filled with the
   * columns' means.
   *
   * @throws {InputError} E_SHAPE for rows of another number of columns; as {@link KNNImputer.fit}
   */
  async transform(rows: RowsWithHoles, options: RunOptions = {}): Promise<Matrix> {
    return runPaced(this.#steps(rows, options), options)
  }

  /** {@link KNNImputer.transform} on this thread, at once. */
  transformSync(rows: RowsWithHoles, options: RunOptions = {}): Matrix {
    return runHere(this.#steps(rows, options))
  }

  *#steps(rows: RowsWithHoles, options: RunOptions): Steps<Matrix> {
    const verb = call('transform')
    checkOptions(verb, options, runOptionNames)
    const queries = takeRows(verb, rows, this.columns)
    const d = this.columns
    const filled = queries.values.slice()
    const ranks = new Float64Array(this.#donors.rows)
    let work = 0
    for (let row = 0; row < queries.rows; row++) {
      let ranked = false
      for (let j = 0; j < d; j++) {
        if (!Number.isNaN(queries.values[row * d + j])) continue
        if (!ranked) {
          nanRanks(queries.values, row * d, this.#donors, ranks)
          ranked = true
          work += ranks.length * d
        }
        filled[row * d + j] = this.#fill(verb, ranks, j)
      }
      if (work > 2e6) {
        yield { done: row + 1, total: queries.rows, work }
        work = 0
      }
    }
    return Matrix.trusted(filled, d)
  }

  /**
   * The imputer as a `.nigh` file.
   *
   * @throws {InputError} E_PARAM for weights of the caller's own: code cannot be saved
   */
  toBytes(): Uint8Array<ArrayBuffer> {
    const weights = this.#weights
    if (typeof weights === 'function') {
      throw new InputError(
        'E_PARAM',
        'weights',
        `${call('toBytes')}: weights must be one of nigh's own to be saved, got a function`,
      )
    }
    const { rows, columns, values } = this.#donors
    return writeModel({
      kind: 'knn-imputer',
      meta: { k: this.#k, weights },
      tensors: { rows: { shape: [rows, columns], values }, means: { shape: [columns], values: this.#means } },
    })
  }

  /**
   * The imputer that {@link KNNImputer.toBytes} wrote.
   *
   * @throws {InputError} E_MAGIC, E_CHECKSUM, E_VERSION or E_KIND for anything else
   */
  static fromBytes(bytes: Uint8Array): KNNImputer {
    const verb = call('fromBytes')
    const file = readModel(bytes, verb, ['knn-imputer'])
    const fields = new Fields(verb, 'meta', file.meta, 'E_MAGIC')
    const k = fields.integer('k', 1, 0xffffffff)
    const weights = fields.choice('weights', ['uniform', 'distance'])
    fields.done()
    const rows = file.tensors.get('rows')
    const means = file.tensors.get('means')
    if (
      file.tensors.size !== 2 ||
      rows?.shape.length !== 2 ||
      !(rows.values instanceof Float64Array) ||
      !(means?.values instanceof Float64Array) ||
      means.values.length !== rows.shape[1] ||
      rows.values.length === 0 ||
      !rows.values.every(isSquarable) ||
      means.values.some((value) => !(Math.abs(value) <= LARGEST))
    ) {
      throw new InputError(
        'E_MAGIC',
        'rows',
        `${verb}: the model file must hold the rows and means of an imputer`,
      )
    }
    const donors = { values: rows.values, rows: rows.shape[0], columns: rows.shape[1] }
    return new KNNImputer(donors, k, weights, means.values)
  }

  /** The mean of a column over the nearest rows that have it. */
  #fill(call: string, ranks: Float64Array, column: number): number {
    const { values, rows, columns } = this.#donors
    const best = new Selection(Math.min(this.#k, rows))
    for (let row = 0; row < rows; row++) {
      // NaN, where no column is common, is below nothing.
      if (ranks[row] < best.worstRank && !Number.isNaN(values[row * columns + column]))
        best.add(ranks[row], row)
    }
    const count = best.count
    if (count === 0) return this.#means[column]
    const found = new Uint32Array(count)
    const distances = new Float64Array(count)
    best.write(found, distances, 0)
    for (let at = 0; at < count; at++) distances[at] = Math.sqrt(distances[at])
    const ballots = { offsets: evenOffsets(1, count), rows: found, distances, copies: undefined }
    const targets = Float64Array.from(found, (row) => values[row * columns + column])
    const places = { ...ballots, rows: Uint32Array.from(found, (_, place) => place) }
    return numberMeans(call, places, { weights: this.#weights, columns, targets, outputs: 1 })[0]
  }
}

/** n × d numbers, of which NaN are missing. */
interface Holey {
  readonly values: Float64Array
  readonly rows: number
  readonly columns: number
}

/**
 * Ranks of a row to all donors: d/present · Σ(x − y)² over the columns that both have, in column order; NaN where
 * they have none in common.
 */
function nanRanks(queries: Float64Array, at: number, donors: Holey, out: Float64Array): void {
  const { values, rows, columns } = donors
  for (let row = 0, p = 0; row < rows; row++, p += columns) {
    let present = 0
    let s = 0
    for (let j = 0; j < columns; j++) {
      const t = queries[at + j] - values[p + j]
      if (Number.isNaN(t)) continue
      s += t * t
      present++
    }
    out[row] = present === 0 ? Number.NaN : s * (columns / present)
  }
}

/**
 * Distances between rows with missing cells (NaN): √(d/present · Σ(x − y)²) over the columns that both have; NaN where
 * they have none in common.
 *
 * @returns n × m distances, of the rows of `a` to those of `b` (to each other where `b` is left out)
 * @throws {InputError} E_EMPTY, E_SHAPE, E_TYPE, E_NONFINITE (±Infinity); E_MEMORY for more than 3 GiB of distances
 */
export function nanEuclideanDistances(a: RowsWithHoles, b: RowsWithHoles = a): Float64Array {
  const verb = 'nanEuclideanDistances'
  const from = takeRows(verb, a, undefined)
  const to = takeRows(verb, b, from.columns)
  const pairs = from.rows * to.rows
  checkAnswer(verb, 'rows', pairs * 8, `the distances of ${from.rows} rows to ${to.rows}`)
  const distances = new Float64Array(from.rows * to.rows)
  for (let row = 0; row < from.rows; row++) {
    const out = distances.subarray(row * to.rows, (row + 1) * to.rows)
    nanRanks(from.values, row * from.columns, to, out)
    for (let at = 0; at < out.length; at++) out[at] = Math.sqrt(out[at])
  }
  return distances
}

/** Copies rows whose cells may be NaN, and nothing else that is not a finite number. */
function takeRows(call: string, rows: RowsWithHoles, columns: number | undefined): Holey {
  const given: unknown = rows
  if (!Array.isArray(given)) {
    throw new InputError(
      'E_TYPE',
      'rows',
      `${call}: rows must be an array of rows of numbers, got ${show(given)}`,
    )
  }
  if (rows.length === 0) throw new InputError('E_EMPTY', 'rows', `${call}: rows must hold a row, got none`)
  const wanted = columns ?? lengthOf(call, rows[0], 0)
  if (wanted === 0) throw new InputError('E_EMPTY', 'rows', `${call}: rows must have a column, got none`)
  const values = new Float64Array(rows.length * wanted)
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]
    const length = lengthOf(call, row, i)
    if (length !== wanted) {
      throw new InputError(
        'E_SHAPE',
        'rows',
        `${call}: every row must have ${wanted} columns; row ${i} has ${length}`,
      )
    }
    for (let j = 0; j < wanted; j++) {
      const cell: unknown = row[j]
      if (typeof cell !== 'number') {
        throw new InputError(
          'E_TYPE',
          'rows',
          `${call}: rows[${i}][${j}] must be a number (NaN where it is missing), got ${show(cell)}`,
        )
      }
      if (!isSquarable(cell)) {
        throw new InputError(
          Number.isFinite(cell) ? 'E_RANGE' : 'E_NONFINITE',
          'rows',
          `${call}: rows must hold 0 or numbers of size 1.6e-120 to 3e150, whose squares are numbers; row ${i}, column ${j} is ${cell}`,
        )
      }
      values[i * wanted + j] = cell
    }
  }
  return { values, rows: rows.length, columns: wanted }
}

function lengthOf(call: string, row: unknown, i: number): number {
  if (Array.isArray(row) || row instanceof Float64Array || row instanceof Float32Array) return row.length
  throw new InputError('E_TYPE', 'rows', `${call}: rows[${i}] must be a row of numbers, got ${show(row)}`)
}
