import {
  adjustedMutualInformation,
  adjustedRand,
  BisectingKMeans,
  calinskiHarabasz,
  daviesBouldin,
  GeoKMeans,
  InputError,
  KMeans,
  KMedians,
  KMedoids,
  KPrototypes,
  normalizedMutualInformation,
  silhouette,
  SphericalKMeans,
  vMeasure,
} from 'nigh'
import type { Column, Label, Table } from 'nigh'
import type { Input } from '../read/read.ts'
import { sampled } from '../report/sample.ts'
import type { Run } from '../run.ts'
import { grid } from '../show/grid.ts'
import { brief, plural, whole } from '../show/numbers.ts'
import { rowsAt } from '../show/plane.ts'
import { show } from '../show/text.ts'
import { numbersIn } from './answers.ts'
import { wholeRows } from './family-answers.ts'
import type { FamilyModel } from './family-answers.ts'
import { mixedSpace, plainSpace } from './plain-space.ts'
import type { PlainSpace } from './plain-space.ts'
import { distancesTo, isThere } from './shared.ts'

/** What an evaluation comes to: for a program, and for a person. */
export interface Verdict {
  readonly json: Readonly<Record<string, unknown>>
  readonly lines: readonly string[]
}

/** Rows with their clusters. */
interface Clustered {
  readonly labels: Uint32Array
  /** Which rows of the table they are; null where all are. */
  readonly rows: Uint32Array | null
  /** What the model makes small, summed over these rows. */
  readonly inertia: number
  /** Some of them, or all, in a space of plain distances: which, and there. */
  readonly looked: Uint32Array
  readonly space: PlainSpace
}

/** Exact up to here; beyond, n² distances would take minutes. */
const MOST = 10_000

/** Judges clusters by themselves, and against a column of classes where there is one. */
export async function judgeClusters(
  model: KMeans | FamilyModel,
  input: Input,
  features: Table,
  target: string | undefined,
  run: Run,
): Promise<Verdict> {
  const { labels, rows, inertia, looked, space } = await cluster(model, features, run)
  const counts = Array.from({ length: model.k }, () => 0)
  for (const label of labels) counts[label]++
  const found = counts.filter((count) => count > 0).length
  const own = looked.length === labels.length ? labels : looked.map((at) => labels[at])
  const kinds = new Set(own).size
  const defined = kinds >= 2 && kinds < own.length
  const part = own.length > MOST ? { sampleSize: MOST } : {}
  const inside = defined
    ? {
        silhouette: (
          await silhouette(space.matrix, own, { ...part, metric: space.metric, signal: run.signal })
        ).mean,
        calinskiHarabasz: calinskiHarabasz(space.matrix, own),
        daviesBouldin: daviesBouldin(space.matrix, own),
      }
    : { silhouette: null, calinskiHarabasz: null, daviesBouldin: null }
  const text = (value: number | null): string => (value === null ? 'not defined' : brief(value))
  const measured = space.says === '' ? '' : `; ${space.says}`
  const on = (most: number): string => (labels.length > most ? `; on ${whole(most)} rows` : '')
  const lines: [string, string, string][] = [
    ['clusters with rows', `${found} of ${model.k}`, ''],
    ['rows in each', sizesText(counts), found < model.k ? 'the fewest and the most of those with rows' : ''],
    ['inertia', brief(inertia), summedIn(model)],
    [
      'silhouette',
      text(inside.silhouette),
      `from −1 to 1, high is good${on(Math.min(MOST, own.length))}${measured}`,
    ],
    ['Calinski–Harabasz', text(inside.calinskiHarabasz), `high is good${on(own.length)}`],
    ['Davies–Bouldin', text(inside.daviesBouldin), `low is good${on(own.length)}`],
  ]
  const agreement =
    target === undefined ? {} : agreementWith(input.table.column(target), labels, rows, target, lines)
  return {
    json: { rows: labels.length, clusters: found, counts, inertia, ...inside, ...agreement },
    lines: grid(
      [
        { title: '', align: 'left' },
        { title: '', align: 'right' },
        { title: '', align: 'left' },
      ],
      lines,
      run.width,
      run.paint,
    ),
  }
}

async function cluster(model: KMeans | FamilyModel, table: Table, run: Run): Promise<Clustered> {
  const work = { signal: run.signal }
  if (model instanceof KPrototypes) {
    const rows = wholeRows(model, table, run)
    const some = rows === null ? table : table.take(rows)
    const labels = await model.predict(some, work)
    // Each category is a column there: a part of the rows says as much.
    const looked = sampled(some.rows, MOST)
    const space = mixedSpace(model, looked.length === some.rows ? some : some.take(looked))
    return { labels, rows, inertia: -(await model.score(some, work)), looked, space }
  }
  const { matrix, rows } = numbersIn(table, model.encoder, model.centroids.columns)
  if (rows !== null) run.warn(`${plural(table.rows - rows.length, 'row')} with empty cells have no answer`)
  const points = model.encoder?.encoded(matrix) ?? matrix
  const labels = await model.predict(matrix, model instanceof KMeans ? run.work : work)
  const inertia =
    model instanceof BisectingKMeans
      ? distancesTo(matrix, model.centroids, labels).reduce((sum, distance) => sum + distance * distance, 0)
      : -(await model.score(points, work))
  const space = plainSpace(model, matrix)
  // Nothing is made anew where distances are those of the numbers themselves.
  if (space.matrix === matrix) {
    return { labels, rows, inertia, looked: Uint32Array.from(labels, (_, i) => i), space }
  }
  const looked = sampled(matrix.rows, 1_000_000)
  return looked.length === matrix.rows
    ? { labels, rows, inertia, looked, space }
    : { labels, rows, inertia, looked, space: { ...space, matrix: rowsAt(space.matrix, looked) } }
}

/** What is summed in a model's inertia. */
function summedIn(model: KMeans | FamilyModel): string {
  if (model instanceof SphericalKMeans) return 'summed cosine distance to the centres'
  if (model instanceof KMedians) return 'summed manhattan distance to the medians'
  if (model instanceof KMedoids) return 'summed distance to the medoids'
  if (model instanceof KPrototypes) return 'summed cost'
  if (model instanceof GeoKMeans) return 'summed squared straight-line distance to the centres'
  return 'summed squared distance to the centres'
}

/** "8 to 15,816": the sizes of clusters that have rows. */
function sizesText(counts: readonly number[]): string {
  const sizes = counts.filter((count) => count > 0)
  return sizes.length <= 4
    ? sizes.map(whole).join(', ')
    : `${whole(Math.min(...sizes))} to ${whole(Math.max(...sizes))}`
}

/** How far clusters agree with the classes of a column; adds lines that say so. */
function agreementWith(
  truth: Column,
  labels: Uint32Array,
  rows: Uint32Array | null,
  target: string,
  lines: [string, string, string][],
): Record<string, number> {
  const places = Array.from({ length: labels.length }, (_, i) => i).filter((i) =>
    isThere(truth, rows?.[i] ?? i),
  )
  if (places.length === 0) {
    throw new InputError('E_MISSING', 'target', `--target ${show(target)}: no row has a target`)
  }
  const classes = labelsAt(
    truth,
    places.map((i) => rows?.[i] ?? i),
  )
  const own = places.map((i) => labels[i])
  const { homogeneity, completeness, vMeasure: both } = vMeasure(classes, own)
  const agreement = {
    adjustedRand: adjustedRand(classes, own),
    adjustedMutualInformation: adjustedMutualInformation(classes, own),
    normalizedMutualInformation: normalizedMutualInformation(classes, own),
    homogeneity,
    completeness,
    vMeasure: both,
  }
  lines.push(
    [
      'adjusted Rand',
      agreement.adjustedRand.toFixed(3),
      `agreement with ${show(target)}: 0 by chance, 1 the same`,
    ],
    ['adjusted mutual information', agreement.adjustedMutualInformation.toFixed(3), 'likewise'],
    ['homogeneity', homogeneity.toFixed(3), 'clusters hold one class only'],
    ['completeness', completeness.toFixed(3), 'classes lie in one cluster only'],
  )
  return agreement
}

/** Cells as labels. */
export function labelsAt(column: Column, rows: readonly number[]): Label[] {
  switch (column.type) {
    case 'text':
      return rows.map((row) => column.categories[column.values[row]])
    case 'boolean':
      return rows.map((row) => column.values[row] === 1)
    default:
      return rows.map((row) => column.values[row])
  }
}
