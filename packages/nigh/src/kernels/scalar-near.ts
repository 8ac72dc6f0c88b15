import type { NearKernelTable } from './contract.ts'
import type { Memory, Views } from './memory.ts'
import {
  BLOCK,
  COLUMNS,
  COUNTS,
  DISTANCES_SQ,
  DOUBLE,
  INDICES,
  LIMIT_SQ,
  MERGED_DISTANCES_SQ,
  MERGED_INDICES,
  MODE,
  MODE_LIST,
  MODE_NEAREST,
  NEIGHBORS,
  NO_ROW,
  OFFSETS,
  ORDER,
  POINTS,
  QUERIES,
  QUERY_COUNT,
  ROWS,
  SELF,
  SLICES,
  STATS,
  STAT_EXACT,
} from './near-layout.ts'

/**
 * The reference kernels of the neighbour search: every query against every point, each distance by its definition.
 * What the other sets prepare (panels, trees) is not looked at here, so it is not made.
 */
export function scalarNearKernels(memory: Memory): NearKernelTable {
  return {
    flatPack: nothing,
    flatPivots: nothing,
    flatCells: nothing,
    flatQueries: nothing,
    flatSearch: (record, from, to, thread) => flatSearch(memory.views, record / 8, from, to, thread),
    flatMerge: (record, from, to) => flatMerge(memory.views, record / 8, from, to),
    treeLoad: nothing,
    treeHalve: nothing,
    treeFinish: nothing,
    treeTop: nothing,
    treeSearch: (record, from, to, thread) => treeSearch(memory.views, record / 8, from, to, thread),
  }
}

function nothing(): void {}

/** Item i is slice i mod SLICES of the points, for block ⌊i ÷ SLICES⌋ of the queries. */
function flatSearch(views: Views, r: number, from: number, to: number, thread: number): void {
  const { f64 } = views
  const slices = f64[r + SLICES]
  const block = f64[r + BLOCK]
  const count = f64[r + QUERY_COUNT]
  const rows = f64[r + ROWS]
  const panels = Math.ceil(rows / 8)
  for (let item = from; item < to; item++) {
    const slice = item % slices
    const first = Math.floor(item / slices) * block
    const firstRow = Math.floor((panels * slice) / slices) * 8
    const endRow = Math.min(rows, Math.floor((panels * (slice + 1)) / slices) * 8)
    for (let query = first; query < Math.min(count, first + block); query++) {
      search(views, r, query, slice * count + query, firstRow, endRow, thread)
    }
  }
}

function treeSearch(views: Views, r: number, from: number, to: number, thread: number): void {
  const order = views.f64[r + ORDER]
  const rows = views.f64[r + ROWS]
  for (let item = from; item < to; item++) {
    const query = order === 0 ? item : views.u32[order / 4 + item]
    search(views, r, query, query, 0, rows, thread)
  }
}

/** One query against rows `firstRow` to `endRow`; its k nearest go to place `place` of the answers. */
function search(
  { f64, f32, u32 }: Views,
  r: number,
  query: number,
  place: number,
  firstRow: number,
  endRow: number,
  thread: number,
): void {
  const columns = f64[r + COLUMNS]
  const double = f64[r + DOUBLE] !== 0
  const points = f64[r + POINTS] / (double ? 8 : 4)
  const values = double ? f64 : f32
  const mode = f64[r + MODE]
  const k = f64[r + NEIGHBORS]
  const limitSq = f64[r + LIMIT_SQ]
  const own = f64[r + SELF] < 0 ? NO_ROW : f64[r + SELF] + query
  const start = mode === MODE_NEAREST ? place * k : mode === MODE_LIST ? f64[f64[r + OFFSETS] / 8 + query] : 0
  const sqs = f64[r + DISTANCES_SQ] / 8 + start
  const indices = f64[r + INDICES] / 4 + start
  const at = f64[r + QUERIES] / 8 + query * columns
  let found = 0
  for (let row = firstRow; row < endRow; row++) {
    if (row === own) continue
    let sq = 0
    for (let j = 0, p = points + row * columns; j < columns; j++) {
      const t = values[p + j] - f64[at + j]
      sq += t * t
    }
    if (mode === MODE_NEAREST) {
      found = keep(f64, u32, sqs, indices, found, k, sq, row)
    } else if (sq <= limitSq) {
      if (mode === MODE_LIST) keep(f64, u32, sqs, indices, found, found + 1, sq, row)
      found++
    }
  }
  f64[f64[r + STATS] / 8 + thread * 8 + STAT_EXACT] += endRow - firstRow
  if (mode === MODE_NEAREST) {
    for (let i = found; i < k; i++) {
      f64[sqs + i] = Number.POSITIVE_INFINITY
      u32[indices + i] = NO_ROW
    }
  } else if (mode !== MODE_LIST) {
    f64[f64[r + COUNTS] / 8 + query] = found
  }
}

/** Puts a pair in its place among the `found` best so far, sorted, of which `capacity` are kept; rows come in any order. */
function keep(
  f64: Float64Array,
  u32: Uint32Array,
  sqs: number,
  indices: number,
  found: number,
  capacity: number,
  sq: number,
  row: number,
): number {
  let at = Math.min(found, capacity - 1)
  if (found === capacity && !before(sq, row, f64[sqs + at], u32[indices + at])) return found
  while (at > 0 && before(sq, row, f64[sqs + at - 1], u32[indices + at - 1])) {
    f64[sqs + at] = f64[sqs + at - 1]
    u32[indices + at] = u32[indices + at - 1]
    at--
  }
  f64[sqs + at] = sq
  u32[indices + at] = row
  return Math.min(found + 1, capacity)
}

/** A tie goes to the smaller row. */
function before(sqA: number, rowA: number, sqB: number, rowB: number): boolean {
  return sqA < sqB || (sqA === sqB && rowA < rowB)
}

function flatMerge({ f64, u32 }: Views, r: number, from: number, to: number): void {
  const count = f64[r + QUERY_COUNT]
  const k = f64[r + NEIGHBORS]
  const slices = f64[r + SLICES]
  for (let query = from; query < to; query++) {
    const sqs = f64[r + MERGED_DISTANCES_SQ] / 8 + query * k
    const indices = f64[r + MERGED_INDICES] / 4 + query * k
    let found = 0
    for (let slice = 0; slice < slices; slice++) {
      const place = (slice * count + query) * k
      for (let i = 0; i < k; i++) {
        const row = u32[f64[r + INDICES] / 4 + place + i]
        if (row === NO_ROW) break
        found = keep(f64, u32, sqs, indices, found, k, f64[f64[r + DISTANCES_SQ] / 8 + place + i], row)
      }
    }
  }
}
