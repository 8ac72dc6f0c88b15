import { InputError } from '../check.ts'
import type { Reals } from '../data/matrix.ts'
import type { Memory } from '../kernels/memory.ts'
import type { FitRows } from './fit-record.ts'

/** Rows on their way into a memory: n × d numbers and, where there are any, their weights. */
export interface CarriedRows {
  readonly values: Reals
  readonly columns: number
  readonly weights: Float64Array | null
}

/** Copies rows into a memory: from then on the caller's arrays may change. */
export function placeRows(memory: Memory, rows: CarriedRows, k: number): FitRows {
  const { values, columns, weights } = rows
  const n = values.length / columns
  const double = values instanceof Float64Array
  const bytes = n * columns * (double ? 8 : 4)
  if (bytes > 3.9e9) {
    throw new InputError(
      'E_MEMORY',
      'points',
      `KMeans: points of ${n} × ${columns} take ${(bytes / 1e9).toFixed(1)} GB, and one fit holds at most 4 GB in memory: use float32, fewer rows, or stream the file`,
    )
  }
  const points = memory.allocate(bytes)
  if (double) memory.f64(points, values.length).set(values)
  else memory.f32(points, values.length).set(values)
  let weightsAt = 0
  if (weights !== null) {
    weightsAt = memory.allocate(n * 8)
    memory.f64(weightsAt, n).set(weights)
  }
  return { rows: n, columns, points, double, weights: weightsAt, k }
}
