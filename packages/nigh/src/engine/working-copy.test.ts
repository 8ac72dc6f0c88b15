import { describe, expect, test } from 'vitest'
import { fitKit } from '../kernels/fit-kit.ts'
import type { KernelSetName } from '../kernels/contract.ts'
import { NARROW, NARROW_ROW_ERROR, NARROW_STEP, WORK } from '../kernels/layout.ts'
import { availableKernels } from '../kernels/simd.ts'
import { Random } from '../random.ts'
import { LocalFit } from './local-fit.ts'
import { placesMost } from './packed-centroids.ts'
import { placeRows } from './rows.ts'
import { makeInlineRunner } from './runner.ts'

// Everything that is decided by narrow scores rests on this bound; a fit notices a wrong one only where two centroids
// are nearly as near, and by luck.
describe.each(availableKernels().filter((set) => set !== 'scalar'))(
  'the int16 copy, %s',
  (set: KernelSetName) => {
    const runner = makeInlineRunner(fitKit, set)
    const { memory } = runner
    for (const columns of [12, 13, 15, 16, 31, 40]) {
      for (const cutOff of ['even columns', 'odd columns', 'the last column', 'all columns'] as const) {
        test(`${columns} columns, cut off in ${cutOff}`, () => {
          const random = new Random(columns)
          const [rows, k] = [37, 20]
          const isCut = (j: number): boolean =>
            cutOff === 'all columns' ||
            (cutOff === 'the last column' ? j === columns - 1 : (j % 2 === 0) === (cutOff === 'even columns'))
          const values = Float64Array.from({ length: rows * columns }, (_, at) => {
            const whole = (random.integer(200) - 100) * 64
            return isCut(at % columns) ? whole + random.uniform() : whole
          })
          memory.release()
          // What another fit left there.
          memory.u8(memory.allocate(400_000), 400_000).fill(0x55)
          memory.release()
          const engine = new LocalFit(runner, placeRows(memory, { values, columns, weights: null }, k))
          engine.prepare()
          const { record, copy } = engine
          copy.makeNarrow(k, placesMost(k))
          expect(record.get(NARROW)).not.toBe(0)
          const step = record.get(NARROW_STEP)
          const width = columns + (columns & 1)
          const work = memory.f32(record.get(WORK), rows * columns)
          const wholes = new Int16Array(memory.buffer, record.get(NARROW), rows * width)
          let longest = 0
          for (let i = 0; i < rows; i++) {
            let sq = 0
            for (let j = 0; j < columns; j++) {
              const cut = work[i * columns + j] - wholes[i * width + j] * step
              expect(Math.abs(cut)).toBeLessThanOrEqual(step / 2)
              sq += cut * cut
            }
            longest = Math.max(longest, Math.sqrt(sq))
            // Kernels multiply what fills up the last pair.
            if (width > columns) expect(wholes[i * width + columns]).toBe(0)
          }
          expect(longest).toBeGreaterThan(0)
          expect(record.get(NARROW_ROW_ERROR)).toBeGreaterThanOrEqual(longest)
          expect(record.get(NARROW_ROW_ERROR)).toBeLessThan(longest * 1.001)
        })
      }
    }
  },
)
