// Reads damaged files, one after the other, and says what came of each: driven by tools/mutated-files.mjs.
import { join } from 'node:path'
import { damaged, draws } from './mutate.mjs'
import { judge } from './judges.mjs'
import { put, soundFiles } from './sound.mjs'

const [folder, format, seed, from, to] = process.argv.slice(2)
const { InputError, Table } = await import('nigh')
const { readTable } = await import(new URL('../../packages/cli/dist/read/read.js', import.meta.url).href)
const { decodeArrow } = await import(
  new URL('../../packages/cli/dist/read/arrow-decode.js', import.meta.url).href
)
/** Arrow is decoded here, without the thread that the command starts for each file: this process may be lost. */
const tableOf = async (bytes) =>
  format === 'arrow' &&
  !(bytes.length >= 4 && Buffer.from(bytes.subarray(0, 4)).toString('latin1') === 'PAR1')
    ? Table.of(sortedOut(() => decodeArrow('case.arrow', bytes, {})).columns)
    : (await readTable(file, { threads: 1 })).table
/** What the thread does with errors of flechette's. */
function sortedOut(decode) {
  try {
    return decode()
  } catch (error) {
    if (error instanceof InputError) throw error
    throw new InputError('E_ARROW', 'file', String(error?.message))
  }
}
const sounds = (await soundFiles(join(folder, 'sound')))[format]
const file = join(folder, `case.${format}`)

for (const [i, bytes] of sounds.entries()) {
  put(file, bytes)
  const table = await tableOf(bytes)
  const found = await judge(format, bytes, table, bytes)
  if (found !== 'agrees') throw new Error(`the sound file ${i}: ${found}`)
}
for (let i = Number(from); i < Number(to); i++) {
  const draw = draws(Number(seed) * 1_000_003 + i)
  const sound = sounds[i % sounds.length]
  const bytes = damaged(sound, sounds[(i + 1) % sounds.length], draw)
  put(file, bytes)
  process.send({ begun: i })
  let outcome = ''
  let milliseconds = Number.POSITIVE_INFINITY
  // By processor time, and by a fifth of the clock's, since the machine may be busy; a slow one is read again.
  for (let turn = 0; turn < 3 && milliseconds > 1000; turn++) {
    const before = performance.now()
    const worked = process.cpuUsage()
    const spent = () => {
      const { user, system } = process.cpuUsage(worked)
      return Math.max((user + system) / 1000, (performance.now() - before) / 5)
    }
    try {
      const table = await tableOf(bytes)
      milliseconds = Math.min(milliseconds, spent())
      const same = bytes.length === sound.length && bytes.every((byte, at) => byte === sound[at])
      outcome = same ? 'unharmed' : await judge(format, bytes, table, sound)
    } catch (error) {
      milliseconds = Math.min(milliseconds, spent())
      outcome = error instanceof InputError ? error.code : `crash: ${error?.stack ?? error}`
    }
  }
  process.send({ done: i, outcome, milliseconds, rss: process.memoryUsage.rss() })
}
process.disconnect()
