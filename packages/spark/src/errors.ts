import { create } from '@bufbuild/protobuf'
import { Code, ConnectError } from '@connectrpc/connect'
import {
  type FetchErrorDetailsResponse,
  FetchErrorDetailsResponseSchema,
} from './gen/spark/connect/base_pb.ts'
import { type ErrorInfo, ErrorInfoSchema, RetryInfoSchema } from './gen/google/rpc/error_details_pb.ts'

/** What is known of a failure on the server. */
export interface SparkErrorFacts {
  readonly errorClass: string
  readonly sqlState: string
  readonly messageParameters: Readonly<Record<string, string>>
  readonly grpcCode: number
  readonly causes: readonly string[]
}

/**
 * A refusal or failure of the Spark server, or of the way to it.
 *
 * `errorClass` is Spark's own stable name of the error, such as `TABLE_OR_VIEW_NOT_FOUND` or `OPERATION_CANCELED`: switch
 * on it, not on the message. It is '' where the failure was not Spark's, such as a server that cannot be reached.
 */
export class SparkError extends Error {
  override readonly name = 'SparkError'
  /** Spark's error class, or ''. */
  readonly errorClass: string
  /** The SQLSTATE, five characters, or ''. */
  readonly sqlState: string
  /** What the error class's message was filled with. */
  readonly messageParameters: Readonly<Record<string, string>>
  /** The gRPC status code: 16 for a wrong token, 14 for a server that cannot be reached. */
  readonly grpcCode: number
  /** Messages of the errors behind this one, nearest first. */
  readonly causes: readonly string[]

  constructor(message: string, facts: Partial<SparkErrorFacts> = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.errorClass = facts.errorClass ?? ''
    this.sqlState = facts.sqlState ?? ''
    this.messageParameters = facts.messageParameters ?? {}
    this.grpcCode = facts.grpcCode ?? Code.Unknown
    this.causes = facts.causes ?? []
  }
}

/** The ErrorInfo that Spark attaches to a failed call, if it did. */
export function errorInfo(error: ConnectError): ErrorInfo | undefined {
  return error.findDetails(ErrorInfoSchema).at(0)
}

/** Milliseconds that the server asks to wait before another try, or −1 where it does not ask for one. */
export function retryDelay(error: ConnectError): number {
  const found = error.findDetails(RetryInfoSchema).at(0)
  if (found === undefined) return -1
  const delay = found.retryDelay
  return delay === undefined ? 0 : Number(delay.seconds) * 1000 + delay.nanos / 1e6
}

/** The error class in an ErrorInfo, or ''. */
export function errorClassOf(error: unknown): string {
  if (error instanceof SparkError) return error.errorClass
  if (!(error instanceof ConnectError)) return ''
  return errorInfo(error)?.metadata.errorClass ?? ''
}

/** Turns a failed call into a SparkError, with the details that the server gave when asked for them. */
export function sparkError(
  call: string,
  error: ConnectError,
  details: FetchErrorDetailsResponse = create(FetchErrorDetailsResponseSchema),
): SparkError {
  const info = errorInfo(error)
  const metadata = info?.metadata ?? {}
  const root = details.errors.at(details.rootErrorIdx ?? 0)
  const throwable = root?.sparkThrowable
  const causes: string[] = []
  for (let at = root?.causeIdx, seen = 0; at !== undefined && seen < 16; seen++) {
    const cause = details.errors.at(at)
    if (cause === undefined) break
    causes.push(cause.message)
    at = cause.causeIdx
  }
  // Without details the parameters come as JSON text in the ErrorInfo.
  const parameters = throwable?.messageParameters ?? parametersOf(metadata.messageParameters)
  // After what is wrong comes the whole plan, which says nothing to who wrote no query.
  const [whole] = (root?.message ?? error.rawMessage).split(/;\n(?=['!A-Z])/)
  // Nor does the way through Java's classes, of which a failed task tells each.
  const text = whole.replaceAll(/\n\tat [^\n]*|\n\t\.\.\. \d+ more|\n+Driver stacktrace:/g, '')
  return new SparkError(
    `${call}: ${text.length > 4000 ? `${text.slice(0, 4000)}…` : text}`,
    {
      errorClass: throwable?.errorClass ?? metadata.errorClass ?? '',
      sqlState: throwable?.sqlState ?? metadata.sqlState ?? '',
      messageParameters: parameters,
      grpcCode: error.code,
      causes,
    },
    error,
  )
}

function parametersOf(json: string | undefined): Record<string, string> {
  const found: Record<string, string> = {}
  if (json === undefined) return found
  try {
    const parsed: unknown = JSON.parse(json)
    if (parsed !== null && typeof parsed === 'object') {
      for (const [key, value] of Object.entries(parsed)) found[key] = String(value)
    }
  } catch {
    // The server shortens long metadata, which then is no JSON any more.
  }
  return found
}
