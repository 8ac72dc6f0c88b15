import type { ChosenNeighbors, Confusion } from 'nigh'
import { brief, percent, plural, whole } from '../../show/numbers.ts'
import { axisName, marginFor } from '../draw.ts'
import type { Pen } from '../draw.ts'
import { titled } from '../figure.ts'
import type { Figure } from '../figure.ts'
import { quantileOf, sampled } from '../sample.ts'
import { short } from './ticks.ts'

/** Classes beyond this number make no legible matrix. */
const MOST_CLASSES = 40

/** Who is taken for whom. Null where there are too many classes. */
export function confusionFigure(pen: Pen, { labels, matrix }: Confusion): Figure | null {
  if (labels.length > MOST_CLASSES) return null
  const names = labels.map((label) => String(label))
  const mistakes = matrix
    .flatMap((row, from) => row.map((count, to) => ({ from, to, count })))
    .filter(({ from, to, count }) => from !== to && count > 0)
    .sort((a, b) => b.count - a.count)
  const wrong = mistakes.reduce((sum, { count }) => sum + count, 0)
  const [worst] = mistakes
  const says =
    'A row of the matrix holds the rows of one true class, a column those that were called so; what is right lies on the diagonal. ' +
    (worst === undefined
      ? 'There is no mistake.'
      : `${plural(wrong, 'mistake')}; the most frequent: ${plural(worst.count, 'row')} of ${names[worst.from]} taken for ${names[worst.to]}.`)
  const cells = matrix.flatMap((row, from) => {
    const total = row.reduce((sum, count) => sum + count, 0)
    return row.map((count, to) => ({ from, to, count, share: total === 0 ? 0 : count / total }))
  })
  const size = names.length <= 4 ? 78 : names.length <= 12 ? 46 : 26
  const shown = names.map((name) => axisName(name, 18))
  const left = marginFor(shown) + 26
  const turned = names.length > 4 && shown.some((name) => name.length > 4)
  const top = turned ? Math.min(130, marginFor(shown) * 0.75 + 34) : 52
  const domain = names.map((_, at) => at)
  const tickFormat = (_: number, at: number): string => shown[at]
  const svg = pen.draw({
    title: 'Confusion matrix',
    description: says,
    width: Math.max(300, left + size * names.length + 20),
    height: top + size * Math.min(names.length, names.length) * 0.82 + 10,
    marginLeft: left,
    marginRight: 12,
    marginTop: top,
    marginBottom: 8,
    x: {
      type: 'band',
      domain,
      axis: 'top',
      label: 'predicted',
      labelArrow: 'none',
      tickSize: 0,
      tickFormat,
      padding: 0.04,
      ...(turned ? { tickRotate: -40 } : {}),
    },
    y: {
      type: 'band',
      domain,
      label: 'true',
      labelArrow: 'none',
      labelAnchor: 'center',
      tickSize: 0,
      tickFormat,
      padding: 0.04,
    },
    marks: [
      pen.plot.cell(cells, {
        x: 'to',
        y: 'from',
        rx: 2,
        fill: {
          value: ({ from, to, count }: { from: number; to: number; count: number }) =>
            from === to ? 'var(--c0)' : count === 0 ? 'var(--muted)' : 'var(--c1)',
          scale: null,
        },
        fillOpacity: {
          value: ({ share, from, to }: { share: number; from: number; to: number }) =>
            share === 0 ? 0.07 : from === to ? 0.12 + 0.55 * share : Math.min(0.85, 0.25 + 1.5 * share),
          scale: null,
        },
      }),
      pen.plot.text(
        cells.filter(({ count }) => count > 0),
        {
          x: 'to',
          y: 'from',
          text: ({ count }: { count: number }) => (size < 40 && count > 999 ? short(count) : whole(count)),
          fill: 'var(--ink)',
          fontSize: size < 40 ? 10 : 13,
        },
      ),
    ],
  })
  return {
    name: 'confusion',
    title: 'Confusion matrix',
    says,
    svg,
    table: {
      columns: titled('true \\ predicted', ...names.map((name) => `#${name}`)),
      rows: matrix.map((row, at) => [names[at], ...row.map(whole)]),
    },
  }
}

/** How good the answers are at each number of neighbours. */
export function neighborsFigure(pen: Pen, chosen: ChosenNeighbors, used: number, on: string): Figure {
  const { curve, k, near, task } = chosen
  const measure = task === 'classify' ? 'accuracy' : 'R²'
  const points = curve.map((one) => ({ ...one, from: one.score - one.error, to: one.score + one.error }))
  const best = points.find((point) => point.k === k)
  const own = points.find((point) => point.k === used)
  const says =
    `The ${measure} at each number of neighbours, every row answered by the others${on}. The best is k = ${k} (${(best?.score ?? 0).toFixed(3)}); ` +
    (near.length > 1
      ? `within one standard error of it: ${near.length > 12 ? `${near.length} others, from ${near[0]} to ${near[near.length - 1]}` : near.filter((one) => one !== k).join(', ')}. `
      : 'no other is within one standard error. ') +
    (own === undefined
      ? `k = ${used} was used.`
      : `k = ${used}, which was used, reaches ${own.score.toFixed(3)}.`)
  const svg = pen.draw({
    title: 'Number of neighbours',
    description: says,
    height: 320,
    marginLeft: 60,
    marginBottom: 40,
    x: { label: 'neighbours asked (k)', tickFormat: String, grid: true, ticks: Math.min(points.length, 10) },
    y: { label: measure, grid: true, nice: true },
    marks: [
      pen.plot.areaY(points, { x: 'k', y1: 'from', y2: 'to', fill: 'var(--c0)', fillOpacity: 0.18 }),
      pen.plot.lineY(points, { x: 'k', y: 'score', stroke: 'var(--c0)', strokeWidth: 2 }),
      pen.plot.dot(points, { x: 'k', y: 'score', fill: 'var(--c0)', r: 3 }),
      ...(own === undefined
        ? []
        : [
            pen.plot.dot([own], { x: 'k', y: 'score', r: 9, stroke: 'var(--c1)', strokeWidth: 2.5 }),
            pen.plot.text([own], { x: 'k', y: 'score', text: () => 'used', dy: -18, fontWeight: 'bold' }),
          ]),
      ...(best === undefined || best === own
        ? []
        : [
            pen.plot.dot([best], {
              x: 'k',
              y: 'score',
              r: 8,
              symbol: 'diamond',
              stroke: 'var(--c2)',
              strokeWidth: 2.5,
            }),
            pen.plot.text([best], { x: 'k', y: 'score', text: () => 'best', dy: 20, fontWeight: 'bold' }),
          ]),
    ],
  })
  return {
    name: 'k',
    title: 'Number of neighbours',
    says,
    svg,
    table: {
      columns: titled('#k', `#${measure}`, '#standard error'),
      rows: points.map((point) => [String(point.k), point.score.toFixed(4), point.error.toFixed(4)]),
    },
  }
}

/** Numbers answered against the truth. */
export function predictedFigure(
  pen: Pen,
  truth: readonly number[],
  predicted: readonly number[],
  target: string,
  r2: number,
): Figure {
  const many = truth.length > 3000
  const low = truth.reduce(
    (least, value, i) => Math.min(least, value, predicted[i]),
    Number.POSITIVE_INFINITY,
  )
  const high = truth.reduce((most, value, i) => Math.max(most, value, predicted[i]), Number.NEGATIVE_INFINITY)
  const pad = (high - low) * 0.02 || 1
  const domain = [low - pad, high + pad]
  const says =
    `Each row’s prediction against its true ${target}: on the line where it is right, above it where too much was predicted. ` +
    `R² is ${r2.toFixed(3)}.` +
    (many ? ' Rows are counted in boxes, the fuller the stronger.' : '')
  const places = 60
  const counts = new Map<number, number>()
  const place = (value: number): number =>
    Math.min(places - 1, Math.floor(((value - domain[0]) / (domain[1] - domain[0])) * places))
  for (let i = 0; i < truth.length; i++) {
    const box = place(truth[i]) * places + place(predicted[i])
    counts.set(box, (counts.get(box) ?? 0) + 1)
  }
  const step = (domain[1] - domain[0]) / places
  const boxes = [...counts].map(([box, count]) => ({
    left: domain[0] + Math.floor(box / places) * step,
    bottom: domain[0] + (box % places) * step,
    count,
  }))
  const fullest = Math.log1p(boxes.reduce((most, { count }) => Math.max(most, count), 1))
  const points = truth.map((value, i) => ({ truth: value, predicted: predicted[i] }))
  const diagonal = [{ at: domain[0] }, { at: domain[1] }]
  const svg = pen.draw({
    title: 'Predicted against true',
    description: says,
    width: 560,
    height: 500,
    marginLeft: 64,
    marginBottom: 40,
    x: { label: `true ${axisName(target)}`, domain, grid: true, tickFormat: short },
    y: { label: `predicted ${axisName(target)}`, domain, grid: true, tickFormat: short },
    marks: [
      many
        ? pen.plot.rect(boxes, {
            x1: 'left',
            x2: ({ left }: { left: number }) => left + step,
            y1: 'bottom',
            y2: ({ bottom }: { bottom: number }) => bottom + step,
            inset: 0.2,
            fill: 'var(--c0)',
            fillOpacity: {
              value: ({ count }: { count: number }) => 0.15 + (0.85 * Math.log1p(count)) / fullest,
              scale: null,
            },
          })
        : pen.plot.dot(points, { x: 'truth', y: 'predicted', r: 2.4, fill: 'var(--c0)', fillOpacity: 0.5 }),
      pen.plot.lineY(diagonal, {
        x: 'at',
        y: 'at',
        stroke: 'var(--c1)',
        strokeWidth: 1.5,
        strokeDasharray: '6,4',
      }),
    ],
  })
  return {
    name: 'predicted',
    title: 'Predicted against true',
    says,
    svg,
    tableTitle: 'Errors by size of the target',
    table: byTenths(truth, predicted, target),
  }
}

function byTenths(truth: readonly number[], predicted: readonly number[], target: string): Figure['table'] {
  const order = Array.from(truth, (_, i) => i).sort((a, b) => truth[a] - truth[b] || a - b)
  const parts = Math.min(10, order.length)
  const rows = Array.from({ length: parts }, (_, part) => {
    const own = order.slice(
      Math.floor((part * order.length) / parts),
      Math.floor(((part + 1) * order.length) / parts),
    )
    const mean = (of: (i: number) => number): number => own.reduce((sum, i) => sum + of(i), 0) / own.length
    return [
      `${brief(truth[own[0]])} to ${brief(truth[own[own.length - 1]])}`,
      whole(own.length),
      brief(mean((i) => truth[i])),
      brief(mean((i) => predicted[i])),
      brief(mean((i) => Math.abs(predicted[i] - truth[i]))),
    ]
  })
  return {
    columns: titled(`true ${target}`, '#rows', '#mean true', '#mean predicted', '#mean absolute error'),
    rows,
    note: 'Rows in the order of the target, in tenths.',
  }
}

/** How far the answers are off. */
export function errorsFigure(
  pen: Pen,
  truth: readonly number[],
  predicted: readonly number[],
  target: string,
): Figure {
  const errors = Float64Array.from(truth, (value, i) => predicted[i] - value).sort()
  const half = quantileOf(Float64Array.from(errors, Math.abs).sort(), 0.5)
  const mean = errors.reduce((sum, error) => sum + error, 0) / errors.length
  const reach = Math.max(-quantileOf(errors, 0.01), quantileOf(errors, 0.99)) * 1.15 || 1
  const bins = 41
  const width = (2 * reach) / bins
  const counts = Array.from({ length: bins }, () => 0)
  for (const error of errors) counts[Math.min(bins - 1, Math.max(0, Math.floor((error + reach) / width)))]++
  const bars = counts.map((count, at) => ({
    from: -reach + at * width,
    to: -reach + (at + 1) * width,
    count,
  }))
  const says =
    `How far the predictions of ${target} are off. Half of them are within ±${brief(half)}; on average they are ${brief(Math.abs(mean))} too ${mean < 0 ? 'low' : 'high'}. ` +
    'The outermost bars also hold what lies beyond.'
  const svg = pen.draw({
    title: 'Errors',
    description: says,
    height: 280,
    marginLeft: 60,
    marginBottom: 40,
    x: { label: 'predicted less true', tickFormat: short, grid: true },
    y: { label: 'rows', grid: true, tickFormat: short },
    marks: [
      pen.plot.rectY(bars, {
        x1: 'from',
        x2: 'to',
        y: 'count',
        fill: 'var(--c0)',
        fillOpacity: 0.75,
        inset: 0.5,
      }),
      pen.plot.ruleX([0], { stroke: 'var(--c1)', strokeWidth: 1.5 }),
      pen.plot.ruleY([0], { stroke: 'var(--muted)' }),
    ],
  })
  return {
    name: 'errors',
    title: 'Errors',
    says,
    svg,
    tableTitle: 'Quantiles of the errors',
    table: {
      columns: titled('share of rows below', '#predicted less true'),
      rows: [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99].map((share) => [
        percent(share),
        brief(quantileOf(errors, share)),
      ]),
    },
  }
}

/** Scores as bars, and the threshold. */
export function scoresFigure(
  pen: Pen,
  scores: Float64Array,
  threshold: number,
  flagged: number,
  scoreName: string,
): Figure {
  const finite = scores.filter(Number.isFinite)
  const sorted = Float64Array.from(finite).sort()
  // The few highest would press all others into one bar.
  const top = Math.max(quantileOf(sorted, 0.995), Number.isFinite(threshold) ? threshold * 1.3 : 0)
  const low = Math.min(sorted[0], 0)
  const high = Math.min(sorted[sorted.length - 1], top) || 1
  const bins = 60
  const width = (high - low) / bins
  const counts = Array.from({ length: bins }, () => 0)
  for (const score of scores) counts[Math.min(bins - 1, Math.max(0, Math.floor((score - low) / width)))]++
  const bars = counts.map((count, at) => ({
    from: low + at * width,
    to: low + (at + 1) * width,
    count,
    color: low + (at + 0.5) * width > threshold ? 'var(--c1)' : 'var(--c0)',
  }))
  const says =
    `${plural(flagged, 'row')} of ${whole(scores.length)} (${percent(flagged / scores.length)}) score above the threshold of ${brief(threshold)} (line). ` +
    `Half of all score below ${brief(quantileOf(sorted, 0.5))}; the highest score is ${brief(scores.reduce((most, score) => Math.max(most, score), 0))}. The last bar also holds what lies beyond.`
  const svg = pen.draw({
    title: 'Scores',
    description: says,
    height: 300,
    marginLeft: 60,
    marginBottom: 40,
    x: { label: axisName(scoreName, 60), grid: true, tickFormat: short },
    y: { label: 'rows', grid: true, tickFormat: short },
    marks: [
      pen.plot.rectY(bars, {
        x1: 'from',
        x2: 'to',
        y: 'count',
        fill: { value: 'color', scale: null },
        fillOpacity: 0.8,
        inset: 0.5,
      }),
      pen.plot.ruleX([Math.min(threshold, high)], { stroke: 'var(--ink)', strokeDasharray: '5,4' }),
      pen.plot.text([Math.min(threshold, high)], {
        x: (at: number) => at,
        text: () => 'threshold',
        frameAnchor: 'top',
        dx: 6,
        textAnchor: 'start',
      }),
      pen.plot.ruleY([0], { stroke: 'var(--muted)' }),
    ],
  })
  return {
    name: 'scores',
    title: 'Scores',
    says,
    svg,
    tableTitle: 'Quantiles of the scores',
    table: {
      columns: titled('share of rows below', '#score'),
      rows: [0, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 1].map((share) => [
        percent(share),
        brief(quantileOf(sorted, share)),
      ]),
    },
  }
}

/** Precision against recall, going down the ranking. */
export function rankingFigure(
  pen: Pen,
  known: readonly boolean[],
  scores: Float64Array,
  precision: number,
): Figure {
  const order = Array.from(scores, (_, i) => i).sort((a, b) => scores[b] - scores[a] || a - b)
  const positives = known.filter(Boolean).length
  const points: { taken: number; recall: number; precision: number }[] = []
  let hits = 0
  for (const [at, row] of order.entries()) {
    if (known[row]) hits++
    // Rows of one score come together.
    if (at + 1 < order.length && scores[order[at + 1]] === scores[row]) continue
    points.push({ taken: at + 1, recall: hits / positives, precision: hits / (at + 1) })
  }
  const shown = Array.from(sampled(points.length, 400), (at) => points[at])
  const base = positives / scores.length
  const says =
    `Going down the ranking: which share of the rows so far is truly anomalous (precision), and which share of all anomalies is found (recall). ` +
    `The average precision is ${precision.toFixed(3)}; chance would reach ${base.toFixed(3)} (dashed).`
  const svg = pen.draw({
    title: 'Precision and recall',
    description: says,
    height: 340,
    width: 560,
    marginLeft: 56,
    marginBottom: 40,
    x: { label: 'recall', domain: [0, 1], grid: true },
    y: { label: 'precision', domain: [0, 1], grid: true },
    marks: [
      pen.plot.ruleY([base], { stroke: 'var(--c7)', strokeDasharray: '5,4' }),
      pen.plot.lineY(shown, { x: 'recall', y: 'precision', stroke: 'var(--c0)', strokeWidth: 2 }),
    ],
  })
  const steps = [10, 20, 50, 100, 200, 500, 1000, 5000, positives].filter((taken) => taken <= scores.length)
  return {
    name: 'ranking',
    title: 'Precision and recall',
    says,
    svg,
    tableTitle: 'Down the ranking',
    table: {
      columns: titled('rows looked at', '#anomalies among them', '#precision', '#recall'),
      rows: [...new Set(steps)]
        .sort((a, b) => a - b)
        .map((taken) => {
          const found = order.slice(0, taken).filter((row) => known[row]).length
          return [whole(taken), whole(found), percent(found / taken), percent(found / positives)]
        }),
    },
  }
}
