import { describe, expect, test } from 'vitest'
import { made, madeWeights, rowOf } from '../../test/made-data.ts'
import { Matrix } from '../data/matrix.ts'
import { LocalFit } from '../engine/local-fit.ts'
import { ONE_GROUP_WORK } from '../engine/packed-centroids.ts'
import { placeRows } from '../engine/rows.ts'
import type { Runner } from '../engine/runner.ts'
import { Random } from '../random.ts'
import type { KernelName, Kernels } from './contract.ts'
import { Memory } from './memory.ts'

/** Binds the kernels under test to a memory. */
export type KernelMaker = (memory: Memory) => Kernels

/**
 * Deals blocks to thread numbers in turn, the last block first: what a team may do, on one thread. One memory serves
 * many fits, so each finds what the last one left there.
 */
function dealing(make: KernelMaker, threads: number): Runner {
  const memory = Memory.create(false)
  const kernels = make(memory)
  return {
    memory,
    kernels,
    threads,
    run(kernel: KernelName, record: number, count: number, block: number): void {
      const starts: number[] = []
      for (let from = 0; from < count; from += block) starts.push(from)
      starts.reverse().forEach((from, turn) => {
        kernels[kernel](record, from, Math.min(from + block, count), turn % threads)
      })
    },
  }
}

/** Everything that a fit can ask of its kernels, asked of them all and written down. */
function everything(
  runner: Runner,
  points: Matrix,
  weights: Float64Array | null,
  k: number,
  rounds: readonly Float64Array[],
): unknown[] {
  const { columns, values } = points
  runner.memory.release()
  const engine = new LocalFit(runner, placeRows(runner.memory, { values, columns, weights }, k))
  const answers: unknown[] = [engine.prepare()]
  for (const [round, centroids] of rounds.entries()) {
    const { changed, sums } = engine.assign(centroids, round === 0)
    answers.push([changed, structuredClone(sums), engine.currentLabels(), engine.inertia(centroids)])
    if (round === 1) answers.push(engine.farthest(centroids, 2))
    if (round === 2) {
      answers.push(structuredClone(engine.relocate(Float64Array.from(rowOf(points, 0)), k - 1)))
    }
  }
  answers.push(engine.distances(rounds[0]))
  engine.label(rounds[1])
  answers.push(engine.currentLabels())
  engine.startSeeding()
  const taken: Float64Array[] = []
  for (let at = 0.1; at < 1; at += 0.35) {
    const drawn = engine.draw('weight', at, taken)
    answers.push(drawn)
    if (drawn !== null) taken.push(drawn)
  }
  engine.startSeeding()
  const first = engine.draw('weight', 0.5, [])
  if (first === null) throw new Error('a row has weight')
  engine.takeRow(first)
  for (let round = 0; round < Math.min(3, k); round++) {
    const candidates = [0, 0.3, 0.6, 0.999].map((at) => engine.draw('distance', at, []))
    answers.push(candidates)
    const there = candidates.filter((row) => row !== null)
    if (there.length === 0) break
    answers.push(engine.tryRows(there))
    engine.takeRow(there[there.length - 1])
  }
  return answers
}

/** Centroids for a few rounds: rows at first, then moved a little, much, not at all, and one far away. */
function roundsFor(points: Matrix, k: number, coarse: boolean, seed: number): Float64Array[] {
  const random = new Random(seed)
  const first = Float64Array.from({ length: k }, () => random.integer(points.rows)).reduce<number[]>(
    (all, row) => all.concat(rowOf(points, row)),
    [],
  )
  const moved = (from: Float64Array, by: number): Float64Array =>
    from.map((x) => x + (coarse ? (random.integer(3) - 1) / 2 : (random.uniform() - 0.5) * by))
  const a = Float64Array.from(first)
  const b = moved(a, 0.01)
  const c = moved(b, 0.5)
  const d = c.slice()
  const e = d.slice()
  e[0] += 1000
  return [a, b, c, d, e]
}

/** Kernels answer what the scalar reference answers, bit for bit. */
export function kernelContract(name: string, make: KernelMaker, reference: KernelMaker): void {
  describe(`${name} answers what scalar answers`, () => {
    const here = dealing(make, 3)
    const there = dealing(reference, 1)
    for (const rows of [1, 7, 8, 33, 257]) {
      test(`${rows} rows`, () => {
        for (const columns of [1, 3, 4, 7, 8, 33]) {
          for (const double of [true, false]) {
            for (const coarse of [true, false]) {
              for (const offset of [0, 1e6]) {
                const kind = coarse ? 'coarse' : 'blobs'
                const points = made({ rows, columns, seed: rows + columns, double, offset, kind })
                const k = [1, 2, 5, 17, 40][(columns + rows) % 5]
                const weights =
                  offset > 0 ? madeWeights(rows, coarse ? 'whole' : 'fractional', rows * 31 + columns) : null
                const rounds = roundsFor(points, k, coarse, rows)
                const found = everything(here, points, weights, k, rounds)
                expect(found).toEqual(everything(there, points, weights, k, rounds))
              }
            }
          }
        }
      })
    }

    test('many centroids, in groups with bounds of their own: ties within and between groups', () => {
      for (const [columns, k, coarse] of [
        [65, 200, true],
        [65, 200, false],
        [160, 70, true],
        [27, 400, true],
      ] as const) {
        expect(k * columns).toBeGreaterThan(ONE_GROUP_WORK)
        const kind = coarse ? 'coarse' : 'blobs'
        const points = made({ rows: 420, columns, seed: k + columns, kind })
        const rounds = roundsFor(points, k, coarse, columns)
        // Slowly on, so that the bounds of many groups stay in force from round to round.
        const random = new Random(k)
        for (let round = 0; round < 4; round++) {
          rounds.push(rounds[2 + round].map((x) => x + (random.uniform() - 0.5) * (coarse ? 0.1 : 0.3)))
        }
        // Pairs meet at a row far from their groups, and take it from each other: what a row leaves must be seen again.
        const meeting = rounds[rounds.length - 1]
        for (const away of [0.1, 0.5, 0.1, 0.5, 0.1]) {
          const next = meeting.slice()
          for (let pair = 0; pair < 20; pair++) {
            const row = points.row(pair * 21)
            for (const [c, by] of [
              [pair, away],
              [k - 1 - pair, 0.3],
            ]) {
              for (let j = 0; j < columns; j++) next[c * columns + j] = row[j] + (j === pair ? by : 0)
            }
          }
          rounds.push(next)
        }
        // Far and back, until the paths of the groups have filled what 16 bits hold and the bounds start over.
        for (let round = 0; round < 12; round++) {
          const by = round % 2 === 0 ? 8 : -8
          rounds.push(rounds[rounds.length - 1].map((x, at) => (at % 3 === 0 ? x + by : x)))
        }
        const found = everything(here, points, null, k, rounds)
        expect(found).toEqual(everything(there, points, null, k, rounds))
      }
    })

    test('numbers of any size: from 1e-140 to 1e140 in one matrix, centroids farther still', () => {
      for (const [low, high] of [
        [-140, 140],
        [-3, 3],
        [30, 60],
        [-60, -30],
      ]) {
        const random = new Random(high + 200)
        const values = Float64Array.from(
          { length: 70 * 3 },
          () => (random.uniform() - 0.5) * 10 ** (low + random.integer(high - low + 1)),
        )
        const points = Matrix.of(values, 3)
        const rounds = roundsFor(points, 9, false, 3)
        rounds.push(rounds[4].map((x, at) => (at < 3 ? 1e145 : x)))
        const found = everything(here, points, null, 9, rounds)
        expect(found).toEqual(everything(there, points, null, 9, rounds))
      }
    })
  })
}
