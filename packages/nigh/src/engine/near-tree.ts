import {
  DOUBLE,
  FAITHFUL,
  FIRST_ROWS,
  GROUPS,
  HALVING,
  KEYS,
  LEAF_ROWS,
  LEAVES,
  LEVELS,
  NODES,
  NUMBERS_A,
  NUMBERS_B,
  ORIGIN,
  RESIDUAL,
  ROWS_A,
  ROWS_B,
  SCALE,
  SINGLE,
} from '../kernels/near-layout.ts'
import type { NearRecord } from './near-record.ts'
import { finestScale } from './near-unit.ts'

/** Points that a leaf of the tree holds at least (four times that at most). */
const LEAF_POINTS = 8
/** Numbers that a step copies at most, and rows that it puts in order: some 20 ms. */
const STEP_NUMBERS = 1 << 23
const STEP_ROWS = 1 << 18

/** Builds the kd-tree over the points, in steps that yield the work done. */
export function* growTree(record: NearRecord): Generator<number, void, void> {
  const { memory, threads } = record.runner
  const { rows, columns } = record
  let levels = 0
  while (rows >= LEAF_POINTS * 4 ** (levels + 1)) levels++
  const leaves = 4 ** levels
  const groups = Math.ceil(Math.ceil(rows / leaves) / 4)
  record.set(LEVELS, levels)
  record.set(GROUPS, groups)
  record.set(NODES, memory.allocate(((leaves - 1) / 3) * columns * 32))
  record.set(LEAVES, memory.allocate(leaves * groups * columns * 16))
  record.set(LEAF_ROWS, memory.allocate(leaves * groups * 16))
  record.set(FIRST_ROWS, memory.allocate(((leaves - 1) / 3 + leaves) * 4))
  const top = memory.top
  const width = Math.ceil(columns / 4) * 16
  record.set(ROWS_A, memory.allocate(rows * width))
  record.set(ROWS_B, memory.allocate(rows * width))
  record.set(NUMBERS_A, memory.allocate(rows * 4))
  record.set(NUMBERS_B, memory.allocate(rows * 4))
  record.set(KEYS, memory.allocate(rows * 8))
  for (const everything of [false, true]) {
    const { origin, scale } = finestScale(record.points, everything)
    record.useUnit(origin, scale)
    // Then nothing is subtracted, multiplied or cut off.
    const asGiven = record.get(DOUBLE) === 0 && scale === 1 && origin.every((x) => x === 0)
    record.set(SINGLE, asGiven ? 1 : 0)
    const step = Math.max(4096, Math.floor(STEP_NUMBERS / 4 / columns / 4096) * 4096)
    for (let first = 0; first < rows; first += step) {
      record.run('treeLoad', Math.min(rows, first + step), 4096, first)
      yield step * columns
    }
    record.set(RESIDUAL, record.worstResidual)
    // Not finite where a row that the sample missed is beyond float32: then all rows are looked at.
    if (Number.isFinite(record.get(RESIDUAL))) break
  }
  const origin = memory.f64(record.get(ORIGIN), columns)
  const own = record.get(RESIDUAL) === 0 && record.get(SCALE) === 1 && origin.every((x) => x === 0)
  record.set(FAITHFUL, own ? 1 : 0)
  // Halve level by level until there are parts enough for all threads and small enough for a step; each part is
  // then finished on its own.
  let halving = 0
  const least = threads > 1 && rows >= 4096 ? 2 * threads : 1
  while (
    halving < 2 * levels &&
    (2 ** halving < least || rows > STEP_ROWS * 2 ** halving || halving % 2 === 1)
  ) {
    record.set(HALVING, halving)
    record.run('treeHalve', 2 ** halving, 1)
    halving++
    yield rows * columns
  }
  record.set(HALVING, halving)
  const parts = 2 ** halving
  const step = Math.max(1, Math.floor((STEP_ROWS * parts) / rows))
  for (let first = 0; first < parts; first += step) {
    const end = Math.min(parts, first + step)
    record.run('treeFinish', end, 1, first)
    yield ((end - first) * rows * columns) / parts
  }
  if (halving > 0) record.run('treeTop', 1, 1)
  memory.release(top)
}
