import { expect } from 'vitest'
import { labelsOf, rowsOf, textOf } from '../../packages/nigh/fixtures/golden.ts'
import * as nigh from '../../packages/nigh/src/index.ts'
import { beside, casesOf, type Fixture, ones, same } from './lines.ts'

export function neighbours(): void {
  for (const one of casesOf('neighbors.json')) {
    const rows = rowsOf(one.data)
    const [fitted, asked] = [one.fitted, one.queries] as [number, number][]
    const metric = one.metric as nigh.MetricName
    const p = one.p as number | null
    const name = metric === 'minkowski' ? `minkowski p = ${p}` : metric
    const model = nigh.NearestNeighbors.fitSync(rows.slice(...fitted), { metric, ...(p ? { p } : {}) })
    const queries = rows.slice(...asked)
    if (one.k !== undefined) {
      const { distances } = model.nearestSync(queries, { k: one.k as number })
      const line = {
        what: `NearestNeighbors, ${name}: distances`,
        allowed: metric === 'cosine' ? 1e-10 : 1e-12,
      }
      beside(line, one, distances, (one.distances as number[][]).flat())
    } else {
      const { offsets } = model.withinSync(queries, { radius: one.radius as number })
      const counts = Array.from(queries, (_, i) => offsets[i + 1] - offsets[i])
      beside(
        { what: `NearestNeighbors, ${name}: rows within a radius`, allowed: 0 },
        one,
        counts,
        one.counts as number[],
      )
    }
  }
}

export function votes(): void {
  for (const one of casesOf('knn-metrics.json')) {
    const rows = rowsOf(one.data)
    const targets = textOf(one.data)
    const held = (i: number): boolean => i % 10 === 0
    const known = rows.filter((_, i) => !held(i))
    const asked = rows.filter((_, i) => held(i))
    const [metric, weights, k] = [
      one.metric as nigh.MetricName,
      one.weights as 'uniform' | 'distance',
      one.k as number,
    ]
    const p = one.p as number | null
    const options = { metric, weights, k, ...(p ? { p } : {}) }
    const name = `${metric === 'minkowski' ? `minkowski p = ${p}` : metric}, ${weights}`
    // scikit-learn's cosine is 1 − x·y, which keeps 16 digits of 1, not of the distance; near rows are what is weighed.
    // Its squared distances cancel too.
    const rough = metric === 'cosine' || metric === 'sqeuclidean'
    const allowed = rough && weights === 'distance' ? 1e-7 : 1e-10
    const note = allowed === 1e-7 ? 'its distances cancel' : ''
    const classes = nigh.KNNClassifier.fitSync(
      known,
      targets.filter((_, i) => !held(i)),
      options,
    )
    const found = classes.predictProbaSync(asked)
    const proba = one.proba as (number[] | null)[]
    const recorded = proba.flatMap((row) => row ?? classes.classes.map(() => null))
    beside(
      { what: `KNNClassifier, ${name}: shares of the votes`, allowed, note },
      one,
      found.values,
      recorded,
    )
    const last = known[0].length - 1
    const model = nigh.KNNRegressor.fitSync(
      known.map((row) => row.slice(0, last)),
      known.map((row) => row[last]),
      options,
    )
    const means = model.predictSync(asked.map((row) => row.slice(0, last)))
    beside({ what: `KNNRegressor, ${name}: predictions`, allowed, note }, one, means, one.mean as number[])
  }
}

export function clusters(): void {
  for (const one of casesOf('kmeans.json')) {
    const rows = rowsOf(one.data)
    if (one.best !== undefined) {
      for (const { k, inertia } of one.best as { k: number; inertia: number }[]) {
        const model = nigh.KMeans.fitSync(rows, { k, nInit: 10 })
        const note = 'the best of 60 to 200 starts there, of 10 here: above 0 is worse'
        const line = { what: 'KMeans: inertia beside the best known', allowed: 0.01, note }
        beside(line, one, [Math.max(inertia, model.inertia)], [inertia])
      }
      continue
    }
    const init = (one.init as (number | number[])[]).map((at) => (typeof at === 'number' ? rows[at] : at))
    const weights = one.sampleWeight as number[] | undefined
    const model = nigh.KMeans.fitSync(rows, {
      k: one.k as number,
      init,
      ...(weights ? { sampleWeight: rows.map((_, i) => weights[i % weights.length]) } : {}),
    })
    const labels = labelsOf(one.labels as string)
    beside({ what: 'KMeans, same start: inertia' }, one, [model.inertia], [one.inertia as number])
    beside(
      { what: 'KMeans, same start: labels', allowed: 0 },
      one,
      same(model.labels, labels),
      ones(labels.length),
    )
    const centroids = one.centroids as number[][] | null
    if (centroids)
      beside({ what: 'KMeans, same start: centroids' }, one, model.centroids.values, centroids.flat())
  }
}

const SCORES: Readonly<Record<string, (truth: number[], labels: number[]) => number>> = {
  adjustedRand: nigh.adjustedRand,
  rand: nigh.rand,
  adjustedMutualInfo: nigh.adjustedMutualInformation,
  normalizedMutualInfo: nigh.normalizedMutualInformation,
  mutualInfo: nigh.mutualInformation,
  fowlkesMallows: nigh.fowlkesMallows,
  homogeneity: (truth, labels) => nigh.vMeasure(truth, labels).homogeneity,
  completeness: (truth, labels) => nigh.vMeasure(truth, labels).completeness,
  vMeasure: (truth, labels) => nigh.vMeasure(truth, labels).vMeasure,
}

/** Scores that nigh has under other names than the fixture. */
const NAMES: Readonly<Record<string, string>> = {
  adjustedMutualInfo: 'adjustedMutualInformation',
  normalizedMutualInfo: 'normalizedMutualInformation',
  mutualInfo: 'mutualInformation',
  homogeneity: 'vMeasure, homogeneity',
  completeness: 'vMeasure, completeness',
  silhouetteManhattan: 'silhouette, manhattan',
  rocAucOvr: 'rocAuc, one against the rest',
  rocAucOvo: 'rocAuc, one against one',
}

export function scores(): void {
  for (const one of casesOf('metrics.json')) {
    const at = (name: string, found: number): void => {
      const recorded = one[name] as number | null | undefined
      if (recorded !== null && recorded !== undefined)
        beside({ what: `score: ${NAMES[name] ?? name}` }, one, [found], [recorded])
    }
    if (one.kind === 'regression') {
      const truth = one.truth as number[]
      const weights = one.sampleWeight as number[] | null
      const options = weights ? { sampleWeight: truth.map((_, i) => weights[i % weights.length]) } : {}
      const found = nigh.regressionScores(truth, one.predicted as number[], options)
      const counts = [found.r2, found.rmse, found.mae]
      const single = [nigh.r2, nigh.rmse, nigh.mae].map((score) =>
        score(truth, one.predicted as number[], options),
      )
      beside(
        { what: 'score: regressionScores as r2, rmse, mae', by: 'nigh', allowed: 0 },
        one,
        counts,
        single,
      )
      at('r2', found.r2)
      at('rmse', found.rmse)
      at('mae', found.mae)
      continue
    }
    const truth = labelsOf(one.truth as string)
    if (one.kind === 'classification') {
      const predicted = labelsOf(one.predicted as string)
      at('accuracy', nigh.accuracy(truth, predicted))
      at('balancedAccuracy', nigh.balancedAccuracy(truth, predicted))
      at('cohenKappa', nigh.cohenKappa(truth, predicted))
      at('matthews', nigh.matthews(truth, predicted))
      const { matrix } = nigh.confusion(truth, predicted)
      beside(
        { what: 'score: confusion', allowed: 0 },
        one,
        matrix.flat(),
        (one.confusion as number[][]).flat(),
      )
      const found = nigh.precisionRecallF1(truth, predicted)
      for (const average of ['macro', 'weighted', 'micro'] as const) {
        const recorded = one[average] as Record<string, number>
        for (const name of ['precision', 'recall', 'f1'] as const) {
          beside({ what: `score: precisionRecallF1, ${name}` }, one, [found[average][name]], [recorded[name]])
        }
      }
      const proba = probabilities(one, (one.classes as string[]).length)
      if (proba === null) continue
      at('logLoss', nigh.logLoss(truth, proba))
      if (proba[0].length === 2) {
        const positive = proba.map((row) => row[1])
        at('rocAuc', nigh.rocAuc(truth, positive))
        at('averagePrecision', nigh.averagePrecision(truth, positive))
      } else {
        at('rocAucOvr', nigh.rocAuc(truth, proba))
        at('rocAucOvo', nigh.rocAuc(truth, proba, { multiClass: 'ovo' }))
      }
      continue
    }
    const labels = labelsOf(one.labels as string)
    for (const [name, score] of Object.entries(SCORES)) at(name, score(truth, labels))
    if (one.kind !== 'clustering') continue
    const rows = rowsOf(one.data)
    at('silhouette', nigh.silhouetteSync(rows, labels).mean)
    at('silhouetteManhattan', nigh.silhouetteSync(rows, labels, { metric: 'manhattan' }).mean)
    at('calinskiHarabasz', nigh.calinskiHarabasz(rows, labels))
    at('daviesBouldin', nigh.daviesBouldin(rows, labels))
  }
}

function probabilities(one: Fixture, classes: number): number[][] | null {
  const proba = one.proba as (number | number[])[] | undefined
  if (proba !== undefined) return proba.map((p) => (typeof p === 'number' ? [1 - p, p] : p))
  const counts = one.votes as string[] | undefined
  if (counts === undefined) return null
  return counts.map((row) =>
    Array.from(row, (digit) => (Number(digit) + 0.5) / ((one.k as number) + classes / 2)),
  )
}

export function estimators(): void {
  for (const one of casesOf('estimators.json', 'localOutlierFactor')) {
    if (one.factor === undefined || one.scale !== 'none') continue
    const model = nigh.LocalOutlierFactor.fitSync(rowsOf(one.data), { k: one.k as number })
    const note = 'rows with ties at rank k left out: scikit-learn takes any of those'
    const recorded = one.factor as (number | null)[]
    const clear = recorded.map((factor, i) =>
      factor === null || Math.abs(model.scores[i] / factor - 1) > 2e-9 ? null : factor,
    )
    beside({ what: 'LocalOutlierFactor: factors', allowed: 2e-9, note }, one, model.scores, clear)
    expect(clear.filter((factor) => factor === null).length).toBeLessThanOrEqual(0.25 * recorded.length)
  }
  for (const one of casesOf('estimators.json', 'nanEuclidean')) {
    const rows = rowsOf(one.data).slice(0, one.rows as number)
    for (const [i, j] of one.holes as [number, number][]) rows[i][j] = Number.NaN
    const recorded = (one.distances as (number | null)[][]).flat()
    const found = nigh.nanEuclideanDistances(rows)
    // Squares that cancel leave its equal rows 1e-7 apart.
    const apart = recorded.map((distance, i) => (found[i] < 1e-5 ? null : distance))
    const note = 'equal rows left out: there its distances cancel'
    beside({ what: 'nanEuclideanDistances', allowed: 1e-9, note }, one, found, apart)
  }
  for (const one of casesOf('estimators.json', 'knnImputer')) {
    if (one.weights !== 'uniform') continue
    const rows = rowsOf(one.data)
    const holes = one.holes as [number, number][]
    for (const [i, j] of holes) rows[i][j] = Number.NaN
    const filled = nigh.KNNImputer.fit(rows, { k: one.k as number, weights: 'uniform' }).transformSync(rows)
    const found = holes.map(([i, j]) => filled.row(i)[j])
    beside({ what: 'KNNImputer: filled cells', allowed: 1e-8 }, one, found, one.filled as (number | null)[])
  }
  for (const one of casesOf('estimators.json', 'nearestCentroid')) {
    const rows = rowsOf(one.data)
    const model = nigh.NearestCentroid.fitSync(rows, textOf(one.data), { metric: one.metric as 'euclidean' })
    const predicted = labelsOf(one.predicted as string).map((code) => model.classes[code])
    const what = { what: 'NearestCentroid: classes', allowed: 0 }
    beside(what, one, same(model.predictSync(rows), predicted), ones(rows.length))
    const centroids = one.centroids as number[][] | null
    if (centroids)
      beside({ what: 'NearestCentroid: centroids' }, one, model.centroids.values, centroids.flat())
  }
  for (const kind of ['radiusClassifier', 'radiusRegressor'] as const) {
    for (const one of casesOf('estimators.json', kind)) {
      const rows = rowsOf(one.data)
      const fitted = (_: unknown, i: number): boolean => i % 3 > 0
      const asked = rows.filter((_, i) => i % 3 === 0)
      const options = { radius: one.radius as number, weights: one.weights as 'uniform' }
      if (kind === 'radiusClassifier') {
        const model = nigh.RadiusClassifier.fitSync(
          rows.filter(fitted),
          textOf(one.data).filter(fitted),
          options,
        )
        const predicted = labelsOf(one.predicted as string).map((code) => model.classes[code])
        const found = same(model.predictSync(asked), predicted)
        beside({ what: 'RadiusClassifier: classes', allowed: 0 }, one, found, ones(found.length))
      } else {
        const [column] = one.target as string[]
        const targets = textOf(one.data, column).map(Number).filter(fitted)
        const model = nigh.RadiusRegressor.fitSync(rows.filter(fitted), targets, {
          ...options,
          outlierValue: -1,
        })
        beside(
          { what: 'RadiusRegressor: predictions' },
          one,
          model.predictSync(asked),
          one.predicted as number[],
        )
      }
    }
  }
  for (const one of casesOf('estimators.json', 'bisecting')) {
    const strategy = one.strategy as 'biggest_inertia'
    for (const [k, best] of Object.entries(one.inertia as Record<string, number>)) {
      const model = nigh.BisectingKMeans.fitSync(rowsOf(one.data), { k: Number(k), strategy })
      beside(
        { what: 'BisectingKMeans: inertia', allowed: 1e-10, note: 'the best of 50 starts a split there' },
        one,
        [model.inertia],
        [best],
      )
    }
  }
  for (const one of casesOf('estimators.json', 'scaling')) {
    const rows = rowsOf(one.data)
    const table = nigh.Table.fromRows(rows.map((row) => Object.fromEntries(row.map((x, j) => [`c${j}`, x]))))
    for (const scale of ['standard', 'minmax', 'robust'] as const) {
      const recorded = one[scale] as Record<string, number[]> | undefined
      if (recorded === undefined || recorded === null) continue
      const [centres, spreads] = Object.values(recorded)
      const { matrix } = nigh.Encoder.fit(table, { columns: table.names, scale }).encode(table)
      const expected = rows.flatMap((row) =>
        row.map((x, j) => {
          const spread = spreads[j] === 0 ? 1 : spreads[j]
          return (x - centres[j]) / spread
        }),
      )
      // Cells near the centre are differences of larger numbers: their last digits are of those.
      beside({ what: `Encoder, ${scale}: scaled cells`, allowed: 1e-10 }, one, matrix.values, expected)
    }
    const pca = one.pca as { explainedVariance: number[] } | undefined
    if (pca === undefined) continue
    const found = nigh.principalComponents(rows)
    const variances = Array.from(found.variances.subarray(0, pca.explainedVariance.length))
    beside({ what: 'principalComponents: variances', allowed: 1e-10 }, one, variances, pca.explainedVariance)
  }
}
