import { InputError } from 'nigh'
import type { Input } from '../read/read.ts'
import { show } from '../show/text.ts'
import { unknownColumn } from './shared.ts'

/** Options that say which rows are known to be anomalies. */
export interface KnownFlags {
  readonly label?: string | undefined
  readonly anomalous?: string[] | undefined
}

/**
 * Which rows are known to be anomalies: where the column is true, or 1, or holds one of the values of `--anomalous`.
 *
 * @throws {InputError} E_TYPE where that cannot be told, E_DISTINCT where all rows or none are
 */
export function knownAnomalies(input: Input, { label = '', anomalous }: KnownFlags): boolean[] {
  const { table } = input
  if (!table.has(label)) throw unknownColumn(input.name, '--label', label, input.names)
  const column = table.column(label)
  const wanted = anomalous === undefined ? null : new Set(anomalous)
  let known: boolean[]
  switch (column.type) {
    case 'text': {
      if (wanted === null) {
        const some = column.categories.slice(0, 5).map(show).join(', ')
        throw new InputError(
          'E_TYPE',
          'label',
          `--label ${show(label)}: the column holds text (${some}); name the values that mean an anomaly with --anomalous`,
        )
      }
      for (const one of wanted) {
        if (!column.categories.includes(one))
          throw new InputError(
            'E_PARAM',
            'anomalous',
            `--anomalous ${show(one)}: ${show(label)} has no such value`,
          )
      }
      known = Array.from(column.values, (code) => code >= 0 && wanted.has(column.categories[code]))
      break
    }
    case 'boolean':
      known = Array.from(column.values, (value) =>
        wanted === null ? value === 1 : wanted.has(value === 1 ? 'true' : 'false'),
      )
      break
    case 'number': {
      if (wanted === null && column.values.some((value) => value !== 0 && value !== 1)) {
        throw new InputError(
          'E_TYPE',
          'label',
          `--label ${show(label)}: the column holds numbers other than 0 and 1; name the values that mean an anomaly with --anomalous`,
        )
      }
      known = Array.from(column.values, (value) =>
        wanted === null ? value === 1 : wanted.has(String(value)),
      )
      break
    }
    default:
      throw new InputError(
        'E_TYPE',
        'label',
        `--label ${show(label)}: the column holds dates; labels are text, true and false, or 0 and 1`,
      )
  }
  const count = known.filter(Boolean).length
  if (count === 0 || count === known.length) {
    throw new InputError(
      'E_DISTINCT',
      'label',
      `--label ${show(label)}: ${count === 0 ? 'no row is' : 'all rows are'} labelled as an anomaly, so nothing can be checked`,
    )
  }
  return known
}
