import { parentPort, workerData } from 'node:worker_threads'
import { InputError } from 'nigh'
import type { ArrowMessage } from './arrow.ts'
import { decodeArrow } from './arrow-decode.ts'

// A thread that decodes one Arrow file and ends.

const message = decode()
parentPort?.postMessage(message, 'contents' in message ? buffersOf(message.contents.columns) : [])

function decode(): ArrowMessage {
  try {
    const { name, bytes, options } = workerData
    return { contents: decodeArrow(name, bytes, options) }
  } catch (error) {
    if (error instanceof InputError) return { code: error.code, param: error.param, message: error.message }
    return { code: '', param: '', message: error instanceof Error ? error.message : String(error) }
  }
}

function buffersOf(columns: readonly { readonly values: ArrayBufferView }[]): ArrayBuffer[] {
  const buffers = new Set<ArrayBuffer>()
  for (const { values } of columns) if (values.buffer instanceof ArrayBuffer) buffers.add(values.buffer)
  return [...buffers]
}
