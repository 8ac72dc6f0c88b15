import { InputError, show } from '../check.ts'
import { Matrix, type MatrixLike, type Reals } from '../data/matrix.ts'

/** One number a row. */
export type NumberList =
  | readonly number[]
  | Reals
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array

/** Targets of a regression. */
export interface RegressionTargets {
  /** n × outputs. */
  readonly values: Float64Array
  readonly outputs: number
  /** Whether they came as rows, and predictions go out as a Matrix. */
  readonly many: boolean
}

/** Takes targets: one number a row, or rows of numbers; a copy. */
export function numberTargets(
  call: string,
  targets: NumberList | MatrixLike,
  rows: number,
  kept: Uint32Array | null,
): RegressionTargets {
  const first: unknown = targets instanceof Matrix ? targets : isList(targets) ? targets[0] : undefined
  const many = typeof first === 'object' && first !== null
  const matrix = many ? rowsOfNumbers(call, targets) : undefined
  const count = matrix === undefined ? lengthOf(call, targets) : matrix.rows
  if (count !== rows) {
    throw new InputError(
      'E_SHAPE',
      'targets',
      `${call}: targets must be one for each of the ${rows} points, got ${count}`,
    )
  }
  const outputs = matrix === undefined ? 1 : matrix.columns
  const values = new Float64Array((kept === null ? rows : kept.length) * outputs)
  const from: ArrayLike<unknown> =
    matrix !== undefined ? matrix.values : targets instanceof Matrix ? [] : targets
  for (let at = 0; at < values.length; at++) {
    const row = Math.floor(at / outputs)
    const source = (kept === null ? row : kept[row]) * outputs + (at % outputs)
    const value = from[source]
    if (typeof value !== 'number') {
      throw new InputError(
        'E_TYPE',
        'targets',
        `${call}: targets[${source}] must be a number, got ${show(value)} (nothing is converted)`,
      )
    }
    if (value - value !== 0) {
      throw new InputError(
        'E_NONFINITE',
        'targets',
        `${call}: targets must be finite; row ${row} is ${value}`,
      )
    }
    values[at] = value
  }
  return { values, outputs, many }
}

function rowsOfNumbers(call: string, targets: NumberList | MatrixLike): Matrix {
  if (isMatrixLike(targets)) return Matrix.from(call, 'targets', targets)
  throw new InputError(
    'E_TYPE',
    'targets',
    `${call}: targets must be numbers or rows of numbers, got ${show(targets)}`,
  )
}

// Rows are checked one by one by Matrix.from; here only the outer list is.
function isMatrixLike(targets: NumberList | MatrixLike): targets is MatrixLike {
  return targets instanceof Matrix || Array.isArray(targets)
}

function lengthOf(call: string, targets: NumberList | MatrixLike): number {
  if (!(targets instanceof Matrix) && isList(targets)) return targets.length
  throw new InputError(
    'E_TYPE',
    'targets',
    `${call}: targets must be numbers or rows of numbers, got ${show(targets)}`,
  )
}

function isList(targets: unknown): boolean {
  return Array.isArray(targets) || ArrayBuffer.isView(targets)
}
