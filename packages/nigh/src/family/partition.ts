import type { Random } from '../random.ts'
import type { SearchProgress } from '../indexes/steps.ts'
import type { DistinctRows } from './distinct-rows.ts'
import type { Geometry } from './space.ts'

/** Work that is done in steps of a few milliseconds. */
export type Work<T> = Generator<SearchProgress, T, void>

/** Rows with their nearest centres. */
export interface Partition {
  /** k × width. */
  readonly centers: Float64Array
  /** The nearest centre of every distinct row, those of weight 0 too. */
  readonly labels: Uint32Array
  /** The summed weight of each cluster. */
  readonly counts: Float64Array
  /** Σ weight × cost to the nearest centre. */
  readonly cost: number
  readonly iterations: number
  /** Whether it stopped by itself rather than at the limit. */
  readonly converged: boolean
}

/** How a partition is looked for. */
export interface Plan {
  readonly k: number
  /** Prepared centres; or how to draw them for each start. */
  readonly init: 'k-means++' | 'random' | Float64Array | ((random: Random) => Float64Array)
  readonly starts: number
  readonly maxIterations: number
}

/** Costs computed between two pauses: a few milliseconds. */
const BETWEEN_PAUSES = 400_000

/**
 * Looks for the centres of least summed cost by turns, as Lloyd's algorithm does: each row to its nearest centre, each
 * centre to where its rows cost least, until nothing changes. The best of some starts is kept, the first of equals.
 *
 * A cluster that runs empty takes the row that costs its own centre most.
 * Cost: starts × iterations × rows × k costs.
 */
export function* partition(
  geometry: Geometry,
  rows: DistinctRows,
  plan: Plan,
  random: Random,
): Work<Partition> {
  let best: Partition | null = null
  for (let start = 0; start < plan.starts; start++) {
    const progress = { done: start, total: plan.starts }
    const first = yield* seeds(geometry, rows, plan, random, progress)
    const found = yield* descend(geometry, rows, first, plan.maxIterations, progress)
    if (best === null || found.cost < best.cost) best = found
  }
  if (best === null) throw new Error('there was no start: this is a defect of nigh')
  return best
}

/** The first centres of a start. */
export function* seeds(
  geometry: Geometry,
  rows: DistinctRows,
  plan: Plan,
  random: Random,
  progress: SearchProgress,
): Work<Float64Array> {
  if (plan.init instanceof Float64Array) return plan.init.slice()
  if (typeof plan.init === 'function') return plan.init(random)
  if (plan.init === 'random') return centersOf(rows, arbitrary(rows.weights, plan.k, random))
  const { values, width, weights, count } = rows
  const costsTo = (row: number, out: Float64Array): void => {
    for (let i = 0; i < count; i++) out[i] = geometry.cost(values, i * width, values, row * width)
  }
  return centersOf(rows, yield* plusPlus(costsTo, weights, plan.k, random, progress))
}

function* descend(
  geometry: Geometry,
  rows: DistinctRows,
  first: Float64Array,
  maxIterations: number,
  progress: SearchProgress,
): Work<Partition> {
  const center = geometry.centering(rows)
  const costs = new Float64Array(rows.total)
  let centers = first
  let labels = new Uint32Array(rows.total)
  let { cost, counts } = yield* assign(geometry, rows, centers, labels, costs, progress)
  for (let iteration = 1; ; iteration++) {
    const next = centers.slice()
    center(labels, next, counts)
    fillEmpty(rows, counts, costs, next)
    const nextLabels = new Uint32Array(rows.total)
    const found = yield* assign(geometry, rows, next, nextLabels, costs, progress)
    const settled = sameLabels(labels, nextLabels, rows.count)
    // Rounding may make the best centres cost a little more: what came before is kept then, and the search is over.
    if (found.cost > cost) return { centers, labels, counts, cost, iterations: iteration, converged: true }
    const stuck = settled || found.cost === cost
    centers = next
    labels = nextLabels
    cost = found.cost
    counts = found.counts
    if (stuck || iteration === maxIterations) {
      return { centers, labels, counts, cost, iterations: iteration, converged: stuck }
    }
  }
}

/** Finds the nearest centre of every row: the smaller index on a tie. */
export function* assign(
  geometry: Geometry,
  rows: DistinctRows,
  centers: Float64Array,
  labels: Uint32Array,
  costs: Float64Array,
  progress: SearchProgress,
): Work<{ readonly cost: number; readonly counts: Float64Array }> {
  const k = centers.length / geometry.width
  const counts = new Float64Array(k)
  const step = pace(k, geometry.width)
  let cost = 0
  for (let from = 0; from < rows.total; from += step) {
    if (from > 0) yield progress
    const to = Math.min(rows.total, from + step)
    nearest(geometry, rows.values, centers, from, to, labels, costs)
    for (let i = from; i < to && i < rows.count; i++) {
      cost += rows.weights[i] * costs[i]
      counts[labels[i]] += rows.weights[i]
    }
  }
  yield progress
  return { cost, counts }
}

/** How many rows are done between two pauses. */
export function pace(k: number, width: number): number {
  return Math.max(1, Math.floor(BETWEEN_PAUSES / (k * width)))
}

/** The nearest centre of the rows `from` to `to`, and its cost: strict <, so that the smaller index wins a tie. */
export function nearest(
  geometry: Geometry,
  rows: Float64Array,
  centers: Float64Array,
  from: number,
  to: number,
  labels: Uint32Array,
  costs: Float64Array,
): void {
  const { width } = geometry
  const k = centers.length / width
  for (let i = from; i < to; i++) {
    let best = 0
    let least = geometry.cost(rows, i * width, centers, 0)
    for (let c = 1; c < k; c++) {
      const cost = geometry.cost(rows, i * width, centers, c * width)
      if (cost < least) {
        least = cost
        best = c
      }
    }
    labels[i] = best
    costs[i] = least
  }
}

/** Puts the centres of empty clusters on the rows that cost most: each on another, the first of equals. */
function fillEmpty(
  rows: DistinctRows,
  counts: Float64Array,
  costs: Float64Array,
  centers: Float64Array,
): void {
  const taken = new Set<number>()
  for (let c = 0; c < counts.length; c++) {
    if (counts[c] > 0) continue
    let far = -1
    for (let i = 0; i < rows.count; i++) {
      if (costs[i] > (far < 0 ? 0 : costs[far]) && !taken.has(i)) far = i
    }
    if (far < 0) return
    taken.add(far)
    centers.set(rows.values.subarray(far * rows.width, (far + 1) * rows.width), c * rows.width)
  }
}

/**
 * Picks rows by greedy k-means++: 2 + ⌊ln k⌋ candidates a round, drawn by weight × cost, of which the one that lowers
 * the summed cost most is taken. Fewer than k where the rows of all others cost nothing.
 *
 * @param costsTo writes what each row costs a given one, as if that were a centre
 */
export function* plusPlus(
  costsTo: (row: number, out: Float64Array) => void,
  weights: Float64Array,
  k: number,
  random: Random,
  progress: SearchProgress,
): Work<number[]> {
  const count = weights.length
  const taken: number[] = [drawn(weights, random.uniform())]
  const costs = new Float64Array(count)
  const chances = new Float64Array(count)
  const trials = 2 + Math.floor(Math.log(k))
  costsTo(taken[0], costs)
  let best = new Float64Array(count)
  let tried = new Float64Array(count)
  while (taken.length < k) {
    for (let i = 0; i < count; i++) chances[i] = weights[i] * costs[i]
    let bestRow = -1
    let least = Number.POSITIVE_INFINITY
    for (let t = 0; t < trials; t++) {
      const row = drawn(chances, random.uniform())
      if (row < 0) return taken
      costsTo(row, tried)
      let sum = 0
      for (let i = 0; i < count; i++) {
        if (costs[i] < tried[i]) tried[i] = costs[i]
        sum += weights[i] * tried[i]
      }
      if (sum < least) {
        least = sum
        bestRow = row
        const held = best
        best = tried
        tried = held
      }
      yield progress
    }
    costs.set(best)
    taken.push(bestRow)
  }
  return taken
}

/** Picks k different rows by weight. */
export function arbitrary(weights: Float64Array, k: number, random: Random): number[] {
  const left = weights.slice()
  const taken: number[] = []
  while (taken.length < k) {
    const row = drawn(left, random.uniform())
    if (row < 0) break
    left[row] = 0
    taken.push(row)
  }
  return taken
}

function centersOf(rows: DistinctRows, taken: readonly number[]): Float64Array {
  const centers = new Float64Array(taken.length * rows.width)
  taken.forEach((row, c) => {
    centers.set(rows.values.subarray(row * rows.width, (row + 1) * rows.width), c * rows.width)
  })
  return centers
}

/** Draws a place by inverse cumulative weight, `at` from 0 to 1 in the total; −1 where all weights are 0. */
export function drawn(weights: Float64Array, at: number): number {
  let total = 0
  for (let i = 0; i < weights.length; i++) total += weights[i]
  const aim = at * total
  let sum = 0
  let last = -1
  for (let i = 0; i < weights.length; i++) {
    if (!(weights[i] > 0)) continue
    sum += weights[i]
    last = i
    if (sum > aim) return i
  }
  return last
}

function sameLabels(a: Uint32Array, b: Uint32Array, count: number): boolean {
  for (let i = 0; i < count; i++) if (a[i] !== b[i]) return false
  return true
}
