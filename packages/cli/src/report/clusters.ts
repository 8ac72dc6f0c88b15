import type { ChosenK, Encoder, Matrix, Table } from 'nigh'
import type { PlainSpace } from '../commands/plain-space.ts'
import { WEIGHT } from '../commands/shared.ts'
import type { Input } from '../read/read.ts'
import { brief, percent, plural, whole } from '../show/numbers.ts'
import { mostTelling, traitText } from '../show/profile.ts'
import { columnOf, rowsAt } from '../show/plane.ts'
import type { Profile } from '../show/profile.ts'
import { criterionFigure, elbowFigure } from './charts/choice.ts'
import { heatFigure, multiplesFigure } from './charts/clusters.ts'
import { placesFigure, placeText } from './charts/places.ts'
import { logAxis, MOST_NAMES, principalCloud, scatterFigure } from './charts/scatter.ts'
import { silhouetteFigure } from './charts/silhouette.ts'
import { lineFigure, sizesFigure } from './charts/sizes.ts'
import { openPen, startNumbers } from './draw.ts'
import type { Pen } from './draw.ts'
import { titled } from './figure.ts'
import type { DataTable, Figure, Report, Section } from './figure.ts'
import { commandLine, dataSection, rowsTable, usedFirst, versionLine } from './made.ts'
import type { Invocation } from './made.ts'
import { sampled } from './sample.ts'

/** What a clustering leaves to be shown. */
export interface Clustering {
  /** The file; its table has the rows that columns are summarised from. */
  readonly input: Input
  /** The rows shown: all that were clustered, or some of them. */
  readonly table: Table
  /** Which rows of the file those are, from 0; null where they are all, in order. */
  readonly fileRows: Uint32Array | null
  /** Those rows as numbers, their clusters, and how far each is from its centre. */
  readonly matrix: Matrix
  readonly labels: Uint32Array
  readonly distances: Float64Array
  /** Those rows where their distances are plain ones. Default: `matrix`. */
  readonly space?: PlainSpace
  readonly encoder: Encoder
  /** How many rows were clustered. */
  readonly rows: number
  /** What the method is called. */
  readonly method: string
  readonly found: {
    readonly k: number
    readonly inertia: number
    /** Absent where the method does not go step by step. */
    readonly iterations?: number
    readonly converged?: boolean
  }
  /** What only this method has to show. */
  readonly own?: OwnCharts
  readonly profile: Profile
  readonly chosen: ChosenK | undefined
  readonly notes: readonly string[]
  readonly extra: ReadonlyMap<string, string>
  /** How the columns are used, where the encoder does not tell. */
  readonly usage?: string
}

/** What only one method has to show. */
export interface OwnCharts {
  /** Whether the two columns are latitude and longitude. */
  readonly places?: boolean
  /** Where clusters of single numbers end. */
  readonly breaks?: Float64Array
  /** The sizes that were asked for. */
  readonly limits?: { readonly least: number | undefined; readonly most: number | undefined }
  /** What leads the clusters, in the data's own words. */
  readonly leaders?: DataTable & { readonly title: string }
}

/** "Drawn from 20,000 rows, spread evenly over all 5,000,000." where not all are shown. */
function shownOf({ rows, matrix }: Clustering): string {
  return matrix.rows === rows
    ? ''
    : ` Drawn from ${whole(matrix.rows)} rows, spread evenly over all ${whole(rows)}.`
}

/** The charts of a clustering, in the order of the page. */
async function clusterFigures(
  clustering: Clustering,
  signal: AbortSignal,
): Promise<{ readonly figures: readonly Figure[]; readonly silhouette: number | null }> {
  const { matrix, labels, encoder, profile, chosen, found, own = {}, rows: clustered } = clustering
  const space = clustering.space ?? { matrix, metric: 'euclidean', says: '' }
  const pen = await openPen()
  startNumbers()
  const figures: Figure[] = []
  const names = Array.from({ length: found.k }, (_, c) => `cluster ${c}`)
  const marked = `Numbers mark ${found.k > MOST_NAMES ? `the ${MOST_NAMES} largest clusters` : 'the clusters'}.`
  const drawnFrom = shownOf(clustering)
  if (own.places === true) {
    figures.push(
      placesFigure(pen, matrix, labels, names, profile.centres, profile.features, `${marked}${drawnFrom}`),
    )
  } else if (own.breaks !== undefined) {
    figures.push(lineFigure(pen, columnOf(matrix, 0), labels, own.breaks, profile.features[0], drawnFrom))
  } else {
    const main = principalCloud(space.matrix, labels, names)
    if (main !== null) {
      figures.push(
        scatterFigure(pen, main.cloud, {
          name: 'scatter',
          title: 'Clusters in principal components',
          says: `The rows, seen from where they spread most: this plane holds ${percent(main.share)} of their variance. ${marked}${drawnFrom}`,
          centred: true,
        }),
      )
    }
    signal.throwIfAborted()
    const pair = tellingPair(profile)
    if (pair !== null) figures.push(pairFigure(pen, clustering, pair, names))
  }
  signal.throwIfAborted()
  if (own.places !== true && own.breaks === undefined) figures.push(heatFigure(pen, profile))
  const rows = sampled(matrix.rows, 20_000)
  const part = rows.length === matrix.rows ? matrix : rowsAt(matrix, rows)
  const columns = encoder.decode(part).columns.map(({ values }) => Float64Array.from(values))
  const multiples =
    own.places === true
      ? null
      : multiplesFigure(pen, profile, {
          values: columns,
          labels: Uint32Array.from(rows, (row) => labels[row]),
          whole: rows.length === clustered,
        })
  if (multiples !== null && found.k <= 40) figures.push(multiples)
  if (own.limits !== undefined) figures.push(sizesFigure(pen, profile.counts, own.limits))
  signal.throwIfAborted()
  const silhouettes = await silhouetteFigure(pen, space, labels, found.k, clustered, signal)
  if (silhouettes !== null) figures.push(silhouettes.figure)
  if (chosen !== undefined) figures.push(...choiceFigures(pen, chosen))
  return { figures, silhouette: silhouettes?.mean ?? null }
}

/** The rows in two of their columns, in their own units. */
function pairFigure(
  pen: Pen,
  clustering: Clustering,
  [a, b]: readonly [number, number],
  names: readonly string[],
): Figure {
  const { matrix, labels, encoder, profile } = clustering
  const rows = sampled(matrix.rows, 100_000)
  const part = rows.length === matrix.rows ? matrix : rowsAt(matrix, rows)
  const plain = encoder.decode(part)
  const logs = new Set(encoder.settings.log ?? [])
  const value = (j: number): Float64Array => {
    const values = Float64Array.from(plain.columns[j].values)
    return logs.has(profile.features[j]) ? values.map(Math.log1p) : values
  }
  const [x, y] = [value(a), value(b)]
  const inLogs = [a, b].map((j) => profile.features[j]).filter((name) => logs.has(name))
  const drawnSo = inLogs.length === 0 ? '' : ` By the logarithm, as when clustered: ${inLogs.join(' and ')}.`
  return scatterFigure(
    pen,
    {
      x,
      y,
      ...(logs.has(profile.features[a]) ? { xAxis: logAxis(x) } : {}),
      ...(logs.has(profile.features[b]) ? { yAxis: logAxis(y) } : {}),
      groups: Uint32Array.from(rows, (row) => labels[row]),
      names,
      xTitle: profile.features[a],
      yTitle: profile.features[b],
    },
    {
      name: 'columns-scatter',
      title: 'Clusters in two columns',
      says: `The rows in the two columns that tell the clusters apart most: ${profile.features[a]} and ${profile.features[b]}, in their own units.${drawnSo}${shownOf(clustering)}`,
      centred: true,
    },
  )
}

function choiceFigures(pen: Pen, chosen: ChosenK): Figure[] {
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
  const { input, encoder, found, profile, chosen, notes, extra, own = {} } = clustering
  const { figures, silhouette } = await clusterFigures(clustering, signal)
  const named = (...wanted: readonly string[]): readonly Figure[] =>
    figures.filter(({ name }) => wanted.includes(name))
  const total = profile.counts.reduce((sum, count) => sum + count, 0)
  // Only a column of weights is used for something else than distances.
  const weighted = [...extra.values()].includes(WEIGHT)
  const sections: Section[] = [
    {
      title: 'The clusters',
      tables: [
        {
          columns: titled(
            'cluster',
            weighted ? '#weight' : '#rows',
            '#share',
            own.places === true ? 'its middle' : 'what sets it apart from the other rows',
          ),
          rows: profile.counts.map((count, c) => [
            String(c),
            whole(count),
            percent(count / total),
            own.places === true ? placeText(profile.centres[c]) : traitText(profile, c, 400),
          ]),
          ...(own.places === true ? {} : { note: traitNote }),
        },
      ],
    },
    { title: 'How they lie', figures: named('scatter', 'columns-scatter') },
    {
      title: 'What they are like',
      figures: named('profile', 'columns', 'sizes'),
      ...(own.leaders === undefined ? {} : { tables: [own.leaders] }),
    },
    { title: 'How well they are apart', figures: named('silhouette') },
  ]
  if (chosen !== undefined) {
    sections.push({ title: 'How many clusters', text: chosen.reasons, figures: named('elbow', 'criterion') })
  }
  const examples = exampleRows(clustering)
  if (examples !== null) sections.push(examples)
  sections.push(dataSection(input, input.table, encoder, extra, clustering.usage))
  const largest = Math.max(...profile.counts)
  const smallest = Math.min(...profile.counts)
  const report: Report = {
    title: `Clusters of ${input.name === '-' ? 'standard input' : baseOf(input.name)}`,
    summary:
      `${clustering.method} put ${plural(clustering.rows, 'row')} into ${plural(found.k, 'cluster')} of ${whole(smallest)} to ${whole(largest)} ${weighted ? 'in weight' : 'rows'}, ` +
      `by ${plural(encoder.uses.filter(({ used }) => used).length, 'column')}` +
      (silhouette === null ? '.' : `; their mean silhouette is ${silhouette.toFixed(3)}.`),
    facts: [
      ['rows', whole(clustering.rows)],
      ['clusters', whole(found.k)],
      ['inertia', brief(found.inertia)],
      ...(found.iterations === undefined
        ? []
        : ([
            ['iterations', `${whole(found.iterations)}${found.converged === true ? '' : ' (not converged)'}`],
          ] as const)),
      ...(silhouette === null ? [] : ([['mean silhouette', silhouette.toFixed(3)]] as const)),
    ],
    notes,
    sections: sections.filter(({ figures: drawn, tables }) => (drawn ?? tables ?? []).length > 0),
    command: commandLine(invocation),
    versions: versionLine(invocation),
  }
  return { report, figures }
}

const traitNote = 'In brackets: the mean of the other rows, and the difference in standard deviations (sd).'

/** The last part of a path. */
export function baseOf(name: string): string {
  return name.split(/[/\\]/).at(-1) ?? name
}

/** The most typical and the farthest rows of each cluster. */
function exampleRows({
  table,
  fileRows,
  labels,
  distances,
  found,
  matrix,
  rows: clustered,
  encoder,
}: Clustering): Section | null {
  if (found.k > 40) return null
  const members: number[][] = Array.from({ length: found.k }, () => [])
  labels.forEach((label, i) => members[label].push(i))
  const number = (row: number): string => String(fileRows === null ? row : fileRows[row])
  const rows = members.flatMap((own, c) => {
    own.sort((a, b) => distances[a] - distances[b] || a - b)
    const typical = own.slice(0, 3)
    // Of few rows none is both.
    const far = own.slice(3).slice(-3).reverse()
    return [
      ...typical.map((row) => ({ row, before: [String(c), 'typical', number(row)] })),
      ...far.map((row) => ({ row, before: [String(c), 'far out', number(row)] })),
    ]
  })
  const among = matrix.rows === clustered ? '' : `, of the ${whole(matrix.rows)} rows drawn`
  return {
    title: 'Typical and far-out rows',
    text: [`For each cluster the three rows nearest to its centre, and the three farthest from it${among}.`],
    tables: [rowsTable(usedFirst(table, encoder), rows, ['cluster', 'which', '#row'])],
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
