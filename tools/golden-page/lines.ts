import { expect } from 'vitest'
import { golden, type Source } from '../../packages/nigh/fixtures/golden.ts'

/** A recorded case. */
export type Fixture = Readonly<Record<string, unknown>> & { readonly name: string; readonly data: Source }
/** The cases of a fixture, all or those of a kind. */
export const casesOf = (file: string, kind?: string): readonly Fixture[] =>
  golden<Fixture>(file).cases.filter((one) => kind === undefined || one.kind === kind)

/** All figures of one kind: a line of the page. */
export interface Line {
  readonly what: string
  readonly beside: string
  readonly data: Set<string>
  figures: number
  worst: number
  readonly allowed: number
  note: string
}
export const lines = new Map<string, Line>()
const SKLEARN = 'scikit-learn 1.9.1'

/** Puts figures beside recorded ones; null stands for one that its package leaves to chance. */
export function beside(
  line: { what: string; by?: string; allowed?: number; note?: string },
  one: Fixture,
  found: ArrayLike<number>,
  recorded: ArrayLike<number | null>,
): void {
  const { what, by = SKLEARN, allowed = 1e-12, note = '' } = line
  const key = `${what} ${by}`
  const known = lines.get(key) ?? { what, beside: by, data: new Set(), figures: 0, worst: 0, allowed, note }
  lines.set(key, known)
  const source = one.data as Source | undefined
  known.data.add(source?.csv ?? (one.csv as string | undefined) ?? one.name.split(',')[0])
  expect(found.length).toBe(recorded.length)
  for (let i = 0; i < recorded.length; i++) {
    const expected = recorded[i]
    if (expected === null) continue
    known.figures++
    known.worst = Math.max(known.worst, Math.abs(found[i] - expected) / Math.max(Math.abs(expected), 1e-3))
  }
}

/** The words that are the same, as 1 and 0. */
export const same = (found: ArrayLike<unknown>, expected: ArrayLike<unknown>): number[] =>
  Array.from(found, (value, i) => (String(value) === String(expected[i]) ? 1 : 0))
export const ones = (length: number): number[] => Array.from({ length }, () => 1)
