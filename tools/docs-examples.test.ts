import { execFile, execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import * as nigh from 'nigh'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

// Every example in the documents and docstrings is type-checked (unless it is plain JavaScript) and run, and prints what its comments say it prints:
// `console.log(x) // 3`, or lines of their own after a console.log.

const root = fileURLToPath(new URL('..', import.meta.url))
// Inside node_modules, so that `nigh` is found as it is by whoever installs it.
const folder = join(root, 'node_modules', '.cache', `nigh-examples-${process.pid}`)

interface Example {
  readonly name: string
  readonly file: string
  readonly code: string
}

/** What the short examples of docstrings speak of without saying what it is. */
const spoken: Readonly<Record<string, string>> = {
  points:
    'const points = Array.from({ length: 150 }, (_, i) => [(i % 3) * 4 + ((i * 7) % 11) / 10, (i % 3) * 3 + ((i * 5) % 13) / 10])',
  queries: 'const queries = [[0.2, 0.4], [8.1, 6.3]]',
  newPoints: 'const newPoints = [[0.2, 0.4], [8.1, 6.3]]',
  species:
    "const species = Array.from({ length: 150 }, (_, i) => ['setosa', 'versicolor', 'virginica'][i % 3])",
  prices: 'const prices = Array.from({ length: 150 }, (_, i) => 10 + (i % 3) * 5 + (i % 7))',
  targets: "const targets = ['a', 'a', 'b', 'b', 'b', 'a']",
  predictions: "const predictions = ['a', 'b', 'b', 'b', 'b', 'a']",
  rows: 'const rows = [[1, 2], [2, Number.NaN], [3, 5], [2, 4], [1, 3], [4, 6]]',
  labels: 'const labels = Array.from({ length: 150 }, (_, i) => i % 3)',
  table:
    "const table = Table.fromRows(Array.from({ length: 150 }, (_, i) => ({ age: 20 + ((i * 7) % 50), price: 5 + (i % 3) * 90, city: ['Graz', 'Linz'][i % 2], species: ['setosa', 'versicolor'][i % 2] })))",
  bytes: 'const bytes = KNNClassifier.fitSync(points, species).toBytes()',
  model: 'const model = await KMeans.fit(points, { k: 3 })',
}

function documents(): string[] {
  const inDocs = existsSync(join(root, 'docs'))
    ? readdirSync(join(root, 'docs')).map((name) => `docs/${name}`)
    : []
  const packages = readdirSync(join(root, 'packages')).map((name) => `packages/${name}/README.md`)
  return ['README.md', 'CONTRIBUTING.md', ...inDocs, ...packages].filter(
    (name) => name.endsWith('.md') && existsSync(join(root, name)),
  )
}

function blocks(document: string): Example[] {
  const text = readFileSync(join(root, document), 'utf8')
  return Array.from(text.matchAll(/^```(ts|js)\n([\s\S]*?)^```$/gm), ([, language, code], i) => ({
    name: `${document}, block ${i + 1}`,
    file: `${document.replaceAll(/\W/g, '-')}-${i + 1}.${language}`,
    code,
  }))
}

function docstrings(): Example[] {
  const source = join(root, 'packages', 'nigh', 'src')
  const found: Example[] = []
  for (const name of readdirSync(source, { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.ts') || /\.(test|contract)\./.test(name)) continue
    const text = readFileSync(join(source, name), 'utf8')
    for (const [, example] of text.matchAll(/^\s*\* @example\n((?:\s*\* ?(?!@|\/).*\n)+)/gm)) {
      const code = example.replaceAll(/^\s*\* ?/gm, '')
      found.push({
        name: `${name.replaceAll('\\', '/')}, @example ${found.length + 1}`,
        file: `docstring-${found.length + 1}.ts`,
        code: prelude(code) + code,
      })
    }
  }
  return found
}

function prelude(code: string): string {
  const lines: string[] = []
  const needs = (text: string): void => {
    for (const [name, line] of Object.entries(spoken)) {
      const used = new RegExp(`\\b${name}\\b(?!:)`).test(text)
      if (!used || new RegExp(`\\b(const|let)\\b[^=\\n]*\\b${name}\\b`).test(code) || lines.includes(line))
        continue
      needs(line.slice(line.indexOf('=')))
      lines.push(line)
    }
  }
  needs(code)
  const all = `${lines.join('\n')}\n${code}`
  const names = Object.keys(nigh).filter((name) => new RegExp(`\\b${name}\\b`).test(all))
  const given = /import .* from 'nigh'/.test(code) ? '' : `import { ${names.join(', ')} } from 'nigh'\n`
  return `${given}${lines.join('\n')}\n`
}

/** The lines that an example says it prints. */
function promised(code: string): string[] {
  const lines: string[] = []
  let after = false
  for (const line of code.split('\n')) {
    const printed = /console\.log\(.*\)\s*\/\/ (.*)$/.exec(line)
    const alone = /^\s*\/\/ (.*)$/.exec(line)
    if (printed !== null) lines.push(printed[1])
    else if (alone !== null && after) lines.push(alone[1])
    if (alone === null && line.trim() !== '') after = /console\.log\(/.test(line) && printed === null
  }
  return lines.map((line) => line.trim())
}

const examples = [...documents().flatMap(blocks), ...docstrings()]
let errors = ''

beforeAll(() => {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  for (const { file, code } of examples) writeFileSync(join(folder, file), `${code}\nexport {}\n`)
  const compilerOptions = {
    strict: true,
    target: 'es2022',
    module: 'nodenext',
    lib: ['es2023', 'dom'],
    types: ['node'],
    skipLibCheck: true,
    typeRoots: [join(root, 'node_modules', '@types')],
  }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }))
  try {
    execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', folder], {
      encoding: 'utf8',
      cwd: folder,
    })
  } catch (error) {
    errors = error instanceof Error && 'stdout' in error ? String(error.stdout) : String(error)
  }
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('there are examples', () => {
  expect(examples.length).toBeGreaterThan(15)
})

describe('examples compile, run and print what they say', () => {
  test.each(examples.map((example) => [example.name, example] as const))('%s', async (_, { file, code }) => {
    const mine = errors.split('\n').filter((line) => relative('.', line).includes(file))
    expect(mine.join('\n')).toBe('')
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [join(folder, file.replace(/\.ts$/, '.js'))],
      { cwd: root },
    )
    const printed = stdout.split('\n').map((line) => line.trim())
    let at = 0
    for (const line of promised(code)) {
      const found = printed.indexOf(line, at)
      expect({ promised: line, printed: found < 0 ? printed.slice(at) : line }).toEqual({
        promised: line,
        printed: line,
      })
      at = found + 1
    }
  })
})
