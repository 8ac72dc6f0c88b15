import type { Encoder, KPrototypes } from 'nigh'
import { titled } from '../report/figure.ts'
import type { DataTable } from '../report/figure.ts'
import type { Run } from '../run.ts'
import { grid } from '../show/grid.ts'
import { aligned, brief, percent, whole } from '../show/numbers.ts'
import { cellTexts, dateText } from '../write/cells.ts'

/** Prototypes in the data's own words, for programs. */
export function prototypeRows(model: KPrototypes): (number | string | boolean | null)[][] {
  const cells = prototypeCells(
    model,
    (value) => value,
    (values) => values.map((value) => dateText(value, false)),
  )
  return Array.from({ length: model.k }, (_, c) => cells.map((cell) => cell(c)))
}

/** Prototypes in the data's own words, for a page. */
export function prototypesTable(model: KPrototypes): DataTable {
  const cells = prototypeCells(model, brief, (values) => aligned(values, 'date'))
  return {
    columns: titled(
      'cluster',
      ...model.prototypes.columns.map(({ name, type }) => (type === 'number' ? `#${name}` : name)),
    ),
    rows: Array.from(model.counts, (_, c) => [String(c), ...cells.map((cell) => String(cell(c) ?? ''))]),
    note: `A differing category counts ${brief(model.gamma)} in the distance.`,
  }
}

/** How K-Prototypes uses each column, in words. */
export function mixedUses(
  encoder: Encoder,
  scale: string,
  categorical: readonly string[] | undefined,
): Map<string, string> {
  const uses = new Map<string, string>()
  for (const use of encoder.uses) {
    if (!use.used) continue
    const isNumber =
      (use.type === 'number' || use.type === 'date') && categorical?.includes(use.name) !== true
    const scaled = scale === 'none' ? 'number, as it is' : 'number, in standard deviations'
    uses.set(use.name, isNumber ? scaled : 'category')
  }
  return uses
}

/** The cells of prototypes, column by column: dates as texts, true and false as such. */
function prototypeCells<T>(
  model: KPrototypes,
  number: (value: number) => T,
  dates: (values: readonly number[]) => readonly string[],
): ((row: number) => T | string | boolean | null)[] {
  return model.prototypes.columns.map((column) => {
    const { type, values } = column
    if (type === 'date') {
      // A mean of instants need not be a whole millisecond.
      const texts = dates(Array.from(values, Math.round))
      return (row) => texts[row]
    }
    if (type === 'number') return (row) => number(values[row])
    if (type === 'boolean') return (row) => values[row] === 1
    return cellTexts(column)
  })
}

/** Sizes, and the prototypes in the data's own words. */
export function prototypeLines(model: KPrototypes, run: Run): string[] {
  const { columns } = model.prototypes
  const total = model.counts.reduce((sum, count) => sum + count, 0)
  const cells = prototypeCells(model, brief, (values) => aligned(values, 'date'))
  return [
    `${run.paint.bold('Clusters')} ${run.paint.dim(`(means and most frequent values; a differing value counts ${brief(model.gamma)})`)}`,
    ...grid(
      [
        { title: 'cluster', align: 'right' },
        { title: 'rows', align: 'right' },
        { title: 'share', align: 'right' },
        ...columns.map(
          ({ name, type }) => ({ title: name, align: type === 'number' ? 'right' : 'left' }) as const,
        ),
      ],
      Array.from(model.counts, (count, c) => [
        String(c),
        whole(count),
        percent(count / total),
        ...cells.map((cell) => String(cell(c) ?? '')),
      ]),
      run.width,
      run.paint,
    ),
  ]
}
