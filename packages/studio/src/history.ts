import { signal } from '@preact/signals'
import type { Signal } from '@preact/signals'

/** A value with its past: every change can be taken back. */
export interface Timeline<T> {
  readonly now: Signal<T>
  readonly canUndo: Signal<boolean>
  readonly canRedo: Signal<boolean>
  /**
   * Changes the value. Changes with the same name that follow one another within a second are one step: a slider's
   * way is taken back at once.
   */
  change(to: T, name?: string): void
  undo(): void
  redo(): void
  /** Starts anew, without a past. */
  reset(to: T): void
}

/** How many changes are remembered. */
const DEPTH = 100
const TOGETHER = 1000

export function timeline<T>(first: T, clock: () => number = () => performance.now()): Timeline<T> {
  const now = signal(first)
  const canUndo = signal(false)
  const canRedo = signal(false)
  let past: T[] = []
  let future: T[] = []
  let last = { name: '', at: Number.NEGATIVE_INFINITY }
  const settle = (): void => {
    canUndo.value = past.length > 0
    canRedo.value = future.length > 0
  }
  return {
    now,
    canUndo,
    canRedo,
    change(to, name = '') {
      const at = clock()
      const joined = name !== '' && name === last.name && at - last.at < TOGETHER
      if (!joined) {
        past.push(now.peek())
        if (past.length > DEPTH) past = past.slice(-DEPTH)
      }
      last = { name, at }
      future = []
      now.value = to
      settle()
    },
    undo() {
      const before = past.pop()
      if (before === undefined) return
      future.push(now.peek())
      last = { name: '', at: Number.NEGATIVE_INFINITY }
      now.value = before
      settle()
    },
    redo() {
      const next = future.pop()
      if (next === undefined) return
      past.push(now.peek())
      last = { name: '', at: Number.NEGATIVE_INFINITY }
      now.value = next
      settle()
    },
    reset(to) {
      past = []
      future = []
      last = { name: '', at: Number.NEGATIVE_INFINITY }
      now.value = to
      settle()
    },
  }
}
