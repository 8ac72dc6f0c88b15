// The cells of a flat search: pivots from a sample of the rows, whether they would pay, and each row's nearest.
//
// Idea. Pivots are seeded by D² sampling (k-means++) on a sample of packed rows, then moved to the means of their members
// in it, rounded to whole numbers: so they are vectors in int16 like the rows, and distances between them are exact.
// From the sample alone it can be told what cells would save: for some of its rows, the share of the others that lie
// in cells within reach of their tenth nearest. Where most do (uniform numbers), the rows stay in their own order.
//
//   choose: sample → packed; D² sampling; means; radii; share within reach
//   cells:  each 4 rows: packed; scores with 8 pivots at a time; the smallest → cell and distance
//
// All choices decide how long a search takes, never what it finds; they are whole-number arithmetic and the same
// everywhere.
//
// Source: Arthur and Vassilvitskii 2007 (D² sampling); the use of cells is in flat-cells.ts.

import {
  CELL_SHARE,
  CELL_WORK,
  CELLS,
  COLUMNS,
  NO_CELL,
  NO_HALF,
  PIVOT_HALVES,
  PIVOTS,
  QUERY_CELLS,
  QUERY_NEAREST,
  ROW_CELLS,
  ROW_REACHES,
  SAMPLE_COUNT,
  SAMPLE_ROWS,
  SCRATCH,
  SCRATCH_BYTES,
} from '../src/kernels/near-layout'
import { storeScores } from './flat-scan'
import { packRow, placeOrigin, strideOf, widthOf } from './flat-pack'
import { address, integer } from './record'

/** Rows of the sample that stand in for queries, and the neighbour whose distance stands in for what they look for. */
const PROBES: i32 = 32
const PROBE_RANK: i32 = 10

/** Chooses pivots among the sample, and finds what share of the rows cells would leave to look at. One item. */
export function flatPivots(record: usize, from: i32, to: i32, thread: i32): void {
  const columns = integer(record, COLUMNS)
  const stride = strideOf(columns)
  const count = integer(record, SAMPLE_COUNT)
  const most = integer(record, CELLS)
  const scratch = address(record, SCRATCH) + <usize>thread * <usize>integer(record, SCRATCH_BYTES)
  placeOrigin(record, scratch)
  const rows = address(record, CELL_WORK)
  const pivots = rows + <usize>count * stride
  const norms = pivots + <usize>most * stride // f64
  const pivotNorms = norms + ((<usize>count) << 3) // f64
  const nearest = pivotNorms + ((<usize>most) << 3) // f64: squared distances
  const radii = nearest + ((<usize>count) << 3) // f64
  const cells = radii + ((<usize>most) << 3) // i32
  const sizes = cells + ((<usize>count) << 2) // i32
  const sums = (sizes + ((<usize>most) << 2) + 15) & ~15 // i32, columns

  // The sample; a row out of range stands aside.
  let packed = 0
  const half = scratch + (<usize>integer(record, SCRATCH_BYTES) - 16)
  for (let s = 0; s < count; s++) {
    const row = load<i32>(address(record, SAMPLE_ROWS) + ((<usize>s) << 2))
    const at = rows + <usize>packed * stride
    packRow(record, row, scratch, at, half)
    if (load<i32>(half) == NO_HALF) continue
    store<f64>(norms + ((<usize>packed) << 3), dot(at, at, stride))
    store<f64>(nearest + ((<usize>packed) << 3), Infinity)
    packed++
  }

  // D² sampling.
  let made = 0
  let state: u32 = 0x9e3779b9
  let chosen = 0
  while (made < most && packed > 0) {
    const pivot = pivots + <usize>made * stride
    memory.copy(pivot, rows + <usize>chosen * stride, stride)
    const norm = load<f64>(norms + ((<usize>chosen) << 3))
    let total: f64 = 0
    for (let s = 0; s < packed; s++) {
      const at = nearest + ((<usize>s) << 3)
      const product = dot(rows + <usize>s * stride, pivot, stride)
      const sq = load<f64>(norms + ((<usize>s) << 3)) + norm - 2 * product
      if (sq < load<f64>(at)) {
        store<f64>(at, sq)
        store<i32>(cells + ((<usize>s) << 2), made)
      }
      total += load<f64>(at)
    }
    made++
    if (total == 0) break
    state ^= state << 13
    state ^= state >> 17
    state ^= state << 5
    let left = total * (<f64>state / 4294967296)
    chosen = packed - 1
    for (let s = 0; s < packed; s++) {
      left -= load<f64>(nearest + ((<usize>s) << 3))
      if (left < 0) {
        chosen = s
        break
      }
    }
  }

  // Means, rounded.
  for (let c = 0; c < made; c++) {
    let size = 0
    memory.fill(sums, 0, (<usize>columns) << 2)
    for (let s = 0; s < packed; s++) {
      if (load<i32>(cells + ((<usize>s) << 2)) != c) continue
      size++
      const row = rows + <usize>s * stride
      for (let j: usize = 0; j < <usize>columns; j++) {
        store<i32>(sums + (j << 2), load<i32>(sums + (j << 2)) + <i32>load<i16>(row + (j << 1)))
      }
    }
    const pivot = pivots + <usize>c * stride
    for (let j: usize = 0; j < <usize>columns && size > 0; j++) {
      const mean = Math.floor(<f64>load<i32>(sums + (j << 2)) / <f64>size + 0.5)
      store<i16>(pivot + (j << 1), <i16>(<i32>mean))
    }
    store<f64>(pivotNorms + ((<usize>c) << 3), dot(pivot, pivot, stride))
    store<f64>(radii + ((<usize>c) << 3), 0)
    store<i32>(sizes + ((<usize>c) << 2), 0)
  }
  // The cells' sizes and radii.
  for (let s = 0; s < packed; s++) {
    const cell = <usize>load<i32>(cells + ((<usize>s) << 2))
    const product = dot(rows + <usize>s * stride, pivots + cell * stride, stride)
    const sq = load<f64>(norms + ((<usize>s) << 3)) + load<f64>(pivotNorms + (cell << 3)) - 2 * product
    const radius = radii + (cell << 3)
    store<f64>(radius, max(load<f64>(radius), Math.sqrt(sq)))
    store<i32>(sizes + (cell << 2), load<i32>(sizes + (cell << 2)) + 1)
  }

  // What share of the rows the probes would have to look at.
  let looked: f64 = 0
  const probes = min(PROBES, packed)
  // Too few to have that many neighbours: no cells.
  if (packed <= PROBE_RANK) looked = Infinity
  for (let probe = 0; probe < probes; probe++) {
    const row = rows + <usize>probe * stride
    const norm = load<f64>(norms + ((<usize>probe) << 3))
    // The ten smallest, sorted, where the squared distances to pivots were.
    for (let r = 0; r < PROBE_RANK; r++) store<f64>(nearest + ((<usize>r) << 3), Infinity)
    for (let s = 0; s < packed; s++) {
      if (s == probe) continue
      const sq = norm + load<f64>(norms + ((<usize>s) << 3)) - 2 * dot(row, rows + <usize>s * stride, stride)
      let at = PROBE_RANK - 1
      if (sq >= load<f64>(nearest + ((<usize>at) << 3))) continue
      while (at > 0 && load<f64>(nearest + ((<usize>(at - 1)) << 3)) > sq) {
        store<f64>(nearest + ((<usize>at) << 3), load<f64>(nearest + ((<usize>(at - 1)) << 3)))
        at--
      }
      store<f64>(nearest + ((<usize>at) << 3), sq)
    }
    const reach = Math.sqrt(load<f64>(nearest + ((<usize>(PROBE_RANK - 1)) << 3)))
    for (let c = 0; c < made; c++) {
      const product = dot(row, pivots + <usize>c * stride, stride)
      const sq = norm + load<f64>(pivotNorms + ((<usize>c) << 3)) - 2 * product
      if (Math.sqrt(max(0, sq)) - load<f64>(radii + ((<usize>c) << 3)) <= reach) {
        looked += <f64>load<i32>(sizes + ((<usize>c) << 2))
      }
    }
  }
  store<f64>(record + ((<usize>CELLS) << 3), <f64>made)
  store<f64>(record + ((<usize>CELL_SHARE) << 3), looked / max(1, <f64>probes * <f64>packed))

  // Panels of 8 pivots; places without one are zero and out of the question.
  const width = widthOf(columns)
  for (let c = 0; c < ((made + 7) & ~7); c++) {
    const target = address(record, PIVOTS) + <usize>(c >> 3) * (width << 3) + ((<usize>(c & 7)) << 2)
    const pivot = pivots + <usize>c * stride
    for (let at: usize = 0; at < width; at += 4) {
      store<i32>(target + (at << 3), c < made ? load<i32>(pivot + at) : 0)
    }
    const norm = c < made ? <i32>load<f64>(pivotNorms + ((<usize>c) << 3)) : 0
    store<i32>(address(record, PIVOT_HALVES) + ((<usize>c) << 2), c < made ? norm >> 1 : NO_HALF)
  }
}

/** The product of two packed rows. */
function dot(a: usize, b: usize, stride: usize): f64 {
  let sum = i32x4.splat(0)
  for (let at: usize = 0; at < stride; at += 16) {
    sum = i32x4.add(sum, i32x4.dot_i16x8_s(v128.load(a + at), v128.load(b + at)))
  }
  // In int32 as a whole, by Cauchy–Schwarz; parts of it may wrap.
  return <f64>(
    (i32x4.extract_lane(sum, 0) +
      i32x4.extract_lane(sum, 1) +
      i32x4.extract_lane(sum, 2) +
      i32x4.extract_lane(sum, 3))
  )
}

/** Finds each row's nearest pivot, and how far it is. */
export function flatCells(record: usize, from: i32, to: i32, thread: i32): void {
  const columns = integer(record, COLUMNS)
  const width = widthOf(columns)
  const stride = strideOf(columns)
  const panels = (integer(record, CELLS) + 7) >> 3
  const scratch = address(record, SCRATCH) + <usize>thread * <usize>integer(record, SCRATCH_BYTES)
  // Scratch: the origin in float32, 4 packed rows, the same column pair by column pair.
  const words = placeOrigin(record, scratch)
  const group = words + 4 * stride
  // At its end: scores of the four with a panel, the smallest so far and their places, half norms.
  const scores = scratch + (<usize>integer(record, SCRATCH_BYTES) - 272)
  const bests = scores + 128
  const half = bests + 128
  for (let i = from; i < to; i += 4) {
    const here = min(4, to - i)
    for (let r = 0; r < here; r++) {
      const row = words + <usize>r * stride
      packRow(record, i + r, scratch, row, half + ((<usize>r) << 2))
      for (let at: usize = 0; at < width; at += 4) {
        store<i32>(group + (at << 2) + ((<usize>r) << 2), load<i32>(row + at))
      }
      v128.store(bests + ((<usize>r) << 5), i32x4.splat(NO_HALF))
    }
    let panel = address(record, PIVOTS)
    let halves = address(record, PIVOT_HALVES)
    for (let p = 0; p < panels; p++) {
      storeScores(group, panel, width, halves, scores)
      panel += width << 3
      halves += 32
      // The smaller of the two halves of the panel, lane by lane, with its place: 8·p + lane, or 4 more.
      const low = i32x4.add(i32x4.splat(p << 3), i32x4(0, 1, 2, 3))
      const high = i32x4.add(low, i32x4.splat(4))
      for (let r = 0; r < here; r++) {
        const a = v128.load(scores + ((<usize>r) << 5))
        const b = v128.load(scores + ((<usize>r) << 5), 16)
        const best = bests + ((<usize>r) << 5)
        const least = i32x4.min_s(a, b)
        const better = i32x4.lt_s(least, v128.load(best))
        const place = v128.bitselect(high, low, i32x4.lt_s(b, a))
        v128.store(best, v128.bitselect(place, v128.load(best, 16), better), 16)
        v128.store(best, v128.bitselect(least, v128.load(best), better))
      }
    }
    for (let r = 0; r < here; r++) {
      keepCell(
        record,
        i + r,
        half + ((<usize>r) << 2),
        words + <usize>r * stride,
        stride,
        bests + ((<usize>r) << 5),
      )
    }
  }
}

/** Keeps the smallest of four scores as a row's cell, a tie to the smaller place, and its distance. */
function keepCell(record: usize, i: i32, half: usize, row: usize, stride: usize, best: usize): void {
  const out = (<usize>i) << 2
  if (load<i32>(half) == NO_HALF) {
    store<i32>(address(record, ROW_CELLS) + out, NO_CELL)
    return
  }
  let score = load<i32>(best)
  let place = load<i32>(best, 16)
  for (let lane: usize = 4; lane < 16; lane += 4) {
    const other = load<i32>(best + lane)
    const otherPlace = load<i32>(best + lane, 16)
    if (other < score || (other == score && otherPlace < place)) {
      score = other
      place = otherPlace
    }
  }
  const sq = dot(row, row, stride) + 2 * <f64>score
  store<i32>(address(record, ROW_CELLS) + out, place)
  store<f32>(address(record, ROW_REACHES) + out, <f32>Math.sqrt(max(0, sq)))
}

/** A packed query's distances to all pivots, and the nearest of them. */
export function toPivots(record: usize, i: i32, query: usize, normSq: f64): void {
  const cells = integer(record, CELLS)
  const panels = (cells + 7) >> 3
  const width = widthOf(integer(record, COLUMNS))
  let pair = address(record, PIVOTS)
  let halves = address(record, PIVOT_HALVES)
  const start = address(record, QUERY_CELLS) + ((<usize>i * <usize>(panels << 3)) << 2)
  let out = start
  const norms = f64x2.splat(normSq)
  const none = f64x2.splat(0)
  for (let p = 0; p < panels; p++) {
    let a = i32x4.splat(0)
    let b = a
    for (let at: usize = 0; at < width; at += 4) {
      const x = v128.load32_splat(query + at)
      a = i32x4.add(a, i32x4.dot_i16x8_s(x, v128.load(pair)))
      b = i32x4.add(b, i32x4.dot_i16x8_s(x, v128.load(pair, 16)))
      pair += 32
    }
    a = i32x4.sub(v128.load(halves), a)
    b = i32x4.sub(v128.load(halves, 16), b)
    halves += 32
    for (let side = 0; side < 2; side++) {
      const score = side == 0 ? a : b
      const low = f64x2.convert_low_i32x4_s(score)
      const high = f64x2.convert_low_i32x4_s(v128.shuffle<i64>(score, score, 1, 1))
      const lows = f32x4.demote_f64x2_zero(f64x2.sqrt(f64x2.max(none, f64x2.add(norms, f64x2.add(low, low)))))
      const highs = f32x4.demote_f64x2_zero(
        f64x2.sqrt(f64x2.max(none, f64x2.add(norms, f64x2.add(high, high)))),
      )
      v128.store(out, v128.shuffle<i64>(lows, highs, 0, 2))
      out += 16
    }
  }
  let nearest = 0
  for (let cell = 1; cell < cells; cell++) {
    if (load<f32>(start + ((<usize>cell) << 2)) < load<f32>(start + ((<usize>nearest) << 2))) nearest = cell
  }
  store<i32>(address(record, QUERY_NEAREST) + ((<usize>i) << 2), nearest)
}
