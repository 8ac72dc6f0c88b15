/** A bend in a falling curve. */
export interface Knee {
  /** Its place in the curve. */
  readonly at: number
  /** How far the curve stands from the straight line between its ends there: from 0 (straight) to 1 (a corner). */
  readonly height: number
}

/**
 * Finds the bend of a curve that falls fast, then slowly: or null, where it has none.
 *
 * Both axes are brought to 0 … 1. A bend is a place where the curve stands farthest below the straight line between
 * its ends, and from which that distance falls, before it rises again, by more than `sensitivity` steps of the axis.
 * Where there are several, the farthest from the line is taken.
 *
 * @param x rising; `y` as many numbers, the last below the first
 * Source: Satopää et al. 2011 (Kneedle), S = 1.0 as there.
 */
export function kneeOf(x: readonly number[], y: readonly number[], sensitivity = 1): Knee | null {
  const last = x.length - 1
  if (last < 2) return null
  const high = Math.max(...y)
  const low = Math.min(...y)
  if (high === low) return null
  const below = y.map((value, i) => (high - value) / (high - low) - (x[i] - x[0]) / (x[last] - x[0]))
  const step = 1 / last
  let best: Knee | null = null
  for (let i = 1; i < last; i++) {
    if (!(below[i] >= below[i - 1] && below[i] > below[i + 1])) continue
    for (let j = i + 1; j <= last; j++) {
      if (below[j] > below[j - 1]) break
      if (below[j] < below[i] - sensitivity * step) {
        if (best === null || below[i] > best.height) best = { at: i, height: below[i] }
        break
      }
    }
  }
  return best
}
