import { InputError } from 'nigh'
import { idsOf, numbersOf } from './arrow.ts'
import type { Frame } from './frame.ts'
import { judgedSql } from './refusals.ts'
import type { Watch } from './session.ts'

/** Above this many columns, the sum is not written out: code generation gives up on very long expressions. */
const longestSum = 48

/** A list of near rows: places of queries, ids and squared distances, in order. */
export interface Found {
  readonly queries: Float64Array
  readonly ids: BigInt64Array
  readonly sqs: Float64Array
}

/**
 * Searches in pure SQL, for servers that take no jar: slower by far, the same answers.
 *
 * The k nearest of a sample give each query a bound on its k-th distance; then only rows within the bound are kept and
 * ranked. Distances are float64 sums of squared differences in column order.
 */
export class SqlSearch {
  /** `id` and `x`, kept in memory. */
  readonly #rows: Frame
  readonly #columns: number
  /** Whether the server has `min_by(x, y, k)`, from Spark 4.2 on. */
  readonly #topK: boolean

  constructor(rows: Frame, columns: number, version: string) {
    this.#rows = rows
    this.#columns = columns
    const [major, minor] = version.split('.').map(Number)
    this.#topK = major > 4 || (major === 4 && minor >= 2)
  }

  /** The k nearest rows of each query; queries have `query`, their place, and `x`. */
  async nearest(queries: Frame, k: number, own: boolean, watch: Watch): Promise<Found> {
    const differ = own ? ' and q.own <> b.id' : ''
    const sq = squaredSql(this.#columns)
    const ranked = (rows: string, where: string): string =>
      this.#topK
        ? `select query, n.id as id, n.sq as sq from (select query, explode(min_by(struct(sq, id), struct(sq, id), ${k})) as n
            from (select q.query, b.id, ${sq} as sq, q.bound from ${rows} where true${differ})${where} group by query)`
        : `select query, id, sq from (select query, id, sq, row_number() over (partition by query order by sq, id) as place
            from (select q.query, b.id, ${sq} as sq, q.bound from ${rows} where true${differ})${where}) where place <= ${k}`
    const sampled = `(select * from rows order by xxhash64(id) limit ${Math.max(1000, 40 * k)}) b cross join (select *, 0D as bound from queries) q`
    const bounds = `select query, if(count(*) < ${k}, double('Infinity'), max(sq)) as bound from (${ranked(sampled, '')}) group by query`
    const bounded = `rows b cross join (select q.*, coalesce(t.bound, double('Infinity')) as bound from queries q left join (${bounds}) t on q.query = t.query) q`
    const text = `${ranked(bounded, ' where sq <= bound')} order by query, sq, id`
    return collected(this.#rows.join(text, { rows: this.#rows, queries }), watch, 'SparkIndex.nearest')
  }

  /** All rows within a radius of each query. */
  async within(queries: Frame, radius: number, own: boolean, watch: Watch): Promise<Found> {
    const differ = own ? ' and q.own <> b.id' : ''
    const text = `select query, id, sq from (select q.query, b.id, ${squaredSql(this.#columns)} as sq
      from rows b cross join queries q where true${differ}) where sqrt(sq) <= ${radius.toExponential()}D order by query, sq, id`
    return collected(this.#rows.join(text, { rows: this.#rows, queries }), watch, 'SparkIndex.within')
  }
}

/** The squared distance of `q.x` and `b.x` as SQL, added in column order. */
function squaredSql(columns: number): string {
  if (columns > longestSum) {
    return 'aggregate(zip_with(q.x, b.x, (s, t) -> (s - t) * (s - t)), 0D, (sum, square) -> sum + square)'
  }
  const terms = Array.from({ length: columns }, (_, j) => `(q.x[${j}] - b.x[${j}]) * (q.x[${j}] - b.x[${j}])`)
  return terms.reduce((sum, term) => `(${sum} + ${term})`)
}

/** The nearest centroid of a row as SQL: a struct of its number and distance, as `nigh_nearest` gives. */
export function nearestSql(row: string, centroids: ArrayLike<number>, columns: number): string {
  const k = centroids.length / columns
  const list = Array.from({ length: k }, (_, c) => {
    const numbers = Array.from(
      { length: columns },
      (_, j) => `${centroids[c * columns + j].toExponential()}D`,
    )
    return `array(${numbers.join(', ')})`
  })
  const sqs = `transform(array(${list.join(', ')}), c -> aggregate(zip_with(r, c, (s, t) -> (s - t) * (s - t)), 0D, (sum, square) -> sum + square))`
  // On a tie array_position gives the first: the smaller number.
  const nearest = `transform(array(${sqs}), d -> named_struct('cluster', cast(array_position(d, array_min(d)) - 1 as int), 'distance', sqrt(array_min(d))))[0]`
  return `transform(array(${judgedSql(row, columns)}), r -> ${nearest})[0]`
}

async function collected(frame: Frame, watch: Watch, call: string): Promise<Found> {
  const queries: number[] = []
  const ids: bigint[] = []
  const sqs: number[] = []
  for await (const table of frame.tables(watch, call)) {
    for (const query of numbersOf(call, table, 'query')) queries.push(query)
    for (const sq of numbersOf(call, table, 'sq')) {
      if (!Number.isFinite(sq)) {
        throw new InputError(
          'E_NONFINITE',
          'columns',
          `${call}: columns must hold finite numbers whose squares do not overflow`,
        )
      }
      sqs.push(sq)
    }
    for (const id of idsOf(call, table, 'id')) ids.push(id)
  }
  return { queries: Float64Array.from(queries), ids: BigInt64Array.from(ids), sqs: Float64Array.from(sqs) }
}
