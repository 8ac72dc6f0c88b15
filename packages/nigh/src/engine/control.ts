/**
 * The few words of shared memory through which a team of threads runs its passes: int32 fields.
 * The leader writes a pass, raises GENERATION and works along; members take blocks until there are none.
 */

/** Raised by one for every pass; members wait on it. */
export const GENERATION = 0
/** The next row that nobody has taken. */
export const NEXT = 1
/** How many rows the pass has. */
export const COUNT = 2
/** How many rows are taken at once. */
export const BLOCK = 3
/** Members that have not finished the pass; the leader waits on it. */
export const PENDING = 4
/** 1 when the caller gave up: everybody stops at the next block. */
export const ABORT = 5
/** Which kernel, by its place in the list of names. */
export const KERNEL = 6
/** Address of the record. */
export const RECORD = 7
/** 1 when the job is over and members go back to wait for messages. */
export const DISMISSED = 8
/** 1 where there are more threads than the machine runs at once: nobody looks long before it sleeps. */
export const CROWDED = 9
/** Number of fields. */
export const CONTROL_FIELDS = 16

/** Thrown through an algorithm when the caller gave up. */
export class Aborted extends Error {
  override readonly name = 'AbortError'
}
