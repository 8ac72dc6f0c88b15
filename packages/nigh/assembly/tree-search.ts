// kd-tree search: exact neighbours in few columns, by looking at a few leaves only (tree-build.ts: the tree).
//
//   for each query: go down to the nearest child, the others on a stack with their squared distance;
//     in a leaf, 4 or 8 squared distances at once, in float32; what is at or below the threshold is kept as a key
//     (distance, place) among the k + SPARE nearest, without a branch; the k-th gives a new threshold;
//     drop from the stack what is above the threshold
//   what ends at or below the threshold, k keys or hardly more, is ranked by exact squared distance (exact.ts; a tie
//   goes to the smaller row)
//   more than SPARE keys that float32 cannot tell from the k-th (ties): the query once more, each candidate ranked by its
//   exact distance at once, which lowers the threshold and lets ties with larger rows be passed over
//
// Bound. With R the largest residual of a point, e = R + r(q), and exact distance E: a neighbour has
// ‖q' − p'‖ ≤ E·2^s + e (triangle inequality). In float32, differences, squares and sums in column order give that
// squared within relative (d + 2)·2⁻²⁴ and absolute d·2⁻¹⁴⁹. The distance of a box is computed by the same operations in
// the same order; each rounding is monotone, so no point of a box comes out below its box. The threshold is
// (E·2^s + e)², widened by 1 + (d + 8)·2⁻²² and 2⁻¹⁰⁰, which also covers the definition's (d + 2)·2⁻⁵³ and the bound's
// own arithmetic. Where only the k-th computed float32 square τ is known, k points lie within E·2^s ≤ √τ + e but for the
// same rounding, so the threshold is (√τ + 2e)², widened alike: it is needed twice there, and four times at hand.
// A key that drops out at the end is no neighbour: the last key stays above the threshold, else the query starts over.
// Ties. Of points at the distance of the k-th neighbour only smaller rows count, so a node is also dropped where the
// smallest row below it is larger and the exact distance of its box is no smaller: equal points, whole columns of few
// values, cost little then. (Asked only where the float32 distance leaves it open, and where boxes are exact.)
// A query too far for float32 has infinite distances and an infinite threshold: it compares with every point, rightly.
//
// Source: as the tree's. The sorted keys are an insertion sort, all places at once.

import {
  COLUMNS,
  COUNTS,
  DISTANCES_SQ,
  DOUBLE,
  FAITHFUL,
  FIRST_ROWS,
  GROUPS,
  INDICES,
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
  OFFSETS,
  ORDER,
  ORIGIN,
  POINTS,
  QUERIES,
  RESIDUAL,
  SCALE,
  SCRATCH,
  SCRATCH_BYTES,
  SELF,
  STAT_EXACT,
  STAT_WORK,
  STATS,
} from '../src/kernels/near-layout'
import { exactSq } from './exact'
import { address, integer, number } from './record'
import { insert, offer, sortHeap, sortPairs } from './select'
import { nodesAbove } from './tree-build'

// Scratch: 64 bytes of scores, 320 of keys, the query in float32, its boxes' stack (16 bytes an entry), at most 3 a level.
/** Up to so many neighbours are kept sorted, more in a heap. */
const SORTED: i32 = 24
/** Keys kept beyond the k-th, for those that float32 cannot tell from it. */
const SPARE: i32 = 6
/** The key of nothing: infinitely far. */
const NO_KEY: i64 = 0x7f800000ffffffff

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
  const keys = scratch + 80
  const point = scratch + 384
  const stack = (point + ((<usize>columns) << 2) + 15) & ~15
  const widen = 1 + <f64>(columns + 8) * 2.384185791015625e-7
  const faithful = integer(record, FAITHFUL) != 0
  const sorted = k <= SORTED
  const size = (k + SPARE + 1) & ~1
  const kth = keys + ((<usize>(k - 1)) << 3)
  const end = keys + ((<usize>size) << 3)
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
    let quick = mode == MODE_NEAREST && sorted && error < Infinity
    if (quick) {
      store<i64>(keys - 8, 0)
      for (let key = keys; key < end; key += 8) store<i64>(key, NO_KEY)
    }

    let top = stack
    let node = 0
    let near: f32 = 0
    let crowded = false
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
              const near = load<f32>(scratch + (lane << 2))
              if (near > threshold) continue
              const row = load<u32>(numbers + (lane << 2))
              if (row == own) continue
              if (quick) {
                keep(
                  keys,
                  end,
                  ((<i64>reinterpret<u32>(near)) << 32) | <i64>((numbers - leafRows + (lane << 2)) >> 2),
                )
                const nearest = load<f32>(kth, 4)
                if (nearest < Infinity) {
                  threshold = thresholdOf(<f64>nearest, 1, 2 * error, widen)
                  if (load<f32>(end - 4) <= threshold) {
                    crowded = true
                    break
                  }
                }
                continue
              }
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
          if (crowded) break
          numbers += 32
        }
      }
      if (top == stack || crowded) {
        if (!quick) break
        quick = false
        if (!crowded && threshold < Infinity) {
          // All that float32 leaves open is among the keys.
          for (let key = keys; key < end && load<f32>(key, 4) <= threshold; key += 8) {
            const at = <usize>load<u32>(key)
            const row = load<u32>(leafRows + (at << 2))
            const sq = faithful
              ? leafSq(leaves + (at >> 2) * vectors + ((at & 3) << 2), columns, query)
              : exactSq(points, double, row, columns, query)
            exact += 1
            found = insert(sqs, rows, found, k, sq, row)
          }
          break
        }
        // Ties, or numbers closer than float32 tells apart: once more, each distance by the definition.
        crowded = false
        threshold = Infinity
        top = stack
        node = 0
        near = 0
        continue
      }
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

/**
 * Puts a key in its place among the sorted keys, the last of which drops out; `keys` − 8 holds 0. No branch depends on
 * the keys: each becomes the larger of its neighbour below and the smaller of itself and the new one, all at once. Read as
 * float64, keys of non-negative float32 numbers keep their order.
 */
function keep(keys: usize, end: usize, key: i64): void {
  const all = i64x2.splat(key)
  for (let at = end - 16; at >= keys; at -= 16) {
    v128.store(at, f64x2.pmax(v128.load(at - 8), f64x2.pmin(v128.load(at), all)))
  }
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
