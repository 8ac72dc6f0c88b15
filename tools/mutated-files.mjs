// Damages small sound files of every format that the command reads, in seeded ways, and reads them in a child process
// with limits. Each must end in a clear refusal or in the table that a second reader, written apart, finds in the same
// bytes; none may crash, take more than a second or more than its memory.
// Usage: node tools/mutated-files.mjs [--cases N] [--formats csv,json,…] [--seed N]     N for each format, 10,000 at first
import { fork } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Report } from './report.mjs'

const option = (name, otherwise) => {
  const at = process.argv.indexOf(name)
  return at < 0 ? otherwise : process.argv[at + 1]
}
const cases = Number(option('--cases', '10000'))
/** Share of the Parquet files of which DuckDB may make something else than a second reader: its pages have no checksum. */
const LENIENT = 0.003
/** Share of the files that only nigh may be able to read: those are not compared with anything. */
const ALONE = 0.03
/** Share of the files that must be read, as the second reader reads them: a reader that refuses all is of no use. */
const READ = 0.02
const seed = Number(option('--seed', '1'))
const formats = option('--formats', 'csv,json,ndjson,npy,arrow,parquet').split(',')
/** Reading may take this long, in milliseconds of processor time, at best of three. */
const LONGEST = 1000
/** No answer for so long is a hang: the process is ended. Generous, since the machine may be busy. */
const PATIENCE = 30_000
/** The process may hold so many bytes beyond what it held after its sound files. */
const ROOM = 400 * 2 ** 20

const report = new Report()
const folder = mkdtempSync(join(tmpdir(), 'nigh-damaged-'))

/** Runs cases from `from` on until the end, or until the child is lost; returns where to go on. */
function runFrom(format, from, tell) {
  return new Promise((resolve) => {
    const child = fork(
      new URL('./mutated-files/child.mjs', import.meta.url),
      [folder, format, seed, from, cases],
      {
        execArgv: ['--max-old-space-size=512'],
        stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      },
    )
    let last = null
    let wrong = ''
    let clock
    let first
    const patience = () => {
      clearTimeout(clock)
      clock = setTimeout(() => {
        wrong = `hang: no answer for ${PATIENCE / 1000} s`
        child.kill('SIGKILL')
      }, PATIENCE)
    }
    patience()
    let error = ''
    child.stderr.on('data', (chunk) => {
      error = (error + chunk).slice(-2000)
    })
    child.on('message', (message) => {
      patience()
      if (message.begun !== undefined) last = message.begun
      else {
        first ??= message.rss
        const { done, outcome, milliseconds, rss } = message
        tell(
          done,
          rss - first > ROOM
            ? 'memory'
            : milliseconds > LONGEST
              ? `slow: ${Math.round(milliseconds)} ms`
              : outcome,
        )
        if (rss - first > ROOM) child.kill('SIGKILL')
        last = null
      }
    })
    child.on('close', (code, signal) => {
      clearTimeout(clock)
      if (last !== null) tell(last, wrong || `lost: ended with ${signal ?? code} ${error}`)
      else if (code !== 0 && signal !== 'SIGKILL') tell(null, `the child ended with ${code}: ${error}`)
      resolve(code === 0)
    })
  })
}

try {
  for (const format of formats) {
    const counts = {}
    const bad = []
    let next = 0
    for (let lives = 20; next < cases && lives > 0; lives--) {
      const whole = await runFrom(format, next, (at, outcome) => {
        next = (at ?? cases) + 1
        const kind = /^E_\w+$/.test(outcome) ? 'refused' : outcome
        if (!['refused', 'agrees', 'cannot tell', 'unharmed', 'lenient'].includes(kind))
          bad.push(`case ${at}: ${outcome}`)
        const name = outcome.split(/[:\s]/)[0]
        const shown =
          kind === outcome && !['agrees', 'cannot tell', 'unharmed', 'lenient'].includes(kind)
            ? 'WRONG'
            : name
        counts[shown === 'cannot' ? 'only nigh reads it' : shown] =
          (counts[shown === 'cannot' ? 'only nigh reads it' : shown] ?? 0) + 1
      })
      if (whole) break
    }
    if ((counts.lenient ?? 0) > Math.max(1, LENIENT * cases))
      bad.push(`${counts.lenient} times the readers differ`)
    const all = Object.values(counts).reduce((sum, count) => sum + count, 0)
    if (all !== cases) bad.push(`${all} of ${cases} files were looked at`)
    const alone = counts['only nigh reads it'] ?? 0
    if (alone > Math.max(3, ALONE * cases)) bad.push(`${alone} files could not be compared`)
    if ((counts.agrees ?? 0) < READ * cases) bad.push(`only ${counts.agrees ?? 0} files were read`)
    const told = Object.entries(counts)
      .sort((a, b) => b[1] - a[1])
      .map(([name, count]) => `${name} ${count}`)
      .join(', ')
    const title = `${format}: ${cases} damaged files`
    if (bad.length > 0) report.fail(title, `${told}\n${bad.length} wrong:\n${bad.slice(0, 12).join('\n')}`)
    else report.pass(title, told)
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
report.close()
