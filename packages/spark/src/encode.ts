import { Encoder, InputError } from 'nigh'
import { checkChoice, checkInteger, checkOptions, powerAbove, show } from 'nigh/internals'
import { numbersOf } from './arrow.ts'
import { findColumn, isNumber } from './columns.ts'
import { SparkError } from './errors.ts'
import type { Frame } from './frame.ts'
import { quoted, sqlNumber } from './plan.ts'
import type { Watch } from './session.ts'

const call = 'Spark.encoder'

/** The column of features that an encoder makes where nobody names it. */
export const encodedColumn = 'nigh_features'

/** Options of {@link Spark.encoder}: those of nigh's own `Encoder.fit`, with the same meaning. */
export interface SparkEncoderOptions extends Watch {
  /** The columns to use, in this order: numbers, dates and timestamps, booleans, text. Default: all of these types. */
  readonly columns?: readonly string[]
  /** Default: 'standard'. */
  readonly scale?: 'standard' | 'minmax' | 'robust' | 'none'
  /** Default: 'refuse'. */
  readonly missing?: 'refuse' | 'drop' | 'impute'
  /** Default: 64. */
  readonly maxCategories?: number
  /** Default: 'refuse'. */
  readonly unseen?: 'refuse' | 'zero'
}

type Kind = 'number' | 'date' | 'boolean' | 'text'

interface Source {
  readonly name: string
  readonly kind: Kind
  /** The cell as SQL: a double, a boolean or a string; null where it is missing. */
  readonly sql: string
}

/**
 * Learns on the cluster how to turn a table into numbers, and returns nigh's own Encoder: the same, to the last bit, as
 * one machine learns from the same rows (with scale 'robust', to within rounding).
 */
export async function fitEncoder(frame: Frame, options: SparkEncoderOptions): Promise<Encoder> {
  checkOptions(call, options, [
    'columns',
    'scale',
    'missing',
    'maxCategories',
    'unseen',
    'signal',
    'onProgress',
    'maxBytes',
  ])
  const scale = checkChoice(call, 'scale', options.scale ?? 'standard', [
    'standard',
    'minmax',
    'robust',
    'none',
  ])
  const missing = checkChoice(call, 'missing', options.missing ?? 'refuse', ['refuse', 'drop', 'impute'])
  const unseen = checkChoice(call, 'unseen', options.unseen ?? 'refuse', ['refuse', 'zero'])
  const maxCategories = checkInteger(call, 'maxCategories', options.maxCategories ?? 64, 1, 65536)
  const found = await frame.columns(options.signal)
  const names = options.columns ?? found.filter(({ type }) => kindOf(type) !== null).map(({ name }) => name)
  const sources = names.map((name) => sourceOf(findColumn(call, 'columns', found, name)))
  if (sources.length === 0)
    throw new InputError('E_FEATURES', 'columns', `${call}: table must have a column to use, got none`)
  const whole =
    missing === 'drop'
      ? frame.sql(`select * from input where ${sources.map(({ sql }) => `${sql} is not null`).join(' and ')}`)
      : frame
  const { signal, onProgress, maxBytes } = options
  const all = await frame.count({ signal, onProgress, maxBytes })
  if (all === 0) throw new InputError('E_EMPTY', 'table', `${call}: table must have a row, got none`)

  const first = await facts(whole, sources, options)
  if (first.rows === 0) {
    throw new InputError(
      'E_EMPTY',
      'table',
      `${call}: table must have a row without empty cells, got none of ${all}`,
    )
  }
  for (let j = 0; j < sources.length; j++) {
    if (first.cells[j] === 0) {
      throw new InputError(
        'E_MISSING',
        'table',
        `${call}: column ${show(names[j])} must have a cell that is not missing, got none`,
      )
    }
    if (missing === 'refuse' && first.cells[j] < first.rows) {
      throw new InputError(
        'E_MISSING',
        'table',
        `${call}: the table must have no empty cell, got ${first.rows - first.cells[j]} in column ${show(names[j])}; missing: 'drop' leaves out such rows, missing: 'impute' fills the cells`,
      )
    }
    if (!Number.isFinite(first.minima[j]) || !Number.isFinite(first.maxima[j])) {
      throw new InputError(
        'E_NONFINITE',
        'table',
        `${call}: the table must hold finite numbers; column ${show(names[j])} does not`,
      )
    }
  }
  const numeric = sources.map(({ kind }) => kind === 'number' || kind === 'date')
  const moments = await momentsOf(whole, sources, first, numeric, options)
  const quartiles = scale === 'robust' ? await quartilesOf(whole, sources, numeric, options) : null
  const columns: unknown[] = []
  for (let j = 0; j < sources.length; j++) {
    const { name, kind } = sources[j]
    const filled = missing === 'impute' ? first.rows - first.cells[j] : 0
    if (kind === 'boolean') {
      const yes = first.trues[j]
      const fill = missing === 'impute' ? (yes > first.cells[j] - yes ? 1 : 0) : null
      columns.push({ use: 'boolean', name, type: kind, fill, filled })
    } else if (kind === 'text') {
      const { categories, fill } = await categoriesOf(whole, sources[j], maxCategories, {
        signal,
        onProgress,
        maxBytes,
      })
      columns.push({
        use: 'one-hot',
        name,
        type: kind,
        categories,
        fill: missing === 'impute' ? fill : null,
        filled,
      })
    } else {
      const { mean, deviation } = moments[j]
      let centre = 0
      let spread = 1
      let fill = mean
      if (scale === 'standard') {
        centre = mean
        spread = deviation
      } else if (scale === 'minmax') {
        centre = first.minima[j]
        spread = first.maxima[j] - first.minima[j]
      } else if (quartiles !== null) {
        const [low, middle, high] = quartiles[j]
        centre = middle
        spread = high - low
        fill = middle
      }
      columns.push({
        use: 'number',
        name,
        type: kind,
        centre,
        scale: spread === 0 ? 1 : spread,
        flat: spread === 0,
        spread: deviation,
        fill: missing === 'impute' ? fill : null,
        filled,
      })
    }
  }
  return Encoder.fromJSON({
    encoder: 1,
    settings: { columns: names, ignore: [], scale, missing, maxCategories, unseen },
    columns,
    rows: all,
    dropped: all - first.rows,
  })
}

/**
 * A frame's rows as numbers, by an encoder: the frame's columns, and one more that holds each row's features.
 * Rows that the encoder leaves out are not there.
 */
export async function encodeFrame(
  frame: Frame,
  encoder: Encoder,
  column: string,
  signal?: AbortSignal,
): Promise<Frame> {
  const found = await frame.columns(signal)
  for (const { name, type } of usedColumns(encoder)) {
    const source = sourceOf(findColumn('Spark.encode', 'table', found, name))
    if (source.kind !== type) {
      throw new InputError(
        'E_FEATURES',
        'table',
        `Spark.encode: the table must have the columns that were fitted: ${show(name)} is ${source.kind} and was ${type}`,
      )
    }
  }
  return encodedFrame(frame, encoder, column)
}

/** The same without asking the cluster what the columns hold: a column of another type is found when rows are read. */
export function encodedFrame(frame: Frame, encoder: Encoder, column: string): Frame {
  const { missing, unseen } = encoder.settings
  const parts: string[] = []
  const needed: string[] = []
  for (const fitted of usedColumns(encoder)) {
    const { name } = fitted
    const raw = checkedType(name, fitted.type)
    needed.push(`${raw} is not null`)
    const cell =
      missing === 'refuse'
        ? `coalesce(${raw}, raise_error(${text(`nigh: the table must have no empty cell, got one in column ${show(name)}; missing: 'drop' leaves out such rows, missing: 'impute' fills the cells`)}))`
        : raw
    if (fitted.use === 'number') {
      const taken =
        fitted.log === true
          ? `case when ${cell} < 0D then raise_error(concat(${text(`nigh: numbers must be from 0 up for a logarithm; column ${show(name)} is `)}, ${cell})) else log1p(${cell}) end`
          : cell
      const whole = fitted.fill === null ? taken : `coalesce(${taken}, ${sqlNumber(fitted.fill)})`
      parts.push(`(${whole} - ${sqlNumber(fitted.centre)}) / ${sqlNumber(fitted.scale)}`)
    } else if (fitted.use === 'boolean') {
      const number = `cast(cast(${cell} as int) as double)`
      parts.push(fitted.fill === null ? number : `coalesce(${number}, ${sqlNumber(fitted.fill)})`)
    } else {
      const { categories, fill } = fitted
      const filled = fill === null ? cell : `coalesce(${cell}, ${text(categories[fill])})`
      const known =
        unseen === 'zero'
          ? filled
          : `if(${filled} is null or ${filled} in (${categories.map(text).join(', ')}), ${filled}, raise_error(concat(${text(`nigh: column ${show(name)} must be one of the fitted categories, got "`)}, ${filled}, ${text(`" (unseen: 'zero' allows others)`)})))`
      for (const category of categories)
        parts.push(`cast(cast(${known} = ${text(category)} as int) as double)`)
    }
    if (missing === 'mark') parts.push(`if(${raw} is null, 1D, 0D)`)
  }
  const where = missing === 'drop' ? ` where ${needed.join(' and ')}` : ''
  return frame
    .judging(encoder.features)
    .sql(`select *, array(${parts.join(', ')}) as ${quoted(column)} from input${where}`)
}

/** A cell that profiles compare: its column, as it was before it was encoded. */
export interface SourceCell {
  readonly name: string
  readonly type: Kind
  /** SQL of a double, null where the cell is empty; for text, whether it is this category. */
  readonly sql: string
  readonly category?: string
}

/** The cells of a row that an encoder uses. */
export function sourceCells(encoder: Encoder): readonly SourceCell[] {
  return usedColumns(encoder).flatMap((fitted): SourceCell[] => {
    const { name, type } = fitted
    const cell = cellSql(name, type)
    if (fitted.use === 'number') return [{ name, type, sql: cell }]
    if (fitted.use === 'boolean') return [{ name, type, sql: `cast(cast(${cell} as int) as double)` }]
    return fitted.categories.map((category) => ({
      name,
      type,
      sql: `cast(cast(${cell} = ${text(category)} as int) as double)`,
      category,
    }))
  })
}

type Fitted = ReturnType<Encoder['toJSON']>['columns'][number]
type Used = Exclude<Fitted, { readonly use: 'none' }>

function usedColumns(encoder: Encoder): readonly Used[] {
  return encoder.toJSON().columns.filter((fitted): fitted is Used => fitted.use !== 'none')
}

function kindOf(type: string): Kind | null {
  if (isNumber(type)) return 'number'
  if (type === 'boolean') return 'boolean'
  if (type === 'string' || type === 'char' || type === 'varChar') return 'text'
  return type === 'date' || type === 'timestamp' || type === 'timestampNtz' ? 'date' : null
}

function sourceOf({ name, type }: { readonly name: string; readonly type: string }): Source {
  const kind = kindOf(type)
  if (kind !== null) return { name, kind, sql: cellSql(name, kind) }
  throw new InputError(
    'E_TYPE',
    'columns',
    `${call}: columns must hold numbers, dates, booleans or text; ${show(name)} is ${type}`,
  )
}

/** A cell as SQL: a double, a boolean or a string; null where it is missing. */
function cellSql(name: string, kind: Kind): string {
  const cell = quoted(name)
  // NaN is a missing cell, as in tables of one machine; −0 is 0.
  if (kind === 'number') return `nullif(cast(${cell} as double) + 0D, double('NaN'))`
  // Days have no time zone, which a cast to a timestamp would give them.
  if (kind === 'date') {
    return `if(typeof(${cell}) = 'date', unix_date(cast(${cell} as date)) * 86400000D, unix_micros(cast(${cell} as timestamp)) / 1000D)`
  }
  return cell
}

/** The same, refusing a column of another type: Spark would cast it, and nobody would know. */
function checkedType(name: string, kind: Kind): string {
  const pattern = {
    number: '^(tinyint|smallint|int|bigint|float|double|decimal.*)$',
    date: '^(date|timestamp|timestamp_ntz)$',
    boolean: '^boolean$',
    text: '^(string|char|varchar).*$',
  }[kind]
  const type = `typeof(${quoted(name)})`
  return `if(${type} rlike ${text(pattern)}, ${cellSql(name, kind)}, raise_error(concat(${text(`nigh: the table must have the columns that were fitted: ${show(name)} is `)}, ${type}, ${text(` and was ${kind}`)})))`
}

interface Facts {
  readonly rows: number
  readonly cells: Float64Array
  readonly minima: Float64Array
  readonly maxima: Float64Array
  readonly trues: Float64Array
}

/** Counts and ranges of all columns, in one pass. */
async function facts(frame: Frame, sources: readonly Source[], watch: Watch): Promise<Facts> {
  const asked = sources.flatMap(({ kind, sql }, j) => {
    const number = kind === 'number' || kind === 'date'
    return [
      `count(${sql}) as n${j}`,
      `${number ? `coalesce(min(${sql}), 0D)` : '0D'} as low${j}`,
      `${number ? `coalesce(max(${sql}), 0D)` : '0D'} as high${j}`,
      `${kind === 'boolean' ? `count_if(${sql})` : '0L'} as yes${j}`,
    ]
  })
  const found = await one(frame.sql(`select count(*) as n, ${asked.join(', ')} from input`), watch)
  const column = (name: string): Float64Array => Float64Array.from(sources, (_, j) => found(`${name}${j}`))
  return {
    rows: found('n'),
    cells: column('n'),
    minima: column('low'),
    maxima: column('high'),
    trues: column('yes'),
  }
}

/**
 * Means and standard deviations of all columns of numbers, in two passes: sums of whole multiples of three grids, which
 * no order of addition can change, as nigh's own statistics make them.
 */
async function momentsOf(
  frame: Frame,
  sources: readonly Source[],
  { cells, minima, maxima }: Facts,
  numeric: readonly boolean[],
  watch: Watch,
): Promise<{ readonly mean: number; readonly deviation: number }[]> {
  const used = sources.map((_, j) => j).filter((j) => numeric[j])
  const moments = sources.map((_, j) => ({ mean: minima[j], deviation: 0 }))
  if (used.length === 0) return moments
  const middles = used.map((j) => minima[j] / 2 + maxima[j] / 2)
  const sums = await threeSums(
    frame,
    used.map((j, i) => ({
      sql: `(${sources[j].sql} - ${sqlNumber(middles[i])})`,
      reach: Math.max(maxima[j] - middles[i], middles[i] - minima[j]),
      count: cells[j],
    })),
    watch,
  )
  const squares: { sql: string; reach: number; count: number }[] = []
  used.forEach((j, i) => {
    const mean = middles[i] + (sums[i].total / cells[j]) * sums[i].unit
    moments[j].mean = Math.min(maxima[j], Math.max(minima[j], mean)) + 0
    const reach = Math.max(maxima[j] - moments[j].mean, moments[j].mean - minima[j])
    const scaled = `((${sources[j].sql} - ${sqlNumber(moments[j].mean)}) / ${sqlNumber(unitOf(reach))})`
    squares.push({ sql: `(${scaled} * ${scaled})`, reach: 4, count: cells[j] })
  })
  const squared = await threeSums(frame, squares, watch)
  used.forEach((j, i) => {
    const reach = Math.max(maxima[j] - moments[j].mean, moments[j].mean - minima[j])
    if (reach === 0) return
    moments[j].deviation = Math.sqrt(0 + (squared[i].total / cells[j]) * squared[i].unit) * unitOf(reach)
  })
  return moments
}

function unitOf(reach: number): number {
  return Math.min(2 ** 1023, Math.max(2 ** -1022, powerAbove(reach)))
}

/** Sums of expressions on three grids each (packages/nigh/src/data/sums.ts has the derivation), all in one pass. */
async function threeSums(
  frame: Frame,
  terms: readonly { readonly sql: string; readonly reach: number; readonly count: number }[],
  watch: Watch,
): Promise<{ readonly total: number; readonly unit: number }[]> {
  const grids = terms.map(({ reach, count }) => {
    const steps = Math.max(2, powerAbove(Math.max(1, count)))
    const grid1 = steps * 2 ** -51
    const grid2 = grid1 * steps * 2 ** -53
    const grid3 = grid2 * steps * 2 ** -53
    return { unit: unitOf(reach), bigs: [grid1, grid2, grid3].map((grid) => grid * 1.5 * 2 ** 52) }
  })
  const t = terms.map(({ sql }, i) => `${sql} * ${sqlNumber(1 / grids[i].unit)} as t${i}`)
  const a = terms.map(
    (_, i) => `(t${i} + ${sqlNumber(grids[i].bigs[0])}) - ${sqlNumber(grids[i].bigs[0])} as a${i}, t${i}`,
  )
  const b = terms.map(
    (_, i) =>
      `((t${i} - a${i}) + ${sqlNumber(grids[i].bigs[1])}) - ${sqlNumber(grids[i].bigs[1])} as b${i}, a${i}, t${i} - a${i} as r${i}`,
  )
  const sums = terms.map(
    (_, i) =>
      `coalesce(sum(a${i}), 0D) as a${i}, coalesce(sum(b${i}), 0D) as b${i}, coalesce(sum(((r${i} - b${i}) + ${sqlNumber(grids[i].bigs[2])}) - ${sqlNumber(grids[i].bigs[2])}), 0D) as c${i}`,
  )
  const asked = `select ${sums.join(', ')} from (select ${b.join(', ')} from (select ${a.join(', ')} from (select ${t.join(', ')} from input)))`
  const found = await one(frame.sql(asked), watch)
  return grids.map(({ unit }, i) => ({ total: found(`a${i}`) + (found(`b${i}`) + found(`c${i}`)), unit }))
}

async function quartilesOf(
  frame: Frame,
  sources: readonly Source[],
  numeric: readonly boolean[],
  watch: Watch,
): Promise<(readonly [number, number, number])[]> {
  const asked = sources.flatMap(({ sql }, j) =>
    [0.25, 0.5, 0.75].map(
      (share, q) => `${numeric[j] ? `percentile(${sql}, ${share})` : '0D'} as q${j}_${q}`,
    ),
  )
  const found = await one(frame.sql(`select ${asked.join(', ')} from input`), watch)
  return sources.map((_, j) => [found(`q${j}_0`), found(`q${j}_1`), found(`q${j}_2`)])
}

/** The different texts of a column, sorted by code units, and the place of the most frequent one. */
async function categoriesOf(
  frame: Frame,
  source: Source,
  most: number,
  watch: Watch,
): Promise<{ readonly categories: readonly string[]; readonly fill: number }> {
  const asked = frame.sql(
    `select ${source.sql} as text, count(*) as n from input where ${source.sql} is not null group by 1 limit ${most + 1}`,
  )
  const rows = await asked.collect(watch)
  if (rows.length > most) {
    throw new InputError(
      'E_FEATURES',
      'maxCategories',
      `${call}: column ${show(source.name)} has more than ${most} different values; maxCategories allows ${most}: raise it, or leave the column out`,
    )
  }
  const sorted = rows
    .map((row) => ({ text: String(row.text), n: Number(row.n) }))
    .sort((x, y) => (x.text < y.text ? -1 : 1))
  let fill = 0
  for (let c = 1; c < sorted.length; c++) if (sorted[c].n > sorted[fill].n) fill = c
  return { categories: sorted.map((entry) => entry.text), fill }
}

/** The only row of a query, by column. */
async function one(frame: Frame, watch: Watch): Promise<(name: string) => number> {
  for await (const table of frame.tables(watch, call)) {
    if (table.numRows === 1) return (name) => numbersOf(call, table, name)[0]
  }
  throw new SparkError(`${call}: the server gave no row`)
}

/** Text as SQL. */
function text(value: string): string {
  return `'${value.replace(/[\\']/g, '\\$&')}'`
}
