import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { useEffect } from 'preact/hooks'
import { count } from '../numbers.ts'
import { RowsTable } from './rows-table.tsx'
import { clusterName, desk, headsOf, picked, table } from './state.ts'

/** The most cells that are shown. */
const CELLS = 1500

/** The rows that were picked, as text. */
export function PickedRows(props: { readonly labels: Int16Array | null }): JSX.Element | null {
  const rows = picked.value
  // A table of very many cells would hold the page up.
  const most = Math.max(1, Math.min(100, Math.floor(CELLS / Math.max(1, table.value?.summaries.length ?? 1))))
  const cells = useSignal<readonly (readonly string[])[]>([])
  useEffect(() => {
    if (rows.length === 0) {
      cells.value = []
      return
    }
    let stale = false
    desk
      .ask('cells', { rows: Array.from(rows.subarray(0, most)), columns: null })
      .then((found) => {
        if (!stale) cells.value = found
      })
      .catch(() => {})
    return () => {
      stale = true
    }
  }, [rows])
  if (rows.length === 0) return null
  const { labels } = props
  const names = table.value?.summaries.map(({ name }) => name) ?? []
  const shares = new Map<number, number>()
  if (labels !== null) for (const row of rows) shares.set(labels[row], (shares.get(labels[row]) ?? 0) + 1)
  return (
    <section class="stack" aria-label="Picked rows" data-picked={rows.length}>
      <div class="row">
        <h3>
          {count(rows.length)} {rows.length === 1 ? 'row' : 'rows'} picked
        </h3>
        <span class="small quiet">
          {[...shares]
            .sort((a, b) => b[1] - a[1])
            .map(([group, size]) => {
              const name = group < 0 ? 'left out' : clusterName(group)
              return rows.length === 1 ? name : `${name}: ${count(size)}`
            })
            .join(', ')}
        </span>
        <button type="button" class="plain push" onClick={() => (picked.value = new Uint32Array(0))}>
          Let go
        </button>
      </div>
      <RowsTable
        label="Picked rows, as a table"
        tall="280px"
        heads={[
          ...(labels === null ? [] : [{ name: 'cluster', kind: 'number' } as const]),
          ...headsOf(names),
        ]}
        lines={cells.value.map((row, i) => ({
          row: rows[i],
          cells: [...(labels === null ? [] : [labels[rows[i]] < 0 ? '–' : String(labels[rows[i]])]), ...row],
        }))}
      />
      {rows.length > most ? <p class="tiny quiet">The first {most} are shown.</p> : null}
    </section>
  )
}
