// Runs the golden fits under this Node, once for each way that is asked for, and writes what came of them as JSON.
// Usage: node tools/golden/run.mjs OUT.json WAY…   a way: threads (1, 2, … or auto), a slash, kernels (auto, scalar,
// simd, relaxed or none: no WebAssembly at all)
import { readFileSync, writeFileSync } from 'node:fs'
import { setFlagsFromString } from 'node:v8'
import { goldenFits, hashOf } from './fits.mjs'

const [out, ...ways] = process.argv.slice(2)
if (process.versions.node.startsWith('20.')) setFlagsFromString('--experimental-wasm-relaxed-simd')
if (ways.every((way) => way.endsWith('/none'))) delete globalThis.WebAssembly
const nigh = await import(new URL('../../packages/nigh/dist/index.js', import.meta.url))

const textOf = (name) => readFileSync(new URL(`../../examples/data/${name}.csv`, import.meta.url), 'utf8')
const found = {}
for (const way of ways) {
  const [threads, kernels] = way.split('/')
  const fits = {}
  const how = {
    ...(threads !== 'auto' && { threads: Number(threads) }),
    ...(kernels !== 'auto' && kernels !== 'none' && { kernels }),
  }
  await goldenFits(nigh, textOf, how, (name, parts, sameAs = null) => {
    fits[name] = {
      sameAs,
      parts: Object.fromEntries(Object.entries(parts).map(([part, array]) => [part, told(array)])),
    }
  })
  found[way] = fits
}
writeFileSync(out, JSON.stringify({ node: process.versions.node, ways: found }))

/** Hash and content, so that the first differing value can be named. */
function told(array) {
  const bytes = Buffer.from(array.buffer, array.byteOffset, array.byteLength)
  return {
    type: array.constructor.name,
    length: array.length,
    hash: hashOf(array),
    bytes: bytes.toString('base64'),
  }
}
