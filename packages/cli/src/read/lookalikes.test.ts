import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { cellOf, InputError } from 'nigh'
import type { Cell } from 'nigh'
import { afterAll, describe, expect, test } from 'vitest'
import type { ReadOptions } from './options.ts'
import { readTable } from './read.ts'

const folder = mkdtempSync(join(tmpdir(), 'nigh-lookalikes-'))
afterAll(() => rmSync(folder, { recursive: true }))

let count = 0

/** A column of these cells beside one of numbers, as it is read, and what is said about it. */
async function read(
  cells: readonly string[],
  options: ReadOptions = {},
): Promise<{ readonly type: string; readonly cells: Cell[]; readonly said: string[] }> {
  const path = join(folder, `t${count++}.csv`)
  writeFileSync(path, `v;n\n${cells.map((cell, i) => `${cell};${i}`).join('\n')}\n`)
  const { table, warnings } = await readTable(path, options)
  const column = table.column('v')
  return {
    type: column.type,
    cells: Array.from({ length: table.rows }, (_, i) => cellOf(column, i)),
    said: warnings.map(({ code, message }) => `${code} ${message.replace(/^.*column "v" /, '')}`),
  }
}

/** What the note advises, as options. */
function advised(note: string): ReadOptions {
  const option = (name: string): string | undefined => new RegExp(`--${name} "?([^" ]+)`).exec(note)?.[1]
  const [units, thousands, dates] = ['units', 'thousands', 'dates'].map(option)
  return {
    ...(units === undefined ? {} : { units: units.split(',') }),
    ...(thousands === undefined ? {} : { thousands }),
    ...(dates === 'dmy' || dates === 'mdy' || dates === 'ymd' ? { dates } : {}),
  }
}

describe('text that looks like numbers or dates is called so, and the advice reads it', () => {
  test.each([
    [
      ['1.481,37', '2.119,22', '85,59'],
      [1481.37, 2119.22, 85.59],
    ],
    [
      ['$1,481.37', '-$119.22', '$85'],
      [1481.37, -119.22, 85],
    ],
    [
      ['20.6%', '3.1 %', '100%'],
      [20.6, 3.1, 100],
    ],
    [
      ['1,50 €', '3,20 €', '12 €'],
      [1.5, 3.2, 12],
    ],
    [
      ['5 kg', '1.5 kg', '10 kg'],
      [5, 1.5, 10],
    ],
    [
      ['EUR 5', 'EUR 7', 'EUR 1'],
      [5, 7, 1],
    ],
    [
      ["1'000'000", "2'500'000", "3'000"],
      [1e6, 2.5e6, 3000],
    ],
    [
      ['£1,000.50', '€2,000', '£3,500'],
      [1000.5, 2000, 3500],
    ],
  ])('%j', async (given, wanted) => {
    const plain = await read(given)
    expect(plain.type).toBe('text')
    expect(plain.said).toEqual([
      expect.stringMatching(/^W_TEXT is read as text, though its cells look like numbers/),
    ])
    const again = await read(given, advised(plain.said[0]))
    expect([again.type, again.cells, again.said]).toEqual(['number', wanted, []])
  })

  test.each([
    [['07.03.2021', '23.12.2022'], 'dmy', ['2021-03-07', '2022-12-23']],
    [['3/7/2021', '12/23/2022'], 'mdy', ['2021-03-07', '2022-12-23']],
    [['2021/3/7', '2022/12/23'], 'ymd', ['2021-03-07', '2022-12-23']],
    [['23.12.2022 8:05', '24.12.2022 17:30:10'], 'dmy', ['2022-12-23T08:05', '2022-12-24T17:30:10']],
  ])('%j', async (given, order, wanted) => {
    const plain = await read(given)
    expect(plain.said).toEqual([
      expect.stringContaining(`look like dates ("${given[0]}"); set --dates ${order} to`),
    ])
    const again = await read(given, advised(plain.said[0]))
    expect([again.type, again.cells]).toEqual([
      'date',
      wanted.map((day) => new Date(`${day}${day.length > 10 ? '' : 'T00:00'}Z`)),
    ])
  })

  test('where either may come first, both orders are named', async () => {
    const { said } = await read(['03/07/2021', '04/05/2021'])
    expect(said[0]).toContain('--dates dmy or --dates mdy')
    expect((await read(['03/07/2021', '2021-04-05'], { dates: 'mdy' })).cells).toEqual([
      new Date('2021-03-07'),
      new Date('2021-04-05'),
    ])
    // 31 April is no day in any order.
    expect((await read(['31.04.2021', '30.02.2021'], { dates: 'dmy' })).type).toBe('text')
  })

  test('other text stays text without a word, and so does what nobody needs', async () => {
    for (const text of [
      'A1',
      '1A',
      'v1.2.3',
      '10.0.0.1',
      '+49 30 1234',
      '12:30',
      'M',
      '1-2',
      '1/7',
      '#5',
      '5 of 7 rooms',
    ]) {
      const { type, said } = await read([text, `${text}1`, `${text}2`])
      expect([type, said]).toEqual(['text', []])
    }
    expect((await read(['$1', '$2'], { dispensable: ['v'] })).said).toEqual([])
    expect((await read(['$1', '$2'], { text: ['v'] })).said).toEqual([])
  })

  test('a stray amount among numbers is told the option', async () => {
    await expect(read(['1', '2', '3', '$4'])).rejects.toThrow('set --units "$" if that is a unit')
    expect((await read(['1', '2', '3', '$4'], { units: ['$'] })).cells).toEqual([1, 2, 3, 4])
  })
})

describe('points and commas', () => {
  test('a point before three digits, beside decimal commas, is refused: 1.481 may be a thousand', async () => {
    const path = join(folder, 'points.csv')
    writeFileSync(path, 'a;b\n1.481;0,5\n12.000;0,7\n300;1,25\n')
    await expect(readTable(path, {})).rejects.toThrow(
      /line 2, column "a": "1\.481" may have a point between thousands, for column "b" has decimal commas; set --thousands "\."/,
    )
    const values = async (options: ReadOptions): Promise<unknown> =>
      (await readTable(path, options)).table.toRows().map(({ a, b }) => [a, b])
    expect(await values({ thousands: '.' })).toEqual([
      [1481, 0.5],
      [12000, 0.7],
      [300, 1.25],
    ])
    await expect(readTable(path, { thousands: '.', decimal: '.' })).rejects.toThrow('must differ')
    // "1.5" can only be a decimal point: the file has both marks, each column its own.
    writeFileSync(path, 'a;b\n1.481;0,5\n1.5;0,7\n')
    expect(await values({})).toEqual([
      [1.481, 0.5],
      [1.5, 0.7],
    ])
  })

  test('digits after a 0 are numbers, but not without a word', async () => {
    const { type, cells, said } = await read(['01234', '99999'])
    expect([type, cells, said]).toEqual([
      'number',
      [1234, 99999],
      ['W_ZEROS is read as numbers, without the 0 before "01234"; --text "v" keeps it'],
    ])
    expect((await read(['01234', '99999'], { text: ['v'] })).cells).toEqual(['01234', '99999'])
    expect((await read(['0', '0.0012', '05', '-1'])).said).toEqual([])
  })

  test('marks of missing cells that cannot stand in a cell are refused', async () => {
    await expect(read(['1', '2'], { missingMarks: [';'] })).rejects.toThrow(InputError)
    await expect(read(['1', '2'], { missingMarks: ['"'] })).rejects.toThrow(
      'a mark cannot hold a quotation mark',
    )
  })
})
