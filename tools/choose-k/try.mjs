import { chooseKSync } from '../../packages/nigh/dist/choose/choose-k.js'
import { shapes } from './shapes.mjs'
const pick = process.argv[2] ? new RegExp(process.argv[2]) : /./
const seeds = Number(process.argv[3] ?? 4)
let right = 0,
  all = 0,
  t0 = performance.now()
for (const { name, expect, rows, to } of shapes) {
  if (!pick.test(name)) continue
  const out = []
  for (let seed = 1; seed <= seeds; seed++) {
    const found = chooseKSync(rows(seed), { ...(to ? { to } : {}) })
    const ok = expect.includes(found.k)
    all++
    if (ok) right++
    out.push(
      `${found.k}${{ clear: '!', weak: '?', 'no clear clusters': '-' }[found.verdict]}${ok ? '' : 'X'}[${found.criteria.map((c) => c.k ?? '·').join(' ')}]`,
    )
  }
  console.log(name.padEnd(56), out.join('  '))
}
console.log(right, 'of', all, Math.round(performance.now() - t0), 'ms')
