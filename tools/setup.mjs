// Sets up a fresh clone: installs the packages of the lockfile and builds what is not built. Safe to run again; says
// what it does, and does nothing where nothing is to be done (so it also works without network after the first time).
// Usage: node tools/setup.mjs
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
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

/**
 * Whether `node_modules` holds what the lockfile asks for, as npm itself noted it there after installing: so that who
 * ran `npm ci` needs no second one, and no network for it. Optional packages may be for another system.
 */
function isInstalled() {
  const note = join(root, 'node_modules', '.package-lock.json')
  if (!existsSync(note)) return false
  const { packages: held } = JSON.parse(readFileSync(note, 'utf8'))
  const { packages: wanted } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'))
  for (const [path, { version, integrity }] of Object.entries(held)) {
    const other = wanted[path]
    if (other === undefined || other.version !== version || other.integrity !== integrity) return false
  }
  return Object.entries(wanted).every(
    ([path, { optional, devOptional, link }]) =>
      !path.includes('node_modules/') ||
      held[path] !== undefined ||
      optional === true ||
      (devOptional === true && link !== true),
  )
}

if (!isInstalled()) run('installing packages', 'npm', ['ci', '--no-audit', '--no-fund'])
run('building', 'npx', ['--no-install', 'tsc', '-b'])
