import {
  InputError,
  checkBoolean,
  checkInteger,
  checkNumber,
  checkOptions,
  show,
  orDefault,
} from '../check.ts'
import { Random } from '../random.ts'
import { checkSameLength, codeLabels, type Labels } from './labels.ts'

/** Row numbers to learn from and to be tried on, each in rising order: together every row, once. */
export interface Split {
  readonly train: Uint32Array
  readonly test: Uint32Array
}

/** Options of {@link trainTestSplit}. */
export interface HoldoutOptions {
  /** The share of rows to be tried on, above 0 and below 1; or their number, from 1 up. Default: 0.25 (rounded up). */
  readonly testSize?: number
  /** n labels: each class then has the same share in both parts, as nearly as whole rows allow. */
  readonly stratify?: Labels
  /** Of the draw. Default: 0. */
  readonly seed?: number
}

/** Options of {@link kFold} and {@link stratifiedKFold}. */
export interface FoldOptions {
  /** How many parts; each is tried on once. Default: 5. */
  readonly folds?: number
  /** Draws the rows of each part at random; otherwise they are taken in order. Default: false. */
  readonly shuffle?: boolean
  /** Of the draw. Default: 0. */
  readonly seed?: number
}

/**
 * Splits rows into a part to learn from and a part to be tried on.
 *
 * @param rows how many rows there are
 * @throws {InputError} E_PARAM where a part would be empty; E_DISTINCT where `stratify` names a class with one row, or
 * more classes than a part has rows
 * @example
 * const { train, test } = trainTestSplit(150, { stratify: species })
 */
export function trainTestSplit(rows: number, options: HoldoutOptions = {}): Split {
  const call = 'trainTestSplit'
  checkOptions(call, options, ['testSize', 'stratify', 'seed'])
  checkInteger(call, 'rows', rows, 2, 0xffffffff)
  const test = testRows(call, rows, orDefault(options.testSize, 0.25))
  const random = seeded(call, options.seed)
  const inTest = new Uint8Array(rows)
  if (options.stratify === undefined) {
    const order = random.permutation(rows)
    for (let i = 0; i < test; i++) inTest[order[i]] = 1
    return parted(inTest, 1)
  }
  const { codes, classes } = codeLabels(call, 'stratify', options.stratify)
  checkSameLength(call, 'stratify', codes.length, 'rows', rows)
  const members = membersOf(codes, classes.length)
  const alone = members.findIndex((rowsOf) => rowsOf.length < 2)
  if (alone >= 0) {
    throw new InputError(
      'E_DISTINCT',
      'stratify',
      `${call}: every class of stratify must have 2 rows or more, ${show(classes[alone])} has 1`,
    )
  }
  if (Math.min(test, rows - test) < classes.length) {
    throw new InputError(
      'E_DISTINCT',
      'testSize',
      `${call}: both parts must have at least one row for each of the ${classes.length} classes, got ${rows - test} and ${test} rows`,
    )
  }
  const quotas = shares(
    members.map((rowsOf) => rowsOf.length),
    test,
  )
  members.forEach((rowsOf, c) => {
    const order = random.permutation(rowsOf.length)
    for (let i = 0; i < quotas[c]; i++) inTest[rowsOf[order[i]]] = 1
  })
  return parted(inTest, 1)
}

/**
 * Splits rows into folds of equal size (the first ones a row larger where it does not come out even).
 *
 * @returns one split a fold; its `test` is the fold
 * @throws {InputError} E_PARAM unless there are from 2 to `rows` folds
 */
export function kFold(rows: number, options: FoldOptions = {}): readonly Split[] {
  return evenFolds('kFold', rows, options)
}

/** {@link kFold} in another call's name. */
export function evenFolds(call: string, rows: number, options: FoldOptions): readonly Split[] {
  checkOptions(call, options, ['folds', 'shuffle', 'seed'])
  const shuffle = checkBoolean(call, 'shuffle', orDefault(options.shuffle, false))
  checkInteger(call, 'rows', rows, 2, 0xffffffff)
  const folds = checkFolds(call, options.folds, rows, 'the number of rows')
  const random = seeded(call, options.seed)
  const order = shuffle ? random.permutation(rows) : null
  const foldOf = new Uint32Array(rows)
  const small = Math.floor(rows / folds)
  const large = rows % folds
  for (let at = 0; at < rows; at++) {
    const inLarge = at < large * (small + 1)
    const fold = inLarge
      ? Math.floor(at / (small + 1))
      : large + Math.floor((at - large * (small + 1)) / small)
    foldOf[order === null ? at : order[at]] = fold
  }
  return allFolds(foldOf, folds)
}

/**
 * Splits rows into folds in which each class has the same share, as nearly as whole rows allow.
 *
 * @param targets n labels
 * @throws {InputError} E_DISTINCT where every class has fewer rows than there are folds
 * Source: the rows sorted by class are dealt to the folds in turn, so that fold sizes differ by one at most.
 */
export function stratifiedKFold(targets: Labels, options: FoldOptions = {}): readonly Split[] {
  return classFolds('stratifiedKFold', targets, options)
}

/** {@link stratifiedKFold} in another call's name. */
export function classFolds(call: string, targets: Labels, options: FoldOptions): readonly Split[] {
  checkOptions(call, options, ['folds', 'shuffle', 'seed'])
  const shuffle = checkBoolean(call, 'shuffle', orDefault(options.shuffle, false))
  const { codes, classes } = codeLabels(call, 'targets', targets)
  const n = codes.length
  checkInteger(call, 'rows of targets', n, 2, 0xffffffff)
  const folds = checkFolds(call, options.folds, n, 'the number of rows')
  const random = seeded(call, options.seed)
  const members = membersOf(codes, classes.length)
  const largest = Math.max(...members.map((rowsOf) => rowsOf.length))
  if (largest < folds) {
    throw new InputError(
      'E_DISTINCT',
      'folds',
      `${call}: folds must not exceed the rows of every class; the largest class has ${largest}, got ${folds}`,
    )
  }
  const foldOf = new Uint32Array(n)
  // Dealing goes on over the classes: the next class starts at the fold after the last one dealt to.
  let dealt = 0
  for (const rowsOf of members) {
    const quota = new Uint32Array(folds)
    for (let i = 0; i < rowsOf.length; i++) quota[(dealt + i) % folds]++
    dealt += rowsOf.length
    const order = shuffle ? random.permutation(rowsOf.length) : null
    let at = 0
    for (let fold = 0; fold < folds; fold++) {
      for (let i = 0; i < quota[fold]; i++, at++) foldOf[rowsOf[order === null ? at : order[at]]] = fold
    }
  }
  return allFolds(foldOf, folds)
}

/**
 * Splits rows into folds that keep every group whole: no group is both learnt from and tried on.
 *
 * Groups go, largest first, to the fold that has fewest rows so far.
 *
 * @param groups n labels: the group of each row
 * @throws {InputError} E_PARAM where there are more folds than groups
 */
export function groupKFold(groups: Labels, options: { readonly folds?: number } = {}): readonly Split[] {
  const call = 'groupKFold'
  checkOptions(call, options, ['folds'])
  const { codes, classes } = codeLabels(call, 'groups', groups)
  const folds = checkFolds(call, options.folds, classes.length, 'the number of groups')
  const sizes = new Float64Array(classes.length)
  for (const group of codes) sizes[group]++
  const order = Array.from(sizes.keys()).sort((a, b) => sizes[b] - sizes[a] || a - b)
  const filled = new Float64Array(folds)
  const foldOfGroup = new Uint32Array(classes.length)
  for (const group of order) {
    let least = 0
    for (let fold = 1; fold < folds; fold++) if (filled[fold] < filled[least]) least = fold
    foldOfGroup[group] = least
    filled[least] += sizes[group]
  }
  return allFolds(
    codes.map((group) => foldOfGroup[group]),
    folds,
  )
}

/** Splits n rows n ways, each time leaving one out. The splits are made one by one, as they are asked for. */
export function* leaveOneOut(rows: number): Generator<Split, void, void> {
  checkInteger('leaveOneOut', 'rows', rows, 2, 0xffffffff)
  for (let left = 0; left < rows; left++) {
    const train = new Uint32Array(rows - 1)
    for (let i = 0; i < rows - 1; i++) train[i] = i < left ? i : i + 1
    yield { train, test: Uint32Array.of(left) }
  }
}

function testRows(call: string, rows: number, testSize: number): number {
  if (typeof testSize === 'number' && testSize >= 1) {
    return checkInteger(
      call,
      'testSize',
      testSize,
      1,
      rows - 1,
      'the number of rows less 1; or a share below 1',
    )
  }
  checkNumber(call, 'testSize', testSize, Number.MIN_VALUE, rows - 1)
  // 0.1 · 30 is 3.0000000000000004 in some spellings: a share that is whole but for rounding counts as whole.
  const exact = rows * testSize
  const near = Math.round(exact)
  const test = Math.abs(exact - near) < rows * 2 ** -50 && near > 0 ? near : Math.ceil(exact)
  if (test > rows - 1) {
    throw new InputError(
      'E_PARAM',
      'testSize',
      `${call}: testSize must leave rows to learn from, got ${testSize} of ${rows} rows`,
    )
  }
  return test
}

function checkFolds(call: string, folds: number | undefined, most: number, bound: string): number {
  return checkInteger(call, 'folds', orDefault(folds, 5), 2, most, bound)
}

function seeded(call: string, seed: number | undefined): Random {
  return new Random(checkInteger(call, 'seed', orDefault(seed, 0), 0, Number.MAX_SAFE_INTEGER))
}

function membersOf(codes: Uint32Array, classes: number): number[][] {
  const members: number[][] = Array.from({ length: classes }, () => [])
  for (let i = 0; i < codes.length; i++) members[codes[i]].push(i)
  return members
}

/** Shares `total` out in proportion to sizes: whole parts first, then one each by largest remainder, smaller index first. */
function shares(sizes: readonly number[], total: number): number[] {
  const all = sizes.reduce((sum, size) => sum + size, 0)
  // In whole numbers: size · total stays below 2⁵³ for up to 94 million rows, and is near enough beyond.
  const quotas = sizes.map((size) => Math.floor((size * total) / all))
  const remainders = sizes.map((size, c) => size * total - quotas[c] * all)
  const order = sizes.map((_, c) => c).sort((a, b) => remainders[b] - remainders[a] || a - b)
  const left = total - quotas.reduce((sum, quota) => sum + quota, 0)
  for (let i = 0; i < left; i++) quotas[order[i]]++
  // Each class stands in both parts: the largest give and take.
  for (let c = 0; c < quotas.length; c++) {
    const move = quotas[c] === 0 ? 1 : quotas[c] === sizes[c] ? -1 : 0
    if (move === 0) continue
    const other = sizes
      .map((_, o) => o)
      .filter((o) => (move === 1 ? quotas[o] > 1 : quotas[o] < sizes[o] - 1))
      .sort((a, b) => sizes[b] - sizes[a] || a - b)[0]
    if (other === undefined) continue
    quotas[c] += move
    quotas[other] -= move
  }
  return quotas
}

function allFolds(foldOf: Uint32Array, folds: number): Split[] {
  return Array.from({ length: folds }, (_, fold) => parted(foldOf, fold))
}

function parted(partOf: Uint32Array | Uint8Array, part: number): Split {
  let size = 0
  for (const p of partOf) if (p === part) size++
  const test = new Uint32Array(size)
  const train = new Uint32Array(partOf.length - size)
  let inTest = 0
  let inTrain = 0
  for (let i = 0; i < partOf.length; i++) {
    if (partOf[i] === part) test[inTest++] = i
    else train[inTrain++] = i
  }
  return { train, test }
}
