import { describe, expect, test } from 'vitest'
import { Encoder } from '../data/encoder.ts'
import { Table } from '../data/table.ts'
import { profileClusters } from './clusters.ts'
import { inWords } from './describe.ts'

const rows = Array.from({ length: 40 }, (_, i) => ({
  price: i < 10 ? 9000 + i : 3000 + i,
  depth: 60 + (i % 5),
  cut: i < 10 ? 'Ideal' : i % 2 === 0 ? 'Good' : 'Fair',
  sold: i % 4 === 0,
  on: new Date(Date.UTC(2020, 0, i < 10 ? 300 : 1 + i)),
}))
const labels = rows.map((_, i) => (i < 10 ? 'dear' : 'cheap'))

describe('profileClusters', () => {
  test('a table, in its own units', () => {
    const { clusters, warnings } = profileClusters(Table.fromRows(rows), labels)
    const [cheap, dear] = clusters
    expect([cheap.label, dear.label]).toEqual(['cheap', 'dear'])
    expect(dear).toMatchObject({ size: 10, share: 0.25 })
    const price = dear.contrasts.find((contrast) => contrast.name === 'price')
    expect(price?.centre).toBe(9004.5)
    expect(price?.rest).toBe(3024.5)
    // By hand: spread² = ¼·¾·5980² + ¼·8.25 + ¾·74.92
    const spread = Math.sqrt(0.25 * 0.75 * 5980 ** 2 + 0.25 * 8.25 + 0.75 * 74.916666666666)
    expect(price?.effect).toBeCloseTo(5980 / spread, 9)
    const cut = dear.contrasts.find((contrast) => contrast.name === 'cut')
    expect(cut).toMatchObject({ category: 'Ideal', centre: 1, rest: 0 })
    expect(dear.description).toBe(
      '10 rows (25 %): cut more often Ideal (100 %; elsewhere 0 %); much higher price (9,005; elsewhere 3,025); much later on (2020-10-26; elsewhere 2020-01-25)',
    )
    expect(cheap.description).toMatch(/much lower price/)
    expect(warnings).toEqual([])
  })

  test('typical and farthest rows, on a tie the smaller row', () => {
    const { clusters } = profileClusters([[0], [1], [2], [9], [3], [10]], [0, 0, 0, 1, 0, 1], { examples: 2 })
    expect(clusters[0].typical).toEqual(Uint32Array.of(1, 2))
    expect(clusters[0].farthest).toEqual(Uint32Array.of(4, 0))
    expect(clusters[1].typical).toEqual(Uint32Array.of(3, 5))
    const given = profileClusters([[0], [1], [2], [9], [3], [10]], [0, 0, 0, 1, 0, 1], {
      centroids: [[0], [10]],
    })
    expect(given.clusters[1].typical).toEqual(Uint32Array.of(5, 3))
  })

  test('rows that the encoder left out keep their numbers', () => {
    const table = Table.fromRows([{ x: 1 }, { x: null }, { x: 2 }, { x: 8 }, { x: 9 }])
    const encoder = Encoder.fit(table, { missing: 'drop' })
    const { clusters } = profileClusters(table, [0, 0, 1, 1], { encoder })
    expect(Array.from(clusters[1].typical).sort()).toEqual([3, 4])
    expect(clusters[0].contrasts[0]).toMatchObject({ centre: 1.5, rest: 8.5 })
  })

  test('empty cells are left out of means and shares, with no encoder given', () => {
    const rows = Array.from({ length: 12 }, (_, i) => ({
      x: i % 4 === 0 ? null : i,
      kind: i % 5 === 0 ? null : 'ab'[i % 2],
      y: i,
    }))
    const groups = rows.map((_, i) => (i < 6 ? 'low' : 'high'))
    const [high] = profileClusters(Table.fromRows(rows), groups).clusters
    const contrast = high.contrasts.find(({ name }) => name === 'x')
    expect(contrast?.centre).toBe((6 + 7 + 9 + 10 + 11) / 5)
    expect(contrast?.rest).toBe((1 + 2 + 3 + 5) / 4)
    expect(high.size).toBe(6)
    expect(high.typical.length).toBe(3)
  })

  test('one cluster, and clusters that nothing sets apart', () => {
    const one = profileClusters([[1], [2]], [0, 0]).clusters[0]
    expect(one.description).toBe('2 rows (100 %): all of them')
    expect(one.contrasts[0].rest).toBeNaN()
    const same = profileClusters([[1], [2], [1], [2]], [0, 0, 1, 1], { names: ['x'] }).clusters[0]
    expect(same.description).toBe('2 rows (50 %): near the average in every column')
  })

  test('warns of scales, of a column that decides alone, of tiny clusters', () => {
    const two = Array.from({ length: 200 }, (_, i) => [i % 7, ((i * 3) % 11) * 1000])
    const warned = profileClusters(
      two,
      two.map((_, i) => (i === 5 ? 1 : 0)),
      { names: ['a', 'b'] },
    ).warnings
    expect(warned.map((warning) => warning.code)).toEqual(['W_DOMINANT', 'W_TINY'])
    expect(warned[0].message).toMatch(/^b makes up 99 %/)
    expect(warned[1].message).toMatch(/Cluster 1 \(1 row\) of 200 rows/)
    const mixed = two.map((row, i) => [...row, ((i * 5) % 13) * 900])
    const scales = profileClusters(
      mixed,
      two.map((_, i) => i % 2),
    ).warnings
    expect(scales.map((warning) => warning.code)).toEqual(['W_UNSCALED'])
  })

  test('large offsets and sizes', () => {
    const plain = profileClusters([[1], [2], [5], [6]], [0, 0, 1, 1]).clusters[1].contrasts[0].effect
    for (const change of [
      (x: number) => x + 2 ** 45,
      (x: number) => x * 2 ** 1000,
      (x: number) => x * 2 ** -1000,
    ]) {
      const found = profileClusters(
        [1, 2, 5, 6].map((x) => [change(x)]),
        [0, 0, 1, 1],
      )
      expect(found.clusters[1].contrasts[0].effect).toBeCloseTo(plain, 12)
      expect(found.clusters.map((cluster) => cluster.typical[0])).toEqual([0, 2])
    }
  })

  test('a weight is so many copies, weight 0 is absence', () => {
    const table = Table.fromRows(rows)
    const sampleWeight = rows.map((_, i) => (i * 7) % 4)
    const copies = rows.flatMap((row, i) => Array.from({ length: sampleWeight[i] }, () => ({ ...row })))
    const copied = rows.flatMap((_, i) => Array.from({ length: sampleWeight[i] }, () => labels[i]))
    const weighted = profileClusters(table, labels, { sampleWeight })
    const plain = profileClusters(Table.fromRows(copies), copied)
    weighted.clusters.forEach((cluster, c) => {
      expect(cluster.size).toBe(plain.clusters[c].size)
      expect(cluster.share).toBeCloseTo(plain.clusters[c].share, 14)
      expect(cluster.description).toBe(plain.clusters[c].description)
      cluster.contrasts.forEach((contrast, j) => {
        const other = plain.clusters[c].contrasts[j]
        expect(contrast.name).toBe(other.name)
        expect(contrast.effect).toBeCloseTo(other.effect, 10)
        expect(Math.abs(contrast.centre - other.centre)).toBeLessThanOrEqual(1e-12 * Math.abs(other.centre))
      })
      for (const row of [...cluster.typical, ...cluster.farthest])
        expect(sampleWeight[row]).toBeGreaterThan(0)
    })
    expect(() => profileClusters(table, labels, { sampleWeight: [1] })).toThrow(/40 numbers/)
  })

  test('refuses what does not fit', () => {
    expect(() => profileClusters([[1], [2]], [0])).toThrow(/one entry for each of the 2 rows, got 1/)
    expect(() => profileClusters([[1], [2]], [0, 1], { names: ['a', 'b'] })).toThrow(/names must be 1 texts/)
    expect(() => profileClusters([[1], [2]], [0, 1], { centroids: [[1]] })).toThrow(/2 × 1/)
    expect(() => profileClusters(Table.fromRows([{ x: 1 }, { x: 2 }]), [0, 1], { names: ['y'] })).toThrow(
      /names/,
    )
  })
})

test('numbers for readers', () => {
  expect([0, 1234567, -1234.4, 0.123456, 99.96, 1e-7, 2e20, Number.NaN].map(inWords)).toEqual([
    '0',
    '1,234,567',
    '-1,234',
    '0.123',
    '100',
    '1.00e-7',
    '2.00e+20',
    'none',
  ])
})
