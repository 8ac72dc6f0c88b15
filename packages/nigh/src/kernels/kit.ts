import type { KernelName, KernelTable } from './contract.ts'
import type { Memory } from './memory.ts'

/** WebAssembly as text, one character a byte: the simd module, and a patch that makes the relaxed one of it. */
export interface KernelModule {
  /** The character of each byte. */
  readonly alphabet: string
  readonly simd: string
  readonly relaxedPatch: string
  /** Where the modules say that their memory is shared. */
  readonly simdMemoryFlag: number
  readonly relaxedMemoryFlag: number
}

/** Kernels that come together, so that a page loads no others: those of fits, or those of searches. */
export interface KernelKit {
  readonly module: KernelModule
  /** What the module exports. */
  readonly names: readonly KernelName[]
  /** The reference kernels of the same names. */
  scalar(memory: Memory): Partial<KernelTable>
}
