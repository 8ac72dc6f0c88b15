import { InputError } from '../check.ts'
import { sortedNumbers } from '../data/sorted.ts'

/** Most neighbours that one answer holds: 3 GiB of rows and distances. */
const MOST = 2 ** 28
/** Distances taken between two pauses: a few milliseconds. */
const BETWEEN_PAUSES = 2 ** 17

/** The k nearest rows of each of m queries. */
export interface Neighbors {
  /** m × k row numbers, query after query, nearest first; equal distances in the order of their row numbers. */
  readonly indices: Uint32Array
  /** m × k distances, in the metric's unit. */
  readonly distances: Float64Array
  /** Neighbours a query. */
  readonly k: number
}

/** The rows within a radius of each of m queries: query i has the positions `offsets[i]` to `offsets[i + 1]` (exclusive). */
export interface NeighborsWithin {
  /** m + 1 positions. */
  readonly offsets: Uint32Array
  /** Row numbers, query after query, nearest first; equal distances in the order of their row numbers. */
  readonly indices: Uint32Array
  /** Distances, in the metric's unit. */
  readonly distances: Float64Array
}

/** Gathers what a `within` finds, query after query, in arrays that double as they fill. */
export class WithinList {
  readonly #offsets: number[] = [0]
  #indices: Uint32Array = new Uint32Array(64)
  #ranks: Float64Array = new Float64Array(64)
  #count = 0
  readonly #call: string
  readonly #most: number

  /** @param most rows that may be found at any time */
  constructor(call: string, most: number = MOST) {
    this.#call = call
    this.#most = most
  }

  /** Rows gathered so far. */
  get count(): number {
    return this.#count
  }

  add(rank: number, row: number): void {
    if (this.#count === this.#indices.length) this.#grow()
    this.#indices[this.#count] = row
    this.#ranks[this.#count] = rank
    this.#count++
  }

  /** @throws {InputError} E_MEMORY where an answer would be too large, before there is room for it */
  #grow(): void {
    const size = Math.min(this.#count * 2, this.#most)
    if (size <= this.#count) throw this.#tooMany()
    try {
      const indices = new Uint32Array(size)
      const ranks = new Float64Array(size)
      indices.set(this.#indices)
      ranks.set(this.#ranks)
      this.#indices = indices
      this.#ranks = ranks
    } catch (error) {
      if (error instanceof RangeError) throw this.#tooMany()
      throw error
    }
  }

  #tooMany(): InputError {
    return new InputError(
      'E_MEMORY',
      'radius',
      `${this.#call}: more than ${this.#count} neighbours lie within the radius, and one answer holds no more; ask for a smaller radius, or fewer queries at a time`,
    )
  }

  /** Ends a query: keeps what lies within the radius, in order, its ranks turned into distances. */
  close(radius: number, distance: (rank: number) => number): void {
    const steps = this.closing(radius, distance)
    while (steps.next().done !== true);
  }

  /** {@link WithinList.close} in steps of a few milliseconds. */
  *closing(radius: number, distance: (rank: number) => number): Generator<void, void, void> {
    const start = this.#offsets[this.#offsets.length - 1]
    // The kernels give them in order.
    if (!this.#isSorted(start)) {
      const ranks = this.#ranks.slice(start, this.#count)
      const rows = this.#indices.slice(start, this.#count)
      const order = yield* sortedNumbers(rows.length, (a, b) => ranks[a] - ranks[b] || rows[a] - rows[b])
      for (let at = 0; at < order.length; at++) {
        this.#ranks[start + at] = ranks[order[at]]
        this.#indices[start + at] = rows[order[at]]
      }
    }
    // Decided by the distance that is given out: one equal to the radius is within, always.
    let end = start
    for (let at = start; at < this.#count; at++) {
      if (at % BETWEEN_PAUSES === BETWEEN_PAUSES - 1) yield
      const far = distance(this.#ranks[at])
      if (far > radius) continue
      this.#indices[end] = this.#indices[at]
      this.#ranks[end++] = far
    }
    this.#count = end
    this.#offsets.push(end)
  }

  #isSorted(start: number): boolean {
    const ranks = this.#ranks
    for (let at = start + 1; at < this.#count; at++) {
      if (ranks[at] > ranks[at - 1]) continue
      if (ranks[at] < ranks[at - 1] || this.#indices[at] < this.#indices[at - 1]) return false
    }
    return true
  }

  finish(): NeighborsWithin {
    return {
      offsets: Uint32Array.from(this.#offsets),
      indices: this.#indices.slice(0, this.#count),
      distances: this.#ranks.slice(0, this.#count),
    }
  }
}
