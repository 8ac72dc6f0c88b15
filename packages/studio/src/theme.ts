import { signal } from '@preact/signals'
import type { Signal } from '@preact/signals'
import { keep, kept } from './storage.ts'

export type Theme = 'light' | 'dark'

const wish = matchMedia('(prefers-color-scheme: dark)')
const before = kept('theme')

/** What is chosen; as the system has it until somebody chooses. */
export const theme: Signal<Theme> = signal(
  before === 'light' || before === 'dark' ? before : wish.matches ? 'dark' : 'light',
)

function show(): void {
  document.documentElement.dataset.theme = theme.peek()
}

wish.addEventListener('change', () => {
  if (kept('theme') !== null) return
  theme.value = wish.matches ? 'dark' : 'light'
  show()
})
show()

export function switchTheme(): void {
  theme.value = theme.peek() === 'dark' ? 'light' : 'dark'
  // First the page, then whoever asks for its colours.
  show()
  keep('theme', theme.peek())
}
