import type { Grids } from '../kmeans/grids.ts'
import {
  BUCKET_SHIFT,
  CANDIDATE_GAPS,
  CANDIDATE_ROWS,
  CANDIDATES,
  DECIDE,
  DISTANCES_SQ,
  FIRST,
  FLOORS,
  GAINED,
  HASHES,
  NEAREST,
  NORMS_SQ,
  ROUND,
  SQ_GRID_1,
  SQ_GRID_2,
  TAKEN,
  TAKEN_AS,
} from '../kernels/layout.ts'
import {
  addBuckets,
  bucketAt,
  bucketBits,
  clearGains,
  gainsOf,
  makeCandidateSpace,
  packCandidates,
  type Place,
  runningSums,
  setNormMax,
} from './candidates.ts'
import { compareRows } from './fit-record.ts'
import type { LocalFit } from './local-fit.ts'
import { addOnTwo, hashRow } from '../kernels/scalar.ts'
import { placesMost } from './packed-centroids.ts'
import type { RowChunks, RowWindows } from './row-windows.ts'

/**
 * The passes of seeding over rows that come by windows (see assembly/seed.ts). Hashes and squared distances of all rows
 * stay in memory, so a draw reads no more than the rows it may fall on; each round takes two passes over the rest.
 */
export class ChunkedSeeding {
  readonly #local: LocalFit
  readonly #windows: RowWindows
  readonly #chunks: RowChunks
  readonly #weights: Float64Array | null
  readonly #factor: number
  readonly #sqs: Float64Array
  readonly #floors: Float32Array
  readonly #bits: number
  #hashes: Uint32Array | null = null
  /** A bit for each of eight candidates and each row: whether the row may be nearer to it. */
  readonly #gained: Uint8Array[] = []
  #grids: Grids | null = null
  #normMax = 0
  #totals: Float64Array = new Float64Array(0)
  #weightTotals: Float64Array | null = null
  /** 1 for rows that are left out of draws by weight, and how many taken rows those are equal to. */
  #excluded: Uint8Array | null = null
  #excludedOf = 0
  #taken = 0
  #tried: readonly Float64Array[] = []

  /** @param state space for a squared distance and a floor of each row */
  constructor(
    local: LocalFit,
    windows: RowWindows,
    chunks: RowChunks,
    weights: Float64Array | null,
    state: { readonly sqs: Float64Array; readonly floors: Float32Array; readonly factor: number },
  ) {
    this.#local = local
    this.#windows = windows
    this.#chunks = chunks
    this.#weights = weights
    this.#factor = state.factor
    this.#sqs = state.sqs
    this.#floors = state.floors
    this.#bits = bucketBits(chunks.rows)
  }

  async start(grids: Grids): Promise<void> {
    const { record, copy } = this.#local
    const { memory } = record.runner
    const { k } = record.rows
    this.#grids = grids
    if (this.#hashes === null) {
      makeCandidateSpace(record, this.#bits)
      record.space(HASHES, record.room * 4)
      record.space(NEAREST, record.room * 4)
      record.space(FLOORS, record.room * 4)
      record.space(GAINED, Math.ceil(record.room / ROUND) * ROUND)
      record.set(BUCKET_SHIFT, 32 - this.#bits)
      copy.makeNarrow(k, placesMost(k))
      const hashes = new Uint32Array(this.#chunks.rows)
      let largest = 0
      await this.#windows.each((from, count) => {
        copy.renew()
        record.pass('hash')
        hashes.set(memory.u32(record.get(HASHES), count), from)
        // Norms of all rows bound the error of any candidate: a candidate is a row.
        for (const sq of memory.f32(record.get(NORMS_SQ), count)) if (sq > largest) largest = sq
        return undefined
      })
      this.#normMax = Math.sqrt(largest) * (1 + 1e-6)
      this.#hashes = hashes
    }
    record.setSqGrids(grids.spanSq * (1 + 1e-9), grids.bits)
    record.set(DISTANCES_SQ, this.#local.sqs())
    record.set(CANDIDATE_GAPS, 0)
    setNormMax(record, this.#normMax)
    this.#totals = new Float64Array(2 ** this.#bits * 2)
    addBuckets(record, new Float64Array(this.#totals.length))
    this.#weightTotals = null
    this.#excluded = null
    this.#excludedOf = 0
    this.#taken = 0
    this.#tried = []
  }

  #allHashes(): Uint32Array {
    if (this.#hashes === null) throw new Error('startSeeding comes first: this is a defect of nigh')
    return this.#hashes
  }

  async tryRows(rows: readonly Float64Array[]): Promise<Float64Array> {
    const { record, copy } = this.#local
    const { memory } = record.runner
    const gains = new Float64Array(rows.length)
    this.#tried = rows
    for (let from = 0; from < rows.length; from += 8) {
      const eight = rows.slice(from, from + 8)
      const gained = (this.#gained[from / 8] ??= new Uint8Array(this.#chunks.rows))
      packCandidates(record, eight)
      record.set(CANDIDATES, eight.length)
      record.set(TAKEN, -1)
      record.set(FIRST, 0)
      clearGains(record)
      await this.#windows.each((row, count) => {
        copy.renew()
        this.#load(row, count)
        record.set(DECIDE, 0)
        record.pass('seed')
        record.set(DECIDE, 2 ** eight.length - 1)
        record.pass('seed')
        gained.set(memory.u8(record.get(GAINED), count), row)
        return undefined
      })
      gains.set(gainsOf(record, eight.length), from)
    }
    return gains
  }

  async takeRow(row: Float64Array): Promise<void> {
    const { record, copy } = this.#local
    const { memory } = record.runner
    const first = this.#taken === 0
    let place = this.#tried.indexOf(row)
    if (!first && place < 0) {
      await this.tryRows([row])
      place = 0
    }
    if (first) place = 0
    const gained = first ? null : this.#gained[Math.floor(place / 8)]
    const hashes = this.#allHashes()
    memory.f64(record.get(CANDIDATE_ROWS) + (place % 8) * row.length * 8, row.length).set(row)
    record.set(TAKEN, place % 8)
    record.set(TAKEN_AS, this.#taken)
    record.set(FIRST, first ? 1 : 0)
    await this.#windows.each((from, count) => {
      copy.renew()
      this.#load(from, count)
      memory.u32(record.get(HASHES), count).set(hashes.subarray(from, from + count))
      if (gained !== null) memory.u8(record.get(GAINED), count).set(gained.subarray(from, from + count))
      record.pass('seed')
      this.#sqs.set(memory.f64(record.get(DISTANCES_SQ), count), from)
      this.#floors.set(memory.f32(record.get(FLOORS), count), from)
      return undefined
    })
    this.#taken++
    addBuckets(record, this.#totals)
  }

  /** Brings the squared distances and floors of a window's rows. */
  #load(from: number, count: number): void {
    const { record } = this.#local
    const { memory } = record.runner
    memory.f64(record.get(DISTANCES_SQ), count).set(this.#sqs.subarray(from, from + count))
    memory.f32(record.get(FLOORS), count).set(this.#floors.subarray(from, from + count))
  }

  /** Several draws at once: what they may fall on is read in one go. */
  async drawAll(
    by: 'weight' | 'distance',
    at: readonly number[],
    taken: readonly Float64Array[],
  ): Promise<(Float64Array | null)[]> {
    if (by === 'weight') await this.#exclude(taken)
    const totals = by === 'weight' ? this.#weightBuckets() : this.#totals
    const ends = runningSums(totals, new Float64Array(totals.length))
    const places = at.map((share) => bucketAt(ends, share))
    const members = this.#membersOf(places.flatMap((place) => (place === null ? [] : [place.bucket])))
    const falls = places.map((place) =>
      place === null ? null : this.#walk(by, place, members.get(place.bucket) ?? new Uint32Array(0)),
    )
    const contents = await this.#contentsOf(
      by,
      falls.flatMap((fall) => (fall === null ? [] : [fall.rows])),
    )
    return falls.map((fall) => (fall === null ? null : settle(fall, contents.get(fall.hash) ?? [])))
  }

  /** The rows of some buckets, by hash. */
  #membersOf(buckets: readonly number[]): Map<number, Uint32Array> {
    const hashes = this.#allHashes()
    const shift = 32 - this.#bits
    const sizes = new Uint32Array(2 ** this.#bits)
    for (const hash of hashes) sizes[hash >>> shift]++
    const lists = new Map(buckets.map((bucket) => [bucket, new Uint32Array(sizes[bucket])]))
    sizes.fill(0)
    const wanted = new Uint8Array(sizes.length)
    for (const bucket of buckets) wanted[bucket] = 1
    for (let i = 0; i < hashes.length; i++) {
      const bucket = hashes[i] >>> shift
      if (wanted[bucket] === 0) continue
      const list = lists.get(bucket)
      if (list !== undefined) list[sizes[bucket]++] = i
    }
    for (const list of lists.values()) list.sort((a, b) => hashes[a] - hashes[b] || a - b)
    return lists
  }

  /** Walks a bucket's rows in order of their hashes, until the running sum passes the target within one hash. */
  #walk(by: 'weight' | 'distance', place: Place, members: Uint32Array): Fall | null {
    const hashes = this.#allHashes()
    const sum = new Float64Array(2)
    let { a, b } = place
    let last: Fall | null = null
    for (let from = 0; from < members.length; ) {
      const hash = hashes[members[from]]
      let to = from
      sum.fill(0)
      while (to < members.length && hashes[members[to]] === hash) this.#addShare(by, members[to++], sum)
      if (sum[0] !== 0 || sum[1] !== 0) {
        last = { hash, rows: members.subarray(from, to), a, b, place }
        a += sum[0]
        b += sum[1]
        if (!place.past && a + b > place.target) break
      }
      from = to
    }
    return last
  }

  /** Adds what a row weighs in a draw, on two grids. */
  #addShare(by: 'weight' | 'distance', row: number, sum: Float64Array): void {
    const weight = this.#weights === null ? 1 : this.#weights[row]
    if (weight === 0) return
    if (by === 'weight') {
      if (this.#excluded !== null && this.#excluded[row] === 1) return
      const grids = this.#grids
      if (grids === null) throw new Error('startSeeding comes first: this is a defect of nigh')
      addOnTwo(sum, 0, weight, 1, 0, grids.weightCoarse, grids.weightFine)
      return
    }
    const { record } = this.#local
    const whole = Math.floor(weight)
    addOnTwo(sum, 0, this.#sqs[row], whole, weight - whole, record.get(SQ_GRID_1), record.get(SQ_GRID_2))
  }

  #weightBuckets(): Float64Array {
    if (this.#weightTotals !== null) return this.#weightTotals
    const hashes = this.#allHashes()
    const totals = new Float64Array(2 ** this.#bits * 2)
    const shift = 32 - this.#bits
    const sum = new Float64Array(2)
    for (let i = 0; i < hashes.length; i++) {
      sum.fill(0)
      this.#addShare('weight', i, sum)
      const bucket = (hashes[i] >>> shift) * 2
      totals[bucket] += sum[0]
      totals[bucket + 1] += sum[1]
    }
    this.#weightTotals = totals
    return totals
  }

  /** Leaves all rows equal to taken ones out of draws by weight. */
  async #exclude(taken: readonly Float64Array[]): Promise<void> {
    const totals = this.#weightBuckets()
    const fresh = taken.slice(this.#excludedOf)
    this.#excludedOf = taken.length
    if (fresh.length === 0) return
    const hashes = this.#allHashes()
    const shift = 32 - this.#bits
    const excluded = (this.#excluded ??= new Uint8Array(hashes.length))
    const wanted = new Set(fresh.map((row) => hashRow(row, 0, row.length)))
    let size = 0
    for (const hash of hashes) if (wanted.has(hash)) size++
    const alike = new Uint32Array(size)
    size = 0
    for (let i = 0; i < hashes.length; i++) if (wanted.has(hashes[i])) alike[size++] = i
    const sum = new Float64Array(2)
    await this.#rowsAt(alike, (i, row) => {
      if (!fresh.some((one) => compareRows(one, row) === 0)) return
      sum.fill(0)
      this.#addShare('weight', i, sum)
      const bucket = (hashes[i] >>> shift) * 2
      totals[bucket] -= sum[0]
      totals[bucket + 1] -= sum[1]
      excluded[i] = 1
    })
  }

  /** The different contents of some rows, by hash, and what the copies of each weigh in a draw. */
  async #contentsOf(
    by: 'weight' | 'distance',
    lists: readonly Uint32Array[],
  ): Promise<Map<number, Content[]>> {
    const hashes = this.#allHashes()
    const found = new Map<number, Content[]>()
    // Two draws may fall on rows of one hash: those count once.
    const different = new Map(lists.map((list) => [hashes[list[0]], list]))
    const numbers = new Uint32Array([...different.values()].reduce((size, list) => size + list.length, 0))
    let at = 0
    for (const list of different.values()) {
      numbers.set(list, at)
      at += list.length
    }
    await this.#rowsAt(numbers.sort(), (i, row) => {
      const contents = found.get(hashes[i]) ?? []
      found.set(hashes[i], contents)
      let content = contents.find((one) => compareRows(one.row, row) === 0)
      if (content === undefined) {
        content = { row: row.slice(), sum: new Float64Array(2) }
        contents.push(content)
      }
      this.#addShare(by, i, content.sum)
    })
    for (const contents of found.values()) contents.sort((x, y) => compareRows(x.row, y.row))
    return found
  }

  /** Rows by ascending number: reached where the source can do that, else found in a pass that ends at the last. */
  async #rowsAt(numbers: Uint32Array, take: (number: number, row: Float64Array) => void): Promise<void> {
    if (numbers.length === 0) return
    const { reach } = this.#chunks
    if (reach !== null && numbers.length <= REACHED) {
      const rows = await reach(numbers)
      for (let i = 0; i < numbers.length; i++) {
        take(
          numbers[i],
          Float64Array.from(rows.row(i), (x) => x * this.#factor),
        )
      }
      return
    }
    let next = 0
    await this.#windows.each((from, count) => {
      while (next < numbers.length && numbers[next] < from + count) {
        take(numbers[next], this.#local.record.row(numbers[next] - from))
        next++
      }
      return next === numbers.length ? 'enough' : undefined
    })
  }
}

/** The row on which a draw falls, among rows of one hash: in order of their content. */
function settle({ a, b, place }: Fall, contents: readonly Content[]): Float64Array | null {
  let chosen: Float64Array | null = null
  let [x, y] = [a, b]
  for (const { row, sum } of contents) {
    if (sum[0] === 0 && sum[1] === 0) continue
    chosen = row
    x += sum[0]
    y += sum[1]
    if (!place.past && x + y > place.target) break
  }
  return chosen
}

/** Rows of one hash on which a draw falls, and the running sums before them. */
interface Fall {
  readonly hash: number
  readonly rows: Uint32Array
  readonly a: number
  readonly b: number
  readonly place: Place
}

/** A different row, and what its copies weigh in a draw, on two grids. */
interface Content {
  readonly row: Float64Array
  readonly sum: Float64Array
}

/** More rows than this are found sooner in a pass. */
const REACHED = 4096
