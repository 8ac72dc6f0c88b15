import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Encoder } from '../data/encoder.ts'
import { Matrix, type MatrixLike } from '../data/matrix.ts'
import { Table } from '../data/table.ts'
import { Random } from '../random.ts'
import type { PointChunks } from './chunks.ts'
import { fitChunks } from './fit-chunks.ts'
import { MiniBatchKMeans } from '../family/minibatch-kmeans.ts'
import { KMeans } from './kmeans.ts'
import type { KMeansOptions } from './options.ts'

/** Points cut into chunks of these sizes, over and over. */
function cut(points: Matrix, sizes: readonly number[], reach = false): PointChunks & { passes: number } {
  const source = {
    passes: 0,
    *chunks(): Generator<Matrix> {
      source.passes++
      for (let from = 0, i = 0; from < points.rows; i++) {
        const to = Math.min(points.rows, from + sizes[i % sizes.length])
        yield Matrix.of(points.values.slice(from * points.columns, to * points.columns), points.columns)
        from = to
      }
    },
    ...(reach
      ? {
          rows: (numbers: Uint32Array): MatrixLike => Array.from(numbers, (i) => points.row(i).slice()),
        }
      : {}),
  }
  return source
}

/** Numbers on a coarse grid, so that ties, duplicates and empty clusters abound, unless `fine`. */
function made(
  seed: number,
  rows: number,
  columns: number,
  { single = false, fine = false, offset = 0 } = {},
): Matrix {
  const random = new Random(seed)
  const values = Float64Array.from({ length: rows * columns }, (_, at) => {
    const centre = (Math.floor(at / columns) % 7) * 10
    return offset + centre + (fine ? random.uniform() * 4 : Math.floor(random.uniform() * 3))
  })
  return Matrix.of(single ? Float32Array.from(values) : values, columns)
}

/** The whole fit and the one in chunks, through windows of so many bytes, as bytes. */
async function both(
  points: Matrix,
  source: PointChunks,
  options: KMeansOptions,
  windowBytes = 1,
): Promise<void> {
  const whole = KMeans.fitSync(points, options)
  const { result } = await fitChunks('KMeans.fit', source, options, windowBytes)
  expect(result.iterations).toBe(whole.iterations)
  expect(result.converged).toBe(whole.converged)
  expect(
    Buffer.from(result.centroids.buffer).equals(
      Buffer.from(Float64Array.from(whole.centroids.values).buffer),
    ),
  ).toBe(true)
  expect(Object.is(result.inertia, whole.inertia)).toBe(true)
  expect(result.labels).toEqual(whole.labels)
  expect(result.counts).toEqual(whole.counts)
}

describe('a fit in chunks gives the bits of the whole fit', () => {
  const cases: readonly [string, Matrix, KMeansOptions][] = [
    ['float64', made(1, 1500, 3, { fine: true }), { k: 7 }],
    ['float32', made(2, 1500, 3, { fine: true, single: true }), { k: 7 }],
    ['far from 0', made(3, 1500, 4, { fine: true, offset: 1e7 }), { k: 9, nInit: 2 }],
    ['int16 kernels', made(4, 1200, 14, { fine: true, single: true }), { k: 20, nInit: 2, maxIterations: 8 }],
    ['many centroids', made(5, 1500, 40, { fine: true }), { k: 90, maxIterations: 8 }],
    ['more than eight candidates', made(6, 1300, 2, { fine: true }), { k: 1100, maxIterations: 3 }],
    ['duplicates and ties', made(7, 1000, 2), { k: 12, nInit: 3 }],
    ['fewer different rows than k', made(8, 900, 1), { k: 40 }],
    ['random rows', made(9, 1200, 2), { k: 6, init: 'random', nInit: 4 }],
    ['a limit on iterations', made(10, 2000, 5, { fine: true }), { k: 15, maxIterations: 2 }],
    ['a tolerance', made(11, 2000, 5, { fine: true }), { k: 15, tolerance: 0.2 }],
    [
      'tiny numbers',
      Matrix.of(
        made(12, 700, 2, { fine: true }).values.map((x) => x * 1e-200),
        2,
      ),
      { k: 5 },
    ],
    ['one row', Matrix.of(Float64Array.of(1, 2, 3), 3), { k: 1 }],
    ['identical rows', Matrix.of(new Float64Array(600).fill(3), 2), { k: 3 }],
  ]
  for (const [name, points, options] of cases) {
    it(name, async () => {
      await both(points, cut(points, [1, 300, 7, 256]), options)
      await both(points, cut(points, [1000], true), options, 1 << 14)
    })
  }

  it('given centroids that leave clusters empty', async () => {
    const points = made(13, 1000, 2)
    const init = [
      [0, 0],
      [500, 500],
      [-500, 7],
      [900, 900],
      [1, 1],
    ]
    await both(points, cut(points, [100]), { k: 5, init })
    const few = Matrix.from('test', 'points', [[0], [0], [1], [5], [5]])
    await both(few, cut(few, [2]), { k: 4, init: [[9], [10], [11], [12]] })
  })

  it('weights, whole, fractional and zero', async () => {
    const points = made(14, 1500, 3)
    const random = new Random(5)
    const whole = Float64Array.from({ length: 1500 }, () => Math.floor(random.uniform() * 4))
    const parts = Float64Array.from({ length: 1500 }, () => Math.max(0, random.uniform() * 3 - 0.5))
    for (const sampleWeight of [whole, parts]) {
      for (const init of ['k-means++', 'random'] as const) {
        await both(points, cut(points, [77]), { k: 8, init, nInit: 2, sampleWeight })
      }
    }
  })

  it('whatever the sizes of data, chunks and windows', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 900 }),
        fc.integer({ min: 1, max: 17 }),
        fc.integer({ min: 1, max: 25 }),
        fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 0, max: 1000 }),
        fc.boolean(),
        async (rows, columns, k, sizes, seed, single) => {
          const points = made(seed, rows, columns, { single, fine: seed % 2 === 0 })
          await both(
            points,
            cut(points, sizes, seed % 3 === 0),
            { k: Math.min(k, rows), seed, nInit: 1 },
            1 << (seed % 20),
          )
        },
      ),
      { numRuns: 25 },
    )
  })

  it('on threads', async () => {
    const points = made(15, 30_000, 8, { fine: true, single: true })
    const options = { k: 12, nInit: 1 }
    const whole = await KMeans.fit(points, options)
    const chunked = await KMeans.fit(cut(points, [5000]), { ...options, threads: 3 })
    expect(Buffer.from(chunked.toBytes()).equals(Buffer.from(whole.toBytes()))).toBe(true)
  })
})

describe('points in chunks', () => {
  it('are read a few times a centroid and once an iteration', async () => {
    const points = made(20, 1000, 2, { fine: true })
    const reachable = cut(points, [100], true)
    const model = await KMeans.fit(reachable, { k: 7, nInit: 1 })
    // Survey and hashes; two passes for each centroid but one for the first; assignments; inertia.
    expect(reachable.passes).toBeLessThanOrEqual(2 + 13 + model.iterations + 1)
    const streamed = cut(points, [100])
    await KMeans.fit(streamed, { k: 7, nInit: 1 })
    expect(streamed.passes).toBe(reachable.passes + 7)
  })

  it('may be tables, with a fitted encoder', async () => {
    const table = Table.of([
      {
        name: 'x',
        type: 'number',
        values: Float64Array.from({ length: 600 }, (_, i) => (i % 3) * 10 + (i % 7)),
      },
      {
        name: 'y',
        type: 'number',
        values: Float64Array.from({ length: 600 }, (_, i) => (i % 50 === 3 ? Number.NaN : i % 11)),
      },
    ])
    const encoder = Encoder.fit(table, { missing: 'drop' })
    const source: PointChunks = {
      *chunks() {
        for (let from = 0; from < 600; from += 53) {
          yield Table.of(
            table.columns.map(({ name, values }) => ({
              name,
              type: 'number' as const,
              values: Float64Array.from(values.slice(from, from + 53)),
            })),
          )
        }
      },
    }
    const sampleWeight = Float64Array.from({ length: 600 }, (_, i) => i % 4)
    const chunked = await KMeans.fit(source, { k: 3, encoder, sampleWeight })
    const whole = await KMeans.fit(table, { k: 3, encoder, sampleWeight })
    expect(Buffer.from(chunked.toBytes()).equals(Buffer.from(whole.toBytes()))).toBe(true)
    await expect(KMeans.fit(source, { k: 3 })).rejects.toThrow(
      /encoder must be a fitted Encoder where chunks are Tables/,
    )
    await expect(KMeans.fit(source, { k: 3, encoder: {} })).rejects.toThrow(
      /encoder must be a fitted Encoder/,
    )
  })

  const refused: readonly [string, PointChunks, KMeansOptions, string, RegExp][] = [
    ['no rows', { chunks: () => [] }, { k: 1 }, 'E_EMPTY', /points has no rows/],
    ['only empty chunks', { chunks: () => [[], []] }, { k: 1 }, 'E_EMPTY', /points has no rows/],
    [
      'another number of columns',
      { chunks: () => [[[1, 2]], [[1]]] },
      { k: 1 },
      'E_SHAPE',
      /must have 2 columns, as the first has, got 1/,
    ],
    ['NaN', { chunks: () => [[[1]], [[Number.NaN]]] }, { k: 1 }, 'E_NONFINITE', /row 0, column 0 is NaN/],
    [
      'k above the rows',
      { chunks: () => [[[1]], [[2]]] },
      { k: 3 },
      'E_K',
      /from 1 to 2 \(the number of rows\), got 3/,
    ],
    [
      'a function for init',
      { chunks: () => [[[1]]] },
      { k: 1, init: (p) => p },
      'E_INIT',
      /where points come in chunks, got a function/,
    ],
    [
      'too few weights',
      { chunks: () => [[[1]], [[2]]] },
      { k: 1, sampleWeight: [1] },
      'E_WEIGHTS',
      /must have 2 numbers/,
    ],
    [
      'numbers too large',
      { chunks: () => [[[1e200]], [[2]]] },
      { k: 1 },
      'E_RANGE',
      /between −1e150 and 1e150/,
    ],
    [
      'rows of another number',
      { chunks: () => [[[1], [2], [3]]], rows: () => [[1], [2], [3], [4]] },
      { k: 2 },
      'E_SHAPE',
      /points.rows must give the/,
    ],
  ]
  for (const [name, source, options, code, message] of refused) {
    it(`refuses ${name}`, async () => {
      const failure = await KMeans.fit(source, options).catch((error: unknown) => error)
      expect(failure).toMatchObject({ name: 'InputError', code })
      expect(String(failure)).toMatch(message)
    })
  }

  it('refuses rows that come and go between passes', async () => {
    for (const later of [
      [[1], [2]],
      [[1], [2], [3], [4]],
    ]) {
      let passes = 0
      const source = { chunks: () => [passes++ === 0 ? [[1], [2], [3]] : later] }
      await expect(KMeans.fit(source, { k: 2 })).rejects.toMatchObject({ code: 'E_MUTATED' })
    }
  })

  it('passes on what the source throws, and stops at an abort', async () => {
    const points = made(21, 60_000, 4, { fine: true })
    const broken: PointChunks = {
      *chunks() {
        yield points
        throw new Error('the disk is gone')
      },
    }
    await expect(KMeans.fit(broken, { k: 2 })).rejects.toThrow('the disk is gone')
    const controller = new AbortController()
    let chunks = 0
    const source: PointChunks = {
      *chunks() {
        for (let i = 0; i < 60; i++) {
          if (chunks++ === 200) controller.abort(new Error('enough'))
          yield Matrix.of(points.values.slice(i * 4000, i * 4000 + 4000), 4)
        }
      },
    }
    await expect(KMeans.fit(source, { k: 8, signal: controller.signal })).rejects.toThrow('enough')
    expect(chunks).toBeLessThan(205)
    // The members went home: the next fit on threads finds them.
    expect((await KMeans.fit(points, { k: 4, nInit: 1 })).k).toBe(4)
  })

  it('lets others have their turn, and hears them, where the source has all rows at hand', async () => {
    const points = made(22, 40_000, 4, { fine: true })
    let turns = 0
    const controller = new AbortController()
    const others = (): void => {
      if (++turns === 30) controller.abort(new Error('enough'))
      else setImmediate(others)
    }
    setImmediate(others)
    const window = 65_536
    await expect(
      fitChunks('KMeans.fit', cut(points, [1000]), { k: 9, signal: controller.signal }, window),
    ).rejects.toThrow('enough')
    expect(turns).toBe(30)
  })

  it('hears an abort while the source waits, in every pass, and lets the source close', async () => {
    const points = made(23, 900, 3, { fine: true })
    const never = new Promise<never>(() => {})
    for (const [kind, waitsAt] of [
      ['chunks', 1],
      ['chunks', 2],
      ['chunks', 4],
      ['rows', 1],
    ] as const) {
      for (const fit of [KMeans, MiniBatchKMeans]) {
        const controller = new AbortController()
        let [passes, asked] = [0, 0]
        const wait = (): Promise<never> => {
          setImmediate(() => controller.abort(new Error('enough')))
          return never
        }
        const source: PointChunks = {
          async *chunks() {
            if (kind === 'chunks' && ++passes === waitsAt) await wait()
            yield points
          },
          ...(fit === KMeans && {
            rows: (numbers) =>
              kind === 'rows' && ++asked === waitsAt
                ? wait()
                : Array.from(numbers, (number) => Array.from(points.row(number))),
          }),
        }
        if (kind === 'rows' && fit !== KMeans) continue
        await expect(fit.fit(source, { k: 4, signal: controller.signal })).rejects.toThrow('enough')
      }
    }
    let closed = 0
    const controller = new AbortController()
    const source: PointChunks = {
      async *chunks() {
        try {
          yield points
          await new Promise((resolve) => {
            setImmediate(() => {
              controller.abort(new Error('enough'))
              setImmediate(resolve)
            })
          })
          yield points
        } finally {
          closed++
        }
      },
    }
    await expect(KMeans.fit(source, { k: 4, signal: controller.signal })).rejects.toThrow('enough')
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
    expect(closed).toBe(1)
  })
})
