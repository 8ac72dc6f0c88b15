import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { Command, type Ended } from '../../test/command.ts'
import { groups } from '../../test/page.ts'

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

put('groups.csv', groups())

describe('evaluate', () => {
  test('clusters by themselves and against a column', async () => {
    await nigh(['kmeans', 'groups.csv', '--k', '3', '--ignore', 'group', '--model', 'groups.nigh', '--quiet'])
    const alone = await json(['evaluate', 'groups.nigh', 'groups.csv'])
    expect(alone).toMatchObject({ kind: 'kmeans', rows: 91, clusters: 3 })
    expect(alone.silhouette).toBeGreaterThan(0.9)
    const compared = await json(['evaluate', 'groups.nigh', 'groups.csv', '--target', 'group'])
    expect(compared.silhouette).toBe(alone.silhouette)
    expect(compared.adjustedRand).toBeGreaterThan(0.95)
    expect(compared.adjustedRand).toBeLessThan(1)
  })

  test('classes and numbers against their column', async () => {
    await nigh(['knn', 'groups.csv', '--target', 'group', '--k', '3', '--model', 'classes.nigh', '--quiet'])
    const classes = await json(['evaluate', 'classes.nigh', 'groups.csv', '--target', 'group'])
    // All but the row that stands among the others.
    expect(classes.accuracy).toBeCloseTo(90 / 91, 12)
    expect(classes.confusion.matrix).toEqual([
      [30, 0, 0],
      [1, 30, 0],
      [0, 0, 30],
    ])
    put('line.csv', 'a,y\n0,0\n1,10\n2,20\n3,30\n')
    await nigh([
      'knn',
      'line.csv',
      '--target',
      'y',
      '--k',
      '1',
      '--cv',
      'loo',
      '--model',
      'line.nigh',
      '--quiet',
    ])
    put('line-new.csv', 'a,y\n0,3\n1,10\n2,\n3,30\n')
    const { out } = await nigh(['evaluate', 'line.nigh', 'line-new.csv', '--target', 'y', '--json'])
    expect(JSON.parse(out)).toMatchObject({ kind: 'knn-regressor', rows: 3, mae: 1 })
  })

  test('a missing target is refused', async () => {
    await nigh(['knn', 'groups.csv', '--target', 'group', '--model', 'refused.nigh', '--quiet'])
    expect((await nigh(['evaluate', 'refused.nigh', 'groups.csv'])).code).toBe(2)
    const wrong = await nigh(['evaluate', 'refused.nigh', 'groups.csv', '--target', 'Group'])
    expect(wrong.code).toBe(2)
    expect(wrong.err).toContain('did you mean "group"')
    expect((await nigh(['evaluate', 'groups.csv', 'groups.csv'])).code).toBe(2)
  })
})

describe('--unseen', () => {
  test('is saved with the model of every command', async () => {
    put('colors.csv', 'x,color\n1,red\n2,red\n3,blue\n90,blue\n91,red\n92,blue\n')
    put('colors-new.csv', 'x,color\n1,green\n')
    const commands = [
      ['kmeans', '--k', '2'],
      ['knn', '--target', 'x', '--k', '1'],
      ['anomalies', '--k', '2'],
    ]
    await Promise.all(
      commands.map(async ([name, ...more]) => {
        const args = [name, 'colors.csv', ...more, '--model', `colors-${name}.nigh`, '--quiet']
        const apply = ['predict', `colors-${name}.nigh`, 'colors-new.csv', '--quiet']
        await nigh(args)
        expect((await nigh(apply)).code).toBe(2)
        await nigh([...args, '--unseen', 'zero'])
        expect((await nigh(apply)).code).toBe(0)
      }),
    )
  })
})
