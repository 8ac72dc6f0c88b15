import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { InputError } from '../check.ts'
import { Matrix } from '../data/matrix.ts'
import { Table } from '../data/table.ts'
import { load } from '../files/load.ts'
import { Random } from '../random.ts'
import { KNNClassifier } from './classifier.ts'
import { KNNRegressor } from './regressor.ts'

function codeOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (error instanceof InputError) return error.code
    throw error
  }
  return 'no error'
}

const line = [[0], [1], [2], [10], [11], [12]]

describe('classes', () => {
  test('of any kind, sorted, typed like the targets', () => {
    const words: string[] = KNNClassifier.fitSync(line, ['b', 'b', 'b', 'a', 'a', 'a'], { k: 3 }).predictSync(
      [[1], [11]],
    )
    expect(words).toEqual(['b', 'a'])
    const numbers = KNNClassifier.fitSync(line, [10, 10, 10, 9, 9, -1], { k: 3 })
    expect(numbers.classes).toEqual([-1, 9, 10])
    const answers: number[] = numbers.predictSync([[1]])
    expect(answers).toEqual([10])
    const flags = KNNClassifier.fitSync(line, [true, true, true, false, false, false], { k: 3 })
    expect(flags.classes).toEqual([false, true])
    expect(flags.predictSync([[0], [12]])).toEqual([true, false])
    const big: bigint[] = KNNClassifier.fitSync(line, [1n, 1n, 1n, -2n, -2n, -2n], { k: 3 }).predictSync([
      [1],
      [11],
    ])
    expect(big).toEqual([1n, -2n])
    const bytes: number[] = KNNClassifier.fitSync(line, Uint8Array.of(1, 1, 1, 0, 0, 0), {
      k: 3,
    }).predictSync([[1]])
    expect(bytes).toEqual([1])
    const longs: bigint[] = KNNClassifier.fitSync(line, BigInt64Array.of(1n, 1n, 1n, 0n, 0n, 0n), {
      k: 3,
    }).predictSync([[1]])
    expect(longs).toEqual([1n])
    // By code unit, not by locale.
    expect(KNNClassifier.fitSync([[1], [2], [3]], ['ä', 'a', 'Z'], { k: 1 }).classes).toEqual(['Z', 'a', 'ä'])
    expect(
      KNNClassifier.fitSync([[1], [2]], ['__proto__', 'constructor'], { k: 1 }).predictSync([[1]]),
    ).toEqual(['__proto__'])
  })

  test('targets that are refused', () => {
    expect(codeOf(() => KNNClassifier.fitSync(line, ['a'], { k: 1 }))).toBe('E_SHAPE')
    expect(codeOf(() => KNNClassifier.fitSync(line, [1, 1, 1, 1, 1, '1'] as never, { k: 1 }))).toBe('E_TYPE')
    expect(codeOf(() => KNNClassifier.fitSync(line, [1, 1, 1, 1, 1, null] as never, { k: 1 }))).toBe('E_TYPE')
    expect(codeOf(() => KNNClassifier.fitSync(line, [1, 1, 1, 1, 1, Number.NaN], { k: 1 }))).toBe(
      'E_NONFINITE',
    )
    expect(codeOf(() => KNNClassifier.fitSync(line, 'abcdef' as never, { k: 1 }))).toBe('E_TYPE')
    expect(codeOf(() => KNNClassifier.fitSync(line, null as never, { k: 1 }))).toBe('E_TYPE')
  })

  test('k', () => {
    const targets = ['a', 'a', 'a', 'b', 'b', 'b']
    for (const k of [0, -1, 1.5, Number.NaN, '3', 2 ** 32, null]) {
      expect(codeOf(() => KNNClassifier.fitSync(line, targets, { k: k as never }))).toBe('E_PARAM')
    }
    expect(() => KNNClassifier.fitSync(line, targets, { k: 7 })).toThrow(/at most 6 .*got 7/)
    const all = KNNClassifier.fitSync(line, targets, { k: 6 })
    expect(all.predictSync([[0]])).toEqual(['a'])
    expect(codeOf(() => all.predictSync())).toBe('E_K')
    expect(KNNClassifier.fitSync([[5]], ['x'], { k: 1 }).predictSync([[9]])).toEqual(['x'])
  })
})

describe('votes', () => {
  test('a tie goes to the first class in sorted order, not to the nearest', () => {
    const model = KNNClassifier.fitSync([[1], [2]], ['z', 'a'], { k: 2 })
    expect(model.predictSync([[0]])).toEqual(['a'])
    expect(model.predictProbaSync([[0]]).toArrays()).toEqual([[0.5, 0.5]])
  })

  test('by distance: only coincident rows vote where there are any', () => {
    const model = KNNClassifier.fitSync([[0], [0], [1e-9], [2e-9], [3e-9]], ['b', 'a', 'c', 'c', 'c'], {
      k: 5,
      weights: 'distance',
    })
    expect(model.predictProbaSync([[0]]).toArrays()).toEqual([[0.5, 0.5, 0]])
    expect(model.predictSync([[0]])).toEqual(['a'])
  })

  test('8: a distance of 1e-310 is no distance of 0', () => {
    const model = KNNClassifier.fitSync([[0], [2e-310], [4e-310]], ['a', 'b', 'b'], {
      k: 3,
      weights: 'distance',
    })
    const [[a, b]] = model.predictProbaSync([[1e-310]]).toArrays()
    expect(a).toBeCloseTo(1 / (1 + 1 + 1 / 3), 10)
    expect(b).toBeCloseTo((1 + 1 / 3) / (1 + 1 + 1 / 3), 10)
    const regressor = KNNRegressor.fitSync([[0], [3e-310]], [0, 3], { k: 2, weights: 'distance' })
    expect(regressor.predictSync([[1e-310]])[0]).toBeCloseTo(1, 10)
  })

  test('by a function', () => {
    const model = KNNClassifier.fitSync([[0], [3], [4]], ['a', 'b', 'b'], {
      k: 3,
      weights: (d) => Math.max(0, 3 - d),
    })
    expect(model.predictProbaSync([[1]]).toArrays()).toEqual([[2 / 3, 1 / 3]])
    expect(codeOf(() => model.predictSync([[100]]))).toBe('E_WEIGHTS')
    for (const bad of [-1, Number.NaN, Number.POSITIVE_INFINITY, '1', undefined]) {
      const wrong = KNNClassifier.fitSync([[0]], ['a'], { k: 1, weights: () => bad as never })
      expect(codeOf(() => wrong.predictSync([[1]]))).toBe('E_WEIGHTS')
    }
    expect(codeOf(() => KNNClassifier.fitSync([[0]], ['a'], { k: 1, weights: 'nearest' as never }))).toBe(
      'E_PARAM',
    )
  })

  test('the neighbours behind an answer', () => {
    const model = KNNClassifier.fitSync([[0], [2], [6]], ['a', 'b', 'b'], { k: 2, weights: 'distance' })
    expect(model.explainSync([[1.5]])).toEqual([
      {
        prediction: 'b',
        neighbors: [
          { index: 1, distance: 0.5, target: 'b', share: 0.75 },
          { index: 0, distance: 1.5, target: 'a', share: 0.25 },
        ],
      },
    ])
    expect(model.nearestSync([[1.5]]).k).toBe(2)
    expect([...model.nearestSync([[1.5]], { k: 3 }).indices]).toEqual([1, 0, 2])
  })

  test('shares sum to 1, the prediction has the largest, and the neighbours add up to it', () => {
    const random = new Random(2)
    const points = Array.from({ length: 60 }, () => [random.integer(5), random.integer(5)])
    const targets = points.map(() => random.integer(4))
    for (const weights of ['uniform', 'distance'] as const) {
      const model = KNNClassifier.fitSync(points, targets, { k: 7, weights })
      const proba = model.predictProbaSync()
      const predicted = model.predictSync()
      model.explainSync().forEach(({ prediction, neighbors }, i) => {
        const row = [...proba.row(i)]
        expect(row.reduce((sum, x) => sum + x, 0)).toBeCloseTo(1, 14)
        expect(prediction).toBe(predicted[i])
        expect(row[model.classes.indexOf(prediction)]).toBe(Math.max(...row))
        model.classes.forEach((one, c) => {
          const share = neighbors
            .filter(({ target }) => target === one)
            .reduce((sum, voter) => sum + voter.share, 0)
          expect(share).toBeCloseTo(row[c], 14)
        })
        expect(neighbors.some(({ index }) => index === i)).toBe(false)
      })
    }
  })
})

describe('weights are copies', () => {
  test('weight n is n copies, weight 0 is absence: the same bits, asked and left out', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            row: fc.tuple(fc.integer({ min: 0, max: 4 }), fc.integer({ min: 0, max: 4 })),
            target: fc.integer({ min: 0, max: 2 }),
            value: fc.double({ min: -5, max: 5, noNaN: true }),
            weight: fc.integer({ min: 0, max: 3 }),
          }),
          { minLength: 3, maxLength: 25 },
        ),
        fc.constantFrom('uniform', 'distance'),
        fc.nat(),
        (rows, weights, pick) => {
          const points = rows.map((one) => [...one.row])
          const copies = rows.flatMap((one, i) => Array.from({ length: one.weight }, () => i))
          if (copies.length < 2) return
          const k = 1 + (pick % (copies.length - 1))
          const sampleWeight = rows.map((one) => one.weight)
          const queries = [
            [0, 0],
            [2, 3],
            [1.5, 0.25],
          ]
          const targets = rows.map((one) => one.target)
          const values = rows.map((one) => one.value)
          const weighted = KNNClassifier.fitSync(points, targets, { k, weights, sampleWeight })
          const repeated = KNNClassifier.fitSync(
            copies.map((i) => points[i]),
            copies.map((i) => targets[i]),
            { k, weights },
          )
          const codes = (model: KNNClassifier<number>, proba: Matrix) =>
            proba
              .toArrays()
              .map((row) => row.map((share, c) => [model.classes[c], share]).filter(([, share]) => share > 0))
          expect(codes(weighted, weighted.predictProbaSync(queries))).toEqual(
            codes(repeated, repeated.predictProbaSync(queries)),
          )
          expect(weighted.predictSync(queries)).toEqual(repeated.predictSync(queries))
          const one = KNNRegressor.fitSync(points, values, { k, weights, sampleWeight })
          const other = KNNRegressor.fitSync(
            copies.map((i) => points[i]),
            copies.map((i) => values[i]),
            { k, weights },
          )
          expect(one.predictSync(queries)).toEqual(other.predictSync(queries))
          // Left out: one copy, so that each copy of a row is answered alike.
          const left = one.predictSync()
          const leftOfCopies = other.predictSync()
          copies.forEach((i, at) => {
            if (sampleWeight[i] > 0) expect(leftOfCopies[at]).toBe(left[i])
          })
        },
      ),
      { numRuns: 300 },
    )
  })

  test('a fraction is one copy with that much of a vote', () => {
    const model = KNNClassifier.fitSync([[0], [1], [2]], ['a', 'b', 'b'], {
      k: 3,
      sampleWeight: [1, 0.25, 0.25],
    })
    expect(model.predictProbaSync([[0]]).toArrays()).toEqual([[1 / 1.5, 0.5 / 1.5]])
    expect(
      KNNClassifier.fitSync([[0], [1]], ['a', 'b'], { k: 2, sampleWeight: [1e300, 1] }).predictSync([[1]]),
    ).toEqual(['a'])
  })

  test('rows of weight 0 are never neighbours; k counts copies', () => {
    const model = KNNClassifier.fitSync([[0], [1], [2]], ['a', 'b', 'c'], { k: 2, sampleWeight: [0, 1, 1] })
    expect([...model.nearestSync([[0]]).indices]).toEqual([1, 2])
    expect(
      codeOf(() =>
        KNNClassifier.fitSync([[0], [1], [2]], ['a', 'b', 'c'], { k: 3, sampleWeight: [0, 1, 1] }),
      ),
    ).toBe('E_K')
    expect(
      KNNClassifier.fitSync([[0], [1]], ['a', 'b'], { k: 4, sampleWeight: [3, 1] }).predictSync([[1]]),
    ).toEqual(['a'])
  })

  test('weights that are refused', () => {
    for (const sampleWeight of [
      [1, 1],
      [1, 1, -1],
      [0, 0, 0],
      [1, Number.NaN, 1],
      [1, Number.POSITIVE_INFINITY, 1],
      [1, '1', 1],
    ]) {
      expect(
        codeOf(() =>
          KNNClassifier.fitSync([[0], [1], [2]], [1, 2, 3], { k: 1, sampleWeight: sampleWeight as never }),
        ),
      ).toBe('E_WEIGHTS')
    }
    expect(codeOf(() => KNNClassifier.fitSync([[0]], [1], { k: 1, sampleWeight: 1 as never }))).toBe('E_TYPE')
  })
})

describe('regression', () => {
  test('one target gives numbers, several a matrix', async () => {
    const one: Float64Array = KNNRegressor.fitSync(line, [0, 1, 2, 10, 11, 12], { k: 3 }).predictSync([
      [1],
      [11],
    ])
    expect([...one]).toEqual([1, 11])
    const many = await KNNRegressor.fit(
      line,
      line.map(([x]) => [x, -x]),
      { k: 3 },
    )
    const answers: Matrix = await many.predict([[1], [11]])
    expect(answers.toArrays()).toEqual([
      [1, -1],
      [11, -11],
    ])
    expect(
      KNNRegressor.fitSync(line, Matrix.of(Float64Array.of(1, 2, 3, 4, 5, 6), 1), { k: 1 })
        .predictSync([[0]])
        .toArrays(),
    ).toEqual([[1]])
  })

  test('5: whole-number targets give fractions; the caller’s array is left alone', () => {
    const targets = Int32Array.of(1, 2, 2, 0, 0, 0)
    expect(KNNRegressor.fitSync(line, targets, { k: 3 }).predictSync([[1]])[0]).toBe(5 / 3)
    expect([...targets]).toEqual([1, 2, 2, 0, 0, 0])
  })

  test('targets of 1e308 do not overflow', () => {
    const model = KNNRegressor.fitSync(line, [1.5e308, 1.5e308, 1.5e308, 0, 0, 0], { k: 3 })
    expect(model.predictSync([[1]])[0] / 1.5e308).toBeCloseTo(1, 14)
  })

  test('the neighbours behind a prediction', () => {
    const model = KNNRegressor.fitSync(line, [0, 1, 2, 10, 11, 12], { k: 2 })
    expect(model.explainSync([[0.4]])).toEqual([
      {
        prediction: Float64Array.of(0.5),
        neighbors: [
          { index: 0, distance: 0.4, target: Float64Array.of(0), share: 0.5 },
          { index: 1, distance: 0.6, target: Float64Array.of(1), share: 0.5 },
        ],
      },
    ])
  })

  test('targets that are refused', () => {
    expect(codeOf(() => KNNRegressor.fitSync(line, [1, 2], { k: 1 }))).toBe('E_SHAPE')
    expect(codeOf(() => KNNRegressor.fitSync(line, [1, 2, 3, 4, 5, '6'] as never, { k: 1 }))).toBe('E_TYPE')
    expect(codeOf(() => KNNRegressor.fitSync(line, [1, 2, 3, 4, 5, Number.NaN], { k: 1 }))).toBe(
      'E_NONFINITE',
    )
    expect(codeOf(() => KNNRegressor.fitSync(line, [[1], [2], [3], [4], [5], [6, 7]], { k: 1 }))).toBe(
      'E_SHAPE',
    )
    for (const bad of [null, undefined, 'abcdef', 7, {}]) {
      expect(codeOf(() => KNNRegressor.fitSync(line, bad as never, { k: 1 }))).toBe('E_TYPE')
    }
  })
})

describe('tables', () => {
  const table = Table.fromRows([
    { size: 1, colour: 'red', kind: 'a' },
    { size: null, colour: 'red', kind: 'a' },
    { size: 9, colour: 'blue', kind: 'b' },
    { size: 8, colour: 'blue', kind: 'b' },
  ])

  test('rows that the encoder leaves out take their targets and weights with them', () => {
    const encoder = { columns: ['size', 'colour'], missing: 'drop' } as const
    const model = KNNClassifier.fitSync(table, ['a', 'x', 'b', 'b'], {
      k: 1,
      encoder,
      sampleWeight: [1, 1, 1, 2],
    })
    expect(model.classes).toEqual(['a', 'b'])
    expect(model.predictSync(Table.fromRows([{ size: 7, colour: 'blue' }]))).toEqual(['b'])
    expect([
      ...KNNRegressor.fitSync(table, [1, 2, 3, 4], { k: 1, encoder }).predictSync(table.take([2])),
    ]).toEqual([3])
  })
})

describe('saving', () => {
  const random = new Random(3)
  const points = Array.from({ length: 50 }, () => [random.uniform(), random.uniform()])
  const sampleWeight = points.map(() => random.integer(3))

  test('classifiers of every kind of class', () => {
    const kinds = [
      points.map((_, i) => `class ${i % 3}`),
      points.map((_, i) => i % 3 === 0),
      points.map((_, i) => (i % 3) / 7),
      points.map((_, i) => BigInt(i % 3) - 10n ** 20n),
    ]
    for (const targets of kinds) {
      for (const extra of [{}, { sampleWeight }]) {
        const model = KNNClassifier.fitSync<string | boolean | number | bigint>(points, targets, {
          k: 4,
          weights: 'distance',
          metric: 'manhattan',
          ...extra,
        })
        const bytes = model.toBytes()
        const loaded = load(bytes)
        if (!(loaded instanceof KNNClassifier)) throw new Error('not the model that was saved')
        expect(loaded.classes).toEqual(model.classes)
        expect(loaded.k).toBe(4)
        expect(loaded.predictProbaSync()).toEqual(model.predictProbaSync())
        expect(loaded.predictSync(points)).toEqual(model.predictSync(points))
        expect(loaded.toBytes()).toEqual(bytes)
      }
    }
  })

  test('regressors of one and of many targets', () => {
    for (const model of [
      KNNRegressor.fitSync(
        points,
        points.map(([x]) => x),
        { k: 3, sampleWeight },
      ),
      KNNRegressor.fitSync(
        points,
        points.map(([x]) => [x]),
        { k: 3 },
      ),
      KNNRegressor.fitSync(points, points, { k: 3, weights: 'distance' }),
    ]) {
      const loaded = load(model.toBytes())
      if (!(loaded instanceof KNNRegressor)) throw new Error('not the model that was saved')
      expect(loaded.predictSync()).toEqual(model.predictSync())
      expect(loaded.toBytes()).toEqual(model.toBytes())
    }
  })

  test('another kind of model is refused; functions cannot be saved', () => {
    const bytes = KNNRegressor.fitSync(points, points, { k: 1 }).toBytes()
    expect(codeOf(() => KNNClassifier.fromBytes(bytes))).toBe('E_KIND')
    expect(codeOf(() => KNNClassifier.fitSync([[1]], [1], { k: 1, weights: () => 1 }).toBytes())).toBe(
      'E_PARAM',
    )
  })
})

test('async gives what the sync twins give', async () => {
  const random = new Random(5)
  const points = Array.from({ length: 400 }, () => [random.uniform(), random.uniform()])
  const targets = points.map(([x, y]) => (x > y ? 'x' : 'y'))
  const model = await KNNClassifier.fit(points, targets, { weights: 'distance' })
  const twin = KNNClassifier.fitSync(points, targets, { weights: 'distance' })
  expect(await model.predict()).toEqual(twin.predictSync())
  expect(await model.predictProba(points)).toEqual(twin.predictProbaSync(points))
  expect(await model.explain(points.slice(0, 5))).toEqual(twin.explainSync(points.slice(0, 5)))
  const regressor = await KNNRegressor.fit(
    points,
    points.map(([x]) => x),
  )
  expect(await regressor.predict()).toEqual(
    KNNRegressor.fitSync(
      points,
      points.map(([x]) => x),
    ).predictSync(),
  )
  await expect(model.predict(points, { signal: AbortSignal.abort() })).rejects.toMatchObject({
    name: 'AbortError',
  })
  await expect(KNNClassifier.fit(points, targets, { k: 0 })).rejects.toMatchObject({ code: 'E_PARAM' })
})
