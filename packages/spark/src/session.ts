import { randomUUID } from 'node:crypto'
import { type MessageInitShape, create } from '@bufbuild/protobuf'
import { type Client, Code, ConnectError, type Interceptor, createClient } from '@connectrpc/connect'
import { type GrpcTransportOptions, Http2SessionManager, createGrpcTransport } from '@connectrpc/connect-node'
import { SparkError, errorClassOf, errorInfo, sparkError } from './errors.ts'
import {
  type AddArtifactsRequest,
  AddArtifactsRequestSchema,
  type AnalyzePlanRequestSchema,
  type AnalyzePlanResponse,
  type ExecutePlanResponse,
  InterruptRequest_InterruptType,
  type PlanSchema,
  SparkConnectService,
} from './gen/spark/connect/base_pb.ts'
import { Retries, type RetryRules } from './retry.ts'
import type { Endpoint } from './url.ts'
import { Turns } from './turns.ts'

/** What the client may receive and how long it tries; every number has a default in {@link connect}. */
export interface Limits extends RetryRules {
  /** Bytes of one message from the server. */
  readonly messageBytes: number
  /** Bytes of one whole result, all its messages together. */
  readonly resultBytes: number
  /** Milliseconds without a message after which a stream is given up and taken up again. */
  readonly silenceMs: number
}

/** How one execution is watched and stopped. */
export interface Watch {
  /** Stops the work on the cluster; the call then throws the signal's reason. */
  readonly signal?: AbortSignal | undefined
  /** Called about every two seconds while the cluster works. */
  readonly onProgress?: ((progress: SparkProgress) => void) | undefined
  /** Bytes of the whole result: more is refused, and the work stopped. */
  readonly maxBytes?: number | undefined
}

/** How far the cluster is with what it was asked last. */
export interface SparkProgress {
  /** Tasks done in the stages known so far; later stages may add some. */
  readonly tasksDone: number
  readonly tasks: number
  /** Tasks running now. */
  readonly running: number
  /** Bytes of input read so far. */
  readonly inputBytes: number
}

/** A plan to run: a relation or a command. */
export type PlanInit = NonNullable<MessageInitShape<typeof PlanSchema>['opType']>

/** TLS for a server whose certificate is not from a public authority, or that asks for one of ours. PEM text. */
export interface TlsOptions {
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
}

interface Envelope {
  readonly sessionId: string
  readonly userContext: { readonly userId: string; readonly userName: string }
  readonly clientType: string
  readonly clientObservedServerSideSessionId?: string
}

const lostHandles = new Set(['INVALID_HANDLE.OPERATION_NOT_FOUND', 'INVALID_HANDLE.SESSION_NOT_FOUND'])

/** 1 MiB: four times as fast as the 32 KiB that Spark's own clients send. */
const artifactChunk = 1 << 20

/**
 * One session on a Spark Connect server: sends plans, reads their results, and survives connections that drop.
 *
 * Executions are reattachable: the server keeps a result until it is released, and ends streams after some minutes or
 * bytes; the client takes up again after the last message it has. So rows arrive once, whatever the network does.
 */
export class Session {
  readonly id: string
  readonly limits: Limits
  readonly #client: Client<typeof SparkConnectService>
  readonly #connections: Http2SessionManager
  readonly #userId: string
  readonly #clientType: string
  /** The server's own id of this session: sent back with every request, so that a restarted server is noticed. */
  #observed = ''
  #closed = false

  constructor(endpoint: Endpoint, limits: Limits, tls: TlsOptions) {
    this.id = endpoint.sessionId === '' ? randomUUID() : endpoint.sessionId
    this.limits = limits
    this.#userId = endpoint.userId
    this.#clientType = `${endpoint.userAgent === '' ? '' : `${endpoint.userAgent} `}nigh spark/connect node/${process.versions.node}`
    const headers: Interceptor = (next) => (request) => {
      for (const [name, value] of Object.entries(endpoint.headers)) request.header.set(name, value)
      if (endpoint.token !== '') request.header.set('authorization', `Bearer ${endpoint.token}`)
      return next(request)
    }
    const baseUrl = `${endpoint.secure ? 'https' : 'http'}://${endpoint.host}:${endpoint.port}`
    // Node allows a connection 10 MB by default; an upload beyond it kills it for every call after.
    const http2 = { ...tls, maxSessionMemory: 1024, settings: { initialWindowSize: 4 << 20 } }
    this.#connections = new Http2SessionManager(baseUrl, { idleConnectionTimeoutMs: 10 * 60_000 }, http2)
    const options: GrpcTransportOptions = {
      baseUrl,
      interceptors: [headers],
      readMaxBytes: limits.messageBytes,
      sessionManager: this.#connections,
    }
    this.#client = createClient(SparkConnectService, createGrpcTransport(options))
  }

  #envelope(): Envelope {
    const envelope = {
      sessionId: this.id,
      userContext: { userId: this.#userId, userName: this.#userId },
      clientType: this.#clientType,
    }
    return this.#observed === ''
      ? envelope
      : { ...envelope, clientObservedServerSideSessionId: this.#observed }
  }

  /** Remembers the server's id of the session; another id than before means that the server forgot everything. */
  #observe(serverSideSessionId: string): void {
    if (serverSideSessionId === '' || serverSideSessionId === this.#observed) return
    if (this.#observed !== '') {
      throw new SparkError('Spark: the server was restarted and has lost this session', {
        errorClass: 'INVALID_HANDLE.SESSION_CHANGED',
        grpcCode: Code.Internal,
      })
    }
    this.#observed = serverSideSessionId
  }

  /** One request with one answer: tried again while the server cannot be reached. */
  async #ask<Answer extends { serverSideSessionId: string }>(
    call: string,
    signal: AbortSignal | undefined,
    send: (envelope: Envelope, options: { signal?: AbortSignal; timeoutMs?: number }) => Promise<Answer>,
    timeoutMs?: number,
  ): Promise<Answer> {
    if (this.#closed) throw new SparkError(`${call}: this session is closed`)
    const retries = new Retries(this.limits, signal)
    for (;;) {
      signal?.throwIfAborted()
      try {
        const options = {
          ...(signal === undefined ? {} : { signal }),
          ...(timeoutMs === undefined ? {} : { timeoutMs }),
        }
        const answer = await send(this.#envelope(), options)
        this.#observe(answer.serverSideSessionId)
        return answer
      } catch (error) {
        signal?.throwIfAborted()
        await retries.failed(error).catch(async (last: unknown) => {
          throw await this.#explain(call, last)
        })
      }
    }
  }

  /** Asks the server for the whole story of an error. */
  async #explain(call: string, error: unknown): Promise<unknown> {
    if (!(error instanceof ConnectError)) return error
    const errorId = errorInfo(error)?.metadata.errorId
    if (errorId === undefined) return sparkError(call, error)
    try {
      const details = await this.#client.fetchErrorDetails(
        { ...this.#envelope(), errorId },
        { timeoutMs: 10_000 },
      )
      return sparkError(call, error, details)
    } catch {
      return sparkError(call, error)
    }
  }

  /**
   * Asks about a plan without running it: its schema, or to keep it in memory.
   *
   * @param timeoutMs how long the answer may take; without it there is no limit, as files may have to be listed first
   */
  async analyze(
    analyze: NonNullable<MessageInitShape<typeof AnalyzePlanRequestSchema>['analyze']>,
    signal?: AbortSignal,
    timeoutMs?: number,
  ): Promise<AnalyzePlanResponse['result']> {
    const endTurn = await this.#reading.take()
    try {
      const answer = await this.#ask(
        'Spark',
        signal,
        (envelope, options) => this.#client.analyzePlan({ ...envelope, analyze }, options),
        timeoutMs,
      )
      return answer.result
    } finally {
      endTurn()
    }
  }

  /** Reads settings of the server; '' where one is not set. */
  async settings(keys: readonly string[]): Promise<readonly string[]> {
    const answer = await this.#ask('Spark', undefined, (envelope, options) =>
      this.#client.config(
        { ...envelope, operation: { opType: { case: 'getOption', value: { keys: [...keys] } } } },
        options,
      ),
    )
    return keys.map((key) => answer.pairs.find((pair) => pair.key === key)?.value ?? '')
  }

  /** Changes settings of this session. */
  async configure(settings: Readonly<Record<string, string>>): Promise<void> {
    const pairs = Object.entries(settings).map(([key, value]) => ({ key, value }))
    await this.#ask('Spark', undefined, (envelope, options) =>
      this.#client.config({ ...envelope, operation: { opType: { case: 'set', value: { pairs } } } }, options),
    )
  }

  /**
   * The server makes a view of each input of a query while it reads the query, and all queries of a session share their
   * names: so it reads one query at a time. What runs, runs at the same time.
   */
  readonly #reading = new Turns()

  #steady = 0
  #adaptive = ''

  /**
   * Does work made of many small passes over rows in memory, for which planning each anew while it runs (Spark's
   * adaptive execution) costs more than it saves: turned off meanwhile, and then as it was.
   */
  async steady<T>(work: () => Promise<T>): Promise<T> {
    const key = 'spark.sql.adaptive.enabled'
    if (this.#steady++ === 0) {
      this.#adaptive = (await this.settings([key]))[0]
      await this.configure({ [key]: 'false' })
    }
    try {
      return await work()
    } finally {
      if (--this.#steady === 0 && !this.#closed) {
        await this.configure({ [key]: this.#adaptive === '' ? 'true' : this.#adaptive }).catch(() => {})
      }
    }
  }

  /**
   * Runs a plan and yields the server's messages, each once and in order, until the result is complete.
   *
   * @throws {SparkError} with Spark's error class; the signal's reason where it was aborted
   */
  async *execute(
    call: string,
    opType: PlanInit,
    watch: Watch = {},
  ): AsyncGenerator<ExecutePlanResponse, void> {
    if (this.#closed) throw new SparkError(`${call}: this session is closed`)
    const { signal } = watch
    signal?.throwIfAborted()
    const operationId = randomUUID()
    const retries = new Retries(this.limits, signal)
    const most = watch.maxBytes ?? this.limits.resultBytes
    let last = ''
    let bytes = 0
    let complete = false
    // Whether the server may know of the operation: then its result must be released.
    let sent = false
    let started = false
    let unreleased = 0
    let stream = new AbortController()
    const abort = (): void => stream.abort()
    signal?.addEventListener('abort', abort, { once: true })
    const endTurn = await this.#reading.take()
    try {
      while (!complete) {
        signal?.throwIfAborted()
        stream = new AbortController()
        let silent: NodeJS.Timeout | undefined
        try {
          const options = { signal: stream.signal }
          const messages = started
            ? this.#client.reattachExecute(
                { ...this.#envelope(), operationId, ...(last === '' ? {} : { lastResponseId: last }) },
                options,
              )
            : this.#client.executePlan(this.#request(operationId, opType), options)
          sent = true
          silent = setTimeout(() => stream.abort(), this.limits.silenceMs)
          for await (const message of messages) {
            silent.refresh()
            started = true
            retries.reset()
            this.#observe(message.serverSideSessionId)
            last = message.responseId
            const { responseType } = message
            // The schema, or the answer of a command: the query was read. Progress may come earlier.
            if (responseType.case !== 'executionProgress') endTurn()
            if (responseType.case === 'resultComplete') {
              complete = true
            } else if (responseType.case === 'executionProgress') {
              watch.onProgress?.(progressOf(message))
            } else {
              const size = responseType.case === 'arrowBatch' ? responseType.value.data.length : 0
              bytes += size
              if (bytes > most) {
                throw new SparkError(
                  `${call}: the result is larger than the ${most} bytes allowed (maxBytes)`,
                )
              }
              yield message
              // The server keeps what was not released, so that it can be sent again; 8 MiB of it is enough.
              unreleased += size
              if (unreleased > 8 << 20) {
                unreleased = 0
                this.#release(operationId, message.responseId)
              }
            }
          }
          started = true
        } catch (error) {
          signal?.throwIfAborted()
          if (!(error instanceof ConnectError)) throw error
          const errorClass = errorClassOf(error)
          if (started && last === '' && lostHandles.has(errorClass)) {
            // The request was lost on the way: nothing has run. A server that lost the session says so when asked again.
            started = false
          } else if (!started && errorClass === 'INVALID_HANDLE.OPERATION_ALREADY_EXISTS') {
            started = true // the answer was lost on the way: it runs already
          } else {
            await retries.failed(error)
            // The request may have arrived although its answer did not.
            if (!started) started = true
          }
        } finally {
          clearTimeout(silent)
        }
      }
    } catch (error) {
      if (signal?.aborted) throw signal.reason
      throw await this.#explain(call, error)
    } finally {
      endTurn()
      signal?.removeEventListener('abort', abort)
      if (!complete) {
        stream.abort()
        // Also where the reader of the rows simply stopped reading.
        if (sent) await this.interrupt(operationId)
      }
      if (sent) this.#release(operationId)
    }
  }

  #request(
    operationId: string,
    opType: PlanInit,
  ): MessageInitShape<typeof SparkConnectService.method.executePlan.input> {
    return {
      ...this.#envelope(),
      operationId,
      plan: { opType },
      requestOptions: [
        { requestOption: { case: 'reattachOptions', value: { reattachable: true } } },
        {
          requestOption: {
            case: 'resultChunkingOptions',
            value: { allowArrowBatchChunking: true, preferredArrowChunkSize: BigInt(8 << 20) },
          },
        },
      ],
    }
  }

  /** Tells the server that messages up to one, or all, arrived. Nobody waits for the answer: it only frees memory. */
  #release(operationId: string, until?: string): void {
    this.#client
      .releaseExecute(
        {
          ...this.#envelope(),
          operationId,
          release:
            until === undefined
              ? { case: 'releaseAll', value: {} }
              : { case: 'releaseUntil', value: { responseId: until } },
        },
        { timeoutMs: 30_000 },
      )
      .catch(() => {})
  }

  /** Stops an operation on the cluster. A server that cannot be reached stops it when it ends the session. */
  async interrupt(operationId: string): Promise<void> {
    try {
      await this.#client.interrupt(
        {
          ...this.#envelope(),
          interruptType: InterruptRequest_InterruptType.OPERATION_ID,
          interrupt: { case: 'operationId', value: operationId },
        },
        { timeoutMs: 10_000 },
      )
    } catch {
      // The work may have ended by itself, or the server be gone: either way nothing more can be done here.
    }
  }

  /** Which of these artifacts the session has already. */
  async hasArtifacts(names: readonly string[], signal?: AbortSignal): Promise<ReadonlySet<string>> {
    const answer = await this.#ask('Spark', signal, (envelope, options) =>
      this.#client.artifactStatus({ ...envelope, names: [...names] }, options),
    )
    return new Set(names.filter((name) => answer.statuses[name]?.exists === true))
  }

  /**
   * Uploads a file to the session.
   *
   * @param name `jars/…`, `files/…` or `cache/<sha256>`
   */
  async addArtifact(name: string, bytes: Uint8Array, signal?: AbortSignal): Promise<void> {
    const answer = await this.#ask('Spark', signal, (envelope, options) =>
      this.#client.addArtifacts(artifactMessages(envelope, name, bytes), options),
    )
    const summary = answer.artifacts.find((artifact) => artifact.name === name)
    if (summary?.isCrcSuccessful !== true) {
      throw new SparkError(`Spark: the upload of ${name} arrived damaged`, { grpcCode: Code.DataLoss })
    }
  }

  /** Lets go of a server that never answered. */
  abandon(): void {
    this.#closed = true
    // A connection that broke tells so once more when its socket closes, and must find its listeners then; one that is
    // whole would keep the program running.
    setTimeout(() => this.#connections.abort(), 500).unref()
  }

  /** Ends the session: what it holds on the cluster is freed. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    try {
      await this.#client.releaseSession({ ...this.#envelope(), allowReconnect: false }, { timeoutMs: 10_000 })
    } catch {
      // A server that cannot be reached frees the session when it times out.
    }
    // An open connection would keep the program running.
    this.#connections.abort()
  }
}

async function* artifactMessages(
  envelope: Envelope,
  name: string,
  bytes: Uint8Array,
): AsyncGenerator<AddArtifactsRequest> {
  const count = Math.max(1, Math.ceil(bytes.length / artifactChunk))
  for (let i = 0; i < count; i++) {
    const data = bytes.subarray(i * artifactChunk, (i + 1) * artifactChunk)
    const chunk = { data, crc: BigInt(crc32(data)) }
    yield create(AddArtifactsRequestSchema, {
      ...envelope,
      payload:
        count === 1
          ? { case: 'batch', value: { artifacts: [{ name, data: chunk }] } }
          : i === 0
            ? {
                case: 'beginChunk',
                value: {
                  name,
                  totalBytes: BigInt(bytes.length),
                  numChunks: BigInt(count),
                  initialChunk: chunk,
                },
              }
            : { case: 'chunk', value: chunk },
    })
  }
}

const crcTable = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n
  for (let bit = 0; bit < 8; bit++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1
  return c >>> 0
})

/** CRC-32 as zlib computes it; `node:zlib` has one only from Node 22 on. */
function crc32(bytes: Uint8Array): number {
  let c = 0xffffffff
  for (let i = 0; i < bytes.length; i++) c = crcTable[(c ^ bytes[i]) & 255] ^ (c >>> 8)
  return (c ^ 0xffffffff) >>> 0
}

function progressOf(message: ExecutePlanResponse): SparkProgress {
  const progress = { tasksDone: 0, tasks: 0, running: 0, inputBytes: 0 }
  if (message.responseType.case !== 'executionProgress') return progress
  for (const stage of message.responseType.value.stages) {
    progress.tasksDone += Number(stage.numCompletedTasks)
    progress.tasks += Number(stage.numTasks)
    progress.inputBytes += Number(stage.inputBytesRead)
  }
  progress.running = Number(message.responseType.value.numInflightTasks)
  return progress
}
