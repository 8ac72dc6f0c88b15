import { InputError } from '../check.ts'
import { type ClassLabel, type CodedTargets, readClasses } from './classes.ts'
import type { SavedSearch } from './saved-search.ts'

/** The classes of a saved classifier: names, one code a row, and the factor of each class. */
export interface SavedTargets extends CodedTargets<ClassLabel> {
  readonly factors: Float64Array | undefined
}

/** @throws {InputError} E_MAGIC */
export function readTargets(call: string, saved: SavedSearch): SavedTargets {
  const classes = readClasses(call, saved.fields.value('classes'))
  const codes = saved.tensor('targets', (values) => values instanceof Uint32Array, saved.search.rows)
  if (codes === undefined || codes.some((code) => code >= classes.length)) {
    throw new InputError(
      'E_MAGIC',
      'targets',
      `${call}: the model file must hold the class of each of its points`,
    )
  }
  const factors = saved.tensor('factors', (values) => values instanceof Float64Array, classes.length)
  if (factors?.some((factor) => !(factor > 0 && factor < Number.POSITIVE_INFINITY))) {
    throw new InputError(
      'E_MAGIC',
      'factors',
      `${call}: the model file's class factors must be numbers above 0`,
    )
  }
  return { classes, codes, factors }
}

/** The targets of a saved regressor, n × outputs, and whether they came as rows. */
export function readNumbers(
  call: string,
  saved: SavedSearch,
  shape: readonly number[],
): { readonly values: Float64Array; readonly outputs: number; readonly many: boolean } {
  const values = saved.tensor('targets', (given) => given instanceof Float64Array)
  const finite = values?.every((value) => value - value === 0)
  if (values === undefined || finite !== true || shape[0] !== saved.search.rows || shape.length > 2) {
    throw new InputError(
      'E_MAGIC',
      'targets',
      `${call}: the model file must hold the targets of each of its points`,
    )
  }
  return { values, outputs: shape[1] ?? 1, many: shape.length === 2 }
}
