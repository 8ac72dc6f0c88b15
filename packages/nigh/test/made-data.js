import { Matrix } from '../src/data/matrix.js'
import { Random } from '../src/random.js'
export function made({ rows, columns, seed, double = true, offset = 0, kind = 'even' }) {
  const random = new Random(seed)
  const values = double ? new Float64Array(rows * columns) : new Float32Array(rows * columns)
  const heaps = Array.from({ length: 5 * columns }, () => random.uniform() * 20)
  for (let i = 0; i < rows; i++) {
    const heap = random.integer(5)
    for (let j = 0; j < columns; j++) {
      const u = random.uniform()
      const v = random.uniform()
      values[i * columns + j] =
        offset +
        (kind === 'coarse' ? Math.floor(u * 3) : kind === 'blobs' ? heaps[heap * columns + j] + u - v : u)
    }
  }
  return Matrix.of(values, columns)
}
/** Weights by kind: whole ones with zeros among them, or fractions with zeros among them. */
export function madeWeights(rows, kind, seed) {
  const random = new Random(seed)
  const weights = Float64Array.from({ length: rows }, () =>
    random.uniform() < 0.2 ? 0 : kind === 'whole' ? random.integer(4) + 1 : random.uniform() * 3,
  )
  weights[rows >> 1] = 1
  return weights
}
/** Rows of a matrix as plain arrays. */
export function plain(points) {
  return Array.from({ length: points.rows }, (_, i) => rowOf(points, i))
}
export function rowOf(points, row) {
  return Array.from(points.values.subarray(row * points.columns, (row + 1) * points.columns))
}
/** The rows in another order: row i of the result is row order[i]. */
export function reordered(points, order) {
  const values = points.values.slice(0, order.length * points.columns)
  const out = values.length === order.length * points.columns ? values : grown(points, order.length)
  for (let i = 0; i < order.length; i++) {
    const from = order[i] * points.columns
    out.set(points.values.subarray(from, from + points.columns), i * points.columns)
  }
  return Matrix.of(out, points.columns)
}
function grown(points, rows) {
  const length = rows * points.columns
  return points.values instanceof Float64Array ? new Float64Array(length) : new Float32Array(length)
}
