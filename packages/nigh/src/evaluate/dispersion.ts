import { InputError } from '../check.ts'
import { Matrix, type MatrixLike } from '../data/matrix.ts'
import { checkSameLength, codeLabels, type Labels } from './labels.ts'
import { ExactSum, squarable, sumOf } from './sum.ts'

/**
 * The Calinski–Harabasz score: spread between clusters over spread within, per degree of freedom. Higher is better;
 * 1 where the clusters have no spread at all, as scikit-learn has it.
 *
 * Cost: two passes over the rows.
 * @throws {InputError} E_SHAPE where labels and rows differ in number; E_DISTINCT unless there are from 2 to n − 1
 * clusters
 * Source: Caliński and Harabasz 1974.
 */
export function calinskiHarabasz(points: MatrixLike, labels: Labels): number {
  const { codes, centroids, counts, mean, values, n, d, k } = grouped('calinskiHarabasz', points, labels)
  const within = new ExactSum()
  for (let i = 0; i < n; i++) within.add(sqToCentroid(values, i, centroids, codes[i], d))
  const inside = within.value()
  if (inside === 0) return 1
  const between = sumOf(k, (c) => counts[c] * sqBetween(centroids, c, mean, 0, d))
  return (between * (n - k)) / (inside * (k - 1))
}

/**
 * The Davies–Bouldin score: the mean over clusters of how alike each is to its most alike other. Lower is better; 0
 * where no cluster has any spread, or all centroids coincide.
 *
 * Cost: two passes over the rows, and k² distances.
 * @throws {InputError} as {@link calinskiHarabasz}
 * Source: Davies and Bouldin 1979.
 */
export function daviesBouldin(points: MatrixLike, labels: Labels): number {
  const { codes, centroids, counts, values, n, d, k } = grouped('daviesBouldin', points, labels)
  const sums = Array.from({ length: k }, () => new ExactSum())
  for (let i = 0; i < n; i++) sums[codes[i]].add(Math.sqrt(sqToCentroid(values, i, centroids, codes[i], d)))
  const spread = sums.map((sum, c) => sum.value() / counts[c])
  let separate = false
  const alike = new Float64Array(k)
  for (let a = 0; a < k; a++) {
    for (let b = 0; b < k; b++) {
      const apart = Math.sqrt(sqBetween(centroids, a, centroids, b, d))
      // Coincident centroids are infinitely alike by the formula; scikit-learn leaves them out, and so do we.
      if (apart === 0) continue
      separate = true
      alike[a] = Math.max(alike[a], (spread[a] + spread[b]) / apart)
    }
  }
  return separate ? sumOf(k, (c) => alike[c]) / k : 0
}

/** Means, each as one of its members plus the mean difference from it: right at any offset, where a mean rounds. */
interface Means {
  readonly base: Float64Array
  readonly shift: Float64Array
}

interface Grouped {
  readonly values: ArrayLike<number>
  readonly codes: Uint32Array
  /** k × d, and 1 × d for all rows. */
  readonly centroids: Means
  readonly mean: Means
  readonly counts: Float64Array
  readonly n: number
  readonly d: number
  readonly k: number
}

function grouped(call: string, points: MatrixLike, labels: Labels): Grouped {
  const matrix = Matrix.from(call, 'points', points)
  const { codes, classes } = codeLabels(call, 'labels', labels)
  const { rows: n, columns: d } = matrix
  checkSameLength(call, 'labels', codes.length, 'points', n)
  const k = classes.length
  if (k < 2 || k > n - 1) {
    throw new InputError(
      'E_DISTINCT',
      'labels',
      `${call}: labels must name from 2 to ${n - 1} clusters (the number of rows less 1), got ${k}`,
    )
  }
  const { values } = squarable(matrix)
  const counts = new Float64Array(k)
  for (const c of codes) counts[c]++
  const centroids = meansOf(values, codes, counts, d)
  const mean = meansOf(values, new Uint32Array(n), Float64Array.of(n), d)
  return { values, codes, centroids, mean, counts, n, d, k }
}

function meansOf(values: ArrayLike<number>, codes: Uint32Array, counts: Float64Array, d: number): Means {
  const k = counts.length
  const base = new Float64Array(k * d).fill(Number.POSITIVE_INFINITY)
  const shift = new Float64Array(k * d)
  for (let i = 0; i < codes.length; i++) {
    const to = codes[i] * d
    // The smallest member of each column, so that the order of rows does not matter.
    for (let j = 0; j < d; j++) base[to + j] = Math.min(base[to + j], values[i * d + j])
  }
  for (let j = 0; j < d; j++) {
    const sums = Array.from({ length: k }, () => new ExactSum())
    for (let i = 0; i < codes.length; i++) sums[codes[i]].add(values[i * d + j] - base[codes[i] * d + j])
    for (let c = 0; c < k; c++) shift[c * d + j] = sums[c].value() / counts[c]
  }
  return { base, shift }
}

/** The squared distance from row i to centroid c. */
function sqToCentroid(values: ArrayLike<number>, i: number, means: Means, c: number, d: number): number {
  let sq = 0
  for (let j = 0; j < d; j++) {
    const t = values[i * d + j] - means.base[c * d + j] - means.shift[c * d + j]
    sq += t * t
  }
  return sq
}

function sqBetween(left: Means, a: number, right: Means, b: number, d: number): number {
  let sq = 0
  for (let j = 0; j < d; j++) {
    const t = left.base[a * d + j] - right.base[b * d + j] + (left.shift[a * d + j] - right.shift[b * d + j])
    sq += t * t
  }
  return sq
}
