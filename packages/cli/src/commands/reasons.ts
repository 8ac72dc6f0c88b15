import { Matrix } from 'nigh'
import type { Encoder } from 'nigh'
import { brief, percent } from '../show/numbers.ts'
import { featureTexts, featureTypes } from '../show/profile.ts'

/** A column that makes less of the distance than this is no reason. */
const LEAST = 0.1

/**
 * Why rows are strange: for each up to three columns that make most of its squared distance to what would be usual
 * there, in the data's own units.
 *
 * @param own n rows, encoded
 * @param usual as many: what each row is compared with
 * @param name what that is called
 */
export function explainStrange(encoder: Encoder, own: Matrix, usual: Matrix, name: string): string[][] {
  const types = featureTypes(encoder)
  const here = encoder.decode(own).columns
  const there = encoder.decode(usual).columns
  const d = own.columns
  return Array.from({ length: own.rows }, (_, i) => {
    const parts = Array.from({ length: d }, (_, j) => ({
      j,
      square: (own.values[i * d + j] - usual.values[i * d + j]) ** 2,
    })).sort((a, b) => b.square - a.square || a.j - b.j)
    const total = parts.reduce((sum, { square }) => sum + square, 0)
    if (total === 0) return ['like its neighbours']
    return parts
      .slice(0, 3)
      .filter(({ square }, at) => at === 0 || square / total >= LEAST)
      .map(({ j, square }) => {
        const pair = [here[j].values[i], there[j].values[i]]
        const [value, other] = types[j] === 'number' ? pair.map(brief) : featureTexts(pair, types[j])
        return `${encoder.features[j]} ${value} (${name} ${other}; ${percent(square / total)})`
      })
  })
}

/** The mean of some rows of a matrix, for each list of rows. */
export function meansOf(matrix: Matrix, lists: readonly (readonly number[])[]): Matrix {
  const { columns: d, values } = matrix
  const means = new Float64Array(lists.length * d)
  for (const [at, list] of lists.entries()) {
    for (const row of list) {
      for (let j = 0; j < d; j++) means[at * d + j] += values[row * d + j] / list.length
    }
  }
  return Matrix.of(means, d)
}

/** For each row the nearest centroid that has a spread: as the scores measure it. */
export function homesNear(rows: Matrix, centroids: Matrix, spreads: Float64Array): Matrix {
  const { columns: d } = rows
  const homes = new Float64Array(rows.rows * d)
  for (let i = 0; i < rows.rows; i++) {
    let best = Number.POSITIVE_INFINITY
    for (let c = 0; c < centroids.rows; c++) {
      if (Number.isNaN(spreads[c])) continue
      let sq = 0
      for (let j = 0; j < d; j++) {
        const t = rows.values[i * d + j] - centroids.values[c * d + j]
        sq += t * t
      }
      if (sq < best) {
        best = sq
        homes.set(centroids.row(c), i * d)
      }
    }
  }
  return Matrix.of(homes, d)
}
