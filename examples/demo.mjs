// `npm run demo`: K-Means and K-nearest neighbours on real data, and what the difference is.
// Needs no network, and prints the same every time.

import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { accuracy, confusion, KMeans, KNNClassifier, profileClusters, Table, trainTestSplit } from 'nigh'
import { read } from './read.mjs'

const colour = process.stdout.isTTY === true && !process.env.NO_COLOR && process.env.TERM !== 'dumb'
const strong = (text) => (colour ? `\x1b[1m${text}\x1b[22m` : text)
const faint = (text) => (colour ? `\x1b[2m${text}\x1b[22m` : text)
const whole = (x) => Math.round(x).toLocaleString('en-US')
const percent = (x) => `${Math.round(100 * x)} %`

function heading(text) {
  console.log(`\n${strong(text)}\n${faint('─'.repeat(text.length))}\n`)
}

/** Prints cells under their headings: text to the left, all else to the right. */
function grid(header, rows) {
  const cells = [header, ...rows]
  const widths = header.map((_, j) => Math.max(...cells.map((row) => row[j].length)))
  const left = header.map((_, j) => rows.every((row) => !/^[$\d]/.test(row[j]) && row[j] !== '·'))
  const lines = cells.map((row) =>
    `  ${row.map((cell, j) => (left[j] ? cell.padEnd(widths[j]) : cell.padStart(widths[j]))).join('  ')}`.trimEnd(),
  )
  console.log(`${faint(lines[0])}\n${lines.slice(1).join('\n')}\n`)
}

/** The rows whose numbers are in a list. */
const pick = (list, rows) => Array.from(rows, (row) => list[row])

console.log(`${strong('nigh: two questions, two methods, real data')}

  K-Means finds groups that nobody has named.     (unsupervised)
  K-nearest neighbours learns from named rows.    (supervised)`)

// ── K-Means ─────────────────────────────────────────────────────────────────────────────────────────────────────────

heading('1. K-Means: which kinds of customers does a shop have?')

const customers = read('cdnow-customers.csv')
console.log(`Reading ${whole(customers.length)} customers of CDNOW, a music shop: the days since their last
purchase, the number of purchases and the dollars spent. Clustering them, k = 5,
on logarithms: 10 purchases differ from 1 as 100 differ from 10.
`)

const logarithms = (rows) =>
  Table.fromRows(
    rows.map(({ recency_days, frequency, value }) => ({
      recency_days: Math.log1p(recency_days),
      frequency: Math.log1p(frequency),
      value: Math.log1p(value),
    })),
  )
const table = logarithms(customers)
const clusters = await KMeans.fit(table, { k: 5, nInit: 5 })

// Centroids are on the encoder's scale: back to logarithms, back to days, purchases and dollars.
const centres = clusters.encoder.decode(clusters.centroids)
const centre = (name, c) => Math.expm1(centres.column(name).values[c])

const words = {
  recency_days: ['bought lately', 'has not been for long'],
  frequency: ['buys rarely', 'buys often'],
  value: ['spends little', 'spends much'],
}
const strongly = {
  recency_days: ['bought very lately', 'has not been for very long'],
  frequency: ['buys very rarely', 'buys very often'],
  value: ['spends very little', 'spends very much'],
}
// In standard deviations.
const described = ({ name, effect }) => (Math.abs(effect) < 1.5 ? words : strongly)[name][effect > 0 ? 1 : 0]
const profiles = profileClusters(table, clusters.labels, { encoder: clusters.encoder }).clusters
const revenue = new Float64Array(clusters.k)
customers.forEach(({ value }, row) => {
  revenue[clusters.labels[row]] += value
})
const total = revenue.reduce((sum, value) => sum + value, 0)
const ranked = profiles.map((_, c) => c).sort((a, b) => centre('value', b) - centre('value', a))

grid(
  ['cluster', 'customers', 'share', 'of revenue', 'last purchase', 'purchases', 'spent'],
  ranked.map((c) => [
    String(c),
    whole(clusters.counts[c]),
    percent(profiles[c].share),
    percent(revenue[c] / total),
    `${whole(centre('recency_days', c))} days ago`,
    centre('frequency', c).toFixed(1),
    `$${whole(centre('value', c))}`,
  ]),
)
console.log('What sets each apart from all others, the most telling first:\n')
for (const c of ranked) {
  const telling = profiles[c].contrasts.filter(({ effect }) => Math.abs(effect) >= 0.5)
  console.log(`  ${c}  ${telling.map(described).join(', ')}`)
}
const [best] = ranked
console.log(`
${percent(profiles[best].share)} of the customers bring ${percent(revenue[best] / total)} of the revenue. Nobody told K-Means so: it only
moved ${clusters.k} centres until each was the mean of its customers (${clusters.iterations} rounds).
`)

const newcomer = { recency_days: 20, frequency: 6, value: 180 }
const [home] = await clusters.predict(logarithms([newcomer]))
console.log(`A new customer (last purchase ${newcomer.recency_days} days ago, ${newcomer.frequency} purchases, $${newcomer.value}) goes to the
nearest centre: cluster ${home}.
`)

const backwards = await KMeans.fit(logarithms([...customers].reverse()), { k: 5, nInit: 5, threads: 1 })
const same =
  backwards.inertia === clusters.inertia &&
  backwards.centroids.values.every((x, i) => Object.is(x, clusters.centroids.values[i])) &&
  backwards.labels.every((label, row) => label === clusters.labels[customers.length - 1 - row])
console.log(
  `Again, the rows in reverse order, on one thread: ${same ? 'the same, to the last bit' : 'ANOTHER RESULT'}.`,
)

// ── KNN, classes ────────────────────────────────────────────────────────────────────────────────────────────────────

heading('2. K-nearest neighbours, a class: which species is this penguin?')

const measures = ['bill_length_mm', 'bill_depth_mm', 'flipper_length_mm', 'body_mass_g']
const penguins = read('penguins.csv').filter((penguin) => penguin[measures[0]] !== null)
const species = penguins.map((penguin) => penguin.species)
const measured = (rows) =>
  Table.fromRows(rows.map((penguin) => Object.fromEntries(measures.map((name) => [name, penguin[name]]))))
const { train, test } = trainTestSplit(penguins.length, { testSize: 0.25, stratify: species })
console.log(`${penguins.length} penguins of three species: bill, flipper and weight. ${train.length} of them, with
their species, are kept; the other ${test.length} are held out, their species hidden. Each
gets the species of most of its 5 nearest neighbours.
`)

const knn = await KNNClassifier.fit(measured(pick(penguins, train)), pick(species, train), { k: 5 })
const held = measured(pick(penguins, test))
const truth = pick(species, test)
const answers = await knn.predict(held)
const { labels, matrix } = confusion(truth, answers)
grid(
  ['true species', ...labels.map((label) => `said ${label}`)],
  labels.map((label, i) => [
    label,
    ...labels.map((_, j) => {
      const count = matrix[i][j]
      return count === 0 ? '·' : String(count)
    }),
  ]),
)
const known = pick(species, train)
const common = knn.classes.reduce((a, b) =>
  known.filter((one) => one === b).length > known.filter((one) => one === a).length ? b : a,
)
const right = accuracy(truth, answers)
const guess = accuracy(
  truth,
  truth.map(() => common),
)
console.log(`Right: ${(100 * right).toFixed(1)} %. Always saying "${common}" would be right in ${(100 * guess).toFixed(1)} %.
`)

const wrong = answers.findIndex((answer, i) => answer !== truth[i])
const shown = wrong < 0 ? 0 : wrong
const { prediction, neighbors } = (await knn.explain(held))[shown]
const votes = knn.classes.map((one) => [one, neighbors.filter(({ target }) => target === one).length])
const tally = votes.filter(([, count]) => count > 0).sort((a, b) => b[1] - a[1])
console.log(`Every answer can say why. Number ${shown} of those held out is ${truth[shown]}; nigh says
${prediction}, for of its 5 nearest neighbours ${tally.map(([one, count]) => `${count} are ${one}`).join(' and ')}.`)

// ── KNN, numbers ────────────────────────────────────────────────────────────────────────────────────────────────────

heading('3. K-nearest neighbours, a number: what does a diamond cost?')

const command = ['knn', 'examples/data/diamonds.parquet', '--target', 'price', '--weights', 'distance']
console.log(`The same from a shell, on 53,940 diamonds; a quarter of them is held out, and
each gets the mean price of its 5 nearest, the nearer ones counting more:

  npx nigh ${command.join(' ')}
`)
const root = fileURLToPath(new URL('..', import.meta.url))
const printed = execFileSync(process.execPath, ['packages/cli/bin/nigh.js', ...command, '--json'], {
  cwd: root,
  encoding: 'utf8',
})
const { evaluation } = JSON.parse(printed)
const { baseline } = evaluation
// R² of a mean is 0 but for the rows that happened to be held out.
const share = (x) => (Math.abs(x) < 5e-4 ? 0 : x).toFixed(3)
grid(
  ['', 'nigh', 'always the mean', ''],
  [
    ['R²', share(evaluation.r2), share(baseline.r2), 'share of the differences in price explained'],
    ['RMSE', `$${whole(evaluation.rmse)}`, `$${whole(baseline.rmse)}`, 'error; large ones weigh more'],
    ['MAE', `$${whole(evaluation.mae)}`, `$${whole(baseline.mae)}`, 'mean error'],
  ],
)

heading('The difference')

console.log(`               K-Means                        K-nearest neighbours
  you give     rows                           rows and their answers
  K is         the number of clusters         the number of neighbours asked
  it learns    K centres                      nothing: it keeps the rows
  a new row    joins the nearest centre       takes the vote, or mean, of the
                                              K nearest rows

Next
  npx nigh kmeans examples/data/cdnow-customers.csv --k 5
  npx nigh --help          the command, on files of your own
  README.md                the library in ten lines; docs/api.md has all of it
  docs/learn.md            both methods by hand, on six points
  examples/README.md       more: populations, tweets, anomalies, places`)
