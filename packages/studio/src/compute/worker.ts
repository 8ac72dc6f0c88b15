// The worker that holds the table and computes. It starts nigh's own workers for the heavy passes.

import { InputError } from 'nigh'
import { runOf } from '../learn/kmeans-run.ts'
import { anomalies, anomalyModel, anomalyTable } from './anomalies.ts'
import { choose, cluster, clusterModel, clusterTable, silhouetteOf } from './cluster.ts'
import { chooseNeighbors, evaluate, inspect, neighborModel, predict } from './predict.ts'
import { regions } from './regions.ts'
import { cells, open, places } from './table.ts'
import type { FromWorker, Task, TaskProgress, Tasks, ToWorker } from './tasks.ts'

/** How a task hears and is heard. */
export interface Work {
  readonly signal: AbortSignal
  readonly progress: (progress: TaskProgress) => void
  /** Hands an array of the answer over rather than copying it: nothing here may use it afterwards. */
  readonly give: <T extends ArrayBufferView>(array: T) => T
}

type Handlers = { [K in Task]: (ask: Tasks[K]['ask'], work: Work) => Promise<Tasks[K]['answer']> }

const handlers: Handlers = {
  open,
  places,
  cells,
  choose,
  cluster,
  silhouette: silhouetteOf,
  clusterTable,
  clusterModel,
  chooseNeighbors,
  evaluate,
  inspect,
  predict,
  neighborModel,
  anomalies,
  anomalyTable,
  anomalyModel,
  run: async (ask) => runOf(ask),
  regions,
}

const running = new Map<number, AbortController>()

function post(message: FromWorker, transfer: Transferable[] = []): void {
  globalThis.postMessage(message, { transfer })
}

async function serve<K extends Task>(id: number, task: K, ask: Tasks[K]['ask']): Promise<void> {
  const controller = new AbortController()
  running.set(id, controller)
  let said = 0
  const given: Transferable[] = []
  try {
    const answer = await handlers[task](ask, {
      signal: controller.signal,
      progress: (progress) => {
        // A screen shows no more than that.
        const now = performance.now()
        if (now - said < 30) return
        said = now
        post({ type: 'progress', id, progress })
      },
      give: (array) => {
        if (array.buffer instanceof ArrayBuffer) given.push(array.buffer)
        return array
      },
    })
    if (controller.signal.aborted) post({ type: 'cancelled', id })
    else post({ type: 'answer', id, answer }, given)
  } catch (error) {
    if (controller.signal.aborted) post({ type: 'cancelled', id })
    else if (error instanceof InputError) post({ type: 'failed', id, message: error.message, expected: true })
    else if (error instanceof RangeError && /alloc|length|memory/i.test(error.message)) {
      post({
        type: 'failed',
        id,
        message: `This browser has not enough memory for that: use fewer columns, or the command on a machine with more.`,
        expected: true,
      })
    } else {
      const message = error instanceof Error ? error.message : String(error)
      post({ type: 'failed', id, message, expected: false })
    }
  } finally {
    running.delete(id)
  }
}

globalThis.addEventListener('message', ({ data }: MessageEvent<ToWorker>) => {
  if (data.type === 'cancel') running.get(data.id)?.abort(new DOMException('stopped', 'AbortError'))
  else void serve(data.id, data.task, data.ask)
})
