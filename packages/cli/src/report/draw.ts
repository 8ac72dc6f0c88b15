import type { Markish, PlotOptions } from '@observablehq/plot'
import { shorten, visible, widthOf } from '../show/text.ts'
import { escaped } from './escape.ts'
import type { Look } from './palette.ts'

/** The charting library, loaded when the first chart is drawn: commands that draw none start without it. */
type Plot = typeof import('@observablehq/plot')

/** A group's name beside its look. */
interface LegendEntry extends Look {
  readonly label: string
}

/** What a chart is drawn from. */
interface Drawing extends PlotOptions {
  readonly title: string
  readonly description: string
  readonly legend?: readonly LegendEntry[]
  readonly marks: Markish[]
}

/** Draws charts as SVG text. */
export interface Pen {
  readonly plot: Plot
  draw(drawing: Drawing): string
}

/** Loads what draws. */
export async function openPen(): Promise<Pen> {
  const [plot, { parseHTML }] = await Promise.all([import('@observablehq/plot'), import('linkedom')])
  const { document } = parseHTML('<html><body></body></html>')
  return {
    plot,
    draw: ({ title, description, legend = [], ...options }) => {
      const width = options.width ?? 800
      const key = legendLines(legend, width)
      const drawn = plot.plot({
        style: { fontSize: '12px', color: 'var(--ink)', background: 'transparent' },
        ...options,
        width,
        height: options.height ?? 420,
        document,
      })
      // With a legend or a title Plot gives a figure, whose last svg is the chart.
      const found = /^svg$/i.test(drawn.tagName) ? drawn : [...drawn.querySelectorAll('svg')].at(-1)
      return finished(String(found?.outerHTML ?? ''), title, description, key)
    },
  }
}

let count = 0

/** Starts the numbers of charts again, so that equal pages are equal to the byte. */
export function startNumbers(): void {
  count = 0
}

/** The chart with namespace, title and description; without a style sheet; with fewer decimals. */
function finished(svg: string, title: string, description: string, key: Legend): string {
  const id = `chart-${++count}`
  const head =
    `<title id="${id}-title">${escaped(title)}</title>` +
    `<desc id="${id}-desc">${escaped(description)}</desc>`
  return (
    svg
      .replace(/<style>[\s\S]*?<\/style>/, '')
      .replace(/<[^>]+>/g, (tag) =>
        tag
          .replace(/(\.\d\d)\d+/g, '$1')
          .replace(/ aria-label="[^"]*"| aria-hidden="[^"]*"| class="[^"]*"/g, ''),
      )
      .replace(/ font-family="[^"]*"/, ` font-family="${fonts}"`)
      // The legend stands above the chart, outside of the box that Plot knows.
      .replace(
        / viewBox="0 0 (\d+) (\d+)" height="\d+"/,
        (_, width: string, height: string) =>
          ` viewBox="0 ${-key.height} ${width} ${Number(height) + key.height}" height="${Number(height) + key.height}"`,
      )
      .replace(
        /^<svg/,
        `<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-labelledby="${id}-title ${id}-desc"`,
      )
      .replace(/^(<svg[^>]*>)/, `$1${head}`)
      .replace(/<\/svg>$/, `${key.svg}</svg>`)
  )
}

/** Fonts that systems have: a chart in a file finds one of them without a style sheet. */
const fonts = 'system-ui, Helvetica, Arial, Liberation Sans, DejaVu Sans, Noto Sans, sans-serif'

interface Legend {
  readonly svg: string
  readonly height: number
}

/** The legend as lines above the chart. */
function legendLines(legend: readonly LegendEntry[], width: number): Legend {
  if (legend.length === 0) return { svg: '', height: 0 }
  let x = 8
  let y = 12
  let svg = ''
  for (const { label, color, symbol } of legend) {
    const text = shorten(visible(label), 32)
    const wide = 22 + widthOf(text) * 7
    if (x > 8 && x + wide > width) {
      x = 8
      y += 20
    }
    svg +=
      `<g transform="translate(${x + 5},${y})"><path d="${shapes[symbol]}" fill="${color}"/>` +
      `<text x="11" dy="0.35em" text-anchor="start">${escaped(text)}</text></g>`
    x += wide
  }
  const height = y + 16
  return { svg: `<g font-size="12" transform="translate(0,${-height})">${svg}</g>`, height }
}

/** The shapes of Plot's symbols, in a box of ten. */
const shapes: Readonly<Record<Look['symbol'], string>> = {
  circle: 'M5,0A5,5,0,1,1,-5,0A5,5,0,1,1,5,0Z',
  square: 'M-4.5,-4.5H4.5V4.5H-4.5Z',
  triangle: 'M0,-5.5L5.5,4.2H-5.5Z',
  diamond: 'M0,-6L3.8,0L0,6L-3.8,0Z',
  cross: 'M-5,-1.8H-1.8V-5H1.8V-1.8H5V1.8H1.8V5H-1.8V1.8H-5Z',
  star: 'M0,-6L1.4,-1.9H5.7L2.2,0.7L3.5,4.9L0,2.3L-3.5,4.9L-2.2,0.7L-5.7,-1.9H-1.4Z',
  wye: 'M-1.6,5V1L-5.2,-1.1L-3.6,-3.9L0,-1.8L3.6,-3.9L5.2,-1.1L1.6,1V5Z',
}

/** A margin that holds these labels. */
export function marginFor(labels: readonly string[]): number {
  return Math.min(240, 14 + Math.max(...labels.map(widthOf), 3) * 7)
}

/** A name from the data, fit for an axis. */
export function axisName(name: string, most = 26): string {
  return shorten(visible(name), most)
}
