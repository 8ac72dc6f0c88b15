import { checkChoice, InputError, show } from '../check.ts'
import type { Places } from './copies.ts'

/** How much a neighbour counts, by its distance: a finite number from 0 up. */
export type WeightFunction = (distance: number) => number

/** How neighbours' votes are weighted. */
export type Weights = 'uniform' | 'distance' | WeightFunction

/** @throws {InputError} E_PARAM */
export function checkWeights(call: string, weights: unknown): Weights {
  if (isWeightFunction(weights)) return weights
  return checkChoice(call, 'weights', weights, ['uniform', 'distance'])
}

function isWeightFunction(value: unknown): value is WeightFunction {
  return typeof value === 'function'
}

/**
 * The weight of the vote in each place of a query, written to `votes[0]` on.
 *
 * 'distance' counts a neighbour by 1/distance. Where neighbours lie at distance 0, they alone count, equally. The
 * weights are taken relative to the nearest neighbour's, as nearest/distance: the same proportions, but 1/1e-310 is
 * too large for a number and would pass for a distance of 0.
 *
 * @returns the sum of the votes, above 0
 * @throws {InputError} E_WEIGHTS where a weight function returns what it may not, or 0 for all neighbours of a query
 */
export function voteWeights(
  call: string,
  weights: Weights,
  places: Places,
  query: number,
  votes: Float64Array,
): number {
  const { distances, copies, k } = places
  const at = query * k
  const nearest = distances[at]
  let sum = 0
  for (let place = 0; place < k; place++) {
    const distance = distances[at + place]
    let vote = 1
    if (typeof weights === 'function') vote = checkedWeight(call, weights(distance), distance)
    else if (weights === 'distance') vote = distance === nearest ? 1 : nearest / distance
    if (copies !== undefined) vote *= copies[at + place]
    votes[place] = vote
    sum += vote
  }
  if (sum > 0 && sum < Number.POSITIVE_INFINITY) return sum
  throw new InputError(
    'E_WEIGHTS',
    'weights',
    `${call}: weights must sum to a finite number above 0 for each query; those of query ${query} sum to ${sum}`,
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
