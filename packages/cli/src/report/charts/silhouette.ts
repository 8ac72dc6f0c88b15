import { silhouette } from 'nigh'
import type { PlainSpace } from '../../commands/plain-space.ts'
import { percent, whole } from '../../show/numbers.ts'
import type { Pen } from '../draw.ts'
import { titled } from '../figure.ts'
import type { Figure } from '../figure.ts'
import { lookOf } from '../palette.ts'
import { sampled } from '../sample.ts'

/** How well each row sits in its cluster: one hill a cluster, its rows sorted. */
export async function silhouetteFigure(
  pen: Pen,
  { matrix, metric, says: measure }: PlainSpace,
  labels: Uint32Array,
  k: number,
  clustered: number,
  signal: AbortSignal,
): Promise<{ readonly figure: Figure; readonly mean: number } | null> {
  const most = 4000
  if (k < 2 || k >= Math.min(matrix.rows, most)) return null
  const part = matrix.rows > most ? { sampleSize: most } : {}
  const found = await silhouette(matrix, labels, { ...part, metric, signal })
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
    (measure === '' ? '' : ` Measured ${measure}.`) +
    (found.samples.length < clustered
      ? ` Measured on ${whole(found.samples.length)} rows drawn from ${whole(clustered)}.`
      : '')
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
