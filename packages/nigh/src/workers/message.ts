import type { InputErrorCode } from '../check.ts'
import type { KernelSetName } from '../kernels/contract.ts'
import type { Job, JobResult, JobRows } from './job.ts'

/** To a worker: lead a job, or be a member of its team. */
export interface TeamMessage {
  /** The team's memory; null where memory cannot be shared, then the worker makes its own and works alone. */
  readonly memory: WebAssembly.Memory | null
  /** The first byte of the memory that is not handed out. */
  readonly top: number
  /** See engine/control.ts. */
  readonly control: Int32Array
  readonly threads: number
  /** 0 for the leader. */
  readonly thread: number
  readonly kernels: KernelSetName
  /** For the leader only. */
  readonly lead: { readonly job: Job; readonly rows: JobRows; readonly wantSteps: boolean } | null
}

/** How far a fit is. */
export interface Progress {
  /** Which start, from 0. */
  readonly start: number
  /** Which iteration, from 1; 0 while the first centroids are picked. */
  readonly iteration: number
  readonly phase: 'seed' | 'assign' | 'update'
  /** While seeding: centroids picked so far. Otherwise: rows that changed their label in this iteration. */
  readonly changed: number
}

/** From a worker. */
export type WorkerMessage =
  | { readonly type: 'ready' }
  | { readonly type: 'step'; readonly progress: Progress }
  | { readonly type: 'done'; readonly result: JobResult }
  | { readonly type: 'aborted' }
  | { readonly type: 'served' }
  | {
      readonly type: 'failed'
      readonly message: string
      readonly stack: string
      /** Set where the failure is an InputError. */
      readonly input: { readonly code: InputErrorCode; readonly param: string } | null
    }
