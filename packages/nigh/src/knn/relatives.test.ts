import { describe, expect, test } from 'vitest'
import { golden, labelsOf, rowsOf, type Source, textOf } from '../../fixtures/golden.ts'
import { InputError } from '../check.ts'
import { load } from '../files/load.ts'
import { Random } from '../random.ts'
import { KNNImputer, nanEuclideanDistances } from './imputer.ts'
import { NearestCentroid } from './nearest-centroid.ts'

function codeOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (error instanceof InputError) return error.code
    throw error
  }
  return 'no error'
}

interface Estimator {
  readonly kind: string
  readonly name: string
  readonly data: Source
  readonly k: number
  readonly weights: 'uniform' | 'distance'
  readonly metric: 'euclidean' | 'manhattan'
  readonly rows: number
  readonly holes: readonly (readonly [number, number])[]
  readonly filled: readonly (number | null)[]
  readonly distances: readonly (readonly (number | null)[])[]
  readonly centroids: readonly (readonly number[])[] | null
  readonly predicted: string
}

const cases = golden<Estimator>('estimators.json').cases

function holed(one: Estimator, rows: number[][]): number[][] {
  for (const [i, j] of one.holes) rows[i][j] = Number.NaN
  return rows
}

describe('scikit-learn’s imputation', () => {
  for (const one of cases.filter(({ kind }) => kind === 'knnImputer')) {
    test(one.name, () => {
      const rows = holed(one, rowsOf(one.data))
      const filled = KNNImputer.fit(rows, { k: one.k, weights: one.weights }).transformSync(rows)
      // scikit-learn's distances cancel: a coincident donor may lie 1e-7 away there, and then does not count alone.
      const coincident = (i: number, j: number): number[] =>
        rows
          .filter((row) => !Number.isNaN(row[j]))
          .filter((row) => row.some((cell, at) => !Number.isNaN(cell - rows[i][at])))
          .filter((row) => row.every((cell, at) => !(Math.abs(cell - rows[i][at]) > 0)))
          .map((row) => row[j])
      one.holes.forEach(([i, j], at) => {
        const alone = one.weights === 'distance' ? coincident(i, j) : []
        const mean =
          alone.slice(0, one.k).reduce((sum, value) => sum + value, 0) / Math.min(one.k, alone.length)
        const expected = alone.length > 0 ? mean : one.filled[at]
        const got = filled.values[i * filled.columns + j]
        if (expected !== null) expect(Math.abs(got - expected)).toBeLessThanOrEqual(1e-8 * Math.abs(expected))
        expect(got).not.toBeNaN()
      })
      rows.forEach((row, i) => {
        row.forEach((cell, j) => {
          if (!Number.isNaN(cell)) expect(filled.values[i * filled.columns + j]).toBe(cell)
        })
      })
    })
  }

  for (const one of cases.filter(({ kind }) => kind === 'nanEuclidean')) {
    test(`distances: ${one.name}`, () => {
      const rows = holed(one, rowsOf(one.data).slice(0, one.rows))
      const got = nanEuclideanDistances(rows)
      one.distances.flat().forEach((expected, at) => {
        if (expected === null) expect(got[at]).toBeNaN()
        // scikit-learn takes differences of squared norms, which cancel.
        else expect(Math.abs(got[at] - expected)).toBeLessThan(1e-6)
      })
    })
  }
})

describe('22: holes', () => {
  const none = Number.NaN

  test('donors must have the column; without donors the mean', () => {
    const rows = [
      [1, none],
      [1.1, none],
      [5, 7],
      [9, 9],
    ]
    const imputer = KNNImputer.fit(rows, { k: 2 })
    expect(imputer.transformSync(rows).toArrays()[0]).toEqual([1, 8])
    expect(
      KNNImputer.fit(rows, { k: 1 })
        .transformSync([
          [1, none],
          [none, 8.5],
        ])
        .toArrays(),
    ).toEqual([
      [1, 7],
      [9, 8.5],
    ])
    // Nothing in common with any donor: the columns' means.
    const apart = KNNImputer.fit(
      [
        [1, none],
        [3, none],
        [none, 5],
      ],
      { k: 1 },
    )
    expect(apart.transformSync([[none, 2]]).toArrays()).toEqual([[2, 2]])
    expect(apart.transformSync([[none, none]]).toArrays()).toEqual([[2, 5]])
  })

  test('two holes in a row; equal distances to the smaller row; by distance, an equal row alone counts', () => {
    const rows = [
      [0, 1, 2],
      [0, 3, 4],
      [1, 5, 6],
    ]
    expect(
      KNNImputer.fit(rows, { k: 1 })
        .transformSync([[0, none, none]])
        .toArrays(),
    ).toEqual([[0, 1, 2]])
    expect(
      KNNImputer.fit(rows, { k: 3, weights: 'distance' })
        .transformSync([[1, none, none]])
        .toArrays(),
    ).toEqual([[1, 5, 6]])
  })

  test('refused, or told', async () => {
    expect(
      codeOf(() =>
        KNNImputer.fit([
          [1, none],
          [2, none],
        ]),
      ),
    ).toBe('E_MISSING')
    const zero = KNNImputer.fit(
      [
        [1, none],
        [2, none],
      ],
      { emptyColumns: 'zero' },
    )
    expect((await zero.transform([[1, none]])).toArrays()).toEqual([[1, 0]])
    expect(codeOf(() => KNNImputer.fit([[1, Number.POSITIVE_INFINITY]]))).toBe('E_NONFINITE')
    for (const size of [1e200, 1e-200, -1e-121]) {
      // The squares of 1e-200 are 0: every donor would be equally near.
      expect(codeOf(() => KNNImputer.fit([[size, 1]]))).toBe('E_RANGE')
      expect(codeOf(() => KNNImputer.fit([[1, 1]]).transformSync([[size, Number.NaN]]))).toBe('E_RANGE')
    }
    expect(codeOf(() => KNNImputer.fit([[1, null as never]]))).toBe('E_TYPE')
    expect(codeOf(() => KNNImputer.fit([[1], [1, 2]]))).toBe('E_SHAPE')
    expect(codeOf(() => KNNImputer.fit([]))).toBe('E_EMPTY')
    expect(codeOf(() => zero.transformSync([[1]]))).toBe('E_SHAPE')
    expect(codeOf(() => KNNImputer.fit([[1]], { k: 0 }))).toBe('E_PARAM')
    expect(codeOf(() => KNNImputer.fit([[1]], { weights: 'rank' as never }))).toBe('E_PARAM')
    const given = [
      [1, none],
      [2, 3],
    ]
    KNNImputer.fit(given, { k: 1 }).transformSync(given)
    expect(given).toEqual([
      [1, none],
      [2, 3],
    ])
  })
})

describe('scikit-learn’s nearest centroid', () => {
  for (const one of cases.filter(({ kind }) => kind === 'nearestCentroid')) {
    test(one.name, () => {
      const rows = rowsOf(one.data)
      const targets = textOf(one.data)
      const model = NearestCentroid.fitSync(rows, targets, { metric: one.metric })
      one.centroids?.flat().forEach((expected, at) => {
        expect(model.centroids.values[at]).toBeCloseTo(expected, 10)
      })
      const predicted = model.predictSync(rows)
      // The string stops after 256 rows in the largest case.
      labelsOf(one.predicted).forEach((code, i) => {
        expect(predicted[i]).toBe(model.classes[code])
      })
    })
  }

  test('the same for any order of the rows, and for copies', () => {
    const random = new Random(1)
    const rows = Array.from({ length: 40 }, () => [random.normal(), random.normal() * 1e6, random.integer(3)])
    const targets = rows.map((_, i) => i % 3)
    const sampleWeight = rows.map(() => random.integer(3))
    const copies = rows.flatMap((_, i) => Array.from({ length: sampleWeight[i] }, () => i))
    const order = [...random.permutation(copies.length)].map((at) => copies[at])
    for (const metric of ['euclidean', 'manhattan'] as const) {
      for (const shrinkThreshold of [0, 0.5]) {
        const options = { metric, shrinkThreshold }
        const weighted = NearestCentroid.fitSync(rows, targets, { ...options, sampleWeight })
        const shuffled = NearestCentroid.fitSync(
          order.map((i) => rows[i]),
          order.map((i) => targets[i]),
          options,
        )
        weighted.centroids.values.forEach((value, at) => {
          if (shrinkThreshold === 0) expect(value).toBe(shuffled.centroids.values[at])
          else expect(value).toBeCloseTo(shuffled.centroids.values[at], 8)
        })
      }
    }
  })

  test('a tie goes to the first class; much shrinking leaves one centroid', () => {
    const model = NearestCentroid.fitSync([[0], [2], [4], [6]], ['b', 'b', 'a', 'a'])
    expect(model.predictSync([[3], [0], [9]])).toEqual(['a', 'b', 'a'])
    const shrunk = NearestCentroid.fitSync([[0], [2], [4], [6]], ['b', 'b', 'a', 'a'], {
      shrinkThreshold: 100,
    })
    expect(shrunk.centroids.toArrays()).toEqual([[3], [3]])
    // s = √(4/2), and its median the same: the standard error is √(1/2 − 1/4) · 2s.
    const some = NearestCentroid.fitSync([[0], [2], [4], [6]], ['b', 'b', 'a', 'a'], { shrinkThreshold: 0.5 })
    expect(some.centroids.values[0]).toBeCloseTo(5 - 0.5 * Math.sqrt(0.5 - 0.25) * 2 * Math.SQRT2, 12)
    // scikit-learn 1.9.1, shrink_threshold 2
    const source: Source = { csv: 'iris.csv', target: 'species' }
    const iris = NearestCentroid.fitSync(rowsOf(source), textOf(source), { shrinkThreshold: 2 })
    const expected = [
      [5.213800032708839, 3.260637973690613, 1.6502959935413326, 0.38217640372722317],
      [5.843333333333335, 2.9373620263093883, 4.071704006458667, 1.199333333333334],
      [6.3801999672911585, 3.057333333333334, 5.363704006458667, 1.8898235962727763],
    ]
    expected.flat().forEach((value, at) => {
      expect(iris.centroids.values[at]).toBeCloseTo(value, 12)
    })
    expect(codeOf(() => NearestCentroid.fitSync([[0], [1]], [1, 2], { shrinkThreshold: 1 }))).toBe(
      'E_DISTINCT',
    )
    expect(codeOf(() => NearestCentroid.fitSync([[0], [1]], [1, 2], { shrinkThreshold: -1 }))).toBe('E_PARAM')
    expect(codeOf(() => NearestCentroid.fitSync([[0], [1]], [1, 2], { metric: 'cosine' as never }))).toBe(
      'E_PARAM',
    )
    expect(codeOf(() => NearestCentroid.fitSync([], []))).toBe('E_EMPTY')
  })
})

test('saving', () => {
  const none = Number.NaN
  const imputer = KNNImputer.fit(
    [
      [1, none],
      [2, 5],
      [4, 7],
    ],
    { k: 2, weights: 'distance' },
  )
  const filled = load(imputer.toBytes())
  if (!(filled instanceof KNNImputer)) throw new Error('not the model that was saved')
  expect(filled.transformSync([[1.7, none]])).toEqual(imputer.transformSync([[1.7, none]]))
  expect(filled.toBytes()).toEqual(imputer.toBytes())
  for (const metric of ['euclidean', 'manhattan'] as const) {
    const model = NearestCentroid.fitSync([[0], [2], [4], [6]], [true, true, false, false], { metric })
    const loaded = load(model.toBytes())
    if (!(loaded instanceof NearestCentroid)) throw new Error('not the model that was saved')
    expect(loaded.classes).toEqual([false, true])
    expect(loaded.predictSync([[3], [0]])).toEqual([false, true])
    expect(loaded.toBytes()).toEqual(model.toBytes())
  }
})
