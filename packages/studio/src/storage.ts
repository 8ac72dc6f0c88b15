// What survives a reload: settings in localStorage, the file in IndexedDB. Of two tabs only the first one saves.

import { signal } from '@preact/signals'
import type { Signal } from '@preact/signals'

/** Whether this tab saves; null until that is known. */
export const saves: Signal<boolean | null> = signal(null)

let settle = (): void => {}
/** Done when it is known whether this tab saves. */
export const claimed: Promise<void> = new Promise((resolve) => {
  settle = resolve
})

/** How long the tab from before may take to go. Milliseconds. */
const GOING = 1000

/** Takes the right to save for as long as the tab is open; where another tab has it, as soon as that one closes. */
export function claimSaving(): void {
  const decide = (can: boolean): void => {
    saves.value = can
    settle()
  }
  if (navigator.locks === undefined) {
    decide(true)
    return
  }
  const wait = setTimeout(() => decide(false), GOING)
  navigator.locks
    .request('nigh-studio', () => {
      clearTimeout(wait)
      decide(true)
      // Held until the tab closes.
      return new Promise<void>(() => {})
    })
    .catch(() => decide(true))
}

/**
 * Keeps a plain value under a name. What cannot be kept (a full or forbidden store) is not. An effect that keeps
 * something does so again when its tab gets the right to save.
 */
export function keep(name: string, value: unknown): void {
  if (saves.value === false) return
  try {
    localStorage.setItem(`nigh:${name}`, JSON.stringify(value))
  } catch {
    // The page works without memory.
  }
}

/** The value that was kept, as unknown as anything that comes from outside. */
export function kept(name: string): unknown {
  try {
    const text = localStorage.getItem(`nigh:${name}`)
    return text === null ? null : JSON.parse(text)
  } catch {
    return null
  }
}

/** Forgets what was kept under a name. */
export function forget(name: string): void {
  if (saves.peek() === false) return
  try {
    localStorage.removeItem(`nigh:${name}`)
  } catch {
    // Nothing was kept.
  }
}

/** Files larger than this are not kept. */
export const LARGEST_KEPT = 256e6

function store(mode: IDBTransactionMode): Promise<IDBObjectStore> {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open('nigh-studio', 1)
    opening.onupgradeneeded = () => opening.result.createObjectStore('files')
    opening.onerror = () => reject(opening.error)
    opening.onsuccess = () => resolve(opening.result.transaction('files', mode).objectStore('files'))
  })
}

/** Whether a file is kept for a reload, or why not. */
export type FileKept = 'kept' | 'large' | 'refused'

/**
 * Keeps the file, or forgets the one that was kept. A transaction is all or nothing: where the page closes in the
 * middle, the file from before is still there.
 */
export async function keepFile(file: File | null): Promise<FileKept> {
  if (saves.peek() === false) return 'refused'
  if (file !== null && file.size <= LARGEST_KEPT) {
    if (await put(file)) return 'kept'
    // Private windows of WebKit keep bytes, but no files.
    const copy = await copyOf(file)
    if (copy !== null && (await put(copy))) return 'kept'
  }
  // Better none than another one.
  await put(null)
  return file !== null && file.size > LARGEST_KEPT ? 'large' : 'refused'
}

/** A file as it is kept where files themselves cannot be. */
interface Copy {
  readonly name: string
  readonly lastModified: number
  readonly bytes: ArrayBuffer
}

async function copyOf(file: File): Promise<Copy | null> {
  try {
    return { name: file.name, lastModified: file.lastModified, bytes: await file.arrayBuffer() }
  } catch {
    // It was moved or changed meanwhile.
    return null
  }
}

function fileFrom(kept: unknown): File | null {
  if (kept instanceof File) return kept
  if (typeof kept !== 'object' || kept === null) return null
  if (!('name' in kept && 'lastModified' in kept && 'bytes' in kept)) return null
  const { name, lastModified, bytes } = kept
  if (typeof name !== 'string' || typeof lastModified !== 'number' || !(bytes instanceof ArrayBuffer))
    return null
  return new File([bytes], name, { lastModified })
}

async function put(what: File | Copy | null): Promise<boolean> {
  try {
    const files = await store('readwrite')
    const done = new Promise<boolean>((resolve) => {
      files.transaction.oncomplete = () => resolve(true)
      files.transaction.onabort = () => resolve(false)
    })
    if (what === null) files.delete('data')
    else files.put(what, 'data')
    return await done
  } catch {
    // Private windows may have no store.
    return false
  }
}

/** The file that was kept. */
export async function keptFile(): Promise<File | null> {
  try {
    const files = await store('readonly')
    return await new Promise((resolve) => {
      const asking = files.get('data')
      asking.onsuccess = () => resolve(fileFrom(asking.result))
      asking.onerror = () => resolve(null)
    })
  } catch {
    return null
  }
}
