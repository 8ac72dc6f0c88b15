import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { brief, percent } from '../numbers.ts'
import { RowsTable } from './rows-table.tsx'
import { evaluated, headsOf, inspect, inspected, job, settings, table } from './state.ts'

/** Rows to choose from, for a look at each. */
export function RowButtons(props: { readonly rows: readonly number[]; readonly what: string }): JSX.Element {
  return (
    <div class="stack">
      <h3>{props.what}: press a row to see why</h3>
      <div class="row many">
        {props.rows.map((row) => (
          <button
            key={row}
            type="button"
            aria-pressed={inspected.value?.index === row}
            onClick={() => void inspect(row)}
            data-row={row}
          >
            {row}
          </button>
        ))}
      </div>
    </div>
  )
}

/** One row, its answer, and the neighbours behind it. */
export function Inspection(): JSX.Element | null {
  const found = inspected.value
  const { target } = settings.value
  const rows = table.value?.rows ?? 0
  const asked = useSignal('0')
  if (evaluated.value === null) return null
  return (
    <section class="stack" aria-labelledby="why-title">
      <div class="row">
        <h2 id="why-title">Why?</h2>
        <form
          class="row push"
          onSubmit={(event) => {
            event.preventDefault()
            const row = Number(asked.value)
            if (Number.isInteger(row) && row >= 0 && row < rows) void inspect(row)
          }}
        >
          <label class="field">
            Row
            <input
              type="number"
              min="0"
              max={rows - 1}
              value={asked.value}
              onInput={(event) => (asked.value = event.currentTarget.value)}
              style={{ width: '96px' }}
            />
          </label>
          <button type="submit" disabled={job.value !== null}>
            Inspect
          </button>
        </form>
      </div>
      {found === null ? (
        <p class="small quiet">Any row can be looked at: it is then judged by the others, without itself.</p>
      ) : (
        <>
          <p data-inspected={found.index}>
            Row {found.index}: {target} is <b>{found.truth === '' ? 'not known' : found.truth}</b>, its
            neighbours say <b>{found.prediction}</b>.
          </p>
          <RowsTable
            label="The row and its neighbours"
            heads={[
              { name: 'distance', kind: 'number' },
              { name: 'vote', kind: 'number' },
              ...headsOf([target ?? '', ...found.names]),
            ]}
            lines={[
              { row: found.index, cells: ['–', '–', found.truth, ...found.row], lit: true },
              ...found.neighbors.map(({ row, distance, share, target: said, cells }) => ({
                row,
                cells: [{ show: brief(distance), exact: String(distance) }, percent(share), said, ...cells],
              })),
            ]}
          />
        </>
      )}
    </section>
  )
}
