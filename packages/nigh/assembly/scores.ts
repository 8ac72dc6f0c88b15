// The scores of the assignment's dense kernel: in which form, and how far they may be off.
//
// Errors, with u24 = 2⁻²⁴, x the row and c the centroid in the working unit (float32), N = ‖x‖, C = max ‖c‖:
//   score:    |s̃ − s| ≤ (d + 4)·u24·C·(N + C/2)         dot product of d terms, rounded half norm, one subtraction
//   squared:  ‖x − c‖² = NORMS_SQ + 2·s. Its error is twice that of the score, and that of NORMS_SQ and of this sum in
//             float32: eQ = (2·(d + 4) + 8)·u24·C·(N + C/2) + 8·u24·N²
//   input:    row and centroid were themselves rounded to float32: the distance is off by at most
//             δ = 1.05·u24·(N + C), and by the definition's own rounding, relative (d + 4)·2⁻⁵³
//   narrow:   scores of int16 copies x̂ and ĉ: |x̂·ĉ − x·c| ≤ ‖x − x̂‖·C + (N + ‖x − x̂‖)·‖c − ĉ‖, and as much again in eQ;
//             keys (lanes.ts) are off by less than a unit and the bits that hold the number
//   near:     by differences (active.ts), relative (d + 8)·u24 of the squared distance
// A float32 square root and the few operations around it add less than 2⁻²¹ relative: every bound is widened by 1e-6.

import {
  columns,
  definition,
  keyBits,
  narrowError,
  narrowHalves,
  narrowPanels,
  narrowRowError,
  narrowRows,
  narrowUnit,
  narrowWidth,
  normMax,
  norms,
  panels,
  places,
  rowBytes,
  U24,
  work,
} from './fit-state'

// The form of the scores in use: float32, or narrow.
export let formRows: usize = 0
export let formPanels: usize = 0
export let formWidth: usize = 0
export let formUnit: f32 = 0
let errorBase: f64 = 0 // eQ = errorBase·(N + C/2) + errorNorm·N²
let errorNorm: f64 = 0
let errorFlat: f64 = 0 // … + errorFlat

/** The float32 above a float64 bound that was formed from a term as large as `size`. */
export function up32(value: f64, size: f64): f32 {
  return <f32>(value + (Math.abs(value) + size) * 1.2e-7 + 1e-37)
}

/** The float32 below it. */
export function down32(value: f64, size: f64): f32 {
  if (value == Infinity) return f32.POSITIVE_INFINITY
  return <f32>(value - (Math.abs(value) + size) * 1.2e-7 - 1e-37)
}

/** Chooses the form of the scores, and what it may err by. */
export function useForm(narrow: bool): void {
  errorBase = (2.04 * <f64>(columns + 4) + 8.2) * U24 * normMax
  errorNorm = 8.2 * U24
  errorFlat = 0
  if (narrow) {
    formRows = narrowRows
    formPanels = narrowPanels
    formWidth = narrowWidth
    formUnit = narrowUnit
    // eQ grows by 2·(r·C + (N + r)·e), with r and e the largest residuals of rows and centroids.
    errorBase += 2.001 * narrowError
    errorFlat = 2.001 * narrowRowError * (normMax + narrowError)
    // A key has lost its lowest bits, and half a squared norm was rounded to a whole unit.
    if (narrowHalves) errorFlat += 2.001 * <f64>(keyBits + 1) * <f64>narrowUnit
  } else {
    formRows = work
    formPanels = panels
    formWidth = rowBytes
    formUnit = 0
  }
}

/** Four squared norms, of the rows of a round that a list names. */
export function normsOf(list: usize, start: i32): v128 {
  return listed(norms + ((<usize>start) << 2), list)
}

/** How far squared distances may be off, by the rows' norms. */
export function errorsOf(norm: v128, normSq: v128): v128 {
  const reach = f32x4.add(norm, f32x4.splat(<f32>(0.5 * normMax)))
  return f32x4.mul(
    f32x4.add(
      f32x4.mul(reach, f32x4.splat(<f32>(errorBase * (1 + 1e-6)))),
      f32x4.add(f32x4.mul(normSq, f32x4.splat(<f32>errorNorm)), f32x4.splat(<f32>(errorFlat * (1 + 1e-6)))),
    ),
    f32x4.splat(1.00001),
  )
}

/** How far distances may be off because rows and centroids were rounded to float32. */
export function deltasOf(norm: v128): v128 {
  return f32x4.add(
    f32x4.mul(
      f32x4.add(norm, f32x4.splat(<f32>normMax)),
      f32x4.splat(<f32>((1.05 * U24 + definition) * 1.00001)),
    ),
    f32x4.splat(1e-37),
  )
}

/** Bounds on the distances of four scores: lower to `out`, upper 16 bytes on. An empty place is far below +∞, but far. */
export function boundsOf(normSq: v128, lowScore: v128, upScore: v128, out: usize): void {
  const norm = f32x4.sqrt(normSq)
  const error = errorsOf(norm, normSq)
  const delta = deltasOf(norm)
  const two = f32x4.splat(2)
  const zero = f32x4.splat(0)
  const least = f32x4.pmax(zero, f32x4.sub(f32x4.add(normSq, f32x4.mul(two, lowScore)), error))
  v128.store(out, f32x4.sub(f32x4.mul(f32x4.sqrt(least), f32x4.splat(1 - 1e-6)), delta))
  const most = f32x4.pmax(zero, f32x4.add(f32x4.add(normSq, f32x4.mul(two, upScore)), error))
  v128.store(out, f32x4.add(f32x4.mul(f32x4.sqrt(most), f32x4.splat(1 + 1e-6)), delta), 16)
}

/** Four float32 of a table, by byte offsets. */
export function gathered(table: usize, o0: usize, o1: usize, o2: usize, o3: usize): v128 {
  let v = v128.load32_zero(table + o0)
  v = v128.load_lane<f32>(table + o1, v, 1)
  v = v128.load_lane<f32>(table + o2, v, 2)
  return v128.load_lane<f32>(table + o3, v, 3)
}

/** Four float32 of an array, by the numbers of a list. */
export function listed(array: usize, list: usize): v128 {
  return gathered(
    array,
    (<usize>load<i32>(list)) << 2,
    (<usize>load<i32>(list, 4)) << 2,
    (<usize>load<i32>(list, 8)) << 2,
    (<usize>load<i32>(list, 12)) << 2,
  )
}

/** Whether the last of these panels holds nothing in its second half: the kernel is spared that. */
export function endsShort(panel: i32): bool {
  return load<i32>(places + ((<usize>((panel << 3) - 4)) << 2)) < 0
}
