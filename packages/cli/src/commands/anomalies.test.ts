import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { Command, type Ended } from '../../test/command.ts'
import { expectAccessible, expectAlone, expectWellFormed, textOf } from '../../test/page.ts'
import { brief } from '../show/numbers.ts'

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
      [['--contamination', '0.7'], 'above 0 and up to 0.5'],
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
