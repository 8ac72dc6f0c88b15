import { describe, expect, test } from 'vitest'
import { Matrix } from '../data/matrix.ts'
import { euclidean } from '../metrics/euclidean.ts'
import { metricOf } from '../metrics/resolve.ts'
import { Random } from '../random.ts'
import { BallTree } from './balltree.ts'
import { FlatIndex } from './flat.ts'
import { selectSteps } from './halving.ts'
import { indexContract } from './index.contract.ts'
import { KdTree } from './kdtree.ts'
import { KernelIndex } from './kernel-index.ts'
import { Selection } from './selection.ts'
import type { Index } from './spatial-index.ts'

function built<T>(steps: Generator<number, T, void>): T {
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
  }
}

const kdTree = (points: Float64Array, width: number, leafSize = 16): Index => {
  if (euclidean.boxRank === undefined) throw new Error('the euclidean metric has boxes')
  return built(KdTree.build(points, width, euclidean, euclidean.boxRank, leafSize))
}
const ballTree = (points: Float64Array, width: number, leafSize = 16): Index =>
  built(BallTree.build(points, width, euclidean, Math.sqrt, leafSize))

indexContract('flat', (points, width, metric) => new FlatIndex(points, width, metric))
indexContract('kdtree', (points, width, metric, leafSize) =>
  metric.boxRank === undefined
    ? undefined
    : built(KdTree.build(points, width, metric, metric.boxRank, leafSize)),
)
indexContract('balltree', (points, width, metric, leafSize) =>
  metric.length === undefined
    ? undefined
    : built(BallTree.build(points, width, metric, metric.length, leafSize)),
)

for (const algorithm of ['flat', 'kdtree'] as const) {
  indexContract(`kernels, ${algorithm}`, (points, width, metric) =>
    metric.squared
      ? KernelIndex.build(
          Matrix.trusted(points, width),
          algorithm,
          () => new FlatIndex(points, width, metric),
        )
      : undefined,
  )
}

function uniform(rows: number, columns: number, seed = 1): Float64Array {
  const random = new Random(seed)
  return Float64Array.from({ length: rows * columns }, () => random.uniform())
}

/** Ranks computed for each row's k nearest others, a query. */
function work(index: Index, points: Float64Array, k: number, queries: number): number {
  const indices = new Uint32Array(queries * k)
  const ranks = new Float64Array(queries * k)
  return (
    index.nearest({ queries: points, from: 0, to: queries, k, self: true, live: undefined }, indices, ranks) /
    queries
  )
}

test('20,000 rows that tie: the plain tree takes over from the kernels, and answers the same', () => {
  // 0.1 is no float32, so that the kernels cannot tell from their boxes that all rows tie.
  const points = new Float64Array(20000 * 3).fill(0.1)
  const queries = new Float64Array(20000 * 3).fill(0.3)
  const plain = kdTree(points, 3)
  const index = KernelIndex.build(Matrix.trusted(points, 3), 'kdtree', () => plain)
  const ask = (one: Index, from: number, to: number): Uint32Array => {
    const indices = new Uint32Array((to - from) * 5)
    one.nearest(
      { queries, from, to, k: 5, self: false, live: undefined },
      indices,
      new Float64Array(indices.length),
    )
    return indices
  }
  if (index === undefined) throw new Error('the points fit in memory')
  expect(ask(index, 0, 3)).toEqual(ask(plain, 0, 3))
  expect(index.givenUp).toBe(true)
  expect(ask(index, 3, 2000)).toEqual(ask(plain, 3, 2000))
  const random = uniform(20000, 3)
  const other = KernelIndex.build(Matrix.trusted(random, 3), 'kdtree', () => plain)
  if (other === undefined) throw new Error('the points fit in memory')
  expect(work(other, random, 5, 100)).toBeLessThan(200)
  expect(other.givenUp).toBe(false)
})

describe('pruning, in ranks computed a query', () => {
  test('a kd-tree of 20,000 rows × 3 looks at under 200', () => {
    const points = uniform(20000, 3)
    expect(work(kdTree(points, 3), points, 5, 200)).toBeLessThan(200)
  })

  test('a ball-tree of 20,000 rows × 3 looks at under 500', () => {
    const points = uniform(20000, 3)
    expect(work(ballTree(points, 3), points, 5, 200)).toBeLessThan(500)
  })

  test('four times the rows cost far less than four times the work', () => {
    const small = uniform(5000, 2)
    const large = uniform(20000, 2)
    for (const make of [kdTree, ballTree]) {
      expect(work(make(large, 2), large, 5, 200)).toBeLessThan(1.5 * work(make(small, 2), small, 5, 200))
    }
  })

  test('equal rows, sorted rows and a constant column cost no full scan', () => {
    const n = 20000
    const equal = new Float64Array(n * 2).fill(3)
    const sorted = Float64Array.from({ length: n * 2 }, (_, at) => Math.floor(at / 2))
    const constant = Float64Array.from({ length: n * 2 }, (_, at) => (at % 2 === 0 ? 7 : at * 0.37))
    const two = Float64Array.from({ length: n * 2 }, (_, at) => Math.floor(at / 2) % 2)
    for (const points of [equal, sorted, constant, two]) {
      for (const make of [kdTree, ballTree]) expect(work(make(points, 2), points, 5, 100)).toBeLessThan(600)
    }
  })

  test('the haversine ball-tree prunes', () => {
    const metric = metricOf('test', { metric: 'haversine' }, 2)
    const random = new Random(3)
    const n = 20000
    const places = Float64Array.from({ length: n * 2 }, (_, at) =>
      at % 2 === 0 ? random.uniform() * 180 - 90 : random.uniform() * 360 - 180,
    )
    const points = new Float64Array(n * 3)
    metric.prepare({ call: 'test', param: 'points' }, places, 2, 0, n, points)
    if (metric.length === undefined) throw new Error('haversine has lengths')
    const tree = built(BallTree.build(points, 3, metric, metric.length, 16))
    expect(work(tree, points, 5, 200)).toBeLessThan(500)
  })
})

test('a tree of 300,000 equal rows is built without deep recursion and answers in row order', () => {
  const n = 300000
  const points = new Float64Array(n).fill(1)
  const indices = new Uint32Array(3)
  const ranks = new Float64Array(3)
  kdTree(points, 1, 1).nearest(
    { queries: points, from: 1, to: 2, k: 3, self: true, live: undefined },
    indices,
    ranks,
  )
  expect([...indices]).toEqual([0, 2, 3])
})

test('selection by key puts the smallest first, whatever the order and the repeats', () => {
  const random = new Random(5)
  for (let trial = 0; trial < 300; trial++) {
    const n = 1 + random.integer(60)
    const middle = random.integer(n + 1)
    const start = random.integer(3)
    const row = random.permutation(n + start)
    const key = Float64Array.from({ length: n + start }, () => random.integer(1 + random.integer(8)))
    const pairs = Array.from(row.subarray(start), (r, i) => ({ key: key[start + i], row: r }))
    pairs.sort((a, b) => a.key - b.key || a.row - b.row)
    for (const _work of selectSteps(key, row, start, start + n, start + middle)) continue
    expect(Array.from(row.subarray(start, start + middle)).sort()).toEqual(
      pairs
        .slice(0, middle)
        .map((p) => p.row)
        .sort(),
    )
  }
})

test('a selection holds the k best, list or heap', () => {
  const random = new Random(6)
  for (const k of [1, 2, 5, 48, 49, 130]) {
    const best = new Selection(k)
    for (let trial = 0; trial < 5; trial++) {
      best.clear()
      const n = k + random.integer(300)
      const all: { rank: number; row: number }[] = []
      for (const row of random.permutation(n)) {
        const rank = random.integer(20)
        all.push({ rank, row })
        if (best.admits(rank, row)) best.add(rank, row)
      }
      all.sort((a, b) => a.rank - b.rank || a.row - b.row)
      const rows = new Uint32Array(k)
      const ranks = new Float64Array(k)
      best.write(rows, ranks, 0)
      expect([...rows]).toEqual(all.slice(0, k).map((pair) => pair.row))
      expect([...ranks]).toEqual(all.slice(0, k).map((pair) => pair.rank))
    }
  }
})
