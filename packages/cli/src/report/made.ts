import { summaryOf } from 'nigh'
import type { Encoder, Table } from 'nigh'
import type { Input } from '../read/read.ts'
import { howUsed, inputLines } from '../run.ts'
import { aligned, brief, whole } from '../show/numbers.ts'
import { visible } from '../show/text.ts'
import { cellTexts } from '../write/cells.ts'
import { firstRows, titled } from './figure.ts'
import type { DataTable, Section } from './figure.ts'

/** How a command was called. */
export interface Invocation {
  readonly args: readonly string[]
  readonly version: string
}

/** The command as one would type it in a shell. */
export function commandLine({ args }: Invocation): string {
  const quoted = args.map((arg) => (/^[\w@%+=:,./-]+$/.test(arg) ? arg : `'${arg.replaceAll("'", `'\\''`)}'`))
  return ['nigh', ...quoted].join(' ')
}

/** "nigh 0.1.0, Node 22.1.0. The same …" */
export function versionLine({ version }: Invocation): string {
  return `nigh ${version}, Node ${process.versions.node}. The same command on the same data gives the same page, to the last byte.`
}

/** What the data hold and how each column was used. */
export function dataSection(
  input: Input,
  table: Table,
  encoder: Encoder,
  extra: ReadonlyMap<string, string>,
  usage: string = usedSentence(encoder),
): Section {
  const uses = new Map(encoder.uses.map((use) => [use.name, use]))
  const summaries = summaryOf(table)
  const rows = summaries.map(({ name, type, missing, distinct, spread, frequent }) => {
    const use = uses.get(name)
    const usage = extra.get(name) ?? (use === undefined ? 'not used' : howUsed(use.how, encoder))
    const cells =
      spread !== null
        ? type === 'date'
          ? aligned([spread.min, spread.max], 'date').join(' to ')
          : `${brief(spread.min)} to ${brief(spread.max)}, mean ${brief(spread.mean)}, median ${brief(spread.median)}`
        : frequent.length === 0
          ? 'all different'
          : frequent
              .slice(0, 3)
              .map(({ value, count }) => `${visible(String(value)).slice(0, 40)} ${whole(count)}`)
              .join(', ') + (distinct > 3 ? ', …' : '')
    return [name, type, missing === 0 ? '·' : whole(missing), whole(distinct), cells, usage]
  })
  return {
    title: 'The data',
    text: [`${inputLines(input).join('')}. ${usage}`],
    tables: [
      firstRows(
        {
          columns: titled('column', 'type', '#missing', '#different', 'cells', 'how it was used'),
          rows,
          ...(table.rows < input.rows
            ? { note: `Counted in ${whole(table.rows)} of the rows, spread evenly over all.` }
            : {}),
        },
        200,
      ),
    ],
  }
}

function usedSentence({ uses, features, settings }: Encoder): string {
  const used = uses.filter((use) => use.used).length
  const scale = {
    standard: 'numbers scaled to mean 0 and standard deviation 1',
    minmax: 'numbers scaled to 0 … 1',
    robust: 'numbers scaled by median and quartiles',
    none: 'numbers as they are',
  }[settings.scale]
  const made = features.length === used ? '' : `, as ${whole(features.length)} features`
  return `${whole(used)} of its columns ${used === 1 ? 'is' : 'are'} used${made}; ${scale}.`
}

/** The table with the columns that are used before the others. */
export function usedFirst(table: Table, { uses }: Encoder): Table {
  const used = new Set(uses.filter((use) => use.used).map(({ name }) => name))
  const names = table.names.filter((name) => used.has(name))
  return table.select([...names, ...table.names.filter((name) => !used.has(name))])
}

/** Rows of the data as a table: the first columns of each, up to a number. */
export function rowsTable(
  table: Table,
  rows: readonly { readonly row: number; readonly before: readonly string[] }[],
  titles: readonly string[],
  most = 8,
): DataTable {
  const columns = table.columns.slice(0, most)
  const texts = columns.map((column) => cellTexts(column))
  const hidden = table.columns.length - columns.length
  return {
    columns: titled(...titles, ...columns.map(({ name, type }) => (type === 'number' ? `#${name}` : name))),
    rows: rows.map(({ row, before }) => [...before, ...texts.map((text) => text(row) ?? '·')]),
    note: `Rows are numbered from 0.${hidden === 0 ? '' : ` ${hidden} more columns are not shown.`}`,
  }
}
