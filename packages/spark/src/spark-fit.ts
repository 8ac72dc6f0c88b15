import { InputError } from 'nigh'
import {
  type Assigned,
  type CentroidSums,
  type FarRow,
  type FitEngine,
  type Grids,
  type Ranges,
  gridsOf,
  hashRow,
  threeGrids,
} from 'nigh/internals'
import type { Blocks } from './blocks.ts'
import { SparkError } from './errors.ts'
import type { Watch } from './session.ts'

const call = 'Spark.kmeans'
const bucketCount = 4096
const magic = 0x3152474e
const operations = {
  ranges: 1,
  assign: 2,
  inertia: 3,
  farthest: 4,
  relocate: 5,
  seed: 6,
  buckets: 7,
  weights: 8,
} as const
/** Squares of distances overflow beyond, and lose bits below; one machine rescales such rows, the cluster refuses them. */
const largestNumber = 1e150
const smallestSpanSq = 2 ** -400

/** Rows that take no more bytes than this are brought here whole when seeding asks for some of them. */
const fewBytes = 16 << 20

/** A different row of a bucket, with the weights of its copies. */
interface Content {
  readonly hash: number
  readonly row: Float64Array
  /** Each different weight and how many copies have it. */
  readonly weights: [weight: number, times: number][]
}

/**
 * A fit whose rows lie in blocks on a cluster. Each pass is one aggregate over the blocks; what it adds up are whole
 * multiples of grids, so the answers are those of one machine, bit for bit, for any blocks and partitions.
 */
export class SparkFit implements FitEngine {
  readonly columns: number
  readonly #blocks: Blocks
  readonly #watch: Watch
  /** Names this start of this fit where executors remember blocks. */
  #fit = nextFit()
  #ranges: Ranges | null = null
  #grids: Grids | null = null
  #rows = 0
  /** The labels as they are, told by what made them: an assignment, then rows moved by hand. */
  #version = 0
  #labelled: Float64Array = new Float64Array(0)
  #relocations: number[] = []
  #sums: CentroidSums | null = null
  // Seeding.
  #taken: Float64Array[] = []
  #totals: Float64Array = new Float64Array(bucketCount * 2)
  #weightTotals: Float64Array | null = null
  #excluded: Float64Array[] = []
  #tried: { readonly row: Float64Array; readonly buckets: Float64Array }[] = []
  readonly #contents = new Map<number, Content[]>()
  /** Passes asked of the cluster so far. */
  passes = 0

  constructor(blocks: Blocks, watch: Watch) {
    this.#blocks = blocks
    this.#watch = watch
    this.columns = blocks.columns
  }

  /** The number of rows, those of weight 0 among them; known once prepared. */
  get rows(): number {
    return this.#rows
  }

  async prepare(): Promise<Grids> {
    if (this.#grids !== null) return this.#grids
    const d = this.columns
    const found = await this.#ask({ operation: 'ranges' }, [])
    if (found.length !== 2 * d + 3) throw torn()
    const minima = found.slice(0, d)
    const maxima = found.slice(d, 2 * d)
    this.#rows = found[2 * d + 2]
    if (found[2 * d] === 0) {
      throw new InputError(
        'E_WEIGHTS',
        'weightColumn',
        `${call}: weightColumn must hold a number above 0, got only zeros`,
      )
    }
    let largest = 0
    for (let j = 0; j < d; j++) largest = Math.max(largest, Math.abs(minima[j]), Math.abs(maxima[j]))
    this.#ranges = { minima, maxima, weight: found[2 * d], largestWeight: found[2 * d + 1] }
    this.#grids = gridsOf(this.#ranges)
    const { spanSq } = this.#grids
    if (largest > largestNumber || (spanSq > 0 && spanSq < smallestSpanSq)) {
      throw new InputError(
        'E_RANGE',
        'columns',
        `${call}: columns must lie between −1e150 and 1e150 and spread over more than 1e-60: multiply them by a constant`,
      )
    }
    return this.#grids
  }

  #prepared(): { grids: Grids; ranges: Ranges } {
    if (this.#grids === null || this.#ranges === null)
      throw new Error('prepare comes first: this is a defect of nigh')
    return { grids: this.#grids, ranges: this.#ranges }
  }

  async assign(centroids: Float64Array, first: boolean): Promise<Assigned> {
    const { grids } = this.#prepared()
    const d = this.columns
    const k = centroids.length / d
    const version = this.#version + 1
    const before = first ? new Float64Array(0) : this.#labelled
    const found = await this.#ask(
      {
        operation: 'assign',
        k,
        version,
        previousVersion: first ? 0 : this.#version,
        previousK: before.length / d,
      },
      [...gridParts(grids), centroids, before, ...(first ? [[0]] : this.#relocationParts())],
    )
    if (first) this.#sums = emptySums(k, d)
    this.#version = version
    this.#labelled = centroids.slice()
    this.#relocations = []
    return this.#add(found, k)
  }

  #relocationParts(): readonly (readonly number[])[] {
    return [[this.#relocations.length / (this.columns + 1)], this.#relocations]
  }

  /** Adds what changed to the sums of all rows. */
  #add(found: Float64Array, k: number): Assigned {
    const sums = this.#sums
    if (sums === null) throw new Error('assign comes first: this is a defect of nigh')
    let at = 1
    for (const part of [sums.coarse, sums.fine, sums.weightCoarse, sums.weightFine]) {
      for (let i = 0; i < part.length; i++) part[i] += found[at++]
    }
    if (at !== found.length || sums.weightCoarse.length !== k) throw torn()
    return { changed: found[0], sums }
  }

  async relocate(row: Float64Array, cluster: number): Promise<Assigned> {
    const { grids } = this.#prepared()
    const k = this.#labelled.length / this.columns
    const found = await this.#ask(
      { operation: 'relocate', k, previousVersion: this.#version, previousK: k, count: cluster },
      [...gridParts(grids), this.#labelled, ...this.#relocationParts(), row],
    )
    this.#relocations.push(...row, cluster)
    return this.#add(found, k)
  }

  async farthest(centroids: Float64Array, count: number): Promise<FarRow[]> {
    const d = this.columns
    const found = await this.#aboutLabels('farthest', centroids, count)
    const rows: FarRow[] = []
    for (let at = 0; at < found.length; at += d + 1) {
      rows.push({ distanceSq: found[at], row: found.slice(at + 1, at + 1 + d) })
    }
    return rows
  }

  async inertia(centroids: Float64Array): Promise<number> {
    const found = await this.#aboutLabels('inertia', centroids, 0)
    if (found.length !== 3) throw torn()
    return found[0] + found[1] + found[2]
  }

  /** A pass over the squared distances of rows to the centroids of their labels. */
  async #aboutLabels(
    operation: 'inertia' | 'farthest',
    centroids: Float64Array,
    count: number,
  ): Promise<Float64Array> {
    const { grids, ranges } = this.#prepared()
    const d = this.columns
    // A given centroid may lie outside the rows' ranges: the grids must hold distances to it.
    let largest = 0
    for (let j = 0; j < d; j++) {
      let low = ranges.minima[j]
      let high = ranges.maxima[j]
      for (let at = j; at < centroids.length; at += d) {
        low = Math.min(low, centroids[at])
        high = Math.max(high, centroids[at])
      }
      largest += (high - low) ** 2
    }
    return this.#ask(
      {
        operation,
        k: centroids.length / d,
        previousVersion: this.#version,
        previousK: this.#labelled.length / d,
        count,
      },
      [threeGrids(largest * (1 + 1e-9), grids.bits), this.#labelled, ...this.#relocationParts(), centroids],
    )
  }

  /** Labels stay on the cluster: they are those of the kept centroids. */
  keepLabels(): void {}

  startSeeding(): void {
    // Another number, as what executors remember of another start's rows must not be taken for this one's.
    this.#fit = nextFit()
    this.#taken = []
    this.#tried = []
    this.#totals = new Float64Array(bucketCount * 2)
    this.#weightTotals = null
    this.#excluded = []
  }

  async tryRows(rows: readonly Float64Array[]): Promise<Float64Array> {
    const gains = new Float64Array(rows.length)
    const found = await this.#seed(rows)
    const stride = 3 + bucketCount * 2
    this.#tried = rows.map((row, c) => ({ row, buckets: found.subarray(c * stride + 3, (c + 1) * stride) }))
    for (let c = 0; c < rows.length; c++) {
      gains[c] = found[c * stride] + found[c * stride + 1] + found[c * stride + 2]
    }
    return gains
  }

  async takeRow(row: Float64Array): Promise<void> {
    // A row that was tried has told already what taking it changes.
    if (!this.#tried.some((tried) => tried.row === row)) await this.tryRows([row])
    for (const tried of this.#tried) {
      if (tried.row !== row) continue
      for (let b = 0; b < bucketCount * 2; b++) this.#totals[b] += tried.buckets[b]
      break
    }
    this.#tried = []
    this.#taken.push(row)
  }

  async #seed(rows: readonly Float64Array[]): Promise<Float64Array> {
    const found = await this.#ask({ operation: 'seed', k: rows.length, previousK: this.#taken.length }, [
      this.#seedGrids(),
      ...this.#taken,
      ...rows,
    ])
    if (found.length !== rows.length * (3 + bucketCount * 2)) throw torn()
    return found
  }

  #seedGrids(): readonly [number, number, number] {
    const { grids } = this.#prepared()
    return threeGrids(grids.spanSq * (1 + 1e-9), grids.bits)
  }

  async draw(
    by: 'weight' | 'distance',
    at: number,
    taken: readonly Float64Array[],
  ): Promise<Float64Array | null> {
    return (await this.drawAll(by, [at], taken))[0]
  }

  async drawAll(
    by: 'weight' | 'distance',
    at: readonly number[],
    taken: readonly Float64Array[],
  ): Promise<(Float64Array | null)[]> {
    const totals = by === 'weight' ? await this.#weights(taken) : this.#totals
    const places = at.map((share) => bucketAt(totals, share))
    await this.#fetch(places.flatMap((place) => (place === null ? [] : [place.bucket])))
    return places.map((place) => (place === null ? null : this.#walk(by, place)))
  }

  /** Summed weights by bucket, less the rows that were taken. */
  async #weights(taken: readonly Float64Array[]): Promise<Float64Array> {
    const { grids } = this.#prepared()
    let totals = this.#weightTotals
    if (totals === null) {
      totals = await this.#ask({ operation: 'weights' }, [[grids.weightCoarse, grids.weightFine]])
      this.#weightTotals = totals
    }
    const fresh = taken.slice(this.#excluded.length)
    await this.#fetch(fresh.map((row) => hashRow(row, 0, row.length) >>> 20))
    for (const row of fresh) {
      const bucket = hashRow(row, 0, row.length) >>> 20
      for (const content of this.#contents.get(bucket) ?? []) {
        if (compareRows(content.row, row) !== 0) continue
        const [a, b] = this.#share('weight', content)
        totals[bucket * 2] -= a
        totals[bucket * 2 + 1] -= b
      }
      this.#excluded.push(row)
    }
    return totals
  }

  /** Brings the different rows of buckets here, in canonical order: by hash, then by content. */
  async #fetch(buckets: readonly number[]): Promise<void> {
    let wanted = [...new Set(buckets)].filter((bucket) => !this.#contents.has(bucket))
    if (wanted.length === 0) return
    const d = this.columns
    if (this.#rows * (d + 2) * 8 <= fewBytes) {
      // So few rows cost less to bring here at once than a pass for each centroid does.
      wanted = Array.from({ length: bucketCount }, (_, bucket) => bucket)
    }
    const found = await this.#ask({ operation: 'buckets', count: wanted.length }, [wanted])
    const contents: Content[] = []
    for (let at = 0; at < found.length; at += d + 2) {
      const row = found.slice(at + 2, at + 2 + d)
      contents.push({ hash: hashRow(row, 0, d), row, weights: [[found[at + 1], found[at]]] })
    }
    contents.sort((a, b) => a.hash - b.hash || compareRows(a.row, b.row))
    for (const bucket of wanted) this.#contents.set(bucket, [])
    for (const content of contents) {
      const bucket = content.hash >>> 20
      const list = this.#contents.get(bucket)
      if (list === undefined) throw torn()
      const last = list.at(-1)
      if (last !== undefined && compareRows(last.row, content.row) === 0)
        last.weights.push(...content.weights)
      else list.push(content)
    }
  }

  /** Walks a bucket's rows in canonical order until the running sum passes the target. */
  #walk(by: 'weight' | 'distance', place: Place): Float64Array | null {
    let { a, b } = place
    let chosen: Float64Array | null = null
    for (const content of this.#contents.get(place.bucket) ?? []) {
      if (by === 'weight' && this.#excluded.some((row) => compareRows(row, content.row) === 0)) continue
      const share = this.#share(by, content)
      if (share[0] === 0 && share[1] === 0) continue
      a += share[0]
      b += share[1]
      chosen = content.row
      if (!place.past && a + b > place.target) break
    }
    return chosen
  }

  /** What the copies of a row weigh in a draw, on two grids. */
  #share(by: 'weight' | 'distance', { row, weights }: Content): [number, number] {
    const { grids } = this.#prepared()
    const sum: [number, number] = [0, 0]
    if (by === 'weight') {
      for (const [weight, times] of weights) {
        addOnTwo(sum, weight, times, 0, times, grids.weightCoarse, grids.weightFine)
      }
      return sum
    }
    let sq = Number.POSITIVE_INFINITY
    for (const taken of this.#taken) sq = Math.min(sq, distanceSq(row, taken))
    const [coarse, fine] = this.#seedGrids()
    for (const [weight, times] of weights) {
      const whole = Math.floor(weight)
      addOnTwo(sum, sq, whole * times, weight - whole, times, coarse, fine)
    }
    return sum
  }

  /** One pass: a head of whole numbers, then float64 arrays, as java/nigh/Request.java reads them. */
  async #ask(head: Head, parts: readonly (Float64Array | readonly number[])[]): Promise<Float64Array> {
    let numbers = 0
    for (const part of parts) numbers += part.length
    const request = new Uint8Array(40 + numbers * 8)
    const view = new DataView(request.buffer)
    const { operation, k = 0, version = 0, previousVersion = 0, previousK = 0, count = 0 } = head
    const ints = [magic, operations[operation], this.columns, k, version, previousVersion, previousK, count]
    ints.forEach((value, i) => view.setInt32(i * 4, value, true))
    view.setBigInt64(32, this.#fit, true)
    let at = 40
    for (const part of parts) {
      for (const value of part) {
        view.setFloat64(at, value, true)
        at += 8
      }
    }
    this.passes++
    const answer = await this.#blocks.pass(call, request, this.#watch)
    if (answer === null) throw new InputError('E_EMPTY', 'table', `${call}: table has no rows`)
    if (answer.length % 8 !== 0) throw torn()
    const found = new Float64Array(answer.length / 8)
    const read = new DataView(answer.buffer, answer.byteOffset, answer.length)
    for (let i = 0; i < found.length; i++) found[i] = read.getFloat64(i * 8, true)
    return found
  }
}

/** What a pass is asked: see java/nigh/Request.java. */
interface Head {
  readonly operation: keyof typeof operations
  readonly k?: number
  readonly version?: number
  readonly previousVersion?: number
  readonly previousK?: number
  readonly count?: number
}

/** Where a draw falls: a bucket, and the running sums before it. */
interface Place {
  readonly bucket: number
  readonly a: number
  readonly b: number
  readonly target: number
  /** Rounding put the target past the end: the last row with weight is drawn. */
  readonly past: boolean
}

/** The bucket in which a share of the total falls; null where nothing has weight. */
function bucketAt(sums: Float64Array, share: number): Place | null {
  let totalA = 0
  let totalB = 0
  for (let b = 0; b < bucketCount; b++) {
    totalA += sums[2 * b]
    totalB += sums[2 * b + 1]
  }
  const total = totalA + totalB
  if (!(total > 0)) return null
  const target = share * total
  let a = 0
  let b = 0
  let last = -1
  for (let bucket = 0; bucket < bucketCount; bucket++) {
    const x = sums[2 * bucket]
    const y = sums[2 * bucket + 1]
    if (x === 0 && y === 0) continue
    last = bucket
    if (a + x + (b + y) > target) return { bucket, a, b, target, past: false }
    a += x
    b += y
  }
  return { bucket: last, a, b, target, past: true }
}

/** Adds a value, `whole` times and `times` its `part`, to a sum on two grids. */
function addOnTwo(
  sum: [number, number],
  value: number,
  whole: number,
  part: number,
  times: number,
  coarse: number,
  fine: number,
): void {
  const a = value + coarse - coarse
  sum[0] += whole * a
  sum[1] += whole * (value - a + fine - fine)
  if (part !== 0) {
    const product = value * part
    const b = product + coarse - coarse
    sum[0] += times * b
    sum[1] += times * (product - b + fine - fine)
  }
}

function gridParts(grids: Grids): readonly (Float64Array | readonly number[])[] {
  return [grids.origin, grids.coarse, grids.fine, [grids.weightCoarse, grids.weightFine]]
}

function emptySums(k: number, d: number): CentroidSums {
  return {
    coarse: new Float64Array(k * d),
    fine: new Float64Array(k * d),
    weightCoarse: new Float64Array(k),
    weightFine: new Float64Array(k),
  }
}

/** The squared distance by its definition. */
function distanceSq(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let j = 0; j < a.length; j++) {
    const t = a[j] - b[j]
    sum += t * t
  }
  return sum
}

/** Orders rows column by column. */
function compareRows(a: Float64Array, b: Float64Array): number {
  for (let j = 0; j < a.length; j++) if (a[j] !== b[j]) return a[j] < b[j] ? -1 : 1
  return 0
}

function torn(): SparkError {
  return new SparkError(`${call}: a pass gave a torn answer`)
}

/** Numbers for fits, growing: executors forget the oldest first. */
function nextFit(): bigint {
  lastFit += 1n
  return lastFit
}

let lastFit = BigInt(Date.now()) * 1000n
