/** Numbers; a missing cell is NaN. */
export interface NumberColumn {
  readonly name: string
  readonly type: 'number'
  /** n numbers; NaN is a missing cell. */
  readonly values: Float64Array | Float32Array
}

/** True or false. */
export interface BooleanColumn {
  readonly name: string
  readonly type: 'boolean'
  /** n cells: 0 false, 1 true, 255 missing. */
  readonly values: Uint8Array
}

/** Text, stored once for each different value. */
export interface TextColumn {
  readonly name: string
  readonly type: 'text'
  /** n cells: the index of the cell's text in `categories`, or −1 where it is missing. */
  readonly values: Int32Array
  /** The different texts, in the order in which they first appear. */
  readonly categories: readonly string[]
}

/** Instants. */
export interface DateColumn {
  readonly name: string
  readonly type: 'date'
  /** n instants, in milliseconds since 1970-01-01T00:00Z; NaN is a missing cell. */
  readonly values: Float64Array
}

/** One named, typed column. */
export type Column = NumberColumn | BooleanColumn | TextColumn | DateColumn
