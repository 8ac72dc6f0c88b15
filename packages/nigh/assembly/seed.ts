// Seeding: k-means++ (Arthur and Vassilvitskii 2007) with several candidates a round, exactly and with few distances.
//
//   D²[i] = squared distance of row i to the nearest row chosen so far, by the definition (exact.ts)
//   try:  for each row i and candidate c:  gain[c] += w[i] · max(0, D²[i] − ‖x[i] − c‖²), and remember who gained
//   take: D²[i] = min(D²[i], ‖x[i] − c‖²) where row i gained from the candidate taken; the bucket sums follow
//
// Two tests spare nearly all of the float64 work and never change a result:
//   ¼·‖chosen − c‖² ≥ D²[i]   the candidate cannot be nearer (triangle inequality; Raff 2021, arXiv 2105.02936)
//   score > limit[i]          by the fast score, less its error bound (assign.ts), the candidate is not nearer
//
// The limit follows from D² alone, so it is kept with it: limit = ((D + δ)² − ‖x‖² + eQ) / 2.
// Gains and bucket sums are kept on grids, so neither threads nor the order of rows can change them.

import {
  BUCKETS,
  BUCKET_SHIFT,
  CANDIDATE_GAPS,
  CANDIDATE_HALVES,
  CANDIDATE_NARROW,
  CANDIDATE_PANEL,
  CANDIDATE_ROWS,
  CANDIDATES,
  COLUMNS,
  DISTANCES_SQ,
  DOUBLE,
  FIRST,
  GAINED,
  GAINS,
  HASHES,
  LIMITS,
  NARROW,
  NARROW_ROW_ERROR,
  NARROW_UNIT,
  NEAREST,
  NORM_MAX,
  NORMS_SQ,
  POINTS,
  SCALE,
  SCRATCH,
  SCRATCH_BYTES,
  SQ_GRID_1,
  SQ_GRID_2,
  SQ_GRID_3,
  STAT_DISTANCES,
  STAT_EXACT,
  STATS,
  TAKEN,
  TAKEN_AS,
  WEIGHTS,
  WORK,
} from '../src/kernels/layout'
import { addOnThree, addOnTwo, cell, exactSq } from './exact'
import { address, integer, number } from './record'
import { scoresOfPanel } from './tile'

const U24: f64 = 5.9604644775390625e-8

/** Scrambles 32 bits into a hash (the step of MurmurHash3, A. Appleby, public domain). */
function stir(hash: u32, word: u32): u32 {
  word *= 0xcc9e2d51
  word = rotl<u32>(word, 15)
  word *= 0x1b873593
  hash ^= word
  hash = rotl<u32>(hash, 13)
  return hash * 5 + 0xe6546b64
}

/** Hashes each row's content, as float64: equal rows hash alike whatever their type, and −0 is 0. */
export function hash(record: usize, from: i32, to: i32, thread: i32): void {
  const columns = integer(record, COLUMNS)
  const points = address(record, POINTS)
  const double = integer(record, DOUBLE) != 0
  const hashes = address(record, HASHES)
  for (let i = from; i < to; i++) {
    const start = <usize>i * <usize>columns
    let h: u32 = 0
    for (let j = 0; j < columns; j++) {
      const bits = reinterpret<u64>(cell(points, double, start + <usize>j) + 0.0)
      h = stir(h, <u32>bits)
      h = stir(h, <u32>(bits >> 32))
    }
    h ^= h >> 16
    h *= 0x85ebca6b
    h ^= h >> 13
    h *= 0xc2b2ae35
    h ^= h >> 16
    store<u32>(hashes + ((<usize>i) << 2), h)
  }
}

let columns: i32 = 0
let points: usize = 0
let double: bool = false
let weights: usize = 0
let sqs: usize = 0
let limits: usize = 0
let norms: usize = 0
let scale: f64 = 1
let normMax: f64 = 0
let errorBase: f64 = 0
let errorNorm: f64 = 0
let errorFlat: f64 = 0
let definition: f64 = 0
let big1: f64 = 0
let big2: f64 = 0
let big3: f64 = 0

/** Sets a row's squared distance to the nearest row chosen, and the limit that follows from it. */
function setDistance(row: usize, sq: f64): void {
  store<f64>(sqs + (row << 3), sq)
  const normSq = <f64>load<f32>(norms + (row << 2))
  const norm = Math.sqrt(normSq)
  const errorSq = errorBase * (norm + 0.5 * normMax) + errorNorm * normSq + errorFlat
  const delta = (1.05 * U24 + definition) * (norm + normMax) + 1e-37
  const root = (Math.sqrt(sq) * scale + delta) * (1 + 1e-6)
  const limit = (root * root - normSq + errorSq) * 0.5
  store<f32>(
    limits + (row << 2),
    sq == 0 ? f32.NEGATIVE_INFINITY : <f32>(limit + Math.abs(limit) * 1.2e-7 + 1e-37),
  )
}

/** Tries or takes candidates; see the top of the file. */
export function seed(record: usize, from: i32, to: i32, thread: i32): void {
  columns = integer(record, COLUMNS)
  points = address(record, POINTS)
  double = integer(record, DOUBLE) != 0
  weights = address(record, WEIGHTS)
  sqs = address(record, DISTANCES_SQ)
  limits = address(record, LIMITS)
  norms = address(record, NORMS_SQ)
  scale = number(record, SCALE)
  normMax = number(record, NORM_MAX)
  big1 = number(record, SQ_GRID_1)
  big2 = number(record, SQ_GRID_2)
  big3 = number(record, SQ_GRID_3)
  definition = <f64>(columns + 4) * 2.3e-16
  errorBase = (2.04 * <f64>(columns + 4) + 8.2) * U24 * normMax
  errorNorm = 8.2 * U24
  errorFlat = 0
  if (address(record, NARROW)) {
    // Row and candidate are both rows, each off by at most the largest residual (assign.ts, narrow).
    const residual = number(record, NARROW_ROW_ERROR)
    errorBase += 2.001 * residual
    errorFlat = 2.001 * residual * (normMax + residual)
  }
  const stats = address(record, STATS) + ((<usize>thread) << 6)
  if (integer(record, TAKEN) < 0) tryCandidates(record, from, to, thread, stats)
  else takeCandidate(record, from, to, thread, stats)
}

/** Takes a candidate: rows that gained from it get their new distance, and the bucket sums follow. */
function takeCandidate(record: usize, from: i32, to: i32, thread: i32, stats: usize): void {
  const first = integer(record, FIRST) != 0
  const nearest = address(record, NEAREST)
  const gained = address(record, GAINED)
  const hashes = address(record, HASHES)
  const taken = integer(record, TAKEN)
  const takenAs = integer(record, TAKEN_AS)
  const row = address(record, CANDIDATE_ROWS) + <usize>taken * ((<usize>columns) << 3)
  const shift = <u32>integer(record, BUCKET_SHIFT)
  const buckets = address(record, BUCKETS) + (((<usize>thread) << (32 - shift)) << 4)
  const bit = 1 << taken
  let decided: f64 = 0
  for (let i = from; i < to; i++) {
    const at = (<usize>i) << 3
    if (!first && (load<u8>(gained + <usize>i) & bit) == 0) continue
    let weight: f64 = 1
    if (weights) {
      weight = load<f64>(weights + at)
      if (weight == 0) {
        setDistance(i, 0) // absent: nothing is gained here
        store<u32>(nearest + (at >> 1), 0)
        continue
      }
    }
    const sq = exactSq(points, double, i, columns, row)
    decided += 1
    const whole = Math.floor(weight)
    const bucket = buckets + ((<usize>(load<u32>(hashes + (at >> 1)) >> shift)) << 4)
    if (!first) addOnTwo(bucket, load<f64>(sqs + at), -whole, whole - weight, big1, big2)
    addOnTwo(bucket, sq, whole, weight - whole, big1, big2)
    setDistance(i, sq)
    store<u32>(nearest + (at >> 1), takenAs)
  }
  store<f64>(stats + (STAT_EXACT << 3), load<f64>(stats + (STAT_EXACT << 3)) + decided)
}

/** Tries up to eight candidates: what each would gain, and which rows gain from which. */
function tryCandidates(record: usize, from: i32, to: i32, thread: i32, stats: usize): void {
  const gaps = address(record, CANDIDATE_GAPS)
  const nearest = address(record, NEAREST)
  const gained = address(record, GAINED)
  const rows = address(record, CANDIDATE_ROWS)
  const halves = address(record, CANDIDATE_HALVES)
  const gains = address(record, GAINS) + <usize>thread * 256
  const mask = (1 << integer(record, CANDIDATES)) - 1
  const stride = (<usize>columns) << 3
  const scaleSq = scale * scale
  let copy = address(record, NARROW)
  let panel = address(record, CANDIDATE_NARROW)
  let width = (<usize>((columns + 1) & ~1)) << 1
  let unit = <f32>number(record, NARROW_UNIT)
  if (!copy) {
    copy = address(record, WORK)
    panel = address(record, CANDIDATE_PANEL)
    width = (<usize>columns) << 2
    unit = 0
  }
  const scores = address(record, SCRATCH) + <usize>thread * <usize>integer(record, SCRATCH_BYTES)
  let computed: f64 = 0
  let decided: f64 = 0
  for (let i = from; i < to; i += 4) {
    const filled = min(4, to - i)
    // Which candidates may be nearer to which of the four rows?
    let open = 0
    for (let r = 0; r < filled; r++) {
      const row = <usize>(i + r)
      let may = mask
      if (gaps) {
        const reach = f32x4.splat(<f32>(load<f64>(sqs + (row << 3)) * scaleSq * (1 + 1.2e-7) + 1e-37))
        const gap = gaps + ((<usize>load<u32>(nearest + (row << 2))) << 5)
        may &=
          i32x4.bitmask(f32x4.lt(v128.load(gap), reach)) |
          (i32x4.bitmask(f32x4.lt(v128.load(gap, 16), reach)) << 4)
      }
      open |= may << (r << 3)
    }
    if (open != 0) {
      const last = i + filled - 1
      scoresOfPanel(
        copy + <usize>i * width,
        copy + <usize>min(i + 1, last) * width,
        copy + <usize>min(i + 2, last) * width,
        copy + <usize>min(i + 3, last) * width,
        width,
        panel,
        halves,
        unit,
        scores,
      )
      computed += 8 * filled
      let near = 0
      for (let r = 0; r < filled; r++) {
        const limit = v128.load32_splat(limits + ((<usize>(i + r)) << 2))
        const at = scores + ((<usize>r) << 5)
        const within =
          i32x4.bitmask(f32x4.le(v128.load(at), limit)) |
          (i32x4.bitmask(f32x4.le(v128.load(at, 16), limit)) << 4)
        near |= within << (r << 3)
      }
      open &= near
    }
    for (let r = 0; r < filled; r++) {
      const row = <usize>(i + r)
      let may = (open >> (r << 3)) & 255
      let gain = 0
      if (may) {
        const old = load<f64>(sqs + (row << 3))
        let weight: f64 = 1
        if (weights) weight = load<f64>(weights + (row << 3))
        const whole = Math.floor(weight)
        while (may) {
          const c = ctz(may)
          may &= may - 1
          const sq = exactSq(points, double, row, columns, rows + <usize>c * stride)
          decided += 1
          if (sq < old) {
            gain |= 1 << c
            addOnThree(gains + ((<usize>c) << 5), old - sq, whole, weight - whole, big1, big2, big3)
          }
        }
      }
      store<u8>(gained + row, <u8>gain)
    }
  }
  store<f64>(stats + (STAT_DISTANCES << 3), load<f64>(stats + (STAT_DISTANCES << 3)) + computed)
  store<f64>(stats + (STAT_EXACT << 3), load<f64>(stats + (STAT_EXACT << 3)) + decided)
}
