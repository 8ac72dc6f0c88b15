import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll } from 'vitest'

/** How a run of the command ended, and what it wrote. */
export interface Ended {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

interface Start {
  /** What comes on standard input. */
  readonly input?: string
  readonly env?: Readonly<Record<string, string>>
  /** A signal that is sent after so many milliseconds. */
  readonly stop?: { readonly signal: NodeJS.Signals; readonly after: number } | undefined
}

const command = fileURLToPath(new URL('../bin/nigh.js', import.meta.url))
const plain = { ...process.env, NO_COLOR: '1' }

/** The command in a folder of its own, as a person would run it; the folder goes when the tests are done. */
export class Command {
  readonly folder: string

  constructor() {
    this.folder = mkdtempSync(join(tmpdir(), 'nigh-command-'))
    afterAll(() => rmSync(this.folder, { recursive: true }))
  }

  /** Runs it, and waits here. */
  run(...args: string[]): Ended {
    const ended = spawnSync(process.execPath, [command, ...args], {
      cwd: this.folder,
      encoding: 'utf8',
      env: plain,
    })
    return { code: ended.status, out: ended.stdout, err: ended.stderr }
  }

  /** Runs it beside others. */
  start(args: readonly string[], { input = '', env = {}, stop }: Start = {}): Promise<Ended> {
    return new Promise((resolve, reject) => {
      const child = spawn(process.execPath, [command, ...args], {
        cwd: this.folder,
        env: { ...plain, ...env },
      })
      let out = ''
      let err = ''
      child.stdout.on('data', (chunk) => (out += String(chunk)))
      child.stderr.on('data', (chunk) => (err += String(chunk)))
      child.on('error', reject)
      child.on('close', (code) => resolve({ code, out, err }))
      child.stdin.on('error', () => {}) // it may have ended before it read
      child.stdin.end(input)
      if (stop !== undefined) setTimeout(() => child.kill(stop.signal), stop.after)
    })
  }
}
