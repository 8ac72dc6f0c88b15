import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { Command, type Ended } from '../../test/command.ts'
import { score } from '../show/numbers.ts'
import { likest } from '../show/likest.ts'

vi.setConfig({ testTimeout: 60_000 })

const command = new Command()
const { folder } = command
const nigh = (...args: string[]): Promise<Ended> => command.start(args)

let houses = 'rooms,built,price\n'
for (let i = 0; i < 60; i++) {
  // Three rows without a price, all in the first third: rows of the file and rows with a price part there.
  houses += `${1 + (i % 6)},${1950 + ((i * 7) % 71)},${i === 2 || i === 5 || i === 11 ? '' : 100 + (i % 6) * 30 + (i === 50 ? 900 : 0)}\n`
}
writeFileSync(join(folder, 'houses.csv'), houses)

describe('what a person reads', () => {
  it('years stand without separators', async () => {
    const { out } = await nigh('inspect', 'houses.csv')
    expect(out).toMatch(/built .* 1950 to 2020, mean 19\d\d\.\d ± [\d.]+, median 19\d\d/)
  })

  it('a misspelt column is answered with the right one', async () => {
    const { code, err } = await nigh('knn', 'houses.csv', '--target', 'prise')
    expect(code).toBe(2)
    expect(err).toContain('--target "prise": houses.csv has no such column; did you mean "price"?')
    expect(likest('Sepal Length', ['sepal_width', 'sepal_length'])).toBe('sepal_length')
    expect(likest('colour', ['color', 'cool'])).toBe('color')
    expect(likest('ba', ['ab', 'xyz'])).toBe('ab')
    expect(likest('weight', ['height', 'age'])).toBe('height')
    expect(likest('q', ['price', 'built', 'p'])).toBeUndefined()
    expect(likest('X', ['y', ' x '])).toBe(' x ')
    expect(likest('species', ['petal', 'sepal'])).toBeUndefined()
  })

  it('one row held back is too few to try a regression on', async () => {
    const held = ['knn', 'houses.csv', '--target', 'price', '--missing', 'drop', '--holdout', '0.01']
    const { code, err } = await nigh(...held)
    expect(code).toBe(2)
    expect(err).toMatch(
      /--holdout leaves 1 row to be tried on.*hold more back, or try every row with --cv loo/,
    )
  })

  it('no score is minus nothing', () => {
    expect([-0.0001, 0.0001, -0, -0.001, -0.5].map(score)).toEqual([
      '0.000',
      '0.000',
      '0.000',
      '-0.001',
      '-0.500',
    ])
  })

  it('a report numbers rows as the file does, and shows where regression rows lie', async () => {
    const { code } = await nigh(
      ...['knn', 'houses.csv', '--target', 'price', '--missing', 'drop', '--cv', 'loo', '--report', 'r.html'],
    )
    expect(code).toBe(0)
    const page = readFileSync(join(folder, 'r.html'), 'utf8')
    // Row 50 of the file is off by far: its number, and its cells, are those of the file.
    const rows = page.match(/<tr>.*?<\/tr>/gs) ?? []
    const texts = rows.map((row) =>
      row
        .replace(/<[^>]*>/g, ' ')
        .trim()
        .split(/\s+/),
    )
    const numbered = (row: string): boolean =>
      texts.some((cells) => cells[0] === row && (cells.includes('1,060') || cells.includes('1060')))
    expect(numbered('50')).toBe(true)
    expect(numbered('47')).toBe(false)
    expect(page).toContain('Where the rows lie')
    expect(page).toContain('from the smallest fifth to the largest')
  })
})

describe('a row with a cell too many and one with a cell too few', () => {
  it('are found though they make up for each other, wherever they stand', async () => {
    for (const [long, short] of [
      [3, 4],
      [1, 4999],
      [2500, 2501],
    ]) {
      let text = 'a,b,c\n'
      for (let i = 1; i <= 5000; i++) text += i === long ? '1,2,3,4\n' : i === short ? '1,2\n' : '1,2,3\n'
      writeFileSync(join(folder, 'ragged.csv'), text)
      const { code, err } = await nigh('inspect', 'ragged.csv')
      expect(code).toBe(2)
      expect(err).toContain(`line ${Math.min(long, short) + 1}`)
    }
  })
})

describe('options that a message names exist', () => {
  const kinds = Array.from({ length: 140 }, (_, i) => `${i % 70},${i % 3},${i % 2 === 0 ? 'a' : 'b'}`)
  writeFileSync(join(folder, 'kinds.csv'), `kind,n,g\n${kinds.map((row) => `k${row}`).join('\n')}\n`)

  it('more categories than are allowed', async () => {
    const left = await nigh('kmeans', 'kinds.csv', '--k', '2')
    expect(left.out).toMatch(/kind +not used: it has 70 different texts, more than --max-categories 64/)
    const refused = await nigh('kmeans', 'kinds.csv', '--k', '2', '--columns', 'kind,n')
    expect(refused.err).toContain('has 70 different values; --max-categories allows 64: raise it')
    const taken = await nigh('kmeans', 'kinds.csv', '--k', '2', '--max-categories', '70')
    expect(taken.out).toMatch(/kind +one-hot, 70 categories/)
  })

  it('numbers out of range, and what may be given instead', async () => {
    const told = async (...args: string[]): Promise<string> => (await nigh(...args)).err
    expect(await told('choose-k', 'kinds.csv', '--from', '5', '--to', '2')).toMatch(
      /^nigh choose-k: --from must be/,
    )
    expect(await told('kmeans', 'kinds.csv')).toContain('--k auto takes the number that choose-k recommends')
    expect(await told('knn', 'kinds.csv', '--target', 'g', '--holdout', '1.5')).toContain(
      'above 0 and below 1.',
    )
    expect(await told('anomalies', 'kinds.csv', '--contamination', '0')).toContain('above 0 and up to 0.5.')
  })

  it('a category that no row outside a cluster has is 0 % of them, not nearly', async () => {
    const { out } = await nigh('kmeans', 'kinds.csv', '--k', '2', '--columns', 'g')
    expect(out).toMatch(/g=[ab] (100|0) % \(others (0|100) %/)
    expect(out).not.toContain('<0.1 %')
  })

  it('a model of anomalies says what it takes for one', async () => {
    for (const method of ['neighbor', 'lof', 'centroid']) {
      await nigh(
        'anomalies',
        'kinds.csv',
        '--method',
        method,
        '--k',
        '3',
        '--columns',
        'n,g',
        '--model',
        'a.nigh',
      )
      const { out } = await nigh('inspect', 'a.nigh')
      expect(out).toMatch(/\n {2}k +3\n {2}rows +140\n {2}threshold +[\d.]+\n {2}outliers +\d+\n/)
      expect(out).toMatch(/\n {2}n +number/)
    }
  })
})
