import { setFlagsFromString } from 'node:v8'
import { describe, expect, test } from 'vitest'
import { Matrix, type Reals } from '../data/matrix.ts'
import type { KernelSetName } from '../kernels/contract.ts'
import { Random } from '../random.ts'
import { workingUnit } from './near-unit.ts'
import { type NearAlgorithm, NearSearch, type Nearest } from './near.ts'

// Node 20 has relaxed SIMD behind this flag; it must be set before anything is compiled.
setFlagsFromString('--experimental-wasm-relaxed-simd')
const { availableKernels } = await import('../kernels/simd.ts')
const { makeDealingRunner: makeRunner } = await import('../../test/dealing-runner.ts')

const sets: readonly KernelSetName[] = ['scalar', 'simd', 'relaxed']
const algorithms: readonly NearAlgorithm[] = ['flat', 'kdtree']

/** The answer by the definition: every distance, sorted by (distance, row). Shares nothing with the kernels. */
function defined(points: Matrix, queries: Matrix | null, from: number, to: number, k: number): Nearest {
  const source = queries ?? points
  const indices: number[] = []
  const distancesSq: number[] = []
  for (let q = from; q < to; q++) {
    const found: { row: number; sq: number }[] = []
    for (let row = 0; row < points.rows; row++) {
      if (queries === null && row === q) continue
      let sq = 0
      for (let j = 0; j < points.columns; j++) {
        const t = source.values[q * points.columns + j] - points.values[row * points.columns + j]
        sq += t * t
      }
      found.push({ row, sq })
    }
    found.sort((a, b) => a.sq - b.sq || a.row - b.row)
    for (let i = 0; i < k; i++) {
      indices.push(found[i].row)
      distancesSq.push(found[i].sq)
    }
  }
  return { indices: Uint32Array.from(indices), distancesSq: Float64Array.from(distancesSq) }
}

interface Shape {
  readonly rows: number
  readonly columns: number
  readonly seed: number
  readonly double: boolean
  readonly offset?: number
  readonly spread?: number
  /** Rounds to whole numbers: ties abound. */
  readonly coarse?: boolean
}

function draw(shape: Shape): Matrix {
  const { rows, columns, seed, double, offset = 0, spread = 1, coarse = false } = shape
  const random = new Random(seed)
  const values: Reals = double ? new Float64Array(rows * columns) : new Float32Array(rows * columns)
  for (let at = 0; at < values.length; at++) {
    const x = random.normal() * spread
    values[at] = offset + (coarse ? Math.round(x) : x)
  }
  return Matrix.of(values, columns)
}

/** Asserts that a search agrees with the definition: k nearest of queries and of the points themselves. */
function agree(search: NearSearch, points: Matrix, queries: Matrix, k: number): void {
  expect(search.nearest(queries, 0, queries.rows, k)).toEqual(defined(points, queries, 0, queries.rows, k))
  if (k < points.rows) {
    const from = Math.floor(points.rows / 3)
    const to = Math.min(points.rows, from + 12)
    expect(search.nearest(null, from, to, k)).toEqual(defined(points, null, from, to, k))
  }
}

test('all kernel sets run here', () => {
  expect(availableKernels()).toEqual(['relaxed', 'simd', 'scalar'])
})

describe.each(algorithms)('%s', (algorithm) => {
  describe.each(sets)('%s', (set) => {
    test.each([1, 7, 8, 33, 200])('%i rows: the definition to the bit, ties to the smaller row', (rows) => {
      for (const double of [false, true]) {
        for (const columns of [1, 2, 3, 5, 8, 17, 33]) {
          for (const offset of [0, 1e4, 1e7, 1.7e12]) {
            for (const coarse of [true, false]) {
              const points = draw({ rows, columns, seed: rows + columns, double, offset, coarse })
              const queries = draw({ rows: 6, columns, seed: 1, double, offset, coarse })
              const search = NearSearch.build(makeRunner(set, 1 + (columns % 3)), points, algorithm)
              for (const k of new Set([1, Math.min(5, rows), rows])) agree(search, points, queries, k)
            }
          }
        }
      }
    })
  })

  test('points that are all equal, sorted, or few different ones', () => {
    const rows = 3000
    const equal = Matrix.of(new Float32Array(rows * 3).fill(0.1), 3)
    const sorted = Matrix.of(
      Float64Array.from({ length: rows * 3 }, (_, at) => Math.floor(at / 3)),
      3,
    )
    const few = Matrix.of(
      Float32Array.from({ length: rows * 3 }, (_, at) => (Math.floor(at / 3) * 7) % 5),
      3,
    )
    for (const points of [equal, sorted, few]) {
      const search = NearSearch.build(makeRunner('simd', 3), points, algorithm)
      for (const k of [1, 40, 700]) agree(search, points, Matrix.trusted(points.values.slice(0, 21), 3), k)
    }
  })

  test('k of all rows', () => {
    const points = draw({ rows: 3000, columns: 4, seed: 5, double: false })
    agree(
      NearSearch.build(makeRunner('simd', 2), points, algorithm),
      points,
      draw({ rows: 3, columns: 4, seed: 6, double: true }),
      3000,
    )
  })

  test.each([1e-90, 1e-30, 1e30, 1e90])('numbers around %f', (spread) => {
    const points = draw({ rows: 2500, columns: 4, seed: 7, double: true, spread })
    const search = NearSearch.build(makeRunner('simd', 2), points, algorithm)
    agree(search, points, draw({ rows: 9, columns: 4, seed: 8, double: true, spread }), 6)
    agree(search, points, draw({ rows: 9, columns: 4, seed: 8, double: true, spread: spread * 1e50 }), 6)
    agree(search, points, draw({ rows: 9, columns: 4, seed: 8, double: true, spread: spread / 1e50 }), 6)
  })

  test('a few points and queries far beyond the rest', () => {
    for (const reach of [5, 7, 9, 1e3, 1e8, 1e45, 1e120]) {
      const values = Float64Array.from(draw({ rows: 2500, columns: 6, seed: 9, double: true }).values)
      for (const row of [0, 17, 900, 901, 2499]) for (let j = 0; j < 6; j++) values[row * 6 + j] *= reach
      // Two of them side by side: the nearest of either is the other.
      for (let j = 0; j < 6; j++) values[901 * 6 + j] = values[900 * 6 + j] * 1.001
      const points = Matrix.of(values, 6)
      const search = NearSearch.build(makeRunner('simd', 2), points, algorithm)
      const queries = Float64Array.from(draw({ rows: 20, columns: 6, seed: 10, double: true }).values)
      for (let at = 60; at < 120; at++) queries[at] *= reach
      agree(search, points, Matrix.of(queries, 6), 8)
      expect(search.nearest(null, 895, 905, 8)).toEqual(defined(points, null, 895, 905, 8))
    }
  })

  test('clusters tighter than the working copy resolves', () => {
    for (const tight of [1e-3, 1e-6, 1e-9, 1e-12]) {
      const centres = draw({ rows: 20, columns: 5, seed: 11, double: true })
      const values = Float64Array.from(
        draw({ rows: 2000, columns: 5, seed: 12, double: true, spread: tight }).values,
      )
      for (let at = 0; at < values.length; at++)
        values[at] += centres.values[(Math.floor(at / 5) % 20) * 5 + (at % 5)]
      const points = Matrix.of(values, 5)
      const queries = Matrix.of(
        values.slice(0, 100).map((x, at) => x + tight * Math.sin(at)),
        5,
      )
      agree(NearSearch.build(makeRunner('simd', 2), points, algorithm), points, queries, 7)
    }
  })

  test.each(sets)('within a radius, %s', (set) => {
    for (const coarse of [true, false]) {
      for (const columns of [2, 19]) {
        const points = draw({ rows: 400, columns, seed: 13, double: !coarse, coarse })
        const queries = draw({ rows: 30, columns, seed: 14, double: true, coarse })
        const search = NearSearch.build(makeRunner(set, 3), points, algorithm)
        for (const limitSq of [0, 1, columns, 4 * columns, 1e9, Number.POSITIVE_INFINITY]) {
          for (const asked of [queries, null]) {
            const all = defined(points, asked, 0, 30, 399)
            const found = search.within(asked, 0, 30, limitSq)
            for (let q = 0; q < 30; q++) {
              const rows: number[] = []
              for (let i = q * 399; i < (q + 1) * 399; i++)
                if (all.distancesSq[i] <= limitSq) rows.push(all.indices[i])
              // `defined` was asked for 399 of 400 rows: the farthest is missing where all are within.
              const start = found.offsets[q]
              const end = Math.min(found.offsets[q + 1], start + 399)
              expect(found.indices.slice(start, end)).toEqual(Uint32Array.from(rows))
              const sqs = all.distancesSq.slice(q * 399, q * 399 + rows.length)
              expect(found.distancesSq.slice(start, end)).toEqual(sqs)
            }
          }
        }
      }
    }
  })
})

/** Distances computed for one query, on average: in the working copy, and by the definition. */
function workOf(
  points: Matrix,
  queries: Matrix,
  k: number,
  algorithm: NearAlgorithm,
): { work: number; exact: number } {
  const search = NearSearch.build(makeRunner('simd', 1), points, algorithm)
  search.nearest(queries, 0, queries.rows, k)
  const { work, exact } = search.work
  return { work: work / queries.rows, exact: exact / queries.rows }
}

/**
 * The worst case of the int16 bound, with a working unit of 1. All numbers lie just beyond the middle between two whole
 * numbers: the query's and the decoys' differences come out 0.98 too small in each of 16 columns, the nearest
 * point's 0.98 too large. Its rounded distance is then larger than the decoys' by 98.8 % of what the bound allows.
 */
test.each([
  { decoys: 1, others: 100, by: 'the k-th smallest score' },
  { decoys: 300, others: 1000, by: 'an exact distance' },
])('flat: the nearest point is found where rounding hides it best, bounded by $by', ({ decoys, others }) => {
  const columns = 16
  const rows: number[][] = []
  // Far rows on both sides fix the unit and the origin.
  for (let i = 0; i < others; i++) rows.push(Array<number>(columns).fill(i % 2 === 0 ? 3600 : -3600))
  const query = Array<number>(columns).fill(0.49)
  const decoy = query.map((x, j) => x - (j === 0 ? 100.98 : 99.98))
  for (let i = 0; i < decoys; i++) rows.push(decoy)
  const nearest = query.map((x) => x + 100.02)
  rows.push(nearest)
  const points = Matrix.from(
    'test',
    'points',
    rows.map((row) => Float64Array.from(row)),
  )
  const queries = Matrix.from('test', 'queries', [Float64Array.from(query)])
  const unit = workingUnit(points)
  expect(unit.scale).toBe(1)
  expect(unit.origin.every((x) => Number.isInteger(x))).toBe(true)
  const search = NearSearch.build(makeRunner('simd', 1), points, 'flat')
  expect(search.nearest(queries, 0, 1, 1).indices[0]).toBe(others + decoys)
  agree(search, points, queries, 1)
})

describe('flat: scores given up on the way', () => {
  // Rows of more panels than a run (64 of 8), columns beyond CUT_COLUMNS; clusters, so that there is much to give up.
  const clustered = (rows: number, columns: number, double: boolean, seed: number): Matrix => {
    const random = new Random(seed)
    const values = double ? new Float64Array(rows * columns) : new Float32Array(rows * columns)
    for (let i = 0; i < rows; i++) {
      const cluster = random.integer(12)
      for (let j = 0; j < columns; j++) {
        values[i * columns + j] =
          ((cluster * 7 + j * 5) % 13) * 3 + (i % 3 === 0 ? random.integer(2) : random.normal())
      }
    }
    return Matrix.of(values, columns)
  }
  test.each([47, 48, 49, 64, 131])('%i columns: the definition to the bit', (columns) => {
    for (const double of [false, true]) {
      const points = clustered(2600, columns, double, columns)
      // Some equal rows, and one too far to be packed.
      points.values.copyWithin(2000 * columns, 100 * columns, 160 * columns)
      points.values[2100 * columns] = 3e7
      const queries = clustered(7, columns, double, 2)
      queries.values.set(points.values.subarray(100 * columns, 102 * columns))
      queries.values[6 * columns] = 1e9
      // So far that its norm is no number; the definition's still is.
      if (double) queries.values[5 * columns + 1] = 1e154
      const near = defined(points, queries, 0, 6, 300)
      for (const [set, threads] of [
        ['simd', 1],
        ['simd', 3],
        ['relaxed', 2],
        ['scalar', 1],
      ] as const) {
        const search = NearSearch.build(makeRunner(set, threads), points, 'flat')
        for (const k of [1, 10, 70]) agree(search, points, queries, k)
        const limit = near.distancesSq[40]
        const within = search.within(queries, 0, 6, limit)
        for (let q = 0; q < 6; q++) {
          const from = q * 300
          const expected = near.distancesSq.subarray(from, from + 300).filter((sq) => sq <= limit)
          expect(within.distancesSq.subarray(within.offsets[q], within.offsets[q + 1])).toEqual(expected)
        }
      }
    }
  })

  test('neighbours that differ in the first columns only, where all of their distance lies before the place', () => {
    const random = new Random(9)
    const side = (rows: number): Matrix => {
      const values = new Float32Array(rows * 64)
      for (let at = 0; at < values.length; at++) {
        values[at] = at % 64 < 16 ? random.integer(40) : Math.floor(at / 64) % 2 === 0 ? 30 : -30
      }
      return Matrix.of(values, 64)
    }
    const points = side(3000)
    const queries = side(12)
    agree(NearSearch.build(makeRunner('simd', 1), points, 'flat'), points, queries, 10)
  })

  test('rows with nothing to give up', () => {
    const points = draw({ rows: 2000, columns: 96, seed: 3, double: false })
    const queries = draw({ rows: 9, columns: 96, seed: 4, double: false })
    agree(NearSearch.build(makeRunner('simd', 2), points, 'flat'), points, queries, 20)
  })
})

test('kdtree: a box that float32 cannot tell from a tie, whose rows are larger, still holds the nearest', () => {
  // ±2²³ and beyond: 0.001 off the middle does not show in float32, so the left half is gone through first.
  const values = Float32Array.from({ length: 128 }, (_, i) => (i < 64 ? -1 : 1) * (2 ** 23 + 2 * (i % 64)))
  const points = Matrix.of(values, 1)
  const search = NearSearch.build(makeRunner('simd', 1), points, 'kdtree')
  expect(search.nearest(Matrix.of(Float64Array.of(0.001), 1), 0, 1, 1).indices[0]).toBe(64)
  expect(search.nearest(Matrix.of(Float64Array.of(0), 1), 0, 1, 1).indices[0]).toBe(0)
})

describe('work', () => {
  test('flat: every point once in int16, by the definition hardly more than k', () => {
    for (const columns of [16, 64, 200]) {
      const points = draw({ rows: 4000, columns, seed: 15, double: false })
      const { work, exact } = workOf(points, draw({ rows: 50, columns, seed: 16, double: false }), 10, 'flat')
      expect(work).toBe(4000)
      expect(exact).toBeGreaterThanOrEqual(10)
      expect(exact).toBeLessThan(16)
    }
  })

  test('flat: an offset costs nothing', () => {
    for (const offset of [1e4, 1.7e12]) {
      const points = draw({ rows: 4000, columns: 20, seed: 17, double: true, offset })
      const { exact } = workOf(
        points,
        draw({ rows: 50, columns: 20, seed: 18, double: true, offset }),
        10,
        'flat',
      )
      expect(exact).toBeLessThan(16)
    }
  })

  test('kdtree: a vanishing share of the points, and that share vanishes as they grow in number', () => {
    for (const columns of [2, 3]) {
      const queries = draw({ rows: 100, columns, seed: 19, double: false })
      const few = workOf(draw({ rows: 4096, columns, seed: 20, double: false }), queries, 5, 'kdtree')
      const many = workOf(draw({ rows: 65536, columns, seed: 20, double: false }), queries, 5, 'kdtree')
      expect(few.work).toBeLessThan(300)
      expect(many.work).toBeLessThan(1.5 * few.work)
      expect(many.exact).toBeLessThan(40)
    }
  })

  test('kdtree: equal rows, and rows of few different numbers, are passed over', () => {
    const rows = 20000
    const equal = Matrix.of(new Float64Array(rows * 3).fill(0.1), 3)
    expect(workOf(equal, Matrix.of(equal.values.slice(0, 90), 3), 5, 'kdtree').work).toBeLessThan(rows / 10)
    const random = new Random(21)
    const coarse = Matrix.of(
      Float32Array.from({ length: rows * 3 }, () => random.integer(4)),
      3,
    )
    const between = Matrix.of(
      Float32Array.from({ length: 90 }, () => random.integer(4) + 0.5),
      3,
    )
    expect(workOf(coarse, between, 5, 'kdtree').exact).toBeLessThan(rows / 10)
  })

  test('flat: of rows equal to the query only the first few are looked at twice', () => {
    const equal = Matrix.of(new Float64Array(20000 * 20).fill(0.1), 20)
    expect(workOf(equal, Matrix.of(equal.values.slice(0, 600), 20), 5, 'flat').exact).toBeLessThan(300)
  })
})
