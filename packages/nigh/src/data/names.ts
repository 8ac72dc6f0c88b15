import { InputError, show } from '../check.ts'

/** How many names an error message lists before it says how many more there are. */
const LISTED = 10

/** Lists names in an error message: quoted, at most ten, then the number of the rest. */
export function listNames(names: readonly string[]): string {
  const shown = names.slice(0, LISTED).map(show).join(', ')
  return names.length > LISTED ? `${shown} and ${names.length - LISTED} more` : shown
}

/**
 * Checks that names can tell columns apart: text, not blank, each once.
 * Any other text is a name like any other, `__proto__` and line breaks included.
 *
 * @throws {InputError} E_TYPE, or E_FEATURES for a blank or repeated name
 */
export function checkNames(call: string, param: string, names: readonly unknown[]): void {
  const seen = new Set<string>()
  for (let j = 0; j < names.length; j++) {
    const name = names[j]
    if (typeof name !== 'string') {
      throw new InputError(
        'E_TYPE',
        param,
        `${call}: the name of column ${j} must be text, got ${show(name)}`,
      )
    }
    if (name.trim() === '') {
      throw new InputError(
        'E_FEATURES',
        param,
        `${call}: the name of column ${j} must not be blank, got ${show(name)}`,
      )
    }
    if (seen.has(name)) {
      throw new InputError(
        'E_FEATURES',
        param,
        `${call}: every column must have its own name, got ${show(name)} twice`,
      )
    }
    seen.add(name)
  }
}

/** The error for a name that a table does not have: with names alike first, or else the names there are. */
export function unknownName(
  call: string,
  param: string,
  name: unknown,
  names: readonly string[],
): InputError {
  const alike = typeof name === 'string' ? namesAlike(name, names) : []
  const hint =
    alike.length > 0 ? `did you mean ${alike.map(show).join(' or ')}?` : `the columns are ${listNames(names)}`
  return new InputError('E_FEATURES', param, `${call}: there is no column ${show(name)}; ${hint}`)
}

/** Up to three names that differ from the wanted one by a few letters, nearest first. */
function namesAlike(wanted: string, names: readonly string[]): string[] {
  if (wanted.length > 64) return []
  const folded = wanted.trim().toLowerCase()
  const limit = Math.max(1, Math.floor(folded.length / 3))
  const found: { readonly name: string; readonly edits: number }[] = []
  for (const name of names) {
    if (Math.abs(name.length - wanted.length) > limit + 2 || name.length > 80) continue
    const edits = editsBetween(folded, name.trim().toLowerCase())
    if (edits <= limit) found.push({ name, edits })
  }
  found.sort((a, b) => a.edits - b.edits)
  return found.slice(0, 3).map((one) => one.name)
}

/** How many letters must be put in, taken out or replaced to turn one text into the other (Levenshtein 1966). */
function editsBetween(a: string, b: string): number {
  let above = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = above[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1)
      row.push(Math.min(replaced, above[j] + 1, row[j - 1] + 1))
    }
    above = row
  }
  return above[b.length]
}
