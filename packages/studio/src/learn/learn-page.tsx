import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { copy, Later, Mark, Segments } from '../parts.tsx'
import { Difference } from './difference.tsx'
import { KMeansPanel } from './kmeans-panel.tsx'
import { KnnPanel } from './knn-panel.tsx'
import { LABELS, labelNames } from './lesson.ts'
import { samples } from './samples.ts'
import {
  begin,
  brush,
  brushValue,
  change,
  lesson,
  lessons,
  load,
  putIntoAddress,
  tool,
  trouble,
  type Tool,
} from './state.ts'

export { begin }

export function undo(): void {
  lessons.undo()
}

export function redo(): void {
  lessons.redo()
}

addEventListener('hashchange', () => {
  if (location.hash.includes('d=')) begin()
})

export function LearnPage(): JSX.Element {
  const about = samples.find(({ name }) => name === lesson.value.sample)?.about ?? 'Your own points.'
  return (
    <div class="stack far">
      <h1 class="hidden-text">K-Means and KNN, side by side</h1>
      <p class="lead">
        Both have a K, and both measure distance; that is why they are confused. Here they look at the{' '}
        <b>same points</b>: <b>K-Means</b> finds groups where nothing is labelled, <b>KNN</b> labels a new
        point by asking its neighbours.
      </p>
      <Tools />
      <p class="small quiet" data-about>
        {about}
      </p>
      {trouble.value === '' ? null : (
        <p class="notice bad" role="alert">
          {trouble.value}
        </p>
      )}
      <p id="board-keys" class="hidden-text">
        Arrow keys move the new point, with Shift in larger steps. Enter uses the chosen tool where the new
        point is.
      </p>
      <div class="pair">
        <KMeansPanel />
        <Later>
          <KnnPanel />
        </Later>
      </div>
      <Later>
        <Difference />
      </Later>
    </div>
  )
}

const tools: readonly {
  readonly value: Tool
  readonly sign: string
  readonly text: string
  readonly title: string
}[] = [
  { value: 'query', sign: '◇', text: 'New point', title: 'Move the new point that both methods judge' },
  { value: 'point', sign: '+', text: 'Points', title: 'Draw points of the chosen class' },
  { value: 'label', sign: '✎', text: 'Labels', title: 'Give points the chosen class' },
  { value: 'erase', sign: '✕', text: 'Erase', title: 'Remove points' },
  {
    value: 'centre',
    sign: '◉',
    text: 'Centroid',
    title: 'Place and move first centroids, on the K-Means board',
  },
]

function Tools(): JSX.Element {
  const { sample, task } = lesson.value
  const drawing = tool.value === 'point' || tool.value === 'label'
  return (
    <div class="toolbar" role="toolbar" aria-label="Points and tools">
      <label class="field">
        Points
        <select value={sample} data-sample onChange={(event) => void load(event.currentTarget.value)}>
          {samples.map(({ name, title }) => (
            <option key={name} value={name}>
              {title}
            </option>
          ))}
          {samples.some(({ name }) => name === sample) ? null : <option value={sample}>Own points</option>}
        </select>
      </label>
      <Segments label="Tool" value={tool.value} onPick={(value) => (tool.value = value)} options={tools} />
      {drawing && task === 'classify' ? (
        <Segments
          label="Class to draw"
          value={String(brush.value)}
          onPick={(value) => (brush.value = Number(value))}
          options={Array.from({ length: LABELS }, (_, label) => ({
            value: String(label),
            title: `Class ${labelNames[label]}`,
            text: (
              <>
                <Mark group={label} /> {labelNames[label]}
              </>
            ),
          }))}
        />
      ) : null}
      {drawing && task === 'regress' ? (
        <label class="field">
          Value
          <input
            type="range"
            min="0"
            max="100"
            value={brushValue.value}
            onInput={(event) => (brushValue.value = Number(event.currentTarget.value))}
          />
          <span>{brushValue.value}</span>
        </label>
      ) : null}
      <span class="row push">
        <button type="button" class="plain" disabled={!lessons.canUndo.value} onClick={() => lessons.undo()}>
          Undo
        </button>
        <button type="button" class="plain" disabled={!lessons.canRedo.value} onClick={() => lessons.redo()}>
          Redo
        </button>
        <button
          type="button"
          class="plain"
          onClick={() =>
            change({
              points: [],
              sample: 'empty',
              placed: [],
              init: lesson.peek().init === 'placed' ? 'random' : lesson.peek().init,
            })
          }
        >
          Clear
        </button>
        <Share />
      </span>
    </div>
  )
}

/** Puts the lesson into the address, and copies it. */
function Share(): JSX.Element {
  const said = useSignal('')
  const share = async (): Promise<void> => {
    putIntoAddress()
    said.value = (await copy(location.href)) ? 'Link copied' : 'Link is in the address bar'
    setTimeout(() => (said.value = ''), 2500)
  }
  return (
    <>
      <button type="button" onClick={() => void share()}>
        {said.value === '' ? 'Share' : said.value}
      </button>
      <span class="hidden-text" role="status">
        {said.value}
      </span>
    </>
  )
}
