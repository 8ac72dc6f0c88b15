// A lesson as a piece of an address, and back. Nothing is sent anywhere: the part behind # stays in the browser.

import { HEIGHT, lessonFrom, WIDTH, type Lesson, type Spot } from './lesson.ts'

const inits = ['k-means++', 'random', 'placed'] as const

/**
 * Writes a lesson as text for an address: bytes in base64url. Version 1:
 * version, flags (init, weights, task), clusters, neighbours, seed (4), query (4), placed (count, then 4 each), sample
 * name (length, then bytes), then the points, 7 each: x and y in tenths (2 and 2), label, value in tenths (2).
 */
export function toAddress(lesson: Lesson): string {
  const { points, query, placed } = lesson
  const name = new TextEncoder().encode(lesson.sample).slice(0, 40)
  const bytes = new Uint8Array(14 + placed.length * 4 + name.length + points.length * 7)
  const view = new DataView(bytes.buffer)
  let at = 0
  const byte = (value: number): void => view.setUint8(at++, value)
  const spot = ({ x, y }: Spot): void => {
    view.setUint16(at, Math.round(x * 10))
    view.setUint16(at + 2, Math.round(y * 10))
    at += 4
  }
  byte(1)
  byte(
    inits.indexOf(lesson.init) |
      (lesson.weights === 'distance' ? 4 : 0) |
      (lesson.task === 'regress' ? 8 : 0),
  )
  byte(lesson.clusters)
  byte(lesson.neighbors)
  view.setUint32(at, lesson.seed)
  at += 4
  spot(query)
  byte(placed.length)
  for (const centre of placed) spot(centre)
  byte(name.length)
  bytes.set(name, at)
  at += name.length
  for (const point of points) {
    spot(point)
    byte(point.label)
    view.setUint16(at, Math.round(point.value * 10))
    at += 2
  }
  let text = ''
  for (const value of bytes) text += String.fromCharCode(value)
  return btoa(text).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}

/** Reads what {@link toAddress} wrote; null for anything else. */
export function fromAddress(address: string): Lesson | null {
  try {
    const text = atob(address.replaceAll('-', '+').replaceAll('_', '/'))
    const bytes = Uint8Array.from(text, (mark) => mark.charCodeAt(0))
    const view = new DataView(bytes.buffer)
    let at = 0
    const byte = (): number => view.getUint8(at++)
    const spot = (): Spot => {
      const x = view.getUint16(at) / 10
      const y = view.getUint16(at + 2) / 10
      at += 4
      if (x > WIDTH || y > HEIGHT) throw new Error('off the board')
      return { x, y }
    }
    if (byte() !== 1) return null
    const flags = byte()
    const clusters = byte()
    const neighbors = byte()
    const seed = view.getUint32(at)
    at += 4
    const query = spot()
    const placed = Array.from({ length: byte() }, spot)
    const length = byte()
    const sample = new TextDecoder().decode(bytes.subarray(at, at + length))
    at += length
    const points: unknown[] = []
    while (at < bytes.length) {
      const place = spot()
      const label = byte()
      points.push({ ...place, label, value: view.getUint16(at) / 10 })
      at += 2
    }
    return lessonFrom({
      sample,
      points,
      query,
      placed,
      clusters,
      neighbors,
      seed,
      init: inits[flags & 3],
      weights: (flags & 4) === 0 ? 'uniform' : 'distance',
      task: (flags & 8) === 0 ? 'classify' : 'regress',
    })
  } catch {
    return null
  }
}
