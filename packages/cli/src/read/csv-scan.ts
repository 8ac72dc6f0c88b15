import { isUtf8 } from 'node:buffer'
import { InputError } from 'nigh'
import { blocksOf } from './source.ts'
import type { Source } from './source.ts'

const LF = 10
const CR = 13
const QUOTE = 34

/** What one quick look over all bytes of a CSV file finds. */
export interface ByteScan {
  /** Lines, the last one with or without a newline. */
  readonly lines: number
  /** Lines without a byte. */
  readonly blankLines: number
  /** Bytes of the longest line. */
  readonly longestLine: number
  readonly quotes: boolean
  /** After the first line, an underscore or a plus sign before a minus: DuckDB would take 1_000 and +-5 for numbers. */
  readonly oddNumbers: boolean
  /** Some line ends with the delimiter: DuckDB would drop an empty cell too many. */
  readonly trailingDelimiters: boolean
  readonly returns: boolean
  /** Some line has another number of delimiters than the first. */
  readonly ragged: boolean
}

/**
 * One pass over the bytes, at memory speed.
 *
 * @throws {InputError} E_CSV at the first NUL byte and the first byte that is not UTF-8
 */
export function scanBytes(source: Source, delimiter: string): ByteScan {
  let newlines = 0
  let longestLine = 0
  let line = 0
  let blankLines = 0
  let quotes = false
  let oddNumbers = false
  let trailingDelimiters = false
  let returns = false
  let ragged = false
  let cells = -1
  let marks = 0
  let at = 0
  let held = new Uint8Array(0)
  const separator = delimiter.charCodeAt(0)
  let previous = 0
  for (const block of blocksOf(source)) {
    const bytes = Buffer.from(block.buffer, block.byteOffset, block.length)
    const nul = bytes.indexOf(0)
    if (nul >= 0) {
      throw new InputError(
        'E_CSV',
        'file',
        `${source.name}: byte ${at + nul} (line ${newlines + count(bytes, nul) + 1}) is a NUL: this is not a text file`,
      )
    }
    // A character may straddle two blocks: its first bytes are held for the next.
    const joined = held.length === 0 ? bytes : Buffer.concat([held, bytes])
    const whole = joined.length - unfinished(joined)
    if (!isUtf8(joined.subarray(0, whole))) {
      const bad = firstInvalid(joined.subarray(0, whole))
      throw invalidByte(source.name, at - held.length + bad, joined[bad], newlines + count(joined, bad) + 1)
    }
    held = Uint8Array.from(joined.subarray(whole))
    quotes ||= bytes.includes(QUOTE)
    returns ||= bytes.includes(CR)
    // Names may hold anything: the first line does not count.
    const body = at === 0 ? bytes.subarray(Math.max(0, bytes.indexOf(LF))) : bytes
    oddNumbers ||= body.includes(95) || body.includes('+-')
    for (let i = 0; i < bytes.length; i++) {
      if (bytes[i] === separator) marks++
      if (bytes[i] !== LF) continue
      newlines++
      if (at + i === line) blankLines++
      else if (cells < 0) cells = marks
      else ragged ||= marks !== cells
      marks = 0
      const before = i === 0 ? previous : bytes[i - 1]
      if (before === separator || before === CR) {
        const last = before === CR ? (i > 1 ? bytes[i - 2] : separator) : before
        trailingDelimiters ||= last === separator
      }
      if (at + i - line > longestLine) longestLine = at + i - line
      line = at + i + 1
    }
    previous = bytes[bytes.length - 1]
    at += bytes.length
  }
  if (held.length > 0) throw invalidByte(source.name, at - held.length, held[0], newlines + 1)
  trailingDelimiters ||= previous === separator
  if (at > line && cells >= 0) ragged ||= marks !== cells
  return {
    lines: newlines + (at > line ? 1 : 0),
    blankLines,
    longestLine: Math.max(longestLine, at - line),
    quotes,
    oddNumbers,
    trailingDelimiters,
    returns,
    ragged,
  }
}

/** What {@link walkRecords} finds. */
export interface RecordWalk {
  /** Records after the header, blank lines left out. */
  readonly records: number
  /** Bytes of the longest record. */
  readonly longestRecord: number
  /** The line on which the wanted record begins, or 0. */
  readonly line: number
}

/**
 * Reads a CSV file's structure byte by byte and refuses everything that RFC 4180 does not allow, so that no reader can
 * guess: quotation marks inside an unquoted cell, text after a closing one, rows of another length, a quotation that
 * does not end, line ends of two kinds.
 *
 * @param columns cells that every row must have
 * @param wanted the record (0 = first after the header) whose line is asked for, or undefined
 * @throws {InputError} E_CSV naming the line
 */
export function walkRecords(
  source: Source,
  delimiter: string,
  columns: number,
  header: boolean,
  wanted?: number,
): RecordWalk {
  const separator = delimiter.charCodeAt(0)
  let state: 'start' | 'plain' | 'quoted' | 'closed' = 'start'
  let line = 1
  let recordLine = 1
  let quoteLine = 1
  let cells = 1
  let empty = true
  let record = header ? -1 : 0
  let at = 0
  let recordStart = 0
  let longestRecord = 0
  let found = 0
  let end: 'none' | 'LF' | 'CRLF' | 'CR' = 'none'
  let pendingReturn = false
  const fail = (where: number, problem: string): InputError =>
    new InputError('E_CSV', 'file', `${source.name}: line ${where}: ${problem}`)
  const endLine = (kind: 'LF' | 'CRLF' | 'CR'): void => {
    if (end === 'none') end = kind
    else if (end !== kind) {
      throw fail(
        line,
        `this line ends in ${kind}, the lines before it in ${end}; save the file with one kind of line end`,
      )
    }
  }
  const endRecord = (): void => {
    if (!(empty && cells === 1)) {
      if (cells !== columns) {
        throw fail(
          recordLine,
          `${cells} ${cells === 1 ? 'cell' : 'cells'}, but ${header ? 'the header has' : 'the first line has'} ${columns}`,
        )
      }
      if (record === wanted) found = recordLine
      record++
    } else if (columns === 1) {
      throw fail(
        recordLine,
        'a blank line in a file of one column: write NA if it is a missing value, or remove it',
      )
    }
    longestRecord = Math.max(longestRecord, at - recordStart)
    cells = 1
    empty = true
    state = 'start'
  }
  let first = true
  for (const block of blocksOf(source)) {
    let i = first && block[0] === 0xef && block[1] === 0xbb && block[2] === 0xbf ? 3 : 0
    first = false
    const blockStart = at
    for (; i < block.length; i++) {
      at = blockStart + i
      const byte = block[i]
      if (pendingReturn) {
        pendingReturn = false
        if (byte === LF) {
          endLine('CRLF')
          endRecord()
          line++
          recordLine = line
          recordStart = at + 1
          if (found > 0) return { records: record, longestRecord, line: found }
          continue
        }
        endLine('CR')
        endRecord()
        line++
        recordLine = line
        recordStart = at
      }
      if (state === 'quoted') {
        if (byte === QUOTE) state = 'closed'
        else if (byte === LF) line++
        continue
      }
      if (byte === separator) {
        cells++
        empty = false
        state = 'start'
      } else if (byte === LF) {
        endLine('LF')
        endRecord()
        line++
        recordLine = line
        recordStart = at + 1
        if (found > 0) return { records: record, longestRecord, line: found }
      } else if (byte === CR) {
        pendingReturn = true
      } else if (byte === QUOTE) {
        if (state === 'plain')
          throw fail(line, `cell ${cells} has a quotation mark inside, but does not begin with one`)
        quoteLine = state === 'start' ? line : quoteLine
        state = 'quoted'
        empty = false
      } else {
        if (state === 'closed') throw fail(line, `cell ${cells} goes on after its closing quotation mark`)
        state = 'plain'
        empty = false
      }
    }
    at = blockStart + block.length
  }
  if (state === 'quoted') throw fail(quoteLine, 'the quotation that opens here is never closed')
  if (pendingReturn) endLine('CR')
  if (!(empty && cells === 1)) endRecord()
  return { records: Math.max(0, record), longestRecord, line: found }
}

function count(bytes: Uint8Array, until: number): number {
  let lines = 0
  for (let i = 0; i < until; i++) if (bytes[i] === LF) lines++
  return lines
}

/** How many bytes at the end belong to a character that goes on in the next block. */
function unfinished(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back]
    if (byte < 0x80) return 0
    if (byte >= 0xc0) {
      const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2
      return length > back ? back : 0
    }
  }
  return 0
}

function firstInvalid(bytes: Buffer): number {
  let low = 0
  let high = bytes.length
  // The longest valid beginning, by halves; a cut inside a character counts as valid up to that character.
  while (low < high) {
    const middle = (low + high + 1) >> 1
    const part = bytes.subarray(0, middle)
    if (isUtf8(part.subarray(0, middle - unfinished(part)))) low = middle
    else high = middle - 1
  }
  return low - unfinished(bytes.subarray(0, low))
}

function invalidByte(name: string, at: number, byte: number, line: number): InputError {
  return new InputError(
    'E_CSV',
    'file',
    `${name}: line ${line}, byte ${at} (0x${byte.toString(16).padStart(2, '0')}) is not valid UTF-8; set --encoding latin1 if the file is in Latin-1`,
  )
}
