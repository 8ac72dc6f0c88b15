// The determinism matrix: every golden fit (tools/golden/fits.mjs) on every version of Node, number of threads and
// kernel set, each compared with one reference run, value by value. Names the first value that differs.
// Usage: node tools/golden-hashes.mjs [--here]    (--here: this Node only; the versions of tools/node-matrix else)
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { contradictions, differences } from './golden/compare.mjs'
import { Report, root, run } from './report.mjs'

const every = [
  '1/scalar',
  '1/simd',
  '1/relaxed',
  '2/scalar',
  '2/simd',
  '3/simd',
  '3/relaxed',
  '8/simd',
  'auto/auto',
]
/** Fewer fits than this are not the matrix. */
const FEWEST = 200
const some = ['1/scalar', '2/simd', '3/relaxed', 'auto/auto']

const report = new Report()
const folder = mkdtempSync(join(tmpdir(), 'nigh-golden-'))
const matrix = join(root, 'tools', 'node-matrix')
const rows = []

/** Runs the fits on one Node, and returns what came of each way. */
async function goldenOn(node, ways, name) {
  const out = join(folder, `${name}.json`)
  await run(node, [join(root, 'tools/golden/run.mjs'), out, ...ways], { seconds: 900 })
  return JSON.parse(readFileSync(out, 'utf8'))
}

let reference = null
function judge(name, fits) {
  const against = reference === null ? [] : differences(reference, fits)
  const within = contradictions(fits)
  const count = Object.keys(fits).length
  rows.push([
    name,
    count,
    against.length === 0 ? 'same' : 'DIFFERENT',
    within.length === 0 ? 'same' : 'DIFFERENT',
  ])
  if (count < FEWEST) report.fail(name, `only ${count} fits`)
  else if (against.length + within.length > 0) report.fail(name, [...against, ...within].join('\n'))
  else report.pass(name, `${count} fits`)
  reference ??= fits
}

try {
  const here = `Node ${process.versions.node}`
  const first = await goldenOn(process.execPath, every, 'here')
  for (const way of every) judge(`${here}, ${way}`, first.ways[way])
  const bare = await goldenOn(process.execPath, ['auto/none'], 'bare')
  judge(`${here}, no WebAssembly`, bare.ways['auto/none'])

  if (!process.argv.includes('--here')) {
    await report.check('versions of Node', async () => {
      if (process.platform !== 'linux' || process.arch !== 'x64') {
        throw new Error('the versions of Node are those for Linux on x64: elsewhere take --here')
      }
      await run('npm', ['ci', '--no-audit', '--no-fund'], { cwd: matrix })
    })
    for (const version of ['22', '24', '26']) {
      const node = join(matrix, 'node_modules', `node-${version}`, 'bin', 'node')
      if (!existsSync(node)) {
        report.fail(`Node ${version}`, 'is not there: not run, which counts as failed')
        continue
      }
      const found = await goldenOn(node, some, version)
      for (const way of some) judge(`Node ${found.node}, ${way}`, found.ways[way])
    }
  }

  const at = process.argv.indexOf('--keep')
  if (at >= 0) writeFileSync(process.argv[at + 1], JSON.stringify(reference))
} catch (error) {
  report.fail('the matrix', error instanceof Error ? error.message : error)
} finally {
  rmSync(folder, { recursive: true, force: true })
}

const widest = Math.max(...rows.map(([name]) => name.length), 20)
console.log(`\n${'runtime, threads/kernels'.padEnd(widest)}  fits  as the first  rows shuffled, indexes`)
for (const [name, count, against, within] of rows) {
  console.log(`${name.padEnd(widest)}  ${String(count).padStart(4)}  ${against.padEnd(12)}  ${within}`)
}
report.close()
