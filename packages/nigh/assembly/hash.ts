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
  return i32x4.add(i32x4.mul(hash, i32x4.splat(5)), i32x4.splat(0xe6546b64))
}

/** Hashes each row's content, as float64: equal rows hash alike whatever their type, and −0 is 0. */
export function hash(record: usize, from: i32, to: i32, thread: i32): void {
  const columns = integer(record, COLUMNS)
  const points = address(record, POINTS)
  const double = integer(record, DOUBLE) != 0
  const hashes = address(record, HASHES)
  const zero = f64x2.splat(0)
  const last = to - 1
  for (let i = from; i < to; i += 4) {
    const row0 = <usize>i * <usize>columns
    const row1 = <usize>min(i + 1, last) * <usize>columns
    const row2 = <usize>min(i + 2, last) * <usize>columns
    const row3 = <usize>min(i + 3, last) * <usize>columns
    let h = i32x4.splat(0)
    for (let j: usize = 0; j < <usize>columns; j++) {
      let a: v128
      let b: v128
      if (double) {
        a = f64x2(cell(points, true, row0 + j), cell(points, true, row1 + j))
        b = f64x2(cell(points, true, row2 + j), cell(points, true, row3 + j))
      } else {
        const at = points + (j << 2)
        let four = v128.load32_zero(at + (row0 << 2))
        four = v128.load_lane<u32>(at + (row1 << 2), four, 1)
        four = v128.load_lane<u32>(at + (row2 << 2), four, 2)
        four = v128.load_lane<u32>(at + (row3 << 2), four, 3)
        a = f64x2.promote_low_f32x4(four)
        b = f64x2.promote_low_f32x4(v128.shuffle<i64>(four, four, 1, 0))
      }
      a = f64x2.add(a, zero)
      b = f64x2.add(b, zero)
      h = stir(h, v128.shuffle<i32>(a, b, 0, 2, 4, 6))
      h = stir(h, v128.shuffle<i32>(a, b, 1, 3, 5, 7))
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
