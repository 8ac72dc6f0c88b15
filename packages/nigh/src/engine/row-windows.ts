import { InputError } from '../check.ts'
import type { Matrix } from '../data/matrix.ts'
import { WEIGHTS } from '../kernels/layout.ts'
import type { FitRecord } from './fit-record.ts'

/** Rows that come anew for every pass, chunk after chunk. */
export interface RowChunks {
  /** n, of all chunks together. */
  readonly rows: number
  readonly columns: number
  /** All rows in order, the same at every call. */
  pass(): AsyncIterable<Matrix>
  /** Some rows by their numbers, where the source can reach them. */
  readonly reach: ((numbers: Uint32Array) => Promise<Matrix>) | null
}

/** How rows are brought in. */
export interface WindowOptions {
  /** Power of two that the rows are multiplied by. */
  readonly factor: number
  /** The call, for errors. */
  readonly call: string
  readonly signal: AbortSignal | null
  /**
   * Awaited before each window's work: others get their turn, and an abort is heard. The chunks need not do so: a
   * source that has its rows at hand answers within the same turn.
   */
  readonly pause: () => Promise<void>
}

/**
 * Brings rows into a record's memory, a window at a time. How the source cuts them into chunks does not matter:
 * windows are always filled, but for the last.
 */
export class RowWindows {
  readonly #record: FitRecord
  readonly #chunks: RowChunks
  readonly #weights: Float64Array | null
  readonly #factor: number
  readonly #call: string
  readonly #signal: AbortSignal | null
  readonly #pause: () => Promise<void>

  constructor(record: FitRecord, chunks: RowChunks, weights: Float64Array | null, options: WindowOptions) {
    this.#record = record
    this.#chunks = chunks
    this.#weights = weights
    this.#factor = options.factor
    this.#call = options.call
    this.#signal = options.signal
    this.#pause = options.pause
  }

  /**
   * Runs `work` on every window: it is told the number of the window's first row and how many it has, and may say that
   * the rest is not needed.
   *
   * @throws {InputError} E_MUTATED where the rows are not as many as before
   */
  async each(work: (from: number, count: number) => 'enough' | undefined): Promise<void> {
    const { rows } = this.#chunks
    const { room } = this.#record
    let from = 0
    let filled = 0
    for await (const chunk of this.#chunks.pass()) {
      this.#signal?.throwIfAborted()
      if (from + filled + chunk.rows > rows) throw this.#changed(`more than ${rows}`)
      for (let taken = 0; taken < chunk.rows; ) {
        const some = Math.min(chunk.rows - taken, room - filled)
        this.#place(chunk, taken, some, filled)
        taken += some
        filled += some
        if (filled < room) continue
        if ((await this.#window(from, filled, work)) === 'enough') return
        from += filled
        filled = 0
      }
    }
    if (from + filled !== rows) throw this.#changed(String(from + filled))
    if (filled > 0) await this.#window(from, filled, work)
  }

  async #window(
    from: number,
    count: number,
    work: (from: number, count: number) => 'enough' | undefined,
  ): Promise<'enough' | undefined> {
    await this.#pause()
    this.#signal?.throwIfAborted()
    this.#record.hold(count)
    if (this.#weights !== null) {
      const weights = this.#record.runner.memory.f64(this.#record.get(WEIGHTS), count)
      weights.set(this.#weights.subarray(from, from + count))
    }
    return work(from, count)
  }

  #place(chunk: Matrix, from: number, count: number, at: number): void {
    const { columns } = this.#chunks
    if (chunk.columns !== columns) {
      throw new InputError(
        'E_SHAPE',
        'points',
        `${this.#call}: every chunk of points must have ${columns} columns, as the first has, got ${chunk.columns}`,
      )
    }
    const { memory } = this.#record.runner
    const { points, double } = this.#record.rows
    const values = chunk.values.subarray(from * columns, (from + count) * columns)
    const out = double
      ? memory.f64(points + at * columns * 8, count * columns)
      : memory.f32(points + at * columns * 4, count * columns)
    out.set(values)
    if (this.#factor !== 1) for (let i = 0; i < out.length; i++) out[i] *= this.#factor
  }

  #changed(got: string): InputError {
    return new InputError(
      'E_MUTATED',
      'points',
      `${this.#call}: points must give the same rows at every pass: ${this.#chunks.rows} at first, then ${got}`,
    )
  }
}
