import { describe, expect, test } from 'vitest'
import { golden, labelsOf, rowsOf, type Source } from '../../fixtures/golden.ts'
import * as agreement from './agreement.ts'
import * as classification from './classification.ts'
import { calinskiHarabasz, daviesBouldin } from './dispersion.ts'
import { averagePrecision, logLoss, rocAuc } from './ranking.ts'
import { regressionScores } from './regression.ts'
import { silhouetteSync } from './silhouette.ts'

// Every score beside scikit-learn 1.9.1 on six data sets and on edge cases.
interface Case {
  readonly kind: string
  readonly name: string
  readonly data: Source
  readonly labels: string
  readonly truth: string
  readonly predicted: string
  readonly [name: string]: unknown
}
const { cases } = golden<Case>('metrics.json')
const of = (kind: string): (readonly [string, Case])[] =>
  cases.filter((one) => one.kind === kind).map((one) => [one.name, one] as const)

function agrees(found: number, recorded: unknown): void {
  const expected = recorded as number
  expect(Math.abs(found - expected)).toBeLessThanOrEqual(1e-12 * Math.max(Math.abs(expected), 1e-3))
}

function agreesOnLabels(one: Case): void {
  const truth = labelsOf(one.truth)
  const labels = labelsOf(one.labels)
  agrees(agreement.adjustedRand(truth, labels), one.adjustedRand)
  agrees(agreement.rand(truth, labels), one.rand)
  agrees(agreement.adjustedMutualInformation(truth, labels), one.adjustedMutualInfo)
  agrees(agreement.normalizedMutualInformation(truth, labels), one.normalizedMutualInfo)
  agrees(agreement.mutualInformation(truth, labels), one.mutualInfo)
  agrees(agreement.fowlkesMallows(truth, labels), one.fowlkesMallows)
  const measure = agreement.vMeasure(truth, labels)
  agrees(measure.homogeneity, one.homogeneity)
  agrees(measure.completeness, one.completeness)
  agrees(measure.vMeasure, one.vMeasure)
}

describe('clustering', () => {
  test.each(of('clustering'))('%s', (_, one) => {
    const rows = rowsOf(one.data)
    const labels = labelsOf(one.labels)
    const found = silhouetteSync(rows, labels)
    agrees(found.mean, one.silhouette)
    if (Array.isArray(one.silhouetteSamples)) {
      one.silhouetteSamples.forEach((value, i) => {
        expect(Math.abs(found.samples[i] - value)).toBeLessThan(1e-12)
      })
    }
    agrees(silhouetteSync(rows, labels, { metric: 'manhattan' }).mean, one.silhouetteManhattan)
    agrees(calinskiHarabasz(rows, labels), one.calinskiHarabasz)
    agrees(daviesBouldin(rows, labels), one.daviesBouldin)
    agreesOnLabels(one)
  })
})

describe('agreement', () => {
  test.each(of('agreement'))('%s', (_, one) => agreesOnLabels(one))
})

describe('classification', () => {
  test.each(of('classification'))('%s', (_, one) => {
    const classes = one.classes as string[]
    const truth = labelsOf(one.truth)
    const predicted = labelsOf(one.predicted)
    agrees(classification.accuracy(truth, predicted), one.accuracy)
    agrees(classification.balancedAccuracy(truth, predicted), one.balancedAccuracy)
    agrees(classification.cohenKappa(truth, predicted), one.cohenKappa)
    agrees(classification.matthews(truth, predicted), one.matthews)
    expect(classification.confusion(truth, predicted).matrix).toEqual(one.confusion)
    const found = classification.precisionRecallF1(truth, predicted)
    for (const name of ['precision', 'recall', 'f1', 'support'] as const) {
      found.perClass.forEach((prf, c) => agrees(prf[name], (one[name] as number[])[c]))
    }
    for (const average of ['macro', 'weighted', 'micro'] as const) {
      for (const name of ['precision', 'recall', 'f1'] as const) {
        agrees(found[average][name], (one[average] as Record<string, number>)[name])
      }
    }
    const proba = probabilities(one, classes.length)
    if (proba === null) return
    agrees(logLoss(truth, proba), one.logLoss)
    if (classes.length === 2) {
      const scores = proba.map((row) => row[1])
      agrees(rocAuc(truth, scores), one.rocAuc)
      agrees(averagePrecision(truth, scores), one.averagePrecision)
      agrees(logLoss(truth, scores), one.logLoss)
    } else {
      agrees(rocAuc(truth, proba), one.rocAucOvr)
      agrees(rocAuc(truth, proba, { multiClass: 'ovo' }), one.rocAucOvo)
      agrees(rocAuc(truth, proba, { average: 'weighted' }), one.rocAucOvrWeighted)
    }
  })
})

describe('regression', () => {
  test.each(of('regression'))('%s', (_, one) => {
    const weights = one.sampleWeight as number[] | null
    const truth = one.truth as unknown as number[]
    const sampleWeight = truth.map((_, i) => (weights === null ? 1 : weights[i % weights.length]))
    const predicted = one.predicted as unknown as number[]
    const found = regressionScores(truth, predicted, weights === null ? {} : { sampleWeight })
    agrees(found.r2, one.r2)
    agrees(found.rmse, one.rmse)
    agrees(found.mae, one.mae)
  })
})

/** The fixture's probabilities: in place, or from votes by the rule its `smoothed` states. */
function probabilities(one: Case, classes: number): number[][] | null {
  const proba = one.proba as number[] | number[][] | undefined
  if (proba !== undefined) return proba.map((p) => (typeof p === 'number' ? [1 - p, p] : p))
  const votes = one.votes as string[] | undefined
  if (votes === undefined) return null
  const k = one.k as number
  return votes.map((row) => Array.from(row, (digit) => (Number(digit) + 0.5) / (k + classes / 2)))
}
