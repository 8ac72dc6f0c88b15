import { type CentroidSums, gridsOf } from 'nigh/internals'
import { describe, expect, it } from 'vitest'
import { ActiveRows, longestPair } from './active-rows.ts'

const d = 3
const k = 6

/** Numbers from 0 to 1, the same each time. */
function numbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

function nothing(): CentroidSums {
  return {
    coarse: new Float64Array(k * d),
    fine: new Float64Array(k * d),
    weightCoarse: new Float64Array(k),
    weightFine: new Float64Array(k),
  }
}

/** Weights and numbers of rows, row after row. */
function made(n: number, weigh: (next: () => number) => number): Float64Array {
  const next = numbers(7)
  const rows = new Float64Array(n * (d + 1))
  for (let i = 0; i < n; i++) {
    rows[i * (d + 1)] = weigh(next)
    for (let j = 1; j <= d; j++) rows[i * (d + 1) + j] = next() * 10 - 3
  }
  return rows
}

/** How much nearer each row's own centroid is than the next. */
function margins(rows: Float64Array, centroids: Float64Array): number[] {
  return Array.from({ length: rows.length / (d + 1) }, (_, i) => {
    const near = Array.from({ length: k }, (_one, c) => {
      let sum = 0
      for (let j = 0; j < d; j++) sum += (rows[i * (d + 1) + 1 + j] - centroids[c * d + j]) ** 2
      return Math.sqrt(sum)
    }).sort((a, b) => a - b)
    return near[1] - near[0]
  })
}

describe('rows that can change their label', () => {
  const next = numbers(3)
  const base = Float64Array.from({ length: k * d }, () => next() * 10 - 3)
  const weights: readonly [string, (next: () => number) => number][] = [
    ['one each', () => 1],
    ['whole weights', (random) => Math.floor(random() * 5) + 1],
    ['weights of any size', (random) => random() * 3],
  ]
  for (const [name, weigh] of weights) {
    it(`give the sums of all rows while the centroids stay near: ${name}`, () => {
      const rows = made(3000, weigh)
      const grids = gridsOf({
        minima: new Float64Array(d).fill(-3),
        maxima: new Float64Array(d).fill(7),
        weight: 3000 * 5,
        largestWeight: 5,
      })
      const margin = 0.8
      const near = margins(rows, base)
      const few = new Float64Array(near.filter((one) => one < margin).length * (d + 1))
      let at = 0
      near.forEach((one, i) => {
        if (one >= margin) return
        few.set(rows.subarray(i * (d + 1), (i + 1) * (d + 1)), at)
        at += d + 1
      })
      const all = new ActiveRows(rows, base, grids, Number.POSITIVE_INFINITY)
      const some = new ActiveRows(few, base, grids, margin)
      expect(some.rows).toBeLessThan(all.rows / 2)
      const expected = nothing()
      const sums = nothing()
      const moved = base.slice()
      let changed = 0
      let steps = 0
      for (;;) {
        for (let i = 0; i < moved.length; i++) moved[i] += (next() - 0.5) * 0.1
        if (!some.holds(moved)) break
        const count = some.assign(moved, sums)
        expect(count).toBe(all.assign(moved, expected))
        expect(sums).toEqual(expected)
        changed += count
        steps++
      }
      expect(all.holds(moved)).toBe(true)
      expect(steps).toBeGreaterThan(2)
      expect(changed).toBeGreaterThan(10)
    })
  }

  it('hold only while no two centroids move as far as the margin together', () => {
    const grids = gridsOf({
      minima: new Float64Array(d),
      maxima: new Float64Array(d).fill(10),
      weight: 10,
      largestWeight: 1,
    })
    const some = new ActiveRows(new Float64Array(0), base, grids, 1)
    const moved = base.slice()
    moved[0] += 0.5
    expect(longestPair(base, moved, d)).toBeGreaterThanOrEqual(0.5)
    moved[d] += 0.49
    expect(some.holds(moved)).toBe(true)
    moved[d] += 0.02
    expect(some.holds(moved)).toBe(false)
  })
})
