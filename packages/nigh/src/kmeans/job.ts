import { InputError } from '../check.ts'
import type { FitRows, FitWork } from '../engine/fit-record.ts'
import { LocalFit } from '../engine/local-fit.ts'
import type { Runner } from '../engine/runner.ts'
import { Random } from '../random.ts'
import { fit, type Init, type LloydOptions } from './lloyd.ts'
import type { Ranges } from './grids.ts'
import { runHere, type FitEngine, type FitStep, type Yielded } from './passes.ts'
import { plusPlus } from './seeding.ts'

/** A fit, as plain data: what goes to another thread. */
export interface FitJob {
  readonly kind: 'fit'
  readonly options: LloydOptions
  /** Power of two that the weights were multiplied by. */
  readonly weightScale: number
}

/** What a fit found, as plain data, in the caller's units. */
export interface FitResult {
  readonly labels: Uint32Array
  readonly centroids: Float64Array
  readonly counts: Float64Array
  readonly inertia: number
  readonly iterations: number
  readonly converged: boolean
  /** The rows were multiplied by 2^exponent, since the squares of their own differences would underflow. */
  readonly exponent: number
  readonly work: FitWork
}

/** Squares of distances stay far from overflow below this. */
export const LARGEST = 1e150
/** Bytes of distances that the kernels' memory of 4 GiB holds beside rows and centroids. */
const LARGEST_ANSWER = 3 * 2 ** 30
/** Below this range, squared differences lose bits to underflow. */
const SMALLEST = 2 ** -400

/** Runs a fit to its end on a runner. */
export function runFit(
  runner: Runner,
  rows: FitRows,
  job: FitJob,
  onStep: ((step: FitStep) => void) | null,
): FitResult {
  const begun = beginFit(runner, rows, job)
  runHere(begun.steps, onStep)
  return begun.finish()
}

/** A fit that is driven step by step, and its result once the steps are done. */
export interface BegunFit {
  readonly steps: Generator<Yielded, void, void>
  finish(): FitResult
  /** The labels as they are, between steps: a copy. */
  labels(): Uint32Array
  /** Summed squared distance to these centroids by the labels as they are, in the engine's unit. */
  inertia(centroids: Float64Array): number
  /** Power of two between the caller's unit and the centroids of the steps. */
  readonly exponent: number
}

/** Readies a fit: scales the rows where they ask for it, and makes the generator of its steps. */
export function beginFit(runner: Runner, rows: FitRows, job: FitJob): BegunFit {
  const engine = new LocalFit(runner, rows)
  const grids = engine.prepare()
  const { ranges } = engine
  let largest = largestAbsent(runner, rows)
  for (let j = 0; j < rows.columns; j++) {
    largest = Math.max(largest, Math.abs(ranges.minima[j]), Math.abs(ranges.maxima[j]))
  }
  refuseLarge(largest)
  const exponent = exponentFor(grids.spanSq, ranges, rows.double)
  if (exponent !== 0) engine.scaleRows(exponent)
  return {
    ...fitSteps(engine, job, exponent),
    labels: () => engine.currentLabels(),
    inertia: (centroids) => engine.inertia(centroids),
    exponent,
  }
}

/** Refuses points whose squared distances could overflow. */
export function refuseLarge(largest: number): void {
  if (!(largest > LARGEST)) return
  throw new InputError(
    'E_RANGE',
    'points',
    `KMeans.fit: points must lie between −1e150 and 1e150, since squared distances overflow beyond; found ${largest}: divide the columns by a constant`,
  )
}

/** The power of two by which rows are multiplied where squares of their differences would underflow; else 0. */
export function exponentFor(spanSq: number, { minima, maxima }: Ranges, double: boolean): number {
  let span = 0
  for (let j = 0; j < minima.length; j++) span = Math.max(span, maxima[j] - minima[j])
  if (!(spanSq < SMALLEST) || !double || !(span > 0)) return 0
  return Math.min(-Math.floor(Math.log2(span)), 1000)
}

/** An engine that keeps the labels of the best start and counts its work. */
interface LabellingEngine extends FitEngine {
  readonly labels: Uint32Array
  readonly work: FitWork
}

/** The steps of a fit on an engine whose rows were multiplied by 2^exponent, and its result in the caller's units. */
export function fitSteps(
  engine: LabellingEngine,
  job: FitJob,
  exponent: number,
): Pick<BegunFit, 'steps' | 'finish'> {
  const factor = 2 ** exponent
  const init: Init =
    typeof job.options.init === 'string'
      ? job.options.init
      : job.options.init.map((start) => start.map((x) => x * factor))
  const options: LloydOptions = { ...job.options, init, tolerance: job.options.tolerance * factor }
  let result: FitResult | null = null
  function* steps(): Generator<Yielded, void, void> {
    const outcome = yield* fit(engine, options)
    result = {
      labels: engine.labels,
      centroids: outcome.centroids.map((x) => x / factor),
      counts: outcome.counts.map((x) => x / job.weightScale),
      inertia: outcome.inertia / factor / factor / job.weightScale,
      iterations: outcome.iterations,
      converged: outcome.converged,
      exponent,
      work: engine.work,
    }
  }
  return {
    steps: steps(),
    finish() {
      if (result === null) throw new Error('the steps are not done: this is a defect of nigh')
      return result
    },
  }
}

/** The largest magnitude in rows of weight 0: they get labels too, so their squares must not overflow either. */
function largestAbsent(runner: Runner, { rows, columns, points, double, weights }: FitRows): number {
  if (weights === 0 || !double) return 0
  const weight = runner.memory.f64(weights, rows)
  const values = runner.memory.f64(points, rows * columns)
  let largest = 0
  for (let i = 0; i < rows; i++) {
    if (weight[i] !== 0) continue
    for (let at = i * columns; at < (i + 1) * columns; at++) largest = Math.max(largest, Math.abs(values[at]))
  }
  return largest
}

/** First centroids alone, as plain data. */
export interface SeedJob {
  readonly kind: 'seed'
  readonly k: number
  readonly seed: number
}

/** Picks first centroids by k-means++ on a runner: rows, one after another. */
export function runSeed(runner: Runner, rows: FitRows, job: SeedJob): Float64Array {
  const engine = new LocalFit(runner, rows)
  engine.prepare()
  let picked: readonly Float64Array[] = []
  function* steps(): Generator<Yielded, void, void> {
    picked = yield* plusPlus(engine, job.k, new Random(job.seed), 0)
  }
  runHere(steps())
  const centroids = new Float64Array(picked.length * rows.columns)
  for (let c = 0; c < picked.length; c++) centroids.set(picked[c], c * rows.columns)
  return centroids
}

/** Labels or distances for new rows, as plain data. */
export interface PredictJob {
  readonly kind: 'predict'
  readonly want: 'labels' | 'distances' | 'inertia'
  readonly centroids: Float64Array
  readonly exponent: number
}

export interface PredictResult {
  readonly labels: Uint32Array | null
  /** Distances to all centroids, n × k. */
  readonly distances: Float64Array | null
  readonly inertia: number
}

/** Runs a prediction on a runner. */
export function runPredict(runner: Runner, rows: FitRows, job: PredictJob): PredictResult {
  const steps = predictSteps(runner, rows, job, rows.rows)
  let next = steps.next()
  while (next.done !== true) next = steps.next()
  return next.value
}

/** The steps of a prediction, each of about so many rows: says after each how many rows are done. */
export function* predictSteps(
  runner: Runner,
  rows: FitRows,
  job: PredictJob,
  size: number,
): Generator<number, PredictResult, void> {
  const engine = new LocalFit(runner, rows)
  if (job.exponent !== 0) engine.scaleRows(job.exponent)
  else engine.prepare()
  yield 0
  const factor = 2 ** job.exponent
  const centroids = job.centroids.map((x) => x * factor)
  for (let j = 0; j < rows.columns; j++) {
    const { minimum, maximum } = engine.rangeOf(j)
    if (Math.max(Math.abs(minimum), Math.abs(maximum)) > LARGEST) {
      throw new InputError(
        'E_RANGE',
        'points',
        `KMeans: points must lie between −1e150 and 1e150 in the model's unit, since squared distances overflow beyond; column ${j} reaches ${Math.max(Math.abs(minimum), Math.abs(maximum)) / factor}`,
      )
    }
  }
  if (job.want === 'distances') {
    const k = job.centroids.length / rows.columns
    if (rows.rows * k * 8 > LARGEST_ANSWER) {
      throw new InputError(
        'E_MEMORY',
        'points',
        `KMeans: the distances of ${rows.rows} rows to ${k} centroids need ${Math.ceil((rows.rows * k) / 125_000)} MB, more than a call may take; ask in parts`,
      )
    }
    const parts = engine.distanceParts(centroids, size)
    for (let from = 0; ; ) {
      const next = parts.next()
      if (next.done === true) return { labels: null, distances: next.value, inertia: 0 }
      const { done, distances } = next.value
      for (let i = from * k; i < done * k; i++) distances[i] = Math.sqrt(distances[i]) / factor
      from = done
      yield done
    }
  }
  yield* engine.labelParts(centroids, size)
  const labels = engine.currentLabels()
  const inertia = job.want === 'inertia' ? engine.inertia(centroids) / factor / factor : 0
  return { labels, distances: null, inertia }
}
