// What stands for a group: a colour and a shape together, so that neither eyes nor printers can mix two up.

/** Colours that stay apart for colour-blind eyes; the style sheet has them for light and for dark. */
export const COLORS = 8

export type Shape = 'circle' | 'triangle' | 'square'

const shapes: readonly Shape[] = ['circle', 'triangle', 'square']

/** Groups that have a mark of their own: every pair of colour and shape comes once. */
export const MARKS = 24

/** The colour of a group, as an index. */
export function colorOf(group: number): number {
  return group % COLORS
}

/** The shape of a group. 8 and 3 have no common divisor, so that neighbours differ in both. */
export function shapeOf(group: number): Shape {
  return shapes[group % shapes.length]
}

/** The colour of a group for styles. */
export function fillOf(group: number): string {
  return group < 0 ? 'var(--none)' : `var(--g${colorOf(group)})`
}

/** A mark of one size, as a path around 0, 0. All shapes have the area of a circle of the radius. */
export function markPath(shape: Shape, radius: number): string {
  switch (shape) {
    case 'circle':
      return `M${-radius},0a${radius},${radius} 0 1,0 ${2 * radius},0a${radius},${radius} 0 1,0 ${-2 * radius},0Z`
    case 'square': {
      const half = radius * 0.8862
      return `M${-half},${-half}h${2 * half}v${2 * half}h${-2 * half}Z`
    }
    case 'triangle': {
      // Equilateral, its centre of gravity at 0, 0.
      const side = radius * 2.6935
      const height = side * 0.866
      return `M0,${(-2 * height) / 3}L${side / 2},${height / 3}H${-side / 2}Z`
    }
  }
}

type Color = readonly [number, number, number]

/** Colours by theme and name: asking the style sheet makes the browser work through the page. */
const known = new Map<string, string>()

/** A colour of the style sheet as it is now. */
export function inkNow(name: string): string {
  const key = `${document.documentElement.dataset.theme} ${name}`
  const color = known.get(key) ?? getComputedStyle(document.documentElement).getPropertyValue(name).trim()
  known.set(key, color)
  return color
}

/** The colours as they are now on the page: 8, and the one of nothing. */
export function paletteNow(): readonly Color[] {
  const names = [...Array.from({ length: COLORS }, (_, c) => `--g${c}`), '--none']
  return names.map((name): Color => {
    const value = Number.parseInt(inkNow(name).replace('#', ''), 16)
    return [(value >> 16) & 255, (value >> 8) & 255, value & 255]
  })
}

/** A value from 0 to 100 as a colour of the palette: from its blue over grey to its orange. */
export function mixed(colors: readonly Color[], value: number): Color {
  const [low, high, none] = [colors[0], colors[1], colors[COLORS]]
  const end = value < 50 ? low : high
  const share = Math.min(1, Math.abs(value - 50) / 50)
  const part = (c: 0 | 1 | 2): number => Math.round(none[c] + (end[c] - none[c]) * share)
  return [part(0), part(1), part(2)]
}
