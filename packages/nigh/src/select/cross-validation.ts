import { checkOptions } from '../check.ts'
import type { PointsLike } from '../data/points.ts'
import {
  accuracy,
  confusion,
  type Confusion,
  precisionRecallF1,
  type Prf,
} from '../evaluate/classification.ts'
import { type RegressionScores, regressionScores } from '../evaluate/regression.ts'
import { sumOf } from '../evaluate/sum.ts'
import type { RunOptions } from '../indexes/steps.ts'
import { type ClassLabel, codeTargets } from '../knn/classes.ts'
import { KNNClassifier, type KNNClassifierOptions } from '../knn/classifier.ts'
import { type NumberList, numberTargets } from '../knn/number-targets.ts'
import { KNNRegressor, type KNNRegressorOptions } from '../knn/regressor.ts'
import { type FoldChoice, foldsOf, ownSource, takeRows } from './rows.ts'

/** Options of {@link validateClassifier}: those of the model, and how rows are split. */
export interface ValidateClassifierOptions<T extends ClassLabel = ClassLabel>
  extends Omit<KNNClassifierOptions<T>, 'sampleWeight'>,
    FoldChoice {}

/** Options of {@link validateRegressor}: those of the model, and how rows are split. */
export interface ValidateRegressorOptions extends Omit<KNNRegressorOptions, 'sampleWeight'>, FoldChoice {}

/** Scores of every fold. */
export interface FoldScores {
  /** One score a fold. */
  readonly scores: Float64Array
  /** Their mean, and its standard error. */
  readonly mean: number
  readonly error: number
}

/** What {@link validateClassifier} finds: accuracy by fold, and all folds' answers together. */
export interface ClassifierValidation<T extends ClassLabel> extends FoldScores {
  /** The rows that were tried, in rising order: all, unless `splits` leave some out. */
  readonly rows: Uint32Array
  /** One answer for each of them, by a model that had not seen it. */
  readonly predictions: readonly T[]
  /** Over all of them. */
  readonly accuracy: number
  readonly macro: Prf
  readonly confusion: Confusion
}

/** What {@link validateRegressor} finds: R² by fold, and all folds' answers together. */
export interface RegressorValidation extends FoldScores {
  /** The rows that were tried, in rising order: all, unless `splits` leave some out. */
  readonly rows: Uint32Array
  /** One answer for each of them, by a model that had not seen it. */
  readonly predictions: Float64Array
  /** Over all of them. */
  readonly overall: RegressionScores
}

/** Refuses weights, which cannot follow their rows; every other name that is not ours the model itself checks. */
function checkNames(call: string, options: object): void {
  checkOptions(
    call,
    options,
    Object.keys(options ?? {}).filter((name) => name !== 'sampleWeight'),
  )
}

/**
 * Tries a classifier on rows that it has not seen: in each fold, everything is fitted anew from the other rows, the
 * encoder of a table included.
 *
 * Folds are drawn at random and hold each class in proportion.
 *
 * @throws {InputError} as KNNClassifier.fit and stratifiedKFold
 * @example
 * const { mean, error } = await validateClassifier(table, species, { k: 5, folds: 10 })
 */
export async function validateClassifier<T extends ClassLabel>(
  points: PointsLike,
  targets: ArrayLike<T>,
  options: ValidateClassifierOptions<NoInfer<T>> = {},
): Promise<ClassifierValidation<T>> {
  const call = 'validateClassifier'
  checkNames(call, options)
  const { folds, splits, seed, signal, onProgress, ...rest } = options
  const source = ownSource(call, points)
  const { codes } = codeTargets(call, targets, source.rows)
  const classOf = Array.from({ length: source.rows }, (_, row) => targets[row])
  const parts = foldsOf(call, source.rows, codes, choice(folds, splits, seed))
  const answers = new Map<number, T>()
  const scores = new Float64Array(parts.length)
  const run = runOf(signal)
  for (const [at, { train, test }] of parts.entries()) {
    const known = Array.from(train, (row) => classOf[row])
    const model = await KNNClassifier.fit<T>(takeRows(source, train), known, { ...rest, ...run })
    const found = await model.predict(takeRows(source, test), run)
    test.forEach((row, place) => answers.set(row, found[place]))
    scores[at] = accuracy(
      Array.from(test, (row) => classOf[row]),
      found,
    )
    onProgress?.({ done: at + 1, total: parts.length })
  }
  const rows = Uint32Array.from(answers.keys()).sort()
  const predictions = Array.from(rows, (row) => answers.get(row) ?? classOf[row])
  const truth = Array.from(rows, (row) => classOf[row])
  return {
    ...summary(scores),
    rows,
    predictions,
    accuracy: accuracy(truth, predictions),
    macro: precisionRecallF1(truth, predictions).macro,
    confusion: confusion(truth, predictions),
  }
}

/**
 * Tries a regressor on rows that it has not seen: in each fold, everything is fitted anew from the other rows, the
 * encoder of a table included. Folds are drawn at random.
 *
 * @param targets one number a row
 * @throws {InputError} as KNNRegressor.fit and kFold; E_DISTINCT for a fold of one row, which has no R²
 */
export async function validateRegressor(
  points: PointsLike,
  targets: NumberList,
  options: ValidateRegressorOptions = {},
): Promise<RegressorValidation> {
  const call = 'validateRegressor'
  checkNames(call, options)
  const { folds, splits, seed, signal, onProgress, ...rest } = options
  const source = ownSource(call, points)
  const { values } = numberTargets(call, targets, source.rows, null)
  const parts = foldsOf(call, source.rows, null, choice(folds, splits, seed))
  const answers = new Map<number, number>()
  const scores = new Float64Array(parts.length)
  const run = runOf(signal)
  for (const [at, { train, test }] of parts.entries()) {
    const known = Float64Array.from(train, (row) => values[row])
    const model = await KNNRegressor.fit(takeRows(source, train), known, { ...rest, ...run })
    const found = await model.predict(takeRows(source, test), run)
    test.forEach((row, place) => answers.set(row, found[place]))
    scores[at] = regressionScores(
      Float64Array.from(test, (row) => values[row]),
      found,
    ).r2
    onProgress?.({ done: at + 1, total: parts.length })
  }
  const rows = Uint32Array.from(answers.keys()).sort()
  const predictions = Float64Array.from(rows, (row) => answers.get(row) ?? Number.NaN)
  const truth = Float64Array.from(rows, (row) => values[row])
  return { ...summary(scores), rows, predictions, overall: regressionScores(truth, predictions) }
}

function choice(
  folds: FoldChoice['folds'],
  splits: FoldChoice['splits'],
  seed: FoldChoice['seed'],
): FoldChoice {
  return {
    ...(folds === undefined ? {} : { folds }),
    ...(splits === undefined ? {} : { splits }),
    ...(seed === undefined ? {} : { seed }),
  }
}

function runOf(signal: AbortSignal | undefined): RunOptions {
  return signal === undefined ? {} : { signal }
}

function summary(scores: Float64Array): FoldScores {
  const n = scores.length
  const mean = sumOf(n, (i) => scores[i]) / n
  const variance = n > 1 ? sumOf(n, (i) => (scores[i] - mean) ** 2) / (n - 1) : 0
  return { scores, mean, error: Math.sqrt(variance / n) }
}
