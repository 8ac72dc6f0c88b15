import { aligned, whole } from '../../show/numbers.ts'
import { featureTexts, mostTelling } from '../../show/profile.ts'
import type { Profile } from '../../show/profile.ts'
import { axisName, marginFor } from '../draw.ts'
import type { Pen } from '../draw.ts'
import { titled } from '../figure.ts'
import type { Figure } from '../figure.ts'
import { high, lookOf, low } from '../palette.ts'
import { quantileOf } from '../sample.ts'
import { short, signed } from './ticks.ts'

/** Heat maps and small multiples show at most so many columns, the most telling. */
const MOST_ROWS = 32
const MOST_PANELS = 12

/** How far each cluster's centre lies from the other rows, column by column. */
export function heatFigure(pen: Pen, profile: Profile): Figure {
  const { features, centres, types, traits } = profile
  const shown = mostTelling(traits, features.length, MOST_ROWS)
  const difference = (c: number, j: number): number =>
    traits[c].find(({ feature }) => feature === j)?.difference ?? 0
  const cells = shown.flatMap((j) => centres.map((_, c) => ({ c, j, value: difference(c, j) })))
  // From three standard deviations on, a cell is as strong as it gets: one stranger must not pale all others.
  const most = Math.min(
    3,
    cells.reduce((largest, { value }) => Math.max(largest, Math.abs(value)), 0.5),
  )
  const names = labelsOf(features, shown)
  const strongest = cells.reduce((best, cell) => (Math.abs(cell.value) > Math.abs(best.value) ? cell : best))
  const hidden = features.length - shown.length
  const says =
    `Each cell says how many standard deviations a cluster’s mean lies above (+) or below (−) that of all other rows. ` +
    `The strongest: cluster ${strongest.c} and ${features[strongest.j]}, ${signed(strongest.value)}.` +
    (hidden > 0 ? ` The ${shown.length} most telling of ${features.length} columns are shown.` : '')
  const k = centres.length
  const wide = Math.min(90, Math.max(24, 560 / k))
  const left = marginFor(names)
  const withText = wide >= 36
  const domain = centres.map((_, c) => c)
  const svg = pen.draw({
    title: 'Profiles of the clusters',
    description: says,
    width: Math.max(360, left + wide * k + 20),
    height: 50 + shown.length * 24,
    marginLeft: left,
    marginRight: 8,
    marginTop: 36,
    marginBottom: 6,
    x: { type: 'band', domain, label: 'cluster', axis: 'top', tickSize: 0, padding: 0.04 },
    y: {
      type: 'band',
      domain: shown,
      label: null,
      tickSize: 0,
      padding: 0.06,
      tickFormat: (_: number, at: number) => names[at],
    },
    marks: [
      pen.plot.cell(cells, {
        x: 'c',
        y: 'j',
        rx: 2,
        fill: { value: ({ value }: { value: number }) => (value < 0 ? low : high), scale: null },
        fillOpacity: {
          value: ({ value }: { value: number }) => 0.04 + 0.81 * Math.min(1, Math.abs(value) / most),
          scale: null,
        },
      }),
      ...(withText
        ? [
            pen.plot.text(cells, {
              x: 'c',
              y: 'j',
              text: ({ value }: { value: number }) => signed(value),
              fill: 'var(--ink)',
            }),
          ]
        : []),
    ],
  })
  const texts = features.map((_, j) =>
    featureTexts(
      centres.map((centre) => centre[j]),
      types[j],
    ),
  )
  return {
    name: 'profile',
    title: 'Profiles of the clusters',
    says,
    svg,
    tableTitle: 'Centres, in the data’s own units',
    table: {
      columns: titled('column', ...centres.map((_, c) => `#cluster ${c}`)),
      rows: features.map((name, j) => [
        name,
        ...texts[j].map((text, c) => `${text} (${signed(difference(c, j))})`),
      ]),
      note: 'In brackets: standard deviations above or below the other rows.',
    },
  }
}

/** The quartiles of each column in each cluster: a panel a column. */
export function multiplesFigure(
  pen: Pen,
  profile: Profile,
  sample: { readonly values: readonly Float64Array[]; readonly labels: Uint32Array; readonly whole: boolean },
): Figure | null {
  const { features, types, traits, counts } = profile
  const numbers = features.map((_, j) => j).filter((j) => types[j] !== 'share')
  if (numbers.length === 0) return null
  const telling = mostTelling(traits, features.length, features.length).filter((j) => numbers.includes(j))
  const shown = strongestFirst(traits, telling).slice(0, MOST_PANELS)
  const k = counts.length
  const spreads = shown.map((j) => spreadsOf(sample.values[j], sample.labels, k))
  const names = labelsOf(features, shown)
  const across = Math.min(3, shown.length)
  const down = Math.ceil(shown.length / across)
  const tall = Math.max(64, 22 + k * (k > 12 ? 9 : 14))
  const says =
    'For each column the middle half of every cluster (bar), its median (line), and its 5th to 95th percentile (thin line). ' +
    'Bars that do not overlap tell clusters apart.' +
    (sample.whole ? '' : ` Taken from ${whole(sample.labels.length)} rows.`)
  const panels = shown.map((j, at) => {
    const date = types[j] === 'date'
    const own = spreads[at].flatMap((spread, c) => (spread === null ? [] : [{ c, ...spread, ...lookOf(c) }]))
    const wideness = 262
    return pen.draw({
      title: names[at],
      description: `Quartiles of ${features[j]} in each cluster.`,
      width: wideness,
      height: tall + 34,
      marginLeft: 26,
      marginRight: 20,
      marginTop: 24,
      marginBottom: 24,
      x: { label: null, ticks: 3, grid: true, ...(date ? { type: 'utc' } : { tickFormat: short }) },
      y: {
        type: 'band',
        domain: Array.from({ length: k }, (_, c) => c),
        label: null,
        tickSize: 0,
        padding: 0.25,
      },
      marks: [
        pen.plot.text([names[at]], {
          frameAnchor: 'top-left',
          dy: -20,
          dx: -22,
          fontWeight: 'bold',
          fontSize: 13,
        }),
        pen.plot.ruleY(own, {
          x1: 'p5',
          x2: 'p95',
          y: 'c',
          stroke: { value: 'color', scale: null },
          strokeWidth: 1,
        }),
        pen.plot.barX(own, {
          x1: 'q1',
          x2: 'q3',
          y: 'c',
          fill: { value: 'color', scale: null },
          fillOpacity: 0.55,
          // A quarter of all may be one number: the bar stays visible.
          stroke: { value: 'color', scale: null },
        }),
        pen.plot.tickX(own, { x: 'median', y: 'c', stroke: 'var(--ink)', strokeWidth: 2 }),
      ],
    })
  })
  return {
    name: 'columns',
    title: 'Columns, cluster by cluster',
    says,
    svg: mosaic(panels, across, 262, tall + 34, down),
    tableTitle: 'Quartiles',
    table: {
      columns: titled('column', '#cluster', '#5 %', '#25 %', '#median', '#75 %', '#95 %'),
      rows: shown.flatMap((j, at) =>
        spreads[at].map((spread, c) => [
          features[j],
          String(c),
          ...(spread === null
            ? ['', '', '', '', '']
            : aligned(
                [spread.p5, spread.q1, spread.median, spread.q3, spread.p95],
                types[j] === 'date' ? 'date' : 'number',
              )),
        ]),
      ),
    },
  }
}

/** Charts side by side in one. */
function mosaic(
  panels: readonly string[],
  across: number,
  width: number,
  height: number,
  down: number,
): string {
  const nested = panels.map((svg, at) =>
    svg.replace(/^<svg/, `<svg x="${(at % across) * width}" y="${Math.floor(at / across) * height}"`),
  )
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${across * width} ${down * height}" width="${across * width}" height="${down * height}" role="group" aria-label="A panel for each column">${nested.join('')}</svg>`
}

interface Spread {
  readonly p5: number
  readonly q1: number
  readonly median: number
  readonly q3: number
  readonly p95: number
}

function spreadsOf(values: Float64Array, labels: Uint32Array, k: number): (Spread | null)[] {
  const members: number[][] = Array.from({ length: k }, () => [])
  labels.forEach((label, i) => members[label].push(values[i]))
  return members.map((own) => {
    if (own.length === 0) return null
    const sorted = Float64Array.from(own).sort()
    const at = (share: number): number => quantileOf(sorted, share)
    return { p5: at(0.05), q1: at(0.25), median: at(0.5), q3: at(0.75), p95: at(0.95) }
  })
}

function strongestFirst(traits: Profile['traits'], features: readonly number[]): number[] {
  const largest = new Map<number, number>()
  for (const { feature, difference } of traits.flat())
    largest.set(feature, Math.max(largest.get(feature) ?? 0, Math.abs(difference)))
  return [...features].sort((a, b) => (largest.get(b) ?? 0) - (largest.get(a) ?? 0) || a - b)
}

/** Names for an axis, cut, and no two alike. */
function labelsOf(features: readonly string[], shown: readonly number[]): string[] {
  return shown.map((j) => axisName(features[j]))
}
