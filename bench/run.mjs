// npm run bench -- SUITE… [options]: measures nigh beside its peers and checks that their answers agree. See README.md.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { shrink, suites } from './cases.mjs'
import { canMake } from './data.mjs'
import { describeCommit, describeMachine, load } from './machine.mjs'
import { known } from './peers.mjs'
import { measure } from './rounds.mjs'
import { findNigh, installNode, installPython } from './setup.mjs'
import { digits, geometricMean, showSeconds } from './statistics.mjs'

/**
 * @typedef {import('./types.d.ts').CaseResult} CaseResult
 * @typedef {import('./types.d.ts').Goal} Goal
 * @typedef {import('./types.d.ts').GoalResult} GoalResult
 * @typedef {import('./types.d.ts').Results} Results
 * @typedef {import('./types.d.ts').SuiteResult} SuiteResult
 */

const usage = `npm run bench -- SUITE… [options]

suites: ${Object.keys(suites).join(', ')}, all

  --json FILE     write the results; suites that FILE holds already stay in it
  --save          the same, to bench/results/MACHINE-DATE.json
  --threads N     threads of every library (default 2)
  --rounds N      rounds a case (default 7)
  --only TEXT     only cases whose name holds TEXT
  --peers A,B     only these peers: ${Object.keys(known).join(', ')}
  --node PATH     also nigh on another Node
  --quick         small data, one round: shows that the harness works, measures nothing`

/** @returns {never} @param {string} message */
function refuse(message) {
  process.stderr.write(`bench: ${message}\n\n${usage}\n`)
  process.exit(2)
}

function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        json: { type: 'string' },
        save: { type: 'boolean', default: false },
        threads: { type: 'string', default: '2' },
        rounds: { type: 'string', default: '7' },
        only: { type: 'string' },
        peers: { type: 'string' },
        node: { type: 'string' },
        quick: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    })
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error))
  }
}

/** @param {string} name @param {string} text */
function positive(name, text) {
  if (!/^[1-9]\d{0,3}$/.test(text))
    refuse(`--${name} must be an integer from 1 to 9999, got ${JSON.stringify(text)}`)
  return Number(text)
}

const { values: flags, positionals } = readArguments()
if (flags.help) {
  process.stdout.write(`${usage}\n`)
  process.exit(0)
}
const wanted = positionals.includes('all') ? Object.keys(suites) : positionals
if (wanted.length === 0) refuse('name a suite')
for (const name of wanted) if (suites[name] === undefined) refuse(`there is no suite ${JSON.stringify(name)}`)
const threads = positive('threads', flags.threads)
const rounds = positive('rounds', flags.rounds)
const onlyPeers = flags.peers?.split(',').map((name) => name.trim())
for (const name of onlyPeers ?? [])
  if (known[name] === undefined) refuse(`there is no peer ${JSON.stringify(name)}`)
if (flags.json !== undefined && flags.save) refuse('--json and --save both say where to write; give one')
if (flags.save && flags.quick) refuse('--quick measures nothing worth saving')

const machine = describeMachine()
const date = new Date().toISOString()
const file = flags.save
  ? fileURLToPath(new URL(`results/${machine.slug}-${date.slice(0, 10)}.json`, import.meta.url))
  : flags.json

// What cannot be measured is said aloud, and fails in CI.
const missing = new Map([
  ['python', installPython()],
  ['node', installNode()],
  ['nigh', findNigh()],
])
const skipped = [...missing]
  .filter(([, reason]) => reason !== '')
  .map(([kind, reason]) => `${kind}: ${reason}`)

/** @param {string} name */
const isWanted = (name) =>
  missing.get(known[name] ?? 'nigh') === '' && (onlyPeers === undefined || onlyPeers.includes(name))

/** @type {string[]} */
const faults = []
/** @type {Record<string, SuiteResult>} */
const measured = {}
for (const name of wanted) {
  const key = threads === 2 ? name : `${name}, ${threads === 1 ? '1 thread' : `${threads} threads`}`
  measured[key] = await measureSuite(name)
  if (file !== undefined) write(file, measured) // after each: a long run that breaks off keeps what it has
}
for (const line of skipped) process.stdout.write(`SKIPPED ${line}\n`)
for (const line of faults) process.stdout.write(`FAULT ${line}\n`)
const failed = faults.length > 0 || (skipped.length > 0 && process.env['CI'] !== undefined)
process.stdout.write(failed ? 'bench: failed\n' : 'bench: every answer agreed\n')
process.exitCode = failed ? 1 : 0

/** @param {string} name @returns {Promise<SuiteResult>} */
async function measureSuite(name) {
  const suite = suites[name]
  const started = new Date().toISOString()
  const before = load()
  process.stdout.write(`\n${name}: ${suite.about} (${threads === 1 ? '1 thread' : `${threads} threads`})\n`)
  /** @type {Map<string, import('./peers.mjs').Peer>} */
  const pool = new Map()
  /** @type {Record<string, Record<string, string>>} */
  const versions = {}
  /** @type {CaseResult[]} */
  const cases = []
  const seen = new Set()
  for (const full of suite.cases) {
    if (flags.only !== undefined && !full.name.includes(flags.only)) continue
    if (!canMake(full.data)) {
      skipped.push(`${name}, ${full.name}: its data come with the Python peers`)
      continue
    }
    const shape = flags.quick ? shrink(full) : full
    // Made small, some cases become the same one.
    const { name: _, ...essence } = shape
    if (flags.quick && seen.has(JSON.stringify(essence))) continue
    seen.add(JSON.stringify(essence))
    const peers = shape.peers.filter(isWanted)
    if (flags.node !== undefined && peers.includes('nigh')) peers.push(`nigh on ${flags.node}`)
    if (peers.length === 0) continue
    try {
      const result = await measure({ ...shape, peers }, { threads, rounds, quick: flags.quick, pool })
      for (const [peer, one] of pool)
        if (Object.keys(one.versions).length > 0) versions[label(peer)] = one.versions
      cases.push(relabel(result))
      faults.push(...result.faults.map((fault) => `${name}, ${full.name}: ${fault}`))
      print(relabel(result))
    } catch (error) {
      faults.push(`${name}, ${full.name}: ${error instanceof Error ? error.message : error}`)
      for (const peer of pool.values()) await peer.close()
      pool.clear()
    }
  }
  for (const peer of pool.values()) await peer.close()
  const goals = flags.quick ? [] : suite.goals.flatMap((goal) => reached(goal, cases))
  for (const goal of goals)
    process.stdout.write(`  ${goal.met ? 'met   ' : 'MISSED'} ${goal.text}: ${digits(goal.reached)}\n`)
  return { about: suite.about, threads, started, load: [before, load()], versions, goals, cases }
}

/** Results hold no paths: another Node is called by its version. @param {string} peer */
function label(peer) {
  return peer.startsWith('nigh on ') ? 'nigh, other Node' : peer
}

/** @param {CaseResult} result @returns {CaseResult} */
function relabel(result) {
  return {
    ...result,
    peers: Object.fromEntries(Object.entries(result.peers).map(([peer, one]) => [label(peer), one])),
  }
}

/** @param {Goal} goal @param {readonly CaseResult[]} cases @returns {GoalResult[]} */
function reached({ against, ratio, as, only, part }, cases) {
  const ratios = cases.flatMap(({ name, peers }) => {
    if (only !== undefined && !name.includes(only)) return []
    const { nigh } = peers
    const found = against.flatMap((peer) => {
      if (peers[peer] === undefined || nigh === undefined) return []
      return part === undefined
        ? (peers[peer].ratio?.median ?? [])
        : peers[peer].parts[part] / nigh.parts[part]
    })
    return found.length === 0 ? [] : [Math.min(...found)]
  })
  if (ratios.length === 0) return []
  const value = as === 'every case' ? Math.min(...ratios) : geometricMean(ratios)
  const rival = against.length === 1 ? against[0] : `the fastest of ${against.join(', ')}`
  const text = `≥ ${ratio} × against ${rival}${part === undefined ? '' : ` (${part})`}, ${as === 'every case' ? 'least of the cases' : as}`
  return [{ text, reached: value, ratio, met: value >= ratio }]
}

/** @param {CaseResult} result */
function print({ name, peers, rounds: count }) {
  process.stdout.write(`  ${name} (${count} rounds)\n`)
  for (const [peer, { summary, ratio, parts, verdict }] of Object.entries(peers)) {
    const cells = [
      `    ${peer}`.padEnd(22),
      showSeconds(summary.median).padStart(9),
      `min ${showSeconds(summary.min)}`.padEnd(15),
      `${showSeconds(summary.q1)} … ${showSeconds(summary.q3)}`.padEnd(22),
      (ratio === undefined
        ? ''
        : `${digits(ratio.median)} × (${digits(ratio.q1)} … ${digits(ratio.q3)})`
      ).padEnd(24),
      Object.keys(parts).length > 1
        ? Object.entries(parts)
            .map(([part, seconds]) => `${part} ${showSeconds(seconds)}`)
            .join(' + ')
        : '',
      verdict.iterations === undefined ? '' : `${verdict.iterations} iterations`,
      verdict.inertia === undefined ? '' : `inertia ${Number(verdict.inertia.toPrecision(8))}`,
      verdict.recall === undefined ? '' : `recall ${verdict.recall}`,
      verdict.distances === undefined ? '' : `Σ ${Number(verdict.distances.toPrecision(8))}`,
      verdict.work === undefined ? '' : `work ${digits(verdict.work)}`,
      verdict.ok ? '' : 'ANSWER OFF',
    ]
    process.stdout.write(
      `${cells
        .filter((cell) => cell !== '')
        .join(' ')
        .trimEnd()}\n`,
    )
  }
}

/** @param {string} path @param {Record<string, SuiteResult>} suitesNow */
function write(path, suitesNow) {
  /** @type {Results | undefined} */
  const held = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined
  if (held !== undefined && (held.machine.slug !== machine.slug || held.quick !== flags.quick)) {
    throw new Error(`${path} holds results of another machine or of --quick; choose another file`)
  }
  mkdirSync(dirname(path), { recursive: true })
  /** @type {Results} */
  const results = {
    schema: 1,
    date,
    commit: describeCommit(),
    quick: flags.quick,
    machine,
    suites: { ...held?.suites, ...suitesNow },
  }
  writeFileSync(path, `${JSON.stringify(results, null, 1)}\n`)
}
