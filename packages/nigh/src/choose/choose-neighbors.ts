import {
  checkAnswer,
  checkChoice,
  checkInteger,
  checkOptions,
  InputError,
  show,
  orDefault,
} from '../check.ts'
import { ownCopy, type PointsLike, queryPoints } from '../data/points.ts'
import { Matrix, type MatrixLike } from '../data/matrix.ts'
import { sumOf } from '../evaluate/sum.ts'
import { type RunOptions, runHere, runOptionNames, runPaced } from '../indexes/steps.ts'
import type { Neighbors } from '../indexes/neighbors.ts'
import type { Steps } from '../indexes/search.ts'
import { type Ballots, evenOffsets } from '../knn/ballots.ts'
import { classVotes, leaderOf } from '../knn/class-votes.ts'
import { type ClassLabel, codeTargets } from '../knn/classes.ts'
import { isKernel } from '../knn/kernel-weights.ts'
import { numberMeans } from '../knn/number-means.ts'
import { type NumberList, numberTargets } from '../knn/number-targets.ts'
import {
  buildSearch,
  nearestSteps,
  searchPoints,
  type SearchOptions,
  searchOptionNames,
} from '../knn/search-steps.ts'
import { checkWeights, type Weights } from '../knn/vote-weights.ts'
import { foldsOf, ownSource, rowSource, takeRows } from '../select/rows.ts'

/** Options of {@link chooseNeighbors}. */
export interface ChooseNeighborsOptions extends SearchOptions, RunOptions {
  /** The smallest and largest k looked at. Default: 1 to 30, or to as many neighbours as every row has. */
  readonly from?: number
  readonly to?: number
  /** Whether targets are classes or numbers. Default: classes, where they are no numbers; numbers need the word, rows of numbers do not. */
  readonly task?: 'classify' | 'regress'
  /** As for the models. Default: 'uniform'. */
  readonly weights?: Weights
  /**
   * 'loo': each row is judged by all others (a table is encoded once, by all rows). A number: so many parts, each judged by the
   * others, which are encoded anew. Default: 'loo'.
   */
  readonly folds?: 'loo' | number
  /** Of the draw of the folds. Default: 0. */
  readonly seed?: number
}

/** How well one k does. */
export interface NeighborsScore {
  readonly k: number
  /** Accuracy (classes), or R² (numbers; where a row has several, the mean of theirs): of all rows, each judged by rows that are not it. */
  readonly score: number
  /** The standard error of `score`. */
  readonly error: number
}

/** What {@link chooseNeighbors} finds. */
export interface ChosenNeighbors {
  /** The k with the best score; the largest, where several share it: it is the smoothest. */
  readonly k: number
  /** Every k whose score is within one standard error of the best: none of them is surely worse. */
  readonly near: readonly number[]
  readonly curve: readonly NeighborsScore[]
  readonly task: 'classify' | 'regress'
  /** Why, in plain words. */
  readonly reasons: readonly string[]
}

/**
 * Chooses k for nearest neighbours: the score of every k, each row judged by others.
 *
 * Cost: one search for the largest k (a part at a time, where there are folds) serves every k.
 * @param targets a class, a number or a row of numbers for each row
 * @throws {InputError} as KNNClassifier.fit and KNNRegressor.fit; E_PARAM for numbers without `task`; E_DISTINCT where
 * all numbers are equal
 * @example
 * const { k, curve } = await chooseNeighbors(points, species)
 */
export async function chooseNeighbors(
  points: PointsLike,
  targets: ArrayLike<ClassLabel> | NumberList | MatrixLike,
  options: ChooseNeighborsOptions = {},
): Promise<ChosenNeighbors> {
  return runPaced(chooseSteps('chooseNeighbors', points, targets, options), options)
}

/** {@link chooseNeighbors} on this thread, at once. */
export function chooseNeighborsSync(
  points: PointsLike,
  targets: ArrayLike<ClassLabel> | NumberList | MatrixLike,
  options: ChooseNeighborsOptions = {},
): ChosenNeighbors {
  return runHere(chooseSteps('chooseNeighborsSync', points, targets, options))
}

/** Neighbours that are judged between two pauses: a few milliseconds. */
const judgedAtOnce = 2 ** 16

const names = [...searchOptionNames, ...runOptionNames, 'from', 'to', 'task', 'weights', 'folds', 'seed']

function* chooseSteps(
  call: string,
  points: PointsLike,
  targets: ArrayLike<ClassLabel> | NumberList | MatrixLike,
  options: ChooseNeighborsOptions,
): Steps<ChosenNeighbors> {
  checkOptions(call, options, names)
  const weights = checkWeights(call, orDefault(options.weights, 'uniform'))
  const task = taskOf(call, targets, options.task)
  const { folds = 'loo', seed = 0 } = options
  checkInteger(call, 'seed', seed, 0, Number.MAX_SAFE_INTEGER)
  const source = folds === 'loo' ? rowSource(call, points) : ownSource(call, points)
  const whole = folds === 'loo' ? searchPoints(call, source, options) : null
  const rows = whole === null ? source.rows : whole.matrix.rows
  const truth = truthOf(call, task, targets, source.rows, whole?.kept ?? null)
  const splits = folds === 'loo' ? null : foldsOf(call, rows, truth.codes, { folds, seed })
  // A kernel measures by the neighbour after the last.
  const edged = isKernel(weights)
  const learnt = splits === null ? rows - 1 : Math.min(...splits.map((split) => split.train.length))
  const most = edged ? learnt - 1 : learnt
  if (most < 1) {
    throw new InputError(
      'E_SHAPE',
      'points',
      `${call}: points must have more rows than ${rows}, to ask neighbours`,
    )
  }
  const to = checkInteger(
    call,
    'to',
    orDefault(options.to, Math.min(30, most)),
    1,
    most,
    'the neighbours that every row has',
  )
  const from = checkInteger(call, 'from', orDefault(options.from, 1), 1, to, 'the largest k looked at')
  const wanted = edged ? to + 1 : to
  const count = to - from + 1
  checkAnswer(call, 'to', rows * count * 8, `the errors of ${rows} rows for ${count} values of k`)
  const losses = Array.from({ length: count }, () => new Float64Array(rows))
  const judge = function* (
    found: Neighbors,
    columns: number,
    tested: Uint32Array,
    train: Uint32Array | null,
  ): Steps<void> {
    const step = Math.max(1, Math.floor(judgedAtOnce / wanted))
    for (let start = 0; start < tested.length; start += step) {
      const asked = tested.subarray(start, start + step)
      const places = [start * found.k, (start + asked.length) * found.k] as const
      const part = {
        indices: found.indices.subarray(...places),
        distances: found.distances.subarray(...places),
        k: found.k,
        first: start,
      }
      for (let k = from; k <= to; k++) {
        const wrong = truth.losses(call, ballotsFor(part, k, edged, train), weights, columns, asked)
        wrong.forEach((loss, at) => {
          losses[k - from][asked[at]] = loss
        })
        yield { done: start, total: tested.length, work: asked.length * k }
      }
    }
  }
  if (whole !== null) {
    const search = yield* buildSearch(call, ownCopy(source, whole.matrix), options, whole.encoder)
    const found = yield* nearestSteps(call, search, undefined, undefined, { k: wanted }, wanted)
    const all = Uint32Array.from({ length: rows }, (_, row) => row)
    yield* judge(found, whole.matrix.columns, all, null)
  }
  for (const { train, test } of splits ?? []) {
    const part = searchPoints(call, takeRows(source, train), options)
    const { columns } = part.matrix
    const search = yield* buildSearch(call, part.matrix, options, part.encoder)
    const queries = queryPoints(call, 'points', takeRows(source, test), columns, part.encoder)
    const found = yield* nearestSteps(call, search, undefined, queries, { k: wanted }, wanted)
    yield* judge(found, columns, test, part.kept === null ? train : part.kept.map((row) => train[row]))
  }
  return yield* chosen(task, from, losses, truth.spread)
}

function taskOf(
  call: string,
  targets: ArrayLike<ClassLabel> | NumberList | MatrixLike,
  task: ChooseNeighborsOptions['task'],
): 'classify' | 'regress' {
  if (task !== undefined) return checkChoice(call, 'task', task, ['classify', 'regress'])
  if (isMatrixLike(targets)) return 'regress'
  if (typeof targets !== 'object' || targets === null || typeof targets[0] !== 'number') return 'classify'
  throw new InputError(
    'E_PARAM',
    'task',
    `${call}: task must say whether these numbers are classes ('classify') or amounts ('regress')`,
  )
}

/** The targets, and how wrong answers are. */
interface Truth {
  /** The class of each row; null for numbers. */
  readonly codes: Uint32Array | null
  /** What a loss is measured against: 1 for classes, the targets' variance for numbers. */
  readonly spread: number
  /**
   * One loss a query: 0 or 1 for a class, the squared error for a number.
   *
   * @param tested the row that each query is
   */
  losses(call: string, ballots: Ballots, weights: Weights, columns: number, tested: Uint32Array): Float64Array
}

function truthOf(
  call: string,
  task: 'classify' | 'regress',
  targets: ArrayLike<ClassLabel> | NumberList | MatrixLike,
  rows: number,
  kept: Uint32Array | null,
): Truth {
  if (task === 'classify') {
    if (isMatrixLike(targets)) {
      throw new InputError(
        'E_TYPE',
        'targets',
        `${call}: targets must be one class a row for task 'classify', got rows`,
      )
    }
    const { codes, classes } = codeTargets<ClassLabel>(call, targets, rows, kept)
    const classCount = classes.length
    return {
      codes,
      spread: 1,
      losses: (verb, ballots, weights, columns, tested) => {
        const votes = classVotes(verb, ballots, { weights, columns, codes, classCount, factors: undefined })
        return Float64Array.from({ length: votes.rows }, (_, at) =>
          leaderOf(votes, at) === codes[tested[at]] ? 0 : 1,
        )
      },
    }
  }
  if (!isMatrixLike(targets) && !isNumberList(targets)) {
    throw new InputError(
      'E_TYPE',
      'targets',
      `${call}: targets must be numbers for task 'regress', got ${show(targets[0])}`,
    )
  }
  const { values, outputs } = numberTargets(call, targets, rows, kept)
  const n = values.length / outputs
  const relative = new Float64Array(values.length)
  for (let j = 0; j < outputs; j++) {
    // Near 1 and around one target, so that squares neither overflow nor cancel; scores are ratios of squares.
    let size = 0
    for (let i = 0; i < n; i++) size = Math.max(size, Math.abs(values[i * outputs + j] / 2 - values[j] / 2))
    for (let i = 0; i < n && size > 0; i++) {
      relative[i * outputs + j] = (values[i * outputs + j] / 2 - values[j] / 2) / size
    }
  }
  const spreads = Array.from({ length: outputs }, (_, j) => {
    const mean = sumOf(n, (i) => relative[i * outputs + j]) / n
    return sumOf(n, (i) => (relative[i * outputs + j] - mean) ** 2) / n
  })
  if (spreads.includes(0)) {
    throw new InputError(
      'E_DISTINCT',
      'targets',
      `${call}: targets must not all be equal: every k answers alike`,
    )
  }
  const one = outputs === 1
  return {
    codes: null,
    spread: one ? spreads[0] : 1,
    losses: (verb, ballots, weights, columns, tested) => {
      const means = numberMeans(verb, ballots, { weights, columns, targets: relative, outputs })
      return Float64Array.from({ length: means.length / outputs }, (_, at) => {
        const row = tested[at]
        let loss = 0
        for (let j = 0; j < outputs; j++) {
          const sq = (means[at * outputs + j] - relative[row * outputs + j]) ** 2
          loss += one ? sq : sq / spreads[j] / outputs
        }
        return loss
      })
    },
  }
}

function isNumberList(targets: ArrayLike<ClassLabel> | NumberList): targets is NumberList {
  return (
    ArrayBuffer.isView(targets) ||
    (Array.isArray(targets) && targets.every((value) => typeof value === 'number'))
  )
}

/** Rows of numbers: their cells are checked where they are taken. */
function isMatrixLike(targets: ArrayLike<ClassLabel> | NumberList | MatrixLike): targets is MatrixLike {
  if (targets instanceof Matrix) return true
  if (!Array.isArray(targets)) return false
  const first: unknown = targets[0]
  return typeof first === 'object' && first !== null
}

/** The k nearest of more neighbours of some queries, of which `first` is the first, as ballots over all rows. */
function ballotsFor(
  found: Neighbors & { readonly first: number },
  k: number,
  edged: boolean,
  train: Uint32Array | null,
): Ballots {
  const queries = found.indices.length / found.k
  const rows = new Uint32Array(queries * k)
  const distances = new Float64Array(queries * k)
  for (let query = 0; query < queries; query++) {
    for (let place = 0; place < k; place++) {
      const row = found.indices[query * found.k + place]
      rows[query * k + place] = train === null ? row : train[row]
      distances[query * k + place] = found.distances[query * found.k + place]
    }
  }
  const { first } = found
  const ballots = { offsets: evenOffsets(queries, k), rows, distances, copies: undefined, first }
  if (!edged) return ballots
  return {
    ...ballots,
    edges: Float64Array.from({ length: queries }, (_, query) => found.distances[query * found.k + k]),
  }
}

function* chosen(
  task: 'classify' | 'regress',
  from: number,
  losses: readonly Float64Array[],
  spread: number,
): Steps<ChosenNeighbors> {
  const curve: NeighborsScore[] = []
  for (const [at, loss] of losses.entries()) {
    const n = loss.length
    const mean = sumOf(n, (i) => loss[i]) / n
    const variance = n > 1 ? sumOf(n, (i) => (loss[i] - mean) ** 2) / (n - 1) : 0
    curve.push({ k: from + at, score: 1 - mean / spread, error: Math.sqrt(variance / n) / spread })
    yield { done: n, total: n, work: n }
  }
  let best = curve[0]
  for (const row of curve) if (row.score >= best.score) best = row
  const near = curve.filter((row) => row.score >= best.score - best.error).map((row) => row.k)
  const name = task === 'classify' ? 'accuracy' : 'R²'
  const reasons = [
    `k = ${best.k} does best: ${name} ${best.score.toFixed(4)} ± ${best.error.toFixed(4)} (standard error).`,
  ]
  if (near.length === 1) reasons.push('Every other k is worse by more than the standard error.')
  else {
    reasons.push(
      `${near.length} of ${curve.length} k are within one standard error of it (${near[0]} to ${near[near.length - 1]}): between them the data do not decide.`,
    )
  }
  const last = curve[curve.length - 1].k
  if (best.k === last && curve.length > 1)
    reasons.push(`k = ${last} is the largest looked at: look further, with a larger to.`)
  return { k: best.k, near, curve, task, reasons }
}
