import { checkOptions, checkMade } from '../check.ts'
import type { Encoder } from '../data/encoder.ts'
import type { Matrix } from '../data/matrix.ts'
import { type PointsLike } from '../data/points.ts'
import { readModel, writeModel } from '../files/model-file.ts'
import type { Neighbors, NeighborsWithin } from '../indexes/neighbors.ts'
import type { Search, Steps } from '../indexes/search.ts'
import type { Algorithm } from '../indexes/spatial-index.ts'
import { runHere, type RunOptions, runOptionNames, runPaced } from '../indexes/steps.ts'
import { type GraphOptions, graphSteps, type NeighborGraph } from './neighbor-graph.ts'
import { readSearch, searchContent } from './saved-search.ts'
import {
  buildSearch,
  keptOptions,
  type NearestOptions,
  nearestSteps,
  type SearchOptions,
  searchOptionNames,
  type WithinOptions,
  withinSteps,
  searchPoints,
} from './search-steps.ts'

/** Options of {@link NearestNeighbors.fit}. */
export interface NearestNeighborsOptions extends SearchOptions, RunOptions {}

const call = (verb: string): string => `NearestNeighbors.${verb}`

/**
 * The nearest rows to any row: exact, whatever the index; equal distances in the order of their row numbers. Immutable.
 *
 * @example
 * const model = await NearestNeighbors.fit(points)
 * const { indices, distances } = await model.nearest(queries, { k: 3 })
 */
export class NearestNeighbors {
  readonly #search: Search
  readonly #options: SearchOptions
  /** What turns tables into points; undefined where the model was fitted on numbers. */
  readonly encoder: Encoder | undefined

  private constructor(search: Search, options: SearchOptions, encoder: Encoder | undefined) {
    checkMade('NearestNeighbors', search, 'space')
    this.#search = search
    this.#options = options
    this.encoder = encoder
    Object.freeze(this)
  }

  /**
   * Copies the points and builds an index over them.
   *
   * Cost: n·log n for a tree; a copy for a full scan.
   *
   * @throws {InputError} E_PARAM for an option out of its rules; E_ZERO_VECTOR (cosine) or E_RANGE (haversine, numbers
   * from 2e301 up); as Matrix.of for points that are not finite numbers
   */
  static async fit(points: PointsLike, options: NearestNeighborsOptions = {}): Promise<NearestNeighbors> {
    return runPaced(NearestNeighbors.#fitSteps(points, options), options)
  }

  /** {@link NearestNeighbors.fit} on this thread, at once. */
  static fitSync(points: PointsLike, options: NearestNeighborsOptions = {}): NearestNeighbors {
    return runHere(NearestNeighbors.#fitSteps(points, options))
  }

  static *#fitSteps(points: PointsLike, options: NearestNeighborsOptions): Steps<NearestNeighbors> {
    checkOptions(call('fit'), options, [...searchOptionNames, ...runOptionNames])
    const { matrix, encoder } = searchPoints(call('fit'), points, options)
    const search = yield* buildSearch(call('fit'), matrix, options, encoder, points === matrix)
    return new NearestNeighbors(search, keptOptions(options), encoder)
  }

  /** The fitted rows, n × d. */
  get points(): Matrix {
    return this.#search.matrix
  }

  /** The index at work. */
  get algorithm(): Algorithm {
    return this.#search.index.algorithm
  }

  /**
   * The k nearest rows of each query. Without queries: of each fitted row, none of which is its own neighbour.
   *
   * @throws {InputError} E_K for a k out of its rules; E_SHAPE for queries of another number of columns
   */
  async nearest(queries?: PointsLike, options: NearestOptions = {}): Promise<Neighbors> {
    return runPaced(this.#nearestSteps(queries, options), options)
  }

  /** {@link NearestNeighbors.nearest} on this thread, at once. */
  nearestSync(queries?: PointsLike, options: NearestOptions = {}): Neighbors {
    return runHere(this.#nearestSteps(queries, options))
  }

  #nearestSteps(queries: PointsLike | undefined, options: NearestOptions): Steps<Neighbors> {
    return nearestSteps(call('nearest'), this.#search, this.encoder, queries, options, 5)
  }

  /**
   * All rows within a radius of each query. Without queries: of each fitted row, itself left out.
   *
   * @throws {InputError} E_PARAM for a radius that is not a number from 0 up; E_SHAPE; E_MEMORY for more than 2^28 answers
   */
  async within(queries: PointsLike | undefined, options: WithinOptions): Promise<NeighborsWithin> {
    return runPaced(this.#withinSteps(queries, options), options)
  }

  /** {@link NearestNeighbors.within} on this thread, at once. */
  withinSync(queries: PointsLike | undefined, options: WithinOptions): NeighborsWithin {
    return runHere(this.#withinSteps(queries, options))
  }

  #withinSteps(queries: PointsLike | undefined, options: WithinOptions): Steps<NeighborsWithin> {
    return withinSteps(call('within'), this.#search, this.encoder, queries, options)
  }

  /**
   * The graph of the fitted rows and their neighbours, as a sparse matrix; no row is its own neighbour.
   *
   * @throws {InputError} E_PARAM unless exactly one of k and radius is given; E_K; E_SIZE; E_MEMORY
   */
  async graph(options: GraphOptions): Promise<NeighborGraph> {
    return runPaced(graphSteps(call('graph'), this.#search, options), options)
  }

  /** {@link NearestNeighbors.graph} on this thread, at once. */
  graphSync(options: GraphOptions): NeighborGraph {
    return runHere(graphSteps(call('graph'), this.#search, options))
  }

  /**
   * The model as a `.nigh` file.
   *
   * @throws {InputError} E_PARAM for a metric of the caller's own: code cannot be saved
   */
  toBytes(): Uint8Array<ArrayBuffer> {
    const { meta, tensors } = searchContent(call('toBytes'), this.#search, this.#options, this.encoder)
    return writeModel({ kind: 'nearest-neighbors', meta: { search: meta }, tensors })
  }

  /**
   * The model that {@link NearestNeighbors.toBytes} wrote.
   *
   * @throws {InputError} E_MAGIC, E_CHECKSUM, E_VERSION or E_KIND for anything else
   */
  static fromBytes(bytes: Uint8Array): NearestNeighbors {
    const file = readModel(bytes, call('fromBytes'), ['nearest-neighbors'])
    const { search, options, encoder, done } = readSearch(call('fromBytes'), file)
    done([])
    return new NearestNeighbors(search, options, encoder)
  }
}
