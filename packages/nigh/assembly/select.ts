// The k smallest: of keys, and of (distance, row) pairs.

/**
 * Moves the `rank` smallest of `count` different int64 keys to the front and the next one to place `rank`.
 *
 * Quickselect (Hoare 1961). The partition has no branch on the data: every key is swapped with the key at the
 * boundary, and the boundary moves on by 8 or by 0 bytes.
 */
export function select(keys: usize, count: i32, rank: i32): void {
  let low = keys
  let high = keys + ((<usize>count) << 3) // exclusive
  const target = keys + ((<usize>rank) << 3)
  while (high - low > 8) {
    // The median of three, or of three such medians, as pivot; held at the end.
    const last = high - 8
    const size = (high - low) >> 3
    let pivotAt = medianOf3(low, low + ((size >> 1) << 3), last)
    if (size > 256) {
      const step = (size >> 3) << 3
      pivotAt = medianOf3(
        medianOf3(low, low + step, low + 2 * step),
        medianOf3(low + 3 * step, low + 4 * step, low + 5 * step),
        medianOf3(low + 6 * step, low + 7 * step, last),
      )
    }
    const pivot = load<i64>(pivotAt)
    store<i64>(pivotAt, load<i64>(last))
    store<i64>(last, pivot)
    let boundary = low
    for (let at = low; at < last; at += 8) {
      const key = load<i64>(at)
      store<i64>(at, load<i64>(boundary))
      store<i64>(boundary, key)
      boundary += (<usize>(key < pivot)) << 3
    }
    store<i64>(last, load<i64>(boundary))
    store<i64>(boundary, pivot)
    if (target < boundary) high = boundary
    else if (target > boundary) low = boundary + 8
    else return
  }
}

function medianOf3(a: usize, b: usize, c: usize): usize {
  const x = load<i64>(a)
  const y = load<i64>(b)
  const z = load<i64>(c)
  if (x < y) return y < z ? b : x < z ? c : a
  return x < z ? a : y < z ? c : b
}

/** Whether (distance a, row a) comes after (distance b, row b): a tie goes to the smaller row. */
function after(sqA: f64, rowA: u32, sqB: f64, rowB: u32): bool {
  return sqA > sqB || (sqA == sqB && rowA > rowB)
}

/**
 * Offers a pair to the `capacity` best so far, a heap with the last of them at its root; returns how many there are.
 */
export function offer(sqs: usize, rows: usize, count: i32, capacity: i32, sq: f64, row: u32): i32 {
  if (count < capacity) {
    let at = count
    while (at > 0) {
      const parent = (at - 1) >> 1
      const parentSq = load<f64>(sqs + ((<usize>parent) << 3))
      const parentRow = load<u32>(rows + ((<usize>parent) << 2))
      if (!after(sq, row, parentSq, parentRow)) break
      store<f64>(sqs + ((<usize>at) << 3), parentSq)
      store<u32>(rows + ((<usize>at) << 2), parentRow)
      at = parent
    }
    store<f64>(sqs + ((<usize>at) << 3), sq)
    store<u32>(rows + ((<usize>at) << 2), row)
    return count + 1
  }
  if (after(load<f64>(sqs), load<u32>(rows), sq, row)) sink(sqs, rows, count, sq, row)
  return count
}

/** As {@link offer}, but keeps the pairs sorted, nearest first: quicker for few. */
export function insert(sqs: usize, rows: usize, count: i32, capacity: i32, sq: f64, row: u32): i32 {
  let at = count
  if (count == capacity) {
    at--
    if (!after(load<f64>(sqs + ((<usize>at) << 3)), load<u32>(rows + ((<usize>at) << 2)), sq, row))
      return count
  } else count++
  let sqAt = sqs + ((<usize>at) << 3)
  let rowAt = rows + ((<usize>at) << 2)
  while (sqAt > sqs) {
    const otherSq = load<f64>(sqAt - 8)
    const otherRow = load<u32>(rowAt - 4)
    if (!after(otherSq, otherRow, sq, row)) break
    store<f64>(sqAt, otherSq)
    store<u32>(rowAt, otherRow)
    sqAt -= 8
    rowAt -= 4
  }
  store<f64>(sqAt, sq)
  store<u32>(rowAt, row)
  return count
}

/** Puts a pair at the root of a heap of `count`, in place of the pair there. */
function sink(sqs: usize, rows: usize, count: i32, sq: f64, row: u32): void {
  let at = 0
  for (;;) {
    let child = 2 * at + 1
    if (child >= count) break
    let childSq = load<f64>(sqs + ((<usize>child) << 3))
    let childRow = load<u32>(rows + ((<usize>child) << 2))
    if (child + 1 < count) {
      const otherSq = load<f64>(sqs + ((<usize>child) << 3), 8)
      const otherRow = load<u32>(rows + ((<usize>child) << 2), 4)
      if (after(otherSq, otherRow, childSq, childRow)) {
        child++
        childSq = otherSq
        childRow = otherRow
      }
    }
    if (!after(childSq, childRow, sq, row)) break
    store<f64>(sqs + ((<usize>at) << 3), childSq)
    store<u32>(rows + ((<usize>at) << 2), childRow)
    at = child
  }
  store<f64>(sqs + ((<usize>at) << 3), sq)
  store<u32>(rows + ((<usize>at) << 2), row)
}

/** Sorts a heap of pairs, nearest first. */
export function sortHeap(sqs: usize, rows: usize, count: i32): void {
  for (let end = count - 1; end > 0; end--) {
    const sq = load<f64>(sqs + ((<usize>end) << 3))
    const row = load<u32>(rows + ((<usize>end) << 2))
    store<f64>(sqs + ((<usize>end) << 3), load<f64>(sqs))
    store<u32>(rows + ((<usize>end) << 2), load<u32>(rows))
    sink(sqs, rows, end, sq, row)
  }
}

/** Makes a heap of pairs in any order, then sorts it, nearest first. */
export function sortPairs(sqs: usize, rows: usize, count: i32): void {
  for (let i = 1; i < count; i++) {
    offer(sqs, rows, i, count, load<f64>(sqs + ((<usize>i) << 3)), load<u32>(rows + ((<usize>i) << 2)))
  }
  sortHeap(sqs, rows, count)
}
