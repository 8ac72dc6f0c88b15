import type { Matrix } from 'nigh'
import { brief, percent, plural, whole } from '../../show/numbers.ts'
import { columnOf, mainPlane } from '../../show/plane.ts'
import { axisName } from '../draw.ts'
import type { Pen } from '../draw.ts'
import { titled } from '../figure.ts'
import type { Figure } from '../figure.ts'
import { lookOf } from '../palette.ts'
import type { Look } from '../palette.ts'
import { quantileOf } from '../sample.ts'
import { short } from './ticks.ts'

/** Rows in the plane, each of a group. */
export interface Cloud {
  readonly x: Float64Array
  readonly y: Float64Array
  readonly groups: Uint32Array
  /** What the groups are called. */
  readonly names: readonly string[]
  readonly xTitle: string
  readonly yTitle: string
  /** How an axis is written where not in its own numbers. */
  readonly xAxis?: Axis
  readonly yAxis?: Axis
  /** Where the middle of each group is. Default: the mean of its rows. */
  readonly middles?: readonly { readonly x: number; readonly y: number }[]
}

/** The writing of an axis. */
export interface Axis {
  readonly text: (value: number) => string
  /** Where it is marked. Default: where the charting library marks it. */
  readonly ticks?: readonly number[]
}

/** An axis of values ln(1 + x), written as x. */
export function logAxis(values: Float64Array): Axis {
  const most = Math.expm1(values.reduce((largest, value) => Math.max(largest, value), 0))
  const ticks = [0]
  for (let power = 1; power <= most; power *= 10) {
    for (const step of most > 1e5 ? [1] : [1, 3]) if (step * power <= most) ticks.push(step * power)
  }
  return { text: (value) => short(Number(Math.expm1(value).toPrecision(6))), ticks: ticks.map(Math.log1p) }
}

/** Rows above this number are counted in boxes: their points would make a page of megabytes. */
const MOST_POINTS = 5000
/** A cloud of the rows in the plane of their principal components, with how much of the variance that is. */
export function principalCloud(
  matrix: Matrix,
  groups: Uint32Array,
  names: readonly string[],
): { readonly cloud: Cloud; readonly share: number } | null {
  const plane = mainPlane(matrix)
  if (plane === null) return null
  const { flat, principal } = plane
  const [first, second = 0] = principal.shares
  const name = (at: number, share: number): string =>
    `principal component ${at} (${percent(share)} of variance)`
  return {
    share: first + second,
    cloud: {
      x: columnOf(flat, 0),
      y: flat.columns > 1 ? columnOf(flat, 1) : new Float64Array(flat.rows),
      groups,
      names,
      xTitle: name(1, first),
      yTitle: flat.columns > 1 ? name(2, second) : '',
    },
  }
}

/** More numbers than this would hide the rows: the largest groups bear theirs. */
export const MOST_NAMES = 24

/** How a scatter is told and drawn. */
export interface ScatterOptions {
  readonly name: string
  readonly title: string
  readonly says: string
  /** Whether the middle of each group bears its name. */
  readonly centred: boolean
  /** Groups that lie over the others. Default: none. */
  readonly onTop?: ReadonlySet<number>
  /** A group that is drawn as crosses in the ink of the text: what stands out. */
  readonly wrong?: number
  /** Whether these are degrees of longitude and latitude, drawn as a map: whole, and in proportion. Default: false. */
  readonly map?: boolean
}

/** A scatter: a dot for each row, or boxes where there are too many. */
export function scatterFigure(pen: Pen, cloud: Cloud, options: ScatterOptions): Figure {
  const { x, y, names } = cloud
  const { map } = options
  const windowFor = map === true ? padded : windowOf
  const xWindow = windowFor(x)
  const yWindow = windowFor(y)
  const outside = countOutside(cloud, xWindow, yWindow)
  const many = x.length > MOST_POINTS || isCrowded(x, y)
  const means = middlesOf(cloud)
  const middles = means.map((mean, group) => ({ ...mean, ...cloud.middles?.[group] }))
  const { plot } = pen
  const marks = many
    ? boxes(pen, cloud, xWindow, yWindow, options)
    : dots(pen, cloud, xWindow, yWindow, options)
  if (options.centred) {
    marks.push(
      plot.text(labelsOf(middles, xWindow, yWindow), {
        x: 'x',
        y: 'y',
        text: 'text',
        fill: 'var(--ink)',
        stroke: 'var(--paper)',
        strokeWidth: 4,
        fontSize: 15,
        fontWeight: 'bold',
      }),
    )
  }
  const edge =
    outside === 0
      ? ''
      : ` ${plural(outside, 'row')} beyond the edge ${outside === 1 ? 'is' : 'are'} drawn on it, so that the others can be told apart.`
  const whose =
    options.onTop === undefined
      ? 'Each box has the colour of the group with most rows in it, the fuller the stronger.'
      : 'Each box has the colour of the group with most rows in it; what stands out comes first, the other boxes are the fuller the stronger.'
  const form = many ? ` ${whose}` : ''
  const says = `${options.says}${form}${edge}`
  const inLogs = cloud.xAxis?.ticks !== undefined || cloud.yAxis?.ticks !== undefined
  const svg = pen.draw({
    title: options.title,
    description: says,
    width: 800,
    height: map === true ? mapHeight(xWindow, yWindow) : 460,
    marginLeft: 54,
    marginBottom: 40,
    x: {
      domain: [...xWindow],
      label: axisName(cloud.xTitle, 60),
      grid: true,
      ...writing(cloud.xAxis),
    },
    y: {
      domain: [...yWindow],
      label: axisName(cloud.yTitle, 60),
      grid: true,
      ...writing(cloud.yAxis),
    },
    legend:
      names.length > 1 && names.length <= 24
        ? names.map((label, at) => ({ label, ...lookIn(at, options) })).filter(({ label }) => label !== '')
        : [],
    marks,
  })
  return {
    name: options.name,
    title: options.title,
    says,
    svg,
    tableTitle: 'Where each group lies',
    table: {
      columns:
        cloud.middles === undefined
          ? titled('group', '#rows', '#mean across', '#sd across', '#mean up', '#sd up')
          : titled('group', '#rows', '#middle across', '#middle up'),
      rows: middles
        .filter(({ name }) => name !== '')
        .map(({ name, rows, x: across, y: up, sdX, sdY }) => {
          const places = [(cloud.xAxis?.text ?? brief)(across), (cloud.yAxis?.text ?? brief)(up)]
          const cells = cloud.middles === undefined ? [places[0], brief(sdX), places[1], brief(sdY)] : places
          return [name, whole(rows), ...(rows === 0 ? cells.map(() => '') : cells)]
        }),
      note: `Across: ${cloud.xTitle}. Up: ${cloud.yTitle}.${inLogs ? ' By the logarithm, means are geometric, and sd are its own.' : ''}`,
    },
  }
}

function writing(axis: Axis | undefined): { tickFormat?: Axis['text']; ticks?: number[] } {
  if (axis === undefined) return {}
  return { tickFormat: axis.text, ...(axis.ticks === undefined ? {} : { ticks: [...axis.ticks] }) }
}

/** Whether most rows lie on others, as on a coarse grid: dots would show only the last of them. */
function isCrowded(x: Float64Array, y: Float64Array): boolean {
  if (x.length < 200) return false
  const places = new Set<string>()
  for (let i = 0; i < x.length; i++) places.add(`${x[i]},${y[i]}`)
  return places.size < x.length / 3
}

function lookIn(group: number, { wrong }: ScatterOptions): Look {
  return group === wrong ? { color: 'var(--ink)', symbol: 'cross' } : lookOf(group)
}

function dots(
  { plot }: Pen,
  { x, y, groups }: Cloud,
  xWindow: Window,
  yWindow: Window,
  options: ScatterOptions,
): ReturnType<Pen['plot']['dot']>[] {
  const { onTop } = options
  const points = Array.from(x, (value, i) => ({
    x: clamp(value, xWindow),
    y: clamp(y[i], yWindow),
    group: groups[i],
    ...lookIn(groups[i], options),
  }))
  const radius = points.length > 2000 ? 2 : points.length > 400 ? 2.8 : 3.6
  const layer = (some: typeof points, r: number, opacity: number): ReturnType<Pen['plot']['dot']> =>
    plot.dot(some, {
      x: 'x',
      y: 'y',
      r,
      fill: { value: 'color', scale: null },
      symbol: 'symbol',
      fillOpacity: opacity,
    })
  if (onTop === undefined) return [layer(points, radius, 0.72)]
  return [
    layer(
      points.filter(({ group }) => !onTop.has(group)),
      radius,
      0.4,
    ),
    layer(
      points.filter(({ group }) => onTop.has(group)),
      radius + 1.2,
      0.95,
    ),
  ]
}

const across = 72
const upward = 44

function boxes(
  { plot }: Pen,
  { x, y, groups, names }: Cloud,
  xWindow: Window,
  yWindow: Window,
  options: ScatterOptions,
): ReturnType<Pen['plot']['dot']>[] {
  const { onTop } = options
  const counts = new Map<number, Uint32Array>()
  for (let i = 0; i < x.length; i++) {
    const box = placeIn(x[i], xWindow, across) * upward + placeIn(y[i], yWindow, upward)
    const own = counts.get(box) ?? new Uint32Array(names.length)
    own[groups[i]]++
    counts.set(box, own)
  }
  const wide = (xWindow[1] - xWindow[0]) / across
  const tall = (yWindow[1] - yWindow[0]) / upward
  const filled = [...counts].map(([box, own]) => {
    let group = 0
    let total = 0
    for (let g = 0; g < own.length; g++) {
      total += own[g]
      const first = onTop?.has(g) === true && own[g] > 0
      if (first || (own[g] > own[group] && onTop?.has(group) !== true)) group = g
    }
    const left = xWindow[0] + Math.floor(box / upward) * wide
    const bottom = yWindow[0] + (box % upward) * tall
    return { left, right: left + wide, bottom, top: bottom + tall, total, group }
  })
  const fullest = Math.log1p(filled.reduce((most, { total }) => Math.max(most, total), 1))
  return [
    plot.rect(filled, {
      x1: 'left',
      x2: 'right',
      y1: 'bottom',
      y2: 'top',
      inset: 0.2,
      fill: { value: ({ group }: (typeof filled)[number]) => lookIn(group, options).color, scale: null },
      fillOpacity: {
        value: ({ total, group }: (typeof filled)[number]) =>
          onTop?.has(group) === true ? 1 : 0.22 + (0.78 * Math.log1p(total)) / fullest,
        scale: null,
      },
    }),
  ]
}

/** The numbers of the groups in their middles, moved aside (or left out) where two would lie on each other. */
function labelsOf(
  middles: readonly Middle[],
  xWindow: Window,
  yWindow: Window,
): { readonly x: number; readonly y: number; readonly text: string }[] {
  const placed: { x: number; y: number; text: string }[] = []
  const [wide, tall] = [xWindow[1] - xWindow[0], yWindow[1] - yWindow[0]]
  const sizes = middles.map(({ rows }) => rows).sort((a, b) => b - a)
  const least = Math.max(1, sizes[Math.min(MOST_NAMES, sizes.length) - 1])
  for (const [group, middle] of middles.entries()) {
    if (middle.rows < least) continue
    const label = { x: clamp(middle.x, xWindow), y: clamp(middle.y, yWindow), text: String(group) }
    const step = label.x > xWindow[0] + wide / 2 ? -0.03 * wide : 0.03 * wide
    const hidden = (): boolean =>
      placed.some(
        (other) => Math.abs(other.x - label.x) < 0.024 * wide && Math.abs(other.y - label.y) < 0.04 * tall,
      )
    // A number far from its group would be worse than none.
    for (let moves = 0; moves < 3 && hidden(); moves++) label.x += step
    if (!hidden()) placed.push(label)
  }
  return placed
}

type Window = readonly [number, number]

/** The range of an axis: of all numbers, or of nearly all where few lie far away. */
function windowOf(values: Float64Array): Window {
  const sorted = Float64Array.from(values).sort()
  const [low, high] = [sorted[0], sorted[sorted.length - 1]]
  const [from, to] = [quantileOf(sorted, 0.005), quantileOf(sorted, 0.995)]
  const inner = to - from
  const [start, end] =
    inner > 0 && high - low > 2.5 * inner ? [from - inner * 0.15, to + inner * 0.15] : [low, high]
  return padded([Math.max(start, low), Math.min(end, high)])
}

/** The range of all numbers, with some room. */
function padded(values: ArrayLike<number>): Window {
  let [low, high] = [values[0], values[0]]
  for (let i = 1; i < values.length; i++) {
    low = Math.min(low, values[i])
    high = Math.max(high, values[i])
  }
  const pad = (high - low) * 0.03 || Math.abs(low) * 0.01 || 1
  return [low - pad, high + pad]
}

/** A height at which a degree has the same length in both directions in the middle of the map. */
function mapHeight(xWindow: Window, [south, north]: Window): number {
  const narrowing = Math.cos((((south + north) / 2) * Math.PI) / 180)
  const tall = (720 * (north - south)) / ((xWindow[1] - xWindow[0]) * Math.max(narrowing, 0.2))
  return Math.round(Math.min(720, Math.max(220, tall + 60)))
}

function clamp(value: number, [from, to]: Window): number {
  return Math.min(to, Math.max(from, value))
}

function placeIn(value: number, [from, to]: Window, places: number): number {
  return Math.min(places - 1, Math.max(0, Math.floor(((value - from) / (to - from)) * places)))
}

function countOutside({ x, y }: Cloud, xWindow: Window, yWindow: Window): number {
  let outside = 0
  for (let i = 0; i < x.length; i++) {
    if (clamp(x[i], xWindow) !== x[i] || clamp(y[i], yWindow) !== y[i]) outside++
  }
  return outside
}

interface Middle {
  readonly name: string
  readonly rows: number
  readonly x: number
  readonly y: number
  readonly sdX: number
  readonly sdY: number
}

function middlesOf({ x, y, groups, names }: Cloud): Middle[] {
  const sums = names.map(() => ({ rows: 0, x: 0, y: 0, xx: 0, yy: 0 }))
  for (let i = 0; i < x.length; i++) {
    const sum = sums[groups[i]]
    sum.rows++
    sum.x += x[i]
    sum.y += y[i]
  }
  for (let i = 0; i < x.length; i++) {
    const sum = sums[groups[i]]
    sum.xx += (x[i] - sum.x / sum.rows) ** 2
    sum.yy += (y[i] - sum.y / sum.rows) ** 2
  }
  return sums.map(({ rows, x: sx, y: sy, xx, yy }, g) => ({
    name: names[g],
    rows,
    x: sx / rows,
    y: sy / rows,
    sdX: Math.sqrt(xx / rows),
    sdY: Math.sqrt(yy / rows),
  }))
}
