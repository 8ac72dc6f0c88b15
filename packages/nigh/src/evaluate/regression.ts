import { InputError, checkOptions } from '../check.ts'
import { Matrix, type MatrixLike } from '../data/matrix.ts'
import { checkSameLength } from './labels.ts'
import { isNumbers } from './ranking.ts'
import { checkNumbers, checkWeights, type Numbers, scaleFor, sumOf } from './sum.ts'

/** Options of {@link r2}, {@link rmse}, {@link mae} and {@link regressionScores}. */
export interface RegressionOptions {
  /** n weights from 0 up, one a row. Default: every row counts once. */
  readonly sampleWeight?: Numbers
}

/** Scores of one target. */
export interface TargetScores {
  /** 1 minus the share of the targets' variance that is left: 1 is perfect, 0 no better than their mean. */
  readonly r2: number
  /** Root of the mean squared error, in the target's unit. */
  readonly rmse: number
  /** Mean absolute error, in the target's unit. */
  readonly mae: number
}

/** Scores over all targets (plain means) and of each. */
export interface RegressionScores extends TargetScores {
  readonly perTarget: readonly TargetScores[]
}

/**
 * R²: 1 minus the squared error over the squared spread of the targets; the mean over targets where there are several.
 *
 * Targets that do not vary score 1 where predicted exactly, else 0, as scikit-learn has it.
 *
 * @param targets and `predictions` n numbers, or n × m
 * @throws {InputError} E_SHAPE where they differ in shape; E_DISTINCT with fewer than two rows that weigh something
 */
export function r2(
  targets: MatrixLike | Numbers,
  predictions: MatrixLike | Numbers,
  options: RegressionOptions = {},
): number {
  return scored('r2', targets, predictions, options).r2
}

/** The root of the mean squared error, in the targets' unit; the mean over targets where there are several. */
export function rmse(
  targets: MatrixLike | Numbers,
  predictions: MatrixLike | Numbers,
  options: RegressionOptions = {},
): number {
  return scored('rmse', targets, predictions, options).rmse
}

/** The mean absolute error, in the targets' unit; the mean over targets where there are several. */
export function mae(
  targets: MatrixLike | Numbers,
  predictions: MatrixLike | Numbers,
  options: RegressionOptions = {},
): number {
  return scored('mae', targets, predictions, options).mae
}

/** {@link r2}, {@link rmse} and {@link mae} at once, over all targets and of each. */
export function regressionScores(
  targets: MatrixLike | Numbers,
  predictions: MatrixLike | Numbers,
  options: RegressionOptions = {},
): RegressionScores {
  return scored('regressionScores', targets, predictions, options)
}

function scored(
  call: string,
  targets: MatrixLike | Numbers,
  predictions: MatrixLike | Numbers,
  options: RegressionOptions,
): RegressionScores {
  checkOptions(call, options, ['sampleWeight'])
  const left = table(call, 'targets', targets)
  const right = table(call, 'predictions', predictions)
  checkSameLength(call, 'predictions', right.rows, 'targets', left.rows)
  if (left.columns !== right.columns) {
    throw new InputError(
      'E_SHAPE',
      'predictions',
      `${call}: predictions must have as many columns as targets (${left.columns}), got ${right.columns}`,
    )
  }
  const n = left.rows
  const weight = checkWeights(call, options.sampleWeight, n)
  if ((call === 'r2' || call === 'regressionScores') && !twoRows(weight, n)) {
    throw new InputError(
      'E_DISTINCT',
      'targets',
      `${call}: targets must have at least 2 rows that weigh something, got 1`,
    )
  }
  const perTarget: TargetScores[] = []
  for (let j = 0; j < left.columns; j++) perTarget.push(scoreColumn(left, right, j, weight))
  const mean = (of: (scores: TargetScores) => number): number =>
    sumOf(perTarget.length, (j) => of(perTarget[j])) / perTarget.length
  return {
    r2: mean((scores) => scores.r2),
    rmse: mean((scores) => scores.rmse),
    mae: mean((scores) => scores.mae),
    perTarget,
  }
}

interface Columns {
  readonly values: ArrayLike<number>
  readonly rows: number
  readonly columns: number
}

function scoreColumn(left: Columns, right: Columns, j: number, weight: Numbers | null): TargetScores {
  const { rows: n, columns } = left
  const target = (i: number): number => left.values[i * columns + j]
  const error = (i: number): number => target(i) - right.values[i * columns + j]
  const w = (i: number): number => (weight === null ? 1 : weight[i])
  let size = 0
  for (let i = 0; i < n; i++) if (w(i) > 0) size = Math.max(size, Math.abs(target(i)), Math.abs(error(i)))
  // Squares and sums are taken near 1, so that 1e200 does not overflow; a power of two changes no digit.
  const scale = scaleFor(size)
  const total = weight === null ? n : sumOf(n, w)
  // Weights of 1e300 are brought down before they multiply; dividing by the total would do, but rounds whole weights.
  const share = scaleFor(total)
  const mass = total * share
  const squares = sumOf(n, (i) => (error(i) * scale) ** 2 * (w(i) * share))
  const absolute = sumOf(n, (i) => Math.abs(error(i) * scale) * (w(i) * share))
  // The mean of differences from one target is right at any offset, where the mean of the targets rounds.
  const origin = target(0)
  const shift = sumOf(n, (i) => (target(i) - origin) * scale * (w(i) * share)) / mass
  const spread = sumOf(n, (i) => ((target(i) - origin) * scale - shift) ** 2 * (w(i) * share))
  return {
    r2: spread === 0 ? (squares === 0 ? 1 : 0) : 1 - squares / spread,
    rmse: Math.sqrt(squares / mass) / scale,
    mae: absolute / mass / scale,
  }
}

function table(call: string, param: string, given: MatrixLike | Numbers): Columns {
  if (!isNumbers(given)) return Matrix.from(call, param, given)
  checkNumbers(call, param, given)
  return { values: given, rows: given.length, columns: 1 }
}

function twoRows(weight: Numbers | null, n: number): boolean {
  let rows = 0
  for (let i = 0; i < n && rows < 2; i++) if (weight === null || weight[i] > 0) rows++
  return rows === 2
}
