import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { groupKFold, kFold, leaveOneOut, type Split, stratifiedKFold, trainTestSplit } from './split.ts'

function checkParts(split: Split, rows: number): void {
  const all = [...split.train, ...split.test].sort((a, b) => a - b)
  expect(all).toEqual(Array.from({ length: rows }, (_, i) => i))
  for (const part of [split.train, split.test]) {
    expect(part.length).toBeGreaterThan(0)
    expect(Array.from(part)).toEqual(Array.from(part).sort((a, b) => a - b))
  }
}

function checkFolds(splits: readonly Split[], rows: number): void {
  for (const split of splits) checkParts(split, rows)
  expect(splits.reduce((sum, split) => sum + split.test.length, 0)).toBe(rows)
}

describe('trainTestSplit', () => {
  test('stratified: what whole rows leave over goes to the largest remainder, the first class on a tie', () => {
    for (const [sizes, testSize, wanted] of [
      [[6, 4], 3, [2, 1]],
      [[4, 6], 3, [1, 2]],
      [[5, 5], 3, [2, 1]],
      [[7, 9, 4], 10, [4, 4, 2]],
      [[11, 3, 6], 7, [4, 1, 2]],
    ] as const) {
      const stratify = sizes.flatMap((size, c) => Array.from({ length: size }, () => c))
      const { test } = trainTestSplit(stratify.length, { stratify, testSize })
      const tried = sizes.map((_, c) => Array.from(test).filter((row) => stratify[row] === c).length)
      expect(tried).toEqual(wanted)
    }
  })

  test('every row once, a quarter to be tried on, the same for the same seed', () => {
    const split = trainTestSplit(150)
    checkParts(split, 150)
    expect(split.test.length).toBe(38)
    expect(trainTestSplit(150)).toEqual(split)
    expect(trainTestSplit(150, { seed: 1 })).not.toEqual(split)
    expect(trainTestSplit(30, { testSize: 0.1 }).test.length).toBe(3)
    expect(trainTestSplit(30, { testSize: 7 }).test.length).toBe(7)
  })

  test('stratified: each class keeps its share', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 16, maxLength: 80 }),
        fc.nat(),
        (classes, seed) => {
          const stratify = [0, 0, 1, 1, 2, 2, 3, 3, ...classes]
          const rows = stratify.length
          const split = trainTestSplit(rows, { stratify, testSize: 0.3, seed })
          checkParts(split, rows)
          expect(split.test.length).toBe(Math.ceil(rows * 0.3 - 1e-9))
          for (const c of [0, 1, 2, 3]) {
            const size = stratify.filter((label) => label === c).length
            const tried = Array.from(split.test).filter((i) => stratify[i] === c).length
            expect(tried).toBeGreaterThan(0)
            expect(tried).toBeLessThan(size)
            expect(Math.abs(tried - (split.test.length * size) / rows)).toBeLessThan(2)
          }
        },
      ),
    )
  })

  test('refuses parts that cannot be', () => {
    expect(() => trainTestSplit(10, { testSize: 10 })).toThrow(/testSize must be an integer from 1 to 9/)
    expect(() => trainTestSplit(10, { testSize: 0 })).toThrow(/testSize/)
    expect(() => trainTestSplit(10, { testSize: 1.5 })).toThrow(/testSize/)
    expect(() => trainTestSplit(10, { testSize: Number.NaN })).toThrow(/testSize/)
    expect(() => trainTestSplit(2, { testSize: 0.99 })).toThrow(/leave rows to learn from/)
    expect(() => trainTestSplit(1)).toThrow(/rows/)
    expect(() => trainTestSplit(4, { stratify: [0, 0, 0, 1] })).toThrow(/1 has 1/)
    expect(() => trainTestSplit(4, { stratify: [0, 0, 1] })).toThrow(/stratify must have as many/)
    expect(() => trainTestSplit(6, { stratify: [0, 0, 1, 1, 2, 2], testSize: 2 })).toThrow(/both parts/)
    expect(() => trainTestSplit(4, { seed: -1 })).toThrow(/seed/)
  })
})

describe('folds', () => {
  test('kFold: sizes differ by one at most, in order unless shuffled', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 60 }),
        fc.integer({ min: 2, max: 10 }),
        fc.boolean(),
        (rows, folds, shuffle) => {
          fc.pre(folds <= rows)
          const splits = kFold(rows, { folds, shuffle })
          expect(splits.length).toBe(folds)
          checkFolds(splits, rows)
          const sizes = splits.map((split) => split.test.length)
          expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1)
        },
      ),
    )
    expect(kFold(5, { folds: 2 }).map((split) => Array.from(split.test))).toEqual([
      [0, 1, 2],
      [3, 4],
    ])
    expect(() => kFold(3)).toThrow(/folds must be an integer from 2 to 3 \(the number of rows\), got 5/)
  })

  test('stratifiedKFold: each class, and each fold, within one row of its share', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 20, maxLength: 70 }),
        fc.boolean(),
        (targets, shuffle) => {
          const splits = stratifiedKFold(targets, { folds: 4, shuffle, seed: 9 })
          checkFolds(splits, targets.length)
          for (const split of splits) {
            expect(Math.abs(split.test.length - targets.length / 4)).toBeLessThan(1)
            for (const label of ['a', 'b', 'c']) {
              const size = targets.filter((target) => target === label).length
              const tried = Array.from(split.test).filter((i) => targets[i] === label).length
              expect(Math.abs(tried - size / 4)).toBeLessThan(1)
            }
          }
        },
      ),
    )
    expect(() => stratifiedKFold([0, 1, 0, 1, 2, 3], { folds: 3 })).toThrow(/largest class has 2, got 3/)
  })

  test('groupKFold: groups stay whole', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 10, maxLength: 60 }), (groups) => {
        fc.pre(new Set(groups).size >= 3)
        const splits = groupKFold(groups, { folds: 3 })
        checkFolds(splits, groups.length)
        for (const split of splits) {
          const learnt = new Set(Array.from(split.train, (i) => groups[i]))
          for (const i of split.test) expect(learnt.has(groups[i])).toBe(false)
        }
      }),
    )
    expect(() => groupKFold([1, 1, 2], { folds: 3 })).toThrow(/number of groups/)
  })

  test('leaveOneOut: each row once', () => {
    const splits = Array.from(leaveOneOut(4))
    checkFolds(splits, 4)
    expect(splits.map((split) => split.test[0])).toEqual([0, 1, 2, 3])
    expect(() => Array.from(leaveOneOut(1))).toThrow(/rows/)
  })
})
