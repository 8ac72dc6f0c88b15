// Everything that must hold, from a clean clone: sets up, runs every suite, counts every check, and closes with one
// line, `N passed, N failed`. A suite that cannot run, a test that is skipped and a suite that runs no test count as
// failed, and so does a file of tests that no suite ran. Suites run one after the other, since several of them use
// every core.
// Usage: .ci/run [SUITE…]
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { root, run } from './report.mjs'

const folder = mkdtempSync(join(tmpdir(), 'nigh-ci-'))

/** vitest writes its counts to a file; tools/report.mjs prints a closing line; a command alone counts as one check. */
const suites = [
  {
    name: 'test',
    command: [
      'npm',
      'test',
      '--',
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${join(folder, 'test.json')}`,
    ],
    counts: 'vitest',
    minutes: 20,
  },
  { name: 'demo', command: ['npm', 'run', 'demo'], counts: 'command', minutes: 5 },
  { name: 'check', command: ['npm', 'run', 'check'], counts: 'closing line', minutes: 6 },
  { name: 'packaging', command: ['node', 'tools/packaging.mjs'], counts: 'closing line', minutes: 4 },
  { name: 'matrix', command: ['node', 'tools/golden-hashes.mjs'], counts: 'closing line', minutes: 12 },
  { name: 'differential', command: ['node', 'tools/differential.mjs'], counts: 'closing line', minutes: 4 },
  {
    name: 'damaged',
    command: ['node', 'tools/mutated-files.mjs', '--cases', '250'],
    counts: 'closing line',
    minutes: 6,
  },
  {
    name: 'resources',
    command: ['node', 'tools/resources.mjs', '--quick'],
    counts: 'closing line',
    minutes: 6,
  },
  { name: 'aborts', command: ['node', 'tools/aborts.mjs', '--quick'], counts: 'closing line', minutes: 6 },
  { name: 'choose-k', command: ['node', 'tools/choose-k.mjs', '--check'], counts: 'command', minutes: 10 },
  { name: 'browser', command: ['npm', 'run', 'test:browser'], counts: 'closing line', minutes: 12 },
  { name: 'studio-types', command: ['npm', 'run', 'check:studio'], counts: 'command', minutes: 2 },
  {
    name: 'studio',
    command: [
      'npm',
      'run',
      'test:studio',
      '--',
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${join(folder, 'studio.json')}`,
    ],
    counts: 'vitest',
    minutes: 12,
  },
  {
    name: 'spark',
    command: [
      'npm',
      'run',
      'test:spark',
      '--',
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${join(folder, 'spark.json')}`,
    ],
    counts: 'vitest',
    minutes: 15,
  },
  { name: 'bench', command: ['npm', 'run', 'bench', '--', 'all', '--quick'], counts: 'command', minutes: 10 },
]

/** Runs a command with its output shown, and returns its exit code and output. */
function show(command, minutes) {
  return new Promise((resolve) => {
    const child = spawn(command[0], command.slice(1), {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
      env: { ...process.env, CI: 'true', FORCE_COLOR: '0', NO_COLOR: '1' },
    })
    let out = ''
    const hear = (chunk) => {
      out += chunk
      process.stdout.write(chunk)
    }
    child.stdout.on('data', hear)
    child.stderr.on('data', hear)
    const clock = setTimeout(() => {
      out += `\nstopped after ${minutes} minutes`
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL') // the whole group that it started
      } catch {
        child.kill('SIGKILL')
      }
    }, minutes * 60_000)
    child.on('error', (error) => {
      clearTimeout(clock)
      resolve({ code: 1, out: `${out}\n${error.message}` })
    })
    child.on('close', (code) => {
      clearTimeout(clock)
      resolve({ code: code ?? 1, out })
    })
  })
}

/** Files of tests that some suite ran. */
const ran = new Set()

/** Counts of a vitest run. Skipped, pending and todo tests count as failed: nobody may leave a test out unseen. */
function vitestCounts(file, code) {
  if (!existsSync(file)) return { passed: 0, failed: 1, note: 'wrote no results' }
  const result = JSON.parse(readFileSync(file, 'utf8'))
  for (const { name } of result.testResults) ran.add(relative(root, name))
  const skipped = result.numPendingTests + result.numTodoTests
  const broken = result.testResults.filter(
    (one) => one.status !== 'passed' && one.assertionResults.length === 0,
  ).length
  let failed = result.numFailedTests + skipped + broken
  if (failed === 0 && (code !== 0 || result.numPassedTests === 0)) failed = 1
  const note = [skipped > 0 ? `${skipped} skipped` : '', broken > 0 ? `${broken} files did not load` : '']
    .filter(Boolean)
    .join(', ')
  return { passed: result.numPassedTests, failed, note }
}

function closingLine(out, code) {
  const [line] = Array.from(out.matchAll(/^(\d+) passed, (\d+) failed$/gm)).slice(-1)
  if (line === undefined) return { passed: 0, failed: 1, note: 'did not come to its end' }
  const passed = Number(line[1])
  const failed = Number(line[2])
  return { passed, failed: failed === 0 && (code !== 0 || passed === 0) ? 1 : failed, note: '' }
}

const wanted = process.argv.slice(2)
const strange = wanted.filter((name) => !suites.some((suite) => suite.name === name))
if (strange.length > 0) {
  console.error(`there is no suite ${strange}; there are ${suites.map(({ name }) => name).join(', ')}`)
  process.exit(2)
}

const rows = []
for (const { name, command, counts, minutes } of suites) {
  if (wanted.length > 0 && !wanted.includes(name)) continue
  console.log(`\n=== ${name}: ${command.join(' ')}\n`)
  const started = performance.now()
  const { code, out } = await show(command, minutes)
  const found =
    counts === 'vitest'
      ? vitestCounts(join(folder, `${name}.json`), code)
      : counts === 'closing line'
        ? closingLine(out, code)
        : {
            passed: code === 0 ? 1 : 0,
            failed: code === 0 ? 0 : 1,
            note: code === 0 ? '' : `exit code ${code}`,
          }
  rows.push({ name, ...found, seconds: (performance.now() - started) / 1000 })
}
rmSync(folder, { recursive: true, force: true })
if (wanted.length === 0) {
  const tests = await run('git', ['ls-files', '-z', '*.test.*']).catch((error) => `git: ${error.message}`)
  const left = tests.split('\0').filter((name) => name !== '' && !ran.has(name))
  const note = left.length === 0 ? '' : `no suite ran ${left.join(', ')}`
  rows.push({ name: 'all tests', passed: left.length === 0 ? 1 : 0, failed: left.length, note, seconds: 0 })
}

console.log('\nsuite      passed  failed   seconds')
for (const { name, passed, failed, seconds, note } of rows) {
  console.log(
    `${name.padEnd(10)} ${String(passed).padStart(6)}  ${String(failed).padStart(6)}  ${seconds.toFixed(1).padStart(8)}  ${note}`.trimEnd(),
  )
}
const passed = rows.reduce((sum, row) => sum + row.passed, 0)
const failed = rows.reduce((sum, row) => sum + row.failed, 0)
console.log(`\n${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 && passed > 0 ? 0 : 1
