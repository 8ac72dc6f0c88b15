import { InputError } from 'nigh'
import { show } from '../show/text.ts'
import type { RowBlocks } from './blocks.ts'
import { checkPlace, replaceFile } from './replace.ts'

const endings = {
  csv: 'csv',
  tsv: 'tsv',
  tab: 'tsv',
  json: 'json',
  ndjson: 'ndjson',
  jsonl: 'ndjson',
  parquet: 'parquet',
  pq: 'parquet',
  arrow: 'arrow',
  feather: 'arrow',
  npy: 'npy',
} as const

/** Formats that {@link writeRows} writes. */
type WrittenFormat = (typeof endings)[keyof typeof endings]

/** What is about to be written, to refuse it before the work and not after. */
export interface Outlook {
  readonly name: string
  readonly format: WrittenFormat
}

/**
 * Settles where and in which format a table will be written: by the ending of the name, CSV on standard output.
 *
 * @throws {InputError} E_FILE, E_NOT_FILE, E_NO_NET
 */
export function outlook(name: string): Outlook {
  checkPlace(name)
  if (name === '-') return { name, format: 'csv' }
  const ending = /\.([a-z]+)$/i.exec(name)?.[1]?.toLowerCase() ?? ''
  const format = Object.entries(endings).find(([known]) => known === ending)?.[1]
  if (format !== undefined) return { name, format }
  throw new InputError(
    'E_FILE',
    'out',
    `--out ${show(name)}: the ending says no format that nigh writes (csv, tsv, json, ndjson, parquet, arrow, npy)`,
  )
}

/** How {@link writeRows} writes. */
export interface WriteOptions {
  /** True to leave text that a spreadsheet would run as a formula as it is. */
  readonly formulas: boolean
  readonly signal?: AbortSignal
  readonly onProgress?: (share: number) => void
}

/** Writes rows whole or not at all. */
export async function writeRows(
  rows: RowBlocks,
  { name, format }: Outlook,
  options: WriteOptions,
): Promise<void> {
  const text = await import('./csv.ts')
  const { writeJson, writeNdjson } = await import('./json.ts')
  await replaceFile(
    name,
    async (draft) => {
      switch (format) {
        case 'csv':
          return text.writeCsv(rows, ',', options.formulas, draft)
        case 'tsv':
          return text.writeCsv(rows, '\t', options.formulas, draft)
        case 'json':
          return writeJson(rows, draft)
        case 'ndjson':
          return writeNdjson(rows, draft)
        case 'arrow': {
          const { writeArrow } = await import('./arrow.ts')
          return writeArrow(rows, draft)
        }
        default: {
          const { writeNpy, writeParquet } = await import('./binary.ts')
          return format === 'parquet' ? writeParquet(rows, draft) : writeNpy(rows, draft)
        }
      }
    },
    options,
  )
}
