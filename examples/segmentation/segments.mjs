// Market segmentation: which kinds of customers does a shop have, and who brings the money?
// Recency, frequency and value of 23,570 CDNOW customers, on logarithmic scales, in five clusters.

import { KMeans } from 'nigh'
import { print, read, standardized } from '../read.mjs'

const customers = read('cdnow-customers.csv')

// A customer who bought ten times differs from one who bought once as 100 times from 10: hence logarithms.
const points = standardized(
  customers.map((c) => [Math.log1p(c.recency_days), Math.log1p(c.frequency), Math.log1p(c.value)]),
)
const model = await KMeans.fit(points, { k: 5, nInit: 5 })

const median = (values) => values.sort((a, b) => a - b)[values.length >> 1]
const total = customers.reduce((sum, c) => sum + c.value, 0)
const segments = Array.from({ length: model.k }, (_, cluster) => {
  const members = customers.filter((_, i) => model.labels[i] === cluster)
  const value = members.reduce((sum, c) => sum + c.value, 0)
  return [
    members.length,
    Math.round((100 * members.length) / customers.length),
    Math.round((100 * value) / total),
    median(members.map((c) => c.recency_days)),
    median(members.map((c) => c.frequency)),
    Math.round(median(members.map((c) => c.value))),
  ]
}).sort((a, b) => b[5] - a[5])

print(['customers', '% of customers', '% of revenue', 'days since last', 'purchases', 'dollars'], segments)
const [first] = segments
console.log(`\nThe best ${first[1]} % of the customers bring ${first[2]} % of the revenue.`)
