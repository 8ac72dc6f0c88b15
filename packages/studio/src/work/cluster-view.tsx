import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { colorOf, paletteNow } from '../marks.ts'
import { brief, count, percent, plural, seconds, typeset } from '../numbers.ts'
import { Count, Draft, Mark } from '../parts.tsx'
import { clusterReport } from '../write/report.ts'
import { commandCan, kmeansCommand } from '../write/reproduce.ts'
import { kmeansCode } from '../write/typescript.ts'
import { ChoiceChart } from './choice-chart.tsx'
import { Recipes } from './recipes.tsx'
import { PickedRows } from './picked-rows.tsx'
import { Scatter } from './scatter.tsx'
import {
  cheap,
  change,
  choice,
  choiceKey,
  choose,
  cluster,
  clusterKey,
  clusterName,
  clusters,
  job,
  measureSilhouettes,
  recipeNow,
  save,
  settings,
  silhouettes,
  stem,
  table,
  work,
} from './state.ts'

export function ClusterPicture(): JSX.Element {
  const found = clusters.value
  return (
    <section class="card stack far" aria-label="Picture">
      <Scatter groups={found?.labels ?? null} count={found?.k ?? 0} hubs={found !== null} />
      <PickedRows labels={found?.labels ?? null} />
      <Choosing />
    </section>
  )
}

/** So many cells make the choice of k last longer than a moment's patience. */
const LONG = 500_000

/** The assistant that says how many clusters there are, if any. */
function Choosing(): JSX.Element {
  const found = choice.value
  const current = found !== null && found.key === choiceKey.value
  const rows = table.value?.rows ?? 0
  return (
    <section class="stack" aria-labelledby="choosing-title">
      <div class="row">
        <h2 id="choosing-title">How many clusters?</h2>
        <button
          type="button"
          class="push"
          disabled={job.value !== null || settings.value.columns.length === 0}
          onClick={() => void choose()}
          data-choose
        >
          {current ? 'Choose again' : 'Choose k for me'}
        </button>
      </div>
      {found === null || !current ? (
        <p class="small quiet">
          Six criteria look at k = 1 to 10 and at data without clusters
          {rows > 4000 ? ', on 4,000 rows drawn from yours' : ''}:{' '}
          {Math.min(4000, rows) * settings.value.columns.length > LONG
            ? 'of so many columns that takes minutes, and can be stopped.'
            : 'it takes some seconds.'}
        </p>
      ) : (
        <>
          <p data-verdict>
            <b>
              {found.verdict === 'clear'
                ? `Clear: ${plural(found.k, 'cluster')}.`
                : found.verdict === 'weak'
                  ? `Weak: ${plural(found.k, 'cluster')}, and other numbers can be defended.`
                  : 'No clear clusters.'}
            </b>{' '}
            <span class="small quiet">{found.reasons.join(' ')}</span>
          </p>
          <ChoiceChart found={found} k={settings.value.k} onPick={(k) => change({ k }, 'k')} />
        </>
      )}
    </section>
  )
}

export function ClusterPanel(): JSX.Element {
  const found = clusters.value
  const { k, seed, columns } = settings.value
  const rows = table.value?.rows ?? 1
  const stale = found !== null && found.key !== clusterKey.value
  return (
    <section class="card stack" aria-labelledby="clusters-title">
      <h2 id="clusters-title">Clusters</h2>
      <Count
        label="k"
        name="k"
        value={k}
        from={1}
        to={Math.min(24, rows)}
        onPick={(value) => change({ k: value }, 'k')}
      />
      <div class="row">
        <button
          type="button"
          class="primary"
          data-cluster
          disabled={columns.length === 0}
          onClick={() => void cluster()}
        >
          Cluster
          {cheap.value
            ? ''
            : ` ${count(rows)} rows, about ${seconds(Math.max(0.5, (rows * columns.length * k) / 4e7))}`}
        </button>
        <label class="field push">
          seed
          <Draft
            type="number"
            from={0}
            value={String(seed)}
            onPick={(text) => {
              const value = Number(text)
              if (text !== '' && Number.isSafeInteger(value) && value >= 0) change({ seed: value })
            }}
          />
        </label>
      </div>
      {stale ? (
        <p class="notice">The settings have changed since: these are the clusters from before.</p>
      ) : null}
      {found === null ? (
        <p class="small quiet">
          {columns.length === 0
            ? 'No column is in use: choose some on the left.'
            : 'Nothing is clustered yet.'}
        </p>
      ) : (
        <>
          <p class="small" data-clustered={found.key === clusterKey.value ? 'now' : 'before'}>
            {plural(found.k, 'cluster')} {found.k === 1 ? 'explains' : 'explain'}{' '}
            <b>{percent(found.explained)}</b> of the spread;{' '}
            <span title={String(found.inertia)} data-inertia={found.inertia}>
              inertia {brief(found.inertia, 4)}
            </span>
            , {plural(found.iterations, 'iteration')}, {seconds(found.seconds)}.
          </p>
          {[...found.warnings, ...found.profiles.warnings.map(({ message }) => message)].map((message) => (
            <p key={message} class="notice">
              {message}
            </p>
          ))}
          {found.notes.map((note) => (
            <p key={note} class="tiny quiet">
              {note}
            </p>
          ))}
          <div class="groups">
            {found.profiles.clusters.map(({ size, share, description }, c) => (
              <div class="group" key={c}>
                <Mark group={c} />
                <Draft
                  type="text"
                  label={`Name of cluster ${c}`}
                  value={clusterName(c)}
                  maxLength={60}
                  onPick={(text) => {
                    const names = Array.from({ length: found.k }, (_, i) => settings.peek().names[i] ?? '')
                    names[c] = text.trim() === `Cluster ${c}` ? '' : text.trim()
                    change({ names })
                  }}
                />
                <span class="small" title={`${count(size)} rows`}>
                  {percent(share)}
                </span>
                <span class="detail small quiet">{typeset(description)}</span>
                <Silhouette cluster={c} />
              </div>
            ))}
          </div>
          <SilhouetteSum />
          <Exports />
        </>
      )}
    </section>
  )
}

function Silhouette(props: { readonly cluster: number }): JSX.Element | null {
  const own = silhouettes.value?.clusters.find(({ label }) => label === props.cluster)
  if (own === undefined) return null
  return (
    <span class="detail row tiny quiet">
      silhouette {brief(own.mean, 2)}
      <span class="bar" style={{ flex: 1 }}>
        <span style={{ width: `${Math.max(0, own.mean) * 100}%` }} />
      </span>
    </span>
  )
}

function SilhouetteSum(): JSX.Element | null {
  const found = silhouettes.value
  if ((clusters.value?.k ?? 0) < 2) return null
  if (found === null) {
    return (
      <button type="button" onClick={() => void measureSilhouettes()} disabled={job.value !== null}>
        Measure silhouettes
      </button>
    )
  }
  return (
    <p class="small quiet" data-silhouette>
      Silhouette {brief(found.mean, 3)} on {plural(found.rows, 'row')}: from −1 over 0 (between two clusters)
      to 1 (well inside).
    </p>
  )
}

function Exports(): JSX.Element {
  const found = clusters.value
  const opened = table.value
  const saving = useSignal(false)
  const { k, seed, names } = settings.value
  if (found === null || opened === null) return <span />
  const recipe = recipeNow(opened)
  const base = stem(opened.name)
  const named = names.some((name) => name !== '')
  const give = async (what: 'clusterTable' | 'clusterModel'): Promise<void> => {
    saving.value = true
    const made =
      what === 'clusterTable'
        ? await work(what, {
            names: named ? found.counts.map((_, c) => clusterName(c)) : null,
            name: `${base}-clusters.csv`,
          })
        : await work(what, { name: `${base}.nigh` })
    saving.value = false
    if (made !== null) save(made)
  }
  const command = commandCan(recipe) ? kmeansCommand(recipe, k, seed, base) : null
  const stale = found.key !== clusterKey.value
  return (
    <section class="stack" aria-label="Take along">
      <h3>Take along</h3>
      <div class="row">
        <button type="button" disabled={saving.value} onClick={() => void give('clusterTable')}>
          Table
        </button>
        <button type="button" disabled={saving.value} onClick={() => void give('clusterModel')}>
          Model (.nigh)
        </button>
        <button
          type="button"
          onClick={() => {
            void pictureNow().then((picture) =>
              save(
                clusterReport(
                  opened.name,
                  found,
                  found.counts.map((_, c) => clusterName(c)),
                  // Of other settings it would say something else.
                  stale ? null : command,
                  colorsNow(found.k),
                  picture,
                ),
              ),
            )
          }}
        >
          Report
        </button>
      </div>
      <Recipes code={kmeansCode(recipe, k, seed)} command={command} stale={stale} />
    </section>
  )
}

function colorsNow(k: number): string[] {
  const palette = paletteNow()
  return Array.from({ length: k }, (_, c) => `rgb(${palette[colorOf(c)].join(' ')})`)
}

/** The picture as it is on the page, for the report; null where it cannot be had. */
async function pictureNow(): Promise<{ readonly address: string; readonly caption: string } | null> {
  const canvas = document.querySelector('[data-plot] canvas')
  if (!(canvas instanceof HTMLCanvasElement)) return null
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve))
  if (blob === null) return null
  const address = await new Promise<string | null>((resolve) => {
    const reader = new FileReader()
    reader.onload = () => resolve(typeof reader.result === 'string' ? reader.result : null)
    reader.onerror = () => resolve(null)
    reader.readAsDataURL(blob)
  })
  const name = (id: string): string =>
    id.startsWith('pc:') ? `component ${Number(id.slice(3)) + 1}` : id.slice(2)
  const { x, y } = settings.peek()
  return address === null ? null : { address, caption: `Across: ${name(x)}. Up: ${name(y)}.` }
}
