import { checkAnswer, checkOptions } from '../check.ts'
import type { Encoder } from '../data/encoder.ts'
import { Matrix } from '../data/matrix.ts'
import { writeModel } from '../files/model-file.ts'
import type { Tensor } from '../files/tensor.ts'
import { runHere, runPaced } from '../indexes/steps.ts'
import type { Warning } from '../kmeans/kmeans.ts'
import type { Pacing } from './fit-options.ts'
import { nearest, pace, type Work } from './partition.ts'
import type { Space } from './space.ts'

/** What a fit found: the part that all clusterings share. */
export interface Found {
  /** k × width, as the space has them. */
  readonly centers: Float64Array
  /** One a row of the caller's. */
  readonly labels: Uint32Array
  readonly counts: Float64Array
  readonly inertia: number
  readonly iterations: number
  readonly converged: boolean
  readonly warnings: readonly Warning[]
  readonly encoder: Encoder | undefined
  readonly rows: Uint32Array | null
}

/** What a model file keeps besides: the kind, options, and tensors of the model's own. */
export interface Kept {
  readonly kind: string
  readonly settings: Readonly<Record<string, unknown>>
  readonly tensors: Readonly<Record<string, Tensor>>
}

/**
 * k centres and the cluster of each row: what the relatives of K-Means have in common. Fitted, immutable, savable.
 */
export abstract class Clusters<P> {
  /** Number of clusters: as asked for, or the number of different rows where that is smaller (see `warnings`). */
  readonly k: number
  /** The cluster of each fitted row, from 0 to k − 1. */
  readonly labels: Uint32Array
  /** One row a cluster. */
  readonly centroids: Matrix
  /** Summed weight of the rows of each cluster: their number, where nothing was weighted. */
  readonly counts: Float64Array
  /** What the fit made small: the class says what is summed. */
  readonly inertia: number
  /** Iterations of the start that was kept. */
  readonly iterations: number
  /** Whether it stopped by itself rather than at `maxIterations`. */
  readonly converged: boolean
  /** What the caller should know: fewer different rows than k, or no convergence. */
  readonly warnings: readonly Warning[]
  /** What turned the table into numbers; undefined where the points were numbers. */
  readonly encoder: Encoder | undefined
  /** The table's rows that were fitted, where rows with empty cells were left out; null where all were. */
  readonly rows: Uint32Array | null
  readonly #centers: Float64Array
  readonly #space: Space<P>

  protected constructor(found: Found, space: Space<P>) {
    this.k = found.centers.length / space.width
    this.labels = found.labels
    this.centroids = space.show(found.centers)
    this.counts = found.counts
    this.inertia = found.inertia
    this.iterations = found.iterations
    this.converged = found.converged
    this.warnings = Object.freeze([...found.warnings])
    this.encoder = found.encoder
    this.rows = found.rows
    this.#centers = found.centers
    this.#space = space
  }

  /**
   * The nearest centroid of each row, by its number; on a tie the smaller one.
   *
   * @throws {InputError} E_SHAPE, E_NONFINITE, E_TYPE, E_EMPTY, E_FEATURES, E_RANGE for points
   */
  async predict(points: P, options: Pacing = {}): Promise<Uint32Array> {
    return (await runPaced(this.#answers('predict', points, options), options)).labels
  }

  /** {@link Clusters.predict} on this thread, at once. */
  predictSync(points: P): Uint32Array {
    return runHere(this.#answers('predictSync', points, {})).labels
  }

  /** The distance of each row to each centroid: m × k. */
  async transform(points: P, options: Pacing = {}): Promise<Matrix> {
    return runPaced(this.#distances('transform', points, options), options)
  }

  /** {@link Clusters.transform} on this thread, at once. */
  transformSync(points: P): Matrix {
    return runHere(this.#distances('transformSync', points, {}))
  }

  /** Minus what `inertia` sums, for these rows at weight 1: the larger, the better. */
  async score(points: P, options: Pacing = {}): Promise<number> {
    return -(await runPaced(this.#answers('score', points, options), options)).cost
  }

  /** {@link Clusters.score} on this thread, at once. */
  scoreSync(points: P): number {
    return -runHere(this.#answers('scoreSync', points, {})).cost
  }

  /** The model as the bytes of a `.nigh` file. */
  toBytes(): Uint8Array<ArrayBuffer> {
    const { kind, settings, tensors } = this.kept()
    const { width } = this.#space
    return writeModel({
      kind,
      meta: {
        settings,
        inertia: this.inertia,
        iterations: this.iterations,
        converged: this.converged,
        warnings: this.warnings.map(({ code, message }) => ({ code, message })),
        encoder: this.encoder === undefined ? null : this.encoder.toJSON(),
        kept: this.rows !== null,
      },
      tensors: {
        ...tensors,
        centers: { shape: [this.k, width], values: this.#centers },
        counts: { shape: [this.k], values: this.counts },
        labels: { shape: [this.labels.length], values: this.labels },
        rows: { shape: [this.rows?.length ?? 0], values: this.rows ?? new Uint32Array(0) },
      },
    })
  }

  /** What the class adds to its file. */
  protected abstract kept(): Kept

  /** The centres as the space has them: a copy. */
  protected centersCopy(): Float64Array {
    return this.#centers.slice()
  }

  *#answers(
    verb: string,
    points: P,
    options: Pacing,
  ): Work<{ readonly labels: Uint32Array; readonly cost: number }> {
    const { values, total } = this.#queries(verb, points, options)
    const labels = new Uint32Array(total)
    const costs = new Float64Array(total)
    const step = pace(this.k, this.#space.width)
    for (let from = 0; from < total; from += step) {
      const to = Math.min(total, from + step)
      nearest(this.#space, values, this.#centers, from, to, labels, costs)
      yield { done: to, total }
    }
    let cost = 0
    for (let i = 0; i < total; i++) cost += costs[i]
    return { labels, cost }
  }

  *#distances(verb: string, points: P, options: Pacing): Work<Matrix> {
    const { values, total } = this.#queries(verb, points, options)
    const { width } = this.#space
    const bytes = total * this.k * 8
    checkAnswer(
      `${this.#space.name}.${verb}`,
      'points',
      bytes,
      `the distances of ${total} rows to ${this.k} centroids`,
    )
    const distances = new Float64Array(total * this.k)
    const step = pace(this.k, width)
    for (let from = 0; from < total; from += step) {
      const to = Math.min(total, from + step)
      for (let i = from; i < to; i++) {
        for (let c = 0; c < this.k; c++) {
          const cost = this.#space.cost(values, i * width, this.#centers, c * width)
          distances[i * this.k + c] = this.#space.distance(cost)
        }
      }
      yield { done: to, total }
    }
    return Matrix.trusted(distances, this.k)
  }

  #queries(
    verb: string,
    points: P,
    options: Pacing,
  ): { readonly values: Float64Array; readonly total: number } {
    const call = `${this.#space.name}.${verb}`
    checkOptions(call, options, ['signal', 'onProgress'])
    const values = this.#space.read(call, 'points', points)
    return { values, total: values.length / this.#space.width }
  }
}
