// The built core against brute force and plain Lloyd, written here from the definitions alone, in float64: no shared code.
//   1. searches and learners on generated cases: every metric, index, k, weights, ties everywhere
//   2. K-Means in every variant of speed, from given starts: labels, centroids and iterations of plain Lloyd
// Usage: node tools/differential.mjs [--cases 600] [--sets 30] [--seeds 5]
import { setFlagsFromString } from 'node:v8'
import { Report } from './report.mjs'

if (process.versions.node.startsWith('20.')) setFlagsFromString('--experimental-wasm-relaxed-simd')
const { KMeans, KNNClassifier, KNNRegressor, Matrix, NearestNeighbors } = await import('nigh')

const option = (name, otherwise) => {
  const at = process.argv.indexOf(name)
  return at < 0 ? otherwise : Number(process.argv[at + 1])
}
const report = new Report()

/** Numbers from 0 to 1 (xorshift of 32 bits), the same everywhere. */
function draws(seed) {
  let x = (seed * 2654435761 + 88172645) >>> 0 || 1
  const draw = () => {
    x ^= x << 13
    x >>>= 0
    x ^= x >>> 17
    x ^= x << 5
    x >>>= 0
    return x / 4294967296
  }
  for (let i = 0; i < 8; i++) draw()
  return draw
}

const squares = (a, b) => a.reduce((sum, x, j) => sum + (x - b[j]) * (x - b[j]), 0)
const dot = (a, b) => a.reduce((sum, x, j) => sum + x * b[j], 0)
const radians = (x) => (x * Math.PI) / 180

/** Distances by their definitions. */
const metrics = {
  euclidean: (a, b) => Math.sqrt(squares(a, b)),
  sqeuclidean: squares,
  manhattan: (a, b) => a.reduce((sum, x, j) => sum + Math.abs(x - b[j]), 0),
  chebyshev: (a, b) => a.reduce((most, x, j) => Math.max(most, Math.abs(x - b[j])), 0),
  hamming: (a, b) => a.reduce((sum, x, j) => sum + (x === b[j] ? 0 : 1), 0) / a.length,
  minkowski: (a, b, p) => a.reduce((sum, x, j) => sum + Math.abs(x - b[j]) ** p, 0) ** (1 / p),
  cosine: (a, b) => {
    const size = Math.sqrt(dot(a, a) * dot(b, b))
    return size === 0 ? Number.NaN : 1 - dot(a, b) / size
  },
  haversine: ([lat, lon], [other, far]) => {
    const h =
      Math.sin(radians(lat - other) / 2) ** 2 +
      Math.cos(radians(lat)) * Math.cos(radians(other)) * Math.sin(radians(lon - far) / 2) ** 2
    return 2 * Math.asin(Math.min(1, Math.sqrt(h)))
  },
}
/** Distances between small whole numbers that are whole, or roots of such: equal ones are equal to the bit. */
const exact = new Set(['euclidean', 'sqeuclidean', 'manhattan', 'chebyshev', 'hamming'])
const indexes = {
  euclidean: ['auto', 'flat', 'kdtree', 'balltree'],
  sqeuclidean: ['auto', 'flat', 'kdtree', 'balltree'],
  manhattan: ['auto', 'flat', 'kdtree', 'balltree'],
  chebyshev: ['auto', 'flat', 'kdtree', 'balltree'],
  hamming: ['auto', 'flat', 'kdtree', 'balltree'],
  minkowski: ['auto', 'flat', 'kdtree', 'balltree'],
  cosine: ['auto', 'flat'],
  haversine: ['auto', 'flat', 'balltree'],
}
const names = Object.keys(metrics)
const near = (a, b, by = 1e-9) => Math.abs(a - b) <= by * Math.max(1, Math.abs(a), Math.abs(b))

function neighborCase(number) {
  const draw = draws(number + 1)
  const whole = (n) => Math.floor(draw() * n)
  const metric = names[number % names.length]
  const algorithm = indexes[metric][whole(indexes[metric].length)]
  const rows = 1 + whole(draw() < 0.2 ? 400 : 70)
  const columns = metric === 'haversine' ? 2 : 1 + whole(draw() < 0.2 ? 24 : 6)
  const levels = [1, 2, 3, 3, 5, 40][whole(6)]
  const offset = metric === 'haversine' ? 0 : [0, 0, -2, 1000, 1e6][whole(5)]
  const cell = () => (metric === 'haversine' ? (whole(levels * 2 + 1) - levels) * 2 : offset + whole(levels))
  const make = (n) =>
    Array.from({ length: n }, () => {
      const row = Array.from({ length: columns }, cell)
      if (metric === 'cosine' && row.every((x) => x === 0)) row[0] = 1
      return row
    })
  const points = make(rows)
  const self = draw() < 0.3 && rows > 1
  const queries = self ? points : draw() < 0.3 ? points.slice(0, 20) : make(1 + whole(12))
  const k = 1 + whole(Math.min(rows - (self ? 1 : 0), draw() < 0.5 ? 5 : 60))
  const p = metric === 'minkowski' ? [1, 1.5, 3, 4][whole(4)] : undefined
  const leafSize = algorithm === 'kdtree' || algorithm === 'balltree' ? 1 + whole(20) : undefined
  const float32 = draw() < 0.4
  const settings = { metric, algorithm, ...(p && { p }), ...(leafSize && { leafSize }) }
  const values = points.flat()
  const matrix = Matrix.of(float32 ? Float32Array.from(values) : Float64Array.from(values), columns)
  const what = `case ${number}: ${JSON.stringify({ ...settings, rows, columns, k, self, levels, offset, float32 })}`

  const distance = (a, b) => metrics[metric](a, b, p)
  const all = queries.map((query, q) =>
    points
      .map((row, i) => [distance(row, query), i])
      .filter(([, i]) => !(self && i === q))
      .sort(([a, i], [b, j]) => a - b || i - j),
  )
  const search = NearestNeighbors.fitSync(matrix, settings)
  const found = self ? search.nearestSync(undefined, { k }) : search.nearestSync(queries, { k })
  all.forEach((wanted, q) => {
    for (let place = 0; place < k; place++) {
      const row = found.indices[q * k + place]
      const far = found.distances[q * k + place]
      const before = place > 0 ? found.distances[q * k + place - 1] : -1
      if (exact.has(metric) && (row !== wanted[place][1] || far !== wanted[place][0]))
        throw new Error(`${what}: query ${q}, place ${place}: row ${row} at ${far}, wanted ${wanted[place]}`)
      if (!near(far, wanted[place][0]) || !near(far, distance(points[row], queries[q])))
        throw new Error(`${what}: query ${q}, place ${place}: row ${row} at ${far}, wanted ${wanted[place]}`)
      // Of other metrics, distances may be equal whose powers or cosines are not: those decide.
      const tied = exact.has(metric) && far === before && row <= found.indices[q * k + place - 1]
      if (far < before || tied) throw new Error(`${what}: query ${q}: a tie is not in order`)
    }
  })

  const radius = all[0][Math.min(all[0].length - 1, whole(20))][0]
  if (exact.has(metric)) {
    const within = self ? search.withinSync(undefined, { radius }) : search.withinSync(queries, { radius })
    all.forEach((wanted, q) => {
      const inside = wanted.filter(([far]) => far <= radius).map(([, i]) => i)
      const rowsFound = Array.from(within.indices.subarray(within.offsets[q], within.offsets[q + 1]))
      if (rowsFound.join() !== inside.join())
        throw new Error(`${what}: within ${radius} of query ${q}: ${rowsFound}, wanted ${inside}`)
    })
  }
  if (self || !exact.has(metric)) return 1

  const classes = points.map(() => ['b', 'a', 'c'][whole(3)])
  const numbers = points.map(() => whole(9) - 4)
  const weights = ['uniform', 'distance', (far) => 1 / (1 + far)][whole(3)]
  const learner = KNNClassifier.fitSync(matrix, classes, { ...settings, k, weights })
  const predicted = learner.predictSync(queries)
  const shares = learner.predictProbaSync(queries)
  const means = KNNRegressor.fitSync(matrix, numbers, { ...settings, k, weights }).predictSync(queries)
  const sorted = [...new Set(classes)].sort()
  all.forEach((wanted, q) => {
    const voters = wanted.slice(0, k)
    const coincident = voters.some(([far]) => far === 0)
    const weigh = (far) =>
      weights === 'uniform'
        ? 1
        : weights === 'distance'
          ? coincident
            ? far === 0
              ? 1
              : 0
            : 1 / far
          : weights(far)
    const votes = sorted.map(() => 0)
    let [sum, mean] = [0, 0]
    for (const [far, i] of voters) {
      votes[sorted.indexOf(classes[i])] += weigh(far)
      mean += weigh(far) * numbers[i]
      sum += weigh(far)
    }
    const most = Math.max(...votes)
    const winners = sorted.filter((_, c) =>
      weights === 'uniform' ? votes[c] === most : near(votes[c], most, 1e-12),
    )
    const right = weights === 'uniform' ? predicted[q] === winners[0] : winners.includes(predicted[q])
    if (!right) throw new Error(`${what}: query ${q}: ${predicted[q]}, wanted ${winners} (${votes})`)
    sorted.forEach((_, c) => {
      const share = shares.values[q * sorted.length + c]
      if (!near(share, votes[c] / sum, 1e-12))
        throw new Error(`${what}: query ${q}: share ${share}, wanted ${votes[c] / sum}`)
    })
    if (!near(means[q], mean / sum, 1e-12))
      throw new Error(`${what}: query ${q}: mean ${means[q]}, wanted ${mean / sum}`)
  })
  return 1
}

/** Lloyd's rule, plainly; null where a cluster runs empty, which is not its business. */
function plainLloyd(points, start, weights) {
  const columns = points[0].length
  let centroids = start.map((row) => [...row])
  let labels = points.map(() => -1)
  for (let iteration = 1; ; iteration++) {
    const next = points.map((row) => {
      let best = 0
      let least = squares(row, centroids[0])
      for (let c = 1; c < centroids.length; c++) {
        const sq = squares(row, centroids[c])
        if (sq < least) {
          least = sq
          best = c
        }
      }
      return best
    })
    const changed = next.some((label, i) => label !== labels[i] && weights[i] > 0)
    labels = next
    if (!changed) return { labels, centroids, iterations: iteration }
    const members = centroids.map(() => [])
    labels.forEach((label, i) => {
      if (weights[i] > 0) members[label].push(i)
    })
    if (members.some((list) => list.length === 0)) return null
    centroids = members.map((list) => {
      const total = carried(list.map((i) => weights[i]))
      return Array.from({ length: columns }, (_, j) => {
        const origin = points[list[0]][j]
        return origin + carried(list.map((i) => weights[i] * (points[i][j] - origin))) / total
      })
    })
  }
}

/** A sum that carries what each addition lost. */
function carried(terms) {
  let [sum, lost] = [0, 0]
  for (const term of terms) {
    const next = sum + term
    lost += Math.abs(sum) >= Math.abs(term) ? sum - next + term : term - next + sum
    sum = next
  }
  return sum + lost
}

const ways = [
  { kernels: 'scalar', threads: 1 },
  { kernels: 'simd', threads: 1 },
  { kernels: 'relaxed', threads: 1 },
  { kernels: 'simd', threads: 2 },
  { threads: 3 },
]
/** Shapes that take each way through the kernels: one group, groups of 8, float32 and int16 copies, far from 0. */
const shapes = [
  [300, 2, 5],
  [500, 3, 16],
  [400, 4, 33],
  [600, 8, 12],
  [350, 13, 20],
  [400, 16, 200],
  [300, 30, 110],
  [250, 64, 60],
  [700, 1, 9],
  [450, 5, 70],
]

async function lloydSet(set, seeds) {
  const [rows, columns, k] = shapes[set % shapes.length]
  const kind = ['even', 'heaps', 'steps'][Math.floor(set / shapes.length) % 3]
  const draw = draws(1000 + set)
  const offset = [0, 1e5, -40][set % 3]
  const float32 = set % 2 === 1
  const heaps = Array.from({ length: 12 * columns }, () => draw() * 30)
  const points = Array.from({ length: rows }, (_, i) =>
    Array.from({ length: columns }, (_unused, j) => {
      const x =
        kind === 'even'
          ? draw() * 10
          : kind === 'heaps'
            ? heaps[(i % 12) * columns + j] + draw()
            : Math.floor(draw() * 50) / 4
      return float32 ? Math.fround(offset + x) : offset + x
    }),
  )
  const weighted = set % 4 === 3
  const weights = points.map(() => (weighted ? Math.floor(draw() * 4) : 1))
  const values = points.flat()
  const matrix = Matrix.of(float32 ? Float32Array.from(values) : Float64Array.from(values), columns)
  let compared = 0
  for (let seed = 0; seed < seeds; seed++) {
    const order = points
      .map((_, i) => [draw(), i])
      .sort(([a], [b]) => a - b)
      .map(([, i]) => i)
    const taken = new Set()
    const start = []
    for (const i of order) {
      const key = points[i].join()
      if (start.length === k || taken.has(key) || weights[i] === 0) continue
      taken.add(key)
      start.push(points[i])
    }
    const wanted = plainLloyd(points, start, weights)
    if (wanted === null) continue
    for (const way of ways) {
      const model = await KMeans.fit(matrix, {
        k: start.length,
        init: start,
        ...(weighted && { sampleWeight: weights }),
        ...way,
      })
      const what = `set ${set} (${kind}, ${rows} × ${columns}, k ${start.length}), seed ${seed}, ${JSON.stringify(way)}`
      if (model.iterations !== wanted.iterations)
        throw new Error(`${what}: ${model.iterations} iterations, wanted ${wanted.iterations}`)
      const differs = wanted.labels.findIndex((label, i) => label !== model.labels[i])
      if (differs >= 0)
        throw new Error(
          `${what}: row ${differs}: label ${model.labels[differs]}, wanted ${wanted.labels[differs]}`,
        )
      wanted.centroids.flat().forEach((x, at) => {
        // Both are rounded from the mean: a few units in the last place of the column's range.
        if (Math.abs(x - model.centroids.values[at]) > 4e-16 * (Math.abs(offset) + 64))
          throw new Error(`${what}: centroid value ${at}: ${model.centroids.values[at]}, wanted ${x}`)
      })
      compared++
    }
  }
  return compared
}

const cases = option('--cases', 600)
await report.check('neighbours, votes and means against brute force', () => {
  let count = 0
  for (let number = 0; number < cases; number++) count += neighborCase(number)
  return `${count} cases`
})
const sets = option('--sets', 30)
const seeds = option('--seeds', 5)
await report.check('every speed variant of K-Means against plain Lloyd', async () => {
  let compared = 0
  for (let set = 0; set < sets; set++) compared += await lloydSet(set, seeds)
  if (compared < sets * seeds * ways.length * 0.8) throw new Error(`only ${compared} fits could be compared`)
  return `${sets} data sets × ${seeds} starts × ${ways.length} variants, ${compared} fits compared, the others leave a cluster empty`
})
report.close()
