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
    for (let turn = 0; turn < (how === 'jar' ? 2 : 1); turn++) {
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
  const ids = new Map()
  await lap('best sql nearest', async () => {
    for (const { query, list } of await spark.sql(thresholdThenFilter(path, n, m)).collect())
      ids.set(Number(query), new Set(list.split(' ').map(Number)))
    return { found: { queries: m, rows: n } }
  })
  let same = 0
  for (let i = 0; i < m; i++)
    for (let j = 0; j < 10; j++) if (ids.get(i)?.has(expected.indices[i * 10 + j])) same++
  console.log(`          of its neighbours, found in float32, ${same} of ${m * 10} are the nearest`)
}

/**
 * The quickest plain SQL known for the nearest rows, in float32: distances to a sample bound each query's k-th, then a
 * join keeps the pairs within that.
 */
function thresholdThenFilter(path, n, m) {
  const vector = `array(${columns.map((name) => `cast(${name} as float)`).join(', ')})`
  return `with points as (select row as id, ${vector} as v from parquet.\`${path}\` where row < ${n}),
    queries as (select row as query, ${vector} as v from (${made(m, 7)})),
    bounds as (
      select query, first(queries.v) as v, element_at(array_sort(collect_list(vector_l2_distance(queries.v, sample.v))), 10) as bound
      from queries cross join (select v from points where pmod(xxhash64(id), 100) = 0) as sample group by query
    )
    select query, array_join(transform(min_by(id, struct(d, id), 10), x -> cast(x as string)), ' ') as list
    from (
      select query, id, vector_l2_distance(bounds.v, points.v) as d
      from bounds join points on vector_l2_distance(bounds.v, points.v) <= bound
    ) group by query`
}
