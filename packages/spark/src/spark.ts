import { type ChosenK, Encoder, InputError, type KMeans, type MatrixLike, chooseK } from 'nigh'
import { checkOptions, show } from 'nigh/internals'
import type { UploadColumn } from './arrow.ts'
import { type ConnectOptions, checkConnect } from './connect-options.ts'
import { SparkError } from './errors.ts'
import { Frame, checkFrame, watchOptions } from './frame.ts'
import { registerFunctions } from './functions.ts'
import {
  type SparkAnomalies,
  type SparkAnomalyOptions,
  type SparkClusterProfile,
  anomaliesOf,
  profileFrame,
  sampleFrame,
} from './describe.ts'
import { type SparkEncoderOptions, encodeFrame, fitEncoder } from './encode.ts'
import { type SparkKMeansOptions, fitKMeans, fitMany } from './kmeans.ts'
import {
  type SparkAnswers,
  type SparkEvaluateOptions,
  type SparkEvaluation,
  type SparkLearnOptions,
  classify,
  evaluate,
  regress,
} from './learn.ts'
import { type Argument, type Relation, query } from './plan.ts'
import {
  type SearchServer,
  SparkIndex,
  type SparkIndexOptions,
  type SparkNeighbors,
  type SparkNeighborsWithin,
} from './neighbors.ts'
import {
  type KnownColumns,
  type ModelRows,
  type SparkAnswerNames,
  modelRows,
  predictFrame,
} from './predict.ts'
import { Session, type Watch } from './session.ts'
import { Uploads } from './uploads.ts'
import { type Endpoint, parseUrl } from './url.ts'

/**
 * Opens a session on a Spark Connect server.
 *
 * @param url as Spark's own clients take it: `sc://host:15002/;use_ssl=true;token=…;user_id=…;session_id=…`
 * @throws {InputError} E_PARAM for an address or option that is not one
 * @throws {SparkError} where the server cannot be reached, refuses the token, or is older than Spark 4.1
 * @example
 * const spark = await connect('sc://localhost')
 */
export function connect(url: string, options: ConnectOptions = {}): Promise<Spark> {
  return Spark.open(url, options)
}

/** Options of {@link Spark.chooseK}. */
export interface SparkChooseKOptions {
  readonly columns?: readonly string[]
  /** The smallest and the largest k looked at. Default: 1 to 10. */
  readonly from?: number
  readonly to?: number
  /** Rows that the criteria judge. Default: 4000. */
  readonly sampleSize?: number
  readonly seed?: number
  /** Whether all rows are clustered for each k. Default: true. */
  readonly fits?: boolean
  readonly signal?: AbortSignal
}

/** What {@link Spark.chooseK} finds. */
export interface SparkChosenK extends ChosenK {
  /** The clusterings of all rows, one for each entry of `table`; none with `fits: false`. */
  readonly models: readonly KMeans[]
}

/** A session on a Spark cluster: where rows are, and what nigh computes from them there. */
export class Spark {
  readonly #session: Session
  /** The columns that models were fitted on. */
  readonly #columnsOf = new WeakMap<KMeans, KnownColumns>()
  /** The server's version. */
  readonly version: string
  /** Whether nigh's own functions run on the cluster; else searches and predictions are pure SQL, and slower. */
  readonly java: boolean
  readonly #server: SearchServer
  readonly #uploads: Uploads

  private constructor(session: Session, version: string, java: boolean) {
    this.#session = session
    this.version = version
    this.java = java
    this.#uploads = new Uploads(session, java)
    this.#server = {
      java,
      version,
      upload: (columns, rows, signal) => this.uploadColumns(columns, rows, signal),
    }
  }

  /** Opens a session; see {@link connect}. */
  static async open(url: string, options: ConnectOptions): Promise<Spark> {
    const { limits, functions } = checkConnect(options)
    const endpoint = parseUrl(url, options.token)
    const session = new Session(endpoint, limits, options.tls ?? {})
    const version = await firstAnswer(session, endpoint)
    const [major, minor] = version.split('.').map(Number)
    if (!(major > 4 || (major === 4 && minor >= 1))) {
      await session.close()
      throw new SparkError(`connect: nigh needs Spark 4.1 or newer, the server runs ${show(version)}`)
    }
    let java = functions !== 'sql'
    if (java) {
      try {
        await registerFunctions(session)
      } catch (error) {
        // A server may refuse jars; one that cannot be reached is another matter.
        if (functions === 'java' || !(error instanceof SparkError) || error.errorClass === '') {
          await session.close()
          throw error
        }
        java = false
      }
    }
    return new Spark(session, version, java)
  }

  /** The rows of Parquet files that the cluster sees: a folder, a file or a pattern. */
  parquet(...paths: readonly string[]): Frame {
    if (paths.length === 0)
      throw new InputError('E_PARAM', 'paths', 'Spark.parquet: paths must name files, got none')
    return this.#frame({
      relType: {
        case: 'read',
        value: { readType: { case: 'dataSource', value: { format: 'parquet', paths: [...paths] } } },
      },
    })
  }

  /** A table or view of the cluster's catalog. */
  table(name: string): Frame {
    return this.#frame({
      relType: {
        case: 'read',
        value: { readType: { case: 'namedTable', value: { unparsedIdentifier: name } } },
      },
    })
  }

  /** The rows of a query. @param values what stands in it as `:name` */
  sql(text: string, values: Readonly<Record<string, Argument>> = {}): Frame {
    return this.#frame(query(text, {}, values))
  }

  /**
   * Sends rows of this machine to the cluster: columns `x0`, `x1`, … (or as named), and `row`, their number from 0.
   *
   * Rows go up in chunks by their hash: what the session has already is not sent again.
   *
   * @param options `columns` names the columns
   */
  async upload(
    points: MatrixLike,
    options: { readonly columns?: readonly string[]; readonly signal?: AbortSignal } = {},
  ): Promise<Frame> {
    checkOptions('Spark.upload', options, ['columns', 'signal'])
    return this.#uploads.rows(points, options)
  }

  /** Sends columns of this machine to the cluster, as {@link upload} does. */
  async uploadColumns(columns: readonly UploadColumn[], rows: number, signal?: AbortSignal): Promise<Frame> {
    return this.#uploads.columns(columns, rows, signal)
  }

  /**
   * Clusters the rows of a frame on the cluster; the model is an ordinary one: save it, predict with it here or there.
   * Its `labels` stay on the cluster: see {@link predict}.
   *
   * Cost: the rows are packed and kept in the cluster's memory once (8 bytes a number); then one pass an iteration,
   * which sends k × d sums to the driver. Source: Lloyd 1982; Hamerly 2010 for the bounds that spare rows.
   *
   * @throws {InputError} as `KMeans.fit`; E_FEATURES, E_TYPE for columns
   * @throws {SparkError} where Spark fails; the signal's reason where it was aborted
   */
  async kmeans(table: Frame, options: SparkKMeansOptions): Promise<KMeans> {
    const { model, columns } = await fitKMeans(this.#session, this.java, table, options)
    this.#columnsOf.set(model, columns)
    return model
  }

  /**
   * Labels rows with their nearest centroids: the frame's columns and two more, `cluster` and `distance`.
   * Distances are float64 sums of squared differences in column order, ties go to the smaller number: as
   * `model.predict` on one machine, to the bit.
   *
   * @param options `columns` are those the model was fitted on, in order; a model that {@link kmeans} made knows them,
   * and a model with an encoder, wherever it was fitted, encodes the table's own columns
   * @param options `names` calls the two otherwise: `{ cluster: 'segment' }`, for a table that has columns so called
   * @throws {InputError} E_FEATURES where the columns are not known or not as many as the centroids'
   * @example
   * await spark.predict(model, table).writeParquet('s3a://…/clustered')
   */
  predict(
    model: KMeans,
    table: Frame,
    options: { readonly columns?: readonly string[]; readonly names?: SparkAnswerNames } = {},
  ): Frame {
    checkOptions('Spark.predict', options, ['columns', 'names'])
    const rows = this.#modelRows('Spark.predict', model, table, options.columns)
    return predictFrame(this.java, model, rows, options.names ?? {})
  }

  /**
   * Packs the rows of a frame for searches and keeps them in the cluster's memory: for several searches over them.
   *
   * Rows are cut into the cells of a Voronoi diagram, by K-Means on a sample, so that a search leaves most unread.
   *
   * @throws {InputError} E_EMPTY without rows; E_FEATURES, E_TYPE for columns and id
   */
  async index(table: Frame, options: SparkIndexOptions = {}): Promise<SparkIndex> {
    return SparkIndex.build(this.#server, table, options)
  }

  /**
   * The k nearest rows of a frame to each query: an exact k-NN join. {@link index} spares the packing where there is
   * more than one.
   *
   * @param queries rows of this machine, or a frame with the same columns and id; undefined: each row of the table,
   * without itself
   */
  async nearest(
    queries: MatrixLike | Frame | undefined,
    table: Frame,
    options: SparkIndexOptions & { readonly k?: number } & Watch = {},
  ): Promise<SparkNeighbors> {
    const call = 'Spark.nearest'
    checkOptions(call, options, ['columns', 'id', 'cells', 'k', ...watchOptions])
    const { columns, id, cells, ...search } = options
    const built = indexOptions(columns, id, cells, search.signal)
    const index = await SparkIndex.build(this.#server, table, built, call)
    try {
      return await index.nearest(queries, {
        ...search,
        ...(columns ? { columns } : {}),
        ...(id ? { id } : {}),
      })
    } finally {
      await index.free()
    }
  }

  /** All rows of a frame within a radius of each query; see {@link nearest}. */
  async within(
    queries: MatrixLike | Frame | undefined,
    table: Frame,
    options: SparkIndexOptions & { readonly radius: number } & Watch,
  ): Promise<SparkNeighborsWithin> {
    const call = 'Spark.within'
    checkOptions(call, options, ['columns', 'id', 'cells', 'radius', ...watchOptions])
    const { columns, id, cells, ...search } = options
    const built = indexOptions(columns, id, cells, search.signal)
    const index = await SparkIndex.build(this.#server, table, built, call)
    try {
      return await index.within(queries, {
        ...search,
        ...(columns ? { columns } : {}),
        ...(id ? { id } : {}),
      })
    } finally {
      await index.free()
    }
  }

  /**
   * Classes for queries, by the votes of their nearest rows: an exact k-NN join, then the votes, as `KNNClassifier`
   * counts them. Equal votes go to the class that is first in sorted order.
   */
  async classify(
    queries: MatrixLike | Frame | undefined,
    table: Frame,
    options: SparkLearnOptions,
  ): Promise<SparkAnswers<string | number | boolean>> {
    return classify(this.#server, queries, table, options)
  }

  /** Numbers for queries, by the averages of their nearest rows, as `KNNRegressor` takes them; see {@link classify}. */
  async regress(
    queries: MatrixLike | Frame | undefined,
    table: Frame,
    options: SparkLearnOptions,
  ): Promise<SparkAnswers<number>> {
    return regress(this.#server, queries, table, options)
  }

  /** Holds out a share of the rows, answers for them from the others, and says how well that went. */
  async evaluate(table: Frame, options: SparkEvaluateOptions): Promise<SparkEvaluation> {
    return evaluate(this.#server, table, options)
  }

  /**
   * Learns on the cluster how to turn a table of numbers, dates, booleans and text into numbers on one scale: nigh's
   * own Encoder, as one machine would learn it from the same rows. Give it to {@link kmeans} as `encoder`.
   */
  async encoder(table: Frame, options: SparkEncoderOptions = {}): Promise<Encoder> {
    checkFrame('Spark.encoder', 'table', table)
    return fitEncoder(table, options)
  }

  /** A table's columns and one more, which holds each row's features as an encoder makes them. Default: `features`. */
  async encode(
    encoder: Encoder,
    table: Frame,
    options: { readonly column?: string; readonly signal?: AbortSignal } = {},
  ): Promise<Frame> {
    const call = 'Spark.encode'
    checkOptions(call, options, ['column', 'signal'])
    checkFrame(call, 'table', table)
    if (!(encoder instanceof Encoder)) {
      throw new InputError('E_TYPE', 'encoder', `${call}: encoder must be an Encoder, got ${show(encoder)}`)
    }
    return encodeFrame(table, encoder, options.column ?? 'features', options.signal)
  }

  /** Says what sets each cluster of a model apart, from the rows of a table: two passes. */
  async profile(
    model: KMeans,
    table: Frame,
    options: { readonly columns?: readonly string[] } & Watch = {},
  ): Promise<SparkClusterProfile[]> {
    const call = 'Spark.profile'
    checkOptions(call, options, ['columns', ...watchOptions])
    const { columns, ...watch } = options
    return profileFrame(this.java, model, this.#modelRows(call, model, table, columns), watch)
  }

  /**
   * Scores rows by their distance to the nearest centroid, in units of how far that cluster's own rows lie from it (root
   * mean square), as nigh's `CentroidDistance`: 1 is typical.
   */
  async anomalies(model: KMeans, table: Frame, options: SparkAnomalyOptions = {}): Promise<SparkAnomalies> {
    const rows = this.#modelRows('Spark.anomalies', model, table, options.columns)
    return anomaliesOf(this.java, model, rows, options)
  }

  /**
   * Says how many clusters there are: nigh's `chooseK` on a sample of the rows, and one fit of all rows for each k
   * looked at, which pack them once.
   *
   * @param options `from`, `to` bound k; `sampleSize` (default 4000) rows are judged; `fits: false` leaves out the fits
   */
  async chooseK(table: Frame, options: SparkChooseKOptions = {}): Promise<SparkChosenK> {
    const call = 'Spark.chooseK'
    checkOptions(call, options, ['columns', 'from', 'to', 'sampleSize', 'seed', 'fits', 'signal'])
    const { columns, sampleSize = 4000, seed = 0, fits = true, signal, ...range } = options
    const watch: Watch = { signal }
    const sample = await sampleFrame(call, table, columns, sampleSize, watch)
    const chosen = await chooseK(sample, {
      ...range,
      seed,
      sampleSize,
      ...(signal === undefined ? {} : { signal }),
    })
    if (!fits) return { ...chosen, models: [] }
    const [models, names] = await fitMany(
      this.#session,
      this.java,
      table,
      {
        k: 1,
        nInit: 1,
        seed,
        ...(columns === undefined ? {} : { columns }),
        ...(signal === undefined ? {} : { signal }),
      },
      chosen.table.map(({ k }) => k),
    )
    for (const model of models) this.#columnsOf.set(model, names)
    return { ...chosen, models }
  }

  /** Settings of the session, such as `spark.sql.shuffle.partitions`. */
  async configure(settings: Readonly<Record<string, string>>): Promise<void> {
    await this.#session.configure(settings)
  }

  /** Ends the session: what it holds on the cluster is freed. */
  async close(): Promise<void> {
    await this.#session.close()
  }

  #modelRows(call: string, model: KMeans, table: Frame, columns: readonly string[] | undefined): ModelRows {
    return modelRows(call, model, table, columns, this.#columnsOf.get(model))
  }

  #frame(relation: Relation): Frame {
    return new Frame(this.#session, relation)
  }
}

/** The server's version: its first answer, which tells whether one is there. */
async function firstAnswer(session: Session, endpoint: Endpoint): Promise<string> {
  try {
    const asked = { case: 'sparkVersion', value: {} } as const
    const answer = await session.analyze(asked, undefined, session.limits.silenceMs)
    return answer.case === 'sparkVersion' ? answer.value.version : ''
  } catch (error) {
    session.abandon()
    throw error instanceof SparkError && error.errorClass === '' ? notThere(endpoint, error) : error
  }
}

/** Says what may be wrong with an address, as what the way to it says does not. */
function notThere({ host, port, secure, token }: Endpoint, error: SparkError): SparkError {
  const said = error.message.replace(/^Spark: /, '').trim()
  return new SparkError(
    `connect: ${host}:${port}: ${said}: ${hintAt(said, error.grpcCode, secure, token)}`,
    error,
    error,
  )
}

function hintAt(said: string, grpcCode: number, secure: boolean, token: string): string {
  if (grpcCode === 16) {
    return token === '' ? 'the server wants a token' : 'the server does not take this token'
  }
  if (grpcCode === 4) return 'something is there and says nothing; is it the port of a Spark Connect server?'
  if (/self.signed|certificate|altname/i.test(said)) return 'name the authority of its certificate in tls.ca'
  if (/wrong version number|packet length/i.test(said)) {
    return 'TLS is not spoken there: leave out use_ssl=true, or name the port where it is'
  }
  return secure
    ? 'is a Spark Connect server there, behind TLS?'
    : 'is a Spark Connect server there, and does it speak without TLS (else: use_ssl=true)?'
}

function indexOptions(
  columns: readonly string[] | undefined,
  id: string | undefined,
  cells: number | undefined,
  signal: AbortSignal | undefined,
): SparkIndexOptions {
  return {
    ...(columns === undefined ? {} : { columns }),
    ...(id === undefined ? {} : { id }),
    ...(cells === undefined ? {} : { cells }),
    ...(signal === undefined ? {} : { signal }),
  }
}
