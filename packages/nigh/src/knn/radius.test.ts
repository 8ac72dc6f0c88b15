import { describe, expect, test } from 'vitest'
import { golden, labelsOf, rowsOf, type Source, textOf } from '../../fixtures/golden.ts'
import { InputError } from '../check.ts'
import { load } from '../files/load.ts'
import { RadiusClassifier } from './radius-classifier.ts'
import { RadiusRegressor } from './radius-regressor.ts'

function codeOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (error instanceof InputError) return error.code
    throw error
  }
  return 'no error'
}

interface RadiusCase {
  readonly kind: string
  readonly name: string
  readonly data: Source
  readonly target?: readonly string[]
  readonly radius: number
  readonly weights: 'uniform' | 'distance'
  readonly predicted: string | readonly (number | null)[]
}

describe('scikit-learn’s answers within a radius', () => {
  for (const one of golden<RadiusCase>('estimators.json').cases) {
    const { radius, weights } = one
    if (one.kind === 'radiusClassifier' && typeof one.predicted === 'string') {
      const { predicted } = one
      test(one.name, () => {
        const rows = rowsOf(one.data)
        const targets = textOf(one.data)
        const fitted = rows.map((_, i) => i % 3 > 0)
        const model = RadiusClassifier.fitSync(
          rows.filter((_, i) => fitted[i]),
          targets.filter((_, i) => fitted[i]),
          { radius, weights },
        )
        expect(model.predictSync(rows.filter((_, i) => !fitted[i]))).toEqual(
          labelsOf(predicted).map((code) => model.classes[code]),
        )
      })
    }
    if (one.kind === 'radiusRegressor' && typeof one.predicted !== 'string') {
      const { predicted } = one
      test(one.name, () => {
        const rows = rowsOf(one.data)
        const targets = textOf(one.data, one.target?.[0]).map(Number)
        const fitted = rows.map((_, i) => i % 3 > 0)
        const model = RadiusRegressor.fitSync(
          rows.filter((_, i) => fitted[i]),
          targets.filter((_, i) => fitted[i]),
          { radius, weights, outlierValue: Number.NaN },
        )
        model.predictSync(rows.filter((_, i) => !fitted[i])).forEach((value, i) => {
          const expected = predicted[i]
          if (expected === null) expect(value).toBeNaN()
          else expect(value).toBeCloseTo(expected, 12)
        })
      })
    }
  }
})

describe('queries without neighbours', () => {
  const points = [[0], [1], [10]]
  const targets = ['b', 'b', 'a']

  test('are refused, unless there is an answer', () => {
    const model = RadiusClassifier.fitSync(points, targets, { radius: 1 })
    expect(model.predictSync([[0.5], [9]])).toEqual(['b', 'a'])
    expect(() => model.predictSync([[0], [5]])).toThrow(/query 1 has no neighbour within the radius 1/)
    expect(codeOf(() => model.predictProbaSync([[5]]))).toBe('E_NO_NEIGHBORS')
    const frequent = RadiusClassifier.fitSync(points, targets, { radius: 1, outliers: 'most-frequent' })
    expect(frequent.predictSync([[5]])).toEqual(['b'])
    expect(frequent.predictProbaSync([[5], [10]]).toArrays()).toEqual([
      [0, 1],
      [1, 0],
    ])
    const other = RadiusClassifier.fitSync<string>(points, targets, { radius: 1, outlierLabel: 'none' })
    expect(other.predictSync([[5], [0]])).toEqual(['none', 'b'])
    expect(other.predictProbaSync([[5]]).toArrays()).toEqual([[0, 0]])
    expect(other.explainSync([[5]])).toEqual([{ prediction: 'none', neighbors: [] }])
  })

  test('5: whole-number targets without neighbours are no −9e18', () => {
    const model = RadiusRegressor.fitSync(points, Int32Array.of(1, 2, 3), { radius: 1 })
    expect([...model.predictSync([[0.5]])]).toEqual([1.5])
    expect(codeOf(() => model.predictSync([[5]]))).toBe('E_NO_NEIGHBORS')
    const nan = RadiusRegressor.fitSync(points, [1, 2, 3], { radius: 1, outlierValue: Number.NaN })
    expect([...nan.predictSync([[5], [10]])]).toEqual([Number.NaN, 3])
    expect(
      RadiusRegressor.fitSync(
        points,
        [
          [1, 2],
          [3, 4],
          [5, 6],
        ],
        { radius: 1 },
      )
        .predictSync([[0]])
        .toArrays(),
    ).toEqual([[2, 3]])
  })

  test('leave one out: by index, and by copies', () => {
    const model = RadiusRegressor.fitSync([[0], [0], [1]], [1, 3, 5], { radius: 0.5, outlierValue: -1 })
    expect([...model.predictSync()]).toEqual([3, 1, -1])
    const copies = RadiusRegressor.fitSync([[0], [1]], [1, 5], {
      radius: 0.5,
      outlierValue: -1,
      sampleWeight: [2, 1],
    })
    expect([...copies.predictSync()]).toEqual([1, -1])
    const absent = RadiusClassifier.fitSync([[0], [0]], ['a', 'b'], { radius: 1, sampleWeight: [0, 1] })
    expect(absent.classes).toEqual(['b'])
    expect(absent.predictSync([[0]])).toEqual(['b'])
  })

  test('options that are refused', () => {
    for (const radius of [-1, Number.NaN, '1', undefined]) {
      expect(codeOf(() => RadiusClassifier.fitSync(points, targets, { radius: radius as never }))).toBe(
        'E_PARAM',
      )
    }
    expect(
      codeOf(() => RadiusClassifier.fitSync(points, targets, { radius: 1, weights: 'cos' as never })),
    ).toBe('E_PARAM')
    expect(codeOf(() => RadiusClassifier.fitSync(points, targets, { radius: 1, outliers: 'label' }))).toBe(
      'E_PARAM',
    )
    expect(
      codeOf(() =>
        RadiusClassifier.fitSync(points, targets, { radius: 1, outliers: 'refuse', outlierLabel: 'a' }),
      ),
    ).toBe('E_PARAM')
    expect(
      codeOf(() => RadiusClassifier.fitSync(points, targets, { radius: 1, outlierLabel: 3 as never })),
    ).toBe('E_TYPE')
    expect(
      codeOf(() => RadiusRegressor.fitSync(points, [1, 2, 3], { radius: 1, outlierValue: '0' as never })),
    ).toBe('E_TYPE')
  })
})

describe('saving the relatives', () => {
  const points = [[0], [1], [10]]

  test('every option comes back', () => {
    const classifiers = [
      RadiusClassifier.fitSync(points, ['b', 'b', 'a'], {
        radius: 1,
        outliers: 'most-frequent',
        classWeight: 'balanced',
      }),
      RadiusClassifier.fitSync<string>(points, ['b', 'b', 'a'], {
        radius: 2,
        outlierLabel: 'none',
        weights: 'distance',
      }),
      RadiusClassifier.fitSync(points, ['b', 'b', 'a'], {
        radius: Number.POSITIVE_INFINITY,
        sampleWeight: [1, 2, 0],
      }),
    ]
    for (const model of classifiers) {
      const loaded = load(model.toBytes())
      if (!(loaded instanceof RadiusClassifier)) throw new Error('not the model that was saved')
      expect(loaded.predictSync([[5], [0], [9.5]])).toEqual(model.predictSync([[5], [0], [9.5]]))
      expect(loaded.toBytes()).toEqual(model.toBytes())
    }
    for (const model of [
      RadiusRegressor.fitSync(points, [1, 2, 3], { radius: 1, outlierValue: Number.NaN }),
      RadiusRegressor.fitSync(points, [[1], [2], [3]], { radius: 1, outlierValue: 7, metric: 'manhattan' }),
    ]) {
      const loaded = load(model.toBytes())
      if (!(loaded instanceof RadiusRegressor)) throw new Error('not the model that was saved')
      expect(loaded.predictSync([[5], [0]])).toEqual(model.predictSync([[5], [0]]))
      expect(loaded.toBytes()).toEqual(model.toBytes())
    }
  })
})
