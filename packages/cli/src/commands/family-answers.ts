import {
  BisectingKMeans,
  BoundedKMeans,
  GeoKMeans,
  InputError,
  KMeans1D,
  KMedians,
  KMedoids,
  KPrototypes,
  Matrix,
  MiniBatchKMeans,
  SphericalKMeans,
} from 'nigh'
import type { Column, Table } from 'nigh'
import type { Run } from '../run.ts'
import { plural } from '../show/numbers.ts'
import { numbersIn } from './answers.ts'
import { distancesTo, isThere, toAllRows, unknownColumn } from './shared.ts'

/** Relatives of K-Means whose rows are numbers. */
export type NumberFamily =
  | BisectingKMeans
  | SphericalKMeans
  | MiniBatchKMeans
  | KMedians
  | KMedoids
  | KMeans1D
  | BoundedKMeans
  | GeoKMeans

/** A model of `nigh kmeans --method`. */
export type FamilyModel = NumberFamily | KPrototypes

const kinds = [
  BisectingKMeans,
  SphericalKMeans,
  MiniBatchKMeans,
  KMedians,
  KMedoids,
  KMeans1D,
  BoundedKMeans,
  GeoKMeans,
  KPrototypes,
]

/** Whether a model is a relative of K-Means. */
export function isFamily(model: object): model is FamilyModel {
  return kinds.some((kind) => model instanceof kind)
}

/** Rows asked at a time: their distances to all centres are held. */
const PORTION = 10_000

/**
 * A relative's answers for a table, as columns: `cluster`, and `distance` (in the model's own measure) or, for
 * prototypes, `cost`.
 *
 * @throws {InputError} as the model's `predict`
 */
export async function familyAnswers(model: FamilyModel, table: Table, run: Run): Promise<Column[]> {
  if (model instanceof KPrototypes) {
    const rows = wholeRows(model, table, run)
    const some = rows === null ? table : table.take(rows)
    const labels = await model.predict(some, { signal: run.signal })
    return prototypeAnswers(model, some, labels, rows, table.rows, run)
  }
  const { matrix, rows } = numbersIn(table, model.encoder, model.centroids.columns)
  if (rows !== null) run.warn(`${table.rows - rows.length} rows with empty cells have no answer`)
  const labels = await model.predict(matrix, { signal: run.signal })
  return clusterColumns('distance', labels, await ownDistances(model, matrix, labels, run), rows, table.rows)
}

/** The rows without an empty cell in the columns of prototypes; null where those are all. */
export function wholeRows(model: KPrototypes, table: Table, run: Run): Uint32Array | null {
  const columns = model.prototypes.columns.flatMap(({ name }) =>
    table.has(name) ? [table.column(name)] : [],
  )
  const rows = Uint32Array.from({ length: table.rows }, (_, row) => row).filter((row) =>
    columns.every((column) => isThere(column, row)),
  )
  if (rows.length === table.rows) return null
  if (rows.length === 0)
    throw new InputError('E_MISSING', 'data', 'every row has an empty cell in the columns of the model')
  run.warn(`${plural(table.rows - rows.length, 'row')} with empty cells have no answer`)
  return rows
}

/** The answers for rows whose clusters are known. */
export async function prototypeAnswers(
  model: KPrototypes,
  table: Table,
  labels: Uint32Array,
  kept: Uint32Array | null,
  rows: number,
  run: Run,
): Promise<Column[]> {
  const costs = await inPortions(table.rows, labels, (from, to) =>
    model.transform(table.slice(from, to), { signal: run.signal }),
  )
  return clusterColumns('cost', labels, costs, kept, rows)
}

/** Each row's distance to the centre of its cluster, as the model measures it. */
export async function ownDistances(
  model: NumberFamily,
  matrix: Matrix,
  labels: Uint32Array,
  run: Run,
): Promise<Float64Array> {
  if (model instanceof BisectingKMeans) return distancesTo(matrix, model.centroids, labels)
  const { columns: d, values, rows } = matrix
  return inPortions(rows, labels, (from, to) => {
    const part = Matrix.of(values.subarray(from * d, to * d), d)
    return model instanceof KMeans1D
      ? model.transform(part, { signal: run.signal })
      : model.transform(model.encoder?.encoded(part) ?? part, { signal: run.signal })
  })
}

async function inPortions(
  rows: number,
  labels: Uint32Array,
  distances: (from: number, to: number) => Promise<Matrix>,
): Promise<Float64Array> {
  const own = new Float64Array(rows)
  for (let from = 0; from < rows; from += PORTION) {
    const to = Math.min(rows, from + PORTION)
    const { values, columns: k } = await distances(from, to)
    for (let i = from; i < to; i++) own[i] = values[(i - from) * k + labels[i]]
  }
  return own
}

/** `cluster` and how far each row is from it, for all rows of a table. */
export function clusterColumns(
  measure: 'distance' | 'cost',
  labels: Uint32Array,
  distances: Float64Array,
  kept: Uint32Array | null,
  rows: number,
): Column[] {
  return [
    { name: 'cluster', type: 'number', values: toAllRows(labels, kept, rows) },
    { name: measure, type: 'number', values: toAllRows(distances, kept, rows) },
  ]
}

/** The columns that a model without names of its own takes. */
export function chosenColumns(model: object, table: Table, columns: readonly string[] | undefined): Table {
  if (columns === undefined) return table
  if (model instanceof KPrototypes || ('encoder' in model && model.encoder !== undefined)) {
    throw new InputError(
      'E_PARAM',
      'columns',
      '--columns is for models of plain numbers; this one knows its columns by name',
    )
  }
  const missing = columns.find((name) => !table.has(name))
  if (missing !== undefined) throw unknownColumn('the file', '--columns', missing, table.names)
  return table.select(columns)
}
