/**
 * Rows halved again and again by position: a perfect binary tree in which node i has the children 2i + 1 and 2i + 2
 * and every leaf lies on the last level. Halving by position, not by value, is what makes sorted, repeated and
 * constant rows harmless: the depth is ⌈log2(n / leafSize)⌉ whatever the data.
 */
export class Halving {
  readonly levels: number
  readonly nodes: number
  /** The first node that is a leaf. */
  readonly firstLeaf: number
  /** Node i holds the positions `starts[i]` to `ends[i]` (exclusive); none, where there are fewer rows than leaves. */
  readonly starts: Uint32Array
  readonly ends: Uint32Array
  /** The row at each position. */
  readonly order: Uint32Array
  /** The smallest row of each node: a node whose bound equals the worst neighbour’s can only help with a smaller row. */
  readonly smallest: Uint32Array

  constructor(rows: number, leafSize: number) {
    let levels = 0
    while (rows > leafSize * 2 ** levels) levels++
    this.levels = levels
    this.nodes = 2 ** (levels + 1) - 1
    this.firstLeaf = 2 ** levels - 1
    this.starts = new Uint32Array(this.nodes)
    this.ends = new Uint32Array(this.nodes)
    this.smallest = new Uint32Array(this.nodes)
    this.order = new Uint32Array(rows)
    for (let i = 0; i < rows; i++) this.order[i] = i
    this.ends[0] = rows
    for (let node = 0; node < this.firstLeaf; node++) {
      const middle = (this.starts[node] + this.ends[node]) >>> 1
      this.starts[2 * node + 1] = this.starts[node]
      this.ends[2 * node + 1] = middle
      this.starts[2 * node + 2] = middle
      this.ends[2 * node + 2] = this.ends[node]
    }
  }

  /** Fills {@link smallest} once the order is final, and puts the rows of each leaf in ascending order. */
  finish(): void {
    const { order, smallest, starts, ends } = this
    for (let node = this.nodes - 1; node >= 0; node--) {
      if (node >= this.firstLeaf) {
        order.subarray(starts[node], ends[node]).sort()
        smallest[node] = starts[node] < ends[node] ? order[starts[node]] : 0xffffffff
      } else {
        smallest[node] = Math.min(smallest[2 * node + 1], smallest[2 * node + 2])
      }
    }
  }
}

/**
 * Reorders the positions `start` to `end` so that those before `middle` come first by (key, row). `keys[p]` belongs to
 * `order[p]`; both move. Hoare's selection; no two pairs are equal, so repeated keys do not slow it down.
 */
export function selectByKey(
  keys: Float64Array,
  order: Uint32Array,
  start: number,
  end: number,
  middle: number,
): void {
  let low = start
  let high = end - 1
  let state = 0x9e3779b9
  while (low < high) {
    // A pivot at a scrambled place: no order of the data, sorted or organ-pipe, is its worst case.
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) ^ (high - low)
    const at = low + ((state >>> 0) % (high - low + 1))
    const key = keys[at]
    const row = order[at]
    let i = low
    let j = high
    while (i <= j) {
      while (keys[i] < key || (keys[i] === key && order[i] < row)) i++
      while (keys[j] > key || (keys[j] === key && order[j] > row)) j--
      if (i <= j) {
        const heldKey = keys[i]
        const heldRow = order[i]
        keys[i] = keys[j]
        order[i] = order[j]
        keys[j] = heldKey
        order[j] = heldRow
        i++
        j--
      }
    }
    if (middle <= j) high = j
    else if (middle >= i) low = i
    else return
  }
}
