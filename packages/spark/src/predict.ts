import { InputError, type KMeans } from 'nigh'
import { show } from 'nigh/internals'
import { packBlock } from './blocks.ts'
import type { Frame } from './frame.ts'
import { quoted } from './plan.ts'

/** A frame's rows with the number of the nearest centroid, and the distance to it; see {@link Spark.predict}. */
export function predictFrame(model: KMeans, table: Frame, columns: readonly string[] | undefined): Frame {
  const { centroids } = model
  return table.sql(
    `select * except (nigh_found), nigh_found.cluster as cluster, nigh_found.distance as distance
      from (select *, nigh_nearest(:centroids, ${rowSql('Spark.predict', columns, centroids.columns)}) as nigh_found from input)`,
    { centroids: packBlock(centroids.values, centroids.columns, 0, centroids.rows) },
  )
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
