import { checkInteger, checkOptions, InputError, checkMade } from '../check.ts'
import { Matrix, type MatrixLike } from '../data/matrix.ts'
import { rowWeights } from '../data/weights.ts'
import { runHere, runPaced } from '../indexes/steps.ts'
import { Random } from '../random.ts'
import { Clusters, type Found, type Kept } from './clusters.ts'
import { type DistinctRows, distinctRows } from './distinct-rows.ts'
import { foundBy, type Pacing } from './fit-options.ts'
import { means, numbersOf, squares } from './number-space.ts'
import { partition, type Work } from './partition.ts'
import { checkWidth, readClusters } from './saved-clusters.ts'
import { SegmentCosts } from './segment-costs.ts'
import type { Space } from './space.ts'

const KIND = 'kmeans-1d'
const CLASS = 'KMeans1D'

/** Numbers on a line: a list, or rows of one number. */
export type LinePoints = readonly number[] | Float64Array | Float32Array | MatrixLike

/** Options of {@link KMeans1D.fit}. */
export interface KMeans1DOptions extends Pacing {
  /** Number of clusters: an integer from 1 to the number of points. */
  readonly k: number
  /** Weight of each point, from 0 up: weight n is n copies, weight 0 is absence. Default: 1 each. */
  readonly sampleWeight?: readonly number[] | Float64Array | Float32Array
}

/**
 * K-Means of single numbers, solved: of all ways to put them into k clusters the one of least inertia, not one that
 * depends on a start. What cartographers call natural breaks.
 *
 * Clusters are numbered from the smallest numbers to the largest. `inertia` is the summed weighted squared distance to
 * the centroid; `transform` gives distances. Among equally good ways the one whose breaks come first, from the top, is
 * taken. Optimal in about 30 significant digits of the distances from the number in the middle.
 *
 * Cost: k·m·log m for m different numbers, and 4·k·m bytes. Runs on this thread.
 * Source: Wang and Song 2011; divide and conquer over monotone minima as in Grønlund and others 2017.
 * @example
 * const model = await KMeans1D.fit([1, 2, 4, 90, 91, 200], { k: 3 })
 * model.breaks // 4 and 91: where the first and the second cluster end
 */
export class KMeans1D extends Clusters<LinePoints> {
  /** The largest number of each cluster but the last: k − 1 numbers, ascending. */
  readonly breaks: Float64Array

  private constructor(found: Found, space: Space<LinePoints>, breaks: Float64Array) {
    checkMade('KMeans1D', found, 'labels', 'fit(points, { k })')
    super(found, space)
    this.breaks = breaks
    Object.freeze(this)
  }

  /**
   * Finds the best k clusters of numbers.
   *
   * @throws {InputError} E_K unless k is from 1 to n; E_WEIGHTS; E_SHAPE for rows of more than one number;
   * E_NONFINITE, E_TYPE, E_EMPTY, E_RANGE for points; E_MEMORY where k·m is above 2^29
   * @throws the signal's reason when aborted
   */
  static async fit(points: LinePoints, options: KMeans1DOptions): Promise<KMeans1D> {
    return runPaced(KMeans1D.#fitSteps(`${CLASS}.fit`, points, options), options)
  }

  /** {@link KMeans1D.fit} on this thread, at once. */
  static fitSync(points: LinePoints, options: KMeans1DOptions): KMeans1D {
    return runHere(KMeans1D.#fitSteps(`${CLASS}.fitSync`, points, options))
  }

  static *#fitSteps(call: string, points: LinePoints, options: KMeans1DOptions): Work<KMeans1D> {
    checkOptions(call, options, ['k', 'sampleWeight', 'signal', 'onProgress'])
    const values = line.read(call, 'points', points)
    const n = values.length
    const k = checkInteger(call, 'k', options.k, 1, n, 'the number of points', 'E_K')
    const { sampleWeight } = options
    let weights: Float64Array | null = null
    let unit = 1
    if (sampleWeight !== undefined) {
      weights = rowWeights(call, sampleWeight, n).values
      const first = weights.findIndex((weight) => weight > 0)
      unit = sampleWeight[first] / weights[first]
    }
    const rows = yield* distinctRows(values, 1, weights)
    const found = Math.min(k, rows.count)
    if (found * rows.count > 2 ** 29) {
      throw new InputError(
        'E_MEMORY',
        'k',
        `${call}: k times the number of different points must be at most 2^29, got ${found} × ${rows.count}`,
      )
    }
    const ends = yield* optimalEnds(rows, found)
    const labels = new Uint32Array(rows.total)
    const counts = new Float64Array(found)
    for (let i = 0, c = 0; i < rows.count; i++) {
      if (i > ends[c]) c++
      labels[i] = c
      counts[c] += rows.weights[i]
    }
    const centers = new Float64Array(found)
    means(rows)(labels, centers, counts)
    // Nothing to gain but the last bit: this makes the labels those of the nearest centroid, and measures.
    const plan = { k: found, init: centers, starts: 1, maxIterations: 100 }
    const settled = yield* partition(line, rows, plan, new Random(0))
    const told = foundBy(
      call,
      { unit, encoder: undefined, kept: null },
      rows,
      { k, maxIterations: 100 },
      settled,
      1,
    )
    return new KMeans1D(told, line, breaksOf(rows, settled.labels, found))
  }

  /**
   * Reads a model that `toBytes` wrote.
   *
   * @throws {InputError} E_MAGIC, E_CHECKSUM, E_VERSION, E_KIND
   */
  static fromBytes(bytes: Uint8Array): KMeans1D {
    const call = `${CLASS}.fromBytes`
    const saved = readClusters(call, KIND, bytes, ['breaks'])
    const breaks = saved.tensors.get('breaks')?.values
    saved.settings.done()
    checkWidth(call, saved, 1)
    if (!(breaks instanceof Float64Array) || breaks.length !== saved.found.counts.length - 1) {
      throw new InputError('E_MAGIC', 'breaks', `${call}: there must be k − 1 breaks: no model file of nigh`)
    }
    return new KMeans1D(saved.found, line, breaks)
  }

  protected override kept(): Kept {
    return {
      kind: KIND,
      settings: {},
      tensors: { breaks: { shape: [this.breaks.length], values: this.breaks } },
    }
  }
}

const line: Space<LinePoints> = {
  name: CLASS,
  width: 1,
  cost: squares(1),
  centering: means,
  read(call, param, points) {
    const matrix = asMatrix(call, param, points)
    if (matrix.columns !== 1) {
      throw new InputError(
        'E_SHAPE',
        param,
        `${call}: ${param} must be numbers, or rows of one number, got rows of ${matrix.columns}`,
      )
    }
    return numbersOf(call, param, matrix)
  },
  show: (centers) => Matrix.trusted(centers.slice(), 1),
  distance: Math.sqrt,
}

function asMatrix(call: string, param: string, points: LinePoints): Matrix {
  if (points instanceof Float64Array || points instanceof Float32Array) {
    return Matrix.checked(call, param, points, 1)
  }
  if (isList(points)) {
    return Matrix.from(
      call,
      param,
      points.map((x) => [x]),
    )
  }
  return Matrix.from(call, param, points)
}

function isList(points: unknown): points is readonly number[] {
  return Array.isArray(points) && points.length > 0 && typeof points[0] === 'number'
}

function breaksOf(rows: DistinctRows, labels: Uint32Array, k: number): Float64Array {
  const breaks = new Float64Array(k - 1)
  for (let i = 0; i < rows.count; i++) if (labels[i] < k - 1) breaks[labels[i]] = rows.values[i]
  return breaks
}

/** Costs computed between two pauses: a few milliseconds. */
const BETWEEN_PAUSES = 50_000

/**
 * The last place of each cluster of the best partition of sorted numbers.
 *
 * best[c][j] = min over i of best[c − 1][i − 1] + cost(i … j); the i that is best never falls where j grows, so the j in
 * the middle bounds the i of the others.
 */
function* optimalEnds(rows: DistinctRows, k: number): Work<Uint32Array> {
  const m = rows.count
  const costs = new SegmentCosts(rows.values.subarray(0, m), rows.weights)
  let before = new Float64Array(m)
  for (let j = 0; j < m; j++) before[j] = costs.of(0, j)
  const starts: Uint32Array[] = [new Uint32Array(m)]
  let work = m
  for (let c = 1; c < k; c++) {
    const now = new Float64Array(m)
    const first = new Uint32Array(m)
    // Stretches of j with the bounds of their i, four numbers each.
    const open = [c, m - 1, c, m - 1]
    while (open.length > 0) {
      const iTo = open.pop() ?? 0
      const iFrom = open.pop() ?? 0
      const jTo = open.pop() ?? 0
      const jFrom = open.pop() ?? 0
      const j = (jFrom + jTo) >> 1
      let least = Number.POSITIVE_INFINITY
      let at = iFrom
      const last = Math.min(j, iTo)
      for (let i = iFrom; i <= last; i++) {
        const cost = before[i - 1] + costs.of(i, j)
        // Strict <: the earlier break on a tie.
        if (cost < least) {
          least = cost
          at = i
        }
      }
      now[j] = least
      first[j] = at
      work += last - iFrom + 1
      if (jFrom < j) open.push(jFrom, j - 1, iFrom, at)
      if (j < jTo) open.push(j + 1, jTo, at, iTo)
      if (work > BETWEEN_PAUSES) {
        work = 0
        yield { done: c, total: k }
      }
    }
    before = now
    starts.push(first)
  }
  const ends = new Uint32Array(k)
  for (let c = k - 1, j = m - 1; c >= 0; c--) {
    ends[c] = j
    j = starts[c][j] - 1
  }
  return ends
}
