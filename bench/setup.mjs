// Installs the peers: Python's into bench/.venv, JavaScript's into bench/peers/node/node_modules.

import { execFileSync } from 'node:child_process'
import { copyFileSync, existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const here = fileURLToPath(new URL('.', import.meta.url))
const venv = `${here}.venv`
const requirements = `${here}peers/python/requirements.txt`
const lockfile = `${here}peers/node/package-lock.json`

export const pythonPath = process.platform === 'win32' ? `${venv}/Scripts/python.exe` : `${venv}/bin/python`

/** Runs a program, its output to stderr: the table alone goes to stdout. @param {string} program @param {string[]} args @param {string} cwd */
function execute(program, args, cwd = here) {
  execFileSync(program, args, { cwd, stdio: ['ignore', 2, 2] })
}

/** A copy of what was installed from, so that a changed list installs again. @param {string} list @param {string} stamp */
const isDone = (list, stamp) =>
  existsSync(stamp) && readFileSync(stamp, 'utf8') === readFileSync(list, 'utf8')

/** @returns {string} '' or why there are no Python peers */
export function installPython() {
  const stamp = `${venv}/installed.txt`
  if (isDone(requirements, stamp)) return ''
  try {
    process.stderr.write('bench: installing the Python peers into bench/.venv (once)\n')
    if (!existsSync(pythonPath)) execute(process.env['PYTHON'] ?? 'python3', ['-m', 'venv', venv])
    execute(pythonPath, [
      '-m',
      'pip',
      'install',
      '--quiet',
      '--disable-pip-version-check',
      '-r',
      requirements,
    ])
    const script =
      'import os, sklearn; print(os.path.join(os.path.dirname(sklearn.__file__), "datasets", "data"))'
    const folder = execFileSync(pythonPath, ['-c', script], { encoding: 'utf8' }).trim()
    if (readdirSync(folder).includes('digits.csv.gz'))
      copyFileSync(`${folder}/digits.csv.gz`, `${venv}/digits.csv.gz`)
    writeFileSync(stamp, readFileSync(requirements))
    return ''
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

/** @returns {string} '' or why there are no JavaScript peers */
export function installNode() {
  const stamp = `${here}peers/node/node_modules/installed.json`
  if (isDone(lockfile, stamp)) return ''
  try {
    process.stderr.write('bench: installing the JavaScript peers into bench/peers/node (once)\n')
    // A folder outside the product's workspaces, hence --workspaces=false; none of them needs an install script.
    const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--workspaces=false']
    execute(process.platform === 'win32' ? 'npm.cmd' : 'npm', args, `${here}peers/node`)
    writeFileSync(stamp, readFileSync(lockfile))
    return ''
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

/** @returns {string} '' or why nigh itself cannot be measured */
export function findNigh() {
  return existsSync(`${here}../packages/nigh/dist/index.js`)
    ? ''
    : 'packages/nigh is not built: run npm run build'
}
