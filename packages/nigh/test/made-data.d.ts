import { Matrix } from '../src/data/matrix.ts'
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
export declare function made({ rows, columns, seed, double, offset, kind }: Shape): Matrix
/** Weights by kind: whole ones with zeros among them, or fractions with zeros among them. */
export declare function madeWeights(rows: number, kind: 'whole' | 'fractional', seed: number): Float64Array
/** Rows of a matrix as plain arrays. */
export declare function plain(points: Matrix): number[][]
export declare function rowOf(points: Matrix, row: number): number[]
/** The rows in another order: row i of the result is row order[i]. */
export declare function reordered(points: Matrix, order: ArrayLike<number>): Matrix
