import { randomUUID } from 'node:crypto'
import { SparkError } from './errors.ts'
import { bytesOf } from './arrow.ts'
import type { Features } from './columns.ts'
import type { Frame } from './frame.ts'
import type { Watch } from './session.ts'

/** The layout's mark: see java/nigh/Block.java. */
const blockMagic = 0x3142474e
const idsFlag = 1
const weightsFlag = 2
const cellFlag = 4
const keyFlag = 8

/**
 * About this many bytes a block. Java garbage collectors treat arrays of half a megabyte as a case of their own (G1, in
 * heaps below 4 GB), which costs more than many small blocks do.
 */
const blockBytes = 1 << 18

/** How many rows of d columns make a block. */
export function blockRows(columns: number, bytes: number = blockBytes): number {
  return Math.max(64, Math.min(65_536, Math.floor(bytes / (columns * 8 + 16))))
}

/** About this many bytes of rows make a task of a pass, and of a search, which is more work for each row. */
const passBytes = 1 << 24
const searchBytes = 1 << 22

/** How many tasks look at n rows. */
export function tasksFor(work: 'pass' | 'search', rows: number, columns: number): number {
  return Math.max(1, Math.ceil((rows * (columns * 8 + 16)) / (work === 'pass' ? passBytes : searchBytes)))
}

/** A hint that makes at most so many partitions of what was shuffled, none of them moved. */
export function gathering(tasks: number): string {
  return `/*+ COALESCE(${tasks}) */`
}

/**
 * Rows packed into binary blocks and kept in the cluster's memory: what passes run over. A block that the cluster
 * loses is packed again from its source.
 */
export class Blocks {
  #view: Frame
  /** The views that there were, which what is kept may be made anew from. */
  readonly #before: Frame[] = []
  readonly columns: number

  private constructor(view: Frame, columns: number) {
    this.#view = view
    this.columns = columns
  }

  /** Blocks that lie in a column `block`. */
  static of(view: Frame, columns: number): Blocks {
    return new Blocks(view, columns)
  }

  /** Packs the rows of a frame. @param id and `weight` are SQL of a bigint and a double, where rows have them */
  static async pack(
    call: string,
    frame: Frame,
    features: Features,
    columns: number,
    options: { readonly id?: string; readonly weight?: string } = {},
  ): Promise<Blocks> {
    const packed = frame.sql(
      `select nigh_pack(:plain, 0, collect_list(struct(id, weight, x))) as block from (
        select monotonically_increasing_id() div ${blockRows(columns)} as part,
          ${options.id ?? 'cast(null as bigint)'} as id, ${options.weight ?? 'cast(null as double)'} as weight,
          ${features.sql} as x
        from input
      ) group by part`,
      { plain: new Uint8Array(0) },
    )
    return Blocks.keep(call, packed, columns)
  }

  /** Keeps blocks that exist already. */
  static async keep(call: string, packed: Frame, columns: number): Promise<Blocks> {
    const view = await packed.createView(`nigh_blocks_${randomUUID().replaceAll('-', '')}`, call)
    await view.persist()
    return new Blocks(view, columns)
  }

  /** The blocks, in a column `block`. */
  get frame(): Frame {
    return this.#view
  }

  /**
   * Keeps the blocks in as many partitions as n rows are worth, where there may be far more: a server cuts what is
   * shuffled into 200 by default, and a pass over few rows would be nothing but the cost of 200 tasks. They are kept
   * anew, rather than gathered in each pass, as that would lose sight of which executor holds them.
   *
   * @param shuffled into how many partitions the server cuts what is shuffled
   */
  async gather(rows: number, shuffled: number, watch: Watch): Promise<void> {
    const tasks = tasksFor('pass', rows, this.columns)
    if (!(shuffled > 2 * tasks)) return
    const many = this.#view
    const few = many.sql(`select ${gathering(tasks)} block from input`)
    this.#view = await few.createView(`nigh_blocks_${randomUUID().replaceAll('-', '')}`)
    await this.#view.persist()
    await this.#view.count(watch)
    await many.unpersist().catch(() => {})
    this.#before.push(many)
  }

  /** Runs one pass over all blocks and returns its answer; null where there are no rows. */
  async pass(call: string, request: Uint8Array, watch: Watch): Promise<Uint8Array | null> {
    const asked = this.#view.sql('select nigh_fit(:request, block) as answer from input', { request })
    for await (const table of asked.tables(watch, call)) {
      if (table.numRows === 0) continue
      const column = table.getChild('answer')
      return column.nullCount > 0 ? null : bytesOf(call, table, 'answer')[0]
    }
    throw new SparkError(`${call}: a pass gave no answer`)
  }

  /** Frees the blocks. */
  async free(): Promise<void> {
    for (const view of [this.#view, ...this.#before]) await view.dropView().catch(() => {})
  }
}

/** Packs rows of this machine, as java/nigh/Block.java reads them. */
export function packBlock(
  values: Float32Array | Float64Array,
  columns: number,
  from: number,
  to: number,
  ids: BigInt64Array | null = null,
): Uint8Array {
  const n = to - from
  const bytes = new Uint8Array(16 + n * columns * 8 + (ids === null ? 0 : n * 8))
  const view = new DataView(bytes.buffer)
  view.setInt32(0, blockMagic, true)
  view.setInt32(4, n, true)
  view.setInt32(8, columns, true)
  view.setInt32(12, ids === null ? 0 : idsFlag, true)
  let at = 16
  if (ids !== null) {
    for (let i = from; i < to; i++, at += 8) view.setBigInt64(at, ids[i], true)
  }
  if (littleEndian) {
    new Float64Array(bytes.buffer, at, n * columns).set(values.subarray(from * columns, to * columns))
  } else {
    for (let i = from * columns; i < to * columns; i++, at += 8) view.setFloat64(at, values[i], true)
  }
  return bytes
}

/** The rows of a block, and their ids where it has them. */
export function unpackBlock(bytes: Uint8Array): {
  readonly rows: Float64Array
  readonly columns: number
  readonly ids: BigInt64Array | null
} {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  if (bytes.length < 16 || view.getInt32(0, true) !== blockMagic) throw new SparkError('Spark: not a block')
  const n = view.getInt32(4, true)
  const columns = view.getInt32(8, true)
  const flags = view.getInt32(12, true)
  let at = 16
  const ids = (flags & idsFlag) === 0 ? null : new BigInt64Array(n)
  if (ids !== null) for (let i = 0; i < n; i++, at += 8) ids[i] = view.getBigInt64(at, true)
  if ((flags & weightsFlag) !== 0) at += n * 8
  if ((flags & cellFlag) !== 0) at += (1 + columns + n) * 8
  const end = bytes.length - ((flags & keyFlag) === 0 ? 0 : 8)
  if (at + n * columns * 8 !== end) throw new SparkError('Spark: a torn block')
  const rows = new Float64Array(n * columns)
  for (let i = 0; i < rows.length; i++, at += 8) rows[i] = view.getFloat64(at, true)
  return { rows, columns, ids }
}

const littleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1
