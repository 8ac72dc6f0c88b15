import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { InputError } from '../check.ts'
import { Random } from '../random.ts'
import { Encoder, type EncoderOptions } from './encoder.ts'
import { Matrix } from './matrix.ts'
import { Table, type Column } from './table.ts'

function refusal(call: () => unknown): InputError {
  try {
    call()
  } catch (error) {
    if (error instanceof InputError) return error
    throw error
  }
  throw new Error('was not refused')
}

function numbers(name: string, values: readonly number[]): Column {
  return { name, type: 'number', values: Float64Array.from(values) }
}

function texts(name: string, values: readonly (string | null)[]): Column {
  return Table.fromRows([...values.map((value) => ({ [name]: value })), { [name]: '' }])
    .slice(0, values.length)
    .column(name)
}

const people = Table.fromRows([
  { id: 7, height: 1.6, city: 'Wien', member: true, born: new Date(0), note: 'a' },
  { id: 9, height: 1.7, city: 'Graz', member: false, born: new Date(1000), note: 'b' },
  { id: 8, height: 1.9, city: 'Wien', member: false, born: new Date(5000), note: 'c' },
])

describe('Encoder.fit', () => {
  it('uses what tells rows apart, and says how', () => {
    const encoder = Encoder.fit(people, { scale: 'none' })
    expect(encoder.features).toEqual(['height', 'city=Graz', 'city=Wien', 'member', 'born'])
    expect(encoder.encode(people)).toEqual({
      matrix: Matrix.of(Float64Array.of(1.6, 0, 1, 1, 0, 1.7, 1, 0, 0, 1000, 1.9, 0, 1, 0, 5000), 5),
      rows: null,
    })
    expect(encoder.uses).toEqual([
      {
        name: 'id',
        type: 'number',
        used: false,
        how: 'not used: it looks like an id (3 different whole numbers)',
        features: [],
      },
      { name: 'height', type: 'number', used: true, how: 'number, as it is', features: ['height'] },
      {
        name: 'city',
        type: 'text',
        used: true,
        how: 'one-hot, 2 categories',
        features: ['city=Graz', 'city=Wien'],
      },
      {
        name: 'member',
        type: 'boolean',
        used: true,
        how: 'boolean, false 0 and true 1',
        features: ['member'],
      },
      { name: 'born', type: 'date', used: true, how: 'date in milliseconds, as it is', features: ['born'] },
      {
        name: 'note',
        type: 'text',
        used: false,
        how: 'not used: its 3 texts are all different',
        features: [],
      },
    ])
    expect(encoder.notes).toEqual([
      'column "id" is not used: it looks like an id (3 different whole numbers)',
      'column "note" is not used: its 3 texts are all different',
      `column "born" spreads at least 100 times as widely as "height", which hardly count beside it; scale: 'standard' gives each column the same say`,
    ])
  })

  // scikit-learn 1.9.1: StandardScaler, MinMaxScaler and RobustScaler on the same numbers.
  it.each([
    ['standard', 46.8, 194.69929928702143, [-0.24037066477064442, 4.8979558474052505, -0.1853407506748009]],
    ['minmax', 0, 1000.4285714285714, [0, 1, 0.010709695844638012]],
    [
      'robust',
      7.142857142857143,
      6.7142857142857135,
      [-1.0638297872340428, 147.93617021276597, 0.5319148936170212],
    ],
  ] as const)('scales by %s as scikit-learn does', (scale, centre, spread, values) => {
    const x = Array.from({ length: 25 }, (_, i) => ((i * 7919) % 101) / 7 + (i === 5 ? 1000 : 0))
    const table = Table.of([numbers('x', x)])
    const encoder = Encoder.fit(table, { scale })
    const { matrix } = encoder.encode(table)
    ;[0, 5, 24].forEach((i, v) => expect(matrix.values[i]).toBeCloseTo(values[v], 12))
    const decoded = encoder.decode(Matrix.of(Float64Array.of(0, 1), 1)).column('x').values
    expect(decoded[0]).toBeCloseTo(centre, 10)
    expect(decoded[1]).toBeCloseTo(centre + spread, 10)
  })

  it('says in words how dates are scaled', () => {
    const how = (milliseconds: number): string => {
      const values = Float64Array.of(1.7e12, 1.7e12 + milliseconds)
      return Encoder.fit(Table.of([{ name: 'at', type: 'date', values }])).uses[0].how
    }
    expect(how(2 * 86_400_000)).toBe(
      'date in milliseconds, scaled: mean 2023-11-15T22:13:20.000Z, standard deviation 24 hours',
    )
    expect(how(5000)).toMatch(/standard deviation 2\.5 seconds$/)
    expect(how(100)).toMatch(/standard deviation 50 ms$/)
  })

  it('is right at the offset of a timestamp', () => {
    const times = Array.from({ length: 1000 }, (_, i) => 1.7e12 + (i % 10) * 1000)
    const table = Table.of([{ name: 'at', type: 'date', values: Float64Array.from(times) }])
    const { matrix } = Encoder.fit(table).encode(table)
    const deviation = Math.sqrt((10 * 10 - 1) / 12)
    for (let i = 0; i < 10; i++) expect(matrix.values[i]).toBeCloseTo((i - 4.5) / deviation, 14)
  })

  it('takes numbers whose squares overflow or vanish', () => {
    for (const unit of [1e200, 1e-200, 1e-300, 1e300]) {
      const table = Table.of([numbers('x', [unit, 2 * unit, 4 * unit])])
      const { matrix } = Encoder.fit(table).encode(table)
      expect(matrix.values[0]).toBeCloseTo(-4 / Math.sqrt(14), 12)
    }
    const error = refusal(() => Encoder.fit(Table.of([numbers('x', [-1.7e308, 1.7e308])])))
    expect([error.code, error.message]).toEqual([
      'E_RANGE',
      'Encoder.fit: the numbers of column "x" must span less than 1.8e308, got -1.7e+308 to 1.7e+308',
    ])
  })

  it('divides a column without spread by 1, and keeps it only where it is named', () => {
    const table = Table.of([numbers('one', [0.1, 0.1, 0.1]), numbers('x', [1, 2, 4])])
    expect(Encoder.fit(table).features).toEqual(['x'])
    for (const scale of ['standard', 'minmax', 'robust'] as const) {
      const { matrix } = Encoder.fit(table, { columns: ['one'], scale }).encode(table)
      expect(matrix.values).toEqual(Float64Array.of(0, 0, 0))
    }
    const mostly = Table.of([numbers('x', [0, 0, 0, 0, 0, 0, 9])])
    const robust = Encoder.fit(mostly, { scale: 'robust' })
    expect(robust.uses[0].how).toBe('number, median 0, not scaled: its middle half is one value')
    expect(robust.encode(mostly).matrix.values[6]).toBe(9)
  })

  it('leaves out ids, row numbers and text without groups, unless named', () => {
    const n = 40
    const rows = Array.from({ length: n }, (_, i) => ({
      x: (i * i) % 17,
      customerId: 1000 + (i % 5),
      order_id: 3 * i,
      ID: i,
      index: i + 1,
      serial: 5000 + ((i * 7) % n),
      year: 1990 + (i % 20),
      grid: i * 3,
      halves: i / 2,
      words: `text ${i % 30}`,
      mail: `m${i}@example.org`,
      valid: i % 3,
      nothing: null,
    }))
    const table = Table.fromRows(rows)
    const encoder = Encoder.fit(table)
    expect(encoder.uses.filter((use) => use.used).map((use) => use.name)).toEqual([
      'x',
      'year',
      'grid',
      'halves',
      'valid',
    ])
    expect(Encoder.fit(table, { columns: ['customerId', 'serial', 'words'] }).features.length).toBe(32)
    // A part of the rows keeps an id an id.
    const part = table.take(Array.from({ length: n * 0.75 }, (_, i) => (i * 13) % n))
    expect(Encoder.fit(part).features).toEqual(encoder.features)
    // A handful of numbers in sequence is data.
    expect(Encoder.fit(Table.of([numbers('x', [1, 2, 3, 4])])).features).toEqual(['x'])
    expect(Encoder.fit(Table.of([numbers('x', [1, 2, 2]), numbers('row', [1, 2, 3])])).features).toEqual([
      'x',
    ])
  })

  it('limits categories: leaves the column out, or refuses it where it is named', () => {
    const table = Table.of([
      texts(
        'kind',
        Array.from({ length: 400 }, (_, i) => `kind ${i % 70}`),
      ),
      numbers(
        'x',
        Array.from({ length: 400 }, (_, i) => i % 3),
      ),
    ])
    const encoder = Encoder.fit(table)
    expect(encoder.features).toEqual(['x'])
    expect(encoder.notes).toEqual([
      'column "kind" is not used: it has 70 different texts, more than maxCategories',
    ])
    expect(refusal(() => Encoder.fit(table, { columns: ['kind'] })).message).toBe(
      'Encoder.fit: column "kind" has 70 different values; maxCategories allows 64: raise it, or leave the column out',
    )
    expect(Encoder.fit(table, { maxCategories: 70 }).features.length).toBe(71)
  })

  it('encodes only categories that occur', () => {
    const table = Table.of([texts('t', ['c', 'a', 'b', 'a', 'b', 'a'])])
    expect(Encoder.fit(table).features).toEqual(['t=a', 't=b', 't=c'])
    expect(Encoder.fit(table.slice(1)).features).toEqual(['t=a', 't=b'])
  })

  it('gives every feature a name of its own', () => {
    const table = Table.of([numbers('t=a', [1, 2, 4]), texts('t', ['a', 'b', 'a'])])
    expect(Encoder.fit(table).features).toEqual(['t=a', 't=a′', 't=b'])
    expect(Encoder.fit(table).decode([[0, 0, 0]]).names).toEqual(['t=a', 't=a′', 't=b'])
  })

  it('refuses what it cannot do, naming it', () => {
    const code = (table: Table, options: unknown = {}): string =>
      refusal(() => Encoder.fit(table, options as EncoderOptions)).code
    expect(code([[1, 2]] as unknown as Table)).toBe('E_TYPE')
    expect(code(people.slice(0, 0))).toBe('E_EMPTY')
    expect(code(people, { columns: [] })).toBe('E_EMPTY')
    expect(code(people, { columns: ['hieght'] })).toBe('E_FEATURES')
    expect(code(people, { columns: ['height', 'height'] })).toBe('E_FEATURES')
    expect(code(people, { columns: ['height'], ignore: ['height'] })).toBe('E_FEATURES')
    expect(code(people, { ignore: ['toString'] })).toBe('E_FEATURES')
    expect(code(people, { ignore: 'height' })).toBe('E_TYPE')
    expect(code(people, { ignore: people.names })).toBe('E_FEATURES')
    expect(code(people, { scale: 'zscore' })).toBe('E_PARAM')
    expect(code(people, { missing: null })).toBe('E_PARAM')
    expect(code(people, { columns: null })).toBe('E_TYPE')
    expect(code(people, { scaling: 'none' })).toBe('E_PARAM')
    for (const maxCategories of [0, 1.5, -1, Number.NaN, '3', 2 ** 32]) {
      expect(code(people, { maxCategories })).toBe('E_PARAM')
    }
    expect(code(people, { sampleWeight: [1, 2] })).toBe('E_WEIGHTS')
    expect(code(people, { sampleWeight: [0, 0, 0] })).toBe('E_WEIGHTS')
    expect(refusal(() => Encoder.fit(people, { columns: ['hieght'] })).message).toBe(
      'Encoder.fit: there is no column "hieght"; did you mean "height"?',
    )
    expect(refusal(() => Encoder.fit(people.select(['id', 'note']))).message).toBe(
      'Encoder.fit: table must have a column to use, got none: column "id" is not used: it looks like an id (3 different whole numbers); column "note" is not used: its 3 texts are all different; name the ones to use in columns',
    )
    expect(refusal(() => Encoder.fit(Table.fromRows([{ a: 1, b: 2 }]))).message).toBe(
      'Encoder.fit: table must have a column to use, got none: its only row tells nothing about them; name the ones to use in columns',
    )
  })

  it('refuses infinite numbers with row and column, only where they are used', () => {
    const table = Table.of([numbers('x', [1, 2, 4]), numbers('y', [1, 2, Number.NEGATIVE_INFINITY])])
    const error = refusal(() => Encoder.fit(table))
    expect([error.code, error.message]).toEqual([
      'E_NONFINITE',
      'Encoder.fit: the table must hold finite numbers; row 2, column "y" is -Infinity',
    ])
    expect(Encoder.fit(table, { ignore: ['y'] }).features).toEqual(['x'])
    expect(Encoder.fit(table, { sampleWeight: [1, 1, 0] }).features).toEqual(['x', 'y'])
    expect(refusal(() => Encoder.fit(table.slice(0, 2)).encode(table)).code).toBe('E_NONFINITE')
  })
})

describe('missing cells', () => {
  const holed = Table.fromRows([
    { x: 1, y: 10, t: 'b', m: true },
    { x: null, y: 20, t: 'a', m: null },
    { x: 3, y: 40, t: 'a', m: false },
    { x: 8, y: 30, t: null, m: false },
    { x: 8, y: 50, t: 'b', m: true },
  ])

  it('are refused with the first of them and their number', () => {
    const error = refusal(() => Encoder.fit(holed))
    expect([error.code, error.message]).toEqual([
      'E_MISSING',
      `Encoder.fit: the table must have no empty cell, got 3 empty cells in 3 columns, the first in row 1, column "x"; missing: 'drop' leaves out such rows, missing: 'impute' fills the cells`,
    ])
    expect(Encoder.fit(holed, { ignore: ['x', 't', 'm'] }).features).toEqual(['y'])
    const encoder = Encoder.fit(holed.take([0, 2, 4]))
    expect(refusal(() => encoder.encode(holed)).message).toMatch(/^Encoder\.encode: .*row 1, column "x"/)
  })

  it('drop their rows', () => {
    const encoder = Encoder.fit(holed, { missing: 'drop', scale: 'none' })
    const { matrix, rows } = encoder.encode(holed)
    expect(rows).toEqual(Uint32Array.of(0, 2, 4))
    expect(matrix.values).toEqual(Float64Array.of(1, 10, 0, 1, 1, 3, 40, 1, 0, 0, 8, 50, 0, 1, 1))
    expect(encoder.notes).toEqual(['2 of 5 rows are left out: empty cells'])
    const whole = Encoder.fit(holed.take([0, 2, 4]), { missing: 'drop' })
    expect(Encoder.fit(holed, { missing: 'drop' }).toJSON().columns).toEqual(whole.toJSON().columns)
    expect(encoder.encode(holed.take([0, 4])).rows).toBe(null)
    expect(refusal(() => encoder.encode(holed.slice(1, 2))).code).toBe('E_EMPTY')
    expect(
      refusal(() => Encoder.fit(holed.take([1, 3]), { missing: 'drop', columns: ['x', 't'] })).code,
    ).toBe('E_EMPTY')
  })

  it('are filled: mean, or median where robust, and the most frequent value', () => {
    const encoder = Encoder.fit(holed, { missing: 'impute', scale: 'none' })
    const { matrix } = encoder.encode(holed)
    expect(Array.from(matrix.row(1))).toEqual([5, 20, 1, 0, 0])
    expect(Array.from(matrix.row(3))).toEqual([8, 30, 1, 0, 0])
    expect(encoder.notes).toEqual([
      'column "x": 1 empty cell is filled with 5',
      'column "t": 1 empty cell is filled with "a"',
      'column "m": 1 empty cell is filled with false',
    ])
    expect(encoder.uses[0].how).toBe('number, as it is, 1 empty cell filled with 5')
    const robust = Encoder.fit(holed, { missing: 'impute', scale: 'robust' })
    expect(robust.encode(holed).matrix.row(1)[0]).toBe(0)
    // What is filled later is filled alike, in columns that had no hole at first, too.
    const later = Table.fromRows([{ x: 1, y: null, t: null, m: null }])
    expect(Array.from(encoder.encode(later).matrix.values)).toEqual([1, 30, 1, 0, 0])
  })

  it('are filled by what rows that count hold: weight 0 is absence, weight n is n copies', () => {
    const table = Table.fromRows([
      { x: 1, t: 'a', m: true },
      { x: 1, t: 'a', m: true },
      { x: 9, t: 'b', m: false },
      { x: 5, t: 'c', m: true },
      { x: null, t: null, m: null },
    ])
    const sampleWeight = [0, 0, 2, 1, 1]
    const encoder = Encoder.fit(table, { missing: 'impute', scale: 'none', sampleWeight })
    const filled = encoder.encode(table.take([2, 3, 4])).matrix.row(2)
    const copies = table.take([2, 2, 3, 4])
    const copied = Encoder.fit(copies, { missing: 'impute', scale: 'none' }).encode(copies).matrix.row(3)
    expect(Array.from(filled)).toEqual(Array.from(copied))
  })

  it('leave out a column that has nothing else, and refuse it where it is named', () => {
    const table = Table.of([numbers('x', [1, 2, 4]), numbers('none', [Number.NaN, Number.NaN, Number.NaN])])
    expect(Encoder.fit(table).notes).toEqual(['column "none" is not used: it has no values'])
    for (const missing of ['refuse', 'impute'] as const) {
      expect(refusal(() => Encoder.fit(table, { missing, columns: ['none'] })).code).toBe('E_MISSING')
    }
    expect(refusal(() => Encoder.fit(table, { missing: 'drop', columns: ['none'] })).code).toBe('E_EMPTY')
  })
})

describe('Encoder.encode', () => {
  const encoder = Encoder.fit(people)

  it('goes by names, not by order, and does without columns that were left out', () => {
    const turned = people.select(['born', 'member', 'city', 'height'])
    expect(encoder.encode(turned)).toEqual(encoder.encode(people))
  })

  it('lists every difference between the tables', () => {
    const other = Table.fromRows([{ height: '1.6', member: true, colour: 'red', size: 3, born: new Date(0) }])
    const error = refusal(() => encoder.encode(other))
    expect([error.code, error.message]).toEqual([
      'E_FEATURES',
      'Encoder.encode: the table must have the columns that were fitted: missing "city"; unknown "colour", "size"; "height" is text and was number',
    ])
    const more = people.append([numbers('more', [1, 2, 3])])
    expect(refusal(() => encoder.encode(more)).message).toMatch(/: unknown "more"$/)
    expect(encoder.encode(more, { extra: 'ignore' })).toEqual(encoder.encode(people))
    expect(refusal(() => encoder.encode(people, { extra: 'drop' as 'ignore' })).code).toBe('E_PARAM')
  })

  it('takes a text that was not fitted as an error, or as none of the categories', () => {
    const other = people
      .slice(0, 1)
      .drop(['city'])
      .append([texts('city', ['Linz'])])
    const error = refusal(() => encoder.encode(other))
    expect([error.code, error.message]).toEqual([
      'E_FEATURES',
      `Encoder.encode: row 0, column "city" must be one of the fitted categories, got "Linz" (unseen: 'zero' allows others)`,
    ])
    const open = Encoder.fit(people, { unseen: 'zero', columns: ['city'] })
    expect(open.encode(other).matrix.values).toEqual(Float64Array.of(0, 0))
  })

  it('is float32 where everything is', () => {
    const single = Table.of([
      { name: 'x', type: 'number', values: Float32Array.of(1.1, 2.2, 3.3) },
      { name: 'y', type: 'number', values: Float32Array.of(4, 5, 7) },
    ])
    const raw = Encoder.fit(single, { scale: 'none' })
    expect(raw.encode(single).matrix.values).toEqual(Float32Array.of(1.1, 4, 2.2, 5, 3.3, 7))
    expect(Encoder.fit(single).encode(single).matrix.values).toBeInstanceOf(Float64Array)
    const double = Table.of([single.columns[0], numbers('y', [4, 5, 7])])
    expect(raw.encode(double).matrix.values).toBeInstanceOf(Float64Array)
  })

  it('never writes to the table', () => {
    const values = Float64Array.of(3, 1, 2, Number.NaN)
    const table = Table.of([{ name: 'x', type: 'number', values }])
    Encoder.fit(table, { missing: 'impute', scale: 'robust' }).encode(table)
    expect(values).toEqual(Float64Array.of(3, 1, 2, Number.NaN))
  })

  it('refuses a cell that overflows when it is scaled', () => {
    const small = Encoder.fit(Table.of([numbers('x', [0, 1e-300])]))
    expect(refusal(() => small.encode(Table.of([numbers('x', [1, 1e300])]))).code).toBe('E_NONFINITE')
  })
})

/** Tables of every kind of column, with holes, from few values so that ties and constants abound. */
const tables: fc.Arbitrary<Table> = fc
  .record({
    rows: fc.integer({ min: 1, max: 30 }),
    seed: fc.nat(),
    names: fc
      .uniqueArray(fc.string({ minLength: 1, unit: 'binary' }), { minLength: 1, maxLength: 5 })
      .filter((names) => names.every((name) => name.trim() !== '')),
  })
  .map(({ rows, seed, names }) => {
    const random = new Random(seed)
    const columns = names.map((name): Column => {
      const kind = random.integer(5)
      const distinct = 1 + random.integer(6)
      const hole = random.integer(3) === 0
      const cell = (): number => (hole && random.integer(4) === 0 ? -1 : random.integer(distinct))
      const cells = Array.from({ length: rows }, cell)
      if (kind === 0)
        return { name, type: 'boolean', values: Uint8Array.from(cells, (c) => (c < 0 ? 255 : c % 2)) }
      if (kind === 1) {
        const categories = Array.from({ length: distinct }, (_, c) => `c${(c * 5) % 7}`)
        return { name, type: 'text', values: Int32Array.from(cells), categories }
      }
      const offset = [0, 1e6, 1.7e12, -1e-9][random.integer(4)]
      const numbers = cells.map((c) =>
        c < 0 ? Number.NaN : offset + c * 0.1 + (kind === 2 ? random.uniform() : 0),
      )
      if (kind === 3) return { name, type: 'date', values: Float64Array.from(numbers) }
      return { name, type: 'number', values: Float64Array.from(numbers) }
    })
    return Table.of(columns)
  })

const options = fc.record({
  scale: fc.constantFrom('standard', 'minmax', 'robust', 'none'),
  missing: fc.constantFrom('drop', 'impute'),
  unseen: fc.constantFrom('refuse', 'zero'),
  maxCategories: fc.integer({ min: 1, max: 65536 }),
  named: fc.boolean(),
  ignored: fc.boolean(),
})

/** Fits, or says why that was refused: then there is nothing to compare. */
function tryFit(
  table: Table,
  chosen: typeof options extends fc.Arbitrary<infer Chosen> ? Chosen : never,
  sampleWeight?: number[],
): Encoder | string {
  const { named, ignored, ...rest } = chosen
  const split = Math.ceil(table.names.length / 2)
  try {
    return Encoder.fit(table, {
      ...rest,
      ...(named ? { columns: table.names.slice(0, split).reverse() } : {}),
      ...(ignored ? { ignore: table.names.slice(split) } : {}),
      ...(sampleWeight === undefined ? {} : { sampleWeight }),
    })
  } catch (error) {
    if (error instanceof InputError) return error.code
    throw error
  }
}

function text(encoder: Encoder | string): string {
  return typeof encoder === 'string' ? encoder : JSON.stringify(encoder)
}

describe('properties', () => {
  it('columns one at a time teach the same', async () => {
    await fc.assert(
      fc.asyncProperty(tables, options, async (table, { named, ignored, ...rest }) => {
        const split = Math.ceil(table.names.length / 2)
        const settings = {
          ...rest,
          ...(named ? { columns: table.names.slice(0, split).reverse() } : {}),
          ...(ignored ? { ignore: table.names.slice(split) } : {}),
        }
        const asked: string[] = []
        const found = await Encoder.fitColumns(
          table,
          (name) => {
            asked.push(name)
            return table.column(name)
          },
          settings,
        ).catch((error: unknown) => (error instanceof InputError ? error.code : 'no InputError'))
        expect(text(found)).toBe(text(tryFit(table, { named, ignored, ...rest })))
        for (const name of table.names)
          expect(asked.filter((one) => one === name).length).toBeLessThanOrEqual(2)
      }),
      { numRuns: 60 },
    )
    const short = { name: 'height', type: 'number', values: new Float64Array(2) } as const
    await expect(Encoder.fitColumns({ names: ['height'], rows: 3 }, () => short)).rejects.toThrow(
      'load must give column "height" with 3 rows, got "height" with 2',
    )
  })

  it('the order of rows changes no bit of what is learnt', () => {
    fc.assert(
      fc.property(tables, options, fc.nat(), (table, chosen, seed) => {
        const order = new Random(seed).permutation(table.rows)
        const weights = Array.from({ length: table.rows }, (_, i) => ((i * 31) % 7) / 3 + 0.1)
        expect(text(tryFit(table.take(order), chosen))).toBe(text(tryFit(table, chosen)))
        const permuted = Array.from(order, (i) => weights[i])
        expect(text(tryFit(table.take(order), chosen, permuted))).toBe(text(tryFit(table, chosen, weights)))
      }),
      { numRuns: 300 },
    )
  })

  it('weight n is n copies, weight 0 is absence', () => {
    fc.assert(
      fc.property(tables, options, (table, chosen) => {
        const weights = Array.from({ length: table.rows }, (_, i) => (i * 5) % 4)
        const copies = table.take(weights.flatMap((weight, i) => Array.from({ length: weight }, () => i)))
        fc.pre(copies.rows > 0)
        const strip = (encoder: Encoder | string): string =>
          typeof encoder === 'string'
            ? encoder
            : JSON.stringify(encoder.toJSON().columns, (name, value: unknown) =>
                name === 'filled' ? 0 : value,
              )
        expect(strip(tryFit(table, chosen, weights))).toBe(strip(tryFit(copies, chosen)))
      }),
      { numRuns: 300 },
    )
  })

  it('goes through JSON and back without losing a bit', () => {
    fc.assert(
      fc.property(tables, options, (table, chosen) => {
        const encoder = tryFit(table, chosen)
        fc.pre(typeof encoder !== 'string')
        if (typeof encoder === 'string') return
        const json = JSON.stringify(encoder)
        const back = Encoder.fromJSON(JSON.parse(json))
        expect(JSON.stringify(back)).toBe(json)
        expect(back.settings).toEqual(encoder.settings)
        expect(back.uses).toEqual(encoder.uses)
        expect(back.notes).toEqual(encoder.notes)
        expect(back.features).toEqual(encoder.features)
        expect(back.encode(table)).toEqual(encoder.encode(table))
      }),
      { numRuns: 300 },
    )
  })

  it('decodes what it encoded', () => {
    fc.assert(
      fc.property(tables, options, (table, chosen) => {
        const encoder = tryFit(table, chosen)
        fc.pre(typeof encoder !== 'string')
        if (typeof encoder === 'string') return
        const { matrix, rows } = encoder.encode(table)
        const decoded = encoder.decode(matrix)
        expect(decoded.names).toEqual(encoder.features)
        for (const use of encoder.uses) {
          if (!use.used || use.type === 'text' || use.type === 'boolean') continue
          const column = table.column(use.name)
          const back = decoded.column(use.features[0])
          expect(back.type).toBe(use.type)
          for (let i = 0; i < matrix.rows; i++) {
            const cell = column.values[rows === null ? i : rows[i]]
            if (!Number.isNaN(cell))
              expect(Math.abs(back.values[i] - cell)).toBeLessThanOrEqual(1e-15 * Math.abs(cell) + 1e-14)
          }
        }
      }),
    )
  })
})

describe('Encoder.decode', () => {
  it('gives centres in the units of the data', () => {
    const encoder = Encoder.fit(people)
    const { matrix } = encoder.encode(people)
    const d = matrix.columns
    const mean = Float64Array.from(
      { length: d },
      (_, j) => (matrix.row(0)[j] + matrix.row(1)[j] + matrix.row(2)[j]) / 3,
    )
    const [row] = encoder.decode(Matrix.of(mean, d)).toRows()
    expect(row['height']).toBeCloseTo(5.2 / 3, 14)
    expect(row['born']).toEqual(new Date(2000))
    expect([row['city=Graz'], row['city=Wien'], row['member']]).toEqual([1 / 3, 2 / 3, 1 / 3])
    expect(refusal(() => encoder.decode([[1, 2]])).code).toBe('E_SHAPE')
    expect(refusal(() => encoder.decode([[1, 2, Number.NaN, 4, 5]])).code).toBe('E_NONFINITE')
  })
})

describe('Encoder.fromJSON', () => {
  const json = JSON.stringify(Encoder.fit(people, { missing: 'impute', ignore: ['note'] }))

  it('refuses every field that is left out, added, or of another kind', () => {
    let tried = 0
    const visit = (path: readonly (string | number)[], value: unknown): void => {
      const replaced = (replacement: unknown): unknown => {
        const copy = JSON.parse(json) as Record<string | number, unknown>
        let at: Record<string | number, unknown> = copy
        for (const step of path.slice(0, -1)) at = at[step] as Record<string | number, unknown>
        const last = path[path.length - 1]
        if (replacement === undefined) delete at[last]
        else at[last] = replacement
        return copy
      }
      if (path.length > 0 && typeof path[path.length - 1] === 'string') {
        const wrong = [undefined, {}, [], true, 'other', -1, 1.5, Number.NaN, '__proto__']
        for (const replacement of wrong) {
          const broken = replaced(replacement)
          let same: boolean
          try {
            // A value that the field may have is no fault: then it must come back as it was given.
            same = JSON.stringify(Encoder.fromJSON(broken)) === JSON.stringify(broken)
          } catch (error) {
            expect(error).toBeInstanceOf(InputError)
            same = true
          }
          expect(same).toBe(true)
          tried++
        }
      }
      if (value !== null && typeof value === 'object') {
        for (const [name, field] of Object.entries(value))
          visit([...path, Array.isArray(value) ? Number(name) : name], field)
        if (!Array.isArray(value)) {
          const copy = JSON.parse(json) as Record<string | number, unknown>
          let at = copy
          for (const step of path) at = at[step] as Record<string | number, unknown>
          at['another'] = 1
          expect(refusal(() => Encoder.fromJSON(copy)).code).toBe('E_JSON')
        }
      }
    }
    visit([], JSON.parse(json))
    expect(tried).toBeGreaterThan(300)
  })

  it('refuses what never was an encoder', () => {
    for (const value of [null, undefined, 7, 'x', json, [], {}, JSON.parse('{"__proto__":{"encoder":1}}')]) {
      expect(refusal(() => Encoder.fromJSON(value)).code).toBe('E_JSON')
    }
    expect(refusal(() => Encoder.fromJSON({ ...JSON.parse(json), encoder: 2 })).code).toBe('E_VERSION')
    expect(refusal(() => Encoder.fromJSON({ ...JSON.parse(json), columns: [] })).code).toBe('E_JSON')
  })

  it('refuses a scale of zero and a category twice', () => {
    const zero = json.replace(/"scale":0?\.\d+/, '"scale":0')
    expect(zero).not.toBe(json)
    expect(refusal(() => Encoder.fromJSON(JSON.parse(zero))).message).toMatch(/scale must be above 0, got 0$/)
    const twice = json.replace('["Graz","Wien"]', '["Wien","Wien"]')
    expect(refusal(() => Encoder.fromJSON(JSON.parse(twice))).message).toMatch(/categories must be sorted/)
  })
})
