import { describe, expect, it } from 'vitest'
import { Forecast } from './forecast.ts'

/** Two seconds an iteration, and so many rows moved in each. */
function after(moved: readonly number[], most?: number): number | null {
  const forecast = new Forecast(most)
  for (const [i, rows] of moved.entries()) forecast.add(i * 2, i + 1, rows)
  return forecast.left
}

describe('the time left of a fit', () => {
  it('is the time until one row moves, at the pace so far', () => {
    expect(after([1024, 512, 256, 128, 64])).toBeCloseTo(12)
    expect(after([1e6, 1e5, 1e4, 1e3, 1e2])).toBeCloseTo(4)
    expect(after([64, 64, 32, 16, 8, 4, 2, 1])).toBe(0)
  })

  it('goes no further than the iterations allowed', () => {
    expect(after([1024, 512, 256, 128, 64], 7)).toBeCloseTo(4)
    expect(after([10, 20, 30, 40, 50], 8)).toBeCloseTo(6)
  })

  it('is not said too early, nor where no end is in sight, and begins anew with each start', () => {
    expect(after([1024, 512, 256, 128])).toBeNull()
    expect(after([10, 20, 30, 40, 50])).toBeNull()
    const forecast = new Forecast()
    for (let i = 0; i < 9; i++) forecast.add(i, i + 1, 1000 >> i)
    expect(forecast.left).not.toBeNull()
    forecast.add(9, 1, 1000)
    expect(forecast.left).toBeNull()
  })
})
