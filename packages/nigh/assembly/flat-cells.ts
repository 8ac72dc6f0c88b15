// Flat search by cells: rows that lie near one another are packed side by side, and far cells are passed over.
//
// Idea. Each packed row x̂ belongs to the nearest of a few hundred pivots p̂ (cells.ts), and rows of a cell are packed in
// order of their distance from it, run by run, so that a run knows the range of those distances, low to high.
//
//   for each four queries: their own cells first, and the thresholds that these give
//   for each run, each four queries: by the triangle inequality, a row of the run is at least
//         max(‖q̂ − p̂‖ − high, low − ‖q̂ − p̂‖)
//     away from q̂. Beyond what the threshold reaches (Q_REACH) for all four: passed over.
//
// Bound. All of it holds between whole-number vectors, whose squared distances are exact but for the half of an odd norm
// (1 at most under the root); flat-slot.ts adds what that and float32 may lose. So what is passed over has a score above
// the threshold, and would not have been listed: the answers are those of the full scan.
//
// Ties. Rows with the same numbers are in the same cell at the same distance, in order of their row numbers: a search that
// has k rows at distance 0 need not look for more of them (flat-list.ts), as in the full scan.
//
// Source: Ciaccia, Patella and Zezula 1997 (bounds by a pivot's ball and ring); cells as in Jégou, Douze and Schmid 2011,
// here exact.

import {
  CELL_RUNS,
  CELLS,
  CUT_HALVES,
  HALVES,
  COLUMNS,
  MODE,
  MODE_NEAREST,
  PANEL_COUNT,
  PANELS,
  QUERY_CELLS,
  QUERY_NEAREST,
  QUERY_WORK,
  RUN_BYTES,
  RUN_HIGH,
  RUN_LOW,
  RUN_PANEL,
  RUN_PANELS,
  RUNS,
  SLICES,
} from '../src/kernels/near-layout'
import { currentCut, learnCut, startCuts, useCut } from './flat-cut'
import { cut } from './flat-list'
import { cutOf, widthOf } from './flat-pack'
import { scan1, scanBlock } from './flat-scan'
import { Q_COUNT, Q_EXACT, Q_FOUND, Q_QUERY, Q_REACH, SLOT } from './flat-slot'
import { address, integer } from './record'

/** Scores of four queries and eight points between two decisions on the cut. */
const LEARN: i32 = 1024

/** Where the state lies: the choice of the cut, then scores given up and computed since it was made. */
const GIVEN: usize = 32
const TILES: usize = 36
const WORK: usize = 40

/** Scans the cells of a slice for a block of queries; returns how many scores that took. */
export function scanCells(
  record: usize,
  scratch: usize,
  state: usize,
  groups: usize,
  slots: usize,
  reaches: usize,
  queries: i32,
  slice: i32,
): f64 {
  const cells = integer(record, CELLS)
  const slices = integer(record, SLICES)
  const fromCell = (cells * slice) / slices
  const endCell = (cells * (slice + 1)) / slices
  const fours = (queries + 3) >> 2
  const owns = reaches + <usize>fours * ((<usize>cells) << 4)
  startCuts(state)
  store<i32>(state, 0, GIVEN)
  store<i32>(state, 0, TILES)
  store<f64>(state, 0, WORK)
  useCut(record, state, slots, queries)
  place(record, slots, reaches, owns, queries)

  const nearest = integer(record, MODE) == MODE_NEAREST
  if (nearest) {
    for (let g = 0; g < fours; g++) {
      scanOwn(record, scratch, state, groups, slots, reaches, owns, queries, g, fromCell, endCell)
    }
  }
  const runs = address(record, CELL_RUNS)
  for (let cell = fromCell; cell < endCell; cell++) {
    const end = load<i32>(runs + ((<usize>cell) << 2), 4)
    for (let run = load<i32>(runs + ((<usize>cell) << 2)); run < end; run++) {
      for (let g = 0; g < fours; g++) {
        if (nearest) {
          const own = v128.load(owns + ((<usize>g) << 4))
          if (v128.any_true(i32x4.eq(own, i32x4.splat(cell)))) continue
        }
        scanRun(record, scratch, state, groups, slots, reaches, queries, g, cell, run)
      }
    }
  }
  return load<f64>(state, WORK)
}

/** Puts the distances to the pivots, and the nearest cells, of four queries side by side. */
function place(record: usize, slots: usize, reaches: usize, owns: usize, queries: i32): void {
  const cells = integer(record, CELLS)
  const room = (<usize>(cells + 7) & ~7) << 2
  const fours = (queries + 3) >> 2
  for (let i = 0; i < fours << 2; i++) {
    // Places of the last four without a query repeat the first of them; their thresholds want nothing.
    const source = i < queries ? i : i & ~3
    const query = <usize>load<u32>(slots + <usize>source * SLOT + Q_QUERY)
    let from = address(record, QUERY_CELLS) + query * room
    let to = reaches + <usize>(i >> 2) * ((<usize>cells) << 4) + ((<usize>(i & 3)) << 2)
    for (let cell = 0; cell < cells; cell++) {
      store<f32>(to, load<f32>(from))
      from += 4
      to += 16
    }
    store<i32>(owns + ((<usize>i) << 2), load<i32>(address(record, QUERY_NEAREST) + (query << 2)))
  }
}

/**
 * The own cells of four queries, for their rows and thresholds. Cells of other slices come first, for the thresholds
 * alone: k rows in hand anywhere bound the distance of a neighbour everywhere.
 */
function scanOwn(
  record: usize,
  scratch: usize,
  state: usize,
  groups: usize,
  slots: usize,
  reaches: usize,
  owns: usize,
  queries: i32,
  g: i32,
  fromCell: i32,
  endCell: i32,
): void {
  const runs = address(record, CELL_RUNS)
  const own = owns + ((<usize>g) << 4)
  const here = min(4, queries - g * 4)
  for (let mine = 0; mine < 2; mine++) {
    let scanned = false
    for (let i = 0; i < here; i++) {
      const cell = load<i32>(own + ((<usize>i) << 2))
      if (<i32>(cell >= fromCell && cell < endCell) != mine) continue
      let again = false
      for (let j = 0; j < i; j++) again = again || load<i32>(own + ((<usize>j) << 2)) == cell
      if (again) continue
      scanned = true
      const end = load<i32>(runs + ((<usize>cell) << 2), 4)
      for (let run = load<i32>(runs + ((<usize>cell) << 2)); run < end; run++) {
        scanRun(record, scratch, state, groups, slots, reaches, queries, g, cell, run)
      }
    }
    if (!scanned) continue
    for (let i = 0; i < here; i++) {
      const slot = slots + <usize>(g * 4 + i) * SLOT
      if (!load<i32>(slot + Q_EXACT)) cut(record, slot)
      if (mine == 1) continue
      store<i32>(slot + Q_COUNT, 0)
      store<i32>(slot + Q_FOUND, 0)
      store<i32>(slot + Q_EXACT, 0)
    }
  }
}

/** A run of panels for four queries, unless it is out of reach of all. */
function scanRun(
  record: usize,
  scratch: usize,
  state: usize,
  groups: usize,
  slots: usize,
  reaches: usize,
  queries: i32,
  g: i32,
  cell: i32,
  number: i32,
): void {
  const cells = integer(record, CELLS)
  const run = address(record, RUNS) + <usize>number * RUN_BYTES
  const slot = slots + <usize>(g * 4) * SLOT
  const distance = v128.load(reaches + ((<usize>(g * cells + cell)) << 4))
  const least = f32x4.max(
    f32x4.sub(distance, v128.load32_splat(run, RUN_HIGH)),
    f32x4.sub(v128.load32_splat(run, RUN_LOW), distance),
  )
  let reach = v128.load32_zero(slot + Q_REACH)
  reach = v128.load32_lane(slot + SLOT + Q_REACH, reach, 1)
  reach = v128.load32_lane(slot + 2 * SLOT + Q_REACH, reach, 2)
  reach = v128.load32_lane(slot + 3 * SLOT + Q_REACH, reach, 3)
  if (!v128.any_true(f32x4.le(least, reach))) return

  const width = widthOf(integer(record, COLUMNS))
  const first = load<i32>(run, RUN_PANEL)
  const count = load<i32>(run, RUN_PANELS)
  const panel = address(record, PANELS) + <usize>first * (width << 3)
  const halves = address(record, HALVES) + ((<usize>first) << 5)
  const work = <f64>(count * 8) * <f64>min(4, queries - g * 4)
  store<f64>(state, load<f64>(state, WORK) + work, WORK)
  if (queries == 1) {
    const query = address(record, QUERY_WORK) + <usize>load<u32>(slot + Q_QUERY) * width
    scan1(record, scratch, query, width, panel, halves, count, first * 8, slot)
    return
  }
  const cuts = address(record, CUT_HALVES)
  const l = currentCut(state)
  const size = (<usize>integer(record, PANEL_COUNT)) << 5
  const given = scanBlock(
    record,
    scratch,
    groups + <usize>g * (width << 2),
    slot,
    4,
    width,
    l == 0 ? 0 : (<usize>cutOf(integer(record, COLUMNS), l)) << 1,
    panel,
    halves,
    cuts + <usize>max(l - 1, 0) * size + ((<usize>first) << 5),
    count,
    first * 8,
  )
  if (!cuts) return
  const tiles = load<i32>(state, TILES) + count
  const givenNow = load<i32>(state, GIVEN) + given
  store<i32>(state, tiles, TILES)
  store<i32>(state, givenNow, GIVEN)
  if (tiles < LEARN) return
  if (learnCut(state, <f64>givenNow / <f64>tiles)) useCut(record, state, slots, queries)
  store<i32>(state, 0, TILES)
  store<i32>(state, 0, GIVEN)
}
