// What a result must say about where it was measured: no host names, no paths.

import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { cpus, loadavg, totalmem } from 'node:os'

/** @returns {import('./types.d.ts').Machine} */
export function describeMachine() {
  const cores = cpus()
  const cpu = [cores[0]?.model.trim().replaceAll(/\s+/g, ' ') ?? 'unknown', familyOf()]
    .filter(Boolean)
    .join(' ')
  return {
    cpu,
    slug: `${cpu}-${cores.length}-cores`.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-'),
    cores: cores.length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    platform: `${process.platform} ${process.arch}`,
    node: process.version,
  }
}

/** Virtual machines often name no model: family and model numbers tell which it is. */
function familyOf() {
  try {
    const text = readFileSync('/proc/cpuinfo', 'utf8')
    const family = /^cpu family\s*: (\d+)/m.exec(text)?.[1]
    const model = /^model\s*: (\d+)/m.exec(text)?.[1]
    return family === undefined || model === undefined ? '' : `(family ${family}, model ${model})`
  } catch {
    return '' // not Linux
  }
}

/** Mean number of runnable processes in the last minute. */
export function load() {
  return Math.round(loadavg()[0] * 100) / 100
}

/** The commit measured, with a star where the tree held changes. */
export function describeCommit() {
  try {
    const options = /** @type {const} */ ({ cwd: new URL('.', import.meta.url), encoding: 'utf8' })
    const commit = execFileSync('git', ['rev-parse', '--short=10', 'HEAD'], options).trim()
    const changed = execFileSync('git', ['status', '--porcelain', '--', '../packages/nigh'], options).trim()
    return changed === '' ? commit : `${commit}*`
  } catch {
    return 'unknown'
  }
}
