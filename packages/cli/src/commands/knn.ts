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
import type { Column, Label, MetricName, MetricOptions, Split, Table } from 'nigh'
import { readOptionsOf } from '../options.ts'
import type { Input } from '../read/read.ts'
import { timeLine } from '../run.ts'
import type { Run } from '../run.ts'
import { classificationLines, regressionLines } from '../show/evaluation.ts'
import type { ClassificationReport, RegressionReport } from '../show/evaluation.ts'
import { grid } from '../show/grid.ts'
import { brief, plural } from '../show/numbers.ts'
import { show } from '../show/text.ts'
import { cellTexts } from '../write/cells.ts'
import { replaceFile } from '../write/replace.ts'
import { answerRows } from './answers.ts'
import type { AnsweringModel } from './answers.ts'
import { checkMetric, metricOptions } from './metric.ts'
import { encoderOptions, places, prepare, readingOf, unknownColumn, withAnswers } from './shared.ts'
import type { DataFlags } from './shared.ts'
import { splitsOf } from './split.ts'
import type { Trial } from './split.ts'

export interface KNNFlags extends DataFlags {
  readonly target: string
  readonly k: number
  readonly weights: 'uniform' | 'distance'
  readonly metric: MetricName
  readonly p?: number | undefined
  readonly sphereRadius?: number | undefined
  readonly task?: 'classify' | 'regress' | undefined
  readonly holdout?: number | undefined
  readonly cv?: number | 'loo' | undefined
  readonly predict?: string | undefined
  readonly unseen: 'refuse' | 'zero'
}

/** What is to be learnt: classes, or numbers. */
type Targets =
  | { readonly task: 'classify'; readonly values: readonly Label[] }
  | { readonly task: 'regress'; readonly values: Float64Array }

/** `nigh knn DATA --target COLUMN` */
export async function knn(name: string, flags: KNNFlags, run: Run): Promise<void> {
  const out = places(flags)
  checkMetric(flags)
  if (out !== undefined && flags.predict === undefined) {
    throw new InputError(
      'E_PARAM',
      'out',
      '--out holds the predictions for the rows of --predict FILE, which is not set',
    )
  }
  const read = await run.read(name, readingOf(flags, [flags.target], false))
  if (!read.table.has(flags.target)) throw unknownColumn(read.name, '--target', flags.target, read.names)
  const input = withTargets(read, flags, run)
  const all = targetsOf(input, flags, run)
  const prepared = await run.time('encode', 'encoding', () => prepare(input, flags, [flags.target]))
  const { encoder, rows } = prepared
  run.notes(encoder)
  const table = rows === null ? input.table : input.table.take(rows)
  const targets = rows === null ? all : takeTargets(all, rows)
  const trial: Trial =
    flags.cv === 'loo'
      ? { kind: 'loo' }
      : flags.cv !== undefined
        ? { kind: 'folds', folds: flags.cv }
        : { kind: 'holdout', share: flags.holdout ?? 0.25 }
  const report = await run.time('evaluate', 'evaluating', () =>
    evaluate(table, targets, encoder, trial, flags, run),
  )

  if (flags.model !== undefined || flags.predict !== undefined) {
    const options = { ...modelOptions(flags), encoder, ...run.work }
    const model = await run.time('fit', 'fitting', async (): Promise<AnsweringModel> => {
      if (targets.task === 'classify') return KNNClassifier.fit(table, targets.values, options)
      return KNNRegressor.fit(table, targets.values, options)
    })
    if (flags.model !== undefined) {
      await run.time('write', 'writing', () =>
        replaceFile(flags.model ?? '', (draft) => draft.write(model.toBytes())),
      )
    }
    if (flags.predict !== undefined) {
      const fresh = await run.read(flags.predict, readOptionsOf(flags))
      const answers = await run.time('predict', 'predicting', () => answerRows(model, fresh.table, run))
      const answered = withAnswers(fresh.table, answers, run)
      if (out !== undefined) {
        await run.time('write', 'writing', () => run.write(answered, out, flags.formulas))
      } else if (!run.json) sayRows(answered, answers.length, run)
    }
  }
  run.answer({
    command: 'knn',
    task: targets.task,
    rows: table.rows,
    columns: encoder.uses.filter(({ used }) => used).map((use) => use.name),
    features: encoder.features,
    scale: flags.scale,
    target: flags.target,
    k: flags.k,
    weights: flags.weights,
    metric: flags.metric,
    seed: flags.seed,
    evaluation: report.json,
    warnings: input.warnings.map(({ code, message }) => ({ code, message })),
    seconds: run.seconds,
    timings: run.timings,
  })
  if (run.json || run.quiet) return
  const what =
    targets.task === 'classify'
      ? `target: ${plural(new Set(targets.values).size, 'class', 'classes')}`
      : 'target: numbers'
  run.sayInput(input, encoder, new Map([[flags.target, what]]))
  const metric = flags.metric === 'minkowski' ? `minkowski (p = ${flags.p ?? 2})` : flags.metric
  run.say(
    `${run.paint.bold(targets.task === 'classify' ? 'KNN classification' : 'KNN regression')}  ` +
      `k = ${flags.k}, ${flags.weights} weights, ${metric} distance; ${report.method}`,
    '',
    ...report.lines,
    '',
  )
  if (flags.model !== undefined)
    run.say(`Model, learnt from all rows: ${flags.model} (use: nigh predict ${flags.model} DATA)`)
  if (out !== undefined && flags.out !== '-') run.say(`Rows with prediction: ${flags.out}`)
  run.say(run.paint.dim(timeLine(run)))
}

/** The first rows of an answer, in the terminal. */
export function sayRows(table: Table, answers: number, run: Run): void {
  const most = 10
  const last = table.columns.slice(-answers)
  const first = table.columns.slice(0, -answers).slice(0, Math.max(1, 6 - answers))
  const shown = [...first, ...last]
  const texts = shown.map((column) => {
    const whole = cellTexts(column)
    if (column.name !== 'distance' && column.name !== 'prediction') return whole
    return (row: number): string | null =>
      column.type !== 'number' || Number.isNaN(column.values[row]) ? whole(row) : brief(column.values[row])
  })
  const rows = Array.from({ length: Math.min(most, table.rows) }, (_, i) =>
    texts.map((text) => text(i) ?? ''),
  )
  run.say(
    run.paint.bold(
      table.rows > most
        ? `The first ${most} of ${plural(table.rows, 'row')} (--out FILE keeps them all)`
        : 'Answers (--out FILE keeps them)',
    ),
    ...grid(
      shown.map((column) => ({ title: column.name, align: column.type === 'number' ? 'right' : 'left' })),
      rows,
      run.width,
      run.paint,
    ),
    '',
  )
}

/** The rows that have a target. */
function withTargets(input: Input, flags: KNNFlags, run: Run): Input {
  const { table } = input
  const column = table.column(flags.target)
  const kept: number[] = []
  for (let i = 0; i < table.rows; i++) {
    const value = column.values[i]
    if (
      column.type === 'text' ? value >= 0 : column.type === 'boolean' ? value !== 255 : !Number.isNaN(value)
    )
      kept.push(i)
  }
  const missing = table.rows - kept.length
  if (missing === 0) return input
  if (kept.length === 0)
    throw new InputError(
      'E_MISSING',
      'target',
      `--target ${show(flags.target)}: every cell of the column is empty`,
    )
  if (flags.missing === 'refuse') {
    throw new InputError(
      'E_MISSING',
      'target',
      `--target ${show(flags.target)}: ${plural(missing, 'row')} of ${input.name} ${missing === 1 ? 'has' : 'have'} no target; set --missing drop to learn from the others`,
    )
  }
  run.warn(`${plural(missing, 'row')} without a target ${missing === 1 ? 'is' : 'are'} left out`)
  return { ...input, table: table.take(kept), rows: kept.length }
}

function targetsOf(input: Input, flags: KNNFlags, run: Run): Targets {
  const column = input.table.column(flags.target)
  const task = flags.task ?? (column.type === 'number' ? 'regress' : 'classify')
  if (column.type === 'date') {
    throw new InputError(
      'E_TYPE',
      'target',
      `--target ${show(flags.target)}: a date cannot be learnt; use a column of text, true and false, or numbers`,
    )
  }
  if (task === 'regress') {
    if (column.type !== 'number') {
      throw new InputError(
        'E_TYPE',
        'task',
        `--task regress needs a column of numbers, but ${show(flags.target)} holds ${column.type === 'text' ? 'text' : 'true and false'}`,
      )
    }
    if (flags.task === undefined) adviseClasses(column, run)
    return { task, values: Float64Array.from(column.values) }
  }
  const values = labelsOf(column)
  const classes = new Set(values).size
  if (classes === 1)
    throw new InputError(
      'E_DISTINCT',
      'target',
      `--target ${show(flags.target)}: all rows have the same class, so there is nothing to learn`,
    )
  if (classes > values.length / 2 && values.length > 4) {
    run.warn(
      `the target ${show(flags.target)} has ${classes} classes in ${values.length} rows: most of them stand alone`,
    )
  }
  return { task, values }
}

function labelsOf(column: Column): Label[] {
  switch (column.type) {
    case 'text':
      return Array.from(column.values, (code) => column.categories[code])
    case 'boolean':
      return Array.from(column.values, (value) => value === 1)
    default:
      return Array.from(column.values)
  }
}

function adviseClasses(column: Column, run: Run): void {
  const different = new Set<number>()
  for (const value of column.values) {
    if (!Number.isInteger(value)) return
    different.add(value)
    if (different.size > 20) return
  }
  run.warn(
    `the target ${show(column.name)} has only ${different.size} different whole numbers; they are taken as amounts (--task classify takes them as classes)`,
  )
}

function takeTargets(targets: Targets, rows: Uint32Array): Targets {
  if (targets.task === 'regress')
    return { task: 'regress', values: Float64Array.from(rows, (row) => targets.values[row]) }
  return { task: 'classify', values: Array.from(rows, (row) => targets.values[row]) }
}

function modelOptions(
  flags: KNNFlags,
): MetricOptions & { readonly k: number; readonly weights: 'uniform' | 'distance' } {
  return { k: flags.k, weights: flags.weights, ...metricOptions(flags) }
}

interface Report {
  readonly json: Readonly<Record<string, unknown>>
  readonly lines: readonly string[]
  /** How it was tried out, in words. */
  readonly method: string
}

/**
 * Tries the model on rows that it has not seen: the encoder, too, is fitted on the other rows alone.
 */
async function evaluate(
  table: Table,
  targets: Targets,
  whole: Encoder,
  trial: Trial,
  flags: KNNFlags,
  run: Run,
): Promise<Report> {
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
  if (targets.task === 'classify') {
    const predicted: Label[] = []
    const naive: Label[] = []
    const truth: Label[] = []
    for await (const { test, train, answers } of unseenAnswers(table, splits, whole, trial, flags, run, {
      here: (points, rows, queries) =>
        KNNClassifier.fit(
          points,
          rows === undefined ? targets.values : Array.from(rows, (row) => targets.values[row]),
          modelOptions(flags),
        ).then((model) => model.predict(queries, run.work)),
    })) {
      predicted.push(...answers)
      const usual = mostFrequent(known(train), targets.values)
      for (const row of test) {
        truth.push(targets.values[row])
        naive.push(usual)
      }
    }
    const report: ClassificationReport = {
      accuracy: accuracy(truth, predicted),
      macroF1: precisionRecallF1(truth, predicted).macro.f1,
      perClass: precisionRecallF1(truth, predicted).perClass,
      confusion: confusion(truth, predicted),
      baseline: {
        label: naive[0],
        accuracy: accuracy(truth, naive),
        macroF1: precisionRecallF1(truth, naive).macro.f1,
      },
    }
    const { label, ...rest } = report.baseline
    return {
      method,
      lines: classificationLines(report, run.width, run.paint),
      json: {
        ...json,
        accuracy: report.accuracy,
        macroF1: report.macroF1,
        confusion: report.confusion,
        baseline: { method: 'most frequent class', label, ...rest },
      },
    }
  }
  const predicted: number[] = []
  const naive: number[] = []
  const truth: number[] = []
  for await (const { test, train, answers } of unseenAnswers(table, splits, whole, trial, flags, run, {
    here: async (points, rows, queries) => {
      const values =
        rows === undefined ? targets.values : Float64Array.from(rows, (row) => targets.values[row])
      const model = await KNNRegressor.fit(points, values, modelOptions(flags))
      return Array.from(await model.predict(queries, run.work))
    },
  })) {
    for (const answer of answers) predicted.push(answer)
    const basis = known(train)
    let sum = 0
    for (const row of basis) sum += targets.values[row]
    for (const row of test) {
      truth.push(targets.values[row])
      naive.push(sum / basis.length)
    }
  }
  const report: RegressionReport = {
    ...regressionScores(truth, predicted),
    baseline: regressionScores(truth, naive),
  }
  const { r2, rmse, mae } = report
  return {
    method,
    lines: regressionLines(report, run.width, run.paint),
    json: {
      ...json,
      r2,
      rmse,
      mae,
      baseline: {
        method: 'mean',
        r2: report.baseline.r2,
        rmse: report.baseline.rmse,
        mae: report.baseline.mae,
      },
    },
  }
}

/** Fits on some rows (all where undefined) and answers for others (each row without itself where undefined). */
interface Learner<A> {
  readonly here: (
    points: Encoded['matrix'],
    rows: Uint32Array | undefined,
    queries: Encoded['matrix'] | undefined,
  ) => Promise<readonly A[]>
}

type Encoded = ReturnType<Encoder['encode']>

interface Answered<A> {
  readonly train: Uint32Array
  readonly test: Uint32Array
  readonly answers: readonly A[]
}

async function* unseenAnswers<A>(
  table: Table,
  splits: readonly Split[],
  whole: Encoder,
  trial: Trial,
  flags: KNNFlags,
  run: Run,
  learner: Learner<A>,
): AsyncGenerator<Answered<A>> {
  if (trial.kind === 'loo' && isRowwise(whole)) {
    // Nothing that the encoder does to a row depends on another, so one fit serves all; its rows leave themselves out.
    const answers = await learner.here(whole.encode(table).matrix, undefined, undefined)
    for (const [row, split] of splits.entries()) yield { ...split, answers: [answers[row]] }
    return
  }
  const options = { ...encoderOptions(table, flags, [flags.target]), unseen: 'zero' } as const
  for (const [at, { train, test }] of splits.entries()) {
    run.signal.throwIfAborted()
    run.progress.step(at / splits.length)
    const learnt = table.take(train)
    const encoder = Encoder.fit(learnt, options)
    const points = encoder.encode(learnt).matrix
    const queries = encoder.encode(table.take(test), { extra: 'ignore' }).matrix
    yield { train, test, answers: await learner.here(points, train, queries) }
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

function mostFrequent(rows: Uint32Array, labels: readonly Label[]): Label {
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
