import type { Grids } from './grids.ts'

/** An answer, at once or later: local engines answer at once, a cluster answers later. */
export type Reply<T> = T | Promise<T>

/** Sums of the members of each centroid, on grids: exact, whatever the order. */
export interface CentroidSums {
  /** Sums on the coarse and on the fine grid: k × d each. */
  readonly coarse: Float64Array
  readonly fine: Float64Array
  /** Summed weights on the coarse and on the fine grid: k each. */
  readonly weightCoarse: Float64Array
  readonly weightFine: Float64Array
}

/** What an assignment found. */
export interface Assigned {
  /** Rows whose label is not what it was. */
  readonly changed: number
  /** The sums of all rows by their labels: the engine's own arrays, read before the next pass. */
  readonly sums: CentroidSums
}

/** A row that lies far from its centroid. */
export interface FarRow {
  readonly row: Float64Array
  readonly distanceSq: number
}

/**
 * What a K-Means fit asks of whoever holds the rows. Everything here is defined by ARCHITECTURE.md ("What exact
 * means"), so any two engines that keep to it give the same bits: one thread, many, or a cluster.
 */
export interface FitEngine {
  /** d, the number of columns. */
  readonly columns: number
  /** Finds the ranges of the rows and the grids for their sums. Asked once, first. */
  prepare(): Reply<Grids>
  /**
   * Draws a row by inverse cumulative weight in canonical order, or by weight times squared distance to the nearest
   * row taken so far; `at` from 0 to 1 says where in the total. Null where nothing has weight left.
   * By weight, rows equal to one of `taken` are left out.
   */
  draw(by: 'weight' | 'distance', at: number, taken: readonly Float64Array[]): Reply<Float64Array | null>
  /** Several draws at once, for engines to which one pass is dear: the rows that `draw` gives for each of `at`. */
  drawAll?(
    by: 'weight' | 'distance',
    at: readonly number[],
    taken: readonly Float64Array[],
  ): Reply<readonly (Float64Array | null)[]>
  /** Forgets all rows taken. */
  startSeeding(): Reply<void>
  /**
   * By how much the summed squared distance would fall, for each row that might be taken. With `drawAll`, `next` says
   * where the draws after this one fall, so that one pass can do for both.
   */
  tryRows(rows: readonly Float64Array[], next?: readonly number[]): Reply<Float64Array>
  /** Which row gains most by `tryRows`, the first on a tie: for engines that can tell without each gain. */
  bestOf?(rows: readonly Float64Array[]): Reply<number>
  /** Takes a row: squared distances to the nearest taken row follow. */
  takeRow(row: Float64Array): Reply<void>
  /** Labels every row with its nearest centroid (k × d, in the rows' unit). `first` forgets earlier labels. */
  assign(centroids: Float64Array, first: boolean): Reply<Assigned>
  /**
   * The rows of weight above zero that lie farthest from their own centroid, at a distance above zero: at most
   * `count` different ones, farthest first, ties to the row that is smaller column by column.
   */
  farthest(centroids: Float64Array, count: number): Reply<readonly FarRow[]>
  /** Gives all rows equal to `row` the label `cluster`. */
  relocate(row: Float64Array, cluster: number): Reply<Assigned>
  /** Summed weighted squared distance of the rows to their own centroids. */
  inertia(centroids: Float64Array): Reply<number>
  /** Keeps the labels of this start as the best so far. */
  keepLabels(): Reply<void>
}

/** A step of a fit, for progress and animation. */
export interface FitStep {
  /** Which start, from 0. */
  readonly start: number
  /** Which iteration, from 1; 0 while the first centroids are picked. */
  readonly iteration: number
  readonly phase: 'seed' | 'assign' | 'update'
  /** Rows that changed their label in this iteration. */
  readonly changed: number
  /** The centroids as they are: k × d in the engine's unit. Copied where they are kept. */
  readonly centroids: Float64Array
}

/** What an algorithm yields: a step that it made, or an answer that it waits for. */
export type Yielded = FitStep | Promise<unknown>

/** Waits for a reply inside an algorithm, where it is not there already. */
export function* answer<T>(reply: Reply<T>): Generator<Promise<unknown>, T, void> {
  if (!(reply instanceof Promise)) return reply
  const held: T[] = []
  yield reply.then((value) => {
    held.push(value)
  })
  return held[0]
}

/** Runs an algorithm on this thread to its end. */
export function runHere<T>(
  steps: Generator<Yielded, T, void>,
  onStep: ((step: FitStep) => void) | null = null,
): T {
  for (;;) {
    const next = steps.next()
    if (next.done) return next.value
    if (next.value instanceof Promise) throw new Error('this engine answers later: run it with runLater')
    if (onStep !== null) onStep(next.value)
  }
}

/** Runs an algorithm whose engine answers later. */
export async function runLater<T>(
  steps: Generator<Yielded, T, void>,
  onStep: ((step: FitStep) => void) | null = null,
): Promise<T> {
  for (;;) {
    const next = steps.next()
    if (next.done) return next.value
    if (next.value instanceof Promise) await next.value
    else if (onStep !== null) onStep(next.value)
  }
}
