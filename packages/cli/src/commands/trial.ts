import {
  accuracy,
  confusion,
  Encoder,
  InputError,
  KNNClassifier,
  KNNRegressor,
  precisionRecallF1,
  regressionScores,
} from 'nigh'
import type { Confusion, Label, Matrix, MetricOptions, Split, Table, TargetScores } from 'nigh'
import type { WrongAnswer } from '../report/learning.ts'
import type { Run } from '../run.ts'
import { classificationLines, regressionLines } from '../show/evaluation.ts'
import type { ClassificationReport, RegressionReport } from '../show/evaluation.ts'
import { brief, percent, plural } from '../show/numbers.ts'
import { rowsAt } from '../show/plane.ts'
import { explainer, nearBy } from './explain.ts'
import { encoderOptions } from './shared.ts'
import type { DataFlags } from './shared.ts'
import { splitsOf } from './split.ts'
import type { Trial } from './split.ts'

/** What is to be learnt: classes, or numbers. */
export type Targets =
  | { readonly task: 'classify'; readonly values: readonly Label[] }
  | { readonly task: 'regress'; readonly values: Float64Array }

/** What a trial is told. */
export interface TrialOptions {
  readonly table: Table
  readonly targets: Targets
  readonly target: string
  /** The encoder fitted on all rows. */
  readonly whole: Encoder
  readonly trial: Trial
  readonly flags: DataFlags
  readonly model: MetricOptions & { readonly k: number; readonly weights: 'uniform' | 'distance' }
  /** How many wrong answers are explained: 0 for none. */
  readonly explained: number
}

/** How a trial came out. */
export interface Tried {
  readonly json: Readonly<Record<string, unknown>>
  readonly lines: readonly string[]
  /** How it was tried out, in words. */
  readonly method: string
  /** The rows that were tried. */
  readonly rows: readonly number[]
  readonly wrong: readonly WrongAnswer[]
  /** How many answers were wrong. */
  readonly wrongs: number
  readonly outcome: TriedClasses | TriedNumbers
}

/** Answers that are classes. */
interface TriedClasses extends ClassificationReport {
  readonly task: 'classify'
  readonly truth: readonly Label[]
  readonly predicted: readonly Label[]
  readonly confusion: Confusion
}

/** Answers that are numbers. */
interface TriedNumbers extends TargetScores {
  readonly task: 'regress'
  readonly truth: readonly number[]
  readonly predicted: readonly number[]
  readonly baseline: TargetScores
}

/**
 * Tries the model on rows that it has not seen: the encoder, too, is fitted on the other rows alone.
 */
export async function evaluate(options: TrialOptions, run: Run): Promise<Tried> {
  const { table, targets, trial, flags } = options
  const classes = targets.task === 'classify' ? targets.values.map(String) : undefined
  const { splits, stratified } = splitsOf(table.rows, trial, flags.seed, classes)
  const tested = trial.kind === 'holdout' ? splits[0].test.length : table.rows
  // With one row left out of a class, another class is the most frequent: such a baseline would always be wrong. Where
  // every row is tried once, the baseline knows them all.
  const every = Uint32Array.from({ length: table.rows }, (_, row) => row)
  const known = (train: Uint32Array): Uint32Array => (trial.kind === 'holdout' ? train : every)
  const how = stratified ? ', each class in its share' : ''
  const method =
    trial.kind === 'loo'
      ? `leave-one-out on ${plural(tested, 'row')}`
      : trial.kind === 'folds'
        ? `${trial.folds}-fold cross-validation on ${plural(tested, 'row')}${how}`
        : `tried on ${plural(tested, 'row')} held out${how}`
  const json =
    trial.kind === 'loo'
      ? { method: 'loo', tested }
      : trial.kind === 'folds'
        ? { method: 'cv', folds: trial.folds, tested }
        : { method: 'holdout', share: trial.share, tested }
  if (targets.task === 'classify')
    return { ...(await tryClasses(options, targets.values, splits, known, json, run)), method }
  return { ...(await tryNumbers(options, targets.values, splits, known, json, run)), method }
}

type Outcome = Omit<Tried, 'method'>

async function tryClasses(
  options: TrialOptions,
  values: readonly Label[],
  splits: readonly Split[],
  known: (train: Uint32Array) => Uint32Array,
  json: Readonly<Record<string, unknown>>,
  run: Run,
): Promise<Outcome> {
  const predicted: Label[] = []
  const naive: Label[] = []
  const truth: Label[] = []
  const rows: number[] = []
  const wrong: { readonly share: number; readonly answer: WrongAnswer }[] = []
  let wrongs = 0
  const explain = explainer(run)
  for await (const { learnt, encoder, train, test, queries, asked } of unseenRows(options, splits, run)) {
    const own = train === null ? values : Array.from(train, (row) => values[row])
    const model = await KNNClassifier.fit(learnt, own, { ...options.model, encoder })
    const answers = await model.predict(queries ?? undefined, run.work)
    const mistaken = Array.from(test, (_, at) => at).filter((at) => answers[at] !== values[test[at]])
    wrongs += mistaken.length
    if (options.explained > 0 && mistaken.length > 0 && wrong.length < mostExplained) {
      const looked = mistaken.slice(0, mostExplained - wrong.length)
      const explained =
        queries === null
          ? pick(await explain(model, undefined, undefined), looked)
          : await explain(model, encoder.encoded(rowsAt(queries, looked)), undefined)
      for (const [at, { prediction, neighbors, columns }] of explained.entries()) {
        const row = test[looked[at]]
        const share = neighbors.reduce((sum, one) => sum + (one.target === prediction ? one.share : 0), 0)
        wrong.push({
          share,
          answer: {
            row,
            truth: String(values[row]),
            predicted: String(prediction),
            weight: percent(share),
            neighbors: neighbors.map(({ index, target, distance }) => ({
              row: train === null ? index : train[index],
              target: String(target),
              distance,
            })),
            ...(columns === undefined ? {} : { near: nearBy(columns) }),
          },
        })
      }
    }
    predicted.push(...answers)
    const usual = mostFrequent(known(asked), values)
    for (const row of test) {
      rows.push(row)
      truth.push(values[row])
      naive.push(usual)
    }
  }
  const { macro, perClass } = precisionRecallF1(truth, predicted)
  const report: ClassificationReport = {
    accuracy: accuracy(truth, predicted),
    macroF1: macro.f1,
    perClass,
    confusion: confusion(truth, predicted),
    baseline: {
      label: naive[0],
      accuracy: accuracy(truth, naive),
      macroF1: precisionRecallF1(truth, naive).macro.f1,
    },
  }
  const { label, ...rest } = report.baseline
  wrong.sort((a, b) => b.share - a.share || a.answer.row - b.answer.row)
  return {
    lines: classificationLines(report, run.width, run.paint),
    rows,
    wrongs,
    wrong: wrong.slice(0, options.explained).map(({ answer }) => answer),
    outcome: { task: 'classify', ...report, truth, predicted },
    json: {
      ...json,
      accuracy: report.accuracy,
      macroF1: report.macroF1,
      confusion: report.confusion,
      baseline: { method: 'most frequent class', label, ...rest },
    },
  }
}

/** Mistakes that are looked into, to find the surest. */
const mostExplained = 500

async function tryNumbers(
  options: TrialOptions,
  values: Float64Array,
  splits: readonly Split[],
  known: (train: Uint32Array) => Uint32Array,
  json: Readonly<Record<string, unknown>>,
  run: Run,
): Promise<Outcome> {
  const predicted: number[] = []
  const naive: number[] = []
  const truth: number[] = []
  const rows: number[] = []
  const wrong: { readonly off: number; readonly answer: WrongAnswer }[] = []
  const explain = explainer(run)
  for await (const { learnt, encoder, train, test, queries, asked } of unseenRows(options, splits, run)) {
    const own = train === null ? values : Float64Array.from(train, (row) => values[row])
    const model = await KNNRegressor.fit(learnt, own, { ...options.model, encoder })
    const answers = await model.predict(queries ?? undefined, run.work)
    for (const answer of answers) predicted.push(answer)
    if (options.explained > 0) {
      const off = (at: number): number => Math.abs(answers[at] - values[test[at]])
      const looked = Array.from(test, (_, at) => at)
        .sort((a, b) => off(b) - off(a) || a - b)
        .slice(0, options.explained)
      const explained =
        queries === null
          ? pick(await explain(model, undefined, undefined), looked)
          : await explain(model, encoder.encoded(rowsAt(queries, looked)), undefined)
      for (const [at, { neighbors, columns }] of explained.entries()) {
        const row = test[looked[at]]
        const answer = answers[looked[at]]
        wrong.push({
          off: off(looked[at]),
          answer: {
            row,
            truth: brief(values[row]),
            predicted: brief(answer),
            weight: `${answer < values[row] ? '−' : '+'}${brief(Math.abs(answer - values[row]))}`,
            neighbors: neighbors.map(({ index, target, distance }) => ({
              row: train === null ? index : train[index],
              target: brief(target[0]),
              distance,
            })),
            ...(columns === undefined ? {} : { near: nearBy(columns) }),
          },
        })
      }
    }
    const basis = known(asked)
    let sum = 0
    for (const row of basis) sum += values[row]
    for (const row of test) {
      rows.push(row)
      truth.push(values[row])
      naive.push(sum / basis.length)
    }
  }
  if (truth.length < 2 || truth.every((value) => value === truth[0])) {
    throw new InputError(
      'E_PARAM',
      'holdout',
      truth.length < 2
        ? `--holdout leaves ${plural(truth.length, 'row')} to be tried on, too few to say how much is explained; hold more back, or try every row with --cv loo`
        : `all ${plural(truth.length, 'row')} tried have the same target, so there is nothing to explain; hold more back, or try every row with --cv loo`,
    )
  }
  const report: RegressionReport = {
    ...regressionScores(truth, predicted),
    baseline: regressionScores(truth, naive),
  }
  const { r2, rmse, mae, baseline } = report
  wrong.sort((a, b) => b.off - a.off || a.answer.row - b.answer.row)
  return {
    lines: regressionLines(report, run.width, run.paint),
    rows,
    wrongs: wrong.length,
    wrong: wrong.slice(0, options.explained).map(({ answer }) => answer),
    outcome: { task: 'regress', ...report, truth, predicted },
    json: {
      ...json,
      r2,
      rmse,
      mae,
      baseline: { method: 'mean', r2: baseline.r2, rmse: baseline.rmse, mae: baseline.mae },
    },
  }
}

function pick<A>(all: readonly A[], places: readonly number[]): A[] {
  return places.map((at) => all[at])
}

/** One part of a trial. */
interface Unseen {
  /** The rows to learn from, and what makes them numbers. */
  readonly learnt: Table
  readonly encoder: Encoder
  /** Which rows those are; null for all. */
  readonly train: Uint32Array | null
  /** The rows to try. */
  readonly test: Uint32Array
  /** Those, encoded; null where each of `points` leaves itself out. */
  readonly queries: Matrix | null
  /** The rows that the baseline may know. */
  readonly asked: Uint32Array
}

async function* unseenRows(
  { table, whole, trial, flags, target }: TrialOptions,
  splits: readonly Split[],
  run: Run,
): AsyncGenerator<Unseen> {
  if (trial.kind === 'loo' && isRowwise(whole)) {
    // Nothing that the encoder does to a row depends on another, so one fit serves all; its rows leave themselves out.
    const every = Uint32Array.from({ length: table.rows }, (_, row) => row)
    yield { learnt: table, encoder: whole, train: null, test: every, queries: null, asked: every }
    return
  }
  const options = {
    ...encoderOptions(table, flags, [target]),
    // A column with a logarithm must be used, and one that varies little may be constant in some fold.
    ...(flags.log === undefined
      ? {}
      : { ignore: [], columns: whole.uses.filter(({ used }) => used).map(({ name }) => name) }),
    unseen: 'zero',
  } as const
  for (const [at, { train, test }] of splits.entries()) {
    run.signal.throwIfAborted()
    run.progress.step(at / splits.length)
    const learnt = table.take(train)
    const encoder = Encoder.fit(learnt, options)
    const queries = encoder.encode(table.take(test), { extra: 'ignore' }).matrix
    yield { learnt, encoder, train, test, queries, asked: train }
  }
}

/** Whether the encoder takes each row as it is: numbers and booleans, not scaled, none filled in. */
function isRowwise({ settings, uses }: Encoder): boolean {
  return (
    settings.scale === 'none' &&
    settings.missing !== 'impute' &&
    uses.every(({ used, type }) => !used || type !== 'text')
  )
}

/** The label of most of the rows. */
export function mostFrequent(rows: Uint32Array, labels: readonly Label[]): Label {
  const counts = new Map<Label, number>()
  for (const row of rows) counts.set(labels[row], (counts.get(labels[row]) ?? 0) + 1)
  let best = labels[rows[0]]
  for (const [label, count] of counts) {
    const most = counts.get(best) ?? 0
    // Equal counts: the first in sorted order, as everywhere.
    if (count > most || (count === most && label < best)) best = label
  }
  return best
}
