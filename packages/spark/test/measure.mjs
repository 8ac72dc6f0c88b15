// Measures the cluster against one machine and against plain PySpark, on rows that Spark makes itself:
//
//   node packages/spark/test/measure.mjs [rows] [k] [queries]
//
// Everything runs on this machine's loopback; every time is printed with what proves the answer.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { KMeans, Matrix, NearestNeighbors } from 'nigh'
import { connect } from '../dist/index.js'
import { startCluster } from './cluster.mjs'

const rows = Number(process.argv[2] ?? 2_000_000)
const k = Number(process.argv[3] ?? 50)
const asked = Number(process.argv[4] ?? 10_000)
const d = 16
const names = Array.from({ length: d }, (_, j) => `x${j}`)

const lap = async (name, work) => {
  const began = performance.now()
  const result = await work()
  const { report = '', value } = result ?? {}
  console.log(
    `${((performance.now() - began) / 1000).toFixed(2).padStart(9)} s  ${name}${report === '' ? '' : `: ${report}`}`,
  )
  return value
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

const cluster = await startCluster({ memory: '2g' })
const folder = mkdtempSync(join(tmpdir(), 'nigh-measure-'))
try {
  const spark = await connect(cluster.url, { token: cluster.token, retryMs: 120_000 })
  console.log(`Spark ${spark.version}, two workers of one core; ${rows} × ${d}, k = ${k}`)
  const path = join(folder, 'rows')
  await lap('write Parquet', async () => spark.sql(made(rows, 0)).writeParquet(path))
  const table = spark.parquet(path)
  const points = await lap('stream to this machine', async () => ({ value: await toMatrix(table, rows) }))
  const local = await lap('one machine: KMeans.fit', async () => {
    const model = await KMeans.fit(points, { k })
    return { value: model, report: `${model.iterations} iterations, inertia ${model.inertia}` }
  })

  for (const [name, text] of [
    ['as written', 'select * from input'],
    ['in 5 parts', 'select /*+ REPARTITION(5) */ * from input'],
    ['in 11 parts by x3', 'select /*+ REPARTITION(11, x3) */ * from input'],
  ]) {
    const frame = table.sql(text)
    const model = await lap(`cluster, exact engine, ${name}`, async () => {
      const steps = { seed: 0, assign: 0 }
      const began = performance.now()
      let seeded = 0
      const found = await spark.kmeans(frame, {
        columns: names,
        k,
        onProgress: ({ phase, cluster: tasks }) => {
          if (tasks !== null) return
          if (phase === 'seed') seeded = performance.now() - began
          if (phase in steps) steps[phase]++
        },
      })
      const each = (performance.now() - began - seeded) / found.iterations
      return {
        value: found,
        report: `${found.iterations} iterations, inertia ${found.inertia}, packed and seeded in ${(seeded / 1000).toFixed(1)} s, then ${each.toFixed(0)} ms an iteration`,
      }
    })
    const same =
      model.inertia === local.inertia &&
      model.iterations === local.iterations &&
      model.centroids.values.every((x, i) => Object.is(x, local.centroids.values[i]))
    let equal = 0
    await lap('  predict and compare labels', async () => {
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
  }
  for (const round of [1, 2]) {
    await lap(`cluster, MLlib, round ${round}`, async () => {
      const model = await spark.kmeans(table, { columns: names, k, engine: 'mllib' })
      return { report: `${model.iterations} iterations, inertia ${model.inertia}` }
    })
  }
  const python = `
import time
from pyspark.sql import SparkSession
from pyspark.ml.feature import VectorAssembler
from pyspark.ml.clustering import KMeans
spark = SparkSession.builder.remote("${cluster.url.replace('127.0.0.1', 'localhost')}/;use_ssl=false;token=${cluster.token}").getOrCreate()
table = spark.read.parquet("${path}")
rows = VectorAssembler(inputCols=[f"x{j}" for j in range(${d})], outputCol="features").transform(table)
for turn in range(2):
    began = time.time()
    model = KMeans(k=${k}, seed=0, maxIter=20).fit(rows)
    print(f"{time.time() - began:9.2f} s  plain PySpark, MLlib, round {turn + 1}: {model.summary.numIter} iterations, cost {model.summary.trainingCost}")
`
  try {
    const printed = execFileSync(cluster.spark.python, ['-W', 'ignore', '-c', python], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
      timeout: 300_000,
    })
    process.stdout.write(printed)
  } catch (error) {
    console.log(`           plain PySpark did not finish: ${String(error).slice(0, 300)}`)
  }

  const half = Math.floor(rows / 2)
  const base = Matrix.of(points.values.subarray(0, half * d), d)
  const queries = await toMatrix(spark.sql(made(asked, 7)), asked)
  const expected = await lap(`one machine: nearest, ${asked} × ${half}`, async () => {
    const index = await NearestNeighbors.fit(base)
    return { value: await index.nearest(queries, { k: 10 }) }
  })
  const index = await lap('cluster: index', async () => {
    const made = await spark.index(table.sql(`select * from input where row < ${half}`), { columns: names })
    return { value: made, report: `${made.cells} cells` }
  })
  for (const round of [1, 2]) {
    await lap(`cluster: nearest, ${asked} × ${half}, k = 10, round ${round}`, async () => {
      const found = await index.nearest(queries, { k: 10 })
      let equal = 0
      for (let i = 0; i < found.ids.length; i++) {
        if (Number(found.ids[i]) === expected.indices[i] && found.distances[i] === expected.distances[i])
          equal++
      }
      const pruned = 100 * (1 - found.pairs / (asked * half))
      return { report: `${pruned.toFixed(2)} % of pairs pruned, ${equal} of ${found.ids.length} equal` }
    })
  }
  await index.free()
  await spark.close()
} finally {
  await cluster.stop()
  rmSync(folder, { recursive: true, force: true })
}
