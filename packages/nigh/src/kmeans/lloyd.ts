import { Random } from '../random.ts'
import type { Grids } from './grids.ts'
import {
  answer,
  type Assigned,
  type CentroidSums,
  type FitEngine,
  type FitStep,
  type Yielded,
} from './passes.ts'
import { arbitrary, plusPlus } from './seeding.ts'

/** How a fit picks its first centroids: by a rule, or given (k × d each, one a start). */
export type Init = 'k-means++' | 'random' | readonly Float64Array[]

export interface LloydOptions {
  readonly k: number
  readonly init: Init
  readonly starts: number
  readonly maxIterations: number
  /** Stop when no centroid moves farther, in the engine's unit. */
  readonly tolerance: number
  readonly seed: number
}

/** What a fit found; its labels stay with the engine. */
export interface Outcome {
  readonly centroids: Float64Array
  readonly counts: Float64Array
  readonly inertia: number
  readonly iterations: number
  readonly converged: boolean
  /** Which start won, from 0. */
  readonly start: number
}

/**
 * Fits from each start and keeps the best: the smallest inertia, on a tie the earlier start.
 *
 * The generator asks the engine for passes and yields a step for each half of an iteration; it knows nothing of threads.
 */
export function* fit(engine: FitEngine, options: LloydOptions): Generator<Yielded, Outcome, void> {
  const grids = yield* answer(engine.prepare())
  const random = new Random(options.seed)
  let best: Outcome | null = null
  for (let start = 0; start < options.starts; start++) {
    const centroids = yield* firstCentroids(engine, options, random, start)
    const outcome = yield* lloyd(engine, grids, centroids, options, start)
    if (best === null || outcome.inertia < best.inertia) {
      best = outcome
      yield* answer(engine.keepLabels())
    }
    if (best.inertia === 0) break
  }
  if (best === null) throw new Error('a fit needs a start: this is a defect of nigh')
  return best
}

function* firstCentroids(
  engine: FitEngine,
  options: LloydOptions,
  random: Random,
  start: number,
): Generator<Yielded, Float64Array, void> {
  const { init, k } = options
  if (typeof init !== 'string') return init[start].slice()
  const pick = init === 'random' ? arbitrary : plusPlus
  const rows = yield* pick(engine, k, random, start)
  const centroids = new Float64Array(rows.length * engine.columns)
  for (let c = 0; c < rows.length; c++) centroids.set(rows[c], c * engine.columns)
  return centroids
}

/**
 * Lloyd's iterations from given centroids: assign, update, until updating changes nothing.
 *
 * `iterations` counts assignments, the last one, which changed nothing, among them (as scikit-learn counts).
 * Source: Lloyd 1982.
 */
function* lloyd(
  engine: FitEngine,
  grids: Grids,
  initial: Float64Array,
  options: { readonly maxIterations: number; readonly tolerance: number },
  start: number,
): Generator<Yielded, Outcome, void> {
  const { columns } = engine
  let centroids: Float64Array = initial.slice()
  let assigned: Assigned | null = null
  let iterations = 0
  let converged = false
  const step = (phase: FitStep['phase'], changed: number): FitStep => ({
    start,
    iteration: iterations,
    phase,
    changed,
    centroids,
  })

  while (iterations < options.maxIterations) {
    iterations++
    assigned = yield* answer(engine.assign(centroids, iterations === 1))
    yield step('assign', assigned.changed)
    // It is not over while a cluster without rows could have some.
    const { filled, sums } = yield* fillEmptyClusters(engine, centroids, assigned.sums)
    if (assigned.changed === 0 && iterations > 1 && !filled) {
      converged = true
      break
    }
    const moved = means(sums, grids, centroids)
    const shift = longestShift(centroids, moved, columns)
    centroids = moved
    yield step('update', assigned.changed)
    // A tolerance of 0 waits for an assignment that changes nothing.
    if (options.tolerance > 0 && shift <= options.tolerance) {
      // The labels must be those of the returned centroids.
      assigned = yield* answer(engine.assign(centroids, false))
      converged = emptyClusters(assigned.sums).length === 0
      if (converged) break
    }
  }
  // Stopped by the limit: here too.
  if (!converged || assigned === null) assigned = yield* answer(engine.assign(centroids, iterations === 0))

  const empty = emptyClusters(assigned.sums)
  if (empty.length > 0 && converged) {
    // There are fewer different rows than clusters. Keep those in use.
    centroids = without(centroids, empty, columns)
    assigned = yield* answer(engine.assign(centroids, true))
  }
  const inertia = yield* answer(engine.inertia(centroids))
  return { centroids, counts: weightsOf(assigned.sums), inertia, iterations, converged, start }
}

/**
 * Gives each cluster without rows a row that lies far from its own centroid, and the rows equal to it. Sums follow.
 *
 * A row whose cluster holds nothing else is left there: moving it would fill one cluster and empty another, for ever.
 * (Such a row may lie off its centroid by a rounding of the mean.)
 *
 * @returns whether any cluster was filled, and the sums as they are now
 */
function* fillEmptyClusters(
  engine: FitEngine,
  centroids: Float64Array,
  assigned: CentroidSums,
): Generator<Yielded, { readonly filled: boolean; readonly sums: CentroidSums }, void> {
  let sums = assigned
  const empty = emptyClusters(sums)
  if (empty.length === 0) return { filled: false, sums }
  for (let wanted = empty.length; ; wanted *= 2) {
    const far = yield* answer(engine.farthest(centroids, wanted))
    let filled = 0
    for (const { row } of far) {
      if (filled === empty.length) break
      const before = emptyClusters(sums)
      sums = (yield* answer(engine.relocate(row, empty[filled]))).sums
      const left = emptyClusters(sums).find((c) => !before.includes(c))
      if (left === undefined) filled++
      else sums = (yield* answer(engine.relocate(row, left))).sums
    }
    if (filled > 0 || far.length < wanted) return { filled: filled > 0, sums }
  }
}

/** The mean of each centroid's members; a centroid without members stays where it is. */
function means(sums: CentroidSums, grids: Grids, centroids: Float64Array): Float64Array {
  const columns = grids.origin.length
  const moved = centroids.slice()
  const k = centroids.length / columns
  for (let c = 0; c < k; c++) {
    const weight = sums.weightCoarse[c] + sums.weightFine[c]
    if (weight === 0) continue
    for (let j = 0; j < columns; j++) {
      const at = c * columns + j
      moved[at] = grids.origin[j] + (sums.coarse[at] + sums.fine[at]) / weight
    }
  }
  return moved
}

function longestShift(before: Float64Array, after: Float64Array, columns: number): number {
  let longest = 0
  for (let at = 0; at < before.length; at += columns) {
    let sq = 0
    for (let j = 0; j < columns; j++) {
      const t = after[at + j] - before[at + j]
      sq += t * t
    }
    if (sq > longest) longest = sq
  }
  return Math.sqrt(longest)
}

function weightsOf(sums: CentroidSums): Float64Array {
  return sums.weightCoarse.map((coarse, c) => coarse + sums.weightFine[c])
}

function emptyClusters(sums: CentroidSums): number[] {
  const empty: number[] = []
  for (let c = 0; c < sums.weightCoarse.length; c++) {
    if (sums.weightCoarse[c] + sums.weightFine[c] === 0) empty.push(c)
  }
  return empty
}

function without(centroids: Float64Array, dropped: readonly number[], columns: number): Float64Array {
  const k = centroids.length / columns
  const left = new Float64Array((k - dropped.length) * columns)
  let at = 0
  for (let c = 0; c < k; c++) {
    if (dropped.includes(c)) continue
    left.set(centroids.subarray(c * columns, (c + 1) * columns), at)
    at += columns
  }
  return left
}
