import { KNNClassifier, KNNRegressor, Matrix } from 'nigh'
import type { Tasks } from './tasks.ts'
import type { Work } from './serving.ts'

/** The answer at every cell of a picture: what the learner's KNN would say there, and how sure it is. */
export async function regions(ask: Tasks['regions']['ask'], work: Work): Promise<Tasks['regions']['answer']> {
  const { points, targets, task, k, weights, width, height, step } = ask
  const spots = new Float64Array(width * height * 2)
  for (let i = 0; i < height; i++) {
    for (let j = 0; j < width; j++) {
      spots[(i * width + j) * 2] = (j + 0.5) * step
      spots[(i * width + j) * 2 + 1] = (i + 0.5) * step
    }
  }
  const queries = Matrix.of(spots, 2)
  const rows = Matrix.of(points, 2)
  const { signal } = work
  const values = new Float32Array(width * height)
  const shares = new Float32Array(width * height)
  if (task === 'regress') {
    const model = await KNNRegressor.fit(rows, targets, { k, weights })
    values.set(await model.predict(queries, { signal }))
    return { values: work.give(values), shares: work.give(shares) }
  }
  const model = await KNNClassifier.fit(rows, targets, { k, weights })
  const shared = await model.predictProba(queries, { signal })
  const answers = await model.predict(queries, { signal })
  for (let i = 0; i < values.length; i++) {
    values[i] = answers[i]
    shares[i] = shared.values[i * shared.columns + model.classes.indexOf(answers[i])]
  }
  return { values: work.give(values), shares: work.give(shares) }
}
