// kd-tree: how it is built (tree-search.ts: how it is searched).
//
// The tree is perfect: every node has 4 children (two halvings at the median, each across the widest column of what is
// halved), leaves lie all at the same depth, and part t of the 2^h parts of halving h holds rows ⌊n·t/2^h⌋ … in tree
// order. So there are no pointers, no part depends on another of its halving (threads), and equal or sorted points
// are like any others: the median is by (value, place), never a tie.
//
//   for each halving h, each part: widest column → keys (value, place) → select the median → move the rows
//   then bottom up: leaves, column by column in groups of 4 points; nodes, the boxes of 4 children side by side
//
// The working copy is float32: x' = fl(fl(x − origin)·2^s), residual r(x) = ‖(x − origin)·2^s − x'‖, measured, the
// largest kept; for float32 points the origin is 0 and r = 0. Boxes hold numbers of the working copy, unrounded.
//
// Source: Bentley 1975; Friedman, Bentley and Finkel 1977 (widest column, bucket leaves); four boxes side by side as in
// the bounding volume hierarchies of ray tracing (Wald et al. 2008).

import {
  COLUMNS,
  DOUBLE,
  FIRST_ROWS,
  GROUPS,
  HALVING,
  KEYS,
  LEAF_ROWS,
  LEAVES,
  LEVELS,
  NO_ROW,
  NODES,
  NUMBERS_A,
  NUMBERS_B,
  ORIGIN,
  POINTS,
  RESIDUALS,
  ROWS,
  ROWS_A,
  ROWS_B,
  SCALE,
  SINGLE,
} from '../src/kernels/near-layout'
import { cell } from './exact'
import { address, integer, number } from './record'
import { select } from './select'

/** Bytes of a row in tree order: whole vectors of 4. */
function widthOf(columns: i32): usize {
  return (<usize>((columns + 3) & ~3)) << 2
}

/** First row, in tree order, of part t of 2^halving. */
function startOf(rows: i32, part: i32, halving: i32): i32 {
  return <i32>((<i64>rows * part) >> halving)
}

/** Nodes of all levels above this one. */
export function nodesAbove(level: i32): i32 {
  return ((1 << (2 * level)) - 1) / 3
}

/** Makes the working copy of rows `from` to `to`, still in their order. */
export function treeLoad(record: usize, from: i32, to: i32, thread: i32): void {
  const columns = integer(record, COLUMNS)
  const points = address(record, POINTS)
  const width = widthOf(columns)
  for (let i = from; i < to; i++) store<u32>(address(record, NUMBERS_A) + ((<usize>i) << 2), i)
  // The first halving is one thread's: what it writes to is touched here, by all, so that the pages are there.
  touch(address(record, ROWS_B), <usize>from * width, <usize>to * width)
  touch(address(record, NUMBERS_B), (<usize>from) << 2, (<usize>to) << 2)
  touch(address(record, KEYS), (<usize>from) << 3, (<usize>to) << 3)
  if (integer(record, SINGLE) != 0) {
    // The working copy is the rows themselves, each from a whole vector on, filled up with zeros.
    const rest = columns & 3
    const kept = rest ? i32x4(-1, rest > 1 ? -1 : 0, rest > 2 ? -1 : 0, 0) : i32x4.splat(-1)
    let row = address(record, ROWS_A) + <usize>from * width
    let x = points + <usize>from * ((<usize>columns) << 2)
    for (let i = from; i < to; i++) {
      let at: usize = 0
      for (; at + 16 < width; at += 16) v128.store(row + at, v128.load(x + at))
      v128.store(row + at, v128.and(v128.load(x + at), kept))
      row += width
      x += (<usize>columns) << 2
    }
    return
  }
  const double = integer(record, DOUBLE) != 0
  const origin = address(record, ORIGIN)
  const scale = number(record, SCALE)
  const residuals = address(record, RESIDUALS) + ((<usize>thread) << 6)
  let worst = load<f64>(residuals)
  for (let i = from; i < to; i++) {
    const row = address(record, ROWS_A) + <usize>i * width
    const start = <usize>i * <usize>columns
    let residualSq: f64 = 0
    for (let j = 0; j < columns; j++) {
      const x = (cell(points, double, start + <usize>j) - load<f64>(origin + ((<usize>j) << 3))) * scale
      const y = <f32>x
      residualSq += (x - <f64>y) * (x - <f64>y)
      store<f32>(row + ((<usize>j) << 2), y)
    }
    for (let at = (<usize>columns) << 2; at < width; at += 4) store<f32>(row + at, 0)
    if (residualSq > worst) worst = residualSq
  }
  store<f64>(residuals, worst)
}

function touch(array: usize, from: usize, to: usize): void {
  for (let at = from; at < to; at += 4096) store<u8>(array + at, 0)
}

/** Halves parts `from` to `to` of halving HALVING. */
export function treeHalve(record: usize, from: i32, to: i32, thread: i32): void {
  for (let part = from; part < to; part++) halve(record, integer(record, HALVING), part)
}

/** Halves one part: reads rows from one copy, writes them to the other. */
function halve(record: usize, halving: i32, part: i32): void {
  const rows = integer(record, ROWS)
  const columns = integer(record, COLUMNS)
  const width = widthOf(columns)
  const even = (halving & 1) == 0
  const source = address(record, even ? ROWS_A : ROWS_B)
  const target = address(record, even ? ROWS_B : ROWS_A)
  const sourceNumbers = address(record, even ? NUMBERS_A : NUMBERS_B)
  const targetNumbers = address(record, even ? NUMBERS_B : NUMBERS_A)
  const start = startOf(rows, part, halving)
  const end = startOf(rows, part + 1, halving)
  const middle = startOf(rows, 2 * part + 1, halving + 1)
  const first = source + <usize>start * width
  const last = source + <usize>end * width

  // The widest column.
  let column: usize = 0
  let widest: f32 = -1
  for (let at: usize = 0; at < width; at += 16) {
    let low = v128.load(first + at)
    let high = low
    for (let row = first + width; row < last; row += width) {
      const x = v128.load(row + at)
      low = f32x4.pmin(low, x)
      high = f32x4.pmax(high, x)
    }
    const extent = f32x4.sub(high, low)
    if (f32x4.extract_lane(extent, 0) > widest) {
      widest = f32x4.extract_lane(extent, 0)
      column = at
    }
    if (f32x4.extract_lane(extent, 1) > widest) {
      widest = f32x4.extract_lane(extent, 1)
      column = at + 4
    }
    if (f32x4.extract_lane(extent, 2) > widest) {
      widest = f32x4.extract_lane(extent, 2)
      column = at + 8
    }
    if (f32x4.extract_lane(extent, 3) > widest) {
      widest = f32x4.extract_lane(extent, 3)
      column = at + 12
    }
  }

  // Keys: the number's bits, made to order as whole numbers do, then its place.
  const keys = address(record, KEYS) + ((<usize>start) << 3)
  const count = end - start
  let at = first + column
  for (let i = 0; i < count; i++) {
    const bits = load<i32>(at)
    store<i64>(keys + ((<usize>i) << 3), ((<i64>(bits ^ ((bits >> 31) & 0x7fffffff))) << 32) | <i64>i)
    at += width
  }
  select(keys, count, middle - start)

  let out = target + <usize>start * width
  let outNumber = targetNumbers + ((<usize>start) << 2)
  const numbers = sourceNumbers + ((<usize>start) << 2)
  const lastKey = keys + ((<usize>count) << 3)
  if (width == 16) {
    for (let key = keys; key < lastKey; key += 8) {
      const place = <usize>load<u32>(key)
      v128.store(out, v128.load(first + (place << 4)))
      store<u32>(outNumber, load<u32>(numbers + (place << 2)))
      out += 16
      outNumber += 4
    }
    return
  }
  for (let key = keys; key < lastKey; key += 8) {
    const place = <usize>load<u32>(key)
    const row = first + place * width
    for (let piece: usize = 0; piece < width; piece += 16) v128.store(out + piece, v128.load(row + piece))
    store<u32>(outNumber, load<u32>(numbers + (place << 2)))
    out += width
    outNumber += 4
  }
}

/** Finishes parts `from` to `to` of halving HALVING (an even one): all further halvings, leaves, and nodes below. */
export function treeFinish(record: usize, from: i32, to: i32, thread: i32): void {
  const levels = integer(record, LEVELS)
  for (let part = from; part < to; part++) finish(record, levels, integer(record, HALVING) >> 1, part)
}

/** Depth first, so that a part stays in the cache while it gets smaller. At most LEVELS deep. */
function finish(record: usize, levels: i32, level: i32, index: i32): void {
  if (level == levels) {
    makeLeaf(record, levels, index)
    return
  }
  halve(record, 2 * level, index)
  halve(record, 2 * level + 1, 2 * index)
  halve(record, 2 * level + 1, 2 * index + 1)
  for (let child = 0; child < 4; child++) finish(record, levels, level + 1, 4 * index + child)
  makeNode(record, levels, level, index)
}

/** Makes the nodes above halving HALVING, from `to` levels of them; one item. */
export function treeTop(record: usize, from: i32, to: i32, thread: i32): void {
  for (let level = (integer(record, HALVING) >> 1) - 1; level >= 0; level--) {
    for (let i = 0; i < 1 << (2 * level); i++) makeNode(record, integer(record, LEVELS), level, i)
  }
}

/** Lays out a leaf: groups of 4 points, column by column; places without a point hold NaN, which is never near. */
function makeLeaf(record: usize, levels: i32, leaf: i32): void {
  const rows = integer(record, ROWS)
  const columns = integer(record, COLUMNS)
  const groups = integer(record, GROUPS)
  const width = widthOf(columns)
  const start = startOf(rows, leaf, 2 * levels)
  const count = startOf(rows, leaf + 1, 2 * levels) - start
  let out = address(record, LEAVES) + <usize>leaf * <usize>groups * ((<usize>columns) << 4)
  const numbers = address(record, LEAF_ROWS) + <usize>leaf * ((<usize>groups) << 4)
  let smallest: u32 = NO_ROW
  const rows4 = address(record, ROWS_A) + <usize>start * width
  const sources = address(record, NUMBERS_A) + ((<usize>start) << 2)
  for (let i = 0; i < groups * 4; i++) {
    const number: u32 = i < count ? load<u32>(sources + ((<usize>i) << 2)) : NO_ROW
    store<u32>(numbers + ((<usize>i) << 2), number)
    smallest = min(smallest, number)
  }
  for (let i = 0; i < groups * 4; i += 4) {
    const row = rows4 + <usize>i * width
    for (let at: usize = 0; at < width; at += 16) {
      // Past the last row of the tree there may be no row; what is read there is not kept.
      let r0 = v128.load(row + at)
      let r1 = v128.load(row + width + at)
      let r2 = v128.load(row + 2 * width + at)
      let r3 = v128.load(row + 3 * width + at)
      if (i + 4 > count) {
        const none = f32x4.splat(f32.NaN)
        if (i >= count) r0 = none
        if (i + 1 >= count) r1 = none
        if (i + 2 >= count) r2 = none
        r3 = none
      }
      const low01 = v128.shuffle<i32>(r0, r1, 0, 4, 1, 5)
      const low23 = v128.shuffle<i32>(r2, r3, 0, 4, 1, 5)
      v128.store(out, v128.shuffle<i64>(low01, low23, 0, 2))
      const left = ((<usize>columns) << 2) - at
      if (left > 4) v128.store(out + 16, v128.shuffle<i64>(low01, low23, 1, 3))
      if (left > 8) {
        const high01 = v128.shuffle<i32>(r0, r1, 2, 6, 3, 7)
        const high23 = v128.shuffle<i32>(r2, r3, 2, 6, 3, 7)
        v128.store(out + 32, v128.shuffle<i64>(high01, high23, 0, 2))
        if (left > 12) v128.store(out + 48, v128.shuffle<i64>(high01, high23, 1, 3))
      }
      out += min(left, 16) << 2
    }
  }
  store<u32>(address(record, FIRST_ROWS) + ((<usize>(nodesAbove(levels) + leaf)) << 2), smallest)
}

/** Makes a node: the boxes of its 4 children. */
function makeNode(record: usize, levels: i32, level: i32, index: i32): void {
  const columns = integer(record, COLUMNS)
  const stride = (<usize>columns) << 5
  const node = address(record, NODES) + <usize>(nodesAbove(level) + index) * stride
  const width = widthOf(columns)
  const firstRows = address(record, FIRST_ROWS)
  const children = firstRows + ((<usize>(nodesAbove(level + 1) + 4 * index)) << 2)
  store<u32>(
    firstRows + ((<usize>(nodesAbove(level) + index)) << 2),
    min(
      min(load<u32>(children), load<u32>(children, 4)),
      min(load<u32>(children, 8), load<u32>(children, 12)),
    ),
  )
  for (let child = 0; child < 4; child++) {
    const lane = (<usize>child) << 2
    if (level + 1 < levels) {
      let below = address(record, NODES) + <usize>(nodesAbove(level + 1) + 4 * index + child) * stride
      for (let j: usize = 0; j < <usize>columns; j++) {
        let low = load<f32>(below)
        let high = load<f32>(below, 16)
        for (let other: usize = 4; other < 16; other += 4) {
          low = min(low, load<f32>(below + other))
          high = max(high, load<f32>(below + other, 16))
        }
        store<f32>(node + (j << 5) + lane, low)
        store<f32>(node + (j << 5) + lane, high, 16)
        below += 32
      }
    } else {
      const rows = integer(record, ROWS)
      const first = address(record, ROWS_A) + <usize>startOf(rows, 4 * index + child, 2 * levels) * width
      const last = address(record, ROWS_A) + <usize>startOf(rows, 4 * index + child + 1, 2 * levels) * width
      let out = node + lane
      for (let at: usize = 0; at < width; at += 16) {
        let low = v128.load(first + at)
        let high = low
        for (let row = first + width; row < last; row += width) {
          const x = v128.load(row + at)
          low = f32x4.pmin(low, x)
          high = f32x4.pmax(high, x)
        }
        const left = ((<usize>columns) << 2) - at
        v128.store32_lane(out, low, 0)
        v128.store32_lane(out + 16, high, 0)
        if (left > 4) {
          v128.store32_lane(out + 32, low, 1)
          v128.store32_lane(out + 48, high, 1)
        }
        if (left > 8) {
          v128.store32_lane(out + 64, low, 2)
          v128.store32_lane(out + 80, high, 2)
        }
        if (left > 12) {
          v128.store32_lane(out + 96, low, 3)
          v128.store32_lane(out + 112, high, 3)
        }
        out += 128
      }
    }
  }
}
