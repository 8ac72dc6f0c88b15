import type { Matrix } from '../data/matrix.ts'
import { adjustedRand } from '../evaluate/agreement.ts'
import type { Clusters } from './choose-k.ts'

/** Whether the same clusters come out of other rows. */
export interface Replication {
  /** For the cluster that fares worst: the share of its pairs of rows that the other half's centroids keep together. */
  readonly predictionStrength: number
  /** The adjusted Rand index between a half's own clusters and those that the other half's centroids give it. */
  readonly agreement: number
}

/**
 * Compares the clusters found in some rows with those that centroids from other rows would give them.
 *
 * @param points m × d; `own` their clusters; `other` the clusters found in other rows
 * Source: prediction strength, Tibshirani and Walther 2005. Clusters of one row have no pairs and are passed over.
 */
export function replication(points: Matrix, own: Clusters, other: Clusters): Replication {
  const given = nearestCentroids(points, other.centroids)
  const k = Math.max(own.centroids.rows, other.centroids.rows)
  const counts = new Float64Array(k * k)
  const sizes = new Float64Array(k)
  for (let i = 0; i < points.rows; i++) {
    counts[own.labels[i] * k + given[i]]++
    sizes[own.labels[i]]++
  }
  let weakest = 1
  for (let c = 0; c < k; c++) {
    if (sizes[c] < 2) continue
    let together = 0
    for (let g = 0; g < k; g++) together += counts[c * k + g] * (counts[c * k + g] - 1)
    weakest = Math.min(weakest, together / (sizes[c] * (sizes[c] - 1)))
  }
  return { predictionStrength: weakest, agreement: adjustedRand(own.labels, given) }
}

/** The nearest centroid of each row; on a tie, the smaller index. */
function nearestCentroids(points: Matrix, centroids: Matrix): Uint32Array {
  const { values, rows, columns: d } = points
  const labels = new Uint32Array(rows)
  for (let i = 0; i < rows; i++) {
    let best = Number.POSITIVE_INFINITY
    for (let c = 0; c < centroids.rows; c++) {
      let sq = 0
      for (let j = 0; j < d; j++) {
        const t = values[i * d + j] - centroids.values[c * d + j]
        sq += t * t
      }
      if (sq < best) {
        best = sq
        labels[i] = c
      }
    }
  }
  return labels
}
