import type { ComponentChildren, JSX } from 'preact'
import { useRef } from 'preact/hooks'
import { HEIGHT, spotAt, type Spot, WIDTH } from './lesson.ts'
import { apply, lesson, tool } from './state.ts'

let strokes = 0

/**
 * One board: points and whatever a panel draws over them. Pressing and moving uses the tool that is chosen; so do the
 * keys: arrows move the query, which is the cursor, and Enter uses the tool there.
 */
export function Board(props: {
  readonly name: 'kmeans' | 'knn'
  readonly label: string
  /** Pictures behind everything. */
  readonly behind?: ComponentChildren
  /** What is drawn under the points. */
  readonly under: ComponentChildren
  readonly dots: ComponentChildren
  readonly children: ComponentChildren
}): JSX.Element {
  const down = useRef<string | null>(null)
  const placeOf = (event: PointerEvent & { readonly currentTarget: SVGSVGElement }): Spot => {
    const box = event.currentTarget.getBoundingClientRect()
    return spotAt(
      ((event.clientX - box.left) / box.width) * WIDTH,
      ((event.clientY - box.top) / box.height) * HEIGHT,
    )
  }
  const last = useRef<Spot>({ x: -99, y: -99 })
  const use = (place: Spot): void => {
    if (down.current === null) return
    // Drawn points keep a little apart.
    const far = (place.x - last.current.x) ** 2 + (place.y - last.current.y) ** 2 > 5
    if (tool.peek() === 'point' && !far) return
    last.current = place
    apply(place, props.name, down.current)
  }
  const onKeyDown = (event: KeyboardEvent): void => {
    const step = event.shiftKey ? 5 : 1
    const { query } = lesson.peek()
    const moves: Readonly<Record<string, readonly [number, number]>> = {
      ArrowLeft: [-step, 0],
      ArrowRight: [step, 0],
      ArrowUp: [0, -step],
      ArrowDown: [0, step],
    }
    const move = Object.hasOwn(moves, event.key) ? moves[event.key] : undefined
    if (move !== undefined) {
      event.preventDefault()
      const before = tool.peek()
      tool.value = 'query'
      apply({ x: query.x + move[0], y: query.y + move[1] }, props.name, 'keys')
      tool.value = before
    } else if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault()
      strokes++
      apply(query, props.name, `key ${strokes}`)
    }
  }
  return (
    <div class="board">
      {props.behind}
      <svg class="under" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} aria-hidden="true">
        {props.under}
      </svg>
      {props.dots}
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        role="application"
        tabindex={0}
        aria-label={props.label}
        aria-describedby="board-keys"
        data-board={props.name}
        onKeyDown={onKeyDown}
        onPointerDown={(event) => {
          if (event.button !== 0) return
          strokes++
          down.current = `stroke ${strokes}`
          last.current = { x: -99, y: -99 }
          event.currentTarget.setPointerCapture(event.pointerId)
          use(placeOf(event))
        }}
        onPointerMove={(event) => use(placeOf(event))}
        onPointerUp={() => {
          down.current = null
        }}
        onPointerCancel={() => {
          down.current = null
        }}
      >
        {props.children}
      </svg>
    </div>
  )
}

/** A value from 0 to 100 as a colour: from the palette's blue over grey to its orange, which colour-blind eyes part. */
export function valueColor(value: number): string {
  const share = Math.min(100, Math.max(0, value))
  return share < 50
    ? `color-mix(in oklab, var(--g0) ${100 - share * 2}%, var(--line-strong))`
    : `color-mix(in oklab, var(--g1) ${share * 2 - 100}%, var(--line-strong))`
}

/** The query: hollow, never like an observation. */
export function Query(props: { readonly spot: Spot }): JSX.Element {
  const { x, y } = props.spot
  return (
    <g transform={`translate(${x} ${y})`} data-query>
      <path class="query" d="M0,-2.4L2.4,0L0,2.4L-2.4,0Z" />
      <path class="query" d="M-1,0H1M0,-1V1" />
    </g>
  )
}
