import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { Command, type Ended } from '../../test/command.ts'

// Every test starts processes, and the machine may be busy.
vi.setConfig({ testTimeout: 60_000 })

const command = new Command()
const { folder } = command
const nigh = (...args: string[]): Ended => command.run(...args)

// Powers of ten, and the same already as ln(1 + x), in two groups of the logarithm: 1 to 4 and 1000 to 4000.
let sales = 'amount,logged,rare,kind\n'
for (let i = 0; i < 40; i++) {
  const amount = (1 + (i % 4)) * (i % 2 === 0 ? 1 : 1000)
  sales += `${amount},${Math.log1p(amount)},${i === 7 ? 1 : 0},${i % 2 === 0 ? 'small' : 'large'}\n`
}
writeFileSync(join(folder, 'sales.csv'), sales)
writeFileSync(join(folder, 'minus.csv'), 'amount\n1\n-2\n3\n4\n')

describe('--log', () => {
  it('clusters by the logarithm: as a column that holds it, with centres in the data’s own units', () => {
    const fit = (...columns: string[]) =>
      JSON.parse(nigh('kmeans', 'sales.csv', '--k', '3', '--scale', 'none', '--json', ...columns).out)
    const plain = fit('--columns', 'amount')
    const made = fit('--columns', 'logged')
    const asked = fit('--columns', 'amount', '--log', 'amount')
    expect(asked.inertia).toBeCloseTo(made.inertia, 9)
    expect(asked.inertia).not.toBeCloseTo(plain.inertia, 3)
    expect(asked.counts).toEqual(made.counts)
    for (const [c, [centre]] of asked.centroids.entries()) {
      expect(centre / Math.expm1(made.centroids[c][0])).toBeCloseTo(1, 9)
    }
  })

  it('goes into the model, streamed or not, and is said', () => {
    const columns = ['--columns', 'amount', '--log', 'amount', '--k', '2']
    const { out } = nigh('kmeans', 'sales.csv', ...columns, '--model', 'held.nigh')
    expect(out).toMatch(/amount\s+logarithm of the number/)
    nigh('kmeans', 'sales.csv', ...columns, '--stream', '--model', 'streamed.nigh')
    const held = readFileSync(join(folder, 'held.nigh'))
    expect(readFileSync(join(folder, 'streamed.nigh')).equals(held)).toBe(true)
    const answer = JSON.parse(nigh('predict', 'held.nigh', 'sales.csv', '--json').out)
    const [small, large] = answer.answers.cluster
    expect(small).not.toBe(large)
    expect(answer.answers.cluster).toEqual(Array.from({ length: 40 }, (_, i) => (i % 2 ? large : small)))
  })

  it('holds where a fold has a column of one value', () => {
    const learn = ['knn', 'sales.csv', '--target', 'kind', '--columns', 'amount,rare', '--cv', '5']
    const { code, err, out } = nigh(...learn, '--log', 'amount,rare', '--json')
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(JSON.parse(out).evaluation.accuracy).toBe(1)
    const unnamed = ['knn', 'sales.csv', '--target', 'kind', '--ignore', 'logged', '--cv', '5']
    expect(nigh(...unnamed, '--log', 'rare').code).toBe(0)
  })

  it('refuses what has no logarithm', () => {
    const refusal = (...args: string[]): string => {
      const { code, err } = nigh('kmeans', ...args, '--k', '2')
      expect(code).toBe(2)
      return err
    }
    expect(refusal('minus.csv', '--log', 'amount')).toContain('numbers must be from 0 up for a logarithm')
    expect(refusal('sales.csv', '--log', 'kind')).toContain('--log must name columns of numbers')
    expect(refusal('sales.csv', '--log', 'amuont')).toContain('did you mean "amount"?')
    expect(refusal('sales.csv', '--ignore', 'amount', '--log', 'amount')).toContain(
      '--log must name columns that are used, got "amount"',
    )
    expect(refusal('sales.csv', '--columns', 'amount', '--log', 'rare')).toContain(
      '--columns does not name that column',
    )
  })
})
