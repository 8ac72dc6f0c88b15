import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { runProgram } from './program.ts'
import { withConfig } from './config.ts'
import type { KnownCommand } from './config.ts'

const folder = mkdtempSync(join(tmpdir(), 'nigh-config-'))
afterAll(() => rmSync(folder, { recursive: true }))
const put = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text)
  return join(folder, name)
}

const option = (long: string, short?: string, name?: string) => ({
  long,
  short,
  negate: long.startsWith('--no-'),
  attributeName: () =>
    name ?? long.replace(/^--(no-)?/, '').replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase()),
})
const commands: KnownCommand[] = [
  {
    name: () => 'kmeans',
    options: [
      option('--k', '-k'),
      option('--ignore'),
      option('--max-memory'),
      option('--no-header'),
      option('--chart'),
      option('--no-chart'),
      option('--json'),
      option('--config'),
      option('--save-config'),
    ],
  },
]
const config = (options: unknown): string => put('run.json', JSON.stringify({ command: 'kmeans', options }))

describe('a configuration file', () => {
  it('stands before the command line, which wins', () => {
    const file = config({
      k: 3,
      ignore: ['a', 'b,c'],
      maxMemory: 2e9,
      header: false,
      chart: false,
      json: true,
    })
    expect(withConfig(['kmeans', 'x.csv', '--config', file], commands)).toEqual([
      ...[
        'kmeans',
        '--k=3',
        '--ignore=a,"b,c"',
        '--max-memory=2000000000',
        '--no-header',
        '--no-chart',
        '--json',
      ],
      ...['x.csv', '--config', file],
    ])
    const typed = ['kmeans', 'x.csv', `--config=${file}`, '-k5', '--ignore', 'd', '--chart']
    expect(withConfig(typed, commands)).toEqual([
      ...['kmeans', '--max-memory=2000000000', '--no-header', '--json'],
      ...typed.slice(1),
    ])
    expect(withConfig(['kmeans', 'x.csv'], commands)).toEqual(['kmeans', 'x.csv'])
    expect(withConfig(['kmeans', '--config', config({ 'max-memory': '1GB' })], commands)[1]).toBe(
      '--max-memory=1GB',
    )
  })

  const refused: readonly (readonly [string, () => string, RegExp])[] = [
    [
      'an unknown key',
      () => config({ ignroe: ['a'] }),
      /nigh kmeans has no option "ignroe"; did you mean "ignore"\?/,
    ],
    ['a key that is like none', () => config({ zzzz: 1 }), /no option "zzzz"$/],
    ['itself', () => config({ config: 'other.json' }), /no option "config"/],
    [
      'a value of another kind',
      () => config({ k: { n: 3 } }),
      /"k" must be a text, a number, true, false or a list/,
    ],
    [
      'another command',
      () => put('o.json', '{"command":"knn","options":{}}'),
      /is for nigh knn, not for nigh kmeans/,
    ],
    ['a file that is no JSON', () => put('b.json', '{k:3}'), /this is not JSON/],
    ['a list', () => put('l.json', '[1]'), /must hold \{ "command": "kmeans", "options": \{ … \} \}/],
    ['options beside the options', () => put('e.json', '{"options":{},"k":3}'), /and not "k"/],
    ['a file that is not there', () => join(folder, 'none.json'), /there is no such file/],
  ]
  for (const [what, file, message] of refused) {
    it(`refuses ${what}`, () => {
      expect(() => withConfig(['kmeans', '--config', file()], commands)).toThrow(message)
    })
  }

  it('that was saved gives the same run again', async () => {
    const data = put(
      'points.csv',
      `x,y\n${Array.from({ length: 40 }, (_, i) => `${i % 7},${(i % 2) * 50}`).join('\n')}\n`,
    )
    const run = (...args: string[]): Promise<void> =>
      runProgram(['kmeans', data, ...args, '--quiet'], '0.0.0', new AbortController().signal)
    const [saved, again, one, two] = ['c.json', 'd.json', 'a.nigh', 'b.nigh'].map((name) =>
      join(folder, name),
    )
    await run(
      '--k',
      '3',
      '--scale',
      'minmax',
      '--seed',
      '9',
      '--columns',
      'y,x',
      '--model',
      one,
      '--save-config',
      saved,
    )
    expect(JSON.parse(readFileSync(saved, 'utf8'))).toMatchObject({
      command: 'kmeans',
      options: { k: 3, scale: 'minmax', seed: 9, columns: ['y', 'x'], init: 'k-means++', header: true },
    })
    await run('--config', saved, '--model', two, '--save-config', again)
    expect(readFileSync(two).equals(readFileSync(one))).toBe(true)
    const differing = JSON.parse(readFileSync(again, 'utf8'))
    expect({ ...differing.options, model: one }).toEqual(JSON.parse(readFileSync(saved, 'utf8')).options)
    // A saved file alone is a whole run, mandatory options too.
    await expect(run('--scale', 'none')).rejects.toThrow(/--k/)
  })
})
