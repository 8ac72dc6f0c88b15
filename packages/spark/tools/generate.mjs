// Makes packages/spark/src/gen from a Spark release: the protocol's descriptors come out of PyPI's pyspark, buf and
// protoc-gen-es turn them into TypeScript. Run it by hand when the protocol changes; what it makes is committed.
//
//   node packages/spark/tools/generate.mjs           from the committed descriptor set
//   node packages/spark/tools/generate.mjs PYTHON    from the pyspark of that Python, which also renews the set
import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = fileURLToPath(new URL('.', import.meta.url))
const set = join(here, 'spark-connect-4.3.0.binpb')
const out = join(here, '..', 'src', 'gen')
const python = process.argv[2]
if (python !== undefined) execFileSync(python, [join(here, 'descriptors.py'), set], { stdio: 'inherit' })

const work = mkdtempSync(join(tmpdir(), 'nigh-spark-gen-'))
try {
  writeFileSync(join(work, 'package.json'), '{"private":true}')
  execFileSync(
    'npm',
    ['i', '--no-audit', '--no-fund', '@bufbuild/buf@1.75.0', '@bufbuild/protoc-gen-es@2.12.0'],
    {
      cwd: work,
      stdio: 'inherit',
    },
  )
  writeFileSync(
    join(work, 'buf.gen.yaml'),
    `version: v2
inputs:
  - binary_image: ${set}
plugins:
  - local: ./node_modules/.bin/protoc-gen-es
    out: gen
    opt: [target=ts, import_extension=ts]
`,
  )
  execFileSync('./node_modules/.bin/buf', ['generate'], { cwd: work, stdio: 'inherit' })
  rmSync(out, { recursive: true, force: true })
  cpSync(join(work, 'gen'), out, { recursive: true })
  // The well-known types come with @bufbuild/protobuf; nothing imports these copies.
  rmSync(join(out, 'google', 'protobuf'), { recursive: true, force: true })
} finally {
  rmSync(work, { recursive: true, force: true })
}
let lines = 0
for (const name of readdirSync(out, { recursive: true, encoding: 'utf8' })) {
  if (!name.endsWith('.ts')) continue
  const text = erasable(readFileSync(join(out, name), 'utf8'))
  writeFileSync(join(out, name), text)
  lines += text.split('\n').length
}
console.log(`${out}: ${lines} lines`)

/** Enums are not erasable syntax, which this repository keeps to: the same names as constants. */
function erasable(text) {
  return text.replace(/^export enum (\w+) \{\n([\s\S]*?)^\}/gm, (_, name, body) => {
    const members = body.replace(/^(\s+\w+) = (-?\d+),$/gm, '$1: $2,')
    return `export const ${name}: {\n${body.replace(/^(\s+)(\w+) = (-?\d+),$/gm, '$1readonly $2: $3')}} = {\n${members}}\nexport type ${name} = (typeof ${name})[keyof typeof ${name}]`
  })
}
