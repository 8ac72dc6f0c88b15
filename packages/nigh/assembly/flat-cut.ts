// Which cut a run of scores is given up at: what each would have cost lately decides. Only the time depends on it.
//
// What a cut costs is its share of the columns, and the rest where it gave up nothing. That is measured by each run for
// its cut; what was measured long ago counts less and less, so that each is tried again now and then.

import { QUERY_RESTS } from '../src/kernels/near-layout'
import { Q_NORM_SQ, Q_QUERY, Q_REST, Q_THRESHOLD, setThreshold, SLOT } from './flat-slot'
import { address } from './record'

// The state, 32 bytes: the costs of cuts 1, 2 and 3, then the cut to use, 0 for none.
const COSTS: usize = 0
const CUT: usize = 24
const FORGET: f64 = 0.97

/** Begins without a cut: the first scores are as good as all accepted, and there is nothing to learn. */
export function startCuts(state: usize): void {
  store<f64>(state, 0.25, COSTS)
  store<f64>(state, 0.5, COSTS + 8)
  store<f64>(state, 0.75, COSTS + 16)
  store<i32>(state, 0, CUT)
}

/** The cut to use now. */
export function currentCut(state: usize): i32 {
  return load<i32>(state, CUT)
}

/** Learns what share of the scores the current cut gave up, and chooses the next; true where it is another. */
export function learnCut(state: usize, share: f64): bool {
  const before = load<i32>(state, CUT)
  const part = <f64>before * 0.25
  const cost = part + (1 - part) * (1 - share)
  let best = 1
  let least: f64 = 2
  for (let l = 1; l < 4; l++) {
    const at = state + ((<usize>(l - 1)) << 3)
    const here = l == before ? cost : load<f64>(at) * FORGET
    store<f64>(at, here)
    if (here < least) {
      least = here
      best = l
    }
  }
  // A cut that gives up next to nothing costs a little more than none.
  if (least > 0.97) best = 0
  store<i32>(state, best, CUT)
  return best != before
}

/** Gives the queries of a block their thresholds at the current cut. */
export function useCut(record: usize, state: usize, slots: usize, queries: i32): void {
  const l = load<i32>(state, CUT)
  for (let i = 0; i < queries; i++) {
    const slot = slots + <usize>i * SLOT
    const rests = address(record, QUERY_RESTS) + ((<usize>load<u32>(slot + Q_QUERY)) << 5)
    // A query that is not packed has no norm to speak of, and no threshold that a score could reach.
    const packed = load<f64>(slot + Q_NORM_SQ) >= 0
    const rest = l == 0 || !packed ? 0 : (load<f64>(rests + ((<usize>l) << 3)) + 1) * 0.5
    store<u32>(slot + Q_REST, <u32>min<f64>(rest, 4294967295))
    setThreshold(slot, load<i32>(slot + Q_THRESHOLD))
  }
}
