import { describe, expect, test } from 'vitest'
import { Matrix } from '../data/matrix.ts'
import { Table } from '../data/table.ts'
import { Random } from '../random.ts'
import { type ChooseKOptions, type ChosenK, type Clusters, chooseK, chooseKSync } from './choose-k.ts'
import { kneeOf } from './knee.ts'
import { hopkins, referenceFor } from './reference.ts'
import { replication } from './stability.ts'

const quick: ChooseKOptions = { references: 6, halvings: 3, nInit: 2 }
const choose = (points: number[][], options: ChooseKOptions = {}): ChosenK =>
  chooseKSync(points, { ...quick, ...options })

/** Rows round k centres on a grid, each `apart` from its neighbours, shared out evenly. */
function blobs(n: number, k: number, apart: number, seed = 1): number[][] {
  const random = new Random(seed)
  const side = Math.ceil(Math.sqrt(k))
  return Array.from({ length: n }, (_, i) => {
    const c = i % k
    return [(c % side) * apart + random.normal(), Math.floor(c / side) * apart + random.normal()]
  })
}

function uniform(n: number, d: number, seed: number): number[][] {
  const random = new Random(seed)
  return Array.from({ length: n }, () => Array.from({ length: d }, () => random.uniform()))
}

describe('chooseK', () => {
  test.each([2, 3, 5, 8])('finds %i clusters that are there, and is clear about it', (k) => {
    const found = choose(blobs(16 * k, k, 9), { nInit: 6, to: k + 2 })
    expect(found.k).toBe(k)
    expect(found.verdict).toBe('clear')
    expect(found.reasons[0]).toMatch(new RegExp(`criteria choose k = ${k}`))
    expect(found.table.map((row) => row.k)).toEqual(Array.from({ length: k + 2 }, (_, i) => i + 1))
    found.table.forEach((row, i) => {
      if (i > 0) expect(row.inertia).toBeLessThan(found.table[i - 1].inertia)
    })
  })

  test.each([1, 2, 3])('says so where there is one cluster only (seed %i)', (seed) => {
    const found = choose(blobs(100, 1, 0, seed), { to: 5 })
    expect(found.k).toBe(1)
    expect(found.verdict).toBe('no clear clusters')
    expect(found.reasons.length).toBeGreaterThan(1)
  })

  test.each([
    [1, 1],
    [2, 1],
    [2, 2],
    [5, 3],
  ])('says so for rows spread evenly over %i columns (seed %i)', (d, seed) => {
    expect(choose(uniform(100, d, seed), { to: 5 })).toMatchObject({ k: 1, verdict: 'no clear clusters' })
  })

  test('finds the same far from 0 and at other sizes', () => {
    const rows = blobs(90, 3, 10).map((row) => row.map((x) => Math.round(x * 64) / 64))
    const plain = choose(rows, { to: 5 })
    expect(plain.k).toBe(3)
    for (const change of [
      (x: number) => x + 2 ** 30,
      (x: number) => x * 2 ** 500,
      (x: number) => x * 2 ** -500,
    ]) {
      const found = choose(
        rows.map((row) => row.map(change)),
        { to: 5 },
      )
      expect(found.k).toBe(3)
      expect(found.verdict).toBe(plain.verdict)
    }
  })

  test.each([1, 2])('skewed amounts and rings have no clusters of their own (seed %i)', (seed) => {
    const random = new Random(seed)
    const amounts = Array.from({ length: 120 }, () => [
      -Math.log(1 - random.uniform()),
      -Math.log(1 - random.uniform()),
    ])
    expect(choose(amounts, { to: 6 }).verdict).toBe('no clear clusters')
    const ring = Array.from({ length: 150 }, () => {
      const turn = 2 * Math.PI * random.uniform()
      return [5 * Math.cos(turn) + random.normal() / 4, 5 * Math.sin(turn) + random.normal() / 4]
    })
    expect(choose(ring, { to: 8 }).verdict).toBe('no clear clusters')
  })

  test('small clusters beside a large one are told apart', () => {
    const random = new Random(5)
    const row = (x: number, y: number): number[] => [x + random.normal(), y + random.normal()]
    const rows = Array.from({ length: 150 }, (_, i) =>
      i < 110 ? row(0, 0) : i < 130 ? row(30, 0) : row(37, i % 2 === 0 ? 0 : 0.5),
    )
    expect(choose(rows, { to: 6, halvings: 6 }).k).toBe(3)
  })

  test('looks from a higher k up, and still knows of one cluster', () => {
    const found = choose(blobs(120, 3, 9), { from: 2, to: 4 })
    expect(found.table.map((row) => row.k)).toEqual([2, 3, 4])
    expect(found.k).toBe(3)
    expect(choose(uniform(150, 2, 4), { from: 2, to: 4 }).verdict).toBe('no clear clusters')
  })

  test('says where the largest k looked at is too small', () => {
    const found = choose(blobs(96, 8, 12), { to: 4 })
    expect(found.verdict).not.toBe('clear')
  })

  test('few different rows', () => {
    const same = choose(Array.from({ length: 20 }, () => [1, 2]))
    expect(same).toMatchObject({ k: 1, verdict: 'no clear clusters', reasons: ['All rows are equal.'] })
    const three = choose(Array.from({ length: 30 }, (_, i) => [(i % 3) ** 2, 0]))
    expect(three.k).toBe(3)
    expect(three.table.map((row) => row.k)).toEqual([1, 2, 3])
    expect(three.reasons.join(' ')).toMatch(/only 3 different values/)
  })

  test('large data are sampled, and the sample is stated', () => {
    const found = choose(blobs(3000, 3, 9), { sampleSize: 150, to: 4 })
    expect(found.rows).toBe(150)
    expect(found.k).toBe(3)
  })

  test('the same for the same seed, sync and async; progress; abort', async () => {
    const rows = blobs(60, 2, 8)
    const options = { ...quick, to: 3 }
    const seen: number[] = []
    const found = await chooseK(rows, {
      ...options,
      onProgress: ({ done, total }) => void seen.push(done / total),
    })
    expect(found).toEqual(choose(rows, { to: 3 }))
    expect(seen.length).toBe(3 * (1 + 6 + 3))
    expect(seen.at(-1)).toBe(1)
    const stop = new AbortController()
    await expect(
      chooseK(rows, { signal: stop.signal, onProgress: () => stop.abort() }),
    ).rejects.toMatchObject({ name: 'AbortError' })
  })

  test('a table is scaled first', () => {
    const rows = blobs(120, 3, 9).map(([x, y]) => ({ x, y: y * 1e6, noise: 5 }))
    const found = chooseKSync(Table.fromRows(rows), { ...quick, to: 5 })
    expect(found.k).toBe(3)
  })

  test('weights are copies, absence, or the odds of being looked at', () => {
    const rows = blobs(60, 2, 8)
    const sampleWeight = rows.map((_, i) => (i * 5) % 3)
    const copies = rows.flatMap((row, i) => Array.from({ length: sampleWeight[i] }, () => row))
    expect(choose(rows, { to: 3, sampleWeight })).toEqual(choose(copies, { to: 3 }))
    expect(choose(rows, { to: 3, sampleWeight, sampleSize: 30 })).toEqual(
      choose(copies, { to: 3, sampleSize: 30 }),
    )
    // Half of the rows are a third cluster that weighs next to nothing.
    const three = [...rows, ...blobs(60, 1, 0, 5).map(([x, y]) => [x + 40, y])]
    const light = three.map((_, i) => (i < 60 ? 0.75 : 0))
    expect(choose(three, { to: 4 }).k).toBe(3)
    expect(choose(three, { to: 4, sampleWeight: light })).toMatchObject({ k: 2, rows: 60 })
    expect(() => choose(rows, { sampleWeight: [1] })).toThrow(/60 numbers/)
  })

  test('refuses what cannot be looked at', () => {
    const rows = blobs(20, 2, 8)
    expect(() => choose(rows, { to: 11 })).toThrow(/to must be an integer from 1 to 10 \(half the rows/)
    expect(() => choose(rows, { from: 5, to: 4 })).toThrow(/from must be an integer from 1 to 4/)
    expect(() => choose(rows, { references: 1 })).toThrow(/references/)
    expect(() => choose([[1], [1], [2], [2], [1], [2]], { from: 3, to: 3 })).toThrow(
      /different rows \(2\), got 3/,
    )
    expect(() => choose([[1], [2], [3]])).toThrow(/at least 4 rows, got 3/)
    // @ts-expect-error no such box
    expect(() => choose(rows, { reference: 'sphere' })).toThrow(/reference must be one of/)
    // @ts-expect-error a misspelt option
    expect(() => choose(rows, { too: 3 })).toThrow(/no option "too"/)
  })
})

describe('kneeOf', () => {
  test('finds the corner, and none on a line', () => {
    const k = [1, 2, 3, 4, 5, 6, 7, 8]
    expect(kneeOf(k, [100, 60, 20, 18, 16, 14, 12, 10])).toMatchObject({ at: 2 })
    expect(kneeOf(k, [80, 70, 60, 50, 40, 30, 20, 10])).toBeNull()
    expect(kneeOf(k, [5, 5, 5, 5, 5, 5, 5, 5])).toBeNull()
    expect(kneeOf([1, 2], [5, 1])).toBeNull()
  })

  test('the published example: y = −1/(x + 0.1) + 5 bends at 0.222', () => {
    // Satopää et al. 2011, figure 2, turned upside down since ours falls.
    const x = Array.from({ length: 10 }, (_, i) => i / 9)
    const y = x.map((value) => 1 / (value + 0.1) - 5)
    expect(x[kneeOf(x, y)?.at ?? 0]).toBeCloseTo(0.222, 3)
  })
})

test('reference rows fill the box of the data, turned or not', () => {
  const random = new Random(3)
  const rows = Matrix.from(
    'test',
    'rows',
    Array.from({ length: 300 }, () => {
      const t = random.uniform() * 10
      return [1e6 + t, 1e6 + t + random.uniform()]
    }),
  )
  const box = referenceFor(rows, 'box')(new Random(0), 2000)
  const turned = referenceFor(rows, 'principal')(new Random(0), 2000)
  const range = (matrix: Matrix, j: number): number => {
    const column = Array.from({ length: matrix.rows }, (_, i) => matrix.row(i)[j])
    return Math.max(...column) - Math.min(...column)
  }
  expect(range(box, 0)).toBeCloseTo(10, 0)
  expect(range(box, 1)).toBeGreaterThan(10)
  expect(range(turned, 0)).toBeGreaterThan(13)
  expect(range(turned, 1)).toBeLessThan(1)
})

test('Hopkins: near a half for even rows, near 1 for clumps', () => {
  const even = Matrix.from('test', 'rows', uniform(1000, 1, 5))
  expect(hopkins(even, new Random(0))).toBeGreaterThan(0.35)
  expect(hopkins(even, new Random(0))).toBeLessThan(0.65)
  expect(hopkins(Matrix.from('test', 'rows', blobs(1000, 4, 30)), new Random(0))).toBeGreaterThan(0.95)
})

test('prediction strength is that of the cluster that fares worst', () => {
  const points = Matrix.from('test', 'rows', [[0], [1], [2], [10], [11], [12]])
  const at = (...centroids: number[]): Clusters => ({
    centroids: Matrix.from(
      'test',
      'centroids',
      centroids.map((c) => [c]),
    ),
    labels: Uint32Array.of(0, 0, 0, 1, 1, 1),
    inertia: 0,
  })
  expect(replication(points, at(1, 11), at(1, 11))).toEqual({ predictionStrength: 1, agreement: 1 })
  // Another half's centroids cut the second cluster in two: 1 pair of 3 stays together.
  const cut = replication(points, at(1, 11), at(1, 10, 11.5))
  expect(cut.predictionStrength).toBeCloseTo(1 / 3, 15)
})
