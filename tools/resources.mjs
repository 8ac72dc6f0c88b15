// What calls leave behind, each part in a process of its own: aborts, failing calls, thousands of small fits, fits within
// fits; and how long the calling thread is held at a time, in processor time, so that a busy machine does not matter.
// Usage: node --expose-gc tools/resources.mjs [--quick]      Linux: threads and files are counted in /proc
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Report, run } from './report.mjs'

const quick = process.argv.includes('--quick')
const part = process.argv.includes('--part') ? process.argv[process.argv.indexOf('--part') + 1] : null

const parts = {
  'aborts leave no thread, file or memory': aborts,
  'failing calls leave no thread, file or memory': failures,
  'small fits keep the memory level': smallFits,
  'fits within fits and beside each other start no more workers than one': nested,
  'the calling thread is never held long': stretches,
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

/** Processor time of this thread, in milliseconds. */
function spent() {
  return Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6
}

/** The longest time for which this thread computed between two turns of its loop while a call ran. */
async function longestStretch(call) {
  let running = true
  let longest = 0
  let last = spent()
  const watch = () => {
    const now = spent()
    longest = Math.max(longest, now - last)
    if (running) setImmediate(watch)
    last = spent()
  }
  setImmediate(watch)
  await new Promise((resolve) => setImmediate(resolve))
  longest = 0
  last = spent()
  await call()
  running = false
  return Math.max(longest, spent() - last)
}

async function stretches() {
  const { nigh, points, draw } = await library()
  const size = quick ? 0.2 : 1
  const n = Math.round(100_000 * size)
  const wide = points(n, 8)
  const few = points(Math.round(3000 * size), 4)
  const line = Array.from({ length: n }, draw)
  const classes = Array.from({ length: n }, (_, i) => `c${i % 5}`)
  const numbers = Array.from({ length: n }, (_, i) => i % 97)
  const places = nigh.Matrix.of(
    Float64Array.from({ length: 2 * few.rows }, (_, i) => (draw() - 0.5) * (i % 2 === 0 ? 170 : 350)),
    2,
  )
  const table = nigh.Table.of([
    { name: 'x', type: 'number', values: Float64Array.from({ length: few.rows }, draw) },
    {
      name: 't',
      type: 'text',
      values: Int32Array.from({ length: few.rows }, (_, i) => i % 4),
      categories: ['a', 'b', 'c', 'd'],
    },
  ])
  const search = await nigh.NearestNeighbors.fit(wide)
  const learner = await nigh.KNNClassifier.fit(wide, classes)
  const holes = Array.from({ length: few.rows }, (_, i) =>
    Array.from(few.row(i), (x, j) => (i % 5 === j ? Number.NaN : x)),
  )
  const imputer = nigh.KNNImputer.fit(holes, { k: 5 })
  const model = await nigh.KMeans.fit(wide, { k: 20, nInit: 1, maxIterations: 3 })
  const calls = {
    'KMeans.fit': () => nigh.KMeans.fit(wide, { k: 50, nInit: 1, maxIterations: 20 }),
    'KMeans.fit, small': () => nigh.KMeans.fit(points(2000, 4), { k: 8 }),
    'KMeans.predict': () => model.predict(wide),
    'NearestNeighbors.fit, kdtree': () => nigh.NearestNeighbors.fit(wide, { algorithm: 'kdtree' }),
    'NearestNeighbors.fit, balltree': () =>
      nigh.NearestNeighbors.fit(wide, { algorithm: 'balltree', metric: 'manhattan' }),
    'NearestNeighbors.fit, cosine': () => nigh.NearestNeighbors.fit(wide, { metric: 'cosine' }),
    'NearestNeighbors.fit, flat': () => nigh.NearestNeighbors.fit(wide, { algorithm: 'flat' }),
    nearest: () => search.nearest(points(2000, 8), { k: 10 }),
    within: () => search.within(points(300, 8), { radius: 0.3 }),
    'KNNClassifier.predict': () => learner.predict(points(2000, 8)),
    'KNNRegressor.fit': () => nigh.KNNRegressor.fit(wide, numbers),
    'RadiusClassifier.fit': () => nigh.RadiusClassifier.fit(wide, classes, { radius: 0.2 }),
    'NearestCentroid.fit': () => nigh.NearestCentroid.fit(wide, classes),
    'KNNImputer.transform': () => imputer.transform(holes),
    'LocalOutlierFactor.fit': () => nigh.LocalOutlierFactor.fit(few),
    'NeighborDistance.fit': () => nigh.NeighborDistance.fit(few),
    'CentroidDistance.fit': () => nigh.CentroidDistance.fit(wide, { k: 10 }),
    'MiniBatchKMeans.fit': () => nigh.MiniBatchKMeans.fit(wide, { k: 10 }),
    'BisectingKMeans.fit': () => nigh.BisectingKMeans.fit(wide, { k: 8 }),
    'KMedians.fit': () => nigh.KMedians.fit(few, { k: 5 }),
    'KMedoids.fit': () => nigh.KMedoids.fit(few, { k: 5 }),
    'KMeans1D.fit': () => nigh.KMeans1D.fit(line, { k: 8 }),
    'BoundedKMeans.fit': () => nigh.BoundedKMeans.fit(few, { k: 5, minSize: 100 * size }),
    'GeoKMeans.fit': () => nigh.GeoKMeans.fit(places, { k: 6 }),
    'SphericalKMeans.fit': () => nigh.SphericalKMeans.fit(few, { k: 5 }),
    'KPrototypes.fit': () => nigh.KPrototypes.fit(table, { k: 4 }),
    chooseK: () => nigh.chooseK(few, { from: 2, to: 6 }),
    chooseNeighbors: () => nigh.chooseNeighbors(few, classes.slice(0, few.rows)),
    silhouette: () =>
      nigh.silhouette(
        few,
        Uint32Array.from({ length: few.rows }, (_, i) => i % 4),
      ),
    validateClassifier: () => nigh.validateClassifier(few, classes.slice(0, few.rows)),
  }
  const found = []
  for (const [name, call] of Object.entries(calls)) {
    try {
      await call() // what a first call costs (compilation, workers) is not the question
      let longest = Number.POSITIVE_INFINITY
      for (let turn = 0; turn < 3; turn++) longest = Math.min(longest, await longestStretch(call))
      found.push([name, longest])
    } catch (error) {
      throw new Error(`${name}: ${error.message}`)
    }
  }
  found.sort((a, b) => b[1] - a[1])
  const told = found.map(([name, longest]) => `${name} ${longest.toFixed(0)}`).join(', ')
  const most = quick ? 50 : 100
  const over = found.filter(([, longest]) => longest > most)
  if (over.length > 0) throw new Error(`longer than ${most} ms at a stretch: ${told}`)
  console.log(`longest stretches in ms: ${told}`)
}
