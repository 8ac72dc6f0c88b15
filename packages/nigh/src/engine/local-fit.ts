import { type Grids, gridsOf, type Ranges } from '../kmeans/grids.ts'
import type { Assigned, CentroidSums, FarRow, FitEngine } from '../kmeans/passes.ts'
import {
  CENTROIDS,
  CLUSTERS,
  COARSE,
  COUNTS,
  DISTANCES_SQ,
  DUE_PATHS_32,
  FINE,
  FIRST,
  GROUPS,
  GROUP_LOWER,
  LABELS,
  LOWER,
  OTHER_PATHS,
  OTHER_PATHS_32,
  PATHS,
  PATHS_32,
  RANGES,
  ROUND,
  SQ_SUMS,
  STATS,
  STAT_AGAIN,
  SUMS,
  SUM_ORIGIN,
  TOUCHED,
  UPPER,
  WEIGHT_COARSE,
  WEIGHT_FINE,
} from '../kernels/layout.ts'
import { addOnTwo } from '../kernels/scalar.ts'
import { compareRows, FitRecord, type FitRows, type FitWork } from './fit-record.ts'
import { LocalSeeding } from './local-seeding.ts'
import { groupBoundCount, PackedCentroids, placesMost } from './packed-centroids.ts'
import type { Runner } from './runner.ts'
import { WorkingCopy } from './working-copy.ts'

/** A {@link FitEngine} over rows in a runner's memory: one thread or many. */
export class LocalFit implements FitEngine {
  readonly columns: number
  /** The record and the working copy: for who brings the rows by windows. */
  readonly record: FitRecord
  readonly copy: WorkingCopy
  readonly #packed: PackedCentroids
  readonly #seeding: LocalSeeding
  #grids: Grids | null = null
  #ranges: Ranges | null = null
  #sums: CentroidSums | null = null
  #kept: Uint32Array | null = null
  #sqsAddress = 0

  /** @param oneGroup whether rows keep one lower bound however many centroids there are */
  constructor(runner: Runner, rows: FitRows, oneGroup: boolean = false) {
    this.columns = rows.columns
    this.record = new FitRecord(runner, rows)
    this.copy = new WorkingCopy(this.record)
    this.#seeding = new LocalSeeding(this.record, this.copy, placesMost(rows.k))
    this.#packed = new PackedCentroids(this.record, this.copy, oneGroup)
  }

  prepare(): Grids {
    return this.#grids ?? this.adopt(this.findRanges())
  }

  /** The ranges of the rows held. */
  findRanges(): Ranges {
    const { memory, threads } = this.record.runner
    const { columns, rows, weights } = this.record.rows
    const address = this.record.space(RANGES, threads * columns * 16)
    const found = memory.f64(address, threads * columns * 2)
    for (let t = 0; t < threads; t++) {
      found.fill(Number.POSITIVE_INFINITY, t * 2 * columns, (t * 2 + 1) * columns)
      found.fill(Number.NEGATIVE_INFINITY, (t * 2 + 1) * columns, (t * 2 + 2) * columns)
    }
    this.record.pass('ranges')
    const minima = new Float64Array(columns)
    const maxima = new Float64Array(columns)
    for (let j = 0; j < columns; j++) {
      minima[j] = Number.POSITIVE_INFINITY
      maxima[j] = Number.NEGATIVE_INFINITY
      for (let t = 0; t < threads; t++) {
        minima[j] = Math.min(minima[j], found[t * 2 * columns + j])
        maxima[j] = Math.max(maxima[j], found[(t * 2 + 1) * columns + j])
      }
    }
    let weight = rows
    let largestWeight = 1
    if (weights !== 0) {
      weight = 0
      largestWeight = 0
      for (const w of memory.f64(weights, rows)) {
        weight += Math.ceil(w)
        if (w > largestWeight) largestWeight = w
      }
    }
    return { minima, maxima, weight, largestWeight }
  }

  /** Takes the ranges of all rows, and makes the grids and the working copy that go with them. */
  adopt(ranges: Ranges): Grids {
    this.#ranges = ranges
    this.#grids = gridsOf(ranges)
    this.copy.make(ranges)
    this.#makeGrids(this.#grids)
    return this.#grids
  }

  #makeGrids(grids: Grids): void {
    const { memory } = this.record.runner
    const { columns } = this.record.rows
    memory.f64(this.record.space(SUM_ORIGIN, columns * 8), columns).set(grids.origin)
    memory.f64(this.record.space(COARSE, columns * 8), columns).set(grids.coarse)
    memory.f64(this.record.space(FINE, columns * 8), columns).set(grids.fine)
    this.record.set(WEIGHT_COARSE, grids.weightCoarse)
    this.record.set(WEIGHT_FINE, grids.weightFine)
  }

  #prepared(): { grids: Grids; ranges: Ranges } {
    if (this.#grids === null || this.#ranges === null)
      throw new Error('prepare comes first: this is a defect of nigh')
    return { grids: this.#grids, ranges: this.#ranges }
  }

  // --- assignment -------------------------------------------------------------------------------------------------

  assign(centroids: Float64Array, first: boolean): Assigned {
    this.beginAssigning(centroids, first)
    this.assignHeld()
    return this.endAssigning(this.record.rows.rows)
  }

  /** Readies an assignment: of the rows held, or of windows of rows one after another. */
  beginAssigning(centroids: Float64Array, first: boolean): void {
    this.#prepared()
    const { memory, threads } = this.record.runner
    const { columns } = this.record.rows
    const k = centroids.length / columns
    if (first) {
      this.#startAssigning(centroids, k)
      this.copy.makeNarrow(k, placesMost(this.record.rows.k), this.record.get(GROUPS) === 1)
    } else {
      this.#packed.follow(centroids, k)
    }
    this.#packed.pack(centroids, k)
    this.record.set(FIRST, first ? 1 : 0)
    const stats = memory.f64(this.record.get(STATS), threads * 8)
    for (let t = 0; t < threads; t++) {
      stats[t * 8] = 0
      stats[t * 8 + STAT_AGAIN] = 0
    }
  }

  /** Labels the rows held; what changes is gathered. */
  assignHeld(): void {
    this.record.pass('assign')
  }

  /** What the assignment of so many rows found. */
  endAssigning(rows: number): Assigned {
    const { memory, threads } = this.record.runner
    const stats = memory.f64(this.record.get(STATS), threads * 8)
    let changed = 0
    let again = 0
    for (let t = 0; t < threads; t++) {
      changed += stats[t * 8]
      again += stats[t * 8 + STAT_AGAIN]
    }
    if (again * 4 > rows) this.copy.giveUpNarrow()
    return { changed, sums: this.#mergeSums(this.record.get(CLUSTERS)) }
  }

  #startAssigning(centroids: Float64Array, k: number): void {
    const { memory, threads } = this.record.runner
    const { room: rows } = this.record
    const { columns, k: most } = this.record.rows
    const groups = this.#packed.layOut(centroids, k)
    memory.f64(this.record.space(PATHS, most * 8), most).fill(0)
    memory.f64(this.record.space(OTHER_PATHS, most * 8), most).fill(0)
    memory.f32(this.record.space(PATHS_32, most * 4), most).fill(0)
    memory.f32(this.record.space(OTHER_PATHS_32, most * 4), most).fill(0)
    memory.f32(this.record.space(DUE_PATHS_32, most * 4), most).fill(0)
    this.record.space(UPPER, rows * 4)
    this.record.space(LOWER, rows * 4)
    if (groups > 1) this.record.space(GROUP_LOWER, groupBoundCount(rows, most) * 2)
    else if (this.record.get(GROUP_LOWER) !== 0) this.record.set(GROUP_LOWER, 0)
    memory.f64(this.record.space(SUMS, threads * most * columns * 16), threads * most * columns * 2).fill(0)
    memory.f64(this.record.space(COUNTS, threads * most * 16), threads * most * 2).fill(0)
    memory.u8(this.record.space(TOUCHED, threads * most), threads * most).fill(0)
    this.#sums = {
      coarse: new Float64Array(k * columns),
      fine: new Float64Array(k * columns),
      weightCoarse: new Float64Array(k),
      weightFine: new Float64Array(k),
    }
  }

  /** Adds what the threads gathered to the sums of all rows, and clears it. */
  #mergeSums(k: number): CentroidSums {
    const { memory, threads } = this.record.runner
    const { columns } = this.record.rows
    const sums = this.#sums
    if (sums === null) throw new Error('assign comes first: this is a defect of nigh')
    const { f64, u8 } = memory.views
    const touched = this.record.get(TOUCHED)
    for (let t = 0; t < threads; t++) {
      for (let c = 0; c < k; c++) {
        const slot = t * k + c
        if (u8[touched + slot] === 0) continue
        u8[touched + slot] = 0
        const counts = this.record.get(COUNTS) / 8 + slot * 2
        sums.weightCoarse[c] += f64[counts]
        sums.weightFine[c] += f64[counts + 1]
        f64[counts] = 0
        f64[counts + 1] = 0
        const from = this.record.get(SUMS) / 8 + slot * 2 * columns
        for (let j = 0; j < columns; j++) {
          sums.coarse[c * columns + j] += f64[from + j]
          sums.fine[c * columns + j] += f64[from + columns + j]
        }
        f64.fill(0, from, from + 2 * columns)
      }
    }
    return sums
  }

  /** Labels every row with its nearest centroid, keeping neither bounds nor sums. */
  label(centroids: Float64Array): void {
    const parts = this.labelParts(centroids, this.record.rows.rows)
    while (parts.next().done !== true);
  }

  /** {@link label} in parts of about so many rows: says after each how many rows are done. */
  *labelParts(centroids: Float64Array, size: number): Generator<number, void, void> {
    const { memory } = this.record.runner
    const { columns } = this.record.rows
    const k = centroids.length / columns
    this.#packed.layOut(centroids, k, true)
    this.record.set(GROUP_LOWER, 0)
    this.record.set(UPPER, 0)
    this.record.set(SUMS, 0)
    memory.f64(this.record.space(PATHS, k * 8), k).fill(0)
    memory.f64(this.record.space(OTHER_PATHS, k * 8), k).fill(0)
    this.#packed.pack(centroids, k)
    this.record.set(FIRST, 1)
    yield* this.record.parts('assign', size)
  }

  /** Squared distances of all rows to all centroids, n × k: a copy. */
  distances(centroids: Float64Array): Float64Array {
    const parts = this.distanceParts(centroids, this.record.rows.rows)
    let next = parts.next()
    while (next.done !== true) next = parts.next()
    return next.value
  }

  /** {@link distances} in parts of about so many rows: gives after each what there is so far. */
  *distanceParts(
    centroids: Float64Array,
    size: number,
  ): Generator<{ readonly done: number; readonly distances: Float64Array }, Float64Array, void> {
    const { memory } = this.record.runner
    const { rows, columns } = this.record.rows
    const k = centroids.length / columns
    this.record.set(CLUSTERS, k)
    memory.f64(this.record.get(CENTROIDS), centroids.length).set(centroids)
    this.record.set(DISTANCES_SQ, memory.allocate(rows * k * 8))
    const distances = new Float64Array(rows * k)
    let before = 0
    for (const done of this.record.parts('distances', size)) {
      const found = memory.f64(this.record.get(DISTANCES_SQ), rows * k)
      distances.set(found.subarray(before * k, done * k), before * k)
      before = done
      yield { done, distances }
    }
    return distances
  }

  /** The range of a column, over rows of weight above zero. */
  rangeOf(column: number): { minimum: number; maximum: number } {
    const { ranges } = this.#prepared()
    return { minimum: ranges.minima[column], maximum: ranges.maxima[column] }
  }

  /** Multiplies the rows (float64, and the engine's own) by 2^exponent, and looks at them anew. */
  scaleRows(exponent: number): void {
    const { rows, columns, points, double } = this.record.rows
    const values = double
      ? this.record.runner.memory.f64(points, rows * columns)
      : this.record.runner.memory.f32(points, rows * columns)
    const factor = 2 ** exponent
    for (let i = 0; i < values.length; i++) values[i] *= factor
    this.#grids = null
    this.prepare()
  }

  // --- empty clusters, inertia, labels ----------------------------------------------------------------------------

  /** The sum of the squared distances of the rows held to their own centroids, on three grids. */
  residuals(centroids: Float64Array, out: number): [number, number, number] {
    const { grids, ranges } = this.#prepared()
    const { memory, threads } = this.record.runner
    const { columns } = this.record.rows
    memory.f64(this.record.get(CENTROIDS), centroids.length).set(centroids)
    // A given centroid may lie outside the rows' ranges: the grids must hold distances to it.
    let largest = 0
    for (let j = 0; j < columns; j++) {
      let low = ranges.minima[j]
      let high = ranges.maxima[j]
      for (let at = j; at < centroids.length; at += columns) {
        low = Math.min(low, centroids[at])
        high = Math.max(high, centroids[at])
      }
      largest += (high - low) ** 2
    }
    this.record.setSqGrids(largest * (1 + 1e-9), grids.bits)
    memory.f64(this.record.get(SQ_SUMS), threads * 4).fill(0)
    this.record.set(DISTANCES_SQ, out)
    this.record.pass('residuals')
    const sums = memory.f64(this.record.get(SQ_SUMS), threads * 4)
    let [a, b, c] = [0, 0, 0]
    for (let t = 0; t < threads; t++) {
      a += sums[t * 4]
      b += sums[t * 4 + 1]
      c += sums[t * 4 + 2]
    }
    return [a, b, c]
  }

  /** Space for one squared distance a row. */
  sqs(): number {
    if (this.#sqsAddress === 0) this.#sqsAddress = this.record.runner.memory.allocate(this.record.room * 8)
    return this.#sqsAddress
  }

  inertia(centroids: Float64Array): number {
    const [a, b, c] = this.residuals(centroids, 0)
    return a + b + c
  }

  farthest(centroids: Float64Array, count: number): FarRow[] {
    const { memory } = this.record.runner
    const { rows, weights } = this.record.rows
    const out = this.sqs()
    this.residuals(centroids, out)
    const sqs = memory.f64(out, rows)
    const weight = weights === 0 ? null : memory.f64(weights, rows)
    const found: FarRow[] = []
    while (found.length < count) {
      let best: FarRow | null = null
      for (let i = 0; i < rows; i++) {
        const sq = sqs[i]
        if (sq === 0 || (weight !== null && weight[i] === 0)) continue
        if (best !== null && sq < best.distanceSq) continue
        const row = this.record.row(i)
        if (found.some((far) => compareRows(far.row, row) === 0)) continue
        if (best === null || sq > best.distanceSq || compareRows(row, best.row) < 0) {
          best = { row, distanceSq: sq }
        }
      }
      if (best === null) break
      found.push(best)
    }
    return found
  }

  relocate(row: Float64Array, cluster: number): Assigned {
    const { memory } = this.record.runner
    const { rows, weights } = this.record.rows
    const grids = this.#prepared().grids
    const sums = this.#sums
    if (sums === null) throw new Error('assign comes first: this is a defect of nigh')
    const labels = memory.u32(this.record.get(LABELS), rows)
    const weight = weights === 0 ? null : memory.f64(weights, rows)
    // The bounds of these rows no longer belong to their label: an upper bound of +∞ has them looked at again.
    const upper = memory.f32(this.record.get(UPPER), rows)
    let changed = 0
    for (let i = 0; i < rows; i++) {
      if (!this.record.rowEquals(i, row)) continue
      if (labels[i] === cluster) continue
      const w = weight === null ? 1 : weight[i]
      if (w !== 0) {
        moveOnGrids(sums, grids, row, labels[i], w, -1)
        moveOnGrids(sums, grids, row, cluster, w, 1)
        changed++
      }
      labels[i] = cluster
      upper[i] = Number.POSITIVE_INFINITY
      this.#forgetBounds(i)
    }
    return { changed, sums }
  }

  /** Lower bounds of a row whose label was changed by hand: nothing is known. */
  #forgetBounds(row: number): void {
    const { memory } = this.record.runner
    const { rows } = this.record.rows
    memory.f32(this.record.get(LOWER), rows)[row] = Number.NEGATIVE_INFINITY
    const groupLower = this.record.get(GROUP_LOWER)
    if (groupLower === 0) return
    const groups = this.record.get(GROUPS)
    const bounds = memory.u16(groupLower, Math.ceil(rows / ROUND) * ROUND * groups)
    const round = Math.floor(row / ROUND) * groups
    for (let g = 0; g < groups; g++) bounds[(round + g) * ROUND + (row % ROUND)] = 0
  }

  keepLabels(): void {
    const labels = this.record.runner.memory.u32(this.record.get(LABELS), this.record.rows.rows)
    if (this.#kept === null) this.#kept = new Uint32Array(labels)
    else this.#kept.set(labels)
  }

  /** The labels of the best start. */
  get labels(): Uint32Array {
    if (this.#kept === null) throw new Error('no labels were kept: this is a defect of nigh')
    return this.#kept
  }

  /** The labels as they are now: a copy. */
  currentLabels(): Uint32Array {
    return new Uint32Array(this.record.runner.memory.u32(this.record.get(LABELS), this.record.rows.rows))
  }

  /** The sums as they are. */
  get sums(): CentroidSums {
    if (this.#sums === null) throw new Error('assign comes first: this is a defect of nigh')
    return this.#sums
  }

  get grids(): Grids {
    return this.#prepared().grids
  }

  get ranges(): Ranges {
    return this.#prepared().ranges
  }

  /** How much the fit worked so far. */
  get work(): FitWork {
    return this.record.work
  }

  // --- seeding ----------------------------------------------------------------------------------------------------

  startSeeding(): void {
    this.#seeding.start(this.#prepared().grids, this.sqs())
  }

  draw(by: 'weight' | 'distance', at: number, taken: readonly Float64Array[]): Float64Array | null {
    return this.#seeding.draw(by, at, taken)
  }

  tryRows(rows: readonly Float64Array[]): Float64Array {
    return this.#seeding.tryRows(rows)
  }

  bestOf(rows: readonly Float64Array[]): number {
    return this.#seeding.bestOf(rows)
  }

  takeRow(row: Float64Array): void {
    this.#seeding.takeRow(row)
  }
}

/** Moves one row in sums on grids, as the assignment kernel does. */
function moveOnGrids(
  sums: CentroidSums,
  grids: Grids,
  row: Float64Array,
  cluster: number,
  weight: number,
  sign: number,
): void {
  const columns = row.length
  const whole = Math.floor(weight)
  const part = weight - whole
  const held = new Float64Array(2)
  addOnTwo(held, 0, weight, sign, 0, grids.weightCoarse, grids.weightFine)
  sums.weightCoarse[cluster] += held[0]
  sums.weightFine[cluster] += held[1]
  for (let j = 0; j < columns; j++) {
    held.fill(0)
    addOnTwo(held, 0, row[j] - grids.origin[j], whole, part, grids.coarse[j], grids.fine[j])
    sums.coarse[cluster * columns + j] += held[0] * sign
    sums.fine[cluster * columns + j] += held[1] * sign
  }
}
