import {
  BOUND_UNIT,
  CENTROIDS,
  CLUSTERS,
  DUE_PATHS_32,
  GROUPS,
  GROUP_OF,
  GROUP_PANELS,
  GROUP_LOWER,
  GROUP_STEPS_DOWN,
  GROUP_STEPS_UP,
  HALF_GAPS,
  HALVES,
  HALVES_OF,
  NARROW,
  NORM_MAX,
  NORMS_SQ,
  ORIGIN,
  OTHER_PATHS,
  OTHER_PATHS_32,
  PANELS,
  PATHS,
  PATHS_32,
  PLACES,
  ROUND,
  SCALE,
  WORK_CENTROIDS,
} from '../kernels/layout.ts'
import { groupCentroids } from './centroid-groups.ts'
import type { FitRecord } from './fit-record.ts'
import { powerOfTwoAbove, type WorkingCopy } from './working-copy.ts'

/** The centroids in the forms that the assignment kernel reads, and how far they have come. */
export class PackedCentroids {
  readonly #record: FitRecord
  readonly #copy: WorkingCopy
  /** As they were packed last. */
  #centroids: Float64Array = new Float64Array(0)
  #places: Int32Array = new Int32Array(0)
  /** Where each centroid is among the places. */
  #placeOf: Int32Array = new Int32Array(0)
  /** Half the squared norm of each, in the working unit. */
  #halves: Float64Array = new Float64Array(0)
  #groupOf: Int32Array = new Int32Array(0)
  /** The sum of the longest step in each group so far, rounded up. */
  #groupPaths: Float64Array = new Float64Array(0)

  readonly #oneGroup: boolean

  constructor(record: FitRecord, copy: WorkingCopy, oneGroup: boolean) {
    this.#oneGroup = oneGroup
    this.#record = record
    this.#copy = copy
  }

  /**
   * Groups the centroids and makes room for their packed form; returns the number of groups.
   *
   * @param oneGroup whether one group is enough, since no bounds are kept
   */
  layOut(centroids: Float64Array, k: number, oneGroup: boolean = this.#oneGroup): number {
    const { memory } = this.#record.runner
    const { columns, k: most } = this.#record.rows
    this.#record.set(CLUSTERS, k)
    const groups = groupCentroids(centroids, columns, oneGroup ? most : groupSize(most, columns))
    this.#places = groups.places
    this.#groupOf = groups.groupOf
    this.#record.set(GROUPS, groups.count)
    const spaces = placesMost(most)
    memory.i32(this.#record.space(GROUP_PANELS, (most + 2) * 4), groups.count + 1).set(groups.panels)
    memory.i32(this.#record.space(PLACES, spaces * 4), groups.places.length).set(groups.places)
    memory.i32(this.#record.space(GROUP_OF, most * 4), k).set(groups.groupOf)
    memory.f32(this.#record.space(PANELS, spaces * columns * 4), groups.places.length * columns).fill(0)
    memory.f32(this.#record.space(HALVES, spaces * 4), groups.places.length).fill(Number.POSITIVE_INFINITY)
    this.#placeOf = new Int32Array(k)
    for (let p = 0; p < groups.places.length; p++) {
      if (groups.places[p] >= 0) this.#placeOf[groups.places[p]] = p
    }
    this.#halves = new Float64Array(k)
    // Whatever was packed lies elsewhere now.
    this.#centroids = new Float64Array(0)
    this.#record.space(HALVES_OF, most * 4)
    this.#record.space(WORK_CENTROIDS, most * columns * 4)
    this.#groupPaths = new Float64Array(groups.count)
    memory.u16(this.#record.space(GROUP_STEPS_UP, groupsMost(most) * 2), groups.count).fill(0)
    memory.u16(this.#record.space(GROUP_STEPS_DOWN, groupsMost(most) * 2), groups.count).fill(0)
    if (groups.count > 1) this.#record.set(BOUND_UNIT, this.#boundUnit())
    return groups.count
  }

  /** A step of the bounds by group: 2^16 of them reach eight times as far as rows lie from the origin, by and large. */
  #boundUnit(): number {
    const { memory } = this.#record.runner
    const { rows } = this.#record.rows
    const norms = memory.f32(this.#record.get(NORMS_SQ), rows)
    const stride = Math.max(1, Math.floor(rows / 1024))
    let sum = 0
    let count = 0
    for (let i = 0; i < rows; i += stride, count++) sum += norms[i]
    const reach = 8 * Math.sqrt(sum / count)
    // A float32 must hold a step and its inverse, whatever the rows.
    return powerOfTwoAbove(Math.min(Math.max(reach, 1e-30), 1e30) / 65536)
  }

  /** Lengthens the paths by what the centroids moved since the last assignment, rounded up. */
  follow(centroids: Float64Array, k: number): void {
    const { memory } = this.#record.runner
    const { columns } = this.#record.rows
    const scale = this.#record.get(SCALE)
    const paths = memory.f64(this.#record.get(PATHS), k)
    const groupSteps = new Float64Array(this.#groupPaths.length)
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
    if (groupSteps.length > 1) this.#followGroups(groupSteps)
    const otherPaths = memory.f64(this.#record.get(OTHER_PATHS), k)
    const paths32 = memory.f32(this.#record.get(PATHS_32), k)
    const otherPaths32 = memory.f32(this.#record.get(OTHER_PATHS_32), k)
    const duePaths32 = memory.f32(this.#record.get(DUE_PATHS_32), k)
    for (let c = 0; c < k; c++) {
      otherPaths[c] = (otherPaths[c] + (c === mover ? second : longest)) * (1 + 2.3e-16)
      paths32[c] = paths[c] * (1 + 1.2e-7) + 1e-37
      otherPaths32[c] = otherPaths[c] * (1 + 1.2e-7) + 1e-37
      duePaths32[c] = (paths[c] + otherPaths[c]) * (1 + 1.3e-7) + 1e-37
    }
  }

  #followGroups(steps: Float64Array): void {
    const { memory } = this.#record.runner
    const paths = this.#groupPaths
    const unit = this.#record.get(BOUND_UNIT)
    let longest = 0
    for (let g = 0; g < paths.length; g++) {
      paths[g] = (paths[g] + steps[g]) * (1 + 2.3e-16)
      if (paths[g] > longest) longest = paths[g]
    }
    if (longest / unit > PATH_STEPS) {
      // The paths fill what 16 bits hold: start over, knowing nothing.
      const { rows, k } = this.#record.rows
      const bounds = groupBoundCount(rows, k)
      memory.u16(this.#record.get(GROUP_LOWER), bounds).fill(0)
      paths.fill(0)
    }
    const up = memory.u16(this.#record.get(GROUP_STEPS_UP), paths.length)
    const down = memory.u16(this.#record.get(GROUP_STEPS_DOWN), paths.length)
    for (let g = 0; g < paths.length; g++) {
      up[g] = Math.ceil(paths[g] / unit)
      down[g] = Math.floor(paths[g] / unit)
    }
  }

  /**
   * Writes the centroids where the kernels read them: as given, in the working unit, and packed in panels. Those that
   * stayed where they were packed last are there already.
   */
  pack(centroids: Float64Array, k: number): void {
    const { memory } = this.#record.runner
    const { columns } = this.#record.rows
    const before = this.#centroids
    const moved = new Uint8Array(k).fill(before.length === centroids.length ? 0 : 1)
    for (let c = 0, at = 0; c < k; c++, at += columns) {
      for (let j = at; moved[c] === 0 && j < at + columns; j++) if (centroids[j] !== before[j]) moved[c] = 1
    }
    this.#centroids = centroids.slice()
    memory.f64(this.#record.get(CENTROIDS), centroids.length).set(centroids)
    const origin = memory.f64(this.#record.get(ORIGIN), columns)
    const scale = this.#record.get(SCALE)
    const work = memory.f32(this.#record.get(WORK_CENTROIDS), k * columns)
    const panels = memory.f32(this.#record.get(PANELS), this.#places.length * columns)
    const packedHalves = memory.f32(this.#record.get(HALVES), this.#places.length)
    const halves = this.#halves
    let largest = 0
    for (let c = 0; c < k; c++) {
      if (moved[c] === 1) {
        const p = this.#placeOf[c]
        let lane = (p >> 3) * columns * 8 + (p & 7)
        let sq = 0
        for (let j = 0, at = c * columns; j < columns; j++, at++, lane += 8) {
          const x = Math.fround((centroids[at] - origin[j]) * scale)
          work[at] = x
          panels[lane] = x
          sq += x * x
        }
        halves[c] = sq / 2
        packedHalves[p] = halves[c]
      }
      if (halves[c] > largest) largest = halves[c]
    }
    this.#record.set(NORM_MAX, Math.sqrt(largest * 2) * (1 + 1e-9))
    memory.f32(this.#record.get(HALVES_OF), k).set(halves)
    if (this.#record.get(NARROW) !== 0) {
      const oneGroup = this.#record.get(GROUPS) === 1
      this.#copy.packNarrow(work, halves, moved, oneGroup ? null : this.#placeOf)
    }
    if (k > 1 && k * k * columns <= HALF_GAP_WORK) this.#findHalfGaps(centroids, k, scale)
  }

  /** Half the distance from each centroid to its nearest other, rounded down: a row nearer than that cannot change. */
  #findHalfGaps(centroids: Float64Array, k: number, scale: number): void {
    const { columns } = this.#record.rows
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
    const halfGaps = this.#record.runner.memory.f32(this.#record.space(HALF_GAPS, this.#record.rows.k * 4), k)
    for (let c = 0; c < k; c++) halfGaps[c] = 0.5 * Math.sqrt(gapsSq[c]) * scale * (1 - 1e-6)
  }
}

/** At most this many places hold packed centroids. */
export function placesMost(k: number): number {
  return (Math.ceil(k / 8) + Math.ceil(k / 4) + 1) * 8
}

/** Centroids a group: all of them (Hamerly) while the dense kernel is cheaper than keeping many bounds, else 8 or 16. */
function groupSize(k: number, columns: number): number {
  if (k <= 16 || k * columns <= ONE_GROUP_WORK) return Math.ceil(k / 8) * 8
  return k <= 256 ? 8 : 16
}

/** Room for the bounds by group: whole rounds of rows. */
export function groupBoundCount(rows: number, k: number): number {
  return Math.ceil(rows / ROUND) * ROUND * groupsMost(k)
}

/** At most this many groups come of k centroids. */
export function groupsMost(k: number): number {
  return Math.ceil(k / 8) + 1
}

/** k·d up to which all centroids are one group: keeping many bounds costs more than it saves. */
export const ONE_GROUP_WORK = 10000
/** Steps that a group's path may take before the bounds on it start over. */
const PATH_STEPS = 40000
const HALF_GAP_WORK = 40000
