import { InputError, checkChoice, checkInteger, checkOptions, orDefault } from '../check.ts'
import { Matrix, type MatrixLike } from '../data/matrix.ts'
import { Random } from '../random.ts'
import { checkSameLength, codeLabels, type Label, type Labels } from './labels.ts'
import { type RunOptions, runHere, runPaced, type SearchProgress } from '../indexes/steps.ts'
import { squarable, sumOf } from './sum.ts'

/** Options of {@link silhouetteSync}. */
export interface SilhouetteOptions {
  /**
   * Looks at this many rows only, drawn without replacement, as if there were no others. Default: all rows.
   * The exact score costs n² distances: 10,000 rows take a second or so, 100,000 some minutes.
   */
  readonly sampleSize?: number
  /** Of the draw. Default: 0. */
  readonly seed?: number
  /** The distance between rows. Default: 'euclidean'. */
  readonly metric?: 'euclidean' | 'manhattan'
}

/** How well each row sits in its cluster: from −1 (nearer to another) over 0 (between two) to 1. */
export interface Silhouette {
  /** The mean over all rows looked at. */
  readonly mean: number
  /** One value a row looked at; 0 for a row alone in its cluster. */
  readonly samples: Float64Array
  /** The rows looked at, in rising order. */
  readonly rows: Uint32Array
  /** The mean and size of each cluster, in the order of its sorted labels. */
  readonly clusters: readonly { readonly label: Label; readonly size: number; readonly mean: number }[]
}

/**
 * The silhouette of a clustering: for each row (b − a) / max(a, b), where a is its mean distance to the other rows of
 * its cluster, b the smallest mean distance to the rows of another.
 *
 * Cost: n² / 2 distances; memory in proportion to n, never n².
 * @throws {InputError} E_SHAPE where labels and rows differ in number; E_DISTINCT unless there are from 2 to n − 1
 * clusters
 * Source: Rousseeuw 1987.
 * @example
 * const { mean } = await silhouette(points, model.labels)
 */
export async function silhouette(
  points: MatrixLike,
  labels: Labels,
  options: SilhouetteOptions & Omit<RunOptions, 'threads'> = {},
): Promise<Silhouette> {
  const call = 'silhouette'
  checkOptions(call, options, ['sampleSize', 'seed', 'metric', 'signal', 'onProgress'])
  return runPaced(steps(call, Matrix.from(call, 'points', points), labels, options), options)
}

/** {@link silhouette}, on this thread. */
export function silhouetteSync(
  points: MatrixLike,
  labels: Labels,
  options: SilhouetteOptions = {},
): Silhouette {
  const call = 'silhouetteSync'
  checkOptions(call, options, ['sampleSize', 'seed', 'metric'])
  return runHere(steps(call, Matrix.from(call, 'points', points), labels, options))
}

/** Rows of another cluster compared at once: few enough to stay in the processor's nearest memory. */
const TILE = 256
/** Multiply-adds between two pauses: some milliseconds. */
const STRIDE = 8e6

function* steps(
  call: string,
  points: Matrix,
  labels: Labels,
  options: SilhouetteOptions,
): Generator<SearchProgress, Silhouette, void> {
  const metric = checkChoice(call, 'metric', orDefault(options.metric, 'euclidean'), [
    'euclidean',
    'manhattan',
  ])
  const addDistances = metric === 'euclidean' ? addEuclidean : addManhattan
  const all = codeLabels(call, 'labels', labels)
  checkSameLength(call, 'labels', all.codes.length, 'points', points.rows)
  const rows = drawn(call, points.rows, options)
  const n = rows.length
  const kept = keptClasses(all.codes, all.classes.length, rows)
  const k = kept.length
  if (k < 2 || k > n - 1) {
    const drawnRows = n < points.rows ? ' among the drawn rows' : ''
    throw new InputError(
      'E_DISTINCT',
      'labels',
      `${call}: labels must name from 2 to ${n - 1} clusters (the number of rows less 1)${drawnRows}, got ${k}`,
    )
  }
  const { order, starts } = byCluster(all.codes, kept, rows)
  const d = points.columns
  const { values } = squarable(points)
  // Cluster by cluster, so that every sum of distances is over neighbours in memory.
  const near = new Float64Array(n * d)
  for (let at = 0; at < n; at++) {
    const from = rows[order[at]] * d
    for (let j = 0; j < d; j++) near[at * d + j] = values[from + j]
  }
  const inside = new Float64Array(n)
  const outside = new Float64Array(n).fill(Number.POSITIVE_INFINITY)
  const toOther = new Float64Array(n)
  const total = (n * (n - 1)) / 2
  let done = 0
  let since = 0
  for (let a = 0; a < k; a++) {
    for (let b = a; b < k; b++) {
      const sums = a === b ? inside : toOther
      for (let i = starts[a]; i < starts[a + 1]; i++) sums[i] = 0
      for (let i = starts[b]; i < starts[b + 1]; i++) sums[i] = 0
      for (let tile = starts[b]; tile < starts[b + 1]; tile += TILE) {
        const end = Math.min(tile + TILE, starts[b + 1])
        // Inside one cluster each pair is met once: j > i.
        const last = a === b ? end - 1 : starts[a + 1]
        for (let i = starts[a]; i < last; i++) {
          const from = a === b ? Math.max(tile, i + 1) : tile
          addDistances(near, d, i, from, end, sums)
          done += end - from
          since += (end - from) * (d + 4)
          if (since > STRIDE) {
            since = 0
            yield { done, total }
          }
        }
      }
      if (a === b) continue
      nearer(outside, toOther, starts[a], starts[a + 1], starts[b + 1] - starts[b])
      nearer(outside, toOther, starts[b], starts[b + 1], starts[a + 1] - starts[a])
    }
  }
  const samples = new Float64Array(n)
  const clusters = kept.map((place, c) => {
    const size = starts[c + 1] - starts[c]
    for (let at = starts[c]; at < starts[c + 1]; at++) {
      const own = size === 1 ? 0 : inside[at] / (size - 1)
      const other = outside[at]
      const larger = Math.max(own, other)
      samples[order[at]] = size === 1 || larger === 0 ? 0 : (other - own) / larger
    }
    const from = starts[c]
    return { label: all.classes[place], size, mean: sumOf(size, (i) => samples[order[from + i]]) / size }
  })
  return { mean: sumOf(n, (i) => samples[i]) / n, samples, rows, clusters }
}

/** Adds the distances from row i to rows from … end − 1 to both sides' sums. */
function addEuclidean(
  near: Float64Array,
  d: number,
  i: number,
  from: number,
  end: number,
  sums: Float64Array,
): void {
  const left = i * d
  let own = 0
  for (let other = from, right = from * d; other < end; other++, right += d) {
    let sq = 0
    for (let j = 0; j < d; j++) {
      const t = near[left + j] - near[right + j]
      sq += t * t
    }
    const distance = Math.sqrt(sq)
    own += distance
    sums[other] += distance
  }
  sums[i] += own
}

function addManhattan(
  near: Float64Array,
  d: number,
  i: number,
  from: number,
  end: number,
  sums: Float64Array,
): void {
  const left = i * d
  let own = 0
  for (let other = from, right = from * d; other < end; other++, right += d) {
    let distance = 0
    for (let j = 0; j < d; j++) distance += Math.abs(near[left + j] - near[right + j])
    own += distance
    sums[other] += distance
  }
  sums[i] += own
}

function nearer(outside: Float64Array, sums: Float64Array, from: number, end: number, size: number): void {
  for (let i = from; i < end; i++) {
    const mean = sums[i] / size
    if (mean < outside[i]) outside[i] = mean
  }
}

function drawn(call: string, n: number, options: SilhouetteOptions): Uint32Array {
  const seed = checkInteger(call, 'seed', orDefault(options.seed, 0), 0, Number.MAX_SAFE_INTEGER)
  if (options.sampleSize === undefined) return Uint32Array.from({ length: n }, (_, i) => i)
  const size = checkInteger(call, 'sampleSize', options.sampleSize, 3, n, 'the number of rows')
  return sampleRows(n, size, seed)
}

/** Draws `size` of n rows without replacement, in rising order. */
export function sampleRows(n: number, size: number, seed: number): Uint32Array {
  const random = new Random(seed)
  // Floyd 1987: size draws, no list of all rows.
  const chosen = new Set<number>()
  for (let i = n - size; i < n; i++) {
    const at = random.integer(i + 1)
    chosen.add(chosen.has(at) ? i : at)
  }
  return Uint32Array.from(chosen).sort()
}

/** The classes that the rows hold, in order. */
function keptClasses(codes: Uint32Array, classes: number, rows: Uint32Array): number[] {
  const seen = new Uint8Array(classes)
  for (const row of rows) seen[codes[row]] = 1
  const kept: number[] = []
  for (let c = 0; c < classes; c++) if (seen[c] === 1) kept.push(c)
  return kept
}

/** The places of `rows` cluster by cluster, each in rising order, and where each cluster starts. */
function byCluster(
  codes: Uint32Array,
  kept: readonly number[],
  rows: Uint32Array,
): { order: Uint32Array; starts: Uint32Array } {
  const rank = new Map(kept.map((place, c) => [place, c]))
  const starts = new Uint32Array(kept.length + 1)
  const clusterOf = Uint32Array.from(rows, (row) => rank.get(codes[row]) ?? 0)
  for (const c of clusterOf) starts[c + 1]++
  for (let c = 0; c < kept.length; c++) starts[c + 1] += starts[c]
  const next = starts.slice()
  const order = new Uint32Array(rows.length)
  for (let i = 0; i < rows.length; i++) order[next[clusterOf[i]]++] = i
  return { order, starts }
}
