import {
  accuracy,
  CentroidDistance,
  confusion,
  InputError,
  KMeans,
  KPrototypes,
  NearestNeighbors,
  precisionRecallF1,
  regressionScores,
} from 'nigh'
import type { Column, Label } from 'nigh'
import { readOptionsOf } from '../options.ts'
import type { ReadFlags } from '../options.ts'
import type { Input } from '../read/read.ts'
import { inputLines, timeLine } from '../run.ts'
import type { Run } from '../run.ts'
import { classificationLines, regressionLines } from '../show/evaluation.ts'
import type { ClassificationReport } from '../show/evaluation.ts'
import { plural } from '../show/numbers.ts'
import { show } from '../show/text.ts'
import { answerRows, answersNumbers, encoderOf, isAnomalies, isAnswering } from './answers.ts'
import type { AnsweringModel } from './answers.ts'
import { qualityLines, qualityOf } from './anomalies.ts'
import { chosenColumns, isFamily } from './family-answers.ts'
import type { FamilyModel } from './family-answers.ts'
import { judgeClusters, labelsAt } from './judge-clusters.ts'
import type { Verdict } from './judge-clusters.ts'
import { knownAnomalies } from './known.ts'
import { loadModel } from './predict.ts'
import { isThere, unknownColumn } from './shared.ts'
import { answering } from './unfit.ts'
import { mostFrequent } from './trial.ts'

export interface EvaluateFlags extends ReadFlags {
  readonly target?: string | undefined
  readonly anomalous?: string[] | undefined
  readonly columns?: string[] | undefined
  readonly json?: boolean | undefined
  readonly quiet?: boolean | undefined
}

/** `nigh evaluate MODEL DATA` */
export async function evaluateModel(
  modelName: string,
  name: string,
  flags: EvaluateFlags,
  run: Run,
): Promise<void> {
  const model = await run.time('load', 'loading the model', () => loadModel(modelName))
  if (!isAnswering(model) && !isFamily(model)) {
    const what =
      model instanceof NearestNeighbors
        ? 'an index of neighbours, whose answers are rows'
        : 'a model that fills empty cells'
    throw new InputError(
      'E_KIND',
      'model',
      `${modelName} is ${what}: there is nothing to judge it by; nigh evaluate takes models of nigh kmeans, knn and anomalies`,
    )
  }
  const clusters = model instanceof KMeans || isFamily(model)
  if (flags.target === undefined && !clusters) {
    throw new InputError(
      'E_PARAM',
      'target',
      'set --target to the column of true answers; only clusters can be judged by themselves',
    )
  }
  const input = await run.read(name, { ...readOptionsOf(flags), dispensable: 'all' })
  const { target } = flags
  if (target !== undefined && !input.table.has(target)) {
    throw unknownColumn(input.name, '--target', target, input.names)
  }
  const verdict = await run.time('evaluate', 'evaluating', () =>
    answering(input, encoderOf(model), true, () => judge(model, input, flags, run)),
  )
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

/** What a model is called in answers: `kmeans`, `bisecting-kmeans`, `knn-classifier`. */
function kindOf(model: AnsweringModel | FamilyModel): string {
  if (!isFamily(model) && isAnomalies(model)) return 'anomalies'
  return model.constructor.name
    .replace(/^KNN/, 'Knn')
    .replace(/^MiniB/, 'Minib')
    .replace(/^KMeans1D$/, 'KMeans-1d')
    .replace(/([a-z])(?=[A-Z])/g, '$1-')
    .toLowerCase()
}

async function judge(
  model: AnsweringModel | FamilyModel,
  input: Input,
  flags: EvaluateFlags,
  run: Run,
): Promise<Verdict> {
  const { target } = flags
  const all = chosenColumns(model, input.table, flags.columns)
  // A model of plain numbers takes every column: the target is none of them. Others know theirs by name.
  const scored = model instanceof CentroidDistance ? model.clusters : model
  const plain = !(model instanceof KPrototypes) && !('encoder' in scored && scored.encoder !== undefined)
  const features =
    plain && target !== undefined && all.columns.length > 1 && all.has(target) ? all.drop([target]) : all
  if (model instanceof KMeans || isFamily(model)) return judgeClusters(model, input, features, target, run)
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
  return answersNumbers(model)
    ? judgeNumbers(truth, answers, kept, run)
    : judgeClasses(labelsAt(truth, kept), labelsAt(answers, kept), run)
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

function bothThere(a: Column, b: Column): number[] {
  return Array.from({ length: a.values.length }, (_, row) => row).filter(
    (row) => isThere(a, row) && isThere(b, row),
  )
}
