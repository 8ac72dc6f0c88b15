import { checkInteger, checkOptions, orDefault } from '../check.ts'
import { Matrix, type MatrixLike } from '../data/matrix.ts'
import { availableKernels } from '../kernels/simd.ts'
import { runOnTeam } from '../workers/pool.ts'
import { checkThreads } from './options.ts'

/**
 * Picks k first centroids by greedy k-means++ and stops there: for measurements, and for those who go on by themselves.
 *
 * Cost: n·d for each candidate of each round, on `threads` workers.
 *
 * @returns k rows of the points, or as many as there are different rows
 */
export async function seedCentroids(
  points: MatrixLike,
  options: { readonly k: number; readonly seed?: number; readonly threads?: number },
): Promise<Matrix> {
  const call = 'seedCentroids'
  checkOptions(call, options, ['k', 'seed', 'threads'])
  const matrix = Matrix.from(call, 'points', points)
  const k = checkInteger(call, 'k', options.k, 1, matrix.rows, 'the number of rows', 'E_K')
  const seed = checkInteger(call, 'seed', orDefault(options.seed, 0), 0, Number.MAX_SAFE_INTEGER)
  const threads = checkThreads(call, options.threads)
  const rows = { values: matrix.values, columns: matrix.columns, weights: null }
  const kernels = availableKernels()[0]
  const result = await runOnTeam(
    rows,
    k,
    { kind: 'seed', k, seed },
    { threads, kernels, signal: null, onProgress: null, call },
  )
  if (result === null || result.kind !== 'seed') throw new Error(`${call}: this environment has no workers`)
  return Matrix.trusted(result.centroids, matrix.columns)
}
