import { describe, expect, test } from 'vitest'
import { golden, rowsOf, type Source } from '../../fixtures/golden.ts'
import { made, plain } from '../../test/made-data.ts'
import { Encoder } from '../data/encoder.ts'
import { Matrix } from '../data/matrix.ts'
import { Table } from '../data/table.ts'
import { load } from '../files/load.ts'
import type { PointChunk, PointChunks } from '../kmeans/chunks.ts'
import { KMeans } from '../kmeans/kmeans.ts'
import { MiniBatchKMeans } from './minibatch-kmeans.ts'

interface Counted extends PointChunks {
  passes: number
}

/** Rows in chunks of these sizes, over and over. */
function cut(rows: number[][], sizes: readonly number[], later = false): Counted {
  const source = {
    passes: 0,
    *chunks(): Generator<PointChunk> {
      source.passes++
      for (let from = 0, i = 0; from < rows.length; i++) {
        const to = from + sizes[i % sizes.length]
        yield rows.slice(from, to)
        from = to
      }
    },
  }
  if (!later) return source
  return {
    get passes(): number {
      return source.passes
    },
    async *chunks() {
      yield* source.chunks()
    },
  }
}

function digits(): number[][] {
  const { cases } = golden<{ readonly name: string; readonly data: Source }>('estimators.json')
  return rowsOf(cases.filter(({ name }) => name === 'digits')[0].data)
}

/** Sorted, so that a fit that took rows as they come would see one part of the data after the other. */
const sorted = plain(made({ rows: 6000, columns: 3, seed: 5, kind: 'blobs' })).sort((a, b) => a[0] - b[0])

describe('MiniBatchKMeans of points in chunks', () => {
  test('the same, however the rows are cut, and wherever they come from', async () => {
    const options = { k: 4, batchSize: 200, seed: 3 }
    const whole = cut(sorted, [6000])
    const model = await MiniBatchKMeans.fit(whole, options)
    // Count, sample, batches, labels.
    expect(whole.passes).toBe(4)
    for (const sizes of [[1000], [1, 4999], [7, 333, 64]]) {
      const other = await MiniBatchKMeans.fit(cut(sorted, sizes, true), options)
      expect(other.centroids).toEqual(model.centroids)
      expect(other.labels).toEqual(model.labels)
      expect(Object.is(other.inertia, model.inertia)).toBe(true)
    }
    expect(model.predictSync(sorted)).toEqual(model.labels)
    expect(-model.scoreSync(sorted)).toBe(model.inertia)
    model.counts.forEach((count, c) => {
      expect(model.labels.filter((label) => label === c).length).toBe(count)
    })
    const back = load(model.toBytes())
    expect(back).toBeInstanceOf(MiniBatchKMeans)
  })

  test('as good as in memory, sorted or not', async () => {
    for (const [rows, k] of [
      [sorted, 5],
      [digits(), 10],
    ] as const) {
      const full = KMeans.fitSync(rows, { k, nInit: 5 })
      const model = await MiniBatchKMeans.fit(cut(rows, [500]), { k, batchSize: 512 })
      expect(model.converged).toBe(true)
      expect(model.inertia / full.inertia).toBeLessThan(1.07)
    }
  })

  test('more batches than fit in one pass: the same draws', async () => {
    // 20,000 columns × 8 bytes × 120 rows: three batches are gathered at a time.
    const values = Float32Array.from({ length: 120 * 20_000 }, (_, at) => {
      const row = Math.floor(at / 20_000)
      return (row % 2) * 5 + ((row * 31 + at) % 11)
    })
    const points = Matrix.of(values, 20_000)
    let passes = 0
    const source: PointChunks = {
      *chunks() {
        passes++
        yield points
      },
    }
    const init = [Array.from(points.row(0)), Array.from(points.row(1))]
    const model = await MiniBatchKMeans.fit(source, { k: 2, batchSize: 120, maxIterations: 4, init })
    expect(model.iterations).toBe(4)
    // Count, three batches, one more, labels.
    expect(passes).toBe(4)
    expect(model.labels.filter((label, i) => label !== model.labels[i % 2]).length).toBe(0)
  })

  test('weight n is n copies in place; weight 0 has no part but gets a label', async () => {
    const rows = sorted.filter((_, i) => i % 20 === 0)
    const weights = rows.map((_, i) => i % 3)
    const copies = rows.flatMap((row, i) => Array.from({ length: weights[i] }, () => row))
    const options = { k: 3, batchSize: 64 }
    const weighted = await MiniBatchKMeans.fit(cut(rows, [37]), { ...options, sampleWeight: weights })
    const copied = await MiniBatchKMeans.fit(cut(copies, [50]), options)
    expect(weighted.centroids).toEqual(copied.centroids)
    expect(weighted.counts).toEqual(copied.counts)
    expect(weighted.labels.length).toBe(rows.length)
    expect(weighted.predictSync(rows)).toEqual(weighted.labels)
    const light = await MiniBatchKMeans.fit(cut(rows, [37]), {
      ...options,
      sampleWeight: weights.map((weight) => weight * 2 ** -40),
    })
    expect(light.inertia / (weighted.inertia * 2 ** -40)).toBeCloseTo(1, 1)
  })

  test('few different rows among many: all of them are found', async () => {
    const rows = Array.from({ length: 20_000 }, (_, i) => [i === 777 ? 50 : i === 19_000 ? -90 : 1])
    const model = await MiniBatchKMeans.fit(cut(rows, [999]), { k: 3, batchSize: 32 })
    expect(model.k).toBe(3)
    expect(model.warnings).toEqual([])
    const fewer = await MiniBatchKMeans.fit(cut(rows, [999]), { k: 4, batchSize: 32 })
    expect(fewer.k).toBe(3)
    expect(fewer.warnings.map(({ code }) => code)).toEqual(['W_DISTINCT'])
  })

  test('tables, with an encoder fitted before', async () => {
    const rows = Array.from({ length: 90 }, (_, i) => ({
      size: i % 10 === 3 ? null : (i % 3) * 100 + (i % 7),
      kind: i % 3 === 0 ? 'a' : 'b',
    }))
    const table = Table.fromRows(rows)
    const encoder = Encoder.fit(table, { missing: 'drop' })
    const source: PointChunks = {
      *chunks() {
        for (let from = 0; from < 90; from += 30) yield Table.fromRows(rows.slice(from, from + 30))
      },
    }
    const model = await MiniBatchKMeans.fit(source, { k: 3, encoder })
    expect(model.encoder).toBe(encoder)
    expect(model.labels.length).toBe(81)
    expect(model.rows?.length).toBe(81)
    const kept = Array.from(model.rows ?? []).map((row) => rows[row])
    expect(model.predictSync(Table.fromRows(kept))).toEqual(model.labels)
    const later = await model.partialFit(source)
    expect(later.rows).toEqual(model.rows)
    expect(later.counts.reduce((a, b) => a + b, 0)).toBe(162)
    await expect(MiniBatchKMeans.fit(source, { k: 3 })).rejects.toMatchObject({ param: 'encoder' })
  })

  test('partialFit takes a batch at a time, as calls for each would', async () => {
    const first = await MiniBatchKMeans.fit(sorted.slice(0, 500), { k: 3, batchSize: 150, halfLife: 400 })
    const rows = sorted.slice(500, 1000)
    let calls = first
    for (let from = 0; from < 500; from += 150) calls = calls.partialFitSync(rows.slice(from, from + 150))
    const source = cut(rows, [11, 90])
    const model = await first.partialFit(source)
    expect(source.passes).toBe(3)
    expect(model.centroids).toEqual(calls.centroids)
    expect(model.counts).toEqual(calls.counts)
    expect(model.labels).toEqual(model.predictSync(rows))
    expect(-model.scoreSync(rows)).toBe(model.inertia)
    await expect(first.partialFit(cut([[1, 2]], [1]))).rejects.toMatchObject({ code: 'E_SHAPE' })
  })

  test('says how far it is, stops, and refuses rows that change', async () => {
    const seen: number[] = []
    await MiniBatchKMeans.fit(cut(sorted, [1000]), {
      k: 2,
      onProgress: ({ done, total }) => {
        expect(done).toBeLessThanOrEqual(total)
        seen.push(done)
      },
    })
    expect(seen).toEqual(seen.toSorted((a, b) => a - b))
    expect(seen.at(-1)).toBe(24_000)
    const stop = new AbortController()
    const stopped = MiniBatchKMeans.fit(cut(sorted, [10]), {
      k: 2,
      signal: stop.signal,
      onProgress: () => stop.abort(new Error('enough of it')),
    })
    await expect(stopped).rejects.toThrow('enough of it')
    let passes = 0
    const changing: PointChunks = {
      *chunks() {
        passes++
        yield Matrix.from('test', 'points', sorted.slice(0, passes === 1 ? 100 : 90))
      },
    }
    await expect(MiniBatchKMeans.fit(changing, { k: 2 })).rejects.toMatchObject({ code: 'E_MUTATED' })
    await expect(MiniBatchKMeans.fit(cut([], [1]), { k: 2 })).rejects.toMatchObject({ code: 'E_EMPTY' })
    await expect(MiniBatchKMeans.fit(cut([[1]], [1]), { k: 2 })).rejects.toMatchObject({ code: 'E_K' })
    await expect(MiniBatchKMeans.fit(cut([[1e200]], [1]), { k: 1 })).rejects.toMatchObject({
      code: 'E_RANGE',
    })
    await expect(
      MiniBatchKMeans.fit(cut([[1], [2]], [1]), { k: 1, sampleWeight: [1] }),
    ).rejects.toMatchObject({ code: 'E_WEIGHTS' })
  })
})
