// node bench/profile.mjs SUITE CASE [--runs N] [--threads N] [--quick]: where nigh's time goes in one case.
// Runs nigh alone under V8's sampling profiler and prints the functions with the most samples. Threads other than the
// first are not sampled by --cpu-prof of the process that started them, so the default is one thread.

import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { parseArgs } from 'node:util'
import { shrink, suites } from './cases.mjs'
import { findNigh } from './setup.mjs'
import { measure } from './rounds.mjs'
import { showSeconds } from './statistics.mjs'

/** @typedef {{ nodes: { id: number, callFrame: { functionName: string, url: string, lineNumber: number } }[], samples: number[], timeDeltas: number[] }} Profile */

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    runs: { type: 'string', default: '5' },
    threads: { type: 'string', default: '1' },
    quick: { type: 'boolean', default: false },
  },
})
const [suite = '', text = ''] = positionals
const found = suites[suite]?.cases.find(({ name }) => name.includes(text))
if (found === undefined || findNigh() !== '') {
  process.stderr.write(
    `profile: ${findNigh() || `no case of suite ${JSON.stringify(suite)} holds ${JSON.stringify(text)}`}\n`,
  )
  process.exit(2)
}
const shape = flags.quick ? shrink(found) : found
const folder = mkdtempSync(join(tmpdir(), 'nigh-profile-'))
const pool = new Map()
try {
  const result = await measure(
    { ...shape, peers: ['nigh'], rounds: Number(flags.runs) },
    {
      threads: Number(flags.threads),
      rounds: Number(flags.runs),
      quick: flags.quick,
      pool,
      flags: ['--cpu-prof', `--cpu-prof-dir=${folder}`],
    },
  )
  for (const peer of pool.values()) await peer.close()
  const { nigh } = result.peers
  process.stdout.write(
    `${suite}, ${shape.name}: ${nigh === undefined ? result.faults.join('; ') : showSeconds(nigh.summary.median)}\n`,
  )
  if (nigh?.verdict.work !== undefined) {
    process.stdout.write(`distances computed ÷ (n · k · iterations): ${nigh.verdict.work.toPrecision(4)}\n`)
  }
  for (const file of readdirSync(folder)) print(JSON.parse(readFileSync(join(folder, file), 'utf8')))
} finally {
  rmSync(folder, { recursive: true })
}

/** Self time by function, the busiest first. @param {Profile} profile */
function print({ nodes, samples, timeDeltas }) {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]))
  /** @type {Map<string, number>} */
  const spent = new Map()
  let total = 0
  for (let i = 0; i < samples.length; i++) {
    const frame = frames.get(samples[i])
    if (frame === undefined || frame.functionName === '(idle)') continue
    const place = frame.url === '' ? '' : ` ${basename(frame.url)}:${frame.lineNumber + 1}`
    const name = `${frame.functionName || '(anonymous)'}${place}`
    spent.set(name, (spent.get(name) ?? 0) + timeDeltas[i])
    total += timeDeltas[i]
  }
  process.stdout.write(`\n${showSeconds(total / 1e6)} sampled (loading and warm-up among them)\n`)
  for (const [name, time] of [...spent].sort((a, b) => b[1] - a[1]).slice(0, 20)) {
    process.stdout.write(
      `${((100 * time) / total).toFixed(1).padStart(6)} %  ${showSeconds(time / 1e6).padStart(8)}  ${name}\n`,
    )
  }
}
