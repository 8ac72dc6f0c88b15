/**
 * Makes the engine count a shared memory, for as long as `owner` lives.
 *
 * Engines leave shared memories out when they judge whether it is time to collect what nobody holds any more, so that
 * models dropped one after another would pile up; on every thread that has seen them, for a worker that waits collects
 * nothing. What they do count is a plain buffer: this one is never looked at, so it takes addresses and no memory.
 */
export function weigh(owner: object, bytes: number): void {
  try {
    weights.set(owner, new ArrayBuffer(Math.floor(bytes / 4)))
  } catch (error) {
    // No addresses left: then it is time to collect anyway.
    if (!(error instanceof RangeError)) throw error
  }
}

const weights = new WeakMap<object, ArrayBuffer>()
