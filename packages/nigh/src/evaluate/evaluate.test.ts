import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { InputError } from '../check.ts'
import { Matrix } from '../data/matrix.ts'
import { Random } from '../random.ts'
import {
  adjustedMutualInformation,
  adjustedRand,
  fowlkesMallows,
  mutualInformation,
  normalizedMutualInformation,
  rand,
  vMeasure,
} from './agreement.ts'
import {
  accuracy,
  balancedAccuracy,
  cohenKappa,
  confusion,
  matthews,
  precisionRecallF1,
} from './classification.ts'
import { calinskiHarabasz, daviesBouldin } from './dispersion.ts'
import { averagePrecision, logLoss, rocAuc } from './ranking.ts'
import { mae, r2, regressionScores, rmse } from './regression.ts'
import { silhouette, silhouetteSync } from './silhouette.ts'
import { ExactSum, sumOf } from './sum.ts'

const labels = (length: number, most = 4): fc.Arbitrary<number[]> =>
  fc.array(fc.integer({ min: 0, max: most }), { minLength: length, maxLength: length })
const twoLists = fc.integer({ min: 1, max: 40 }).chain((n) => fc.tuple(labels(n), labels(n)))
const scores = [
  adjustedRand,
  rand,
  fowlkesMallows,
  mutualInformation,
  normalizedMutualInformation,
  adjustedMutualInformation,
]

function refused(run: () => unknown, code: string, pattern: RegExp): void {
  try {
    run()
  } catch (error) {
    expect(error).toBeInstanceOf(InputError)
    expect((error as InputError).code).toBe(code)
    expect((error as InputError).message).toMatch(pattern)
    return
  }
  expect.unreachable('nothing was refused')
}

/** Rows round `k` centres that stand `apart` from one another on a line. */
function blobs(
  n: number,
  d: number,
  k: number,
  apart: number,
  offset = 0,
  scale = 1,
): { rows: number[][]; of: number[] } {
  const random = new Random(7)
  const of = Array.from({ length: n }, (_, i) => i % k)
  const rows = of.map((c) =>
    Array.from({ length: d }, (_, j) => offset + scale * (random.normal() + (j === 0 ? c * apart : 0))),
  )
  return { rows, of }
}

describe('agreement of two labellings', () => {
  test('swapping the lists, renaming and reordering change nothing, to the last bit', () => {
    fc.assert(
      fc.property(twoLists, fc.nat(), ([left, right], seed) => {
        const order = new Random(seed).permutation(left.length)
        const shuffled = (list: number[]): number[] => Array.from(order, (i) => list[i])
        const renamed = left.map((label) => `cluster ${7 - label}`)
        for (const score of scores) {
          const value = score(left, right)
          expect(score(right, left)).toBe(value)
          expect(score(renamed, right)).toBe(value)
          expect(score(shuffled(left), shuffled(right))).toBe(value)
        }
        const found = vMeasure(left, right)
        const swapped = vMeasure(right, left)
        expect(swapped.homogeneity).toBe(found.completeness)
        expect(swapped.vMeasure).toBeCloseTo(found.vMeasure, 14)
      }),
    )
  })

  test('equal partitions score 1 exactly, others stay within their bounds', () => {
    fc.assert(
      fc.property(twoLists, ([left, right]) => {
        for (const score of scores)
          if (score !== mutualInformation && score !== fowlkesMallows) expect(score(left, left)).toBe(1)
        expect(vMeasure(left, left)).toEqual({ homogeneity: 1, completeness: 1, vMeasure: 1 })
        for (const score of [rand, fowlkesMallows, normalizedMutualInformation]) {
          expect(score(left, right)).toBeGreaterThanOrEqual(0)
          expect(score(left, right)).toBeLessThanOrEqual(1)
        }
        expect(adjustedRand(left, right)).toBeLessThanOrEqual(1)
        expect(adjustedMutualInformation(left, right)).toBeLessThanOrEqual(1 + 1e-12)
      }),
    )
  })

  test('the expected information is the mean over all orders of the labels', () => {
    const left = [0, 0, 0, 1, 1, 2]
    const right = [0, 1, 1, 0, 1, 1]
    const all = permutations(right)
    const mean = sumOf(all.length, (i) => mutualInformation(left, all[i])) / all.length
    const entropyOf = (list: number[]): number => mutualInformation(list, list)
    const divisor = (entropyOf(left) + entropyOf(right)) / 2 - mean
    expect(adjustedMutualInformation(left, right)).toBeCloseTo(
      (mutualInformation(left, right) - mean) / divisor,
      13,
    )
  })

  test('chance is 0 in the mean, at a size where factorials would round', () => {
    const random = new Random(1)
    const left = Array.from({ length: 200_000 }, () => random.integer(5))
    const right = Array.from({ length: 200_000 }, () => random.integer(7))
    expect(Math.abs(adjustedRand(left, right))).toBeLessThan(1e-4)
    expect(Math.abs(adjustedMutualInformation(left, right))).toBeLessThan(1e-4)
  })

  test('bad lists are refused', () => {
    refused(
      () => adjustedRand([1, 2], [1]),
      'E_SHAPE',
      /predictions must have as many entries as targets \(2\), got 1/,
    )
    refused(() => adjustedRand([], []), 'E_EMPTY', /targets/)
    refused(() => adjustedRand([1, Number.NaN], [1, 2]), 'E_NONFINITE', /targets\[1\]/)
    // @ts-expect-error text is no list of labels
    refused(() => adjustedRand('ab', [1, 2]), 'E_TYPE', /targets/)
    // @ts-expect-error null is no label
    refused(() => rand([1, null], [1, 2]), 'E_TYPE', /targets\[1\]/)
    refused(() => rand([1, 'a'], [1, 2]), 'E_TYPE', /one kind/)
  })
})

describe('classification', () => {
  test('classes sort by value, and a share of nothing is 0', () => {
    const found = precisionRecallF1([10, 9, 9, 2], [9, 9, 9, 2])
    expect(found.perClass.map((prf) => prf.label)).toEqual([2, 9, 10])
    expect(found.perClass[2]).toEqual({ label: 10, precision: 0, recall: 0, f1: 0, support: 1 })
    expect(confusion(['b', 'a'], ['a', 'a'])).toEqual({
      labels: ['a', 'b'],
      matrix: [
        [1, 0],
        [1, 0],
      ],
    })
    expect(confusion(['b', 'a'], ['a', 'a'], { normalize: 'predicted' }).matrix).toEqual([
      [0.5, 0],
      [0.5, 0],
    ])
    expect(confusion([10n, 9n], [9n, 9n]).labels).toEqual([9n, 10n])
    expect(confusion([true, false], [true, true], { labels: [true, false] }).matrix).toEqual([
      [1, 0],
      [1, 0],
    ])
  })

  test('weight n is n copies, weight 0 is absence', () => {
    fc.assert(
      fc.property(twoLists, fc.nat(), ([left, right], seed) => {
        const random = new Random(seed)
        const weights = left.map(() => random.integer(3))
        weights[0] = 1
        const copies = weights.flatMap((w, i) => Array.from({ length: w }, () => i))
        const [more, others] = [copies.map((i) => left[i]), copies.map((i) => right[i])]
        const options = { sampleWeight: weights }
        expect(accuracy(left, right, options)).toBe(accuracy(more, others))
        expect(balancedAccuracy(left, right, options)).toBe(balancedAccuracy(more, others))
        expect(matthews(left, right, options)).toBe(matthews(more, others))
        expect(precisionRecallF1(left, right, options).weighted.recall).toBeCloseTo(
          accuracy(more, others),
          13,
        )
      }),
    )
  })

  test('refuses what it cannot score', () => {
    refused(() => accuracy([1, 2], [1, 2], { sampleWeight: [0, 0] }), 'E_WEIGHTS', /all are 0/)
    refused(() => accuracy([1, 2], [1, 2], { sampleWeight: [1, -1] }), 'E_WEIGHTS', /sampleWeight\[1\]/)
    refused(() => accuracy([1, 2], [1, 2], { sampleWeight: [1] }), 'E_SHAPE', /2 rows, got 1/)
    refused(() => accuracy([1, 2], ['1', '2']), 'E_TYPE', /predictions\[0\]/)
    refused(() => confusion([1, 2], [1, 2], { labels: [1] }), 'E_PARAM', /not one of labels/)
    refused(() => cohenKappa([1, 1], [1, 1]), 'E_DISTINCT', /two classes/)
    // @ts-expect-error a misspelt option
    refused(() => accuracy([1], [1], { sampleweight: [1] }), 'E_PARAM', /sampleweight/)
  })
})

describe('ranking', () => {
  test('the area is the chance of a right order, a tie counting half', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 0, max: 5 })), { minLength: 2, maxLength: 30 }),
        (rows) => {
          const hits = rows.filter(([hit]) => hit)
          const misses = rows.filter(([hit]) => !hit)
          fc.pre(hits.length > 0 && misses.length > 0)
          let right = 0
          for (const [, a] of hits) for (const [, b] of misses) right += a > b ? 1 : a === b ? 0.5 : 0
          const found = rocAuc(
            rows.map(([hit]) => hit),
            rows.map(([, score]) => score),
          )
          expect(found).toBeCloseTo(right / hits.length / misses.length, 14)
          const other = rocAuc(
            rows.map(([hit]) => hit),
            rows.map(([, score]) => score),
            { positive: false },
          )
          expect(found + other).toBeCloseTo(1, 14)
        },
      ),
    )
  })

  test('weights are copies', () => {
    const [targets, given] = [
      [0, 1, 1, 0, 1],
      [0.1, 0.4, 0.35, 0.4, 0.9],
    ]
    const sampleWeight = [1, 2, 1, 3, 1]
    const copies = sampleWeight.flatMap((w, i) => Array.from({ length: w }, () => i))
    const [more, others] = [copies.map((i) => targets[i]), copies.map((i) => given[i])]
    expect(rocAuc(targets, given, { sampleWeight })).toBeCloseTo(rocAuc(more, others), 15)
    expect(averagePrecision(targets, given, { sampleWeight })).toBeCloseTo(averagePrecision(more, others), 15)
    expect(logLoss(targets, given, { sampleWeight })).toBeCloseTo(logLoss(more, others), 15)
  })

  test('what is not defined is refused', () => {
    refused(
      () =>
        rocAuc(
          [0, 1],
          [
            [1, 0],
            [0, 1],
          ],
          { multiClass: 'ovo', sampleWeight: [1, 1] },
        ),
      'E_PARAM',
      /ovo/,
    )
    refused(() => rocAuc([1, 1], [0.5, 0.6]), 'E_DISTINCT', /two classes/)
    refused(() => rocAuc([0, 1, 2], [0.5, 0.6, 0.1]), 'E_SHAPE', /3 classes/)
    refused(() => rocAuc([0, 1], [0.5, Number.NaN]), 'E_NONFINITE', /scores\[1\]/)
    refused(() => rocAuc([0, 1], [0.5, 0.2], { positive: 2 }), 'E_PARAM', /positive/)
    refused(() => logLoss([0, 1], [0.5, 1.2]), 'E_RANGE', /row 1 holds 1.2/)
    refused(
      () =>
        logLoss(
          [0, 1],
          [
            [0.5, 0.4],
            [0, 1],
          ],
        ),
      'E_RANGE',
      /row 0 sums to 0.9/,
    )
    refused(
      () =>
        logLoss(
          [0, 0],
          [
            [0.5, 0.5],
            [0, 1],
          ],
        ),
      'E_SHAPE',
      /classes/,
    )
    expect(
      logLoss(
        [0, 0],
        [
          [0.5, 0.5],
          [0.5, 0.5],
        ],
        { classes: [0, 1] },
      ),
    ).toBeCloseTo(Math.LN2, 15)
    expect(logLoss([0, 1], [1, 0])).toBeCloseTo(52 * Math.LN2, 12)
  })
})

describe('regression', () => {
  test('sizes far from 1 score alike', () => {
    const targets = [1, 2, 4, 8]
    const predictions = [1.5, 2, 3, 9]
    const plain = regressionScores(targets, predictions)
    for (const power of [2 ** 700, 2 ** -700]) {
      const found = regressionScores(
        targets.map((x) => x * power),
        predictions.map((x) => x * power),
      )
      expect(found.r2).toBe(plain.r2)
      expect(found.rmse / power).toBe(plain.rmse)
      expect(found.mae / power).toBe(plain.mae)
    }
  })

  test('an offset of 1e12 costs nothing beyond the rounding of the numbers themselves', () => {
    const targets = [0.25, 0.5, 1, 2].map((x) => x + 2 ** 40)
    const predictions = [0.5, 0.5, 1, 1].map((x) => x + 2 ** 40)
    expect(r2(targets, predictions)).toBe(r2([0.25, 0.5, 1, 2], [0.5, 0.5, 1, 1]))
  })

  test('several targets: the mean, and each', () => {
    const found = regressionScores(
      [
        [1, 10],
        [2, 30],
      ],
      [
        [1, 10],
        [3, 30],
      ],
    )
    expect(found.perTarget.map((scores) => scores.r2)).toEqual([-1, 1])
    expect(found.r2).toBe(0)
    expect(found.rmse).toBe(Math.sqrt(0.5) / 2)
    refused(() => mae([[1, 2]], [[1]]), 'E_SHAPE', /columns as targets \(2\), got 1/)
    refused(() => r2([1], [1]), 'E_DISTINCT', /at least 2 rows/)
    expect(rmse([3], [1])).toBe(2)
  })
})

describe('clusters without truth', () => {
  test('the silhouette is its definition', () => {
    const { rows, of } = blobs(90, 3, 4, 3)
    const found = silhouetteSync(rows, of)
    const distance = (a: number[], b: number[]): number => Math.hypot(...a.map((x, j) => x - b[j]))
    const expected = rows.map((row, i) => {
      const means = [0, 1, 2, 3].map((c) => {
        const others = rows.filter((_, o) => o !== i && of[o] === c)
        return others.reduce((sum, other) => sum + distance(row, other), 0) / others.length
      })
      const own = means[of[i]]
      const other = Math.min(...means.filter((_, c) => c !== of[i]))
      return (other - own) / Math.max(own, other)
    })
    expected.forEach((value, i) => expect(found.samples[i]).toBeCloseTo(value, 12))
    expect(found.mean).toBeCloseTo(expected.reduce((sum, value) => sum + value, 0) / 90, 13)
    expect(found.clusters.map((cluster) => cluster.size)).toEqual([23, 23, 22, 22])
  })

  test('tiles do not show: clusters larger than one tile', () => {
    const { rows, of } = blobs(1100, 2, 2, 4)
    const matrix = Matrix.from('test', 'rows', rows)
    const found = silhouetteSync(matrix, of)
    for (const i of [0, 513, 1099]) {
      const sums = [0, 0]
      rows.forEach((row, o) => {
        sums[of[o]] += Math.hypot(row[0] - rows[i][0], row[1] - rows[i][1])
      })
      const own = sums[of[i]] / 549
      const other = sums[1 - of[i]] / 550
      expect(found.samples[i]).toBeCloseTo((other - own) / Math.max(own, other), 12)
    }
  })

  test('names of clusters and order of rows do not matter', () => {
    const { rows, of } = blobs(120, 2, 3, 3)
    const plain = silhouetteSync(rows, of)
    const order = Array.from(new Random(2).permutation(120))
    const moved = silhouetteSync(
      order.map((i) => rows[i]),
      order.map((i) => `cluster ${9 - of[i]}`),
    )
    order.forEach((from, at) => expect(moved.samples[at]).toBeCloseTo(plain.samples[from], 13))
    expect(moved.clusters.map((cluster) => cluster.size)).toEqual(plain.clusters.map((c) => c.size).reverse())
  })

  test('a row alone scores 0, coincident clusters score 0', () => {
    const found = silhouetteSync([[0], [1], [5]], ['a', 'a', 'b'])
    expect(found.samples[2]).toBe(0)
    expect(found.samples[0]).toBe(0.8)
    expect(silhouetteSync([[1], [1], [1], [1]], [0, 0, 1, 1]).mean).toBe(0)
    refused(() => silhouetteSync([[0], [1]], [0, 1]), 'E_DISTINCT', /from 2 to 1/)
    refused(() => silhouetteSync([[0], [1], [2]], [0, 0, 0]), 'E_DISTINCT', /got 1/)
    refused(() => silhouetteSync([[0], [1], [2]], [0, 1, 2]), 'E_DISTINCT', /got 3/)
    refused(() => silhouetteSync([[0], [1]], [0]), 'E_SHAPE', /labels/)
  })

  test('a sample is scored as if there were no other rows, and is the same for the same seed', () => {
    const { rows, of } = blobs(300, 2, 3, 5)
    const found = silhouetteSync(rows, of, { sampleSize: 60, seed: 3 })
    const kept = Array.from(found.rows)
    expect(new Set(kept).size).toBe(60)
    const alone = silhouetteSync(
      kept.map((i) => rows[i]),
      kept.map((i) => of[i]),
    )
    expect(alone.mean).toBe(found.mean)
    expect(silhouetteSync(rows, of, { sampleSize: 60, seed: 3 }).mean).toBe(found.mean)
    refused(() => silhouetteSync(rows, of, { sampleSize: 301 }), 'E_PARAM', /number of rows/)
  })

  test('async: the same answer, with progress, and an abort', async () => {
    const { rows, of } = blobs(4000, 8, 3, 5)
    const seen: number[] = []
    const found = await silhouette(rows, of, {
      onProgress: ({ done, total }) => void seen.push(done / total),
    })
    expect(found.mean).toBe(silhouetteSync(rows, of).mean)
    expect(seen.length).toBeGreaterThan(2)
    expect(seen.every((share, i) => share > 0 && share <= 1 && (i === 0 || share > seen[i - 1]))).toBe(true)
    const stop = new AbortController()
    const aborted = silhouette(rows, of, { signal: stop.signal, onProgress: () => stop.abort() })
    await expect(aborted).rejects.toMatchObject({ name: 'AbortError' })
  })

  test('offset and size do not matter to any of the three', () => {
    // Quarters, so that adding 2^36 and scaling round nothing away.
    const random = new Random(5)
    const of = Array.from({ length: 60 }, (_, i) => i % 3)
    const rows = of.map((c) => [c * 4 + random.integer(16) / 4, random.integer(16) / 4])
    const plain = [silhouetteSync(rows, of).mean, calinskiHarabasz(rows, of), daviesBouldin(rows, of)]
    for (const change of [
      (x: number) => x + 2 ** 36,
      (x: number) => x * 2 ** 600,
      (x: number) => x * 2 ** -600,
    ]) {
      const changed = rows.map((row) => row.map(change))
      const found = [
        silhouetteSync(changed, of).mean,
        calinskiHarabasz(changed, of),
        daviesBouldin(changed, of),
      ]
      found.forEach((value, i) => expect(Math.abs(value / plain[i] - 1)).toBeLessThan(1e-13))
    }
  })

  test('row order does not matter to the dispersion scores, to the last bit', () => {
    const { rows, of } = blobs(200, 3, 4, 3, 1e6, 0.01)
    const order = Array.from(new Random(11).permutation(200))
    const [moved, labelsMoved] = [order.map((i) => rows[i]), order.map((i) => of[i])]
    expect(calinskiHarabasz(moved, labelsMoved)).toBe(calinskiHarabasz(rows, of))
    expect(daviesBouldin(moved, labelsMoved)).toBe(daviesBouldin(rows, of))
  })

  test('without spread', () => {
    expect(calinskiHarabasz([[1], [1], [2], [2]], [0, 0, 1, 1])).toBe(1)
    expect(daviesBouldin([[1], [1], [2], [2]], [0, 0, 1, 1])).toBe(0)
    expect(daviesBouldin([[0], [2], [0], [2]], [0, 0, 1, 1])).toBe(0)
  })
})

test('an exact sum does not depend on order', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: -1e300, max: 1e300, noNaN: true }), { maxLength: 30 }),
      fc.nat(),
      (terms, seed) => {
        const scaled = terms.map((term) => term / 64)
        const [plain, moved] = [new ExactSum(), new ExactSum()]
        for (const term of scaled) plain.add(term)
        for (const i of new Random(seed).permutation(scaled.length)) moved.add(scaled[i])
        expect(moved.value()).toBe(plain.value())
      },
    ),
  )
  expect(sumOf(4, (i) => [1e100, 1, -1e100, 2 ** -60][i])).toBe(1 + 2 ** -60)
  expect(sumOf(10, () => 0.1)).toBe(1)
})

function permutations(list: number[]): number[][] {
  if (list.length < 2) return [list]
  return list.flatMap((first, i) =>
    permutations(list.filter((_, o) => o !== i)).map((rest) => [first, ...rest]),
  )
}
