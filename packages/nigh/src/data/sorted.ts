/** Numbers sorted or merged between two pauses: a few milliseconds. */
const BETWEEN_PAUSES = 8192

/**
 * The numbers from 0 to `count` − 1 in an order: stretches are sorted one by one, then merged in pairs, with pauses.
 *
 * Cost: count · log count comparisons; 8 bytes a number.
 *
 * @param before below 0 where the first comes before the second; never 0 for two different numbers
 */
export function* sortedNumbers(
  count: number,
  before: (a: number, b: number) => number,
): Generator<void, Uint32Array, void> {
  let order = new Uint32Array(count)
  for (let i = 0; i < count; i++) order[i] = i
  for (let from = 0; from < count; from += BETWEEN_PAUSES) {
    if (from > 0) yield
    order.subarray(from, from + BETWEEN_PAUSES).sort(before)
  }
  let merged = new Uint32Array(count > BETWEEN_PAUSES ? count : 0)
  for (let size = BETWEEN_PAUSES; size < count; size *= 2) {
    for (let from = 0; from < count; from += 2 * size) {
      const middle = Math.min(count, from + size)
      const to = Math.min(count, middle + size)
      let [a, b] = [from, middle]
      for (let at = from; at < to; at++) {
        const takesFirst = b === to || (a < middle && before(order[a], order[b]) < 0)
        merged[at] = takesFirst ? order[a++] : order[b++]
        if (at % BETWEEN_PAUSES === 0) yield
      }
    }
    const held = order
    order = merged
    merged = held
  }
  return order
}
