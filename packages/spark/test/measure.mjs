// Measures the cluster against one machine and against plain PySpark, on rows that Spark makes itself:
//
//   node packages/spark/test/measure.mjs [--rows 2000000] [--k 50] [--queries 10000] [--rounds 3] [--parts kmeans,neighbors,sql]
//
// Everything runs on this machine's loopback. Engines take turns in every round; the least and the middle time of each
// is printed at the end, beside what proves its answer. Under 10 minutes on a quiet machine of two cores.
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { KMeans, Matrix, NearestNeighbors } from 'nigh'
import { connect } from '../dist/index.js'
import { executorsOf, startCluster } from './cluster.mjs'

const { values: asked } = parseArgs({
  options: {
    rows: { type: 'string', default: '2000000' },
    k: { type: 'string', default: '50' },
    queries: { type: 'string', default: '10000' },
    rounds: { type: 'string', default: '3' },
    parts: { type: 'string', default: 'kmeans,neighbors,sql' },
  },
})
const rows = Number(asked.rows)
const k = Number(asked.k)
const queryRows = Number(asked.queries)
const rounds = Number(asked.rounds)
const parts = asked.parts.split(',')
const d = 16
const names = Array.from({ length: d }, (_, j) => `x${j}`)
const began = performance.now()

/** Seconds of each measurement, by its name; and of processors: the cluster's, and this process's. */
const times = new Map()
async function lap(name, work) {
  const from = performance.now()
  const before = processorSeconds()
  const { value, report = '', seconds } = (await work()) ?? {}
  const took = seconds ?? (performance.now() - from) / 1000
  const busy = processorSeconds() - before
  times.set(name, [...(times.get(name) ?? []), { took, busy }])
  console.log(
    `${took.toFixed(2).padStart(8)} s  ${busy.toFixed(1).padStart(6)} s of processors  ${name}${report === '' ? '' : `: ${report}`}`,
  )
  return value
}

/**
 * Seconds that processors have worked for this process, the server and the executors: what a busy machine does not
 * change. Linux only; 0 elsewhere.
 */
function processorSeconds() {
  if (process.platform !== 'linux') return 0
  let ticks = 0
  for (const pid of [cluster.pid, ...cluster.workers.flatMap(executorsOf)]) {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      ticks += Number(fields[11]) + Number(fields[12])
    } catch {
      // not Linux, or ended
    }
  }
  const { user, system } = process.cpuUsage()
  return ticks / 100 + (user + system) / 1e6
}

/** Rows in 40 clusters of differing width, from hashes of their numbers: the same each time, on any machine. */
function made(n, salt) {
  const uniform = (j, s) => `(pmod(xxhash64(id, ${j}, ${s + salt}), 1048576) / 1048576D)`
  const cells = names.map(
    (name, j) =>
      `pmod(xxhash64(c, ${j}), 1000) / 50D + (0.3D + c / 40D) * (${uniform(j, 1)} + ${uniform(j, 2)} + ${uniform(j, 3)} - 1.5D) as ${name}`,
  )
  return `select id as row, ${cells.join(', ')} from (select id, pmod(xxhash64(id, ${salt}), 40) as c from range(0, ${n}, 1, 8))`
}

async function toMatrix(frame, n) {
  const values = new Float64Array(n * d)
  for await (const table of frame.tables({ maxBytes: Number.POSITIVE_INFINITY })) {
    const at = Array.from(table.getChild('row'), Number)
    names.forEach((name, j) => {
      let i = 0
      for (const value of table.getChild(name)) values[at[i++] * d + j] = value
    })
  }
  return Matrix.of(values, d)
}

/** PySpark's own KMeans on the same cluster: fits one Parquet file each time it is told to. */
function pyspark(cluster) {
  const program = `
import sys, time
from pyspark.sql import SparkSession
from pyspark.ml.feature import VectorAssembler
from pyspark.ml.clustering import KMeans
spark = SparkSession.builder.remote("${cluster.url.replace('127.0.0.1', 'localhost')}/;use_ssl=false;token=${cluster.token}").getOrCreate()
print("ready", flush=True)
for line in sys.stdin:
    path, k = line.split()
    began = time.time()
    rows = VectorAssembler(inputCols=[f"x{j}" for j in range(${d})], outputCol="features").transform(spark.read.parquet(path))
    model = KMeans(k=int(k), seed=0, maxIter=20).fit(rows)
    summary = f"{model.summary.numIter} iterations, inertia {model.summary.trainingCost}"
    print(f"{time.time() - began}\\t{summary}", flush=True)
`
  const child = spawn(cluster.spark.python, ['-W', 'ignore', '-c', program], {
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return {
    ready: () => lines.next(),
    fit: async (path, clusters) => {
      child.stdin.write(`${path} ${clusters}\n`)
      const { value, done } = await lines.next()
      if (done) throw new Error('PySpark ended')
      const [seconds, report] = value.split('\t')
      return { seconds: Number(seconds), report }
    },
    end: () => child.kill(),
  }
}

async function measureKMeans(spark, cluster, folder, path, points) {
  const plain = pyspark(cluster)
  try {
    await plain.ready()
    // Code is compiled while it runs: everybody has a small fit first.
    const small = join(folder, 'small')
    await spark.sql(made(20_000, 0)).writeParquet(small)
    for (const engine of ['exact', 'mllib'])
      await spark.kmeans(spark.parquet(small), { columns: names, k: 8, engine })
    await plain.fit(small, 8)
    const table = spark.parquet(path)
    let local
    for (let round = 0; round < rounds; round++) {
      local = await lap('one machine, KMeans.fit', async () => {
        const model = await KMeans.fit(points, { k })
        return { value: model, report: `${model.iterations} iterations, inertia ${model.inertia}` }
      })
      const [how, text] = [
        ['as written', 'select * from input'],
        ['in 5 parts', 'select /*+ REPARTITION(5) */ * from input'],
        ['in 11 parts by x3', 'select /*+ REPARTITION(11, x3) */ * from input'],
      ][round % 3]
      const frame = table.sql(text)
      const model = await lap('cluster, exact engine', async () => {
        const from = performance.now()
        let packed = 0
        let seeded = 0
        const value = await spark.kmeans(frame, {
          columns: names,
          k,
          onProgress: ({ phase, changed, cluster: tasks }) => {
            if (tasks !== null || phase !== 'seed') return
            if (changed === 1) packed = (performance.now() - from) / 1000
            seeded = (performance.now() - from) / 1000
          },
        })
        const rest = (performance.now() - from) / 1000 - seeded
        return {
          value,
          report: `${how}; ${value.iterations} iterations, inertia ${value.inertia}; packing ${packed.toFixed(1)} s, seeding ${(seeded - packed).toFixed(1)} s, iterations ${rest.toFixed(1)} s`,
        }
      })
      const same =
        model.inertia === local.inertia &&
        model.iterations === local.iterations &&
        model.centroids.values.every((x, i) => Object.is(x, local.centroids.values[i]))
      await lap('cluster, predict, rows read here', async () => {
        let equal = 0
        for await (const found of spark
          .predict(model, frame)
          .sql('select row, cluster from input')
          .tables({ maxBytes: Number.POSITIVE_INFINITY })) {
          const labels = Array.from(found.getChild('cluster'), Number)
          let i = 0
          for (const row of found.getChild('row')) if (local.labels[Number(row)] === labels[i++]) equal++
        }
        return { report: `bits ${same ? 'equal' : 'DIFFER'}, labels equal ${equal} of ${rows}` }
      })
      // 20 iterations, as MLlib stops there.
      await lap('cluster, exact engine, 20 iterations', async () => {
        const { iterations, inertia } = await spark.kmeans(frame, { columns: names, k, maxIterations: 20 })
        return { report: `${how}; ${iterations} iterations, inertia ${inertia}` }
      })
      await lap('cluster, MLlib through nigh', async () => {
        const { iterations, inertia } = await spark.kmeans(frame, { columns: names, k, engine: 'mllib' })
        return { report: `${iterations} iterations, inertia ${inertia}` }
      })
      await lap('cluster, MLlib through PySpark', () => plain.fit(path, k))
    }
  } finally {
    plain.end()
  }
}

async function measureNeighbors(spark, path, points) {
  const half = Math.floor(rows / 2)
  const base = Matrix.of(points.values.subarray(0, half * d), d)
  const queries = await toMatrix(spark.sql(made(queryRows, 7)), queryRows)
  const local = await NearestNeighbors.fit(base)
  const what = `nearest, ${queryRows} × ${half} × ${d}, k = 10`
  const expected = await lap(`one machine, ${what}`, async () => ({
    value: await local.nearest(queries, { k: 10 }),
  }))
  const frame = spark.parquet(path).sql(`select * from input where row < ${half}`)
  const index = await lap('cluster, index', async () => {
    const value = await spark.index(frame, { columns: names })
    return { value, report: `${value.cells} cells` }
  })
  for (let round = 0; round < rounds; round++) {
    await lap(`cluster, ${what}`, async () => {
      const found = await index.nearest(queries, { k: 10 })
      const pruned = 100 * (1 - found.pairs / (queryRows * half))
      return {
        report: `${pruned.toFixed(2)} % of pairs pruned, ${equalOf(found, expected)} of ${found.ids.length} equal`,
      }
    })
  }
  await index.free()
}

/** How many neighbours are those expected, at the same distance to the bit. */
function equalOf(found, expected) {
  let equal = 0
  for (let i = 0; i < found.ids.length; i++) {
    if (Number(found.ids[i]) === expected.indices[i] && found.distances[i] === expected.distances[i]) equal++
  }
  return equal
}

/** What a server that takes no jar costs: the same searches and predictions in plain SQL. */
async function measureSql(spark, cluster, path, points) {
  const n = Math.min(100_000, rows)
  const m = Math.min(1000, queryRows)
  const plain = await connect(cluster.url, { token: cluster.token, functions: 'sql', retryMs: 120_000 })
  const queries = await toMatrix(spark.sql(made(m, 7)), m)
  const local = await NearestNeighbors.fit(Matrix.of(points.values.subarray(0, n * d), d))
  const expected = await local.nearest(queries, { k: 10 })
  const model = await KMeans.fit(points, { k, maxIterations: 2 })
  for (const [how, session] of [
    ['with the jar', spark],
    ['in plain SQL', plain],
  ]) {
    const frame = session.parquet(path).sql(`select * from input where row < ${n}`)
    const index = await lap(`${how}, index, ${n} rows`, async () => ({
      value: await session.index(frame, { columns: names }),
    }))
    for (let round = 0; round < 2; round++) {
      await lap(`${how}, nearest, ${m} × ${n} × ${d}, k = 10`, async () => {
        const found = await index.nearest(queries, { k: 10 })
        return { report: `${equalOf(found, expected)} of ${found.ids.length} equal` }
      })
      await lap(`${how}, predict, ${n} rows, k = ${k}`, async () => {
        const labelled = session.predict(model, frame, { columns: names })
        return {
          report: `sum ${(await labelled.sql('select sum(cluster) as sum from input').collect())[0].sum}`,
        }
      })
    }
    await index.free()
  }
  await plain.close()
}

const load = () =>
  loadavg()
    .map((x) => x.toFixed(1))
    .join(' ')
const cluster = await startCluster({ memory: '2g' })
const folder = mkdtempSync(join(tmpdir(), 'nigh-measure-'))
try {
  const spark = await connect(cluster.url, { token: cluster.token, retryMs: 120_000 })
  console.log(`Spark ${spark.version}, two workers of one core, ${cpus().length} cores here; load ${load()}`)
  console.log(`${rows} × ${d}, k = ${k}`)
  const path = join(folder, 'rows')
  await lap('write Parquet', async () => spark.sql(made(rows, 0)).writeParquet(path))
  const points = await lap('read here', async () => ({ value: await toMatrix(spark.parquet(path), rows) }))
  if (parts.includes('kmeans')) await measureKMeans(spark, cluster, folder, path, points)
  if (parts.includes('neighbors')) await measureNeighbors(spark, path, points)
  if (parts.includes('sql')) await measureSql(spark, cluster, path, points)
  await spark.close()
  console.log(`\nIn all ${((performance.now() - began) / 1000).toFixed(0)} s; load ${load()}\n`)
  console.log('|  | least | middle | processors, least | runs |\n| --- | --- | --- | --- | --- |')
  for (const [name, laps] of times) {
    const sorted = laps.map(({ took }) => took).toSorted((a, b) => a - b)
    const busy = Math.min(...laps.map((one) => one.busy))
    console.log(
      `| ${name} | ${sorted[0].toFixed(2)} s | ${sorted[sorted.length >> 1].toFixed(2)} s | ${busy.toFixed(1)} s | ${sorted.length} |`,
    )
  }
} finally {
  await cluster.stop()
  rmSync(folder, { recursive: true, force: true })
}
