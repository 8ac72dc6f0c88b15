// Sets up a fresh clone: installs the packages of the lockfile and builds what is not built. Safe to run again; says
// what it does, and does nothing where nothing is to be done (so it also works without network after the first time).
// Usage: node tools/setup.mjs
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')

/** Runs a command and shows its output only where it fails. */
function run(what, command, args) {
  const started = Date.now()
  process.stderr.write(`nigh: ${what} … `)
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd: root,
    encoding: 'utf8',
    shell: process.platform === 'win32',
  })
  if (status !== 0) {
    process.stderr.write(
      `failed\n${stdout ?? ''}${stderr ?? ''}${error === undefined ? '' : `${error.message}\n`}`,
    )
    process.exit(1)
  }
  process.stderr.write(`${((Date.now() - started) / 1000).toFixed(1)} s\n`)
}

const [major] = process.versions.node.split('.')
if (Number(major) < 20) {
  console.error(`nigh needs Node 20 or newer, this is ${process.version}`)
  process.exit(1)
}

const lock = createHash('sha256')
  .update(readFileSync(join(root, 'package-lock.json')))
  .digest('hex')
const stamp = join(root, 'node_modules', '.cache', 'nigh-setup')
const installed = existsSync(stamp) && readFileSync(stamp, 'utf8') === lock
if (!installed) {
  run('installing packages', 'npm', ['ci', '--no-audit', '--no-fund'])
  mkdirSync(dirname(stamp), { recursive: true })
  writeFileSync(stamp, lock)
}
run('building', 'npx', ['--no-install', 'tsc', '-b'])
