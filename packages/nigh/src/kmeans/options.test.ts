import { expect, test } from 'vitest'
import { checkKMeans } from './options.ts'

test('starts: ten for k-means++ up to a million rows × columns × k, one beyond; ten at random, one where given', () => {
  const startsOf = (rows: number, options: object): number =>
    checkKMeans('KMeans.fit', { rows, columns: 100 }, { k: 10, ...options }).starts
  expect(startsOf(1000, {})).toBe(10)
  expect(startsOf(1001, {})).toBe(1)
  expect(startsOf(1001, { nInit: 3 })).toBe(3)
  expect(startsOf(100_000, { init: 'random' })).toBe(10)
  expect(startsOf(1000, { init: Array.from({ length: 10 }, () => new Array(100).fill(0)) })).toBe(1)
  expect(checkKMeans('KMeans.fit', { rows: 10, columns: 1 }, { k: 2 }).maxIterations).toBe(10_000)
})
