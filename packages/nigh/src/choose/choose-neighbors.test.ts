import { describe, expect, test } from 'vitest'
import { golden, rowsOf, type Source, textOf } from '../../fixtures/golden.ts'
import { Table } from '../data/table.ts'
import { accuracy } from '../evaluate/classification.ts'
import { r2 } from '../evaluate/regression.ts'
import { kFold, stratifiedKFold } from '../evaluate/split.ts'
import { codeLabels } from '../evaluate/labels.ts'
import { KNNClassifier } from '../knn/classifier.ts'
import { KNNRegressor } from '../knn/regressor.ts'
import { chooseNeighbors, chooseNeighborsSync } from './choose-neighbors.ts'

const { data } = golden<{ readonly name: string; readonly data: Source }>('metrics.json').cases.find(
  (one) => one.name === 'iris, k = 3',
) ?? { data: {} }
const points = rowsOf(data)
const species = textOf(data)

describe('chooseNeighbors', () => {
  test.each(['uniform', 'distance', 'triangular'] as const)(
    'one search serves every k: the same as a model each, leave-one-out (%s)',
    (weights) => {
      const found = chooseNeighborsSync(points, species, { to: 8, weights })
      for (const { k, score } of found.curve) {
        const model = KNNClassifier.fitSync(points, species, { k, weights })
        expect(score).toBeCloseTo(accuracy(species, model.predictSync()), 13)
      }
      const best = Math.max(...found.curve.map((row) => row.score))
      expect(found.curve.find((row) => row.k === found.k)?.score).toBe(best)
      expect(found.near).toContain(found.k)
    },
  )

  test('the same with folds', () => {
    const found = chooseNeighborsSync(points, species, { from: 3, to: 6, folds: 4, seed: 2 })
    const splits = stratifiedKFold(codeLabels('test', 'species', species).codes, {
      folds: 4,
      shuffle: true,
      seed: 2,
    })
    for (const { k, score } of found.curve) {
      const predictions: string[] = []
      for (const { train, test: tried } of splits) {
        const learnt = Array.from(train)
        const model = KNNClassifier.fitSync(
          learnt.map((i) => points[i]),
          learnt.map((i) => species[i]),
          { k },
        )
        const answers = model.predictSync(Array.from(tried, (i) => points[i]))
        tried.forEach((row, at) => {
          predictions[row] = answers[at]
        })
      }
      expect(score).toBeCloseTo(accuracy(species, predictions), 13)
    }
  })

  test('numbers: R², leave-one-out and by folds, at any offset', () => {
    const rest = points.map((row) => row.slice(0, 3))
    const widths = points.map((row) => row[3])
    const found = chooseNeighborsSync(rest, widths, { task: 'regress', from: 5, to: 6 })
    const model = KNNRegressor.fitSync(rest, widths, { k: 5 })
    expect(found.curve[0].score).toBeCloseTo(r2(widths, model.predictSync()), 12)
    // scikit-learn 1.9.1: 0.942682, where rows tie at rank 5 in its own order.
    expect(found.curve[0].score).toBeCloseTo(0.942682, 3)
    const shifted = chooseNeighborsSync(
      rest,
      widths.map((x) => x * 2 ** 600),
      { task: 'regress', from: 5, to: 6 },
    )
    expect(shifted.curve[0].score).toBeCloseTo(found.curve[0].score, 12)
    const folded = chooseNeighborsSync(rest, widths, { task: 'regress', from: 5, to: 5, folds: 3 })
    const answers = new Float64Array(150)
    for (const { train, test: tried } of kFold(150, { folds: 3, shuffle: true })) {
      const learnt = Array.from(train)
      const part = KNNRegressor.fitSync(
        learnt.map((i) => rest[i]),
        learnt.map((i) => widths[i]),
        { k: 5 },
      )
      part.predictSync(Array.from(tried, (i) => rest[i])).forEach((answer, at) => {
        answers[tried[at]] = answer
      })
    }
    expect(folded.curve[0].score).toBeCloseTo(r2(widths, answers), 12)
  })

  test('tables, async, progress', async () => {
    const table = Table.fromRows(points.map(([a, b, c, d]) => ({ a, b: b * 1e6, c, d })))
    const options = { to: 5 }
    const found = await chooseNeighbors(table, species, options)
    expect(found).toEqual(chooseNeighborsSync(table, species, options))
    expect(found.curve.every((row) => row.score > 0.9)).toBe(true)
    const folded = await chooseNeighbors(table, species, { to: 3, folds: 5 })
    expect(folded.curve.every((row) => row.score > 0.9)).toBe(true)
  })

  test('refuses', () => {
    expect(() => chooseNeighborsSync([[1], [2]], [1, 2])).toThrow(/task must say/)
    expect(() => chooseNeighborsSync([[1], [2]], [1, 1], { task: 'regress' })).toThrow(/not all be equal/)
    expect(() => chooseNeighborsSync([[1], [2]], ['a', 'b'], { task: 'regress' })).toThrow(/must be numbers/)
    expect(() => chooseNeighborsSync([[1], [2]], ['a', 'b'], { to: 2 })).toThrow(
      /to must be an integer from 1 to 1/,
    )
    expect(() => chooseNeighborsSync([[1]], ['a'])).toThrow(/more rows than 1/)
    expect(() => chooseNeighborsSync([[1], [2]], ['a', 'b', 'c'])).toThrow(/targets must/)
  })
})

describe('several targets', () => {
  const numbers = points.map((row) => [row[2], row[3] * 100])
  test.each(['loo', 5] as const)('the mean R² of a model each (%s)', (folds) => {
    const found = chooseNeighborsSync(
      points.map((row) => row.slice(0, 2)),
      numbers,
      { to: 6, folds },
    )
    expect(found.task).toBe('regress')
    if (folds !== 'loo') return
    for (const { k, score } of found.curve) {
      const model = KNNRegressor.fitSync(
        points.map((row) => row.slice(0, 2)),
        numbers,
        { k },
      )
      const predicted = model.predictSync()
      const scores = [0, 1].map((j) =>
        r2(
          numbers.map((row) => row[j]),
          Array.from({ length: points.length }, (_, i) => predicted.row(i)[j]),
        ),
      )
      expect(score).toBeCloseTo((scores[0] + scores[1]) / 2, 12)
    }
  })

  test('rows are no classes, and no column may be constant', () => {
    expect(() => chooseNeighborsSync(points, numbers, { task: 'classify' })).toThrow(/one class a row/)
    const flat = numbers.map(([x]) => [x, 3])
    expect(() => chooseNeighborsSync(points, flat)).toThrow(/must not all be equal/)
  })
})
