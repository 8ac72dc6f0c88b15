import { DuckDBVarCharVector } from '@duckdb/node-api'
import type { DuckDBVector } from '@duckdb/node-api'
import type { BooleanColumn, Column, DateColumn, NumberColumn, TextColumn } from 'nigh'

/** A column that grows chunk by chunk. */
export interface ColumnBuilder {
  /** Takes the next cells of a DuckDB vector. */
  append(vector: DuckDBVector, rows: number): void
  finish(name: string): Column
}

/** Numbers and instants. NULL must have been made NaN by the query: asking DuckDB's bits for each cell is slow. */
export class NumberBuilder implements ColumnBuilder {
  readonly #type: 'number' | 'date'
  #values: Float64Array | Float32Array
  #rows = 0

  /** @param rows how many are expected: the array grows where there are more */
  constructor(rows: number, type: 'number' | 'date' = 'number', single: boolean = false) {
    this.#type = type
    this.#values = single ? new Float32Array(rows) : new Float64Array(rows)
  }

  append(vector: DuckDBVector, rows: number): void {
    const items = itemsOf(vector)
    if (!(items instanceof Float64Array || items instanceof Float32Array)) throw wrongVector(vector)
    this.#reserve(this.#rows + rows)
    this.#values.set(items.length === rows ? items : items.subarray(0, rows), this.#rows)
    this.#rows += rows
  }

  finish(name: string): NumberColumn | DateColumn {
    const values = this.#values.length === this.#rows ? this.#values : this.#values.subarray(0, this.#rows)
    if (this.#type === 'number') return { name, type: 'number', values }
    return { name, type: 'date', values: values instanceof Float64Array ? values : Float64Array.from(values) }
  }

  #reserve(rows: number): void {
    if (rows <= this.#values.length) return
    const length = Math.max(rows, this.#values.length + 2048 + (this.#values.length >> 2))
    const grown = this.#values instanceof Float32Array ? new Float32Array(length) : new Float64Array(length)
    grown.set(this.#values)
    this.#values = grown
  }
}

/** Text, each different one stored once; NULL becomes −1. */
export class TextBuilder implements ColumnBuilder {
  readonly #codes: Map<string, number> = new Map()
  readonly #categories: string[] = []
  #values: Int32Array
  #rows = 0

  constructor(rows: number) {
    this.#values = new Int32Array(rows)
  }

  append(vector: DuckDBVector, rows: number): void {
    if (!(vector instanceof DuckDBVarCharVector)) throw wrongVector(vector)
    for (let i = 0; i < rows; i++) this.push(vector.getItem(i))
  }

  push(text: string | null): void {
    if (this.#rows === this.#values.length) {
      const grown = new Int32Array(Math.max(16, this.#values.length + 2048 + (this.#values.length >> 2)))
      grown.set(this.#values)
      this.#values = grown
    }
    this.#values[this.#rows++] = text === null ? -1 : this.#code(text)
  }

  finish(name: string): TextColumn {
    const values = this.#values.length === this.#rows ? this.#values : this.#values.subarray(0, this.#rows)
    return { name, type: 'text', values, categories: this.#categories }
  }

  #code(text: string): number {
    const known = this.#codes.get(text)
    if (known !== undefined) return known
    const code = this.#categories.length
    this.#codes.set(text, code)
    this.#categories.push(text)
    return code
  }
}

/** True and false, which the query gives as 1, 0 and 255 for NULL. */
export class BooleanBuilder implements ColumnBuilder {
  #values: Uint8Array
  #rows = 0

  constructor(rows: number) {
    this.#values = new Uint8Array(rows)
  }

  append(vector: DuckDBVector, rows: number): void {
    const items = itemsOf(vector)
    if (!(items instanceof Uint8Array)) throw wrongVector(vector)
    if (this.#rows + rows > this.#values.length) {
      const grown = new Uint8Array(
        Math.max(this.#rows + rows, this.#values.length + 2048 + (this.#values.length >> 2)),
      )
      grown.set(this.#values)
      this.#values = grown
    }
    this.#values.set(items.length === rows ? items : items.subarray(0, rows), this.#rows)
    this.#rows += rows
  }

  finish(name: string): BooleanColumn {
    return { name, type: 'boolean', values: this.#values.subarray(0, this.#rows) }
  }
}

/** The typed array behind a vector of fixed-size cells: a view on DuckDB's memory, not a copy. */
export function itemsOf(vector: DuckDBVector): unknown {
  return Reflect.get(vector, 'items')
}

export function wrongVector(vector: DuckDBVector): Error {
  return new Error(`unexpected vector ${vector.constructor.name}`)
}
