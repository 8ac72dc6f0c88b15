import { randomUUID } from 'node:crypto'
import { KMeans, Matrix } from 'nigh'
import { bytesOf } from './arrow.ts'
import { blockRows, gathering, packBlock, tasksFor, unpackBlock } from './blocks.ts'
import type { Features } from './columns.ts'
import type { Frame } from './frame.ts'
import type { Watch } from './session.ts'

/** The rows of a table in blocks, each of one cell of a Voronoi diagram, sorted by their distance to its centre. */
export interface Cells {
  /** The blocks, in a column `block`. */
  readonly view: Frame
  /** The centres, cells × d; null where the rows are in plain blocks. */
  readonly centres: Matrix | null
  /** About how many rows each cell holds. */
  readonly counts: Float64Array
}

/** Below this many rows, looking at all of them costs less than cells do. */
const plainRows = 20_000
/** Bytes of a block of a cell: larger than other blocks, as rows sorted by their distance prune better together. */
const cellBytes = 1 << 20
/** Rows sampled for each cell. */
const sampled = 24

/** How many cells serve n rows well: a query pays for each centre, and for each row of the cells it looks into. */
export function cellsFor(rows: number): number {
  return rows < plainRows ? 0 : Math.max(16, Math.min(2048, Math.round(Math.sqrt(rows) / 4)))
}

/**
 * Cuts rows into cells by K-Means on a sample: near rows lie together, so a query can leave most blocks unread.
 * How good the cells are decides how long a search takes, never what it finds.
 *
 * Source: the Voronoi join of Lu, Shen, Chen and Ooi, VLDB 2012.
 */
export async function cutCells(
  call: string,
  frame: Frame,
  features: Features,
  id: string,
  rows: number,
  columns: number,
  cells: number,
  watch: Watch,
): Promise<Cells> {
  const hint = gathering(tasksFor('search', rows, columns))
  const name = `nigh_cells_${randomUUID().replaceAll('-', '')}`
  const source = frame.sql(`select ${id} as id, ${features.sql} as x from input`)
  if (cells === 0) {
    const plain = source.sql(
      `select ${hint} nigh_pack(:plain, 0, collect_list(struct(id, cast(null as double), x))) as block
        from (select monotonically_increasing_id() div ${blockRows(columns, cellBytes)} as part, id, x from input) group by part`,
      { plain: new Uint8Array(0) },
    )
    const view = await plain.createView(name, call)
    await view.persist()
    return { view, centres: null, counts: new Float64Array(0) }
  }
  const sample = await sampleOf(call, source, Math.min(1, (cells * sampled) / rows), columns, watch)
  const model = await KMeans.fit(sample, { k: Math.min(cells, sample.rows), nInit: 1, maxIterations: 10 })
  const centres = Float64Array.from(model.centroids.values)
  const counts = model.counts.map((count) => (count / sample.rows) * rows)
  const chunks = counts.map((count) => Math.max(1, Math.ceil((1.2 * count) / blockRows(columns, cellBytes))))
  const packed = source.sql(
    `select ${hint} nigh_pack(:centres, cell, collect_list(struct(id, cast(null as double), x))) as block from (
      select cell, cast(pmod(xxhash64(id), cast(element_at(:chunks, cell + 1) as bigint)) as int) as part, id, x
      from (select nigh_nearest(:centres, x).cluster as cell, id, x from input)
    ) group by cell, part`,
    { centres: packBlock(centres, columns, 0, model.k), chunks },
  )
  const view = await packed.createView(name, call)
  await view.persist()
  return { view, centres: Matrix.of(centres, columns), counts }
}

/** Some of the rows, each with the same probability. */
async function sampleOf(
  call: string,
  source: Frame,
  share: number,
  columns: number,
  watch: Watch,
): Promise<Matrix> {
  const packed = source.sql(
    `select nigh_pack(:plain, 0, collect_list(struct(id, cast(null as double), x))) as block
      from (select id, x, spark_partition_id() as part from input where :share >= 1 or rand(7) < :share) group by part`,
    { plain: new Uint8Array(0), share },
  )
  const parts: Float64Array[] = []
  for await (const table of packed.tables(watch, call)) {
    for (const bytes of bytesOf(call, table, 'block')) parts.push(unpackBlock(bytes).rows)
  }
  let size = 0
  for (const part of parts) size += part.length
  const values = new Float64Array(size)
  let at = 0
  for (const part of parts) {
    values.set(part, at)
    at += part.length
  }
  return Matrix.of(values, columns)
}
