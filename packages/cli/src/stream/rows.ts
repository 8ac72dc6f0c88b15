import { read } from 'node:fs'
import { Matrix } from 'nigh'
import type { PointChunks } from 'nigh'
import { Spool } from '../read/source.ts'
import type { Source } from '../read/source.ts'
import { readCells } from './spool.ts'

/** A matrix on the disk, row after row: written once, then read as often as a fit asks. */
export class SpooledRows implements PointChunks {
  readonly columns: number
  rowCount = 0
  /** The table's rows that these are, where some were left out. */
  kept?: Uint32Array
  readonly #spool: Spool
  #file: Source | null = null
  #single = false

  constructor(name: string, columns: number) {
    this.columns = columns
    this.#spool = new Spool(name)
  }

  append({ values, rows }: Matrix): void {
    this.#single = values instanceof Float32Array
    this.#spool.write(new Uint8Array(values.buffer, values.byteOffset, values.byteLength))
    this.rowCount += rows
  }

  /** Ends the writing. */
  finish(): this {
    this.#file = this.#spool.finish()
    return this
  }

  get #source(): Source {
    if (this.#file === null) throw new Error('the rows are not written: this is a defect of nigh')
    return this.#file
  }

  get #width(): number {
    return this.columns * (this.#single ? 4 : 8)
  }

  /**
   * All rows, the next chunk on its way while one is worked on. A chunk lasts until the next is asked for: two buffers
   * take turns, since new ones would have to be cleared, and collected, for every few MB of every pass.
   */
  async *chunks(): AsyncGenerator<Matrix> {
    const together = Math.max(1, Math.floor(chunkBytes / this.#width))
    const room = Math.min(together, this.rowCount) * this.#width
    const buffers = [new ArrayBuffer(room), new ArrayBuffer(together < this.rowCount ? room : 0)] as const
    let next = this.#fetch(buffers[0], 0, together)
    for (let from = 0, turn = 1; from < this.rowCount; from += together, turn ^= 1) {
      const chunk = await next
      if (from + together < this.rowCount) {
        next = this.#fetch(buffers[turn], from + together, together)
        // A failure is told where it is waited for, or not at all where nobody comes to that.
        next.catch(() => {})
      }
      yield chunk
    }
  }

  async #fetch(buffer: ArrayBuffer, from: number, most: number): Promise<Matrix> {
    const rows = Math.min(most, this.rowCount - from)
    const bytes = new Uint8Array(buffer, 0, rows * this.#width)
    const { descriptor } = this.#source
    for (let filled = 0; filled < bytes.length; ) {
      const at = from * this.#width + filled
      const got = await new Promise<number>((resolve, reject) => {
        read(descriptor, bytes, filled, bytes.length - filled, at, (error, count) =>
          error === null ? resolve(count) : reject(error),
        )
      })
      if (got === 0) throw new Error('a temporary file is shorter than it was')
      filled += got
    }
    return Matrix.trusted(
      this.#single
        ? new Float32Array(buffer, 0, rows * this.columns)
        : new Float64Array(buffer, 0, rows * this.columns),
      this.columns,
    )
  }

  /** The rows with these numbers. */
  rows(numbers: Uint32Array): Matrix {
    const values = new Float64Array(numbers.length * this.columns)
    for (const [i, number] of numbers.entries())
      values.set(this.slice(number, number + 1).values, i * this.columns)
    return Matrix.trusted(values, this.columns)
  }

  /** Some of the rows, in memory. */
  slice(from: number, to: number): Matrix {
    const cells = readCells(
      this.#source,
      this.#single ? Float32Array : Float64Array,
      from * this.columns,
      to * this.columns,
    )
    return Matrix.trusted(cells instanceof Float32Array ? cells : Float64Array.from(cells), this.columns)
  }

  /** All rows, some at a time. */
  *blocks(rows: number = 1 << 15): Generator<Matrix> {
    for (let from = 0; from < this.rowCount; from += rows) {
      yield this.slice(from, Math.min(this.rowCount, from + rows))
    }
  }

  close(): void {
    this.#file?.close()
  }
}

const chunkBytes = 1 << 23
