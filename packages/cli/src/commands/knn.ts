import { chooseNeighbors, InputError, KNNClassifier, KNNRegressor } from 'nigh'
import type { Column, Encoder, Label, MetricName, MetricOptions, Table } from 'nigh'
import { readOptionsOf } from '../options.ts'
import type { Input } from '../read/read.ts'
import { sampled } from '../report/sample.ts'
import { saveReport, sayFiles, wantsReport } from '../report/save.ts'
import type { ReportFlags } from '../report/save.ts'
import { timeLine } from '../run.ts'
import type { Run } from '../run.ts'
import { grid } from '../show/grid.ts'
import { brief, plural } from '../show/numbers.ts'
import { rowsAt } from '../show/plane.ts'
import { show } from '../show/text.ts'
import { cellTexts } from '../write/cells.ts'
import { replaceFile } from '../write/replace.ts'
import { answerRows } from './answers.ts'
import type { AnsweringModel } from './answers.ts'
import { explainedJSON, sayExplained } from './explain.ts'
import type { Explained } from './explain.ts'
import { checkMetric, metricOptions } from './metric.ts'
import { checkEncoded, places, prepare, readingOf, unknownColumn, withAnswers } from './shared.ts'
import type { DataFlags, Prepared } from './shared.ts'
import { answering } from './unfit.ts'
import type { Trial } from './split.ts'
import { evaluate } from './trial.ts'
import type { Targets, Tried } from './trial.ts'

export interface KNNFlags extends DataFlags, ReportFlags {
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
  readonly explain?: boolean | undefined
}

/** `nigh knn DATA --target COLUMN` */
export async function knn(name: string, flags: KNNFlags, run: Run): Promise<void> {
  const out = places(flags)
  const drawn = wantsReport(flags)
  checkMetric(flags)
  if (out !== undefined && flags.predict === undefined) {
    throw new InputError(
      'E_PARAM',
      'out',
      '--out holds the predictions for the rows of --predict FILE, which is not set',
    )
  }
  if (flags.explain === true && flags.predict === undefined) {
    throw new InputError(
      'E_PARAM',
      'explain',
      '--explain explains the predictions for the rows of --predict FILE, which is not set',
    )
  }
  const explained: Explained[] | undefined = flags.explain === true ? [] : undefined
  const read = await run.read(name, readingOf(flags, [flags.target], drawn))
  if (!read.table.has(flags.target)) throw unknownColumn(read.name, '--target', flags.target, read.names)
  const learnt = await tryOut(read, flags, drawn, true, run)
  const { input, table, targets, report } = learnt
  const { encoder } = learnt.prepared
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
      const fresh = await run.read(flags.predict, { ...readOptionsOf(flags), dispensable: 'all' })
      checkEncoded(fresh.name, fresh.rows, encoder, flags)
      const answers = await run.time('predict', 'predicting', () =>
        answering(fresh, encoder, false, () => answerRows(model, fresh.table, run, explained)),
      )
      const answered = withAnswers(fresh.table, answers, run)
      if (out !== undefined) {
        await run.time('write', 'writing', () => run.write(answered, out, flags.formulas))
      } else if (!run.json) sayRows(answered, answers.length, run)
    }
  }
  if (drawn) await drawLearnt(learnt, flags, run)
  run.answer({
    ...knnAnswer(targets.task, table.rows, encoder, flags),
    evaluation: report.json,
    ...(explained === undefined ? {} : { explanations: explained.map(explainedJSON) }),
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
  run.say(
    `${run.paint.bold(targets.task === 'classify' ? 'KNN classification' : 'KNN regression')}  ${meansOf(learnt, flags)}`,
    '',
    ...report.lines,
    '',
  )
  if (explained !== undefined) sayExplained(explained, run)
  sayFiles(flags, run)
  if (flags.model !== undefined)
    run.say(`Model, learnt from all rows: ${flags.model} (use: nigh predict ${flags.model} DATA)`)
  if (out !== undefined && flags.out !== '-') run.say(`Rows with prediction: ${flags.out}`)
  run.say(run.paint.dim(timeLine(run)))
}

/** Rows that were learnt from, and how the trial came out. */
interface Learnt {
  readonly input: Input
  /** The rows with a target. */
  readonly table: Table
  /** What those rows are in the file, from 0; null where none was left out. */
  readonly fileRows: Uint32Array | null
  readonly targets: Targets
  readonly prepared: Prepared
  readonly report: Tried
}

/** Learns from some rows and answers the others. */
async function tryOut(
  read: Input,
  flags: KNNFlags,
  drawn: boolean,
  noted: boolean,
  run: Run,
): Promise<Learnt> {
  const { input, kept } = withTargets(read, flags, run)
  const all = targetsOf(input, flags, run)
  const prepared = await run.time('encode', 'encoding', () => prepare(input, flags, [flags.target]))
  const { encoder, rows } = prepared
  if (noted) run.notes(encoder)
  const table = rows === null ? input.table : input.table.take(rows)
  const targets = rows === null ? all : takeTargets(all, rows)
  const fileRows = rows === null ? kept : kept === null ? rows : rows.map((row) => kept[row])
  const trial: Trial =
    flags.cv === 'loo'
      ? { kind: 'loo' }
      : flags.cv !== undefined
        ? { kind: 'folds', folds: flags.cv }
        : { kind: 'holdout', share: flags.holdout ?? 0.25 }
  const report = await run.time('evaluate', 'evaluating', () =>
    evaluate(
      {
        table,
        targets,
        target: flags.target,
        whole: encoder,
        trial,
        flags,
        model: modelOptions(flags),
        explained: drawn ? 25 : 0,
      },
      run,
    ),
  )
  return { input, table, fileRows, targets, prepared, report }
}

/** How rows were answered, in words. */
function meansOf({ report }: Learnt, flags: KNNFlags): string {
  const metric = flags.metric === 'minkowski' ? `minkowski (p = ${flags.p ?? 2})` : flags.metric
  return `k = ${flags.k}, ${flags.weights} weights, ${metric} distance; ${report.method}`
}

/** Tries out rows that stand for more, and draws what came out. */
export async function drawTrial(read: Input, flags: KNNFlags, run: Run): Promise<void> {
  await drawLearnt(await tryOut(read, flags, true, false, run), flags, run)
}

/** Draws the page and the chart that were asked for. */
function drawLearnt(learnt: Learnt, flags: KNNFlags, run: Run): Promise<void> {
  return run.time('report', 'drawing', () => draw(learnt, flags, run))
}

async function draw(learnt: Learnt, flags: KNNFlags, run: Run): Promise<void> {
  const { input, table, fileRows, targets, report: tried } = learnt
  const { matrix, encoder } = learnt.prepared
  const { learningReport } = await import('../report/learning.ts')
  // The curve asks every row's neighbours: 5,000 rows show it as well.
  const rows = sampled(matrix.rows, 5000)
  const points =
    flags.metric === 'gower' ? table.take(rows) : rows.length === matrix.rows ? matrix : rowsAt(matrix, rows)
  const options = {
    ...(flags.metric === 'gower' ? { encoder } : {}),
    weights: flags.weights,
    to: Math.min(30, rows.length - 1),
    ...metricOptions(flags),
    ...run.work,
  }
  const curve =
    rows.length < 3
      ? null
      : targets.task === 'classify'
        ? await chooseNeighbors(
            points,
            Array.from(rows, (row) => targets.values[row]),
            {
              ...options,
              task: 'classify',
            },
          )
        : await chooseNeighbors(
            points,
            Float64Array.from(rows, (row) => targets.values[row]),
            {
              ...options,
              task: 'regress',
            },
          )
  const { outcome } = tried
  const learning = {
    input,
    table,
    fileRows,
    matrix,
    encoder,
    target: flags.target,
    k: flags.k,
    method: meansOf(learnt, flags),
    rows: tried.rows,
    curve,
    curveRows: rows.length,
    wrong: tried.wrong,
    wrongs: tried.wrongs,
    notes: run.notesSaid,
    outcome:
      outcome.task === 'classify'
        ? { ...outcome, baseline: outcome.baseline.accuracy }
        : { ...outcome, baseline: outcome.baseline.rmse },
  }
  await saveReport(await learningReport(learning, run.invocation), flags, run)
}

/** The first rows of an answer, in the terminal. */
export function sayRows(table: Table, answers: number, run: Run): void {
  const most = 10
  const last = table.columns.slice(-answers)
  const first = table.columns.slice(0, -answers).slice(0, Math.max(1, 6 - answers))
  const shown = [...first, ...last]
  const texts = shown.map((column) => {
    const whole = cellTexts(column)
    if (!['distance', 'prediction', 'score'].includes(column.name)) return whole
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

/** The rows that have a target, and which of the file they are (null: all). */
function withTargets(
  input: Input,
  flags: KNNFlags,
  run: Run,
): { readonly input: Input; readonly kept: Uint32Array | null } {
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
  if (missing === 0) return { input, kept: null }
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
  return { input: { ...input, table: table.take(kept), rows: kept.length }, kept: Uint32Array.from(kept) }
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

/** What was asked, for programs: the head of the answer. */
export function knnAnswer(
  task: 'classify' | 'regress',
  rows: number,
  encoder: Encoder,
  flags: KNNFlags,
): Record<string, unknown> {
  return {
    command: 'knn',
    task,
    rows,
    columns: encoder.uses.filter(({ used }) => used).map((use) => use.name),
    features: encoder.features,
    scale: flags.scale,
    target: flags.target,
    k: flags.k,
    weights: flags.weights,
    metric: flags.metric,
    seed: flags.seed,
  }
}
