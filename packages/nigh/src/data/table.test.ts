import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { InputError } from '../check.ts'
import { cellOf, isMissing, Table, type Cell, type Column } from './table.ts'

function codeOf(call: () => unknown): string {
  try {
    call()
  } catch (error) {
    if (error instanceof InputError) return error.code
    throw error
  }
  return 'none'
}

function messageOf(call: () => unknown): string {
  try {
    call()
  } catch (error) {
    if (error instanceof InputError) return error.message
    throw error
  }
  return 'none'
}

const height: Column = { name: 'height', type: 'number', values: Float64Array.of(1.5, Number.NaN, 1.75) }
const city: Column = {
  name: 'city',
  type: 'text',
  values: Int32Array.of(0, -1, 1),
  categories: ['Graz', 'Linz'],
}
const member: Column = { name: 'member', type: 'boolean', values: Uint8Array.of(1, 255, 0) }
const born: Column = { name: 'born', type: 'date', values: Float64Array.of(0, Number.NaN, 1.7e12) }
const table = Table.of([height, city, member, born])

describe('Table.of', () => {
  it('holds columns by name and in order', () => {
    expect(table.rows).toBe(3)
    expect(table.names).toEqual(['height', 'city', 'member', 'born'])
    expect(table.column('city')).toEqual(city)
    expect(table.has('height')).toBe(true)
    expect(table.has('toString')).toBe(false)
    expect(table.column('height').values).toBe(height.values)
  })

  it('does not change when the caller changes what it was given', () => {
    const columns: Column[] = [{ ...height }]
    const categories = ['a', 'b']
    columns.push({ name: 'text', type: 'text', values: Int32Array.of(0, 1, 0), categories })
    const made = Table.of(columns)
    columns.pop()
    categories[0] = 'changed'
    expect(made.names).toEqual(['height', 'text'])
    expect(cellOf(made.columns[1], 0)).toBe('a')
    expect(
      Object.isFrozen(made.columns) && Object.isFrozen(made.columns[0]) && Object.isFrozen(made.names),
    ).toBe(true)
  })

  it('refuses what is no table, naming the column', () => {
    const of = (columns: unknown): string => codeOf(() => Table.of(columns as Column[]))
    expect(of(null)).toBe('E_TYPE')
    expect(of('abc')).toBe('E_TYPE')
    expect(of([])).toBe('E_EMPTY')
    expect(of([null])).toBe('E_TYPE')
    expect(of(Object.assign([], { 1: height }))).toBe('E_TYPE')
    expect(of([{ ...height, name: 7 }])).toBe('E_TYPE')
    expect(of([{ ...height, name: ' ' }])).toBe('E_FEATURES')
    expect(of([height, height])).toBe('E_FEATURES')
    expect(of([{ ...height, type: 'complex' }])).toBe('E_TYPE')
    expect(of([{ ...height, values: [1, 2, 3] }])).toBe('E_TYPE')
    expect(of([{ ...born, values: new Float32Array(3) }])).toBe('E_TYPE')
    expect(of([{ ...member, values: Uint8Array.of(0, 2, 1) }])).toBe('E_RANGE')
    expect(of([{ ...city, values: Int32Array.of(0, 2, 1) }])).toBe('E_RANGE')
    expect(of([{ ...city, values: Int32Array.of(0, -2, 1) }])).toBe('E_RANGE')
    expect(of([{ ...city, categories: ['a', 'a'] }])).toBe('E_FEATURES')
    expect(of([{ ...city, categories: ['a', 7] }])).toBe('E_TYPE')
    expect(of([{ ...city, categories: undefined }])).toBe('E_TYPE')
    expect(of([height, { ...member, values: Uint8Array.of(1, 0) }])).toBe('E_SHAPE')
    expect(messageOf(() => Table.of([height, { ...member, values: Uint8Array.of(1, 0) }]))).toBe(
      'Table.of: every column must have the same length; "member" has 2 cells, "height" has 3',
    )
  })
})

describe('Table.fromRows', () => {
  it('finds the type of each column, and takes what is not there as missing', () => {
    const made = Table.fromRows([
      { a: 1, b: 'x', d: new Date(5) },
      { a: null, b: undefined, c: true, d: null },
      { a: Number.NaN, b: '', c: false, e: null },
    ])
    expect(made.columns.map((column) => [column.name, column.type])).toEqual([
      ['a', 'number'],
      ['b', 'text'],
      ['d', 'date'],
      ['c', 'boolean'],
      ['e', 'number'],
    ])
    expect(made.toRows()).toEqual([
      { a: 1, b: 'x', c: null, d: new Date(5), e: null },
      { a: null, b: null, c: true, d: null, e: null },
      { a: null, b: '', c: false, d: null, e: null },
    ])
  })

  it('never converts a cell', () => {
    const rows = (b: unknown): object[] => [
      { a: 1, b: 2 },
      { a: 2, b },
    ]
    for (const cell of ['2', true, new Date(0)]) {
      expect(messageOf(() => Table.fromRows(rows(cell)))).toMatch(
        /^Table\.fromRows: a column must be of one type; column "b" is number in row 0, but row 1 holds .* \(nothing is converted\)$/,
      )
    }
    for (const cell of [7n, [2], { valueOf: () => 2 }, () => 2, Symbol('two')]) {
      expect(messageOf(() => Table.fromRows(rows(cell)))).toMatch(
        /row 1, column "b" must be a number, boolean/,
      )
    }
    expect(codeOf(() => Table.fromRows([{ d: new Date(Number.NaN) }]))).toBe('E_TYPE')
  })

  it('refuses rows that are not plain records', () => {
    for (const row of [
      null,
      7,
      'row',
      [1, 2],
      new Float64Array(2),
      new Date(0),
      new Map([['a', 1]]),
      undefined,
    ]) {
      expect(messageOf(() => Table.fromRows([{ a: 1 }, row as object]))).toMatch(
        /row 1 must be a plain record/,
      )
    }
    expect(codeOf(() => Table.fromRows([]))).toBe('E_EMPTY')
    expect(codeOf(() => Table.fromRows([{}, {}]))).toBe('E_EMPTY')
    expect(codeOf(() => Table.fromRows({ length: 3 } as unknown as object[]))).toBe('E_TYPE')
    expect(codeOf(() => Table.fromRows([{ ' ': 1 }]))).toBe('E_FEATURES')
  })

  it('takes records without a prototype and from another place', () => {
    const bare = Object.assign(Object.create(null), { a: 1 }) as object
    expect(Table.fromRows([bare]).toRows()).toEqual([{ a: 1 }])
  })
})

describe('names are data', () => {
  const hostile = [
    '__proto__',
    'constructor',
    'hasOwnProperty',
    'toString',
    '=HYPERLINK("http://x")',
    '"; DROP TABLE rows',
    'line\nbreak',
    '\u202eright to left',
    '\ud800',
    'x'.repeat(10_000),
    '<img onerror=alert(1)>',
  ]

  it('keeps them through records, columns, selections and rows', () => {
    const row = JSON.parse(
      `{${hostile.map((name, j) => `${JSON.stringify(name)}:${j}`).join(',')}}`,
    ) as object
    const made = Table.fromRows([row, row])
    expect(made.names).toEqual(hostile)
    expect(made.column('__proto__').values).toEqual(Float64Array.of(0, 0))
    const [first] = made.select([...hostile].reverse()).toRows()
    expect(Object.keys(first)).toEqual([...hostile].reverse())
    expect(Object.getOwnPropertyDescriptor(first, '__proto__')?.value).toBe(0)
    expect(Object.getPrototypeOf(first)).toBe(Object.prototype)
    expect(({} as Record<string, unknown>)['isAdmin']).toBeUndefined()
  })

  it('does not find inherited names', () => {
    for (const name of ['__proto__', 'constructor', 'toString']) {
      expect(table.has(name)).toBe(false)
      expect(codeOf(() => table.column(name))).toBe('E_FEATURES')
    }
    // A name that only the first row has must not be read from Object.prototype in the second.
    const rows = [JSON.parse('{"a":1,"constructor":"x"}') as object, { a: 2 }]
    expect(cellOf(Table.fromRows(rows).column('constructor'), 1)).toBe(null)
  })

  it('says which names are alike', () => {
    expect(messageOf(() => table.column('heigth'))).toBe(
      'Table.column: there is no column "heigth"; did you mean "height"?',
    )
    expect(messageOf(() => table.column('CITY'))).toContain('did you mean "city"?')
    expect(messageOf(() => table.column('price'))).toContain(
      'the columns are "height", "city", "member", "born"',
    )
    const wide = Table.of(Array.from({ length: 20_000 }, (_, j) => ({ ...height, name: `column ${j}` })))
    const message = messageOf(() => wide.column('something else entirely'))
    expect(message).toContain('and 19990 more')
    expect(message.length).toBeLessThan(400)
    expect(messageOf(() => wide.column('x'.repeat(1e6))).length).toBeLessThan(500)
  })
})

describe('select, drop, append, take, slice', () => {
  it('shares the cells where it can', () => {
    expect(table.select(['born', 'height']).names).toEqual(['born', 'height'])
    expect(table.select(['height']).column('height').values).toBe(height.values)
    expect(table.drop(['born', 'city']).names).toEqual(['height', 'member'])
    expect(table.slice(1).column('height').values.buffer).toBe(height.values.buffer)
    expect(table.slice(1, 2).toRows()).toEqual([{ height: null, city: null, member: null, born: null }])
    expect(table.slice(3).rows).toBe(0)
    expect(table.append([{ ...member, name: 'other' }]).names).toEqual([...table.names, 'other'])
  })

  it('takes rows in any order, and more than once', () => {
    const taken = table.take(Uint32Array.of(2, 0, 2))
    expect(taken.toRows()).toEqual([table.toRows()[2], table.toRows()[0], table.toRows()[2]])
    expect(table.take([]).rows).toBe(0)
    const single = Table.of([{ name: 'x', type: 'number', values: Float32Array.of(1, 2) }])
    expect(single.take([1]).column('x').values).toEqual(Float32Array.of(2))
  })

  it('refuses what is not there', () => {
    expect(codeOf(() => table.select([]))).toBe('E_EMPTY')
    expect(codeOf(() => table.select(['city', 'city']))).toBe('E_FEATURES')
    expect(codeOf(() => table.select(['nope']))).toBe('E_FEATURES')
    expect(codeOf(() => table.select('city' as unknown as string[]))).toBe('E_TYPE')
    expect(codeOf(() => table.drop([...table.names]))).toBe('E_EMPTY')
    expect(codeOf(() => table.drop(['nope']))).toBe('E_FEATURES')
    expect(codeOf(() => table.append([member]))).toBe('E_FEATURES')
    expect(codeOf(() => table.append([{ ...member, name: 'm', values: new Uint8Array(2) }]))).toBe('E_SHAPE')
    for (const row of [3, -1, 1.5, Number.NaN, '1', 2 ** 32]) {
      expect(codeOf(() => table.take([row as number]))).toBe('E_RANGE')
    }
    expect(codeOf(() => table.slice(2, 1))).toBe('E_RANGE')
    expect(codeOf(() => table.slice(0, 4))).toBe('E_RANGE')
    expect(codeOf(() => table.slice(-1))).toBe('E_RANGE')
  })
})

describe('records and tables', () => {
  const cells: Record<Column['type'], fc.Arbitrary<Cell>> = {
    number: fc.double({ noNaN: true }),
    boolean: fc.boolean(),
    text: fc.string({ unit: 'binary' }),
    date: fc.date({ noInvalidDate: true }),
  }
  const types = ['number', 'boolean', 'text', 'date'] as const
  const records = fc
    .uniqueArray(fc.tuple(fc.string({ minLength: 1 }), fc.constantFrom(...types)), {
      minLength: 1,
      maxLength: 6,
      selector: ([name]) => name,
    })
    .filter((columns) => columns.every(([name]) => name.trim() !== ''))
    .chain((columns) =>
      fc
        .array(fc.tuple(...columns.map(([, type]) => fc.option(cells[type]))), {
          minLength: 1,
          maxLength: 12,
        })
        .map((rows) => rows.map((row) => Object.fromEntries(row.map((cell, j) => [columns[j][0], cell])))),
    )

  it('go into each other and back', () => {
    fc.assert(
      fc.property(records, (rows) => {
        const made = Table.fromRows(rows)
        expect(made.toRows()).toEqual(rows)
        for (const column of made.columns) {
          for (let i = 0; i < made.rows; i++) expect(isMissing(column, i)).toBe(cellOf(column, i) === null)
        }
        expect(made.take(Array.from(rows, (_, i) => i)).toRows()).toEqual(rows)
      }),
    )
  })
})
