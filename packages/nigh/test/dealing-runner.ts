import type { KernelName, KernelSetName } from '../src/kernels/contract.ts'
import { Memory } from '../src/kernels/memory.ts'
import { searchKit } from '../src/kernels/search-kit.ts'
import { bindKernels } from '../src/kernels/simd.ts'
import type { Runner } from '../src/engine/runner.ts'

/** Deals blocks out to thread numbers in turn, the last block first: what a team may do, on one thread. */
export function makeDealingRunner(set: KernelSetName, threads: number): Runner {
  const memory = Memory.create(false)
  const kernels = bindKernels(set, memory, [searchKit])
  return {
    memory,
    kernels,
    threads,
    run(kernel: KernelName, record: number, count: number, block: number, first = 0): void {
      const starts: number[] = []
      for (let from = first; from < count; from += block) starts.push(from)
      starts.reverse().forEach((from, turn) => {
        kernels[kernel](record, from, Math.min(from + block, count), turn % threads)
      })
    },
  }
}
