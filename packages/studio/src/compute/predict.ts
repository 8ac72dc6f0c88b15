import {
  accuracy,
  confusion,
  Encoder,
  InputError,
  kFold,
  KNNClassifier,
  KNNRegressor,
  precisionRecallF1,
  regressionScores,
  stratifiedKFold,
} from 'nigh'
import type { Column, Matrix, Split, Table } from 'nigh'
import { brief, count } from '../numbers.ts'
import { readTable } from '../read/read.ts'
import { predictedName } from '../write/reproduce.ts'
import { cellTexts, csvFile } from '../write/csv.ts'
import { encoderOptions, modelFile, rowTexts, tableNow, textColumn, toAllRows, withAnswers } from './table.ts'
import {
  MOST_CLASSES,
  type AgainstPicture,
  type ChosenNeighbors,
  type Evaluated,
  type FileMade,
  type Inspected,
  type KScore,
  type NeighborSettings,
  type Roles,
  type Tasks,
} from './tasks.ts'
import type { Work } from './serving.ts'

/** What is learnt from: the rows that have a target. */
interface Lesson {
  readonly table: Table
  /** The opened table's rows. */
  readonly rows: Uint32Array
  /** One of them is set. */
  readonly classes: readonly string[]
  readonly numbers: Float64Array
  readonly notes: readonly string[]
}

/** @param wholeOnly whether rows with empty cells go out here; else the encoder leaves them out, and counts them */
function lessonOf(roles: Roles, settings: NeighborSettings, wholeOnly = true): Lesson {
  const table = tableNow()
  const { target } = roles
  if (target === null || !table.has(target)) {
    throw new InputError('E_PARAM', 'target', 'Choose the column to predict.')
  }
  const column = table.column(target)
  const notes: string[] = []
  const rows: number[] = []
  const options = encoderOptions(roles)
  const whole = wholeOnly ? wholeRows(table, roles, options.columns) : new Uint8Array(table.rows).fill(1)
  let without = 0
  let holes = 0
  for (let i = 0; i < table.rows; i++) {
    if (missing(column, i)) without++
    else if (!whole[i]) holes++
    else rows.push(i)
  }
  if (without > 0) notes.push(`${count(without)} rows without a target are left out.`)
  if (holes > 0) notes.push(`${count(holes)} rows with empty cells are left out.`)
  if (rows.length < 2)
    throw new InputError(
      'E_EMPTY',
      'target',
      `Only ${rows.length} rows have a target and all cells. Fill empty cells instead of leaving rows out.`,
    )
  const kept = Uint32Array.from(rows)
  const text = cellTexts(column)
  if (settings.task === 'classify') {
    const classes = rows.map((row) => text(row) ?? '')
    if (new Set(classes).size < 2)
      throw new InputError(
        'E_DISTINCT',
        'target',
        `All rows have the same ${JSON.stringify(target)}, so there is nothing to learn. Choose another column.`,
      )
    return { table: table.take(kept), rows: kept, classes, numbers: new Float64Array(0), notes }
  }
  if (column.type !== 'number') {
    throw new InputError(
      'E_TYPE',
      'task',
      `A number can only be predicted for a column of numbers; ${JSON.stringify(target)} holds ${column.type}. Choose classes instead.`,
    )
  }
  return {
    table: table.take(kept),
    rows: kept,
    classes: [],
    numbers: Float64Array.from(rows, (row) => column.values[row]),
    notes,
  }
}

/** Which rows the encoder keeps: all, unless rows with empty cells are to be left out. */
function wholeRows(table: Table, roles: Roles, columns: readonly string[] | undefined): Uint8Array {
  const whole = new Uint8Array(table.rows).fill(1)
  if (roles.missing !== 'drop') return whole
  const used =
    columns ??
    Encoder.fit(table, { ...encoderOptions(roles), missing: 'impute' })
      .uses.filter(({ used }) => used)
      .map(({ name }) => name)
  for (const name of used) {
    const column = table.column(name)
    for (let i = 0; i < table.rows; i++) if (missing(column, i)) whole[i] = 0
  }
  return whole
}

function missing(column: Column, i: number): boolean {
  const value = column.values[i]
  return column.type === 'text' ? value < 0 : column.type === 'boolean' ? value === 255 : Number.isNaN(value)
}

function foldsOf(lesson: Lesson, folds: number, seed: number): readonly Split[] {
  const { classes, table } = lesson
  const parts = Math.min(folds, table.rows)
  if (classes.length > 0) {
    const sizes = new Map<string, number>()
    for (const name of classes) sizes.set(name, (sizes.get(name) ?? 0) + 1)
    if (Math.min(...sizes.values()) >= parts)
      return stratifiedKFold(classes, { folds: parts, shuffle: true, seed })
  }
  return kFold(table.rows, { folds: parts, shuffle: true, seed })
}

/** One fold as numbers: the encoder, too, learns from the other rows alone. */
function foldNumbers(lesson: Lesson, roles: Roles, split: Split): { points: Matrix; queries: Matrix } {
  const learnt = lesson.table.take(split.train)
  const encoder = Encoder.fit(learnt, { ...encoderOptions(roles), unseen: 'zero' })
  return {
    points: encoder.encode(learnt).matrix,
    queries: encoder.encode(lesson.table.take(split.test), { extra: 'ignore' }).matrix,
  }
}

const KS = [1, 2, 3, 4, 5, 7, 9, 11, 15, 21, 31] as const
/** More rows than this make the choice of k no better, only slower. */
const CHOICE_ROWS = 6000

export async function chooseNeighbors(
  ask: Tasks['chooseNeighbors']['ask'],
  work: Work,
): Promise<ChosenNeighbors> {
  const { roles, settings, seed } = ask
  const whole = lessonOf(roles, settings)
  const lesson = whole.table.rows > CHOICE_ROWS ? thinned(whole) : whole
  const splits = foldsOf(lesson, 5, seed)
  const least = Math.min(...splits.map(({ train }) => train.length))
  const ks = KS.filter((k) => k <= least)
  const found: number[][] = ks.map(() => [])
  let done = 0
  for (const split of splits) {
    const { points, queries } = foldNumbers(lesson, roles, split)
    for (const [at, k] of ks.entries()) {
      work.signal.throwIfAborted()
      found[at].push(await scoreOf(lesson, split, points, queries, { ...settings, k }, work))
      done++
      work.progress({ share: done / (splits.length * ks.length), words: `trying k = ${k}` })
    }
  }
  const scores = ks.map((k, at): KScore => {
    const mean = found[at].reduce((sum, score) => sum + score, 0) / found[at].length
    const variance = found[at].reduce((sum, score) => sum + (score - mean) ** 2, 0) / found[at].length
    return { k, score: mean, spread: Math.sqrt(variance) }
  })
  const best = scores.reduce((a, b) => (b.score > a.score ? b : a))
  const error = best.spread / Math.sqrt(splits.length)
  const calm = scores.filter(({ score }) => score >= best.score - error).reduce((a, b) => (b.k > a.k ? b : a))
  return { scores, best: best.k, calm: calm.k, rows: lesson.table.rows }
}

function thinned(lesson: Lesson): Lesson {
  const step = lesson.table.rows / CHOICE_ROWS
  const picked = Uint32Array.from({ length: CHOICE_ROWS }, (_, i) => Math.floor(i * step))
  return {
    table: lesson.table.take(picked),
    rows: picked.map((at) => lesson.rows[at]),
    classes: lesson.classes.length === 0 ? [] : Array.from(picked, (at) => lesson.classes[at]),
    numbers:
      lesson.numbers.length === 0 ? lesson.numbers : Float64Array.from(picked, (at) => lesson.numbers[at]),
    notes: lesson.notes,
  }
}

async function scoreOf(
  lesson: Lesson,
  split: Split,
  points: Matrix,
  queries: Matrix,
  settings: NeighborSettings,
  work: Work,
): Promise<number> {
  const { k, weights, task } = settings
  const { signal } = work
  if (task === 'classify') {
    const truth = Array.from(split.test, (row) => lesson.classes[row])
    const model = await KNNClassifier.fit(
      points,
      Array.from(split.train, (row) => lesson.classes[row]),
      { k, weights },
    )
    return accuracy(truth, await model.predict(queries, { signal }))
  }
  const model = await KNNRegressor.fit(
    points,
    Float64Array.from(split.train, (row) => lesson.numbers[row]),
    { k, weights },
  )
  const answers = await model.predict(queries, { signal })
  return regressionScores(
    Float64Array.from(split.test, (row) => lesson.numbers[row]),
    answers,
  ).r2
}

export async function evaluate(ask: Tasks['evaluate']['ask'], work: Work): Promise<Evaluated> {
  const { roles, settings, folds, seed } = ask
  const lesson = lessonOf(roles, settings)
  const { k, weights, task } = settings
  const { signal } = work
  const n = lesson.table.rows
  const splits = foldsOf(lesson, folds, seed)
  const least = Math.min(...splits.map(({ train }) => train.length))
  if (k > least)
    throw new InputError(
      'E_K',
      'k',
      `Each trial learns from ${count(least)} rows, so k can be at most ${count(least)}.`,
    )
  const judged: number[] = []
  if (task === 'classify') {
    const truth: string[] = []
    const answers: string[] = []
    for (const [at, split] of splits.entries()) {
      signal.throwIfAborted()
      work.progress({ share: at / splits.length, words: `trial ${at + 1} of ${splits.length}` })
      const { points, queries } = foldNumbers(lesson, roles, split)
      const model = await KNNClassifier.fit(
        points,
        Array.from(split.train, (row) => lesson.classes[row]),
        { k, weights },
      )
      for (const answer of await model.predict(queries, { signal })) answers.push(answer)
      for (const row of split.test) {
        truth.push(lesson.classes[row])
        judged.push(lesson.rows[row])
      }
    }
    const { labels, matrix } = confusion(truth, answers)
    const classes = labels.map(String)
    const places = new Map(classes.map((name, at) => [name, at]))
    const sizes = new Map<string, number>()
    for (const name of truth) sizes.set(name, (sizes.get(name) ?? 0) + 1)
    return {
      task,
      rows: n,
      accuracy: accuracy(truth, answers),
      macroF1: precisionRecallF1(truth, answers).macro.f1,
      baseline: Math.max(...sizes.values()) / n,
      classes,
      matrix: matrix.slice(0, MOST_CLASSES).map((row) => [...row.slice(0, MOST_CLASSES)]),
      judged: work.give(Uint32Array.from(judged)),
      truth: work.give(Uint32Array.from(truth, (name) => places.get(name) ?? 0)),
      answers: work.give(Uint32Array.from(answers, (name) => places.get(name) ?? 0)),
      notes: lesson.notes,
    }
  }
  const truth: number[] = []
  const answers: number[] = []
  for (const [at, split] of splits.entries()) {
    signal.throwIfAborted()
    work.progress({ share: at / splits.length, words: `trial ${at + 1} of ${splits.length}` })
    const { points, queries } = foldNumbers(lesson, roles, split)
    const model = await KNNRegressor.fit(
      points,
      Float64Array.from(split.train, (row) => lesson.numbers[row]),
      { k, weights },
    )
    for (const answer of await model.predict(queries, { signal })) answers.push(answer)
    for (const row of split.test) {
      truth.push(lesson.numbers[row])
      judged.push(lesson.rows[row])
    }
  }
  const mean = truth.reduce((sum, value) => sum + value, 0) / n
  const scores = regressionScores(truth, answers)
  return {
    task,
    rows: n,
    r2: scores.r2,
    rmse: scores.rmse,
    mae: scores.mae,
    baseline: regressionScores(
      truth,
      truth.map(() => mean),
    ).rmse,
    picture: against(truth, answers, judged),
    notes: lesson.notes,
  }
}

/** Marks that are drawn: more hide one another. */
const DRAWN = 1500
const WORST = 24

function against(
  truth: readonly number[],
  answers: readonly number[],
  judged: readonly number[],
): AgainstPicture {
  let least = Number.POSITIVE_INFINITY
  let most = Number.NEGATIVE_INFINITY
  for (const list of [truth, answers]) {
    for (const value of list) {
      if (value < least) least = value
      if (value > most) most = value
    }
  }
  const step = Math.max(1, Math.floor(truth.length / DRAWN))
  const dots: AgainstPicture['dots'][number][] = []
  for (let i = 0; i < truth.length; i += step)
    dots.push({ truth: truth[i], answer: answers[i], row: judged[i] })
  const off = (i: number): number => Math.abs(truth[i] - answers[i])
  const worst = Array.from(judged.keys())
    .sort((a, b) => off(b) - off(a))
    .slice(0, WORST)
    .map((i) => judged[i])
  return { least, most: most === least ? least + 1 : most, dots, worst }
}

/** A model of all rows that have a target, its encoder with it. */
async function modelOf(
  roles: Roles,
  settings: NeighborSettings,
): Promise<{
  readonly lesson: Lesson
  readonly model: KNNClassifier<string> | KNNRegressor<Float64Array>
  readonly encoder: Encoder
}> {
  // As the command does it, so that the model file is the same.
  const lesson = lessonOf(roles, settings, false)
  const { k, weights, task } = settings
  const encoder = Encoder.fit(lesson.table, { ...encoderOptions(roles), unseen: 'zero' })
  if (k > lesson.table.rows) {
    throw new InputError(
      'E_K',
      'k',
      `There are ${count(lesson.table.rows)} rows to learn from, so k can be at most that.`,
    )
  }
  const model =
    task === 'classify'
      ? await KNNClassifier.fit(lesson.table, lesson.classes, { k, weights, encoder })
      : await KNNRegressor.fit(lesson.table, lesson.numbers, { k, weights, encoder })
  return { lesson, model, encoder }
}

/** One row's answer as if it were new: its own row does not vote. */
export async function inspect(ask: Tasks['inspect']['ask']): Promise<Inspected> {
  const { roles, settings, row } = ask
  const table = tableNow()
  const lesson = lessonOf(roles, settings)
  const { k, weights, task } = settings
  const encoder = Encoder.fit(lesson.table, { ...encoderOptions(roles), unseen: 'zero' })
  const points = encoder.encode(lesson.table).matrix
  const query = encoder.encode(table.take([row]), { extra: 'ignore' }).matrix
  const own = lesson.rows.indexOf(row)
  const others = Uint32Array.from({ length: points.rows }, (_, i) => i).filter((i) => i !== own)
  const taken = others.length === points.rows ? points : rowsOf(points, others)
  const shown = encoder.uses
    .filter(({ used }) => used)
    .map(({ name }) => name)
    .slice(0, 8)
  const target = roles.target ?? ''
  const [truth] = rowTexts(table.select([target]), [row])
  const asked = Math.min(k, others.length)
  const text = cellTexts(table.column(target))
  const describe = (
    voters: readonly { index: number; distance: number; share: number }[],
  ): Inspected['neighbors'] =>
    voters.map(({ index, distance, share }) => {
      const at = lesson.rows[others[index]]
      return {
        row: at,
        distance,
        share,
        target: text(at) ?? '',
        cells: rowTexts(table.select(shown), [at])[0],
      }
    })
  const base = { truth: truth[0], names: shown, row: rowTexts(table.select(shown), [row])[0] }
  if (task === 'classify') {
    const model = KNNClassifier.fitSync(
      taken,
      Array.from(others, (i) => lesson.classes[i]),
      { k: asked, weights },
    )
    const [answer] = model.explainSync(query)
    return { ...base, prediction: answer.prediction, neighbors: describe(answer.neighbors) }
  }
  const model = KNNRegressor.fitSync(
    taken,
    Float64Array.from(others, (i) => lesson.numbers[i]),
    { k: asked, weights },
  )
  const [answer] = model.explainSync(query)
  return { ...base, prediction: brief(answer.prediction[0], 4), neighbors: describe(answer.neighbors) }
}

function rowsOf(matrix: Matrix, rows: Uint32Array): number[][] {
  return Array.from(rows, (row) => [...matrix.row(row)])
}

/** Answers for the rows of another file, written behind its columns as the command does. */
export async function predict(ask: Tasks['predict']['ask'], work: Work): Promise<FileMade> {
  const { roles, settings, file, choices } = ask
  const { model, encoder } = await modelOf(roles, settings)
  const { table: fresh } = await readTable(file, choices, work)
  const { matrix, rows } = encoder.encode(fresh, { extra: 'ignore' })
  const { signal } = work
  const predictions: (string | number)[] = []
  const confidence = new Float64Array(matrix.rows)
  const neighbors: string[] = []
  const portion = 5000
  for (let from = 0; from < matrix.rows; from += portion) {
    signal.throwIfAborted()
    work.progress({ share: from / matrix.rows, words: `${count(from)} of ${count(matrix.rows)} rows` })
    const part = encoder.encoded(
      rowsOf(
        matrix,
        Uint32Array.from({ length: Math.min(portion, matrix.rows - from) }, (_, i) => from + i),
      ),
    )
    if (model instanceof KNNClassifier) {
      for (const [i, answer] of (await model.explain(part, { signal })).entries()) {
        predictions.push(answer.prediction)
        for (const voter of answer.neighbors)
          if (voter.target === answer.prediction) confidence[from + i] += voter.share
        neighbors.push(answer.neighbors.map(({ index }) => index).join(' '))
      }
    } else {
      for (const answer of await model.explain(part, { signal })) {
        predictions.push(answer.prediction[0])
        neighbors.push(answer.neighbors.map(({ index }) => index).join(' '))
      }
    }
  }
  const spread = <T>(values: readonly T[]): (T | null)[] => {
    if (rows === null) return [...values]
    const all = new Array<T | null>(fresh.rows).fill(null)
    for (const [i, row] of rows.entries()) all[row] = values[i]
    return all
  }
  const answers: Column[] =
    model instanceof KNNClassifier
      ? [
          textColumn('prediction', spread(predictions.map(String))),
          {
            name: 'confidence',
            type: 'number',
            values: toAllRows(
              confidence.map((share) => Math.min(1, Math.round(share * 1e12) / 1e12)),
              rows,
              fresh.rows,
            ),
          },
        ]
      : [{ name: 'prediction', type: 'number', values: toAllRows(predictions.map(Number), rows, fresh.rows) }]
  return csvFile(
    withAnswers(fresh, [...answers, textColumn('neighbors', spread(neighbors))]),
    predictedName(file.name),
    work,
  )
}

export async function neighborModel(ask: Tasks['neighborModel']['ask']): Promise<FileMade> {
  const { model } = await modelOf(ask.roles, ask.settings)
  return modelFile(model.toBytes(), ask.name)
}
