/** The neighbours that have a say in each answer, nearest first: those of query i from `offsets[i]` to `offsets[i + 1]` (exclusive). */
export interface Ballots {
  /** m + 1 positions. */
  readonly offsets: Uint32Array
  /** Rows. A row of weight 3 may stand there three times. */
  readonly rows: Uint32Array
  readonly distances: Float64Array
  /** How much of a row each entry is: 1, or another number where rows have weights; undefined where all are 1. */
  readonly copies: Float64Array | undefined
  /** Distance of the next neighbour after a query's last, where it was asked for: the edge of the kernels' window. */
  readonly edges?: Float64Array
  /** Where these are some queries of many: the number of the first, for messages. Default: 0. */
  readonly first?: number
}

/** The offsets of m queries with k entries each. */
export function evenOffsets(queries: number, k: number): Uint32Array {
  return Uint32Array.from({ length: queries + 1 }, (_, query) => query * k)
}

/** The most entries that a query has. */
export function longestBallot(offsets: Uint32Array): number {
  let longest = 0
  for (let query = 1; query < offsets.length; query++) {
    longest = Math.max(longest, offsets[query] - offsets[query - 1])
  }
  return longest
}
