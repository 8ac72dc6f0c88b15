import { checkChoice, checkOptions, InputError } from '../check.ts'
import type { Search, Steps } from '../indexes/search.ts'
import { type RunOptions, runOptionNames } from '../indexes/steps.ts'
import { type FilterOptions, nearestSteps, withinSteps } from './search-steps.ts'

/** Options of `graph`: either `k` or `radius`. */
export interface GraphOptions extends RunOptions, FilterOptions {
  /** Edges from each row to its k nearest others. */
  readonly k?: number
  /** Edges from each row to all others within the radius. */
  readonly radius?: number
  /** What an edge carries: its distance, or 1. Default: 'distance'. */
  readonly values?: 'distance' | 'connectivity'
  /**
   * Whose edges are kept: all as they are ('directed'), those that go both ways ('mutual'), or those that go either
   * way, as edges both ways ('either'). Default: 'directed'.
   */
  readonly symmetry?: 'directed' | 'mutual' | 'either'
}

/** A sparse n × n matrix (compressed rows): row i has the columns from `offsets[i]` to `offsets[i + 1]` (exclusive), ascending. */
export interface NeighborGraph {
  /** n. */
  readonly rows: number
  /** n + 1 positions. */
  readonly offsets: Uint32Array
  /** The rows that edges lead to. */
  readonly indices: Uint32Array
  /** What edges carry. */
  readonly values: Float64Array
}

/** The graph of the fitted rows and their neighbours, no row its own. */
export function* graphSteps(call: string, search: Search, options: GraphOptions): Steps<NeighborGraph> {
  checkOptions(call, options, ['k', 'radius', 'values', 'symmetry', 'filter', ...runOptionNames])
  const { k, radius, values: carried = 'distance', symmetry = 'directed', ...rest } = options
  const carry = checkChoice(call, 'values', carried, ['distance', 'connectivity'])
  const kept = checkChoice(call, 'symmetry', symmetry, ['directed', 'mutual', 'either'])
  const n = search.rows
  let offsets: ArrayLike<number>
  let found: { readonly indices: Uint32Array; readonly distances: Float64Array }
  if (k !== undefined && radius === undefined) {
    found = yield* nearestSteps(call, search, undefined, undefined, { ...rest, k }, k)
    offsets = Array.from({ length: n + 1 }, (_, i) => i * k)
  } else if (radius !== undefined && k === undefined) {
    const within = yield* withinSteps(call, search, undefined, undefined, { ...rest, radius })
    found = within
    offsets = within.offsets
  } else {
    throw new InputError(
      'E_PARAM',
      'k',
      `${call}: either k or radius must be given, got ${k === undefined ? 'neither' : 'both'}`,
    )
  }
  const { indices, distances } = found
  const rows: Map<number, number>[] = Array.from({ length: n }, (_, i) => {
    const row = new Map<number, number>()
    for (let at = offsets[i]; at < offsets[i + 1]; at++) row.set(indices[at], distances[at])
    return row
  })
  const result: Map<number, number>[] =
    kept === 'mutual'
      ? rows.map((row, i) => new Map([...row].filter(([j]) => rows[j].has(i))))
      : rows.map((row) => new Map(row))
  if (kept === 'either') {
    rows.forEach((row, i) => {
      for (const [j, distance] of row) if (!rows[j].has(i)) result[j].set(i, distance)
    })
  }
  return compressed(result, carry === 'connectivity')
}

function compressed(rows: readonly Map<number, number>[], ones: boolean): NeighborGraph {
  const offsets = new Uint32Array(rows.length + 1)
  rows.forEach((row, i) => {
    offsets[i + 1] = offsets[i] + row.size
  })
  const indices = new Uint32Array(offsets[rows.length])
  const values = new Float64Array(offsets[rows.length])
  rows.forEach((row, i) => {
    const edges = [...row].sort((a, b) => a[0] - b[0])
    edges.forEach(([j, distance], at) => {
      indices[offsets[i] + at] = j
      values[offsets[i] + at] = ones ? 1 : distance
    })
  })
  return { rows: rows.length, offsets, indices, values }
}
