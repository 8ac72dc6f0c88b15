import { InputError } from '../check.ts'
import { Aborted } from '../engine/control.ts'
import { serveTeam, TeamRunner } from '../engine/team.ts'
import { weigh } from '../engine/weight.ts'
import type { Kernels, KernelSetName } from '../kernels/contract.ts'
import { Memory } from '../kernels/memory.ts'
import { fitKit } from '../kernels/fit-kit.ts'
import { searchKit } from '../kernels/search-kit.ts'
import { bindKernels } from '../kernels/simd.ts'
import { runJob } from './job.ts'
import type { TeamMessage, WorkerMessage } from './message.ts'

/** Serves one message in a worker, and says through `post` what came of it. */
export function serve(message: TeamMessage, post: (message: WorkerMessage) => void): void {
  const { control, threads, thread, lead } = message
  const memory = message.memory === null ? Memory.create(false) : Memory.joined(message.memory, message.top)
  const kernels = bind(message.kernels, memory)
  if (lead === null) {
    serveTeam(kernels, control, thread)
    if (message.memory !== null) weigh(message.memory, message.memory.buffer.byteLength)
    post({ type: 'served' })
    return
  }
  const team = new TeamRunner(memory, kernels, control, threads)
  try {
    const onStep = lead.wantSteps
      ? ({
          start,
          iteration,
          phase,
          changed,
        }: {
          start: number
          iteration: number
          phase: 'seed' | 'assign' | 'update'
          changed: number
        }) => post({ type: 'step', progress: { start, iteration, phase, changed } })
      : null
    const result = runJob(team, lead.rows, lead.job, onStep)
    team.dismiss()
    post({ type: 'done', result })
  } catch (error) {
    team.dismiss()
    post(failure(error))
  }
}

/** Kernels are bound once a memory: a team's memory is used again while it is small. */
function bind(set: KernelSetName, memory: Memory): Kernels {
  const { wasm } = memory
  if (wasm === null) return bindKernels(set, memory, kits)
  const known = bound.get(wasm)
  if (known !== undefined && known.set === set) return known
  const kernels = bindKernels(set, memory, kits)
  bound.set(wasm, kernels)
  return kernels
}

/** A worker serves whatever comes. */
const kits = [fitKit, searchKit]
const bound = new WeakMap<WebAssembly.Memory, Kernels>()

function failure(error: unknown): WorkerMessage {
  if (error instanceof Aborted) return { type: 'aborted' }
  if (error instanceof InputError) {
    return {
      type: 'failed',
      message: error.message,
      stack: '',
      input: { code: error.code, param: error.param },
    }
  }
  if (error instanceof Error)
    return { type: 'failed', message: error.message, stack: error.stack ?? '', input: null }
  return { type: 'failed', message: String(error), stack: '', input: null }
}
