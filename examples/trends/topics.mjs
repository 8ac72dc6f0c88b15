// Social-media trends: what are 4,200 tweets about, and how do people feel about it?
// K-Means finds the topics from the words alone; KNN then guesses a tweet's rating from the tweets most like it.

import { KMeans, KNNRegressor } from 'nigh'
import { print, read } from '../read.mjs'
import { semantic, telling, tfidf } from './words.mjs'

const tweets = read('tweets.csv').map((tweet) => ({ ...tweet, text: String(tweet.text) }))
const { terms, rows } = tfidf(
  tweets.map((tweet) => tweet.text),
  { least: 8, most: 400 },
)
const spoken = rows.flatMap((row, i) => (row.length >= 2 ? [i] : [])) // tweets with two common words or more
const points = semantic(
  spoken.map((i) => rows[i]),
  terms.length,
  { dimensions: 40 },
)
console.log(
  `${spoken.length} of ${tweets.length} tweets, ${terms.length} words, ${points[0].length} directions\n`,
)

const model = await KMeans.fit(points, { k: 25, nInit: 5 })

const topics = Array.from({ length: model.k }, (_, cluster) => {
  const members = spoken.filter((_, p) => model.labels[p] === cluster)
  const mean = members.reduce((sum, i) => sum + tweets[i].rating, 0) / members.length
  return [
    members.length,
    Number(mean.toFixed(2)),
    telling(terms, rows, { members, among: spoken, count: 6 }).join(' '),
  ]
}).sort((a, b) => b[1] - a[1])
print(['tweets', 'mean rating', 'words that set the topic apart'], topics)

// Every fourth tweet is held out; its rating is guessed from its nearest tweets.
const held = (p) => p % 4 === 0
const ratings = spoken.map((i) => tweets[i].rating)
const knn = await KNNRegressor.fit(
  points.filter((_, p) => !held(p)),
  ratings.filter((_, p) => !held(p)),
  { k: 15, weights: 'distance', metric: 'cosine' },
)
const guessed = await knn.predict(points.filter((_, p) => held(p)))
const truth = ratings.filter((_, p) => held(p))
const mean = truth.reduce((sum, x) => sum + x, 0) / truth.length
const residual = truth.reduce((sum, x, i) => sum + (x - guessed[i]) ** 2, 0)
const spread = truth.reduce((sum, x) => sum + (x - mean) ** 2, 0)
const sign = truth.filter((x, i) => x > 0 === guessed[i] > 0).length / truth.length
console.log(
  `\nHeld out: R² ${(1 - residual / spread).toFixed(3)}, the right side of zero for ${Math.round(100 * sign)} %.`,
)
