// Reads what Spark itself wrote down of its work: tasks with their processor time and the bytes they shuffled, queries,
// and the memory of the driver.
import { createReadStream, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

/** Settings with which a server writes its events down, to a folder that exists. */
export function eventLogTo(folder) {
  return {
    'spark.eventLog.enabled': 'true',
    'spark.eventLog.dir': `file://${folder}`,
    'spark.eventLog.compress': 'false',
    'spark.eventLog.rolling.enabled': 'false',
    'spark.eventLog.logStageExecutorMetrics': 'true',
    'spark.executor.heartbeatInterval': '2s',
  }
}

const wanted = [
  'SparkListenerTaskEnd',
  'SparkListenerStageCompleted',
  'SparkListenerStageExecutorMetrics',
  'SparkListenerJobStart',
]

/**
 * The events of a server that has stopped.
 *
 * @returns {Promise<{ tasks: { at: number, cpu: number, shuffled: number, result: number }[], queries: number[], driver: { at: number, heap: number }[] }>}
 * times in milliseconds since 1970, processor time in seconds, sizes in bytes
 */
export async function readEvents(folder) {
  const found = { tasks: [], queries: [], driver: [] }
  const stageEnds = new Map()
  const heaps = []
  const started = new Set()
  for (const name of readdirSync(folder)) {
    // Hundreds of megabytes: queries are written down with their plans.
    for await (const line of createInterface({ input: createReadStream(join(folder, name)) })) {
      const kind = line.slice(0, 120)
      if (!wanted.some((event) => kind.includes(event))) continue
      const event = JSON.parse(line)
      if (kind.includes('JobStart')) {
        // A query may be several jobs; one without any only made a view.
        const query = event.Properties['spark.sql.execution.id']
        if (query !== undefined && !started.has(query)) found.queries.push(event['Submission Time'])
        started.add(query)
      } else if (kind.includes('StageCompleted')) {
        stageEnds.set(event['Stage Info']['Stage ID'], event['Stage Info']['Completion Time'])
      } else if (kind.includes('StageExecutorMetrics')) {
        if (event['Executor ID'] === 'driver') {
          heaps.push({ stage: event['Stage ID'], heap: event['Executor Metrics'].JVMHeapMemory })
        }
      } else {
        const metrics = event['Task Metrics']
        if (metrics === undefined) continue
        found.tasks.push({
          at: event['Task Info']['Finish Time'],
          cpu: metrics['Executor CPU Time'] / 1e9,
          shuffled: metrics['Shuffle Write Metrics']['Shuffle Bytes Written'],
          result: metrics['Result Size'],
        })
      }
    }
  }
  for (const { stage, heap } of heaps) {
    const at = stageEnds.get(stage)
    if (at !== undefined) found.driver.push({ at, heap })
  }
  return found
}

/** What happened between two times. */
export function between(events, from, to) {
  const tasks = events.tasks.filter(({ at }) => at >= from && at < to)
  const sum = (key) => tasks.reduce((total, task) => total + task[key], 0)
  return {
    queries: events.queries.filter((at) => at >= from && at < to).length,
    tasks: tasks.length,
    taskProcessorSeconds: round(sum('cpu')),
    shuffledBytes: sum('shuffled'),
    bytesToDriver: sum('result'),
    driverHeapBytes: events.driver
      .filter(({ at }) => at >= from && at < to)
      .reduce((most, { heap }) => Math.max(most, heap), 0),
  }
}

/** Seconds to the millisecond. */
export function round(seconds) {
  return Math.round(seconds * 1000) / 1000
}
