import { describe, expect, test } from 'vitest'
import { makeDealingRunner } from '../../test/dealing-runner.ts'
import { Matrix } from '../data/matrix.ts'
import { Random } from '../random.ts'
import { NearSearch } from './near.ts'

const rows = 16_400
const columns = 11

/** Rows around 30 centres, a few copies of others, some far out; whole numbers where `coarse`, for ties. */
function draw(seed: number, count: number, coarse: boolean, double: boolean): Matrix {
  const centres = new Random(7)
  const means = Float64Array.from({ length: 30 * columns }, () => centres.normal() * 30)
  const random = new Random(seed)
  const values = double ? new Float64Array(count * columns) : new Float32Array(count * columns)
  for (let i = 0; i < count; i++) {
    const mean = random.integer(30) * columns
    for (let j = 0; j < columns; j++) {
      const x = means[mean + j] + random.normal() * 1.5
      values[i * columns + j] = coarse ? Math.round(x) : x
    }
  }
  const copy = (from: number, to: number): void => {
    values.copyWithin(to * columns, from * columns, (from + 1) * columns)
  }
  for (let i = 0; i < count / 20; i++) copy(random.integer(count), random.integer(count))
  // One row in many places: more rows at distance 0 than are asked for.
  for (let i = 0; i < count / 100; i++) copy(5, random.integer(count))
  // Beyond what int16 holds beside the others.
  for (let i = 0; i < count / 4000; i++) values[random.integer(count) * columns] = 1e6
  return Matrix.of(values, columns)
}

/** The answer by the definition. */
function defined(
  points: Matrix,
  queries: Matrix,
  query: number,
  self: boolean,
): { row: number; sq: number }[] {
  const found: { row: number; sq: number }[] = []
  for (let row = 0; row < points.rows; row++) {
    if (self && row === query) continue
    let sq = 0
    for (let j = 0; j < columns; j++) {
      const t = queries.values[query * columns + j] - points.values[row * columns + j]
      sq += t * t
    }
    found.push({ row, sq })
  }
  return found.sort((a, b) => a.sq - b.sq || a.row - b.row)
}

describe.each([
  { coarse: false, double: false },
  { coarse: true, double: false },
  { coarse: false, double: true },
  { coarse: true, double: true },
])('clusters, $coarse, $double', ({ coarse, double }) => {
  const points = draw(1, rows, coarse, double)
  const queries = draw(2, 41, coarse, double)
  // Copies of rows, one of them in many places, and one that cannot be packed.
  for (const [query, row] of [
    [0, 5],
    [3, 12_000],
    [4, 5],
  ]) {
    queries.values.set(points.values.subarray(row * columns, (row + 1) * columns), query * columns)
  }
  queries.values[7 * columns] = 1e7
  const expected = Array.from({ length: queries.rows }, (_, i) => defined(points, queries, i, false))

  test.each([1, 2, 3])('%i threads: the answers of the definition', (threads) => {
    const search = NearSearch.build(makeDealingRunner('simd', threads), points, 'flat')
    expect(search.share).toBeLessThan(0.5)
    // One query, a few (sliced), many; more neighbours than a cell has rows.
    for (const [from, to, k] of [
      [0, 1, 1],
      [3, 4, 12],
      [0, 3, 40],
      [6, 11, 7],
      [0, 41, 10],
      [0, 41, 1],
      [38, 41, 3000],
    ]) {
      const { indices, distancesSq } = search.nearest(queries, from, to, k)
      for (let q = from; q < to; q++) {
        const near = expected[q].slice(0, k)
        expect(Array.from(indices.subarray((q - from) * k, (q - from + 1) * k))).toEqual(
          near.map(({ row }) => row),
        )
        expect(Array.from(distancesSq.subarray((q - from) * k, (q - from + 1) * k))).toEqual(
          near.map(({ sq }) => sq),
        )
      }
    }
  })

  test('rows among themselves', () => {
    const search = NearSearch.build(makeDealingRunner('simd', 2), points, 'flat')
    const { indices, distancesSq } = search.nearest(null, 4, 30, 6)
    for (let q = 4; q < 30; q++) {
      const near = defined(points, points, q, true).slice(0, 6)
      expect(Array.from(indices.subarray((q - 4) * 6, (q - 3) * 6))).toEqual(near.map(({ row }) => row))
      expect(Array.from(distancesSq.subarray((q - 4) * 6, (q - 3) * 6))).toEqual(near.map(({ sq }) => sq))
    }
  })

  test('within: the same rows, at the limit too', () => {
    const search = NearSearch.build(makeDealingRunner('simd', 2), points, 'flat')
    for (const rank of [0, 30, 900]) {
      const limit = expected[9][rank].sq
      const { offsets, indices } = search.within(queries, 0, queries.rows, limit)
      for (let q = 0; q < queries.rows; q++) {
        const near = expected[q].filter(({ sq }) => sq <= limit)
        expect(Array.from(indices.subarray(offsets[q], offsets[q + 1]))).toEqual(near.map(({ row }) => row))
      }
    }
  })

  test('most rows are never looked at', () => {
    const search = NearSearch.build(makeDealingRunner('simd', 1), points, 'flat')
    const many = draw(3, 400, coarse, double)
    search.nearest(many, 0, 400, 5)
    const { work, exact } = search.work
    expect(work).toBeLessThan(0.2 * 400 * rows)
    expect(work).toBeGreaterThan(400 * 5)
    expect(exact).toBeLessThan(0.05 * 400 * rows)
  })
})

test('uniform rows stay in their own order', () => {
  const random = new Random(4)
  const values = Float32Array.from({ length: 16_400 * 24 }, () => random.integer(1 << 20) / 2 ** 20)
  const search = NearSearch.build(makeDealingRunner('simd', 1), Matrix.of(values, 24), 'flat')
  expect(search.share).toBe(1)
})

test('rows that are nearly all equal', () => {
  const values = new Float32Array(20_000 * 9).fill(3)
  for (let i = 0; i < 50; i++) values[i * 397 * 9] = i
  const points = Matrix.of(values, 9)
  const search = NearSearch.build(makeDealingRunner('simd', 2), points, 'flat')
  const { indices } = search.nearest(
    Matrix.of(
      Float32Array.from({ length: 9 }, () => 3),
      9,
    ),
    0,
    1,
    20,
  )
  const equal = Array.from({ length: 20_000 }, (_, i) => i).filter((i) => values[i * 9] === 3)
  expect(Array.from(indices)).toEqual(equal.slice(0, 20))
})
