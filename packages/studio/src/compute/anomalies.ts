import { CentroidDistance, InputError, LocalOutlierFactor, NearestNeighbors, NeighborDistance } from 'nigh'
import type { Encoder, Table } from 'nigh'
import { brief, percent } from '../numbers.ts'
import { csvFile, dateText } from '../write/csv.ts'
import { encoded, modelFile, rowTexts, tableNow, toAllRows, withAnswers, type EncodedTable } from './table.ts'
import type { FileMade, Oddities, Tasks } from './tasks.ts'
import type { Work } from './serving.ts'

/** Clusters whose centres rows are measured from. */
const ANOMALY_CLUSTERS = 8
/** Rows that are ranked and explained. */
const SHOWN = 200

type Model = NeighborDistance | LocalOutlierFactor | CentroidDistance

/** The scores that are on the page. */
let scored: { readonly model: Model; readonly rows: Uint32Array | null } | null = null

function scoredNow(): { readonly model: Model; readonly rows: Uint32Array | null } {
  if (scored === null)
    throw new InputError('E_FILE', 'model', 'There are no scores any more. Press “Find strange rows” again.')
  return scored
}

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
  const found = await fit(method, table, ready, asked, contamination, { signal, onProgress })
  signal.throwIfAborted()
  scored = { model: found, rows }
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
  const marked = new Int16Array(table.rows).fill(-1)
  let outliers = 0
  for (let i = 0; i < found.outliers.length; i++) {
    if (found.outliers[i] === 0) continue
    marked[rows === null ? i : rows[i]] = 1
    outliers++
  }
  return {
    k: method === 'centroids' ? Math.min(ANOMALY_CLUSTERS, matrix.rows) : asked,
    names: shown,
    ranked: order.map((at, rank) => ({
      row: rows === null ? at : rows[at],
      score: found.scores[at],
      reason: reasons[rank],
      cells: texts[rank],
    })),
    marked: work.give(marked),
    threshold: found.threshold,
    outliers,
    seconds,
  }
}

async function fit(
  method: Tasks['anomalies']['ask']['method'],
  /** The table itself, not only its numbers: the model file then knows how to read new tables. */
  table: Table,
  { encoder, matrix }: EncodedTable,
  k: number,
  contamination: number,
  run: {
    readonly signal: AbortSignal
    readonly onProgress: (progress: { done: number; total: number }) => void
  },
): Promise<Model> {
  switch (method) {
    case 'neighbors':
      return NeighborDistance.fit(table, { k, contamination, encoder, ...run })
    case 'density':
      return LocalOutlierFactor.fit(table, { k, contamination, encoder, ...run })
    case 'centroids':
      return CentroidDistance.fit(table, {
        k: Math.min(ANOMALY_CLUSTERS, matrix.rows),
        contamination,
        encoder,
        signal: run.signal,
      })
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
      .map((j) => {
        const [mine, theirs] = [queries[at][j], means[at][j]]
        const gap = Math.abs(mine - theirs)
        // What rounding made of a mean is no difference.
        return { j, gap: gap > 1e-9 * (Math.abs(mine) + Math.abs(theirs)) ? gap : 0 }
      })
      .sort((a, b) => b.gap - a.gap || a.j - b.j)
    const top = apart.filter(({ gap }, rank) => rank < 3 && gap > 0 && gap > apart[0].gap / 4)
    if (top.length === 0) return 'Like its neighbours in every column.'
    // A column of text has a feature for every category, and is spoken of once.
    return [...new Set(top.map(({ j }) => sayFeature(encoder, own, near, j, at)))].join('; ')
  })
}

/** How a row differs from those like it in one feature. */
function sayFeature(encoder: Encoder, own: Table, near: Table, j: number, at: number): string {
  const feature = encoder.features[j]
  const [value, usual] = [own.columns[j].values[at], near.columns[j].values[at]]
  if (own.columns[j].type === 'date')
    return `${feature} ${dateText(value, true)} (rows like it: ${dateText(usual, true)})`
  const use = encoder.uses.find(({ features }) => features.includes(feature))
  if (use?.type === 'boolean')
    return `${feature} ${value > 0.5} (so are ${percent(value > 0.5 ? usual : 1 - usual)} of the rows like it)`
  if (use?.type === 'text') {
    const mine = use.features.find((one) => own.column(one).values[at] > 0.5)
    if (mine !== undefined) {
      const share = near.column(mine).values[at]
      return `${use.name} ${mine.slice(use.name.length + 1)} (so are ${percent(share)} of the rows like it)`
    }
  }
  // Where three digits do not tell them apart, more do.
  const digits = [3, 6, 12].find((many) => brief(value, many) !== brief(usual, many)) ?? 12
  return `${feature} ${brief(value, digits)} (rows like it: ${brief(usual, digits)})`
}

/** The table with `score` and `anomaly`, as the command writes it. */
export async function anomalyTable(ask: Tasks['anomalyTable']['ask'], work: Work): Promise<FileMade> {
  const { model, rows } = scoredNow()
  const table = tableNow()
  const flags = new Uint8Array(table.rows).fill(255)
  for (let i = 0; i < model.outliers.length; i++) flags[rows === null ? i : rows[i]] = model.outliers[i]
  const answered = withAnswers(table, [
    { name: 'score', type: 'number', values: toAllRows(model.scores, rows, table.rows) },
    { name: 'anomaly', type: 'boolean', values: flags },
  ])
  return csvFile(answered, ask.name, work)
}

export async function anomalyModel(ask: Tasks['anomalyModel']['ask']): Promise<FileMade> {
  return modelFile(scoredNow().model.toBytes(), ask.name)
}
