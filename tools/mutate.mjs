// Plants faults, one at a time, in a copy of the core, and runs the tests that should notice: by hand, not in CI.
// Prints each fault that nobody noticed, and the share that was caught.
// Usage: node tools/mutate.mjs [--only TEXT] [--from N] [--to N]
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { faults } from './mutation/faults.mjs'
import { root } from './report.mjs'

const option = (name) => {
  const at = process.argv.indexOf(name)
  return at < 0 ? null : process.argv[at + 1]
}
const only = option('--only')
const from = Number(option('--from') ?? 0)
const to = Number(option('--to') ?? faults.length)

const folder = mkdtempSync(join(tmpdir(), 'nigh-mutation-'))
const core = join(folder, 'packages', 'nigh')
mkdirSync(core, { recursive: true })
for (const name of ['src', 'test', 'fixtures', 'assembly'])
  cpSync(join(root, 'packages/nigh', name), join(core, name), { recursive: true })
for (const name of ['package.json', 'tsconfig.json'])
  cpSync(join(root, 'packages/nigh', name), join(core, name))
for (const name of ['tsconfig.base.json', 'vitest.config.ts', 'package.json'])
  cpSync(join(root, name), join(folder, name))
cpSync(join(root, 'tools/build-kernels.mjs'), join(folder, 'tools/build-kernels.mjs'))
symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
symlinkSync(join(root, 'examples'), join(folder, 'examples'))

const inCopy = (command, args) =>
  spawnSync(command, args, {
    cwd: folder,
    encoding: 'utf8',
    timeout: 300_000,
    env: { ...process.env, CI: 'true', NO_COLOR: '1' },
  })
const vitest = (tests) =>
  inCopy(process.execPath, [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--bail', '1', ...tests])

const kernelBytes = join(core, 'src/kernels/wasm.bytes.ts')
const bytesBefore = readFileSync(kernelBytes, 'utf8')
const rows = []
try {
  const wanted = (number, { file, about }) =>
    number >= from && number < to && (only === null || `${file} ${about}`.includes(only))
  const every = [
    ...new Set(faults.filter((fault, number) => wanted(number, fault)).flatMap(({ tests }) => tests)),
  ]
  const clean = vitest(every)
  if (clean.status !== 0)
    throw new Error(`the tests fail before anything is planted:\n${clean.stdout.slice(-3000)}`)
  for (const [number, { tests, file, about, from: text, to: fault }] of faults.entries()) {
    if (!wanted(number, { file, about })) continue
    const path = join(core, file)
    const before = readFileSync(path, 'utf8')
    const name = `${number} ${file}: ${about}`
    if (!before.includes(text)) {
      rows.push(['gone', name])
      console.log(`gone    ${name} (its place has changed: mend tools/mutation/faults.mjs)`)
      continue
    }
    writeFileSync(
      path,
      before.replace(text, () => fault),
    )
    let outcome = 'caught'
    if (file.startsWith('assembly/')) {
      const built = inCopy(process.execPath, ['tools/build-kernels.mjs'])
      if (built.status !== 0) outcome = 'broken'
    }
    if (outcome !== 'broken' && vitest(tests).status === 0) outcome = 'MISSED'
    writeFileSync(path, before)
    writeFileSync(kernelBytes, bytesBefore)
    rows.push([outcome, name])
    console.log(`${outcome.padEnd(7)} ${name}`)
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
const count = (outcome) => rows.filter(([found]) => found === outcome).length
const planted = count('caught') + count('MISSED')
console.log(
  `\n${planted} faults planted, ${count('caught')} caught (${((100 * count('caught')) / Math.max(1, planted)).toFixed(1)} %), ${count('MISSED')} missed, ${count('broken') + count('gone')} not planted`,
)
process.exitCode = count('MISSED') === 0 ? 0 : 1
