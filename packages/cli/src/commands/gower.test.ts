import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { Command, type Ended } from '../../test/command.ts'

// Every test starts processes, and the machine may be busy.
vi.setConfig({ testTimeout: 60_000 })

const command = new Command()
const { folder } = command
const nigh = (...args: readonly string[]): Promise<Ended> => command.start(args)

// Answers are looked at field by field.
// oxlint-disable-next-line no-explicit-any
async function json(...args: readonly string[]): Promise<any> {
  const { code, out, err } = await nigh(...args, '--json')
  expect({ code, err }).toEqual({ code: 0, err: '' })
  return JSON.parse(out)
}

interface Row {
  readonly size: number | null
  readonly color: string | null
  readonly fresh: boolean
  readonly kind: string
}

/** Apples and pears, some of whose cells are empty. */
const rows: Row[] = Array.from({ length: 40 }, (_, i) => ({
  size: i % 9 === 4 ? null : (i % 2 === 0 ? 7 : 9) + ((i * 7) % 11) / 10,
  color: i % 11 === 5 ? null : ['red', 'green', 'yellow'][i % 2 === 0 ? (i % 3) % 2 : 1 + (i % 2)],
  fresh: i % 5 < 3,
  kind: i % 2 === 0 ? 'apple' : 'pear',
}))
const csv = (list: readonly Row[]): string =>
  `size,color,fresh,kind\n${list.map(({ size, color, fresh, kind }) => `${size ?? ''},${color ?? ''},${fresh},${kind}\n`).join('')}`
writeFileSync(join(folder, 'fruit.csv'), csv(rows))
const gower = ['--metric', 'gower', '--scale', 'minmax', '--missing', 'mark']

/** Gower's distance, written out. */
function distance(a: Row, b: Row): number {
  const sizes = rows.flatMap(({ size }) => (size === null ? [] : [size]))
  const parts = [
    ...(a.size === null || b.size === null
      ? []
      : [Math.abs(a.size - b.size) / (Math.max(...sizes) - Math.min(...sizes))]),
    ...(a.color === null || b.color === null ? [] : [a.color === b.color ? 0 : 1]),
    a.fresh === b.fresh ? 0 : 1,
  ]
  return parts.reduce((sum, part) => sum + part, 0) / parts.length
}

describe('--metric gower', () => {
  test('neighbors: by numbers, categories and empty cells alike', async () => {
    const { indices, distances, metric } = await json(
      ...['neighbors', 'fruit.csv', '--ignore', 'kind', '--k', '4', ...gower],
    )
    expect(metric).toBe('gower')
    for (const [i, row] of rows.entries()) {
      const all = rows.flatMap((other, j) => (j === i ? [] : [distance(row, other)])).sort((a, b) => a - b)
      for (let rank = 0; rank < 4; rank++) {
        expect(distances[i][rank]).toBeCloseTo(all[rank], 12)
        expect(distance(row, rows[indices[i][rank]])).toBeCloseTo(all[rank], 12)
      }
    }
  })

  test('knn: tries itself out, saves a model that answers rows, and says which columns made rows near', async () => {
    const fit = ['knn', 'fruit.csv', '--target', 'kind', '--k', '3', '--cv', '5', ...gower]
    const { evaluation, metric } = await json(...fit, '--model', 'fruit.nigh', '--report', 'fruit.html')
    expect(metric).toBe('gower')
    expect(evaluation.accuracy).toBeGreaterThan(0.85)
    writeFileSync(join(folder, 'new.csv'), 'size,color,fresh\n7.1,red,true\n,yellow,false\n')
    const { answers, explanations } = await json('predict', 'fruit.nigh', 'new.csv', '--explain')
    expect(answers.prediction).toEqual(['apple', 'pear'])
    expect(explanations[0].columns.map(({ name }: { name: string }) => name).sort()).toEqual([
      'color',
      'fresh',
      'size',
    ])
  })

  test('asks for the scale that it means; and passes over cells only there', async () => {
    const scaled = await nigh('knn', 'fruit.csv', '--target', 'kind', '--metric', 'gower')
    expect(scaled).toMatchObject({ code: 2, out: '' })
    expect(scaled.err).toBe(
      'nigh knn: --metric gower divides differences by the range of their column; set --scale minmax\n',
    )
    const commands = [
      ['kmeans', '--k', '2'],
      ['choose-k'],
      ['knn', '--target', 'kind'],
      ['neighbors'],
      ['anomalies'],
    ]
    for (const [name, ...more] of commands) {
      const { code, err } = await nigh(name, 'fruit.csv', ...more, '--missing', 'mark')
      expect({ name, code }).toEqual({ name, code: 2 })
      expect(err).toContain('--missing mark goes with --metric gower')
    }
    expect((await nigh('anomalies', 'fruit.csv', ...gower)).err).toContain('Allowed choices are')
  })
})
