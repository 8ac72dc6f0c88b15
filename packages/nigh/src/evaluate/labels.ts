import { InputError, show } from '../check.ts'

/** One class or cluster name. */
export type Label = string | number | boolean | bigint

/** n labels, one a row, all of one kind: text, numbers, true/false or bigints. */
export type Labels =
  | readonly Label[]
  | Uint8Array
  | Uint8ClampedArray
  | Uint16Array
  | Uint32Array
  | Int8Array
  | Int16Array
  | Int32Array
  | Float32Array
  | Float64Array

/** Labels as whole numbers: the sorted classes, and the place of each row's label among them. */
export interface Coded {
  /** The different labels, sorted: numbers by size, text by code unit, false before true. */
  readonly classes: readonly Label[]
  /** n places in `classes`. */
  readonly codes: Uint32Array
}

/**
 * Gives each different label its place in sorted order.
 *
 * @throws {InputError} E_TYPE where the labels are no list, or mix kinds, or one is neither text, number, boolean nor bigint;
 * E_EMPTY where there are none; E_NONFINITE for NaN or Infinity
 */
export function codeLabels(call: string, param: string, labels: Labels): Coded {
  const [coded] = codeTogether(call, [[param, labels]])
  return coded
}

/**
 * {@link codeLabels} of several lists over one set of classes: the classes of all of them.
 *
 * @param given the classes, in the caller's order: other labels are refused then
 * @param givenParam the option that gave them
 */
export function codeTogether(
  call: string,
  lists: readonly (readonly [param: string, labels: Labels])[],
  given?: Labels,
  givenParam = 'labels',
): Coded[] {
  const places = new Map<Label, number>()
  const firsts: Label[] = []
  const found = { kind: '' }
  if (given !== undefined) {
    checkList(call, givenParam, given)
    for (let i = 0; i < given.length; i++) {
      const label = checkLabel(call, givenParam, given[i], i, found)
      if (places.has(label)) {
        throw new InputError(
          'E_PARAM',
          givenParam,
          `${call}: ${givenParam} must be different, ${show(label)} stands twice`,
        )
      }
      places.set(label, firsts.push(label) - 1)
    }
  }
  const raw = lists.map(([param, labels]) => {
    checkList(call, param, labels)
    const codes = new Uint32Array(labels.length)
    for (let i = 0; i < labels.length; i++) {
      const label = checkLabel(call, param, labels[i], i, found)
      let place = places.get(label)
      if (place === undefined) {
        if (given !== undefined) {
          throw new InputError(
            'E_PARAM',
            param,
            `${call}: ${param}[${i}] is ${show(label)}, which is not one of ${givenParam}`,
          )
        }
        place = firsts.push(label) - 1
        places.set(label, place)
      }
      codes[i] = place
    }
    return codes
  })
  // Given labels keep the caller's order; found ones are sorted.
  if (given !== undefined) return raw.map((codes) => ({ classes: firsts, codes }))
  const order = firsts.map((_, place) => place).sort((a, b) => compare(firsts[a], firsts[b]))
  const rank = new Uint32Array(order.length)
  for (let i = 0; i < order.length; i++) rank[order[i]] = i
  const classes = order.map((place) => firsts[place])
  return raw.map((codes) => ({ classes, codes: codes.map((place) => rank[place]) }))
}

/** Checks that two lists have one entry for each row. */
export function checkSameLength(
  call: string,
  param: string,
  length: number,
  otherParam: string,
  other: number,
): void {
  if (length === other) return
  throw new InputError(
    'E_SHAPE',
    param,
    `${call}: ${param} must have as many entries as ${otherParam} (${other}), got ${length}`,
  )
}

function checkList(call: string, param: string, labels: unknown): void {
  if (!Array.isArray(labels) && !(ArrayBuffer.isView(labels) && 'length' in labels)) {
    throw new InputError('E_TYPE', param, `${call}: ${param} must be a list of labels, got ${show(labels)}`)
  }
  if (labels.length === 0) throw new InputError('E_EMPTY', param, `${call}: ${param} has no entries`)
}

function checkLabel(call: string, param: string, label: unknown, i: number, found: { kind: string }): Label {
  const kind = typeof label
  if (
    typeof label !== 'string' &&
    typeof label !== 'number' &&
    typeof label !== 'boolean' &&
    typeof label !== 'bigint'
  ) {
    throw new InputError(
      'E_TYPE',
      param,
      `${call}: ${param}[${i}] must be text, a number, true/false or a bigint, got ${show(label)}`,
    )
  }
  if (found.kind === '') found.kind = kind
  else if (found.kind !== kind) {
    throw new InputError(
      'E_TYPE',
      param,
      `${call}: labels must be of one kind; ${param}[${i}] is ${show(label)} among labels of type ${found.kind}`,
    )
  }
  if (typeof label === 'number' && label - label !== 0) {
    throw new InputError('E_NONFINITE', param, `${call}: ${param}[${i}] must be finite, got ${label}`)
  }
  return label
}

// Strict < on code units: no locale, so every machine sorts alike.
function compare(a: Label, b: Label): number {
  return a < b ? -1 : a > b ? 1 : 0
}
