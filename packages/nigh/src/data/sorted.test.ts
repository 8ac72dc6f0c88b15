import { expect, test } from 'vitest'
import { Random } from '../random.ts'
import { sortedNumbers } from './sorted.ts'

test('numbers come out as of one sort, however many stretches there are', () => {
  const random = new Random(3)
  for (const count of [0, 1, 2, 8191, 8192, 8193, 40_000]) {
    const values = Uint32Array.from({ length: count }, () => random.uniform() * 1000)
    const before = (a: number, b: number): number => values[a] - values[b] || a - b
    const steps = sortedNumbers(count, before)
    let pauses = 0
    let step = steps.next()
    for (; step.done !== true; step = steps.next()) pauses++
    expect(step.value).toEqual(Uint32Array.from({ length: count }, (_, i) => i).sort(before))
    expect(pauses).toBeGreaterThanOrEqual(Math.floor((count - 1) / 8192))
  }
})
