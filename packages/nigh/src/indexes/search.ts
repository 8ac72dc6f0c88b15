import { InputError } from '../check.ts'
import { Matrix } from '../data/matrix.ts'
import type { Metric, Place } from '../metrics/metric.ts'
import { type PreparedQueries, Space } from '../metrics/space.ts'
import { type IndexPlan, buildIndex } from './choose.ts'
import { FlatIndex } from './flat.ts'
import { KeptPoints } from './kept-points.ts'
import { type Neighbors, type NeighborsWithin, WithinList } from './neighbors.ts'
import { Selection } from './selection.ts'
import { blockRows, type Index, type NearestRequest, type WithinRequest } from './spatial-index.ts'

/** What a long search yields: how far it is, and the work since it last yielded. */
interface Stage {
  /** Queries answered (while an index is built: 0). */
  readonly done: number
  readonly total: number
  /** Numbers looked at since the last stage, about. */
  readonly work: number
}

/** A search in steps: the caller decides when to go on, and may stop. */
export type Steps<T> = Generator<Stage, T, void>

/** Numbers looked at between two yields: a few milliseconds' worth. Decides when a search may be stopped, not what it finds. */
const stageWork = 1e6

/** Queries that a `within` asks for together at first, and rows found by one run that are enough. */
const firstRun = 4
const mostFound = 2 ** 20

/** What to search for, from which queries. */
export interface SearchRequest {
  /** The call, for errors. */
  readonly call: string
  /** m × d; undefined: the fitted rows themselves, none of which is its own neighbour. */
  readonly queries: Matrix | undefined
  /** With no queries: whether each row is left out of its own answer. Default: true. */
  readonly leaveOut?: boolean
  /** n flags: only rows flagged 1 may be found. */
  readonly live?: Uint8Array | undefined
}

/** Points in their space with the index over them: from matrices in to neighbours out. */
export class Search {
  readonly space: Space
  readonly index: Index
  readonly #kept: KeptPoints
  #wideIndex: { readonly metric: Metric; readonly index: Index } | undefined

  private constructor(space: Space, index: Index, kept: KeptPoints) {
    this.space = space
    this.index = index
    this.#kept = kept
  }

  /**
   * Prepares and indexes points.
   *
   * @param lent the matrix is the caller's, who may change it after the first step: what is kept of it is copied by
   * then. Else it is nigh's own, and kept.
   */
  static *build(place: Place, matrix: Matrix, metric: Metric, plan: IndexPlan, lent = false): Steps<Search> {
    const kept = new KeptPoints(matrix, lent)
    const space = Space.of(place, matrix, metric, () => kept.own())
    const steps = buildIndex(space, kept, plan)
    let work = matrix.values.length
    for (;;) {
      const step = steps.next()
      if (step.done === true) return new Search(space, step.value, kept)
      work += step.value
      if (work > stageWork) {
        yield { done: 0, total: matrix.rows, work }
        work = 0
      }
    }
  }

  get rows(): number {
    return this.space.rows
  }

  /** The points as given, n × d. */
  get matrix(): Matrix {
    return this.#kept.own()
  }

  /** The k nearest rows of each query. `k` is at most the number of rows that may be found: the caller checks. */
  *nearest(request: SearchRequest, k: number): Steps<Neighbors> {
    const { space } = this
    const prepared = this.#queries(request)
    const { wide } = prepared
    const self = request.queries === undefined && request.leaveOut !== false
    const rows = request.queries?.rows ?? this.rows
    if (rows * k > 2 ** 32 - 1) {
      throw new InputError(
        'E_SIZE',
        'k',
        `${request.call}: ${rows} queries of k = ${k} neighbours each are more than one answer can hold; ask in parts`,
      )
    }
    const { indices, distances } = answerSpace(request.call, rows, k)
    if (request.live === undefined && this.index.expect?.(rows) === true) {
      yield { done: 0, total: rows, work: Number.POSITIVE_INFINITY }
    }
    let from = 0
    let run = 1
    while (from < rows) {
      // Asked each time: threads that join make it larger.
      const least = this.index.batch ?? 1
      run = Math.max(run, least)
      const to = Math.min(rows, from + run)
      let work = 0
      for (let start = from; start < to; ) {
        const isWide = wide !== undefined && wide[start] === 1
        let end = start + 1
        while (end < to && (wide !== undefined && wide[end] === 1) === isWide) end++
        if (isWide) {
          const { metric, index } = this.#wide()
          const one = wideQueries(metric, request.call, prepared.given, start, end)
          const found = {
            indices: indices.subarray(start * k, end * k),
            ranks: distances.subarray(start * k, end * k),
          }
          work += index.nearest({ ...one, k, self: false, live: request.live }, found.indices, found.ranks)
          for (let at = 0; at < found.ranks.length; at++) found.ranks[at] = metric.distance(found.ranks[at])
        } else {
          const ranks = distances.subarray(start * k, end * k)
          const asked = {
            get queries() {
              return prepared.values
            },
            from: start,
            to: end,
            k,
            self,
            live: request.live,
          }
          work += yield* nearestInParts(
            this.index,
            asked,
            indices.subarray(start * k, end * k),
            ranks,
            space.width,
          )
          space.toDistances(ranks)
        }
        start = end
      }
      checkDistances(request.call, distances, from * k, to * k)
      const spent = work * space.width * space.metric.effort
      // The next run is as long as fills a stage at the pace of this one.
      run = Math.max(
        least,
        Math.min(65536, 2 * run, Math.floor((stageWork * (to - from)) / Math.max(1, spent))),
      )
      from = to
      yield { done: from, total: rows, work: spent }
    }
    return { indices, distances, k }
  }

  /** The rows within a radius (inclusive) of each query. */
  *within(request: SearchRequest, radius: number): Steps<NeighborsWithin> {
    const { space } = this
    const prepared = this.#queries(request)
    const { wide } = prepared
    const { index } = this
    const self = request.queries === undefined && request.leaveOut !== false
    const rows = request.queries?.rows ?? this.rows
    const limit = space.rankLimit(radius)
    const list = new WithinList(request.call)
    const close = (): void => list.close(radius, (rank) => space.distance(rank))
    const effort = space.width * space.metric.effort
    if (request.live === undefined && index.expect?.(rows) === true) {
      yield { done: 0, total: rows, work: Number.POSITIVE_INFINITY }
    }
    let spent = 0
    let run = firstRun
    for (let query = 0; query < rows; ) {
      const asked = {
        get queries() {
          return prepared.values
        },
        query,
        limit,
        self,
        live: request.live,
      }
      const to = Math.min(rows, query + run)
      const before = list.count
      const work = wide === undefined ? index.withinMany?.(asked, to, list, close) : undefined
      if (work !== undefined) {
        spent += work * effort
        // Twice as many next, as far as fills a stage or suits the index, unless it is the answers that fill the space.
        const paced = Math.floor((stageWork * (to - query)) / Math.max(1, work * effort))
        const most = list.count - before > mostFound ? paced : Math.max(index.batch ?? 1, paced)
        run = Math.max(1, Math.min(2 * run, most, 65536))
        query = to
      } else if (wide !== undefined && wide[query] === 1) {
        const { metric, index: wideIndex } = this.#wide()
        const one = wideQueries(metric, request.call, prepared.given, query, query + 1)
        const wideLimit = metric.rankLimit(radius)
        spent +=
          wideIndex.within(
            { queries: one.queries, query: 0, limit: wideLimit, self: false, live: request.live },
            list,
          ) * space.width
        const closing = list.closing(radius, (rank) => metric.distance(rank))
        while (closing.next().done !== true) yield { done: query, total: rows, work: stageWork }
        query++
      } else {
        spent += (yield* withinInParts(index, asked, list, effort, rows)) * effort
        const closing = list.closing(radius, (rank) => space.distance(rank))
        while (closing.next().done !== true) yield { done: query, total: rows, work: stageWork }
        query++
      }
      if (spent > stageWork) {
        yield { done: query, total: rows, work: spent }
        spent = 0
      }
    }
    const found = list.finish()
    checkDistances(request.call, found.distances, 0, found.distances.length)
    return found
  }

  #queries(request: SearchRequest): PreparedQueries & { readonly given: Matrix } {
    const { queries } = request
    if (queries === undefined) {
      // Asked for by those indexes only that have not got them themselves.
      const { space } = this
      const own = (): Matrix => this.matrix
      return {
        get values() {
          return space.points
        },
        get given() {
          return own()
        },
        wide: undefined,
      }
    }
    const prepared = this.space.queries({ call: request.call, param: 'queries' }, queries)
    // Wide rows are read again later, when the caller may have changed them.
    const given =
      prepared.wide === undefined ? queries : Matrix.trusted(queries.values.slice(), queries.columns)
    return { ...prepared, given }
  }

  /** The index for queries beyond the common range of numbers: a full scan of the points as they were given. */
  #wide(): { readonly metric: Metric; readonly index: Index } {
    if (this.#wideIndex === undefined) {
      const metric = this.space.metric.wide ?? this.space.metric
      const matrix = this.matrix
      const points = Float64Array.from(matrix.values)
      this.#wideIndex = { metric, index: new FlatIndex(points, matrix.columns, metric) }
    }
    return this.#wideIndex
  }
}

/**
 * `nearest` of an index; where it is a full scan so long that one query is more than a stage, in stages of rows.
 *
 * @returns the ranks computed since the last stage
 */
function* nearestInParts(
  index: Index,
  request: NearestRequest,
  indices: Uint32Array,
  ranks: Float64Array,
  width: number,
): Steps<number> {
  const part = partRows(index, width)
  if (!(index instanceof FlatIndex) || part >= index.rows) return index.nearest(request, indices, ranks)
  const { from, to, k, queries } = request
  const best = new Selection(k)
  const total = queries.length / width
  for (let query = from; query < to; query++) {
    best.clear()
    for (let start = 0; start < index.rows; start += part) {
      const end = Math.min(index.rows, start + part)
      index.scan(request, query, start, end, best)
      yield { done: query, total, work: (end - start) * width }
    }
    best.write(indices, ranks, (query - from) * k)
  }
  return 0
}

/** `within` of an index, in the same way. */
function* withinInParts(
  index: Index,
  request: WithinRequest,
  found: WithinList,
  width: number,
  total: number,
): Steps<number> {
  const part = partRows(index, width)
  if (!(index instanceof FlatIndex) || part >= index.rows) return index.within(request, found)
  for (let start = 0; start < index.rows; start += part) {
    const end = Math.min(index.rows, start + part)
    index.scanWithin(request, start, end, found)
    yield { done: request.query, total, work: (end - start) * width }
  }
  return 0
}

/** Rows that fill two stages: longer scans are cut. */
function partRows(index: Index, width: number): number {
  const part = Math.max(blockRows, Math.floor((2 * stageWork) / width))
  return index.algorithm === 'flat' ? part : index.rows
}

function wideQueries(
  metric: Metric,
  call: string,
  matrix: Matrix,
  from: number,
  to: number,
): { readonly queries: Float64Array; readonly from: number; readonly to: number } {
  const queries = new Float64Array((to - from) * matrix.columns)
  const rows = matrix.values.subarray(from * matrix.columns, to * matrix.columns)
  metric.prepare({ call, param: 'queries' }, rows, matrix.columns, 0, to - from, queries)
  return { queries, from: 0, to: to - from }
}

/** @throws {InputError} E_MEMORY where the answer does not fit in memory */
function answerSpace(
  call: string,
  rows: number,
  k: number,
): { readonly indices: Uint32Array; readonly distances: Float64Array } {
  try {
    return { indices: new Uint32Array(rows * k), distances: new Float64Array(rows * k) }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new InputError(
      'E_MEMORY',
      'k',
      `${call}: the neighbours of ${rows} queries for k = ${k} need ${Math.ceil((rows * k * 12) / 2 ** 20)} MB, which cannot be had; ask in parts`,
    )
  }
}

/** Squares of distances beyond 1e154 are no numbers. */
function checkDistances(call: string, distances: Float64Array, from: number, to: number): void {
  for (let at = from; at < to; at++) {
    if (distances[at] === Number.POSITIVE_INFINITY) {
      throw new InputError(
        'E_RANGE',
        'queries',
        `${call}: a distance is too large for a number; scale the points down, or take metric 'euclidean'`,
      )
    }
  }
}
