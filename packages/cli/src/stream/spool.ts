import { readSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { DuckDBVarCharVector } from '@duckdb/node-api'
import type { DuckDBVector } from '@duckdb/node-api'
import { InputError, Table } from 'nigh'
import type { Column } from 'nigh'
import { wrongVector, itemsOf } from '../read/columns.ts'
import type { ColumnBuilder } from '../read/columns.ts'
import { inBytes } from '../read/limits.ts'
import { Spool } from '../read/source.ts'
import type { Source } from '../read/source.ts'
import type { ColumnStore } from '../read/store.ts'
import { show } from '../show/text.ts'

/** A column whose cells lie on the disk. */
export interface SpooledColumn {
  readonly name: string
  readonly type: Column['type']
  /** Whether numbers are float32. */
  readonly single: boolean
  readonly categories: readonly string[]
  /** Whether a date column holds whole days only, and whether any cell is missing. */
  readonly daysOnly: boolean
  readonly missing: boolean
  readonly file: Source
}

/**
 * Columns on the disk, each in a temporary file of its own: as large as they are, and gone with the process. What is in
 * memory is one column at a time, and the different texts of each text column.
 */
export class SpooledColumns implements ColumnStore {
  readonly columns: SpooledColumn[] = []
  readonly #file: string
  readonly #open: Set<Source> = new Set()
  /** The file of a column that was read back and not changed since. */
  readonly #behind: WeakMap<ArrayBufferView, Source> = new WeakMap()

  /** @param file how messages name what is read */
  constructor(file: string) {
    this.#file = file
  }

  numbers(_rows: number, type: 'number' | 'date' = 'number', single = false): ColumnBuilder {
    return this.#builder(single ? Float32Array : Float64Array, (name, values) =>
      type === 'date'
        ? { name, type, values: Float64Array.from(values) }
        : { name, type, values: values instanceof Float32Array ? values : plainNumbers(values) },
    )
  }

  booleans(_rows: number): ColumnBuilder {
    return this.#builder(Uint8Array, (name, values) => ({
      name,
      type: 'boolean',
      values: values instanceof Uint8Array ? values : Uint8Array.from(values),
    }))
  }

  texts(_rows: number): ColumnBuilder {
    const codes = new Map<string, number>()
    const categories: string[] = []
    const cells = this.#builder(Int32Array, (name, values) => ({
      name,
      type: 'text',
      values: values instanceof Int32Array ? values : Int32Array.from(values),
      categories,
    }))
    return {
      append: (vector, rows) => {
        if (!(vector instanceof DuckDBVarCharVector)) throw wrongVector(vector)
        const chunk = new Int32Array(rows)
        for (let i = 0; i < rows; i++) {
          const text = vector.getItem(i)
          chunk[i] = text === null ? -1 : (codes.get(text) ?? codes.size)
          if (text === null || codes.has(text)) continue
          codes.set(text, codes.size)
          categories.push(text)
          if (categories.length > mostTexts) throw new TooManyTexts(this.#file)
        }
        cells.take(chunk)
      },
      finish: (name) => cells.finish(name),
    }
  }

  /** A column that comes in parts. */
  joined(): JoinedColumn {
    // Parts without a cell look like numbers, whatever the others hold.
    let nothing = 0
    let single = false
    let instants = false
    let type: Column['type'] | null = null
    const codes = new Map<string, number>()
    const categories: string[] = []
    let cells: (ColumnBuilder & { take: (cells: Cells) => void }) | null = null
    const start = (of: Column['type']): ColumnBuilder & { take: (cells: Cells) => void } => {
      const Kind =
        of === 'text' ? Int32Array : of === 'boolean' ? Uint8Array : single ? Float32Array : Float64Array
      const hole = of === 'text' ? -1 : of === 'boolean' ? 255 : Number.NaN
      const begun = this.#builder(Kind, (name, values) => columnFrom(name, of, values, categories))
      for (let left = nothing; left > 0; left -= 1 << 16)
        begun.take(new Kind(Math.min(left, 1 << 16)).fill(hole))
      type = of
      cells = begun
      return begun
    }
    return {
      append: (column) => {
        const { values } = column
        const isNumber = column.type === 'number' || column.type === 'date'
        if (isNumber && (type === null || type !== column.type) && values.every(Number.isNaN)) {
          single ||= values instanceof Float32Array
          instants ||= column.type === 'date'
          if (cells === null) nothing += values.length
          else if (type === 'text') cells.take(new Int32Array(values.length).fill(-1))
          else cells.take(new Uint8Array(values.length).fill(255))
          return true
        }
        if (type !== null && type !== column.type) return false
        if (type === null) single = values instanceof Float32Array
        const to = cells ?? start(column.type)
        if (column.type !== 'text') {
          to.take(values)
          return true
        }
        const own = column.categories.map((text) => {
          const code = codes.get(text) ?? codes.size
          if (!codes.has(text)) {
            codes.set(text, code)
            categories.push(text)
          }
          return code
        })
        if (categories.length > mostTexts) throw new TooManyTexts(this.#file)
        to.take(Int32Array.from(values, (code) => (code < 0 ? -1 : own[code])))
        return true
      },
      finish: (name) => (cells ?? start(instants ? 'date' : 'number')).finish(name),
    }
  }

  #builder(
    Cells: CellsKind,
    columnOf: (name: string, values: Cells) => Column,
  ): ColumnBuilder & { take: (cells: Cells) => void } {
    const spool = new Spool(this.#file)
    const buffer = new Uint8Array(1 << 18)
    let filled = 0
    let file: Source | null = null
    const flush = (): void => {
      spool.write(buffer.subarray(0, filled))
      filled = 0
    }
    const take = (cells: Cells): void => {
      const bytes = new Uint8Array(cells.buffer, cells.byteOffset, cells.byteLength)
      for (let from = 0; from < bytes.length; ) {
        const some = Math.min(bytes.length - from, buffer.length - filled)
        buffer.set(bytes.subarray(from, from + some), filled)
        filled += some
        from += some
        if (filled === buffer.length) flush()
      }
    }
    return {
      take,
      append: (vector: DuckDBVector, rows: number) => {
        const items = itemsOf(vector)
        if (!(items instanceof Cells)) throw wrongVector(vector)
        take(items.length === rows ? items : items.subarray(0, rows))
      },
      finish: (name) => {
        if (file === null) {
          flush()
          file = spool.finish()
          this.#open.add(file)
        }
        const column = columnOf(name, readCells(file, Cells, 0, file.size / Cells.BYTES_PER_ELEMENT))
        this.#behind.set(column.values, file)
        return column
      },
    }
  }

  keep(column: Column): Column {
    let file = this.#behind.get(column.values)
    if (file === undefined) {
      const spool = new Spool(this.#file)
      spool.write(new Uint8Array(column.values.buffer, column.values.byteOffset, column.values.byteLength))
      file = spool.finish()
      this.#open.add(file)
    }
    const { name, type, values } = column
    const days = type === 'date' && values.every((value) => Number.isNaN(value) || value % 86_400_000 === 0)
    this.columns.push({
      name,
      type,
      single: values instanceof Float32Array,
      categories: type === 'text' ? column.categories : [],
      daysOnly: days,
      missing: hasHole(column),
      file,
    })
    return column.type === 'text' ? { ...column, values: new Int32Array(0) } : emptied(column)
  }

  /** Gives the disk back. */
  close(): void {
    for (const file of this.#open) file.close()
    this.#open.clear()
  }
}

/** A column that comes in parts, each in memory. */
export interface JoinedColumn {
  /** Takes the next cells; false where they are of another kind than those before. */
  append(part: Column): boolean
  finish(name: string): Column
}

function emptied(column: Exclude<Column, { type: 'text' }>): Column {
  switch (column.type) {
    case 'boolean':
      return { ...column, values: new Uint8Array(0) }
    case 'date':
      return { ...column, values: new Float64Array(0) }
    default:
      return { ...column, values: new Float64Array(0) }
  }
}

function plainNumbers(values: Cells): Float64Array {
  return values instanceof Float64Array ? values : Float64Array.from(values)
}

function hasHole({ type, values }: Column): boolean {
  switch (type) {
    case 'text':
      return values.some((code) => code < 0)
    case 'boolean':
      return values.some((value) => value === 255)
    default:
      return values.some((value) => Number.isNaN(value))
  }
}

/** A table on the disk. */
export class SpooledTable {
  readonly rows: number
  readonly columns: readonly SpooledColumn[]

  constructor(columns: readonly SpooledColumn[]) {
    const [first] = columns
    this.rows = first.file.size / cellsOf(first).BYTES_PER_ELEMENT
    this.columns = columns
  }

  get names(): string[] {
    return this.columns.map(({ name }) => name)
  }

  has(name: string): boolean {
    return this.columns.some((column) => column.name === name)
  }

  /** Every column in turn, wholly in memory. */
  *whole(): Generator<Column> {
    for (const { name } of this.columns) yield this.column(name)
  }

  /** A column, wholly in memory. */
  column(name: string): Column {
    const found = this.columns.find((column) => column.name === name)
    if (found === undefined) throw new Error(`no column ${name}: this is a defect of nigh`)
    return cellsFrom(found, 0, this.rows)
  }

  /** Some of the rows, in memory. */
  slice(from: number, to: number): Table {
    return Table.of(this.columns.map((column) => cellsFrom(column, from, to)))
  }

  /** The rows with these numbers, which rise. */
  take(numbers: Uint32Array): Table {
    // Rows that stand near each other are read together: a read costs as much as some hundred cells.
    const parts: Table[] = []
    let from = 0
    while (from < numbers.length) {
      const start = numbers[from]
      let to = from + 1
      while (to < numbers.length && numbers[to] - start < 512) to++
      const block = this.slice(start, numbers[to - 1] + 1)
      parts.push(block.take(numbers.subarray(from, to).map((row) => row - start)))
      from = to
    }
    return joined(parts)
  }

  /** All rows, some at a time. */
  *blocks(rows: number = 1 << 16): Generator<Table> {
    for (let from = 0; from < this.rows; from += rows)
      yield this.slice(from, Math.min(this.rows, from + rows))
  }
}

/** Parts of one table, one after the other. */
function joined(parts: readonly Table[]): Table {
  if (parts.length === 1) return parts[0]
  const rows = parts.reduce((sum, part) => sum + part.rows, 0)
  return Table.of(
    parts[0].columns.map((first, j): Column => {
      const all = (values: Cells): Cells => {
        let at = 0
        for (const part of parts) {
          values.set(part.columns[j].values, at)
          at += part.rows
        }
        return values
      }
      const Kind = cellsOf({ type: first.type, single: first.values instanceof Float32Array })
      const categories = first.type === 'text' ? first.categories : []
      return columnFrom(first.name, first.type, all(new Kind(rows)), categories)
    }),
  )
}

function cellsFrom(column: SpooledColumn, from: number, to: number): Column {
  const { name, type, categories, file } = column
  return columnFrom(name, type, readCells(file, cellsOf(column), from, to), categories)
}

function columnFrom(
  name: string,
  type: Column['type'],
  values: Cells,
  categories: readonly string[],
): Column {
  switch (type) {
    case 'text':
      return {
        name,
        type,
        values: values instanceof Int32Array ? values : Int32Array.from(values),
        categories,
      }
    case 'boolean':
      return { name, type, values: values instanceof Uint8Array ? values : Uint8Array.from(values) }
    case 'date':
      return { name, type, values: plainNumbers(values) }
    case 'number':
      return { name, type, values: values instanceof Float32Array ? values : plainNumbers(values) }
  }
}

type Cells = Float64Array | Float32Array | Int32Array | Uint8Array
type CellsKind =
  | Float64ArrayConstructor
  | Float32ArrayConstructor
  | Int32ArrayConstructor
  | Uint8ArrayConstructor

function cellsOf({ type, single }: Pick<SpooledColumn, 'type' | 'single'>): CellsKind {
  if (type === 'text') return Int32Array
  if (type === 'boolean') return Uint8Array
  return single ? Float32Array : Float64Array
}

/** Cells `from` … `to − 1` of a file. */
export function readCells(file: Source, Kind: CellsKind, from: number, to: number): Cells {
  const cells = new Kind(to - from)
  const bytes = new Uint8Array(cells.buffer)
  const start = from * Kind.BYTES_PER_ELEMENT
  for (let filled = 0; filled < bytes.length; ) {
    const most = Math.min(bytes.length - filled, 1 << 30)
    const got = readSync(file.descriptor, bytes, filled, most, start + filled)
    if (got === 0) throw new Error('a temporary file is shorter than it was')
    filled += got
  }
  return cells
}

/** A text column holds more different texts than can be kept in memory. */
class TooManyTexts extends InputError {
  constructor(file: string) {
    super(
      'E_MEMORY',
      'columns',
      `${file}: a text column holds more than ${mostTexts.toLocaleString('en')} different texts, too many for memory; name the columns to use with --columns`,
    )
  }
}

/**
 * Refuses work for which the disk has no room, before it begins.
 *
 * @throws {InputError} E_MEMORY
 */
export function checkDisk(name: string, needed: number): void {
  const folder = tmpdir()
  const { bavail, bsize } = statfsSync(folder)
  const free = bavail * bsize
  if (needed < free * 0.95) return
  throw new InputError(
    'E_MEMORY',
    'file',
    `${show(name)} needs about ${inBytes(needed)} of temporary files, but ${folder} has ${inBytes(free)} left; set TMPDIR to a folder with more room, or use fewer columns (--columns)`,
  )
}

const mostTexts = 1 << 20
