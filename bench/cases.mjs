// What is measured, as data. A case: points, options, seed, expected answer, peers.
// The expected numbers were found in float64: inertias by scikit-learn, distances by scipy and faiss, ranked again.

/**
 * @typedef {import('./types.d.ts').Case} Case
 * @typedef {import('./types.d.ts').Data} Data
 * @typedef {import('./types.d.ts').Suite} Suite
 */

/** @param {number} rows @param {number} columns @param {number} centers @param {number} spread @returns {Data} */
const blobs = (rows, columns, centers, spread, seed = 1) => ({
  kind: 'blobs',
  rows,
  columns,
  centers,
  spread,
  seed,
})
/** @param {number} rows @param {number} columns @returns {Data} */
const uniform = (rows, columns) => ({ kind: 'uniform', rows, columns, seed: 1 })
/** @param {number} rows @returns {Data} */
const digits = (rows) => ({ kind: 'digits', rows, columns: 64, seed: 1 })

const native = ['sklearn', 'sklearn-elkan', 'sklearnex', 'faiss']

// Spreads are as wide as they can be while every library still ends at the same centroids. Wider, and rounding in
// float32 sends scikit-learn's own two algorithms to different optima from the same start: nothing to compare.
// The five sizes that the k-means, defaults and seeding suites share.
const small = { name: '100k × 8, k = 10', data: blobs(100_000, 8, 10, 4, 2), k: 10 }
const medium = { name: '100k × 16, k = 50', data: blobs(100_000, 16, 50, 5, 2), k: 50 }
const wide = { name: '100k × 64, k = 100', data: blobs(100_000, 64, 100, 8, 2), k: 100 }
const wider = { name: '50k × 128, k = 256', data: blobs(50_000, 128, 256, 12, 2), k: 256 }
const many = { name: '200k × 32, k = 1000', data: blobs(200_000, 32, 1000, 4, 2), k: 1000 }

/** @param {Omit<Case, 'peers' | 'task'>} shape @param {Case['expected']} [expected] @returns {Case} */
const kmeans = (shape, expected) => ({
  ...shape,
  task: 'kmeans',
  peers: ['nigh', ...native],
  ...(expected && { expected }),
})

/** @param {Data} data @param {Partial<Case>} [more] @returns {Case} */
const tree = (data, more) => ({
  name: `${data.kind}, d = ${data.columns}`,
  task: 'knn',
  data,
  k: 10,
  queries: 10_000,
  index: 'kdtree',
  peers: ['nigh', 'pykdtree', 'scipy', 'sklearn', 'sklearnex'],
  ...more,
})

/** @param {Data} data @param {Partial<Case>} [more] @returns {Case} */
const flat = (data, more) => ({
  name: `${data.kind}, d = ${data.columns}`,
  task: 'knn',
  data,
  k: 10,
  queries: 1000,
  index: 'flat',
  peers: ['nigh', 'faiss', 'sklearn', 'sklearnex'],
  ...more,
})

/** @type {Readonly<Record<string, Suite>>} */
export const suites = {
  kmeans: {
    about: 'K-Means from given centroids, run to convergence',
    goals: [
      { against: native, ratio: 2, as: 'every case' },
      { against: native, ratio: 3, as: 'geometric mean' },
    ],
    cases: [
      kmeans(small, { iterations: 41, inertia: 12295726.395 }),
      kmeans(medium, { iterations: 48, inertia: 40115588.22 }),
      kmeans(wide, { iterations: 46, inertia: 415852415.08 }),
      kmeans(wider, { iterations: 34, inertia: 923330198.18 }),
      kmeans(many, { iterations: 31, inertia: 110608705.84 }),
      kmeans(
        { name: 'uniform, 50k × 4, k = 8', data: uniform(50_000, 4), k: 8 },
        { iterations: 59, inertia: 6534.1967776 },
      ),
      kmeans(
        { name: 'digits, 50k × 64, k = 10', data: digits(50_000), k: 10 },
        { iterations: 21, inertia: 32635386.863 },
      ),
    ],
  },

  'kmeans-defaults': {
    about: 'K-Means with each library’s defaults and one k-means++ start, another seed each round',
    goals: [{ against: ['sklearn'], ratio: 5, as: 'geometric mean' }],
    cases: [small, medium, wide, wider, many].map((shape) => ({
      ...shape,
      task: 'kmeans-defaults',
      peers: ['nigh', 'sklearn', 'sklearnex'],
    })),
  },

  seeding: {
    about: 'k-means++ alone, 2 + ⌊ln k⌋ greedy trials a centroid, another seed each round',
    goals: [{ against: ['sklearn'], ratio: 8, as: 'every case' }],
    cases: [wide, wider, many].map((shape) => ({ ...shape, task: 'seeding', peers: ['nigh', 'sklearn'] })),
  },

  'knn-low': {
    about: 'kd-tree: build on 100,000 rows, then the 10 nearest of 10,000 queries',
    goals: [
      { against: ['pykdtree'], ratio: 1, as: 'every case' },
      { against: ['scipy'], ratio: 1.5, as: 'every case' },
      { against: ['sklearn'], ratio: 4, as: 'every case' },
    ],
    cases: [
      tree(uniform(100_000, 2), { expected: { distances: 392.55291 } }),
      tree(uniform(100_000, 3), { expected: { distances: 2232.8034 } }),
      tree(uniform(100_000, 8), { expected: { distances: 25913.394 } }),
      tree(blobs(100_000, 3, 20, 2), { expected: { distances: 45985.972 } }),
      tree(blobs(100_000, 8, 20, 2), { expected: { distances: 290229.32 } }),
      tree(blobs(100_000, 16, 20, 2), { queries: 2000, expected: { distances: 121597.3 } }),
    ],
  },

  'knn-high': {
    about:
      'Exact search without a tree: the 10 nearest of 1,000 queries among 100,000 rows (50,000 at d = 768)',
    goals: [
      { against: ['faiss'], ratio: 1, as: 'every case' },
      { against: ['sklearn'], ratio: 3, as: 'every case' },
    ],
    cases: [
      flat(blobs(100_000, 64, 100, 4), { expected: { distances: 362471.04 } }),
      flat(blobs(100_000, 128, 100, 4), { expected: { distances: 548876.0 } }),
      flat(blobs(100_000, 384, 100, 4), { expected: { distances: 1018072.8 } }),
      flat(blobs(50_000, 768, 100, 4), { expected: { distances: 1484977.9 } }),
      flat(uniform(100_000, 128), { expected: { distances: 37039.531 } }),
      flat(digits(100_000), { expected: { distances: 29376.586 } }),
    ],
  },

  single: {
    about: 'One query at a time, exact, without a tree: median seconds of 100 queries',
    goals: [{ against: ['faiss'], ratio: 1, as: 'every case' }],
    cases: [
      flat(blobs(100_000, 128, 100, 4), {
        name: '100k × 128',
        task: 'single',
        queries: 100,
        expected: { distances: 55112.773 },
        peers: ['nigh', 'faiss', 'sklearn'],
      }),
    ],
  },

  js: {
    about: 'JavaScript libraries; points go in as number[][], which is what they take',
    goals: [
      { against: ['ml-kmeans'], ratio: 50, as: 'every case' },
      { against: ['skmeans'], ratio: 50, as: 'every case' },
      { against: ['ml-knn'], ratio: 1000, as: 'every case', part: 'query' },
    ],
    cases: [
      {
        ...small,
        task: 'kmeans',
        asRows: true,
        peers: ['nigh', 'ml-kmeans', 'skmeans'],
        expected: { iterations: 41, inertia: 12295726.395 },
      },
      {
        name: '20k × 16, k = 20',
        task: 'kmeans',
        data: blobs(20_000, 16, 20, 4),
        k: 20,
        asRows: true,
        expected: { iterations: 22, inertia: 5655349.8143 },
        peers: ['nigh', 'ml-kmeans', 'skmeans'],
      },
      tree(uniform(100_000, 3), {
        name: '10 nearest, d = 3, 20 queries',
        queries: 20,
        expected: { distances: 4.3376153 },
        asRows: true,
        peers: ['nigh', 'ml-knn', 'static-kdtree'],
      }),
      tree(uniform(100_000, 3), {
        name: '10 nearest, d = 3, 10k queries',
        asRows: true,
        peers: ['nigh', 'static-kdtree'],
      }),
      tree(uniform(100_000, 2), {
        name: 'within 0.01, d = 2, 10k queries',
        task: 'within',
        radius: 0.01,
        asRows: true,
        peers: ['nigh', 'kdbush'],
      }),
    ],
  },

  scaling: {
    about: 'Two threads against one, and time and memory as n grows (10 iterations each)',
    goals: [{ against: ['nigh-one-thread'], ratio: 1.8, as: 'every case', only: '2 threads' }],
    cases: [
      { ...wide, name: `2 threads: ${wide.name}`, task: 'kmeans', peers: ['nigh', 'nigh-one-thread'] },
      { ...many, name: `2 threads: ${many.name}`, task: 'kmeans', peers: ['nigh', 'nigh-one-thread'] },
      flat(blobs(100_000, 128, 100, 4), {
        name: '2 threads: flat, d = 128',
        peers: ['nigh', 'nigh-one-thread'],
      }),
      tree(uniform(100_000, 8), { name: '2 threads: kd-tree, d = 8', peers: ['nigh', 'nigh-one-thread'] }),
      growing(100_000, 8),
      growing(1_000_000, 8),
      growing(10_000_000, 8),
      growing(10_000_000, 16),
    ],
  },
}

/** @param {number} rows @param {number} columns @returns {Case} */
function growing(rows, columns) {
  return {
    name: `n = ${rows / 1e6} M × ${columns}, k = 10`,
    task: 'kmeans',
    data: blobs(rows, columns, 10, 4),
    k: 10,
    maxIterations: 10,
    fresh: true,
    peers: ['nigh', 'sklearn'],
  }
}

/** The same case, small: shows that the harness works end to end, and nothing else. @param {Case} full @returns {Case} */
export function shrink(full) {
  const { expected: _, ...rest } = full
  const { data } = full
  const k = Math.min(full.k, 10)
  return {
    ...rest,
    k,
    data: {
      ...data,
      rows: Math.min(data.rows, 3000),
      columns: data.kind === 'digits' ? 64 : Math.min(data.columns, 32),
      ...(data.centers === undefined ? {} : { centers: Math.min(data.centers, 10), spread: 2 }),
    },
    ...(full.queries === undefined ? {} : { queries: Math.min(full.queries, 20) }),
    ...(full.radius === undefined ? {} : { radius: 0.05 }),
  }
}
