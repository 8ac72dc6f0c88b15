import { InputError } from 'nigh'
import {
  type Assigned,
  type CentroidSums,
  type FarRow,
  type FitEngine,
  type Grids,
  type Ranges,
  gridsOf,
  threeGrids,
} from 'nigh/internals'
import type { Blocks } from './blocks.ts'
import { ActiveRows, longestPair } from './active-rows.ts'
import { broughtHere } from './brought-here.ts'
import { FitPasses, torn } from './fit-passes.ts'
import { largestNumber } from './refusals.ts'
import { SparkSeeding } from './spark-seeding.ts'
import type { Watch } from './session.ts'

const call = 'Spark.kmeans'
/** Squares of smaller distances lose bits, and those of numbers beyond `largestNumber` overflow. */
const smallestSpanSq = 2 ** -400

/** @throws {InputError} E_RANGE for rows that one machine would rescale: the cluster refuses them */
export function checkRanges(call: string, minima: ArrayLike<number>, maxima: ArrayLike<number>): void {
  let largest = 0
  let span = 0
  let spanSq = 0
  for (let j = 0; j < minima.length; j++) {
    largest = Math.max(largest, Math.abs(minima[j]), Math.abs(maxima[j]))
    span = Math.max(span, maxima[j] - minima[j])
    spanSq += (maxima[j] - minima[j]) ** 2
  }
  if (largest <= largestNumber && (span === 0 || spanSq >= smallestSpanSq)) return
  throw new InputError(
    'E_RANGE',
    'columns',
    `${call}: columns must lie between −1e150 and 1e150 and spread over more than 1e-60: multiply them by a constant`,
  )
}

/** No row counts. */
export function noWeight(call: string): InputError {
  return new InputError(
    'E_WEIGHTS',
    'weightColumn',
    `${call}: weightColumn must hold a number above 0, got only zeros`,
  )
}

/**
 * A fit whose rows lie in blocks on a cluster. Each pass is one aggregate over the blocks; what it adds up are whole
 * multiples of grids, so the answers are those of one machine, bit for bit, for any blocks and partitions.
 */
export class SparkFit implements FitEngine {
  readonly columns: number
  readonly #passes: FitPasses
  #seeding: SparkSeeding | null = null
  #ranges: Ranges | null = null
  #grids: Grids | null = null
  #rows = 0
  /** The labels as they are, told by what made them: an assignment, then rows moved by hand. */
  #version = 0
  #labelled: Float64Array = new Float64Array(0)
  #relocations: number[] = []
  #sums: CentroidSums | null = null
  /** How many rows have which margin: see java/nigh/Lloyd.java. */
  #margins: Float64Array = new Float64Array(0)
  /** The only rows that can change their label for now; null where all can. */
  #active: ActiveRows | null = null

  constructor(blocks: Blocks, watch: Watch) {
    this.#passes = new FitPasses(call, blocks, watch)
    this.columns = blocks.columns
  }

  /** Passes asked of the cluster so far. */
  get passes(): number {
    return this.#passes.count
  }

  /** The number of rows, those of weight 0 among them; known once prepared. */
  get rows(): number {
    return this.#rows
  }

  async prepare(): Promise<Grids> {
    if (this.#grids !== null) return this.#grids
    const d = this.columns
    const found = await this.#passes.ask({ operation: 'ranges' }, [])
    if (found.length !== 2 * d + 3) throw torn(call)
    const minima = found.slice(0, d)
    const maxima = found.slice(d, 2 * d)
    this.#rows = found[2 * d + 2]
    if (found[2 * d] === 0) {
      throw noWeight(call)
    }
    this.#ranges = { minima, maxima, weight: found[2 * d], largestWeight: found[2 * d + 1] }
    this.#grids = gridsOf(this.#ranges)
    checkRanges(call, minima, maxima)
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
    if (first) {
      this.#active = null
      this.#margins = new Float64Array(0)
    } else if (this.#active?.holds(centroids) === true && this.#sums !== null) {
      // Lets an abort, and whatever else waits, have its turn.
      await new Promise((resolve) => setImmediate(resolve))
      this.#passes.signal?.throwIfAborted()
      const changed = this.#active.assign(centroids, this.#sums)
      this.#version++
      this.#labelled = centroids.slice()
      return { changed, sums: this.#sums }
    }
    const version = this.#version + 1
    const before = first ? new Float64Array(0) : this.#labelled
    const margin = isSmall(this.#rows, centroids.length, d)
      ? Number.POSITIVE_INFINITY
      : first
        ? 0
        : marginFor(this.#margins, grids, this.#labelled, centroids, d)
    const found = await this.#passes.ask(
      {
        operation: 'assign',
        k,
        version,
        previousVersion: first ? 0 : this.#version,
        previousK: before.length / d,
      },
      [
        ...gridParts(grids),
        centroids,
        before,
        ...(first ? [[0]] : this.#relocationParts()),
        [margin, firstBin(grids)],
      ],
    )
    if (first) this.#sums = emptySums(k, d)
    this.#version = version
    this.#labelled = centroids.slice()
    this.#relocations = []
    const assigned = this.#add(found, k)
    const rowsAt = sumsLength(k, d)
    this.#margins = found.slice(rowsAt - bins, rowsAt)
    this.#active = margin > 0 ? new ActiveRows(found.subarray(rowsAt), this.#labelled, grids, margin) : null
    return assigned
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
    if (at + bins > found.length || sums.weightCoarse.length !== k) throw torn(call)
    return { changed: found[0], sums }
  }

  async relocate(row: Float64Array, cluster: number): Promise<Assigned> {
    const { grids } = this.#prepared()
    const k = this.#labelled.length / this.columns
    const found = await this.#passes.ask(
      { operation: 'relocate', k, previousVersion: this.#version, previousK: k, count: cluster },
      [...gridParts(grids), this.#labelled, ...this.#relocationParts(), row],
    )
    this.#relocations.push(...row, cluster)
    this.#active = null
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
    if (found.length !== 3) throw torn(call)
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
    return this.#passes.ask(
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
    const { grids } = this.#prepared()
    this.#passes.restart()
    this.#seeding ??= new SparkSeeding(this.#passes, grids, this.#rows)
    this.#seeding.start()
  }

  #started(): SparkSeeding {
    if (this.#seeding === null) throw new Error('startSeeding comes first: this is a defect of nigh')
    return this.#seeding
  }

  async tryRows(rows: readonly Float64Array[], next: readonly number[] = []): Promise<Float64Array> {
    return this.#started().tryRows(rows, next)
  }

  async takeRow(row: Float64Array): Promise<void> {
    await this.#started().takeRow(row)
  }

  async draw(
    by: 'weight' | 'distance',
    at: number,
    taken: readonly Float64Array[],
  ): Promise<Float64Array | null> {
    return (await this.#started().draw(by, [at], taken))[0]
  }

  async drawAll(
    by: 'weight' | 'distance',
    at: readonly number[],
    taken: readonly Float64Array[],
  ): Promise<(Float64Array | null)[]> {
    return this.#started().draw(by, at, taken)
  }
}

/** Counts of rows by their margin. */
const bins = 128

/** Numbers of an assignment's answer before the rows. */
function sumsLength(k: number, d: number): number {
  return 1 + 2 * k * d + 2 * k + bins
}

/** The top 14 bits of a float64: four bins for each power of two. */
function topBits(value: number): number {
  const view = new DataView(new ArrayBuffer(8))
  view.setFloat64(0, value)
  return view.getUint32(0) >>> 18
}

/** Margins are counted over 32 powers of two, up to the span of the rows. */
function firstBin(grids: Grids): number {
  return Math.max(0, topBits(Math.sqrt(grids.spanSq)) - (bins - 1))
}

/**
 * A margin so small that the rows below it are few enough to be brought here, and so large that no other row can change
 * its label in the next few iterations; 0 where there is none.
 */
function marginFor(
  margins: Float64Array,
  grids: Grids,
  from: Float64Array,
  to: Float64Array,
  d: number,
): number {
  if (margins.length === 0 || from.length !== to.length) return 0
  const most = mostRows(to.length, d)
  let rows = 0
  let bin = 0
  for (; bin < bins && rows + margins[bin] <= most; bin++) rows += margins[bin]
  if (bin === 0) return 0
  const view = new DataView(new ArrayBuffer(8))
  // Rows beyond the last bin have no bound from above: with all bins taken, the last one's lower edge is the margin.
  view.setUint32(0, (firstBin(grids) + Math.min(bin, bins - 1)) << 18)
  const margin = view.getFloat64(0)
  return margin > iterationsAhead * longestPair(from, to, d) ? margin : 0
}

/** Whether all rows are few enough to be brought here. */
function isSmall(rows: number, numbers: number, d: number): boolean {
  return rows <= mostRows(numbers, d)
}

/** How many rows may be brought here, for centroids of so many numbers. */
function mostRows(numbers: number, d: number): number {
  return Math.min(broughtHere.rows, broughtHere.bytes / (8 * (d + 1)), broughtHere.work / numbers)
}

/** Steps as long as the last one that a margin must outlast to be worth bringing rows here. */
const iterationsAhead = 3

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
