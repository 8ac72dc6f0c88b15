import type { ChosenK } from 'nigh'
import { brief, plural } from '../../show/numbers.ts'
import type { Pen } from '../draw.ts'
import { titled } from '../figure.ts'
import type { Figure } from '../figure.ts'
import { short } from './ticks.ts'

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
