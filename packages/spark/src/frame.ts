import type { Table as ArrowTable } from '@uwdata/flechette'
import { InputError } from 'nigh'
import { checkOptions, show } from 'nigh/internals'
import { type Row, arrowTables, numbersOf, rowsOf } from './arrow.ts'
import { SparkError } from './errors.ts'
import type { DataType } from './gen/spark/connect/types_pb.ts'
import { WriteOperation_SaveMode } from './gen/spark/connect/commands_pb.ts'
import { type Argument, type Relation, callOf, expression, literal, named, query, quoted } from './plan.ts'
import { refused } from './refusals.ts'
import type { PlanInit, Session, Watch } from './session.ts'

/** A column of a frame. */
export interface FrameColumn {
  readonly name: string
  /** Spark's name of its type: `double`, `bigint`, `string`, `array<double>`, `vector`… */
  readonly type: string
  readonly nullable: boolean
}

/** What watches and stops an execution. */
export const watchOptions = ['signal', 'onProgress', 'maxBytes'] as const

/**
 * Rows on the cluster: a table, files, a query, or what was computed from them. Nothing runs until rows are asked for.
 */
export class Frame {
  readonly #session: Session
  /** The plan that makes the rows. */
  readonly relation: Relation
  /** The columns that each step of the plan looks into: what it refuses there is told by their names. */
  readonly #judged: readonly (readonly string[])[]

  constructor(session: Session, relation: Relation, judged: readonly (readonly string[])[] = []) {
    this.#session = session
    this.relation = relation
    this.#judged = judged
  }

  /** @internal The rows and, under another name, what one of Spark's functions that SQL lacks makes of a column. */
  with(as: string, functionName: 'vector_to_array' | 'array_to_vector', column: string): Frame {
    const cell = expression(quoted(column))
    const made =
      functionName === 'vector_to_array'
        ? callOf(functionName, cell, literal('float64'))
        : callOf(functionName, cell)
    const relation: Relation = {
      relType: {
        case: 'project',
        value: { input: this.relation, expressions: [expression('*'), named(as, made)] },
      },
    }
    return new Frame(this.#session, relation, this.#judged)
  }

  /** @internal The same rows; a query over them looks into these columns. */
  judging(names: readonly string[]): Frame {
    return new Frame(this.#session, this.relation, [...this.#judged, names])
  }

  /** The columns, in order. */
  async columns(signal?: AbortSignal): Promise<readonly FrameColumn[]> {
    const answer = await this.#session.analyze(
      { case: 'schema', value: { plan: { opType: { case: 'root', value: this.relation } } } },
      signal,
    )
    if (answer.case !== 'schema' || answer.value.schema?.kind.case !== 'struct') {
      throw new SparkError('columns: the server gave no schema')
    }
    return answer.value.schema.kind.value.fields.map((field) => ({
      name: field.name,
      type: typeName(field.dataType),
      nullable: field.nullable,
    }))
  }

  /** The number of rows. Cost: one pass over them. */
  async count(watch: Watch = {}): Promise<number> {
    checkOptions('count', watch, watchOptions)
    for await (const table of this.sql('select count(*) as n from input').tables(watch, 'count')) {
      if (table.numRows === 1) return numbersOf('count', table, 'n')[0]
    }
    throw new SparkError('count: the server gave no number')
  }

  /**
   * A query over this frame's rows, which it calls `input`.
   *
   * @param values what stands in the query as `:name`
   * @example
   * frame.sql('select * from input where speed > :least', { least: 3 })
   */
  sql(text: string, values: Readonly<Record<string, Argument>> = {}): Frame {
    return new Frame(this.#session, query(text, { input: this.relation }, values), this.#judged)
  }

  /** A query over this frame, which it calls `input`, and others, by their names. */
  join(text: string, others: Readonly<Record<string, Frame>>): Frame {
    const inputs: Record<string, Relation> = { input: this.relation }
    const judged = [...this.#judged]
    for (const [name, other] of Object.entries(others)) {
      checkFrame('join', name, other)
      if (name === 'input') {
        throw new InputError(
          'E_PARAM',
          'others',
          "join: others must not be called input, which is this frame's name",
        )
      }
      inputs[name] = other.relation
      judged.push(...other.#judged)
    }
    return new Frame(this.#session, query(text, inputs), judged)
  }

  /** The rows, batch after batch as the cluster makes them: never more in memory than a batch. */
  async *stream(watch: Watch = {}): AsyncGenerator<readonly Row[], void> {
    checkOptions('stream', watch, watchOptions)
    for await (const table of this.tables({ maxBytes: Number.POSITIVE_INFINITY, ...watch }, 'stream'))
      yield rowsOf('stream', table)
  }

  /** All rows at once. @throws {SparkError} where they take more than `maxBytes` on the way */
  async collect(watch: Watch = {}): Promise<Row[]> {
    checkOptions('collect', watch, watchOptions)
    const rows: Row[] = []
    for await (const table of this.tables(watch, 'collect'))
      for (const row of rowsOf('collect', table)) rows.push(row)
    return rows
  }

  /** The rows as Arrow tables, batch after batch. */
  async *tables(watch: Watch = {}, call = 'tables'): AsyncGenerator<ArrowTable, void> {
    try {
      yield* arrowTables(call, this.#session.execute(call, { case: 'root', value: this.relation }, watch))
    } catch (error) {
      throw refused(call, this.#judged, error)
    }
  }

  /**
   * Writes the rows as Parquet files, from the cluster, to a folder that the cluster sees.
   *
   * @param options `overwrite` replaces a folder that exists; by default it is refused
   */
  async writeParquet(path: string, options: Watch & { readonly overwrite?: boolean } = {}): Promise<void> {
    if (typeof path !== 'string' || path === '') {
      throw new InputError('E_PARAM', 'path', `writeParquet: path must name a folder, got ${show(path)}`)
    }
    checkOptions('writeParquet', options, ['overwrite', ...watchOptions])
    const mode =
      options.overwrite === true ? WriteOperation_SaveMode.OVERWRITE : WriteOperation_SaveMode.ERROR_IF_EXISTS
    const command: PlanInit = {
      case: 'command',
      value: {
        commandType: {
          case: 'writeOperation',
          value: { input: this.relation, source: 'parquet', saveType: { case: 'path', value: path }, mode },
        },
      },
    }
    try {
      for await (const _ of this.#session.execute('writeParquet', command, options)) {
        // Only its end matters.
      }
    } catch (error) {
      throw refused('writeParquet', this.#judged, error)
    }
  }

  /** Keeps the rows in the cluster's memory (and on its disks where that is full) once they were computed. */
  async persist(signal?: AbortSignal): Promise<void> {
    await this.#session.analyze(
      {
        case: 'persist',
        value: {
          relation: this.relation,
          storageLevel: {
            useDisk: true,
            useMemory: true,
            useOffHeap: false,
            deserialized: true,
            replication: 1,
          },
        },
      },
      signal,
    )
  }

  /** Frees what persist keeps. */
  async unpersist(): Promise<void> {
    await this.#session.analyze({ case: 'unpersist', value: { relation: this.relation, blocking: false } })
  }

  /** @internal Forgets a view's name and plan, and what is kept in memory of it. */
  async dropView(): Promise<void> {
    const { relType } = this.relation
    if (relType?.case !== 'read' || relType.value.readType?.case !== 'namedTable') return
    const { unparsedIdentifier: viewName = '' } = relType.value.readType.value
    const dropped: Relation = {
      relType: { case: 'catalog', value: { catType: { case: 'dropTempView', value: { viewName } } } },
    }
    for await (const _ of this.#session.execute('dropView', { case: 'root', value: dropped })) {
      // Only its end matters.
    }
  }

  /** Gives the frame a name in this session, under which queries see it. Its files are looked up now, and never again. */
  async createView(name: string, call = 'createView'): Promise<Frame> {
    const command: PlanInit = {
      case: 'command',
      value: {
        commandType: {
          case: 'createDataframeView',
          value: { input: this.relation, name, isGlobal: false, replace: true },
        },
      },
    }
    for await (const _ of this.#session.execute(call, command)) {
      // Only its end matters.
    }
    const read: Relation = {
      relType: {
        case: 'read',
        value: { readType: { case: 'namedTable', value: { unparsedIdentifier: name } } },
      },
    }
    return new Frame(this.#session, read, this.#judged)
  }
}

/** @throws {InputError} E_TYPE for what is no frame */
export function checkFrame(call: string, param: string, value: unknown): asserts value is Frame {
  if (value instanceof Frame) return
  throw new InputError(
    'E_TYPE',
    param,
    `${call}: ${param} must be a frame, as spark.table, spark.parquet, spark.sql or await spark.upload give, got ${show(value)}`,
  )
}

function typeName(type: DataType | undefined): string {
  const kind = type?.kind
  switch (kind?.case) {
    case undefined:
      return 'unknown'
    case 'byte':
      return 'tinyint'
    case 'short':
      return 'smallint'
    case 'integer':
      return 'int'
    case 'long':
      return 'bigint'
    case 'array':
      return `array<${typeName(kind.value.elementType)}>`
    case 'map':
      return `map<${typeName(kind.value.keyType)},${typeName(kind.value.valueType)}>`
    case 'udt':
      return kind.value.jvmClass === 'org.apache.spark.ml.linalg.VectorUDT' ? 'vector' : 'udt'
    default:
      return kind?.case ?? 'unknown'
  }
}
