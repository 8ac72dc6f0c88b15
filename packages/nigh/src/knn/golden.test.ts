import { describe, expect, test } from 'vitest'
import { golden, labelsOf, rowsOf, type Source, textOf } from '../../fixtures/golden.ts'
import type { Algorithm } from '../indexes/spatial-index.ts'
import type { MetricName } from '../metrics/metric.ts'
import { KNNClassifier } from './classifier.ts'
import { NearestNeighbors } from './nearest-neighbors.ts'
import { KNNRegressor } from './regressor.ts'

interface NeighborCase {
  readonly name: string
  readonly data: Source
  readonly fitted: readonly [number, number]
  readonly queries: readonly [number, number]
  readonly metric: MetricName
  readonly p?: number | null
  readonly k?: number
  readonly indices?: readonly (readonly number[] | null)[]
  readonly distances?: readonly (readonly number[])[]
  readonly radius?: number
  readonly counts?: readonly number[]
  readonly sorted?: readonly (readonly number[])[]
}

const close = (got: ArrayLike<number>, expected: readonly number[], tolerance = 1e-12): void => {
  expect(got.length).toBe(expected.length)
  for (let i = 0; i < expected.length; i++) {
    expect(Math.abs(got[i] - expected[i])).toBeLessThanOrEqual(
      tolerance * Math.max(1e-3, Math.abs(expected[i])),
    )
  }
}

const slow = 30000 // ms; the whole digits, leave one out, takes a few seconds

describe('scikit-learn’s neighbours', () => {
  for (const one of golden<NeighborCase>('neighbors.json').cases) {
    test(one.name, () => {
      const rows = rowsOf(one.data)
      const points = rows.slice(...one.fitted)
      const queries = rows.slice(...one.queries)
      const algorithms: Algorithm[] = ['flat', one.metric === 'haversine' ? 'balltree' : 'kdtree', 'balltree']
      for (const algorithm of algorithms) {
        const options = { metric: one.metric, algorithm, ...(one.p == null ? {} : { p: one.p }) }
        const model = NearestNeighbors.fitSync(points, options)
        if (one.k !== undefined && one.indices !== undefined && one.distances !== undefined) {
          const { indices, distances, k } = model.nearestSync(queries, { k: one.k })
          one.indices.forEach((expected, i) => {
            if (expected !== null) expect([...indices.subarray(i * k, (i + 1) * k)]).toEqual(expected)
          })
          // scikit-learn's cosine is 1 − x·y, which keeps 16 digits of 1, not of the distance.
          const tolerance = one.metric === 'cosine' ? 1e-10 : 1e-12
          one.distances.forEach((expected, i) => {
            close(distances.subarray(i * k, (i + 1) * k), expected, tolerance)
          })
        }
        if (one.radius !== undefined && one.sorted !== undefined) {
          const { offsets, indices } = model.withinSync(queries, { radius: one.radius })
          one.sorted.forEach((expected, i) => {
            expect([...indices.subarray(offsets[i], offsets[i + 1])].sort((a, b) => a - b)).toEqual(expected)
          })
        }
      }
    })
  }
})

interface LearnCase {
  readonly name: string
  readonly task: 'classify' | 'regress'
  readonly data: Source
  readonly target?: readonly string[]
  readonly k?: number
  readonly weights?: 'uniform' | 'distance'
  readonly classes?: readonly (string | number)[]
  readonly predicted?: readonly number[]
  readonly proba?: readonly (readonly number[])[] | null
  readonly leaveOneOut?: readonly {
    readonly k: number
    readonly weights: 'uniform' | 'distance'
    readonly correct?: number | null
    readonly r2?: number | null
  }[]
}

function r2(predicted: ArrayLike<number>, targets: readonly (readonly number[])[]): number {
  const outputs = targets[0].length
  let mean = 0
  for (let j = 0; j < outputs; j++) {
    const average = targets.reduce((sum, row) => sum + row[j], 0) / targets.length
    let rest = 0
    let all = 0
    targets.forEach((row, i) => {
      rest += (row[j] - predicted[i * outputs + j]) ** 2
      all += (row[j] - average) ** 2
    })
    mean += (1 - rest / all) / outputs
  }
  return mean
}

describe('scikit-learn’s answers from neighbours', () => {
  for (const one of golden<LearnCase>('knn.json').cases) {
    test(
      one.name,
      () => {
        const rows = rowsOf(one.data)
        const held = rows.map((_, i) => i % 4 === 0)
        const train = <T>(list: readonly T[]): T[] => list.filter((_, i) => !held[i])
        const tested = <T>(list: readonly T[]): T[] => list.filter((_, i) => held[i])
        if (one.task === 'classify') {
          const targets = textOf(one.data)
          for (const { k, weights, correct } of one.leaveOneOut ?? []) {
            const predicted = KNNClassifier.fitSync(rows, targets, { k, weights }).predictSync()
            if (correct != null)
              expect(predicted.filter((label, i) => label === targets[i]).length).toBe(correct)
          }
          if (one.predicted === undefined || one.k === undefined || one.weights === undefined) return
          const model = KNNClassifier.fitSync(train(rows), train(targets), { k: one.k, weights: one.weights })
          expect(model.classes).toEqual(one.classes?.map(String))
          expect(model.predictSync(tested(rows))).toEqual(one.predicted.map((code) => model.classes[code]))
          if (one.proba != null) {
            const proba = model.predictProbaSync(tested(rows))
            close(proba.values, one.proba.flat(), 1e-10)
          }
        } else {
          const columns = (one.target ?? []).map((column) => textOf(one.data, column).map(Number))
          const targets = rows.map((_, i) => columns.map((column) => column[i]))
          for (const { k, weights, r2: expected } of one.leaveOneOut ?? []) {
            const predicted = KNNRegressor.fitSync(rows, targets, { k, weights }).predictSync()
            if (expected != null) expect(r2(predicted.values, targets)).toBeCloseTo(expected, 12)
          }
          if (one.predicted === undefined || one.k === undefined || one.weights === undefined) return
          const model = KNNRegressor.fitSync(
            train(rows),
            train(targets).map((row) => row[0]),
            {
              k: one.k,
              weights: one.weights,
            },
          )
          close(model.predictSync(tested(rows)), one.predicted, 1e-10)
        }
      },
      slow,
    )
  }
})

test('iris, leave one out, k = 5: accuracy .966667', () => {
  const source: Source = { csv: 'iris.csv', target: 'species' }
  const rows = rowsOf(source)
  const targets = textOf(source)
  for (const weights of ['uniform', 'distance'] as const) {
    const model = KNNClassifier.fitSync(rows, targets, { k: 5, weights })
    const right = model.predictSync().filter((label, i) => label === targets[i]).length
    expect(right / 150).toBeCloseTo(0.966667, 6)
  }
  const all = KNNClassifier.fitSync(rows, targets)
  expect(all.predictSync(rows).filter((label, i) => label === targets[i]).length / 150).toBeCloseTo(
    0.966667,
    6,
  )
  expect(labelsOf('abc')).toEqual([0, 1, 2])
})
