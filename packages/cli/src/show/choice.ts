import type { ChosenK } from 'nigh'
import { grid } from './grid.ts'
import type { GridColumn, Paint } from './grid.ts'
import { aligned, plural } from './numbers.ts'

/** The recommendation, its reasons, and every criterion at every k. */
export function choiceLines(chosen: ChosenK, width: number, paint: Paint): string[] {
  const { k, verdict, table } = chosen
  const column = (
    title: string,
    values: readonly (number | null)[],
  ): { column: GridColumn; cells: string[] } => ({
    column: { title, align: 'right' },
    cells: aligned(
      values.map((value) => value ?? Number.NaN),
      'number',
    ).map((text) => (text === '' ? '·' : text)),
  })
  const wide = width >= 90
  const columns = [
    column(
      'inertia',
      table.map((row) => row.inertia),
    ),
    column(
      'silhouette',
      table.map((row) => row.silhouette),
    ),
    column(
      wide ? 'Calinski–Harabasz' : 'CH',
      table.map((row) => row.calinskiHarabasz),
    ),
    column(
      wide ? 'Davies–Bouldin' : 'DB',
      table.map((row) => row.daviesBouldin),
    ),
    column(
      'gap',
      table.map((row) => row.gap),
    ),
    column(
      wide ? 'prediction strength' : 'strength',
      table.map((row) => row.predictionStrength),
    ),
    column(
      'stability',
      table.map((row) => row.stability),
    ),
  ]
  const rows = table.map((row, at) => [
    `${row.k}${row.k === k ? ' ◀' : '  '}`,
    ...columns.map(({ cells }) => cells[at]),
  ])
  return [
    ...recommendation(chosen, width, paint),
    '',
    `${paint.bold('Criteria')} ${paint.dim(`(on ${plural(chosen.rows, 'row')}; high is good, but for inertia and Davies–Bouldin; verdict: ${verdict})`)}`,
    ...grid([{ title: 'k', align: 'right' }, ...columns.map((one) => one.column)], rows, width, paint),
  ]
}

/** "How many clusters?  3 (clear)" and why. */
export function recommendation({ k, verdict, reasons }: ChosenK, width: number, paint: Paint): string[] {
  const answer = verdict === 'no clear clusters' ? `no clear clusters; k = ${k}` : `k = ${k} (${verdict})`
  return [
    `${paint.bold('How many clusters?')}  ${answer}`,
    ...reasons.flatMap((reason) => wrapped(reason, width)),
  ]
}

function wrapped(text: string, width: number): string[] {
  const lines: string[] = []
  let line = '  –'
  for (const word of text.split(' ')) {
    if (line.length + 1 + word.length > width) {
      lines.push(line)
      line = '   '
    }
    line += ` ${word}`
  }
  return [...lines, line]
}
