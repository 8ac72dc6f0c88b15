import { counted, InputError, orDefault, show } from '../check.ts'
import { Encoder, type EncoderOptions } from './encoder.ts'
import { listNames } from './names.ts'
import { Matrix, type MatrixLike } from './matrix.ts'
import { Table } from './table.ts'

/** Whatever a fit takes as points: rows of numbers, or a table, for which an encoder is fitted. */
export type PointsLike = MatrixLike | Table

/** Options for points that are tables. */
export interface PointsOptions {
  /**
   * How a table becomes numbers: the options of {@link Encoder.fit}, or an encoder fitted before. Only with a table;
   * a fit that has sample weights hands them on. Default: that of `Encoder.fit`.
   */
  readonly encoder?: Encoder | EncoderOptions
}

/** Points to fit. */
export interface FittedPoints {
  /** n × d: the caller's own matrix where one was given, else a copy. */
  readonly matrix: Matrix
  /** What turned the table into numbers; undefined where the points were numbers. */
  readonly encoder: Encoder | undefined
  /** The table's rows that were kept, where the encoder leaves out rows with empty cells; null where all were. */
  readonly kept: Uint32Array | null
}

/**
 * Takes the points of a fit: numbers as they are, a table through an encoder.
 *
 * @param sampleWeight checked by the caller
 * @throws {InputError} as {@link Matrix.from} and {@link Encoder.fit}; E_PARAM for an encoder without a table
 */
export function fittedPoints(
  call: string,
  points: PointsLike,
  options: PointsOptions,
  sampleWeight?: Float64Array,
): FittedPoints {
  const { encoder: given } = options
  if (!(points instanceof Table)) {
    if (given !== undefined) {
      throw new InputError(
        'E_PARAM',
        'encoder',
        `${call}: encoder goes with a Table only, got points of ${show(points)}`,
      )
    }
    return { matrix: Matrix.from(call, 'points', points), encoder: undefined, kept: null }
  }
  if (given !== undefined && (typeof given !== 'object' || given === null || Array.isArray(given))) {
    throw new InputError(
      'E_TYPE',
      'encoder',
      `${call}: encoder must be a fitted Encoder or options for one, got ${show(given)}`,
    )
  }
  const encoder =
    given instanceof Encoder
      ? given
      : Encoder.fitFor(
          call,
          points,
          sampleWeight === undefined ? orDefault(given, {}) : { sampleWeight, ...given },
        )
  const { matrix, rows } = encoder.encodeFor(call, points)
  return { matrix, encoder, kept: rows }
}

/**
 * Takes queries for a model: of the same kind and number of columns as its points. Where those came from a table, a
 * table too, or rows that are encoded: by {@link Encoder.encode}, or as {@link Encoder.encoded} says.
 *
 * @throws {InputError} E_TYPE for a table where the model was fitted on numbers, and for plain rows where it was
 * fitted on a table; E_SHAPE for another number of
 * columns; E_MISSING for a row with an empty cell, which the encoder would leave out; as {@link Encoder.encode}
 */
export function queryPoints(
  call: string,
  param: string,
  queries: PointsLike,
  columns: number,
  encoder: Encoder | undefined,
): Matrix {
  if (queries instanceof Table) {
    if (encoder === undefined) {
      throw new InputError(
        'E_TYPE',
        param,
        `${call}: ${param} must be rows of ${counted(columns, 'number')}, as the model was fitted on, got a Table`,
      )
    }
    // Targets and other columns that were not used may be there or not.
    const { matrix, rows } = encoder.encodeFor(call, queries, { extra: 'ignore' })
    if (rows !== null && rows.length < queries.rows) {
      const first = rows.findIndex((row, i) => row !== i)
      throw new InputError(
        'E_MISSING',
        param,
        `${call}: row ${first < 0 ? rows.length : first} of ${param} has an empty cell, and so no answer; leave such rows out, or fit with missing: 'impute'`,
      )
    }
    return matrix
  }
  if (encoder !== undefined && !(queries instanceof Matrix && encoder.isEncoded(queries))) {
    const used = encoder.uses.filter((use) => use.used).map((use) => use.name)
    throw new InputError(
      'E_TYPE',
      param,
      `${call}: ${param} must be a Table, as the model was fitted on, with ${used.length === 1 ? 'column' : 'columns'} ${listNames(used)}, got ${show(queries)}; rows that are encoded already go through model.encoder.encoded(rows)`,
    )
  }
  const matrix = Matrix.from(call, param, queries)
  if (matrix.columns !== columns) {
    throw new InputError(
      'E_SHAPE',
      param,
      `${call}: ${param} must have ${counted(columns, 'column')}, as the fitted points have, got ${matrix.columns}`,
    )
  }
  return matrix
}

/** A matrix over numbers of its own, for a model to keep. */
export function ownCopy(points: PointsLike, matrix: Matrix): Matrix {
  return points === matrix ? Matrix.trusted(matrix.values.slice(), matrix.columns) : matrix
}
