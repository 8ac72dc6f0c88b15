import type { CentroidSums, Grids } from 'nigh/internals'

/**
 * The rows of a cluster that can change their label while the centroids stay near some base: all others lie nearer to
 * their own centroid by at least a margin. Iterations over them alone give the bits of iterations over all.
 */
export class ActiveRows {
  readonly #rows: Float64Array
  readonly #columns: number
  readonly #base: Float64Array
  readonly #grids: Grids
  readonly #margin: number
  /** Labels, and bounds on the distance to the own centroid and to any other (Hamerly 2010). */
  readonly #labels: Uint32Array
  readonly #upper: Float64Array
  readonly #lower: Float64Array
  #centroids: Float64Array

  /**
   * @param rows weight and numbers of each row
   * @param base the centroids, k × d, that the rows are labelled with
   * @param margin how much nearer the own centroid of any other row is than the next
   */
  constructor(rows: Float64Array, base: Float64Array, grids: Grids, margin: number) {
    this.#rows = rows
    this.#columns = grids.origin.length
    this.#base = base
    this.#grids = grids
    this.#margin = margin
    this.#centroids = base
    const n = rows.length / (this.#columns + 1)
    this.#labels = new Uint32Array(n)
    this.#upper = new Float64Array(n)
    this.#lower = new Float64Array(n)
    for (let i = 0; i < n; i++) this.#scan(i, base)
  }

  /** n. */
  get rows(): number {
    return this.#labels.length
  }

  /** Whether no other row can change its label under these centroids. */
  holds(centroids: Float64Array): boolean {
    return longestPair(this.#base, centroids, this.#columns) < this.#margin * (1 - 1e-9)
  }

  /** Labels the rows with the nearest centroids and moves those that change in the sums. @returns how many did */
  assign(centroids: Float64Array, sums: CentroidSums): number {
    const d = this.#columns
    const moves = stepsOf(this.#centroids, centroids, d)
    const slack = slackOf(d)
    let changed = 0
    for (let i = 0; i < this.rows; i++) {
      const label = this.#labels[i]
      // Widened outward, as in java/nigh/Labels.java.
      let upper = (this.#upper[i] + moves.steps[label]) * (1 + 2 ** -51)
      const step = label === moves.longestOf ? moves.second : moves.longest
      let lower = this.#lower[i] - step
      lower -= (Math.abs(lower) + step) * 2 ** -51
      this.#upper[i] = upper
      this.#lower[i] = lower
      if (lower > 1e-140) {
        const limit = lower * (1 - 4 * slack)
        if (upper < limit) continue
        upper = Math.sqrt(this.#distanceSq(i, centroids, label)) * (1 + slack) + 1e-150
        this.#upper[i] = upper
        if (upper < limit) continue
      }
      this.#scan(i, centroids)
      if (this.#labels[i] === label) continue
      changed++
      this.#move(i, label, -1, sums)
      this.#move(i, this.#labels[i], 1, sums)
    }
    this.#centroids = centroids.slice()
    return changed
  }

  /** The squared distance by its definition. */
  #distanceSq(row: number, centroids: Float64Array, cluster: number): number {
    const d = this.#columns
    const at = row * (d + 1) + 1
    const other = cluster * d
    let sum = 0
    for (let j = 0; j < d; j++) {
      const t = this.#rows[at + j] - centroids[other + j]
      sum += t * t
    }
    return sum
  }

  #scan(row: number, centroids: Float64Array): void {
    const k = centroids.length / this.#columns
    let best = Number.POSITIVE_INFINITY
    let second = Number.POSITIVE_INFINITY
    let winner = 0
    for (let c = 0; c < k; c++) {
      const sq = this.#distanceSq(row, centroids, c)
      // Strict <: on a tie the smaller index wins, as everywhere.
      if (sq < best) {
        second = best
        best = sq
        winner = c
      } else if (sq < second) second = sq
    }
    const slack = slackOf(this.#columns)
    this.#labels[row] = winner
    this.#upper[row] = Math.sqrt(best) * (1 + slack) + 1e-150
    this.#lower[row] = Math.sqrt(second) * (1 - slack)
  }

  /** Adds a row to (sign 1) or takes it from (sign −1) a centroid's sums: whole multiples of grids, so exactly. */
  #move(row: number, cluster: number, sign: number, sums: CentroidSums): void {
    const d = this.#columns
    const { origin, coarse, fine, weightCoarse, weightFine } = this.#grids
    const at = row * (d + 1)
    const weight = this.#rows[at]
    const a = weight + weightCoarse - weightCoarse
    sums.weightCoarse[cluster] += sign * a
    sums.weightFine[cluster] += sign * (weight - a + weightFine - weightFine)
    const whole = Math.floor(weight)
    const part = weight - whole
    for (let j = 0; j < d; j++) {
      const t = this.#rows[at + 1 + j] - origin[j]
      const rounded = t + coarse[j] - coarse[j]
      let x = rounded * whole
      let y = (t - rounded + fine[j] - fine[j]) * whole
      if (part !== 0) {
        const product = t * part
        const big = product + coarse[j] - coarse[j]
        x += big
        y += product - big + fine[j] - fine[j]
      }
      sums.coarse[cluster * d + j] += sign * x
      sums.fine[cluster * d + j] += sign * y
    }
  }
}

/** The longest way that two centroids can have come nearer to each other's rows, rounded up. */
export function longestPair(from: Float64Array, to: Float64Array, d: number): number {
  const { longest, second } = stepsOf(from, to, d)
  return (longest + second) * (1 + 2 ** -50)
}

/** How far each centroid moved, rounded up, and the two longest of these steps. */
function stepsOf(
  from: Float64Array,
  to: Float64Array,
  d: number,
): {
  readonly steps: Float64Array
  readonly longest: number
  readonly second: number
  readonly longestOf: number
} {
  const steps = new Float64Array(to.length / d)
  const slack = slackOf(d)
  for (let c = 0; c < steps.length; c++) {
    let sum = 0
    let same = true
    for (let j = c * d; j < (c + 1) * d; j++) {
      const t = to[j] - from[j]
      sum += t * t
      if (to[j] !== from[j]) same = false
    }
    // The smallest summand covers squares that vanish.
    steps[c] = same ? 0 : Math.sqrt(sum) * (1 + slack) + 1e-150
  }
  let longestOf = 0
  for (let c = 1; c < steps.length; c++) if (steps[c] > steps[longestOf]) longestOf = c
  let second = 0
  for (let c = 0; c < steps.length; c++) if (c !== longestOf && steps[c] > second) second = steps[c]
  return { steps, longest: steps[longestOf], second, longestOf }
}

/** Relative error of a computed distance, with room to spare. */
function slackOf(d: number): number {
  return (d + 16) * 2 ** -51
}
