// What the learning page is about: one set of points, seen by both methods.

/** The board, in its own units: the same along both axes, so that distances on the screen are the ones that count. */
export const WIDTH = 100
export const HEIGHT = 75
/** More points make the lesson no clearer. */
export const MOST_POINTS = 600
export const MOST_CLUSTERS = 10
export const MOST_NEIGHBORS = 25

export interface Spot {
  readonly x: number
  readonly y: number
}

/** An observation: where it lies, its class, and a number that regression learns. K-Means sees only where it lies. */
export interface Dot extends Spot {
  readonly label: number
  readonly value: number
}

export interface Lesson {
  readonly sample: string
  readonly points: readonly Dot[]
  readonly query: Spot
  readonly clusters: number
  readonly init: 'k-means++' | 'random' | 'placed'
  readonly seed: number
  /** First centroids that the person placed. */
  readonly placed: readonly Spot[]
  readonly neighbors: number
  readonly weights: 'uniform' | 'distance'
  readonly task: 'classify' | 'regress'
}

/** What the tools draw with. */
export const LABELS = 4
export const labelNames: readonly string[] = ['A', 'B', 'C', 'D']

/** Places and values are tenths: a shared lesson is then the same to the last bit. */
export function tenth(value: number, most: number): number {
  return Math.round(Math.min(most, Math.max(0, value)) * 10) / 10
}

export function spotAt(x: number, y: number): Spot {
  return { x: tenth(x, WIDTH), y: tenth(y, HEIGHT) }
}

/** The points as numbers for nigh: n × 2, row after row. */
export function placesOf(spots: readonly Spot[]): Float64Array {
  const values = new Float64Array(spots.length * 2)
  for (const [i, { x, y }] of spots.entries()) {
    values[2 * i] = x
    values[2 * i + 1] = y
  }
  return values
}

/** The nearest spot, and how far it is; the smaller index on a tie. */
export function nearestSpot(
  spots: readonly Spot[],
  to: Spot,
): { readonly index: number; readonly distance: number } {
  let index = -1
  let least = Number.POSITIVE_INFINITY
  for (const [i, { x, y }] of spots.entries()) {
    const sq = (x - to.x) ** 2 + (y - to.y) ** 2
    if (sq < least) {
      least = sq
      index = i
    }
  }
  return { index, distance: Math.sqrt(least) }
}

/** A lesson from outside, checked; null where it is none. */
export function lessonFrom(value: unknown): Lesson | null {
  if (value === null || typeof value !== 'object') return null
  const read = (name: string): unknown => Reflect.get(value, name)
  const points = listOf(read('points'), dotFrom)
  const placed = listOf(read('placed'), spotFrom)
  const query = spotFrom(read('query'))
  if (points === null || placed === null || query === null || points.length > MOST_POINTS) return null
  const whole = (name: string, from: number, to: number): number => {
    const given = read(name)
    return typeof given === 'number' && Number.isInteger(given) && given >= from && given <= to ? given : from
  }
  const init = read('init')
  const sample = read('sample')
  return {
    sample: typeof sample === 'string' ? sample.slice(0, 40) : 'own',
    points,
    query,
    clusters: whole('clusters', 1, MOST_CLUSTERS),
    init: init === 'random' || init === 'placed' ? init : 'k-means++',
    seed: whole('seed', 0, 2 ** 31),
    placed: placed.slice(0, MOST_CLUSTERS),
    neighbors: whole('neighbors', 1, MOST_NEIGHBORS),
    weights: read('weights') === 'distance' ? 'distance' : 'uniform',
    task: read('task') === 'regress' ? 'regress' : 'classify',
  }
}

function listOf<T>(value: unknown, read: (entry: unknown) => T | null): T[] | null {
  if (!Array.isArray(value)) return null
  const list: T[] = []
  for (const entry of value) {
    const found = read(entry)
    if (found === null) return null
    list.push(found)
  }
  return list
}

function spotFrom(value: unknown): Spot | null {
  if (value === null || typeof value !== 'object') return null
  const x: unknown = Reflect.get(value, 'x')
  const y: unknown = Reflect.get(value, 'y')
  return typeof x === 'number' && typeof y === 'number' && Number.isFinite(x + y) ? spotAt(x, y) : null
}

function dotFrom(value: unknown): Dot | null {
  const spot = spotFrom(value)
  if (spot === null || value === null || typeof value !== 'object') return null
  const label: unknown = Reflect.get(value, 'label')
  const number: unknown = Reflect.get(value, 'value')
  if (typeof label !== 'number' || !Number.isInteger(label) || label < 0 || label >= LABELS) return null
  return { ...spot, label, value: typeof number === 'number' ? tenth(number, 100) : 0 }
}
