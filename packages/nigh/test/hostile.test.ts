import { describe, expect, test } from 'vitest'
import { InputError } from '../src/check.ts'
import * as nigh from '../src/index.ts'
import { Matrix } from '../src/index.ts'
import { made, plain } from './made-data.ts'

// What no call may take, asked of every call: cells that are no numbers, rows that are no table, weights, targets and k
// out of the rules; and what every call must keep to when the caller changes his mind, or his arrays, on the way.
// K-Means and the neighbours have tables of their own for what only they take: src/kmeans/hostile.test.ts,
// src/knn/nearest-neighbors.test.ts, src/knn/learners.test.ts.

const sound = plain(made({ rows: 30, columns: 2, seed: 5, kind: 'blobs' }))
const classes = sound.map((_, i) => 'ab'[i % 2])
const amounts = sound.map((_, i) => i)
const halves = Uint32Array.from(sound, (_, i) => i % 2)
const k = { k: 3 }
const kmeans = nigh.KMeans.fitSync(sound, k)
const search = nigh.NearestNeighbors.fitSync(sound)

/** A call that types would not allow. */
function never(value: unknown): never {
  return value as never
}

type Take = (points: unknown) => unknown

/** Every call that takes rows of two numbers, of latitude and longitude where the metric wants those. */
const calls: readonly (readonly [name: string, param: string, call: Take])[] = [
  ['KMeans.fitSync', 'points', (points) => nigh.KMeans.fitSync(never(points), k)],
  ['KMeans.predictSync', 'points', (points) => kmeans.predictSync(never(points))],
  ['KMeans.transformSync', 'points', (points) => kmeans.transformSync(never(points))],
  ['KMeans.scoreSync', 'points', (points) => kmeans.scoreSync(never(points))],
  ['KMeans.fitSync, init', 'init', (init) => nigh.KMeans.fitSync(sound, { k: 30, init: never(init) })],
  ['BisectingKMeans.fitSync', 'points', (points) => nigh.BisectingKMeans.fitSync(never(points), k)],
  ['SphericalKMeans.fitSync', 'points', (points) => nigh.SphericalKMeans.fitSync(never(points), k)],
  ['KMedians.fitSync', 'points', (points) => nigh.KMedians.fitSync(never(points), k)],
  ['MiniBatchKMeans.fitSync', 'points', (points) => nigh.MiniBatchKMeans.fitSync(never(points), k)],
  ['KMedoids.fitSync', 'points', (points) => nigh.KMedoids.fitSync(never(points), k)],
  ['BoundedKMeans.fitSync', 'points', (points) => nigh.BoundedKMeans.fitSync(never(points), k)],
  ['GeoKMeans.fitSync', 'points', (points) => nigh.GeoKMeans.fitSync(never(points), k)],
  ['NearestNeighbors.fitSync', 'points', (points) => nigh.NearestNeighbors.fitSync(never(points))],
  ['NearestNeighbors.nearestSync', 'queries', (queries) => search.nearestSync(never(queries), { k: 2 })],
  ['NearestNeighbors.withinSync', 'queries', (queries) => search.withinSync(never(queries), { radius: 1 })],
  ['KNNClassifier.fitSync', 'points', (points) => nigh.KNNClassifier.fitSync(never(points), classes)],
  ['KNNRegressor.fitSync', 'points', (points) => nigh.KNNRegressor.fitSync(never(points), amounts)],
  [
    'RadiusClassifier.fitSync',
    'points',
    (points) => nigh.RadiusClassifier.fitSync(never(points), classes, { radius: 1 }),
  ],
  [
    'RadiusRegressor.fitSync',
    'points',
    (points) => nigh.RadiusRegressor.fitSync(never(points), amounts, { radius: 1 }),
  ],
  ['NearestCentroid.fitSync', 'points', (points) => nigh.NearestCentroid.fitSync(never(points), classes)],
  ['LocalOutlierFactor.fitSync', 'points', (points) => nigh.LocalOutlierFactor.fitSync(never(points))],
  ['NeighborDistance.fitSync', 'points', (points) => nigh.NeighborDistance.fitSync(never(points))],
  ['CentroidDistance.fitSync', 'points', (points) => nigh.CentroidDistance.fitSync(never(points), k)],
  ['silhouetteSync', 'points', (points) => nigh.silhouetteSync(never(points), halves)],
  ['daviesBouldin', 'points', (points) => nigh.daviesBouldin(never(points), halves)],
  ['calinskiHarabasz', 'points', (points) => nigh.calinskiHarabasz(never(points), halves)],
  ['principalComponents', 'points', (points) => nigh.principalComponents(never(points))],
  ['chooseKSync', 'points', (points) => nigh.chooseKSync(never(points), { from: 2, to: 3 })],
  ['chooseNeighborsSync', 'points', (points) => nigh.chooseNeighborsSync(never(points), classes)],
]

function refusal(call: () => unknown): InputError {
  try {
    call()
  } catch (error) {
    if (error instanceof InputError) return error
    throw error
  }
  throw new Error('it was not refused')
}

const cells: readonly (readonly [name: string, value: unknown, code: string, shown: string])[] = [
  ['NaN', Number.NaN, 'E_NONFINITE', 'NaN'],
  ['Infinity', Number.POSITIVE_INFINITY, 'E_NONFINITE', 'Infinity'],
  ['-Infinity', Number.NEGATIVE_INFINITY, 'E_NONFINITE', '-Infinity'],
  ['text', '7', 'E_TYPE', '"7"'],
  ['a bigint', 7n, 'E_TYPE', '7n'],
  ['true', true, 'E_TYPE', 'true'],
  ['null', null, 'E_TYPE', 'null'],
  ['undefined', undefined, 'E_TYPE', 'undefined'],
  ['a date', new Date(0), 'E_TYPE', 'Date'],
  ['an object with valueOf', { valueOf: () => 7 }, 'E_TYPE', 'object'],
  ['a list', [7], 'E_TYPE', 'array'],
]

describe.each(calls)('%s refuses', (name, param, call) => {
  test.each(cells)('%s in one cell, by row and column', (_, value, code, shown) => {
    const rows: unknown[][] = sound.map((row) => [...row])
    rows[17][1] = value
    const error = refusal(() => call(rows))
    expect(error.param).toBe(param)
    // Given centroids have a code of their own.
    expect(error.code).toBe(param === 'init' ? 'E_INIT' : code)
    expect(error.message).toMatch(/\b17\b/)
    expect(error.message).toMatch(/\[17\]\[1\]|row 17, column 1/)
    expect(error.message).toContain(shown)
  })

  test.each([
    ['no rows', [], 'E_EMPTY'],
    ['rows without columns', [[], []], 'E_EMPTY'],
    ['ragged rows', [[1, 2], [3]], 'E_SHAPE'],
    ['a row that is none', [[1, 2], 3], 'E_TYPE'],
    ['a list of numbers', [1, 2], 'E_TYPE'],
    ['text', 'points', 'E_TYPE'],
    ['null', null, 'E_TYPE'],
    ['an object', { length: 2 }, 'E_TYPE'],
  ])('%s', (what, points, code) => {
    const error = refusal(() => call(points))
    // Given centroids have a code of their own, and text there may be the name of a way to begin.
    expect(error.code).toBe(param !== 'init' ? code : typeof points === 'string' ? 'E_PARAM' : 'E_INIT')
    expect(error.message.startsWith(`${name.replace(/,.*/, '').replace(/Sync$/, '')}`), what).toBe(true)
  })
})

test('a hole in a row, or for a row, is no number', () => {
  const holed: unknown[] = [[1, 2]]
  holed.length = 2
  for (const [, , call] of calls) expect(() => call(holed)).toThrow(InputError)
  const row: unknown[] = [1]
  row.length = 2
  for (const [, , call] of calls) expect(() => call([[1, 2], row])).toThrow(InputError)
})

describe('k, for everything that has one', () => {
  const fits: readonly (readonly [string, (count: unknown) => unknown])[] = [
    ['KMeans', (count) => nigh.KMeans.fitSync(sound, { k: never(count) })],
    ['BisectingKMeans', (count) => nigh.BisectingKMeans.fitSync(sound, { k: never(count) })],
    ['SphericalKMeans', (count) => nigh.SphericalKMeans.fitSync(sound, { k: never(count) })],
    ['KMedians', (count) => nigh.KMedians.fitSync(sound, { k: never(count) })],
    ['MiniBatchKMeans', (count) => nigh.MiniBatchKMeans.fitSync(sound, { k: never(count) })],
    ['KMedoids', (count) => nigh.KMedoids.fitSync(sound, { k: never(count) })],
    ['KMeans1D', (count) => nigh.KMeans1D.fitSync(amounts, { k: never(count) })],
    ['BoundedKMeans', (count) => nigh.BoundedKMeans.fitSync(sound, { k: never(count) })],
    ['GeoKMeans', (count) => nigh.GeoKMeans.fitSync(sound, { k: never(count) })],
    ['CentroidDistance', (count) => nigh.CentroidDistance.fitSync(sound, { k: never(count) })],
    ['KNNClassifier', (count) => nigh.KNNClassifier.fitSync(sound, classes, { k: never(count) })],
    ['KNNRegressor', (count) => nigh.KNNRegressor.fitSync(sound, amounts, { k: never(count) })],
    ['LocalOutlierFactor', (count) => nigh.LocalOutlierFactor.fitSync(sound, { k: never(count) })],
    ['NeighborDistance', (count) => nigh.NeighborDistance.fitSync(sound, { k: never(count) })],
    ['nearest', (count) => search.nearestSync(sound, { k: never(count) })],
  ]

  test.each(fits)('%s', (_, fit) => {
    for (const count of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '3', null, 2 ** 32, 31]) {
      const error = refusal(() => fit(count))
      expect(error.param).toBe('k')
      expect(['E_K', 'E_PARAM']).toContain(error.code)
      expect(error.message).toContain(`got ${count === '3' ? '"3"' : count}`)
    }
  })

  test('above the number of rows, both numbers are named', () => {
    for (const [, fit] of fits) expect(refusal(() => fit(31)).message).toMatch(/\b(30|29)\b.*31/)
  })
})

describe('weights, for everything that takes them', () => {
  type Weights = readonly number[]
  const fits: readonly (readonly [string, (sampleWeight: Weights) => unknown])[] = [
    ['KMeans', (sampleWeight) => nigh.KMeans.fitSync(sound, { ...k, sampleWeight })],
    ['BisectingKMeans', (sampleWeight) => nigh.BisectingKMeans.fitSync(sound, { ...k, sampleWeight })],
    ['SphericalKMeans', (sampleWeight) => nigh.SphericalKMeans.fitSync(sound, { ...k, sampleWeight })],
    ['KMedians', (sampleWeight) => nigh.KMedians.fitSync(sound, { ...k, sampleWeight })],
    ['MiniBatchKMeans', (sampleWeight) => nigh.MiniBatchKMeans.fitSync(sound, { ...k, sampleWeight })],
    ['KMedoids', (sampleWeight) => nigh.KMedoids.fitSync(sound, { ...k, sampleWeight })],
    ['KMeans1D', (sampleWeight) => nigh.KMeans1D.fitSync(amounts, { ...k, sampleWeight })],
    ['GeoKMeans', (sampleWeight) => nigh.GeoKMeans.fitSync(sound, { ...k, sampleWeight })],
    ['KNNClassifier', (sampleWeight) => nigh.KNNClassifier.fitSync(sound, classes, { ...k, sampleWeight })],
    ['KNNRegressor', (sampleWeight) => nigh.KNNRegressor.fitSync(sound, amounts, { ...k, sampleWeight })],
  ]
  const one = sound.map(() => 1)

  test.each(fits)('%s', (_, fit) => {
    for (const weights of [
      one.with(4, -1),
      one.with(4, Number.NaN),
      one.with(4, Number.POSITIVE_INFINITY),
      one.with(4, never('1')),
      one.slice(1),
      one.map(() => 0),
    ]) {
      const error = refusal(() => fit(weights))
      expect(error.param).toBe('sampleWeight')
      expect(['E_WEIGHTS', 'E_SHAPE', 'E_TYPE']).toContain(error.code)
    }
    // Enormous beside ordinary ones: taken, and nothing of it overflows.
    expect(() => fit(one.with(4, 1e300))).not.toThrow()
  })
})

describe('options that are none', () => {
  const table = nigh.Table.fromRows(sound.map(([x, y], i) => ({ x, y, kind: classes[i] })))
  const shares = sound.map((_, i) => (i % 2 === 0 ? [0.6, 0.4] : [0.1, 0.9]))
  const calls: readonly (readonly [string, string, unknown, (given: never) => unknown])[] = [
    ['KMeans.fitSync', 'seed', null, (seed) => nigh.KMeans.fitSync(sound, { ...k, seed })],
    ['KMeans.fitSync', 'tolerance', null, (tolerance) => nigh.KMeans.fitSync(sound, { ...k, tolerance })],
    ['KMeans.fitSync', 'encoder', null, (encoder) => nigh.KMeans.fitSync(table, { ...k, encoder })],
    ['KMeans.fitSync', 'encoder', 'minmax', (encoder) => nigh.KMeans.fitSync(table, { ...k, encoder })],
    [
      'KMedians.fitSync',
      'maxIterations',
      null,
      (maxIterations) => nigh.KMedians.fitSync(sound, { ...k, maxIterations }),
    ],
    ['KMedoids.fitSync', 'init', null, (init) => nigh.KMedoids.fitSync(sound, { ...k, init })],
    [
      'BoundedKMeans.fitSync',
      'maxSize',
      null,
      (maxSize) => nigh.BoundedKMeans.fitSync(sound, { ...k, maxSize }),
    ],
    [
      'GeoKMeans.fitSync',
      'sphereRadius',
      null,
      (sphereRadius) => nigh.GeoKMeans.fitSync(sound, { ...k, sphereRadius }),
    ],
    ['KPrototypes.fitSync', 'init', null, (init) => nigh.KPrototypes.fitSync(table, { ...k, init })],
    [
      'MiniBatchKMeans.fitSync',
      'batchSize',
      null,
      (batchSize) => nigh.MiniBatchKMeans.fitSync(sound, { ...k, batchSize }),
    ],
    [
      'NeighborDistance.fit',
      'distance',
      null,
      (distance) => nigh.NeighborDistance.fitSync(sound, { distance }),
    ],
    ['chooseKSync', 'to', null, (to) => nigh.chooseKSync(sound, { to })],
    ['chooseNeighborsSync', 'seed', 'x', (seed) => nigh.chooseNeighborsSync(sound, classes, { seed })],
    [
      'validateClassifier',
      'folds',
      null,
      async (folds) => nigh.validateClassifier(sound, classes, { folds }),
    ],
    ['validateClassifier', 'folds', 16, async (folds) => nigh.validateClassifier(sound, classes, { folds })],
    ['validateRegressor', 'folds', 31, async (folds) => nigh.validateRegressor(sound, amounts, { folds })],
    [
      'validateClassifier',
      'splits',
      [null],
      async (splits) => nigh.validateClassifier(sound, classes, { splits }),
    ],
    [
      'validateClassifier',
      'splits',
      [{ train: 3 }],
      async (splits) => nigh.validateClassifier(sound, classes, { splits }),
    ],
    [
      'validateRegressor',
      'splits',
      [3],
      async (splits) => nigh.validateRegressor(sound, amounts, { splits }),
    ],
    [
      'gridSearch',
      'parallel',
      null,
      async (parallel) => nigh.gridSearch({ a: [1] }, ({ a }) => a, { parallel }),
    ],
    ['randomSearch', 'seed', null, async (seed) => nigh.randomSearch({ a: [1] }, ({ a }) => a, { seed })],
    ['kFold', 'shuffle', 1, (shuffle) => nigh.kFold(30, { shuffle })],
    ['stratifiedKFold', 'shuffle', 'yes', (shuffle) => nigh.stratifiedKFold(classes, { shuffle })],
    ['trainTestSplit', 'testSize', null, (testSize) => nigh.trainTestSplit(30, { testSize })],
    [
      'balancedAccuracy',
      'adjusted',
      'yes',
      (adjusted) => nigh.balancedAccuracy(classes, classes, { adjusted }),
    ],
    ['precisionRecallF1', 'beta', null, (beta) => nigh.precisionRecallF1(classes, classes, { beta })],
    ['vMeasure', 'beta', null, (beta) => nigh.vMeasure(classes, classes, { beta })],
    ['logLoss', 'classes', 'ab', (named) => nigh.logLoss(classes, shares, { classes: named })],
    ['logLoss', 'classes', ['a', 'a'], (named) => nigh.logLoss(classes, shares, { classes: named })],
    ['rocAuc', 'classes', [['a']], (named) => nigh.rocAuc(classes, shares, { classes: named })],
    ['silhouetteSync', 'seed', null, (seed) => nigh.silhouetteSync(sound, halves, { seed })],
    ['principalComponents', 'count', null, (count) => nigh.principalComponents(sound, { count })],
    ['profileClusters', 'examples', null, (examples) => nigh.profileClusters(sound, halves, { examples })],
  ]

  test.each(calls)('%s: %s of %j', async (name, param, given, call) => {
    const outcome = Promise.resolve(given).then((value) => call(never(value)))
    await expect(outcome).rejects.toMatchObject({
      name: 'InputError',
      param,
      message: expect.stringMatching(new RegExp(`^${name}: ${param}`)) as string,
    })
  })

  test('labels that are not among given classes are held against the option that gave them', () => {
    expect(() => nigh.logLoss(classes, shares, { classes: ['a', 'c'] })).toThrow(/not one of classes$/)
  })

  test('nothing to find is said as such', () => {
    expect(() => search.nearestSync([[0, 0]], { k: 2, filter: [] })).toThrow(
      /there must be rows that may be found, got none$/,
    )
    expect(() => search.nearestSync(undefined, { k: 2, filter: [4] })).toThrow(
      /there must be 2 rows that may be found or more.*got 1$/,
    )
  })
})

describe('targets', () => {
  test.each([
    ['too few', amounts.slice(1), 'E_SHAPE'],
    ['NaN', amounts.with(3, Number.NaN), 'E_NONFINITE'],
    ['Infinity', amounts.with(3, Number.POSITIVE_INFINITY), 'E_NONFINITE'],
    ['text among numbers', amounts.with(3, never('x')), 'E_TYPE'],
    ['null', null, 'E_TYPE'],
  ])('%s, of a regressor', (_, targets, code) => {
    const error = refusal(() => nigh.KNNRegressor.fitSync(sound, never(targets)))
    expect({ code: error.code, param: error.param }).toEqual({ code, param: 'targets' })
    expect(refusal(() => nigh.RadiusRegressor.fitSync(sound, never(targets), { radius: 1 })).code).toBe(code)
  })

  test.each([
    ['too few', classes.slice(1), 'E_SHAPE'],
    ['a missing class', classes.with(3, never(null)), 'E_TYPE'],
    ['null', null, 'E_TYPE'],
  ])('%s, of a classifier', (_, targets, code) => {
    for (const fit of [
      () => nigh.KNNClassifier.fitSync(sound, never(targets)),
      () => nigh.RadiusClassifier.fitSync(sound, never(targets), { radius: 1 }),
      () => nigh.NearestCentroid.fitSync(sound, never(targets)),
    ]) {
      const error = refusal(fit)
      expect({ code: error.code, param: error.param }).toEqual({ code, param: 'targets' })
    }
  })
})

describe('small and equal data', () => {
  const family: readonly (readonly [string, (rows: number[][], count: number) => nigh.Model])[] = [
    ['KMeans', (rows, count) => nigh.KMeans.fitSync(rows, { k: count })],
    ['BisectingKMeans', (rows, count) => nigh.BisectingKMeans.fitSync(rows, { k: count })],
    ['SphericalKMeans', (rows, count) => nigh.SphericalKMeans.fitSync(rows, { k: count })],
    ['KMedians', (rows, count) => nigh.KMedians.fitSync(rows, { k: count })],
    ['MiniBatchKMeans', (rows, count) => nigh.MiniBatchKMeans.fitSync(rows, { k: count })],
    ['KMedoids', (rows, count) => nigh.KMedoids.fitSync(rows, { k: count })],
    [
      'GeoKMeans',
      (rows, count) =>
        nigh.GeoKMeans.fitSync(
          rows.map(([x]) => [x, x]),
          { k: count },
        ),
    ],
    [
      'KMeans1D',
      (rows, count) =>
        nigh.KMeans1D.fitSync(
          rows.map(([x]) => x),
          { k: count },
        ),
    ],
  ]
  const labelsOf = (model: nigh.Model): number[] => ('labels' in model ? Array.from(model.labels) : [])
  const warningsOf = (model: nigh.Model): string[] =>
    'warnings' in model ? model.warnings.map(({ code }) => code) : []

  test.each(family)('%s: one row, one column, one cluster', (_, fit) => {
    expect(labelsOf(fit([[7.25]], 1))).toEqual([0])
  })

  test.each(family)('%s: 1,000 equal rows and k = 5: one cluster, and a warning', (_, fit) => {
    const model = fit(
      Array.from({ length: 1000 }, () => [3]),
      5,
    )
    expect(new Set(labelsOf(model))).toEqual(new Set([0]))
    expect(warningsOf(model)).toContain('W_DISTINCT')
  })

  test.each(family.filter(([name]) => name !== 'SphericalKMeans'))(
    '%s: one cluster more than different rows: labels without gaps, and a warning',
    (_, fit) => {
      const model = fit([[1], [1], [2], [2], [9], [9], [9]], 4)
      expect(new Set(labelsOf(model))).toEqual(new Set([0, 1, 2]))
      expect(warningsOf(model)).toContain('W_DISTINCT')
    },
  )

  test('one row has no neighbours, and is its own nearest to others', () => {
    const one = nigh.NearestNeighbors.fitSync([[3]])
    expect(Array.from(one.nearestSync([[4]], { k: 1 }).distances)).toEqual([1])
    expect(refusal(() => one.nearestSync(undefined, { k: 1 })).code).toBe('E_K')
    expect(refusal(() => nigh.LocalOutlierFactor.fitSync([[3]], { k: 1 })).param).toMatch(/k|points/)
  })
})

describe('numbers whose squares are none', () => {
  test.each([
    ['KMedians', (rows: number[][]) => nigh.KMedians.fitSync(rows, k)],
    ['MiniBatchKMeans', (rows: number[][]) => nigh.MiniBatchKMeans.fitSync(rows, k)],
    ['KMedoids', (rows: number[][]) => nigh.KMedoids.fitSync(rows, k)],
    ['BoundedKMeans', (rows: number[][]) => nigh.BoundedKMeans.fitSync(rows, k)],
    ['BisectingKMeans', (rows: number[][]) => nigh.BisectingKMeans.fitSync(rows, k)],
    [
      'KMeans1D',
      (rows: number[][]) =>
        nigh.KMeans1D.fitSync(
          rows.map(([x]) => x),
          k,
        ),
    ],
  ] as const)('%s: 1e200 and 1e-200 are clustered rightly, or refused', (_, fit) => {
    const groups = [0, 1, 2, 30, 31, 32, 70, 71, 72]
    for (const size of [1e200, 1e-200]) {
      const rows = groups.map((x, i) => [(x + 1) * size, (i < 3 ? 1 : i < 6 ? 9 : 400) * size])
      let labels: number[]
      let inertia: number
      try {
        const model = fit(rows)
        labels = Array.from(model.labels)
        inertia = model.inertia
      } catch (error) {
        expect(error).toMatchObject({ code: 'E_RANGE', param: 'points' })
        continue
      }
      expect(labels.map((label) => labels.indexOf(label))).toEqual([0, 0, 0, 3, 3, 3, 6, 6, 6])
      expect(inertia).toBeGreaterThanOrEqual(0)
      expect(inertia).toBeLessThan(Number.POSITIVE_INFINITY)
    }
  })
})

describe('answers and inputs that no memory holds are refused before any is taken', () => {
  const big = Matrix.trusted(new Float32Array(33_000 * 33_000), 33_000)
  const shared = big.values.subarray(0, 2 ** 20)
  const many = Array.from({ length: 30_000 }, () => [1])
  const names = many.map((_, i) => i)

  test.each([
    [
      'a fit of 4.4 GB',
      () => nigh.KMeans.fitSync(big, { k: 2 }),
      'points',
      /^KMeans: .*4\.4 GB.*at most 4 GB/,
    ],
    [
      'rows of 4 TB',
      () => nigh.NearestNeighbors.fitSync(Array.from({ length: 2 ** 20 }, () => shared)),
      'points',
      /^NearestNeighbors.*4398047 MB/,
    ],
    ['30,000 × 30,000 distances', () => nigh.nanEuclideanDistances(many), 'rows', /7200 MB.*ask in parts/],
    ['counts of 30,000 classes', () => nigh.confusion(names, names), 'targets', /7200 MB/],
    [
      'distances to the centroids of a relative',
      () => {
        const rows = Array.from({ length: 4000 }, (_, i) => [i])
        const fitted = nigh.MiniBatchKMeans.fitSync(rows, { k: 4000, init: rows, maxIterations: 1 })
        return fitted.transformSync(Matrix.trusted(new Float32Array(120_000), 1))
      },
      'points',
      /^MiniBatchKMeans\.transform.*3840 MB/,
    ],
    [
      'errors of every row for every k',
      () => nigh.chooseNeighborsSync(many, names, { to: 29_999, task: 'classify' }),
      'to',
      /7199\.?\d* MB|7200 MB/,
    ],
  ] as const)('%s', (_, call, param, words) => {
    const error = refusal(call)
    expect({ code: error.code, param: error.param }).toEqual({ code: 'E_MEMORY', param })
    expect(error.message).toMatch(words)
  })
})

/** Every call that answers later: what it answers, as something that can be compared. */
type Later = (points: Matrix, options: { signal?: AbortSignal; onProgress?: () => void }) => Promise<unknown>
const saved = (model: { toBytes(): Uint8Array }): Uint8Array => model.toBytes()
const later: readonly (readonly [string, Later])[] = [
  ['KMeans.fit', async (points, run) => saved(await nigh.KMeans.fit(points, { ...k, nInit: 2, ...run }))],
  [
    'BisectingKMeans.fit',
    async (points, run) => saved(await nigh.BisectingKMeans.fit(points, { ...k, ...run })),
  ],
  [
    'SphericalKMeans.fit',
    async (points, run) => saved(await nigh.SphericalKMeans.fit(points, { ...k, ...run })),
  ],
  ['KMedians.fit', async (points, run) => saved(await nigh.KMedians.fit(points, { ...k, ...run }))],
  [
    'MiniBatchKMeans.fit',
    async (points, run) => saved(await nigh.MiniBatchKMeans.fit(points, { ...k, ...run })),
  ],
  ['KMedoids.fit', async (points, run) => saved(await nigh.KMedoids.fit(points, { ...k, ...run }))],
  ['BoundedKMeans.fit', async (points, run) => saved(await nigh.BoundedKMeans.fit(points, { ...k, ...run }))],
  ['GeoKMeans.fit', async (points, run) => saved(await nigh.GeoKMeans.fit(points, { ...k, ...run }))],
  ['NearestNeighbors.fit', async (points, run) => saved(await nigh.NearestNeighbors.fit(points, run))],
  [
    'NearestNeighbors.fit, a tree',
    async (points, run) =>
      saved(await nigh.NearestNeighbors.fit(points, { algorithm: 'balltree', metric: 'manhattan', ...run })),
  ],
  ['nearest', async (points, run) => search.nearest(points, { k: 3, ...run })],
  ['within', async (points, run) => search.within(points, { radius: 3, ...run })],
  ['KMeans.predict', async (points, run) => kmeans.predict(points, never(run))],
  ['KMeans.transform', async (points, run) => kmeans.transform(points, never(run))],
  [
    'KNNClassifier.fit',
    async (points, run) => saved(await nigh.KNNClassifier.fit(points, classesOf(points.rows), run)),
  ],
  [
    'KNNRegressor.fit',
    async (points, run) => saved(await nigh.KNNRegressor.fit(points, amountsOf(points.rows), run)),
  ],
  [
    'RadiusClassifier.fit',
    async (points, run) =>
      saved(await nigh.RadiusClassifier.fit(points, classesOf(points.rows), { radius: 1, ...run })),
  ],
  [
    'NearestCentroid.fit',
    async (points, run) => saved(await nigh.NearestCentroid.fit(points, classesOf(points.rows), never(run))),
  ],
  ['LocalOutlierFactor.fit', async (points, run) => saved(await nigh.LocalOutlierFactor.fit(points, run))],
  ['NeighborDistance.fit', async (points, run) => saved(await nigh.NeighborDistance.fit(points, run))],
  [
    'CentroidDistance.fit',
    async (points, run) => saved(await nigh.CentroidDistance.fit(points, { ...k, ...run })),
  ],
  ['chooseK', async (points, run) => nigh.chooseK(points, { from: 2, to: 3, ...run })],
  ['chooseNeighbors', async (points, run) => nigh.chooseNeighbors(points, classesOf(points.rows), run)],
  [
    'silhouette',
    async (points, run) =>
      nigh.silhouette(
        points,
        Uint32Array.from({ length: points.rows }, (_, i) => i % 2),
        run,
      ),
  ],
  ['validateClassifier', async (points, run) => nigh.validateClassifier(points, classesOf(points.rows), run)],
]
const classesOf = (rows: number): string[] => Array.from({ length: rows }, (_, i) => 'ab'[i % 2])
const amountsOf = (rows: number): number[] => Array.from({ length: rows }, (_, i) => i)

describe.each(later)('%s', (_, call) => {
  const fresh = (): Matrix => made({ rows: 500, columns: 2, seed: 9, kind: 'blobs' })

  test('an aborted signal stops it at once, with its own reason', async () => {
    const reason = new Error('enough')
    await expect(call(fresh(), { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  })

  test.each([
    ['signal', null],
    ['signal', 'now'],
    ['signal', { aborted: true }],
    ['onProgress', null],
    ['onProgress', 3],
  ])('%s %j is refused', async (param, value) => {
    await expect(call(fresh(), never({ [param]: value }))).rejects.toMatchObject({
      name: 'InputError',
      param,
    })
  })

  test('what the caller writes, or takes away, while it works changes nothing', async () => {
    const expected = await call(fresh(), {})
    const points = fresh()
    const answer = call(points, {})
    points.values.fill(7)
    expect(await answer).toEqual(expected)
    const moved = fresh()
    const second = call(moved, {})
    structuredClone(moved.values.buffer, { transfer: [moved.values.buffer] })
    expect(await second).toEqual(expected)
  })

  test('what its input was, it still is', async () => {
    const points = fresh()
    const before = points.values.slice()
    await call(points, {})
    expect(points.values).toEqual(before)
  })
})

describe.each([
  ['KMeans.fit', async (table: nigh.Table) => saved(await nigh.KMeans.fit(table, k))],
  ['BisectingKMeans.fit', async (table: nigh.Table) => saved(await nigh.BisectingKMeans.fit(table, k))],
  ['MiniBatchKMeans.fit', async (table: nigh.Table) => saved(await nigh.MiniBatchKMeans.fit(table, k))],
  ['KPrototypes.fit', async (table: nigh.Table) => saved(await nigh.KPrototypes.fit(table, k))],
  ['CentroidDistance.fit', async (table: nigh.Table) => saved(await nigh.CentroidDistance.fit(table, k))],
  ['NearestNeighbors.fit', async (table: nigh.Table) => saved(await nigh.NearestNeighbors.fit(table))],
  [
    'NearestNeighbors.fit, gower',
    async (table: nigh.Table) => saved(await nigh.NearestNeighbors.fit(table, { metric: 'gower' })),
  ],
  ['LocalOutlierFactor.fit', async (table: nigh.Table) => saved(await nigh.LocalOutlierFactor.fit(table))],
  ['chooseK', async (table: nigh.Table) => nigh.chooseK(table, { from: 2, to: 3 })],
  [
    'chooseNeighbors, folds',
    async (table: nigh.Table) => nigh.chooseNeighbors(table, classesOf(table.rows), { folds: 4, to: 6 }),
  ],
  [
    'validateClassifier',
    async (table: nigh.Table) => nigh.validateClassifier(table, classesOf(table.rows), { folds: 4 }),
  ],
  [
    'validateRegressor',
    async (table: nigh.Table) => nigh.validateRegressor(table, amountsOf(table.rows), { folds: 4 }),
  ],
] as const)('%s of a table', (_, call) => {
  const columns = (): nigh.Column[] => {
    const { values } = made({ rows: 300, columns: 2, seed: 4, kind: 'blobs' })
    return [
      { name: 'x', type: 'number', values: Float64Array.from({ length: 300 }, (__, i) => values[2 * i]) },
      { name: 'y', type: 'number', values: Float64Array.from({ length: 300 }, (__, i) => values[2 * i + 1]) },
      {
        name: 'word',
        type: 'text',
        values: Int32Array.from({ length: 300 }, (__, i) => (i * 7) % 3),
        categories: ['a', 'b', 'c'],
      },
    ]
  }

  test('what the caller writes into its columns while it works changes nothing', async () => {
    const expected = await call(nigh.Table.of(columns()))
    const given = columns()
    const answer = call(nigh.Table.of(given))
    for (const { values } of given) values.fill(1)
    expect(await answer).toEqual(expected)
  })
})

test('targets that the caller writes to while a validation works change nothing', async () => {
  const points = made({ rows: 300, columns: 2, seed: 4, kind: 'blobs' })
  const names = classesOf(300)
  const expected = await nigh.validateClassifier(points, names)
  const answer = nigh.validateClassifier(points, names)
  names.fill('b')
  expect(await answer).toEqual(expected)
})
