import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../../..', import.meta.url))
// Inside node_modules, so that packages are found as they are by whoever installs them.
const folder = join(root, 'node_modules', '.cache', `nigh-spark-docs-${process.pid}`)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

it('the examples of docs/spark.md compile, run, and print what they say', () => {
  const text = readFileSync(join(root, 'docs', 'spark.md'), 'utf8')
  const code = Array.from(text.matchAll(/^```typescript\n([\s\S]*?)^```$/gm), ([, block]) => block).join('\n')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
  writeFileSync(join(folder, 'program.ts'), code)
  const node = process.execPath
  const options = [
    '--module',
    'nodenext',
    '--target',
    'es2022',
    '--strict',
    '--types',
    'node',
    '--skipLibCheck',
    '--ignoreConfig',
  ]
  const types = join(root, 'node_modules', '@types')
  execFileSync(
    node,
    [
      join(root, 'node_modules/typescript/bin/tsc'),
      ...options,
      '--typeRoots',
      types,
      join(folder, 'program.ts'),
    ],
    { cwd: folder, stdio: 'inherit' },
  )
  const printed = execFileSync(node, [join(folder, 'program.js')], {
    cwd: folder,
    encoding: 'utf8',
    env: {
      ...process.env,
      SPARK_URL: process.env.NIGH_SPARK_URL,
      SPARK_TOKEN: process.env.NIGH_SPARK_TOKEN,
      TMPDIR: tmpdir(),
    },
  })
  const promised = Array.from(code.matchAll(/console\.log\(.*\) \/\/ (.*)$/gm), ([, line]) => line)
  expect(printed.trim().split('\n')).toEqual(promised)
})
