// Data with a known number of clusters, for docs/choosing-k.md: each shape makes its rows from a seed.
import { Random } from '../../packages/nigh/dist/random.js'

const normals = (random, d, sd = 1) => Array.from({ length: d }, () => sd * random.normal())
const add = (a, b) => a.map((x, j) => x + b[j])

/** k centres in d columns, no two nearer than `apart`: drawn in a growing box until they are. */
function centres(random, k, d, apart) {
  for (let side = apart; ; side *= 1.1) {
    const found = Array.from({ length: k }, () => Array.from({ length: d }, () => side * random.uniform()))
    const near = found.some((a, i) =>
      found.some((b, j) => i < j && Math.hypot(...a.map((x, c) => x - b[c])) < apart),
    )
    if (!near) return found
  }
}

/** Round clusters of standard deviation 1 (or `sds`), of equal (or `sizes`) numbers of rows. */
function blobs({ k, d, n = 300, apart = 7, sizes, sds }) {
  return (seed) => {
    const random = new Random(seed)
    const middles = centres(random, k, d, apart)
    const counts = sizes ?? middles.map((_, c) => Math.floor(n / k) + (c < n % k ? 1 : 0))
    return middles.flatMap((middle, c) =>
      Array.from({ length: counts[c] }, () => add(middle, normals(random, d, sds?.[c] ?? 1))),
    )
  }
}

const each = (n, row) => (seed) => {
  const random = new Random(seed)
  return Array.from({ length: n }, (_, i) => row(random, i))
}
const uniform = (n, d) => each(n, (random) => Array.from({ length: d }, () => random.uniform()))

/** `expect`: the numbers of clusters that are right; 1 stands for "no clear clusters". */
export const shapes = [
  { name: '1 cluster, 2 columns', expect: [1], rows: blobs({ k: 1, d: 2 }) },
  { name: '1 cluster, 5 columns', expect: [1], rows: blobs({ k: 1, d: 5 }) },
  { name: '2 clusters, 2 columns', expect: [2], rows: blobs({ k: 2, d: 2 }) },
  { name: '2 clusters, 5 columns', expect: [2], rows: blobs({ k: 2, d: 5 }) },
  { name: '3 clusters, 2 columns', expect: [3], rows: blobs({ k: 3, d: 2 }) },
  { name: '3 clusters, 5 columns', expect: [3], rows: blobs({ k: 3, d: 5 }) },
  { name: '5 clusters, 2 columns', expect: [5], rows: blobs({ k: 5, d: 2 }) },
  { name: '5 clusters, 5 columns', expect: [5], rows: blobs({ k: 5, d: 5 }) },
  { name: '8 clusters, 2 columns', expect: [8], rows: blobs({ k: 8, d: 2 }), to: 12 },
  { name: '8 clusters, 5 columns', expect: [8], rows: blobs({ k: 8, d: 5 }), to: 12 },
  { name: 'uniform noise, 1 column', expect: [1], rows: uniform(300, 1) },
  { name: 'uniform noise, 2 columns', expect: [1], rows: uniform(300, 2) },
  { name: 'uniform noise, 5 columns', expect: [1], rows: uniform(300, 5) },
  { name: 'uniform noise, 10 columns', expect: [1], rows: uniform(300, 10) },
  {
    name: '4 clusters of 200, 60, 20 and 20 rows',
    expect: [4],
    rows: blobs({ k: 4, d: 2, apart: 8, sizes: [200, 60, 20, 20] }),
  },
  {
    name: '2 clusters of 270 and 30 rows',
    expect: [2],
    rows: blobs({ k: 2, d: 3, apart: 7, sizes: [270, 30] }),
  },
  {
    name: '3 clusters of spreads 0.3, 1 and 2',
    expect: [3],
    rows: blobs({ k: 3, d: 2, apart: 10, sds: [0.3, 1, 2] }),
  },
  { name: '5 clusters, 20 columns', expect: [5], rows: blobs({ k: 5, d: 20, apart: 9 }) },
  { name: '4 clusters, 50 columns', expect: [4], rows: blobs({ k: 4, d: 50, apart: 12 }) },
  {
    name: '3 clusters in 2 of 10 columns, the rest noise',
    expect: [3],
    rows: (seed) =>
      blobs({ k: 3, d: 2, apart: 9 })(seed).map((row, i) => [
        ...row,
        ...normals(new Random(1000 * seed + i + 7), 8),
      ]),
  },
  {
    name: '3 clusters, two of them touching (4 standard deviations)',
    expect: [2, 3],
    rows: each(300, (random, i) =>
      add(
        [
          [0, 0],
          [4, 0],
          [2, 14],
        ][i % 3],
        normals(random, 2),
      ),
    ),
  },
  {
    name: '2 clusters that overlap (3 standard deviations)',
    expect: [1, 2],
    rows: each(300, (random, i) => add([3 * (i % 2), 0], normals(random, 2))),
  },
  {
    name: '3 groups of 3',
    expect: [3, 9],
    rows: each(360, (random, i) =>
      add(
        [
          [0, 0],
          [40, 0],
          [20, 35],
        ][i % 3],
        add(
          [
            [0, 0],
            [7, 0],
            [3.5, 6],
          ][Math.floor(i / 3) % 3],
          normals(random, 2),
        ),
      ),
    ),
    to: 12,
  },
  {
    name: '3 long clusters side by side',
    expect: [3],
    rows: each(300, (random, i) => [6 * random.normal(), 9 * (i % 3) + random.normal()]),
  },
  {
    name: '1 cluster, long',
    expect: [1],
    rows: each(300, (random) => [10 * random.normal(), random.normal()]),
  },
  {
    name: '1 cluster, columns that go together',
    expect: [1],
    rows: each(300, (random) => {
      const t = random.normal()
      return [t, t, t, t].map((x) => x + 0.4 * random.normal())
    }),
  },
  {
    name: '1 cluster with heavy tails',
    expect: [1],
    rows: each(300, (random) => {
      const s = Math.sqrt(3 / normals(random, 3).reduce((sum, x) => sum + x * x, 0))
      return normals(random, 2, s)
    }),
  },
  {
    name: '1 cluster, skewed (log-normal amounts)',
    expect: [1],
    rows: each(300, (random) => normals(random, 3, 0.8).map(Math.exp)),
  },
  {
    name: '1 cluster, skewed (exponential amounts)',
    expect: [1],
    rows: each(300, (random) => [-Math.log(1 - random.uniform()), -Math.log(1 - random.uniform())]),
  },
  {
    name: 'a ring',
    expect: [1],
    rows: each(300, (random) => {
      const t = 2 * Math.PI * random.uniform()
      return add([5 * Math.cos(t), 5 * Math.sin(t)], normals(random, 2, 0.3))
    }),
  },
  {
    name: 'a curved line',
    expect: [1],
    rows: each(300, (random) => {
      const t = random.uniform()
      return add([10 * t, 8 * t * t], normals(random, 2, 0.2))
    }),
  },
  {
    name: 'answers from 1 to 5, 8 questions, at chance',
    expect: [1],
    rows: each(300, (random) => Array.from({ length: 8 }, () => 1 + Math.floor(5 * random.uniform()))),
  },
]
