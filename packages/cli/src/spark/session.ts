import type { Spark } from '@nigh/spark'
import { InputError } from 'nigh'
import type { Run } from '../run.ts'
import { show } from '../show/text.ts'

/** Options of commands that may run on a Spark cluster. */
export interface SparkFlags {
  /** sc://host:port/;use_ssl=true;… */
  readonly spark?: string | undefined
  readonly sparkToken?: string | undefined
  /** Column that tells the cluster's rows apart. */
  readonly id?: string | undefined
}

/** The package that speaks to Spark: loaded only where it is asked for. */
type SparkPackage = typeof import('@nigh/spark')

/**
 * Opens a session, does the work, and closes it.
 *
 * The token comes from `--spark-token`, or the variable that Spark's own clients read.
 *
 * @throws {InputError} E_FILE where @nigh/spark is not installed, the server cannot be reached, or Spark refuses the work
 */
export async function onSpark(
  flags: SparkFlags & { readonly threads?: number | undefined },
  run: Run,
  work: (spark: Spark) => Promise<void>,
  load: () => Promise<SparkPackage> = () => import('@nigh/spark'),
): Promise<void> {
  const { SparkError, connect } = await loaded(load)
  const token = flags.sparkToken ?? process.env.SPARK_CONNECT_AUTHENTICATE_TOKEN ?? ''
  try {
    const spark = await run.time('connect', 'connecting to Spark', () =>
      connect(flags.spark ?? '', token === '' ? {} : { token }),
    )
    try {
      if (!spark.java)
        run.warn('the server takes no jar: searches are plain SQL, and K-Means is the one of Spark')
      if (flags.threads !== undefined) run.warn('--threads is about this machine; the cluster has its own')
      await work(spark)
    } finally {
      await spark.close()
    }
  } catch (error) {
    run.signal.throwIfAborted()
    if (error instanceof SparkError) throw refusal(error)
    throw error
  }
}

/** @nigh/spark, or a sentence that says how to get it. */
async function loaded(load: () => Promise<SparkPackage>): Promise<SparkPackage> {
  try {
    return await load()
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND') {
      throw new InputError(
        'E_FILE',
        'spark',
        '--spark needs the package @nigh/spark, which is not installed: npm install @nigh/spark',
      )
    }
    throw error
  }
}

/** The first lines of what Spark says, in a sentence of the command. */
function refusal(error: { readonly message: string; readonly grpcCode: number }): InputError {
  const [first = ''] = error.message.split(/\n|SQLSTATE/)
  const hint =
    error.grpcCode === 16
      ? ' (set --spark-token, or SPARK_CONNECT_AUTHENTICATE_TOKEN)'
      : error.grpcCode === 14
        ? ' (is a Spark Connect server there?)'
        : ''
  return new InputError('E_FILE', 'spark', `--spark: ${first.slice(0, 600).trim()}${hint}`)
}

/** Refuses options that need all rows on this machine. */
export function refuseFlags(
  flags: Readonly<Record<string, string | number | undefined>>,
  why: Readonly<Record<string, string>>,
): void {
  for (const [name, reason] of Object.entries(why)) {
    if (flags[name] === undefined) continue
    const option = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
    throw new InputError(
      'E_PARAM',
      option,
      `--${option} ${show(String(flags[name]))} does not go with --spark: ${reason}`,
    )
  }
}
