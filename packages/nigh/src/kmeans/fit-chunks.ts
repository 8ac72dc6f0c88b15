import { InputError } from '../check.ts'
import { Encoder } from '../data/encoder.ts'
import { ChunkedFit } from '../engine/chunked-fit.ts'
import { makeInlineRunner, makeOpenRunner, type Runner } from '../engine/runner.ts'
import { TeamRunner } from '../engine/team.ts'
import type { KernelSetName } from '../kernels/contract.ts'
import { ROUND } from '../kernels/layout.ts'
import { fitKit } from '../kernels/fit-kit.ts'
import { availableKernels } from '../kernels/simd.ts'
import { lend } from '../workers/pool.ts'
import { canShareMemory, hardwareThreads, nextTurn } from '../workers/spawn.ts'
import { type PointChunks, surveyChunks } from './chunks.ts'
import { gridsOf } from './grids.ts'
import { exponentFor, type FitJob, type FitResult, fitSteps, refuseLarge } from './job.ts'
import type { CheckedOptions, KMeansOptions, LaterOptions } from './options.ts'
import { checkKMeans } from './options.ts'
import { runLater } from './passes.ts'

/** A fit of points that came in chunks. */
export interface ChunksFitted {
  readonly checked: CheckedOptions
  readonly result: FitResult
  readonly columns: number
  readonly encoder: Encoder | undefined
  readonly kept: Uint32Array | null
}

/**
 * Fits points that come in chunks, on the calling thread and members lent to it.
 *
 * @param windowBytes how much of the points is held at a time
 */
export async function fitChunks(
  call: string,
  points: PointChunks,
  options: KMeansOptions & LaterOptions,
  windowBytes: number = WINDOW_BYTES,
): Promise<ChunksFitted> {
  const { signal = null, onProgress = null, sampleWeight, init, encoder } = options
  if (encoder !== undefined && !(encoder instanceof Encoder)) {
    throw new InputError(
      'E_PARAM',
      'encoder',
      `${call}: encoder must be a fitted Encoder where points come in chunks, got options for one`,
    )
  }
  if (typeof init === 'function') {
    throw new InputError(
      'E_INIT',
      'init',
      `${call}: init must be 'k-means++', 'random' or k rows where points come in chunks, got a function`,
    )
  }
  const weightOf = sampleWeight === undefined ? () => 1 : (row: number) => sampleWeight[row]
  const surveyed = await surveyChunks(call, points, encoder, weightOf, signal)
  const { chunks, double, kept } = surveyed
  const { rows, columns } = chunks
  const used =
    kept === null || sampleWeight === undefined
      ? sampleWeight
      : Float64Array.from(kept, (row) => sampleWeight[row])
  const checked = checkKMeans(
    call,
    { rows, columns },
    used === undefined ? options : { ...options, sampleWeight: used },
  )
  refuseLarge(surveyed.largest)

  const { k, weights } = checked
  let weight = rows
  let largestWeight = 1
  if (weights !== null) {
    weight = 0
    largestWeight = 0
    for (const w of weights) {
      weight += Math.ceil(w)
      if (w > largestWeight) largestWeight = w
    }
  }
  const found = { ...surveyed.survey.ranges, weight, largestWeight }
  const exponent = exponentFor(gridsOf(found).spanSq, found, double)
  const factor = 2 ** exponent
  const ranges = {
    ...found,
    minima: found.minima.map((x) => x * factor),
    maxima: found.maxima.map((x) => x * factor),
  }
  const sample = surveyed.survey.sample.map((x) => x * factor)

  const small = rows * columns * k * checked.starts <= SMALL
  const threads = small ? 1 : (checked.threads ?? Math.min(16, await hardwareThreads()))
  const runner = runnerFor(checked.kernels, threads)
  const { memory } = runner
  const width = columns * (double ? 8 : 4)
  const windowRows = Math.min(
    Math.ceil(rows / ROUND) * ROUND,
    Math.max(ROUND, Math.floor(Math.min(windowBytes / width, WINDOW_WORK / (k * columns)) / ROUND) * ROUND),
  )
  const window = {
    rows: windowRows,
    columns,
    points: memory.allocate(windowRows * width),
    double,
    weights: weights === null ? 0 : memory.allocate(windowRows * 8),
    k,
  }
  const engine = new ChunkedFit(
    runner,
    window,
    chunks,
    weights,
    { ranges, sample },
    {
      factor,
      call,
      signal,
      pause: nextTurn,
      keepCopy: checked.starts > 1,
    },
  )
  const { init: first, starts, maxIterations, tolerance, seed } = checked
  const job: FitJob = {
    kind: 'fit',
    options: { k, init: first, starts, maxIterations, tolerance, seed },
    weightScale: 1 / checked.weightUnit,
  }
  const begun = fitSteps(engine, job, exponent)
  const members = runner instanceof TeamRunner ? new Members(runner) : null
  await members?.ask()
  try {
    await runLater(begun.steps, ({ start, iteration, phase, changed }) => {
      onProgress?.({ start, iteration, phase, changed })
      void members?.ask()
    })
  } finally {
    members?.part()
  }
  return { checked, result: begun.finish(), columns, encoder, kept: kept ?? points.kept ?? null }
}

/**
 * Members for a team, as long as nobody else wants them. Where the chunks come from is others' code, which may wait for
 * a fit of its own: that fit gets the members, and this one has them back for a later step.
 */
class Members {
  readonly #team: TeamRunner
  #asking = false
  #over = false

  constructor(team: TeamRunner) {
    this.#team = team
  }

  async ask(): Promise<void> {
    const team = this.#team
    if (this.#asking || team.members > 0) return
    this.#asking = true
    try {
      await lend(team, team.threads - 1, true)
    } finally {
      this.#asking = false
      if (this.#over) team.part()
    }
  }

  part(): void {
    this.#over = true
    this.#team.part()
  }
}

function runnerFor(kernels: KernelSetName, threads: number): Runner {
  return kernels === availableKernels()[0]
    ? makeOpenRunner(fitKit, threads, canShareMemory())
    : makeInlineRunner(fitKit, kernels)
}

/** Points held at a time. */
const WINDOW_BYTES = 1 << 24
/** Multiply-adds of a window's pass at most, for which the calling thread may be held: some 20 ms. */
const WINDOW_WORK = 100_000_000
/** Up to this many multiply-adds an iteration, members cost more than they save. */
const SMALL = 1_000_000
