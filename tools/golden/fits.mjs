// The golden fits: the same on every machine, engine, kernel set and number of threads, or something is broken.
// Knows no platform: the caller hands over the library, the text of data files, and how to run.

/** Data sets: a file of examples/data, the columns taken, and how many clusters. */
const sets = [
  { name: 'iris', k: 3, columns: ['sepal_length', 'sepal_width', 'petal_length', 'petal_width'] },
  { name: 'wine', k: 3, leaveOut: ['class'] },
  { name: 'breast-cancer', k: 4 },
  { name: 'digits', k: 10 },
  {
    name: 'penguins',
    k: 3,
    columns: ['bill_length_mm', 'bill_depth_mm', 'flipper_length_mm', 'body_mass_g'],
  },
  { name: 'airports', k: 12, columns: ['latitude', 'longitude'] },
  { name: 'earthquakes', k: 7, columns: ['latitude', 'longitude', 'depth_km', 'magnitude'] },
  { name: 'cdnow-customers', k: 5, columns: ['recency_days', 'frequency', 'cds', 'value'] },
  { name: 'population-ages', k: 6 },
  { name: 'blobs', k: 17 },
]
const offsets = [0, 1e4, 1e7, 1.7e12]

/** Variants that are fitted in chunks as well. */
const chunkedToo = [
  'random starts',
  'given start with empty clusters',
  'whole weights',
  'fractional weights',
  'stopped early',
  'float32',
  'float64 of 1e140',
  'many groups of centroids',
]

export const files = sets.map(({ name }) => name).filter((name) => name !== 'blobs')

/** Numbers from 0 to 1 by a linear congruence: whole-number arithmetic, the same everywhere. */
function draws(seed) {
  let state = seed
  return () => {
    state = (Math.imul(1103515245, state) + 12345) & 0x7fffffff
    return (state >> 8) / 2 ** 23
  }
}

function numbersOf(text, { columns, leaveOut = [] }) {
  const [header, ...lines] = text.trimEnd().split(/\r?\n/)
  const names = header.split(',')
  const rows = lines.map((line) =>
    Array.from(line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g), ([, quoted, plain]) => quoted ?? plain),
  )
  const wanted =
    columns ??
    names.filter(
      (name, j) =>
        !leaveOut.includes(name) && rows.every((row) => row[j] === '' || Number.isFinite(Number(row[j]))),
    )
  const at = wanted.map((name) => names.indexOf(name))
  const kept = rows.filter((row) => at.every((j) => row[j] !== '' && row[j] !== undefined))
  return {
    values: Float64Array.from(kept.flatMap((row) => at.map((j) => Number(row[j])))),
    columns: at.length,
  }
}

function blobs(rows, columns, seed, coarse = false) {
  const draw = draws(seed)
  const values = new Float64Array(rows * columns)
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      const heap = ((i % 11) * (j + 3)) % 11
      values[i * columns + j] = coarse ? Math.floor(draw() * 3) : heap * 8 + draw() + draw() - 1
    }
  }
  return { values, columns }
}

function shuffled(n, seed) {
  const draw = draws(seed)
  const order = Uint32Array.from({ length: n }, (_, i) => i)
  for (let i = n - 1; i > 0; i--) {
    const j = Math.floor(draw() * (i + 1))
    const held = order[i]
    order[i] = order[j]
    order[j] = held
  }
  return order
}

function rowsOf(values, columns, order) {
  const out = new values.constructor(order.length * columns)
  order.forEach((row, i) => out.set(values.subarray(row * columns, (row + 1) * columns), i * columns))
  return out
}

/** The rows as they would come out of a file: chunks of uneven sizes. */
function chunksOf(values, columns, Matrix) {
  const rows = values.length / columns
  return {
    *chunks() {
      for (let from = 0, size = 1; from < rows; size = (size * 7) % 997) {
        const to = Math.min(rows, from + size)
        yield Matrix.of(values.slice(from * columns, to * columns), columns)
        from = to
      }
    },
  }
}

function clusterParts(model, order = null) {
  const labels = new Uint32Array(model.labels.length)
  model.labels.forEach((label, i) => {
    labels[order === null ? i : order[i]] = label
  })
  return {
    centroids: model.centroids.values,
    counts: model.counts,
    inertia: Float64Array.of(model.inertia),
    iterations: Uint32Array.of(model.iterations, model.converged ? 1 : 0, model.warnings.length),
    labels,
  }
}

/**
 * Runs every golden fit.
 *
 * @param nigh the library's names
 * @param textOf gives the text of a file of examples/data by its name
 * @param how `threads` and, for K-Means, `kernels`: undefined for the library's own choice
 * @param tell hears of each fit: its name and its parts, typed arrays by name
 */
export async function goldenFits(nigh, textOf, how, tell) {
  const { KMeans, KNNClassifier, KNNRegressor, Matrix, NearestNeighbors } = nigh
  const run = { ...(how.threads && { threads: how.threads }), ...(how.kernels && { kernels: how.kernels }) }
  const searchRun = how.threads ? { threads: how.threads } : {}
  const fit = (values, columns, options) => KMeans.fit(Matrix.of(values, columns), { ...options, ...run })

  for (const set of sets) {
    const { values, columns } =
      set.name === 'blobs' ? blobs(3001, 5, 7) : numbersOf(await textOf(set.name), set)
    const rows = values.length / columns
    for (const offset of offsets) {
      const moved = values.map((x) => x + offset)
      const options = { k: set.k, nInit: 3 }
      const name = `${set.name} at ${offset}`
      tell(name, clusterParts(await fit(moved, columns, options)))
      const order = shuffled(rows, 5)
      tell(
        `${name}, rows shuffled`,
        clusterParts(await fit(rowsOf(moved, columns, order), columns, options), order),
        name,
      )
      const chunked = await KMeans.fit(chunksOf(moved, columns, Matrix), { ...options, ...run })
      tell(`${name}, in chunks`, clusterParts(chunked), name)
    }
    const queries = rowsOf(values, columns, shuffled(rows, 3).subarray(0, 40)).map(
      (x, i) => x + ((i % 5) - 2) / 8,
    )
    for (const offset of offsets) {
      const search = await NearestNeighbors.fit(
        Matrix.of(
          values.map((x) => x + offset),
          columns,
        ),
        searchRun,
      )
      const asked = Matrix.of(
        queries.map((x) => x + offset),
        columns,
      )
      const { indices, distances } = await search.nearest(asked, { k: 7, ...searchRun })
      tell(`nearest of ${set.name} at ${offset}`, { indices, distances })
    }
  }

  const even = blobs(6000, 4, 21)
  const ties = blobs(4000, 3, 22, true)
  const wide = blobs(700, 64, 23)
  const start = (data, k) => Matrix.of(data.values.slice(0, k * data.columns), data.columns)
  const weights = (n, whole) => {
    const draw = draws(31)
    return Float64Array.from({ length: n }, () => (whole ? Math.floor(draw() * 4) : draw() * 3))
  }
  const variants = [
    ['random starts', even, { k: 20, init: 'random', nInit: 3 }],
    ['given start', even, { k: 25, init: start(even, 25) }],
    [
      'start by a function',
      even,
      {
        k: 11,
        nInit: 2,
        init: (points, k, random) =>
          Array.from({ length: k }, () => {
            const row = Math.floor(random() * points.rows)
            return Array.from(points.values.subarray(row * points.columns, (row + 1) * points.columns))
          }),
      },
    ],
    [
      'given start with empty clusters',
      ties,
      { k: 9, init: Array.from({ length: 9 }, (_, c) => [c * 100, 0, 1]) },
    ],
    ['ties everywhere', ties, { k: 8, nInit: 4 }],
    ['more clusters than different rows', ties, { k: 40, nInit: 1 }],
    ['whole weights', even, { k: 12, nInit: 2, sampleWeight: weights(6000, true) }],
    ['fractional weights', even, { k: 12, nInit: 2, sampleWeight: weights(6000, false) }],
    ['tolerance', even, { k: 30, nInit: 1, tolerance: 0.2 }],
    ['stopped early', even, { k: 30, nInit: 2, maxIterations: 3 }],
    ['another seed', even, { k: 30, nInit: 1, seed: 2 ** 40 + 7 }],
    ['many clusters', even, { k: 300, nInit: 1 }],
    ['many columns', wide, { k: 20, nInit: 1 }],
    ['float32', { ...even, values: Float32Array.from(even.values) }, { k: 20, nInit: 2 }],
    [
      'float32 at 1e6',
      { ...even, values: Float32Array.from(even.values, (x) => x + 1e6) },
      { k: 20, nInit: 2 },
    ],
    [
      'float32 of 3e19',
      { ...even, values: Float32Array.from(even.values, (x) => x * 3e18) },
      { k: 20, nInit: 1 },
    ],
    ['float64 of 1e-200', { ...even, values: even.values.map((x) => x * 2 ** -660) }, { k: 20, nInit: 1 }],
    ['float64 of 1e140', { ...even, values: even.values.map((x) => x * 2 ** 460) }, { k: 20, nInit: 1 }],
    ['many groups of centroids', blobs(1500, 27, 29), { k: 400, nInit: 1 }],
    ['one row', { values: Float64Array.of(3, 4), columns: 2 }, { k: 1 }],
    ['as many clusters as rows', { values: even.values.slice(0, 400), columns: 4 }, { k: 100, nInit: 1 }],
  ]
  for (const [name, { values, columns }, options] of variants) {
    const model = await fit(values, columns, options)
    const parts = clusterParts(model)
    const asked = Matrix.of(
      Float64Array.from(values.slice(0, 60 * columns), (x) => x * 1.001),
      columns,
    )
    parts.predicted = await model.predict(asked, run)
    parts.distances = (await model.transform(asked, run)).values
    parts.bytes = model.toBytes()
    tell(name, parts)
  }

  for (const [name, { values, columns }, options] of variants) {
    if (!chunkedToo.includes(name)) continue
    const whole = `${name}, whole`
    tell(whole, clusterParts(await fit(values, columns, options)))
    const chunked = await KMeans.fit(chunksOf(values, columns, Matrix), { ...options, ...run })
    tell(`${name}, in chunks`, clusterParts(chunked), whole)
  }

  await familyFits(nigh, { even, ties, wide }, run, tell)

  const few = { values: ties.values.slice(0, 900 * 3), columns: 3 }
  const places = Float64Array.from({ length: 800 }, (_, i) =>
    i % 2 === 0 ? ((i * 37) % 180) - 90 : ((i * 91) % 360) - 180,
  )
  const searches = [
    ...['flat', 'kdtree', 'balltree'].flatMap((algorithm) =>
      ['euclidean', 'sqeuclidean', 'manhattan', 'chebyshev', 'hamming'].map((metric) => ({
        algorithm,
        metric,
      })),
    ),
    ...['flat', 'kdtree', 'balltree'].map((algorithm) => ({ algorithm, metric: 'minkowski', p: 3 })),
    { algorithm: 'flat', metric: 'minkowski', p: 0.5 },
    { algorithm: 'flat', metric: 'cosine' },
    { algorithm: 'auto', metric: 'cosine' },
    { algorithm: 'flat', metric: 'haversine' },
    { algorithm: 'balltree', metric: 'haversine' },
  ]
  for (const options of searches) {
    const data =
      options.metric === 'haversine'
        ? Matrix.of(places, 2)
        : options.metric === 'cosine'
          ? Matrix.of(
              few.values.map((x) => x + 1),
              3,
            )
          : Matrix.of(few.values, 3)
    let search
    try {
      search = await NearestNeighbors.fit(data, { ...options, ...searchRun })
    } catch (error) {
      if (error.code === 'E_PARAM') continue // this index cannot have this metric
      throw error
    }
    const { indices, distances } = await search.nearest(undefined, { k: 9, ...searchRun })
    const within = await search.within(undefined, { radius: distances[17], ...searchRun })
    const name = `${options.metric}${options.p === undefined ? '' : ` ${options.p}`}`
    tell(
      `${name} by ${options.algorithm}`,
      { indices, distances, offsets: within.offsets, within: within.indices },
      `${name} by flat`,
    )
  }

  // So many rows in clusters that a flat scan passes over cells of them.
  const clustered = blobs(17_000, 12, 31)
  for (const offset of [0, 1e7]) {
    const data = Matrix.of(
      clustered.values.map((x) => x + offset),
      12,
    )
    const search = await NearestNeighbors.fit(data, { algorithm: 'flat', ...searchRun })
    const asked = Matrix.of(data.values.slice(0, 12 * 60), 12)
    const { indices, distances } = await search.nearest(asked, { k: 8, ...searchRun })
    const within = await search.within(asked, { radius: distances[19], ...searchRun })
    tell(`nearest among cells at ${offset}`, {
      indices,
      distances,
      offsets: within.offsets,
      within: within.indices,
    })
  }

  const classes = Array.from({ length: 900 }, (_, i) => ['red', 'green', 'blue'][(i * 7) % 3])
  for (const weighting of ['uniform', 'distance']) {
    const classifier = await KNNClassifier.fit(Matrix.of(few.values, 3), classes, {
      k: 7,
      weights: weighting,
      ...searchRun,
    })
    const asked = Matrix.of(
      few.values.slice(0, 300).map((x) => x + 0.25),
      3,
    )
    const proba = await classifier.predictProba(asked, searchRun)
    const predicted = await classifier.predict(asked, searchRun)
    tell(`votes, ${weighting}`, {
      proba: proba.values,
      predicted: Uint8Array.from(predicted, (name) => name.length),
    })
    const regressor = await KNNRegressor.fit(
      Matrix.of(few.values, 3),
      Array.from({ length: 900 }, (_, i) => Math.sqrt(i)),
      { k: 7, weights: weighting, ...searchRun },
    )
    const means = await regressor.predict(asked, searchRun)
    tell(`means, ${weighting}`, { means: ArrayBuffer.isView(means) ? means : means.values })
  }
}

/** The relatives of K-Means, and anomalies: each also with its rows shuffled, where the order must not matter. */
async function familyFits(nigh, { even, ties, wide }, run, tell) {
  const { Matrix } = nigh
  const threads = run.threads ? { threads: run.threads } : {}
  const rows = ({ values, columns }, from, to) => ({
    values: values.slice(from * columns, to * columns),
    columns,
  })
  const places = {
    values: Float64Array.from({ length: 600 }, (_, i) =>
      i % 2 === 0 ? ((i * 37) % 178) - 89 : ((i * 91) % 358) - 179,
    ),
    columns: 2,
  }
  const some = rows(even, 0, 500)
  const copies = rows(ties, 0, 400)
  const family = [
    ['BisectingKMeans', even, { k: 9 }],
    ['SphericalKMeans', rows(wide, 0, 300), { k: 6, nInit: 2 }],
    ['KMedians', some, { k: 7, nInit: 2 }],
    ['KMedians', copies, { k: 7, nInit: 2 }],
    ['MiniBatchKMeans', even, { k: 9, nInit: 2 }],
    ['KMedoids', some, { k: 6 }],
    ['KMedoids', copies, { k: 6 }],
    ['BoundedKMeans', some, { k: 6, minSize: 60, nInit: 2 }],
    ['GeoKMeans', places, { k: 6, nInit: 2 }],
    ['KMeans1D', { values: even.values.slice(0, 900), columns: 1 }, { k: 8 }],
  ]
  for (const [at, [name, { values, columns }, options]] of family.entries()) {
    const title = `${name} ${at}`
    const order = shuffled(values.length / columns, 9)
    const fit = (numbers) => nigh[name].fit(Matrix.of(numbers, columns), options)
    tell(title, clusterParts(await fit(values)))
    tell(`${title}, rows shuffled`, clusterParts(await fit(rowsOf(values, columns, order)), order), title)
  }
  const batches = (sizes) => ({
    *chunks() {
      for (let from = 0, i = 0; from < 6000; i++) {
        const to = Math.min(6000, from + sizes[i % sizes.length])
        yield Matrix.of(even.values.slice(from * 4, to * 4), 4)
        from = to
      }
    },
  })
  const mini = { k: 9, nInit: 1 }
  tell('MiniBatchKMeans in chunks', clusterParts(await nigh.MiniBatchKMeans.fit(batches([6000]), mini)))
  tell(
    'MiniBatchKMeans in other chunks',
    clusterParts(await nigh.MiniBatchKMeans.fit(batches([1, 700, 33]), mini)),
    'MiniBatchKMeans in chunks',
  )
  const letters = { name: 't', type: 'text', categories: ['a', 'b', 'c'] }
  const table = nigh.Table.of([
    { name: 'x', type: 'number', values: some.values.slice(0, 500) },
    { ...letters, values: Int32Array.from({ length: 500 }, (_, i) => (i * 7) % 3) },
  ])
  tell('KPrototypes', clusterParts(await nigh.KPrototypes.fit(table, { k: 5, nInit: 2 })))
  const mixed = await nigh.NearestNeighbors.fit(table, { metric: 'gower', ...threads })
  const near = await mixed.nearest(undefined, { k: 6, ...threads })
  tell('gower', { indices: near.indices, distances: near.distances, bytes: mixed.toBytes() })
  for (const name of ['LocalOutlierFactor', 'NeighborDistance']) {
    const model = await nigh[name].fit(Matrix.of(some.values, some.columns), { k: 9, ...threads })
    tell(name, { scores: model.scores, outliers: model.outliers, bytes: model.toBytes() })
  }
  const holes = Array.from({ length: 120 }, (_, i) =>
    Array.from(some.values.subarray(i * 4, i * 4 + 4), (x, j) => (i % 5 === j ? Number.NaN : x)),
  )
  const filled = await nigh.KNNImputer.fit(holes, { k: 4 }).transform(holes, threads)
  tell('KNNImputer', { filled: filled.values })
}

/** A 64-bit hash of a typed array's bytes, as text (two FNV-1a of 32 bits with different starts). */
export function hashOf(array) {
  const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength)
  let a = 0x811c9dc5
  let b = 0x9747b28c
  for (const byte of bytes) {
    a = Math.imul(a ^ byte, 0x01000193)
    b = Math.imul(b ^ byte ^ (a >>> 24), 0x01000193)
  }
  return [a, b].map((half) => (half >>> 0).toString(16).padStart(8, '0')).join('')
}
