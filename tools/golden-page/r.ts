import { labelsOf, rowsOf, textOf } from '../../packages/nigh/fixtures/golden.ts'
import * as nigh from '../../packages/nigh/src/index.ts'
import { beside, casesOf, type Fixture, ones, same } from './lines.ts'

const R = 'R 4.2.2'
const FILE = 'r.json'
const TIES = 'rows that ties at rank k touch left out: dbscan takes all of those'

/** Every tenth row is asked, the others are known. */
const asked = (_: unknown, i: number): boolean => i % 10 === 0
const known = (_: unknown, i: number): boolean => i % 10 !== 0

/** R's k-means, medoids, silhouette and principal components. */
export function clustersInR(): void {
  for (const one of casesOf(FILE, 'lloyd')) {
    const rows = rowsOf(one.data)
    const init = (one.init as number[]).map((row) => rows[row])
    const model = nigh.KMeans.fitSync(rows, { k: one.k as number, init })
    const by = `${R} kmeans, Lloyd`
    beside({ what: 'KMeans, same start: inertia', by }, one, [model.inertia], [one.inertia as number])
    const agreed = same(model.labels, labelsOf(one.labels as string))
    beside({ what: 'KMeans, same start: labels', by, allowed: 0 }, one, agreed, ones(agreed.length))
    const centroids = (one.centroids as number[][]).flat()
    beside({ what: 'KMeans, same start: centroids', by }, one, model.centroids.values, centroids)
  }
  for (const one of casesOf(FILE, 'hartiganWong')) {
    const recorded = one.inertia as number
    const model = nigh.KMeans.fitSync(rowsOf(one.data), { k: one.k as number, nInit: 50 })
    beside(
      {
        what: 'KMeans: inertia beside the best known',
        by: `${R} kmeans, Hartigan-Wong`,
        allowed: 0.01,
        note: 'the best of 200 starts there, of 50 here: above 0 is worse',
      },
      one,
      [Math.max(recorded, model.inertia)],
      [recorded],
    )
  }
  for (const one of casesOf(FILE, 'pam')) {
    const recorded = one.loss as number
    const model = nigh.KMedoids.fitSync(rowsOf(one.data), {
      k: one.k as number,
      metric: 'euclidean',
      nInit: 20,
    })
    beside(
      {
        what: 'KMedoids: loss beside the best known',
        by: 'cluster 2.1.4 pam',
        note: 'the best of 20 starts here: above 0 is worse',
      },
      one,
      [Math.max(recorded, model.inertia)],
      [recorded],
    )
  }
  // A distance as it stands, between all rows.
  for (const one of casesOf(FILE, 'pam').filter(({ data }) => rowsOf(data).length < 400)) {
    const rows = rowsOf(one.data)
    const { indices, distances } = nigh.NearestNeighbors.fitSync(rows).nearestSync(rows, { k: rows.length })
    const table = rows.map(() => new Float64Array(rows.length))
    indices.forEach((to, at) => {
      table[Math.floor(at / rows.length)][to] = distances[at]
    })
    const options = { k: one.k as number, metric: 'precomputed' as const, nInit: 20 }
    const recorded = one.loss as number
    const model = nigh.KMedoids.fitSync(table, options)
    const line = { what: 'KMedoids, precomputed: loss beside the best known', by: 'cluster 2.1.4 pam' }
    beside(line, one, [Math.max(recorded, model.inertia)], [recorded])
  }
  for (const one of casesOf(FILE, 'silhouette')) {
    const { mean, samples } = nigh.silhouetteSync(rowsOf(one.data), labelsOf(one.labels as string))
    const found = [mean, ...(one.rows as number[]).map((row) => samples[row])]
    const line = { what: 'score: silhouette, row by row', by: 'cluster 2.1.4 silhouette', allowed: 1e-10 }
    beside(line, one, found, [one.mean as number, ...(one.widths as number[])])
  }
  for (const one of casesOf(FILE, 'prcomp')) {
    const recorded = one.variances as number[]
    const rows = rowsOf(one.data)
    const components = nigh.principalComponents(rows)
    const { variances } = components
    // A component may point either way.
    const places = (one.rows as number[]).map((row) => rows[row])
    const found = nigh
      .project(places, components)
      .toArrays()
      .flatMap(([a, b]) => [Math.abs(a), Math.abs(b)])
    const two = { what: 'project: places along the first two components', by: `${R} prcomp`, allowed: 1e-9 }
    beside(
      two,
      one,
      found,
      (one.places as number[][]).flat().map((x) => Math.abs(x)),
    )
    const line = { what: 'principalComponents: variances', by: `${R} prcomp`, allowed: 1e-10 }
    beside(line, one, Array.from(variances.subarray(0, recorded.length)), recorded)
  }
}

/** Neighbours of rows among the others, and anomalies by them. */
export function neighboursInR(): void {
  for (const one of casesOf(FILE, 'knn')) {
    const k = one.k as number
    const { distances } = nigh.NearestNeighbors.fitSync(rowsOf(one.data)).nearestSync(undefined, { k })
    const found = (one.rows as number[]).flatMap((row) =>
      Array.from(distances.subarray(row * k, row * k + k)),
    )
    const by = 'FNN 1.1.3.1 get.knn'
    beside(
      { what: 'NearestNeighbors, euclidean: distances', by },
      one,
      found,
      (one.distances as number[][]).flat(),
    )
  }
  for (const one of casesOf(FILE, 'kNNdist')) {
    const { scores } = nigh.NeighborDistance.fitSync(rowsOf(one.data), { k: one.k as number })
    const found = (one.rows as number[]).map((row) => scores[row])
    beside(
      { what: 'NeighborDistance: scores', by: 'dbscan 1.1.11 kNNdist' },
      one,
      found,
      one.distances as number[],
    )
  }
  for (const one of casesOf(FILE, 'lof')) {
    const { scores } = nigh.LocalOutlierFactor.fitSync(rowsOf(one.data), { k: one.k as number })
    const found = (one.rows as number[]).map((row) => scores[row])
    const line = { what: 'LocalOutlierFactor: factors', by: 'dbscan 1.1.11 lof', allowed: 1e-9, note: TIES }
    beside(line, one, found, one.factors as (number | null)[])
  }
}

/** Votes and means of neighbours: class, FNN, and the kernels of kknn. */
export function votesInR(): void {
  for (const one of casesOf(FILE, 'class')) {
    const { model, rows } = classifier(one, 'uniform')
    const shares = model.predictProbaSync(rows)
    const most = rows.map((_, i) => Math.max(...shares.row(i)))
    const by = 'class 7.3.21 knn'
    beside(
      { what: 'KNNClassifier: share of the winning class', by },
      one,
      most,
      one.share as (number | null)[],
    )
    const voted = one.voted as (string | null)[]
    const clear = model.predictSync(rows).filter((_, i) => voted[i] !== null)
    const agreed = same(
      clear,
      voted.filter((name) => name !== null),
    )
    beside({ what: 'KNNClassifier: classes', by, allowed: 0 }, one, agreed, ones(agreed.length))
  }
  for (const one of casesOf(FILE, 'knn.reg')) {
    const by = 'FNN 1.1.3.1 knn.reg'
    beside(
      { what: 'KNNRegressor: predictions', by },
      one,
      means(one, 'uniform'),
      one.means as (number | null)[],
    )
  }
  for (const one of casesOf(FILE, 'kknn')) {
    const kernel = one.kernel as nigh.KernelName
    const by = 'kknn, source of 0608040'
    const { model, rows } = classifier(one, kernel)
    const proba = (one.proba as (number | null)[][]).flat()
    const shares = { what: `KNNClassifier, kernel ${kernel}: shares of the votes`, by, allowed: 1e-10 }
    beside(shares, one, model.predictProbaSync(rows).values, proba)
    const line = { what: `KNNRegressor, kernel ${kernel}: predictions`, by, allowed: 1e-10 }
    beside(line, one, means(one, kernel), one.means as (number | null)[])
  }
}

function classifier(
  one: Fixture,
  weights: nigh.Weights,
): { model: nigh.KNNClassifier<string>; rows: number[][] } {
  const rows = rowsOf(one.data)
  const targets = textOf(one.data).filter(known)
  const model = nigh.KNNClassifier.fitSync(rows.filter(known), targets, { k: one.k as number, weights })
  return { model, rows: rows.filter(asked) }
}

/** The last column by the others. */
function means(one: Fixture, weights: nigh.Weights): Float64Array {
  const rows = rowsOf(one.data)
  const last = rows[0].length - 1
  const inputs = rows.map((row) => row.slice(0, last))
  const targets = rows.map((row) => row[last])
  const model = nigh.KNNRegressor.fitSync(inputs.filter(known), targets.filter(known), {
    k: one.k as number,
    weights,
  })
  return model.predictSync(inputs.filter(asked))
}

/** Gower's distance of mixed rows with empty cells. */
export function mixedInR(): void {
  for (const one of casesOf(FILE, 'gower')) {
    const columns = one.columns as string[]
    const words = [one.words as string | string[]].flat()
    const source = { csv: one.csv as string, columns: [] }
    const cells = columns.map((column) => textOf(source, column).slice(0, one.rows as number))
    const table = nigh.Table.fromRows(
      cells[0].map((_, i) =>
        Object.fromEntries(
          columns.map((name, j) => {
            const cell = cells[j][i]
            return [name, cell === '' ? null : words.includes(name) ? cell : Number(cell)]
          }),
        ),
      ),
    )
    const encoder = { columns, missing: 'mark' as const }
    const { indices, distances } = nigh.NearestNeighbors.fitSync(table, {
      metric: 'gower',
      encoder,
    }).nearestSync(table, { k: table.rows })
    const found = Array.from({ length: 5 * table.rows }, (_, at) => {
      const start = Math.floor(at / table.rows) * table.rows
      const place = indices.subarray(start, start + table.rows).indexOf(at % table.rows)
      return distances[start + place]
    })
    const what = 'metric gower: distances'
    for (const [by, name] of [
      ['cluster 2.1.4 daisy', 'daisy'],
      ['gower 1.0.1 gower_dist', 'gowerDist'],
    ]) {
      beside({ what, by }, one, found, (one[name] as number[][]).flat())
    }
  }
}
