import { checkInteger, InputError, show } from '../check.ts'
import { Matrix } from '../data/matrix.ts'
import { ownCopy, type PointsLike } from '../data/points.ts'
import { Table } from '../data/table.ts'
import { classFolds, evenFolds, type Split } from '../evaluate/split.ts'

/** Points as a Matrix or Table, from which rows can be taken. */
export function rowSource(call: string, points: PointsLike): Matrix | Table {
  return points instanceof Table ? points : Matrix.from(call, 'points', points)
}

/** {@link rowSource} with cells of its own: the caller may change his while an async call waits. */
export function ownSource(call: string, points: PointsLike): Matrix | Table {
  const source = rowSource(call, points)
  if (source instanceof Table) return source.take(Uint32Array.from({ length: source.rows }, (_, row) => row))
  return ownCopy(points, source)
}

/** Some rows of points, in the order asked for. */
export function takeRows(points: Matrix | Table, rows: Uint32Array): Matrix | Table {
  if (points instanceof Table) return points.take(rows)
  const { values, columns } = points
  const taken = values.slice(0, rows.length * columns)
  rows.forEach((row, at) => {
    taken.set(values.subarray(row * columns, (row + 1) * columns), at * columns)
  })
  return Matrix.trusted(taken, columns)
}

/** How rows are split to try a model: {@link foldsOf}. */
export interface FoldChoice {
  /** How many parts, each tried on once by a model of the others: from 2 to the number of rows. Default: 5. */
  readonly folds?: number
  /** Splits of one's own: say, those of groupKFold. Not together with `folds`. Every row must be tried on once at most. */
  readonly splits?: readonly Split[]
  /** Of the draw. Default: 0. */
  readonly seed?: number
}

/**
 * The splits asked for: given ones, or shuffled folds, with each class in proportion where there are classes.
 *
 * @param codes the class of each row; null: no classes
 * @throws {InputError} E_PARAM for folds out of range, or splits whose rows are not there
 */
export function foldsOf(
  call: string,
  rows: number,
  codes: Uint32Array | null,
  choice: FoldChoice,
): readonly Split[] {
  const { folds = 5, splits, seed = 0 } = choice
  checkInteger(call, 'seed', seed, 0, Number.MAX_SAFE_INTEGER)
  if (splits !== undefined) {
    if (choice.folds !== undefined) {
      throw new InputError('E_PARAM', 'splits', `${call}: splits and folds exclude each other`)
    }
    return checkSplits(call, splits, rows)
  }
  const options = { folds, shuffle: true, seed }
  return codes === null ? evenFolds(call, rows, options) : classFolds(call, codes, options)
}

function checkSplits(call: string, splits: readonly Split[], rows: number): readonly Split[] {
  const tried = new Uint8Array(rows)
  if (!Array.isArray(splits) || splits.length === 0) {
    throw new InputError('E_PARAM', 'splits', `${call}: splits must be a list of splits, got ${show(splits)}`)
  }
  splits.forEach((split: unknown, s) => {
    if (!isSplit(split)) {
      throw new InputError(
        'E_TYPE',
        'splits',
        `${call}: splits[${s}] must have lists of row numbers train and test, got ${show(split)}`,
      )
    }
    const { train, test } = split
    const out = [...train, ...test].find((row) => !(Number.isInteger(row) && row >= 0 && row < rows))
    if (out !== undefined || train.length === 0 || test.length === 0) {
      throw new InputError(
        'E_PARAM',
        'splits',
        `${call}: splits[${s}] must hold rows from 0 to ${rows - 1} to learn from and to be tried on${out === undefined ? '' : `, got ${out}`}`,
      )
    }
    const learnt = new Set(train)
    for (const row of test) {
      if (learnt.has(row) || tried[row] === 1) {
        throw new InputError(
          'E_PARAM',
          'splits',
          `${call}: splits must try each row once at most, and never one that was learnt from; splits[${s}] tries row ${row}`,
        )
      }
      tried[row] = 1
    }
  })
  return splits
}

function isSplit(value: unknown): value is Split {
  if (typeof value !== 'object' || value === null || !('train' in value && 'test' in value)) return false
  return [value.train, value.test].every((rows) => Array.isArray(rows) || rows instanceof Uint32Array)
}
