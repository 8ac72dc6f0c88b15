import { InputError, type InputErrorCode } from 'nigh'
import { show } from 'nigh/internals'
import { SparkError } from './errors.ts'

const refusals: readonly (readonly [RegExp, InputErrorCode, string])[] = [
  [/nigh: column (\d+) holds (a missing value|NaN|-?Infinity)/, 'E_NONFINITE', 'columns'],
  [/nigh: column (\d+) holds (-?[\d.]+(?:E-?\d+)?)/, 'E_RANGE', 'columns'],
  // Without the full stop of Spark's sentence around it.
  [/nigh: (weights must be finite numbers from 0 up, got \S*\w)/, 'E_WEIGHTS', 'weightColumn'],
  [/nigh: (a row has no weight)/, 'E_WEIGHTS', 'weightColumn'],
  [/nigh: (a row has no id)/, 'E_MISSING', 'id'],
  [/nigh: (rows of \d+ and of \d+ numbers)/, 'E_SHAPE', 'columns'],
  [/nigh: (a row of \d+ numbers, centroids of \d+)/, 'E_SHAPE', 'columns'],
  [/nigh: (a row without numbers)/, 'E_EMPTY', 'columns'],
  [/nigh: (the table must have no empty cell, got one in column .* fills the cells)/s, 'E_MISSING', 'table'],
  [/nigh: (numbers must be from 0 up for a logarithm; column .* is -?[\d.]+(?:E-?\d+)?)/s, 'E_RANGE', 'log'],
  [
    /nigh: (the table must have the columns that were fitted: .* and was (?:number|date|boolean|text))/s,
    'E_FEATURES',
    'table',
  ],
  [/nigh: (column .* must be one of the fitted categories, got .* allows others\))/s, 'E_FEATURES', 'table'],
]

/** Squared distances of larger numbers overflow, on a cluster as on one machine. */
export const largestNumber = 1e150

/**
 * Turns what rows are refused for on the cluster, by nigh's functions or by {@link judgedSql}, into the errors that the
 * same rows give on one machine; other errors are themselves.
 *
 * @param judged the names of the columns, for the message: of each step that looks at rows
 */
export function refused(call: string, judged: readonly (readonly string[])[], error: unknown): unknown {
  // A query that does not even read (class 42) is told together with its text, where the sentences below stand as well.
  if (!(error instanceof SparkError) || error.sqlState.startsWith('42')) return error
  for (const text of [error.message, ...error.causes]) {
    for (const [pattern, code, param] of refusals) {
      const found = pattern.exec(text)
      if (found === null) continue
      if (found[2] === undefined) return new InputError(code, param, `${call}: ${found[1]}`)
      // One name for all numbers is a column of arrays.
      const names = new Set(judged.map((list) => show(list.length === 1 ? list[0] : list[Number(found[1])])))
      const rule =
        code === 'E_RANGE' ? 'columns must lie between −1e150 and 1e150' : 'columns must hold finite numbers'
      return new InputError(code, param, `${call}: ${rule}; ${[...names].join(' or ')} holds ${found[2]}`)
    }
  }
  return error
}

/**
 * The numbers of a row as SQL, of which the cluster refuses what nigh's own functions refuse: for queries without them.
 *
 * @param row SQL of an array of doubles
 */
export function judgedSql(row: string, columns: number): string {
  const cell = `case when v is null then raise_error(concat('nigh: column ', j, ' holds a missing value'))
    when isnan(v) or abs(v) > ${largestNumber.toExponential()}D then raise_error(concat('nigh: column ', j, ' holds ', v)) else v end`
  return `transform(array(${row}), r -> transform(case
    when r is null then raise_error('nigh: column 0 holds a missing value')
    when size(r) = 0 then raise_error('nigh: a row without numbers')
    when size(r) <> ${columns} then raise_error(concat('nigh: rows of ${columns} and of ', size(r), ' numbers'))
    else r end, (v, j) -> ${cell}))[0]`
}

/** A weight as SQL, where rows that have none are refused. */
export function judgedWeight(weight: string): string {
  return `case when ${weight} is null then raise_error('nigh: a row has no weight')
    when not (${weight} >= 0D and ${weight} < double('Infinity')) then raise_error(concat('nigh: weights must be finite numbers from 0 up, got ', ${weight}))
    else ${weight} end`
}
