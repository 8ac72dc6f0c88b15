import { expect, it } from 'vitest'
import { KMeans, Matrix } from 'nigh'
import { connect } from './spark.ts'
it('fits', async () => {
  const spark = await connect(process.env.NIGH_SPARK_URL ?? '', { token: process.env.NIGH_SPARK_TOKEN ?? '' })
  let t = performance.now()
  const lap = (s: string) => { console.log(s, Math.round(performance.now() - t)); t = performance.now() }
  const n = 3000, d = 4, k = 7
  let x = 123456789
  const rnd = () => { x = (Math.imul(x, 1664525) + 1013904223) >>> 0; return x / 2 ** 32 }
  const values = Float64Array.from({ length: n * d }, (_, i) => Math.floor(i / d) % k * 3 + rnd() + rnd())
  const matrix = Matrix.of(values, d)
  const frame = await spark.upload(matrix); lap('upload')
  const local = await KMeans.fit(matrix, { k, nInit: 1 }); lap('local')
  const model = await spark.kmeans(frame, { columns: ['x0', 'x1', 'x2', 'x3'], k, nInit: 1 }); lap('spark')
  expect(Array.from(model.centroids.values)).toEqual(Array.from(local.centroids.values))
  expect([model.inertia, model.iterations, model.converged]).toEqual([local.inertia, local.iterations, local.converged])
  expect(Array.from(model.counts)).toEqual(Array.from(local.counts))
  const m = await spark.kmeans(frame, { columns: ['x0', 'x1', 'x2', 'x3'], k, engine: 'mllib' }); lap('mllib')
  console.log(m.inertia, local.inertia, m.iterations, m.counts)
  const again = await spark.kmeans(frame, { columns: ['x0', 'x1', 'x2', 'x3'], k, nInit: 1 }); lap('spark')
  await spark.close()
})
