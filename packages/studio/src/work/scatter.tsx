import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { Cancelled } from '../compute/desk.ts'
import { fillOf, markPath, paletteNow, shapeOf } from '../marks.ts'
import { count, percent } from '../numbers.ts'
import { Segments } from '../parts.tsx'
import { theme } from '../theme.ts'
import type { Frame, FromPainter, ToPainter } from './painter.ts'
import {
  axisOf,
  change,
  clusterName,
  desk,
  picked,
  roles,
  settings,
  table,
  trouble,
  wordsFor,
} from './state.ts'
import { ticksOf, tickText } from './ticks.ts'

/** The painter: one worker for the page, so that a picture moves while the other worker computes. */
let painter: Worker | null = null
function painterNow(): Worker {
  painter ??= new Worker(new URL('./painter.ts', import.meta.url), { type: 'module' })
  return painter
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
  /** The table's row of each point. */
  const rowsOf = useRef<Uint32Array | null>(null)
  const points = useRef(0)
  const busy = useRef(false)
  const again = useRef(false)
  const painted = useRef<Frame>(whole)
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
      paper: getComputedStyle(document.documentElement).getPropertyValue('--card').trim(),
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
        busy.current = false
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

  const at = (event: PointerEvent | WheelEvent): readonly [number, number] => {
    const box = holder.current?.getBoundingClientRect()
    if (box === undefined) return [0, 0]
    const { left, right, bottom, top } = view.peek()
    return [
      left + ((event.clientX - box.left) / box.width) * (right - left),
      top - ((event.clientY - box.top) / height) * (top - bottom),
    ]
  }
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
  const apart = (): number => {
    const [a, b] = [...fingers.current.values()]
    return Math.hypot(a.x - b.x, a.y - b.y)
  }
  const middle = (): readonly [number, number] => {
    const { left, right, bottom, top } = view.peek()
    return [(left + right) / 2, (bottom + top) / 2]
  }
  const frame = view.value
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
        aria-label={`Scatter of ${count(points.current)} rows. Arrow keys move, plus and minus zoom, 0 shows the whole.`}
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
            Escape: () => (picked.value = new Uint32Array(0)),
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
            const before = apart()
            fingers.current.set(event.pointerId, { x: event.clientX, y: event.clientY })
            const now = apart()
            if (before > 0 && now > 0) zoom(before / now, at(event))
            return
          }
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
          if (loop.peek().length > 2) send({ type: 'loop', id: 0, corners: loop.peek() })
          else if (grabbed.current !== null && !grabbed.current.moved) {
            const [cx, cy] = at(event)
            const { left, right, bottom, top } = view.peek()
            send({
              type: 'near',
              id: 0,
              x: cx,
              y: cy,
              reachX: (10 / width.peek()) * (right - left),
              reachY: (10 / height) * (top - bottom),
            })
          }
          loop.value = []
          grabbed.current = null
        }}
        onPointerCancel={(event) => {
          fingers.current.delete(event.pointerId)
          loop.value = []
          grabbed.current = null
        }}
      >
        <canvas ref={canvas} style={{ height: `${height}px` }} aria-hidden="true" />
        <svg aria-hidden="true">
          {ticksOf(frame.left, frame.right, width.value / 140)
            .filter((tick) => px(tick) > 48 && px(tick) < width.value - 24)
            .map((tick) => (
              <g key={tick}>
                <line class="axis" x1={px(tick)} x2={px(tick)} y1={height - 4} y2={height} />
                <text x={px(tick)} y={height - 8} text-anchor="middle">
                  {tickText(tick, dateAxis(x))}
                </text>
              </g>
            ))}
          {ticksOf(frame.bottom, frame.top, 5)
            .filter((tick) => py(tick) > 12 && py(tick) < height - 24)
            .map((tick) => (
              <g key={tick}>
                <line class="axis" x1="0" x2="4" y1={py(tick)} y2={py(tick)} />
                <text x="8" y={py(tick) + 4}>
                  {tickText(tick, dateAxis(y))}
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
          {loop.value.length > 1 ? (
            <polygon class="loop" points={loop.value.map(([lx, ly]) => `${px(lx)},${py(ly)}`).join(' ')} />
          ) : null}
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
        Drag to move, wheel to zoom, lasso (or Shift and drag) to pick rows
        {props.hubs ? '; large marks are the middles of the clusters' : ''}.
      </p>
    </div>
  )
}

function AxisChoice(props: {
  readonly name: string
  readonly label: string
  readonly value: string
  readonly onPick: (value: string) => void
}): JSX.Element {
  const { columns } = settings.value
  const components = Math.min(4, Math.max(1, columns.length))
  return (
    <label class="field">
      <span aria-hidden="true">{props.label}</span>
      <span class="hidden-text">Axis {props.name}</span>
      <select
        value={props.value}
        data-axis={props.name}
        style={{ width: '160px' }}
        onChange={(event) => props.onPick(event.currentTarget.value)}
      >
        {Array.from({ length: components }, (_, c) => (
          <option key={c} value={`pc:${c}`}>
            component {c + 1}
          </option>
        ))}
        {table.value?.summaries.map(({ name }) => (
          <option key={name} value={`c:${name}`}>
            {name}
          </option>
        ))}
      </select>
    </label>
  )
}

/** The rows that were picked, as text. */
export function PickedRows(props: { readonly labels: Int16Array | null }): JSX.Element | null {
  const rows = picked.value
  const cells = useSignal<readonly (readonly string[])[]>([])
  useEffect(() => {
    if (rows.length === 0) {
      cells.value = []
      return
    }
    let stale = false
    desk
      .ask('cells', { rows: Array.from(rows.subarray(0, 100)), columns: null })
      .then((found) => {
        if (!stale) cells.value = found
      })
      .catch(() => {})
    return () => {
      stale = true
    }
  }, [rows])
  if (rows.length === 0) return null
  const { labels } = props
  const names = table.value?.summaries.map(({ name }) => name) ?? []
  const shares = new Map<number, number>()
  if (labels !== null) for (const row of rows) shares.set(labels[row], (shares.get(labels[row]) ?? 0) + 1)
  return (
    <section class="stack" aria-label="Picked rows" data-picked={rows.length}>
      <div class="row">
        <h3>
          {count(rows.length)} {rows.length === 1 ? 'row' : 'rows'} picked
        </h3>
        <span class="small quiet">
          {[...shares]
            .sort((a, b) => b[1] - a[1])
            .map(([group, size]) => `${group < 0 ? 'left out' : clusterName(group)} ${count(size)}`)
            .join(', ')}
        </span>
        <button type="button" class="plain push" onClick={() => (picked.value = new Uint32Array(0))}>
          Let go
        </button>
      </div>
      <div
        class="scroll"
        style={{ maxHeight: '280px' }}
        tabIndex={0}
        role="group"
        aria-label="Picked rows, as a table"
      >
        <table class="grid">
          <thead>
            <tr>
              <th scope="col">row</th>
              {labels === null ? null : <th scope="col">cluster</th>}
              {names.map((name) => (
                <th key={name} scope="col">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {cells.value.map((row, i) => (
              <tr key={rows[i]}>
                <th scope="row">{rows[i]}</th>
                {labels === null ? null : <td>{labels[rows[i]] < 0 ? '–' : labels[rows[i]]}</td>}
                {row.map((cell, j) => (
                  <td key={names[j]}>{cell.length > 40 ? `${cell.slice(0, 39)}…` : cell}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {rows.length > 100 ? <p class="tiny quiet">The first 100 are shown.</p> : null}
    </section>
  )
}
