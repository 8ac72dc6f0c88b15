/**
 * Waits for a shared word: looks at it for a while, then sleeps.
 *
 * Passes follow within microseconds, and to wake a sleeping thread costs more than many of them take: the kernel has to
 * find it a core, and some kernels first put it beside the thread that woke it. So looking pays while every thread has a
 * core of its own. Where it has not (other programs at work, more threads than cores), looking keeps a core from the
 * very thread that is waited for. A thread cannot ask which it is, but can tell by how long it waited: what is waited
 * for is either over within a millisecond or was not running. Only times depend on this, never answers.
 */
export class Patience {
  #looks = MOST_LOOKS

  /**
   * Returns once a field holds something else than `value` (or, where `equal`, once it holds `value`).
   *
   * @param crowded whether more threads work than the machine runs at once: then it looks no longer than it must
   * @param sleep sleeps until the field changes or somebody notifies, and no longer than it likes; says whether that
   * took longer than {@link LONG}, which a sleep with an end can tell without a clock
   */
  await(
    fields: Int32Array<ArrayBufferLike>,
    at: number,
    value: number,
    equal: boolean,
    crowded: boolean,
    sleep: () => boolean,
  ): void {
    const most = crowded ? FEW_LOOKS : this.#looks
    for (let looks = 0; looks < most; looks++) {
      if ((Atomics.load(fields, at) === value) !== equal) continue
      if (!crowded) this.#looks = Math.min(most + STEP, MOST_LOOKS)
      return
    }
    const long = sleep()
    if (long && !crowded) this.#looks = Math.max(most >> 1, LEAST_LOOKS)
  }
}

/** Some 5 µs. */
const FEW_LOOKS = 3000
/** Some 20 µs: what is worth it even where others are at work. */
const LEAST_LOOKS = 12_000
/** Some 150 µs, a few times what a wake-up takes. */
const MOST_LOOKS = 100_000
const STEP = 4000
/** Milliseconds. */
export const LONG = 1
