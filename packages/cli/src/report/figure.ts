/** A table beside a chart, or alone. */
export interface DataTable {
  readonly columns: readonly { readonly title: string; readonly align: 'left' | 'right' }[]
  readonly rows: readonly (readonly string[])[]
  /** What the table leaves out, or how to read it. */
  readonly note?: string
}

/** A chart with what a reader needs who does not see it. */
export interface Figure {
  /** What `--plot-of` calls it. */
  readonly name: string
  readonly title: string
  /** A sentence: what the chart shows in these data. */
  readonly says: string
  /** The chart, drawn with the names of the palette. */
  readonly svg: string
  readonly table: DataTable
  /** What the details element is called. Default: 'The numbers'. */
  readonly tableTitle?: string
}

/** A part of a page: figures, or a table that stands open. */
export interface Section {
  readonly title: string
  /** Paragraphs before the rest. */
  readonly text?: readonly string[]
  readonly figures?: readonly Figure[]
  readonly tables?: readonly (DataTable & { readonly title?: string })[]
}

/** All that a page shows. */
export interface Report {
  readonly title: string
  /** One sentence: what was done and what came out. */
  readonly summary: string
  /** Figures of the kind "k: 5". */
  readonly facts: readonly (readonly [string, string])[]
  readonly notes: readonly string[]
  readonly sections: readonly Section[]
  /** The command as it was typed, and the versions that ran it. */
  readonly command: string
  readonly versions: string
}

/** Columns of a {@link DataTable}: those that begin with `#` hold numbers. */
export function titled(...titles: readonly string[]): DataTable['columns'] {
  return titles.map((title) =>
    title.startsWith('#')
      ? ({ title: title.slice(1), align: 'right' } as const)
      : ({ title, align: 'left' } as const),
  )
}

/** The first rows of a long table, and a note on the rest. */
export function firstRows(table: DataTable, most: number): DataTable {
  const { columns, rows, note } = table
  if (rows.length <= most) return table
  const rest = `The first ${most} of ${rows.length.toLocaleString('en')} rows.`
  return { columns, rows: rows.slice(0, most), note: note === undefined ? rest : `${note} ${rest}` }
}
