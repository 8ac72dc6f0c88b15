import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { useEffect } from 'preact/hooks'
import { brief, count, percent, plural, seconds } from '../numbers.ts'
import { Count } from '../parts.tsx'
import { anomalyCommand, commandCan } from '../write/reproduce.ts'
import { anomalyCode } from '../write/typescript.ts'
import { PickedRows } from './picked-rows.tsx'
import { Recipes } from './recipes.tsx'
import { RowsTable } from './rows-table.tsx'
import { Scatter } from './scatter.tsx'
import {
  change,
  findOddities,
  headsOf,
  job,
  oddities,
  picked,
  recipeNow,
  save,
  settings,
  stem,
  table,
  work,
} from './state.ts'

/** Rows that are listed at first. */
const FIRST = 50

export function AnomalyPicture(): JSX.Element {
  const found = oddities.value
  const listed = useSignal(FIRST)
  useEffect(() => {
    listed.value = FIRST
  }, [found])
  return (
    <section class="card stack far" aria-label="Picture">
      <Scatter groups={found?.marked ?? null} count={2} hubs={false} height={320} raised={1} whole />
      <PickedRows labels={null} />
      {found === null ? (
        <p class="small quiet">
          Rows that are unlike the others, ranked, each with its reasons. Press “Find strange rows”.
        </p>
      ) : (
        <div class="stack" data-oddities={found.outliers}>
          <h2>The strangest rows</h2>
          <RowsTable
            label="Ranked rows"
            tall="60vh"
            heads={[
              { name: 'score', kind: 'number' },
              { name: 'why', kind: 'long' },
              ...headsOf(found.names),
            ]}
            lines={found.ranked.slice(0, listed.value).map(({ row, score, reason, cells }) => ({
              row,
              head: (
                <button type="button" class="link" onClick={() => (picked.value = Uint32Array.of(row))}>
                  {row}
                </button>
              ),
              cells: [{ show: brief(score), exact: String(score) }, reason, ...cells],
              lit: picked.value.includes(row),
            }))}
          />
          {listed.value < found.ranked.length ? (
            <button type="button" onClick={() => (listed.value += FIRST)}>
              {Math.min(FIRST, found.ranked.length - listed.value)} more
            </button>
          ) : null}
        </div>
      )}
    </section>
  )
}

const methods = {
  neighbors: 'A row is strange when its k-th nearest neighbour is far away.',
  density: 'A row is strange when it lies in thinner company than its neighbours do (local outlier factor).',
  centroids:
    'A row is strange when it is far from the nearest of eight cluster centres, measured by that cluster’s own spread.',
} as const

export function AnomalyPanel(): JSX.Element {
  const { method, anomalyNeighbors, contamination, columns } = settings.value
  const found = oddities.value
  const opened = table.value
  return (
    <section class="card stack" aria-labelledby="anomalies-title">
      <h2 id="anomalies-title">Anomalies</h2>
      <label class="field">
        Measured by
        <select
          style={{ flex: 1 }}
          value={method}
          data-method
          onChange={(event) => {
            const { value } = event.currentTarget
            if (value === 'neighbors' || value === 'density' || value === 'centroids')
              change({ method: value })
          }}
        >
          <option value="neighbors">distance to neighbours</option>
          <option value="density">local density</option>
          <option value="centroids">distance to clusters</option>
        </select>
      </label>
      <p class="small quiet">{methods[method]}</p>
      {method === 'centroids' ? null : (
        <Count
          label="k"
          name="anomaly-k"
          value={anomalyNeighbors}
          from={1}
          to={Math.min(50, Math.max(1, (opened?.rows ?? 2) - 1))}
          onPick={(k) => change({ anomalyNeighbors: k }, 'anomaly-k')}
        />
      )}
      <label class="field">
        Share taken for strange
        <select
          value={String(contamination)}
          onChange={(event) => change({ contamination: Number(event.currentTarget.value) })}
        >
          {[0.001, 0.005, 0.01, 0.02, 0.05, 0.1].map((share) => (
            <option key={share} value={String(share)}>
              {share * 100} %
            </option>
          ))}
        </select>
      </label>
      <button
        type="button"
        class="primary"
        data-anomalies
        disabled={columns.length === 0 || job.value?.what === 'anomalies'}
        onClick={() => void findOddities()}
      >
        Find strange rows
      </button>
      {columns.length === 0 ? <p class="small quiet">No column is in use: choose some on the left.</p> : null}
      {found === null || opened === null ? null : (
        <>
          <p class="small">
            {found.outliers === 0 ? (
              <>
                <b>No row</b> scores above {brief(found.threshold)}, the bound for that share: the strangest
                rows tie
              </>
            ) : (
              <>
                <b>{plural(found.outliers, 'row')}</b> of {count(opened.rows)} (
                {percent(found.outliers / opened.rows)}) {found.outliers === 1 ? 'scores' : 'score'} above{' '}
                {brief(found.threshold)}
              </>
            )}{' '}
            (found in {seconds(found.seconds)}). The first {count(found.ranked.length)} have reasons: in which
            columns they differ most from the rows nearest to them.
          </p>
          <Exports />
        </>
      )}
    </section>
  )
}

function Exports(): JSX.Element | null {
  const opened = table.value
  const given = oddities.value
  const { method, contamination } = settings.value
  if (opened === null || given === null) return null
  const base = stem(opened.name)
  const recipe = recipeNow(opened)
  const found = { method, k: given.k, contamination }
  const give = async (what: 'anomalyTable' | 'anomalyModel', name: string): Promise<void> => {
    const made = await work(what, { name })
    if (made !== null) save(made)
  }
  return (
    <section class="stack" aria-label="Take along">
      <h3>Take along</h3>
      <div class="row">
        <button type="button" onClick={() => void give('anomalyTable', `${base}-anomalies.csv`)}>
          Table
        </button>
        <button type="button" onClick={() => void give('anomalyModel', `${base}-anomalies.nigh`)}>
          Model (.nigh)
        </button>
      </div>
      <Recipes
        code={anomalyCode(recipe, found)}
        command={commandCan(recipe) ? anomalyCommand(recipe, found, base) : null}
        stale={false}
      />
    </section>
  )
}
