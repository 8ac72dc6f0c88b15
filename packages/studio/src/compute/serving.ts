// Serves what the page asks: the table is held here, and here all is computed. The heavy passes run in nigh's own
// workers. What a task needs is loaded when it is first asked for: a lesson needs little.

import { InputError } from 'nigh'
import type { FromWorker, Task, TaskProgress, Tasks, ToWorker } from './tasks.ts'

/** How a task hears and is heard. */
export interface Work {
  readonly signal: AbortSignal
  readonly progress: (progress: TaskProgress) => void
  /** Hands an array of the answer over rather than copying it: nothing here may use it afterwards. */
  readonly give: <T extends ArrayBufferView>(array: T) => T
}

type Handlers = { [K in Task]: (ask: Tasks[K]['ask'], work: Work) => Promise<Tasks[K]['answer']> }

const tableTasks = () => import('./table.ts')
const clusterTasks = () => import('./cluster.ts')
const predictTasks = () => import('./predict.ts')
const anomalyTasks = () => import('./anomalies.ts')

const handlers: Handlers = {
  open: async (ask, work) => (await tableTasks()).open(ask, work),
  places: async (ask, work) => (await tableTasks()).places(ask, work),
  cells: async (ask) => (await tableTasks()).cells(ask),
  choose: async (ask, work) => (await clusterTasks()).choose(ask, work),
  cluster: async (ask, work) => (await clusterTasks()).cluster(ask, work),
  silhouette: async (ask, work) => (await clusterTasks()).silhouetteOf(ask, work),
  clusterTable: async (ask, work) => (await clusterTasks()).clusterTable(ask, work),
  clusterModel: async (ask) => (await clusterTasks()).clusterModel(ask),
  chooseNeighbors: async (ask, work) => (await predictTasks()).chooseNeighbors(ask, work),
  evaluate: async (ask, work) => (await predictTasks()).evaluate(ask, work),
  inspect: async (ask) => (await predictTasks()).inspect(ask),
  predict: async (ask, work) => (await predictTasks()).predict(ask, work),
  neighborModel: async (ask) => (await predictTasks()).neighborModel(ask),
  anomalies: async (ask, work) => (await anomalyTasks()).anomalies(ask, work),
  anomalyTable: async (ask, work) => (await anomalyTasks()).anomalyTable(ask, work),
  anomalyModel: async (ask) => (await anomalyTasks()).anomalyModel(ask),
  run: async (ask) => (await import('../learn/kmeans-run.ts')).runOf(ask),
  regions: async (ask, work) => (await import('./regions.ts')).regions(ask, work),
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

/** A message of the page. */
export function hear(message: ToWorker): void {
  if (message.type === 'cancel') running.get(message.id)?.abort(new DOMException('stopped', 'AbortError'))
  else void serve(message.id, message.task, message.ask)
}
