import { chooseK, InputError, KMeans, profileClusters, silhouette } from 'nigh'
import type { ChosenK, Encoder, Matrix } from 'nigh'
import { count } from '../numbers.ts'
import { csvFile } from '../write/csv.ts'
import { encoded, modelFile, rowNames, tableNow, textColumn, toAllRows, withAnswers } from './table.ts'
import type { Clustered, FileMade, Tasks } from './tasks.ts'
import type { Work } from './serving.ts'

interface Fitted {
  readonly model: KMeans
  readonly matrix: Matrix
  readonly rows: Uint32Array | null
  readonly encoder: Encoder
}

/** The clusters that are on the page. */
let fitted: Fitted | null = null

function fittedNow(): Fitted {
  if (fitted === null)
    throw new InputError('E_FILE', 'model', 'There are no clusters yet. Press Cluster first.')
  return fitted
}

export async function cluster(ask: Tasks['cluster']['ask'], work: Work): Promise<Clustered> {
  const { roles, k, seed } = ask
  const table = tableNow()
  work.progress({ share: null, words: 'turning columns into numbers' })
  const { encoder, matrix, rows } = encoded(roles)
  if (k > matrix.rows) {
    throw new InputError(
      'E_K',
      'k',
      `There are ${count(matrix.rows)} rows to cluster, so k can be at most ${count(matrix.rows)}.`,
    )
  }
  const begun = performance.now()
  // The table itself, not only its numbers: the model file then knows how to read new tables.
  const model = await KMeans.fit(table, {
    k,
    seed,
    encoder,
    signal: work.signal,
    onProgress: ({ start, iteration, phase, changed }) => {
      const attempt = start === 0 ? '' : `start ${start + 1}: `
      const share =
        iteration === 0 || phase === 'seed' ? null : 1 - Math.log(1 + changed) / Math.log(1 + matrix.rows)
      work.progress({
        share,
        words:
          phase === 'seed'
            ? `${attempt}picking first centres, ${changed} of ${k}`
            : `${attempt}iteration ${iteration}, ${count(changed)} rows moved`,
      })
    },
  })
  const seconds = (performance.now() - begun) / 1000
  work.signal.throwIfAborted()
  work.progress({ share: null, words: 'describing the clusters' })
  // Columns that are not in use describe the clusters too, but for those that only name rows.
  const used = new Set(encoder.uses.filter((use) => use.used).map(({ name }) => name))
  const telling = table.select(table.names.filter((name) => used.has(name) || !rowNames.has(name)))
  const profiles = profileClusters(telling, model.labels, { encoder, centroids: model.centroids })
  fitted = { model, matrix, rows, encoder }
  const decoded = encoder.decode(model.centroids)
  const labels = new Int16Array(table.rows).fill(-1)
  for (let i = 0; i < model.labels.length; i++) labels[rows === null ? i : rows[i]] = model.labels[i]
  return {
    k: model.k,
    inertia: model.inertia,
    iterations: model.iterations,
    converged: model.converged,
    counts: [...model.counts],
    labels: work.give(labels),
    centroids: Array.from({ length: model.k }, (_, c) => decoded.columns.map((column) => column.values[c])),
    encoded: Array.from({ length: model.k }, (_, c) => [...model.centroids.row(c)]),
    features: encoder.features,
    dates: decoded.columns.filter(({ type }) => type === 'date').map(({ name }) => name),
    profiles,
    notes: encoder.notes,
    warnings: model.warnings.map(({ message }) => message),
    rows: matrix.rows,
    explained: explainedBy(matrix, model.inertia),
    seconds,
  }
}

/** 1 − inertia / squared distances from the mean. */
function explainedBy(matrix: Matrix, inertia: number): number {
  const { values, rows: n, columns: d } = matrix
  let total = 0
  for (let j = 0; j < d; j++) {
    const origin = values[j]
    let mean = 0
    for (let i = 0; i < n; i++) mean += values[i * d + j] - origin
    mean /= n
    for (let i = 0; i < n; i++) {
      const t = values[i * d + j] - origin - mean
      total += t * t
    }
  }
  return total === 0 ? 1 : 1 - inertia / total
}

/** Fewer rows hold nothing to choose from. */
const FEWEST = 4

export async function choose(ask: Tasks['choose']['ask'], work: Work): Promise<ChosenK> {
  const { matrix } = encoded(ask.roles)
  if (matrix.rows < FEWEST) {
    throw new InputError(
      'E_EMPTY',
      'table',
      `Choosing k takes at least ${FEWEST} rows; here ${matrix.rows === 1 ? 'is 1' : `are ${matrix.rows}`}. Set k yourself.`,
    )
  }
  const most = Math.max(1, Math.min(ask.to, Math.floor(Math.min(matrix.rows, 4000) / 2)))
  return chooseK(matrix, {
    to: most,
    seed: ask.seed,
    signal: work.signal,
    onProgress: ({ done, total }) =>
      work.progress({ share: done / total, words: `${count(done)} of ${count(total)} trial clusterings` }),
  })
}

/** Rows that the silhouette looks at: more make it wait for minutes. */
const SILHOUETTE_ROWS = 10_000

export async function silhouetteOf(
  ask: Tasks['silhouette']['ask'],
  work: Work,
): Promise<Tasks['silhouette']['answer']> {
  const { model, matrix } = fittedNow()
  const found = await silhouette(matrix, model.labels, {
    ...(matrix.rows > SILHOUETTE_ROWS ? { sampleSize: SILHOUETTE_ROWS, seed: ask.seed } : {}),
    signal: work.signal,
    onProgress: ({ done, total }) => work.progress({ share: done / total, words: 'measuring silhouettes' }),
  })
  return { mean: found.mean, clusters: found.clusters, rows: found.rows.length }
}

/** Each row's distance to its own centroid: by the definition, in float64 and column order, as the command's. */
function distancesTo(matrix: Matrix, centroids: Matrix, labels: Uint32Array): Float64Array {
  const { columns: d, values, rows } = matrix
  const distances = new Float64Array(rows)
  for (let i = 0; i < rows; i++) {
    const c = labels[i] * d
    let sum = 0
    for (let j = 0; j < d; j++) {
      const from = values[i * d + j] - centroids.values[c + j]
      sum += from * from
    }
    distances[i] = Math.sqrt(sum)
  }
  return distances
}

/** The table with `cluster` and `distance`, as the command writes it; with `cluster_name` where clusters have names. */
export async function clusterTable(ask: Tasks['clusterTable']['ask'], work: Work): Promise<FileMade> {
  const { model, matrix, rows } = fittedNow()
  const table = tableNow()
  const { names } = ask
  const clusters = toAllRows(model.labels, rows, table.rows)
  const answered = withAnswers(table, [
    { name: 'cluster', type: 'number', values: clusters },
    {
      name: 'distance',
      type: 'number',
      values: toAllRows(distancesTo(matrix, model.centroids, model.labels), rows, table.rows),
    },
    ...(names === null
      ? []
      : [
          textColumn(
            'cluster_name',
            Array.from(clusters, (c) => (Number.isNaN(c) ? null : names[c])),
          ),
        ]),
  ])
  return csvFile(answered, ask.name, work)
}

export async function clusterModel(ask: Tasks['clusterModel']['ask']): Promise<FileMade> {
  return modelFile(fittedNow().model.toBytes(), ask.name)
}
