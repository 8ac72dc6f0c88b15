import { randomUUID } from 'node:crypto'
import { InputError, Matrix, type MatrixLike } from 'nigh'
import { checkInteger, checkNumber, checkOptions, show } from 'nigh/internals'
import { type UploadColumn, bytesOf, idsOf as idsOfColumn, numbersOf } from './arrow.ts'
import { Blocks, packBlock, unpackBlock } from './blocks.ts'
import { type Cells, cellsFor, cutCells } from './cells.ts'
import { type Features, featuresOf, idOf, rowColumn } from './columns.ts'
import { SparkError } from './errors.ts'
import { Frame, checkFrame, watchOptions } from './frame.ts'
import { widthOf } from './kmeans.ts'
import { FitPasses, torn } from './fit-passes.ts'
import { judgedSql, largestNumber } from './refusals.ts'
import { checkRanges } from './spark-fit.ts'
import { type SearchAnswer, answerOf, gathered, listed, merged } from './search-answers.ts'
import { SqlSearch } from './sql-search.ts'
import type { Watch } from './session.ts'

/** Options of {@link Spark.index}. */
export interface SparkIndexOptions {
  /** Columns of numbers to measure distances by, or one column of arrays or vectors. Default: every column of numbers but the id. */
  readonly columns?: readonly string[]
  /** Column of whole numbers that tells rows apart; ties go to the smaller. Uploaded rows have one: `row`. Default: 'row'. */
  readonly id?: string
  /** Cells of the Voronoi diagram: an integer from 0 (none) up. Default: by the number of rows; none below 20,000. */
  readonly cells?: number
  readonly signal?: AbortSignal | undefined
}

/** The k nearest rows of each query, from a cluster. */
export interface SparkNeighbors {
  /** m ids of queries: their numbers from 0 for rows of this machine, their id column's values for a frame's, ascending. */
  readonly queries: BigInt64Array
  /** m × k ids of rows, query after query, nearest first; equal distances in the order of their ids. */
  readonly ids: BigInt64Array
  /** m × k distances. */
  readonly distances: Float64Array
  readonly k: number
  /** Distances computed: m × n without pruning. */
  readonly pairs: number
}

/** The rows within a radius of each query, from a cluster: query i has the positions `offsets[i]` to `offsets[i + 1]`. */
export interface SparkNeighborsWithin {
  readonly queries: BigInt64Array
  readonly offsets: Uint32Array
  readonly ids: BigInt64Array
  readonly distances: Float64Array
}

/** What a search needs of the session it belongs to. */
export interface SearchServer {
  /** Whether nigh's own functions are there; else searches are pure SQL. */
  readonly java: boolean
  readonly version: string
  /** Sends columns of this machine to the cluster. */
  readonly upload: (columns: readonly UploadColumn[], rows: number, signal?: AbortSignal) => Promise<Frame>
}

const searchMagic = 0x314e474e
const modes = { all: 0, home: 1, rest: 2 } as const
/** Bytes that the lists of one batch of queries may take in an executor, and the queries themselves. */
const batchBytes = 8 << 20
const nothing = new Uint8Array(0)

/** Options of every search. */
const searchOptions = ['columns', 'id', ...watchOptions] as const

/**
 * Rows on the cluster, packed for searches and kept in its memory: for several searches over the same rows.
 * Free it when done; the session's end frees it too.
 */
export class SparkIndex {
  /** n. */
  readonly rows: number
  /** d. */
  readonly columns: number
  /** Cells of the Voronoi diagram; 0 where there is none. */
  readonly cells: number
  readonly #server: SearchServer
  readonly #names: readonly string[]
  readonly #cut: Cells
  /** Where the server takes no jar; `#cut.view` then holds `id` and `x`. */
  readonly #sql: SqlSearch | null

  private constructor(
    server: SearchServer,
    names: readonly string[],
    rows: number,
    columns: number,
    cut: Cells,
  ) {
    this.#names = names
    this.rows = rows
    this.columns = columns
    this.cells = cut.centres?.rows ?? 0
    this.#server = server
    this.#cut = cut
    this.#sql = server.java ? null : new SqlSearch(cut.view, columns, server.version)
  }

  /** Packs the rows of a frame; see {@link Spark.index}. */
  static async build(
    server: SearchServer,
    table: Frame,
    options: SparkIndexOptions,
    call = 'Spark.index',
  ): Promise<SparkIndex> {
    checkOptions(call, options, ['columns', 'id', 'cells', 'signal'])
    const { signal, id = rowColumn } = options
    checkFrame(call, 'table', table)
    signal?.throwIfAborted()
    const idSql = await idOf(call, table, id, signal)
    const features = await featuresOf(call, table, options.columns, signal, [id])
    const frame = features.frame.judging(features.names)
    const watch: Watch = { signal }
    const columns = await widthOf(call, features, watch)
    const rows = await frame.count(watch)
    if (rows === 0) throw new InputError('E_EMPTY', 'table', `${call}: table has no rows`)
    const cells = checkInteger(call, 'cells', options.cells ?? cellsFor(rows), 0, 65_536)
    const cut = server.java
      ? await cutCells(call, frame, features, idSql, rows, columns, cells, watch)
      : await plainRows(call, frame, features, idSql, columns)
    try {
      // The first look at the rows keeps them in memory, and refuses what is no row.
      await (server.java ? blockRanges : plainRanges)(call, cut.view, columns, watch)
      return new SparkIndex(server, features.names, rows, columns, cut)
    } catch (error) {
      await cut.view.dropView().catch(() => {})
      throw error
    }
  }

  /**
   * The k nearest rows of each query: by float64 differences in column order, ties to the smaller id, as on one
   * machine.
   *
   * Two passes over the blocks: one into the cells around each query, for a bound on its k-th distance; one over the
   * others, of which the triangle inequality leaves most unread where rows lie in clusters.
   * Cost: at most m·n·d multiply-adds; `pairs` says how many distances it took. Memory: 16·m·k bytes an executor.
   *
   * @param queries rows of this machine; or a frame with the same columns; undefined for each row of the index itself,
   * which is then not its own neighbour
   * @param options `columns` and `id` name those of a frame of queries, where they are called otherwise there
   * @throws {InputError} E_K unless k is from 1 to n; E_SHAPE for queries of another number of columns; E_PARAM where
   * each row is asked and an id names several
   */
  async nearest(
    queries: MatrixLike | Frame | undefined,
    options: { readonly k?: number; readonly columns?: readonly string[]; readonly id?: string } & Watch = {},
  ): Promise<SparkNeighbors> {
    const call = 'SparkIndex.nearest'
    checkOptions(call, options, ['k', ...searchOptions])
    const { k: asked = 5, columns, id, ...watch } = options
    const own = queries === undefined
    if (own) await this.#checkIds(call, watch)
    const most = own ? this.rows - 1 : this.rows
    const k = checkInteger(
      call,
      'k',
      asked,
      1,
      most,
      own ? 'the number of other rows' : 'the number of rows',
      'E_K',
    )
    const found: { queries: BigInt64Array; answer: SearchAnswer }[] = []
    for await (const batch of this.#batches(call, queries, k, { columns, id }, watch)) {
      const answer =
        this.#sql === null
          ? await this.#batch(call, packed(batch, this.columns), k, own, watch)
          : listed(
              await this.#sql.nearest(await this.#sent(batch, watch), k, own, watch),
              batch.ids.length,
              k,
              this.rows,
            )
      found.push({ queries: batch.ids, answer })
    }
    return gathered(found, k)
  }

  /** Both passes for one batch of queries. */
  async #batch(
    call: string,
    queries: Uint8Array,
    k: number,
    own: boolean,
    watch: Watch,
  ): Promise<SearchAnswer> {
    const { centres } = this.#cut
    if (centres === null) return this.#pass(call, queries, k, 'all', own, nothing, watch)
    const home = await this.#pass(call, queries, k, 'home', own, nothing, watch)
    const rest = await this.#pass(call, queries, k, 'rest', own, home.bytes, watch)
    return merged(home, rest, k)
  }

  async #pass(
    call: string,
    queries: Uint8Array,
    k: number,
    mode: keyof typeof modes,
    own: boolean,
    previous: Uint8Array,
    watch: Watch,
  ): Promise<SearchAnswer> {
    const asked = this.#cut.view.sql(
      'select nigh_near(:search, :queries, :previous, block) as answer from input',
      {
        search: this.#header(k, modes[mode], own, 0),
        queries,
        previous,
      },
    )
    for await (const table of asked.tables(watch, call)) {
      if (table.numRows === 1) return answerOf(bytesOf(call, table, 'answer')[0])
    }
    throw new SparkError(`${call}: a pass gave no answer`)
  }

  #header(k: number, mode: number, own: boolean, radius: number): Uint8Array {
    const { centres, counts } = this.#cut
    const cells = centres?.rows ?? 0
    const header = new Uint8Array(32 + (cells * this.columns + cells) * 8)
    const view = new DataView(header.buffer)
    ;[searchMagic, k, mode, cells, own ? 1 : 0, 0].forEach((value, i) => view.setInt32(i * 4, value, true))
    view.setFloat64(24, radius, true)
    let at = 32
    for (const part of [centres?.values ?? [], counts]) {
      for (const value of part) {
        view.setFloat64(at, value, true)
        at += 8
      }
    }
    return header
  }

  /**
   * All rows within a radius (inclusive) of each query, nearest first.
   *
   * @throws {InputError} E_PARAM unless the radius is a number from 0 up
   * @throws {SparkError} where the answer is larger than `maxBytes`
   */
  async within(
    queries: MatrixLike | Frame | undefined,
    options: { readonly radius: number; readonly columns?: readonly string[]; readonly id?: string } & Watch,
  ): Promise<SparkNeighborsWithin> {
    const call = 'SparkIndex.within'
    checkOptions(call, options, ['radius', ...searchOptions])
    const { radius, columns, id, ...watch } = options
    if (queries === undefined) await this.#checkIds(call, watch)
    checkNumber(call, 'radius', radius, 0, Number.MAX_VALUE)
    const lists: { query: bigint; ids: bigint[]; distances: number[] }[] = []
    for await (const batch of this.#batches(call, queries, 1, { columns, id }, watch)) {
      const places = Array.from(batch.ids, (query) => ({
        query,
        ids: [] as bigint[],
        distances: [] as number[],
      }))
      if (this.#sql !== null) {
        const near = await this.#sql.within(
          await this.#sent(batch, watch),
          radius,
          queries === undefined,
          watch,
        )
        near.queries.forEach((place, i) => {
          places[place].ids.push(near.ids[i])
          places[place].distances.push(Math.sqrt(near.sqs[i]))
        })
        lists.push(...places)
        continue
      }
      const found = this.#cut.view.sql(
        `select query, id, sq from (select inline(nigh_within(:search, :queries, block)) from input) order by query, sq, id`,
        {
          search: this.#header(1, modes.all, queries === undefined, radius),
          queries: packed(batch, this.columns),
        },
      )
      for await (const table of found.tables(watch, call)) {
        const at = numbersOf(call, table, 'query')
        const sqs = numbersOf(call, table, 'sq')
        const ids = idsOfColumn(call, table, 'id')
        for (let i = 0; i < at.length; i++) {
          places[at[i]].ids.push(ids[i])
          places[at[i]].distances.push(Math.sqrt(sqs[i]))
        }
      }
      lists.push(...places)
    }
    lists.sort((a, b) => (a.query < b.query ? -1 : 1))
    const offsets = new Uint32Array(lists.length + 1)
    lists.forEach((list, i) => {
      offsets[i + 1] = offsets[i] + list.ids.length
    })
    return {
      queries: BigInt64Array.from(lists, (list) => list.query),
      offsets,
      ids: BigInt64Array.from(lists.flatMap((list) => list.ids)),
      distances: Float64Array.from(lists.flatMap((list) => list.distances)),
    }
  }

  /** The queries, packed, some at a time. */
  async *#batches(
    call: string,
    queries: MatrixLike | Frame | undefined,
    k: number,
    names: { readonly columns: readonly string[] | undefined; readonly id: string | undefined },
    watch: Watch,
  ): AsyncGenerator<Batch> {
    const most = Math.max(1, Math.floor(batchBytes / Math.max(k * 16, this.columns * 8)))
    if (queries === undefined || queries instanceof Frame) {
      let ids: BigInt64Array[] = []
      let rows: Float64Array[] = []
      let count = 0
      for await (const part of this.#parts(call, queries, names, watch)) {
        for (let from = 0; from < part.ids.length; from += most) {
          const to = Math.min(part.ids.length, from + most)
          checkReach(call, part.rows)
          if (count + to - from > most) {
            yield { ids: joinedIds(ids), rows: joinedRows(rows) }
            ids = []
            rows = []
            count = 0
          }
          ids.push(part.ids.slice(from, to))
          rows.push(part.rows.slice(from * this.columns, to * this.columns))
          count += to - from
        }
      }
      if (count > 0) yield { ids: joinedIds(ids), rows: joinedRows(rows) }
      return
    }
    const matrix = Matrix.from(call, 'queries', queries)
    this.#checkColumns(call, matrix.columns)
    checkReach(call, matrix.values)
    for (let from = 0; from < matrix.rows; from += most) {
      const to = Math.min(matrix.rows, from + most)
      const ids = BigInt64Array.from({ length: to - from }, (_, i) => BigInt(from + i))
      const values = matrix.values.subarray(from * matrix.columns, to * matrix.columns)
      yield { ids, rows: Float64Array.from(values) }
    }
  }

  /** Each row is asked about the others: so it must be known from them. */
  async #checkIds(call: string, watch: Watch): Promise<void> {
    const ids = this.#sql === null ? 'select inline(nigh_unpack(block)) from input' : 'select id from input'
    const twice = this.#cut.view.sql(
      `select id, count(*) as n from (${ids}) group by id having count(*) > 1 order by id limit 1`,
    )
    for (const { id, n } of await twice.collect(watch)) {
      throw new InputError('E_PARAM', 'id', `${call}: id must tell rows apart; ${id} names ${n} of them`)
    }
  }

  #checkColumns(call: string, columns: number): void {
    if (columns === this.columns) return
    throw new InputError(
      'E_SHAPE',
      'queries',
      `${call}: queries must have the ${this.columns} columns of the rows, got ${columns}`,
    )
  }

  /** The rows of a frame, or of the index itself, as the cluster gives them. */
  async *#parts(
    call: string,
    queries: Frame | undefined,
    names: { readonly columns: readonly string[] | undefined; readonly id: string | undefined },
    watch: Watch,
  ): AsyncGenerator<Batch> {
    const streamed: Watch = { ...watch, maxBytes: Number.POSITIVE_INFINITY }
    const frame = queries === undefined ? this.#cut.view : await this.#asked(call, queries, names, watch)
    for await (const table of frame.tables(streamed, call)) {
      if (this.#sql === null) {
        for (const bytes of bytesOf(call, table, 'block')) {
          const block = unpackBlock(bytes)
          this.#checkColumns(call, block.columns)
          if (block.ids === null) throw new SparkError(`${call}: queries without ids`)
          yield { ids: block.ids, rows: block.rows }
        }
      } else {
        const rows = new Float64Array(table.numRows * this.columns)
        let at = 0
        for (const x of table.getChild('x')) {
          this.#checkColumns(call, x.length)
          rows.set(Float64Array.from(x, Number), at)
          at += this.columns
        }
        yield { ids: BigInt64Array.from(idsOfColumn(call, table, 'id')), rows }
      }
    }
  }

  /** A frame's rows as a search takes them: packed, or as ids and arrays. */
  async #asked(
    call: string,
    queries: Frame,
    names: { readonly columns: readonly string[] | undefined; readonly id: string | undefined },
    watch: Watch,
  ): Promise<Frame> {
    const { id = rowColumn } = names
    const idSql = await idOf(call, queries, id, watch.signal)
    const features = await featuresOf(call, queries, names.columns ?? this.#names, watch.signal)
    const frame = features.frame.judging(features.names)
    const width = await widthOf(call, features, watch)
    this.#checkColumns(call, width)
    if (this.#sql !== null) {
      return frame.sql(`select ${idSql} as id, ${judgedSql(features.sql, width)} as x from input`)
    }
    return frame.sql(
      `select nigh_pack(:plain, 0, collect_list(struct(id, cast(null as double), x))) as block
        from (select monotonically_increasing_id() div 4096 as part, ${idSql} as id, ${features.sql} as x from input)
        group by part`,
      { plain: nothing },
    )
  }

  /** Queries as a frame: `query`, their place; `own`, their id; `x`. */
  async #sent({ ids, rows }: Batch, watch: Watch): Promise<Frame> {
    const d = this.columns
    const columns: UploadColumn[] = Array.from({ length: d }, (_, j) => ({
      name: `c${j}`,
      type: 'double',
      values: Float64Array.from(ids, (_id, i) => rows[i * d + j]),
    }))
    columns.push({ name: 'own', type: 'long', values: ids })
    columns.push({ name: 'query', type: 'long', values: BigInt64Array.from(ids, (_id, i) => BigInt(i)) })
    const sent = await this.#server.upload(columns, ids.length, watch.signal)
    const names = Array.from({ length: d }, (_, j) => `c${j}`)
    return sent.sql(`select query, own, array(${names.join(', ')}) as x from input`)
  }

  /** Frees the rows in the cluster's memory. */
  async free(): Promise<void> {
    await this.#cut.view.dropView().catch(() => {})
  }
}

/** Some queries, row after row, and their ids. */
interface Batch {
  readonly ids: BigInt64Array
  readonly rows: Float64Array
}

function packed({ ids, rows }: Batch, columns: number): Uint8Array {
  return packBlock(rows, columns, 0, ids.length, ids)
}

/** A table's rows as they are, for searches in SQL. */
async function plainRows(
  call: string,
  frame: Frame,
  features: Features,
  id: string,
  columns: number,
): Promise<Cells> {
  const name = `nigh_rows_${randomUUID().replaceAll('-', '')}`
  const row = judgedSql(features.sql, columns)
  const view = await frame.sql(`select ${id} as id, ${row} as x from input`).createView(name, call)
  await view.persist()
  return { view, centres: null, counts: new Float64Array(0) }
}

/** Looks at all blocks, and refuses rows whose distances overflow or lose bits. */
async function blockRanges(call: string, view: Frame, columns: number, watch: Watch): Promise<void> {
  const found = await new FitPasses(call, Blocks.of(view, columns), watch).ask({ operation: 'ranges' }, [])
  if (found.length !== 2 * columns + 3) throw torn(call)
  checkRanges(call, found.subarray(0, columns), found.subarray(columns, 2 * columns))
}

/** The same of rows that are not packed. */
async function plainRanges(call: string, view: Frame, columns: number, watch: Watch): Promise<void> {
  const asked = Array.from({ length: columns }, (_, j) => `min(x[${j}]) as low${j}, max(x[${j}]) as high${j}`)
  // Not only the columns that are asked for: an id that is missing is refused as well.
  const ranges = view.sql(`select count(id) as n, ${asked.join(', ')} from input`)
  for await (const table of ranges.tables(watch, call)) {
    if (table.numRows === 0) continue
    const numbers = (name: string): number[] =>
      Array.from({ length: columns }, (_, j) => numbersOf(call, table, `${name}${j}`)[0])
    checkRanges(call, numbers('low'), numbers('high'))
  }
}

/** @throws {InputError} E_RANGE for queries whose distances overflow */
function checkReach(call: string, rows: ArrayLike<number>): void {
  for (let i = 0; i < rows.length; i++) {
    if (Math.abs(rows[i]) <= largestNumber) continue
    throw new InputError(
      'E_RANGE',
      'queries',
      `${call}: queries must lie between −1e150 and 1e150, got ${show(rows[i])}`,
    )
  }
}

function joinedIds(parts: readonly BigInt64Array[]): BigInt64Array {
  const all = new BigInt64Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}

function joinedRows(parts: readonly Float64Array[]): Float64Array {
  const all = new Float64Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}
