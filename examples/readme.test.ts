import { execSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'

// The commands of the READMEs, in their order: some read what an earlier one wrote.

const root = fileURLToPath(new URL('..', import.meta.url))
const command = `"${process.execPath}" "${join(root, 'packages/cli/bin/nigh.js')}"`

// A folder like the repository, where results may lie about.
const folder = mkdtempSync(join(tmpdir(), 'nigh-readme-'))
mkdirSync(join(folder, 'examples', 'out'), { recursive: true })
for (const name of ['data', 'classification']) {
  symlinkSync(join(root, 'examples', name), join(folder, 'examples', name))
}
afterAll(() => rmSync(folder, { recursive: true }))

function blocks(document: string, language: string): string[] {
  const text = readFileSync(join(root, document), 'utf8')
  return Array.from(
    text.matchAll(new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\``, 'gm')),
    ([, block]) => block,
  )
}

function commandsOf(document: string): string[] {
  return blocks(document, 'sh')
    .flatMap((block) => block.replaceAll('\\\n', ' ').split('\n'))
    .filter((line) => /\bnpx nigh\b/.test(line))
}

function run(line: string): string {
  return execSync(line.replaceAll('npx nigh', command), {
    cwd: folder,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  })
}

const lines = (text: string): string[] =>
  text
    .trim()
    .split('\n')
    .filter((line) => line.trim() !== '…')

/** Whether the printed lines hold the promised ones, together and in order. */
function holds(printed: string, promised: string): boolean {
  return lines(printed).join('\n').includes(lines(promised).join('\n'))
}

describe('the commands of the READMEs run', () => {
  const all = ['README.md', 'packages/cli/README.md'].flatMap((document) =>
    commandsOf(document).map((line) => [document, line] as const),
  )

  test('are found', () => expect(all.length).toBeGreaterThanOrEqual(14))

  test.each(all)('%s: %s', (_, line) => {
    expect(run(line).length).toBeGreaterThanOrEqual(line.includes('--quiet') ? 0 : 100)
  })
})

describe('what the READMEs print is what comes out', () => {
  test('README: iris in three clusters', () => {
    const [, iris] = blocks('README.md', 'text')
    expect(holds(run('npx nigh kmeans examples/data/iris.csv --k 3 --ignore species'), iris)).toBe(true)
  })

  test('the command’s README: labelled flowers, penguins inspected', () => {
    const [flowers, strange, penguins] = blocks('packages/cli/README.md', 'text')
    const predict = commandsOf('packages/cli/README.md').find((line) => line.includes('--predict')) ?? ''
    expect(holds(run(predict), flowers)).toBe(true)
    const anomalies = commandsOf('packages/cli/README.md').find((line) => line.includes('--label')) ?? ''
    expect(holds(run(anomalies), strange)).toBe(true)
    expect(holds(run('npx nigh inspect examples/data/penguins.csv'), penguins)).toBe(true)
  })
})
