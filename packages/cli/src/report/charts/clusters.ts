import { silhouette } from 'nigh'
import type { ChosenK, Matrix } from 'nigh'
import { aligned, brief, percent, plural, whole } from '../../show/numbers.ts'
import { featureTexts, mostTelling } from '../../show/profile.ts'
import type { Profile } from '../../show/profile.ts'
import { axisName, marginFor } from '../draw.ts'
import type { Pen } from '../draw.ts'
import { titled } from '../figure.ts'
import type { Figure } from '../figure.ts'
import { high, lookOf, low } from '../palette.ts'
import { quantileOf, sampled } from '../sample.ts'

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

/** How well each row sits in its cluster: one hill a cluster, its rows sorted. */
export async function silhouetteFigure(
  pen: Pen,
  matrix: Matrix,
  labels: Uint32Array,
  k: number,
  signal: AbortSignal,
): Promise<{ readonly figure: Figure; readonly mean: number } | null> {
  const most = 4000
  if (k < 2 || k >= Math.min(matrix.rows, most)) return null
  const part = matrix.rows > most ? { sampleSize: most } : {}
  const found = await silhouette(matrix, labels, { ...part, signal })
  const groups: number[][] = Array.from({ length: k }, () => [])
  found.samples.forEach((value, i) => groups[labels[found.rows[i]]].push(value))
  const height = Math.min(1300, k <= 15 ? 180 + k * 26 : 240 + k * 18)
  const gap = found.samples.length * 0.012 + 1
  // Every cluster gets room for its number, be it ever so small.
  const least = (found.samples.length * 15) / (height - 60)
  let base = 0
  const hills: { row: number; value: number; c: number; color: string }[] = []
  const marks: { row: number; name: string }[] = []
  const rows: string[][] = []
  for (const [c, values] of groups.entries()) {
    values.sort((a, b) => b - a)
    const steps = sampled(values.length, 120)
    for (const at of steps) hills.push({ row: base + at, value: values[at], c, color: lookOf(c).color })
    // A cluster of one row still is a hill.
    const last = values.at(-1)
    if (last !== undefined) hills.push({ row: base + values.length, value: last, c, color: lookOf(c).color })
    const place = { row: base + Math.max(values.length, least * 0.8) / 2, name: String(c) }
    if (k <= 60 || c % 10 === 0) marks.push(place)
    base += Math.max(values.length + gap, least)
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length
    const negative = values.filter((value) => value < 0).length
    rows.push([
      String(c),
      whole(values.length),
      values.length === 0 ? '' : mean.toFixed(3),
      values.length === 0 ? '' : (last ?? 0).toFixed(3),
      whole(negative),
    ])
  }
  const negative = found.samples.filter((value) => value < 0).length
  const judgement =
    found.mean >= 0.7
      ? 'well apart'
      : found.mean >= 0.5
        ? 'reasonably apart'
        : found.mean >= 0.25
          ? 'only weakly apart'
          : 'hardly apart'
  const says =
    `A row’s silhouette is 1 where it sits well in its cluster, 0 between two, and below 0 where another cluster is nearer. ` +
    `The mean is ${found.mean.toFixed(3)} (dashed): the clusters are ${judgement}. ` +
    `${negative === 0 ? 'No row lies' : `${percent(negative / found.samples.length)} of the rows lie`} nearer to another cluster.` +
    (matrix.rows > most ? ` Measured on ${whole(most)} rows drawn from ${whole(matrix.rows)}.` : '')
  const svg = pen.draw({
    title: 'Silhouettes',
    description: says,
    height,
    marginLeft: 36,
    marginBottom: 38,
    marginTop: 10,
    x: {
      label: 'silhouette',
      grid: true,
      domain: [
        Math.min(
          0,
          hills.reduce((a, { value }) => Math.min(a, value), 0),
        ),
        1,
      ],
    },
    y: { axis: null, domain: [base, 0] },
    marks: [
      pen.plot.areaX(hills, {
        y: 'row',
        x1: 0,
        x2: 'value',
        z: 'c',
        fill: { value: 'color', scale: null },
        fillOpacity: 0.8,
      }),
      pen.plot.ruleX([0], { stroke: 'var(--ink)' }),
      pen.plot.ruleX([found.mean], { stroke: 'var(--ink)', strokeDasharray: '5,4' }),
      pen.plot.text(marks, {
        y: 'row',
        x: hills.reduce((a, { value }) => Math.min(a, value), 0),
        dx: -16,
        text: 'name',
        fontWeight: 'bold',
      }),
    ],
  })
  return {
    mean: found.mean,
    figure: {
      name: 'silhouette',
      title: 'Silhouettes',
      says,
      svg,
      tableTitle: 'Silhouettes by cluster',
      table: {
        columns: titled('cluster', '#rows looked at', '#mean', '#lowest', '#below 0'),
        rows,
      },
    },
  }
}

/** Inertia by number of clusters, with the knee and the number recommended. */
export function elbowFigure(pen: Pen, chosen: ChosenK): Figure {
  const { table, criteria, k, verdict } = chosen
  const knee = criteria.find(({ name }) => name === 'knee')?.k ?? null
  const bend = table.find((row) => row.k === knee)
  const picked = table.find((row) => row.k === k)
  const says =
    `The summed squared distance to the nearest centre falls with every cluster more. ` +
    (bend === undefined ? 'The curve has no clear knee. ' : `The knee is at ${bend.k} clusters. `) +
    `${verdict === 'no clear clusters' ? 'The criteria together find no clear clusters' : `The criteria together recommend ${k} (${verdict})`}.`
  const points = table.map((row) => ({ k: row.k, inertia: row.inertia }))
  const marks = [
    pen.plot.lineY(points, { x: 'k', y: 'inertia', stroke: 'var(--c0)', strokeWidth: 2 }),
    pen.plot.dot(points, { x: 'k', y: 'inertia', fill: 'var(--c0)', r: 4 }),
  ]
  if (bend !== undefined) {
    marks.push(
      pen.plot.dot([bend], { x: 'k', y: 'inertia', r: 10, stroke: 'var(--c1)', strokeWidth: 2.5 }),
      pen.plot.text([bend], {
        x: 'k',
        y: 'inertia',
        text: () => 'knee',
        dx: 14,
        dy: -14,
        textAnchor: 'start',
        fontWeight: 'bold',
      }),
    )
  }
  if (picked !== undefined) {
    marks.push(
      pen.plot.ruleX([picked], { x: 'k', stroke: 'var(--c2)', strokeDasharray: '4,4' }),
      pen.plot.text([picked], {
        x: 'k',
        text: () => (verdict === 'no clear clusters' ? `k = ${k}` : `recommended: ${k}`),
        frameAnchor: 'top',
        dx: 6,
        textAnchor: 'start',
      }),
    )
  }
  const svg = pen.draw({
    title: 'Inertia by number of clusters',
    description: says,
    height: 320,
    marginLeft: 70,
    marginBottom: 40,
    x: { label: 'number of clusters', ticks: points.map((point) => point.k), tickFormat: String, grid: true },
    y: {
      label: 'inertia',
      domain: [0, Math.max(...points.map(({ inertia }) => inertia))],
      nice: true,
      grid: true,
      tickFormat: short,
    },
    marks,
  })
  return {
    name: 'elbow',
    title: 'Inertia by number of clusters',
    says,
    svg,
    table: criteriaTable(chosen),
    tableTitle: 'All criteria',
  }
}

/** The silhouette by number of clusters, beside that of data without clusters. */
export function criterionFigure(pen: Pen, chosen: ChosenK): Figure | null {
  const points = chosen.table.flatMap(
    ({ k, silhouette: own, silhouetteReference: by, silhouetteSpread: sd }) =>
      own === null || by === null || sd === null ? [] : [{ k, own, by, from: by - 3 * sd, to: by + 3 * sd }],
  )
  if (points.length < 2) return null
  const beyond = points.filter(({ own, to }) => own > to).map(({ k }) => k)
  const says =
    `The mean silhouette at each number of clusters, and (band) what data of the same shape but without clusters score, three standard deviations to either side. ` +
    (beyond.length === 0
      ? 'Nowhere do these data do better than chance.'
      : `Better than chance: ${beyond.length === points.length ? 'every number looked at' : `k = ${beyond.join(', ')}`}.`)
  const svg = pen.draw({
    title: 'Silhouette by number of clusters',
    description: says,
    height: 300,
    marginLeft: 60,
    marginBottom: 40,
    x: { label: 'number of clusters', ticks: points.map(({ k }) => k), tickFormat: String, grid: true },
    y: { label: 'mean silhouette', grid: true, nice: true },
    legend: [
      { label: 'these data', color: 'var(--c0)', symbol: 'circle' },
      { label: 'data without clusters', color: 'var(--c7)', symbol: 'square' },
    ],
    marks: [
      pen.plot.areaY(points, { x: 'k', y1: 'from', y2: 'to', fill: 'var(--c7)', fillOpacity: 0.25 }),
      pen.plot.lineY(points, { x: 'k', y: 'by', stroke: 'var(--c7)', strokeDasharray: '4,4' }),
      pen.plot.lineY(points, { x: 'k', y: 'own', stroke: 'var(--c0)', strokeWidth: 2 }),
      pen.plot.dot(points, { x: 'k', y: 'own', fill: 'var(--c0)', r: 4 }),
    ],
  })
  return {
    name: 'criterion',
    title: 'Silhouette by number of clusters',
    says,
    svg,
    table: {
      columns: titled('#k', '#these data', '#without clusters', '#from', '#to'),
      rows: points.map(({ k, own, by, from, to }) => [
        String(k),
        ...[own, by, from, to].map((value) => value.toFixed(3)),
      ]),
    },
  }
}

function criteriaTable({ table, k }: ChosenK): Figure['table'] {
  const text = (value: number | null): string => (value === null ? '·' : brief(value))
  return {
    columns: titled(
      'k',
      '#inertia',
      '#silhouette',
      '#Calinski–Harabasz',
      '#Davies–Bouldin',
      '#gap',
      '#prediction strength',
      '#stability',
    ),
    rows: table.map((row) => [
      row.k === k ? `${row.k} ◀` : String(row.k),
      ...[
        row.inertia,
        row.silhouette,
        row.calinskiHarabasz,
        row.daviesBouldin,
        row.gap,
        row.predictionStrength,
        row.stability,
      ].map(text),
    ]),
    note: `High is good, but for inertia and Davies–Bouldin. ${plural(table.length, 'number')} of clusters looked at.`,
  }
}

/** "+1.3" */
export function signed(value: number): string {
  const text = Math.abs(value).toFixed(1)
  return text === '0.0' ? '0' : `${value < 0 ? '−' : '+'}${text}`
}

/** 12000 → "12k": for the ticks of an axis. */
export function short(value: number): string {
  const size = Math.abs(value)
  const trim = (number: number): string => String(Number(number.toPrecision(3)))
  if (size >= 1e15 || (size > 0 && size < 1e-4)) return value.toExponential(1)
  if (size >= 1e9) return `${trim(value / 1e9)}G`
  if (size >= 1e6) return `${trim(value / 1e6)}M`
  if (size >= 1e4) return `${trim(value / 1e3)}k`
  return String(Number(value.toPrecision(6))).replace('-', '−')
}

/** Names for an axis, cut, and no two alike. */
function labelsOf(features: readonly string[], shown: readonly number[]): string[] {
  return shown.map((j) => axisName(features[j]))
}
