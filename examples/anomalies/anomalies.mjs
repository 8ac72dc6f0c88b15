// Anomaly detection without labels, two ways: far from the centre (K-Means) and far from the neighbours (KNN).
// The labels of the data are used only to say how well each found the anomalies.

import { KMeans, NearestNeighbors } from 'nigh'
import { print, read, standardized } from '../read.mjs'

/** Average precision: the mean, over the anomalies, of the share of anomalies among the rows scored at least as high. */
function averagePrecision(scores, anomalous) {
  const order = Array.from(scores.keys()).sort((a, b) => scores[b] - scores[a])
  const anomalies = anomalous.filter(Boolean).length
  let found = 0
  let sum = 0
  for (let i = 0; i < order.length; ) {
    const before = found
    let end = i
    while (end < order.length && scores[order[end]] === scores[order[i]])
      found += anomalous[order[end++]] ? 1 : 0
    sum += (found - before) * (found / end)
    i = end
  }
  return sum / anomalies
}

function precisionAt(scores, anomalous) {
  const anomalies = anomalous.filter(Boolean).length
  const order = Array.from(scores.keys()).sort((a, b) => scores[b] - scores[a])
  return order.slice(0, anomalies).filter((i) => anomalous[i]).length / anomalies
}

/** All columns but one. */
function numbers(rows, target) {
  const columns = Object.keys(rows[0]).filter((column) => column !== target)
  return rows.map((row) => columns.map((column) => row[column]))
}

const cancer = read('breast-cancer.csv')
const shuttle = read('shuttle.csv.gz')
const cases = [
  {
    name: 'breast cancer (malignant)',
    rows: numbers(cancer, 'diagnosis'),
    anomalous: cancer.map((row) => row.diagnosis === 'malignant'),
    every: 1, // neighbours are looked for among every row
    k: 20,
    scale: (rows) => rows,
  },
  {
    name: 'shuttle (rare states)',
    rows: numbers(shuttle, 'anomaly'),
    anomalous: shuttle.map((row) => row.anomaly === 1),
    every: 50, // the anomalies come in clumps: among a sample they have no near neighbours of their own kind
    k: 50,
    scale: standardized,
  },
]

const table = []
for (const { name, rows, anomalous, every, k, scale } of cases) {
  const points = scale(rows)
  const centre = await KMeans.fit(points, { k: 1 })
  const toCentre = Array.from((await centre.transform(points)).values)

  const index = await NearestNeighbors.fit(points.filter((_, i) => i % every === 0))
  // A row of the sample finds itself first: one neighbour more, and the last one's distance is the score.
  const found = await index.nearest(points, { k: k + 1 })
  const toNeighbour = points.map((_, i) => found.distances[i * (k + 1) + (i % every === 0 ? k : k - 1)])

  for (const [method, scores] of [
    ['distance to the centre', toCentre],
    [`distance to neighbour ${k}`, toNeighbour],
  ]) {
    table.push([
      name,
      method,
      averagePrecision(scores, anomalous).toFixed(3),
      precisionAt(scores, anomalous).toFixed(3),
      (anomalous.filter(Boolean).length / anomalous.length).toFixed(3),
    ])
  }
}
print(['data', 'score', 'average precision', 'precision at n', 'by chance'], table)
