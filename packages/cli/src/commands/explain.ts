import { InputError } from 'nigh'
import type { Explanation, ExplainOptions, Matrix, NearColumn } from 'nigh'
import type { Run } from '../run.ts'
import { grid } from '../show/grid.ts'
import { brief, percent, plural } from '../show/numbers.ts'

/** One neighbour behind an answer. */
interface Behind {
  /** Its row, among those learnt from. */
  readonly row: number
  readonly distance: number
  /** Its class or number; absent where nothing is learnt. */
  readonly target?: string | number | boolean
  /** Its share of the votes. */
  readonly share: number
}

/** An answer, the neighbours that it comes from, and the columns that made them near. */
export interface Explained {
  readonly row: number
  readonly prediction?: string | number | boolean
  readonly neighbors: readonly Behind[]
  /** The most telling first; null where the metric is not made of columns. */
  readonly columns: readonly NearColumn[] | null
}

/** A model that explains its answers. */
interface Explaining<T> {
  explain(queries?: Matrix, options?: ExplainOptions): Promise<T[]>
}

/** Columns that do less of the nearness than this are not named. */
const LEAST = 0.1
/** Rows explained in the terminal. */
const SHOWN = 5

/** Refuses to explain what no neighbours answer. */
export function onlyNeighbors(): InputError {
  return new InputError('E_KIND', 'explain', '--explain goes with models of nigh knn')
}

/** Refuses to explain on a cluster. */
export function explainsHere(flags: {
  readonly explain?: boolean | undefined
  readonly spark?: string | undefined
}): void {
  if (flags.explain === true && flags.spark !== undefined) {
    throw new InputError('E_PARAM', 'explain', '--explain looks into rows of this machine; leave out --spark')
  }
}

/**
 * Asks a model for answers with the neighbours behind them, and for the columns where it can tell: once a metric has
 * turned out not to be made of columns, a note says so and they are left out.
 */
export function explainer(
  run: Run,
): <T extends Explanation<unknown, unknown>>(
  model: Explaining<T>,
  queries: Matrix | undefined,
  names: readonly string[] | undefined,
) => Promise<T[]> {
  let columns = true
  return async (model, queries, names) => {
    if (columns) {
      try {
        return await model.explain(queries, {
          ...run.work,
          columns,
          ...(names === undefined ? {} : { names }),
        })
      } catch (error) {
        if (!(error instanceof InputError && error.param === 'columns')) throw error
        run.warn('which columns made rows near cannot be told: this distance is not made of columns')
        columns = false
      }
    }
    return model.explain(queries, run.work)
  }
}

/** "petal_length 62 %, petal_width 30 %; apart in sepal_width 12 %": what each did for the nearness. */
export function nearBy(columns: readonly Pick<NearColumn, 'name' | 'share'>[]): string {
  const sorted = [...columns].sort((a, b) => b.share - a.share)
  const near = sorted.filter(({ share }, at) => share > 0 && (at === 0 || share >= LEAST)).slice(0, 3)
  const apart = sorted
    .reverse()
    .filter(({ share }) => share <= -LEAST)
    .slice(0, 2)
  const listed = (list: typeof near): string =>
    list.map(({ name, share }) => `${name} ${percent(Math.abs(share))}`).join(', ')
  return [
    near.length === 0 ? 'no column' : listed(near),
    ...(apart.length === 0 ? [] : [`apart in ${listed(apart)}`]),
  ].join('; ')
}

/** "petal_width 80.0 %, sepal_width 15.0 %": of what the distance to one of the neighbours is made. */
export function differsIn(columns: readonly NearColumn[], at: number): string {
  const all = columns.reduce((sum, { parts }) => sum + parts[at], 0)
  if (!(all > 0)) return 'nothing'
  return columns
    .map(({ name, parts }) => ({ name, share: parts[at] / all }))
    .sort((a, b) => b.share - a.share)
    .filter(({ share }, place) => place === 0 || share >= LEAST)
    .slice(0, 3)
    .map(({ name, share }) => `${name} ${percent(share)}`)
    .join(', ')
}

/** An explanation, for programs. */
export function explainedJSON({ columns, ...rest }: Explained): Record<string, unknown> {
  return {
    ...rest,
    columns:
      columns?.map(({ name, share, part, typical, parts }) => ({
        name,
        share,
        part,
        typical,
        parts: [...parts],
      })) ?? null,
  }
}

/** The first explanations, in the terminal. */
export function sayExplained(explained: readonly Explained[], run: Run): void {
  const shown = explained.slice(0, SHOWN)
  const learnt = shown[0]?.prediction !== undefined
  const head =
    explained.length > SHOWN ? `Why, for the first ${SHOWN} of ${plural(explained.length, 'row')}` : 'Why'
  run.say(`${run.paint.bold(head)} ${run.paint.dim('(--json has them all; rows are numbered from 0)')}`)
  for (const { row, prediction, neighbors, columns } of shown) {
    const answer = prediction === undefined ? '' : `: ${text(prediction)}`
    const why = columns === null ? '' : `, near by ${nearBy(columns)}`
    run.say(
      `  row ${row}${answer}${why}`,
      ...grid(
        [
          { title: 'neighbor', align: 'right' },
          ...(learnt ? [{ title: 'target', align: 'left' } as const] : []),
          { title: 'distance', align: 'right' },
          ...(learnt ? [{ title: 'vote', align: 'right' } as const] : []),
          ...(columns === null ? [] : [{ title: 'differs in', align: 'left' } as const]),
        ],
        neighbors.map((one, at) => [
          String(one.row),
          ...(learnt ? [text(one.target ?? '')] : []),
          brief(one.distance),
          ...(learnt ? [percent(one.share)] : []),
          ...(columns === null ? [] : [differsIn(columns, at)]),
        ]),
        run.width - 2,
        run.paint,
      ).map((line) => `  ${line}`),
    )
  }
  run.say('')
}

function text(value: string | number | boolean): string {
  return typeof value === 'number' ? brief(value) : String(value)
}
