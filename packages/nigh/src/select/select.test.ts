import { describe, expect, test } from 'vitest'
import { InputError } from '../check.ts'
import { Table } from '../data/table.ts'
import { groupKFold } from '../evaluate/split.ts'
import { Random } from '../random.ts'
import { validateClassifier, validateRegressor } from './cross-validation.ts'
import { gridSearch, randomSearch } from './search.ts'

const random = new Random(4)
const rows = Array.from({ length: 90 }, (_, i) => [(i % 3) * 4 + random.normal(), random.normal()])
const names = rows.map((_, i) => ['red', 'green', 'blue'][i % 3])

describe('validateClassifier', () => {
  test('every row is judged once, by a model that has not seen it', async () => {
    const found = await validateClassifier(rows, names, { k: 3, folds: 5 })
    expect(found.rows.length).toBe(90)
    expect(found.scores.length).toBe(5)
    expect(found.accuracy).toBeGreaterThan(0.9)
    expect(found.mean).toBeCloseTo(found.accuracy, 12)
    expect(found.confusion.labels).toEqual(['blue', 'green', 'red'])
    expect(found.predictions.filter((name, i) => name === names[i]).length / 90).toBe(found.accuracy)
    // Rows with a twin would be right for the wrong reason, were they in their own training part.
    const noise = await validateClassifier(
      rows.map((_, i) => [i]),
      rows.map(() => random.integer(2)),
      { k: 1, folds: 10 },
    )
    expect(noise.accuracy).toBeLessThan(0.7)
  })

  test('the encoder is fitted inside each fold', async () => {
    // The one row with a category of its own: an encoder fitted on all rows would know it.
    const table = Table.fromRows(
      rows.map(([x], i) => ({ x, kind: i === 7 ? 'rare' : i % 2 === 0 ? 'a' : 'b' })),
    )
    await expect(validateClassifier(table, names, { k: 3 })).rejects.toThrow(/rare/)
    const found = await validateClassifier(table, names, { k: 3, encoder: { unseen: 'zero' } })
    expect(found.accuracy).toBeGreaterThan(0.8)
  })

  test('splits of one’s own, progress and abort', async () => {
    const groups = rows.map((_, i) => Math.floor(i / 9))
    const splits = groupKFold(groups, { folds: 5 })
    const seen: number[] = []
    const found = await validateClassifier(rows, names, {
      splits,
      onProgress: ({ done }) => void seen.push(done),
    })
    expect(seen).toEqual([1, 2, 3, 4, 5])
    expect(found.rows.length).toBe(90)
    const stop = new AbortController()
    await expect(
      validateClassifier(rows, names, { signal: stop.signal, onProgress: () => stop.abort() }),
    ).rejects.toMatchObject({ name: 'AbortError' })
  })

  test('refuses', async () => {
    await expect(validateClassifier(rows, names, { folds: 91 })).rejects.toThrow(/folds/)
    await expect(validateClassifier(rows, names, { k: 90 })).rejects.toThrow(/k must be/)
    const wrong = [{ train: Uint32Array.of(0, 1), test: Uint32Array.of(1) }]
    await expect(validateClassifier(rows, names, { splits: wrong })).rejects.toThrow(
      /never one that was learnt from/,
    )
    const out = [{ train: Uint32Array.of(0, 1), test: Uint32Array.of(90) }]
    await expect(validateClassifier(rows, names, { splits: out })).rejects.toThrow(/from 0 to 89/)
    // @ts-expect-error weights cannot follow their rows
    await expect(validateClassifier(rows, names, { sampleWeight: [1] })).rejects.toThrow(/sampleWeight/)
    // @ts-expect-error a misspelt option
    await expect(validateClassifier(rows, names, { neighbours: 3 })).rejects.toThrow(/neighbours/)
  })
})

test('validateRegressor', async () => {
  const targets = rows.map(([x]) => 3 * x)
  const found = await validateRegressor(rows, targets, { k: 4, weights: 'distance', folds: 3 })
  expect(found.overall.r2).toBeGreaterThan(0.9)
  expect(found.scores.length).toBe(3)
  expect(found.predictions.length).toBe(90)
  expect(found.error).toBeGreaterThan(0)
})

describe('searches', () => {
  test('the grid tries all, the last option fastest, and types the answer', async () => {
    const found = await gridSearch({ k: [1, 3], weights: ['uniform', 'distance'] }, (options) => {
      const k: 1 | 3 = options.k
      return options.weights === 'distance' ? k : -k
    })
    expect(found.trials.map(({ options }) => options)).toEqual([
      { k: 1, weights: 'uniform' },
      { k: 1, weights: 'distance' },
      { k: 3, weights: 'uniform' },
      { k: 3, weights: 'distance' },
    ])
    const weights: 'uniform' | 'distance' = found.best.options.weights
    expect(weights).toBe('distance')
    expect(found.best.score).toBe(3)
  })

  test('with a model', async () => {
    const { best, trials } = await gridSearch(
      { k: [1, 5, 200], weights: ['uniform', 'distance'] },
      async (options) => (await validateClassifier(rows, names, { ...options, folds: 3 })).mean,
      { parallel: 2 },
    )
    expect(best.score).toBeGreaterThan(0.9)
    expect(trials[4].score).toBeNaN()
    expect(trials[4].error).toMatch(/k must be at most 60/)
  })

  test('random draws do not repeat, and are the same for the same seed', async () => {
    const space = { a: [1, 2, 3, 4], b: [10, 20, 30] }
    const draw = async (seed: number): Promise<string[]> =>
      (await randomSearch(space, ({ a, b }) => a + b, { draws: 8, seed })).trials.map(({ options }) =>
        JSON.stringify(options),
      )
    const first = await draw(1)
    expect(new Set(first).size).toBe(8)
    expect(await draw(1)).toEqual(first)
    expect(await draw(2)).not.toEqual(first)
    await expect(randomSearch(space, () => 0, { draws: 13 })).rejects.toThrow(/number of combinations/)
  })

  test('ties go to the first; NaN is left out; errors end the search', async () => {
    expect((await gridSearch({ a: [1, 2, 3] }, ({ a }) => (a === 1 ? Number.NaN : 7))).best.options.a).toBe(2)
    await expect(gridSearch({ a: [1] }, () => Number.NaN)).rejects.toThrow(/score is NaN/)
    let calls = 0
    await expect(
      gridSearch({ a: [1, 2, 3] }, () => {
        calls++
        throw new Error('mine')
      }),
    ).rejects.toThrow('mine')
    expect(calls).toBe(1)
    await expect(gridSearch({}, () => 1)).rejects.toBeInstanceOf(InputError)
    await expect(gridSearch({ a: [] }, () => 1)).rejects.toThrow(/list of values/)
    const stop = new AbortController()
    await expect(
      gridSearch({ a: [1, 2, 3] }, () => 1, { signal: stop.signal, onProgress: () => stop.abort() }),
    ).rejects.toMatchObject({ name: 'AbortError' })
  })
})
