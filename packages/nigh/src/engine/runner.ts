import type { Kernels, KernelName, KernelSetName } from '../kernels/contract.ts'
import type { Memory } from '../kernels/memory.ts'
import type { KernelKit } from '../kernels/kit.ts'
import { availableKernels, bindKernels } from '../kernels/simd.ts'
import { Memory as KernelMemory } from '../kernels/memory.ts'
import { CONTROL_FIELDS } from './control.ts'
import { TeamRunner } from './team.ts'

/** Runs kernels over blocks: on this thread, or on a team of threads over the same memory. */
export interface Runner {
  readonly memory: Memory
  readonly kernels: Kernels
  /** How many threads work on a pass, this one among them. */
  readonly threads: number
  /**
   * Calls a kernel on `first` (or 0) … count − 1, in blocks of `block`, and returns when all of them are done.
   * Which thread gets which block is left to chance; no answer may depend on it.
   */
  run(kernel: KernelName, record: number, count: number, block: number, first?: number): void
}

/** Runs everything on the calling thread. */
export class InlineRunner implements Runner {
  readonly memory: Memory
  readonly kernels: Kernels
  readonly threads = 1

  constructor(memory: Memory, kernels: Kernels) {
    this.memory = memory
    this.kernels = kernels
  }

  run(kernel: KernelName, record: number, count: number, block: number, first = 0): void {
    const call = this.kernels[kernel]
    for (let from = first; from < count; from += block) call(record, from, Math.min(from + block, count), 0)
  }
}

/**
 * Gives the calling thread's own runner to `work`, and takes its memory back afterwards.
 * One small memory is kept for the next call; a large one is let go.
 */
export function withInlineRunner<T>(kit: KernelKit, work: (runner: Runner) => T): T {
  const runner = kept ?? makeInlineRunner(kit)
  kept = null // a call from within `work` (a caller's own function) gets a runner of its own
  try {
    return work(runner)
  } finally {
    runner.memory.release()
    if (runner.memory.buffer.byteLength <= KEPT_BYTES) kept = runner
  }
}

/** A runner on this thread with the fastest kernels there are, or with a named set. */
export function makeInlineRunner(
  kit: KernelKit,
  kernels: KernelSetName = availableKernels()[0],
): InlineRunner {
  const memory = KernelMemory.create(false)
  return new InlineRunner(memory, bindKernels(kernels, memory, [kit]))
}

/**
 * A runner on this thread that other threads can join later (workers/pool.ts, `lend`), where memory can be shared.
 *
 * @param threads how many may ever work at once, this one among them
 */
export function makeOpenRunner(kit: KernelKit, threads: number, shared: boolean): Runner {
  if (!shared || threads === 1) return makeInlineRunner(kit)
  const memory = KernelMemory.create(true)
  const control = new Int32Array(new SharedArrayBuffer(CONTROL_FIELDS * 4))
  return new TeamRunner(memory, bindKernels(availableKernels()[0], memory, [kit]), control, threads, 0)
}

let kept: InlineRunner | null = null
const KEPT_BYTES = 64 * 1024 * 1024
