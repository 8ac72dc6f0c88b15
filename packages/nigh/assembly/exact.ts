// Exact pieces: the distance by its definition, and sums that do not depend on the order of addition.
//
// The definition (ARCHITECTURE.md): s = 0; for each column j in order: t = x[j] − y[j]; s = s + t·t, in float64.
// Two pairs at a time may share a SIMD register, since each pair keeps its own order.
//
// A sum on grids: `(t + big) − big` with big = 1.5·2^52·g rounds t to a multiple of g exactly (|t| < 2^51·g). Whole
// multiples of g add without rounding while they stay below 2^53·g.

/** One number of a row as given, as float64. */
export function cell(points: usize, double: bool, at: usize): f64 {
  return double ? load<f64>(points + (at << 3)) : <f64>load<f32>(points + (at << 2))
}

/** Squared distance of a row as given and a float64 row, by the definition. */
export function exactSq(points: usize, double: bool, row: usize, columns: i32, other: usize): f64 {
  let sum: f64 = 0
  if (double) {
    let x = points + row * ((<usize>columns) << 3)
    for (let j = 0; j < columns; j++) {
      const t = load<f64>(x) - load<f64>(other)
      sum += t * t
      x += 8
      other += 8
    }
  } else {
    let x = points + row * ((<usize>columns) << 2)
    for (let j = 0; j < columns; j++) {
      const t = <f64>load<f32>(x) - load<f64>(other)
      sum += t * t
      x += 4
      other += 8
    }
  }
  return sum
}

/**
 * Squared distances of four rows as given to one float64 row each, written as four float64: four independent chains,
 * so that the additions overlap.
 */
export function exactSq4(
  points: usize,
  double: bool,
  columns: i32,
  row0: usize,
  row1: usize,
  row2: usize,
  row3: usize,
  c0: usize,
  c1: usize,
  c2: usize,
  c3: usize,
  out: usize,
): void {
  const start0 = row0 * <usize>columns
  const start1 = row1 * <usize>columns
  const start2 = row2 * <usize>columns
  const start3 = row3 * <usize>columns
  let sum01 = f64x2.splat(0)
  let sum23 = sum01
  let j: usize = 0
  for (const pairs = <usize>(columns & ~1); j < pairs; j += 2) {
    const at = j << 3
    const t0 = f64x2.sub(twoCells(points, double, start0 + j), v128.load(c0 + at))
    const t1 = f64x2.sub(twoCells(points, double, start1 + j), v128.load(c1 + at))
    const t2 = f64x2.sub(twoCells(points, double, start2 + j), v128.load(c2 + at))
    const t3 = f64x2.sub(twoCells(points, double, start3 + j), v128.load(c3 + at))
    const sq0 = f64x2.mul(t0, t0)
    const sq1 = f64x2.mul(t1, t1)
    const sq2 = f64x2.mul(t2, t2)
    const sq3 = f64x2.mul(t3, t3)
    // A lane is a row: its two squares are added one after the other.
    sum01 = f64x2.add(sum01, v128.shuffle<i64>(sq0, sq1, 0, 2))
    sum23 = f64x2.add(sum23, v128.shuffle<i64>(sq2, sq3, 0, 2))
    sum01 = f64x2.add(sum01, v128.shuffle<i64>(sq0, sq1, 1, 3))
    sum23 = f64x2.add(sum23, v128.shuffle<i64>(sq2, sq3, 1, 3))
  }
  if (columns & 1) {
    const at = j << 3
    const t0 = cell(points, double, start0 + j) - load<f64>(c0 + at)
    const t1 = cell(points, double, start1 + j) - load<f64>(c1 + at)
    const t2 = cell(points, double, start2 + j) - load<f64>(c2 + at)
    const t3 = cell(points, double, start3 + j) - load<f64>(c3 + at)
    sum01 = f64x2.add(sum01, f64x2(t0 * t0, t1 * t1))
    sum23 = f64x2.add(sum23, f64x2(t2 * t2, t3 * t3))
  }
  v128.store(out, sum01)
  v128.store(out, sum23, 16)
}

/** Two numbers of a row as given, as float64. */
function twoCells(points: usize, double: bool, at: usize): v128 {
  return double
    ? v128.load(points + (at << 3))
    : f64x2.promote_low_f32x4(v128.load64_zero(points + (at << 2)))
}

/**
 * Squared distances of four rows as given to one float64 row, written as four float64. Two rows share a register, each
 * lane in its own order.
 */
export function exactSqsOfFour(
  points: usize,
  double: bool,
  columns: i32,
  row0: usize,
  row1: usize,
  row2: usize,
  row3: usize,
  other: usize,
  out: usize,
): void {
  let a = f64x2.splat(0)
  let b = a
  let j = 0
  row0 *= <usize>columns
  row1 *= <usize>columns
  row2 *= <usize>columns
  row3 *= <usize>columns
  if (!double) {
    let at = points
    for (; j + 2 <= columns; j += 2, at += 8) {
      const x01 = v128.shuffle<i32>(
        v128.load64_zero(at + (row0 << 2)),
        v128.load64_zero(at + (row1 << 2)),
        0,
        4,
        1,
        5,
      )
      const x23 = v128.shuffle<i32>(
        v128.load64_zero(at + (row2 << 2)),
        v128.load64_zero(at + (row3 << 2)),
        0,
        4,
        1,
        5,
      )
      let c = v128.load64_splat(other)
      let s = f64x2.sub(f64x2.promote_low_f32x4(x01), c)
      let t = f64x2.sub(f64x2.promote_low_f32x4(x23), c)
      a = f64x2.add(a, f64x2.mul(s, s))
      b = f64x2.add(b, f64x2.mul(t, t))
      c = v128.load64_splat(other, 8)
      s = f64x2.sub(f64x2.promote_low_f32x4(v128.shuffle<i64>(x01, x01, 1, 0)), c)
      t = f64x2.sub(f64x2.promote_low_f32x4(v128.shuffle<i64>(x23, x23, 1, 0)), c)
      a = f64x2.add(a, f64x2.mul(s, s))
      b = f64x2.add(b, f64x2.mul(t, t))
      other += 16
    }
  }
  for (; j < columns; j++, other += 8) {
    const c = v128.load64_splat(other)
    const at = <usize>j
    const s = f64x2.sub(f64x2(cell(points, double, row0 + at), cell(points, double, row1 + at)), c)
    const t = f64x2.sub(f64x2(cell(points, double, row2 + at), cell(points, double, row3 + at)), c)
    a = f64x2.add(a, f64x2.mul(s, s))
    b = f64x2.add(b, f64x2.mul(t, t))
  }
  v128.store(out, a)
  v128.store(out, b, 16)
}

/** Adds a value, `whole` + `part` times, to a sum on two grids (big constants `coarse`, `fine`). */
export function addOnTwo(sum: usize, value: f64, whole: f64, part: f64, coarse: f64, fine: f64): void {
  let a = value + coarse - coarse
  let b = value - a + fine - fine
  let sumA = load<f64>(sum) + whole * a
  let sumB = load<f64>(sum, 8) + whole * b
  if (part != 0) {
    value *= part
    a = value + coarse - coarse
    b = value - a + fine - fine
    sumA += a
    sumB += b
  }
  store<f64>(sum, sumA)
  store<f64>(sum, sumB, 8)
}

/** Adds a value, `whole` + `part` times, to a sum on three grids. */
export function addOnThree(
  sum: usize,
  value: f64,
  whole: f64,
  part: f64,
  big1: f64,
  big2: f64,
  big3: f64,
): void {
  let a = value + big1 - big1
  let r = value - a
  let b = r + big2 - big2
  let c = r - b + big3 - big3
  let sumA = load<f64>(sum) + whole * a
  let sumB = load<f64>(sum, 8) + whole * b
  let sumC = load<f64>(sum, 16) + whole * c
  if (part != 0) {
    value *= part
    a = value + big1 - big1
    r = value - a
    b = r + big2 - big2
    c = r - b + big3 - big3
    sumA += a
    sumB += b
    sumC += c
  }
  store<f64>(sum, sumA)
  store<f64>(sum, sumB, 8)
  store<f64>(sum, sumC, 16)
}
