import type { Matrix } from '../data/matrix.ts'
import type { DistinctRows } from './distinct-rows.ts'

/** Where cluster centres live: what a row costs a centre, and which centre costs given rows least. */
export interface Geometry {
  /** Numbers of one prepared row, and of one centre. A row is a possible centre. */
  readonly width: number
  /** What the row at `rows[at]` on costs the centre at `centers[from]` on: from 0 up. */
  cost(rows: Float64Array, at: number, centers: Float64Array, from: number): number
  /** Makes the function that finds centres for rows like these. */
  centering(rows: DistinctRows): Centering
}

/**
 * Writes to `centers` (k × width) the best centre of the rows of each label, about. Those of labels without rows, and
 * those that are undefined, keep what they are.
 */
export type Centering = (labels: Uint32Array, centers: Float64Array, counts: Float64Array) => void

/** A geometry, and its meaning for the caller's points. */
export interface Space<P> extends Geometry {
  /** The class that it serves, for the names of calls. */
  readonly name: string
  /** The caller's points as prepared rows: a copy. */
  read(call: string, param: string, points: P): Float64Array
  /** The centres as the caller sees them. */
  show(centers: Float64Array): Matrix
  /** The distance, in the caller's unit, that a cost stands for. */
  distance(cost: number): number
}
