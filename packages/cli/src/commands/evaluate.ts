import {
  accuracy,
  adjustedMutualInformation,
  adjustedRand,
  calinskiHarabasz,
  confusion,
  daviesBouldin,
  InputError,
  KMeans,
  KNNClassifier,
  normalizedMutualInformation,
  precisionRecallF1,
  regressionScores,
  silhouette,
  vMeasure,
} from 'nigh'
import type { Column, Label, Table } from 'nigh'
import { readOptionsOf } from '../options.ts'
import type { ReadFlags } from '../options.ts'
import type { Input } from '../read/read.ts'
import { inputLines, timeLine } from '../run.ts'
import type { Run } from '../run.ts'
import { classificationLines, regressionLines } from '../show/evaluation.ts'
import type { ClassificationReport } from '../show/evaluation.ts'
import { grid } from '../show/grid.ts'
import { brief, plural } from '../show/numbers.ts'
import { show } from '../show/text.ts'
import { answerRows, isAnomalies, isAnswering, numbersOf } from './answers.ts'
import type { AnsweringModel } from './answers.ts'
import { qualityLines, qualityOf } from './anomalies.ts'
import { knownAnomalies } from './known.ts'
import { loadModel } from './predict.ts'
import { unknownColumn } from './shared.ts'
import { mostFrequent } from './trial.ts'

export interface EvaluateFlags extends ReadFlags {
  readonly target?: string | undefined
  readonly anomalous?: string[] | undefined
  readonly json?: boolean | undefined
  readonly quiet?: boolean | undefined
}

/** What an evaluation comes to: for a program, and for a person. */
interface Verdict {
  readonly json: Readonly<Record<string, unknown>>
  readonly lines: readonly string[]
}

/** `nigh evaluate MODEL DATA` */
export async function evaluateModel(
  modelName: string,
  name: string,
  flags: EvaluateFlags,
  run: Run,
): Promise<void> {
  const model = await run.time('load', 'loading the model', () => loadModel(modelName))
  if (!isAnswering(model)) {
    throw new InputError(
      'E_KIND',
      'model',
      `${modelName} is a ${model.constructor.name} model; nigh evaluate takes those of K-Means, nigh knn and nigh anomalies`,
    )
  }
  if (flags.target === undefined && !(model instanceof KMeans)) {
    throw new InputError(
      'E_PARAM',
      'target',
      'set --target to the column of true answers; only clusters can be judged by themselves',
    )
  }
  const input = await run.read(name, readOptionsOf(flags))
  const { target } = flags
  if (target !== undefined && !input.table.has(target)) {
    throw unknownColumn(input.name, '--target', target, input.names)
  }
  const verdict = await run.time('evaluate', 'evaluating', () => judge(model, input, flags, run))
  run.answer({
    command: 'evaluate',
    model: modelName,
    kind: kindOf(model),
    ...(target === undefined ? {} : { target }),
    ...verdict.json,
    warnings: input.warnings.map(({ code, message }) => ({ code, message })),
    seconds: run.seconds,
    timings: run.timings,
  })
  run.say(...inputLines(input), '', ...verdict.lines, '', run.paint.dim(timeLine(run)))
}

function kindOf(model: AnsweringModel): string {
  if (model instanceof KMeans) return 'kmeans'
  if (isAnomalies(model)) return 'anomalies'
  return model instanceof KNNClassifier ? 'knn-classifier' : 'knn-regressor'
}

async function judge(model: AnsweringModel, input: Input, flags: EvaluateFlags, run: Run): Promise<Verdict> {
  const { target } = flags
  // A model of plain numbers takes every column: the target is none of them.
  const features =
    target === undefined || input.table.columns.length === 1 ? input.table : input.table.drop([target])
  if (model instanceof KMeans) return judgeClusters(model, input, features, target, run)
  if (isAnomalies(model)) {
    const known = knownAnomalies(input, { label: target, anomalous: flags.anomalous })
    const [scores, anomaly] = await answerRows(model, features, run)
    const kept = Array.from(known, (_, row) => row).filter((row) => anomaly.values[row] !== 255)
    const quality = qualityOf(
      kept.map((row) => known[row]),
      Float64Array.from(kept, (row) => scores.values[row]),
      Uint8Array.from(kept, (row) => anomaly.values[row]),
    )
    return { json: { rows: kept.length, ...quality }, lines: qualityLines(quality, run) }
  }
  const [answers] = await answerRows(model, features, run)
  const truth = input.table.column(target ?? '')
  const kept = bothThere(truth, answers)
  if (kept.length === 0) {
    throw new InputError('E_MISSING', 'target', `--target ${show(target ?? '')}: no row has a target`)
  }
  const left = input.table.rows - kept.length
  if (left > 0)
    run.warn(`${plural(left, 'row')} without a target or an answer ${left === 1 ? 'is' : 'are'} left out`)
  return model instanceof KNNClassifier
    ? judgeClasses(labelsAt(truth, kept), labelsAt(answers, kept), run)
    : judgeNumbers(truth, answers, kept, run)
}

function judgeClasses(truth: readonly Label[], predicted: readonly Label[], run: Run): Verdict {
  const every = Uint32Array.from(truth, (_, i) => i)
  const usual = mostFrequent(every, truth)
  const naive = truth.map(() => usual)
  const { macro, perClass } = precisionRecallF1(truth, predicted)
  const report: ClassificationReport = {
    accuracy: accuracy(truth, predicted),
    macroF1: macro.f1,
    perClass,
    confusion: confusion(truth, predicted),
    baseline: {
      label: usual,
      accuracy: accuracy(truth, naive),
      macroF1: precisionRecallF1(truth, naive).macro.f1,
    },
  }
  const { label, ...baseline } = report.baseline
  return {
    json: {
      rows: truth.length,
      accuracy: report.accuracy,
      macroF1: report.macroF1,
      perClass,
      confusion: report.confusion,
      baseline: { method: 'most frequent class', label, ...baseline },
    },
    lines: classificationLines(report, run.width, run.paint),
  }
}

function judgeNumbers(truth: Column, answers: Column, kept: readonly number[], run: Run): Verdict {
  if (truth.type !== 'number' || answers.type !== 'number') {
    throw new InputError(
      'E_TYPE',
      'target',
      `--target ${show(truth.name)}: the model answers with numbers, but the column holds ${truth.type}`,
    )
  }
  const real = kept.map((row) => truth.values[row])
  const own = kept.map((row) => answers.values[row])
  const mean = real.reduce((sum, value) => sum + value, 0) / real.length
  const baseline = regressionScores(
    real,
    real.map(() => mean),
  )
  const { r2, rmse, mae } = regressionScores(real, own)
  return {
    json: {
      rows: kept.length,
      r2,
      rmse,
      mae,
      baseline: { method: 'mean', r2: baseline.r2, rmse: baseline.rmse, mae: baseline.mae },
    },
    lines: regressionLines({ r2, rmse, mae, baseline }, run.width, run.paint),
  }
}

async function judgeClusters(
  model: KMeans,
  input: Input,
  features: Table,
  target: string | undefined,
  run: Run,
): Promise<Verdict> {
  const { matrix, rows } = numbersOf(model, features)
  const labels = await model.predict(matrix, run.work)
  const found = new Set(labels).size
  const defined = found >= 2 && found < matrix.rows
  // Exact up to here; beyond, n² distances would take minutes.
  const most = 10_000
  const part = matrix.rows > most ? { sampleSize: most } : {}
  const inside = defined
    ? {
        silhouette: (await silhouette(matrix, labels, { ...part, signal: run.signal })).mean,
        calinskiHarabasz: calinskiHarabasz(matrix, labels),
        daviesBouldin: daviesBouldin(matrix, labels),
      }
    : { silhouette: null, calinskiHarabasz: null, daviesBouldin: null }
  const text = (value: number | null): string => (value === null ? 'not defined' : brief(value))
  const lines: [string, string, string][] = [
    ['clusters with rows', `${found} of ${model.k}`, ''],
    ['inertia', brief(-(await model.score(matrix, run.work))), 'summed squared distance to the centres'],
    [
      'silhouette',
      text(inside.silhouette),
      `from −1 to 1, high is good${matrix.rows > most ? `; on ${most} rows` : ''}`,
    ],
    ['Calinski–Harabasz', text(inside.calinskiHarabasz), 'high is good'],
    ['Davies–Bouldin', text(inside.daviesBouldin), 'low is good'],
  ]
  let agreement: Record<string, number> = {}
  if (target !== undefined) {
    const truth = input.table.column(target)
    const places = Array.from({ length: matrix.rows }, (_, i) => i).filter((i) =>
      isThere(truth, rows?.[i] ?? i),
    )
    if (places.length === 0) {
      throw new InputError('E_MISSING', 'target', `--target ${show(target)}: no row has a target`)
    }
    const classes = labelsAt(
      truth,
      places.map((i) => rows?.[i] ?? i),
    )
    const own = places.map((i) => labels[i])
    const { homogeneity, completeness, vMeasure: both } = vMeasure(classes, own)
    agreement = {
      adjustedRand: adjustedRand(classes, own),
      adjustedMutualInformation: adjustedMutualInformation(classes, own),
      normalizedMutualInformation: normalizedMutualInformation(classes, own),
      homogeneity,
      completeness,
      vMeasure: both,
    }
    lines.push(
      [
        'adjusted Rand',
        agreement.adjustedRand.toFixed(3),
        `agreement with ${show(target)}: 0 by chance, 1 the same`,
      ],
      ['adjusted mutual information', agreement.adjustedMutualInformation.toFixed(3), 'likewise'],
      ['homogeneity', homogeneity.toFixed(3), 'clusters hold one class only'],
      ['completeness', completeness.toFixed(3), 'classes lie in one cluster only'],
    )
  }
  return {
    json: { rows: matrix.rows, clusters: found, ...inside, ...agreement },
    lines: grid(
      [
        { title: '', align: 'left' },
        { title: '', align: 'right' },
        { title: '', align: 'left' },
      ],
      lines,
      run.width,
      run.paint,
    ),
  }
}

function isThere(column: Column, row: number): boolean {
  const value = column.values[row]
  return column.type === 'text'
    ? value >= 0
    : column.type === 'boolean'
      ? value !== 255
      : !Number.isNaN(value)
}

function bothThere(a: Column, b: Column): number[] {
  return Array.from({ length: a.values.length }, (_, row) => row).filter(
    (row) => isThere(a, row) && isThere(b, row),
  )
}

function labelsAt(column: Column, rows: readonly number[]): Label[] {
  switch (column.type) {
    case 'text':
      return rows.map((row) => column.categories[column.values[row]])
    case 'boolean':
      return rows.map((row) => column.values[row] === 1)
    default:
      return rows.map((row) => column.values[row])
  }
}
