// Passes over all rows that look at each number once: ranges, the working copy, exact residuals.

import {
  CENTROIDS, CLUSTERS, COLUMNS, DISTANCES_SQ, DOUBLE, LABELS, NORMS_SQ, ORIGIN, POINTS, RANGES, SCALE, SQ_GRID_1,
  SCRATCH, SCRATCH_BYTES, SQ_GRID_2, SQ_GRID_3, SQ_SUMS, WEIGHTS, WORK,
} from '../src/kernels/layout'
import { addOnThree, cell, exactSq, exactSq4 } from './exact'
import { address, integer, number } from './record'

/** Widens this thread's column ranges by rows of weight above zero. */
export function ranges(record: usize, from: i32, to: i32, thread: i32): void {
  const columns = integer(record, COLUMNS)
  const points = address(record, POINTS)
  const double = integer(record, DOUBLE) != 0
  const weights = address(record, WEIGHTS)
  const minima = address(record, RANGES) + <usize>thread * (<usize>columns << 4)
  const maxima = minima + (<usize>columns << 3)
  for (let i = from; i < to; i++) {
    if (weights && load<f64>(weights + (<usize>i << 3)) == 0) continue
    const start = <usize>i * <usize>columns
    for (let j = 0; j < columns; j++) {
      const x = cell(points, double, start + <usize>j)
      const at = <usize>j << 3
      if (x < load<f64>(minima + at)) store<f64>(minima + at, x)
      if (x > load<f64>(maxima + at)) store<f64>(maxima + at, x)
    }
  }
}

/** Writes the working copy (unless it is the rows themselves) and its squared norms. */
export function centre(record: usize, from: i32, to: i32, thread: i32): void {
  const columns = integer(record, COLUMNS)
  const points = address(record, POINTS)
  const double = integer(record, DOUBLE) != 0
  const work = address(record, WORK)
  const norms = address(record, NORMS_SQ)
  const origin = address(record, ORIGIN)
  const scale = number(record, SCALE)
  const copy = work != points
  for (let i = from; i < to; i++) {
    const start = <usize>i * <usize>columns
    const row = work + (start << 2)
    if (copy) {
      for (let j = 0; j < columns; j++) {
        const x = (cell(points, double, start + <usize>j) - load<f64>(origin + (<usize>j << 3))) * scale
        store<f32>(row + (<usize>j << 2), <f32>x)
      }
    }
    let sum0: f64 = 0
    let sum1: f64 = 0
    let j = 0
    for (; j + 2 <= columns; j += 2) {
      const x = <f64>load<f32>(row + (<usize>j << 2))
      const y = <f64>load<f32>(row + (<usize>j << 2), 4)
      sum0 += x * x
      sum1 += y * y
    }
    if (j < columns) {
      const x = <f64>load<f32>(row + (<usize>j << 2))
      sum0 += x * x
    }
    store<f32>(norms + (<usize>i << 2), <f32>(sum0 + sum1))
  }
}

/** Adds each row's exact squared distance to its own centroid to this thread's sum; writes it where there is a place. */
export function residuals(record: usize, from: i32, to: i32, thread: i32): void {
  const columns = integer(record, COLUMNS)
  const points = address(record, POINTS)
  const double = integer(record, DOUBLE) != 0
  const weights = address(record, WEIGHTS)
  const labels = address(record, LABELS)
  const centroids = address(record, CENTROIDS)
  const out = address(record, DISTANCES_SQ)
  const sum = address(record, SQ_SUMS) + (<usize>thread << 5)
  const big1 = number(record, SQ_GRID_1)
  const big2 = number(record, SQ_GRID_2)
  const big3 = number(record, SQ_GRID_3)
  const stride = <usize>columns << 3
  const four = address(record, SCRATCH) + <usize>thread * <usize>integer(record, SCRATCH_BYTES)
  for (let i = from; i < to; i++) {
    const place = (i - from) & 3
    if (place == 0) {
      // Four rows at a time (the last row stands in for those past the end), so that their additions overlap.
      const i1 = min(i + 1, to - 1)
      const i2 = min(i + 2, to - 1)
      const i3 = min(i + 3, to - 1)
      exactSq4(
        points, double, columns, i, i1, i2, i3,
        centroids + <usize>load<u32>(labels + (<usize>i << 2)) * stride,
        centroids + <usize>load<u32>(labels + (<usize>i1 << 2)) * stride,
        centroids + <usize>load<u32>(labels + (<usize>i2 << 2)) * stride,
        centroids + <usize>load<u32>(labels + (<usize>i3 << 2)) * stride,
        four,
      )
    }
    const sq = load<f64>(four + (<usize>place << 3))
    if (out) store<f64>(out + (<usize>i << 3), sq)
    if (weights) {
      const weight = load<f64>(weights + (<usize>i << 3))
      if (weight == 0) continue
      const whole = Math.floor(weight)
      addOnThree(sum, sq, whole, weight - whole, big1, big2, big3)
    } else {
      addOnThree(sum, sq, 1, 0, big1, big2, big3)
    }
  }
}

/** Writes the exact squared distance of each row to each centroid: n × k. */
export function distances(record: usize, from: i32, to: i32, thread: i32): void {
  const columns = integer(record, COLUMNS)
  const clusters = integer(record, CLUSTERS)
  const points = address(record, POINTS)
  const double = integer(record, DOUBLE) != 0
  const centroids = address(record, CENTROIDS)
  const out = address(record, DISTANCES_SQ)
  const stride = <usize>columns << 3
  for (let i = from; i < to; i++) {
    let at = out + <usize>i * (<usize>clusters << 3)
    for (let c = 0; c < clusters; c++) {
      store<f64>(at, exactSq(points, double, i, columns, centroids + <usize>c * stride))
      at += 8
    }
  }
}
