import type { PointsLike } from '../data/points.ts'
import type { SearchProgress } from '../indexes/steps.ts'
import { power } from '../metrics/elementary.ts'
import type { Random } from '../random.ts'
import type { DistinctRows } from './distinct-rows.ts'
import { assign, drawn, nearest, type Plan, seeds, type Work } from './partition.ts'
import type { Space } from './space.ts'

/** What the steps of mini-batch K-Means go by. */
export interface Settings {
  readonly batchSize: number
  readonly maxNoImprovement: number
  readonly reassignmentRatio: number
  /** Null: nothing is forgotten. */
  readonly halfLife: number | null
}

/**
 * Shows rows to centres, all at once: those that rows are nearest to move, in place.
 *
 * @param unit what the rows' weights must be multiplied by
 * @returns what each centre has seen then, less what was forgotten
 */
export function* learn(
  space: Space<PointsLike>,
  rows: DistinctRows,
  unit: number,
  centers: Float64Array,
  seen: Float64Array,
  halfLife: number | null,
): Work<Float64Array> {
  const labels = new Uint32Array(rows.total)
  const progress = { done: 0, total: rows.total }
  const { counts } = yield* assign(space, rows, centers, labels, new Float64Array(rows.total), progress)
  const added = counts.map((count) => count * unit)
  const weight = added.reduce((sum, count) => sum + count, 0)
  const keep = halfLife === null ? 1 : power(0.5, weight / halfLife)
  const now = seen.map((count, c) => count * keep + added[c])
  move(rows.values, rows.weights, labels, rows.count, centers, now, unit)
  return now
}

/** Moves centres towards rows: c + Σw(x − c) / seen, where `seen` counts these rows already. */
function move(
  values: Float64Array,
  weights: Float64Array | null,
  labels: Uint32Array,
  count: number,
  centers: Float64Array,
  seen: Float64Array,
  unit: number,
): void {
  const width = centers.length / seen.length
  const shifts = new Float64Array(centers.length)
  for (let i = 0; i < count; i++) {
    const weight = weights === null ? 1 : weights[i]
    for (let j = 0, to = labels[i] * width; j < width; j++) {
      shifts[to + j] += weight * (values[i * width + j] - centers[to + j])
    }
  }
  for (let at = 0; at < centers.length; at++) {
    const total = seen[Math.floor(at / width)]
    if (total > 0) centers[at] += (shifts[at] / total) * unit
  }
}

/**
 * Centres that move a little with every batch of drawn rows, until batches cost no less.
 *
 * Source: Sculley 2010; stopping and reassignment as scikit-learn does.
 */
export class BatchDescent {
  readonly centers: Float64Array
  /** Batches taken. */
  steps = 0
  /** Whether the smoothed inertia has not fallen for `maxNoImprovement` steps. */
  converged = false
  readonly #space: Space<PointsLike>
  readonly #settings: Settings
  readonly #random: Random
  readonly #size: number
  readonly #seen: Float64Array
  readonly #labels: Uint32Array
  readonly #costs: Float64Array
  /** How much of the smoothed inertia a batch replaces. */
  readonly #alpha: number
  #smoothed = Number.NaN
  #least = Number.POSITIVE_INFINITY
  #idle = 0
  #sinceCheck = 0

  /**
   * @param centers k × width, the first ones: they are moved in place
   * @param size rows of a batch
   * @param total how many rows there are to draw from
   */
  constructor(
    space: Space<PointsLike>,
    settings: Settings,
    random: Random,
    centers: Float64Array,
    size: number,
    total: number,
  ) {
    this.#space = space
    this.#settings = settings
    this.#random = random
    this.centers = centers
    this.#size = size
    this.#seen = new Float64Array(centers.length / space.width)
    this.#labels = new Uint32Array(size)
    this.#costs = new Float64Array(size)
    this.#alpha = Math.min(1, (2 * size) / (total + 1))
  }

  /** One step. @param batch size × width */
  take(batch: Float64Array): void {
    this.steps++
    const size = this.#size
    const labels = this.#labels
    const costs = this.#costs
    const seen = this.#seen
    nearest(this.#space, batch, this.centers, 0, size, labels, costs)
    let cost = 0
    for (let i = 0; i < size; i++) {
      cost += costs[i]
      seen[labels[i]]++
    }
    move(batch, null, labels, size, this.centers, seen, 1)
    this.#sinceCheck += size
    if (this.#sinceCheck >= 10 * seen.length || seen.includes(0)) {
      this.#sinceCheck = 0
      reassign(batch, costs, this.centers, seen, this.#settings.reassignmentRatio, this.#random)
    }
    // The first step is not counted: its centroids are the seeds.
    if (this.steps === 1) return
    this.#smoothed = Number.isNaN(this.#smoothed)
      ? cost
      : this.#smoothed + this.#alpha * (cost - this.#smoothed)
    this.#idle = this.#smoothed < this.#least ? 0 : this.#idle + 1
    this.#least = Math.min(this.#least, this.#smoothed)
    this.converged = this.#idle >= this.#settings.maxNoImprovement
  }
}

/** How many rows a sample for first centres has: three batches, or 3·k where that is more. */
export function sampleSize(size: number, k: number): number {
  return 3 * Math.max(size, k)
}

/** The best of some first centres, by their cost on a sample of the rows. */
export function* firstCenters(
  space: Space<PointsLike>,
  sample: DistinctRows,
  plan: Plan,
  random: Random,
  progress: SearchProgress,
): Work<Float64Array> {
  let best: Float64Array | null = null
  let least = Number.POSITIVE_INFINITY
  for (let start = 0; start < plan.starts; start++) {
    const centers = yield* seeds(space, sample, plan, random, progress)
    const labels = new Uint32Array(sample.total)
    const { cost } = yield* assign(space, sample, centers, labels, new Float64Array(sample.total), progress)
    const more = best === null ? 1 : centers.length - best.length
    if (more > 0 || (more === 0 && cost < least)) {
      least = cost
      best = centers
    }
  }
  return best ?? new Float64Array(0)
}

/** The place that a draw falls on: the first whose cumulative weight is above `aim`. */
export function placeOf(cumulative: Float64Array, aim: number): number {
  let low = 0
  let high = cumulative.length - 1
  while (low < high) {
    const middle = (low + high) >>> 1
    if (cumulative[middle] > aim) high = middle
    else low = middle + 1
  }
  return low
}

/** Moves clusters that have seen too little to rows of the batch, drawn by what they cost: half a batch at most. */
function reassign(
  batch: Float64Array,
  costs: Float64Array,
  centers: Float64Array,
  seen: Float64Array,
  ratio: number,
  random: Random,
): void {
  const width = centers.length / seen.length
  const most = seen.reduce((a, b) => Math.max(a, b), 0)
  const low = Array.from(seen.keys()).filter((c) => seen[c] < ratio * most || seen[c] === 0)
  low.sort((a, b) => seen[a] - seen[b] || a - b)
  const moved = low.slice(0, Math.floor(costs.length / 2))
  let kept = Number.POSITIVE_INFINITY
  seen.forEach((weight, c) => {
    if (!moved.includes(c)) kept = Math.min(kept, weight)
  })
  const left = costs.slice()
  for (const c of moved) {
    const row = drawn(left, random.uniform())
    if (row < 0) return
    left[row] = 0
    centers.set(batch.subarray(row * width, (row + 1) * width), c * width)
    seen[c] = kept
  }
}
