import type { Matrix } from '../src/data/matrix.ts'

/**
 * K-Means written again, plainly, in float64, from the definitions alone: an oracle that shares no code with the
 * library's engine, kernels or sums.
 */

function squared(
  a: ArrayLike<number>,
  at: number,
  b: ArrayLike<number>,
  bt: number,
  columns: number,
): number {
  let sum = 0
  for (let j = 0; j < columns; j++) {
    const t = a[at + j] - b[bt + j]
    sum += t * t
  }
  return sum
}

/** The nearest centroid of each row; on a tie the smaller index. */
export function nearestCentroids(points: Matrix, centroids: ArrayLike<number>): number[] {
  const { rows, columns, values } = points
  const labels: number[] = []
  for (let i = 0; i < rows; i++) {
    let best = Number.POSITIVE_INFINITY
    let winner = -1
    for (let c = 0; c * columns < centroids.length; c++) {
      const sq = squared(values, i * columns, centroids, c * columns, columns)
      if (sq < best) {
        best = sq
        winner = c
      }
    }
    labels.push(winner)
  }
  return labels
}

/** Mean of each cluster's members, by sums that carry their rounding errors along (Neumaier). */
export function meansOf(
  points: Matrix,
  labels: ArrayLike<number>,
  k: number,
  weights: ArrayLike<number> | null,
): number[] {
  const { rows, columns, values } = points
  const means: number[] = []
  for (let c = 0; c < k; c++) {
    for (let j = 0; j < columns; j++) {
      const terms: number[] = []
      let weight = 0
      let first = Number.NaN
      for (let i = 0; i < rows; i++) {
        const w = weights === null ? 1 : weights[i]
        if (labels[i] !== c || w === 0) continue
        if (Number.isNaN(first)) first = values[i * columns + j]
        terms.push(w * (values[i * columns + j] - first))
        weight += w
      }
      means.push(first + summed(terms) / weight)
    }
  }
  return means
}

export function inertiaOf(
  points: Matrix,
  labels: ArrayLike<number>,
  centroids: ArrayLike<number>,
  weights: ArrayLike<number> | null,
): number {
  const { rows, columns, values } = points
  const terms: number[] = []
  for (let i = 0; i < rows; i++) {
    const w = weights === null ? 1 : weights[i]
    if (w > 0) terms.push(w * squared(values, i * columns, centroids, labels[i] * columns, columns))
  }
  return summed(terms)
}

/** A sum that carries its rounding errors along. */
function summed(terms: readonly number[]): number {
  let sum = 0
  let lost = 0
  for (const term of terms) {
    const next = sum + term
    lost += Math.abs(sum) >= Math.abs(term) ? sum - next + term : term - next + sum
    sum = next
  }
  return sum + lost
}

export interface PlainFit {
  readonly labels: number[]
  readonly centroids: number[]
  readonly inertia: number
  /** Assignments, the last one, which changed nothing, among them. */
  readonly iterations: number
}

/** Lloyd's rule from given centroids until no label changes. For starts that leave no cluster empty. */
export function plainLloyd(
  points: Matrix,
  start: ArrayLike<number>,
  weights: ArrayLike<number> | null,
): PlainFit {
  const k = start.length / points.columns
  let centroids = Array.from(start)
  let labels = nearestCentroids(points, centroids)
  let iterations = 1
  for (;;) {
    centroids = meansOf(points, labels, k, weights)
    if (centroids.some((x) => Number.isNaN(x))) throw new Error('this start leaves a cluster empty')
    const next = nearestCentroids(points, centroids)
    iterations++
    const changed = next.some((label, i) => label !== labels[i] && (weights === null || weights[i] > 0))
    labels = next
    if (!changed) break
  }
  return { labels, centroids, inertia: inertiaOf(points, labels, centroids, weights), iterations }
}
