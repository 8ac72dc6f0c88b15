import type { Frame } from '@nigh/spark'
import type { Run } from '../run.ts'
import type { Outlook } from '../write/write.ts'
import { dropped, quoted, tableFrom, watching } from './data.ts'
import type { Source } from './data.ts'

/**
 * Writes rows: from the cluster as Parquet where the place is an address that it sees, else here, in the format of the
 * ending.
 */
export async function saveRows(
  frame: Frame,
  source: Source,
  place: string,
  out: Outlook | undefined,
  formulas: boolean | undefined,
  run: Run,
): Promise<void> {
  const added = dropped(source)
  await run.time('write', 'writing', async () => {
    if (out !== undefined) {
      const ordered =
        source.added === null ? frame : frame.sql(`select * from input order by ${quoted(source.added)}`)
      await run.write(await tableFrom(ordered, run, added), out, formulas)
      return
    }
    const names = (await frame.columns(run.signal)).map(({ name }) => name)
    const left = added.filter((name) => names.includes(name))
    const kept =
      left.length === 0 ? frame : frame.sql(`select * except (${left.map(quoted).join(', ')}) from input`)
    await kept.writeParquet(place, watching(run))
  })
}
