import {
  CELL_RUNS,
  CELL_SHARE,
  CELL_WORK,
  CELLS,
  NO_CELL,
  NO_ROW,
  PANEL_COUNT,
  PIVOT_HALVES,
  PIVOTS,
  PLACE_ROWS,
  QUERY_NEAREST,
  QUERY_ORDER,
  ROW_CELLS,
  ROW_REACHES,
  RUN_BYTES,
  RUNS,
  SAMPLE_COUNT,
  SAMPLE_ROWS,
} from '../kernels/near-layout.ts'
import { Random } from '../random.ts'
import type { NearRecord } from './near-record.ts'

// Cells of a flat search (assembly/cells.ts, assembly/flat-cells.ts): where rows lie in clusters, they are packed cell by
// cell, and a search passes over the cells that the triangle inequality puts out of reach.

/** Rows from which cells may pay, and columns: fewer are quickly scanned. */
const LEAST_ROWS = 1 << 14
const LEAST_COLUMNS = 8
/** Cells there may be at most, however many rows. */
const MOST_CELLS = 512
/** Rows of the sample for each cell. */
const SAMPLE_PER_CELL = 8
/** The largest share of the rows left to look at for which cells pay. */
const SHARE_THAT_PAYS = 0.7
/** Panels of a run, at most. */
const RUN_LENGTH = 32
/** Steps of distance by which rows of a cell are put in order. */
const RINGS = 64
/** Rows that a step of the ordering looks at: a few milliseconds. */
const STEP_ROWS = 1 << 19

/** The cells of a flat search. */
export class NearCells {
  readonly #record: NearRecord

  constructor(record: NearRecord) {
    this.#record = record
  }

  /** How many there are; 0 where rows stay in their own order. */
  get count(): number {
    return this.#record.get(CELLS)
  }

  /** Share of the rows that a search looks at, as a sample has it; 1 without cells. */
  get share(): number {
    return this.count === 0 ? 1 : this.#record.get(CELL_SHARE)
  }

  /** How many distances to pivots are kept for a query: cells in eights. */
  get room(): number {
    return Math.ceil(this.count / 8) * 8
  }

  /** Panels that the rows may take at most. */
  get mostPanels(): number {
    return Math.ceil(this.#record.rows / 8) + this.count
  }

  /**
   * Chooses pivots by a sample of the rows. Where cells would not leave out enough, there are none, and the memory is as
   * before.
   */
  choose(): void {
    const { memory, kernels } = this.#record.runner
    const { rows, columns } = this.#record
    if (rows < LEAST_ROWS || columns < LEAST_COLUMNS || kernels.set === 'scalar') return
    const bottom = memory.top
    const most = Math.min(MOST_CELLS, Math.round(Math.sqrt(rows) / 20) * 8)
    const width = this.#record.packedWidth
    this.#record.set(CELLS, most)
    this.#record.set(PIVOTS, memory.allocate((most / 8) * width * 8))
    this.#record.set(PIVOT_HALVES, memory.allocate(most * 4))
    this.#record.set(CELL_RUNS, memory.allocate((most + 1) * 4))
    const top = memory.top
    const count = most * SAMPLE_PER_CELL
    const sample = memory.allocate(count * 4)
    const random = new Random(2)
    memory.u32(sample, count).set(Uint32Array.from({ length: count }, () => random.integer(rows)))
    this.#record.set(SAMPLE_ROWS, sample)
    this.#record.set(SAMPLE_COUNT, count)
    const stride = Math.ceil(width / 16) * 16
    this.#record.set(CELL_WORK, memory.allocate((count + most) * (stride + 20) + columns * 4 + 64))
    this.#record.run('flatPivots', 1, 1)
    memory.release(top)
    if (this.#record.get(CELL_SHARE) <= SHARE_THAT_PAYS) return
    this.#record.set(CELLS, 0)
    memory.release(bottom)
  }

  /** Makes room for the places of the rows, and for runs. */
  makeRoom(): void {
    const { memory } = this.#record.runner
    const panels = this.mostPanels
    this.#record.set(PLACE_ROWS, memory.allocate(panels * 32))
    this.#record.set(RUNS, memory.allocate((this.count + Math.ceil(panels / RUN_LENGTH)) * RUN_BYTES))
  }

  /**
   * Gives each row its cell and its place, in steps that yield the work done.
   *
   * @returns the rows that have no place, since they are out of the packed numbers' range
   */
  *fill(block: number): Generator<number, number[], void> {
    const { memory } = this.#record.runner
    const { rows, columns } = this.#record
    const { count } = this
    this.#record.set(ROW_CELLS, memory.allocate(rows * 4))
    this.#record.set(ROW_REACHES, memory.allocate(rows * 4))
    const step = Math.max(block, Math.floor((1 << 23) / columns / (1 + count / 32) / block) * block)
    for (let first = 0; first < rows; first += step) {
      this.#record.run('flatCells', Math.min(rows, first + step), block, first)
      yield step * columns
    }
    // Row by row in windows: nothing here may hold the thread for long, however many rows there are.
    const cells = memory.u32(this.#record.get(ROW_CELLS), rows)
    const reaches = memory.f32(this.#record.get(ROW_REACHES), rows)
    const farthest = new Float32Array(count)
    const unplaced: number[] = []
    for (let first = 0; first < rows; first += STEP_ROWS) {
      for (let i = first; i < Math.min(rows, first + STEP_ROWS); i++) {
        const cell = cells[i]
        if (cell === NO_CELL) unplaced.push(i)
        else if (reaches[i] > farthest[cell]) farthest[cell] = reaches[i]
      }
      yield STEP_ROWS
    }
    // Rings of a cell, from the inside: in each, rows in order, so that equal rows lie in order too.
    const ringOf = (i: number): number => {
      const cell = cells[i]
      const far = farthest[cell]
      return cell * RINGS + (far === 0 ? 0 : Math.min(RINGS - 1, Math.floor((reaches[i] / far) * RINGS)))
    }
    const next = new Uint32Array(count * RINGS)
    for (let first = 0; first < rows; first += STEP_ROWS) {
      for (let i = first; i < Math.min(rows, first + STEP_ROWS); i++)
        if (cells[i] !== NO_CELL) next[ringOf(i)]++
      yield STEP_ROWS
    }
    const starts = new Uint32Array(count + 1)
    let place = 0
    for (let cell = 0; cell < count; cell++) {
      starts[cell] = place
      for (let ring = cell * RINGS; ring < (cell + 1) * RINGS; ring++) {
        const here = next[ring]
        next[ring] = place
        place += here
      }
      place = Math.ceil(place / 8) * 8
    }
    starts[count] = place
    this.#record.set(PANEL_COUNT, place / 8)
    const places = memory.u32(this.#record.get(PLACE_ROWS), place)
    places.fill(NO_ROW)
    for (let first = 0; first < rows; first += STEP_ROWS) {
      for (let i = first; i < Math.min(rows, first + STEP_ROWS); i++) {
        if (cells[i] !== NO_CELL) places[next[ringOf(i)]++] = i
      }
      yield STEP_ROWS
    }
    yield* this.#makeRuns(starts, places, reaches)
    return unplaced
  }

  *#makeRuns(
    starts: Uint32Array,
    places: Uint32Array<ArrayBufferLike>,
    reaches: Float32Array<ArrayBufferLike>,
  ): Generator<number, void, void> {
    const { memory } = this.#record.runner
    const { count } = this
    const address = this.#record.get(RUNS)
    const firstRuns = memory.u32(this.#record.get(CELL_RUNS), count + 1)
    const { u32, f32 } = memory.views
    let run = 0
    let looked = 0
    for (let cell = 0; cell < count; cell++) {
      firstRuns[cell] = run
      const first = starts[cell] / 8
      const panels = starts[cell + 1] / 8 - first
      const pieces = Math.ceil(panels / RUN_LENGTH)
      for (let piece = 0; piece < pieces; piece++) {
        const from = first + Math.floor((panels * piece) / pieces)
        const to = first + Math.floor((panels * (piece + 1)) / pieces)
        let low = Number.POSITIVE_INFINITY
        let high = 0
        for (let at = from * 8; at < to * 8; at++) {
          if (places[at] === NO_ROW) continue
          const reach = reaches[places[at]]
          if (reach < low) low = reach
          if (reach > high) high = reach
        }
        const field = (address + run * RUN_BYTES) / 4
        u32[field] = from
        u32[field + 1] = to - from
        f32[field + 2] = low
        f32[field + 3] = high
        run++
        looked += (to - from) * 8
      }
      if (looked < STEP_ROWS) continue
      yield looked
      looked = 0
    }
    firstRuns[count] = run
  }

  /** Puts queries that have the same nearest cell side by side: they look at the same cells. */
  sortQueries(queries: number): void {
    const { memory } = this.#record.runner
    const nearest = memory.u32(this.#record.get(QUERY_NEAREST), queries)
    const next = new Uint32Array(this.count + 1)
    for (let i = 0; i < queries; i++) next[nearest[i] + 1]++
    for (let cell = 0; cell < this.count; cell++) next[cell + 1] += next[cell]
    const order = memory.u32(this.#record.get(QUERY_ORDER), queries)
    for (let i = 0; i < queries; i++) order[next[nearest[i]]++] = i
  }
}
