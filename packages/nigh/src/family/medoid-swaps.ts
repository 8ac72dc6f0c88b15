// FasterPAM: for each row x in turn, what exchanging each medoid for x would change, in one pass over the rows:
//
//   removal[c]  = Σ second − nearest, over the rows of medoid c      kept, what dropping c would cost
//   for each row o, at distance d from x:
//     d < nearest(o):  gain += d − nearest(o), removal of o's medoid gets nearest(o) − second(o)
//     d < second(o):   removal of o's medoid gets d − second(o)
//   best c: the least removal[c] + gain; below 0, c is exchanged for x at once
//
// until no row of a whole round is worth an exchange.

import type { SearchProgress } from '../indexes/steps.ts'
import type { Work } from './partition.ts'

/** Rows that may become medoids. */
export interface Candidates {
  /** What each weighs: above 0. */
  readonly weights: Float64Array
  /** Writes the distance of every row to one of them. */
  readonly distancesTo: (row: number, out: Float64Array) => void
}

/** Medoids that no exchange improves. */
export interface Swapped {
  readonly medoids: number[]
  /** Summed weight × distance to the nearest medoid. */
  readonly cost: number
  readonly swaps: number
  readonly converged: boolean
}

/** Sums may be off by this share: a smaller gain is none, or exchanges might go round in circles. */
const ROUNDING = 1e-12
/** Distances looked at between two pauses: a few milliseconds. */
const BETWEEN_PAUSES = 200_000

/**
 * Exchanges medoids for other rows while that lowers the summed distance: at most `limit` times.
 *
 * Cost: n distances and n + k further steps for each row looked at; n·k for each exchange.
 * Source: Schubert and Rousseeuw 2021, algorithm 4 (eager swaps).
 */
export function* swapped(
  rows: Candidates,
  first: readonly number[],
  limit: number,
  progress: SearchProgress,
): Work<Swapped> {
  const { weights, distancesTo } = rows
  const n = weights.length
  const k = first.length
  const medoids = [...first]
  const toMedoids = medoids.map((row) => {
    const distances = new Float64Array(n)
    distancesTo(row, distances)
    return distances
  })
  const near = new Uint32Array(n)
  const least = new Float64Array(n)
  const second = new Float64Array(n)
  const removal = new Float64Array(k)
  let cost = rank(toMedoids, weights, near, least, second, removal)
  const distances = new Float64Array(n)
  const change = new Float64Array(k)
  let swaps = 0
  let work = 0
  for (let x = 0, idle = 0; idle < n; x = (x + 1) % n, idle++) {
    work += n
    if (work > BETWEEN_PAUSES) {
      work = 0
      yield progress
    }
    if (medoids.includes(x)) continue
    distancesTo(x, distances)
    let gain = 0
    let best = 0
    if (k === 1) {
      for (let o = 0; o < n; o++) gain += weights[o] * (distances[o] - least[o])
    } else {
      change.set(removal)
      for (let o = 0; o < n; o++) {
        const d = distances[o]
        if (d < least[o]) {
          gain += weights[o] * (d - least[o])
          change[near[o]] += weights[o] * (least[o] - second[o])
        } else if (d < second[o]) {
          change[near[o]] += weights[o] * (d - second[o])
        }
      }
      for (let c = 1; c < k; c++) if (change[c] < change[best]) best = c
      gain += change[best]
    }
    if (!(gain < -ROUNDING * cost)) continue
    if (swaps === limit) return { medoids, cost, swaps, converged: false }
    medoids[best] = x
    toMedoids[best].set(distances)
    cost = rank(toMedoids, weights, near, least, second, removal)
    swaps++
    idle = -1
  }
  return { medoids, cost, swaps, converged: true }
}

/** Finds the nearest and second nearest medoid of each row, and what dropping each medoid would cost. */
function rank(
  toMedoids: readonly Float64Array[],
  weights: Float64Array,
  near: Uint32Array,
  least: Float64Array,
  second: Float64Array,
  removal: Float64Array,
): number {
  const n = weights.length
  least.fill(Number.POSITIVE_INFINITY)
  second.fill(Number.POSITIVE_INFINITY)
  for (let c = 0; c < toMedoids.length; c++) {
    const distances = toMedoids[c]
    for (let o = 0; o < n; o++) {
      const d = distances[o]
      if (d < least[o]) {
        second[o] = least[o]
        least[o] = d
        near[o] = c
      } else if (d < second[o]) {
        second[o] = d
      }
    }
  }
  removal.fill(0)
  let cost = 0
  for (let o = 0; o < n; o++) {
    cost += weights[o] * least[o]
    if (toMedoids.length > 1) removal[near[o]] += weights[o] * (second[o] - least[o])
  }
  return cost
}
