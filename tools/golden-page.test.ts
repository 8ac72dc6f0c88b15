import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import * as nigh from '../packages/nigh/src/index.ts'
import { families, globe, miniBatches, mixed } from './golden-page/families.ts'
import { type Line, lines } from './golden-page/lines.ts'
import { clustersInR, mixedInR, neighboursInR, votesInR } from './golden-page/r.ts'
import { clusters, estimators, neighbours, scores, votes } from './golden-page/scikit-learn.ts'

// Every recorded figure of other packages beside nigh's, and docs/golden.md, which says how far they are apart.
// GOLDEN_PAGE=write npx vitest run tools/golden-page writes the page.

const parts = [
  ...[neighbours, votes, clusters, scores, estimators, families, mixed],
  ...[miniBatches, globe, clustersInR, neighboursInR, votesInR, mixedInR],
]

/** What is no metric and no estimator: data and files, and what others' figures are made with. */
const PLAIN = ['InputError', 'Matrix', 'cellOf', 'isMissing', 'Table', 'load', 'summaryOf']

/** Metrics and estimators that have no counterpart, and why. */
const ALONE: Readonly<Record<string, string>> = {
  CentroidDistance: 'distances of `KMeans`, divided by the spread of each cluster',
  chooseK: 'a vote of criteria, those above among them: docs/choosing-k.md',
  chooseNeighbors: 'leave-one-out with the models above',
  validateClassifier: 'the scores above, over folds',
  validateRegressor: 'the scores above, over folds',
  gridSearch: 'the same, over options',
  randomSearch: 'the same, over drawn options',
  profileClusters: 'means and shares, put into words',
  trainTestSplit: 'drawn by a generator of our own, as all folds are',
  kFold: 'drawn',
  stratifiedKFold: 'drawn',
  groupKFold: 'drawn',
  leaveOneOut: 'every row once',
}

/** How far apart, as the power of ten that is not reached: the same on every machine. */
function inWords({ what, worst, allowed }: Line): string {
  // Scores take logarithms, whose last bit engines round as they like.
  if (what.startsWith('score') && allowed > 0 && worst < 1e-14) return 'below 1e-14'
  // Where draws differ, so do answers: in percent.
  if (allowed > 0.02) return `${(100 * worst).toFixed(1)} %`
  if (worst === 0) return allowed === 0 ? 'the same' : '0'
  return `below ${Number(`1e${Math.floor(Math.log10(worst)) + 1}`).toExponential(0)}`
}

function page(): string {
  const rows = Array.from(lines.values(), (line) => {
    const sets = Array.from(line.data, (name) => name.replace(/\.csv(\.gz)?$/, '')).join(', ')
    return `| ${line.what} | ${line.beside} | ${sets} | ${line.figures} | ${inWords(line)} | ${line.note} |`
  })
  return `# nigh beside other packages

Made by \`GOLDEN_PAGE=write npx vitest run tools/golden-page\` from the figures that stand, with their provenance, in \`packages/nigh/fixtures\` (the scripts that recorded them are in \`tools/fixtures\`); the same run, without writing, is one of the tests.

Each line takes all recorded figures of one kind, over all data sets that they were recorded for, and gives the worst relative difference (to the recorded figure, or to 0.001 where that is larger). Labels and classes are compared one by one. Where rows at equal distance, or draws, leave a package's own answer to chance, that figure is left out.

| what | beside | data | figures | worst difference | |
| --- | --- | --- | --- | --- | --- |
${rows.join('\n')}

Not here, since nobody else has the same: ${Object.entries(ALONE)
    .map(([name, why]) => `\`${name}\` (${why})`)
    .join(', ')}. All else that \`nigh\` exports as a metric or estimator has a line: a test holds that.
`
}

test('every recorded figure is met, and docs/golden.md says how nearly', () => {
  for (const part of parts) part()
  const far = Array.from(lines.values()).filter((line) => line.figures === 0 || !(line.worst <= line.allowed))
  expect(far).toEqual([])
  const path = join(fileURLToPath(new URL('..', import.meta.url)), 'docs/golden.md')
  if (process.env.GOLDEN_PAGE === 'write') writeFileSync(path, page())
  expect(existsSync(path) && readFileSync(path, 'utf8')).toBe(page())
}, 240_000)

test('every metric and estimator has a line', () => {
  const words = new Set(Array.from(lines.values()).flatMap(({ what }) => what.split(/[^A-Za-z0-9]+/)))
  const exported = Object.keys(nigh).map((name) => name.replace(/Sync$/, ''))
  const without = exported.filter((name) => !words.has(name) && !PLAIN.includes(name) && !(name in ALONE))
  expect(without).toEqual([])
  // Nothing stands among the exceptions that is not exported, or has a line after all.
  expect(
    [...PLAIN, ...Object.keys(ALONE)].filter((name) => !exported.includes(name) || words.has(name)),
  ).toEqual([])
  const metrics: readonly nigh.MetricName[] = [
    ...(['euclidean', 'sqeuclidean', 'manhattan', 'chebyshev', 'minkowski'] as const),
    ...(['cosine', 'hamming', 'haversine', 'precomputed', 'gower'] as const),
  ]
  expect(metrics.filter((name) => !words.has(name))).toEqual([])
})
