import {
  CentroidDistance,
  InputError,
  KMeans,
  KNNClassifier,
  KNNRegressor,
  LocalOutlierFactor,
  Matrix,
  NearestCentroid,
  NeighborDistance,
  RadiusClassifier,
  RadiusRegressor,
} from 'nigh'
import type { ClassLabel, Column, Encoder, Model, Table } from 'nigh'
import type { Run } from '../run.ts'
import type { AnomalyModel } from './anomalies.ts'
import { explainer, nearBy, onlyNeighbors } from './explain.ts'
import type { Explained } from './explain.ts'
import type { FamilyModel } from './family-answers.ts'
import { distancesTo, textColumn, toAllRows } from './shared.ts'

/** Models that answer rows with something other than rows. */
export type AnsweringModel =
  | KMeans
  | KNNClassifier<ClassLabel>
  | KNNRegressor<Float64Array>
  | KNNRegressor<Matrix>
  | LearntModel
  | AnomalyModel

/** Models of the library's that answer with a class or a number, and leave it at that. */
type LearntModel =
  | RadiusClassifier<ClassLabel>
  | RadiusRegressor<Float64Array>
  | RadiusRegressor<Matrix>
  | NearestCentroid<ClassLabel>

/** Whether a model answers rows here. */
export function isAnswering(model: Model): model is AnsweringModel {
  return (
    model instanceof KMeans ||
    model instanceof KNNClassifier ||
    model instanceof KNNRegressor ||
    isLearnt(model) ||
    isAnomalies(model)
  )
}

function isLearnt(model: Model): model is LearntModel {
  return (
    model instanceof RadiusClassifier || model instanceof RadiusRegressor || model instanceof NearestCentroid
  )
}

/** Whether a model answers with numbers. */
export function answersNumbers(model: AnsweringModel): boolean {
  return model instanceof KNNRegressor || model instanceof RadiusRegressor
}

/** Whether a model scores rows by how strange they are. */
export function isAnomalies(model: Model): model is AnomalyModel {
  return (
    model instanceof CentroidDistance ||
    model instanceof NeighborDistance ||
    model instanceof LocalOutlierFactor
  )
}

/**
 * A model's answers for a table, as columns: `cluster` and `distance`; `prediction`, `confidence` (the share of the
 * votes) and `neighbors` (row numbers from 0, nearest first); `prediction` and `neighbors`; or `score` and `anomaly`. Rows that the model's
 * encoder leaves out have none.
 *
 * @param explained filled with an explanation of each answer of neighbours; the columns then end with `why`
 */
export async function answerRows(
  model: AnsweringModel,
  table: Table,
  run: Run,
  explained?: Explained[],
): Promise<Column[]> {
  if (explained !== undefined && !(model instanceof KNNClassifier || model instanceof KNNRegressor)) {
    throw onlyNeighbors()
  }
  const { matrix, rows } = numbersOf(model, table)
  if (rows !== null) run.warn(`${table.rows - rows.length} rows with empty cells have no answer`)
  if (model instanceof KMeans) {
    const labels = await model.predict(matrix, run.work)
    const distances = distancesTo(matrix, model.centroids, labels)
    return [
      { name: 'cluster', type: 'number', values: toAllRows(labels, rows, table.rows) },
      { name: 'distance', type: 'number', values: toAllRows(distances, rows, table.rows) },
    ]
  }
  if (isAnomalies(model)) {
    const scores = await model.score(matrix, run.work)
    const flags = new Uint8Array(table.rows).fill(255)
    for (let i = 0; i < scores.length; i++)
      flags[rows === null ? i : rows[i]] = scores[i] > model.threshold ? 1 : 0
    return [
      { name: 'score', type: 'number', values: toAllRows(scores, rows, table.rows) },
      { name: 'anomaly', type: 'boolean', values: flags },
    ]
  }
  if (isLearnt(model)) {
    const answers = await model.predict(model.encoder?.encoded(matrix) ?? matrix, run.work)
    if (answers instanceof Matrix) throw severalTargets()
    return [predictionColumn(Array.from<ClassLabel, Plain>(answers, plainly), rows, table.rows)]
  }
  const predictions: Plain[] = []
  const confidence = new Float64Array(matrix.rows)
  const neighbors: string[] = []
  const explain = explained === undefined ? undefined : explainer(run)
  const names = model.encoder === undefined ? table.names : undefined
  const why: string[] = []
  // In portions: an explanation is an object for each neighbour.
  const portion = 10_000
  for (let from = 0; from < matrix.rows; from += portion) {
    const to = Math.min(matrix.rows, from + portion)
    const numbers = Matrix.of(
      matrix.values.subarray(from * matrix.columns, to * matrix.columns),
      matrix.columns,
    )
    const part = model.encoder?.encoded(numbers) ?? numbers
    run.progress.step(from / matrix.rows)
    if (model instanceof KNNClassifier) {
      const answers = await (explain?.(model, part, names) ?? model.explain(part, run.work))
      for (const [i, { prediction, neighbors: voters, columns }] of answers.entries()) {
        predictions.push(plainly(prediction))
        if (explained !== undefined) {
          const behind = voters.map(({ index, distance, target, share }) => ({
            row: index,
            distance,
            target: plainly(target),
            share,
          }))
          explained.push({
            row: rows === null ? from + i : rows[from + i],
            prediction: plainly(prediction),
            neighbors: behind,
            columns: columns ?? null,
          })
          if (columns !== undefined) why.push(nearBy(columns))
        }
        for (const voter of voters) if (voter.target === prediction) confidence[from + i] += voter.share
        neighbors.push(voters.map(({ index }) => index).join(' '))
      }
    } else {
      const answers = await (explain?.(model, part, names) ?? model.explain(part, run.work))
      for (const [i, { prediction, neighbors: voters, columns }] of answers.entries()) {
        if (prediction.length !== 1) throw severalTargets()
        predictions.push(prediction[0])
        if (explained !== undefined) {
          const behind = voters.map(({ index, distance, target, share }) => ({
            row: index,
            distance,
            target: target[0],
            share,
          }))
          explained.push({
            row: rows === null ? from + i : rows[from + i],
            prediction: prediction[0],
            neighbors: behind,
            columns: columns ?? null,
          })
          if (columns !== undefined) why.push(nearBy(columns))
        }
        neighbors.push(voters.map(({ index }) => index).join(' '))
      }
    }
  }
  const behind = textColumn('neighbors', spreadRows(neighbors, rows, table.rows))
  const predicted = predictionColumn(predictions, rows, table.rows)
  const reasons = why.length > 0 ? [textColumn('why', spreadRows(why, rows, table.rows))] : []
  if (!(model instanceof KNNClassifier)) return [predicted, behind, ...reasons]
  // Shares are sums of votes: 3/5 may come out a bit above or below.
  const rounded = confidence.map((share) => Math.min(1, Math.round(share * 1e12) / 1e12))
  return [
    predicted,
    { name: 'confidence', type: 'number', values: toAllRows(rounded, rows, table.rows) },
    behind,
    ...reasons,
  ]
}

function severalTargets(): InputError {
  return new InputError('E_KIND', 'model', 'the model has several targets; the command answers with one')
}

type Plain = string | number | boolean

function plainly(label: ClassLabel): Plain {
  return typeof label === 'bigint' ? String(label) : label
}

function predictionColumn(predictions: readonly Plain[], kept: Uint32Array | null, rows: number): Column {
  if (typeof predictions[0] === 'number') {
    return { name: 'prediction', type: 'number', values: toAllRows(predictions.map(Number), kept, rows) }
  }
  if (typeof predictions[0] === 'boolean') {
    const cells = new Uint8Array(rows).fill(255)
    for (const [i, one] of predictions.entries()) cells[kept === null ? i : kept[i]] = one === true ? 1 : 0
    return { name: 'prediction', type: 'boolean', values: cells }
  }
  return textColumn('prediction', spreadRows(predictions.map(String), kept, rows))
}

function spreadRows(
  cells: readonly string[],
  kept: Uint32Array | null,
  rows: number,
): readonly (string | null)[] {
  if (kept === null) return cells
  const all: (string | null)[] = Array.from({ length: rows }, () => null)
  for (let i = 0; i < kept.length; i++) all[kept[i]] = cells[i]
  return all
}

/** A table as the model's encoder makes it numbers; where the model was fitted on numbers, the table's own, in order. */
function numbersOf(
  model: AnsweringModel,
  table: Table,
): { readonly matrix: Matrix; readonly rows: Uint32Array | null } {
  return numbersIn(table, encoderOf(model), widthOf(model))
}

/** What makes a table the numbers that a model takes; undefined where it takes plain numbers. */
export function encoderOf(model: AnsweringModel | FamilyModel): Encoder | undefined {
  const inner = model instanceof CentroidDistance ? model.clusters : model
  return 'encoder' in inner ? inner.encoder : undefined
}

/**
 * A table as an encoder makes it numbers; without one, the table's own, in order.
 *
 * @param width how many numbers a row must have; null where only the model knows
 */
export function numbersIn(
  table: Table,
  encoder: Encoder | undefined,
  width: number | null,
): { readonly matrix: Matrix; readonly rows: Uint32Array | null } {
  if (encoder !== undefined) return encoder.encode(table, { extra: 'ignore' })
  const d = width ?? table.columns.length
  if (table.columns.length !== d) {
    throw new InputError(
      'E_FEATURES',
      'data',
      `the model was fitted on ${d === 1 ? 'one column' : `${d} columns`} of numbers without names, but the file has ${table.columns.length} columns; name those to use with --columns`,
    )
  }
  const values = new Float64Array(table.rows * d)
  for (const [j, { name, type, values: cells }] of table.columns.entries()) {
    if (type !== 'number')
      throw new InputError(
        'E_FEATURES',
        'data',
        `the model was fitted on numbers, but column ${JSON.stringify(name)} holds ${type}`,
      )
    for (let i = 0; i < table.rows; i++) values[i * d + j] = cells[i]
  }
  return { matrix: Matrix.of(values, d), rows: null }
}

/** How many numbers a row of the model has; null where only the model knows, and refuses others itself. */
function widthOf(model: AnsweringModel): number | null {
  if (model instanceof KMeans) return model.centroids.columns
  if (model instanceof CentroidDistance) return model.clusters.centroids.columns
  if (model instanceof NearestCentroid) return model.centroids.columns
  return isAnomalies(model) ? null : model.points.columns
}
