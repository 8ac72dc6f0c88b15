import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { Command, type Ended } from '../../test/command.ts'
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

/** The text of a page as a reader sees it. */
function textOf(html: string): string {
  return html
    .replace(/<style>[\s\S]*?<\/style>/g, '')
    .replace(/<[^>]+>/g, ' ')
    .replace(/&#160;/g, ' ')
    .replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>')
    .replace(/&quot;/g, '"')
    .replace(/&#39;/g, "'")
    .replace(/&amp;/g, '&')
    .replace(/\s+/g, ' ')
}

/** Refuses what an XML parser would: tags that do not match, bare marks, attributes without quotes or twice. */
function expectWellFormed(xml: string): void {
  const open: string[] = []
  const body = xml.replace(/^<!DOCTYPE html>\n/, '')
  let end = 0
  for (const tag of body.matchAll(/<(\/?)([a-zA-Z][\w:-]*)((?:\s+[\w:-]+="[^"<]*")*)\s*(\/?)>/g)) {
    const between = body.slice(end, tag.index)
    expect(between).not.toMatch(/[<>](?![^<]*\})/)
    expect(between.replace(/&(?:amp|lt|gt|quot|#\d+);/g, '')).not.toContain('&')
    end = tag.index + tag[0].length
    const [, closing, name, attributes, alone] = tag
    const names = [...attributes.matchAll(/\s([\w:-]+)=/g)].map((found) => found[1])
    expect(new Set(names).size).toBe(names.length)
    expect(attributes.replace(/&(?:amp|lt|gt|quot|#\d+);/g, '')).not.toContain('&')
    if (closing === '/') expect(open.pop()).toBe(name)
    else if (alone === '') open.push(name)
  }
  expect(open).toEqual([])
  expect(body.slice(end).trim()).toBe('')
}

/** The page stands alone: nothing is fetched, nothing runs. */
function expectAlone(html: string): void {
  const addresses = [...html.matchAll(/[a-z]+:\/\/[^"'\s<)]+/g)].map((found) => found[0])
  expect(addresses.filter((one) => !one.startsWith('http://www.w3.org/'))).toEqual([])
  const tags = (html.match(/<[^>]+>/g) ?? []).join('\n')
  expect(tags).not.toMatch(/<(?:script|img|link|iframe|object|base)\b|\s(?:src|srcset|on\w+)=/i)
  expect(html).not.toMatch(/@import|url\(/i)
  for (const [, target] of html.matchAll(/href="([^"]*)"/g)) expect(target).toMatch(/^#/)
}

/** Every chart has a title, a description, a sentence and a table. */
function expectAccessible(html: string): void {
  const figures = html.match(/<figure>[\s\S]*?<\/figure>/g) ?? []
  expect(figures.length).toBeGreaterThan(0)
  for (const figure of figures) {
    expect(figure).toMatch(/<figcaption>[^<]{30,}/)
    expect(figure).toMatch(/<svg[^>]*>(<svg[^>]*>)?<title [^>]*>[^<]+<\/title><desc [^>]*>[^<]+<\/desc>/)
    expect(figure).toMatch(/<details><summary>[^<]+<\/summary><div class="table[\s\S]*<tbody><tr>/)
  }
  const ids = [...html.matchAll(/ id="([^"]*)"/g)].map((found) => found[1])
  expect(new Set(ids).size).toBe(ids.length)
}

/** Three groups in the plane, far apart, with their names; one row of b stands among the a. */
function groups(): string {
  let text = 'x,y,group\n'
  for (let i = 0; i < 90; i++) {
    const group = i % 3
    text += `${group * 100 + (i % 7)},${(group === 1 ? 50 : 0) + (i % 5)},${'abc'[group]}\n`
  }
  return `${text}3,2,b\n`
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

describe('anomalies', () => {
  /** 60 rows on a grid and two far off it, one by x and one by y. */
  function strange(): string {
    let text = 'x,y,bad,kind\n'
    for (let i = 0; i < 60; i++) text += `${i % 10},${Math.floor(i / 10)},0,fine\n`
    return `${text}500,2,1,odd\n4,-300,1,odd\n`
  }
  put('strange.csv', strange())

  test('every method ranks the planted rows first and says why', async () => {
    for (const method of ['neighbor', 'centroid', 'lof']) {
      const k = method === 'centroid' ? ['--k', '1'] : []
      const answer = await json([
        'anomalies',
        'strange.csv',
        '--columns',
        'x,y',
        '--label',
        'bad',
        '--method',
        method,
        ...k,
        '--top',
        '3',
        '--contamination',
        '0.03',
        '--out',
        `${method}.csv`,
        '--model',
        `${method}.nigh`,
      ])
      expect(answer.anomalies).toBe(2)
      expect(answer.evaluation).toMatchObject({
        known: 2,
        averagePrecision: 1,
        rocAuc: 1,
        precision: 1,
        recall: 1,
      })
      expect(answer.ranked).toHaveLength(3)
      expect(new Set([answer.ranked[0].row, answer.ranked[1].row])).toEqual(new Set([60, 61]))
      for (const { row, reasons, anomaly, known } of answer.ranked.slice(0, 2)) {
        expect(reasons[0]).toMatch(row === 60 ? /^x 500 / : /^y -300 /)
        expect({ anomaly, known }).toEqual({ anomaly: true, known: true })
      }
      const lines = page(`${method}.csv`).trim().split('\n')
      expect(lines[0]).toBe('x,y,bad,kind,score,anomaly')
      expect(
        lines
          .filter((line) => line.endsWith(',true'))
          .map((line) => line.split(',')[0])
          .sort(),
      ).toEqual(['4', '500'])
      expect(answer.ranked[0].score).toBe(Number(lines[1 + answer.ranked[0].row].split(',')[4]))
      // New rows, by the saved model.
      put('new.csv', 'x,y\n3,2\n4000,2\n')
      const predicted = await json(['predict', `${method}.nigh`, 'new.csv'])
      expect(predicted.answers.anomaly).toEqual([false, true])
      const judged = await json([
        'evaluate',
        `${method}.nigh`,
        'strange.csv',
        '--target',
        'kind',
        '--anomalous',
        'odd',
      ])
      expect(judged).toMatchObject({ kind: 'anomalies', rows: 62, known: 2, averagePrecision: 1 })
    }
  })

  test('--report holds the figures of --json', async () => {
    const answer = await json([
      'anomalies',
      'strange.csv',
      '--columns',
      'x,y',
      '--label',
      'kind',
      '--anomalous',
      'odd',
      '--threshold',
      '50',
      '--scale',
      'none',
      '--report',
      'strange.html',
    ])
    expect(answer).toMatchObject({ threshold: 50, anomalies: 2 })
    const html = page('strange.html')
    expectWellFormed(html)
    expectAlone(html)
    expectAccessible(html)
    const text = textOf(html)
    expect(text).toContain('threshold 50')
    expect(text).toContain('average precision 1.000')
    expect(text).toContain(
      `1 60 ${brief(answer.ranked[0].score)} yes yes ${answer.ranked[0].reasons[0].replaceAll(' %', ' %')}`,
    )
  })

  test('rows with empty cells are left out, and keep their numbers', async () => {
    put(
      'holes.csv',
      `x,y\n,1\n${Array.from({ length: 30 }, (_, i) => `${i % 6},${i % 5}`).join('\n')}\n900,1\n`,
    )
    const answer = await json(
      ['anomalies', 'holes.csv', '--missing', 'drop', '--out', 'holes-out.csv'].concat('--quiet'),
    )
    expect(answer.ranked[0].row).toBe(31)
    expect(page('holes-out.csv').split('\n')[1]).toBe(',1,,')
  })

  test('bad usage is refused with the reason', async () => {
    const refusals = [
      [['--contamination', '0.1', '--threshold', '2'], 'exclude each other'],
      [['--contamination', '0.7'], 'from'],
      [['--label', 'kind'], '--anomalous'],
      [['--label', 'kind', '--anomalous', 'weird'], 'has no such value'],
      [['--label', 'nothing'], 'has no such column'],
      [['--label', 'x'], 'other than 0 and 1'],
      [['--method', 'centroid', '--metric', 'manhattan'], 'neighbor and lof only'],
      [['--k', '62'], '--k must be at most 61'],
    ] as const
    await Promise.all(
      refusals.map(async ([more, message]) => {
        const { code, err } = await nigh(['anomalies', 'strange.csv', ...more])
        expect({ code, err: err.includes(message) ? message : err }).toEqual({ code: 2, err: message })
      }),
    )
  })
})

describe('evaluate', () => {
  test('clusters by themselves and against a column', async () => {
    await nigh(['kmeans', 'groups.csv', '--k', '3', '--ignore', 'group', '--model', 'groups.nigh', '--quiet'])
    const alone = await json(['evaluate', 'groups.nigh', 'groups.csv'])
    expect(alone).toMatchObject({ kind: 'kmeans', rows: 91, clusters: 3 })
    expect(alone.silhouette).toBeGreaterThan(0.9)
    const compared = await json(['evaluate', 'groups.nigh', 'groups.csv', '--target', 'group'])
    expect(compared.silhouette).toBe(alone.silhouette)
    expect(compared.adjustedRand).toBeGreaterThan(0.95)
    expect(compared.adjustedRand).toBeLessThan(1)
  })

  test('classes and numbers against their column', async () => {
    await nigh(['knn', 'groups.csv', '--target', 'group', '--k', '3', '--model', 'classes.nigh', '--quiet'])
    const classes = await json(['evaluate', 'classes.nigh', 'groups.csv', '--target', 'group'])
    // All but the row that stands among the others.
    expect(classes.accuracy).toBeCloseTo(90 / 91, 12)
    expect(classes.confusion.matrix).toEqual([
      [30, 0, 0],
      [1, 30, 0],
      [0, 0, 30],
    ])
    put('line.csv', 'a,y\n0,0\n1,10\n2,20\n3,30\n')
    await nigh([
      'knn',
      'line.csv',
      '--target',
      'y',
      '--k',
      '1',
      '--cv',
      'loo',
      '--model',
      'line.nigh',
      '--quiet',
    ])
    put('line-new.csv', 'a,y\n0,3\n1,10\n2,\n3,30\n')
    const { out } = await nigh(['evaluate', 'line.nigh', 'line-new.csv', '--target', 'y', '--json'])
    expect(JSON.parse(out)).toMatchObject({ kind: 'knn-regressor', rows: 3, mae: 1 })
  })

  test('a missing target is refused', async () => {
    await nigh(['knn', 'groups.csv', '--target', 'group', '--model', 'refused.nigh', '--quiet'])
    expect((await nigh(['evaluate', 'refused.nigh', 'groups.csv'])).code).toBe(2)
    const wrong = await nigh(['evaluate', 'refused.nigh', 'groups.csv', '--target', 'Group'])
    expect(wrong.code).toBe(2)
    expect(wrong.err).toContain('did you mean "group"')
    expect((await nigh(['evaluate', 'groups.csv', 'groups.csv'])).code).toBe(2)
  })
})

describe('--unseen', () => {
  test('is saved with the model of every command', async () => {
    put('colors.csv', 'x,color\n1,red\n2,red\n3,blue\n90,blue\n91,red\n92,blue\n')
    put('colors-new.csv', 'x,color\n1,green\n')
    const commands = [
      ['kmeans', '--k', '2'],
      ['knn', '--target', 'x', '--k', '1'],
      ['anomalies', '--k', '2'],
    ]
    await Promise.all(
      commands.map(async ([name, ...more]) => {
        const args = [name, 'colors.csv', ...more, '--model', `colors-${name}.nigh`, '--quiet']
        const apply = ['predict', `colors-${name}.nigh`, 'colors-new.csv', '--quiet']
        await nigh(args)
        expect((await nigh(apply)).code).toBe(2)
        await nigh([...args, '--unseen', 'zero'])
        expect((await nigh(apply)).code).toBe(0)
      }),
    )
  })
})
