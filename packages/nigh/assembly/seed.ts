// Seeding: k-means++ (Arthur and Vassilvitskii 2007) with several candidates a round, exactly and with few distances.
//
//   D²[i] = squared distance of row i to the nearest row chosen so far, by the definition (exact.ts)
//   try:  for each row i and candidate c:  gain[c] += w[i] · max(0, D²[i] − ‖x[i] − c‖²)
//   take: D²[i] = min(D²[i], ‖x[i] − c‖²) for the candidate with the largest gain; the bucket sums follow
//
// Two tests spare most of the float64 work and never change a result:
//   ¼·‖chosen − c‖² ≥ D²[i]   the candidate cannot be nearer (triangle inequality; Raff 2021, arXiv 2105.02936)
//   float32 distance, less its error bound (assign.ts), ≥ D²[i]
//
// Gains and bucket sums are kept on grids, so neither threads nor the order of rows can change them.

import {
  BUCKETS, BUCKET_COUNT, CANDIDATE_GAPS, CANDIDATE_HALVES, CANDIDATE_INDICES, CANDIDATE_PANEL, CANDIDATE_ROWS,
  CANDIDATES, COLUMNS, DISTANCES_SQ, DOUBLE, FIRST, GAINS, HASHES, NEAREST, NORM_MAX, NORMS_SQ, POINTS, SCALE,
  SCRATCH, SCRATCH_BYTES, SQ_GRID_1, SQ_GRID_2, SQ_GRID_3, STAT_DISTANCES, STAT_EXACT, STATS, TAKEN, TAKEN_AS, WEIGHTS,
  WORK,
} from '../src/kernels/layout'
import { addOnThree, addOnTwo, cell, exactSq } from './exact'
import { address, integer, number } from './record'
import { nearSq, scoresOfPanel } from './tile'

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
    store<u32>(hashes + (<usize>i << 2), h)
  }
}

/** Tries or takes candidates; see the top of the file. */
export function seed(record: usize, from: i32, to: i32, thread: i32): void {
  const columns = integer(record, COLUMNS)
  const points = address(record, POINTS)
  const double = integer(record, DOUBLE) != 0
  const work = address(record, WORK)
  const norms = address(record, NORMS_SQ)
  const weights = address(record, WEIGHTS)
  const sqs = address(record, DISTANCES_SQ)
  const hashes = address(record, HASHES)
  const nearest = address(record, NEAREST)
  const candidates = integer(record, CANDIDATES)
  const panel = address(record, CANDIDATE_PANEL)
  const halves = address(record, CANDIDATE_HALVES)
  const rows = address(record, CANDIDATE_ROWS)
  const gaps = address(record, CANDIDATE_GAPS)
  const gains = address(record, GAINS) + <usize>thread * 256
  const taken = integer(record, TAKEN)
  const takenAs = integer(record, TAKEN_AS)
  const buckets = address(record, BUCKETS) + <usize>thread * (BUCKET_COUNT << 4)
  const first = integer(record, FIRST) != 0
  const normMax = number(record, NORM_MAX)
  const scale = number(record, SCALE)
  const scaleSq = scale * scale
  const big1 = number(record, SQ_GRID_1)
  const big2 = number(record, SQ_GRID_2)
  const big3 = number(record, SQ_GRID_3)
  const scratch = address(record, SCRATCH) + <usize>thread * <usize>integer(record, SCRATCH_BYTES)
  const stats = address(record, STATS) + (<usize>thread << 6)
  const rowBytes = <usize>columns << 2
  const stride = <usize>columns << 3
  const definition = <f64>(columns + 4) * 2.3e-16
  const dotError = <f64>(columns + 4) * U24 * 1.02
  const nearError = <f64>(columns + 8) * U24 * 1.02 + definition
  const mask = taken < 0 ? (1 << candidates) - 1 : 1 << taken
  const takenRow = taken < 0 ? work : work + <usize>load<i32>(address(record, CANDIDATE_INDICES) + (<usize>taken << 2)) * rowBytes
  const list = scratch // i32 row, i32 mask: 4 entries
  const scores = scratch + 64
  let listed = 0
  let computed: f64 = 0
  let decided: f64 = 0

  for (let i = from; i <= to; i++) {
    if (i < to) {
      const at = <usize>i << 3
      let weight: f64 = 1
      if (weights) {
        weight = load<f64>(weights + at)
        if (weight == 0) {
          if (first) {
            store<f64>(sqs + at, 0)
            store<u32>(nearest + (at >> 1), 0)
          }
          continue
        }
      }
      if (first) {
        const sq = exactSq(points, double, i, columns, rows + <usize>taken * stride)
        computed += 1
        store<f64>(sqs + at, sq)
        store<u32>(nearest + (at >> 1), takenAs)
        const whole = Math.floor(weight)
        addOnTwo(
          buckets + (<usize>(load<u32>(hashes + (at >> 1)) >> 20) << 4), sq, whole, weight - whole, big1, big2,
        )
        continue
      }
      const old = load<f64>(sqs + at)
      if (old == 0) continue
      // The float32 above D²: a gap below it may still hide a nearer candidate.
      const reach = f32x4.splat(<f32>(old * scaleSq * (1 + 1.2e-7) + 1e-37))
      const gap = gaps + (<usize>load<u32>(nearest + (at >> 1)) << 5)
      const open =
        (i32x4.bitmask(f32x4.lt(v128.load(gap), reach)) | (i32x4.bitmask(f32x4.lt(v128.load(gap, 16), reach)) << 4)) & mask
      if (open == 0) continue
      if (taken >= 0) {
        const norm = Math.sqrt(<f64>load<f32>(norms + (at >> 1)))
        const root = Math.sqrt(<f64>nearSq(work + <usize>i * rowBytes, takenRow, columns))
        computed += 1
        const low = root * (1 - nearError) - 2.04 * U24 * (norm + normMax)
        if (low > 0 && low * low > old * scaleSq) continue
        const sq = exactSq(points, double, i, columns, rows + <usize>taken * stride)
        decided += 1
        if (sq < old) {
          const whole = Math.floor(weight)
          const bucket = buckets + (<usize>(load<u32>(hashes + (at >> 1)) >> 20) << 4)
          addOnTwo(bucket, old, -whole, whole - weight, big1, big2)
          addOnTwo(bucket, sq, whole, weight - whole, big1, big2)
          store<f64>(sqs + at, sq)
          store<u32>(nearest + (at >> 1), takenAs)
        }
        continue
      }
      store<i32>(list + (<usize>listed << 3), i)
      store<i32>(list + (<usize>listed << 3), open, 4)
      listed++
      if (listed < 4) continue
    }
    if (listed == 0) continue
    const last = load<i32>(list + (<usize>(listed - 1) << 3))
    for (let pad = listed; pad < 4; pad++) store<i32>(list + (<usize>pad << 3), last)
    scoresOfPanel(
      work + <usize>load<i32>(list) * rowBytes,
      work + <usize>load<i32>(list, 8) * rowBytes,
      work + <usize>load<i32>(list, 16) * rowBytes,
      work + <usize>load<i32>(list, 24) * rowBytes,
      columns, panel, halves, scores,
    )
    computed += <f64>(listed << 3)
    for (let r = 0; r < listed; r++) {
      const row = <usize>load<i32>(list + (<usize>r << 3))
      let open = load<i32>(list + (<usize>r << 3), 4)
      const old = load<f64>(sqs + (row << 3))
      const normSq = <f64>load<f32>(norms + (row << 2))
      const norm = Math.sqrt(normSq)
      const errorSq = 2 * dotError * normMax * (norm + normMax * 0.5) + 2.1 * U24 * normSq + 1e-37
      const delta = 1.02 * U24 * (norm + normMax) + definition * (norm + normMax) + 1e-37
      // A candidate stays out when sqrt(‖x‖² + 2·score − eQ) − δ ≥ D.
      const root = Math.sqrt(old) * scale * (1 + 1e-9) + delta
      const limit = <f32>((root * root - normSq + errorSq) * 0.5)
      const bound = f32x4.splat(limit + abs<f32>(limit) * 1.2e-7)
      const at = scores + (<usize>r << 5)
      open &= i32x4.bitmask(f32x4.le(v128.load(at), bound)) | (i32x4.bitmask(f32x4.le(v128.load(at, 16), bound)) << 4)
      while (open != 0) {
        const c = ctz(open)
        open &= open - 1
        const sq = exactSq(points, double, row, columns, rows + <usize>c * stride)
        decided += 1
        if (sq < old) {
          let weight: f64 = 1
          if (weights) weight = load<f64>(weights + (row << 3))
          const whole = Math.floor(weight)
          addOnThree(gains + (<usize>c << 5), old - sq, whole, weight - whole, big1, big2, big3)
        }
      }
    }
    listed = 0
  }
  store<f64>(stats + (STAT_DISTANCES << 3), load<f64>(stats + (STAT_DISTANCES << 3)) + computed)
  store<f64>(stats + (STAT_EXACT << 3), load<f64>(stats + (STAT_EXACT << 3)) + decided)
}
