import { checkOptions, fewerDistinct, InputError, checkMade } from '../check.ts'
import { Encoder } from '../data/encoder.ts'
import { Fields } from '../data/fields.ts'
import { Matrix, type Reals } from '../data/matrix.ts'
import { fittedPoints, queryPoints, type PointsLike } from '../data/points.ts'
import { Table } from '../data/table.ts'
import { rowWeights } from '../data/weights.ts'
import type { FitWork } from '../engine/fit-record.ts'
import { placeRows } from '../engine/rows.ts'
import { makeInlineRunner, withInlineRunner, type InlineRunner, type Runner } from '../engine/runner.ts'
import { readModel, writeModel } from '../files/model-file.ts'
import { tensorOf } from '../files/tensor.ts'
import type { KernelSetName } from '../kernels/contract.ts'
import { fitKit } from '../kernels/fit-kit.ts'
import { availableKernels } from '../kernels/simd.ts'
import { runJob, type JobResult } from '../workers/job.ts'
import { runOnTeam } from '../workers/pool.ts'
import { nextTurn } from '../workers/spawn.ts'
import { isPointChunks, type PointChunks } from './chunks.ts'
import { fitChunks } from './fit-chunks.ts'
import {
  beginFit,
  type FitJob,
  type FitResult,
  LARGEST,
  type PredictJob,
  type PredictResult,
  predictSteps,
} from './job.ts'
import {
  checkKernels,
  checkKMeans,
  checkKMeansNames,
  checkThreads,
  type CheckedOptions,
  type KMeansOptions,
  type LaterOptions,
} from './options.ts'

/** Makes a model: set by the class, whose constructor is nobody else's. */
let make: (state: State) => KMeans

/** Something that a fit did which its caller should know. */
export interface Warning {
  /** Stable: switch on this. */
  readonly code: 'W_DISTINCT' | 'W_NOT_CONVERGED'
  readonly message: string
}

/** Options of predict, transform and score. */
export interface PredictOptions {
  /** As for {@link KMeans.fit}. */
  readonly threads?: number
  readonly kernels?: KernelSetName
  readonly signal?: AbortSignal
}

/** One half of an iteration, for animation: everything in it is its own copy. */
export interface KMeansStep {
  /** Which start, from 0. */
  readonly start: number
  /** Which iteration, from 1; 0 while the first centroids are picked. */
  readonly iteration: number
  /** 'seed': a centroid was picked; 'assign': rows got their labels; 'update': centroids became means. */
  readonly phase: 'seed' | 'assign' | 'update'
  /** While seeding: centroids picked so far. Otherwise: rows that changed their label in this iteration. */
  readonly changed: number
  /** The centroids: k × d; while seeding, those picked so far. */
  readonly centroids: Matrix
  /** One a row; empty while seeding. */
  readonly labels: Uint32Array
  /** Summed squared distance of rows to the centroids of their labels; NaN while seeding. */
  readonly inertia: number
}

/**
 * K-Means: k centroids, each the mean of the rows that are nearer to it than to any other.
 *
 * Fitted, immutable, savable. Equal rows and options give equal bits, whatever the threads, kernels or order of rows.
 *
 * @example
 * const clusters = await KMeans.fit([[1], [2], [9], [10]], { k: 2 })
 * clusters.labels // Uint32Array [0, 0, 1, 1] or [1, 1, 0, 0]: the same each time
 */
export class KMeans {
  /** Number of clusters: as asked for, or the number of different rows where that is smaller (see `warnings`). */
  readonly k: number
  /** The cluster of each row, from 0 to k − 1. */
  readonly labels: Uint32Array
  /** k × d, in the unit of the points (of the encoded points, where a table was fitted). */
  readonly centroids: Matrix
  /** Summed weight of the rows of each cluster: their number, where nothing was weighted. */
  readonly counts: Float64Array
  /** Summed weighted squared distance of the rows to their own centroids. */
  readonly inertia: number
  /** Assignments of the start that was kept, the last one, which changed nothing, among them. */
  readonly iterations: number
  /** Whether it stopped by itself rather than at `maxIterations`. */
  readonly converged: boolean
  /** What the caller should know: fewer different rows than k, or no convergence. */
  readonly warnings: readonly Warning[]
  /** What turned the table into numbers; undefined where the points were numbers. */
  readonly encoder: Encoder | undefined
  /** The table's rows that were fitted, where rows with empty cells were left out; null where all were. */
  readonly rows: Uint32Array | null
  /** How much the fit worked: distances computed, and rows decided by exact distances. Zero in a loaded model. */
  readonly work: FitWork
  readonly #exponent: number
  readonly #settings: Settings

  static {
    make = (state) => new KMeans(state)
  }

  private constructor(state: State) {
    checkMade('KMeans', state, 'labels', 'fit(points, { k })')
    this.k = state.centroids.rows
    this.labels = state.labels
    this.centroids = state.centroids
    this.counts = state.counts
    this.inertia = state.inertia
    this.iterations = state.iterations
    this.converged = state.converged
    this.warnings = Object.freeze([...state.warnings])
    this.encoder = state.encoder
    this.rows = state.rows
    this.work = state.work
    this.#exponent = state.exponent
    this.#settings = state.settings
    Object.freeze(this)
  }

  /**
   * Clusters rows. Off this thread where the work is worth it: the points are copied first and may then change.
   *
   * Cost: n·d·k multiply-adds for the first iteration of each start, less for later ones, as bounds spare rows that
   * cannot change. Memory: the points once more, and about 16 bytes a row.
   * Source: Lloyd 1982; k-means++ by Arthur and Vassilvitskii 2007; bounds by Hamerly 2010 and Ding et al. 2015.
   *
   * Points that do not fit in memory come in chunks ({@link PointChunks}): every iteration passes over them anew, and
   * picking first centroids takes two or three passes each. What stays in memory is 16 MB of points and 17 to 26 bytes
   * a row. The model is the same, to the last bit. The work is then done on this thread and members of the team.
   *
   * @param points n × d: plain or typed rows, a Matrix, a Table (which an Encoder then turns into numbers), or chunks
   * @throws {InputError} E_K unless k is from 1 to n; E_INIT, E_WEIGHTS, E_PARAM for other options; E_NONFINITE,
   * E_SHAPE, E_TYPE, E_EMPTY for points; E_RANGE for numbers beyond ±1e150; E_DISTINCT with `strict`;
   * E_MUTATED for chunks that change between passes
   * @throws the signal's reason when aborted
   */
  static async fit(points: PointsLike | PointChunks, options: KMeansOptions & LaterOptions): Promise<KMeans> {
    const call = 'KMeans.fit'
    checkKMeansNames(call, options, true)
    const { signal = null, onProgress = null } = options
    signal?.throwIfAborted()
    if (isPointChunks(points)) {
      const found = await fitChunks(call, points, options)
      return modelOf({ call, ...found }, found.result)
    }
    const fitted = fittedFor(call, points, options)
    const { matrix, checked } = fitted
    const job = fitJob(checked)
    const size = matrix.rows * matrix.columns * checked.k * checked.starts
    if (checked.threads !== 1 && size > SMALL) {
      const rows = { values: matrix.values, columns: matrix.columns, weights: checked.weights }
      const { threads, kernels } = checked
      const result = await runOnTeam(rows, checked.k, job, { threads, kernels, signal, onProgress, call })
      if (result !== null) return modelOf(fitted, fitOf(result))
    }
    const runner = runnerFor(checked.kernels)
    const begun = beginFit(runner, placeRows(runner.memory, rowsOf(fitted), checked.k), job)
    let turn = 0
    for (let next = begun.steps.next(); !next.done; next = begun.steps.next()) {
      signal?.throwIfAborted()
      if (next.value instanceof Promise) continue
      const { start, iteration, phase, changed } = next.value
      onProgress?.({ start, iteration, phase, changed })
      // Small fits take fewer turns of the event loop than they have steps.
      turn += size
      if (turn > SMALL) {
        turn = 0
        await nextTurn()
        signal?.throwIfAborted()
      }
    }
    return modelOf(fitted, begun.finish())
  }

  /** {@link KMeans.fit} on this thread, at once. */
  static fitSync(points: PointsLike, options: KMeansOptions): KMeans {
    const call = 'KMeans.fitSync'
    checkKMeansNames(call, options, false)
    const fitted = fittedFor(call, points, options)
    const { checked } = fitted
    const job = fitJob(checked)
    const result = inline(checked.kernels, (runner) =>
      runJob(runner, { carried: rowsOf(fitted), k: checked.k }, job, null),
    )
    return modelOf(fitted, fitOf(result))
  }

  /**
   * Clusters rows step by step: each value is one half of an iteration, with copies of labels and centroids. The
   * generator returns the model. For animation and teaching: copies cost more than the steps.
   *
   * @throws {InputError} as {@link KMeans.fit}
   */
  static *steps(points: PointsLike, options: KMeansOptions): Generator<KMeansStep, KMeans, void> {
    const call = 'KMeans.steps'
    checkKMeansNames(call, options, false)
    const fitted = fittedFor(call, points, options)
    const { matrix, checked } = fitted
    const runner = runnerFor(checked.kernels)
    const begun = beginFit(runner, placeRows(runner.memory, rowsOf(fitted), checked.k), fitJob(checked))
    let picked: number[] = []
    for (let next = begun.steps.next(); !next.done; next = begun.steps.next()) {
      if (next.value instanceof Promise) continue
      const { start, iteration, phase, changed, centroids } = next.value
      const factor = 2 ** -begun.exponent
      if (phase === 'seed') {
        if (changed === 1) picked = []
        picked.push(...centroids)
        yield {
          start,
          iteration,
          phase,
          changed,
          centroids: Matrix.trusted(
            Float64Array.from(picked, (x) => x * factor),
            matrix.columns,
          ),
          labels: new Uint32Array(0),
          inertia: Number.NaN,
        }
        continue
      }
      yield {
        start,
        iteration,
        phase,
        changed,
        centroids: Matrix.trusted(
          centroids.map((x) => x * factor),
          matrix.columns,
        ),
        labels: begun.labels(),
        inertia: begun.inertia(centroids) * factor * factor,
      }
    }
    return modelOf(fitted, begun.finish())
  }

  /**
   * The nearest centroid of each row, by its number; on a tie the smaller one. The training rows get their labels.
   *
   * @param points m × d, or a table with the fitted columns
   * @throws {InputError} E_SHAPE, E_NONFINITE, E_TYPE, E_FEATURES, E_RANGE
   */
  async predict(points: PointsLike, options: PredictOptions = {}): Promise<Uint32Array> {
    return labelsOf(await this.#later('KMeans.predict', points, 'labels', options))
  }

  /** {@link KMeans.predict} on this thread, at once. */
  predictSync(points: PointsLike): Uint32Array {
    return labelsOf(this.#now('KMeans.predictSync', points, 'labels'))
  }

  /** The distance of each row to each centroid: m × k, in the unit of the points. */
  async transform(points: PointsLike, options: PredictOptions = {}): Promise<Matrix> {
    return this.#distances(await this.#later('KMeans.transform', points, 'distances', options))
  }

  /** {@link KMeans.transform} on this thread, at once. */
  transformSync(points: PointsLike): Matrix {
    return this.#distances(this.#now('KMeans.transformSync', points, 'distances'))
  }

  /** Minus the summed squared distance of rows to their nearest centroids: the larger, the better. */
  async score(points: PointsLike, options: PredictOptions = {}): Promise<number> {
    return -(await this.#later('KMeans.score', points, 'inertia', options)).inertia
  }

  /** {@link KMeans.score} on this thread, at once. */
  scoreSync(points: PointsLike): number {
    return -this.#now('KMeans.scoreSync', points, 'inertia').inertia
  }

  #job(want: PredictJob['want']): PredictJob {
    const centroids = Float64Array.from(this.centroids.values)
    return { kind: 'predict', want, centroids, exponent: this.#exponent }
  }

  #queries(call: string, points: PointsLike): Reals {
    const { values } = queryPoints(call, 'points', points, this.centroids.columns, this.encoder)
    // Rows that will be scaled must not leave float32's range.
    return this.#exponent === 0 ? values : Float64Array.from(values)
  }

  async #later(
    call: string,
    points: PointsLike,
    want: PredictJob['want'],
    options: PredictOptions,
  ): Promise<PredictResult> {
    checkOptions(call, options, ['threads', 'kernels', 'signal'])
    const signal = options.signal ?? null
    signal?.throwIfAborted()
    const threads = checkThreads(call, options.threads)
    const kernels = checkKernels(call, options.kernels)
    const values = this.#queries(call, points)
    const rows = { values, columns: this.centroids.columns, weights: null }
    if (threads !== 1 && values.length * this.k > SMALL * 4) {
      const result = await runOnTeam(rows, this.k, this.#job(want), {
        threads,
        kernels,
        signal,
        onProgress: null,
        call,
      })
      if (result !== null) return predictOf(result)
    }
    const size = Math.ceil((SMALL * 8) / (this.k * this.centroids.columns))
    const total = values.length / this.centroids.columns
    if (total <= size) {
      return predictOf(
        inline(kernels, (runner) => runJob(runner, { carried: rows, k: this.k }, this.#job(want), null)),
      )
    }
    // A runner of its own, since others have their turn between the parts.
    const runner = runnerFor(kernels)
    const steps = predictSteps(runner, placeRows(runner.memory, rows, this.k), this.#job(want), size)
    for (;;) {
      await nextTurn()
      signal?.throwIfAborted()
      const next = steps.next()
      if (next.done === true) return next.value
    }
  }

  #now(call: string, points: PointsLike, want: PredictJob['want']): PredictResult {
    const rows = { values: this.#queries(call, points), columns: this.centroids.columns, weights: null }
    return predictOf(
      withInlineRunner(fitKit, (runner) =>
        runJob(runner, { carried: rows, k: this.k }, this.#job(want), null),
      ),
    )
  }

  #distances(result: PredictResult): Matrix {
    if (result.distances === null) throw new Error('no distances came back: this is a defect of nigh')
    return Matrix.trusted(result.distances, this.k)
  }

  /**
   * The model as the bytes of a `.nigh` file: see docs/model-file.md.
   *
   * @param options `labels: false` leaves out the labels of the training rows, 4 bytes each
   */
  toBytes(options: { readonly labels?: boolean } = {}): Uint8Array<ArrayBuffer> {
    checkOptions('KMeans.toBytes', options, ['labels'])
    const labels = options.labels === false ? new Uint32Array(0) : this.labels
    return writeModel({
      kind: KIND,
      meta: {
        ...this.#settings,
        inertia: this.inertia,
        iterations: this.iterations,
        converged: this.converged,
        exponent: this.#exponent,
        warnings: this.warnings.map(({ code, message }) => ({ code, message })),
        encoder: this.encoder === undefined ? null : this.encoder.toJSON(),
        kept: this.rows !== null,
      },
      tensors: {
        centroids: { shape: [this.k, this.centroids.columns], values: this.centroids.values },
        counts: { shape: [this.k], values: this.counts },
        labels: { shape: [labels.length], values: labels },
        rows: { shape: [this.rows?.length ?? 0], values: this.rows ?? new Uint32Array(0) },
      },
    })
  }

  /**
   * Reads a model that {@link KMeans.toBytes} wrote.
   *
   * @throws {InputError} E_MAGIC, E_CHECKSUM, E_VERSION, E_KIND: one changed bit is an error, never another model
   */
  static fromBytes(bytes: Uint8Array): KMeans {
    const call = 'KMeans.fromBytes'
    const file = readModel(bytes, call, [KIND])
    const fields = new Fields(call, 'meta', file.meta, 'E_MAGIC')
    const settings: Settings = {
      init: fields.choice('init', ['k-means++', 'random', 'given', 'function']),
      nInit: fields.integer('nInit', 1),
      maxIterations: fields.integer('maxIterations', 1),
      tolerance: fields.number('tolerance'),
      seed: fields.integer('seed', 0),
      requested: fields.integer('requested', 1),
    }
    const warnings: Warning[] = fields.list('warnings').map((entry, i) => {
      const warning = new Fields(call, `meta.warnings[${i}]`, entry, 'E_MAGIC')
      const read: Warning = {
        code: warning.choice('code', ['W_DISTINCT', 'W_NOT_CONVERGED']),
        message: warning.text('message'),
      }
      warning.done()
      return read
    })
    const numbers = {
      inertia: fields.number('inertia'),
      iterations: fields.integer('iterations', 0),
      converged: fields.boolean('converged'),
      exponent: fields.integer('exponent', -1100, 1100),
      kept: fields.boolean('kept'),
    }
    const encoder = fields.isNull('encoder') ? undefined : Encoder.fromJSON(fields.value('encoder'))
    fields.done()
    const centroids = tensorOf(call, file.tensors, 'centroids', Float64Array, [-1, -1])
    const shape = file.tensors.get('centroids')?.shape ?? []
    const [k, columns] = shape
    const counts = tensorOf(call, file.tensors, 'counts', Float64Array, [k])
    const labels = tensorOf(call, file.tensors, 'labels', Uint32Array, [-1])
    const rows = tensorOf(call, file.tensors, 'rows', Uint32Array, [-1])
    const refuse = (what: string): never => {
      throw new InputError('E_MAGIC', 'bytes', `${call}: ${what}: no model file of nigh`)
    }
    if (file.tensors.size !== 4) refuse('the file must hold centroids, counts, labels and rows only')
    if (encoder !== undefined && encoder.features.length !== columns)
      refuse('encoder and centroids must agree')
    if (labels.some((label) => label >= k)) refuse('every label must be below k')
    if (counts.some((count) => !(count >= 0 && count < Number.POSITIVE_INFINITY)))
      refuse('counts must be finite')
    const factor = 2 ** numbers.exponent
    if (centroids.some((x) => !(Math.abs(x * factor) <= LARGEST))) refuse('centroids must lie within ±1e150')
    return new KMeans({
      centroids: Matrix.checked(call, 'centroids', centroids, columns),
      counts,
      labels,
      ...numbers,
      rows: numbers.kept ? rows : null,
      warnings,
      encoder,
      settings,
      work: { distances: 0, exact: 0 },
    })
  }

  /**
   * A model from centroids made elsewhere, as by a cluster: for engines, which keep to the same rules.
   * Its labels are empty where the rows stayed elsewhere.
   */
  static fromParts(parts: KMeansParts): KMeans {
    const { centroids } = parts
    return new KMeans({
      centroids,
      counts: parts.counts,
      labels: parts.labels ?? new Uint32Array(0),
      inertia: parts.inertia,
      iterations: parts.iterations,
      converged: parts.converged,
      exponent: 0,
      warnings: parts.warnings ?? [],
      encoder: parts.encoder,
      rows: null,
      work: { distances: 0, exact: 0 },
      settings: {
        init: 'given',
        nInit: 1,
        maxIterations: Math.max(1, parts.iterations),
        tolerance: 0,
        seed: 0,
        requested: centroids.rows,
      },
    })
  }
}

/** The parts of a model that was fitted elsewhere. */
export interface KMeansParts {
  /** k × d. */
  readonly centroids: Matrix
  /** k summed weights. */
  readonly counts: Float64Array
  readonly inertia: number
  readonly iterations: number
  readonly converged: boolean
  readonly labels?: Uint32Array
  readonly warnings?: readonly Warning[]
  readonly encoder?: Encoder
}

const KIND = 'kmeans'
/** Up to this many multiply-adds an iteration, a team's start costs more than it saves. */
const SMALL = 1_000_000

/** How a model was fitted, for its file. */
interface Settings {
  readonly init: CheckedOptions['initName']
  readonly nInit: number
  readonly maxIterations: number
  readonly tolerance: number
  readonly seed: number
  /** The k that was asked for. */
  readonly requested: number
}

interface State {
  readonly labels: Uint32Array
  readonly centroids: Matrix
  readonly counts: Float64Array
  readonly inertia: number
  readonly iterations: number
  readonly converged: boolean
  readonly exponent: number
  readonly warnings: readonly Warning[]
  readonly encoder: Encoder | undefined
  readonly rows: Uint32Array | null
  readonly work: FitWork
  readonly settings: Settings
}

/** What a model is made of beside what the fit found. */
interface Modelled {
  readonly call: string
  readonly columns: number
  readonly encoder: Encoder | undefined
  readonly kept: Uint32Array | null
  readonly checked: CheckedOptions
}

interface Fitted extends Modelled {
  readonly matrix: Matrix
}

function fittedFor(call: string, points: PointsLike, options: KMeansOptions): Fitted {
  // Weights are given for the table's rows; rows with empty cells may have been left out.
  const weights = options.sampleWeight
  const forEncoder =
    weights !== undefined && points instanceof Table
      ? rowWeights(call, weights, points.rows).values
      : undefined
  const { matrix, encoder, kept } = fittedPoints(call, points, options, forEncoder)
  const used =
    kept === null || weights === undefined ? weights : Float64Array.from(kept, (row) => weights[row])
  const checked = checkKMeans(call, matrix, used === undefined ? options : { ...options, sampleWeight: used })
  return { call, matrix, columns: matrix.columns, encoder, kept, checked }
}

function rowsOf({ matrix, checked }: Fitted): {
  values: Reals
  columns: number
  weights: Float64Array | null
} {
  return { values: matrix.values, columns: matrix.columns, weights: checked.weights }
}

function fitJob(checked: CheckedOptions): FitJob {
  const { k, init, starts, maxIterations, tolerance, seed } = checked
  return {
    kind: 'fit',
    options: { k, init, starts, maxIterations, tolerance, seed },
    weightScale: 1 / checked.weightUnit,
  }
}

function modelOf({ call, columns, encoder, kept, checked }: Modelled, result: FitResult): KMeans {
  const warnings: Warning[] = []
  const found = result.centroids.length / columns
  if (found < checked.k) {
    const message = fewerDistinct(call, checked.k, found)
    if (checked.strict) throw new InputError('E_DISTINCT', 'k', message)
    warnings.push({ code: 'W_DISTINCT', message })
  }
  if (!result.converged) {
    warnings.push({
      code: 'W_NOT_CONVERGED',
      message: `${call}: stopped after maxIterations = ${checked.maxIterations} before it converged`,
    })
  }
  return make({
    labels: result.labels,
    centroids: Matrix.trusted(result.centroids, columns),
    counts: result.counts,
    inertia: result.inertia,
    iterations: result.iterations,
    converged: result.converged,
    exponent: result.exponent,
    warnings,
    encoder,
    rows: kept,
    work: result.work,
    settings: {
      init: checked.initName,
      nInit: checked.starts,
      maxIterations: checked.maxIterations,
      tolerance: checked.tolerance,
      seed: checked.seed,
      requested: checked.k,
    },
  })
}

function fitOf(result: JobResult): FitResult {
  if (result.kind !== 'fit') throw new Error('a fit was asked for: this is a defect of nigh')
  return result.fit
}

function predictOf(result: JobResult): PredictResult {
  if (result.kind !== 'predict') throw new Error('a prediction was asked for: this is a defect of nigh')
  return result.predict
}

function labelsOf(result: PredictResult): Uint32Array {
  if (result.labels === null) throw new Error('no labels came back: this is a defect of nigh')
  return result.labels
}

function runnerFor(kernels: KernelSetName): InlineRunner {
  return makeInlineRunner(fitKit, kernels)
}

/** Does a job on this thread, with the kept runner where its kernels are the ones asked for. */
function inline(kernels: KernelSetName, work: (runner: Runner) => JobResult): JobResult {
  return kernels === availableKernels()[0] ? withInlineRunner(fitKit, work) : work(runnerFor(kernels))
}
