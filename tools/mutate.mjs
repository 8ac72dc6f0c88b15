// Plants faults, one at a time, in a copy of the core, and runs the tests that should notice: by hand, not in CI.
// Prints each fault that nobody noticed, and the share that was caught.
// Usage: node tools/mutate.mjs [--only TEXT] [--from N] [--to N] [--numbers 1,2,…] [--sound]
//        --sound: the tests are known to pass before anything is planted, and are not run first
//        node tools/mutate.mjs --check      only whether every fault still has its place
import { spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { faults } from './mutation/faults.mjs'
import { root } from './report.mjs'

/** A fault that goes round for ever is caught by the clock. */
const MOST_SECONDS = 600

const option = (name) => {
  const at = process.argv.indexOf(name)
  return at < 0 ? null : process.argv[at + 1]
}
const only = option('--only')
const from = Number(option('--from') ?? 0)
const to = Number(option('--to') ?? faults.length)

const numbers = option('--numbers')?.split(',').map(Number) ?? null

const sources = ['src', 'assembly'].flatMap((folder) =>
  readdirSync(join(root, 'packages/nigh', folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !/\.(test|contract|bytes)\.ts$/.test(name))
    .map((name) => `${folder}/${name.replaceAll('\\', '/')}`),
)
const textOf = (file) => readFileSync(join(root, 'packages/nigh', file), 'utf8')
/** A fault of the command stands in what is built, which its tests start, and in the sources, which some import. */
const ofCommand = (file) => file.startsWith('../cli/src/')
const builtOf = (file) => file.replace('/src/', '/dist/').replace(/ts$/, 'js')
/** The text, whatever blanks and line ends lie between its words. */
const pattern = (text) =>
  text
    .trim()
    .split(/\s+/)
    .map((word) => word.replace(/[$()*+.?[\\\]^{|}]/g, '\\$&'))
    .join('\\s+')

/** The file in which a fault can be planted: its own, or the only other one that holds the text; null without. */
function placeOf(fault) {
  if (ofCommand(fault.file)) {
    const texts = [fault.file, builtOf(fault.file)].filter((file) =>
      existsSync(join(root, 'packages/nigh', file)),
    )
    return texts.length === 2 && texts.every((file) => new RegExp(pattern(fault.from)).test(textOf(file)))
      ? fault.file
      : null
  }
  const known = sources.includes(fault.file) && new RegExp(pattern(fault.from)).test(textOf(fault.file))
  if (known) return fault.file
  const others = sources.filter((file) => new RegExp(pattern(fault.from)).test(textOf(file)))
  const once =
    others.length === 1 && textOf(others[0]).match(new RegExp(pattern(fault.from), 'g')).length === 1
  return once ? others[0] : null
}

const nameOf = (fault, number) => `${number} ${fault.file}: ${fault.about}`
if (process.argv.includes('--check')) {
  const gone = faults
    .map((fault, number) => [placeOf(fault), nameOf(fault, number)])
    .filter(([file]) => file === null)
  for (const [, name] of gone)
    console.log(`gone    ${name} (its place has changed: mend tools/mutation/faults.mjs)`)
  console.log(`${faults.length} faults, ${gone.length} without a place`)
  process.exit(gone.length * 20 > faults.length ? 1 : 0)
}

const places = faults.map(placeOf)
const folder = mkdtempSync(join(tmpdir(), 'nigh-mutation-'))
const core = join(folder, 'packages', 'nigh')
mkdirSync(core, { recursive: true })
for (const name of ['src', 'test', 'fixtures', 'assembly'])
  cpSync(join(root, 'packages/nigh', name), join(core, name), { recursive: true })
for (const name of ['package.json', 'tsconfig.json'])
  cpSync(join(root, 'packages/nigh', name), join(core, name))
cpSync(join(root, 'packages/cli'), join(folder, 'packages/cli'), {
  recursive: true,
  filter: (path) => !path.includes('node_modules'),
})
// What the command's settings name.
mkdirSync(join(folder, 'packages/spark'))
cpSync(join(root, 'packages/spark/tsconfig.json'), join(folder, 'packages/spark/tsconfig.json'))
for (const name of ['tsconfig.base.json', 'vitest.config.ts', 'package.json'])
  cpSync(join(root, name), join(folder, name))
cpSync(join(root, 'tools/build-kernels.mjs'), join(folder, 'tools/build-kernels.mjs'))
symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
symlinkSync(join(root, 'examples'), join(folder, 'examples'))

const inCopy = (command, args) =>
  spawnSync(command, args, {
    cwd: folder,
    encoding: 'utf8',
    timeout: MOST_SECONDS * 1000,
    env: { ...process.env, CI: 'true', NO_COLOR: '1' },
  })
// A test that a busy machine makes late has noticed nothing: only the clock above stops one.
const patience = ['--testTimeout', String(MOST_SECONDS * 1000), '--hookTimeout', String(MOST_SECONDS * 1000)]
const vitest = (tests) =>
  inCopy(process.execPath, [
    join(root, 'node_modules/vitest/vitest.mjs'),
    'run',
    '--bail',
    '1',
    ...patience,
    ...tests,
  ])

const failures = (output) =>
  output
    .split('\n')
    .filter((line) => /×|FAIL|Error/.test(line))
    .join('\n')

const modules = ['fit', 'search']
const kernelBytes = modules.map((name) => join(core, `src/kernels/${name}.bytes.ts`))
/** The files of assembly/ that a module is made of. */
function partsOf(file, found = new Set()) {
  if (found.has(file)) return found
  found.add(file)
  for (const [, name] of textOf(file).matchAll(/from '\.\/([\w-]+)'/g)) partsOf(`assembly/${name}.ts`, found)
  return found
}
const partsOfModule = modules.map((name) => partsOf(`assembly/${name}.ts`))
const bytesBefore = kernelBytes.map((path) => readFileSync(path, 'utf8'))
const rows = []
let unexplained = 0
try {
  const wanted = (fault, number) =>
    number >= from &&
    number < to &&
    (numbers === null || numbers.includes(number)) &&
    (only === null || nameOf(fault, number).includes(only))
  const every = [...new Set(faults.filter(wanted).flatMap(({ tests }) => tests.flat()))]
  const clean = process.argv.includes('--sound') ? null : vitest(every)
  if (clean !== null && clean.status !== 0)
    throw new Error(`the tests fail before anything is planted:\n${failures(clean.stdout) || clean.stderr}`)
  for (const [number, fault] of faults.entries()) {
    if (!wanted(fault, number)) continue
    const name = nameOf(fault, number)
    const file = places[number]
    if (file === null) {
      rows.push(['gone', name])
      console.log(`gone    ${name} (its place has changed: mend tools/mutation/faults.mjs)`)
      continue
    }
    const paths = (ofCommand(file) ? [file, builtOf(file)] : [file]).map((name) => join(core, name))
    const before = paths.map((path) => readFileSync(path, 'utf8'))
    paths.forEach((path, at) => {
      writeFileSync(
        path,
        before[at].replace(new RegExp(pattern(fault.from)), () => fault.to),
      )
    })
    let outcome = 'MISSED'
    if (file.startsWith('assembly/')) {
      const touched = modules.filter((_, at) => partsOfModule[at].has(file))
      const built = inCopy(process.execPath, ['tools/build-kernels.mjs', ...touched])
      if (built.status !== 0) outcome = 'broken'
    }
    for (const tests of fault.tests) {
      if (outcome !== 'MISSED') break
      const ran = vitest(tests)
      if (ran.status !== 0) outcome = ran.error?.code === 'ETIMEDOUT' ? 'clock' : 'caught'
    }
    paths.forEach((path, at) => writeFileSync(path, before[at]))
    kernelBytes.forEach((bytes, at) => writeFileSync(bytes, bytesBefore[at]))
    rows.push([outcome, name])
    if (outcome === 'MISSED' && fault.why === null) unexplained++
    console.log(
      `${outcome.padEnd(7)} ${name}${outcome === 'MISSED' && fault.why !== null ? ` (${fault.why})` : ''}`,
    )
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
const count = (outcome) => rows.filter(([found]) => found === outcome).length
const caught = count('caught') + count('clock')
const planted = caught + count('MISSED')
console.log(
  `\n${planted} faults planted, ${caught} caught (${((100 * caught) / Math.max(1, planted)).toFixed(1)} %; ${count('clock')} of them by the clock), ${count('MISSED')} missed (${unexplained} of them without a reason), ${count('broken') + count('gone')} not planted`,
)
process.exitCode = unexplained === 0 && caught >= 0.95 * planted ? 0 : 1
