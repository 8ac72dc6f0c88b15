import { InputError } from '../check.ts'
import type { Encoder } from '../data/encoder.ts'
import { Matrix, type MatrixLike } from '../data/matrix.ts'
import { Table } from '../data/table.ts'
import type { RowChunks } from '../engine/row-windows.ts'
import type { Survey } from '../engine/chunked-fit.ts'
import { heard } from '../workers/pool.ts'
import { nextTurn } from '../workers/spawn.ts'

/** A chunk of points: rows of numbers; or, where the options name a fitted encoder, a table or what it was encoded to. */
export type PointChunk = MatrixLike | Table

/**
 * Points that do not fit in memory: a fit asks for them anew for every pass. How they are cut into chunks makes no
 * difference to any answer; chunks of about 10 MB are a good size.
 *
 * @example
 * const source = {
 *   *chunks() {
 *     for (let from = 0; from < 150; from += 50) yield points.slice(from, from + 50)
 *   },
 * }
 * const clusters = await KMeans.fit(source, { k: 3 })
 */
export interface PointChunks {
  /**
   * All rows, chunk after chunk: the same rows in the same order at every call. A chunk's memory may be used again once
   * the next is asked for.
   */
  chunks(): AsyncIterable<PointChunk> | Iterable<PointChunk>
  /**
   * The rows with these numbers, in this order, for a source that can reach rows without reading all: it spares
   * seeding one pass in three. Default: they are looked for in a pass.
   */
  rows?(numbers: Uint32Array): Promise<MatrixLike> | MatrixLike
  /**
   * For rows that an encoder has left some out of: which rows of the table these are. The model keeps it as its `rows`;
   * weights are then for the rows that are left. Default: all rows.
   */
  readonly kept?: Uint32Array
}

/** Whether points come in chunks. */
export function isPointChunks(points: unknown): points is PointChunks {
  return typeof points === 'object' && points !== null && typeof Reflect.get(points, 'chunks') === 'function'
}

/** What a first pass found out. */
export interface Surveyed {
  readonly chunks: RowChunks
  readonly survey: Survey
  /** Whether any chunk holds float64. */
  readonly double: boolean
  /** The largest magnitude, also in rows of weight 0. */
  readonly largest: number
  /** The rows that were kept, where the encoder leaves out rows with empty cells; null where all were. */
  readonly kept: Uint32Array | null
}

/**
 * Passes over all points once: counts them, checks them and finds their ranges.
 *
 * @param weightOf says what a row counts; rows that count 0 have no part in the ranges
 * @throws {InputError} E_EMPTY, E_SHAPE, E_TYPE, E_NONFINITE; what the encoder throws; E_PARAM for tables without an
 * encoder
 */
export async function surveyChunks(
  call: string,
  points: PointChunks,
  encoder: Encoder | undefined,
  weightOf: (row: number) => number,
  signal: AbortSignal | null,
): Promise<Surveyed> {
  const ranges = new GrowingRanges()
  const sample = new Sample()
  const kept: number[] = []
  let given = 0
  let double = false
  const dropping = encoder?.settings.missing === 'drop'
  let looked = 0
  for await (const chunk of heeding(points.chunks(), signal)) {
    if (looked > BETWEEN_PAUSES) {
      // Others get their turn, and an abort is heard, also where the source has all its rows at hand.
      await nextTurn()
      looked = 0
    }
    signal?.throwIfAborted()
    const { matrix, rows, taken } = takeChunk(call, chunk, encoder)
    if (matrix === null) {
      given += taken
      continue
    }
    if (ranges.columns > 0 && matrix.columns !== ranges.columns) {
      throw new InputError(
        'E_SHAPE',
        'points',
        `${call}: every chunk of points must have ${ranges.columns} columns, as the first has, got ${matrix.columns}`,
      )
    }
    if (matrix.values instanceof Float64Array) double = true
    ranges.add(matrix, (i) => weightOf(given + (rows === null ? i : rows[i])))
    sample.add(matrix)
    looked += matrix.values.length
    if (dropping && chunk instanceof Table) {
      for (let i = 0; i < matrix.rows; i++) kept.push(given + (rows === null ? i : rows[i]))
    }
    given += taken
  }
  if (ranges.rows === 0) throw new InputError('E_EMPTY', 'points', `${call}: points has no rows`)
  if (ranges.rows > 0xffffffff) {
    throw new InputError(
      'E_SIZE',
      'points',
      `${call}: points must have at most 4294967295 rows, got ${ranges.rows}`,
    )
  }
  const { rows: n, columns, minima, maxima, largest } = ranges
  const reach = points.rows?.bind(points) ?? null
  return {
    chunks: {
      rows: n,
      columns,
      pass: () => matricesOf(call, points, encoder, signal),
      reach:
        reach === null || dropping
          ? null
          : async (numbers) => {
              const asked = Promise.resolve(reach(numbers))
              const chunk = await (signal === null ? asked : heard(asked, signal))
              return reached(call, chunk, encoder, numbers.length, columns)
            },
    },
    survey: {
      ranges: {
        minima: minima.slice(0, columns),
        maxima: maxima.slice(0, columns),
        weight: n,
        largestWeight: 1,
      },
      sample: sample.rows(),
    },
    double,
    largest,
    kept: kept.length === 0 || kept.length === given ? null : Uint32Array.from(kept),
  }
}

async function* matricesOf(
  call: string,
  points: PointChunks,
  encoder: Encoder | undefined,
  signal: AbortSignal | null,
): AsyncGenerator<Matrix> {
  for await (const chunk of heeding(points.chunks(), signal)) {
    const { matrix } = takeChunk(call, chunk, encoder)
    if (matrix !== null) yield matrix
  }
}

/** The chunks of a source: an abort is heard also while the source waits, for a disk or the network. */
async function* heeding(
  source: AsyncIterable<PointChunk> | Iterable<PointChunk>,
  signal: AbortSignal | null,
): AsyncGenerator<PointChunk, void, undefined> {
  if (signal === null) {
    yield* source
    return
  }
  const chunks = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]()
  let open = false
  try {
    for (;;) {
      signal.throwIfAborted()
      const asked = Promise.resolve(chunks.next())
      const next = await heard(asked, signal)
      open = next.done !== true
      if (next.done === true) return
      yield next.value
      open = false
    }
  } finally {
    // A source that still waits closes when it goes on: for that nobody waits, nor for what it may throw.
    if (signal.aborted)
      void Promise.resolve()
        .then(() => chunks.return?.())
        .catch(() => {})
    else if (open) await chunks.return?.()
  }
}

/** A chunk as numbers; null where no row of it is left. */
function takeChunk(
  call: string,
  chunk: PointChunk,
  encoder: Encoder | undefined,
): { matrix: Matrix | null; rows: Uint32Array | null; taken: number } {
  if (!(chunk instanceof Table)) {
    if (Array.isArray(chunk) && chunk.length === 0) return { matrix: null, rows: null, taken: 0 }
    const matrix = Matrix.from(call, 'points', chunk)
    if (encoder !== undefined && matrix.columns !== encoder.features.length) {
      throw new InputError(
        'E_SHAPE',
        'points',
        `${call}: chunks must be Tables or have the encoder's ${encoder.features.length} features, got ${matrix.columns} columns`,
      )
    }
    return { matrix, rows: null, taken: matrix.rows }
  }
  if (encoder === undefined) {
    throw new InputError(
      'E_PARAM',
      'encoder',
      `${call}: encoder must be a fitted Encoder where chunks are Tables, got undefined`,
    )
  }
  try {
    const { matrix, rows } = encoder.encodeFor(call, chunk)
    return { matrix, rows, taken: chunk.rows }
  } catch (error) {
    // A chunk may well hold none but rows with empty cells.
    if (encoder.settings.missing === 'drop' && error instanceof InputError && error.code === 'E_EMPTY') {
      return { matrix: null, rows: null, taken: chunk.rows }
    }
    throw error
  }
}

function reached(
  call: string,
  chunk: PointChunk,
  encoder: Encoder | undefined,
  rows: number,
  columns: number,
): Matrix {
  const { matrix } = takeChunk(call, chunk, encoder)
  if (matrix !== null && matrix.rows === rows && matrix.columns === columns) return matrix
  throw new InputError(
    'E_SHAPE',
    'points',
    `${call}: points.rows must give the ${rows} rows asked for, of ${columns} columns, got ${matrix === null ? 'none' : `${matrix.rows} of ${matrix.columns}`}`,
  )
}

/** Ranges of rows of weight above zero. */
class GrowingRanges {
  rows = 0
  columns = 0
  minima: Float64Array = new Float64Array(0)
  maxima: Float64Array = new Float64Array(0)
  largest = 0

  add({ values, rows, columns }: Matrix, weightOf: (i: number) => number): void {
    if (this.columns === 0) {
      this.columns = columns
      this.minima = new Float64Array(columns).fill(Number.POSITIVE_INFINITY)
      this.maxima = new Float64Array(columns).fill(Number.NEGATIVE_INFINITY)
    }
    const { minima, maxima } = this
    for (let i = 0, at = 0; i < rows; i++) {
      if (weightOf(i) === 0) {
        for (let j = 0; j < columns; j++, at++) this.largest = Math.max(this.largest, Math.abs(values[at]))
        continue
      }
      for (let j = 0; j < columns; j++, at++) {
        const x = values[at]
        if (x < minima[j]) minima[j] = x
        if (x > maxima[j]) maxima[j] = x
      }
    }
    for (let j = 0; j < columns; j++) {
      if (minima[j] <= maxima[j])
        this.largest = Math.max(this.largest, Math.abs(minima[j]), Math.abs(maxima[j]))
    }
    this.rows += rows
  }
}

/** Every so many-th row, some hundreds in all. */
class Sample {
  #taken: Float64Array[] = []
  #stride = 1
  #seen = 0

  add(matrix: Matrix): void {
    for (
      let i = (this.#stride - (this.#seen % this.#stride)) % this.#stride;
      i < matrix.rows;
      i += this.#stride
    ) {
      this.#taken.push(Float64Array.from(matrix.row(i)))
    }
    this.#seen += matrix.rows
    while (this.#taken.length > SAMPLED) {
      this.#taken = this.#taken.filter((_, i) => i % 2 === 0)
      this.#stride *= 2
    }
  }

  rows(): Float64Array {
    const [first] = this.#taken
    const rows = new Float64Array(this.#taken.length * first.length)
    for (const [i, row] of this.#taken.entries()) rows.set(row, i * first.length)
    return rows
  }
}

const SAMPLED = 1024
/** Numbers looked at between two pauses: a few milliseconds. */
const BETWEEN_PAUSES = 500_000
