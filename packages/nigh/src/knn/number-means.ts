import { type Ballots, longestBallot } from './ballots.ts'
import { voteWeights, type Weights } from './vote-weights.ts'

/** Targets of a regression, and how neighbours are weighted. */
export interface NumberTargets {
  readonly weights: Weights
  /** d. */
  readonly columns: number
  /** n × outputs. */
  readonly targets: Float64Array
  readonly outputs: number
}

/** Weighted means of the neighbours' targets, m × outputs: sums in the order of the neighbours; `empty` where there are none. */
export function numberMeans(
  call: string,
  ballots: Ballots,
  { weights, columns, targets, outputs }: NumberTargets,
  empty: number = Number.NaN,
): Float64Array {
  const { offsets, rows } = ballots
  const queries = offsets.length - 1
  const means = new Float64Array(queries * outputs)
  const votes = new Float64Array(longestBallot(offsets))
  for (let query = 0; query < queries; query++) {
    const total = voteWeights(call, weights, ballots, query, columns, votes)
    const start = offsets[query]
    const end = offsets[query + 1]
    for (let j = 0; j < outputs; j++) {
      if (start === end) {
        means[query * outputs + j] = empty
        continue
      }
      let sum = 0
      for (let at = start; at < end; at++) sum += votes[at - start] * targets[rows[at] * outputs + j]
      let mean = sum / total
      if (mean - mean !== 0) {
        // The sum is too large for a number; the mean is not.
        mean = 0
        for (let at = start; at < end; at++)
          mean += (votes[at - start] / total) * targets[rows[at] * outputs + j]
      }
      means[query * outputs + j] = mean
    }
  }
  return means
}

/**
 * Quantiles of the neighbours' targets by their share of the votes, m × (outputs · quantiles), the quantiles of one
 * output together: for each, the least target whose share, with all smaller ones, reaches the quantile.
 */
export function numberQuantiles(
  call: string,
  ballots: Ballots,
  { weights, columns, targets, outputs }: NumberTargets,
  quantiles: readonly number[],
): Float64Array {
  const { offsets, rows } = ballots
  const queries = offsets.length - 1
  const width = outputs * quantiles.length
  const out = new Float64Array(queries * width)
  const votes = new Float64Array(longestBallot(offsets))
  for (let query = 0; query < queries; query++) {
    const total = voteWeights(call, weights, ballots, query, columns, votes)
    const start = offsets[query]
    for (let j = 0; j < outputs; j++) {
      const targetAt = (place: number): number => targets[rows[start + place] * outputs + j]
      const order = Array.from({ length: offsets[query + 1] - start }, (_, place) => place)
      order.sort((a, b) => targetAt(a) - targetAt(b) || a - b)
      for (let q = 0; q < quantiles.length; q++) {
        let reached = 0
        let found = targetAt(order[order.length - 1])
        for (const place of order) {
          reached += votes[place]
          // A hair's breadth, for what rounding took from the sum.
          if (reached >= quantiles[q] * total * (1 - 2 ** -48) && votes[place] > 0) {
            found = targetAt(place)
            break
          }
        }
        out[query * width + j * quantiles.length + q] = found
      }
    }
  }
  return out
}
