import type { Ballots } from './ballots.ts'
import type { NearColumn, NearColumns } from './near-columns.ts'
import { voteWeights, type Weights } from './vote-weights.ts'

/** One neighbour behind an answer. */
export interface Voter<T> {
  /** Its row. */
  readonly index: number
  /** Its distance, in the metric's unit. */
  readonly distance: number
  /** Its target. */
  readonly target: T
  /** Its share of the votes, before any class weights: the shares of a query sum to 1. */
  readonly share: number
}

/** An answer and the neighbours that it comes from, nearest first. */
export interface Explanation<T, P = T> {
  readonly prediction: P
  readonly neighbors: readonly Voter<T>[]
  /** Which columns made them near, the most telling first; only where asked for. */
  readonly columns?: readonly NearColumn[]
}

/** The neighbours behind an answer, copies of one row together. */
export function votersOf<T>(
  call: string,
  weights: Weights,
  columns: number,
  ballots: Ballots,
  query: number,
  targetOf: (row: number) => T,
): Voter<T>[] {
  const { offsets, rows, distances } = ballots
  const start = offsets[query]
  const end = offsets[query + 1]
  const votes = new Float64Array(end - start)
  const sum = voteWeights(call, weights, ballots, query, columns, votes)
  const voters: Voter<T>[] = []
  for (let at = start; at < end; ) {
    const index = rows[at]
    const distance = distances[at]
    let vote = 0
    for (; at < end && rows[at] === index; at++) vote += votes[at - start]
    voters.push({ index, distance, target: targetOf(index), share: vote / sum })
  }
  return voters
}

/** What `columns: true` adds to an explanation. */
export function nearness<T>(
  near: NearColumns | undefined,
  query: number,
  voters: readonly Voter<T>[],
): { readonly columns?: readonly NearColumn[] } {
  if (near === undefined) return {}
  return {
    columns: near(
      query,
      voters.map((voter) => voter.index),
      voters.map((voter) => voter.share),
    ),
  }
}
