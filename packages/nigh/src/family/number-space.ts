import type { Encoder } from '../data/encoder.ts'
import { Matrix } from '../data/matrix.ts'
import { type PointsLike, queryPoints } from '../data/points.ts'
import type { DistinctRows } from './distinct-rows.ts'
import { checkSquares } from './fit-options.ts'
import type { Centering, Space } from './space.ts'

/** What a space of plain numbers does with them. */
export interface Rule {
  /** The class that it serves. */
  readonly name: string
  readonly cost: Space<PointsLike>['cost']
  readonly centering: (rows: DistinctRows) => Centering
  readonly distance: (cost: number) => number
}

/** Rows of numbers as they are, centres too. */
export function numberSpace(rule: Rule, columns: number, encoder: Encoder | undefined): Space<PointsLike> {
  return {
    ...rule,
    width: columns,
    read: (call, param, points) => numbersOf(call, param, queryPoints(call, param, points, columns, encoder)),
    show: (centers) => Matrix.trusted(centers.slice(), columns),
  }
}

/** A matrix's numbers in float64, which may be squared: a copy. */
export function numbersOf(call: string, param: string, { values }: Matrix): Float64Array {
  checkSquares(call, param, values)
  return new Float64Array(values)
}

/** Squared euclidean distance, by the definition: differences, squared and summed in column order. */
export function squares(columns: number): Space<PointsLike>['cost'] {
  return (rows, at, centers, from) => {
    let s = 0
    for (let j = 0; j < columns; j++) {
      const t = rows[at + j] - centers[from + j]
      s += t * t
    }
    return s
  }
}

/** Means are what squared distances are least to. About the first row, so that an offset costs no digits. */
export function means({ values, width, weights, count }: DistinctRows): Centering {
  return (labels, centers, counts) => {
    const sums = new Float64Array(centers.length)
    for (let i = 0; i < count; i++) {
      for (let j = 0, to = labels[i] * width; j < width; j++) {
        sums[to + j] += weights[i] * (values[i * width + j] - values[j])
      }
    }
    for (let at = 0; at < sums.length; at++) {
      const weight = counts[Math.floor(at / width)]
      if (weight > 0) centers[at] = values[at % width] + sums[at] / weight
    }
  }
}
