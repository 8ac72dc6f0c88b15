import type { ChosenNeighbors, Confusion, Encoder, Label, Matrix, Table } from 'nigh'
import type { Input } from '../read/read.ts'
import { brief, percent, plural, score, whole } from '../show/numbers.ts'
import { rowsAt } from '../show/plane.ts'
import { confusionFigure, errorsFigure, neighborsFigure, predictedFigure } from './charts/answers.ts'
import { principalCloud, scatterFigure } from './charts/scatter.ts'
import { baseOf } from './clusters.ts'
import { openPen, startNumbers } from './draw.ts'
import { titled } from './figure.ts'
import type { DataTable, Figure, Report, Section } from './figure.ts'
import { commandLine, dataSection, rowsTable, versionLine } from './made.ts'
import type { Invocation } from './made.ts'

/** A row that was answered wrongly (or, of numbers, far off), and who it was asked of. */
export interface WrongAnswer {
  /** The row in the data, from 0. */
  readonly row: number
  readonly truth: string
  readonly predicted: string
  /** How sure the answer was, or how far off. */
  readonly weight: string
  readonly neighbors: readonly { readonly row: number; readonly target: string; readonly distance: number }[]
  /** The columns that made those near; absent where the distance is not made of columns. */
  readonly near?: string
}

/** What a trial of a KNN model leaves to be shown. */
export interface Learning {
  readonly input: Input
  /** The rows that were learnt from, with a target. */
  readonly table: Table
  /** What those rows are in the file, from 0; null where none was left out. */
  readonly fileRows: Uint32Array | null
  readonly matrix: Matrix
  readonly encoder: Encoder
  readonly target: string
  readonly k: number
  /** "5 neighbours, uniform weights, …" */
  readonly method: string
  /** The rows tried, their true targets and the answers. */
  readonly rows: readonly number[]
  readonly curve: ChosenNeighbors | null
  /** Rows that the curve is from, where not all. */
  readonly curveRows: number
  readonly wrong: readonly WrongAnswer[]
  readonly wrongs: number
  readonly outcome: Outcome
  readonly notes: readonly string[]
}

/** How the trial came out. */
type Outcome =
  | {
      readonly task: 'classify'
      readonly truth: readonly Label[]
      readonly predicted: readonly Label[]
      readonly accuracy: number
      readonly macroF1: number
      readonly baseline: number
      readonly confusion: Confusion
      readonly perClass: readonly {
        readonly label: Label
        readonly precision: number
        readonly recall: number
        readonly f1: number
        readonly support: number
      }[]
    }
  | {
      readonly task: 'regress'
      readonly truth: readonly number[]
      readonly predicted: readonly number[]
      readonly r2: number
      readonly rmse: number
      readonly mae: number
      readonly baseline: number
    }

/** The page of a trial. */
export async function learningReport(
  learning: Learning,
  invocation: Invocation,
): Promise<{ readonly report: Report; readonly figures: readonly Figure[] }> {
  const { input, table, encoder, target, outcome, method, notes, wrong, wrongs } = learning
  const pen = await openPen()
  startNumbers()
  const sections: Section[] =
    outcome.task === 'classify'
      ? classSections(pen, learning, outcome)
      : numberSections(pen, learning, outcome)
  if (learning.curve !== null) {
    const on = learning.curveRows < table.rows ? `, on ${whole(learning.curveRows)} rows drawn from all` : ''
    sections.push({
      title: 'How many neighbours',
      figures: [neighborsFigure(pen, learning.curve, learning.k, on)],
    })
  }
  if (wrong.length > 0) {
    const reasons = wrong.some(({ near }) => near !== undefined)
      ? ' Near by: the columns in which these rows are more alike than two rows commonly are, each with its part of that; and where they are less alike, apart in.'
      : ''
    sections.push({
      title:
        outcome.task === 'classify'
          ? 'Mistakes and their neighbours'
          : 'The largest errors and their neighbours',
      text: [
        outcome.task === 'classify'
          ? `${wrong.length < wrongs ? `The ${wrong.length} surest of ${plural(wrongs, 'mistake')}` : `All ${plural(wrongs, 'mistake')}`}, with the rows that were asked, nearest first: each with its class and its distance.${reasons}`
          : `The ${wrong.length} rows whose prediction is farthest off, with the rows that were asked, nearest first: each with its ${target} and its distance.${reasons}`,
      ],
      tables: [mistakesTable(learning)],
    })
  }
  const what =
    outcome.task === 'classify'
      ? `target: ${plural(outcome.perClass.length, 'class', 'classes')}`
      : 'target: numbers'
  sections.push(dataSection(input, input.table, encoder, new Map([[target, what]])))
  const figures = sections.flatMap((section) => section.figures ?? [])
  const tried = plural(outcome.truth.length, 'row')
  const report: Report = {
    title: `Predicting ${target}: ${input.name === '-' ? 'standard input' : baseOf(input.name)}`,
    summary:
      outcome.task === 'classify'
        ? `${percent(outcome.accuracy)} of ${tried} that the model had not seen are answered right; always answering the most frequent class would reach ${percent(outcome.baseline)}.`
        : `The predictions of ${tried} that the model had not seen explain ${percent(Math.max(0, outcome.r2))} of the variance of ${target}; their typical error is ${brief(outcome.rmse)}, that of always answering the mean ${brief(outcome.baseline)}.`,
    facts:
      outcome.task === 'classify'
        ? [
            ['rows', whole(table.rows)],
            ['tried', whole(outcome.truth.length)],
            ['accuracy', percent(outcome.accuracy)],
            ['macro F1', outcome.macroF1.toFixed(3)],
            ['neighbours (k)', whole(learning.k)],
          ]
        : [
            ['rows', whole(table.rows)],
            ['tried', whole(outcome.truth.length)],
            ['R²', score(outcome.r2)],
            ['RMSE', brief(outcome.rmse)],
            ['MAE', brief(outcome.mae)],
            ['neighbours (k)', whole(learning.k)],
          ],
    notes,
    sections: sections.map((section, at) =>
      at === 0
        ? { ...section, text: [`Nearest neighbours with ${method}.`, ...(section.text ?? [])] }
        : section,
    ),
    command: commandLine(invocation),
    versions: versionLine(invocation),
  }
  return { report, figures }
}

type Pen = Awaited<ReturnType<typeof openPen>>

function classSections(
  pen: Pen,
  { matrix, rows }: Learning,
  { truth, predicted, confusion, perClass }: Extract<Outcome, { task: 'classify' }>,
): Section[] {
  const matrixFigure = confusionFigure(pen, confusion)
  const classes: DataTable = {
    columns: titled('class', '#rows', '#found', '#right', '#F1'),
    rows: perClass.map(({ label, support, recall, precision, f1 }) => [
      String(label),
      whole(support),
      percent(recall),
      percent(precision),
      f1.toFixed(3),
    ]),
    note: 'Found: of this class, so many were found (recall). Right: of those called so, so many were (precision).',
  }
  const sections: Section[] = [
    {
      title: 'How good the answers are',
      ...(matrixFigure === null ? {} : { figures: [matrixFigure] }),
      tables: [{ ...classes, title: 'Class by class' }],
    },
  ]
  const names = perClass.map(({ label }) => String(label))
  const order = new Map(perClass.map(({ label }, at) => [label, at]))
  const wrongGroup = names.length
  const few = names.length <= 20
  if (!few) return sections
  const groups = Uint32Array.from(truth, (label, i) =>
    label === predicted[i] ? (order.get(label) ?? 0) : wrongGroup,
  )
  const main = principalCloud(rowsAt(matrix, rows), groups, [...names, 'answered wrongly'])
  if (main !== null) {
    sections.push({
      title: 'Where the mistakes lie',
      figures: [
        scatterFigure(pen, main.cloud, {
          name: 'scatter',
          title: 'Rows in principal components',
          says: `The rows that were tried, those answered wrongly (${whole(groups.filter((group) => group === wrongGroup).length)}) as large crosses, seen from where they spread most: this plane holds ${percent(main.share)} of their variance. Classes that lie apart here are easy to tell; mistakes gather where they meet.`,
          centred: false,
          onTop: new Set([wrongGroup]),
          wrong: wrongGroup,
        }),
      ],
    })
  }
  return sections
}

function numberSections(
  pen: Pen,
  { target, matrix, rows }: Learning,
  { truth, predicted, r2 }: Extract<Outcome, { task: 'regress' }>,
): Section[] {
  const sections: Section[] = [
    {
      title: 'How good the answers are',
      figures: [
        predictedFigure(pen, truth, predicted, target, r2),
        errorsFigure(pen, truth, predicted, target),
      ],
    },
  ]
  const { bandOf, names } = bands(truth)
  const main =
    names.length < 2 ? null : principalCloud(rowsAt(matrix, rows), Uint32Array.from(truth, bandOf), names)
  if (main === null) return sections
  sections.push({
    title: 'Where the rows lie',
    figures: [
      scatterFigure(pen, main.cloud, {
        name: 'scatter',
        title: 'Rows in principal components',
        says: `The rows that were tried, seen from where they spread most: this plane holds ${percent(main.share)} of their variance. Colours are their ${target}, from the smallest fifth to the largest. Where colours lie apart, near rows have like numbers, and neighbours answer well; where they mix, they cannot.`,
        centred: false,
      }),
    ],
  })
  return sections
}

/** Numbers in up to five bands of about as many rows each: which band a number is in, and how each is called. */
function bands(values: ArrayLike<number>): {
  readonly bandOf: (value: number) => number
  readonly names: readonly string[]
} {
  const sorted = Float64Array.from(values).sort()
  const starts = [0, 0.2, 0.4, 0.6, 0.8].map((share) => sorted[Math.floor(share * sorted.length)])
  const edges = [...new Set(starts)]
  const names = edges.map((edge, band) => {
    const last = sorted.findLastIndex((value) => band + 1 === edges.length || value < edges[band + 1])
    return edge === sorted[last] ? brief(edge) : `${brief(edge)} to ${brief(sorted[last])}`
  })
  return { names, bandOf: (value) => edges.findLastIndex((edge) => value >= edge) }
}

function mistakesTable({ wrong, table, fileRows, target, outcome }: Learning): DataTable {
  const plain = table.columns.length <= 14
  const others = table.drop([target])
  const number = (row: number): number => (fileRows === null ? row : fileRows[row])
  const explained = wrong.some(({ near }) => near !== undefined)
  const rows = wrong.map(({ row, truth, predicted, weight, neighbors, near }) => ({
    row,
    before: [
      String(number(row)),
      truth,
      predicted,
      weight,
      neighbors.map((one) => `${one.target} (row ${number(one.row)}, ${brief(one.distance)})`).join('; '),
      ...(explained ? [near ?? ''] : []),
    ],
  }))
  const weight = outcome.task === 'classify' ? '#share of votes' : '#off by'
  const mark = outcome.task === 'classify' ? '' : '#'
  return rowsTable(
    others,
    rows,
    ['#row', `${mark}true`, `${mark}predicted`, weight, 'asked', ...(explained ? ['near by'] : [])],
    plain ? 6 : 0,
  )
}
