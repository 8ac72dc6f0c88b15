// Compiles packages/nigh/assembly (AssemblyScript) into two WebAssembly modules, simd and relaxed simd, and writes
// them as base64 into packages/nigh/src/kernels/wasm.bytes.ts: no file to fetch, no build for whoever installs nigh.
// Usage: node tools/build-kernels.mjs [--check]   (--check fails when the committed bytes are not what this makes)
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

async function compile(relaxed) {
  const files = new Map()
  const stderr = asc.createMemoryStream()
  const { error } = await asc.main(
    [
      'assembly/index.ts',
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

const modules = { simd: await compile(false), relaxed: await compile(true) }
let text = '// Made by tools/build-kernels.mjs from packages/nigh/assembly: do not edit.\n'
for (const [name, bytes] of Object.entries(modules)) {
  text += `\n/** ${bytes.length} bytes of WebAssembly. */\nexport const ${name}Module: string =\n  '${Buffer.from(bytes).toString('base64')}'\n`
  text += `\n/** Where the module says that its memory is shared. */\nexport const ${name}MemoryFlag: number = ${memoryFlagAt(bytes)}\n`
  console.log(`${name}: ${bytes.length} bytes`)
}
const target = join(root, 'src/kernels/wasm.bytes.ts')
if (process.argv.includes('--check')) {
  if (readFileSync(target, 'utf8') !== text) {
    console.error(
      'packages/nigh/src/kernels/wasm.bytes.ts is not what packages/nigh/assembly compiles to: run npm run build:kernels',
    )
    process.exit(1)
  }
} else {
  writeFileSync(target, text)
}
