import { InputError } from '../check.ts'

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

  constructor(call: string) {
    this.#call = call
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

  #grow(): void {
    const size = this.#count * 2
    if (size > 2 ** 30) {
      throw new InputError(
        'E_SIZE',
        'radius',
        `${this.#call}: more than ${2 ** 29} neighbours lie within the radius; ask for a smaller radius or fewer queries at a time`,
      )
    }
    const indices = new Uint32Array(size)
    const ranks = new Float64Array(size)
    indices.set(this.#indices)
    ranks.set(this.#ranks)
    this.#indices = indices
    this.#ranks = ranks
  }

  /** Ends a query: keeps what lies within the radius, in order, its ranks turned into distances. */
  close(radius: number, distance: (rank: number) => number): void {
    const start = this.#offsets[this.#offsets.length - 1]
    if (this.#isSorted(start)) {
      // As the kernels give them. Decided by the distance that is given out: one equal to the radius is within, always.
      let end = start
      for (let at = start; at < this.#count; at++) {
        const far = distance(this.#ranks[at])
        if (far > radius) continue
        this.#indices[end] = this.#indices[at]
        this.#ranks[end++] = far
      }
      this.#count = end
      this.#offsets.push(end)
      return
    }
    const found: { rank: number; row: number; distance: number }[] = []
    for (let at = start; at < this.#count; at++) {
      const rank = this.#ranks[at]
      const far = distance(rank)
      // Decided by the distance that is given out: one equal to the radius is within, always.
      if (far <= radius) found.push({ rank, row: this.#indices[at], distance: far })
    }
    found.sort((a, b) => a.rank - b.rank || a.row - b.row)
    for (let i = 0; i < found.length; i++) {
      this.#indices[start + i] = found[i].row
      this.#ranks[start + i] = found[i].distance
    }
    this.#count = start + found.length
    this.#offsets.push(this.#count)
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
