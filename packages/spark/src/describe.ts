import { type Contrast, InputError, type KMeans, Matrix } from 'nigh'
import { checkInteger, checkNumber, checkOptions, describeCluster } from 'nigh/internals'
import { numbersOf } from './arrow.ts'
import { featuresOf } from './columns.ts'
import { SparkError } from './errors.ts'
import type { Frame } from './frame.ts'
import { nearestOf, predictFrame, rowSql } from './predict.ts'
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
  table: Frame,
  columns: readonly string[] | undefined,
  watch: Watch,
): Promise<SparkClusterProfile[]> {
  const call = 'Spark.profile'
  const d = model.centroids.columns
  const row = rowSql(call, columns, d)
  const names =
    columns !== undefined && columns.length === d
      ? columns
      : Array.from({ length: d }, (_, j) => `column ${j + 1}`)
  const labelled = predictFrame(java, model, table, columns).sql(
    `select cluster, distance, ${row} as x from input`,
  )
  const each = names.map((_, j) => `avg(x[${j}]) as mean${j}, stddev_pop(x[${j}]) as spread${j}`).join(', ')
  const all = await allColumns(call, labelled.sql(`select count(*) as n, ${each} from input`), watch)
  // Differences from the mean of all rows: right at any offset.
  const shifts = names.map((_, j) => `avg(x[${j}] - :mean${j}) as shift${j}`).join(', ')
  const means: Record<string, number> = {}
  names.forEach((_, j) => {
    means[`mean${j}`] = all(`mean${j}`)[0]
  })
  const found = await allColumns(
    call,
    labelled.sql(
      `select cluster, count(*) as n, avg(distance) as near, max(distance) as far, ${shifts} from input group by cluster order by cluster`,
      means,
    ),
    watch,
  )
  const rows = all('n')[0]
  const numbers = found('cluster')
  return Array.from({ length: model.k }, (_, label) => {
    const at = numbers.indexOf(label)
    if (at < 0) {
      const none = { size: 0, share: 0, meanDistance: Number.NaN, radius: Number.NaN }
      return { label, ...none, contrasts: [], description: describeCluster(0, 0, []) }
    }
    const size = found('n')[at]
    const contrasts = names.map((name, j): Contrast => {
      const mean = all(`mean${j}`)[0]
      const spread = all(`spread${j}`)[0]
      const shift = found(`shift${j}`)[at]
      // The rest's mean follows: all rows' shifts sum to 0.
      const rest = size === rows ? Number.NaN : mean - (shift * size) / (rows - size)
      const effect = spread === 0 || size === rows ? 0 : (mean + shift - rest) / spread
      return { name, type: 'number', centre: mean + shift, rest, effect }
    })
    contrasts.sort((a, b) => Math.abs(b.effect) - Math.abs(a.effect))
    const share = size / rows
    return {
      label,
      size,
      share,
      meanDistance: found('near')[at],
      radius: found('far')[at],
      contrasts,
      description: describeCluster(size, share, contrasts),
    }
  })
}

/** Options of {@link Spark.anomalies}. */
export interface SparkAnomalyOptions extends Watch {
  /** The columns that the model was fitted on; a model of {@link Spark.kmeans} knows them. */
  readonly columns?: readonly string[]
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
  table: Frame,
  columns: readonly string[] | undefined,
  options: SparkAnomalyOptions,
): Promise<SparkAnomalies> {
  const call = 'Spark.anomalies'
  checkOptions(call, options, [
    'columns',
    'contamination',
    'threshold',
    'minimumShare',
    'signal',
    'onProgress',
    'maxBytes',
  ])
  const { contamination = 0.1, minimumShare = 0.1 } = options
  if (options.contamination !== undefined && options.threshold !== undefined) {
    throw new InputError('E_PARAM', 'threshold', `${call}: threshold and contamination exclude each other`)
  }
  checkNumber(call, 'contamination', contamination, Number.MIN_VALUE, 0.5)
  checkNumber(call, 'minimumShare', minimumShare, 0, 1)
  if (options.threshold !== undefined) checkNumber(call, 'threshold', options.threshold, 0, Number.MAX_VALUE)
  const d = model.centroids.columns
  const row = rowSql(call, columns, d)
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
  const near = table.sql(`select *, ${home.sql} as nigh_found, ${own.sql}.cluster as nigh_own from input`, {
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
    `select * except (nigh_found, nigh_own), cast(element_at(:homes, nigh_found.cluster + 1) as int) as cluster,
      nigh_found.distance as distance,
      if(nigh_found.distance = 0, 0D, if(element_at(:scales, nigh_found.cluster + 1) = 0, double('Infinity'),
        nigh_found.distance / element_at(:scales, nigh_found.cluster + 1))) as score from input`,
    { homes: Float64Array.from(homes), scales },
  )
  const threshold =
    options.threshold ??
    (
      await allColumns(
        call,
        scored.sql('select percentile(score, :share) as q from input', { share: 1 - contamination }),
        options,
      )
    )('q')[0]
  return {
    rows: scored.sql('select *, score > :threshold as anomaly from input', { threshold }),
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
  const features = await featuresOf(call, table, columns, watch.signal)
  const sample = table.sql(
    `select x from (select ${features.sql} as x from input) order by xxhash64(x), x limit ${size}`,
  )
  const rows: number[][] = []
  for await (const batch of sample.stream(watch)) {
    for (const { x } of batch) {
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
