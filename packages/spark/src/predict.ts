import { InputError, type KMeans, type Matrix } from 'nigh'
import { show } from 'nigh/internals'
import { packBlock } from './blocks.ts'
import type { Frame } from './frame.ts'
import { quoted } from './plan.ts'
import { nearestSql } from './sql-search.ts'

/** A frame's rows with the number of the nearest centroid, and the distance to it; see {@link Spark.predict}. */
export function predictFrame(
  java: boolean,
  model: KMeans,
  table: Frame,
  columns: readonly string[] | undefined,
): Frame {
  const { centroids } = model
  const row = rowSql('Spark.predict', columns, centroids.columns)
  const found = nearestOf(java, 'centroids', row, centroids)
  return table.sql(
    `select * except (nigh_found), nigh_found.cluster as cluster, nigh_found.distance as distance
      from (select *, ${found.sql} as nigh_found from input)`,
    found.values,
  )
}

/** The nearest of some centroids as SQL, a struct of `cluster` and `distance`, and what stands in it as `:name`. */
export function nearestOf(
  java: boolean,
  name: string,
  row: string,
  centroids: Matrix,
): { readonly sql: string; readonly values: Readonly<Record<string, Uint8Array>> } {
  if (!java) return { sql: nearestSql(row, centroids.values, centroids.columns), values: {} }
  return {
    sql: `nigh_nearest(:${name}, ${row})`,
    values: { [name]: packBlock(centroids.values, centroids.columns, 0, centroids.rows) },
  }
}

/** The numbers of a row as SQL, without asking the cluster for the columns' types. */
export function rowSql(call: string, columns: readonly string[] | undefined, width: number): string {
  if (columns === undefined) {
    throw new InputError(
      'E_FEATURES',
      'columns',
      `${call}: columns must name the columns that the model was fitted on`,
    )
  }
  // One name for several numbers is a column of arrays.
  if (columns.length === 1 && width > 1) return `cast(${quoted(columns[0])} as array<double>)`
  if (columns.length !== width) {
    throw new InputError(
      'E_FEATURES',
      'columns',
      `${call}: columns must name the ${width} columns that the model was fitted on, got ${show(columns)}`,
    )
  }
  return `array(${columns.map((name) => `cast(${quoted(name)} as double)`).join(', ')})`
}
