// Social-media trends over time: which topics does an account write about, and which rise and fall with the years?
// K-Means groups the posts by their words alone; the dates are looked at only afterwards.

import { KMeans } from 'nigh'
import { print, read } from '../read.mjs'
import { semantic, telling, tfidf } from './words.mjs'

// The writer's words of judgement count like all others, but are not printed: the topics are the matter here.
const JUDGEMENT =
  /^(total|bad|boring|crooked|dishonest|disaster|dopey|dummy|failing|fake|hater|incompetent|lightweight|loser|phony|rigged|stupid|terrible|weak)/

const posts = read('dated-tweets.csv.gz').filter(({ date }) => date >= '2011') // 61 posts before 2011 are too few
const { terms, rows } = tfidf(
  posts.map((post) => String(post.words).replace(/\bcont\b/g, '')),
  { least: 20, most: 900 },
)
const spoken = rows.flatMap((row, i) => (row.length >= 2 ? [i] : [])) // posts with two common words or more
const points = semantic(
  spoken.map((i) => rows[i]),
  terms.length,
  { dimensions: 60 },
)
const model = await KMeans.fit(points, { k: 24, nInit: 5 })

const quarters = spoken.map((i) => quarter(posts[i].date))
const years = [...new Set(quarters.map((q) => q.slice(0, 4)))].sort()
const spans = years.flatMap((year) => [1, 2, 3, 4].map((q) => `${year}Q${q}`))
const total = count(quarters)

const perYear = years.map((year) => `${year}: ${sum(total, year)}`).join(', ')
console.log(
  `${spoken.length} of ${posts.length} posts, ${terms.length} words; shares of a year's posts in percent; the line: quarters\nposts a year: ${perYear}\n`,
)

const topics = Array.from({ length: model.k }, (_, cluster) => {
  const members = spoken.filter((_, p) => model.labels[p] === cluster)
  const own = count(quarters.filter((_, p) => model.labels[p] === cluster))
  const words = telling(terms, rows, { members, among: spoken, count: 4, silent: JUDGEMENT })
  // All points have length 1: the shorter the centre, the less its points have in common.
  const loose = Math.hypot(...model.centroids.row(cluster)) < 0.4
  const shares = years.map((year) => (100 * sum(own, year)) / sum(total, year))
  return {
    words: loose ? '(posts with little in common)' : words.join(' '),
    loose,
    size: members.length,
    shares,
    line: sparkline(spans.map((span) => sum(own, span) / (sum(total, span) || 1))),
    trend: slope(shares),
  }
}).sort((a, b) => a.loose - b.loose || b.trend - a.trend)

print(
  [
    'posts',
    ...years,
    'points a year',
    'quarter by quarter'.padEnd(spans.length),
    'words that set the topic apart',
  ],
  topics.map(({ size, shares, trend, line, words }) => [
    size,
    ...shares.map((share) => Number(share.toFixed(1))),
    Number(trend.toFixed(2)),
    line,
    words,
  ]),
)

const most = (topic) => Math.max(...topic.shares)
const tell = (topic, middle = '') =>
  `${topic.words}: ${topic.shares[0].toFixed(1)} % in ${years[0]}, ${middle}${topic.shares.at(-1).toFixed(1)} % in ${years.at(-1)}`
const peak = (topic) => `${most(topic).toFixed(1)} % in ${years[topic.shares.indexOf(most(topic))]}, `

// A topic has passed if its best year has three times the share of the first and of the last year.
const passed = topics.filter((topic) => most(topic) >= 3 * Math.max(topic.shares[0], topic.shares.at(-1)))
const lasting = topics.filter((topic) => !topic.loose && !passed.includes(topic))
console.log(`\nRises most  ${tell(lasting[0])}`)
console.log(`Falls most  ${tell(lasting.at(-1))}`)
for (const topic of passed.sort((a, b) => most(b) - most(a)).slice(0, 4)) {
  console.log(`Passes      ${tell(topic, peak(topic))}`)
}

function quarter(date) {
  return `${date.slice(0, 4)}Q${Math.ceil(Number(date.slice(5, 7)) / 3)}`
}

function count(items) {
  const counts = new Map()
  for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1)
  return counts
}

/** The counts of a quarter, or of a year's quarters. */
function sum(counts, span) {
  return [...counts].reduce((all, [quarter, n]) => all + (quarter.startsWith(span) ? n : 0), 0)
}

/** The slope of the least-squares line through values one step apart. */
function slope(values) {
  const middle = (values.length - 1) / 2
  const rise = values.reduce((all, value, i) => all + (i - middle) * value, 0)
  return rise / values.reduce((all, _, i) => all + (i - middle) ** 2, 0)
}

/** One block a value, from nothing to the largest. */
function sparkline(values) {
  const most = Math.max(...values)
  return values.map((value) => '▁▂▃▄▅▆▇█'[Math.round((7 * value) / most)]).join('')
}
