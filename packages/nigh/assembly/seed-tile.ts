// The filter of seeding: which of a few candidates may be nearer to four rows than what they have?
//
//   ‖x − c‖² < D²   ⟺   x·c − ‖c‖²/2 > (‖x‖² − D²)/2
//
// The right side, less the error of the left, is a row's floor (seed.ts). So the accumulators start from −‖c‖²/2, gather
// the products and are compared with the floor. Where any pair is open they are stored, and say how much is gained.
// Answers hold a byte for each row, a bit a candidate.
//
// The narrow form is exact in int32: the caller sees to it that no sum leaves its range.

import { fma } from './tile'

/** The bits of 4 rows by 8 candidates: a vector of −1 and 0 for each row's first and last four. */
function bitsOf(a0: v128, b0: v128, a1: v128, b1: v128, a2: v128, b2: v128, a3: v128, b3: v128): u32 {
  const low = i8x16.narrow_i16x8_s(i16x8.narrow_i32x4_s(a0, b0), i16x8.narrow_i32x4_s(a1, b1))
  const high = i8x16.narrow_i16x8_s(i16x8.narrow_i32x4_s(a2, b2), i16x8.narrow_i32x4_s(a3, b3))
  return <u32>i8x16.bitmask(low) | ((<u32>i8x16.bitmask(high)) << 16)
}

/**
 * The narrow form for up to 8 candidates.
 *
 * @param width bytes of a row, a multiple of 4
 * @param panel two columns of each candidate side by side: int16, d (rounded up to even) × 8
 * @param starts −‖c‖²/2 in units of a product, rounded up; the lowest int32 where a lane is empty
 * @param out gets the sums where a pair is open: int32, 4 rows × 8
 */
export function openOfEight(
  x0: usize,
  x1: usize,
  x2: usize,
  x3: usize,
  width: usize,
  panel: usize,
  starts: usize,
  floor0: usize,
  floor1: usize,
  floor2: usize,
  floor3: usize,
  out: usize,
): u32 {
  let a0 = v128.load(starts)
  let a1 = a0
  let a2 = a0
  let a3 = a0
  let b0 = v128.load(starts, 16)
  let b1 = b0
  let b2 = b0
  let b3 = b0
  for (let at: usize = 0; at < width; at += 4) {
    const ca = v128.load(panel)
    const cb = v128.load(panel, 16)
    panel += 32
    let x = v128.load32_splat(x0 + at)
    a0 = i32x4.add(a0, i32x4.dot_i16x8_s(x, ca))
    b0 = i32x4.add(b0, i32x4.dot_i16x8_s(x, cb))
    x = v128.load32_splat(x1 + at)
    a1 = i32x4.add(a1, i32x4.dot_i16x8_s(x, ca))
    b1 = i32x4.add(b1, i32x4.dot_i16x8_s(x, cb))
    x = v128.load32_splat(x2 + at)
    a2 = i32x4.add(a2, i32x4.dot_i16x8_s(x, ca))
    b2 = i32x4.add(b2, i32x4.dot_i16x8_s(x, cb))
    x = v128.load32_splat(x3 + at)
    a3 = i32x4.add(a3, i32x4.dot_i16x8_s(x, ca))
    b3 = i32x4.add(b3, i32x4.dot_i16x8_s(x, cb))
  }
  const l0 = v128.load32_splat(floor0)
  const l1 = v128.load32_splat(floor1)
  const l2 = v128.load32_splat(floor2)
  const l3 = v128.load32_splat(floor3)
  const bits = bitsOf(
    i32x4.gt_s(a0, l0),
    i32x4.gt_s(b0, l0),
    i32x4.gt_s(a1, l1),
    i32x4.gt_s(b1, l1),
    i32x4.gt_s(a2, l2),
    i32x4.gt_s(b2, l2),
    i32x4.gt_s(a3, l3),
    i32x4.gt_s(b3, l3),
  )
  if (bits) {
    v128.store(out, a0)
    v128.store(out, b0, 16)
    v128.store(out, a1, 32)
    v128.store(out, b1, 48)
    v128.store(out, a2, 64)
    v128.store(out, b2, 80)
    v128.store(out, a3, 96)
    v128.store(out, b3, 112)
  }
  return bits
}

/**
 * The float32 form, for few columns: up to 8 candidates.
 *
 * @param panel float32, d × 8
 * @param starts −‖c‖²/2; −∞ where a lane is empty
 * @param out gets the sums where a pair is open: float32, 4 rows × 8
 */
export function openOfFloats(
  x0: usize,
  x1: usize,
  x2: usize,
  x3: usize,
  width: usize,
  panel: usize,
  starts: usize,
  floor0: usize,
  floor1: usize,
  floor2: usize,
  floor3: usize,
  out: usize,
): u32 {
  let a0 = v128.load(starts)
  let a1 = a0
  let a2 = a0
  let a3 = a0
  let b0 = v128.load(starts, 16)
  let b1 = b0
  let b2 = b0
  let b3 = b0
  for (let at: usize = 0; at < width; at += 4) {
    const ca = v128.load(panel)
    const cb = v128.load(panel, 16)
    panel += 32
    let x = v128.load32_splat(x0 + at)
    a0 = fma(x, ca, a0)
    b0 = fma(x, cb, b0)
    x = v128.load32_splat(x1 + at)
    a1 = fma(x, ca, a1)
    b1 = fma(x, cb, b1)
    x = v128.load32_splat(x2 + at)
    a2 = fma(x, ca, a2)
    b2 = fma(x, cb, b2)
    x = v128.load32_splat(x3 + at)
    a3 = fma(x, ca, a3)
    b3 = fma(x, cb, b3)
  }
  const l0 = v128.load32_splat(floor0)
  const l1 = v128.load32_splat(floor1)
  const l2 = v128.load32_splat(floor2)
  const l3 = v128.load32_splat(floor3)
  const bits = bitsOf(
    f32x4.ge(a0, l0),
    f32x4.ge(b0, l0),
    f32x4.ge(a1, l1),
    f32x4.ge(b1, l1),
    f32x4.ge(a2, l2),
    f32x4.ge(b2, l2),
    f32x4.ge(a3, l3),
    f32x4.ge(b3, l3),
  )
  if (bits) {
    v128.store(out, a0)
    v128.store(out, b0, 16)
    v128.store(out, a1, 32)
    v128.store(out, b1, 48)
    v128.store(out, a2, 64)
    v128.store(out, b2, 80)
    v128.store(out, a3, 96)
    v128.store(out, b3, 112)
  }
  return bits
}

/** The same for up to 4 candidates: they stand in the first half of each run of 8. */
export function openOfFourFloats(
  x0: usize,
  x1: usize,
  x2: usize,
  x3: usize,
  width: usize,
  panel: usize,
  starts: usize,
  floor0: usize,
  floor1: usize,
  floor2: usize,
  floor3: usize,
  out: usize,
): u32 {
  let a0 = v128.load(starts)
  let a1 = a0
  let a2 = a0
  let a3 = a0
  for (let at: usize = 0; at < width; at += 4) {
    const c = v128.load(panel)
    panel += 32
    a0 = fma(v128.load32_splat(x0 + at), c, a0)
    a1 = fma(v128.load32_splat(x1 + at), c, a1)
    a2 = fma(v128.load32_splat(x2 + at), c, a2)
    a3 = fma(v128.load32_splat(x3 + at), c, a3)
  }
  const none = i32x4.splat(0)
  const bits = bitsOf(
    f32x4.ge(a0, v128.load32_splat(floor0)),
    none,
    f32x4.ge(a1, v128.load32_splat(floor1)),
    none,
    f32x4.ge(a2, v128.load32_splat(floor2)),
    none,
    f32x4.ge(a3, v128.load32_splat(floor3)),
    none,
  )
  if (bits) {
    v128.store(out, a0)
    v128.store(out, a1, 32)
    v128.store(out, a2, 64)
    v128.store(out, a3, 96)
  }
  return bits
}
