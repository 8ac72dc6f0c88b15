import {
  CUT_COLUMNS,
  CUT_HALVES,
  DOUBLE,
  FAR,
  FAR_COUNT,
  HALVES,
  NO_HALF,
  PANELS,
  PANEL_COUNT,
  RESIDUAL,
  SCRATCH,
  SCRATCH_BYTES,
  SINGLE,
} from '../kernels/near-layout.ts'
import type { NearCells } from './near-cells.ts'
import type { NearRecord } from './near-record.ts'
import { workingUnit } from './near-unit.ts'

/** Numbers that a step packs at most: some 20 ms. */
const STEP_NUMBERS = 1 << 23
/** What float32 may round off a difference and its multiple, for numbers of norm 2^14.5 at most: 2^−24 of it. */
const SINGLE_ROUNDING = 2 ** -9

/** Packs the points of a flat search into int16, by cells where that pays, in steps that yield the work done. */
export function* packFlat(record: NearRecord, cells: NearCells): Generator<number, void, void> {
  const { memory, threads } = record.runner
  const { rows, columns } = record
  const width = record.packedWidth
  const { origin, scale } = workingUnit(record.points)
  record.useUnit(origin, scale)
  // Scales near 1 only, so that what float32 rounds is what the bound knows of (assembly/flat-pack.ts).
  const single = record.get(DOUBLE) === 0 && scale > 2 ** -60 && scale < 2 ** 60
  record.set(SINGLE, single ? 1 : 0)
  // Scratch: the origin in float32, 8 rows of int16, whole vectors each; scores, half norms (assembly/cells.ts).
  const scratch = align(columns * 4 + 32) + 8 * align(width + 16) + 320
  record.set(SCRATCH_BYTES, scratch)
  record.set(SCRATCH, memory.allocate(threads * scratch))
  cells.choose()
  const byCells = cells.count > 0
  const panels = cells.mostPanels
  if (byCells) cells.makeRoom()
  record.set(PANEL_COUNT, panels)
  record.set(PANELS, memory.allocate(panels * width * 8))
  record.set(HALVES, memory.allocate(panels * 32))
  record.set(CUT_HALVES, columns < CUT_COLUMNS ? 0 : memory.allocate(panels * 96))
  const top = memory.top
  let far: number[] = []
  if (byCells) {
    yield 0
    far = yield* cells.fill(256)
  }
  const packed = record.get(PANEL_COUNT)
  const step = Math.max(1, Math.floor(STEP_NUMBERS / (8 * columns)))
  const block = Math.max(1, Math.min(64, Math.ceil(step / 64)))
  for (let first = 0; first < packed; first += step) {
    record.run('flatPack', Math.min(packed, first + step), block, first)
    yield step * 8 * columns
  }
  memory.release(top)
  record.set(RESIDUAL, record.worstResidual + (single ? SINGLE_ROUNDING : 0))
  const halves = memory.i32(record.get(HALVES), rows)
  if (!byCells) for (let i = 0; i < rows; i++) if (halves[i] === NO_HALF) far.push(i)
  const list = memory.allocate(far.length * 4)
  memory.u32(list, far.length).set(far)
  record.set(FAR, list)
  record.set(FAR_COUNT, far.length)
}

/** Bytes in whole cache lines. */
function align(bytes: number): number {
  return Math.ceil(bytes / 64) * 64
}
