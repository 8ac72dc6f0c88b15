import type { JSX } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { colorOf, inkNow, markPath, mixed, paletteNow, shapeOf, type Shape } from '../marks.ts'
import { theme } from '../theme.ts'
import { type Dot, HEIGHT, WIDTH } from './lesson.ts'

const RADIUS = 1.05

/** The outline of each shape around 0, made once. */
const outlines = new Map<Shape, Path2D>()
function outlineOf(shape: Shape): Path2D {
  const made = outlines.get(shape) ?? new Path2D(markPath(shape, RADIUS))
  outlines.set(shape, made)
  return made
}

/**
 * The points: in one colour, by group, or by value. One canvas for all of them: with an element each, drawing points
 * would cost more than all else on the page.
 */
export function Dots(props: {
  readonly points: readonly Dot[]
  /** A group each, −1 for none; null: all alike. */
  readonly groups: ArrayLike<number> | null
  /** Whether colour stands for a value from 0 to 100. */
  readonly values?: boolean
  readonly lit: boolean
}): JSX.Element {
  const { points, groups, values = false, lit } = props
  const canvas = useRef<HTMLCanvasElement>(null)
  const draw = useRef(() => {})
  const wide = useRef(0)
  draw.current = () => {
    const target = canvas.current
    const pen = target?.getContext('2d')
    if (target === null || pen === null || pen === undefined) return
    const width = Math.round(wide.current * Math.max(1, devicePixelRatio))
    const height = Math.round((width * HEIGHT) / WIDTH)
    if (width === 0) return
    if (target.width !== width || target.height !== height) {
      target.width = width
      target.height = height
    }
    const unit = width / WIDTH
    const colors = paletteNow()
    pen.setTransform(1, 0, 0, 1, 0, 0)
    pen.clearRect(0, 0, width, height)
    pen.lineWidth = lit ? 0.7 : 0.25
    pen.strokeStyle = inkNow(lit ? '--accent' : '--paper')
    for (const [i, dot] of points.entries()) {
      const group = groups === null ? -1 : groups[i]
      const color = values ? mixed(colors, dot.value) : colors[group < 0 ? colors.length - 1 : colorOf(group)]
      const outline = outlineOf(values || group < 0 ? 'circle' : shapeOf(group))
      pen.setTransform(unit, 0, 0, unit, dot.x * unit, dot.y * unit)
      pen.fillStyle = `rgb(${color.join(' ')})`
      pen.fill(outline)
      pen.stroke(outline)
    }
  }
  useEffect(() => {
    const target = canvas.current
    if (target === null) return
    const watch = new ResizeObserver(([entry]) => {
      wide.current = entry.contentRect.width
      draw.current()
    })
    watch.observe(target)
    return () => watch.disconnect()
  }, [])
  useEffect(() => draw.current(), [points, groups, values, lit, theme.value])
  return <canvas ref={canvas} class="dots" aria-hidden="true" data-dots={points.length} />
}
