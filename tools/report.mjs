// How the tools under tools/ tell what they found: one line a check, then `N passed, N failed` alone on a line.
import { spawn } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = join(dirname(fileURLToPath(import.meta.url)), '..')

/** Collects checks, and says what came of each. */
export class Report {
  #passed = 0
  #failed = 0
  #only

  /** @param only runs no check but those with this text in their names */
  constructor(only = '') {
    this.#only = only
  }

  get failed() {
    return this.#failed
  }

  pass(name, note = '') {
    this.#passed++
    console.log(`ok    ${name}${note === '' ? '' : `: ${note}`}`)
  }

  fail(name, why) {
    this.#failed++
    console.log(`FAIL  ${name}\n${String(why).trimEnd().replace(/^/gm, '      ')}`)
  }

  /** Runs a check: it passes when `work` returns (a note, if it is text) and fails when it throws. */
  async check(name, work) {
    if (!name.includes(this.#only)) return
    const started = performance.now()
    try {
      const note = await work()
      const seconds = ((performance.now() - started) / 1000).toFixed(1)
      this.pass(name, [typeof note === 'string' ? note : '', `${seconds} s`].filter(Boolean).join(', '))
    } catch (error) {
      this.fail(name, error instanceof Error ? error.message : error)
    }
  }

  /** The closing line; sets the exit code. */
  close() {
    console.log(`\n${this.#passed} passed, ${this.#failed} failed`)
    // Nothing looked at is nothing shown.
    process.exitCode = this.#failed === 0 && this.#passed > 0 ? 0 : 1
  }
}

/**
 * Runs a command to its end.
 *
 * @returns what it printed on stdout
 * @throws Error with all it printed where it fails or takes too long
 */
export function run(command, args, { cwd = root, env = {}, seconds = 600, input = null } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: [input === null ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    })
    if (input !== null) child.stdin.end(input)
    let out = ''
    let all = ''
    child.stdout.on('data', (chunk) => {
      out += chunk
      all += chunk
    })
    child.stderr.on('data', (chunk) => {
      all += chunk
    })
    const line = [command, ...args].join(' ').slice(0, 200)
    const clock = setTimeout(() => {
      child.kill('SIGKILL')
      reject(new Error(`${line}: stopped after ${seconds} s\n${all.slice(-4000)}`))
    }, seconds * 1000)
    child.on('error', (error) => {
      clearTimeout(clock)
      reject(error)
    })
    child.on('close', (code) => {
      clearTimeout(clock)
      if (code === 0) resolve(out)
      else reject(new Error(`${line}: exit code ${code}\n${all.slice(-6000)}`))
    })
  })
}

/** Runs an executable of the installed packages, without asking a registry for one that is missing. */
export function tool(name, args, options) {
  return run('npx', ['--no-install', name, ...args], options)
}
