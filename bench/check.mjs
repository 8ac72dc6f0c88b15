// The referee: looks at every answer in float64, and compares the peers with one another.

import { readFileSync } from 'node:fs'
import { quantile } from './statistics.mjs'

/**
 * @typedef {import('./types.d.ts').Answer} Answer
 * @typedef {import('./types.d.ts').Case} Case
 * @typedef {import('./types.d.ts').Loaded} Loaded
 * @typedef {import('./types.d.ts').Verdict} Verdict
 * @typedef {{ verdict: Verdict, distancesSq?: Float64Array }} Judged
 */

/** Inertias and distances of different libraries agree to this. */
const agreement = 1e-6
/** A float32 search may take the next row where its distance is this little larger. */
const float32Slack = 1e-5

/** @param {string} path */
function bytesOf(path) {
  const bytes = readFileSync(path)
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength)
}

/**
 * Squared distance as ARCHITECTURE.md defines it: float64, differences of the original numbers, in column order.
 *
 * @param {ArrayLike<number>} a @param {number} i @param {ArrayLike<number>} b @param {number} j @param {number} d
 */
function distanceSq(a, i, b, j, d) {
  let sum = 0
  for (let c = 0; c < d; c++) {
    const t = a[i * d + c] - b[j * d + c]
    sum += t * t
  }
  return sum
}

/** Rows spread evenly over 0 … n − 1. @param {number} n @param {number} wanted */
function sample(n, wanted) {
  const count = Math.min(n, wanted)
  return Array.from({ length: count }, (_, i) => Math.floor((i * n) / count))
}

/** Judges the answers of one case. */
export class Referee {
  #case
  #points
  #queries
  #d
  #n
  /** @type {Map<number, number[]> | undefined} */ #rowsByFirst
  /** @type {Map<number, Float64Array> | undefined} */ #truth

  /** @param {Case} measured @param {Float32Array} points @param {Float32Array | undefined} queries */
  constructor(measured, points, queries) {
    this.#case = measured
    this.#points = points
    this.#queries = queries
    this.#d = measured.data.columns
    this.#n = measured.data.rows
  }

  /** Judges one answer by itself. @param {Answer} answer @param {boolean} exact the peer is nigh @returns {Judged} */
  judge(answer, exact) {
    const { task } = this.#case
    if (task === 'kmeans' || task === 'kmeans-defaults') return { verdict: this.#clusters(answer) }
    if (task === 'seeding') return { verdict: this.#seeds(answer) }
    if (task === 'within') return { verdict: this.#within(answer) }
    return this.#neighbors(answer, exact)
  }

  /** @param {Answer} answer @returns {Verdict} */
  #clusters({ labels: labelsPath = '', centroids: centroidsPath = '', iterations = 0, work, peakMiB = 0 }) {
    const n = this.#n
    const d = this.#d
    const { k } = this.#case
    const points = this.#points
    const labels = new Int32Array(bytesOf(labelsPath))
    const centroids = new Float64Array(bytesOf(centroidsPath))
    const others = { ...(work === undefined ? {} : { work }), peakMiB }
    if (
      labels.length !== n ||
      centroids.length !== k * d ||
      labels.some((label) => !(label >= 0 && label < k))
    ) {
      return { ok: false, faults: ['labels or centroids of the wrong shape'], ...others }
    }
    const faults = []
    const sums = new Float64Array(k * d)
    const counts = new Float64Array(k)
    let inertia = 0
    for (let i = 0; i < n; i++) {
      const c = labels[i]
      counts[c]++
      inertia += distanceSq(points, i, centroids, c, d)
      for (let j = 0; j < d; j++) sums[c * d + j] += points[i * d + j]
    }
    const typical = Math.sqrt(inertia / n)
    if (this.#case.task === 'kmeans' && this.#case.maxIterations === undefined) {
      let farthest = 0
      for (let c = 0; c < k; c++) {
        if (counts[c] === 0) continue
        for (let j = 0; j < d; j++) sums[c * d + j] /= counts[c]
        farthest = Math.max(farthest, Math.sqrt(distanceSq(sums, c, centroids, c, d)))
      }
      if (farthest > 1e-4 * typical)
        faults.push(`not converged: a centroid is ${farthest} from its members’ mean`)
    }
    const slack = 1 + float32Slack
    for (const i of sample(n, Math.min(2000, Math.ceil(1e8 / (k * d))))) {
      const own = distanceSq(points, i, centroids, labels[i], d)
      for (let c = 0; c < k; c++) {
        if (distanceSq(points, i, centroids, c, d) * slack < own - 1e-6 * typical * typical) {
          faults.push(`row ${i} has label ${labels[i]}, but centroid ${c} is nearer`)
          break
        }
      }
      if (faults.length > 3) break
    }
    return { ok: faults.length === 0, faults, inertia, iterations, ...others }
  }

  /** @param {Answer} answer @returns {Verdict} the inertia is that of a sample of rows */
  #seeds({ centroids: path = '', peakMiB = 0 }) {
    const d = this.#d
    const { k } = this.#case
    const points = this.#points
    const centroids = new Float64Array(bytesOf(path))
    if (centroids.length !== k * d) return { ok: false, faults: ['centroids of the wrong shape'], peakMiB }
    const faults = []
    if (this.#rowsByFirst === undefined) {
      this.#rowsByFirst = new Map()
      for (let i = 0; i < this.#n; i++) {
        const rows = this.#rowsByFirst.get(points[i * d])
        if (rows === undefined) this.#rowsByFirst.set(points[i * d], [i])
        else rows.push(i)
      }
    }
    for (let c = 0; c < k; c++) {
      const rows = this.#rowsByFirst.get(centroids[c * d]) ?? []
      if (!rows.some((i) => distanceSq(points, i, centroids, c, d) === 0))
        faults.push(`centroid ${c} is not a row`)
    }
    let inertia = 0
    const rows = sample(this.#n, Math.ceil(4e8 / (k * d)))
    for (const i of rows) {
      let best = Number.POSITIVE_INFINITY
      for (let c = 0; c < k; c++) best = Math.min(best, distanceSq(points, i, centroids, c, d))
      inertia += best
    }
    return {
      ok: faults.length === 0,
      faults: faults.slice(0, 3),
      inertia: (inertia / rows.length) * this.#n,
      peakMiB,
    }
  }

  #queryValues() {
    if (this.#queries === undefined) throw new Error(`${this.#case.name} has no queries`)
    return this.#queries
  }

  /** @param {Answer} answer @param {boolean} exact @returns {Judged} */
  #neighbors({ indices: path = '', peakMiB = 0 }, exact) {
    const d = this.#d
    const n = this.#n
    const { k } = this.#case
    const queries = this.#queryValues()
    const q = queries.length / d
    const indices = new Int32Array(bytesOf(path))
    if (indices.length !== q * k || indices.some((i) => !(i >= 0 && i < n))) {
      return { verdict: { ok: false, faults: ['indices of the wrong shape'], peakMiB } }
    }
    const faults = []
    const found = new Float64Array(q * k)
    for (let i = 0; i < q; i++) {
      const row = indices.subarray(i * k, (i + 1) * k)
      if (new Set(row).size < k) faults.push(`query ${i} has a neighbour twice`)
      const distances = found.subarray(i * k, (i + 1) * k)
      for (let r = 0; r < k; r++) distances[r] = distanceSq(queries, i, this.#points, row[r], d)
      if (exact) {
        for (let r = 1; r < k; r++) {
          const ordered =
            distances[r - 1] < distances[r] || (distances[r - 1] === distances[r] && row[r - 1] < row[r])
          if (!ordered) faults.push(`query ${i}: rank ${r} is out of order`)
        }
      }
      distances.sort()
    }
    for (const [i, truth] of this.#trueNeighbors(q)) {
      for (let r = 0; r < k; r++) {
        if (found[i * k + r] > truth[r] * (exact ? 1 : 1 + float32Slack))
          faults.push(`query ${i}: rank ${r} is not the nearest`)
      }
    }
    let distances = 0
    for (const square of found) distances += Math.sqrt(square)
    return {
      verdict: { ok: faults.length === 0, faults: faults.slice(0, 3), distances, peakMiB },
      distancesSq: found,
    }
  }

  /** The k smallest squared distances of some queries, by looking at every row. @param {number} q */
  #trueNeighbors(q) {
    if (this.#truth !== undefined) return this.#truth
    const n = this.#n
    const d = this.#d
    const queries = this.#queryValues()
    this.#truth = new Map()
    for (const i of sample(q, Math.min(200, Math.max(5, Math.floor(5e8 / (n * d)))))) {
      const all = new Float64Array(n)
      for (let row = 0; row < n; row++) all[row] = distanceSq(queries, i, this.#points, row, d)
      this.#truth.set(i, all.sort().slice(0, this.#case.k))
    }
    return this.#truth
  }

  /** @param {Answer} answer @returns {Verdict} */
  #within({ indices: path = '', counts: countsPath = '', peakMiB = 0 }) {
    const d = this.#d
    const queries = this.#queryValues()
    const { radius = 0 } = this.#case
    const indices = new Int32Array(bytesOf(path))
    const counts = new Int32Array(bytesOf(countsPath))
    const q = queries.length / d
    const faults = []
    if (counts.length !== q) return { ok: false, faults: ['counts of the wrong shape'], peakMiB }
    const checked = new Set(sample(q, 200))
    let distances = 0
    for (let i = 0, at = 0; i < q; i++) {
      const row = indices.subarray(at, at + counts[i])
      at += counts[i]
      for (const index of row) {
        const square = distanceSq(queries, i, this.#points, index, d)
        if (square > radius * radius) faults.push(`query ${i}: row ${index} is farther than the radius`)
        distances += Math.sqrt(square)
      }
      if (!checked.has(i)) continue
      let inside = 0
      for (let r = 0; r < this.#n; r++) {
        if (distanceSq(queries, i, this.#points, r, d) <= radius * radius) inside++
      }
      if (inside !== new Set(row).size)
        faults.push(`query ${i}: ${row.length} rows found, ${inside} are inside`)
    }
    return { ok: faults.length === 0, faults: faults.slice(0, 3), distances, peakMiB }
  }

  /**
   * Compares the peers' answers: faults of each, by name.
   *
   * @param {ReadonlyMap<string, readonly Judged[]>} judged every run of every peer @returns {Map<string, string[]>}
   */
  compare(judged) {
    const { task, maxIterations } = this.#case
    if (task === 'kmeans')
      return maxIterations === undefined
        ? this.#sameInertia(judged, agreement)
        : this.#sameInertia(judged, 1e-3)
    if (task === 'kmeans-defaults' || task === 'seeding') return this.#likeInertia(judged)
    if (task === 'within') return this.#sameDistances(judged)
    return this.#sameNeighbors(judged)
  }

  /** @param {ReadonlyMap<string, readonly Judged[]>} judged @param {number} within */
  #sameInertia(judged, within) {
    const all = [...judged.values()].flat().map(({ verdict }) => verdict.inertia ?? Number.NaN)
    const { inertia: wanted = Math.min(...all), iterations: count } = this.#case.expected ?? {}
    return faultsOf(judged, ({ verdict: { inertia = Number.NaN, iterations } }, name) => {
      if (!(Math.abs(inertia - wanted) <= within * wanted)) return `inertia ${inertia}, expected ${wanted}`
      // nigh promises plain Lloyd's own path; float32 may take a step more or less.
      if (isNigh(name) && count !== undefined && iterations !== count)
        return `${iterations} iterations, expected ${count}`
      return ''
    })
  }

  /**
   * Other random numbers, other optima: the medians must be alike. nigh's may be 5 % above the lowest, and a peer's
   * 25 %: further off, its time is no measure of the same work. One round says nothing.
   *
   * @param {ReadonlyMap<string, readonly Judged[]>} judged
   */
  #likeInertia(judged) {
    /** @type {Map<string, number>} */
    const medians = new Map()
    for (const [name, runs] of judged) {
      if (runs.length < 5) continue
      const inertias = runs.map(({ verdict }) => verdict.inertia ?? Number.NaN)
      medians.set(name, quantile(inertias, 0.5))
    }
    const lowest = Math.min(...medians.values())
    /** @type {Map<string, string[]>} */
    const faults = new Map()
    for (const [name, median] of medians) {
      const allowed = isNigh(name) ? 1.05 : 1.25
      if (!(median <= allowed * lowest))
        faults.set(name, [`median inertia ${median}, the lowest is ${lowest}`])
    }
    return faults
  }

  /** @param {ReadonlyMap<string, readonly Judged[]>} judged */
  #sameDistances(judged) {
    const wanted = [...judged.values()].flat()[0]?.verdict.distances ?? 0
    return faultsOf(judged, ({ verdict: { distances = Number.NaN } }) =>
      Math.abs(distances - wanted) <= agreement * wanted
        ? ''
        : `distances sum to ${distances}, another’s to ${wanted}`,
    )
  }

  /** @param {ReadonlyMap<string, readonly Judged[]>} judged */
  #sameNeighbors(judged) {
    const { k, expected } = this.#case
    const all = [...judged.values()]
      .flat()
      .flatMap(({ distancesSq }) => (distancesSq === undefined ? [] : [distancesSq]))
    const best = all[0]?.slice() ?? new Float64Array()
    for (const found of all) for (let i = 0; i < best.length; i++) best[i] = Math.min(best[i], found[i])
    const faults = faultsOf(judged, (judgement, name) => {
      const found = judgement.distancesSq ?? new Float64Array()
      const slack = isNigh(name) ? 1 : 1 + float32Slack
      let hits = 0
      for (let i = 0; i < found.length; i++) {
        const last = best[Math.floor(i / k) * k + k - 1]
        if (found[i] <= last * slack) hits++
      }
      const recall = found.length === 0 ? 0 : hits / found.length
      judgement.verdict = { ...judgement.verdict, recall }
      if (recall < 1) return `recall ${recall}`
      const { distances = Number.NaN } = judgement.verdict
      const wanted = expected?.distances ?? distances
      return Math.abs(distances - wanted) <= 1e-5 * wanted
        ? ''
        : `distances sum to ${distances}, expected ${wanted}`
    })
    return faults
  }
}

/** @param {string} name */
export const isNigh = (name) => name.startsWith('nigh')

/** @param {ReadonlyMap<string, readonly Judged[]>} judged @param {(one: Judged, name: string) => string} faultOf */
function faultsOf(judged, faultOf) {
  /** @type {Map<string, string[]>} */
  const faults = new Map()
  for (const [name, runs] of judged) {
    const found = [...new Set(runs.map((one) => faultOf(one, name)).filter((fault) => fault !== ''))]
    if (found.length > 0) faults.set(name, found.slice(0, 3))
  }
  return faults
}
