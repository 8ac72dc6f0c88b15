/**
 * At most so many of the numbers below n, in rising order: one from each of `most` equal stretches, by a fixed hash.
 * A plain step would fall in with data that repeat.
 */
export function sampled(n: number, most: number): Uint32Array {
  if (n <= most) return Uint32Array.from({ length: n }, (_, i) => i)
  return Uint32Array.from({ length: most }, (_, i) => {
    const from = Math.floor((i * n) / most)
    const to = Math.floor(((i + 1) * n) / most)
    let hash = Math.imul(i + 1, 0x9e3779b1)
    hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b)
    return from + (((hash ^ (hash >>> 13)) >>> 0) % (to - from))
  })
}

/** A quantile of numbers in rising order, between ranks by a straight line. */
export function quantileOf(sorted: ArrayLike<number>, share: number): number {
  const at = share * (sorted.length - 1)
  const below = sorted[Math.floor(at)]
  return below + (sorted[Math.ceil(at)] - below) * (at - Math.floor(at))
}
