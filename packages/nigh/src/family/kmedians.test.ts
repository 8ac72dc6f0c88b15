import { describe, expect, test } from 'vitest'
import { golden, labelsOf, rowsOf, type Source } from '../../fixtures/golden.ts'
import { made } from '../../test/made-data.ts'
import { Matrix } from '../data/matrix.ts'
import { Random } from '../random.ts'
import { clustersContract } from './clusters.contract.ts'
import { KMedians } from './kmedians.ts'

interface Case {
  readonly kind: string
  readonly name: string
  readonly data: Source
  readonly k: number
  readonly init: number[]
  readonly cost: number
  readonly labels: string
  readonly centroids?: number[][]
}

const cases = golden<Case>('families.json').cases.filter(({ kind }) => kind === 'medians')

clustersContract('KMedians', KMedians)

describe('KMedians', () => {
  test.each(cases)('golden: $name', ({ data, k, init, cost, labels, centroids }) => {
    const points = rowsOf(data)
    const model = KMedians.fitSync(points, { k, init: init.map((row) => points[row]) })
    expect(Array.from(model.labels)).toEqual(labelsOf(labels))
    expect(Math.abs(model.inertia / cost - 1)).toBeLessThan(1e-12)
    centroids?.flat().forEach((x, at) => {
      expect(model.centroids.values[at]).toBeCloseTo(x, 12)
    })
  })

  test('a given centroid that no row is nearest to goes to the row that costs most', () => {
    const points = [[0], [1], [2], [10], [11], [30]]
    const model = KMedians.fitSync(points, { k: 3, init: [[1], [1000], [2000]] })
    expect(Array.from(model.counts).toSorted()).toEqual([1, 2, 3])
    expect(Array.from(model.centroids.values).toSorted((a, b) => a - b)).toEqual([1, 10.5, 30])
  })

  test('a start takes the candidate that gains most: heaps far apart are seldom missed', () => {
    const random = new Random(5)
    const points = Array.from({ length: 200 }, (_, i) => [
      (i % 20) * 100 + random.uniform(),
      Math.floor((i % 20) / 4) * 100 + random.uniform(),
    ])
    let whole = 0
    for (let seed = 0; seed < 40; seed++) {
      const model = KMedians.fitSync(points, { k: 20, nInit: 1, maxIterations: 1, seed })
      if (model.inertia < 400) whole++
    }
    expect(whole).toBeGreaterThan(35)
  })

  test('takes the middle, half weights too', () => {
    const median = (points: number[], sampleWeight?: number[]): number =>
      KMedians.fitSync(
        points.map((x) => [x]),
        { k: 1, ...(sampleWeight === undefined ? {} : { sampleWeight }) },
      ).centroids.values[0]
    expect(median([5, 1, 100])).toBe(5)
    expect(median([4, 1, 2, 100])).toBe(3)
    expect(median([1, 1, 7, 9])).toBe(4)
    expect(median([1, 2, 3], [0.5, 0.25, 0.25])).toBe(1.5)
    expect(median([1, 2, 3], [0.5, 0.25, 1])).toBe(3)
    expect(median([1, 2], [0, 1])).toBe(2)
    expect(median([1.7e12, 1.7e12 + 1, 1.7e12 + 5])).toBe(1.7e12 + 1)
  })

  test('far from zero, the clusters of the same data near zero', () => {
    const near = made({ rows: 200, columns: 2, seed: 3, kind: 'blobs' }).values.map(
      (x) => Math.round(x * 256) / 256,
    )
    const fit = (offset: number): KMedians =>
      KMedians.fitSync(
        Matrix.of(
          near.map((x) => x + offset),
          2,
        ),
        { k: 5 },
      )
    const here = fit(0)
    const there = fit(2 ** 40)
    expect(there.labels).toEqual(here.labels)
    expect(there.inertia).toBe(here.inertia)
    expect(there.centroids.values.map((x) => x - 2 ** 40)).toEqual(here.centroids.values)
  })
})
