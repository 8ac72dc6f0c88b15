import { readFileSync } from 'node:fs'
import { CommanderError } from '@commander-js/extra-typings'
import { InputError } from 'nigh'
import { runProgram } from './program.ts'
import { visible } from './show/text.ts'
import { discardSpools } from './read/source.ts'
import { discardDrafts, unwritable } from './write/replace.ts'

/**
 * The command: runs it and sets the exit code. 0 for an answer, 2 for bad usage or input, 130 when interrupted, 1 for a
 * defect of ours. Never throws.
 */
export async function main(args: readonly string[]): Promise<void> {
  const abort = new AbortController()
  const interrupted = new DOMException('interrupted', 'AbortError')
  const stop = (code: number): void => {
    // A second time means at once: whatever hangs.
    if (abort.signal.aborted) {
      discardAll()
      process.exit(code)
    }
    abort.abort(interrupted)
    // Whatever does not hear of it in five seconds is left as it is.
    setTimeout(() => {
      discardAll()
      report(interrupted, args, true)
      process.exit(code)
    }, 5000).unref()
  }
  process.on('SIGINT', () => stop(130))
  process.on('SIGTERM', () => stop(143))
  // The reader went away, as `| head` does: nothing is wrong.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    discardAll()
    process.exit(error.code === 'EPIPE' ? 0 : report(unwritable('standard output', error), args, false))
  })
  process.on('uncaughtException', (error) => {
    discardAll()
    process.exit(report(error, args, false))
  })
  try {
    await runProgram(args, version(), abort.signal)
  } catch (error) {
    process.exitCode = report(error, args, abort.signal.aborted)
    discardAll()
    // Threads that were in the middle of something must not keep an interrupted process alive.
    if (abort.signal.aborted) process.exit()
  }
}

/** Leaves no half file behind. */
function discardAll(): void {
  discardDrafts()
  discardSpools()
}

/** Prints one message and says the exit code. */
function report(error: unknown, args: readonly string[], aborted: boolean): number {
  const command = args.find((one) => /^[a-z][a-z-]*$/.test(one))
  const say = (text: string): void =>
    void process.stderr.write(`nigh${command === undefined ? '' : ` ${command}`}: ${text}\n`)
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
  if (aborted) {
    say('interrupted; nothing was written')
    return 130
  }
  if (error instanceof InputError) {
    say(visible(inFlags(error.message)))
    return 2
  }
  if (
    error instanceof RangeError &&
    /allocation failed|Invalid (typed )?array length|Invalid array buffer length/i.test(error.message)
  ) {
    say('there is not enough memory for this; use fewer columns or rows')
    return 2
  }
  if (error instanceof Error && 'code' in error && error.code === 'EPIPE') return 0
  const message = error instanceof Error ? error.message : String(error)
  say(`this is a defect of nigh, not of your data: ${visible(message)}`)
  if (process.env.NIGH_DEBUG !== undefined && error instanceof Error)
    process.stderr.write(`${error.stack ?? ''}\n`)
  else
    process.stderr.write(
      'Please report it with the command that you ran (NIGH_DEBUG=1 shows where it happened).\n',
    )
  return 1
}

/** The library's sentence in the command's words: `KMeans.fit: nInit must …` becomes `--n-init must …`. */
function inFlags(message: string): string {
  return message
    .replace(/^(?:[A-Z]\w*\.)?[a-z]\w*(?:\.\w+)?: (?=\S)/, (call) =>
      /^(?:[A-Z]\w*\.[a-zA-Z]+|chooseK|chooseNeighbors): $/.test(call) ? '' : call,
    )
    .replace(
      /^(k|init|nInit|maxIterations|tolerance|seed|threads|weights|metric|p|scale|missing|log|minSize|maxSize|batchSize|gamma|categorical|sphereRadius|from|to|maxCategories)(?= must )/,
      flag,
    )
    .replace(/\b(missing|unseen): '(\w+)'/g, '--$1 $2')
    .replace(/\bmaxCategories\b/g, '--max-categories')
    .replace('name the ones to use in columns', 'name the ones to use with --columns')
}

function flag(option: string): string {
  return `--${option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
}

function version(): string {
  const text: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
  return text !== null && typeof text === 'object' && 'version' in text ? String(text.version) : ''
}
