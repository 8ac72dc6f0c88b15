import { type Metric, asGiven } from './metric.ts'
import { timesPowerOfTwo, exponentOf } from './elementary.ts'

// The definition of ARCHITECTURE.md: s = 0; for j: t = x[j] − y[j]; s = s + t·t. No reassociation.
// Four rows at a time: each sum is a chain of dependent additions, and four chains keep the processor busy.
const ranks: Metric['ranks'] = (queries, at, points, from, to, width, out) => {
  let i = from
  let p = from * width
  for (; i + 4 <= to; i += 4, p += 4 * width) {
    let s0 = 0
    let s1 = 0
    let s2 = 0
    let s3 = 0
    for (let j = 0, p0 = p, p1 = p + width, p2 = p1 + width, p3 = p2 + width; j < width; j++) {
      const x = queries[at + j]
      const t0 = x - points[p0 + j]
      const t1 = x - points[p1 + j]
      const t2 = x - points[p2 + j]
      const t3 = x - points[p3 + j]
      s0 += t0 * t0
      s1 += t1 * t1
      s2 += t2 * t2
      s3 += t3 * t3
    }
    out[i - from] = s0
    out[i - from + 1] = s1
    out[i - from + 2] = s2
    out[i - from + 3] = s3
  }
  for (; i < to; i++, p += width) {
    let s = 0
    for (let j = 0; j < width; j++) {
      const t = queries[at + j] - points[p + j]
      s += t * t
    }
    out[i - from] = s
  }
}

// Rounding is monotone: each gap is at most the difference to any row of the box, also after rounding, and so is the
// sum in the same order. No slack is needed.
const boxRank: Metric['boxRank'] = (queries, at, lows, highs, box, width) => {
  let s = 0
  for (let j = 0, b = box * width; j < width; j++, b++) {
    const x = queries[at + j]
    const t = x < lows[b] ? lows[b] - x : x > highs[b] ? x - highs[b] : 0
    s += t * t
  }
  return s
}

const lengthError: Metric['lengthError'] = (width) => (width + 8) * 2 ** -52

/** Numbers whose differences reach 2^±500 or so: rank by the distance itself, of differences scaled by a power of two. */
const wideRanks: Metric['ranks'] = (queries, at, points, from, to, width, out) => {
  for (let i = from, p = from * width; i < to; i++, p += width) {
    let largest = 0
    for (let j = 0; j < width; j++) largest = Math.max(largest, Math.abs(queries[at + j] - points[p + j]))
    const exponent = exponentOf(largest)
    let s = 0
    for (let j = 0; j < width; j++) {
      const t = timesPowerOfTwo(queries[at + j] - points[p + j], -exponent)
      s += t * t
    }
    out[i - from] = timesPowerOfTwo(Math.sqrt(s), exponent) // 0 where largest is 0
  }
}

const wideEuclidean: Metric = {
  ...asGiven,
  name: 'euclidean',
  ranks: wideRanks,
  boxRank: undefined,
  part: undefined,
  distance: (rank) => rank,
  rankLimit: (distance) => distance,
  length: undefined,
  lengthError,
  degree: 1,
  exponents: [-2000, 1000],
  effort: 20,
  wide: undefined,
}

/** √Σ(x − y)². */
export const euclidean: Metric = {
  ...asGiven,
  squared: true,
  name: 'euclidean',
  ranks,
  boxRank,
  part: (x, y) => (x - y) * (x - y),
  distance: Math.sqrt,
  rankLimit: (distance) => distance * distance * (1 + 2 ** -50) + Number.MIN_VALUE,
  length: (rank) => Math.sqrt(rank),
  lengthError,
  degree: 1,
  // Numbers of at least 2^-398 differ by at least 2^-450, whose square is normal by far; squares of 2^501 leave room
  // for a million columns.
  exponents: [-398, 500],
  effort: 1,
  wide: wideEuclidean,
}

/** Σ(x − y)²: orders as the euclidean distance does, but is not a metric: ball-trees go by its root. */
export const sqeuclidean: Metric = {
  ...euclidean,
  name: 'sqeuclidean',
  distance: (rank) => rank,
  rankLimit: (distance) => distance,
  degree: 2,
  wide: {
    ...wideEuclidean,
    name: 'sqeuclidean',
    distance: (rank) => rank * rank,
    rankLimit: (distance) => Math.sqrt(distance) * (1 + 2 ** -50) + Number.MIN_VALUE,
    degree: 2,
  },
}
