import { describe, expect, test } from 'vitest'
import { sampled } from '../report/sample.ts'
import { brailleScatter } from './braille.ts'

describe('brailleScatter', () => {
  test('a dot for each place, two across and four down, the highest first', () => {
    // 2 × 1 characters: 4 × 4 dots. Two groups, so that their numbers stand in the middle of each.
    const x = Float64Array.of(0, 0, 3, 3)
    const y = Float64Array.of(0, 3, 0, 3)
    const groups = Uint32Array.of(0, 0, 0, 0)
    const lines = brailleScatter(x, y, groups, { width: 5, height: 3, colored: false })
    expect(lines).toHaveLength(3)
    expect(lines[0]).toBe('⠁   ⠈')
    expect(lines[1].trim()).toBe('0')
    expect(lines[2]).toBe('⡀   ⢀')
  })

  test('colours only where they may be', () => {
    const line = Float64Array.of(1, 2, 3)
    const groups = Uint32Array.of(0, 1, 2)
    const plain = brailleScatter(line, line, groups, { width: 20, height: 5, colored: false }).join('')
    expect(plain).not.toContain('\u001b')
    expect(brailleScatter(line, line, groups, { width: 20, height: 5, colored: true }).join('')).toContain(
      '\u001b[',
    )
    for (const name of '012') expect(plain).toContain(name)
  })

  test('equal rows and far ones stay inside', () => {
    const same = new Float64Array(10).fill(7)
    const far = Float64Array.from({ length: 1000 }, (_, i) => (i === 0 ? 1e300 : i % 10))
    const groups = new Uint32Array(1000)
    for (const values of [same, far]) {
      const lines = brailleScatter(values, values, groups.subarray(0, values.length), {
        width: 12,
        height: 4,
        colored: false,
      })
      expect(lines).toHaveLength(4)
      for (const line of lines) expect(line.length).toBeLessThanOrEqual(12)
    }
  })
})

describe('sampled', () => {
  test('rising, within bounds, as many as asked for, the same each time', () => {
    for (const [n, most] of [
      [10, 20],
      [1000, 7],
      [99_999, 5000],
    ] as const) {
      const rows = sampled(n, most)
      expect(rows).toHaveLength(Math.min(n, most))
      for (let i = 1; i < rows.length; i++) expect(rows[i]).toBeGreaterThan(rows[i - 1])
      expect(rows[rows.length - 1]).toBeLessThan(n)
      expect(sampled(n, most)).toEqual(rows)
    }
  })
})
