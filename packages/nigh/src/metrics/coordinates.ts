import { exponentOf, power, powerIsMonotone, root, timesPowerOfTwo } from './elementary.ts'
import { type Metric, asGiven, everyExponent } from './metric.ts'

// Metrics that treat columns one by one and only grow with each difference. For all of them the rank of the nearest
// point of a box, computed by the same operations in the same order, is a bound that rounding cannot break.

/** Σ|x − y|. */
export const manhattan: Metric = {
  ...asGiven,
  name: 'manhattan',
  ranks: (queries, at, points, from, to, width, out) => {
    for (let i = from, p = from * width; i < to; i++, p += width) {
      let s = 0
      for (let j = 0; j < width; j++) s += Math.abs(queries[at + j] - points[p + j])
      out[i - from] = s
    }
  },
  boxRank: (queries, at, lows, highs, box, width) => {
    let s = 0
    for (let j = 0, b = box * width; j < width; j++, b++) {
      const x = queries[at + j]
      s += x < lows[b] ? lows[b] - x : x > highs[b] ? x - highs[b] : 0
    }
    return s
  },
  part: (x, y) => Math.abs(x - y),
  distance: (rank) => rank,
  rankLimit: (distance) => distance,
  length: (rank) => rank,
  lengthError: (width) => (width + 8) * 2 ** -52,
  degree: 1,
  exponents: [everyExponent[0], 1000],
  effort: 2,
  wide: undefined,
}

/** max|x − y|. */
export const chebyshev: Metric = {
  ...manhattan,
  name: 'chebyshev',
  ranks: (queries, at, points, from, to, width, out) => {
    for (let i = from, p = from * width; i < to; i++, p += width) {
      let s = 0
      for (let j = 0; j < width; j++) {
        const t = Math.abs(queries[at + j] - points[p + j])
        if (t > s) s = t
      }
      out[i - from] = s
    }
  },
  boxRank: (queries, at, lows, highs, box, width) => {
    let s = 0
    for (let j = 0, b = box * width; j < width; j++, b++) {
      const x = queries[at + j]
      const t = x < lows[b] ? lows[b] - x : x > highs[b] ? x - highs[b] : 0
      if (t > s) s = t
    }
    return s
  },
}

/** The share of columns that differ; ranks are the number of columns. */
export function hammingOf(columns: number): Metric {
  return {
    ...asGiven,
    name: 'hamming',
    ranks: (queries, at, points, from, to, width, out) => {
      for (let i = from, p = from * width; i < to; i++, p += width) {
        let s = 0
        for (let j = 0; j < width; j++) if (queries[at + j] !== points[p + j]) s += 1
        out[i - from] = s
      }
    },
    boxRank: (queries, at, lows, highs, box, width) => {
      let s = 0
      for (let j = 0, b = box * width; j < width; j++, b++) {
        const x = queries[at + j]
        if (x < lows[b] || x > highs[b]) s += 1
      }
      return s
    },
    part: (x, y) => (x === y ? 0 : 1 / columns),
    distance: (rank) => rank / columns,
    rankLimit: (distance) => Math.min(columns, distance * columns * (1 + 2 ** -50)),
    length: (rank) => rank,
    lengthError: () => 0,
    degree: 0,
    exponents: everyExponent,
    effort: 2,
    wide: undefined,
  }
}

/**
 * (Σ|x − y|^p)^(1/p), for p other than 1, 2 and ∞ (those are manhattan, euclidean and chebyshev, to the bit).
 * Below p = 1 the triangle inequality fails, and with it the ball-tree; boxes still work.
 */
export function minkowskiOf(p: number): Metric {
  // Powers by way of logarithms may be off by a few units in the last place, the bound with them.
  const slack = powerIsMonotone(p) ? 1 : 1 - 2 ** -40
  const distance: Metric['distance'] = (rank) => root(rank, p)
  const metric: Metric = {
    ...asGiven,
    name: 'minkowski',
    ranks: (queries, at, points, from, to, width, out) => {
      for (let i = from, at2 = from * width; i < to; i++, at2 += width) {
        let s = 0
        for (let j = 0; j < width; j++) s += power(Math.abs(queries[at + j] - points[at2 + j]), p)
        out[i - from] = s
      }
    },
    boxRank: (queries, at, lows, highs, box, width) => {
      let s = 0
      for (let j = 0, b = box * width; j < width; j++, b++) {
        const x = queries[at + j]
        s += power(x < lows[b] ? lows[b] - x : x > highs[b] ? x - highs[b] : 0, p)
      }
      return s * slack
    },
    part: (x, y) => power(Math.abs(x - y), p),
    distance,
    rankLimit: (radius) => power(radius, p) * (1 + (p + 1) * 2 ** -40) + Number.MIN_VALUE,
    length: p < 1 ? undefined : distance,
    lengthError: (width) => (width + 8) * 2 ** -52 + 2 ** -40,
    degree: 1,
    exponents: [-Math.floor(900 / p) + 53, Math.min(1000, Math.floor(1000 / p) - 1)],
    effort: 40,
    wide: {
      ...asGiven,
      name: 'minkowski',
      ranks: (queries, at, points, from, to, width, out) => {
        for (let i = from, at2 = from * width; i < to; i++, at2 += width) {
          let largest = 0
          for (let j = 0; j < width; j++)
            largest = Math.max(largest, Math.abs(queries[at + j] - points[at2 + j]))
          const exponent = exponentOf(largest)
          let s = 0
          // The largest term is scaled to 1 ≤ t < 2; where even 2^p overflows, the sum is as good as its largest.
          for (let j = 0; j < width; j++) {
            s += power(Math.abs(timesPowerOfTwo(queries[at + j] - points[at2 + j], -exponent)), p)
          }
          out[i - from] =
            s === Number.POSITIVE_INFINITY
              ? largest
              : largest === 0
                ? 0
                : timesPowerOfTwo(root(s, p), exponent)
        }
      },
      boxRank: undefined,
      part: undefined,
      distance: (rank) => rank,
      rankLimit: (radius) => radius,
      length: undefined,
      lengthError: () => 2 ** -40,
      degree: 1,
      exponents: [everyExponent[0], 1000],
      effort: 80,
      wide: undefined,
    },
  }
  return metric
}
