import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { Command, type Ended } from '../../test/command.ts'
import { expectAccessible, expectAlone, expectWellFormed, groups, textOf } from '../../test/page.ts'
import { brief, percent, whole } from '../show/numbers.ts'

// Every test starts processes, and the machine may be busy.
vi.setConfig({ testTimeout: 60_000 })

const command = new Command()
const { folder } = command
const nigh = (args: readonly string[]): Promise<Ended> => command.start(args)
const page = (name: string): string => readFileSync(join(folder, name), 'utf8')

interface Drawn {
  readonly text: string
  readonly html: string
  // Answers are looked at field by field.
  // oxlint-disable-next-line no-explicit-any
  readonly json: any
}

async function drawn(name: string, args: readonly string[], note = ''): Promise<Drawn> {
  const { code, out, err } = await nigh([...args, '--report', name, '--json'])
  expect({ code, err }).toEqual({ code: 0, err: note })
  const html = page(name)
  expectWellFormed(html)
  expectAlone(html)
  expectAccessible(html)
  return { text: textOf(html), html, json: JSON.parse(out) }
}

writeFileSync(join(folder, 'groups.csv'), groups())

describe('a page for every method', () => {
  const cases: readonly (readonly [method: string, title: string, args: readonly string[], shows: RegExp])[] =
    [
      ['bisecting', 'Bisecting K-Means', [], /Clusters in principal components/],
      ['spherical', 'Spherical K-Means', [], /Measured by the angle between rows\./],
      ['minibatch', 'Mini-batch K-Means', [], /Profiles of the clusters/],
      ['medians', 'K-Medians', [], /The medians .*Measured by manhattan distance\./],
      ['medoids', 'K-Medoids', ['--metric', 'chebyshev'], /The rows that lead .*not by chebyshev\./],
      [
        'bounded',
        'K-Means of bounded sizes',
        ['--max-size', '31'],
        /Sizes of the clusters .*1 cluster is as large as allowed/,
      ],
    ]
  for (const [method, title, args, shows] of cases) {
    test(method, async () => {
      const fit = ['kmeans', 'groups.csv', '--k', '3', '--ignore', 'group', '--method', method, ...args]
      const { text, json } = await drawn(`${method}.html`, fit)
      expect(text).toContain(`${title} put 91 rows into 3 clusters`)
      expect(text).toContain(`inertia ${brief(json.inertia)}`)
      for (const count of json.counts) expect(text).toContain(` ${whole(count)} ${percent(count / 91)} `)
      expect(text).toMatch(shows)
      expect(text).toMatch(/Typical and far-out rows/)
    })
  }

  test('1d: bars, and where clusters end', async () => {
    let csv = 'price,name\n'
    for (let i = 0; i < 200; i++)
      csv += `${i < 150 ? 1 + (i % 10) / 4 : i < 195 ? 90 + i / 50 : 5000 + i},n${i}\n`
    writeFileSync(join(folder, 'prices.csv'), csv)
    const { text, json } = await drawn('line.html', [
      ...['kmeans', 'prices.csv', '--k', '3', '--method', '1d', '--columns', 'price'],
    ])
    expect(json.breaks).toHaveLength(2)
    expect(text).toContain('No other 2 breaks would leave less spread inside the clusters.')
    // Most are small and a few very large: an even line would show one bar.
    expect(text).toContain('The line is drawn together towards its end')
    expect(text).toMatch(/cluster rows from to mean 0 150 1 3\.250 .* 1 45 .* 2 5 5,195 5,199/)
    // What is not clustered by is shown with the rows all the same.
    expect(text).toContain('n199')
  })

  test('prototypes: in words, with the share of each category', async () => {
    const { text } = await drawn('mixed.html', [
      ...['kmeans', 'groups.csv', '--k', '3', '--method', 'prototypes'],
    ])
    expect(text).toMatch(/The prototypes: means, and most frequent values cluster x y group/)
    expect(text).toMatch(/group=[abc] 100 %/)
    expect(text).toMatch(/numbers in standard deviations, and categories, equal or not\./)
    expect(text).toMatch(/in which a differing category counts 0\.500/)
  })

  test('geo: a map that cuts no cluster in two', async () => {
    let csv = 'lat,lon,name\n'
    for (let i = 0; i < 30; i++)
      csv += `${-17 + (i % 5) / 10},${i % 2 ? 179 + i / 100 : -179 - i / 100},island ${i}\n`
    for (let i = 0; i < 30; i++) csv += `${47 + (i % 5) / 10},${15 + i / 100},town ${i}\n`
    writeFileSync(join(folder, 'places.csv'), csv)
    const { text, html } = await drawn('map.html', [
      ...['kmeans', 'places.csv', '--k', '2', '--method', 'geo', '--columns', 'lat,lon', '--scale', 'none'],
    ])
    expect(text).toMatch(/The map begins at 15° E, behind the widest stretch without a place\./)
    expect(text).toMatch(/its middle \d 30 50\.0 % (16\.8° S, 18|47\.2° N, 15)/)
    expect(html).toContain('180°')
    expect(text).toContain('island 0')
    const svg = await nigh([
      ...['kmeans', 'places.csv', '--k', '2', '--method', 'geo', '--columns', 'lat,lon', '--scale', 'none'],
      ...['--plot', 'map.svg', '--quiet'],
    ])
    expect(svg).toEqual({ code: 0, out: '', err: '' })
    expectWellFormed(page('map.svg'))
  })
})

describe('a page of a streamed run', () => {
  test('is that of a run in memory where all rows are shown', async () => {
    const args = ['kmeans', 'groups.csv', '--k', '3', '--ignore', 'group', '--report', 'page.html', '--quiet']
    expect((await nigh(args)).code).toBe(0)
    const inMemory = page('page.html')
    expect((await nigh([...args, '--stream'])).code).toBe(0)
    expect(page('page.html').replace(' --stream', '')).toBe(inMemory)
  })

  test('draws from 20,000 rows of more, and numbers them as the file does', async () => {
    let csv = 'x,y,name\n'
    for (let i = 0; i < 50_000; i++)
      csv += `${(i % 2) * 100 + (i % 7)},${i % 11 === 5 ? '' : i % 13},row${i}\n`
    writeFileSync(join(folder, 'many.csv'), csv)
    const fit = ['kmeans', 'many.csv', '--k', '2', '--columns', 'x,y', '--missing', 'drop', '--stream']
    const note = 'nigh: note: 4545 of 50000 rows are left out: empty cells\n'
    const { text, json } = await drawn('many.html', [...fit, '--out', 'many-out.csv'], note)
    expect(json.rows).toBe(45_455)
    expect(text).toContain('put 45,455 rows into 2 clusters')
    expect(text).toContain('Drawn from 20,000 rows, spread evenly over all 45,455.')
    expect(text).toMatch(/Measured on 4,000 rows drawn from 45,455\./)
    expect(text).toContain('three farthest from it, of the 20,000 rows drawn.')
    expect(text).toContain('Counted in 20,000 of the rows, spread evenly over all.')
    const examples = [...text.matchAll(/(?:typical|far out) (\d+) \d+ \d+ row(\d+)/g)]
    expect(examples).toHaveLength(12)
    for (const [, row, name] of examples) expect(row).toBe(name)
    const again = await drawn('many.html', [...fit, '--out', 'many-out.csv'], note)
    expect(again.text).toBe(text)
  })
})
