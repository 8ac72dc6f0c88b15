// The chart of docs/benchmarks.svg: one row a case, one mark a peer, at its time ÷ nigh's on a logarithmic axis.
// Written by hand as text: no dependency, and a diff of it can be read.

/** @typedef {import('./types.d.ts').Results} Results */

const rowHeight = 18
const left = 250
const right = 30
const width = 860
/** Wong 2011 (Nature Methods 8, 441): told apart by the colour-blind, on white and on black. */
const colours = ['#0072b2', '#e69f00', '#009e73', '#cc79a7', '#d55e00', '#56b4e9', '#999999']
const shapes = ['circle', 'square', 'diamond', 'triangle']

/** @param {string} text */
const escaped = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')

/** @param {string} shape @param {number} x @param {number} y @param {string} colour */
function mark(shape, x, y, colour) {
  const at = (/** @type {number} */ value) => value.toFixed(1)
  if (shape === 'circle') return `<circle cx="${at(x)}" cy="${at(y)}" r="4.5" fill="${colour}"/>`
  if (shape === 'square')
    return `<rect x="${at(x - 4)}" y="${at(y - 4)}" width="8" height="8" fill="${colour}"/>`
  const top =
    shape === 'diamond'
      ? `${at(x)},${at(y - 5.5)} ${at(x + 5.5)},${at(y)} ${at(x)},${at(y + 5.5)} ${at(x - 5.5)},${at(y)}`
      : `${at(x)},${at(y - 5)} ${at(x + 5)},${at(y + 4)} ${at(x - 5)},${at(y + 4)}`
  return `<polygon points="${top}" fill="${colour}"/>`
}

/** @param {Results} results */
export function chartOf({ suites, machine, date }) {
  const shown = Object.entries(suites).filter(([key]) => !key.startsWith('scaling'))
  const ratios = shown.flatMap(([, { cases }]) =>
    cases.flatMap(({ peers }) =>
      Object.values(peers).flatMap(({ ratio }) => (ratio === undefined ? [] : [ratio.median])),
    ),
  )
  const low = Math.min(-0.3, Math.floor(Math.log10(Math.min(1, ...ratios)) * 2) / 2)
  const high = Math.max(1, Math.ceil(Math.log10(Math.max(1, ...ratios)) * 2) / 2)
  const xOf = (/** @type {number} */ ratio) =>
    left + ((Math.log10(ratio) - low) / (high - low)) * (width - left - right)
  const names = [
    ...new Set(shown.flatMap(([, { cases }]) => cases.flatMap(({ peers }) => Object.keys(peers)))),
  ].filter((name) => name !== 'nigh')
  const styleOf = (/** @type {string} */ name) => {
    const i = names.indexOf(name)
    return { shape: shapes[i % shapes.length], colour: colours[i % colours.length] }
  }
  const parts = []
  let y = 74
  const first = y
  for (const [key, { cases }] of shown) {
    parts.push(`<text x="12" y="${y + 4}" font-weight="bold">${escaped(key)}</text>`)
    y += rowHeight
    for (const { name, peers } of cases) {
      parts.push(`<text x="${left - 10}" y="${y + 4}" text-anchor="end">${escaped(name)}</text>`)
      parts.push(`<line x1="${left}" y1="${y}" x2="${width - right}" y2="${y}" class="row"/>`)
      for (const [peer, { ratio }] of Object.entries(peers)) {
        if (ratio === undefined) continue
        const { shape, colour } = styleOf(peer)
        const span = `<line x1="${xOf(ratio.q1).toFixed(1)}" y1="${y}" x2="${xOf(ratio.q3).toFixed(1)}" y2="${y}" stroke="${colour}" stroke-width="2"/>`
        parts.push(
          `<g><title>${escaped(`${key}, ${name}: ${peer} takes ${ratio.median.toPrecision(3)} times as long as nigh`)}</title>${span}${mark(shape, xOf(ratio.median), y, colour)}</g>`,
        )
      }
      y += rowHeight
    }
  }
  const axis = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 1000, 10000].filter(
    (tick) => Math.log10(tick) >= low && Math.log10(tick) <= high,
  )
  const ticks = axis.map(
    (tick) =>
      `<line x1="${xOf(tick).toFixed(1)}" y1="${first - 8}" x2="${xOf(tick).toFixed(1)}" y2="${y - 8}" class="${tick === 1 ? 'one' : 'tick'}"/><text x="${xOf(tick).toFixed(1)}" y="${first - 14}" text-anchor="middle">${tick} ×</text>`,
  )
  let x = 12
  const legend = names.map((name) => {
    const { shape, colour } = styleOf(name)
    const text = `${mark(shape, x + 5, 40, colour)}<text x="${x + 14}" y="44">${escaped(name)}</text>`
    x += 26 + name.length * 6.6
    return text
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${y}" font-family="system-ui, sans-serif" font-size="12" role="img" aria-label="Time of each library divided by nigh’s, by case">
<style>svg { background: #fff } .row { stroke: #eee } .tick { stroke: #ddd } .one { stroke: #333; stroke-width: 1.5 } text { fill: #222 }</style>
<text x="12" y="20" font-size="14">Peer’s time ÷ nigh’s (right of 1 ×, nigh is faster): ${escaped(machine.cpu)}, Node ${machine.node.slice(1)}, ${date.slice(0, 10)}</text>
${[...legend, ...ticks, ...parts].join('\n')}
</svg>
`
}
