import type { Random } from '../random.ts'
import { answer, type FitEngine, type FitStep, type Yielded } from './passes.ts'

/**
 * Picks the first centroids by greedy k-means++: each round draws some candidates by weight times squared distance to
 * the nearest row taken so far, and takes the one that lowers the summed squared distance most.
 *
 * Candidates a round: 2 + ⌊ln k⌋, as scikit-learn. Cost: n·d for each candidate, less what the engine can rule out.
 * Source: Arthur and Vassilvitskii 2007; the greedy rule is theirs too (section 6).
 *
 * @returns the rows taken: k of them, or as many as there are different rows
 */
export function* plusPlus(
  engine: FitEngine,
  k: number,
  random: Random,
  start: number,
): Generator<Yielded, Float64Array[], void> {
  yield* answer(engine.startSeeding())
  const taken: Float64Array[] = []
  const first = yield* answer(engine.draw('weight', random.uniform(), []))
  if (first === null) return taken
  yield* answer(engine.takeRow(first))
  taken.push(first)
  yield seedStep(start, taken)
  const trials = 2 + Math.floor(Math.log(k))
  // An engine that draws many at once is told a round ahead where.
  const shares = (): readonly number[] =>
    engine.drawAll === undefined ? [] : Array.from({ length: trials }, () => random.uniform())
  let at = k > 1 ? shares() : []
  while (taken.length < k) {
    const candidates: Float64Array[] = []
    if (engine.drawAll === undefined) {
      for (let t = 0; t < trials; t++) {
        const candidate = yield* answer(engine.draw('distance', random.uniform(), taken))
        if (candidate === null) return taken // every row equals a taken one
        candidates.push(candidate)
      }
    } else {
      for (const candidate of yield* answer(engine.drawAll('distance', at, taken))) {
        if (candidate === null) return taken
        candidates.push(candidate)
      }
    }
    const next = taken.length + 1 < k ? shares() : []
    let best = 0
    if (engine.bestOf === undefined) {
      const gains = yield* answer(engine.tryRows(candidates, next))
      for (let t = 1; t < trials; t++) if (gains[t] > gains[best]) best = t
    } else {
      best = yield* answer(engine.bestOf(candidates))
    }
    yield* answer(engine.takeRow(candidates[best]))
    taken.push(candidates[best])
    at = next
    yield seedStep(start, taken)
  }
  return taken
}

/**
 * Picks different rows by weight: the arbitrary K observations of the textbook.
 *
 * @returns the rows taken: k of them, or as many as there are different rows
 */
export function* arbitrary(
  engine: FitEngine,
  k: number,
  random: Random,
  start: number,
): Generator<Yielded, Float64Array[], void> {
  yield* answer(engine.startSeeding())
  const taken: Float64Array[] = []
  while (taken.length < k) {
    const row = yield* answer(engine.draw('weight', random.uniform(), taken))
    if (row === null) return taken
    taken.push(row)
    yield seedStep(start, taken)
  }
  return taken
}

function seedStep(start: number, taken: readonly Float64Array[]): FitStep {
  return { start, iteration: 0, phase: 'seed', changed: taken.length, centroids: taken[taken.length - 1] }
}
