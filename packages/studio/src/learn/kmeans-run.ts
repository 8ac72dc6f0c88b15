import { KMeans, Matrix } from 'nigh'
import { placesOf, type Lesson, type Spot } from './lesson.ts'

/** One picture of a run: what the library's half step left. */
export interface Frame {
  readonly phase: 'seed' | 'assign' | 'update'
  readonly iteration: number
  /** While seeding: how many centroids there are. Else: points that changed their cluster. */
  readonly changed: number
  readonly centroids: readonly Spot[]
  /** Empty while seeding. */
  readonly labels: Uint32Array
  readonly inertia: number
}

export interface Run {
  readonly frames: readonly Frame[]
  readonly inertia: number
  readonly iterations: number
}

/** What a run depends on. */
export type RunAsk = Pick<Lesson, 'points' | 'clusters' | 'seed' | 'init' | 'placed'>

export const noRun: Run = { frames: [], inertia: 0, iterations: 0 }

/**
 * Runs K-Means on a lesson's points and keeps every half step. One start: what it ends in depends on it.
 *
 * With the plain kernels: for a few hundred points, making WebAssembly ready takes longer than all the work, at each
 * point that is drawn. The answer is the same.
 */
export function runOf(ask: RunAsk): Run {
  const { points, clusters, seed, init, placed } = ask
  const k = Math.min(clusters, points.length)
  if (k === 0 || (init === 'placed' && placed.length === 0)) return noRun
  const rows = Matrix.of(placesOf(points), 2)
  const steps = KMeans.steps(
    rows,
    init === 'placed'
      ? {
          k: Math.min(placed.length, points.length),
          init: Matrix.of(placesOf(placed.slice(0, points.length)), 2),
          nInit: 1,
          kernels: 'scalar',
        }
      : { k, init, seed, nInit: 1, kernels: 'scalar' },
  )
  const frames: Frame[] = []
  for (let next = steps.next(); ; next = steps.next()) {
    if (next.done === true) {
      return { frames, inertia: next.value.inertia, iterations: next.value.iterations }
    }
    const { phase, iteration, changed, centroids, labels, inertia } = next.value
    // The first assignment shows what was picked: one picture for all first centroids together.
    if (phase === 'seed') continue
    const spots = Array.from({ length: centroids.rows }, (_, c) => ({
      x: centroids.values[2 * c],
      y: centroids.values[2 * c + 1],
    }))
    if (frames.length === 0) {
      frames.push({
        phase: 'seed',
        iteration: 0,
        changed: spots.length,
        centroids: spots,
        labels: new Uint32Array(0),
        inertia: Number.NaN,
      })
    }
    frames.push({ phase, iteration, changed, centroids: spots, labels, inertia })
  }
}
