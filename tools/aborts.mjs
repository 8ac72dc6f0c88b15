// How soon an abort is heard, for every call that answers later, at sizes that take about a second: aborts at random
// moments; and how long the calling thread is held between two turns of its loop, which is how long anybody else has
// to wait. Counted in processor time where that is less than the time on the clock, so that a busy machine does not
// matter: the sum over threads, so never less than what an idle machine would need.
// Usage: node tools/aborts.mjs [--quick] [--only TEXT] [--moments N] [--most MILLISECONDS]     Linux: /proc is read
import { readFileSync } from 'node:fs'
import { Report } from './report.mjs'

const option = (name, otherwise) => {
  const at = process.argv.indexOf(name)
  return at < 0 ? otherwise : process.argv[at + 1]
}
const quick = process.argv.includes('--quick')
const only = option('--only', '')
const moments = Number(option('--moments', quick ? 2 : 8))
const most = Number(option('--most', 50))
/** Heard late: the same moment again, since waste collection or compilation may have come in between. */
const ATTEMPTS = 3

const nigh = await import('nigh')
let state = 12345
const draw = () => {
  state = (Math.imul(1103515245, state) + 12345) & 0x7fffffff
  return state / 2 ** 31
}
const numbers = (count) => Float64Array.from({ length: count }, draw)
const points = (rows, columns) => nigh.Matrix.of(numbers(rows * columns), columns)
const size = (full) => Math.round(full * (quick ? 0.1 : 1))
const classesOf = (n) => Array.from({ length: n }, (_, i) => `c${(i * 7) % 5}`)
const amountsOf = (n) => Array.from({ length: n }, (_, i) => (i * 37) % 97)
const labelsOf = (n) => Uint32Array.from({ length: n }, (_, i) => i % 4)
const places = (n) =>
  nigh.Matrix.of(
    Float64Array.from({ length: 2 * n }, (_, i) => (draw() - 0.5) * (i % 2 === 0 ? 170 : 350)),
    2,
  )
const tableOf = (n) =>
  nigh.Table.of([
    { name: 'x', type: 'number', values: numbers(n) },
    { name: 'y', type: 'number', values: Float64Array.from({ length: n }, () => Math.round(draw() * 50)) },
    {
      name: 't',
      type: 'text',
      values: Int32Array.from({ length: n }, (_, i) => (i * 7) % 4),
      categories: ['a', 'b', 'c', 'd'],
    },
  ])
const holesOf = (matrix) =>
  Array.from({ length: matrix.rows }, (_, i) =>
    Array.from(matrix.row(i), (x, j) => (i % 5 === j ? Number.NaN : x)),
  )
const chunksOf = (matrix) => ({
  *chunks() {
    const { values, columns, rows } = matrix
    for (let from = 0; from < rows; from += 4000) {
      yield nigh.Matrix.of(values.subarray(from * columns, Math.min(rows, from + 4000) * columns), columns)
    }
  },
})

const wide = points(size(100_000), 8)
const middle = points(size(20_000), 8)
const few = points(size(4000), 4)
const table = tableOf(size(6000))
const longTable = tableOf(size(100_000))
const search = await nigh.NearestNeighbors.fit(wide)
const trees = await nigh.NearestNeighbors.fit(middle, { algorithm: 'balltree', metric: 'manhattan' })
const learner = await nigh.KNNClassifier.fit(wide, classesOf(wide.rows))
const regressor = await nigh.KNNRegressor.fit(wide, amountsOf(wide.rows))
const mixed = await nigh.NearestNeighbors.fit(table, { metric: 'gower' })
const imputer = nigh.KNNImputer.fit(holesOf(few), { k: 5 })
const clusters = await nigh.KMeans.fit(wide, { k: 20, nInit: 1, maxIterations: 3 })
const factors = await nigh.LocalOutlierFactor.fit(few)
const bisected = await nigh.BisectingKMeans.fit(middle, { k: 8 })

/** Each takes { signal }. */
const calls = {
  'KMeans.fit': (run) => nigh.KMeans.fit(wide, { k: 50, nInit: 1, maxIterations: 60, ...run }),
  'KMeans.fit, one thread': (run) =>
    nigh.KMeans.fit(wide, { k: 50, nInit: 1, maxIterations: 30, threads: 1, ...run }),
  'KMeans.fit, many groups': (run) => nigh.KMeans.fit(wide, { k: 1500, nInit: 1, maxIterations: 4, ...run }),
  'KMeans.fit, random starts': (run) => nigh.KMeans.fit(middle, { k: 30, init: 'random', ...run }),
  'KMeans.fit, small': (run) => nigh.KMeans.fit(few, { k: 8, nInit: 30, ...run }),
  'KMeans.fit of a table': (run) => nigh.KMeans.fit(longTable, { k: 12, ...run }),
  'KMeans.fit of chunks': (run) =>
    nigh.KMeans.fit(chunksOf(wide), { k: 12, nInit: 1, maxIterations: 10, ...run }),
  'KMeans.predict': (run) => clusters.predict(wide, run),
  'KMeans.transform': (run) => clusters.transform(wide, run),
  'KMeans.score': (run) => clusters.score(wide, run),
  'NearestNeighbors.fit, kdtree': (run) => nigh.NearestNeighbors.fit(wide, { algorithm: 'kdtree', ...run }),
  'NearestNeighbors.fit, balltree': (run) =>
    nigh.NearestNeighbors.fit(wide, { algorithm: 'balltree', metric: 'manhattan', ...run }),
  'NearestNeighbors.fit, kdtree by manhattan': (run) =>
    nigh.NearestNeighbors.fit(wide, { algorithm: 'kdtree', metric: 'manhattan', ...run }),
  'NearestNeighbors.fit, flat': (run) => nigh.NearestNeighbors.fit(wide, { algorithm: 'flat', ...run }),
  'NearestNeighbors.fit, cosine': (run) => nigh.NearestNeighbors.fit(wide, { metric: 'cosine', ...run }),
  'NearestNeighbors.fit, haversine': (run) =>
    nigh.NearestNeighbors.fit(places(wide.rows), { metric: 'haversine', ...run }),
  'NearestNeighbors.fit, gower': (run) => nigh.NearestNeighbors.fit(longTable, { metric: 'gower', ...run }),
  nearest: (run) => search.nearest(middle, { k: 10, ...run }),
  'nearest, left out': (run) => search.nearest(undefined, { k: 5, ...run }),
  'nearest, balltree': (run) => trees.nearest(points(size(2000), 8), { k: 5, ...run }),
  'nearest, gower': (run) => mixed.nearest(table, { k: 5, ...run }),
  within: (run) => search.within(points(size(2000), 8), { radius: 0.4, ...run }),
  'within, balltree, nearly all': (run) => trees.within(points(size(60), 8), { radius: 4, ...run }),
  graph: (run) => trees.graph({ k: 5, ...run }),
  'KNNClassifier.predict': (run) => learner.predict(middle, run),
  'KNNClassifier.predictProba': (run) => learner.predictProba(middle, run),
  'KNNRegressor.fit': (run) => nigh.KNNRegressor.fit(wide, amountsOf(wide.rows), run),
  'KNNRegressor.predict': (run) => regressor.predict(middle, run),
  'RadiusClassifier.fit': (run) =>
    nigh.RadiusClassifier.fit(wide, classesOf(wide.rows), { radius: 0.2, ...run }),
  'RadiusRegressor.fit': (run) =>
    nigh.RadiusRegressor.fit(wide, amountsOf(wide.rows), { radius: 0.2, ...run }),
  'NearestCentroid.fit': (run) => nigh.NearestCentroid.fit(wide, classesOf(wide.rows), run),
  'KNNImputer.transform': (run) => imputer.transform(holesOf(few), run),
  'LocalOutlierFactor.fit': (run) => nigh.LocalOutlierFactor.fit(middle, run),
  'LocalOutlierFactor.score': (run) => factors.score(few, run),
  'NeighborDistance.fit': (run) => nigh.NeighborDistance.fit(middle, run),
  'CentroidDistance.fit': (run) => nigh.CentroidDistance.fit(wide, { k: 30, ...run }),
  'MiniBatchKMeans.fit': (run) => nigh.MiniBatchKMeans.fit(wide, { k: 30, nInit: 2, ...run }),
  'MiniBatchKMeans.fit of chunks': (run) =>
    nigh.MiniBatchKMeans.fit(chunksOf(wide), { k: 30, nInit: 1, ...run }),
  'BisectingKMeans.fit': (run) =>
    nigh.BisectingKMeans.fit(wide, { k: 8, nInit: 2, maxIterations: 20, ...run }),
  'BisectingKMeans.predict': (run) => bisected.predict(wide, run),
  'SphericalKMeans.fit': (run) => nigh.SphericalKMeans.fit(middle, { k: 12, ...run }),
  'KMedians.fit': (run) => nigh.KMedians.fit(middle, { k: 8, ...run }),
  'KMedoids.fit': (run) => nigh.KMedoids.fit(few, { k: 8, ...run }),
  'KMeans1D.fit': (run) => nigh.KMeans1D.fit(Array.from(numbers(size(200_000))), { k: 8, ...run }),
  'BoundedKMeans.fit': (run) => nigh.BoundedKMeans.fit(few, { k: 8, minSize: size(300), ...run }),
  'BoundedKMeans.fit, many rows': (run) =>
    nigh.BoundedKMeans.fit(wide, { k: 8, minSize: Math.floor(wide.rows / 8.2), maxIterations: 3, ...run }),
  'GeoKMeans.fit': (run) => nigh.GeoKMeans.fit(places(size(20_000)), { k: 8, ...run }),
  'KPrototypes.fit': (run) => nigh.KPrototypes.fit(table, { k: 6, ...run }),
  chooseK: (run) => nigh.chooseK(few, { from: 2, to: 8, ...run }),
  chooseNeighbors: (run) => nigh.chooseNeighbors(middle, classesOf(middle.rows), run),
  'chooseNeighbors, amounts': (run) =>
    nigh.chooseNeighbors(middle, amountsOf(middle.rows), { task: 'regress', folds: 5, ...run }),
  silhouette: (run) => nigh.silhouette(middle, labelsOf(middle.rows), run),
  validateClassifier: (run) => nigh.validateClassifier(middle, classesOf(middle.rows), run),
  validateRegressor: (run) => nigh.validateRegressor(middle, amountsOf(middle.rows), run),
  gridSearch: (run) =>
    nigh.gridSearch(
      { k: [1, 3, 5, 7, 9] },
      async (options, signal) => {
        const given = signal === undefined ? options : { ...options, signal }
        return (await nigh.validateClassifier(few, classesOf(few.rows), given)).mean
      },
      run,
    ),
}

/** Processor time of this thread, and of the process, in milliseconds. */
const ofThread = () =>
  Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6
const ofProcess = () => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

/** Runs a call to its end: how long it takes, and the longest time for which it held this thread. */
async function whole(call) {
  let running = true
  let longest = 0
  let last = ofThread()
  const watch = () => {
    const now = ofThread()
    longest = Math.max(longest, now - last)
    if (running) setImmediate(watch)
    last = ofThread()
  }
  setImmediate(watch)
  await new Promise((resolve) => setImmediate(resolve))
  longest = 0
  last = ofThread()
  const begun = performance.now()
  await call({})
  running = false
  return { milliseconds: performance.now() - begun, longest: Math.max(longest, ofThread() - last) }
}

/**
 * Aborts a call after so many milliseconds: how long until it ends, by the reason or, where nobody hears, by itself;
 * null where it was done before.
 */
async function heardAfter(call, milliseconds) {
  const controller = new AbortController()
  const reason = new Error('enough')
  let at = 0
  let spent = 0
  const since = () => Math.min(performance.now() - at, ofProcess() - spent)
  const timer = setTimeout(() => {
    at = performance.now()
    spent = ofProcess()
    controller.abort(reason)
  }, milliseconds)
  try {
    await call({ signal: controller.signal })
  } catch (error) {
    if (error !== reason) throw error
    return { waited: since(), heard: true }
  } finally {
    clearTimeout(timer)
  }
  return at === 0 ? null : { waited: since(), heard: false }
}

/** Fails for a call that never looks at its signal: one so short that it was always done before is asked in time. */
async function listens(call, milliseconds) {
  for (let attempt = 0; attempt < 5 && milliseconds > 20; attempt++) {
    const found = await heardAfter(call, milliseconds * 0.2)
    if (found?.heard) return
    if (found !== null && attempt === 4)
      throw new Error(`no abort was heard in a call of ${milliseconds.toFixed(0)} ms`)
  }
  const controller = new AbortController()
  const reason = new Error('before it began')
  controller.abort(reason)
  const ended = await call({ signal: controller.signal }).then(
    () => null,
    (error) => error,
  )
  if (ended !== reason) throw new Error(`aborted before it began, it ended with ${ended ?? 'an answer'}`)
}

const report = new Report()
for (const [name, call] of Object.entries(calls)) {
  if (!name.includes(only)) continue
  await report.check(name, async () => {
    await call({}) // what a first call costs (compilation, workers) is not the question
    let held = Number.POSITIVE_INFINITY
    let milliseconds = Number.POSITIVE_INFINITY
    for (let attempt = 0; attempt < ATTEMPTS && (attempt === 0 || held > most); attempt++) {
      const found = await whole(call)
      held = Math.min(held, found.longest)
      milliseconds = Math.min(milliseconds, found.milliseconds)
    }
    let latest = 0
    let heard = 0
    for (let moment = 0; moment < moments; moment++) {
      const after = ((moment + draw()) / moments) * milliseconds * 0.95
      let least = Number.POSITIVE_INFINITY
      let listened = false
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        const found = await heardAfter(call, after)
        if (found === null) continue
        least = Math.min(least, found.waited)
        listened ||= found.heard
        if (least <= most && listened) break
      }
      if (least === Number.POSITIVE_INFINITY) continue
      if (listened) heard++
      latest = Math.max(latest, least)
    }
    if (heard === 0) await listens(call, milliseconds)
    const told = `held ${held.toFixed(0)} ms, ${heard} of ${moments} aborts heard within ${latest.toFixed(0)} ms of a call of ${(milliseconds / 1000).toFixed(2)} s`
    if (held > most || latest > most) throw new Error(told)
    return told
  })
}
report.close()
