import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { InputError } from '../check.ts'
import { Random } from '../random.ts'
import { KNNClassifier } from './classifier.ts'
import { type KernelName, kernelNames, kernelWeights, normalQuantile } from './kernel-weights.ts'
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

describe('ties between classes', () => {
  const points = [[1], [2], [3], [4], [5]]
  const targets = ['z', 'a', 'm', 'z', 'm']

  test('smallest, nearest, expand', () => {
    const ask = (ties: 'smallest' | 'nearest' | 'expand', k: number) =>
      KNNClassifier.fitSync(points, targets, { k, ties }).predictSync([[0]])[0]
    expect(ask('smallest', 3)).toBe('a')
    expect(ask('nearest', 3)).toBe('z')
    expect(ask('expand', 3)).toBe('z') // the 4th decides
    expect(ask('expand', 4)).toBe('z') // no tie
    expect(ask('smallest', 5)).toBe('m')
    expect(ask('expand', 5)).toBe('m') // nobody is left to ask
    expect(codeOf(() => KNNClassifier.fitSync(points, targets, { k: 1, ties: 'random' as never }))).toBe(
      'E_PARAM',
    )
  })

  test('expand leaves a row out of its own answer, and counts copies', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({ x: fc.integer({ min: 0, max: 6 }), c: fc.nat(2), w: fc.integer({ min: 1, max: 3 }) }),
          {
            minLength: 2,
            maxLength: 15,
          },
        ),
        (rows) => {
          const copies = rows.flatMap((one) => Array.from({ length: one.w }, () => one))
          const options = { k: 2, ties: 'expand' } as const
          if (copies.length < 3) return
          const weighted = KNNClassifier.fitSync(
            rows.map(({ x }) => [x]),
            rows.map(({ c }) => c),
            {
              ...options,
              sampleWeight: rows.map(({ w }) => w),
            },
          )
          const repeated = KNNClassifier.fitSync(
            copies.map(({ x }) => [x]),
            copies.map(({ c }) => c),
            options,
          )
          const queries = [[0], [2.5], [6]]
          expect(weighted.predictSync(queries)).toEqual(repeated.predictSync(queries))
          const left = weighted.predictSync()
          const leftOfCopies = repeated.predictSync()
          expect(copies.map((one) => left[rows.indexOf(one)])).toEqual(leftOfCopies)
          // Against asking one by one with ever larger k.
          queries.forEach((query, i) => {
            for (let k = 2; k <= copies.length; k++) {
              const shares = KNNClassifier.fitSync(
                copies.map(({ x }) => [x]),
                copies.map(({ c }) => c),
                { k },
              ).predictProbaSync([query])
              const most = Math.max(...shares.values)
              const leaders = repeated.classes.filter((_, c) => shares.values[c] === most)
              if (leaders.length > 1 && k < copies.length) continue
              if (leaders.length === 1) expect(repeated.predictSync(queries)[i]).toBe(leaders[0])
              break
            }
          })
        },
      ),
      { numRuns: 80 },
    )
  })
})

describe('class weights and priors', () => {
  const points = [[0], [1], [2], [3]]
  const targets = ['b', 'a', 'a', 'a']

  test('balanced and uniform priors: a rare class is not outvoted by number', () => {
    const plain = KNNClassifier.fitSync(points, targets, { k: 4 })
    expect(plain.predictProbaSync([[0]]).toArrays()).toEqual([[0.75, 0.25]])
    for (const options of [{ classWeight: 'balanced' }, { priors: 'uniform' }] as const) {
      const model = KNNClassifier.fitSync(points, targets, { k: 4, ...options })
      expect(model.predictProbaSync([[0]]).toArrays()).toEqual([[0.5, 0.5]])
    }
  })

  test('by class', () => {
    const weighted = KNNClassifier.fitSync(points, targets, { k: 4, classWeight: new Map([['b', 6]]) })
    expect(weighted.predictProbaSync([[0]]).toArrays()).toEqual([[3 / 9, 6 / 9]])
    expect(weighted.predictSync([[0]])).toEqual(['b'])
    const priors = KNNClassifier.fitSync(points, targets, {
      k: 4,
      priors: new Map([
        ['a', 1],
        ['b', 3],
      ]),
    })
    expect(priors.predictProbaSync([[0]]).toArrays()[0][1]).toBeCloseTo(0.75, 14)
    const loaded = KNNClassifier.fromBytes(priors.toBytes())
    expect(loaded.predictProbaSync([[0]])).toEqual(priors.predictProbaSync([[0]]))
  })

  test('counts are of copies', () => {
    const weighted = KNNClassifier.fitSync([[0], [1]], ['b', 'a'], {
      k: 4,
      sampleWeight: [1, 3],
      classWeight: 'balanced',
    })
    expect(weighted.predictProbaSync([[0]]).toArrays()).toEqual([[0.5, 0.5]])
    const absent = KNNClassifier.fitSync([[0], [1], [2]], ['b', 'a', 'x'], { k: 2, sampleWeight: [1, 3, 0] })
    expect(absent.classes).toEqual(['a', 'b'])
    expect(KNNClassifier.fromBytes(absent.toBytes()).predictSync([[2]])).toEqual(['a'])
  })

  test('refused', () => {
    const fit = (options: object) =>
      codeOf(() => KNNClassifier.fitSync(points, targets, { k: 1, ...options }))
    expect(fit({ classWeight: new Map([['c', 1]]) })).toBe('E_PARAM')
    expect(fit({ classWeight: new Map([['a', 0]]) })).toBe('E_PARAM')
    expect(fit({ classWeight: { a: 1 } })).toBe('E_PARAM')
    expect(fit({ priors: new Map([['a', 1]]) })).toBe('E_PARAM')
    expect(fit({ priors: 'uniform', classWeight: 'balanced' })).toBe('E_PARAM')
  })
})

describe('kernels', () => {
  // Rows at distances 1, 2, 3; the 4th, at 4, is the edge: relative distances ¼, ½, ¾.
  const points = [[1], [2], [3], [4]]
  const shares = (kernel: KernelName): number[] =>
    KNNClassifier.fitSync(points, [0, 1, 2, 3], { k: 3, weights: kernel })
      .explainSync([[0]])[0]
      .neighbors.map(({ share }) => share)

  test('weigh as their formulae say', () => {
    const x = [0.25, 0.5, 0.75]
    const q = 1.1503493803760079 // the normal quantile of 1/8
    const formulae: Record<KernelName, (x: number, rank: number) => number> = {
      rectangular: () => 1,
      triangular: (t) => 1 - t,
      epanechnikov: (t) => 0.75 * (1 - t * t),
      biweight: (t) => (15 / 16) * (1 - t * t) ** 2,
      triweight: (t) => (35 / 32) * (1 - t * t) ** 3,
      cos: (t) => Math.cos((t * Math.PI) / 2),
      inv: (t) => 1 / t,
      gaussian: (t) => Math.exp(-((t * q) ** 2) / 2),
      rank: (_, rank) => 4 - rank,
      // d = 1, k = 3: (1 + ½ − (r³ − (r − 1)³)/18) / 3
      optimal: (_, rank) => (1.5 - (rank ** 3 - (rank - 1) ** 3) / 18) / 3,
    }
    for (const kernel of kernelNames) {
      const raw = x.map((t, i) => formulae[kernel](t, i + 1))
      const sum = raw.reduce((all, one) => all + one, 0)
      shares(kernel).forEach((share, i) => {
        expect(share).toBeCloseTo(raw[i] / sum, 13)
      })
    }
  })

  test('need a neighbour beyond the k-th', () => {
    expect(codeOf(() => KNNClassifier.fitSync(points, [0, 1, 2, 3], { k: 4, weights: 'triangular' }))).toBe(
      'E_K',
    )
    const three = KNNClassifier.fitSync(points, [0, 1, 2, 3], { k: 3, weights: 'triangular' })
    expect(codeOf(() => three.predictSync())).toBe('E_K')
    expect(KNNClassifier.fitSync(points, [0, 1, 2, 3], { k: 2, weights: 'inv' }).predictSync()).toEqual([
      1, 0, 1, 2,
    ])
  })

  test('with copies, with equal rows, saved', () => {
    const same = KNNRegressor.fitSync([[1], [1], [1]], [1, 2, 3], { k: 2, weights: 'gaussian' })
    expect(same.predictSync([[1]])[0]).toBeCloseTo(1.5, 14)
    for (const kernel of kernelNames) {
      const random = new Random(4)
      const rows = Array.from({ length: 30 }, () => [random.integer(5), random.integer(5)])
      const values = rows.map(() => random.uniform())
      const sampleWeight = rows.map(() => random.integer(3))
      const weighted = KNNRegressor.fitSync(rows, values, { k: 4, weights: kernel, sampleWeight })
      const copies = rows.flatMap((_, i) => Array.from({ length: sampleWeight[i] }, () => i))
      const repeated = KNNRegressor.fitSync(
        copies.map((i) => rows[i]),
        copies.map((i) => values[i]),
        { k: 4, weights: kernel },
      )
      expect(weighted.predictSync(rows)).toEqual(repeated.predictSync(rows))
      expect(KNNRegressor.fromBytes(weighted.toBytes()).predictSync(rows)).toEqual(weighted.predictSync(rows))
    }
  })

  test("'rank': equal distances share the mean of their ranks", () => {
    const out = new Float64Array(6)
    kernelWeights('rank', Float64Array.of(0, 1, 1, 2, 2, 2), 3, 1, out)
    expect(Array.from(out)).toEqual([6, 4.5, 4.5, 2, 2, 2])
    // A vote by ranks alone: two rows at one distance count alike, whichever stands first.
    const points = [[1], [-1], [2], [9]]
    const shares = KNNClassifier.fitSync(points, ['a', 'b', 'c', 'c'], {
      k: 3,
      weights: 'rank',
    }).predictProbaSync([[0]])
    expect(Array.from(shares.values)).toEqual([2.5 / 6, 2.5 / 6, 1 / 6])
  })

  test('the normal quantile', () => {
    expect(normalQuantile(0.025)).toBeCloseTo(1.959963984540054, 14)
    expect(normalQuantile(0.25)).toBeCloseTo(0.6744897501960817, 14)
    expect(normalQuantile(1e-9)).toBeCloseTo(5.997807015007687, 12)
  })
})

describe('quantiles of the neighbours', () => {
  test('are targets of neighbours, by their share', () => {
    const model = KNNRegressor.fitSync([[1], [2], [3], [4], [50]], [10, 30, 20, 40, 99], { k: 4 })
    const got = model.predictQuantilesSync([[0]], { quantiles: [0, 0.25, 0.5, 0.75, 0.76, 1] })
    expect(got.toArrays()).toEqual([[10, 10, 20, 30, 40, 40]])
    const many = KNNRegressor.fitSync(
      [[1], [2], [3]],
      [
        [1, -1],
        [2, -2],
        [3, -3],
      ],
      { k: 3 },
    )
    expect(many.predictQuantilesSync([[0]], { quantiles: [0.1, 0.9] }).toArrays()).toEqual([[1, 3, -3, -1]])
    for (const quantiles of [[], [-0.1], [1.1], ['0.5'], null, undefined]) {
      expect(codeOf(() => model.predictQuantilesSync([[0]], { quantiles: quantiles as never }))).toBe(
        'E_PARAM',
      )
    }
  })
})
