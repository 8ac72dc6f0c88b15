import type { JSX } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { Progress, Segments } from '../parts.tsx'
import { AnomalyPanel, AnomalyPicture } from './anomaly-view.tsx'
import { ClusterPanel, ClusterPicture } from './cluster-view.tsx'
import { Columns } from './columns.tsx'
import { Opening, ReadingOptions } from './opening.tsx'
import { PredictPanel, PredictPicture } from './predict-view.tsx'
import {
  begin,
  change,
  choices,
  closeFile,
  file,
  history,
  interrupted,
  job,
  openFile,
  opening,
  reopen,
  settings,
  table,
  trouble,
} from './state.ts'

export function undo(): void {
  if (!opening.peek()) history.undo()
}

export function redo(): void {
  if (!opening.peek()) history.redo()
}

export function WorkPage(): JSX.Element {
  useEffect(() => void begin(), [])
  const opened = table.value
  const { view } = settings.value
  const before = useRef(opened?.edition)
  // The button that was pressed is gone with the page around it: keys and readers go on at the new one's beginning.
  useEffect(() => {
    if (before.current !== opened?.edition && document.activeElement === document.body)
      document.getElementById('main')?.focus({ preventScroll: true })
    before.current = opened?.edition
  }, [opened?.edition])
  return (
    <div
      class="stack far"
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => {
        if (event.defaultPrevented) return
        event.preventDefault()
        const given = event.dataTransfer?.files[0]
        if (given !== undefined) void openFile(given)
      }}
    >
      {opened === null ? null : <h1 class="hidden-text">Your table: {opened.name}</h1>}
      {opened === null ? null : (
        <div class="toolbar" inert={opening.value}>
          <Segments
            label="What to do"
            value={view}
            onPick={(value) => change({ view: value })}
            options={[
              { value: 'cluster', text: 'Cluster' },
              { value: 'predict', text: 'Predict' },
              { value: 'anomalies', text: 'Anomalies' },
            ]}
          />
          <span class="row push">
            <button type="button" class="plain" disabled={!history.canUndo.value} onClick={undo}>
              Undo
            </button>
            <button type="button" class="plain" disabled={!history.canRedo.value} onClick={redo}>
              Redo
            </button>
            <button type="button" onClick={closeFile}>
              Other file
            </button>
          </span>
        </div>
      )}
      <Interrupted />
      <Trouble />
      <Busy />
      {opened === null ? (
        <Opening />
      ) : (
        <div class="desk" data-view={view} inert={opening.value}>
          <Columns />
          {view === 'cluster' ? (
            <ClusterPicture />
          ) : view === 'predict' ? (
            <PredictPicture />
          ) : (
            <AnomalyPicture />
          )}
          {view === 'cluster' ? <ClusterPanel /> : view === 'predict' ? <PredictPanel /> : <AnomalyPanel />}
        </div>
      )}
    </div>
  )
}

/** After the page broke: what it was doing, and whether to try again. */
function Interrupted(): JSX.Element | null {
  const given = file.value
  if (interrupted.value === '' || given === null) return null
  return (
    <div class="notice stack" role="alert" data-interrupted>
      <p>
        The page broke while it was {interrupted.value} ({given.name}): most often that means the browser ran
        out of memory. Your file and settings are still here. Try again with fewer columns or other tabs
        closed, or use the command.
      </p>
      <div class="row">
        <button type="button" class="primary" onClick={() => void reopen()}>
          Open {given.name} again
        </button>
        <button type="button" onClick={closeFile}>
          Forget it
        </button>
      </div>
    </div>
  )
}

/** What went wrong and what to do; where a file could not be read, also how it may be read instead. */
function Trouble(): JSX.Element | null {
  if (trouble.value === '') return null
  const given = file.value
  return (
    <div class="notice bad stack" role="alert">
      <div class="row">
        <span style={{ flex: 1 }} data-trouble>
          {trouble.value}
        </span>
        <button type="button" class="plain" onClick={() => (trouble.value = '')}>
          Close
        </button>
      </div>
      {given !== null && table.value === null ? (
        <details>
          <summary>Reading options</summary>
          <ReadingOptions onApply={() => void openFile(given, choices.peek())} />
        </details>
      ) : null}
    </div>
  )
}

function Busy(): JSX.Element | null {
  const now = job.value
  if (now === null) return null
  return (
    <div class="card" data-busy={now.what} style={{ padding: '8px 16px' }}>
      <Progress share={now.progress.share} words={now.progress.words} onStop={now.stop} />
    </div>
  )
}
