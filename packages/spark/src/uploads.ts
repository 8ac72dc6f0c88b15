import { createHash } from 'node:crypto'
import { InputError, Matrix, type MatrixLike } from 'nigh'
import { show } from 'nigh/internals'
import { type UploadColumn, encodeRows, sparkTypes } from './arrow.ts'
import { blockRows, packBlock } from './blocks.ts'
import { Frame } from './frame.ts'
import { type Relation, query, quoted } from './plan.ts'
import type { Session } from './session.ts'

/** Chunks of an upload that become tasks together: a task's rows travel in one message, of at most 128 MiB. */
const chunksAPart = 4

/** Sends rows of this machine to the cluster, in chunks by their hash. */
export class Uploads {
  readonly #session: Session
  readonly #java: boolean

  constructor(session: Session, java: boolean) {
    this.#session = session
    this.#java = java
  }

  /** Rows of numbers; see {@link Spark.upload}. */
  async rows(
    points: MatrixLike,
    options: { readonly columns?: readonly string[]; readonly signal?: AbortSignal },
  ): Promise<Frame> {
    const matrix = Matrix.from('Spark.upload', 'points', points)
    const names = options.columns ?? Array.from({ length: matrix.columns }, (_, j) => `x${j}`)
    if (names.length !== matrix.columns || new Set([...names, 'row']).size !== names.length + 1) {
      throw new InputError(
        'E_PARAM',
        'columns',
        `Spark.upload: columns must be ${matrix.columns} different names other than 'row', got ${show(names)}`,
      )
    }
    const { rows, columns } = matrix
    if (!this.#java) {
      const uploads: UploadColumn[] = names.map((name, j) => {
        const column = new Float64Array(rows)
        for (let i = 0; i < rows; i++) column[i] = matrix.values[i * columns + j]
        return { name, type: 'double', values: column }
      })
      uploads.push({
        name: 'row',
        type: 'long',
        values: BigInt64Array.from({ length: rows }, (_, i) => BigInt(i)),
      })
      return this.columns(uploads, rows, options.signal)
    }
    const step = blockRows(columns)
    const blocks: Uint8Array[] = []
    for (let from = 0; from < rows; from += step) {
      const to = Math.min(rows, from + step)
      const ids = BigInt64Array.from({ length: to - from }, (_, i) => BigInt(from + i))
      blocks.push(packBlock(matrix.values.subarray(from * columns, to * columns), columns, 0, to - from, ids))
    }
    const sent = await this.columns(
      [{ name: 'block', type: 'binary', values: blocks }],
      blocks.length,
      options.signal,
    )
    const cells = names.map((name, j) => `u.x[${j}] as ${quoted(name)}`)
    return sent.sql(
      `select ${cells.join(', ')}, u.id as row from (select explode(nigh_unpack(block)) as u from input)`,
    )
  }

  /** Columns of any type. */
  async columns(columns: readonly UploadColumn[], rows: number, signal?: AbortSignal): Promise<Frame> {
    let width = 1
    for (const column of columns) width += column.type === 'binary' ? (column.values.at(0)?.length ?? 0) : 8
    const schema = columns
      .map(({ name, type }) => `\`${name.replaceAll('`', '``')}\` ${sparkTypes[type]}`)
      .join(', ')
    // Chunks of about 8 MiB: large enough to be fast, small enough that each is an own task on the cluster.
    const step = Math.max(1, Math.floor((8 << 20) / width))
    if (rows <= step / 8) {
      const data = encodeRows(columns, 0, rows)
      return this.#frame({ relType: { case: 'localRelation', value: { data, schema } } })
    }
    const schemaHash = await this.#cache(new TextEncoder().encode(schema), signal)
    const parts: Record<string, Relation> = {}
    for (let from = 0; from < rows; from += step * chunksAPart) {
      const dataHashes: string[] = []
      for (let at = from; at < Math.min(rows, from + step * chunksAPart); at += step) {
        dataHashes.push(await this.#cache(encodeRows(columns, at, Math.min(rows, at + step)), signal))
      }
      parts[`part${from}`] = {
        relType: { case: 'chunkedCachedLocalRelation', value: { dataHashes, schemaHash } },
      }
    }
    const names = Object.keys(parts)
    return this.#frame(query(names.map((name) => `select * from ${name}`).join(' union all '), parts))
  }

  async #cache(bytes: Uint8Array, signal?: AbortSignal): Promise<string> {
    const hash = createHash('sha256').update(bytes).digest('hex')
    const name = `cache/${hash}`
    const present = await this.#session.hasArtifacts([name], signal)
    if (!present.has(name)) await this.#session.addArtifact(name, bytes, signal)
    return hash
  }

  #frame(relation: Relation): Frame {
    return new Frame(this.#session, relation)
  }
}
