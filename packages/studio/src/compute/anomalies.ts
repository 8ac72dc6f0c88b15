import { CentroidDistance, LocalOutlierFactor, NearestNeighbors, NeighborDistance } from 'nigh'
import type { FittedAnomalies, Matrix } from 'nigh'
import { brief } from '../numbers.ts'
import { dateText } from '../write/csv.ts'
import { encoded, rowTexts, tableNow, type EncodedTable } from './table.ts'
import type { Oddities, Tasks } from './tasks.ts'
import type { Work } from './worker.ts'

/** Rows that are shown and explained. */
const SHOWN = 200

export async function anomalies(ask: Tasks['anomalies']['ask'], work: Work): Promise<Oddities> {
  const { roles, method, k, contamination } = ask
  const { signal } = work
  const table = tableNow()
  work.progress({ share: null, words: 'turning columns into numbers' })
  const ready = encoded(roles)
  const { matrix, rows } = ready
  const begun = performance.now()
  const asked = Math.max(1, Math.min(k, matrix.rows - 1))
  const onProgress = ({ done, total }: { done: number; total: number }): void =>
    work.progress({ share: done / total, words: 'measuring rows against one another' })
  const found = await fit(method, matrix, asked, contamination, { signal, onProgress })
  const seconds = (performance.now() - begun) / 1000
  const order = Array.from(found.scores.keys())
    .sort((a, b) => found.scores[b] - found.scores[a] || a - b)
    .slice(0, SHOWN)
  work.progress({ share: null, words: 'finding reasons' })
  const reasons = await reasonsFor(ready, order, asked, signal)
  const shown = [...new Set(ready.encoder.uses.filter(({ used }) => used).map(({ name }) => name))].slice(
    0,
    8,
  )
  const texts = rowTexts(
    table.select(shown),
    order.map((at) => (rows === null ? at : rows[at])),
  )
  const scores = new Float32Array(table.rows).fill(Number.NaN)
  let outliers = 0
  for (let i = 0; i < found.scores.length; i++) {
    scores[rows === null ? i : rows[i]] = found.scores[i]
    if (found.scores[i] > found.threshold) outliers++
  }
  return {
    names: shown,
    ranked: order.map((at, rank) => ({
      row: rows === null ? at : rows[at],
      score: found.scores[at],
      reason: reasons[rank],
      cells: texts[rank],
    })),
    scores: work.give(scores),
    threshold: found.threshold,
    outliers,
    seconds,
  }
}

async function fit(
  method: Tasks['anomalies']['ask']['method'],
  matrix: Matrix,
  k: number,
  contamination: number,
  run: {
    readonly signal: AbortSignal
    readonly onProgress: (progress: { done: number; total: number }) => void
  },
): Promise<FittedAnomalies> {
  switch (method) {
    case 'neighbors':
      return NeighborDistance.fit(matrix, { k, contamination, ...run })
    case 'density':
      return LocalOutlierFactor.fit(matrix, { k, contamination, ...run })
    case 'centroids':
      return CentroidDistance.fit(matrix, { k: Math.min(8, matrix.rows), contamination, signal: run.signal })
  }
}

/**
 * Why a row stands out: the features in which it lies farthest from the mean of its nearest neighbours, in the data's
 * own units.
 */
async function reasonsFor(
  { encoder, matrix }: EncodedTable,
  order: readonly number[],
  k: number,
  signal: AbortSignal,
): Promise<string[]> {
  const { columns: d, values } = matrix
  const index = await NearestNeighbors.fit(matrix)
  const queries = order.map((row) => [...matrix.row(row)])
  const found = await index.nearest(queries, { k: Math.min(matrix.rows, k + 1), signal })
  const means = order.map((row, at) => {
    const mean = new Float64Array(d)
    let near = 0
    for (let n = 0; n < found.k; n++) {
      const other = found.indices[at * found.k + n]
      if (other === row) continue
      near++
      for (let j = 0; j < d; j++) mean[j] += values[other * d + j]
    }
    return mean.map((sum) => sum / Math.max(1, near))
  })
  const own = encoder.decode(queries)
  const near = encoder.decode(means)
  return order.map((_, at) => {
    const apart = Array.from({ length: d }, (_, j) => j)
      .map((j) => ({ j, gap: Math.abs(queries[at][j] - means[at][j]) }))
      .sort((a, b) => b.gap - a.gap || a.j - b.j)
    const top = apart.filter(({ gap }, rank) => rank < 3 && gap > 0 && gap > apart[0].gap / 4)
    if (top.length === 0) return 'Like its neighbours in every column.'
    return top
      .map(({ j }) => {
        const column = own.columns[j]
        const say = (value: number): string => (column.type === 'date' ? dateText(value, true) : brief(value))
        const name = encoder.features[j]
        return `${name} ${say(column.values[at])} (rows like it: ${say(near.columns[j].values[at])})`
      })
      .join('; ')
  })
}
