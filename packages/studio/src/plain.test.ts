import { execFileSync } from 'node:child_process'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { timeline } from './history.ts'
import { colorOf, MARKS, shapeOf } from './marks.ts'
import { brief, bytes, count, percent, plural, seconds, typeset } from './numbers.ts'
import { usualChoices } from './read/read.ts'
import { ticksOf } from './work/ticks.ts'
import { commandCan, kmeansCommand, knnCommand, shellWord } from './write/reproduce.ts'
import { kmeansCode, literal } from './write/typescript.ts'
import { escaped } from './write/report.ts'

describe('numbers', () => {
  it('are those of the browser’s own words for them', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -1e12, max: 1e12 }),
        fc.double({ min: -999, max: 999, noNaN: true }),
        (whole, value) => {
          expect(count(whole)).toBe(whole.toLocaleString('en-GB'))
          if (Math.abs(value) < 1e-4) return
          const short = Math.abs(value).toLocaleString('en-GB', {
            maximumSignificantDigits: 3,
            useGrouping: false,
          })
          expect(brief(value)).toBe(value < 0 ? `−${short}` : short)
        },
      ),
    )
    expect(typeset('lower a (-0.5; elsewhere -3), b-2')).toBe('lower a (−0.5; elsewhere −3), b-2')
  })

  it('read as a person writes them', () => {
    expect(
      [0, 1, 2008, 12345, 78.94, 0.00123, -3.14159, 1e20, Number.NaN].map((value) => brief(value)),
    ).toEqual(['0', '1', '2008', '12,345', '78.9', '0.00123', '−3.14', '1.00e+20', '–'])
    expect([0, 0.001, 0.414, 0.999, 1].map(percent)).toEqual(['0 %', '<1 %', '41 %', '>99 %', '100 %'])
    expect([999, 1000, 15367, 3e9].map(bytes)).toEqual(['999 B', '1 kB', '15.4 kB', '3 GB'])
    expect([plural(1, 'row'), plural(23570, 'row')]).toEqual(['1 row', '23,570 rows'])
    expect([0.0204, 4.24, 125].map(seconds)).toEqual(['20 ms', '4.2 s', '2 min 5 s'])
  })

  it('give round ticks inside the range', () => {
    const texts = (...range: Parameters<typeof ticksOf>): string[] =>
      ticksOf(...range).map(({ text }) => text)
    expect(ticksOf(0, 10).map(({ at }) => at)).toEqual([0, 2, 4, 6, 8, 10])
    expect(texts(-0.3, 0.3, 3)).toEqual(['−0.2', '0', '0.2'])
    expect(ticksOf(5, 5)).toEqual([])
    // However near two ticks lie to each other, their texts differ.
    expect(texts(1_700_000_000, 1_700_000_001, 2)).toEqual([
      '1,700,000,000',
      '1,700,000,000.5',
      '1,700,000,001',
    ])
    const day = Date.UTC(2024, 1, 28)
    expect(texts(day, day + 3 * 864e5, 3, true)).toEqual([
      '2024-02-28',
      '2024-02-29',
      '2024-03-01',
      '2024-03-02',
    ])
    expect(texts(day, day + 36e5, 2, true)).toEqual(['02-28 00:00', '02-28 00:30', '02-28 01:00'])
    expect(texts(day, day + 1e3, 2, true)).toEqual(['00:00:00.000', '00:00:00.500', '00:00:01.000'])
    expect(texts(day, day + 150 * 864e5, 3, true)).toEqual(['2024-03', '2024-05', '2024-07'])
    expect(texts(Date.parse('0001-01-01'), day, 3, true)).toEqual(['1000', '2000'])
    expect(texts(-9e15, 9e15, 3, true)).toEqual(['-200000', '0000', '+200000'])
  })
})

describe('marks', () => {
  it('are different for 24 groups', () => {
    const marks = Array.from({ length: MARKS }, (_, group) => `${colorOf(group)} ${shapeOf(group)}`)
    expect(new Set(marks).size).toBe(24)
  })
})

describe('timeline', () => {
  it('takes back and brings back; the way of a slider is one step', () => {
    let now = 0
    const line = timeline(0, () => now)
    line.change(1)
    now = 5000
    for (const value of [2, 3, 4]) {
      line.change(value, 'slider')
      now += 100
    }
    line.undo()
    expect(line.now.value).toBe(1)
    line.redo()
    expect(line.now.value).toBe(4)
    line.undo()
    line.undo()
    expect([line.now.value, line.canUndo.value, line.canRedo.value]).toEqual([0, false, true])
    line.change(9)
    expect(line.canRedo.value).toBe(false)
  })
})

describe('recipes', () => {
  const recipe = {
    file: "we'ird; drop.csv",
    columns: ['a b', '$(x)'],
    scale: 'standard',
    missing: 'drop',
    choices: { ...usualChoices, delimiter: '\t', header: false, missingMarks: ['?', '-'] },
    names: ['a b', '$(x)'],
    types: ['number', 'text'],
    how: { format: 'csv', delimiter: '\t', decimal: '.', leftOut: [], encoding: 'utf-8' },
  } as const

  it('reach the command word for word, whatever a shell makes of them', () => {
    const words = (command: string): string[] =>
      execFileSync('/bin/sh', ['-c', `nigh() { printf '%s\\n' "$@"; }\n${command}`], { encoding: 'utf8' })
        .trim()
        .split('\n')
    const kmeans = words(kmeansCommand(recipe, 4, 0, 'we;ird'))
    expect(kmeans.slice(0, 2)).toEqual(['kmeans', "we'ird; drop.csv"])
    expect(kmeans[kmeans.indexOf('--columns') + 1]).toBe('a b,$(x)')
    expect(kmeans[kmeans.indexOf('--delimiter') + 1]).toBe('tab')
    expect(kmeans[kmeans.indexOf('--out') + 1]).toBe('we;ird-clusters.csv')
    expect(kmeans).toContain('--no-header')
    expect(kmeans[kmeans.indexOf('--missing-marks') + 1]).toBe('?,-')
    const knn = words(
      knnCommand(
        { ...recipe, file: '-rf' },
        'a b',
        { k: 3, weights: 'distance', task: 'classify' },
        5,
        0,
        'new rows.csv',
      ),
    )
    expect(knn.slice(0, 4)).toEqual(['knn', './-rf', '--target', 'a b'])
    expect(knn[knn.indexOf('--columns') + 1]).toBe('$(x)')
    expect(knn.slice(-4)).toEqual(['--predict', 'new rows.csv', '--out', 'new rows-predicted.csv'])
    expect(shellWord('--help')).toBe("'--help'")
  })

  it('say where the command cannot, and quote what code needs quoted', () => {
    expect(commandCan(recipe)).toBe(true)
    expect(commandCan({ ...recipe, columns: ['a,b'] })).toBe(false)
    expect(literal('it\'s "so"\n')).toBe("'it\\'s \"so\"\\n'")
    expect(kmeansCode(recipe, 4, 7)).toContain('k: 4, seed: 7')
    expect(escaped('<b a="1">&\'')).toBe('&lt;b a=&quot;1&quot;&gt;&amp;&#39;')
  })
})
