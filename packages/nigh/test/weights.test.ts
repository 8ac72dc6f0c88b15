import { expect, test } from 'vitest'
import * as nigh from '../src/index.ts'

// A weight is as many copies of its row, also where a table is encoded on the way: what columns are scaled by, and what
// empty cells are filled with, counts rows by their weights.

const rows = Array.from({ length: 40 }, (_, i) => ({
  x: ((i * 37) % 23) + (i % 3) * 40,
  y: i % 7 === 0 ? null : ((i * 11) % 17) / 4,
  word: ['a', 'b', 'c'][(i * 5) % 3],
}))
const weights = rows.map((_, i) => (i * 7) % 4)
const copies = rows.flatMap((row, i) => Array.from({ length: weights[i] }, () => row))
const first = copies.map((row) => rows.indexOf(row))
const encoder = { missing: 'impute' } as const
const options = { k: 3, nInit: 3, encoder }

test.each([
  ['KMeans', (table: nigh.Table, more: object) => nigh.KMeans.fitSync(table, { ...options, ...more })],
  [
    'BisectingKMeans',
    (table: nigh.Table, more: object) => nigh.BisectingKMeans.fitSync(table, { ...options, ...more }),
  ],
  [
    'MiniBatchKMeans',
    (table: nigh.Table, more: object) => nigh.MiniBatchKMeans.fitSync(table, { ...options, ...more }),
  ],
  ['KMedians', (table: nigh.Table, more: object) => nigh.KMedians.fitSync(table, { ...options, ...more })],
  [
    'SphericalKMeans',
    (table: nigh.Table, more: object) => nigh.SphericalKMeans.fitSync(table, { ...options, ...more }),
  ],
] as const)('%s of a weighted table is that of its copies', (name, fit) => {
  const weighted = fit(nigh.Table.fromRows(rows), { sampleWeight: weights })
  const copied = fit(nigh.Table.fromRows(copies), {})
  // How many cells were filled is a count of the table's own.
  const learnt = ({ encoder: one }: { encoder: nigh.Encoder | undefined }): string =>
    JSON.stringify(one?.toJSON().columns, (key, value: unknown) => (key === 'filled' ? undefined : value))
  expect(learnt(weighted)).toBe(learnt(copied))
  expect(weighted.centroids).toEqual(copied.centroids)
  expect(weighted.counts).toEqual(copied.counts)
  // That of a split is a sum of products, rounded once more for each weight.
  if (name === 'BisectingKMeans') expect(weighted.inertia / copied.inertia).toBeCloseTo(1, 14)
  else expect(weighted.inertia).toBe(copied.inertia)
  expect(Array.from(copied.labels)).toEqual(first.map((row) => weighted.labels[row]))
})

test('the same later, on threads, and for anomalies', async () => {
  const table = nigh.Table.fromRows(rows)
  const sync = nigh.KMeans.fitSync(table, { ...options, sampleWeight: weights })
  const later = await nigh.KMeans.fit(table, { ...options, sampleWeight: weights })
  expect(later.toBytes()).toEqual(sync.toBytes())
  const weighted = await nigh.CentroidDistance.fit(table, { ...options, sampleWeight: weights })
  const copied = await nigh.CentroidDistance.fit(nigh.Table.fromRows(copies), options)
  expect(weighted.clusters.centroids).toEqual(copied.clusters.centroids)
})

test('a column that only absent rows have a cell of has none', () => {
  const table = nigh.Table.fromRows([
    { x: 1, ok: null },
    { x: 2, ok: true },
    { x: 9, ok: null },
    { x: 8, ok: null },
  ])
  const fit = (sampleWeight: number[]): nigh.KMeans =>
    nigh.KMeans.fitSync(table, { k: 2, sampleWeight, encoder: { missing: 'impute', columns: ['x', 'ok'] } })
  expect(fit([1, 1, 1, 1]).k).toBe(2)
  expect(() => fit([1, 0, 1, 1])).toThrow(nigh.InputError)
  expect(() => fit([1, 0, 1, 1])).toThrow(/"ok"/)
})
