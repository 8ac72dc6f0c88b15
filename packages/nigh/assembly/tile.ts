// The dense kernel: for 4 rows, the nearest and second nearest of a run of packed centroids, by score.
//
//   score(x, c) = ‖c‖²/2 − x·c          (‖x − c‖² = ‖x‖² + 2·score, and ‖x‖² is the same for all c)
//
//   for each panel of 8 centroids:
//     acc[4 rows][8 centroids] = 0
//     for each column j:  acc[r][·] += x[r][j] · panel[j][·]
//     score = half − acc; keep, lane by lane, the smallest, its place, and the second smallest
//   fold the 4 lanes of each row
//
// Register tile 4 × 8: 8 accumulators, 2 centroid vectors, 1 row value: what 15 usable vector registers hold.
//
// The narrow form does the same on int16 copies of rows and centroids, two columns a step: one instruction multiplies
// eight pairs and adds neighbours, twice the products of float32 in half the bytes. Its products are exact in int32;
// what rounding to int16 may have changed is the caller's bound to know (scores.ts).
// Rows are read where they lie, one value at a time spread over the lanes, so any 4 rows can share a tile.

/** acc + x·c, fused where the module may: certified arithmetic does not mind. */
export function fma(x: v128, c: v128, acc: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(x, c, acc)
  return f32x4.add(acc, f32x4.mul(x, c))
}

/**
 * Writes for 4 rows: the smallest score (4 × f32), its place (4 × i32), the second smallest score (4 × f32).
 *
 * Cost: 32·d multiply-adds a panel.
 *
 * @param width bytes of a row: 4·d, or in the narrow form 2·d with d rounded up to even
 * @param half whether only the first four places of the last panel hold anything
 * @param unit what an int32 product is worth; 0: the rows and panels are float32
 */
export function nearestOfPanels(
  x0: usize,
  x1: usize,
  x2: usize,
  x3: usize,
  width: usize,
  panel: usize,
  halves: usize,
  panels: i32,
  half: bool,
  firstPlace: i32,
  unit: f32,
  out: usize,
): void {
  const far = f32x4.splat(f32.MAX_VALUE)
  let best0 = far,
    best1 = far,
    best2 = far,
    best3 = far
  let second0 = far,
    second1 = far,
    second2 = far,
    second3 = far
  let at0 = i32x4.splat(0),
    at1 = at0,
    at2 = at0,
    at3 = at0
  let placeA = i32x4.add(i32x4.splat(firstPlace), i32x4(0, 1, 2, 3))
  const step = i32x4.splat(8)
  const four = i32x4.splat(4)
  const worth = f32x4.splat(unit)
  for (let p = half ? 1 : 0; p < panels; p++) {
    let a0 = f32x4.splat(0),
      a1 = a0,
      a2 = a0,
      a3 = a0
    let b0 = a0,
      b1 = a0,
      b2 = a0,
      b3 = a0
    if (unit == 0) {
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
    } else {
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
      a0 = f32x4.mul(f32x4.convert_i32x4_s(a0), worth)
      b0 = f32x4.mul(f32x4.convert_i32x4_s(b0), worth)
      a1 = f32x4.mul(f32x4.convert_i32x4_s(a1), worth)
      b1 = f32x4.mul(f32x4.convert_i32x4_s(b1), worth)
      a2 = f32x4.mul(f32x4.convert_i32x4_s(a2), worth)
      b2 = f32x4.mul(f32x4.convert_i32x4_s(b2), worth)
      a3 = f32x4.mul(f32x4.convert_i32x4_s(a3), worth)
      b3 = f32x4.mul(f32x4.convert_i32x4_s(b3), worth)
    }
    const ha = v128.load(halves)
    const hb = v128.load(halves, 16)
    halves += 32
    const placeB = i32x4.add(placeA, four)

    a0 = f32x4.sub(ha, a0)
    b0 = f32x4.sub(hb, b0)
    let low = f32x4.pmin(a0, b0)
    let low2 = f32x4.pmin(f32x4.pmax(a0, b0), f32x4.pmax(best0, low))
    let at = v128.bitselect(placeB, placeA, f32x4.lt(b0, a0))
    at0 = v128.bitselect(at, at0, f32x4.lt(low, best0))
    second0 = f32x4.pmin(second0, low2)
    best0 = f32x4.pmin(best0, low)

    a1 = f32x4.sub(ha, a1)
    b1 = f32x4.sub(hb, b1)
    low = f32x4.pmin(a1, b1)
    low2 = f32x4.pmin(f32x4.pmax(a1, b1), f32x4.pmax(best1, low))
    at = v128.bitselect(placeB, placeA, f32x4.lt(b1, a1))
    at1 = v128.bitselect(at, at1, f32x4.lt(low, best1))
    second1 = f32x4.pmin(second1, low2)
    best1 = f32x4.pmin(best1, low)

    a2 = f32x4.sub(ha, a2)
    b2 = f32x4.sub(hb, b2)
    low = f32x4.pmin(a2, b2)
    low2 = f32x4.pmin(f32x4.pmax(a2, b2), f32x4.pmax(best2, low))
    at = v128.bitselect(placeB, placeA, f32x4.lt(b2, a2))
    at2 = v128.bitselect(at, at2, f32x4.lt(low, best2))
    second2 = f32x4.pmin(second2, low2)
    best2 = f32x4.pmin(best2, low)

    a3 = f32x4.sub(ha, a3)
    b3 = f32x4.sub(hb, b3)
    low = f32x4.pmin(a3, b3)
    low2 = f32x4.pmin(f32x4.pmax(a3, b3), f32x4.pmax(best3, low))
    at = v128.bitselect(placeB, placeA, f32x4.lt(b3, a3))
    at3 = v128.bitselect(at, at3, f32x4.lt(low, best3))
    second3 = f32x4.pmin(second3, low2)
    best3 = f32x4.pmin(best3, low)

    placeA = i32x4.add(placeA, step)
  }

  if (half) {
    let a0 = f32x4.splat(0),
      a1 = a0,
      a2 = a0,
      a3 = a0
    if (unit == 0) {
      for (let at: usize = 0; at < width; at += 4) {
        const ca = v128.load(panel)
        panel += 32
        a0 = fma(v128.load32_splat(x0 + at), ca, a0)
        a1 = fma(v128.load32_splat(x1 + at), ca, a1)
        a2 = fma(v128.load32_splat(x2 + at), ca, a2)
        a3 = fma(v128.load32_splat(x3 + at), ca, a3)
      }
    } else {
      for (let at: usize = 0; at < width; at += 4) {
        const ca = v128.load(panel)
        panel += 32
        a0 = i32x4.add(a0, i32x4.dot_i16x8_s(v128.load32_splat(x0 + at), ca))
        a1 = i32x4.add(a1, i32x4.dot_i16x8_s(v128.load32_splat(x1 + at), ca))
        a2 = i32x4.add(a2, i32x4.dot_i16x8_s(v128.load32_splat(x2 + at), ca))
        a3 = i32x4.add(a3, i32x4.dot_i16x8_s(v128.load32_splat(x3 + at), ca))
      }
      a0 = f32x4.mul(f32x4.convert_i32x4_s(a0), worth)
      a1 = f32x4.mul(f32x4.convert_i32x4_s(a1), worth)
      a2 = f32x4.mul(f32x4.convert_i32x4_s(a2), worth)
      a3 = f32x4.mul(f32x4.convert_i32x4_s(a3), worth)
    }
    const ha = v128.load(halves)
    a0 = f32x4.sub(ha, a0)
    second0 = f32x4.pmin(second0, f32x4.pmax(best0, a0))
    at0 = v128.bitselect(placeA, at0, f32x4.lt(a0, best0))
    best0 = f32x4.pmin(best0, a0)
    a1 = f32x4.sub(ha, a1)
    second1 = f32x4.pmin(second1, f32x4.pmax(best1, a1))
    at1 = v128.bitselect(placeA, at1, f32x4.lt(a1, best1))
    best1 = f32x4.pmin(best1, a1)
    a2 = f32x4.sub(ha, a2)
    second2 = f32x4.pmin(second2, f32x4.pmax(best2, a2))
    at2 = v128.bitselect(placeA, at2, f32x4.lt(a2, best2))
    best2 = f32x4.pmin(best2, a2)
    a3 = f32x4.sub(ha, a3)
    second3 = f32x4.pmin(second3, f32x4.pmax(best3, a3))
    at3 = v128.bitselect(placeA, at3, f32x4.lt(a3, best3))
    best3 = f32x4.pmin(best3, a3)
  }

  // Lanes become rows: transpose the 4 × 4 scores, seconds and places, then fold the 4 candidates of each row.
  let t0 = v128.shuffle<f32>(best0, best1, 0, 4, 1, 5)
  let t1 = v128.shuffle<f32>(best2, best3, 0, 4, 1, 5)
  let t2 = v128.shuffle<f32>(best0, best1, 2, 6, 3, 7)
  let t3 = v128.shuffle<f32>(best2, best3, 2, 6, 3, 7)
  best0 = v128.shuffle<i64>(t0, t1, 0, 2)
  best1 = v128.shuffle<i64>(t0, t1, 1, 3)
  best2 = v128.shuffle<i64>(t2, t3, 0, 2)
  best3 = v128.shuffle<i64>(t2, t3, 1, 3)
  t0 = v128.shuffle<f32>(at0, at1, 0, 4, 1, 5)
  t1 = v128.shuffle<f32>(at2, at3, 0, 4, 1, 5)
  t2 = v128.shuffle<f32>(at0, at1, 2, 6, 3, 7)
  t3 = v128.shuffle<f32>(at2, at3, 2, 6, 3, 7)
  at0 = v128.shuffle<i64>(t0, t1, 0, 2)
  at1 = v128.shuffle<i64>(t0, t1, 1, 3)
  at2 = v128.shuffle<i64>(t2, t3, 0, 2)
  at3 = v128.shuffle<i64>(t2, t3, 1, 3)
  // The order of seconds within a row does not matter, so a min over lanes pairs is enough: transpose and min.
  t0 = v128.shuffle<f32>(second0, second1, 0, 4, 1, 5)
  t1 = v128.shuffle<f32>(second2, second3, 0, 4, 1, 5)
  t2 = v128.shuffle<f32>(second0, second1, 2, 6, 3, 7)
  t3 = v128.shuffle<f32>(second2, second3, 2, 6, 3, 7)
  let second = f32x4.pmin(
    f32x4.pmin(v128.shuffle<i64>(t0, t1, 0, 2), v128.shuffle<i64>(t0, t1, 1, 3)),
    f32x4.pmin(v128.shuffle<i64>(t2, t3, 0, 2), v128.shuffle<i64>(t2, t3, 1, 3)),
  )
  second = f32x4.pmin(second, f32x4.pmax(best0, best1))
  at0 = v128.bitselect(at1, at0, f32x4.lt(best1, best0))
  best0 = f32x4.pmin(best0, best1)
  second = f32x4.pmin(second, f32x4.pmax(best0, best2))
  at0 = v128.bitselect(at2, at0, f32x4.lt(best2, best0))
  best0 = f32x4.pmin(best0, best2)
  second = f32x4.pmin(second, f32x4.pmax(best0, best3))
  at0 = v128.bitselect(at3, at0, f32x4.lt(best3, best0))
  best0 = f32x4.pmin(best0, best3)
  v128.store(out, best0)
  v128.store(out, at0, 16)
  v128.store(out, second, 32)
}
