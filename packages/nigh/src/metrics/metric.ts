/**
 * What "near" means.
 *
 * Rows are compared by a cheap number, their *rank*, that orders pairs as their distance does: for the euclidean
 * metric the squared distance. Each rank is defined by one float64 loop in column order, so that every index, thread
 * and engine gets the same bits; indexes decide by (rank, row index) alone.
 *
 * Metrics read *prepared* rows: float64, as {@link Metric.prepare} made them of the caller's numbers (normalised for
 * cosine, with the cosine of the latitude appended for haversine, else the numbers themselves).
 */
export interface Metric {
  readonly name: string
  /** Numbers of one prepared row, for rows of `columns` numbers. */
  width(columns: number): number
  /** Writes the prepared form of the rows `from` to `to` (exclusive) of n × `columns` numbers, at `out[from · width]` on. */
  prepare(
    place: Place,
    values: ArrayLike<number>,
    columns: number,
    from: number,
    to: number,
    out: Float64Array,
  ): void
  /** Ranks of the query that starts at `queries[at]` to the prepared rows `from` to `to` (exclusive): `out[0]` on. */
  ranks(
    queries: Float64Array,
    at: number,
    points: Float64Array,
    from: number,
    to: number,
    width: number,
    out: Float64Array,
  ): void
  /**
   * A number that no row inside a box can rank below, whatever the rounding; undefined where boxes say nothing.
   * Box number `box` is `lows[box · width]` on to `highs[box · width]` on.
   */
  readonly boxRank:
    | ((
        queries: Float64Array,
        at: number,
        lows: Float64Array,
        highs: Float64Array,
        box: number,
        width: number,
      ) => number)
    | undefined
  /**
   * What column j of two prepared rows adds to their rank (to the distance, for cosine, hamming and Gower); undefined
   * where ranks are not sums over columns. For chebyshev, whose rank is the largest: what it is the largest of.
   */
  readonly part: ((x: number, y: number, j: number) => number) | undefined
  /** The distance, in the metric's unit, that a rank stands for; never falls where the rank grows. */
  distance(rank: number): number
  /** A rank that no row within this distance can exceed. */
  rankLimit(distance: number): number
  /**
   * A function of the rank that obeys the triangle inequality (√rank for squared distances); undefined where there is
   * none, and a ball-tree is impossible.
   */
  readonly length: ((rank: number) => number) | undefined
  /** Relative error of a length, from above: what a ball-tree widens its bounds by. */
  lengthError(width: number): number
  /** Multiplying all rows by a factor c multiplies public distances by c^degree; 0 where they may not be scaled. */
  readonly degree: 0 | 1 | 2
  /** The binary exponents between which numbers must lie (0 aside) for ranks neither to overflow nor to underflow. */
  readonly exponents: readonly [number, number]
  /** Whether ranks are the squared euclidean distances of prepared rows, which the kernels know how to find. */
  readonly squared: boolean
  /** Time of a rank, as a multiple of the euclidean one's, about: what searches pace themselves by. */
  readonly effort: number
  /** The same metric, slower, for numbers beyond those exponents; undefined where none is needed. */
  readonly wide: Metric | undefined
}

/** Which argument of which call is at work, for errors. */
export interface Place {
  readonly call: string
  readonly param: string
}

/** Metrics known by name. */
export type MetricName =
  | 'euclidean'
  | 'sqeuclidean'
  | 'manhattan'
  | 'chebyshev'
  | 'minkowski'
  | 'cosine'
  | 'hamming'
  | 'haversine'
  | 'precomputed'
  | 'gower'

/**
 * A distance of the caller's own: two rows in, a finite number from 0 up out. The rows are scratch copies, good for
 * the duration of the call.
 */
export type DistanceFunction = (a: Float64Array, b: Float64Array) => number

/** Rows of numbers, used as they are. */
export const asGiven: Pick<Metric, 'width' | 'prepare' | 'squared'> = {
  squared: false,
  width: (columns) => columns,
  prepare: (_place, values, columns, from, to, out) => {
    for (let at = from * columns; at < to * columns; at++) out[at] = values[at]
  },
}

/** Every double is in range: nothing is squared. */
export const everyExponent: readonly [number, number] = [-2000, 2000]
