import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { golden } from '../../fixtures/golden.ts'
import { NeighborDistance } from '../anomaly/neighbor-distance.ts'
import { LocalOutlierFactor } from '../anomaly/local-outlier-factor.ts'
import { type Cell, Table } from '../data/table.ts'
import { load } from '../files/load.ts'
import { KNNClassifier } from '../knn/classifier.ts'
import { NearestNeighbors } from '../knn/nearest-neighbors.ts'
import { KNNRegressor } from '../knn/regressor.ts'
import { buildSearch, searchPoints } from '../knn/search-steps.ts'
import { runHere } from '../indexes/steps.ts'
import { KMedoids } from '../family/kmedoids.ts'
import { Random } from '../random.ts'

type Row = Readonly<Record<string, Cell>>

/** Gower's distance by its definition, from cells: over the columns that both rows have; 1 where there are none. */
function gower(a: Row, b: Row, ranges: Readonly<Record<string, number>>, names: readonly string[]): number {
  let sum = 0
  let count = 0
  for (const name of names) {
    const [x, y] = [a[name], b[name]]
    if (x === null || y === null || x === undefined || y === undefined) continue
    count++
    if (typeof x === 'number' && typeof y === 'number')
      sum += ranges[name] > 0 ? Math.abs(x - y) / ranges[name] : 0
    else sum += x === y ? 0 : 1
  }
  return count === 0 ? 1 : sum / count
}

function rangesOf(rows: readonly Row[], names: readonly string[]): Record<string, number> {
  const ranges: Record<string, number> = {}
  for (const name of names) {
    const numbers = rows.map((row) => row[name]).filter((cell) => typeof cell === 'number')
    ranges[name] = numbers.length === 0 ? 0 : Math.max(...numbers) - Math.min(...numbers)
  }
  return ranges
}

const names = ['size', 'price', 'kind', 'sold', 'place']

function made(n: number, seed: number, holes: number): Row[] {
  const random = new Random(seed)
  const cell = (value: Cell): Cell => (random.uniform() < holes ? null : value)
  return Array.from({ length: n }, () => ({
    size: cell(random.integer(50) / 8 + 1000),
    price: cell(Math.floor(1e4 * random.uniform() ** 4)),
    kind: cell(['a', 'b', 'c'][random.integer(3)]),
    sold: cell(random.integer(2) === 1),
    place: cell(`p${random.integer(9)}`),
  }))
}

const tableOf = (rows: readonly Row[]): Table => Table.fromRows(rows.map((row) => ({ ...row })))

describe('Gower’s distance', () => {
  test('all of the figures that R’s daisy prints for the flowers of Kaufman and Rousseeuw', () => {
    const { rows, distances } = golden<{ kind: string; rows: number[][]; distances: number[] }>('gower.json')
      .cases[0]
    const table = tableOf(
      rows.map((row) => ({
        ...Object.fromEntries(row.slice(0, 4).map((x, j) => [`V${j + 1}`, `level ${x}`])),
        ...Object.fromEntries(row.slice(4).map((x, j) => [`V${j + 5}`, x])),
      })),
    )
    const options = { metric: 'gower' as const, encoder: { columns: table.names } }
    const found = NearestNeighbors.fitSync(table, options).nearestSync(undefined, { k: 17 })
    distances.forEach((expected, i) => {
      const at = found.indices.subarray(0, 17).indexOf(i + 1)
      expect(found.distances[at]).toBeCloseTo(expected, 7)
    })
  })

  test.each(
    golden<{
      name: string
      file: string
      kinds: Record<string, string>
      rows: Cell[][]
      distances: number[][]
    }>('gower.json')
      .cases.slice(1)
      .map((one) => [one.name, one] as const),
  )('recorded: %s', (_, one) => {
    const columns = Object.keys(one.kinds)
    const table = tableOf(one.rows.map((row) => Object.fromEntries(row.map((cell, j) => [columns[j], cell]))))
    const n = table.rows
    for (const algorithm of ['auto', 'flat'] as const) {
      const model = NearestNeighbors.fitSync(table, {
        metric: 'gower',
        algorithm,
        encoder: { columns, missing: 'mark' },
      })
      const found = model.nearestSync(table, { k: n })
      one.distances.forEach((expected, i) => {
        for (let at = i * n; at < (i + 1) * n; at++) {
          expect(Math.abs(found.distances[at] - expected[found.indices[at]])).toBeLessThan(1e-9)
        }
      })
    }
  })

  test('the nearest by the definition, with every index', () => {
    fc.assert(
      fc.property(
        fc.nat(),
        fc.integer({ min: 2, max: 120 }),
        fc.integer({ min: 1, max: 4 }),
        (seed, n, leafSize) => {
          const rows = made(n, seed, 0)
          const asked = made(5, seed + 1, 0)
          const table = tableOf(rows)
          const used = names.filter((name) => new Set(rows.map((row) => row[name])).size > 1)
          const encoder = { columns: used, unseen: 'zero' as const }
          const ranges = rangesOf(rows, used)
          const k = Math.min(n, 6)
          const answers = (['flat', 'kdtree', 'balltree', 'auto'] as const).map((algorithm) =>
            NearestNeighbors.fitSync(table, { metric: 'gower', algorithm, leafSize, encoder }).nearestSync(
              tableOf(asked),
              { k },
            ),
          )
          for (const answer of answers) expect(answer).toEqual(answers[0])
          asked.forEach((query, i) => {
            const all = rows.map((row) => gower(query, row, ranges, used)).sort((a, b) => a - b)
            for (let at = 0; at < k; at++) {
              expect(answers[0].distances[i * k + at]).toBeCloseTo(all[at], 12)
              const row = rows[answers[0].indices[i * k + at]]
              expect(gower(query, row, ranges, used)).toBeCloseTo(all[at], 12)
            }
          })
        },
      ),
      { numRuns: 60 },
    )
  })

  test('empty cells are skipped, in fitted rows and in queries', () => {
    fc.assert(
      fc.property(fc.nat(), fc.constantFrom(0, 0.3), fc.integer({ min: 70, max: 120 }), (seed, holes, n) => {
        const rows = made(n, seed, holes)
        const asked = made(6, seed + 1, 0.4)
        const ranges = rangesOf(rows, names)
        const encoder = { columns: names, missing: 'mark' as const, unseen: 'zero' as const }
        const answers = (
          holes === 0 ? (['flat', 'kdtree', 'auto'] as const) : (['flat', 'auto'] as const)
        ).map((algorithm) =>
          NearestNeighbors.fitSync(tableOf(rows), { metric: 'gower', algorithm, leafSize: 3, encoder }),
        )
        const found = answers.map((model) => model.nearestSync(tableOf(asked), { k: 5 }))
        for (const answer of found) expect(answer).toEqual(found[0])
        expect(answers[1].algorithm).toBe(holes === 0 ? 'kdtree' : 'flat')
        const within = answers.map((model) => model.withinSync(tableOf(asked), { radius: 0.2 }))
        for (const answer of within) expect(answer).toEqual(within[0])
        asked.forEach((query, i) => {
          const all = rows.map((row) => gower(query, row, ranges, names)).sort((a, b) => a - b)
          for (let at = 0; at < 5; at++) expect(found[0].distances[i * 5 + at]).toBeCloseTo(all[at], 12)
        })
      }),
      { numRuns: 40 },
    )
  })

  test('a tree looks at few of the rows', () => {
    const rows = made(5000, 3, 0)
    const options = { metric: 'gower' } as const
    const { matrix, encoder } = searchPoints('test', tableOf(rows), options)
    const { index, space } = runHere(buildSearch('test', matrix, options, encoder))
    expect(index.algorithm).toBe('kdtree')
    const asked = { queries: space.points, from: 0, to: 100, k: 5, self: true, live: undefined }
    const looked = index.nearest(asked, new Uint32Array(500), new Float64Array(500))
    expect(looked / 100).toBeLessThan(5000 / 8)
  })

  test('medoids by it are those by the same distances, given', () => {
    const rows = made(60, 8, 0)
    const ranges = rangesOf(rows, names)
    const matrix = rows.map((a) => rows.map((b) => gower(a, b, ranges, names)))
    const options = { k: 4, nInit: 3 }
    const own = KMedoids.fitSync(tableOf(rows), { ...options, metric: 'gower' })
    const given = KMedoids.fitSync(matrix, { ...options, metric: 'precomputed' })
    expect(own.inertia).toBeCloseTo(given.inertia, 9)
    const loaded = KMedoids.fromBytes(own.toBytes())
    expect(loaded.predictSync(tableOf(rows))).toEqual(own.labels)
    expect(() =>
      KMedoids.fitSync(tableOf(rows), { ...options, metric: 'gower', encoder: { missing: 'mark' } }),
    ).toThrow(/medoids need every cell/)
  })

  test('rows with nothing in common are at distance 1, categories never seen equal nothing', () => {
    const table = Table.fromRows([
      { x: 1, t: 'a' },
      { x: 3, t: null },
      { x: null, t: 'b' },
      { x: 2, t: 'b' },
    ])
    const model = NearestNeighbors.fitSync(table, {
      metric: 'gower',
      encoder: { missing: 'mark', unseen: 'zero' },
    })
    const { distances, indices } = model.nearestSync(
      Table.fromRows([
        { x: 3, t: null },
        { x: 1, t: 'z' },
      ]),
      { k: 4 },
    )
    const by = (query: number, row: number): number =>
      distances[query * 4 + indices.subarray(query * 4, query * 4 + 4).indexOf(row)]
    expect([0, 1, 2, 3].map((row) => by(0, row))).toEqual([1, 0, 1, 0.5])
    expect([0, 1, 2, 3].map((row) => by(1, row))).toEqual([0.5, 1, 1, 0.75])
  })

  test('serves classifiers, regressors and anomalies, and goes through a file', () => {
    const rows = made(90, 5, 0.1)
    const table = tableOf(rows)
    const options = { metric: 'gower' as const, encoder: { missing: 'mark' as const } }
    const sorts = rows.map((row) => (row.kind === 'a' ? 'yes' : 'no'))
    const amounts = rows.map((_, i) => i % 7)
    const asked = tableOf(made(12, 6, 0.1))
    const models = [
      NearestNeighbors.fitSync(table, options),
      KNNClassifier.fitSync(table, sorts, options),
      KNNRegressor.fitSync(table, amounts, options),
      NeighborDistance.fitSync(table, options),
      LocalOutlierFactor.fitSync(table, options),
    ] as const
    for (const model of models) {
      const bytes = model.toBytes()
      const loaded = load(bytes)
      expect(loaded.toBytes()).toEqual(bytes)
      if ('predictSync' in model && 'predictSync' in loaded) {
        expect((loaded as typeof model).predictSync(asked)).toEqual(model.predictSync(asked))
      }
    }
    const near = models[0].nearestSync(asked, { k: 5 })
    expect(models[3].scoreSync(asked)).toEqual(
      Float64Array.from({ length: 12 }, (_, i) => near.distances[i * 5 + 4]),
    )
  })

  test('what is refused', () => {
    const table = Table.fromRows([
      { x: 1, t: 'a' },
      { x: 2, t: 'b' },
    ])
    expect(() => NearestNeighbors.fitSync([[1], [2]], { metric: 'gower' })).toThrow(/'gower' needs a Table/)
    expect(() =>
      NearestNeighbors.fitSync(table, { metric: 'gower', encoder: { scale: 'standard' } }),
    ).toThrow(/encoder|scale 'minmax', got "standard"/)
    const marked = { metric: 'gower', encoder: { missing: 'mark' } } as const
    expect(() => NearestNeighbors.fitSync(table, { ...marked, algorithm: 'balltree' })).toThrow(/take 'auto'/)
    const holes = Table.fromRows([{ x: 1 }, { x: null }, { x: 3 }])
    expect(() => NearestNeighbors.fitSync(holes, { metric: 'gower' })).toThrow(/no empty cell/)
    expect(() => NearestNeighbors.fitSync(holes, { ...marked, algorithm: 'kdtree' })).toThrow(/take 'flat'/)
  })
})
