import { checkInteger, checkOptions, InputError, orDefault } from '../check.ts'
import type { Encoder } from '../data/encoder.ts'
import { Matrix, type MatrixLike } from '../data/matrix.ts'
import { fittedPoints, type PointsLike, type PointsOptions } from '../data/points.ts'
import { type Column, Table } from '../data/table.ts'
import { rowWeights } from '../data/weights.ts'
import { codeLabels, type Label, type Labels } from '../evaluate/labels.ts'
import { ExactSum, squarable, sumOf } from '../evaluate/sum.ts'
import { contrastsOf } from './contrasts.ts'
import { describeCluster } from './describe.ts'
import { type ProfileWarning, warningsOf } from './warnings.ts'

/** Options of {@link profileClusters}. */
export interface ProfileOptions {
  /** d names of the columns, where points are numbers. Default: 'column 1' and so on. */
  readonly names?: readonly string[]
  /** k × d, in the sorted order of the labels: what typical and far are measured from. Default: the means of the clusters. */
  readonly centroids?: MatrixLike
  /** What turned the table into numbers for the clustering: `model.encoder`. Default: one fitted here, that fills empty cells. */
  readonly encoder?: Encoder | undefined
  /** A weight for each row of the points, from 0 up: weight n is n copies, weight 0 is absence. Default: 1 each. */
  readonly sampleWeight?: readonly number[] | Float64Array | Float32Array
  /** How many typical and how many far rows are named for each cluster. Default: 3. */
  readonly examples?: number
}

/** One column of a cluster against the rest of the rows. */
export interface Contrast {
  readonly name: string
  readonly type: Column['type']
  /**
   * Numbers and dates: the mean (dates in milliseconds). Booleans: the share that is true. Text: the share of `category`.
   * NaN where all cells are missing.
   */
  readonly centre: number
  /** The same of all other rows; NaN where there are none. */
  readonly rest: number
  /** `centre` less `rest`, in standard deviations of the column (ddof 0): 0 where that is 0. */
  readonly effect: number
  /** Text: the category whose share differs most. */
  readonly category?: string
}

/** What a cluster is like. */
export interface ClusterProfile {
  readonly label: Label
  /** Rows in it (their summed weight, where there are weights), and their share of all. */
  readonly size: number
  readonly share: number
  /** Every column against the rest of the rows, the most telling first. */
  readonly contrasts: readonly Contrast[]
  /** The rows nearest to the centroid, nearest first. */
  readonly typical: Uint32Array
  /** The rows farthest from it, farthest first. */
  readonly farthest: Uint32Array
  /** One line: its size, and what sets it apart. */
  readonly description: string
}

/** What {@link profileClusters} finds. */
export interface ClusterProfiles {
  /** In the sorted order of the labels. */
  readonly clusters: readonly ClusterProfile[]
  /** What a reader of the clusters should know. */
  readonly warnings: readonly ProfileWarning[]
}

/**
 * Says what sets each cluster apart: its size, its columns against the rest, its typical and its farthest rows.
 *
 * Columns are described in the data's own units, whatever scale the clusters were found on. Missing cells of a table
 * are left out of means and shares.
 *
 * @param labels n labels, one for each row (that the encoder kept): `model.labels`
 * @throws {InputError} E_SHAPE where labels, names or centroids do not fit the rows
 * @example
 * const model = await KMeans.fit(table, { k: 4 })
 * const { clusters } = profileClusters(table, model.labels, { encoder: model.encoder })
 * clusters[0].description // '1,023 rows (19 %): much higher price (9,812; elsewhere 3,020)'
 */
export function profileClusters(
  points: PointsLike,
  labels: Labels,
  options: ProfileOptions = {},
): ClusterProfiles {
  const call = 'profileClusters'
  checkOptions(call, options, ['names', 'centroids', 'encoder', 'examples', 'sampleWeight'])
  const examples = checkInteger(call, 'examples', orDefault(options.examples, 3), 0, 1000)
  const { encoder } = options
  const { sampleWeight } = options
  const given =
    sampleWeight === undefined ? null : rowWeights(call, sampleWeight, rowsIn(call, points)).values
  const {
    matrix,
    kept,
    encoder: used,
  } = fittedPoints(call, points, encoderOf(points, encoder), given ?? undefined)
  // As they were given: sizes are sums of them.
  const weights =
    sampleWeight === undefined
      ? null
      : Float64Array.from({ length: matrix.rows }, (_, i) => sampleWeight[kept === null ? i : kept[i]])
  const { codes, classes } = codeLabels(call, 'labels', labels)
  if (codes.length !== matrix.rows) {
    throw new InputError(
      'E_SHAPE',
      'labels',
      `${call}: labels must have one entry for each of the ${matrix.rows} rows, got ${codes.length}`,
    )
  }
  const names = used?.features ?? namesOf(call, options.names, matrix.columns)
  if (used !== undefined && options.names !== undefined) {
    throw new InputError('E_PARAM', 'names', `${call}: names goes with numbers only, a Table has its own`)
  }
  const columns = points instanceof Table ? points.columns : columnsOf(matrix, names)
  const sizes = sizesOf(codes, weights, classes.length)
  const total = sumOf(sizes.length, (c) => sizes[c])
  const centroids =
    options.centroids === undefined
      ? meansOf(matrix, codes, weights, sizes)
      : checkCentroids(call, options.centroids, classes.length, matrix.columns)
  const contrasts = contrastsOf(columns, kept, codes, weights, classes.length)
  const order = byDistance(matrix, codes, weights, centroids)
  const clusters = classes.map((label, c) => {
    const members = order[c].map((row) => (kept === null ? row : kept[row]))
    const size = sizes[c]
    const share = size / total
    return {
      label,
      size,
      share,
      contrasts: contrasts[c],
      typical: Uint32Array.from(members.slice(0, examples)),
      farthest: Uint32Array.from(members.slice(Math.max(0, members.length - examples)).reverse()),
      description: describeCluster(size, share, contrasts[c]),
    }
  })
  return { clusters, warnings: warningsOf(matrix, names, classes, { weights, sizes, total }) }
}

/** What makes numbers of a table whose clustering nobody told of: every row has a label, so none may be left out. */
function encoderOf(points: PointsLike, encoder: Encoder | undefined): PointsOptions {
  if (encoder !== undefined) return { encoder }
  return points instanceof Table ? { encoder: { missing: 'impute' } } : {}
}

function namesOf(call: string, names: readonly string[] | undefined, columns: number): readonly string[] {
  if (names === undefined) return Array.from({ length: columns }, (_, j) => `column ${j + 1}`)
  if (Array.isArray(names) && names.length === columns && names.every((name) => typeof name === 'string'))
    return names
  throw new InputError('E_SHAPE', 'names', `${call}: names must be ${columns} texts, one for each column`)
}

function columnsOf(matrix: Matrix, names: readonly string[]): Column[] {
  const { values, rows, columns } = matrix
  return names.map((name, j) => ({
    name,
    type: 'number',
    values: Float64Array.from({ length: rows }, (_, i) => values[i * columns + j]),
  }))
}

/** How many rows points have; refuses what are none. */
function rowsIn(call: string, points: PointsLike): number {
  return points instanceof Table ? points.rows : Matrix.from(call, 'points', points).rows
}

/** The summed weight of each cluster, above 0. */
function sizesOf(codes: Uint32Array, weights: Float64Array | null, k: number): Float64Array {
  const sums = Array.from({ length: k }, () => new ExactSum())
  codes.forEach((code, i) => sums[code].add(weights === null ? 1 : weights[i]))
  return Float64Array.from(sums, (sum) => sum.value())
}

function meansOf(
  matrix: Matrix,
  codes: Uint32Array,
  weights: Float64Array | null,
  sizes: Float64Array,
): Matrix {
  const { values, columns: d } = matrix
  const means = new Float64Array(sizes.length * d)
  for (let j = 0; j < d; j++) {
    const sums = Array.from(sizes, () => new ExactSum())
    // Differences from the first row: right at any offset.
    const origin = values[j]
    for (let i = 0; i < codes.length; i++) {
      sums[codes[i]].add((values[i * d + j] - origin) * (weights === null ? 1 : weights[i]))
    }
    for (let c = 0; c < sizes.length; c++) {
      means[c * d + j] = sizes[c] > 0 ? origin + sums[c].value() / sizes[c] : origin
    }
  }
  return Matrix.trusted(means, d)
}

function checkCentroids(call: string, given: MatrixLike, k: number, columns: number): Matrix {
  const centroids = Matrix.from(call, 'centroids', given)
  if (centroids.rows === k && centroids.columns === columns) return centroids
  throw new InputError(
    'E_SHAPE',
    'centroids',
    `${call}: centroids must be ${k} × ${columns} (a row for each label, a column for each of the points), got ${centroids.rows} × ${centroids.columns}`,
  )
}

/** The rows of each cluster that count, nearest to its centroid first; on a tie, the smaller row. */
function byDistance(
  matrix: Matrix,
  codes: Uint32Array,
  weights: Float64Array | null,
  centroids: Matrix,
): number[][] {
  const { values, columns: d } = matrix
  // Squares of 1e200 overflow: the order is the same at another size.
  const { scale } = squarable(matrix)
  const distances = new Float64Array(codes.length)
  const members: number[][] = Array.from({ length: centroids.rows }, () => [])
  for (let i = 0; i < codes.length; i++) {
    let sq = 0
    for (let j = 0; j < d; j++) {
      const t = (values[i * d + j] - centroids.values[codes[i] * d + j]) * scale
      sq += t * t
    }
    distances[i] = sq
    if (weights === null || weights[i] > 0) members[codes[i]].push(i)
  }
  for (const rows of members) rows.sort((a, b) => distances[a] - distances[b] || a - b)
  return members
}
