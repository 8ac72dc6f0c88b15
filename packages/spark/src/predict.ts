import { InputError, KMeans, type Matrix } from 'nigh'
import { checkOptions, show } from 'nigh/internals'
import { packBlock } from './blocks.ts'
import { type Features, type Form, featuresAs, vectorColumn } from './columns.ts'
import { encodedColumn, encodedFrame } from './encode.ts'
import { type Frame, checkFrame } from './frame.ts'
import { quoted } from './plan.ts'
import { nearestSql } from './sql-search.ts'

/** The rows of a table as the numbers that a model was fitted on. */
export interface ModelRows {
  /** The table's columns and, where `extra` names it, one more. */
  readonly frame: Frame
  /** The numbers of a row: SQL of an array of doubles. */
  readonly row: string
  /** What the numbers are: the columns, or the features of the model's encoder. */
  readonly names: readonly string[]
  /** The column of features that was added; null where the table's own columns are used. */
  readonly extra: string | null
}

/** The columns that a model was fitted on. */
export type KnownColumns = Pick<Features, 'names' | 'form'>

/**
 * The numbers of a table's rows for a model: of the columns that are named; else as the model's encoder makes them.
 *
 * @param known the columns that the model was fitted on, where that is known
 */
export function modelRows(
  call: string,
  model: KMeans,
  table: Frame,
  columns: readonly string[] | undefined,
  known: KnownColumns | undefined,
): ModelRows {
  if (!(model instanceof KMeans)) {
    throw new InputError('E_TYPE', 'model', `${call}: model must be a KMeans model, got ${show(model)}`)
  }
  checkFrame(call, 'table', table)
  const d = model.centroids.columns
  if (columns === undefined && model.encoder !== undefined) {
    const frame = encodedFrame(table, model.encoder, encodedColumn)
    return { frame, row: quoted(encodedColumn), names: model.encoder.features, extra: encodedColumn }
  }
  const asFitted = known !== undefined && (columns === undefined || String(columns) === String(known.names))
  const { frame, sql, names } = columnsAsRows(
    call,
    table,
    columns ?? known?.names,
    d,
    asFitted ? known.form : null,
  )
  const each = names.length === d ? names : Array.from({ length: d }, (_, j) => `column ${j + 1}`)
  return { frame: frame.judging(names), row: sql, names: each, extra: frame === table ? null : vectorColumn }
}

/** Rows with the number of the nearest centroid, and the distance to it; see {@link Spark.predict}. */
export function predictFrame(
  java: boolean,
  model: KMeans,
  { frame, row, extra }: ModelRows,
  names: SparkAnswerNames,
): Frame {
  const called = answerNames('Spark.predict', names, ['cluster', 'distance'])
  const found = nearestOf(java, 'centroids', row, model.centroids)
  return frame.sql(
    `select * except (nigh_found${extra === null ? '' : `, ${extra}`}), nigh_found.cluster as ${called('cluster')}, nigh_found.distance as ${called('distance')}
      from (select *, ${found.sql} as nigh_found from input)`,
    found.values,
  )
}

/** What the columns of answers are called, where the table has columns of those names itself. Default: their own names. */
export interface SparkAnswerNames {
  readonly cluster?: string
  readonly distance?: string
  readonly score?: string
  readonly anomaly?: string
}

/** The names of answers as SQL. */
export function answerNames<Name extends keyof SparkAnswerNames>(
  call: string,
  names: SparkAnswerNames,
  known: readonly Name[],
): (answer: Name) => string {
  checkOptions(call, names, known)
  const taken = new Set<string>()
  for (const answer of known) {
    const name = names[answer] ?? answer
    if (typeof name !== 'string' || name === '' || taken.has(name.toLowerCase())) {
      throw new InputError(
        'E_PARAM',
        'names',
        `${call}: names must be different texts, got ${show(name)} for ${answer}`,
      )
    }
    taken.add(name.toLowerCase())
  }
  return (answer) => quoted(names[answer] ?? answer)
}

/** The nearest of some centroids as SQL, a struct of `cluster` and `distance`, and what stands in it as `:name`. */
export function nearestOf(
  java: boolean,
  name: string,
  row: string,
  centroids: Matrix,
): { readonly sql: string; readonly values: Readonly<Record<string, Uint8Array>> } {
  if (!java) return { sql: nearestSql(row, centroids.values, centroids.columns), values: {} }
  return {
    sql: `nigh_nearest(:${name}, ${row})`,
    values: { [name]: packBlock(centroids.values, centroids.columns, 0, centroids.rows) },
  }
}

/** Some columns as the numbers of a row, without asking the cluster what they hold. */
function columnsAsRows(
  call: string,
  table: Frame,
  columns: unknown,
  width: number,
  form: Form | null,
): Features {
  if (columns === undefined) {
    throw new InputError(
      'E_FEATURES',
      'columns',
      `${call}: columns must name the columns that the model was fitted on`,
    )
  }
  if (!isNames(columns) || (columns.length !== 1 && columns.length !== width)) {
    throw new InputError(
      'E_FEATURES',
      'columns',
      `${call}: columns must name the ${width} columns that the model was fitted on, got ${show(columns)}`,
    )
  }
  // One name for several numbers is a column of arrays.
  const whole = form ?? (columns.length === 1 && width > 1 ? 'array' : 'numbers')
  return featuresAs(table, columns, whole)
}

function isNames(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((name) => typeof name === 'string')
}
