import { InputError, show } from '../check.ts'
import type { Neighbors } from '../indexes/neighbors.ts'
import { type Ballots, evenOffsets } from './ballots.ts'

// Weight n is n copies. A row of weight w stands for ⌊w⌋ copies of full weight and, where a fraction is left, one of
// that fraction. Each copy takes one of the k places, so that a neighbour of weight 3 fills three of them, as three
// equal rows would; where the places run out, the copies that are left over are not asked. A row of weight 0 is not
// there. Leaving a row out of its own answer leaves one copy out.

/** Weights of rows, checked. */
export interface CopyWeights {
  /** n weights, from 0 up. */
  readonly values: Float64Array
  /** n flags: 1 for a row of weight above 0. */
  readonly live: Uint8Array
  /** Rows of weight above 0. */
  readonly liveCount: number
  /** Copies in all, fractions counted as one: the places that can be filled. */
  readonly places: number
}

/** @throws {InputError} E_TYPE, or E_WEIGHTS for a wrong number of weights, one negative or not finite, or all zero */
export function copyWeights(call: string, weights: unknown, rows: number): CopyWeights {
  const wrong = (code: 'E_TYPE' | 'E_WEIGHTS', rule: string): InputError =>
    new InputError(code, 'sampleWeight', `${call}: sampleWeight must ${rule}`)
  if (!Array.isArray(weights) && !(weights instanceof Float64Array) && !(weights instanceof Float32Array)) {
    throw wrong('E_TYPE', `be an array of numbers, got ${show(weights)}`)
  }
  if (weights.length !== rows) {
    throw wrong('E_WEIGHTS', `have ${rows} numbers (one for each row), got ${weights.length}`)
  }
  const values = new Float64Array(rows)
  const live = new Uint8Array(rows)
  let liveCount = 0
  let places = 0
  for (let row = 0; row < rows; row++) {
    const weight: unknown = weights[row]
    if (typeof weight !== 'number' || !(weight >= 0 && weight < Number.POSITIVE_INFINITY)) {
      throw wrong('E_WEIGHTS', `hold finite numbers from 0 up; row ${row} is ${show(weight)}`)
    }
    if (weight === 0) continue
    values[row] = weight
    live[row] = 1
    liveCount++
    places += Math.ceil(weight)
  }
  if (liveCount === 0) throw wrong('E_WEIGHTS', 'hold a number above 0, got only zeros')
  return { values, live, liveCount, places }
}

/** The neighbours to search for so that k places are surely filled. */
export function rowsToFind(weights: CopyWeights, k: number, leaveOut: boolean): number {
  return Math.min(weights.liveCount, leaveOut ? k + 1 : k)
}

/**
 * Fills the k places of each query with copies of its neighbours.
 *
 * @param neighbors enough of each query's (see {@link rowsToFind}), itself included
 * @param weights n; undefined: all 1
 * @param own the fitted row that each query is, one copy of which is left out of its own answer; undefined: none is
 */
export function fillPlaces(
  neighbors: Neighbors,
  weights: Float64Array | undefined,
  k: number,
  own: ((query: number) => number) | undefined,
): Ballots {
  const queries = neighbors.indices.length / neighbors.k
  const rows = new Uint32Array(queries * k)
  const distances = new Float64Array(queries * k)
  const copies = new Float64Array(queries * k)
  for (let query = 0; query < queries; query++) {
    let at = query * k
    const end = at + k
    for (let from = query * neighbors.k; at < end && from < (query + 1) * neighbors.k; from++) {
      const row = neighbors.indices[from]
      let left = weights === undefined ? 1 : weights[row]
      if (own !== undefined && row === own(query)) left = left >= 1 ? left - 1 : 0
      for (; at < end && left > 0; at++) {
        rows[at] = row
        distances[at] = neighbors.distances[from]
        copies[at] = Math.min(1, left)
        left -= copies[at]
      }
    }
  }
  return {
    offsets: evenOffsets(queries, k),
    rows,
    distances,
    copies: weights === undefined ? undefined : copies,
  }
}

/** Takes the last place of each query off: what is left, with the distances of those places as its edges. */
export function withEdges(ballots: Ballots): Ballots {
  const queries = ballots.offsets.length - 1
  const k = queries === 0 ? 0 : ballots.rows.length / queries
  const keep = (_: number, at: number): boolean => at % k !== k - 1
  return {
    offsets: evenOffsets(queries, k - 1),
    rows: ballots.rows.filter(keep),
    distances: ballots.distances.filter(keep),
    copies: ballots.copies?.filter(keep),
    edges: ballots.distances.filter((_, at) => at % k === k - 1),
  }
}
