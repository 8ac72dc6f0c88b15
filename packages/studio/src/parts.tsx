// Small pieces that both pages use.

import type { ComponentChildren, JSX, RefObject, TargetedEvent } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { fillOf, markPath, shapeOf } from './marks.ts'
import { pause } from './pause.ts'

/** Shows its children in a task of their own, after what stands around them: no part of a page waits for all of it. */
export function Later(props: { readonly children: ComponentChildren }): JSX.Element | null {
  const [ready, setReady] = useState(false)
  useEffect(() => {
    let gone = false
    void pause().then(() => {
      if (!gone) setReady(true)
    })
    return () => {
      gone = true
    }
  }, [])
  return ready ? <>{props.children}</> : null
}

/** How wide a chart is: drawn in the page's own pixels, its text is as large as the text around it. */
export function useWidth(first: number): {
  readonly chart: RefObject<SVGSVGElement | null>
  readonly width: number
} {
  const chart = useRef<SVGSVGElement>(null)
  const [width, setWidth] = useState(first)
  useEffect(() => {
    const target = chart.current
    if (target === null) return
    const watch = new ResizeObserver(([entry]) =>
      setWidth(Math.max(240, Math.round(entry.contentRect.width))),
    )
    watch.observe(target)
    return () => watch.disconnect()
  }, [])
  return { chart, width }
}

/** One choice of a few, as a row of buttons. */
export function Segments<T extends string>(props: {
  readonly label: string
  readonly value: T
  readonly options: readonly {
    readonly value: T
    readonly text: ComponentChildren
    /** A sign before the text, for the eyes. */
    readonly sign?: string
    readonly title?: string
  }[]
  readonly onPick: (value: T) => void
}): JSX.Element {
  return (
    <div class="segments" role="group" aria-label={props.label}>
      {props.options.map(({ value, text, sign, title }) => (
        <button
          key={value}
          type="button"
          aria-pressed={value === props.value}
          title={title}
          aria-label={typeof text === 'string' ? undefined : title}
          onClick={() => props.onPick(value)}
        >
          {sign === undefined ? null : (
            <>
              <span class="sign" aria-hidden="true">
                {sign}
              </span>{' '}
            </>
          )}
          {text}
        </button>
      ))}
    </div>
  )
}

/**
 * A field whose text is the person's until they are done with it: what is computed meanwhile draws the page again, and
 * must not take back what was typed.
 */
export function Draft(props: {
  readonly type: 'text' | 'number'
  readonly value: string
  readonly onPick: (text: string) => void
  readonly label?: string
  readonly from?: number
  readonly to?: number
  readonly maxLength?: number
}): JSX.Element {
  const { type, value, onPick, label, from, to, maxLength } = props
  const [draft, setDraft] = useState<string | null>(null)
  const field = {
    'aria-label': label,
    value: draft ?? value,
    onInput: (event: TargetedEvent<HTMLInputElement>) => setDraft(event.currentTarget.value),
    onChange: (event: TargetedEvent<HTMLInputElement>) => {
      setDraft(null)
      onPick(event.currentTarget.value)
    },
    onBlur: () => setDraft(null),
  }
  return type === 'number' ? (
    <input type="number" min={from} max={to} {...field} />
  ) : (
    <input type="text" maxLength={maxLength} {...field} />
  )
}

/** A whole number: a slider and a field, kept together. */
export function Count(props: {
  readonly label: string
  readonly name: string
  readonly value: number
  readonly from: number
  readonly to: number
  readonly onPick: (value: number) => void
}): JSX.Element {
  const pick = (text: string): void => {
    const value = Number(text)
    if (text !== '' && Number.isInteger(value)) props.onPick(Math.min(props.to, Math.max(props.from, value)))
  }
  return (
    <div class="field count">
      <label for={props.name}>{props.label}</label>
      <input
        id={props.name}
        type="range"
        min={props.from}
        max={props.to}
        value={props.value}
        onInput={(event) => pick(event.currentTarget.value)}
      />
      <Draft
        type="number"
        label={`${props.label}, as a number`}
        from={props.from}
        to={props.to}
        value={String(props.value)}
        onPick={pick}
      />
    </div>
  )
}

/** The mark of a group. */
export function Mark(props: { readonly group: number; readonly size?: number }): JSX.Element {
  return (
    <svg class="mark" viewBox="-6 -6 12 12" aria-hidden="true">
      <path
        d={markPath(shapeOf(Math.max(0, props.group)), props.size ?? 4.6)}
        style={{ fill: fillOf(props.group) }}
      />
    </svg>
  )
}

/** Progress of something that takes a while, with a way to stop it. */
export function Progress(props: {
  readonly share: number | null
  readonly words: string
  readonly onStop?: () => void
}): JSX.Element {
  const { share } = props
  return (
    <div class="stack" role="status">
      <div class="row">
        <span class="small quiet" style={{ flex: 1 }}>
          {props.words}
        </span>
        {props.onStop === undefined ? null : (
          <button type="button" onClick={props.onStop}>
            Stop
          </button>
        )}
      </div>
      <div
        class={share === null ? 'bar unknown' : 'bar'}
        role="progressbar"
        aria-label={props.words}
        {...(share === null
          ? {}
          : { 'aria-valuenow': Math.round(share * 100), 'aria-valuemin': 0, 'aria-valuemax': 100 })}
      >
        <span style={share === null ? {} : { width: `${Math.max(1, share * 100)}%` }} />
      </div>
    </div>
  )
}

/** Copies text; says whether that worked. */
export async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    return false
  }
}
