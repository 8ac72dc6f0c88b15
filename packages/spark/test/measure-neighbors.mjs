// The exact k-NN join, on one machine, on the cluster, and in plain SQL.
import { KMeans, Matrix, NearestNeighbors } from 'nigh'
import { connect } from '../dist/index.js'
import { columns, made, toMatrix } from './measure-rows.mjs'

const d = columns.length

/** Queries among half the rows, three times. */
export async function measureNeighbors({ spark, path, points, rows, queries: m, lap }) {
  const n = Math.floor(rows / 2)
  const base = Matrix.of(points.values.subarray(0, n * d), d)
  const queries = await toMatrix(spark.sql(made(m, 7)), m)
  const local = await NearestNeighbors.fit(base)
  const expected = await lap('local nearest', async () => ({
    value: await local.nearest(queries, { k: 10 }),
    found: { queries: m, rows: n },
  }))
  const frame = spark.parquet(path).sql(`select * from input where row < ${n}`)
  const index = await lap('index', async () => {
    const value = await spark.index(frame, { columns })
    return { value, found: { rows: n, cells: value.cells } }
  })
  for (let turn = 0; turn < 3; turn++) {
    await lap('nearest', async () => {
      const found = await index.nearest(queries, { k: 10 })
      const pruned = 1 - found.pairs / (m * n)
      return { found: { queries: m, rows: n, pruned, ...equalOf(found, expected) } }
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
  return {
    neighbors: expected.indices.length,
    equal: found.ids.length === expected.indices.length ? equal : 0,
  }
}

/** What a server that takes no jar costs: the same searches and predictions in plain SQL. */
export async function measureSql({ spark, cluster, path, points, rows, k, queries: most, lap }) {
  const n = Math.min(100_000, rows)
  const m = Math.min(1000, most)
  const plain = await connect(cluster.url, { token: cluster.token, functions: 'sql', retryMs: 120_000 })
  const queries = await toMatrix(spark.sql(made(m, 7)), m)
  const base = Matrix.of(points.values.subarray(0, n * d), d)
  const local = await NearestNeighbors.fit(base)
  const expected = await local.nearest(queries, { k: 10 })
  const model = await KMeans.fit(base, { k, maxIterations: 2 })
  for (const [how, session] of [
    ['jar', spark],
    ['sql', plain],
  ]) {
    const frame = session.parquet(path).sql(`select * from input where row < ${n}`)
    const index = await lap(`${how} index`, async () => ({
      value: await session.index(frame, { columns }),
      found: { rows: n },
    }))
    for (let turn = 0; turn < 2; turn++) {
      await lap(`${how} nearest`, async () => {
        const found = await index.nearest(queries, { k: 10 })
        return { found: { queries: m, rows: n, ...equalOf(found, expected) } }
      })
      await lap(`${how} predict`, async () => {
        const labelled = session.predict(model, frame, { columns })
        const [{ sum }] = await labelled.sql('select sum(cluster) as sum from input').collect()
        return { found: { rows: n, sum: Number(sum) } }
      })
    }
    await index.free()
  }
  await plain.close()
}
