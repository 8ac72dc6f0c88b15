import type { Task, TaskProgress, Tasks } from './tasks.ts'

/** What the person stopped. */
export class Cancelled extends Error {
  override readonly name = 'Cancelled'
}

/** What the worker refused, in words for the person. `expected` is false for a defect of ours. */
export class Refused extends Error {
  override readonly name = 'Refused'
  readonly expected: boolean

  constructor(message: string, expected: boolean) {
    super(message)
    this.expected = expected
  }
}

/** How a task is followed. */
export interface Following {
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: TaskProgress) => void
  readonly transfer?: Transferable[]
}

/** A worker that has not stopped by then is ended: some readers do not look up from their work. Milliseconds. */
const PATIENCE = 3000

/** A worker that holds a table and answers questions about it, one name each. */
export class Desk {
  /** Told when the worker was ended or died, and with it the table that it held. */
  onLost: () => void = () => {}
  #worker: Worker | null = null
  #next = 0
  readonly #waiting = new Map<number, (message: MessageEvent['data']) => void>()

  /** Asks the worker. */
  ask<K extends Task>(task: K, ask: Tasks[K]['ask'], following: Following = {}): Promise<Tasks[K]['answer']> {
    const { signal, onProgress, transfer = [] } = following
    const worker = this.#started()
    const id = this.#next++
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) {
        reject(new Cancelled())
        return
      }
      const cancel = (): void => {
        worker.postMessage({ type: 'cancel', id })
        setTimeout(() => {
          if (this.#waiting.has(id)) this.#end(worker, (asked) => ({ type: 'cancelled', id: asked }))
        }, PATIENCE)
      }
      signal?.addEventListener('abort', cancel, { once: true })
      this.#waiting.set(id, (message) => {
        if (message.type === 'progress') {
          onProgress?.(message.progress)
          return
        }
        this.#waiting.delete(id)
        signal?.removeEventListener('abort', cancel)
        if (message.type === 'answer') resolve(message.answer)
        else if (message.type === 'cancelled') reject(new Cancelled())
        else reject(new Refused(message.message, message.expected))
      })
      worker.postMessage({ type: 'ask', id, task, ask }, transfer)
    })
  }

  #started(): Worker {
    if (this.#worker !== null) return this.#worker
    const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' })
    worker.addEventListener('message', ({ data }: MessageEvent) => this.#waiting.get(data.id)?.(data))
    worker.addEventListener('error', (event) => {
      event.preventDefault()
      const why =
        event.message === undefined || event.message === ''
          ? 'This browser did not load the worker that computes. Something blocks worker scripts: an extension, or the settings of the site. Allow them and reload.'
          : `The worker that computes has stopped: ${event.message}. Open the file again; if that happens with the same file, it needs more memory than the browser gives.`
      this.#end(worker, (id) => ({ type: 'failed', id, message: why, expected: true }))
    })
    this.#worker = worker
    return worker
  }

  /** Ends the worker; everything that waits for it hears why. */
  #end(worker: Worker, message: (id: number) => MessageEvent['data']): void {
    if (this.#worker !== worker) return
    this.#worker = null
    worker.terminate()
    for (const [id, hear] of this.#waiting) hear(message(id))
    this.onLost()
  }
}
