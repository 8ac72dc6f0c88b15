// nigh as one more peer, loaded from the built package as a user would.
// Taking the points (Matrix.of looks at every number) stands inside the time measured, as checks do for the others.

import { KMeans, Matrix, NearestNeighbors } from 'nigh'
import * as internals from 'nigh/internals'
import { medianOf, serve, since, stored, storedRows, versionIn } from './serve.mjs'

const peer = process.argv[2] ?? 'nigh'

/**
 * @typedef {import('../types.d.ts').Loaded} Loaded
 * @typedef {import('../types.d.ts').Stored} Stored
 * @typedef {import('./serve.mjs').Runner} Runner
 */

/** Gives the points as the case wants them; call it inside the time measured. @param {Stored} file @param {boolean} asRows */
function taker(file, asRows) {
  if (asRows) {
    const rows = storedRows(file)
    return () => rows
  }
  const values = stored(file)
  return () => Matrix.of(values, file.columns)
}

/** @param {Loaded} loaded @returns {Runner} */
function kmeans(loaded) {
  const take = taker(loaded.points, loaded.asRows === true)
  const init = loaded.init === undefined ? undefined : taker(loaded.init, loaded.asRows === true)()
  const { k, threads, maxIterations } = loaded
  const limit = maxIterations === undefined ? {} : { maxIterations }
  return async (seed) => {
    const start = performance.now()
    const model = await KMeans.fit(
      take(),
      init === undefined ? { k, seed, threads } : { k, init, tolerance: 0, threads, ...limit },
    )
    const fit = since(start)
    /** @type {Record<string, number>} */
    const facts = { iterations: model.iterations }
    // Distances computed ÷ (n · k · iterations): less than 1 is pruning. Seeding has none to compare with.
    if (init !== undefined) facts.work = model.work.distances / (loaded.points.rows * k * model.iterations)
    return { seconds: { fit }, arrays: { labels: model.labels, centroids: model.centroids.values }, facts }
  }
}

/** @param {Loaded} loaded @returns {Runner} */
function seeding(loaded) {
  const offered = { ...internals }
  if (!('seedCentroids' in offered))
    throw new Error('nigh/internals has no seedCentroids(points, { k, seed, threads })')
  const seedCentroids =
    /** @type {(points: unknown, options: object) => Promise<{ values: ArrayLike<number> }>} */ (
      offered.seedCentroids
    )
  const take = taker(loaded.points, false)
  const { k, threads } = loaded
  return async (seed) => {
    const start = performance.now()
    const centroids = await seedCentroids(take(), { k, seed, threads })
    return { seconds: { seed: since(start) }, arrays: { centroids: centroids.values } }
  }
}

/** @param {Loaded} loaded @param {Stored} queries @returns {Runner} */
function knn(loaded, queries) {
  const takePoints = taker(loaded.points, loaded.asRows === true)
  const takeQueries = taker(queries, loaded.asRows === true)
  const { k, threads, index } = loaded
  return async () => {
    const start = performance.now()
    const model = await NearestNeighbors.fit(takePoints(), { algorithm: index ?? 'auto', threads })
    const build = since(start)
    const asked = performance.now()
    const { indices } = await model.nearest(takeQueries(), { k, threads })
    return { seconds: { build, query: since(asked) }, arrays: { indices } }
  }
}

/** @param {Loaded} loaded @param {Stored} queries @returns {Promise<Runner>} */
async function single(loaded, queries) {
  const { k, threads, index } = loaded
  const model = await NearestNeighbors.fit(taker(loaded.points, false)(), {
    algorithm: index ?? 'auto',
    threads,
  })
  const values = stored(queries)
  const d = queries.columns
  return async () => {
    const seconds = []
    const indices = new Uint32Array(queries.rows * k)
    for (let i = 0; i < queries.rows; i++) {
      const start = performance.now()
      const found = await model.nearest(Matrix.of(values.subarray(i * d, (i + 1) * d), d), { k, threads })
      seconds.push(since(start))
      indices.set(found.indices, i * k)
    }
    return { seconds: { query: medianOf(seconds) }, arrays: { indices } }
  }
}

/** @param {Loaded} loaded @param {Stored} queries @returns {Runner} */
function within(loaded, queries) {
  const takePoints = taker(loaded.points, loaded.asRows === true)
  const takeQueries = taker(queries, loaded.asRows === true)
  const { threads, index, radius = 0 } = loaded
  return async () => {
    const start = performance.now()
    const model = await NearestNeighbors.fit(takePoints(), { algorithm: index ?? 'auto', threads })
    const build = since(start)
    const asked = performance.now()
    const { offsets, indices } = await model.within(takeQueries(), { radius, threads })
    const query = since(asked)
    const counts = Array.from({ length: queries.rows }, (_, i) => Number(offsets[i + 1]) - Number(offsets[i]))
    return { seconds: { build, query }, arrays: { indices, counts } }
  }
}

/** @param {Loaded} loaded @returns {Promise<Runner> | Runner} */
function runnerFor(loaded) {
  if (loaded.task === 'kmeans' || loaded.task === 'kmeans-defaults') return kmeans(loaded)
  if (loaded.task === 'seeding') return seeding(loaded)
  if (loaded.queries === undefined) throw new Error(`${loaded.task} needs queries`)
  if (loaded.task === 'knn') return knn(loaded, loaded.queries)
  if (loaded.task === 'single') return single(loaded, loaded.queries)
  return within(loaded, loaded.queries)
}

const version = versionIn(new URL('../../packages/nigh/package.json', import.meta.url))

await serve(peer, async (loaded) => ({ run: await runnerFor(loaded), versions: { nigh: version } }))
