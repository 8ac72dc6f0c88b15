import type { JSX } from 'preact'
export function WorkPage(): JSX.Element {
  return <p>…</p>
}
export function undo(): void {}
export function redo(): void {}
