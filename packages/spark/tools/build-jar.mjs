// Compiles packages/spark/java against Spark's jars and writes src/jar.bytes.ts. Run by hand after a change to the Java
// source; the result is committed. The same javac gives the same bytes: entries are sorted, stored and undated.
//
//   node packages/spark/tools/build-jar.mjs [SPARK_HOME]
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const home = process.argv[2] ?? join(root, '.cache/venv/lib/python3.11/site-packages/pyspark')
if (!existsSync(join(home, 'jars'))) throw new Error(`no Spark in ${home}: name its folder`)
const source = join(root, 'java', 'nigh')
const names = readdirSync(source)
  .filter((name) => name.endsWith('.java'))
  .sort()
const work = mkdtempSync(join(tmpdir(), 'nigh-jar-'))
try {
  const args = ['--release', '17', '-g:none', '-proc:none', '-implicit:none', '-Xlint:-options', '-nowarn']
  args.push('-cp', join(home, 'jars', '*'), '-d', work, ...names.map((name) => join(source, name)))
  execFileSync('javac', args, { stdio: ['ignore', 'inherit', 'pipe'] })
  const classes = readdirSync(join(work, 'nigh')).sort()
  const jar = zip(classes.map((name) => [`nigh/${name}`, readFileSync(join(work, 'nigh', name))]))
  const sha256 = createHash('sha256').update(jar).digest('hex')
  writeFileSync(
    join(root, 'src', 'jar.bytes.ts'),
    `// Made by tools/build-jar.mjs from java/nigh; do not edit.

/** SHA-256 of the Java source it was made from: file names and texts, in order. */
export const jarSource: string = '${sourceHash(source, names)}'

/** SHA-256 of the jar. */
export const jarSha256: string = '${sha256}'

/** The jar, ${jar.length} bytes, as base64. */
export const jarBase64: string =
  '${jar.toString('base64')}'
`,
  )
  console.log(`${classes.length} classes, ${jar.length} bytes, ${sha256}`)
} finally {
  rmSync(work, { recursive: true, force: true })
}

function sourceHash(folder, files) {
  const hash = createHash('sha256')
  for (const name of files) hash.update(`${name}\n`).update(readFileSync(join(folder, name)))
  return hash.digest('hex')
}

/** A zip file with stored entries, all dated 1980-01-01. */
function zip(entries) {
  const parts = []
  const directory = []
  let offset = 0
  for (const [name, data] of entries) {
    const head = Buffer.alloc(30)
    head.writeUInt32LE(0x04034b50, 0)
    head.writeUInt16LE(20, 4)
    head.writeUInt16LE(0x21, 12)
    head.writeUInt32LE(crc32(data), 14)
    head.writeUInt32LE(data.length, 18)
    head.writeUInt32LE(data.length, 22)
    head.writeUInt16LE(name.length, 26)
    const entry = Buffer.alloc(46)
    entry.writeUInt32LE(0x02014b50, 0)
    entry.writeUInt16LE(20, 4)
    head.copy(entry, 6, 4, 28)
    entry.writeUInt32LE(offset, 42)
    parts.push(head, Buffer.from(name), data)
    directory.push(entry, Buffer.from(name))
    offset += head.length + name.length + data.length
  }
  const size = directory.reduce((sum, part) => sum + part.length, 0)
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50, 0)
  end.writeUInt16LE(entries.length, 8)
  end.writeUInt16LE(entries.length, 10)
  end.writeUInt32LE(size, 12)
  end.writeUInt32LE(offset, 16)
  return Buffer.concat([...parts, ...directory, end])
}

function crc32(bytes) {
  let c = 0xffffffff
  for (const byte of bytes) {
    c ^= byte
    for (let bit = 0; bit < 8; bit++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1
  }
  return (c ^ 0xffffffff) >>> 0
}
