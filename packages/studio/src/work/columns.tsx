import { useSignal } from '@preact/signals'
import type { Signal } from '@preact/signals'
import type { ColumnSummary } from 'nigh'
import type { JSX } from 'preact'
import { brief, bytes, count, percent, plural } from '../numbers.ts'
import { LARGEST_KEPT, saves } from '../storage.ts'
import { dateText } from '../write/csv.ts'
import { change, openFile, choices, file, fileKept, settings, table } from './state.ts'
import { ReadingOptions } from './opening.tsx'

/** From so many columns on there is a way to find some, and to take or leave all of them. */
const MANY = 12

/** So many are listed; a longer list would hold the page up, and nobody reads it. */
const LISTED = 200

/** The table's columns: what they hold, and which of them count. */
export function Columns(): JSX.Element | null {
  const opened = table.value
  const wanted = useSignal('')
  if (opened === null) return null
  const { columns, scale, missing, target, view } = settings.value
  const names = opened.summaries.map(({ name }) => name)
  const many = names.length > MANY
  const part = wanted.value.trim().toLowerCase()
  const shown = many && part !== '' ? names.filter((name) => name.toLowerCase().includes(part)) : names
  const listed = new Set(shown.slice(0, LISTED))
  const inUse = new Set(columns)
  const empty = opened.summaries
    .filter(({ name }) => inUse.has(name))
    .reduce((sum, summary) => sum + summary.missing, 0)
  return (
    <section class="card stack" aria-labelledby="columns-title">
      <div class="row">
        <h2 id="columns-title" style={{ overflowWrap: 'anywhere' }}>
          {opened.name}
        </h2>
      </div>
      <p class="small quiet" data-table>
        {plural(opened.rows, 'row')} × {plural(opened.summaries.length, 'column')}, {bytes(opened.size)}
      </p>
      {fileKept.value !== null && fileKept.value !== 'kept' && saves.value !== false ? (
        <p class="tiny quiet" data-not-kept={fileKept.value}>
          {fileKept.value === 'large'
            ? `A file of more than ${bytes(LARGEST_KEPT)} is not kept for a reload.`
            : 'This browser does not let the page keep the file for a reload.'}{' '}
          Open it again then: the settings come back.
        </p>
      ) : null}
      {opened.warnings.map((warning) => (
        <p key={warning} class="notice">
          {warning}
        </p>
      ))}
      {many ? <Pick wanted={wanted} names={shown} /> : null}
      <ul class="columns" aria-label="Columns">
        {opened.summaries.map((summary, j) => {
          const { name } = summary
          if (!listed.has(name)) return null
          const isTarget = view === 'predict' && name === target
          const used = inUse.has(name) && !isTarget
          // One for each column, in the table's order.
          const use = opened.uses[j]
          return (
            <li key={name} class={used ? '' : 'off'}>
              <input
                type="checkbox"
                id={`column-${j}`}
                checked={used}
                disabled={isTarget}
                onChange={(event) => {
                  const on = event.currentTarget.checked
                  change({ columns: names.filter((one) => (one === name ? on : inUse.has(one))) })
                }}
              />
              <label for={`column-${j}`} title={name}>
                {name}
              </label>
              <Spark counts={opened.histograms[j]} />
              <span class="detail tiny quiet">
                <span class="chip">{isTarget ? 'to predict' : summary.type}</span>{' '}
                {summary.missing > 0 ? (
                  <>
                    <span class="chip bad">{count(summary.missing)} empty</span>{' '}
                  </>
                ) : null}
                {spreadOf(summary, opened.rows)}
                {!used && !isTarget && !use.used ? ` · ${use.how.replace('not used: ', '')}` : ''}
              </span>
            </li>
          )
        })}
      </ul>
      {shown.length > listed.size ? (
        <p class="tiny quiet" data-unlisted>
          {count(shown.length - listed.size)} more: find them by a part of their names. {count(inUse.size)} of{' '}
          {count(names.length)} are in use.
        </p>
      ) : null}
      <div class="row">
        <label class="field over" style={{ flex: 1 }}>
          Scale
          <select
            value={scale}
            data-scale
            onChange={(event) => {
              const { value } = event.currentTarget
              if (value === 'standard' || value === 'minmax' || value === 'robust' || value === 'none')
                change({ scale: value })
            }}
          >
            <option value="standard">standard: mean 0, deviation 1</option>
            <option value="minmax">range: 0 to 1</option>
            <option value="robust">robust: by quartiles</option>
            <option value="none">none: as they are</option>
          </select>
        </label>
      </div>
      {empty > 0 || missing !== 'drop' ? (
        <label class="field over">
          Empty cells
          <select
            value={missing}
            onChange={(event) => {
              const { value } = event.currentTarget
              if (value === 'drop' || value === 'impute' || value === 'refuse') change({ missing: value })
            }}
          >
            <option value="drop">leave their rows out</option>
            <option value="impute">fill in the usual value</option>
            <option value="refuse">stop with an error</option>
          </select>
        </label>
      ) : null}
      <details>
        <summary>Reading options</summary>
        <ReadingOptions
          onApply={() => {
            const given = file.peek()
            if (given !== null) void openFile(given, choices.peek())
          }}
        />
      </details>
    </section>
  )
}

/** Finds columns by a part of their names, and takes or leaves those that were found. */
function Pick(props: { readonly wanted: Signal<string>; readonly names: readonly string[] }): JSX.Element {
  const { wanted, names } = props
  const use = (on: boolean): void => {
    const found = new Set(names)
    const before = new Set(settings.peek().columns)
    change({
      columns: (table.peek()?.summaries ?? [])
        .map(({ name }) => name)
        .filter((name) => (found.has(name) ? on : before.has(name))),
    })
  }
  return (
    <div class="pick">
      <input
        type="search"
        aria-label="Find columns"
        placeholder="find columns"
        value={wanted.value}
        onInput={(event) => (wanted.value = event.currentTarget.value)}
      />
      <button type="button" onClick={() => use(true)} disabled={names.length === 0}>
        All
      </button>
      <button type="button" onClick={() => use(false)} disabled={names.length === 0}>
        None
      </button>
    </div>
  )
}

function Spark(props: { readonly counts: readonly number[] | null }): JSX.Element {
  const { counts } = props
  if (counts === null) return <span />
  const most = Math.max(...counts)
  return (
    <svg class="spark" viewBox="0 0 64 16" aria-hidden="true">
      {counts.map((each, i) => {
        const tall = each === 0 ? 0 : Math.max(1, (each / most) * 16)
        return <rect key={i} x={i * 4} y={16 - tall} width="3" height={tall} />
      })}
    </svg>
  )
}

function spreadOf({ type, spread, distinct, frequent }: ColumnSummary, rows: number): string {
  if (type === 'number' && spread !== null)
    return `${brief(spread.min)} to ${brief(spread.max)}, mean ${brief(spread.mean)}`
  if (type === 'date' && spread !== null) {
    const [from, to] = [spread.min, spread.max].map((at) => dateText(at, true))
    if (from !== to) return `${from} to ${to}`
    // Within a day, the time is what differs.
    const [first, last] = [spread.min, spread.max].map((at) => dateText(at, false).slice(11, 19))
    return first === last ? `${from} ${first}` : `${from} ${first} to ${last}`
  }
  if (type === 'boolean') {
    const yes = frequent.find(({ value }) => value === true)?.count ?? 0
    return `true in ${percent(rows === 0 ? 0 : yes / rows)}`
  }
  if (type === 'text') return plural(distinct, 'different text')
  return 'no values'
}
