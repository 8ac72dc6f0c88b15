import { InputError } from 'nigh'
import type { Blocks } from './blocks.ts'
import { SparkError } from './errors.ts'
import type { Watch } from './session.ts'

const magic = 0x3152474e
const operations = {
  ranges: 1,
  assign: 2,
  inertia: 3,
  farthest: 4,
  relocate: 5,
  seed: 6,
  buckets: 7,
  weights: 8,
} as const

/** What a pass is asked: see java/nigh/Request.java. */
export interface PassHead {
  readonly operation: keyof typeof operations
  readonly k?: number
  readonly version?: number
  readonly previousVersion?: number
  readonly previousK?: number
  readonly count?: number
}

/** Passes over the blocks of a fit, one query each. */
export class FitPasses {
  readonly #blocks: Blocks
  readonly #watch: Watch
  /** Names this start of this fit where executors remember blocks. */
  #fit = nextFit()
  /** Passes asked of the cluster so far. */
  count = 0

  readonly #call: string

  constructor(call: string, blocks: Blocks, watch: Watch) {
    this.#call = call
    this.#blocks = blocks
    this.#watch = watch
  }

  /** d. */
  get columns(): number {
    return this.#blocks.columns
  }

  get signal(): AbortSignal | undefined {
    return this.#watch.signal
  }

  /** Another start: what executors remember of the rows must not be taken for this one's. */
  restart(): void {
    this.#fit = nextFit()
  }

  /** One pass: a head of whole numbers, then float64 arrays, as java/nigh/Request.java reads them. */
  async ask(head: PassHead, parts: readonly (Float64Array | readonly number[])[]): Promise<Float64Array> {
    let numbers = 0
    for (const part of parts) numbers += part.length
    const request = new Uint8Array(40 + numbers * 8)
    const view = new DataView(request.buffer)
    const { columns } = this
    const { operation, k = 0, version = 0, previousVersion = 0, previousK = 0, count = 0 } = head
    const ints = [magic, operations[operation], columns, k, version, previousVersion, previousK, count]
    ints.forEach((value, i) => view.setInt32(i * 4, value, true))
    view.setBigInt64(32, this.#fit, true)
    let at = 40
    for (const part of parts) {
      for (let i = 0; i < part.length; i++, at += 8) view.setFloat64(at, part[i], true)
    }
    this.count++
    const answer = await this.#blocks.pass(this.#call, request, this.#watch)
    if (answer === null) throw new InputError('E_EMPTY', 'table', `${this.#call}: table has no rows`)
    if (answer.length % 8 !== 0) throw torn(this.#call)
    const found = new Float64Array(answer.length / 8)
    const read = new DataView(answer.buffer, answer.byteOffset, answer.length)
    for (let i = 0; i < found.length; i++) found[i] = read.getFloat64(i * 8, true)
    return found
  }
}

/** An answer that is not as long as it must be. */
export function torn(call: string): SparkError {
  return new SparkError(`${call}: a pass gave a torn answer`)
}

/** Numbers for fits, growing: executors forget the oldest first. */
function nextFit(): bigint {
  lastFit += 1n
  return lastFit
}

let lastFit = BigInt(Date.now()) * 1000n
