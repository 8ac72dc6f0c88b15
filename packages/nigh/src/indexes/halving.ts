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

  /**
   * Fills {@link smallest} once the order is final, and puts the rows of each leaf in ascending order. Yields now and then,
   * as {@link selectSteps}.
   */
  *finish(): Generator<number, void, void> {
    const { order, smallest, starts, ends } = this
    let since = 0
    for (let node = this.nodes - 1; node >= 0; node--) {
      if (node >= this.firstLeaf) {
        order.subarray(starts[node], ends[node]).sort()
        smallest[node] = starts[node] < ends[node] ? order[starts[node]] : 0xffffffff
        since += 8 * (ends[node] - starts[node])
      } else {
        smallest[node] = Math.min(smallest[2 * node + 1], smallest[2 * node + 2])
      }
      since += 8
      if (since > pause) {
        yield since
        since = 0
      }
    }
  }
}

/** Numbers looked at between two yields of a build, about: less than a millisecond's worth. */
export const pause: number = 1 << 17

/** n × width rows in another order; yields as {@link selectSteps}. */
export function* reordered(
  points: Float64Array,
  width: number,
  order: Uint32Array,
): Generator<number, Float64Array, void> {
  const out = new Float64Array(points.length)
  const run = Math.ceil(pause / width)
  for (let first = 0; first < order.length; first += run) {
    const end = Math.min(order.length, first + run)
    for (let position = first; position < end; position++) {
      const p = order[position] * width
      for (let j = 0; j < width; j++) out[position * width + j] = points[p + j]
    }
    if (end < order.length) yield (end - first) * width
  }
  return out
}

/**
 * Reorders the positions `start` to `end` so that those before `middle` come first by (key, row). `keys[p]` belongs to
 * `order[p]`; both move. Hoare's selection; no two pairs are equal, so repeated keys do not slow it down.
 * Yields the work done after each part of it, so that whoever builds a tree of many rows can be stopped.
 */
export function* selectSteps(
  keys: Float64Array,
  order: Uint32Array,
  start: number,
  end: number,
  middle: number,
): Generator<number, void, void> {
  let low = start
  let high = end - 1
  let state = 0x9e3779b9
  const bounds = new Uint32Array(2)
  while (low < high) {
    // A pivot at a scrambled place: no order of the data, sorted or organ-pipe, is its worst case.
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) ^ (high - low)
    const at = low + ((state >>> 0) % (high - low + 1))
    const key = keys[at]
    const row = order[at]
    // Places and one, so that they stay unsigned where j ends below 0.
    bounds[0] = low + 1
    bounds[1] = high + 1
    for (;;) {
      const before = bounds[1] - bounds[0]
      const done = partition(keys, order, key, row, bounds)
      if (done) break
      yield before - (bounds[1] - bounds[0])
    }
    const i = bounds[0] - 1
    const j = bounds[1] - 1
    if (middle <= j) high = j
    else if (middle >= i) low = i
    else return
  }
}

/**
 * Moves what comes before the pivot to the front, from the bounds inwards; stops after many swaps.
 *
 * @param bounds the first and the last place not looked at, each plus one
 * @returns whether all is done
 */
function partition(
  keys: Float64Array,
  order: Uint32Array,
  key: number,
  row: number,
  bounds: Uint32Array,
): boolean {
  let i = bounds[0] - 1
  let j = bounds[1] - 1
  let swaps = 0
  while (i <= j && swaps < pause / 8) {
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
      swaps++
    }
  }
  bounds[0] = i + 1
  bounds[1] = j + 1
  return i > j
}
