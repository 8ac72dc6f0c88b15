import { checkChoice, InputError, show } from '../check.ts'
import type { Ballots } from './ballots.ts'
import { isKernel, type KernelName, kernelNames, kernelWeights } from './kernel-weights.ts'

/** How much a neighbour counts, by its distance: a finite number from 0 up. */
export type WeightFunction = (distance: number) => number

/** How neighbours' votes are weighted. */
export type Weights = 'uniform' | 'distance' | KernelName | WeightFunction

/** @throws {InputError} E_PARAM */
export function checkWeights(call: string, weights: unknown): Weights {
  if (isWeightFunction(weights)) return weights
  return checkChoice(call, 'weights', weights, ['uniform', 'distance', ...kernelNames])
}

function isWeightFunction(value: unknown): value is WeightFunction {
  return typeof value === 'function'
}

/**
 * The weights of the votes of a query, written to `votes[0]` on.
 *
 * 'distance' counts a neighbour by 1/distance. Where neighbours lie at distance 0, they alone count, equally. The
 * weights are taken relative to the nearest neighbour's, as nearest/distance: the same proportions, but 1/1e-310 is
 * too large for a number and would pass for a distance of 0.
 *
 * @param columns d, which the kernel 'optimal' goes by
 * @returns the sum of the votes, above 0; 0 where the query has no neighbours
 * @throws {InputError} E_WEIGHTS where a weight function returns what it may not, or 0 for all neighbours of a query
 */
export function voteWeights(
  call: string,
  weights: Weights,
  ballots: Ballots,
  query: number,
  columns: number,
  votes: Float64Array,
): number {
  const { offsets, distances, copies, edges } = ballots
  const at = offsets[query]
  const count = offsets[query + 1] - at
  if (count === 0) return 0
  const nearest = distances[at]
  if (isKernel(weights)) {
    const edge = edges === undefined ? distances[at + count - 1] : edges[query]
    kernelWeights(weights, distances.subarray(at, at + count), edge, columns, votes)
  } else {
    for (let place = 0; place < count; place++) {
      const distance = distances[at + place]
      if (typeof weights === 'function') votes[place] = checkedWeight(call, weights(distance), distance)
      else votes[place] = weights === 'uniform' || distance === nearest ? 1 : nearest / distance
    }
  }
  let sum = 0
  for (let place = 0; place < count; place++) {
    if (copies !== undefined) votes[place] *= copies[at + place]
    sum += votes[place]
  }
  if (sum > 0 && sum < Number.POSITIVE_INFINITY) return sum
  throw new InputError(
    'E_WEIGHTS',
    'weights',
    `${call}: weights must sum to a finite number above 0 for each query; those of query ${(ballots.first ?? 0) + query} sum to ${sum}`,
  )
}

function checkedWeight(call: string, weight: unknown, distance: number): number {
  if (typeof weight === 'number' && weight >= 0 && weight < Number.POSITIVE_INFINITY) return weight
  throw new InputError(
    'E_WEIGHTS',
    'weights',
    `${call}: weights must return a finite number from 0 up, got ${show(weight)} for distance ${distance}`,
  )
}
