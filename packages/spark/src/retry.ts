import { Code, ConnectError } from '@connectrpc/connect'
import { errorClassOf, errorInfo, retryDelay } from './errors.ts'

/** How long a call is tried again while the server cannot be reached. */
export interface RetryRules {
  /** Milliseconds before the second try; each later wait is 1.7 times as long, up to 5 seconds. */
  readonly firstMs: number
  /** Milliseconds after which the last failure is thrown. */
  readonly totalMs: number
}

/**
 * Whether a failure may be of the way to the server and not of the request. A failure that carries Spark's own
 * ErrorInfo was answered by the server, and is final unless the answer itself asks for another try.
 *
 * The transport reports a dropped connection as Canceled ("http/2 stream closed"), so Canceled counts as such a
 * failure; a caller's own abort never comes here.
 */
export function isRetryable(error: unknown): boolean {
  if (!(error instanceof ConnectError)) return false
  if (errorClassOf(error) === 'INVALID_CURSOR.DISCONNECTED') return true
  if (retryDelay(error) >= 0) return true
  if (errorInfo(error) !== undefined) return false
  if (error.code === Code.Unavailable || error.code === Code.Canceled || error.code === Code.Aborted)
    return true
  // A connection that dies in the middle of a frame or a server that goes away.
  return (
    (error.code === Code.Internal || error.code === Code.Unknown) &&
    /http\/2|NGHTTP2|ECONNRESET|EPIPE|GOAWAY|RST_STREAM|socket|premature/i.test(error.message)
  )
}

/** Counts the tries of one call. */
export class Retries {
  readonly #rules: RetryRules
  readonly #signal: AbortSignal | undefined
  #waitMs: number
  #deadline = 0

  constructor(rules: RetryRules, signal?: AbortSignal) {
    this.#rules = rules
    this.#signal = signal
    this.#waitMs = rules.firstMs
  }

  /** Something came from the server: the next failure starts counting anew. */
  reset(): void {
    this.#waitMs = this.#rules.firstMs
    this.#deadline = 0
  }

  /** Waits before the next try, or throws the error where it is final or the time is up. */
  async failed(error: unknown): Promise<void> {
    if (!isRetryable(error)) throw error
    const now = Date.now()
    if (this.#deadline === 0) this.#deadline = now + this.#rules.totalMs
    const asked = error instanceof ConnectError ? retryDelay(error) : -1
    // Spread over half the time, so that many clients of one server do not come back at once.
    const wait = Math.max(asked, this.#waitMs * (0.75 + Math.random() / 2))
    if (now + wait > this.#deadline) throw error
    this.#waitMs = Math.min(this.#waitMs * 1.7, 5000)
    await pause(wait, this.#signal)
  }
}

/** Waits, or throws the signal's reason. */
function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason)
      return
    }
    const stop = (): void => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop)
      resolve()
    }, ms)
    signal?.addEventListener('abort', stop, { once: true })
  })
}
