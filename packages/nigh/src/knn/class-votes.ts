import { Matrix } from '../data/matrix.ts'
import { type Ballots, longestBallot } from './ballots.ts'
import { voteWeights, type Weights } from './vote-weights.ts'

/** What class votes are counted by. */
export interface Electorate {
  readonly weights: Weights
  /** d. */
  readonly columns: number
  /** n places in the classes. */
  readonly codes: Uint32Array
  readonly classCount: number
  /** What each class's votes are multiplied by; undefined: 1. */
  readonly factors: Float64Array | undefined
}

/** The votes for each class, m × classes; a row of zeros for a query without neighbours. */
export function classVotes(call: string, ballots: Ballots, electorate: Electorate): Matrix {
  const { weights, columns, codes, classCount, factors } = electorate
  const { offsets, rows } = ballots
  const queries = offsets.length - 1
  const values = new Float64Array(queries * classCount)
  const votes = new Float64Array(longestBallot(offsets))
  for (let query = 0; query < queries; query++) {
    voteWeights(call, weights, ballots, query, columns, votes)
    const start = query * classCount
    for (let at = offsets[query]; at < offsets[query + 1]; at++) {
      values[start + codes[rows[at]]] += votes[at - offsets[query]]
    }
    if (factors !== undefined) for (let c = 0; c < classCount; c++) values[start + c] *= factors[c]
  }
  return Matrix.trusted(values, classCount)
}

/** The class with the most votes; strict >: on a tie the first class wins. */
export function leaderOf(votes: Matrix, query: number): number {
  const start = query * votes.columns
  let best = 0
  for (let c = 1; c < votes.columns; c++) if (votes.values[start + c] > votes.values[start + best]) best = c
  return best
}

/** Whether another class has as many votes as the leader. */
export function isTied(votes: Matrix, query: number, leader: number): boolean {
  const start = query * votes.columns
  for (let c = leader + 1; c < votes.columns; c++) {
    if (votes.values[start + c] === votes.values[start + leader]) return true
  }
  return false
}

/** Of the classes with the most votes, that of the nearest neighbour among them. */
export function nearestLeader(votes: Matrix, query: number, ballots: Ballots, codes: Uint32Array): number {
  const leader = leaderOf(votes, query)
  const start = query * votes.columns
  const most = votes.values[start + leader]
  for (let at = ballots.offsets[query]; at < ballots.offsets[query + 1]; at++) {
    const code = codes[ballots.rows[at]]
    if (votes.values[start + code] === most) return code
  }
  return leader
}

/** Votes as shares: each row sums to 1, but for queries without neighbours. In place. */
export function toShares(votes: Matrix): Matrix {
  const { values, columns } = votes
  for (let start = 0; start < values.length; start += columns) {
    let sum = 0
    for (let c = 0; c < columns; c++) sum += values[start + c]
    if (sum > 0) for (let c = 0; c < columns; c++) values[start + c] /= sum
  }
  return votes
}
