import { kFold, stratifiedKFold, trainTestSplit } from 'nigh'
import type { Split } from 'nigh'
import { InputError } from 'nigh'

/** How a model is tried out. */
export type Trial =
  | { readonly kind: 'holdout'; readonly share: number }
  | { readonly kind: 'folds'; readonly folds: number }
  | { readonly kind: 'loo' }

/** The splits of a trial: seeded; classes keep their shares where there are enough of each. */
export function splitsOf(
  rows: number,
  trial: Trial,
  seed: number,
  classes: readonly string[] | undefined,
): { readonly splits: readonly Split[]; readonly stratified: boolean } {
  if (trial.kind === 'holdout') {
    const smallest = classes === undefined ? 0 : smallestClass(classes)
    const test = Math.ceil(rows * trial.share)
    if (test < 1 || test >= rows) {
      throw new InputError(
        'E_PARAM',
        'holdout',
        `--holdout ${trial.share} of ${rows} rows leaves none to learn from or none to try on`,
      )
    }
    const stratify =
      classes !== undefined &&
      smallest >= 2 &&
      test >= new Set(classes).size &&
      rows - test >= new Set(classes).size
    return {
      splits: [
        trainTestSplit(rows, { testSize: trial.share, seed, ...(stratify ? { stratify: classes } : {}) }),
      ],
      stratified: stratify,
    }
  }
  const folds = trial.kind === 'loo' ? rows : trial.folds
  if (folds > rows)
    throw new InputError('E_PARAM', 'cv', `--cv must be at most ${rows}, the number of rows, got ${folds}`)
  if (trial.kind === 'loo') return { splits: kFold(rows, { folds }), stratified: false }
  if (classes !== undefined && smallestClass(classes) >= folds) {
    return { splits: stratifiedKFold(classes, { folds, shuffle: true, seed }), stratified: true }
  }
  return { splits: kFold(rows, { folds, shuffle: true, seed }), stratified: false }
}

function smallestClass(classes: readonly string[]): number {
  const counts = new Map<string, number>()
  for (const label of classes) counts.set(label, (counts.get(label) ?? 0) + 1)
  return Math.min(...counts.values())
}
