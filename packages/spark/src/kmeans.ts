import { type Encoder, InputError, KMeans, Matrix, type MatrixLike, type Warning } from 'nigh'
import {
  type FitStep,
  type Init,
  type Outcome,
  checkChoice,
  checkInteger,
  checkNumber,
  checkOptions,
  fewerDistinct,
  fit,
  powerAbove,
  runLater,
  show,
} from 'nigh/internals'
import { numbersOf } from './arrow.ts'
import { Blocks } from './blocks.ts'
import { type Features, featuresOf, findColumn, isNumber, rowColumn } from './columns.ts'
import { encodeFrame, encodedColumn } from './encode.ts'
import { type Frame, checkFrame } from './frame.ts'
import { fitMLlib } from './mllib.ts'
import { type Relation, callOf, expression, named, quoted, sqlNumber } from './plan.ts'
import type { KnownColumns } from './predict.ts'
import type { Session, SparkProgress, Watch } from './session.ts'
import { judgedSql, judgedWeight, refused } from './refusals.ts'
import { SparkFit, noWeight } from './spark-fit.ts'
import { nearestSql } from './sql-search.ts'

const call = 'Spark.kmeans'

/** Options of {@link Spark.kmeans}. */
export interface SparkKMeansOptions {
  /**
   * Columns of numbers to cluster by, or one column of arrays or vectors. Default: every column of numbers but `row`,
   * which numbers uploaded rows, and the weights.
   */
  readonly columns?: readonly string[]
  /** Turns the table into numbers, instead of `columns`; kept in the model. See {@link Spark.encoder}. */
  readonly encoder?: Encoder
  /** Number of clusters: an integer from 1 up. */
  readonly k: number
  /**
   * 'exact' runs nigh's own passes: the same bits as on one machine, however the rows lie in partitions. 'mllib' runs
   * Spark's own k-means: k-means‖, an answer that depends on the partitions. Default: 'exact', where the server takes
   * nigh's functions; else 'mllib'.
   */
  readonly engine?: 'exact' | 'mllib'
  /** The first centroids. 'mllib' takes 'k-means++' as k-means‖, and none that are given. Default: 'k-means++'. */
  readonly init?: 'k-means++' | 'random' | MatrixLike
  /** Number of starts, as for `KMeans.fit`, with the same default; 'mllib' takes 1. */
  readonly nInit?: number
  /** Most iterations a start may take: an integer from 1 up. Default: 10000; for 'mllib' 20, as Spark. */
  readonly maxIterations?: number
  /** Stop when no centroid moves farther: a number from 0 up. Default: 0; for 'mllib' 0.0001, as Spark. */
  readonly tolerance?: number
  /** Seed of the random numbers: an integer from 0 up. Default: 0. */
  readonly seed?: number
  /** Column of weights from 0 up: weight n is n copies. Default: each row counts once. */
  readonly weightColumn?: string
  /** Refuse rows with fewer different ones than k, rather than fitting fewer clusters with a warning. Default: false. */
  readonly strict?: boolean
  /** Stops the work on the cluster; the call throws the signal's reason. */
  readonly signal?: AbortSignal
  /** Hears of every step of the fit, and of the cluster's tasks. */
  readonly onProgress?: (progress: SparkKMeansProgress) => void
}

/** How far a fit is. */
export interface SparkKMeansProgress {
  /** Which start, from 0. */
  readonly start: number
  /** Which iteration, from 1; 0 before the first. */
  readonly iteration: number
  readonly phase: 'pack' | 'seed' | 'assign' | 'update' | 'mllib'
  /** While seeding: centroids picked so far. Otherwise: rows that changed their label in this iteration. */
  readonly changed: number
  /** The cluster's tasks, where it told of them; null where a step of the fit is told of. */
  readonly cluster: SparkProgress | null
}

/** Fits on the cluster; see {@link Spark.kmeans}. */
export async function fitKMeans(
  session: Session,
  java: boolean,
  table: Frame,
  options: SparkKMeansOptions,
): Promise<{ readonly model: KMeans; readonly columns: KnownColumns }> {
  checkOptions(call, options, optionNames)
  const [model, columns] = await fitMany(session, java, table, options, [options.k])
  return { model: model[0], columns }
}

/** Fits for each of several k, packing the rows once. */
export async function fitMany(
  session: Session,
  java: boolean,
  table: Frame,
  options: SparkKMeansOptions,
  ks: readonly number[],
): Promise<readonly [readonly KMeans[], KnownColumns]> {
  checkFrame(call, 'table', table)
  const all = ks.map((k) => checkFit({ ...options, k }, java))
  const { signal, encoder } = options
  signal?.throwIfAborted()
  if (encoder !== undefined && options.columns !== undefined) {
    throw new InputError(
      'E_PARAM',
      'columns',
      `${call}: columns and encoder exclude each other: the encoder has its columns`,
    )
  }
  const rows = encoder === undefined ? table : await encodeFrame(table, encoder, encodedColumn, signal)
  const names = encoder === undefined ? options.columns : [encodedColumn]
  const left = [rowColumn, ...(options.weightColumn === undefined ? [] : [options.weightColumn])]
  const features = await featuresOf(call, rows, names, signal, left)
  const frame = features.frame.judging(encoder?.features ?? features.names)
  const weight = await weightOf(frame, options.weightColumn, signal)
  const steps = watching(options)
  const { watch } = steps
  const columns = encoder === undefined ? await widthOf(call, features, watch) : encoder.features.length
  const unit = weight === null ? 1 : await weightUnit(frame, weight, watch)
  const scaled = weight === null ? {} : { weight: `${weight} * ${sqlNumber(1 / unit)}` }
  if (!java) {
    const models: KMeans[] = []
    const count = await frame.count(watch)
    for (const checked of all) {
      checkRows(checked.k, count)
      const outcome = await fitInSql(session, frame, features, weight, columns, checked, options, watch)
      models.push(modelOf(outcome, columns, 1, checked, encoder))
    }
    return [models, features]
  }
  const blocks = await Blocks.pack(call, frame, features, columns, scaled)
  try {
    const models: KMeans[] = []
    for (const checked of all) {
      const given = checkInit(options.init, checked.k, columns)
      const engine = new SparkFit(blocks, watch)
      await engine.prepare()
      if (models.length === 0) {
        const [shuffled] = await session.settings(['spark.sql.shuffle.partitions'])
        await blocks.gather(engine.rows, Number(shuffled), watch)
      }
      checkRows(checked.k, engine.rows)
      const outcome =
        checked.engine === 'mllib'
          ? await fitByMLlib(session, engine, datasetOf(frame, features, weight), checked, options, watch)
          : await fitExactly(session, engine, checked, given, options, steps)
      models.push(modelOf(outcome, columns, unit, checked, encoder))
    }
    return [models, features]
  } finally {
    await blocks.free()
  }
}

function checkRows(k: number, rows: number): void {
  if (rows === 0) throw new InputError('E_EMPTY', 'table', `${call}: table has no rows`)
  if (k <= rows) return
  throw new InputError(
    'E_K',
    'k',
    `${call}: k must be an integer from 1 to ${rows} (the number of rows), got ${k}`,
  )
}

async function fitExactly(
  session: Session,
  engine: SparkFit,
  checked: CheckedFit,
  given: Float64Array | null,
  options: SparkKMeansOptions,
  told: Steps,
): Promise<Outcome> {
  const starts = startsOf(checked, engine.rows, engine.columns, given)
  const init: Init = given === null ? checked.init : [given]
  const { k, seed, maxIterations, tolerance } = checked
  const steps = fit(engine, { k, init, starts, maxIterations, tolerance, seed })
  return session.steady(() => runLater(steps, stepsTo(options, told)))
}

/** Fits by Spark itself; then counts and inertia by nigh's rules, so that the model agrees with itself. */
async function fitByMLlib(
  session: Session,
  engine: SparkFit,
  dataset: Relation,
  checked: CheckedFit,
  options: SparkKMeansOptions,
  watch: Watch,
): Promise<Outcome> {
  const init = options.init === 'random' ? 'random' : 'k-means||'
  const { k, seed, maxIterations, tolerance } = checked
  const weighted = options.weightColumn !== undefined
  const found = await fitMLlib(session, dataset, { k, seed, maxIterations, tolerance, init, weighted }, watch)
  const centroids = Float64Array.from(found.centroids.values)
  const { sums } = await engine.assign(centroids, true)
  const counts = sums.weightCoarse.map((coarse, c) => coarse + sums.weightFine[c])
  const inertia = await engine.inertia(centroids)
  const converged = found.iterations < maxIterations
  return { centroids, counts, inertia, iterations: found.iterations, converged, start: 0 }
}

/** Fits by Spark itself where nigh's functions are not there: counts and inertia are then plain sums. */
async function fitInSql(
  session: Session,
  frame: Frame,
  features: Features,
  weight: string | null,
  columns: number,
  checked: CheckedFit,
  options: SparkKMeansOptions,
  watch: Watch,
): Promise<Outcome> {
  const init = options.init === 'random' ? 'random' : 'k-means||'
  const { k, seed, maxIterations, tolerance } = checked
  const row = judgedSql(features.sql, columns)
  const dataset = datasetOf(frame, { ...features, sql: row }, weight)
  const weighted = weight !== null
  const asked = { k, seed, maxIterations, tolerance, init, weighted } as const
  const found = await fitMLlib(session, dataset, asked, watch).catch((error: unknown) => {
    throw refused(call, [options.encoder?.features ?? features.names], error)
  })
  const centroids = Float64Array.from(found.centroids.values)
  const near = nearestSql('x', centroids, columns)
  const summed = frame.sql(
    `select found.cluster as cluster, sum(weight) as n, sum(weight * found.distance * found.distance) as inertia
      from (select ${near} as found, weight from (select ${features.sql} as x, ${weight ?? '1D'} as weight from input))
      group by 1`,
  )
  const counts = new Float64Array(centroids.length / columns)
  let inertia = 0
  for await (const table of summed.tables(watch, call)) {
    const clusters = numbersOf(call, table, 'cluster')
    const sizes = numbersOf(call, table, 'n')
    const parts = numbersOf(call, table, 'inertia')
    clusters.forEach((cluster, i) => {
      counts[cluster] = sizes[i]
      inertia += parts[i]
    })
  }
  const converged = found.iterations < maxIterations
  return { centroids, counts, inertia, iterations: found.iterations, converged, start: 0 }
}

interface CheckedFit {
  readonly k: number
  readonly engine: 'exact' | 'mllib'
  readonly init: 'k-means++' | 'random'
  readonly nInit: number | null
  readonly maxIterations: number
  readonly tolerance: number
  readonly seed: number
  readonly strict: boolean
}

const optionNames = [
  'columns',
  'encoder',
  'k',
  'engine',
  'init',
  'nInit',
  'maxIterations',
  'tolerance',
  'seed',
  'weightColumn',
  'strict',
  'signal',
  'onProgress',
] as const

function checkFit(options: SparkKMeansOptions, java: boolean): CheckedFit {
  const engine = checkChoice(call, 'engine', options.engine ?? (java ? 'exact' : 'mllib'), ['exact', 'mllib'])
  if (engine === 'exact' && !java) {
    throw new InputError(
      'E_PARAM',
      'engine',
      `${call}: engine must be 'mllib' where the server takes no jar, got 'exact'`,
    )
  }
  const mllib = engine === 'mllib'
  const nInit =
    options.nInit === undefined ? null : checkInteger(call, 'nInit', options.nInit, 1, mllib ? 1 : 1e6)
  const { init = 'k-means++', strict = false } = options
  if (mllib && typeof init !== 'string') {
    throw new InputError(
      'E_INIT',
      'init',
      `${call}: init must be 'k-means++' or 'random' with engine 'mllib': Spark takes none that are given`,
    )
  }
  if (typeof strict !== 'boolean') {
    throw new InputError('E_TYPE', 'strict', `${call}: strict must be true or false, got ${show(strict)}`)
  }
  return {
    k: checkInteger(call, 'k', options.k, mllib ? 2 : 1, 1e6, '', 'E_K'),
    engine,
    init: typeof init === 'string' ? checkChoice(call, 'init', init, ['k-means++', 'random']) : 'k-means++',
    nInit,
    maxIterations: checkInteger(
      call,
      'maxIterations',
      options.maxIterations ?? (mllib ? 20 : 10000),
      1,
      2 ** 31 - 1,
    ),
    tolerance: checkNumber(call, 'tolerance', options.tolerance ?? (mllib ? 1e-4 : 0), 0, Number.MAX_VALUE),
    seed: checkInteger(call, 'seed', options.seed ?? 0, 0, Number.MAX_SAFE_INTEGER),
    strict,
  }
}

/** Centroids that are given, k × d; null where they are drawn. */
function checkInit(init: SparkKMeansOptions['init'], k: number, columns: number): Float64Array | null {
  if (init === undefined || typeof init === 'string') return null
  const matrix = Matrix.from(call, 'init', init)
  if (matrix.rows !== k || matrix.columns !== columns) {
    throw new InputError(
      'E_INIT',
      'init',
      `${call}: init must have k = ${k} rows of ${columns} columns, got ${matrix.rows} of ${matrix.columns}`,
    )
  }
  return Float64Array.from(matrix.values)
}

/** As many starts as `KMeans.fit` makes by default: the same bits need the same draws. */
function startsOf(checked: CheckedFit, rows: number, columns: number, given: Float64Array | null): number {
  if (given !== null) {
    if (checked.nInit === null || checked.nInit === 1) return 1
    throw new InputError(
      'E_PARAM',
      'nInit',
      `${call}: nInit must be 1 where init gives the centroids, got ${checked.nInit}`,
    )
  }
  return checked.nInit ?? (checked.init === 'random' || rows * columns * checked.k <= 1e6 ? 10 : 1)
}

async function weightOf(
  frame: Frame,
  column: string | undefined,
  signal?: AbortSignal,
): Promise<string | null> {
  if (column === undefined) return null
  const { type } = findColumn(call, 'weightColumn', await frame.columns(signal), column)
  if (!isNumber(type)) {
    throw new InputError(
      'E_TYPE',
      'weightColumn',
      `${call}: weightColumn must hold numbers; ${show(column)} is ${type}`,
    )
  }
  return judgedWeight(`cast(${quoted(column)} as double)`)
}

/** The power of two by which weights are divided, so that sums can count them: as on one machine. */
async function weightUnit(frame: Frame, weight: string, watch: Watch): Promise<number> {
  const asked = frame.sql(
    `select count(*) as n, coalesce(max(${weight}), 0D) as largest, coalesce(avg(${weight}), 0D) as mean from input`,
  )
  for await (const table of asked.tables(watch, call)) {
    if (table.numRows === 0) continue
    const [rows] = numbersOf(call, table, 'n')
    const [largest] = numbersOf(call, table, 'largest')
    const [mean] = numbersOf(call, table, 'mean')
    if (rows > 0 && largest === 0) throw noWeight(call)
    if (rows === 0) return 1
    if (largest < 1) return powerAbove(largest) / 2
    if (powerAbove(rows) * powerAbove(largest) <= 2 ** 32) return 1
    const most = 2 ** 32 / powerAbove(rows)
    return powerAbove(mean) <= most ? 1 : powerAbove(mean) / most
  }
  return 1
}

/** d: how many numbers a row has. */
export async function widthOf(call: string, features: Features, watch: Watch): Promise<number> {
  const { frame, sql, names, form } = features
  if (form === 'numbers') return names.length
  const sizes = frame.sql(`select size(${sql}) as d from input where ${sql} is not null limit 1`)
  for await (const table of sizes.tables(watch, call)) {
    if (table.numRows === 1) return numbersOf(call, table, 'd')[0]
  }
  if ((await frame.count(watch)) === 0) {
    throw new InputError('E_EMPTY', 'table', `${call}: table has no rows`)
  }
  throw new InputError(
    'E_NONFINITE',
    'columns',
    `${call}: columns must hold finite numbers; ${show(names[0])} holds missing values only`,
  )
}

function datasetOf(frame: Frame, features: Features, weight: string | null): Relation {
  const input = frame.sql(
    `select ${features.sql} as x${weight === null ? '' : `, ${weight} as weight`} from input`,
  )
  const expressions = [named('features', callOf('array_to_vector', expression('x')))]
  if (weight !== null) expressions.push(expression('weight'))
  return { relType: { case: 'project', value: { input: input.relation, expressions } } }
}

/** Tells a caller's onProgress of the cluster's tasks. */
interface Steps {
  readonly watch: Watch
  at: Omit<SparkKMeansProgress, 'cluster'>
}

function watching(options: SparkKMeansOptions): Steps {
  const steps: Steps = {
    at: {
      start: 0,
      iteration: 0,
      phase: options.engine === 'mllib' ? 'mllib' : 'pack',
      changed: 0,
    },
    watch: {
      signal: options.signal,
      onProgress: (cluster: SparkProgress): void => options.onProgress?.({ ...steps.at, cluster }),
    },
  }
  return steps
}

/** Tells it of the steps of the fit. */
function stepsTo({ onProgress }: SparkKMeansOptions, steps: Steps): (step: FitStep) => void {
  return ({ start, iteration, phase, changed }) => {
    steps.at = { start, iteration, phase, changed }
    onProgress?.({ start, iteration, phase, changed, cluster: null })
  }
}

function modelOf(
  outcome: Outcome,
  columns: number,
  unit: number,
  checked: CheckedFit,
  encoder: Encoder | undefined,
): KMeans {
  const warnings: Warning[] = []
  const found = outcome.centroids.length / columns
  if (found < checked.k) {
    const message = fewerDistinct(call, checked.k, found)
    if (checked.strict) throw new InputError('E_DISTINCT', 'k', message)
    warnings.push({ code: 'W_DISTINCT', message })
  }
  if (!outcome.converged) {
    const message = `${call}: stopped after maxIterations = ${checked.maxIterations} before it converged`
    warnings.push({ code: 'W_NOT_CONVERGED', message })
  }
  return KMeans.fromParts({
    centroids: Matrix.of(outcome.centroids, columns),
    counts: outcome.counts.map((count) => count * unit),
    inertia: outcome.inertia * unit,
    iterations: outcome.iterations,
    converged: outcome.converged,
    warnings,
    ...(encoder === undefined ? {} : { encoder }),
  })
}
