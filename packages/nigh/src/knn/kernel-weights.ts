import { cosineOfDegrees, naturalExponential, power } from '../metrics/elementary.ts'

/**
 * Kernels: how much a neighbour counts by its distance relative to that of the k+1-th, x from 0 to 1.
 *
 * - `'rectangular'` 1, `'triangular'` 1 − x, `'epanechnikov'` ¾(1 − x²), `'biweight'` and `'triweight'` by (1 − x²)² and
 *   (1 − x²)³, `'cos'` cos(πx/2), `'inv'` 1/x, `'gaussian'` the normal density, scaled so that the k+1-th lies at its
 *   quantile of 1/(2(k + 1))
 * - `'rank'` k + 1 − rank, `'optimal'` by rank, as Samworth 2012 found best for many rows
 */
export type KernelName =
  | 'rectangular'
  | 'triangular'
  | 'epanechnikov'
  | 'biweight'
  | 'triweight'
  | 'cos'
  | 'inv'
  | 'gaussian'
  | 'rank'
  | 'optimal'

export const kernelNames: readonly KernelName[] = [
  'rectangular',
  'triangular',
  'epanechnikov',
  'biweight',
  'triweight',
  'cos',
  'inv',
  'gaussian',
  'rank',
  'optimal',
]

export function isKernel(weights: unknown): weights is KernelName {
  return kernelNames.some((name) => name === weights)
}

/** Relative distances are kept so far from 0 and 1, so that no neighbour counts for nothing and none for everything. */
const rim = 1e-6

/**
 * Writes the weights of k neighbours.
 *
 * @param distances k, ascending
 * @param edge the distance of the k+1-th
 * @param columns d, for 'optimal'
 * Source: Hechenbichler and Schliep 2004 (the R package kknn); 'optimal': Samworth 2012.
 */
export function kernelWeights(
  kernel: KernelName,
  distances: Float64Array,
  edge: number,
  columns: number,
  out: Float64Array,
): void {
  const k = distances.length
  if (kernel === 'rank') {
    rankWeights(distances, out)
    return
  }
  if (kernel === 'optimal') {
    const scale = columns / (2 * power(k, 2 / columns))
    const steps = 1 + 2 / columns
    for (let i = 1; i <= k; i++) {
      out[i - 1] = Math.max(0, (1 + columns / 2 - scale * (power(i, steps) - power(i - 1, steps))) / k)
    }
    return
  }
  const reach = kernel === 'gaussian' ? normalQuantile(1 / (2 * (k + 1))) : 1
  // Where even the edge is at distance 0, all count alike.
  for (let i = 0; i < k; i++) {
    const x = edge === 0 ? rim : Math.min(1 - rim, Math.max(rim, distances[i] / edge))
    out[i] = kernelOf(kernel, x, reach)
  }
}

function kernelOf(kernel: Exclude<KernelName, 'rank' | 'optimal'>, x: number, reach: number): number {
  const inside = 1 - x * x
  switch (kernel) {
    case 'rectangular':
      return 1
    case 'triangular':
      return 1 - x
    case 'epanechnikov':
      return 0.75 * inside
    case 'biweight':
      return (15 / 8) * inside * inside
    case 'triweight':
      return (35 / 16) * inside * inside * inside
    case 'cos':
      return cosineOfDegrees(90 * x)
    case 'inv':
      return 1 / x
    case 'gaussian': {
      const t = x * reach
      return naturalExponential((-t * t) / 2) / Math.sqrt(2 * Math.PI)
    }
  }
}

/** k + 1 − rank; equal distances share the mean of their ranks. */
function rankWeights(distances: Float64Array, out: Float64Array): void {
  const k = distances.length
  for (let i = 0; i < k; ) {
    let end = i + 1
    while (end < k && distances[end] === distances[i]) end++
    // Ranks i + 1 … end, whose mean is (i + 1 + end) / 2.
    for (let at = i; at < end; at++) out[at] = k + 1 - (i + 1 + end) / 2
    i = end
  }
}

/** The x above 0 that a standard normal number exceeds with probability p, for 0 < p < ½: Newton from above. */
export function normalQuantile(p: number): number {
  let x = 0
  for (let step = 0; step < 100; step++) {
    const { tail, density } = normalTail(x)
    const next = x + (tail - p) / density
    if (Math.abs(next - x) <= 1e-15 * next) return next
    x = next
  }
  return x
}

/** The normal density at x ≥ 0 and the probability beyond it. */
function normalTail(x: number): { readonly tail: number; readonly density: number } {
  const density = naturalExponential((-x * x) / 2) / Math.sqrt(2 * Math.PI)
  if (x < 2) {
    // ½ − φ(x)·(x + x³/3 + x⁵/15 + …)
    let term = x
    let sum = x
    for (let n = 3; n < 80; n += 2) {
      term *= (x * x) / n
      sum += term
    }
    return { tail: 0.5 - density * sum, density }
  }
  // φ(x) / (x + 1/(x + 2/(x + 3/…)))
  let fraction = x
  for (let n = 120; n >= 1; n--) fraction = x + n / fraction
  return { tail: density / fraction, density }
}
