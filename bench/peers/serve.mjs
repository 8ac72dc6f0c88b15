// The Node side of the protocol that peers/python/worker.py describes: JSON lines in, JSON lines out.

import { readFileSync, writeFileSync, openSync, readSync, closeSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

/**
 * @typedef {import('../types.d.ts').Loaded} Loaded
 * @typedef {import('../types.d.ts').Stored} Stored
 * @typedef {{ seconds: Record<string, number>, arrays: Record<string, ArrayLike<number>>, facts?: Record<string, number> }} Measured
 * @typedef {(seed: number) => Promise<Measured> | Measured} Runner
 */

/** @param {Stored} file @returns {Float32Array} */
export function stored(file) {
  const values = new Float32Array(file.rows * file.columns)
  const bytes = new Uint8Array(values.buffer)
  const handle = openSync(file.path, 'r')
  for (let at = 0; at < bytes.length; ) {
    const read = readSync(handle, bytes, at, Math.min(bytes.length - at, 1 << 26), at)
    if (read === 0) throw new Error(`${file.path} is too short`)
    at += read
  }
  closeSync(handle)
  return values
}

/** The same numbers as plain rows. @param {Stored} file @returns {number[][]} */
export function storedRows(file) {
  const values = stored(file)
  /** @type {number[][]} */
  const rows = []
  for (let i = 0; i < file.rows; i++) {
    rows.push(Array.from(values.subarray(i * file.columns, (i + 1) * file.columns)))
  }
  return rows
}

/** The version in a package.json. @param {URL} file @returns {string} */
export function versionIn(file) {
  return JSON.parse(readFileSync(file, 'utf8')).version
}

/**
 * Answers requests until the input ends.
 *
 * @param {string} peer
 * @param {(loaded: Loaded) => Promise<{ run: Runner, versions: Record<string, string>, libraries?: string[] }>} prepare
 */
export async function serve(peer, prepare) {
  /** @type {Loaded | undefined} */
  let loaded
  /** @type {Runner | undefined} */
  let run
  for await (const line of createInterface({ input: process.stdin })) {
    const request = JSON.parse(line)
    let reply
    try {
      if (request.op === 'load') {
        run = undefined // the last case's memory goes first
        loaded = /** @type {Loaded} */ (request.case)
        const ready = await prepare(loaded)
        run = ready.run
        reply = { versions: { node: process.version, ...ready.versions }, libraries: ready.libraries ?? [] }
      } else {
        if (run === undefined || loaded === undefined) throw new Error('nothing is loaded')
        const { seconds, arrays, facts } = await run(request.seed)
        const answer = {
          ...keep(loaded, peer, arrays),
          ...facts,
          peakMiB: process.resourceUsage().maxRSS / 1024,
        }
        reply = { seconds, answer }
      }
    } catch (error) {
      reply = { error: error instanceof Error ? (error.stack ?? error.message) : String(error) }
    }
    process.stdout.write(`${JSON.stringify(reply)}\n`)
  }
  process.exit(0)
}

/**
 * Writes an answer's arrays for the referee: indices and labels as int32, centroids as float64.
 *
 * @param {Loaded} loaded @param {string} peer @param {Record<string, ArrayLike<number>>} arrays
 */
function keep(loaded, peer, arrays) {
  /** @type {Record<string, string>} */
  const answer = {}
  for (const [name, values] of Object.entries(arrays)) {
    const path = join(loaded.scratch, `${peer.replaceAll(/\W+/g, '-')}.${name}`)
    writeFileSync(path, name === 'centroids' ? Float64Array.from(values) : Int32Array.from(values))
    answer[name] = path
  }
  return answer
}

/** Seconds since `start`, a reading of performance.now(). @param {number} start */
export function since(start) {
  return (performance.now() - start) / 1000
}

/** @param {number[]} values */
export function medianOf(values) {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}
