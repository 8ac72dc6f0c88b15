import type { ChosenK, Encoder, KMeans, Matrix, Table } from 'nigh'
import { profileClusters } from 'nigh'
import type { Input } from '../read/read.ts'
import { brief, percent, plural, whole } from '../show/numbers.ts'
import { mostTelling, traitText } from '../show/profile.ts'
import { rowsAt } from '../show/plane.ts'
import type { Profile } from '../show/profile.ts'
import { criterionFigure, elbowFigure } from './charts/choice.ts'
import { heatFigure, multiplesFigure } from './charts/clusters.ts'
import { MOST_NAMES, principalCloud, scatterFigure } from './charts/scatter.ts'
import { silhouetteFigure } from './charts/silhouette.ts'
import { openPen, startNumbers } from './draw.ts'
import { titled } from './figure.ts'
import type { Figure, Report, Section } from './figure.ts'
import { commandLine, dataSection, rowsTable, versionLine } from './made.ts'
import type { Invocation } from './made.ts'
import { sampled } from './sample.ts'

/** What a clustering leaves to be shown. */
export interface Clustering {
  readonly input: Input
  /** The rows that were clustered. */
  readonly table: Table
  readonly matrix: Matrix
  readonly encoder: Encoder
  readonly model: KMeans
  readonly profile: Profile
  readonly chosen: ChosenK | undefined
  readonly notes: readonly string[]
  readonly extra: ReadonlyMap<string, string>
}

/** The charts of a clustering, in the order of the page. */
export async function clusterFigures(
  { matrix, encoder, model, profile, chosen }: Clustering,
  signal: AbortSignal,
): Promise<{ readonly figures: readonly Figure[]; readonly silhouette: number | null }> {
  const pen = await openPen()
  startNumbers()
  const figures: Figure[] = []
  const names = Array.from({ length: model.k }, (_, c) => `cluster ${c}`)
  const main = principalCloud(matrix, model.labels, names)
  if (main !== null) {
    figures.push(
      scatterFigure(pen, main.cloud, {
        name: 'scatter',
        title: 'Clusters in principal components',
        says: `The rows, seen from where they spread most: this plane holds ${percent(main.share)} of their variance. Numbers mark ${model.k > MOST_NAMES ? `the ${MOST_NAMES} largest clusters` : 'the clusters'}.`,
        centred: true,
      }),
    )
  }
  signal.throwIfAborted()
  const pair = tellingPair(profile)
  if (pair !== null) {
    const [a, b] = pair
    const rows = sampled(matrix.rows, 100_000)
    const part = rows.length === matrix.rows ? matrix : rowsAt(matrix, rows)
    const plain = encoder.decode(part)
    const value = (j: number): Float64Array => Float64Array.from(plain.columns[j].values)
    figures.push(
      scatterFigure(
        pen,
        {
          x: value(a),
          y: value(b),
          groups: Uint32Array.from(rows, (row) => model.labels[row]),
          names,
          xTitle: profile.features[a],
          yTitle: profile.features[b],
        },
        {
          name: 'columns-scatter',
          title: 'Clusters in two columns',
          says: `The rows in the two columns that tell the clusters apart most: ${profile.features[a]} and ${profile.features[b]}, in their own units.`,
          centred: true,
        },
      ),
    )
  }
  signal.throwIfAborted()
  figures.push(heatFigure(pen, profile))
  const rows = sampled(matrix.rows, 20_000)
  const part = rows.length === matrix.rows ? matrix : rowsAt(matrix, rows)
  const columns = encoder.decode(part).columns.map(({ values }) => Float64Array.from(values))
  const multiples = multiplesFigure(pen, profile, {
    values: columns,
    labels: Uint32Array.from(rows, (row) => model.labels[row]),
    whole: rows.length === matrix.rows,
  })
  if (multiples !== null && model.k <= 40) figures.push(multiples)
  signal.throwIfAborted()
  const silhouettes = await silhouetteFigure(pen, matrix, model.labels, model.k, signal)
  if (silhouettes !== null) figures.push(silhouettes.figure)
  if (chosen !== undefined) figures.push(...choiceFigures(pen, chosen))
  return { figures, silhouette: silhouettes?.mean ?? null }
}

function choiceFigures(pen: Awaited<ReturnType<typeof openPen>>, chosen: ChosenK): Figure[] {
  const criterion = criterionFigure(pen, chosen)
  return [elbowFigure(pen, chosen), ...(criterion === null ? [] : [criterion])]
}

/** The two number columns in which clusters differ most from the rest. */
function tellingPair({ features, types, traits }: Profile): readonly [number, number] | null {
  const ranked = mostTelling(
    traits.map((own) => own.filter(({ feature }) => types[feature] === 'number')),
    features.length,
    features.length,
  ).filter((j) => types[j] === 'number')
  if (ranked.length < 2) return null
  const size = (j: number): number =>
    traits
      .flat()
      .reduce(
        (most, { feature, difference }) => (feature === j ? Math.max(most, Math.abs(difference)) : most),
        0,
      )
  const [a, b] = ranked.sort((one, other) => size(other) - size(one) || one - other)
  return [Math.min(a, b), Math.max(a, b)]
}

/** The page of a clustering. */
export async function clusterReport(
  clustering: Clustering,
  invocation: Invocation,
  signal: AbortSignal,
): Promise<{ readonly report: Report; readonly figures: readonly Figure[] }> {
  const { input, table, matrix, encoder, model, profile, chosen, notes, extra } = clustering
  const { figures, silhouette } = await clusterFigures(clustering, signal)
  const named = (...wanted: readonly string[]): readonly Figure[] =>
    figures.filter(({ name }) => wanted.includes(name))
  const total = profile.counts.reduce((sum, count) => sum + count, 0)
  // Only a column of weights is used for something else than distances.
  const weighted = extra.size > 0
  const sections: Section[] = [
    {
      title: 'The clusters',
      tables: [
        {
          columns: titled(
            'cluster',
            weighted ? '#weight' : '#rows',
            '#share',
            'what sets it apart from the other rows',
          ),
          rows: profile.counts.map((count, c) => [
            String(c),
            whole(count),
            percent(count / total),
            traitText(profile, c, 400),
          ]),
          note: 'In brackets: the mean of the other rows, and the difference in standard deviations (sd).',
        },
      ],
    },
    { title: 'How they lie', figures: named('scatter', 'columns-scatter') },
    { title: 'What they are like', figures: named('profile', 'columns') },
    { title: 'How well they are apart', figures: named('silhouette') },
  ]
  if (chosen !== undefined) {
    sections.push({ title: 'How many clusters', text: chosen.reasons, figures: named('elbow', 'criterion') })
  }
  const examples = exampleRows(table, model, encoder)
  if (examples !== null) sections.push(examples)
  sections.push(dataSection(input, input.table, encoder, extra))
  const largest = Math.max(...profile.counts)
  const smallest = Math.min(...profile.counts)
  const report: Report = {
    title: `Clusters of ${input.name === '-' ? 'standard input' : baseOf(input.name)}`,
    summary:
      `K-Means put ${plural(matrix.rows, 'row')} into ${plural(model.k, 'cluster')} of ${whole(smallest)} to ${whole(largest)} ${weighted ? 'in weight' : 'rows'}, ` +
      `by ${plural(encoder.uses.filter(({ used }) => used).length, 'column')}` +
      (silhouette === null ? '.' : `; their mean silhouette is ${silhouette.toFixed(3)}.`),
    facts: [
      ['rows', whole(matrix.rows)],
      ['clusters', whole(model.k)],
      ['inertia', brief(model.inertia)],
      ['iterations', `${whole(model.iterations)}${model.converged ? '' : ' (not converged)'}`],
      ...(silhouette === null ? [] : ([['mean silhouette', silhouette.toFixed(3)]] as const)),
    ],
    notes,
    sections: sections.filter(({ figures: drawn, tables }) => (drawn ?? tables ?? []).length > 0),
    command: commandLine(invocation),
    versions: versionLine(invocation),
  }
  return { report, figures }
}

/** The last part of a path. */
export function baseOf(name: string): string {
  return name.split(/[/\\]/).at(-1) ?? name
}

/** The most typical and the farthest rows of each cluster. */
function exampleRows(table: Table, model: KMeans, encoder: Encoder): Section | null {
  if (model.k > 40) return null
  // A cluster of rows without weight has no rows to show.
  if (new Set(model.labels).size < model.k) return null
  const { clusters } = profileClusters(table, model.labels, {
    encoder,
    centroids: model.centroids,
    examples: 3,
  })
  const rows = clusters.flatMap(({ label, typical, farthest }) => [
    ...Array.from(typical, (row) => ({ row, before: [String(label), 'typical', String(row)] })),
    ...Array.from(farthest, (row) => ({ row, before: [String(label), 'far out', String(row)] })),
  ])
  return {
    title: 'Typical and far-out rows',
    text: ['For each cluster the three rows nearest to its centre, and the three farthest from it.'],
    tables: [rowsTable(table, rows, ['cluster', 'which', '#row'])],
  }
}

/** The page of a comparison of numbers of clusters. */
export async function choiceReport(
  {
    input,
    encoder,
    chosen,
    notes,
  }: Pick<Clustering, 'input' | 'encoder' | 'notes'> & { readonly chosen: ChosenK },
  invocation: Invocation,
): Promise<{ readonly report: Report; readonly figures: readonly Figure[] }> {
  const pen = await openPen()
  startNumbers()
  const figures = choiceFigures(pen, chosen)
  const { k, verdict } = chosen
  const report: Report = {
    title: `How many clusters: ${input.name === '-' ? 'standard input' : baseOf(input.name)}`,
    summary:
      verdict === 'no clear clusters'
        ? 'The criteria find no clear clusters in these data.'
        : `The criteria together recommend ${plural(k, 'cluster')}${verdict === 'weak' ? ', though not clearly' : ''}.`,
    facts: [
      ['recommended', whole(k)],
      ['verdict', verdict],
      ['rows', whole(input.rows)],
      ['rows looked at', whole(chosen.rows)],
      ['Hopkins statistic', chosen.hopkins.toFixed(3)],
    ],
    notes,
    sections: [
      { title: 'The criteria', text: chosen.reasons, figures },
      dataSection(input, input.table, encoder, new Map()),
    ],
    command: commandLine(invocation),
    versions: versionLine(invocation),
  }
  return { report, figures }
}
