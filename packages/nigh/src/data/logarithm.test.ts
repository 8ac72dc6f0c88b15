import { describe, expect, test } from 'vitest'
import { KMeans } from '../kmeans/kmeans.ts'
import { exponentialLessOne, logOnePlus } from '../metrics/elementary.ts'
import { Encoder } from './encoder.ts'
import { Table } from './table.ts'

const table = Table.fromRows([
  { value: 0, visits: 1, on: new Date(0) },
  { value: 99, visits: 4, on: new Date(5) },
  { value: 9999, visits: 2, on: new Date(9) },
  { value: 1e6, visits: 7, on: new Date(2) },
])

describe('log', () => {
  test('columns are taken as ln(1 + x), then scaled, and come back in their own unit', () => {
    const encoder = Encoder.fit(table, { columns: ['value', 'visits'], scale: 'none', log: ['value'] })
    const { matrix } = encoder.encode(table)
    const logs = [0, 99, 9999, 1e6].map(Math.log1p)
    logs.forEach((log, i) => expect(matrix.row(i)[0]).toBeCloseTo(log, 13))
    expect(matrix.row(1)[1]).toBe(4)
    const back = encoder.decode(matrix).column('value').values
    expect(Array.from(back, (x) => Math.round(x * 1e6) / 1e6)).toEqual([0, 99, 9999, 1e6])
    const scaled = Encoder.fit(table, { columns: ['value'], log: ['value'] })
    const mean = logs.reduce((sum, x) => sum + x, 0) / 4
    const deviation = Math.sqrt(logs.reduce((sum, x) => sum + (x - mean) ** 2, 0) / 4)
    expect(scaled.encode(table).matrix.values[2]).toBeCloseTo((logs[2] - mean) / deviation, 12)
    expect(scaled.uses[0].how).toMatch(/^logarithm of the number, scaled: mean /)
  })

  test('travels with the model, and through JSON', () => {
    const model = KMeans.fitSync(table, { k: 2, encoder: { columns: ['value', 'visits'], log: ['value'] } })
    const loaded = KMeans.fromBytes(model.toBytes())
    expect(loaded.encoder?.settings.log).toEqual(['value'])
    expect(loaded.predictSync(table)).toEqual(model.labels)
    const json = JSON.parse(JSON.stringify(model.encoder))
    expect(() => Encoder.fromJSON({ ...json, settings: { ...json.settings, log: ['visits'] } })).toThrow(
      /log/,
    )
    expect(() => Encoder.fromJSON({ ...json, settings: { ...json.settings, log: [] } })).toThrow(/log/)
  })

  test('empty cells are filled with what the mean of the logarithms stands for', () => {
    const holed = Table.fromRows([{ x: 0 }, { x: null }, { x: 99 }])
    const encoder = Encoder.fit(holed, { columns: ['x'], scale: 'none', log: ['x'], missing: 'impute' })
    expect(encoder.encode(holed).matrix.values[1]).toBeCloseTo(Math.log(100) / 2, 13)
    expect(encoder.notes[0]).toMatch(/1 empty cell is filled with 9$/)
  })

  test('refuses numbers below 0, other types, columns that are not used', () => {
    const fit = (log: readonly string[], rows = table): Encoder =>
      Encoder.fit(rows, { log, ignore: ['visits'] })
    expect(() =>
      fit(
        ['value'],
        Table.fromRows([
          { value: 1, visits: 1 },
          { value: -2, visits: 2 },
        ]),
      ),
    ).toThrow(/from 0 up for a logarithm; row 1, column "value" is -2/)
    expect(() => fit(['on'])).toThrow(/log must name columns of numbers, got "on", which is date/)
    expect(() => fit(['visits'])).toThrow(/log must name columns that are used, got "visits"/)
    expect(() => fit(['price'])).toThrow(/no column "price"/)
    const encoder = fit(['value'])
    expect(() => encoder.encode(Table.fromRows([{ value: -1, on: new Date(0) }]))).toThrow(
      /row 0, column "value" is -1/,
    )
  })
})

describe('missing: mark', () => {
  const holed = Table.fromRows([
    { x: 1, t: 'a', b: true },
    { x: null, t: 'b', b: null },
    { x: 3, t: null, b: false },
    { x: 5, t: 'b', b: false },
  ])
  test('fills cells, and says where', () => {
    const encoder = Encoder.fit(holed, { scale: 'minmax', missing: 'mark' })
    expect(encoder.features).toEqual(['x', 'x is empty', 't=a', 't=b', 't is empty', 'b', 'b is empty'])
    expect(encoder.encode(holed).matrix.toArrays()).toEqual([
      [0, 0, 1, 0, 0, 1, 0],
      [0.5, 1, 0, 1, 0, 0, 1],
      [0.5, 0, 0, 1, 1, 0, 0],
      [1, 0, 0, 1, 0, 0, 0],
    ])
    const again = Encoder.fromJSON(JSON.parse(JSON.stringify(encoder)))
    expect(again.encode(holed)).toEqual(encoder.encode(holed))
    expect(encoder.decode(encoder.encode(holed).matrix).column('x').values).toEqual(
      Float64Array.of(1, 3, 3, 5),
    )
    expect(encoder.decode(encoder.encode(holed).matrix).names).toEqual(encoder.features)
  })
})

test('ln(1 + x) and back, to the last digits, of the smallest and the largest', () => {
  for (const x of [0, 1e-300, 1e-17, 1e-9, 1e-4, 0.3, 1, 2.5, 1e3, 123456.789, 1e15, 1e17, 1e300]) {
    const log = logOnePlus(x)
    expect(Math.abs(log - Math.log1p(x))).toBeLessThanOrEqual(4e-16 * log)
    expect(Math.abs(exponentialLessOne(log) - x)).toBeLessThanOrEqual(1e-12 * x * Math.max(1, log / 100))
  }
})
