import { InputError, show } from '../check.ts'
import type { Encoder, EncoderOptions } from '../data/encoder.ts'
import type { Matrix } from '../data/matrix.ts'
import { type Metric, everyExponent } from './metric.ts'

/** Which features one column of a table became. */
export interface Span {
  readonly name: string
  /** Of text: one feature a category. */
  readonly isText: boolean
  /** The first feature, and the one after the last of its values. */
  readonly from: number
  readonly to: number
  /** The feature that is 1 where the cell was empty; −1 where there is none. */
  readonly empty: number
}

/** The columns that an encoder uses, as features. */
export function spansOf(encoder: Encoder): Span[] {
  const marked = encoder.settings.missing === 'mark'
  const spans: Span[] = []
  let from = 0
  for (const { name, type, used, features } of encoder.uses) {
    if (!used) continue
    const end = from + features.length
    const to = marked ? end - 1 : end
    spans.push({ name, isText: type === 'text', from, to, empty: marked ? to : -1 })
    from = end
  }
  return spans
}

/**
 * The options of an encoder for Gower's distance: numbers by their range.
 *
 * @throws {InputError} E_PARAM for another scale, or an encoder that was fitted with another
 */
export function gowerEncoder(
  call: string,
  given: Encoder | EncoderOptions | undefined,
): Encoder | EncoderOptions {
  if (given === undefined) return { scale: 'minmax' }
  const scale = 'settings' in given ? given.settings.scale : (given.scale ?? 'minmax')
  if (scale !== 'minmax') {
    throw new InputError(
      'E_PARAM',
      'encoder',
      `${call}: metric 'gower' divides differences by the range of their column, which is scale 'minmax', got ${show(scale)}`,
    )
  }
  return 'settings' in given ? given : { ...given, scale }
}

/**
 * Gower's distance between rows of a table: the mean over its columns of |x − y| / range for numbers and dates, and of
 * 0 or 1 for text and booleans that are equal or not.
 *
 * With empty cells (`missing: 'mark'`), the mean is over the columns that both rows have; rows with none in common are
 * at distance 1. That breaks the triangle inequality, and boxes say nothing of rows with empty cells.
 *
 * A prepared row holds one number a column: a number as it is, a category as a code that is only ever compared, an
 * empty cell as NaN. Categories that the encoder does not know are code −1, equal to none.
 *
 * Rank: the distance, summed in the order of the columns and divided once.
 * Source: Gower 1971, with weights of 1.
 */
export function gowerOf(encoder: Encoder, matrix: Matrix): Metric {
  const spans = spansOf(encoder)
  const count = spans.length
  const isText = Uint8Array.from(spans, (span) => (span.isText ? 1 : 0))
  const holesAllowed = spans.some((span) => span.empty >= 0)
  const holed = holesAllowed && hasHoles(matrix, spans)
  // The sum of the gaps in the columns that the query has; the same operations in the same order as in `ranks`, so
  // that rounding cannot lift it above the rank of a row in the box.
  const boxRank: NonNullable<Metric['boxRank']> = (queries, at, lows, highs, box, width) => {
    let s = 0
    let present = 0
    for (let j = 0, b = box * width; j < width; j++, b++) {
      const x = queries[at + j]
      if (x !== x) continue
      present++
      const gap = x < lows[b] ? lows[b] - x : x > highs[b] ? x - highs[b] : 0
      s += isText[j] === 0 ? gap : gap > 0 ? 1 : 0
    }
    return present === 0 ? 1 : s / present
  }
  return {
    name: 'gower',
    width: () => count,
    prepare: (_place, values, columns, from, to, out) => {
      for (let i = from; i < to; i++) {
        for (let j = 0; j < count; j++) {
          out[i * count + j] = cellOf(spans[j], values, i * columns)
        }
      }
    },
    ranks: holesAllowed
      ? (queries, at, points, from, to, width, out) => {
          for (let i = from, p = from * width; i < to; i++, p += width) {
            let s = 0
            let present = 0
            for (let j = 0; j < width; j++) {
              const x = queries[at + j]
              const y = points[p + j]
              if (x !== x || y !== y) continue
              present++
              s += isText[j] === 0 ? Math.abs(x - y) : x === y ? 0 : 1
            }
            out[i - from] = present === 0 ? 1 : s / present
          }
        }
      : (queries, at, points, from, to, width, out) => {
          for (let i = from, p = from * width; i < to; i++, p += width) {
            let s = 0
            for (let j = 0; j < width; j++) {
              const x = queries[at + j]
              const y = points[p + j]
              s += isText[j] === 0 ? Math.abs(x - y) : x === y ? 0 : 1
            }
            out[i - from] = s / width
          }
        },
    boxRank: holed ? undefined : boxRank,
    part: (x, y, j) => {
      if (x !== x || y !== y) return 0
      return (isText[j] === 0 ? Math.abs(x - y) : x === y ? 0 : 1) / count
    },
    distance: (rank) => rank,
    rankLimit: (distance) => distance,
    length: holesAllowed ? undefined : (rank) => rank,
    lengthError: (width) => (width + 8) * 2 ** -52,
    degree: 0,
    exponents: [everyExponent[0], 1000],
    squared: false,
    effort: 4,
    wide: undefined,
  }
}

function cellOf(span: Span, values: ArrayLike<number>, start: number): number {
  if (span.empty >= 0 && values[start + span.empty] !== 0) return Number.NaN
  if (!span.isText) return values[start + span.from]
  const categories = span.to - span.from
  for (let c = 0; c < categories; c++) if (values[start + span.from + c] === 1) return c / categories
  return -1
}

function hasHoles({ values, columns, rows }: Matrix, spans: readonly Span[]): boolean {
  for (const { empty } of spans) {
    for (let i = 0; empty >= 0 && i < rows; i++) if (values[i * columns + empty] !== 0) return true
  }
  return false
}
