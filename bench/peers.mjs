// Starts peers in processes of their own and talks to them in JSON lines (see peers/python/worker.py).

import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { pythonPath } from './setup.mjs'

/**
 * @typedef {import('./types.d.ts').Loaded} Loaded
 * @typedef {import('./types.d.ts').Run} Run
 */

const script = (/** @type {string} */ name) => fileURLToPath(new URL(`peers/${name}`, import.meta.url))

/** @type {Readonly<Record<string, 'python' | 'node' | 'nigh'>>} */
export const known = {
  nigh: 'nigh',
  'nigh-one-thread': 'nigh',
  sklearn: 'python',
  'sklearn-elkan': 'python',
  sklearnex: 'python',
  faiss: 'python',
  pykdtree: 'python',
  scipy: 'python',
  'ml-kmeans': 'node',
  skmeans: 'node',
  'ml-knn': 'node',
  'static-kdtree': 'node',
  kdbush: 'node',
}

/**
 * The environment of a peer: every library's thread count, and none of the variables that choose its kernels.
 *
 * @param {number} threads
 */
function environment(threads) {
  const env = { ...process.env }
  for (const name of Object.keys(env)) {
    if (/^(OPENBLAS|MKL|OMP|GOMP|KMP|TBB|DAAL|NPY|NODE_OPTIONS)/.test(name)) delete env[name]
  }
  for (const name of ['OMP', 'OPENBLAS', 'MKL']) env[`${name}_NUM_THREADS`] = String(threads)
  return env
}

/** A peer's process: load a case, then run it again and again. */
export class Peer {
  /** @type {string} */ name
  /** Versions, told when a case is loaded. @type {Record<string, string>} */ versions = {}
  #child
  #lines
  #threads

  /**
   * @param {string} name one of {@link known}, or `nigh on PATH` for another Node
   * @param {number} threads
   * @param {readonly string[]} flags for a Node peer's own command line
   */
  constructor(name, threads, flags = []) {
    this.name = name
    const other = /^nigh on (.+)$/.exec(name)?.[1]
    const kind = other === undefined ? known[name] : 'nigh'
    if (kind === undefined) throw new Error(`there is no peer "${name}"`)
    this.#threads = name === 'nigh-one-thread' ? 1 : threads
    const [program, args] =
      kind === 'python'
        ? [pythonPath, [script('python/worker.py'), name]]
        : [
            other ?? process.execPath,
            [...flags, script(kind === 'nigh' ? 'nigh.mjs' : 'node/worker.mjs'), name],
          ]
    this.#child = spawn(program, args, {
      env: environment(this.#threads),
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    this.#child.stdin.on('error', () => {}) // a dead peer is reported where its answer is awaited
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]()
  }

  /** @param {object} request @returns {Promise<any>} */
  async #ask(request) {
    this.#child.stdin.write(`${JSON.stringify(request)}\n`)
    const { value, done } = await this.#lines.next()
    if (done) throw new Error(`${this.name} died`)
    const reply = JSON.parse(value)
    if (reply.error !== undefined) throw new Error(`${this.name}: ${reply.error}`)
    return reply
  }

  /** @param {Omit<Loaded, 'threads'>} loaded */
  async load(loaded) {
    const { versions, libraries } = await this.#ask({
      op: 'load',
      case: { ...loaded, threads: this.#threads },
    })
    this.versions = { ...versions, ...(libraries.length > 0 ? { libraries: libraries.join(' · ') } : {}) }
  }

  /** @param {number} seed @returns {Promise<Run>} */
  run(seed) {
    return this.#ask({ op: 'run', seed })
  }

  /** Ends the process and waits until it is gone. */
  async close() {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const gone = new Promise((resolve) => this.#child.once('exit', resolve))
    this.#child.stdin.end()
    await gone
  }
}
