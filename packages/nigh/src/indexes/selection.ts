/** Up to here, an ordered list is faster to keep than a heap. */
const listLimit = 48

/**
 * The k best of the (rank, row) pairs offered so far; a tie in rank goes to the smaller row.
 *
 * Small k: a list in order. Larger k: a heap with the worst on top, put in order when it is read.
 */
export class Selection {
  readonly k: number
  /** The pair that the next one must beat: an infinite rank until k are held. */
  worstRank: number = Number.POSITIVE_INFINITY
  worstRow: number = 0xffffffff
  readonly #ranks: Float64Array
  readonly #rows: Uint32Array
  #count = 0

  constructor(k: number) {
    this.k = k
    this.#ranks = new Float64Array(k)
    this.#rows = new Uint32Array(k)
  }

  /** How many pairs are held, up to k. */
  get count(): number {
    return this.#count
  }

  clear(): void {
    this.#count = 0
    this.worstRank = Number.POSITIVE_INFINITY
    this.worstRow = 0xffffffff
  }

  /** Whether a row of this rank could still be chosen. */
  admits(rank: number, row: number): boolean {
    return rank < this.worstRank || (rank === this.worstRank && row < this.worstRow)
  }

  /** Takes a pair that {@link admits}. */
  add(rank: number, row: number): void {
    if (this.k > listLimit) this.#push(rank, row)
    else this.#insert(rank, row)
  }

  #insert(rank: number, row: number): void {
    const ranks = this.#ranks
    const rows = this.#rows
    let at = this.#count < this.k ? this.#count++ : this.k - 1
    while (at > 0 && (ranks[at - 1] > rank || (ranks[at - 1] === rank && rows[at - 1] > row))) {
      ranks[at] = ranks[at - 1]
      rows[at] = rows[at - 1]
      at--
    }
    ranks[at] = rank
    rows[at] = row
    if (this.#count === this.k) {
      this.worstRank = ranks[this.k - 1]
      this.worstRow = rows[this.k - 1]
    }
  }

  #push(rank: number, row: number): void {
    const ranks = this.#ranks
    const rows = this.#rows
    if (this.#count < this.k) {
      let at = this.#count++
      while (at > 0) {
        const parent = (at - 1) >> 1
        if (!(rank > ranks[parent] || (rank === ranks[parent] && row > rows[parent]))) break
        ranks[at] = ranks[parent]
        rows[at] = rows[parent]
        at = parent
      }
      ranks[at] = rank
      rows[at] = row
    } else {
      this.#sink(rank, row, this.k)
    }
    if (this.#count === this.k) {
      this.worstRank = ranks[0]
      this.worstRow = rows[0]
    }
  }

  /** Puts a pair in the place of the top of a heap of `size`. */
  #sink(rank: number, row: number, size: number): void {
    const ranks = this.#ranks
    const rows = this.#rows
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= size) break
      const right = child + 1
      if (
        right < size &&
        (ranks[right] > ranks[child] || (ranks[right] === ranks[child] && rows[right] > rows[child]))
      ) {
        child = right
      }
      if (!(ranks[child] > rank || (ranks[child] === rank && rows[child] > row))) break
      ranks[at] = ranks[child]
      rows[at] = rows[child]
      at = child
    }
    ranks[at] = rank
    rows[at] = row
  }

  /** Writes the pairs held, best first, from `at` on; the selection is then to be cleared. */
  write(rows: Uint32Array, ranks: Float64Array, at: number): void {
    if (this.k > listLimit) {
      for (let size = this.#count - 1; size > 0; size--) {
        const rank = this.#ranks[size]
        const row = this.#rows[size]
        const worstRank = this.#ranks[0]
        const worstRow = this.#rows[0]
        this.#sink(rank, row, size)
        this.#ranks[size] = worstRank
        this.#rows[size] = worstRow
      }
    }
    for (let i = 0; i < this.#count; i++) {
      rows[at + i] = this.#rows[i]
      ranks[at + i] = this.#ranks[i]
    }
  }
}
