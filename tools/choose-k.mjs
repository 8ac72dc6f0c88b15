// Runs chooseK on data whose number of clusters is known, and writes what came of it to docs/choosing-k.md.
// Usage: node tools/choose-k.mjs [--check]    (--check: fails where the page says something else; takes minutes)
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { chooseKSync } from '../packages/nigh/dist/index.js'
import { shapes } from './choose-k/shapes.mjs'
import { root } from './report.mjs'

const seeds = [11, 12, 13]
const page = join(root, 'docs/choosing-k.md')
const short = { clear: 'clear', weak: 'weak', 'no clear clusters': 'none' }
const lines = []
let right = 0
let wrongAndClear = 0
for (const { name, expect, rows, to } of shapes) {
  const cells = seeds.map((seed) => {
    const { k, verdict } = chooseKSync(rows(seed), to === undefined ? {} : { to })
    const good = expect.includes(k)
    if (good) right++
    else if (verdict === 'clear') wrongAndClear++
    return `${good ? '' : '✗ '}${k}, ${short[verdict]}`
  })
  lines.push(`| ${name} | ${expect.map((k) => (k === 1 ? 'none' : k)).join(' or ')} | ${cells.join(' | ')} |`)
  process.stderr.write(`${lines.at(-1)}\n`)
}
const total = shapes.length * seeds.length
const text = `# How well chooseK chooses

Made by \`node tools/choose-k.mjs\`, with the default options. Each line is a kind of data, made from three seeds that played no part in setting the rules: how many clusters there are, then the k recommended and the verdict: *clear*, *weak* (a defensible k, not the only one) or *none* (no clear clusters, so k = 1). Clusters are round, of standard deviation 1 and 300 rows in all, unless it says otherwise.

**${right} of ${total}** are right; of the others, ${wrongAndClear === 0 ? 'none' : wrongAndClear} ${wrongAndClear === 1 ? 'is' : 'are'} called clear.

| data | clusters | seed ${seeds.join(' | seed ')} |
| --- | --- | ${seeds.map(() => '---').join(' | ')} |
${lines.join('\n')}

Two clusters that overlap may be called one. Long, bent or ringed groups are not what K-Means looks for: there the answer should be "no clear clusters", since wherever K-Means cuts them, another half of the rows would be cut elsewhere.
`
if (process.argv.includes('--check')) {
  if (readFileSync(page, 'utf8') !== text) {
    console.error('docs/choosing-k.md does not say what chooseK does now: run node tools/choose-k.mjs')
    process.exit(1)
  }
} else writeFileSync(page, text)
