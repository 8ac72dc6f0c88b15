import {
  InputError,
  checkAnswer,
  checkBoolean,
  checkChoice,
  checkNumber,
  checkOptions,
  show,
  orDefault,
} from '../check.ts'
import { checkSameLength, codeTogether, type Label, type Labels } from './labels.ts'
import { checkWeights, type Numbers, sumOf } from './sum.ts'

/** Options of the scores that compare two lists of labels. */
export interface ScoreOptions {
  /** n weights from 0 up, one a row. Default: every row counts once. */
  readonly sampleWeight?: Numbers
}

/** How often each class was predicted as each class. */
export interface Confusion {
  /** The classes, sorted (or as given): the order of rows and columns. */
  readonly labels: readonly Label[]
  /** Rows are the true class, columns the predicted one; a cell is the summed weight of its rows. */
  readonly matrix: readonly (readonly number[])[]
}

/** Options of {@link confusion}. */
export interface ConfusionOptions extends ScoreOptions {
  /** The classes, in the order wanted. Default: all that occur, sorted. */
  readonly labels?: Labels
  /** Divides the cells by their row's sum ('true'), their column's ('predicted') or all ('all'). Default: 'none'. */
  readonly normalize?: 'none' | 'true' | 'predicted' | 'all'
}

/** Precision, recall and their harmonic mean, of one class or averaged. */
export interface Prf {
  /** Of the rows predicted as this class, the share that is: 0 where none was predicted. */
  readonly precision: number
  /** Of the rows of this class, the share predicted as it: 0 where there are none. */
  readonly recall: number
  /** The harmonic mean of the two (with `beta` 1). */
  readonly f1: number
}

/** {@link Prf} of one class. */
export interface ClassPrf extends Prf {
  readonly label: Label
  /** The summed weight of the rows of this class. */
  readonly support: number
}

/** What {@link precisionRecallF1} finds. */
export interface PrecisionRecallF1 {
  readonly perClass: readonly ClassPrf[]
  /** The plain mean over classes. */
  readonly macro: Prf
  /** The mean over classes, weighted by support. */
  readonly weighted: Prf
  /** From the pooled counts: with every class counted, all three are the accuracy. */
  readonly micro: Prf
}

/** Options of {@link precisionRecallF1}. */
export interface PrecisionRecallOptions extends ScoreOptions {
  /** The classes counted, in the order wanted. Default: all that occur, sorted. */
  readonly labels?: Labels
  /** How much recall weighs beside precision in `f1`: a number above 0. Default: 1. */
  readonly beta?: number
}

/**
 * The share of rows whose prediction is the target.
 *
 * @throws {InputError} E_SHAPE where the lists differ in length, E_TYPE where they mix text and numbers
 * @example
 * accuracy(['a', 'b', 'b'], ['a', 'b', 'a']) // 0.6666666666666666
 */
export function accuracy(targets: Labels, predictions: Labels, options: ScoreOptions = {}): number {
  const call = 'accuracy'
  checkOptions(call, options, ['sampleWeight'])
  const { left, right, n } = coded(call, targets, predictions)
  const weight = checkWeights(call, options.sampleWeight, n)
  if (weight === null) {
    let right1 = 0
    for (let i = 0; i < n; i++) if (left[i] === right[i]) right1++
    return right1 / n
  }
  return sumOf(n, (i) => (left[i] === right[i] ? weight[i] : 0)) / sumOf(n, (i) => weight[i])
}

/**
 * The mean over classes of the share of that class's rows predicted right: accuracy that a large class cannot carry.
 *
 * Classes that are predicted but never true are left out. `adjusted` moves chance to 0 and keeps 1.
 */
export function balancedAccuracy(
  targets: Labels,
  predictions: Labels,
  options: ScoreOptions & { readonly adjusted?: boolean } = {},
): number {
  const call = 'balancedAccuracy'
  checkOptions(call, options, ['sampleWeight', 'adjusted'])
  const adjusted = checkBoolean(call, 'adjusted', orDefault(options.adjusted, false))
  const { cells, size } = cellsOf(call, targets, predictions, options.sampleWeight)
  let classes = 0
  let total = 0
  for (let c = 0; c < size; c++) {
    let support = 0
    for (let p = 0; p < size; p++) support += cells[c * size + p]
    if (support === 0) continue
    classes++
    total += cells[c * size + c] / support
  }
  const score = total / classes
  if (!adjusted) return score
  // One class alone leaves nothing to chance: right is right.
  if (classes === 1) return score
  const chance = 1 / classes
  return (score - chance) / (1 - chance)
}

/**
 * Counts how often each class was predicted as each class.
 *
 * @throws {InputError} as {@link accuracy}; E_PARAM for a label that is not among `labels`
 */
export function confusion(targets: Labels, predictions: Labels, options: ConfusionOptions = {}): Confusion {
  const call = 'confusion'
  checkOptions(call, options, ['sampleWeight', 'labels', 'normalize'])
  const normalize = checkChoice(call, 'normalize', orDefault(options.normalize, 'none'), [
    'none',
    'true',
    'predicted',
    'all',
  ])
  const { cells, classes, size } = cellsOf(call, targets, predictions, options.sampleWeight, options.labels)
  const rowSums = new Float64Array(size)
  const columnSums = new Float64Array(size)
  let all = 0
  for (let c = 0; c < size; c++) {
    for (let p = 0; p < size; p++) {
      const cell = cells[c * size + p]
      rowSums[c] += cell
      columnSums[p] += cell
      all += cell
    }
  }
  const matrix: number[][] = []
  for (let c = 0; c < size; c++) {
    const row: number[] = []
    for (let p = 0; p < size; p++) {
      const cell = cells[c * size + p]
      const by = normalize === 'true' ? rowSums[c] : normalize === 'predicted' ? columnSums[p] : all
      row.push(normalize === 'none' ? cell : by === 0 ? 0 : cell / by)
    }
    matrix.push(row)
  }
  return { labels: classes, matrix }
}

/**
 * Precision, recall and F1, for each class and averaged three ways.
 *
 * A share of nothing counts as 0, as scikit-learn has it.
 */
export function precisionRecallF1(
  targets: Labels,
  predictions: Labels,
  options: PrecisionRecallOptions = {},
): PrecisionRecallF1 {
  const call = 'precisionRecallF1'
  checkOptions(call, options, ['sampleWeight', 'labels', 'beta'])
  const beta = checkNumber(call, 'beta', orDefault(options.beta, 1), Number.MIN_VALUE, 1e100)
  const { cells, classes, size } = cellsOf(call, targets, predictions, options.sampleWeight, options.labels)
  const square = beta * beta
  const shares = (hits: number, predicted: number, support: number): Prf => {
    const both = square * support + predicted
    return {
      precision: predicted === 0 ? 0 : hits / predicted,
      recall: support === 0 ? 0 : hits / support,
      f1: both === 0 ? 0 : ((1 + square) * hits) / both,
    }
  }
  const perClass: ClassPrf[] = []
  let hits = 0
  let all = 0
  for (let c = 0; c < size; c++) {
    let predicted = 0
    let support = 0
    for (let other = 0; other < size; other++) {
      predicted += cells[other * size + c]
      support += cells[c * size + other]
    }
    const hit = cells[c * size + c]
    hits += hit
    all += support
    perClass.push({ label: classes[c], ...shares(hit, predicted, support), support })
  }
  const mean = (weightOf: (prf: ClassPrf) => number, total: number): Prf => {
    let precision = 0
    let recall = 0
    let f1 = 0
    for (const prf of perClass) {
      const weight = weightOf(prf)
      precision += prf.precision * weight
      recall += prf.recall * weight
      f1 += prf.f1 * weight
    }
    return { precision: precision / total, recall: recall / total, f1: f1 / total }
  }
  return {
    perClass,
    macro: mean(() => 1, size),
    weighted: mean((prf) => prf.support, all),
    // Every row is predicted as some class, so over all classes the pooled supports and predictions are equal.
    micro: shares(hits, all, all),
  }
}

/**
 * Cohen's kappa: agreement beyond what the two lists' class shares would give by chance; 1 where they are equal.
 *
 * @throws {InputError} E_DISTINCT where both lists name one class only: chance then explains all
 */
export function cohenKappa(targets: Labels, predictions: Labels, options: ScoreOptions = {}): number {
  const call = 'cohenKappa'
  checkOptions(call, options, ['sampleWeight'])
  const { hits, all, chance, classes } = margins(call, targets, predictions, options.sampleWeight)
  if (chance === all * all) throw oneClass(call, classes)
  return (all * hits - chance) / (all * all - chance)
}

/**
 * The Matthews correlation of two lists of labels: 1 where they are equal, 0 where either names one class only.
 *
 * Source: Gorodkin 2004, for any number of classes.
 */
export function matthews(targets: Labels, predictions: Labels, options: ScoreOptions = {}): number {
  const call = 'matthews'
  checkOptions(call, options, ['sampleWeight'])
  const found = margins(call, targets, predictions, options.sampleWeight)
  const { hits, all, chance, targetSquares, predictionSquares } = found
  const below = (all * all - targetSquares) * (all * all - predictionSquares)
  return below === 0 ? 0 : (all * hits - chance) / Math.sqrt(below)
}

function margins(
  call: string,
  targets: Labels,
  predictions: Labels,
  sampleWeight?: Numbers,
): {
  hits: number
  all: number
  chance: number
  targetSquares: number
  predictionSquares: number
  classes: readonly Label[]
} {
  const { cells, classes, size } = cellsOf(call, targets, predictions, sampleWeight)
  const sums = { hits: 0, all: 0, chance: 0, targetSquares: 0, predictionSquares: 0, classes }
  for (let c = 0; c < size; c++) {
    let ofTarget = 0
    let ofPrediction = 0
    for (let other = 0; other < size; other++) {
      ofTarget += cells[c * size + other]
      ofPrediction += cells[other * size + c]
    }
    sums.hits += cells[c * size + c]
    sums.all += ofTarget
    sums.chance += ofTarget * ofPrediction
    sums.targetSquares += ofTarget * ofTarget
    sums.predictionSquares += ofPrediction * ofPrediction
  }
  return sums
}

function oneClass(call: string, classes: readonly Label[]): InputError {
  return new InputError(
    'E_DISTINCT',
    'targets',
    `${call}: targets and predictions must name two classes or more, all are ${show(classes[0])}`,
  )
}

function coded(
  call: string,
  targets: Labels,
  predictions: Labels,
  given?: Labels,
): { classes: readonly Label[]; left: Uint32Array; right: Uint32Array; n: number } {
  const [left, right] = codeTogether(
    call,
    [
      ['targets', targets],
      ['predictions', predictions],
    ],
    given,
  )
  const n = left.codes.length
  checkSameLength(call, 'predictions', right.codes.length, 'targets', n)
  return { classes: left.classes, left: left.codes, right: right.codes, n }
}

/** The confusion counts, row after row. Weights are added in row order. */
function cellsOf(
  call: string,
  targets: Labels,
  predictions: Labels,
  sampleWeight?: Numbers,
  given?: Labels,
): { cells: Float64Array; classes: readonly Label[]; size: number } {
  const { classes, left, right, n } = coded(call, targets, predictions, given)
  const weight = checkWeights(call, sampleWeight, n)
  const size = classes.length
  checkAnswer(call, 'targets', size * size * 8, `the counts of ${size} classes by ${size}`)
  const cells = new Float64Array(size * size)
  for (let i = 0; i < n; i++) cells[left[i] * size + right[i]] += weight === null ? 1 : weight[i]
  return { cells, classes, size }
}
