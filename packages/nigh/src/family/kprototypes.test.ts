import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { golden, textOf } from '../../fixtures/golden.ts'
import { cellOf, Table } from '../data/table.ts'
import { load } from '../files/load.ts'
import { Random } from '../random.ts'
import { KPrototypes } from './kprototypes.ts'

interface Case {
  readonly kind: string
  readonly name: string
  readonly csv: string
  readonly columns: string[]
  readonly divideBy?: number[]
  readonly gamma?: number
  readonly k: number
  readonly bestCost: number
  readonly counts?: number[]
}

const all = golden<Case>('families.json').cases
const WORDS = ['species', 'island', 'sex']

function tableOf({ csv, columns, divideBy = [] }: Case): Table {
  const cells = columns.map((column) => textOf({ csv, columns }, column))
  return Table.fromRows(
    cells[0].map((_, i) =>
      Object.fromEntries(
        columns.map((name, j) => [
          name,
          WORDS.includes(name) ? cells[j][i] : Number(cells[j][i]) / divideBy[j],
        ]),
      ),
    ),
  )
}

function mixedRows(seed: number, n: number): { a: number; b: number; city: string; old: boolean }[] {
  const random = new Random(seed)
  return Array.from({ length: n }, () => ({
    a: random.integer(5) + (seed % 2 ? random.uniform() : 0),
    b: random.integer(3),
    city: ['Graz', 'Linz', 'Wien'][random.integer(3)],
    old: random.integer(2) === 1,
  }))
}

describe('KPrototypes', () => {
  test.each(all.filter(({ kind }) => kind === 'prototypes'))('golden: $name', (one) => {
    const { k, gamma = 1, bestCost, counts = [] } = one
    const table = tableOf(one)
    const model = KPrototypes.fitSync(table, { k, gamma, scale: 'none', nInit: 20 })
    expect(model.inertia / bestCost - 1).toBeLessThan(1e-12)
    expect(Array.from(model.counts.toSorted())).toEqual(counts)
    expect(model.predictSync(table)).toEqual(model.labels)
  })

  test.each(all.filter(({ kind }) => kind === 'modes'))('golden, categories alone: $name', (one) => {
    const model = KPrototypes.fitSync(tableOf(one), { k: one.k, init: 'random', nInit: 60 })
    expect(model.gamma).toBe(1)
    expect(model.inertia).toBeLessThanOrEqual(one.bestCost)
    const huang = KPrototypes.fitSync(tableOf(one), { k: one.k, init: 'huang', nInit: 60 })
    expect(huang.inertia).toBeLessThanOrEqual(one.bestCost)
    const cao = KPrototypes.fitSync(tableOf(one), { k: one.k, init: 'cao' })
    expect(cao.inertia / one.bestCost).toBeLessThan(1.3)
  })

  test.each(['k-means++', 'random', 'huang', 'cao'] as const)(
    'init %s: k prototypes, or as many as rows differ',
    (init) => {
      const rows = mixedRows(3, 40)
      const model = KPrototypes.fitSync(Table.fromRows(rows), { k: 6, init })
      expect([model.k, model.warnings.length]).toEqual([6, 0])
      const few = KPrototypes.fitSync(Table.fromRows([...rows.slice(0, 2), ...rows.slice(0, 2)]), {
        k: 4,
        init,
      })
      expect([few.k, few.inertia, few.warnings[0].code]).toEqual([2, 0, 'W_DISTINCT'])
    },
  )

  test('gamma is half the mean of the standard deviations, column by column', () => {
    const table = Table.fromRows([
      { x: 0, y: 100, c: 'a' },
      { x: 2, y: 300, c: 'b' },
    ])
    expect(KPrototypes.fitSync(table, { k: 1, scale: 'none' }).gamma).toBe(0.5 * ((1 + 100) / 2))
    expect(KPrototypes.fitSync(table, { k: 1 }).gamma).toBe(0.5)
    const constant = Table.fromRows([
      { x: 1, c: 'a' },
      { x: 1, c: 'b' },
    ])
    expect(KPrototypes.fitSync(constant, { k: 1 }).gamma).toBe(1)
  })

  test('agrees with itself in any order; weight n is n copies', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 1e6 }), fc.integer({ min: 1, max: 5 }), async (seed, k) => {
        const rows = mixedRows(seed, 30)
        const table = Table.fromRows(rows)
        const model = await KPrototypes.fit(table, { k, nInit: 2 })
        expect(model.predictSync(table)).toEqual(model.labels)
        expect(Math.abs(model.scoreSync(table) + model.inertia)).toBeLessThan(1e-9)
        const order = new Random(seed).permutation(30)
        const moved = KPrototypes.fitSync(Table.fromRows(Array.from(order, (row) => rows[row])), {
          k,
          nInit: 2,
        })
        expect(moved.centroids).toEqual(model.centroids)
        expect(moved.inertia).toBe(model.inertia)
        order.forEach((row, i) => {
          expect(moved.labels[i]).toBe(model.labels[row])
        })
        const sampleWeight = rows.map((_, i) => 1 + (i % 3))
        const weighted = KPrototypes.fitSync(table, { k, nInit: 2, scale: 'none', sampleWeight })
        const copies = rows.flatMap((row, i) => Array.from({ length: sampleWeight[i] }, () => row))
        const copied = KPrototypes.fitSync(Table.fromRows(copies), { k, nInit: 2, scale: 'none' })
        expect(weighted.centroids).toEqual(copied.centroids)
        expect(weighted.counts).toEqual(copied.counts)
        expect(load(model.toBytes())).toEqual(model)
      }),
      { numRuns: 20 },
    )
  })

  test('prototypes are in the data’s own words; numbers as categories; new categories', () => {
    const table = Table.fromRows([
      { age: 20, city: 'Graz', code: 1010 },
      { age: 22, city: 'Graz', code: 1010 },
      { age: 60, city: 'Linz', code: 4020 },
    ])
    const model = KPrototypes.fitSync(table, { k: 2, categorical: ['code'] })
    const young = model.labels[0]
    expect(model.prototypes.names).toEqual(['age', 'city', 'code'])
    const cells = model.prototypes.columns.map((column) => cellOf(column, young))
    expect(cells).toEqual([expect.closeTo(21, 12), 'Graz', 1010])
    const other = Table.fromRows([{ age: 21, city: 'Bregenz', code: 6900 }])
    expect(model.predictSync(other)[0]).toBe(young)
  })

  test('prototypes are a table like the fitted one, which the model can be asked about', () => {
    const day = 86_400_000
    const table = Table.fromRows(
      mixedRows(8, 40).map((row, i) => ({
        ...row,
        flag: i % 3 === 0,
        when: new Date(i * day),
        seen: new Date((i % 2) * day),
        grade: i % 4,
      })),
    )
    for (const categorical of [[], ['seen', 'grade']]) {
      const model = KPrototypes.fitSync(table, { k: 4, categorical })
      const { prototypes } = model
      expect(prototypes.columns.map(({ type }) => type)).toEqual(table.columns.map(({ type }) => type))
      expect(Array.from(model.predictSync(prototypes))).toEqual([0, 1, 2, 3])
      expect(load(model.toBytes())).toEqual(model)
    }
  })

  test('refuses', () => {
    const fit = KPrototypes.fitSync
    const refusal = (code: string): unknown => expect.objectContaining({ code })
    const table = Table.fromRows([
      { a: 1, c: 'x' },
      { a: 2, c: 'y' },
    ])
    expect(() => fit([[1]] as never, { k: 1 })).toThrow(refusal('E_TYPE'))
    expect(() => fit(table, { k: 3 })).toThrow(refusal('E_K'))
    expect(() => fit(table, { k: 1, gamma: -1 })).toThrow(refusal('E_PARAM'))
    expect(() => fit(table, { k: 1, categorical: ['b'] })).toThrow(refusal('E_FEATURES'))
    expect(() => fit(table, { k: 1, init: 'cao', nInit: 2 })).toThrow(refusal('E_PARAM'))
    expect(() =>
      fit(
        Table.fromRows([
          { a: 1, c: null },
          { a: 1, c: 'x' },
        ]),
        { k: 1 },
      ),
    ).toThrow(refusal('E_MISSING'))
    const model = fit(table, { k: 1 })
    expect(() => model.predictSync(Table.fromRows([{ a: 1 }]))).toThrow(refusal('E_FEATURES'))
    expect(() => model.predictSync(Table.fromRows([{ a: 'x', c: 'x' }]))).toThrow(refusal('E_FEATURES'))
  })
})
