import type { Grids } from '../kmeans/grids.ts'
import {
  BUCKETS,
  BUCKET_SHIFT,
  CANDIDATES,
  CANDIDATE_GAPS,
  CANDIDATE_ROWS,
  DISTANCES_SQ,
  FIRST,
  GAINED,
  HASHES,
  LIMITS,
  NEAREST,
  NORMS_SQ,
  NORM_MAX,
  SCALE,
  SQ_GRID_1,
  SQ_GRID_2,
  TAKEN,
  TAKEN_AS,
} from '../kernels/layout.ts'
import { hashRow } from '../kernels/scalar.ts'
import {
  addBuckets,
  addOnTwo,
  bucketAt,
  bucketBits,
  clearGains,
  gainsOf,
  makeCandidateSpace,
  packCandidates,
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
    const { memory, threads } = this.#record.runner
    const { rows, k } = this.#record.rows
    this.#record.setSqGrids(grids.spanSq * (1 + 1e-9), grids.bits)
    this.#copy.makeNarrow(k, this.#placesMost)
    if (this.#seeding === null) {
      this.#record.space(HASHES, rows * 4)
      this.#record.pass('hash')
      this.#record.space(NEAREST, rows * 4)
      makeCandidateSpace(this.#record, bucketBits(rows))
      this.#record.space(LIMITS, rows * 4)
      this.#record.set(BUCKET_SHIFT, 32 - bucketBits(rows))
      this.#gapsAddress = memory.allocate((k + 1) * 32)
      this.#seeding = new Seeding(memory.u32(this.#record.get(HASHES), rows), bucketBits(rows))
    }
    this.#record.set(DISTANCES_SQ, sqs)
    memory.f64(this.#record.get(BUCKETS), threads * this.#seeding.totals.length).fill(0)
    this.#seeding.restart()
    // Norms of all rows bound the error of any candidate: a candidate is a row.
    let largest = 0
    for (const sq of memory.f32(this.#record.get(NORMS_SQ), rows)) if (sq > largest) largest = sq
    this.#record.set(NORM_MAX, Math.sqrt(largest) * (1 + 1e-6))
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
    const sums = by === 'weight' ? this.#weightBuckets(seeding, weight, value) : seeding.totals
    if (by === 'weight') {
      for (let t = seeding.excluded; t < taken.length; t++) this.#exclude(seeding, taken[t], weight, value)
      seeding.excluded = taken.length
    }
    const place = bucketAt(sums, at)
    if (place === null) return null
    const { bucket, target, past } = place
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
    return chosen < 0 ? null : this.#record.row(chosen)
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
  ): Float64Array {
    if (seeding.weights !== null) return seeding.weights
    const buckets = new Float64Array(seeding.totals.length)
    const sum = new Float64Array(2)
    const hashes = this.#record.runner.memory.u32(this.#record.get(HASHES), this.#record.rows.rows)
    for (let i = 0; i < hashes.length; i++) {
      const w = weight === null ? 1 : weight[i]
      if (w === 0) continue
      sum.fill(0)
      value(i, w, sum)
      const b = (hashes[i] >>> seeding.shift) * 2
      buckets[b] += sum[0]
      buckets[b + 1] += sum[1]
    }
    seeding.weights = buckets
    return buckets
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

  tryRows(rows: readonly Float64Array[]): Float64Array {
    const seeding = this.#seedingState()
    const gains = new Float64Array(rows.length)
    seeding.tried = rows
    for (let from = 0; from < rows.length; from += 8) {
      const at = (seeding.gained[from / 8] ??= this.#record.runner.memory.allocate(this.#record.rows.rows))
      this.#record.set(GAINED, at)
      gains.set(this.#tryEight(rows.slice(from, from + 8)), from)
    }
    return gains
  }

  #tryEight(rows: readonly Float64Array[]): Float64Array {
    const seeding = this.#seedingState()
    packCandidates(this.#record, rows)
    this.#packGaps(rows)
    this.#record.set(CANDIDATES, rows.length)
    this.#record.set(TAKEN, -1)
    this.#record.set(FIRST, 0)
    clearGains(this.#record)
    const before = this.#record.work.distances
    this.#record.pass('seed')
    // Where the triangle inequality rules out little, its table is not worth making.
    const spared = 1 - (this.#record.work.distances - before) / (8 * this.#record.rows.rows)
    if (seeding.taken.length >= 8 && spared < 0.25) seeding.gapsPay = false
    return gainsOf(this.#record, rows.length)
  }

  takeRow(row: Float64Array): void {
    const seeding = this.#seedingState()
    const { memory } = this.#record.runner
    const first = seeding.taken.length === 0
    // A row that was tried left word of who gains from it; the first row is everybody's nearest.
    let place = seeding.tried.indexOf(row)
    if (!first && place < 0) {
      this.tryRows([row])
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
  }

  /** Writes a quarter of the candidates' squared distances to the rows taken. */
  #packGaps(rows: readonly Float64Array[]): void {
    const seeding = this.#seedingState()
    const { memory } = this.#record.runner
    const { columns } = this.#record.rows
    this.#record.set(CANDIDATE_GAPS, seeding.gapsPay ? this.#gapsAddress : 0)
    if (!seeding.gapsPay) return
    const factor = this.#record.get(SCALE) ** 2 * 0.25 * (1 - 4e-6)
    const gaps = memory.f32(this.#gapsAddress, seeding.taken.length * 8)
    gaps.fill(Number.POSITIVE_INFINITY)
    for (let t = 0; t < seeding.taken.length; t++) {
      const taken = seeding.taken[t]
      for (let c = 0; c < rows.length; c++) {
        const row = rows[c]
        let sq = 0
        for (let j = 0; j < columns; j++) {
          const x = taken[j] - row[j]
          sq += x * x
        }
        gaps[t * 8 + c] = sq * factor
      }
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
  /** The candidates tried last, and where each eight of them left word of who gains. */
  tried: readonly Float64Array[] = []
  readonly gained: number[] = []
  /** Whether the triangle inequality rules out enough to be asked. */
  gapsPay = true

  constructor(hashes: Uint32Array<ArrayBufferLike>, bits: number) {
    const count = 2 ** bits
    this.shift = 32 - bits
    this.#sorted = new Uint8Array(count)
    this.totals = new Float64Array(count * 2)
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
    this.gapsPay = true
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
