import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Random } from '../random.ts'
import { summaryOf } from './summary.ts'
import { Table } from './table.ts'

describe('summaryOf', () => {
  it('counts, orders and measures each kind of column', () => {
    const table = Table.fromRows([
      { x: 4, t: 'b', m: true, d: new Date(1000) },
      { x: 1, t: 'a', m: false, d: new Date(3000) },
      { x: 1, t: 'b', m: null, d: null },
      { x: null, t: 'c', m: false, d: new Date(1000) },
      { x: 2, t: 'a', m: false, d: new Date(0) },
    ])
    expect(summaryOf(table)).toEqual([
      {
        name: 'x',
        type: 'number',
        count: 4,
        missing: 1,
        distinct: 3,
        frequent: [{ value: 1, count: 2 }],
        spread: {
          min: 1,
          lowerQuartile: 1,
          median: 1.5,
          upperQuartile: 2.5,
          max: 4,
          mean: 2,
          deviation: Math.sqrt(1.5),
          infinite: 0,
        },
      },
      {
        name: 't',
        type: 'text',
        count: 5,
        missing: 0,
        distinct: 3,
        frequent: [
          { value: 'a', count: 2 },
          { value: 'b', count: 2 },
          { value: 'c', count: 1 },
        ],
        spread: null,
      },
      {
        name: 'm',
        type: 'boolean',
        count: 4,
        missing: 1,
        distinct: 2,
        frequent: [
          { value: false, count: 3 },
          { value: true, count: 1 },
        ],
        spread: null,
      },
      {
        name: 'd',
        type: 'date',
        count: 4,
        missing: 1,
        distinct: 3,
        frequent: [{ value: new Date(1000), count: 2 }],
        spread: {
          min: 0,
          lowerQuartile: 750,
          median: 1000,
          upperQuartile: 1500,
          max: 3000,
          mean: 1250,
          deviation: Math.sqrt((1250 ** 2 + 250 ** 2 + 250 ** 2 + 1750 ** 2) / 4),
          infinite: 0,
        },
      },
    ])
  })

  it('takes empty, infinite and huge numbers', () => {
    const [empty, infinite, huge, only] = summaryOf(
      Table.of([
        { name: 'empty', type: 'number', values: new Float64Array(3).fill(Number.NaN) },
        { name: 'infinite', type: 'number', values: Float64Array.of(1, Number.POSITIVE_INFINITY, 3) },
        { name: 'huge', type: 'number', values: Float64Array.of(-(2 ** 1023), 2 ** 1023, 0) },
        { name: 'only', type: 'number', values: new Float64Array(3).fill(Number.NEGATIVE_INFINITY) },
      ]),
    )
    expect([empty.count, empty.missing, empty.distinct, empty.spread]).toEqual([0, 3, 0, null])
    expect([infinite.spread?.mean, infinite.spread?.infinite, infinite.count]).toEqual([2, 1, 3])
    expect(huge.spread?.mean).toBe(0)
    expect((huge.spread?.deviation ?? 0) / 2 ** 1023).toBeCloseTo(Math.sqrt(2 / 3), 14)
    expect(only.spread).toBe(null)
    expect(
      summaryOf(Table.fromRows([{ x: 1, t: 'a', m: true }]).slice(0, 0)).map(({ count }) => count),
    ).toEqual([0, 0, 0])
  })

  it('lists the five most frequent values as plain counting does, whatever the order of the rows', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -6, max: 6 }), { minLength: 1, maxLength: 60 }),
        fc.nat(),
        (cells, seed) => {
          const table = Table.fromRows(cells.map((cell) => ({ x: cell / 3, t: String(cell) })))
          const counts = new Map<number, number>()
          for (const cell of cells) counts.set(cell / 3, (counts.get(cell / 3) ?? 0) + 1)
          const expected = [...counts]
            .map(([value, count]) => ({ value, count }))
            .filter(({ count }) => count > 1)
            .sort((a, b) => b.count - a.count || a.value - b.value)
            .slice(0, 5)
          const summary = summaryOf(table)
          expect(summary[0].frequent).toEqual(
            expected.map(({ value, count }) => ({ value: value + 0, count })),
          )
          expect(summary[0].distinct).toBe(counts.size)
          expect(summaryOf(table.take(new Random(seed).permutation(cells.length)))).toEqual(summary)
        },
      ),
    )
  })
})
