import { InputError, checkChoice, checkOptions, show, orDefault } from '../check.ts'
import { Matrix, type MatrixLike } from '../data/matrix.ts'
import { checkSameLength, codeLabels, codeTogether, type Label, type Labels } from './labels.ts'
import { checkNumbers, checkWeights, type Numbers, sumOf } from './sum.ts'

/** Options of {@link logLoss}. */
export interface LogLossOptions {
  /** n weights from 0 up, one a row. Default: every row counts once. */
  readonly sampleWeight?: Numbers
  /** The classes, in the order of the columns of `probabilities`. Default: those of `targets`, sorted. */
  readonly classes?: Labels
}

/** Options of {@link averagePrecision}, and most of those of {@link rocAuc}. */
export interface RankingOptions {
  /** n weights from 0 up, one a row. Default: every row counts once. */
  readonly sampleWeight?: Numbers
  /** With one score a row: the class that high scores mean. Default: the last of the two classes in sorted order. */
  readonly positive?: Label
  /** With one column a class: the classes, in the order of the columns. Default: those of `targets`, sorted. */
  readonly classes?: Labels
  /** With one column a class: the plain mean over classes, or weighted by their rows. Default: 'macro'. */
  readonly average?: 'macro' | 'weighted'
}

/** Options of {@link rocAuc}. */
export interface RocAucOptions extends RankingOptions {
  /**
   * With one column a class: each class against the rest ('ovr'), or the plain mean over pairs of classes ('ovo', Hand and
   * Till 2001), which does not depend on how frequent they are. Default: 'ovr'.
   */
  readonly multiClass?: 'ovr' | 'ovo'
}

/**
 * The mean negative logarithm of the probability given to the right class.
 *
 * `probabilities` are n × classes, or n numbers for two classes (the probability of the last in sorted order). They are
 * kept 2⁻⁵² away from 0 and 1, as scikit-learn has it, so that one certain mistake is not infinitely bad.
 *
 * @throws {InputError} E_RANGE for a probability below 0 or above 1, or a row that does not sum to 1 (within 1e-6);
 * E_SHAPE where columns and classes differ in number
 */
export function logLoss(
  targets: Labels,
  probabilities: MatrixLike | Numbers,
  options: LogLossOptions = {},
): number {
  const call = 'logLoss'
  checkOptions(call, options, ['sampleWeight', 'classes'])
  const { codes, classes } = coded(call, targets, options.classes)
  const n = codes.length
  const weight = checkWeights(call, options.sampleWeight, n)
  const given = scores(call, 'probabilities', probabilities)
  checkSameLength(call, 'probabilities', given.rows, 'targets', n)
  const { values, columns } = given
  if (columns === 1 ? classes.length !== 2 : columns !== classes.length) {
    throw new InputError(
      'E_SHAPE',
      'probabilities',
      `${call}: probabilities must have one column for each of the ${classes.length} classes (name them with classes where targets lack some), got ${columns}`,
    )
  }
  const edge = 2 ** -52
  for (let i = 0; i < n; i++) {
    let total = 0
    for (let j = 0; j < columns; j++) {
      const p = values[i * columns + j]
      if (!(p >= 0 && p <= 1)) {
        throw new InputError(
          'E_RANGE',
          'probabilities',
          `${call}: probabilities must be from 0 to 1; row ${i} holds ${p}`,
        )
      }
      total += p
    }
    if (columns > 1 && Math.abs(total - 1) > 1e-6) {
      throw new InputError(
        'E_RANGE',
        'probabilities',
        `${call}: each row of probabilities must sum to 1; row ${i} sums to ${total}`,
      )
    }
  }
  const loss = (i: number): number => {
    const p = columns > 1 ? values[i * columns + codes[i]] : codes[i] === 1 ? values[i] : 1 - values[i]
    return -Math.log(Math.min(1 - edge, Math.max(edge, p)))
  }
  if (weight === null) return sumOf(n, loss) / n
  return sumOf(n, (i) => loss(i) * weight[i]) / sumOf(n, (i) => weight[i])
}

/**
 * The area under the receiver operating characteristic: the chance that a row of the positive class scores above a row
 * of the other, a tie counting half.
 *
 * `scores` are n numbers (two classes), or n × classes: then the mean over each class against the rest.
 *
 * Cost: a sort a class.
 * @throws {InputError} E_DISTINCT where a class has no rows, or all: the area is not defined then
 */
export function rocAuc(targets: Labels, scores: MatrixLike | Numbers, options: RocAucOptions = {}): number {
  const call = 'rocAuc'
  checkOptions(call, options, [...rankingNames, 'multiClass'])
  const { multiClass = 'ovr', ...rest } = options
  if (checkChoice(call, 'multiClass', multiClass, ['ovr', 'ovo']) === 'ovr') {
    return ranked(call, targets, scores, rest, areaUnderRoc)
  }
  return pairedAuc(call, targets, scores, rest)
}

/** A row's score adds, for each row of another class below it, one; for each level with it, a half. */
const areaUnderRoc: AreaOf = (hits, _misses, hitsHere, missesHere, totalHits, totalMisses) => {
  let area = 0
  let above = 0
  for (let g = 0; g < hits.length; g++) {
    area += missesHere[g] * (above + hitsHere[g] / 2)
    above = hits[g]
  }
  return area / totalHits / totalMisses
}

/** The mean over pairs of classes: among their rows alone, the area of each one's column for it. */
function pairedAuc(
  call: string,
  targets: Labels,
  given: MatrixLike | Numbers,
  options: RankingOptions,
): number {
  for (const name of ['sampleWeight', 'average', 'positive'] as const) {
    if (options[name] !== undefined) {
      throw new InputError('E_PARAM', name, `${call}: ${name} does not go with multiClass 'ovo'`)
    }
  }
  const { codes, classes } = coded(call, targets, options.classes)
  const { values, rows, columns } = scores(call, 'scores', given)
  checkSameLength(call, 'scores', rows, 'targets', codes.length)
  if (columns !== classes.length || columns < 2) {
    throw new InputError(
      'E_SHAPE',
      'scores',
      `${call}: scores must have one column for each of the ${classes.length} classes, got ${columns}`,
    )
  }
  const areas: number[] = []
  for (let a = 0; a < columns; a++) {
    for (let b = a + 1; b < columns; b++) {
      const among = Array.from(codes.keys()).filter((i) => codes[i] === a || codes[i] === b)
      const own = Uint32Array.from(among, (i) => codes[i])
      for (const c of [a, b]) {
        const column = Float64Array.from(among, (i) => values[i * columns + c])
        areas.push(areaOfColumn(call, own, classes, c, column, null, areaUnderRoc).area)
      }
    }
  }
  return sumOf(areas.length, (i) => areas[i]) / areas.length
}

/**
 * Average precision: the precision at each threshold, weighted by the recall gained there. No interpolation.
 *
 * `scores` as in {@link rocAuc}.
 *
 * @throws {InputError} E_DISTINCT where the positive class has no rows
 */
export function averagePrecision(
  targets: Labels,
  scores: MatrixLike | Numbers,
  options: RankingOptions = {},
): number {
  return ranked(
    'averagePrecision',
    targets,
    scores,
    options,
    (hits, misses, hitsHere, _missesHere, totalHits) => {
      let sum = 0
      for (let g = 0; g < hits.length; g++) {
        const predicted = hits[g] + misses[g]
        if (predicted > 0) sum += (hitsHere[g] / totalHits) * (hits[g] / predicted)
      }
      return sum
    },
  )
}

const rankingNames = ['sampleWeight', 'positive', 'classes', 'average']

/** One number from the counts at each threshold, highest score first; equal scores are one threshold. */
type AreaOf = (
  hits: Float64Array,
  misses: Float64Array,
  hitsHere: Float64Array,
  missesHere: Float64Array,
  totalHits: number,
  totalMisses: number,
) => number

function ranked(
  call: string,
  targets: Labels,
  given: MatrixLike | Numbers,
  options: RankingOptions,
  areaOf: AreaOf,
): number {
  checkOptions(call, options, rankingNames)
  const average = checkChoice(call, 'average', orDefault(options.average, 'macro'), ['macro', 'weighted'])
  const { codes, classes } = coded(call, targets, options.classes)
  const n = codes.length
  const weight = checkWeights(call, options.sampleWeight, n)
  const { values, rows, columns } = scores(call, 'scores', given)
  checkSameLength(call, 'scores', rows, 'targets', n)
  const column = new Float64Array(n)
  const area = (j: number, positive: number): { area: number; support: number } => {
    for (let i = 0; i < n; i++) column[i] = values[i * columns + j]
    return areaOfColumn(call, codes, classes, positive, column, weight, areaOf)
  }
  if (columns === 1) {
    let positive = 1
    if (options.positive !== undefined) {
      positive = classes.indexOf(options.positive)
      if (positive < 0) {
        throw new InputError(
          'E_PARAM',
          'positive',
          `${call}: positive must be one of the targets, got ${show(options.positive)}`,
        )
      }
    }
    if (classes.length !== 2) {
      throw new InputError(
        classes.length < 2 ? 'E_DISTINCT' : 'E_SHAPE',
        classes.length < 2 ? 'targets' : 'scores',
        classes.length < 2
          ? `${call}: targets must hold two classes, all rows are ${show(classes[0])}`
          : `${call}: scores must have one column for each of the ${classes.length} classes, got 1`,
      )
    }
    return area(0, positive).area
  }
  if (options.positive !== undefined) {
    throw new InputError(
      'E_PARAM',
      'positive',
      `${call}: positive goes with one score a row; these have ${columns}`,
    )
  }
  if (columns !== classes.length) {
    throw new InputError(
      'E_SHAPE',
      'scores',
      `${call}: scores must have one column for each of the ${classes.length} classes, got ${columns}`,
    )
  }
  let total = 0
  let weights = 0
  for (let c = 0; c < columns; c++) {
    const found = area(c, c)
    const w = average === 'macro' ? 1 : found.support
    total += found.area * w
    weights += w
  }
  return total / weights
}

function areaOfColumn(
  call: string,
  codes: Uint32Array,
  classes: readonly Label[],
  positive: number,
  column: Float64Array,
  weight: Numbers | null,
  areaOf: AreaOf,
): { area: number; support: number } {
  const n = codes.length
  const order = new Uint32Array(n)
  for (let i = 0; i < n; i++) order[i] = i
  order.sort((a, b) => column[b] - column[a] || a - b)
  const hits = new Float64Array(n)
  const misses = new Float64Array(n)
  const hitsHere = new Float64Array(n)
  const missesHere = new Float64Array(n)
  let groups = 0
  let hit = 0
  let miss = 0
  for (let at = 0; at < n; ) {
    const score = column[order[at]]
    for (; at < n && column[order[at]] === score; at++) {
      const i = order[at]
      const w = weight === null ? 1 : weight[i]
      if (codes[i] === positive) hitsHere[groups] += w
      else missesHere[groups] += w
    }
    hit += hitsHere[groups]
    miss += missesHere[groups]
    hits[groups] = hit
    misses[groups++] = miss
  }
  if (hit === 0 || (miss === 0 && call === 'rocAuc')) {
    throw new InputError(
      'E_DISTINCT',
      'targets',
      hit === 0
        ? `${call}: targets must hold rows of ${show(classes[positive])}${weight === null ? '' : ' of weight above 0'}, got none`
        : `${call}: targets must hold rows of another class than ${show(classes[positive])}${weight === null ? '' : ', of weight above 0'}, got none`,
    )
  }
  const cut = (all: Float64Array): Float64Array => all.subarray(0, groups)
  return { area: areaOf(cut(hits), cut(misses), cut(hitsHere), cut(missesHere), hit, miss), support: hit }
}

function coded(
  call: string,
  targets: Labels,
  classes: Labels | undefined,
): { codes: Uint32Array; classes: readonly Label[] } {
  if (classes === undefined) return codeLabels(call, 'targets', targets)
  const [found] = codeTogether(call, [['targets', targets]], classes, 'classes')
  return found
}

/** n numbers, or n × m. */
function scores(
  call: string,
  param: string,
  given: MatrixLike | Numbers,
): { values: ArrayLike<number>; rows: number; columns: number } {
  if (isNumbers(given)) {
    checkNumbers(call, param, given)
    return { values: given, rows: given.length, columns: 1 }
  }
  return Matrix.from(call, param, given)
}

/** Tells n numbers from n rows. */
export function isNumbers(given: MatrixLike | Numbers): given is Numbers {
  if (given instanceof Float32Array || given instanceof Float64Array) return true
  return Array.isArray(given) && (given.length === 0 || typeof given[0] !== 'object' || given[0] === null)
}
