/**
 * Groups of centroids that lie near each other, each a whole number of panels of eight places. A row keeps one lower
 * bound a group, and the dense kernel works on whole groups.
 */
export interface CentroidGroups {
  readonly count: number
  /** First panel of each group, and the number of panels: count + 1. */
  readonly panels: Int32Array
  /** Centroid at each place, −1 where it is empty: 8 × panels. */
  readonly places: Int32Array
  /** Group of each centroid: k. */
  readonly groupOf: Int32Array
}

/**
 * Halves the centroids along their widest column until no group has more than `size`.
 * How they are grouped decides how much work is saved, never what is found.
 */
export function groupCentroids(centroids: Float64Array, columns: number, size: number): CentroidGroups {
  const k = centroids.length / columns
  const order = new Int32Array(k)
  for (let c = 0; c < k; c++) order[c] = c
  const parts: [number, number][] = []
  const open: [number, number][] = [[0, k]]
  for (let part = open.pop(); part !== undefined; part = open.pop()) {
    const [from, to] = part
    if (to - from <= size) {
      parts.push(part)
      continue
    }
    const column = widestColumn(centroids, columns, order, from, to)
    order
      .subarray(from, to)
      .sort((a, b) => centroids[a * columns + column] - centroids[b * columns + column] || a - b)
    // Whole panels on the left, so that few places stay empty.
    const half = Math.max(8, Math.round((to - from) / 16) * 8)
    open.push([from + half, to], [from, from + half])
  }
  parts.sort((a, b) => a[0] - b[0])
  const panels = new Int32Array(parts.length + 1)
  for (let g = 0; g < parts.length; g++)
    panels[g + 1] = panels[g] + Math.ceil((parts[g][1] - parts[g][0]) / 8)
  const places = new Int32Array(panels[parts.length] * 8).fill(-1)
  const groupOf = new Int32Array(k)
  for (let g = 0; g < parts.length; g++) {
    const [from, to] = parts[g]
    for (let i = from; i < to; i++) {
      places[panels[g] * 8 + i - from] = order[i]
      groupOf[order[i]] = g
    }
  }
  return { count: parts.length, panels, places, groupOf }
}

function widestColumn(
  centroids: Float64Array,
  columns: number,
  order: Int32Array,
  from: number,
  to: number,
): number {
  let widest = 0
  let width = -1
  for (let j = 0; j < columns; j++) {
    let low = Number.POSITIVE_INFINITY
    let high = Number.NEGATIVE_INFINITY
    for (let i = from; i < to; i++) {
      const x = centroids[order[i] * columns + j]
      if (x < low) low = x
      if (x > high) high = x
    }
    if (high - low > width) {
      width = high - low
      widest = j
    }
  }
  return widest
}
