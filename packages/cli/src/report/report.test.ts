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

// Answers are looked at field by field.
// oxlint-disable-next-line no-explicit-any
async function json(args: readonly string[]): Promise<any> {
  const { code, out, err } = await nigh([...args, '--json'])
  expect({ code, err }).toEqual({ code: 0, err: '' })
  return JSON.parse(out)
}

function put(name: string, text: string): string {
  writeFileSync(join(folder, name), text)
  return name
}

function page(name: string): string {
  return readFileSync(join(folder, name), 'utf8')
}

put('groups.csv', groups())

describe('kmeans', () => {
  test('--report holds the figures of --json, is well-formed, alone and accessible', async () => {
    const answer = await json([
      'kmeans',
      'groups.csv',
      '--k',
      '3',
      '--ignore',
      'group',
      '--report',
      'clusters.html',
    ])
    const html = page('clusters.html')
    expectWellFormed(html)
    expectAlone(html)
    expectAccessible(html)
    const text = textOf(html)
    expect(text).toContain('Clusters of groups.csv')
    expect(text).toContain(`inertia ${brief(answer.inertia)}`)
    expect(text).toContain(`iterations ${answer.iterations}`)
    for (const count of answer.counts) expect(text).toContain(` ${whole(count)} ${percent(count / 91)} `)
    expect(text).toContain('nigh kmeans groups.csv --k 3 --ignore group --report clusters.html --json')
    expect(text).toMatch(/nigh \d+\.\d+\.\d+, Node \d+/)
    // The table of every scatter: where each cluster lies, in the data's own units.
    const [centre] = answer.centroids
    expect(text).toContain(brief(centre[0]))
  })

  test('the same command gives the same bytes', async () => {
    const args = ['kmeans', 'groups.csv', '--k', '2', '--ignore', 'group', '--report', 'same.html', '--quiet']
    expect(await nigh(args)).toEqual({ code: 0, out: '', err: '' })
    const first = page('same.html')
    await nigh(args)
    expect(page('same.html')).toBe(first)
  })

  test('--k auto shows the knee and every criterion', async () => {
    const answer = await json([
      'kmeans',
      'groups.csv',
      '--k',
      'auto',
      '--ignore',
      'group',
      '--report',
      'auto.html',
    ])
    const text = textOf(page('auto.html'))
    expectWellFormed(page('auto.html'))
    for (const reason of answer.chosen.reasons) expect(text).toContain(reason)
    expect(text).toContain(`${answer.k} ◀`)
    expect(text).toContain('Inertia by number of clusters')
  })

  test('names and cells from the data are text, whatever they hold', async () => {
    const nasty = ['<script>alert(1)</script>', '"><img src=x onerror=alert(1)>', '</style>]]>&amp;', "a'b&c"]
    const quote = (text: string): string => `"${text.replaceAll('"', '""')}"`
    let csv = `${nasty.map(quote).join(',')}\n`
    for (let i = 0; i < 40; i++) {
      csv += `${i % 2 === 0 ? i : 100 + i},${i % 3},${quote(i % 2 === 0 ? '</td><script>x' : '\u202e"\u0007&<!--')},${(i * 7) % 11}\n`
    }
    put('<b>nasty.csv', csv)
    const made = await nigh(['kmeans', '<b>nasty.csv', '--k', '2', '--report', 'nasty.html', '--quiet'])
    expect(made).toEqual({ code: 0, out: '', err: '' })
    const html = page('nasty.html')
    expectWellFormed(html)
    expectAlone(html)
    const text = textOf(html)
    for (const name of nasty.slice(0, 3)) expect(text).toContain(name)
    expect(text).toContain('</td><script>x')
    expect(html).not.toContain('\u202e')
    expect(text).toContain("'<b>nasty.csv'")
    const learnt = await nigh([
      ...['knn', '<b>nasty.csv', '--target', '</style>]]>&amp;', '--report', 'nasty-knn.html', '--quiet'],
    ])
    expect(learnt.code).toBe(0)
    expectWellFormed(page('nasty-knn.html'))
    expectAlone(page('nasty-knn.html'))
  })

  test('a page of 60,000 rows stays small', async () => {
    let csv = 'a,b,c\n'
    for (let i = 0; i < 60_000; i++) csv += `${(i * 7919) % 1009},${(i * 104_729) % 997},${(i * i) % 883}\n`
    put('large.csv', csv)
    const { code } = await nigh(['kmeans', 'large.csv', '--k', '6', '--report', 'large.html', '--quiet'])
    expect(code).toBe(0)
    expect(page('large.html').length).toBeLessThan(2_000_000)
    expectWellFormed(page('large.html'))
  })

  test('one row a cluster, and one column, make a page too', async () => {
    put('few.csv', 'x\n1\n2\n4\n')
    const { code, err } = await nigh([
      'kmeans',
      'few.csv',
      '--k',
      '3',
      '--columns',
      'x',
      '--report',
      'few.html',
      '--quiet',
    ])
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expectWellFormed(page('few.html'))
    const one = await nigh([
      'kmeans',
      'few.csv',
      '--k',
      '1',
      '--columns',
      'x',
      '--report',
      'one.html',
      '--quiet',
    ])
    expect(one).toEqual({ code: 0, out: '', err: '' })
    expectWellFormed(page('one.html'))
  })

  test('--plot writes one chart, by the ending', async () => {
    const args = ['kmeans', 'groups.csv', '--k', '3', '--ignore', 'group', '--quiet']
    expect((await nigh([...args, '--plot', 'chart.svg', '--plot-of', 'silhouette'])).code).toBe(0)
    const svg = page('chart.svg')
    expectWellFormed(svg)
    expect(svg).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"/)
    expect(svg).toContain('Silhouettes')
    expect(svg).not.toContain('var(')
    expect((await nigh([...args, '--plot', 'chart.png'])).code).toBe(0)
    const png = readFileSync(join(folder, 'chart.png'))
    expect(png.subarray(1, 4).toString()).toBe('PNG')
    expect(png.length).toBeGreaterThan(5000)
  })

  test('wrong names of files and charts are refused, and nothing is written', async () => {
    const args = ['kmeans', 'groups.csv', '--k', '3', '--ignore', 'group']
    const refusals = [
      [['--report', 'page.txt'], 'must end in .html'],
      [['--report', '-'], 'must end in .html'],
      [['--plot', 'chart.gif'], '.svg or .png'],
      [['--plot-of', 'scatter'], 'which is not set'],
      [['--plot', 'never.svg', '--plot-of', 'pie'], 'must be one of scatter, '],
      [['--report', 'no/such/folder.html'], 'folder'],
    ] as const
    await Promise.all(
      refusals.map(async ([more, message]) => {
        const { code, err } = await nigh([...args, ...more])
        expect({ code, err: err.includes(message) ? message : err }).toEqual({ code: 2, err: message })
      }),
    )
    expect(() => page('never.svg')).toThrow()
  })

  test('--chart draws in the terminal; a pipe gets none unasked', async () => {
    const args = ['kmeans', 'groups.csv', '--k', '3', '--ignore', 'group']
    const braille = /[\u2801-\u28ff]/
    expect((await nigh(args)).out).not.toMatch(braille)
    const { out } = await nigh([...args, '--chart'])
    expect(out).toMatch(braille)
    expect(out).not.toContain('\u001b')
  })
})

describe('choose-k', () => {
  test('--report holds the reasons and every criterion', async () => {
    const answer = await json([
      'choose-k',
      'groups.csv',
      '--ignore',
      'group',
      '--to',
      '4',
      '--report',
      'choice.html',
    ])
    const html = page('choice.html')
    expectWellFormed(html)
    expectAlone(html)
    expectAccessible(html)
    for (const reason of answer.reasons) expect(textOf(html)).toContain(reason)
    for (const row of answer.table) expect(textOf(html)).toContain(brief(row.inertia))
  })
})

describe('knn', () => {
  test('--report holds confusion, mistakes with their neighbours and the curve of k', async () => {
    const answer = await json([
      'knn',
      'groups.csv',
      '--target',
      'group',
      '--cv',
      'loo',
      '--k',
      '3',
      '--scale',
      'none',
      '--report',
      'knn.html',
    ])
    const html = page('knn.html')
    expectWellFormed(html)
    expectAlone(html)
    expectAccessible(html)
    const text = textOf(html)
    expect(text).toContain(`accuracy ${percent(answer.evaluation.accuracy)}`)
    expect(text).toContain(`macro F1 ${answer.evaluation.macroF1.toFixed(3)}`)
    for (const [at, label] of answer.evaluation.confusion.labels.entries())
      expect(text).toContain(`${label} ${answer.evaluation.confusion.matrix[at].join(' ')}`)
    // Row 90 is the b at 3, 2 among the a: (3, 2) is row 87's place, and 57's; its votes are all a.
    expect(text).toContain('All 1 mistake')
    expect(text).toMatch(/ 90 b a 100 % a \(row \d+, /)
    const rows = page('groups.csv')
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => line.split(','))
    const distances = rows
      .slice(0, 90)
      .map(([x, y], row) => ({ row, distance: Math.hypot(Number(x) - 3, Number(y) - 2) }))
    const [nearest] = distances.sort((a, b) => a.distance - b.distance || a.row - b.row)
    expect(text).toContain(`a (row ${nearest.row}, ${brief(nearest.distance)})`)
    expect(text).toContain('Number of neighbours')
    // What made those near is x: of y, the a have as many as the c.
    expect(text).toMatch(/ 90 b a 100 % a \(row [^;]*\); a \(row [^;]*\); a \(row [^;]*\) x 92\.7 % 3 2 /)
    expect(text).toContain('the columns in which these rows are more alike than two rows commonly are')
  })

  test('numbers: predicted against true, errors, the largest of them', async () => {
    let csv = 'a,b,y\n'
    for (let i = 0; i < 200; i++)
      csv += `${i % 20},${i % 13},${(i % 20) * 10 + (i % 13) + (i === 50 ? 5000 : 0)}\n`
    put('numbers.csv', csv)
    const answer = await json([
      'knn',
      'numbers.csv',
      '--target',
      'y',
      '--cv',
      '5',
      '--report',
      'numbers.html',
      '--plot',
      'k.svg',
      '--plot-of',
      'k',
    ])
    const html = page('numbers.html')
    expectWellFormed(html)
    expectAlone(html)
    expectAccessible(html)
    const text = textOf(html)
    expect(text).toContain(`R² ${answer.evaluation.r2.toFixed(3)}`)
    expect(text).toContain(`RMSE ${brief(answer.evaluation.rmse)}`)
    expect(text).toContain(`MAE ${brief(answer.evaluation.mae)}`)
    expect(text).toContain('50 5,111')
    expectWellFormed(page('k.svg'))
  })
})
