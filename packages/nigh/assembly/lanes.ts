// The narrow dense kernel of one group: for 8 rows, the nearest and second nearest of all centroids, by score.
//
//   score(x, c) = ‖c‖²/2 − x·c, in whole units of a product of the int16 copies: exact in int32 (working-copy.ts sees to
//   it that none overflows)
//
//   eight rows are turned, so that a lane is a row and a vector holds one pair of columns of four rows
//   for each block of 4 centroids (the last ones by 2 and 1):
//     acc[centroid][8 rows] = half
//     for each pair of columns:  acc −= x[pair][8 rows] · centroid[pair]
//     key = acc with its lowest bits replaced by the centroid's number; keep the smallest and second smallest
//
// Against tile.ts nothing is folded across lanes, no place is empty, and the number of the nearest costs no
// instruction of its own; turning the rows pays off from a few centroids on. The replaced bits are a bound's business.

/**
 * Writes for 8 rows, four and four: the smallest keys, then the second smallest (4 × 16 bytes).
 *
 * Cost: 8·d·k multiply-adds.
 *
 * @param rows address of the narrow rows, of which `list` names eight
 * @param width bytes of a row: 2·d, d rounded up to even
 * @param panels the centroids, block by block, within a block pair by pair
 * @param halves int32, a centroid each
 * @param keep all ones but for the bits that hold a centroid's number
 * @param space room for the turned rows: 8 bytes for every byte of a row, rounded up to 16 of these
 */
export function nearestByLanes(
  rows: usize,
  list: usize,
  width: usize,
  panels: usize,
  halves: usize,
  centroids: i32,
  keep: i32,
  space: usize,
  out: usize,
): void {
  turn(rows, list, width, space)
  turn(rows, list + 16, width, space + 16)
  const end = space + (width << 3)
  const kept = i32x4.splat(keep)
  let best0 = i32x4.splat(i32.MAX_VALUE)
  let best1 = best0
  let second0 = best0
  let second1 = best0
  let c = 0
  for (; c + 4 <= centroids; c += 4) {
    let a0 = v128.load32_splat(halves)
    let a1 = v128.load32_splat(halves, 4)
    let a2 = v128.load32_splat(halves, 8)
    let a3 = v128.load32_splat(halves, 12)
    let b0 = a0
    let b1 = a1
    let b2 = a2
    let b3 = a3
    halves += 16
    for (let at = space; at < end; at += 32) {
      const x0 = v128.load(at)
      const x1 = v128.load(at, 16)
      let v = v128.load32_splat(panels)
      a0 = i32x4.sub(a0, i32x4.dot_i16x8_s(x0, v))
      b0 = i32x4.sub(b0, i32x4.dot_i16x8_s(x1, v))
      v = v128.load32_splat(panels, 4)
      a1 = i32x4.sub(a1, i32x4.dot_i16x8_s(x0, v))
      b1 = i32x4.sub(b1, i32x4.dot_i16x8_s(x1, v))
      v = v128.load32_splat(panels, 8)
      a2 = i32x4.sub(a2, i32x4.dot_i16x8_s(x0, v))
      b2 = i32x4.sub(b2, i32x4.dot_i16x8_s(x1, v))
      v = v128.load32_splat(panels, 12)
      a3 = i32x4.sub(a3, i32x4.dot_i16x8_s(x0, v))
      b3 = i32x4.sub(b3, i32x4.dot_i16x8_s(x1, v))
      panels += 16
    }
    let number = i32x4.splat(c)
    const one = i32x4.splat(1)
    a0 = v128.or(v128.and(a0, kept), number)
    b0 = v128.or(v128.and(b0, kept), number)
    second0 = i32x4.min_s(second0, i32x4.max_s(best0, a0))
    second1 = i32x4.min_s(second1, i32x4.max_s(best1, b0))
    best0 = i32x4.min_s(best0, a0)
    best1 = i32x4.min_s(best1, b0)
    number = i32x4.add(number, one)
    a1 = v128.or(v128.and(a1, kept), number)
    b1 = v128.or(v128.and(b1, kept), number)
    second0 = i32x4.min_s(second0, i32x4.max_s(best0, a1))
    second1 = i32x4.min_s(second1, i32x4.max_s(best1, b1))
    best0 = i32x4.min_s(best0, a1)
    best1 = i32x4.min_s(best1, b1)
    number = i32x4.add(number, one)
    a2 = v128.or(v128.and(a2, kept), number)
    b2 = v128.or(v128.and(b2, kept), number)
    second0 = i32x4.min_s(second0, i32x4.max_s(best0, a2))
    second1 = i32x4.min_s(second1, i32x4.max_s(best1, b2))
    best0 = i32x4.min_s(best0, a2)
    best1 = i32x4.min_s(best1, b2)
    number = i32x4.add(number, one)
    a3 = v128.or(v128.and(a3, kept), number)
    b3 = v128.or(v128.and(b3, kept), number)
    second0 = i32x4.min_s(second0, i32x4.max_s(best0, a3))
    second1 = i32x4.min_s(second1, i32x4.max_s(best1, b3))
    best0 = i32x4.min_s(best0, a3)
    best1 = i32x4.min_s(best1, b3)
  }
  if (centroids & 2) {
    let a0 = v128.load32_splat(halves)
    let a1 = v128.load32_splat(halves, 4)
    let b0 = a0
    let b1 = a1
    halves += 8
    for (let at = space; at < end; at += 32) {
      const x0 = v128.load(at)
      const x1 = v128.load(at, 16)
      let v = v128.load32_splat(panels)
      a0 = i32x4.sub(a0, i32x4.dot_i16x8_s(x0, v))
      b0 = i32x4.sub(b0, i32x4.dot_i16x8_s(x1, v))
      v = v128.load32_splat(panels, 4)
      a1 = i32x4.sub(a1, i32x4.dot_i16x8_s(x0, v))
      b1 = i32x4.sub(b1, i32x4.dot_i16x8_s(x1, v))
      panels += 8
    }
    let number = i32x4.splat(c)
    a0 = v128.or(v128.and(a0, kept), number)
    b0 = v128.or(v128.and(b0, kept), number)
    second0 = i32x4.min_s(second0, i32x4.max_s(best0, a0))
    second1 = i32x4.min_s(second1, i32x4.max_s(best1, b0))
    best0 = i32x4.min_s(best0, a0)
    best1 = i32x4.min_s(best1, b0)
    number = i32x4.splat(c + 1)
    a1 = v128.or(v128.and(a1, kept), number)
    b1 = v128.or(v128.and(b1, kept), number)
    second0 = i32x4.min_s(second0, i32x4.max_s(best0, a1))
    second1 = i32x4.min_s(second1, i32x4.max_s(best1, b1))
    best0 = i32x4.min_s(best0, a1)
    best1 = i32x4.min_s(best1, b1)
    c += 2
  }
  if (centroids & 1) {
    let a0 = v128.load32_splat(halves)
    let b0 = a0
    for (let at = space; at < end; at += 32) {
      const v = v128.load32_splat(panels)
      a0 = i32x4.sub(a0, i32x4.dot_i16x8_s(v128.load(at), v))
      b0 = i32x4.sub(b0, i32x4.dot_i16x8_s(v128.load(at, 16), v))
      panels += 4
    }
    const number = i32x4.splat(c)
    a0 = v128.or(v128.and(a0, kept), number)
    b0 = v128.or(v128.and(b0, kept), number)
    second0 = i32x4.min_s(second0, i32x4.max_s(best0, a0))
    second1 = i32x4.min_s(second1, i32x4.max_s(best1, b0))
    best0 = i32x4.min_s(best0, a0)
    best1 = i32x4.min_s(best1, b0)
  }
  v128.store(out, best0)
  v128.store(out, best1, 16)
  v128.store(out, second0, 32)
  v128.store(out, second1, 48)
}

/** Turns four rows: pair after pair of columns, 32 bytes apart. Reads and writes in whole vectors, past the last pair. */
function turn(rows: usize, list: usize, width: usize, space: usize): void {
  const r0 = rows + <usize>load<i32>(list) * width
  const r1 = rows + <usize>load<i32>(list, 4) * width
  const r2 = rows + <usize>load<i32>(list, 8) * width
  const r3 = rows + <usize>load<i32>(list, 12) * width
  for (let j: usize = 0; j < width; j += 16) {
    const x0 = v128.load(r0 + j)
    const x1 = v128.load(r1 + j)
    const x2 = v128.load(r2 + j)
    const x3 = v128.load(r3 + j)
    const t0 = v128.shuffle<i32>(x0, x1, 0, 4, 1, 5)
    const t1 = v128.shuffle<i32>(x2, x3, 0, 4, 1, 5)
    const t2 = v128.shuffle<i32>(x0, x1, 2, 6, 3, 7)
    const t3 = v128.shuffle<i32>(x2, x3, 2, 6, 3, 7)
    v128.store(space, v128.shuffle<i64>(t0, t1, 0, 2))
    v128.store(space, v128.shuffle<i64>(t0, t1, 1, 3), 32)
    v128.store(space, v128.shuffle<i64>(t2, t3, 0, 2), 64)
    v128.store(space, v128.shuffle<i64>(t2, t3, 1, 3), 96)
    space += 128
  }
}
