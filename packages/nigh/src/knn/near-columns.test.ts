import { describe, expect, test } from 'vitest'
import { Table } from '../data/table.ts'
import type { MetricName } from '../metrics/metric.ts'
import { Random } from '../random.ts'
import { KNNClassifier } from './classifier.ts'
import { KNNRegressor } from './regressor.ts'

const random = new Random(4)
// The first column tells the classes apart, the second is noise of the same spread.
const points = Array.from({ length: 80 }, (_, i) => [
  (i % 2) * 10 + random.uniform(),
  10 * random.uniform(),
  3,
])
const targets = points.map(([x]) => (x < 5 ? 'low' : 'high'))

describe('explain with columns', () => {
  test('the column that brings neighbours near comes first', () => {
    const model = KNNClassifier.fitSync(points, targets, { k: 15 })
    const [why] = model.explainSync([[0.5, 5, 3]], { columns: true, names: ['size', 'noise', 'flat'] })
    expect(why.prediction).toBe('low')
    const columns = why.columns ?? []
    expect(columns.map((column) => column.name)).toEqual(['size', 'noise', 'flat'])
    expect(columns[0].share).toBeGreaterThan(0.6)
    expect(columns[2]).toMatchObject({ part: 0, typical: 0, share: 0 })
    expect(columns.reduce((sum, column) => sum + Math.abs(column.share), 0)).toBeCloseTo(1, 12)
  })

  test.each([
    ['euclidean', (d: number) => d * d],
    ['sqeuclidean', (d: number) => d],
    ['manhattan', (d: number) => d],
    ['cosine', (d: number) => d],
    ['hamming', (d: number) => d],
  ] as const)('parts add up (%s)', (metric, of) => {
    const model = KNNClassifier.fitSync(points, targets, { metric, k: 4, weights: 'distance' })
    for (const { neighbors, columns = [] } of model.explainSync(points.slice(0, 9), { columns: true })) {
      neighbors.forEach(({ distance }, at) => {
        expect(columns.reduce((sum, column) => sum + column.parts[at], 0)).toBeCloseTo(of(distance), 10)
      })
      for (const { parts, part } of columns) {
        const mean = neighbors.reduce((sum, { share }, at) => sum + share * parts[at], 0)
        expect(part).toBeCloseTo(mean, 12)
      }
    }
  })

  test('typical is the mean over all pairs, where there are few', () => {
    const few = [
      [0, 0],
      [1, 4],
      [3, 0],
    ]
    const model = KNNRegressor.fitSync(few, [1, 2, 3], { metric: 'manhattan', k: 1 })
    const [{ columns = [] }] = model.explainSync([[0, 0]], { columns: true })
    const typical = Object.fromEntries(columns.map((column) => [column.name, column.typical]))
    expect(typical['column 1']).toBeCloseTo((1 + 3 + 2) / 3, 14)
    expect(typical['column 2']).toBeCloseTo((4 + 0 + 4) / 3, 14)
  })

  test('a table: one entry a column, however it was encoded; leave-one-out; async', async () => {
    const table = Table.fromRows(
      points.map(([x, y], i) => ({ x, y: i % 9 === 0 ? null : y, kind: ['a', 'b', 'c'][i % 3] })),
    )
    for (const metric of ['euclidean', 'gower'] as const) {
      const model = KNNClassifier.fitSync(table, targets, { metric, encoder: { missing: 'mark' } })
      const found = await model.explain(undefined, { columns: true })
      expect(found).toEqual(model.explainSync(undefined, { columns: true }))
      for (const { columns = [] } of found) {
        expect(columns.map((column) => column.name).sort()).toEqual(['kind', 'x', 'y'])
      }
    }
  })

  test('numbers beyond the common range keep their unit', () => {
    const model = KNNRegressor.fitSync([[0], [2 ** 510], [2 ** 511]], [1, 2, 3], { k: 1 })
    const [{ columns = [] }] = model.explainSync([[2 ** 509]], { columns: true })
    expect(columns[0].parts).toEqual(Float64Array.of(2 ** 1018))
  })

  test('rows of weight 0 are in no pair; without the option nothing is added', () => {
    const sampleWeight = [1, 1, 0]
    const model = KNNClassifier.fitSync([[0], [1], [100]], ['a', 'b', 'b'], { k: 1, sampleWeight })
    const [{ columns = [] }] = model.explainSync([[0]], { columns: true })
    expect(columns[0].typical).toBe(1)
    expect('columns' in model.explainSync([[0]])[0]).toBe(false)
  })

  test('what is refused', () => {
    const explain = (metric: MetricName | (() => number), rows: number[][]): unknown =>
      KNNClassifier.fitSync(rows, ['a', 'b'], { metric, k: 1 }).explainSync(rows, { columns: true })
    expect(() =>
      explain('haversine', [
        [0, 0],
        [1, 1],
      ]),
    ).toThrow(/made of columns, which 'haversine' is not/)
    expect(() =>
      explain('precomputed', [
        [0, 1],
        [1, 0],
      ]),
    ).toThrow(/'precomputed'/)
    expect(() =>
      explain(
        () => 1,
        [
          [0, 1],
          [1, 0],
        ],
      ),
    ).toThrow(/an own function/)
    const model = KNNClassifier.fitSync(points, targets)
    expect(() => model.explainSync(points, { names: ['a', 'b', 'c'] })).toThrow(/columns: true only/)
    expect(() => model.explainSync(points, { columns: true, names: ['a'] })).toThrow(/names must be 3 texts/)
    // @ts-expect-error a text for true
    expect(() => model.explainSync(points, { columns: 'yes' })).toThrow(/true or false/)
  })
})
