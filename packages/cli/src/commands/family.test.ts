import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { Command, type Ended } from '../../test/command.ts'
import { KMedians, Table } from 'nigh'
import { methods } from './family-methods.ts'

// Every test starts processes, and the machine may be busy.
vi.setConfig({ testTimeout: 120_000 })

const command = new Command()
const { folder } = command
const nigh = (...args: string[]): Ended => command.run(...args)

// Answers are looked at field by field.
// oxlint-disable-next-line no-explicit-any
function json(...args: string[]): any {
  const { code, out, err } = nigh(...args, '--json')
  expect({ code, err }).toEqual({ code: 0, err: '' })
  return JSON.parse(out)
}

function column(file: string, name: string): string[] {
  const [head, ...rows] = readFileSync(join(folder, file), 'utf8').trim().split('\n')
  const at = head.split(',').indexOf(name)
  return rows.map((row) => row.split(',')[at])
}

// Three groups: 12, 9 and 6 rows, far apart; one row of the last is wild.
const rows: { x: number; y: number; city: string; n: number }[] = []
for (let i = 0; i < 27; i++) {
  const group = i < 12 ? 0 : i < 21 ? 1 : 2
  rows.push({
    x: 10 + group * 100 + (i % 3) + (i === 26 ? 400 : 0),
    y: 20 + (group === 1 ? 50 : 0) + (i % 4),
    city: ['Graz', 'Linz', 'Wien'][group],
    n: 1 + (i % 2),
  })
}
const csv = (list: readonly object[]): string =>
  `${[Object.keys(list[0]), ...list.map((row) => Object.values(row))].map((row) => row.join(',')).join('\n')}\n`
writeFileSync(join(folder, 'rows.csv'), csv(rows))
writeFileSync(
  join(folder, 'places.csv'),
  csv([
    { lon: 179, lat: -17, name: 'a' },
    { lon: -179, lat: -17, name: 'b' },
    { lon: 16.4, lat: 48.2, name: 'c' },
    { lon: 15.4, lat: 47.1, name: 'd' },
  ]),
)
const points = ['--columns', 'x,y']
const fits: Record<Exclude<(typeof methods)[number], 'kmeans'>, string[]> = {
  bisecting: ['rows.csv', ...points],
  spherical: ['rows.csv', ...points],
  minibatch: ['rows.csv', ...points],
  medians: ['rows.csv', ...points],
  medoids: ['rows.csv', ...points, '--metric', 'manhattan'],
  '1d': ['rows.csv', '--columns', 'x'],
  bounded: ['rows.csv', ...points],
  prototypes: ['rows.csv', '--ignore', 'n'],
  geo: ['places.csv', '--columns', 'lat,lon', '--scale', 'none'],
}

describe('kmeans --method', () => {
  it('fits, writes rows, and saves a model whose answers are those rows: each method', () => {
    for (const [method, [file, ...rest]] of Object.entries(fits)) {
      const fit = ['kmeans', file, '--k', '2', '--method', method, ...rest]
      const answer = json(...fit, '--out', 'fit.csv', '--model', 'm.nigh')
      expect(answer, method).toMatchObject({ command: 'kmeans', method, k: 2 })
      const labels = column('fit.csv', 'cluster')
      const counts = [0, 0]
      for (const label of labels) counts[Number(label)]++
      expect(answer.counts, method).toEqual(counts)
      const columns = method === '1d' ? ['--columns', 'x'] : []
      expect(nigh('predict', 'm.nigh', file, ...columns, '--out', 'applied.csv', '--quiet').err).toBe('')
      expect(column('applied.csv', 'cluster'), method).toEqual(labels)
      const measure = method === 'prototypes' ? 'cost' : 'distance'
      expect(column('applied.csv', measure), method).toEqual(column('fit.csv', measure))
      expect(column('fit.csv', measure).every((cell) => Number(cell) >= 0)).toBe(true)
      if (!['1d', 'medoids', 'prototypes'].includes(method)) continue
      const { code, out } = nigh(...fit)
      expect(code, method).toBe(0)
      expect(out, method).toMatch(/K-\w+.* k = 2/)
      expect(json('inspect', 'm.nigh'), method).toMatchObject({ k: 2, counts })
    }
  })

  it('gives what the library gives', () => {
    const answer = json(
      ...['kmeans', 'rows.csv', '--k', '3', '--method', 'medians', ...points, '--weights-column', 'n'],
      ...['--scale', 'none', '--init', 'random', '--n-init', '3', '--seed', '5', '--out', 'medians.csv'],
    )
    const table = Table.fromRows(rows.map(({ x, y }) => ({ x, y })))
    const model = KMedians.fitSync(table, {
      ...{ k: 3, init: 'random', nInit: 3, seed: 5 },
      ...{ sampleWeight: rows.map(({ n }) => n), encoder: { scale: 'none' } },
    })
    expect(answer.inertia).toBe(model.inertia)
    expect(answer.counts).toEqual([...model.counts])
    expect(answer.centroids).toEqual(model.centroids.toArrays())
    expect(column('medians.csv', 'cluster').map(Number)).toEqual([...model.labels])
  })

  it('honours the options of one method', () => {
    const bounded = json(
      ...['kmeans', 'rows.csv', '--k', '3', '--method', 'bounded', ...points],
      ...['--min-size', '9', '--max-size', '9'],
    )
    expect(bounded.counts).toEqual([9, 9, 9])
    const medoids = json('kmeans', 'rows.csv', '--k', '3', '--method', 'medoids', ...points)
    for (const [c, row] of medoids.medoids.entries()) {
      expect(medoids.centroids[c][0]).toBeCloseTo(rows[row].x, 9)
      expect(medoids.centroids[c][1]).toBeCloseTo(rows[row].y, 9)
    }
    const line = json('kmeans', 'rows.csv', '--k', '4', '--method', '1d', '--columns', 'x')
    expect(line.breaks).toEqual([12, 112, 212])
    const geo = [
      'kmeans',
      'places.csv',
      '--k',
      '2',
      '--method',
      'geo',
      '--columns',
      'lat,lon',
      '--scale',
      'none',
    ]
    const earth = json(...geo)
    const pacific = earth.centroids.find(([latitude]: number[]) => latitude < 0)
    expect(Math.abs(pacific[1])).toBeCloseTo(180, 6)
    expect(json(...geo, '--sphere-radius', '1').inertia / earth.inertia).toBeCloseTo(6371.0088 ** -2, 15)
    const prototypes = ['kmeans', 'rows.csv', '--k', '2', '--method', 'prototypes', '--gamma', '7']
    const proto = json(...prototypes, '--categorical', 'n')
    expect(proto.gamma).toBe(7)
    expect(proto.columns).toEqual(['x', 'y', 'city', 'n'])
    // Twenty rows close together and four far apart: the many are split, or the spread.
    const spread = [...Array.from({ length: 20 }, (_, i) => ({ x: i / 100 })), { x: 1000 }, { x: 1001 }]
    writeFileSync(join(folder, 'spread.csv'), csv([...spread, { x: 1040 }, { x: 1041 }]))
    const halves = ['kmeans', 'spread.csv', '--k', '3', '--method', 'bisecting']
    const counts = (split: string): number[] => json(...halves, '--columns', 'x', '--split', split).counts
    expect(counts('inertia').sort((a, b) => a - b)).toEqual([2, 2, 20])
    expect(counts('size').sort((a, b) => a - b)).toEqual([4, 10, 10])
  })

  it('shows prototypes in the data’s own words', () => {
    const days = (from: string, b: boolean) =>
      [1, 2].map((x) => ({ d: `${from}-0${x}`, b, x, c: b ? 'q' : 'r' }))
    writeFileSync(join(folder, 'days.csv'), csv([...days('2020-01', true), ...days('2021-05', false)]))
    const fit = ['kmeans', 'days.csv', '--k', '2', '--method', 'prototypes']
    const { columns, centroids } = json(...fit)
    expect(columns).toEqual(['d', 'b', 'x', 'c'])
    expect(centroids.sort()).toEqual([
      ['2020-01-01T12:00:00.000Z', true, 1.5, 'q'],
      ['2021-05-01T12:00:00.000Z', false, 1.5, 'r'],
    ])
    expect(nigh(...fit).out).toMatch(/2 {2}50\.0 % {2}2020-01-01 {2}true {3}1\.500 {2}q/)
  })

  it('gives rows with empty cells no answer where they are left out', () => {
    writeFileSync(join(folder, 'holes.csv'), csv([{ ...rows[0], x: '' }, ...rows.slice(1)]))
    for (const method of ['medians', 'prototypes']) {
      const fit = [
        'kmeans',
        'holes.csv',
        '--k',
        '3',
        '--method',
        method,
        '--missing',
        'drop',
        '--ignore',
        'n',
      ]
      const { code } = nigh(...fit, '--out', 'dropped.csv')
      expect(code, method).toBe(0)
      const labels = column('dropped.csv', 'cluster')
      expect(labels[0], method).toBe('')
      expect(
        labels.slice(1).every((label) => label !== ''),
        method,
      ).toBe(true)
    }
  })

  it('refuses what a method cannot honour, in one sentence', () => {
    const refusal = (method: string, ...args: string[]): string => {
      const { code, err } = nigh('kmeans', 'rows.csv', '--k', '2', '--method', method, ...args)
      expect(code).toBe(2)
      expect(err.trim().split('\n')).toHaveLength(1)
      return err
    }
    expect(refusal('medians', '--tolerance', '0.1')).toContain(
      '--tolerance does not go with --method medians, but with kmeans',
    )
    expect(refusal('kmeans', '--min-size', '3')).toContain('--min-size does not go with --method kmeans')
    expect(refusal('bounded', '--weights-column', 'n')).toContain('--weights-column does not go with')
    expect(refusal('1d', '--columns', 'x', '--seed', '3')).toContain('--seed does not go with --method 1d')
    expect(refusal('1d')).toContain('takes one column of numbers')
    expect(refusal('geo', '--columns', 'x,y')).toContain('set --scale none')
    expect(refusal('geo', '--scale', 'none')).toContain('name them with --columns latitude,longitude')
    expect(refusal('prototypes', '--log', 'x')).toContain('--log does not go with')
    expect(refusal('medoids', '--p', '3')).toContain('--p goes with --metric minkowski only')
    expect(refusal('medians', '--stream')).toContain('--stream does not go with')
    expect(refusal('minibatch', '--spark', 'sc://localhost:1')).toContain('--spark does not go with')
    expect(refusal('bounded', '--max-size', '2')).toContain('--max-size must')
    const auto = nigh('kmeans', 'rows.csv', '--k', 'auto', '--method', 'medians')
    expect(auto.err).toContain('--k auto does not go with --method medians')
    nigh('kmeans', 'rows.csv', '--k', '2', '--method', 'medians', ...points, '--model', 'named.nigh')
    expect(nigh('predict', 'named.nigh', 'rows.csv', '--columns', 'x').err).toContain(
      'knows its columns by name',
    )
    expect(nigh('predict', 'named.nigh', 'rows.csv', '--explain').err).toContain('models of nigh knn')
  })

  it('is completed in a shell, and not mixed up with --method of anomalies', () => {
    const script = nigh('completion', 'bash').out
    const ask = (...words: string[]): string[] =>
      spawnSync(
        'bash',
        [
          '-c',
          `${script}\nCOMP_WORDS=(nigh ${words.join(' ')} "")\nCOMP_CWORD=${words.length + 1}\n_nigh\necho "\${COMPREPLY[@]}"`,
        ],
        { encoding: 'utf8' },
      )
        .stdout.trim()
        .split(' ')
    expect(ask('kmeans', 'rows.csv', '--method')).toEqual([...methods])
    expect(ask('anomalies', 'rows.csv', '--method')).toEqual(['neighbor', 'centroid', 'lof'])
  })
})
