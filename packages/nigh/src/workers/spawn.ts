import type { TeamMessage, WorkerMessage } from './message.ts'

/** A worker thread, wherever it runs. */
export interface Thread {
  post(message: TeamMessage, transfer: ArrayBuffer[]): void
  /** Sets what hears its messages, and what hears that it died (never both for one job). */
  hear(onMessage: (message: WorkerMessage) => void, onDeath: (reason: string) => void): void
  /** While held, the thread keeps the process alive; a thread that waits for work does not. */
  hold(held: boolean): void
  terminate(): void
}

/** How many threads this machine runs at once. */
export async function hardwareThreads(): Promise<number> {
  if (isNode()) {
    const os = await nodeOs()
    return Math.max(1, os.availableParallelism())
  }
  return Math.max(1, globalThis.navigator?.hardwareConcurrency ?? 1)
}

/** How many threads this machine runs at once, as far as that can be known without waiting. */
export function hardwareThreadsNow(): number {
  if (isNode()) {
    const os = process.getBuiltinModule?.('node:os')
    return Math.max(1, os?.availableParallelism() ?? 4)
  }
  return Math.max(1, globalThis.navigator?.hardwareConcurrency ?? 1)
}

/** Starts a worker, or returns null where this environment has none or does not let one start. */
export async function spawn(): Promise<Thread | null> {
  try {
    if (isNode()) return await spawnInNode()
    return typeof Worker === 'undefined' ? null : await spawnInBrowser()
  } catch {
    return null
  }
}

/** In a worker: serves every message that comes. */
export async function listen(
  serve: (message: TeamMessage, post: (message: WorkerMessage) => void) => void,
): Promise<void> {
  if (isNode()) {
    const { parentPort } = await nodeWorkers()
    if (parentPort === null) throw new Error('workers/entry runs in a worker')
    parentPort.on('message', (message: TeamMessage) =>
      serve(message, (answer) => parentPort.postMessage(answer)),
    )
    parentPort.postMessage({ type: 'ready' } satisfies WorkerMessage)
    return
  }
  const post = (answer: WorkerMessage): void => globalThis.postMessage(answer)
  globalThis.addEventListener('message', (event: MessageEvent<TeamMessage>) => serve(event.data, post))
  // Not while this script still runs: until it has run, Chromium holds messages back in the starter's own event loop,
  // which a leader that waits for its members does not turn.
  setTimeout(() => post({ type: 'ready' }), 0)
}

/** Whether shared memory can go to another thread here: always in Node, only on isolated pages in a browser. */
export function canShareMemory(): boolean {
  if (typeof SharedArrayBuffer === 'undefined' || typeof WebAssembly === 'undefined') return false
  return isNode() || globalThis.crossOriginIsolated === true
}

/** Waits for the next turn of the event loop, so that aborts, timers and input are heard. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    if (typeof setImmediate === 'function') {
      setImmediate(resolve)
      return
    }
    const { port1, port2 } = new MessageChannel()
    port1.onmessage = () => {
      port1.close()
      resolve()
    }
    port2.postMessage(null)
  })
}

function isNode(): boolean {
  return typeof process !== 'undefined' && typeof process.versions?.node === 'string'
}

// The names are held in variables so that bundlers for the browser do not try to resolve Node's modules.
function nodeWorkers(): Promise<typeof import('node:worker_threads')> {
  const name = 'node:worker_threads'
  return import(/* @vite-ignore */ /* webpackIgnore: true */ name)
}

function nodeOs(): Promise<typeof import('node:os')> {
  const name = 'node:os'
  return import(/* @vite-ignore */ /* webpackIgnore: true */ name)
}

async function spawnInNode(): Promise<Thread> {
  const { Worker: NodeWorker } = await nodeWorkers()
  // Flags of this process that say how its own program is read (as --input-type does) are not the worker's.
  const worker = new NodeWorker(new URL('./entry.js', import.meta.url), { execArgv: [] })
  let onMessage: (message: WorkerMessage) => void = () => {}
  let onDeath: (reason: string) => void = () => {}
  worker.on('message', (message: WorkerMessage) => onMessage(message))
  worker.on('error', (error: Error) => onDeath(error.message))
  worker.on('messageerror', (error: Error) => onDeath(error.message))
  worker.on('exit', (code: number) => onDeath(`exit code ${code}`))
  return ready({
    post: (message, transfer) => worker.postMessage(message, transfer),
    hear: (message, death) => {
      onMessage = message
      onDeath = death
    },
    hold: (held) => (held ? worker.ref() : worker.unref()),
    terminate: () => {
      void worker.terminate()
    },
  })
}

async function spawnInBrowser(): Promise<Thread> {
  const worker = new Worker(new URL('./entry.js', import.meta.url), { type: 'module' })
  let onMessage: (message: WorkerMessage) => void = () => {}
  let onDeath: (reason: string) => void = () => {}
  worker.addEventListener('message', (event: MessageEvent<WorkerMessage>) => onMessage(event.data))
  worker.addEventListener('error', (event) =>
    onDeath(event.message || 'the worker script could not be loaded'),
  )
  worker.addEventListener('messageerror', () => onDeath('a message could not be read'))
  return ready({
    post: (message, transfer) => worker.postMessage(message, transfer),
    hear: (message, death) => {
      onMessage = message
      onDeath = death
    },
    hold: () => {},
    terminate: () => worker.terminate(),
  })
}

/** The thread once it listens; an error where it dies before that, as under a policy that blocks its script. */
function ready(thread: Thread): Promise<Thread> {
  return new Promise((resolve, reject) => {
    thread.hear(
      (message) => {
        // One turn more: that the script has run is heard by another queue than its messages.
        if (message.type === 'ready') void nextTurn().then(() => resolve(thread))
      },
      (reason) => {
        thread.terminate()
        reject(new Error(reason))
      },
    )
  })
}
