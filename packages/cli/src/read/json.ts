import { InputError } from 'nigh'
import type { Column } from 'nigh'
import { show } from '../show/text.ts'
import { parseDate } from './cells.ts'
import type { FileContents } from './csv.ts'
import { checkEstimate, inBytes } from './limits.ts'
import { isDispensable, leftOut } from './options.ts'
import type { ReadOptions, ReadWarning } from './options.ts'
import { hasRounded, roundedNumbers } from './rounded.ts'
import { blocksOf, readBytes } from './source.ts'
import type { Source } from './source.ts'

/** V8 holds no longer text. */
const longestText = 512 * 1024 * 1024 - 1024

/**
 * Reads a JSON file: one array of objects, a row each.
 *
 * Numbers, true and false, text and null are cells; a column of ISO dates becomes dates. Nothing else is converted:
 * "7" stays text.
 *
 * @throws {InputError} E_JSON, naming the line or the row
 */
export function readJson(source: Source, options: ReadOptions): FileContents {
  if (source.size > longestText) {
    throw new InputError(
      'E_JSON',
      'file',
      `${source.name}: a JSON file may have up to ${inBytes(longestText)}; write one object a line (.ndjson) instead`,
    )
  }
  const text = decode(source, readBytes(source, 0, source.size))
  if (text.trim() === '') throw new InputError('E_EMPTY', 'file', `${source.name}: the file is empty`)
  const parsed = parse(source.name, text, 1)
  if (!Array.isArray(parsed)) {
    throw new InputError(
      'E_JSON',
      'file',
      `${source.name}: the file must hold an array of objects, [{…}, {…}]`,
    )
  }
  checkDuplicateKeys(source.name, text, 1)
  const rows = new RecordColumns(source.name, options)
  for (const [at, record] of parsed.entries()) rows.push(record, `row ${at + 1}`)
  return rows.finish()
}

/**
 * Reads an NDJSON file: one object a line, a row each; blank lines are left out. Cells as in {@link readJson}.
 *
 * @throws {InputError} E_JSON, naming the line
 */
export function readNdjson(source: Source, options: ReadOptions): FileContents {
  const rows = new RecordColumns(source.name, options)
  let line = 0
  let done = 0
  let rest: Uint8Array[] = []
  const take = (bytes: Uint8Array): void => {
    line++
    const text = decode(source, bytes)
    if (text.trim() === '') return
    const record = parse(source.name, text, line)
    checkDuplicateKeys(source.name, text, line)
    rows.push(record, `line ${line}`)
  }
  for (const block of blocksOf(source)) {
    options.signal?.throwIfAborted()
    let from = 0
    for (let end = block.indexOf(10); end >= 0; end = block.indexOf(10, from)) {
      const part = block.subarray(from, end)
      take(rest.length === 0 ? part : Buffer.concat([...rest, part]))
      rest = []
      from = end + 1
    }
    if (from < block.length) rest.push(Uint8Array.from(block.subarray(from)))
    done += block.length
    options.onProgress?.(done / source.size)
  }
  if (rest.length > 0) take(Buffer.concat(rest))
  return rows.finish()
}

function decode(source: Source, bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new InputError('E_JSON', 'file', `${source.name}: the file is not valid UTF-8`)
  }
}

function parse(name: string, text: string, line: number): unknown {
  try {
    return JSON.parse(text)
  } catch {
    const at = firstFault(text)
    const before = text.slice(0, at)
    const lines = before.split('\n')
    throw new InputError(
      'E_JSON',
      'file',
      `${name}: line ${line + lines.length - 1}, character ${lines[lines.length - 1].length + 1}: ` +
        (at >= text.trimEnd().length
          ? 'the JSON ends too early'
          : `this is not JSON (${show(text.slice(at, at + 20))})`),
    )
  }
}

/**
 * Where text stops being JSON: V8's own messages leave that out, or show a piece of the text instead.
 * One pass, without recursion.
 */
function firstFault(text: string): number {
  const blank = /[ \t\n\r]*/y
  const scalar = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y
  // biome-ignore format: one token, one line
  // oxlint-disable-next-line no-control-regex
  const string = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y
  const open: ('{' | '[')[] = []
  let at = 0
  let expected: 'value' | 'key' | 'first key' | 'first value' | 'after' = 'value'
  const take = (pattern: RegExp): boolean => {
    pattern.lastIndex = at
    if (!pattern.test(text)) return false
    at = pattern.lastIndex
    return true
  }
  while (true) {
    take(blank)
    const mark = text[at]
    if (expected === 'after') {
      const within = open[open.length - 1]
      if (mark === (within === '{' ? '}' : ']') && within !== undefined) {
        at++
        open.pop()
      } else if (mark === ',' && within !== undefined) {
        at++
        expected = within === '{' ? 'key' : 'value'
      } else return at
    } else if (expected === 'key' || expected === 'first key') {
      if (mark === '}' && expected === 'first key') {
        at++
        open.pop()
        expected = 'after'
      } else {
        if (!take(string)) return at
        take(blank)
        if (text[at] !== ':') return at
        at++
        expected = 'value'
      }
    } else if (mark === ']' && expected === 'first value') {
      at++
      open.pop()
      expected = 'after'
    } else if (mark === '{' || mark === '[') {
      at++
      open.push(mark)
      expected = mark === '{' ? 'first key' : 'first value'
    } else if (take(string) || take(scalar)) expected = 'after'
    else return at
  }
}

/**
 * JSON.parse keeps the last of two equal keys in silence, so the keys of each object are looked at here.
 * The text is known to be JSON.
 *
 * @throws {InputError} E_JSON
 */
function checkDuplicateKeys(name: string, text: string, firstLine: number): void {
  const open: (Set<string> | undefined)[] = []
  let at = 0
  while (at < text.length) {
    const code = text.charCodeAt(at)
    if (code === 123) open.push(new Set())
    else if (code === 91) open.push(undefined)
    else if (code === 125 || code === 93) open.pop()
    else if (code === 34) {
      const from = at
      for (at++; text.charCodeAt(at) !== 34; at++) if (text.charCodeAt(at) === 92) at++
      let next = at + 1
      while (text.charCodeAt(next) <= 32) next++
      const keys = open[open.length - 1]
      if (text.charCodeAt(next) === 58 && keys !== undefined) {
        const key: unknown = JSON.parse(text.slice(from, at + 1))
        const known = String(key)
        if (keys.has(known)) {
          const line = firstLine + text.slice(0, from).split('\n').length - 1
          throw new InputError(
            'E_JSON',
            'file',
            `${name}: line ${line}: the key ${show(known)} stands twice in one object`,
          )
        }
        keys.add(known)
      }
    }
    at++
  }
}

type Kind = 'number' | 'boolean' | 'text'

interface RecordColumn {
  kind: Kind | undefined
  readonly cells: (number | boolean | string | null)[]
}

/** Collects records into columns. */
class RecordColumns {
  readonly #name: string
  readonly #options: ReadOptions
  readonly #columns: Map<string, RecordColumn> = new Map()
  readonly #left: Set<string> = new Set()
  #rows = 0

  constructor(name: string, options: ReadOptions) {
    this.#name = name
    this.#options = options
  }

  /** @param place where the record stands, for messages */
  push(record: unknown, place: string): void {
    if (record === null || typeof record !== 'object' || Array.isArray(record)) {
      throw new InputError('E_JSON', 'file', `${this.#name}: ${place} must be an object, {"column": value}`)
    }
    for (const [key, value] of Object.entries(record)) {
      if (this.#options.only?.includes(key) === false || this.#left.has(key)) continue
      if (value !== null && typeof value === 'object' && isDispensable(this.#options, key)) {
        this.#left.add(key)
        this.#columns.delete(key)
        continue
      }
      let column = this.#columns.get(key)
      if (column === undefined) {
        column = { kind: undefined, cells: [] }
        this.#columns.set(key, column)
        if (this.#columns.size % 10_000 === 0) {
          checkEstimate(this.#name, this.#rows, this.#columns.size, this.#options.maxBytes)
        }
      }
      while (column.cells.length < this.#rows) column.cells.push(null)
      column.cells.push(this.#cell(value, column, key, place))
    }
    this.#rows++
  }

  finish(): FileContents {
    if (this.#rows === 0) throw new InputError('E_EMPTY', 'file', `${this.#name}: the file has no rows`)
    const warnings: ReadWarning[] = [...this.#left].map((key) =>
      leftOut(this.#name, key, 'arrays or objects'),
    )
    const columns: Column[] = []
    for (const [name, { kind, cells }] of this.#columns) {
      while (cells.length < this.#rows) cells.push(null)
      if (name.trim() === '') throw new InputError('E_JSON', 'file', `${this.#name}: a key is blank; name it`)
      const column = columnOf(name, kind ?? 'number', cells)
      if (hasRounded(column)) {
        warnings.push(roundedNumbers(this.#name, name, '; written as text, "…", they keep their digits'))
      }
      columns.push(column)
    }
    if (columns.length === 0) {
      const holds = warnings.length === 0 ? '' : ' but of arrays or objects, which are not cells'
      throw new InputError('E_EMPTY', 'file', `${this.#name}: the rows have no columns${holds}`)
    }
    return { columns, warnings }
  }

  #cell(value: unknown, column: RecordColumn, key: string, place: string): number | boolean | string | null {
    if (value === null) return null
    const kind = typeof value
    const refuse = (problem: string): InputError =>
      new InputError('E_JSON', key, `${this.#name}: ${place}, key ${show(key)} ${problem}`)
    if (typeof value === 'object' || kind === 'undefined') {
      throw refuse(
        `holds ${Array.isArray(value) ? 'an array' : 'an object'}; leave it out with --ignore ${show(key)}`,
      )
    }
    if (typeof value === 'number' && !Number.isFinite(value)) {
      throw new InputError(
        'E_NONFINITE',
        key,
        `${this.#name}: ${place}, key ${show(key)} is beyond the largest number, 1.8e308`,
      )
    }
    const found: Kind = typeof value === 'number' ? 'number' : typeof value === 'boolean' ? 'boolean' : 'text'
    column.kind ??= found
    if (column.kind !== found) {
      throw refuse(`is ${found === 'number' ? 'a number' : found}, but ${column.kind} in the rows before`)
    }
    return typeof value === 'number' || typeof value === 'boolean' || typeof value === 'string' ? value : null
  }
}

function columnOf(name: string, kind: Kind, cells: readonly (number | boolean | string | null)[]): Column {
  if (kind === 'number') {
    return {
      name,
      type: 'number',
      values: Float64Array.from(cells, (cell) => (cell === null ? Number.NaN : Number(cell))),
    }
  }
  if (kind === 'boolean') {
    return {
      name,
      type: 'boolean',
      values: Uint8Array.from(cells, (cell) => (cell === null ? 255 : Number(cell))),
    }
  }
  const dates = cells.map((cell) => (cell === null ? Number.NaN : parseDate(String(cell))))
  if (dates.every((date) => date !== undefined))
    return { name, type: 'date', values: Float64Array.from(dates) }
  const codes = new Map<string, number>()
  const values = Int32Array.from(cells, (cell) => {
    if (cell === null) return -1
    const text = String(cell)
    const code = codes.get(text) ?? codes.size
    codes.set(text, code)
    return code
  })
  return { name, type: 'text', values, categories: [...codes.keys()] }
}
