import { checkChoice, checkInteger, checkNumber, checkOptions } from 'nigh/internals'
import type { Limits, TlsOptions } from './session.ts'

/** How {@link connect} speaks to the server; every option has a default. */
export interface ConnectOptions {
  /** The bearer token; replaces one in the address. It travels only over TLS, or to this machine. */
  readonly token?: string
  /** Certificates, where the server's is not from a public authority. */
  readonly tls?: TlsOptions
  /** Milliseconds for which a server that cannot be reached is tried again. Default: 30000. */
  readonly retryMs?: number
  /** Bytes of one message from the server. Default: 134217728, which is also what servers send at most. */
  readonly maxMessageBytes?: number
  /** Bytes of one result that is collected. Default: 1073741824. */
  readonly maxResultBytes?: number
  /**
   * 'java' uploads nigh's own functions (50 kB) and fails where the server refuses jars; 'sql' does without: searches
   * and predictions are pure SQL, K-Means is Spark's own. Default: 'auto', the first where the server lets it.
   */
  readonly functions?: 'auto' | 'java' | 'sql'
  /** Milliseconds of silence after which a running stream is given up and taken up again. Default: 60000. */
  readonly silenceMs?: number
}

/** Checks them and fills in the defaults. */
export function checkConnect(options: ConnectOptions): {
  readonly limits: Limits
  readonly functions: 'auto' | 'java' | 'sql'
} {
  const call = 'connect'
  checkOptions(call, options, [
    'token',
    'tls',
    'retryMs',
    'maxMessageBytes',
    'maxResultBytes',
    'silenceMs',
    'functions',
  ])
  const limits: Limits = {
    firstMs: 50,
    totalMs: checkNumber(call, 'retryMs', options.retryMs ?? 30_000, 0, 1e9),
    messageBytes: checkInteger(
      call,
      'maxMessageBytes',
      options.maxMessageBytes ?? 128 << 20,
      1024,
      0x7fffffff,
    ),
    resultBytes: checkNumber(
      call,
      'maxResultBytes',
      options.maxResultBytes ?? 2 ** 30,
      1,
      Number.POSITIVE_INFINITY,
    ),
    silenceMs: checkInteger(call, 'silenceMs', options.silenceMs ?? 60_000, 1000, 0x7fffffff),
  }
  return {
    limits,
    functions: checkChoice(call, 'functions', options.functions ?? 'auto', ['auto', 'java', 'sql']),
  }
}
