import { Matrix, type Reals } from '../src/data/matrix.ts'
import { Random } from '../src/random.ts'

/** Data for tests, made from a seed. */
export interface Shape {
  readonly rows: number
  readonly columns: number
  readonly seed: number
  readonly double?: boolean
  readonly offset?: number
  /** 'coarse': few whole numbers, so that ties and equal rows abound; 'blobs': a few heaps; 'even': no structure. */
  readonly kind?: 'coarse' | 'blobs' | 'even'
}

export function made({ rows, columns, seed, double = true, offset = 0, kind = 'even' }: Shape): Matrix {
  const random = new Random(seed)
  const values: Reals = double ? new Float64Array(rows * columns) : new Float32Array(rows * columns)
  const heaps = Array.from({ length: 5 * columns }, () => random.uniform() * 20)
  for (let i = 0; i < rows; i++) {
    const heap = random.integer(5)
    for (let j = 0; j < columns; j++) {
      const u = random.uniform()
      const v = random.uniform()
      const x = kind === 'coarse' ? coarse(u, v) : kind === 'blobs' ? heaps[heap * columns + j] + u - v : u
      values[i * columns + j] = offset === 0 ? x : offset + x // 0 + −0 would be 0
    }
  }
  return Matrix.of(values, columns)
}

/** 0, 1 or 2, and some zeros negative: −0 is the same number, and must be taken so. */
function coarse(u: number, v: number): number {
  return u < 1 / 3 && v < 1 / 3 ? -0 : Math.floor(u * 3)
}

/** Weights by kind: whole ones with zeros among them, or fractions with zeros among them. */
export function madeWeights(rows: number, kind: 'whole' | 'fractional', seed: number): Float64Array {
  const random = new Random(seed)
  const weights = Float64Array.from({ length: rows }, () =>
    random.uniform() < 0.2 ? 0 : kind === 'whole' ? random.integer(4) + 1 : random.uniform() * 3,
  )
  weights[rows >> 1] = 1
  return weights
}

/** Rows of a matrix as plain arrays. */
export function plain(points: Matrix): number[][] {
  return Array.from({ length: points.rows }, (_, i) => rowOf(points, i))
}

export function rowOf(points: Matrix, row: number): number[] {
  return Array.from(points.values.subarray(row * points.columns, (row + 1) * points.columns))
}

/** The rows in another order: row i of the result is row order[i]. */
export function reordered(points: Matrix, order: ArrayLike<number>): Matrix {
  const values = points.values.slice(0, order.length * points.columns)
  const out = values.length === order.length * points.columns ? values : grown(points, order.length)
  for (let i = 0; i < order.length; i++) {
    const from = order[i] * points.columns
    out.set(points.values.subarray(from, from + points.columns), i * points.columns)
  }
  return Matrix.of(out, points.columns)
}

function grown(points: Matrix, rows: number): Reals {
  const length = rows * points.columns
  return points.values instanceof Float64Array ? new Float64Array(length) : new Float32Array(length)
}
