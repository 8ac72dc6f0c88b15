// Random fits and searches without end, by seed, against definitions written here: no shared code. By hand, not in CI.
//   fits: scalar, SIMD, relaxed, 2 and 3 threads, rows in another order, rows in chunks: equal bits; and every step of a
//         fit against a full scan and against means that carry their rounding errors
//   searches: every index and metric, k, radius, filter, threads: equal bits; and the rows and distances of a full scan
// A case that differs is printed with its seed; `--from SEED --cases 1` runs it again.
// Usage: node tools/fuzz.mjs [--minutes 20] [--from 1] [--cases N] [--only fits|searches]
import { setFlagsFromString } from 'node:v8'

if (process.versions.node.startsWith('20.')) setFlagsFromString('--experimental-wasm-relaxed-simd')
const { KMeans, KNNClassifier, KNNRegressor, Matrix, NearestNeighbors } = await import('nigh')

const option = (name, otherwise) => {
  const at = process.argv.indexOf(name)
  return at < 0 ? otherwise : process.argv[at + 1]
}
const from = Number(option('--from', 1))
const cases = Number(option('--cases', Number.POSITIVE_INFINITY))
const minutes = Number(option('--minutes', Number.isFinite(cases) ? 1e6 : 20))
const only = option('--only', '')

/** Numbers from 0 to 1 (splitmix of 32 bits), the same everywhere. */
function draws(seed) {
  let state = (seed * 0x9e3779b1) >>> 0
  return () => {
    state = (state + 0x9e3779b9) >>> 0
    let x = state
    x = Math.imul(x ^ (x >>> 16), 0x21f0aaad)
    x = Math.imul(x ^ (x >>> 15), 0x735a2d97)
    return ((x ^ (x >>> 15)) >>> 0) / 4294967296
  }
}

class Draws {
  constructor(seed) {
    this.unit = draws(seed)
  }
  whole(n) {
    return Math.floor(this.unit() * n)
  }
  /** From 1 to most; small numbers as often as large ones. */
  size(most) {
    return Math.max(1, Math.min(most, Math.floor(Math.exp(this.unit() * Math.log(most + 1)))))
  }
  of(...list) {
    return list[this.whole(list.length)]
  }
  chance(p) {
    return this.unit() < p
  }
}

// ------------------------------------------------------------------------------------------------------------- points

/** Rows of many kinds: the numbers row after row, as float64, and whether all of them are float32. */
function makeRows(r, rows, columns, { tame = false } = {}) {
  const kind = r.of('even', 'heaps', 'steps', 'copies', 'flat', 'line', 'outliers', 'sparse')
  const scale = tame
    ? r.of(1, 1, 0.1, 1000)
    : r.of(1, 1, 1, 1, 0.1, 1e-3, 1e9, 2 ** -120, 1e-30, 1e30, 1e-140, 1e140, 1e148, 1e-290)
  const offset = scale === 1 || tame ? r.of(0, 0, 0, 100, -1e4, 1e7, 1.7e12) : r.of(0, 0, 3 * scale)
  const uneven = r.chance(0.15)
  const scales = Array.from({ length: columns }, () => (uneven ? 10 ** (r.whole(9) - 4) : 1))
  const levels = r.of(1, 2, 3, 5, 40, 30000)
  const heaps = 1 + r.whole(12)
  const middles = Float64Array.from({ length: heaps * columns }, () => r.unit() * 30)
  const spread = r.of(1, 0.01, 8)
  const direction = Float64Array.from({ length: columns }, () => r.unit() - 0.5)
  const values = new Float64Array(rows * columns)
  const distinct = 1 + r.whole(Math.min(rows, 40))
  for (let i = 0; i < rows; i++) {
    const heap = r.whole(heaps)
    const along = r.unit() * 100
    const far = kind === 'outliers' && r.chance(0.02) ? 1e4 : 1
    for (let j = 0; j < columns; j++) {
      let x
      if (kind === 'copies' && i >= distinct) x = values[(i % distinct) * columns + j]
      else {
        if (kind === 'steps') x = r.whole(levels) - (levels >> 1)
        else if (kind === 'heaps') x = middles[heap * columns + j] + (r.unit() - 0.5) * spread
        else if (kind === 'flat') x = j % 2 === 0 ? 7 : r.unit() * 3
        else if (kind === 'line') x = direction[j] * along
        else if (kind === 'sparse') x = r.chance(0.8) ? r.of(0, -0) : r.whole(9) - 4
        else x = (r.unit() * 10 - 5) * far
        x = offset + x * scale * scales[j]
      }
      values[i * columns + j] = x
    }
  }
  // Not where float32 would make zeros of them all.
  const single = r.chance(0.4) && scale > 1e-40 && values.every((x) => Math.abs(x) < 1e38)
  if (single) for (let at = 0; at < values.length; at++) values[at] = Math.fround(values[at])
  return { values, single, columns, rows, kind, scale, offset, uneven }
}

const matrixOf = ({ values, single, columns }) =>
  Matrix.of(single ? Float32Array.from(values) : Float64Array.from(values), columns)

/** The points in one of the forms that a call takes. */
function given(r, points) {
  const { values, columns, rows, single } = points
  const form = r.of('matrix', 'matrix', 'plain', 'typed')
  if (form === 'matrix') return matrixOf(points)
  return Array.from({ length: rows }, (_, i) => {
    const row = values.subarray(i * columns, (i + 1) * columns)
    if (form === 'plain') return Array.from(row)
    return single ? Float32Array.from(row) : Float64Array.from(row)
  })
}

/** Numbers brought near 1 by a power of two, which changes no comparison. */
function tamed(...lists) {
  let largest = 0
  for (const list of lists) for (const x of list) largest = Math.max(largest, Math.abs(x))
  const exponent = largest === 0 ? 0 : Math.floor(Math.log2(largest))
  const times = (x) => x * 2 ** -Math.trunc(exponent / 2) * 2 ** -(exponent - Math.trunc(exponent / 2))
  return { lists: lists.map((list) => Float64Array.from(list, times)), exponent }
}

function squares(a, at, b, bt, columns) {
  let sum = 0
  for (let j = 0; j < columns; j++) {
    const t = a[at + j] - b[bt + j]
    sum += t * t
  }
  return sum
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

const wrong = (text) => {
  throw new Error(text)
}
const same = (what, a, b) => {
  if (a.length !== b.length) wrong(`${what}: ${a.length} values, not ${b.length}`)
  for (let i = 0; i < a.length; i++) {
    if (!Object.is(a[i], b[i])) wrong(`${what}: value ${i} is ${a[i]}, not ${b[i]}`)
  }
}

// --------------------------------------------------------------------------------------------------------------- fits

function shuffledOrder(r, n) {
  const order = Uint32Array.from({ length: n }, (_, i) => i)
  for (let i = n - 1; i > 0; i--) {
    const j = r.whole(i + 1)
    const kept = order[i]
    order[i] = order[j]
    order[j] = kept
  }
  return order
}

function makeWeights(r, rows) {
  const kind = r.of('none', 'none', 'none', 'whole', 'parts', 'wild')
  if (kind === 'none') return null
  const weights = Float64Array.from({ length: rows }, () => {
    if (kind === 'whole') return r.whole(4)
    if (kind === 'parts') return r.chance(0.1) ? 0 : r.unit() * 3
    return r.chance(0.2) ? 0 : 10 ** (r.whole(12) - 6) * (0.5 + r.unit())
  })
  if (weights.every((w) => w === 0)) weights[0] = 1
  return weights
}

/** Labels of a full scan; on a tie the smaller index. */
function scan(values, rows, columns, centroids) {
  const k = centroids.length / columns
  const labels = new Uint32Array(rows)
  for (let i = 0; i < rows; i++) {
    let least = Number.POSITIVE_INFINITY
    for (let c = 0; c < k; c++) {
      const sq = squares(values, i * columns, centroids, c * columns, columns)
      if (sq < least) {
        least = sq
        labels[i] = c
      }
    }
  }
  return labels
}

/** What sums on two grids leave out of a row, in parts of the range and of a weight of 1 (ARCHITECTURE.md, "Sums"). */
function gridOf(weights, rows) {
  if (weights === null) return 2 ** (2 * Math.ceil(Math.log2(rows + 1)) - 100)
  const unit = Math.min(1, 2 ** Math.floor(Math.log2(Math.max(...weights))))
  const sum = weights.reduce((all, w) => all + Math.ceil(w / unit), 1)
  // Weights are summed on such grids too, in parts of the largest of them.
  return (unit + Math.max(...weights)) * 2 ** (2 * Math.ceil(Math.log2(sum)) - 100)
}

/** Fails where a centroid is not the mean of its members, within rounding of the column's range. */
function checkMeans(what, points, weights, labels, centroids) {
  const { values, rows, columns } = points
  const k = centroids.length / columns
  const members = Array.from({ length: k }, () => [])
  for (let i = 0; i < rows; i++) if (weights === null || weights[i] > 0) members[labels[i]].push(i)
  if (members.some((list) => list.length === 0)) return false
  const resolution = gridOf(weights, rows)
  for (let j = 0; j < columns; j++) {
    let [low, high, size] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0]
    for (let i = 0; i < rows; i++) {
      if (weights !== null && weights[i] === 0) continue
      const x = values[i * columns + j]
      low = Math.min(low, x)
      high = Math.max(high, x)
      size = Math.max(size, Math.abs(x))
    }
    members.forEach((list, c) => {
      const origin = values[list[0] * columns + j]
      const weight = (i) => (weights === null ? 1 : weights[i])
      const total = carried(list.map(weight))
      const mean = origin + carried(list.map((i) => (weight(i) / total) * (values[i * columns + j] - origin)))
      const found = centroids[c * columns + j]
      // A unit in the last place of the numbers themselves, 2^-50 of their range, and what the grids leave out.
      const tolerance =
        size * 2 ** -52 + (high - low) * (2 ** -50 + (list.length * resolution) / total) + 1e-320
      if (!(Math.abs(found - mean) <= tolerance))
        wrong(`${what}: centroid ${c}, column ${j}: ${found}, mean ${mean}`)
    })
  }
  return true
}

/** The length of the diagonal of the box around the rows that count. */
function widest({ values, rows, columns }, weights) {
  let sum = 0
  for (let j = 0; j < columns; j++) {
    let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
    for (let i = 0; i < rows; i++) {
      if (weights !== null && weights[i] === 0) continue
      low = Math.min(low, values[i * columns + j])
      high = Math.max(high, values[i * columns + j])
    }
    sum = Math.hypot(sum, high - low)
  }
  return sum
}

const bits = (model) => ({
  labels: model.labels,
  centroids: model.centroids.values,
  counts: model.counts,
  inertia: [model.inertia],
  turns: [model.iterations, model.converged ? 1 : 0, model.warnings.length],
})
function sameModels(what, a, b, order = null) {
  const [x, y] = [bits(a), bits(b)]
  if (order !== null) {
    const back = new Uint32Array(order.length)
    order.forEach((row, at) => {
      back[row] = x.labels[at]
    })
    x.labels = back
  }
  for (const key of Object.keys(x)) same(`${what}: ${key}`, x[key], y[key])
}

async function fitCase(seed) {
  const r = new Draws(seed)
  const columns = r.size(r.chance(0.5) ? 300 : 12)
  const rows = r.size(3000)
  let k = r.size(Math.min(rows, 300))
  if (r.chance(0.05)) k = Math.min(rows, 300)
  while (rows * columns * k > 2e7) k = Math.max(1, k >> 1)
  const points = makeRows(r, rows, columns)
  const weights = makeWeights(r, rows)
  const { values } = points
  const initName = r.of('k-means++', 'k-means++', 'random', 'given', 'function', 'far')
  const picked = () =>
    Array.from({ length: k }, () => {
      const i = r.whole(rows)
      return Array.from(values.subarray(i * columns, (i + 1) * columns))
    })
  let init = initName
  if (initName === 'given') init = picked()
  if (initName === 'far')
    init = picked().map((row) => row.map((x) => (r.chance(0.3) ? x * r.of(-1, 2, 0) : x)))
  // Of the number of rows alone, so that the order of the rows does not matter.
  if (initName === 'function')
    init = (_points, wanted, random) =>
      Array.from({ length: wanted }, () =>
        Array.from({ length: columns }, () => points.offset + random() * points.scale),
      )
  const tolerance = r.chance(0.15) ? r.unit() * points.scale : 0
  const options = {
    k,
    init,
    seed: r.whole(1e6),
    ...(r.chance(0.3) && typeof init !== 'object' && { nInit: 1 + r.whole(4) }),
    ...(tolerance > 0 && { tolerance }),
    ...((r.chance(0.3) || rows * columns * k > 3e6) && { maxIterations: 1 + r.whole(12) }),
    ...(weights && { sampleWeight: weights }),
  }
  const shown = { ...options, init: initName, sampleWeight: weights !== null }
  const { kind, scale, offset, single, uneven } = points
  const what = `${rows} × ${columns} ${JSON.stringify({ kind, scale, offset, single, uneven, ...shown })}`
  const matrix = matrixOf(points)
  let wanted
  try {
    wanted = KMeans.fitSync(matrix, { ...options, kernels: 'scalar', threads: 1 })
  } catch (error) {
    if (error.code === undefined) throw new Error(`${what}: ${error.stack}`)
    // What one way refuses, every way refuses.
    const other = await KMeans.fit(matrix, { ...options, threads: 2 }).then(
      () => 'nothing',
      (e) => e.message,
    )
    if (other !== error.message.replace('KMeans.fitSync', 'KMeans.fit'))
      wrong(`${what}: ${error.message}, and with threads: ${other}`)
    return `refused ${error.code}`
  }
  for (const kernels of ['simd', 'relaxed'])
    sameModels(
      `${what}: ${kernels}`,
      KMeans.fitSync(given(r, points), { ...options, kernels, threads: 1 }),
      wanted,
    )
  for (const threads of [2, 3])
    sameModels(
      `${what}: ${threads} threads`,
      await KMeans.fit(given(r, points), { ...options, kernels: r.of('simd', 'scalar', 'relaxed'), threads }),
      wanted,
    )
  const order = shuffledOrder(r, rows)
  const turned = {
    ...points,
    values: Float64Array.from(
      values,
      (_, at) => values[order[Math.floor(at / columns)] * columns + (at % columns)],
    ),
  }
  const turnedWeights = weights && { sampleWeight: Float64Array.from(order, (row) => weights[row]) }
  sameModels(
    `${what}: rows in another order`,
    KMeans.fitSync(matrixOf(turned), { ...options, ...turnedWeights, threads: 1 }),
    wanted,
    order,
  )
  if (initName !== 'function' && r.chance(0.5)) {
    const cuts = [0, r.whole(rows), r.whole(rows), rows].sort((a, b) => a - b)
    const source = {
      *chunks() {
        for (let at = 1; at < cuts.length; at++) {
          if (cuts[at] > cuts[at - 1])
            yield matrixOf({ ...points, values: values.subarray(cuts[at - 1] * columns, cuts[at] * columns) })
        }
      },
    }
    sameModels(`${what}: in chunks at ${cuts}`, await KMeans.fit(source, options), wanted)
  }
  same(`${what}: predict`, wanted.predictSync(matrix, { kernels: r.of('simd', 'scalar') }), wanted.labels)

  // Rows that are all one are not brought to size: squares of tiny numbers may be 0, and all centroids equally near.
  if (widest(points, null) === 0) return 'of one point'
  const { lists } = tamed(values, wanted.centroids.values)
  same(`${what}: labels of a scan`, wanted.labels, scan(lists[0], rows, columns, lists[1]))
  const counts = new Float64Array(wanted.k)
  wanted.labels.forEach((c, i) => {
    counts[c] += weights === null ? 1 : weights[i]
  })
  // Sums stand on grids: what they leave out is small beside the whole, not beside a small part of it.
  const total = counts.reduce((sum, x) => sum + x, 0)
  counts.forEach((count, c) => {
    if (Math.abs(count - wanted.counts[c]) > 1e-14 * total)
      wrong(`${what}: count ${c}: ${wanted.counts[c]}, not ${count}`)
  })
  const inertia = carried(
    Array.from(wanted.labels, (c, i) => {
      const weight = weights === null ? 1 : weights[i]
      return weight * squares(values, i * columns, wanted.centroids.values, c * columns, columns)
    }),
  )
  const largest = widest(points, weights) ** 2 * total
  const rounding = 1e-11 * inertia + 2 ** -84 * largest
  if (inertia > 1e-290 && largest < 1e300 && !(Math.abs(inertia - wanted.inertia) <= rounding))
    wrong(`${what}: inertia ${wanted.inertia}, not ${inertia}`)
  if (wanted.converged && tolerance === 0)
    checkMeans(what, points, weights, wanted.labels, wanted.centroids.values)

  // Every half step, where that is not too much: K-Means is what it says, not only the same everywhere.
  if (rows * columns * wanted.k <= 2e6) {
    let [last, turns] = [null, 0]
    const walk = KMeans.steps(matrix, {
      ...options,
      kernels: r.of('simd', 'scalar'),
      nInit: typeof init === 'object' ? 1 : 2,
    })
    for (let step = walk.next(); !step.done && turns < 24; step = walk.next(), turns++) {
      const { phase, labels, centroids, iteration } = step.value
      const at = `${what}: start ${step.value.start}, iteration ${iteration}, ${phase}`
      if (phase === 'assign') {
        const tame = tamed(values, centroids.values).lists
        same(`${at}: labels`, labels, scan(tame[0], rows, columns, tame[1]))
      } else if (phase === 'update') checkMeans(at, points, weights, last, centroids.values)
      last = labels
    }
  }
  return wanted.converged ? 'converged' : 'stopped'
}

// ----------------------------------------------------------------------------------------------------------- searches

const radians = (x) => (x * Math.PI) / 180
/** Ranks by their definitions, in column order, and the distance of a rank. `exact`: equal to the last bit. */
const metrics = {
  euclidean: { exact: true, rank: squares, distance: Math.sqrt, degree: 1 },
  sqeuclidean: { exact: true, rank: squares, distance: (x) => x, degree: 2 },
  manhattan: {
    exact: true,
    degree: 1,
    rank: (a, at, b, bt, d) => {
      let sum = 0
      for (let j = 0; j < d; j++) sum += Math.abs(a[at + j] - b[bt + j])
      return sum
    },
    distance: (x) => x,
  },
  chebyshev: {
    exact: true,
    degree: 1,
    rank: (a, at, b, bt, d) => {
      let most = 0
      for (let j = 0; j < d; j++) most = Math.max(most, Math.abs(a[at + j] - b[bt + j]))
      return most
    },
    distance: (x) => x,
  },
  hamming: {
    exact: true,
    degree: 0,
    rank: (a, at, b, bt, d) => {
      let count = 0
      for (let j = 0; j < d; j++) if (a[at + j] !== b[bt + j]) count++
      return count
    },
    distance: (x, d) => x / d,
  },
  minkowski: {
    exact: false,
    rank: (a, at, b, bt, d, p) => {
      let sum = 0
      for (let j = 0; j < d; j++) sum += Math.abs(a[at + j] - b[bt + j]) ** p
      return sum
    },
    distance: (x, _d, p) => x ** (1 / p),
  },
  cosine: {
    exact: false,
    rank: (a, at, b, bt, d) => {
      let [xx, yy] = [0, 0]
      for (let j = 0; j < d; j++) {
        xx += a[at + j] * a[at + j]
        yy += b[bt + j] * b[bt + j]
      }
      const [x, y] = [Math.sqrt(xx), Math.sqrt(yy)]
      let sum = 0
      for (let j = 0; j < d; j++) {
        const t = a[at + j] / x - b[bt + j] / y
        sum += t * t
      }
      return sum / 2
    },
    distance: (x) => x,
  },
  haversine: {
    exact: false,
    rank: (a, at, b, bt) => {
      const h =
        Math.sin(radians(a[at] - b[bt]) / 2) ** 2 +
        Math.cos(radians(a[at])) *
          Math.cos(radians(b[bt])) *
          Math.sin(radians(a[at + 1] - b[bt + 1]) / 2) ** 2
      return 2 * Math.asin(Math.min(1, Math.sqrt(h)))
    },
    distance: (x) => x,
  },
}
const names = Object.keys(metrics)
const algorithmsOf = (name) =>
  name === 'cosine'
    ? ['auto', 'flat', 'kdtree', 'balltree']
    : name === 'haversine'
      ? ['auto', 'flat', 'balltree']
      : ['auto', 'flat', 'kdtree', 'balltree']

function searchRows(r, metric, rows, columns) {
  if (metric === 'haversine') {
    const step = r.of(30, 0.5, 1e-4)
    const values = Float64Array.from({ length: rows * 2 }, (_, at) =>
      at % 2 === 0
        ? Math.max(-90, Math.min(90, (r.whole(61) - 30) * step * 0.5))
        : Math.max(-180, Math.min(180, (r.whole(61) - 30) * step)),
    )
    return { values, single: false, rows, columns: 2, kind: 'places', scale: step, offset: 0 }
  }
  const points = makeRows(r, rows, columns, { tame: !metrics[metric].exact })
  if (metric === 'cosine')
    for (let i = 0; i < rows; i++)
      if (points.values.subarray(i * columns, (i + 1) * columns).every((x) => x === 0))
        points.values[i * columns] = 1
  return points
}

async function searchCase(seed) {
  const r = new Draws(seed)
  const metric = r.of(...names, 'euclidean', 'euclidean', 'euclidean')
  const columns = metric === 'haversine' ? 2 : r.size(r.chance(0.4) ? 300 : 10)
  const rows = r.size(3000)
  const self = r.chance(0.2) && rows > 1 && rows * rows * columns < 2e7
  const points = searchRows(r, metric, rows, columns)
  const { values } = points
  let asked
  if (self) asked = points
  else {
    const m = r.size(Math.max(1, Math.min(120, Math.floor(3e7 / rows / columns))))
    asked = { ...points, rows: m, values: new Float64Array(m * columns) }
    for (let q = 0; q < m; q++) {
      const [i, other] = [r.whole(rows), r.whole(rows)]
      const way = r.whole(3)
      for (let j = 0; j < columns; j++) {
        const [x, y] = [values[i * columns + j], values[other * columns + j]]
        asked.values[q * columns + j] = way === 0 ? x : way === 1 ? x / 2 + y / 2 : r.of(x, y)
      }
      if (metric === 'cosine') {
        const row = asked.values.subarray(q * columns, (q + 1) * columns)
        if (row.every((x) => x === 0)) row[0] = 1
      }
    }
    if (points.single) asked.values = Float64Array.from(asked.values, Math.fround)
    asked.single = points.single && r.chance(0.5)
  }
  const filter = r.of('none', 'none', 'function', 'list')
  const share = r.unit()
  const live = new Uint8Array(rows).map(() => (filter === 'none' || r.chance(share) ? 1 : 0))
  live[0] = 1
  if (rows > 1) live[1] = 1
  const count = live.reduce((sum, x) => sum + x, 0)
  const filtered =
    filter === 'none'
      ? {}
      : {
          filter:
            filter === 'function'
              ? (row) => live[row] === 1
              : Array.from(live.keys()).filter((i) => live[i] === 1),
        }
  const most = count - (self ? 1 : 0)
  const k = r.size(Math.min(most, 300))
  const p = r.of(1, 1.5, 2, 3, 4, 0.5)
  const { exact, rank, distance, degree } = metrics[metric]
  const { kind, scale, offset, single, uneven } = points
  const what = `${metric}${metric === 'minkowski' ? ` p ${p}` : ''}, ${rows} × ${columns}, ${asked.rows} queries${self ? ' of its own' : ''}, k ${k}, ${JSON.stringify({ kind, scale, offset, single, askedSingle: asked.single, uneven, filter, count })}`

  // Brute force, on numbers brought near 1.
  const { lists, exponent } =
    exact && metric !== 'hamming'
      ? tamed(values, asked.values)
      : { lists: [values, asked.values], exponent: 0 }
  const back = (x) => {
    const by = exponent * (degree ?? 0)
    return x * 2 ** Math.trunc(by / 2) * 2 ** (by - Math.trunc(by / 2))
  }
  const places = Array.from(live.keys()).filter((i) => live[i] === 1)
  const ranks = []
  const orders = []
  for (let q = 0; q < asked.rows; q++) {
    const of = new Float64Array(rows)
    for (const i of places) of[i] = rank(lists[0], i * columns, lists[1], q * columns, columns, p)
    ranks.push(of)
    orders.push(places.filter((i) => !(self && i === q)).sort((a, b) => of[a] - of[b] || a - b))
  }
  const far = (q, i) => back(distance(ranks[q][i], columns, p))
  const near = (a, b) => Math.abs(a - b) <= 1e-9 * Math.max(Math.abs(a), Math.abs(b)) + 1e-14
  // Numbers so small that distances end in subnormals, or whose differences in size no power of two takes in.
  const precise = exact && (metric === 'hamming' || (exponent * degree > -900 && exponent * degree < 1000))

  const queries = self ? undefined : given(r, asked)
  let first = null
  let radius = null
  for (const algorithm of metric === 'minkowski' && p < 1
    ? ['auto', 'flat', 'kdtree']
    : algorithmsOf(metric)) {
    const leafSize = r.chance(0.5) ? { leafSize: 1 + r.whole(20) } : {}
    const settings = { metric, algorithm, ...(metric === 'minkowski' && { p }), ...leafSize }
    const at = `${what}, ${JSON.stringify(settings)}`
    const model = r.chance(0.3)
      ? await NearestNeighbors.fit(given(r, points), { ...settings, threads: 1 + r.whole(3) })
      : NearestNeighbors.fitSync(given(r, points), settings)
    const found = r.chance(0.5)
      ? await model.nearest(queries, { k, ...filtered, threads: 1 + r.whole(3) })
      : model.nearestSync(queries, { k, ...filtered })
    if (first === null) {
      first = found
      for (let q = 0; q < asked.rows; q++) {
        const order = orders[q]
        for (let place = 0; place < k; place++) {
          const row = found.indices[q * k + place]
          const away = found.distances[q * k + place]
          const here = `${at}: query ${q}, place ${place}: row ${row} at ${away}`
          if (exact && row !== order[place])
            wrong(`${here}, wanted ${order[place]} at ${far(q, order[place])}`)
          if (precise && away !== far(q, row)) wrong(`${here}, whose distance is ${far(q, row)}`)
          if (live[row] !== 1 || (self && row === q)) wrong(`${here}, which may not be found`)
          if (!exact && !(near(away, far(q, row)) && near(away, far(q, order[place]))))
            wrong(
              `${here}, wanted ${order[place]} at ${far(q, order[place])}, whose own distance is ${far(q, row)}`,
            )
          if (place > 0 && away < found.distances[q * k + place - 1])
            wrong(`${here}: nearer than the one before`)
        }
      }
      const q = r.whole(asked.rows)
      radius = r.chance(0.5)
        ? found.distances[q * k + r.whole(k)]
        : far(q, orders[q][r.whole(Math.min(most, 200))]) * r.of(0.5, 1, 1.000001)
    }
    same(`${at}: rows`, found.indices, first.indices)
    same(`${at}: distances`, found.distances, first.distances)
    const inside = r.chance(0.5)
      ? await model.within(queries, { radius, ...filtered, threads: 1 + r.whole(3) })
      : model.withinSync(queries, { radius, ...filtered })
    for (let q = 0; q < asked.rows; q++) {
      const rowsFound = inside.indices.subarray(inside.offsets[q], inside.offsets[q + 1])
      if (precise) {
        const wanted = orders[q].filter((i) => far(q, i) <= radius)
        same(`${at}: within ${radius} of query ${q}`, rowsFound, Uint32Array.from(wanted))
      } else {
        const must = orders[q].filter((i) => far(q, i) < radius * (1 - 1e-9) - 1e-14 * (exact ? 0 : 1)).length
        const may = orders[q].filter(
          (i) => far(q, i) <= radius * (1 + 1e-9) + 1e-14 * (exact ? 1e-300 : 1),
        ).length
        if (rowsFound.length < must || rowsFound.length > may)
          wrong(`${at}: within ${radius} of query ${q}: ${rowsFound.length} rows, not ${must} to ${may}`)
      }
    }
    if (!self && precise && filter === 'none' && algorithm !== 'balltree')
      await voteCase(r, at, given(r, points), queries, settings, rows, k, orders, far)
  }
  return metric
}

async function voteCase(r, what, points, queries, settings, rows, k, orders, far) {
  const spread = 1 + r.whole(5)
  const classes = Array.from({ length: rows }, () => ['d', 'b', 'a', 'c', 'e'][r.whole(spread)])
  const numbers = Array.from({ length: rows }, () => r.whole(90) - 40)
  const weights = r.of('uniform', 'distance')
  const learner = KNNClassifier.fitSync(points, classes, { ...settings, k, weights })
  const sorted = [...new Set(classes)].sort()
  same(`${what}: classes`, learner.classes, sorted)
  const shares = (await learner.predictProba(queries)).values
  const predicted = learner.predictSync(queries)
  const means = KNNRegressor.fitSync(points, numbers, { ...settings, k, weights }).predictSync(queries)
  orders.forEach((order, q) => {
    const voters = order.slice(0, k)
    const least = far(q, voters[0])
    const vote = (i) => (weights === 'uniform' ? 1 : far(q, i) === least ? 1 : least / far(q, i))
    const votes = sorted.map((name) => carried(voters.filter((i) => classes[i] === name).map(vote)))
    const total = carried(voters.map(vote))
    const most = Math.max(...votes)
    const winners = sorted.filter((_, c) =>
      weights === 'uniform' ? votes[c] === most : votes[c] >= most * (1 - 1e-12),
    )
    const right = weights === 'uniform' ? predicted[q] === winners[0] : winners.includes(predicted[q])
    if (!right) wrong(`${what}: query ${q}, ${weights}: ${predicted[q]}, wanted ${winners} of ${votes}`)
    sorted.forEach((_, c) => {
      if (Math.abs(shares[q * sorted.length + c] - votes[c] / total) > 1e-12)
        wrong(
          `${what}: query ${q}, ${weights}: share ${shares[q * sorted.length + c]}, not ${votes[c] / total}`,
        )
    })
    const mean = carried(voters.map((i) => vote(i) * numbers[i])) / total
    if (Math.abs(mean - means[q]) > 1e-11 * 60)
      wrong(`${what}: query ${q}, ${weights}: mean ${means[q]}, not ${mean}`)
  })
}

// --------------------------------------------------------------------------------------------------------------- turn

const kinds = new Map()
let failed = 0
const end = performance.now() + minutes * 60_000
let seed = from
for (; performance.now() < end && seed < from + cases; seed++) {
  for (const [name, work] of [
    ['fits', fitCase],
    ['searches', searchCase],
  ]) {
    if (only !== '' && only !== name) continue
    try {
      const kind = `${name}, ${await work(seed)}`
      kinds.set(kind, (kinds.get(kind) ?? 0) + 1)
    } catch (error) {
      failed++
      console.log(
        `FAIL  ${name}, seed ${seed}: ${error.message}${error instanceof TypeError ? error.stack : ''}`,
      )
    }
  }
}
for (const [kind, count] of [...kinds].sort()) console.log(`${String(count).padStart(7)}  ${kind}`)
console.log(`seeds ${from} to ${seed - 1}`)
console.log(`\n${[...kinds.values()].reduce((sum, x) => sum + x, 0)} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1
