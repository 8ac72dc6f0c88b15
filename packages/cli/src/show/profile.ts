import type { Encoder, Matrix } from 'nigh'
import { bar, grid } from './grid.ts'
import type { GridColumn, Paint } from './grid.ts'
import { aligned, percent, whole } from './numbers.ts'
import { widthOf } from './text.ts'

/** A column's part in setting a cluster apart from the other rows. */
export interface Trait {
  /** Which feature: a column of the encoded matrix. */
  readonly feature: number
  /** The cluster's mean less the other rows' mean, in standard deviations of all rows. */
  readonly difference: number
}

/** How a feature is shown: a share where it is a category or true and false. */
export type FeatureType = 'number' | 'date' | 'share'

/** What tells clusters apart, in the data's own units. */
export interface Profile {
  readonly features: readonly string[]
  /** Rows (or weight) of each cluster. */
  readonly counts: readonly number[]
  /** k rows of centres, a number for each feature. */
  readonly centres: readonly (readonly number[])[]
  /** The same of all rows outside the cluster. */
  readonly others: readonly (readonly number[])[]
  readonly types: readonly FeatureType[]
  /** For each cluster, its traits, the largest difference first. */
  readonly traits: readonly (readonly Trait[])[]
}

/**
 * The mean of the rows outside each cluster; of a single cluster its own. Added up from both ends: the whole less the
 * cluster would leave rounding where there is nothing, such as 0.0000000001 % of a category.
 */
function othersOf(centroids: Matrix, counts: ArrayLike<number>): Float64Array {
  const { rows: k, columns: d, values } = centroids
  const others = new Float64Array(k * d)
  const add = (order: readonly number[]): void => {
    const sums = new Float64Array(d)
    for (const c of order) {
      for (let j = 0; j < d; j++) {
        others[c * d + j] += sums[j]
        sums[j] += values[c * d + j] * counts[c]
      }
    }
  }
  const order = Array.from({ length: k }, (_, c) => c)
  add(order)
  add(order.toReversed())
  const total = order.reduce((sum, c) => sum + counts[c], 0)
  for (const c of order) {
    const rest = total - counts[c]
    for (let j = 0; j < d; j++) others[c * d + j] = rest > 0 ? others[c * d + j] / rest : values[c * d + j]
  }
  return others
}

/**
 * Describes clusters by their centres against the rest.
 *
 * Cost: one pass over the rows for the standard deviations.
 *
 * @param blocks the rows, a matrix or more
 * @param weights one a row, or undefined where each counts once
 */
export function profileOf(
  blocks: Iterable<Matrix>,
  weights: Float64Array | undefined,
  centroids: Matrix,
  counts: Float64Array,
  encoder: Encoder,
): Profile {
  const d = centroids.columns
  const k = centroids.rows
  const total = counts.reduce((sum, count) => sum + count, 0)
  const means = new Float64Array(d)
  for (let c = 0; c < k; c++) {
    for (let j = 0; j < d; j++) means[j] += (centroids.values[c * d + j] * counts[c]) / total
  }
  const deviations = deviationsOf(blocks, weights, means, total)
  const others = othersOf(centroids, counts)
  const traits: Trait[][] = []
  for (let c = 0; c < k; c++) {
    const found: Trait[] = []
    for (let j = 0; j < d; j++) {
      const centre = centroids.values[c * d + j]
      const other = others[c * d + j]
      const difference = deviations[j] > 0 ? (centre - other) / deviations[j] : 0
      found.push({ feature: j, difference })
    }
    traits.push(found.sort((a, b) => Math.abs(b.difference) - Math.abs(a.difference)))
  }
  const centres = encoder.decode(centroids)
  return {
    features: encoder.features,
    counts: [...counts],
    centres: rowsOf(centres.columns, k),
    others: rowsOf(encoder.decode(matrixLike(others, d)).columns, k),
    types: featureTypes(encoder),
    traits,
  }
}

/** How each feature is shown. */
export function featureTypes(encoder: Encoder): FeatureType[] {
  return encoder.uses.flatMap(({ type, features }) =>
    features.map((): FeatureType => (type === 'text' || type === 'boolean' ? 'share' : type)),
  )
}

function matrixLike(values: Float64Array, columns: number): Float64Array[] {
  return Array.from({ length: values.length / columns }, (_, i) =>
    values.subarray(i * columns, (i + 1) * columns),
  )
}

function rowsOf(columns: readonly { readonly values: ArrayLike<number> }[], rows: number): number[][] {
  return Array.from({ length: rows }, (_, i) => columns.map(({ values }) => values[i]))
}

function deviationsOf(
  blocks: Iterable<Matrix>,
  weights: Float64Array | undefined,
  means: Float64Array,
  total: number,
): Float64Array {
  const d = means.length
  const sums = new Float64Array(d)
  let before = 0
  for (const { values, rows } of blocks) {
    for (let i = 0, at = 0; i < rows; i++) {
      const weight = weights === undefined ? 1 : weights[before + i]
      for (let j = 0; j < d; j++, at++) {
        const from = values[at] - means[j]
        sums[j] += weight * from * from
      }
    }
    before += rows
  }
  return sums.map((sum) => Math.sqrt(sum / total))
}

/** The clusters as lines: size, share, what sets each apart; then the centres. */
export function profileLines(profile: Profile, width: number, paint: Paint): string[] {
  const { counts } = profile
  const total = counts.reduce((sum, count) => sum + count, 0)
  const columns: GridColumn[] = [
    { title: 'cluster', align: 'right' },
    { title: 'rows', align: 'right' },
    { title: 'share', align: 'right' },
    { title: '', align: 'left' },
    { title: 'what sets it apart from the other rows', align: 'left' },
  ]
  const most = Math.max(...counts)
  const barWidth = width < 100 ? 6 : 12
  const left = width - (2 + 7 + 2 + Math.max(4, whole(most).length) + 2 + 6 + 2 + barWidth + 2)
  const rows = counts.map((count, c) => [
    String(c),
    whole(count),
    percent(count / total),
    bar(count / most, barWidth),
    traitText(profile, c, left),
  ])
  return [
    paint.bold('Clusters'),
    ...grid(columns, rows, width, paint),
    '',
    ...centreLines(profile, width, paint),
  ]
}

/**
 * "petal_length 1.46 (others 4.91, −2.8 sd)": up to three traits of at least half a standard deviation, as many as fit
 * the width.
 */
export function traitText(
  { features, centres, others, types, traits }: Profile,
  c: number,
  width: number,
): string {
  const strong = traits[c].filter(({ difference }) => Math.abs(difference) >= 0.5).slice(0, 3)
  const named =
    strong.length > 0 ? strong : traits[c].slice(0, 1).filter(({ difference }) => difference !== 0)
  if (named.length === 0) return 'nothing'
  let text = ''
  for (const { feature, difference } of named) {
    const [centre, other] = featureTexts([centres[c][feature], others[c][feature]], types[feature])
    const size = `${difference < 0 ? '−' : '+'}${Math.abs(difference).toFixed(1)} sd`
    const trait = `${features[feature]} ${centre} (others ${other}, ${size})`
    if (text !== '' && widthOf(text) + 2 + widthOf(trait) > width) break
    text += text === '' ? trait : `; ${trait}`
  }
  return text
}

/** Numbers of one feature for reading: a share as a percentage, a date as such. */
export function featureTexts(values: readonly number[], type: FeatureType): string[] {
  return type === 'share' ? values.map(percent) : aligned(values, type)
}

/** Features down, clusters across, in as many blocks as the width asks for. */
function centreLines({ features, centres, types, traits }: Profile, width: number, paint: Paint): string[] {
  const most = 24
  const shown = mostTelling(traits, features.length, most)
  const texts = shown.map((j) =>
    featureTexts(
      centres.map((centre) => centre[j]),
      types[j],
    ),
  )
  const nameWidth = Math.min(28, Math.max(...shown.map((j) => features[j].length)))
  const cell = Math.max(7, ...texts.flat().map((text) => text.length)) + 2
  const across = Math.max(1, Math.floor((width - nameWidth - 2) / cell))
  const lines: string[] = []
  for (let from = 0; from < centres.length; from += across) {
    const to = Math.min(centres.length, from + across)
    const columns: GridColumn[] = [{ title: from === 0 ? 'column' : '', align: 'left' }]
    for (let c = from; c < to; c++) columns.push({ title: String(c), align: 'right' })
    const rows = shown.map((j, at) => [features[j], ...texts[at].slice(from, to)])
    lines.push(...grid(columns, rows, width, paint))
    if (to < centres.length) lines.push('')
  }
  const hidden = features.length - shown.length
  return [
    paint.bold(
      hidden > 0
        ? `Centres (the ${shown.length} most telling of ${features.length}; --json gives all)`
        : 'Centres',
    ),
    ...lines,
  ]
}

/** Centroids alone, in the data's own units. */
export function profileCentres(encoder: Encoder, centroids: Matrix, width: number, paint: Paint): string[] {
  const { columns } = encoder.decode(centroids)
  const centres = rowsOf(columns, centroids.rows)
  const types = featureTypes(encoder)
  const traits = [columns.map((_, feature) => ({ feature, difference: columns.length - feature }))]
  return centreLines(
    { features: encoder.features, counts: [], centres, others: centres, types, traits },
    width,
    paint,
  )
}

/** The features whose largest difference is largest, in their own order. */
export function mostTelling(traits: readonly (readonly Trait[])[], d: number, most: number): number[] {
  const largest = new Float64Array(d)
  for (const { feature, difference } of traits.flat()) {
    largest[feature] = Math.max(largest[feature], Math.abs(difference))
  }
  return Array.from({ length: d }, (_, j) => j)
    .sort((a, b) => largest[b] - largest[a] || a - b)
    .slice(0, most)
    .sort((a, b) => a - b)
}
