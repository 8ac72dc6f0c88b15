// Hashes of rows, by content: where seeding's canonical order comes from.
//
// A row's hash stirs the two halves of each number's float64 bits, column by column. Each word waits for the one
// before it, so four rows go side by side, one a lane.

import { COLUMNS, DOUBLE, HASHES, POINTS } from '../src/kernels/layout'
import { cell } from './exact'
import { address, integer } from './record'

/** Scrambles 32 bits into the hash of each lane (the step of MurmurHash3, A. Appleby, public domain). */
function stir(hash: v128, word: v128): v128 {
  word = i32x4.mul(word, i32x4.splat(0xcc9e2d51))
  word = v128.or(i32x4.shl(word, 15), i32x4.shr_u(word, 17))
  hash = v128.xor(hash, i32x4.mul(word, i32x4.splat(0x1b873593)))
  hash = v128.or(i32x4.shl(hash, 13), i32x4.shr_u(hash, 19))
  return i32x4.add(i32x4.add(hash, i32x4.shl(hash, 2)), i32x4.splat(0xe6546b64)) // 5 · hash + …
}

/** Stirs in a number of four rows, as float64. */
function stirNumbers(hash: v128, a: v128, b: v128): v128 {
  a = f64x2.add(a, f64x2.splat(0)) // −0 becomes 0
  b = f64x2.add(b, f64x2.splat(0))
  hash = stir(hash, v128.shuffle<i32>(a, b, 0, 2, 4, 6))
  return stir(hash, v128.shuffle<i32>(a, b, 1, 3, 5, 7))
}

/** The same for float32 numbers. */
function stirFloats(hash: v128, four: v128): v128 {
  const high = v128.shuffle<i64>(four, four, 1, 0)
  return stirNumbers(hash, f64x2.promote_low_f32x4(four), f64x2.promote_low_f32x4(high))
}

/** Hashes each row's content, as float64: equal rows hash alike whatever their type, and −0 is 0. */
export function hash(record: usize, from: i32, to: i32, thread: i32): void {
  const columns = integer(record, COLUMNS)
  const points = address(record, POINTS)
  const double = integer(record, DOUBLE) != 0
  const hashes = address(record, HASHES)
  const last = to - 1
  for (let i = from; i < to; i += 4) {
    const row0 = <usize>i * <usize>columns
    const row1 = <usize>min(i + 1, last) * <usize>columns
    const row2 = <usize>min(i + 2, last) * <usize>columns
    const row3 = <usize>min(i + 3, last) * <usize>columns
    let h = i32x4.splat(0)
    let j: usize = 0
    if (!double) {
      // Four columns of four rows at a time, transposed.
      for (; j + 4 <= <usize>columns; j += 4) {
        const at = points + (j << 2)
        const x0 = v128.load(at + (row0 << 2))
        const x1 = v128.load(at + (row1 << 2))
        const x2 = v128.load(at + (row2 << 2))
        const x3 = v128.load(at + (row3 << 2))
        const a = v128.shuffle<i32>(x0, x1, 0, 4, 1, 5)
        const b = v128.shuffle<i32>(x2, x3, 0, 4, 1, 5)
        const c = v128.shuffle<i32>(x0, x1, 2, 6, 3, 7)
        const d = v128.shuffle<i32>(x2, x3, 2, 6, 3, 7)
        h = stirFloats(h, v128.shuffle<i64>(a, b, 0, 2))
        h = stirFloats(h, v128.shuffle<i64>(a, b, 1, 3))
        h = stirFloats(h, v128.shuffle<i64>(c, d, 0, 2))
        h = stirFloats(h, v128.shuffle<i64>(c, d, 1, 3))
      }
    }
    for (; j < <usize>columns; j++) {
      h = stirNumbers(
        h,
        f64x2(cell(points, double, row0 + j), cell(points, double, row1 + j)),
        f64x2(cell(points, double, row2 + j), cell(points, double, row3 + j)),
      )
    }
    h = v128.xor(h, i32x4.shr_u(h, 16))
    h = i32x4.mul(h, i32x4.splat(0x85ebca6b))
    h = v128.xor(h, i32x4.shr_u(h, 13))
    h = i32x4.mul(h, i32x4.splat(0xc2b2ae35))
    h = v128.xor(h, i32x4.shr_u(h, 16))
    const out = hashes + ((<usize>i) << 2)
    if (i + 4 <= to) {
      v128.store(out, h)
    } else {
      store<i32>(out, i32x4.extract_lane(h, 0))
      if (i + 1 < to) store<i32>(out, i32x4.extract_lane(h, 1), 4)
      if (i + 2 < to) store<i32>(out, i32x4.extract_lane(h, 2), 8)
    }
  }
}
