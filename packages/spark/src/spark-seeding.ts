import { type Grids, hashRow, threeGrids } from 'nigh/internals'
import { broughtHere } from './brought-here.ts'
import { type FitPasses, torn } from './fit-passes.ts'

const bucketCount = 4096
/** What a pass over candidates answers for each: three gains, then what changes in each bucket, on two grids. */
const stride = 3 + bucketCount * 2

/** Rows that take no more bytes than this are brought here whole when seeding asks for some of them. */
const fewBytes = 16 << 20

/** A different row of a bucket, with the weights of its copies. */
interface Content {
  readonly hash: number
  readonly row: Float64Array
  /** Each different weight and how many copies have it. */
  readonly weights: [weight: number, times: number][]
}

/** Rows that are all here. */
interface Known {
  readonly contents: readonly Content[]
  readonly sqs: Float64Array
  taken: number
}

/** Bytes of rows that a pass over candidates brings along, as the next draws will probably ask for them. */
const aheadBytes = 4 << 20

/** How many buckets beside the expected one are brought along at most. */
const farthestReach = 6

/** Different rows that are kept here for later draws; beyond, all are let go. */
const mostContents = 2 ** 20

/** The draws and trials of seeding on a cluster: a pass a round, and one more where a draw asks for rows not here. */
export class SparkSeeding {
  readonly #passes: FitPasses
  readonly #grids: Grids
  readonly #rows: number
  #taken: Float64Array[] = []
  #totals: Float64Array = new Float64Array(bucketCount * 2)
  #weightTotals: Float64Array | null = null
  #excluded: Float64Array[] = []
  #tried: { readonly row: Float64Array; readonly buckets: Float64Array }[] = []
  readonly #contents = new Map<number, Content[]>()
  #contentsHeld = 0
  #known: Known | null = null
  /** The buckets in which the next draws were expected, and by how much the last two expectations were off. */
  #foreseen: readonly number[] = []
  #misses: readonly [number, number] = [0, 0]

  constructor(passes: FitPasses, grids: Grids, rows: number) {
    this.#passes = passes
    this.#grids = grids
    this.#rows = rows
  }

  start(): void {
    this.#known = null
    this.#taken = []
    this.#tried = []
    this.#totals = new Float64Array(bucketCount * 2)
    this.#weightTotals = null
    this.#excluded = []
    this.#foreseen = []
    this.#misses = [0, 0]
  }

  /**
   * By how much the summed squared distance would fall for each row.
   *
   * @param next where the draws after this fall: the rows there are brought along
   */
  async tryRows(rows: readonly Float64Array[], next: readonly number[] = []): Promise<Float64Array> {
    if (this.#rows <= broughtHere.rows && this.#rows * (this.#passes.columns + 2) * 8 <= fewBytes) {
      return this.#tryHere(rows)
    }
    const gains = new Float64Array(rows.length)
    const ahead = this.#ahead(next)
    const found = await this.#passes.ask(
      { operation: 'seed', k: rows.length, previousK: this.#taken.length, count: ahead.length },
      [this.#squares(), ...this.#taken, ...rows, ahead],
    )
    if (found.length < rows.length * stride) throw torn('Spark.kmeans')
    if (ahead.length > 0) this.#keep(ahead, found.subarray(rows.length * stride))
    this.#tried = rows.map((row, c) => ({ row, buckets: found.slice(c * stride + 3, (c + 1) * stride) }))
    for (let c = 0; c < rows.length; c++) {
      gains[c] = found[c * stride] + found[c * stride + 1] + found[c * stride + 2]
    }
    return gains
  }

  /** Trials over rows that are all here: what a pass would answer. */
  async #tryHere(rows: readonly Float64Array[]): Promise<Float64Array> {
    const known = await this.#all()
    const grids = this.#squares()
    const first = this.#taken.length === 0
    for (; known.taken < this.#taken.length; known.taken++) {
      const taken = this.#taken[known.taken]
      known.contents.forEach(({ row }, i) => {
        known.sqs[i] = Math.min(known.sqs[i], distanceSq(row, taken))
      })
    }
    const tried = rows.map((row) => ({
      row,
      buckets: new Float64Array(bucketCount * 2),
      gain: new Float64Array(3),
    }))
    known.contents.forEach(({ hash, row, weights }, i) => {
      const old = known.sqs[i]
      const bucket = hash >>> 20
      for (const { row: candidate, buckets, gain } of tried) {
        const sq = distanceSq(row, candidate)
        if (!(sq < old)) continue
        for (const [weight, times] of weights) {
          const whole = Math.floor(weight)
          const sum: [number, number] = [0, 0]
          addOnTwo(sum, sq, whole * times, weight - whole, times, grids[0], grids[1])
          if (!first) {
            addOnTwo(sum, old, -whole * times, whole - weight, times, grids[0], grids[1])
            addOnThree(gain, old - sq, whole * times, weight - whole, times, grids)
          }
          buckets[bucket * 2] += sum[0]
          buckets[bucket * 2 + 1] += sum[1]
        }
      }
    })
    this.#tried = tried
    return Float64Array.from(tried, ({ gain }) => gain[0] + gain[1] + gain[2])
  }

  /** All different rows, and their squared distances to the nearest of the first `taken` rows. */
  async #all(): Promise<Known> {
    if (this.#known === null) {
      await this.#fetch([0])
      const contents = [...this.#contents.values()].flat()
      this.#known = {
        contents,
        sqs: new Float64Array(contents.length).fill(Number.POSITIVE_INFINITY),
        taken: 0,
      }
    }
    return this.#known
  }

  /** The buckets in which draws will fall, or near there, as far as can be said before a row is taken. */
  #ahead(next: readonly number[]): readonly number[] {
    const wanted = new Set<number>()
    const bytes = (this.#rows / bucketCount) * (this.#passes.columns + 2) * 8
    this.#foreseen = next.map((share) => bucketAt(this.#totals, share)?.bucket ?? -1)
    if (bytes * next.length > aheadBytes) return []
    const affordable = Math.floor((aheadBytes / (bytes * next.length) - 1) / 2)
    const reach = Math.max(0, Math.min(Math.max(...this.#misses) + 1, farthestReach, affordable))
    for (const bucket of this.#foreseen) {
      if (bucket < 0) continue
      for (let b = bucket - reach; b <= bucket + reach; b++) {
        if (b >= 0 && b < bucketCount && !this.#contents.has(b)) wanted.add(b)
      }
    }
    return [...wanted]
  }

  /** How far off the last two foresights were is how far the next looks. */
  #learnReach(places: readonly (Place | null)[]): void {
    if (places.length !== this.#foreseen.length || this.#foreseen.includes(-1)) return
    const off = places.map((place, i) => (place === null ? 0 : Math.abs(place.bucket - this.#foreseen[i])))
    this.#misses = [this.#misses[1], Math.max(0, ...off)]
    this.#foreseen = []
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

  #squares(): readonly [number, number, number] {
    return threeGrids(this.#grids.spanSq * (1 + 1e-9), this.#grids.bits)
  }

  async draw(
    by: 'weight' | 'distance',
    at: readonly number[],
    taken: readonly Float64Array[],
  ): Promise<(Float64Array | null)[]> {
    const totals = by === 'weight' ? await this.#weights(taken) : this.#totals
    const places = at.map((share) => bucketAt(totals, share))
    if (by === 'distance') this.#learnReach(places)
    await this.#fetch(places.flatMap((place) => (place === null ? [] : [place.bucket])))
    return places.map((place) => (place === null ? null : this.#walk(by, place)))
  }

  /** Summed weights by bucket, less the rows that were taken. */
  async #weights(taken: readonly Float64Array[]): Promise<Float64Array> {
    let totals = this.#weightTotals
    if (totals === null) {
      totals = await this.#passes.ask({ operation: 'weights' }, [
        [this.#grids.weightCoarse, this.#grids.weightFine],
      ])
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
    if (this.#rows * (this.#passes.columns + 2) * 8 <= fewBytes) {
      // So few rows cost less to bring here at once than a pass for each centroid does.
      wanted = Array.from({ length: bucketCount }, (_, bucket) => bucket)
    } else if (this.#contentsHeld > mostContents) {
      this.#contents.clear()
      this.#contentsHeld = 0
      wanted = [...new Set(buckets)]
    }
    this.#keep(wanted, await this.#passes.ask({ operation: 'buckets', count: wanted.length }, [wanted]))
  }

  /** Keeps the rows of buckets: times, weight and numbers each. */
  #keep(wanted: readonly number[], found: Float64Array): void {
    const d = this.#passes.columns
    if (found.length % (d + 2) !== 0) throw torn('Spark.kmeans')
    const contents: Content[] = []
    for (let at = 0; at < found.length; at += d + 2) {
      const row = found.slice(at + 2, at + 2 + d)
      contents.push({ hash: hashRow(row, 0, d), row, weights: [[found[at + 1], found[at]]] })
    }
    this.#contentsHeld += contents.length
    contents.sort((a, b) => a.hash - b.hash || compareRows(a.row, b.row))
    for (const bucket of wanted) this.#contents.set(bucket, [])
    for (const content of contents) {
      const list = this.#contents.get(content.hash >>> 20)
      if (list === undefined) throw torn('Spark.kmeans')
      const last = list.at(-1)
      if (last !== undefined && compareRows(last.row, content.row) === 0) {
        last.weights.push(...content.weights)
      } else list.push(content)
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
    const sum: [number, number] = [0, 0]
    if (by === 'weight') {
      for (const [weight, times] of weights) {
        addOnTwo(sum, weight, times, 0, times, this.#grids.weightCoarse, this.#grids.weightFine)
      }
      return sum
    }
    let sq = Number.POSITIVE_INFINITY
    for (const taken of this.#taken) sq = Math.min(sq, distanceSq(row, taken))
    const [coarse, fine] = this.#squares()
    for (const [weight, times] of weights) {
      const whole = Math.floor(weight)
      addOnTwo(sum, sq, whole * times, weight - whole, times, coarse, fine)
    }
    return sum
  }
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

/** Adds a value, `whole` times and `times` its `part`, to a sum on three grids. */
function addOnThree(
  sum: Float64Array,
  value: number,
  whole: number,
  part: number,
  times: number,
  grids: readonly [number, number, number],
): void {
  for (const [scaled, count] of part === 0
    ? [[value, whole]]
    : [
        [value, whole],
        [value * part, times],
      ]) {
    const a = scaled + grids[0] - grids[0]
    const b = scaled - a + grids[1] - grids[1]
    sum[0] += count * a
    sum[1] += count * b
    sum[2] += count * (scaled - a - b + grids[2] - grids[2])
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
