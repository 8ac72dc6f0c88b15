import {
  averagePrecision,
  CentroidDistance,
  InputError,
  LocalOutlierFactor,
  NearestNeighbors,
  NeighborDistance,
  rocAuc,
} from 'nigh'
import type { MetricName } from 'nigh'
import { saveReport, sayFiles, wantsReport } from '../report/save.ts'
import type { ReportFlags } from '../report/save.ts'
import { timeLine } from '../run.ts'
import type { Run } from '../run.ts'
import { bar, grid } from '../show/grid.ts'
import { brief, percent, plural, whole } from '../show/numbers.ts'
import { rowsAt } from '../show/plane.ts'
import { replaceFile } from '../write/replace.ts'
import { knownAnomalies } from './known.ts'
import type { KnownFlags } from './known.ts'
import { checkMetric, metricOptions } from './metric.ts'
import { explainStrange, homesNear, meansOf } from './reasons.ts'
import { checkNeighbors, places, prepare, readingOf, toAllRows, withAnswers } from './shared.ts'
import type { DataFlags, Prepared } from './shared.ts'

/** Models that score rows by how strange they are. */
export type AnomalyModel = CentroidDistance | NeighborDistance | LocalOutlierFactor

export interface AnomalyFlags extends DataFlags, ReportFlags, KnownFlags {
  readonly method: 'neighbor' | 'centroid' | 'lof'
  readonly k?: number | undefined
  readonly contamination?: number | undefined
  readonly threshold?: number | undefined
  readonly metric: MetricName
  readonly p?: number | undefined
  readonly sphereRadius?: number | undefined
  readonly top: number
}

/** A row of the ranking. */
export interface Ranked {
  /** The row in the data, from 0. */
  readonly row: number
  readonly score: number
  readonly anomaly: boolean
  /** Whether it is known to be one. */
  readonly known: boolean | null
  readonly reasons: readonly string[]
}

/** `nigh anomalies DATA` */
export async function anomalies(name: string, flags: AnomalyFlags, run: Run): Promise<void> {
  const out = places(flags)
  const drawn = wantsReport(flags)
  checkAnomalyFlags(flags)
  const aside = flags.label === undefined ? [] : [flags.label]
  const input = await run.read(name, readingOf(flags, aside, out !== undefined || drawn))
  const known = flags.label === undefined ? undefined : knownAnomalies(input, flags)
  const prepared = await run.time('encode', 'encoding', () => prepare(input, flags, aside))
  const { encoder, matrix, rows } = prepared
  run.notes(encoder)
  const k = neighborsOf(flags, matrix.rows)
  if (flags.method === 'lof') checkNeighbors(matrix.rows, k, 12, flags)
  const model = await run.time('fit', 'scoring', () => fitted(prepared, input.table, k, flags, run))
  const { scores, threshold, outliers } = model
  if (model instanceof CentroidDistance) run.warnings(model.clusters.warnings)
  const flagged = outliers.reduce((sum, one) => sum + one, 0)
  const labels = known === undefined || rows === null ? known : Array.from(rows, (row) => known[row])
  const quality = labels === undefined ? undefined : qualityOf(labels, scores, outliers)
  const order = Array.from(scores, (_, i) => i).sort((a, b) => scores[b] - scores[a] || a - b)
  const top = order.slice(0, Math.max(flags.top, drawn ? 50 : 0))
  const ranked = await run.time('explain', 'looking for reasons', async (): Promise<Ranked[]> => {
    const reasons = await reasonsFor(top, prepared, model, k, flags, run)
    return top.map((i, at) => ({
      row: rows === null ? i : rows[i],
      score: scores[i],
      anomaly: outliers[i] === 1,
      known: labels === undefined ? null : labels[i],
      reasons: reasons[at],
    }))
  })
  if (flags.model !== undefined) {
    await run.time('write', 'writing', () =>
      replaceFile(flags.model ?? '', (draft) => draft.write(model.toBytes())),
    )
  }
  if (out !== undefined) {
    await run.time('write', 'writing', () => {
      const flag = new Uint8Array(input.table.rows).fill(255)
      for (let i = 0; i < outliers.length; i++) flag[rows === null ? i : rows[i]] = outliers[i]
      const answers = [
        { name: 'score', type: 'number', values: toAllRows(scores, rows, input.table.rows) },
        { name: 'anomaly', type: 'boolean', values: flag },
      ] as const
      return run.write(withAnswers(input.table, answers, run), out, flags.formulas)
    })
  }
  const method = methodInWords(flags, k)
  const extra: ReadonlyMap<string, string> =
    flags.label === undefined
      ? new Map()
      : new Map([[flags.label, 'known anomalies: only to check the scores']])
  if (drawn) {
    await run.time('report', 'drawing', async () => {
      const { anomalyReport } = await import('../report/anomalies.ts')
      const found = { input, matrix, encoder, scores, threshold, flagged, outliers, ranked, method, extra }
      const told = { ...found, labels, quality, scoreName: scoreNames[flags.method], notes: run.notesSaid }
      await saveReport(await anomalyReport(told, run.invocation), flags, run)
    })
  }
  run.answer({
    command: 'anomalies',
    method: flags.method,
    rows: matrix.rows,
    columns: encoder.uses.filter(({ used }) => used).map((use) => use.name),
    features: encoder.features,
    scale: flags.scale,
    k,
    seed: flags.seed,
    threshold,
    anomalies: flagged,
    ...(quality === undefined ? {} : { evaluation: quality }),
    ranked: ranked.slice(0, flags.top),
    warnings: input.warnings.map(({ code, message }) => ({ code, message })),
    seconds: run.seconds,
    timings: run.timings,
  })
  if (run.json || run.quiet) return
  run.sayInput(input, encoder, extra)
  run.say(
    `${run.paint.bold('Anomalies')}  ${method}; ${plural(flagged, 'row')} of ${whole(matrix.rows)} (${percent(flagged / matrix.rows)}) above the threshold of ${brief(threshold)}`,
    '',
  )
  if (quality !== undefined) run.say(...qualityLines(quality, run), '')
  run.say(
    ...rankedLines(ranked.slice(0, flags.top), labels !== undefined, run),
    '',
    'Rows are numbered from 0.',
  )
  sayFiles(flags, run)
  if (out !== undefined && flags.out !== '-') run.say(`Rows with score and anomaly: ${flags.out}`)
  if (flags.model !== undefined) run.say(`Model: ${flags.model} (use: nigh predict ${flags.model} DATA)`)
  run.say(run.paint.dim(timeLine(run)))
}

/** The strangest rows as a table. */
export function rankedLines(shown: readonly Ranked[], isKnown: boolean, run: Run): string[] {
  const highest = shown[0]?.score ?? 0
  return [
    run.paint.bold(`The ${shown.length} strangest rows`),
    ...grid(
      [
        { title: 'row', align: 'right' },
        { title: 'score', align: 'right' },
        { title: '', align: 'left' },
        ...(isKnown ? [{ title: 'known', align: 'left' } as const] : []),
        { title: 'why', align: 'left' },
      ],
      shown.map((one) => [
        String(one.row),
        brief(one.score),
        bar(one.score / highest, 6),
        ...(isKnown ? [one.known === true ? 'yes' : '·'] : []),
        one.reasons.join('; '),
      ]),
      run.width,
      run.paint,
    ),
  ]
}

const scoreNames = {
  neighbor: 'distance to the k-th neighbour',
  centroid: 'distance to the centre, in typical distances of its cluster',
  lof: 'local outlier factor',
} as const

/** Refuses options that exclude each other. */
export function checkAnomalyFlags(flags: AnomalyFlags): void {
  const { method, contamination, threshold, metric } = flags
  if (contamination !== undefined && threshold !== undefined) {
    throw new InputError(
      'E_PARAM',
      'threshold',
      '--threshold and --contamination exclude each other: set one of them',
    )
  }
  if (method === 'centroid' && metric !== 'euclidean') {
    throw new InputError('E_PARAM', 'metric', `--metric ${metric} goes with --method neighbor and lof only`)
  }
  checkMetric(flags)
}

/** Neighbours, or clusters, where none are asked for. */
export function neighborsOf({ k, method }: AnomalyFlags, rows: number): number {
  const most = method === 'centroid' ? rows : rows - 1
  if (rows < 3) {
    throw new InputError('E_SHAPE', 'data', `nigh anomalies needs at least 3 rows, got ${rows}`)
  }
  if (k !== undefined && k > most) {
    throw new InputError('E_K', 'k', `--k must be at most ${most} for ${rows} rows, got ${k}`)
  }
  return k ?? Math.min({ neighbor: 5, centroid: 8, lof: 20 }[method], most)
}

async function fitted(
  { encoder, matrix }: Prepared,
  table: Parameters<typeof NeighborDistance.fit>[0],
  k: number,
  flags: AnomalyFlags,
  run: Run,
): Promise<AnomalyModel> {
  // The table only where the model is saved: its encoder then goes with it.
  const [points, own] = flags.model === undefined ? [matrix, {}] : [table, { encoder }]
  const { contamination, threshold } = flags
  const options = {
    ...own,
    ...run.work,
    k,
    ...(contamination === undefined ? {} : { contamination }),
    ...(threshold === undefined ? {} : { threshold }),
  }
  if (flags.method === 'centroid') {
    return CentroidDistance.fit(points, { ...options, seed: flags.seed })
  }
  const searching = { ...options, ...metricOptions(flags) }
  if (flags.method === 'lof') return LocalOutlierFactor.fit(points, searching)
  return NeighborDistance.fit(points, searching)
}

/** How rows are scored, in words. */
export function methodInWords({ method }: AnomalyFlags, k: number): string {
  switch (method) {
    case 'neighbor':
      return `distance to the ${ordinal(k)} nearest row`
    case 'centroid':
      return `distance to the ${k === 1 ? 'centre' : `nearest of ${k} centres`}, in typical distances of its cluster`
    case 'lof':
      return `local outlier factor among ${k} neighbours`
  }
}

function ordinal(k: number): string {
  const teen = k % 100 >= 11 && k % 100 <= 13
  return `${k}${teen ? 'th' : (['th', 'st', 'nd', 'rd'][k % 10] ?? 'th')}`
}

/** For each row: the columns that set it apart from its nearest rows, or from the centre of its cluster. */
async function reasonsFor(
  top: readonly number[],
  { encoder, matrix }: Prepared,
  model: AnomalyModel,
  k: number,
  flags: AnomalyFlags,
  run: Run,
): Promise<string[][]> {
  const own = rowsAt(matrix, top)
  if (model instanceof CentroidDistance) {
    const usual = homesNear(own, model.clusters.centroids, model.spreads)
    return explainStrange(encoder, own, usual, 'centre')
  }
  const near = await NearestNeighbors.fit(matrix, { ...metricOptions(flags), ...run.work })
  const found = await near.nearest(own, { k: Math.min(k + 1, matrix.rows), ...run.work })
  const others = top.map((row, at) =>
    Array.from(found.indices.subarray(at * found.k, (at + 1) * found.k))
      .filter((index) => index !== row)
      .slice(0, k),
  )
  return explainStrange(encoder, own, meansOf(matrix, others), 'near rows')
}

/** How well the scores find what is known. */
export interface Quality {
  readonly known: number
  readonly averagePrecision: number
  readonly rocAuc: number
  /** Of the flagged rows, the share that is known; of the known, the share that is flagged. */
  readonly precision: number
  readonly recall: number
}

/** Scores against what is known. */
export function qualityOf(labels: readonly boolean[], scores: Float64Array, outliers: Uint8Array): Quality {
  const known = labels.filter(Boolean).length
  const hits = labels.reduce((sum, label, i) => sum + (label ? outliers[i] : 0), 0)
  const flagged = outliers.reduce((sum, one) => sum + one, 0)
  // Infinite scores rank, but are no numbers to the measures.
  const highest = scores.reduce((most, score) => (Number.isFinite(score) ? Math.max(most, score) : most), 0)
  const finite = scores.map((score) => (Number.isFinite(score) ? score : highest * 2 + 1))
  return {
    known,
    averagePrecision: averagePrecision(labels, finite, { positive: true }),
    rocAuc: rocAuc(labels, finite, { positive: true }),
    precision: flagged === 0 ? 0 : hits / flagged,
    recall: hits / known,
  }
}

/** The measures as lines. */
export function qualityLines(quality: Quality, run: Run): string[] {
  return [
    run.paint.bold('Against what is known'),
    ...grid(
      [
        { title: '', align: 'left' },
        { title: '', align: 'right' },
        { title: '', align: 'left' },
      ],
      [
        ['known anomalies', whole(quality.known), ''],
        ['average precision', quality.averagePrecision.toFixed(3), 'of the ranking; 1 is perfect'],
        ['ROC AUC', quality.rocAuc.toFixed(3), '0.5 is chance'],
        ['precision', percent(quality.precision), 'of the rows flagged are known anomalies'],
        ['recall', percent(quality.recall), 'of the known anomalies are flagged'],
      ],
      run.width,
      run.paint,
    ),
  ]
}
