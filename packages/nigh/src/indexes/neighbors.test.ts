import { expect, test } from 'vitest'
import { InputError } from '../check.ts'
import { Random } from '../random.ts'
import { WithinList } from './neighbors.ts'

test('an answer that would be too large is refused before there is room for it', () => {
  const list = new WithinList('within', 1000)
  for (let row = 0; row < 1000; row++) list.add(1, row)
  expect(() => list.add(1, 1000)).toThrow(InputError)
  expect(() => list.add(1, 1000)).toThrow(
    expect.objectContaining({
      code: 'E_MEMORY',
      param: 'radius',
      message: expect.stringMatching(/^within: more than 1000 neighbours.*smaller radius, or fewer queries/),
    }),
  )
  expect(list.count).toBe(1000)
})

test('many that come in no order stand nearest first, equal ones by their rows, the farther ones left out', () => {
  const random = new Random(8)
  const list = new WithinList('within')
  const ranks = Array.from({ length: 30_000 }, () => Math.floor(random.uniform() * 900))
  // A query before it keeps its own.
  list.add(4, 7)
  list.close(10, Math.sqrt)
  ranks.forEach((rank, row) => list.add(rank, row))
  let pauses = 0
  for (const steps = list.closing(25, Math.sqrt); steps.next().done !== true; ) pauses++
  expect(pauses).toBeGreaterThan(2)
  const { offsets, indices, distances } = list.finish()
  const expected = ranks
    .map((rank, row) => ({ rank, row }))
    .filter(({ rank }) => Math.sqrt(rank) <= 25)
    .sort((a, b) => a.rank - b.rank || a.row - b.row)
  expect(Array.from(offsets)).toEqual([0, 1, 1 + expected.length])
  expect(Array.from(indices)).toEqual([7, ...expected.map(({ row }) => row)])
  expect(Array.from(distances)).toEqual([2, ...expected.map(({ rank }) => Math.sqrt(rank))])
})
