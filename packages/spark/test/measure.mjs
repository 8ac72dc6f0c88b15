// Measures the cluster against one machine and against plain PySpark, on rows that Spark makes itself:
//
//   npx tsc -b packages/spark && node packages/spark/test/measure.mjs
//   node packages/spark/tools/measured.mjs        writes what was measured into docs/spark.md
//
//   [--rows 2000000] [--k 50] [--queries 10000] [--rounds 3] [--minutes 13] [--parts kmeans,neighbors,sql] [--to FILE]
//
// Everything runs on this machine's loopback. Engines take turns in every round; a round is begun only where as much
// time is left as the last one took. Figures go to packages/spark/measurements.json; those of a run that is smaller than
// the default go there only where --to says so.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { describeCommit, describeMachine, load } from '../../../bench/machine.mjs'
import { connect } from '../dist/index.js'
import { executorsOf, startCluster } from './cluster.mjs'
import { between, eventLogTo, readEvents, round } from './event-log.mjs'
import { partitionings, startKMeans } from './measure-kmeans.mjs'
import { measureNeighbors, measureSql } from './measure-neighbors.mjs'
import { columns, made, toMatrix } from './measure-rows.mjs'

const { values: asked } = parseArgs({
  options: {
    rows: { type: 'string', default: '2000000' },
    k: { type: 'string', default: '50' },
    queries: { type: 'string', default: '10000' },
    rounds: { type: 'string', default: '3' },
    minutes: { type: 'string', default: '13' },
    parts: { type: 'string', default: 'kmeans,neighbors,sql' },
    to: { type: 'string' },
  },
})
const rows = Number(asked.rows)
const k = Number(asked.k)
const queries = Number(asked.queries)
const parts = asked.parts.split(',')
const whole = rows >= 2_000_000 && queries >= 10_000 && parts.length === 3
const to = asked.to ?? (whole ? fileURLToPath(new URL('../measurements.json', import.meta.url)) : null)
const began = performance.now()
const minutes = () => (performance.now() - began) / 60_000

/** @type {{ name: string, seconds: number, processors: object, from: number, to: number, found: object }[]} */
const laps = []

/**
 * Measures one piece of work.
 *
 * @param work returns `value`, `found` (what proves the answer, or tells how it was made), and `seconds` where the time
 * was taken elsewhere
 */
async function lap(name, work) {
  const from = Date.now()
  const clock = performance.now()
  const before = processorSeconds()
  const { value, found = {}, seconds } = await work()
  const took = round(seconds ?? (performance.now() - clock) / 1000)
  const after = processorSeconds()
  const processors = {}
  for (const [who, spent] of Object.entries(after)) processors[who] = round(spent - before[who])
  laps.push({ name, seconds: took, processors, from, to: Date.now(), found })
  const busy = processors.driver + processors.executors + processors.client
  const told = Object.entries(found).map(
    ([key, x]) => `${key} ${typeof x === 'object' ? JSON.stringify(x) : x}`,
  )
  console.log(
    `${took.toFixed(2).padStart(8)} s  ${busy.toFixed(1).padStart(6)} s of processors  ${name}: ${told.join(', ')}`,
  )
  return value
}

/** Seconds that processors have worked for each: what a busy machine hardly changes. Linux only; 0 elsewhere. */
function processorSeconds() {
  const { user, system } = process.cpuUsage()
  const spent = { driver: 0, executors: 0, client: (user + system) / 1e6 }
  if (process.platform !== 'linux') return spent
  const of = (pid) => {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      return (Number(fields[11]) + Number(fields[12])) / 100
    } catch {
      return 0 // ended
    }
  }
  spent.driver = of(cluster.pid)
  for (const pid of cluster.workers.flatMap(executorsOf)) spent.executors += of(pid)
  return spent
}

const folder = mkdtempSync(join(tmpdir(), 'nigh-measure-'))
const events = join(folder, 'events')
mkdirSync(events)
const loads = [load()]
const memory = '2g'
const cluster = await startCluster({ memory, conf: eventLogTo(events) })
let version = ''
let rounds = 0
try {
  const spark = await connect(cluster.url, { token: cluster.token, retryMs: 120_000 })
  version = spark.version
  console.log(`Spark ${version}, two workers of one core, a driver of ${memory}; load ${loads[0]}`)
  console.log(`${rows} × ${columns.length}, k = ${k}`)
  const path = join(folder, 'rows')
  await spark.sql(made(rows, 0)).writeParquet(path)
  const points = await toMatrix(spark.parquet(path), rows)
  const setting = { spark, cluster, folder, path, points, rows, k, queries, lap }
  const kmeans = parts.includes('kmeans') ? await startKMeans(setting) : null
  try {
    // What proves the answers first; then more rounds while there is time.
    if (kmeans !== null) {
      const from = minutes()
      await kmeans.round(partitionings[0])
      rounds = 1
      const took = minutes() - from
      for (const how of partitionings.slice(1)) await kmeans.exact(how)
      if (parts.includes('neighbors')) await measureNeighbors(setting)
      if (parts.includes('sql')) await measureSql(setting)
      while (rounds < Number(asked.rounds) && minutes() + took * 1.2 < Number(asked.minutes)) {
        await kmeans.round(partitionings[0])
        rounds++
      }
    } else {
      if (parts.includes('neighbors')) await measureNeighbors(setting)
      if (parts.includes('sql')) await measureSql(setting)
    }
  } finally {
    kmeans?.end()
  }
  await spark.close()
  await cluster.stop()
  loads.push(load())
  const happened = await readEvents(events)
  const told = laps.map(({ name, seconds, processors, from, to: end, found }) => {
    const { phases, ...rest } = found
    const cuts = phases === undefined ? {} : { phases: cut(phases, from, end, happened) }
    return { name, seconds, processors, spark: between(happened, from, end), ...rest, ...cuts }
  })
  const { cpu, cores, memoryGiB, platform, node } = describeMachine()
  const measured = {
    date: new Date().toISOString().slice(0, 10),
    commit: describeCommit(),
    machine: { cpu, cores, memoryGiB, platform, node },
    load: loads,
    spark: version,
    driverMemory: memory,
    executors: '2 executors of one core and 900 MB',
    rows,
    columns: columns.length,
    k,
    queries,
    rounds,
    minutes: Math.round(minutes() * 10) / 10,
    laps: told,
  }
  console.log(`\nIn all ${minutes().toFixed(1)} minutes, ${rounds} rounds; load ${loads.join(', then ')}`)
  if (to === null) console.log('A small run: name a file with --to to keep its figures')
  else {
    writeFileSync(to, `${JSON.stringify(measured, null, 2)}\n`)
    console.log(`Figures: ${to}\nnode packages/spark/tools/measured.mjs writes them into docs/spark.md`)
  }
} finally {
  await cluster.stop()
  rmSync(folder, { recursive: true, force: true })
}

/** What Spark did in each phase of a lap. */
function cut(phases, from, end, happened) {
  const names = Object.keys(phases)
  const times = [from, ...names.slice(0, -1).map((name) => phases[name]), end]
  const all = {}
  names.forEach((name, i) => {
    all[name] = {
      seconds: round((times[i + 1] - times[i]) / 1000),
      ...between(happened, times[i], times[i + 1]),
    }
  })
  return all
}
