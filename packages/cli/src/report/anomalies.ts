import type { Encoder, Matrix } from 'nigh'
import type { Quality, Ranked } from '../commands/anomalies.ts'
import type { Input } from '../read/read.ts'
import { brief, percent, plural, whole } from '../show/numbers.ts'
import { rankingFigure, scoresFigure } from './charts/answers.ts'
import { principalCloud, scatterFigure } from './charts/scatter.ts'
import { baseOf } from './clusters.ts'
import { openPen, startNumbers } from './draw.ts'
import type { Figure, Report, Section } from './figure.ts'
import { commandLine, dataSection, rowsTable, versionLine } from './made.ts'
import type { Invocation } from './made.ts'

/** What a search for anomalies leaves to be shown. */
export interface Strange {
  readonly input: Input
  readonly matrix: Matrix
  readonly encoder: Encoder
  readonly scores: Float64Array
  readonly threshold: number
  readonly flagged: number
  readonly outliers: Uint8Array
  readonly ranked: readonly Ranked[]
  /** How they were sought, in words. */
  readonly method: string
  readonly scoreName: string
  /** Which rows are known to be anomalies. */
  readonly labels: readonly boolean[] | undefined
  readonly quality: Quality | undefined
  readonly extra: ReadonlyMap<string, string>
  readonly notes: readonly string[]
}

/** The page of a search for anomalies. */
export async function anomalyReport(
  strange: Strange,
  invocation: Invocation,
): Promise<{ readonly report: Report; readonly figures: readonly Figure[] }> {
  const { input, matrix, encoder, scores, threshold, flagged, outliers, ranked } = strange
  const { method, scoreName, labels, quality, extra, notes } = strange
  const pen = await openPen()
  startNumbers()
  const sections: Section[] = [
    { title: 'The scores', figures: [scoresFigure(pen, scores, threshold, flagged, scoreName)] },
  ]
  // The look of a group goes by its place: blue and orange for the two that matter, in every chart.
  const groups = Uint32Array.from(outliers, (flag, i) =>
    labels === undefined ? flag : labels[i] ? (flag === 1 ? 1 : 3) : flag === 1 ? 4 : 0,
  )
  const names =
    labels === undefined
      ? ['usual', 'flagged']
      : ['usual', 'anomalous and flagged', '', 'anomalous, missed', 'usual, but flagged']
  const main = principalCloud(matrix, groups, names)
  if (main !== null) {
    sections.push({
      title: 'Where they lie',
      figures: [
        scatterFigure(pen, main.cloud, {
          name: 'scatter',
          title: 'Rows in principal components',
          says: `The rows, seen from where they spread most: this plane holds ${percent(main.share)} of their variance. What is strange in other directions lies among the others here.`,
          centred: false,
          onTop: new Set([1, 3, 4]),
        }),
      ],
    })
  }
  if (labels !== undefined && quality !== undefined) {
    sections.push({
      title: 'Against what is known',
      text: [
        `${plural(quality.known, 'row')} (${percent(quality.known / matrix.rows)}) ${quality.known === 1 ? 'is' : 'are'} known to be anomalous. Of the rows flagged, ${percent(quality.precision)} are; of the known, ${percent(quality.recall)} are flagged. ROC AUC: ${quality.rocAuc.toFixed(3)}.`,
      ],
      figures: [rankingFigure(pen, labels, scores, quality.averagePrecision)],
    })
  }
  const knownTitle = labels === undefined ? [] : ['known']
  sections.push({
    title: 'The strangest rows',
    text: [
      'The highest scores first. Why: the columns that make most of the distance, the row’s value, what is usual there, and the column’s part of the squared distance.',
    ],
    tables: [
      rowsTable(
        input.table,
        ranked.map(({ row, score, anomaly, known, reasons }, at) => ({
          row,
          before: [
            String(at + 1),
            String(row),
            brief(score),
            anomaly ? 'yes' : 'no',
            ...(labels === undefined ? [] : [known === true ? 'yes' : 'no']),
            reasons.join('; '),
          ],
        })),
        ['#rank', '#row', '#score', 'flagged', ...knownTitle, 'why'],
        input.table.columns.length <= 12 ? 6 : 0,
      ),
    ],
  })
  sections.push(dataSection(input, input.table, encoder, extra))
  const report: Report = {
    title: `Anomalies in ${input.name === '-' ? 'standard input' : baseOf(input.name)}`,
    summary:
      `${plural(flagged, 'row')} of ${whole(matrix.rows)} (${percent(flagged / matrix.rows)}) ${flagged === 1 ? 'stands' : 'stand'} out, by the ${method}` +
      (quality === undefined
        ? '.'
        : `; the ranking finds the known ones with an average precision of ${quality.averagePrecision.toFixed(3)}.`),
    facts: [
      ['rows', whole(matrix.rows)],
      ['flagged', whole(flagged)],
      ['threshold', brief(threshold)],
      ...(quality === undefined
        ? []
        : ([
            ['average precision', quality.averagePrecision.toFixed(3)],
            ['ROC AUC', quality.rocAuc.toFixed(3)],
          ] as const)),
    ],
    notes,
    sections,
    command: commandLine(invocation),
    versions: versionLine(invocation),
  }
  return { report, figures: sections.flatMap((section) => section.figures ?? []) }
}
