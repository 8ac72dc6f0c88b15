/**
 * How long a fit will still take, by how fast the rows that move grow fewer: about, since nobody knows how many
 * iterations there will be.
 */
export class Forecast {
  readonly #most: number
  #steps: { readonly at: number; readonly iteration: number; readonly moved: number }[] = []

  /** @param most the iterations that are allowed */
  constructor(most: number = Number.POSITIVE_INFINITY) {
    this.#most = most
  }

  /** Notes that so many rows moved in an iteration (from 1) that ended at `at` seconds. */
  add(at: number, iteration: number, moved: number): void {
    const last = this.#steps.at(-1)
    if (last !== undefined && iteration <= last.iteration) this.#steps = []
    this.#steps.push({ at, iteration, moved })
    if (this.#steps.length > 12) this.#steps.shift()
  }

  /** Seconds left; null where it is too early to say, or the rows that move do not grow fewer. */
  get left(): number | null {
    const steps = this.#steps
    if (steps.length < 5) return null
    const [first] = steps
    const last = steps[steps.length - 1]
    const each = (last.at - first.at) / (last.iteration - first.iteration)
    // The line through the logarithms of the rows moved reaches one row.
    let sx = 0
    let sy = 0
    let sxx = 0
    let sxy = 0
    for (const { iteration, moved } of steps) {
      const x = iteration - first.iteration
      const y = Math.log(Math.max(1, moved))
      sx += x
      sy += y
      sxx += x * x
      sxy += x * y
    }
    const slope = (steps.length * sxy - sx * sy) / (steps.length * sxx - sx * sx)
    const allowed = Math.max(0, this.#most - last.iteration)
    const needed =
      slope < 0
        ? Math.max(0, Math.ceil(Math.log(Math.max(1, last.moved)) / -slope - 1e-9))
        : Number.POSITIVE_INFINITY
    const iterations = Math.min(needed, allowed)
    return Number.isFinite(iterations) ? iterations * each : null
  }
}
