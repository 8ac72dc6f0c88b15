import { InputError } from '../check.ts'
import { Encoder } from '../data/encoder.ts'
import type { PointsLike } from '../data/points.ts'
import { rowWeights, sumOfWeights } from '../data/weights.ts'
import { type PointChunks, surveyChunks } from '../kmeans/chunks.ts'
import { Random } from '../random.ts'
import { ChunkPasses } from './chunk-passes.ts'
import type { Found } from './clusters.ts'
import { distinctRows } from './distinct-rows.ts'
import { checkSquares, type Checked, type ClusterOptions, warningsOf } from './fit-options.ts'
import { BatchDescent, firstCenters, learn, placeOf, sampleSize, type Settings } from './minibatch-steps.ts'
import type { Work } from './partition.ts'
import type { Space } from './space.ts'

/** What a fit of chunks needs to know before the points are seen. */
export interface ChunkPlan {
  readonly call: string
  readonly settings: Settings
  readonly space: (columns: number, encoder: Encoder | undefined) => Space<PointsLike>
  readonly plan: (rows: number, columns: number) => Checked
}

/** What was found, and in which space. */
export interface ChunksFound {
  readonly found: Found
  readonly space: Space<PointsLike>
}

/**
 * Mini-batch K-Means over rows that come anew for every pass. Row numbers are drawn first, for many batches at once;
 * a pass then gathers these rows. So batches are fair samples of all rows, however those are sorted.
 *
 *     a pass: how many rows are there, and are they numbers?
 *     a pass: the sample for first centres
 *     until converged: a pass that gathers batches; a step for each
 *     a pass: the label of every row
 *
 * How rows are cut into chunks makes no difference. Memory: {@link DRAWN_BYTES} of drawn rows, a chunk, and 4 bytes a
 * row for the labels (20 with weights).
 */
export async function fitMiniBatches(
  points: PointChunks,
  options: ClusterOptions,
  { call, settings, space: spaceFor, plan: planFor }: ChunkPlan,
): Promise<ChunksFound> {
  const { signal, encoder } = options
  signal?.throwIfAborted()
  if (encoder !== undefined && !(encoder instanceof Encoder)) {
    throw new InputError(
      'E_PARAM',
      'encoder',
      `${call}: encoder must be a fitted Encoder where points come in chunks, got options for one`,
    )
  }
  const surveyed = await surveyChunks(call, points, encoder, () => 1, signal ?? null)
  checkSquares(call, 'points', [surveyed.largest])
  const { rows, columns } = surveyed.chunks
  const space = spaceFor(columns, encoder)
  const plan = planFor(rows, columns)
  const weights = weightsOf(call, options.sampleWeight, surveyed.kept, rows)
  const passes = new ChunkPasses(surveyed.chunks, space, call, options)
  // Draws have random numbers of their own, so that it does not matter how many are made at once.
  const others = new Random(plan.seed)
  const draws = new Draws(rows, weights?.values ?? null, new Random(others.bits()))

  // Copies counted: whole, so that weights and copies draw alike.
  const total = weights === null ? rows : Math.max(weights.present, Math.min(2 ** 40, Math.ceil(weights.sum)))
  const size = Math.min(settings.batchSize, total)
  let centers: Float64Array
  if (plan.init instanceof Float64Array) centers = plan.init.slice()
  else {
    const drawn = await passes.gather(draws.take(sampleSize(size, plan.k)))
    let sample = await passes.work(distinctRows(drawn, columns, null))
    if (sample.count < plan.k) {
      sample = await passes.different(weights?.values ?? null, sampleSize(size, plan.k))
    }
    centers = await passes.work(firstCenters(space, sample, plan, others, { done: 0, total: 1 }))
  }
  const descent = new BatchDescent(space, settings, others, centers, size, total)
  const steps = Math.max(1, Math.floor((plan.maxIterations * total) / size))
  const together = Math.max(1, Math.min(MOST_TOGETHER, Math.floor(DRAWN_BYTES / (columns * 8) / size)))
  while (descent.steps < steps && !descent.converged) {
    const batches = Math.min(together, steps - descent.steps)
    const drawn = await passes.gather(draws.take(batches * size))
    await passes.work(descend(descent, drawn, size * columns))
  }
  const { labels, counts, inertia } = await passes.label(centers, weights?.values ?? null)
  const unit = weights?.unit ?? 1
  const found: Found = {
    centers,
    labels,
    counts: counts.map((count) => count * unit),
    inertia: inertia * unit,
    iterations: descent.steps,
    converged: descent.converged,
    warnings: warningsOf(call, plan, counts.length, descent.converged),
    encoder,
    rows: surveyed.kept ?? points.kept ?? null,
  }
  return { found, space }
}

/** What a model has learnt when it is shown further rows. */
export interface Learnt extends Pick<Found, 'labels' | 'counts' | 'inertia' | 'rows'> {
  readonly centers: Float64Array
}

/**
 * Shows rows that come in chunks to centres, `batchSize` rows at a time; a pass for that, one before to count and check
 * them, one after for the labels.
 *
 * @param known the centres, and what each has seen
 */
export async function learnChunks(
  call: string,
  points: PointChunks,
  options: Pick<ClusterOptions, 'sampleWeight' | 'signal' | 'onProgress'>,
  space: Space<PointsLike>,
  settings: Settings,
  known: {
    readonly centers: Float64Array
    readonly seen: Float64Array
    readonly encoder: Encoder | undefined
  },
): Promise<Learnt> {
  const { signal } = options
  signal?.throwIfAborted()
  const surveyed = await surveyChunks(call, points, known.encoder, () => 1, signal ?? null)
  checkSquares(call, 'points', [surveyed.largest])
  const { rows, columns } = surveyed.chunks
  if (columns !== space.width) {
    throw new InputError(
      'E_SHAPE',
      'points',
      `${call}: points must have ${space.width} columns, as the fitted points have, got ${columns}`,
    )
  }
  const weights = weightsOf(call, options.sampleWeight, surveyed.kept, rows)
  const unit = weights?.unit ?? 1
  const passes = new ChunkPasses(surveyed.chunks, space, call, options)
  const centers = known.centers.slice()
  let { seen } = known
  await passes.inTurn(settings.batchSize, function* (values, from): Work<void> {
    const some = weights?.values.subarray(from, from + values.length / columns) ?? null
    const batch = yield* distinctRows(values, columns, some)
    seen = yield* learn(space, batch, unit, centers, seen, settings.halfLife)
  })
  const { labels, inertia } = await passes.label(centers, weights?.values ?? null)
  return {
    centers,
    labels,
    counts: seen,
    inertia: inertia * unit,
    rows: surveyed.kept ?? points.kept ?? null,
  }
}

/** Drawn rows held at a time. */
const DRAWN_BYTES = 1 << 26
/** Batches gathered in one pass: most fits converge in fewer steps. */
const MOST_TOGETHER = 128

/** Weights of the rows that are used, brought to a size that sums can hold. */
interface Weighed {
  readonly values: Float64Array
  /** The power of two that they were divided by. */
  readonly unit: number
  /** Their sum as the caller gave them. */
  readonly sum: number
  /** How many are above 0. */
  readonly present: number
}

function weightsOf(
  call: string,
  sampleWeight: ClusterOptions['sampleWeight'],
  kept: Uint32Array | null,
  rows: number,
): Weighed | null {
  if (sampleWeight === undefined) return null
  const used = kept === null ? sampleWeight : Float64Array.from(kept, (row) => sampleWeight[row])
  const { values } = rowWeights(call, used, rows)
  const first = values.findIndex((weight) => weight > 0)
  const unit = used[first] / values[first]
  let present = 0
  for (const weight of values) if (weight > 0) present++
  return { values, unit, sum: sumOfWeights(values) * unit, present }
}

function* descend(descent: BatchDescent, drawn: Float64Array, length: number): Work<void> {
  for (let from = 0; from < drawn.length && !descent.converged; from += length) {
    descent.take(drawn.subarray(from, from + length))
    yield { done: from, total: drawn.length }
  }
}

/** Draws of row numbers, by weight, with replacement. */
class Draws {
  readonly #rows: number
  readonly #cumulative: Float64Array | null = null
  readonly #random: Random

  constructor(rows: number, weights: Float64Array | null, random: Random) {
    this.#rows = rows
    this.#random = random
    if (weights === null) return
    this.#cumulative = new Float64Array(rows)
    for (let i = 0, sum = 0; i < rows; i++) this.#cumulative[i] = sum += weights[i]
  }

  take(count: number): Uint32Array {
    const cumulative = this.#cumulative
    const numbers = new Uint32Array(count)
    for (let i = 0; i < count; i++) {
      const at = this.#random.uniform()
      numbers[i] =
        cumulative === null
          ? Math.floor(at * this.#rows)
          : placeOf(cumulative, at * cumulative[this.#rows - 1])
    }
    return numbers
  }
}
