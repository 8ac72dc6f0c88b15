import { InputError } from '../check.ts'
import { ABORT, CONTROL_FIELDS, CROWDED } from '../engine/control.ts'
import { placeRows, type CarriedRows } from '../engine/rows.ts'
import type { TeamRunner } from '../engine/team.ts'
import type { KernelSetName } from '../kernels/contract.ts'
import { Memory } from '../kernels/memory.ts'
import type { Job, JobResult, JobRows } from './job.ts'
import type { Progress, WorkerMessage } from './message.ts'
import { canShareMemory, hardwareThreads, spawn, type Thread } from './spawn.ts'

/** How a job is to be run. */
export interface TeamOptions {
  /** Threads to use; null: as many as the machine runs at once, 16 at most. */
  readonly threads: number | null
  readonly kernels: KernelSetName
  readonly signal: AbortSignal | null
  readonly onProgress: ((progress: Progress) => void) | null
  /** The call's name, for errors. */
  readonly call: string
}

/**
 * Runs a job on a team of workers over one shared memory, off the calling thread.
 *
 * The rows are copied before this returns: the caller's arrays may change from then on. Workers are started when first
 * needed and kept for the next job; waiting ones do not keep the process alive. Jobs run one after another.
 *
 * @returns null where there are no workers here: then the caller does the work itself
 * @throws the signal's reason once it aborts; InputError for input that only the job could find at fault; an Error
 * where a worker dies (the next job gets new ones)
 */
export async function runOnTeam(
  rows: CarriedRows,
  k: number,
  job: Job,
  options: TeamOptions,
): Promise<JobResult | null> {
  options.signal?.throwIfAborted()
  const shared = canShareMemory()
  const memory = shared ? takeMemory() : null
  let jobRows: JobRows
  const transfer: ArrayBuffer[] = []
  if (memory !== null) {
    try {
      jobRows = { placed: placeRows(memory, rows, k) }
    } catch (error) {
      keepMemory(memory)
      throw error
    }
  } else {
    const values = rows.values.slice()
    const weights = rows.weights?.slice() ?? null
    transfer.push(values.buffer)
    if (weights !== null) transfer.push(weights.buffer)
    jobRows = { carried: { values, columns: rows.columns, weights }, k }
  }
  // The next job waits until this one's team is free, which after an abort is a little later than its answer.
  let free: () => void = ignore
  const freed = new Promise<void>((resolve) => {
    let done = false
    free = () => {
      if (!done) busy--
      done = true
      resolve()
    }
  })
  busy++
  callBack?.()
  const turn = queue.then(() => lead(memory, jobRows, transfer, job, options, free))
  queue = turn.then(
    () => freed,
    () => freed,
  )
  return options.signal === null ? turn : heard(turn, options.signal)
}

/**
 * What a promise comes to, or the reason of an abort that comes before: also while a job waits for its turn or for
 * workers that are still starting.
 */
export function heard<T>(turn: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    const forget = (): void => signal.removeEventListener('abort', onAbort)
    turn.then(resolve, reject).then(forget, forget)
  })
}

let queue: Promise<void> = Promise.resolve()
/** Jobs and loans that are waiting or running. */
let busy = 0
/** Takes back the loan that gives way to jobs, while there is one. */
let callBack: (() => void) | null = null
function ignore(): void {}

const idle: Thread[] = []

async function lead(
  memory: Memory | null,
  rows: JobRows,
  transfer: ArrayBuffer[],
  job: Job,
  options: TeamOptions,
  free: () => void,
): Promise<JobResult | null> {
  const { signal } = options
  const aborted = (): boolean => signal?.aborted === true
  const quit = (team: readonly Thread[]): never => {
    for (const thread of team) makeIdle(thread)
    if (memory !== null) keepMemory(memory)
    free()
    throw signal?.reason
  }
  if (aborted()) return quit([])
  const atOnce = await hardwareThreads()
  const wanted = memory === null ? 1 : (options.threads ?? Math.min(16, atOnce))
  const team = await gather(wanted)
  // Workers take a while to start: a listener that is added now would not hear of what was aborted by then.
  if (aborted()) return quit(team)
  if (team.length === 0) {
    free()
    return null
  }
  const threads = team.length
  const control = new Int32Array(
    memory === null ? new ArrayBuffer(CONTROL_FIELDS * 4) : new SharedArrayBuffer(CONTROL_FIELDS * 4),
  )
  if (threads > atOnce) control[CROWDED] = 1
  return new Promise<JobResult | null>((resolve, reject) => {
    let serving = threads
    let settled = false
    let broken = false
    const settle = (finish: () => void): void => {
      if (settled) return
      settled = true
      signal?.removeEventListener('abort', onAbort)
      finish()
    }
    /** One thread is back; when all are, the team and its memory are free again. */
    const back = (): void => {
      serving--
      if (serving > 0 || broken) return
      for (const thread of team) makeIdle(thread)
      if (memory !== null) keepMemory(memory)
      free()
    }
    /** A thread died or must be stopped: the whole team goes, and the next job starts a new one. */
    const scrap = (reason: unknown): void => {
      if (broken) return
      broken = true
      Atomics.store(control, ABORT, 1)
      for (const thread of team) {
        thread.hear(ignore, ignore)
        thread.terminate()
      }
      settle(() => reject(reason))
      free()
    }
    const onAbort = (): void => {
      Atomics.store(control, ABORT, 1)
      settle(() => reject(signal?.reason))
      // Without shared memory the worker cannot hear of it: it is stopped.
      if (memory === null) scrap(signal?.reason)
    }
    signal?.addEventListener('abort', onAbort, { once: true })
    const onMessage = (message: WorkerMessage): void => {
      switch (message.type) {
        case 'ready':
          return
        case 'step':
          if (settled || options.onProgress === null) return
          try {
            options.onProgress(message.progress)
          } catch (error) {
            // The caller's own error goes back to the caller, and the work stops.
            Atomics.store(control, ABORT, 1)
            settle(() => reject(error))
            if (memory === null) scrap(error)
          }
          return
        case 'done':
          back()
          settle(() => resolve(message.result))
          return
        case 'aborted':
          back()
          settle(() => reject(signal?.reason ?? new Error(`${options.call}: aborted`)))
          return
        case 'served':
          back()
          return
        case 'failed': {
          back()
          const { input } = message
          const error =
            input === null
              ? new Error(`${options.call}: a worker failed: ${message.message}`, { cause: message.stack })
              : new InputError(input.code, input.param, message.message)
          settle(() => reject(error))
        }
      }
    }
    for (const thread of team) {
      thread.hold(true)
      thread.hear(onMessage, (reason) => scrap(new Error(`${options.call}: a worker died: ${reason}`)))
    }
    for (let t = threads - 1; t >= 0; t--) {
      const message = {
        memory: memory?.wasm ?? null,
        top: memory?.top ?? 0,
        control,
        threads,
        thread: t,
        kernels: options.kernels,
        lead: t === 0 ? { job, rows, wantSteps: options.onProgress !== null } : null,
      }
      try {
        team[t].post(message, t === 0 ? transfer : [])
      } catch (error) {
        scrap(error)
      }
    }
  })
}

/**
 * Lends a team on this thread members for a while, unless other work has them.
 *
 * @param most how many may come
 * @param givesWay whether they are taken back as soon as a job wants them: for work that waits for others' code, which
 * may itself wait for that job
 * @returns takes them back; null where none could come
 */
export async function lend(runner: TeamRunner, most: number, givesWay = false): Promise<(() => void) | null> {
  const { wasm } = runner.memory
  if (busy > 0 || wasm === null || !runner.memory.shared || runner.members > 0) return null
  busy++
  let free: () => void = ignore
  const freed = new Promise<void>((resolve) => {
    free = resolve
  })
  queue = queue.then(() => freed)
  let calledBack = false
  const giveWay = (): void => {
    calledBack = true
    runner.part()
  }
  if (givesWay) callBack = giveWay
  const done = (): void => {
    if (callBack === giveWay) callBack = null
    busy--
    free()
  }
  const team = await gather(Math.min(most, runner.threads - 1))
  if (team.length === 0 || runner.members > 0 || calledBack) {
    for (const thread of team) makeIdle(thread)
    done()
    return null
  }
  const control = new Int32Array(new SharedArrayBuffer(CONTROL_FIELDS * 4))
  let serving = team.length
  for (let t = 0; t < team.length; t++) {
    const thread = team[t]
    let gone = false
    const back = (): void => {
      if (!gone) serving--
      gone = true
      if (serving === 0) done()
    }
    thread.hold(true)
    thread.hear(
      (message) => {
        if (message.type !== 'served') return
        makeIdle(thread)
        back()
      },
      () => back(),
    )
    thread.post(
      {
        memory: wasm,
        top: runner.memory.top,
        control,
        threads: team.length + 1,
        thread: t + 1,
        kernels: runner.kernels.set,
        lead: null,
      },
      [],
    )
  }
  runner.join(control, team.length)
  return () => runner.part()
}

/** Takes idle workers and starts what is missing; fewer where no more can be started. */
async function gather(wanted: number): Promise<Thread[]> {
  const team = idle.splice(Math.max(0, idle.length - wanted))
  const starting: Promise<Thread | null>[] = []
  for (let t = team.length; t < wanted; t++) starting.push(spawn())
  for (const thread of await Promise.all(starting)) {
    if (thread !== null) team.push(thread)
  }
  return team
}

function makeIdle(thread: Thread): void {
  thread.hold(false)
  thread.hear(ignore, () => {
    const at = idle.indexOf(thread)
    if (at >= 0) idle.splice(at, 1)
  })
  idle.push(thread)
}

// --- memory -------------------------------------------------------------------------------------------------------

let spare: Memory | null = null
/** A larger one, for as long as nothing has collected it: calls in a row must not pile up one memory each. */
let large: WeakRef<Memory> | null = null
/** A memory up to this size is kept for the next job. */
const SPARE_BYTES = 256 * 1024 * 1024

function takeMemory(): Memory {
  const memory = spare ?? large?.deref() ?? Memory.create(true)
  if (memory === spare) spare = null
  else large = null
  memory.release()
  return memory
}

function keepMemory(memory: Memory): void {
  if (memory.buffer.byteLength <= SPARE_BYTES) spare = memory
  else large = new WeakRef(memory)
}
