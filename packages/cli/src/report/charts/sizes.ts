import { brief, percent, plural, whole } from '../../show/numbers.ts'
import { axisName } from '../draw.ts'
import type { Pen } from '../draw.ts'
import { titled } from '../figure.ts'
import type { Figure } from '../figure.ts'
import { lookOf } from '../palette.ts'
import { quantileOf } from '../sample.ts'
import { short } from './ticks.ts'

/** How many rows each cluster has, and how many it may have. */
export function sizesFigure(
  pen: Pen,
  counts: readonly number[],
  { least, most }: { readonly least: number | undefined; readonly most: number | undefined },
): Figure {
  const limits = [
    ...(least === undefined ? [] : [{ at: least, name: 'fewest' }]),
    ...(most === undefined ? [] : [{ at: most, name: 'most' }]),
  ]
  const bars = counts.map((count, c) => ({ c, count, ...lookOf(c) }))
  const full = counts.filter((count) => count === most).length
  const scarce = counts.filter((count) => count === least).length
  const says =
    `The rows of each cluster${limits.length === 0 ? '' : `; lines mark the sizes that were allowed`}. ` +
    `The smallest has ${whole(Math.min(...counts))}, the largest ${whole(Math.max(...counts))}.` +
    (full > 0 ? ` ${plural(full, 'cluster')} ${full === 1 ? 'is' : 'are'} as large as allowed.` : '') +
    (scarce > 0 ? ` ${plural(scarce, 'cluster')} ${scarce === 1 ? 'is' : 'are'} as small as allowed.` : '')
  const svg = pen.draw({
    title: 'Sizes of the clusters',
    description: says,
    height: 90 + counts.length * 22,
    marginLeft: 40,
    marginRight: 50,
    marginTop: 26,
    marginBottom: 38,
    x: { label: 'rows', grid: true, tickFormat: short, domain: [0, Math.max(...counts, most ?? 0)] },
    y: { type: 'band', domain: counts.map((_, c) => c), label: null, tickSize: 0, padding: 0.25 },
    marks: [
      pen.plot.barX(bars, {
        x: 'count',
        y: 'c',
        fill: { value: 'color', scale: null },
        fillOpacity: 0.75,
      }),
      pen.plot.ruleX(limits, { x: 'at', stroke: 'var(--ink)', strokeDasharray: '5,4' }),
      pen.plot.text(limits, { x: 'at', text: 'name', frameAnchor: 'top', dy: -14 }),
      pen.plot.ruleX([0], { stroke: 'var(--muted)' }),
    ],
  })
  const total = counts.reduce((sum, count) => sum + count, 0)
  return {
    name: 'sizes',
    title: 'Sizes of the clusters',
    says,
    svg,
    table: {
      columns: titled('cluster', '#rows', '#share'),
      rows: counts.map((count, c) => [String(c), whole(count), percent(count / total)]),
    },
  }
}

/** Single numbers as bars, and where clusters of them end. */
export function lineFigure(
  pen: Pen,
  values: Float64Array,
  labels: Uint32Array,
  breaks: Float64Array,
  column: string,
  rest: string,
): Figure {
  const sorted = Float64Array.from(values).sort()
  const [low, high] = [sorted[0], sorted[sorted.length - 1]]
  const bins = 72
  const line = lineOf(sorted)
  const [start, end] = [line.place(low), line.place(high)]
  const width = (end - start) / bins || 1
  const edge = (at: number): number => line.value(start + at * width)
  const k = breaks.length + 1
  const counts = Array.from({ length: bins }, () => new Uint32Array(k))
  for (let i = 0; i < values.length; i++) {
    const bin = Math.floor((line.place(values[i]) - start) / width)
    counts[Math.min(bins - 1, Math.max(0, bin))][labels[i]]++
  }
  const bars = counts.flatMap((own, at) => {
    let base = 0
    return Array.from(own, (count, c) => {
      const bar = {
        from: edge(at),
        to: edge(at + 1),
        base,
        top: base + count,
        ...lookOf(c),
      }
      base += count
      return bar
    }).filter(({ base: bottom, top }) => top > bottom)
  })
  const groups = Array.from({ length: k }, (): number[] => [])
  labels.forEach((label, i) => groups[label].push(values[i]))
  const says =
    `How many rows have which ${column}; colours are the clusters${breaks.length === 0 ? '' : ', and lines stand where they end'}. ` +
    `No other ${plural(breaks.length, 'break')} would leave less spread inside the clusters.` +
    (line.scale === null ? '' : ' The line is drawn together towards its end, where rows are few.') +
    rest
  const svg = pen.draw({
    title: `Clusters of ${column}`,
    description: says,
    height: 340,
    marginLeft: 60,
    marginBottom: 40,
    marginTop: 24,
    x: { label: axisName(column, 60), grid: true, tickFormat: short, ...line.scale },
    y: { label: 'rows', grid: true, tickFormat: short },
    legend: k > 24 ? [] : Array.from({ length: k }, (_, c) => ({ label: `cluster ${c}`, ...lookOf(c) })),
    marks: [
      pen.plot.rect(bars, {
        x1: 'from',
        x2: 'to',
        y1: 'base',
        y2: 'top',
        inset: 0.4,
        fill: { value: 'color', scale: null },
        fillOpacity: 0.8,
      }),
      pen.plot.ruleX(Array.from(breaks), { stroke: 'var(--ink)', strokeDasharray: '5,4' }),
      pen.plot.ruleY([0], { stroke: 'var(--muted)' }),
    ],
  })
  return {
    name: 'scatter',
    title: `Clusters of ${column}`,
    says,
    svg,
    tableTitle: 'Where each cluster lies',
    table: {
      columns: titled('cluster', '#rows', '#from', '#to', '#mean'),
      rows: groups.map((own, c) => {
        const ends = Float64Array.from(own).sort()
        return [
          String(c),
          whole(own.length),
          ...(own.length === 0
            ? ['', '', '']
            : [
                brief(ends[0]),
                brief(ends[ends.length - 1]),
                brief(own.reduce((sum, value) => sum + value, 0) / own.length),
              ]),
        ]
      }),
    },
  }
}

/** How numbers stand on a line: evenly, or where few are very large, nearer to each other the larger they are. */
function lineOf(sorted: Float64Array): {
  readonly place: (value: number) => number
  readonly value: (place: number) => number
  readonly scale: { readonly type: 'symlog'; readonly constant: number; readonly ticks: number[] } | null
} {
  const [low, high] = [sorted[0], sorted[sorted.length - 1]]
  const middle = quantileOf(sorted, 0.5)
  if (low < 0 || !(middle > 0) || high < 20 * middle) {
    return { place: (value) => value, value: (place) => place, scale: null }
  }
  const ticks: number[] = low === 0 ? [0] : []
  for (let power = Math.floor(Math.log10(middle / 4)); 10 ** power <= high; power++) {
    for (const step of [1, 3]) {
      const tick = step * 10 ** power
      if (tick >= low && tick <= high) ticks.push(tick)
    }
  }
  return {
    place: (value) => Math.log1p(value / middle),
    value: (place) => Math.expm1(place) * middle,
    scale: { type: 'symlog', constant: middle, ticks },
  }
}
