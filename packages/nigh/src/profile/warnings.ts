import type { Matrix } from '../data/matrix.ts'
import { squarable } from '../evaluate/sum.ts'
import type { Label } from '../evaluate/labels.ts'
import { inWords } from './describe.ts'

/** Something about clusters or their columns that a reader should know. */
export interface ProfileWarning {
  /** Stable: switch on this. */
  readonly code: 'W_UNSCALED' | 'W_DOMINANT' | 'W_TINY'
  readonly message: string
}

/** Spreads that differ by more than this factor are on different scales. */
const SCALES_APART = 10
/** A column with more than this share of all variance decides the distances alone. */
const DOMINANT = 0.9
/** A cluster with less than this share of the rows is tiny. */
const TINY = 0.01
/** Tiny clusters that are named: with k near n, nearly all are tiny. */
const MOST_TOLD = 5

/**
 * Warnings that matter: columns on different scales, one column that decides alone, tiny clusters.
 *
 * @param matrix the numbers that distances were measured in
 */
export function warningsOf(
  matrix: Matrix,
  names: readonly string[],
  labels: readonly Label[],
  clusters: {
    readonly weights: Float64Array | null
    readonly sizes: Float64Array
    readonly total: number
  },
): ProfileWarning[] {
  const warnings: ProfileWarning[] = []
  const { weights, sizes, total: rows } = clusters
  const spreads = spreadsOf(matrix, weights)
  const varying = Array.from(spreads.keys()).filter((j) => spreads[j] > 0)
  if (varying.length > 1) {
    const widest = varying.reduce((a, b) => (spreads[b] > spreads[a] ? b : a))
    const narrowest = varying.reduce((a, b) => (spreads[b] < spreads[a] ? b : a))
    const total = varying.reduce((sum, j) => sum + (spreads[j] / spreads[widest]) ** 2, 0)
    if (1 / total > DOMINANT) {
      warnings.push({
        code: 'W_DOMINANT',
        message: `${names[widest]} makes up ${Math.floor(100 / total)} % of the squared distances: the other columns hardly count. Scale the columns, or leave it out.`,
      })
    } else if (spreads[widest] > SCALES_APART * spreads[narrowest]) {
      warnings.push({
        code: 'W_UNSCALED',
        message: `The columns are on different scales: ${names[widest]} spreads ${inWords(spreads[widest])}, ${names[narrowest]} ${inWords(spreads[narrowest])} (standard deviations), so that it counts for more. Scale them.`,
      })
    }
  }
  const tiny = Array.from(sizes.keys()).filter((c) => sizes[c] < TINY * rows || (sizes[c] === 1 && rows > 10))
  if (tiny.length > 0 && labels.length > 1) {
    const told = tiny
      .slice(0, MOST_TOLD)
      .map((c) => `${labels[c]} (${inWords(sizes[c])} ${sizes[c] === 1 ? 'row' : 'rows'})`)
    const more = tiny.length - told.length
    const which = `${told.join(', ')}${more > 0 ? ` and ${more} more` : ''}`
    warnings.push({
      code: 'W_TINY',
      message: `${tiny.length === 1 ? 'Cluster' : 'Clusters'} ${which} of ${inWords(rows)} rows: perhaps outliers rather than a group. Look at them, or ask for fewer clusters.`,
    })
  }
  return warnings
}

/** The standard deviation of each column (ddof 0). */
function spreadsOf(matrix: Matrix, weights: Float64Array | null): Float64Array {
  const { values, rows, columns } = matrix
  const { scale } = squarable(matrix)
  return Float64Array.from({ length: columns }, (_, j) => {
    const origin = values[j]
    let mean = 0
    let squares = 0
    let count = 0
    // Welford 1962, on differences from the first row: right at any offset.
    for (let i = 0; i < rows; i++) {
      const weight = weights === null ? 1 : weights[i]
      if (weight === 0) continue
      const t = (values[i * columns + j] - origin) * scale
      const before = t - mean
      count += weight
      mean += (before * weight) / count
      squares += before * weight * (t - mean)
    }
    return Math.sqrt(squares / count) / scale
  })
}
