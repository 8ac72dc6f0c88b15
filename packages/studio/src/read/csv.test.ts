import type { Column } from 'nigh'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseNumber } from './cells.ts'
import { delimiterOf, readCsv, splitHead } from './csv.ts'
import { usualChoices, type Reading } from './read.ts'

/** Text in pieces of a given length: a cut may fall anywhere. */
function reading(text: string, length: number): Reading {
  let ended = false
  return {
    name: 'data.csv',
    head: async () => (text.endsWith('\n') ? text : `${text}\n`),
    ended: () => ended,
    text: async function* () {
      ended = false
      for (let at = 0; at < text.length; at += length) {
        ended = at + length >= text.length
        yield text.slice(at, at + length)
      }
    },
  }
}

const read = (text: string, length = 1 << 20, choices = usualChoices): Promise<Column[]> =>
  readCsv(reading(text, length), choices, null).then(({ columns }) => columns)

const cells = (column: Column): unknown[] =>
  column.type === 'text'
    ? Array.from(column.values, (code) => (code < 0 ? null : column.categories[code]))
    : Array.from(column.values)

describe('parseNumber', () => {
  it('gives the number that JavaScript reads, to the last bit', () => {
    const numeral = fc.stringMatching(/^-?(?:\d{1,18}\.?\d{0,18}|\.\d{1,18})$/)
    fc.assert(
      fc.property(numeral, (text) => {
        expect(parseNumber(text, '.')).toBe(Number(text))
        expect(parseNumber(text.replace('.', ','), ',')).toBe(Number(text))
      }),
      { numRuns: 2000 },
    )
    for (const text of ['', '-', '.', '-.', '1.2.3', '1e', '--1', '0x1', '1 2'])
      expect(parseNumber(text, '.'), text).toBe(undefined)
    expect(Object.is(parseNumber('-0', '.'), -0)).toBe(true)
  })
})

describe('readCsv', () => {
  it('reads the same wherever the pieces are cut', async () => {
    const text =
      'a,"b ""x""",c\r\n1,"two, and\r\nmore",2024-02-29\r\n-2.5e1,"say ""hi""",2024-03-01\r\n,NA,\r\n'
    for (let length = 1; length < text.length + 1; length++) {
      const [a, b, c] = await read(text, length)
      expect(cells(a)).toEqual([1, -25, Number.NaN])
      expect(b.name).toBe('b "x"')
      expect(cells(b)).toEqual(['two, and\r\nmore', 'say "hi"', null])
      expect(c.type).toBe('date')
      expect(cells(c).slice(0, 2)).toEqual([Date.UTC(2024, 1, 29), Date.UTC(2024, 2, 1)])
    }
  })

  it('brings back what was written, whatever the text', async () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 12 }).filter((cell) => !cell.includes('\0'))
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(text, text), { minLength: 1, maxLength: 8 }),
        fc.integer({ min: 1, max: 9 }),
        async (rows, length) => {
          const quote = (cell: string): string => `"${cell.replaceAll('"', '""')}"`
          const file = `left,right\n${rows.map((row) => row.map(quote).join(',')).join('\n')}\n`
          const columns = await read(file, length, {
            ...usualChoices,
            delimiter: ',',
            text: ['left', 'right'],
            missingMarks: [],
          })
          expect(columns.map(cells)).toEqual(
            [0, 1].map((j) => rows.map((row) => (row[j] === '' ? null : row[j]))),
          )
        },
      ),
      { numRuns: 200 },
    )
  })

  it('takes numbers for numbers, and a late word for what it is', async () => {
    const [mixed] = await read(`a,b\n${'x,1\n'.repeat(10)}7,1\n`)
    expect(mixed.type).toBe('text')
    await expect(read(`a,b\n${'1,1\n'.repeat(3000)}oops,1\n`)).rejects.toThrow(
      'data.csv, line 3002, column "a": "oops" is not a number, but 3,000 of the 3,001 cells of this column are',
    )
    const [flag, hex] = await read('flag,hex\ntrue,0x10\nFALSE,0x20\n,\n')
    expect(flag.type).toBe('boolean')
    expect(cells(flag)).toEqual([1, 0, 255])
    expect(hex.type).toBe('text')
  })

  it('finds delimiters and decimal commas, and asks where two fit', async () => {
    expect(delimiterOf('f', 'a;b\n1,5;2\n')).toBe(';')
    expect(delimiterOf('f', 'a\tb\n1\t2\n')).toBe('\t')
    expect(() => delimiterOf('f', '1;2,3\n4;5,6\n')).toThrow('may be separated by commas or by semicolons')
    const [a, b] = await read('a;b\n1,5;2\n0,25;3\n')
    expect(cells(a)).toEqual([1.5, 0.25])
    expect(cells(b)).toEqual([2, 3])
    expect(splitHead('a,b\nx', ',')).toEqual([['a', 'b']])
  })

  it('reads without a header, and passes over blank lines', async () => {
    const columns = await read('1,2\n\n3,4\n\n', 3, { ...usualChoices, header: false })
    expect(columns.map(({ name }) => name)).toEqual(['column 1', 'column 2'])
    expect(columns.map(cells)).toEqual([
      [1, 3],
      [2, 4],
    ])
  })

  it('takes a number for a missing value where it is told so', async () => {
    const choices = { ...usualChoices, missingMarks: ['-999'] }
    const [a] = await read('a,b\n1,2\n-999,3\n', 1 << 20, choices)
    expect(cells(a)).toEqual([1, Number.NaN])
  })
})
