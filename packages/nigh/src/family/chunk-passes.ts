import { InputError } from '../check.ts'
import type { PointsLike } from '../data/points.ts'
import type { Surveyed } from '../kmeans/chunks.ts'
import { type RunOptions, runPaced } from '../indexes/steps.ts'
import { canonicalOrder, type DistinctRows, distinctRows } from './distinct-rows.ts'
import { checkSquares } from './fit-options.ts'
import { nearest, pace, type Work } from './partition.ts'
import type { Space } from './space.ts'

/** Numbers looked at between two pauses: a few milliseconds. */
const BETWEEN_PAUSES = 500_000

/** Passes over rows that come anew for each, with turns for other work. */
export class ChunkPasses {
  readonly #chunks: Surveyed['chunks']
  readonly #space: Space<PointsLike>
  readonly #call: string
  readonly #options: Pick<RunOptions, 'signal' | 'onProgress'>
  /** Passes made, the survey too. */
  #made = 1

  constructor(
    chunks: Surveyed['chunks'],
    space: Space<PointsLike>,
    call: string,
    options: Pick<RunOptions, 'signal' | 'onProgress'>,
  ) {
    this.#chunks = chunks
    this.#space = space
    this.#call = call
    this.#options = options
  }

  /** Work between passes. */
  work<T>(steps: Work<T>): Promise<T> {
    const { signal } = this.#options
    return runPaced(steps, signal === undefined ? {} : { signal })
  }

  /** The rows with these numbers, in this order, in one pass: length × width. */
  async gather(numbers: Uint32Array): Promise<Float64Array> {
    const { width } = this.#space
    const order = await this.work(canonicalOrder(numbers, 1, null))
    const drawn = new Float64Array(numbers.length * width)
    let next = 0
    await this.#each((values, from) => {
      const to = from + values.length / width
      for (; next < order.length && numbers[order[next]] < to; next++) {
        const at = (numbers[order[next]] - from) * width
        drawn.set(values.subarray(at, at + width), order[next] * width)
      }
      return next === order.length ? 'enough' : 'more'
    })
    return drawn
  }

  /**
   * The first different rows of all, with their weights so far: where there are no more than `most`, that is every
   * different row, and its whole weight.
   */
  async different(weights: Float64Array | null, most: number): Promise<DistinctRows> {
    const { width } = this.#space
    const found = new Map<string, number>()
    const rows: number[] = []
    const summed: number[] = []
    await this.#each((values, from) => {
      for (let i = 0; i < values.length / width; i++) {
        const weight = weights === null ? 1 : weights[from + i]
        if (weight === 0) continue
        // + 0 turns −0 into 0: the two are one number.
        const row = Array.from(values.subarray(i * width, (i + 1) * width), (x) => x + 0)
        const key = row.join()
        const place = found.get(key)
        if (place !== undefined) summed[place] += weight
        else {
          if (summed.length === most) return 'enough'
          found.set(key, summed.length)
          rows.push(...row)
          summed.push(weight)
        }
      }
      return 'more'
    })
    return this.work(distinctRows(Float64Array.from(rows), width, Float64Array.from(summed)))
  }

  /** The nearest centre of every row. */
  async label(
    centers: Float64Array,
    weights: Float64Array | null,
  ): Promise<{ readonly labels: Uint32Array; readonly counts: Float64Array; readonly inertia: number }> {
    const space = this.#space
    const k = centers.length / space.width
    const labels = new Uint32Array(this.#chunks.rows)
    const counts = new Float64Array(k)
    let inertia = 0
    const step = pace(k, space.width)
    const work = this.work.bind(this)
    function* assigned(values: Float64Array, from: number): Work<'more'> {
      const count = values.length / space.width
      const found = labels.subarray(from, from + count)
      const costs = new Float64Array(count)
      for (let start = 0; start < count; start += step) {
        const to = Math.min(count, start + step)
        nearest(space, values, centers, start, to, found, costs)
        for (let i = start; i < to; i++) {
          const weight = weights === null ? 1 : weights[from + i]
          inertia += weight * costs[i]
          counts[found[i]] += weight
        }
        yield { done: to, total: count }
      }
      return 'more'
    }
    await this.#each((values, from) => work(assigned(values, from)))
    return { labels, counts, inertia }
  }

  /** All rows, so many at a time however they are cut: `work` is told the number of the first one. */
  async inTurn(size: number, work: (values: Float64Array, from: number) => Work<void>): Promise<void> {
    const { width } = this.#space
    const batch = new Float64Array(Math.min(size, this.#chunks.rows) * width)
    let filled = 0
    let first = 0
    const finish = async (): Promise<void> => {
      await this.work(work(batch.slice(0, filled), first))
      first += filled / width
      filled = 0
    }
    await this.#each(async (values): Promise<'more'> => {
      for (let taken = 0; taken < values.length; ) {
        const some = Math.min(values.length - taken, batch.length - filled)
        batch.set(values.subarray(taken, taken + some), filled)
        taken += some
        filled += some
        if (filled === batch.length) await finish()
      }
      return 'more'
    })
    if (filled > 0) await finish()
  }

  /**
   * All rows in float64, chunk after chunk, with the number of each chunk's first row. `work` may say that the rest is
   * not needed.
   *
   * @throws {InputError} E_MUTATED where the rows are not as many as before; E_RANGE
   */
  async #each(
    work: (values: Float64Array, from: number) => 'enough' | 'more' | Promise<'more'>,
  ): Promise<void> {
    const { rows, columns } = this.#chunks
    const { signal, onProgress } = this.#options
    let from = 0
    // One more pass is certain: the last. Another one may follow.
    const total = (this.#made + 2) * rows
    let looked = 0
    for await (const chunk of this.#chunks.pass()) {
      signal?.throwIfAborted()
      if (from + chunk.rows > rows) throw this.#changed(`more than ${rows} rows`)
      if (chunk.columns !== columns) throw this.#changed(`${chunk.columns} columns`)
      const { values } = chunk
      checkSquares(this.#call, 'points', values)
      const answer = await work(values instanceof Float64Array ? values : Float64Array.from(values), from)
      from += chunk.rows
      onProgress?.({ done: this.#made * rows + from, total })
      looked += values.length
      if (looked > BETWEEN_PAUSES) {
        // Others get their turn, and an abort is heard, also where the source has all its rows at hand.
        await this.work(turn())
        looked = 0
      }
      if (answer === 'enough') {
        from = rows
        break
      }
    }
    if (from < rows) throw this.#changed(`${from} rows`)
    this.#made++
  }

  #changed(got: string): InputError {
    const { rows, columns } = this.#chunks
    return new InputError(
      'E_MUTATED',
      'points',
      `${this.#call}: points must give the same rows at every pass: ${rows} of ${columns} columns at first, then ${got}`,
    )
  }
}

/** Work that is nothing but a pause. */
function* turn(): Work<void> {
  yield { done: 0, total: 1 }
}
