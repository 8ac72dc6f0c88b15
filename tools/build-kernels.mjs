// Compiles packages/nigh/assembly (AssemblyScript) into WebAssembly modules, for fits and for searches, simd and relaxed
// simd, and writes them as text into packages/nigh/src/kernels/*.bytes.ts: no file to fetch, no build for whoever
// installs nigh.
// Usage: node tools/build-kernels.mjs [fit] [search] [--check]   (both where neither is named; --check fails when the committed bytes are not what this makes)
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import asc from 'assemblyscript/asc'

const root = join(dirname(fileURLToPath(import.meta.url)), '..', 'packages', 'nigh')

/** The bit in the memory import that asks for a shared memory; cleared by the loader where memory cannot be shared. */
function memoryFlagAt(bytes) {
  const marker = Buffer.from('\x03env\x06memory\x02', 'latin1')
  const at = Buffer.from(bytes).indexOf(marker)
  if (at < 0) throw new Error('the module imports no env.memory')
  const flag = at + marker.length
  if (bytes[flag] !== 3) throw new Error(`unexpected memory flag ${bytes[flag]}`)
  return flag
}

async function compile(entry, relaxed) {
  const files = new Map()
  const stderr = asc.createMemoryStream()
  const { error } = await asc.main(
    [
      entry,
      '--outFile',
      'out.wasm',
      '--runtime',
      'stub',
      '-O3',
      '--converge',
      '--noAssert',
      '--importMemory',
      '--initialMemory',
      '1',
      '--maximumMemory',
      '65536',
      '--sharedMemory',
      '--enable',
      'simd',
      '--enable',
      'threads',
      ...(relaxed ? ['--enable', 'relaxed-simd'] : []),
    ],
    {
      stderr,
      readFile: (name, base) => {
        try {
          return readFileSync(join(root, base === '.' ? name : join(base, name)), 'utf8')
        } catch {
          return null
        }
      },
      writeFile: (name, contents) => files.set(name, contents),
      listFiles: () => [],
    },
  )
  if (error) throw new Error(`${error.message}\n${stderr.toString()}`)
  return files.get('out.wasm')
}

/**
 * The second module as a patch on the first, which it nearly equals: numbers of base 128, low digits first, that say
 * how many bytes follow as they are, then from where in the first module how many are copied; and so on.
 */
function patchOf(base, bytes) {
  const shortest = 12
  const seen = new Map()
  for (let at = base.length - shortest; at >= 0; at--) {
    const key = Buffer.from(base.subarray(at, at + shortest)).toString('latin1')
    const places = seen.get(key)
    if (places === undefined) seen.set(key, [at])
    else if (places.length < 32) places.push(at)
  }
  const out = []
  const number = (value) => {
    for (; value > 127; value >>>= 7) out.push((value & 127) | 128)
    out.push(value)
  }
  let literal = []
  for (let at = 0; at < bytes.length; ) {
    const key = Buffer.from(bytes.subarray(at, at + shortest)).toString('latin1')
    let [from, length] = [0, 0]
    for (const place of seen.get(key) ?? []) {
      let same = 0
      while (
        place + same < base.length &&
        at + same < bytes.length &&
        base[place + same] === bytes[at + same]
      )
        same++
      if (same > length) [from, length] = [place, same]
    }
    if (length < shortest) {
      literal.push(bytes[at++])
      continue
    }
    number(literal.length)
    out.push(...literal)
    number(from)
    number(length)
    literal = []
    at += length
  }
  number(literal.length)
  out.push(...literal)
  return Uint8Array.from(out)
}

/**
 * One character a byte, the frequent bytes in ASCII: zipped, as pages are sent, that is a quarter smaller than base64,
 * which hides repetitions.
 */
function alphabetFor(bytes) {
  const count = new Array(256).fill(0)
  for (const byte of bytes) count[byte]++
  const order = [...count.keys()].sort((a, b) => count[b] - count[a] || a - b)
  const characters = []
  for (let code = 32; characters.length < 256; code++) {
    // Nothing that a string would have to escape, no control character, no soft hyphen.
    const plain = code < 127 ? !`'"\\\`$`.includes(String.fromCharCode(code)) : code > 160 && code !== 173
    if (plain) characters.push(String.fromCharCode(code))
  }
  const alphabet = new Array(256)
  order.forEach((byte, place) => {
    alphabet[byte] = characters[place]
  })
  return alphabet
}
/** Each module by its entry in assembly/: what is used apart is loaded apart. */
const named = ['fit', 'search'].filter((name) => process.argv.includes(name))
for (const name of named.length > 0 ? named : ['fit', 'search']) {
  const entry = `assembly/${name}.ts`
  const simd = await compile(entry, false)
  const relaxed = await compile(entry, true)
  const patch = patchOf(simd, relaxed)
  const alphabet = alphabetFor(simd)
  const letters = (bytes) => Array.from(bytes, (byte) => alphabet[byte]).join('')
  const text = `// Made by tools/build-kernels.mjs from packages/nigh/assembly: do not edit.
import type { KernelModule } from './kit.ts'

/** ${simd.length} bytes of WebAssembly, and what makes the relaxed module, of ${relaxed.length} bytes, of them. */
export const ${name}Module: KernelModule = {
  alphabet:
    '${alphabet.join('')}',
  simd:
    '${letters(simd)}',
  relaxedPatch:
    '${letters(patch)}',
  simdMemoryFlag: ${memoryFlagAt(simd)},
  relaxedMemoryFlag: ${memoryFlagAt(relaxed)},
}
`
  console.log(
    `${name}: simd ${simd.length} bytes, relaxed ${relaxed.length} bytes by a patch of ${patch.length}`,
  )
  const target = join(root, `src/kernels/${name}.bytes.ts`)
  if (process.argv.includes('--check')) {
    if (readFileSync(target, 'utf8') !== text) {
      console.error(
        `packages/nigh/src/kernels/${name}.bytes.ts is not what packages/nigh/assembly compiles to: run npm run build:kernels`,
      )
      process.exit(1)
    }
  } else {
    writeFileSync(target, text)
  }
}
