import type { Column, TextColumn } from '../data/table.ts'
import { ExactSum } from '../evaluate/sum.ts'
import type { Contrast } from './clusters.ts'

/**
 * Every column of every cluster against the rest of the rows, the most telling first (in column order on a tie).
 *
 * @param kept the rows that have labels; null: all
 * @param codes one cluster for each of them; `weights` a weight, null: 1
 */
export function contrastsOf(
  columns: readonly Column[],
  kept: Uint32Array | null,
  codes: Uint32Array,
  weights: Float64Array | null,
  k: number,
): Contrast[][] {
  const all: Contrast[][] = Array.from({ length: k }, () => [])
  for (const column of columns) {
    const found =
      column.type === 'text'
        ? textContrasts(column, kept, codes, weights, k)
        : numberContrasts(column, kept, codes, weights, k)
    found.forEach((contrast, c) => all[c].push(contrast))
  }
  for (const contrasts of all) contrasts.sort((a, b) => Math.abs(b.effect) - Math.abs(a.effect))
  return all
}

function numberContrasts(
  column: Exclude<Column, TextColumn>,
  kept: Uint32Array | null,
  codes: Uint32Array,
  weights: Float64Array | null,
  k: number,
): Contrast[] {
  const { name, type, values } = column
  const numbers = new Float64Array(codes.length)
  for (let i = 0; i < codes.length; i++) {
    const cell = values[kept === null ? i : kept[i]]
    numbers[i] = type === 'boolean' && cell === 255 ? Number.NaN : cell
  }
  return groupMeans(numbers, codes, weights, k).map((means) => ({ name, type, ...means }))
}

function textContrasts(
  column: TextColumn,
  kept: Uint32Array | null,
  codes: Uint32Array,
  weights: Float64Array | null,
  k: number,
): Contrast[] {
  const { name, type, values, categories } = column
  const width = categories.length
  const counts = new Float64Array(k * width)
  const sizes = new Float64Array(k)
  for (let i = 0; i < codes.length; i++) {
    const cell = values[kept === null ? i : kept[i]]
    if (cell < 0) continue
    const weight = weights === null ? 1 : weights[i]
    counts[codes[i] * width + cell] += weight
    sizes[codes[i]] += weight
  }
  const total = sizes.reduce((sum, size) => sum + size, 0)
  const overall = Float64Array.from({ length: width }, (_, t) => {
    let sum = 0
    for (let c = 0; c < k; c++) sum += counts[c * width + t]
    return sum
  })
  return Array.from({ length: k }, (_, c) => {
    let best: Contrast = { name, type, centre: Number.NaN, rest: Number.NaN, effect: 0 }
    for (let t = 0; t < width; t++) {
      const centre = counts[c * width + t] / sizes[c]
      const rest = (overall[t] - counts[c * width + t]) / (total - sizes[c])
      const share = overall[t] / total
      const spread = Math.sqrt(share * (1 - share))
      const effect = effectOf(centre, rest, spread)
      // The more frequent of two equally telling categories says more.
      const closer = Math.abs(effect) === Math.abs(best.effect) && centre > best.centre
      if (best.category === undefined || Math.abs(effect) > Math.abs(best.effect) || closer) {
        best = { name, type, centre, rest, effect, category: categories[t] }
      }
    }
    return best
  })
}

/** Means of each group and of the rest, over the numbers that are not missing. */
function groupMeans(
  numbers: Float64Array,
  codes: Uint32Array,
  weights: Float64Array | null,
  k: number,
): { centre: number; rest: number; effect: number }[] {
  const origin = numbers.find((x) => !Number.isNaN(x)) ?? 0
  const sums = Array.from({ length: k }, () => new ExactSum())
  const whole = new ExactSum()
  const counts = new Float64Array(k)
  let total = 0
  numbers.forEach((x, i) => {
    const weight = weights === null ? 1 : weights[i]
    if (Number.isNaN(x) || weight === 0) return
    // Differences from one of the numbers: right at any offset. Halves, so that they do not overflow.
    const t = x / 2 - origin / 2
    sums[codes[i]].add(t * weight)
    whole.add(t * weight)
    counts[codes[i]] += weight
    total += weight
  })
  const all = whole.value()
  const mean = all / total
  // The spread is measured in parts of the largest difference, so that squares neither overflow nor vanish.
  let reach = 0
  for (const [i, x] of numbers.entries())
    if (!Number.isNaN(x) && weights?.[i] !== 0) reach = Math.max(reach, Math.abs(x / 2 - origin / 2 - mean))
  const squares = new ExactSum()
  for (const [i, x] of numbers.entries()) {
    const weight = weights === null ? 1 : weights[i]
    if (!Number.isNaN(x) && weight > 0 && reach > 0) {
      squares.add(weight * ((x / 2 - origin / 2 - mean) / reach) ** 2)
    }
  }
  const spread = Math.sqrt(squares.value() / total) * reach
  return sums.map((sum, c) => {
    const own = sum.value() / counts[c]
    const others = (all - sum.value()) / (total - counts[c])
    return {
      centre: origin + 2 * own,
      rest: origin + 2 * others,
      effect: effectOf(own, others, spread),
    }
  })
}

function effectOf(centre: number, rest: number, spread: number): number {
  const difference = centre - rest
  return spread === 0 || Number.isNaN(difference) ? 0 : difference / spread
}
