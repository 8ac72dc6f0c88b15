import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { useEffect } from 'preact/hooks'
import { count } from '../numbers.ts'
import { clusterName, desk, picked, table } from './state.ts'

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
            .map(([group, size]) => `${group < 0 ? 'left out' : clusterName(group)} ${count(size)}`)
            .join(', ')}
        </span>
        <button type="button" class="plain push" onClick={() => (picked.value = new Uint32Array(0))}>
          Let go
        </button>
      </div>
      <div
        class="scroll"
        style={{ maxHeight: '280px' }}
        tabIndex={0}
        role="group"
        aria-label="Picked rows, as a table"
      >
        <table class="grid">
          <thead>
            <tr>
              <th scope="col">row</th>
              {labels === null ? null : <th scope="col">cluster</th>}
              {names.map((name) => (
                <th key={name} scope="col">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {cells.value.map((row, i) => (
              <tr key={rows[i]}>
                <th scope="row">{rows[i]}</th>
                {labels === null ? null : <td>{labels[rows[i]] < 0 ? '–' : labels[rows[i]]}</td>}
                {row.map((cell, j) => (
                  <td key={names[j]}>{cell.length > 40 ? `${cell.slice(0, 39)}…` : cell}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {rows.length > most ? <p class="tiny quiet">The first {most} are shown.</p> : null}
    </section>
  )
}
