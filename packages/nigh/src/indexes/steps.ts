import { takeWanted } from '../engine/wanted.ts'
import { lend } from '../workers/pool.ts'
import { nextTurn } from '../workers/spawn.ts'

/** How far a piece of work has come. */
export interface SearchProgress {
  /** Rows done, from 0 to `total`. */
  readonly done: number
  readonly total: number
}

/** Options of every heavy verb's async form. */
export interface RunOptions {
  /** Stops the work: the promise is rejected with the signal's reason. */
  readonly signal?: AbortSignal
  /** Told now and then how far the work has come. What it throws stops the work and is passed on. */
  readonly onProgress?: (progress: SearchProgress) => void
  /** How many threads may work: a whole number from 1 to 256. Never changes an answer. Default: as many as the machine has. */
  readonly threads?: number
}

export const runOptionNames: readonly string[] = ['signal', 'onProgress', 'threads']

/** Runs steps to their end, here and now. */
export function runHere<T>(steps: Generator<SearchProgress, T, void>): T {
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
  }
}

/** How often a step is held back for threads that are just coming free. */
const patience = 3

/**
 * Runs steps of a few milliseconds each, with room for other work between them, and for an abort. A search that finds
 * its steps long is lent threads for those that follow: at once where some are waiting, else as soon as they have
 * started.
 * The first step is taken before this returns, so that inputs are read (and copied) within the call.
 */
export async function runPaced<T>(
  steps: Generator<SearchProgress, T, void>,
  options: RunOptions,
): Promise<T> {
  let lending: Promise<(() => void) | null> | null = null
  try {
    for (;;) {
      // What is no signal, or no options, the first step refuses in the call's name.
      if (options?.signal instanceof AbortSignal) options.signal.throwIfAborted()
      takeWanted()
      const step = steps.next()
      if (step.done === true) return step.value
      options.onProgress?.(step.value)
      const wanted = takeWanted()
      await nextTurn()
      if (wanted === null || lending !== null || options.threads === 1) continue
      const most = (options.threads ?? wanted.threads) - 1
      // Threads that another search just gave back are free a turn or two later.
      for (let turns = 0; turns < patience && lending === null; turns++) {
        const asked = lend(wanted, most)
        // Threads that wait come at once; nothing waits for those that must be started first.
        const come = await Promise.race([asked, nextTurn().then(() => undefined)])
        if (come !== null) lending = asked
      }
    }
  } finally {
    void lending?.then(
      (takeBack) => takeBack?.(),
      () => undefined,
    )
  }
}
