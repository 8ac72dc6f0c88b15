// K-Means: one machine, the exact engine, and MLlib through nigh and through PySpark.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { KMeans } from 'nigh'
import { columns, made } from './measure-rows.mjs'

/** How the rows lie in partitions. */
export const partitionings = [
  ['as written', 'select * from input'],
  ['in 5 parts', 'select /*+ REPARTITION(5) */ * from input'],
  ['in 11 parts by x3', 'select /*+ REPARTITION(11, x3) */ * from input'],
]

export async function startKMeans({ spark, cluster, folder, path, points, rows, k, lap }) {
  const plain = pyspark(cluster)
  await plain.ready()
  // Code is compiled while it runs: everybody has a small fit first, of more rows than the client would take up.
  const small = join(folder, 'small')
  await spark.sql(made(100_000, 0)).writeParquet(small)
  for (const engine of ['exact', 'mllib']) await spark.kmeans(spark.parquet(small), { columns, k: 8, engine })
  await plain.fit(small, 8)
  const table = spark.parquet(path)
  let local = null

  async function exact([how, text]) {
    const frame = table.sql(text)
    const model = await lap('exact', async () => {
      const phases = { packing: 0, seeding: 0, iterating: 0 }
      const value = await spark.kmeans(frame, {
        columns,
        k,
        onProgress: ({ phase, changed, cluster: tasks }) => {
          if (tasks !== null || phase !== 'seed') return
          if (changed === 1) phases.packing = Date.now()
          phases.seeding = Date.now()
        },
      })
      const { iterations, inertia } = value
      return { value, found: { partitions: how, iterations, inertia, phases } }
    })
    const bits =
      model.inertia === local.inertia &&
      model.iterations === local.iterations &&
      model.centroids.values.every((x, i) => Object.is(x, local.centroids.values[i]))
    await lap('predict', async () => {
      let equal = 0
      for await (const part of spark
        .predict(model, frame)
        .sql('select row, cluster from input')
        .tables({ maxBytes: Number.POSITIVE_INFINITY })) {
        const labels = Array.from(part.getChild('cluster'), Number)
        let i = 0
        for (const row of part.getChild('row')) if (local.labels[Number(row)] === labels[i++]) equal++
      }
      return { found: { partitions: how, bits: bits ? 'equal' : 'DIFFER', labelsEqual: equal, rows } }
    })
  }

  const fitted = async (options) => {
    const { iterations, inertia } = await spark.kmeans(table, { columns, k, ...options })
    return { found: { iterations, inertia } }
  }

  return {
    exact,
    /** Everybody once. */
    async round(how) {
      local = await lap('local', async () => {
        const value = await KMeans.fit(points, { k })
        return { value, found: { iterations: value.iterations, inertia: value.inertia } }
      })
      await exact(how)
      // MLlib's own rule: 20 iterations, or no centroid moves farther than 0.0001.
      await lap('exact, stopped as MLlib', () => fitted({ maxIterations: 20, tolerance: 1e-4 }))
      await lap('mllib', () => fitted({ engine: 'mllib' }))
      await lap('pyspark', () => plain.fit(path, k))
    },
    end: () => plain.end(),
  }
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
    rows = VectorAssembler(inputCols=[f"x{j}" for j in range(${columns.length})], outputCol="features").transform(spark.read.parquet(path))
    model = KMeans(k=int(k), seed=0, maxIter=20).fit(rows)
    print(f"{time.time() - began} {model.summary.numIter} {model.summary.trainingCost}", flush=True)
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
      const [seconds, iterations, inertia] = value.split(' ').map(Number)
      return { seconds, found: { iterations, inertia } }
    },
    end: () => child.kill(),
  }
}
