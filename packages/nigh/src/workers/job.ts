import { placeRows, type CarriedRows } from '../engine/rows.ts'
import type { FitRows } from '../engine/fit-record.ts'
import type { Runner } from '../engine/runner.ts'
import {
  runFit,
  runPredict,
  type FitJob,
  type FitResult,
  type PredictJob,
  type PredictResult,
  runSeed,
  type SeedJob,
} from '../kmeans/job.ts'
import type { FitStep } from '../kmeans/passes.ts'

/** What a team can be asked to do, as plain data. */
export type Job = FitJob | PredictJob | SeedJob

/** What it answers, as plain data. */
export type JobResult =
  | { readonly kind: 'fit'; readonly fit: FitResult }
  | { readonly kind: 'predict'; readonly predict: PredictResult }
  | { readonly kind: 'seed'; readonly centroids: Float64Array }

/** Rows already in the team's memory, or on their way there. */
export type JobRows = { readonly placed: FitRows } | { readonly carried: CarriedRows; readonly k: number }

/** Does a job on a runner. */
export function runJob(
  runner: Runner,
  rows: JobRows,
  job: Job,
  onStep: ((step: FitStep) => void) | null,
): JobResult {
  const placed = 'placed' in rows ? rows.placed : placeRows(runner.memory, rows.carried, rows.k)
  if (job.kind === 'fit') return { kind: 'fit', fit: runFit(runner, placed, job, onStep) }
  if (job.kind === 'seed') return { kind: 'seed', centroids: runSeed(runner, placed, job) }
  return { kind: 'predict', predict: runPredict(runner, placed, job) }
}
