import { KMeans, Matrix, NearestNeighbors } from 'nigh'
import { describe, expect, test } from 'vitest'
import { made, madeWeights, plain } from './made-data.ts'

// The built package, imported by name, with real threads.

/** Everything about a model that another fit must have too. */
function parts(model: KMeans): object {
  const { k, labels, centroids, counts, inertia, iterations, converged } = model
  return { k, labels, centroids: centroids.values, counts, inertia, iterations, converged }
}

function own(shape: Parameters<typeof made>[0]): Matrix {
  const { values, columns } = made(shape)
  return Matrix.of(values, columns)
}

describe('the same bits for any number of threads', () => {
  const cases = [
    { rows: 20_000, columns: 3, k: 20, kind: 'even', double: true, offset: 0 },
    { rows: 12_000, columns: 16, k: 40, kind: 'blobs', double: false, offset: 1e4 },
    { rows: 30_000, columns: 2, k: 7, kind: 'coarse', double: true, offset: 0 },
    { rows: 9_001, columns: 5, k: 130, kind: 'even', double: true, offset: 1.7e12 },
    { rows: 40_000, columns: 1, k: 3, kind: 'blobs', double: false, offset: 0 },
  ] as const
  test.each(cases)('$rows × $columns, k = $k, $kind at $offset', async (shape) => {
    const points = own({ ...shape, seed: shape.k })
    for (const sampleWeight of [undefined, madeWeights(shape.rows, 'whole', 1)]) {
      for (const init of ['k-means++', 'random'] as const) {
        const options = {
          k: shape.k,
          init,
          nInit: 2,
          maxIterations: 40,
          ...(sampleWeight && { sampleWeight }),
        }
        const want = parts(KMeans.fitSync(points, options))
        for (const threads of [1, 2, 3, 8]) {
          expect(parts(await KMeans.fit(points, { ...options, threads }))).toEqual(want)
        }
      }
    }
  })

  test('predict, transform and score', async () => {
    const points = own({ rows: 9_000, columns: 8, seed: 3, kind: 'blobs' })
    const model = KMeans.fitSync(points, { k: 20, nInit: 1, maxIterations: 5 })
    for (const threads of [1, 2, 3, 8]) {
      expect(await model.predict(points, { threads })).toEqual(model.labels)
      expect((await model.transform(points, { threads })).values).toEqual(model.transformSync(points).values)
      expect(await model.score(points, { threads })).toBe(model.scoreSync(points))
    }
  })

  test('one thread predicts in parts, between which others have their turn and an abort is heard', async () => {
    const points = own({ rows: 30_001, columns: 16, seed: 5, kind: 'blobs' })
    const model = KMeans.fitSync(points, { k: 60, nInit: 1, maxIterations: 3 })
    const one = { threads: 1 } as const
    for (const ask of ['predict', 'transform', 'score'] as const) {
      let turns = 0
      let asked = true
      const turn = (): void => {
        turns++
        if (asked) setImmediate(turn)
      }
      setImmediate(turn)
      const moved = Matrix.of(points.values.slice(), 16)
      const answer = model[ask](moved, one)
      moved.values.fill(1)
      expect(await answer).toEqual(model[`${ask}Sync`](points))
      asked = false
      expect(turns).toBeGreaterThan(3)
      const stop = new AbortController()
      const later = model[ask](points, { ...one, signal: stop.signal })
      setImmediate(() => stop.abort())
      await expect(later).rejects.toThrow(/abort/)
    }
  })

  test('nearest rows', async () => {
    const points = own({ rows: 3_000, columns: 4, seed: 4, kind: 'coarse' })
    const want = NearestNeighbors.fitSync(points).nearestSync(undefined, { k: 6 })
    for (const threads of [1, 2, 8]) {
      const search = await NearestNeighbors.fit(points, { threads })
      expect(await search.nearest(undefined, { k: 6 })).toEqual(want)
    }
  })
})

describe('while a fit runs', () => {
  const points = own({ rows: 60_000, columns: 16, seed: 6 })
  const long = { k: 100, nInit: 3 } as const

  test('the points may change: the answer is that of the points as they were', async () => {
    const few = own({ rows: 4000, columns: 8, seed: 4, kind: 'blobs' })
    const want = parts(KMeans.fitSync(few, { k: 40 }))
    for (const threads of [1, 2]) {
      const values = few.values.slice()
      const later = KMeans.fit(Matrix.of(values, 8), { k: 40, threads })
      values.fill(0)
      expect(parts(await later)).toEqual(want)
    }
  })

  test.each([1, 2])('an abort is answered with its reason, %i threads', async (threads) => {
    const before = AbortSignal.abort(new Error('not now'))
    await expect(KMeans.fit(points, { ...long, threads, signal: before })).rejects.toThrow('not now')
    const controller = new AbortController()
    const reason = { own: 'reason' }
    let asked = 0
    setTimeout(() => {
      asked = performance.now()
      controller.abort(reason)
    }, 300)
    const error = await KMeans.fit(points, { ...long, threads, signal: controller.signal }).then(
      () => 'it ended by itself',
      (thrown: unknown) => thrown,
    )
    expect(error).toBe(reason)
    // 50 ms is the promise on an idle machine; other tests run beside this one.
    expect(performance.now() - asked).toBeLessThan(threads === 1 ? 1000 : 250)
  })

  test('the default reason is an AbortError', async () => {
    const signal = AbortSignal.timeout(50)
    await expect(KMeans.fit(points, { ...long, signal })).rejects.toMatchObject({ name: 'TimeoutError' })
    const controller = new AbortController()
    const later = KMeans.fit(points, { ...long, signal: controller.signal })
    controller.abort()
    await expect(later).rejects.toMatchObject({ name: 'AbortError' })
  })

  test.each([1, 2])(
    'an error in onProgress goes to the caller, and the next fit is right, %i threads',
    async (threads) => {
      const error = new Error('from the callback')
      let heard = 0
      const later = KMeans.fit(points, {
        ...long,
        threads,
        onProgress: () => {
          heard++
          throw error
        },
      })
      await expect(later).rejects.toBe(error)
      expect(heard).toBe(1)
      const few = own({ rows: 3000, columns: 8, seed: 4, kind: 'blobs' })
      expect(parts(await KMeans.fit(few, { k: 40, threads }))).toEqual(parts(KMeans.fitSync(few, { k: 40 })))
    },
  )

  test('onProgress tells of every step, in order', async () => {
    const few = own({ rows: 20_000, columns: 4, seed: 8 })
    const heard: unknown[] = []
    const model = await KMeans.fit(few, {
      k: 20,
      nInit: 1,
      threads: 2,
      onProgress: (step) => heard.push(step),
    })
    const told = Array.from(
      KMeans.steps(few, { k: 20, nInit: 1 }),
      ({ start, iteration, phase, changed }) => ({
        start,
        iteration,
        phase,
        changed,
      }),
    )
    expect(heard).toEqual(told)
    expect(told.filter(({ phase }) => phase === 'assign').length).toBe(model.iterations)
  })

  test('many fits at once: each is answered rightly', async () => {
    const few = own({ rows: 8000, columns: 6, seed: 9, kind: 'blobs' })
    const later = Array.from({ length: 12 }, (_, i) =>
      KMeans.fit(few, { k: 25 + i, nInit: 1, threads: 1 + (i % 4) }),
    )
    const models = await Promise.all(later)
    for (const [i, model] of models.entries()) {
      expect(parts(model)).toEqual(parts(KMeans.fitSync(few, { k: 25 + i, nInit: 1 })))
    }
  })

  test('a fit inside onProgress of another', async () => {
    const few = own({ rows: 8000, columns: 6, seed: 9, kind: 'blobs' })
    const inner: Promise<KMeans>[] = []
    await KMeans.fit(few, {
      k: 30,
      nInit: 1,
      threads: 2,
      onProgress: () => {
        if (inner.length < 3) inner.push(KMeans.fit(few, { k: 30, nInit: 1, threads: 2 }))
      },
    })
    const want = parts(KMeans.fitSync(few, { k: 30, nInit: 1 }))
    for (const model of await Promise.all(inner)) expect(parts(model)).toEqual(want)
  })

  test('plain rows are taken too', async () => {
    const few = own({ rows: 3000, columns: 4, seed: 10 })
    expect(parts(await KMeans.fit(plain(few), { k: 100, nInit: 1, threads: 2 }))).toEqual(
      parts(KMeans.fitSync(few, { k: 100, nInit: 1 })),
    )
  })
})

describe('points in chunks whose source itself waits', () => {
  const points = own({ rows: 30_000, columns: 8, kind: 'blobs', double: false, offset: 0, seed: 22 })
  const options = { k: 5, nInit: 1, maxIterations: 4 }
  const want = parts(KMeans.fitSync(points, options))
  const others = { k: 5, nInit: 1, maxIterations: 1, threads: 2 }

  test('for fits and searches', async () => {
    const inner: KMeans[] = []
    const source = {
      async *chunks() {
        inner.push(await KMeans.fit(points, others))
        for (let from = 0; from < points.rows; from += 5000) {
          yield Matrix.of(points.values.slice(from * 8, (from + 5000) * 8), 8)
          if (from > 0 || inner.length !== 4) continue
          await NearestNeighbors.fitSync(points).nearest([points.row(0)], { k: 3, threads: 2 })
          await KMeans.fit({ chunks: () => [points] }, others)
        }
      },
    }
    expect(parts(await KMeans.fit(source, { ...options, threads: 3 }))).toEqual(want)
    for (const model of inner) expect(parts(model)).toEqual(parts(inner[0]))
  })

  test('for a fit that was begun while threads were still starting', async () => {
    let begun: Promise<KMeans> | null = null
    let passes = 0
    const source = {
      async *chunks() {
        if (passes++ > 0) await begun
        yield points
        if (passes > 1) return
        setImmediate(() => {
          begun = KMeans.fit(points, others)
        })
      },
    }
    expect(parts(await KMeans.fit(source, { ...options, threads: 12 }))).toEqual(want)
  })
})
