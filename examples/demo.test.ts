import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

const demo = fileURLToPath(new URL('demo.mjs', import.meta.url))

function run(): string {
  return execFileSync(process.execPath, [demo], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
}

describe('npm run demo', () => {
  const text = run()

  test('shows the customers: every cluster, the best one first', () => {
    const shares = Array.from(text.matchAll(/^ +\d +([\d,]+) +(\d+) % +(\d+) % +\d+ days ago/gm), (match) =>
      match.slice(1).map((number) => Number(number.replace(',', ''))),
    )
    expect(shares.length).toBe(5)
    expect(shares.reduce((sum, [customers]) => sum + customers, 0)).toBe(23_570)
    expect(shares[0][2]).toBe(38)
    expect(text).toContain('6 % of the customers bring 38 % of the revenue')
    expect(text).toContain('the same, to the last bit')
    // The README shows this table.
    const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
    expect(text).toContain(/```text\n([\s\S]*?)```/.exec(readme)?.[1] ?? 'a block')
  })

  test('classifies and regresses rows held out, beside the simplest guess', () => {
    const [, right, guess] =
      /Right: ([\d.]+) %\. Always saying "Adelie" would be right in ([\d.]+) %/.exec(text) ?? []
    expect(Number(right)).toBeGreaterThan(95)
    expect(Number(guess)).toBeLessThan(50)
    const [, r2, mean] = /R² +([\d.]+) +([\d.]+)/.exec(text) ?? []
    expect(Number(r2)).toBeGreaterThan(0.95)
    expect(Number(mean)).toBe(0)
  })

  test('prints the same each time, in 80 columns, without colour where nobody looks', () => {
    expect(run()).toBe(text)
    expect(text.split('\n').filter((line) => [...line].length > 80)).toEqual([])
    expect(text).not.toContain('\u001b')
  })
})
