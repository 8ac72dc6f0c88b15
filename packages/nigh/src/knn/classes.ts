import { InputError, show } from '../check.ts'
import { Fields } from '../data/fields.ts'

/** What a class may be called: all of one kind in one model. */
export type ClassLabel = string | number | boolean | bigint

/** Targets as places in the sorted classes. */
export interface CodedTargets<T extends ClassLabel> {
  /** The different labels: numbers by size, text by code unit, false before true. */
  readonly classes: readonly T[]
  /** n places in `classes`. */
  readonly codes: Uint32Array
}

/**
 * Sorts out class targets.
 *
 * @param kept the rows that stay, where not all do
 * @param live a flag for each row that stays: 0 for one of weight 0, whose class is as absent as the row; its code is 0
 *
 * @throws {InputError} E_TYPE where they are no list, of mixed kinds, or of another kind; E_SHAPE unless there is one
 * for each row; E_NONFINITE for NaN and Infinity
 */
export function codeTargets<T extends ClassLabel>(
  call: string,
  targets: ArrayLike<T>,
  rows: number,
  kept: Uint32Array | null = null,
  live?: Uint8Array,
): CodedTargets<T> {
  const given: unknown = targets
  if (!Array.isArray(given) && !(ArrayBuffer.isView(given) && 'length' in given)) {
    throw new InputError(
      'E_TYPE',
      'targets',
      `${call}: targets must be a list with one class a row, got ${show(given)}`,
    )
  }
  if (targets.length !== rows) {
    throw new InputError(
      'E_SHAPE',
      'targets',
      `${call}: targets must have one class for each of the ${rows} points, got ${targets.length}`,
    )
  }
  const kind = typeof targets[0]
  const places = new Map<T, number>()
  const count = kept === null ? rows : kept.length
  const codes = new Uint32Array(count)
  for (let at = 0; at < count; at++) {
    const i = kept === null ? at : kept[at]
    const label = targets[i]
    checkLabel(call, label, i, kind)
    if (live !== undefined && live[at] === 0) continue
    let place = places.get(label)
    if (place === undefined) {
      place = places.size
      places.set(label, place)
    }
    codes[at] = place
  }
  // Map takes −0 for 0, but keeps the key as it came first.
  const found = [...places.keys()]
  const order = found.map((_, place) => place).sort((a, b) => (found[a] < found[b] ? -1 : 1))
  const rank = new Uint32Array(order.length)
  for (let i = 0; i < order.length; i++) rank[order[i]] = i
  for (let at = 0; at < count; at++) if (live === undefined || live[at] === 1) codes[at] = rank[codes[at]]
  return { classes: Object.freeze(order.map((place) => found[place])), codes }
}

function checkLabel(call: string, label: unknown, i: number, kind: string): void {
  const type = typeof label
  if (type !== 'string' && type !== 'number' && type !== 'boolean' && type !== 'bigint') {
    throw new InputError(
      'E_TYPE',
      'targets',
      `${call}: targets[${i}] must be text, a number, true or false, or a bigint, got ${show(label)}`,
    )
  }
  if (type !== kind) {
    throw new InputError(
      'E_TYPE',
      'targets',
      `${call}: targets must be of one kind; targets[${i}] is ${show(label)} where targets[0] is a ${kind}`,
    )
  }
  if (typeof label === 'number' && label - label !== 0) {
    throw new InputError('E_NONFINITE', 'targets', `${call}: targets[${i}] must be finite, got ${label}`)
  }
}

/** Classes as JSON. */
export function writeClasses(classes: readonly ClassLabel[]): unknown {
  const type = typeof classes[0]
  return { type, values: type === 'bigint' ? classes.map(String) : classes }
}

/** Reads what {@link writeClasses} wrote: @throws {InputError} E_MAGIC */
export function readClasses(call: string, json: unknown): readonly ClassLabel[] {
  const fields = new Fields(call, 'meta.classes', json, 'E_MAGIC')
  const type = fields.choice('type', ['string', 'number', 'boolean', 'bigint'])
  const classes: ClassLabel[] = []
  for (const value of fields.list('values')) {
    const label =
      type === 'bigint' && typeof value === 'string' && /^-?\d+$/.test(value) ? BigInt(value) : value
    const last = classes[classes.length - 1]
    const sorted = typeof label === type && isLabel(label) && (classes.length === 0 || last < label)
    if (!sorted) fields.refuse('values', 'different classes in order', value)
    else classes.push(label)
  }
  if (classes.length === 0) fields.refuse('values', 'at least one class', null)
  fields.done()
  return Object.freeze(classes)
}

function isLabel(value: unknown): value is ClassLabel {
  return ['string', 'number', 'boolean', 'bigint'].includes(typeof value)
}
