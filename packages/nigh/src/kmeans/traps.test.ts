import { describe, expect, test } from 'vitest'
import { made, plain, reordered } from '../../test/made-data.ts'
import { inertiaOf, nearestCentroids } from '../../test/plain-lloyd.ts'
import { golden, rowsOf, type Source } from '../../fixtures/golden.ts'
import { Matrix } from '../data/matrix.ts'
import { adjustedRand } from '../evaluate/agreement.ts'
import { Random } from '../random.ts'
import { KMeans } from './kmeans.ts'

// Wrong answers seen in the field (scikit-learn and others), each of which must not happen here.

function iris(): number[][] {
  const [first] = golden<{ data: Source }>('kmeans.json').cases
  return rowsOf(first.data)
}

describe('figures of the field', () => {
  test('iris, k = 3: inertia 78.851441426146 and 50, 62 and 38 flowers, from any seed', () => {
    for (const seed of [0, 1, 2]) {
      const model = KMeans.fitSync(iris(), { k: 3, seed })
      expect(Math.abs(model.inertia / 78.851441426146 - 1)).toBeLessThan(1e-12)
      expect(Array.from(model.counts).sort()).toEqual([38, 50, 62])
    }
  })

  test('iris from rows 0, 50 and 100: four iterations', () => {
    const rows = iris()
    const model = KMeans.fitSync(rows, { k: 3, init: [rows[0], rows[50], rows[100]] })
    expect(model.iterations).toBe(4)
    expect(Array.from(model.counts)).toEqual([50, 62, 38])
  })
})

describe('trap 1: fit is centred, predict is not', () => {
  test('timestamps in milliseconds, two bursts ten seconds apart', () => {
    const random = new Random(1)
    const truth = Array.from({ length: 1000 }, (_, i) => i % 2)
    const points = truth.map((burst) => [1.7e12 + burst * 10_000 + random.normal() * 500])
    const model = KMeans.fitSync(points, { k: 2 })
    expect(adjustedRand(truth, model.labels)).toBe(1)
    expect(model.predictSync(points)).toEqual(model.labels)
    expect(model.scoreSync(points)).toBe(-model.inertia)
  })

  test('float32 latitudes and longitudes of one city', () => {
    const random = new Random(2)
    const truth = Array.from({ length: 900 }, (_, i) => i % 3)
    const values = Float32Array.from(
      truth.flatMap((place) => [
        52.5 + place * 0.01 + random.normal() * 0.0008,
        13.4 + random.normal() * 0.0008,
      ]),
    )
    const points = Matrix.of(values, 2)
    const model = KMeans.fitSync(points, { k: 3 })
    expect(adjustedRand(truth, model.labels)).toBe(1)
    expect(model.predictSync(points)).toEqual(model.labels)
    expect(model.scoreSync(points)).toBe(-model.inertia)
  })

  test.each([1e4, 1e6, 1e7, 1.7e12])(
    'spread 1 at offset %d, float64: the labels of the definition',
    (offset) => {
      const points = made({ rows: 600, columns: 5, seed: 3, offset, kind: 'blobs' })
      const model = KMeans.fitSync(points, { k: 5 })
      expect(Array.from(model.labels)).toEqual(nearestCentroids(points, model.centroids.values))
      expect(model.inertia).toBeCloseTo(inertiaOf(points, model.labels, model.centroids.values, null), 3)
    },
  )
})

test('trap 3: labels are not stale after an empty cluster was filled', () => {
  const points = [[1], [2], [3]]
  const model = KMeans.fitSync(points, { k: 3, init: [[4], [0], [1]] })
  expect(model.predictSync(points)).toEqual(model.labels)
  expect(model.inertia).toBe(0)
  expect(model.scoreSync(points)).toBe(-0)
})

test('trap 4: an empty cluster is filled with a row that has weight', () => {
  const model = KMeans.fitSync([[0], [0.1], [50], [10]], {
    k: 3,
    init: [[0], [10], [1000]],
    sampleWeight: [1, 1, 0, 1],
  })
  const sorted = Array.from(model.centroids.values).sort((a, b) => a - b)
  for (const [c, want] of [0, 0.1, 10].entries()) expect(sorted[c]).toBeCloseTo(want, 14)
  expect(Array.from(model.counts)).toEqual([1, 1, 1])
})

test('trap 10: sums do not depend on who adds them: the order of rows and blocks changes no bit', () => {
  const points = made({ rows: 5000, columns: 7, seed: 5, kind: 'blobs', offset: 0.1 })
  const other = reordered(points, new Random(9).permutation(5000))
  const model = KMeans.fitSync(points, { k: 9 })
  const again = KMeans.fitSync(other, { k: 9 })
  expect(again.centroids.values).toEqual(model.centroids.values)
  expect(again.inertia).toBe(model.inertia)
})

test('trap 11: fewer different rows than k ends, from every kind of start', () => {
  const points = Array.from({ length: 300 }, (_, i) => [i % 4, (i % 4) * 0.1])
  const given = Array.from({ length: 9 }, (_, c) => [c / 3, 0])
  for (const init of ['k-means++', 'random', given, () => given] as const) {
    const model = KMeans.fitSync(points, { k: 9, init })
    expect(model.k).toBe(4)
    expect(model.iterations).toBeLessThan(20)
    expect(model.warnings.map(({ code }) => code)).toEqual(['W_DISTINCT'])
  }
})

test('trap 12: inertia belongs to the returned centroids, wherever the fit stopped', () => {
  const points = made({ rows: 400, columns: 3, seed: 12 })
  for (const maxIterations of [1, 2, 3, 100]) {
    for (const tolerance of [0, 0.01]) {
      const model = KMeans.fitSync(points, { k: 6, maxIterations, tolerance, nInit: 1 })
      expect(model.inertia).toBeCloseTo(inertiaOf(points, model.labels, model.centroids.values, null), 10)
      expect(Array.from(model.labels)).toEqual(nearestCentroids(points, model.centroids.values))
      expect(model.iterations).toBeLessThanOrEqual(maxIterations)
    }
  }
})

test('trap 13: the best start is the earliest of those with the least inertia; a tie replaces nothing', () => {
  const points = made({ rows: 200, columns: 2, seed: 13, kind: 'blobs' })
  const one = KMeans.fitSync(points, { k: 5, nInit: 1 })
  const best = KMeans.fitSync(points, { k: 5, nInit: 20 })
  expect(best.inertia).toBeLessThanOrEqual(one.inertia)
  // The same start over and over: rounding must not make a later one look better.
  const start = plain(points).slice(0, 5)
  const turned = [...start.slice(1), start[0]]
  let turn = 0
  const both = KMeans.fitSync(points, { k: 5, nInit: 2, init: () => (turn++ === 0 ? start : turned) })
  expect(both.centroids.values).toEqual(KMeans.fitSync(points, { k: 5, init: start }).centroids.values)
  expect(turn).toBe(2)
})

test('trap 14: tolerance is a distance in the unit of the data', () => {
  const points = made({ rows: 500, columns: 2, seed: 14 })
  const start = plain(points).slice(0, 4)
  const to = (tolerance: number, factor: number) =>
    KMeans.fitSync(
      Matrix.of(
        Float64Array.from(points.values, (x) => x * factor),
        2,
      ),
      {
        k: 4,
        init: start.map((row) => row.map((x) => x * factor)),
        tolerance: tolerance * factor,
      },
    ).iterations
  expect(to(0.05, 1)).toBe(to(0.05, 1024))
  expect(to(0.05, 1)).toBeLessThan(to(0, 1))
  // The last update of a fit that stopped by tolerance moved no centroid farther; the one before did.
  const before = KMeans.fitSync(points, { k: 4, init: start, maxIterations: to(0.05, 1) - 1 }).centroids
    .values
  const after = KMeans.fitSync(points, { k: 4, init: start, tolerance: 0.05 }).centroids.values
  const shifts = [0, 1, 2, 3].map((c) =>
    Math.hypot(before[2 * c] - after[2 * c], before[2 * c + 1] - after[2 * c + 1]),
  )
  expect(Math.max(...shifts)).toBeLessThanOrEqual(0.05)
})

describe('trap 16: weights act in seeding, in fitting and in scores', () => {
  test('a row of weight 0 is never a first centroid', () => {
    const points = Array.from({ length: 40 }, (_, i) => [i * i])
    const sampleWeight = points.map((_, i) => (i % 8 === 0 ? 1 : 0))
    for (let seed = 0; seed < 20; seed++) {
      for (const init of ['k-means++', 'random'] as const) {
        const { value } = KMeans.steps(points, { k: 3, init, seed, sampleWeight, nInit: 1 }).next()
        if (!(value instanceof KMeans))
          for (const x of value.centroids.values) expect(Math.sqrt(x) % 8).toBe(0)
      }
    }
  })

  test('a heavy row is a first centroid most of the time', () => {
    const points = Array.from({ length: 50 }, (_, i) => [i])
    const sampleWeight = points.map((_, i) => (i === 7 ? 1000 : 1))
    let heavy = 0
    for (let seed = 0; seed < 50; seed++) {
      const { value } = KMeans.steps(points, { k: 1, init: 'random', seed, sampleWeight, nInit: 1 }).next()
      if (!(value instanceof KMeans) && value.centroids.values[0] === 7) heavy++
    }
    expect(heavy).toBeGreaterThan(40)
  })

  test('inertia counts the weights', () => {
    const model = KMeans.fitSync([[0], [1], [10]], { k: 2, sampleWeight: [3, 1, 2], init: [[0], [10]] })
    expect(model.centroids.values[0]).toBe(0.25)
    expect(model.inertia).toBe(3 * 0.0625 + 0.5625)
    expect(Array.from(model.counts)).toEqual([4, 2])
  })
})

describe('trap 25: bounds change nothing', () => {
  test('k = 1', () => {
    const points = made({ rows: 100, columns: 4, seed: 25 })
    const [simd, scalar] = (['simd', 'scalar'] as const).map((kernels) =>
      KMeans.fitSync(points, { k: 1, kernels }),
    )
    expect(simd.centroids.values).toEqual(scalar.centroids.values)
    expect(simd.iterations).toBe(2)
  })

  test.each([2, 16, 17, 40, 130, 300])(
    'k = %i: the labels, centroids and iterations of the fit without bounds',
    (k) => {
      for (const [kind, double, offset] of [
        ['even', true, 0],
        ['blobs', false, 1e4],
        ['coarse', true, 0],
      ] as const) {
        const points = made({ rows: 900, columns: kind === 'coarse' ? 6 : 3, seed: k, kind, double, offset })
        const [simd, scalar] = (['simd', 'scalar'] as const).map((kernels) =>
          KMeans.fitSync(points, { k, kernels, nInit: 1 }),
        )
        expect(simd.labels).toEqual(scalar.labels)
        expect(simd.centroids.values).toEqual(scalar.centroids.values)
        expect(simd.inertia).toBe(scalar.inertia)
        expect(simd.iterations).toBe(scalar.iterations)
      }
    },
  )

  test('and they do spare work', () => {
    const points = made({ rows: 4000, columns: 2, seed: 26 })
    const model = KMeans.fitSync(points, { k: 50, nInit: 1, kernels: 'simd' })
    expect(model.iterations).toBeGreaterThan(10)
    expect(model.work.distances).toBeLessThan(0.5 * 4000 * 50 * model.iterations)
  })

  test.each([1e38, 1e39, 1e60, 1e145])(
    'a given centroid at %d: as far as float32 reaches and farther',
    (far) => {
      const points = made({ rows: 70, columns: 3, seed: 27 })
      for (const k of [3, 9, 30]) {
        const init = [[far, far, far], ...plain(points).slice(0, k - 1)]
        const [simd, scalar] = (['simd', 'scalar'] as const).map((kernels) =>
          KMeans.fitSync(points, { k, init, kernels }),
        )
        expect(simd.labels).toEqual(scalar.labels)
        expect(simd.inertia).toBe(scalar.inertia)
        expect(simd.iterations).toBe(scalar.iterations)
      }
    },
  )
})

test('trap 27: numbers held as float32, float64 or plain rows are the same numbers', () => {
  const points = made({ rows: 300, columns: 3, seed: 27, double: false, kind: 'blobs' })
  const double = Matrix.of(Float64Array.from(points.values), 3)
  const model = KMeans.fitSync(points, { k: 5 })
  for (const same of [double, plain(points)]) {
    const again = KMeans.fitSync(same, { k: 5 })
    expect(again.labels).toEqual(model.labels)
    expect(again.centroids.values).toEqual(model.centroids.values)
    expect(again.inertia).toBe(model.inertia)
    expect(model.predictSync(same)).toEqual(model.labels)
  }
})

test('trap 29: given centroids are copied, never moved', () => {
  const points = made({ rows: 100, columns: 2, seed: 29 })
  const rows = plain(points).slice(0, 3)
  const typed = Matrix.of(Float64Array.from(rows.flat()), 2)
  const before = typed.values.slice()
  KMeans.fitSync(points, { k: 3, init: typed })
  KMeans.fitSync(points, { k: 3, init: () => typed, nInit: 2 })
  expect(typed.values).toEqual(before)
})

test('4, on a tie: an empty cluster takes the smaller of the rows that lie farthest, whatever their order', () => {
  for (const order of [
    [0, 10, -10],
    [-10, 10, 0],
    [10, -10, 0],
  ]) {
    const points = order.map((x) => [x])
    for (const kernels of ['scalar', 'simd'] as const) {
      const model = KMeans.fitSync(points, { k: 2, init: [[0], [1000]], kernels })
      expect(model.centroids.toArrays()).toEqual([[5], [-10]])
      expect(model.labels[order.indexOf(-10)]).toBe(1)
    }
  }
})

test('distances beyond all memory are refused before they are made room for', () => {
  const points = Matrix.of(
    Float64Array.from({ length: 60_000 }, (_, i) => i % 9973),
    1,
  )
  const init = Matrix.of(points.values.slice(0, 9000), 1)
  const model = KMeans.fitSync(points, { k: 9000, init, maxIterations: 1 })
  expect(() => model.transformSync(points)).toThrow(
    expect.objectContaining({ code: 'E_MEMORY', message: expect.stringMatching(/need 4320 MB/) }),
  )
})
