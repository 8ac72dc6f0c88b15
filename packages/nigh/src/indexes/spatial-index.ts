/** A question to an {@link Index}: which rows are nearest to each of a run of queries? */
export interface NearestRequest {
  /** Prepared queries, m × width. */
  readonly queries: Float64Array
  /** The queries asked about: `from` to `to` (exclusive). */
  readonly from: number
  readonly to: number
  /** Neighbours wanted; at most as many as there are rows that may be found. */
  readonly k: number
  /** The queries are the index's own rows, and no row is its own neighbour (excluded by index, not by distance). */
  readonly self: boolean
  /** n flags: only rows flagged 1 may be found. undefined: all may. */
  readonly live: Uint8Array | undefined
}

/**
 * Rows within reach: `within` of one query. Unordered and unfiltered by distance; {@link Found.add} takes them as
 * they come.
 */
export interface WithinRequest {
  readonly queries: Float64Array
  /** The one query asked about. */
  readonly query: number
  /** Only rows of at most this rank. */
  readonly limit: number
  readonly self: boolean
  readonly live: Uint8Array | undefined
}

/** Takes the rows that a `within` finds. */
export interface Found {
  add(rank: number, row: number): void
}

/** Which index answers. */
export type Algorithm = 'flat' | 'kdtree' | 'balltree'

/**
 * Finds the nearest of one set of prepared rows. All indexes give the same answer, that of {@link FlatIndex}: rows in
 * the order of (rank, row index), so that ties go to the smaller index.
 */
export interface Index {
  readonly algorithm: Algorithm
  /** n. */
  readonly rows: number
  /** Queries that are best asked together, where the index shares work among them. Default: 1. */
  readonly batch?: number
  /**
   * Hears how many queries are coming.
   *
   * @returns whether they are work for several threads, who had better be lent before the first
   */
  expect?(queries: number): boolean
  /**
   * Writes for query i, from position (i − from) · k on, the rows found and their ranks, nearest first.
   *
   * @returns how many ranks and bounds were computed: what a test of pruning counts, and what the caller paces itself by
   */
  nearest(request: NearestRequest, indices: Uint32Array, ranks: Float64Array): number
  /** Gives every row whose rank is at most the limit to `found`, in no particular order. Returns as `nearest` does. */
  within(request: WithinRequest, found: Found): number
  /**
   * {@link within} for the queries from `request.query` to `to` (exclusive) at once, where the index shares work among
   * them; `close` is called after the rows of each.
   *
   * @returns as `within` does; undefined, and nothing done, where the index would rather be asked one by one
   */
  withinMany?(request: WithinRequest, to: number, found: Found, close: () => void): number | undefined
}

/** Rows whose ranks are computed in one go. */
export const blockRows = 256
