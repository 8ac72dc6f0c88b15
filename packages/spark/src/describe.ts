import { type Contrast, InputError, type KMeans, Matrix } from 'nigh'
import { checkInteger, checkNumber, checkOptions, describeCluster } from 'nigh/internals'
import { numbersOf, rowsOf } from './arrow.ts'
import { featuresOf, rowColumn } from './columns.ts'
import { type SourceCell, encodedColumn, sourceCells } from './encode.ts'
import { SparkError } from './errors.ts'
import type { Frame } from './frame.ts'
import { widthOf } from './kmeans.ts'
import { type ModelRows, type SparkAnswerNames, answerNames, nearestOf } from './predict.ts'
import { judgedSql } from './refusals.ts'
import type { Watch } from './session.ts'

/** What a cluster on the cluster is like. */
export interface SparkClusterProfile {
  /** Its number. */
  readonly label: number
  /** Rows in it, and their share of all. */
  readonly size: number
  readonly share: number
  /** The mean and the largest distance of its rows to the centroid; NaN where it has none. */
  readonly meanDistance: number
  readonly radius: number
  /** Every column against the rest of the rows, the most telling first. */
  readonly contrasts: readonly Contrast[]
  /** One line: its size, and what sets it apart. */
  readonly description: string
}

/** Profiles of a model's clusters, in two passes over the rows; see {@link Spark.profile}. */
export async function profileFrame(
  java: boolean,
  model: KMeans,
  rows: ModelRows,
  watch: Watch,
): Promise<SparkClusterProfile[]> {
  const call = 'Spark.profile'
  const { names, row, extra } = rows
  // An encoder's columns are compared as they were before it, in their own units.
  const cells: readonly SourceCell[] =
    extra === encodedColumn && model.encoder !== undefined
      ? sourceCells(model.encoder)
      : names.map((name, j) => ({ name, type: 'number', sql: `${row}[${j}]` }))
  const near = nearestOf(java, 'centroids', row, model.centroids)
  const labelled = rows.frame.sql(
    `select nigh_found.cluster as cluster, nigh_found.distance as distance, x
      from (select ${near.sql} as nigh_found, array(${cells.map(({ sql }) => sql).join(', ')}) as x from input)`,
    near.values,
  )
  const each = cells.map(
    (_, j) =>
      `count(x[${j}]) as n${j}, ${orNaN(`avg(x[${j}])`)} as mean${j}, ${orNaN(`stddev_pop(x[${j}])`)} as spread${j}`,
  )
  const all = await allColumns(
    call,
    labelled.sql(`select count(*) as n, ${each.join(', ')} from input`),
    watch,
  )
  // Differences from the mean of all rows: right at any offset.
  const shifts = cells.map(
    (_, j) => `count(x[${j}]) as n${j}, ${orNaN(`avg(x[${j}] - :mean${j})`)} as shift${j}`,
  )
  const means: Record<string, number> = {}
  cells.forEach((_, j) => {
    means[`mean${j}`] = all(`mean${j}`)[0]
  })
  const found = await allColumns(
    call,
    labelled.sql(
      `select cluster, count(*) as n, avg(distance) as near, max(distance) as far, ${shifts.join(', ')} from input group by cluster order by cluster`,
      means,
    ),
    watch,
  )
  const total = all('n')[0]
  const numbers = found('cluster')
  return Array.from({ length: model.k }, (_, label) => {
    const at = numbers.indexOf(label)
    if (at < 0) {
      const none = { size: 0, share: 0, meanDistance: Number.NaN, radius: Number.NaN }
      return { label, ...none, contrasts: [], description: describeCluster(0, 0, []) }
    }
    const size = found('n')[at]
    const contrasts = cells.map(({ name, type, category }, j): Contrast => {
      const mean = all(`mean${j}`)[0]
      const spread = all(`spread${j}`)[0]
      const shift = found(`shift${j}`)[at]
      const own = found(`n${j}`)[at]
      const others = all(`n${j}`)[0] - own
      // The rest's mean follows: all rows' shifts sum to 0.
      const rest = others === 0 ? Number.NaN : mean - (shift * own) / others
      const effect = spread > 0 && own > 0 && others > 0 ? (mean + shift - rest) / spread : 0
      const contrast =
        type === 'number' || type === 'date'
          ? { name, type, centre: mean + shift, rest, effect }
          : { name, type, ...shares((mean + shift) * own, own, mean * (own + others), others), effect }
      return category === undefined ? contrast : { ...contrast, category }
    })
    const share = size / total
    const telling = tellingFirst(contrasts)
    return {
      label,
      size,
      share,
      meanDistance: found('near')[at],
      radius: found('far')[at],
      contrasts: telling,
      description: describeCluster(size, share, telling),
    }
  })
}

/** Shares of ones, which means of so many ones are to within rounding. */
function shares(
  ones: number,
  own: number,
  all: number,
  others: number,
): { readonly centre: number; readonly rest: number } {
  return { centre: Math.round(ones) / own, rest: (Math.round(all) - Math.round(ones)) / others }
}

/** What no cell says anything about. */
function orNaN(sql: string): string {
  return `coalesce(${sql}, double('NaN'))`
}

/** The most telling columns first; of a column of text, the category whose share differs most. */
function tellingFirst(contrasts: readonly Contrast[]): readonly Contrast[] {
  const byName = new Map<string, Contrast>()
  const difference = ({ centre, rest }: Contrast): number => Math.abs(centre - rest)
  for (const contrast of contrasts) {
    const known = byName.get(contrast.name)
    if (known === undefined || difference(contrast) > difference(known)) byName.set(contrast.name, contrast)
  }
  return [...byName.values()].sort((a, b) => Math.abs(b.effect) - Math.abs(a.effect))
}

/** Options of {@link Spark.anomalies}. */
export interface SparkAnomalyOptions extends Watch {
  /** The columns that the model was fitted on; a model of {@link Spark.kmeans} knows them. */
  readonly columns?: readonly string[]
  /** Other names for the four columns of answers, for a table that has columns so called. */
  readonly names?: SparkAnswerNames
  /** The share of rows that are anomalies, above 0 and at most 0.5: the threshold is that quantile. Default: 0.1. */
  readonly contamination?: number
  /** Scores above this number are anomalies. Not together with `contamination`. */
  readonly threshold?: number
  /** Clusters with less than this share of what each would hold if all were equal are no home, as in CentroidDistance. Default: 0.1. */
  readonly minimumShare?: number
}

/** Rows that lie far from every centroid. */
export interface SparkAnomalies {
  /** The table's columns, the nearest home `cluster`, the `distance` to it, the `score` and whether it is an `anomaly`. */
  readonly rows: Frame
  /** Scores above it are anomalies. */
  readonly threshold: number
  /** k root mean square distances; NaN for a cluster that is no home. */
  readonly spreads: Float64Array
}

/** Scores rows by their distance to the nearest centroid; see {@link Spark.anomalies}. */
export async function anomaliesOf(
  java: boolean,
  model: KMeans,
  { frame, row, extra }: ModelRows,
  options: SparkAnomalyOptions,
): Promise<SparkAnomalies> {
  const call = 'Spark.anomalies'
  checkOptions(call, options, [
    'columns',
    'names',
    'contamination',
    'threshold',
    'minimumShare',
    'signal',
    'onProgress',
    'maxBytes',
  ])
  const { contamination = 0.1, minimumShare = 0.1 } = options
  const called = answerNames(call, options.names ?? {}, ['cluster', 'distance', 'score', 'anomaly'])
  if (options.contamination !== undefined && options.threshold !== undefined) {
    throw new InputError('E_PARAM', 'threshold', `${call}: threshold and contamination exclude each other`)
  }
  checkNumber(call, 'contamination', contamination, Number.MIN_VALUE, 0.5)
  checkNumber(call, 'minimumShare', minimumShare, 0, 1)
  if (options.threshold !== undefined) checkNumber(call, 'threshold', options.threshold, 0, Number.MAX_VALUE)
  const d = model.centroids.columns
  let total = 0
  let largest = 0
  for (const count of model.counts) {
    total += count
    largest = Math.max(largest, count)
  }
  const least = Math.min(largest, (minimumShare * total) / model.k)
  const homes = Array.from(model.counts, (_, c) => c).filter((c) => model.counts[c] >= least)
  const centroids = new Float64Array(homes.length * d)
  homes.forEach((c, i) => {
    centroids.set(Float64Array.from(model.centroids.row(c)), i * d)
  })
  const home = nearestOf(java, 'home', row, Matrix.of(centroids, d))
  const own = nearestOf(java, 'all', row, model.centroids)
  const near = frame.sql(`select *, ${home.sql} as nigh_found, ${own.sql}.cluster as nigh_own from input`, {
    ...home.values,
    ...own.values,
  })
  // Typical distances are those of a home's own rows, not of strangers that are measured from it.
  const found = await allColumns(
    call,
    near.sql(
      `select nigh_found.cluster as home, sum(nigh_found.distance * nigh_found.distance) as sq, count(*) as n from input
        where nigh_own = cast(element_at(:homes, nigh_found.cluster + 1) as int) group by 1 order by 1`,
      { homes: Float64Array.from(homes) },
    ),
    options,
  )
  const at = found('home')
  const squares = found('sq')
  const members = found('n')
  let allSquares = 0
  let allMembers = 0
  at.forEach((_, i) => {
    allSquares += squares[i]
    allMembers += members[i]
  })
  const overall = allMembers === 0 ? 0 : Math.sqrt(allSquares / allMembers)
  const scales = new Float64Array(homes.length).fill(overall)
  at.forEach((home, i) => {
    if (squares[i] > 0) scales[home] = Math.sqrt(squares[i] / members[i])
  })
  const spreads = new Float64Array(model.k).fill(Number.NaN)
  homes.forEach((c, i) => {
    spreads[c] = scales[i]
  })
  const scored = near.sql(
    `select * except (nigh_found, nigh_own${extra === null ? '' : `, ${extra}`}), cast(element_at(:homes, nigh_found.cluster + 1) as int) as ${called('cluster')},
      nigh_found.distance as ${called('distance')},
      if(nigh_found.distance = 0, 0D, if(element_at(:scales, nigh_found.cluster + 1) = 0, double('Infinity'),
        nigh_found.distance / element_at(:scales, nigh_found.cluster + 1))) as ${called('score')} from input`,
    { homes: Float64Array.from(homes), scales },
  )
  const threshold =
    options.threshold ??
    (
      await allColumns(
        call,
        scored.sql(`select percentile(${called('score')}, :share) as q from input`, {
          share: 1 - contamination,
        }),
        options,
      )
    )('q')[0]
  return {
    rows: scored.sql(`select *, ${called('score')} > :threshold as ${called('anomaly')} from input`, {
      threshold,
    }),
    threshold,
    spreads,
  }
}

/** Some rows of a table, the same on any partitioning: those whose content hashes lowest. */
export async function sampleFrame(
  call: string,
  table: Frame,
  columns: readonly string[] | undefined,
  size: number,
  watch: Watch,
): Promise<Matrix> {
  checkInteger(call, 'sampleSize', size, 1, 1e7)
  const features = await featuresOf(call, table, columns, watch.signal, [rowColumn])
  const row = judgedSql(features.sql, await widthOf(call, features, watch))
  const sample = features.frame
    .judging(features.names)
    .sql(`select x from (select ${row} as x from input) order by xxhash64(x), x limit ${size}`)
  const rows: number[][] = []
  for await (const batch of sample.tables(watch, call)) {
    for (const { x } of rowsOf(call, batch)) {
      if (!Array.isArray(x)) throw new SparkError(`${call}: the server's answer has no rows`)
      rows.push(x.map(Number))
    }
  }
  return Matrix.from(call, 'table', rows)
}

/** A small result, by column. */
async function allColumns(call: string, frame: Frame, watch: Watch): Promise<(name: string) => Float64Array> {
  const parts = new Map<string, number[]>()
  for await (const table of frame.tables(watch, call)) {
    for (const name of table.names) {
      const known = parts.get(String(name)) ?? []
      known.push(...numbersOf(call, table, String(name)))
      parts.set(String(name), known)
    }
  }
  return (name) => Float64Array.from(parts.get(name) ?? [])
}
