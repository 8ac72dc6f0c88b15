import { checkChoice, checkNumber, checkOptions, orDefault } from '../check.ts'
import { checkSameLength, codeLabels, type Labels } from './labels.ts'
import { sumOf } from './sum.ts'

/** How two entropies become one divisor. */
export type EntropyAverage = 'arithmetic' | 'geometric' | 'min' | 'max'

/** Options of {@link normalizedMutualInformation} and {@link adjustedMutualInformation}. */
export interface MutualInformationOptions {
  /** The mean of the two entropies that the information is divided by. Default: 'arithmetic'. */
  readonly average?: EntropyAverage
}

/** What {@link vMeasure} finds, each from 0 to 1. */
export interface VMeasure {
  /** 1 where every cluster holds rows of one class only. */
  readonly homogeneity: number
  /** 1 where all rows of a class stand in one cluster. */
  readonly completeness: number
  /** The harmonic mean of the two (with `beta` 1). */
  readonly vMeasure: number
}

/** How two labellings of the same rows overlap. Names of clusters do not matter to anything made from it. */
interface Overlap {
  readonly n: number
  /** Rows of each class, and of each cluster. */
  readonly classSizes: Float64Array
  readonly clusterSizes: Float64Array
  /** The cells that hold rows: class, cluster and count. */
  readonly cells: readonly { readonly class: number; readonly cluster: number; readonly count: number }[]
}

/**
 * The adjusted Rand index: agreement on pairs of rows, 1 for equal partitions, 0 in the mean for random ones.
 *
 * @param targets n labels; `predictions` n labels; swapping the two changes nothing
 * @throws {InputError} E_SHAPE where the lists differ in length
 * Source: Hubert and Arabie 1985. Pairs are counted in whole numbers, so no size of data rounds.
 * @example
 * adjustedRand([0, 0, 1, 1], ['b', 'b', 'a', 'a']) // 1
 */
export function adjustedRand(targets: Labels, predictions: Labels): number {
  const { both, left, right, n } = pairs(overlap('adjustedRand', targets, predictions))
  const total = n * n - n
  const onlyLeft = left - both
  const onlyRight = right - both
  if (onlyLeft === 0n && onlyRight === 0n) return 1
  const neither = total - both - onlyLeft - onlyRight
  const above = 2n * (both * neither - onlyLeft * onlyRight)
  const below = (both + onlyLeft) * (onlyLeft + neither) + (both + onlyRight) * (onlyRight + neither)
  return Number(above) / Number(below)
}

/** The Rand index: the share of pairs of rows on which the two labellings agree. Not adjusted for chance. */
export function rand(targets: Labels, predictions: Labels): number {
  const { both, left, right, n } = pairs(overlap('rand', targets, predictions))
  const total = n * n - n
  return total === 0n ? 1 : Number(total - left - right + 2n * both) / Number(total)
}

/**
 * The Fowlkes–Mallows index: the geometric mean of pair precision and pair recall; 0 where no pair stands together in
 * both.
 *
 * Source: Fowlkes and Mallows 1983.
 */
export function fowlkesMallows(targets: Labels, predictions: Labels): number {
  const { both, left, right } = pairs(overlap('fowlkesMallows', targets, predictions))
  if (both === 0n) return 0
  if (both === left && both === right) return 1
  return Math.sqrt(Number(both) / Number(left)) * Math.sqrt(Number(both) / Number(right))
}

/** The mutual information of two labellings, in nats. */
export function mutualInformation(targets: Labels, predictions: Labels): number {
  return information(overlap('mutualInformation', targets, predictions))
}

/**
 * Mutual information over the mean of the two entropies: from 0 to 1. Not adjusted for chance: many small clusters
 * score high; {@link adjustedMutualInformation} does not.
 */
export function normalizedMutualInformation(
  targets: Labels,
  predictions: Labels,
  options: MutualInformationOptions = {},
): number {
  const call = 'normalizedMutualInformation'
  const average = averageOf(call, options)
  const found = overlap(call, targets, predictions)
  if (same(found)) return 1
  const shared = information(found)
  // Zero information is zero, whatever the divisor.
  if (shared === 0) return 0
  return Math.min(1, shared / meanEntropy(found, average))
}

/**
 * Mutual information adjusted for chance: 1 for equal partitions, 0 in the mean for random ones of the same sizes.
 *
 * Cost: for each pair of different cluster sizes, a few standard deviations of the overlap they would have by chance.
 * Source: Vinh, Epps and Bailey 2010. We sum the hypergeometric chances outwards from their largest and divide by
 * their sum: no logarithms of factorials, whose rounding grows with n.
 */
export function adjustedMutualInformation(
  targets: Labels,
  predictions: Labels,
  options: MutualInformationOptions = {},
): number {
  const call = 'adjustedMutualInformation'
  const average = averageOf(call, options)
  const found = overlap(call, targets, predictions)
  if (same(found)) return 1
  if (found.classSizes.length === 1 || found.clusterSizes.length === 1) return 0
  const expected = expectedInformation(found)
  const above = information(found) - expected
  const below = meanEntropy(found, average) - expected
  // The divisor may round to nothing or below it where chance alone explains nearly everything.
  return awayFromZero(above) / awayFromZero(below)
}

/**
 * Homogeneity, completeness and their mean, the V-measure.
 *
 * @param options `beta` above 1 favours completeness. Default: 1
 * Source: Rosenberg and Hirschberg 2007.
 */
export function vMeasure(
  targets: Labels,
  predictions: Labels,
  options: { readonly beta?: number } = {},
): VMeasure {
  const call = 'vMeasure'
  checkOptions(call, options, ['beta'])
  const beta = checkNumber(call, 'beta', orDefault(options.beta, 1), 0, Number.MAX_VALUE)
  const found = overlap(call, targets, predictions)
  const { n, classSizes, clusterSizes, cells } = found
  const shared = information(found)
  // As many cells as clusters: each cluster lies in one class, which rounding shall not hide.
  const homogeneity = cells.length === clusterSizes.length ? 1 : Math.min(1, shared / entropy(classSizes, n))
  const completeness = cells.length === classSizes.length ? 1 : Math.min(1, shared / entropy(clusterSizes, n))
  const below = beta * homogeneity + completeness
  return {
    homogeneity,
    completeness,
    vMeasure: below === 0 ? 0 : ((1 + beta) * homogeneity * completeness) / below,
  }
}

function averageOf(call: string, options: MutualInformationOptions): EntropyAverage {
  checkOptions(call, options, ['average'])
  return checkChoice(call, 'average', orDefault(options.average, 'arithmetic'), [
    'arithmetic',
    'geometric',
    'min',
    'max',
  ])
}

function overlap(call: string, targets: Labels, predictions: Labels): Overlap {
  // Coded apart: the names on the two sides need not be of one kind.
  const left = codeLabels(call, 'targets', targets)
  const right = codeLabels(call, 'predictions', predictions)
  const n = left.codes.length
  checkSameLength(call, 'predictions', right.codes.length, 'targets', n)
  const classSizes = new Float64Array(left.classes.length)
  const clusterSizes = new Float64Array(right.classes.length)
  const columns = clusterSizes.length
  const counts = new Map<number, number>()
  for (let i = 0; i < n; i++) {
    const a = left.codes[i]
    const b = right.codes[i]
    classSizes[a]++
    clusterSizes[b]++
    const key = a * columns + b
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  const cells = Array.from(counts, ([key, count]) => ({
    class: Math.floor(key / columns),
    cluster: key % columns,
    count,
  }))
  return { n, classSizes, clusterSizes, cells }
}

/** Whether the partitions are one and the same, up to names. */
function same(found: Overlap): boolean {
  return found.cells.length === found.classSizes.length && found.cells.length === found.clusterSizes.length
}

/** Ordered pairs of different rows that stand together: in both labellings, in the left, in the right. */
function pairs(found: Overlap): { both: bigint; left: bigint; right: bigint; n: bigint } {
  const together = (counts: Iterable<number>): bigint => {
    let sum = 0n
    for (const count of counts) {
      const c = BigInt(count)
      sum += c * c - c
    }
    return sum
  }
  return {
    both: together(found.cells.map((cell) => cell.count)),
    left: together(found.classSizes),
    right: together(found.clusterSizes),
    n: BigInt(found.n),
  }
}

function information(found: Overlap): number {
  const { n, classSizes, clusterSizes, cells } = found
  const sum = sumOf(cells.length, (at) => {
    const { class: a, cluster: b, count } = cells[at]
    const chance = classSizes[a] * clusterSizes[b]
    // log1p of the excess over chance: near independence the ratio is near 1 and its logarithm would lose digits.
    return (count / n) * Math.log1p((n * count - chance) / chance)
  })
  return Math.max(0, sum)
}

function entropy(sizes: Float64Array, n: number): number {
  return sizes.length === 1 ? 0 : sumOf(sizes.length, (i) => -(sizes[i] / n) * Math.log(sizes[i] / n))
}

function meanEntropy(found: Overlap, average: EntropyAverage): number {
  const a = entropy(found.classSizes, found.n)
  const b = entropy(found.clusterSizes, found.n)
  if (average === 'min') return Math.min(a, b)
  if (average === 'max') return Math.max(a, b)
  return average === 'geometric' ? Math.sqrt(a * b) : (a + b) / 2
}

function expectedInformation(found: Overlap): number {
  const { n } = found
  const left = sizeCounts(found.classSizes)
  const right = sizeCounts(found.clusterSizes)
  const terms: number[] = []
  for (const [a, times] of left) {
    // The smaller first: swapping the labellings then changes no bit.
    for (const [b, also] of right) terms.push(times * also * expectedCell(n, Math.min(a, b), Math.max(a, b)))
  }
  return sumOf(terms.length, (i) => terms[i])
}

/** The mean, over random labellings, of one cell's share of the information: a class of a rows, a cluster of b. */
function expectedCell(n: number, a: number, b: number): number {
  const lowest = Math.max(0, a + b - n)
  const highest = Math.min(a, b)
  const mode = Math.min(highest, Math.max(lowest, Math.floor(((a + 1) * (b + 1)) / (n + 2))))
  const chance = a * b
  const term = (x: number): number => (x === 0 ? 0 : (x / n) * Math.log1p((n * x - chance) / chance))
  // Below this share of the largest chance, all that is left is less than a rounding.
  const least = 1e-25
  let weights = 1
  let sum = term(mode)
  let weight = 1
  for (let x = mode; x < highest && weight > least; x++) {
    weight *= ((a - x) / (x + 1)) * ((b - x) / (n - a - b + x + 1))
    weights += weight
    sum += weight * term(x + 1)
  }
  weight = 1
  for (let x = mode; x > lowest && weight > least; x--) {
    weight *= (x / (a - x + 1)) * ((n - a - b + x) / (b - x + 1))
    weights += weight
    sum += weight * term(x - 1)
  }
  return sum / weights
}

/** How many clusters there are of each size: equal sizes are worked out once. */
function sizeCounts(sizes: Float64Array): Map<number, number> {
  const counts = new Map<number, number>()
  for (const size of sizes) counts.set(size, (counts.get(size) ?? 0) + 1)
  return counts
}

function awayFromZero(x: number): number {
  return x < 0 ? Math.min(x, -(2 ** -52)) : Math.max(x, 2 ** -52)
}
