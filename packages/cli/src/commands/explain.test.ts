import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { Command, type Ended } from '../../test/command.ts'
import { differsIn, nearBy } from './explain.ts'

// Every test starts processes, and the machine may be busy.
vi.setConfig({ testTimeout: 60_000 })

const command = new Command()
const { folder } = command
const nigh = (...args: string[]): Ended => command.run(...args)

// The class hangs on `size` alone; `noise` runs through the same numbers in both.
let fruit = 'size,noise,colour,kind\n'
for (let i = 0; i < 40; i++) {
  const kind = i % 2
  fruit += `${kind * 100 + (i % 5)},${i % 8},${['red', 'green', 'blue'][i % 3]},${kind === 0 ? 'plum' : 'melon'}\n`
}
writeFileSync(join(folder, 'fruit.csv'), fruit)
writeFileSync(join(folder, 'new.csv'), 'size,noise,colour\n101,3,red\n,1,red\n2,3,green\n')
writeFileSync(join(folder, 'places.csv'), 'latitude,longitude\n10,10\n10.1,10\n-20,50\n-21,50\n')

const learn = ['knn', 'fruit.csv', '--target', 'kind', '--k', '4']

describe('--explain', () => {
  it('gives each prediction its neighbours, their votes, and the columns that made them near', () => {
    const { code, out } = nigh(
      ...[...learn, '--missing', 'drop', '--predict', 'new.csv', '--explain', '--json', '--model', 'f.nigh'],
    )
    expect(code).toBe(0)
    const { explanations } = JSON.parse(out)
    // The row with the empty cell has no answer, and the rows keep their numbers.
    expect(explanations.map(({ row, prediction }: Record<string, unknown>) => [row, prediction])).toEqual([
      [0, 'melon'],
      [2, 'plum'],
    ])
    for (const { prediction, neighbors, columns } of explanations) {
      expect(neighbors).toHaveLength(4)
      expect(neighbors.reduce((sum: number, one: { share: number }) => sum + one.share, 0)).toBeCloseTo(1, 12)
      for (const [at, { row, target, distance }] of neighbors.entries()) {
        expect(target).toBe(prediction)
        expect(row % 2).toBe(prediction === 'plum' ? 0 : 1)
        // Parts are those of the squared distance.
        const parts = columns.map((column: { parts: number[] }) => column.parts[at])
        const sum = parts.reduce((total: number, part: number) => total + part, 0)
        expect(sum).toBeCloseTo(distance * distance, 9)
      }
      expect(columns.map(({ name }: { name: string }) => name).sort()).toEqual(['colour', 'noise', 'size'])
    }
    const applied = JSON.parse(nigh('predict', 'f.nigh', 'new.csv', '--explain', '--json').out)
    expect(applied.explanations).toEqual(explanations)
    expect(applied.answers.why[0]).toMatch(/^[a-z]+ \d+\.\d %/)
    expect(applied.answers.why[1]).toBeNull()
    const plain = JSON.parse(nigh('predict', 'f.nigh', 'new.csv', '--json').out)
    expect(Object.keys(plain.answers)).not.toContain('why')
    expect(plain.answers.prediction).toEqual(applied.answers.prediction)
  })

  it('names the column that decides, in text and in the rows written', () => {
    const only = ['--columns', 'size,noise', '--predict', 'new.csv', '--missing', 'drop', '--explain']
    const { out } = nigh(...learn, ...only)
    expect(out).toMatch(/row 0: melon, near by (size|noise) [\d.]+ %/)
    expect(out).toMatch(/neighbor\s+target\s+distance\s+vote\s+differs in/)
    nigh(...learn, ...only, '--out', 'why.csv', '--quiet')
    const [head, first] = readFileSync(join(folder, 'why.csv'), 'utf8').split('\n')
    expect(head).toContain('why')
    expect(first).toMatch(/size \d/)
  })

  it('explains neighbours: the same that are found, each with what made it near', () => {
    const ask = ['neighbors', 'fruit.csv', '--ignore', 'kind', '--k', '3']
    const answer = JSON.parse(nigh(...ask, '--explain', '--json').out)
    expect(
      answer.explanations.map(({ neighbors }: { neighbors: { row: number }[] }) =>
        neighbors.map(({ row }) => row),
      ),
    ).toEqual(answer.indices)
    expect(
      answer.explanations.map(({ neighbors }: { neighbors: { distance: number }[] }) =>
        neighbors.map(({ distance }) => distance),
      ),
    ).toEqual(answer.distances)
    nigh(...ask, '--explain', '--out', 'near.csv', '--quiet')
    const lines = readFileSync(join(folder, 'near.csv'), 'utf8').trim().split('\n')
    expect(lines).toHaveLength(1 + 40 * 3)
    expect(lines[0]).toBe('row,rank,neighbor,distance,differs_in')
    expect(nigh(...ask, '--explain').out).toMatch(/neighbor {2}distance {2}differs in/)
  })

  it('says where the distance is not made of columns, and gives the neighbours all the same', () => {
    const ask = ['neighbors', 'places.csv', '--metric', 'haversine', '--scale', 'none', '--k', '1']
    const { code, out, err } = nigh(...ask, '--explain', '--json')
    expect(code).toBe(0)
    expect(err).toContain('this distance is not made of columns')
    const { explanations, indices } = JSON.parse(out)
    expect(indices).toEqual([[1], [0], [3], [2]])
    expect(explanations[0]).toMatchObject({ row: 0, neighbors: [{ row: 1, share: 1 }], columns: null })
  })

  it('refuses where there is nothing to explain', () => {
    const refusal = (...args: string[]): string => {
      const { code, err } = nigh(...args)
      expect(code).toBe(2)
      return err
    }
    expect(refusal(...learn, '--explain')).toContain('--predict FILE, which is not set')
    nigh('kmeans', 'places.csv', '--k', '2', '--model', 'c.nigh')
    expect(refusal('predict', 'c.nigh', 'places.csv', '--explain')).toContain('models of nigh knn')
    expect(refusal(...learn, '--spark', 'sc://localhost:1', '--explain')).toContain('leave out --spark')
  })
})

describe('what made a row near', () => {
  it('names what did most of it, and what kept the rows apart', () => {
    const column = (name: string, share: number) => ({ name, share })
    expect(nearBy([column('a', 0.05), column('b', 0.6), column('c', -0.3), column('d', 0.05)])).toBe(
      'b 60.0 %; apart in c 30.0 %',
    )
    expect(nearBy([column('a', 0.06), column('b', 0.04)])).toBe('a 6.0 %')
    expect(nearBy([column('a', -1)])).toBe('no column; apart in a 100 %')
    expect(nearBy([column('a', 0)])).toBe('no column')
  })

  it('tells of what the distance to one neighbour is made', () => {
    const column = (name: string, ...parts: number[]) => ({
      ...{ name, parts: Float64Array.from(parts) },
      ...{ part: 0, typical: 0, share: 0 },
    })
    const columns = [column('a', 1, 0, 0), column('b', 3, 0, 0), column('c', 0.1, 0, 2)]
    expect(differsIn(columns, 0)).toBe('b 73.2 %, a 24.4 %')
    expect(differsIn(columns, 1)).toBe('nothing')
    expect(differsIn(columns, 2)).toBe('c 100 %')
  })
})
