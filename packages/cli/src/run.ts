import type { Column, Encoder, Table } from 'nigh'
import { InputError, isMissing } from 'nigh'
import type { Input } from './read/read.ts'
import { readTable } from './read/read.ts'
import type { ReadOptions, ReadWarning } from './read/options.ts'
import { inBytes } from './read/limits.ts'
import { grid, paintFor } from './show/grid.ts'
import type { Paint } from './show/grid.ts'
import { duration, plural } from './show/numbers.ts'
import { progressLine, silent } from './show/progress.ts'
import type { Progress } from './show/progress.ts'
import type { Invocation } from './report/made.ts'
import { show, visible } from './show/text.ts'
import { blocksOf } from './write/blocks.ts'
import type { RowBlocks } from './write/blocks.ts'
import { writeRows } from './write/write.ts'
import type { Outlook } from './write/write.ts'

/** Begins a run of a command. `rowsOnStdout`: whether `--out -` takes standard output for rows. */
export type Start = (command: string, options: RunOptions, rowsOnStdout: boolean) => Run

/** Options that every command has. */
export interface RunOptions {
  readonly json?: boolean | undefined
  readonly quiet?: boolean | undefined
  readonly threads?: number | undefined
}

/** What every command shares: where it reports, what stops it, and how long each part took. */
export class Run {
  readonly command: string
  readonly signal: AbortSignal
  readonly progress: Progress
  readonly paint: Paint
  /** Columns of the terminal, or 80. */
  readonly width: number
  readonly json: boolean
  readonly quiet: boolean
  /** Whether the report goes to a terminal. */
  readonly terminal: boolean
  /** Whether it may be coloured. */
  readonly colored: boolean
  /** How the command was called: for pages that say what made them. */
  readonly invocation: Invocation
  /** What was warned of, in order. */
  readonly notesSaid: string[] = []
  /** What every heavy call of the library is told: what stops it, and how many threads may work. */
  readonly work: { readonly signal: AbortSignal; readonly threads?: number }
  readonly #report: NodeJS.WriteStream
  readonly #seconds: Map<string, number> = new Map()
  readonly #begun: number = performance.now()

  /**
   * @param rowsOnStdout whether `--out -` takes standard output for rows; the report then goes to standard error
   */
  constructor(
    command: string,
    signal: AbortSignal,
    options: RunOptions,
    rowsOnStdout: boolean,
    invocation: Invocation = { args: [command], version: '' },
  ) {
    this.invocation = invocation
    this.command = command
    this.signal = signal
    this.json = options.json === true
    this.quiet = options.quiet === true
    this.work = { signal, ...(options.threads === undefined ? {} : { threads: options.threads }) }
    this.#report = rowsOnStdout ? process.stderr : process.stdout
    const plain = process.env.NO_COLOR !== undefined && process.env.NO_COLOR !== ''
    this.terminal = this.#report.isTTY === true
    this.colored = this.terminal && !plain
    this.paint = paintFor(this.colored)
    this.width = Math.max(40, Math.min(this.#report.isTTY === true ? (this.#report.columns ?? 80) : 100, 160))
    this.progress = this.quiet || process.stderr.isTTY !== true ? silent : progressLine()
    if (rowsOnStdout && this.json) {
      throw new InputError(
        'E_PARAM',
        'out',
        '--out - and --json both want standard output; write the rows to a file',
      )
    }
  }

  /** Runs one part of the command and notes how long it took. */
  async time<T>(part: string, what: string, work: () => T | Promise<T>): Promise<T> {
    this.progress.phase(what)
    const begun = performance.now()
    try {
      return await work()
    } finally {
      this.progress.end()
      this.#seconds.set(part, (this.#seconds.get(part) ?? 0) + (performance.now() - begun) / 1000)
    }
  }

  /** Whole seconds since the command began. */
  get seconds(): number {
    return round((performance.now() - this.#begun) / 1000)
  }

  /** Seconds of each part. */
  get timings(): Record<string, number> {
    return Object.fromEntries([...this.#seconds].map(([part, seconds]) => [part, round(seconds)]))
  }

  /** Lines of the answer for a person. */
  say(...lines: readonly string[]): void {
    if (this.json || this.quiet) return
    this.#report.write(`${lines.join('\n')}\n`)
  }

  /** The answer for a program. */
  answer(value: Readonly<Record<string, unknown>>): void {
    if (this.json) process.stdout.write(`${JSON.stringify(value)}\n`)
  }

  /** Something to know that did not stop the command: on standard error. */
  warn(message: string): void {
    this.notesSaid.push(message)
    if (!this.quiet) process.stderr.write(`nigh: note: ${visible(message)}\n`)
  }

  warnings(warnings: readonly ReadWarning[]): void {
    for (const { message } of warnings) this.warn(message)
  }

  /** Writes rows, with progress, until they are written or the command is interrupted. */
  async write(rows: Table | RowBlocks, out: Outlook, formulas: boolean | undefined): Promise<void> {
    await writeRows('columns' in rows && 'blocks' in rows ? rows : blocksOf(rows), out, {
      formulas: formulas === true,
      signal: this.signal,
      onProgress: (share) => this.progress.step(share),
    })
  }

  async read(name: string, options: ReadOptions): Promise<Input> {
    const shownName = name === '-' ? 'standard input' : name
    return this.time('read', `reading ${visible(shownName)}`, () =>
      readTable(name, { ...options, signal: this.signal, onProgress: (share) => this.progress.step(share) }),
    ).then((input) => {
      this.warnings(input.warnings)
      return input
    })
  }

  /**
   * What an encoder did of its own accord. A person reads the part about single columns in the list of columns.
   */
  notes(encoder: Encoder): void {
    for (const note of encoder.notes) {
      // Marked cells are filled as well, but the distance passes over them.
      if (encoder.settings.missing === 'mark' && /: \d+ empty cells? (?:is|are) filled /.test(note)) continue
      if (this.json || !/^column ".*(?: is not used: |: \d+ empty cells? (?:is|are) filled )/s.test(note)) {
        this.warn(
          note
            .replaceAll("scale: 'standard'", '--scale standard')
            .replaceAll('maxCategories', '--max-categories'),
        )
      }
    }
  }

  /** Says what was read and how each column is used. */
  sayInput(input: Input, encoder: Encoder, extra: ReadonlyMap<string, string> = new Map()): void {
    this.sayColumns(inputLines(input), input.table.names, encoder, extra)
  }

  /** Says what was read, in these lines, and how each column is used. */
  sayColumns(
    file: readonly string[],
    names: readonly string[],
    encoder: Encoder,
    extra: ReadonlyMap<string, string>,
  ): void {
    this.say(...file, '')
    const uses = new Map(encoder.uses.map((use) => [use.name, use]))
    const rows: string[][] = []
    const unused: string[][] = []
    for (const name of names) {
      const use = uses.get(name)
      const own = extra.get(name)
      if (own !== undefined) rows.push([name, own])
      else if (use?.used === true) {
        rows.push([name, howUsed(use.how, encoder).replace('standard deviation', 'sd')])
      } else unused.push([name, use === undefined ? 'not used' : howUsed(use.how, encoder)])
    }
    const most = 30
    const lines = [...rows, ...unused]
    const listed = lines.length > most ? lines.slice(0, most - 5) : lines
    this.say(this.paint.bold('Columns'), ...grid(twoColumns, listed, this.width, this.paint))
    if (listed.length < lines.length) this.say(`  … and ${lines.length - listed.length} more`)
    this.say('')
  }
}

const twoColumns = [
  { title: '', align: 'left' },
  { title: '', align: 'left' },
] as const

/** How a column is used, in words: cells that a distance passes over are not filled for it. */
export function howUsed(how: string, { settings }: Encoder): string {
  if (how.includes('maxCategories'))
    return how.replace('maxCategories', `--max-categories ${settings.maxCategories}`)
  return settings.missing === 'mark'
    ? how.replace(/, (\d+ empty cells?) filled with .*$/s, ', $1 passed over')
    : how
}

/** "iris.csv: 150 rows × 5 columns (CSV, 3.9 kB)" */
export function inputLines(input: Input): string[] {
  return sayFile(input, input.table.columns.length)
}

export function sayFile(
  { name, rows, format, size }: Pick<Input, 'name' | 'rows' | 'format' | 'size'>,
  columns: number,
): string[] {
  const file = name === '-' ? 'standard input' : visible(name)
  const kind = {
    csv: 'CSV',
    tsv: 'TSV',
    json: 'JSON',
    ndjson: 'NDJSON',
    parquet: 'Parquet',
    arrow: 'Arrow',
    npy: 'npy',
  }[format]
  // What a cluster reads has no size here.
  const weight = size === 0 ? kind : `${kind}, ${inBytes(size)}`
  return [`${file}: ${plural(rows, 'row')} × ${plural(columns, 'column')} (${weight})`]
}

/**
 * A library's refusal of empty cells, said in the command's words: how many, where, and which option to set.
 */
export function missingCellsError(
  name: string,
  table: { readonly columns: Iterable<Column> },
  used: ReadonlySet<string>,
): InputError {
  const { total, listed } = emptyCells(table, used)
  return new InputError(
    'E_MISSING',
    'missing',
    `${name}: ${total} (${listed}); ` +
      'set --missing drop to leave out such rows, or --missing impute to fill the cells with the mean or the most frequent value',
  )
}

/** "3 cells are empty", and in which of these columns. */
export function emptyCells(
  table: { readonly columns: Iterable<Column> },
  used: ReadonlySet<string>,
): { readonly total: string; readonly listed: string } {
  const holes: { name: string; count: number }[] = []
  let total = 0
  for (const column of table.columns) {
    if (!used.has(column.name)) continue
    let count = 0
    for (let i = 0; i < column.values.length; i++) if (isMissing(column, i)) count++
    if (count > 0) holes.push({ name: column.name, count })
    total += count
  }
  const listed = holes.slice(0, 5).map((hole) => `${show(hole.name)} ${hole.count}`)
  const more = holes.length > 5 ? ` and ${holes.length - 5} more columns` : ''
  return {
    total: `${plural(total, 'cell')} ${total === 1 ? 'is' : 'are'} empty`,
    listed: `${listed.join(', ')}${more}`,
  }
}

function round(seconds: number): number {
  return Math.round(seconds * 1000) / 1000
}

/** "0.41 s: read 0.12 s, encode 0.01 s, fit 0.20 s" */
export function timeLine(run: Run): string {
  const parts = Object.entries(run.timings)
    .filter(([, seconds]) => seconds >= 0.001)
    .map(([part, seconds]) => `${part} ${duration(seconds)}`)
  return `${duration(run.seconds)}: ${parts.join(', ')}`
}
