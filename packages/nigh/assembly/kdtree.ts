// kd-tree: exact neighbours in few columns, by looking at a few leaves only.
//
// The tree is perfect: every node has 4 children (two halvings at the median, each across the widest column of what is
// halved), leaves lie all at the same depth, and part t of the 2^h parts of halving h holds rows ⌊n·t/2^h⌋ … in tree
// order. So there are no pointers, no part depends on another of its halving (threads), and equal or sorted points
// are like any others: the median is by (value, place), never a tie.
//
//   build   for each halving h, each part: widest column → keys (value, place) → select the median → move the rows
//           then bottom up: leaves, column by column in groups of 4 points; nodes, the boxes of 4 children side by side
//   search  for each query: go down to the nearest child, the others on a stack with their squared distance;
//           in a leaf, 4 or 8 squared distances at once; what is at or below the threshold is offered by its exact
//           squared distance (exact.ts, a tie goes to the smaller row), which lowers the threshold;
//           drop from the stack what is above the threshold
//
// Bound. The working copy is float32: x' = fl(fl(x − origin)·2^s), residual r(x) = ‖(x − origin)·2^s − x'‖, measured; for
// float32 points the origin is 0 and r = 0. With R the largest r of a point, e = R + r(q), and exact distance E:
// a neighbour has ‖q' − p'‖ ≤ E·2^s + e (triangle inequality). In float32, differences, squares and sums in column
// order give that squared within relative (d + 2)·2⁻²⁴ and absolute d·2⁻¹⁴⁹. Boxes hold float32 numbers of the working
// copy, unrounded, and their distance is computed by the same operations in the same order; each rounding is monotone,
// so no point of a box comes out below its box. The threshold is (E·2^s + e)², widened by 1 + (d + 8)·2⁻²² and 2⁻¹⁰⁰,
// which also covers the definition's (d + 2)·2⁻⁵³ and the bound's own arithmetic.
// Ties. Of points at the distance of the k-th neighbour only smaller rows count, so a node is also dropped where the
// smallest row below it is larger and the exact distance of its box is no smaller: equal points, whole columns of few
// values, cost little then. (Asked only where the float32 distance leaves it open, and where boxes are exact.)
// A query too far for float32 has infinite distances and an infinite threshold: it compares with every point, rightly.
//
// Source: Bentley 1975; Friedman, Bentley and Finkel 1977 (widest column, bucket leaves); four boxes side by side as in
// the bounding volume hierarchies of ray tracing (Wald et al. 2008).

import {
  COLUMNS,
  COUNTS,
  DISTANCES_SQ,
  DOUBLE,
  FAITHFUL,
  FIRST_ROWS,
  GROUPS,
  HALVING,
  INDICES,
  KEYS,
  LEAF_ROWS,
  LEAVES,
  LEVELS,
  LIMIT_SQ,
  MODE,
  MODE_COUNT,
  MODE_NEAREST,
  NEIGHBORS,
  NO_ROW,
  NODES,
  NUMBERS_A,
  NUMBERS_B,
  OFFSETS,
  ORDER,
  ORIGIN,
  POINTS,
  QUERIES,
  RESIDUAL,
  RESIDUALS,
  ROWS,
  ROWS_A,
  ROWS_B,
  SCALE,
  SCRATCH,
  SCRATCH_BYTES,
  SELF,
  STAT_EXACT,
  STAT_WORK,
  STATS,
} from '../src/kernels/near-layout'
import { cell, exactSq } from './exact'
import { address, integer, number } from './record'
import { insert, offer, select, sortHeap, sortPairs } from './select'

/** Bytes of a row in tree order: whole vectors of 4. */
function widthOf(columns: i32): usize {
  return (<usize>((columns + 3) & ~3)) << 2
}

/** First row, in tree order, of part t of 2^halving. */
function startOf(rows: i32, part: i32, halving: i32): i32 {
  return <i32>((<i64>rows * part) >> halving)
}

/** Nodes of all levels above this one. */
function nodesAbove(level: i32): i32 {
  return ((1 << (2 * level)) - 1) / 3
}

// --- build ----------------------------------------------------------------------------------------------------------

/** Makes the working copy of rows `from` to `to`, still in their order. */
export function treeLoad(record: usize, from: i32, to: i32, thread: i32): void {
  const columns = integer(record, COLUMNS)
  const points = address(record, POINTS)
  const double = integer(record, DOUBLE) != 0
  const origin = address(record, ORIGIN)
  const scale = number(record, SCALE)
  const width = widthOf(columns)
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
    store<u32>(address(record, NUMBERS_A) + ((<usize>i) << 2), i)
    if (residualSq > worst) worst = residualSq
  }
  store<f64>(residuals, worst)
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
  for (let i = 0; i < count; i++) {
    const place = <usize>load<u32>(keys + ((<usize>i) << 3))
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
  for (let i = 0; i < groups * 4; i++) {
    const filled = i < count
    const row = address(record, ROWS_A) + <usize>(start + i) * width
    for (let j: usize = 0; j < <usize>columns; j++) {
      store<f32>(out + (j << 4) + ((<usize>(i & 3)) << 2), filled ? load<f32>(row + (j << 2)) : f32.NaN)
    }
    const number: u32 = filled ? load<u32>(address(record, NUMBERS_A) + ((<usize>(start + i)) << 2)) : NO_ROW
    store<u32>(numbers + ((<usize>i) << 2), number)
    smallest = min(smallest, number)
    if ((i & 3) == 3) out += (<usize>columns) << 4
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
      for (let j: usize = 0; j < <usize>columns; j++) {
        let low = load<f32>(first + (j << 2))
        let high = low
        for (let row = first + width; row < last; row += width) {
          const x = load<f32>(row + (j << 2))
          low = min(low, x)
          high = max(high, x)
        }
        store<f32>(node + (j << 5) + lane, low)
        store<f32>(node + (j << 5) + lane, high, 16)
      }
    }
  }
}

// --- search ---------------------------------------------------------------------------------------------------------

// Scratch: 128 bytes of scores, the query in float32, its boxes' stack (16 bytes an entry), at most 3 a level.
/** Up to so many neighbours are kept sorted, more in a heap. */
const SORTED: i32 = 24

/** Searches the tree for queries `from` to `to`, in the order that ORDER gives. */
export function treeSearch(record: usize, from: i32, to: i32, thread: i32): void {
  const columns = integer(record, COLUMNS)
  const k = integer(record, NEIGHBORS)
  const mode = integer(record, MODE)
  const levels = integer(record, LEVELS)
  const groups = integer(record, GROUPS)
  const self = integer(record, SELF)
  const scale = number(record, SCALE)
  const residual = number(record, RESIDUAL)
  const limitSq = number(record, LIMIT_SQ)
  const points = address(record, POINTS)
  const double = integer(record, DOUBLE) != 0
  const origin = address(record, ORIGIN)
  const order = address(record, ORDER)
  const nodes = address(record, NODES)
  const leaves = address(record, LEAVES)
  const leafRows = address(record, LEAF_ROWS)
  const firstRows = address(record, FIRST_ROWS)
  const vectors = (<usize>columns) << 4
  const firstLeaf = nodesAbove(levels)
  const scratch = address(record, SCRATCH) + <usize>thread * <usize>integer(record, SCRATCH_BYTES)
  const point = scratch + 64
  const stack = (point + ((<usize>columns) << 2) + 15) & ~15
  const widen = 1 + <f64>(columns + 8) * 2.384185791015625e-7
  const faithful = integer(record, FAITHFUL) != 0
  const sorted = k <= SORTED
  let work: f64 = 0
  let exact: f64 = 0

  for (let item = from; item < to; item++) {
    const i = order ? load<u32>(order + ((<usize>item) << 2)) : <u32>item
    const query = address(record, QUERIES) + <usize>i * ((<usize>columns) << 3)
    const own: u32 = self < 0 ? NO_ROW : <u32>self + i
    const place =
      mode == MODE_NEAREST
        ? <usize>i * <usize>k
        : mode == MODE_COUNT
          ? 0
          : <usize>load<f64>(address(record, OFFSETS) + ((<usize>i) << 3))
    const sqs = address(record, DISTANCES_SQ) + (place << 3)
    const rows = address(record, INDICES) + (place << 2)
    const last = sorted ? sqs + ((<usize>(k - 1)) << 3) : sqs
    const lastRow = rows + ((last - sqs) >> 1)
    let tied: f32 = f32.NaN // at or above this a node may hold ties only; NaN: never
    let found = 0
    let residualSq: f64 = 0
    for (let j = 0; j < columns; j++) {
      const x = (load<f64>(query + ((<usize>j) << 3)) - load<f64>(origin + ((<usize>j) << 3))) * scale
      const y = <f32>x
      residualSq += (x - <f64>y) * (x - <f64>y)
      store<f32>(point + ((<usize>j) << 2), y)
    }
    const error = (residual + Math.sqrt(residualSq)) * 1.000001
    let threshold: f32 = mode == MODE_NEAREST ? Infinity : thresholdOf(limitSq, scale, error, widen)

    let top = stack
    let node = 0
    let near: f32 = 0
    for (;;) {
      if (
        near <= threshold &&
        !(
          near >= tied &&
          tiesOnly(nodes, firstRows, node, columns, query, load<f64>(last), load<u32>(lastRow))
        )
      ) {
        if (node < firstLeaf) {
          // The squared distances of the 4 boxes below.
          let box = nodes + ((<usize>node * vectors) << 1)
          let sum = f32x4.splat(0)
          for (let at: usize = 0; at < (<usize>columns) << 2; at += 4) {
            const x = v128.load32_splat(point + at)
            const gap = f32x4.max(
              f32x4.max(f32x4.sub(v128.load(box), x), f32x4.sub(x, v128.load(box, 16))),
              f32x4.splat(0),
            )
            sum = f32x4.add(sum, f32x4.mul(gap, gap))
            box += 32
          }
          v128.store(scratch, sum)
          // The nearest child next; the others on the stack, the farthest lowest.
          const child = <i64>(4 * node + 1)
          let a = ((<i64>load<u32>(scratch)) << 32) | child
          let b = ((<i64>load<u32>(scratch, 4)) << 32) | (child + 1)
          let c = ((<i64>load<u32>(scratch, 8)) << 32) | (child + 2)
          let d = ((<i64>load<u32>(scratch, 12)) << 32) | (child + 3)
          let swap = a < b ? a : b
          b = a < b ? b : a
          a = swap
          swap = c < d ? c : d
          d = c < d ? d : c
          c = swap
          swap = a < c ? a : c
          c = a < c ? c : a
          a = swap
          swap = b < d ? b : d
          d = b < d ? d : b
          b = swap
          swap = b < c ? b : c
          c = b < c ? c : b
          b = swap
          store<i64>(top, d)
          store<i64>(top, c, 8)
          store<i64>(top, b, 16)
          // Those above the threshold already are not kept.
          const bits = <i64>reinterpret<u32>(threshold)
          const kept = <usize>(b >> 32 <= bits) + <usize>(c >> 32 <= bits) + <usize>(d >> 32 <= bits)
          if (kept < 3) {
            if (kept == 2) {
              store<i64>(top, c)
              store<i64>(top, b, 8)
            } else if (kept == 1) store<i64>(top, b)
          }
          top += kept << 3
          node = <i32>a
          near = reinterpret<f32>(<u32>(a >> 32))
          continue
        }
        const leaf = <usize>(node - firstLeaf) * <usize>groups
        let group = leaves + leaf * vectors
        let numbers = leafRows + (leaf << 4)
        work += <f64>(groups << 2)
        for (let g = 0; g < groups; g += 2) {
          let sumA = f32x4.splat(0)
          let sumB = sumA
          // The second group may not be there: then the first once more.
          const second = g + 1 < groups ? vectors : 0
          const start = group
          for (let at: usize = 0; at < (<usize>columns) << 2; at += 4) {
            const x = v128.load32_splat(point + at)
            const a = f32x4.sub(v128.load(group), x)
            const b = f32x4.sub(v128.load(group + second), x)
            sumA = f32x4.add(sumA, f32x4.mul(a, a))
            sumB = f32x4.add(sumB, f32x4.mul(b, b))
            group += 16
          }
          group += second
          const limit = f32x4.splat(threshold)
          let mask = i32x4.bitmask(f32x4.le(sumA, limit))
          if (second) mask |= i32x4.bitmask(f32x4.le(sumB, limit)) << 4
          if (mask) {
            v128.store(scratch, sumA)
            v128.store(scratch, sumB, 16)
            do {
              const lane = <usize>ctz(mask)
              mask &= mask - 1
              if (load<f32>(scratch + (lane << 2)) > threshold) continue
              const row = load<u32>(numbers + (lane << 2))
              if (row == own) continue
              const sq = faithful
                ? leafSq(start + (lane >> 2) * vectors + ((lane & 3) << 2), columns, query)
                : exactSq(points, double, row, columns, query)
              exact += 1
              if (mode == MODE_NEAREST) {
                found = sorted ? insert(sqs, rows, found, k, sq, row) : offer(sqs, rows, found, k, sq, row)
                if (found == k) {
                  const worst = load<f64>(last)
                  threshold = thresholdOf(worst, scale, error, widen)
                  tied = worst == 0 ? 0 : faithful ? <f32>(worst * (2 - widen)) : f32.NaN
                }
              } else if (sq <= limitSq) {
                if (mode != MODE_COUNT) {
                  store<f64>(sqs + ((<usize>found) << 3), sq)
                  store<u32>(rows + ((<usize>found) << 2), row)
                }
                found++
              }
            } while (mask)
          }
          numbers += 32
        }
      }
      if (top == stack) break
      top -= 8
      const entry = load<i64>(top)
      node = <i32>entry
      near = reinterpret<f32>(<u32>(entry >> 32))
    }

    if (mode == MODE_NEAREST) {
      if (!sorted) sortHeap(sqs, rows, found)
    } else if (mode == MODE_COUNT) {
      store<f64>(address(record, COUNTS) + ((<usize>i) << 3), <f64>found)
    } else {
      sortPairs(sqs, rows, found)
    }
  }
  const stats = address(record, STATS) + ((<usize>thread) << 6)
  store<f64>(stats + ((<usize>STAT_WORK) << 3), load<f64>(stats + ((<usize>STAT_WORK) << 3)) + work)
  store<f64>(stats + ((<usize>STAT_EXACT) << 3), load<f64>(stats + ((<usize>STAT_EXACT) << 3)) + exact)
}

/**
 * Whether a node or leaf has nothing nearer than the last of the k neighbours, and only larger row numbers.
 * The box holds the points' own numbers (or the last neighbour is at distance 0, below which there is nothing): its
 * squared distance by the definition, in column order, is at most that of any point inside, also after rounding.
 */
function tiesOnly(
  nodes: usize,
  firstRows: usize,
  node: i32,
  columns: i32,
  query: usize,
  sq: f64,
  row: u32,
): bool {
  if (load<u32>(firstRows + ((<usize>node) << 2)) < row) return false
  if (sq == 0) return true
  if (node == 0) return false
  let box = nodes + <usize>((node - 1) >> 2) * ((<usize>columns) << 5) + ((<usize>((node - 1) & 3)) << 2)
  let sum: f64 = 0
  for (let j = 0; j < columns; j++) {
    const x = load<f64>(query)
    const t = max(max(<f64>load<f32>(box) - x, x - <f64>load<f32>(box, 16)), 0)
    sum += t * t
    box += 32
    query += 8
  }
  return sum >= sq
}

/** Squared distance, by the definition, of a query to a point of a leaf that holds the points' own numbers. */
function leafSq(point: usize, columns: i32, query: usize): f64 {
  let sum: f64 = 0
  for (let j = 0; j < columns; j++) {
    const t = <f64>load<f32>(point) - load<f64>(query)
    sum += t * t
    point += 16
    query += 8
  }
  return sum
}

/** The largest float32 squared distance, as computed in the working copy, of a row at this exact squared distance. */
function thresholdOf(sq: f64, scale: f64, error: f64, widen: f64): f32 {
  if (!(error < Infinity)) return Infinity // a query beyond float32
  let root: f64 = 0
  if (error > 0) {
    root = Math.sqrt(sq) * scale + error
    root *= root
  } else root = sq * scale * scale
  return <f32>((root * widen + 7.888609052210118e-31) * 1.0000002384185791)
}
