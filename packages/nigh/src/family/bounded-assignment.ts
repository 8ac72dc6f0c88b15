// The assignment of rows to clusters that costs least while every cluster has from `minSize` to `maxSize` rows.
//
// A minimum-cost flow: a unit a row, row → cluster → sink, the last arcs from minSize to maxSize units. It starts from
// every row at its nearest cluster, which costs least of all and breaks only bounds, and sends units from where there
// are too many to where there are too few along shortest paths, each of which keeps the flow the cheapest of its kind
// (Ahuja, Magnanti and Orlin 1993, section 9.7). Rows need no nodes: between clusters a and b only the row of a that
// loses least by going to b matters. So paths are looked for among k clusters and the sink, however many rows there are.

import { powerAbove } from '../data/sums.ts'
import type { SearchProgress } from '../indexes/steps.ts'
import type { Work } from './partition.ts'

/** Units sent between two pauses. */
const BETWEEN_PAUSES = 64
/** Costs looked at between two pauses while the flow is made ready: a few milliseconds. */
const COSTS_BETWEEN_PAUSES = 65_536

/**
 * Finds the cheapest assignment within bounds: exactly, for costs rounded to about 2^-50 of the largest times k.
 *
 * Cost: n·k to begin; then for each row that must give way, k² steps and k·log n for each cluster on its path.
 * Memory: about 16 bytes for each row and cluster.
 *
 * @param costs n × k, finite, from 0 up
 * @param minSize at most n/k, `maxSize` at least n/k
 * @returns n labels; among equal costs the smaller numbers of clusters and rows are preferred
 */
export function* boundedAssignment(
  costs: Float64Array,
  k: number,
  minSize: number,
  maxSize: number,
  progress: SearchProgress,
): Work<Uint32Array> {
  const whole = yield* wholeCosts(costs, k, progress)
  const flow = new Flow(whole, k, minSize, maxSize)
  yield* flow.begin(progress)
  for (let sent = 0; flow.send(); sent++) if (sent % BETWEEN_PAUSES === 0) yield progress
  return flow.labels
}

/**
 * Costs over the cheapest of their row, as whole numbers whose sums along a path are exact: so that rounding cannot
 * make a path go in circles.
 */
function* wholeCosts(costs: Float64Array, k: number, progress: SearchProgress): Work<Float64Array> {
  const whole = new Float64Array(costs.length)
  let largest = 0
  let sincePause = 0
  for (let from = 0; from < costs.length; from += k) {
    sincePause += k
    if (sincePause >= COSTS_BETWEEN_PAUSES) {
      sincePause = 0
      yield progress
    }
    let least = costs[from]
    for (let c = 1; c < k; c++) least = Math.min(least, costs[from + c])
    for (let c = 0; c < k; c++) {
      whole[from + c] = costs[from + c] - least
      largest = Math.max(largest, whole[from + c])
    }
  }
  if (largest === 0) return whole
  const steps = 2 ** 50 / powerAbove(k + 2)
  const unit = powerAbove(largest)
  for (let at = 0; at < whole.length; at++) {
    if (at % (4 * COSTS_BETWEEN_PAUSES) === 0) yield progress
    whole[at] = Math.round((whole[at] / unit) * steps)
  }
  return whole
}

class Flow {
  readonly labels: Uint32Array
  readonly #costs: Float64Array
  readonly #k: number
  readonly #minSize: number
  readonly #maxSize: number
  /** Rows of each cluster, and how many of them are passed on to the sink. */
  readonly #sizes: Float64Array
  readonly #passed: Float64Array
  /** For clusters a and b, the rows that were ever in a as a heap by what going to b costs; some have left. */
  readonly #heaps: number[][]
  /** Arc costs among k clusters and the sink; Infinity where there is no arc. */
  readonly #arcs: Float64Array

  /** Distance of each node from all that had too many, when last looked for. */
  readonly #potentials: Float64Array

  constructor(costs: Float64Array, k: number, minSize: number, maxSize: number) {
    const n = costs.length / k
    this.#costs = costs
    this.#k = k
    this.#minSize = minSize
    this.#maxSize = maxSize
    this.labels = new Uint32Array(n)
    this.#sizes = new Float64Array(k)
    this.#passed = new Float64Array(k)
    this.#potentials = new Float64Array(k + 1)
    this.#heaps = []
    this.#arcs = new Float64Array((k + 1) * (k + 1)).fill(Number.POSITIVE_INFINITY)
  }

  /** Puts every row into its nearest cluster, and finds the arcs where that breaks bounds. */
  *begin(progress: SearchProgress): Work<void> {
    const k = this.#k
    const costs = this.#costs
    const n = this.labels.length
    const step = Math.max(1, Math.floor(COSTS_BETWEEN_PAUSES / k))
    for (let i = 0; i < n; i++) {
      let best = 0
      for (let c = 1; c < k; c++) if (costs[i * k + c] < costs[i * k + best]) best = c
      this.labels[i] = best
      this.#sizes[best]++
      if (i % step === step - 1) yield progress
    }
    this.#sizes.forEach((size, c) => {
      this.#passed[c] = Math.min(this.#maxSize, Math.max(this.#minSize, size))
    })
    if (this.#sizes.every((size, c) => size === this.#passed[c])) return
    for (let pair = 0; pair < k * k; pair++) this.#heaps.push([])
    for (let i = 0; i < n; i++) {
      this.#enter(i, this.labels[i])
      // A row that enters goes into k heaps, a step each at best.
      if (i % step === step - 1) yield progress
    }
    for (let c = 0; c < k; c++) this.#renew(c)
  }

  /** Sends one unit from too many to too few; false where nothing is too many. */
  send(): boolean {
    if (this.#heaps.length === 0) return false
    const k = this.#k
    const nodes = k + 1
    const distances = new Float64Array(nodes).fill(Number.POSITIVE_INFINITY)
    const from = new Int32Array(nodes).fill(-1)
    const potentials = this.#potentials
    let over = false
    for (let node = 0; node < nodes; node++) {
      if (this.#excess(node) <= 0) continue
      distances[node] = -potentials[node]
      over = true
    }
    if (!over) return false
    // Dijkstra from all that have too many, over arc costs less what the last paths said: none is below 0, and all are
    // whole, so exact. The smaller number on a tie.
    const done = new Uint8Array(nodes)
    let farthest = 0
    for (;;) {
      let a = -1
      for (let node = 0; node < nodes; node++) {
        if (done[node] === 0 && (a < 0 || distances[node] < distances[a])) a = node
      }
      if (a < 0 || distances[a] === Number.POSITIVE_INFINITY) break
      done[a] = 1
      farthest = distances[a]
      const base = distances[a] + potentials[a]
      for (let b = 0; b < nodes; b++) {
        const distance = base + this.#arcs[a * nodes + b] - potentials[b]
        if (distance < distances[b]) {
          distances[b] = distance
          from[b] = a
        }
      }
    }
    // Potentials become true distances; what cannot be reached stays ahead of all that can.
    for (let node = 0; node < nodes; node++) potentials[node] += Math.min(distances[node], farthest)
    let goal = -1
    for (let node = 0; node < nodes; node++) {
      if (this.#excess(node) >= 0 || done[node] === 0) continue
      if (goal < 0 || potentials[node] < potentials[goal]) goal = node
    }
    if (goal < 0) throw new Error('bounds cannot be kept: this is a defect of nigh')
    const touched = new Set<number>()
    for (let b = goal; from[b] >= 0; b = from[b]) {
      this.#carry(from[b], b)
      touched.add(from[b]).add(b)
    }
    for (const node of touched) if (node < k) this.#renew(node)
    return true
  }

  /** Units that a node has too many; below 0, too few. Node k is the sink. */
  #excess(node: number): number {
    if (node < this.#k) return this.#sizes[node] - this.#passed[node]
    let excess = -this.labels.length
    for (const passed of this.#passed) excess += passed
    return excess
  }

  /** Sends a unit along one arc. */
  #carry(a: number, b: number): void {
    const k = this.#k
    if (b === k) this.#passed[a]++
    else if (a === k) this.#passed[b]--
    else {
      const row = this.#cheapest(a, b)
      this.labels[row] = b
      this.#sizes[a]--
      this.#sizes[b]++
      this.#enter(row, b)
    }
  }

  /** Finds the arcs that leave a cluster, and those between it and the sink. */
  #renew(c: number): void {
    const k = this.#k
    const nodes = k + 1
    for (let b = 0; b < k; b++) {
      if (b === c) continue
      const row = this.#cheapest(c, b)
      this.#arcs[c * nodes + b] = row < 0 ? Number.POSITIVE_INFINITY : this.#price(row, c, b)
    }
    this.#arcs[c * nodes + k] = this.#passed[c] < this.#maxSize ? 0 : Number.POSITIVE_INFINITY
    this.#arcs[k * nodes + c] = this.#passed[c] > this.#minSize ? 0 : Number.POSITIVE_INFINITY
  }

  #price(row: number, a: number, b: number): number {
    return this.#costs[row * this.#k + b] - this.#costs[row * this.#k + a]
  }

  #before(x: number, y: number, a: number, b: number): boolean {
    const difference = this.#price(x, a, b) - this.#price(y, a, b)
    return difference < 0 || (difference === 0 && x < y)
  }

  /** The row of cluster a that goes to b for least; −1 where a is empty. Rows that have left a are dropped. */
  #cheapest(a: number, b: number): number {
    const heap = this.#heaps[a * this.#k + b]
    while (heap.length > 0) {
      if (this.labels[heap[0]] === a) return heap[0]
      const last = heap.pop() ?? 0
      if (heap.length > 0) this.#sink(heap, last, a, b)
    }
    return -1
  }

  #enter(row: number, a: number): void {
    for (let b = 0; b < this.#k; b++) {
      if (b === a) continue
      const heap = this.#heaps[a * this.#k + b]
      let at = heap.length
      heap.push(row)
      while (at > 0) {
        const parent = (at - 1) >> 1
        if (!this.#before(row, heap[parent], a, b)) break
        heap[at] = heap[parent]
        at = parent
      }
      heap[at] = row
    }
  }

  #sink(heap: number[], row: number, a: number, b: number): void {
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && this.#before(heap[child + 1], heap[child], a, b)) child++
      if (!this.#before(heap[child], row, a, b)) break
      heap[at] = heap[child]
      at = child
    }
    heap[at] = row
  }
}
