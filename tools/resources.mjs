// What calls leave behind, each part in a process of its own: aborts, failing calls, thousands of small fits, fits within
// fits. How soon an abort is heard: tools/aborts.mjs.
// Usage: node --expose-gc tools/resources.mjs [--quick]      Linux: threads and files are counted in /proc
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Report, run } from './report.mjs'

const quick = process.argv.includes('--quick')
const part = process.argv.includes('--part') ? process.argv[process.argv.indexOf('--part') + 1] : null

const parts = {
  'aborts leave no thread, file or memory': aborts,
  'failing calls leave no thread, file or memory': failures,
  'small fits keep the memory level': smallFits,
  'fits within fits and beside each other start no more workers than one': nested,
}

if (part === null) {
  const report = new Report()
  for (const name of Object.keys(parts)) {
    await report.check(name, async () => {
      const flags = [
        '--expose-gc',
        fileURLToPath(import.meta.url),
        '--part',
        name,
        ...(quick ? ['--quick'] : []),
      ]
      return (await run(process.execPath, flags, { seconds: 900 })).trim()
    })
  }
  report.close()
} else {
  await parts[part]()
}

async function library() {
  const nigh = await import('nigh')
  let state = 12345
  const draw = () => {
    state = (Math.imul(1103515245, state) + 12345) & 0x7fffffff
    return state / 2 ** 31
  }
  const points = (rows, columns) =>
    nigh.Matrix.of(Float64Array.from({ length: rows * columns }, draw), columns)
  return { nigh, points, draw }
}

/** Threads, open files and megabytes of this process, once waste is gone. */
async function held() {
  await new Promise((resolve) => setTimeout(resolve, 300))
  for (let i = 0; i < 3; i++) globalThis.gc()
  return {
    threads: readdirSync('/proc/self/task').length,
    files: readdirSync('/proc/self/fd').length,
    megabytes: process.memoryUsage.rss() / 2 ** 20,
  }
}

function compare(what, before, after, megabytes) {
  const grown = after.megabytes - before.megabytes
  if (after.threads > before.threads || after.files > before.files || grown > megabytes)
    throw new Error(`${what}: ${JSON.stringify(before)} became ${JSON.stringify(after)}`)
  console.log(
    `${what}; ${after.threads} threads as before, ${after.files} files, ${grown.toFixed(1)} MB more`,
  )
}

async function aborts() {
  const { nigh, points } = await library()
  const { KMeans, KNNClassifier, NearestNeighbors, BisectingKMeans, chooseK } = nigh
  const big = points(12000, 8)
  const small = points(300, 3)
  const search = await NearestNeighbors.fit(big)
  const classes = Array.from({ length: 12000 }, (_, i) => `c${i % 3}`)
  const learner = await KNNClassifier.fit(big, classes)
  const calls = [
    (run) => KMeans.fit(big, { k: 40, nInit: 20, threads: 2, ...run }),
    (run) => KMeans.fit(big, { k: 40, nInit: 20, threads: 1, init: 'random', ...run }),
    (run) => KMeans.fit(small, { k: 5, nInit: 30, ...run }),
    (run) => search.nearest(big, { k: 3, ...run }),
    (run) => learner.predict(big, run),
    (run) => BisectingKMeans.fit(big, { k: 8, ...run }),
    (run) => chooseK(small, { from: 2, to: 6, ...run }),
    (run) => NearestNeighbors.fit(big, { algorithm: 'balltree', metric: 'manhattan', ...run }),
  ]
  const wanted = quick ? 200 : 1000
  let stopped = 0
  let before = null
  for (let i = 0; i < wanted; i++) {
    const controller = new AbortController()
    const reason = new Error(`reason ${i}`)
    const onProgress = i % 3 === 0 ? () => controller.abort(reason) : undefined
    if (i % 3 === 1) controller.abort(reason)
    if (i % 3 === 2) setTimeout(() => controller.abort(reason), i % 7)
    try {
      await calls[i % calls.length]({ signal: controller.signal, ...(onProgress && { onProgress }) })
    } catch (error) {
      if (error !== reason) throw error
      stopped++
    }
    if (i === Math.floor(wanted / 4)) before = await held()
  }
  if (stopped < wanted * 0.7) throw new Error(`only ${stopped} of ${wanted} were stopped`)
  compare(`${wanted} aborts, ${stopped} in time`, before, await held(), 40)
}

async function failures() {
  const { nigh, points } = await library()
  const { KMeans, KNNClassifier, KNNRegressor, NearestNeighbors, load } = nigh
  const big = points(12000, 8)
  const search = await NearestNeighbors.fit(big)
  const thrown = new Error('of the caller')
  const fail = () => {
    throw thrown
  }
  const calls = [
    () => KMeans.fit([[1], [Number.NaN]], { k: 1 }),
    () => KMeans.fit(big, { k: 0 }),
    () => KMeans.fit(big, { k: 40, threads: 2, nInit: 1, onProgress: fail }),
    () => KMeans.fit(big, { k: 2, init: fail }),
    () => KMeans.fit(big, { k: 2, threads: 2, sampleWeight: [1] }),
    () => search.nearest([[1]], { k: 1 }),
    () => search.nearest(big, { k: 2, onProgress: fail }),
    () => NearestNeighbors.fit(big, { metric: fail }).then((model) => model.nearest(big, { k: 1 })),
    () => KNNClassifier.fit(big, ['a'], { k: 1 }),
    () => KNNRegressor.fit([[1], [2]], [1, Number.NaN]),
    async () => load(new Uint8Array(300)),
    () => KMeans.fit(nigh.Matrix.of(Float64Array.of(1e200, 0), 1), { k: 1, threads: 2 }),
  ]
  const wanted = quick ? 240 : 1200
  let before = null
  for (let i = 0; i < wanted; i++) {
    let failed = false
    try {
      await calls[i % calls.length]()
    } catch (error) {
      failed = error === thrown || error instanceof nigh.InputError
      if (!failed) throw error
    }
    if (!failed) throw new Error(`call ${i % calls.length} did not fail`)
    if (i === Math.floor(wanted / 4)) before = await held()
  }
  compare(`${wanted} failing calls of ${calls.length} kinds`, before, await held(), 40)
}

async function smallFits() {
  const { nigh, points } = await library()
  const { KMeans, KNNClassifier, NearestNeighbors } = nigh
  const X = points(40, 3)
  const classes = Array.from({ length: 40 }, (_, i) => i % 3)
  const wanted = quick ? 2000 : 10000
  let before = null
  for (let i = 0; i < wanted; i++) {
    await KMeans.fit(X, { k: 4, nInit: 1 })
    KMeans.fitSync(X, { k: 3, nInit: 1 }).toBytes()
    if (i % 4 === 0) (await NearestNeighbors.fit(X)).nearestSync(X, { k: 2 })
    if (i % 4 === 1) KNNClassifier.fitSync(X, classes, { k: 3 }).predictSync(X)
    if (i === Math.floor(wanted / 4)) before = await held()
  }
  compare(`${wanted} rounds of small fits`, before, await held(), 25)
}

async function nested() {
  const { nigh, points } = await library()
  const { KMeans } = nigh
  const big = points(20000, 8)
  const options = { k: 40, nInit: 1, threads: 3, maxIterations: 12 }
  const one = await KMeans.fit(big, options)
  const before = await held()
  let inner = 0
  const deepest = []
  const outer = await KMeans.fit(big, {
    ...options,
    onProgress: () => {
      if (inner++ === 0) deepest.push(KMeans.fit(big, options))
    },
  })
  const beside = await Promise.all(Array.from({ length: 20 }, () => KMeans.fit(big, options)))
  const within = await Promise.all(deepest)
  if (within.length !== 1) throw new Error('no fit within the other')
  for (const model of [outer, ...within, ...beside])
    if (model.inertia !== one.inertia) throw new Error('another answer')
  compare('one fit within another, 20 beside each other', before, await held(), 150)
}
