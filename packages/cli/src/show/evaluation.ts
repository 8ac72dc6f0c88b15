import type { Confusion, Label, TargetScores } from 'nigh'
import { grid } from './grid.ts'
import type { GridColumn, Paint } from './grid.ts'
import { brief, percent, score, whole } from './numbers.ts'
import { show } from './text.ts'

/** How good a classifier was on rows that it had not seen. */
export interface ClassificationReport {
  readonly accuracy: number
  readonly macroF1: number
  readonly perClass: readonly {
    readonly label: Label
    readonly precision: number
    readonly recall: number
    readonly f1: number
    readonly support: number
  }[]
  readonly confusion: Confusion
  /** What answering every row with the most frequent class would reach. */
  readonly baseline: { readonly label: Label; readonly accuracy: number; readonly macroF1: number }
}

/** How good a regressor was on rows that it had not seen. */
export interface RegressionReport extends TargetScores {
  /** What answering every row with the mean would reach. */
  readonly baseline: TargetScores
}

/** The scores beside the baseline, and the confusion matrix. */
export function classificationLines(report: ClassificationReport, width: number, paint: Paint): string[] {
  const { accuracy, macroF1, baseline } = report
  const columns: GridColumn[] = [
    { title: '', align: 'left' },
    { title: 'this model', align: 'right' },
    { title: `always ${show(String(baseline.label))}`, align: 'right' },
  ]
  const scores = [
    ['accuracy', percent(accuracy), percent(baseline.accuracy)],
    ['macro F1', macroF1.toFixed(3), baseline.macroF1.toFixed(3)],
  ]
  const verdict =
    accuracy > baseline.accuracy
      ? []
      : ['', '  This is no better than always answering the most frequent class.']
  return [...grid(columns, scores, width, paint), ...verdict, '', ...confusionLines(report, width, paint)]
}

function confusionLines(
  { confusion, perClass }: ClassificationReport,
  width: number,
  paint: Paint,
): string[] {
  const { labels, matrix } = confusion
  const names = labels.map(String)
  const cell = Math.max(...names.map((name) => Math.min(12, name.length)), 5) + 2
  if (names.length <= 12 && names.length * cell + 40 <= width + 20) {
    const columns: GridColumn[] = [
      { title: 'true \\ predicted', align: 'left' },
      ...names.map(
        (name) => ({ title: name.length > 12 ? `${name.slice(0, 11)}…` : name, align: 'right' }) as const,
      ),
      { title: 'found', align: 'right' },
      { title: 'right', align: 'right' },
    ]
    const rows = names.map((name, c) => [
      name,
      ...matrix[c].map((count) => (count === 0 ? '·' : whole(count))),
      percent(perClass[c].recall),
      percent(perClass[c].precision),
    ])
    return [
      `${paint.bold('Confusion')} ${paint.dim('(found: of this class, so many were found; right: of those called so, so many were)')}`,
      ...grid(columns, rows, width, paint),
    ]
  }
  const mixed: { from: number; to: number; count: number }[] = []
  for (const [from, row] of matrix.entries()) {
    for (const [to, count] of row.entries()) if (from !== to && count > 0) mixed.push({ from, to, count })
  }
  mixed.sort((a, b) => b.count - a.count)
  if (mixed.length === 0) return [`${names.length} classes, no mistake`]
  return [
    paint.bold(`The most frequent mistakes among ${names.length} classes`),
    ...grid(
      [
        { title: 'true', align: 'left' },
        { title: 'predicted', align: 'left' },
        { title: 'rows', align: 'right' },
      ],
      mixed.slice(0, 10).map(({ from, to, count }) => [names[from], names[to], whole(count)]),
      width,
      paint,
    ),
  ]
}

/** The scores beside the baseline. */
export function regressionLines(
  { r2, rmse, mae, baseline }: RegressionReport,
  width: number,
  paint: Paint,
): string[] {
  const columns: GridColumn[] = [
    { title: '', align: 'left' },
    { title: 'this model', align: 'right' },
    { title: 'always the mean', align: 'right' },
    { title: '', align: 'left' },
  ]
  const scores = [
    ['R²', score(r2), score(baseline.r2), 'share of the variance explained'],
    ['RMSE', brief(rmse), brief(baseline.rmse), "typical error, in the target's unit"],
    ['MAE', brief(mae), brief(baseline.mae), 'mean absolute error'],
  ]
  const verdict = rmse < baseline.rmse ? [] : ['', '  This is no better than always answering the mean.']
  return [...grid(columns, scores, width, paint), ...verdict]
}
