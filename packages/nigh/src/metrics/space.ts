import { InputError } from '../check.ts'
import type { Matrix, Reals } from '../data/matrix.ts'
import { exponentOf, timesPowerOfTwo } from './elementary.ts'
import { type Metric, type Place, asGiven } from './metric.ts'

/** Queries as the indexes read them. */
export interface PreparedQueries {
  /** m × width prepared numbers. */
  readonly values: Float64Array
  /** m flags: 1 for a row with numbers so large or small that its ranks need the wide metric; undefined where none has. */
  readonly wide: Uint8Array | undefined
}

/**
 * Fitted points, prepared for their metric, and the way back from ranks to distances.
 *
 * Squares of float64 numbers overflow beyond 1e154 and vanish below 1e-162. Where the points' numbers all lie well
 * inside, nothing is done. Otherwise all are multiplied by one power of two, which changes no digit of any distance.
 * Where no power of two brings all of them inside, the wide metric takes over, slower and by a full scan.
 */
export class Space {
  readonly metric: Metric
  /** n. */
  readonly rows: number
  /** d, of the caller's rows. */
  readonly columns: number
  /** Numbers of a prepared row. */
  readonly width: number
  /** The points were multiplied by 2^scale before they were prepared. */
  readonly scale: number
  /** Whether the points need the wide metric. */
  readonly wide: boolean

  readonly #prepare: () => Float64Array
  #points: Float64Array | undefined

  private constructor(
    metric: Metric,
    matrix: Matrix,
    prepare: () => Float64Array,
    scale: number,
    wide: boolean,
  ) {
    this.metric = metric
    this.rows = matrix.rows
    this.columns = matrix.columns
    this.width = metric.width(matrix.columns)
    this.#prepare = prepare
    this.scale = scale
    this.wide = wide
  }

  /** n × width prepared numbers; made when first asked for, where the metric takes numbers as they are. */
  get points(): Float64Array {
    this.#points ??= this.#prepare()
    return this.#points
  }

  /** Whether prepared numbers are the numbers as they were given. */
  get asGiven(): boolean {
    return this.scale === 0 && this.metric.prepare === asGiven.prepare
  }

  /**
   * Prepares points. A float64 matrix that needs no preparation is kept, not copied.
   *
   * @param own gives the points as nigh keeps them, once the caller may have changed `matrix`
   * @throws {InputError} E_RANGE for numbers of 2^1001 ≈ 2e301 and more, whose differences may overflow; what the
   * metric refuses
   */
  static of(place: Place, matrix: Matrix, metric: Metric, own: () => Matrix = () => matrix): Space {
    const [low, high] = metric.exponents
    const single = matrix.values instanceof Float32Array
    // float32 numbers have exponents −149 to 127.
    const [smallest, largest] = single && low <= -149 && high >= 127 ? [0, 0] : exponentRange(matrix.values)
    let scale = 0
    let wide = false
    if (smallest < low || largest > high) {
      if (metric.wide === undefined) throw tooLarge(place, matrix)
      if (largest > 1000) throw tooLarge(place, matrix)
      scale = high - largest
      wide = smallest + scale < low
      if (wide) scale = 0
    }
    const used = wide && metric.wide !== undefined ? metric.wide : metric
    const prepare = (): Float64Array => preparedPoints(place, own(), used, scale)
    const space = new Space(used, matrix, prepare, scale, wide)
    // What preparation refuses is refused now.
    if (!space.asGiven) space.#points = prepare()
    return space
  }

  /** Prepares queries; a copy, always. */
  queries(place: Place, matrix: Matrix): PreparedQueries {
    const { metric, scale } = this
    const values = new Float64Array(matrix.rows * this.width)
    const [low, high] = metric.exponents
    const single = matrix.values instanceof Float32Array
    const plain = single && scale === 0 && low <= -149 && high >= 127
    const [smallest, largest] = plain ? [0, 0] : exponentRange(matrix.values)
    if (largest > 1000 && high <= 1000) throw tooLarge(place, matrix)
    let wide: Uint8Array | undefined
    if (metric.wide !== undefined && (smallest + scale < low || largest + scale > high)) {
      wide = new Uint8Array(matrix.rows)
      for (let i = 0; i < matrix.rows; i++) {
        const [rowSmallest, rowLargest] = exponentRange(matrix.row(i))
        if (rowSmallest + scale < low || rowLargest + scale > high) wide[i] = 1
      }
    }
    metric.prepare(place, scaled(matrix.values, scale), matrix.columns, 0, matrix.rows, values)
    return { values, wide }
  }

  /** The distance, in the metric's unit, for a rank of this space. */
  distance(rank: number): number {
    const distance = this.metric.distance(rank)
    return this.scale === 0 ? distance : timesPowerOfTwo(distance, -this.scale * this.metric.degree)
  }

  /** Turns ranks of this space into distances, where they stand. */
  toDistances(ranks: Float64Array): void {
    const { metric } = this
    if (this.scale !== 0) {
      for (let at = 0; at < ranks.length; at++) ranks[at] = this.distance(ranks[at])
    } else if (metric.distance === Math.sqrt) {
      for (let at = 0; at < ranks.length; at++) ranks[at] = Math.sqrt(ranks[at])
    } else {
      for (let at = 0; at < ranks.length; at++) ranks[at] = metric.distance(ranks[at])
    }
  }

  /** A rank that no row within this distance exceeds. */
  rankLimit(distance: number): number {
    const { scale, metric } = this
    if (scale === 0) return metric.rankLimit(distance)
    // One up, for what scaling to and from subnormal numbers may have cut off.
    return metric.rankLimit(timesPowerOfTwo(distance, scale * metric.degree) * (1 + 2 ** -50) + 2 ** -1020)
  }
}

function preparedPoints(place: Place, matrix: Matrix, metric: Metric, scale: number): Float64Array {
  const { values, rows, columns } = matrix
  if (scale === 0 && metric.prepare === asGiven.prepare && values instanceof Float64Array) return values
  const points = new Float64Array(rows * metric.width(columns))
  metric.prepare(place, scaled(values, scale), columns, 0, rows, points)
  return points
}

function scaled(values: Reals, scale: number): Reals {
  if (scale === 0) return values
  const out = new Float64Array(values.length)
  for (let i = 0; i < out.length; i++) out[i] = timesPowerOfTwo(values[i], scale)
  return out
}

/** The binary exponents of the smallest and the largest magnitude, zeros aside; [0, 0] where all are 0. */
function exponentRange(values: Reals): readonly [number, number] {
  let smallest = Number.POSITIVE_INFINITY
  let largest = 0
  for (let i = 0; i < values.length; i++) {
    const x = Math.abs(values[i])
    if (x > largest) largest = x
    if (x < smallest && x > 0) smallest = x
  }
  return largest === 0 ? [0, 0] : [exponentOf(smallest), exponentOf(largest)]
}

function tooLarge(place: Place, matrix: Matrix): InputError {
  const at = matrix.values.findIndex((value) => exponentOf(value) > 1000)
  const row = Math.floor(at / matrix.columns)
  return new InputError(
    'E_RANGE',
    place.param,
    `${place.call}: numbers of ${place.param} must stay below 2e301, so that their differences are finite; row ${row}, column ${at % matrix.columns} is ${matrix.values[at]}`,
  )
}
