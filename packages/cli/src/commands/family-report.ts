import {
  BoundedKMeans,
  Encoder,
  GeoKMeans,
  KMeans1D,
  KMedians,
  KMedoids,
  KPrototypes,
  Matrix,
  SphericalKMeans,
  Table,
} from 'nigh'
import type { Column } from 'nigh'
import type { Input } from '../read/read.ts'
import type { Clustering, OwnCharts } from '../report/clusters.ts'
import { firstRows, titled } from '../report/figure.ts'
import type { DataTable } from '../report/figure.ts'
import { rowsTable } from '../report/made.ts'
import type { Run } from '../run.ts'
import { brief, whole } from '../show/numbers.ts'
import { profileOf } from '../show/profile.ts'
import type { Profile } from '../show/profile.ts'
import { ownDistances, prototypeAnswers } from './family-answers.ts'
import type { FamilyModel, NumberFamily } from './family-answers.ts'
import { methodNames } from './family-methods.ts'
import type { FamilyFlags } from './family-methods.ts'
import { prototypesTable } from './prototypes.ts'
import { mixedSpace, plainSpace, wordsOf } from './plain-space.ts'
import { textColumn } from './shared.ts'
import type { Prepared } from './shared.ts'

/** What a relative of K-Means leaves to be shown on a page. */
export async function familyClustering(
  model: FamilyModel,
  input: Input,
  { encoder, matrix, rows }: Prepared,
  weights: Float64Array | undefined,
  flags: FamilyFlags,
  run: Run,
): Promise<Clustering> {
  const table = rows === null ? input.table : input.table.take(rows)
  const { labels } = model
  const shown = {
    input,
    table,
    fileRows: rows,
    labels,
    rows: matrix.rows,
    method: methodNames[flags.method],
    found: {
      k: model.k,
      inertia: model.inertia,
      ...('iterations' in model && !(model instanceof KMeans1D)
        ? { iterations: model.iterations, converged: model.converged }
        : {}),
    },
    chosen: undefined,
    notes: run.notesSaid,
  }
  if (!(model instanceof KPrototypes)) {
    return {
      ...shown,
      matrix,
      encoder,
      space: plainSpace(model, matrix),
      distances: await ownDistances(model, matrix, labels, run),
      own: ownCharts(model, encoder, table, rows, flags),
      profile: numberProfile(model, matrix, weights, encoder),
      extra: new Map(),
    }
  }
  const { categories, encoder: mixed } = mixedEncoder(model, table)
  const encoded = mixed.encode(categories).matrix
  const means = meansBy(labels, model.k, encoded, weights)
  const [, costs] = await prototypeAnswers(model, table, labels, null, table.rows, run)
  return {
    ...shown,
    matrix: encoded,
    encoder: mixed,
    space: mixedSpace(model, table),
    distances: Float64Array.from(costs.values),
    own: {
      leaders: {
        ...prototypesTable(model),
        title: 'The prototypes: means, and most frequent values',
      },
    },
    profile: profileOf([encoded], weights, means, model.counts, mixed),
    usage: `${whole(mixed.uses.filter(({ used }) => used).length)} of its columns are used: ${flags.scale === 'none' ? 'numbers as they are' : 'numbers in standard deviations'}, and categories, equal or not.`,
    extra: new Map(),
  }
}

/** What tells clusters of numbers apart: the means of their rows, whatever leads them. */
export function numberProfile(
  model: NumberFamily,
  matrix: Matrix,
  weights: Float64Array | undefined,
  encoder: Encoder,
): Profile {
  const means = meansBy(model.labels, model.k, matrix, weights, model.centroids)
  const profile = profileOf([matrix], weights, means, model.counts, encoder)
  const leading = encoder
    .decode(model instanceof SphericalKMeans ? means : model.centroids)
    .columns.map(({ values }) => values)
  return {
    ...profile,
    centres: Array.from({ length: model.k }, (_, c) => leading.map((values) => values[c])),
  }
}

function ownCharts(
  model: NumberFamily,
  encoder: Encoder,
  table: Table,
  rows: Uint32Array | null,
  flags: FamilyFlags,
): OwnCharts {
  if (model instanceof GeoKMeans || (model instanceof KMedoids && model.metric === 'haversine')) {
    return { places: true }
  }
  if (model instanceof KMeans1D) return { breaks: model.breaks }
  if (model instanceof BoundedKMeans) {
    return { limits: { least: flags.minSize, most: flags.maxSize } }
  }
  if (model instanceof KMedoids) {
    const number = (row: number): string => String(rows === null ? row : rows[row])
    const leaders = Array.from(model.medoids, (row, c) => ({ row, before: [String(c), number(row)] }))
    return {
      leaders: {
        ...firstRows(rowsTable(table, leaders, ['cluster', '#row']), 100),
        title: 'The rows that lead',
      },
    }
  }
  if (model instanceof KMedians) {
    return { leaders: { ...centresTable(model, encoder), title: 'The medians' } }
  }
  return {}
}

/** Centres in the data's own units. */
function centresTable(model: NumberFamily, encoder: Encoder): DataTable {
  const { columns } = encoder.decode(model.centroids)
  return firstRows(
    {
      columns: titled('cluster', ...columns.map(({ name }) => `#${name}`)),
      rows: Array.from({ length: model.k }, (_, c) => [
        String(c),
        ...columns.map(({ values }) => brief(values[c])),
      ]),
    },
    100,
  )
}

/** The mean of the rows of each cluster; where no row counts, its centre. */
function meansBy(
  labels: Uint32Array,
  k: number,
  { columns: d, values, rows }: Matrix,
  weights: Float64Array | undefined,
  centres?: Matrix,
): Matrix {
  const sums = new Float64Array(k * d)
  const totals = new Float64Array(k)
  for (let i = 0; i < rows; i++) {
    const weight = weights === undefined ? 1 : weights[i]
    totals[labels[i]] += weight
    for (let j = 0; j < d; j++) sums[labels[i] * d + j] += weight * values[i * d + j]
  }
  return Matrix.of(
    sums.map((sum, at) => {
      const total = totals[Math.floor(at / d)]
      return total > 0 ? sum / total : (centres?.values[at] ?? 0)
    }),
    d,
  )
}

/** The table with its categories as text, and an encoder of it that leaves numbers as they are. */
function mixedEncoder(
  model: KPrototypes,
  table: Table,
): { readonly categories: Table; readonly encoder: Encoder } {
  const used = model.prototypes.columns
  const asText = used
    .filter(({ name }, at) => model.divisors[at] === null && table.column(name).type !== 'text')
    .map(({ name }): Column => {
      const word = wordsOf(table.column(name))
      return textColumn(
        name,
        Array.from({ length: table.rows }, (_, row) => word(row)),
      )
    })
  const categories = Table.of(
    table.columns.map((column) => asText.find(({ name }) => name === column.name) ?? column),
  )
  const encoder = Encoder.fit(categories, { scale: 'none', columns: used.map(({ name }) => name) })
  return { categories, encoder }
}
