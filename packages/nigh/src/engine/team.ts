import { KERNEL_NAMES, type Kernels, type KernelName } from '../kernels/contract.ts'
import type { Memory } from '../kernels/memory.ts'
import {
  ABORT,
  Aborted,
  BLOCK,
  COUNT,
  CROWDED,
  DISMISSED,
  GENERATION,
  KERNEL,
  NEXT,
  PENDING,
  RECORD,
} from './control.ts'
import { LONG, Patience } from './patience.ts'
import type { Runner } from './runner.ts'
import { wantMembers } from './wanted.ts'

/** The leader of a team: runs an algorithm, hands out its passes and works along. Members may come and go. */
export class TeamRunner implements Runner {
  readonly memory: Memory
  readonly kernels: Kernels
  readonly threads: number
  /** Who works along now: from 0 to `threads` − 1. */
  #members: number
  #control: Int32Array<ArrayBufferLike>

  /** @param threads how many may ever work at once, the leader among them; `members` of them do from the start */
  constructor(
    memory: Memory,
    kernels: Kernels,
    control: Int32Array<ArrayBufferLike>,
    threads: number,
    members: number = threads - 1,
  ) {
    this.memory = memory
    this.kernels = kernels
    this.threads = threads
    this.#members = members
    this.#control = control
  }

  /** Members that work along now. */
  get members(): number {
    return this.#members
  }

  /** Takes members in, who serve under this control, fresh for them. */
  join(control: Int32Array<ArrayBufferLike>, members: number): void {
    this.#control = control
    this.#members = members
  }

  /** Sends the members back to wait for messages; from then on the leader works alone. */
  part(): void {
    if (this.#members === 0) return
    this.dismiss()
    this.#members = 0
  }

  run(kernel: KernelName, record: number, count: number, block: number, first = 0): void {
    const control = this.#control
    if (Atomics.load(control, ABORT) === 1) throw new Aborted('aborted')
    const members = count - first > block ? this.#members : 0
    if (this.#members === 0 && this.threads > 1 && count - first > block) wantMembers(this)
    Atomics.store(control, NEXT, first)
    Atomics.store(control, COUNT, count)
    Atomics.store(control, BLOCK, block)
    if (members > 0) {
      Atomics.store(control, KERNEL, KERNEL_NAMES.indexOf(kernel))
      Atomics.store(control, RECORD, record | 0)
      Atomics.store(control, PENDING, members)
      Atomics.add(control, GENERATION, 1)
      Atomics.notify(control, GENERATION)
    }
    takeBlocks(control, this.kernels, kernel, record, 0)
    if (members > 0) {
      const crowded = Atomics.load(control, CROWDED) === 1
      patience.await(control, PENDING, 0, true, crowded, () => this.#awaitMembers())
    }
    if (Atomics.load(control, ABORT) === 1) throw new Aborted('aborted')
  }

  /**
   * Waits until every member is through with the pass: asleep where this thread may sleep, else looking.
   *
   * @returns whether it slept long
   */
  #awaitMembers(): boolean {
    const control = this.#control
    let long = false
    for (let waits = 0; ; waits++) {
      const left = Atomics.load(control, PENDING)
      if (left === 0) return long
      if (mayWait === null) mayWait = tryWait()
      if (!mayWait) continue
      // Members' blocks are short. One that stays away for a minute has died, and its part is missing.
      if (Atomics.wait(control, PENDING, left, long ? 1000 : LONG) !== 'timed-out') continue
      if (long && waits > 60) throw new Error('a worker died, or hangs')
      long = true
    }
  }

  /** Sends the members back to wait for messages. */
  dismiss(): void {
    Atomics.store(this.#control, DISMISSED, 1)
    Atomics.add(this.#control, GENERATION, 1)
    Atomics.notify(this.#control, GENERATION)
  }
}

/** This thread's, whether it leads or serves. */
const patience = new Patience()

/** Whether this thread may sleep: the main thread of a browser may not. Null: not tried yet. */
let mayWait: boolean | null = null

function tryWait(): boolean {
  try {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 0)
    return true
  } catch {
    return false
  }
}

/** Works as member number `thread` until the leader dismisses the team. */
export function serveTeam(kernels: Kernels, control: Int32Array<ArrayBufferLike>, thread: number): void {
  let seen = 0
  const crowded = Atomics.load(control, CROWDED) === 1
  for (;;) {
    patience.await(control, GENERATION, seen, false, crowded, () => {
      const long = Atomics.wait(control, GENERATION, seen, LONG) === 'timed-out'
      if (long) Atomics.wait(control, GENERATION, seen)
      return long
    })
    const generation = Atomics.load(control, GENERATION)
    if (generation === seen) continue
    seen = generation
    if (Atomics.load(control, DISMISSED) === 1) return
    takeBlocks(
      control,
      kernels,
      KERNEL_NAMES[Atomics.load(control, KERNEL)],
      Atomics.load(control, RECORD) >>> 0,
      thread,
    )
    if (Atomics.sub(control, PENDING, 1) === 1) Atomics.notify(control, PENDING)
  }
}

function takeBlocks(
  control: Int32Array<ArrayBufferLike>,
  kernels: Kernels,
  kernel: KernelName,
  record: number,
  thread: number,
): void {
  const call = kernels[kernel]
  const count = Atomics.load(control, COUNT) >>> 0
  const block = Atomics.load(control, BLOCK)
  for (;;) {
    if (Atomics.load(control, ABORT) === 1) return
    const from = Atomics.add(control, NEXT, block) >>> 0
    if (from >= count) return
    call(record, from, Math.min(from + block, count), thread)
  }
}
