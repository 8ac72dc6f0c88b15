import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { Cancelled } from '../compute/desk.ts'
import type { Places } from '../compute/tasks.ts'
import { fillOf, inkNow, markPath, paletteNow, shapeOf } from '../marks.ts'
import { count, percent } from '../numbers.ts'
import { Segments } from '../parts.tsx'
import { theme } from '../theme.ts'
import { AxisChoice } from './axis-choice.tsx'
import type { Frame, FromPainter, ToPainter } from './painter.ts'
import { axisOf, change, desk, picked, roles, settings, table, trouble, wordsFor } from './state.ts'
import { ticksOf, type Tick } from './ticks.ts'

/** The painter: one worker for the page, so that a picture moves while the other worker computes. */
let painter: Worker | null = null
function painterNow(): Worker {
  painter ??= new Worker(new URL('./painter.ts', import.meta.url), { type: 'module' })
  return painter
}

/** The longest name on an axis; of more names than that in view, only some. */
const LONGEST = 16
const MOST = 8

/** Texts along an axis, as ticks; null where it is one of numbers. */
function namesIn(names: readonly string[] | null, from: number, to: number): Tick[] | null {
  if (names === null) return null
  const shown = names
    .map((name, at) => ({ at, text: name.length > LONGEST ? `${name.slice(0, LONGEST - 1)}…` : name }))
    .filter(({ at }) => at >= from && at <= to)
  const every = Math.ceil(shown.length / MOST)
  return shown.filter((_, i) => i % every === 0)
}

const whole: Frame = { left: 0, right: 1, bottom: 0, top: 1 }

/**
 * The rows as points, along two columns or principal components: move by dragging, zoom with the wheel, pick with the
 * lasso. A worker paints; while it does, the last picture is moved along.
 */
export function Scatter(props: {
  /** The group of each table row, −1 for none; null: all alike. */
  readonly groups: Int16Array | null
  readonly count: number
  /** Whether hubs show where groups have their middles. */
  readonly hubs: boolean
  /** A group that is drawn over the others. */
  readonly raised?: number
  /** Whether the picture begins with all rows in view, the far ones too. */
  readonly whole?: boolean
  readonly height?: number
}): JSX.Element {
  const holder = useRef<HTMLDivElement>(null)
  const canvas = useRef<HTMLCanvasElement>(null)
  const view = useSignal<Frame>(whole)
  const extent = useSignal<Frame>(whole)
  const rings = useSignal<readonly (readonly [number, number])[]>([])
  const outside = useSignal(0)
  const hubs = useSignal<readonly (readonly [number, number])[]>([])
  const width = useSignal(640)
  const height = props.height ?? 440
  const mode = useSignal<'move' | 'lasso'>('move')
  const loop = useSignal<readonly (readonly [number, number])[]>([])
  const shares = useSignal<readonly number[]>([])
  /** Where the axes begin: frames and points count from there. */
  const origin = useSignal({ x: 0, y: 0 })
  const names = useSignal<Places['names']>({ x: null, y: null })
  /** The table's row of each point. */
  const rowsOf = useRef<Uint32Array | null>(null)
  const points = useRef(0)
  const busy = useRef(false)
  const again = useRef(false)
  const painted = useRef<Frame>(whole)
  /** What lies along the axes of the points that the painter has; asked for, and there. */
  const axes = useRef({ asked: '', there: '' })
  const ready = useSignal(0)
  const { x, y, columns, scale, missing } = settings.value
  const edition = table.value?.edition

  const send = (message: ToPainter, transfer: Transferable[] = []): void =>
    painterNow().postMessage(message, transfer)

  const place = (): void => {
    const target = canvas.current
    if (target === null) return
    const [from, to] = [painted.current, view.peek()]
    const sx = (from.right - from.left) / (to.right - to.left)
    const sy = (from.top - from.bottom) / (to.top - to.bottom)
    const dx = ((from.left - to.left) / (to.right - to.left)) * width.peek()
    const dy = ((to.top - from.top) / (to.top - to.bottom)) * height
    target.style.transform = `translate(${dx}px, ${dy}px) scale(${sx}, ${sy})`
  }
  const paint = (): void => {
    if (points.current === 0) return
    if (busy.current) {
      again.current = true
      return
    }
    busy.current = true
    send({
      type: 'paint',
      id: 0,
      frame: view.peek(),
      width: width.peek(),
      height,
      scale: Math.min(2, devicePixelRatio),
      colors: paletteNow(),
      paper: inkNow('--card'),
    })
  }
  const show = (next: Frame): void => {
    view.value = next
    place()
    paint()
  }

  useEffect(() => {
    const worker = painterNow()
    const hear = ({ data }: MessageEvent<FromPainter>): void => {
      switch (data.type) {
        case 'extent':
          extent.value = data.extent
          axes.current.there = axes.current.asked
          ready.value++
          outside.value = props.whole === true ? 0 : data.outside
          show(props.whole === true ? data.extent : data.bulk)
          return
        case 'hubs':
          hubs.value = data.hubs
          return
        case 'painted': {
          const target = canvas.current
          const pen = target?.getContext('bitmaprenderer')
          if (target !== null && pen !== null && pen !== undefined) {
            target.width = data.bitmap.width
            target.height = data.bitmap.height
            pen.transferFromImageBitmap(data.bitmap)
          }
          painted.current = data.frame
          place()
          busy.current = false
          holder.current?.setAttribute('data-axes', axes.current.there)
          holder.current?.setAttribute(
            'data-paints',
            String(Number(holder.current.getAttribute('data-paints') ?? 0) + 1),
          )
          if (again.current) {
            again.current = false
            paint()
          }
          return
        }
        case 'inside':
          picked.value = rowsOf.current === null ? data.points : data.points.map(rowAt)
          return
        case 'places':
          rings.value = data.places
          return
        case 'nearest':
          if (data.point >= 0) picked.value = Uint32Array.of(rowAt(data.point))
      }
    }
    const rowAt = (point: number): number => rowsOf.current?.[point] ?? point
    worker.addEventListener('message', hear)
    worker.addEventListener('error', () => {
      trouble.value =
        'The worker that draws could not be started. Allow worker scripts for this page and reload.'
    })
    return () => worker.removeEventListener('message', hear)
  }, [])

  useEffect(() => {
    const box = holder.current
    if (box === null) return
    const watch = new ResizeObserver(() => {
      width.value = box.clientWidth
      place()
      paint()
    })
    watch.observe(box)
    width.value = box.clientWidth
    return () => watch.disconnect()
  }, [])

  const usesComponents = x.startsWith('pc:') || y.startsWith('pc:')
  useEffect(() => {
    if (edition === undefined) return
    if (usesComponents && columns.length === 0) return
    const stop = new AbortController()
    desk
      .ask('places', { roles: roles(), x: axisOf(x), y: axisOf(y) }, { signal: stop.signal })
      .then((found) => {
        rowsOf.current = found.rows
        points.current = found.x.length
        shares.value = found.shares
        origin.value = found.origin
        names.value = found.names
        busy.current = false
        axes.current.asked = `${x} ${y}`
        send({ type: 'points', x: found.x, y: found.y }, [found.x.buffer, found.y.buffer])
      })
      .catch((error: unknown) => {
        if (!(error instanceof Cancelled)) trouble.value = wordsFor(error)
      })
    return () => stop.abort()
  }, [edition, x, y, ...(usesComponents ? [columns, scale, missing] : [])])

  useEffect(() => {
    if (ready.value === 0) return
    const { groups } = props
    const rows = rowsOf.current
    const placed =
      groups === null ? null : rows === null ? groups.slice() : Int16Array.from(rows, (row) => groups[row])
    send({ type: 'groups', groups: placed, count: props.count, raised: props.raised ?? -1 })
    paint()
  }, [props.groups, props.count, ready.value])

  useEffect(paint, [theme.value])

  // Rings around the rows that were picked, while they are few enough to be seen.
  const chosen = picked.value
  useEffect(() => {
    if (chosen.length === 0 || chosen.length > 200 || ready.value === 0) {
      rings.value = []
      return
    }
    const rows = rowsOf.current
    const asked = Uint32Array.from(
      Array.from(chosen, (row) => (rows === null ? row : rows.indexOf(row))).filter((point) => point >= 0),
    )
    send({ type: 'where', id: 0, points: asked })
  }, [chosen, ready.value])

  const placeAt = ([x, y]: readonly [number, number]): readonly [number, number] => {
    const box = holder.current?.getBoundingClientRect()
    if (box === undefined) return [0, 0]
    const { left, right, bottom, top } = view.peek()
    return [
      left + ((x - box.left) / box.width) * (right - left),
      top - ((y - box.top) / height) * (top - bottom),
    ]
  }
  const at = (event: PointerEvent | WheelEvent): readonly [number, number] =>
    placeAt([event.clientX, event.clientY])
  const zoom = (factor: number, [cx, cy]: readonly [number, number]): void => {
    const { left, right, bottom, top } = view.peek()
    show({
      left: cx + (left - cx) * factor,
      right: cx + (right - cx) * factor,
      bottom: cy + (bottom - cy) * factor,
      top: cy + (top - cy) * factor,
    })
  }
  const move = (dx: number, dy: number): void => {
    const { left, right, bottom, top } = view.peek()
    const [mx, my] = [dx * (right - left), dy * (top - bottom)]
    show({ left: left + mx, right: right + mx, bottom: bottom + my, top: top + my })
  }
  const grabbed = useRef<{
    readonly x: number
    readonly y: number
    readonly frame: Frame
    moved: boolean
  } | null>(null)
  /** Fingers on the picture: two of them zoom. */
  const fingers = useRef(new Map<number, { readonly x: number; readonly y: number }>())
  const pinch = (): { readonly apart: number; readonly middle: readonly [number, number] } => {
    const [a, b] = [...fingers.current.values()]
    return { apart: Math.hypot(a.x - b.x, a.y - b.y), middle: [(a.x + b.x) / 2, (a.y + b.y) / 2] }
  }
  const pick = (place: readonly [number, number], reach: number): void => {
    const { left, right, bottom, top } = view.peek()
    send({
      type: 'near',
      id: 0,
      x: place[0],
      y: place[1],
      reachX: (reach / width.peek()) * (right - left),
      reachY: (reach / height) * (top - bottom),
    })
  }
  /** By keys: the corner of a rectangle that is being marked; the cross in the middle is the other one. */
  const corner = useSignal<readonly [number, number] | null>(null)
  const rectangle = (): readonly (readonly [number, number])[] => {
    if (corner.value === null) return []
    const [[x0, y0], [x1, y1]] = [corner.value, middle()]
    return [
      [x0, y0],
      [x1, y0],
      [x1, y1],
      [x0, y1],
    ]
  }
  const middle = (): readonly [number, number] => {
    const { left, right, bottom, top } = view.peek()
    return [(left + right) / 2, (bottom + top) / 2]
  }
  const nothing = usesComponents && columns.length === 0
  const frame = view.value
  const from = origin.value
  const px = (value: number): number => ((value - frame.left) / (frame.right - frame.left)) * width.value
  const py = (value: number): number => ((frame.top - value) / (frame.top - frame.bottom)) * height
  const dateAxis = (id: string): boolean =>
    table.value?.summaries.some(({ name, type }) => `c:${name}` === id && type === 'date') ?? false

  return (
    <div class="stack">
      <div class="row">
        <AxisChoice name="x" label="→" value={x} onPick={(value) => change({ x: value })} />
        <AxisChoice name="y" label="↑" value={y} onPick={(value) => change({ y: value })} />
        <span class="row push">
          <Segments
            label="Dragging"
            value={mode.value}
            onPick={(value) => (mode.value = value)}
            options={[
              { value: 'move', text: 'Move' },
              { value: 'lasso', text: 'Lasso' },
            ]}
          />
          <button
            type="button"
            class="plain"
            onClick={() => {
              outside.value = 0
              show(extent.peek())
            }}
          >
            Whole
          </button>
        </span>
      </div>
      <div
        ref={holder}
        class="plot"
        style={{ height: `${height}px`, cursor: mode.value === 'lasso' ? 'crosshair' : 'grab' }}
        role="application"
        tabIndex={0}
        data-plot
        aria-label={`Scatter of ${count(points.current)} rows. Arrow keys move, plus and minus zoom, 0 shows the whole. Enter picks the row next to the cross in the middle; Space there marks one corner of a rectangle, and again the other, and picks the rows in it.`}
        onKeyDown={(event) => {
          const keys: Readonly<Record<string, () => void>> = {
            ArrowLeft: () => move(-0.1, 0),
            ArrowRight: () => move(0.1, 0),
            ArrowUp: () => move(0, 0.1),
            ArrowDown: () => move(0, -0.1),
            '+': () => zoom(0.8, middle()),
            '=': () => zoom(0.8, middle()),
            '-': () => zoom(1.25, middle()),
            '0': () => show(extent.peek()),
            // The nearest row in view, however far.
            Enter: () => pick(middle(), Math.max(width.peek(), height)),
            ' ': () => {
              if (corner.peek() === null) corner.value = middle()
              else {
                send({ type: 'loop', id: 0, corners: rectangle() })
                corner.value = null
              }
            },
            Escape: () => {
              if (corner.peek() === null) picked.value = new Uint32Array(0)
              else corner.value = null
            },
          }
          if (!Object.hasOwn(keys, event.key)) return
          event.preventDefault()
          keys[event.key]()
        }}
        onWheel={(event) => {
          event.preventDefault()
          zoom(Math.exp(Math.min(60, Math.max(-60, event.deltaY)) * 0.004), at(event))
        }}
        onPointerDown={(event) => {
          if (event.button !== 0) return
          event.currentTarget.setPointerCapture(event.pointerId)
          fingers.current.set(event.pointerId, { x: event.clientX, y: event.clientY })
          if (fingers.current.size > 1) {
            grabbed.current = null
            loop.value = []
            return
          }
          if (mode.peek() === 'lasso' || event.shiftKey) loop.value = [at(event)]
          else grabbed.current = { x: event.clientX, y: event.clientY, frame: view.peek(), moved: false }
        }}
        onPointerMove={(event) => {
          if (fingers.current.size === 2 && fingers.current.has(event.pointerId)) {
            const before = pinch()
            fingers.current.set(event.pointerId, { x: event.clientX, y: event.clientY })
            const now = pinch()
            if (before.apart === 0 || now.apart === 0) return
            zoom(before.apart / now.apart, placeAt(before.middle))
            move(
              (before.middle[0] - now.middle[0]) / width.peek(),
              (now.middle[1] - before.middle[1]) / height,
            )
            return
          }
          if (fingers.current.has(event.pointerId))
            fingers.current.set(event.pointerId, { x: event.clientX, y: event.clientY })
          if (loop.peek().length > 0) {
            loop.value = [...loop.peek(), at(event)]
            return
          }
          const held = grabbed.current
          if (held === null) return
          const [dx, dy] = [event.clientX - held.x, event.clientY - held.y]
          if (!held.moved && Math.abs(dx) + Math.abs(dy) < 4) return
          held.moved = true
          const { left, right, bottom, top } = held.frame
          const [mx, my] = [(dx / width.peek()) * (right - left), (dy / height) * (top - bottom)]
          show({ left: left - mx, right: right - mx, bottom: bottom + my, top: top + my })
        }}
        onPointerUp={(event) => {
          fingers.current.delete(event.pointerId)
          const [left] = [...fingers.current.values()]
          if (left !== undefined) {
            // The finger that stays goes on moving the picture.
            grabbed.current = { ...left, frame: view.peek(), moved: true }
            return
          }
          if (loop.peek().length > 2) send({ type: 'loop', id: 0, corners: loop.peek() })
          else if (grabbed.current !== null && !grabbed.current.moved) pick(at(event), 10)
          loop.value = []
          grabbed.current = null
        }}
        onPointerCancel={(event) => {
          fingers.current.delete(event.pointerId)
          loop.value = []
          grabbed.current = null
        }}
      >
        {nothing ? (
          <p class="small quiet">
            No column is in use. Choose at least one on the left, or draw two columns.
          </p>
        ) : null}
        <canvas
          ref={canvas}
          style={{ height: `${height}px`, visibility: nothing ? 'hidden' : 'visible' }}
          aria-hidden="true"
        />
        <svg aria-hidden="true" style={{ visibility: nothing ? 'hidden' : 'visible' }}>
          {(
            namesIn(names.value.x, frame.left, frame.right) ??
            ticksOf(frame.left + from.x, frame.right + from.x, width.value / 140, dateAxis(x))
          )
            .map(({ at: tick, text }) => ({ place: px(tick - from.x), text }))
            .filter(({ place: along }) => along > 48 && along < width.value - 24)
            .map(({ place: along, text }, i) => (
              <g key={i}>
                <line class="axis" x1={along} x2={along} y1={height - 4} y2={height} />
                <text x={along} y={height - 8} text-anchor="middle">
                  {text}
                </text>
              </g>
            ))}
          {(
            namesIn(names.value.y, frame.bottom, frame.top) ??
            ticksOf(frame.bottom + from.y, frame.top + from.y, 5, dateAxis(y))
          )
            .map(({ at: tick, text }) => ({ place: py(tick - from.y), text }))
            .filter(({ place: up }) => up > 12 && up < height - 24)
            .map(({ place: up, text }, i) => (
              <g key={i}>
                <line class="axis" x1="0" x2="4" y1={up} y2={up} />
                <text x="8" y={up + 4}>
                  {text}
                </text>
              </g>
            ))}
          {props.hubs
            ? hubs.value.map(([hx, hy], group) =>
                Number.isNaN(hx) ? null : (
                  <g key={group} transform={`translate(${px(hx)} ${py(hy)})`}>
                    <path class="hub" d={markPath(shapeOf(group), 9)} style={{ fill: fillOf(group) }} />
                    <text y="4" text-anchor="middle" style={{ fill: 'var(--card)', fontWeight: '700' }}>
                      {group}
                    </text>
                  </g>
                ),
              )
            : null}
          {rings.value.map(([rx, ry], i) =>
            Number.isNaN(rx + ry) ? null : <circle key={i} class="picked" cx={px(rx)} cy={py(ry)} r="7" />,
          )}
          {[loop.value, rectangle()].map((corners, i) =>
            corners.length < 2 ? null : (
              <polygon
                key={i}
                class="loop"
                points={corners.map(([lx, ly]) => `${px(lx)},${py(ly)}`).join(' ')}
              />
            ),
          )}
          <path
            class="cross"
            d={`M${width.value / 2 - 10},${height / 2}h20M${width.value / 2},${height / 2 - 10}v20`}
          />
        </svg>
      </div>
      <p class="tiny quiet">
        {outside.value > 0
          ? `${count(outside.value)} far rows lie outside this view: Whole shows them. `
          : ''}
        {shares.value.length > 0 && usesComponents
          ? `Components are directions in which the scaled columns spread most; those drawn hold ${percent(
              [x, y]
                .filter((id) => id.startsWith('pc:'))
                .reduce((sum, id) => sum + (shares.value[Number(id.slice(3))] ?? 0), 0),
            )} of the spread.`
          : 'Each mark is a row.'}{' '}
        Drag to move, wheel or two fingers to zoom, lasso (or Shift and drag) to pick rows; by keys arrows, +
        and −, Enter and Space{props.hubs ? '; large marks are the middles of the clusters' : ''}.
      </p>
    </div>
  )
}
