// One JavaScript peer in a process of its own: `worker.mjs PEER`. They take number[][], made before the clock starts.

import { createRequire } from 'node:module'
import { serve, since, stored, storedRows, versionIn } from '../serve.mjs'

const require = createRequire(import.meta.url)
const peer = process.argv[2] ?? ''

/**
 * @typedef {import('../../types.d.ts').Loaded} Loaded
 * @typedef {import('../serve.mjs').Runner} Runner
 */

/** @param {Loaded} loaded */
function initialRows(loaded) {
  if (loaded.init === undefined) throw new Error(`${peer} needs initial centroids`)
  return storedRows(loaded.init)
}

/** @param {Loaded} loaded */
function queryRows(loaded) {
  if (loaded.queries === undefined) throw new Error(`${peer} needs queries`)
  return storedRows(loaded.queries)
}

/** @type {Record<string, (loaded: Loaded) => Promise<Runner>>} */
const peers = {
  async 'ml-kmeans'(loaded) {
    const { kmeans } = await import('ml-kmeans')
    const points = storedRows(loaded.points)
    const init = initialRows(loaded)
    return () => {
      const initialization = init.map((row) => row.slice())
      const start = performance.now()
      const found = kmeans(points, loaded.k, { initialization, tolerance: 0, maxIterations: 0 })
      const fit = since(start)
      const arrays = { labels: found.clusters, centroids: found.centroids.flat() }
      return { seconds: { fit }, arrays, facts: { iterations: found.iterations } }
    }
  },

  async skmeans(loaded) {
    const skmeans = require('skmeans')
    const points = storedRows(loaded.points)
    const init = initialRows(loaded)
    return () => {
      const centroids = init.map((row) => row.slice()) // it overwrites what it is given
      const start = performance.now()
      const found = skmeans(points, loaded.k, centroids, 100_000)
      const fit = since(start)
      // Its count leaves out the last pass.
      const arrays = { labels: found.idxs, centroids: found.centroids.flat() }
      return { seconds: { fit }, arrays, facts: { iterations: found.it + 1 } }
    }
  },

  async 'ml-knn'(loaded) {
    const KNN = require('ml-knn')
    const points = storedRows(loaded.points)
    const queries = queryRows(loaded)
    // It predicts labels only, but its tree says which points it found; the row's number goes along as the label,
    // which it appends to the point as one coordinate more.
    const numbers = points.map((_, i) => i)
    return () => {
      const start = performance.now()
      const model = new KNN(points, numbers, { k: loaded.k })
      const build = since(start)
      const asked = performance.now()
      const found = queries.map((query) => model.kdTree.nearest(query, loaded.k))
      const query = since(asked)
      const indices = found.flatMap((near) =>
        near.toSorted((a, b) => a[1] - b[1]).map(([point]) => point.at(-1)),
      )
      return { seconds: { build, query }, arrays: { indices } }
    }
  },

  async 'static-kdtree'(loaded) {
    const createKDTree = require('static-kdtree')
    const points = storedRows(loaded.points)
    const queries = queryRows(loaded)
    return () => {
      const start = performance.now()
      const tree = createKDTree(points)
      const build = since(start)
      const asked = performance.now()
      const found = queries.map((query) => tree.knn(query, loaded.k))
      const query = since(asked)
      tree.dispose()
      return { seconds: { build, query }, arrays: { indices: found.flat() } }
    }
  },

  async kdbush(loaded) {
    const { default: KDBush } = await import('kdbush')
    const points = stored(loaded.points)
    const queries = queryRows(loaded)
    const { rows } = loaded.points
    const { radius = 0 } = loaded
    return () => {
      const start = performance.now()
      const tree = new KDBush(rows)
      for (let i = 0; i < rows; i++) tree.add(points[2 * i], points[2 * i + 1])
      tree.finish()
      const build = since(start)
      const asked = performance.now()
      const found = queries.map(([x, y]) => tree.within(x, y, radius))
      const query = since(asked)
      return {
        seconds: { build, query },
        arrays: { indices: found.flat(), counts: found.map((near) => near.length) },
      }
    }
  },
}

const prepare = peers[peer]
if (prepare === undefined) throw new Error(`worker.mjs: there is no peer "${peer}"`)
const version = versionIn(new URL(`node_modules/${peer}/package.json`, import.meta.url))

await serve(peer, async (loaded) => ({ run: await prepare(loaded), versions: { [peer]: version } }))
