import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { made, madeWeights, plain, reordered, rowOf } from '../../test/made-data.ts'
import { inertiaOf, meansOf, nearestCentroids, plainLloyd } from '../../test/plain-lloyd.ts'
import { InputError } from '../check.ts'
import { Matrix } from '../data/matrix.ts'
import { Random } from '../random.ts'
import { KMeans } from './kmeans.ts'
import type { KMeansOptions } from './options.ts'

/** A data set and how to fit it. Coarse ones hold many equal rows and many ties. */
const fits = fc.record({
  rows: fc.integer({ min: 1, max: 60 }),
  columns: fc.integer({ min: 1, max: 6 }),
  k: fc.integer({ min: 1, max: 12 }),
  seed: fc.nat(),
  kind: fc.constantFrom('coarse' as const, 'blobs' as const, 'even' as const),
  double: fc.boolean(),
  offset: fc.constantFrom(0, -3, 1e4, 1e6),
  weights: fc.constantFrom('none' as const, 'whole' as const, 'fractional' as const),
  init: fc.constantFrom('k-means++' as const, 'random' as const),
  nInit: fc.integer({ min: 1, max: 3 }),
})
type Fit = typeof fits extends fc.Arbitrary<infer T> ? T : never

function setUp(fit: Fit): { points: Matrix; weights: Float64Array | null; options: KMeansOptions } {
  const points = made(fit)
  const weights = fit.weights === 'none' ? null : madeWeights(fit.rows, fit.weights, fit.seed)
  const { init, nInit, seed } = fit
  const k = Math.min(fit.k, fit.rows)
  return { points, weights, options: { k, init, nInit, seed, ...(weights && { sampleWeight: weights }) } }
}

/** Everything about a model that another fit must have too. */
function parts(model: KMeans): object {
  const { k, labels, centroids, counts, inertia, iterations, converged, warnings } = model
  const codes = warnings.map(({ code }) => code)
  return { k, labels, centroids: centroids.values, counts, inertia, iterations, converged, codes }
}

function distinct(points: Matrix, weights: ArrayLike<number> | null): number {
  const rows = plain(points).filter((_, i) => weights === null || weights[i] > 0)
  return new Set(rows.map((row) => row.map((x) => x + 0).join())).size
}

const RUNS = { numRuns: 150 }

describe('a model agrees with itself', () => {
  test('labels, centroids, counts and inertia, computed again', () => {
    fc.assert(
      fc.property(fits, (fit) => {
        const { points, weights, options } = setUp(fit)
        const model = KMeans.fitSync(points, options)
        const { columns } = points
        expect(model.converged).toBe(true)
        expect(model.k).toBe(Math.min(options.k, distinct(points, weights)))
        expect(model.centroids.rows).toBe(model.k)
        expect(Array.from(model.labels)).toEqual(nearestCentroids(points, model.centroids.values))
        expect(model.predictSync(points)).toEqual(model.labels)
        // Every centroid is the mean of its members, to the last bits of the column's range.
        const means = meansOf(points, model.labels, model.k, weights)
        for (let at = 0; at < means.length; at++) {
          expect(Math.abs(model.centroids.values[at] - means[at])).toBeLessThanOrEqual(
            1e-15 * (Math.abs(means[at]) + 20),
          )
        }
        const counts = new Float64Array(model.k)
        for (let i = 0; i < points.rows; i++) counts[model.labels[i]] += weights === null ? 1 : weights[i]
        for (let c = 0; c < model.k; c++) expect(model.counts[c]).toBeCloseTo(counts[c], 11)
        const inertia = inertiaOf(points, model.labels, model.centroids.values, weights)
        // Far below the square of the data's range, the grids of the sum end.
        expect(Math.abs(model.inertia - inertia)).toBeLessThanOrEqual(1e-13 * inertia + 1e-30)
        if (weights === null) expect(model.scoreSync(points)).toBe(-model.inertia)
        const distances = model.transformSync(points)
        for (let i = 0; i < points.rows; i++) {
          const own = Math.sqrt(
            inertiaOf(
              Matrix.of(Float64Array.from(rowOf(points, i)), columns),
              [model.labels[i]],
              model.centroids.values,
              null,
            ),
          )
          expect(distances.values[i * model.k + model.labels[i]]).toBe(own)
        }
      }),
      RUNS,
    )
  })

  test('inertia never rises from step to step, and the last step is the fit', () => {
    fc.assert(
      fc.property(fits, (fit) => {
        const { points, weights, options } = setUp(fit)
        const steps = KMeans.steps(points, { ...options, nInit: 1 })
        let before = Number.POSITIVE_INFINITY
        let relocated = false
        let last: { centroids: Matrix; labels: Uint32Array; inertia: number } | null = null
        for (;;) {
          const { done, value } = steps.next()
          if (done === true) {
            expect(parts(value)).toEqual(parts(KMeans.fitSync(points, { ...options, nInit: 1 })))
            if (last !== null && value.warnings.length === 0) {
              expect(last.labels).toEqual(value.labels)
              expect(last.centroids.values).toEqual(value.centroids.values)
              expect(last.inertia).toBe(weights === null ? value.inertia : last.inertia)
            }
            break
          }
          if (value.phase === 'seed') continue
          const { labels, centroids, inertia } = value
          const again = inertiaOf(points, labels, centroids.values, weights)
          // The inertia of a weighted step is in the weights' own unit.
          if (weights === null) expect(Math.abs(inertia - again)).toBeLessThanOrEqual(1e-13 * again + 1e-30)
          if (value.phase === 'update') {
            const held = new Set(labels)
            relocated ||= held.size < centroids.rows
          }
          expect(again).toBeLessThanOrEqual(before * (1 + 1e-12) + 1e-20)
          before = again
          last = value
        }
      }),
      RUNS,
    )
  })

  test('from the same start, plain Lloyd takes the same way', () => {
    let compared = 0
    for (let seed = 0; seed < 120; seed++) {
      const random = new Random(seed)
      const rows = 40 + random.integer(200)
      const columns = 1 + random.integer(9)
      const k = 2 + random.integer(20)
      const points = made({
        rows,
        columns,
        seed,
        double: seed % 2 === 0,
        kind: 'even',
        offset: seed % 3 === 0 ? 1e5 : 0,
      })
      const weights = seed % 5 === 0 ? madeWeights(rows, 'fractional', seed) : null
      const chosen = Array.from(random.permutation(rows).subarray(0, k)).filter(
        (i) => weights === null || weights[i] > 0,
      )
      const start = chosen.flatMap((row) => rowOf(points, row))
      let oracle: ReturnType<typeof plainLloyd>
      try {
        oracle = plainLloyd(points, start, weights)
      } catch {
        continue // a cluster ran empty: relocation is not the oracle's business
      }
      const model = KMeans.fitSync(points, {
        k: chosen.length,
        init: chosen.map((row) => rowOf(points, row)),
        ...(weights && { sampleWeight: weights }),
      })
      expect(Array.from(model.labels)).toEqual(oracle.labels)
      expect(model.iterations).toBe(oracle.iterations)
      expect(Math.abs(model.inertia - oracle.inertia)).toBeLessThanOrEqual(1e-12 * oracle.inertia)
      compared++
    }
    expect(compared).toBeGreaterThan(90)
  })
})

describe('weights and order', () => {
  test('a whole weight is as many copies, bit for bit', () => {
    fc.assert(
      fc.property(fits, (fit) => {
        const { points, options } = setUp({ ...fit, weights: 'none' })
        const random = new Random(fit.seed)
        const weights = Array.from({ length: fit.rows }, () => random.integer(4))
        weights[0] = 3
        const copies = weights.flatMap((weight, i) => Array.from({ length: weight }, () => i))
        const k = Math.min(options.k, copies.length)
        const weighted = KMeans.fitSync(points, { ...options, k, sampleWeight: weights })
        const copied = KMeans.fitSync(reordered(points, copies), { ...options, k })
        expect({ ...parts(weighted), labels: [] }).toEqual({
          ...parts(copied),
          labels: [],
        })
        expect(copied.labels).toEqual(Uint32Array.from(copies, (i) => weighted.labels[i]))
      }),
      RUNS,
    )
  })

  test('weight 0 is absence, wherever the row lies', () => {
    fc.assert(
      fc.property(fits, fc.constantFrom(1, 1e3, 1e100, 1e200), (fit, reach) => {
        const { points, options } = setUp({ ...fit, double: true, weights: 'none' })
        const random = new Random(fit.seed)
        const weights = Array.from({ length: fit.rows }, () => random.integer(2))
        weights[fit.rows - 1] = 1
        const values = Float64Array.from(points.values)
        for (let i = 0; i < fit.rows; i++) {
          if (weights[i] === 0) values[i * fit.columns] *= reach
        }
        const kept = weights.flatMap((weight, i) => (weight === 0 ? [] : [i]))
        const k = Math.min(options.k, kept.length)
        let weighted: KMeans
        try {
          weighted = KMeans.fitSync(Matrix.of(values, fit.columns), { ...options, k, sampleWeight: weights })
        } catch (error) {
          // Numbers whose squares overflow may be refused, even in absent rows.
          expect(error).toBeInstanceOf(InputError)
          expect(error).toMatchObject({ code: 'E_RANGE' })
          expect(reach).toBe(1e200)
          return
        }
        const without = KMeans.fitSync(reordered(points, kept), { ...options, k })
        expect({ ...parts(weighted), labels: [] }).toEqual({
          ...parts(without),
          labels: [],
        })
        if (reach < 1e200)
          expect(weighted.predictSync(Matrix.of(values, fit.columns))).toEqual(weighted.labels)
        expect(kept.map((i) => weighted.labels[i])).toEqual(Array.from(without.labels))
      }),
      RUNS,
    )
  })

  test('rows in another order: the same centroids to the bit, and labels move with their rows', () => {
    fc.assert(
      fc.property(fits, fc.nat(), (fit, shuffle) => {
        const { points, weights, options } = setUp(fit)
        const order = new Random(shuffle).permutation(fit.rows)
        const model = KMeans.fitSync(points, options)
        const moved = KMeans.fitSync(reordered(points, order), {
          ...options,
          ...(weights && { sampleWeight: Array.from(order, (row) => weights[row]) }),
        })
        expect({ ...parts(moved), labels: [] }).toEqual({ ...parts(model), labels: [] })
        expect(moved.labels).toEqual(Uint32Array.from(order, (row) => model.labels[row]))
      }),
      RUNS,
    )
  })

  test('weights times a power of two change counts and inertia by it, and nothing else', () => {
    fc.assert(
      fc.property(fits, fc.integer({ min: -40, max: 40 }), (fit, power) => {
        const { points, options } = setUp(fit)
        const weights = madeWeights(fit.rows, 'whole', fit.seed)
        const factor = 2 ** power
        const model = KMeans.fitSync(points, { ...options, sampleWeight: weights })
        const scaled = KMeans.fitSync(points, { ...options, sampleWeight: weights.map((w) => w * factor) })
        expect(scaled.labels).toEqual(model.labels)
        for (let c = 0; c < model.k; c++) expect(scaled.counts[c]).toBeCloseTo(model.counts[c] * factor, 6)
        expect(scaled.inertia / factor).toBeCloseTo(model.inertia, 6)
      }),
      { numRuns: 60 },
    )
  })
})

describe('scale and offset', () => {
  test('times a power of two: the same clusters, everything scaled exactly', () => {
    fc.assert(
      fc.property(fits, fc.integer({ min: -120, max: 120 }), (fit, power) => {
        const { points, options } = setUp({ ...fit, double: true, offset: 0 })
        const factor = 2 ** power
        const model = KMeans.fitSync(points, options)
        const scaled = KMeans.fitSync(
          Matrix.of(
            Float64Array.from(points.values, (x) => x * factor),
            fit.columns,
          ),
          options,
        )
        // Seeding draws by a hash of the rows' content, so only a given start is sure to go the same way.
        const init = plain(model.centroids)
        const again = KMeans.fitSync(points, { ...options, k: model.k, init, nInit: 1 })
        const scaledAgain = KMeans.fitSync(
          Matrix.of(
            Float64Array.from(points.values, (x) => x * factor),
            fit.columns,
          ),
          {
            ...options,
            k: model.k,
            init: init.map((row) => row.map((x) => x * factor)),
            nInit: 1,
          },
        )
        expect(scaled.k).toBe(model.k)
        expect(scaledAgain.labels).toEqual(again.labels)
        expect(scaledAgain.iterations).toBe(again.iterations)
        expect(scaledAgain.centroids.values).toEqual(again.centroids.values.map((x) => x * factor))
        expect(scaledAgain.inertia).toBe(again.inertia * factor * factor)
      }),
      RUNS,
    )
  })

  test.each([600, -250, -600])('times 2^%i, where squares leave float64', (power) => {
    const points = made({ rows: 90, columns: 3, seed: 4, kind: 'blobs' })
    const init = plain(points).slice(0, 4)
    const factor = 2 ** power
    const scaled = Matrix.of(
      Float64Array.from(points.values, (x) => x * factor),
      3,
    )
    const options = { k: 4, init: init.map((row) => row.map((x) => x * factor)) }
    if (power > 0) {
      expect(() => KMeans.fitSync(scaled, { k: 4 })).toThrow(expect.objectContaining({ code: 'E_RANGE' }))
      expect(() => KMeans.fitSync(scaled, options)).toThrow(expect.objectContaining({ code: 'E_INIT' }))
      return
    }
    const model = KMeans.fitSync(points, { k: 4, init })
    const small = KMeans.fitSync(scaled, options)
    expect(small.labels).toEqual(model.labels)
    expect(small.predictSync(scaled)).toEqual(model.labels)
    expect(small.centroids.values).toEqual(model.centroids.values.map((x) => x * factor))
    expect(small.inertia).toBe(model.inertia * factor * factor)
    const back = KMeans.fromBytes(small.toBytes())
    expect(back.predictSync(scaled)).toEqual(model.labels)
    const distances = model.transformSync(points).values
    expect(back.transformSync(scaled).values).toEqual(distances.map((x) => x * factor))
  })

  test('whole numbers moved by a whole number: the same clusters', () => {
    fc.assert(
      fc.property(fits, fc.integer({ min: -1e9, max: 1e9 }), (fit, by) => {
        const points = made({ ...fit, double: true, kind: 'coarse', offset: 0 })
        const start = Array.from(
          new Random(fit.seed).permutation(fit.rows).subarray(0, Math.min(fit.k, fit.rows)),
        )
        const init = start.map((row) => rowOf(points, row))
        const moved = Matrix.of(
          points.values.map((x) => x + by),
          fit.columns,
        )
        const movedInit = init.map((row) => row.map((x) => x + by))
        const first = (of: Matrix, from: number[][]) => {
          for (const step of KMeans.steps(of, { k: from.length, init: from }))
            if (step.phase === 'assign') return step
          throw new Error('a fit assigns')
        }
        // Means are rounded in their own place, and ties of rounded means may fall otherwise: ties of whole ones may not.
        expect(first(moved, movedInit).labels).toEqual(first(points, init).labels)
        expect(first(moved, movedInit).inertia).toBe(first(points, init).inertia)
      }),
      RUNS,
    )
  })
})

describe('edges', () => {
  test('one row, one column, one cluster', () => {
    const model = KMeans.fitSync([[7.25]], { k: 1 })
    expect(parts(model)).toMatchObject({ k: 1, inertia: 0, iterations: 2, converged: true })
    expect(Array.from(model.centroids.values)).toEqual([7.25])
    expect(Array.from(model.counts)).toEqual([1])
  })

  test('as many clusters as different rows: inertia 0, a cluster each', () => {
    fc.assert(
      fc.property(fits, (fit) => {
        const points = made({ ...fit, kind: 'even' })
        const k = distinct(points, null)
        const model = KMeans.fitSync(points, { k, init: fit.init, seed: fit.seed })
        expect(model.inertia).toBe(0)
        expect(new Set(model.labels).size).toBe(k)
        expect(model.warnings).toEqual([])
      }),
      { numRuns: 60 },
    )
  })

  test('1000 equal rows, k = 5: one cluster, a warning; with strict an error', () => {
    const points = Array.from({ length: 1000 }, () => [3, 1, 4])
    for (const init of ['k-means++', 'random'] as const) {
      const model = KMeans.fitSync(points, { k: 5, init })
      expect(model.k).toBe(1)
      expect(model.inertia).toBe(0)
      expect(model.iterations).toBeLessThanOrEqual(2)
      expect(new Set(model.labels)).toEqual(new Set([0]))
      expect(model.warnings).toEqual([
        {
          code: 'W_DISTINCT',
          message: 'KMeans.fitSync: k is 5, but there is only 1 different row, and so 1 cluster',
        },
      ])
      expect(() => KMeans.fitSync(points, { k: 5, init, strict: true })).toThrow(
        expect.objectContaining({ code: 'E_DISTINCT', param: 'k' }),
      )
    }
  })

  test('random starts take different rows, however often a row is there and whatever it weighs', () => {
    const points = Array.from({ length: 120 }, (_, i) => [i % 10 < 5 ? 0 : i % 6])
    const sampleWeight = points.map(([x]) => (x === 3 ? 1000 : 1))
    for (let seed = 0; seed < 20; seed++) {
      for (const init of ['random', 'k-means++'] as const) {
        let taken: number[] = []
        for (const step of KMeans.steps(points, { k: 6, init, seed, sampleWeight, nInit: 1 })) {
          if (step.phase === 'seed') taken = Array.from(step.centroids.values)
        }
        expect(taken.sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5])
      }
    }
  })

  test('more clusters than different rows: labels are compact', () => {
    fc.assert(
      fc.property(fits, (fit) => {
        const points = made({ ...fit, kind: 'coarse', columns: 1 + (fit.columns % 2) })
        const most = distinct(points, null)
        const model = KMeans.fitSync(points, {
          k: Math.min(fit.rows, most + 3),
          init: fit.init,
          seed: fit.seed,
        })
        expect(model.k).toBe(most)
        expect(Array.from(new Set(model.labels)).sort((a, b) => a - b)).toEqual(
          Array.from({ length: most }, (_, c) => c),
        )
        expect(model.inertia).toBe(0)
      }),
      RUNS,
    )
  })

  test('any given start ends: every cluster has a member', () => {
    fc.assert(
      fc.property(
        fits,
        fc.array(fc.array(fc.integer({ min: -4, max: 24 }), { minLength: 6, maxLength: 6 }), {
          minLength: 1,
          maxLength: 12,
        }),
        (fit, centres) => {
          const { points, weights, options } = setUp({ ...fit, offset: 0 })
          const init = centres.slice(0, fit.rows).map((row) => row.slice(0, fit.columns).map((x) => x / 2))
          const { sampleWeight } = options
          const model = KMeans.fitSync(points, {
            k: init.length,
            init,
            ...(sampleWeight && { sampleWeight }),
          })
          expect(model.converged).toBe(true)
          expect(model.iterations).toBeLessThan(200)
          expect(Math.min(...model.counts)).toBeGreaterThan(0)
          expect(model.k).toBe(Math.min(init.length, distinct(points, weights)))
          expect(Array.from(model.labels)).toEqual(nearestCentroids(points, model.centroids.values))
        },
      ),
      RUNS,
    )
  })

  test('queries of any size, beside centroids of any size, get the nearest by the definition', () => {
    for (let seed = 0; seed < 300; seed++) {
      const random = new Random(seed)
      const columns = 1 + random.integer(4)
      const k = 1 + random.integer(20)
      const size = (): number =>
        (random.uniform() - 0.5) *
        10 ** (random.integer(seed % 2 === 0 ? 200 : 6) - (seed % 2 === 0 ? 100 : 3))
      const centres = Float64Array.from({ length: k * columns }, size)
      const points = Matrix.of(centres, columns)
      const model = KMeans.fromParts({
        centroids: points,
        counts: new Float64Array(k).fill(1),
        inertia: 0,
        iterations: 1,
        converged: true,
      })
      const queries = Matrix.of(Float64Array.from({ length: 40 * columns }, size), columns)
      expect(Array.from(model.predictSync(queries))).toEqual(nearestCentroids(queries, centres))
      const narrow = Matrix.of(
        Float64Array.from({ length: 40 * columns }, () => random.uniform() * 1e-3),
        columns,
      )
      expect(Array.from(model.predictSync(narrow))).toEqual(nearestCentroids(narrow, centres))
      const single = Matrix.of(
        Float32Array.from({ length: 40 * columns }, () => random.uniform() * 1e6),
        columns,
      )
      expect(Array.from(model.predictSync(single))).toEqual(nearestCentroids(single, centres))
    }
  })

  test('stopped early: labels still belong to the returned centroids', () => {
    fc.assert(
      fc.property(
        fits,
        fc.integer({ min: 1, max: 4 }),
        fc.constantFrom(0, 0.1, 2),
        (fit, maxIterations, tolerance) => {
          const { points, options } = setUp(fit)
          const model = KMeans.fitSync(points, { ...options, maxIterations, tolerance })
          expect(model.iterations).toBeLessThanOrEqual(maxIterations)
          expect(model.predictSync(points)).toEqual(model.labels)
          expect(model.warnings.some(({ code }) => code === 'W_NOT_CONVERGED')).toBe(!model.converged)
        },
      ),
      RUNS,
    )
  })
})

describe('inputs and outputs', () => {
  test('inputs are never written to, and what is returned is not theirs', () => {
    for (const double of [true, false]) {
      const points = made({ rows: 200, columns: 5, seed: 1, double, kind: 'blobs' })
      const weights = madeWeights(200, 'fractional', 2)
      const init = plain(points).slice(0, 6)
      const before = structuredClone([points.values, weights, init])
      const model = KMeans.fitSync(points, { k: 6, init, sampleWeight: weights })
      model.predictSync(points)
      model.transformSync(points)
      model.scoreSync(points)
      expect([points.values, weights, init]).toEqual(before)
      init[0][0] = 99
      points.values[0] = 99
      expect(
        KMeans.fitSync(made({ rows: 200, columns: 5, seed: 1, double, kind: 'blobs' }), {
          k: 6,
          init: before[2] as number[][],
          sampleWeight: weights,
        }).centroids.values,
      ).toEqual(model.centroids.values)
    }
  })

  test('rows as arrays, typed rows and a matrix are one and the same', () => {
    const points = made({ rows: 60, columns: 3, seed: 6, kind: 'blobs' })
    const want = parts(KMeans.fitSync(points, { k: 4 }))
    expect(parts(KMeans.fitSync(plain(points), { k: 4 }))).toEqual(want)
    expect(
      parts(
        KMeans.fitSync(
          plain(points).map((row) => Float64Array.from(row)),
          { k: 4 },
        ),
      ),
    ).toEqual(want)
  })

  test('every option makes the round trip through bytes', () => {
    fc.assert(
      fc.property(
        fits,
        fc.integer({ min: 1, max: 30 }),
        fc.constantFrom(0, 1e-9, 0.5),
        fc.boolean(),
        (fit, maxIterations, tolerance, labels) => {
          const { points, options } = setUp(fit)
          const model = KMeans.fitSync(points, { ...options, maxIterations, tolerance })
          const bytes = model.toBytes({ labels })
          const back = KMeans.fromBytes(bytes)
          expect(parts(back)).toEqual(labels ? parts(model) : { ...parts(model), labels: new Uint32Array(0) })
          expect(back.toBytes({ labels })).toEqual(bytes)
          expect(back.predictSync(points)).toEqual(model.labels)
          // The file says how the model was fitted: another option, another file.
          const other = KMeans.fitSync(points, { ...options, maxIterations: maxIterations + 1, tolerance })
          expect(other.toBytes({ labels })).not.toEqual(bytes)
        },
      ),
      { numRuns: 60 },
    )
  })

  test('a model and what it holds cannot be exchanged', () => {
    const model = KMeans.fitSync([[1], [2], [9]], { k: 2 })
    expect(Object.isFrozen(model)).toBe(true)
    expect(Object.isFrozen(model.warnings)).toBe(true)
  })
})

test('centroids that are given are copied: what becomes of them later changes nothing', async () => {
  const points = made({ rows: 300, columns: 3, seed: 8, kind: 'blobs' })
  const init = Matrix.of(Float64Array.from(points.values.subarray(0, 12)), 3)
  const want = KMeans.fitSync(points, { k: 4, init })
  expect(init.values).toEqual(points.values.slice(0, 12))
  const later = KMeans.fit(points, { k: 4, init })
  init.values.fill(7)
  expect(parts(await later)).toEqual(parts(want))
})
