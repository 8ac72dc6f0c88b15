import {
  type Confusion,
  InputError,
  type MatrixLike,
  type RegressionScores,
  accuracy,
  confusion,
  precisionRecallF1,
  regressionScores,
} from 'nigh'
import { checkChoice, checkInteger, checkOptions, show } from 'nigh/internals'
import type { Cell } from './arrow.ts'
import { featuresOf, findColumn, idOf, rowColumn } from './columns.ts'
import { SparkError } from './errors.ts'
import { type Frame, checkFrame } from './frame.ts'
import { type SearchServer, SparkIndex, type SparkIndexOptions, type SparkNeighbors } from './neighbors.ts'
import { quoted } from './plan.ts'
import type { Watch } from './session.ts'

/** Options of {@link Spark.classify} and {@link Spark.regress}. */
export interface SparkLearnOptions extends SparkIndexOptions, Watch {
  /** Column of the answers: text, whole numbers or booleans to classify; numbers to regress. */
  readonly target: string
  /** Neighbours asked for each answer: an integer from 1 to n. Default: 5. */
  readonly k?: number
  /** 'uniform': each neighbour counts once; 'distance': by 1/distance, those at distance 0 alone. Default: 'uniform'. */
  readonly weights?: 'uniform' | 'distance'
}

/** Options of {@link Spark.evaluate}. */
export interface SparkEvaluateOptions extends SparkLearnOptions {
  /** Default: 'regress' for columns of fractions (float, double, decimal), else 'classify'. */
  readonly task?: 'classify' | 'regress'
  /** Share of rows that are asked rather than learnt from, above 0 and below 1. Default: 0.25. */
  readonly holdout?: number
  /** Which rows those are: an integer from 0 up. The same ids are held out on any partitioning. Default: 0. */
  readonly seed?: number
}

/** How well neighbours answer for rows that were held out. */
export type SparkEvaluation =
  | {
      readonly task: 'classify'
      readonly method: 'holdout'
      /** Rows that were asked. */
      readonly rows: number
      readonly accuracy: number
      readonly macroF1: number
      readonly confusion: Confusion
    }
  | ({ readonly task: 'regress'; readonly method: 'holdout'; readonly rows: number } & RegressionScores)

const learnOptions = [
  'columns',
  'id',
  'cells',
  'target',
  'k',
  'weights',
  'signal',
  'onProgress',
  'maxBytes',
] as const

type Answer = string | number | boolean

/** Answers for queries, and the neighbours behind them. */
export interface SparkAnswers<T> {
  /** One for each query, in the order of `neighbors.queries`. */
  readonly predictions: readonly T[]
  readonly neighbors: SparkNeighbors
}

/** Classes by the votes of the nearest rows; see {@link Spark.classify}. */
export async function classify(
  server: SearchServer,
  queries: MatrixLike | Frame | undefined,
  table: Frame,
  options: SparkLearnOptions,
): Promise<SparkAnswers<Answer>> {
  checkOptions('Spark.classify', options, learnOptions)
  const { neighbors, targets, weights } = await asked('Spark.classify', server, queries, table, options)
  const { k } = neighbors
  const votes = new Float64Array(k)
  const predictions = Array.from(neighbors.queries, (_, query) => {
    vote(neighbors.distances, query * k, k, weights, votes)
    const shares = new Map<Answer, number>()
    for (let place = 0; place < k; place++) {
      const target = answerOf('Spark.classify', options.target, targets.get(neighbors.ids[query * k + place]))
      shares.set(target, (shares.get(target) ?? 0) + votes[place])
    }
    // The most votes; on a tie the class that is first in sorted order.
    const sorted = [...shares].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))
    return sorted[0][0]
  })
  return { predictions, neighbors }
}

/** Numbers by the averages of the nearest rows; see {@link Spark.regress}. */
export async function regress(
  server: SearchServer,
  queries: MatrixLike | Frame | undefined,
  table: Frame,
  options: SparkLearnOptions,
): Promise<SparkAnswers<number>> {
  checkOptions('Spark.regress', options, learnOptions)
  const { neighbors, targets, weights } = await asked('Spark.regress', server, queries, table, options)
  const { k } = neighbors
  const votes = new Float64Array(k)
  const predictions = Array.from(neighbors.queries, (_, query) => {
    const total = vote(neighbors.distances, query * k, k, weights, votes)
    let sum = 0
    for (let place = 0; place < k; place++) {
      const target = numberOf('Spark.regress', options.target, targets.get(neighbors.ids[query * k + place]))
      if (votes[place] > 0) sum += votes[place] * target
    }
    return sum / total
  })
  return { predictions, neighbors }
}

/** Holds rows out, answers for them from the others, and compares; see {@link Spark.evaluate}. */
export async function evaluate(
  server: SearchServer,
  table: Frame,
  options: SparkEvaluateOptions,
): Promise<SparkEvaluation> {
  const call = 'Spark.evaluate'
  checkOptions(call, options, [...learnOptions, 'task', 'holdout', 'seed'])
  checkFrame(call, 'table', table)
  const { task: given, holdout = 0.25, seed = 0, ...learn } = options
  if (!(holdout > 0 && holdout < 1)) {
    throw new InputError(
      'E_PARAM',
      'holdout',
      `${call}: holdout must be a number above 0 and below 1, got ${show(holdout)}`,
    )
  }
  checkInteger(call, 'seed', seed, 0, Number.MAX_SAFE_INTEGER)
  const { type } = findColumn(call, 'target', await table.columns(options.signal), options.target)
  const fraction = type === 'double' || type === 'float' || type === 'decimal'
  const task = checkChoice(call, 'task', given ?? (fraction ? 'regress' : 'classify'), [
    'classify',
    'regress',
  ])
  const id = await idOf(call, table, options.id ?? rowColumn, options.signal)
  const held = `pmod(xxhash64(${id}, ${seed}L), 1000000) < ${Math.round(holdout * 1e6)}`
  const asked = table.sql(`select * from input where ${held}`)
  const learnt = table.sql(`select * from input where not (${held})`)
  const watch: Watch = options.signal === undefined ? {} : { signal: options.signal }
  const left = [options.id ?? rowColumn, options.target]
  const { names: columns } = await featuresOf(call, table, learn.columns, options.signal, left)
  const answers =
    task === 'classify'
      ? await classify(server, asked, learnt, { ...learn, columns })
      : await regress(server, asked, learnt, { ...learn, columns })
  const { predictions, neighbors } = answers
  const truth = await targetsOf(call, server, asked, neighbors.queries, id, options.target, watch)
  const rows = predictions.length
  if (rows === 0) {
    throw new InputError(
      'E_PARAM',
      'holdout',
      `${call}: holdout must leave a row to ask; ${show(holdout)} of these rows is none`,
    )
  }
  if (task === 'regress') {
    const numbers = Float64Array.from(neighbors.queries, (query) =>
      numberOf(call, options.target, truth.get(query)),
    )
    return {
      task,
      method: 'holdout',
      rows,
      ...regressionScores(numbers, Float64Array.from(predictions, Number)),
    }
  }
  const targets = Array.from(neighbors.queries, (query) =>
    String(answerOf(call, options.target, truth.get(query))),
  )
  const found = predictions.map(String)
  return {
    task,
    method: 'holdout',
    rows,
    accuracy: accuracy(targets, found),
    macroF1: precisionRecallF1(targets, found).macro.f1,
    confusion: confusion(targets, found),
  }
}

/** The neighbours of the queries, and what the table says of those. */
async function asked(
  call: string,
  server: SearchServer,
  queries: MatrixLike | Frame | undefined,
  table: Frame,
  options: SparkLearnOptions,
): Promise<{
  readonly neighbors: SparkNeighbors
  readonly targets: ReadonlyMap<bigint, Cell>
  readonly weights: 'uniform' | 'distance'
}> {
  const { target, k = 5, weights: rule = 'uniform', columns, id = rowColumn, cells, ...watch } = options
  checkFrame(call, 'table', table)
  const weights = checkChoice(call, 'weights', rule, ['uniform', 'distance'])
  findColumn(call, 'target', await table.columns(options.signal), target)
  const { names } = await featuresOf(call, table, columns, options.signal, [id, target])
  const signal = options.signal === undefined ? {} : { signal: options.signal }
  const built = { columns: names, id, ...(cells === undefined ? {} : { cells }), ...signal }
  const index = await SparkIndex.build(server, table, built, call)
  try {
    const neighbors = await index.nearest(queries, { k, columns: names, id, ...watch })
    const idSql = await idOf(call, table, id, options.signal)
    const targets = await targetsOf(call, server, table, neighbors.ids, idSql, target, watch)
    return { neighbors, targets, weights }
  } finally {
    await index.free()
  }
}

/** What a table says of some ids. */
async function targetsOf(
  call: string,
  server: SearchServer,
  table: Frame,
  ids: BigInt64Array,
  idSql: string,
  target: string,
  watch: Watch,
): Promise<ReadonlyMap<bigint, Cell>> {
  const different = BigInt64Array.from(new Set(ids))
  const wanted = await server.upload(
    [{ name: 'id', type: 'long', values: different }],
    different.length,
    watch.signal,
  )
  const found = table.join(
    `select t.id, t.target from (select ${idSql} as id, ${quoted(target)} as target from input) t join wanted using (id)`,
    { wanted },
  )
  const targets = new Map<bigint, Cell>()
  for await (const rows of found.stream({ maxBytes: 2 ** 30, ...watch })) {
    for (const { id, target: cell } of rows) {
      const key = typeof id === 'bigint' ? id : BigInt(Number(id))
      if (targets.has(key)) {
        throw new InputError('E_PARAM', 'id', `${call}: id must tell rows apart; ${key} names several`)
      }
      targets.set(key, cell)
    }
  }
  return targets
}

/**
 * Votes of a query's neighbours, nearest first: equal ones, or relative to the nearest neighbour's by distance.
 *
 * @returns their sum
 */
function vote(
  distances: Float64Array,
  at: number,
  k: number,
  weights: 'uniform' | 'distance',
  votes: Float64Array,
): number {
  const nearest = distances[at]
  let sum = 0
  for (let place = 0; place < k; place++) {
    const distance = distances[at + place]
    votes[place] = weights === 'uniform' || distance === nearest ? 1 : nearest / distance
    sum += votes[place]
  }
  return sum
}

function answerOf(call: string, target: string, cell: Cell | undefined): Answer {
  if (typeof cell === 'string' || typeof cell === 'boolean') return cell
  if (typeof cell === 'number' && Number.isFinite(cell)) return cell
  throw noTarget(call, target, cell)
}

function numberOf(call: string, target: string, cell: Cell | undefined): number {
  if (typeof cell === 'number' && Number.isFinite(cell)) return cell
  throw noTarget(call, target, cell)
}

function noTarget(call: string, target: string, cell: Cell | undefined): Error {
  if (cell === undefined) return new SparkError(`${call}: a neighbour is not in the table any more`)
  return new InputError(
    'E_TYPE',
    'target',
    `${call}: target must have an answer in every row; ${show(target)} holds ${show(cell)}`,
  )
}
