import { bar } from './grid.ts'
import { duration } from './numbers.ts'

/** Tells a person at a terminal what is going on. */
export interface Progress {
  /** Begins a phase; the one before ends. */
  phase(name: string): void
  /** How far the phase is, from 0 to 1, and a word on where it stands. */
  step(share: number | undefined, note?: string): void
  /** Takes the bar away. */
  end(): void
}

/** No progress is shown: not a terminal, or --quiet. */
export const silent: Progress = { phase: () => {}, step: () => {}, end: () => {} }

/**
 * A line on standard error that is written over in place: shown once a phase has lasted a second, at most ten times a
 * second, gone at the end.
 */
export function progressLine(): Progress {
  let name = ''
  let begun = performance.now()
  let last = 0
  let shown = false
  const clear = (): void => {
    if (shown) process.stderr.write('\r\u001b[K')
    shown = false
  }
  return {
    phase(next) {
      clear()
      name = next
      begun = performance.now()
      last = 0
    },
    step(share, note = '') {
      const now = performance.now()
      if (now - begun < 1000 || now - last < 100) return
      last = now
      shown = true
      const passed = (now - begun) / 1000
      const known = share !== undefined && share > 0
      const left =
        known && share < 1
          ? `  ${duration(Math.max(1, Math.round((passed / share) * (1 - share))))} left`
          : ''
      const gauge = known
        ? `  ${bar(share, 24).padEnd(24, '░')} ${(share * 100).toFixed(0).padStart(3)} %`
        : `  ${duration(passed)}`
      const line = `${name}${gauge}${note === '' ? '' : `  ${note}`}${left}`
      process.stderr.write(`\r${line.slice(0, (process.stderr.columns ?? 80) - 1)}\u001b[K`)
    },
    end: clear,
  }
}
