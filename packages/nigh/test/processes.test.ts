import { spawn } from 'node:child_process'
import { describe, expect, test } from 'vitest'

// What a process of its own shows: that it ends by itself, how many workers it held, what it takes away.

const prelude = `
import { KMeans, NearestNeighbors, Matrix } from 'nigh'
let state = 12345
const draw = () => (state = (Math.imul(1103515245, state) + 12345) & 0x7fffffff) / 2 ** 31
const points = (n, d) => Matrix.of(Float64Array.from({ length: n * d }, draw), d)
const digest = (m) => [m.inertia, m.iterations, ...m.centroids.values.subarray(0, 8), ...m.labels.subarray(0, 50)].join()
const say = (value) => console.log(JSON.stringify(value))
`

/** Runs a program in a process of its own; fails if it does not end by itself within a minute. */
function run(program: string, before = '', flags: string[] = []): Promise<unknown> {
  const text =
    before === ''
      ? prelude + program
      : `${before}\n${prelude.replace(/import (.*) from 'nigh'/, "const $1 = await import('nigh')")}${program}`
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...flags, '--input-type=module', '-e', text], {
      cwd: new URL('..', import.meta.url),
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let out = ''
    let err = ''
    child.stdout.on('data', (chunk) => {
      out += chunk
    })
    child.stderr.on('data', (chunk) => {
      err += chunk
    })
    const clock = setTimeout(() => {
      child.kill('SIGKILL')
      reject(new Error(`the process did not end by itself; it said ${out} ${err}`))
    }, 55_000)
    child.on('close', (code) => {
      clearTimeout(clock)
      if (code === 0) resolve(JSON.parse(out))
      else reject(new Error(`exit code ${code}: ${err}`))
    })
  })
}

const fitted = `
const X = points(20000, 6)
const model = await KMeans.fit(X, { k: 30, nInit: 1, maxIterations: 30 THREADS })
const search = await NearestNeighbors.fit(X)
const found = await search.nearest(points(20, 6), { k: 3 })
say({ model: digest(model), found: [...found.indices, ...found.distances].join() })
`

/** Keeps every worker that is started in `started`, and calls `onStart` while it is starting. */
const watched = `
import workers from 'node:worker_threads'
import { syncBuiltinESMExports } from 'node:module'
globalThis.started = []
globalThis.onStart = () => {}
workers.Worker = class extends workers.Worker {
  constructor(...args) { super(...args); globalThis.started.push(this); setImmediate(() => globalThis.onStart()) }
}
syncBuiltinESMExports()
`

describe('a process', () => {
  test('ends by itself after a fit on threads', async () => {
    expect(await run(fitted.replace('THREADS', ', threads: 4'))).toHaveProperty('model')
  })

  test('ends by itself after aborts, and holds no more workers after 200 of them than after one', async () => {
    const found = await run(`
      import os from 'node:os'
      import fs from 'node:fs'
      const X = points(20000, 8)
      const threadsNow = () => fs.existsSync('/proc/self/task') ? fs.readdirSync('/proc/self/task').length : 0
      const counts = []
      let reasons = 0
      for (let i = 0; i < 200; i++) {
        const controller = new AbortController()
        const later = KMeans.fit(X, { k: 40, nInit: 20, threads: 2, signal: controller.signal, onProgress: () => controller.abort(i) })
        try { await later } catch (reason) { if (reason === i) reasons++ }
        if (i === 5 || i === 199) counts.push(threadsNow())
      }
      const model = await KMeans.fit(X, { k: 40, nInit: 1, maxIterations: 9, threads: 2 })
      say({ reasons, grown: counts[1] - counts[0], same: digest(model) === digest(KMeans.fitSync(X, { k: 40, nInit: 1, maxIterations: 9 })) })
    `)
    expect(found).toEqual({ reasons: 200, grown: 0, same: true })
  })

  test('whose worker dies in the middle of a fit gets an error, and the next fit is right', async () => {
    const found = await run(
      `
      const X = points(60000, 16)
      let message = ''
      let killed = false
      try {
        await KMeans.fit(X, { k: 100, nInit: 5, threads: 3, onProgress: () => {
          if (!killed) { killed = true; globalThis.started[globalThis.started.length - 1].terminate() }
        } })
      } catch (error) { message = error.message }
      const few = points(20000, 6)
      const model = await KMeans.fit(few, { k: 30, nInit: 1, maxIterations: 9, threads: 3 })
      say({ message, same: digest(model) === digest(KMeans.fitSync(few, { k: 30, nInit: 1, maxIterations: 9 })) })
    `,
      watched,
    )
    expect(found).toEqual({ message: expect.stringMatching(/^KMeans.fit: a worker died/), same: true })
  })

  test('hears an abort while its workers start, and while a fit waits for another', async () => {
    const found = await run(
      `
      const X = points(20000, 8)
      const options = { k: 40, nInit: 3, threads: 2 }
      const endOf = (later) => later.then(() => 'an answer', (reason) => reason)
      let steps = 0
      const starting = new AbortController()
      globalThis.onStart = () => starting.abort('while it starts')
      const first = await endOf(KMeans.fit(X, { ...options, signal: starting.signal, onProgress: () => steps++ }))
      globalThis.onStart = () => {}
      const waiting = new AbortController()
      let done = 0
      const before = endOf(KMeans.fit(X, { ...options, onProgress: () => done++ }))
      const second = endOf(KMeans.fit(X, { ...options, signal: waiting.signal, onProgress: () => steps++ }))
      setImmediate(() => waiting.abort('while it waits'))
      const ends = [await second]
      const doneThen = done
      ends.push(await before)
      const model = await KMeans.fit(X, { ...options, nInit: 1 })
      say({ first, ends, steps, stillAtWork: done > doneThen, started: globalThis.started.length, same: digest(model) === digest(KMeans.fitSync(X, { k: 40, nInit: 1 })) })
    `,
      watched,
    )
    expect(found).toEqual({
      first: 'while it starts',
      ends: ['while it waits', 'an answer'],
      stillAtWork: true,
      steps: 0,
      started: 2,
      same: true,
    })
  })

  // Every answer is right on one thread too: whether the others are there has to be counted.
  test('starts as many workers as there are threads to be, and keeps them', async () => {
    const found = await run(
      `
      const X = points(20000, 6)
      const counts = []
      const count = () => counts.push(globalThis.started.length)
      for (const threads of [1, 2, 5, 3, 5]) {
        await KMeans.fit(X, { k: 30, nInit: 1, maxIterations: 9, threads })
        count()
      }
      await Promise.all([2, 5].map((threads) => KMeans.fit(X, { k: 30, nInit: 1, maxIterations: 9, threads })))
      count()
      say(counts)
    `,
      watched,
    )
    expect(found).toEqual([0, 2, 5, 5, 5, 5])
  })

  test('lends a long search the threads that the machine has', async () => {
    const found = await run(
      `
      import os from 'node:os'
      const search = await NearestNeighbors.fit(points(60000, 16), { algorithm: 'flat', threads: 1 })
      await search.nearest(points(6000, 16), { k: 3, threads: 1 })
      const alone = globalThis.started.length
      await search.nearest(points(6000, 16), { k: 3 })
      say({ alone, lent: globalThis.started.length > 0, several: os.availableParallelism() > 1 })
    `,
      watched,
    )
    expect(found).toHaveProperty('alone', 0)
    expect(found).toHaveProperty('lent', (found as { several: boolean }).several)
  })

  test('keeps its memory through 3000 small fits', { timeout: 120_000 }, async () => {
    const found = await run(
      `
      const X = points(40, 3)
      const megabytes = () => { globalThis.gc(); return process.memoryUsage().rss / 2 ** 20 }
      for (let i = 0; i < 300; i++) await KMeans.fit(X, { k: 4, nInit: 1 })
      const before = megabytes()
      for (let i = 0; i < 3000; i++) await KMeans.fit(X, { k: 4, nInit: 1 })
      for (let i = 0; i < 300; i++) for (const step of KMeans.steps(X, { k: 4, nInit: 1 })) void step
      say(megabytes() - before)
    `,
      '',
      ['--expose-gc'],
    )
    expect(found).toBeLessThan(60)
  })
})

describe('the same answers without', () => {
  let want: unknown
  const without: [string, string, string[]][] = [
    ['SharedArrayBuffer', 'delete globalThis.SharedArrayBuffer', []],
    ['WebAssembly', 'delete globalThis.WebAssembly', []],
    [
      'SIMD, as a policy may have it',
      'const Module = WebAssembly.Module; WebAssembly.Module = class { constructor() { throw new WebAssembly.CompileError("refused") } }',
      [],
    ],
    ['eval', '', ['--disallow-code-generation-from-strings']],
    [
      'what a worker could start',
      "import workers from 'node:worker_threads'\nimport { syncBuiltinESMExports } from 'node:module'\nworkers.Worker = class { constructor() { throw new Error('refused') } }\nsyncBuiltinESMExports()",
      [],
    ],
    ['intrinsics that can change', '', ['--frozen-intrinsics', '--no-warnings']],
    [
      'Atomics.waitAsync, structuredClone, OffscreenCanvas, navigator',
      'delete Atomics.waitAsync; delete globalThis.structuredClone; delete globalThis.navigator',
      [],
    ],
  ]

  test.each(without)('%s', async (_, before, flags) => {
    want ??= await run(fitted.replace('THREADS', ', threads: 1'))
    expect(await run(fitted.replace('THREADS', ''), before, flags)).toEqual(want)
  })
})
