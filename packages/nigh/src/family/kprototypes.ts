import {
  checkChoice,
  checkInteger,
  checkNumber,
  checkOptions,
  InputError,
  show,
  checkMade,
  orDefault,
} from '../check.ts'
import { Fields } from '../data/fields.ts'
import { Matrix } from '../data/matrix.ts'
import { momentsOf, sampleOf } from '../data/statistics.ts'
import { cellOf, type Column, isMissing, Table } from '../data/table.ts'
import { rowWeights } from '../data/weights.ts'
import { runHere, runPaced } from '../indexes/steps.ts'
import { Random } from '../random.ts'
import { Clusters, type Found, type Kept } from './clusters.ts'
import { type DistinctRows, distinctRows } from './distinct-rows.ts'
import { foundBy, type Pacing } from './fit-options.ts'
import { drawn, partition, type Plan, type Work } from './partition.ts'
import { checkWidth, readClusters } from './saved-clusters.ts'
import type { Centering, Space } from './space.ts'

const KIND = 'kprototypes'
const CLASS = 'KPrototypes'

/** Options of {@link KPrototypes.fit}. */
export interface KPrototypesOptions extends Pacing {
  /** Number of clusters: an integer from 1 to the number of rows. */
  readonly k: number
  /** Number columns to be taken as categories, by name: codes, grades, postcodes. Default: none. */
  readonly categorical?: readonly string[]
  /**
   * What a differing category counts, against squared differences of numbers: a number from 0 up. Default: half the mean
   * of the number columns' standard deviations (0.5 where they are scaled); 1 where there are no numbers that differ.
   */
  readonly gamma?: number
  /** 'standard' divides each number column by its standard deviation; 'none' takes numbers as they are. Default: 'standard'. */
  readonly scale?: 'standard' | 'none'
  /**
   * The first prototypes: 'k-means++' draws rows that differ from each other, 'random' takes k different rows arbitrarily,
   * 'huang' draws each column's cell by itself, so frequent categories come often, and takes the rows most like that,
   * 'cao' takes rows of frequent categories that differ from each other, without chance. Default: 'k-means++'.
   */
  readonly init?: 'k-means++' | 'random' | 'huang' | 'cao'
  /** Number of starts, the best of which is kept: an integer from 1 up. Default: 1 for 'cao', else 10. */
  readonly nInit?: number
  /** Most iterations a start may take: an integer from 1 up. Default: 1000. */
  readonly maxIterations?: number
  /** Seed of the random numbers: an integer from 0 up. Default: 0. */
  readonly seed?: number
  /** Weight of each row, from 0 up: weight n is n copies, weight 0 is absence. Default: 1 each. */
  readonly sampleWeight?: readonly number[] | Float64Array | Float32Array
}

/** How one column becomes a number of a row. */
interface Use {
  readonly name: string
  readonly type: Column['type']
  /** What numbers are divided by; null for categories. */
  readonly divisor: number | null
  /** The categories in sorted order, as text; null for numbers. */
  readonly categories: readonly string[] | null
}

const NAMES = [
  'k',
  'categorical',
  'gamma',
  'scale',
  'init',
  'nInit',
  'maxIterations',
  'seed',
  'sampleWeight',
  'signal',
  'onProgress',
]

/**
 * K-Means for tables of numbers and categories together: a prototype is the mean of its rows' numbers and the most
 * frequent of their categories, and a row costs its squared differences plus `gamma` for each category that differs.
 * With categories alone it is k-modes.
 *
 * `inertia` is the summed weight × cost; `transform` gives costs, not distances. Text and booleans are categories, dates
 * are numbers. A category that the fit did not see differs from all. Ties go to the category that is first in sorted
 * order. Equal rows and options give equal bits, whatever the order of the rows.
 *
 * Cost: n·d·k an iteration. Runs on this thread.
 * Source: Huang 1998; first prototypes 'cao' by Cao, Liang and Bai 2009, 'huang' after Huang.
 * @example
 * const table = Table.fromRows([{ age: 20, city: 'Graz' }, { age: 22, city: 'Graz' }, { age: 60, city: 'Linz' }])
 * const model = await KPrototypes.fit(table, { k: 2 })
 * model.prototypes // a table of two rows: age, city
 */
export class KPrototypes extends Clusters<Table> {
  /** What a differing category counts. */
  readonly gamma: number
  /** The prototypes in the data's own units, words and types: k rows. `centroids` holds them as divided numbers and category numbers. */
  readonly prototypes: Table
  /** What the numbers of each column of `prototypes` are divided by before they are compared; null for categories. */
  readonly divisors: readonly (number | null)[]
  readonly #uses: readonly Use[]

  private constructor(found: Found, uses: readonly Use[], gamma: number) {
    checkMade('KPrototypes', found, 'labels', 'fit(table, { k })')
    super(found, mixed(uses, gamma))
    this.gamma = gamma
    this.prototypes = shown(uses, found.centers)
    this.divisors = Object.freeze(
      uses.map(({ divisor, categories }) => (categories === null ? (divisor ?? 1) : null)),
    )
    this.#uses = uses
    Object.freeze(this)
  }

  /**
   * Clusters the rows of a table.
   *
   * @throws {InputError} E_TYPE unless given a Table; E_MISSING for an empty cell; E_FEATURES for a categorical column
   * that is not there; E_K unless k is from 1 to n; E_WEIGHTS, E_PARAM for other options
   * @throws the signal's reason when aborted
   */
  static async fit(table: Table, options: KPrototypesOptions): Promise<KPrototypes> {
    return runPaced(KPrototypes.#fitSteps(`${CLASS}.fit`, table, options), options)
  }

  /** {@link KPrototypes.fit} on this thread, at once. */
  static fitSync(table: Table, options: KPrototypesOptions): KPrototypes {
    return runHere(KPrototypes.#fitSteps(`${CLASS}.fitSync`, table, options))
  }

  static *#fitSteps(call: string, table: Table, options: KPrototypesOptions): Work<KPrototypes> {
    checkOptions(call, options, NAMES)
    checkTable(call, table)
    const k = checkInteger(call, 'k', options.k, 1, table.rows, 'the number of rows', 'E_K')
    const maxIterations = checkInteger(
      call,
      'maxIterations',
      orDefault(options.maxIterations, 1000),
      1,
      2 ** 31,
    )
    const seed = checkInteger(call, 'seed', orDefault(options.seed, 0), 0, Number.MAX_SAFE_INTEGER)
    const init = checkChoice(call, 'init', orDefault(options.init, 'k-means++'), [
      'k-means++',
      'random',
      'huang',
      'cao',
    ])
    const starts = checkInteger(call, 'nInit', orDefault(options.nInit, init === 'cao' ? 1 : 10), 1, 1e6)
    if (init === 'cao' && starts > 1) {
      throw new InputError(
        'E_PARAM',
        'nInit',
        `${call}: nInit must be 1 where init is 'cao' (every start would be the same), got ${starts}`,
      )
    }
    const { sampleWeight } = options
    const weights = sampleWeight === undefined ? null : rowWeights(call, sampleWeight, table.rows).values
    const first = weights === null ? -1 : weights.findIndex((weight) => weight > 0)
    const unit = weights === null || sampleWeight === undefined ? 1 : sampleWeight[first] / weights[first]
    const { uses, gamma: usual } = usesOf(call, table, options, weights)
    const gamma = options.gamma === undefined ? usual : checkNumber(call, 'gamma', options.gamma, 0, 1e100)
    const space = mixed(uses, gamma)
    const rows = yield* distinctRows(space.read(call, 'table', table), space.width, weights)
    const plan = { k, init: firstOf(init, space, uses, rows, k), starts, maxIterations }
    const found = yield* partition(space, rows, plan, new Random(seed))
    const told = foundBy(call, { unit, encoder: undefined, kept: null }, rows, plan, found, space.width)
    return new KPrototypes(told, uses, gamma)
  }

  /**
   * Reads a model that `toBytes` wrote.
   *
   * @throws {InputError} E_MAGIC, E_CHECKSUM, E_VERSION, E_KIND
   */
  static fromBytes(bytes: Uint8Array): KPrototypes {
    const call = `${CLASS}.fromBytes`
    const saved = readClusters(call, KIND, bytes)
    const gamma = saved.settings.number('gamma')
    const uses = saved.settings.list('columns').map((entry, j): Use => {
      const fields = new Fields(call, `meta.settings.columns[${j}]`, entry, 'E_MAGIC')
      const use = {
        name: fields.text('name'),
        type: fields.choice('type', ['number', 'boolean', 'text', 'date']),
        divisor: fields.isNull('divisor') ? null : fields.number('divisor'),
        categories: fields.isNull('categories') ? null : fields.texts('categories'),
      }
      fields.done()
      const right = use.categories === null ? use.divisor !== null && use.divisor > 0 : use.divisor === null
      return right ? use : fields.refuse('divisor', 'there for numbers only', use.divisor)
    })
    saved.settings.done()
    checkWidth(call, saved, uses.length)
    const { centers } = saved.found
    for (let at = 0; at < centers.length; at++) {
      const { categories, name } = uses[at % uses.length]
      if (categories === null || categories[centers[at]] !== undefined) continue
      throw new InputError('E_MAGIC', 'centers', `${call}: column ${show(name)} has no such category`)
    }
    return new KPrototypes(saved.found, uses, gamma)
  }

  protected override kept(): Kept {
    const columns = this.#uses.map(({ name, type, divisor, categories }) => ({
      name,
      type,
      divisor,
      categories: categories === null ? null : [...categories],
    }))
    return { kind: KIND, settings: { gamma: this.gamma, columns }, tensors: {} }
  }
}

function checkTable(call: string, table: unknown): void {
  if (table instanceof Table) return
  throw new InputError('E_TYPE', 'table', `${call}: table must be a Table, got ${show(table)}`)
}

/** How each column is used, and the usual gamma for that. */
function usesOf(
  call: string,
  table: Table,
  options: KPrototypesOptions,
  weights: Float64Array | null,
): { readonly uses: readonly Use[]; readonly gamma: number } {
  const scale = checkChoice(call, 'scale', orDefault(options.scale, 'standard'), ['standard', 'none'])
  const named: unknown = orDefault(options.categorical, [])
  if (!Array.isArray(named) || named.some((name) => typeof name !== 'string')) {
    throw new InputError(
      'E_TYPE',
      'categorical',
      `${call}: categorical must be names of columns, got ${show(named)}`,
    )
  }
  for (const name of named) {
    if (table.has(name)) continue
    throw new InputError('E_FEATURES', 'categorical', `${call}: there is no column ${show(name)}`)
  }
  let deviations = 0
  let numbers = 0
  const uses = table.columns.map((column): Use => {
    refuseGaps(call, column)
    const { name, type } = column
    if (type === 'text' || type === 'boolean' || named.includes(name)) {
      const categories = new Set<string>()
      // Categories of weight 0 are no possible prototypes: they only take a number of their own.
      for (let i = 0; i < table.rows; i++) categories.add(wordOf(column, i))
      return { name, type, divisor: null, categories: [...categories].sort() }
    }
    const { deviation } = momentsOf(sampleOf(column.values, weights))
    const divisor = scale === 'standard' && deviation > 0 ? deviation : 1
    deviations += deviation / divisor
    numbers++
    return { name, type, divisor, categories: null }
  })
  return { uses, gamma: deviations > 0 ? (0.5 * deviations) / numbers : 1 }
}

function refuseGaps(call: string, column: Column): void {
  for (let i = 0; i < column.values.length; i++) {
    if (!isMissing(column, i)) continue
    throw new InputError(
      'E_MISSING',
      'table',
      `${call}: no cell may be empty; row ${i}, column ${show(column.name)} is: leave such rows out, or fill them`,
    )
  }
}

/** A cell as the text of its category. */
function wordOf(column: Column, i: number): string {
  const cell = cellOf(column, i)
  return cell instanceof Date ? cell.toISOString() : String(cell)
}

/** Rows of numbers and categories. */
function mixed(uses: readonly Use[], gamma: number): Space<Table> {
  const width = uses.length
  const isNumber = uses.map(({ categories }) => categories === null)
  return {
    name: CLASS,
    width,
    cost(rows, at, centers, from) {
      let cost = 0
      for (let j = 0; j < width; j++) {
        const t = rows[at + j] - centers[from + j]
        if (isNumber[j]) cost += t * t
        else if (t !== 0) cost += gamma
      }
      return cost
    },
    centering: (rows) => meansAndModes(rows, uses),
    read: (call, param, table) => rowsOf(call, param, table, uses),
    show: (centers) => Matrix.trusted(centers.slice(), width),
    distance: (cost) => cost,
  }
}

function rowsOf(call: string, param: string, table: Table, uses: readonly Use[]): Float64Array {
  checkTable(call, table)
  const rows = new Float64Array(table.rows * uses.length)
  uses.forEach(({ name, type, divisor, categories }, j) => {
    if (!table.has(name)) {
      throw new InputError('E_FEATURES', param, `${call}: ${param} must have the column ${show(name)}`)
    }
    const column = table.column(name)
    if (column.type !== type) {
      throw new InputError(
        'E_FEATURES',
        param,
        `${call}: column ${show(name)} must be ${type}, as when fitted, got ${column.type}`,
      )
    }
    refuseGaps(call, column)
    if (categories === null) {
      for (let i = 0; i < table.rows; i++) {
        const value = column.values[i] / (divisor ?? 1)
        if (!(Math.abs(value) <= 1e150)) {
          throw new InputError(
            'E_RANGE',
            param,
            `${call}: column ${show(name)} must hold numbers between −1e150 and 1e150; row ${i} has ${column.values[i]}`,
          )
        }
        rows[i * uses.length + j] = value
      }
      return
    }
    const numbers = new Map(categories.map((word, number) => [word, number]))
    for (let i = 0; i < table.rows; i++) rows[i * uses.length + j] = numbers.get(wordOf(column, i)) ?? -1
  })
  return rows
}

function meansAndModes({ values, width, weights, count }: DistinctRows, uses: readonly Use[]): Centering {
  return (labels, centers, counts) => {
    const k = counts.length
    uses.forEach(({ categories }, j) => {
      if (categories === null) {
        // About the first row, so that an offset costs no digits.
        const sums = new Float64Array(k)
        for (let i = 0; i < count; i++) sums[labels[i]] += weights[i] * (values[i * width + j] - values[j])
        for (let c = 0; c < k; c++) {
          if (counts[c] > 0) centers[c * width + j] = values[j] + sums[c] / counts[c]
        }
        return
      }
      const size = categories.length
      const seen = new Float64Array(k * size)
      for (let i = 0; i < count; i++) seen[labels[i] * size + values[i * width + j]] += weights[i]
      for (let c = 0; c < k; c++) {
        if (counts[c] === 0) continue
        let mode = 0
        for (let v = 1; v < size; v++) if (seen[c * size + v] > seen[c * size + mode]) mode = v
        centers[c * width + j] = mode
      }
    })
  }
}

/** How the first prototypes are found. */
function firstOf(
  init: NonNullable<KPrototypesOptions['init']>,
  space: Space<Table>,
  uses: readonly Use[],
  rows: DistinctRows,
  k: number,
): Plan['init'] {
  if (init === 'cao') return denseRows(space, uses, rows, k)
  return init === 'huang' ? (random) => likelyRows(space, rows, k, random) : init
}

/** First prototypes by drawing each cell by itself, by weight; then the rows most like that, each taken once. */
function likelyRows(space: Space<Table>, rows: DistinctRows, k: number, random: Random): Float64Array {
  const { values, width, weights, count } = rows
  const found = Math.min(k, count)
  const centers = new Float64Array(found * width)
  const taken = new Uint8Array(count)
  const cells = new Float64Array(width)
  for (let c = 0; c < found; c++) {
    for (let j = 0; j < width; j++) cells[j] = values[drawn(weights, random.uniform()) * width + j]
    let best = -1
    let least = Number.POSITIVE_INFINITY
    for (let i = 0; i < count; i++) {
      const cost = space.cost(values, i * width, cells, 0)
      if (taken[i] === 0 && cost < least) {
        least = cost
        best = i
      }
    }
    taken[best] = 1
    centers.set(values.subarray(best * width, (best + 1) * width), c * width)
  }
  return centers
}

/** First prototypes by density: rows of frequent categories, each as different as can be from those before. */
function denseRows(space: Space<Table>, uses: readonly Use[], rows: DistinctRows, k: number): Float64Array {
  const { values, width, weights, count } = rows
  const densities = new Float64Array(count)
  uses.forEach(({ categories }, j) => {
    if (categories === null) return
    const seen = new Float64Array(categories.length)
    for (let i = 0; i < count; i++) seen[values[i * width + j]] += weights[i]
    for (let i = 0; i < count; i++) densities[i] += seen[values[i * width + j]]
  })
  const apart = new Float64Array(count).fill(1)
  const taken: number[] = []
  while (taken.length < k) {
    let best = -1
    for (let i = 0; i < count; i++) {
      // Without categories, all are equally dense.
      const merit = (i: number): number => (densities[i] > 0 ? densities[i] : 1) * apart[i]
      if (merit(i) > (best < 0 ? 0 : merit(best))) best = i
    }
    if (best < 0) break
    for (let i = 0; i < count; i++) {
      const cost = space.cost(values, i * width, values, best * width)
      apart[i] = taken.length === 0 ? cost : Math.min(apart[i], cost)
    }
    taken.push(best)
  }
  const centers = new Float64Array(taken.length * width)
  taken.forEach((row, c) => {
    centers.set(values.subarray(row * width, (row + 1) * width), c * width)
  })
  return centers
}

/** Prototypes in the data's own units, words and types: a table that the model can be asked about. */
function shown(uses: readonly Use[], centers: Float64Array): Table {
  const width = uses.length
  return Table.of(
    uses.map(({ name, type, divisor, categories }, j): Column => {
      const values = Float64Array.from({ length: centers.length / width }, (_, c) => centers[c * width + j])
      if (type === 'text') {
        return { name, type, values: Int32Array.from(values), categories: [...(categories ?? [])] }
      }
      if (categories === null) {
        const numbers = values.map((value) => value * (divisor ?? 1))
        return type === 'date' ? { name, type, values: numbers } : { name, type: 'number', values: numbers }
      }
      const words = Array.from(values, (value) => categories[value])
      if (type === 'boolean')
        return { name, type, values: Uint8Array.from(words, (word) => Number(word === 'true')) }
      return type === 'date'
        ? { name, type, values: Float64Array.from(words, (word) => Date.parse(word)) }
        : { name, type, values: Float64Array.from(words, Number) }
    }),
  )
}
