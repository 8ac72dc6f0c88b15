import { type Grids, gridsOf, type Ranges, threeGrids } from '../kmeans/grids.ts'
import type { Assigned, CentroidSums, FarRow, FitEngine } from '../kmeans/passes.ts'
import {
  BUCKET_SHIFT,
  BUCKETS,
  CANDIDATE_GAPS,
  CANDIDATE_HALVES,
  CANDIDATE_NARROW,
  CANDIDATE_PANEL,
  CANDIDATE_ROWS,
  CANDIDATES,
  CENTROIDS,
  CLUSTERS,
  COARSE,
  COLUMNS,
  COUNTS,
  DISTANCES_SQ,
  DOUBLE,
  FIELDS,
  FINE,
  FIRST,
  GAINED,
  GAINS,
  GROUP_LOWER,
  GROUP_OF,
  GROUP_PANELS,
  GROUP_PATHS,
  GROUP_PATHS_32,
  GROUPS,
  HALF_GAPS,
  HALVES,
  HASHES,
  LABELS,
  LIMITS,
  LOWER,
  NARROW,
  NARROW_ERROR,
  NARROW_PANELS,
  NARROW_ROW_ERROR,
  NARROW_STEP,
  NARROW_UNIT,
  NEAREST,
  NORM_MAX,
  NORMS_SQ,
  ORIGIN,
  OTHER_PATHS,
  OTHER_PATHS_32,
  PANELS,
  PATHS,
  PATHS_32,
  PLACES,
  POINTS,
  RANGES,
  ROUND,
  ROWS,
  SCALE,
  SCRATCH,
  SCRATCH_BYTES,
  SQ_GRID_1,
  SQ_GRID_2,
  SQ_GRID_3,
  SQ_SUMS,
  STAT_AGAIN,
  STAT_CUT_SQ,
  STAT_DISTANCES,
  STAT_EXACT,
  STATS,
  SUM_ORIGIN,
  SUMS,
  TAKEN,
  TAKEN_AS,
  TOUCHED,
  UPPER,
  WEIGHT_COARSE,
  WEIGHT_FINE,
  WEIGHTS,
  WORK,
  WORK_CENTROIDS,
} from '../kernels/layout.ts'
import { hashRow } from '../kernels/scalar.ts'
import { groupCentroids } from './centroid-groups.ts'
import type { Runner } from './runner.ts'

/** Where the rows of a fit lie in the runner's memory. */
export interface FitRows {
  readonly rows: number
  readonly columns: number
  /** Address of the rows, n × d, and whether they are float64. */
  readonly points: number
  readonly double: boolean
  /** Address of the weights, float64, n; 0 where every weight is 1. */
  readonly weights: number
  /** At most this many centroids. */
  readonly k: number
}

/** How much a fit worked. */
export interface FitWork {
  /** Distances computed, fast or exact. */
  readonly distances: number
  /** Rows that were decided by exact distances. */
  readonly exact: number
}

/** A {@link FitEngine} over rows in a runner's memory: one thread or many. */
export class LocalFit implements FitEngine {
  readonly columns: number
  readonly #runner: Runner
  readonly #at: FitRows
  /** Address of the record. */
  readonly #record: number
  readonly #block: number
  #grids: Grids | null = null
  #ranges: Ranges | null = null
  #sums: CentroidSums | null = null
  #centroids: Float64Array = new Float64Array(0)
  #places: Int32Array = new Int32Array(0)
  #groupOf: Int32Array = new Int32Array(0)
  #seeding: Seeding | null = null
  #kept: Uint32Array | null = null
  #sqsAddress = 0
  /** Largest absolute number of the working copy. */
  #reach = 0
  #gapsAddress = 0
  #narrowGivenUp = false

  constructor(runner: Runner, rows: FitRows) {
    this.#runner = runner
    this.#at = rows
    this.columns = rows.columns
    const { memory, threads } = runner
    const { rows: n, columns, k } = rows
    this.#record = memory.allocate(FIELDS * 8)
    memory.f64(this.#record, FIELDS).fill(0)
    const share = Math.ceil(n / (threads * 16) / ROUND) * ROUND
    this.#block = Math.min(Math.max(share, ROUND), 32 * ROUND)
    this.#set(ROWS, n)
    this.#set(COLUMNS, columns)
    this.#set(POINTS, rows.points)
    this.#set(DOUBLE, rows.double ? 1 : 0)
    this.#set(WEIGHTS, rows.weights)
    // Kernels read four labels at a time, and so up to three past the last: those must be labels too.
    this.#set(LABELS, memory.allocate((n + 4) * 4))
    memory.u32(this.#get(LABELS), n + 4).fill(0, n)
    this.#set(STATS, memory.allocate(threads * 64))
    memory.f64(this.#get(STATS), threads * 8).fill(0)
    const scratch = 14 * 4 * ROUND + 512
    this.#set(SCRATCH_BYTES, scratch)
    this.#set(SCRATCH, memory.allocate(threads * scratch))
    this.#set(CENTROIDS, memory.allocate(k * columns * 8))
    this.#set(SQ_SUMS, memory.allocate(threads * 32))
  }

  /** The record's address: for passes that models run on the same rows. */
  get record(): number {
    return this.#record
  }

  #set(field: number, value: number): void {
    this.#runner.memory.views.f64[this.#record / 8 + field] = value
  }

  #get(field: number): number {
    return this.#runner.memory.views.f64[this.#record / 8 + field]
  }

  /** Space for an array whose address goes into a field, handed out once. */
  #space(field: number, bytes: number): number {
    const known = this.#get(field)
    if (known !== 0) return known
    const address = this.#runner.memory.allocate(bytes)
    this.#set(field, address)
    return address
  }

  #rowsPass(
    kernel: 'ranges' | 'centre' | 'narrow' | 'assign' | 'residuals' | 'distances' | 'hash' | 'seed',
  ): void {
    this.#runner.run(kernel, this.#record, this.#at.rows, this.#block)
  }

  prepare(): Grids {
    const { memory, threads } = this.#runner
    const { columns, rows, weights } = this.#at
    const address = this.#space(RANGES, threads * columns * 16)
    const found = memory.f64(address, threads * columns * 2)
    for (let t = 0; t < threads; t++) {
      found.fill(Number.POSITIVE_INFINITY, t * 2 * columns, (t * 2 + 1) * columns)
      found.fill(Number.NEGATIVE_INFINITY, (t * 2 + 1) * columns, (t * 2 + 2) * columns)
    }
    this.#rowsPass('ranges')
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
    this.#ranges = { minima, maxima, weight, largestWeight }
    this.#grids = gridsOf(this.#ranges)
    this.#makeWorkingCopy(this.#ranges)
    this.#makeGrids(this.#grids)
    return this.#grids
  }

  /**
   * Makes the float32 copy that the fast kernels read: centred where the rows lie far from 0 for their spread, scaled
   * by a power of two where float32 could not hold their squares. Otherwise float32 rows are their own working copy.
   */
  #makeWorkingCopy(ranges: Ranges): void {
    const { memory } = this.#runner
    const { columns, rows, points, double } = this.#at
    const { origin, centred } = this.#sampleOrigin()
    let reach = 0
    for (let j = 0; j < columns; j++) {
      const from = centred ? origin[j] : 0
      reach = Math.max(reach, Math.abs(ranges.maxima[j] - from), Math.abs(ranges.minima[j] - from))
    }
    const scale = reach > 2 ** 40 || (reach > 0 && reach < 2 ** -30) ? 2 ** -Math.round(Math.log2(reach)) : 1
    const copy = double || centred || scale !== 1
    if (!centred) origin.fill(0)
    memory.f64(this.#space(ORIGIN, columns * 8), columns).set(origin)
    this.#set(SCALE, scale)
    this.#set(WORK, copy ? memory.allocate(rows * columns * 4) : points)
    this.#space(NORMS_SQ, rows * 4)
    this.#rowsPass('centre')
    this.#reach = reach * scale
  }

  /**
   * Makes the int16 copy, where many columns make the dense kernel worth halving. Steps are powers of two, as fine as
   * sums of d products in int32 allow.
   */
  #makeNarrowCopy(k: number): void {
    const { memory, threads, kernels } = this.#runner
    const { columns, rows } = this.#at
    if (kernels.set === 'scalar' || columns < NARROW_COLUMNS || k < 16 || this.#get(NARROW) !== 0) return
    if (!(this.#reach > 0) || this.#narrowGivenUp) return
    const width = columns + (columns & 1)
    this.#set(NARROW_STEP, powerOfTwoAbove(this.#reach / narrowMost(width)))
    this.#set(NARROW, memory.allocate(rows * width * 2))
    this.#space(NARROW_PANELS, this.#placesMost() * width * 2)
    const stats = memory.f64(this.#get(STATS), threads * 8)
    for (let t = 0; t < threads; t++) stats[t * 8 + STAT_CUT_SQ] = 0
    this.#rowsPass('narrow')
    let largest = 0
    for (let t = 0; t < threads; t++) largest = Math.max(largest, stats[t * 8 + STAT_CUT_SQ])
    this.#set(NARROW_ROW_ERROR, Math.sqrt(largest * (1 + (columns + 8) * 1.2e-7)) * (1 + 1e-6))
  }

  /** Writes the packed centroids as int16. */
  #packNarrow(work: Float32Array<ArrayBufferLike>): void {
    const { memory } = this.#runner
    const { columns } = this.#at
    const width = columns + (columns & 1)
    let reach = 0
    for (let at = 0; at < work.length; at++) reach = Math.max(reach, Math.abs(work[at]))
    const step = powerOfTwoAbove(reach / narrowMost(width))
    const places = this.#places
    const panels = new Int16Array(memory.buffer, this.#get(NARROW_PANELS), places.length * width)
    let largest = 0
    for (let p = 0; p < places.length; p++) {
      const c = places[p]
      const lane = (p >> 3) * width * 8 + (p & 7) * 2
      let sq = 0
      for (let j = 0; j < width; j++) {
        const x = c < 0 || j >= columns ? 0 : work[c * columns + j]
        const whole = Math.round(x / step)
        panels[lane + (j >> 1) * 16 + (j & 1)] = whole
        sq += (x - whole * step) ** 2
      }
      if (sq > largest) largest = sq
    }
    this.#set(NARROW_ERROR, Math.sqrt(largest) * (1 + 1e-6))
    this.#set(NARROW_UNIT, step * this.#get(NARROW_STEP))
  }

  /** Means of a sample of rows, and whether the rows lie far from 0 for their spread. */
  #sampleOrigin(): { origin: Float64Array; centred: boolean } {
    const { memory } = this.#runner
    const { columns, rows, points, double } = this.#at
    const values = double ? memory.f64(points, rows * columns) : memory.f32(points, rows * columns)
    const stride = Math.max(1, Math.floor(rows / 1024))
    const origin = new Float64Array(columns)
    let sampled = 0
    for (let i = 0; i < rows; i += stride, sampled++) {
      for (let j = 0; j < columns; j++) origin[j] += values[i * columns + j]
    }
    for (let j = 0; j < columns; j++) origin[j] /= sampled
    let spreadSq = 0
    let distanceSq = 0
    for (let i = 0; i < rows; i += stride) {
      for (let j = 0; j < columns; j++) spreadSq += (values[i * columns + j] - origin[j]) ** 2
    }
    for (let j = 0; j < columns; j++) distanceSq += origin[j] ** 2
    return { origin, centred: distanceSq * sampled > 4 * spreadSq }
  }

  #makeGrids(grids: Grids): void {
    const { memory } = this.#runner
    const { columns } = this.#at
    memory.f64(this.#space(SUM_ORIGIN, columns * 8), columns).set(grids.origin)
    memory.f64(this.#space(COARSE, columns * 8), columns).set(grids.coarse)
    memory.f64(this.#space(FINE, columns * 8), columns).set(grids.fine)
    this.#set(WEIGHT_COARSE, grids.weightCoarse)
    this.#set(WEIGHT_FINE, grids.weightFine)
  }

  #prepared(): { grids: Grids; ranges: Ranges } {
    if (this.#grids === null || this.#ranges === null)
      throw new Error('prepare comes first: this is a defect of nigh')
    return { grids: this.#grids, ranges: this.#ranges }
  }

  // --- assignment -------------------------------------------------------------------------------------------------

  assign(centroids: Float64Array, first: boolean): Assigned {
    this.#prepared()
    const { memory, threads } = this.#runner
    const { columns } = this.#at
    const k = centroids.length / columns
    if (first) {
      this.#makeNarrowCopy(k)
      this.#startAssigning(centroids, k)
    } else {
      this.#followCentroids(centroids, k)
    }
    this.#centroids = centroids.slice()
    this.#pack(centroids, k)
    this.#set(FIRST, first ? 1 : 0)
    const stats = memory.f64(this.#get(STATS), threads * 8)
    for (let t = 0; t < threads; t++) {
      stats[t * 8] = 0
      stats[t * 8 + STAT_AGAIN] = 0
    }
    this.#rowsPass('assign')
    let changed = 0
    let again = 0
    for (let t = 0; t < threads; t++) {
      changed += stats[t * 8]
      again += stats[t * 8 + STAT_AGAIN]
    }
    // Where int16 leaves too much open, it costs more than it saves.
    if (again * 4 > this.#at.rows) {
      this.#narrowGivenUp = true
      this.#set(NARROW, 0)
    }
    return { changed, sums: this.#mergeSums(k) }
  }

  /** At most this many places hold packed centroids. */
  #placesMost(): number {
    const { k } = this.#at
    return (Math.ceil(k / 8) + Math.ceil(k / 4) + 1) * 8
  }

  /** Groups the centroids and makes room for their packed form; returns the number of groups. */
  #layOutGroups(centroids: Float64Array, k: number): number {
    const { memory } = this.#runner
    const { columns, k: most } = this.#at
    this.#set(CLUSTERS, k)
    const groups = groupCentroids(centroids, columns, groupSize(most, columns))
    this.#places = groups.places
    this.#groupOf = groups.groupOf
    this.#set(GROUPS, groups.count)
    const placesMost = this.#placesMost()
    memory.i32(this.#space(GROUP_PANELS, (most + 2) * 4), groups.count + 1).set(groups.panels)
    memory.i32(this.#space(PLACES, placesMost * 4), groups.places.length).set(groups.places)
    memory.i32(this.#space(GROUP_OF, most * 4), k).set(groups.groupOf)
    this.#space(PANELS, placesMost * columns * 4)
    this.#space(HALVES, placesMost * 4)
    this.#space(WORK_CENTROIDS, most * columns * 4)
    return groups.count
  }

  #startAssigning(centroids: Float64Array, k: number): void {
    const { memory, threads } = this.#runner
    const { columns, rows, k: most } = this.#at
    const groups = this.#layOutGroups(centroids, k)
    memory.f64(this.#space(PATHS, most * 8), most).fill(0)
    memory.f64(this.#space(GROUP_PATHS, most * 8), most).fill(0)
    memory.f64(this.#space(OTHER_PATHS, most * 8), most).fill(0)
    memory.f32(this.#space(PATHS_32, most * 4), most).fill(0)
    memory.f32(this.#space(OTHER_PATHS_32, most * 4), most).fill(0)
    memory.f32(this.#space(GROUP_PATHS_32, most * 4), most).fill(0)
    this.#space(UPPER, rows * 4)
    this.#space(LOWER, rows * 4)
    if (groups > 1) this.#space(GROUP_LOWER, Math.ceil(rows / ROUND) * ROUND * groupsMost(most) * 4)
    else if (this.#get(GROUP_LOWER) !== 0) this.#set(GROUP_LOWER, 0)
    memory.f64(this.#space(SUMS, threads * most * columns * 16), threads * most * columns * 2).fill(0)
    memory.f64(this.#space(COUNTS, threads * most * 16), threads * most * 2).fill(0)
    memory.u8(this.#space(TOUCHED, threads * most), threads * most).fill(0)
    this.#sums = {
      coarse: new Float64Array(k * columns),
      fine: new Float64Array(k * columns),
      weightCoarse: new Float64Array(k),
      weightFine: new Float64Array(k),
    }
  }

  /** Lengthens the paths by what the centroids moved since the last assignment, rounded up. */
  #followCentroids(centroids: Float64Array, k: number): void {
    const { memory } = this.#runner
    const { columns } = this.#at
    const scale = this.#get(SCALE)
    const paths = memory.f64(this.#get(PATHS), k)
    const groupCount = this.#get(GROUPS)
    const groupPaths = memory.f64(this.#get(GROUP_PATHS), groupCount)
    const groupSteps = new Float64Array(groupCount)
    const widening = 1 + (columns + 8) * 2.3e-16
    let [longest, second, mover] = [0, 0, -1]
    for (let c = 0; c < k; c++) {
      let sq = 0
      for (let j = 0; j < columns; j++) {
        const t = centroids[c * columns + j] - this.#centroids[c * columns + j]
        sq += t * t
      }
      if (sq === 0) continue
      const step = Math.sqrt(sq) * scale * widening + 1e-300
      paths[c] = (paths[c] + step) * (1 + 2.3e-16)
      const g = this.#groupOf[c]
      if (step > groupSteps[g]) groupSteps[g] = step
      if (step > longest) {
        second = longest
        longest = step
        mover = c
      } else if (step > second) {
        second = step
      }
    }
    const groupPaths32 = memory.f32(this.#get(GROUP_PATHS_32), groupCount)
    for (let g = 0; g < groupCount; g++) {
      groupPaths[g] = (groupPaths[g] + groupSteps[g]) * (1 + 2.3e-16)
      groupPaths32[g] = groupPaths[g] * (1 + 1.2e-7) + 1e-37
    }
    const otherPaths = memory.f64(this.#get(OTHER_PATHS), k)
    const paths32 = memory.f32(this.#get(PATHS_32), k)
    const otherPaths32 = memory.f32(this.#get(OTHER_PATHS_32), k)
    for (let c = 0; c < k; c++) {
      otherPaths[c] = (otherPaths[c] + (c === mover ? second : longest)) * (1 + 2.3e-16)
      paths32[c] = paths[c] * (1 + 1.2e-7) + 1e-37
      otherPaths32[c] = otherPaths[c] * (1 + 1.2e-7) + 1e-37
    }
  }

  /** Writes the centroids where the kernels read them: as given, in the working unit, and packed in panels. */
  #pack(centroids: Float64Array, k: number): void {
    const { memory } = this.#runner
    const { columns } = this.#at
    memory.f64(this.#get(CENTROIDS), centroids.length).set(centroids)
    const origin = memory.f64(this.#get(ORIGIN), columns)
    const scale = this.#get(SCALE)
    const work = memory.f32(this.#get(WORK_CENTROIDS), k * columns)
    const halves = new Float64Array(k)
    let largest = 0
    for (let c = 0; c < k; c++) {
      let sq = 0
      for (let j = 0; j < columns; j++) {
        const at = c * columns + j
        work[at] = (centroids[at] - origin[j]) * scale
        sq += work[at] * work[at]
      }
      halves[c] = sq / 2
      if (sq > largest) largest = sq
    }
    this.#set(NORM_MAX, Math.sqrt(largest) * (1 + 1e-9))
    const places = this.#places
    const panels = memory.f32(this.#get(PANELS), places.length * columns)
    const packedHalves = memory.f32(this.#get(HALVES), places.length)
    for (let p = 0; p < places.length; p++) {
      const c = places[p]
      const lane = (p >> 3) * columns * 8 + (p & 7)
      packedHalves[p] = c < 0 ? Number.POSITIVE_INFINITY : halves[c]
      for (let j = 0; j < columns; j++) panels[lane + j * 8] = c < 0 ? 0 : work[c * columns + j]
    }
    if (this.#get(NARROW) !== 0) this.#packNarrow(work)
    if (k > 1 && k * k * columns <= HALF_GAP_WORK) this.#findHalfGaps(centroids, k, scale)
  }

  /** Half the distance from each centroid to its nearest other, rounded down: a row nearer than that cannot change. */
  #findHalfGaps(centroids: Float64Array, k: number, scale: number): void {
    const { columns } = this.#at
    const gapsSq = new Float64Array(k).fill(Number.POSITIVE_INFINITY)
    for (let a = 0; a < k; a++) {
      for (let b = 0; b < a; b++) {
        let sq = 0
        for (let j = 0; j < columns; j++) {
          const t = centroids[a * columns + j] - centroids[b * columns + j]
          sq += t * t
        }
        if (sq < gapsSq[a]) gapsSq[a] = sq
        if (sq < gapsSq[b]) gapsSq[b] = sq
      }
    }
    const halfGaps = this.#runner.memory.f32(this.#space(HALF_GAPS, this.#at.k * 4), k)
    for (let c = 0; c < k; c++) halfGaps[c] = 0.5 * Math.sqrt(gapsSq[c]) * scale * (1 - 1e-6)
  }

  /** Adds what the threads gathered to the sums of all rows, and clears it. */
  #mergeSums(k: number): CentroidSums {
    const { memory, threads } = this.#runner
    const { columns } = this.#at
    const sums = this.#sums
    if (sums === null) throw new Error('assign comes first: this is a defect of nigh')
    const { f64, u8 } = memory.views
    const touched = this.#get(TOUCHED)
    for (let t = 0; t < threads; t++) {
      for (let c = 0; c < k; c++) {
        const slot = t * k + c
        if (u8[touched + slot] === 0) continue
        u8[touched + slot] = 0
        const counts = this.#get(COUNTS) / 8 + slot * 2
        sums.weightCoarse[c] += f64[counts]
        sums.weightFine[c] += f64[counts + 1]
        f64[counts] = 0
        f64[counts + 1] = 0
        const from = this.#get(SUMS) / 8 + slot * 2 * columns
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
    const { memory } = this.#runner
    const { columns } = this.#at
    const k = centroids.length / columns
    this.#layOutGroups(centroids, k)
    this.#set(GROUP_LOWER, 0)
    this.#set(UPPER, 0)
    this.#set(SUMS, 0)
    memory.f64(this.#space(PATHS, k * 8), k).fill(0)
    memory.f64(this.#space(GROUP_PATHS, k * 8), k).fill(0)
    memory.f64(this.#space(OTHER_PATHS, k * 8), k).fill(0)
    this.#pack(centroids, k)
    this.#set(FIRST, 1)
    this.#rowsPass('assign')
  }

  /** Squared distances of all rows to all centroids, n × k: a copy. */
  distances(centroids: Float64Array): Float64Array {
    const { memory } = this.#runner
    const { rows, columns } = this.#at
    const k = centroids.length / columns
    this.#set(CLUSTERS, k)
    memory.f64(this.#get(CENTROIDS), centroids.length).set(centroids)
    this.#set(DISTANCES_SQ, memory.allocate(rows * k * 8))
    this.#rowsPass('distances')
    return new Float64Array(memory.f64(this.#get(DISTANCES_SQ), rows * k))
  }

  /** The range of a column, over rows of weight above zero. */
  rangeOf(column: number): { minimum: number; maximum: number } {
    const { ranges } = this.#prepared()
    return { minimum: ranges.minima[column], maximum: ranges.maxima[column] }
  }

  /** Multiplies the rows (float64, and the engine's own) by 2^exponent, and looks at them anew. */
  scaleRows(exponent: number): void {
    const { rows, columns, points, double } = this.#at
    const values = double
      ? this.#runner.memory.f64(points, rows * columns)
      : this.#runner.memory.f32(points, rows * columns)
    const factor = 2 ** exponent
    for (let i = 0; i < values.length; i++) values[i] *= factor
    this.#grids = null
    this.prepare()
  }

  // --- empty clusters, inertia, labels ----------------------------------------------------------------------------

  #residuals(centroids: Float64Array, out: number): number {
    const { grids, ranges } = this.#prepared()
    const { memory, threads } = this.#runner
    const { columns } = this.#at
    memory.f64(this.#get(CENTROIDS), centroids.length).set(centroids)
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
    this.#setSqGrids(largest * (1 + 1e-9), grids.bits)
    memory.f64(this.#get(SQ_SUMS), threads * 4).fill(0)
    this.#set(DISTANCES_SQ, out)
    this.#rowsPass('residuals')
    const sums = memory.f64(this.#get(SQ_SUMS), threads * 4)
    let [a, b, c] = [0, 0, 0]
    for (let t = 0; t < threads; t++) {
      a += sums[t * 4]
      b += sums[t * 4 + 1]
      c += sums[t * 4 + 2]
    }
    return a + b + c
  }

  #setSqGrids(largest: number, bits: number): void {
    const [one, two, three] = threeGrids(largest, bits)
    this.#set(SQ_GRID_1, one)
    this.#set(SQ_GRID_2, two)
    this.#set(SQ_GRID_3, three)
  }

  /** Space for one squared distance a row. */
  #sqs(): number {
    if (this.#sqsAddress === 0) this.#sqsAddress = this.#runner.memory.allocate(this.#at.rows * 8)
    return this.#sqsAddress
  }

  inertia(centroids: Float64Array): number {
    return this.#residuals(centroids, 0)
  }

  farthest(centroids: Float64Array, count: number): FarRow[] {
    const { memory } = this.#runner
    const { rows, weights } = this.#at
    const out = this.#sqs()
    this.#residuals(centroids, out)
    const sqs = memory.f64(out, rows)
    const weight = weights === 0 ? null : memory.f64(weights, rows)
    const found: FarRow[] = []
    while (found.length < count) {
      let best: FarRow | null = null
      for (let i = 0; i < rows; i++) {
        const sq = sqs[i]
        if (sq === 0 || (weight !== null && weight[i] === 0)) continue
        if (best !== null && sq < best.distanceSq) continue
        const row = this.#row(i)
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
    const { memory } = this.#runner
    const { rows, weights } = this.#at
    const grids = this.#prepared().grids
    const sums = this.#sums
    if (sums === null) throw new Error('assign comes first: this is a defect of nigh')
    const labels = memory.u32(this.#get(LABELS), rows)
    const weight = weights === 0 ? null : memory.f64(weights, rows)
    // The bounds of these rows no longer belong to their label: an upper bound of +∞ has them looked at again.
    const upper = memory.f32(this.#get(UPPER), rows)
    let changed = 0
    for (let i = 0; i < rows; i++) {
      if (!this.#rowEquals(i, row)) continue
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
    const { memory } = this.#runner
    const { rows } = this.#at
    memory.f32(this.#get(LOWER), rows)[row] = Number.NEGATIVE_INFINITY
    const groupLower = this.#get(GROUP_LOWER)
    if (groupLower === 0) return
    const groups = this.#get(GROUPS)
    const bounds = memory.f32(groupLower, Math.ceil(rows / ROUND) * ROUND * groups)
    const round = Math.floor(row / ROUND) * groups
    for (let g = 0; g < groups; g++) bounds[(round + g) * ROUND + (row % ROUND)] = Number.NEGATIVE_INFINITY
  }

  #row(i: number): Float64Array {
    const { memory } = this.#runner
    const { columns, points, double } = this.#at
    return Float64Array.from(
      double ? memory.f64(points + i * columns * 8, columns) : memory.f32(points + i * columns * 4, columns),
    )
  }

  #rowEquals(i: number, row: Float64Array): boolean {
    const { columns, points, double } = this.#at
    const { f64, f32 } = this.#runner.memory.views
    const values = double ? f64 : f32
    const at = points / (double ? 8 : 4) + i * columns
    for (let j = 0; j < columns; j++) if (values[at + j] !== row[j]) return false
    return true
  }

  keepLabels(): void {
    const labels = this.#runner.memory.u32(this.#get(LABELS), this.#at.rows)
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
    return new Uint32Array(this.#runner.memory.u32(this.#get(LABELS), this.#at.rows))
  }

  /** How much the fit worked so far. */
  get work(): FitWork {
    const { memory, threads } = this.#runner
    const stats = memory.f64(this.#get(STATS), threads * 8)
    let distances = 0
    let exact = 0
    for (let t = 0; t < threads; t++) {
      distances += stats[t * 8 + STAT_DISTANCES]
      exact += stats[t * 8 + STAT_EXACT]
    }
    return { distances, exact }
  }

  // --- seeding ----------------------------------------------------------------------------------------------------

  startSeeding(): void {
    const { grids } = this.#prepared()
    const { memory, threads } = this.#runner
    const { rows, columns, k } = this.#at
    this.#setSqGrids(grids.spanSq * (1 + 1e-9), grids.bits)
    this.#makeNarrowCopy(k)
    if (this.#seeding === null) {
      this.#space(HASHES, rows * 4)
      this.#rowsPass('hash')
      this.#space(NEAREST, rows * 4)
      this.#space(CANDIDATE_PANEL, columns * 32)
      this.#space(CANDIDATE_HALVES, 32)
      this.#space(CANDIDATE_ROWS, columns * 64)
      this.#space(CANDIDATE_NARROW, (columns + 1) * 16)
      this.#space(LIMITS, rows * 4)
      this.#set(BUCKET_SHIFT, 32 - bucketBits(rows))
      this.#gapsAddress = memory.allocate((k + 1) * 32)
      this.#space(GAINS, threads * 256)
      this.#space(BUCKETS, threads * 2 ** bucketBits(rows) * 16)
      this.#seeding = new Seeding(memory.u32(this.#get(HASHES), rows), bucketBits(rows))
    }
    this.#set(DISTANCES_SQ, this.#sqs())
    memory.f64(this.#get(BUCKETS), threads * this.#seeding.totals.length).fill(0)
    this.#seeding.restart()
    // Norms of all rows bound the error of any candidate: a candidate is a row.
    let largest = 0
    for (const sq of memory.f32(this.#get(NORMS_SQ), rows)) if (sq > largest) largest = sq
    this.#set(NORM_MAX, Math.sqrt(largest) * (1 + 1e-6))
  }

  #seedingState(): Seeding {
    if (this.#seeding === null) throw new Error('startSeeding comes first: this is a defect of nigh')
    return this.#seeding
  }

  draw(by: 'weight' | 'distance', at: number, taken: readonly Float64Array[]): Float64Array | null {
    const seeding = this.#seedingState()
    const { grids } = this.#prepared()
    const { memory } = this.#runner
    const { rows, weights } = this.#at
    const weight = weights === 0 ? null : memory.f64(weights, rows)
    const value = this.#drawValue(by, grids)
    const sums = by === 'weight' ? this.#weightBuckets(seeding, weight, value) : seeding.totals
    if (by === 'weight') {
      for (let t = seeding.excluded; t < taken.length; t++) this.#exclude(seeding, taken[t], weight, value)
      seeding.excluded = taken.length
    }
    let [totalA, totalB] = [0, 0]
    const count = sums.length / 2
    for (let b = 0; b < count; b++) {
      totalA += sums[2 * b]
      totalB += sums[2 * b + 1]
    }
    const total = totalA + totalB
    if (!(total > 0)) return null
    const target = at * total
    let [a, b, bucket, last] = [0, 0, -1, -1]
    for (let i = 0; i < count; i++) {
      if (sums[2 * i] === 0 && sums[2 * i + 1] === 0) continue
      last = i
      if (a + sums[2 * i] + (b + sums[2 * i + 1]) > target) {
        bucket = i
        break
      }
      a += sums[2 * i]
      b += sums[2 * i + 1]
    }
    const past = bucket < 0 // rounding put the target past the end: the last row with weight
    const members = this.#canonical(seeding, past ? last : bucket)
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
    return chosen < 0 ? null : this.#row(chosen)
  }

  /** What a row weighs in a draw, on two grids. */
  #drawValue(
    by: 'weight' | 'distance',
    grids: Grids,
  ): (row: number, weight: number, sum: Float64Array) => void {
    if (by === 'weight') {
      return (_, weight, sum) => addOnTwo(sum, 0, weight, 1, 0, grids.weightCoarse, grids.weightFine)
    }
    const sqs = this.#runner.memory.f64(this.#get(DISTANCES_SQ), this.#at.rows)
    const coarse = this.#get(SQ_GRID_1)
    const fine = this.#get(SQ_GRID_2)
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
    const hashes = this.#runner.memory.u32(this.#get(HASHES), this.#at.rows)
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
      if (!this.#rowEquals(i, row)) continue
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
    return seeding.sorted(bucket, (a, b) => compareRows(this.#row(a), this.#row(b)) || a - b)
  }

  tryRows(rows: readonly Float64Array[]): Float64Array {
    const seeding = this.#seedingState()
    const gains = new Float64Array(rows.length)
    seeding.tried = rows
    for (let from = 0; from < rows.length; from += 8) {
      const at = (seeding.gained[from / 8] ??= this.#runner.memory.allocate(this.#at.rows))
      this.#set(GAINED, at)
      gains.set(this.#tryEight(rows.slice(from, from + 8)), from)
    }
    return gains
  }

  #tryEight(rows: readonly Float64Array[]): Float64Array {
    const seeding = this.#seedingState()
    const { memory, threads } = this.#runner
    this.#packCandidates(rows)
    this.#packGaps(rows)
    this.#set(CANDIDATES, rows.length)
    this.#set(TAKEN, -1)
    this.#set(FIRST, 0)
    memory.f64(this.#get(GAINS), threads * 32).fill(0)
    const before = this.work.distances
    this.#rowsPass('seed')
    // Where the triangle inequality rules out little, its table is not worth making.
    const spared = 1 - (this.work.distances - before) / (8 * this.#at.rows)
    if (seeding.taken.length >= 8 && spared < 0.25) seeding.gapsPay = false
    const found = memory.f64(this.#get(GAINS), threads * 32)
    const gains = new Float64Array(rows.length)
    for (let c = 0; c < rows.length; c++) {
      let [x, y, z] = [0, 0, 0]
      for (let t = 0; t < threads; t++) {
        x += found[t * 32 + c * 4]
        y += found[t * 32 + c * 4 + 1]
        z += found[t * 32 + c * 4 + 2]
      }
      gains[c] = x + y + z
    }
    return gains
  }

  takeRow(row: Float64Array): void {
    const seeding = this.#seedingState()
    const { memory, threads } = this.#runner
    const first = seeding.taken.length === 0
    // A row that was tried left word of who gains from it; the first row is everybody's nearest.
    let place = seeding.tried.indexOf(row)
    if (!first && place < 0) {
      this.tryRows([row])
      place = 0
    }
    if (first) place = 0
    else this.#set(GAINED, seeding.gained[Math.floor(place / 8)])
    memory.f64(this.#get(CANDIDATE_ROWS) + (place % 8) * row.length * 8, row.length).set(row)
    this.#set(TAKEN, place % 8)
    this.#set(TAKEN_AS, seeding.taken.length)
    this.#set(FIRST, first ? 1 : 0)
    this.#rowsPass('seed')
    seeding.taken.push(row)
    const count = seeding.totals.length
    const buckets = memory.f64(this.#get(BUCKETS), threads * count)
    const totals = seeding.totals
    for (let t = 0; t < threads; t++) {
      for (let b = 0; b < count; b++) totals[b] += buckets[t * count + b]
    }
    buckets.fill(0)
  }

  /** Writes candidates where the kernels read them. */
  #packCandidates(rows: readonly Float64Array[]): void {
    const { memory } = this.#runner
    const { columns } = this.#at
    const origin = memory.f64(this.#get(ORIGIN), columns)
    const scale = this.#get(SCALE)
    const panel = memory.f32(this.#get(CANDIDATE_PANEL), columns * 8)
    const halves = memory.f32(this.#get(CANDIDATE_HALVES), 8)
    const exact = memory.f64(this.#get(CANDIDATE_ROWS), columns * 8)
    const width = columns + (columns & 1)
    const isNarrow = this.#get(NARROW) !== 0
    const step = isNarrow ? this.#get(NARROW_STEP) : 1
    const narrowPanel = new Int16Array(memory.buffer, this.#get(CANDIDATE_NARROW), width * 8)
    narrowPanel.fill(0)
    this.#set(NARROW_UNIT, step * step)
    panel.fill(0)
    halves.fill(Number.POSITIVE_INFINITY)
    for (let c = 0; c < rows.length; c++) {
      exact.set(rows[c], c * columns)
      let sq = 0
      for (let j = 0; j < columns; j++) {
        const x = Math.fround((rows[c][j] - origin[j]) * scale)
        panel[j * 8 + c] = x
        if (isNarrow) narrowPanel[(j >> 1) * 16 + c * 2 + (j & 1)] = roundEven(x / step)
        sq += x * x
      }
      halves[c] = sq / 2
    }
  }

  /** Writes a quarter of the candidates' squared distances to the rows taken. */
  #packGaps(rows: readonly Float64Array[]): void {
    const seeding = this.#seedingState()
    const { memory } = this.#runner
    const { columns } = this.#at
    this.#set(CANDIDATE_GAPS, seeding.gapsPay ? this.#gapsAddress : 0)
    if (!seeding.gapsPay) return
    const factor = this.#get(SCALE) ** 2 * 0.25 * (1 - 4e-6)
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

/**
 * Bits of the hash that name a bucket: about four rows a bucket, 4,096 buckets at most. How many there are changes no
 * draw: buckets only cut the one canonical order into runs.
 */
function bucketBits(rows: number): number {
  return Math.min(12, Math.max(2, Math.ceil(Math.log2(rows)) - 2))
}

/** To the nearest whole number, halves to the even one: as the kernels round. */
function roundEven(x: number): number {
  const big = 6755399441055744 // 1.5 · 2^52
  return x + big - big
}

/** Orders rows column by column. */
function compareRows(a: Float64Array, b: Float64Array): number {
  for (let j = 0; j < a.length; j++) {
    if (a[j] !== b[j]) return a[j] < b[j] ? -1 : 1
  }
  return 0
}

function addOnTwo(
  sum: Float64Array,
  at: number,
  value: number,
  whole: number,
  part: number,
  coarse: number,
  fine: number,
): void {
  const a = value + coarse - coarse
  sum[at] += whole * a
  sum[at + 1] += whole * (value - a + fine - fine)
  if (part !== 0) {
    const product = value * part
    const b = product + coarse - coarse
    sum[at] += b
    sum[at + 1] += product - b + fine - fine
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

/** Centroids a group: all of them (Hamerly) while the dense kernel is cheaper than keeping many bounds, else 8 or 16. */
function groupSize(k: number, columns: number): number {
  if (k <= 16 || k * columns <= ONE_GROUP_WORK) return Math.ceil(k / 8) * 8
  return k <= 256 ? 8 : 16
}

/** At most this many groups come of k centroids. */
function groupsMost(k: number): number {
  return Math.ceil(k / 8) + 1
}

/** Largest int16 step count with which `width` products add up in int32. */
function narrowMost(width: number): number {
  return Math.min(32767, Math.floor(Math.sqrt(2147483647 / width)) - 1)
}

function powerOfTwoAbove(value: number): number {
  return value > 0 ? 2 ** Math.ceil(Math.log2(value * (1 + 1e-12))) : 1
}

const NARROW_COLUMNS = 12
const ONE_GROUP_WORK = 3000
const HALF_GAP_WORK = 40000
