import { counted, InputError, checkInteger, checkOptions, orDefault } from '../check.ts'
import { Matrix, type MatrixLike } from '../data/matrix.ts'
import { squarable, sumOf } from './sum.ts'

/** The directions in which rows spread most, widest first. */
export interface PrincipalComponents {
  /** d numbers: what is subtracted before a row is turned. */
  readonly mean: Float64Array
  /** count × d: one unit direction a row; its largest entry (the first, on a tie) is positive. */
  readonly components: Matrix
  /** count numbers: the variance along each direction, over n − 1; Infinity or 0 where that is beyond float64. */
  readonly variances: Float64Array
  /** count numbers: their shares of the whole variance; 0 where there is none. */
  readonly shares: Float64Array
}

/** More columns than this take more than some seconds, by d³. */
const MOST_COLUMNS = 2048

/**
 * Finds the principal components of rows: orthogonal directions of falling variance.
 *
 * Cost: n·d² for the covariance, then about 10·d³.
 * @param options `count` how many components: from 1 to d. Default: all
 * @throws {InputError} E_SIZE for more than 2,048 columns
 * Source: eigenvectors of the covariance matrix by Jacobi's rotations, cyclic: no square roots of data, so that the
 * same rows give the same bits everywhere.
 */
export function principalComponents(
  points: MatrixLike,
  options: { readonly count?: number } = {},
): PrincipalComponents {
  const call = 'principalComponents'
  checkOptions(call, options, ['count'])
  const matrix = Matrix.from(call, 'points', points)
  const { rows: n, columns: d } = matrix
  if (d > MOST_COLUMNS) {
    throw new InputError(
      'E_SIZE',
      'points',
      `${call}: points must have at most ${MOST_COLUMNS} columns, got ${d}`,
    )
  }
  const count = checkInteger(call, 'count', orDefault(options.count, d), 1, d, 'the number of columns')
  // Squares of 1e200 overflow: by a power of two, directions and shares stay what they are.
  const { scale } = squarable(matrix)
  const { mean, spread } = covariance(matrix, scale)
  const { values, vectors } = eigen(spread, d)
  const order = Array.from({ length: d }, (_, j) => j).sort((a, b) => values[b] - values[a] || a - b)
  const total = sumOf(d, (j) => Math.max(0, values[j]))
  const components = new Float64Array(count * d)
  const variances = new Float64Array(count)
  const shares = new Float64Array(count)
  for (let c = 0; c < count; c++) {
    const from = order[c]
    const variance = Math.max(0, values[from])
    variances[c] = n > 1 ? variance / (n - 1) / scale / scale : 0
    shares[c] = total === 0 ? 0 : variance / total
    let largest = 0
    for (let j = 1; j < d; j++) {
      if (Math.abs(vectors[from * d + j]) > Math.abs(vectors[from * d + largest])) largest = j
    }
    const sign = vectors[from * d + largest] < 0 ? -1 : 1
    for (let j = 0; j < d; j++) components[c * d + j] = sign * vectors[from * d + j]
  }
  return { mean, components: Matrix.trusted(components, d), variances, shares }
}

/** Turns rows into the coordinates of principal components: n × count. */
export function project(points: MatrixLike, principal: PrincipalComponents): Matrix {
  const call = 'project'
  const matrix = Matrix.from(call, 'points', points)
  const { mean, components } = principal
  const { rows: n, columns: d } = matrix
  if (d !== components.columns) {
    throw new InputError(
      'E_SHAPE',
      'points',
      `${call}: points must have ${counted(components.columns, 'column')}, as the components have, got ${d}`,
    )
  }
  const m = components.rows
  const turned = new Float64Array(n * m)
  const centred = new Float64Array(d)
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < d; j++) centred[j] = matrix.values[i * d + j] - mean[j]
    for (let c = 0; c < m; c++) {
      let dot = 0
      for (let j = 0; j < d; j++) dot += centred[j] * components.values[c * d + j]
      turned[i * m + c] = dot
    }
  }
  return Matrix.trusted(turned, m)
}

/** Column means, and the sums of products of differences from them, d × d. */
function covariance(matrix: Matrix, scale: number): { mean: Float64Array; spread: Float64Array } {
  const { values, rows: n, columns: d } = matrix
  const mean = new Float64Array(d)
  for (let j = 0; j < d; j++) {
    // Differences from the first row: right at any offset.
    const origin = values[j]
    mean[j] = origin + sumOf(n, (i) => (values[i * d + j] - origin) * scale) / n / scale
  }
  const spread = new Float64Array(d * d)
  const centred = new Float64Array(d)
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < d; j++) centred[j] = (values[i * d + j] - mean[j]) * scale
    for (let a = 0; a < d; a++) {
      const x = centred[a]
      if (x === 0) continue
      for (let b = a; b < d; b++) spread[a * d + b] += x * centred[b]
    }
  }
  for (let a = 0; a < d; a++) for (let b = 0; b < a; b++) spread[a * d + b] = spread[b * d + a]
  return { mean, spread }
}

/** Eigenvalues, and eigenvectors as rows, of a symmetric matrix, which is overwritten. */
function eigen(matrix: Float64Array, d: number): { values: Float64Array; vectors: Float64Array } {
  const vectors = new Float64Array(d * d)
  for (let j = 0; j < d; j++) vectors[j * d + j] = 1
  for (let sweep = 0; sweep < 60; sweep++) {
    let turned = false
    for (let p = 0; p < d - 1; p++) {
      for (let q = p + 1; q < d; q++) {
        const off = matrix[p * d + q]
        const size = Math.sqrt(Math.abs(matrix[p * d + p])) * Math.sqrt(Math.abs(matrix[q * d + q]))
        // What is below a rounding of the diagonal turns nothing.
        if (Math.abs(off) <= 1e-17 * size || off === 0) continue
        turned = true
        const theta = (matrix[q * d + q] - matrix[p * d + p]) / (2 * off)
        const root = Math.abs(theta) > 1e150 ? Math.abs(theta) : Math.sqrt(theta * theta + 1)
        const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + root)
        const cos = 1 / Math.sqrt(t * t + 1)
        turn(matrix, d, p, q, cos, t * cos)
        turnRows(vectors, d, p, q, cos, t * cos)
      }
    }
    if (!turned) break
  }
  return { values: Float64Array.from({ length: d }, (_, j) => matrix[j * d + j]), vectors }
}

/** Turns rows and columns p and q of a symmetric matrix so that their entry off the diagonal becomes 0. */
function turn(matrix: Float64Array, d: number, p: number, q: number, cos: number, sin: number): void {
  const off = matrix[p * d + q]
  const atP = cos * (cos * matrix[p * d + p] - sin * off) - sin * (cos * off - sin * matrix[q * d + q])
  const atQ = sin * (sin * matrix[p * d + p] + cos * off) + cos * (sin * off + cos * matrix[q * d + q])
  turnRows(matrix, d, p, q, cos, sin)
  // The columns are the rows: written, not read, since to go down a column is to miss the cache at every step.
  for (let i = 0, down = 0; i < d; i++, down += d) {
    matrix[down + p] = matrix[p * d + i]
    matrix[down + q] = matrix[q * d + i]
  }
  matrix[p * d + p] = atP
  matrix[q * d + q] = atQ
  matrix[p * d + q] = 0
  matrix[q * d + p] = 0
}

function turnRows(values: Float64Array, d: number, p: number, q: number, cos: number, sin: number): void {
  const [rowP, rowQ] = [p * d, q * d]
  for (let i = 0; i < d; i++) {
    const a = values[rowP + i]
    const b = values[rowQ + i]
    values[rowP + i] = cos * a - sin * b
    values[rowQ + i] = sin * a + cos * b
  }
}
