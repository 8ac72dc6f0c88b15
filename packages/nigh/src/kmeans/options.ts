import {
  checkBoolean,
  checkChoice,
  checkInteger,
  checkNumber,
  checkOptions,
  counted,
  InputError,
  show,
  orDefault,
} from '../check.ts'
import type { Matrix, MatrixLike } from '../data/matrix.ts'
import { Matrix as Rows } from '../data/matrix.ts'
import type { PointsOptions } from '../data/points.ts'
import { rowWeights } from '../data/weights.ts'
import type { KernelSetName } from '../kernels/contract.ts'
import { availableKernels } from '../kernels/simd.ts'
import { Random } from '../random.ts'
import type { Progress } from '../workers/message.ts'
import { LARGEST } from './job.ts'
import type { Init } from './lloyd.ts'

/** Options of {@link KMeans.fit}. */
export interface KMeansOptions extends PointsOptions {
  /** Number of clusters: an integer from 1 to the number of rows. It has no default: choosing it is your question. */
  readonly k: number
  /**
   * The first centroids: 'k-means++' draws rows that lie far from each other, 'random' takes k different rows
   * arbitrarily, a matrix of k rows gives them, and a function makes them from the points, k and a source of random
   * numbers from 0 to 1. Default: 'k-means++'.
   */
  readonly init?: 'k-means++' | 'random' | MatrixLike | InitFunction
  /**
   * Number of starts, the best of which is kept (the smallest inertia): an integer from 1 up. Default: 1 for given
   * centroids, 10 for 'random' and functions, and for 'k-means++' 10 while n·d·k is at most a million, else 1.
   */
  readonly nInit?: number
  /** Most iterations a start may take: an integer from 1 up. Default: 10000; it converges long before. */
  readonly maxIterations?: number
  /**
   * Stop when no centroid moves farther than this, in the data's unit: a number from 0 up. Default: 0, stop when
   * updating changes nothing.
   */
  readonly tolerance?: number
  /** Seed of the random numbers: an integer from 0 up. Default: 0. */
  readonly seed?: number
  /** Weight of each row, from 0 up: weight n is n copies, weight 0 is absence. Default: 1 each. */
  readonly sampleWeight?: readonly number[] | Float64Array | Float32Array
  /** Refuse points with fewer different rows than k, rather than fitting fewer clusters with a warning. Default: false. */
  readonly strict?: boolean
  /** Threads: an integer from 1 to 256; 1 keeps the work on this thread. Default: as many as the machine runs at once. */
  readonly threads?: number
  /** Which inner loops to use. They answer alike, bit for bit: for tests and measurements. Default: the fastest here. */
  readonly kernels?: KernelSetName
}

/** Options of the calls that answer later. */
export interface LaterOptions {
  /** Aborts the work: the call then throws the signal's reason, within 50 ms; on one thread (`threads: 1`), after the pass at work. */
  readonly signal?: AbortSignal
  /** Hears of every step: which start and iteration, and how many rows changed their label. */
  readonly onProgress?: (progress: Progress) => void
}

/** Makes k first centroids from the points. `random` draws numbers from 0 (inclusive) to 1 (exclusive). */
export type InitFunction = (points: Matrix, k: number, random: () => number) => MatrixLike

const NAMES = [
  'k',
  'init',
  'nInit',
  'maxIterations',
  'tolerance',
  'seed',
  'sampleWeight',
  'strict',
  'threads',
  'kernels',
  'encoder',
] as const

/** Checked options, every default filled in. */
export interface CheckedOptions {
  readonly k: number
  readonly init: Init
  readonly initName: 'k-means++' | 'random' | 'given' | 'function'
  readonly starts: number
  readonly maxIterations: number
  readonly tolerance: number
  readonly seed: number
  readonly weights: Float64Array | null
  /** Power of two that the weights were divided by. */
  readonly weightUnit: number
  readonly strict: boolean
  readonly threads: number | null
  readonly kernels: KernelSetName
}

export function checkKMeansNames(call: string, options: unknown, later: boolean): void {
  checkOptions(call, options, later ? [...NAMES, 'signal', 'onProgress'] : NAMES)
}

/** Checks the options of a fit of these points. */
export function checkKMeans(
  call: string,
  points: Matrix | { readonly rows: number; readonly columns: number },
  options: KMeansOptions,
): CheckedOptions {
  const { rows, columns } = points
  const k = checkInteger(call, 'k', options.k, 1, rows, 'the number of rows', 'E_K')
  const maxIterations = checkInteger(
    call,
    'maxIterations',
    orDefault(options.maxIterations, 10000),
    1,
    2 ** 31,
  )
  const tolerance = checkNumber(call, 'tolerance', orDefault(options.tolerance, 0), 0, Number.MAX_VALUE)
  const seed = checkInteger(call, 'seed', orDefault(options.seed, 0), 0, Number.MAX_SAFE_INTEGER)
  const { weights, weightUnit } = checkWeights(call, options.sampleWeight, rows)
  const { init = 'k-means++' } = options
  const given = options.nInit === undefined ? null : checkInteger(call, 'nInit', options.nInit, 1, 1e6)
  let name: CheckedOptions['initName']
  let starts: number
  let first: Init
  if (typeof init === 'string') {
    name = checkChoice(call, 'init', init, ['k-means++', 'random'])
    starts = given ?? (name === 'random' || rows * columns * k <= 1e6 ? 10 : 1)
    first = name
  } else if (typeof init === 'function' && points instanceof Rows) {
    name = 'function'
    starts = given ?? 10
    const random = new Random(seed)
    const made: Float64Array[] = []
    for (let s = 0; s < starts; s++)
      made.push(
        centroidsFrom(
          call,
          init(points, k, () => random.uniform()),
          k,
          columns,
        ),
      )
    first = made
  } else if (typeof init === 'function') {
    throw new Error('rows in chunks take no such init: this is a defect of nigh')
  } else {
    name = 'given'
    starts = 1
    if (given !== null && given > 1) {
      throw new InputError(
        'E_PARAM',
        'nInit',
        `${call}: nInit must be 1 where init gives the centroids (every start would be the same), got ${given}`,
      )
    }
    first = [centroidsFrom(call, init, k, columns)]
  }
  return {
    k,
    init: first,
    initName: name,
    starts,
    maxIterations,
    tolerance,
    seed,
    weights,
    weightUnit,
    strict: checkBoolean(call, 'strict', orDefault(options.strict, false)),
    threads: checkThreads(call, options.threads),
    kernels: checkKernels(call, options.kernels),
  }
}

/** Null: as many as the machine runs at once. */
export function checkThreads(call: string, threads: unknown): number | null {
  return threads === undefined ? null : checkInteger(call, 'threads', threads, 1, 256)
}

export function checkKernels(call: string, kernels: unknown): KernelSetName {
  return kernels === undefined
    ? availableKernels()[0]
    : checkChoice(call, 'kernels', kernels, availableKernels())
}

function checkWeights(
  call: string,
  sampleWeight: unknown,
  rows: number,
): { weights: Float64Array | null; weightUnit: number } {
  if (sampleWeight === undefined) return { weights: null, weightUnit: 1 }
  const { values } = rowWeights(call, sampleWeight, rows)
  const given: ArrayLike<number> =
    Array.isArray(sampleWeight) || ArrayBuffer.isView(sampleWeight) ? numbers(sampleWeight) : values
  const at = values.findIndex((weight) => weight > 0)
  return { weights: values, weightUnit: given[at] / values[at] }
}

function numbers(values: unknown): ArrayLike<number> {
  if (values instanceof Float64Array || values instanceof Float32Array) return values
  return Array.isArray(values) ? values : []
}

/** Checks first centroids, and copies them. */
function centroidsFrom(call: string, init: MatrixLike, k: number, columns: number): Float64Array {
  let matrix: Matrix
  try {
    matrix = Rows.from(call, 'init', init)
  } catch (error) {
    if (error instanceof InputError && error.code === 'E_TYPE' && !Array.isArray(init)) {
      throw new InputError(
        'E_INIT',
        'init',
        `${call}: init must be 'k-means++', 'random', ${k} rows of ${columns} numbers or a function that makes them, got ${show(init)}`,
      )
    }
    if (error instanceof InputError) throw new InputError('E_INIT', 'init', error.message)
    throw error
  }
  if (matrix.rows !== k || matrix.columns !== columns) {
    throw new InputError(
      'E_INIT',
      'init',
      `${call}: init must have k = ${k} rows of ${counted(columns, 'column')}, got ${matrix.rows} of ${matrix.columns}`,
    )
  }
  const far = matrix.values.find((x) => Math.abs(x) > LARGEST)
  if (far !== undefined) {
    throw new InputError(
      'E_INIT',
      'init',
      `${call}: init must lie between −1e150 and 1e150, since squared distances overflow beyond; found ${far}`,
    )
  }
  return Float64Array.from(matrix.values)
}
