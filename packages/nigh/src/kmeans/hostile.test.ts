import { describe, expect, test } from 'vitest'
import { made, plain } from '../../test/made-data.ts'
import { nearestCentroids } from '../../test/plain-lloyd.ts'
import { InputError, type InputErrorCode } from '../check.ts'
import { Matrix } from '../data/matrix.ts'
import { KMeans } from './kmeans.ts'

// Hostile input, one line each: what is wrong, the call, and the code, argument and words of the refusal.

const six = [[1], [2], [3], [10], [11], [12]]
const model = KMeans.fitSync(six, { k: 2 })
const broken = (value: unknown): number[][] => {
  const points = plain(made({ rows: 30, columns: 4, seed: 1 }))
  Reflect.set(points[17], 3, value)
  return points
}
const wide = (values: ArrayLike<number>): Matrix => Matrix.of(Float64Array.from(values), 1)

type Line = readonly [string, () => unknown, InputErrorCode, string, RegExp]
const lines: Line[] = [
  [
    'NaN at row 17, column 3',
    () => fit(broken(Number.NaN), { k: 2 }),
    'E_NONFINITE',
    'points',
    /row 17.*column 3|\[17\]\[3\]/,
  ],
  ['Infinity', () => fit(broken(Number.POSITIVE_INFINITY), { k: 2 }), 'E_NONFINITE', 'points', /Infinity/],
  ['-Infinity', () => fit(broken(Number.NEGATIVE_INFINITY), { k: 2 }), 'E_NONFINITE', 'points', /-Infinity/],
  [
    'NaN in a typed row',
    () => fit([Float32Array.of(1, Number.NaN)], { k: 1 }),
    'E_NONFINITE',
    'points',
    /NaN/,
  ],
  ['NaN in a query', () => model.predictSync([[Number.NaN]]), 'E_NONFINITE', 'points', /NaN/],
  ['NaN in init', () => fit(six, { k: 1, init: [[Number.NaN]] }), 'E_INIT', 'init', /NaN/],
  ['text', () => fit(broken('7'), { k: 2 }), 'E_TYPE', 'points', /"7"/],
  ['null', () => fit(broken(null), { k: 2 }), 'E_TYPE', 'points', /null/],
  ['undefined', () => fit(broken(undefined), { k: 2 }), 'E_TYPE', 'points', /undefined/],
  ['a bigint', () => fit(broken(7n), { k: 2 }), 'E_TYPE', 'points', /7n/],
  ['true', () => fit(broken(true), { k: 2 }), 'E_TYPE', 'points', /true/],
  ['a date', () => fit(broken(new Date(0)), { k: 2 }), 'E_TYPE', 'points', /Date/],
  ['valueOf', () => fit(broken({ valueOf: () => 7 }), { k: 2 }), 'E_TYPE', 'points', /object/],
  [
    'a hole',
    () => fit(unknown(Array.from({ length: 2 }, (_, i) => (i === 0 ? undefined : [1]))), { k: 1 }),
    'E_TYPE',
    'points',
    /row 0|undefined/,
  ],
  ['no rows', () => fit([], { k: 1 }), 'E_EMPTY', 'points', /row/],
  ['no columns', () => fit([[]], { k: 1 }), 'E_EMPTY', 'points', /column/],
  ['ragged rows', () => fit([[1, 2], [3]], { k: 1 }), 'E_SHAPE', 'points', /row 1 has 1.*2|2.*row 1.*1/],
  ['points of text', () => fit(unknown('points'), { k: 1 }), 'E_TYPE', 'points', /"points"/],
  ['points of null', () => fit(unknown(null), { k: 1 }), 'E_TYPE', 'points', /null/],
  ['no k', () => fit(six, unknown({})), 'E_K', 'k', /1 to 6 \(the number of rows\), got undefined/],
  ['k = 0', () => fit(six, { k: 0 }), 'E_K', 'k', /got 0/],
  ['k = -1', () => fit(six, { k: -1 }), 'E_K', 'k', /got -1/],
  ['k = 1.5', () => fit(six, { k: 1.5 }), 'E_K', 'k', /got 1.5/],
  ['k = NaN', () => fit(six, { k: Number.NaN }), 'E_K', 'k', /got NaN/],
  ['k = "3"', () => fit(six, unknown({ k: '3' })), 'E_K', 'k', /got "3"/],
  ['k = 2^32', () => fit(six, { k: 2 ** 32 }), 'E_K', 'k', /1 to 6.*got 4294967296/],
  ['k > n', () => fit(six, { k: 7 }), 'E_K', 'k', /1 to 6 \(the number of rows\), got 7/],
  ['no options', () => fit(six, unknown(undefined)), 'E_TYPE', 'options', /undefined/],
  ['a misspelt option', () => fit(six, unknown({ k: 2, ninit: 3 })), 'E_PARAM', 'ninit', /nInit/],
  ['nInit = 0', () => fit(six, { k: 2, nInit: 0 }), 'E_PARAM', 'nInit', /got 0/],
  [
    'nInit = 2 with given centroids',
    () => fit(six, { k: 1, nInit: 2, init: [[1]] }),
    'E_PARAM',
    'nInit',
    /got 2/,
  ],
  ['maxIterations = 0', () => fit(six, { k: 2, maxIterations: 0 }), 'E_PARAM', 'maxIterations', /got 0/],
  ['tolerance = -1', () => fit(six, { k: 2, tolerance: -1 }), 'E_PARAM', 'tolerance', /got -1/],
  ['tolerance = NaN', () => fit(six, { k: 2, tolerance: Number.NaN }), 'E_PARAM', 'tolerance', /got NaN/],
  [
    'tolerance = Infinity',
    () => fit(six, { k: 2, tolerance: Number.POSITIVE_INFINITY }),
    'E_PARAM',
    'tolerance',
    /Infinity/,
  ],
  ['seed = -1', () => fit(six, { k: 2, seed: -1 }), 'E_PARAM', 'seed', /got -1/],
  ['seed = 0.5', () => fit(six, { k: 2, seed: 0.5 }), 'E_PARAM', 'seed', /got 0.5/],
  ['threads = 0', () => fit(six, { k: 2, threads: 0 }), 'E_PARAM', 'threads', /1 to 256, got 0/],
  ['threads = 257', () => fit(six, { k: 2, threads: 257 }), 'E_PARAM', 'threads', /1 to 256, got 257/],
  ['unknown kernels', () => fit(six, unknown({ k: 2, kernels: 'gpu' })), 'E_PARAM', 'kernels', /"gpu"/],
  ['strict = 1', () => fit(six, unknown({ k: 2, strict: 1 })), 'E_TYPE', 'strict', /got 1/],
  ['an unknown init', () => fit(six, unknown({ k: 2, init: 'kmeans' })), 'E_PARAM', 'init', /k-means\+\+/],
  ['init of null', () => fit(six, unknown({ k: 2, init: null })), 'E_INIT', 'init', /null/],
  [
    'init of too few rows',
    () => fit(six, { k: 2, init: [[1]] }),
    'E_INIT',
    'init',
    /k = 2 rows of 1 column, got 1/,
  ],
  ['init of too many columns', () => fit(six, { k: 1, init: [[1, 2]] }), 'E_INIT', 'init', /got 1 of 2/],
  [
    'an init function that returns nothing',
    () => fit(six, unknown({ k: 1, init: () => undefined })),
    'E_INIT',
    'init',
    /undefined/,
  ],
  ['encoder without a table', () => fit(six, { k: 1, encoder: {} }), 'E_PARAM', 'encoder', /Table/],
  [
    'negative weights',
    () => fit(six, { k: 1, sampleWeight: [1, 1, -1, 1, 1, 1] }),
    'E_WEIGHTS',
    'sampleWeight',
    /row 2 is -1/,
  ],
  [
    'weights of NaN',
    () => fit(six, { k: 1, sampleWeight: [1, 1, 1, Number.NaN, 1, 1] }),
    'E_WEIGHTS',
    'sampleWeight',
    /row 3 is NaN/,
  ],
  [
    'infinite weights',
    () => fit(six, { k: 1, sampleWeight: [1, 1, 1, 1 / 0, 1, 1] }),
    'E_WEIGHTS',
    'sampleWeight',
    /Infinity/,
  ],
  [
    'weights of text',
    () => fit(six, unknown({ k: 1, sampleWeight: ['1', 1, 1, 1, 1, 1] })),
    'E_WEIGHTS',
    'sampleWeight',
    /"1"/,
  ],
  [
    'only zero weights',
    () => fit(six, { k: 1, sampleWeight: [0, 0, 0, 0, 0, 0] }),
    'E_WEIGHTS',
    'sampleWeight',
    /zeros/,
  ],
  [
    'too few weights',
    () => fit(six, { k: 1, sampleWeight: [1, 1] }),
    'E_WEIGHTS',
    'sampleWeight',
    /6 numbers.*got 2/,
  ],
  [
    'weights of a number',
    () => fit(six, unknown({ k: 1, sampleWeight: 3 })),
    'E_TYPE',
    'sampleWeight',
    /got 3/,
  ],
  ['numbers whose squares overflow', () => fit(wide([0, 1e200]), { k: 1 }), 'E_RANGE', 'points', /1e150/],
  [
    'the same in a row of weight 0',
    () => fit(wide([0, 1, 1e200]), { k: 2, sampleWeight: [1, 1, 0] }),
    'E_RANGE',
    'points',
    /1e150/,
  ],
  ['a query whose square overflows', () => model.predictSync(wide([1e200])), 'E_RANGE', 'points', /1e150/],
  [
    'given centroids whose squares overflow',
    () => fit(six, { k: 2, init: [[1], [1e200]] }),
    'E_INIT',
    'init',
    /1e150/,
  ],
  ['a query of too many columns', () => model.predictSync([[1, 2]]), 'E_SHAPE', 'points', /1 column,.*got 2/],
  ['a query of none', () => model.predictSync([]), 'E_EMPTY', 'points', /row/],
  ['bytes of something else', () => KMeans.fromBytes(new Uint8Array(100)), 'E_MAGIC', 'bytes', /model file/],
  ['bytes of text', () => KMeans.fromBytes(unknown('nigh')), 'E_TYPE', 'bytes', /"nigh"/],
]

/** A call that types would not allow. */
function unknown<T>(value: unknown): T {
  return value as T
}

const fit = KMeans.fitSync

function refusal(call: () => unknown): InputError {
  try {
    call()
  } catch (error) {
    if (error instanceof InputError) return error
    throw error
  }
  throw new Error('it was not refused')
}

describe('refused, with call, argument, rule and value', () => {
  test.each(lines)('%s', (_, call, code, param, words) => {
    const error = refusal(call)
    expect(error.message).toMatch(words)
    expect(error.message).toMatch(/^(KMeans(\.\w+)?|load): /)
    expect({ code: error.code, param: error.param }).toEqual({ code, param })
  })

  test.each(lines.slice(0, 2))('%s: the calls that answer later are refused alike', async (_, call, code) => {
    const error = refusal(call)
    await expect(KMeans.fit(broken(Number.NaN), { k: 2 })).rejects.toMatchObject({ code, param: error.param })
  })
})

describe('taken, and answered rightly', () => {
  test('float32 at 1e6, spread 1: every label by the definition', () => {
    const points = made({ rows: 500, columns: 3, seed: 2, double: false, offset: 1e6, kind: 'blobs' })
    const found = fit(points, { k: 5 })
    expect(Array.from(found.labels)).toEqual(nearestCentroids(points, found.centroids.values))
  })

  test.each([
    ['float32 of 3e19, whose squares leave float32', 3e19, false],
    ['float32 of 1e-30', 1e-30, false],
    ['float64 of 1e100', 1e100, true],
    ['float64 of 1e-200', 1e-200, true],
    ['float64 of 5e-300', 5e-300, true],
  ] as const)('%s: the clusters of the same data at size 1', (_, size, double) => {
    const rows = [0, 1, 2, 3, 20, 21, 22, 50, 51, 52]
    const values = rows.map((x) => x * size)
    const points = Matrix.of(double ? Float64Array.from(values) : Float32Array.from(values), 1)
    const found = fit(points, { k: 3, nInit: 10 })
    expect(Array.from(found.labels, (label) => found.labels.indexOf(label))).toEqual([
      0, 0, 0, 0, 4, 4, 4, 7, 7, 7,
    ])
    expect(found.inertia).toBeGreaterThanOrEqual(0)
    expect(found.inertia).toBeLessThan(Number.POSITIVE_INFINITY)
    expect(found.predictSync(points)).toEqual(found.labels)
    expect(Math.max(...found.transformSync(points).values)).toBeLessThan(53 * size)
  })

  test('a constant column, two equal columns, a column a million million times wider', () => {
    const points = plain(made({ rows: 100, columns: 2, seed: 3, kind: 'blobs' })).map(([x, y]) => [
      5,
      x,
      x,
      y * 1e12,
    ])
    const found = fit(points, { k: 4 })
    const matrix = Matrix.of(Float64Array.from(points.flat()), 4)
    expect(Array.from(found.labels)).toEqual(nearestCentroids(matrix, found.centroids.values))
    for (let c = 0; c < 4; c++) expect(found.centroids.values[c * 4]).toBe(5)
  })

  test('the corners of a square: rows between two centroids go to the smaller index', () => {
    const corners = [
      [0, 0],
      [0, 1],
      [1, 0],
      [1, 1],
    ]
    const found = fit(corners, {
      k: 2,
      init: [
        [0.5, 0],
        [0.5, 1],
      ],
    })
    expect(Array.from(found.labels)).toEqual([0, 1, 0, 1])
    expect(
      Array.from(
        found.predictSync([
          [0.5, 0.5],
          [9, 0.5],
        ]),
      ),
    ).toEqual([0, 0])
  })

  test('a weight of 1e300 beside weights of 1', () => {
    const found = fit(six, { k: 2, sampleWeight: [1e300, 1, 1, 1, 1, 1], init: [[1], [11]] })
    expect(found.labels[0]).toBe(0)
    // Weights of such different size leave the sums 20 bits a grid.
    expect(found.centroids.values[0]).toBeCloseTo(1, 10)
    expect(found.counts[0] / 1e300).toBeCloseTo(1, 10)
  })

  test('weight 0 for all rows of a cluster: the cluster is not there', () => {
    const found = fit(six, { k: 2, sampleWeight: [1, 1, 1, 0, 0, 0] })
    expect(Math.max(...found.centroids.values)).toBeLessThanOrEqual(3)
  })

  test('given centroids: equal ones, and one so far off that it starts empty', () => {
    for (const init of [
      [[1], [1]],
      [[1], [1e9]],
    ]) {
      const found = fit(six, { k: 2, init })
      expect(found.inertia).toBe(4)
      expect(Math.min(...found.counts)).toBe(3)
    }
  })
})
