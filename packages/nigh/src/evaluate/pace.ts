/** How far a piece of work has come. */
export interface Progress {
  /** Units of work done, from 0 to `total`. */
  readonly done: number
  readonly total: number
}

/** Options of every heavy verb's async form. */
export interface PaceOptions {
  /** Stops the work: the promise is rejected with the signal's reason. */
  readonly signal?: AbortSignal
  /** Told now and then how far the work has come. What it throws stops the work. */
  readonly onProgress?: (progress: Progress) => void
}

/** Runs steps to their end, here and now. */
export function runSteps<T>(steps: Generator<Progress, T, void>): T {
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
  }
}

/** Runs steps with room for other work between them, and for an abort. Steps should take some milliseconds each. */
export async function paceSteps<T>(
  steps: Generator<Progress, T, void>,
  options: PaceOptions = {},
): Promise<T> {
  const { signal, onProgress } = options
  for (;;) {
    signal?.throwIfAborted()
    const step = steps.next()
    if (step.done === true) return step.value
    onProgress?.(step.value)
    await pause()
  }
}

/** Lets timers, messages and drawing take their turn. */
export function pause(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, 0)
  })
}
