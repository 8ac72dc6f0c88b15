import type { Grids } from '../kmeans/grids.ts'
import {
  BUCKET_SHIFT,
  CANDIDATES,
  CANDIDATE_GAPS,
  CANDIDATE_ROWS,
  DECIDE,
  DISTANCES_SQ,
  FIRST,
  FLOORS,
  GAINED,
  HASHES,
  NEAREST,
  NORMS_SQ,
  ROUND,
  SCALE,
  SQ_GRID_1,
  SQ_GRID_2,
  TAKEN,
  TAKEN_AS,
} from '../kernels/layout.ts'
import { addOnTwo, hashRow } from '../kernels/scalar.ts'
import {
  addBuckets,
  boundsOf,
  bucketAt,
  bucketBits,
  clearGains,
  gainsOf,
  makeCandidateSpace,
  packCandidates,
  runningSums,
  setNormMax,
} from './candidates.ts'
import { compareRows, type FitRecord } from './fit-record.ts'
import type { WorkingCopy } from './working-copy.ts'

/**
 * The passes of seeding: canonical draws, and candidates tried and taken (assembly/seed.ts).
 */
export class LocalSeeding {
  readonly #record: FitRecord
  readonly #copy: WorkingCopy
  readonly #placesMost: number
  #seeding: Seeding | null = null
  #gapsAddress = 0
  #grids: Grids | null = null

  constructor(record: FitRecord, copy: WorkingCopy, placesMost: number) {
    this.#record = record
    this.#copy = copy
    this.#placesMost = placesMost
  }

  /** @param sqs address of one squared distance a row */
  start(grids: Grids, sqs: number): void {
    this.#grids = grids
    const { memory } = this.#record.runner
    const { rows, k } = this.#record.rows
    this.#record.setSqGrids(grids.spanSq * (1 + 1e-9), grids.bits)
    this.#copy.makeNarrow(k, this.#placesMost)
    if (this.#seeding === null) {
      this.#record.space(HASHES, rows * 4)
      this.#record.pass('hash')
      this.#record.space(NEAREST, rows * 4)
      makeCandidateSpace(this.#record, bucketBits(rows))
      this.#record.space(FLOORS, rows * 4)
      this.#record.set(BUCKET_SHIFT, 32 - bucketBits(rows))
      this.#gapsAddress = memory.allocate(k * 4)
      this.#seeding = new Seeding(memory.u32(this.#record.get(HASHES), rows), bucketBits(rows))
    }
    this.#record.set(DISTANCES_SQ, sqs)
    addBuckets(this.#record, this.#seeding.totals) // what was left there; the totals begin anew
    this.#seeding.restart()
    // Norms of all rows bound the error of any candidate: a candidate is a row.
    const norms = memory.f32(this.#record.get(NORMS_SQ), rows)
    let largest = 0
    for (let i = 0; i < rows; i++) if (norms[i] > largest) largest = norms[i]
    setNormMax(this.#record, Math.sqrt(largest) * (1 + 1e-6))
  }

  #seedingState(): Seeding {
    if (this.#seeding === null) throw new Error('startSeeding comes first: this is a defect of nigh')
    return this.#seeding
  }

  draw(by: 'weight' | 'distance', at: number, taken: readonly Float64Array[]): Float64Array | null {
    const seeding = this.#seedingState()
    const grids = this.#grids
    if (grids === null) throw new Error('start comes first: this is a defect of nigh')
    const { memory } = this.#record.runner
    const { rows, weights } = this.#record.rows
    const weight = weights === 0 ? null : memory.f64(weights, rows)
    const value = this.#drawValue(by, grids)
    if (by === 'weight') {
      this.#weightBuckets(seeding, weight, value)
      for (let t = seeding.excluded; t < taken.length; t++) this.#exclude(seeding, taken[t], weight, value)
      seeding.excluded = taken.length
    }
    const place = bucketAt(seeding.endsOf(by), at)
    if (place === null) return null
    const { bucket, past, target } = place
    let { a, b } = place
    const members = this.#canonical(seeding, bucket)
    let chosen = -1
    for (const i of members) {
      if (seeding.isExcluded(i, by)) continue
      const w = weight === null ? 1 : weight[i]
      if (w === 0) continue
      const sum = new Float64Array(2)
      value(i, w, sum)
      if (sum[0] === 0 && sum[1] === 0) continue
      a += sum[0]
      b += sum[1]
      chosen = i
      if (!past && a + b > target) break
    }
    // Adding 0 makes −0 a 0: which of two equal rows stands first must not show.
    return chosen < 0 ? null : this.#record.row(chosen).map((x) => x + 0)
  }

  /** What a row weighs in a draw, on two grids. */
  #drawValue(
    by: 'weight' | 'distance',
    grids: Grids,
  ): (row: number, weight: number, sum: Float64Array) => void {
    if (by === 'weight') {
      return (_, weight, sum) => addOnTwo(sum, 0, weight, 1, 0, grids.weightCoarse, grids.weightFine)
    }
    const sqs = this.#record.runner.memory.f64(this.#record.get(DISTANCES_SQ), this.#record.rows.rows)
    const coarse = this.#record.get(SQ_GRID_1)
    const fine = this.#record.get(SQ_GRID_2)
    return (row, weight, sum) => {
      const whole = Math.floor(weight)
      addOnTwo(sum, 0, sqs[row], whole, weight - whole, coarse, fine)
    }
  }

  #weightBuckets(
    seeding: Seeding,
    weight: Float64Array<ArrayBufferLike> | null,
    value: (row: number, weight: number, sum: Float64Array) => void,
  ): void {
    if (seeding.weights !== null) return
    const buckets = new Float64Array(seeding.totals.length)
    const sum = new Float64Array(2)
    if (weight === null) {
      // Sums on grids are exact, so a bucket of m rows holds m times what one row adds.
      value(0, 1, sum)
      for (let b = 0; b < buckets.length / 2; b++) {
        const size = seeding.members(b).length
        buckets[2 * b] = size * sum[0]
        buckets[2 * b + 1] = size * sum[1]
      }
      seeding.weights = buckets
      return
    }
    const hashes = this.#record.runner.memory.u32(this.#record.get(HASHES), this.#record.rows.rows)
    for (let i = 0; i < hashes.length; i++) {
      const w = weight[i]
      if (w === 0) continue
      sum.fill(0)
      value(i, w, sum)
      const b = (hashes[i] >>> seeding.shift) * 2
      buckets[b] += sum[0]
      buckets[b + 1] += sum[1]
    }
    seeding.weights = buckets
  }

  /** Leaves all rows equal to a taken one out of draws by weight. */
  #exclude(
    seeding: Seeding,
    row: Float64Array,
    weight: Float64Array<ArrayBufferLike> | null,
    value: (row: number, weight: number, sum: Float64Array) => void,
  ): void {
    const buckets = seeding.weights
    if (buckets === null) return
    const bucket = seeding.bucketOf(row)
    for (const i of this.#canonical(seeding, bucket)) {
      if (!this.#record.rowEquals(i, row)) continue
      seeding.exclude(i)
      const w = weight === null ? 1 : weight[i]
      if (w === 0) continue
      const sum = new Float64Array(2)
      value(i, w, sum)
      buckets[bucket * 2] -= sum[0]
      buckets[bucket * 2 + 1] -= sum[1]
    }
  }

  /** The rows of a bucket in canonical order: by hash, then by content. */
  #canonical(seeding: Seeding, bucket: number): Uint32Array {
    return seeding.sorted(bucket, (a, b) => compareRows(this.#record.row(a), this.#record.row(b)) || a - b)
  }

  /** What rows would gain, by the definition. */
  tryRows(rows: readonly Float64Array[]): Float64Array {
    const gains = new Float64Array(rows.length)
    this.#seedingState().tried = rows
    for (let from = 0; from < rows.length; from += 8) {
      const eight = rows.slice(from, from + 8)
      this.#markEight(eight, from / 8)
      gains.set(this.#decideEight(eight, from / 8, 2 ** eight.length - 1), from)
    }
    return gains
  }

  /** Which row would gain most, the first of them on a tie: decided by the definition where bounds leave it open. */
  bestOf(rows: readonly Float64Array[]): number {
    const bounds = new Float64Array(rows.length * 2)
    this.#seedingState().tried = rows
    for (let from = 0; from < rows.length; from += 8) {
      bounds.set(this.#markEight(rows.slice(from, from + 8), from / 8), from * 2)
    }
    let surely = 0
    for (let c = 0; c < rows.length; c++) surely = Math.max(surely, bounds[2 * c])
    const contenders: number[] = []
    // Where numbers leave the range of float32, bounds may be NaN: then all are contenders.
    for (let c = 0; c < rows.length; c++) if (!(bounds[2 * c + 1] < surely)) contenders.push(c)
    if (contenders.length === 1) return contenders[0]
    let best = contenders[0]
    let most = Number.NEGATIVE_INFINITY
    for (let from = 0; from < rows.length; from += 8) {
      let mask = 0
      for (const c of contenders) if (c >= from && c < from + 8) mask += 2 ** (c - from)
      if (mask === 0) continue
      const gains = this.#decideEight(rows.slice(from, from + 8), from / 8, mask)
      for (const c of contenders) {
        if (c < from || c >= from + 8 || !(gains[c - from] > most)) continue
        best = c
        most = gains[c - from]
      }
    }
    return best
  }

  /** Marks which rows may be nearer to each of up to eight candidates, and bounds what those gain: lower and upper. */
  #markEight(rows: readonly Float64Array[], eight: number): Float64Array {
    const seeding = this.#seedingState()
    const { memory } = this.#record.runner
    const { rows: count } = this.#record.rows
    const grids = this.#grids
    if (grids === null) throw new Error('start comes first: this is a defect of nigh')
    seeding.gained[eight] ??= memory.allocate(Math.ceil(count / ROUND) * ROUND)
    const usesGaps = seeding.taken.length >= seeding.gapsFrom
    packCandidates(this.#record, rows)
    if (usesGaps) this.#packGaps(rows)
    this.#record.set(GAINED, seeding.gained[eight])
    this.#record.set(CANDIDATE_GAPS, usesGaps ? this.#gapsAddress : 0)
    this.#record.set(CANDIDATES, rows.length)
    this.#record.set(TAKEN, -1)
    this.#record.set(DECIDE, 0)
    clearGains(this.#record)
    const before = this.#record.work.distances
    this.#record.pass('seed')
    // Where the triangle inequality rules out little, its table is not worth making; later it may be.
    if (usesGaps && this.#record.work.distances - before > 0.75 * count * rows.length) {
      seeding.gapsFrom = Math.ceil(seeding.taken.length * 1.5)
    }
    return boundsOf(this.#record, rows.length, grids)
  }

  /** What those of up to eight candidates gain whose bits are set, by the definition. They were marked before. */
  #decideEight(rows: readonly Float64Array[], eight: number, mask: number): Float64Array {
    packCandidates(this.#record, rows)
    this.#record.set(GAINED, this.#seedingState().gained[eight])
    this.#record.set(CANDIDATES, rows.length)
    this.#record.set(TAKEN, -1)
    this.#record.set(DECIDE, mask)
    clearGains(this.#record)
    this.#record.pass('seed')
    return gainsOf(this.#record, rows.length)
  }

  takeRow(row: Float64Array): void {
    const seeding = this.#seedingState()
    const { memory } = this.#record.runner
    const first = seeding.taken.length === 0
    // A row that was tried left marks on who may be nearer to it; the first row is everybody's nearest.
    let place = seeding.tried.indexOf(row)
    if (!first && place < 0) {
      seeding.tried = [row]
      this.#markEight(seeding.tried, 0)
      place = 0
    }
    if (first) place = 0
    else this.#record.set(GAINED, seeding.gained[Math.floor(place / 8)])
    memory.f64(this.#record.get(CANDIDATE_ROWS) + (place % 8) * row.length * 8, row.length).set(row)
    this.#record.set(TAKEN, place % 8)
    this.#record.set(TAKEN_AS, seeding.taken.length)
    this.#record.set(FIRST, first ? 1 : 0)
    this.#record.pass('seed')
    seeding.taken.push(row)
    addBuckets(this.#record, seeding.totals)
    seeding.forgetEnds()
  }

  /** Writes a quarter of the squared distance from each row taken to the nearest candidate. */
  #packGaps(rows: readonly Float64Array[]): void {
    const seeding = this.#seedingState()
    const { memory } = this.#record.runner
    const { columns } = this.#record.rows
    const factor = this.#record.get(SCALE) ** 2 * 0.25 * (1 - 4e-6)
    const gaps = memory.f32(this.#gapsAddress, seeding.taken.length)
    for (let t = 0; t < seeding.taken.length; t++) {
      const taken = seeding.taken[t]
      let least = Number.POSITIVE_INFINITY
      for (let c = 0; c < rows.length; c++) {
        const row = rows[c]
        let sq = 0
        for (let j = 0; j < columns; j++) {
          const x = taken[j] - row[j]
          sq += x * x
        }
        if (sq < least) least = sq
      }
      gaps[t] = least * factor
    }
  }
}

/** What seeding remembers between passes. */
class Seeding {
  /** Rows of each bucket, bucket after bucket, and where each bucket starts. */
  readonly #order: Uint32Array
  readonly #starts: Uint32Array
  readonly #hashes: Uint32Array
  readonly #sorted: Uint8Array
  readonly #excludedRows: Set<number> = new Set()
  /** Weight times squared distance by bucket, on two grids. */
  readonly totals: Float64Array
  /** A hash's bucket is what is left of it when so many bits are dropped. */
  readonly shift: number
  /** Weight by bucket, on two grids, less what is excluded; null until asked for. */
  weights: Float64Array | null = null
  /** How many of the taken rows are excluded already. */
  excluded = 0
  readonly taken: Float64Array[] = []
  /** The candidates tried last, and where each eight of them left marks on who may be nearer. */
  tried: readonly Float64Array[] = []
  readonly gained: number[] = []
  /** With how many rows taken the triangle inequality is asked (again): it may rule out too little. */
  gapsFrom = 8
  readonly #ends: Float64Array
  #endsOf: 'weight' | 'distance' | null = null

  constructor(hashes: Uint32Array<ArrayBufferLike>, bits: number) {
    const count = 2 ** bits
    this.shift = 32 - bits
    this.#sorted = new Uint8Array(count)
    this.totals = new Float64Array(count * 2)
    this.#ends = new Float64Array(count * 2)
    this.#hashes = new Uint32Array(hashes)
    const starts = new Uint32Array(count + 1)
    for (const h of this.#hashes) starts[(h >>> this.shift) + 1]++
    for (let b = 0; b < count; b++) starts[b + 1] += starts[b]
    const next = starts.slice(0, count)
    this.#order = new Uint32Array(this.#hashes.length)
    for (let i = 0; i < this.#hashes.length; i++) this.#order[next[this.#hashes[i] >>> this.shift]++] = i
    this.#starts = starts
  }

  restart(): void {
    this.totals.fill(0)
    this.weights = null
    this.excluded = 0
    this.#excludedRows.clear()
    this.taken.length = 0
    this.tried = []
    this.gapsFrom = 8
    this.#endsOf = null
  }

  /** To be told where the totals changed. */
  forgetEnds(): void {
    this.#endsOf = null
  }

  /** Weight, or weight times squared distance, of all buckets up to the end of each: on two grids, read at once. */
  endsOf(by: 'weight' | 'distance'): Float64Array {
    if (this.#endsOf === by) return this.#ends
    const sums = by === 'weight' ? this.weights : this.totals
    if (sums === null) throw new Error('weights by bucket come first: this is a defect of nigh')
    // Weights change with every row that is left out.
    this.#endsOf = by === 'distance' ? by : null
    return runningSums(sums, this.#ends)
  }

  bucketOf(row: Float64Array): number {
    return hashRow(row, 0, row.length) >>> this.shift
  }

  members(bucket: number): Uint32Array {
    return this.#order.subarray(this.#starts[bucket], this.#starts[bucket + 1])
  }

  sorted(bucket: number, byContent: (a: number, b: number) => number): Uint32Array {
    const members = this.members(bucket)
    if (this.#sorted[bucket] === 0) {
      const hashes = this.#hashes
      members.sort((a, b) => hashes[a] - hashes[b] || byContent(a, b))
      this.#sorted[bucket] = 1
    }
    return members
  }

  exclude(row: number): void {
    this.#excludedRows.add(row)
  }

  isExcluded(row: number, by: 'weight' | 'distance'): boolean {
    return by === 'weight' && this.#excludedRows.has(row)
  }
}
