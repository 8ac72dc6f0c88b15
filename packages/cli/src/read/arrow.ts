import { existsSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import { InputError } from 'nigh'
import type { FileContents } from './csv.ts'
import type { ArrowOptions } from './arrow-decode.ts'
import { checkEstimate } from './limits.ts'
import type { ReadOptions } from './options.ts'
import { readBytes } from './source.ts'
import type { Source } from './source.ts'

/**
 * Reads an Arrow IPC file or stream (Feather 2), its buffers plain or packed with LZ4 or Zstandard. Numbers, true and false, text (also as a dictionary), dates and
 * timestamps are columns.
 *
 * The decoding happens on a thread of its own, which is ended when it takes too long: hostile files can make it loop.
 *
 * @throws {InputError} E_ARROW for everything that is not a sound Arrow file, E_MEMORY, E_NONFINITE
 */
export async function readArrow(source: Source, options: ReadOptions): Promise<FileContents> {
  checkEstimate(source.name, Math.ceil(source.size / 8), 1, options.maxBytes)
  const bytes = readBytes(source, 0, source.size)
  const { only, dispensable, maxBytes, signal } = options
  return decodeApart(
    source.name,
    bytes,
    { only, maxBytes, ...(dispensable === undefined ? {} : { dispensable }) },
    signal,
  )
}

/** Milliseconds between two looks at a thread that decodes. */
const beat = 100

/**
 * Decodes an Arrow file or stream on a thread of its own. The bytes go to that thread.
 *
 * @throws {InputError} E_ARROW, E_MEMORY, E_NONFINITE; the signal's reason
 */
export async function decodeApart(
  name: string,
  bytes: Uint8Array<ArrayBuffer>,
  options: ArrowOptions,
  signal: AbortSignal | undefined,
): Promise<FileContents> {
  // Sound files take about a second for 200 MB.
  const patience = 5000 + bytes.length / 5000
  return new Promise((resolve, reject) => {
    const worker = new Worker(workerFile(), {
      workerData: { name, bytes, options },
      transferList: [bytes.buffer],
      resourceLimits: { maxOldGenerationSizeMb: 2048 },
    })
    const fail = (reason: string): void =>
      end(() =>
        reject(new InputError('E_ARROW', 'file', `${name}: this is not a sound Arrow file (${reason})`)),
      )
    const abort = (): void => end(() => reject(signal?.reason))
    // Counted in beats, not by the clock: a process that was stopped for an hour, or a laptop that slept, missed all
    // but one of them.
    let beats = 0
    const timer = setInterval(() => {
      beats++
      if (beats * beat >= patience) fail(`decoding it takes longer than ${Math.round(patience / 1000)} s`)
    }, beat)
    signal?.addEventListener('abort', abort)
    const end = (settle: () => void): void => {
      clearInterval(timer)
      signal?.removeEventListener('abort', abort)
      settle()
      void worker.terminate()
    }
    worker.on('message', (message: ArrowMessage) => {
      if ('contents' in message) end(() => resolve(message.contents))
      else if (message.code === '') fail(message.message)
      else
        end(() =>
          reject(
            new InputError(message.code === '' ? 'E_ARROW' : message.code, message.param, message.message),
          ),
        )
    })
    worker.on('error', (error) => fail(error.message))
    worker.on('exit', () => fail('its decoding broke off'))
  })
}

/** From the decoding thread: the contents, or an error (of nigh's, where it has a code). */
export type ArrowMessage =
  | { readonly contents: FileContents }
  | { readonly code: InputError['code'] | ''; readonly param: string; readonly message: string }

/** The built thread, also where this file itself runs unbuilt, as in tests: Node 20 starts no thread in TypeScript. */
function workerFile(): URL {
  const beside = new URL('./arrow-worker.js', import.meta.url)
  return existsSync(beside) ? beside : new URL('../../dist/read/arrow-worker.js', import.meta.url)
}
