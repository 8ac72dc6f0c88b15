import type { Matrix } from '../data/matrix.ts'
import { NORM_SQ_LIMIT } from '../kernels/near-layout.ts'
import { Random } from '../random.ts'

/** Where a working copy has its zero, and the power of two that it is scaled by. */
export interface Unit {
  readonly origin: Float64Array
  readonly scale: number
}

/** Rows that stand in for all of them. */
const SAMPLE = 1024

/**
 * The unit of the int16 working copy: the mean of a sample of rows as origin, the finest scale at which nearly all rows
 * keep a squared norm within NORM_SQ_LIMIT. Rows far out (4 times as far as nine in ten are) may be left beyond.
 *
 * The choice decides how long a search takes, never what it finds.
 */
export function workingUnit(points: Matrix): Unit {
  const { columns, values } = points
  const sample = sampleOf(points.rows)
  const mean = meanOf(points, sample)
  const norms = new Float64Array(sample.length)
  for (let s = 0; s < sample.length; s++) {
    let sum = 0
    for (let j = 0, at = sample[s] * columns; j < columns; j++, at++) {
      const t = values[at] - mean[j]
      sum += t * t
    }
    norms[s] = Math.sqrt(sum)
  }
  norms.sort()
  const reach = Math.min(norms[norms.length - 1] * 1.25, norms[Math.floor((norms.length - 1) * 0.9)] * 4)
  const scale = powerOfTwo(Math.sqrt(NORM_SQ_LIMIT), reach)
  // On the grid of the working unit, so that whole numbers stay whole; float32 where the points are, so that they may
  // be packed in float32 (which rounds to multiples of the grid, if at all).
  const single = values instanceof Float32Array
  for (let j = 0; j < columns; j++) {
    const whole = Math.round(mean[j] * scale) / scale
    if (Number.isFinite(whole)) mean[j] = single ? Math.fround(whole) : whole
  }
  return { origin: mean, scale }
}

/**
 * The unit of the float32 working copy: the numbers themselves where they are float32, else without their mean.
 *
 * @param everything looks at all rows instead of a sample
 */
export function finestScale(points: Matrix, everything: boolean): Unit {
  const { rows, columns, values } = points
  const sample = everything ? Uint32Array.from({ length: rows }, (_, i) => i) : sampleOf(rows)
  let single = values instanceof Float32Array
  if (!single) {
    single = true
    for (let s = 0; s < sample.length && single; s++) {
      for (let j = 0, at = sample[s] * columns; j < columns; j++, at++) {
        if (Math.fround(values[at]) !== values[at]) single = false
      }
    }
  }
  const origin = single ? new Float64Array(columns) : meanOf(points, sample)
  let reach = 0
  for (let s = 0; s < sample.length; s++) {
    for (let j = 0, at = sample[s] * columns; j < columns; j++, at++) {
      reach = Math.max(reach, Math.abs(values[at] - origin[j]))
    }
  }
  // Squares of float32 must neither overflow nor vanish; in between, the unit stays as it is.
  const scale = reach === 0 || (reach > 2 ** -20 && reach < 2 ** 40) ? 1 : powerOfTwo(2 ** 20, reach)
  return { origin, scale }
}

/** Up to SAMPLE rows, drawn by chance (always the same) with replacement where there are more. */
function sampleOf(rows: number): Uint32Array {
  if (rows <= SAMPLE) return Uint32Array.from({ length: rows }, (_, i) => i)
  const random = new Random(1)
  return Uint32Array.from({ length: SAMPLE }, () => random.integer(rows))
}

function meanOf(points: Matrix, sample: Uint32Array): Float64Array {
  const { columns, values } = points
  const mean = new Float64Array(columns)
  for (let s = 0; s < sample.length; s++) {
    for (let j = 0, at = sample[s] * columns; j < columns; j++, at++) mean[j] += values[at] / sample.length
  }
  return mean
}

/** The largest power of two that keeps `reach` times it at or below `limit`; 1 where there is no reach. */
function powerOfTwo(limit: number, reach: number): number {
  if (!(reach > 0)) return 1
  let exponent = Math.floor(Math.log2(limit) - Math.log2(reach))
  exponent = Math.max(-900, Math.min(900, exponent))
  return 2 ** exponent
}
