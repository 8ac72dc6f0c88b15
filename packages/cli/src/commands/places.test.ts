import { linkSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, vi } from 'vitest'
import { Command } from '../../test/command.ts'

vi.setConfig({ testTimeout: 60_000 })

const command = new Command()
const { folder } = command
const text = `x,y\n${Array.from({ length: 12 }, (_, i) => `${i % 3},${i}`).join('\n')}\n`
writeFileSync(join(folder, 'data.csv'), text)
writeFileSync(join(folder, 'old.nigh'), 'a model of last year')
linkSync(join(folder, 'data.csv'), join(folder, 'linked.csv'))

describe('where answers go', () => {
  it.each([
    ['rows over their own source', ['--out', './data.csv'], '--out "./data.csv": that file is DATA already'],
    ['a model over the data', ['--model', 'linked.csv'], '--model "linked.csv": that file is DATA already'],
    ['two answers in one file', ['--out', 'a.csv', '--model', './a.csv'], 'that file is --out already'],
    ['options over the data', ['--save-config', 'data.csv'], '--save-config "data.csv": that file is DATA'],
  ])('%s is refused', async (_, more, message) => {
    const { code, err } = await command.start(['kmeans', 'data.csv', '--k', '2', ...more])
    expect([code, err]).toEqual([2, expect.stringContaining(message)])
    expect(readFileSync(join(folder, 'data.csv'), 'utf8')).toBe(text)
  })

  it('a model that answers is not written over', async () => {
    const { code, err } = await command.start(['predict', 'old.nigh', 'data.csv', '--out', 'old.nigh'])
    expect([code, err]).toEqual([2, expect.stringContaining('--out "old.nigh": that file is MODEL already')])
  })

  it('the file of options may be the one that they came from', async () => {
    const first = await command.start([
      'kmeans',
      'data.csv',
      '--k',
      '2',
      '--save-config',
      'c.json',
      '--quiet',
    ])
    const again = await command.start([
      'kmeans',
      'data.csv',
      '--config',
      'c.json',
      '--k',
      '3',
      '--save-config',
      'c.json',
    ])
    expect([first.code, again.code]).toEqual([0, 0])
    expect(readFileSync(join(folder, 'c.json'), 'utf8')).toContain('"k": 3')
  })

  it.runIf(process.platform === 'linux').each([['--json'], ['--out', '-'], []])(
    'a full disk behind standard output is said in one line (%s)',
    (...more) => {
      const full = openSync('/dev/full', 'w')
      const ended = spawnSync(
        process.execPath,
        [
          fileURLToPath(new URL('../../bin/nigh.js', import.meta.url)),
          'kmeans',
          'data.csv',
          '--k',
          '2',
          ...more,
        ],
        { cwd: folder, encoding: 'utf8', stdio: ['ignore', full, 'pipe'] },
      )
      expect([ended.status, ended.stderr.split('\n')[0]]).toEqual([
        2,
        'nigh kmeans: standard output cannot be written: the disk is full',
      ])
    },
  )
})

describe('names of columns', () => {
  writeFileSync(join(folder, 'names.csv'), '"City, State", b ,"say ""hi"""\n1,2,3\n4,5,6\n9,9,9\n')

  it('with commas, blanks and quotation marks are given in quotation marks', async () => {
    const names = '"City, State"," b ","say ""hi"""'
    const options = ['--k', '2', '--columns', names, '--json', '--save-config', 'names.json']
    const { out } = await command.start(['kmeans', 'names.csv', ...options])
    const again = await command.start(['kmeans', 'names.csv', '--config', 'names.json'])
    for (const answer of [out, again.out]) {
      expect(JSON.parse(answer)).toMatchObject({ columns: ['City, State', ' b ', 'say "hi"'] })
    }
  })

  it('that are wrong are answered with what is there, and how it is written', async () => {
    const one = await command.start(['kmeans', 'names.csv', '--k', '2', '--columns', 'Citi. State'])
    expect(one.err).toContain(
      'has none of the columns asked for ("Citi. State"); did you mean "City, State"?',
    )
    const some = await command.start(['kmeans', 'names.csv', '--k', '2', '--columns', '"City, State",b'])
    expect(some.err).toContain(`did you mean " b "? (write '" b "')`)
    const empty = await command.start(['kmeans', 'names.csv', '--k', '2', '--columns', 'a,,b'])
    expect(empty.err).toContain('Names are separated by commas')
  })
})

describe('rows that do not fit a saved model', () => {
  const rows = Array.from({ length: 12 }, (_, i) => `${i},${['red', 'blue'][i % 2]},${i % 3}`)
  writeFileSync(join(folder, 'learnt.csv'), `size,color,n\n${rows.join('\n')}\n`)
  writeFileSync(join(folder, 'holes.csv'), 'size,color,n\n1,red,1\n,blue,2\n')
  writeFileSync(join(folder, 'green.csv'), 'size,color,n\n1,red,1\n2,green,2\n')
  writeFileSync(join(folder, 'shouted.csv'), 'SIZE,color,n\n1,red,1\n')
  const fit = ['kmeans', 'learnt.csv', '--k', '2', '--model', 'm.nigh', '--quiet']

  it('are told which file, and what can be done now that the model is fitted', async () => {
    expect((await command.start(fit)).code).toBe(0)
    const told = async (file: string): Promise<string> => {
      const predicted = await command.start(['predict', 'm.nigh', file])
      const evaluated = await command.start(['evaluate', 'm.nigh', file])
      expect([predicted.code, evaluated.code]).toEqual([2, 2])
      expect(evaluated.err).toBe(predicted.err.replace('nigh predict', 'nigh evaluate'))
      return predicted.err
    }
    expect(await told('holes.csv')).toContain(
      'holes.csv: 1 cell is empty, and the model was fitted without ("size" 1); fill them or leave out their rows, or ' +
        'fit the model again with --missing drop or --missing impute',
    )
    expect(await told('green.csv')).toContain(
      'green.csv: row 1 (from 0), column "color" must be one of the fitted categories, got "green"; ' +
        'to let others pass, fit the model again with --unseen zero',
    )
    expect(await told('shouted.csv')).toContain('missing "size"; is "SIZE" the "size" that is meant?')
  })
})
