import { effect, signal } from '@preact/signals'
import type { Signal } from '@preact/signals'
import type { ComponentType, JSX } from 'preact'
import { pause } from './pause.ts'
import { saves } from './storage.ts'
import { switchTheme, theme } from './theme.ts'

type Name = 'learn' | 'work'

/** One of the two pages, once it is loaded. */
interface Loaded {
  readonly Page: ComponentType
  readonly undo: () => void
  readonly redo: () => void
}

function nameNow(): Name {
  return location.hash.startsWith('#work') ? 'work' : 'learn'
}

const page: Signal<Name> = signal(nameNow())
const loaded: Readonly<Record<Name, Signal<Loaded | null>>> = { learn: signal(null), work: signal(null) }
const failed: Signal<boolean> = signal(false)

addEventListener('hashchange', () => {
  page.value = nameNow()
})

/** A page is loaded when it is first asked for. */
const load: Readonly<Record<Name, () => Promise<Loaded>>> = {
  learn: async () => {
    const { LearnPage, begin, undo, redo } = await import('./learn/learn-page.tsx')
    // Reading scripts is work enough for one task.
    await pause()
    begin()
    await pause()
    return { Page: LearnPage, undo, redo }
  },
  work: async () => {
    const { WorkPage, undo, redo } = await import('./work/work-page.tsx')
    await pause()
    return { Page: WorkPage, undo, redo }
  },
}

effect(() => {
  const name = page.value
  if (loaded[name].peek() !== null) return
  load[name]().then(
    (ready) => {
      loaded[name].value = ready
    },
    () => {
      failed.value = true
    },
  )
})

addEventListener('keydown', (event) => {
  if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== 'z') return
  // In a field, the field's own undo.
  if (
    event.target instanceof HTMLInputElement &&
    (event.target.type === 'text' || event.target.type === 'search')
  )
    return
  event.preventDefault()
  const past = loaded[page.peek()].peek()
  if (event.shiftKey) past?.redo()
  else past?.undo()
})

export function Shell(): JSX.Element {
  const now = loaded[page.value].value
  return (
    <>
      <a
        class="skip"
        href="#main"
        onClick={(event) => {
          event.preventDefault()
          document.getElementById('main')?.focus()
        }}
      >
        To the content
      </a>
      <header class="top">
        <a class="brand" href="#learn">
          <svg viewBox="0 0 32 32" aria-hidden="true">
            <g stroke="currentColor" stroke-width="1.6" opacity="0.5">
              <path d="M16 17 7 8M16 17l10-6M16 17l-5 9" />
            </g>
            <circle cx="7" cy="8" r="3.4" style={{ fill: 'var(--g0)' }} />
            <path d="m26 6.500 3.800 6.600h-7.600z" style={{ fill: 'var(--g1)' }} />
            <path d="M8 23h6v6H8z" style={{ fill: 'var(--g2)' }} />
            <path
              d="m16 12.800 4.200 4.200-4.200 4.200-4.200-4.200z"
              style={{ fill: 'var(--card)', stroke: 'var(--ink)', strokeWidth: '1.8' }}
            />
          </svg>
          nigh
        </a>
        <nav class="tabs" aria-label="Pages">
          <a href="#learn" aria-current={page.value === 'learn' ? 'page' : undefined}>
            Learn
          </a>
          <a href="#work" aria-current={page.value === 'work' ? 'page' : undefined}>
            Work
          </a>
        </nav>
        <span class="push row">
          <span class="status wide-only">
            {saves.value === false
              ? 'Open in another tab: this one does not save.'
              : 'Nothing leaves this browser.'}
          </span>
          {saves.value === false ? (
            <span class="status narrow-only">Not saving: open in another tab</span>
          ) : null}
          <button
            type="button"
            class="plain"
            onClick={switchTheme}
            aria-label={theme.value === 'dark' ? 'Light colours' : 'Dark colours'}
          >
            {theme.value === 'dark' ? '☀' : '☾'}
          </button>
        </span>
      </header>
      <main id="main" tabIndex={-1}>
        {now !== null ? (
          <now.Page />
        ) : failed.value ? (
          <p class="notice bad" role="alert">
            This page could not be loaded. Reload while you are online.
          </p>
        ) : (
          <p class="quiet">Loading …</p>
        )}
      </main>
    </>
  )
}
