import { OrderFreeSum, powerAbove } from './sums.ts'
import { sumOfWeights } from './weights.ts'

/**
 * The numbers of one column that are there and count: without missing cells and rows of weight 0.
 * Every statistic of them below is the same, to the last bit, for any order of the rows, and for a whole weight and so
 * many copies.
 */
export interface Sample {
  readonly values: Float64Array
  /** A weight above 0 for each value; null where each is 1. */
  readonly weights: Float64Array | null
  /** At least 1, and at least the sum of the weights each rounded up. */
  readonly count: number
  /** The sum of the weights. */
  readonly weight: number
}

/** The numbers that are there, of rows that count. */
export function sampleOf(values: ArrayLike<number>, weights: Float64Array | null): Sample {
  const n = values.length
  const kept = new Float64Array(n)
  const keptWeights = weights === null ? null : new Float64Array(n)
  let size = 0
  let count = 0
  for (let i = 0; i < n; i++) {
    const value = values[i]
    if (Number.isNaN(value)) continue
    if (weights !== null && keptWeights !== null) {
      if (weights[i] === 0) continue
      keptWeights[size] = weights[i]
      count += Math.ceil(weights[i])
    }
    // −0 would stand before 0 in a sorted sample and make the answer depend on which of the two came first.
    kept[size++] = value + 0
  }
  const sampleWeights = keptWeights === null ? null : keptWeights.subarray(0, size)
  return {
    values: kept.subarray(0, size),
    weights: sampleWeights,
    count: Math.max(1, sampleWeights === null ? size : count),
    weight: sampleWeights === null ? size : sumOfWeights(sampleWeights),
  }
}

/** The smallest and the largest number of a sample that is not empty. */
export function rangeOf({ values }: Sample): { readonly min: number; readonly max: number } {
  let min = values[0]
  let max = values[0]
  for (let i = 1; i < values.length; i++) {
    const value = values[i]
    if (value < min) min = value
    if (value > max) max = value
  }
  return { min, max }
}

/**
 * The mean and the standard deviation (ddof 0: divided by the weight) of a sample that is not empty and whose range
 * is finite.
 *
 * Two passes: the mean about the middle of the range, then the squares of the differences from the mean, in a unit
 * that neither overflows nor underflows. So an offset of 1.7e12 costs nothing, nor do numbers of 1e200 or 1e-200.
 */
export function momentsOf(sample: Sample): { readonly mean: number; readonly deviation: number } {
  const { values, weights, count, weight } = sample
  const { min, max } = rangeOf(sample)
  const middle = min / 2 + max / 2
  const sum = new OrderFreeSum(middle, Math.max(max - middle, middle - min), count)
  sum.addAll(values, weights)
  // Rounding must not put the mean of equal numbers outside their range.
  const mean = Math.min(max, Math.max(min, sum.mean(weight))) + 0
  const reach = Math.max(max - mean, mean - min)
  if (reach === 0) return { mean, deviation: 0 }
  const unit = Math.min(2 ** 1023, Math.max(2 ** -1022, powerAbove(reach)))
  const squared = new OrderFreeSum(0, 4, count)
  // Some at a time: a long column must not need another of its length.
  const squares = new Float64Array(Math.min(values.length, 1 << 16))
  for (let from = 0; from < values.length; from += squares.length) {
    const some = Math.min(squares.length, values.length - from)
    for (let i = 0; i < some; i++) {
      const t = (values[from + i] - mean) / unit
      squares[i] = t * t
    }
    squared.addAll(squares.subarray(0, some), weights?.subarray(from, from + some) ?? null)
  }
  return { mean, deviation: Math.sqrt(squared.mean(weight)) * unit }
}

/**
 * Quantiles of a sample that is not empty, by linear interpolation between the two nearest ranks (type 7 of Hyndman
 * and Fan 1996, the default of NumPy and R): position q · (weight − 1) in the sorted sample, where a value of weight
 * w stands w times.
 *
 * @param shares each q, from 0 to 1
 */
export function quantilesOf(sample: Sample, shares: readonly number[]): number[] {
  const { values, weights, weight } = sample
  if (weights === null) {
    const sorted = values.slice().sort()
    return shares.map((share) => {
      const position = share * (sorted.length - 1)
      const low = Math.floor(position)
      return between(sorted[low], sorted[Math.min(low + 1, sorted.length - 1)], position - low)
    })
  }
  // By value, then by weight: so running weights add up alike in every order of the rows.
  const order = Array.from(values, (_, i) => i).sort(
    (a, b) => values[a] - values[b] || weights[a] - weights[b],
  )
  const ends = new Float64Array(order.length)
  let end = 0
  for (let r = 0; r < order.length; r++) {
    end += weights[order[r]]
    ends[r] = end
  }
  const at = (position: number): number => {
    let r = 0
    let to = order.length - 1
    while (r < to) {
      const middle = (r + to) >> 1
      if (ends[middle] > position) to = middle
      else r = middle + 1
    }
    return values[order[r]]
  }
  return shares.map((share) => {
    const position = share * Math.max(0, weight - 1)
    const low = Math.floor(position)
    return between(at(low), at(low + 1), position - low)
  })
}

/** A point between two numbers; either end exactly, and no overflow on the way. */
function between(low: number, high: number, share: number): number {
  if (share === 0 || low === high) return low
  const difference = high - low
  return difference < Number.POSITIVE_INFINITY ? low + difference * share : low * (1 - share) + high * share
}

/** The smallest of the values that come most often: their index among the counts, or −1 where no count is above 0. */
export function mostFrequent(counts: ArrayLike<number>): number {
  let best = -1
  let most = 0
  for (let c = 0; c < counts.length; c++) {
    // Strict >: on a tie the smaller index wins, as everywhere.
    if (counts[c] > most) {
      most = counts[c]
      best = c
    }
  }
  return best
}
