import { describe, expect, test } from 'vitest'
import * as nigh from './index.ts'
import { counted, InputError, show } from './check.ts'

const points = [[0], [1], [2], [10], [11], [12]]
const targets = ['a', 'a', 'a', 'b', 'b', 'b']
const amounts = [1, 2, 3, 4, 5, 6]
const mixed = nigh.Table.fromRows(points.map(([x], i) => ({ x, kind: targets[i], y: amounts[i] % 2 })))
const models: Readonly<Record<string, object>> = {
  KMeans: nigh.KMeans.fitSync(points, { k: 2 }),
  BisectingKMeans: nigh.BisectingKMeans.fitSync(points, { k: 2 }),
  SphericalKMeans: nigh.SphericalKMeans.fitSync(
    [
      [1, 0],
      [0, 1],
      [1, 1],
    ],
    { k: 2 },
  ),
  KMedians: nigh.KMedians.fitSync(points, { k: 2 }),
  KMedoids: nigh.KMedoids.fitSync(points, { k: 2 }),
  MiniBatchKMeans: nigh.MiniBatchKMeans.fitSync(points, { k: 2 }),
  KMeans1D: nigh.KMeans1D.fitSync([1, 2, 9], { k: 2 }),
  BoundedKMeans: nigh.BoundedKMeans.fitSync(points, { k: 2, minSize: 1 }),
  GeoKMeans: nigh.GeoKMeans.fitSync(
    [
      [1, 2],
      [3, 4],
      [5, 6],
    ],
    { k: 2 },
  ),
  KPrototypes: nigh.KPrototypes.fitSync(mixed, { k: 2 }),
  NearestNeighbors: nigh.NearestNeighbors.fitSync(points),
  KNNClassifier: nigh.KNNClassifier.fitSync(points, targets),
  KNNRegressor: nigh.KNNRegressor.fitSync(points, amounts),
  RadiusClassifier: nigh.RadiusClassifier.fitSync(points, targets, { radius: 1 }),
  RadiusRegressor: nigh.RadiusRegressor.fitSync(points, amounts, { radius: 1 }),
  NearestCentroid: nigh.NearestCentroid.fitSync(points, targets),
  KNNImputer: nigh.KNNImputer.fit(points),
  NeighborDistance: nigh.NeighborDistance.fitSync(points, { k: 1 }),
  LocalOutlierFactor: nigh.LocalOutlierFactor.fitSync(points, { k: 1 }),
  CentroidDistance: nigh.CentroidDistance.fitSync(points, { k: 2 }),
  Encoder: nigh.Encoder.fit(mixed),
  Table: mixed,
}

describe('models are made by fit, finished and unchangeable', () => {
  test('every class that nigh exports is here', () => {
    const classes = Object.entries(nigh)
      .filter(([, value]) => typeof value === 'function' && /^class\b/.test(String(value)))
      .map(([name]) => name)
    expect(classes.sort()).toEqual([...Object.keys(models), 'InputError', 'Matrix'].sort())
  })

  test.each(Object.entries(models))('%s is frozen', (_, model) => {
    expect(Object.isFrozen(model)).toBe(true)
  })

  test.each([...Object.entries(models), ['Matrix', nigh.Matrix.of(Float64Array.of(1), 1)] as const])(
    'new %s says what to call',
    (name, model) => {
      const made = model.constructor as new (...given: unknown[]) => object
      for (const given of [[], [{ k: 3 }], [points, { k: 3 }], [null]]) {
        expect(() => new made(...given)).toThrow(InputError)
        expect(() => new made(...given)).toThrow(new RegExp(`^new ${name}: .*call ${name}\\.(fit|of)\\(`))
      }
    },
  )
})

test('values in words', () => {
  expect(show(new Int32Array(1))).toBe('an Int32Array')
  expect(show(new Uint8Array(1))).toBe('a Uint8Array')
  expect(show(mixed)).toBe('a Table')
  expect(show(models.Encoder)).toBe('an Encoder')
  expect(counted(1, 'column')).toBe('1 column')
  expect(counted(0, 'column')).toBe('0 columns')
})
