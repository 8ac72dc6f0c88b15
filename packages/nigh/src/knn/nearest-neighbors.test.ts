import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { InputError } from '../check.ts'
import { Encoder } from '../data/encoder.ts'
import { Matrix } from '../data/matrix.ts'
import type { MatrixLike } from '../data/matrix.ts'
import { Table } from '../data/table.ts'
import { load } from '../files/load.ts'
import type { DistanceFunction, MetricName } from '../metrics/metric.ts'
import { Random } from '../random.ts'
import { NearestNeighbors, type NearestNeighborsOptions } from './nearest-neighbors.ts'

/** The code of the error that a call must throw. */
export function codeOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (error instanceof InputError) return error.code
    throw error
  }
  return 'no error'
}

// Written apart from the library: plain sorting by textbook formulae.
const formulae: Record<
  Exclude<MetricName, 'minkowski' | 'haversine' | 'cosine' | 'precomputed' | 'gower'>,
  DistanceFunction
> = {
  euclidean: (a, b) => Math.sqrt(a.reduce((sum, x, j) => sum + (x - b[j]) * (x - b[j]), 0)),
  sqeuclidean: (a, b) => a.reduce((sum, x, j) => sum + (x - b[j]) * (x - b[j]), 0),
  manhattan: (a, b) => a.reduce((sum, x, j) => sum + Math.abs(x - b[j]), 0),
  chebyshev: (a, b) => a.reduce((most, x, j) => Math.max(most, Math.abs(x - b[j])), 0),
  hamming: (a, b) => a.reduce((sum, x, j) => sum + (x === b[j] ? 0 : 1), 0) / a.length,
}

function bruteForce(points: number[][], query: number[], self: number, distance: DistanceFunction) {
  return points
    .map((row, index) => ({ index, distance: distance(Float64Array.from(query), Float64Array.from(row)) }))
    .filter(({ index }) => index !== self)
    .sort((a, b) => a.distance - b.distance || a.index - b.index)
}

const small = fc.integer({ min: -3, max: 3 })
const rowsOf3 = (least: number, most: number) =>
  fc.array(fc.array(small, { minLength: 3, maxLength: 3 }), { minLength: least, maxLength: most })

describe('against sorting by hand', () => {
  for (const metric of ['euclidean', 'sqeuclidean', 'manhattan', 'chebyshev', 'hamming'] as const) {
    test(`${metric}: nearest, within, leave-one-out, filter`, () => {
      fc.assert(
        fc.property(
          rowsOf3(2, 90),
          rowsOf3(1, 4),
          fc.constantFrom('auto', 'flat', 'kdtree', 'balltree'),
          fc.nat(),
          (points, queries, algorithm, pick) => {
            const model = NearestNeighbors.fitSync(points, { metric, algorithm, leafSize: 3 })
            const k = 1 + (pick % (points.length - 1))
            const found = model.nearestSync(queries, { k })
            queries.forEach((query, i) => {
              const expected = bruteForce(points, query, -1, formulae[metric]).slice(0, k)
              expect([...found.indices.subarray(i * k, (i + 1) * k)]).toEqual(
                expected.map((one) => one.index),
              )
              expect([...found.distances.subarray(i * k, (i + 1) * k)]).toEqual(
                expected.map((one) => one.distance),
              )
            })
            const others = model.nearestSync(undefined, { k })
            points.forEach((point, i) => {
              const expected = bruteForce(points, point, i, formulae[metric]).slice(0, k)
              expect([...others.indices.subarray(i * k, (i + 1) * k)]).toEqual(
                expected.map((one) => one.index),
              )
            })
            // A radius that is one of the distances: inclusive.
            const all = bruteForce(points, queries[0], -1, formulae[metric])
            const radius = all[pick % all.length].distance
            const near = model.withinSync([queries[0]], { radius })
            expect([...near.indices]).toEqual(
              all.filter((one) => one.distance <= radius).map((one) => one.index),
            )
            const odd = model.nearestSync([queries[0]], { k: 1, filter: (row) => row % 2 === 1 })
            expect(odd.indices[0]).toBe(all.filter((one) => one.index % 2 === 1)[0].index)
          },
        ),
        { numRuns: 60 },
      )
    })
  }

  test('an own function, flat and in a ball-tree', () => {
    const random = new Random(1)
    const points = Array.from({ length: 150 }, () => [random.integer(9), random.integer(9)])
    const distance: DistanceFunction = (a, b) => Math.abs(a[0] - b[0]) + 2 * Math.abs(a[1] - b[1])
    for (const algorithm of ['auto', 'balltree'] as const) {
      const model = NearestNeighbors.fitSync(points, { metric: distance, algorithm })
      expect(model.algorithm).toBe(algorithm === 'auto' ? 'flat' : 'balltree')
      const { indices } = model.nearestSync(undefined, { k: 4 })
      points.forEach((point, i) => {
        expect([...indices.subarray(i * 4, i * 4 + 4)]).toEqual(
          bruteForce(points, point, i, distance)
            .slice(0, 4)
            .map((one) => one.index),
        )
      })
    }
  })
})

describe('traps', () => {
  test('2: twenty columns at 1e6 ± 0.01, float64: recall 1, and each row is its own nearest', () => {
    const random = new Random(2)
    const values = Float64Array.from({ length: 400 * 20 }, () => 1e6 + 0.01 * random.normal())
    const points = Matrix.of(values, 20)
    const rows = points.toArrays()
    for (const algorithm of ['auto', 'flat', 'kdtree', 'balltree'] as const) {
      const model = NearestNeighbors.fitSync(points, { algorithm })
      const { indices, distances } = model.nearestSync(points, { k: 5 })
      for (let i = 0; i < 400; i += 7) {
        const expected = bruteForce(rows, rows[i], -1, formulae.euclidean).slice(0, 5)
        expect([...indices.subarray(i * 5, i * 5 + 5)]).toEqual(expected.map((one) => one.index))
      }
      for (let i = 0; i < 400; i++) {
        expect(indices[i * 5]).toBe(i)
        expect(distances[i * 5]).toBe(0)
      }
    }
  })

  test('float32 at offset 1e6: distances are those of the float32 numbers, none negative', () => {
    const random = new Random(3)
    const values = Float32Array.from({ length: 600 }, () => 1e6 + random.normal())
    const points = Matrix.of(values, 3)
    const rows = points.toArrays()
    const { indices, distances } = NearestNeighbors.fitSync(points).nearestSync(undefined, { k: 3 })
    rows.forEach((row, i) => {
      const expected = bruteForce(rows, row, i, formulae.euclidean).slice(0, 3)
      expect([...indices.subarray(i * 3, i * 3 + 3)]).toEqual(expected.map((one) => one.index))
      expect([...distances.subarray(i * 3, i * 3 + 3)]).toEqual(expected.map((one) => one.distance))
    })
  })

  test('6: equal distances come in the order of their rows, from every algorithm', () => {
    const grid = Array.from({ length: 100 }, (_, i) => [i % 10, Math.floor(i / 10)])
    for (const algorithm of ['flat', 'kdtree', 'balltree'] as const) {
      const model = NearestNeighbors.fitSync(grid, { algorithm, leafSize: 2 })
      expect([...model.nearestSync([[2, 1]], { k: 5 }).indices]).toEqual([12, 2, 11, 13, 22])
    }
    const line = NearestNeighbors.fitSync([[1], [-1], [1]], { algorithm: 'balltree', leafSize: 1 })
    expect([...line.nearestSync([[0]], { k: 3 }).indices]).toEqual([0, 1, 2])
  })

  test('7: without queries a row is left out by its index, also among copies of it', () => {
    for (const algorithm of ['flat', 'kdtree', 'balltree'] as const) {
      const model = NearestNeighbors.fitSync([[0], [0], [0], [5]], { algorithm, leafSize: 1 })
      expect([...model.nearestSync(undefined, { k: 2 }).indices]).toEqual([1, 2, 0, 2, 0, 1, 0, 1])
    }
  })

  test('a tie across 1,000 equal distances goes to the lower rows', () => {
    const circle = Array.from({ length: 1000 }, (_, i) => [i % 2 === 0 ? 1 : -1, i % 3 === 0 ? 1 : -1])
    for (const algorithm of ['flat', 'kdtree', 'balltree'] as const) {
      const { indices } = NearestNeighbors.fitSync(circle, { algorithm }).nearestSync([[0, 0]], { k: 10 })
      expect([...indices]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    }
  })

  test('27: integers give the same answer from any kind of rows', () => {
    const rows = [
      [1, 2],
      [3, 5],
      [4, 4],
      [9, 9],
    ]
    const kinds: MatrixLike[] = [
      rows,
      rows.map((row) => Float32Array.from(row)),
      rows.map((row) => Float64Array.from(row)),
      Matrix.of(Float32Array.from(rows.flat()), 2),
    ]
    for (const points of kinds) {
      for (const queries of kinds) {
        const { indices, distances } = NearestNeighbors.fitSync(points).nearestSync(queries, { k: 2 })
        expect([...indices]).toEqual([0, 1, 1, 2, 2, 1, 3, 2])
        expect(distances[1]).toBe(Math.sqrt(13))
      }
    }
  })

  test('28: the 180th meridian and the poles', () => {
    const places = [
      [10, 179],
      [10, -179],
      [0, 0],
      [90, 0],
      [90, 123],
      [-90, 7],
    ]
    const model = NearestNeighbors.fitSync(places, {
      metric: 'haversine',
      sphereRadius: 6371.0088,
      algorithm: 'balltree',
    })
    const { indices, distances } = model.nearestSync(
      [
        [10, 180],
        [10, -180],
        [90, -50],
      ],
      { k: 2 },
    )
    expect([...indices]).toEqual([0, 1, 0, 1, 3, 4])
    expect(distances[0]).toBe(distances[1])
    expect(distances[0]).toBeCloseTo(109.5057, 3) // one degree of longitude at 10° north
    expect(distances[4]).toBe(0) // all longitudes are one place at the pole
    expect(distances[5]).toBe(0)
    const half = NearestNeighbors.fitSync([[0, 0]], { metric: 'haversine' }).nearestSync(
      [
        [0, 180],
        [90, 0],
        [0, 360],
      ],
      { k: 1 },
    )
    expect([half.distances[0], half.distances[2]]).toEqual([Math.PI, 0])
    expect(half.distances[1]).toBeCloseTo(Math.PI / 2, 15)
    expect(codeOf(() => NearestNeighbors.fitSync([[91, 0]], { metric: 'haversine' }))).toBe('E_RANGE')
    expect(codeOf(() => NearestNeighbors.fitSync([[0, 361]], { metric: 'haversine' }))).toBe('E_RANGE')
    expect(codeOf(() => model.nearestSync([[-90.001, 0]], { k: 1 }))).toBe('E_RANGE')
    expect(codeOf(() => NearestNeighbors.fitSync([[1, 2, 3]], { metric: 'haversine' }))).toBe('E_SHAPE')
  })

  test('28: neighbours in one street keep their digits', () => {
    const home = [48.2, 16.37]
    const metre = 1 / 111194.93
    const { distances } = NearestNeighbors.fitSync([home], {
      metric: 'haversine',
      sphereRadius: 6371008.8,
    }).nearestSync([[48.2 + 0.001 * metre, 16.37]], { k: 1 })
    expect(distances[0]).toBeCloseTo(0.001, 8)
  })
})

describe('cosine', () => {
  test('is exact for small angles, and the same for rows of any length', () => {
    const model = NearestNeighbors.fitSync(
      [
        [1, 0],
        [0, 1],
        [-1, 0],
      ],
      { metric: 'cosine' },
    )
    const { distances, indices } = model.nearestSync(
      [
        [1, 1e-9],
        [7, 0],
        [1e300, 1e291],
        [1e-300, 0],
      ],
      { k: 3 },
    )
    expect(distances[0]).toBeCloseTo(5e-19, 30)
    expect([...indices.subarray(0, 3)]).toEqual([0, 1, 2])
    expect([...distances.subarray(3, 6)]).toEqual([0, 1, 2])
    expect(distances[6]).toBeCloseTo(5e-19, 30)
    expect(distances[9]).toBe(0)
  })

  test('refuses a row of zeros by its number', () => {
    expect(() =>
      NearestNeighbors.fitSync(
        [
          [1, 0],
          [0, 0],
        ],
        { metric: 'cosine' },
      ),
    ).toThrow(/row 1 of points/)
    const model = NearestNeighbors.fitSync(
      [
        [1, 0],
        [0, 1],
      ],
      { metric: 'cosine' },
    )
    expect(codeOf(() => model.nearestSync([[0, 0]], { k: 1 }))).toBe('E_ZERO_VECTOR')
    expect(() =>
      model.nearestSync(
        [
          [1, 1],
          [0, 0],
        ],
        { k: 1 },
      ),
    ).toThrow(/row 1 of queries/)
  })
})

describe('numbers of any size', () => {
  const random = new Random(9)
  const base = Array.from({ length: 90 }, () => [random.normal(), random.normal()])
  const metrics: NearestNeighborsOptions[] = [
    { metric: 'euclidean' },
    { metric: 'manhattan' },
    { metric: 'chebyshev' },
    { metric: 'minkowski', p: 3 },
    { metric: 'minkowski', p: 1.7 },
    { metric: 'minkowski', p: 60 },
    { metric: 'cosine' },
  ]
  for (const options of metrics) {
    for (const algorithm of ['flat', 'kdtree', 'balltree'] as const) {
      test(`${options.metric} ${options.p ?? ''} ${algorithm}: a power of two changes no digit`, () => {
        const plain = NearestNeighbors.fitSync(base, { ...options, algorithm }).nearestSync(undefined, {
          k: 4,
        })
        for (const exponent of [600, -600, 900, -900, 60, -60]) {
          const factor = 2 ** exponent
          const rows = base.map((row) => row.map((x) => x * factor))
          const model = NearestNeighbors.fitSync(rows, { ...options, algorithm })
          for (const found of [model.nearestSync(undefined, { k: 4 }), model.nearestSync(rows, { k: 5 })]) {
            const first = found.k === 5 ? 1 : 0
            rows.forEach((_, i) => {
              expect([...found.indices.subarray(i * found.k + first, (i + 1) * found.k)]).toEqual([
                ...plain.indices.subarray(i * 4, i * 4 + 4),
              ])
            })
            const scale = options.metric === 'cosine' ? 1 : factor
            if (options.p === 1.7) continue // powers by logarithms are good to a few units, not to the bit
            expect(found.distances[first]).toBe(plain.distances[0] * scale)
          }
        }
      })
    }
  }

  test('1e200 beside 1e-200: right at both ends', () => {
    const rows = [[1e200], [0], [3e-200], [1e-200], [2e200]]
    for (const algorithm of ['flat', 'kdtree', 'balltree'] as const) {
      const model = NearestNeighbors.fitSync(rows, { algorithm })
      expect([...model.nearestSync([[1.1e-200], [2e200], [5e-310]], { k: 3 }).indices]).toEqual([
        3, 1, 2, 4, 0, 1, 1, 3, 2,
      ])
      const { distances } = model.nearestSync([[0]], { k: 5 })
      expect(distances[0]).toBe(0)
      expect(distances[1]).toBe(1e-200)
      expect(distances[2]).toBe(3e-200)
      expect(distances[3]).toBe(1e200)
      const near = model.withinSync([[0]], { radius: 3e-200 })
      expect([...near.indices]).toEqual([1, 3, 2])
    }
  })

  test('queries beyond the points’ range, row by row', () => {
    const model = NearestNeighbors.fitSync([[0], [1], [2]])
    const { indices, distances } = model.nearestSync([[1e-310], [1.25], [1e300], [-1e-200]], { k: 2 })
    expect([...indices]).toEqual([0, 1, 1, 2, 0, 1, 0, 1])
    expect(distances[0]).toBe(1e-310)
    expect(distances[2]).toBe(0.25)
    expect(distances[4]).toBe(1e300)
    expect(distances[6]).toBe(1e-200)
    expect([...model.withinSync([[1e-310]], { radius: 1e-310 }).indices]).toEqual([0])
    expect([...model.withinSync([[1e-310]], { radius: 0.9e-310 }).indices]).toEqual([])
  })

  test('3e19 in float32; 1e-30 in float32', () => {
    const model = NearestNeighbors.fitSync(Matrix.of(Float32Array.of(3e19, -3e19, 1e-30, 0), 1))
    expect([...model.nearestSync([[0]], { k: 4 }).indices]).toEqual([3, 2, 0, 1])
    expect(model.nearestSync([[0]], { k: 4 }).distances[1]).toBe(Math.fround(1e-30))
  })

  test('differences that are no numbers are refused', () => {
    expect(codeOf(() => NearestNeighbors.fitSync([[1.7e308], [-1.7e308]]))).toBe('E_RANGE')
    expect(codeOf(() => NearestNeighbors.fitSync([[1]]).nearestSync([[1.7e308]], { k: 1 }))).toBe('E_RANGE')
    const squares = NearestNeighbors.fitSync([[1e200], [0]], { metric: 'sqeuclidean' })
    expect(codeOf(() => squares.nearestSync(undefined, { k: 1 }))).toBe('E_RANGE')
    expect(squares.nearestSync([[1]], { k: 1 }).indices[0]).toBe(1)
  })
})

describe('hostile inputs', () => {
  const points = [
    [0, 0],
    [1, 0],
    [0, 1],
    [5, 5],
  ]
  const model = NearestNeighbors.fitSync(points)

  test('points and queries', () => {
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      expect(
        codeOf(() =>
          NearestNeighbors.fitSync([
            [1, 2],
            [3, bad],
          ]),
        ),
      ).toBe('E_NONFINITE')
      expect(codeOf(() => model.nearestSync([[bad, 1]], { k: 1 }))).toBe('E_NONFINITE')
    }
    expect(codeOf(() => NearestNeighbors.fitSync([]))).toBe('E_EMPTY')
    expect(codeOf(() => NearestNeighbors.fitSync([[]]))).toBe('E_EMPTY')
    expect(codeOf(() => model.nearestSync([], { k: 1 }))).toBe('E_EMPTY')
    expect(codeOf(() => NearestNeighbors.fitSync([[1, 2], [3]]))).toBe('E_SHAPE')
    expect(codeOf(() => model.nearestSync([[1, 2, 3]], { k: 1 }))).toBe('E_SHAPE')
    for (const cell of ['7', null, undefined, 7n, true, new Date(), { valueOf: () => 7 }]) {
      expect(codeOf(() => NearestNeighbors.fitSync([[cell as never, 2]]))).toBe('E_TYPE')
    }
    for (const value of [null, 'points', 7, {}, new Map()]) {
      expect(codeOf(() => NearestNeighbors.fitSync(value as never))).toBe('E_TYPE')
    }
    expect(codeOf(() => model.nearestSync(null as never, { k: 1 }))).toBe('E_TYPE')
  })

  test('k', () => {
    for (const k of [0, -1, 1.5, Number.NaN, '3', 2 ** 32, null]) {
      expect(codeOf(() => model.nearestSync(points, { k: k as never }))).toBe('E_PARAM')
    }
    expect(codeOf(() => model.nearestSync(points, { k: 5 }))).toBe('E_K')
    expect(() => model.nearestSync(points, { k: 5 })).toThrow(/at most 4 .*got 5/)
    expect(model.nearestSync(points, { k: 4 }).indices.length).toBe(16)
    expect(() => model.nearestSync(undefined, { k: 4 })).toThrow(/at most 3 .*got 4/)
    expect(() => model.nearestSync(points, { k: 3, filter: [0, 1] })).toThrow(/at most 2 .*got 3/)
    expect(codeOf(() => model.nearestSync(points))).toBe('E_K') // the default of 5
    const one = NearestNeighbors.fitSync([[3]])
    expect([...one.nearestSync([[4]], { k: 1 }).distances]).toEqual([1])
    expect(codeOf(() => one.nearestSync(undefined, { k: 1 }))).toBe('E_K')
  })

  test('radius', () => {
    for (const radius of [-1, Number.NaN, '1', undefined]) {
      expect(codeOf(() => model.withinSync(points, { radius: radius as never }))).toBe('E_PARAM')
    }
    expect([...model.withinSync([[0, 0]], { radius: 1 }).indices]).toEqual([0, 1, 2])
    expect([...model.withinSync([[0, 0]], { radius: 0 }).indices]).toEqual([0])
    expect([...model.withinSync([[0, 0]], { radius: Number.POSITIVE_INFINITY }).indices]).toEqual([
      0, 1, 2, 3,
    ])
    expect([...model.withinSync(undefined, { radius: 1 }).offsets]).toEqual([0, 2, 3, 4, 4])
    // Inclusive also where squaring the radius would round it below the squared distance.
    const far = NearestNeighbors.fitSync([[0.1, 0.2]])
    const { distances } = far.nearestSync([[0.7, 0.3]], { k: 1 })
    expect(far.withinSync([[0.7, 0.3]], { radius: distances[0] }).indices.length).toBe(1)
    expect(far.withinSync([[0.7, 0.3]], { radius: distances[0] * (1 - 2 ** -53) }).indices.length).toBe(0)
  })

  test('options', () => {
    expect(codeOf(() => NearestNeighbors.fitSync(points, { metrik: 'euclidean' } as never))).toBe('E_PARAM')
    expect(codeOf(() => NearestNeighbors.fitSync(points, { metric: 'cityblock' as never }))).toBe('E_PARAM')
    expect(codeOf(() => NearestNeighbors.fitSync(points, { p: 3 }))).toBe('E_PARAM')
    expect(codeOf(() => NearestNeighbors.fitSync(points, { sphereRadius: 3 }))).toBe('E_PARAM')
    for (const p of [0, -1, Number.NaN, '2']) {
      expect(codeOf(() => NearestNeighbors.fitSync(points, { metric: 'minkowski', p: p as never }))).toBe(
        'E_PARAM',
      )
    }
    expect(codeOf(() => NearestNeighbors.fitSync(points, { leafSize: 0 }))).toBe('E_PARAM')
    expect(codeOf(() => NearestNeighbors.fitSync(points, { threads: 0 }))).toBe('E_PARAM')
    expect(codeOf(() => NearestNeighbors.fitSync(points, { signal: {} as never }))).toBe('E_TYPE')
    expect(codeOf(() => NearestNeighbors.fitSync(points, { onProgress: 3 as never }))).toBe('E_TYPE')
    expect(codeOf(() => NearestNeighbors.fitSync(points, { algorithm: 'kdtree', metric: 'haversine' }))).toBe(
      'E_PARAM',
    )
    expect(
      codeOf(() => NearestNeighbors.fitSync(points, { algorithm: 'balltree', metric: 'minkowski', p: 0.5 })),
    ).toBe('E_PARAM')
    expect(codeOf(() => NearestNeighbors.fitSync(points, 3 as never))).toBe('E_TYPE')
    expect(codeOf(() => model.nearestSync(points, { k: 1, filter: [4] }))).toBe('E_RANGE')
    expect(codeOf(() => model.nearestSync(points, { k: 1, filter: (() => 1) as never }))).toBe('E_TYPE')
    expect(codeOf(() => model.nearestSync(points, { k: 1, filter: {} as never }))).toBe('E_TYPE')
  })

  test('minkowski at p = 1, 2 and ∞ is manhattan, euclidean and chebyshev', () => {
    for (const [p, metric] of [
      [1, 'manhattan'],
      [2, 'euclidean'],
      [Number.POSITIVE_INFINITY, 'chebyshev'],
    ] as const) {
      const a = NearestNeighbors.fitSync(points, { metric: 'minkowski', p }).nearestSync(undefined, { k: 3 })
      expect(a).toEqual(NearestNeighbors.fitSync(points, { metric }).nearestSync(undefined, { k: 3 }))
    }
  })

  test('an own function is checked at each call, and cannot touch the rows', () => {
    for (const bad of [Number.NaN, -1, Number.POSITIVE_INFINITY]) {
      expect(
        codeOf(() => NearestNeighbors.fitSync(points, { metric: () => bad }).nearestSync(points, { k: 1 })),
      ).toBe('E_RANGE')
    }
    for (const bad of ['1', undefined, null, 1n]) {
      expect(
        codeOf(() =>
          NearestNeighbors.fitSync(points, { metric: () => bad as never }).nearestSync(points, { k: 1 }),
        ),
      ).toBe('E_TYPE')
    }
    const rude = NearestNeighbors.fitSync(points, {
      metric: (a, b) => {
        const distance = Math.abs(a[0] - b[0]) + Math.abs(a[1] - b[1])
        a.fill(99)
        b.fill(-99)
        return distance
      },
    })
    expect([...rude.nearestSync([[5, 5]], { k: 2 }).indices]).toEqual([3, 1])
    expect(rude.points.toArrays()).toEqual(points)
  })

  test('what the caller writes later changes nothing; nothing of the caller’s is written to', async () => {
    const values = Float64Array.of(0, 0, 1, 0, 0, 1, 5, 5)
    const matrix = Matrix.of(values, 2)
    const fitting = NearestNeighbors.fit(matrix)
    values.fill(7)
    const fitted = await fitting
    expect(fitted.points.toArrays()).toEqual(points)
    const asked = Float64Array.of(5, 4)
    const asking = fitted.nearest(Matrix.of(asked, 2), { k: 1 })
    asked.fill(0)
    expect([...(await asking).indices]).toEqual([3])
    const frozen = Object.freeze(points.map((row) => Object.freeze([...row])))
    expect(NearestNeighbors.fitSync(frozen).nearestSync(frozen, { k: 1 }).indices.length).toBe(4)
  })
})

describe('async', () => {
  const random = new Random(4)
  const points = Matrix.of(
    Float64Array.from({ length: 6000 * 20 }, () => random.normal()),
    20,
  )

  test('gives what the sync twin gives, and tells its progress', async () => {
    const told: number[] = []
    const model = await NearestNeighbors.fit(points, { algorithm: 'kdtree' })
    const sync = NearestNeighbors.fitSync(points, { algorithm: 'flat' })
    const queries = Matrix.of(points.values.slice(0, 20 * 300), 20)
    const found = await model.nearest(queries, {
      k: 3,
      threads: 2,
      onProgress: ({ done, total }) => {
        told.push(done)
        expect(total).toBe(300)
      },
    })
    expect(found).toEqual(sync.nearestSync(queries, { k: 3 }))
    expect(told.length).toBeGreaterThan(3)
    expect(told[told.length - 1]).toBe(300)
    expect(await model.within(queries, { radius: 4 })).toEqual(sync.withinSync(queries, { radius: 4 }))
  })

  test('an aborted signal stops it before and in the middle', async () => {
    const reason = new Error('enough')
    await expect(NearestNeighbors.fit(points, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    const model = NearestNeighbors.fitSync(points, { algorithm: 'flat' })
    await expect(model.nearest(points, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      name: 'AbortError',
    })
    for (const stop of [1, 3]) {
      const control = new AbortController()
      let stages = 0
      const asking = model.nearest(points, {
        signal: control.signal,
        onProgress: () => {
          stages++
          if (stages === stop) setTimeout(() => control.abort(), 0)
        },
      })
      await expect(asking).rejects.toMatchObject({ name: 'AbortError' })
      expect(stages).toBeLessThan(60)
    }
  })

  test('a full scan so long that one query takes many stages', async () => {
    const wide = Matrix.of(
      Float64Array.from({ length: 60000 * 100 }, () => random.uniform()),
      100,
    )
    const model = NearestNeighbors.fitSync(wide, { metric: 'manhattan' })
    const query = Matrix.of(wide.values.slice(100, 200), 100)
    let stages = 0
    const found = await model.nearest(query, { k: 3, onProgress: () => stages++ })
    expect(stages).toBeGreaterThan(1)
    expect(found.indices[0]).toBe(1)
    expect(found).toEqual(model.nearestSync(query, { k: 3 }))
    const near = await model.within(query, { radius: found.distances[2] })
    expect([...near.indices]).toEqual([...found.indices])
  })

  test('what onProgress throws is passed on', async () => {
    const model = NearestNeighbors.fitSync(points, { algorithm: 'flat' })
    const error = new Error('mine')
    const asking = model.nearest(undefined, {
      onProgress: () => {
        throw error
      },
    })
    await expect(asking).rejects.toBe(error)
  })
})

describe('distances that the caller has', () => {
  const random = new Random(6)
  const points = Array.from({ length: 40 }, () => [random.integer(6), random.integer(6)])
  const table = points.map((a) => points.map((b) => Math.hypot(a[0] - b[0], a[1] - b[1])))

  test('give the same neighbours as the points', () => {
    const model = NearestNeighbors.fitSync(table, { metric: 'precomputed' })
    const other = NearestNeighbors.fitSync(points)
    expect(model.nearestSync(undefined, { k: 6 }).indices).toEqual(
      other.nearestSync(undefined, { k: 6 }).indices,
    )
    const queries = [
      [1, 2],
      [3.5, 0],
    ]
    const distances = queries.map((a) => points.map((b) => Math.hypot(a[0] - b[0], a[1] - b[1])))
    expect(model.nearestSync(distances, { k: 6 }).indices).toEqual(
      other.nearestSync(queries, { k: 6 }).indices,
    )
    expect(NearestNeighbors.fromBytes(model.toBytes()).withinSync(distances, { radius: 2 })).toEqual(
      model.withinSync(distances, { radius: 2 }),
    )
  })

  test('refused where they are no distances', () => {
    expect(codeOf(() => NearestNeighbors.fitSync([[0, 1]], { metric: 'precomputed' }))).toBe('E_SHAPE')
    expect(
      codeOf(() =>
        NearestNeighbors.fitSync(
          [
            [0, -1],
            [1, 0],
          ],
          { metric: 'precomputed' },
        ),
      ),
    ).toBe('E_RANGE')
    for (const algorithm of ['kdtree', 'balltree'] as const) {
      expect(codeOf(() => NearestNeighbors.fitSync(table, { metric: 'precomputed', algorithm }))).toBe(
        'E_PARAM',
      )
    }
  })
})

describe('graph', () => {
  const model = NearestNeighbors.fitSync([[0], [1], [3], [10]])

  test('k nearest, directed, mutual, either way', async () => {
    const directed = model.graphSync({ k: 1 })
    expect([...directed.offsets]).toEqual([0, 1, 2, 3, 4])
    expect([...directed.indices]).toEqual([1, 0, 1, 2])
    expect([...directed.values]).toEqual([1, 1, 2, 7])
    const mutual = model.graphSync({ k: 1, symmetry: 'mutual' })
    expect([...mutual.offsets]).toEqual([0, 1, 2, 2, 2])
    const either = await model.graph({ k: 1, symmetry: 'either', values: 'connectivity' })
    expect([...either.offsets]).toEqual([0, 1, 3, 5, 6])
    expect([...either.indices]).toEqual([1, 0, 2, 1, 3, 2])
    expect([...either.values]).toEqual([1, 1, 1, 1, 1, 1])
  })

  test('within a radius', () => {
    const graph = model.graphSync({ radius: 2 })
    expect([...graph.offsets]).toEqual([0, 1, 3, 4, 4])
    expect([...graph.indices]).toEqual([1, 0, 2, 1])
  })

  test('refused', () => {
    expect(codeOf(() => model.graphSync({}))).toBe('E_PARAM')
    expect(codeOf(() => model.graphSync({ k: 1, radius: 1 }))).toBe('E_PARAM')
    expect(codeOf(() => model.graphSync({ k: 4 }))).toBe('E_K')
    expect(codeOf(() => model.graphSync({ k: 1, values: 'both' as never }))).toBe('E_PARAM')
  })
})

describe('tables', () => {
  const table = Table.fromRows([
    { height: 1.5, city: 'Graz' },
    { height: 1.9, city: 'Linz' },
    { height: 1.6, city: 'Graz' },
  ])

  test('an encoder is fitted and kept; queries are tables or encoded rows', () => {
    const model = NearestNeighbors.fitSync(table, { encoder: { columns: ['height', 'city'], scale: 'none' } })
    expect(model.encoder?.features).toEqual(['height', 'city=Graz', 'city=Linz'])
    const query = Table.fromRows([{ city: 'Graz', height: 1.58 }])
    expect([...model.nearestSync(query, { k: 2 }).indices]).toEqual([2, 0])
    const { encoder } = model
    if (encoder === undefined) throw new Error('a table makes an encoder')
    const rows = encoder.encoded([[1.58, 1, 0]])
    expect([...model.nearestSync(rows, { k: 2 }).indices]).toEqual([2, 0])
    expect([...model.nearestSync(encoder.encode(query).matrix, { k: 2 }).indices]).toEqual([2, 0])
    const loaded = NearestNeighbors.fromBytes(model.toBytes())
    expect([...loaded.nearestSync(query, { k: 2 }).indices]).toEqual([2, 0])
    // The encoder of the file has learnt the same.
    expect([...loaded.nearestSync(rows, { k: 2 }).indices]).toEqual([2, 0])
  })

  test('raw rows are not taken for encoded ones', () => {
    const model = NearestNeighbors.fitSync(Table.fromRows([{ a: 1 }, { a: 5 }, { a: 6 }]))
    for (const rows of [[[5]], [Float64Array.of(5)], Matrix.of(Float64Array.of(5), 1)]) {
      expect(codeOf(() => model.nearestSync(rows, { k: 1 }))).toBe('E_TYPE')
      expect(() => model.nearestSync(rows, { k: 1 })).toThrow(
        /NearestNeighbors.nearest: queries must be a Table, as the model was fitted on, with column "a", got .*encoder.encoded\(rows\)/,
      )
    }
    const other = Encoder.fit(Table.fromRows([{ a: 2 }, { a: 5 }]))
    expect(codeOf(() => model.nearestSync(other.encoded([[0]]), { k: 1 }))).toBe('E_TYPE')
    expect(codeOf(() => model.encoder?.encoded([[0, 1]]))).toBe('E_SHAPE')
  })

  test('a table for a model of numbers, an encoder for numbers: refused', () => {
    expect(codeOf(() => NearestNeighbors.fitSync([[1]]).nearestSync(table, { k: 1 }))).toBe('E_TYPE')
    expect(codeOf(() => NearestNeighbors.fitSync([[1]], { encoder: {} }))).toBe('E_PARAM')
  })

  test('a query with an empty cell has no answer', () => {
    const model = NearestNeighbors.fitSync(table, { encoder: { columns: ['height'], missing: 'drop' } })
    const holes = Table.fromRows([{ height: 1.6 }, { height: null }])
    expect(() => model.nearestSync(holes, { k: 1 })).toThrow(/row 1 of queries/)
  })
})

describe('saving', () => {
  const random = new Random(8)
  const points = Array.from({ length: 80 }, () => [random.uniform() * 90, random.uniform() * 180])
  const all: NearestNeighborsOptions[] = [
    {},
    { metric: 'sqeuclidean', algorithm: 'balltree', leafSize: 3 },
    { metric: 'manhattan', algorithm: 'flat' },
    { metric: 'chebyshev', algorithm: 'kdtree', leafSize: 1 },
    { metric: 'minkowski', p: 1.25 },
    { metric: 'minkowski', p: Number.POSITIVE_INFINITY },
    { metric: 'minkowski' },
    { metric: 'cosine' },
    { metric: 'hamming' },
    { metric: 'haversine', sphereRadius: 6371.0088 },
  ]
  test('every option comes back, and the bytes are the same again', () => {
    for (const options of all) {
      const model = NearestNeighbors.fitSync(points, options)
      const bytes = model.toBytes()
      const loaded = load(bytes)
      if (!(loaded instanceof NearestNeighbors)) throw new Error('not the model that was saved')
      expect(loaded.algorithm).toBe(model.algorithm)
      expect(loaded.nearestSync(undefined, { k: 4 })).toEqual(model.nearestSync(undefined, { k: 4 }))
      expect(loaded.toBytes()).toEqual(bytes)
    }
  })

  test('float32 stays float32', () => {
    const single = NearestNeighbors.fitSync(Matrix.of(Float32Array.of(1, 2, 3), 1))
    expect(NearestNeighbors.fromBytes(single.toBytes()).points.values).toEqual(Float32Array.of(1, 2, 3))
  })

  test('an own function cannot be saved; a changed bit is an error', () => {
    expect(codeOf(() => NearestNeighbors.fitSync(points, { metric: () => 1 }).toBytes())).toBe('E_PARAM')
    const bytes = NearestNeighbors.fitSync(points).toBytes()
    for (let at = 0; at < bytes.length; at += 13) {
      const harmed = bytes.slice()
      harmed[at] ^= 1
      expect(['E_MAGIC', 'E_CHECKSUM', 'E_VERSION']).toContain(codeOf(() => load(harmed)))
    }
    expect(codeOf(() => load(new Uint8Array(0)))).toBe('E_MAGIC')
  })
})
