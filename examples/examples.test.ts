import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))
const examples = join(root, 'examples')

// The commands are run as the README files give them, in a folder where their results may lie about.
const folder = mkdtempSync(join(tmpdir(), 'nigh-examples-'))
mkdirSync(join(folder, 'examples', 'out'), { recursive: true })
symlinkSync(join(examples, 'data'), join(folder, 'examples', 'data'))
cpSync(join(examples, 'classification'), join(folder, 'examples', 'classification'), { recursive: true })
afterAll(() => rmSync(folder, { recursive: true }))

function script(name: string): string {
  return execFileSync(process.execPath, [join(examples, name)], { encoding: 'utf8' })
}

function nigh(line: string): string {
  const command = [join(root, 'packages/cli/bin/nigh.js'), ...line.trim().split(/\s+/)]
  return execFileSync(process.execPath, command, {
    encoding: 'utf8',
    cwd: folder,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
}

/** The `npx nigh` lines of an example's README, backslashes joined. */
function commandsOf(example: string): string[] {
  const text = readFileSync(join(examples, example, 'README.md'), 'utf8').replaceAll('\\\n', ' ')
  return Array.from(text.matchAll(/^npx nigh (.*)$/gm), ([, line]) => line)
}

function result(name: string): string[][] {
  const text = readFileSync(join(folder, 'examples', 'out', name), 'utf8')
  return text
    .trimEnd()
    .split(/\r?\n/)
    .map((line) => line.split(','))
}

describe('the commands', () => {
  const all = readdirSync(examples, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== 'data' && entry.name !== 'out')
    .flatMap((entry) => commandsOf(entry.name).map((line) => [entry.name, line] as const))

  test('are found', () => expect(all.length).toBeGreaterThanOrEqual(11))

  test.each(all)('%s: nigh %s', { timeout: 60_000 }, (_, line) => {
    expect(nigh(line).length).toBeGreaterThan(100)
  })

  test('segmentation: every customer has a cluster', () => {
    const [header, ...rows] = result('segments.csv')
    expect(header.slice(-2)).toEqual(['cluster', 'distance'])
    expect(rows.length).toBe(23_570)
  })

  test('demographics: the Gulf stands apart; countries age', () => {
    // From the right: some names hold a comma.
    const column = (rows: string[][], name: string) => (row: string[]) =>
      row.at(rows[0].indexOf(name) - rows[0].length)
    const rows = result('ages-2025.csv')
    const clusterOf = column(rows, 'cluster')
    const cluster = (country: string) => clusterOf(rows.find((row) => row[0] === country) ?? [])
    const gulf = ['Bahrain', 'Kuwait', 'Maldives', 'Oman', 'Qatar', 'Saudi Arabia', 'United Arab Emirates']
    expect(new Set(gulf.map(cluster)).size).toBe(1)
    expect(rows.filter((row) => clusterOf(row) === cluster('Qatar')).length).toBe(7)
    expect(cluster('Japan')).not.toBe(cluster('Angola'))
    const all = result('ages-all-years.csv')
    expect(all.length).toBe(1 + 7_347)
    const young = (year: string) =>
      all.filter(
        (row) => column(all, 'year')(row) === year && column(all, 'cluster')(row) === cluster('Angola'),
      )
    expect(young('1950').length).toBe(172)
    expect(young('2100').length).toBe(0)
  })

  test('classification: the figures in the README', () => {
    const accuracies = commandsOf('classification')
      .slice(0, 5)
      .map((line) => JSON.parse(nigh(`${line} --json`)).evaluation.accuracy)
    const wanted = [0.966667, 0.69663, 0.97191, 0.98887, 0.98538]
    accuracies.forEach((accuracy, i) => expect(accuracy).toBeCloseTo(wanted[i], 3))
    expect(result('answers.csv').map((row) => row.includes('versicolor'))).toEqual([
      false,
      false,
      true,
      false,
    ])
  })

  test('regression: the figures in the README', { timeout: 60_000 }, () => {
    const [line] = commandsOf('regression')
    expect(JSON.parse(nigh(`${line} --json`)).evaluation.r2).toBeGreaterThan(0.95)
    const measures = `${line} --columns carat,depth,table,x,y,z --json`
    expect(JSON.parse(nigh(measures)).evaluation.r2).toBeCloseTo(0.87, 1)
  })
})

describe('the scripts', () => {
  test('segments: few customers bring much of the money', () => {
    expect(script('segmentation/segments.mjs')).toContain(
      'The best 6 % of the customers bring 38 % of the revenue.',
    )
  })

  test('topics: birthdays are warm, and neighbours tell the mood', { timeout: 60_000 }, () => {
    const text = script('trends/topics.mjs')
    const r2 = Number(/R² (0\.\d+)/.exec(text)?.[1])
    expect(r2).toBeGreaterThan(0.4)
    const happy = text.split('\n').find((line) => /\bbirthday\b/.test(line))
    expect(Number(happy?.trim().split(/\s+/)[1])).toBeGreaterThan(1)
  })

  test('over time: campaign topics come and go, and the README shows them', { timeout: 60_000 }, () => {
    const printed = script('trends/over-time.mjs').split('\n')
    const rows = printed
      .filter((line) => /^ *\d+ +\d.*[▁-█]{28}/.test(line))
      .map((line) => line.trim().split(/ +/))
    expect(rows.length).toBe(24)
    expect(rows.reduce((sum, row) => sum + Number(row[0]), 0)).toBe(5_876)
    for (let year = 1; year <= 7; year++) {
      expect(rows.reduce((sum, row) => sum + Number(row[year]), 0)).toBeCloseTo(100, -1)
    }
    const shares =
      rows
        .find((row) => row.includes('clinton'))
        ?.slice(1, 8)
        .map(Number) ?? []
    expect(shares[5]).toBeCloseTo(14.4, 0) // 2016
    expect(Math.max(...shares)).toBe(shares[5])
    expect(printed.find((line) => line.startsWith('Rises most'))).toContain('great')
    expect(printed.find((line) => line.startsWith('Falls most'))).toContain('china deal')

    const shown = readFileSync(join(examples, 'trends', 'README.md'), 'utf8').split('## Over time')[1]
    const [, block] = /^```text\n([\s\S]*?)^```/m.exec(shown) ?? []
    for (const line of block.split('\n').filter((text) => text !== '…')) expect(printed).toContain(line)
  })

  test('anomalies: both distances find them', { timeout: 120_000 }, () => {
    const text = script('anomalies/anomalies.mjs')
    const precision = Array.from(text.matchAll(/(\d\.\d{3}) +\d\.\d{3} +\d\.\d{3}$/gm), ([, number]) =>
      Number(number),
    )
    expect(precision.length).toBe(4)
    const wanted = [0.665, 0.949, 0.915, 0.92]
    precision.forEach((value, i) => expect(value).toBeCloseTo(wanted[i], 2))
  })
})
